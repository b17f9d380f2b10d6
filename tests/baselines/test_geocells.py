import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from g3lite import evaluation, geo
from g3lite.baselines import retrieval
from g3lite.baselines.geocells import DEPTH, GeocellClassifier, Geocells, fit

ANYWHERE = [
    pytest.param([48.2, 16.4], id="Vienna"),
    pytest.param([0.0, 0.0], id="middle of a face"),
    pytest.param([45.0, 90.0], id="edge of the cube"),
    pytest.param([np.degrees(np.arctan(np.sqrt(0.5))), 45.0], id="corner of the cube"),
    pytest.param([-17.0, 180.0], id="antimeridian"),
    pytest.param([90.0, 0.0], id="north pole"),
    pytest.param([-90.0, 25.0], id="south pole"),
]


def points(n, seed):
    """Coordinates spread evenly over the sphere, a third of them crowded into one town."""
    rng = np.random.default_rng(seed)
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, n)))
    spread = np.column_stack([lat, rng.uniform(-180, 180, n)])
    spread[: n // 3] = [-36.85, 174.76] + rng.normal(0, 0.05, (n // 3, 2))
    return spread


def partition(labels):
    """Sets of rows with the same label, without those of label -1."""
    return {frozenset(np.flatnonzero(labels == label)) for label in set(labels) - {-1}}


# --- cells ---------------------------------------------------------------------------------------


def split_by_hand(coordinates, most, least):
    """The cells that the docstring of Geocells describes, in another way: squares, split in turn.

    Returns the sets of rows.
    """
    vectors = geo.unit_vectors(coordinates)
    kept = set()
    for axis in range(3):
        for sign in (1, -1):
            on_face = (np.abs(vectors).argmax(1) == axis) & (sign * vectors[:, axis] > 0)
            ratios = np.delete(vectors, axis, axis=1) / vectors[:, axis : axis + 1]
            flat = np.degrees(np.arctan(ratios))  # the face is the square from -45 to 45
            squares = [(np.flatnonzero(on_face), np.zeros(2), 45.0, 0)]
            while squares:
                rows, middle, half, depth = squares.pop()
                if len(rows) > most and depth < DEPTH:
                    for way in np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]]):
                        inside = ((flat[rows] > middle) == (way > 0)).all(axis=1)
                        child = (rows[inside], middle + way * half / 2, half / 2, depth + 1)
                        squares.append(child)
                elif len(rows) >= least:
                    kept.add(frozenset(rows))
    return kept


@pytest.mark.parametrize(("most", "least"), [(1, 1), (7, 1), (20, 6), (40, 40), (5000, 1)])
def test_cells_are_those_of_a_quadtree_on_each_face_of_a_cube(most, least):
    coordinates = points(1500, seed=most)
    cells = Geocells.from_coordinates(coordinates, most, least)
    expected = split_by_hand(coordinates, most, least)
    assert partition(cells.index_of(coordinates)) == expected
    assert len(cells) == len(expected)


special = st.sampled_from([-180.0, -135.0, -90.0, -45.0, 0.0, 45.0, 90.0, 135.0, 180.0])
coordinate = st.tuples(
    st.floats(-90, 90) | special.filter(lambda value: abs(value) <= 90),
    st.floats(-180, 180) | special,
)
crowd = st.tuples(coordinate, st.integers(1, 30))


@settings(max_examples=150, deadline=None)
@given(st.lists(crowd, min_size=1, max_size=40), st.integers(1, 40), st.integers(1, 40), st.data())
def test_every_photo_is_in_one_cell_unless_that_has_too_few(crowds, a, b, data):
    least, most = sorted((a, b))
    coordinates = np.array([place for place, times in crowds for _ in range(times)])
    everything = Geocells.from_coordinates(coordinates, most, least=1)
    where = everything.index_of(coordinates)
    assert (where >= 0).all()
    assert (everything.first[1:] > everything.last[:-1]).all()  # no two overlap
    assert (everything.first <= everything.last).all()
    np.testing.assert_array_equal(np.bincount(where), everything.photos)
    smallest = everything.first == everything.last
    assert (everything.photos[~smallest] <= most).all()

    enough = everything.photos >= least
    if not enough.any():
        with pytest.raises(ValueError, match=f"holds at least {least}; lower `least`"):
            Geocells.from_coordinates(coordinates, most, least)
        return
    cells = Geocells.from_coordinates(coordinates, most, least)
    for name in ("first", "last", "photos", "centres"):
        np.testing.assert_array_equal(getattr(cells, name), getattr(everything, name)[enough])
    assert len(cells) <= len(coordinates) // least
    np.testing.assert_array_equal(cells.index_of(coordinates) >= 0, enough[where])

    shuffled = data.draw(st.permutations(range(len(coordinates))))
    again = Geocells.from_coordinates(coordinates[shuffled], most, least)
    np.testing.assert_array_equal(again.first, cells.first)


