"""A folder of frozen image features: what `g3lite index` writes and `--gallery` reads.

    features.npy    float16 (n, d), as the frozen tower gives them, not normalised
    table.parquet   n rows in the same order: the columns of `photos.SCHEMA`, and perhaps more
    manifest.json   the form, the backbone's name and fingerprint, sizes and SHA-256 of all files

The manifest is written last and removed first: a folder without one is not finished. Features are
mapped from disk when they are read, so that their number is not limited by the memory.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from g3lite import G3Error
from g3lite.geo import check_coordinates
from g3lite.paths import replacing, sha256_file, write_json
from g3lite.photos import conform
from g3lite.support.records import read_json

FEATURES, TABLE, MANIFEST = "features.npy", "table.parquet", "manifest.json"
FORMAT = 1
_ROWS = 8192  # that are converted and checked at a time


class FolderError(G3Error):
    """A folder of features that cannot be used as it is; the message says what is wrong with it."""


@dataclass(frozen=True, eq=False)
class FeatureFolder:
    """Features of n photos and their table, row by row; `read` gives one.

    Attributes:
        path: the folder.
        table: n rows in the columns of `photos.SCHEMA`, and what else was written; none if `read`
            was told to leave it on disk.
        features: float16 (n, d), mapped from disk.
        manifest: all that the manifest says.
    """

    path: Path
    table: pd.DataFrame
    features: np.ndarray
    manifest: dict[str, Any]

    def __len__(self) -> int:
        return len(self.features)

    @property
    def dim(self) -> int:
        """Numbers per photo."""
        return self.features.shape[1]

    @property
    def backbone(self) -> str:
        """The name of the backbone that made the features."""
        return self.manifest["backbone"]["name"]

    @property
    def fingerprint(self) -> str:
        """The backbone's fingerprint (`Backbone.fingerprint`)."""
        return self.manifest["backbone"]["sha256"]

    @property
    def coordinates(self) -> np.ndarray:
        """float64 (n, 2), [lat, lon] in degrees."""
        return self.table[["LAT", "LON"]].to_numpy(dtype=np.float64)

    def check_backbone(self, name: str, fingerprint: str) -> None:
        """Raise FolderError, which names both, unless that backbone made the features."""
        if fingerprint != self.fingerprint:
            raise FolderError(
                f"{self.path}: its features were made by {self.backbone} "
                f"({self.fingerprint[:8]}), not by {name} ({fingerprint[:8]}); use that backbone, "
                "or index the photos again"
            )


