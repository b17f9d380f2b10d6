"""What MiniLMM is asked: turned globes, moved towns, patterns of places."""

import numpy as np
import pytest

from g3lite.geo import great_circle_km
from g3lite.recipes import minilmm_tasks as tasks


def test_the_right_answer_is_a_reference_that_is_near_or_else_the_truth():
    truth = np.array([[48.0, 2.0], [48.0, 2.0]])
    similar = np.array(
        [[[0.0, 0.0], [48.1, 2.1], [48.0, 2.05]], [[10.0, 10.0], [48.0, 3.0], [0, 0]]]
    )
    assert np.array_equal(tasks.nearest(truth, similar, 25), [[48.0, 2.05], [48.0, 2.0]])
    assert np.array_equal(tasks.nearest(truth, similar, np.inf), [[48.0, 2.05], [48.0, 3.0]])
    assert np.array_equal(tasks.nearest(truth, similar[:, :0], np.inf), truth)


def test_on_a_turned_globe_all_distances_stay_and_no_place_does():
    places = tasks.anywhere(np.random.default_rng(0), 1, 40)[0]
    lists = np.stack([places[:20], places[20:]])
    turned = tasks.turned(np.random.default_rng(4), lists)
    for old, new in zip(lists, turned, strict=True):
        km = [great_circle_km(some[:, None], some) for some in (old, new)]
        assert np.allclose(*km, atol=1e-6 * 6371)
    assert (great_circle_km(lists, turned).mean(axis=1) > 100).all()
    by = great_circle_km(turned[0][:, None], lists[0])
    assert not np.allclose(by, great_circle_km(turned[1][:, None], lists[1]))  # another turn each


def test_a_moved_town_takes_its_references_along_and_leaves_the_others():
    truth = np.array([[48.0, 2.0], [10.0, 179.9]])
    similar = np.array([[[48.1, 2.1], [50.0, 10.0]], [[10.1, -179.9], [-10.0, 20.0]]])
    ways = set()
    for seed in range(20):
        moved, near = tasks.moved_town(np.random.default_rng(seed), truth, similar)
        assert np.array_equal(near[:, 1], similar[:, 1])
        assert (np.abs(near[..., 1]) <= 180).all() and (np.abs(moved[:, 1]) <= 180).all()
        before, after = ((near - moved[:, None])[:, 0], (similar - truth[:, None])[:, 0])
        assert np.allclose((before - after + 180) % 360 - 180, 0, atol=1e-9)
        far = np.hypot(moved[0, 0] - 48, moved[0, 1] - 2)
        assert tasks.MOVED_DEGREES[0] - 1e-9 <= far <= tasks.MOVED_DEGREES[1] + 1e-9
        ways.add(tuple(moved[0] > truth[0]))
    assert len(ways) == 4


@pytest.mark.parametrize("kind", list(tasks.PATTERNS))
def test_the_pattern_of_the_places_alone_tells_which_is_meant(kind):
    for k in (tasks.PATTERNS[kind], 10):
        lists, meant = tasks.pattern(np.random.default_rng(k), kind, 300, k)
        km = great_circle_km(lists[:, :, None], lists[:, None])
        at = great_circle_km(lists, meant[:, None]) < 1e-6
        others = np.sort(km + np.where(np.eye(k, dtype=bool), np.inf, 0), axis=2)
        if kind == "twice":
            assert (at.sum(axis=1) == 2).all()
        elif kind == "together":  # the first of the two that are nearest to each other
            assert np.mean(others[..., 0].argmin(axis=1) == at.argmax(axis=1)) > 0.98
            assert (others[..., 0].min(axis=1) <= tasks.TOGETHER_KM[1] + 1).all()
        else:  # four are nearer to it than to any other
            fourth = others[..., 3]
            assert np.mean(fourth.argmin(axis=1) == at.argmax(axis=1)) > 0.9
        if k == 10:  # it stands anywhere
            assert set(at.argmax(axis=1)) >= set(range(k // 2))
