"""Forest plots: differences with their intervals, one line each."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from g3lite.evaluation import THRESHOLD_NAMES, THRESHOLDS_KM
from g3lite.figures.style import _TITLE, PREDICTION, TRUTH, WIDTH

_OPEN = "#777777"


def forest(
    differences: pd.DataFrame, title: str, better: str, worse: str, unit: str = "points"
) -> Figure:
    """Differences with their intervals, a line each, from top to bottom.

    A difference that is sure is drawn in blue if it is above zero and in orange if it is below;
    others are grey. Sure is one whose corrected p is below 0.05 or, where there is none, whose
    interval leaves out zero. Hollow marks stand for differences of a single training, diamonds for
    those without an interval.

    Args:
        differences: n rows with the columns method, difference, low and high (for points shares in
            [-1, 1]; low and high may be NaN) and, if there are such, seeds (the number of trainings
            behind each), p_holm (the corrected p) and group (rows of a group lie together, below
            its name).
        title: of the figure.
        better: what a positive difference means, such as "G3 is better".
        worse: what a negative one means.
        unit: of the differences, such as "km".
    """
    table = differences.reset_index(drop=True)
    scale, form = (100, "+z.1f") if unit == "points" else (1, "+z,.0f")
    points = scale * table[["difference", "low", "high"]].to_numpy(dtype=np.float64)  # (n, 3)
    places, headings = _places(table)
    ticks = [*places, *headings.values()]
    figure = Figure(figsize=(WIDTH, 1.1 + 0.36 * (max(ticks) + 1)), layout="constrained")
    axes = figure.add_subplot()
    axes.axvline(0, color="#888888", linewidth=1)
    seeds = table["seeds"] if "seeds" in table else pd.Series(1, index=table.index)
    several = seeds > 1 if (seeds > 1).any() else seeds > 0  # nothing is marked where all are alike
    sure = _sure(table)
    for row, place in enumerate(places):
        middle, low, high = points[row]
        colour = _colour(middle, sure[row])
        _line(axes, place, points[row], colour, filled=several[row])
        ends = "" if np.isnan(low) else f" [{low:{form}}, {high:{form}}]"
        axes.annotate(
            f"{middle:{form}}{ends}", (1.01, place),
            xycoords=("axes fraction", "data"), va="center", fontsize=9, annotation_clip=False,
        )  # fmt: skip
    axes.set_yticks(ticks, [*table["method"], *headings])
    for label in axes.get_yticklabels()[len(table) :]:
        label.set_fontweight("bold")
    axes.set_ylim(max(ticks) + 0.5, -0.5)
    reach = 1.08 * np.nanmax(np.abs(points), initial=0.1)
    left, right = np.nanmin(points, initial=0), np.nanmax(points, initial=0)
    axes.set_xlim(max(-reach, left - 0.25 * reach), min(reach, right + 0.25 * reach))
    for text, side, where in ((f"← {worse}", -8, "right"), (f"{better} →", 8, "left")):
        axes.annotate(
            text, (0, 1), xycoords=("data", "axes fraction"), xytext=(side, 3),
            textcoords="offset points", ha=where, fontsize=9, color="#555555",
        )  # fmt: skip
    axes.set_xlabel(f"difference, {unit}")
    _bare(axes)
    axes.set_title(title, **_TITLE | {"pad": 22})
    return figure


def forest_panels(differences: pd.DataFrame, title: str, better: str, worse: str) -> Figure:
    """Differences at the five distances, side by side on one scale, a line for each method.

    Args:
        differences: columns method, metric (a name of `evaluation.THRESHOLD_NAMES`; other rows are
            left out), difference, low and high, shares in [-1, 1].
        title: of the figure.
        better: what a positive difference means.
        worse: what a negative one means.
    """
    methods = list(differences["method"].unique())
    figure = Figure(figsize=(WIDTH, 1.5 + 0.3 * len(methods)), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    panels = figure.subplots(1, len(THRESHOLD_NAMES), sharex=True, sharey=True)
    for axes, name, km in zip(panels, THRESHOLD_NAMES, THRESHOLDS_KM, strict=True):
        rows = differences[differences["metric"] == name].set_index("method").loc[methods]
        axes.axvline(0, color="#888888", linewidth=1)
        points = 100 * rows[["difference", "low", "high"]].to_numpy(dtype=np.float64)
        for place, (row, sure) in enumerate(zip(points, _outside(rows), strict=True)):
            _line(axes, place, row, _colour(row[0], sure))
        axes.set_title(f"within {km:,} km", loc="left", fontsize=10)
        _bare(axes)
    panels[0].set_yticks(range(len(methods)), methods)
    panels[0].set_ylim(len(methods) - 0.5, -0.5)
    figure.supxlabel(f"← {worse}      difference, points      {better} →", fontsize=9.5)
    return figure


def _places(table: pd.DataFrame) -> tuple[list[int], dict[str, int]]:
    """The line of each row, and of the heading of each group."""
    if "group" not in table:
        return list(range(len(table))), {}
    places: list[int] = []
    headings: dict[str, int] = {}
    for group in table["group"]:
        if group not in headings:
            headings[group] = len(places) + len(headings)
        places.append(len(places) + len(headings))
    return places, headings


def _outside(table: pd.DataFrame) -> np.ndarray:
    """Which intervals leave out zero, (n,)."""
    return ((table["low"] > 0) | (table["high"] < 0)).to_numpy()


def _sure(table: pd.DataFrame) -> np.ndarray:
    """Which differences are sure, (n,): by their corrected p, or by their interval."""
    if "p_holm" not in table:
        return _outside(table)
    corrected = table["p_holm"].to_numpy(dtype=np.float64)
    return np.where(np.isnan(corrected), _outside(table), corrected < 0.05)


def _colour(difference: float, sure: bool) -> str:
    if not sure:
        return _OPEN
    return TRUTH if difference > 0 else PREDICTION


def _line(axes: Axes, place: float, points: np.ndarray, colour: str, filled: bool = True) -> None:
    """One difference (middle, low, high) on its line."""
    middle, low, high = points
    mark = "D"
    if not np.isnan(low):
        axes.plot([low, high], [place, place], color=colour, linewidth=2.2, solid_capstyle="butt")
        mark = "o"
    axes.plot(
        middle, place, mark, color=colour, markersize=7, markeredgewidth=1.6,
        markerfacecolor=colour if filled and mark == "o" else "white",
    )  # fmt: skip


def _bare(axes: Axes) -> None:
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)
