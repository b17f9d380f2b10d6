"""One photo in several states, a row each: what is seen, found, thought likely, and answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cartopy.crs as ccrs
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw
from scipy.ndimage import map_coordinates, uniform_filter

from g3lite import geo
from g3lite.figures.maps import _COAST, _OCEAN, _PLATE, _feature, _grid, _to_the_edges
from g3lite.figures.sheets import _draw_photo
from g3lite.figures.style import PREDICTION, TRUTH, WIDTH

_HEAD, _BODY, _GAP, _FOOT, _TITLE_HEIGHT = 0.34, 2.16, 0.10, 0.34, 0.36  # inches
_LEVELS = 14
_PIXELS = 720  # of a map, from left to right


@dataclass(frozen=True)
class StateRow:
    """One state of a photo, as `state_strip` draws it.

    Attributes:
        name: what is changed.
        said: what was answered, in words.
        picture: the photo.
        neighbours: up to four similar photos with their places, the most similar first.
        scores: latitudes (h,) and longitudes (w,) in degrees around the globe, and values (h, w).
        answer: [lat, lon].
        first: the answer to the photo as it was, [lat, lon].
        truth: where it was taken, [lat, lon].
    """

    name: str
    said: str
    picture: Image.Image
    neighbours: Sequence[tuple[Image.Image, str]]
    scores: tuple[ArrayLike, ArrayLike, ArrayLike]
    answer: ArrayLike
    first: ArrayLike
    truth: ArrayLike


def state_strip(rows: Sequence[StateRow], title: str = "") -> Figure:
    """States of a photo below each other: photo, similar photos, map of scores with the answer.

    All maps have one scale of colours. Rows are 9 by 2.4 inches.

    Raises:
        ValueError: there is no row, or scores that do not fit their grid.
    """
    if not rows:
        raise ValueError("state_strip needs at least one row")
    sampled = [_on_land(*_grid(row.name, *row.scores)) for row in rows]  # (h, w), NaN at sea
    lowest, highest = np.nanquantile(sampled, [0.02, 0.998])
    top = _TITLE_HEIGHT if title else 0.05
    height = top + len(rows) * (_HEAD + _BODY) + _FOOT
    figure = Figure(figsize=(WIDTH, height))
    if title:
        figure.text(0.01, 1 - 0.06 / height, title, fontsize=12, fontweight="bold", va="top")

    def place(left: float, down: float, wide: float, tall: float) -> Axes:
        """Axes at so many inches from the left and from the top."""
        return figure.add_axes((left / WIDTH, 1 - (down + tall) / height, wide / WIDTH,
                                tall / height))  # fmt: skip

    for number, (row, values) in enumerate(zip(rows, sampled, strict=True)):
        y = top + number * (_HEAD + _BODY)
        baseline = 1 - (y + 0.23) / height
        figure.text(0.01, baseline, row.name, fontsize=10.5, fontweight="bold")
        figure.text(0.99, baseline, row.said, fontsize=10.5, ha="right")
        y += _HEAD
        tall = _BODY - _GAP
        _photo(place(0.08, y, tall, tall), row.picture)
        left, cell = 0.08 + tall + _GAP, tall / 2
        for rank, (picture, where) in enumerate(row.neighbours[:4]):
            x, down = left + rank % 2 * cell, y + rank // 2 * cell
            axes = place(x + (cell - 0.8) / 2, down, 0.8, 0.8)
            _photo(axes, picture)
            axes.set_xlabel(where, fontsize=7.5, labelpad=2)
        left += tall + _GAP
        axes = place(left, y, WIDTH - 0.08 - left, tall)
        _score_map(axes, (values - lowest) / max(highest - lowest, 1e-9))
        _mark(axes, row)
    figure.legend(
        handles=_legend_of(rows), loc="lower right", ncols=3, fontsize=9, frameon=False,
        borderaxespad=0.2,
    )  # fmt: skip
    figure.text(
        0.01, 0.1 / height, "maps: the brighter, the better the land suits the photo", fontsize=9
    )
    return figure


def _photo(axes: Axes, picture: Image.Image) -> None:
    _draw_photo(axes, picture)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


@cache
def _projection() -> ccrs.EqualEarth:
    projection = ccrs.EqualEarth()
    projection.threshold = 20_000
    return projection


@cache
def _window() -> tuple[float, float, float, float]:
    """The world's left, right, bottom and top in the projection, without Antarctica's middle."""
    (left, right), (_, top) = _projection().x_limits, _projection().y_limits
    bottom = _projection().transform_point(0, -62, _PLATE)[1]
    return left, right, bottom, top


@cache
def _pixels() -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude of each pixel of a map, (h, w); NaN off the Earth."""
    left, right, bottom, top = _window()
    rows = round(_PIXELS * (top - bottom) / (right - left))
    x, y = np.meshgrid(np.linspace(left, right, _PIXELS), np.linspace(top, bottom, rows))
    lon, lat, _ = np.moveaxis(_PLATE.transform_points(_projection(), x, y), -1, 0)
    back = _projection().transform_points(_PLATE, lon, lat)
    # Outside the world the way back ends elsewhere.
    outside = ~(np.hypot(back[..., 0] - x, back[..., 1] - y) < 1_000)
    lat, lon = (np.where(outside, np.nan, some) for some in (lat, lon))
    return lat, lon


@cache
def _shapes(layer: str) -> list[np.ndarray]:
    """The lines, or the outlines, of a layer of Natural Earth in the projection, (n, 2) each."""
    shapes = []
    for geometry in _feature(layer).geometries():
        shape = _projection().project_geometry(geometry, _PLATE)
        for part in getattr(shape, "geoms", [shape]):
            line = getattr(part, "exterior", part)
            shapes.append(np.asarray(line.coords)[:, :2])
    return shapes


@cache
def _land() -> np.ndarray:
    """Which pixels of a map are land, bool (h, w)."""
    left, right, bottom, top = _window()
    rows, columns = _pixels()[0].shape
    picture = Image.new("1", (columns, rows))
    pen = ImageDraw.Draw(picture)
    for outline in _shapes("physical/ne_110m_land"):
        x = (outline[:, 0] - left) / (right - left) * (columns - 1)
        y = (top - outline[:, 1]) / (top - bottom) * (rows - 1)
        pen.polygon(list(zip(x, y, strict=True)), fill=1)
    return np.asarray(picture)


def _on_land(lat: np.ndarray, lon: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values on a grid around the globe for each pixel of a map, (h, w); NaN off the land.

    Each is the mean over about 4 by 4 degrees, as neighbouring places differ by chance.
    """
    width = max(1, round(4 / (lat[1] - lat[0])))
    smooth = uniform_filter(values, width, mode=("nearest", "wrap"))
    lat, lon, smooth = _to_the_edges(lat, lon, smooth)
    land = _land()
    pixel_lat, pixel_lon = _pixels()
    rows = np.interp(pixel_lat[land], lat, np.arange(len(lat)))
    columns = np.interp(pixel_lon[land], lon, np.arange(len(lon)))
    sampled = np.full(land.shape, np.nan)
    sampled[land] = map_coordinates(smooth, [rows, columns], order=1)
    return sampled


def _score_map(axes: Axes, share: np.ndarray) -> None:
    """A world with its land in colours, from shares (h, w) of the scale, NaN at sea.

    The axes are plain ones: cartopy's would project the coasts anew in each map, for a second.
    """
    sea = np.isnan(share)
    steps = np.floor(np.clip(np.where(sea, 0, share), 0, 1) * _LEVELS) / _LEVELS
    colours = colormaps["cividis"](steps)
    colours[sea] = to_rgba(_OCEAN)
    colours[np.isnan(_pixels()[0])] = 0
    left, right, bottom, top = _window()
    axes.imshow(colours, extent=(left, right, bottom, top), interpolation="nearest")
    axes.add_collection(
        LineCollection(_shapes("physical/ne_110m_coastline"), colors=_COAST, linewidths=0.4)
    )
    axes.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])
    axes.set_anchor("NE")
    axes.spines[:].set_visible(False)


def _mark(axes: Axes, row: StateRow) -> None:
    """The answers and the truth, and the way from the first answer to this one."""
    answer, first, truth = (np.asarray(one, dtype=np.float64) for one in
                            (row.answer, row.first, row.truth))  # fmt: skip
    moved = geo.great_circle_km(answer, first) > 1
    if moved:
        axes.add_collection(
            LineCollection(_arc(first, answer), colors=PREDICTION, linewidths=1.6, alpha=0.9)
        )
        _point(axes, first, "X", PREDICTION, 80, hollow=True)
    _point(axes, answer, "X", PREDICTION, 130)
    _point(axes, truth, "o", TRUTH, 34)


def _point(
    axes: Axes, where: np.ndarray, marker: str, colour: str, size: float, hollow: bool = False
) -> None:
    x, y = _projection().transform_point(where[1], where[0], _PLATE)
    axes.scatter(
        x, y, s=size, marker=marker, zorder=5, linewidths=1.6 if hollow else 0.9,
        facecolors="white" if hollow else colour, edgecolors=colour if hollow else "white",
    )  # fmt: skip


def _arc(start: np.ndarray, end: np.ndarray, steps: int = 60) -> list[np.ndarray]:
    """The great circle between two places in the projection; in two where it leaves the map."""
    a, b = geo.unit_vectors(np.array([start, end]))
    share = np.linspace(0, 1, steps)[:, None]
    angle = np.arccos(np.clip(a @ b, -1, 1))
    if np.sin(angle) < 1e-6:  # antipodes have no single way between them
        return []
    points = (np.sin((1 - share) * angle) * a + np.sin(share * angle) * b) / np.sin(angle)
    lon = np.degrees(np.arctan2(points[:, 1], points[:, 0]))
    lat = np.degrees(np.arcsin(np.clip(points[:, 2], -1, 1)))
    line = _projection().transform_points(_PLATE, lon, lat)[:, :2]
    cut = np.flatnonzero(np.abs(np.diff(lon)) > 180) + 1
    return [part for part in np.split(line, cut) if len(part) > 1]


def _legend_of(rows: Sequence[StateRow]) -> list[Line2D]:
    """What the marks mean."""

    def mark(marker: str, face: str, edge: str, size: float, label: str) -> Line2D:
        return Line2D([], [], linestyle="", marker=marker, markersize=size, label=label,
                      markerfacecolor=face, markeredgecolor=edge)  # fmt: skip

    marks = [mark("o", TRUTH, "white", 7, "taken here"),
             mark("X", PREDICTION, "white", 10, "G3's answer")]  # fmt: skip
    if any(geo.great_circle_km(row.answer, row.first) > 1 for row in rows):
        marks.append(mark("X", "white", PREDICTION, 8, "its answer to the unchanged photo"))
    return marks
