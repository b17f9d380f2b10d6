"""The exercises of notebook 03: their checks take the solution and reject what students get wrong.

Every wrong answer is written as a student would write it, independently of the checks' own list.
"""

from collections import Counter

import faiss
import numpy as np
import pandas as pd
import pytest
from mutants import one_edit

from g3lite.scale import index_types
from g3lite.teaching import notebooks
from g3lite.teaching.checks import nb03
from g3lite.teaching.checks.check import reseeded

NAME = "03_index_construction"


@pytest.fixture(scope="module")
def given():
    """What the solutions read, by name."""
    return {"np": np, "index_types": index_types, "CANDIDATES": nb03.CANDIDATES}


# --- 1: remove the hubs --------------------------------------------------------------------------


def test_the_first_solution_is_accepted(solutions, capsys):
    nb03.check_03_1(solutions["worst_after"])
    assert capsys.readouterr().out.startswith("✓")


def with_lists(ranked, k, removed):
    rows = [list(row) for row in ranked]
    for _ in range(removed):
        hub = Counter(photo for row in rows for photo in row[:k]).most_common(1)[0][0]
        rows = [[photo for photo in row if photo != hub] for row in rows]
    return Counter(photo for row in rows for photo in row[:k]).most_common(1)[0][1] / len(rows)


def with_pandas(ranked, k, removed):
    table = pd.DataFrame(ranked).stack().reset_index(name="photo")
    for _ in range(removed + 1):
        first = table[table.groupby("level_0").cumcount() < k]["photo"]
        hub, times = first.value_counts().index[0], first.value_counts().iloc[0]
        table = table[table["photo"] != hub]
    return times / len(ranked)


@pytest.mark.parametrize("answer", [nb03.worst_after, with_lists, with_pandas])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_right_answers_to_the_first_are_accepted_on_all_data(answer, seed):
    assert nb03.check_03_1.hint(answer) is None
    with reseeded(seed):
        assert nb03.check_03_1.hint(answer) is None


def counts_of(rows, k):
    return Counter(photo for row in rows for photo in row[:k])


def all_at_once_removed(ranked, k, removed):
    gone = [photo for photo, _ in counts_of(ranked, k).most_common(removed)]
    left = [[photo for photo in row if photo not in gone] for row in ranked]
    return counts_of(left, k).most_common(1)[0][1] / len(ranked)


def no_refill(ranked, k, removed):
    return counts_of(ranked, k).most_common(removed + 1)[-1][1] / len(ranked)


def without_the_queries(ranked, k, removed):
    for _ in range(removed):
        hub = counts_of(ranked, k).most_common(1)[0][0]
        left = ranked[~(ranked[:, :k] == hub).any(axis=1)]
        ranked = left if len(left) else ranked
    return counts_of(ranked, k).most_common(1)[0][1] / len(ranked)


def in_whole_rows(ranked, k, removed):
    return with_lists(ranked, ranked.shape[1], removed)


def all_of_the_rest(ranked, k, removed):
    """Removes the right photos, then counts all that is left."""
    rows = [list(row) for row in ranked]
    for _ in range(removed):
        hub = counts_of(rows, k).most_common(1)[0][0]
        rows = [[photo for photo in row if photo != hub] for row in rows]
    return counts_of(rows, 99).most_common(1)[0][1] / len(rows)


def without_the_last(ranked, k, removed):
    rows = [list(row) for row in ranked]
    for _ in range(removed):
        hub = counts_of(rows, k).most_common()[-1][0]
        rows = [[photo for photo in row if photo != hub] for row in rows]
    return counts_of(rows, k).most_common(1)[0][1] / len(rows)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda r, k, n: with_lists(r, k, 0), "removes nothing"),
        (lambda r, k, n: with_lists(r, k, n + 1), "one removal too many"),
        (lambda r, k, n: with_lists(r, k, n - 1), "one removal too few"),
        (all_at_once_removed, "count again after each removal"),
        (no_refill, "do not fill up"),
        (without_the_queries, "Not yet"),
        (in_whole_rows, "Not yet"),
        (all_of_the_rest, "Not yet"),
        (without_the_last, "Not yet"),
        (lambda r, k, n: with_lists(r, k, n) / k, "not of their places"),
        (lambda r, k, n: with_lists(r, k, n) * len(r) / (r.max() + 1), "not of photos"),
        (lambda r, k, n: with_lists(r, k, n) * len(r), "no share"),
        (lambda r, k, n: 100 * with_lists(r, k, n), "no share"),
        (lambda r, k, n: with_lists(r, k + 1, n), "should be"),
        (lambda r, k, n: with_lists(r, k - 1, n), "should be"),
        (lambda r, k, n: 1 - with_lists(r, k, n), "should be"),
        (lambda r, k, n: round(with_lists(r, k, n), 2), "should be"),
        (lambda r, k, n: with_lists(r[:, ::-1], k, n), "should be"),
        (lambda r, k, n: [with_lists(r, k, one) for one in range(n + 1)], "Not yet"),
        (lambda r, k, n: 0.1, "should be"),
        (lambda r, k, n: None, "return"),
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
    return (found[:, :, None] == exact[:, None]).any(axis=1).sum() / exact.size


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


