"""A photo set by its name: the one registry of what can be loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from g3lite.datasets.folder import load_files, load_folder
from g3lite.images import find_pictures
from g3lite.photos import NotThere, PhotoSet, TableError


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
        what: a benchmark whose photos you have ("im2gps3k", "yfcc4k"); a data set that is fetched
            from the hub ("mp16-pro", "osv5m"; see `g3lite.datasets.remote`); rendered photos
            ("miniearth/gallery" and its other sets); a folder of photos, with a table beside them
            (`load_folder`) or without (`load_files`); a CSV table; or a list of files. A folder
            that is called like a data set is "./im2gps3k".
        n: the first n photos only; needed for data sets from the hub.
        folder: where the photos of a benchmark are; by default in `remote.photos_dir()`.
        missing: as for `load_folder`.
        max_gb: downloads beyond this many GB (10^9 bytes) are asked about first.

    Raises:
        G3Error: there is no such set, folder or file; a table or a download is not as it should be.
    """
    from g3lite.datasets import remote  # it makes photo sets, as MiniEarth does

    if isinstance(what, str) and what in remote.BENCHMARKS:
        photos = remote.benchmark(what, folder, missing=missing)
    elif folder is not None:
        raise TableError(f"folder= says where a benchmark's photos are, {what!r} is none")
    elif isinstance(what, str) and what in remote.COLLECTIONS:
        return remote.collection(what, n, max_gb=max_gb)
    elif isinstance(what, str) and what.split("/")[0] == "miniearth":
        from g3lite import miniearth

        try:
            return miniearth.load(what.partition("/")[2] or "gallery", n)
        except ValueError as error:
            raise TableError(str(error)) from error
    elif not isinstance(what, str | Path):
        photos = load_files(what)
    elif Path(what).suffix.lower() == ".csv":
        photos = load_folder(what, missing=missing)
    elif Path(what).is_dir():
        found = sorted(Path(what).glob("*.csv"))
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise TableError(f"{what} holds several tables ({names}): name one of them")
        photos = (
            load_folder(found[0], missing=missing) if found else load_files(find_pictures(what))
        )
    else:
        known = ", ".join([*remote.BENCHMARKS, *remote.COLLECTIONS, "miniearth/..."])
        raise NotThere(f"there is no folder {str(what)!r}, nor a photo set of that name: {known}")
    return photos if n is None else photos.head(n)
