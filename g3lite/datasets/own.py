"""A gallery of one's own photos: a folder of pictures becomes a folder of features.

    found = own.find("holiday")                       # where each was taken, by EXIF or a table
    own.index(found, Backbone.load("ViT-B-32:laion2b_s34b_b79k"), "gallery")

Every picture is known by its SHA-256. Its features are kept in the cache under that and nothing
else, so a run that was stopped goes on where it was, a photo that is added or renamed costs no
other one anything, and copies of a file are one photo.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from g3lite.backbone import Backbone, Features
from g3lite.datasets import featurefolder, tables
from g3lite.datasets.featurefolder import FeatureFolder, FolderError
from g3lite.datasets.folder import load_files
from g3lite.paths import sha256_file
from g3lite.photos import SCHEMA, NotThere, PhotoSet
from g3lite.support.images import find_pictures
from g3lite.support.records import read_json

KIND = "gallery"
"""What the manifest says that the folder is."""
COPY = "a copy of "
"""Begins the reason for which a copy is left out."""


@dataclass(frozen=True, eq=False)
class Found:
    """The photos of a folder.

    Attributes:
        photos: those with a position, each picture once; the column sha256 is that of the file.
        left_out: IMG_ID -> why it is not among them.
    """

    photos: PhotoSet
    left_out: dict[str, str]
    without_file: int = 0
    """Rows of the table whose picture is not in the folder."""


def find(folder: str | Path, table: str | Path | None = None) -> Found:
    """Look for photos, and where they were taken.

    IMG_ID is the path of a picture inside the folder.

    Args:
        folder: it is searched with all folders in it.
        table: a CSV table with IMG_ID, LAT and LON that says where they were taken, and what else
            `SCHEMA` has; None for what the cameras wrote into the files (EXIF). Rows without a
            position, and photos without a row, are left out.

    Raises:
        NotThere: there is no such folder, or no picture in it.
        TableError: the table cannot be read.
    """
    folder = Path(folder)
    if not os.path.isdir(folder):
        raise NotThere(f"there is no folder {folder}")
    files = find_pictures(folder)
    if not files:
        raise NotThere(f"there is no picture in {folder}")
    with warnings.catch_warnings(action="ignore"):  # what has no position is said by `left_out`
        photos = load_files(files, folder.resolve().name)
    # Below the folder that was named, which may be above the one that holds them all.
    ids = [os.fsencode(path.relative_to(folder).as_posix()) for path in files]
    ids = [img_id.decode(errors="backslashreplace") for img_id in ids]
    paths = dict(zip(ids, files, strict=True))
    listed, without_file = photos.table.assign(IMG_ID=pd.array(ids, dtype="string")), 0
    nowhere = f"{table} has no row with a position of it"
    if table is not None:
        listed, without_file = _from_table(Path(table), listed)
    known = listed[["LAT", "LON"]].notna().all(axis=1)
    notes = listed["note"] if table is None else pd.Series(nowhere, index=listed.index)
    left_out = dict(zip(listed["IMG_ID"][~known], notes[~known], strict=True))
    hashes: list[str | None] = []
    for img_id in listed["IMG_ID"][known]:
        try:
            hashes.append(sha256_file(paths[img_id]))
        except OSError as error:
            hashes.append(None)
            left_out[img_id] = f"it cannot be read ({error.strerror or error})"
    listed = listed[known].drop(columns="note").assign(sha256=hashes)
    listed = listed[listed["sha256"].notna()]
    first = listed.groupby("sha256", sort=False)["IMG_ID"].first()
    copies = listed["sha256"].duplicated()
    for row in listed[copies].itertuples():
        left_out[row.IMG_ID] = f"{COPY}{first[row.sha256]}"
    listed = listed[~copies].reset_index(drop=True)
    return Found(PhotoSet.from_table(photos.name, listed, paths), left_out, without_file)


def _from_table(path: Path, listed: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The photos with what a table says of them, and how many of its rows have no picture here."""
    with warnings.catch_warnings(action="ignore"):  # rows of no use: their photos are left out
        rows = tables.read(path, columns=list(SCHEMA), on_bad="skip")
    ids = listed["IMG_ID"]
    same = dict(zip(ids.str.replace("/", "_", regex=False), ids, strict=True))
    same |= dict(zip(ids, ids, strict=True))  # an id as it is goes before one that is alike
    found = rows["IMG_ID"].map(same).astype("string")
    rows = rows.assign(IMG_ID=found).dropna(subset="IMG_ID").drop_duplicates("IMG_ID")
    return listed[["IMG_ID", "taken", "note"]].merge(rows, on="IMG_ID", how="left"), int(
        found.isna().sum()
    )


def by_content(photos: PhotoSet) -> PhotoSet:
    """The same pictures under their SHA-256, the way in which their features are kept."""
    ids = dict(zip(photos.table["sha256"], photos.ids, strict=True))
    table = photos.table.assign(IMG_ID=photos.table["sha256"].astype("string"))
    return PhotoSet(photos.name, table, lambda sha256: photos.source(ids[sha256]), "by content")


def encode(
    photos: PhotoSet, backbone: Backbone, batch_size: int = 64, progress: bool = True
) -> Features:
    """Features of photos that have a column sha256; ids and reasons are those of the set."""
    names = dict(zip(photos.table["sha256"], photos.ids, strict=True))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "skipped", UserWarning)  # the caller gets them by name
        found = backbone.image_features(
            by_content(photos), batch_size, "skip", normalize=False, progress=progress
        )
    skipped = {names[sha256]: reason for sha256, reason in found.skipped.items()}
    return Features([names[i] for i in found.ids], found.vectors, skipped, found.stored)


def index(
    found: Found,
    backbone: Backbone,
    output: str | Path,
    batch_size: int = 64,
    progress: bool = True,
) -> FeatureFolder:
    """Encode the photos and write their gallery, a folder of features.

    The manifest's `left_out` says of every other photo of the folder why it is not in it: no
    position, damaged, or a copy.

    Raises:
        FolderError: no photo can be used; or the folder holds something else.
    """
    photos = found.photos
    _check_output(Path(output))
    if not len(photos):
        raise FolderError(
            f"none of the {len(found.left_out):,} photos of {photos.name} has a position"
            + "".join(f" ({img_id}: {why})" for img_id, why in list(found.left_out.items())[:1])
            + "; a table of positions can be named with --table"
        )
    features = encode(photos, backbone, batch_size, progress)
    if not len(features):
        img_id, why = next(iter(features.skipped.items()))
        raise FolderError(
            f"all {len(photos):,} photos of {photos.name} are damaged (such as {img_id}: {why})"
        )
    kept = photos.take(np.isin(photos.ids, features.ids))
    left_out = {**found.left_out, **features.skipped}
    return featurefolder.write(
        output, kept.table, features.vectors, (backbone.name, backbone.fingerprint),
        kind=KIND, name=photos.name, left_out=left_out,
    )  # fmt: skip


def _check_output(folder: Path) -> None:
    """Refuse a folder that something else was written to, which `write` would replace."""
    path = folder / featurefolder.MANIFEST
    if path.is_file() and read_json(path, "name another folder").get("kind") != KIND:
        raise FolderError(f"{path} is of something else than g3lite index; name another folder")
