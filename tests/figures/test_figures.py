import base64
import io
import json
import socket

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from cartopy.io.shapereader import Reader
from matplotlib.collections import LineCollection
from PIL import Image

from g3lite import evaluation, figures, geo
from g3lite.figures import maps
from g3lite.paths import data_dir
from g3lite.photos import PhotoSet

LAYERS = {
    "physical/ne_110m_land": 110,
    "physical/ne_110m_coastline": 110,
    "cultural/ne_110m_admin_0_countries": 177,
    "cultural/ne_110m_admin_0_boundary_lines_land": 180,
}


@pytest.fixture
def offline(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    maps._feature.cache_clear()


def photos(n, size=(128, 96)):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (n, 12, 16, 3), dtype=np.uint8)
    return [Image.fromarray(pixels).resize(size) for pixels in noise]


def points(n, seed=0):
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.uniform(-60, 70, n), rng.uniform(-180, 180, n)])


def results(n=60):
    truth = pd.DataFrame(points(n), columns=["LAT", "LON"])
    truth["IMG_ID"] = [f"{i}.jpg" for i in range(n)]
    truth["AUTHOR"] = np.arange(n) % 12
    km = 10 ** np.random.default_rng(1).normal(2, 1, n)
    return truth, geo.offset(truth[["LAT", "LON"]], 30, km)


def pixels(figure):
    return np.asarray(Image.open(io.BytesIO(figures.encode(figure)[1])).convert("RGB"))


# --- shipped coasts and borders


def rings(shape):
    for part in getattr(shape, "geoms", [shape]):
        yield from [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]


@pytest.mark.parametrize("layer", LAYERS)
def test_natural_earth_is_complete_and_no_line_crosses_the_globe(layer):
    folder = data_dir() / "natural_earth" / "shapefiles" / "natural_earth"
    shapes = list(Reader(folder / f"{layer}.shp").geometries())
    assert len(shapes) >= LAYERS[layer]
    for shape in shapes:
        assert shape.is_valid
        for ring in rings(shape):
            lon, lat = np.array(ring.coords).T
            assert np.abs(lon).max() <= 180 and np.abs(lat).max() <= 90
            # Only Antarctica's edge at the pole runs along a whole parallel.
            leaps = np.abs(np.diff(lon)) > 20
            assert (lat[1:][leaps] == -90).all()


def test_natural_earth_is_small_and_knows_its_countries():
    folder = data_dir() / "natural_earth"
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= 600_000
    layer = folder / "shapefiles/natural_earth/cultural/ne_110m_admin_0_countries.shp"
    countries = {record.attributes["NAME"]: record for record in Reader(layer).records()}
    assert countries["Austria"].attributes["ISO_N3"] == "040"
    assert "Côte d'Ivoire" in countries
    russia = countries["Russia"].geometry
    assert russia.bounds[0] == pytest.approx(-180) and russia.bounds[2] == pytest.approx(180)


# --- maps


def test_maps_draw_coasts_without_a_network(offline):
    figure, axes = figures.world_map("The world")
    image = pixels(figure).astype(int)
    ocean, land = (
        (np.abs(image - np.array(colour)).max(axis=2) < 4).mean()
        for colour in ((0xE3, 0xEB, 0xF0), (0xF2, 0xEF, 0xE9))
    )
    assert 0.4 < ocean < 0.7 and 0.15 < land < 0.35
    inside = image[100:-100, 200:-200]  # no frame, no title: what is dark there is coast
    assert 0.01 < (inside.max(axis=2) < 0xC0).mean() < 0.1
    assert axes.get_title(loc="left") == "The world"
    figures.encode(figures.zoomed_map([[48.2, 16.4]])[0])


def pieces(axes, arcs):
    """Projected x, y of the drawn parts of the only arc of a collection."""
    path = arcs.get_transform().transform_path_non_affine(arcs.get_paths()[0])
    return [part for part in path.to_polygons(closed_only=False) if len(part) > 1]


