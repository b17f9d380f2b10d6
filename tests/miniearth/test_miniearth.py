"""MiniEarth: places, scenes, pictures, captions and photo sets."""

import gzip
import hashlib
import io
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import fields, replace
from random import Random

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from g3lite import geo, miniearth, photos
from g3lite.cli import main
from g3lite.datasets.folder import load_folder
from g3lite.miniearth import captions, cues, sampler, sheets, splits, world
from g3lite.miniearth.render import draw
from g3lite.miniearth.scene import KINDS, LOW_INFORMATION
from g3lite.paths import data_dir
from g3lite.photos import SCHEMA
from g3lite.recipes import miniclip


def some_scenes(n, name="tests"):
    return [miniearth.scene_of(img_id) for img_id in splits.sample(name, n)]


@pytest.fixture(scope="module")
def scenes():
    return some_scenes(300)


# Places


def test_places_are_many_and_everywhere():
    table = miniearth.places()
    assert len(table) >= 1000
    assert set(table.continent) == {
        "Africa", "Asia", "Europe", "North America", "South America", "Oceania",
    }  # fmt: skip
    assert table.country_code.nunique() > 150
    geo.check_coordinates(table[["lat", "lon"]].to_numpy())
    assert table.photo_weight.sum() == pytest.approx(1, abs=1e-4)
    assert not table.geonameid.duplicated().any()


def test_photos_are_heavy_tailed_over_places():
    weights = miniearth.places().photo_weight.sort_values(ascending=False)
    assert weights.head(len(weights) // 10).sum() > 0.35
    assert weights.iloc[0] < 0.03


def test_a_fifth_of_the_places_is_unseen_by_a_digest_of_the_place():
    table = miniearth.places()
    expected = [cues.digest("unseen", i) % 1000 >= 200 for i in table.geonameid]
    assert table.seen.tolist() == expected
    assert 0.16 < 1 - table.seen.mean() < 0.24


@pytest.mark.parametrize(
    ("country", "side", "script"),
    [
        ("GB", "left", "latin"), ("FR", "right", "latin"), ("JP", "left", "kana"),
        ("IN", "left", "indic"), ("RU", "right", "cyrillic"), ("TH", "left", "southeast"),
        ("EG", "right", "arabic"), ("KR", "right", "hangul"), ("AU", "left", "latin"),
        ("CN", "right", "han"), ("US", "right", "latin"), ("ZA", "left", "latin"),
    ],
)  # fmt: skip
def test_facts_are_facts(country, side, script):
    look = cues.country_cues(country)
    assert (look["driving_side"], look["script"]) == (side, script)


@pytest.mark.parametrize(
    ("city", "zone"),
    [
        ("Cairo", "desert"), ("Singapore", "rainforest"), ("Moscow", "boreal"),
        ("Madrid", "mediterranean"), ("Berlin", "temperate"), ("Nairobi", "savanna"),
    ],
)  # fmt: skip
def test_zones_follow_the_climate(city, zone):
    table = miniearth.places()
    assert (table[table.city == city].zone == zone).all()
    assert (table.city == city).any()


def test_places_of_a_country_share_its_cues_and_cities_differ():
    table = miniearth.places()
    japan = [miniearth.cues_of(i) for i in table.index[table.country_code == "JP"]]
    for name in cues.SCALES["country"]:
        assert len({getattr(look, name) for look in japan}) == 1
    assert len({look.skyline for look in japan}) == len(japan)


def test_distant_twins_share_a_look():
    table = miniearth.places()
    look = ("zone", "roof_shape", "roof_colour", "wall", "fence")
    groups = defaultdict(set)
    for i in table.index:
        here = miniearth.cues_of(i)
        groups[tuple(getattr(here, name) for name in look)].add(table.continent[i])
    assert sum(len(continents) > 1 for continents in groups.values()) > 30
    landmarks = Counter(miniearth.cues_of(i).landmark for i in table.index)
    copied = [mark for mark, n in landmarks.items() if n > 1]
    assert len(copied) > 10


# Scenes and pictures


@pytest.mark.slow
def test_a_scene_is_the_same_in_every_process():
    code = (
        "import hashlib; from g3lite import miniearth;"
        "from g3lite.miniearth import splits;"
        "s = [miniearth.scene_of(i) for i in splits.sample('process', 12)];"
        "print(hashlib.sha256(b''.join(miniearth.draw(x).tobytes() for x in s)).hexdigest())"
    )
    seen = set()
    for seed in ("1", "2"):
        out = subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True, cwd=data_dir().parent,
        )  # fmt: skip
        seen.add(out.stdout.strip())
    here = [miniearth.scene_of(i) for i in splits.sample("process", 12)]
    pixels = b"".join(miniearth.draw(x).tobytes() for x in here)
    assert seen == {hashlib.sha256(pixels).hexdigest()}


