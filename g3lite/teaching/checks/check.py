"""Checks of the notebooks' exercises: each prints a verdict with a hint.

A check is a function of the reader's answer that returns None if the answer is right, else a hint.
The decorator `exercise` does the rest; `check_01_2` belongs to exercise 2 of notebook 01.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np


@dataclass
class Draws:
    """Another seed for the checks' data, and whether a check has drawn any."""

    seed: int
    used: bool = False


_DRAWS: ContextVar[Draws | None] = ContextVar("draws", default=None)


def generator(number: int) -> np.random.Generator:
    """The random numbers of a check: always the same in a notebook, others within `reseeded`.

    Args:
        number: of the check; each has its own.
    """
    draws = _DRAWS.get()
    if draws is None:
        return np.random.default_rng(number)
    draws.used = True
    return np.random.default_rng([number, draws.seed])


@contextmanager
def reseeded(seed: int) -> Iterator[Draws]:
    """Let checks draw other data, so that answers learnt by heart are found out."""
    token = _DRAWS.set(draws := Draws(seed))
    try:
        yield draws
    finally:
        _DRAWS.reset(token)


def exercise(
    start: str, right: str | Callable[..., str]
) -> Callable[[Callable[..., str | None]], Callable[..., None]]:
    """Make a check out of a function that returns None for a right answer and else a hint.

    Args:
        start: the hint for a place that is still empty (None or `...`).
        right: what a right answer shows, in a sentence; or a function of the answers that says it,
            where right answers differ in how good they are.

    The check prints its verdict, and returns nothing that a notebook would show below it. It never
    raises: an exception in the reader's code becomes part of the hint. `check.hint` gives the hint
    instead of printing it; `check.__wrapped__` is the function.
    """

    def decorate(verdict: Callable[..., str | None]) -> Callable[..., None]:
        def hint_of(*answers: Any) -> str | None:
            if any(answer is None or answer is ... for answer in answers):
                return start
            try:
                return verdict(*answers)
            except Exception as error:
                return f"checking your answer raised {type(error).__name__}: {error}"

        @wraps(verdict)
        def check(*answers: Any) -> None:
            hint = hint_of(*answers)
            if hint is not None:
                print(f"Not yet: {hint}")
            else:
                print(f"✓ {right if isinstance(right, str) else right(*answers)}")

        check.hint = hint_of
        return check

    return decorate


def diagnose(
    given: list[Any],
    right: list[float],
    mistakes: dict[str, list[float]],
    cases: list[str],
    *,
    share: bool = True,
    tolerance: float = 1e-9,
) -> str | None:
    """None if the numbers `given` are `right`, else a hint: that of the mistake that gives them.

    All lists hold one number for each of the `cases`; `share` says that they are shares.
    """
    if any(value is None for value in given):
        return "your function returns nothing yet; let it end with return ..."
    if any(np.ndim(value) for value in given):
        return f"your function returns an array of shape {np.shape(given[0])}, not one number"
    values = np.array(given, dtype=float)
    for hint, numbers in {"": right, **mistakes}.items():
        if np.allclose(values, numbers, rtol=0, atol=tolerance):
            return hint or None
    if share and values.max() > 1:
        return f"{values.max():g} is no share; return a number from 0 to 1, not a count or per cent"
    case = int(np.argmax(~np.isclose(values, right, rtol=0, atol=tolerance)))
    return f"{cases[case]} it should be {right[case]:.4f}, and yours is {values[case]:.4f}"
