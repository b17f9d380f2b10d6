"""What is cut off or damaged on disk: archives, notes of earlier calls, weights. In words."""

import io
import random
import shutil
import zipfile

import pandas as pd
import pytest
import torch
from mp16 import jpeg, tar_of
from safetensors.torch import save_file

from g3lite import G3Error, miniearth, paths
from g3lite.alignment import GeoAlignment
from g3lite.backbone import Backbone
from g3lite.datasets import remote
from g3lite.datasets.archives import ArchiveError, TarPictures, members
from g3lite.downloads import hub
from g3lite.lmm.load import load_lmm
from g3lite.miniearth import splits
from g3lite.photos import PhotoSet
from g3lite.support.images import DamagedPhoto
from g3lite.support.tars import tar_places
from g3lite.support.weights import read_state

# Archives


def read_all(data: bytes, form: str) -> int:
    """How many members can be read; raises ArchiveError at the most."""
    readable = 0
    for member in members(io.BytesIO(data), form):
        try:
            readable += bool(member.read())
        except ArchiveError:
            continue
    return readable


@pytest.mark.parametrize("compression", [0, 8, 12, 14], ids=["stored", "deflate", "bzip2", "lzma"])
def test_a_damaged_zip_of_any_kind_is_an_archive_error(compression):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", compression) as archive:
        for k in range(4):
            archive.writestr(f"{k}.jpg", jpeg(k))
    whole, rng = data.getvalue(), random.Random(compression)
    assert read_all(whole, "zip") == 4
    refused = 0
    for _ in range(250):
        changed = bytearray(whole)
        for _ in range(rng.choice([1, 2, 8])):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        try:
            refused += read_all(bytes(changed), "zip") < 4
        except ArchiveError:
            refused += 1
    assert refused > 5


def test_damaged_headers_of_a_tar_cost_only_what_comes_after():
    names = [f"images/{k}.jpg" for k in range(5)]
    whole, rng = tar_of({name: jpeg(k) for k, name in enumerate(names)}), random.Random(0)
    heads = [at for at in range(0, len(whole), 512) if whole[at + 257 : at + 262] == b"ustar"]
    for trial in range(400):
        changed, head = bytearray(whole), rng.choice(heads)
        changed[head + rng.randrange(512)] = rng.randrange(256)
        if trial % 2:  # a check sum that is right
            block = changed[head : head + 512]
            block[148:156] = b" " * 8
            changed[head + 148 : head + 156] = b"%06o\0 " % sum(block)
        try:
            read_all(bytes(changed), "tar")
        except ArchiveError as error:
            assert "tar archive is damaged" in str(error) or "ends within" in str(error)


@pytest.fixture
def tar(tmp_path):
    """A tar of three photos, the header of the second of which is damaged."""
    path = tmp_path / "0000.tar"
    names = [f"{k}.jpg" for k in range(3)]
    data = bytearray(tar_of({name: jpeg(k) for k, name in enumerate(names)}))
    head = data.index(b"1.jpg\0")
    data[head : head + 512] = b"\xff" * 512
    path.write_bytes(bytes(data))
    return path


def test_photos_before_the_damage_of_a_tar_are_read_and_the_others_skipped(tar, miniclip, tmp_path):
    assert [name for name in tar_places(tar) if name.endswith(".jpg")] == ["0.jpg"]
    ids = [f"{k}.jpg" for k in range(3)]
    table = pd.DataFrame({"IMG_ID": ids, "AUTHOR": "a", "LAT": 0.0, "LON": 0.0})
    photos = PhotoSet("odd", table, TarPictures([tar]))
    with pytest.warns(UserWarning, match="skipped 2 of 3"):
        features = miniclip.image_features(photos, on_error="skip", progress=False)
    assert features.ids == ["0.jpg"] and list(features.skipped) == ids[1:]
    garbage = tmp_path / "0001.tar"
    garbage.write_bytes(b"no tar" * 1000)
    both = PhotoSet("odd", table, TarPictures([garbage, tar]))
    assert both.image("0.jpg").size == (24, 24)


