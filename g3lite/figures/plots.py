"""Plain charts: bars, pairs of dots, lines with bands, scores in panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from g3lite.evaluation import THRESHOLD_NAMES, THRESHOLDS_KM
from g3lite.figures.style import _TITLE, PALETTE, PREDICTION, TRUTH, WIDTH, _legend

_GREY = "#777777"


def _chart(title: str, height: float, **labels: object) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.add_subplot(**labels)
    _bare(axes)
    axes.set_title(title, **_TITLE)
    return figure, axes


def _bare(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)


def bars(groups: Mapping[str, Mapping[str, float]], title: str, label: str) -> Figure:
    """Horizontal bars with their values, group by group, a colour for each group.

    Args:
        groups: name of a group -> name of a bar -> value, at least 0.
        title: of the figure.
        label: what the values are, with their unit.
    """
    names = [name for group in groups.values() for name in group]
    figure, axes = _chart(title, 1.0 + 0.27 * len(names), xlabel=label)
    line, highest = 0, max(value for group in groups.values() for value in group.values())
    for (group, values), colour in zip(groups.items(), cycle(PALETTE), strict=False):
        lines = np.arange(line, line + len(values))
        axes.barh(lines, list(values.values()), 0.7, color=colour, label=group)
        for place, value in zip(lines, values.values(), strict=True):
            axes.annotate(f"{value:.0f}", (value, place), xytext=(4, 0),
                          textcoords="offset points", va="center", fontsize=9)  # fmt: skip
        line += len(values)
    axes.set(ylim=(line - 0.4, -0.6), xlim=(0, 1.08 * highest))
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False)
    _legend(axes, loc="lower right" if values and max(values.values()) < highest else "upper right")
    return figure


def dot_pairs(table: pd.DataFrame, title: str, label: str) -> Figure:
    """Two dots for each row of a table, joined by a line, with the difference of the two.

    Args:
        table: two columns of numbers; names of rows and columns are shown. The rows are drawn from
            top to bottom, the first column in grey.
        title: of the figure.
        label: what the numbers are, with their unit.
    """
    values = table.to_numpy(dtype=np.float64)
    figure, axes = _chart(title, 1.0 + 0.32 * len(table), xlabel=label)
    lines = np.arange(len(table))
    axes.hlines(lines, values.min(axis=1), values.max(axis=1), color="#bbbbbb", linewidth=3)
    for column, colour in enumerate(("#999999", PREDICTION)):
        name = str(table.columns[column])
        axes.scatter(values[:, column], lines, s=60, color=colour, label=name, zorder=3)
    for line, gain in zip(lines, values[:, 1] - values[:, 0], strict=True):
        axes.annotate(f"{gain:+.0f}", (1.01, line), xycoords=("axes fraction", "data"),
                      va="center", fontsize=9.5, annotation_clip=False)  # fmt: skip
    axes.set_yticks(lines, table.index)
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False)
    figure.legend(loc="outside lower right", ncols=2, frameon=False, fontsize=9)
    return figure


def lines(
    x: ArrayLike,
    series: Mapping[str, ArrayLike],
    title: str,
    labels: tuple[str, str],
    *,
    levels: Mapping[str, ArrayLike] | None = None,
) -> Figure:
    """Lines over a logarithmic axis with 95 % bands, and levels that do not depend on x.

    Args:
        x: (n,) numbers above 0; they are the marks of the axis.
        series: name -> (n,) values, or (3, n): values and both ends of their intervals.
        title: of the figure.
        labels: of the two axes, with units.
        levels: name -> a value, or (3,) with both ends of its interval.
    """
    x = np.asarray(x, dtype=np.float64)
    figure, axes = _chart(title, 3.9, xlabel=labels[0], ylabel=labels[1])
    colours = cycle((PREDICTION, TRUTH, *PALETTE[2:]))
    for (name, values), colour in zip(series.items(), colours, strict=False):
        rows = np.atleast_2d(np.asarray(values, dtype=np.float64))
        axes.plot(x, rows[0], "o-", color=colour, linewidth=2, markersize=5, label=name)
        if len(rows) == 3:
            axes.fill_between(x, rows[1], rows[2], color=colour, alpha=0.15, linewidth=0)
    styles = zip((levels or {}).items(), cycle((PALETTE[2], _GREY)), cycle(("--", ":")))
    for (name, level), colour, dash in styles:
        value, *ends = np.atleast_1d(np.asarray(level, dtype=np.float64))
        axes.axhline(value, color=colour, linewidth=2, linestyle=dash, label=name)
        if ends:
            axes.axhspan(*ends, color=colour, alpha=0.12, linewidth=0)
    axes.set_xscale("log")
    axes.set_xticks(x, [f"{value:,g}" for value in x])
    axes.minorticks_off()
    figure.legend(loc="outside right center", frameon=False, fontsize=9)
    return figure


def score_panels(
    panels: Mapping[str, pd.DataFrame], title: str, *, others: Mapping[str, ArrayLike] | None = None
) -> Figure:
    """Scores at the five thresholds, a panel for each set of photos, with 95 % intervals.

    Args:
        panels: name of a set -> results of `evaluation.evaluate`.
        title: of the figure.
        others: name -> (5,) shares in per cent from elsewhere, drawn as hollow marks in the first
            panel.
    """
    figure = Figure(figsize=(WIDTH, 3.9), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    places = np.arange(len(THRESHOLDS_KM))
    for axes, (name, results) in zip(grid, panels.items(), strict=True):
        _bare(axes)
        methods = list(results["method"].unique())
        for n, (method, colour) in enumerate(zip(methods, cycle(PALETTE), strict=False)):
            rows = results[results["method"] == method].set_index("metric")
            shares = 100 * rows.loc[list(THRESHOLD_NAMES), ["value", "low", "high"]].to_numpy(float)
            shift = 0.22 * (n - (len(methods) - 1) / 2)
            axes.errorbar(
                places + shift, shares[:, 0], np.abs(shares[:, 1:] - shares[:, :1]).T, fmt="o",
                color=colour, markersize=5, capsize=2, linewidth=1.6, label=method,
            )  # fmt: skip
        if axes is grid[0]:
            for method, shares in (others or {}).items():
                axes.plot(places, shares, "D", markersize=8, markerfacecolor="none",
                          color=_GREY, label=method)  # fmt: skip
            axes.set_ylabel("photos within it, %")
            handles = axes.get_legend_handles_labels()
        axes.set_xticks(places, [f"{km:,}" for km in THRESHOLDS_KM])
        axes.set_xlabel("km from the truth")
        axes.set_title(name, loc="left", fontsize=10)
        axes.set_ylim(bottom=0)
    figure.legend(*handles, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return figure


def bar_panels(panels: Mapping[str, pd.DataFrame], title: str, label: str) -> Figure:
    """Groups of upright bars with their values, in panels side by side on one scale.

    Args:
        panels: title of a panel -> table: a group of bars for each row, a colour for each column.
        title: of the figure.
        label: what the values are, with their unit.
    """
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (name, table) in zip(grid, panels.items(), strict=True):
        _bare(axes)
        _grouped(axes, table)
        axes.set_title(name, loc="left", fontsize=10)
    grid[0].set_ylabel(label)
    handles = grid[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return figure


def _grouped(axes: Axes, table: pd.DataFrame) -> None:
    columns: Sequence[object] = list(table.columns)
    width, places = 0.8 / len(columns), np.arange(len(table))
    for n, (column, colour) in enumerate(zip(columns, cycle((TRUTH, PREDICTION)), strict=False)):
        spots = places + width * (n - (len(columns) - 1) / 2)
        drawn = axes.bar(spots, table[column], 0.92 * width, color=colour, label=str(column))
        axes.bar_label(drawn, fmt="%.1f", fontsize=9, padding=2)
    axes.set_xticks(places, table.index)


def stacked_bars(table: pd.DataFrame, title: str, label: str) -> Figure:
    """Horizontal bars of parts that add up: a line for each row, a colour for each column.

    Args:
        table: numbers of at least 0; those of 3 and more are written into their part.
        title: of the figure.
        label: what the numbers are, with their unit.
    """
    figure, axes = _chart(title, 1.5 + 0.42 * len(table), xlabel=label)
    lines, left = np.arange(len(table)), np.zeros(len(table))
    colours = cycle(((TRUTH, "white"), (PREDICTION, "white"), ("#b9bdc2", "black")))
    for column, (colour, ink) in zip(table.columns, colours, strict=False):
        values = table[column].to_numpy(dtype=np.float64)
        drawn = axes.barh(lines, values, 0.72, left=left, color=colour, label=str(column))
        words = [f"{value:.1f}" if value >= 3 else "" for value in values]
        axes.bar_label(drawn, words, label_type="center", color=ink, fontsize=9.5)
        left = left + values
    axes.set_yticks(lines, table.index)
    axes.set(xlim=(0, left.max()), ylim=(len(table) - 0.5, -0.5))
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return figure


def line_panels(
    x: ArrayLike,
    panels: Mapping[str, Mapping[str, ArrayLike]],
    title: str,
    labels: tuple[str, str],
    *,
    colours: Sequence[str] = (TRUTH, PREDICTION, *PALETTE[2:]),
) -> Figure:
    """Lines with 95 % bands in panels side by side on one scale, which begins at 0.

    Args:
        x: numbers that are the marks of the axis, in their order.
        panels: title of a panel -> name of a line -> (3, n) values and both ends of their
            intervals, at the first n of x.
        title: of the figure.
        labels: of the two axes, with units.
        colours: of the lines, in their order.
    """
    figure = Figure(figsize=(WIDTH, 3.7), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    x = np.asarray(x, dtype=np.float64)
    grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (name, series) in zip(grid, panels.items(), strict=True):
        _bare(axes)
        for (line, values), colour in zip(series.items(), cycle(colours), strict=False):
            middle, low, high = np.asarray(values, dtype=np.float64)
            here = x[: len(middle)]
            axes.plot(here, middle, "o-", color=colour, linewidth=2, markersize=4.5, label=line)
            axes.fill_between(here, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.set_xticks(x, [f"{value:g}" for value in x])
        axes.set_xlabel(labels[0])
        axes.set_title(name, loc="left", fontsize=10)
    grid[0].set_ylim(bottom=0)  # of all panels, which share it, so not before all are drawn
    grid[0].set_ylabel(labels[1])
    handles = grid[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    return figure
