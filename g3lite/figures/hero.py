"""The picture that a notebook begins with: a large photo and a map beside it."""

from __future__ import annotations

from collections.abc import Mapping

import cartopy.crs as ccrs
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from PIL import Image

from g3lite import geo
from g3lite.figures.maps import _draw_earth, _middle, _zoomed, draw_arcs, draw_points
from g3lite.figures.style import DPI, PALETTE, PREDICTION, TRUTH, WIDTH

SIDE = 512
"""Of the photo, in pixels."""
_GAP, _TOP, _BOTTOM = 14, 40, 28
_NEAR_KM, _NEAR_HIGH_KM = 1500, 1200
"""What the map of the surroundings shows, and how high it is at least."""


def hero(
    photo: Image.Image,
    spots: Mapping[str, ArrayLike],
    title: str,
    *,
    beside: Image.Image | None = None,
    names: tuple[str, str] = ("", ""),
    zoom: bool = False,
) -> Figure:
    """A photo, 512 pixels wide, with a map of the world beside it.

    Args:
        photo: the photo that the notebook is about.
        spots: name -> (2,) [lat, lon] degrees: the truth first, then places that are joined with
            it, each with its distance from it.
        title: what the picture says, in a sentence.
        beside: another photo, which stands above the map.
        names: what stands under the photo, and under the other one.
        zoom: whether the map shows the places alone, if they lie within 5,000 km of their middle.
    """
    points = geo.check_coordinates(np.array([np.ravel(spot) for spot in spots.values()]))
    height = SIDE + _TOP + _BOTTOM
    figure = Figure(figsize=(WIDTH, height / DPI), facecolor="white")

    def place(x: float, y: float, width: float, high: float) -> tuple[float, float, float, float]:
        return x / 900, 1 - (y + high) / height, width / 900, high / height

    left = SIDE + 2 * _GAP
    width = 900 - left - _GAP
    boxes = [(photo, place(_GAP, _TOP, SIDE, SIDE), names[0], TRUTH)]
    if beside is not None:
        side = 262
        boxes.append(
            (beside, place(left + (width - side) / 2, _TOP, side, side), names[1], PREDICTION)
        )
    for image, box, name, colour in boxes:
        axes = figure.add_axes(box)
        pixels = round(box[2] * 900)
        axes.imshow(image.convert("RGB").resize((pixels, pixels), Image.Resampling.LANCZOS))
        axes.set(xticks=[], yticks=[])
        axes.set_xlabel(name, fontsize=9.5, labelpad=5)
        for spine in axes.spines.values():
            spine.set(edgecolor=colour, linewidth=2.5)
    top = _TOP if beside is None else _TOP + 262 + 34
    high = _TOP + SIDE - top
    middle = _middle(points) if zoom else None
    if middle is None:
        axes = figure.add_axes(place(left, top, width, high), projection=ccrs.EqualEarth())
        axes.set_global()
        _draw_earth(axes)
    else:
        inner = width - 36, high - 100  # beside and below it are the degrees, and the legend
        axes = _zoomed(figure, (1, 1, 1), points, middle, inner[0] / inner[1], 600)
        axes.set_position(place(left + 36, top, *inner))
    far = geo.great_circle_km(points[0], points)
    draw_arcs(axes, np.repeat(points[:1], len(points) - 1, axis=0), points[1:], width=1.6)
    colours = (TRUTH, PREDICTION, PALETTE[2], PALETTE[3], PALETTE[4])
    for n, (name, point) in enumerate(zip(spots, points, strict=True)):
        label = f"{name}, {far[n]:,.0f} km away" if n else name
        mark = {"marker": "X", "size": 90} if n else {"size": 60 if middle is None else 240}
        draw_points(axes, point[None], label=label, color=colours[n], **mark)
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.02 if middle is None else -0.05), ncols=1,
        fontsize=9.5, frameon=False, borderpad=0, handletextpad=0.3,
    )  # fmt: skip
    figure.text(_GAP / 900, 1 - 24 / height, title, fontsize=13, fontweight="bold")
    return figure


def located(
    photo: Image.Image,
    answer: ArrayLike,
    candidates: ArrayLike,
    truth: ArrayLike,
    title: str,
) -> Figure:
    """A photo, 512 pixels wide, with two maps: where on Earth, and how near to the truth.

    Args:
        photo: what was located.
        answer: (2,) [lat, lon] degrees.
        candidates: (n, 2) what competed.
        truth: (2,) where it was taken.
        title: what the picture says, in a sentence.
    """
    answer, truth = (geo.check_coordinates(np.reshape(one, (1, 2))) for one in (answer, truth))
    candidates = geo.check_coordinates(candidates)
    height, left = SIDE + _TOP + _BOTTOM, SIDE + 2 * _GAP
    width = 900 - left - _GAP
    figure = Figure(figsize=(WIDTH, height / DPI), facecolor="white")

    def place(x: float, y: float, wide: float, high: float) -> tuple[float, float, float, float]:
        return x / 900, 1 - (y + high) / height, wide / 900, high / height

    axes = figure.add_axes(place(_GAP, _TOP, SIDE, SIDE))
    axes.imshow(photo.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    axes.set(xticks=[], yticks=[])
    world = figure.add_axes(place(left, _TOP, width, 172), projection=ccrs.EqualEarth())
    world.set_global()
    _draw_earth(world)
    # What lies far away would make the map of the surroundings a second map of the world.
    near = geo.great_circle_km(candidates, truth) <= _NEAR_KM
    within = geo.great_circle_km(answer, truth) <= _NEAR_KM
    shown = np.vstack([truth, answer[within], candidates[near]])
    y = _TOP + 172 + 12
    high = _TOP + SIDE - y
    around = _zoomed(
        figure, (1, 1, 1), shown, _middle(shown), width / high, _NEAR_HIGH_KM, labels=False
    )
    around.set_position(place(left, y, width, high))
    draw_arcs(world, truth, answer, width=1.4)
    for map_, size in ((world, 0.6), (around, 1.0)):
        draw_points(map_, candidates, label="candidates", color=PALETTE[2], size=70 * size)
        draw_points(
            map_, answer, label="G3's answer", color=PREDICTION, size=190 * size, marker="X"
        )
        draw_points(map_, truth, label="taken here", color=TRUTH, size=60 * size)
    handles, labels = around.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="center", ncols=3, fontsize=9.5, frameon=False, handletextpad=0.2,
        columnspacing=1.2, bbox_to_anchor=((left + width / 2) / 900, _BOTTOM / 2 / height),
    )  # fmt: skip
    figure.text(_GAP / 900, 1 - 24 / height, title, fontsize=13, fontweight="bold")
    return figure
