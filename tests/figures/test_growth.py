"""Laws and workers: what the figures draw is what they were given."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text

from g3lite.figures import PREDICTION, TRUTH, Growth, encode, growth, workers

SIZES = np.array([1e3, 1e4, 1e5])


def panel(factor=2e-3, exponent=1.0):
    x = np.geomspace(1e3, 1e8, 60)
    y = factor * x**exponent
    return Growth(SIZES, factor * SIZES**exponent, (x, y, y / 2, y * 2), "seconds", "n^1.00")


def test_points_are_measured_and_the_line_is_dashed_beyond_them():
    axes = growth({"Train": panel()}, "Growth").axes[0]
    solid, dashed, points = axes.get_lines()[:3]
    assert solid.get_linestyle() == "-" and solid.get_xdata().max() <= 1e5
    assert dashed.get_linestyle() != "-" and dashed.get_xdata().min() > 1e5
    assert points.get_xydata() == pytest.approx(np.column_stack([SIZES, 2e-3 * SIZES]))
    assert axes.get_xscale() == axes.get_yscale() == "log"
    said = [text.get_text() for text in axes.texts]
    assert said == ["the paper\n8,200", "100 million\n200,000", "n^1.00"]
    marks = [line.get_xydata()[0] for line in axes.get_lines() if line.get_marker() == "D"]
    assert np.array(marks) == pytest.approx(np.array([[4_122_119, 8244], [1e8, 2e5]]), rel=1e-2)


def test_each_step_has_its_panel_and_no_words_overlap():
    figure = growth({name: panel(factor) for name, factor in
                     {"Embed": 1e-2, "Train": 1e-4, "Search": 1e-9}.items()}, "Growth")  # fmt: skip
    assert [axes.get_title("left") for axes in figure.axes] == ["Embed", "Train", "Search"]
    encode(figure)
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])
        (title,) = [text for text in axes.findobj(Text)
                    if text.get_text() == axes.get_title("left")]  # fmt: skip
        assert not any(title.get_window_extent().overlaps(box) for box in boxes)


def test_a_block_that_was_lost_is_grey_and_the_one_done_again_is_orange():
    blocks = pd.DataFrame(
        [("a", 0, 0.0, 2.0), ("b", 1, 0.0, 1.5), ("c", 1, 3.0, 5.0)],
        columns=["worker", "block", "start", "end"],
    )
    axes = workers(blocks, [("b", 1.5)], "Killed").axes[0]
    bars = sorted((bar.get_y() + bar.get_height() / 2, bar.get_x(), bar.get_width(),
                   to_hex(bar.get_facecolor())) for bar in axes.patches)  # fmt: skip
    assert [bar[:3] for bar in bars] == [(0, 0, 2), (1, 0, 1.5), (2, 3, 2)]
    assert [bar[3].upper() for bar in bars] == [TRUTH, "#B0B0B0", PREDICTION]
    (cross,) = axes.get_lines()
    assert cross.get_xydata().tolist() == [[1.5, 1]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]
    shown = [text.get_text() for text in axes.get_legend().get_texts()]
    assert shown == ["a block", "lost", "done again", "a worker is killed"]


def test_without_a_kill_there_is_nothing_to_explain():
    blocks = pd.DataFrame({"worker": ["a"], "block": [0], "start": [0.0], "end": [1.0]})
    axes = workers(blocks).axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a block"]
