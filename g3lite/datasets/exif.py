"""Where and when a photo was taken, as its camera wrote it into the file (EXIF).

Cameras get this wrong in many ways: a position of (0, 0) before the first fix, fractions with a
zero denominator, degrees without a hemisphere. A position that is not certain is no position, and
`Exif.note` says what is wrong with it; the photo itself is as good as any.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import ExifTags, Image

from g3lite import G3Error


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
    if min(numbers) < 0 or max(minutes, seconds) > 60 or value > limit:
        shown = ", ".join(f"{number:g}" for number in numbers)
        raise NoPosition(f"its {name} ({shown}) is impossible")
    letter = reference.decode("ascii", "replace") if isinstance(reference, bytes) else reference
    letter = str(letter or "").strip("\0 ").upper()[:1]
    if not letter or letter not in hemispheres:
        first, second = hemispheres
        raise NoPosition(f"its {name} says neither {first} nor {second}")
    return value if letter == hemispheres[0] else -value


def _date(tags: Image.Exif) -> datetime | None:
    """When the shutter was released; else when the file was last changed, as the camera says."""
    camera = tags.get_ifd(ExifTags.IFD.Exif)
    for text in (camera.get(ExifTags.Base.DateTimeOriginal), tags.get(ExifTags.Base.DateTime)):
        try:
            return datetime.strptime(str(text).strip("\0 "), "%Y:%m:%d %H:%M:%S")
        except ValueError:  # absent, or "0000:00:00 00:00:00" of a clock that was never set
            continue
    return None
