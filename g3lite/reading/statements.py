"""What a text states about a place: the same for every form in which it may be written."""

from __future__ import annotations

from dataclasses import dataclass

ANSWER = "answer"
"""The text calls it its answer."""
ASKED = "asked"
"""It has the form that was asked for, an object, and stands by itself."""
PLAIN = "plain"
"""It is simply stated."""
DENIED = "denied"
"""It is no answer: ruled out, a reference, an example, a question, another quantity."""


@dataclass(frozen=True)
class Statement:
    """One statement of a place in a text.

    Attributes:
        form: "json", "labels", "hemispheres" or "pair".
        start: where it begins in the text.
        end: where it ends.
        place: (latitude, longitude) in degrees, or None.
        reason: why there is no place; None where there is one.
        decimals: of the degrees, the fewer of both: how precise it is.
        role: `ANSWER`, `ASKED`, `PLAIN` or `DENIED`.
        closed: it is an object, whose end cannot have been cut off.
        despite: it follows "but", "a guess" or the like, so it is meant even beside a refusal.
    """

    form: str
    start: int
    end: int
    place: tuple[float, float] | None = None
    reason: str | None = None
    decimals: int = 0
    role: str = PLAIN
    closed: bool = False
    despite: bool = False
