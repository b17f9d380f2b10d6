"""The quiz, without a browser: widgets are clicked from here."""

import io
import re
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from g3lite import G3Error, figures, geo, miniearth, paths
from g3lite.teaching import quiz as module
from g3lite.teaching.quiz import WORLD, NoPlace, Quiz, place


@pytest.fixture(scope="module")
def photos():
    return module.photos()


@pytest.fixture
def quiz(photos):
    away = geo.offset(photos.coordinates, 90, 1_000)
    return Quiz(photos, {"nearest neighbour": away, "G3": photos.coordinates})


def ids(split):
    table = pd.read_csv(paths.shipped(f"miniearth/{split}.csv.gz"), usecols=["IMG_ID", "AUTHOR"])
    return set(table["IMG_ID"]), set(table["AUTHOR"])


def test_the_photos_are_in_no_set_and_can_be_placed(photos):
    assert len(photos) == len(set(photos.table["AUTHOR"])) == 10
    assert len({i[:4] for i in photos.ids}) == 10 and photos.ids == module.photos().ids
    for split in miniearth.SIZES:
        names, authors = ids(split)
        assert not names & set(photos.ids) and not authors & set(photos.table["AUTHOR"])
    assert min(len(miniearth.scene_of(i).visible) for i in photos.ids) >= module.ENOUGH_CUES
    assert Image.open(io.BytesIO(photos.read(photos.ids[0]))).size == (128, 128)
    assert miniearth.is_miniearth(photos).all()


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("38.7, -9.1", (38.7, -9.1)),
        ("33.9 S, 151.2 E", (-33.9, 151.2)),
        ((48.2, 16.4), (48.2, 16.4)),
        ("lisbon", (38.72, -9.13)),
        ("Łódź", (51.77, 19.47)),
        ("Sao Paulo", (-23.55, -46.64)),
        ("Paris", (48.85, 2.35)),  # not the one in Texas
    ],
)
def test_places_are_coordinates_or_cities(where, expected):
    assert place(where) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("where", ["", "nowhere at all", "99, 200", (99, 20), (1, 2, 3), "<b>"])
def test_what_is_no_place_is_said(where):
    with pytest.raises(NoPlace):
        place(where)


def test_points_are_geoscores_and_no_answer_counts_nothing(quiz):
    quiz.guess(1, tuple(geo.offset(quiz.photos.coordinates[:1], 0, 1492.7)[0]))
    table = quiz.table()
    assert table.loc[1, "you, points"] == round(5_000 / np.e) and table.loc[1, "you, km"] == 1493
    assert table.loc[2, "you, points"] == 0 and np.isnan(table.loc[2, "you, km"])
    assert (table["G3, points"] == 5_000).all() and (table["nearest neighbour, km"] == 1_000).all()


def test_the_verdict_tells_who_won(quiz):
    assert "G3 50,000. Nothing is answered yet" in quiz.verdict()
    quiz.guess(3, (0, 0))
    assert "You beat neither. 9 photos are still without an answer." in quiz.verdict()
    for number, where in enumerate(geo.offset(quiz.photos.coordinates, 0, 10), 1):
        quiz.guess(number, tuple(where))
    points = 10 * round(5_000 * np.exp(-10 / 1492.7))
    assert f"you {points:,}" in quiz.verdict() and "You beat nearest neighbour." in quiz.verdict()


def test_a_photo_that_is_not_there(quiz):
    with pytest.raises(ValueError, match="no photo 11; they are 1 to 10"):
        quiz.guess(11, "Lisbon")
    with pytest.raises(ValueError, match="answers of shape"):
        Quiz(quiz.photos, {"G3": np.zeros((3, 2))})


def test_without_a_kernel_there_is_a_table_with_the_answers_folded_up(photos):
    few = photos.head(3)
    quiz = Quiz(few, {"G3": few.coordinates})
    html = quiz._repr_html_()
    assert repr(quiz) == quiz.verdict() and html.count("<tr>") == 1
    assert html.count("<img") == html.count("<details>") == 3 and len(html) < 3 * 15_000
    plain = re.sub(r'src="[^"]*"', "", html)
    assert "style" not in plain and "<script" not in plain
    assert "G3: 0 km off, 5,000" in plain and "you:" not in plain
    assert figures.encode(quiz.sheet()[0])[0] == "image/jpeg" and quiz.sheet()[1]


def test_two_clicks_on_the_map_answer_a_photo(quiz):
    pytest.importorskip("ipywidgets")
    board = module.Board(quiz)
    assert board.widget.children and "Photo 1 of 10" in board.said.value
    assert len(board.fields.children) == 72
    lat, lon = quiz.photos.coordinates[0]
    for size in (30, 3):
        middles = {
            button: [float(x) for x in re.findall(r"[\d.]+", button.tooltip)]
            for button in board.fields.children
        }
        signed = {
            button: (y * (-1) ** ("S" in button.tooltip), x * (-1) ** ("W" in button.tooltip))
            for button, (y, x) in middles.items()
        }
        (hit,) = (
            button
            for button, (y, x) in signed.items()
            if abs(lat - y) <= size / 2 and abs(lon - x) <= size / 2
        )
        hit.click()
    assert np.abs(quiz.guesses[0] - [lat, lon]).max() <= 1.5
    assert board.number == 2 and board.window == WORLD
    assert "you are" in board.said.value and "Photo 2 of 10" in board.said.value


def test_typing_answers_too_and_a_slip_costs_nothing(quiz):
    pytest.importorskip("ipywidgets")
    board = module.Board(quiz)
    board.typed.value = "<b>nowhere"
    board.answer.click()
    assert board.number == 1 and "&lt;b&gt;nowhere" in board.said.value
    board.typed.value = "Lisbon"
    board.answer.click()
    assert board.number == 2 and np.isfinite(quiz.guesses[0]).all() and board.typed.value == ""
    board.skip.click()
    assert board.number == 3 and np.isnan(quiz.guesses[1]).all()
    for _ in range(9):
        board.typed.value = "Lisbon"
        board.answer.click()
    assert np.isfinite(quiz.guesses).all()
    assert "Of 50,000 points: you" in board.said.value


def test_a_part_of_the_world_can_be_closed_again(quiz):
    pytest.importorskip("ipywidgets")
    board = module.Board(quiz)
    board.fields.children[0].click()
    assert board.window == (60.0, -180.0, 30.0, 30.0) and len(board.fields.children) == 100
    board.back.click()
    assert board.window == WORLD and Image.open(io.BytesIO(board.map.value)).size == (640, 320)


def test_without_widgets_there_is_a_way_out(quiz, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(G3Error, match="needs ipywidgets: pip install ipywidgets, or answer with"):
        quiz.play()


@pytest.mark.slow
def test_a_quiz_against_g3(shipped):
    quiz = Quiz.against(shipped, n=3)
    assert list(quiz.rivals) == ["nearest neighbour", "G3"]
    assert all(np.isfinite(answers).all() for answers in quiz.rivals.values())
    found = shipped.locate(quiz.photos)
    assert quiz.rivals["G3"].tolist() == [list(one.coordinates) for one in found]
    assert quiz.rivals["nearest neighbour"].tolist() == [
        one.neighbours.loc[0, ["LAT", "LON"]].tolist() for one in found
    ]
