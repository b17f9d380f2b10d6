"""Signs that stand apart from their number: a place that they do not agree with is refused."""

from __future__ import annotations

import re
from itertools import islice

from g3lite.reading.angles import angles, hemisphere
from g3lite.reading.words import (
    BOTH_NEGATIVE,
    HALF_OF_EARTH,
    HEMISPHERE_NAMED,
    HEMISPHERES,
    LAT,
    LON,
    NEGATIVE,
)

_I = re.IGNORECASE
_WORDS = "|".join(HEMISPHERES.values())
_BEHIND = re.compile(
    r"(?:[^\S\n]|[.,;:()\[\]\"'*°}-]){0,6}(?:(?:deg|degrees?)\b\.?)?(?:[^\S\n]|[,;:(]){0,3}"
    r"(?:((?-i:[NSEWO]|[NS][EW])(?![\w'])|(?-i:[nsw]|[ns][ew])(?= ?(?:$|\n|[.,;)]))"
    r"|(?:north|south|east|west)(?:ern)?\b"
    r"(?! (?:of (?!greenwich|the (?:equator|prime))|coast|side|bank|part|end))"
    r"|[北南东東西](?=[纬緯经經経])))"
    r"|\s{1,3}\(?([NSEW])\)?\s?(?:\n|\Z)",
    _I,
)
_NEAR = re.compile(
    r"[^\n.;]{0,30}?(?:\bdeg\. ?)?\b((?-i:[NSEW])(?!\w)|[nsw](?= ?(?:$|\n|[.,;)]))"
    r"|(?:north|south|east|west)(?=ern\b|\b)|(?:we|wes|(?<!or )so|sou|sout)\Z)",
    _I,
)
_BEFORE = re.compile(r"\b(?:(south|west)\w*(?:\.|[^.;\n]{0,20})|(?-i:([SW]))[\"' ]{0,2})$", _I)
_VALUE = re.compile(  # "latitude_direction": "S"
    rf"(?:(?:[:=|#]|//|/\*)\s{{0,3}}[\"'*`“]{{0,3}}|[\[,]\s{{0,3}}[\"'`“])\s?(?:([NS]?/?[EW]|[NS])|((?:{_WORDS})(?:[-/](?:{_WORDS})(?=[\"']))?))"
    r"[\"'*`”]{0,3}\s{0,3}(?=[,;}\])\n|]|\*/|\Z)",
    _I,
)
_FLAG = re.compile(  # "south": true
    r"(?<![^\W_])(?:(south|west|negative|minus|sign)|(north|east|positive))\w{0,20}[\"'`”]?"
    r"\s{0,3}[:=]\s{0,3}[\"'`“]?(?:(true|yes|1\b|\+)|(false|no\b|0\b|-|neg\w*|minus))",
    _I,
)
_SAID = re.compile(  # "the longitude is west"
    rf"(?:{LAT}|{LON})[^.;,\n0-9]{{0,24}}?\b((?:north|south|east|west)(?:ern)?|sur|sud|süd|ouest|oeste)\b"
    rf"|\b((?:north|south|east|west)(?:ern)?) (?:{LAT}|{LON})",
    _I,
)
_FIRST = f"{HEMISPHERES['N']}|{HEMISPHERES['S']}"
_SECOND = f"{HEMISPHERES['E']}|{HEMISPHERES['W']}"
_TOGETHER = re.compile(  # "north and west", "North/West"
    rf"\b({_FIRST})\b[^\w.\n-]{{1,3}}(?:(?:and|y|und|et|e|и) )?({_SECOND})\b", _I
)
_WORD = re.compile(rf"\b(?:{_WORDS})\b", _I)
_LONE = re.compile(  # "(S)", "| S |", "S, W": not the letter of a number
    r"(?<![^\s(\[|/,:;\"'*_>`“=°-])(?<![0-9°'\"] )(?<![0-9°])°?"
    r"((?:[NS](?: ?[,/&-] ?| and | )?)?[EW]|[NS])(?=\s?(?:\Z|[\n,:;)\]|\"'*_<`”}]))"
    r"|\b([ns]/[ew])\b|(?<=[,|;])\s?([nsew])\s?(?=[,|;\n]|\Z)"
    r"|(?<!\w)[(\[]°?\s?((?i:(?:[ns][\s,/&-]{0,3})?[ew]|[ns]))\s?[)\]]"
)
_KEY = re.compile(r"[\"']([nsew])[\"']\s{0,3}:\s{0,3}[\"']?(?:true|yes|1\b)", _I)
_NAMED = re.compile(HEMISPHERE_NAMED, _I)
_NEGATIVE = re.compile(NEGATIVE, _I)
_BOTH_NEGATIVE = re.compile(BOTH_NEGATIVE, _I)
_AXIS_NEGATIVE = re.compile(
    rf"(?:(?P<lat>{LAT})|(?P<lon>{LON}))[^.;,\n0-9]{{0,30}}?(?:{NEGATIVE})(?! ?[0-9])", _I
)
MOST = 1000
"""Numbers of a text that are compared with a place."""
_NOT = re.compile(r"\b(?:not|no|n't|rather than|unlike)\b[^.\n]{0,20}$", _I)


