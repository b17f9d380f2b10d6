"""A pack: made from hubs and folders, killed and gone on with, and served to what comes after."""

import io
import json
import math
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
import warnings
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from exif_blocks import exif_of
from mp16 import HEADER, MP16, jpeg, row, split, tar_of
from own_photos import gps
from PIL import Image
from stand_in_pack import PHOTOS, stand_in
from tiny_clip import DIM, save_model

from g3lite import G3, G3Error, miniearth
from g3lite.backbone import Backbone
from g3lite.datasets import featurefolder, remote
from g3lite.datasets import pack as packs
from g3lite.datasets.featurefolder import FolderError
from g3lite.datasets.load import load_photos
from g3lite.datasets.pack import PARTS
from g3lite.downloads import hub
from g3lite.photos import NotThere
from g3lite.places import place_texts
from g3lite.recipes import pack
from g3lite.support.images import decode
from g3lite.training import AlignmentDataset, Schedule

QUICK = Schedule(epochs=2, batch_size=40, lr=1e-3)


@pytest.fixture(scope="module")
def made(tmp_path_factory, miniclip):
    return stand_in(tmp_path_factory.mktemp("packs") / "stand-in", miniclip)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny") / "tiny"
    save_model(folder, seed=0)
    return Backbone.load(folder, device="cpu")


def folder_of(folder, n=60, damaged=(), authors=12):
    """A folder of small pictures, and the table that says where and by whom."""
    folder.mkdir()
    rows = ["IMG_ID,AUTHOR,LAT,LON,city,country"]
    for k in range(n):
        (folder / f"{k:03d}.jpg").write_bytes(b"nothing %d" % k if k in damaged else jpeg(k))
        rows.append(f"{k:03d}.jpg,author {k % authors},{k / 2},{-k},town {k % 7},France")
    table = folder.parent / f"{folder.name}.csv"
    table.write_text("\n".join(rows))
    return folder, table


def quiet(name, out, encoder, **options):
    said = []
    got = pack.make(
        name, out, options.pop("n", 1000), encoder, progress=False, say=said.append, **options
    )
    return got, said


# --- what is in it


def test_the_stand_in_is_small_and_whole(made, miniclip):
    files = made.folder.manifest["files"]
    assert set(files) == {"features.npy", "table.parquet", "texts.npy", "texts.parquet",
                          "thumbnails.zip", "CREDITS.md"}  # fmt: skip
    assert sum(file["bytes"] for file in files.values()) < 1_000_000
    assert len(made) == PHOTOS == sum(made.parts.values()) and list(made.parts) == list(PARTS)
    assert made.folder.fingerprint == miniclip.fingerprint
    assert sorted(p.name for p in made.folder.path.iterdir()) == sorted([*files, "manifest.json"])
    assert "CC BY 4.0" in (made.folder.path / "CREDITS.md").read_text()


def test_features_texts_and_places_are_those_of_the_photos(made, miniclip):
    photos = miniearth.load("gallery", PHOTOS)
    direct = miniclip.image_features(photos, normalize=False, progress=False, cache=False)
    rows = made.row_of[photos.ids].to_numpy()
    np.testing.assert_allclose(made.folder.features[rows], direct.vectors, rtol=2e-3, atol=2e-3)
    np.testing.assert_array_equal(made.folder.coordinates[rows], photos.coordinates)
    texts = place_texts(photos.table)
    assert [made.texts[made.folder.table["text"][row]] for row in rows] == texts
    encoded = miniclip.text_features(made.texts, normalize=False)
    np.testing.assert_allclose(made.text_features, encoded, rtol=2e-3, atol=2e-3)


def test_no_photographer_is_in_two_parts(made):
    authors = [set(made.photos(part).table["AUTHOR"]) for part in PARTS]
    assert all(authors) and sum(map(len, authors)) == len(set.union(*authors))


def test_thumbnails_are_the_pictures_and_bounded(made):
    photos = made.photos()
    original = miniearth.load("gallery", PHOTOS)
    larger = {img_id for part in ("validation", "test")
              for img_id in made.photos(part).ids[: pack.LARGE]}  # fmt: skip
    for img_id in photos.ids:
        most = pack.LARGE_BYTES if img_id in larger else pack.BYTES
        assert len(photos.read(img_id)) <= most
        assert max(photos.image(img_id).size) <= (512 if img_id in larger else 160)
    for img_id in photos.ids[:10]:
        small = np.float32(photos.image(img_id))
        size = photos.image(img_id).size
        true = np.float32(original.image(img_id).resize(size, Image.Resampling.LANCZOS))
        assert np.abs(small - true).mean() < 20


