"""The exercises of notebook 00: their checks take the solution and reject what students get wrong.

Every wrong answer is written as a student would write it, independently of the checks' own list.
"""

import math

import numpy as np
import pandas as pd
import pytest
from mutants import one_edit
from pyproj import Geod

from g3lite import geo
from g3lite.teaching import notebooks
from g3lite.teaching.checks import nb00

NAME = "00_locate_a_photo"
pytestmark = pytest.mark.filterwarnings("ignore:Mean of empty", "ignore:invalid value")


@pytest.fixture(scope="module")
def given():
    """What the solutions read, by name."""
    prediction = nb00._candidates(np.random.default_rng(0), np.array([[1.0, 2.0]] * 9))
    return {
        "np": np,
        "geo": geo,
        "truth": np.array([1.0, 2.0]),
        "prediction": type("Prediction", (), {"candidates": prediction, "coordinates": (1.0, 2.0)}),
    }


# --- 1: the share of near candidates -------------------------------------------------------------


def distances(candidates, truth):
    return geo.great_circle_km(candidates[["LAT", "LON"]], truth)


def test_the_first_solution_is_accepted(solutions, capsys):
    nb00.check_00_1(solutions["share_near"])
    assert capsys.readouterr().out.startswith("✓")


def in_a_loop(candidates, truth, km):
    near = 0
    for row in candidates.itertuples():
        if geo.great_circle_km((row.LAT, row.LON), truth) <= km:
            near += 1
    return near / len(candidates)


def by_hand(candidates, truth, km):
    lat, lon = np.radians(candidates["LAT"]), np.radians(candidates["LON"])
    lat0, lon0 = np.radians(truth)
    h = np.sin((lat - lat0) / 2) ** 2
    h += np.cos(lat) * np.cos(lat0) * np.sin((lon - lon0) / 2) ** 2
    return (6371 * 2 * np.arcsin(np.sqrt(h)) <= km).mean()


def on_the_ellipsoid(candidates, truth, km):
    n = len(candidates)
    _, _, metres = Geod(ellps="WGS84").inv(
        candidates["LON"], candidates["LAT"], [truth[1]] * n, [truth[0]] * n
    )
    return (np.array(metres) / 1000 <= km).sum() / n


def by_counting(candidates, truth, km):
    return np.count_nonzero(distances(candidates, truth) <= km) / candidates.shape[0]


@pytest.mark.parametrize("answer", [in_a_loop, by_hand, on_the_ellipsoid, by_counting])
def test_other_right_answers_to_the_first_are_accepted(answer):
    assert nb00.check_00_1.hint(answer) is None


def of_distances(rule):
    """An answer from the right distances."""
    return lambda candidates, truth, km: rule(distances(candidates, truth), km)


def of_table(change):
    """A right answer about other rows."""
    return lambda candidates, truth, km: by_counting(change(candidates), truth, km)


def one_swapped(candidates, truth, km):
    return (geo.great_circle_km(candidates[["LON", "LAT"]], truth) <= km).mean()


def the_other_swapped(candidates, truth, km):
    return (geo.great_circle_km(candidates[["LAT", "LON"]], truth[::-1]) <= km).mean()


def both_swapped(candidates, truth, km):
    return (geo.great_circle_km(candidates[["LON", "LAT"]], truth[::-1]) <= km).mean()


def in_radians(candidates, truth, km):
    places = np.radians(candidates[["LAT", "LON"]].to_numpy())
    return (geo.great_circle_km(places, np.radians(truth)) <= km).mean()


def differences(candidates, truth):
    return (candidates[["LAT", "LON"]] - truth).to_numpy()


def in_degrees(candidates, truth, km):
    return (np.linalg.norm(differences(candidates, truth), axis=1) <= km).mean()


def on_a_flat_map(candidates, truth, km):
    return (111.195 * np.linalg.norm(differences(candidates, truth), axis=1) <= km).mean()


def roughly_flat(candidates, truth, km):
    return (111 * np.abs(differences(candidates, truth)).max(axis=1) <= km).mean()


