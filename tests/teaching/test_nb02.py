"""The exercises of notebook 02: their checks take the solution and reject what students get wrong.

Every wrong answer is written as a student would write it, independently of the checks' own list.
"""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mutants import one_edit
from scipy.special import log_softmax, logsumexp

from g3lite import alignment, geo
from g3lite.teaching import notebooks
from g3lite.teaching.checks import nb02

NAME = "02_geo_alignment"


@pytest.fixture(scope="module")
def given():
    """What the solutions read, by name."""
    return {"np": np, "geo": geo, "F": F}


# --- 1: InfoNCE ----------------------------------------------------------------------------------


def unit(vectors, axis=1):
    return vectors / np.linalg.norm(vectors, axis=axis, keepdims=True)


def by_rows(logits):
    """-log p of the diagonal."""
    return -np.diag(log_softmax(logits, axis=1))


def symmetric(logits):
    return (by_rows(logits).mean() + by_rows(logits.T).mean()) / 2


def test_the_first_solution_is_accepted(solutions, capsys):
    nb02.check_02_1(solutions["contrastive"])
    assert capsys.readouterr().out.startswith("✓")


def of_arrays(answer):
    """An answer in numpy, which the check's tensors reach as arrays."""
    return lambda images, places, scale: answer(images.numpy(), places.numpy(), scale)


def with_the_package(images, places, scale):
    one, other = F.normalize(images, dim=1), F.normalize(places, dim=1)
    return alignment.info_nce(scale * one @ other.T)


def in_single_precision(images, places, scale):
    one, other = (F.normalize(rows.float(), dim=1) for rows in (images, places))
    return alignment.info_nce(scale * one @ other.T).item()


def with_log_softmax(images, places, scale):
    table = scale * F.normalize(images) @ F.normalize(places).T
    of_photos, of_places = F.log_softmax(table, dim=1), F.log_softmax(table, dim=0)
    return -(torch.diag(of_photos) + torch.diag(of_places)).mean() / 2


def in_a_loop(images, places, scale):
    total = 0.0
    for i in range(len(images)):
        to_places = [scale * unit(images)[i] @ place for place in unit(places)]
        to_images = [scale * unit(places)[i] @ image for image in unit(images)]
        total += logsumexp(to_places) - to_places[i] + logsumexp(to_images) - to_images[i]
    return total / (2 * len(images))


def largest_taken_out(images, places, scale):
    logits = scale * unit(images) @ unit(places).T
    both = []
    for table in (logits, logits.T):
        table = table - table.max(axis=1, keepdims=True)
        both.append(np.mean(np.log(np.exp(table).sum(axis=1)) - np.diag(table)))
    return np.mean(both)


@pytest.mark.parametrize(
    "answer",
    [
        with_the_package, in_single_precision, with_log_softmax, of_arrays(in_a_loop),
        of_arrays(largest_taken_out),
    ],
)  # fmt: skip
def test_other_right_answers_to_the_first_are_accepted(answer):
    assert nb02.check_02_1.hint(answer) is None


def contrast(loss=symmetric, normalise=unit, scaled=lambda cosines, scale: scale * cosines):
    """An answer with one step replaced."""

    def contrastive(images, places, scale):
        return loss(scaled(normalise(images) @ normalise(places).T, scale))

    return of_arrays(contrastive)


def naive(logits):
    def one_way(table):
        p = np.exp(table) / np.exp(table).sum(axis=1, keepdims=True)
        return -np.log(np.diag(p)).mean()

    return (one_way(logits) + one_way(logits.T)) / 2