@pytest.mark.parametrize("most", [300, 2_300, 40_000])
def test_a_thumbnail_never_takes_more_than_it_may(most):
    noise = np.random.default_rng(0).integers(0, 256, (160, 120, 3), dtype=np.uint8)
    for picture in (Image.fromarray(noise), Image.new("RGB", (160, 2)), Image.new("RGB", (1, 1))):
        data = pack.thumbnail(picture, most)
        assert len(data) <= most and decode(data, "x").size[0] <= picture.size[0]


def test_twenty_thousand_photos_take_at_most_120_mb():
    sizes = pack.sizes(20_000, 768)
    assert sizes["all"] <= 120_000_000
    assert sizes["all"] == sum(size for part, size in sizes.items() if part != "all")


def test_a_pack_takes_no_more_than_was_said(made):
    files, most = made.folder.manifest["files"], pack.sizes(PHOTOS, made.folder.dim)
    have = {name: file["bytes"] for name, file in files.items()}
    assert have["features.npy"] <= most["features"] + 128  # its header
    assert have["texts.npy"] <= most["texts"] + 128
    assert have["thumbnails.zip"] <= most["thumbnails"]
    rest = have["table.parquet"] + have["texts.parquet"] + have["CREDITS.md"]
    assert rest <= most["table and credits"]


# --- served


def test_the_pack_is_loaded_wherever_its_folder_is_named(made, monkeypatch):
    monkeypatch.delenv(packs.VARIABLE, raising=False)
    assert packs.chosen() is None
    with pytest.raises(NotThere, match="'pack/test': name its folder .* G3LITE_PACK"):
        load_photos("pack/test")
    monkeypatch.setenv(packs.VARIABLE, str(made.folder.path))
    assert packs.chosen().name == "miniearth"
    for part in PARTS:
        assert load_photos(f"pack/{part}").ids == made.photos(part).ids
    assert load_photos("pack").ids == made.folder.table["IMG_ID"].tolist()
    assert len(load_photos("pack/train", 3)) == 3
    # A relative folder begins where the notebook is, which its reader need not know.
    monkeypatch.setenv(packs.VARIABLE, "nothing")
    missing = re.escape(
        f"no folder {os.path.abspath('nothing')}; g3lite pack makes one (the folder"
    )
    with pytest.raises(FolderError, match=f"{missing} is named by G3LITE_PACK; unpack it again"):
        load_photos("pack")


def test_no_model_is_needed_for_what_the_pack_knows(made, miniclip):
    photos = made.photos("test")
    encoder = made.backbone
    got = encoder.image_features(photos, normalize=False)
    assert got.ids == photos.ids and got.stored == len(photos) and got.vectors.dtype == np.float32
    np.testing.assert_array_equal(got.vectors, made.part("test").features)
    shuffled = photos.take(np.arange(len(photos))[::-1])
    np.testing.assert_array_equal(encoder.image_features(shuffled, normalize=False).vectors,
                                  got.vectors[::-1])  # fmt: skip
    same = miniclip.image_features(photos, normalize=False)  # it made them
    np.testing.assert_array_equal(same.vectors, got.vectors)
    np.testing.assert_allclose(np.linalg.norm(encoder.image_features(photos).vectors, axis=1), 1,
                               rtol=1e-6)  # fmt: skip
    texts = made.texts[5:2:-1]
    np.testing.assert_array_equal(
        encoder.text_features(texts, normalize=False), made.text_features[5:2:-1]
    )
    with pytest.raises(G3Error, match="Backbone.load"):
        encoder.text_features(["a photo of nothing"])
    with pytest.raises(G3Error, match="Backbone.load"):
        encoder.image_features(miniearth.load("validation", 2), cache=False, progress=False)


def test_another_backbone_encodes_the_thumbnails_and_that_is_said(made, tiny):
    with pytest.warns(UserWarning, match="made by miniclip; another backbone encodes its thumb"):
        got = tiny.image_features(made.photos("test"), cache=False, progress=False)
    assert got.vectors.shape == (made.parts["test"], DIM)


