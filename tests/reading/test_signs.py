"""A hemisphere that a place does not lie in refuses it, wherever it stands."""

import pytest

from g3lite.reading.signs import turned_anywhere

SAYS_SOUTH = [
    '"lat_direction": "S"',
    "'ns': 's'",
    '"ref": "South"',
    '"halves": ["S", "E"]',
    "hemisphere: S",
]
SAYS_SOUTH += [
    '"south": true',
    '"is_south": 1',
    '"north": false',
    '"lat_sign": -1',
    '"negative": "yes"',
]
SAYS_SOUTH += [
    "in the southern hemisphere",
    "Südhalbkugel",
    "hemisferio sur",
    "南半球",
    "the latitude is south",
]
SAYS_SOUTH += ["southern latitude"]


@pytest.mark.parametrize("text", SAYS_SOUTH)
def test_a_sign_that_stands_elsewhere_is_not_overlooked(text):
    assert turned_anywhere(f"x {text}", (33.8, 151.2))


@pytest.mark.parametrize("text", [text for text in SAYS_SOUTH if "halves" not in text])
def test_a_sign_that_agrees_changes_nothing(text):
    assert turned_anywhere(f"x {text}", (-33.8, 151.2)) is None


@pytest.mark.parametrize(
    "text",
    [
        "not in the southern hemisphere",
        "the south of France",
        '"country": "Senegal"',
        "a sign says: Sud-Est",
    ],
)
def test_other_words_of_the_south_are_no_sign(text):
    assert turned_anywhere(text, (43.3, 5.4)) is None
