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
    times = candidates.groupby(["LAT", "LON"])["score"].transform("size").to_numpy()
    spots = candidates[["LAT", "LON"]].to_numpy(dtype=np.float64)
    km = geo.great_circle_km(spots, np.asarray(truth, dtype=np.float64))
    score = candidates["score"].to_numpy(dtype=np.float64)
    figure, axes = _chart(title, 3.6, xlabel="distance from the truth, km", ylabel="score")
    reply = (candidates["origin"] == "reply").to_numpy()
    axes.scatter(km[reply], score[reply], s=60, color=PALETTE[2], label="a reply")
    axes.scatter(
        km[~reply], score[~reply], s=260, facecolors="none", edgecolors=PALETTE[3], linewidths=2.2,
        label="where a similar photo was taken",
    )  # fmt: skip
    axes.scatter(
        km[:1], score[:1], s=150, marker="X", color=PREDICTION, edgecolors="white", label="winner"
    )
    for row in np.flatnonzero((times > 1) & ~candidates.duplicated(["LAT", "LON"]).to_numpy()):
        axes.annotate(
            f"named {times[row]} times", (km[row], score[row]), xytext=(14, 0),
            textcoords="offset points", va="center", fontsize=9.5,
        )  # fmt: skip
    axes.set_xscale("symlog", linthresh=1)
    axes.set(xlim=(-0.2, 25_000), xticks=[0, 1, 10, 100, 1_000, 10_000])
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.margins(y=0.2)
    _legend(axes, loc="lower left")
    return figure
