"""The exercises of notebook 01: their checks take the solution and reject what students get wrong.

Every wrong answer is written as a student would write it, independently of the checks' own list.
"""

import numpy as np
import pandas as pd
import pytest
from mutants import one_edit

from g3lite import evaluation, geo
from g3lite.teaching import notebooks
from g3lite.teaching.checks import nb01

NAME = "01_worldwide_geolocalization"


def distance_km(a, b, radius=6371.0088, radians=np.radians):
    """The notebook's great-circle distance, with what can be got wrong as arguments."""
    lat_a, lon_a = radians(a).T
    lat_b, lon_b = radians(b).T
    half_chord2 = (
        np.sin((lat_b - lat_a) / 2) ** 2
        + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    )
    return 2 * radius * np.arcsin(np.sqrt(np.clip(half_chord2, 0, 1)))


@pytest.fixture(scope="module")
def given():
    """What the solutions read, by name."""
    return {
        "np": np,
        "pd": pd,
        "geo": geo,
        "evaluation": evaluation,
        "distance_km": distance_km,
    }


# --- 1: share within a distance ------------------------------------------------------------------


def test_the_first_solution_is_accepted(solutions, capsys):
    nb01.check_01_1(solutions["share_within"])
    assert capsys.readouterr().out.startswith("✓")


def ellipsoidal(predictions, truth, km):
    import pyproj

    answered = ~np.isnan(predictions[:, 0])
    metres = pyproj.Geod(ellps="WGS84").inv(
        *truth[answered].T[::-1], *predictions[answered].T[::-1]
    )[2]
    return (metres <= 1000 * km).sum() / len(truth)


def in_a_loop(predictions, truth, km):
    right = 0
    for prediction, true in zip(predictions, truth, strict=True):
        if not np.isnan(prediction[0]) and geo.great_circle_km(prediction, true) <= km:
            right += 1
    return right / len(truth)


@pytest.mark.parametrize("answer", [ellipsoidal, in_a_loop])
def test_other_right_answers_to_the_first_are_accepted(answer):
    assert nb01.check_01_1.hint(answer) is None


def hits(predictions, truth, km):
    return distance_km(predictions, truth) <= km


def without_failures(predictions, truth, km):
    answered = ~np.isnan(predictions).any(axis=1)
    return hits(predictions[answered], truth[answered], km).mean()


def failures_at_zero(predictions, truth, km):
    return hits(np.nan_to_num(predictions), truth, km).mean()


def failures_right(predictions, truth, km):
    return 1 - np.mean(distance_km(predictions, truth) > km)


def swapped(predictions, truth, km):
    return hits(predictions[:, ::-1], truth[:, ::-1], km).mean()


def no_radians(predictions, truth, km):
    return np.mean(distance_km(predictions, truth, radians=np.asarray) <= km)


def flat(predictions, truth, km):
    return np.mean(np.linalg.norm(predictions - truth, axis=1) * 111.195 <= km)


def in_degrees(predictions, truth, km):
    return np.mean(np.linalg.norm(predictions - truth, axis=1) <= km)


def in_miles(predictions, truth, km):
    return np.mean(distance_km(predictions, truth, radius=3958.8) <= km)


def beyond(predictions, truth, km):
    return np.mean(~hits(predictions, truth, km))


def mean_distance(predictions, truth, km):
    return float(np.nanmean(distance_km(predictions, truth)) <= km)


def median_distance(predictions, truth, km):
    return np.nanmedian(distance_km(predictions, truth))


def in_per_cent(predictions, truth, km):
    return 100 * hits(predictions, truth, km).mean()


def a_count(predictions, truth, km):
    return hits(predictions, truth, km).sum()


def too_long(predictions, truth, km):
    return np.mean(1.1 * distance_km(predictions, truth) <= km)


def a_little_too_long(predictions, truth, km):
    return np.mean(1.02 * distance_km(predictions, truth) <= km)


def nearer_than(predictions, truth, km):
    return np.mean(distance_km(predictions, truth) < km)


def of_600(predictions, truth, km):
    return hits(predictions, truth, km).sum() / 600


