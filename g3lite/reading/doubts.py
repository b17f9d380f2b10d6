"""Words anywhere in a reply that make the place that was found none after all."""

from __future__ import annotations

import re

from g3lite.reading.signs import turned_anywhere
from g3lite.reading.words import FAILED, NO_CONFIDENCE, NOT_KNOWING, RADIANS

_I = re.IGNORECASE


def doubt(text: str, said: str, place: tuple[float, float]) -> str | None:
    """Why a place is none, or None; `said` is the text without the model's thinking.

    Zeros, ones and a pole stand for "unknown" beside any word of not knowing. Numbers that may be
    radians are none where radians are named, and no sign may be told otherwise elsewhere.
    """
    lat, lon = map(abs, place)
    placeholder = max(lat, lon) <= 1 or lat == 90
    if placeholder and re.search(rf"{NOT_KNOWING}|{NO_CONFIDENCE}", text, _I):
        return "refusal with zeros for coordinates"
    if re.search(FAILED, said, _I):
        return "an error is reported beside the coordinates"
    if max(lat, lon) < 3.2 and re.search(RADIANS, said, _I):
        return "the angles are in radians"
    turned = turned_anywhere(said, place)
    return f"{turned[:40]!r} may change the coordinates" if turned else None