def write(
    folder: str | Path,
    table: pd.DataFrame,
    features: np.ndarray | None,
    backbone: tuple[str, str],
    files: Sequence[str] = (),
    **about: Any,
) -> FeatureFolder:
    """Write or replace a folder of features.

    Args:
        folder: it is made if there is none.
        table: n photos with IMG_ID (unique), LAT and LON; absent columns of the schema become NA.
        features: (n, d); None if features.npy is in the folder already (float16, as
            `numpy.lib.format.open_memmap` makes it, row by row).
        backbone: its name and its fingerprint.
        files: further files of the folder that the manifest shall list, by their relative paths.
        about: further entries of the manifest, in JSON's types.

    Raises:
        FolderError: a number is not finite or too large for float16; table and features differ in
            length; an IMG_ID is empty or occurs twice; or a file is not there.
        ValueError: a coordinate is absent, or no place on Earth.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    if features is not None:
        with replacing(folder / FEATURES) as part:
            _save(part, features)
    written = _mapped(folder)
    for start in range(0, len(written), _ROWS):
        _check_rows(np.asarray(written[start : start + _ROWS]), start, table, folder)
    with replacing(folder / TABLE) as part:
        _checked(table, len(written), folder).to_parquet(part, index=False)
    lacking = [name for name in files if not (folder / name).is_file()]
    if lacking:
        raise FolderError(f"{folder} holds no {', '.join(lacking)}")
    listed = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": sha256_file(folder / name)}
        for name in (FEATURES, TABLE, *files)
    }
    name, fingerprint = backbone
    manifest = {
        **about, "format": FORMAT, "backbone": {"name": name, "sha256": fingerprint},
        "photos": written.shape[0], "dimensions": written.shape[1], "files": listed,
    }  # fmt: skip
    write_json(folder / MANIFEST, manifest)
    return read(folder, verify=False)


def read(folder: str | Path, verify: bool = True, table: bool = True) -> FeatureFolder:
    """Open a folder of features.

    Args:
        folder: what `write` wrote.
        verify: compare the SHA-256 of each file, for which it is read whole; sizes and numbers of
            photos are compared in any case.

    Raises:
        FolderError: there is no such folder, or it is not finished; a file is missing or was
            changed; or its parts do not belong together.
    """
    folder = Path(folder)
    if not os.path.isdir(folder):
        raise FolderError(f"there is no folder {folder}; g3lite index makes one")
    if not (folder / MANIFEST).is_file():
        raise FolderError(
            f"{folder} holds no {MANIFEST}: no features were written there, or not all of them; "
            "call g3lite index again"
        )
    needs = ("format", "backbone", "photos", "dimensions", "files")
    manifest = read_json(folder / MANIFEST, "make the folder again", needs)
    if manifest["format"] != FORMAT:
        raise FolderError(
            f"{folder} is of form {manifest['format']}, this package reads {FORMAT}; make it again"
        )
    try:
        listed = {name: (file["bytes"], file["sha256"]) for name, file in manifest["files"].items()}
        made_by = (str(manifest["backbone"]["name"]), str(manifest["backbone"]["sha256"]))
    except (AttributeError, KeyError, TypeError) as error:
        raise FolderError(f"{folder / MANIFEST} is damaged ({error!r}); make it again") from error
    if not {FEATURES, TABLE} <= listed.keys() or not all(made_by):
        raise FolderError(f"{folder / MANIFEST} names no {FEATURES}, {TABLE} or backbone")
    for name, (size, sha256) in listed.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
            raise FolderError(f"{path} is missing; make the folder again")
        if path.stat().st_size != size or (verify and sha256_file(path) != sha256):
            raise FolderError(f"{path} was changed or cut off; make the folder again")
    features = _mapped(folder)
    if features.shape != (manifest["photos"], manifest["dimensions"]):
        raise FolderError(f"{folder / FEATURES} has shape {features.shape}, not the manifest's")
    photos = _table(folder, len(features)) if table else pd.DataFrame()
    return FeatureFolder(folder, photos, features, manifest)


def _table(folder: Path, n: int) -> pd.DataFrame:
    try:
        table = pd.read_parquet(folder / TABLE)
    except (OSError, ValueError) as error:
        raise FolderError(f"{folder / TABLE} cannot be read ({error})") from error
    return _checked(table, n, folder)


def _save(path: Path, features: np.ndarray) -> None:
    if features.ndim != 2:
        raise FolderError(f"features of shape {features.shape}; (n, d) is needed")
    made = np.lib.format.open_memmap(path, "w+", np.float16, features.shape)
    with np.errstate(over="ignore"):  # `write` refuses what has become infinite
        for start in range(0, len(features), _ROWS):
            made[start : start + _ROWS] = features[start : start + _ROWS]
    made.flush()


def _mapped(folder: Path) -> np.ndarray:
    try:
        features = np.load(folder / FEATURES, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise FolderError(f"{folder / FEATURES} cannot be read ({error})") from error
    if features.ndim != 2 or features.dtype != np.float16:
        raise FolderError(
            f"{folder / FEATURES} is {features.dtype} of shape {features.shape}; float16 of (n, d) "
            "is needed"
        )
    return features


def _check_rows(rows: np.ndarray, first: int, table: pd.DataFrame, folder: Path) -> None:
    bad = ~np.isfinite(rows).all(axis=1)
    if bad.any():
        row = first + int(bad.argmax())
        named = f" ({table['IMG_ID'].iloc[row]})" if row < len(table) else ""
        raise FolderError(
            f"{folder}: features of row {row}{named} hold a number that is not finite, or larger "
            "than float16 can hold (65,504)"
        )


def _checked(table: pd.DataFrame, n: int, folder: Path) -> pd.DataFrame:
    if len(table) != n:
        raise FolderError(f"{folder}: {n:,} rows of features, but a table of {len(table):,} photos")
    table = conform(table)
    ids = table["IMG_ID"]
    if ids.isna().any() or ids.duplicated().any():
        wrong = ids[ids.isna() | ids.duplicated()]
        raise FolderError(
            f"{folder}: IMG_ID {wrong.iloc[0]!r} in the table is empty or occurs twice"
        )
    check_coordinates(table[["LAT", "LON"]].to_numpy())
    return table