def test_a_rendered_tar_that_was_damaged_costs_only_its_photos(tmp_path, monkeypatch):
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path))
    splits._members.cache_clear()
    photos = miniearth.fresh("of a damaged tar", 2)
    assert photos.image(photos.ids[0]).size == (128, 128)
    (path,) = (tmp_path / "miniearth").glob("*.tar")
    for data in (path.read_bytes()[:1000], b"\xff" * 4000):
        path.write_bytes(data)
        splits._members.cache_clear()
        for img_id in photos.ids:
            with pytest.raises(DamagedPhoto, match=r"\.tar is damaged; delete it, and it is made"):
                photos.image(img_id)


# Notes of earlier calls

CUT = '{"commit": "a", "shards": [{"pho'


@pytest.mark.parametrize("content", [CUT, "", "[]", "{}", "null", "\xff"])
def test_a_state_of_a_download_that_is_cut_off_is_told(tmp_path, monkeypatch, content):
    monkeypatch.setenv("G3LITE_PHOTOS", str(tmp_path))
    folder = tmp_path / "mp16-pro"
    folder.mkdir()
    (folder / "state.json").write_text(content, encoding="latin-1")
    with pytest.raises(G3Error, match=r"state\.json .*; delete .*mp16-pro, to fetch its photos"):
        remote.collection("mp16-pro", 3)


def test_a_table_of_a_download_that_is_damaged_is_told(tmp_path):
    (tmp_path / "0000.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(G3Error, match=r"0000\.parquet is damaged; delete it, to fetch"):
        remote._rows(tmp_path, {"shards": [{}]})


def test_records_of_downloads_that_are_cut_off_are_told(tmp_path, monkeypatch):
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path))
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "downloads.json").write_text(CUT)
    with pytest.raises(G3Error, match=r"downloads\.json .*; delete .*hub, to fetch its files"):
        hub.file(hub.Repo("a/b"), "c.csv")


# Weights


STATE = {"a": torch.arange(2500.0).reshape(50, 50), "b": torch.ones(10)}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ["torch", "old torch", "safetensors"])
def test_weights_that_are_cut_off_or_damaged_are_told(tmp_path, form):
    path = tmp_path / ("w.safetensors" if form == "safetensors" else "w.pth")
    if form == "safetensors":
        save_file(STATE, path)
    else:
        torch.save(STATE, path, _use_new_zipfile_serialization=form == "torch")
    assert all(torch.equal(read_state(path)[name], STATE[name]) for name in STATE)
    whole = path.read_bytes()
    cuts = [whole[:end] for end in (0, 1, 10, 100, len(whole) // 2, len(whole) - 30)]
    for data in [*cuts, b"<html>gone</html>" * 30, b"\0" * 100]:
        path.write_bytes(data)
        with pytest.raises(G3Error, match="cannot be read as weights .* cut off, damaged"):
            read_state(path)


def test_a_file_without_a_state_dict_is_told(tmp_path):
    torch.save([1, 2], tmp_path / "w.pth")
    with pytest.raises(G3Error, match="holds no state dict but a list"):
        read_state(tmp_path / "w.pth")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_heads_that_are_cut_off_are_told(tmp_path, name):
    GeoAlignment.from_pretrained("mini").save_pretrained(tmp_path)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(G3Error, match=f"{name} cannot be read"):
        GeoAlignment.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("model", "load"),
    [
        ("miniclip", lambda folder: Backbone.load(folder, device="cpu")),
        ("minilmm", lambda folder: load_lmm(folder, device="cpu")),
    ],
)
def test_models_that_are_cut_off_are_told(tmp_path, model, load):
    folder = shutil.copytree(paths.data_dir() / model, tmp_path / model)
    (weights,) = folder.glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:100_000])
    with pytest.raises(G3Error, match=f"{model} cannot be loaded"):
        load(folder)
