"""Place names: the nearest city of a coordinate, and the texts that geo-alignment reads.

Names come from GeoNames (cities of more than 15,000 people, capitals, and districts of some large
cities), in two small tables that are shipped, so that no network and no key are needed.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from g3lite.geo import check_coordinates, great_circle_km, unit_vectors
from g3lite.paths import shipped

WORDINGS = {
    "paper": "A photo taken from {}",
    "official": "A street view photo taken in {}",
}
"""How a place text begins: in the paper's Figure 2, and in the official code."""
LEVELS = ("city", "state", "country")
"""The columns of a place text, small to large, as the official code takes them."""


@lru_cache(maxsize=1)
def countries() -> pd.DataFrame:
    """The countries of GeoNames by ISO code in upper case: country, continent, population.

    `continent_code` is GeoNames' code of the continent, such as EU.
    """
    return pd.read_parquet(shipped("cities/countries.parquet")).set_index("country_code")


@lru_cache(maxsize=1)
def cities() -> pd.DataFrame:
    """The cities of GeoNames' list: city, state, country, country_code, lat, lon, population.

    The index is GeoNames' id. `state` is the name of a state of the USA, elsewhere GeoNames' code;
    `country_code` is ISO's, in lower case as MP16-Pro has it.
    """
    table = pd.read_parquet(shipped("cities/cities.parquet")).set_index("geonameid")
    names = table["country_code"].map(countries()["country"]).fillna("")
    table.insert(2, "country", names)
    return table.assign(country_code=table["country_code"].str.lower())


@lru_cache(maxsize=1)
def _tree() -> cKDTree:
    return cKDTree(unit_vectors(cities()[["lat", "lon"]]))


def nearest_city(coordinates: ArrayLike) -> pd.DataFrame:
    """Reverse geocoding: the city nearest to each of the (n, 2) coordinates, and how far it is.

    Returns:
        n rows of `cities()` with `km`, the great-circle distance to its centre. Far from any city
        (oceans, Antarctica) the name says little: look at `km`.
    """
    points = check_coordinates(coordinates)
    _, rows = _tree().query(unit_vectors(points))
    table = cities().iloc[rows].reset_index(drop=True)
    km = great_circle_km(points, table[["lat", "lon"]].to_numpy(float))
    return table.assign(km=np.round(km, 3))


def place_texts(table: pd.DataFrame, wording: str = "paper") -> list[str]:
    """A place text for each photo of a table: "A photo taken from Lyon, France".

    Named are the city, state and country columns of MP16-Pro; a state that is a number says
    nothing and is left out. A photo with neither city nor country gets those of the nearest city.

    Args:
        table: photos, with the columns LAT and LON, and city, state, country where known.
        wording: a key of `WORDINGS`.

    Raises:
        ValueError: an unknown wording.
    """
    if wording not in WORDINGS:
        raise ValueError(f"unknown wording {wording!r}; there are {', '.join(WORDINGS)}")
    names = table.reindex(columns=LEVELS).astype("string").fillna("")
    nameless = ((names.city == "") & (names.country == "")).to_numpy()
    if nameless.any():
        cities = nearest_city(table.loc[nameless, ["LAT", "LON"]].to_numpy(float))
        names.loc[nameless, list(LEVELS)] = cities[list(LEVELS)].to_numpy()
    number = r"\s*\d+(\.0)?\s*"  # pandas reads a column of numbers with gaps as 84.0
    return [
        WORDINGS[wording].format(
            ", ".join(name for name in row if name and not re.fullmatch(number, name))
        )
        for row in names.itertuples(index=False)
    ]