def without_the_seam(candidates, truth, km):
    off = differences(candidates, truth) * [1, np.cos(np.radians(truth[0]))]
    return (111.195 * np.linalg.norm(off, axis=1) <= km).mean()


def through_the_earth(candidates, truth, km):
    here, there = geo.unit_vectors(candidates[["LAT", "LON"]]), geo.unit_vectors([truth])
    return (6371 * np.linalg.norm(here - there, axis=1) <= km).mean()


def from_the_winner(candidates, truth, km):
    return (geo.great_circle_km(candidates[["LAT", "LON"]], candidates[["LAT", "LON"]].iloc[0])
            <= km).mean()  # fmt: skip


def weighted(candidates, truth, km):
    score = candidates["score"] - candidates["score"].min()
    return score[distances(candidates, truth) <= km].sum() / score.sum()


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (of_distances(lambda d, km: (d < km).mean()), "<="),
        (of_distances(lambda d, km: (d >= km).mean()), "should be"),
        (of_distances(lambda d, km: (d > km).mean()), "further away"),
        (of_distances(lambda d, km: 1 - (d <= km).mean()), "further away"),
        (of_distances(lambda d, km: (d <= km).sum()), "number of candidates"),
        (of_distances(lambda d, km: 100 * (d <= km).mean()), "per cent"),
        (of_distances(lambda d, km: round(100 * (d <= km).mean())), "no share"),
        (of_distances(lambda d, km: f"{(d <= km).mean():.0%}"), "text"),
        (of_distances(lambda d, km: str((d <= km).mean())), "text"),
        (of_distances(lambda d, km: round((d <= km).mean(), 2)), "should be"),
        (of_distances(lambda d, km: (d <= km).any()), "any candidate"),
        (of_distances(lambda d, km: d.min() <= km), "any candidate"),
        (of_distances(lambda d, km: (d <= km).all()), "all candidates are near"),
        (of_distances(lambda d, km: d.max() <= km), "all candidates are near"),
        (of_distances(lambda d, km: d.mean() <= km), "mean distance"),
        (of_distances(lambda d, km: np.median(d) <= km), "median distance"),
        (of_distances(lambda d, km: d[0] <= km), "first row only"),
        (of_distances(lambda d, km: d[d <= km].mean()), "Not yet"),
        (of_distances(lambda d, km: (d[d <= km] <= km).mean()), "should be"),
        (of_distances(lambda d, km: (d <= 200).mean()), "200 km whatever"),
        (of_distances(lambda d, km: (d <= 25).mean()), "should be"),
        (of_distances(lambda d, km: (d <= km / 1000).mean()), "metres"),
        (of_distances(lambda d, km: (1000 * d <= km).mean()), "metres"),
        (of_distances(lambda d, km: (d <= 1000 * km).mean()), "in km already"),
        (of_distances(lambda d, km: (d <= km).sum() / 20), "no share"),
        (of_distances(lambda d, km: (d <= km).sum() / 21), "divide by that of the table"),
        (of_distances(lambda d, km: (d[1:] <= km).mean()), "should be"),
        (of_distances(lambda d, km: (d[:20] <= km).mean()), "should be"),
        (of_distances(lambda d, km: (d[:5] <= km).mean()), "should be"),
        (of_distances(lambda d, km: (d <= km).sum() / (len(d) + 1)), "should be"),
        (of_distances(lambda d, km: (d <= km).sum() / (len(d) - 1)), "no share"),
        (of_distances(lambda d, km: d <= km), "array"),
        (of_distances(lambda d, km: d.mean()), "no share"),
        (of_distances(lambda d, km: None), "return"),
        (of_distances(lambda d, km: math.nan), "should be"),
        (of_distances(lambda d, km: np.where(d <= km, 1, np.nan).mean()), "should be"),
        (of_distances(lambda d, km: np.nanmean(np.where(d <= km, 1, np.nan))), "should be"),
        (of_distances(lambda d, km: 0.5), "should be"),
        (of_distances(lambda d, km: 0), "should be"),
        (of_distances(lambda d, km: 1), "should be"),
        (of_table(lambda t: t.drop_duplicates(["LAT", "LON"])), "several times"),
        (of_table(lambda t: t[~t.duplicated(["LAT", "LON"])]), "several times"),
        (of_table(lambda t: t.dropna()), "retrieved"),
        (of_table(lambda t: t[t["origin"] == "reply"]), "retrieved"),
        (of_table(lambda t: t[t["origin"] == "retrieved"]), "should be"),
        (of_table(lambda t: t[t["score"] > 0]), "should be"),
        (of_table(lambda t: t.head(1)), "first row only"),
        (of_table(lambda t: t.nlargest(1, "score")), "first row only"),
        (of_table(lambda t: t.nsmallest(1, "score")), "should be"),
        (both_swapped, "swapped"),
        (one_swapped, "in one of the two"),
        (the_other_swapped, "in one of the two"),
        (in_radians, "wants degrees"),
        (in_degrees, "degrees on a flat map"),
        (on_a_flat_map, "flat map"),
        (roughly_flat, "should be"),
        (without_the_seam, "should be"),
        (through_the_earth, "straight line"),
        (of_distances(lambda d, km: (1.05 * d <= km).mean()), "should be"),
        (of_distances(lambda d, km: (d / 1.05 <= km).mean()), "should be"),
        (of_distances(lambda d, km: (np.round(d) <= km).mean()), "whole km"),
        (of_distances(lambda d, km: (d.astype(int) <= km).mean()), "should be"),
        (of_distances(lambda d, km: (np.ceil(d) <= km).mean()), "should be"),
        (from_the_winner, "from the winner"),
        (weighted, "should be"),
        (lambda candidates, truth, km: None, "return"),
    ],
)
def test_wrong_answers_to_the_first_are_rejected(answer, hint, rejected):
    if hint == "Not yet":  # text, or the mean of nothing
        assert nb00.check_00_1.hint(answer) is not None
    else:
        assert hint in rejected(nb00.check_00_1, answer)