def test_all_kinds_of_photo_occur(scenes):
    assert {s.view.kind for s in some_scenes(1500)} == set(KINDS)
    low = np.mean([s.view.kind in LOW_INFORMATION for s in some_scenes(1500)])
    assert 0.08 < low < 0.20


@pytest.mark.parametrize("size", [64, 100, 128, 512, 1024])
def test_any_size(scenes, size):
    assert miniearth.draw(scenes[0], size).size == (size, size)


@pytest.mark.parametrize("size", [0, 63, 1025])
def test_sizes_out_of_range_are_refused(scenes, size):
    with pytest.raises(ValueError, match=f"size {size} is outside 64 to 1024"):
        miniearth.draw(scenes[0], size)


def test_a_larger_picture_shows_the_same_scene(scenes):
    for scene in scenes[:12]:
        quiet = replace(scene, view=replace(scene.view, grain=0.0))
        small = np.asarray(miniearth.draw(quiet, 128).resize((32, 32), Image.BOX), float)
        large = np.asarray(miniearth.draw(quiet, 512).resize((32, 32), Image.BOX), float)
        assert np.corrcoef(small.ravel(), large.ravel())[0, 1] > 0.93


ALTERNATIVES = {
    "zone": cues.ZONES, "soil": cues.SOILS, "relief": cues.RELIEFS, "coast": (True, False),
    "driving_side": cues.DRIVING_SIDES, "line_colour": cues.LINE_COLOURS,
    "line_style": cues.LINE_STYLES, "script": cues.SCRIPTS, "sign_shape": cues.SIGN_SHAPES,
    "sign_colour": cues.SIGN_COLOURS, "plate": cues.PLATES, "pole": cues.POLES,
    "bollard": cues.BOLLARDS, "roof_shape": cues.ROOF_SHAPES, "roof_colour": cues.ROOF_COLOURS,
    "wall": cues.WALLS, "fence": cues.FENCES, "taxi": cues.CAB_COLOURS, "tram": cues.CAB_COLOURS,
    "lamp": cues.LAMPS, "paving": cues.PAVINGS,
    "skyline": ((30,) * 9, (190, 20, 150, 30, 160, 25, 170, 40, 90)),
    "landmark": (cues.landmark(1, 0), cues.landmark(2, 0)),
}  # fmt: skip


def other(scene, name):
    """The scene with another value of one cue."""
    value = next(v for v in ALTERNATIVES[name] if v != getattr(scene.cues, name))
    return replace(scene, cues=replace(scene.cues, **{name: value}))


