"""Curves: over distances and over anything; bars of a softmax; trainings with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter
from numpy.typing import ArrayLike

from g3lite import evaluation
from g3lite.figures.style import _TITLE, PALETTE, PREDICTION, TRUTH, WIDTH, _legend


def threshold_curves(
    methods: Mapping[str, ArrayLike | pd.DataFrame],
    truth: pd.DataFrame,
    title: str = "",
    *,
    clusters: str | None = "AUTHOR",
    seed: int = 0,
) -> Figure:
    """Share of photos within d km, for every d from 0.1 to 20,000 km, with 95 % bands.

    Arguments as for `evaluation.evaluate`. A method with one answer per threshold (the constant)
    is drawn as points at the five thresholds.
    """
    figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
    axes = figure.add_subplot()
    for km, name in zip(evaluation.THRESHOLDS_KM, evaluation.THRESHOLD_NAMES, strict=True):
        axes.axvline(km, color="#999999", linewidth=0.8, linestyle=":", zorder=0)
        axes.annotate(
            name, (km, 1), xycoords=("data", "axes fraction"), xytext=(3, -11),
            textcoords="offset points", fontsize=8.5, color="#555555",
        )  # fmt: skip
    handles: list[object] = []  # in the order of the methods
    every = np.geomspace(0.1, 20_000, 160)
    for (name, predictions), colour in zip(methods.items(), cycle(PALETTE), strict=False):
        errors = evaluation.error_km(predictions, truth)
        radii = every if errors.ndim == 1 else np.array(evaluation.THRESHOLDS_KM)
        share, low, high = evaluation.share_curve(
            errors, truth, radii, clusters=clusters, seed=seed
        )
        if errors.ndim == 1:
            handles += axes.plot(radii, share, color=colour, linewidth=2, label=name)
            axes.fill_between(radii, low, high, color=colour, alpha=0.18, linewidth=0)
        else:
            bars = np.abs([low, high] - share)
            points = axes.errorbar(radii, share, bars, fmt="o", color=colour, capsize=3, label=name)
            handles.append(points)
    axes.set_xscale("log")
    axes.set(xlim=(0.1, 20_000), ylim=(0, 1.08), yticks=np.linspace(0, 1, 6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("distance from the truth, km (logarithmic)")
    axes.set_ylabel("share of photos within it")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.set_title(title, **_TITLE)
    _legend(axes, handles=handles, loc="upper left", bbox_to_anchor=(0.01, 0.92))
    return figure


def line_chart(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]],
    title: str = "",
    *,
    x: str = "",
    y: str = "",
    log: bool = False,
    levels: Mapping[str, float] | None = None,
    marks: Mapping[str, float] | None = None,
    top: float | None = None,
) -> Figure:
    """Curves through points.

    Args:
        curves: name -> x values and y values of equal length; a single one needs no legend.
        title: the title of the figure.
        x, y: what the axes show, with units.
        log: whether the x axis is logarithmic.
        levels: name -> height of a dotted horizontal line.
        marks: name -> place of a dotted vertical line.
        top: of the y axis, which begins at 0; None: as the curves need.
    """
    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    axes = figure.add_subplot(xlabel=x, ylabel=y, xscale="log" if log else "linear")
    for (name, (places, heights)), colour in zip(curves.items(), cycle(PALETTE), strict=False):
        axes.plot(places, heights, color=colour, linewidth=2, label=name,
                  marker="o" if len(places) < 12 else "", markersize=5)  # fmt: skip
    small = {"textcoords": "offset points", "fontsize": 9, "color": "#555555"}
    for name, height in (levels or {}).items():
        axes.axhline(height, color="#888888", linewidth=1, linestyle=":")
        where = {"xy": (1, height), "xycoords": ("axes fraction", "data"), "xytext": (-2, 3)}
        axes.annotate(name, **where, ha="right", **small)
    for name, place in (marks or {}).items():
        axes.axvline(place, color="#999999", linewidth=0.8, linestyle=":", zorder=0)
        where = {"xy": (place, 0), "xycoords": ("data", "axes fraction"), "xytext": (3, 4)}
        axes.annotate(name, **where, **small)
    axes.set_ylim(0, top)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(title, **_TITLE)
    if len(curves) > 1:
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5), fontsize=9)
    return figure


def softmax_bars(scores: ArrayLike, scales: Sequence[float], right: int, title: str = "") -> Figure:
    """The probabilities that a softmax makes of the same scores at several scales, in per cent.

    Args:
        scores: (n,) cosines.
        scales: what they are multiplied by, one panel for each.
        right: which of the n is the right one; its bar is blue, and its loss stands above.
    """
    scores = np.asarray(scores, dtype=np.float64)
    figure = Figure(figsize=(WIDTH, 2.7), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    colours = np.where(np.arange(len(scores)) == right, TRUTH, "#b0b0b0")
    for axes, scale in zip(figure.subplots(1, len(scales), sharey=True), scales, strict=True):
        logits = scale * scores
        log_p = logits - np.logaddexp.reduce(logits)
        axes.bar(range(len(scores)), 100 * np.exp(log_p), color=colours)
        axes.set_title(f"scale {scale:g}: loss {-log_p[right]:.2f}", fontsize=10)
        axes.set(xticks=range(len(scores)), xticklabels=[f"{score:.2f}" for score in scores])
        axes.tick_params(axis="x", labelrotation=90, labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("probability (%)")
    figure.supxlabel("score of each place (cosine); blue: the right place", fontsize=9)
    return figure


def seeds_and_intervals(
    runs: pd.DataFrame, metrics: Mapping[str, str], variants: Mapping[str, str], title: str = ""
) -> Figure:
    """A dot for each training and a grey bar for the 95 % interval, one line for each variant.

    Args:
        runs: columns variant, metric, seed, value, low, high (shares).
        metrics: metric -> what its panel is called.
        variants: variant -> its name, from top to bottom; the mean of the first is a line.
        title: the title of the figure.
    """
    figure = Figure(figsize=(WIDTH, 1.2 + 0.34 * len(variants)), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    panels = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
    for axes, (metric, label) in zip(panels, metrics.items(), strict=True):
        for line, variant in enumerate(variants):
            of = runs[(runs["variant"] == variant) & (runs["metric"] == metric)]
            low, value, high = (100 * of[name] for name in ("low", "value", "high"))
            axes.plot([low.mean(), high.mean()], [line] * 2, color="#bbbbbb", linewidth=4)
            colour = PREDICTION if line else TRUTH
            axes.plot(value, [line] * len(of), "o", color=colour, markersize=6)
            if not line:
                axes.axvline(value.mean(), color=colour, linewidth=0.8, linestyle=":", zorder=0)
        axes.set(xlabel=label, yticks=range(len(variants)), yticklabels=variants.values())
        axes.set_ylim(len(variants) - 0.5, -0.5)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    return figure


def gain_panels(panels: Mapping[str, Mapping[int, pd.DataFrame]], title: str, label: str) -> Figure:
    """What more of something adds, within five distances, in panels side by side on one scale.

    Args:
        panels: what is counted -> number -> differences: the columns metric, difference, low and
            high, shares in [-1, 1].
        title: of the figure.
        label: what the differences are, with their unit, points.
    """
    figure = Figure(figsize=(WIDTH, 4.1), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    grid = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (name, by_number) in zip(grid, panels.items(), strict=True):
        numbers = np.array(list(by_number))
        axes.axhline(0, color="#888888", linewidth=1)
        for level, (metric, colour) in enumerate(
            zip(evaluation.THRESHOLD_NAMES, PALETTE, strict=False)
        ):
            rows = pd.concat([some[some["metric"] == metric] for some in by_number.values()])
            points = 100 * rows[["difference", "low", "high"]].to_numpy(dtype=np.float64)
            axes.errorbar(
                numbers + 0.07 * (level - 2), points[:, 0], np.abs(points[:, 1:] - points[:, :1]).T,
                fmt="o-", color=colour, markersize=5, capsize=2, linewidth=1.2, elinewidth=0.8,
                label=f"{evaluation.THRESHOLDS_KM[level]:,} km",
            )  # fmt: skip
        axes.set(xlabel=name, xticks=numbers)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#e4e4e4", linewidth=0.7)
        axes.set_axisbelow(True)
    grid[0].set_ylabel(label)
    handles = grid[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    return figure
