"""Photo sets: the table, the pictures, and what is said about damaged or absent ones."""

import io
import re
import shutil
import struct
import zlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from exif_blocks import ASCII, BERLIN, exif_of
from PIL import Image

from g3lite import miniearth
from g3lite.datasets import pack, remote, tables
from g3lite.datasets.folder import load_folder
from g3lite.datasets.load import LOADERS, load_photos
from g3lite.photos import SCHEMA, NotThere, PhotoSet, TableError, conform, identical
from g3lite.support import images
from g3lite.support.images import DamagedPhoto, decode

ROWS = """\
IMG_ID,AUTHOR,LAT,LON,S3_Label,Prob_indoor,country_code
a/1_x.jpg,0012@N00,-22.57,17.0836,0,0.9738777834861061,NA
b_2.jpg,34@N01,59.9,30.31,2,1e-5,
c 3.png,34@N01,13.37,151.209039,1,0.5,AU
"""


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path):
    """A table of three photos and their pictures, each of one colour."""
    (tmp_path / "table.csv").write_text(ROWS)
    for name, colour in (("a/1_x.jpg", "red"), ("b_2.jpg", "lime"), ("c 3.png", "blue")):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), colour).save(path)
    return tmp_path


def swap_headers(folder) -> None:
    (folder / "table.csv").write_text(ROWS.replace("LAT,LON", "LON,LAT"))


def test_a_folder_gives_table_coordinates_and_pictures(folder, recwarn):
    photos = load_folder(folder / "table.csv")
    assert photos.name == "table" and len(photos) == 3
    assert photos.ids == ["a/1_x.jpg", "b_2.jpg", "c 3.png"]  # "/" and "_" as they are written
    assert photos.coordinates.dtype == np.float64
    np.testing.assert_array_equal(
        photos.coordinates, [[-22.57, 17.0836], [59.9, 30.31], [13.37, 151.209039]]
    )
    assert photos.table["AUTHOR"].tolist() == ["0012@N00", "34@N01", "34@N01"]
    image = photos.image("b_2.jpg")
    assert image.mode == "RGB" and image.size == (40, 30)
    assert np.abs(np.asarray(image).astype(int) - [0, 255, 0]).max() < 6
    assert not [told for told in recwarn if issubclass(told.category, UserWarning)]


def test_the_table_has_every_column_of_the_schema(folder):
    table = load_folder(folder / "table.csv").table
    assert list(table.columns) == list(SCHEMA)
    assert table.dtypes.astype(str).to_dict() == SCHEMA
    assert table["city"].isna().all() and table["S365_Label"].isna().all()
    assert table["Prob_urban"].isna().all()
    assert table["Prob_indoor"][0] == 0.9738777834861061
    assert table["country_code"][0] == "NA"  # Namibia, not a missing value
    assert pd.isna(table["country_code"][1])


def test_further_columns_are_kept_on_the_right(folder):
    table = conform(pd.read_csv(folder / "table.csv").assign(seen=[True, False, True]))
    assert list(table.columns) == [*SCHEMA, "seen"]
    assert table["seen"].tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (ROWS.replace("AUTHOR,LAT", "AUTHOR,Latitude"), "lacks LAT; it has IMG_ID, AUTHOR, Lat"),
        (ROWS.replace("b_2.jpg", "a/1_x.jpg"), "'a/1_x.jpg' occurs more than once"),
        (ROWS.replace("b_2.jpg", ""), "IMG_ID of row 1 is empty"),
        (ROWS.replace("b_2.jpg", "../b_2.jpg"), r"'\.\./b_2.jpg' leads out of the folder"),
        (ROWS.replace(",2,1e-5", ",two,1e-5"), "S3_Label of row 1 is 'two', .* whole number"),
        (ROWS.replace("59.9", "north"), "LAT of row 1 is 'north', which is not a number"),
        (ROWS.replace("N01,13.37", "N01,"), "latitude nan in row 2"),
        (ROWS.replace("59.9,30.31", "95.5,130.31"), r"latitude 95.5 in row 1 is outside"),
        (ROWS.replace("151.209039", "190"), r"longitude 190 in row 2 is outside"),
        (ROWS.replace(",0,0.97", ",1e30,0.97"), "S3_Label of row 0 is '1e30', .* whole number"),
        (ROWS.replace(",0,0.97", ",inf,0.97"), "S3_Label of row 0 is 'inf', .* whole number"),
        (ROWS.replace(",0,0.97", ",0.5,0.97"), "S3_Label of row 0 is '0.5', .* whole number"),
    ],
)
def test_a_wrong_table_is_refused_with_its_name_and_reason(folder, wrong, message):
    (folder / "table.csv").write_text(wrong)
    with pytest.raises(ValueError, match=message):
        load_folder(folder / "table.csv")


