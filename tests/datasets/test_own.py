"""A folder of own photos becomes a gallery: positions, what is left out, and going on."""

import shutil

import numpy as np
import pytest
from own_photos import PLACES, folder_of, save
from tiny_clip import DIM, save_model

from g3lite.backbone import Backbone
from g3lite.datasets import featurefolder, own
from g3lite.datasets.featurefolder import FolderError
from g3lite.photos import NotThere


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_model(folder, seed=0)
    return Backbone.load(folder, device="cpu")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path):
    return folder_of(tmp_path / "holiday")


def test_positions_come_from_the_photos_and_what_has_none_is_named(folder):
    found = own.find(folder)
    table = found.photos.table
    assert len(table) == 17 and found.photos.name == "holiday"
    for row in table[table["IMG_ID"] != "cut.jpg"].itertuples():
        where = PLACES[row.IMG_ID.split("/")[0]][0]
        np.testing.assert_allclose((row.LAT, row.LON), where, atol=1e-6)
    assert found.left_out.keys() == {"nowhere.jpg", "text.jpg", "copy.jpg"}
    assert found.left_out["nowhere.jpg"] == "it has no latitude" and found.without_file == 0
    assert found.left_out["copy.jpg"] == "a copy of berlin/0.jpg"
    assert "not a picture" in found.left_out["text.jpg"]


def test_the_gallery_holds_what_can_be_used_and_says_what_cannot(folder, tmp_path, tiny):
    found = own.find(folder)
    gallery = own.index(found, tiny, tmp_path / "gallery", progress=False)
    assert (len(gallery), gallery.dim) == (16, DIM)
    assert (gallery.backbone, gallery.fingerprint) == (tiny.name, tiny.fingerprint)
    left_out = gallery.manifest["left_out"]
    assert len(left_out) == 4 and "truncated" in left_out["cut.jpg"].lower()
    expected = tiny.image_features(
        found.photos.take(np.isin(found.photos.ids, gallery.table["IMG_ID"])),
        normalize=False, progress=False, cache=False,
    )  # fmt: skip
    assert expected.ids == gallery.table["IMG_ID"].tolist()
    np.testing.assert_allclose(gallery.features, expected.vectors, rtol=1e-3, atol=1e-3)
    assert featurefolder.read(tmp_path / "gallery").table["sha256"].str.len().eq(64).all()


def test_only_new_photos_are_encoded(folder, tmp_path, tiny):
    first = own.index(own.find(folder), tiny, tmp_path / "g", progress=False)
    rows = dict(zip(first.table["IMG_ID"], np.array(first.features), strict=True))
    save(folder / "oslo" / "new.jpg", "oslo", 7)
    shutil.move(folder / "suva", folder / "fiji")  # elsewhere, and with other times
    (folder / "fiji" / "0.jpg").touch()
    found = own.find(folder)
    assert own.encode(found.photos, tiny, progress=False).stored == 16
    again = own.index(found, tiny, tmp_path / "g", progress=False)
    assert len(again) == 17
    for img_id, row in zip(again.table["IMG_ID"], again.features, strict=True):
        if img_id != "oslo/new.jpg":
            np.testing.assert_array_equal(row, rows[img_id.replace("fiji", "suva")])


def test_a_run_that_was_stopped_goes_on(folder, tmp_path, tiny, monkeypatch):
    from g3lite import backbone

    monkeypatch.setattr(backbone, "CHUNK", 4)
    real, calls = Backbone.encode, []

    def stopping(self, tower, inputs):
        calls.append(len(inputs))
        if sum(calls) > 8:
            raise KeyboardInterrupt
        return real(self, tower, inputs)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Backbone, "encode", stopping)
        own.index(own.find(folder), tiny, tmp_path / "g", batch_size=4, progress=False)
    assert not (tmp_path / "g").exists()
    assert own.encode(own.find(folder).photos, tiny, progress=False).stored == 7, "one is damaged"


def test_positions_may_come_from_a_table(folder, tmp_path, tiny):
    table = tmp_path / "where.csv"
    table.write_text(
        "IMG_ID,LAT,LON,AUTHOR\nberlin/0.jpg,1,2,ann\nquito_0.jpg,3,4,bo\nnowhere.jpg,5,6,ann\n"
        "gone.jpg,7,8,ann\noslo/0.jpg,,,ann\ntext.jpg,1,1,bo\n"
    )
    found = own.find(folder, table)
    rows = found.photos.table.set_index("IMG_ID")
    assert rows.loc["quito/0.jpg", ["LAT", "LON", "AUTHOR"]].tolist() == [3, 4, "bo"]
    assert rows.loc["nowhere.jpg", ["LAT", "LON"]].tolist() == [5, 6]
    assert len(rows) == 4 and found.without_file == 1
    assert "no row with a position" in found.left_out["oslo/0.jpg"]
    assert len(found.left_out) == 20 - 4
    gallery = own.index(found, tiny, tmp_path / "g", progress=False)
    assert len(gallery) == 3 and "text.jpg" in gallery.manifest["left_out"]


def test_what_something_else_has_written_is_not_replaced(folder, tmp_path, tiny):
    (tmp_path / "manifest.json").write_text('{"kind": "exact"}')
    with pytest.raises(FolderError, match="something else than g3lite index"):
        own.index(own.find(folder), tiny, tmp_path, progress=False)
    assert (tmp_path / "manifest.json").read_text() == '{"kind": "exact"}'


def test_folders_of_no_use_are_refused(tmp_path, tiny):
    with pytest.raises(NotThere, match="there is no folder"):
        own.find(tmp_path / "x")
    (tmp_path / "x").mkdir()
    with pytest.raises(NotThere, match="no picture"):
        own.find(tmp_path / "x")
    save(tmp_path / "x" / "a.jpg", "oslo", 1, located=False)
    with pytest.raises(FolderError, match=r"none of the 1 photos .*a.jpg: it has no latitude"):
        own.index(own.find(tmp_path / "x"), tiny, tmp_path / "g")
    save(tmp_path / "x" / "a.jpg", "oslo", 1)
    whole = (tmp_path / "x" / "a.jpg").read_bytes()
    (tmp_path / "x" / "a.jpg").write_bytes(whole[:-400])
    with pytest.raises(FolderError, match="all 1 photos .* damaged"):
        own.index(own.find(tmp_path / "x"), tiny, tmp_path / "g", progress=False)
