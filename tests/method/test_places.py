"""Reverse geocoding without a network, and the place texts of geo-alignment."""

import numpy as np
import pandas as pd
import pytest

from g3lite import geo, places
from g3lite.photos import SCHEMA, conform


def photos(**columns) -> pd.DataFrame:
    """A photo table of these columns, all of it in Lyon unless LAT and LON are given."""
    size = len(next(iter(columns.values())))
    return pd.DataFrame({"LAT": [45.764] * size, "LON": [4.8357] * size, **columns})


# --- nearest city


@pytest.mark.parametrize(
    ("point", "city", "state", "country", "code"),
    [
        ((40.7128, -74.0060), "New York City", "New York", "United States", "us"),
        ((-33.8688, 151.2093), "Sydney", "02", "Australia", "au"),
        ((-1.2864, 36.8172), "Nairobi", "05", "Kenya", "ke"),
        ((64.1466, -21.9426), "Reykjavík", "39", "Iceland", "is"),
        ((-22.9068, -43.1729), "Rio de Janeiro", "21", "Brazil", "br"),
    ],
)
def test_known_cities_are_found(point, city, state, country, code):
    found = places.nearest_city([point]).iloc[0]
    assert found[["city", "state", "country", "country_code"]].tolist() == [
        city, state, country, code,
    ]  # fmt: skip
    assert found.km < 5


def test_the_nearest_city_is_found_across_the_antimeridian():
    # East of the line, while the cities lie west of it: 359 degrees away by subtraction.
    found = places.nearest_city([[-16.6, -179.9], [64.75, -179.5]])
    assert found.city.tolist() == ["Labasa", "Anadyr"]
    assert (found.lon > 177).all() and (found.km < 150).all()
    both = places.nearest_city([[52, 180], [52, -180]])
    assert both.city[0] == both.city[1] and both.km[0] == both.km[1]


def test_far_from_any_city_the_distance_says_so():
    found = places.nearest_city([[-48.8767, -123.3933], [-90, 0]])  # Point Nemo, the South Pole
    assert (found.km > 2500).all()


def test_nearest_is_what_all_distances_say():
    rng = np.random.default_rng(0)
    points = np.column_stack([rng.uniform(-90, 90, 40), rng.uniform(-180, 180, 40)])
    cities = places.cities()
    km = geo.great_circle_km(points[:, None], cities[["lat", "lon"]].to_numpy(float))
    found = places.nearest_city(points)
    np.testing.assert_allclose(found.km, km.min(axis=1), atol=6e-4)  # rounded to metres
    assert found.columns.tolist() == [*cities.columns, "km"]
    assert found.index.tolist() == list(range(40))


def test_bad_coordinates_are_refused():
    with pytest.raises(ValueError, match=r"latitude 151.2 in row 1 .* did you pass \[lon, lat\]"):
        places.nearest_city([[10, 20], [151.2, -33.9]])
    with pytest.raises(ValueError, match="longitude nan in row 0 is not a finite number"):
        places.nearest_city([[10, np.nan]])
    with pytest.raises(ValueError, match=r"shape \(2,\).* write \[\[lat, lon\]\]"):
        places.nearest_city([10, 20])


def test_no_coordinates_have_no_cities():
    assert len(places.nearest_city(np.empty((0, 2)))) == 0


def test_the_table_of_cities_is_worldwide_and_complete():
    cities = places.cities()
    assert len(cities) > 20_000 and cities.country_code.nunique() > 200
    assert not cities.isna().any(axis=None)
    assert (cities.city != "").all() and (cities.country != "").all()
    assert cities.country_code.str.fullmatch("[a-z]{2}", na=False).all()
    geo.check_coordinates(cities[["lat", "lon"]])
    assert cities is places.cities(), "the table is made once"


# --- place texts


def test_both_wordings():
    table = photos(city=["Lyon"], state=["Auvergne-Rhône-Alpes"], country=["France"])
    place = "Lyon, Auvergne-Rhône-Alpes, France"
    assert places.place_texts(table) == [f"A photo taken from {place}"]
    assert places.place_texts(table, "official") == [f"A street view photo taken in {place}"]


def test_an_unknown_wording_names_the_known_ones():
    with pytest.raises(ValueError, match="unknown wording 'poem'; there are paper, official"):
        places.place_texts(photos(city=["Lyon"]), "poem")


@pytest.mark.parametrize("states", [["84", "09"], [84, 9], [84.0, np.nan], [84.0, 9.0]])
def test_a_state_that_is_a_number_is_left_out(states):
    table = photos(city=["Lyon", "Lyon"], state=states, country=["France", "France"])
    assert places.place_texts(table) == ["A photo taken from Lyon, France"] * 2


def test_what_is_known_is_named_and_nothing_else():
    table = photos(
        city=["Lyon", "Lyon", None, "", pd.NA],
        state=["Rhône", None, "Rhône", "Rhône", "84"],
        country=["France", "", "France", "France", "France"],
    )
    assert [text.removeprefix("A photo taken from ") for text in places.place_texts(table)] == [
        "Lyon, Rhône, France", "Lyon", "Rhône, France", "Rhône, France", "France",
    ]  # fmt: skip


def test_without_city_and_country_the_nearest_city_is_named():
    table = photos(
        LAT=[40.7128, 40.7128, -1.2864], LON=[-74.006, -74.006, 36.8172],
        city=["Hoboken", None, ""], state=["New Jersey", "Texas", None],
        country=["United States", pd.NA, ""],
    )  # fmt: skip
    assert places.place_texts(table) == [
        "A photo taken from Hoboken, New Jersey, United States",
        "A photo taken from New York City, New York, United States",
        "A photo taken from Nairobi, Kenya",
    ]


def test_rows_belong_to_photos_whatever_the_index():
    table = photos(
        LAT=[40.7128, 45.764, -1.2864], LON=[-74.006, 4.8357, 36.8172], city=[None, "Lyon", None]
    )
    expected = places.place_texts(table)
    assert [text.split()[4] for text in expected] == ["New", "Lyon", "Nairobi,"]
    assert places.place_texts(table.set_axis([7, 7, 7])) == expected
    assert places.place_texts(table.iloc[::-1]) == expected[::-1]


def test_the_columns_of_mp16_pro():
    table = conform(
        photos(
            IMG_ID=["a.jpg", "b.jpg"], AUTHOR=["x", "y"], neighbourhood=["Presqu'île", None],
            city=["Lyon", None], county=["Rhône", None], state=["Auvergne-Rhône-Alpes", None],
            region=["here", None], country=["France", None], country_code=["fr", None],
        )
    )  # fmt: skip
    assert list(table.columns[: len(SCHEMA)]) == list(SCHEMA)
    known, nearest = places.place_texts(table, "official")
    assert known == "A street view photo taken in Lyon, Auvergne-Rhône-Alpes, France"
    assert nearest.startswith("A street view photo taken in Lyon") and nearest.endswith(", France")


def test_a_table_without_the_columns_gets_nearest_cities():
    table = pd.DataFrame({"LAT": [-1.2864, 64.1466], "LON": [36.8172, -21.9426]})
    assert places.place_texts(table) == [
        "A photo taken from Nairobi, Kenya",
        "A photo taken from Reykjavík, Iceland",
    ]
    assert list(table.columns) == ["LAT", "LON"], "the table is left as it was"


def test_an_empty_table_has_no_texts():
    assert places.place_texts(pd.DataFrame({"LAT": [], "LON": []})) == []
