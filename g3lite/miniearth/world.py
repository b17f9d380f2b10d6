"""The places of MiniEarth: real cities, chosen and weighted so that photos of them are as uneven
as real ones, with the climate that a coarse land-cover map suggests.

`places()` reads the shipped table; `build()` makes it from the shipped cities of GeoNames and the
shaded-relief picture that comes with cartopy.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd

from g3lite import places as geonames
from g3lite.miniearth.cues import (
    RELIEFS,
    SOILS,
    Cues,
    Landmark,
    city_cues,
    country_cues,
    digest,
    landmark,
    pick,
    region_cues,
)
from g3lite.paths import shipped

PLACES_VERSION = "1"
"""Raise it when places or their cues change: every shipped artefact is tied to it."""

N_PLACES = 1200
UNSEEN_SHARE = 0.2
"""Share of the places that no training corpus of MiniCLIP or MiniLMM may hold."""

APART_KM = 30.0
"""Two places are at least this far apart, except where a country has too few cities."""
LARGEST_SHARE = 0.014
"""No place holds more than about this share of the photos."""

CONTINENTS = {
    "AF": "Africa", "AS": "Asia", "EU": "Europe",
    "NA": "North America", "SA": "South America", "OC": "Oceania",
}  # fmt: skip
PLACES_PER_ROOT_PERSON = {"EU": 1.7, "NA": 1.1, "AS": 0.8, "SA": 1.0, "AF": 0.8, "OC": 1.6}
PHOTOS_PER_CITY = {"EU": 4.0, "NA": 2.8, "AS": 1.0, "SA": 1.1, "AF": 0.6, "OC": 2.2}
"""How eagerly people photograph, by continent: the unevenness of Flickr in one number each."""
AT_LEAST = {
    "JP": 46, "KR": 38, "TH": 28, "MM": 15, "KH": 8, "LA": 6, "CN": 62, "TW": 10, "IN": 52,
    "RU": 48, "US": 130, "AU": 26, "CA": 32, "BR": 46, "KP": 6,
}  # fmt: skip
"""Places of some large countries, so that every script that captions name is common enough."""

TWIN_SHARE = 0.18
"""Share of the regions that look like a distant region of the same climate."""
COPY_SHARE = 0.08
"""Share of the landmarks that are copies of a famous one elsewhere."""


@lru_cache(maxsize=1)
def places() -> pd.DataFrame:
    """The table of places, one row each, indexed by `place_id`.

    Columns: city, state, country, country_code, continent, lat, lon (degrees), population, zone,
    coast, photo_weight (sums to 1), seen (False: in no training corpus of MiniCLIP or MiniLMM).
    """
    table = pd.read_csv(
        shipped("miniearth/places.csv"), index_col="place_id", keep_default_na=False
    )
    return table


@cache
def cues_of(place_id: int, landmark_number: int = 0) -> Cues:
    """The cues of a place, with one of its landmarks (`landmark_count` says how many it has)."""
    row = places().loc[place_id]
    region = f"{row.country_code}.{row.state}"
    look = _twins().get(region, region)
    return Cues(
        zone=row.zone,
        soil=pick(SOILS, row.zone, row.continent, digest(look, "soil") % 2),
        relief=pick(RELIEFS, look, "relief"),
        coast=bool(row.coast),
        **country_cues(row.country_code),
        **region_cues(look),
        **city_cues(place_id, int(row.population)),
        landmark=_landmark(place_id, landmark_number),
    )


def landmark_count(place_id: int) -> int:
    """A village has one landmark, a metropolis three."""
    population = int(places().population[place_id])
    return 1 + (population > 300_000) + (population > 2_000_000)


def hot_spot(place_id: int, number: int) -> tuple[float, float]:
    """Where landmark `number` of a place stands: (bearing in degrees, km from the centre)."""
    rng = Random(digest(place_id, "hot spot", number))
    return 360.0 * rng.random(), 0.2 + 3.8 * rng.random()


def _landmark(place_id: int, number: int) -> Landmark:
    if digest(place_id, number, "copied landmark") % 1000 < 1000 * COPY_SHARE:
        return landmark(pick(_famous(), place_id, number, "original"), 0)
    return landmark(place_id, number)


@lru_cache(maxsize=1)
def _famous() -> tuple[int, ...]:
    return tuple(places().photo_weight.nlargest(30).index)


@lru_cache(maxsize=1)
def _twins() -> dict[str, str]:
    """Regions that look like another: a region of the same climate on another continent."""
    table = places()
    regions = (
        (table.country_code + "." + table.state)
        .to_frame("region")
        .assign(zone=table.zone, continent=table.continent)
        .drop_duplicates("region")
    )
    names, zones, continents = (regions[c].to_numpy() for c in ("region", "zone", "continent"))
    twins = {}
    for name, zone, continent in zip(names, zones, continents, strict=True):
        if digest(name, "twin?") % 1000 < 1000 * TWIN_SHARE:
            others = names[(zones == zone) & (continents != continent)]
            if len(others):
                twins[name] = pick(tuple(others), name, "twin")
    return twins


def build(folder: Path) -> None:
    """Choose the places and write `miniearth/places.csv` into the data folder `folder`.

    From the shipped cities and cartopy's picture of the Earth; no network.
    """
    cities = geonames.cities().reset_index()
    cities["country_code"] = cities.country_code.str.upper()
    cities["continent"] = cities.country_code.map(geonames.countries().continent_code)
    cities = cities[cities.continent.isin(list(CONTINENTS))]
    cities = cities[~cities.city.str.contains("[^\\x20-\\u024f]", regex=True)]
    cities = cities.sort_values(["population", "geonameid"], ascending=[False, True])

    wanted = _places_per_country(geonames.countries(), cities)
    chosen = pd.concat(
        [_spread(cities[cities.country_code == code], n) for code, n in wanted.items() if n]
    )
    chosen = chosen.sort_values("geonameid").reset_index(drop=True)
    land = _LandCover()
    chosen["zone"] = [land.zone(lat, lon) for lat, lon in zip(chosen.lat, chosen.lon, strict=True)]
    chosen["coast"] = [
        land.coast(lat, lon) for lat, lon in zip(chosen.lat, chosen.lon, strict=True)
    ]
    chosen["photo_weight"] = _photo_weights(chosen)
    chosen["continent"] = chosen.continent.map(CONTINENTS)
    chosen["seen"] = [digest("unseen", i) % 1000 >= 1000 * UNSEEN_SHARE for i in chosen.geonameid]
    chosen.index.name = "place_id"
    columns = ["geonameid", "city", "state", "country", "country_code", "continent", "lat", "lon"]
    columns += ["population", "zone", "coast", "photo_weight", "seen"]
    path = folder / "miniearth" / "places.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    chosen[columns].to_csv(path, float_format="%.6g", lineterminator="\n")
    places.cache_clear()
    cues_of.cache_clear()
    _famous.cache_clear()
    _twins.cache_clear()


def _places_per_country(countries: pd.DataFrame, cities: pd.DataFrame) -> dict[str, int]:
    """How many places each country gets: by the root of its population, N_PLACES in all."""
    weights = {
        row.Index: row.population**0.5 * PLACES_PER_ROOT_PERSON[row.continent_code]
        for row in countries.itertuples()
        if row.continent_code in CONTINENTS and row.population > 60_000
    }
    rest = N_PLACES - sum(AT_LEAST.values())
    free = {code: w for code, w in weights.items() if code not in AT_LEAST}
    total = sum(free.values())
    have = cities.country_code.value_counts()
    wanted = dict(AT_LEAST)
    for code, w in sorted(free.items()):
        wanted[code] = min(int(have.get(code, 0)), max(1, round(rest * w / total)))
    return wanted


def _spread(cities: pd.DataFrame, n: int) -> pd.DataFrame:
    """`n` cities of a country, the most populous first, none within APART_KM of a chosen one.

    A third of them are drawn from the smaller ones, so that a country is not only its capitals.
    """
    from g3lite.geo import great_circle_km

    large = cities.head(max(1, round(n * 0.67)) * 2)
    rng = np.random.RandomState(digest(cities.country_code.iloc[0], "spread") % 2**32)
    small = cities.iloc[len(large) :]
    small = small.iloc[rng.permutation(len(small))]
    chosen: list[int] = []
    where = cities[["lat", "lon"]]
    for pool, limit in ((large, round(n * 0.67)), (small, n), (large, n), (small, n)):
        for i in pool.index:
            if len(chosen) >= max(1, limit):
                break
            here = where.loc[[i]].to_numpy()
            if i not in chosen and (
                not chosen or great_circle_km(here, where.loc[chosen].to_numpy()).min() >= APART_KM
            ):
                chosen.append(i)
    return cities.loc[chosen]


def _photo_weights(table: pd.DataFrame) -> np.ndarray:
    """Share of all photos that each place gets: heavy-tailed, dense in Europe, thin in Siberia."""
    luck = np.array([Random(digest("luck", i)).gauss(0, 0.5) for i in table.geonameid])
    eagerness = table.continent.map(PHOTOS_PER_CITY).to_numpy(float)
    weights = table.population.to_numpy(float) ** 0.9 * eagerness * np.exp(luck)
    weights /= weights.sum()
    for _ in range(20):
        weights = np.minimum(weights, LARGEST_SHARE)
        weights /= weights.sum()
    return weights


class _LandCover:
    """Climate zone and sea from Natural Earth's shaded relief, the picture that cartopy ships.

    A coarse reading (half a degree per pixel): latitude, how green and how bright the land is,
    and a few boxes for what the picture cannot tell (Mediterranean coasts, boreal forest).
    """

    def __init__(self) -> None:
        import cartopy
        from PIL import Image

        folder = Path(cartopy.__file__).parent / "data" / "raster" / "natural_earth"
        picture = Image.open(next(folder.glob("*.png"))).convert("RGB")
        self.pixels = np.asarray(picture).astype(int)

    def _window(self, lat: float, lon: float, reach: int) -> np.ndarray:
        h, w, _ = self.pixels.shape
        y = int((90 - lat) / 180 * h)
        x = int((lon + 180) / 360 * w)
        ys = np.clip(np.arange(y - reach, y + reach + 1), 0, h - 1)
        xs = np.arange(x - reach, x + reach + 1) % w
        return self.pixels[np.ix_(ys, xs)].reshape(-1, 3)

    @staticmethod
    def _is_sea(rgb: np.ndarray) -> np.ndarray:
        return (rgb[:, 2] > rgb[:, 0] + 12) & (rgb[:, 2] >= rgb[:, 1] - 4)

    def coast(self, lat: float, lon: float) -> bool:
        return bool(self._is_sea(self._window(lat, lon, 1)).sum() >= 2)

    def zone(self, lat: float, lon: float) -> str:
        rgb = self._window(lat, lon, 1)
        rgb = rgb[~self._is_sea(rgb)]
        if not len(rgb):
            rgb = self._window(lat, lon, 3)
            rgb = rgb[~self._is_sea(rgb)] if (~self._is_sea(rgb)).any() else rgb
        red, green, blue = rgb.mean(axis=0)
        lush, dry = green - (red + blue) / 2, red - green
        if _mediterranean(lat, lon):
            return "mediterranean"
        if abs(lat) < 38 and (dry > 4.5 or (dry > 0 and lush < 11)):
            return "desert"
        if abs(lat) < 23.5:
            return "rainforest" if dry < -10 or (abs(lat) < 6 and dry < -6) else "savanna"
        if abs(lat) < 38:
            return "subtropical" if dry <= 0 and lush > 14 else "steppe"
        if lat > 59.5 or (lat > 53 and lon > 27) or (lat > 46.5 and -120 < lon < -60):
            return "boreal"
        inland = -118 < lon < -96 or 38 < lon < 112
        return "steppe" if dry > -3 and (inland or dry > 1) else "temperate"


def _mediterranean(lat: float, lon: float) -> bool:
    boxes = (
        (36, 44, -10, 20), (34, 42, 20, 37), (33, 37.2, -10, 11), (32, 39, -125, -117),
        (-38, -30, -74, -70), (-35, -31.5, 17.5, 20.5), (-36, -30, 114, 119), (-38, -33, 134, 141),
    )  # fmt: skip
    return any(a <= lat <= b and c <= lon <= d for a, b, c, d in boxes)
