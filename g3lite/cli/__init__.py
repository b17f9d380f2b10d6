"""The command `g3lite`."""

from types import ModuleType
from typing import Any

from g3lite import G3Error

OPTIONS: dict[str, Any] = {
    "no_args_is_help": True, "add_completion": False, "pretty_exceptions_enable": False
}  # fmt: skip
"""Of every Typer app here."""


def import_notebooks() -> ModuleType:
    """The notebook tools, which need an extra of the package.

    Raises:
        G3Error: they are not installed.
    """
    try:
        from g3lite.teaching import notebooks
    except ModuleNotFoundError as error:
        raise G3Error(
            f'{error.name} is missing; in a clone: pip install -e ".[notebooks]"'
        ) from error
    return notebooks
