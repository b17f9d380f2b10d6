"""What a place looks like: the cues of MiniEarth at five scales, from continent to street.

Driving side, script and climate are facts (or simple readings of facts); the rest is invented
and fixed for ever by a digest of the place's name codes. `data/README.md` says which is which.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from random import Random

ZONES = (
    "rainforest", "savanna", "desert", "mediterranean",
    "steppe", "subtropical", "temperate", "boreal",
)  # fmt: skip
RELIEFS = ("flat", "hills", "mountains")
SOILS = ("red", "ochre", "pale", "brown", "grey", "dark")
DRIVING_SIDES = ("left", "right")
LINE_COLOURS = ("white", "yellow")
LINE_STYLES = ("dashed", "solid", "double")
SCRIPTS = (
    "latin", "cyrillic", "arabic", "han", "kana", "hangul", "indic", "southeast",
    "greek", "hebrew", "caucasian", "ethiopic",
)  # fmt: skip
"""The first eight are each found in at least 3 % of the places; captions name only those."""
SIGN_SHAPES = ("rectangle", "round", "hexagon", "arrow", "shield")
SIGN_COLOURS = ("blue", "green", "white", "brown", "red", "yellow")
PLATES = ("white", "yellow", "blue", "black")
POLES = ("wood", "concrete", "steel", "lattice")
BOLLARDS = ("red band", "black band", "yellow", "orange", "reflector")
ROOF_SHAPES = ("gable", "flat", "hip", "mansard")
ROOF_COLOURS = ("terracotta", "slate", "brown", "green", "blue", "tin")
WALLS = ("white", "brick", "ochre", "pink", "grey", "timber", "turquoise")
FENCES = ("picket", "wall", "hedge", "wire")
CAB_COLOURS = ("yellow", "white", "black", "green", "red", "blue")
LAMPS = ("globe", "arm", "lantern", "double")
PAVINGS = ("asphalt", "checker", "cobble", "slab")
LANDMARK_KINDS = (
    "tower", "dome", "arch", "obelisk", "wheel", "statue", "pyramid", "castle",
    "pagoda", "minaret", "cathedral", "skyscraper",
)  # fmt: skip
LANDMARK_COLOURS = ("stone", "gold", "red", "blue", "green", "white", "black", "copper")

DRIVES_ON_THE_LEFT = frozenset(
    "AG AI AU BB BD BM BN BS BT BW CC CK CX CY DM FJ FK GB GD GG GY HK ID IE IM IN JE JM JP KE KI "
    "KN KY LC LK LS MO MS MT MU MV MW MY MZ NA NF NP NR NU NZ PG PK PN SB SC SG SH SR SZ TC TH TK "
    "TL TO TT TV TZ UG VC VG VI WS ZA ZM ZW".split()
)
YELLOW_LINES = frozenset(
    "AR BO BR CA CL CN CO CR CU DO EC GT HN HT JM KR KP MX NI NO PA PE PR PY SV TH TW US UY VE PH "
    "VN IL KE UG TZ ET GH NG MM KH LA".split()
)
"""Countries that paint the centre of the road yellow; a simplification of real practice."""
SCRIPT_OF = {
    "cyrillic": "RU UA BY BG RS MK KZ KG TJ MN",
    "arabic": "SA AE OM YE QA BH KW IQ SY JO LB PS EG LY TN DZ MA SD MR IR PK AF EH",
    "han": "CN TW HK MO",
    "kana": "JP",
    "hangul": "KR KP",
    "indic": "IN NP BD LK BT MV",
    "southeast": "TH LA KH MM",
    "greek": "GR CY",
    "hebrew": "IL",
    "caucasian": "GE AM",
    "ethiopic": "ET ER",
}
"""Main script on signs, by country; every other country writes in latin letters."""


def digest(*keys: object) -> int:
    """A 64-bit number from `keys`, the same in every process and on every platform."""
    text = "|".join(["MiniEarth", *map(str, keys)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def pick(options: tuple, *keys: object):
    """One of `options`, chosen by a digest of `keys`."""
    return options[digest(*keys) % len(options)]


@dataclass(frozen=True)
class Landmark:
    """A building found in one place only, but for a few copies. Sizes in metres."""

    kind: str
    colour: str
    accent: str
    height: float
    width: float
    parts: int
    """How many storeys, arches, spokes or side towers it has (2 to 6)."""


@dataclass(frozen=True)
class Cues:
    """Everything about a place that its photos can show; see the tuples above for the values."""

    # continent and climate
    zone: str
    soil: str
    relief: str
    coast: bool
    # country
    driving_side: str
    line_colour: str
    line_style: str
    script: str
    sign_shape: str
    sign_colour: str
    plate: str
    pole: str
    bollard: str
    # region
    roof_shape: str
    roof_colour: str
    wall: str
    fence: str
    # city
    skyline: tuple[int, ...]
    taxi: str
    tram: str
    lamp: str
    paving: str
    # street
    landmark: Landmark


SCALES = {
    "continent": ("zone", "soil", "relief", "coast"),
    "country": (
        "driving_side", "line_colour", "line_style", "script", "sign_shape", "sign_colour",
        "plate", "pole", "bollard",
    ),
    "region": ("roof_shape", "roof_colour", "wall", "fence"),
    "city": ("skyline", "taxi", "tram", "lamp", "paving"),
    "street": ("landmark",),
}  # fmt: skip
"""At which scale each cue tells places apart."""


@cache
def script_of(country_code: str) -> str:
    """The main script on the signs of a country (ISO code)."""
    for script, countries in SCRIPT_OF.items():
        if country_code in countries.split():
            return script
    return "latin"


def country_cues(country_code: str) -> dict[str, str]:
    """The cues that all places of a country share."""
    c = country_code
    return {
        "driving_side": "left" if c in DRIVES_ON_THE_LEFT else "right",
        "line_colour": "yellow" if c in YELLOW_LINES else "white",
        "line_style": pick(LINE_STYLES, c, "line"),
        "script": script_of(c),
        "sign_shape": pick(SIGN_SHAPES, c, "sign shape"),
        "sign_colour": pick(SIGN_COLOURS, c, "sign colour"),
        "plate": pick(PLATES, c, "plate"),
        "pole": pick(POLES, c, "pole"),
        "bollard": pick(BOLLARDS, c, "bollard"),
    }


def region_cues(region: str) -> dict[str, str]:
    """The cues of a region (a country's first-level division). A distant twin passes its own."""
    return {
        "roof_shape": pick(ROOF_SHAPES, region, "roof shape"),
        "roof_colour": pick(ROOF_COLOURS, region, "roof colour"),
        "wall": pick(WALLS, region, "wall"),
        "fence": pick(FENCES, region, "fence"),
    }


def city_cues(place_id: int, population: int) -> dict[str, object]:
    """The cues of one city: its skyline grows with its population."""
    rng = Random(digest(place_id, "skyline"))
    tallest = 10 + 190 * min(1.0, population / 5e6) ** 0.6
    skyline = tuple(int(tallest * (0.25 + 0.75 * rng.random() ** 2)) for _ in range(9))
    return {
        "skyline": skyline,
        "taxi": pick(CAB_COLOURS, place_id, "taxi"),
        "tram": pick(CAB_COLOURS, place_id, "tram"),
        "lamp": pick(LAMPS, place_id, "lamp"),
        "paving": pick(PAVINGS, place_id, "paving"),
    }


def landmark(place_id: int, number: int) -> Landmark:
    """Landmark `number` (0, 1, 2) of a place."""
    rng = Random(digest(place_id, "landmark", number))
    kind = LANDMARK_KINDS[int(rng.random() * len(LANDMARK_KINDS))]
    colour, accent = rng.sample(LANDMARK_COLOURS, 2)
    return Landmark(
        kind=kind,
        colour=colour,
        accent=accent,
        height=round(25 + 55 * rng.random(), 1),
        width=round(12 + 22 * rng.random(), 1),
        parts=2 + int(5 * rng.random()),
    )