def test_exchanged_headers_that_show_are_put_right_and_said(folder):
    more = "".join(f"{k}.jpg,x,{k},{150 + k},,,\n" for k in range(3))
    (folder / "table.csv").write_text(ROWS + more)
    with pytest.warns(UserWarning, match="3 photos .* not found"):
        truth = load_folder(folder / "table.csv").coordinates
    (folder / "table.csv").write_text(ROWS.replace("LAT,LON", "LON,LAT") + more)
    with pytest.warns(UserWarning, match=r"table.csv: LAT goes to 152.* they were put right"):
        photos = load_folder(folder / "table.csv")
    np.testing.assert_array_equal(photos.coordinates, truth)


def test_one_mistyped_latitude_of_three_does_not_exchange_the_headers(folder):
    swap_headers(folder)  # one of three rows is impossible: a mistake in it shows as much
    with pytest.raises(TableError, match="in 1 of 3 rows only: .* exchanged in the header"):
        load_folder(folder / "table.csv")


def test_exchanged_headers_that_do_not_show_are_put_right_when_asked(folder):
    near = ROWS.replace("151.209039", "51.209039")
    (folder / "table.csv").write_text(near)
    truth = load_folder(folder / "table.csv").coordinates
    (folder / "table.csv").write_text(near.replace("LAT,LON", "LON,LAT"))
    assert (load_folder(folder / "table.csv").coordinates != truth).all()
    right = load_folder(folder / "table.csv", swapped=True)
    np.testing.assert_array_equal(right.coordinates, truth)


def test_a_few_wrong_latitudes_do_not_exchange_the_headers(tmp_path):
    rows = [f"{k}.jpg,a,{40 + k / 100},{k / 10}" for k in range(60)]
    rows[7] = "7.jpg,a,151.2,0.7"
    (tmp_path / "t.csv").write_text("\n".join(["IMG_ID,AUTHOR,LAT,LON", *rows]))
    with pytest.raises(TableError, match=r"t.csv: LAT goes to 151.2 .* in 1 of 60 rows only"):
        load_folder(tmp_path / "t.csv", tmp_path)


def test_asking_to_swap_headers_that_are_right_is_refused(folder):
    with pytest.raises(ValueError, match="leave out swapped=True"):
        load_folder(folder / "table.csv", swapped=True)


def test_photos_absent_on_disk_are_reported_and_kept_or_dropped(folder):
    (folder / "images" / "b_2.jpg").unlink()
    with pytest.warns(UserWarning, match=r"1 photo \(b_2.jpg\) of .*table.csv not found"):
        photos = load_folder(folder / "table.csv")
    assert len(photos) == 3
    with pytest.raises(DamagedPhoto, match="'b_2.jpg': there is no such picture"):
        photos.image("b_2.jpg")
    with pytest.warns(UserWarning):
        assert load_folder(folder / "table.csv", missing="drop").ids == ["a/1_x.jpg", "c 3.png"]


def test_pictures_absent_from_the_table_are_reported(folder):
    for name in ("x1.jpg", "x2.jpg", "notes.txt"):
        shutil.copy(folder / "images" / "b_2.jpg", folder / "images" / name)
    with pytest.warns(UserWarning, match=r"2 photos \(x1.jpg, x2.jpg\) of .*images not listed"):
        assert len(load_folder(folder / "table.csv")) == 3


def test_absent_folders_and_unknown_options_are_named(folder):
    with pytest.raises(FileNotFoundError, match="no folder of pictures at .*elsewhere"):
        load_folder(folder / "table.csv", folder / "elsewhere")
    with pytest.raises(ValueError, match="missing='ignore' is unknown"):
        load_folder(folder / "table.csv", missing="ignore")


def test_the_version_follows_the_pictures(folder):
    first = load_folder(folder / "table.csv")
    assert first.version and first.version == load_folder(folder / "table.csv").version
    assert first.head(2).version == first.version
    path = folder / "images" / "b_2.jpg"
    path.write_bytes(path.read_bytes()[::-1])  # of the same size
    assert load_folder(folder / "table.csv").version != first.version