def one_radius(predictions, truth, km):
    return hits(predictions, truth, 25).mean()


def distances(predictions, truth, km):
    return distance_km(predictions, truth)


def print_only(predictions, truth, km):
    hits(predictions, truth, km).mean()


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (without_failures, "denominator"),
        (failures_at_zero, "(0, 0)"),
        (failures_right, "Not yet"),
        (swapped, "swapped"),
        (no_radians, "np.radians"),
        (flat, "flat map"),
        (in_degrees, "should be"),
        (in_miles, "should be"),
        (beyond, "further away"),
        (mean_distance, "should be"),
        (median_distance, "no share"),
        (in_per_cent, "per cent"),
        (a_count, "count"),
        (too_long, "should be"),
        (a_little_too_long, "should be"),
        (nearer_than, "<="),
        (of_600, "len(truth)"),
        (one_radius, "within 1 km"),
        (distances, "not one number"),
        (print_only, "return"),
    ],
)
def test_wrong_answers_to_the_first_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb01.check_01_1, answer)


# --- 2: a split without a leak -------------------------------------------------------------------


def test_the_second_solution_is_accepted(solutions):
    assert nb01.check_01_2.hint(solutions["split"]) is None


def one_by_one(authors, share, seed):
    """Whole photographers, until there are enough photos; pandas and the old random numbers."""
    rng = np.random.RandomState(seed)
    sizes = pd.Series(authors).value_counts().sort_index()
    chosen, photos = set(), 0
    for name in rng.permutation(sizes.index):
        if photos < share * len(authors):
            chosen.add(name)
            photos += sizes[name]
    return [author in chosen for author in authors]


def by_people(authors, share, seed):
    names = np.unique(authors)
    rng = np.random.default_rng(seed)
    return np.isin(authors, names[rng.random(len(names)) < share])


@pytest.mark.parametrize("answer", [one_by_one, by_people])
def test_other_right_answers_to_the_second_are_accepted(answer):
    assert nb01.check_01_2.hint(answer) is None


def by_photo(authors, share, seed):
    return np.random.default_rng(seed).random(len(authors)) < share


def first_rows(authors, share, seed):
    return np.arange(len(authors)) < share * len(authors)


def first_names(authors, share, seed):
    names = np.unique(authors)
    return np.isin(authors, names[: round(share * len(names))])


def no_seed(authors, share, seed):
    return by_people(authors, share, None)


def the_other_part(authors, share, seed):
    return ~by_people(authors, share, seed)


def half(authors, share, seed):
    return by_people(authors, 0.5, seed)


def row_numbers(authors, share, seed):
    return np.flatnonzero(by_people(authors, share, seed))


def as_numbers(authors, share, seed):
    return by_people(authors, share, seed).astype(int)


def names_only(authors, share, seed):
    return np.random.default_rng(seed).random(len(np.unique(authors))) < share


def nobody(authors, share, seed):
    return np.zeros(len(authors), dtype=bool)


def photos_drawn_as_people(authors, share, seed):
    rows = np.random.default_rng(seed).choice(len(authors), round(share * len(authors)))
    return np.isin(authors, authors[rows])


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (by_photo, "in both parts"),
        (first_rows, "in both parts"),
        (first_names, "every seed"),
        (no_seed, "same seed"),
        (the_other_part, "True marks"),
        (half, "should hold"),
        (row_numbers, "True or False"),
        (as_numbers, "True or False"),
        (names_only, "True or False"),
        (nobody, "every seed"),
        (photos_drawn_as_people, "should hold"),
        (lambda authors, share, seed: None, "return"),
    ],
)
def test_wrong_answers_to_the_second_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb01.check_01_2, answer)


# --- 3: an interval over photographers -----------------------------------------------------------


def test_the_third_solution_is_accepted(solutions):
    assert nb01.check_01_3.hint(solutions["interval"]) is None


def bootstrap(draw, seed=0, cut=(2.5, 97.5), replicates=None):
    """An answer that returns percentiles of what `draw(hits, authors, rng)` gives."""

    def interval(hits, authors, given):
        rng = np.random.default_rng(seed)
        n = replicates or given
        return np.percentile([draw(hits, authors, rng) for _ in range(n)], cut)

    return interval


