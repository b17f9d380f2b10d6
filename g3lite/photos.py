"""Photo tables and the pictures that belong to them.

A `PhotoSet` is a table in the columns of MP16-Pro (one row per photo) together with a function that
gives the encoded picture of a row. Everything after it in the package (features, index, prompts,
metrics) asks for nothing else, so a folder of Flickr photos and a rendered world look the same.

`load_folder` reads the form in which IM2GPS3K is distributed: a CSV table and a folder of pictures.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
import pandas as pd
from PIL import Image, ImageOps, UnidentifiedImageError

from g3lite.geo import check_coordinates

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

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})


class DamagedPhoto(Exception):
    """A picture that is absent or cannot be decoded.

    Attributes:
        img_id: the photo's IMG_ID.
        reason: what is wrong with it, in words.
    """

    def __init__(self, img_id: str, reason: str) -> None:
        super().__init__(img_id, reason)
        self.img_id = img_id
        self.reason = reason

    def __str__(self) -> str:
        return f"photo {self.img_id!r}: {self.reason}"


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

    Raises:
        ValueError: a column is missing or an IMG_ID occurs twice.
    """

    name: str
    table: pd.DataFrame
    source: Callable[[str], bytes]
    version: str = ""

    def __post_init__(self) -> None:
        absent = [c for c in ("IMG_ID", "AUTHOR", "LAT", "LON") if c not in self.table]
        if absent:
            raise ValueError(
                f"photo set {self.name!r}: the table lacks {', '.join(absent)}; "
                f"it has {', '.join(map(str, self.table.columns))}"
            )
        twice = self.table["IMG_ID"][self.table["IMG_ID"].duplicated()]
        if len(twice):
            raise ValueError(
                f"photo set {self.name!r}: IMG_ID {twice.iloc[0]!r} occurs more than once; "
                "keep one row per photo"
            )
        object.__setattr__(self, "table", self.table.reset_index(drop=True))

    def __len__(self) -> int:
        return len(self.table)

    @property
    def ids(self) -> list[str]:
        """The IMG_IDs, in the order of the table."""
        return self.table["IMG_ID"].tolist()

    @property
    def coordinates(self) -> np.ndarray:
        """float64 (n, 2), [lat, lon] in degrees."""
        return self.table[["LAT", "LON"]].to_numpy(dtype=np.float64)

    def read(self, img_id: str) -> bytes:
        """The encoded picture. Raises `DamagedPhoto` if the source has none."""
        try:
            return self.source(img_id)
        except FileNotFoundError as error:
            raise DamagedPhoto(img_id, "there is no such picture") from error
        except OSError as error:
            raise DamagedPhoto(img_id, f"the picture cannot be read ({error})") from error

    def image(self, img_id: str) -> Image.Image:
        """The decoded picture, upright and RGB. Raises `DamagedPhoto` if that is not possible."""
        return decode(self.read(img_id), img_id)

    def take(self, rows: Sequence[int] | np.ndarray | slice) -> PhotoSet:
        """The photos at these positions (or where a boolean mask is true), in that order."""
        return replace(self, table=self.table.iloc[rows])

    def head(self, n: int) -> PhotoSet:
        """The first `n` photos (all of them if there are fewer)."""
        return self.take(slice(n))