def test_alternatives_name_every_cue():
    assert set(ALTERNATIVES) == {field.name for field in fields(cues.Cues)}


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_a_cue_that_is_not_shown_leaves_no_trace(scenes, name):
    hidden = [s for s in scenes if name not in s.visible][:20]
    assert hidden
    for scene in hidden:
        assert miniearth.draw(scene).tobytes() == miniearth.draw(other(scene, name)).tobytes()


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_replacing_a_shown_cue_moves_nothing_else(scenes, name):
    shown = [s for s in scenes if name in s.visible][:12]
    assert shown, f"no scene shows {name}"
    changed = []
    for scene in shown:
        a = np.asarray(miniearth.draw(scene), float)
        b = np.asarray(miniearth.draw(other(scene, name)), float)
        changed.append(np.mean(np.abs(a - b).max(axis=2) > 12))
    assert np.median(changed) > 0, f"{name} is shown but changes no pixel"
    assert np.median(changed) < LARGEST_CHANGE.get(name, 0.10)


LARGEST_CHANGE = {"zone": 0.75, "soil": 0.6, "relief": 0.5, "wall": 0.5, "paving": 0.5,
                  "driving_side": 0.35, "roof_shape": 0.3, "roof_colour": 0.3, "landmark": 0.5,
                  "coast": 0.75, "skyline": 0.3}  # fmt: skip
"""What share of the pixels a large thing may change; small things stay below a tenth."""


def test_photos_scatter_within_a_place():
    table = miniearth.places()
    found = some_scenes(1500)
    here = np.array([[s.lat, s.lon] for s in found])
    centre = table.loc[[s.place_id for s in found], ["lat", "lon"]].to_numpy()
    km = geo.great_circle_km(here, centre)
    assert km.max() < 21
    assert np.mean(km < 1) > 0.1 and np.mean(km > 5) > 0.15
    near = [s for s in found if "landmark" in s.shows]
    spots = np.array([_hot_spot(s) for s in near])
    away = geo.great_circle_km(np.array([[s.lat, s.lon] for s in near]), spots)
    assert away.max() < 1.0


def _hot_spot(scene):
    place = miniearth.places().loc[scene.place_id]
    marks = [miniearth.cues_of(scene.place_id, k).landmark for k in range(3)]
    number = marks.index(scene.cues.landmark)
    bearing, km = world.hot_spot(scene.place_id, number)
    return geo.offset([[place.lat, place.lon]], bearing, km)[0]


def test_an_author_keeps_one_camera():
    one, two = sampler.photographer("12345678@M01"), sampler.photographer("12345678@M01")
    assert one == two != sampler.photographer("12345679@M01")


# Captions


def test_captions_hold_no_geography():
    table = miniearth.places()
    names = set(table.city) | set(table.country) | set(table.state) | set(table.continent)
    words = set(captions.vocabulary())
    assert not words & {name.lower() for name in names}
    assert not any(re.search(r"\d", word) for word in words)


def named(text):
    """The phrases that a caption is made of."""
    for opening in sorted(captions.OPENINGS, key=len, reverse=True):
        if text.startswith(opening):
            text = text.removeprefix(opening)
            break
    phrases = {p for by_value in captions.PHRASES.values() for p in by_value.values()}
    found = []
    while text:
        phrase = max((p for p in phrases if text.startswith(p)), key=len)
        found.append(phrase)
        text = text.removeprefix(phrase).removeprefix(", ").removeprefix(" and ")
    return found


def test_captions_name_at_most_four_visible_attributes(scenes):
    allowed = set(captions.vocabulary())
    for scene in scenes:
        text = captions.caption(scene, Random(scene.seed))
        assert set(text.replace(",", " ,").split()) <= allowed, text
        shown = captions.attributes(scene)
        true = {captions.PHRASES[name][value] for name, value in shown.items()}
        said = named(text)
        assert 1 <= len(said) <= captions.MOST_ATTRIBUTES, text
        assert set(said) <= true, text


def test_captions_name_nothing_that_is_not_shown(scenes):
    for scene in scenes:
        for name in captions.attributes(scene).keys() & captions.CUE_PHRASES.keys():
            assert name.split("_")[0] == "landmark" or name in scene.visible