def albums(hits, authors, cache={}):  # noqa: B006 (the same data in every draw)
    key = id(hits)
    if key not in cache:
        cache.clear()
        cache[key] = [hits[authors == author] for author in np.unique(authors)]
    return cache[key]


def photographers(hits, authors, rng):
    found = albums(hits, authors)
    return np.concatenate([found[i] for i in rng.integers(len(found), size=len(found))]).mean()


def by_sums(hits, authors, replicates):
    groups = pd.factorize(authors)[0]
    sums, sizes = np.bincount(groups, hits), np.bincount(groups)
    drawn = np.random.default_rng(5).integers(len(sums), size=(replicates, len(sums)))
    shares = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    return tuple(np.quantile(shares, [0.025, 0.975]))


@pytest.mark.parametrize("answer", [by_sums, bootstrap(photographers, seed=1)])
def test_other_right_answers_to_the_third_are_accepted(answer):
    assert nb01.check_01_3.hint(answer) is None


def photos(hits, authors, rng):
    return rng.choice(hits, len(hits)).mean()


def mean_of_means(hits, authors, rng):
    found = albums(hits, authors)
    return np.mean([found[i].mean() for i in rng.integers(len(found), size=len(found))])


def each_once(hits, authors, rng):
    names = np.unique(authors)
    return hits[np.isin(authors, rng.choice(names, len(names)))].mean()


def no_replacement(hits, authors, rng):
    return hits[np.isin(authors, rng.permutation(np.unique(authors)))].mean()


def half_the_photographers(hits, authors, rng):
    found = albums(hits, authors)
    drawn = rng.integers(len(found), size=len(found) // 2)
    return np.concatenate([found[i] for i in drawn]).mean()


def as_many_as_photos(hits, authors, rng):
    found = albums(hits, authors)
    return np.concatenate([found[i] for i in rng.integers(len(found), size=len(hits))]).mean()


def a_photo_of_each(hits, authors, rng):
    found = albums(hits, authors)
    return np.mean([rng.choice(found[i]) for i in rng.integers(len(found), size=len(found))])


def within_photographers(hits, authors, rng):
    return np.concatenate([rng.choice(album, len(album)) for album in albums(hits, authors)]).mean()


def a_standard_error(hits, authors, replicates):
    half = hits.std() / np.sqrt(len(hits))
    return hits.mean() - half, hits.mean() + half


def normal_over_photos(hits, authors, replicates):
    half = 1.96 * hits.std() / np.sqrt(len(hits))
    return hits.mean() - half, hits.mean() + half


def by_sums_at(level, fewer=0):
    """The fast answer, with another level or fewer photographers."""

    def interval(hits, authors, replicates):
        groups = pd.factorize(authors)[0]
        sums, sizes = np.bincount(groups, hits), np.bincount(groups)
        drawn = np.random.default_rng(6).integers(len(sums), size=(replicates, len(sums) - fewer))
        shares = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
        return tuple(np.quantile(shares, [(1 - level) / 2, (1 + level) / 2]))

    return interval


def of_the_hits(hits, authors, replicates):
    return np.percentile(hits, [2.5, 97.5])


def reversed_ends(hits, authors, replicates):
    return by_sums(hits, authors, replicates)[::-1]


def per_cent_ends(hits, authors, replicates):
    return 100 * np.array(by_sums(hits, authors, replicates))


def width_only(hits, authors, replicates):
    low, high = by_sums(hits, authors, replicates)
    return high - low


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (bootstrap(photos, replicates=500), "resamples single photos"),
        (normal_over_photos, "resamples single photos"),
        (bootstrap(mean_of_means, replicates=500), "averages"),
        (bootstrap(a_photo_of_each, replicates=500), "averages"),
        (bootstrap(each_once, replicates=500), "twice"),
        (bootstrap(no_replacement, replicates=100), "is not in"),
        (bootstrap(within_photographers, replicates=500), "as wide as"),
        (bootstrap(half_the_photographers, replicates=500), "as many photographers as there are"),
        (bootstrap(as_many_as_photos, replicates=200), "as many photographers as there are"),
        (bootstrap(photographers, cut=(5, 95)), "2.5 %"),
        (bootstrap(photographers, cut=(16, 84)), "2.5 %"),
        (by_sums_at(0.94), "less than 95 %"),
        (by_sums_at(0.96), "a little too wide"),
        (by_sums_at(0.95, fewer=1), "not one fewer"),
        (bootstrap(photographers, cut=(0.5, 99.5)), "2.5 %"),
        (bootstrap(photographers, cut=(0.025, 0.975)), "np.percentile wants"),
        (bootstrap(photographers, cut=(0, 100)), "2.5 %"),
        (a_standard_error, "as wide as"),
        (of_the_hits, "Not yet"),
        (reversed_ends, "lower end"),
        (per_cent_ends, "no shares"),
        (width_only, "two numbers"),
        (lambda hits, authors, replicates: (np.nan, np.nan), "not a pair of numbers"),
        (lambda hits, authors, replicates: (0.0, 1.0), "as wide as"),
        (lambda hits, authors, replicates: None, "return"),
    ],
)
def test_wrong_answers_to_the_third_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb01.check_01_3, answer)