@settings(max_examples=50, deadline=None)
@given(crowd, st.integers(1, 29))
def test_photos_at_one_spot_end_in_one_cell_around_it(crowd, most):
    spot, times = np.array([crowd[0]]), crowd[1]
    cells = Geocells.from_coordinates(np.repeat(spot, times, axis=0), most, least=1)
    assert cells.photos.tolist() == [times]
    assert geo.great_circle_km(cells.centres, spot)[0] < 1e-3
    assert cells.index_of(spot) == [0]


@pytest.mark.parametrize("spot", ANYWHERE)
def test_cells_become_as_small_everywhere(spot):
    around = geo.offset(np.repeat([spot], 40, axis=0), np.repeat(np.arange(0, 360, 45), 5), 2.0)
    cells = Geocells.from_coordinates(around, most=3, least=1)
    where = cells.index_of(around)
    spots = where.reshape(8, 5)
    assert (spots == spots[:, :1]).all()  # the same point, the same cell
    assert len(set(where)) == 8  # 1.5 km apart: different cells
    near = geo.great_circle_km(cells.centres[where], around)
    assert near.max() < 1e-3
    finest = Geocells.from_coordinates(np.repeat([spot], 2, axis=0), most=1, least=1)
    assert finest.index_of(geo.offset([spot] * 8, np.arange(0, 360, 45), 1.0)).max() == -1


@pytest.mark.parametrize(
    "writings",
    [
        [[12.3, 180.0], [12.3, -180.0]],
        [[0.0, 180.0], [0.0, -180.0], [-0.0, 180.0]],
        [[90.0, 0.0], [90.0, 77.7], [90.0, -135.0], [90.0, 180.0]],
        [[-90.0, 0.0], [-90.0, 45.0], [-90.0, -180.0]],
        [[0.0, 0.0], [-0.0, 0.0], [0.0, -0.0]],
    ],
)
def test_one_place_has_one_cell_however_it_is_written(writings):
    cells = Geocells.from_coordinates(
        np.repeat(writings, 3, axis=0), most=2, least=1
    )  # the smallest cells
    assert cells.index_of(writings).tolist() == [0] * len(writings)
    assert len(cells) == 1


def test_the_centre_is_the_mean_on_the_sphere_and_lies_in_the_cell():
    coordinates = points(2000, seed=1)
    cells = Geocells.from_coordinates(coordinates, most=60, least=3)
    where = cells.index_of(coordinates)
    for cell in range(len(cells)):
        mean = geo.unit_vectors(coordinates[where == cell]).mean(axis=0)
        centre = geo.unit_vectors(cells.centres[cell : cell + 1])[0]
        np.testing.assert_allclose(centre, mean / np.linalg.norm(mean), atol=1e-12)
    np.testing.assert_array_equal(cells.index_of(cells.centres), np.arange(len(cells)))


@pytest.mark.parametrize(
    ("coordinates", "centre"),
    [
        ([[10.0, 179.0], [10.0, -179.0]], [10.0, 180.0]),
        ([[80.0, 0.0], [80.0, 90.0], [80.0, 180.0], [80.0, -90.0]], [90.0, 0.0]),
        ([[-80.0, 20.0], [-80.0, -160.0]], [-90.0, 0.0]),
    ],
)
def test_the_centre_of_photos_around_the_antimeridian_or_a_pole(coordinates, centre):
    cells = Geocells.from_coordinates(coordinates, most=10, least=1)
    assert len(cells) == 1
    assert geo.great_circle_km(cells.centres[0], centre) < 2


