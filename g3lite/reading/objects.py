"""Objects in a text: JSON, what is nearly JSON, and GeoJSON points."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from g3lite.reading.angles import one_letter, only_angle
from g3lite.reading.statements import ANSWER, DENIED, PLAIN, Statement
from g3lite.reading.words import CELL_DENIES, CHOSEN, LAT, LON, OTHER_ORDER

MOST = 100
"""Objects of a text that are looked at; no reply that is meant to be read has as many."""
_LIST = "list"
_ORDER = re.compile(rf"{OTHER_ORDER}|[\"']type[\"']\s{{0,3}}:\s{{0,3}}[\"']\w*point", re.IGNORECASE)
_FIRST = 0xF0000  # of characters for private use
PLACEHOLDER = f"[{chr(_FIRST)}-{chr(_FIRST + MOST)}]"
"""Pattern of the characters that stand in a text for the objects that were taken out of it."""
DEEPEST = 50
"""Objects within objects."""

_BRACE = re.compile("[{}]")
_STRING_OR_BRACE = re.compile(r'"(?:[^"\\\n]|\\.)*+("?)|[{}]')
_KEYED = re.compile(
    r"\{\s{0,20}(?:\\?[\"'`“”]{0,2}[^\W\d][\w .-]{0,40}\\?[\"'`“”]{0,2}"
    r"|\\?(?P<mark>[\"'`“])[^\"'`“”\n]{1,80}\\?[\"'`”])\s{0,3}[:=]"
)


@dataclass(frozen=True)
class Taken:
    """A text without its objects, and the objects by the character that stands for each.

    `cut` says that an object was not closed: the reply may be cut off, perhaps within a number.
    """

    text: str
    objects: dict[str, str]
    cut: bool


def take_objects(text: str) -> Taken:
    """Take the outermost closed objects out of a text; braces around no key stay."""
    text = re.sub(PLACEHOLDER, " ", text)
    opened: list[int] = []
    closed: list[tuple[int, int]] = []  # the outermost so far, in their order
    at = prose = 0  # up to `prose` no quotation mark has a partner
    while token := (_STRING_OR_BRACE if opened and at >= prose else _BRACE).search(text, at):
        at = token.end()
        if token[0] == "{":
            opened.append(token.start())
        elif token[0] == "}" and opened:
            start = opened.pop()
            while closed and closed[-1][0] > start:
                closed.pop()
            closed.append((start, at))
        elif token[0] != "}" and not token[1]:
            at, prose = token.start() + 1, at
    cut = any(_KEYED.match(text, start) for start in opened)
    parts, objects, at = [], {}, 0
    for start, end in closed:
        if len(objects) <= MOST and _keyed(text, start, end):
            sign = chr(_FIRST + len(objects))
            parts += [text[at:start], sign]
            objects[sign] = text[start:end]
            at = end
    return Taken("".join([*parts, text[at:]]), objects, cut)


def _keyed(text: str, start: int, end: int) -> bool:
    """Whether the braces, or those right within them, hold a key."""
    inner = re.compile(r"[{ \n\\]{0,40}").match(text, start + 1, end)
    return any(_KEYED.match(text, at) for at in range(start, inner.end()) if text[at] == "{")


def object_statements(
    source: str, at: int, read_text: Callable[[str], list[Statement]]
) -> list[Statement]:
    """Every place that an object states; `at` is where the object stands in the text.

    What an object says itself hides the objects within it, but for those that a key calls the
    answer. `read_text` reads a text that is a value.
    """
    held, form = _load(source)
    if held is None:
        if not re.search(rf"{LAT}|{LON}", source, re.IGNORECASE):
            return []
        once = all(len(name.findall(source)) == 1 for name in _AXES.values())
        found = [
            Statement("labels", at, at + 1, s.place, s.reason, s.decimals)
            for s in read_text(source.replace("{", "\n").replace("}", "\n"))
            if s.form in ("labels", "hemispheres")
        ]
        return (once and found) or [
            Statement("json", at, at + 1, reason="an object that is not JSON")
        ]
    found = []
    for s in _walk(held, (), read_text):
        if s.form == _LIST and _ORDER.search(source):
            s = replace(s, place=None, reason="which number is the latitude is not clear")
        found.append(Statement(form, at, at + 1, s.place, s.reason, s.decimals, s.role))
    return found


class _Literal(str):
    """A number as it is written."""


class _Pairs(list):
    """The (key, value) pairs of an object: a dict would hide double keys."""


def _load(source: str) -> tuple[_Pairs | None, str]:
    """What an object holds, and its form; None if it is not JSON and cannot be mended."""
    for form, mend in (
        ("json", str),
        ("json", _straight),
        ("labels", _unescaped),
        ("labels", _mended),
    ):
        source = mend(source)
        try:  # NaN and Infinity stay words: they are no numbers here
            held = json.loads(
                source,
                strict=False,
                object_pairs_hook=_Pairs,
                parse_float=_Literal,
                parse_int=_Literal,
                parse_constant=str,
            )
        except (ValueError, RecursionError):
            continue
        return (held if isinstance(held, _Pairs) else None), form
    return None, "labels"


def _straight(text: str) -> str:
    return text.replace("“", '"').replace("”", '"')


def _unescaped(text: str) -> str:
    r"""Without the backslashes of \"latitude\", without a second pair of braces around all."""
    text = re.sub(r"\\([\"'_{}])", r"\1", text).replace("\\n", "\n")
    for _ in range(3):
        if re.match(r"\{\s{0,20}\{", text) and re.search(r"\}\s{0,20}\}\Z", text[-24:]):
            text = text[1:-1].strip()
    return text


