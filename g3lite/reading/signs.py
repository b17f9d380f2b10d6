"""Signs that stand apart from their number: a place that they do not agree with is refused."""

from __future__ import annotations

import re

from g3lite.reading.angles import hemisphere
from g3lite.reading.words import HALF_OF_EARTH, HEMISPHERES, LAT, LON

_I = re.IGNORECASE
_WORDS = "|".join(HEMISPHERES.values())
_BEHIND = re.compile(
    r"(?:[^\S\n]|[.,;:()\[\]\"'*°}-]){0,6}(?:(?:deg|degrees?)\b\.?)?(?:[^\S\n]|[,;:(]){0,3}"
    r"(?:((?-i:[NSEWO]|[NS][EW])(?![\w'])|(?-i:[nsw])(?= ?(?:$|\n|[.,;)]))"
    r"|(?:north|south|east|west)(?:ern)?\b"
    r"(?! (?:of (?!greenwich|the (?:equator|prime))|coast|side|bank|part|end))"
    r"|[北南东東西](?=[纬緯经經経])))"
    r"|\s{1,3}\(?([NSEW])\)?\s?(?:\n|\Z)",
    _I,
)
_NEAR = re.compile(
    r"[^\n.;]{0,30}?(?:\bdeg\. ?)?\b((?-i:[NSEW])(?!\w)|[nsw](?= ?(?:$|\n|[.,;)]))"
    r"|(?:north|south|east|west)(?=ern\b|\b)|(?:we|wes|so|sou|sout)\Z)",
    _I,
)
_BEFORE = re.compile(r"\b(?:(south|west)\w*(?:\.|[^.;\n]{0,20})|(?-i:([SW]))[\"' ]{0,2})$", _I)
_VALUE = re.compile(  # "latitude_direction": "S"
    rf"(?:[:=|]\s{{0,3}}[\"'*`“]{{0,3}}|[\[,]\s{{0,3}}[\"'`“])\s?(?:([NS]?/?[EW]|[NS])|({_WORDS}))"
    r"[\"'*`”]{0,3}\s{0,3}(?=[,;}\])\n|]|\Z)",
    _I,
)
_FLAG = re.compile(  # "south": true
    r"(?<![^\W_])(?:(south|west|negative|minus|sign)|(north|east|positive))\w{0,20}[\"'`”]?"
    r"\s{0,3}[:=]\s{0,3}[\"'`“]?(?:(true|yes|1\b|\+)|(false|no\b|0\b|-|neg\w*|minus))",
    _I,
)
_SAID = re.compile(  # "the longitude is west"
    rf"(?:{LAT}|{LON})[^.;,\n0-9]{{0,16}}?\b((?:south|west)(?:ern)?)\b"
    rf"|\b((?:south|west)(?:ern)?) (?:{LAT}|{LON})",
    _I,
)
_NOT = re.compile(r"\b(?:not|no|n't|rather than|unlike)\b[^.\n]{0,20}$", _I)


def agrees(letter: str, place: tuple[float, float]) -> bool:
    """Whether a place (latitude, longitude) lies in the hemisphere N, S, E or W."""
    value = place[0] if letter in "NS" else place[1]
    return letter != "?" and (value >= 0 if letter in "NE" else value <= 0)


def _all_agree(words: str, place: tuple[float, float]) -> bool:
    """Whether a place lies where letters ("S", "SW") or a word ("south") say."""
    letters = words.upper().replace("/", "")
    if not re.fullmatch("[NSEW]{1,2}", letters):
        letters = hemisphere(words)
    return all(agrees(letter, place) for letter in letters)


def turned_before(before: str, place: tuple[float, float]) -> bool:
    """Whether a hemisphere stands a little before a place that its sign denies."""
    match = _BEFORE.search(before)
    return bool(match) and not _all_agree(match[1] or match[2], place)


def turned_behind(behind: str, place: tuple[float, float], near: bool = False) -> bool:
    """Whether a hemisphere follows a place, apart from its number, that its sign denies.

    `near` looks beyond a word or two: "9.13 or W".
    """
    matches = [_BEHIND.match(behind), _NEAR.match(behind) if near else None]
    words = [next(filter(None, match.groups())) for match in matches if match]
    return not all(_all_agree(word, place) for word in words)


def turned_anywhere(text: str, place: tuple[float, float]) -> str | None:
    """What in a text says that a sign of the place may be another, or None.

    The value of a key ("direction": "S"), a flag ("south": true) or a named half of the Earth.
    """
    for match in _VALUE.finditer(text):
        if not _all_agree(match[1] or match[2], place):
            return match[0].strip(" :=\n")
    for match in _SAID.finditer(text):
        if not _all_agree(match[1] or match[2], place):
            return match[0]
    for match in _FLAG.finditer(text):
        says, yes = (match[1] or match[2]).lower(), bool(match[3])
        if says in ("negative", "minus", "sign", "positive"):
            if yes == (says in ("negative", "minus")) and place[0] >= 0 and place[1] >= 0:
                return match[0]
        elif yes and not agrees(says[0].upper(), place):
            return match[0]
        elif not yes and agrees(says[0].upper(), place) and 0 not in place:
            return match[0]
    for letter, half in HALF_OF_EARTH.items():
        for match in re.finditer(half, text, _I):
            if not agrees(letter, place) and not _NOT.search(
                text[max(0, match.start() - 30) : match.start()]
            ):
                return match[0]
    return None
