"""How MiniEarth's photographers take photos: from (place, seed, author) to a `Scene`.

All chances of the world stand here in one place. They were set by looking at the baselines only
(`data/README.md` says how): how often a photo holds no clue, how strong the nuisance is, how
many photos are taken in front of a landmark.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from random import Random

from g3lite.miniearth.cues import CAB_COLOURS, Cues, digest
from g3lite.miniearth.scene import OCCLUDERS, WEATHERS, Scene, View
from g3lite.miniearth.world import cues_of, hot_spot, landmark_count, places

SAMPLER_VERSION = "3"
"""Raise it when a change below makes other scenes: every shipped artefact is tied to it."""

LOW_INFORMATION_SHARE = 0.12
HOT_SPOT_SHARE = 0.30
"""Share of the photos taken within a few hundred metres of a landmark."""
HOT_SPOT_KM = (0.05, 0.6)
SCATTER_KM = (0.1, 20.0)
"""Distance from the centre of the place for all other photos, roughly log-uniform."""
HABIT = 0.35
"""How much a photographer's habits (hour, weather, camera) bind all of his or her photos."""

LOW_KINDS = {"interior": 0.36, "food": 0.22, "sky": 0.16, "closeup": 0.26}
HOT_KINDS = {"plaza": 0.62, "street": 0.24, "park": 0.14}
URBAN_KINDS = {"street": 0.40, "market": 0.16, "suburb": 0.22, "park": 0.14, "plaza": 0.08}
RURAL_KINDS = {
    "suburb": 0.16, "village": 0.17, "highway": 0.14, "road": 0.18, "countryside": 0.14,
    "coast": 0.25, "mountain": 0.14,
}  # fmt: skip

SHOWS = {
    "street": {
        "buildings": 1.0, "vegetation": 0.60, "line": 0.75, "traffic": 0.75, "sign": 0.75,
        "pole": 0.60, "lamp": 0.50, "taxi": 0.25, "tram": 0.20, "skyline": 0.35, "paving": 0.65,
        "relief": 0.25, "landmark": 0.85,
    },
    "plaza": {
        "buildings": 0.85, "vegetation": 0.65, "lamp": 0.55, "sign": 0.25, "paving": 0.90,
        "tram": 0.25, "taxi": 0.20, "landmark": 0.95,
    },
    "suburb": {
        "buildings": 1.0, "fence": 0.85, "vegetation": 0.90, "line": 0.60, "traffic": 0.70,
        "sign": 0.45, "pole": 0.85, "bollard": 0.30, "relief": 0.45,
    },
    "village": {
        "buildings": 1.0, "fence": 0.80, "vegetation": 0.95, "soil": 0.75, "relief": 0.75,
        "sign": 0.45, "pole": 0.75,
    },
    "highway": {
        "line": 1.0, "traffic": 0.95, "sign": 0.75, "bollard": 0.65, "pole": 0.65,
        "vegetation": 0.85, "soil": 0.65, "relief": 0.65, "skyline": 0.30,
    },
    "road": {
        "line": 0.85, "bollard": 0.80, "pole": 0.75, "vegetation": 0.95, "soil": 0.85,
        "relief": 0.75, "sign": 0.45, "traffic": 0.65,
    },
    "coast": {
        "sea": 1.0, "vegetation": 0.65, "buildings": 0.45, "relief": 0.55, "landmark": 0.65,
        "lamp": 0.25,
    },
    "mountain": {
        "relief": 1.0, "vegetation": 0.90, "soil": 0.55, "buildings": 0.30, "bollard": 0.25,
        "line": 0.30, "traffic": 0.15,
    },
    "countryside": {
        "vegetation": 1.0, "soil": 0.90, "relief": 0.75, "fence": 0.35, "pole": 0.45,
    },
    "market": {"sign": 0.95, "buildings": 0.90, "vegetation": 0.30, "taxi": 0.15, "landmark": 0.45},
    "park": {
        "vegetation": 1.0, "lamp": 0.55, "paving": 0.65, "skyline": 0.55, "landmark": 0.85,
        "fence": 0.45,
    },
    "interior": {"vegetation": 0.08},
    "food": {"sign": 0.08},
    "sky": {},
    "closeup": {},
}  # fmt: skip
"""How often each element is seen in each kind of photo (a landmark only near a hot spot)."""

