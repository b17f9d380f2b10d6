"""How far changes in a photo move the answers, as dots with their intervals."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from g3lite.figures.style import _TITLE, PREDICTION, TRUTH, WIDTH, _legend

_COLOURS = {"encoder": TRUTH, "G3": PREDICTION}


def cue_moves(moves: pd.DataFrame, title: str = "", *, metric: str = "mean_km") -> Figure:
    """A line per change, the one that moves most on top; a dot and an interval per answer.

    Names of nuisances are in italics. A dashed line, in the colour of its answer, is the control.

    Args:
        moves: columns change, kind (cue, nuisance or control), answer, metric, value, low, high.
        title: of the figure.
        metric: which rows of `moves` are drawn: mean_km, median_km or beyond_km.

    Raises:
        ValueError: there is no row of that metric.
    """
    table = moves[moves["metric"] == metric]
    if table.empty:
        raise ValueError(f"the table of moves has no row of {metric!r}")
    control = table[table["kind"] == "control"]
    table = table[table["kind"] != "control"]
    answers = list(table["answer"].unique())
    first = table[table["answer"] == answers[0]].sort_values("value", ascending=False)
    line = {change: number for number, change in enumerate(first["change"])}
    figure = Figure(figsize=(WIDTH, 1.2 + 0.36 * len(line)), layout="constrained")
    axes = figure.add_subplot()
    for number, answer in enumerate(answers):
        own = table[table["answer"] == answer]
        y = own["change"].map(line) + 0.22 * (number - (len(answers) - 1) / 2)
        ends = [own["value"] - own["low"], own["high"] - own["value"]]
        colour = _COLOURS.get(answer, "#777777")
        axes.errorbar(
            own["value"], y, xerr=ends, fmt="o", color=colour, markersize=7, linewidth=2.2,
            label=answer,
        )  # fmt: skip
        for at in control.loc[control["answer"] == answer, "value"]:
            axes.axvline(at, color=colour, linewidth=1.2, linestyle="--", zorder=0)
    if len(control):
        axes.plot([], [], color="#777777", linewidth=1.2, linestyle="--",
                  label="the same picture saved again")  # fmt: skip
    axes.set_yticks(range(len(line)), [change.replace("_", " ") for change in line])
    for label, kind in zip(axes.get_yticklabels(), first["kind"], strict=True):
        label.set_style("italic" if kind == "nuisance" else "normal")
    axes.set_ylim(len(line) - 0.5, -0.5)
    axes.set_xlim(left=min(0, axes.get_xlim()[0]))
    of = {"mean_km": "mean, km", "median_km": "median, km",
          "beyond_km": "mean beyond the control, km"}  # fmt: skip
    axes.set_xlabel(f"how far the answer moves: {of.get(metric, metric)}")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.set_title(title, **_TITLE)
    _legend(axes, loc="lower right")
    return figure
