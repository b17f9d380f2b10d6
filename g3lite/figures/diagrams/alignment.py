"""Diagrams of geo-alignment: spaces and heads, a batch, a training step, waves on a map."""

from __future__ import annotations

from collections.abc import Sequence

import cartopy.crs as ccrs
import numpy as np
import torch
from numpy.typing import ArrayLike

from g3lite.alignment import CONFIGS, GeoAlignmentConfig, info_nce
from g3lite.figures.diagrams.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    SMALL,
    TITLE,
    Canvas,
    Diagram,
    tint,
)
from g3lite.figures.maps import _PLATE, _feature
from g3lite.location import LocationEncoder, project

_EQUATOR_KM = 40_075


def spaces(config: GeoAlignmentConfig = CONFIGS["official"]) -> Diagram:
    """Three inputs, the towers that read them, four heads, two spaces; a model's sizes."""
    canvas = Canvas(372, "Three inputs, four heads, two spaces")
    canvas.panel(10, 40, 880, 322)
    for x, head in ((86, "input"), (268, "tower"), (478, "head"), (752, "space")):
        canvas.text(x, 60, head, weight="bold")
    rows = {"place text": 104, "photo": 190, "GPS": 290}
    towers = {
        "place text": (f"CLIP, text\nfrozen → {config.text}", GREY),
        "photo": (f"CLIP, image\nfrozen → {config.image}", GREY),
        "GPS": (f"location encoder\ntrained → {config.gps}", BLUE),
    }
    for name, y in rows.items():
        canvas.box(30, y - 22, 112, 44, name, color=INK, strength=0.0, weight="bold")
        words, color = towers[name]
        style = "--" if color == GREY else "-"
        canvas.box(192, y - 24, 152, 48, words, color=color, style=style, size=SMALL)
        canvas.arrow((142, y), (192, y))
    heads = {"text": (104, 104), "image → text": (168, 190), "image → GPS": (222, 190)}
    heads["GPS"] = (290, 290)
    for name, (y, start) in heads.items():
        canvas.box(412, y - 18, 132, 36, name, color=BLUE, size=SMALL)
        canvas.arrow((344, start), (412, y))
    for y, name, inside, color in (
        (92, "image-text space", ("text", "image → text"), PINK),
        (212, "image-GPS space", ("image → GPS", "GPS"), GREEN),
    ):
        canvas.box(624, y, 250, 102, color=color, strength=0.22)
        canvas.text(749, y + 20, name, weight="bold")
        canvas.text(749, y + 82, f"{config.shared} numbers, length 1", size=SMALL)
        for n, head in enumerate(inside):
            dot = (690 + 118 * n, y + 50)
            canvas.axes.plot(*dot, "o", color=color, markersize=9, zorder=4)
            target = (624, y + 36 + 30 * n)
            canvas.arrow((544, heads[head][0]), target)
        canvas.arrow((776, y + 50), (752, y + 50), color=INK)
        canvas.arrow((722, y + 50), (746, y + 50), color=INK)
    canvas.text(
        30, 340, "blue: trained    dashed: frozen    in each space the two vectors of one photo "
        "are pulled together", ha="left", size=SMALL,
    )  # fmt: skip
    return canvas.done(
        f"""Flow from left to right. Place text and photo are read by CLIP's frozen towers, into
        {config.text} and {config.image} numbers; GPS by a trained location encoder, into
        {config.gps}. Four trained heads follow: text and image lead into the image-text space,
        image and GPS into the image-GPS space, each of {config.shared} numbers. Within a space the
        vectors of one photo are pulled together."""
    )


