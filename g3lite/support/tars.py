"""The files in an uncompressed tar, read where they lie."""

from __future__ import annotations

import tarfile
from pathlib import Path


def tar_places(path: Path) -> dict[str, tuple[int, int]]:
    """Where the files of an uncompressed tar lie in it: (offset, size) in bytes, by name.

    Of a damaged tar these are the files before the damage. Raises OSError if there is no such tar.
    """
    places = {}
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                places[member.name] = (member.offset_data, member.size)
    except tarfile.TarError:
        pass
    return places


def read_place(path: Path, offset: int, size: int) -> bytes:
    """`size` bytes of a file, from `offset` on. Raises OSError if it ends before."""
    with open(path, "rb") as file:
        file.seek(offset)
        data = file.read(size)
    if len(data) != size:
        raise damaged(path)
    return data


def damaged(path: Path) -> OSError:
    """The error that says so of a tar."""
    return OSError(f"{path} is damaged; delete it, and it is made again")
