"""The exercises of notebook 05: their checks take the solution and reject what students get wrong.

Every wrong answer is written as a student would write it, independently of the checks' own list.
"""

import math
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from mutants import one_edit
from rule_lab import RuleLab

from g3lite import evaluation, miniearth, verification
from g3lite.baselines import selection
from g3lite.teaching import cue_lab, notebooks
from g3lite.teaching.checks import nb05, nb05_lab
from g3lite.teaching.checks.check import reseeded

pytestmark = pytest.mark.filterwarnings("ignore:All-NaN", "ignore:Mean of empty", "ignore:invalid")

NAME = "05_geo_verification"


@pytest.fixture(scope="module")
def given():
    """What the solutions read, by name; the lab answers by rule, without a model."""
    ids = ["a", "b"]
    table = pd.DataFrame(
        {
            "IMG_ID": np.repeat(ids, 2), "origin": "reply", "references": [0, 5] * 2, "sample": 0,
            "LAT": [48.9, 45.8, -17.7, -13.8], "LON": [2.3, 4.8, 178.0, -171.8], "fallback": False,
        }
    )  # fmt: skip
    truth = pd.DataFrame({"IMG_ID": ids, "LAT": [48.8, -17.0], "LON": [2.2, 178.1]})
    table["km"] = selection.errors_km(table, truth)

    class Photos:
        def __len__(self):
            return len(ids)

    photos = Photos()
    photos.ids = ids
    labs = SimpleNamespace(street=cue_lab.street, CueLab=lambda g3, some: RuleLab(some[0]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nb05_lab, "_lab", RuleLab)
        yield {
            "np": np, "pd": pd, "evaluation": evaluation, "selection": selection,
            "verification": verification, "table": table, "truth": truth, "photos": photos,
            "g3": None, "cue_lab": labs, "miniearth": miniearth,
        }  # fmt: skip


def test_the_solutions_say_that_they_equal_the_package(solutions, capsys):
    found = notebooks.exercises(notebooks.read_source(notebooks.folder(), NAME), NAME)
    for one in found:
        exec(one.solution, solutions)
    printed = capsys.readouterr().out
    assert printed.count("✓") == 4
    assert printed.count("as the package: True") == 1


# --- 1: the judge --------------------------------------------------------------------------------


def scores(image, gps):
    return np.einsum("qd,qcd->qc", image, gps)


def best(score, valid):
    """A right ending: the best valid one, -1 for none."""
    rows = np.where(valid, score, -np.inf).argmax(axis=1)
    return np.where(valid.any(axis=1), rows, -1)


def test_the_first_solution_is_accepted(solutions, capsys):
    nb05.check_05_1(solutions["verify"])
    assert capsys.readouterr().out.startswith("✓")


def photo_by_photo(image, gps, valid):
    rows = []
    for one, candidates, fine in zip(image, gps, valid, strict=True):
        found, highest = -1, -math.inf
        for place, candidate in enumerate(candidates):
            if fine[place] and one @ candidate > highest:
                found, highest = place, one @ candidate
        rows.append(found)
    return rows


def only_the_valid(image, gps, valid):
    rows = np.full(len(image), -1)
    for photo in range(len(image)):
        fine = np.flatnonzero(valid[photo])
        if len(fine):
            rows[photo] = fine[np.argmax(gps[photo, fine] @ image[photo])]
    return rows


def with_nanargmax(image, gps, valid):
    score = np.where(valid, (gps * image[:, None]).sum(axis=-1), np.nan)
    rows = np.full(len(score), -1)
    some = valid.any(axis=1)
    rows[some] = np.nanargmax(score[some], axis=1)
    return rows


def with_a_copy(image, gps, valid):
    score = (gps @ image[:, :, None])[:, :, 0]
    score[~valid] = -2
    rows = score.argmax(axis=1)
    rows[~valid.any(axis=1)] = -1
    return rows


def nearest(image, gps, valid):
    away = np.linalg.norm(gps - image[:, None], axis=-1)
    rows = np.where(valid, away, np.inf).argmin(axis=1)
    return np.where(valid.any(axis=1), rows, -1)


def in_single_precision(image, gps, valid):
    return best(scores(image.astype("float32"), gps.astype("float32")), valid)


def in_torch(image, gps, valid):
    score = torch.einsum("qd,qcd->qc", torch.tensor(image), torch.tensor(gps))
    score[~torch.tensor(valid)] = -torch.inf
    rows = score.argmax(dim=1)
    rows[score.max(dim=1).values == -torch.inf] = -1
    return rows


@pytest.mark.parametrize(
    "answer",
    [
        nb05.verify, photo_by_photo, only_the_valid, with_nanargmax, with_a_copy, nearest,
        in_single_precision, in_torch,
    ],
)  # fmt: skip
def test_other_right_answers_to_the_first_are_accepted(answer):
    assert nb05.check_05_1.hint(answer) is None


def judge(score=scores, end=best):
    """An answer with one step replaced."""
    return lambda image, gps, valid: end(score(image, gps), valid)


def of_scores(end):
    return judge(end=end)


def filled_with(value):
    def end(score, valid):
        rows = np.where(valid, score, value).argmax(axis=1)
        return np.where(valid.any(axis=1), rows, -1)

    return of_scores(end)


def no_minus_one(value):
    return of_scores(lambda score, valid: np.where(valid, score, value).argmax(axis=1))


def python_max(image, gps, valid):
    rows = []
    for one, candidates, fine in zip(image, gps, valid, strict=True):
        score = [one @ c if ok else -1.5 for c, ok in zip(candidates, fine, strict=True)]
        rows.append(score.index(max(score)))
    return rows


def max_of_the_valid(image, gps, valid):
    return [
        max(np.flatnonzero(fine), key=lambda c, one=one, g=g: one @ g[c])
        for one, g, fine in zip(image, gps, valid, strict=True)
    ]


def among_the_valid(image, gps, valid):
    rows = []
    for one, candidates, fine in zip(image, gps, valid, strict=True):
        rows.append(np.argmax(candidates[fine] @ one) if fine.any() else -1)
    return rows


def photos_left_out(image, gps, valid):
    some = valid.any(axis=1)
    return best(scores(image, gps), valid)[some]


def last_of_equals(score, valid):
    rows = np.where(valid, score, -np.inf)[:, ::-1].argmax(axis=1)
    return np.where(valid.any(axis=1), valid.shape[1] - 1 - rows, -1)


def with_argsort(score, valid):
    rows = np.argsort(np.where(valid, score, -np.inf), axis=1, kind="stable")[:, -1]
    return np.where(valid.any(axis=1), rows, -1)


def at_least(limit):
    def end(score, valid):
        rows = best(score, valid)
        highest = np.where(valid, score, -np.inf).max(axis=1)
        return np.where(highest > limit, rows, -1)

    return of_scores(end)


def in_place(image, gps, valid):
    gps[~valid] = 0
    return best(scores(image, gps), valid)


def flags_in_place(image, gps, valid):
    valid &= np.isfinite(gps).all(axis=2)
    valid[:, 0] |= False
    rows = best(scores(image, gps), valid)
    image *= 2
    return rows


def with_nan_for_none(score, valid):
    return np.where(valid.any(axis=1), best(score, valid), np.nan)


def none_for_none(image, gps, valid):
    rows = best(scores(image, gps), valid)
    return np.array([row if row >= 0 else len(valid[0]) for row in rows])


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (of_scores(lambda s, v: s.argmax(axis=1)), "NaN wins every argmax"),
        (of_scores(lambda s, v: np.where(v.any(1), s.argmax(1), -1)), "NaN wins every argmax"),
        (of_scores(lambda s, v: [max(range(len(r)), key=r.__getitem__) for r in s]), "should get"),
        (of_scores(lambda s, v: np.nanargmax(s, axis=1)), "valid decides"),
        (of_scores(lambda s, v: best(np.nan_to_num(s), v | True)), "Not yet"),
        (of_scores(lambda s, v: best(s, ~np.isnan(s))), "valid decides"),
        (of_scores(lambda s, v: np.nanargmax(np.where(v, s, np.nan), axis=1)), "its own"),
        (filled_with(0), "above a negative one"),
        (of_scores(lambda s, v: (np.nan_to_num(s) * v).argmax(axis=1)), "above a negative one"),
        (of_scores(lambda s, v: (s * v).argmax(axis=1)), "NaN wins every argmax"),
        (filled_with(-1), "which a valid one can have"),
        (filled_with(-0.5), "should get"),
        (filled_with(np.inf), "below all others"),
        (no_minus_one(-np.inf), "argmax answers 0"),
        (no_minus_one(-2), "argmax answers 0"),
        (python_max, "argmax answers 0"),
        (max_of_the_valid, "its own"),
        (among_the_valid, "among the valid"),
        (photos_left_out, "stay in"),
        (of_scores(lambda s, v: best(s, ~v)), "wrong way round"),
        (
            of_scores(lambda s, v: np.where(v.all(axis=1), best(s, v), -1)),
            "does not make the photo",
        ),
        (of_scores(lambda s, v: best(-s, v)), "lowest score"),
        (of_scores(lambda s, v: np.where(v, s, np.inf).argmin(axis=1)), "lowest score"),
        (of_scores(last_of_equals), "of equals the first"),
        (of_scores(with_argsort), "of equals the first"),
        (at_least(0), "Not yet"),
        (at_least(-0.99999), "a score of -1 is a score"),
        (of_scores(lambda s, v: best(np.abs(s), v)), "the sign"),
        (of_scores(lambda s, v: best(s**2, v)), "the sign"),
        (judge(lambda i, g: scores(i, g).round(4)), "do not round"),
        (judge(lambda i, g: scores(i, g).round(5)), "do not round"),
        (judge(lambda i, g: scores(i.astype("float16"), g.astype("float16"))), "millionths"),
        (judge(lambda i, g: scores(i, g).astype("float16")), "millionths"),
        (judge(lambda i, g: g @ i[0]), "the first photo"),
        (judge(lambda i, g: np.roll(scores(i, g), 1, axis=0)), "should get"),
        (judge(lambda i, g: g.sum(axis=2)), "no inner product"),
        (judge(lambda i, g: (g + i[:, None]).sum(axis=2)), "no inner product"),
        (judge(lambda i, g: g @ i.T), "shape"),
        (judge(lambda i, g: g @ i), "einsum"),
        (judge(lambda i, g: i @ g), "einsum"),
        (judge(lambda i, g: (g * i).sum(axis=2)), "einsum"),
        (judge(lambda i, g: np.linalg.norm(g - i[:, None], axis=2)), "lowest score"),
        (of_scores(lambda s, v: np.where(v, s, -np.inf).argmax()), "needs an axis"),
        (of_scores(lambda s, v: np.where(v, s, -np.inf).argmax(axis=0)), "shape"),
        (of_scores(lambda s, v: s), "all candidates"),
        (of_scores(lambda s, v: np.where(v, s, -np.inf)), "all candidates"),
        (of_scores(lambda s, v: v & (s == s.max(axis=1, keepdims=True))), "all candidates"),
        (of_scores(lambda s, v: np.where(v, s, -np.inf).max(axis=1)), "these are scores"),
        (of_scores(with_nan_for_none), "NaN; a photo without"),
        (none_for_none, "should get -1"),
        (of_scores(lambda s, v: best(s, v) + 1), "should get"),
        (lambda i, g, v: best(scores(i, g), v)[:, None], "shape"),
        (lambda i, g, v: np.full(len(i), -1), "is the mask the wrong way round"),
        (lambda i, g, v: np.zeros(len(i), dtype=int), "first candidate of each"),
        (lambda i, g, v: v.argmax(axis=1), "first candidate of each"),
        (in_place, "changes its arguments"),
        (flags_in_place, "changes its arguments"),
        (lambda i, g, v: None, "return"),
    ],
)
def test_wrong_answers_to_the_first_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb05.check_05_1, answer)


