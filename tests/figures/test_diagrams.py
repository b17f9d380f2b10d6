"""Diagrams: what is in them is right, and all words can be read; how they look is for the eye."""

import inspect
import io
from functools import cache

import matplotlib.colors
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import FancyBboxPatch
from PIL import Image

from g3lite import G3Error, figures, geo, miniearth
from g3lite.alignment import info_nce
from g3lite.figures import diagrams
from g3lite.figures.diagrams import canvas, overview, task
from g3lite.index import neighbours
from g3lite.location import LocationEncoder

QUERY, NEAREST, CLOSE = (
    miniearth.splits.img_id(place, seed, "12345678@M01")
    for place, seed in ((810, 7), (3, 8), (810, 9))
)


def unit(n, d, seed=0):
    rows = np.random.default_rng(seed).normal(size=(n, d))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def spots(n, seed=0):
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.uniform(30, 60, n), rng.uniform(-10, 40, n)])


PHOTO, PLACES = unit(1, 16)[0], unit(6, 16, seed=1) + 0.6 * unit(1, 16)[0]
PLACES = PLACES / np.linalg.norm(PLACES, axis=1, keepdims=True)
NAMES = ["Lisbon", "Novosibirsk", "Dublin", "Chengdu", "Bamako", "Bologna"]
CANDIDATES = pd.DataFrame(spots(9), columns=["LAT", "LON"]).assign(
    origin=["reply"] * 6 + ["retrieved"] * 3, score=np.linspace(0.2, 0.5, 9)
)
LISTS = np.array([[0, row % 7 + 1, row % 11 + 8] for row in range(60)])  # photo 0 is in all lists
HITS = np.random.default_rng(0).random(120) < 0.4
TABLES = {
    name: pd.DataFrame({"AUTHOR": [f"{name} {row // 3}" for row in range(n)]})
    for name, n in (("gallery", 900), ("validation", 90), ("test", 120))
}
TOKENS = ['{"', "latitude", '": ', "38.7", ', "', "longitude", '": ', "-9.1", "}"]
MAKE = {
    "g3": lambda: diagrams.g3("gallery"),
    "cue_scales": diagrams.cue_scales,
    "fooled": lambda: diagrams.fooled(QUERY, NEAREST, CLOSE, [0.81, 0.74]),
    "spaces": diagrams.spaces,
    "batch": lambda: diagrams.batch(PLACES @ PLACES.T, NAMES, 10.0),
    "pull_and_push": lambda: diagrams.pull_and_push(PHOTO, PLACES, NAMES, 10.0, own=2),
    "waves": lambda: diagrams.waves(encoder()),
    "inner_products": diagrams.inner_products,
    "hub": lambda: diagrams.hub(LISTS, 40),
    "code_book": lambda: diagrams.code_book(unit(200, 12), 3),
    "lists": lambda: diagrams.lists(unit(300, 2), unit(1, 2)[0] / 2),
    "prompt_anatomy": lambda: diagrams.prompt_anatomy(spots(10), spots(10, 1)),
    "tokens_to_place": lambda: diagrams.tokens_to_place(TOKENS, np.linspace(0.2, 1, len(TOKENS))),
    "resumed_run": diagrams.resumed_run,
    "candidates_and_judge": lambda: diagrams.candidates_and_judge(
        Image.new("RGB", (128, 128), "teal"), CANDIDATES, [48.0, 11.0]
    ),
    "mean_and_medoid": lambda: diagrams.mean_and_medoid(spots(9), np.arange(9)),
    "splits": lambda: diagrams.splits(TABLES),
    "resampling": lambda: diagrams.resampling(np.arange(120) // 4, HITS),
    "blocks": diagrams.blocks,
    "gathered": diagrams.gathered,
}


@cache
def encoder():
    torch.manual_seed(0)
    return LocationEncoder(frequencies=8, width=8, dim=8)


@cache
def made(name):
    return MAKE[name]()


def words(diagram):
    return " | ".join(text.get_text() for text in texts(diagram.figure))


def texts(figure):
    """Of the sheet and of the plots in it."""
    axes = [one for one in figure.axes if one.axison]
    found = [text for one in figure.axes for text in one.texts]
    found += [label for one in axes for label in (one.title, one.xaxis.label)]
    for lines in (part for one in figure.axes for part in one.artists):
        found += [] if lines.label_artists is None else lines.label_artists
    return [text for text in found if text.get_text().strip() and text.get_visible()]


def test_every_diagram_is_looked_at_here():
    functions = {name for name in diagrams.__all__ if inspect.isfunction(getattr(diagrams, name))}
    assert functions == set(MAKE)


def unreadable(figure):
    """Words below 9 points, outside the sheet or their box, or over others."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    drawn = [(one.get_text(), one, one.get_window_extent(renderer)) for one in texts(figure)]
    boxes = [
        patch.get_window_extent(renderer)
        for patch in figure.axes[0].patches
        if isinstance(patch, FancyBboxPatch)
    ]
    for number, (said, one, its) in enumerate(drawn):
        if one.get_size() < 9:
            yield said, "is too small"
        if its.x0 < 0 or its.y0 < 0 or its.x1 > figure.bbox.x1 or its.y1 > figure.bbox.y1:
            yield said, "is cut off"
        x, y = (its.x0 + its.x1) / 2, (its.y0 + its.y1) / 2
        around = [b for b in boxes if b.x0 <= x <= b.x1 and b.y0 <= y <= b.y1]
        least = min(around, key=lambda b: b.width * b.height, default=None)
        if least and (its.x0 < least.x0 or its.x1 > least.x1):
            yield said, "is wider than its box"
        if least and (its.y0 < least.y0 - 4 or its.y1 > least.y1 + 4):  # ascenders of empty lines
            yield said, "is higher than its box"
        for other, two, box in drawn[number + 1 :]:
            apart = (
                its.x1 <= box.x0 + 1 or box.x1 <= its.x0 + 1
                or its.y1 <= box.y0 + 3 or box.y1 <= its.y0 + 3
            )  # fmt: skip
            # The extent of turned words is larger than they are.
            if not apart and not (one.get_rotation() or two.get_rotation()):
                yield said, f"lies over {other}"


@pytest.mark.parametrize("name", MAKE)
def test_a_diagram_can_be_read_is_small_and_lies_on_any_page(name):
    figure, alt = made(name)
    mime, data = figures.encode(figure)
    picture = Image.open(io.BytesIO(data))
    assert mime == "image/png" and len(data) < 60_000
    assert picture.width == figures.WIDTH * figures.DPI
    assert picture.convert("RGBA").getpixel((2, picture.height - 3))[3] == 0
    assert 60 < len(alt) < 700 and "\n" not in alt and alt.endswith(".") and "nan" not in alt
    assert len(texts(figure)) >= 5 and list(unreadable(figure)) == []


def test_words_that_cannot_be_read_are_found():
    sheet = canvas.Canvas(200, "A title")
    sheet.box(100, 60, 60, 30, "too wide for its box")
    sheet.text(300, 100, "one")
    sheet.text(305, 102, "two")
    sheet.text(500, 100, "tiny", size=8)
    sheet.text(890, 150, "over the edge")
    assert list(unreadable(sheet.figure)) == [
        ("too wide for its box", "is wider than its box"),
        ("one", "lies over two"),
        ("tiny", "is too small"),
        ("over the edge", "is cut off"),
    ]


def contrast(colour, ground):
    def light(one):
        channels = np.array(matplotlib.colors.to_rgb(one))
        low = channels <= 0.04045
        return np.where(low, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4) @ [
            0.2126, 0.7152, 0.0722,
        ]  # fmt: skip

    a, b = sorted((light(colour), light(ground)))
    return (b + 0.05) / (a + 0.05)


@pytest.mark.parametrize("page", ["#ffffff", "#0d1117", "#111111"])
def test_titles_can_be_read_on_a_light_and_on_a_dark_page(page):
    assert contrast(canvas.GREY, page) > 4


@pytest.mark.parametrize("colour", figures.PALETTE[:6])
def test_words_can_be_read_in_boxes_of_every_colour(colour):
    assert contrast(canvas.INK, canvas.tint(colour, 0.45)) > 4.5


def test_a_transparent_picture_keeps_its_large_colours_exactly():
    sheet = canvas.Canvas(200, "Title")
    for n, colour in enumerate(figures.PALETTE[:6]):
        sheet.box(20 + 140 * n, 50, 120, 100, color=colour, edge=0)
    figure = sheet.figure
    picture = Image.open(io.BytesIO(figures.encode(figure)[1])).convert("RGBA")
    for n, colour in enumerate(figures.PALETTE[:6]):
        wanted = np.round(255 * np.array(canvas.tint(colour)))
        got = picture.getpixel((80 + 140 * n, 100))
        assert got[3] == 255 and np.abs(np.array(got[:3]) - wanted).max() <= 1
    title = np.asarray(picture)[:40]
    assert ((title[..., 3] > 0) & (title[..., 3] < 255)).any()  # soft edges stay soft


# --- what they say


@pytest.mark.parametrize("here", [None, *overview.PLACES])
def test_the_schematic_marks_where_the_reader_is(here):
    diagram = diagrams.g3(here)
    wide = [patch for patch in diagram.figure.axes[0].patches if patch.get_linewidth() > 3]
    assert words(diagram).count("you are here") == len(wide) == (here is not None)
    assert "20 candidates" in words(diagram) and "2,304 numbers" in words(diagram)
    assert (f"The reader is at: {here}." in diagram.alt) == (here is not None)


def test_the_schematic_knows_its_places():
    with pytest.raises(G3Error, match="no place 'verify'; there are task, alignment"):
        diagrams.g3("verify")


def test_cues_of_a_city_end_with_it_and_those_of_a_country_reach_further():
    table = miniearth.places()
    shares = task._agreement(table[["lat", "lon"]].to_numpy(), table.index.to_numpy())
    assert (np.abs(shares["city"]) < 0.02).all() and (np.abs(shares["street"]) < 0.02).all()
    assert shares["country"][0] > 0.7 > shares["region"][0] > 0.2
    assert all(np.abs(of[-1]) < 0.05 for of in shares.values())  # chance is left out
    assert f"country {100 * shares['country'][0]:.0f}" in made("cue_scales").alt


def test_the_fooled_neighbour_shows_where_photos_agree():
    said = words(made("fooled"))
    scenes = [miniearth.scene_of(name) for name in (QUERY, NEAREST)]
    km = geo.great_circle_km(*([scene.lat, scene.lon] for scene in scenes))
    assert f"{km:,.0f} km away, cosine 0.81" in said
    mark = "=" if scenes[0].view.kind == scenes[1].view.kind else "≠"
    assert f"{mark} {scenes[1].view.kind}" in said


def test_a_batch_shows_its_cosines_its_shares_and_its_loss():
    cosines = PLACES @ PLACES.T
    shares = torch.softmax(torch.from_numpy(10 * cosines), dim=1).diagonal()
    said = words(made("batch"))
    assert f"loss {float(info_nce(torch.from_numpy(10 * cosines))):.2f}" in said
    assert all(f"{100 * share:.0f} %" in said for share in shares)


def test_a_step_pulls_the_own_place_by_what_the_softmax_lacks():
    logits = torch.tensor(10 * PLACES @ PHOTO, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(logits[None], torch.tensor([2]))
    loss.backward()  # its gradient is p, and p - 1 for the own place
    said = words(made("pull_and_push"))
    assert f"pull 1 − p = {-logits.grad[2]:.2f}" in said
    assert f"push p = {logits.grad[0]:.2f}" in said
    before, after = (
        float(x) for x in made("pull_and_push").alt.split("from ")[2].split(". ")[0].split(" to ")
    )
    assert before == pytest.approx(PLACES[2] @ PHOTO, abs=0.006) and after > before


def test_waves_are_as_long_as_the_frequencies_say():
    b = encoder().scales[1][0].b.norm(dim=1).sort().values[4]
    km = 40_075 / 2 / float(b)
    assert f"a wave is {round(km, -int(np.log10(km)) + 1):,.0f} km long" in words(made("waves"))


def test_the_search_with_minus_q_turns_the_order_around():
    boxes = [t.get_text() for t in texts(made("inner_products").figure) if ":  " in t.get_text()]
    order = [int(box.split(":")[0]) for box in boxes]
    assert order[:7] == order[7:][::-1]


def test_a_hub_is_counted():
    said = words(made("hub"))
    assert "60 of 60 queries: 100 %" in said and "in 4.5 lists" in said


def test_a_code_book_chooses_the_nearest_prototypes():
    vectors = np.tile(np.arange(16.0)[:, None], (3, 8))  # 16 different values in every piece
    diagram = diagrams.code_book(vectors, 5)
    assert "2 bytes instead of 32" in diagram.alt and "is 0 per cent" in diagram.alt
    codes = [t.get_text() for t in texts(diagram.figure) if "\n" in t.get_text()][-4:]
    assert all(f"{int(code.split()[0]):04b}" == code.split()[1] for code in codes)


def test_lists_count_what_a_search_finds_and_misses():
    points, query = unit(300, 2), unit(1, 2)[0] / 2
    all_ = diagrams.lists(points, query, probes=16)
    assert "300 of 300 photos" in words(all_) and "15 nearest: 0 missed" in words(all_)
    few = words(diagrams.lists(points, query, probes=1))
    found = int(few.split("15 nearest: ")[1].split(" ")[0])
    assert f"15 nearest: {15 - found} missed" in few


def test_a_prompt_is_shown_part_by_part_with_its_tokens():
    from g3lite.prompts import prompt, rough_tokens

    whole = rough_tokens(prompt(spots(10), spots(10, 1)))
    said = words(made("prompt_anatomy"))
    assert f"{whole} in all" in said and "7 more" in said
    assert f"{spots(10)[0][0]:.5f}" in said


def test_tokens_become_the_place_that_the_reader_takes_out():
    assert "latitude 38.7, longitude -9.1" in words(made("tokens_to_place"))
    refused = diagrams.tokens_to_place(["I", " cannot", " tell"])
    assert "refused" in refused.alt and len(refused.figure.axes) == 1


def test_a_run_that_goes_on_asks_only_for_the_rest():
    said = words(diagrams.resumed_run(stopped=10, photos=4))
    assert said.count("store") >= 10 and "10 from the store, 6 asked" in said


def test_the_judge_shows_the_best_first():
    said = words(made("candidates_and_judge"))
    km = geo.great_circle_km(CANDIDATES.loc[8, ["LAT", "LON"]].to_numpy(float), [48.0, 11.0])
    assert f"0.500   {km:,.0f} km off" in said and "(1 more places)" in said


def test_mean_and_medoid_are_computed():
    points = np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 10.0]])
    alt = diagrams.mean_and_medoid(points).alt
    assert "one of the candidates" in alt and "best score" not in alt
    mean = geo.spherical_mean(points, np.zeros(3, dtype=int), 1)
    km = geo.great_circle_km(mean, points).min()
    assert abs(mean[0, 1] - 11 / 3) < 0.02 and f"{km:,.0f} km from any candidate" in alt
    with pytest.raises(ValueError, match="no mean"):
        diagrams.mean_and_medoid([[0.0, 0.0], [0.0, 180.0]])


def test_photographers_in_two_sets_are_told():
    assert "no photographer is in two of the sets" in words(made("splits"))
    leaky = TABLES | {"test": TABLES["gallery"].head(30)}
    assert "10 in gallery and test" in words(diagrams.splits(leaky))


def test_resampling_draws_photographers():
    said = words(made("resampling"))
    assert f"{100 * HITS.mean():.1f} %" in said and "all 30 photographers" in said
    alone = words(diagrams.resampling(["one"] * 50, HITS[:50]))  # a single one: no spread
    share = 100 * HITS[:50].mean()
    assert f"95 %: {share:.1f} to {share:.1f}" in alone


def test_gathering_shows_all_pairs():
    said = words(made("gathered"))
    assert "18 of 36 pairs" in said and "36 of 36 pairs" in said
    assert "32 of 64 pairs" in words(diagrams.gathered(2, 4))


def test_neighbours_of_the_hub_are_those_of_a_search():
    """`hub` takes what a search gives, so a gallery's rows can be passed on as they are."""
    vectors = unit(40, 8).astype(np.float32)
    _, rows = neighbours(-vectors, vectors, 5)
    assert "of 40 queries" in words(diagrams.hub(rows, 40))


def test_a_diagram_is_shown_with_its_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("G3LITE_FIGURES", str(tmp_path))
    figures.show(*made("spaces"))
    assert "Four trained heads follow" in capsys.readouterr().out
    (saved,) = tmp_path.iterdir()
    assert Image.open(saved).convert("RGBA").getpixel((2, 2))[3] == 0
