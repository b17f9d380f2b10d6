"""Checks of the exercises of notebook 03, and right answers for the cells that use them."""

from collections.abc import Callable
from typing import Any

import faiss
import numpy as np

from g3lite.scale import index_types
from g3lite.teaching.checks.check import diagnose, exercise, generator

CANDIDATES = [
    "exact", "half", "sq8", "ivf", "hnsw", "pca", "PCA96,SQ8", "PCA64,SQ8", "PQ96x4np",
]  # fmt: skip
"""Kinds of index to choose from in exercise 3."""


# --- 1: remove the hubs --------------------------------------------------------------------------


def worst_after(ranked: np.ndarray, k: int, removed: int) -> float:
    """Share of the lists that the worst hub is in, after `removed` worst hubs were taken out."""
    gone: list[int] = []
    while True:
        keep = ~np.isin(ranked, gone)  # (q, m)
        first = np.argsort(~keep, axis=1, kind="stable")[:, :k]
        counts = np.bincount(np.take_along_axis(ranked, first, 1).ravel())
        if len(gone) == removed:
            return float(counts.max() / len(ranked))
        gone.append(int(counts.argmax()))


def _rankings(rng: np.random.Generator) -> list[tuple[np.ndarray, int, int]]:
    """Rankings with hubs, k, and how many to remove; the worst hub is never one of two."""
    cases: list[tuple[np.ndarray, int, int]] = []
    for queries, photos, k, removed in (
        (40, 30, 4, 0),
        (60, 40, 3, 1),
        (90, 60, 5, 3),
        (50, 60, 4, 6),
    ):
        while True:
            popularity = rng.normal(scale=1.2, size=photos)
            order = np.argsort(-popularity - rng.gumbel(size=(queries, photos)), axis=1)
            ranked, gone = order[:, : k + removed + 4], []
            for _ in range(removed + 1):
                listed = np.array([row[~np.isin(row, gone)][:k] for row in ranked])
                first, second = np.sort(np.bincount(listed.ravel()))[::-1][:2]
                gone.append(int(np.bincount(listed.ravel()).argmax()))
                if first == second:
                    break
            else:
                most = np.sort(np.bincount(ranked[:, :k].ravel()))[::-1]
                if removed == 0 or most[removed - 1] > most[removed]:
                    break
        cases.append((ranked, k, removed))
    return cases


@exercise(
    start="complete worst_after, then pass it to the check",
    right="After each removal the lists fill up again, and another photo is the worst hub.",
)
def check_03_1(worst_after: Callable[[np.ndarray, int, int], float]) -> str | None:
    """Check how often the worst hub is listed after the worst hubs have been removed in turn."""
    cases = _rankings(generator(6))

    def every(rule: Callable[[np.ndarray, int, int], float]) -> list[float]:
        return [float(rule(*case)) for case in cases]

    def count(listed: np.ndarray) -> np.ndarray:
        return np.bincount(listed.ravel())

    def without(ranked: np.ndarray, gone: Any) -> list[np.ndarray]:
        return [row[~np.isin(row, gone)] for row in ranked]

    def refilled(ranked: np.ndarray, k: int, gone: Any) -> np.ndarray:
        return np.array([row[:k] for row in without(ranked, gone)])

    def at_once(ranked: np.ndarray, k: int, removed: int) -> float:
        gone = np.argsort(-count(ranked[:, :k]), kind="stable")[:removed]
        return count(refilled(ranked, k, gone)).max() / len(ranked)

    def not_refilled(ranked: np.ndarray, k: int, removed: int) -> float:
        counts = np.sort(count(ranked[:, :k]))[::-1]
        return counts[removed] / len(ranked)

    def queries_removed(ranked: np.ndarray, k: int, removed: int) -> float:
        for _ in range(removed):
            listed = ranked[:, :k]
            left = ranked[~(listed == count(listed).argmax()).any(axis=1)]
            ranked = left if len(left) else ranked
        return count(ranked[:, :k]).max() / len(ranked)

    def of_all(ranked: np.ndarray, k: int, removed: int) -> float:
        return float(solve(ranked, ranked.shape[1] - removed, removed))

    solve = globals()["worst_after"]
    right = every(solve)
    mistakes = {
        "that removes nothing": every(lambda r, k, removed: solve(r, k, 0)),
        "one removal too few": every(lambda r, k, removed: solve(r, k, max(removed - 1, 0))),
        "one removal too many": every(lambda r, k, removed: solve(r, k, removed + 1)),
        "you count once and remove the worst all at once; count again after each removal": (
            every(at_once)
        ),
        "the lists do not fill up again: where a photo is removed, the next one moves up": (
            every(not_refilled)
        ),
        "remove the photo from all lists, not the lists that it is in": every(queries_removed),
        "count the first k of each list only": every(of_all),
        "divide by the number of lists, not of their places": (
            every(lambda r, k, removed: solve(r, k, removed) / k)
        ),
        "divide by the number of lists, not of photos": (
            every(lambda r, k, removed: solve(r, k, removed) * len(r) / (r.max() + 1))
        ),
    }
    given = [worst_after(ranked.copy(), k, removed) for ranked, k, removed in cases]
    names = [f"for k = {k} and {removed} removed" for _, k, removed in cases]
    return diagnose(given, right, mistakes, names)


# --- 2: recall -----------------------------------------------------------------------------------


@exercise(
    start="complete recall, then pass it to the check",
    right="Order does not count, and neither does what other queries found.",
)
def check_03_2(recall: Callable[[np.ndarray, np.ndarray], float]) -> str | None:
    """Check recall at k: the mean share of the exact neighbours among those found."""
    rng = generator(7)
    batches = []
    for queries, k, n in ((6, 4, 15), (50, 15, 60), (30, 10, 500)):
        order = rng.permuted(np.tile(np.arange(n), (queries, 1)), axis=1)
        exact, others = order[:, :k], order[:, k : 2 * k].copy()
        missed = rng.random((queries, k)) < rng.beta(1, 2, (queries, 1))
        missed[0], missed[1] = False, True
        others[rng.random((queries, k)) < 0.3] = -1
        found = np.where(missed, others, exact)
        found[2:] = rng.permuted(found[2:], axis=1)
        batches.append((found, exact))

    def every(measure: Callable[[np.ndarray, np.ndarray], Any]) -> list[float]:
        return [float(measure(found, exact)) for found, exact in batches]

    def hits(found: np.ndarray, exact: np.ndarray) -> np.ndarray:
        return (exact[:, :, None] == found[:, None]).any(axis=2)

    def jaccard(found: np.ndarray, exact: np.ndarray) -> float:
        both = hits(found, exact).sum(axis=1)
        return (both / ((found >= 0).sum(axis=1) + exact.shape[1] - both)).mean()

    right = every(lambda f, e: hits(f, e).mean())
    mistakes = {
        "that wants each neighbour in the same position; the order does not count": (
            every(lambda f, e: (f == e).mean())
        ),
        "that looks into the lists of all queries at once; compare row with row": (
            every(lambda f, e: np.isin(e, f).mean())
        ),
        "that looks into the lists of all queries at once; compare row with row ": (
            every(lambda f, e: np.intersect1d(f, e).size / np.unique(e).size)
        ),
        "that counts queries with at least one hit": (
            every(lambda f, e: hits(f, e).any(axis=1).mean())
        ),
        "that counts queries with all neighbours found": (
            every(lambda f, e: hits(f, e).all(axis=1).mean())
        ),
        "that asks for the first neighbour alone": every(lambda f, e: hits(f, e)[:, 0].mean()),
        "that compares the first neighbours alone": every(
            lambda f, e: (f[:, 0] == e[:, 0]).mean()
        ),
        "that is a number of neighbours; divide by k": (
            every(lambda f, e: hits(f, e).sum(axis=1).mean())
        ),
        "that is a number of neighbours; divide by k, and take the mean over the queries": (
            every(lambda f, e: hits(f, e).sum())
        ),
        "divide by k, the number of exact neighbours, not by the number of queries": (
            every(lambda f, e: hits(f, e).sum() / len(e) ** 2)
        ),
        "that divides by all that is in either list; divide by k": every(jaccard),
        "that divides by the number that was found; a -1 is a miss, so divide by k": (
            every(lambda f, e: np.mean(hits(f, e).sum(1) / np.maximum((f >= 0).sum(1), 1)))
        ),
        "that divides by the number that was found; a -1 is a miss, so divide by k ": (
            every(lambda f, e: hits(f, e).sum() / (f >= 0).sum())
        ),
        "that is the share that was missed": every(lambda f, e: 1 - hits(f, e).mean()),
        "that takes every -1 for a hit": every(
            lambda f, e: (hits(f, e).sum() + (f < 0).sum()) / e.size
        ),
        "that goes down the columns; a query is a row": (
            every(lambda f, e: hits(f.T, e.T).mean())
        ),
        "that goes down the columns; a query is a row ": every(
            lambda f, e: sum(np.intersect1d(*pair).size for pair in zip(f.T, e.T, strict=True))
            / e.size
        ),
    }  # fmt: skip
    given = [recall(found.copy(), exact.copy()) for found, exact in batches]
    cases = [f"for {len(e)} queries and k = {e.shape[1]}" for _, e in batches]
    hint = diagnose(given, right, mistakes, cases)
    if hint is not None:
        return hint.strip()
    found, exact = batches[1]
    twice = found.copy()
    twice[:, 1::3] = twice[:, ::3]  # some rows a second time, hits and others
    if not np.isclose(recall(twice.copy(), exact.copy()), hits(twice, exact).mean()):
        return "a row that is found twice is one hit; look which of the exact rows are found"
    return None


