"""What is made of one photo: where the replies lie, and which candidate the judge takes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from g3lite import geo
from g3lite.figures.maps import draw_points, zoomed_map
from g3lite.figures.plots import _chart
from g3lite.figures.style import PALETTE, PREDICTION, TRUTH, _legend

_ORIGINS = {
    "reply": ("of the model", PALETTE[2]),
    "retrieved": ("of a similar photo", PALETTE[3]),
}


def reply_map(replies: pd.DataFrame, truth: ArrayLike, title: str = "") -> Figure:
    """Where the replies to each prompt are, around the truth.

    Args:
        replies: a row per reply: references, LAT, LON; one without a place is left out.
        truth: (2,) [lat, lon] degrees, a star.
        title: of the map.
    """
    truth = geo.check_coordinates(np.reshape(truth, (1, 2)))
    placed = replies.dropna(subset=["LAT", "LON"])
    spots = placed[["LAT", "LON"]].to_numpy(dtype=np.float64)
    figure, axes = zoomed_map(np.vstack([spots, truth]), title, smallest_km=1200)
    draw_points(axes, truth, label="taken here", color=TRUTH, size=620, marker="*")
    prompts = placed.groupby("references").indices
    # The first are the largest, so that all can be seen.
    sizes = np.linspace(210, 36, len(prompts))
    for (references, rows), size, colour in zip(
        prompts.items(), sizes, ("#000000", *PALETTE[3:6]), strict=False
    ):
        label = f"{references} + {references} references"
        draw_points(axes, spots[rows], label=label, color=colour, size=size)
    _legend(axes, loc="upper left", markerscale=0.7)
    return figure


def judged(candidates: pd.DataFrame, truth: ArrayLike, title: str = "") -> Figure:
    """The score of each candidate over its distance from the truth; a good judge's points fall.

    Args:
        candidates: a row per candidate: origin, LAT, LON, score; the best one first.
        truth: (2,) [lat, lon] degrees.
        title: of the chart.
    """
    spots = candidates[["LAT", "LON"]].to_numpy(dtype=np.float64)
    km = geo.great_circle_km(spots, np.asarray(truth, dtype=np.float64))
    score = candidates["score"].to_numpy(dtype=np.float64)
    figure, axes = _chart(title, 3.6, xlabel="distance from the truth, km", ylabel="score")
    for origin, (label, colour) in _ORIGINS.items():
        rows = (candidates["origin"] == origin).to_numpy()
        axes.scatter(km[rows], score[rows], s=60, color=colour, alpha=0.7, label=label)
    axes.scatter(
        km[:1], score[:1], s=190, marker="X", color=PREDICTION, edgecolors="white", label="winner"
    )
    axes.set_xscale("symlog", linthresh=1)
    axes.set(xlim=(-0.2, 25_000), xticks=[0, 1, 10, 100, 1_000, 10_000])
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.margins(y=0.15)
    _legend(axes, loc="upper right")
    return figure
