"""Diagrams of the gallery: inner products, hubs, product quantisation, lists."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike
from scipy.spatial import Voronoi, voronoi_plot_2d
from sklearn.cluster import KMeans

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


def inner_products() -> Diagram:
    """A search with q and one with -q, in a sketch of seven photos in two dimensions."""
    angles = np.radians([2, 42, 78, 118, 160, 205, 238])
    photos = np.column_stack([np.cos(angles), np.sin(angles)])
    query = np.array([np.cos(np.radians(30)), np.sin(np.radians(30))])
    canvas = Canvas(362, "One index, two searches: with q and with −q (a sketch)")
    canvas.panel(10, 40, 880, 312)
    said = []
    for n, (sign, name) in enumerate(((1, "q"), (-1, "−q"))):
        middle = np.array([150.0 + 440 * n, 200.0])
        values = sign * photos @ query
        best = int(values.argmax())
        around = np.linspace(0, 2 * np.pi, 90)
        canvas.line(
            middle[0] + 112 * np.cos(around), middle[1] - 112 * np.sin(around), color="#c9cdd1"
        )
        for number, spot in enumerate(photos):
            end = middle + 112 * spot * [1, -1]
            color = BLUE if number == best else GREY
            canvas.line(*zip(middle, end, strict=True), color=color, linewidth=1)
            canvas.axes.plot(*end, "o", color=color, markersize=8, zorder=4)
            canvas.text(*(middle + 130 * spot * [1, -1]), f"{number + 1}", size=SMALL)
        tip = middle + sign * 96 * query * [1, -1]
        canvas.arrow(tuple(middle), tuple(tip), color=ORANGE, width=3)
        canvas.text(
            *(middle + sign * 60 * query * [1, -1] + [0, -16]), name, size=12, weight="bold"
        )
        x = 320 + 440 * n
        canvas.text(x + 48, 66, f"⟨{name}, photo⟩", weight="bold")
        for place, number in enumerate(np.argsort(-values, kind="stable")):
            y = 84 + 32 * place
            first = number == best
            canvas.box(
                x, y, 96, 27, f"{number + 1}:  {values[number]:+.2f}".replace("-", "−"),
                color=BLUE if first else GREY, strength=0.3 if first else 0.06, edge=0.8,
                size=SMALL, weight="bold" if first else "normal",
            )  # fmt: skip
        said.append(f"with {name} photo {best + 1} comes first")
    canvas.text(
        450, 330, "⟨q, −v⟩ = ⟨−q, v⟩: the order is turned around, and no second index is needed",
        size=SMALL,
    )  # fmt: skip
    return canvas.done(
        f"""Sketch of seven photos on a circle and a query, twice: {"; ".join(said)}. The inner
        products only change their sign, so the list is turned around and one index serves both
        searches."""
    )


def hub(dissimilar: ArrayLike, photos: int, shown: int = 24, random_state: int = 0) -> Diagram:
    """Queries, and the photos that are in their lists of the dissimilar: one of them is a hub.

    Args:
        dissimilar: (q, k) rows of the gallery, the lists of q queries; -1 is no photo.
        photos: number of photos in the gallery.
        shown: queries that are drawn, chosen at random.
        random_state: of that choice.
    """
    lists = np.asarray(dissimilar)
    queries, k = lists.shape
    counts = np.bincount(lists[lists >= 0], minlength=photos)
    worst = int(counts.argmax())
    some = np.random.default_rng(random_state).permutation(queries)[:shown]
    named = np.unique(lists[some][lists[some] >= 0])
    named = np.union1d(named, worst)
    named = named[np.argsort(-counts[named], kind="stable")][:17]
    canvas = Canvas(400, "A hub: one photo in the lists of many queries")
    canvas.panel(10, 40, 880, 350)
    left, right, top, bottom = 60, 520, 92, 366
    y_of = dict(zip(named, np.linspace(top, bottom, len(named)), strict=True))
    canvas.text(left, 64, f"{len(some)} of {queries:,}\nqueries", size=SMALL)
    canvas.text(right, 64, "photos in their lists,\nthe most frequent on top", size=SMALL)
    for y, query in zip(np.linspace(top, bottom, len(some)), some, strict=True):
        canvas.axes.plot(left, y, "o", color=INK, markersize=5, zorder=4)
        for photo in lists[query]:
            if photo in y_of:
                mine = photo == worst
                canvas.line(
                    [left, right], [y, y_of[photo]], color=ORANGE if mine else "#c9cdd1",
                    linewidth=1.5 if mine else 0.6, zorder=3 if mine else 2,
                )  # fmt: skip
    for photo, y in y_of.items():
        size = 2 + 7 * np.sqrt(counts[photo] / counts.max())
        color = ORANGE if photo == worst else BLUE
        canvas.axes.plot(right, y, "o", color=color, markersize=size, zorder=4)
    share, expected = counts[worst] / queries, queries * k / photos
    used = np.count_nonzero(counts)
    for y, words, color in (
        (100, f"the hub is in the lists of\n{counts[worst]:,} of {queries:,} queries: "
              f"{100 * share:.0f} %", ORANGE),
        (184, f"an average photo is\nin {expected:.1f} lists", BLUE),
        (268, f"{used:,} of {photos:,} photos\nare in any list at all", GREY),
    ):  # fmt: skip
        canvas.box(620, y, 250, 64, words, color=color)
    return canvas.done(
        f"""Lines from {len(some)} queries to the photos in their lists of the {k} most dissimilar.
        Many end in one photo, the hub, which is in the lists of {counts[worst]:,} of {queries:,}
        queries, {100 * share:.0f} per cent; an average photo is in {expected:.1f}. Only {used:,}
        of {photos:,} photos are in any list."""
    )


def code_book(
    vectors: ArrayLike, number: int = 0, pieces: int = 4, prototypes: int = 16
) -> Diagram:
    """Product quantisation of one vector: cut into pieces, each replaced by its nearest prototype.

    What is drawn are the first 2 x `pieces` numbers of the vectors, for example their coordinates
    along the first principal axes.

    Args:
        vectors: (n, d) with d at least 2 x `pieces`; n at least `prototypes`.
        number: of the vector that is encoded.
        pieces: pieces of two numbers each, up to 4.
        prototypes: of each piece, a power of two.
    """
    parts = np.asarray(vectors, dtype=np.float64)[:, : 2 * pieces].reshape(-1, pieces, 2)
    bits = int(np.log2(prototypes))
    canvas = Canvas(424, "A code book: product quantisation of one photo's vector")
    canvas.panel(10, 40, 880, 374)
    width = 740 / pieces
    codes, errors = [], []
    canvas.text(24, 76, f"{2 * pieces} numbers,\n{4 * 2 * pieces} bytes", ha="left", size=SMALL)
    canvas.text(
        24, 216, f"{prototypes} prototypes\nfor each piece,\nby k-means\n(crosses)", ha="left",
        size=SMALL,
    )  # fmt: skip
    canvas.text(
        24, 366, f"{pieces} codes,\n{pieces * bits / 8:g} byte{'s' * (pieces * bits > 8)}",
        ha="left", size=SMALL,
    )  # fmt: skip
    for piece in range(pieces):
        points, x = parts[:, piece], 138 + width * piece
        centres = KMeans(prototypes, n_init=1, random_state=0).fit(points).cluster_centers_
        code = int(((centres - points[number]) ** 2).sum(axis=1).argmin())
        codes.append(code)
        errors.append(points[number] - centres[code])
        for half in range(2):
            canvas.box(
                x + (width - 16) / 2 * half, 60, (width - 16) / 2, 34,
                f"{points[number, half]:+.2f}".replace("-", "−"), color=BLUE, size=SMALL, edge=0.8,
            )  # fmt: skip
        canvas.arrow((x + width / 2 - 8, 94), (x + width / 2 - 8, 116))
        axes = canvas.inset(x, 118, width - 16, 196)
        _bare(axes)
        axes.scatter(*points.T, s=3, color="#b9bdc2", linewidths=0)
        axes.scatter(*centres.T, s=26, marker="x", color=INK, linewidths=1.1)
        axes.scatter(*centres[code], s=120, marker="x", color=ORANGE, linewidths=3)
        axes.scatter(*points[number], s=46, color=BLUE, edgecolors="white", zorder=5)
        axes.margins(0.06)
        canvas.arrow((x + width / 2 - 8, 316), (x + width / 2 - 8, 342))
        canvas.box(
            x + width / 2 - 62, 344, 108, 44, f"{code}\n{code:0{bits}b}", color=ORANGE, size=SMALL,
            weight="bold",
        )  # fmt: skip
    whole = np.linalg.norm(errors) / max(np.linalg.norm(parts[number]), 1e-12)
    return canvas.done(
        f"""A vector of {2 * pieces} numbers, cut into {pieces} pieces of two. Each piece is a dot
        among those of all photos, and is replaced by the nearest of {prototypes} crosses. The
        numbers of the crosses, {", ".join(map(str, codes))}, are the code:
        {pieces * bits / 8:g} bytes instead of {8 * pieces}. What is lost is {100 * whole:.0f} per
        cent of the vector's length."""
    )