# --- 2: the winner -------------------------------------------------------------------------------


def place(row):
    return row["LAT"], row["LON"]


def test_the_second_solution_is_accepted(solutions, capsys):
    nb00.check_00_2(solutions["winner"])
    assert capsys.readouterr().out.startswith("✓")


def with_idxmax(candidates):
    numbered = candidates.reset_index(drop=True)
    return place(numbered.loc[numbered["score"].idxmax()])


def with_a_stable_sort(candidates):
    return candidates.sort_values("score", ascending=False, kind="stable").iloc[0][["LAT", "LON"]]


def with_nlargest(candidates):
    return candidates.nlargest(1, "score")[["LAT", "LON"]].to_numpy()[0].tolist()


def step_by_step(candidates):
    best, found = -math.inf, None
    for row in candidates.itertuples():
        if row.score > best:
            best, found = row.score, (row.LAT, row.LON)
    return found


def with_minus_infinity(candidates):
    row = candidates["score"].fillna(-np.inf).to_numpy().argmax()
    return candidates[["LAT", "LON"]].to_numpy(dtype=np.float32)[row]


def of_the_known(candidates):
    known = candidates.dropna(subset="score")
    return place(known[known["score"] == known["score"].max()].iloc[0])


@pytest.mark.parametrize(
    "answer",
    [
        with_idxmax, with_a_stable_sort, with_nlargest, step_by_step, with_minus_infinity,
        of_the_known,
    ],
)  # fmt: skip
def test_other_right_answers_to_the_second_are_accepted(answer):
    assert nb00.check_00_2.hint(answer) is None


def at(row):
    """An answer that takes a row by its position."""
    return lambda candidates: place(candidates.iloc[row(candidates)])


def from_zero(candidates):
    best, found = 0, (math.nan, math.nan)
    for row in candidates.itertuples():
        if row.score > best:
            best, found = row.score, (row.LAT, row.LON)
    return found


