"""Maps of scores, the strip of a training, the embedding, flat maps, bars of a softmax."""

import io

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.collections import PathCollection
from PIL import Image

from g3lite import figures, geo
from g3lite.figures import flat, scores
from g3lite.location import project

PLACES = np.array([[39.9, 116.4], [48.9, 2.35], [-33.9, 151.2], [-23.5, -46.6]])
SCORES = np.array([0.5, 0.1, 0.2, 0.15])
PHOTO = Image.new("RGB", (64, 64), "teal")


def dots(axes):
    """Where the dots of a map are, how large, and how many standard deviations they stand for."""
    found = next(filter(is_dots, axes.collections))
    return found.get_offsets().data, found.get_sizes(), found.get_array().data


def is_dots(drawn):
    return isinstance(drawn, PathCollection) and drawn.get_array() is not None


def worlds(figure):
    return [axes for axes in figure.axes if any(map(is_dots, axes.collections))]


def stars(axes):
    return [c for c in axes.collections if isinstance(c, PathCollection) and not is_dots(c)]


def test_the_best_place_is_the_largest_and_darkest_dot():
    (world,) = worlds(figures.score_maps({"a photo": SCORES}, PLACES))
    where, sizes, above = dots(world)
    assert where[-1] == pytest.approx(flat.flat(PLACES[:1])[0])
    assert sizes[-1] == sizes.max() and above[-1] == above.max()
    assert above.mean() == pytest.approx(0) and above.std() == pytest.approx(1)


def test_each_map_has_its_title_its_star_and_its_photo():
    maps = {"one": SCORES, "two": -SCORES, "three": SCORES}
    figure = figures.score_maps(
        maps, PLACES, "Where?", marks={"two": PLACES[1]}, pictures=dict.fromkeys(maps, PHOTO)
    )
    drawn = worlds(figure)
    assert [axes.get_title(loc="left") for axes in drawn] == list(maps)
    assert [len(stars(axes)) for axes in drawn] == [0, 1, 0]
    assert stars(drawn[1])[0].get_offsets().data[0] == pytest.approx(flat.flat(PLACES[1:2])[0])
    assert sum(bool(axes.images) for axes in figure.axes) == 3
    with pytest.raises(ValueError, match="at least one"):
        figures.score_maps({}, PLACES)


def test_equal_scores_are_drawn_without_a_division_by_zero():
    (world,) = worlds(figures.score_maps({"nothing known": np.ones(4)}, PLACES))
    assert (dots(world)[2] == 0).all()


def test_the_hero_names_the_best_five_and_shows_512_pixels():
    places = np.vstack([PLACES, PLACES + 1])
    names = [f"town {n}" for n in range(8)]
    figure = figures.photo_and_scores(
        PHOTO, places, np.linspace(0.1, 0.8, 8), names, PLACES[0], "Where?"
    )
    said = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert said == ["town 7", "0.80", "town 6", "0.70", "town 5", "0.60", "town 4", "0.50",
                    "town 3", "0.40"]  # fmt: skip
    assert figure.axes[0].images[0].get_array().shape[:2] == (512, 512)
    assert figure.axes[0].get_position().width * figures.WIDTH * figures.DPI == pytest.approx(512)


def test_a_training_marks_its_frames_on_the_curve():
    losses = np.linspace(12, 6, 40)
    figure = scores.learning({0: SCORES, 10: SCORES, 40: -SCORES}, losses, PLACES, PLACES[0], 11.1)
    curve = figure.axes[0]
    marked = [line.get_xydata()[0] for line in curve.lines if line.get_marker() == "o"]
    assert np.array(marked) == pytest.approx(np.array([[10, losses[9]], [40, losses[39]]]))
    titles = [axes.get_title(loc="left") for axes in worlds(figure)]
    assert titles == ["a: 0 steps", "b: 10 steps", "c: 40 steps"]


