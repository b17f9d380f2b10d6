"""How far a probability can be believed: told against true, and regions that hold the truth."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from g3lite.figures.style import _TITLE, PREDICTION, TRUTH, WIDTH


def reliability(panels: Mapping[str, pd.DataFrame], title: str = "") -> Figure:
    """Told probabilities against how often they came true, in panels side by side.

    A probability that can be believed lies on the diagonal.

    Args:
        panels: title of a panel -> a row for each group of photos: told (their mean probability),
            true (the share that is right), low and high (the ends of its interval), shares in
            [0, 1].
        title: of the figure.
    """
    figure = Figure(figsize=(WIDTH, 3.7), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    for axes, (name, table) in zip(
        figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels.items(), strict=True
    ):
        told, true, low, high = 100 * table[["told", "true", "low", "high"]].to_numpy().T
        axes.plot([0, 100], [0, 100], color="#888888", linewidth=1, linestyle=":")
        axes.errorbar(
            told, true, yerr=np.clip([true - low, high - true], 0, None), color=TRUTH, marker="o",
            markersize=5, linewidth=1.2, elinewidth=1.8,
        )  # fmt: skip
        axes.set(xlim=(0, 102), ylim=(0, 102), xlabel="told, %", aspect="equal")
        axes.set_title(name, loc="left", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("true, % of the photos")
    return figure


def promises(table: pd.DataFrame, promised: float, title: str = "") -> Figure:
    """How often regions held the truth, a line each, beside what was promised.

    A line whose interval lies below the promise is orange: it was broken.

    Args:
        table: the columns name, share, low and high (in [0, 1]) and km2, the median area.
        promised: a share in [0, 1].
        title: of the figure.
    """
    figure = Figure(figsize=(WIDTH, 1.3 + 0.42 * len(table)), layout="constrained")
    axes = figure.add_subplot(xlabel="regions that hold the truth, %")
    axes.axvline(100 * promised, color="#888888", linewidth=1)
    axes.annotate(
        "promised", (100 * promised, 1), xycoords=("data", "axes fraction"), xytext=(0, 3),
        textcoords="offset points", ha="center", fontsize=9, color="#555555",
    )  # fmt: skip
    for line, row in enumerate(table.itertuples()):
        colour = PREDICTION if row.high < promised else TRUTH
        share, low, high = 100 * row.share, 100 * row.low, 100 * row.high
        axes.plot([low, high], [line, line], color=colour, linewidth=2.2, solid_capstyle="butt")
        axes.plot(share, line, "o", color=colour, markersize=6)
        axes.annotate(
            f"{share:.1f} % [{low:.1f}, {high:.1f}], {row.km2:,.0f} km²", (1.01, line),
            xycoords=("axes fraction", "data"), va="center", fontsize=9, annotation_clip=False,
        )  # fmt: skip
    axes.set_yticks(range(len(table)), table["name"])
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_title(title, **_TITLE | {"pad": 22})
    return figure
