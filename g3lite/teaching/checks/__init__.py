"""Checks of the exercises, one file for each notebook."""

from collections.abc import Callable
from importlib import import_module


def find(name: str) -> Callable[..., None] | None:
    """The check of that name, such as "check_01_2"; None if there is none."""
    try:
        module = import_module(f"{__name__}.nb{name.split('_')[1]}")
    except ModuleNotFoundError:
        return None
    return getattr(module, name, None)