def test_arc_over_the_antimeridian_has_two_parts_that_end_at_the_edges():
    _, axes = figures.world_map()
    parts = pieces(axes, figures.draw_arcs(axes, [[10, 170]], [[20, -165]]))
    assert len(parts) == 2
    width = np.ptp(axes.get_extent()[:2])
    for part in parts:
        assert np.abs(np.diff(part[:, 0])).max() < width / 10
    # One part ends at the eastern edge of the map, the other at the western one.
    reach = sorted(np.abs(part[:, 0]).max() * np.sign(part[0, 0]) for part in parts)
    assert reach[0] < -0.9 * width / 2 and reach[1] > 0.9 * width / 2


def test_arc_that_stays_on_one_side_is_one_great_circle():
    _, axes = figures.world_map()
    (part,) = pieces(axes, figures.draw_arcs(axes, [[50, -100]], [[50, 20]]))
    # From Canada to Poland the way goes far north: tan(highest) = tan(50) / cos(60).
    highest = np.degrees(np.arctan(np.tan(np.radians(50)) / np.cos(np.radians(60))))
    top = axes.projection.transform_point(0, highest, maps._PLATE)[1]
    assert part[:, 1].max() == pytest.approx(top, rel=0.01)


def test_arcs_leave_out_missing_and_identical_points_and_keep_the_view():
    _, axes = figures.world_map()
    before = axes.get_extent()
    start = [[10, 10], [20, 20], [30, 30]]
    end = [[np.nan, np.nan], [20, 20], [31, 30]]
    assert len(figures.draw_arcs(axes, start, end).get_paths()) == 1
    assert axes.get_extent() == before


def test_prediction_map_shows_every_truth_and_every_answer():
    truth, predictions = points(12), points(12, seed=1)
    predictions[3] = np.nan
    figure = figures.prediction_map(truth, predictions, "Truth and prediction")
    axes = figure.axes[0]
    shown = {s.get_label(): len(s.get_offsets()) for s in axes.collections if s.get_offsets().any()}
    assert shown["truth"] == 12 and shown["prediction"] == 11
    arcs = next(c for c in axes.collections if isinstance(c, LineCollection))
    assert len(arcs.get_paths()) == 11
    figures.encode(figure)


def test_zoomed_map_is_centred_on_points_on_both_sides_of_the_antimeridian():
    places = np.array([[-17.7, 178.0], [-13.8, -171.8]])
    _, axes = figures.zoomed_map(places)
    assert abs(axes.projection.proj4_params["lon_0"]) > 175
    x, y, _ = axes.projection.transform_points(maps._PLATE, places[:, 1], places[:, 0]).T
    left, right, bottom, top = axes.get_extent()
    assert (left < x).all() and (x < right).all() and (bottom < y).all() and (y < top).all()
    assert right - left < 6_000_000


def test_zoomed_map_of_far_points_is_the_world():
    _, axes = figures.zoomed_map([[0, 0], [0, 180], [40, 90]])
    assert axes.projection.proj4_params["proj"] == "eqearth"


def test_density_counts_every_point_once():
    figure = figures.density_map(points(500), "Density")
    hexagons = next(c for c in figure.axes[0].collections if c.get_array() is not None)
    assert hexagons.get_array().sum() == 500
    label = figure.axes[1].get_xlabel()
    km2 = float(label.split("of ")[1].split(" km")[0].replace(",", ""))
    # The hexagons tile the bounding box of the Equal Earth map.
    left, right, bottom, top = figure.axes[0].get_extent()
    assert km2 == pytest.approx((right - left) * (top - bottom) / 1e6 / (2 * 90 * 25), rel=0.05)


def waves(step=4.0):
    """A grid over the globe, and a wave on it."""
    lat = -90 + step * (np.arange(round(180 / step)) + 0.5)
    lon = -180 + step * (np.arange(round(360 / step)) + 0.5)
    return lat, lon, np.cos(np.radians(lat[:, None] * 3)) * np.sin(np.radians(lon * 2))


