"""Positions and dates from EXIF, as cameras write them and as they should not."""

import ast
import io
import math
import re
from datetime import datetime
from pathlib import Path

import pytest
from exif_blocks import ASCII, BERLIN, RATIONAL, SRATIONAL, exif_of
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from g3lite.datasets import exif
from g3lite.datasets.exif import NoPosition, position


def reread(data: bytes, form: str = "JPEG") -> exif.Exif:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, form, exif=data)
    with Image.open(buffer) as image:
        return exif.read(image)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_position_is_read_from_every_kind_of_file(form):
    found = reread(exif_of(BERLIN), form)
    assert found.lat == pytest.approx(52 + 31 / 60 + 8.1 / 3600, abs=1e-9)
    assert found.lon == pytest.approx(13 + 24 / 60 + 1.06 / 3600, abs=1e-9)
    assert found.note == "" and found.taken is None


@settings(deadline=None)
@given(lat=st.floats(-90, 90), lon=st.floats(-180, 180))
def test_every_hemisphere_comes_back(lat, lon):
    def parts(value):
        degrees, rest = divmod(abs(value), 1)
        minutes, rest = divmod(rest * 60, 1)
        return [(int(degrees), 1), (int(minutes), 1), (round(rest * 60 * 10**6), 10**6)]

    gps = {
        1: (ASCII, "N" if lat >= 0 else "S"), 2: (RATIONAL, parts(lat)),
        3: (ASCII, "E" if lon >= 0 else "W"), 4: (RATIONAL, parts(lon)),
    }  # fmt: skip
    found = reread(exif_of(gps))
    if found.note:
        assert "(0, 0)" in found.note and max(abs(lat), abs(lon)) < 1e-9
    else:
        assert (found.lat, found.lon) == pytest.approx((lat, lon), abs=1e-9)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(105, 2)], 52.5),
        ([(52, 1), (3135, 100)], 52.5225),
        ([(52, 1), (0, 1), (60, 1)], 52 + 1 / 60),
    ],
)
def test_degrees_may_come_without_minutes_or_seconds(parts, expected):
    found = reread(exif_of(BERLIN | {2: (RATIONAL, parts)}))
    assert found.lat == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({2: (RATIONAL, [(52, 1), (31, 0), (8, 1)])}, "latitude is not a number .* zero denom"),
        ({4: (RATIONAL, [(0, 0), (0, 0), (0, 0)])}, "longitude is not a number .* zero denom"),
        ({1: (ASCII, "")}, "latitude says neither N nor S"),
        ({3: (ASCII, "X")}, "longitude says neither E nor W"),
        ({3: (ASCII, "N")}, "longitude says neither E nor W"),
        ({1: None}, "latitude says neither N nor S"),
        ({2: None}, "it has no latitude"),
        ({4: None}, "it has no longitude"),
        ({2: (RATIONAL, [(95, 1), (0, 1), (0, 1)])}, r"latitude \(95, 0, 0\) is impossible"),
        ({2: (RATIONAL, [(90, 1), (0, 1), (1, 1)])}, "latitude .* is impossible"),
        ({4: (RATIONAL, [(181, 1), (0, 1), (0, 1)])}, "longitude .* is impossible"),
        ({2: (RATIONAL, [(52, 1), (61, 1), (0, 1)])}, "latitude .* is impossible"),
        ({2: (SRATIONAL, [(-52, 1), (31, 1), (0, 1)])}, "latitude .* is impossible"),
        ({2: (RATIONAL, [(1, 1)] * 4)}, "latitude .* cannot be read"),
        ({2: (ASCII, "somewhere")}, "latitude 'somewhere' cannot be read"),
        ({2: (RATIONAL, [(105, 2), (31, 1), (0, 1)])}, "latitude .* a fraction before its last"),
        ({4: (RATIONAL, [(13, 1), (49, 2), (1, 1)])}, "longitude .* a fraction before its last"),
        ({9: (ASCII, "V")}, "no fix"),
        (
            {2: (RATIONAL, [(0, 1)] * 3), 4: (RATIONAL, [(0, 1)] * 3)},
            r"position is \(0, 0\), which cameras write",
        ),
    ],
)
def test_an_uncertain_position_is_none_and_says_why(change, note):
    gps = {tag: value for tag, value in (BERLIN | change).items() if value}
    found = reread(exif_of(gps))
    assert math.isnan(found.lat) and math.isnan(found.lon)
    assert re.search(note, found.note), found.note


