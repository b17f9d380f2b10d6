"""Figures of searches: where what was found was taken, hubs, and what an index costs."""

from __future__ import annotations

from collections.abc import Mapping

import cartopy.crs as ccrs
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike
from PIL import Image

from g3lite import geo
from g3lite.figures.maps import _draw_earth, draw_points, world_map
from g3lite.figures.style import _TITLE, PALETTE, PREDICTION, TRUTH, WIDTH, _legend

SIMILAR, DISSIMILAR, CHANCE = PALETTE[2], PREDICTION, "#8a9299"
"""Colours of the most similar, the most dissimilar and of what chance would give, everywhere."""
_FOUND = (SIMILAR, DISSIMILAR)
_PLAIN = FuncFormatter(lambda value, _: f"{value:,.10g}")  # 10,000 rather than a power of ten


def two_searches(
    photo: Image.Image, truth: ArrayLike, found: Mapping[str, ArrayLike], title: str
) -> Figure:
    """A photo, 512 pixels wide at least, beside a map for each of two searches with it.

    Args:
        photo: what is searched for.
        truth: [lat, lon] where it was taken.
        found: title of each map -> (k, 2) coordinates of what the search found.
        title: of the figure.
    """
    side, gap = 5.16, 0.12  # inches
    height = side * photo.height / photo.width
    figure = Figure(figsize=(WIDTH, height + 0.42))
    figure.suptitle(title, x=0.004, y=1 - 0.08 / (height + 0.42), ha="left", va="top",
                    fontsize=13, fontweight="bold")  # fmt: skip
    bottom = 0.02 / (height + 0.42)
    axes = figure.add_axes((0.0, bottom, side / WIDTH, height / (height + 0.42)))
    axes.imshow(np.asarray(photo.convert("RGB")), aspect="auto", interpolation="lanczos")
    axes.axis("off")
    width, part = (WIDTH - side - gap) / WIDTH, height / (height + 0.42) / len(found)
    place = geo.check_coordinates(np.atleast_2d(truth))
    for n, (name, coordinates) in enumerate(found.items()):
        middle = float(place[0, 1])
        world = figure.add_axes(
            (1 - width, bottom + (len(found) - 1 - n) * part, width, 0.9 * part),
            projection=ccrs.EqualEarth(central_longitude=middle if abs(middle) > 60 else 0),
        )
        world.set_global()
        _draw_earth(world)
        draw_points(world, coordinates, color=_FOUND[n % 2], size=34)
        draw_points(world, place, color=TRUTH, size=150, marker="*")
        world.set_title(name, fontsize=11, loc="left", color=_FOUND[n % 2], fontweight="bold")
    return figure


def listed(found: Mapping[str, ArrayLike], truth: ArrayLike, title: str) -> Figure:
    """One world with what two searches with a photo found, and where it was taken.

    Args:
        found: name of a search -> (k, 2) coordinates, the similar ones first.
        truth: [lat, lon] where the photo was taken.
        title: of the map.
    """
    figure, axes = world_map(title)
    for (name, coordinates), colour in zip(found.items(), _FOUND, strict=True):
        draw_points(axes, coordinates, label=name, color=colour, size=50)
    place = geo.check_coordinates(np.atleast_2d(truth))
    draw_points(axes, place, label="taken here", color=TRUTH, size=260, marker="*")
    _legend(axes)
    return figure


def hub_scatter(common: ArrayLike, shares: Mapping[str, ArrayLike]) -> Figure:
    """How often each photo is listed, against what it has in common with all photos.

    Args:
        common: (n,) inner product of each photo with the mean vector.
        shares: "most similar" and "most dissimilar" -> (n,) share of the lists that it is in.
    """
    common = np.asarray(common)
    figure, axes = _chart("Hubs of the dissimilar are the photos least like the mean", 3.6)
    for (name, values), colour in zip(shares.items(), _FOUND, strict=False):
        values = np.asarray(values)
        listed = values > 0
        axes.scatter(
            common[listed], 100 * values[listed], s=12, color=colour, alpha=0.6, linewidths=0,
            label=f"in the lists of the {name}",
        )  # fmt: skip
    axes.set(
        xlabel="⟨m, v⟩: inner product of a photo with the mean vector", ylabel="in % of the lists",
        ylim=(0, None),
    )  # fmt: skip
    _legend(axes, loc="upper right", markerscale=2)
    return figure


