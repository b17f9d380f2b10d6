"""Forest plots: differences with their intervals, one line each."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from g3lite.figures.style import _TITLE, PREDICTION, TRUTH, WIDTH


def forest(
    differences: pd.DataFrame, title: str, better: str, worse: str, unit: str = "points"
) -> Figure:
    """Differences with their intervals, a line each, from top to bottom.

    An interval that leaves out zero is drawn in blue if the difference is above it and in orange
    if it is below; else in grey. Hollow marks stand for differences of a single training.

    Args:
        differences: n rows with the columns method, difference, low and high (for points shares in
            [-1, 1]) and, if there is one, seeds (the number of trainings behind each).
        title: of the figure.
        better: what a positive difference means, such as "G3 is better".
        worse: what a negative one means.
        unit: of the differences, such as "km".
    """
    table = differences.reset_index(drop=True)
    scale, form = (100, "+.1f") if unit == "points" else (1, "+,.0f")
    points = scale * table[["difference", "low", "high"]].to_numpy(dtype=np.float64)  # (n, 3)
    figure = Figure(figsize=(WIDTH, 1.1 + 0.36 * len(table)), layout="constrained")
    axes = figure.add_subplot()
    axes.axvline(0, color="#888888", linewidth=1)
    seeds = table["seeds"] if "seeds" in table else pd.Series(1, index=table.index)
    several = seeds > 1 if (seeds > 1).any() else seeds > 0  # nothing is marked where all are alike
    for line, (middle, low, high) in enumerate(points):
        colour = TRUTH if low > 0 else PREDICTION if high < 0 else "#777777"
        axes.plot([low, high], [line, line], color=colour, linewidth=2.2, solid_capstyle="butt")
        axes.plot(
            middle, line, "o", color=colour, markersize=7, markeredgewidth=1.6,
            markerfacecolor=colour if several[line] else "white",
        )  # fmt: skip
        axes.annotate(
            _without_minus_zero(f"{middle:{form}} [{low:{form}}, {high:{form}}]"), (1.01, line),
            xycoords=("axes fraction", "data"), va="center", fontsize=9, annotation_clip=False,
        )  # fmt: skip
    axes.set_yticks(range(len(table)), table["method"])
    axes.set_ylim(len(table) - 0.5, -0.5)
    reach = 1.08 * np.abs(points[:, 1:]).max(initial=0.1)
    left, right = points[:, 1].min(initial=0), points[:, 2].max(initial=0)
    axes.set_xlim(max(-reach, left - 0.25 * reach), min(reach, right + 0.25 * reach))
    for text, side, where in ((f"← {worse}", -8, "right"), (f"{better} →", 8, "left")):
        axes.annotate(
            text, (0, 1), xycoords=("data", "axes fraction"), xytext=(side, 3),
            textcoords="offset points", ha=where, fontsize=9, color="#555555",
        )  # fmt: skip
    axes.set_xlabel(f"difference, {unit}")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.set_title(title, **_TITLE | {"pad": 22})
    return figure


def _without_minus_zero(text: str) -> str:
    """The text with 0 where a number rounds to −0."""
    return re.sub(r"[+-]0(?![.\d])", "0", text)
