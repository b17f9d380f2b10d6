"""The reader's own function in the cells after an exercise, or a prepared one until it is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def own(
    answer: Any, check: Callable[..., None], prepared: Callable[..., Any]
) -> Callable[..., Any]:
    """The reader's answer if its check accepts it, else the prepared function; says which.

    Args:
        answer: what the reader wrote, a function.
        check: the check of the exercise, such as `check_03_1`.
        prepared: a right answer.
    """
    if check.hint(answer) is None:
        print("This cell runs on your own function.")
        return answer
    print("This cell runs on a prepared function, until your own is right.")
    return prepared