def test_batches_are_read_from_disk(made, miniclip):
    data = made.dataset("train")
    assert isinstance(data.image, np.memmap) and isinstance(data.texts, np.memmap)
    assert data.image.dtype == np.float16 and len(data) == made.parts["train"]
    same = AlignmentDataset.from_photos(made.photos("train"), made.backbone)
    rows = np.array([3, 1, 2])
    for got, want in zip(data.batch(rows, "cpu"), same.batch(rows, "cpu"), strict=True):
        assert got.dtype == want.dtype and (got == want).all()


def test_parts_can_be_joined(made):
    ids = made.folder.table["IMG_ID"].tolist()
    assert made.photos("train", "gallery").ids == ids[: made.parts["train"] + made.parts["gallery"]]
    both = made.part("test", "train")
    assert both.table["IMG_ID"].tolist() == made.photos("train").ids + made.photos("test").ids
    np.testing.assert_array_equal(both.features[-1], made.folder.features[-1])
    with pytest.raises(FolderError, match="no part 'all'"):
        made.rows("all")


def test_heads_are_trained_on_it_and_search_it(made, tmp_path):
    with warnings.catch_warnings(action="ignore"):
        heads, history = pack.train(made, schedule=QUICK, folder=tmp_path, progress=False)
    assert len(history) == 2 and np.isfinite(history["validation_loss"]).all()
    assert heads.config.image == heads.config.text == made.folder.dim
    g3 = G3.from_parts(backbone=made.backbone, heads=heads, gallery=made.part("gallery"))
    queries = made.photos("test").head(3)
    places = {tuple(place) for place in made.part("gallery").coordinates}
    found = g3.locate(queries)
    assert [one.img_id for one in found] == queries.ids
    assert all(tuple(one.coordinates) in places for one in found)


def test_the_profile_of_a_gpu_takes_the_pack_instead_of_a_download(made, monkeypatch):
    from g3lite import presets, profiles

    monkeypatch.setenv(packs.VARIABLE, str(made.folder.path))
    monkeypatch.setattr(presets, "_check_gpu", lambda profile: None)
    taken = []
    monkeypatch.setattr(G3, "from_official", lambda gallery, **_: taken.append(gallery))
    G3.from_pretrained(profiles.PROFILES["gpu"])
    assert taken[0].ids == made.photos("gallery").ids


def test_the_code_of_the_page_runs_as_it_stands(made, root, tmp_path, monkeypatch, capsys):
    text = (root / "g3lite" / "pack.md").read_text(encoding="utf-8")
    making, using = re.findall(r"^ *```python\n(.*?)```", text, re.DOTALL | re.MULTILINE)
    monkeypatch.setenv(packs.VARIABLE, str(made.folder.path))
    names: dict[str, object] = {}
    exec(using, names)
    assert names["features"].vectors.shape == (made.parts["test"], made.folder.dim)
    assert len(names["data"]) == made.parts["train"]
    assert len(names["gallery"]) == made.parts["gallery"]
    monkeypatch.setattr(pack, "make", lambda *arguments: f"made of {arguments}")
    exec(textwrap.dedent(making), names)
    assert capsys.readouterr().out == "made of ('osv5m', 'class')\n"


# --- made from hubs and folders


