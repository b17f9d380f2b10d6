"""What a judge does, in pictures: they show what was given."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import QuadMesh
from PIL import Image

from g3lite import figures, geo

LISBON, MADRID, SYDNEY = [38.7, -9.1], [40.4, -3.7], [-33.9, 151.2]


def words(axes):
    return [text.get_text() for text in axes.texts]


def names(figure):
    return [text.get_text() for text in figure.legends[0].texts]


def case(*spots, truth=LISBON):
    table = pd.DataFrame(spots, columns=["LAT", "LON"]).assign(origin="reply")
    table.loc[table.index[-1], "origin"] = "retrieved"
    table["score"] = np.linspace(0.1, 0.6, len(table))
    table["km"] = geo.great_circle_km(table[["LAT", "LON"]], truth)
    return figures.Verdict(Image.new("RGB", (64, 64), "teal"), truth, table, north)


def north(places):
    """Scores that rise to the north; they are asked of land only."""
    assert figures.on_land(places).all()
    return places[:, 0]


def test_a_verdict_shows_the_land_around_truth_and_winner():
    figure = figures.verdicts({"lost": case(SYDNEY, LISBON, MADRID)}, "Judged")
    photo, world, dots = figure.axes[:3]
    km = geo.great_circle_km(LISBON, MADRID)
    assert photo.get_title(loc="left") == f"lost: {km:,.0f} km off"
    (mesh,) = [part for part in world.collections if isinstance(part, QuadMesh)]
    shares = np.ma.masked_invalid(mesh.get_array())
    assert 0.3 < shares.mask.mean() < 0.9  # the sea is left out
    assert shares.max() == pytest.approx(1) and shares.mean() == pytest.approx(0, abs=1e-9)
    left, right = world.get_xlim()
    assert 1_000_000 < right - left < 4_000_000  # metres: zoomed
    spots = [part.get_offsets().data.tolist() for part in dots.collections]
    assert spots[0] == [[pytest.approx(geo.great_circle_km(SYDNEY, LISBON)), 0.1], [1, 0.35]]
    assert spots[1] == spots[2] == [[pytest.approx(km), 0.6]]  # the retrieved one wins
    assert set(names(figure)) == {"reply", "most similar photo", "winner", "truth"}


def test_a_verdict_far_apart_shows_more_of_the_world():
    figure = figures.verdicts({"lost": case(LISBON, SYDNEY)})
    left, right = figure.axes[1].get_xlim()
    assert right - left > 10_000_000


def test_bands_have_their_lines_and_ends():
    rows = [[3, 4], [2, 3], [4, 5]]
    figure = figures.bands(
        {"N": ([1, 5], {"judge": rows}), "S": ([0, 5], {"judge": rows})}, "T", "%"
    )
    for axes in figure.axes:
        (line,) = [line for line in axes.lines if line.get_label() == "judge"]
        assert line.get_ydata().tolist() == [3, 4]
        band = axes.collections[0].get_paths()[0].vertices
        assert (band[:, 1].min(), band[:, 1].max()) == (2, 5)
    assert [axes.get_xlabel() for axes in figure.axes] == ["N", "S"] and names(figure) == ["judge"]
    assert figure.axes[1].get_xticks().tolist() == [0, 5]
    (axes,) = figures.bands({"km": ([1, 100], {"a": rows})}, "T", "%", log=True).axes
    assert axes.get_xscale() == "log"


def test_found_and_lost_make_a_hundred():
    table = pd.DataFrame(
        {"chosen": [40.0, 3], "lost": [20.0, 57], "not there": [40.0, 40]}, index=["judge", "draw"]
    )
    figure = figures.found_and_lost({"all": table, "good": table, "bad": table}, "T", "photos, %")
    axes = figure.axes[0]
    assert [bar.get_width() for bar in axes.patches] == [40, 3, 20, 57, 40, 40]
    ends = [bar.get_x() + bar.get_width() for bar in axes.patches[-2:]]
    assert ends == [100, 100]
    assert words(axes) == ["40", "", "20", "57", "40", "40"]
    assert [shown.get_visible() for shown in figure.axes] == [True, True, True, False]


def test_two_halves_show_every_choice_and_their_mean():
    gains = np.array([[0, 0], [2.0, -1], [1, 1]])
    (axes,) = figures.two_halves(gains, "T", ("first", "other")).axes
    dots, cross = axes.collections
    assert dots.get_offsets().tolist() == gains.tolist()
    assert cross.get_offsets().tolist() == [[1, 0]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("first", "other")
