"""The recorded replies of MiniLMM, and what they show."""

import numpy as np
import pandas as pd
import pytest

from g3lite import evaluation, geo, miniearth, replies
from g3lite.alignment import GeoAlignment
from g3lite.backbone import Backbone
from g3lite.baselines import retrieval
from g3lite.lmm.base import LMM, LMMResponse
from g3lite.lmm.load import load_lmm
from g3lite.miniearth.splits import photo_set
from g3lite.recipes import replies as reply_recipe

PROMPTS = (0, 5, 10, 15)
WAYS = reply_recipe.SETTINGS["validation"]


@pytest.fixture(scope="module")
def photos():
    return miniearth.load("validation")


@pytest.fixture(scope="module")
def recorded():
    return reply_recipe.recorded()


@pytest.fixture(scope="module")
def known():
    return miniearth.load("gallery").coordinates


def of_gallery(rows):
    """Some photos of the gallery, without drawing all the others."""
    return photo_set("gallery-rows", miniearth.load("gallery").table.iloc[rows])


def places(recorded, way, references):
    """Where the replies to a prompt are, (photos, replies, 2)."""
    table = recorded[0].query("way == @way and references == @references")
    return table[["LAT", "LON"]].to_numpy().reshape(-1, WAYS[way].plan.replies, 2)


@pytest.mark.parametrize("which", reply_recipe.SETTINGS)
def test_every_photo_was_asked_about_in_every_way(which):
    photos, (table, rows) = miniearth.load(which), reply_recipe.recorded(which)
    for way, asked in reply_recipe.SETTINGS[which].items():
        assert {asked.similar, asked.dissimilar} <= rows.keys()
        some = table[table.way == way].reset_index(drop=True)
        each = [(k, n) for k in asked.plan.references for n in range(asked.plan.replies)]
        ids = photos.ids[: asked.photos]
        assert some.IMG_ID.tolist() == np.repeat(ids, len(each)).tolist()
        pairs = list(zip(some.references, some["sample"], strict=True))
        assert pairs == each * len(ids)
    assert set(table.way) == set(reply_recipe.SETTINGS[which])
    assert all(some.shape == (len(photos), 15) for some in rows.values())


@pytest.mark.parametrize("which", reply_recipe.SETTINGS)
def test_at_least_99_of_100_replies_are_readable(which):
    table, _ = reply_recipe.recorded(which)
    for way, some in table.groupby("way"):
        assert some.LAT.notna().mean() >= 0.99, way
    assert (table.LAT.isna() == table.reason.notna()).all()


def test_replies_are_in_the_form_that_was_asked_for(recorded):
    table, _ = recorded
    for way, asked in WAYS.items():
        texts = table.text[table.way == way][:400]
        forms = {replies.parse(text).form for text in texts if replies.parse(text).coordinates}
        assert forms == {asked.plan.template.name}


@pytest.mark.parametrize(
    ("which", "way"),
    [
        pytest.param(
            which, way, marks=[] if (which, way) == ("validation", "drawn") else pytest.mark.slow
        )
        for which, ways in reply_recipe.SETTINGS.items() for way in ways
    ],
)  # fmt: skip
def test_asked_again_the_model_says_what_was_recorded(which, way, known, tmp_path):
    photos, (table, rows) = miniearth.load(which), reply_recipe.recorded(which)
    asking = {"store": tmp_path / "replies.sqlite", "progress": False}
    coordinates = {name: known[some] for name, some in rows.items()}
    asked = reply_recipe.SETTINGS[which][way]
    few = [slice(at, at + 1) for at in (7, 600, (asked.photos or len(photos)) - 1)]
    again = pd.concat(
        reply_recipe.ask_way(load_lmm("minilmm"), photos, asked, coordinates, one, **asking)
        for one in few
    )
    before = table[(table.way == way) & table.IMG_ID.isin(again.IMG_ID)]
    assert before.IMG_ID.tolist() == again.IMG_ID.tolist()
    assert before["sample"].tolist() == again["sample"].tolist()
    # Other processors round otherwise, and now and then another token comes out.
    assert (again.text.fillna("").to_numpy() == before.text.fillna("").to_numpy()).mean() >= 0.8