def lists(vectors: ArrayLike, query: ArrayLike, probes: int = 3, number: int = 16) -> Diagram:
    """Inverted lists in a plane: the photos sorted into cells, of which a search opens a few.

    Args:
        vectors: (n, 2), for example along two principal axes, and `query` (2,) in the same plane.
        query: what is searched for; the nearest by Euclidean distance, so that it can be seen.
        probes: cells that are opened.
        number: of cells, by k-means.
    """
    points, query = np.asarray(vectors, np.float64), np.asarray(query, np.float64)
    found = KMeans(number, n_init=1, random_state=0).fit(points)
    centres, cell = found.cluster_centers_, found.labels_
    opened = np.argsort(((centres - query) ** 2).sum(axis=1))[:probes]
    looked = np.isin(cell, opened)
    nearest = ((points - query) ** 2).sum(axis=1).argsort()[:15]
    hits = looked[nearest]
    canvas = Canvas(424, "Lists: the photos are sorted, and a search opens a few lists only")
    canvas.panel(10, 40, 880, 374)
    axes = canvas.inset(24, 52, 560, 350)
    _bare(axes)
    far = points.mean(axis=0) + 100 * np.ptp(points, axis=0) * [[1, 1], [1, -1], [-1, 1], [-1, -1]]
    voronoi_plot_2d(
        Voronoi(np.vstack([centres, far])), axes, show_points=False, show_vertices=False,
        line_colors="#8a9299", line_width=0.9,
    )  # fmt: skip
    for open_, color, size in ((False, "#c3c7ca", 4), (True, BLUE, 7)):
        axes.scatter(*points[looked == open_].T, s=size, color=color, linewidths=0)
    axes.scatter(*centres.T, s=30, marker="x", color=INK, linewidths=1.2)
    axes.scatter(*points[nearest[hits]].T, s=28, color=GREEN, edgecolors=INK, linewidths=0.7)
    axes.scatter(
        *points[nearest[~hits]].T, s=28, color=PINK, edgecolors=INK, linewidths=0.7, marker="s"
    )
    axes.scatter(*query, s=120, marker="*", color=ORANGE, edgecolors=INK, linewidths=0.8)
    low, high = points.min(axis=0), points.max(axis=0)
    (x, y), half = (low + high) / 2, max((high - low) / [560, 350]) / 2  # as long along both axes
    axes.set(xlim=(x - 560 * half, x + 560 * half), ylim=(y - 350 * half, y + 350 * half))
    for y, marker, color, words in (
        (70, "*", ORANGE, "the query"),
        (108, "x", INK, f"the middle of a list, {number} in all"),
        (146, "o", BLUE, f"photos of the {probes} lists opened"),
        (184, "o", GREEN, f"of the 15 nearest: {hits.sum()} found"),
        (222, "s", PINK, f"of the 15 nearest: {(~hits).sum()} missed"),
    ):
        canvas.axes.plot(
            612, y, marker, color=color, markersize=14 if marker == "*" else 8,
            markeredgecolor=INK if marker != "x" else None, markeredgewidth=0.6 + (marker == "x"),
            zorder=4,
        )  # fmt: skip
        canvas.text(634, y, words, ha="left", size=SMALL)
    canvas.text(740, 372, "in a plane, and by distance,\nso that it can be drawn", size=SMALL)
    share = looked.mean()
    canvas.box(
        606, 262, 268, 84, f"{looked.sum():,} of {len(points):,} photos\nare looked at: "
        f"{100 * share:.0f} %", color=BLUE, weight="bold",
    )  # fmt: skip
    return canvas.done(
        f"""{len(points):,} photos as points of a plane, sorted into {number} cells. A query opens
        the {probes} cells with the nearest middles and so looks at {looked.sum():,} photos,
        {100 * share:.0f} per cent. Of the 15 nearest {hits.sum()} are found; {(~hits).sum()}
        lie in cells that stay closed, and are missed."""
    )


def _bare(axes: Axes) -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(color="#b9bdc2", linewidth=0.8)
