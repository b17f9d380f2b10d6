"""Photos of MiniEarth, and how many cues each of them shows."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from PIL import Image

from g3lite import miniearth
from g3lite.figures.sheets import _draw_photo
from g3lite.figures.style import DPI, TRUTH, WIDTH
from g3lite.miniearth import Scene
from g3lite.miniearth.cues import SCALES

_COLUMN = round(WIDTH * DPI)
_SHOWN = ListedColormap(["#eeeeee", TRUTH])


def cue_sheet(images: Sequence[Image.Image], scenes: Sequence[Scene], title: str = "") -> Figure:
    """Photos of MiniEarth side by side, with their place and how many cues they show of each scale.

    Args:
        images: n photos.
        scenes: what they show.
        title: of the figure.
    """
    if not len(images) == len(scenes) > 0:
        raise ValueError(f"{len(images)} photos and {len(scenes)} scenes; give one for each")
    where = miniearth.places().loc[[scene.place_id for scene in scenes]]
    names = [
        f"{fill(row.city, 12, break_long_words=False)}\n{row.country_code}"
        for row in where.itertuples()
    ]
    values = np.array([[sum(cue in scene.visible for cue in cues) for scene in scenes]
                       for cues in SCALES.values()])  # fmt: skip
    left, column = 90, (_COLUMN - 90) / len(images)  # pixels, here and below
    grid = 40 + column + 48  # where the counts begin
    height = grid + 24 * len(values) + 8
    figure = Figure(figsize=(WIDTH, height / DPI))
    figure.text(0.01, 1 - 24 / height, title, fontsize=12, fontweight="bold")
    for place, (image, name) in enumerate(zip(images, names, strict=True)):
        x = left + column * place
        size = ((column - 6) / _COLUMN, (column - 6) / height)
        axes = figure.add_axes(((x + 3) / _COLUMN, 1 - (40 + column - 6) / height, *size))
        axes.axis("off")
        _draw_photo(axes, image)
        figure.text((x + column / 2) / _COLUMN, 1 - (40 + column) / height, name, fontsize=8.5,
                    ha="center", va="top", linespacing=1.1)  # fmt: skip
    size = (1 - left / _COLUMN, 1 - (grid + 8) / height)
    axes = figure.add_axes((left / _COLUMN, 8 / height, *size))
    axes.imshow(values > 0, cmap=_SHOWN, vmin=0, vmax=1, aspect="auto")
    for place in np.ndindex(values.shape):
        colour = "white" if values[place] else "#888888"
        axes.text(*place[::-1], values[place], ha="center", va="center", color=colour, fontsize=9)
    axes.set_yticks(range(len(values)), list(SCALES), fontsize=9)
    axes.set_xticks([])
    axes.vlines(
        np.arange(len(images) - 1) + 0.5, -0.5, len(values) - 0.5, color="white", linewidth=2
    )
    axes.hlines(
        np.arange(len(values) - 1) + 0.5, -0.5, len(images) - 0.5, color="white", linewidth=2
    )
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure
