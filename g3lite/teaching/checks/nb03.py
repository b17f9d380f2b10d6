"""Checks of the exercises of notebook 03."""

from collections.abc import Callable
from typing import Any

import numpy as np

from g3lite.teaching.checks.check import diagnose, exercise, generator


@exercise(
    start="complete fair_search, then pass it to the check",
    right="Nobody helps themselves: exclude first, then take the best k.",
)
def check_03_1(
    fair_search: Callable[[np.ndarray, np.ndarray, np.ndarray, str, int, float], np.ndarray],
) -> str | None:
    """Check a search by inner product that leaves out an author and near copies."""
    rng = generator(6)
    n = 240
    vectors = rng.normal(size=(n, 12)) * rng.uniform(0.6, 1.6, (n, 1))
    authors = np.array([f"author {i}" for i in rng.integers(8, size=n)])
    cases = []
    for k, near_copies, few in ((5, 0, False), (6, 3, False), (10, 2, False), (12, 4, True)):
        query = rng.normal(size=12)
        ranked = np.sort(vectors @ query)[::-1]
        # Limits lie between two photos, so that it does not matter on which side equality counts.
        above = (ranked[near_copies - 1] + ranked[near_copies]) / 2 if near_copies else 1e9
        if few:
            above = (ranked[-5] + ranked[-6]) / 2
        remaining = np.where(vectors @ query <= above, vectors @ query, -np.inf)
        cases.append((query, str(authors[remaining.argmax()]), k, float(above)))

    def every(rule: Callable[[np.ndarray, np.ndarray, np.ndarray, int], Any]) -> list[Any]:
        return [
            rule(vectors @ query, authors != author, vectors @ query <= above, k)
            for query, author, k, above in cases
        ]

    def best(score: np.ndarray, allowed: np.ndarray, k: int) -> np.ndarray:
        rows = np.flatnonzero(allowed)
        return rows[np.argsort(-score[rows], kind="stable")][:k]

    def afterwards(s: np.ndarray, other: np.ndarray, below: np.ndarray, k: int) -> np.ndarray:
        rows = best(s, np.full(n, True), k)
        return rows[(other & below)[rows]]

    def of_the_rest(s: np.ndarray, other: np.ndarray, below: np.ndarray, k: int) -> np.ndarray:
        return np.argsort(-s[other & below], kind="stable")[:k]

    lengths = np.linalg.norm(vectors, axis=1)
    right = every(lambda s, other, below, k: best(s, other & below, k))
    mistakes = {
        "photos by the author are still there": every(lambda s, o, b, k: best(s, b, k)),
        "photos above the limit are still there": every(lambda s, o, b, k: best(s, o, k)),
        "nothing is left out yet": every(lambda s, o, b, k: best(s, np.full(n, True), k)),
        "you take the best k and then leave some out, so fewer than k remain; leave out first": (
            every(afterwards)
        ),
        "these are positions among the photos that are left; give their rows in vectors": (
            every(of_the_rest)
        ),
        "that keeps the author's own photos only": every(lambda s, o, b, k: best(s, ~o & b, k)),
        "that keeps photos above the limit only": every(lambda s, o, b, k: best(s, o & ~b, k)),
        "photos are left out only if both hold; one of the two is enough": (
            every(lambda s, o, b, k: best(s, o | b, k))
        ),
        "the right photos, but the best comes first": (
            every(lambda s, o, b, k: best(s, o & b, k)[::-1])
        ),
        "the right photos, but in the order of the gallery; the best comes first": (
            every(lambda s, o, b, k: np.sort(best(s, o & b, k)))
        ),
        "these are the least similar photos": every(lambda s, o, b, k: best(-s, o & b, k)),
        "that ranks by the cosine; the similarity is the inner product": (
            every(lambda s, o, b, k: best(s / lengths, o & b, k))
        ),
        "one photo too few": every(lambda s, o, b, k: best(s, o & b, k - 1)),
        "one photo too many": every(lambda s, o, b, k: best(s, o & b, k + 1)),
        "without the best one: do not drop the first": (
            every(lambda s, o, b, k: best(s, o & b, k + 1)[1:])
        ),
        "these are similarities; return the rows": (every(lambda s, o, b, k: s[best(s, o & b, k)])),
    }
    given = []
    for query, author, k, above in cases:
        rows = fair_search(vectors.copy(), authors.copy(), query.copy(), author, k, above)
        if rows is None:
            return "your function returns nothing yet; let it end with return ..."
        found = np.asarray(rows)
        if found.ndim != 1:
            return f"return the rows as an array of shape (k,); yours has shape {found.shape}"
        if found.dtype == bool:
            return "that is a mask; return row numbers, the best first"
        given.append(found)
    for hint, lists in {"": right, **mistakes}.items():
        pairs = list(zip(given, lists, strict=True))
        if all(a.shape == b.shape and np.allclose(a, b) for a, b in pairs):
            return hint or None
    if any(len(rows) > size for rows, (_, _, size, _) in zip(given, cases, strict=True)):
        return "that is more than k photos; cut the list after k"
    few = next(i for i, rows in enumerate(right) if len(rows) < cases[i][2])
    if len(given[few]) != len(right[few]):
        return (
            f"if only {len(right[few])} photos are left for k = {cases[few][2]}, return these; "
            f"yours has {len(given[few])}"
        )
    case = next(
        i for i, rows in enumerate(right)
        if rows.shape != given[i].shape or (rows != given[i]).any()
    )  # fmt: skip
    return (
        f"for k = {cases[case][2]} it should be {right[case][:6].tolist()}..., and yours is "
        f"{given[case][:6].tolist()}..."
    )


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
    return hint and hint.strip()


