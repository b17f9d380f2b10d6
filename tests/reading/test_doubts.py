"""Words anywhere in a reply that make a place none."""

import pytest

from g3lite.reading.doubts import doubt


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("unknown", (0, 0)),
        ("unknown", (-1, -1)),
        ("not visible", (90, 0)),
        ("unable", (0.0001, 0.0001)),
        ('"confidence": 0', (0, 0)),
        ('"confidence": 0.0}', (1, 1)),
        ('"error": "could not determine location"', (50.1, 14.4)),
        ('"unit": "rad"', (0.85, 0.04)),
        ("both should be negative", (33.4, 70.6)),
        ("the longitude is negative", (-33.4, 70.6)),
        ("south of the equator", (33.4, -70.6)),
        ("west of Greenwich", (33.4, 70.6)),
        ("Hemispheres: S, W", (-33.4, 70.6)),
        ("hemisferios sur y oeste", (-33.4, 70.6)),
        ("| 33.4 | S |", (33.4, 70.6)),
        ("(N, W)", (33.4, 70.6)),
        ("north and west", (33.4, 70.6)),
        ("33.4 // S\n", (33.4, 70.6)),
        ("that is 33.4° S", (33.4, 70.6)),
        ("that is -70.6", (33.4, 70.6)),
        ("都是负数", (33.4, -70.6)),
    ],
)
def test_a_place_in_doubt_has_a_reason(text, place):
    assert doubt(text, text, place)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Gulf of Guinea", (0, 0)),
        ("not far from the river", (50.1, 14.4)),
        ('"confidence": 0.05', (0.3, 9.4)),
        ("the sign is not negative", (33.4, 70.6)),
        ("the longitude is negative", (33.4, -70.6)),
        ("south of the equator, west of Greenwich", (-33.4, -70.6)),
        ("Hemispheres: S, W", (-33.4, -70.6)),
        ("S-Bahn, Vitamin E and N. Maria", (-33.4, -70.6)),
        ("33.4° S, -70.6", (-33.4, -70.6)),
        ("12.5° S", (33.4, 70.6)),
    ],
)
def test_other_words_leave_a_place(text, place):
    assert doubt(text, text, place) is None
