"""The exercises of notebook 05: their checks take the solution and reject what students get wrong.

Every wrong answer is written as a student would write it, independently of the checks' own list.
"""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from g3lite import evaluation, geo, verification
from g3lite.baselines import selection
from g3lite.teaching import notebooks
from g3lite.teaching.checks import nb05

pytestmark = pytest.mark.filterwarnings("ignore:All-NaN", "ignore:Mean of empty", "ignore:invalid")

NAME = "05_geo_verification"


@pytest.fixture(scope="module")
def given():
    """What the solutions read, by name."""
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
    return {
        "np": np, "pd": pd, "evaluation": evaluation, "selection": selection,
        "verification": verification,
        "table": table, "truth": truth, "photos": photos,
    }  # fmt: skip


def test_the_solutions_say_that_they_equal_the_package(solutions, capsys):
    found = notebooks.exercises(notebooks.read_source(notebooks.folder(), NAME), NAME)
    for one in found:
        exec(one.solution, solutions)
    printed = capsys.readouterr().out
    assert printed.count("✓") == 3
    assert printed.count("as the package: True") == 2


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


def in_torch(image, gps, valid):
    score = torch.einsum("qd,qcd->qc", torch.tensor(image), torch.tensor(gps))
    score[~torch.tensor(valid)] = -torch.inf
    rows = score.argmax(dim=1)
    rows[score.max(dim=1).values == -torch.inf] = -1
    return rows


@pytest.mark.parametrize(
    "answer", [photo_by_photo, only_the_valid, with_nanargmax, with_a_copy, nearest, in_torch]
)
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


# --- 3: the middle -------------------------------------------------------------------------------


def xyz(places):
    lat, lon = np.radians(places[:, 0]), np.radians(places[:, 1])
    return np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def back(x, y, z):
    return np.degrees([np.arctan2(z, np.sqrt(x**2 + y**2)), np.arctan2(y, x)])


def middle(places):
    return back(*xyz(places).mean(axis=1))


def test_the_third_solution_is_accepted(solutions):
    assert nb05.check_05_3.hint(solutions["middle"]) is None


def summed_only(places):
    return tuple(back(*xyz(places).sum(axis=1)))


def with_unit_length(places):
    x, y, z = (point := xyz(places).mean(axis=1)) / np.linalg.norm(point)
    return [math.degrees(math.asin(z)), math.degrees(math.atan2(y, x))]


def of_the_candidates(places):
    table = pd.DataFrame(
        {
            "IMG_ID": "a", "origin": "reply", "references": 0, "sample": range(len(places)),
            "LAT": places[:, 0], "LON": places[:, 1], "fallback": False,
        }
    )  # fmt: skip
    return selection.spherical_mean(table)[["LAT_pred", "LON_pred"]].to_numpy()[0]


def in_single_precision(places):
    return middle(places.astype(np.float32))


@pytest.mark.parametrize(
    "answer", [summed_only, with_unit_length, of_the_candidates, in_single_precision]
)
def test_other_right_answers_to_the_third_are_accepted(answer):
    assert nb05.check_05_3.hint(answer) is None


def flat(places):
    return places.mean(axis=0)


def round_the_longitude(places):
    lon = np.radians(places[:, 1])
    lon = np.degrees(np.arctan2(np.sin(lon).sum(), np.cos(lon).sum()))
    return places[:, 0].mean(), lon


def unwrapped(places):
    lon = np.degrees(np.unwrap(np.radians(places[:, 1])))
    return places[:, 0].mean(), (lon.mean() + 180) % 360 - 180


def from_0_to_360(places):
    lon = (places[:, 1] % 360).mean()
    return places[:, 0].mean(), lon - 360 if lon > 180 else lon


def shifted_only(places):
    lat, lon = middle(places)
    return lat, lon % 360


def without_radians(places):
    return middle(np.degrees(places))


def half_radians(places):
    lat, lon = places.T
    x, y, z = np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)
    return np.radians(back(x.mean(), y.mean(), z.mean()))


def arcsin_of_the_mean(places):
    x, y, z = xyz(places).mean(axis=1)
    return np.degrees([np.arcsin(z), np.arctan2(y, x)])


def one_arctan(places):
    x, y, z = xyz(places).mean(axis=1)
    return np.degrees([np.arctan(z / np.hypot(x, y)), np.arctan(y / x)])


def arccos(places):
    x, y, z = xyz(places).mean(axis=1)
    length = np.linalg.norm([x, y, z])
    return np.degrees([np.arccos(z / length), np.arctan2(y, x)])


def other_way_round(places):
    x, y, z = xyz(places).mean(axis=1)
    return np.degrees([np.arctan2(z, np.hypot(x, y)), np.arctan2(x, y)])


def no_cosine(places):
    lat, lon = np.radians(places).T
    return back(np.cos(lon).mean(), np.sin(lon).mean(), np.sin(lat).mean())


def medoid(places):
    return places[geo.great_circle_km(places[:, None], places[None]).sum(axis=0).argmin()]


def in_place(places):
    places *= np.pi / 180
    lat, lon = places.T
    x, y, z = np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)
    return back(x.mean(), y.mean(), z.mean())


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (flat, "flat mean of the degrees"),
        (lambda p: [p[:, 0].sum() / len(p), p[:, 1].sum() / len(p)], "flat mean of the degrees"),
        (lambda p: np.median(p, axis=0), "median"),
        (round_the_longitude, "the latitudes are a flat mean"),
        (unwrapped, "should be"),
        (from_0_to_360, "seam at Greenwich"),
        (shifted_only, "within [-180, 180]"),
        (lambda p: np.radians(middle(p)), "in radians"),
        (without_radians, "use np.radians first"),
        (half_radians, "use np.radians first"),
        (lambda p: middle(np.radians(p)), "should be"),
        (lambda p: middle(p)[::-1], "latitude comes first"),
        (lambda p: middle(p[:, ::-1]), "swapped at the start"),
        (lambda p: middle(p[:, ::-1])[::-1], "should be"),
        (other_way_round, "x and y are swapped"),
        (arcsin_of_the_mean, "arcsin"),
        (one_arctan, "half of the Earth"),
        (arccos, "90 degrees minus"),
        (no_cosine, "should be"),
        (medoid, "the medoid"),
        (lambda p: p[0], "the first of the places"),
        (lambda p: p[-1], "should be"),
        (lambda p: middle(np.unique(p, axis=0)), "three times counts"),
        (lambda p: np.abs(middle(p)), "signs are lost"),
        (lambda p: -middle(p), "should be"),
        (lambda p: middle(p).round(1), "should be"),
        (lambda p: middle(p[:2]), "should be"),
        (lambda p: xyz(p).mean(axis=1), "a point (x, y, z)"),
        (lambda p: middle(p)[None], "shape"),
        (lambda p: middle(p)[0], "shape"),
        (lambda p: p, "shape"),
        (in_place, "changes the places"),
        (lambda p: None, "return"),
        (lambda p: (0.0, 0.0), "should be"),
    ],
)
def test_wrong_answers_to_the_third_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb05.check_05_3, answer)


# --- all -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", ["check_05_1", "check_05_2", "check_05_3"])
def test_an_empty_place_gets_a_hint_how_to_start(check):
    assert "complete" in getattr(nb05, check).hint(...)
