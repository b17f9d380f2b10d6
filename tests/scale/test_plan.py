"""The list of photos on disk: it names every photo, and finds its bytes wherever they lie."""

import gzip
import io
import os
import tarfile

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from g3lite import G3Error, miniearth
from g3lite.photos import NotThere
from g3lite.scale import plan
from g3lite.scale.plan import Plan, photos_of, write
from g3lite.support.images import DamagedPhoto


def picture(number, side=24):
    pixels = np.random.default_rng(number).integers(0, 256, (side, side, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG")
    return stream.getvalue()


PICTURES = {f"{n:02d}.jpg": picture(n) for n in range(10)}


@pytest.fixture
def table(tmp_path):
    """Where eight of the ten photos were taken."""
    path = tmp_path / "places.csv"
    rows = pd.DataFrame({"IMG_ID": list(PICTURES)[:8], "AUTHOR": "anna",
                         "LAT": np.arange(8.0), "LON": 10.0 + np.arange(8)})  # fmt: skip
    rows.to_csv(path, index=False)
    return path


@pytest.fixture
def folder(tmp_path):
    home = tmp_path / "photos"
    (home / "below").mkdir(parents=True)
    for name, data in PICTURES.items():
        (home / ("below" if name > "05" else "") / name).write_bytes(data)
    return home


def tar_of(pictures):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, data in pictures.items():
            info = tarfile.TarInfo(f"./images/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return stream.getvalue()


@pytest.fixture(params=["one", "two", "numbered pieces", "pieces without an ending"])
def archives(request, tmp_path):
    home = tmp_path / "tars"
    home.mkdir()
    if request.param == "two":
        names = list(PICTURES)
        for number, some in enumerate((names[:4], names[4:])):
            (home / f"{number}.tar").write_bytes(tar_of({name: PICTURES[name] for name in some}))
        return home
    data = tar_of(PICTURES)
    if request.param == "one":
        (home / "all.tar").write_bytes(data)
        return home
    stem = "all.tar." if request.param == "numbered pieces" else "mp-16-images"
    for number, start in enumerate(range(0, len(data), 700)):  # a picture is larger than a piece
        (home / f"{stem}{number:03d}").write_bytes(data[start : start + 700])
    return home


def listed(photos, tmp_path, block=4):
    home = tmp_path / "out"
    home.mkdir(exist_ok=True)
    return write(photos, home, block), Plan(home, photos.source)


def contents(made):
    found = {}
    for number in range(len(made)):
        block = made.block(number)
        found |= {img_id: block.read(img_id) for img_id in block.ids}
    return found


# --- where photos lie ----------------------------------------------------------------------------


def test_every_picture_of_an_archive_is_found(archives, tmp_path):
    about, made = listed(photos_of(archives), tmp_path)
    assert contents(made) == PICTURES
    assert (about["photos"], len(made)) == (10, 3)
    assert [len(made.block(number)) for number in range(3)] == [4, 4, 2]


def test_places_come_from_the_table(archives, table, tmp_path):
    _, made = listed(photos_of(archives, table), tmp_path, block=10)
    rows = made.block(0).table.set_index("IMG_ID")
    assert rows.loc["03.jpg", ["LAT", "LON", "AUTHOR"]].tolist() == [3.0, 13.0, "anna"]
    assert rows["LAT"].isna().tolist() == [False] * 8 + [True] * 2


def test_the_pictures_of_a_folder_and_of_those_below(folder, tmp_path):
    _, made = listed(photos_of(folder), tmp_path)
    found = contents(made)
    assert {name.rpartition("/")[2]: data for name, data in found.items()} == PICTURES
    assert {name for name in found if "/" in name} == {f"below/0{n}.jpg" for n in range(5, 10)}


def test_a_folder_with_a_table(folder, table, tmp_path):
    for name in PICTURES:  # the table names them without their folder
        if name > "05":
            (folder / "below" / name).rename(folder / name)
    with pytest.warns(UserWarning, match="2 photos"):
        photos = photos_of(folder, table)
    _, made = listed(photos, tmp_path)
    assert contents(made) == {name: PICTURES[name] for name in list(PICTURES)[:8]}


def test_a_photo_set_is_listed_with_its_columns(tmp_path):
    photos = miniearth.load("gallery", 7)
    _, made = listed(photos_of(photos), tmp_path)
    assert contents(made) == {img_id: photos.read(img_id) for img_id in photos.ids}
    table = pd.concat([made.block(0).table, made.block(1).table], ignore_index=True)
    columns = ["IMG_ID", "AUTHOR", "LAT", "LON", "city", "country"]
    pd.testing.assert_frame_equal(
        table[columns], photos.table[columns].reset_index(drop=True), check_dtype=False
    )


def test_names_that_are_no_utf8(tmp_path):
    home = tmp_path / "odd"
    home.mkdir()
    (home / os.fsdecode(b"caf\xe9.jpg")).write_bytes(PICTURES["00.jpg"])
    _, made = listed(photos_of(home), tmp_path)
    assert list(contents(made)) == ["caf\\xe9.jpg"]


# --- what it is known by -------------------------------------------------------------------------


def test_the_digest_follows_from_the_photos_alone(folder, tmp_path, monkeypatch):
    before = listed(photos_of(folder), tmp_path)[0]
    assert listed(photos_of(folder), tmp_path)[0] == before
    monkeypatch.setattr(plan, "_CHUNK", 3)
    assert listed(photos_of(folder), tmp_path)[0] == before


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "new.jpg").write_bytes(PICTURES["00.jpg"]),
        lambda folder: (folder / "00.jpg").unlink(),
        lambda folder: (folder / "00.jpg").rename(folder / "0.jpg"),
        lambda folder: (folder / "00.jpg").write_bytes(picture(1, side=30)),
    ],
)
def test_the_digest_changes_with_the_photos(folder, tmp_path, change):
    before = listed(photos_of(folder), tmp_path)[0]["sha256"]
    change(folder)
    assert listed(photos_of(folder), tmp_path)[0]["sha256"] != before


