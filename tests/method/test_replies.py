"""Replies: read by eye first, then by the parser; a wrong candidate is worse than none."""

import json
import random
import re
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reply_mutants import in_text, kilometres, mutants

from g3lite.replies import Reply, parse, parse_all

PARIS, BRISTOL, SYDNEY = (48.8566, 2.3522), (51.45, -2.59), (-33.8568, 151.2153)

READ = [
    # JSON
    ('{"latitude": 48.8566, "longitude": 2.3522}', PARIS, "json"),
    ('{"longitude": 2.3522, "latitude": 48.8566}', PARIS, "json"),
    ('{"Latitude":48.8566,"LONGITUDE":2.3522}', PARIS, "json"),
    ('{"lat": 48.8566, "lng": 2.3522}', PARIS, "json"),
    ('{"lat": 48.8566, "long": 2.3522}', PARIS, "json"),
    ('```json\n{"latitude": -33.8568, "longitude": 151.2153}\n```', SYDNEY, "json"),
    ('```\n{"lat": -33.8568, "lon": 151.2153}', SYDNEY, "json"),
    ('I think it is Paris:\n{"latitude": 48.8566, "longitude": 2.3522}\nYes.', PARIS, "json"),
    ('I\'m unable to say, but a guess: {"latitude": 47.4, "longitude": 8.5}', (47.4, 8.5), "json"),
    ('{"latitude": 48, "longitude": 2}', (48, 2), "json"),
    ('{"latitude": 0, "longitude": 0}', (0, 0), "json"),
    ('{"latitude": -0.0, "longitude": 180}', (0, 180), "json"),
    ('{"latitude": 90, "longitude": -180}', (90, -180), "json"),
    ('{"latitude": 4.88566e1, "longitude": 2.3522}', PARIS, "json"),
    ('{"latitude": "48.8566", "longitude": "2.3522"}', PARIS, "json"),
    ('{"latitude": "48,8566", "longitude": "2,3522"}', PARIS, "json"),
    ('{"latitude": "51.45° N", "longitude": "2.59° W"}', BRISTOL, "json"),
    ('{"latitude": "N 51.45", "longitude": "W 2.59"}', BRISTOL, "json"),
    ('{"latitude": "51.45 degrees north", "longitude": "2.59 degrees west"}', BRISTOL, "json"),
    ('{"latitude": "51°27′ N", "longitude": "2°35′24″ W"}', BRISTOL, "json"),
    ('{"latitude": 51.45, "longitude": −2.59}', BRISTOL, "json"),
    ("{“latitude”: 51.45, “longitude”: –2.59}", BRISTOL, "json"),
    ('{"location": {"latitude": 51.45, "longitude": -2.59}}', BRISTOL, "json"),
    ('{"place": "Bristol {UK", "x": "}", "lat": 51.45, "lon": -2.59}', BRISTOL, "json"),
    ('{"a": {"b": {"c": {"lat": 51.45, "lon": -2.59}}}}', BRISTOL, "json"),
    ('[{"latitude": 51.45, "longitude": -2.59}]', BRISTOL, "json"),
    ('{"type": "Point", "coordinates": [2.3522, 48.8566]}', PARIS, "json"),
    ('{"city": "Bristol", "latitude": 51.45, "longitude": -2.59, "sure": 99.5}', BRISTOL, "json"),
    ('{"lat": 51.45, "lon": -2.59} or, once more, {"lat": 51.45, "lon": -2.59}', BRISTOL, "json"),
    ('Near (51.5, -0.1), so {"lat": 51.45, "lon": -2.59}', BRISTOL, "json"),
    ('For example {"lat": 1.5, "lon": 2.5}. Here: {"lat": 51.45, "lon": -2.59}', BRISTOL, "json"),
    ('{"lat": 1.5, "lon": 2.5}; my final answer is {"lat": 51.45, "lon": -2.59}', BRISTOL, "json"),
    # nearly JSON
    ("{'latitude': 51.45, 'longitude': -2.59}", BRISTOL, "labels"),
    ('{"latitude": 51.45, "longitude": -2.59,}', BRISTOL, "labels"),
    ("{latitude: 51.45, longitude: -2.59}", BRISTOL, "labels"),
    ('{"latitude": 51.45° N, "longitude": 2.59° W}', BRISTOL, "labels"),
    ('{"latitude": +51.45, "longitude": -2.59}', BRISTOL, "labels"),
    ('"latitude": 51.45, "longitude": -2.59', BRISTOL, "labels"),
    # labels
    ("Latitude: 51.45, Longitude: -2.59", BRISTOL, "labels"),
    ("Longitude: -2.59, Latitude: 51.45", BRISTOL, "labels"),
    ("lat 51.45 lon -2.59", BRISTOL, "labels"),
    ("lat=51.45&lng=-2.59".replace("&", ";"), BRISTOL, "labels"),
    ("- **Latitude:** 51.45\n- **Longitude:** -2.59\n", BRISTOL, "labels"),
    ("**Latitude**: `51.45`\n**Longitude**: `-2.59`", BRISTOL, "labels"),
    ("The latitude is about 51.45 and the longitude is about -2.59.", BRISTOL, "labels"),
    ("Latitude: 51.45° N, Longitude: 2.59° W (I am 90 % sure)", BRISTOL, "labels"),
    ("Latitude: 51,45, Longitude: -2,59", BRISTOL, "labels"),
    ("Latitude: 51°27' N; Longitude: 2°35'24\" W", BRISTOL, "labels"),
    ("Latitude: 51.45, Longitude: −2.59, 99.5 % sure", BRISTOL, "labels"),
    # hemispheres
    ("51.45° N, 2.59° W", BRISTOL, "hemispheres"),
    ("51.45°N 2.59°W", BRISTOL, "hemispheres"),
    ("51.45N, 2.59W", BRISTOL, "hemispheres"),
    ("2.59° W, 51.45° N", BRISTOL, "hemispheres"),
    ("N 51.45°, W 2.59°", BRISTOL, "hemispheres"),
    ("N51.45 W2.59", BRISTOL, "hemispheres"),
    ("(51.45° N, 2.59° W)", BRISTOL, "hemispheres"),
    ("51,45° N, 2,59° W", BRISTOL, "hemispheres"),
    ("It is 51.45 degrees north and 2.59 degrees west.", BRISTOL, "hemispheres"),
    ("51.45° North latitude, 2.59° West longitude", BRISTOL, "hemispheres"),
    ("51°27'00\"N 2°35'24\"W", BRISTOL, "hemispheres"),
    ("51° 27′ 0″ N, 2° 35′ 24.0″ W", BRISTOL, "hemispheres"),
    ("51°27’N, 2°35.4’W", BRISTOL, "hemispheres"),
    ("33.8568° S, 151.2153° E", SYDNEY, "hemispheres"),
    ("0° N, 0° E", (0, 0), "hemispheres"),
    ("51°27'00\"N 2°35'24\"W (51.450, -2.590)", BRISTOL, "hemispheres"),
    ("I can't tell, but it may be at 51.45° N, 2.59° W.", BRISTOL, "hemispheres"),
    # pairs
    ("The coordinates are (51.45, -2.59).", BRISTOL, "pair"),
    ("Sure!\n(51.45, -2.59)\nis the place.", BRISTOL, "pair"),
    ("(48.8566, 2.3522)", PARIS, "pair"),
    ("[48.8566, 2.3522]", PARIS, "pair"),
    ("[-33.8568,151.2153]", SYDNEY, "pair"),
    ("```\n(48.8566, 2.3522)\n```", PARIS, "pair"),
    ("```json\n[48.8566, 2.3522]\n```", PARIS, "pair"),
    ("**(51.45, −2.59)**", BRISTOL, "pair"),
    ("48.8566, 2.3522", PARIS, "pair"),
    ("I guess (48.8566, 2.3522), 99.5 % sure.", PARIS, "pair"),
    ("The (latitude, longitude) pair is (48.8566, 2.3522).", PARIS, "pair"),
    ("(48.8566°, 2.3522°)", PARIS, "pair"),
    ("(48,8566; 2,3522)", PARIS, "pair"),
    ("(0, 0)", (0, 0), "pair"),
    ("(48, 2)", (48, 2), "pair"),
    ("It is not (45.5, 9.2) but (48.8566, 2.3522).", PARIS, "pair"),
    ("Near (45.5, 9.2) or (44.5, 8.2). My best guess: (48.8566, 2.3522)", PARIS, "pair"),
    ("Route 66, 12.5 km away; my guess is (48.8566, 2.3522).", PARIS, "pair"),
]

