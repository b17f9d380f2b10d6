"""The exercises of notebook 03: their checks take the solution and reject what students get wrong.

Every wrong answer is written as a student would write it, independently of the checks' own list.
"""

import math

import faiss
import numpy as np
import pytest

from g3lite.scale import index_types
from g3lite.teaching.checks import nb03

NAME = "03_index_construction"


@pytest.fixture(scope="module")
def given():
    """What the solutions read, by name."""
    paper_n, paper_d = 4_122_119, 2304
    rows = np.arange(30).reshape(2, 15)
    return {
        "np": np,
        "index_types": index_types,
        "few": rows,
        "found": {"aligned": (None, rows)},
        "paper_n": paper_n,
        "paper_d": paper_d,
    }


# --- 1: a fair search ----------------------------------------------------------------------------


def test_the_first_solution_is_accepted(solutions, capsys):
    nb03.check_03_1(solutions["fair_search"])
    assert capsys.readouterr().out.startswith("✓")


def one_by_one(vectors, authors, query, author, k, above):
    found = []
    for row in np.argsort(-(vectors @ query)):
        if authors[row] != author and vectors[row] @ query <= above and len(found) < k:
            found.append(int(row))
    return found


def with_minus_infinity(vectors, authors, query, author, k, above):
    s = vectors @ query
    s = np.where((authors == author) | (s > above), -np.inf, s)
    rows = np.argsort(s)[::-1][:k]
    return rows[np.isfinite(s[rows])]


def with_faiss(vectors, authors, query, author, k, above):
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors.astype("float32"))
    s, rows = index.search(query[None].astype("float32"), len(vectors))
    keep = (authors[rows[0]] != author) & (s[0] <= above)
    return rows[0][keep][:k]


def sorted_tuples(vectors, authors, query, author, k, above):
    scored = zip(vectors @ query, range(len(vectors)), authors, strict=True)
    scored = [(s, row) for s, row, by in scored if by != author and s <= above]
    return tuple(row for _, row in sorted(scored, reverse=True)[:k])


@pytest.mark.parametrize("answer", [one_by_one, with_minus_infinity, with_faiss, sorted_tuples])
def test_other_right_answers_to_the_first_are_accepted(answer):
    assert nb03.check_03_1.hint(answer) is None


def search(
    allowed=lambda s, by, author, above: (by != author) & (s <= above),
    score=lambda vectors, query: vectors @ query,
    end=lambda rows, k: rows[:k],
):
    """An answer with one step replaced."""

    def fair_search(vectors, authors, query, author, k, above):
        s = score(vectors, query)
        rows = np.flatnonzero(allowed(s, authors, author, above))
        return end(rows[np.argsort(-s[rows])], k)

    return fair_search


def cut_first(vectors, authors, query, author, k, above):
    s = vectors @ query
    rows = np.argsort(-s)[:k]
    return rows[(authors[rows] != author) & (s[rows] <= above)]


def drop_rows(vectors, authors, query, author, k, above):
    s = (vectors @ query)[authors != author]
    s = s[s <= above]
    return np.argsort(-s)[:k]


def ascending(vectors, authors, query, author, k, above):
    s = vectors @ query
    rows = np.flatnonzero((authors != author) & (s <= above))
    return rows[np.argsort(s[rows])][:k]


def last_of_ascending(vectors, authors, query, author, k, above):
    s = vectors @ query
    rows = np.flatnonzero((authors != author) & (s <= above))
    return rows[np.argsort(s[rows])][-k:]


def by_distance(vectors, query):
    return -np.linalg.norm(vectors - query, axis=1)


def by_distance_with_limit(vectors, authors, query, author, k, above):
    s, near = vectors @ query, np.linalg.norm(vectors - query, axis=1)
    rows = np.flatnonzero((authors != author) & (s <= above))
    return rows[np.argsort(near[rows])][:k]


def cosine(vectors, query):
    return vectors @ query / np.linalg.norm(vectors, axis=1) / np.linalg.norm(query)


def filled(vectors, authors, query, author, k, above):
    s = vectors @ query
    s = np.where((authors == author) | (s > above), -np.inf, s)
    return np.argsort(-s)[:k]


def filled_with_minus_one(vectors, authors, query, author, k, above):
    rows = one_by_one(vectors, authors, query, author, k, above)
    return rows + [-1] * (k - len(rows))


def the_similarities(vectors, authors, query, author, k, above):
    return (vectors @ query)[one_by_one(vectors, authors, query, author, k, above)]


def the_names(vectors, authors, query, author, k, above):
    return authors == author


def both(vectors, authors, query, author, k, above):
    rows = one_by_one(vectors, authors, query, author, k, above)
    return np.array([rows, rows])