def test_take_and_head_keep_rows_and_pictures_together(folder):
    photos = load_folder(folder / "table.csv")
    assert photos.head(2).ids == photos.take(slice(2)).ids == ["a/1_x.jpg", "b_2.jpg"]
    assert len(photos.head(99)) == 3
    back = photos.take([2, 0])
    assert back.ids == ["c 3.png", "a/1_x.jpg"]
    assert back.table.index.tolist() == [0, 1]
    np.testing.assert_array_equal(back.coordinates, photos.coordinates[[2, 0]])
    assert photos.take(np.array([False, True, False])).ids == ["b_2.jpg"]
    assert back.image("c 3.png").getpixel((0, 0)) == (0, 0, 255)
    with pytest.raises(ValueError, match="occurs more than once"):
        photos.take([1, 1])


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("L", (4, 4), 200), (200, 200, 200)),
        (Image.new("1", (4, 4), 1), (255, 255, 255)),
        (Image.new("RGB", (4, 4), (10, 20, 30)).quantize(4), (10, 20, 30)),
        (Image.new("RGBA", (4, 4), (255, 0, 0, 255)), (255, 0, 0)),
        (Image.new("RGBA", (4, 4), (255, 0, 0, 0)), (255, 255, 255)),
        (Image.new("LA", (4, 4), (0, 0)), (255, 255, 255)),
        (Image.fromarray(np.full((4, 4), 257 * 100, np.uint16)), (100, 100, 100)),
        (Image.fromarray(np.full((4, 4), 65535, np.uint16)), (255, 255, 255)),
    ],
)
def test_every_kind_of_png_becomes_rgb(image, expected):
    picture = decode(encoded(image), "p")
    assert picture.mode == "RGB" and picture.getpixel((1, 1)) == expected


def test_a_palette_with_a_transparent_colour_is_laid_on_white():
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([9, 9, 9, 0, 0, 255])
    assert decode(encoded(palette), "p").getpixel((0, 0)) == (0, 0, 255)
    assert decode(encoded(palette, transparency=1), "p").getpixel((0, 0)) == (255, 255, 255)


