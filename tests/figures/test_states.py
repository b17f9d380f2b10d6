"""The strip of states, and how far changes move the answers."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from g3lite import figures, miniearth
from g3lite.figures import states


@pytest.fixture(scope="module")
def row():
    lat, lon = np.arange(-88.0, 90, 4), np.arange(-178.0, 180, 4)
    values = np.cos(np.radians(lat))[:, None] * np.cos(np.radians(lon - 20))
    picture = miniearth.draw(miniearth.scene_of("0626_00000106_00000000@M99.jpg"), 128)
    return figures.StateRow(
        "as it is", "G3 says Lisbon, Portugal", picture, [(picture, f"city {n}") for n in range(4)],
        (lat, lon, values), (38.7, -9.1), (38.7, -9.1), (38.7, -9.1),
    )  # fmt: skip


def test_a_row_per_state_as_a_small_jpeg(row):
    moved = replace(row, name="at night", said="G3 says Rabat", answer=(34.0, -6.8))
    figure = figures.state_strip([row, moved, row], "A street")
    kind, data = figures.encode(figure)
    assert kind == "image/jpeg" and len(data) < 250_000
    wide, high = Image.open(io.BytesIO(data)).size
    assert wide == 900 and 3 * 230 < high < 3 * 290
    assert len(figure.axes) == 3 * 6  # photo, four neighbours, map
    said = {text.get_text() for text in figure.texts}
    assert {"A street", "as it is", "at night", "G3 says Rabat"} <= said


def test_the_legend_names_what_is_drawn(row):
    def labels(*rows):
        return [text.get_text() for text in figures.state_strip(rows).legends[0].get_texts()]

    assert labels(row) == ["taken here", "G3's answer"]
    assert labels(row, replace(row, answer=(-33.9, 151.2)))[2:] == [
        "its answer to the unchanged photo"
    ]


def test_the_sea_has_no_score_and_the_land_is_where_it_is(row):
    sampled = states._on_land(*row.scores)
    lat, lon = states._pixels()

    def at(a, b):
        nearest = np.nanargmin(np.hypot(lat - a, lon - b))
        return sampled.flat[nearest]

    assert np.isnan(at(0, -150)) and np.isnan(at(-40, 80))  # oceans
    assert at(0, 22) == pytest.approx(1, abs=0.03)  # Congo, the top of the values
    assert at(40, -100) == pytest.approx(
        np.cos(np.radians(40)) * np.cos(np.radians(-120)), abs=0.03
    )
    assert 0.2 < np.isfinite(sampled).sum() / np.isfinite(lat).sum() < 0.45


def test_few_neighbours_and_equal_scores_can_be_drawn(row):
    lat, lon, values = row.scores
    flat = replace(row, neighbours=[], scores=(lat, lon, 0 * values))
    assert figures.encode(figures.state_strip([flat]))[1]


def test_an_arc_over_the_antimeridian_is_cut_and_antipodes_have_none():
    assert len(states._arc(np.array([0.0, 170]), np.array([0.0, -170]))) == 2
    assert len(states._arc(np.array([0.0, 10]), np.array([40.0, 50]))) == 1
    assert states._arc(np.array([10.0, 20]), np.array([-10.0, -160])) == []


def test_wrong_rows_are_said(row):
    with pytest.raises(ValueError, match="at least one row"):
        figures.state_strip([])
    lat, lon, values = row.scores
    with pytest.raises(ValueError, match="map 'as it is': values of shape"):
        figures.state_strip([replace(row, scores=(lon, lat, values))])


@pytest.fixture
def moves():
    rows = [
        (change, kind, answer, "mean_km", km, km - 90.0, km + 110.0)
        for answer, factor in (("encoder", 1), ("G3", 2))
        for change, kind, km in (
            ("saved_again", "control", 500 * factor), ("script", "cue", 900 * factor),
            ("line_colour", "cue", 2_000 * factor), ("night", "nuisance", 1_500 * factor),
        )
    ]  # fmt: skip
    return pd.DataFrame(
        rows, columns=["change", "kind", "answer", "metric", "value", "low", "high"]
    )


def test_moves_are_sorted_and_the_control_is_a_line_per_answer(moves):
    figure = figures.cue_moves(moves, "What does the model look at?")
    (axes,) = figure.axes
    labels = axes.get_yticklabels()
    assert [label.get_text() for label in labels] == ["line colour", "night", "script"]
    assert [label.get_style() for label in labels] == ["normal", "italic", "normal"]
    dashed = [line.get_xdata() for line in axes.lines if line.get_linestyle() == "--"]
    assert [x[0] for x in dashed if len(x)] == [500, 1000]
    said = [text.get_text() for text in axes.get_legend().get_texts()]
    assert sorted(said) == ["G3", "encoder", "the same picture saved again"]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert sorted(dots[0].get_xdata()) == [900, 1500, 2000]
    assert figures.encode(figure)[0] == "image/png"


def test_moves_of_the_encoder_alone_and_of_no_metric(moves):
    figure = figures.cue_moves(moves[(moves.answer == "encoder") & (moves.kind != "control")])
    assert len(figure.axes[0].get_legend().get_texts()) == 1
    with pytest.raises(ValueError, match="no row of 'median_km'"):
        figures.cue_moves(moves, metric="median_km")
