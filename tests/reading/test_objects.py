"""Objects: the place that they state themselves, and what their keys say of it."""

import pytest

from g3lite.reading.objects import object_statements, take_objects
from g3lite.reading.statements import ANSWER, DENIED, PLAIN

PLACE = '"latitude": 48.85, "longitude": 2.35'


def read(source: str) -> list:
    return object_statements(source, 0, lambda text: [])


@pytest.mark.parametrize(
    ("text", "number", "cut"),
    [
        ("{" + PLACE + "}", 1, False),
        ("{" + PLACE + "}}", 1, False),
        ("{{" + PLACE + "}}", 1, False),
        ('{"a": "}", ' + PLACE + "}", 1, False),
        ("a {, " + "{" + PLACE + "}", 1, False),
        ("{38.7, 9.1}", 0, False),
        ('5" tall {' + PLACE + "}", 1, False),
        ("{" + PLACE, 0, True),
        ('{"a": {' + PLACE + "}, ", 1, True),
    ],
)
def test_closed_objects_are_taken_out(text, number, cut):
    taken = take_objects(text)
    assert (len(taken.objects), taken.cut) == (number, cut)
    assert all(source in text and sign in taken.text for sign, source in taken.objects.items())


@pytest.mark.parametrize(
    "source",
    [
        "{" + PLACE + "}",
        "{" + PLACE + ",}",
        "{" + PLACE.replace('"', "'") + "}",
        "{" + PLACE.replace('"', "") + "}",
        "{" + PLACE.replace('"', '\\"') + "}",
        "{" + PLACE + ' // "latitude": 1\n}',
        '{"predictedLatitude": 48.85, "predicted_longitude": 2.35}',
        "{" + PLACE + ', "latitude_confidence": 0.5, "error": {"lat": 1.5, "lon": 1.5}}',
        '{"a": {"b": {"c": {' + PLACE + "}}}}",
        '{"type": "Point", "coordinates": [2.35, 48.85]}',
        '{"type": "Point", "coordinates": [2.35, 48.85, 35.5]}',
        '{"coordinates": [48.85, 2.35]}',
        '{"lat_lon": [48.85, 2.35]}',
        '{"reference": {"lat": 1.5, "lon": 1.5}, ' + PLACE + "}",
        '{"latitude": "48.85° N", "longitude": "2.35 east"}',
    ],
)
def test_the_place_of_an_object(source):
    assert [s.place for s in read(source) if s.role != DENIED] == [(48.85, 2.35)]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ('{"latitude": 48.85}', "longitude is missing"),
        ('{"lat": 1.5, "latitude": 1.5, "lon": 2.5}', "given twice"),
        ("{" + PLACE + ', "hemisphere": -1}', "may change"),
        ("{" + PLACE + ', "lat_minutes": 30}', "may change"),
        ('{"latitude": {"value": 48.85}, "longitude": 2.35}', "not a number"),
        ('{"latitude": "48 to 49", "longitude": 2.35}', "not one angle"),
        ('{"latitude": 95, "longitude": 2.35}', "outside"),
        ('{"latitude": 48.85 2, "longitude": 2.35}', "not JSON"),
        ('{"a": {"lat": 1.5, "lon": 1.5}, "latitude": - 48.85, "longitude": 2.35}', "not JSON"),
    ],
)
def test_an_object_without_a_place_says_why(source, reason):
    assert [reason in s.reason for s in read(source)] == [True]


@pytest.mark.parametrize(
    "source", ['{"bbox": [1.5, 2.5]}', '{"coordinates": [[1.5, 2.5]]}', '{"a": 1}']
)
def test_other_objects_state_no_place(source):
    assert read(source) == []


@pytest.mark.parametrize(
    ("key", "role"),
    [
        ("best_guess", ANSWER),
        ("finalAnswer", ANSWER),
        ("alternatives", DENIED),
        ("initial_guess", DENIED),
        ("similar", DENIED),
        ("location", PLAIN),
    ],
)
def test_keys_say_what_an_object_is(key, role):
    (statement,) = read('{"' + key + '": {' + PLACE + "}}")
    assert statement.role == role


@pytest.mark.parametrize(
    ("more", "role"),
    [
        ('"verdict": "rejected"', DENIED),
        ('"type": "similar 2"', DENIED),
        ('"match": false', DENIED),
        ('"rejected": true', DENIED),
        ('"status": "accepted"', ANSWER),
        ('"type": "city"', PLAIN),
        ('"match": true', PLAIN),
        ('"exact": false', PLAIN),
    ],
)
def test_values_say_what_an_object_is(more, role):
    (statement,) = read("{" + PLACE + ", " + more + "}")
    assert statement.role == role and statement.place == (48.85, 2.35)


@pytest.mark.parametrize("word", ["float", "<number>", "..."])
def test_a_template_is_no_answer(word):
    (statement,) = read(f'{{"latitude": "{word}", "longitude": "{word}"}}')
    assert statement.role == DENIED


def test_objects_too_deep_are_not_followed():
    assert "too many" in read('{"a": ' * 60 + "1.5" + "}" * 60)[0].reason
    assert "not JSON" in read('{"lat": ' * 5000 + "1" + "}" * 5000)[0].reason