# --- 2: the blind judge --------------------------------------------------------------------------


def blind(km, photo, photos, radius):
    hits = np.zeros(photos)
    for one in range(photos):
        if (photo == one).any():
            hits[one] = (km[photo == one] <= radius).mean()
    return hits.mean()


def test_the_second_solution_is_accepted(solutions):
    assert nb05.check_05_2.hint(solutions["blind"]) is None


def of_the_package(km, photo, photos, radius):
    level = evaluation.THRESHOLDS_KM.index(radius)
    return evaluation.Chances.from_errors(km, photo, photos).hits[:, level].mean()


def with_pandas(km, photo, photos, radius):
    return pd.Series(km <= radius).groupby(photo).mean().sum() / photos


def with_weights(km, photo, photos, radius):
    return np.sum((km <= radius) / np.bincount(photo)[photo]) / photos


@pytest.mark.parametrize("answer", [blind, of_the_package, with_pandas, with_weights])
def test_other_right_answers_to_the_second_are_accepted(answer):
    assert nb05.check_05_2.hint(answer) is None


def grouped(way, end=lambda values, photos: values.sum() / photos):
    """An answer from one number per photo that has candidates; a row is (km, radius)."""

    def answer(km, photo, photos, radius):
        values = pd.Series(km).groupby(photo).agg(lambda some: float(way(some.to_numpy(), radius)))
        return end(values, photos)

    return answer


