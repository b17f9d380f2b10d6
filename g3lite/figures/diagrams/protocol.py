"""Diagrams of evaluation: which photos may be used for what, and resampling by photographer."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from g3lite.figures.diagrams.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    SMALL,
    Canvas,
    Diagram,
)

USES = {
    "gallery": ("training and gallery", "weights are learnt from it,\nand searches look into it"),
    "validation": ("validation", "all choices are made on it:\nprompts, N, S, thresholds"),
    "test": ("test", "looked at once, at the end,\nand nothing is chosen by it"),
}


def splits(tables: Mapping[str, pd.DataFrame]) -> Diagram:
    """Gallery, validation and test: how many photos, by whom, and whether anybody is in two sets.

    Args:
        tables: a photo table for each key of `USES`, with AUTHOR.
    """
    authors = {name: set(tables[name]["AUTHOR"].dropna()) for name in USES}
    pairs = [("gallery", "validation"), ("validation", "test"), ("gallery", "test")]
    shared = {pair: len(authors[pair[0]] & authors[pair[1]]) for pair in pairs}
    canvas = Canvas(366, "Gallery, validation, test: who may see what")
    canvas.panel(10, 40, 880, 316)
    largest = max(len(table) for table in tables.values())
    said = []
    for n, (name, (title, use)) in enumerate(USES.items()):
        x, color = 30 + 292 * n, (BLUE, GREEN, ORANGE)[n]
        canvas.text(x + 126, 64, title, weight="bold", size=12)
        canvas.box(x, 82, 252, 150, color=color, strength=0.08)
        share = len(tables[name]) / largest
        side = 112 * math.sqrt(share)  # areas as the numbers of photos
        canvas.box(x + 14, 157 - side / 2, max(side, 12), max(side, 12), color=color, strength=0.7)
        numbers = f"{len(tables[name]):,} photos\nby {len(authors[name]):,}\nphotographers"
        canvas.text(x + 190, 157, numbers, size=SMALL)
        canvas.text(x + 126, 256, use, size=SMALL)
        said.append(f"{title} {len(tables[name]):,} photos by {len(authors[name]):,}")
        if n < 2:
            canvas.arrow((x + 252, 157), (x + 292, 157), width=2.2)
    none = "no photographer is in two of the sets"
    some = "; ".join(f"{k} in {a} and {b}" for (a, b), k in shared.items() if k)
    words = none if not some else f"photographers in two sets: {some}"
    canvas.box(200, 294, 500, 36, words, color=GREY if not some else ORANGE, size=SMALL,
               weight="bold")  # fmt: skip
    return canvas.done(
        f"""Three boxes from left to right, as large as their sets: {", ".join(said)} photographers;
        {words}. Weights are learnt on the first, choices are made on the second, and the third is
        looked at once, at the end."""
    )


def resampling(
    authors: ArrayLike, hits: ArrayLike, draws: int = 2_000, seed: int = 0, shown: int = 9
) -> Diagram:
    """Resampling by photographer: whole people are drawn, with all their photos, again and again.

    Args:
        authors: (n,) who took each photo.
        hits: (n,) True where the answer is right.
        draws: how often a set is drawn.
        seed: of the draws.
        shown: photographers that are shown, the first ones, up to 12.
    """
    names, who = np.unique(np.asarray(authors).astype(str), return_inverse=True)
    hits = np.asarray(hits, dtype=bool)
    photos, right = np.bincount(who), np.bincount(who, hits)
    rng = np.random.default_rng(seed)
    samples = rng.integers(0, len(names), (draws, len(names)))
    shares = right[samples].sum(axis=1) / photos[samples].sum(axis=1)
    low, high = np.quantile(shares, [0.025, 0.975])
    canvas = Canvas(400, "Resampling by photographer")
    canvas.panel(10, 40, 880, 350)
    shown = min(shown, len(names), 12)
    few = rng.integers(0, shown, (2, shown))
    rows = (("photographers", np.arange(shown)), ("a draw", few[0]), ("another draw", few[1]))
    for n, (title, people) in enumerate(rows):
        top, step = 64 + 106 * n, 408 / shown
        canvas.text(24, top + 10, title, ha="left", weight="bold", size=SMALL)
        for place, person in enumerate(people):
            x = 140 + step * place
            canvas.box(x, top, step - 5, 20, chr(65 + person), color=BLUE, size=SMALL, edge=0.8,
                       strength=0.12 if n == 0 else 0.35)  # fmt: skip
            own = hits[who == person][:8]
            for k, hit in enumerate(own):
                spot = (x + 10 + 14 * (k % 2), top + 32 + 14 * (k // 2))
                canvas.axes.plot(
                    *spot, "o" if hit else "x", color=GREEN if hit else ORANGE, zorder=4,
                    markersize=6 if hit else 5, markeredgewidth=1.6,
                )  # fmt: skip
        share = right[people].sum() / photos[people].sum()
        canvas.text(24, top + 38, f"{100 * share:.0f} % right", ha="left", size=SMALL)
    canvas.text(24, 376, "green dot: right   orange cross: wrong   (up to eight photos of each)",
                ha="left", size=SMALL)  # fmt: skip
    axes = canvas.inset(596, 92, 272, 206)
    axes.hist(100 * shares, bins=30, color=BLUE, alpha=0.55)
    for edge in (low, high):
        axes.axvline(100 * edge, color=ORANGE, linewidth=2)
    axes.axvline(100 * hits.mean(), color=INK, linewidth=2, linestyle="--")
    axes.set_yticks([])
    axes.set_xlabel("per cent right", fontsize=SMALL, color=INK)
    axes.spines[["top", "right", "left"]].set_visible(False)
    canvas.text(732, 66, f"all {len(names):,} photographers,\n{draws:,} draws", size=SMALL)
    canvas.text(
        732, 364, f"{100 * hits.mean():.1f} %   95 %: {100 * low:.1f} to {100 * high:.1f}",
        weight="bold",
    )  # fmt: skip
    return canvas.done(
        f"""Left: {shown} photographers with their photos, right or wrong, and two draws of as many
        photographers, some drawn twice and some not at all. Right: the shares of {draws:,} draws of
        all {len(names):,} photographers; {100 * hits.mean():.1f} per cent are right, and 95 per
        cent of the draws lie between {100 * low:.1f} and {100 * high:.1f}."""
    )
