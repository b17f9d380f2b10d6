"""The cue lab, without a browser: controls are set from here."""

import re
import sys
from dataclasses import replace

import numpy as np
import pytest
from small_g3 import small_g3

from g3lite import G3Error, figures, geo, miniearth
from g3lite.baselines import selection
from g3lite.miniearth.changes import CHANGES, NotChangeable, possible
from g3lite.teaching import cue_lab
from g3lite.teaching.cue_lab import Board, CueLab, change, street


@pytest.fixture(scope="module")
def lisbon():
    return street("Lisbon")


@pytest.fixture(scope="module")
def g3(miniclip):
    return small_g3(miniclip)


@pytest.fixture(scope="module")
def lab(g3, lisbon):
    return CueLab(g3, [lisbon, street("Mumbai")])


def test_a_street_shows_all_cues_and_is_in_no_set(lisbon):
    scene = miniearth.scene_of(lisbon)
    assert miniearth.places().city[scene.place_id] == "Lisbon"
    assert set(possible(scene)) == set(CHANGES)
    assert scene.author == cue_lab.AUTHOR
    for split in miniearth.SIZES:
        assert cue_lab.AUTHOR not in set(miniearth.load(split).table["AUTHOR"])
    with pytest.raises(G3Error, match="MiniEarth has no city 'Atlantis'"):
        street("Atlantis")


def test_change_gives_a_picture_with_that_thing_changed(lisbon):
    own = np.asarray(miniearth.draw(miniearth.scene_of(lisbon), 128))
    left = change(lisbon, 128, driving_side="left")
    assert left.size == (128, 128) and not np.array_equal(own, left)
    assert np.array_equal(own, change(miniearth.scene_of(lisbon), 128))
    assert np.array_equal(own, change(lisbon, 128, driving_side="right"))
    with pytest.raises(NotChangeable, match="script cannot be 'runes'"):
        change(lisbon, script="runes")
    with pytest.raises(G3Error, match="not the IMG_ID of a MiniEarth photo"):
        change("holiday.jpg", night=True)


def test_a_state_is_what_the_four_steps_say(lab, lisbon, g3):
    state = lab.look(climate="desert")
    assert set(state.seconds) == {"embed", "search", "ask", "verify"}
    assert all(seconds > 0 for seconds in state.seconds.values())  # nothing came from a store
    scene = replace(
        miniearth.scene_of(lisbon), cues=replace(miniearth.scene_of(lisbon).cues, zone="desert")
    )
    assert state.scene == scene
    found = g3.steps(cue_lab.as_photos([scene], [lisbon]), progress=False)
    best = found.predictions.iloc[0]
    assert state.answer.tolist() == [best.LAT_pred, best.LON_pred]
    assert state.place.endswith(f", {best.country}")
    near = found.neighbours[["LAT", "LON"]].to_numpy()
    assert state.medoid.tolist() == selection.medoids(near[None])[0].tolist()
    features = g3.backbone.image_features(
        cue_lab.as_photos([scene], [lisbon]), normalize=False, progress=False
    )
    lat, lon, values = g3.heads.similarity_map(features.vectors, cue_lab.STEP)
    assert np.array_equal(state.scores[0], lat) and np.array_equal(state.scores[1], lon)
    assert np.allclose(state.scores[2], values[0], atol=1e-5)


def test_how_far_it_moved_and_from_where(lab):
    first, state = lab.look(), lab.look(climate="desert")
    assert state.first is first and first.first is None and first.moved_km == 0
    assert state.moved_km == pytest.approx(geo.great_circle_km(first.answer, state.answer))
    assert state.search_moved_km == pytest.approx(geo.great_circle_km(first.medoid, state.medoid))
    assert str(first) == f"G3 says {first.place}" and first.name == "as it is"
    far = replace(state, answer=geo.offset(first.answer[None], 90, 500)[0])
    assert str(far).endswith(f": moved 500 km from {first.place}")
    assert str(replace(state, answer=first.answer)) == f"G3 still says {state.place}"
    assert first.continent in ("EU", "AF", "AS", "NA", "SA", "OC")


def test_a_place_is_named_after_the_city_not_its_suburb():
    assert cue_lab.city_of((38.75, -9.17)).city == "Lisbon"  # the nearest is Sete Rios
    heard = (-54.0, 73.0)  # an island without a city
    far = cue_lab.city_of(heard)
    assert geo.great_circle_km((far.lat, far.lon), heard) > 400


def test_a_state_is_located_once(lab, g3):
    asked = g3.lmm.asked
    state = lab.look(roofs="tin", night=True)
    assert g3.lmm.asked > asked
    asked = g3.lmm.asked
    assert lab.look(night=True, roofs="tin") is state
    assert lab.look(night=False) is lab.look(driving_side="right") is lab.look()
    assert g3.lmm.asked == asked
    again = CueLab(g3, lab.ids)
    again.look()
    assert g3.lmm.asked > asked  # another lab asks anew: nothing is recorded