def in_gallery_order(rows, k):
    return np.sort(rows[:k])


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (search(lambda s, by, author, above: s <= above), "by the author are still there"),
        (search(lambda s, by, author, above: by != author), "above the limit are still there"),
        (search(lambda s, by, author, above: s > -1e9), "nothing is left out"),
        (search(lambda s, by, author, above: (by == author) & (s <= above)), "own photos only"),
        (search(lambda s, by, author, above: (by != author) & (s >= above)), "above the limit"),
        (search(lambda s, by, author, above: (by != author) | (s <= above)), "one of the two"),
        (cut_first, "leave out first"),
        (drop_rows, "positions among the photos"),
        (ascending, "least similar"),
        (last_of_ascending, "best comes first"),
        (search(end=in_gallery_order), "in the order of the gallery"),
        (search(score=by_distance), "Not yet"),
        (by_distance_with_limit, "should be"),
        (search(score=cosine), "Not yet"),
        (search(score=lambda v, q: np.abs(v @ q)), "Not yet"),
        (search(end=lambda rows, k: rows[: k - 1]), "too few"),
        (search(end=lambda rows, k: rows[: k + 1]), "too many"),
        (search(end=lambda rows, k: rows[1 : k + 1]), "do not drop the first"),
        (search(end=lambda rows, k: rows), "cut the list"),
        (search(end=lambda rows, k: rows[:5]), "should be"),
        (search(end=lambda rows, k: rows[0]), "shape"),
        (filled, "if only"),
        (filled_with_minus_one, "if only"),
        (the_similarities, "similarities"),
        (the_names, "mask"),
        (both, "shape"),
        (lambda vectors, authors, query, author, k, above: None, "return"),
        (lambda vectors, authors, query, author, k, above: list(range(k)), "Not yet"),
    ],
)
def test_wrong_answers_to_the_first_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb03.check_03_1, answer)


# --- 2: recall -----------------------------------------------------------------------------------


def test_the_second_solution_is_accepted(solutions):
    assert nb03.check_03_2.hint(solutions["recall"]) is None


def with_sets(found, exact):
    shares = [len(set(a) & set(b)) / len(b) for a, b in zip(found, exact, strict=True)]
    return sum(shares) / len(shares)


def with_isin(found, exact):
    return np.mean([np.isin(b, a) for a, b in zip(found, exact, strict=True)])


def all_at_once(found, exact):
    return (found[:, :, None] == exact[:, None]).sum() / exact.size


@pytest.mark.parametrize("answer", [index_types.recall, with_sets, with_isin, all_at_once])
def test_other_right_answers_to_the_second_are_accepted(answer):
    assert nb03.check_03_2.hint(answer) is None


def of_sets(rule, mean=np.mean):
    """An answer from the two sets of each query and k."""

    def recall(found, exact):
        pairs = zip(found, exact, strict=True)
        return mean([rule(set(a.tolist()), set(b.tolist()), len(b)) for a, b in pairs])

    return recall


def position_by_position(found, exact):
    return np.mean(found == exact)


def over_all_lists(found, exact):
    return np.isin(found, exact).mean()


def over_all_lists_the_other_way(found, exact):
    return np.isin(exact, found).mean()


def unique_rows(found, exact):
    return len(np.intersect1d(found, exact)) / len(np.unique(exact))


def of_found_only(found, exact):
    hits = sum(len(set(a) & set(b)) for a, b in zip(found, exact, strict=True))
    return hits / (found != -1).sum()


def minus_one_is_a_hit(found, exact):
    pairs = zip(found, exact, strict=True)
    return np.mean([[row in b or row == -1 for row in a] for a, b in pairs])


def down_the_columns(found, exact):
    return with_sets(found.T, exact.T)


def divided_by_queries(found, exact):
    return with_sets(found, exact) * exact.shape[1] / len(found)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (position_by_position, "order does not count"),
        (over_all_lists, "Not yet"),
        (over_all_lists_the_other_way, "all queries at once"),
        (unique_rows, "all queries at once"),
        (of_sets(lambda a, b, k: bool(a & b)), "at least one"),
        (of_sets(lambda a, b, k: a == b), "all neighbours found"),
        (of_sets(lambda a, b, k: len(a & b)), "divide by k"),
        (of_sets(lambda a, b, k: len(a & b), sum), "divide by k"),
        (of_sets(lambda a, b, k: len(a & b) / k, sum), "no share"),
        (of_sets(lambda a, b, k: 100 * len(a & b) / k), "no share"),
        (of_sets(lambda a, b, k: len(a & b) / len(a | b)), "Not yet"),
        (of_sets(lambda a, b, k: len(a & b) / len((a | b) - {-1})), "either list"),
        (of_sets(lambda a, b, k: len(a & b) / max(len(a - {-1}), 1)), "a -1 is a miss"),
        (of_sets(lambda a, b, k: 1 - len(a & b) / k), "missed"),
        (of_sets(lambda a, b, k: len(a & b) / k, np.median), "should be"),
        (of_sets(lambda a, b, k: len(a & b) / k, min), "should be"),
        (of_found_only, "a -1 is a miss"),
        (minus_one_is_a_hit, "-1"),
        (down_the_columns, "a query is a row"),
        (divided_by_queries, "Not yet"),
        (lambda found, exact: np.mean(exact[:, :1] == found), "Not yet"),
        (lambda found, exact: (exact[:, :1] == found).any(axis=1).mean(), "first neighbour"),
        (lambda found, exact: (exact[:, 0] == found[:, 0]).mean(), "first neighbours"),
        (lambda found, exact: (exact[:, :, None] == found[:, None]).any(2).mean(1), "array"),
        (lambda found, exact: None, "return"),
        (lambda found, exact: 1.0, "should be"),
    ],
)
def test_wrong_answers_to_the_second_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb03.check_03_2, answer)