def test_cmyk_jpeg_becomes_rgb():
    picture = decode(encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG"), "p")
    assert picture.mode == "RGB"
    assert np.abs(np.array(picture.getpixel((8, 8))) - [255, 0, 0]).max() < 6


def test_exif_orientation_is_applied_and_broken_exif_ignored():
    image = Image.new("RGB", (40, 20), "white")
    image.paste("black", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
    picture = decode(encoded(image, "JPEG", exif=exif), "p")
    assert picture.size == (20, 40)
    assert picture.getpixel((10, 5)) == (0, 0, 0)
    assert picture.getpixel((10, 35)) == (255, 255, 255)
    broken = encoded(image, "JPEG", exif=b"Exif\0\0XX*\0garbage, not TIFF")
    assert decode(broken, "p").size == (40, 20)


WHOLE = encoded(Image.effect_noise((64, 64), 50).convert("RGB"), "JPEG")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "its 0 bytes are not a picture"),
        (b"<html>404</html>", "its 16 bytes are not a picture"),
        (WHOLE[: len(WHOLE) // 2], r"cannot be decoded \(.*truncated"),
        (encoded(Image.effect_noise((64, 64), 50))[:900], "cannot be decoded"),
    ],
)
def test_damaged_pictures_are_named_with_the_reason(data, reason):
    table = pd.DataFrame({"IMG_ID": ["x_1.jpg"], "AUTHOR": ["a"], "LAT": [0.0], "LON": [0.0]})
    photos = PhotoSet("odd", table, lambda img_id: data)
    with pytest.raises(DamagedPhoto, match=reason) as caught:
        photos.image("x_1.jpg")
    assert caught.value.img_id == "x_1.jpg" and "'x_1.jpg'" in str(caught.value)


def test_a_source_that_cannot_read_is_a_damaged_photo():
    def source(img_id: str) -> bytes:
        raise PermissionError("locked away")

    table = pd.DataFrame({"IMG_ID": ["x"], "AUTHOR": ["a"], "LAT": [0.0], "LON": [0.0]})
    with pytest.raises(DamagedPhoto, match="cannot be read .locked away"):
        PhotoSet("odd", table, source).image("x")


def test_pictures_are_found_with_slashes_or_underscores(folder, recwarn):
    (folder / "images" / "a" / "1_x.jpg").rename(folder / "images" / "a_1_x.jpg")
    (folder / "images" / "b").mkdir()
    (folder / "images" / "b_2.jpg").rename(folder / "images" / "b" / "2.jpg")
    photos = load_folder(folder / "table.csv")
    assert photos.ids == ["a/1_x.jpg", "b_2.jpg", "c 3.png"] and not recwarn.list
    assert photos.image("a/1_x.jpg").getpixel((0, 0))[0] > 240
    assert photos.image("b_2.jpg").getpixel((0, 0))[1] > 240


def test_one_file_for_many_photos_is_reported(folder):
    rows = ROWS + "".join(f"gone_{k}.jpg,9@N00,{k},{k},1,0.5,AU\n" for k in range(5))
    (folder / "table.csv").write_text(rows)
    for k in range(5):
        (folder / "images" / f"gone_{k}.jpg").write_bytes(WHOLE)
    same_size = bytearray(WHOLE)
    same_size[-3] ^= 1
    (folder / "images" / "gone_4.jpg").write_bytes(same_size)
    message = r"4 photos \(gone_0.jpg, gone_1.jpg, gone_2.jpg, ...\) of .* one and the same file"
    with pytest.warns(UserWarning, match=message):
        photos = load_folder(folder / "table.csv")
    assert len(photos) == 8  # the denominator of a benchmark is its table
    assert identical(photos) == [[f"gone_{k}.jpg" for k in range(4)]]


# Tables of the data sets, by their own headers


def test_the_numbered_header_of_yfcc4k_is_understood(real):
    table = tables.read(real / "yfcc4k" / "yfcc4k_places365.csv")
    assert len(table) == 60 and list(table) == [*SCHEMA, "page", "url", "licence"]
    first = table.loc[0, ["IMG_ID", "AUTHOR", "LAT", "LON", "licence"]].tolist()
    assert first == [
        "10201275523.jpg", "55289779@N00", 43.649708, -79.365637, "Attribution-ShareAlike License",
    ]  # fmt: skip
    assert table["url"].str.startswith("http", na=False).all() and table["AUTHOR"].notna().all()


MP16 = """\
IMG_ID,AUTHOR,LAT,LON,S3_Label,S16_Label,S365_Label,Prob_indoor,Prob_natural,Prob_urban,\
neighbourhood,city,county,state,region,country,country_code,continent
7a/63/8.jpg,1@N00,-22.57,17.08,0,1,2,.1,.2,.7,"Klein, Windhoek",Windhoek,,Khomas,,,na,
0b/11/9.jpg,2@N00,48.85,2.35,1,2,3,.1,.2,.7,,Paris,,,,France,fr,
0b/12/4.jpg,3@N00,0.5,170.5,1,2,3,.1,.2,.7,,,,,,,,
0b/13/5.jpg,3@N00,42.6,21.1,1,2,3,.1,.2,.7,,,,,,,zz,Elsewhere
"""


def test_mp16_pros_ids_and_empty_columns_are_filled(tmp_path):
    for text in (MP16, MP16.replace("a/63/", "a_63_").replace("b/1", "b_1")):
        (tmp_path / "m.csv").write_text(text)
        table = tables.read(tmp_path / "m.csv")
        assert table["IMG_ID"].tolist()[:2] == ["7a_63_8.jpg", table["IMG_ID"][1]]
        assert not table["IMG_ID"].str.startswith("7a/").any()
        assert table["continent"].fillna("-").tolist() == ["Africa", "Europe", "-", "Elsewhere"]
        assert table["country"].fillna("-").tolist() == ["Namibia", "France", "-", "-"]
        assert table["neighbourhood"][0] == "Klein, Windhoek"
    assert tables.read(tmp_path / "m.csv", columns=["city"]).columns.tolist() == [
        "IMG_ID", "LAT", "LON", "city",
    ]  # fmt: skip


def test_a_table_is_the_same_in_pieces(real, monkeypatch):
    path = real / "im2gps3k" / "im2gps3k_places365.csv"
    whole = tables.read(path)
    monkeypatch.setattr(tables, "CHUNK", 7)
    pd.testing.assert_frame_equal(tables.read(path), whole)


def test_the_wrong_row_is_named_in_a_later_piece(folder, monkeypatch):
    monkeypatch.setattr(tables, "CHUNK", 2)
    (folder / "table.csv").write_text(ROWS.replace("13.37", "north"))
    with pytest.raises(TableError, match=r"table.csv: LAT of row 2 is 'north'"):
        load_folder(folder / "table.csv")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "it is no text"),
        (ROWS.encode() + b"more.jpg,1,2,3,4,5,6,7,8\n", r"row 3 \(line 5 .* 9 fields under 7 col"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, data, message):
    (tmp_path / "odd.csv").write_bytes(data)
    with pytest.raises(TableError, match=rf"odd\.csv: .*({message})"):
        tables.read(tmp_path / "odd.csv")
    with pytest.raises(NotThere, match=r"no table .*gone\.csv"):
        tables.read(tmp_path / "gone.csv")