REFUSED = [
    (None, "empty"),
    ("", "empty"),
    (" \n\t", "empty"),
    ("I'm sorry, I can't help with that.", "refusal"),
    ("I’m unable to determine the location from this image.", "refusal"),
    ("I'm sorry, I can't say: I am only 12.5 % sure.", "refusal"),
    ("It is somewhere in France.", "no coordinates"),
    ("null", "no coordinates"),
    # other numbers
    ("I am 99.5 % sure that it is Paris, 2.1 million people.", "numbers, but"),
    ("Route 66, 12.5 km", "numbers, but"),
    ("See photos [1, 2] and (3, 4).", "numbers, but"),
    ("The score is (0.91, 0.85).", "something else"),
    ("f(1.5, 2.5)", "numbers, but"),
    ("(48.8566, 2.3522, 35.0)", "numbers, but"),
    ("(48.8566)", "numbers, but"),
    ("48, 2", "numbers, but"),
    ("(99.5, 12.5) %", "range"),
    ("(12.5, 13.5) km", "range"),
    ("Version (1.2, 3.4)", "something else"),
    ("The aspect is (16.0, 9.0)", "something else"),
    ("f/(2.8, 5.6)", "something else"),
    ("It shows (20.5°, 30.5°)", "something else"),
    # ranges
    ("between 40 and 45", "numbers, but"),
    ("Latitude: between 40 and 45, Longitude: 2", "numbers, but"),
    ("Latitude: 40-45, Longitude: 2-3", "numbers, but"),
    ("Latitude: 40, Longitude: 2–3", "range"),
    ("Latitude: 40, Longitude: 2 to 3", "range"),
    ("Latitude: 40, Longitude: 2 ± 1", "range"),
    ("Latitude: 40 or 41, Longitude: 2", "numbers, but"),
    ("48 to 49° N, 2.35° E", "range"),
    ("48-49° N, 2.35° E", "range"),
    ("48° N, 2.35° E to 3° E", "range"),
    ("between 48° N, 2° E and 49° N, 3° E", "range"),
    ("latitude in the range [40.5, 45.2]", "something else"),
    ("Latitude: [40.5, 45.2]", "not clear"),
    ('{"latitude": "40-45", "longitude": 2}', "not one angle"),
    ('{"latitude": [40, 45], "longitude": [2, 3]}', "not a number"),
    # outside
    ('{"latitude": 91, "longitude": 2}', "outside"),
    ('{"latitude": 48, "longitude": 180.0001}', "outside"),
    ('{"latitude": 1e400, "longitude": 2}', "outside"),
    ('{"latitude": 151.2153, "longitude": -33.8568}', "outside"),
    ("(151.2153, -33.8568)", "outside"),
    ("Latitude: -90.5, Longitude: 2", "outside"),
    ("95° N, 2° E", "outside"),
    ("90°00'01\" N, 2°00'00\" E", "outside"),
    # missing or no numbers
    ('{"latitude": 48.8566}', "longitude is missing"),
    ('{"laitude": 48.8566, "longitude": 2.3522}', "latitude is missing"),
    ('{"latitude": null, "longitude": null}', "not a number"),
    ('{"latitude": null, "longitude": 2} (48.8566, 2.3522)', "not a number"),
    ('{"latitude": true, "longitude": false}', "not a number"),
    ('{"latitude": NaN, "longitude": 2}', "not one angle"),
    ('{"latitude": 48, "longitude": -Infinity}', "not one angle"),
    ('{"latitude": "", "longitude": ""}', "not one angle"),
    ('{"latitude": "unknown", "longitude": 2.35}', "not one angle"),
    ('{"latitude": {"degrees": 48}, "longitude": 2}', "not a number"),
    ('{"latitude": , "longitude": 2.35}', "not JSON"),
    # as MiniLMM wrote them
    ('{"latitude": 18.58, "longitude": -71.longitude": -72.94}', "not JSON"),
    ('{"latitude": 39.longitude": 16.30, "longitude": 97.89}', "not JSON"),
    ('{"latitude": 19.29, "longitude": 114., "longitude": 105.38}', "not JSON"),
    ('{"latitude": 49.76, "longitude": -119.-6.59}', "not JSON"),
    ('{"latitude": 48.8 566, "longitude": 2.35}', "not JSON"),
    ("Latitude: unknown, Longitude: 2.35", "numbers, but"),
    ("48.85° N", "numbers, but"),
    ("lat 48.85", "numbers, but"),
    ("Latitude: minus 33.8, Longitude: 151.2", "numbers, but"),
    ("Latitude: - 33.8, Longitude: 151.2", "numbers, but"),
    # several, doubled or cut off
    ('{"lat": 1.5, "lon": 2.5} {"lat": 3.5, "lon": 4.5}', "several"),
    ('[{"lat": 1.5, "lon": 2.5}, {"lat": 3.5, "lon": 4.5}]', "several"),
    ('{"a": {"lat": 1.5, "lon": 2.5}, "b": {"lat": 3.5, "lon": 4.5}}', "several"),
    ("{'lat': 1.5, 'lon': 2.5} {\"lat\": 3.5, \"lon\": 4.5}", "several"),
    ("(48.8566, 2.3522) or (45.512, 9.212)", "several"),
    ("(48.8566, 2.3522), perhaps (45.512, 9.212)", "several"),
    ("My best guess (1.5, 2.5), my final answer (3.5, 4.5)", "several"),
    ('{"lat": 1.5, "lat": 3.5, "lon": 2.5}', "twice"),
    ('{"lat": 1.5, "latitude": 3.5, "lon": 2.5}', "twice"),
    ('{"latitude": 48.8566, "longitude": 2.3', "cut off"),
    ("(48.8566, -2", "numbers, but"),
    ("For example (48.8566, 2.3522)", "numbers, but"),
    ('{"latitude": 48.8566, "longitude": 2.352}2', "stuck"),
    ("1((8.8566, 2.3522)", "numbers, but"),
    ("(48.8566, 2.352)2", "range"),
    ("82°07'45.75\" N70°10'43.5612E\"", "numbers, but"),
    # sign, hemisphere and order
    ("-48.8° S, 2.3° E", "contradicts"),
    ('{"latitude": "-48.8 S", "longitude": 2}', "contradicts"),
    ('{"latitude": "48.8 E", "longitude": "2.3 N"}', "contradicts"),
    ("48° N, 49° S", "contradicts"),
    ('{"latitude": 33.8, "latitude_direction": "S", "longitude": 151.2}', "may change"),
    ("Latitude: 33.8, Longitude: 58.4 (W)", "one number only"),
    ("The (longitude, latitude) pair is (2.3522, 48.8566).", "not clear"),
    ('{"type": "MultiPoint", "coordinates": [2.3522, 48.8566]}', "numbers, but"),
    ('{"geometry": {"coordinates": [2.3522, 48.8566]}}', "numbers, but"),
    ('"coordinates": [2.3522, 48.8566]', "something else"),
    ("48°75' N, 2°10' E", "minutes"),
    ("48.5°10' N, 2°10' E", "minutes"),
    # failures that look like an answer
    ('I\'m sorry, I can\'t tell. {"latitude": 0.0, "longitude": 0.0}', "zeros"),
    ("I cannot determine it: (0.0, 0.0)", "something else"),
    ("I cannot determine the location: (0.0, 0.0)", "zeros"),
    ("The similar coordinates (48.1, 2.1) help. I cannot tell.", "mentions"),
    ("I can't tell. The tower is at 48.8584° N, 2.2945° E.", "mentions"),
    ("(٤٨.٥, ٢.٣)", "no coordinates"),
]