@exercise(
    start="complete pq_bytes, then pass it to the check",
    right="Codes for every photo, prototypes once.",
)
def check_03_3(pq_bytes: Callable[[int, int, int, int], int]) -> str | None:
    """Check the bytes of an index with product quantisation: codes and prototypes."""
    sizes = [
        (1_000, 32, 8, 8), (4_122_119, 2304, 288, 8), (20_000, 768, 192, 4), (50, 60, 5, 6),
        (700, 48, 3, 10),
    ]  # fmt: skip

    def every(rule: Callable[[int, int, int, int], float]) -> list[float]:
        return [float(rule(*size)) for size in sizes]

    def codes(n: int, d: int, pieces: int, bits: int) -> int:
        return n * -(-pieces * bits // 8)

    def prototypes(n: int, d: int, pieces: int, bits: int) -> int:
        return 4 * 2**bits * d

    right = every(lambda *size: codes(*size) + prototypes(*size))
    mistakes = {
        "the prototypes are missing": every(codes),
        "the codes are missing": every(prototypes),
        "that is the exact index; a photo is stored as a code": every(lambda n, d, m, b: 4 * n * d),
        "a piece of a code takes bits, not bytes: eight of them make a byte": (
            every(lambda n, d, m, b: n * m * b + 4 * 2**b * d)
        ),
        "a piece of a code takes `bits` bits, not always a byte": (
            every(lambda n, d, m, b: n * m + 4 * 2**b * d)
        ),
        "the pieces are packed: only the photo begins at a whole byte, not each piece": (
            every(lambda n, d, m, b: n * m * -(-b // 8) + 4 * 2**b * d)
        ),
        "a code is no number of 4 bytes": every(lambda n, d, m, b: 4 * n * m + 4 * 2**b * d),
        "a photo's code begins at a whole byte, so round its bits up": (
            every(lambda n, d, m, b: n * m * b / 8 + 4 * 2**b * d)
        ),
        "round the bits of each photo up to bytes, not those of the whole gallery": (
            every(lambda n, d, m, b: -(-n * m * b // 8) + 4 * 2**b * d)
        ),
        "round the bits of a photo up, not down": (
            every(lambda n, d, m, b: n * (m * b // 8) + 4 * 2**b * d)
        ),
        "a prototype has the length of a piece, d / pieces, not d": (
            every(lambda n, d, m, b: codes(n, d, m, b) + 4 * 2**b * d * m)
        ),
        "those are the prototypes of one piece; each piece has its own": (
            every(lambda n, d, m, b: codes(n, d, m, b) + 4 * 2**b * d / m)
        ),
        "a number of a prototype takes 4 bytes": (
            every(lambda n, d, m, b: codes(n, d, m, b) + 2**b * d)
        ),
        "with b bits there are 2**b prototypes, not 2 * b": (
            every(lambda n, d, m, b: codes(n, d, m, b) + 8 * b * d)
        ),
        "with b bits there are 2**b prototypes, not b": (
            every(lambda n, d, m, b: codes(n, d, m, b) + 4 * b * d)
        ),
        "there are 2**bits prototypes, which is 256 only for 8 bits": (
            every(lambda n, d, m, b: codes(n, d, m, b) + 4 * 256 * d)
        ),
        "prototypes are stored once, not for each photo": (
            every(lambda n, d, m, b: codes(n, d, m, b) + 4 * 2**b * d * n)
        ),
        "this index stores no ids": (
            every(lambda n, d, m, b: codes(n, d, m, b) + 4 * 2**b * d + 8 * n)
        ),
        "the vectors themselves are not stored": (
            every(lambda n, d, m, b: codes(n, d, m, b) + 4 * 2**b * d + 4 * n * d)
        ),
        "that is in bits": every(lambda *size: 8 * (codes(*size) + prototypes(*size))),
        "that is in GB; return bytes": every(
            lambda *size: (codes(*size) + prototypes(*size)) / 1e9
        ),
        "that is in MB; return bytes": every(
            lambda *size: (codes(*size) + prototypes(*size)) / 1e6
        ),
    }  # fmt: skip
    given = [pq_bytes(*size) for size in sizes]
    cases = [f"for {n:,} x {d} in {m} pieces of {b} bits" for n, d, m, b in sizes]
    return diagnose(given, right, mistakes, cases, share=False, tolerance=0.01)