def test_the_references_are_those_that_a_search_finds(recorded, photos):
    _, rows = recorded
    few = np.array([3, 700, 1800])
    names = ("similar", "dissimilar", "raw similar", "raw dissimilar")
    listed = np.unique([rows[name][few] for name in names])
    listed = np.union1d(np.arange(2_000), listed)
    found = reply_recipe.search(of_gallery(listed), photos.take(few))
    for name in names:
        there = np.searchsorted(listed, rows[name][few])
        assert (found[name] == there).mean() > 0.9
        assert all(len(np.intersect1d(a, b)) >= 14 for a, b in zip(found[name], there, strict=True))


def test_dissimilar_references_without_hubs_are_others_and_less_alike_than_most(recorded, photos):
    _, rows = recorded
    assert len(np.unique(rows["without hubs"])) > 1.5 * len(np.unique(rows["dissimilar"]))
    few, gallery = np.arange(40), miniearth.load("gallery", 2_000)
    backbone, aligned = Backbone.load("miniclip", "cpu"), GeoAlignment.from_pretrained("mini")
    listed = np.unique(rows["without hubs"][few])
    known, asked, these = (
        aligned.database_vectors(backbone.image_features(some, normalize=False).vectors)
        for some in (gallery, photos.take(few), of_gallery(listed))
    )
    usual = np.median(asked @ known.T, axis=1)
    there = np.searchsorted(listed, rows["without hubs"][few])
    assert ((asked[:, None] * these[there]).sum(2) < usual[:, None]).mean() > 0.95


# What the replies show


def compare(a, b, photos, some=slice(None)):
    """Shares of a minus those of b, with p, by threshold."""
    return evaluation.compare(a[some], b[some], photos.table[some]).set_index("metric")


def test_zero_shot_is_far_above_a_constant(recorded, photos, known):
    zero_shot = evaluation.score(places(recorded, "likeliest", 0)[:, 0], photos.table)
    constant = evaluation.score(retrieval.constant(known), photos.table)
    for level in ("city", "region", "country"):
        assert zero_shot[level] > 2 * constant[level]
    assert zero_shot["continent"] > 1.3 * constant["continent"]


def test_references_help_where_retrieval_is_good_and_not_where_it_misleads(recorded, photos, known):
    km = geo.great_circle_km(known[recorded[1]["similar"]], photos.coordinates[:, None])
    none, all15 = (places(recorded, "likeliest", k)[:, 0] for k in (0, 15))
    good = compare(all15, none, photos, km[:, 0] <= 200)
    assert (good.loc[["city", "region", "country"], "low"] > 0.03).all()
    misled = compare(all15, none, photos, km.min(axis=1) > 750)
    assert misled.loc["country", "difference"] < 0  # whether by chance, 430 queries cannot say
    levels = ["city", "region", "country"]
    assert (misled.loc[levels, "high"] < good.loc[levels, "low"]).all()


def test_the_best_of_four_prompts_is_above_the_best_single_one(recorded, photos):
    single = np.stack([places(recorded, "likeliest", k)[:, 0] for k in PROMPTS], axis=1)
    km = geo.great_circle_km(single, photos.coordinates[:, None])
    best = single[np.arange(len(km)), np.nan_to_num(km, nan=np.inf).argmin(axis=1)]
    for k in range(len(PROMPTS)):
        gain = compare(best, single[:, k], photos)
        assert (gain.loc[["city", "region", "country", "continent"], "low"] > 0).all()


@pytest.mark.parametrize(
    ("swapped", "levels"),
    [
        ("another's picture", ["country", "continent"]),  # it has a small say
        ("another's references", ["city", "region", "country", "continent"]),
    ],
)
def test_the_model_reads_picture_and_references(swapped, levels, recorded, photos):
    other = places(recorded, swapped, 15)[:, 0]
    few = photos.head(len(other))
    loss = compare(places(recorded, "likeliest", 15)[: len(few), 0], other, few)
    assert (loss.loc[levels, "p"] < 0.01).all()
    assert (loss.loc[levels, "difference"] > 0).all()


# How it is asked


class Echo(LMM):
    """Answers with the number of the picture and the first reference that it was shown."""

    name = "echo"

    def __init__(self):
        self.jobs = []

    def answer(self, jobs, keep):
        for job in jobs:
            self.jobs.append(job)
            keep(LMMResponse(job, job.samples, tuple(f"({n}, {n})" for n in job.samples)))