def every_pair(found, exact):
    return (found[:, :, None] == exact[:, None]).sum() / exact.size


def found_in_exact(found, exact):
    return np.mean([np.isin(a, b) for a, b in zip(found, exact, strict=True)])


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (every_pair, "found twice"),
        (found_in_exact, "found twice"),
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


# --- 3: choose an index --------------------------------------------------------------------------


def test_the_third_solution_is_accepted(solutions):
    assert nb03.check_03_3.hint(solutions["choose"]) is None


def test_the_notebook_names_the_candidates_of_the_check():
    source = notebooks.read_source(notebooks.folder(), NAME)
    (cell,) = (one.source for one in source.cells if one.source.startswith("CANDIDATES"))
    space = {}
    exec(cell, space)
    assert space["CANDIDATES"] == nb03.CANDIDATES


MEASURED = {}


def both(vectors, queries, kind):
    """Recalls of both lists, and bytes per photo; measured once."""
    key = vectors[:9].tobytes(), kind
    if key not in MEASURED:
        MEASURED[key] = measured(vectors, queries, kind)
    return MEASURED[key]


def measured(vectors, queries, kind):
    index, exact = index_types.build(vectors, kind), faiss.IndexFlatIP(vectors.shape[1])
    exact.add(vectors)
    near, far = (
        index_types.recall(index.search(q, 15)[1], exact.search(q, 15)[1])
        for q in (queries, -queries)
    )
    return near, far, index_types.serialised_bytes(index) / len(vectors)


def best_by(value, fits=lambda size, most: size <= most, kinds=nb03.CANDIDATES):
    """An answer with one step replaced."""

    def choose(vectors, queries, most_bytes):
        measured = {kind: both(vectors, queries, kind) for kind in kinds}
        small = [kind for kind in kinds if fits(measured[kind][2], most_bytes)]
        return max(small, key=lambda kind: value(*measured[kind]))

    return choose


def worse(near, far, size):
    return min(near, far)


@pytest.mark.parametrize(
    "answer",
    [
        nb03.choose,
        best_by(worse, lambda size, most: size < most),
        best_by(worse, kinds=[*nb03.CANDIDATES, "PCA48,SQ8", "SQ4"]),
    ],
)
def test_other_right_answers_to_the_third_are_accepted(answer):
    assert nb03.check_03_3.hint(answer) is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_the_third_solution_is_accepted_on_other_data(seed):
    with reseeded(seed):
        assert nb03.check_03_3.hint(nb03.choose) is None


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        *((lambda v, q, most, kind=kind: kind, "you chose") for kind in nb03.CANDIDATES),
        (best_by(lambda near, far, size: near), "most dissimilar"),
        (best_by(lambda near, far, size: size), "most dissimilar"),
        (best_by(lambda near, far, size: -size), "fits too"),
        (best_by(worse, lambda size, most: True), "which takes"),
        (best_by(worse, lambda size, most: size >= most), "which takes"),
        (best_by(lambda *m: -worse(*m)), "fits too"),
        (lambda v, q, most: best_by(worse)(v, q, 8 * most), "which takes"),
        (lambda v, q, most: ["pca"], "one kind, a text"),
        (lambda v, q, most: "PCA500,SQ8", "cannot be built"),
        (lambda v, q, most: "the best", "cannot be built"),
        (lambda v, q, most: None, "return"),
    ],
)
def test_wrong_answers_to_the_third_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb03.check_03_3, answer)


# --- all -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", ["check_03_1", "check_03_2", "check_03_3"])
def test_an_empty_place_gets_a_hint_how_to_start(check):
    assert "complete" in getattr(nb03, check).hint(...)


EQUIVALENT = {
    # check: what may stand in a solution with one edit that is no mistake, and why
    "check_03_1": {},
    "check_03_2": {},
    "check_03_3": {
        "serialised_bytes(index) < most_bytes": "no kind takes exactly what is allowed",
        "recall(exact.search(sought, 15)[1], index.search(sought, 15)[1])": "both have k rows",
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("check", EQUIVALENT)
def test_solutions_with_one_edit_are_rejected(check, given):
    found = notebooks.exercises(notebooks.read_source(notebooks.folder(), NAME), NAME)
    (solution,) = (exercise.solution for exercise in found if exercise.check == check)
    passed, tried = [], 0
    for edit, program in one_edit(solution):
        verdict = []
        space = {
            **given,
            check: lambda answer, v=verdict: v.append(getattr(nb03, check).hint(answer)),
        }
        with np.errstate(all="ignore"):
            try:
                exec(program, space)
            except Exception:
                verdict.append("it does not run")
        tried += 1
        if verdict[-1:] == [None] and not any(p in program for p in EQUIVALENT[check]):
            passed.append(edit)
    assert tried >= 3 and passed == []
