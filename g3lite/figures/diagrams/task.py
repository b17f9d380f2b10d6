"""Diagrams of the task: cues and their scales, and a nearest neighbour that is fooled."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from g3lite import geo, miniearth
from g3lite.figures.diagrams.canvas import (
    BLUE,
    GREEN,
    ORANGE,
    SKY,
    SMALL,
    YELLOW,
    Canvas,
    Diagram,
)
from g3lite.miniearth.cues import SCALES

_SHADES = dict(zip(SCALES, (BLUE, SKY, GREEN, YELLOW, ORANGE), strict=True))
_PAIRS = 40_000
_RINGS = (25, 200, 750, 2500, 20_040)
"""Distances in km between which pairs of places are counted together."""


def cue_scales() -> Diagram:
    """How far apart two places may be and still agree on their cues, counted in MiniEarth.

    A field says how often two places at such a distance agree on the cues of a scale, on a scale
    that is 0 for any two places on Earth and 100 for a place and itself.
    """
    table = miniearth.places()
    shares = _agreement(table[["lat", "lon"]].to_numpy(), table.index.to_numpy())
    canvas = Canvas(400, "Cues and their scale: how far from home they still hold")
    canvas.panel(10, 40, 880, 350)
    left, width = 330, 108
    rings = [f"{a:,} to\n{b:,} km" for a, b in zip(_RINGS[:-2], _RINGS[1:-1], strict=True)]
    for n, head in enumerate(("the same\nplace", *rings, f"more than\n{_RINGS[-2]:,} km")):
        canvas.text(left + width * (n + 0.5), 68, head, size=SMALL)
    said = []
    for row, (scale, cues) in enumerate(SCALES.items()):
        y = 92 + 52 * row
        canvas.text(30, y + 12, scale, ha="left", weight="bold")
        names = [cue.replace("_", " ") for cue in cues]
        listed = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
        canvas.text(30, y + 32, listed, ha="left", size=SMALL)
        for n, share in enumerate((1.0, *shares[scale])):
            per_cent = max(round(100 * share), 0)
            canvas.box(
                left + width * n + 3, y, width - 6, 44, f"{per_cent}", weight="bold",
                color=_SHADES[scale], strength=0.06 + 0.6 * max(share, 0), edge=0.8,
            )  # fmt: skip
        said.append(f"{scale} " + ", ".join(str(max(round(100 * x), 0)) for x in shares[scale]))
    canvas.text(
        30, 370, "100: two photos of one place agree always.  0: no more than any two places on "
        "Earth do.", ha="left", size=SMALL,
    )  # fmt: skip
    return canvas.done(
        f"""A table of five scales of cues and five distances. In the same place all cues agree,
        100; at {", ".join(" ".join(r.split()) for r in rings)} and beyond the agreement above
        chance is: {"; ".join(said)}."""
    )


def _agreement(coordinates: np.ndarray, ids: np.ndarray) -> dict[str, np.ndarray]:
    """Scale -> shares (rings,) of pairs that agree on its cues; chance is 0, always is 1."""
    rng = np.random.default_rng(0)
    first = rng.integers(0, len(ids), _PAIRS)
    nearest = geo.great_circle_km(coordinates[:, None], coordinates[None]).argsort(axis=1)
    rank = (len(ids) ** rng.random(_PAIRS)).astype(int).clip(1, len(ids) - 1)
    second = nearest[first, rank]  # near ones as often as far ones
    ring = np.digitize(geo.great_circle_km(coordinates[first], coordinates[second]), _RINGS) - 1
    first, second, ring = first[ring >= 0], second[ring >= 0], ring[ring >= 0]
    pairs = np.bincount(ring).clip(1)
    seen = pd.DataFrame([vars(miniearth.cues_of(int(one), 0)) for one in ids])
    found = {}
    for scale, cues in SCALES.items():
        shares = []
        for cue in cues:
            code = pd.factorize(seen[cue].map(repr))[0]
            chance = (np.bincount(code) ** 2).sum() / len(ids) ** 2
            same = np.bincount(ring, code[first] == code[second]) / pairs
            shares.append((same - chance) / (1 - chance))
        found[scale] = np.mean(shares, axis=0)
    return found


FACTS = {
    "view": ("kind", "weather", "season"),
    "place": (
        "driving_side", "script", "zone", "line_colour", "roof_shape", "roof_colour", "wall",
        "lamp",
    ),
}  # fmt: skip
"""What `fooled` compares: first what says nothing about the place, then what does."""


def fooled(query: str, nearest: str, close: str, cosines: ArrayLike) -> Diagram:
    """A search that goes by the view: what the nearest neighbour shares with the query.

    Args:
        query: IMG_ID of a MiniEarth photo.
        nearest: of the gallery photo with the highest cosine.
        close: of a gallery photo that was taken nearer.
        cosines: of the query with `nearest` and with `close`.
    """
    names = (query, nearest, close)
    scenes = [miniearth.scene_of(name) for name in names]
    titles = ["the query", "its nearest neighbour", "a photo from nearby"]
    spots = np.array([[scene.lat, scene.lon] for scene in scenes])
    km = geo.great_circle_km(spots[0], spots)
    canvas = Canvas(456, "A nearest neighbour that is fooled")
    canvas.panel(10, 40, 880, 406)
    columns = (180, 420, 660)
    table = miniearth.places()
    for n, scene in enumerate(scenes):
        x = columns[n]
        color = (BLUE, ORANGE, GREEN)[n]
        canvas.text(x + 75, 58, titles[n], weight="bold")
        canvas.photo(miniearth.draw(scene, 150), x, 72, 150, color=color)
        where = table.loc[scene.place_id]
        canvas.text(x + 75, 236, f"{where.city}, {where.country_code}", size=SMALL)
        if n:
            far = f"{km[n]:,.0f} km away, cosine {np.asarray(cosines)[n - 1]:.2f}"
            canvas.text(x + 75, 254, far, size=SMALL, weight="bold")
    y, shared = 278, {}
    for group, facts in FACTS.items():
        known = [fact for fact in facts if _known(scenes, fact)]
        # What differs first, for a search that had looked at it would not have been fooled.
        known.sort(key=lambda fact: _fact(scenes[0], fact) == _fact(scenes[1], fact))
        known = known[:4]
        for fact in known:
            values = [str(_fact(scene, fact)) for scene in scenes]
            canvas.text(164, y + 10, fact.replace("_", " "), ha="right", size=SMALL)
            for n, value in enumerate(values):
                same = value == values[0]
                color = BLUE if n == 0 else GREEN if same else ORANGE
                mark = "" if n == 0 else "= " if same else "≠ "
                canvas.box(columns[n], y, 150, 20, mark + value, color=color, size=SMALL, edge=0.8)
            y += 23
        shared[group] = sum(_fact(scenes[1], f) == _fact(scenes[0], f) for f in known), len(known)
        y += 5
    (view, views), (place, of) = shared.values()
    lower = np.asarray(cosines)[1]
    return canvas.done(
        f"""Three photos of MiniEarth. The query, from {table.loc[scenes[0].place_id].city}; its
        nearest neighbour, {km[1]:,.0f} km away, which shares {view} of {views} facts of the view
        and {place} of {of} facts of the place with it; and a photo taken {km[2]:,.0f} km away, with
        the cosine {lower:.2f}."""
    )


def _fact(scene: miniearth.Scene, fact: str) -> object:
    return getattr(scene.view if fact in FACTS["view"] else scene.cues, fact)


def _known(scenes: list[miniearth.Scene], fact: str) -> bool:
    """Facts of the place count only where query and neighbour both show them."""
    return fact in FACTS["view"] or all(fact in scene.visible for scene in scenes[:2])
