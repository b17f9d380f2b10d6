"""Photo sets: a table of photos and the pictures that belong to it, wherever they come from.

A `PhotoSet` is a table in the columns of MP16-Pro (one row per photo) together with a function that
gives the encoded picture of a row. Everything after it in the package (features, index, prompts,
metrics) asks for nothing else, so Flickr's photos, your own and a rendered world look the same.

`PhotoSet.from_files` makes a photo set of some files; `g3lite.load_photos` loads one by name, or
that of a folder. A source of pictures may be a folder, an archive that is read where it lies
(`support.tars`), or a program that draws them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from g3lite import G3Error
from g3lite.support.images import DamagedPhoto, decode, read_bytes


@dataclass(frozen=True, eq=False)
class PhotoSet:
    """A table of photos and a way to get their pictures.

    Attributes:
        name: a short name for messages and file names.
        table: one row per photo, with at least IMG_ID (unique), AUTHOR, LAT and LON of `SCHEMA`.
        source: maps an IMG_ID to the bytes of an encoded picture (JPEG, PNG, ...); raises OSError
            (for example FileNotFoundError) if there is no such picture.
        version: identifies the contents of the pictures: sets of the same version have the same
            picture under the same IMG_ID. Features are kept on disk under the version and the
            IMG_ID, and not at all if it is "" (unknown).
        rendered: the pictures are drawings of MiniEarth, made here.
        ready: gives features that are there already, (n, d) as an image tower gives them, for a
            backbone's fingerprint and n IMG_IDs; None if they are not that backbone's. It is None
            itself where all have to be encoded.

    Raises:
        TableError: a column is missing or an IMG_ID occurs twice.
    """

    name: str
    table: pd.DataFrame
    source: Callable[[str], bytes]
    version: str = ""
    rendered: bool = False
    ready: Callable[[str, Sequence[str]], np.ndarray | None] | None = None

    def __post_init__(self) -> None:
        absent = [c for c in ("IMG_ID", "AUTHOR", "LAT", "LON") if c not in self.table]
        if absent:
            raise TableError(
                f"photo set {self.name!r}: the table lacks {', '.join(absent)}; "
                f"it has {', '.join(map(str, self.table.columns))}"
            )
        twice = self.table["IMG_ID"][self.table["IMG_ID"].duplicated()]
        if len(twice):
            raise TableError(
                f"photo set {self.name!r}: IMG_ID {twice.iloc[0]!r} occurs more than once; "
                "keep one row per photo"
            )
        object.__setattr__(self, "table", self.table.reset_index(drop=True))

    @classmethod
    def from_files(cls, files: Sequence[str | Path], name: str | None = None) -> PhotoSet:
        """Photos of which nothing is known but their files.

        IMG_ID is the path of a file below the folder that holds them all; what of it is no UTF-8 is
        written as "\\xe9".

        Args:
            files: at least one, each of them once.
            name: of the set; by default that of the folder.

        Raises:
            NotThere: a file is not there.
            TableError: there are no files, or the same one twice.
        """
        paths = [Path(os.path.abspath(file)) for file in files]
        if not paths:
            raise TableError("there are no photos: name at least one file, or a folder of pictures")
        gone = [path for path in paths if not os.path.isfile(path)]
        if gone:
            raise NotThere(f"there is no file {gone[0]}")
        root = Path(os.path.commonpath([path.parent for path in paths]))
        ids = [_text(path.relative_to(root).as_posix()) for path in paths]
        table = conform(pd.DataFrame({"IMG_ID": ids}))
        return cls.from_table(name or _text(root.name), table, dict(zip(ids, paths, strict=True)))

    @classmethod
    def from_table(cls, name: str, table: pd.DataFrame, paths: Mapping[str, Path]) -> PhotoSet:
        """Photos of a table, with the files of their pictures by IMG_ID (some may have none).

        The version follows from the files' sizes and times of change.
        """

        def source(img_id: str) -> bytes:
            if img_id not in paths:
                raise FileNotFoundError(img_id)
            return read_bytes(paths[img_id])

        version = hashlib.sha256()
        for img_id, path in sorted(paths.items()):
            stat = path.stat()
            version.update(f"{img_id} {stat.st_size} {stat.st_mtime_ns}\n".encode())
        return cls(name, table, source, version.hexdigest()[:16])

    def __len__(self) -> int:
        return len(self.table)

    @property
    def ids(self) -> list[str]:
        """The IMG_IDs, in the order of the table."""
        return self.table["IMG_ID"].tolist()

    @property
    def coordinates(self) -> np.ndarray:
        """float64 (n, 2), [lat, lon] in degrees; NaN where a photo has no position."""
        return self.table[["LAT", "LON"]].to_numpy(dtype=np.float64)

    def read(self, img_id: str) -> bytes:
        """The encoded picture. Raises `DamagedPhoto` if the source has none."""
        try:
            return self.source(img_id)
        except FileNotFoundError as error:
            raise DamagedPhoto(img_id, "there is no such picture") from error
        except OSError as error:
            raise DamagedPhoto(img_id, f"the picture cannot be read ({error})") from error
        except MemoryError as error:
            raise DamagedPhoto(img_id, "the picture cannot be read (memory ran out)") from error

    def image(self, img_id: str, longest_side: int | None = None) -> Image.Image:
        """The decoded picture, upright and RGB. Raises `DamagedPhoto` if that is not possible.

        Args:
            img_id: the photo's IMG_ID.
            longest_side: larger pictures are made smaller, to so many pixels; None for as they are.
        """
        return decode(self.read(img_id), img_id, longest_side)

    def take(self, rows: Sequence[int] | np.ndarray | slice) -> PhotoSet:
        """The photos at these positions (or where a boolean mask is true), in that order."""
        return replace(self, table=self.table.iloc[rows])

    def head(self, n: int) -> PhotoSet:
        """The first `n` photos (all of them if there are fewer)."""
        return self.take(slice(n))


def _text(name: str) -> str:
    """A file name as text that can be written anywhere; some are no UTF-8."""
    return os.fsencode(name).decode(errors="backslashreplace")


def identical(photos: PhotoSet) -> list[list[str]]:
    """Groups of IMG_IDs whose pictures are the same bytes, the largest group first.

    Reads every picture; those that cannot be read belong to no group.
    """
    groups: dict[bytes, list[str]] = {}
    for img_id in photos.ids:
        try:
            groups.setdefault(hashlib.sha256(photos.read(img_id)).digest(), []).append(img_id)
        except DamagedPhoto:
            continue
    return sorted((group for group in groups.values() if len(group) > 1), key=len, reverse=True)


SCHEMA: dict[str, str] = {
    "IMG_ID": "string",
    "AUTHOR": "string",
    "LAT": "float64",
    "LON": "float64",
    "S3_Label": "Int64",
    "S16_Label": "Int64",
    "S365_Label": "Int64",
    "Prob_indoor": "float64",
    "Prob_natural": "float64",
    "Prob_urban": "float64",
    "neighbourhood": "string",
    "city": "string",
    "county": "string",
    "state": "string",
    "region": "string",
    "country": "string",
    "country_code": "string",
    "continent": "string",
}
"""Columns of a photo table (those of MP16-Pro, in its order) and their pandas dtypes."""


class TableError(G3Error, ValueError):
    """A photo table that cannot be used as it is."""


class NotThere(G3Error, FileNotFoundError):
    """A table, a folder or a file of photos that is not there."""


def conform(table: pd.DataFrame) -> pd.DataFrame:
    """A table with all columns of `SCHEMA` in its order and dtypes; absent ones are filled with NA.

    Further columns are kept, to the right.

    Raises:
        TableError: a value is not of its column's type (the row is named).
    """
    return _conform(table, "raise", first_row=0)


def _conform(table: pd.DataFrame, on_bad: str, first_row: int) -> pd.DataFrame:
    table = table.reset_index(drop=True)
    columns = {}
    for column, dtype in SCHEMA.items():
        values = table.get(column, pd.Series(pd.NA, index=table.index, dtype="string"))
        if dtype != "string":
            numbers = pd.to_numeric(values, errors="coerce").astype("Float64")
            bad = numbers.isna() & values.notna()
            if dtype == "Int64":
                whole = (numbers % 1 == 0) & (numbers.abs() < 2**53)  # also not infinite
                bad |= numbers.notna() & ~whole.fillna(False)
            if bad.any() and on_bad == "raise":
                row = bad.idxmax()
                kind = "a whole number" if dtype == "Int64" else "a number"
                raise TableError(
                    f"{column} of row {first_row + row} is {values[row]!r}, which is not {kind}"
                )
            values = numbers.mask(bad)
        columns[column] = values.astype(dtype)
    extra = [column for column in table if column not in SCHEMA]
    return pd.concat([pd.DataFrame(columns, index=table.index), table[extra]], axis=1)
