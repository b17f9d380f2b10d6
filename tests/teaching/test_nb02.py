"""The exercises of notebook 02: their checks take the solution and reject what students get wrong.

Every wrong answer is written as a student would write it, independently of the checks' own list.
"""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, logsumexp

from g3lite import alignment, geo, location
from g3lite.teaching.checks import nb02

NAME = "02_geo_alignment"


@pytest.fixture(scope="module")
def given():
    """What the solutions read, by name."""
    return {
        "np": np,
        "geo": geo,
        "location": location,
    }


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


def with_the_package(images, places, scale):
    one, other = torch.tensor(unit(images)), torch.tensor(unit(places))
    return alignment.info_nce(scale * one @ other.T)


def in_single_precision(images, places, scale):
    one, other = (torch.tensor(unit(rows), dtype=torch.float32) for rows in (images, places))
    return alignment.info_nce(scale * one @ other.T).item()


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
    "answer", [with_the_package, in_single_precision, in_a_loop, largest_taken_out]
)
def test_other_right_answers_to_the_first_are_accepted(answer):
    assert nb02.check_02_1.hint(answer) is None


def contrast(loss=symmetric, normalise=unit, scaled=lambda cosines, scale: scale * cosines):
    """An answer with one step replaced."""

    def contrastive(images, places, scale):
        return loss(scaled(normalise(images) @ normalise(places).T, scale))

    return contrastive


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


# --- 2: Mercator ---------------------------------------------------------------------------------

LIMIT = 85.0511287798066


def test_the_second_solution_is_accepted(solutions):
    assert nb02.check_02_2.hint(solutions["mercator"]) is None


def northing(lat):
    return np.log(np.tan(np.pi / 4 + np.radians(lat) / 2))


def plane(north=lambda lat: northing(lat) / np.pi, east=lambda lon: lon / 180, limit=LIMIT):
    """An answer with one step replaced."""

    def mercator(coordinates):
        lat = np.clip(coordinates[:, 0], -limit, limit)
        return np.stack([north(lat), east(coordinates[:, 1])], axis=1)

    return mercator


def package(coordinates):
    return location.project(torch.tensor(coordinates), "mercator_yx")


def clamped_afterwards(coordinates):
    lat, lon = np.radians(coordinates).T
    return np.clip(np.column_stack([np.arctanh(np.sin(lat)), lon]) / np.pi, -1, 1)


def with_pyproj(coordinates):
    import pyproj

    lat = coordinates[:, 0].clip(-LIMIT, LIMIT)
    to = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
    x, y = to.transform(coordinates[:, 1], lat)
    return np.column_stack([y, x]) / 20037508.342789244


def point_by_point(coordinates):
    rows = []
    for lat, lon in coordinates:
        lat = min(max(lat, -LIMIT), LIMIT)
        rows.append([float(northing(lat) / np.pi), lon / 180])
    return rows


@pytest.mark.parametrize(
    "answer", [plane(), package, clamped_afterwards, with_pyproj, point_by_point]
)
def test_other_right_answers_to_the_second_are_accepted(answer):
    with np.errstate(all="ignore"):
        assert nb02.check_02_2.hint(answer) is None


def x_first(coordinates):
    return plane()(coordinates)[:, ::-1]


def swapped_input(coordinates):
    return plane()(coordinates[:, ::-1])


def dropped(coordinates):
    return plane()(coordinates[np.abs(coordinates[:, 0]) < LIMIT])


def unclamped(coordinates):
    lat, lon = np.radians(coordinates).T
    return np.column_stack([np.arcsinh(np.tan(lat)), lon]) / np.pi


def unclamped_logarithm(coordinates):
    return np.column_stack([northing(coordinates[:, 0]) / np.pi, coordinates[:, 1] / 180])


def no_answer_beyond(coordinates):
    far = np.abs(coordinates[:, :1]) > LIMIT
    return np.where(far, np.nan, plane()(coordinates))


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (x_first, "north comes first"),
        (swapped_input, "first column of coordinates"),
        (plane(north=lambda lat: np.arcsinh(np.tan(lat)) / np.pi), "np.radians"),
        (plane(north=lambda lat: np.log(np.tan(np.pi / 4 + lat / 2)) / np.pi), "Not yet"),
        (unclamped, "no latitude is clamped"),
        (unclamped_logarithm, "Not yet"),
        (no_answer_beyond, "should become"),
        (dropped, "do not drop"),
        (plane(limit=85.0), "the clamp is at 85 degrees"),
        (plane(limit=80.0), "should become"),
        (plane(limit=89.0), "should become"),
        (plane(north=northing, east=np.radians), "divide by pi"),
        (plane(north=northing), "north is in radians"),
        (
            plane(lambda lat: 6378137 * northing(lat), lambda lon: 6378137 * np.radians(lon)),
            "metres",
        ),
        (plane(lambda lat: 6378.137 * northing(lat), lambda lon: 6378.137 * np.radians(lon)), "km"),
        (plane(lambda lat: northing(lat) / (2 * np.pi), lambda lon: lon / 360), "should become"),
        (plane(east=lambda lon: lon / 360), "divide them by 180"),
        (plane(east=lambda lon: lon / 90), "not by 90"),
        (plane(east=lambda lon: lon), "still in degrees"),
        (plane(east=lambda lon: (lon + 180) / 360), "should become"),
        (plane(north=lambda lat: lat / 90), "plate carree"),
        (plane(north=lambda lat: lat / LIMIT), "should become"),
        (plane(north=lambda lat: np.sin(np.radians(lat))), "keeps areas"),
        (plane(north=lambda lat: np.log(np.tan(np.radians(lat) / 2)) / np.pi), "should become"),
        (plane(north=lambda lat: -northing(lat) / np.pi), "sign"),
        (plane(north=lambda lat: northing(lat) / np.log(10) / np.pi), "base 10"),
        (lambda coordinates: plane()(coordinates).T, "shape"),
        (lambda coordinates: plane()(coordinates)[:, 0], "shape"),
        (lambda coordinates: None, "return"),
    ],
)
def test_wrong_answers_to_the_second_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb02.check_02_2, answer)


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
        (neighbours_in_the_list, "should be"),
        (same_word, "should be"),
        (of_photos, "shape"),
        (of_pairs, "shape"),
        (lambda texts, coordinates, km: None, "return"),
    ],
)
def test_wrong_answers_to_the_third_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb02.check_02_3, answer)


# --- all -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", ["check_02_1", "check_02_2", "check_02_3"])
def test_an_empty_place_gets_a_hint_how_to_start(check):
    assert "complete" in getattr(nb02, check).hint(...)