_STRING_OR_COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*+")|//[^\n]*|#[^\n]*|/\*[^*]{0,500}\*/')


def _mended(text: str) -> str:
    """Without comments and trailing commas, with double quotes."""
    text = _STRING_OR_COMMENT.sub(lambda match: match[1] or "", text)
    if '"' not in text:
        text = re.sub(r"'([^'\n]{0,500})'", r'"\1"', text)
    text = re.sub(r"([{,]\s{0,40})([^\W\d]\w{0,40})(\s{0,3}:)", r'\1"\2"\3', text)
    return re.sub(r",(\s{0,40}[}\]])", r"\1", text)


_AXES = {"latitude": re.compile(LAT, re.IGNORECASE), "longitude": re.compile(LON, re.IGNORECASE)}
# Words of a key beside "latitude": they say nothing about the number ...
_NEUTRAL = set(
    "predicted prediction pred estimated estimate est guess guessed answer final best my the most "
    "likely probable gps geo location loc place photo image img picture approx approximate decimal "
    "deg degrees degree dd wgs center centre centroid point coordinate coordinates coord coords "
    "target query camera of value in inferred output result position pos site num float".split()
)
# ... the number is of something else ...
_ASIDE = set(
    "confidence conf uncertainty error err accuracy precision std variance probability prob score "
    "note notes reason reasoning explanation source label name comment".split()
)
_OF_ANOTHER = set(
    "reference similar dissimilar nearest neighbor neighbour alternative alternate second other "
    "max north south east west start end lower upper bound previous draft initial first wrong "
    "excluded rejected example radius range city country landmark".split()
)
# ... and these keys hold the sign.
_TURNS = set(
    "hemisphere hemispheres direction directions dir sign signs quadrant cardinal ns ew".split()
)
_HALF = re.compile(r"(?:[nsew]|[ns][ew]|(?:north|south|east|west)\w*)?", re.IGNORECASE)
# Keys on the way to an object: what they say of it.
_MARKS = set(
    "answer final best guess prediction predictions predicted estimate estimated result conclusion "
    "choice verdict output".split()
)
_DENIES = set(
    "alternative alternatives candidate candidates reference references similar dissimilar example "
    "examples other others considered rejected excluded ruled reasoning reason thought thoughts "
    "thinking analysis draft initial first second third runner backup neighbor neighbors neighbour "
    "neighbours retrieved context negative negatives not unlikely wrong previous input prompt "
    "evidence clues landmarks comparison bbox box pixel pixels schema template near nearby bounds "
    "viewport northeast northwest southeast southwest origin destination waypoint "
    "hypothetical if search".split()
)
_VERDICTS = set(
    "valid match matches matched correct accepted plausible verdict status decision result role "
    "kind type label tag category selected chosen".split()
)
_PAIR_KEYS = set(
    "coordinates coordinate coords coord latlng latlon latlong gps location answer guess "
    "prediction place".split()
)
_TEXT_KEYS = _PAIR_KEYS | _MARKS | set("response content text arguments message".split())
_GEOJSON = ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]
_TEMPLATE = re.compile(
    r"\W*(?:float|number|string|double|decimal|real|value|<[^<>]*>|x+\.?x*|[.…]*|l(?:at|ong?)\w*"
    r"|your \w+)\W*",
    re.IGNORECASE,
)