@pytest.fixture
def hubs(hub_server, monkeypatch):
    """OSV-5M and MP16-Pro in their forms, of 60 and 40 photos."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setattr(hub, "BLOCK", 4_096)
    small = replace(remote.COLLECTIONS["mp16-pro"], min_bytes=500, photo_bytes=2_000)
    monkeypatch.setitem(remote.COLLECTIONS, "mp16-pro", small)
    rows = ["id,latitude,longitude,country,sequence,region,sub-region,city,creator_username"]
    rows += [
        f"{100 + k},{40 + k / 10},{2 + k},FR,s{k // 3},Centre,Cher,Bourges,"
        + f"anna{k // 3}" * (k < 30)
        for k in range(60)
    ]
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for k in range(60):
            archive.writestr(f"00/{100 + k}.jpg", jpeg(k))
    hub_server.repos["dataset", "osv5m/osv5m"] = {
        "test.csv": "\n".join(rows).encode(), "images/test/00.zip": data.getvalue(),
    }  # fmt: skip
    pictures = {f"./images/a_{k:03d}.jpg": jpeg(k) for k in range(40)}
    table = "\n".join([HEADER, *(row(k) for k in range(40))])
    hub_server.repos["dataset", MP16] = {
        "metadata/MP16_Pro_filtered.csv": table.encode(), **split(tar_of(pictures), 19),
    }  # fmt: skip
    return hub_server


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_osv5m_becomes_a_pack_that_may_be_passed_on(hubs, tiny, tmp_path):
    got, said = quiet("osv5m", tmp_path / "p", tiny, n=48)
    assert len(got) == 48 and got.licence["may_be_passed_on"]
    assert "about 0.0 GB to fetch" in said[0] and "CC BY-SA 4.0" in said[0]
    assert (
        "at most" in said[1] and "minutes on cpu" in said[2] and "free to be passed on" in said[-1]
    )
    page = (tmp_path / "p" / "CREDITS.md").read_text()
    assert "CC BY-SA 4.0" in page and "- anna3: 3" in page and "- not named: 18" in page
    assert got.folder.manifest["parted_by"] == "photographers and sequences"
    walks = [set(got.photos(part).table["sequence"]) for part in PARTS]
    assert sum(map(len, walks)) == len(set.union(*walks)) == 16
    # Asked again, nothing is fetched, also if the photos are gone.
    hubs.repos.clear()
    again, said = quiet("osv5m", tmp_path / "p", tiny, n=48)
    assert again.folder.manifest == got.folder.manifest and "already" in said[0]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_mp16_pro_becomes_a_pack_that_may_not(hubs, tiny, tmp_path):
    got, said = quiet("mp16-pro", tmp_path / "p", tiny, n=40)
    assert len(got) == 40 and not got.licence["may_be_passed_on"]
    assert "gated" in said[0].lower() and "not to be passed on" in said[-1]
    assert set(got.folder.table["part"]) == set(PARTS)


def test_who_cannot_have_the_photos_hears_it_before_clip_is_fetched(hubs, tmp_path, monkeypatch):
    monkeypatch.setattr(pack, "load", None)  # 1.7 GB, in vain
    hubs.gated.add(MP16)
    with pytest.raises(hub.DownloadError, match="gated: .* accept their terms.*hf auth login"):
        quiet("mp16-pro", tmp_path / "p", "ViT-L-14-quickgelu:openai", n=40)
    hubs.repos.clear()
    with pytest.raises(hub.DownloadError, match="osv5m/osv5m does not exist"):
        quiet("osv5m", tmp_path / "p", "ViT-L-14-quickgelu:openai", n=40)


def test_place_texts_have_a_progress_bar(tmp_path, miniclip, monkeypatch, capsys):
    monkeypatch.setattr(pack, "BLOCK", 5)
    made = pack.make("miniearth", tmp_path / "p", 60, miniclip, say=lambda line: None)
    steps = math.ceil(len(made.texts) / 20)
    bar = capsys.readouterr().err.split("place texts")[-1]
    assert steps > 1 and f"{steps}/{steps}" in bar


def test_a_folder_without_its_damaged_photos_and_copies(tiny, tmp_path):
    folder, table = folder_of(tmp_path / "mine", damaged=(5, 17))
    (folder / "000.jpg").write_bytes((folder / "059.jpg").read_bytes())
    with pytest.warns(UserWarning, match="1 photos in .* copies"):
        got, _ = quiet(folder, tmp_path / "p", tiny, table=table)
    (folder / "000.jpg").unlink()
    assert len(got) == 57 and "005.jpg" not in got.row_of
    assert got.folder.manifest["left_out"] == {"damaged": 2, "copies": 0}
    fewer, _ = quiet(folder, tmp_path / "q", tiny, table=table, n=30)
    assert 28 <= len(fewer) <= 30


def test_copies_in_an_archive_are_one_photo(tiny, tmp_path, monkeypatch):
    photos = miniearth.load("gallery", 60)
    same = set(photos.ids[::10])
    doubled = replace(photos, source=lambda i: photos.source(photos.ids[0] if i in same else i))
    monkeypatch.setattr(pack, "load_photos", lambda *_, **__: doubled)
    monkeypatch.setattr(pack, "BLOCK", 16)
    got, _ = quiet("miniearth", tmp_path / "p", tiny)
    assert got.folder.manifest["left_out"] == {"damaged": 0, "copies": 5}
    assert len(got) == 55 and len(same & set(got.photos().ids)) == 1
    for img_id in got.photos().ids:  # features and thumbnails of the rest are at their rows
        vector = tiny.image_features(
            doubled.take(doubled.table["IMG_ID"].to_numpy() == img_id), normalize=False,
            progress=False, cache=False,
        ).vectors[0]  # fmt: skip
        row = got.row_of[img_id]
        np.testing.assert_allclose(got.folder.features[row], vector, rtol=2e-3, atol=2e-3)
        assert got.photos().image(img_id).height <= 512


def test_positions_that_cameras_wrote_are_taken_but_not_kept_in_thumbnails(tiny, tmp_path):
    folder = tmp_path / "mine"
    for k in range(12):
        path = folder / f"walk {k}" / "a.jpg"
        path.parent.mkdir(parents=True)
        image = Image.open(io.BytesIO(jpeg(k)))
        image.save(path, exif=exif_of(gps(k + 1, 2 * k + 1)))
    got, _ = quiet(folder, tmp_path / "p", tiny)
    assert got.folder.manifest["parted_by"] == "folders" and len(got) == 12
    for img_id in got.photos().ids:
        with Image.open(io.BytesIO(got.photos().read(img_id))) as picture:
            assert not picture.getexif()


def test_real_photos_become_a_pack(real, tiny, tmp_path):
    folder = real / "im2gps3k"
    table = folder / "im2gps3k_places365.csv"
    got, _ = quiet(folder / "images", tmp_path / "p", tiny, table=table, n=60)
    assert len(got) == 60 and got.folder.manifest["left_out"] == {"damaged": 0, "copies": 0}
    authors = [set(got.photos(part).table["AUTHOR"]) for part in PARTS]
    assert all(authors) and sum(map(len, authors)) == len(set.union(*authors))
    assert all(len(got.photos("train").read(i)) <= pack.BYTES for i in got.photos("train").ids)


# --- parts


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("sizes", [[1] * 200, [3] * 40, [500, 400, *[2] * 60], [10, 10, 10, 10]])
def test_parts_have_their_shares_as_far_as_photographers_allow(sizes, seed):
    authors = np.repeat([f"a{k}" for k in range(len(sizes))], sizes)
    table = pd.DataFrame({"IMG_ID": range(len(authors)), "AUTHOR": authors})
    part, kind = pack.part_of(table, seed)
    assert kind == "photographers" and set(part) == set(PARTS)
    assert (table.assign(part=part).groupby("AUTHOR")["part"].nunique() == 1).all()
    shares = pd.Series(part).value_counts(normalize=True)
    for name in ("validation", "test"):
        assert shares[name] <= 2 * pack.SHARES[name] + max(sizes[-1], 1) / len(authors)
    again, _ = pack.part_of(table, seed)
    assert (again == part).all()


def test_photos_of_three_photographers_cannot_be_parted():
    table = pd.DataFrame({"IMG_ID": range(90), "AUTHOR": ["a", "b", "c"] * 30})
    with pytest.raises(G3Error, match="90 photos of 3 photographers cannot be parted into 4"):
        pack.part_of(table)


# --- stopped, and refused


SCRIPT = """
import os, sys
from g3lite.recipes import pack
pack.BLOCK = 10
blocks = []
make_block = pack._photo_block
def killed(*arguments):
    if len(blocks) == int(sys.argv[4]):
        os.kill(os.getpid(), 9)
    blocks.append(1)
    return make_block(*arguments)