def decode(data: bytes, img_id: str) -> Image.Image:
    """Decode a picture of any kind that Pillow reads into an upright 8-bit RGB image.

    The EXIF orientation is applied, 16-bit grey is scaled down and transparency is laid on white.

    Raises:
        DamagedPhoto: the data are empty, truncated or not a picture.
    """
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
        return _rgb(_upright(image))
    except UnidentifiedImageError as error:
        raise DamagedPhoto(img_id, f"its {len(data)} bytes are not a picture") from error
    except Exception as error:  # On damaged data Pillow's readers raise nearly anything.
        raise DamagedPhoto(img_id, f"it cannot be decoded ({error})") from error


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # Broken EXIF says nothing about the picture, which is whole: show it as is.
        return image


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit grey, which Pillow would clip to 8 bits, not scale
        image = Image.fromarray((np.asarray(image).clip(0, 65535) / 257).round().astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def conform(table: pd.DataFrame) -> pd.DataFrame:
    """A table with all columns of `SCHEMA` in its order and dtypes; absent ones are filled with NA.

    Further columns are kept, to the right.

    Raises:
        ValueError: a value is not of its column's type (the row is named).
    """
    table = table.reset_index(drop=True)
    columns = {}
    for column, dtype in SCHEMA.items():
        values = table.get(column, pd.Series(pd.NA, index=table.index, dtype="string"))
        if dtype != "string":
            numbers = pd.to_numeric(values, errors="coerce").astype("Float64")
            bad = numbers.isna() & values.notna()
            if dtype == "Int64":
                bad |= (numbers % 1 != 0).fillna(False)
            if bad.any():
                row = bad.idxmax()
                kind = "a whole number" if dtype == "Int64" else "a number"
                raise ValueError(f"{column} of row {row} is {values[row]!r}, which is not {kind}")
            values = numbers
        columns[column] = values.astype(dtype)
    extra = [column for column in table if column not in SCHEMA]
    return pd.concat([pd.DataFrame(columns, index=table.index), table[extra]], axis=1)


def load_folder(
    table_csv: str | Path,
    images_dir: str | Path | None = None,
    *,
    name: str | None = None,
    swapped: bool = False,
    missing: Literal["keep", "drop"] = "keep",
) -> PhotoSet:
    """Read a photo set in the form of IM2GPS3K: a CSV table and a folder of pictures.

    IMG_ID is the path of the picture inside the folder and is kept as it is written, with its
    suffix and any "/" or "_". Photos of the table that are not on disk, and pictures on disk that
    are not in the table (they are left out), are counted in a warning.

    Args:
        table_csv: at least IMG_ID, AUTHOR, LAT and LON; what else `SCHEMA` has becomes NA.
        images_dir: folder of the pictures; by default the folder `images` beside the table.
        name: name of the set; by default the table's file name.
        swapped: the headers LAT and LON are exchanged in this file, as in an old copy of
            `im2gps3k_places365.csv`: put them right.
        missing: what to do with photos that are not on disk: "keep" their rows (the denominator of
            a benchmark is its table; such a photo raises `DamagedPhoto` when it is asked for), or
            "drop" them (a partial download).

    Raises:
        FileNotFoundError: there is no such table or folder.
        ValueError: a column is missing, an IMG_ID is empty, occurs twice or leaves the folder, or a
            coordinate is absent or out of range. Exchanged headers are recognised if some value of
            LAT exceeds 90 degrees.
    """
    if missing not in ("keep", "drop"):
        raise ValueError(f"missing={missing!r} is unknown; use 'keep' or 'drop'")
    table_csv = Path(table_csv)
    images_dir = table_csv.parent / "images" if images_dir is None else Path(images_dir)
    if not images_dir.is_dir():
        raise FileNotFoundError(f"there is no folder of pictures at {images_dir}")
    # Everything is text until `conform`, and only an empty field is NA: "NA" is a country code.
    table = pd.read_csv(table_csv, dtype="string", keep_default_na=False, na_values=[""])
    if swapped:
        table = table.rename(columns={"LAT": "LON", "LON": "LAT"})

    stamps = _picture_stamps(images_dir)
    photos = PhotoSet(
        name=name or table_csv.stem,
        table=table,
        source=lambda img_id: (images_dir / img_id).read_bytes(),
        version=hashlib.sha256(repr(sorted(stamps.items())).encode()).hexdigest()[:16],
    )
    try:
        photos = replace(photos, table=conform(table))
        _check_ids(photos.table["IMG_ID"])
        _check_coordinates(photos.table, swapped)
    except ValueError as error:
        raise ValueError(f"{table_csv}: {error}") from None

    absent = [img_id for img_id in photos.ids if img_id not in stamps]
    spare = sorted(set(stamps).difference(photos.ids))
    if absent:
        warnings.warn(f"{_some(absent)} of {table_csv} not found in {images_dir}", stacklevel=2)
    if spare:
        warnings.warn(f"{_some(spare)} of {images_dir} not listed in {table_csv}", stacklevel=2)
    if missing == "drop":
        photos = photos.take(~photos.table["IMG_ID"].isin(absent).to_numpy(dtype=bool))
    return photos


def _picture_stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of every picture below a folder, by its path there."""
    stamps = {}
    for path in folder.rglob("*"):
        if path.suffix.lower() in PICTURE_SUFFIXES:
            stat = path.stat()
            stamps[path.relative_to(folder).as_posix()] = (stat.st_size, stat.st_mtime_ns)
    return stamps


def _some(img_ids: Sequence[str]) -> str:
    shown = ", ".join(img_ids[:3]) + (", ..." if len(img_ids) > 3 else "")
    return f"{len(img_ids)} photo{'s' if len(img_ids) > 1 else ''} ({shown})"


def _check_ids(img_ids: pd.Series) -> None:
    if img_ids.isna().any():
        raise ValueError(f"IMG_ID of row {img_ids.isna().idxmax()} is empty")
    for img_id in img_ids:
        path = PurePosixPath(img_id)
        if path.is_absolute() or ".." in path.parts:
            raise ValueError(f"IMG_ID {img_id!r} leads out of the folder of pictures")


def _check_coordinates(table: pd.DataFrame, swapped: bool) -> None:
    if (table["LAT"].abs() > 90).any() and not (table["LON"].abs() > 90).any():
        value = table["LAT"][table["LAT"].abs().idxmax()]
        remedy = (
            "they are right in the file: leave out swapped=True"
            if swapped
            else "pass swapped=True to put them right"
        )
        raise ValueError(
            f"LAT goes to {value} while LON stays within [-90, 90], so the headers LAT and LON are "
            f"exchanged; {remedy}"
        )
    check_coordinates(table[["LAT", "LON"]])
