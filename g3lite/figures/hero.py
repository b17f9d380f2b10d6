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
