"""A photo set by its name: everything that can be loaded, and how, from top to bottom.

load_photos("im2gps3k", folder="im2gps3ktest")     a benchmark whose photos you have
load_photos("mp16-pro", 20_000)                    the first photos of a data set on the hub
load_photos("miniearth/validation")                rendered photos
load_photos("pack/test")                           a part of the pack that G3LITE_PACK names
load_photos("holiday")                             a folder of your own photos
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from g3lite import miniearth
from g3lite.datasets import pack, remote
from g3lite.datasets.folder import load_files, load_folder
from g3lite.photos import NotThere, PhotoSet, TableError
from g3lite.support.images import find_pictures


@dataclass(frozen=True)
class _Options:
    """The arguments of `load_photos` beside the name."""

    n: int | None
    folder: str | Path | None
    missing: Literal["keep", "drop"]
    max_gb: float


def _benchmark(name: str, options: _Options) -> PhotoSet:
    """Queries with a published table; their photos lie in a folder of the user."""
    return remote.benchmark(name, options.folder, missing=options.missing)


def _collection(name: str, options: _Options) -> PhotoSet:
    """The first photos of a large archive, fetched from the hub."""
    return remote.collection(name, options.n, max_gb=options.max_gb)


def _rendered(name: str, options: _Options) -> PhotoSet:
    """A set of MiniEarth; "miniearth" alone is its gallery."""
    try:
        return miniearth.load(name.partition("/")[2] or "gallery", options.n)
    except ValueError as error:
        raise TableError(str(error)) from error


def _packed(name: str, options: _Options) -> PhotoSet:
    """The pack, or a part of it: thumbnails, and features that were made with it."""
    return pack.photos(name)


def _own(what: str | Path | Sequence[str | Path], options: _Options) -> PhotoSet:
    """The user's photos: a list of files, a table, or a folder with a table in it or without."""
    if not isinstance(what, str | Path):
        return load_files(what)
    path = Path(what)
    if path.suffix.lower() == ".csv":
        return load_folder(path, missing=options.missing)
    if not os.path.isdir(path):  # a name may be longer than paths can be
        known = ", ".join(LOADERS)
        raise NotThere(f"there is no folder {str(what)!r}, nor a photo set of that name: {known}")
    tables = sorted(path.glob("*.csv"))
    if len(tables) > 1:
        names = ", ".join(table.name for table in tables)
        raise TableError(f"{what} holds several tables ({names}): name one of them")
    if tables:
        return load_folder(tables[0], missing=options.missing)
    return load_files(find_pictures(path))


LOADERS: dict[str, Callable[[str, _Options], PhotoSet]] = {
    "im2gps3k": _benchmark,
    "yfcc4k": _benchmark,
    "mp16-pro": _collection,
    "osv5m": _collection,
    "miniearth": _rendered,
    **{f"miniearth/{split}": _rendered for split in miniearth.SIZES},
    "pack": _packed,
    **{f"pack/{part}": _packed for part in pack.PARTS},
}
"""How each photo set that has a name is loaded; what has none is the user's own."""


def load_photos(
    what: str | Path | Sequence[str | Path],
    n: int | None = None,
    *,
    folder: str | Path | None = None,
    missing: Literal["keep", "drop"] = "keep",
    max_gb: float = 1.0,
) -> PhotoSet:
    """A photo set, in one form whatever it comes from.

    Args:
        what: a name of `LOADERS`; a folder of photos, with a table beside them (`load_folder`) or
            without (`load_files`); a CSV table; or a list of files. A folder that is called like a
            data set is "./im2gps3k".
        n: the first n photos only; needed for data sets from the hub.
        folder: where the photos of a benchmark are; by default in `remote.photos_dir()`.
        missing: as for `load_folder`.
        max_gb: nothing larger (10^9 bytes) is downloaded.

    Raises:
        TooLarge: more than `max_gb` would have to be downloaded; the message says how much.
        G3Error: there is no such set, folder or file; a table or a download is not as it should be.
    """
    loader = LOADERS.get(what, _own) if isinstance(what, str) else _own
    if folder is not None and loader is not _benchmark:
        raise TableError(f"folder= says where a benchmark's photos are, {what!r} is none")
    photos = loader(what, _Options(n, folder, missing, max_gb))
    return photos if n is None else photos.head(n)