def share(km, radius):
    return (km <= radius).mean()


def of_counts(near, candidates, photos):
    """An answer with numpy's counts; photos without candidates are 0 / 0."""
    return np.mean(near / candidates)


def no_minlength(km, photo, photos, radius):
    return np.bincount(photo, km <= radius).sum() / np.bincount(photo).sum()


def short_counts(km, photo, photos, radius):
    chances = np.zeros(photos)
    chances += np.bincount(photo, km <= radius) / np.maximum(np.bincount(photo), 1)
    return chances.mean()


def nan_of_empty(km, photo, photos, radius):
    near, all_of = (np.bincount(photo, w, photos) for w in (km <= radius, np.ones(len(km))))
    return np.mean(near / all_of)


def nanmean_of_empty(km, photo, photos, radius):
    near, all_of = (np.bincount(photo, w, photos) for w in (km <= radius, np.ones(len(km))))
    return np.nanmean(near / all_of)


def python_division(km, photo, photos, radius):
    shares = []
    for one in range(photos):
        mine = [k for k, p in zip(km.tolist(), photo.tolist(), strict=True) if p == one]
        shares.append(sum(k <= radius for k in mine) / len(mine))
    return sum(shares) / photos


def over_photos(which):
    """An answer whose loop begins or ends somewhere else."""

    def answer(km, photo, photos, radius):
        rows = [km[photo == one] for one in which(photos)]
        return sum((row <= radius).mean() for row in rows if len(row)) / photos

    return answer