@pytest.mark.parametrize(("text", "coordinates", "form"), READ)
def test_a_stated_place_is_read(text, coordinates, form):
    reply = parse(text)
    assert reply.reason is None and reply.form == form
    assert reply.coordinates == pytest.approx(coordinates, abs=1e-9)


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_anything_else_has_a_reason(text, reason):
    reply = parse(text)
    assert reply.coordinates is None and reason in reply.reason


def test_only_text_or_none_is_a_reply():
    with pytest.raises(TypeError, match="a reply is text or None, not dict"):
        parse({"latitude": 48.8566, "longitude": 2.3522})


def test_replies_become_rows_and_reasons():
    candidates, reasons = parse_all(["(48.8566, 2.3522)", None, "Sorry.", "(0, 0)"])
    assert candidates.dtype == np.float64
    np.testing.assert_array_equal(candidates, [PARIS, [np.nan] * 2, [np.nan] * 2, [0, 0]])
    assert reasons == [None, "empty reply", "refusal", None]
    assert parse_all([])[0].shape == (0, 2)


CASES = pd.read_csv(
    Path(__file__).with_name("reply_cases.csv"), dtype={"reply": str}, keep_default_na=False
)


@pytest.mark.parametrize("case", list(CASES.itertuples()), ids=CASES["id"])
def test_replies_in_all_styles_are_read_as_a_person_reads_them(case):
    """Decided by hand before the parser ran; without coordinates: no place may be read."""
    reply = parse(case.reply)
    if case.lat == "":
        assert reply.coordinates is None and reply.reason, reply
    else:
        assert reply.coordinates == pytest.approx((float(case.lat), float(case.lon)), abs=2e-6)


