"""The learned judge's own photos: what they may show, and that nobody else has them."""

import numpy as np
import pytest

from g3lite import miniearth
from g3lite.miniearth import splits
from g3lite.recipes import judge_photos as j


@pytest.fixture(scope="module")
def sets():
    """The first photos of each set, without the tables that take long."""
    places, ids = j.known_places(), {}
    for which in j.SIZES:
        evenness = splits.EVENNESS["test_uniform"] if which.endswith("uniform") else 1.0
        among = places if which in j.TRAINING else None
        ids[which] = list(splits.sample(which, 3_000, evenness, among))
    return ids


def test_the_judge_learns_from_four_places_in_five_and_they_are_not_those_of_the_models(sets):
    places, known = miniearth.places(), set(j.known_places().tolist())
    assert len(known) / len(places) == pytest.approx(0.8, abs=0.03)
    seen = places.seen
    assert seen[list(known)].mean() == pytest.approx(seen.mean(), abs=0.03)
    for which, ids in sets.items():
        shown = {int(name[:4]) for name in ids}
        assert (shown <= known) == (which in j.TRAINING)


def test_the_sets_share_no_scene_and_no_photographer_with_any_other(sets):
    others = {
        split: splits.sample(split, 3_000, splits.EVENNESS.get(split, 1.0))
        for split in splits.SIZES
    }
    sets = sets | {split: list(ids) for split, ids in others.items()}
    authors = {name: {i.split("_")[2] for i in ids} for name, ids in sets.items()}
    scenes = {name: {i.rsplit("_", 1)[0] for i in ids} for name, ids in sets.items()}
    for name in j.SIZES:
        for other in sets.keys() - {name}:
            assert not authors[name] & authors[other], (name, other)
            assert not scenes[name] & scenes[other], (name, other)


def test_a_set_is_drawn_the_same_again(monkeypatch, sets):
    monkeypatch.setitem(j.SIZES, "judge_uniform", 40)
    photos = j.photos("judge_uniform")
    assert photos.ids == sets["judge_uniform"][:40] and photos.rendered
    assert np.isfinite(photos.coordinates).all()


def test_its_names_cannot_be_taken():
    for which in j.SIZES:
        with pytest.raises(ValueError, match="names a set that exists"):
            miniearth.fresh(which, 5)