def from_zero_and_none(candidates):
    best, found = 0, None
    for row in candidates.itertuples():
        if row.score > best:
            best, found = row.score, (row.LAT, row.LON)
    return found


def or_equal(candidates):
    best, found = -math.inf, None
    for row in candidates.itertuples():
        if row.score >= best:
            best, found = row.score, (row.LAT, row.LON)
    return found


def with_max_of_python(candidates):
    return max(zip(candidates["score"], candidates["LAT"], candidates["LON"], strict=True))[1:]


def with_max_and_key(candidates):
    rows = candidates.to_dict("records")
    return place(max(rows, key=lambda row: row["score"]))


def in_order_of_g3(candidates):
    ordered = candidates.sort_values(["score", "references"], ascending=[False, True])
    return place(ordered.iloc[0])


def most_named(candidates):
    counts = candidates.groupby(["LAT", "LON"]).size()
    return counts.idxmax()


def weighted_mean(candidates):
    known = candidates.dropna(subset="score")
    return np.average(known[["LAT", "LON"]], axis=0, weights=known["score"])


def mean_of_the_best(candidates):
    best = candidates[candidates["score"] == candidates["score"].max()]
    return best[["LAT", "LON"]].mean()


def all_the_best(candidates):
    best = candidates[candidates["score"] == candidates["score"].max()]
    return best["LAT"], best["LON"]


def always_beijing(candidates):
    return 39.9, 116.4


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (at(lambda t: t["score"].to_numpy().argmin()), "lowest score"),
        (at(lambda t: np.nanargmin(t["score"].to_numpy())), "lowest score"),
        (lambda t: with_idxmax(t.assign(score=-t["score"])), "lowest score"),
        (lambda t: place(t.sort_values("score").iloc[0]), "lowest score"),
        (at(lambda t: 0), "first row"),
        (lambda t: place(t.sort_index().iloc[0]), "should be"),
        (at(lambda t: -1), "last row"),
        (at(lambda t: t["score"].idxmax()), "not its position"),
        (lambda t: place(t.loc[np.nanargmax(t["score"].to_numpy())]), "should be"),
        (lambda t: place(t.reset_index(drop=True).loc[t["score"].idxmax()]), "not its position"),
        (at(lambda t: np.argmax(t["score"].to_numpy())), "NaN"),
        (at(lambda t: t["score"].to_numpy().argmax()), "NaN"),
        (at(lambda t: np.argsort(t["score"].to_numpy(), kind="stable")[-1]), "NaN was sorted"),
        (lambda t: place(t.sort_values("score", kind="stable").iloc[-1]), "NaN was sorted"),
        (with_max_and_key, "NaN"),
        (at(lambda t: t["score"].fillna(0).to_numpy().argmax()), "NaN was taken for 0"),
        (at(lambda t: np.nan_to_num(t["score"]).argmax()), "NaN was taken for 0"),
        (at(lambda t: np.abs(t["score"].fillna(0)).to_numpy().argmax()), "without their sign"),
        (lambda t: place(t.loc[t["score"].idxmax()]), "index has a number twice"),
        (lambda t: t.loc[t["score"].idxmax(), ["LAT", "LON"]], "index has a number twice"),
        (at(lambda t: np.nanargmax(t["score"].round(3).to_numpy())), "rounded"),
        (at(lambda t: np.nanargmax(t["score"].round(2).to_numpy())), "rounded"),
        (at(lambda t: np.nanargmax(t["score"].to_numpy(dtype=np.float16))), "rounded"),
        (or_equal, "last row"),
        (lambda t: place(t.dropna(subset="score").sort_values("score", kind="stable").iloc[-1]),
         "last row"),
        (lambda t: with_idxmax(t.iloc[::-1]), "last row"),
        (lambda t: with_idxmax(t.sort_index()), "smallest index"),
        (in_order_of_g3, "fewest references"),
        (lambda t: with_idxmax(t.sort_values("references", kind="stable")), "fewest references"),
        (mean_of_the_best, "middle"),
        (with_max_of_python, "Not yet"),
        (lambda t: with_idxmax(t.dropna()), "retrieved"),
        (lambda t: with_idxmax(t[t["origin"] == "reply"]), "retrieved"),
        (lambda t: with_idxmax(t[t["references"] == 0]), "should be"),
        (from_zero, "should be"),
        (from_zero_and_none, "None"),
        (lambda t: with_idxmax(t)[::-1], "latitude comes first"),
        (lambda t: t.reset_index().loc[t["score"].argmax(), ["LON", "LAT"]], "Not yet"),
        (lambda t: np.radians(with_idxmax(t)), "should be"),
        (lambda t: np.round(with_idxmax(t)), "should be"),
        (lambda t: tuple(-x for x in with_idxmax(t)), "should be"),
        (lambda t: (t["LAT"].max(), t["LON"].max()), "should be"),
        (lambda t: (t["LAT"].mean(), t["LON"].mean()), "mean of all"),
        (lambda t: (t["LAT"].median(), t["LON"].median()), "should be"),
        (weighted_mean, "should be"),
        (most_named, "should be"),
        (always_beijing, "should be"),
        (lambda t: (math.nan, math.nan), "should be"),
        (lambda t: (0, 0), "should be"),
        (lambda t: t["score"].max(), "shape"),
        (lambda t: t.loc[t["score"].idxmax()], "shape"),
        (lambda t: t.nlargest(1, "score")[["LAT", "LON"]], "shape"),
        (lambda t: t[["LAT", "LON"]], "shape"),
        (lambda t: np.nanargmax(t["score"].to_numpy()), "shape"),
        (all_the_best, "Not yet"),
        (lambda t: None, "return"),
    ],
)  # fmt: skip
def test_wrong_answers_to_the_second_are_rejected(answer, hint, rejected):
    if hint == "Not yet":
        assert nb00.check_00_2.hint(answer) is not None
    else:
        assert hint in rejected(nb00.check_00_2, answer)


