"""Figures of asking: what was given is what is drawn."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle
from PIL import Image

from g3lite import figures

LISBON, SYDNEY = np.array([38.7, -9.1]), np.array([-33.9, 151.2])
NEAR, FAR = LISBON + np.arange(10).reshape(5, 2) / 10, SYDNEY + np.arange(10).reshape(5, 2) / 10


def drawn(axes):
    """Places of each group of points on a map, by label: (n, 2) [lat, lon]."""
    groups = [
        part for part in axes.collections if len(part.get_offsets()) and part.get_zorder() == 3
    ]
    return [np.asarray(part.get_offsets())[:, ::-1] for part in groups]


def test_asked_twice_has_a_large_photo_and_a_map_for_each_prompt():
    asked = {"as it is": (NEAR, LISBON), "turned": (FAR, SYDNEY)}
    figure = figures.asked_twice(Image.new("RGB", (512, 512)), LISBON, asked, "Twice")
    photo, *maps = figure.axes
    width = photo.get_position().width * figure.get_figwidth() * figures.DPI
    assert width >= 512 and photo.images[0].get_array().shape == (512, 512, 3)
    assert [axes.get_title(loc="left") for axes in maps] == list(asked)
    for axes, (places, reply) in zip(maps, asked.values(), strict=True):
        listed, crosses, star = drawn(axes)
        assert listed == pytest.approx(places)
        assert crosses == pytest.approx(reply[None]) and star == pytest.approx(LISBON[None])
    (legend,) = figure.legends
    words = [text.get_text() for text in legend.get_texts()]
    assert words == ["similar photos, says the prompt", "the reply", "taken here"]
    assert figures.encode(figure)[0] == "image/jpeg"


def test_asked_often_gives_each_prompt_a_colour_for_its_places_and_replies():
    asked = {"one": (NEAR, LISBON), "other": (FAR, np.stack([SYDNEY, SYDNEY + 1]))}
    (axes,) = figures.asked_often(asked, "Often", truth=LISBON).axes
    groups = [part for part in axes.collections if part.get_zorder() == 3]
    assert [len(part.get_offsets()) for part in groups] == [5, 1, 5, 2, 1]
    dots, rings = [part.get_facecolor() for part in groups], [p.get_edgecolor() for p in groups]
    colours = [tuple((d if len(d) else r)[0]) for d, r in zip(dots, rings, strict=True)]
    assert colours[0] == colours[1] != colours[2] == colours[3]
    assert len(figures.asked_often(asked, "Often").axes[0].collections) < len(axes.collections)


def test_reply_maps_leave_out_what_names_no_place():
    far = np.vstack([np.repeat(NEAR, 8, axis=0), SYDNEY[None], [[np.nan, np.nan]]])
    figure = figures.reply_maps({"T = 0.2": NEAR, "T = 1.2": far}, LISBON, "Forty")
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["T = 0.2", "T = 1.2 (1 further away)"]
    assert [len(drawn(axes)[0]) for axes in figure.axes] == [5, 41]
    left, right = figure.axes
    assert left.get_xlim() == right.get_xlim() and left.get_ylim() == right.get_ylim()
    assert left.get_xlim()[1] - left.get_xlim()[0] < 8e6  # metres: a part of the world


def test_a_grid_shows_every_choice_and_frames_the_best():
    grid = pd.DataFrame(
        [(t, n, s, 0.3 + 0.01 * (t == 0.4) * (n == 2) + 0.001 * n - 0.01 * s)
         for t in (0.2, 0.4) for n in (1, 2, 3) for s in (0, 1)],
        columns=["temperature", "N", "S", "share"],
    )  # fmt: skip
    figure = figures.choice_grid(grid.sample(frac=1, random_state=0), "share", "A grid")
    framed = {axes: [p for p in axes.patches if isinstance(p, Rectangle)] for axes in figure.axes}
    cold, warm = figure.axes
    assert not framed[cold]
    (frame,) = framed[warm]
    assert frame.get_xy() == pytest.approx((-0.5, 0.5))  # S = 0, N = 2
    said = {text.get_position(): text.get_text() for text in warm.texts}
    assert said[0, 1] == "31.2" and said[1, 0] == "29.1" and len(said) == 6
    assert [text.get_text() for text in warm.get_xticklabels()] == ["0", "1"]
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["T = 0.2", "T = 0.4"]


def test_line_panels_draw_values_and_bands_and_may_end_early():
    whole = np.array([[10, 20, 30], [8, 18, 28], [12, 22, 33]])
    panels = {"good": {"25 km": whole, "200 km": whole[:, :2] + 5}, "bad": {"25 km": 2 * whole}}
    figure = figures.line_panels((0, 5, 10), panels, "Lines", ("references", "%"))
    good, bad = figure.axes
    long, short = good.lines
    assert long.get_xdata().tolist() == [0, 5, 10] and long.get_ydata().tolist() == [10, 20, 30]
    assert short.get_xdata().tolist() == [0, 5] and len(good.collections) == 2
    edges = good.collections[0].get_paths()[0].vertices[:, 1]
    assert edges.min() == 8 and edges.max() == 33
    assert bad.lines[0].get_ydata().tolist() == [20, 40, 60]
    assert good.get_ylim() == bad.get_ylim() and good.get_ylim()[1] >= 66  # all can be seen
    assert good.get_ylim()[0] == 0 and good.get_ylabel() == "%" and not bad.get_ylabel()
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["25 km", "200 km"]