def empty_is_a_hit(km, photo, photos, radius):
    return np.mean([not (km[photo == one] > radius).any() for one in range(photos)])


def all_near(km, photo, photos, radius):
    return np.mean(
        [(photo == one).any() and (km[photo == one] <= radius).all() for one in range(photos)]
    )


GENERATOR = np.random.default_rng(0)


def drawn(km, photo, photos, radius, rng=None):
    rng = rng or GENERATOR
    hits = 0
    for one in range(photos):
        mine = km[photo == one]
        hits += len(mine) > 0 and rng.choice(mine) <= radius
    return hits / photos


def drawn_with_a_seed(km, photo, photos, radius):
    return drawn(km, photo, photos, radius, np.random.default_rng(0))


def drawn_often(km, photo, photos, radius):
    rng = np.random.default_rng(1)
    return np.mean([drawn(km, photo, photos, radius, rng) for _ in range(20)])


def in_order_of_the_table(km, photo, photos, radius):
    parts = np.array_split(km, photos)
    return np.mean([(part <= radius).mean() if len(part) else 0 for part in parts])


def padded(km, photo, photos, radius):
    table = np.full((photos, np.bincount(photo).max()), np.inf)
    place = pd.Series(photo).groupby(photo).cumcount()
    table[photo, place] = km
    return (table <= radius).mean()


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda km, p, n, r: (km <= r).mean(), "all candidates at once"),
        (no_minlength, "all candidates at once"),
        (lambda km, p, n, r: share(np.sort(km), r), "all candidates at once"),
        (grouped(share, lambda v, n: v.mean()), "left the denominator"),
        (nanmean_of_empty, "left the denominator"),
        (nan_of_empty, "0 / 0 = NaN"),
        (lambda *batch: np.float32(nan_of_empty(*batch)), "0 / 0 = NaN"),
        (python_division, "none to divide by"),
        (short_counts, "minlength"),
        (grouped(lambda km, r: (km <= r).any()), "the ceiling"),
        (grouped(lambda km, r: km.min() <= r), "the ceiling"),
        (grouped(lambda km, r: (km <= r).all()), "all candidates of a photo"),
        (grouped(lambda km, r: km.max() <= r), "all candidates of a photo"),
        (all_near, "all candidates of a photo"),
        (empty_is_a_hit, "should be"),
        (grouped(lambda km, r: km[0] <= r), "the first candidate"),
        (grouped(lambda km, r: km[-1] <= r), "the last candidate"),
        (grouped(lambda km, r: km.mean() <= r), "mean distance"),
        (grouped(lambda km, r: np.median(km) <= r), "median distance"),
        (grouped(lambda km, r: share(km, r) > 0.5), "should be"),
        (grouped(lambda km, r: share(km, r) >= 0.5), "should be"),
        (grouped(lambda km, r: (km < r).mean()), "not <"),
        (grouped(lambda km, r: (km > r).mean()), "should be"),
        (grouped(lambda km, r: (km > r).mean(), lambda v, n: v.mean()), "should be"),
        (lambda *batch: 1 - blind(*batch), "misses"),
        (padded, "largest number"),
        (lambda km, p, n, r: (km <= r).sum() / n, "number of near candidates"),
        (lambda km, p, n, r: (km <= r).sum(), "no share"),
        (grouped(share, lambda v, n: v.sum()), "number of photos"),
        (grouped(share, lambda v, n: 100 * v.sum() / n), "per cent"),
        (grouped(share, lambda v, n: v.median()), "should be"),
        (lambda km, p, n, r: blind(km, p, n, 25), "25 km"),
        (lambda km, p, n, r: blind(km, p, n, 200), "should be"),
        (lambda km, p, n, r: blind(km, p, n, 1000 * r), "should be"),
        (lambda km, p, n, r: blind(km, p + 1, n, r), "should be"),
        (over_photos(lambda n: range(1, n)), "should be"),
        (over_photos(lambda n: range(n - 1)), "should be"),
        (lambda km, p, n, r: blind(km, p, n - 1, r), "should be"),
        (lambda km, p, n, r: blind(km, p, n - 3, r), "should be"),
        (lambda km, p, n, r: blind(km, np.sort(p), n, r), "should be"),
        (in_order_of_the_table, "should be"),
        (drawn, "two calls differ"),
        (drawn_with_a_seed, "should be"),
        (drawn_often, "should be"),
        (lambda km, p, n, r: np.bincount(p, km <= r, n) / n, "array"),
        (lambda km, p, n, r: None, "return"),
        (lambda km, p, n, r: 0.5, "should be"),
    ],
)
def test_wrong_answers_to_the_second_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb05.check_05_2, answer)


