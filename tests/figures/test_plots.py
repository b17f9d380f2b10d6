"""Charts, and the pictures that notebooks begin with: what is in them is what was given."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from g3lite import evaluation, figures, geo, miniearth
from g3lite.figures import maps
from g3lite.figures.hero import SIDE
from g3lite.miniearth.cues import SCALES

LISBON, SYDNEY = [38.7, -9.1], [-33.9, 151.2]


def picture(colour="teal"):
    return Image.new("RGB", (128, 128), colour)


def said(figure):
    """All words of a figure."""
    parts = [figure.texts, *(axes.texts for axes in figure.axes)]
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    return [text.get_text() for of in parts for text in of] + titles


def test_a_hero_is_large_and_says_how_far_its_places_are_apart():
    spots = {"truth": LISBON, "nearest": SYDNEY}
    figure = figures.hero(picture(), spots, "Far off", beside=picture("tan"), names=("a", "b"))
    photo, beside, world = figure.axes
    assert len(photo.images) == len(beside.images) == 1
    assert photo.images[0].get_array().shape == (SIDE, SIDE, 3)
    km = geo.great_circle_km(LISBON, SYDNEY)
    names = [text.get_text() for text in world.get_legend().get_texts()]
    assert names == ["truth", f"nearest, {km:,.0f} km away"]
    assert (photo.get_xlabel(), beside.get_xlabel()) == ("a", "b") and "Far off" in said(figure)
    assert figures.encode(figure)[0] == "image/jpeg"
    assert len(figures.hero(picture(), spots, "Far off").axes) == 2


def test_a_zoomed_hero_shows_its_places_alone():
    spots = {"truth": LISBON, "nearest": [40.4, -3.7]}
    left, right = figures.hero(picture(), spots, "Near", zoom=True).axes[1].get_xlim()
    assert 500_000 < right - left < 2_000_000  # metres
    far = {"truth": LISBON, "nearest": SYDNEY}
    world, same = (figures.hero(picture(), far, "Far", zoom=z).axes[1] for z in (True, False))
    assert world.get_xlim() == same.get_xlim()


def test_a_vote_map_shows_the_votes_that_lie_on_it_and_counts_the_others():
    votes = np.array([LISBON, [40.4, -3.7], [41.1, -8.6], SYDNEY])
    marks = {"nearest": [40.4, -3.7], "truth": LISBON}
    figure = figures.vote_map(votes, [1.0, 2.0, 1.0, 5.0], marks, "Votes")
    (axes,) = figure.axes
    dots = next(part for part in axes.collections if part.get_label() == "a vote")
    assert len(dots.get_offsets()) == 4
    sizes = dots.get_sizes()
    assert sizes[3] == max(sizes) and sizes[1] == pytest.approx(2 * sizes[0])
    assert "1 of the 4 votes lie off this map" in said(figure)
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["a vote", "nearest", "truth"]


def test_circles_have_their_radius():
    (axes,) = figures.circle_map(LISBON, (200, 750), "Circles").axes
    rings = [part for part in axes.collections if part.get_label() in ("200 km", "750 km")]
    for ring, km in zip(rings, (200, 750), strict=True):
        ends = np.array([path.vertices[0] for path in ring.get_paths()])[:, ::-1]
        assert geo.great_circle_km(LISBON, ends) == pytest.approx(np.full(180, km), rel=1e-6)


def test_few_photos_look_nearly_like_land_and_many_are_dark():
    few, many = (np.mean(maps._DENSITY(share)[:3]) for share in (0.0, 1.0))
    assert few > 0.8 and many < 0.4


def test_bars_are_as_long_as_their_values():
    figure = figures.bars({"a": {"x": 16.4, "y": 2}, "b": {"z": 89.3}}, "Bars", "pixels, %")
    (axes,) = figure.axes
    assert [bar.get_width() for bar in axes.patches] == [16.4, 2, 89.3]
    assert {"16", "2", "89"} <= set(said(figure))
    assert len({bar.get_facecolor() for bar in axes.patches}) == 2
    assert [label.get_text() for label in axes.get_yticklabels()] == ["x", "y", "z"]


def test_pairs_of_dots_say_their_difference():
    table = pd.DataFrame({"chance": [10, 60], "search": [88, 50]}, index=["kind", "snow"])
    figure = figures.dot_pairs(table, "Pairs", "%")
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["+78", "-10"]
    dots = [part.get_offsets()[:, 0].tolist() for part in axes.collections[1:]]
    assert dots == [[10, 60], [88, 50]]


def test_lines_have_bands_and_levels():
    values = [[3, 4], [2, 3], [4, 5]]
    levels = {"probe": [6, 5, 7], "all": 9}
    figure = figures.lines([1, 10], {"votes": values}, "Lines", ("k", "%"), levels=levels)
    (axes,) = figure.axes
    curves = {line.get_label(): np.ravel(line.get_ydata()).tolist() for line in axes.lines}
    assert curves == {"votes": [3, 4], "probe": [6, 6], "all": [9, 9]}
    assert axes.get_xscale() == "log"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "10"]


def results(shift):
    truth = pd.DataFrame({"LAT": np.linspace(0, 40, 60), "LON": 10.0})
    truth["IMG_ID"] = [f"{i}.jpg" for i in range(60)]
    truth["AUTHOR"] = np.arange(60) % 12
    km = np.geomspace(0.1, 9000, 60)
    found = geo.offset(truth[["LAT", "LON"]], 30, km + shift)
    return evaluation.evaluate({"a": found, "b": found}, truth, replicates=50)


def test_panels_show_the_scores_of_every_method_and_those_of_others():
    sets = {"one": results(0), "two": results(100)}
    figure = figures.score_panels(sets, "Sets", others={"paper": [1, 2, 3, 4, 5]})
    for axes, table in zip(figure.axes, sets.values(), strict=True):
        drawn = [100 * table[table["method"] == m]["value"].to_numpy()[:5] for m in ("a", "b")]
        marks = [bar.lines[0].get_ydata() for bar in axes.containers]
        assert np.allclose(marks, np.array(drawn, dtype=float))
    others = [line for line in figure.axes[0].lines if line.get_label() == "paper"]
    assert others[0].get_ydata().tolist() == [1, 2, 3, 4, 5]


def test_panels_of_bars_share_one_scale():
    table = pd.DataFrame({"fair": [0.6, 2.4], "leaky": [6.6, 10.3]}, index=["1 km", "25 km"])
    figure = figures.bar_panels({"real": table, "ours": 2 * table}, "Leak", "%")
    first, second = figure.axes
    assert [bar.get_height() for bar in first.patches] == [0.6, 2.4, 6.6, 10.3]
    assert first.get_ylim() == second.get_ylim()
    assert {"0.6", "10.3"} <= {text.get_text() for text in first.texts}


def test_a_cue_sheet_counts_the_visible_cues():
    scenes = [miniearth.photograph(place, 7, "12345678@M01") for place in (810, 3, 5)]
    figure = figures.cue_sheet([picture()] * 3, scenes, "Cues")
    table = figure.axes[-1]
    counts = [int(text.get_text()) for text in table.texts]
    cues = [[cue in scene.visible for cue in of] for of in SCALES.values() for scene in scenes]
    assert counts == [sum(of) for of in cues] and max(counts) > 0
    assert [label.get_text() for label in table.get_yticklabels()] == list(SCALES)
    city = miniearth.places().loc[810, "city"]
    assert any(words.startswith(city) for words in said(figure))
    with pytest.raises(ValueError, match="2 photos and 3 scenes"):
        figures.cue_sheet([picture()] * 2, scenes)


def test_stacked_bars_add_up_and_leave_out_small_numbers():
    table = pd.DataFrame(
        {"right": [60.0, 97.5], "judge": [30.0, 2.5], "none": [10.0, 0.0]}, index=["25 km", "any"]
    )
    (axes,) = figures.stacked_bars(table, "Who is to blame", "photos, %").axes
    ends = [bar.get_x() + bar.get_width() for bar in axes.patches[-2:]]
    assert ends == [100, 100] and axes.get_xlim() == (0, 100)
    assert [text.get_text() for text in axes.texts] == ["60.0", "97.5", "30.0", "", "10.0", ""]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["25 km", "any"]


def test_gain_panels_draw_each_distance_over_the_numbers():
    def gains(points):
        return pd.DataFrame(
            {
                "metric": evaluation.THRESHOLD_NAMES,
                "difference": np.arange(5) * points / 100,
                "low": np.arange(5) * points / 100 - 0.01,
                "high": np.arange(5) * points / 100 + 0.02,
            }
        )

    panels = {"prompts": {1: gains(0), 3: gains(2)}, "replies": {1: gains(0), 2: gains(-1)}}
    figure = figures.gain_panels(panels, "More", "points above one")
    left, right = figure.axes
    assert (left.get_xlabel(), right.get_xlabel()) == ("prompts", "replies")
    curves = [part.lines[0].get_ydata() for part in left.containers]
    np.testing.assert_allclose(curves, [[0, 2 * level] for level in range(5)])
    assert right.get_xticks().tolist() == [1, 2]
