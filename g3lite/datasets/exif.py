"""Where and when a photo was taken, as its camera wrote it into the file (EXIF, or XMP).

Cameras get this wrong in many ways: a position of (0, 0) before the first fix, fractions with a
zero denominator, degrees without a hemisphere. A position that is not certain is no position, and
`Exif.note` says what is wrong with it; the photo itself is as good as any. Programs that edit
photos keep the position in XMP, some of them there alone: it is read where EXIF has none at all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.parsers import expat

from PIL import ExifTags, Image

from g3lite import G3Error

MAX_XMP = 1_000_000
"""A longer XMP is not read."""


class NoPosition(G3Error):
    """A photo says nothing, or nothing certain, about where it was taken."""


@dataclass(frozen=True)
class Exif:
    """What a photo says about itself.

    Attributes:
        lat, lon: degrees, north and east positive; NaN where there is no position.
        taken: the camera's clock, without a time zone; None where there is no date.
        note: why there is no position; "" if there is one.
    """

    lat: float
    lon: float
    taken: datetime | None
    note: str


def read(image: Image.Image) -> Exif:
    """Read the position and the time of a picture that Pillow has opened. Never raises."""
    try:
        tags = image.getexif()
        gps = tags.get_ifd(ExifTags.IFD.GPSInfo)
        taken = _date(tags)
    except Exception as error:  # On damaged EXIF Pillow raises nearly anything.
        return Exif(math.nan, math.nan, None, f"its EXIF cannot be read ({error})")
    try:
        if ExifTags.GPS.GPSLatitude not in gps and ExifTags.GPS.GPSLongitude not in gps:
            gps = _xmp(image) or gps
        lat, lon = position(gps)
    except NoPosition as error:
        return Exif(math.nan, math.nan, taken, str(error))
    return Exif(lat, lon, taken, "")


def position(gps: Mapping[int, Any]) -> tuple[float, float]:
    """The [lat, lon] in degrees of an EXIF GPS directory, by tag number.

    Raises:
        NoPosition: there is none, or it cannot be right; the message says why.
    """
    tag = ExifTags.GPS
    if _letter(gps.get(tag.GPSStatus)) == "V":  # "void": the last one, or a guess
        raise NoPosition("its camera had no fix (GPSStatus V)")
    lat = _degrees("latitude", gps.get(tag.GPSLatitude), gps.get(tag.GPSLatitudeRef), "NS", 90)
    lon = _degrees("longitude", gps.get(tag.GPSLongitude), gps.get(tag.GPSLongitudeRef), "EW", 180)
    if lat == lon == 0:
        raise NoPosition("its position is (0, 0), which cameras write before they have one")
    return lat, lon


def _degrees(name: str, parts: Any, reference: Any, hemispheres: str, limit: int) -> float:
    """Degrees, minutes and seconds (the last ones may be left out) as one signed number."""
    if parts is None:
        raise NoPosition(f"it has no {name}")
    try:
        numbers = [float(part) for part in (parts if isinstance(parts, tuple) else (parts,))]
    except (TypeError, ValueError, ZeroDivisionError):
        numbers = []
    if not 1 <= len(numbers) <= 3:
        raise NoPosition(f"its {name} {parts!r} cannot be read")
    if not all(map(math.isfinite, numbers)):
        raise NoPosition(f"its {name} is not a number (a fraction with a zero denominator)")
    degrees, minutes, seconds = (*numbers, 0.0, 0.0)[:3]
    value = degrees + minutes / 60 + seconds / 3600
    shown = ", ".join(f"{number:g}" for number in numbers)
    if min(numbers) < 0 or max(minutes, seconds) > 60 or value > limit:
        raise NoPosition(f"its {name} ({shown}) is impossible")
    if (degrees % 1 and (minutes or seconds)) or (minutes % 1 and seconds):
        raise NoPosition(f"its {name} ({shown}) has a fraction before its last part")
    letter = _letter(reference)
    if not letter or letter not in hemispheres:
        first, second = hemispheres
        raise NoPosition(f"its {name} says neither {first} nor {second}")
    return value if letter == hemispheres[0] else -value


def _letter(text: Any) -> str:
    """The first letter, in capitals; "" if there is none."""
    text = text.decode("ascii", "replace") if isinstance(text, bytes) else text
    return str(text or "").strip("\0 ").upper()[:1]


_XMP = {f"exif:{tag.name}": tag for tag in
        (ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSStatus)}  # fmt: skip
_XMP_DEGREES = re.compile(
    r"([0-9]{1,3}),([0-9]{1,2}(?:\.[0-9]+)?)(?:,([0-9]{1,2}(?:\.[0-9]+)?))?([NSEW])"
)
"""Degrees, minutes that may be a fraction, perhaps seconds, and a letter: 38,42.834N."""


def _xmp(image: Image.Image) -> dict[int, Any]:
    """What the XMP of a picture says of its position, as an EXIF GPS directory; {} for nothing.

    Raises:
        NoPosition: it cannot be read, or says several things.
    """
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    text = packet.decode("utf-8", "replace") if isinstance(packet, bytes) else str(packet)
    gps: dict[int, Any] = {}
    for tag, values in _properties(text.strip("\0\ufeff \t\r\n")).items():
        if len(values) > 1:
            raise NoPosition(f"its XMP has more than one {tag.name}: {', '.join(sorted(values))}")
        (value,) = values
        found = _XMP_DEGREES.fullmatch(value.upper())
        if found and tag != ExifTags.GPS.GPSStatus:
            *numbers, letter = found.groups(default="0")
            gps |= {tag: tuple(map(float, numbers)), tag - 1: letter}  # the reference comes before
        else:
            gps[tag] = value  # `position` refuses it
    return gps


def _properties(xmp: str) -> dict[ExifTags.GPS, set[str]]:
    """The values of each property of `_XMP`, written as an attribute or as an element."""
    if not any(name in xmp for name in _XMP):
        return {}
    if len(xmp) > MAX_XMP:
        raise NoPosition(f"its XMP is too long to be read ({len(xmp):,} letters)")
    said: dict[ExifTags.GPS, set[str]] = {}
    text: list[str] = []

    def keep(name: str, value: str) -> None:
        if name in _XMP:
            said.setdefault(_XMP[name], set()).add(value.strip())

    def start(_: str, attributes: dict[str, str]) -> None:
        text.clear()
        for name, value in attributes.items():
            keep(name, value)

    def end(name: str) -> None:
        keep(name, "".join(text))
        text.clear()

    def doctype(*_: object) -> None:
        raise NoPosition("its XMP has a DOCTYPE, which may define anything")

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text.append, doctype
    try:
        parser.Parse(xmp.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise NoPosition(f"its XMP cannot be read ({error})") from error
    return said


def _date(tags: Image.Exif) -> datetime | None:
    """When the shutter was released; else when the file was last changed, as the camera says."""
    camera = tags.get_ifd(ExifTags.IFD.Exif)
    for text in (camera.get(ExifTags.Base.DateTimeOriginal), tags.get(ExifTags.Base.DateTime)):
        try:
            return datetime.strptime(str(text).strip("\0 "), "%Y:%m:%d %H:%M:%S")
        except ValueError:  # absent, or "0000:00:00 00:00:00" of a clock that was never set
            continue
    return None