def agrees(letter: str, place: tuple[float, float]) -> bool:
    """Whether a place (latitude, longitude) lies in the hemisphere N, S, E or W."""
    value = place[0] if letter in "NS" else place[1]
    return letter != "?" and (value >= 0 if letter in "NE" else value <= 0)


def _all_agree(words: str, place: tuple[float, float]) -> bool:
    """Whether a place lies where letters ("S", "SW") or a word ("south") say."""
    letters = words.upper().replace("/", "")
    if not re.fullmatch("[NSEW]{1,2}", letters):
        letters = "".join(map(hemisphere, re.split("[-/]", words)))
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
    for match in (*_LONE.finditer(text), *_KEY.finditer(text)):
        letters = "".join(re.findall("[NSEW]", next(filter(None, match.groups())).upper()))
        if not all(agrees(letter, place) for letter in letters.replace("AND", "")):
            return match[0].strip()
    for match in _TOGETHER.finditer(text):
        if not (_all_agree(match[1], place) and _all_agree(match[2], place)):
            return match[0]
    for match in _NAMED.finditer(text):
        around = text[max(0, match.start() - 25) : match.end() + 25]
        if not _NOT.search(text[max(0, match.start() - 40) : match.start()]) and not all(
            _all_agree(word, place) for word in _WORD.findall(around)
        ):
            return match[0]
    if said := _negative(text, place) or _otherwise(text, place):
        return said
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


def _negative(text: str, place: tuple[float, float]) -> str | None:
    """What says that a number of the place, or both, should be negative, or None."""
    if (both := _BOTH_NEGATIVE.search(text)) and max(place) > 0:
        return both[0]
    for match in _AXIS_NEGATIVE.finditer(text):
        if place[0 if match["lat"] else 1] > 0:
            return match[0]
    if min(place) >= 0:
        for match in _NEGATIVE.finditer(text):
            if not _NOT.search(text[max(0, match.start() - 30) : match.start()]):
                return match[0]
    return None


def _otherwise(text: str, place: tuple[float, float]) -> str | None:
    """The same number with another hemisphere or sign elsewhere in a text, or None."""
    for angle in islice(angles(text), MOST):
        near = 0.5 * 10.0 ** -min(angle.decimals, 6) if angle.decimals else 0
        for value, letters in zip(place, ("NS", "EW"), strict=True):
            if not value or abs(angle.degrees - abs(value)) > near:
                continue
            given = angle.hemispheres
            turned = given in letters and given and not agrees(given, place)
            if turned or (not given and angle.sign == "-" and value > 0):
                return angle.text
    return None
