"""What a step costs at sizes that nobody measured here: laws on two logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter
from numpy.typing import ArrayLike

from g3lite.figures.style import _TITLE, PREDICTION, TRUTH, WIDTH

SIZES = (1e3, 1e8)
"""From a folder of photos to a large collection."""
MARKS = {"the paper": 4_122_119, "100 million": 1e8}
"""Sizes with a name: marked in every panel."""


@dataclass(frozen=True)
class Growth:
    """One panel.

    Attributes:
        sizes: (n,) what was measured.
        costs: (n,) likewise.
        line: size, cost, low and high, each (m,): a law and its band.
        unit: of the costs, such as "seconds per epoch".
        law: what is said of it, such as "grows with n^1.02".
    """

    sizes: ArrayLike
    costs: ArrayLike
    line: tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]
    unit: str
    law: str = ""


def growth(panels: Mapping[str, Growth], title: str = "", columns: int = 2) -> Figure:
    """One panel per step: measured points, the law through them, and what it says further out.

    The line is solid where something was measured and dashed beyond.

    Args:
        panels: name -> what is drawn in it.
        title: of the figure.
        columns: panels side by side.
    """
    rows = math.ceil(len(panels) / columns)
    figure = Figure(figsize=(WIDTH, 0.9 + 3.0 * rows), layout="constrained")
    figure.get_layout_engine().set(hspace=0.08, wspace=0.06)
    grid = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
    figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
    for axes, (name, panel) in zip(grid, panels.items(), strict=False):
        _panel(axes, name, panel)
        powers = range(3, 9, 2 if columns > 2 else 1)
        axes.xaxis.set_major_locator(FixedLocator([10.0**power for power in powers]))
    for axes in grid[len(panels) :]:
        axes.remove()
    for axes in grid[max(len(panels) - columns, 0) : len(panels)]:
        axes.tick_params(labelbottom=True)
        axes.set_xlabel("photos", fontsize=12)
    return figure


def _panel(axes: Axes, name: str, panel: Growth) -> None:
    size, cost, low, high = (np.asarray(part, dtype=float) for part in panel.line)
    measured = size <= np.max(panel.sizes)
    axes.fill_between(size, low, high, color=TRUTH, alpha=0.15, linewidth=0)
    axes.plot(size[measured], cost[measured], color=TRUTH, linewidth=2)
    axes.plot(size[~measured], cost[~measured], color=TRUTH, linewidth=2, linestyle=(0, (4, 2)))
    axes.plot(panel.sizes, panel.costs, "o", color=TRUTH, markersize=8, label="measured")
    axes.set(xscale="log", yscale="log", xlim=(SIZES[0] / 2, SIZES[1] * 2))
    axes.xaxis.set_major_formatter(FuncFormatter(_short))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_minor_formatter(NullFormatter())
    for mark, at in MARKS.items():
        there = float(np.exp(np.interp(np.log(at), np.log(size), np.log(cost))))
        axes.axvline(at, color="#999999", linewidth=0.8, linestyle=":", zorder=0)
        axes.plot([at], [there], "D", color=PREDICTION, markersize=7, markeredgecolor="white")
        axes.annotate(
            f"{mark}\n{_figure(there)}", (at, there), xytext=(-9, 3), textcoords="offset points",
            ha="right", va="bottom", fontsize=11, color=PREDICTION, linespacing=1.1,
        )  # fmt: skip
    least, most = min(cost.min(), np.min(panel.costs)), max(cost.max(), np.max(panel.costs))
    room = (most / least) ** 0.2  # for the words at the last mark; a wider band is cut off
    axes.set_ylim(least / room**0.5, most * room)
    axes.set_ylabel(panel.unit, fontsize=12)
    axes.tick_params(labelsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.set_title(name, **_TITLE | {"fontsize": 13})
    axes.annotate(
        panel.law, (1, 0), xycoords="axes fraction", xytext=(-4, 6), textcoords="offset points",
        ha="right", fontsize=11, color="#444444",
    )  # fmt: skip


def _short(value: float, _: int = 0) -> str:
    """A size as one says it: 10k, 4.1M."""
    for unit, name in ((1e6, "M"), (1e3, "k")):
        if value >= unit:
            return (
                f"{value / unit:.2g}{name}" if value < 100 * unit else f"{value / unit:.0f}{name}"
            )
    return f"{value:g}"


def _figure(value: float) -> str:
    """Two digits, without an exponent as long as that is readable."""
    if 1e-3 <= value < 1e6:
        digits = max(1 - math.floor(math.log10(value)), 0)
        return f"{round(value, 1 - math.floor(math.log10(value))):,.{digits}f}"
    return f"{value:.1e}"
