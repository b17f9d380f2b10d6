"""Sheets and strips of photos."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from PIL import Image

from g3lite.figures.style import PALETTE, PREDICTION, TRUTH, WIDTH

_LONGEST_SIDE = 320  # pixels of a photo in a sheet


def photo_sheet(
    images: Sequence[Image.Image],
    titles: Sequence[str] | None = None,
    columns: int = 6,
    title: str = "",
) -> Figure:
    """Photos in rows of `columns`, each with its title above it."""
    if not len(images):
        raise ValueError("a photo sheet needs at least one image")
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"{len(titles)} titles for {len(images)} images; give one for each")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    lines = max((text.count("\n") + 1 for text in titles), default=0) if titles else 0
    cell = WIDTH / columns
    shape = np.median([image.height / image.width for image in images])
    height = rows * (cell * shape + 0.17 * lines) + (0.4 if title else 0.05)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.02)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    grid = figure.subplots(rows, columns, squeeze=False)
    for place, axes in enumerate(grid.flat):
        axes.axis("off")
        if place < len(images):
            _draw_photo(axes, images[place])
            if titles is not None:
                axes.set_title(titles[place], fontsize=8.5, pad=3)
    return figure


def neighbour_strip(
    query: Image.Image,
    neighbours: Sequence[Image.Image],
    km: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    query_name: str = "query",
    title: str = "",
) -> Figure:
    """A query and its neighbours in order, each with its distance (km) from the query's truth.

    `names` may say where the neighbours are; frames are green where a neighbour lies within
    200 km and vermilion where not, and the distance says the same in figures.
    """
    km = np.asarray(km, dtype=np.float64)
    if len(km) != len(neighbours):
        raise ValueError(f"{len(km)} distances for {len(neighbours)} neighbours; give one for each")
    far = [f"{d:,.0f} km" if d >= 10 else f"{d:.1f} km" for d in km]
    titles = [f"{rank}: {text}" for rank, text in enumerate(far, 1)]
    if names is not None:
        titles = [f"{text}\n{name}" for text, name in zip(titles, names, strict=True)]
    figure = photo_sheet(
        [query, *neighbours], [query_name, *titles], columns=len(neighbours) + 1, title=title
    )
    colours = [TRUTH, *np.where(km <= 200, PALETTE[2], PREDICTION)]
    for axes, colour in zip(figure.axes, colours, strict=True):
        axes.axis("on")
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set(edgecolor=colour, linewidth=3)
    return figure


def _draw_photo(axes: Axes, image: Image.Image) -> None:
    small = image.convert("RGB")
    small.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    axes.imshow(np.asarray(small), interpolation="lanczos")
    axes.set_anchor("N")  # tops, and so titles, in line