def _words(key: str) -> list[str]:
    """Words of a key: "predictedLat", "predicted_lat" and "Predicted lat" have the same."""
    key = re.sub(r"([a-z])([A-Z])", r"\1 \2", key[:80])
    return re.findall(r"[^\W\d_]+", key.lower())


def _walk(
    held: object, path: tuple[str, ...], read_text: Callable[[str], list[Statement]]
) -> list[Statement]:
    if len(path) > DEEPEST:
        return [Statement("json", 0, 0, reason="objects within objects, too many")]
    if isinstance(held, _Pairs):
        if (point := _geojson(held, path)) is not None:
            return [point]
        own = list(_own(held, path))
        typed = any(key == "type" and value in _GEOJSON for key, value in held if value)
        inner = [
            s
            for key, value in held
            if not (typed and key == "coordinates")  # longitude first, and perhaps many
            for s in _walk(value, (*path, key), read_text)
        ]
        return own + [s for s in inner if not own or s.role == ANSWER]
    if isinstance(held, list):
        if (pair := _listed(held, path)) is not None:
            return [pair]
        found: list[Statement] = []
        for value in held:
            inner = path if isinstance(value, _Pairs) else (*path, "")  # a list of lists
            found += _walk(value, inner, read_text)
            if len(found) > MOST:
                break
        return only_chosen(found)
    if isinstance(held, str) and not isinstance(held, _Literal) and path:
        words = _words(path[-1])
        both = re.fullmatch(rf"{LAT} {LON}", " ".join(words), re.IGNORECASE)
        if (both or set(words) & _TEXT_KEYS) and re.search("[0-9]", held):
            role = _role(path)
            return [
                Statement(s.form, 0, 0, s.place, s.reason, s.decimals, _both(role, s.role))
                for s in read_text(held)
            ]
    return []


def only_chosen(listed: list[Statement]) -> list[Statement]:
    """The statements of a list; where one is denied they are candidates, and the answer counts."""
    if all(s.role != DENIED for s in listed):
        return listed
    return [s if s.role == ANSWER else replace(s, role=DENIED) for s in listed]


def _both(outer: str, inner: str) -> str:
    return DENIED if DENIED in (outer, inner) else ANSWER if ANSWER in (outer, inner) else PLAIN


def _role(path: tuple[str, ...]) -> str:
    """What the keys on the way to an object say of it; the nearest one decides."""
    for key in reversed(path):
        words = set(_words(key))
        if words & _DENIES:
            return DENIED
        if words & _MARKS:
            return ANSWER
    return PLAIN


def _own(held: _Pairs, path: tuple[str, ...]) -> Iterator[Statement]:
    """The place in the keys of an object itself."""
    values: dict[str, list] = {"latitude": [], "longitude": []}
    problem, others = None, False
    for key, value in held:
        words = _words(key)
        axes = [axis for axis, name in _AXES.items() if any(map(name.fullmatch, words))]
        rest = {word for word in words if not any(n.fullmatch(word) for n in _AXES.values())}
        turns = rest & _TURNS and not (isinstance(value, str) and _HALF.fullmatch(value.strip()))
        if turns and value is not None:
            problem = key
        elif len(axes) != 1 or rest & _ASIDE:
            continue
        elif not rest - _NEUTRAL:
            values[axes[0]].append(value)
        elif rest & _OF_ANOTHER:
            others = True
        elif not (isinstance(value, str) and _HALF.fullmatch(value.strip())):
            problem = key
    if not any(values.values()):
        if others:
            yield Statement("json", 0, 0, reason="coordinates of something else", role=DENIED)
        return
    role = _said_of_itself(held) or _role(path)
    for axis, have in values.items():
        if len(have) != 1:
            reason = f"{axis} is {'given twice' if have else 'missing'}"
            yield Statement("json", 0, 0, reason=reason, role=role)
            return
    if all(map(_is_template, (*values["latitude"], *values["longitude"]))):
        role = DENIED
    if problem:
        reason = f"key {problem[:40]!r} may change the coordinates"
        yield Statement("json", 0, 0, reason=reason, role=role)
    else:
        yield _of_values(values["latitude"][0], values["longitude"][0], role)