# --- 4: the referee ------------------------------------------------------------------------------


def verdicts_of(solutions):
    return dict(solutions["verdicts"])


def test_the_fourth_solution_is_accepted(solutions):
    right = verdicts_of(solutions)
    assert nb01.check_01_4.hint(right) is None
    assert (
        nb01.check_01_4.hint({key.upper(): f" {word.title()}" for key, word in right.items()})
        is None
    )


@pytest.mark.parametrize("claim", "abcdef")
def test_every_other_verdict_is_rejected_with_a_thought_about_its_claim(claim, solutions):
    right = verdicts_of(solutions)
    for other in {"yes", "no", "cannot tell"} - {right[claim]}:
        hint = nb01.check_01_4.hint(right | {claim: other})
        assert hint.startswith(f"5 of 6. About claim {claim}: ") and len(hint) > 60


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ({}, "a verdict for each"),
        (["yes"] * 6, "a verdict for each"),
        (dict.fromkeys("abcde", "yes"), "a verdict for each"),
        (dict.fromkeys("abcdef", ...), "without a verdict yet: a, b, c, d, e, f"),
        (dict.fromkeys("abcdef", "maybe"), "use yes, no or cannot tell"),
        (dict.fromkeys("abcdef", True), "use yes, no or cannot tell"),
        (dict.fromkeys("abcdef", "cannot tell"), "3 of 6"),
    ],
)
def test_wrong_answers_to_the_fourth_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb01.check_01_4, answer)


# --- all -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", [f"check_01_{n}" for n in (1, 2, 3)])
def test_an_empty_place_gets_a_hint_how_to_start(check):
    assert "complete" in getattr(nb01, check).hint(...)


EQUIVALENT = {
    # check: what may stand in a solution with one edit that is no mistake, and why
    "check_01_1": {"great_circle_km(truth, predictions)": "the way back is as long"},
    "check_01_2": {"filled < share": "at a tie one photographer more or less"},
    "check_01_3": {
        "replicates=2001": "a default",
        "replicates=1999": "a default",
        "default_rng(1)": "another seed",
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("check", ["check_01_1", "check_01_2", "check_01_3"])
def test_no_solution_with_one_small_mistake_passes(check, given):
    found = notebooks.exercises(notebooks.read_source(notebooks.folder(), NAME), NAME)
    (solution,) = (exercise.solution for exercise in found if exercise.check == check)
    passed, tried = [], 0
    for edit, program in one_edit(solution):
        verdict: list[str | None] = []
        space = dict(given)
        space[check] = lambda answer, verdict=verdict: verdict.append(
            getattr(nb01, check).hint(answer)
        )
        with np.errstate(all="ignore"):
            try:
                exec(program, space)
            except Exception:
                verdict.append("it does not run")
        tried += 1
        reasons = [why for part, why in EQUIVALENT[check].items() if part in program]
        if verdict[-1:] == [None] and not reasons:
            passed.append(edit)
    assert tried >= 3 and passed == []
