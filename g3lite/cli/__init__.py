"""The command `g3lite`."""

import os
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from unicodedata import category

from g3lite import G3Error
from g3lite.paths import replacing

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


def check_output(path: Path, inputs: Sequence[Path] = ()) -> None:
    """Refuse, before anything is computed, a path that no file can be written to.

    Nor may it be one of the files that are read, or a device, which a file would replace.
    """
    if os.path.isdir(path):
        raise G3Error(f"{path} is a folder; name a file")
    if os.path.exists(path):
        stream = os.path.islink(path) and os.path.abspath(path).startswith(("/dev/", "/proc/"))
        if stream or not os.path.isfile(path):  # /dev/stdout may lead to a file
            raise G3Error(f"{path} is a device or a pipe; name a file")
        for one in inputs:
            if os.path.exists(one) and os.path.samefile(path, one):
                raise G3Error(f"{path} is a file that is read here; write to another one")
    _try(path, path.parent)


def check_folder(folder: Path) -> None:
    """Make a folder for results, and refuse one that no file can be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise G3Error(f"the folder {folder} cannot be made ({error.strerror or error})") from error
    _try(folder, folder)


def _try(path: Path, folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise G3Error(f"{path}: no file can be written to {folder} ({reason})") from error


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """As `paths.replacing`; what goes wrong with the disk is told in a line."""
    try:
        with replacing(path) as part:
            yield part
    except OSError as error:
        raise G3Error(f"{path} cannot be written: {error.strerror or error}") from error


def own_position(path: Path, coordinates: tuple[float, float]) -> dict[str, float] | None:
    """Where the file itself says it was taken, and how far that is from an answer in km."""
    from g3lite import geo
    from g3lite.datasets import exif
    from g3lite.support.images import DamagedPhoto, open_picture

    try:
        with warnings.catch_warnings(action="ignore"), open_picture(path, path.name) as image:
            said = exif.read(image)
    except DamagedPhoto:  # it was a picture when it was located, and may be gone by now
        return None
    if said.note:
        return None
    km = float(geo.great_circle_km((said.lat, said.lon), coordinates))
    return {"latitude": said.lat, "longitude": said.lon, "km": km}


def shown(path: Path | str) -> str:
    """A path, or a line, without the signs that would break its line or cannot be printed."""
    broken = ("Cc", "Cs", "Zl", "Zp")  # control signs, halves of letters, ends of lines
    return "".join("?" if category(sign) in broken else sign for sign in str(path))
