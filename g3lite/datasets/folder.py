"""Photo sets from a folder: with a table beside it, or located by EXIF."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
import pandas as pd

from g3lite.datasets import exif, tables
from g3lite.photos import NotThere, PhotoSet, TableError, conform, identical
from g3lite.support.images import DamagedPhoto, find_pictures, open_picture


def load_folder(
    table_csv: str | Path,
    images_dir: str | Path | None = None,
    *,
    name: str | None = None,
    swapped: bool = False,
    missing: Literal["keep", "drop"] = "keep",
) -> PhotoSet:
    """Read a photo set in the form of IM2GPS3K: a CSV table and a folder of pictures.

    IMG_ID is the path of the picture inside the folder. It is kept as it is written, but a picture
    is also found where the file has "_" for "/" or the reverse. Told in warnings are photos of the
    table that are not on disk, pictures on disk that are not in the table (they are left out), and
    pictures that are one and the same file: a host gives the same placeholder for every photo that
    is gone.

    Args:
        table_csv: at least IMG_ID, AUTHOR, LAT and LON, or the table of a data set that
            `tables.read` knows; what else `SCHEMA` has becomes NA.
        images_dir: folder of the pictures; by default the folder `images` beside the table, or if
            there is none the table's own folder.
        name: name of the set; by default the table's file name.
        swapped: the headers LAT and LON are known to be exchanged in this file. Where the values
            show it, that is put right without being asked.
        missing: what to do with photos that are not on disk: "keep" their rows (the denominator of
            a benchmark is its table; such a photo raises `DamagedPhoto` when it is asked for), or
            "drop" them (a partial download).

    Raises:
        NotThere: there is no such table or folder, or none of the photos is there.
        TableError: a column is missing, an IMG_ID is empty, occurs twice or leaves the folder, or a
            coordinate is absent or out of range.
    """
    if missing not in ("keep", "drop"):
        raise ValueError(f"missing={missing!r} is unknown; use 'keep' or 'drop'")
    table_csv = Path(table_csv)
    if images_dir is None:
        images_dir = table_csv.parent / "images"
        images_dir = images_dir if os.path.isdir(images_dir) else table_csv.parent
    images_dir = Path(images_dir)
    if not os.path.isdir(images_dir):
        raise NotThere(f"there is no folder of pictures at {images_dir}")
    table = tables.read(table_csv, swapped=swapped)
    for img_id in table["IMG_ID"]:
        path = PurePosixPath(img_id)
        if path.is_absolute() or ".." in path.parts:
            raise TableError(f"{table_csv}: IMG_ID {img_id!r} leads out of the folder of pictures")

    paths = {path.relative_to(images_dir).as_posix(): path for path in find_pictures(images_dir)}
    flat = {name.replace("/", "_"): path for name, path in paths.items()}
    found = {i: paths.get(i) or flat.get(i.replace("/", "_")) for i in table["IMG_ID"]}
    listed = {img_id: path for img_id, path in found.items() if path}
    if not listed:
        raise NotThere(
            f"none of the {len(table):,} photos of {table_csv} is in {images_dir}, which holds "
            f"{_some(list(paths)) if paths else 'no picture'}: name the folder of this photo set"
        )
    photos = PhotoSet.from_table(name or table_csv.stem, table, listed)

    absent = [img_id for img_id in photos.ids if img_id not in listed]
    used = set(listed.values())
    spare = [name for name, path in paths.items() if path not in used]
    if absent:
        warnings.warn(f"{_some(absent)} of {table_csv} not found in {images_dir}", stacklevel=2)
    if spare:
        warnings.warn(f"{_some(spare)} of {images_dir} not listed in {table_csv}", stacklevel=2)
    same = _same_files(photos, listed)
    if same:
        others = f"; so are {len(same) - 1} smaller groups" if len(same) > 1 else ""
        warnings.warn(
            f"{_some(same[0])} of {images_dir} are one and the same file, copies or a placeholder "
            f"for photos that are gone{others} (`identical` lists them)",
            stacklevel=2,
        )
    if missing == "drop":
        photos = photos.take(~photos.table["IMG_ID"].isin(absent).to_numpy(dtype=bool))
    return photos


def load_files(files: Sequence[str | Path], name: str | None = None) -> PhotoSet:
    """Your own photos, located by what the camera wrote into them (EXIF).

    Every file stays: one without a (certain) position has NaN for LAT and LON, and the column
    `note` says why, or what is wrong with the file. `taken` is the time by the camera's clock.
    IMG_ID is the path of a file below the folder that holds them all.

    Raises:
        NotThere: a file is not there.
        TableError: there are no files, or the same one twice.
    """
    paths = [Path(file) for file in files]
    photos = PhotoSet.from_files(paths, name)
    rows = []
    with warnings.catch_warnings(action="ignore"):  # Pillow's do not name the file; `note` does
        for path, img_id in zip(paths, photos.ids, strict=True):
            try:
                with open_picture(path, img_id) as image:
                    found = exif.read(image)
            except DamagedPhoto as error:
                found = exif.Exif(np.nan, np.nan, None, error.reason)
            rows.append((img_id, found.lat, found.lon, found.taken, found.note))
    table = pd.DataFrame(rows, columns=["IMG_ID", "LAT", "LON", "taken", "note"])
    # A clock that says a year out of reach (pandas may count from 1677) says nothing.
    table = conform(table.assign(taken=pd.to_datetime(table["taken"], errors="coerce")))
    nowhere = table["LAT"].isna()
    if nowhere.any():
        note = table["note"][nowhere].iloc[0]
        named = _some(table["IMG_ID"][nowhere].tolist())
        warnings.warn(f"{named} of {photos.name} without a position ({note})", stacklevel=2)
    return replace(photos, table=table)


def _same_files(photos: PhotoSet, paths: dict[str, Path]) -> list[list[str]]:
    """As `identical`, but only files of the same size are opened."""
    sizes = photos.table["IMG_ID"].map({i: path.stat().st_size for i, path in paths.items()})
    return identical(photos.take((sizes.duplicated(keep=False) & sizes.notna()).to_numpy(bool)))


def _some(img_ids: Sequence[str]) -> str:
    shown = ", ".join(img_ids[:3]) + (", ..." if len(img_ids) > 3 else "")
    return f"{len(img_ids)} photo{'s' if len(img_ids) > 1 else ''} ({shown})"
