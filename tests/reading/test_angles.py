"""No number is cut short, and no sign is guessed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from g3lite.reading.angles import angles, hemisphere, only_angle

WHOLE = [
    ("48.85", 48.85, "latitude"),
    ("-48.85°", -48.85, "latitude"),
    ("48,85", 48.85, "latitude"),
    ("48.85 S", -48.85, "latitude"),
    ("48.85° s", -48.85, "latitude"),
    ("S 48.85", -48.85, "latitude"),
    ("South: 48.85", -48.85, "latitude"),
    ("48.85 degrees south", -48.85, "latitude"),
    ("南纬48.85", -48.85, "latitude"),
    ("48.85° ю. ш.", -48.85, "latitude"),
    ("2.35 deg. W", -2.35, "longitude"),
    ("2.35 oeste", -2.35, "longitude"),
    ("12,5° de latitude sud", -12.5, "latitude"),
    ("77,03° de longitud oeste", -77.03, "longitude"),
    ("48°51'", 48.85, "latitude"),
    ("48° 51' 36''", 48.86, "latitude"),
    ("48 51.6 N", 48.86, "latitude"),
    ("48 51 36 N", 48.86, "latitude"),
    ("48度51分36秒", 48.86, "latitude"),
]
CUT = [
    "2½",
    "2 ½",
    "12[...]",
    "12...",
    "12…",
    ".5",
    "12٫5",
    "4٨",
    "2·35",
    "2.35.1",
    "1,002.35",
    "1e5",
]
CUT += [
    "v2.35",
    "2.35x",
    "2..35",
    "2 .35",
    "2. 35",
    "2:35",
    "2\u0336",
    "２.35",
    "2^5",
    "0012.5",
    "2_5",
]


@pytest.mark.parametrize(("text", "degrees", "axis"), WHOLE)
def test_an_angle_is_read_with_its_sign(text, degrees, axis):
    assert only_angle(text).on(axis) == pytest.approx(degrees)


CUT += ["2(E)35", "2.-35", "2.longitude", "2.35.-5"]


@pytest.mark.parametrize("number", CUT)
@pytest.mark.parametrize("frame", ["{}", "lat {} N", "({}, 3.5)"])
def test_a_number_that_goes_on_is_none(number, frame):
    values = [angle.degrees for angle in angles(frame.format(number)) if not angle.wrong]
    assert values in ([], [3.5])


@pytest.mark.parametrize(
    ("text", "axis", "wrong"),
    [
        ("-48.85 S", "latitude", "contradicts itself"),
        ("N 48.85 S", "latitude", "contradicts itself"),
        ("48.85 E", "latitude", "contradicts itself"),
        ("9.13 O", "longitude", "may be west or east"),  # Spanish west, German east
        ("48°75'", "latitude", "wrong minutes"),
        ("48.5°10'", "latitude", "wrong minutes"),
        ("90.5", "latitude", "outside"),
        ("180.5", "longitude", "outside"),
    ],
)
def test_what_is_wrong_with_an_angle_is_said(text, axis, wrong):
    with pytest.raises(ValueError, match=wrong):
        only_angle(text).on(axis)


@pytest.mark.parametrize(
    "before", ["minus ", "negative ", "menos ", "moins ", "минус ", "负", "- "]
)
def test_a_sign_in_words_is_in_doubt(before):
    (angle,) = angles(f"it is {before}48.85")
    with pytest.raises(ValueError, match="sign"):
        angle.on("latitude")


@pytest.mark.parametrize("text", ["48.8-49.1", "48.8~49.1"])
def test_a_range_is_no_angle(text):
    assert all(angle.wrong for angle in angles(text))


def test_two_numbers_may_stand_without_a_space():
    assert [angle.degrees for angle in angles("48.8566,2.3522")] == [48.8566, 2.3522]


@pytest.mark.parametrize(
    "word", ["south", "Southern", "sur", "Süd", "sud", "sul", "южной", "南纬", "S"]
)
def test_hemispheres_have_words(word):
    assert hemisphere(word) == "S"


@settings(max_examples=300, deadline=None)
@given(st.text("0123456789.,-+°'\"NSEW nsew½٣:;()", max_size=24))
def test_whatever_is_read_stands_in_the_text_complete(text):
    for angle in angles(text):
        assert text[angle.start : angle.end].strip() == angle.text
        before, behind = text[: angle.start], text[angle.end :]
        assert angle.wrong or not (before and behind == "" and before[-1].isdigit())
        assert not behind[:1].isdigit() and not (before[-1:].isdigit() and angle.text[0].isdigit())
