"""Two angles are a place by what stands before, between and behind them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from g3lite.reading.forms import text_statements
from g3lite.reading.statements import DENIED

LABELS = ["Latitude: {}, Longitude: {}", "lat {} lon {}", "纬度:{}, 经度:{}", "緯度:{}、経度:{}"]
LABELS += [
    "Latitud: {}, Longitud: {}",
    "Breitengrad: {}, Längengrad: {}",
    "Широта: {}, долгота: {}",
]
LABELS += [
    "The latitude is {} and the longitude is {}",
    "{} latitude, {} longitude",
    "lat={}&lng={}",
]
PAIRS = ["({}, {})", "[{}, {}]", "Coordinates: {}, {}", "Final answer: {}, {}", "坐标: {}, {}"]
PAIRS += ["It is Paris.\n{}, {}", "{}, {} (Paris, France)", "Paris, France: {}, {}", "📍 {}, {}"]
TABLES = ["| lat | lon |\n|---|---|\n| {} | {} |", "city,latitude,longitude\nParis,{},{}"]


def read(text: str) -> list:
    return [s.place or s.reason for s in text_statements(text)]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(LABELS + PAIRS + TABLES),
    st.integers(-900_000, 900_000),
    st.integers(-1_800_000, 1_800_000),
)
def test_a_place_in_any_form_is_read(form, lat, lon):
    lat, lon = f"{lat / 10_000:.4f}", f"{lon / 10_000:.4f}"
    small = max(abs(float(lat)), abs(float(lon))) <= 1
    found = read(form.format(lat, lon))
    assert found == [(float(lat), float(lon))] or (small and form in PAIRS)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["{} {}, {} {}", "{}° {} {}° {}", "({} {}; {} {})", "{}{} / {}{}"]),
    st.integers(0, 899_999),
    st.integers(0, 1_799_999),
    st.sampled_from("NS"),
    st.sampled_from("EW"),
)
def test_hemispheres_turn_the_signs(form, lat, lon, half, side):
    place = (lat / 10_000, lon / 10_000)
    text = form.format(f"{place[0]:.4f}", half, f"{place[1]:.4f}", side)
    signs = (-1 if half == "S" else 1, -1 if side == "W" else 1)
    assert read(text) == [(place[0] * signs[0] + 0.0, place[1] * signs[1] + 0.0)]


@pytest.mark.parametrize(
    "behind",
    [
        " to 3",
        " or 3.5",
        "-3.5",
        " ~ 3.5",
        " until 3",
        " ± 1",
        " km",
        " feet",
        "%",
        ", 3.5",
        " 3",
        "...",
    ]
    + [" and a half", " point 5", "; W", ", west", " (W)", " or W", " near deg. W", "\n5", "|5"],
)
def test_what_stands_behind_a_number_may_change_it(behind):
    assert not any(isinstance(found, tuple) for found in read(f"lat: 48.85, lon: 2.35{behind}"))


@pytest.mark.parametrize(
    "text",
    [
        "similarities (0.912, 0.874)",
        "The score is (12.345, 30.456)",
        "The sign at (12.345, 30.456)",
        "the bounding box (12.345, 30.456)",
        "(12.5, 30.5)x",
        "50 N 100 W",
    ],
)
def test_other_quantities_are_no_places(text):
    assert all(s.place is None and s.role == DENIED for s in text_statements(f"It shows: {text}."))


@pytest.mark.parametrize(
    "text",
    [
        "Longitude, not latitude\n2.3522, 48.8566",
        "(longitude, latitude): (2.3522, 48.8566)",
        "In GeoJSON order: (2.3522, 48.8566)",
    ],
)
def test_another_order_is_not_clear(text):
    assert read(text) == ["which number is the latitude is not clear"]


@pytest.mark.parametrize(
    "text",
    [
        "lat: 48.8566, lon: 2",
        "lat: 48.8566, lon: 2.",
        "Coordinates: 48.8566, 2.3",
        "48.85° S; lon: 2.3522",
    ]
    + ["| lat | lon |\n| 48.8566 | 2"],
)
def test_a_last_number_with_too_few_decimals_may_be_cut_off(text):
    assert not any(isinstance(found, tuple) for found in read(text))


def test_a_label_belongs_to_the_number_on_its_line():
    text = "38.7139 | -9.1334 Latitude\n38.7139\nLongitude\n-9.1334"
    assert read(text) == [(38.7139, -9.1334)]


def test_the_first_cell_of_a_head_may_be_empty():
    assert read("| | lat | lon |\n|---|---|---|\n| Paris | 48.8566 | 2.3522 |") == [
        (48.8566, 2.3522)
    ]


def test_two_rows_are_two_places():
    assert read("lat,lon\n1.5,2.5\n3.5,4.5") == [(1.5, 2.5), (3.5, 4.5)]