def batch(cosines: ArrayLike, names: Sequence[str], scale: float) -> Diagram:
    """A batch as a matrix: photos in rows, places in columns, the right pairs on the diagonal.

    Args:
        cosines: (n, n) of photo i and place j, n from 3 to 8.
        names: of the n places, short.
        scale: what the cosines are multiplied by before the softmax.
    """
    cosines = np.asarray(cosines, dtype=np.float64)
    n = len(cosines)
    shares = _softmax(scale * cosines)
    loss = float(info_nce(torch.from_numpy(scale * cosines)))
    canvas = Canvas(116 + 46 * max(n, 5) + 24, "A batch as a matrix of right and wrong pairs")
    canvas.panel(10, 40, 880, canvas.height - 50)
    cell = min(300 // n, 46)
    left, top = 170, 108
    for i, name in enumerate(names):
        canvas.text(left - 10, top + cell * (i + 0.5), f"photo of {name}", ha="right", size=SMALL)
        canvas.text(
            left + cell * (i + 0.5), top - 8, name, size=SMALL, rotation=30, ha="left", va="bottom",
            rotation_mode="anchor",
        )  # fmt: skip
        for j in range(n):
            right = i == j
            canvas.box(
                left + cell * j + 1, top + cell * i + 1, cell - 2, cell - 2,
                f"{cosines[i, j]:.2f}".replace("0.", "."), color=BLUE if right else ORANGE,
                strength=0.08 + 0.6 * max(cosines[i, j], 0), edge=2.6 if right else 0.6,
                weight="bold" if right else "normal", size=SMALL,
            )  # fmt: skip
    x = left + cell * n + 94
    canvas.text(x + 36, 78, "softmax of the row:\nthe right place gets", size=SMALL)
    for i in range(n):
        y = top + cell * (i + 0.5)
        canvas.arrow((left + cell * n + 10, y), (x - 58, y), color="#c9cdd1")
        canvas.box(x, y - 9, 100, 18, color=BLUE, strength=0.0, edge=0.8)
        canvas.box(x, y - 9, max(100 * shares[i, i], 10), 18, color=BLUE, strength=0.7, edge=0.0)
        canvas.text(x - 30, y, f"{100 * shares[i, i]:.0f} %", weight="bold")
    for y, color, words in (
        (112, BLUE, "blue: the photo's own\nplace, to be pulled"),
        (182, ORANGE, "orange: places of others,\nto be pushed away"),
    ):
        canvas.box(684, y, 194, 56, words, color=color, size=SMALL)
    canvas.text(781, 282, f"loss {loss:.2f}", size=TITLE, weight="bold")
    canvas.text(
        781, 320, "the mean of all rows and\nthat of all columns,\nadded and halved", size=SMALL
    )
    return canvas.done(
        f"""A matrix of {n} photos and {n} places with their cosines. The diagonal holds the right
        pairs; after multiplying by {scale:.0f} and a softmax over each row they get
        {", ".join(f"{100 * s:.0f}" for s in np.diag(shares))} per cent. The loss of the batch is
        {loss:.2f}."""
    )


def pull_and_push(
    photo: ArrayLike,
    places: ArrayLike,
    names: Sequence[str],
    scale: float,
    own: int = 0,
    rate: float = 0.005,
) -> Diagram:
    """What one step along the gradient does to the cosines of one photo with the places of a batch.

    The gradient of the photo's row of the loss is the sum of a pull to its own place, as strong as
    (1 - p), and a push from each other place, as strong as its p, the share that the softmax gives
    to it. An arrow leads from each cosine to that after the step.

    Args:
        photo: (d,) of length 1, the photo in the image-GPS space.
        places: (n, d) of length 1, the places of its batch; n up to 8.
        names: of the n places, short.
        scale: what the cosines are multiplied by before the softmax.
        own: which of them is the photo's own.
        rate: of the step.
    """
    photo, places = np.asarray(photo, np.float64), np.asarray(places, np.float64)
    before = places @ photo
    shares = _softmax(scale * before[None])[0]
    moved = photo + rate * scale * (places[own] - shares @ places)
    after = places @ (moved / np.linalg.norm(moved))
    canvas = Canvas(130 + 38 * len(names), "What a training step pulls and pushes")
    canvas.panel(10, 40, 880, canvas.height - 50)
    low, high = min(before.min(), after.min()) - 0.05, max(before.max(), after.max()) + 0.05
    left, right = 190, 640

    def place(cosine: float) -> float:
        return left + (right - left) * (cosine - low) / (high - low)

    canvas.text(left, 62, "← further from the photo", ha="left", size=SMALL)
    canvas.text(right, 62, "nearer to it →", ha="right", size=SMALL)
    canvas.text(768, 62, "strength", weight="bold", size=SMALL)
    for row, number in enumerate(np.argsort(-before, kind="stable")):
        y, mine = 94 + 38 * row, number == own
        color = BLUE if mine else ORANGE
        weight = "bold" if mine else "normal"
        canvas.text(176, y, names[number], ha="right", weight=weight, size=SMALL)
        canvas.line([left, right], [y, y], color="#dadde0", linewidth=1)
        canvas.axes.plot(
            place(before[number]), y, "s" if mine else "o", color=color, markersize=9, zorder=4
        )
        if abs(place(after[number]) - place(before[number])) > 3:
            canvas.arrow(
                (place(before[number]), y), (place(after[number]), y), color=color, width=2.6
            )
        said = f"pull 1 − p = {1 - shares[own]:.2f}" if mine else f"push p = {shares[number]:.2f}"
        canvas.box(690, y - 13, 156, 26, said, color=color, size=SMALL, weight=weight, edge=0.8)
    foot = canvas.height - 32
    for tick in np.arange(np.ceil(low * 5) / 5, high, 0.2):
        canvas.text(place(tick), foot, f"{tick:.1f}", size=SMALL)
    canvas.text(176, foot, "cosine", ha="right", size=SMALL)
    canvas.text(768, foot, "p = 0: moved by the others", size=SMALL)
    return canvas.done(
        f"""The cosines of one photo with {len(names)} places, and an arrow from each to its cosine
        after one step. Its own place, {names[own]}, is pulled, from {before[own]:.2f} to
        {after[own]:.2f}. Each other place is pushed with the strength of the share that the softmax
        gives it, and moved by the other pushes, too."""
    )


WINDOWS = ((0.0, 0.0, 40_075), (45.0, 10.0, 4_000), (38.72, -9.14, 250))
"""For each of the three sigmas a part of the world: middle [lat, lon] and width in km."""


def waves(encoder: LocationEncoder, sigma_names: Sequence[str] = ("2⁰", "2⁴", "2⁸")) -> Diagram:
    """One random Fourier feature of each sigma of an encoder, on Mercator's map.

    Of each sigma the frequency of median length is drawn: cos 2 pi B v is 1 where the map is dark
    and -1 where it is light.

    Args:
        encoder: an encoder with Mercator's projection and three sigmas, such as the shipped one.
        sigma_names: how the sigmas are written.
    """
    canvas = Canvas(376, "Waves of three lengths: random Fourier features on a map")
    canvas.panel(10, 40, 880, 326)
    said = []
    for n, (scale, window) in enumerate(zip(encoder.scales, WINDOWS, strict=True)):
        b = scale[0].b.double()
        number = b.norm(dim=1).argsort()[len(b) // 2]
        length_km = _EQUATOR_KM / 2 / float(b[number].norm())
        lat, lon, km = window
        x = 26 + 290 * n
        projection = ccrs.Mercator(central_longitude=0)
        axes = canvas.inset(x, 96, 268, 214, projection=projection)
        mx, my = projection.transform_point(lon, lat, _PLATE)
        half = min(km * 500 / np.cos(np.radians(lat)), 20_037_508)
        sides = np.linspace(-half, half, 200)
        grid = np.stack(np.meshgrid(mx + sides, my + 0.8 * sides), -1)  # (200, 200, 2) metres
        points = _PLATE.transform_points(projection, grid[..., 0], grid[..., 1])[..., 1::-1]
        v = project(torch.from_numpy(points.reshape(-1, 2).copy()), encoder.projection)
        wave = torch.cos(2 * np.pi * v @ b[number]).reshape(200, 200).numpy()
        axes.contourf(
            grid[..., 0], grid[..., 1], wave, [-1.01, -0.5, 0, 0.5, 1.01],
            colors=[tint(BLUE, s) for s in (0.02, 0.2, 0.4, 0.6)], zorder=0,
        )  # fmt: skip
        axes.add_feature(
            _feature("physical/ne_110m_coastline"), facecolor="none", edgecolor=INK, linewidth=0.7
        )
        axes.set_xlim(mx - half, mx + half)
        axes.set_ylim(my - 0.8 * half, my + 0.8 * half)
        canvas.text(x + 134, 66, f"σ = {sigma_names[n]}", weight="bold", size=12)
        wide = "the world" if n == 0 else f"{km:,} km wide"
        canvas.text(x + 134, 84, wide, size=SMALL)
        canvas.text(
            x + 134, 334, f"a wave is {_round(length_km)} km long\nat the equator", size=SMALL
        )
        said.append(f"{_round(length_km)} km for sigma {sigma_names[n]}")
    return canvas.done(
        f"""Three Mercator maps with stripes, each a cosine of one random frequency of the location
        encoder: the whole world, a part of Europe, and the coast at Lisbon. The waves are
        {", ".join(said)} long."""
    )


def _round(km: float) -> str:
    """Two digits of a length."""
    digits = int(np.floor(np.log10(km))) - 1
    return f"{round(km, -digits):,.0f}"


def _softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