pack._photo_block = killed
pack.make(sys.argv[1], sys.argv[2], 1000, sys.argv[3], table=sys.argv[1] + ".csv", progress=False)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_killed_run_goes_on_and_ends_with_the_same_pack(tiny, tmp_path, monkeypatch):
    folder, table = folder_of(tmp_path / "mine", damaged=(5, 17))
    arguments = [str(folder), str(tmp_path / "p"), tiny.name]
    for survived in (2, 3):
        killed = subprocess.run([sys.executable, "-c", SCRIPT, *arguments, str(survived)])
        assert killed.returncode == -signal.SIGKILL
        with pytest.raises(FolderError, match="not finished; g3lite pack goes on"):
            packs.read(tmp_path / "p")
    assert len(list((tmp_path / "p" / pack.WORK).glob("photos-*.npz"))) == 5
    monkeypatch.setattr(pack, "BLOCK", 10)
    encoded = []
    make_block = pack._photo_block
    monkeypatch.setattr(
        pack, "_photo_block", lambda *a: encoded.append(a[2]) or make_block(*a)
    )  # fmt: skip
    got, _ = quiet(folder, tmp_path / "p", tiny, table=table)
    assert encoded == [50]  # of blocks that were there none again
    whole, _ = quiet(folder, tmp_path / "q", tiny, table=table)
    assert got.folder.manifest == whole.folder.manifest
    assert not (tmp_path / "p" / pack.WORK).exists()


