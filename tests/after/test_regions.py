"""Kernels, distributions and what regions promise, held against geometry and counting."""

import numpy as np
import pandas as pd
import pytest
import torch

from g3lite import geo
from g3lite.after import regions as g

LISBON, REYKJAVIK = (38.7, -9.1), (64.1, -21.9)


@pytest.fixture(scope="module")
def background():
    rng = np.random.default_rng(0)
    return g.Background.from_gallery(rng.normal([45, 10], [8, 15], (400, 2)))


def distribution(background, mass=((0.5, 0.1), (0.2, 0.1)), rest=0.1):
    return g.Distribution(
        np.array([LISBON, REYKJAVIK]), np.array(mass), np.array([5.0, 400.0]), rest, background
    )


def over_the_earth(step=1.0):
    lat, lon = np.meshgrid(
        np.arange(-90 + step / 2, 90, step), np.arange(-180 + step / 2, 180, step), indexing="ij"
    )
    km2 = (g.EARTH_KM2 / 4 / np.pi) * np.radians(step) ** 2 * np.cos(np.radians(lat))
    return np.column_stack([lat.ravel(), lon.ravel()]), km2.ravel()


@pytest.mark.parametrize("width", [300.0, 3_000.0])
def test_a_kernel_is_a_density_on_the_sphere(width):
    cells, km2 = over_the_earth()
    km = geo.great_circle_km(cells, LISBON)
    gap = torch.from_numpy(2 * np.sin(km / geo.EARTH_RADIUS_KM / 2) ** 2)
    density = g.log_kernel(gap, torch.tensor(width, dtype=torch.float64)).exp().numpy()
    assert density @ km2 == pytest.approx(1, abs=1e-3)
    if width < 1_000:  # the standard deviation along a direction, as on a plane
        assert np.sqrt(density @ (km2 * km**2) / 2) == pytest.approx(width, rel=0.01)


def test_the_points_of_a_kernel_hold_equal_shares_of_it():
    number = np.array([400, 100])
    points = g.kernel_points(np.array([LISBON, REYKJAVIK]), np.array([50.0, 5.0]), number)
    for some, centre, width in ((points[:400], LISBON, 50.0), (points[400:], REYKJAVIK, 5.0)):
        km = geo.great_circle_km(some, centre)
        for share in (0.25, 0.5, 0.9):  # on a plane the radii of a normal distribution
            radius = width * np.sqrt(-2 * np.log(1 - share))
            assert (km <= radius).mean() == pytest.approx(share, abs=0.015)
        assert np.linalg.norm((some - centre).mean(axis=0)) * 111 < width / 5  # in all directions


def test_the_background_is_a_density_and_follows_the_gallery(background):
    cells, km2 = over_the_earth()
    assert background.density(cells) @ km2 == pytest.approx(1, abs=1e-3)
    assert background.mass.sum() == pytest.approx(1)
    near, far = background.density(np.array([[45.0, 10.0], [-40.0, -120.0]]))
    assert near > 1_000 * far > 0
    inside = geo.great_circle_km(background.spots, (45.0, 10.0)) < 1_000
    share = (background.density(cells) * km2)[geo.great_circle_km(cells, (45.0, 10.0)) < 1_000]
    assert background.mass[inside].sum() == pytest.approx(share.sum(), abs=0.03)


def test_every_place_has_a_background_also_on_the_edges_of_the_map(background):
    edges = np.array([[90.0, 0.0], [-90.0, 180.0], [0.0, 180.0], [0.0, -180.0], [10.0, 179.999]])
    assert (background.density(edges) > 0).all()


def test_a_distribution_is_a_density_and_its_points_stand_for_it(background):
    wide = g.Distribution(
        np.array([LISBON, REYKJAVIK]), np.array([[0.4, 0.1], [0.3, 0.1]]),
        np.array([300.0, 900.0]), 0.1, background,
    )  # fmt: skip
    cells, km2 = over_the_earth()
    density = wide.density(cells)
    assert density @ km2 == pytest.approx(1, abs=2e-3)
    spots, share, of_spots = wide.points
    assert share.sum() == pytest.approx(1) and (np.diff(of_spots) <= 0).all()
    assert np.allclose(of_spots, wide.density(spots))
    for km in (200, 750, 2_000):
        true = (density * km2)[geo.great_circle_km(cells, LISBON) <= km].sum()
        assert wide.within(LISBON, km) == pytest.approx(true, abs=0.02)
    for share in (0.3, 0.6, 0.85):  # the smallest region, by sorting the cells
        order = np.argsort(-density)
        held = np.cumsum((density * km2)[order])
        true = km2[order][held < share].sum()
        assert wide.region(share)[1] == pytest.approx(true, rel=0.12)