def test_there_is_no_cell_where_no_photo_was_taken():
    town = np.repeat([[48.2, 16.4]], 30, axis=0)
    cells = Geocells.from_coordinates(np.vstack([town, [[-33.9, 151.2]] * 3]), most=10, least=4)
    elsewhere = [[-48.2, -163.6], [0.0, 16.4], [48.2, 17.4], [-33.9, 151.2], [48.2, 16.4]]
    assert cells.index_of(elsewhere).tolist() == [-1, -1, -1, -1, 0]
    assert cells.index_of(np.empty((0, 2))).shape == (0,)


@pytest.mark.parametrize(
    ("coordinates", "most", "least", "message"),
    [
        ([[0, 0]], 0, 0, "least = 0, most = 0 photos; need 1 <= least <= most"),
        ([[0, 0]], 3, 4, "least = 4, most = 3"),
        ([[0, 0]] * 3, 9, 4, "none of the cells of 3 photos holds at least 4; lower `least`"),
        (np.empty((0, 2)), 9, 1, "none of the cells of 0 photos"),
        ([[151.2, -33.9]], 9, 1, "did you pass"),
        ([[0, np.nan]], 9, 1, "longitude nan in row 0"),
    ],
)
def test_cells_that_cannot_be(coordinates, most, least, message):
    with pytest.raises(ValueError, match=message):
        Geocells.from_coordinates(coordinates, most, least)


# --- classifier ----------------------------------------------------------------------------------

TOWNS = np.array(
    [[48.2, 16.4], [-33.9, 151.2], [90.0, 0.0], [-17.0, 180.0], [0.1, -78.4], [64.1, -21.9]]
)
SHARES = np.array([0.4, 0.2, 0.1, 0.1, 0.1, 0.1])


def problem(n, seed, spread=0.5):
    """Photos of six towns: unit rows (n, 16) that lie about the town's own, and coordinates."""
    rng = np.random.default_rng(seed)
    town = rng.choice(len(TOWNS), n, p=SHARES)
    looks = np.random.default_rng(7).normal(size=(len(TOWNS), 16))
    features = looks[town] + spread * rng.normal(size=(n, 16))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    coordinates = geo.offset(TOWNS[town], rng.uniform(0, 360, n), rng.uniform(0, 5, n))
    return features.astype(np.float32), coordinates


PLAN = {"most": 50, "least": 5, "epochs": 15, "batch_size": 32, "lr": 1e-2, "weight_decay": 0.01}


def learn(features, coordinates, **change):
    return fit(features, coordinates, **{**PLAN, "progress": False, **change})


@pytest.fixture(scope="module")
def learnt():
    return learn(*problem(600, seed=0))


def test_it_tells_the_towns_apart(learnt):
    features, truth = problem(300, seed=1)
    answers = learnt.locate(features)
    assert answers.dtype == np.float64 and answers.shape == (300, 2)
    right = evaluation.score(answers, truth)["city"]
    best_constant = evaluation.score(retrieval.constant(problem(600, 0)[1]), truth)["city"]
    assert best_constant < 0.5
    assert right > 0.9


def test_the_answer_is_the_centre_of_the_most_probable_cell(learnt):
    features, _ = problem(200, seed=2)
    probabilities = learnt.probabilities(features)
    assert probabilities.shape == (200, len(learnt.cells)) and probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(
        learnt.locate(features), learnt.cells.centres[probabilities.argmax(axis=1)]
    )


def test_probabilities_are_those_of_a_softmax_of_the_weights(learnt):
    features, _ = problem(50, seed=3)
    logits = (features @ learnt.weight.T + learnt.bias).astype(np.float64)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(learnt.probabilities(features), expected, atol=1e-6)


def test_features_without_information_give_the_share_of_each_cell():
    _, coordinates = problem(600, seed=0)
    noise = np.random.default_rng(0).normal(size=(600, 4)).astype(np.float32)
    learnt = learn(noise, coordinates, epochs=60, weight_decay=20.0)
    found = learnt.probabilities(noise).mean(axis=0)
    np.testing.assert_allclose(found, learnt.cells.photos / learnt.cells.photos.sum(), atol=0.02)
    assert learnt.probabilities(noise).std(axis=0).max() < 0.05


def test_weight_decay_makes_it_less_certain():
    photos = problem(300, seed=0)
    sure, unsure = (
        learn(*photos, weight_decay=decay).probabilities(photos[0]).max(axis=1).mean()
        for decay in (0.0, 10.0)
    )
    assert unsure < sure - 0.1