def test_it_is_stopped_between_blocks_and_while_the_pack_is_written(tiny, tmp_path, monkeypatch):
    folder, table = folder_of(tmp_path / "mine")
    monkeypatch.setattr(pack, "BLOCK", 10)
    whole, _ = quiet(folder, tmp_path / "whole", tiny, table=table)

    def stopped(*_, **__):
        raise KeyboardInterrupt

    for name in ("_write_photos", "_write_texts", "_credits"):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(pack, name, stopped)
            quiet(folder, tmp_path / "p", tiny, table=table)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(featurefolder, "sha256_file", stopped)
        quiet(folder, tmp_path / "p", tiny, table=table)
    cut = sorted((tmp_path / "p" / pack.WORK).glob("photos-*.npz"))[2]
    cut.write_bytes(cut.read_bytes()[:-100])  # as a full disk leaves it
    got, _ = quiet(folder, tmp_path / "p", tiny, table=table)
    assert got.folder.manifest == whole.folder.manifest
    assert not list((tmp_path / "p").glob("*.part"))


def test_nothing_else_is_written_over(tiny, made, tmp_path):
    folder, table = folder_of(tmp_path / "mine")
    with pytest.raises(FolderError, match="is not empty; name another"):
        quiet(folder, folder, tiny, table=table)
    with pytest.raises(FolderError, match="a pack of other photos or another backbone"):
        quiet(folder, made.folder.path, tiny, table=table)
    (tmp_path / "g").mkdir()
    (tmp_path / "g" / "manifest.json").write_text("{}")
    with pytest.raises(FolderError, match="something else than a pack"):
        quiet(folder, tmp_path / "g", tiny, table=table)
    work = tmp_path / "begun" / pack.WORK
    work.mkdir(parents=True)
    (work / "made_from.json").write_text('{"made_from": "another"}')
    with pytest.raises(FolderError, match="another backbone, was begun"):
        quiet(folder, tmp_path / "begun", tiny, table=table)
    with pytest.raises(NotThere, match="no folder gone; a pack is made of one, or of osv5m"):
        quiet("gone", tmp_path / "x", tiny)
    with pytest.raises(G3Error, match="the backbone nobody's: "):
        quiet(folder, tmp_path / "x", "nobody's", table=table)


def test_what_is_no_pack_or_was_changed_is_refused(made, tmp_path):
    folder = tmp_path / "p"
    folder.mkdir()
    for path in made.folder.path.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    manifest = folder / "manifest.json"
    good = json.loads(manifest.read_text())
    for change, said in (
        ({"kind": "gallery"}, "is no pack, but a folder of features"),
        ({"parts": {**made.parts, "train": 3}}, "parts of its table"),
        ({"licence": None, "parts": None}, "parts"),
    ):
        manifest.write_text(json.dumps(good | change))
        with pytest.raises(FolderError, match=said):
            packs.read(folder)
    manifest.write_text(json.dumps({k: v for k, v in good.items() if k != "licence"}))
    with pytest.raises(FolderError, match="lacks licence"):
        packs.read(folder)
    manifest.write_text(json.dumps(good))
    data = bytearray((folder / "thumbnails.zip").read_bytes())
    data[40] ^= 1
    (folder / "thumbnails.zip").write_bytes(data)
    with pytest.raises(FolderError, match="thumbnails.zip was changed"):
        packs.read(folder)
    photos = packs.read(folder, verify=False).photos()
    with pytest.raises(G3Error, match="thumbnails.zip is damaged|cannot be opened|decoded"):
        photos.image(photos.ids[0])