def with_epsilon(logits):
    def one_way(table):
        p = np.exp(table - table.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return -np.log(np.diag(p) + 1e-12).mean()

    return (one_way(logits) + one_way(logits.T)) / 2


def largest_of_all_taken_out(logits):
    return naive(logits - logits.max())


def clipped(logits):
    return naive(np.clip(logits, -600, 600))


def probabilities(logits):
    return np.exp(-by_rows(logits)).mean() / 2 + np.exp(-by_rows(logits.T)).mean() / 2


def log_of_mean(logits):
    return (
        -(np.log(np.exp(-by_rows(logits)).mean()) + np.log(np.exp(-by_rows(logits.T)).mean())) / 2
    )


def twice(logits):
    first, second = (np.exp(log_softmax(table, axis=1)) for table in (logits, logits.T))
    return (by_rows(first).mean() + by_rows(second).mean()) / 2


def without_the_right_one(logits):
    off = np.where(np.eye(len(logits), dtype=bool), -np.inf, logits)
    rows = logsumexp(off, axis=1) - np.diag(logits)
    columns = logsumexp(off, axis=0) - np.diag(logits)
    return (rows.mean() + columns.mean()) / 2


def over_everything(logits):
    return (logsumexp(logits) - np.diag(logits)).mean()


def same_direction_twice(logits):
    return (by_rows(logits).mean() + by_rows(logits).mean()) / 2


def accuracy(logits):
    return float((logits.argmax(axis=1) == np.arange(len(logits))).mean())


def not_logarithmic(logits):
    return -np.diag(logits).mean()


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (contrast(naive), "logsumexp"),
        (contrast(with_epsilon), "logsumexp"),
        (contrast(largest_of_all_taken_out), "logsumexp"),
        (contrast(clipped), "Not yet"),
        (contrast(normalise=lambda v: v), "divide each row by its norm"),
        (contrast(normalise=lambda v: unit(v, axis=0)), "axis is 1"),
        (contrast(normalise=lambda v: v / np.linalg.norm(v)), "should be"),
        (contrast(scaled=lambda cosines, scale: cosines), "scale is missing"),
        (contrast(scaled=lambda cosines, scale: cosines / scale), "multiply"),
        (contrast(scaled=lambda cosines, scale: np.exp(scale) * cosines), "should be"),
        (contrast(lambda z: by_rows(z).mean()), "photos choosing places"),
        (contrast(lambda z: by_rows(z.T).mean()), "places choosing photos"),
        (contrast(same_direction_twice), "photos choosing places"),
        (contrast(lambda z: 2 * symmetric(z)), "halve it"),
        (contrast(lambda z: len(z) * symmetric(z)), "mean over its rows"),
        (contrast(lambda z: -symmetric(z)), "minus the logarithm"),
        (contrast(probabilities), "mean of the probabilities"),
        (contrast(log_of_mean), "before the mean"),
        (contrast(twice), "softmax was taken twice"),
        (contrast(without_the_right_one), "right place belongs"),
        (contrast(over_everything), "should be"),
        (contrast(lambda z: symmetric(z) / np.log(2)), "base 2"),
        (contrast(accuracy), "should be"),
        (contrast(not_logarithmic), "should be"),
        (contrast(by_rows), "not one number"),
        (lambda images, places, scale: None, "return"),
        (lambda images, places, scale: 0.0, "should be"),
    ],
)
def test_wrong_answers_to_the_first_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb02.check_02_1, answer)


# --- 2: the scales of an encoder -----------------------------------------------------------------

UNIT = 20_037.5 * np.cos(np.radians(65))


def steps(count, ratio=4.6, first=0.0735, unit=UNIT):
    return [first * unit / ratio**number for number in range(count)]


def test_the_second_solution_is_accepted(solutions):
    assert nb02.check_02_2.hint(solutions["sigmas"]) is None


@pytest.mark.parametrize(
    "answer", [[625, 135, 29, 6.3], np.array(steps(4, 4.55)), tuple(steps(4)[::-1])]
)
def test_other_designs_that_see_everything_are_accepted(answer):
    assert nb02.check_02_2.hint(answer) is None


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ([1, 16, 256], "51 % of the range"),  # G3's own
        (steps(4, unit=20_037.5), "right at the equator"),
        (steps(3), "is covered"),
        (steps(5, 3.5), "four are enough"),
        (steps(4, 5.5), "is covered"),  # gaps between the scales
        ([1, 4.6, 21, 97], "is covered"),  # distances in place of sigmas
        (steps(1), "is covered"),
        ([0.0735 * UNIT * 4.6**number for number in range(4)], "is covered"),
        ([], "empty"),
        ([622, 135, -29, 6.4], "above 0"),
        ([622, 135, float("nan"), 6.4], "above 0"),
        (622.0, "a list"),
        ([steps(4)], "a list"),
        (["a"], "raised"),
    ],
)
def test_designs_with_gaps_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb02.check_02_2, answer, raises=hint == "raised")


# --- 3: pairs that are no fair negatives ---------------------------------------------------------


def test_the_third_solution_is_accepted(solutions):
    assert nb02.check_02_3.hint(solutions["unfair"]) is None


def parts(texts, coordinates, km):
    same = np.array([[one == other for other in texts] for one in texts])
    near = geo.great_circle_km(coordinates[:, None], coordinates) <= km
    return same, near, np.eye(len(texts), dtype=bool)