def test_the_probabilities_are_calibrated_by_the_loss():
    features, coordinates = problem(1500, seed=0, spread=2.5)
    learnt = learn(features, coordinates, most=10_000, least=1, epochs=30)
    asked, truth = problem(1500, seed=1, spread=2.5)
    probabilities = learnt.probabilities(asked)
    right = probabilities.argmax(axis=1) == learnt.cells.index_of(truth)
    assert 0.4 < right.mean() < 0.9
    assert probabilities.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.06)


def test_the_seed_decides_the_result_and_nothing_else_does():
    photos = problem(300, seed=0)
    torch.manual_seed(1)
    first = learn(*photos, epochs=2, seed=3)
    state = torch.get_rng_state()
    second = learn(*photos, epochs=2, seed=3)
    assert torch.equal(torch.get_rng_state(), state)  # nobody else's random numbers are used
    other = learn(*photos, epochs=2, seed=4)
    np.testing.assert_array_equal(first.weight, second.weight)
    np.testing.assert_array_equal(first.bias, second.bias)
    assert not np.array_equal(first.weight, other.weight)


def test_photos_in_no_cell_teach_nothing():
    features, coordinates = problem(300, seed=0)
    lonely = np.array([[20.0, -160.0], [-50.0, 70.0]])
    rows = np.vstack([features, 9 * features[:2]])
    with_them = learn(rows, np.vstack([coordinates, lonely]))
    without = learn(features, coordinates)
    assert with_them.cells.index_of(lonely).tolist() == [-1, -1]
    np.testing.assert_array_equal(with_them.weight, without.weight)
    far = geo.great_circle_km(with_them.locate(rows)[:, None], lonely).min()
    assert far > 1000


def test_the_scale_and_offset_of_features_do_not_matter():
    features, coordinates = problem(300, seed=0)
    asked, _ = problem(100, seed=1)
    scale, offset = np.linspace(0.01, 20, 16), np.linspace(-1, 1, 16)
    plain = learn(features, coordinates).probabilities(asked)
    moved = learn(features * scale + offset, coordinates).probabilities(asked * scale + offset)
    np.testing.assert_allclose(moved, plain, atol=0.01)


def test_a_number_that_never_changes_does_no_harm():
    features, coordinates = problem(300, seed=0)
    constant = np.full((300, 1), 0.3, np.float32)
    learnt = learn(np.hstack([features, constant]), coordinates)
    plain = learn(features, coordinates)
    np.testing.assert_allclose(
        learnt.probabilities(np.hstack([features, constant])), plain.probabilities(features),
        atol=0.01,
    )  # fmt: skip


def test_one_cell_is_always_the_answer():
    features, coordinates = problem(50, seed=0)
    learnt = learn(features, np.repeat(coordinates[:1], 50, axis=0))
    assert learnt.probabilities(features).tolist() == [[1.0]] * 50
    assert geo.great_circle_km(learnt.locate(features), coordinates[0]).max() < 1e-3


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f, c: (f[:-1], c), "299 rows of features but 300 coordinates"),
        (lambda f, c: (f[0], c), r"shape \(16,\), expected \(n, d\)"),
        (lambda f, c: (np.where(np.arange(300)[:, None] == 4, np.nan, f), c), "row 4 of the feat"),
        (lambda f, c: (f, c[:, ::-1]), "did you pass"),
    ],
)
def test_photos_that_cannot_be_learnt_from(spoil, message):
    features, coordinates = problem(300, seed=0)
    with pytest.raises(ValueError, match=message):
        learn(*spoil(features, coordinates))


def test_a_learning_rate_that_is_too_high_is_named():
    with pytest.raises(FloatingPointError, match="lower the lr"):
        learn(*problem(300, seed=0), lr=1e30)


def test_features_of_another_backbone_are_refused(learnt):
    for ask in (learnt.locate, learnt.probabilities):
        with pytest.raises(ValueError, match="features of 8 numbers, .* trained on 16"):
            ask(np.zeros((3, 8), np.float32))
    with pytest.raises(ValueError, match="row 1 of the features"):
        learnt.locate(np.array([[0.0] * 16, [np.inf] * 16]))


def test_no_photos_have_no_answers(learnt):
    assert learnt.locate(np.empty((0, 16), np.float32)).shape == (0, 2)
    assert isinstance(learnt, GeocellClassifier)