def test_a_narrow_hill_is_told_by_its_points(background):
    sure = distribution(background, ((0.9, 0.0), (0.0, 0.0)), 0.1)
    assert sure.within(LISBON, 5 * np.sqrt(2 * np.log(2))) == pytest.approx(0.45, abs=0.01)
    assert sure.within(LISBON, 40) == pytest.approx(0.9, abs=0.01)
    assert sure.level(LISBON) == 0
    assert sure.region(0.45)[1] == pytest.approx(2 * np.pi * 25 * np.log(2), rel=0.1)


def test_the_level_of_a_place_is_the_share_of_the_region_that_just_holds_it(background):
    some = distribution(background)
    for place in (LISBON, REYKJAVIK, (45.0, 10.0), (-40.0, -120.0)):
        level = some.level(place)
        limit = some.density(np.array([place]))[0]
        inside, _ = some.region(level)
        assert (some.density(inside)[:-1] >= limit).all()
        assert abs(len(inside) - (some.points[2] > limit).sum()) <= 1  # a sum of many shares
    assert some.level(LISBON) < some.level(REYKJAVIK) < some.level((-40.0, -120.0))


def lessons(photos=400, seed=0):
    """Photos with a good candidate that its score gives away, and four bad ones."""
    rng = np.random.default_rng(seed)
    truth = rng.normal([45, 10], [8, 15], (photos, 2))
    good = rng.random(photos)
    spots = rng.normal([45, 10], [8, 15], (photos, 5, 2))
    km = np.where(rng.random(photos) < good, 5, 300) * np.sqrt(-2 * np.log(rng.random(photos)))
    spots[:, 0] = geo.offset(truth, rng.random(photos) * 360, km)
    score = np.column_stack([good, 0.2 * rng.random((photos, 4))])
    said = np.stack([score, rng.random((photos, 5)), np.zeros((photos, 5))], axis=-1)
    away = geo.great_circle_km(spots, truth[:, None])
    gap = 2 * np.sin(away / geo.EARTH_RADIUS_KM / 2) ** 2
    return truth, spots, said, gap


def fitted(background, photos=400, seed=0, **options):
    truth, spots, said, gap = lessons(photos, seed)
    kernels = g.Kernels(**options)
    there = torch.ones(gap.shape, dtype=torch.bool)
    given = torch.from_numpy(said), there, torch.from_numpy(gap)
    at_truth = torch.from_numpy(background.density(truth))
    return kernels, kernels.fit(*given, at_truth), (*given, at_truth)


@pytest.fixture(scope="module")
def learned(background):
    return fitted(background)


def test_kernels_learn_widths_shares_and_how_sure_to_be(background, learned):
    kernels, gained, (said, there, gap, at_truth) = learned
    before = g.Kernels()
    with torch.no_grad():
        untrained = before.log_density(*before(said, there), gap, at_truth).mean()
        assert gained > float(untrained) + 1
        assert (kernels.widths_km - 5).abs().min() < 1.5
        assert (kernels.widths_km - 300).abs().min() < 60
        mass, rest = kernels(said, there)
        total = mass.exp().sum(dim=(1, 2)) + rest.exp()
        assert torch.allclose(total, torch.ones_like(total))
        first = mass[:, 0].exp().sum(dim=1)
        sure, unsure = said[:, 0, 0] > 0.8, said[:, 0, 0] < 0.2
        assert first[sure].mean() > first[unsure].mean() + 0.2


def test_candidates_that_do_not_exist_change_nothing(learned):
    kernels, _, (said, there, gap, at_truth) = learned
    more = torch.cat([said, 9 + said[:, :2]], dim=1)
    exist = torch.cat([there, torch.zeros_like(there[:, :2])], dim=1)
    wide = torch.cat([gap, gap[:, :2]], dim=1)
    with torch.no_grad():
        expected = kernels.log_density(*kernels(said, there), gap, at_truth)
        found = kernels.log_density(*kernels(more, exist), wide, at_truth)
    assert torch.allclose(found, expected)