def pair_by_pair(texts, coordinates, km):
    mask = np.zeros((len(texts), len(texts)), dtype=bool)
    for i in range(len(texts)):
        for j in range(len(texts)):
            if i != j:
                near = geo.great_circle_km(coordinates[i], coordinates[j]) <= km
                mask[i, j] = near or texts[i] == texts[j]
    return mask


def with_torch(texts, coordinates, km):
    numbers = torch.tensor(np.unique(texts, return_inverse=True)[1])
    mask = (numbers[:, None] == numbers) | alignment.within_km(torch.tensor(coordinates), km)
    return mask.fill_diagonal_(False)


@pytest.mark.parametrize("answer", [pair_by_pair, with_torch])
def test_other_right_answers_to_the_third_are_accepted(answer):
    assert nb02.check_02_3.hint(answer) is None


def masked(rule):
    return lambda texts, coordinates, km: rule(*parts(texts, coordinates, km))


def by_degrees(factor):
    def unfair(texts, coordinates, km):
        same, _, own = parts(texts, coordinates, km)
        flat = np.linalg.norm(coordinates[:, None] - coordinates, axis=-1)
        return (same | (factor * flat <= km)) & ~own

    return unfair


def swapped(texts, coordinates, km):
    return pair_by_pair(texts, coordinates[:, ::-1], km)


def of_25_km(texts, coordinates, km):
    return pair_by_pair(texts, coordinates, 25)


def own_by_distance(texts, coordinates, km):
    apart = geo.great_circle_km(coordinates[:, None], coordinates)
    return ((texts[:, None] == texts) | (apart <= km)) & (apart > 0)


def near_but_not_at_the_same_spot(texts, coordinates, km):
    same, near, own = parts(texts, coordinates, km)
    apart = geo.great_circle_km(coordinates[:, None], coordinates)
    return (same & ~own) | (near & (apart > 0))


def less_than(texts, coordinates, km):
    same, _, own = parts(texts, coordinates, km)
    return (same | (geo.great_circle_km(coordinates[:, None], coordinates) < km)) & ~own


def through_the_earth(texts, coordinates, km):
    same, _, own = parts(texts, coordinates, km)
    points = geo.unit_vectors(coordinates)
    chord = 6371.0088 * np.linalg.norm(points[:, None] - points, axis=-1)
    return (same | (chord <= km)) & ~own


def in_miles(texts, coordinates, km):
    return pair_by_pair(texts, coordinates, km / 1.609)


def neighbours_in_the_list(texts, coordinates, km):
    same, near, own = parts(texts, coordinates, km)
    beside = np.eye(len(texts), k=1, dtype=bool) | np.eye(len(texts), k=-1, dtype=bool)
    return (same | near) & beside


def same_word(texts, coordinates, km):
    _, near, own = parts(texts, coordinates, km)
    start = np.array([text[:20] for text in texts])
    return ((start[:, None] == start) | near) & ~own


def of_photos(texts, coordinates, km):
    return pair_by_pair(texts, coordinates, km).any(axis=1)


def of_pairs(texts, coordinates, km):
    return np.argwhere(pair_by_pair(texts, coordinates, km))


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (masked(lambda same, near, own: same | near), "diagonal is masked"),
        (masked(lambda same, near, own: same & near & ~own), "both at once"),
        (masked(lambda same, near, own: same & near), "Not yet"),
        (masked(lambda same, near, own: same ^ near), "should be"),
        (masked(lambda same, near, own: same & ~own), "places within km count too"),
        (masked(lambda same, near, own: near & ~own), "same text counts too"),
        (masked(lambda same, near, own: ~(same | near)), "other way round"),
        (masked(lambda same, near, own: ~((same | near) & ~own)), "other way round"),
        (masked(lambda same, near, own: np.triu((same | near) & ~own)), "one only"),
        (masked(lambda same, near, own: np.tril(same | near, -1)), "one only"),
        (masked(lambda same, near, own: (same | ~near) & ~own), "further than km"),
        (masked(lambda same, near, own: own), "should be"),
        (masked(lambda same, near, own: ~own), "should be"),
        (masked(lambda same, near, own: ((same | near) & ~own).astype(float)), "booleans"),
        (masked(lambda same, near, own: ((same | near) & ~own).astype(int)), "booleans"),
        (masked(lambda same, near, own: ((same | near) & ~own).sum()), "shape"),
        (by_degrees(111.195), "flat map"),
        (by_degrees(1.0), "degrees with km"),
        (swapped, "swapped"),
        (of_25_km, "25 km whatever"),
        (in_miles, "should be"),
        (own_by_distance, "two photos of one spot"),
        (near_but_not_at_the_same_spot, "two photos of one spot"),
        (less_than, "includes km itself"),
        (through_the_earth, "through the Earth"),
        (neighbours_in_the_list, "should be"),
        (same_word, "should be"),
        (of_photos, "shape"),
        (of_pairs, "shape"),
        (lambda texts, coordinates, km: None, "return"),
    ],
)
def test_wrong_answers_to_the_third_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb02.check_02_3, answer)