@pytest.mark.parametrize(
    "text",
    [
        '{"latitude": 48.8566, "longitude": 2.3522}',
        '{"latitude": 48.8566, "longitude": 2.3522}\n\nThe tower is',
        'My answer:\n```json\n{"latitude": 48.8566, "longitude": 2.3522}\n',
    ],
)
def test_of_a_reply_that_was_cut_off_a_closed_object_counts(text):
    assert parse(text, cut_off=True).coordinates == PARIS


@pytest.mark.parametrize(
    "text",
    [
        "Latitude: 48.8566, Longitude: 2.35",
        "48.8566° N, 2.3522° E",
        "(48.8566, 2.3522)",
        "Final answer: (48.8566, 2.3522). It is",
    ],
)
def test_of_a_reply_that_was_cut_off_nothing_else_counts(text):
    assert parse(text, cut_off=True).reason == "cut off before the end of the reply"
    assert parse_all([text], cut_off=True)[1] == ["cut off before the end of the reply"]


@pytest.mark.parametrize(
    "begin",
    ["[", "Top 3:\n- ", "1. ", "Either ", "(maybe ", "Hypothesis A: ", "Candidates:\n\n", "[\n  "],
)
def test_of_a_reply_that_was_cut_off_the_first_of_a_list_is_no_answer(begin):
    text = begin + '{"latitude": 48.8566, "longitude": 2.3522}'
    assert parse(text, cut_off=True).reason == "cut off before the end of the reply"