# --- what is wrong with it -----------------------------------------------------------------------


def test_a_folder_that_is_not_there_or_holds_nothing(tmp_path):
    with pytest.raises(NotThere, match="there is no folder"):
        photos_of(tmp_path / "none")
    with pytest.raises(NotThere, match="neither a picture nor a tar"):
        photos_of(tmp_path)


def test_pictures_beside_archives_are_refused(folder):
    (folder / "x.tar").write_bytes(tar_of(PICTURES))
    with pytest.raises(G3Error, match="two folders"):
        photos_of(folder)


def test_pieces_come_in_the_order_of_their_numbers(tmp_path):
    home, data = tmp_path / "tars", tar_of(PICTURES)
    home.mkdir()
    size = -(-len(data) // 12)
    for number in range(12):  # 10 and 11 stand before 2 in the order of names
        piece = data[number * size : (number + 1) * size]
        (home / f"all.tar.{number}").write_bytes(piece)
    assert contents(listed(photos_of(home), tmp_path)[1]) == PICTURES


def test_pieces_without_the_first_are_not_passed_over(tmp_path):
    data = tar_of(PICTURES)
    (tmp_path / "a.tar").write_bytes(data)
    for sums in ("a.tar.md5", "a.tar.sha256"):  # these end with a number, too
        (tmp_path / sums).write_text("0123")
    assert listed(photos_of(tmp_path), tmp_path)[0]["photos"] == 10
    (tmp_path / "b.tar.001").write_bytes(data[700:])
    with pytest.raises(G3Error, match=r"b.tar.001 does not begin a tar: is the piece before it"):
        photos_of(tmp_path)


def test_tars_that_look_like_pieces_lose_nothing_silently(tmp_path):
    for number in range(2):
        (tmp_path / f"images{number}").write_bytes(tar_of(PICTURES))
    with pytest.raises(G3Error, match=r"images0 ends at byte .* more follows.*ending \.tar"):
        listed(photos_of(tmp_path), tmp_path)


def test_a_tar_that_is_cut_between_two_pictures_is_no_list(tmp_path):
    data = tar_of(PICTURES)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        (tmp_path / "a.tar").write_bytes(data[: tar.getmembers()[5].offset])
    with pytest.raises(G3Error, match="a.tar: the tar archive is damaged: no header at byte"):
        listed(photos_of(tmp_path), tmp_path)


@pytest.mark.parametrize("data", [b"", b"no tar" * 1000, gzip.compress(tar_of(PICTURES))])
def test_what_is_no_tar_is_said(tmp_path, data):
    (tmp_path / "a.tar").write_bytes(data)
    with pytest.raises(G3Error, match=r"a.tar: the tar archive is damaged: .*compressed tar is"):
        listed(photos_of(tmp_path), tmp_path)


@pytest.mark.parametrize("cut", [1, 2_000])
def test_a_tar_that_is_damaged_is_no_list(tmp_path, cut):
    data = bytearray(tar_of(PICTURES))
    with tarfile.open(fileobj=io.BytesIO(bytes(data))) as tar:
        middle = tar.getmembers()[5].offset
    data[middle : middle + 512] = os.urandom(512) if cut == 1 else b"\1" * 512
    (tmp_path / "a.tar").write_bytes(data)
    with pytest.raises(G3Error, match="a.tar: the tar archive is damaged.*cut off or damaged"):
        listed(photos_of(tmp_path), tmp_path)


def test_a_picture_behind_the_end_of_an_archive_is_damaged(tmp_path):
    home = tmp_path / "tars"
    home.mkdir()
    (home / "a.tar").write_bytes(tar_of(PICTURES))
    _, made = listed(photos_of(home), tmp_path, block=10)
    with open(home / "a.tar", "r+b") as file:
        file.truncate(4_000)
    block = made.block(0)
    with pytest.raises(DamagedPhoto, match="ends within"):
        block.read("09.jpg")
    assert block.read("00.jpg") == PICTURES["00.jpg"]


def test_a_photo_that_is_gone_is_damaged(folder, tmp_path):
    _, made = listed(photos_of(folder), tmp_path, block=10)
    (folder / "00.jpg").unlink()
    with pytest.raises(DamagedPhoto, match="no such picture"):
        made.block(0).read("00.jpg")


def test_no_photos_or_one_without_a_name(tmp_path):
    with pytest.raises(G3Error, match="none holds no photos"):
        listed(plan.Photos("none", list), tmp_path)
    nameless = pd.DataFrame({"IMG_ID": ["a", None]})
    with pytest.raises(G3Error, match="no IMG_ID"):
        listed(plan.Photos("x", lambda: [nameless]), tmp_path)


def test_a_reader_holds_one_block_at_a_time(tmp_path):
    """The list is written in row groups of a block, whatever the parts that it comes in."""
    tables = [pd.DataFrame({"IMG_ID": [f"{a}-{n}" for n in range(k)]})
              for a, k in enumerate((1, 7, 30, 2))]  # fmt: skip
    _, made = listed(plan.Photos("x", lambda: tables), tmp_path, block=6)
    groups = pq.ParquetFile(tmp_path / "out" / plan.PLAN).metadata
    assert [groups.row_group(n).num_rows for n in range(len(made))] == [6] * 6 + [4]