def test_a_comma_at_the_end_of_rows_is_refused_unless_the_header_has_it(tmp_path):
    text = "IMG_ID,AUTHOR,LAT,LON\n1.jpg,7,10,20,\n2.jpg,8,-10,30,\n"
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(TableError, match=r"t.csv: row 0 .* end no row with a comma"):
        tables.read(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text(text.replace("LON", "LON,"))
    table = tables.read(tmp_path / "t.csv")
    assert table.loc[0, ["IMG_ID", "AUTHOR", "LAT", "LON"]].tolist() == ["1.jpg", "7", 10, 20]


def test_a_row_with_too_many_fields_costs_only_itself_if_rows_may_be_skipped(tmp_path):
    (tmp_path / "m.csv").write_text(MP16.replace(",Paris,", ",Paris, the city,"))
    with pytest.warns(UserWarning, match=r"row 1 \(line 3 of the file\) has 19 fields"):
        assert len(tables.read(tmp_path / "m.csv", on_bad="skip")) == 3
    with pytest.raises(TableError, match="line 3"):
        tables.read(tmp_path / "m.csv")


def test_a_byte_order_mark_is_no_part_of_a_header(folder):
    (folder / "table.csv").write_bytes(b"\xef\xbb\xbf" + ROWS.encode())
    assert len(load_folder(folder / "table.csv")) == 3


# Your own photos


@pytest.fixture
def holiday(tmp_path):
    """A folder of one's own photos: some with a position, some without, one no picture at all."""
    picture = Image.new("RGB", (40, 20), "white")
    folder = tmp_path / "holiday"
    (folder / "day 2").mkdir(parents=True)
    taken = {0x9003: (ASCII, "2024:05:17 08:09:10")}
    south = BERLIN | {1: (ASCII, "S"), 3: (ASCII, "W")}
    picture.save(folder / "1.jpg", exif=exif_of(BERLIN, taken))
    picture.save(folder / "day 2" / "1.jpg", exif=exif_of(south))
    picture.save(folder / "day 2" / "2.PNG")
    (folder / "3.webp").write_bytes(b"not a picture")
    (folder / ".thumbnails").mkdir()
    picture.save(folder / ".thumbnails" / "1.jpg")
    (folder / "notes.txt").write_text("nothing")
    return folder


def test_a_folder_of_ones_own_photos_is_located_by_exif(holiday):
    with pytest.warns(UserWarning, match=r"2 photos \(3.webp, day 2/2.PNG\) of .* without a posit"):
        photos = load_photos(holiday)
    assert photos.name == "holiday"
    assert photos.ids == ["1.jpg", "3.webp", "day 2/1.jpg", "day 2/2.PNG"]
    table = photos.table.set_index("IMG_ID")
    assert table.loc["1.jpg", ["LAT", "LON"]].tolist() == pytest.approx([52.518917, 13.400294])
    assert table.loc["day 2/1.jpg", "LAT"] == pytest.approx(-52.518917)
    assert table.loc["day 2/1.jpg", "LON"] == pytest.approx(-13.400294)
    assert table.loc["1.jpg", "taken"] == datetime(2024, 5, 17, 8, 9, 10)
    assert pd.isna(table.loc["day 2/2.PNG", "taken"])
    assert table["note"].tolist() == [
        "", f"its 13 bytes are not a picture ({images.KINDS})", "", "it has no latitude",
    ]  # fmt: skip
    assert np.isnan(photos.coordinates[[1, 3]]).all()
    assert photos.image("day 2/2.PNG").size == (40, 20)
    with pytest.raises(DamagedPhoto, match="3.webp"):
        photos.image("3.webp")
    assert photos.version == load_quietly(holiday).version
    (holiday / "1.jpg").write_bytes(WHOLE)
    assert photos.version != load_quietly(holiday).version


def test_what_only_looks_like_a_photo_of_ones_own_costs_nothing(tmp_path):
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    taken = {0x9003: (ASCII, "0001:01:01 00:00:00")}  # of a clock that was never set
    Image.new("RGB", (4, 4)).save(tmp_path / "1.jpg", exif=exif_of(BERLIN, taken))
    photos = load_photos(tmp_path)
    assert photos.ids == ["1.jpg"] and photos.coordinates[0, 0] > 52


def load_quietly(what, *args, **options):
    with pytest.warns(UserWarning):
        return load_photos(what, *args, **options)


def test_a_list_of_files_is_named_below_their_common_folder(holiday, monkeypatch):
    files = [holiday / "day 2" / "1.jpg", str(holiday / "1.jpg")]
    photos = load_photos(files)
    assert photos.ids == ["day 2/1.jpg", "1.jpg"] and photos.coordinates[0, 0] < 0
    assert load_photos(files, 1).ids == ["day 2/1.jpg"]
    monkeypatch.chdir(holiday)
    assert load_photos([Path("day 2/1.jpg")]).ids == ["1.jpg"]
    assert load_photos(["day 2/../1.jpg", "day 2/1.jpg"]).ids == ["1.jpg", "day 2/1.jpg"]
    with pytest.raises(TableError, match="'1.jpg' occurs more than once"):
        load_photos(["1.jpg", holiday / "1.jpg"])
    with pytest.raises(NotThere, match=r"no file .*gone\.jpg"):
        load_photos(["1.jpg", "gone.jpg"])
    with pytest.raises(TableError, match="no photos"):
        load_photos([])


def test_real_photos_say_where_they_were_taken(real):
    photos = load_photos(real / "exif")
    assert len(photos) == 3
    assert np.abs(photos.coordinates - [52.519, 13.4004]).max() < 0.001  # Berlin's centre
    assert photos.image(photos.ids[0]).size == (1024, 768)


def test_a_folder_with_a_table_is_read_by_its_table(folder):
    assert (
        load_photos(folder).ids
        == load_photos(folder / "table.csv").ids
        == ["a/1_x.jpg", "b_2.jpg", "c 3.png"]
    )
    assert load_photos(folder, 2).ids == ["a/1_x.jpg", "b_2.jpg"]
    (folder / "other.csv").write_text(ROWS)
    with pytest.raises(TableError, match=r"several tables \(other.csv, table.csv\): name one"):
        load_photos(folder)


def test_names_are_known_or_told(tmp_path, monkeypatch):
    assert load_photos("miniearth/validation", 2).name == "miniearth/validation"
    with pytest.raises(NotThere, match="nor a photo set of that name: .* miniearth/validation"):
        load_photos("miniearth/moon")
    with pytest.raises(NotThere, match="no folder 'im2gps', .* im2gps3k, yfcc4k, mp16-pro, osv5m"):
        load_photos("im2gps")
    with pytest.raises(TableError, match="folder= says where a benchmark's photos are"):
        load_photos("mp16-pro", 3, folder=tmp_path)
    with pytest.raises(NotThere, match="there is no folder 'xxx"):
        load_photos("x" * 5_000)  # longer than a path can be
    with pytest.raises(NotThere, match="there is no (table|folder of pictures)"):
        load_photos("x" * 5_000 + ".csv")
    with pytest.raises(NotThere, match="there is no file"):
        load_photos(["x" * 5_000])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mp16-pro").mkdir()
    with pytest.raises(TableError, match="there are no photos"):
        load_photos("./mp16-pro")


# Large, odd and hostile pictures


def png_of(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be this large."""
    data = bytearray(encoded(Image.new("L", (1, 1))))
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("size", "reason"),
    [
        ((12_000, 9_000), "12000 x 9000 pixels are more than 100 million"),
        ((60_000, 60_000), "too large .*bomb"),
    ],
)
def test_a_picture_that_would_fill_the_memory_is_not_decoded(size, reason, tmp_path):
    with pytest.raises(DamagedPhoto, match=rf"'p': .*{reason}"):
        decode(png_of(*size), "p")
    (tmp_path / "bomb.png").write_bytes(png_of(*size))
    assert re.search(reason, load_quietly(tmp_path).table["note"][0])


def test_a_file_that_is_too_large_is_not_read(folder, monkeypatch):
    monkeypatch.setattr(images, "MAX_BYTES", 300)
    photos = load_folder(folder / "table.csv")
    with pytest.raises(DamagedPhoto, match="'a/1_x.jpg': .* too large for a picture"):
        photos.read("a/1_x.jpg")


def test_heic_is_read_by_the_plug_in_or_says_which(tmp_path, monkeypatch):
    heif = pytest.importorskip("pillow_heif")
    picture = Image.new("RGB", (64, 48), "red")
    heif.from_pillow(picture).save(tmp_path / "1.heic", exif=exif_of(BERLIN), quality=90)
    photos = load_photos(tmp_path)
    assert photos.coordinates[0].tolist() == pytest.approx([52.518917, 13.400294])
    assert photos.image("1.heic").getpixel((5, 5))[0] > 200
    monkeypatch.setattr(images, "find_spec", lambda name: None)
    with pytest.raises(DamagedPhoto, match="HEIC picture: pip install pillow-heif"):
        decode(b"\0\0\0\x18ftypheic" + bytes(12) + b"\0\0\0\x08meta", "p")


def test_real_photos_load_without_special_cases(real, recwarn):
    photos = load_folder(real / "im2gps3k" / "im2gps3k_places365.csv")
    assert len(photos) == 240 and not recwarn.list
    assert photos.table["AUTHOR"].notna().all() and photos.table["S365_Label"].notna().all()
    sizes = {photos.image(img_id).size for img_id in photos.ids}
    assert all(min(size) >= 100 for size in sizes)


def test_real_photos_turned_round_in_their_headers_are_put_right(real, tmp_path):
    folder = real / "im2gps3k"
    text = (folder / "im2gps3k_places365.csv").read_text().replace("LAT,LON", "LON,LAT", 1)
    (tmp_path / "old.csv").write_text(text)
    right = load_folder(folder / "im2gps3k_places365.csv").coordinates
    with pytest.warns(UserWarning, match="headers LAT and LON are exchanged"):
        put_right = load_folder(tmp_path / "old.csv", folder / "images").coordinates
    np.testing.assert_array_equal(put_right, right)


# --- files alone, and what is drawn


def test_files_alone_are_a_photo_set_without_positions(tmp_path):
    for name in ("a/1.jpg", "b/2.jpg"):
        (tmp_path / name).parent.mkdir()
        Image.new("RGB", (40, 30)).save(tmp_path / name)
    photos = PhotoSet.from_files([tmp_path / "b" / "2.jpg", tmp_path / "a" / "1.jpg"])
    assert photos.ids == ["b/2.jpg", "a/1.jpg"] and photos.name == tmp_path.name
    assert list(photos.table) == list(SCHEMA) and np.isnan(photos.coordinates).all()
    assert photos.image("a/1.jpg").size == (40, 30) and not photos.rendered
    with pytest.warns(UserWarning, match="2 photos .* without a position"):
        located = load_photos([tmp_path / "b" / "2.jpg", tmp_path / "a" / "1.jpg"])
    assert (located.version, located.ids) == (photos.version, photos.ids)  # the same features


def test_whether_a_set_is_drawn_is_said_by_the_set():
    photos = miniearth.load("validation", 4)
    assert photos.rendered and photos.take([2, 0]).rendered and photos.head(1).rendered
    assert miniearth.fresh("seen by nobody", 1).rendered
    assert miniearth.is_miniearth(photos.take([2, 0])).tolist() == [True, True]
    # The name of a version proves nothing: the pictures of any other set are looked at.
    black = io.BytesIO()
    Image.new("RGB", (128, 128)).save(black, "png")
    other = PhotoSet("own", photos.table, lambda _: black.getvalue(), photos.version)
    assert not miniearth.is_miniearth(other).any()
    assert miniearth.is_miniearth(replace(photos, rendered=False)).all()


def test_every_photo_set_that_has_a_name_has_a_loader():
    drawn = {"miniearth", *(f"miniearth/{name}" for name in miniearth.SIZES)}
    packed = {"pack", *(f"pack/{part}" for part in pack.PARTS)}
    assert set(LOADERS) == {*remote.BENCHMARKS, *remote.COLLECTIONS, *drawn, *packed}