def test_a_film_replaces_its_picture_and_keeps_the_last(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *a, **k: shown.append(("new", a, k)))
    monkeypatch.setattr("IPython.display.update_display", lambda *a, **k: shown.append(("", a, k)))
    film = figures.Film(PLACES, PLACES[0], guessing=11.1)
    film.add(SCORES)
    assert shown == []  # before the first step there is no loss to draw
    for loss in (12.0, 10.0):
        film.losses.append(loss)
        film.add(SCORES)
    assert [kind for kind, *_ in shown] == ["new", ""]
    ids = {options["display_id"] for *_, options in shown}
    assert len(ids) == 1
    output = shown[-1][1][0]
    assert output["text/plain"].startswith("The loss falls from 12.0 to 11.0 in 2 steps")
    assert Image.open(io.BytesIO(output["image/png"])).width == 900


def test_photos_and_places_of_a_group_have_its_colour():
    places, photos = np.array([[0.0, 1], [1, 0]]), np.array([[0.0, 0.5], [0.5, 0]])
    figure = figures.embedding(
        {"before": (photos, places), "after": (photos, places)}, ["Asia", "Europe"],
        ["Asia", "Europe"], "Vectors",
    )  # fmt: skip
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["before", "after"]
    colours = [c.get_facecolor()[0][:3] for c in figure.axes[0].collections]
    assert (colours[0] == colours[2]).all() and (colours[1] == colours[3]).all()
    assert (colours[0] != colours[1]).any()
    assert [text.get_text() for text in figure.legends[0].texts] == ["Asia", "Europe"]


# --- flat maps


def test_land_is_told_from_sea():
    spots = [[48.9, 2.35], [45.0, -40.0], [36.0, 18.0], [-80.0, 0.0]]  # Paris, and two seas
    assert figures.on_land(spots).tolist() == [True, False, False, True]


def test_flat_maps_are_those_of_the_encoder():
    figure = figures.projections({"mercator_xy": "Mercator", "equal_earth": "Equal Earth"}, km=600)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Mercator", "Equal Earth"]
    circles = figure.axes[0].collections[1].get_paths()
    ring = geo.offset(np.tile([-75, -120], (73, 1)), np.arange(0, 361, 5), 600)
    wanted = project(torch.tensor(ring), "mercator_xy").numpy()
    assert circles[0].vertices[:73] == pytest.approx(wanted)
    heights = [np.ptp(path.vertices[:, 1]) for path in circles]
    assert heights[0] > 3 * heights[len(heights) // 2]  # Mercator enlarges towards the poles


# --- curves


def test_a_softmax_is_drawn_with_the_loss_of_the_right_place():
    figure = figures.softmax_bars([0.5, 0.45, -0.1], (1, 500), right=1, title="Scales")
    shares = [[bar.get_height() for bar in axes.patches] for axes in figure.axes]
    p = np.exp([0.5, 0.45, -0.1]) / np.exp([0.5, 0.45, -0.1]).sum()
    assert shares[0] == pytest.approx(100 * p)
    assert figure.axes[0].get_title() == f"scale 1: loss {-np.log(p[1]):.2f}"
    assert figure.axes[1].get_title() == "scale 500: loss 25.00"


def test_a_line_chart_has_its_levels_and_marks():
    figure = figures.line_chart(
        {"one": ([1, 10], [0.2, 0.4]), "two": ([1, 10], [0.3, 0.1])}, "Title", x="km", log=True,
        levels={"half": 0.5}, marks={"here": 3.0}, top=1,
    )  # fmt: skip
    (axes,) = figure.axes
    assert axes.get_ylim() == (0, 1) and axes.get_xscale() == "log"
    assert {text.get_text() for text in axes.texts} == {"half", "here"}
    assert [text.get_text() for text in axes.get_legend().texts] == ["one", "two"]


def test_every_training_is_a_dot_and_the_first_variant_a_line():
    runs = pd.DataFrame(
        [(v, "region", s, x, x - 0.02, x + 0.02) for v, s, x in
         [("G3", 0, 0.28), ("G3", 1, 0.30), ("raw", 0, 0.23)]],
        columns=["variant", "metric", "seed", "value", "low", "high"],
    )  # fmt: skip
    figure = figures.seeds_and_intervals(runs, {"region": "share"}, {"G3": "ours", "raw": "raw"})
    (axes,) = figure.axes
    trainings = [line.get_xdata() for line in axes.lines if line.get_marker() == "o"]
    assert [list(map(float, xs)) for xs in trainings] == [pytest.approx([28, 30]), [23.0]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ours", "raw"]
    (mean,) = [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == ":"]
    assert mean == pytest.approx(29)