def test_heat_maps_share_one_scale_and_mark_their_points():
    lat, lon, values = waves()
    near = np.arange(40, 50), np.arange(0, 12)
    maps = {"wave": values, "half": values / 2}
    figure = figures.heat_maps(
        {name: (lat, lon, of) for name, of in maps.items()} | {"near": (*near, values[:10, :12])},
        "Three maps",
        label="cosine",
        marks={"wave": [[48.9, 2.4]], "near": [[45.0, 5.0], [46.0, 6.0]]},
    )
    *maps, bar = figure.axes
    assert [axes.get_title(loc="left") for axes in maps] == ["wave", "half", "near"]
    assert bar.get_xlabel() == "cosine" and figure.get_suptitle() == "Three maps"
    scales = [
        tuple(part.get_clim())
        for axes in maps
        for part in axes.collections
        if part.get_array() is not None and len(part.get_array()) > 5
    ]
    assert len(scales) == 3 and len(set(scales)) == 1
    names = [axes.projection.proj4_params["proj"] for axes in maps]
    assert names == ["eqearth", "eqearth", "laea"]
    points = [[part for part in axes.collections if part.get_label() == "mark"] for axes in maps]
    stars = [sum(len(part.get_offsets()) for part in of) for of in points]
    assert stars == [1, 0, 2]
    (left, right), (bottom, top) = maps[2].get_xlim(), maps[2].get_ylim()
    assert 700_000 < right - left < 900_000 and 900_000 < top - bottom < 1_100_000
    kind, data = figures.encode(figure)
    assert kind == "image/png" and len(data) <= 150_000


def test_a_heat_map_of_the_world_reaches_its_edges():
    axes = figures.heat_maps({"wave": waves()}).axes[0]
    painted = next(part for part in axes.collections if part.get_array() is not None)
    corners = np.vstack([path.vertices for path in painted.get_paths() if len(path.vertices)])
    left, right, bottom, top = axes.get_extent()
    assert np.ptp(corners, axis=0) == pytest.approx([right - left, top - bottom], rel=0.001)


def test_heat_maps_say_what_is_wrong_with_a_grid():
    lat, lon, values = waves()
    with pytest.raises(ValueError, match="'wave': values of shape .90, 45.*45 latitudes"):
        figures.heat_maps({"wave": (lat, lon, values.T)})
    with pytest.raises(ValueError, match="at least one map"):
        figures.heat_maps({})


# --- photos and curves


def test_photo_sheet_lays_out_titles_and_leaves_spare_cells_empty():
    figure = figures.photo_sheet(photos(5), list("abcde"), columns=3, title="Sheet")
    assert [axes.get_title() for axes in figure.axes] == [*"abcde", ""]
    assert [len(axes.images) for axes in figure.axes] == [1, 1, 1, 1, 1, 0]
    with pytest.raises(ValueError, match="4 titles for 5 images"):
        figures.photo_sheet(photos(5), list("abcd"))
    with pytest.raises(ValueError, match="at least one image"):
        figures.photo_sheet([])


def test_neighbour_strip_says_how_far_each_neighbour_is():
    query, *others = photos(4)
    figure = figures.neighbour_strip(query, others, [0.4, 150, 9333], names=["A", "B", "C"])
    assert [axes.get_title() for axes in figure.axes] == [
        "query",
        "1: 0.4 km\nA",
        "2: 150 km\nB",
        "3: 9,333 km\nC",
    ]
    frames = [axes.spines["left"].get_edgecolor() for axes in figure.axes]
    assert frames[1] == frames[2] != frames[3]
    with pytest.raises(ValueError, match="2 distances for 3 neighbours"):
        figures.neighbour_strip(query, others, [1, 2])


def test_threshold_curves_draw_lines_bands_and_points():
    truth, predictions = results()
    constant = np.broadcast_to([[0.0, 0.0]], (1, 5, 2))
    figure = figures.threshold_curves({"constant": constant, "guess": predictions}, truth, "Curves")
    axes = figure.axes[0]
    assert axes.get_xscale() == "log" and "km" in axes.get_xlabel()
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["constant", "guess"]
    curve = next(line for line in axes.lines if line.get_label() == "guess").get_ydata()
    assert (np.diff(curve) >= 0).all() and curve[-1] == 1


# --- showing


def test_figures_leave_no_global_state():
    truth, predictions = results()
    figures.encode(figures.prediction_map(truth[["LAT", "LON"]], predictions))
    figures.encode(figures.photo_sheet(photos(2)))
    assert plt.get_fignums() == []