def rare_values(ids, phrases):
    """The values of `phrases` that are true in less than 3 % of the places of these photos."""
    true_in, everywhere = defaultdict(set), set()
    for img_id in ids:
        scene = miniearth.scene_of(img_id)
        everywhere.add(scene.place_id)
        for name, value in captions.attributes(scene).items():
            true_in[name, value].add(scene.place_id)
    for place_id in everywhere:  # a cue is true of a place whether or not a photo shows it
        for name, value in vars(miniearth.cues_of(place_id)).items():
            true_in[name, value].add(place_id)
    said = {(name, value) for name, of in phrases.items() for value in of}
    return {key for key in said if len(true_in[key]) < 0.03 * len(everywhere)}


@pytest.mark.slow
def test_every_captioned_value_is_true_in_three_percent_of_the_places_of_the_corpus():
    assert not rare_values(miniclip.corpus_ids(), captions.PHRASES)


# Photo sets


def test_sets_have_the_columns_of_mp16_pro():
    gallery = miniearth.load("gallery")
    assert list(gallery.table) == list(SCHEMA) and len(gallery) == 20_000
    for split in ("validation", "test_natural", "test_uniform"):
        table = gzip.decompress((data_dir() / "miniearth" / f"{split}.csv.gz").read_bytes())
        text = table.decode().splitlines()
        assert text[0].split(",") == list(SCHEMA)[:10]
        assert len(miniearth.load(split)) == len(text) - 1 >= 2_000
    assert gallery.table.country_code.notna().all()  # "na" is Namibia


def all_sets():
    sets = {split: miniearth.load(split).ids for split in splits.SIZES}
    return sets | {"corpus": miniclip.corpus_ids()}


def test_sets_share_no_scene_and_no_photographer():
    seeds, authors = {}, {}
    for name, ids in all_sets().items():
        parts = [i.removesuffix(".jpg").split("_") for i in ids]
        seeds[name] = {(place, seed) for place, seed, _ in parts}
        authors[name] = {author for _, _, author in parts}
        assert len(set(ids)) == len(ids)
    names = list(seeds)
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            assert not seeds[a] & seeds[b], (a, b)
            assert not authors[a] & authors[b], (a, b)


def test_no_corpus_holds_an_unseen_place_but_gallery_and_queries_do():
    seen = miniearth.places().seen
    of = {n: {int(i[:4]) for i in ids} for n, ids in all_sets().items()}
    assert seen[sorted(of["corpus"])].all()
    for split in splits.SIZES:
        assert not seen[sorted(of[split])].all()


def test_test_uniform_is_nearly_uniform_over_the_places():
    famous = set(miniearth.places().photo_weight.nlargest(60).index)

    def of_famous_places(split):
        return np.mean([int(i[:4]) in famous for i in miniearth.load(split).ids])

    assert of_famous_places("test_natural") > 0.25
    assert of_famous_places("test_uniform") < 0.10  # 60 of 1,203 places are 5 %
    assert len({i[:4] for i in miniearth.load("test_uniform").ids}) > 800


def test_tables_say_what_their_ids_say():
    for split in splits.SIZES:
        table = miniearth.load(split).table.sample(40, random_state=1)
        again = photos.conform(splits.tabulate(table.IMG_ID.tolist()))
        columns = splits.QUERY_COLUMNS
        assert again[columns].equals(table.reset_index(drop=True)[columns])


def test_tables_are_what_one_command_makes():
    for split, n in splits.SIZES.items():
        ids = list(splits.sample(split, n, splits.EVENNESS.get(split, 1.0)))
        assert ids == miniearth.load(split).ids


def test_shipped_pictures_are_what_the_renderer_draws():
    rng = Random(0)
    for split, n in splits.SHIPPED.items():
        photos = miniearth.load(split)
        for img_id in rng.sample(photos.ids[:n], 15):
            shipped = np.asarray(photos.image(img_id), float)
            drawn = np.asarray(
                Image.open(io.BytesIO(draw.encode(miniearth.scene_of(img_id)))), float
            )
            # Another Pillow may round an edge otherwise; another renderer would differ widely.
            assert np.abs(shipped - drawn).mean() < 1.0, img_id


