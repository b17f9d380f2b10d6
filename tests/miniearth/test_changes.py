"""One thing in a photo changed, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from g3lite import miniearth
from g3lite.miniearth import changes, cues, splits
from g3lite.miniearth.changes import CHANGES, CONTROL, CUES, NUISANCES, NotChangeable, change


@pytest.fixture(scope="module")
def scenes():
    return [miniearth.scene_of(img_id) for img_id in splits.sample("changes", 120)]


@pytest.fixture(scope="module")
def street(scenes):
    """A street without a blur, which shows all cues but perhaps its landmark."""
    wanted = {"traffic", "line", "sign", "vegetation", "buildings"}
    scene = next(s for s in scenes if s.shows >= wanted and s.view.occluder == "none")
    return replace(scene, view=replace(scene.view, blur=0.0, weather="clear", snow=False))


def pixels(scene):
    return np.asarray(miniearth.draw(scene, 128)).astype(int)


FIELDS = {
    "driving_side": "driving_side", "script": "script", "climate": "zone", "roofs": "roof_colour",
    "line_colour": "line_colour", "landmark": "landmark", "night": "hour sun_elevation",
    "rain": "weather", "lens": "focal", "saved_again": "quality",
}  # fmt: skip


def test_a_change_touches_its_own_fields_alone(scenes):
    seen = set()
    for scene in scenes:
        for name, values in changes.possible(scene).items():
            seen.add(name)
            for value in values:
                other = change(scene, **{name: value})
                assert other != scene
                assert (other.place_id, other.seed, other.lat) == (
                    scene.place_id, scene.seed, scene.lat,
                )  # fmt: skip
                before, after = (vars(s.cues) | vars(s.view) for s in (scene, other))
                differ = {key for key in before if before[key] != after[key]}
                if value == "none":
                    assert not differ and scene.shows - other.shows == {"landmark"}
                else:
                    assert other.shows == scene.shows
                    assert differ <= set(FIELDS[name].split()) and differ
    assert seen == set(CHANGES) == set(FIELDS)


def test_what_can_be_changed_is_what_changes_the_picture(scenes):
    same = tried = 0
    for scene in scenes[:16]:
        own, options = pixels(scene), changes.possible(scene)
        for name in {**CUES, **NUISANCES}:
            for value in options.get(name, ())[:1]:
                tried += 1
                same += np.array_equal(own, pixels(change(scene, **{name: value})))
            if name in CUES and name not in options:  # it is not seen, so it cannot matter
                value = next(v for v in CHANGES[name].values if v != "none")
                assert np.array_equal(own, pixels(CHANGES[name].made(scene, value)))
    assert tried > 50 and same <= 0.02 * tried  # hidden behind something


def test_the_rest_of_the_picture_stays_bit_for_bit(street):
    own = pixels(street)
    for name, most in {"line_colour": 0.10, "script": 0.05, "roofs": 0.15}.items():
        other = pixels(change(street, **{name: CHANGES[name].possible(street)[0]}))
        differ = (own != other).any(axis=2)
        assert 0 < differ.mean() < most, name
    side = pixels(change(street, driving_side=CHANGES["driving_side"].possible(street)[0]))
    assert np.array_equal(own[:30], side[:30])  # the sky
    assert not np.array_equal(own[64:], side[64:])


def test_a_change_that_is_undone_leaves_the_photo(street):
    now = street.cues.driving_side
    other = "left" if now == "right" else "right"
    assert change(change(street, driving_side=other), driving_side=now) == street
    assert (
        change(street) == change(street, driving_side=now) == change(street, night=False) == street
    )
    both = change(
        street, script="hebrew", roofs="tin" if street.cues.roof_colour != "tin" else "blue"
    )
    again = change(street, roofs=both.cues.roof_colour, script="hebrew")
    assert both == again  # the order does not matter


def test_a_landmark_is_taken_away_or_that_of_another_city(scenes):
    scene = next(s for s in scenes if "landmark" in s.shows)
    assert "landmark" not in change(scene, landmark="none").visible
    marks = [change(scene, landmark=city).cues.landmark for city in changes.LANDMARKS[1:]]
    assert len({mark.kind for mark in marks}) == len(marks)
    paris = miniearth.places().city.eq("Paris").idxmax()
    assert marks[0] == miniearth.cues_of(int(paris)).landmark


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"colour": "red"}, "'colour' cannot be changed; there are driving_side, script, climate"),
        ({"driving_side": "middle"}, "driving_side cannot be 'middle'; it can be 'left', 'right'"),
        ({"night": "yes"}, "night cannot be 'yes'; it can be True"),
        ({"night": 1}, "night cannot be 1; it can be True"),
        ({"lens": True}, "lens cannot be True; it can be 'wide', 'long'"),
        ({"script": ["greek"]}, "script cannot be .'greek'.; it can be 'latin'"),
    ],
)
def test_what_cannot_be_changed_is_said(street, what, words):
    with pytest.raises(NotChangeable, match=words):
        change(street, **what)


def test_what_a_photo_does_not_show_cannot_be_changed(scenes):
    scene = next(s for s in scenes if s.view.kind == "interior")
    with pytest.raises(NotChangeable, match="script cannot be changed in this photo.*saved_again"):
        change(scene, script="greek")
    assert set(changes.possible(scene)) == set(CONTROL)
    sky = next(s for s in scenes if s.view.kind == "sky")
    assert "lens" not in changes.possible(sky)


def test_changes_in_words():
    said = changes.in_words({"driving_side": "left", "landmark": "none", "night": True})
    assert said == "traffic on the left, no landmark, at night"
    assert changes.in_words({}) == ""
    assert all(one.says(value) for one in CHANGES.values() for value in one.values)


def test_scenes_as_photos_are_drawn_when_read_and_kept_nowhere(street):
    other = change(street, line_colour="yellow" if street.cues.line_colour == "white" else "white")
    photos = changes.as_photos([street, other], ["a.jpg", "b.jpg"])
    assert photos.version == "" and miniearth.is_miniearth(photos).all()
    assert photos.coordinates.tolist() == [[street.lat, street.lon]] * 2
    assert photos.read("a.jpg") != photos.read("b.jpg")
    name = splits.img_id(street.place_id, street.seed, street.author)
    own = miniearth.scene_of(name)
    assert changes.as_photos([own], [name]).read(name) == splits.encode(own)
    with pytest.raises(ValueError, match="the same name"):
        changes.as_photos([street, other], ["a.jpg", "a.jpg"])


def test_values_of_cues_are_those_of_the_world():
    assert CUES["script"].values == cues.SCRIPTS and CUES["climate"].values == cues.ZONES
    assert set(CUES).isdisjoint(NUISANCES) and set(CONTROL).isdisjoint(CUES | NUISANCES)
