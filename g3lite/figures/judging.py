"""What a judge does: its scores around a place, whom it found, and what its settings are worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import NamedTuple

import numpy as np
import pandas as pd
from cartopy.mpl.geoaxes import GeoAxes
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike
from PIL import Image

from g3lite.figures.flat import on_land
from g3lite.figures.maps import _PLATE, _middle, _part_of_the_world, _zoomed, draw_points
from g3lite.figures.scores import _COLOURS
from g3lite.figures.sheets import _draw_photo, _frame
from g3lite.figures.style import _TITLE, PALETTE, PREDICTION, TRUTH, WIDTH

_REPLY, _RETRIEVED, _GREY = PALETTE[2], PALETTE[3], "#777777"
_COLUMNS = 110
"""Cells of land across a map."""


class Verdict(NamedTuple):
    """What a judge did with one photo.

    Attributes:
        photo: its picture.
        truth: (2,) where it was taken.
        candidates: LAT, LON, origin ("reply" or "retrieved"), score, and km from the truth.
        scores: (n, 2) places -> (n,) how well the photo suits each.
    """

    photo: Image.Image
    truth: ArrayLike
    candidates: pd.DataFrame
    scores: Callable[[np.ndarray], np.ndarray]


# ------------------------------------------------------------------------------- one photo each


def verdicts(cases: Mapping[str, Verdict], title: str = "") -> Figure:
    """Photos with the scores of the land around winner and truth, and their candidates' scores.

    Each map is coloured from the mean of its land (pale) to its best cell (dark).

    Args:
        cases: name of a photo -> what the judge did with it, a row each.
        title: of the figure.
    """
    figure = Figure(figsize=(WIDTH, 0.9 + 2.75 * len(cases)), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.04, wspace=0.02, hspace=0.02)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    for row, (name, case) in enumerate(cases.items()):
        best = case.candidates.loc[case.candidates["score"].idxmax()]
        axes = figure.add_subplot(len(cases), 3, 3 * row + 1)
        _draw_photo(axes, case.photo)
        _frame(axes, TRUTH)
        axes.set_title(f"{name}: {best['km']:,.0f} km off", loc="left", fontsize=10)
        world = _land_scores(figure, (len(cases), 3, 3 * row + 2), case, best)
        _dots(figure.add_subplot(len(cases), 3, 3 * row + 3), case.candidates, best)
    handles = {
        label: handle
        for axes in figure.axes
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=5, fontsize=9,
        frameon=False,
    )  # fmt: skip
    bar = figure.colorbar(
        ScalarMappable(Normalize(0, 1), _COLOURS), ax=world, orientation="horizontal", shrink=0.8,
        aspect=30, pad=0.03, ticks=[0, 1],
    )  # fmt: skip
    bar.set_ticklabels(["mean of the land", "best cell"], fontsize=8.5)
    return figure


def _land_scores(
    figure: Figure, place: tuple[int, int, int], case: Verdict, best: pd.Series
) -> GeoAxes:
    """A map around truth and winner, its land coloured by score."""
    truth, winner = np.reshape(case.truth, (1, 2)), best[["LAT", "LON"]].to_numpy(float)[None]
    points = np.vstack([truth, winner])
    middle = _middle(points)
    if middle is None:
        axes = _part_of_the_world(figure, place, points, 1.25)
    else:
        axes = _zoomed(figure, place, points, middle, 1.25, 1800)
        for lines in axes.artists:  # the graticule: too much in a small map
            lines.set_visible(False)
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    step = (right - left) / _COLUMNS
    x, y = np.meshgrid(np.arange(left, right, step), np.arange(bottom, top, step))
    lon, lat, _ = np.moveaxis(_PLATE.transform_points(axes.projection, x, y), -1, 0)
    values = np.full(x.shape, np.nan)
    valid = np.isfinite(lat) & np.isfinite(lon)
    places = np.column_stack([lat[valid], (lon[valid] + 180) % 360 - 180])
    land = np.zeros(x.shape, dtype=bool)
    land[valid] = on_land(places)
    values[land] = case.scores(places[land[valid]])
    mean = np.nanmean(values)
    axes.pcolormesh(
        x, y, np.ma.masked_invalid((values - mean) / (np.nanmax(values) - mean)), cmap=_COLOURS,
        vmin=0, vmax=1, zorder=1, shading="nearest", rasterized=True,
    )  # fmt: skip
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    for origin, colour, _ in _ORIGINS:
        some = case.candidates[case.candidates["origin"] == origin]
        draw_points(axes, some[["LAT", "LON"]].to_numpy(), color=colour, size=34)
    draw_points(axes, winner, color="#000000", size=110, marker="X", label="winner")
    draw_points(axes, truth, color=TRUTH, size=170, marker="*", label="truth")
    return axes


_ORIGINS = (("reply", _REPLY, "reply"), ("retrieved", _RETRIEVED, "most similar photo"))


def _dots(axes: Axes, candidates: pd.DataFrame, best: pd.Series) -> None:
    """Score against distance, a dot for each candidate and a ring around the winner."""
    for origin, colour, label in _ORIGINS:
        some = candidates[candidates["origin"] == origin]
        axes.scatter(some["km"].clip(1), some["score"], s=38, color=colour, alpha=0.85, label=label)
    axes.scatter(max(best["km"], 1), best["score"], s=150, facecolors="none", edgecolors="black")
    axes.set(xscale="log", xlim=(0.7, 25_000), xlabel="km from the truth")
    axes.set_ylabel("score (cosine)", fontsize=9)
    axes.xaxis.set_major_formatter(_PLAIN)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(y=0.15)


# ------------------------------------------------------------------------------------ all photos

_PLAIN = FuncFormatter(lambda value, _: f"{value:,g}")  # 10,000 rather than a power of ten


def bands(
    panels: Mapping[str, tuple[ArrayLike, Mapping[str, ArrayLike]]],
    title: str,
    label: str,
    *,
    log: bool = False,
    colours: Sequence[str] = (PREDICTION, TRUTH, PALETTE[3], _GREY),
) -> Figure:
    """Lines with their 95 % bands, in panels side by side on one scale.

    Args:
        panels: what the x axis of a panel shows -> its (n,) values, and name -> (3, n): values and
            both ends of their intervals.
        title: of the figure.
        label: what the values are, with their unit.
        log: whether the x axes are logarithmic.
        colours: of the names, in order.
    """
    figure = Figure(figsize=(WIDTH, 3.7), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (what, (x, series)) in zip(grid, panels.items(), strict=True):
        x = np.asarray(x, dtype=np.float64)
        for (name, rows), colour in zip(series.items(), cycle(colours), strict=False):
            middle, low, high = np.asarray(rows, dtype=np.float64)
            style = "o-" if len(x) <= 12 else "-"
            axes.plot(x, middle, style, color=colour, linewidth=2, markersize=5, label=name)
            axes.fill_between(x, low, high, color=colour, alpha=0.17, linewidth=0)
        axes.set_xlabel(what)
        if log:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(_PLAIN)
        elif (x == x.round()).all():
            axes.set_xticks(x)
        axes.axhline(0, color="#888888", linewidth=0.9, zorder=0)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#e4e4e4", linewidth=0.7)
        axes.set_axisbelow(True)
    grid[0].set_ylabel(label)
    handles = grid[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return figure


def found_and_lost(panels: Mapping[str, pd.DataFrame], title: str, label: str) -> Figure:
    """Lying bars of three parts that make 100 % together, in panels of two a row.

    Args:
        panels: title of a panel -> table: a bar for each row; three columns, in per cent.
        title: of the figure.
        label: what is 100 %.
    """
    rows = -(-len(panels) // 2)
    figure = Figure(figsize=(WIDTH, 1.1 + 1.5 * rows), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    grid = figure.subplots(rows, 2, sharex=True, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes, (name, table) in zip(grid.flat, panels.items(), strict=False):
        left = np.zeros(len(table))
        for column, colour, ink in zip(
            table, (TRUTH, PALETTE[4], "#dddddd"), ("white", "black", "black"), strict=True
        ):
            values = table[column].to_numpy(dtype=np.float64)
            drawn = axes.barh(table.index, values, left=left, color=colour, label=column)
            words = [f"{value:.0f}" if value >= 5 else "" for value in values]
            axes.bar_label(drawn, words, label_type="center", fontsize=9, color=ink)
            left = left + values
        axes.invert_yaxis()
        axes.set(xlim=(0, 100))
        axes.set_title(name, loc="left", fontsize=10)
        axes.tick_params(axis="y", length=0)
        axes.spines[["top", "right", "left"]].set_visible(False)
    for axes in grid[-1]:
        axes.set_xlabel(label)
    handles = grid[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return figure


def two_halves(gains: ArrayLike, title: str, labels: tuple[str, str]) -> Figure:
    """What a choice gains on the photos it was made on, and on others; a dot for each repetition.

    Args:
        gains: (n, 2) on the photos of the choice, and on the others.
        title: of the figure.
        labels: of the two axes, with their unit.
    """
    gains = np.asarray(gains, dtype=np.float64)
    figure = Figure(figsize=(0.7 * WIDTH, 4.2), layout="constrained")
    axes = figure.add_subplot(xlabel=labels[0], ylabel=labels[1])
    axes.axhline(0, color="#888888", linewidth=0.9, zorder=0)
    axes.axvline(0, color="#888888", linewidth=0.9, zorder=0)
    ends = min(gains.min(), 0), max(gains.max(), 0)
    axes.plot(ends, ends, ":", color="#888888", linewidth=1.4, label="equal on both")
    axes.scatter(*gains.T, s=30, color=TRUTH, alpha=0.55, linewidths=0, label="a choice")
    axes.scatter(*gains.mean(axis=0), s=170, color=PREDICTION, marker="X", label="mean")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(title, **_TITLE)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return figure