# --- 3: choose an index --------------------------------------------------------------------------


def choose(vectors: np.ndarray, queries: np.ndarray, most_bytes: float, k: int = 15) -> str:
    """The candidate within the memory whose worse recall, of both lists, is the best."""
    found = [(_measured(vectors, queries, kind, k), kind) for kind in CANDIDATES]
    return max((min(near, far), kind) for (near, far, size), kind in found if size <= most_bytes)[1]


def _measured(
    vectors: np.ndarray, queries: np.ndarray, kind: str, k: int
) -> tuple[float, float, float]:
    """Recall of the similar and of the dissimilar, and bytes per photo."""
    index = index_types.build(vectors, kind)
    near, far = (
        index_types.recall(
            index.search(sought, k)[1],
            faiss.knn(sought, vectors, k, metric=faiss.METRIC_INNER_PRODUCT)[1],
        )
        for sought in (queries, -queries)
    )
    return near, far, index_types.serialised_bytes(index) / len(vectors)


def _galleries(rng: np.random.Generator) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Vectors and queries of three galleries that call for different kinds of index."""
    n, queries, d = 1000, 80, 96

    def parted(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        vectors = vectors.astype(np.float32)
        return vectors[:n], vectors[n:]

    hidden, ways = rng.normal(size=(n + queries, 12)), rng.normal(size=(3, 12, d // 3))
    thirds = [np.tanh(hidden @ way / 3) for way in ways]
    few_axes = np.hstack([part / np.linalg.norm(part, axis=1, keepdims=True) for part in thirds])
    kinds = np.zeros((n + queries, d))
    kinds[:, 24:] = 0.35 * rng.normal(size=(n + queries, d - 24))
    kinds[np.arange(n + queries), rng.integers(24, size=n + queries)] = rng.uniform(
        2, 6, n + queries
    )
    return {
        "few axes": parted(few_axes),
        "all axes alike": parted(rng.normal(size=(n + queries, d))),
        "separate kinds": parted(kinds),
    }


@exercise(
    start="complete choose, then pass it to the check",
    right="It fits, and of the kinds that fit none serves both lists better.",
)
def check_03_3(choose: Callable[[np.ndarray, np.ndarray, float], str]) -> str | None:
    """Check the choice of an index: within a given memory, with the best of the worse recalls."""
    galleries = _galleries(generator(8))
    cases = (("few axes", 25, "pca"), ("all axes alike", 120, "sq8"),
             ("separate kinds", 90, "PQ96x4np"), ("separate kinds", 450, "exact"))  # fmt: skip
    for name, most, good in cases:
        vectors, queries = galleries[name]
        shown, held_out = queries[:40], queries[40:]
        where = f'in the gallery "{name}" with {most} bytes a photo'
        kind = choose(vectors.copy(), shown.copy(), most)
        if kind is None:
            return "your function returns nothing yet; let it end with return ..."
        if not isinstance(kind, str):
            return f"return the name of one kind, a text; yours is {type(kind).__name__}"
        try:
            near, far, size = _measured(vectors, held_out, kind, 15)
        except (ValueError, RuntimeError) as error:
            return f"{where} {kind!r} cannot be built: {error}"
        if size > most:
            return f"{where} you chose {kind!r}, which takes {size:.0f}"
        least = min(_measured(vectors, held_out, good, 15)[:2])
        if min(near, far) < least - 0.05:
            which = "dissimilar" if far < near else "similar"
            return (
                f"{where} you chose {kind!r}; it finds {min(near, far):.0%} of the most {which}. "
                f"{good!r} fits too, and finds at least {least:.0%} of either list"
            )
    return None
