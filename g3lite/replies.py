"""Replies of a multimodal model: the coordinates they state, or the reason why there are none.

A wrong candidate costs more than a lost one, so whatever could be read in two ways is refused. Four
forms are understood: JSON, labels ("Latitude: 48.85, Longitude: 2.35"), hemispheres ("48.85° N,
2.35° E", degrees-minutes-seconds too) and a pair "(48.85, 2.35)", latitude first. The rules:

- JSON with a latitude or a longitude decides alone: the prompt asks for it. The other forms count
  only where there is none.
- A pair is the whole reply, or it stands in brackets and has decimals ("[1, 2]" may be a footnote),
  three of them unless a word like "coordinates" leads to it or it begins a line.
- Several places (more than 0.01° apart) are refused, unless one alone is called "my answer", "final
  answer", "best guess" or the like. What follows "for example" or "not" is no answer.
- Beside a refusal ("I cannot tell") a place counts only as an object or after "but", "a guess" or
  the like, and (0, 0) not at all. Elsewhere (0, 0) is a place as any other.
- Nothing is clamped, swapped or completed. An object that is not closed was cut off, perhaps within
  a number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

NO_REPLY = "no reply: "
"""How the reason begins in the row of a reply that did not come."""
EMPTY = "empty reply"
"""How the reason begins of a reply that came without a text."""
SAME_PLACE_DEG = 0.01
"""Coordinates of one reply that differ by no more than this are one place, written twice."""


@dataclass(frozen=True)
class Reply:
    """What one reply states.

    Attributes:
        coordinates: (latitude, longitude) in degrees, or None.
        reason: why there are no coordinates, in words; None where there are.
        form: "json", "labels", "hemispheres" or "pair", and "none" where no form was found.
    """

    coordinates: tuple[float, float] | None
    reason: str | None
    form: str


@dataclass(frozen=True)
class _Found:
    """One statement of a place in a reply: its coordinates, or what is wrong with it."""

    form: str
    before: str  # the text up to it, or the last of it
    coordinates: tuple[float, float] | None = None
    reason: str | None = None


# Signs that mean the same. A double prime becomes two primes: a quotation mark would end a string.
_SAME = {ord(sign): "-" for sign in "−–—‐‑‒﹣－"} | {ord(sign): "'" for sign in "’′‘"}
_SAME |= {ord(sign): '"' for sign in "“”"} | {ord(sign): " " for sign in "\u00a0\u2009\u202f"}
_SAME |= {ord("º"): "°", ord("˚"): "°", ord("″"): "''"}

# Every repetition in the patterns below is bounded or cannot be taken back (?>...), *+: a reply
# of any length is read in linear time, and no number is cut short to make a pattern fit.
_NUMBER = r"[0-9]{1,3}(?:[.,][0-9]{1,20})?"
_SIXTIETHS = r"[0-9]{1,2}(?:[.,][0-9]{1,20})?"
_HEMISPHERE = r"(?:[NSEW]|(?i:north|south|east|west))\b"
_ANGLE = (  # 48.85 | 48.85° | 48 degrees | 48°51' | 48°51'24.5"
    rf"(?>[+-]?{_NUMBER}(?: ?(?:°|degrees\b|deg\b)"
    rf"(?: ?{_SIXTIETHS} ?'(?!')(?: ?{_SIXTIETHS} ?(?:''|\"))?)?)?)"
)
_FREE = rf"(?>[NSEW] ?{_ANGLE}|{_ANGLE}(?: ?{_HEMISPHERE})?)"

# The same angle with its parts, to compute with.
_PARTS = re.compile(
    rf"(?P<front>[NSEW])? ?(?P<sign>[+-])?(?P<degrees>{_NUMBER}) ?(?:°|degrees\b|deg\b)?"
    rf"(?: ?(?P<minutes>{_SIXTIETHS}) ?')?(?: ?(?P<seconds>{_SIXTIETHS}) ?(?:''|\"))?"
    rf" ?(?P<back>{_HEMISPHERE})?",
    re.ASCII,
)
# An object with at most one level of objects inside, so that all of them are read once.
_OBJECT = re.compile(r"\{(?:[^{}]++|\{[^{}]*+\})*+\}")

_LAT, _LON = r"\blat(?:itude)?\b", r"\b(?:lon(?:g|gitude)?|lng)\b"
_IS = (  # between a label and its number
    r"[\s\"'*`:=~]{0,8}(?:(?:is|of|about|around|approximately|approx\.?|roughly) ){0,2}"
    r"[\s\"'*`~]{0,4}"
)
_NEXT = r"[\s\"'*`,;.|/-]{0,12}(?:(?:and|the|its|a) ){0,3}[\"'*`]{0,4}"  # up to the second label
_LABELS = [
    re.compile(rf"(?i:{first}{_IS})({_FREE})(?i:{_NEXT}{second}{_IS})({_FREE})", re.ASCII)
    for first, second in ((_LAT, _LON), (_LON, _LAT))
]
_AND = r"(?: latitude)? ?(?:[,;/|]|and\b|by\b)?\s{0,3}"
_HEMISPHERES = re.compile(  # both letters in front or both behind
    rf"([NSEW] ?{_ANGLE}){_AND}([NSEW] ?{_ANGLE})"
    rf"|({_ANGLE} ?{_HEMISPHERE}){_AND}({_ANGLE} ?{_HEMISPHERE})",
    re.ASCII,
)
_POINT = r"[+-]?(?>[0-9]{1,3}(?:\.[0-9]{1,20})?) ?°?"
_COMMA = rf"[+-]?(?>{_NUMBER}) ?°?"  # a decimal comma is clear only beside a semicolon
_GAP = r"\s{0,3}"
_BARE = rf"(?:({_POINT}) ?,{_GAP}({_POINT})|({_COMMA}) ?;{_GAP}({_COMMA}))"
_PAIR = re.compile(_BARE, re.ASCII)
_BRACKETS = re.compile(rf"(?<![\w\])([-])[(\[]{_GAP}{_BARE}{_GAP}[)\]]", re.ASCII)

# Next to an angle, these make it part of a range, of a longer number or of another quantity.
_BAD_BEFORE = re.compile(
    r"(?:[\w°+-]|[0-9][^A-Za-z\n]{0,4}|[0-9] ?°? ?[NSEW]? ?(?:-|to|or|and|through) "
    r"|\b(?:between|from) )$",
    re.ASCII,
)
_BAD_AFTER = re.compile(
    r"[\w°%]|\.\.|\s{0,3}[^\w\s(]{0,3}[0-9]|[*'\"`]{1,3}\s{0,2}[0-9]|\s?['\"]?\s?:"
    r"|[ ,(]{0,4}(?:[NSEW]|(?i:north|south|east|west))\b"
    r"| ?(?:[%±…+/]|(?:km|mi|miles|metres|meters|percent)\b|(?:-|to|or|and|through) ?[+-]?[0-9])",
    re.ASCII,
)
_STUCK = re.compile(r"[\s)\]}]{0,2}[0-9]")  # behind an object: a digit that fell out of it?
_NO_PLACE = re.compile(  # words that say what else a pair in brackets may be
    r"\b(?:range|interval|between|confiden|probab|score|pixel|size|ratio|version|bound)[^.;]{0,40}$",
    re.IGNORECASE,
)
_MEANT = re.compile(  # what makes a short pair in prose a place: its own line or such a word
    r"(?:\A|\n|\b(?:coordinates?|location|longitude|long?|answer|guess|estimate)\b[^.;]{0,40})\W{0,3}$",
    re.IGNORECASE,
)
_AXES = re.compile(r"\b(?:(lat)(?:itude)?s?|(lon)(?:gitude)?s?|(?<=lat/)(lon)g)\b", re.IGNORECASE)
_ANSWER = re.compile(
    r"\b(?:my|final|best) (?:(?:final|best) )?(?:answer|guess|estimate|prediction)\b[^.;\d]{0,40}$",
    re.IGNORECASE,
)
_NO_ANSWER = re.compile(
    r"\b(?:(?:example|for instance|e\.g\.|such as)[^.;\d]{0,30}"
    r"|(?:not|unlike|than|instead of)\W{0,4})$",
    re.IGNORECASE,
)
_STILL = re.compile(  # an answer that follows although the model says that it cannot give one
    r"\b(?:but|however|guess|answer|estimate|prediction)\b[^.;\d]{0,70}$", re.IGNORECASE
)
_REFUSAL = re.compile(
    r"\b(?:sorry|unable|cannot|can't|can not|could not|couldn't|won't|not able|not possible)\b",
    re.IGNORECASE,
)


def parse(text: str | None, *, cut_off: bool = False) -> Reply:
    """Read one reply; None stands for a reply that never came.

    Args:
        text: the reply.
        cut_off: whether the limit of tokens ended it: then only an object that it ends with counts.

    Raises:
        TypeError: the reply is neither text nor None.
    """
    if text is not None and not isinstance(text, str):
        raise TypeError(f"a reply is text or None, not {type(text).__name__}")
    if text is None or not text.strip():
        return Reply(None, EMPTY, "none")
    if cut_off and not text.rstrip().endswith("}"):
        return Reply(None, "cut off at the limit of tokens", "none")
    text = text.translate(_SAME)
    if text.count("{") != text.count("}"):
        return Reply(None, "braces do not match: the reply may be cut off", "none")

    matches = list(_json(text)) or _labels(text) or _hemispheres(text) or _pairs(text)
    matches = [match for match in matches if not _NO_ANSWER.search(match.before[-60:])]
    if len(matches) > 1:
        matches = [match for match in matches if _ANSWER.search(match.before[-80:])] or matches
    if not matches:
        if _REFUSAL.search(text):
            return Reply(None, "refusal", "none")
        digit = re.search("[0-9]", text)
        return Reply(None, "numbers, but no coordinates" if digit else "no coordinates", "none")

    for match in matches:
        if match.reason:
            return Reply(None, match.reason, match.form)
    first = matches[0]
    for match in matches[1:]:
        pairs = zip(match.coordinates, first.coordinates, strict=True)
        if max(abs(a - b) for a, b in pairs) > SAME_PLACE_DEG:
            return Reply(None, "several places, none marked as the answer", first.form)
    if _REFUSAL.search(text):
        if first.coordinates == (0, 0):
            return Reply(None, "refusal with zeros for coordinates", first.form)
        if "{" not in text and not any(_STILL.search(match.before) for match in matches):
            return Reply(None, "refusal that mentions a place", first.form)
    return Reply(first.coordinates, None, first.form)


def parse_all(texts: Iterable[str | None]) -> tuple[np.ndarray, list[str | None]]:
    """Candidates of many replies, float64 (n, 2) with a row of NaN for none, and the reasons."""
    replies = [parse(text) for text in texts]
    rows = [reply.coordinates or (np.nan, np.nan) for reply in replies]
    return np.array(rows, dtype=np.float64).reshape(-1, 2), [reply.reason for reply in replies]


def failed_replies(table: pd.DataFrame) -> pd.Series:
    """Which rows of a table of replies (see `LMM.ask`) are of none, or one without text: bool."""
    reasons = table["reason"].astype("string").fillna("")  # NA where there are coordinates
    return (reasons.str.startswith(NO_REPLY) | reasons.str.startswith(EMPTY)).astype(bool)


def failure_summary(table: pd.DataFrame) -> str | None:
    """How many replies of such a table came without a text or not at all, and mostly why; or None.

    None if all came with a text.
    """
    reasons = table.loc[failed_replies(table), "reason"]
    empty = reasons.str.startswith(EMPTY).astype(bool)
    said = []
    for some, what, begin in (
        (reasons[empty], "came without a text", EMPTY),
        (reasons[~empty], "failed", NO_REPLY),
    ):
        if len(some):
            why = some.value_counts().index[0].removeprefix(begin).removeprefix(": ")
            said.append(f"{len(some)} of {len(table)} replies {what}" + (f": {why}" if why else ""))
    return "; ".join(said) or None


def _json(text: str) -> Iterator[_Found]:
    """Every object that names a latitude or a longitude; labels are read where it is not JSON."""
    for match in _OBJECT.finditer(text):
        before = text[max(0, match.start() - 80) : match.start()]
        if _AXES.search(match[0]) and _STUCK.match(text, match.end()):
            yield _Found("json", before, reason="a number stuck to an object")
            continue
        objects: list[list[tuple[str, object]]] = []
        try:  # NaN and Infinity stay words: they are no numbers here
            json.loads(match[0], object_pairs_hook=objects.append, parse_constant=str)
        except (ValueError, RecursionError):
            if _AXES.search(match[0]):
                broken = _Found("json", before, reason="an object that is not JSON")
                yield from _labels(match[0]) or [broken]
            continue
        for pairs in objects:
            values = [(key.strip().lower(), value) for key, value in pairs]
            if any(key.startswith(("lat", "lon", "lng")) for key, _ in values):
                yield _in_object(values, before)


def _in_object(values: list[tuple[str, object]], before: str) -> _Found:
    """The place in an object, given as its (key, value) pairs: a dict would hide double keys."""
    lats = [value for key, value in values if key in ("latitude", "lat")]
    lons = [value for key, value in values if key in ("longitude", "lon", "long", "lng")]
    for name, have in (("latitude", lats), ("longitude", lons)):
        if len(have) != 1:
            reason = f"{name} is {'given twice' if have else 'missing'}"
            return _Found("json", before, reason=reason)
    others = [key for key, _ in values if not re.fullmatch(f"{_LAT}|{_LON}", key)]
    for key in others:  # such as "latitude_direction": "S"
        if re.match("lat|lon|lng", key) or "hemisphere" in key or "direction" in key:
            return _Found("json", before, reason=f"key {key[:40]!r} may change the coordinates")
    return _place("json", before, lats[0], lons[0])


def _labels(text: str) -> list[_Found]:
    return [
        _around(text, match, "labels", match[2 if lon_first else 1], match[1 if lon_first else 2])
        for lon_first, pattern in enumerate(_LABELS)
        for match in pattern.finditer(text)
    ]


def _hemispheres(text: str) -> list[_Found]:
    pairs = []
    for match in _HEMISPHERES.finditer(text):
        lon, lat = filter(None, match.groups())
        if not re.search("[EW]|(?i:east|west)", lon):
            lat, lon = lon, lat
        pairs.append(_around(text, match, "hemispheres", lat, lon))
    return pairs


def _pairs(text: str) -> list[_Found]:
    if "{" in text:  # GeoJSON holds its pairs the other way round
        return []
    text = text.strip(" \n\t`*.")
    matches = [bare] if (bare := _PAIR.fullmatch(text)) else _BRACKETS.finditer(text)
    axes = ["".join(names).lower() for names in _AXES.findall(text)]
    pairs = []
    for match in matches:
        lat, lon = (value for value in match.groups() if value)
        pair = _around(text, match, "pair", lat, lon)
        if _NO_PLACE.search(pair.before) or re.search("['\"] ?: ?$", pair.before):
            pair = _Found("pair", pair.before, reason="the pair may be something else")
        elif axes != ["lat", "lon"] * (len(axes) // 2):
            pair = _Found("pair", pair.before, reason="which number is the latitude is not clear")
        elif match[0] != text and not _MEANT.search(pair.before):
            if not all(re.search("[.,][0-9]{3}", value) for value in (lat, lon)):
                pair = _Found("pair", pair.before, reason="the pair may be something else")
        decimals = re.search("[.,°]", lat) and re.search("[.,°]", lon)
        if decimals or (not bare and match[0] == text):
            pairs.append(pair)
    return pairs


def _around(text: str, match: re.Match, form: str, lat: str, lon: str) -> _Found:
    """The place of a match, unless what stands around it makes it something else."""
    before = text[max(0, match.start() - 80) : match.start()]
    stuck = form == "hemispheres" and _BAD_BEFORE.search(before)
    if stuck or _BAD_AFTER.match(text[match.end() : match.end() + 16]):
        return _Found(form, before, reason="a range or another quantity, not coordinates")
    return _place(form, before, lat, lon)


def _place(form: str, before: str, lat: object, lon: object) -> _Found:
    try:
        return _Found(form, before, (_degrees(lat, "latitude"), _degrees(lon, "longitude")))
    except ValueError as error:
        return _Found(form, before, reason=str(error))


def _degrees(value: object, name: str) -> float:
    """Degrees of a number or of an angle in words; ValueError says what is wrong with it."""
    limit, letters = (90, "NS") if name == "latitude" else (180, "EW")
    if isinstance(value, str):
        parts = _PARTS.fullmatch(value.strip())
        if parts is None:
            raise ValueError(f"{name} {value[:40]!r} is not one angle")
        degrees, minutes, seconds = (
            float((parts[part] or "0").replace(",", "."))
            for part in ("degrees", "minutes", "seconds")
        )
        hemisphere = ((parts["front"] or "") + (parts["back"] or "")[:1]).upper()
        if hemisphere and (parts["sign"] or len(hemisphere) > 1 or hemisphere not in letters):
            raise ValueError(f"{name} {value[:40]!r} contradicts itself")
        whole = (degrees % 1 == 0 or not parts["minutes"]) and (
            minutes % 1 == 0 or not parts["seconds"]
        )
        if max(minutes, seconds) >= 60 or not whole or (parts["seconds"] and not parts["minutes"]):
            raise ValueError(f"{name} {value[:40]!r} has wrong minutes or seconds")
        negative = parts["sign"] == "-" or hemisphere in ("S", "W")
        value = (degrees + minutes / 60 + seconds / 3600) * (-1 if negative else 1)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} {str(value)[:40]!r} is not a number")
    if not abs(value) <= limit:  # NaN too
        raise ValueError(f"{name} {str(value)[:40]} is outside [-{limit}, {limit}]")
    return float(value) + 0.0  # no negative zero
