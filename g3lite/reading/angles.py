"""Angles in a text: their degrees, and whether anything around them makes them another number."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from g3lite.reading.words import HEMISPHERE_SIGNS, HEMISPHERES, LAT, LON, MINUS

_WORDS = "|".join(HEMISPHERES.values())
_SIGNS = "|".join(HEMISPHERE_SIGNS.values())
HEMISPHERE = (  # behind a number; "e 9" is no east: it is "and" in Portuguese and Italian
    rf"(?:(?:[NSEWO]|[nsw]|e(?! ?[+-]?[0-9]| (?i:(?:an?|la|o) )?(?i:{LAT}|{LON}))"
    rf"|(?i:{_WORDS}))(?![\w'])|(?:{_SIGNS}))"
)
_NORTH_SOUTH = f"(?:{HEMISPHERES['N']}|{HEMISPHERES['S']})"
_EAST_WEST = f"(?:{HEMISPHERES['E']}|{HEMISPHERES['W']})"
_OF = (  # "12.5° de latitude sud"
    rf"(?i:(?:de|di|of) (?:(?:{LAT}) (?={_NORTH_SOUTH}\b)|(?:{LON}) (?={_EAST_WEST}\b)))"
)
_RUN = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_ONE = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{1,20})?")
_TWO = re.compile(r"([0-9]{1,3}\.[0-9]{1,20}),[0-9]{1,3}\.[0-9]{1,20}")  # no space between
_FRONT = re.compile(
    rf"(?<![^\W_])(?<!\d\()([NSEW]|(?i:{_WORDS}))[ .:)\]=\"']{{0,4}}$|({_SIGNS})[ :]{{0,2}}$"
)
_BACK = re.compile(  # "33.4 S", "33.4 (S)"
    rf"\s{{0,2}}(?:{_OF})?(?:({HEMISPHERE})|\(({HEMISPHERE})\)(?!\w))"
)
_DEGREE = r"(?:°|(?i:deg(?:rees?)?\b\.?|grados?\b|grad\b|degrés?\b|graus?\b|градус\w{0,3})|度)"
_MINUTE, _SECOND = r"(?:'(?!')|min(?:utes?)?\b\.?|分)", r"(?:''|\"|sec(?:onds?)?\b\.?|秒)"
_SIXTIETHS = r"[0-9]{1,2}(?:[.,][0-9]{1,20})?(?![0-9.,])"
_PARTS = re.compile(
    rf" ?(?P<mark>{_DEGREE})"
    rf"(?: ?(?P<minutes>{_SIXTIETHS}) ?{_MINUTE}(?: ?(?P<seconds>{_SIXTIETHS}) ?{_SECOND})?)?"
)
# "40 45.778" and "40 45 46.7" are minutes only beside a hemisphere.
_BARE = re.compile(
    r" (?P<minutes>[0-9]{1,2}\.[0-9]{1,20}(?![0-9.,])"
    r"|[0-9]{1,2}(?= [0-9]{1,2}(?:\.[0-9]{1,20})?(?![0-9.,])))"
    r"(?: (?P<seconds>[0-9]{1,2}(?:\.[0-9]{1,20})?(?![0-9.,])))?"
)
_MINUS = re.compile(rf"(?:{MINUS}|\(-\)|[-—] ) ?$", re.IGNORECASE)
_DASH_OF_A_NAME = re.compile(r"[^\W\d]{2} [—-] $")  # "Paris — 48.8566° N"
_CUT = re.compile(  # the number goes on, or was left out
    r"\.{2,}|…| ?\[\.|['\"`*]{1,3}\s?\.?\d| ?\.[+-]?\d|,,|[^\w\s,;()\[\]{}°-]\d"
    r"|[(\[{]\d|[^\w\s(\[{+-]{2,4}\d|['\"]?\s?::?\s?\.?\d| ?[½⅓¼¾⅔⅛]|[eE][+-]?\d|\([a-zA-Z]\)\d"
)
_CUT_BEFORE = re.compile(r"\d(?:[^\w\s,;()\[\]{}°+-]{1,3}|\([a-zA-Z]\))\Z")
_POINT_BEFORE = re.compile(r"(?<![\d.,])\d{1,3}\. \Z")
_DASH_BEHIND = re.compile(r"[-~+][.,]?\d")
_BROKEN = re.compile(r"\. ?[+-]?\d|\.\w")  # 38. 7139
_CJK_NUMBERS = set("〇零一二三四五六七八九十百千万萬億点點")


@dataclass(frozen=True)
class Angle:
    """One angle of a text, text[start:end].

    Attributes:
        text: as it is written.
        degrees: without a sign.
        sign: "+", "-" or "".
        hemispheres: "N", "S", "E", "W" or "?" of the letters or words before and behind it.
        decimals: of its degrees; 2 stand for minutes and 3 for seconds.
        marked: there is a degree sign, or the word.
        sixty: it has minutes.
        bare: minutes without a sign stand in it: "40 45.778".
        wrong: why the number cannot be read; None if it can.
    """

    start: int
    end: int
    text: str
    degrees: float
    sign: str
    hemispheres: str
    decimals: int
    marked: bool
    sixty: bool
    bare: bool
    wrong: str | None

    def on(self, axis: str) -> float:
        """Degrees of a "latitude" or "longitude"; ValueError says what is wrong with them."""
        limit, letters = (90, "NS") if axis == "latitude" else (180, "EW")
        if self.wrong:
            raise ValueError(f"{axis} {self.text[:40]!r} {self.wrong}")
        given = self.hemispheres
        if "?" in given:
            raise ValueError(f"{axis} {self.text[:40]!r} has an O, which may be west or east")
        if given and (self.sign or len(given) > 1 or given not in letters):
            raise ValueError(f"{axis} {self.text[:40]!r} contradicts itself")
        if not self.degrees <= limit:
            raise ValueError(f"{axis} {self.text[:40]} is outside [-{limit}, {limit}]")
        return self.degrees * (-1 if self.sign == "-" or given in ("S", "W") else 1) + 0.0


def hemisphere(word: str) -> str:
    """The letter N, S, E or W that a letter or word stands for; "?" if it may be two of them."""
    if len(word) == 1 and word.upper() in "NSEW":
        return word.upper()
    for letter, pattern in HEMISPHERES.items():
        if re.fullmatch(pattern, word, re.IGNORECASE):
            return letter
    for letter, pattern in HEMISPHERE_SIGNS.items():
        if re.fullmatch(pattern, word):
            return letter
    return "?"


def only_angle(text: str) -> Angle | None:
    """The angle that a text consists of, or None."""
    text = text.strip()
    found = list(islice(angles(text), 2))
    whole = len(found) == 1 and (found[0].start, found[0].end) == (0, len(text))
    return found[0] if whole else None


def one_letter(a: Angle, b: Angle) -> bool:
    """Whether one of two angles has a hemisphere, and nothing says the sign of the other one."""
    return any(
        one.hemispheres and not other.hemispheres and not other.sign and other.degrees
        for one, other in ((a, b), (b, a))
    )


def angles(text: str) -> Iterator[Angle]:
    """All angles of a text whose signs are alike (see `clean`), in their order."""
    at = left = 0
    while run := _RUN.search(text, at):
        at = run.end()
        if two := _TWO.fullmatch(run[0]):  # "48.8566,2.3522"
            at = run.start() + len(two[1])
        elif not _ONE.fullmatch(run[0]):
            continue
        if angle := _angle(text, run.start(), at, left):
            yield angle
            at = max(at, angle.end)
            left = angle.end  # a letter behind an angle does not stand before the next one


def _angle(text: str, start: int, end: int, left: int) -> Angle | None:
    """The angle whose degrees are text[start:end]; None if they are part of something longer.

    What stands before it is looked for in text[left:start].
    """
    number = text[start:end]
    first = start
    sign = text[start - 1] if start and text[start - 1] in "+-" else ""
    first -= len(sign)
    front = _FRONT.search(text[max(left, first - 24) : first])
    dashed = bool(re.search(r"[0-9](?:-|~)\Z", text[max(0, start - 2) : start]))
    if not front and not dashed and _stuck_before(text, first, sign, number.isdigit()):
        return None
    parts = _PARTS.match(text, end)
    after = parts.end() if parts else end
    back = _BACK.match(text, after)
    if not parts and "." not in number and "," not in number and (bare := _BARE.match(text, end)):
        behind = _BACK.match(text, bare.end())
        if front or behind:
            parts, after, back = bare, bare.end(), behind
    if _stuck_behind(text, after, whole=after == end and number.isdigit()):
        if not back or after == back.start(1):
            if not back or _stuck_behind(text, back.end(), whole=False):
                return None
        else:
            return None
    letters = ""
    if front:
        letters += hemisphere(front[1] or front[2])
        first -= len(front[0])
    if back:
        letters += hemisphere(back[1] or back[2])
        after = back.end()
    minutes, seconds = (parts.group(name) if parts else None for name in ("minutes", "seconds"))
    values = [float((part or "0").replace(",", ".")) for part in (number, minutes, seconds)]
    wrong = None
    if dashed or _DASH_BEHIND.match(text, after):
        wrong = "is part of a range or of a longer number"
    elif _MINUS.search(before := text[max(0, first - 10) : first]) and not (
        back and _DASH_OF_A_NAME.search(before)
    ):
        wrong = "has a sign that may be a dash or a word"
    elif (minutes and values[0] % 1) or (seconds and values[1] % 1) or max(values[1:]) >= 60:
        wrong = "has wrong minutes or seconds"
    return Angle(
        start=first,
        end=after,
        text=text[first:after].strip(),
        degrees=values[0] + values[1] / 60 + values[2] / 3600,
        sign=sign,
        hemispheres=letters,
        decimals=_decimals(number, minutes, seconds),
        marked=bool(parts),
        sixty=minutes is not None,
        bare=bool(parts) and parts.re is _BARE,
        wrong=wrong,
    )


def _decimals(number: str, minutes: str | None, seconds: str | None) -> int:
    """How many decimals of a degree are as precise as an angle is written."""
    for part, worth in ((seconds, 3), (minutes, 2), (number, 0)):
        if part:
            return worth + len(re.split("[.,]", part + ".")[1])
    raise AssertionError("an angle has degrees")


def _letter(sign: str) -> bool:
    """Whether a character may be part of a number or of a word beside it, of a spaced script."""
    if sign in _CJK_NUMBERS or sign == "_" or unicodedata.combining(sign):
        return True
    return sign.isalnum() and not "\u3040" <= sign <= "\u9fff"


def _stuck_before(text: str, start: int, sign: str, whole: bool) -> bool:
    """Whether the number at text[start:] goes on to the left, or its sign is a dash."""
    if start == 0:
        return False
    before, earlier = text[start - 1], text[start - 2 : start - 1]
    if _letter(before) or before in "—―^\\+-":
        return True
    if sign and (before in "°)]" or (before in "'\"" and earlier.isdigit())):
        return True
    if _CUT_BEFORE.search(text[max(0, start - 6) : start]):
        return True
    if whole and _POINT_BEFORE.search(text[max(0, start - 6) : start]):
        return True
    if before == "," and earlier.isdigit():  # of "48.8566,2.3522", or else a longer number
        return not re.search(
            r"(?<![0-9.,])[0-9]{1,3}\.[0-9]{1,20},$", text[max(0, start - 26) : start]
        )
    return before == "." or (before in "/([{" and earlier.isdigit())


def _stuck_behind(text: str, end: int, whole: bool) -> bool:
    """Whether the number that ends at text[:end] goes on to the right."""
    after = text[end : end + 1]
    if after and (_letter(after) or after in "^\\"):
        return True
    if after == "-" and not text[end + 1 : end + 2].isdigit():  # "22.9-" may be a sign
        return True
    if _CUT.match(text, end) or (whole and _BROKEN.match(text, end)):
        return True
    return False