def _said_of_itself(held: _Pairs) -> str | None:
    """What keys such as "verdict" say of the object that they stand in."""
    for key, value in held:
        if value is True and re.fullmatch(CELL_DENIES, key, re.IGNORECASE):  # "rejected": true
            return DENIED
        if set(_words(key)) & _VERDICTS and isinstance(value, str | bool):
            if value is False or re.fullmatch(CELL_DENIES, str(value), re.IGNORECASE):
                return DENIED
            if value is not True and re.fullmatch(CHOSEN, value, re.IGNORECASE):
                return ANSWER
    return None


def _is_template(value: object) -> bool:
    """Whether a value says what should stand in its place: "float", {"type": "number"}."""
    if isinstance(value, _Pairs):
        return any(key == "type" for key, _ in value)
    return isinstance(value, str) and bool(_TEMPLATE.fullmatch(value))


def _of_values(lat: object, lon: object, role: str) -> Statement:
    halves = [only_angle(str(value).strip().lstrip("~≈ ")) for value in (lat, lon)]
    try:
        (north, fine), (east, finer) = _degrees(lat, "latitude"), _degrees(lon, "longitude")
    except ValueError as error:
        return Statement("json", 0, 0, reason=str(error), role=role)
    if None not in halves and one_letter(*halves):
        return Statement("json", 0, 0, reason="a hemisphere of one number only", role=role)
    return Statement("json", 0, 0, (north, east), decimals=min(fine, finer), role=role)


def _degrees(value: object, axis: str) -> tuple[float, int]:
    """Degrees of a number or of an angle in words, and their decimals."""
    if isinstance(value, _Literal):
        limit = 90 if axis == "latitude" else 180
        if not abs(float(value)) <= limit:
            raise ValueError(f"{axis} {value[:40]} is outside [-{limit}, {limit}]")
        return float(value) + 0.0, len(re.split("[.eE]", value + ".")[1])  # no negative zero
    if not isinstance(value, str):
        raise ValueError(f"{axis} {str(value)[:40]!r} is not a number")
    angle = only_angle(value.strip().lstrip("~≈ "))
    if angle is None:
        raise ValueError(f"{axis} {value[:40]!r} is not one angle")
    return angle.on(axis), angle.decimals


def _geojson(held: _Pairs, path: tuple[str, ...]) -> Statement | None:
    """A typed GeoJSON point, longitude first."""
    for key, value in held:
        if key == "coordinates" and isinstance(value, list) and ("type", "Point") in held:
            numbers = len(value) in (2, 3) and all(isinstance(v, _Literal) for v in value)
            if numbers:
                return _of_values(value[1], value[0], _role(path))
            return Statement("json", 0, 0, reason="a point without two numbers", role=_role(path))
    return None


def _listed(held: list, path: tuple[str, ...]) -> Statement | None:
    """A list of two numbers whose key says that they are coordinates, latitude first."""
    if len(held) != 2 or not all(isinstance(value, _Literal) for value in held) or not path:
        return None
    words = _words(path[-1])
    lat_first = [axis for word in words for axis, name in _AXES.items() if name.fullmatch(word)]
    if lat_first not in ([], ["latitude", "longitude"]):
        return None
    if not (lat_first or set(words) & _PAIR_KEYS) or any("geometry" in key for key in path):
        return None
    small = all(abs(float(value)) <= 1 for value in held)
    if small or not all("." in value for value in held):
        return Statement("json", 0, 0, reason="the pair may be something else", role=DENIED)
    return replace(_of_values(*held, _role(path)), form=_LIST)