def test_the_distribution_of_a_photo_has_the_density_that_was_learned(background, learned):
    kernels, _, (said, there, gap, at_truth) = learned
    truth, spots, _, _ = lessons()
    with torch.no_grad():
        wanted = kernels.log_density(*kernels(said, there), gap, at_truth).numpy()
    for photo in range(5):
        found = kernels.distribution(spots[photo], said[photo].numpy(), background)
        density = found.density(truth[photo][None])[0]
        assert np.log(density) == pytest.approx(wanted[photo], abs=1e-6)


def test_what_was_learned_comes_back_from_its_arrays(background, learned):
    kernels, _, (said, there, gap, at_truth) = learned
    again = g.Kernels.from_arrays(kernels.arrays() | {"other": np.zeros(1)})
    with torch.no_grad():
        assert torch.equal(again(said, there)[0], kernels(said, there)[0])
        assert torch.equal(again.widths_km, kernels.widths_km)


def test_regions_hold_what_they_promise_for_other_photos_of_the_kind(background, learned):
    kernels = learned[0]

    def levels(seed, wrong=0.0):
        truth, spots, said, _ = lessons(500, seed)
        away = geo.offset(truth, np.full(500, 90.0), np.full(500, wrong))
        return [
            kernels.distribution(s, e, background).level(place)
            for s, e, place in zip(spots, said, away, strict=True)
        ]

    share = g.conformal_share(levels(1))
    assert np.mean(np.array(levels(2)) <= share) == pytest.approx(0.9, abs=0.04)
    assert np.mean(np.array(levels(2, wrong=500.0)) <= share) < 0.8  # another kind of photos


@pytest.mark.parametrize(("n", "rank"), [(9, 9), (19, 18), (99, 90), (100, 91)])
def test_the_conformal_share_is_a_level_of_the_calibration(n, rank):
    levels = np.random.default_rng(n).permutation(np.arange(1, n + 1)) / 1000
    assert g.conformal_share(levels) == pytest.approx(rank / 1000)


def test_too_few_photos_promise_nothing_but_the_whole_earth():
    assert g.conformal_share(np.full(8, 0.5)) == 1.0


def test_the_promise_holds_on_average_over_calibration_sets():
    rng = np.random.default_rng(0)
    held = [rng.random() <= g.conformal_share(rng.random(19)) for _ in range(4_000)]
    assert np.mean(held) == pytest.approx(0.9, abs=0.015)


def test_a_confidence_lets_through_as_many_right_answers_as_wanted():
    probability = [0.9, 0.8, 0.8, 0.6, 0.5, 0.1]
    right = [True, True, False, True, False, False]
    assert g.confidence_for(probability, right, 1.0) == 0.9
    assert g.confidence_for(probability, right, 0.75) == 0.6
    assert g.confidence_for(probability, right, 0.5) == 0.1
    assert g.confidence_for(probability, np.zeros(6), 0.5) == np.inf


def test_an_answer_says_how_sure_it_is(background):
    where = g.Where(np.array(LISBON), distribution(background), 0.8)
    assert list(where.within) == [25, 200, 750]
    assert where.within[25] < where.within[200] < where.within[750]
    points, km2 = where.region
    said = str(where)
    assert f"within 200 km with {100 * where.within[200]:.0f} %" in said
    assert "90 % region: " in said and said.endswith(" km²")
    told = where.as_dict()
    assert told["within_km"]["200"] == pytest.approx(where.within[200], abs=1e-4)
    assert told["region"]["km2"] == km2 and len(told["region"]["points"]) == len(points)


def test_evidence_is_what_the_judge_leaves_in_the_table():
    table = pd.DataFrame(
        {"score": [0.5, 0.1], "cosine": [0.2, 0.3], "origin": ["reply", "retrieved"]}
    )
    assert g.evidence(table).tolist() == [[0.5, 0.2, 1.0], [0.1, 0.3, 0.0]]
    assert g.evidence(table).shape[1] == len(g.EVIDENCE)
