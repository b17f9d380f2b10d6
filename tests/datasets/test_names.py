"""Files whose names are no text: they cost nobody anything."""

import os
import sys
import warnings

import pytest
from PIL import Image

from g3lite.datasets.folder import load_files, load_folder
from g3lite.datasets.load import load_photos
from g3lite.photos import PhotoSet
from g3lite.support.images import DamagedPhoto

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such a name")
LATIN, HALF = os.fsdecode(b"caf\xe9.jpg"), os.fsdecode(b"\xed\xa0\x80.jpg")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / os.fsdecode(b"r\xe9union")
    folder.mkdir()
    for name, colour in (("a.jpg", "red"), (LATIN, "lime"), (HALF, "blue")):
        Image.new("RGB", (40, 30), colour).save(folder / name)
    return folder


@pytest.mark.filterwarnings("ignore:.*without a position")
@pytest.mark.parametrize("load", [load_photos, lambda f: load_files(sorted(f.iterdir()))])
def test_a_folder_with_such_names_is_a_photo_set(folder, load, tmp_path):
    photos = load(folder)
    assert sorted(photos.ids) == ["\\xed\\xa0\\x80.jpg", "a.jpg", "caf\\xe9.jpg"]
    assert photos.name == "r\\xe9union" and len(photos.version) == 16
    assert photos.image("caf\\xe9.jpg").getpixel((0, 0))[1] > 240
    photos.table.to_parquet(tmp_path / "t.parquet")
    photos.table.to_csv(tmp_path / "t.csv")


def test_two_names_that_differ_stay_two_photos(folder):
    Image.new("RGB", (40, 30)).save(folder / "caf\\xe9.jpg")
    with pytest.raises(ValueError, match="more than once"):  # rather than one for the other
        PhotoSet.from_files(sorted(folder.iterdir()))


def test_beside_a_table_such_a_name_is_a_picture_that_is_not_listed(folder):
    (folder / "t.csv").write_text("IMG_ID,AUTHOR,LAT,LON\na.jpg,x,1,2\n")
    with pytest.warns(UserWarning, match="2 photos .* not listed"):
        photos = load_folder(folder / "t.csv")
    assert photos.ids == ["a.jpg"] and photos.image("a.jpg").size == (40, 30)


def test_a_damaged_photo_of_such_a_name_costs_only_itself(folder):
    (folder / LATIN).write_bytes(b"no picture")
    with warnings.catch_warnings(action="ignore"):
        photos = load_photos(folder)
    with pytest.raises(DamagedPhoto, match="not a picture"):
        photos.image("caf\\xe9.jpg")
    assert photos.image("a.jpg").size == (40, 30)