# --- 3: the bytes of product quantisation --------------------------------------------------------


def test_the_third_solution_is_accepted(solutions):
    assert nb03.check_03_3.hint(solutions["pq_bytes"]) is None
    for n, d, pieces, bits in ((1000, 64, 16, 8), (500, 96, 12, 5)):
        predicted = index_types.predict_bytes(f"PQ{pieces}x{bits}np", d, n)
        assert solutions["pq_bytes"](n, d, pieces, bits) == predicted


def with_ceil(n, d, pieces, bits):
    return n * math.ceil(pieces * bits / 8) + pieces * 2**bits * (d // pieces) * 4


def asked_of_faiss(n, d, pieces, bits):
    pq = faiss.ProductQuantizer(d, pieces, bits)
    return pq.code_size * n + 4 * pq.centroids.size()


def of_the_package(n, d, pieces, bits):
    return index_types.predict_bytes(f"PQ{pieces}x{bits}np", d, n)


@pytest.mark.parametrize("answer", [with_ceil, asked_of_faiss, of_the_package])
def test_other_right_answers_to_the_third_are_accepted(answer):
    assert nb03.check_03_3.hint(answer) is None


def size(
    code=lambda n, m, b: n * math.ceil(m * b / 8),
    prototypes=lambda d, m, b: 4 * 2**b * d,
    all_of_it=lambda codes, prototypes: codes + prototypes,
):
    """An answer with one step replaced."""
    return lambda n, d, pieces, bits: all_of_it(code(n, pieces, bits), prototypes(d, pieces, bits))


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (size(prototypes=lambda d, m, b: 0), "prototypes are missing"),
        (size(code=lambda n, m, b: 0), "codes are missing"),
        (lambda n, d, m, b: 4 * n * d, "exact index"),
        (lambda n, d, m, b: 4 * n * d // 16, "should be"),
        (size(code=lambda n, m, b: n * m * b), "bits, not bytes"),
        (size(code=lambda n, m, b: n * m), "not always a byte"),
        (size(code=lambda n, m, b: 4 * n * m), "4 bytes"),
        (size(code=lambda n, m, b: n * m * math.ceil(b / 8)), "packed"),
        (size(code=lambda n, m, b: n * m * b / 8), "round its bits up"),
        (size(code=lambda n, m, b: math.ceil(n * m * b / 8)), "whole gallery"),
        (size(code=lambda n, m, b: n * (m * b // 8)), "up, not down"),
        (size(code=lambda n, m, b: n * (m * b // 8 + 1)), "should be"),
        (size(prototypes=lambda d, m, b: 4 * 2**b * d * m), "length of a piece"),
        (size(prototypes=lambda d, m, b: 4 * 2**b * d / m), "each piece has its own"),
        (size(prototypes=lambda d, m, b: 2**b * d), "takes 4 bytes"),
        (size(prototypes=lambda d, m, b: 4 * 2 * b * d), "not 2 * b"),
        (size(prototypes=lambda d, m, b: 4 * b * d), "not b"),
        (size(prototypes=lambda d, m, b: 4 * 256 * d), "only for 8 bits"),
        (size(prototypes=lambda d, m, b: 4 * 2**b), "should be"),
        (size(prototypes=lambda d, m, b: 4 * 2**b * m), "should be"),
        (size(prototypes=lambda d, m, b: 8 * 2**b * d), "should be"),
        (lambda n, d, m, b: with_ceil(n, d, m, b) + 8 * n, "no ids"),
        (lambda n, d, m, b: with_ceil(n, d, m, b) + 4 * n * d, "not stored"),
        (lambda n, d, m, b: with_ceil(n, d, m, b) * 8, "in bits"),
        (lambda n, d, m, b: with_ceil(n, d, m, b) / 1e9, "in GB"),
        (lambda n, d, m, b: with_ceil(n, d, m, b) / 1e6, "in MB"),
        (lambda n, d, m, b: with_ceil(n, d, m, b) / n, "should be"),
        (lambda n, d, m, b: None, "return"),
    ],
)
def test_wrong_answers_to_the_third_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb03.check_03_3, answer)


# --- all -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", ["check_03_1", "check_03_2", "check_03_3"])
def test_an_empty_place_gets_a_hint_how_to_start(check):
    assert "complete" in getattr(nb03, check).hint(...)
