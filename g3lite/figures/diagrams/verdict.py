"""Diagrams of geo-verification: candidates and their judge, a mean and a medoid."""

from __future__ import annotations

import numpy as np
import pandas as pd
from cartopy.mpl.gridliner import Gridliner
from numpy.typing import ArrayLike
from PIL import Image

from g3lite import geo, places
from g3lite.figures.diagrams.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    SMALL,
    Canvas,
    Diagram,
)
from g3lite.figures.maps import _middle, _part_of_the_world, _zoomed, draw_arcs, draw_points


def candidates_and_judge(
    photo: Image.Image, candidates: pd.DataFrame, truth: ArrayLike | None = None, shown: int = 8
) -> Diagram:
    """A photo, the places that compete for it, and the score that the judge gives to each.

    Args:
        photo: what is to be located.
        candidates: as in `Prediction.candidates`: LAT, LON, origin and score.
        truth: [lat, lon], if it is known.
        shown: different places that are shown, the best first.
    """
    table = candidates.sort_values("score", ascending=False, kind="stable")
    times = table.groupby(["LAT", "LON"])["score"].transform("size")
    table = table.assign(times=times).drop_duplicates(["LAT", "LON"])
    all_, table = len(table), table.head(shown).reset_index(drop=True)
    spots = table[["LAT", "LON"]].to_numpy(dtype=np.float64)
    cities = places.nearest_city(spots)["city"]
    canvas = Canvas(max(346, 116 + 30 * len(table)), "Candidates and their judge")
    canvas.panel(10, 40, 880, canvas.height - 50)
    height = canvas.photo(photo, 26, 72, 180, color=BLUE)
    canvas.text(116, 58, "the photo", weight="bold")
    canvas.text(116, 72 + height + 24, "its vector in the\nimage-GPS space", size=SMALL)
    canvas.text(390, 58, "candidates", weight="bold")
    canvas.text(726, 58, "score = ⟨photo, GPS⟩", weight="bold")
    low, high = table["score"].min(), table["score"].max()
    away = None if truth is None else geo.great_circle_km(spots, truth)
    for row, one in table.iterrows():
        y, first = 78 + 30 * row, row == 0
        color = ORANGE if first else GREEN if one["origin"] == "reply" else PINK
        name = cities[row] + (f", {one['times']} times" if one["times"] > 1 else "")
        bold = "bold" if first else "normal"
        canvas.box(258, y, 270, 25, name, color=color, size=SMALL, weight=bold,
                   strength=0.36 if first else 0.14, edge=2.2 if first else 0.8)  # fmt: skip
        canvas.arrow((528, y + 12), (560, y + 12), width=1)
        length = 22 + 148 * (one["score"] - low) / max(high - low, 1e-9)
        canvas.box(562, y + 3, length, 19, color=color, strength=0.65 if first else 0.4, edge=0.6)
        said = f"{one['score']:.3f}"
        if away is not None:
            said += f"   {away[row]:,.0f} km off"
        canvas.text(740, y + 12, said, ha="left", size=SMALL, weight=bold)
    canvas.arrow((206, 72 + height / 2), (258, 72 + height / 2), width=2)
    y = 78 + 30 * len(table) + 14
    legend = "orange: winner   green: replies   pink: retrieved   bars: lowest to highest"
    more = f"   ({all_ - len(table)} more places)" if all_ > len(table) else ""
    canvas.text(258, y, legend + more, ha="left", size=SMALL)
    off = "" if away is None else f", {away[0]:,.0f} km from the truth"
    return canvas.done(
        f"""A photo and the {len(table)} best of {all_} different candidates with their scores. The
        winner is {cities[0]} with {table["score"][0]:.3f}{off}."""
    )


def mean_and_medoid(coordinates: ArrayLike, scores: ArrayLike | None = None) -> Diagram:
    """Three ways to make one place of candidates: their mean, their medoid, the best score.

    The mean is that of the points on the sphere; the medoid is the candidate with the smallest sum
    of distances to all others.

    Args:
        coordinates: (n, 2) candidates, [lat, lon].
        scores: (n,) of a judge; None: only mean and medoid are shown.
    """
    points = geo.check_coordinates(coordinates)
    mean = geo.spherical_mean(points, np.zeros(len(points), dtype=np.int64), 1)
    if np.isnan(mean).any():
        raise ValueError("these candidates have no mean: they lie on opposite sides of the Earth")
    sums = geo.great_circle_km(points[:, None], points).sum(axis=1)
    answers = {"mean": mean[0], "medoid": points[sums.argmin()]}
    if scores is not None:
        answers["best score"] = points[int(np.argmax(scores))]
    canvas = Canvas(424, "Mean and medoid: many candidates, one answer")
    canvas.panel(10, 40, 880, 374)
    together, middle = np.vstack([points, mean]), _middle(np.vstack([points, mean]))
    if middle is None:
        axes = _part_of_the_world(canvas.figure, (1, 1, 1), together, 580 / 346)
    else:
        axes = _zoomed(canvas.figure, (1, 1, 1), together, middle, 580 / 346, 600)
    axes.set_position([50 / 900, 1 - (346 + 50) / 424, 540 / 900, 330 / 424])
    axes.set_zorder(3)
    for lines in axes.artists:  # a map's own words are smaller than a diagram's
        if isinstance(lines, Gridliner):
            lines.xlabel_style = lines.ylabel_style = {"size": 9, "color": INK}
    for words in axes.texts:
        words.set_size(9)
    draw_arcs(axes, points, np.repeat(mean, len(points), axis=0), color="#8a9299", width=0.5)
    draw_points(axes, points, color=GREEN, size=44)
    looks = {"mean": (GREY, "D", 120), "medoid": (BLUE, "s", 120), "best score": (ORANGE, "X", 130)}
    nearest = places.nearest_city(np.array(list(answers.values())))
    canvas.axes.plot(622, 78, "o", color=GREEN, markersize=9, zorder=4)
    canvas.text(642, 78, f"{len(points)} candidates", ha="left")
    said = []
    for n, (name, spot) in enumerate(answers.items()):
        color, marker, size = looks[name]
        draw_points(axes, spot[None], color=color, size=size, marker=marker)
        y, city = 122 + 92 * n, nearest.iloc[n]
        canvas.axes.plot(622, y, marker, color=color, markersize=11, zorder=4)
        canvas.text(642, y, name, ha="left", weight="bold")
        gap = geo.great_circle_km(points, spot).min()
        where = f"{city['km']:,.0f} km from {city['city']}"
        what = "one of the candidates" if gap < 0.001 else f"{gap:,.0f} km from any candidate"
        canvas.text(642, y + 32, f"{where},\n{what}", ha="left", size=SMALL)
        said.append(f"the {name} lies {where}, {what}")
    return canvas.done(f"A map of {len(points)} candidates: {'; '.join(said)}.")