# --- 3: beat the judge ---------------------------------------------------------------------------


def test_the_third_solution_is_accepted(solutions):
    assert nb05.check_05_3.hint(solutions["beat"]) is None


def with_tables(hits, first, now):
    chosen = pd.DataFrame(hits[first]).mean().idxmax()
    others = pd.DataFrame(hits[~first]).mean()
    return [chosen, others[chosen] - others[now]]


def one_by_one(hits, first, now):
    best, highest = 0, -math.inf
    for setting in range(hits.shape[1]):
        if (mean := sum(hits[first, setting]) / first.sum()) > highest:
            best, highest = setting, mean
    return best, np.mean(hits[~first, best]) - np.mean(hits[~first, now])


def by_the_lead(hits, first, now):
    lead = hits - hits[:, [now]]
    best = np.argmax(lead[first].sum(axis=0))
    return best, lead[~first, best].mean()


@pytest.mark.parametrize("answer", [nb05.beat, with_tables, one_by_one, by_the_lead])
@pytest.mark.parametrize("seed", [None, 0, 1])
def test_right_answers_to_the_third_are_accepted(answer, seed):
    with nullcontext() if seed is None else reseeded(seed):
        assert nb05.check_05_3.hint(answer) is None


def chosen_on(some, measured_on):
    """An answer that chooses and measures on the photos that two functions of `first` name."""

    def answer(hits, first, now):
        setting = hits[some(first)].mean(axis=0).argmax()
        mean = hits[measured_on(first)].mean(axis=0)
        return setting, mean[setting] - mean[now]

    return answer


