"""The whole Earth in colours that stand for something."""

from __future__ import annotations

from collections.abc import Mapping

import cartopy.crs as ccrs
import numpy as np
from matplotlib.figure import Figure

from g3lite.figures.maps import _COAST, _PLATE, _feature
from g3lite.figures.style import _TITLE, WIDTH


def coloured_earths(panels: Mapping[str, np.ndarray]) -> Figure:
    """Grids of colours over the globe, side by side, with coasts.

    The maps are Equal Earth (areas compare fairly) and cut at 30 degrees west, in the Atlantic, so
    that 180 degrees, a dotted line, lies within: a seam there can be seen.

    Args:
        panels: title -> colours uint8 (h, w, 3), south to north and west to east.

    Raises:
        ValueError: a grid has another shape, or there is none.
    """
    for title, colours in panels.items():
        if colours.ndim != 3 or colours.shape[1:] != (2 * len(colours), 3):
            raise ValueError(f"{title}: colours have shape {colours.shape}, expected (h, 2 h, 3)")
    if not panels:
        raise ValueError("no grid of colours to draw")
    figure = Figure(figsize=(WIDTH, WIDTH / len(panels) / 2 + 0.5), layout="constrained")
    for number, (title, colours) in enumerate(panels.items(), 1):
        projection = ccrs.EqualEarth(central_longitude=150)
        axes = figure.add_subplot(1, len(panels), number, projection=projection)
        axes.set_global()
        h, w, _ = colours.shape
        east = np.linspace(-180, 180, w + 1)
        north = np.linspace(-90, 90, h + 1)
        axes.pcolormesh(east, north, colours, transform=_PLATE, rasterized=True)
        coast = _feature("physical/ne_110m_coastline")
        axes.add_feature(coast, facecolor="none", edgecolor="black", linewidth=0.4, zorder=2)
        axes.plot([180, 180], [-90, 90], transform=_PLATE, color="white", linewidth=0.8,
                  linestyle=":", zorder=3)  # fmt: skip
        axes.spines["geo"].set(edgecolor=_COAST, linewidth=0.6)
        axes.set_title(title, **_TITLE)
    return figure