def test_one_place_for_all_tables_is_rejected(rejected):
    """An answer that remembers the first table that it was given."""
    seen = []

    def remembered(candidates):
        seen.append(with_idxmax(candidates))
        return seen[0]

    assert "one place for all tables" in rejected(nb00.check_00_2, remembered)


def test_the_tables_are_not_changed_by_an_answer():
    def clearing(candidates):
        found = with_idxmax(candidates)
        candidates["score"] = np.nan
        return found

    assert nb00.check_00_2.hint(clearing) is None
    assert nb00.check_00_2.hint(with_idxmax) is None


# --- all -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", ["check_00_1", "check_00_2"])
def test_an_empty_place_gets_a_hint_how_to_start(check):
    assert "complete" in getattr(nb00, check).hint(...)


def test_tables_are_like_those_of_a_prediction():
    table = nb00._candidates(np.random.default_rng(0), np.zeros((9, 2)))
    assert isinstance(table, pd.DataFrame) and table["score"].is_monotonic_decreasing
    assert table["references"].isna().equals(table["origin"] == "retrieved")


EQUIVALENT = {
    # check: what may stand in a solution with one edit that is no mistake, and why
    "check_00_1": {"great_circle_km(truth, ": "a distance is the same both ways"},
    "check_00_2": {},
}


@pytest.mark.slow
@pytest.mark.parametrize("check", EQUIVALENT)
def test_no_solution_with_one_small_mistake_passes(check, given):
    found = notebooks.exercises(notebooks.read_source(notebooks.folder(), NAME), NAME)
    (solution,) = (exercise.solution for exercise in found if exercise.check == check)
    passed, tried = [], 0
    for edit, program in one_edit(solution[: solution.index("print(")]):
        verdict = []
        space = dict(given)
        space[check] = lambda answer, v=verdict: v.append(getattr(nb00, check).hint(answer))
        with np.errstate(all="ignore"):
            try:
                exec(program, space)
            except Exception:
                verdict.append("it does not run")
        tried += 1
        if verdict[-1:] == [None] and not any(part in program for part in EQUIVALENT[check]):
            passed.append(edit)
    assert tried >= 2 and passed == []