def test_encoded_figures_are_small():
    truth, predictions = results(300)
    coordinates = truth[["LAT", "LON"]].to_numpy()
    for figure, mime in (
        (figures.prediction_map(coordinates, predictions, "A map"), "image/png"),
        (figures.density_map(points(5000), "Density"), "image/png"),
        (figures.threshold_curves({"a": predictions}, truth, "Curves"), "image/png"),
        (figures.photo_sheet(photos(24), [str(i) for i in range(24)], 8, "Sheet"), "image/jpeg"),
    ):
        kind, data = figures.encode(figure)
        assert kind == mime
        assert len(data) <= 150_000
        assert Image.open(io.BytesIO(data)).width == figures.WIDTH * figures.DPI


def test_encoding_keeps_the_colours_of_few_small_markers():
    image = pixels(figures.prediction_map([[0, 0], [50, 10]], [[30, 30], [52, 40]])).astype(int)
    for colour in (figures.TRUTH, figures.PREDICTION):
        wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
        assert (np.abs(image - wanted).max(axis=2) <= 6).sum() > 30


@pytest.mark.parametrize("alt", ["", "  \n "])
def test_an_empty_alt_text_is_an_error(alt):
    with pytest.raises(ValueError, match="alt text is empty; say in a sentence"):
        figures.show(figures.photo_sheet(photos(1)), alt)


def test_show_saves_numbered_pictures_where_asked(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("G3LITE_FIGURES", str(tmp_path / "new"))
    figures.show(figures.photo_sheet(photos(2), title="Two photos: a sheet!"), "Two photos.")
    figures.show(figures.photo_sheet(photos(2)), "A figure\n without a title.")
    saved = sorted((tmp_path / "new").iterdir())
    assert [path.name for path in saved] == [
        "01-two-photos-a-sheet.png",
        "02-a-figure-without-a-title.png",
    ]
    assert Image.open(saved[0]).format == "PNG"
    assert "A figure without a title." in capsys.readouterr().out


@pytest.mark.slow
def test_alt_text_is_in_the_notebook_and_in_its_html(tmp_path, monkeypatch, root):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    nbconvert = pytest.importorskip("nbconvert")
    bs4 = pytest.importorskip("bs4")
    sentence = 'A world map & "nothing" else.'
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(
                "from g3lite import figures\n"
                "from PIL import Image\n"
                f"figures.show(figures.world_map('World')[0], {sentence!r})\n"
                "figures.show(figures.photo_sheet([Image.new('RGB', (9, 9))]), 'A black square.')"
            )
        ]
    )
    monkeypatch.setenv("PYTHONPATH", str(root))
    nbclient.NotebookClient(notebook, timeout=120).execute()
    path = tmp_path / "alt.ipynb"
    nbformat.write(notebook, path)

    stored = json.loads(path.read_text())["cells"][0]["outputs"]
    assert [output["output_type"] for output in stored] == ["display_data"] * 2
    for output, mime, alt in zip(
        stored, ("image/png", "image/jpeg"), (sentence, "A black square."), strict=True
    ):
        assert output["metadata"][mime]["alt"] == alt
        assert "".join(output["data"]["text/plain"]) == alt
        picture = base64.b64decode("".join(output["data"][mime]))
        assert Image.open(io.BytesIO(picture)).get_format_mimetype() == mime

    html = nbconvert.HTMLExporter(template_name="classic").from_filename(path)[0]
    assert [image["alt"] for image in bs4.BeautifulSoup(html, "html.parser").select("img")] == [
        sentence,
        "A black square.",
    ]


# --- forest plots