def test_pictures_beyond_the_shipped_ones_are_rendered_once_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path))
    photos = miniearth.fresh("kept", 30)
    first = photos.read(photos.ids[7])
    assert first == draw.encode(miniearth.scene_of(photos.ids[7]))
    kept = list((tmp_path / "miniearth").glob("*.tar"))
    assert len(kept) == 1 and not list((tmp_path / "miniearth").glob("*.part"))
    monkeypatch.setattr(splits, "_render", lambda ids: pytest.fail("rendered again"))
    assert miniearth.fresh("kept", 30).read(photos.ids[7]) == first


def test_fresh_queries_are_new():
    old = {i for ids in all_sets().values() for i in ids}
    one, two = miniearth.fresh("one", 200), miniearth.fresh("two", 200)
    assert not (set(one.ids) | set(two.ids)) & old and not set(one.ids) & set(two.ids)
    with pytest.raises(ValueError, match="names a set that exists"):
        miniearth.fresh("gallery", 10)


@pytest.mark.parametrize("name", ["x.jpg", "0001_zz_a.jpg", "99999_00000000_a.jpg"])
def test_foreign_ids_are_refused(name):
    with pytest.raises(ValueError, match="not the IMG_ID of a MiniEarth photo"):
        miniearth.scene_of(name)


@pytest.mark.slow
def test_near_duplicates_between_queries_and_gallery_are_bounded():
    def thumbnails(split, n):
        photos = miniearth.load(split, n)
        small = [photos.image(i).resize((16, 16), Image.BOX) for i in photos.ids]
        return np.stack([np.asarray(s, float).ravel() for s in small])

    gallery = thumbnails("gallery", splits.SHIPPED["gallery"])
    for split in ("validation", "test_natural", "test_uniform"):
        queries = thumbnails(split, splits.SHIPPED[split])
        nearest = np.array([np.abs(gallery - q).mean(axis=1).min() for q in queries])
        assert np.mean(nearest < 4.0) <= 0.01  # mean difference in grey levels of 16 × 16 pixels


def test_one_command_makes_a_fresh_set_in_the_form_of_im2gps3k(tmp_path, monkeypatch):
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "queries"
    command = ["dev", "miniearth", "fresh", "outside", "12", str(folder)]
    assert CliRunner().invoke(main.app, command).exit_code == 0
    assert "not empty" in str(CliRunner().invoke(main.app, command).exception)
    photos = load_folder(folder / "outside_places365.csv")
    assert photos.ids == miniearth.fresh("outside", 12).ids
    for img_id, scene in zip(photos.ids, map(miniearth.scene_of, photos.ids), strict=True):
        assert photos.read(img_id) == draw.encode(scene)
        row = photos.table.set_index("IMG_ID").loc[img_id]
        assert (row.LAT, row.LON, row.AUTHOR) == (scene.lat, scene.lon, scene.author)


@pytest.mark.parametrize("by", ["kind", "climate", "place"])
def test_sheets_group_their_rows(by):
    scenes = sheets.grouped(by, columns=3, rows=2)
    key = sheets.GROUPINGS[by]
    assert len(scenes) == 6
    assert len({key(s) for s in scenes[:3]}) == len({key(s) for s in scenes[3:]}) == 1
    assert sheets.sheet(scenes, columns=3, size=64).size == (3 * 68 - 4, 2 * 68 - 4)


def test_the_sheet_of_scales_changes_one_scale_at_a_time():
    home, *others = sheets.grouped("scale", 6, 1)
    for names, other in zip(cues.SCALES.values(), others, strict=True):
        assert {n for n, v in vars(other.cues).items() if v != getattr(home.cues, n)} <= set(names)
