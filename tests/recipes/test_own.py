"""Heads for a gallery of own photos, and the places of photos without a position."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from fixed_lmm import Fixed
from own_photos import PLACES, folder_of, save
from tiny_clip import save_model

from g3lite import G3, G3Error, geo
from g3lite.alignment import GeoAlignment, GeoAlignmentConfig
from g3lite.backbone import Backbone
from g3lite.datasets import featurefolder, own
from g3lite.datasets.heads import load_heads, save_heads
from g3lite.datasets.split import groups, split
from g3lite.photos import PhotoSet
from g3lite.recipes import own as recipe
from g3lite.recipes.own import locate, schedule_for, train
from g3lite.training import Schedule

MADE_BY = ("a backbone", "ab" * 32)
QUICK = Schedule(epochs=30, batch_size=40, lr=3e-3, decay=0.5, decay_every=0.5, select="accuracy")


@pytest.fixture(scope="module", autouse=True)
def own_home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("G3LITE_CACHE", str(folder / "cache"))
        yield folder


@pytest.fixture(scope="module")
def tiny(own_home):
    save_model(own_home / "tiny", seed=0)
    return Backbone.load(own_home / "tiny", device="cpu")


@pytest.fixture(scope="module")
def gallery(own_home, tiny):
    found = own.find(folder_of(own_home / "holiday", each=6))
    return own.index(found, tiny, own_home / "gallery", progress=False)


def made(folder, n=300, photographers=30, dim=16):
    """Features of photos of some places; a photographer has been to a few of them."""
    rng = np.random.default_rng(0)
    places = np.column_stack([rng.uniform(-60, 60, 15), rng.uniform(-170, 170, 15)])
    looks = rng.normal(size=(15, dim))
    place = rng.integers(0, 15, n)
    table = pd.DataFrame(
        {"IMG_ID": [f"{i}.jpg" for i in range(n)], "LAT": places[place, 0],
         "LON": places[place, 1], "AUTHOR": [f"p{i % photographers}" for i in range(n)]}
    )  # fmt: skip
    features = looks[place] + 0.3 * rng.normal(size=(n, dim))
    return featurefolder.write(folder, table, features, MADE_BY)


# --- parting


def test_photographers_are_not_parted(tmp_path):
    table = made(tmp_path).table
    held_out, kind = split(table)
    assert kind == "photographers" and 45 <= held_out.sum() <= 90
    assert not set(table["AUTHOR"][held_out]) & set(table["AUTHOR"][~held_out])
    assert (split(table)[0] == held_out).all() and (split(table, seed=1)[0] != held_out).any()


def test_where_no_photographer_is_known_days_and_folders_are_not_parted():
    table = pd.DataFrame(
        {"IMG_ID": ["x/1", "x/2", "y/1", "y/2"], "AUTHOR": pd.array([pd.NA] * 4, "string"),
         "taken": pd.to_datetime(["2024-01-01 08:00", "2024-01-01 22:00", None, None])}
    )  # fmt: skip
    parts, kind = groups(table)
    assert parts[0] == parts[1] != parts[2] == parts[3] and kind == "days and folders"
    parts, kind = groups(table.assign(AUTHOR=["a", None, "a", "b"]))
    assert parts.tolist()[::2] == ["a", "a"] and kind == "photographers and days"


def test_a_single_photographer_cannot_be_parted(tmp_path):
    with pytest.raises(G3Error, match="300 photos in 1 photographers: no part for validation"):
        split(made(tmp_path, photographers=1).table)


# --- heads


def test_few_photos_are_read_more_often():
    assert schedule_for(1631, texts=True).epochs == 100
    assert schedule_for(20_000, texts=True).epochs == 30
    assert schedule_for(20_000, texts=False) == replace(schedule_for(1, False), epochs=30)


def test_heads_learn_what_holds_for_other_photographers(tmp_path):
    gallery = made(tmp_path / "g")
    model, history, parted = train(gallery, progress=False, schedule=QUICK)
    assert model.config.image == 16 and model.config.text == 0
    assert history["accuracy"].max() > 0.5, "there are 15 places: guessing has 0.07"
    assert parted["parted_by"] == "photographers" and parted["train"] + parted["validation"] == 300
    save_heads(model, tmp_path / "heads", gallery, **parted)
    again = load_heads(tmp_path / "heads", *MADE_BY)
    assert torch.equal(again.log_scales, model.log_scales)


def test_texts_are_learnt_where_the_backbone_reads(gallery, tiny):
    quick = replace(QUICK, epochs=2, batch_size=16)
    model, history, _ = train(gallery, tiny, progress=False, schedule=quick)
    assert model.config.text == tiny.dim and len(history) == 2
    another = replace(tiny, name="another", fingerprint="cd" * 32)
    with pytest.raises(G3Error, match=r"made by .*tiny .*, not by another \(cdcdcdcd\)"):
        train(gallery, another)


def test_heads_of_another_backbone_are_refused(tmp_path):
    gallery = made(tmp_path / "g", n=20)
    save_heads(GeoAlignment(GeoAlignmentConfig(16, 0, 8, 8, 8, 4)), tmp_path / "h", gallery)
    with pytest.raises(G3Error, match=r"of a backbone \(abababab\), not of other \(cdcdcdcd\)"):
        load_heads(tmp_path / "h", "other", "cd" * 32)
    with pytest.raises(G3Error, match="no heads can be read from"):
        load_heads(tmp_path / "g", *MADE_BY)
    (tmp_path / "h" / "made_of.json").write_text('{"backbone": 3}')
    with pytest.raises(G3Error, match="names no backbone"):
        load_heads(tmp_path / "h", *MADE_BY)


# --- places


def test_a_photo_is_where_similar_photos_were_taken(own_home, gallery, tiny):
    files = [own_home / "asked" / f"{place}.jpg" for place in PLACES]
    for file in files:
        save(file, file.stem, 50, located=False)
    for one, file in zip(locate(files, gallery, tiny, k=3), files, strict=True):
        assert one.img_id == file.name and one.itself is None and one.error is None
        assert geo.great_circle_km(one.coordinates, PLACES[file.stem][0]) < 1
        assert one.near["IMG_ID"].str.startswith(file.stem, na=False).all() and one.agree == 3
        assert (np.diff(one.near["similarity"]) <= 0).all() and (one.near["km"] < 1).all()
    assert "Germany" in locate(files[:1], gallery, tiny)[0].place


def test_with_heads_the_place_that_suits_best_wins(own_home, gallery, tiny):
    torch.manual_seed(0)
    heads = GeoAlignment(GeoAlignmentConfig(tiny.dim, 0, 8, 8, 16, 8)).eval()
    file = own_home / "heads.jpg"
    save(file, "suva", 51, located=False)
    (one,) = locate([file], gallery, tiny, heads, k=24)
    places = one.near[["LAT", "LON"]].drop_duplicates().to_numpy(float)
    photos = PhotoSet.from_files([file])
    image = heads.embed_images(
        tiny.image_features(photos, normalize=False, progress=False).vectors
    )[1]
    best = places[(heads.embed_coordinates(places) @ image[0]).argmax()]
    np.testing.assert_allclose(one.coordinates, best)
    assert one.near["similarity"].between(-1, 1.00001).all()
    with pytest.raises(G3Error, match="heads are for features of 99 numbers, those of .*tiny"):
        locate([file], gallery, tiny, GeoAlignment(GeoAlignmentConfig(99, 0, 8, 8, 8, 4)))


def test_the_photo_itself_is_no_evidence(own_home, gallery, tiny):
    asked = own_home / "again.jpg"
    asked.write_bytes((own_home / "holiday" / "suva" / "2.jpg").read_bytes())
    damaged = own_home / "damaged.jpg"
    damaged.write_bytes(b"no picture")
    one, bad, copy = locate([asked, damaged, own_home / "holiday" / "suva" / "2.jpg"],
                            gallery, tiny, k=4)  # fmt: skip
    assert one.itself == "suva/2.jpg" and "suva/2.jpg" not in one.near["IMG_ID"].tolist()
    assert len(one.near) == 4 and copy.itself == "suva/2.jpg"
    assert bad.error and bad.coordinates is None and bad.agree == 0 and bad.place == ""


# --- G3


def test_g3_from_parts_of_ones_own(own_home, gallery, tiny):
    torch.manual_seed(0)
    heads = GeoAlignment(GeoAlignmentConfig(tiny.dim, 0, 8, 8, 16, 8)).eval()
    save_heads(heads, own_home / "heads", gallery)
    file = own_home / "parts.jpg"
    save(file, "quito", 52, located=False)
    g3 = G3.from_parts(backbone=tiny, heads=own_home / "heads", gallery=own_home / "gallery")
    found = g3.locate(file)
    assert found.coordinates and len(found.candidates) == 10 and not found.fallback
    assert len(found.replies) == 0 and found.failure is None and found.warning is None
    assert g3.gallery.dim == tiny.dim + 8

    asked = G3.from_parts(backbone=tiny, heads=heads, gallery=gallery, lmm=Fixed("(1.5, 2.5)"))
    replied = asked.locate(file, store=own_home / "replies.sqlite")
    assert (replied.candidates[["LAT", "LON"]].to_numpy() == [1.5, 2.5]).all()
    assert asked.lmm.asked == 20 and replied.coordinates == (1.5, 2.5)

    photos = own.find(own_home / "holiday").photos
    with pytest.warns(UserWarning, match="skipped 1 of"):
        other = G3.from_parts(backbone=tiny, heads=heads, gallery=photos, progress=False)
    assert other.locate(file).neighbours["neighbour"][0].startswith("quito")


def test_parts_that_do_not_belong_together_are_refused(own_home, gallery, tiny):
    heads = GeoAlignment(GeoAlignmentConfig(99, 0, 8, 8, 8, 4))
    with pytest.raises(G3Error, match="heads are for features of 99 numbers, the backbone .*tiny"):
        G3.from_parts(backbone=tiny, heads=heads, gallery=gallery)
    another = replace(tiny, name="another", fingerprint="cd" * 32)
    fitting = GeoAlignment(GeoAlignmentConfig(tiny.dim, 0, 8, 8, 8, 4))
    with pytest.raises(G3Error, match="made by .*tiny .*, not by another"):
        G3.from_parts(backbone=another, heads=fitting, gallery=gallery)


def test_the_page_about_own_encoders_runs_as_it_stands(own_home, root, monkeypatch, capsys):
    """Its code, but for the weights, which would be fetched, and the length of the training."""
    text = (root / "g3lite" / "own-photos.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert "pretrained=True" in code
    monkeypatch.chdir(own_home)
    save(own_home / "unknown.jpg", "oslo", 80, located=False)
    monkeypatch.setattr(recipe, "EPOCHS", 2)
    names: dict[str, object] = {}
    torch.manual_seed(0)
    exec(code.replace("pretrained=True", "pretrained=False"), names)
    assert capsys.readouterr().out.startswith("unknown.jpg: ")
    assert names["gallery"].dim == 1280 and names["heads"].config.text == 0
    assert names["g3"].gallery.dim == 1280 + names["heads"].config.shared