def test_what_cannot_be_a_lab(g3, lab):
    with pytest.raises(G3Error, match="at least one photo"):
        CueLab(g3, [])
    with pytest.raises(G3Error, match="'holiday.jpg' is not the IMG_ID"):
        CueLab(g3, ["holiday.jpg"])
    with pytest.raises(NotChangeable, match="'colour' cannot be changed"):
        lab.look(colour="red")
    photos = miniearth.load("validation", 3)
    assert CueLab(g3, photos).ids == photos.ids


def test_the_strip_has_a_row_per_state_and_says_all_in_words(lab):
    figure, alt = lab.strip({}, {"driving_side": "left"}, {"night": True}, title="Changed")
    assert len(figure.axes) == 3 * 6 and figures.encode(figure)[0] == "image/jpeg"
    assert "traffic on the left: G3" in alt and "at night: G3" in alt
    shown = {text.get_text() for text in figure.texts}
    assert {"Changed", "As it is", "Traffic on the left", "At night"} <= shown
    assert str(lab.look(night=True)) in shown


# The controls


def plain(html):
    return re.sub(r"<[^>]*>", "", html)


@pytest.fixture
def board(lab):
    pytest.importorskip("ipywidgets")
    return Board(lab)


def test_the_controls_offer_what_the_photo_shows(board, lab, lisbon):
    scene = miniearth.scene_of(lisbon)
    for name, control in board.controls.items():
        assert control.description == CHANGES[name].label and not control.disabled
        if hasattr(control, "options"):
            values = [value for _, value in control.options]
            assert values == ["", *possible(scene)[name]] and control.index == 0
    assert board.controls["driving_side"].label == "as it is: right"
    assert board.controls["landmark"].label == "as it is"
    assert plain(board.said.value) == f"As it is: {lab.look()}."


def test_a_control_that_is_set_moves_the_answer(board, lab):
    before = board.said.value, board.picture.value
    board.controls["climate"].value = "desert"
    assert board.changes == {"climate": "desert"}
    state = lab.look(climate="desert")
    assert plain(board.said.value) == f"Plants of the desert zone: {state}."
    assert board.picture.value != before[1] and str(state) in board.picture.value  # the alt text
    board.controls["night"].value = True
    assert plain(board.said.value).startswith("Plants of the desert zone, at night: G3")
    board.reset.click()
    assert (board.said.value, board.picture.value) == before and board.changes == {}


def test_a_button_takes_the_next_value_and_begins_again(board, lab, lisbon):
    values = possible(miniearth.scene_of(lisbon))["line_colour"]
    board.steps["line_colour"].click()
    assert board.changes == {"line_colour": values[0]}
    assert plain(board.said.value).startswith("A yellow line on the road: G3")
    for _ in values:
        board.steps["line_colour"].click()
    assert board.changes == {}
    assert board.steps["climate"].description == "next climate"


def test_the_result_is_announced_and_the_picture_has_words(board):
    assert 'role="status"' in board.said.value and 'aria-live="polite"' in board.said.value
    assert re.search(
        r'<img src="data:image/jpeg;base64,[^"]+" alt="Photo, similar', board.picture.value
    )


def test_another_photo_has_its_own_controls(board, lab):
    board.controls["climate"].value = "desert"
    asked = lab.g3.lmm.asked
    board.photo.value = lab.ids[1]
    assert board.changes == {} and board.controls["driving_side"].options[0][0] == "as it is: left"
    assert plain(board.said.value) == f"As it is: {lab.look(lab.ids[1])}."
    assert lab.g3.lmm.asked <= asked + 2  # located once, not once per control


def test_what_a_photo_does_not_show_is_shut(g3):
    pytest.importorskip("ipywidgets")
    names = miniearth.load("validation", 100).ids
    indoors = next(i for i in names if miniearth.scene_of(i).view.kind == "interior")
    board = Board(CueLab(g3, [indoors]))
    open_ = {name for name, control in board.controls.items() if not control.disabled}
    assert open_ == {"saved_again"}
    assert {name for name, button in board.steps.items() if not button.disabled} == set()
    assert board.controls["script"].options == (("(not in this photo)", ""),)


def test_a_failure_is_said_in_the_widget(miniclip, lisbon):
    pytest.importorskip("ipywidgets")
    g3 = small_g3(miniclip, 30)

    def broken(*_, **__):
        raise G3Error("the model is out of <order>")

    g3.steps = broken
    board = Board(CueLab(g3, [lisbon]))
    assert "the model is out of &lt;order&gt;" in board.said.value


def test_without_widgets_there_is_a_way_out(lab, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(G3Error, match=r"pip install ipywidgets, or use lab\.strip"):
        lab.play()


@pytest.mark.slow
def test_the_lab_with_the_shipped_models(shipped, lisbon):
    lab = CueLab(shipped, [lisbon])
    state = lab.look(climate="subtropical", driving_side="left")
    assert state.first.continent == "EU"  # as it is, Lisbon is in Europe
    assert len(state.neighbours) >= cue_lab.NEIGHBOURS
    assert all(seconds > 0 for seconds in state.seconds.values())