# --- 4: biased data ------------------------------------------------------------------------------


def test_the_fourth_solution_is_accepted(solutions):
    assert nb02.check_02_4.hint(solutions["biased"]) is None


def half_of_europe(continents):
    rng = np.random.default_rng(0)
    return (continents != "Europe") | (rng.random(len(continents)) < 0.5)


def rich_countries(continents):
    return np.isin(continents, ["Europe", "North America", "Asia"])


def in_a_list(continents):
    return [name != "Africa" for name in continents]


@pytest.mark.parametrize(
    "answer", [half_of_europe, rich_countries, in_a_list, lambda names: names != "Oceania"]
)
def test_other_unfair_choices_are_accepted(answer):
    assert nb02.check_02_4.hint(answer) is None


def drawn_by_chance(continents):
    return np.random.default_rng(0).random(len(continents)) < 0.7


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (drawn_by_chance, "fair choice"),
        (lambda names: np.arange(len(names)) % 3 > 0, "fair choice"),
        (lambda names: names == "Africa", "at least half"),
        (lambda names: names != "Afrika", "nothing is unfair"),
        (lambda names: np.ones(len(names), bool), "nothing is unfair"),
        (lambda names: np.zeros(len(names), bool), "at least half"),
        (lambda names: np.flatnonzero(names != "Africa"), "booleans for"),
        (lambda names: names[names != "Africa"], "booleans for"),
        (lambda names: (names != "Africa").astype(int), "booleans, True"),
        (lambda names: np.where(names != "Africa", names, ""), "booleans, True"),
        (lambda names: True, "booleans for"),
        (lambda names: None, "return"),
    ],
)
def test_choices_that_are_not_unfair_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb02.check_02_4, answer)


# --- all -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 3, 4])
def test_an_empty_place_gets_a_hint_how_to_start(number):
    assert "complete" in getattr(nb02, f"check_02_{number}").hint(...)
    assert "put a list" in nb02.check_02_2.hint(...)


EQUAL = {
    "check_02_1": {
        "line 3: F.normalize(images, dim=1) → F.normalize(images)": "1 is the default of dim",
        "line 3: F.normalize(places, dim=1) → F.normalize(places)": "1 is the default of dim",
    },
    "check_02_2": {
        "line 3: 20037.5 → 20036.5": "sees the whole range as well",
        "line 3: 20037.5 → 20038.5": "sees the whole range as well",
        "line 3: 65 → 64": "sees the whole range as well: the four scales have a little to spare",
    },
    "check_02_3": {
        "line 7: geo.great_circle_km(coordinates[:, None], coordinates) → "
        "geo.great_circle_km(coordinates, coordinates[:, None])": "a distance has no direction",
    },
    "check_02_4": {},
}
"""One-edit mutants that are right as well, each with its reason."""


def space_of(code, given):
    space = {**given, **{name: lambda *_: None for name in EQUAL}}
    with np.errstate(all="ignore"):
        exec(code, space)
    return space


@pytest.mark.parametrize("check", EQUAL)
def test_one_edit_mutants_of_the_solutions_are_rejected(check, given):
    found = notebooks.exercises(notebooks.read_source(notebooks.folder(), NAME), NAME)
    solution = next(one.solution for one in found if one.check == check)
    answer = {"check_02_1": "contrastive", "check_02_2": "sigmas", "check_02_3": "unfair",
              "check_02_4": "biased"}[check]  # fmt: skip
    passed, number = [], 0
    for what, code in one_edit(solution):
        number += 1
        try:
            space = space_of(code, given)
        except Exception:
            continue  # it does not even run
        with np.errstate(all="ignore"):
            if getattr(nb02, check).hint(space[answer]) is None:
                passed.append(what)
    assert set(passed) == set(EQUAL[check]) and number > (0 if check == "check_02_4" else 5)