WEATHER_OF_ZONE = {
    "rainforest": (0.28, 0.28, 0.18, 0.20, 0.06, 0.0),
    "savanna": (0.48, 0.28, 0.12, 0.10, 0.02, 0.0),
    "desert": (0.70, 0.18, 0.08, 0.02, 0.02, 0.0),
    "mediterranean": (0.52, 0.26, 0.12, 0.08, 0.02, 0.0),
    "steppe": (0.44, 0.28, 0.16, 0.06, 0.03, 0.03),
    "subtropical": (0.34, 0.30, 0.18, 0.14, 0.04, 0.0),
    "temperate": (0.28, 0.28, 0.22, 0.14, 0.05, 0.03),
    "boreal": (0.28, 0.26, 0.22, 0.10, 0.05, 0.09),
}
SNOW_COVER = {"boreal": 0.75, "temperate": 0.25, "steppe": 0.4}
"""Chance that snow lies on a winter day."""


@dataclass(frozen=True)
class Photographer:
    """What binds the photos of one AUTHOR: camera, hours, taste."""

    tint: tuple[float, float, float]
    exposure: float
    contrast: float
    saturation: float
    grain: float
    vignette: float
    quality: int
    focal: float
    hour: float
    low_information: float


@lru_cache(maxsize=4096)
def photographer(author: str) -> Photographer:
    """The habits of an author, from a digest of the name."""
    rng = Random(digest("author", author))
    warmth = rng.gauss(0, 0.055)
    green = rng.gauss(0, 0.025)
    return Photographer(
        tint=(1 + warmth, 1 + green, 1 - warmth),
        exposure=1 + rng.gauss(0, 0.10),
        contrast=1 + rng.gauss(0, 0.10),
        saturation=min(1.5, max(0.0 if rng.random() < 0.06 else 0.45, 1 + rng.gauss(0, 0.22))),
        grain=1.0 + 6.0 * rng.random() ** 2,
        vignette=0.45 * rng.random() ** 2,
        quality=int(55 + 32 * rng.random()),
        focal=0.75 + 0.7 * rng.random(),
        hour=8.0 + 10.0 * rng.random(),
        low_information=2 * LOW_INFORMATION_SHARE * rng.random(),
    )


def photograph(place_id: int, seed: int, author: str) -> Scene:
    """The photo that `author` took in a place: the same Scene for the same three arguments."""
    place = _place(place_id)
    who = photographer(author)
    rng = Random(digest(place_id, seed, "scene"))
    at_landmark = rng.random() < HOT_SPOT_SHARE
    number = int(rng.random() * landmark_count(place_id))
    look = cues_of(place_id, number)
    lat, lon, km = _position(place_id, place, at_landmark, number, rng)
    kind = _kind(at_landmark, km, look, who, rng)
    view = _view(kind, look, who, lat, rng)
    chances = SHOWS[kind]
    shows = frozenset(
        element
        for element in sorted(chances)
        if rng.random() < chances[element]
        and (element != "landmark" or at_landmark)
        and (element != "soil" or not view.snow)
    )
    return Scene(place_id, seed, author, lat, lon, look, view, shows)


@cache
def _place(place_id: int) -> tuple[float, float, str]:
    row = places().loc[place_id]
    return float(row.lat), float(row.lon), row.zone


def _position(
    place_id: int, place: tuple[float, float, str], at_landmark: bool, number: int, rng: Random
) -> tuple[float, float, float]:
    """Where the photo is taken: latitude, longitude, and km from the centre of the place."""
    near, far = SCATTER_KM
    bearing, km = 360.0 * rng.random(), near * (far / near) ** rng.random() ** 0.7
    around, away = 360.0 * rng.random(), rng.uniform(*HOT_SPOT_KM)
    east, north = _xy(bearing, km)
    if at_landmark:
        (e0, n0), (e1, n1) = _xy(*hot_spot(place_id, number)), _xy(around, away)
        east, north = e0 + e1, n0 + n1
    lat = place[0] + north / 111.195
    lon = place[1] + east / (111.195 * math.cos(math.radians(place[0])))
    return round(lat, 6), round((lon + 180.0) % 360.0 - 180.0, 6), math.hypot(east, north)