def test_the_equator_and_the_prime_meridian_are_positions():
    zero = [(0, 1)] * 3
    assert reread(exif_of(BERLIN | {2: (RATIONAL, zero)})).lat == 0
    assert reread(exif_of(BERLIN | {4: (RATIONAL, zero)})).lon == 0


def test_hemispheres_in_lower_case_or_as_bytes_are_understood():
    gps = {1: b"s\0", 2: (33.0, 52.0, 10.0), 3: "west", 4: (70.0, 39.0, 0.0)}
    assert position(gps) == pytest.approx((-33.869444, -70.65), abs=1e-6)


CASES = Path(__file__).parents[1] / "cases" / "exif"


@pytest.mark.parametrize("case", sorted(CASES.glob("*.expected")), ids=lambda case: case.stem)
def test_the_cases_are_read_as_they_should_be(case):
    (picture,) = set(CASES.glob(f"{case.stem}.*")) - {case}
    with Image.open(picture) as image:
        found = exif.read(image)
    expected = ast.literal_eval(case.read_text())
    if expected:
        assert (found.lat, found.lon) == pytest.approx(expected, abs=1e-6) and found.note == ""
    else:
        assert math.isnan(found.lat) and math.isnan(found.lon) and found.note


XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-synt'
    'ax-ns#"><rdf:Description rdf:about="" {}/></rdf:RDF></x:xmpmeta>'
)


def with_xmp(packet: str, form: str = "JPEG", data: bytes = b"") -> exif.Exif:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, form, exif=data, xmp=packet.encode())
    with Image.open(buffer) as image:
        return exif.read(image)


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
@pytest.mark.parametrize(
    ("lat", "lon", "expected"),
    [
        ("38,42.834N", "9,8.004W", (38.7139, -9.1334)),
        ("33,52,10S", "151,12,30E", (-33.869444, 151.208333)),
        ("0,0.5n", "0,30.0e", (0.5 / 60, 0.5)),
    ],
)
def test_a_position_in_xmp_alone_is_read(form, lat, lon, expected):
    as_attributes = XMP.format(f"exif:GPSLatitude=\"{lat}\" exif:GPSLongitude = '{lon}'")
    elements = (
        f"<exif:GPSLatitude> {lat}</exif:GPSLatitude><exif:GPSLongitude>{lon}</exif:GPSLongitude>"
    )
    on_lines = elements.replace("><", ">\n  <").replace("> ", ">\r\n\t")
    for packet in (
        as_attributes,
        XMP.format(f">{elements}</rdf:Description").replace("Description/>", "Description>"),
        XMP.format(f">\n  {on_lines}\n</rdf:Description").replace("Description/>", "Description>"),
        f'<?xpacket begin="\ufeff" id="W5"?>\n{as_attributes}\n   <?xpacket end="w"?>\0',
    ):
        found = with_xmp(packet, form)
        assert (found.lat, found.lon) == pytest.approx(expected, abs=1e-6) and found.note == ""


@pytest.mark.parametrize(
    ("said", "note"),
    [
        ('exif:GPSLatitude="38,42.834N"', "it has no longitude"),
        ('exif:GPSLatitude="38.7139" exif:GPSLongitude="9,8.004W"', "neither N nor S"),
        ('exif:GPSLatitude="38,42.834" exif:GPSLongitude="9,8.004W"', "cannot be read"),
        ('exif:GPSLatitude="38,42.834E" exif:GPSLongitude="9,8.004W"', "says neither N nor S"),
        ('exif:GPSLatitude="98,42.834N" exif:GPSLongitude="9,8.004W"', "is impossible"),
        ('exif:GPSLatitude="0,0N" exif:GPSLongitude="0,0E"', r"position is \(0, 0\)"),
        ('exif:GPSStatus="V" exif:GPSLatitude="8,4N" exif:GPSLongitude="9,8W"', "no fix"),
        ('exif:GPSAltitude="12/1"', "it has no latitude"),
    ],
)
def test_an_uncertain_position_in_xmp_is_none_too(said, note):
    found = with_xmp(XMP.format(said))
    assert math.isnan(found.lat) and math.isnan(found.lon) and re.search(note, found.note)


