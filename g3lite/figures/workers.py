"""What workers did, and when: a bar for each block of work, and a cross where a worker died."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from g3lite.figures.style import _TITLE, PREDICTION, TRUTH, WIDTH

_LOST = "#b0b0b0"


def workers(
    blocks: pd.DataFrame, kills: Sequence[tuple[str, float]] = (), title: str = ""
) -> Figure:
    """A line for each worker, a bar for each block that it worked on.

    A block that occurs twice was lost with its worker: the first bar is grey, the second orange.

    Args:
        blocks: columns worker, block (any name or number), start and end (seconds); the end of a
            block that was lost is where its worker was killed.
        kills: worker and second of each kill.
        title: of the figure.
    """
    names = list(dict.fromkeys([*blocks["worker"].sort_values(), *(name for name, _ in kills)]))
    ordered = blocks.sort_values("start", kind="stable")
    again = ordered["block"].duplicated(keep="first")
    lost = ordered["block"].duplicated(keep="last")
    figure = Figure(figsize=(WIDTH, 1.9 + 0.6 * len(names)), layout="constrained")
    axes = figure.add_subplot()
    for row, redone, was_lost in zip(ordered.itertuples(), again, lost, strict=True):
        colour = _LOST if was_lost else PREDICTION if redone else TRUTH
        axes.barh(
            names.index(row.worker), row.end - row.start, left=row.start, height=0.62,
            color=colour, edgecolor="white", linewidth=1.2,
        )  # fmt: skip
    for name, second in kills:
        axes.plot([second], [names.index(name)], "X", color="black", markersize=14,
                  markeredgecolor="white", zorder=3)  # fmt: skip
    axes.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))
    axes.set_xlim(0, max([ordered["end"].max(), *(second for _, second in kills)]) * 1.02)
    axes.set_xlabel("seconds", fontsize=12)
    axes.tick_params(labelsize=12)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_title(title, **_TITLE | {"fontsize": 14, "pad": 34})
    cross = Line2D([], [], marker="X", color="black", linestyle="", markersize=11)
    shown = {"a block": Patch(color=TRUTH)}
    if lost.any():
        shown |= {"lost": Patch(color=_LOST), "done again": Patch(color=PREDICTION)}
    if kills:
        shown |= {"a worker is killed": cross}
    axes.legend(
        shown.values(), shown.keys(), frameon=False, fontsize=12, ncols=len(shown),
        loc="lower left", bbox_to_anchor=(-0.01, 1.0), borderpad=0, columnspacing=1.4,
    )  # fmt: skip
    return figure
