"""Sheets and strips of photos."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from PIL import Image

from g3lite.figures.style import PALETTE, PREDICTION, TRUTH, WIDTH
from g3lite.photos import PhotoSet

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
    photos: PhotoSet,
    found: Mapping[str, tuple[Image.Image, ArrayLike]],
    title: str = "",
    *,
    caption: Callable[[int], str] | None = None,
    framed: Sequence[ArrayLike] | None = None,
    colour: str = PALETTE[2],
) -> Figure:
    """Queries with the photos that were found for each, one list below the other.

    Args:
        photos: what was searched.
        found: words about each query -> its picture, and (k,) rows of `photos`, the first first.
        title: of the figure.
        caption: of the photo in a row; None: its city.
        framed: (k,) for each query, True for a frame around a photo; None: no frames.
        colour: of the frames.
    """
    if caption is None:
        caption = photos.table["city"].astype(str).get
    captions = {words: [caption(row) for row in rows] for words, (_, rows) in found.items()}
    columns = 1 + max(map(len, captions.values()))
    lines = 1 + max(text.count("\n") for row in captions.values() for text in row)
    cell = WIDTH / columns
    height = len(found) * (cell + 0.17 * lines) + (0.4 if title else 0.05)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03, wspace=0.02, hspace=0.02)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    grid = figure.subplots(len(found), columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for n, (words, (query, rows)) in enumerate(found.items()):
        _draw_photo(grid[n, 0], query)
        _frame(grid[n, 0], TRUTH)
        grid[n, 0].set_title(words, fontsize=9, pad=3, fontweight="bold")
        for place, row in enumerate(rows, 1):
            _draw_photo(grid[n, place], photos.image(photos.ids[row]))
            grid[n, place].set_title(captions[words][place - 1], fontsize=9, pad=3)
            if framed is not None and framed[n][place - 1]:
                _frame(grid[n, place], colour)
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