def test_a_forest_plot_says_which_differences_are_sure():
    table = pd.DataFrame(
        {
            "method": ["above", "level", "below"],
            "difference": [0.05, 0.01, -0.03],
            "low": [0.03, -0.01, -0.05],
            "high": [0.07, 0.03, -0.01],
            "seeds": [5, 1, 5],
        }
    )
    figure = figures.forest(table, "Margins", "better", "worse")
    (axes,) = figure.axes
    _, *lines = axes.lines  # the first is zero
    colours = [line.get_color() for line in lines[1::2]]
    assert colours == [figures.TRUTH, "#777777", figures.PREDICTION]
    np.testing.assert_allclose(
        [line.get_xdata() for line in lines[::2]], [[3, 7], [-1, 3], [-5, -1]]
    )
    assert [line.get_markerfacecolor() == "white" for line in lines[1::2]] == [False, True, False]
    texts = [text.get_text() for text in axes.texts]
    assert texts[:3] == ["+5.0 [+3.0, +7.0]", "+1.0 [-1.0, +3.0]", "-3.0 [-5.0, -1.0]"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["above", "level", "below"]
    assert axes.yaxis_inverted()  # the first is at the top

    alike = figures.forest(table.drop(columns="seeds"), "Margins", "better", "worse").axes[0]
    assert "white" not in [line.get_markerfacecolor() for line in alike.lines[2::2]]


def test_a_corrected_p_decides_about_the_colour_and_groups_have_headings():
    table = pd.DataFrame(
        {
            "group": ["the judge", "the judge", "the model"],
            "method": ["sure", "not after correction", "published"],
            "difference": [0.05, 0.02, 0.01],
            "low": [0.03, 0.001, np.nan],
            "high": [0.07, 0.039, np.nan],
            "p_holm": [0.001, 0.3, np.nan],
        }
    )
    (axes,) = figures.forest(table, "Margins", "better", "worse").axes
    _, *lines = axes.lines
    assert [line.get_color() for line in lines] == [figures.TRUTH] * 2 + ["#777777"] * 3
    assert lines[-1].get_marker() == "D" and len(lines[-1].get_xdata()) == 1
    assert [float(line.get_ydata()[0]) for line in lines[1::2]] == [1, 2]
    ticks = {
        label.get_text(): (place, label.get_fontweight())
        for place, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
    }
    assert ticks["the judge"] == (0, "bold") and ticks["the model"] == (3, "bold")
    assert ticks["published"][0] == 4 and ticks["sure"][1] != "bold"
    assert [text.get_text() for text in axes.texts][2] == "+1.0"
    assert np.isfinite(axes.get_xlim()).all()


def test_forest_panels_have_one_for_each_distance():
    rows = [
        {"method": name, "metric": metric, "difference": d, "low": d - 0.01, "high": d + 0.01}
        for name, d in (("a", 0.02), ("b", -0.005))
        for metric in ("mean of five", *evaluation.THRESHOLD_NAMES)
    ]
    figure = figures.forest_panels(pd.DataFrame(rows), "Five distances", "better", "worse")
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        f"within {km:,} km" for km in evaluation.THRESHOLDS_KM
    ]
    for axes in figure.axes:
        _, first, _, second, _ = axes.lines
        assert (first.get_color(), second.get_color()) == (figures.TRUTH, "#777777")
        np.testing.assert_allclose(first.get_xdata(), [1, 3])
        assert axes.yaxis_inverted()
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["a", "b"]


def test_a_forest_plot_of_kilometres():
    table = pd.DataFrame(
        {
            "method": ["a", "b"],
            "difference": [-334.2, -40],
            "low": [-401, -79],
            "high": [-273, -0.3],
        }
    )
    axes = figures.forest(table, "Distances", "nearer", "further", unit="km").axes[0]
    assert [text.get_text() for text in axes.texts][:2] == ["-334 [-401, -273]", "-40 [-79, +0]"]
    assert axes.get_xlabel() == "difference, km"


# --- searches


def photo_set(n=12):
    pictures = photos(n, (64, 64))
    table = pd.DataFrame(points(n), columns=["LAT", "LON"]).assign(
        IMG_ID=[f"{i}.jpg" for i in range(n)], AUTHOR="a", city=[f"City {i}" for i in range(n)]
    )

    def read(name):
        data = io.BytesIO()
        pictures[int(name.split(".")[0])].save(data, "JPEG")
        return data.getvalue()

    return PhotoSet("some", table, read)


