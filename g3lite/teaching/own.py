"""The reader's own function goes on being used: by the cells after an exercise, where it is right.

Where the exercise is unanswered or its check says "not yet", the package's function takes its
place, so that the notebook runs; a printed sentence says which of the two it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


def choose(
    own: Function,
    check: Callable[..., None],
    instead: Function,
    works: Callable[[Function], object] | None = None,
) -> Function:
    """The reader's function if its check accepts it, else `instead`; prints which.

    Args:
        own: what the exercise asked for.
        check: its check, such as `check_02_1`.
        instead: the package's function.
        works: called with `own`, once it is accepted; what it raises is a reason not to use it.
    """
    number = int(check.__name__.rsplit("_", 1)[1])
    hint = check.hint(own)
    if hint is not None:
        print(f"These cells run on the package's function: exercise {number} is not solved yet.")
        return instead
    if works is not None:
        try:
            works(own)
        except Exception as error:
            print(
                f"Your {own.__name__} gives the right values, and cannot be used here "
                f"({type(error).__name__}: {error}). The package's function takes its place."
            )
            return instead
    print(f"These cells run on your own {own.__name__}.")
    return own