def _xy(bearing: float, km: float) -> tuple[float, float]:
    angle = math.radians(bearing)
    return km * math.sin(angle), km * math.cos(angle)


def _kind(at_landmark: bool, km: float, look: Cues, who: Photographer, rng: Random) -> str:
    low, u, town = rng.random(), rng.random(), rng.random()
    if low < who.low_information:
        return _choose(LOW_KINDS, u)
    if at_landmark:
        return _choose(HOT_KINDS, u)
    if town < 1.0 / (1.0 + (km / 3.0) ** 2):
        return _choose(URBAN_KINDS, u)
    rural = dict(RURAL_KINDS)
    if not look.coast:
        del rural["coast"]
    if look.relief != "mountains":
        del rural["mountain"]
    return _choose(rural, u)


def _choose(chances: dict[str, float], u: float) -> str:
    """The key that the random number `u` in [0, 1) falls on."""
    u *= sum(chances.values())
    for key, chance in chances.items():
        u -= chance
        if u < 0:
            return key
    return key


def _view(kind: str, look: Cues, who: Photographer, lat: float, rng: Random) -> View:
    day = int(365 * rng.random())
    habitual, own = who.hour + rng.gauss(0, 1.5), 7.0 + 11.5 * rng.random()
    hour = habitual if rng.random() < HABIT else own
    late, night = rng.random(), 19.0 + 4.0 * rng.random()
    hour = min(23.0, max(6.0, night if late < 0.06 else hour))
    season = _season(lat, day)
    weather = _choose(dict(zip(WEATHERS, WEATHER_OF_ZONE[look.zone], strict=True)), rng.random())
    cold = SNOW_COVER.get(look.zone, 0.0) if season == "winter" else 0.0
    high = 0.35 if kind == "mountain" and abs(lat) > 23 else 0.0
    snow = rng.random() < max(cold, high)
    if weather == "snowfall" and not snow:
        weather = "overcast"
    tint = tuple(round(gain * (1 + rng.gauss(0, 0.02)), 4) for gain in who.tint)
    return View(
        kind=kind,
        hour=round(hour, 2),
        season=season,
        weather=weather,
        snow=snow,
        sun_elevation=_sun_elevation(lat, day, hour),
        sun_side=round(2 * rng.random() - 1, 3),
        focal=round(who.focal * (0.85 + 0.3 * rng.random()), 3),
        horizon=round(0.42 + 0.18 * rng.random(), 3),
        vanish=round(0.5 + 0.24 * (rng.random() - 0.5), 3),
        mirrored=rng.random() < 0.5,
        people=int(6 * rng.random() ** 2),
        vehicles=1 + int(5 * rng.random() ** 2),
        vehicle_colour=CAB_COLOURS[int(len(CAB_COLOURS) * rng.random())],
        occluder="none" if rng.random() < 0.82 else OCCLUDERS[1 + int(4 * rng.random())],
        tint=tint,
        exposure=round(who.exposure * (1 + rng.gauss(0, 0.07)), 3),
        contrast=round(who.contrast, 3),
        saturation=round(who.saturation, 3),
        grain=round(who.grain * (0.7 + 0.6 * rng.random()), 2),
        blur=round(5.0 * max(0.0, rng.random() - 0.75), 3),
        vignette=round(who.vignette, 3),
        quality=who.quality,
    )


def _season(lat: float, day: int) -> str:
    """The season there; the tropics have no winter."""
    if abs(lat) < 20:
        return "summer"
    northern = ("winter", "spring", "summer", "autumn")
    quarter = ((day + 30) % 365) // 92
    return northern[quarter if lat > 0 else (quarter + 2) % 4]


def _sun_elevation(lat: float, day: int, hour: float) -> float:
    """Degrees of the sun above the horizon, from the declination on that day."""
    declination = math.radians(-23.44 * math.cos(2 * math.pi * (day + 10) / 365))
    angle, phi = math.radians(15 * (hour - 12)), math.radians(lat)
    sine = math.sin(phi) * math.sin(declination)
    sine += math.cos(phi) * math.cos(declination) * math.cos(angle)
    return round(math.degrees(math.asin(max(-1.0, min(1.0, sine)))), 2)
