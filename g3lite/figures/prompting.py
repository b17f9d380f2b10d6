"""Figures of asking: what a prompt names and where the replies are, and a choice with its grid."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle

import cartopy.crs as ccrs
import numpy as np
import pandas as pd
from cartopy.mpl.geoaxes import GeoAxes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike
from PIL import Image

from g3lite import geo
from g3lite.figures.maps import _draw_earth, draw_points
from g3lite.figures.searches import SIMILAR
from g3lite.figures.style import _TITLE, PALETTE, PREDICTION, TRUTH, WIDTH

Asked = tuple[ArrayLike, ArrayLike]
"""(k, 2) places that a prompt names as similar, and (n, 2) or (2,) where the replies to it are."""


def asked_twice(
    photo: Image.Image, truth: ArrayLike, asked: Mapping[str, Asked], title: str
) -> Figure:
    """A photo, 512 pixels wide, and beside it a map for each prompt: its places and the reply.

    Args:
        photo: that the model is shown.
        truth: [lat, lon] where it was taken.
        asked: title of each map -> the similar places of the prompt, and the reply.
        title: of the figure.
    """
    side, gap, top, bottom = 5.12, 0.14, 0.42, 0.30  # inches
    height = side + top + bottom
    figure = Figure(figsize=(WIDTH, height))
    figure.text(0.006, 1 - 0.28 / height, title, fontsize=13, fontweight="bold")
    axes = figure.add_axes((0.0, bottom / height, side / WIDTH, side / height))
    axes.imshow(np.asarray(photo.convert("RGB")), aspect="auto", interpolation="lanczos")
    axes.axis("off")
    width, part = (WIDTH - side - gap) / WIDTH, side / height / len(asked)
    for n, (name, (places, replies)) in enumerate(asked.items()):
        lowest = (bottom / height) + (len(asked) - 1 - n) * part
        world = figure.add_axes((1 - width, lowest, width, 0.88 * part), projection=_world())
        _draw_earth(world)
        _draw_asked(world, places, replies, SIMILAR, names=True)
        draw_points(world, np.reshape(truth, (1, 2)), color=TRUTH, size=150, marker="*",
                    label="taken here")  # fmt: skip
        world.set_title(name, fontsize=11, loc="left", fontweight="bold")
    handles = figure.axes[-1].get_legend_handles_labels()
    figure.legend(*handles, loc="lower right", ncols=3, fontsize=9.5, frameon=False,
                  borderpad=0.1, handletextpad=0.2, columnspacing=1.2)  # fmt: skip
    return figure


def asked_often(
    asked: Mapping[str, Asked], title: str, *, truth: ArrayLike | None = None
) -> Figure:
    """One world: the places that several prompts about a photo name, and the replies to each.

    Args:
        asked: name of a prompt -> its similar places, and the replies; a colour for each.
        title: of the figure.
        truth: [lat, lon] where the photo was taken; None to leave it out.
    """
    figure = Figure(figsize=(WIDTH, 4.9), layout="constrained")
    axes = figure.add_subplot(projection=_world())
    _draw_earth(axes)
    for (name, (places, replies)), colour in zip(asked.items(), cycle(PALETTE[1:6]), strict=False):
        _draw_asked(axes, places, replies, colour, label=name)
    if truth is not None:
        draw_points(axes, np.reshape(truth, (1, 2)), color=TRUTH, size=170, marker="*",
                    label="taken here")  # fmt: skip
    axes.set_title(title, **_TITLE)
    figure.legend(loc="outside lower center", ncols=6, fontsize=9.5, frameon=False,
                  handletextpad=0.2)  # fmt: skip
    return figure


def reply_maps(
    replies: Mapping[str, ArrayLike], truth: ArrayLike, title: str, columns: int = 2
) -> Figure:
    """A map for each way of asking: where the replies are, and the truth, as a star.

    All maps show the same part of the world; replies far from nearly all others are counted.

    Args:
        replies: title of a map -> (n, 2) replies; NaN for those that name no place.
        truth: [lat, lon] where the photo was taken.
        title: of the figure.
        columns: maps beside each other.
    """
    rows = -(-len(replies) // columns)
    aspect = 1.9
    height = rows * (WIDTH / columns / aspect + 0.28) + 0.4
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    groups = {name: np.reshape(places, (-1, 2)) for name, places in replies.items()}
    window = _window(np.concatenate([np.reshape(truth, (1, 2)), *groups.values()]), aspect)
    for n, (name, places) in enumerate(groups.items(), 1):
        axes = figure.add_subplot(rows, columns, n, projection=_world())
        axes.set(xlim=window[:, 0], ylim=window[:, 1])
        _draw_earth(axes)
        draw_points(axes, places, color=PREDICTION, size=30)
        draw_points(axes, np.reshape(truth, (1, 2)), color=TRUTH, size=140, marker="*")
        spots = _on_the_map(places)
        off = int((~np.isnan(spots[:, 0])).sum() - _inside(spots, window).sum())
        axes.set_title(name + (f" ({off} further away)" if off else ""), fontsize=10, loc="left")
    return figure


def _on_the_map(places: np.ndarray) -> np.ndarray:
    """Places (n, 2) in the map's own metres, x and y; NaN stays."""
    return _world().transform_points(ccrs.PlateCarree(), places[:, 1], places[:, 0])[:, :2]


