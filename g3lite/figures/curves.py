"""Curves over distances."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter
from numpy.typing import ArrayLike

from g3lite import evaluation
from g3lite.figures.style import _TITLE, PALETTE, WIDTH, _legend


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
