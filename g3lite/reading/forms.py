"""Statements in words: labels, hemispheres, pairs and tables.

Two neighbouring angles of a text are a place if what stands before, between and behind them makes
one of them: "Latitude: 48.85, Longitude: 2.35", "48.85° N, 2.35° E" or "(48.85, 2.35)".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from g3lite.reading.angles import Angle, angles, hemisphere, one_letter, only_angle
from g3lite.reading.signs import turned_before, turned_behind
from g3lite.reading.statements import DENIED, PLAIN, Statement
from g3lite.reading.words import (
    AND,
    HEMISPHERES,
    IN_PICTURE,
    IS,
    IS_SIGNS,
    LAT,
    LEAD,
    LON,
    MARK,
    MARK_COLON,
    OTHER_ORDER,
    OTHER_QUANTITY,
    RADIANS,
    RANGE,
    RANGE_BEFORE,
    UNITS,
)

MOST = 500
"""Numbers of a text that are looked at; no reply that is meant to be read has as many."""
SOMETHING_ELSE = "the pair may be something else"
NOT_CLEAR = "which number is the latitude is not clear"
NOT_READ = "numbers, but no coordinates"
ONE_LETTER = "a hemisphere of one number only"
_I = re.IGNORECASE

_OF_A_LABEL = r"(?:estimated|approximate|approx\.?|predicted|decimal|final|best|gps|geographic)"
_HALF = rf"(?P<half>\b[NSEW]\.?|\b(?:{'|'.join(HEMISPHERES.values())}))"
_UNIT = (
    r"(?:in |decimal |wgs ?84 ?|approx\w* ?|estimated? ?)?"
    r"(?:degrees?|deg|dd|decimal|°|wgs ?84|approx\w*\.?|estimated?|value)"
)
_LINK = (  # between a label and its number
    rf"\.?(?:[ _]?\(?{_UNIT}\)?)?(?:[\"']{{0,3}}[\s:=~≈|>(→][\s\"':=~≈|>(→]{{0,8}}|(?<=度))"
    rf"(?:{IS}[\s:]{{1,3}}){{0,3}}(?:{IS_SIGNS}){{0,2}}[\s\"'~≈:]{{0,4}}"
)
_LABEL = {
    axis: re.compile(rf"(?:{_HALF} )?(?P<label>{label}){_LINK}$", _I)
    for axis, label in (("latitude", LAT), ("longitude", LON))
}
_SEPARATOR = (
    rf"°?[\s\"',;.、|/&)}}\]-]{{0,12}}(?:(?:{AND}|the|its|a|at|with|la|die|der)\s){{0,3}}(?:和|と)?"
    rf"[\s\"'(]{{0,4}}(?:{_OF_A_LABEL}[ _])?"
)
_NEXT_LABEL = {
    axis: re.compile(rf"{_SEPARATOR}(?:{_HALF} )?(?:{label}){_LINK}", _I)
    for axis, label in (("latitude", LAT), ("longitude", LON))
}
_BEHIND = {
    axis: re.compile(rf"[ ,°(]{{0,3}}(?:of |de )?(?:{label})", _I)
    for axis, label in (("latitude", LAT), ("longitude", LON))
}
_VALUE = re.compile(rf"{_LINK}[+-]?[0-9]", _I)
_COMMA = rf"(?:[,;/|、]|{AND}|by\b)"
_HEMISPHERE_GAP = re.compile(rf"°?(?:[ ,]{{0,2}}(?:{LAT}|{LON}))?\s?{_COMMA}?\s{{0,3}}", _I)
_PAIR_GAP = re.compile(rf"°? ?(?:,|;|、| / | {AND} )\s{{0,3}}[~≈]?", _I)
_OPEN = re.compile(r"(?:\A|[^\w)\]([{-]|[\u3040-\u9fff])(?P<bracket>[(\[{])\s{0,3}[~≈]?$")
_CLOSE = {
    "(": re.compile(r"°?\s{0,3}\)"),
    "[": re.compile(r"°?\s{0,3}\]"),
    "{": re.compile(r"°?\s{0,3}\}"),
}
_LEADS = re.compile(
    rf"(?:{LEAD}|{LAT}\W{{1,4}}(?:{AND} )?{LON}|{MARK}|{MARK_COLON})[^.;\d\n]{{0,60}}?"
    rf"(?:[:=→]|\b(?:say|with|es|sería|ist|wäre|sind|lauten|est|serait|seria|sont|{IS})|{IS_SIGNS})"
    rf"(?: (?:{IS})){{0,2}}"
    rf"[\s\"'~≈({{\[]{{0,4}}$|\b(?:{MARK}) $",
    _I,
)
_NAME = r"(?:[^\W\d_a-z][\w'.-]*+|(?:de|da|do|of|the|del|la|and)\b)"
_PLACE_NAME = re.compile(  # "Lisbon, Portugal: "
    rf"(?:\A|\n)\W{{0,4}}+{_NAME}(?:[, ]{{1,2}}+{_NAME}){{0,7}}+[, ]{{0,2}}: ?$"
)
_MEANT = re.compile(
    r"(?:\A|\n|\b(?:coordinates?|location|longitude|long?|answer|guess|estimate)\b[^.;]{0,40})"
    r"\W{0,3}$",
    _I,
)
_INTRODUCED = re.compile(  # what may stand before a pair in prose: no "angle (12.345, 30.456)"
    rf"(?:[^\w\s]|\b(?:{IS}|{AND}|or|but|so|i|in|to|from|than|here|it|this|that|not|guess|estimate"
    r"|say|answer|coordinates?|location|place|position|point|with|was|were|unlike|exclude|out|perhaps"
    r"|maybe|possibly|exactly|example)"
    r"|[\u3040-\u9fff]|\b(?-i:[^\W\d_a-z][\w'.-]*|[A-Z]{2} [0-9]{5}|[0-9][A-Z]{2}))"
    r"\W{0,3}$",
    _I,
)
_LINE_START = re.compile(r"(?:\A|\n)[^\w\n(\[{-]{0,8}$")
_LINE_END = re.compile(
    r"°? ?[.,;:!]?(?: ?\([^()\d\n]{0,80}\)\.?| ?[,:(—-]?[^\d\n]{0,80}"
    r"| [^\d\n]{0,60}\d{1,3}(?:\.\d)? ?%[^\d\n]{0,40})? ?(?:\n|\Z)"
)
_AXES = re.compile(rf"({LAT})|({LON})", _I)
_OTHER = re.compile(rf"(?:{OTHER_QUANTITY})[^.;\n]{{0,40}}$", _I)
_PICTURE = re.compile(
    rf"(?:{IN_PICTURE})(?:(?!, (?:so|therefore|thus|hence)\b)[^.;\n]){{0,40}}$", _I
)
_RADIANS = re.compile(rf"(?:{RADIANS})", _I)
_ORDER = re.compile(OTHER_ORDER, _I)

# Next to an angle, these make it part of a range, of a longer number or of another quantity.
_NUMBER_BEHIND = re.compile(
    rf"[^\S\n]?(?i:{RANGE})[^\S\n]?[+-]?[0-9]|[^\S\n]{{1,3}}[+-]?[0-9]|['\"]{{1,3}}\s{{0,2}}[0-9]"
    r"|\W{0,8}\n\s{0,3}\.?[0-9][0-9.]{0,19}\s{0,3}(?:\n|\Z)|[)\]}]{1,3}[0-9]"
    r"| ?[,;/] ?[+-]?[0-9][0-9.,]*(?![0-9.,]|\s?%| [^\W\d])",
)
_OTHER_BEHIND = re.compile(
    rf"\s?{UNITS}|\s(?:and (?:an? )?(?:half|third|quarter)|point|comma|coma|komma|virgule)\b"
    r"|[+^]|\s?['\"]\s?:|[^\S\n]?(?:\.{2,}|…)",
    _I,
)
_GOES_ON = re.compile(r"[^\S\n]{1,3}[^\W\d]{1,12} [0-9]{0,3}\.[0-9]")  # "14 no .4114"
_NUMBER_BEFORE = re.compile(
    rf"[0-9](?!\)[,;:] )[^\w\n(]{{0,4}}$|[0-9] ?°? ?[NSEW]? ?(?i:{RANGE}) ?$|{RANGE_BEFORE}", _I
)


def text_statements(text: str) -> list[Statement]:
    """Every place that a text without objects and markup states, in its order."""
    if len(re.findall("[0-9]+", text)) > MOST:
        return [Statement("none", 0, len(text), reason="more numbers than an answer has")]
    every = list(angles(text))
    rows = list(_table_rows(text))
    covered = [(row.start, row.end) for row in rows]
    drafts: list[tuple[int, Statement, Angle, Angle]] = []
    at = 0
    while at + 1 < len(every):
        first, second = every[at : at + 2]
        inside = any(start <= first.start < end for start, end in covered)
        found = None if inside else _between(text, first, second)
        if found:
            drafts.append((at, *found))
            at += 1
        at += 1
    drafts = _in_doubt(text, drafts)
    begins = {at for at, *_ in drafts}
    ends = {at + 1 for at, *_ in drafts}
    checked = [
        _checked(text, draft, lat, lon, at - 1 in ends, at + 2 in begins)
        for at, draft, lat, lon in drafts
    ]
    return sorted(rows + checked, key=lambda statement: statement.start)


def _between(text: str, a: Angle, b: Angle) -> tuple[Statement, Angle, Angle] | None:
    """The statement that two neighbouring angles make, and which of them is the latitude."""
    gap = text[a.end : b.start]
    if len(gap) > 100:
        return None
    before = text[max(0, a.start - 100) : a.start]
    return (
        _labelled(text, before, gap, a, b)
        or _labelled_behind(text, gap, a, b)
        or _in_hemispheres(text, gap, a, b)
        or _paired(text, before, gap, a, b)
        or _unread(text, before, gap, a, b)
    )


def _labelled(
    text: str, before: str, gap: str, a: Angle, b: Angle
) -> tuple[Statement, Angle, Angle] | None:
    """Latitude: a, Longitude: b; or the other way round."""
    for first, second in (("latitude", "longitude"), ("longitude", "latitude")):
        label = _LABEL[first].search(before)
        if label and (following := _NEXT_LABEL[second].fullmatch(gap)):
            start = a.start - len(before) + label.start()
            a, b = _half(a, label["half"]), _half(b, following["half"])
            lat, lon = (a, b) if first == "latitude" else (b, a)
            return Statement("labels", start, b.end), lat, lon
    return None


def _half(angle: Angle, word: str | None) -> Angle:
    """The angle with the hemisphere that stands before its label: "South latitude 33.9"."""
    if not word:
        return angle
    letter = hemisphere(word.rstrip("."))
    return (
        angle
        if angle.hemispheres == letter
        else replace(angle, hemispheres=angle.hemispheres + letter)
    )


def _labelled_behind(
    text: str, gap: str, a: Angle, b: Angle
) -> tuple[Statement, Angle, Angle] | None:
    """38.71 latitude, -9.13 longitude; with hemispheres too."""
    for first, second in (("latitude", "longitude"), ("longitude", "latitude")):
        label = _BEHIND[first].match(gap)
        if label and re.fullmatch(_SEPARATOR, gap[label.end() :], _I):
            behind = _BEHIND[second].match(text, b.end)
            if behind and not _VALUE.match(text, behind.end()):  # "a latitude b longitude c"
                form = "hemispheres" if a.hemispheres and b.hemispheres else "labels"
                lat, lon = (a, b) if first == "latitude" else (b, a)
                return Statement(form, a.start, behind.end()), lat, lon
    return None


def _in_hemispheres(
    text: str, gap: str, a: Angle, b: Angle
) -> tuple[Statement, Angle, Angle] | None:
    """48.85° N, 2.35° E; whole numbers without a degree sign may be streets."""
    if not (a.hemispheres and b.hemispheres and _HEMISPHERE_GAP.fullmatch(gap)):
        return None
    lat, lon = (b, a) if a.hemispheres in "EW" else (a, b)
    statement = Statement("hemispheres", a.start, b.end)
    if not all(angle.marked or angle.decimals for angle in (a, b)):
        reason = "whole numbers with letters may be streets"
        statement = replace(statement, reason=reason, role=DENIED)
    return statement, lat, lon


def _paired(
    text: str, before: str, gap: str, a: Angle, b: Angle
) -> tuple[Statement, Angle, Angle] | None:
    """(48.85, 2.35), latitude first; without brackets on a line of its own or after "answer:"."""
    if a.hemispheres or b.hemispheres or a.sixty or b.sixty or not _PAIR_GAP.fullmatch(gap):
        return None
    comma = any("," in angle.text for angle in (a, b))
    if comma and ";" not in gap and not (gap.endswith(" ") and min(a.decimals, b.decimals) >= 4):
        return None  # a decimal comma is clear only beside a semicolon
    start, end = a.start, b.end
    bracket = _OPEN.search(before)
    close = bracket and _CLOSE[bracket["bracket"]].match(text, b.end)
    if bracket and not close:
        return None
    if bracket:
        start = a.start - len(before) + bracket.start("bracket")
        end = close.end()
    ahead = text[max(0, start - 80) : start]
    whole = not text[:start].strip(" \n`*.\"'") and not text[end:].strip(" \n`*.\"'")
    led = bool(_LEADS.search(text[max(0, start - 100) : start]))
    named = min(a.decimals, b.decimals) >= 4 and _PLACE_NAME.search(ahead)
    line = bool((named or _LINE_START.search(before)) and _LINE_END.match(text, end))
    fine = min(a.decimals, b.decimals)
    cell = re.search(r"\| ?$", before) and re.match(r" ?\|", text[end:]) and fine >= 3
    line = line or bool(cell and re.search(LEAD, before, _I))
    decimals = all(angle.decimals or angle.marked for angle in (a, b))
    if not bracket and not (decimals and (whole or led or line)):
        return None
    if not decimals and not (bracket and whole):
        return None
    statement = Statement("pair", start, end)
    meant = whole or led or (bracket and _MEANT.search(ahead))
    small = max(a.degrees, b.degrees) <= 1 and not (whole or led)
    picture = small and not re.search(r"(?:\A|[\n:])\W{0,4}$", ahead)
    axes = ["lat" if lat else "lon" for lat, _ in _AXES.findall(re.split("[0-9]", ahead)[-1])]
    if (_OTHER.search(ahead) or _PICTURE.search(ahead) or picture) or re.search(
        "['\"] ?: ?$", ahead
    ):
        statement = replace(statement, reason=SOMETHING_ELSE, role=DENIED)
    elif ahead.endswith("/"):
        statement = replace(statement, reason=SOMETHING_ELSE)
    elif len(axes) % 2 or axes[:2] == ["lon", "lat"]:
        statement = replace(statement, reason=NOT_CLEAR)
    elif not meant and fine < 3:
        role = DENIED if fine < 2 else PLAIN
        statement = replace(statement, reason=SOMETHING_ELSE, role=role)
    elif not (meant or line or _INTRODUCED.search(ahead)):
        statement = replace(statement, reason=SOMETHING_ELSE)
    return statement, a, b


def _unread(
    text: str, before: str, gap: str, a: Angle, b: Angle
) -> tuple[Statement, Angle, Angle] | None:
    """What looks like a place but is in no form that is read: no other place may win over it."""
    labelled = any(
        re.search(rf"(?:{first})[^0-9]{{0,40}}$", before, _I) and re.search(second, gap, _I)
        for first, second in ((LAT, LON), (LON, LAT))
    )
    letters = a.hemispheres + b.hemispheres
    halves = bool(re.fullmatch("[NS][EW]|[EW][NS]", letters)) and len(gap) <= 30
    fine = min(a.decimals, b.decimals)
    pair = not letters and fine >= 2 and _PAIR_GAP.fullmatch(gap) and max(a.degrees, b.degrees) > 1
    other = _OTHER.search(before) or _PICTURE.search(before) or _OTHER_BEHIND.match(text, b.end)
    if not (labelled or halves or (pair and not other)):
        return None
    return Statement("pair", a.start, b.end, reason=NOT_READ), a, b


def _in_doubt(text: str, drafts: list) -> list:
    """The drafts without those that some words of the text, anywhere, make unreadable."""
    reasons = {}
    if drafts and _ORDER.search(text):  # "(longitude, latitude)"
        reasons["pair"] = NOT_CLEAR
    if drafts and _RADIANS.search(text):
        reasons = dict.fromkeys(("pair", "labels", "hemispheres"), "the angles are in radians")
    return [
        (at, replace(draft, reason=draft.reason or reasons.get(draft.form)), lat, lon)
        for at, draft, lat, lon in drafts
    ]


def _checked(
    text: str, draft: Statement, lat: Angle, lon: Angle, preceded: bool, followed: bool
) -> Statement:
    """The statement with its place, unless what stands around it makes it something else."""
    if draft.reason:
        return draft
    if one_letter(lat, lon):
        return replace(draft, reason=ONE_LETTER)
    if lat.bare != lon.bare or (lat.sixty != lon.sixty and not (lat.decimals and lon.decimals)):
        return replace(draft, reason="minutes in one half only")
    behind = text[draft.end : draft.end + 40]
    bracketed = draft.form == "pair" and text[draft.start] in "([{"
    before = text[max(0, draft.start - 24) : draft.start]
    if (
        _OTHER_BEHIND.match(behind)
        or (min(lat.decimals, lon.decimals) == 0 and _GOES_ON.match(behind))
        or (_NUMBER_BEHIND.match(behind) and not followed)
        or (
            draft.form != "labels"
            and not bracketed
            and not preceded
            and _NUMBER_BEFORE.search(before)
        )
        or (bracketed and re.match("[0-9]", behind))
    ):
        return replace(draft, reason="a range or another quantity, not coordinates")
    try:
        place = lat.on("latitude"), lon.on("longitude")
    except ValueError as error:
        return replace(draft, reason=str(error))
    if draft.form == "labels" and turned_before(before, place):
        return replace(draft, reason="a hemisphere before the label, not coordinates")
    if turned_behind(behind, place, near=not bracketed):
        return replace(draft, reason="a range or a hemisphere behind the number, not coordinates")
    if cut_short(text, draft, lat, lon):
        return replace(draft, reason="the last number may be cut off")
    return replace(draft, place=place, decimals=min(lat.decimals, lon.decimals))


def cut_short(text: str, statement: Statement, lat: Angle, lon: Angle) -> bool:
    """Whether the text ends in a number that has fewer decimals than the other one."""
    last, other = sorted((lat, lon), key=lambda angle: -angle.start)
    rest = text[last.end :].rstrip(" ")
    if rest in (".", ","):  # of a sentence, or of the number
        return last.decimals == 0 < other.decimals
    half = other.hemispheres and not (last.hemispheres or last.sign or last.degrees == 0)
    behind = half and bool(re.search("[^0-9]$", other.text))  # "22.9° S; 43.1", without its letter
    return rest == "" and (behind or last.decimals < min(3, other.decimals))


_OUTER_BAR = re.compile(r"\A ?\||\| ?\Z")
_RULE = re.compile(r"[\s|:+=-]*")
_HEADER = re.compile(
    rf"[ (]*(?:{_OF_A_LABEL}[ _])?(?:(?P<lat>{LAT})|(?P<lon>{LON}))"
    rf"(?:[ _]?[\[(]?{_UNIT}[\])]?)?[ )]*",
    _I,
)


def cells_of(line: str, separator: str) -> list[str]:
    """The cells of a line of a table, without the bars around it."""
    return [cell.strip() for cell in _OUTER_BAR.sub("", line).split(separator)]


def _table_rows(text: str) -> Iterator[Statement]:
    """Rows of tables with a column of latitudes and one of longitudes."""
    columns, separator, at, left = None, "", 0, 0
    for line in text.split("\n"):
        start, at = at, at + len(line) + 1
        for sign in "|,;":
            cells = cells_of(line, sign) if sign in line else []
            heads = [_HEADER.fullmatch(cell[:60]) for cell in cells[:40]]
            lats = [i for i, head in enumerate(heads) if head and head["lat"]]
            lons = [i for i, head in enumerate(heads) if head and head["lon"]]
            if len(lats) == len(lons) == 1:
                columns, separator, left = (lats[0], lons[0]), sign, 50
                break
        else:
            if columns is None or _RULE.fullmatch(line[:200]):
                continue
            cells = cells_of(line, separator)
            values = [only_angle(cells[i][:60]) if i < len(cells) else None for i in columns]
            if None in values or left == 0:
                columns = None
                continue
            left -= 1
            decimals = [value.decimals for value in values]
            row = Statement("labels", start, start + len(line))
            if one_letter(*values):
                yield replace(row, reason=ONE_LETTER)
                continue
            if at > len(text) and line[-1:].isdigit() and min(decimals) < min(3, max(decimals)):
                yield replace(row, reason="the last number may be cut off")
                continue
            try:
                place = values[0].on("latitude"), values[1].on("longitude")
            except ValueError as error:
                yield replace(row, reason=str(error))
            else:
                yield replace(row, place=place, decimals=min(decimals))