def share_bars(shares: pd.DataFrame, title: str, label: str) -> Figure:
    """Shares with their intervals: a group of bars for each `group`, a bar for each `way`.

    Args:
        shares: rows with the columns group, way, share, low and high, shares in [0, 1].
        title: of the figure.
        label: of the horizontal axis.
    """
    groups, ways = shares["group"].unique(), shares["way"].unique()
    figure, axes = _chart(title, 0.9 + 0.42 * len(shares))
    colours = dict(zip(ways, (DISSIMILAR, PALETTE[5], *PALETTE[3:]), strict=False))
    for row in shares.itertuples():
        line = (len(ways) + 0.7) * list(groups).index(row.group) + list(ways).index(row.way)
        value, ends = (
            100 * row.share,
            [[100 * (row.share - row.low)], [100 * (row.high - row.share)]],
        )
        axes.barh(line, value, 0.86, color=colours[row.way], xerr=ends,
                  error_kw={"ecolor": "#1d2329", "capsize": 3})  # fmt: skip
        words = f"{value:.1f} % [{100 * row.low:.1f}, {100 * row.high:.1f}]  {row.way}"
        axes.annotate(words, (100 * row.high, line), (7, 0), textcoords="offset points",
                      va="center", fontsize=9.5)  # fmt: skip
    middles = (len(ways) + 0.7) * np.arange(len(groups)) + (len(ways) - 1) / 2
    axes.set_yticks(middles, groups)
    axes.set(xlabel=label, xlim=(0, 150 * shares["high"].max()))
    axes.tick_params(axis="y", length=0, labelsize=10)
    axes.invert_yaxis()
    return figure


def trade_off(costs: pd.DataFrame, title: str = "What an index costs, and what it finds") -> Figure:
    """Kinds of index, a line each: memory, recall of both lists, and speed.

    Args:
        costs: what `scale.index_types.measure` returned; drawn from the largest to the smallest.
        title: of the figure.
    """
    costs = costs.sort_values("bytes_per_photo", ascending=False, kind="stable")
    lines = np.arange(len(costs))
    figure = Figure(figsize=(WIDTH, 1.3 + 0.33 * len(costs)), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    memory, recall, speed = figure.subplots(1, 3, sharey=True, width_ratios=(3, 4, 3))
    for axes, column in ((memory, "bytes_per_photo"), (speed, "queries_per_s")):
        values = costs[column].to_numpy()
        axes.hlines(lines, values.min() / 4, values, color=CHANCE, linewidth=1.2)
        axes.plot(values, lines, "o", color=TRUTH, markersize=8)
        for value, line in zip(values, lines, strict=True):
            axes.annotate(f"{value:,.0f}", (value, line), (8, 0), textcoords="offset points",
                          va="center", fontsize=9)  # fmt: skip
        axes.set(xscale="log", xlim=(values.min() / 2, values.max() * 6))
        axes.xaxis.set_major_formatter(_PLAIN)
    near, far = (costs[c].to_numpy() for c in ("recall", "recall_dissimilar"))
    recall.hlines(lines, near, far, color=CHANCE, linewidth=1.2)
    recall.plot(near, lines, "o", color=SIMILAR, markersize=8, label="of the similar")
    recall.plot(far, lines, "D", color=DISSIMILAR, markersize=7, label="of the dissimilar",
                markerfacecolor="none", markeredgewidth=1.8)  # fmt: skip
    recall.set(xlim=(min(near.min(), far.min()) - 0.05, 1.03))
    recall.legend(loc="upper left", fontsize=9, framealpha=0.9, edgecolor="none")
    memory.set_yticks(lines, costs["kind"])
    for axes, label in ((memory, "bytes per photo"), (recall, "recall@15"),
                        (speed, "queries per second")):  # fmt: skip
        axes.set_title(label, fontsize=10, loc="left")
        axes.tick_params(axis="y", length=0)
        axes.minorticks_off()
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.invert_yaxis() if axes is memory else None
    return figure


def _chart(title: str, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, **_TITLE)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