AT = 'exif:GPSLatitude="38,42N" exif:GPSLongitude="9,8W"'


@pytest.mark.parametrize(
    ("packet", "note"),
    [
        (XMP.format(f'{AT}/><rdf:Description exif:GPSLatitude="3,4N"'), "more than one GPSLat"),
        (XMP.format(f"{AT}><m><exif:GPSLongitude>1,2E</exif:GPSLongitude></m></rdf:Description")
         .replace("Description/>", "Description>"), "more than one GPSLongitude: 1,2E, 9,8W"),
        (f"<!-- {XMP.format(AT)} -->{XMP.format('')}", "it has no latitude"),
        (XMP.format(AT.replace("38", "٣٨")), "cannot be read"),
        (XMP.format(AT.replace("8W", "８W")), "cannot be read"),
        (XMP.format(AT) * 2, "its XMP cannot be read"),
        (XMP.format(AT)[:-5], "its XMP cannot be read"),
        (f'<!DOCTYPE x [<!ENTITY a "38,42N">]>{XMP.format(AT)}', "its XMP has a DOCTYPE"),
        (XMP.format(AT) + " " * 50 + "<!-- -->", ""),
        (XMP.format(f"{AT}/><rdf:Description {AT}"), ""),  # the same twice
    ],
)  # fmt: skip
def test_a_position_in_xmp_is_one_that_is_said_once(packet, note):
    found = with_xmp(packet)
    assert math.isnan(found.lat) == bool(note) and note in found.note


def test_xmp_that_is_too_long_is_not_read(monkeypatch):
    monkeypatch.setattr(exif, "MAX_XMP", 100)
    assert "its XMP is too long" in with_xmp(XMP.format(AT)).note


def test_exif_comes_before_xmp_even_where_it_is_wrong():
    packet = XMP.format('exif:GPSLatitude="1,2N" exif:GPSLongitude="3,4E"')
    assert with_xmp(packet, data=exif_of(BERLIN)).lat == pytest.approx(52.518917, abs=1e-6)
    wrong = exif_of(BERLIN | {1: (ASCII, "X")})
    assert "neither N nor S" in with_xmp(packet, data=wrong).note


@settings(deadline=None)
@given(st.text(max_size=200))
def test_xmp_of_any_text_never_raises(text):
    found = with_xmp(f'exif:GPSLatitude="{text}" exif:GPSLongitude="3,4E" {text}')
    assert math.isnan(found.lat) == bool(found.note)


def test_nothing_is_no_position():
    with pytest.raises(NoPosition, match="no latitude"):
        position({})
    found = reread(b"")
    assert math.isnan(found.lat) and found.taken is None and "no latitude" in found.note


def test_the_date_is_the_shutters_else_the_files():
    shutter = {0x9003: (ASCII, "2024:05:17 08:09:10")}
    changed = {0x0132: (ASCII, "2025:01:01 00:00:00")}
    assert reread(exif_of(BERLIN, shutter, changed)).taken == datetime(2024, 5, 17, 8, 9, 10)
    assert reread(exif_of(BERLIN, {}, changed)).taken == datetime(2025, 1, 1)
    unset = {0x9003: (ASCII, "0000:00:00 00:00:00")}
    assert reread(exif_of(BERLIN, unset)).taken is None
    found = reread(exif_of(None, shutter))  # a date without a position is a date
    assert found.taken == datetime(2024, 5, 17, 8, 9, 10) and "no latitude" in found.note


@pytest.mark.filterwarnings("ignore")
@settings(deadline=None)
@given(st.binary(max_size=300))
def test_garbage_never_raises(garbage):
    found = reread(b"Exif\0\0II*\0" + garbage)
    assert found.note and math.isnan(found.lat)


@pytest.mark.filterwarnings("ignore")
@settings(deadline=None)
@given(st.integers(0, 2_200), st.integers(1, 255))
def test_a_flipped_byte_never_raises(place, bits):
    data = bytearray(exif_of(BERLIN, {0x9003: (ASCII, "2024:05:17 08:09:10")}))
    data[6 + place % (len(data) - 6)] ^= bits
    found = reread(bytes(data))
    assert math.isnan(found.lat) == bool(found.note)
    assert found.note or (abs(found.lat) <= 90 and abs(found.lon) <= 180)