def test_an_object_that_is_not_closed_never_counts():
    text = '{"draft": {"latitude": 10.5, "longitude": 20.5}, "latitude": 48.85'
    for cut_off in (False, True):
        assert "may be cut off" in parse(text, cut_off=cut_off).reason


def test_which_replies_were_cut_off_may_be_said_of_each():
    candidates, reasons = parse_all(["(48.8566, 2.3522)"] * 2, cut_off=[False, True])
    np.testing.assert_array_equal(candidates, [PARIS, [np.nan] * 2])
    assert reasons == [None, "cut off before the end of the reply"]
    with pytest.raises(ValueError, match="zip"):
        parse_all(["(48.8566, 2.3522)"] * 2, cut_off=[False])


def test_within_a_kilometre_the_more_precise_writing_counts():
    assert parse("(48.857, 2.352), exactly (48.8566, 2.3522)").coordinates == PARIS
    assert "several" in parse("(48.857, 2.352) or (48.837, 2.352)").reason


def test_what_is_longer_than_any_answer_is_not_read():
    assert "not an answer" in parse("(48.8566, 2.3522)" + " no" * 40_000).reason
    assert parse("<think>" + "no " * 400_000 + "</think>(48.8566, 2.3522)").coordinates == PARIS


PIECES = [
    "{",
    "{}",
    '{"lat":',
    "(",
    "(1.5, ",
    "(1.5, 2.5) ",
    "[lat,lon] (1.5, 2.5)",
    "1",
    "1.",
    "1,",
]
PIECES += [
    "1°1'",
    "lat ",
    "lat: 1.5 lon: ",
    "lat: 1.5, lon: 2.5 ",
    '{"lat": 1.5, "lon": 2.5}',
    "1.5° N ",
]
PIECES += [
    " ",
    "\n",
    "N",
    "-",
    '"',
    "my best guess ",
    "answer: ",
    "for example ",
    "not ",
    "a",
    '{"a": [',
]
PIECES += [
    "\\",
    "`",
    "e.g. ",
    "<think>",
    "</think>",
    "<a ",
    "~~",
    "**",
    "|lat|lon|\n",
    "1.5, 2.5\n",
]
PIECES += ["a\n", "2.5:\n", "北", "?", "//", "longitude and ", "north "]


