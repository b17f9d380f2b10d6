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
        _frame(axes, colour)
    return figure


def photo_rows(
    rows: Sequence[tuple[Image.Image, str, Sequence[Image.Image], Sequence[str]]],
    title: str = "",
    *,
    good: ArrayLike | None = None,
) -> Figure:
    """Queries with what was found for each, one below the other.

    Args:
        rows: for each a photo, words about it, the photos found, and a caption for each of these.
        title: of the figure.
        good: (rows, photos), True for a green frame and False for none; None: no frames.
    """
    columns = 1 + max(len(photos) for _, _, photos, _ in rows)
    lines = max(text.count("\n") + 1 for row in rows for text in (row[1], *row[3]))
    cell = WIDTH / columns
    height = len(rows) * (cell + 0.17 * lines) + (0.4 if title else 0.05)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.02)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for n, (query, words, photos, captions) in enumerate(rows):
        _draw_photo(grid[n, 0], query)
        _frame(grid[n, 0], TRUTH)
        grid[n, 0].set_title(words, fontsize=9, pad=3, fontweight="bold")
        for place, (image, caption) in enumerate(zip(photos, captions, strict=True)):
            axes = grid[n, place + 1]
            _draw_photo(axes, image)
            axes.set_title(caption, fontsize=9, pad=3)
            if good is not None and np.asarray(good)[n, place]:
                _frame(axes, PALETTE[2])
    return figure


def _frame(axes: Axes, colour: str) -> None:
    axes.axis("on")
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(edgecolor=colour, linewidth=3)


def _draw_photo(axes: Axes, image: Image.Image) -> None:
    small = image.convert("RGB")
    small.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    axes.imshow(np.asarray(small), interpolation="lanczos")
    axes.set_anchor("N")  # tops, and so titles, in line
