"""A folder of features is read as it was written, or refused with words that say why."""

import json

import numpy as np
import pandas as pd
import pytest

from g3lite import G3Error
from g3lite.datasets import featurefolder
from g3lite.datasets.featurefolder import FolderError, read, write

MADE_BY = ("a backbone", "ab" * 32)


def table(n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"IMG_ID": [f"p/{i}.jpg" for i in range(n)], "AUTHOR": "a", "LAT": 1.5, "LON": -2.0,
         "more": range(n)}
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(10, 4))
    (tmp_path / "g").mkdir()
    (tmp_path / "g" / "credits.csv").write_text("a\n")
    write(tmp_path / "g", table(10), vectors, MADE_BY, ["credits.csv"], note="told")
    return tmp_path / "g"


def test_what_was_written_is_read(folder):
    found = read(folder)
    vectors = np.random.default_rng(0).normal(size=(10, 4))
    np.testing.assert_array_equal(found.features, vectors.astype(np.float16))
    assert isinstance(found.features, np.memmap) and (len(found), found.dim) == (10, 4)
    assert (found.backbone, found.fingerprint) == MADE_BY and found.manifest["note"] == "told"
    assert found.table["more"].tolist() == list(range(10)) and "country" in found.table
    assert (found.coordinates == [1.5, -2.0]).all()
    assert set(found.manifest["files"]) == {"features.npy", "table.parquet", "credits.csv"}


def test_features_that_lie_there_already_are_taken(tmp_path):
    made = np.lib.format.open_memmap(tmp_path / "features.npy", "w+", np.float16, (3, 2))
    made[:] = [[1, 2], [3, 4], [5, 6]]
    made.flush()
    found = write(tmp_path, table(3), None, MADE_BY)
    assert found.features.tolist() == [[1, 2], [3, 4], [5, 6]]


@pytest.mark.parametrize("name", ["features.npy", "table.parquet", "credits.csv"])
def test_changed_and_missing_files_are_found_out(folder, name):
    data = bytearray((folder / name).read_bytes())
    data[-1] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(FolderError, match=f"{name} was changed"):
        read(folder)
    (folder / name).write_bytes(data[:-1])
    with pytest.raises(FolderError, match=f"{name} was changed"):
        read(folder, verify=False)
    (folder / name).unlink()
    with pytest.raises(FolderError, match=f"{name} is missing"):
        read(folder)


def test_a_folder_that_is_not_finished_is_none(folder, tmp_path, monkeypatch):
    with pytest.raises(FolderError, match="there is no folder"):
        read(tmp_path / "nothing")

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(featurefolder, "sha256_file", killed)  # while the new one is written
    with pytest.raises(KeyboardInterrupt):
        write(folder, table(3), np.ones((3, 4)), MADE_BY)
    monkeypatch.undo()
    with pytest.raises(FolderError, match="not all of them"):
        read(folder)


def test_a_manifest_that_was_tampered_with_is_refused(folder):
    path = folder / "manifest.json"
    good = json.loads(path.read_text())
    outside = good["files"]["credits.csv"]
    for change, said in (
        ({"format": 99}, "form 99"),
        ({"photos": 9}, r"shape \(10, 4\)"),
        ({"files": {}}, "names no features.npy"),
        ({"files": [1]}, "damaged"),
        ({"backbone": "x"}, "damaged"),
        ({"files": good["files"] | {"../credits.csv": outside}}, "missing"),
    ):
        path.write_text(json.dumps(good | change))
        (folder.parent / "credits.csv").write_text("a\n")
        with pytest.raises(FolderError, match=said):
            read(folder)
    path.write_text("{")
    with pytest.raises(G3Error, match="cannot be read"):
        read(folder)


def test_what_cannot_be_kept_is_refused(tmp_path):
    features = np.ones((3, 4))
    features[1, 2] = 1e6
    with pytest.raises(FolderError, match=r"row 1 \(p/1.jpg\)"):
        write(tmp_path, table(3), features, MADE_BY)
    with pytest.raises(FolderError, match="3 rows of features, but a table of 2"):
        write(tmp_path, table(2), np.ones((3, 4)), MADE_BY)
    with pytest.raises(FolderError, match="occurs twice"):
        write(tmp_path, table(3).assign(IMG_ID="x"), np.ones((3, 4)), MADE_BY)
    with pytest.raises(ValueError, match="latitude nan in row 0"):
        write(tmp_path, table(3).assign(LAT=np.nan), np.ones((3, 4)), MADE_BY)
    with pytest.raises(FolderError, match=r"shape \(3,\)"):
        write(tmp_path, table(3), np.ones(3), MADE_BY)
    with pytest.raises(FolderError, match="holds no gone.csv"):
        write(tmp_path, table(3), np.ones((3, 4)), MADE_BY, ["gone.csv"])
    assert not (tmp_path / "manifest.json").exists()


def test_another_backbone_is_refused_and_both_are_named(folder):
    read(folder).check_backbone(*MADE_BY)
    with pytest.raises(FolderError, match="a backbone .abababab., not by another .cdcdcdcd."):
        read(folder).check_backbone("another", "cd" * 32)
