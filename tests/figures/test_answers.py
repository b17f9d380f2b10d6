"""Pictures of one photo's answer: what is in them is what was given."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from g3lite import figures, geo
from g3lite.figures.hero import SIDE

BERLIN, POTSDAM, MUNICH, SYDNEY = [52.5, 13.4], [52.4, 13.1], [48.1, 11.6], [-33.9, 151.2]


def marked(axes):
    """Label -> how many points it has, of all that is marked on a map or a chart."""
    parts = [part for part in axes.collections if not part.get_label().startswith("_")]
    return {part.get_label(): len(part.get_offsets()) for part in parts}


def test_a_located_photo_is_large_and_has_a_near_and_a_far_map():
    photo = Image.new("RGB", (128, 128), "teal")
    candidates = np.array([POTSDAM, MUNICH, SYDNEY])
    figure = figures.located(photo, POTSDAM, candidates, BERLIN, "A photo, 26 km off")
    large, world, around = figure.axes
    assert large.images[0].get_array().shape == (SIDE, SIDE, 3)
    for axes in (world, around):
        assert marked(axes) == {"candidates": 3, "G3's answer": 1, "taken here": 1}
    wide, narrow = (np.ptp(axes.get_xlim()) for axes in (world, around))
    assert narrow < 2_000_000 < 30_000_000 < wide  # metres
    box = around.get_position()
    assert box.x0 > large.get_position().x1 and box.y1 < world.get_position().y0
    assert [text.get_text() for text in figure.texts] == ["A photo, 26 km off"]


def test_an_answer_on_another_continent_does_not_widen_the_near_map():
    photo = Image.new("RGB", (128, 128), "teal")
    around = figures.located(photo, SYDNEY, [SYDNEY], BERLIN, "Far off").axes[2]
    assert np.ptp(around.get_ylim()) == pytest.approx(1_200_000)


def test_replies_are_drawn_by_prompt_and_the_first_are_the_largest():
    replies = pd.DataFrame(
        {
            "references": [0, 0, 5, 5, 10],
            "LAT": [52.5, 48.1, 52.4, np.nan, 52.4],
            "LON": [13.4, 11.6, 13.1, np.nan, 13.1],
        }
    )
    (axes,) = figures.reply_map(replies, BERLIN, "Replies").axes
    points = {"0 + 0 references": 2, "5 + 5 references": 1, "10 + 10 references": 1}
    assert marked(axes) == {"taken here": 1} | points
    sizes = [part.get_sizes()[0] for part in axes.collections if part.get_label() in points]
    assert sizes == sorted(sizes, reverse=True)


def test_candidates_stand_over_their_distance_with_the_winner_marked():
    candidates = pd.DataFrame(
        {
            "origin": ["retrieved", "reply", "reply", "reply"],
            "LAT": [52.4, 52.4, 52.5, -33.9],
            "LON": [13.1, 13.1, 13.4, 151.2],
            "score": [0.6, 0.6, 0.5, -0.1],
        }
    )
    (axes,) = figures.judged(candidates, BERLIN, "Scores").axes
    assert marked(axes) == {"a reply": 3, "where a similar photo was taken": 1, "winner": 1}
    winner = next(part for part in axes.collections if part.get_label() == "winner")
    km = float(geo.great_circle_km(POTSDAM, BERLIN))
    assert winner.get_offsets().data[0] == pytest.approx([km, 0.6])
    assert [text.get_text() for text in axes.texts] == ["named 2 times"]
