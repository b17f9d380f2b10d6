"""Figures of probabilities and regions: what they draw is what the table says."""

import pandas as pd
from matplotlib.colors import to_hex

from g3lite.figures import PREDICTION, TRUTH, promises, reliability


def test_told_and_true_shares_stand_at_their_places():
    table = pd.DataFrame(
        {"told": [0.1, 0.8], "true": [0.2, 0.7], "low": [0.15, 0.6], "high": [0.3, 0.75]}
    )
    figure = reliability({"natural": table, "uniform": table}, "Told and true")
    assert [axes.get_title("left") for axes in figure.axes] == ["natural", "uniform"]
    for axes in figure.axes:
        (diagonal, points, *_), bars = axes.get_lines(), axes.collections[0].get_segments()
        assert diagonal.get_xdata().tolist() == diagonal.get_ydata().tolist()
        assert points.get_xydata().tolist() == [[10, 20], [80, 70]]
        assert [[round(y) for y in bar[:, 1]] for bar in bars] == [[15, 30], [60, 75]]


def test_a_broken_promise_is_orange():
    table = pd.DataFrame(
        {"name": ["kept", "broken"], "share": [0.91, 0.7], "low": [0.89, 0.68],
         "high": [0.93, 0.72], "km2": [1_000.0, 2_500.0]}
    )  # fmt: skip
    axes = promises(table, 0.9, "Regions").axes[0]
    colours = [to_hex(line.get_color()).lower() for line in axes.get_lines()[1:]]
    assert colours == [TRUTH.lower()] * 2 + [PREDICTION.lower()] * 2
    said = [text.get_text() for text in axes.texts]
    assert said[1:] == ["91.0 % [89.0, 93.0], 1,000 km²", "70.0 % [68.0, 72.0], 2,500 km²"]