def test_photo_rows_put_each_query_before_what_was_found():
    some = photo_set()
    found = {"first": (photos(1)[0], [3, 1, 2]), "second": (photos(1)[0], [5, 4])}
    figure = figures.photo_rows(some, found, "Rows", framed=[[True, False, False], [False, True]])
    grid = np.reshape(figure.axes, (2, 4))
    titles = [[axes.get_title() for axes in row] for row in grid]
    assert titles[0] == ["first", "City 3", "City 1", "City 2"]
    assert titles[1] == ["second", "City 5", "City 4", ""]
    assert [[axes.axison for axes in row] for row in grid] == [
        [True, True, False, False],
        [True, False, True, False],
    ]  # of the photos only those with a frame
    said = figures.photo_rows(some, found, caption=lambda row: f"no. {row}").axes[1].get_title()
    assert said == "no. 3"


def test_what_two_searches_found_is_listed_on_one_world():
    found = {"similar": [[53, -6], [48, 2]], "dissimilar": [[-33.9, 151.2]]}
    (axes,) = figures.listed(found, [40, 20], "Found").axes
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["similar", "dissimilar", "taken here"] and axes.get_title("left") == "Found"
    points = [len(some.get_offsets()) for some in axes.collections if some.get_label() in names]
    assert points == [2, 1, 1]


def test_two_searches_show_the_photo_large_and_a_map_for_each():
    found = {"similar": points(15), "dissimilar": points(9)}
    picture = Image.new("RGB", (512, 512), "teal")
    figure = figures.two_searches(picture, [53, -6], found, "Twice")
    photo, *maps = figure.axes
    box = photo.get_position()
    assert box.width * figures.WIDTH * figures.DPI >= 512
    assert [axes.get_title(loc="left") for axes in maps] == ["similar", "dissimilar"]
    dots = [[len(part.get_offsets()) for part in axes.collections][-2:] for axes in maps]
    assert dots == [[15, 1], [9, 1]]
    assert figures.encode(figure)[0] == "image/jpeg"


def test_hubs_are_drawn_where_they_are_listed():
    common = np.linspace(0, 1, 10)
    shares = {"most similar": np.full(10, 0.01), "most dissimilar": np.eye(10)[0] * 0.3}
    (axes,) = figures.hub_scatter(common, shares).axes
    similar, dissimilar = (part.get_offsets() for part in axes.collections)
    assert len(similar) == 10
    np.testing.assert_allclose(dissimilar, [[0, 30]])


def test_share_bars_say_their_numbers():
    table = pd.DataFrame(
        {
            "group": ["with", "with", "without", "without"], "way": ["a", "b"] * 2,
            "share": [0.096, 0.016, 0.766, 0.718], "low": [0.08, 0.01, 0.71, 0.66],
            "high": [0.11, 0.02, 0.81, 0.77],
        }
    )  # fmt: skip
    (axes,) = figures.share_bars(table, "Hubs", "in % of the lists").axes
    assert [text.get_text() for text in axes.texts] == [
        "9.6 % [8.0, 11.0]  a", "1.6 % [1.0, 2.0]  b", "76.6 % [71.0, 81.0]  a",
        "71.8 % [66.0, 77.0]  b",
    ]  # fmt: skip
    np.testing.assert_allclose([bar.get_width() for bar in axes.patches], [9.6, 1.6, 76.6, 71.8])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["with", "without"]


def test_the_trade_off_sorts_kinds_by_memory_and_draws_both_recalls():
    costs = pd.DataFrame(
        {
            "kind": ["small", "large"], "bytes_per_photo": [74.0, 3072.0], "recall": [0.9, 1.0],
            "recall_dissimilar": [0.8, 1.0], "queries_per_s": [900.0, 400.0],
        }
    )  # fmt: skip
    memory, recall, speed = figures.trade_off(costs).axes
    assert [label.get_text() for label in memory.get_yticklabels()] == ["large", "small"]
    near, far = (line.get_xdata().tolist() for line in recall.lines[:2])
    assert (near, far) == ([1.0, 0.9], [1.0, 0.8])
    assert [text.get_text() for text in memory.texts] == ["3,072", "74"]
    assert [text.get_text() for text in speed.texts] == ["400", "900"]
    assert memory.yaxis_inverted()  # the largest is at the top
