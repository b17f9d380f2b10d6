"""Guesses before a result: a reader writes down a number or a name, and is told how it went.

A guess stands in a cell of its own, before the cell with the result:

    my_guess = None  # per cent

and afterwards `compare(my_guess, 5.2, "%", digits=1)` gives a sentence about it.
"""

from __future__ import annotations

from numbers import Real

POINTS = ("%", "points")
"""Units in which a difference is a number of points; in others a ratio says more."""


def compare(said: object, truth: float | str, unit: str = "", digits: int = 0) -> str:
    """A sentence about a guess: "You said 30 %, it is 5 %: 25 points too high."

    Args:
        said: the guess, a number in the unit or a name; None or `...` for none.
        truth: what it is.
        unit: of both, such as "%" or "km".
        digits: after the point of the truth.
    """
    right = truth if isinstance(truth, str) else _number(truth, unit, digits)
    if said is None or said is ...:
        return f"You made no guess. It is {right}."
    if isinstance(truth, str):
        name = str(said).strip()
        agree = name.casefold() == truth.strip().casefold()
        return f"You said {name}, " + ("and that is right." if agree else f"it is {truth}.")
    if isinstance(said, bool) or not isinstance(said, Real) or said != said:
        return f"Your guess, {said!r}, is no number. It is {right}."
    guess = _number(said, unit, digits)
    if guess == right:
        return f"You said {guess}, and that is right."
    return f"You said {guess}, it is {right}: {_off(float(said), float(truth), unit, digits)}."


def _number(value: float, unit: str, digits: int) -> str:
    return f"{round(float(value), digits) + 0.0:,.{digits}f} {unit}".rstrip()  # no "-0"


def _off(said: float, truth: float, unit: str, digits: int) -> str:
    """How far a guess is off, in words."""
    way = "high" if said > truth else "low"
    if unit in POINTS:
        return f"{abs(said - truth):,.{digits}f} points too {way}"
    if min(said, truth) <= 0:
        return f"too {way}"
    ratio = max(said / truth, truth / said)
    if ratio < 1.5:
        return f"a little too {way}"
    return f"too {way} by a factor of {ratio:,.{0 if ratio >= 10 else 1}f}"