def test_ways_swap_what_they_say(photos, tmp_path, monkeypatch):
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path))
    n = 5
    few, echo = photos.head(n), Echo()
    kinds = ("similar", "dissimilar", "without hubs", "raw similar", "raw dissimilar", "random")
    of = {
        name: np.stack([np.full((15, 2), 10.0 * j + i) for i in range(n)])
        for j, name in enumerate(kinds)
    }
    for way in WAYS.values():
        whole = reply_recipe.ask_way(echo, few, way, of, progress=False)
        parts = [
            reply_recipe.ask_way(echo, few, way, of, part, progress=False)
            for part in (slice(0, 2), slice(2, n))
        ]
        assert pd.concat(parts, ignore_index=True).equals(whole)  # from the store, so the same
    row = {img_id: i for i, img_id in enumerate(few.ids)}
    pictures = [few.image(img_id).tobytes() for img_id in few.ids]
    seen = set()
    for job in echo.jobs:
        i, picture = row[job.img_id], pictures.index(job.image.tobytes())
        if not job.prompt.references:
            seen.add(("zero-shot", picture - i))
            continue
        text = job.prompt.text
        similar, dissimilar = (float(part.split(",")[0]) for part in text.split("[(")[1:])
        kind, whose = divmod(dissimilar, 10)
        assert similar == whose + (30 if kind == 4 else 0)
        assert text.count(f"({similar:.5f}, {similar:.5f})") == job.prompt.references
        seen.add((int(kind), (picture - i) % n, int(similar % 10 - i) % n))
    zero_shot = {("zero-shot", 0), ("zero-shot", 3), ("zero-shot", -2)}  # its picture, another's
    assert seen - zero_shot == {(1, 0, 0), (2, 0, 0), (4, 0, 0), (5, 0, 0), (1, 3, 0), (1, 0, 3)}
    assert seen & zero_shot


def test_nobody_lends_to_himself():
    for n in (2, 3, 10):
        lenders = reply_recipe.partners(n)
        assert sorted(lenders) == list(range(n)) and not (lenders == np.arange(n)).any()


def test_swapped_pictures_are_those_of_the_lenders(photos):
    few = photos.head(3)
    swapped = reply_recipe.with_pictures_of(few, np.array([1, 2, 0]))
    assert swapped.table.equals(few.table)
    assert swapped.read(few.ids[0]) == few.read(few.ids[1])
    assert isinstance(swapped.table, pd.DataFrame)


# How it is kept


def test_packed_replies_come_back_letter_by_letter(photos):
    ids = photos.ids[:2]
    texts = [
        '{"latitude": -0.05000, "longitude": 179.99001}',
        '{"latitude": 48.85660, "longitude": 2.35222}',
        '{"latitude": 48.8, "longitude": 2.30}', "I cannot tell.", None, "",
        '{"latitude": 148.85, "longitude": 2.30}', '{"latitude": 48.85, "longitude": 2.30} ',
    ]  # fmt: skip
    table = pd.DataFrame(
        {
            "way": "drawn", "IMG_ID": np.repeat(ids, 4), "references": [0, 0, 5, 5] * 2,
            "sample": [0, 1] * 4, "text": pd.array(texts, dtype="string"),
        }
    )  # fmt: skip
    kept = reply_recipe.packed(table, ids)
    assert kept["text"].isna().sum() == 2
    again = reply_recipe.unpacked(kept, np.array(ids))
    for column in ("way", "IMG_ID", "references", "sample"):
        assert again[column].tolist() == table[column].tolist()
    assert [text or None for text in again["text"].fillna("")] == [text or None for text in texts]
    read, reasons = replies.parse_all(texts)
    assert np.array_equal(again[["LAT", "LON"]].to_numpy(), read, equal_nan=True)
    assert again["reason"].isna().tolist() == [reason is None for reason in reasons]


def test_a_set_that_was_not_asked_about_is_named():
    with pytest.raises(
        ValueError, match="'gallery' were recorded; there are validation, final_nat"
    ):
        reply_recipe.recorded("gallery")