def _inside(spots: np.ndarray, window: np.ndarray) -> np.ndarray:
    return ((spots >= window[0]) & (spots <= window[1])).all(axis=1)


def _window(places: np.ndarray, aspect: float) -> np.ndarray:
    """The corners (2, 2) of a part of the map with nearly all places (n, 2), the first surely."""
    spots = _on_the_map(places)
    ends = np.nanquantile(spots, (0.03, 0.97), axis=0)
    ends = np.array([np.minimum(ends[0], spots[0]), np.maximum(ends[1], spots[0])])
    half = np.maximum(0.75 * (ends[1] - ends[0]), 1_500_000)
    half = np.maximum(half, [half[1] * aspect, half[0] / aspect])
    return ends.mean(axis=0) + np.outer([-1, 1], half)


def choice_grid(
    grid: pd.DataFrame,
    value: str,
    title: str,
    *,
    panel: str = "temperature",
    row: str = "N",
    column: str = "S",
    names: tuple[str, str, str] = ("T", "N, replies of each prompt", "S, retrieved places"),
) -> Figure:
    """What each choice reaches: a square for each, a panel for each value of one column.

    The best square has a frame; the number in a square is its value in per cent.

    Args:
        grid: a row for each choice, with the columns `panel`, `row`, `column` and `value`.
        value: the column that is shown, a share from 0 to 1.
        title: of the figure.
        panel, row, column: what distinguishes the choices.
        names: what stands for these three.
    """
    shares = 100 * grid[value]
    best = grid.loc[shares.idxmax()]
    low, high = shares.quantile(0.05), shares.max()  # a few poor ones do not take all the colours
    panels = sorted(grid[panel].unique())
    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    for axes, level in zip(figure.subplots(1, len(panels), sharey=True), panels, strict=True):
        table = (
            grid[grid[panel] == level]
            .assign(shown=shares)
            .pivot(index=row, columns=column)["shown"]
        )
        axes.pcolormesh(
            range(table.shape[1]), range(table.shape[0]), table, cmap="cividis", vmin=low, vmax=high
        )
        for (y, x), number in np.ndenumerate(table.to_numpy()):
            axes.text(x, y, f"{number:.1f}", ha="center", va="center", fontsize=7.5,
                      color="white" if number < (low + high) / 2 else "black")  # fmt: skip
        if level == best[panel]:
            spot = (list(table.columns).index(best[column]), list(table.index).index(best[row]))
            axes.add_patch(Rectangle(np.array(spot) - 0.5, 1, 1, fill=False, linewidth=2.6,
                                     edgecolor=PREDICTION, clip_on=False, zorder=5))  # fmt: skip
        axes.set_title(f"{names[0]} = {level:g}", loc="left", fontsize=10)
        axes.set_xticks(range(table.shape[1]), table.columns)
        axes.set_yticks(range(table.shape[0]), table.index)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    figure.axes[0].invert_yaxis()
    figure.axes[0].set_ylabel(names[1])
    figure.supxlabel(names[2], fontsize=10)
    return figure


def _world() -> ccrs.Projection:
    return ccrs.EqualEarth()


def _draw_asked(
    axes: GeoAxes,
    places: ArrayLike,
    replies: ArrayLike,
    colour: str,
    *,
    names: bool = False,
    label: str | None = None,
) -> None:
    """The places that a prompt names as dots, the replies to it as large rings."""
    axes.set_global()
    draw_points(axes, geo.check_coordinates(places), color=colour, size=36,
                label="similar photos, says the prompt" if names else None)  # fmt: skip
    draw_points(axes, np.reshape(replies, (-1, 2)), color=PREDICTION if names else colour,
                size=200, ring=True, label="the reply" if names else label)  # fmt: skip
