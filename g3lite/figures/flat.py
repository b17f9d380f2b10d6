"""Flat maps without cartopy's axes, quick to draw: the Earth in the projections of the encoders."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import torch
from cartopy.io.shapereader import Reader
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.path import Path
from numpy.typing import ArrayLike

from g3lite import geo
from g3lite.figures.maps import _COAST, _LAND, _OCEAN
from g3lite.figures.style import _TITLE, TRUTH, WIDTH
from g3lite.location import project
from g3lite.paths import shipped


@cache
def _land() -> list[np.ndarray]:
    """The land at 1:110 million: the outline of each piece, (n, 2) [lat, lon]. It has no lakes."""
    layer = shipped("natural_earth/shapefiles/natural_earth") / "physical/ne_110m_land.shp"
    return [
        np.asarray(piece.exterior.coords)[:, ::-1]
        for shape in Reader(layer).geometries()
        for piece in getattr(shape, "geoms", [shape])
    ]


def on_land(coordinates: ArrayLike) -> np.ndarray:
    """(n, 2) coordinates -> (n,) booleans: which lie on land, by coasts at 1:110 million."""
    points = geo.check_coordinates(coordinates)
    return np.any([Path(outline).contains_points(points) for outline in _land()], axis=0)


def flat(coordinates: ArrayLike, projection: str = "equal_earth") -> np.ndarray:
    """(n, 2) degrees -> (n, 2) on a map from -1 to 1, as `location.project` gives them."""
    points = np.ascontiguousarray(coordinates, dtype=np.float64)
    return project(torch.from_numpy(points), projection).numpy()


def draw_world(axes: Axes) -> None:
    """An empty world in Equal Earth; what `flat` gives can be drawn on it."""
    lat = np.linspace(-90, 90, 181)
    east = np.column_stack([lat, np.full(181, 180.0)])
    edge = flat(np.vstack([east, east[::-1] * [1, -1]]))
    axes.fill(*edge.T, facecolor=_OCEAN, edgecolor=_COAST, linewidth=0.6, zorder=0)
    land = [flat(outline) for outline in _land()]
    axes.add_collection(
        PolyCollection(land, facecolor=_LAND, edgecolor=_COAST, linewidth=0.4, zorder=1)
    )
    axes.set(xlim=(-1.01, 1.01), ylim=(-0.5, 0.5), aspect="equal")
    axes.axis("off")


def projections(names: Mapping[str, str], title: str = "", *, km: float = 600) -> Figure:
    """The Earth on several flat maps, as a network gets it, with circles of the same true size.

    Args:
        names: projection, as `location.project` knows it with x first -> what it is called.
        title: the title of the figure.
        km: the radius of the circles on the ground.
    """
    figure = Figure(figsize=(WIDTH, WIDTH / len(names) + 0.4), layout="constrained")
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    middles = [[lat, lon] for lat in range(-75, 76, 25) for lon in range(-120, 121, 60)]
    rings = [geo.offset(np.tile(one, (73, 1)), np.arange(0, 361, 5), km) for one in middles]
    for axes, (projection, name) in zip(
        figure.subplots(1, len(names), squeeze=False)[0], names.items(), strict=True
    ):
        coasts = [flat(outline, projection) for outline in _land()]
        axes.add_collection(LineCollection(coasts, colors=_COAST, linewidths=0.6))
        circles = [flat(ring, projection) for ring in rings]
        axes.add_collection(PolyCollection(circles, facecolor=TRUTH, alpha=0.5, linewidth=0))
        ticks = [-1, -0.5, 0, 0.5, 1]
        axes.set(xlim=(-1, 1), ylim=(-1, 1), aspect="equal", xticks=ticks, yticks=ticks)
        axes.set_title(name, **_TITLE | {"fontsize": 10})
    return figure