def seconds(text: str) -> float:
    start = time.process_time()
    parse(text)
    return time.process_time() - start


@pytest.mark.slow
@pytest.mark.parametrize("piece", PIECES)
def test_long_replies_are_read_in_linear_time(piece):
    def long(size: int) -> list[str]:
        text = piece * (size // len(piece))
        return [
            text,
            "{" + text + "}",
            "lat: 1.5" + text + "lon: 2.5",
            text + '{"lat": 1.5, "lon": 2}',
        ]

    for short, four_times in zip(long(20_000), long(80_000), strict=True):
        assert seconds(four_times) < 8 * seconds(short) + 0.5  # 16 times in quadratic time


@pytest.mark.parametrize("piece", ['\\"', "my ", "my best ", '{"'])
def test_quotation_marks_and_marks_of_an_answer_are_looked_at_once(piece):
    assert seconds(piece * (90_000 // len(piece))) < 10  # in quadratic time half a minute or more


@pytest.mark.parametrize(
    "text",
    [
        "这张照片展示了一座位于布拉格老城区附近的中世纪石桥桥上有许多巴洛克风格的雕像和游客",
        "A" * 70,
        "Éé" * 35,
    ],
)
def test_a_long_word_before_a_pair_takes_no_time(text):
    assert seconds(f"{text} (50.0865, 14.4114)") < 5  # going back and forth it would never end


def test_a_long_reply_of_pairs_takes_no_minutes():
    assert seconds("[lat,lon] (1.5, 2.5)" * 4_900) < 10  # in quadratic time it would be a minute


def dms(micro: int, letters: str) -> str:
    """Micro-degrees as degrees, minutes and seconds, exactly."""
    degrees, rest = divmod(abs(micro) * 36, 36_000_000)
    minutes, rest = divmod(rest, 600_000)
    return f"{degrees}°{minutes:02d}'{rest / 10_000:07.4f}\"{letters[micro < 0]}"


def plain(micro: int) -> str:
    return f"{micro / 1e6:.6f}"


def half(micro: int, letters: str) -> str:
    return f"{abs(micro) / 1e6:.6f}° {letters[micro < 0]}"


FORMS = {
    "JSON": lambda a, o: f'{{"latitude": {plain(a)}, "longitude": {plain(o)}}}',
    "reversed": lambda a, o: f'{{"lng": {plain(o)}, "LAT": {plain(a)}}}',
    "strings": lambda a, o: f'{{"latitude": "{half(a, "NS")}", "longitude": "{half(o, "EW")}"}}',
    "fenced": lambda a, o: f'```json\n{{"latitude":{a / 1e6!r},\n"longitude":{plain(o)}}}\n```',
    "nested": lambda a, o: f'{{"answer": {{"lat": {plain(a)}, "lon": {plain(o)}}}, "sure": 7.5}}',
    "quotes": lambda a, o: f"{{'latitude': {plain(a)}, 'longitude': {plain(o)}}}",
    "labels": lambda a, o: f"Latitude: {plain(a)}, Longitude: {plain(o)}",
    "list": lambda a, o: f"\n- **Latitude:** {half(a, 'NS')}\n- **Longitude:** {half(o, 'EW')}\n",
    "commas": lambda a, o: f"Latitude: {plain(a)}, Longitude: {plain(o)}".replace(".", ","),
    "hemispheres": lambda a, o: f"{half(a, 'NS')}, {half(o, 'EW')}",
    "east first": lambda a, o: f"{half(o, 'EW')}, {half(a, 'NS')}",
    "seconds": lambda a, o: f"{dms(a, 'NS')} {dms(o, 'EW')}",
    "round": lambda a, o: f"({plain(a)}, {plain(o)})",
    "square": lambda a, o: f"[{plain(a)},{plain(o)}]",
    "semicolon": lambda a, o: f"({plain(a)}; {plain(o)})".replace(".", ","),
}
BEFORE = [
    "",
    "The answer is ",
    "It may be Paris, 99.5 % sure: ",
    "Sure!\n\n",
    "I'm unable to, but: ",
]
AFTER = [
    "",
    ".",
    " is my answer.",
    "\n\nRoute 66 is 12.5 km away.",
    ", I am 95 % sure",
    "\nGood luck",
]


@pytest.mark.slow
@settings(max_examples=1500, deadline=None)
@given(
    lat=st.integers(-90_000_000, 90_000_000),
    lon=st.integers(-180_000_000, 180_000_000),
    form=st.sampled_from(sorted(FORMS)),
    before=st.sampled_from(BEFORE),
    after=st.sampled_from(AFTER),
    minus=st.sampled_from("-−–"),
)
def test_every_coordinate_in_every_form_comes_back(lat, lon, form, before, after, minus):
    text = before + FORMS[form](lat, lon).replace("-", minus if form != "list" else "-") + after
    reply = parse(text)
    placeholder = max(abs(lat), abs(lon)) <= 1_000_000 or abs(lat) == 90_000_000
    if placeholder and "unable" in text:
        assert reply.coordinates is None
    else:
        assert reply.reason is None, (text, reply)
        assert reply.coordinates == pytest.approx((lat / 1e6, lon / 1e6), abs=1e-6)


@pytest.mark.slow
@settings(max_examples=1500, deadline=None)
@given(
    st.one_of(
        st.text(),
        st.text("{}[]()\"':,;.-−°′″NSEW0123456789 \n", max_size=60),
        st.lists(
            st.sampled_from(
                [
                    '{"',
                    "lat",
                    "lon",
                    '": ',
                    '"',
                    ", ",
                    "}",
                    "-",
                    "48.85",
                    "151",
                    "° ",
                    "N",
                    "W",
                    "(",
                ]
                + [
                    ")",
                    "2.3",
                    "my answer",
                    "e.g.",
                    "Latitude: ",
                    "Longitude: ",
                    "to ",
                    "{",
                    ":",
                    "\n",
                ]
            ),
            max_size=20,
        ).map("".join),
    )
)
def test_whatever_is_read_lies_on_the_globe(text):
    reply = parse(text)
    assert isinstance(reply, Reply) and (reply.coordinates is None) == bool(reply.reason)
    if reply.coordinates is not None:
        lat, lon = reply.coordinates
        assert -90 <= lat <= 90 and -180 <= lon <= 180


DAMAGED = 800


def mutate(text: str, rng: random.Random) -> str:
    """One to three characters deleted, doubled or swapped with the next."""
    for _ in range(rng.randint(1, 3)):
        i = rng.randrange(len(text) - 1)
        middle = rng.choice(["", text[i] * 2 + text[i + 1], text[i + 1] + text[i]])
        text = text[:i] + (middle or text[i + 1]) + text[i + 2 :]
    return text


@pytest.mark.parametrize("form", sorted(set(FORMS) - {"seconds", "nested"}))
def test_damaged_replies_never_gain_lose_or_turn_a_number(form):
    rng = random.Random(form)
    read = 0
    for _ in range(DAMAGED):
        lat, lon = rng.randint(-90_000_000, 90_000_000), rng.randint(-180_000_000, 180_000_000)
        text = mutate(FORMS[form](lat, lon), rng)
        reply = parse(text)
        if reply.coordinates is None:
            assert reply.reason
            continue
        read += 1
        # The two numbers of the reply are all the numbers in the text, each one complete.
        numbers = [float(n.replace(",", ".")) for n in re.findall(r"\d+(?:[.,]\d+)?", text)]
        assert sorted(numbers) == sorted(map(abs, reply.coordinates)), (text, reply)
        minus = len(re.findall(r"-\s*\d|[\d°]\s*[SW]\b", text))
        assert minus == sum(value < 0 for value in reply.coordinates), (text, reply)
    assert 0.2 < read / DAMAGED < 0.9


def test_damaged_seconds_never_gain_or_lose_a_part():
    rng = random.Random(5)
    for _ in range(DAMAGED):
        lat, lon = rng.randint(-90_000_000, 90_000_000), rng.randint(-180_000_000, 180_000_000)
        text = mutate(FORMS["seconds"](lat, lon), rng)
        reply = parse(text)
        if reply.coordinates is None:
            assert reply.reason
            continue
        # Nothing is left over, and the parts add up.
        parts = re.findall(r"(\d+(?:\.\d+)?)\s*([°'\"]?)", text)
        total = sum(float(number) / {"°": 1, "'": 60, '"': 3600}[mark] for number, mark in parts)
        assert sum(map(abs, reply.coordinates)) == pytest.approx(total, abs=1e-9), (text, reply)


REPLIES = [
    (case.reply, (float(case.lat), float(case.lon)))
    for case in CASES.itertuples()
    if case.lat and len(case.reply) < 400
]


def misread(replies, number: int, seed: int) -> list:
    """Mutants from which something is read that they do not state."""
    wrong = []
    for how, text, places in mutants(replies, number, seed):
        place = parse(text).coordinates
        if place is None:
            continue
        right = min(kilometres(place, stated) for stated in places) <= 1
        if not right and how == "edited":
            right = all(in_text(*pair, text) for pair in zip(place, "SW", strict=True))
        if not right:
            wrong.append((how, text, place))
    return wrong


def test_mutated_replies_never_have_an_invented_flipped_or_shortened_place():
    assert misread(REPLIES, 2000, 0) == []


@pytest.mark.slow
def test_a_hundred_thousand_mutated_replies(real):
    path = real / "lmm_replies" / "replies.json"
    recorded = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    texts = {
        text
        for photo in recorded.values()
        for prompt in photo["prompts"].values()
        for text in prompt["replies"]
        if text and parse(text).coordinates
    }
    replies = REPLIES + [(text, parse(text).coordinates) for text in sorted(texts)]
    assert len(replies) >= 60
    assert misread(replies, 100_000, 1) == []


# Read by eye, per photo: replies that never came, refusals, candidates, and the place that is
# stated most often, with how often. All candidates are JSON, latitude first, all have decimals.
SEEN = {
    "1000269685": (11, 2, 27, (21.1619, -86.8515), 5),
    "1001048550": (12, 1, 27, (45.445241, 12.321102), 7),
    "1008804117": (3, 0, 37, (50.4501, 30.5234), 29),
    "101220879": (8, 1, 31, (41.40242, -74.319934), 17),
    "1019846234": (9, 2, 29, (34.731349, -98.503847), 8),
    "1023756068": (10, 0, 30, None, 2),  # several places, twice each
    "103385471": (5, 1, 34, (46.817749, -71.209366), 20),
    "103404365": (12, 5, 23, None, 1),  # no place twice
    "103433770": (10, 0, 30, None, 1),
    "103457638": (3, 1, 36, (43.473196, -80.553195), 7),
    "1034783376": (8, 4, 28, (38.891383, -77.024095), 8),
    "103574519": (6, 0, 34, (43.65107, -79.347015), 15),
    "103577701": (0, 0, 40, (43.0896, -79.0849), 14),
    "1038069722": (15, 0, 25, (48.210033, 16.363449), 3),
    "103910409": (10, 0, 30, (26.986015, 75.850393), 4),
    "1041241079": (9, 1, 30, (40.416775, -3.70379), 16),
    "104133298": (1, 0, 39, (-33.8568, 151.2153), 30),
    "104134249": (0, 0, 40, (-33.852306, 151.210787), 27),
    "104134591": (3, 0, 37, (-33.870453, 151.208755), 4),
    "104146945": (11, 3, 26, (51.260948, 6.742086), 3),
}


def test_real_replies_are_read_without_a_wrong_coordinate(real):
    path = real / "lmm_replies" / "replies.json"
    if not path.is_file():
        pytest.skip(f"no recorded replies in {path}")
    photos = json.loads(path.read_text(encoding="utf-8"))
    assert {name.partition("_")[0] for name in photos} == set(SEEN)
    for name, photo in photos.items():
        empty, refusals, candidates, place, times = SEEN[name.partition("_")[0]]
        texts = [text for prompt in photo["prompts"].values() for text in prompt["replies"]]
        replies = [parse(text) for text in texts]
        reasons = Counter(reply.reason for reply in replies)
        assert reasons == Counter({"empty reply": empty, "refusal": refusals, None: candidates})
        most = Counter(reply.coordinates for reply in replies if reply.coordinates).most_common()
        assert most[0][1] == times and (place is None or most[0][0] == place)
        for text, reply in zip(texts, replies, strict=True):
            # As seen: a reply without a candidate holds no digit, the others just two numbers.
            numbers = tuple(map(float, re.findall(r"-?\d+\.?\d*", text or "")))
            assert numbers == (reply.coordinates or ())
            assert reply.form == ("json" if reply.coordinates else "none")