def every(first):
    return np.ones_like(first)


def others(first):
    return ~first


def itself(first):
    return first


def lead_in_place(hits, first, now):
    hits -= hits[:, [now]].copy()
    setting = hits[first].mean(axis=0).argmax()
    return setting, hits[~first, setting].mean()


def worst(hits, first, now):
    setting = hits[first].mean(axis=0).argmin()
    return setting, hits[~first, setting].mean() - hits[~first, now].mean()


def third(change):
    """The right answer with something done to its two numbers."""
    return lambda h, f, n: change(*nb05.beat(h, f, n))


def mean_of(h, f, setting):
    return h[f, setting].mean()


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (chosen_on(every, others), "no say in the choice"),
        (chosen_on(others, others), "choose it on the first photos"),
        (chosen_on(others, itself), "the other way round"),
        (chosen_on(itself, itself), "where the best one is lucky too"),
        (chosen_on(itself, every), "also those of the choice"),
        (chosen_on(every, every), "has the highest mean"),
        (chosen_on(every, itself), "has the highest mean"),
        (lambda h, f, n: (s := nb05.beat(h, f, n)[0], mean_of(h, ~f, s)), "minus what `now`"),
        (lambda h, f, n: (s := nb05.beat(h, f, n)[0], mean_of(h, ~f, s) - mean_of(h, f, n)),
         "take the same photos"),
        (lambda h, f, n: (s := nb05.beat(h, f, n)[0], mean_of(h, ~f, s) - h[~f].mean()),
         "above the mean of all settings"),
        (lambda h, f, n: nb05.beat(h, f, 0), "setting 0 is not the one in use"),
        (worst, "worst setting"),
        (third(lambda s, g: (s, -g)), "the sign"),
        (third(lambda s, g: (s, 100 * g)), "per cent"),
        (third(lambda s, g: (g, s)), "the setting comes first"),
        (third(lambda s, g: (s + 1, g)), "has the highest mean"),
        (third(lambda s, g: (s, g + 0.01)), "should be"),
        (third(lambda s, g: (s, round(g, 3))), "should be"),
        (third(lambda s, g: s), "return two things"),
        (third(lambda s, g: (s, g, 0)), "return two things"),
        (third(lambda s, g: (np.array([s]), g)), "two numbers"),
        (lambda h, f, n: (s := nb05.beat(h, f, n)[0], (h[~f, s] - h[~f, n]).sum()), "the sum"),
        (lambda h, f, n: (n, 0.0), "has the highest mean"),
        (lead_in_place, "changes what it was given"),
        (lambda h, f, n: None, "return"),
    ],
)  # fmt: skip
def test_wrong_answers_to_the_third_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb05.check_05_3, answer)


# --- one edit ------------------------------------------------------------------------------------

EQUIVALENT = {
    "check_05_1": (),
    "check_05_2": ("np.maximum(1, candidates)",),
    "check_05_3": ("hits[first].sum(axis=0)",),
}
"""Parts of one-edit mutants of the solutions that are right as well: the order of two arguments,
and a sum that is highest where the mean is."""


@pytest.mark.parametrize("check", EQUIVALENT)
def test_solutions_with_one_edit_are_rejected(check, given):
    found = notebooks.exercises(notebooks.read_source(notebooks.folder(), NAME), NAME)
    (solution,) = (exercise.solution for exercise in found if exercise.check == check)
    solution = solution[: solution.index("\n", solution.index(f"\n{check}(") + 1)]  # its function
    passed, tried = [], 0
    for edit, program in one_edit(solution):
        verdict = []
        space = {
            **given,
            check: lambda answer, v=verdict: v.append(getattr(nb05, check).hint(answer)),
        }
        with np.errstate(all="ignore"):
            try:
                exec(program, space)
            except Exception:
                verdict.append("it does not run")
        tried += 1
        if verdict[:1] == [None] and not any(p in program for p in EQUIVALENT[check]):
            passed.append(edit)
    assert tried >= 3 and passed == []


# --- all -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", ["check_05_1", "check_05_2", "check_05_3"])
def test_an_empty_place_gets_a_hint_how_to_start(check):
    assert "complete" in getattr(nb05, check).hint(...)
