"""A folder of features as what geo-alignment learns from, without loading it.

    gallery = featurefolder.read("gallery", table=False)
    parts = ondisk.parts(gallery, backbone)            # validation is of other photographers
    fit(model, parts.train, parts.validation, ...)     # in one process or in several

Image features are read from the folder, batch by batch. What else training needs (places, place
texts and their features, and which photos are for validation) is written once into the cache, and
mapped from there. Then a process holds a batch, the validation part, and the order of an epoch:
8 bytes per photo, 33 MB for 4.12 million photos, 800 MB for 100 million. Writing it once takes the
whole table (about 450 bytes per photo).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock

from g3lite.backbone import Backbone
from g3lite.datasets import featurefolder
from g3lite.datasets.featurefolder import FEATURES, TABLE, FeatureFolder, FolderError
from g3lite.datasets.split import MOST, split
from g3lite.paths import cache_dir, replacing, write_json
from g3lite.places import place_texts
from g3lite.support.records import read_json
from g3lite.training import AlignmentDataset

FORMAT = 1
_DONE = "parts.json"


class Rows:
    """Some rows of an array that stays on disk: they are read when they are asked for.

    They are read in the order of the file, each once: from a cold disk that takes half the time of
    rows at random, and half of the bytes, because systems read ahead.

    Attributes:
        array: (m, ...) mapped from a file.
        rows: int64 (n,) rows of it, in the order of this array.
    """

    def __init__(self, array: np.ndarray, rows: np.ndarray) -> None:
        self.array, self.rows = array, rows

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, ...), as of an array in memory."""
        return len(self.rows), *self.array.shape[1:]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, chosen: slice | np.ndarray) -> np.ndarray:
        rows, back = np.unique(self.rows[chosen], return_inverse=True)
        return self.array[rows][back]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype)


@dataclass(frozen=True, eq=False)
class Parts:
    """A folder of features in two parts, of which no photographer is in both.

    Attributes:
        train: what is learnt from; its features stay on disk.
        validation: what the best epoch is chosen by; at most about `split.MOST` photos, in memory.
        parted_by: what was not parted (`split.groups`).
    """

    train: AlignmentDataset
    validation: AlignmentDataset
    parted_by: str


def parts(gallery: FeatureFolder, backbone: Backbone | None = None, seed: int = 0) -> Parts:
    """Part a folder of features for training.

    The first call with these features, texts and seed compares the SHA-256 of the folder's files,
    encodes the place texts and writes what it found into the cache; later calls, and other
    processes, map it. Files that were written since are read anew.

    Args:
        gallery: a whole folder, as `featurefolder.read` gives it; its table is not needed.
        backbone: encodes the place texts; None, or one without a text tower, for data sets
            without texts (`use_text=False`).
        seed: of the choice of photos for validation.

    Raises:
        FolderError: another backbone made the features, `gallery` is a part of a folder, or its
            files were changed.
        G3Error: no photos can be taken for validation.
    """
    if backbone is not None:
        gallery.check_backbone(backbone.name, backbone.fingerprint)
    if len(gallery) != gallery.manifest["photos"]:
        raise FolderError(
            f"{len(gallery):,} of the {gallery.manifest['photos']:,} photos of {gallery.path} are "
            "no folder: write them into one of their own (featurefolder.write)"
        )
    texts = backbone is not None and backbone.has_text
    made_of = {"format": FORMAT, "files": gallery.manifest["files"], "texts": texts, "seed": seed,
               "most": MOST}  # fmt: skip
    stats = [(gallery.path / name).stat() for name in (FEATURES, TABLE)]
    key, name = _digest(made_of), _digest([made_of, [stat.st_mtime_ns for stat in stats]])
    home = cache_dir() / "parts" / name
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / "lock"):  # the first process works, the others wait for it
        if not (home / _DONE).is_file():
            _write(home, featurefolder.read(gallery.path), backbone if texts else None, seed)
    texts = np.load(home / "texts.npy", mmap_mode="r")
    data = [_dataset(home, part, gallery.features, texts, key) for part in ("train", "validation")]
    about = read_json(home / _DONE, f"remove {home}", ("parted_by",))
    return Parts(*data, about["parted_by"])


def _digest(made_of: Any) -> str:
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


def _write(home: Path, gallery: FeatureFolder, backbone: Backbone | None, seed: int) -> None:
    """Write what training needs beside the image features; the record of it comes last."""
    held_out, kind = split(gallery.table, seed=seed)
    text_of, texts = np.zeros(len(gallery), np.int64), np.empty((1, 0), np.float32)
    if backbone is not None:
        text_of, said = pd.factorize(np.array(place_texts(gallery.table), object), sort=True)
        texts = backbone.text_features(list(said), normalize=False)
    arrays = {"texts": texts}
    for part, chosen in {"train": ~held_out, "validation": held_out}.items():
        arrays[f"{part}-rows"] = np.flatnonzero(chosen)
        arrays[f"{part}-text_of"] = text_of[chosen].astype(np.int64)
        arrays[f"{part}-coordinates"] = gallery.coordinates[chosen]
    for name, array in arrays.items():
        with replacing(home / f"{name}.npy") as path, open(path, "wb") as file:
            np.save(file, array)
    write_json(home / _DONE, {"parted_by": kind})


def _dataset(
    home: Path, part: str, features: np.ndarray, texts: np.ndarray, key: str
) -> AlignmentDataset:
    rows, text_of, coordinates = (
        np.load(home / f"{part}-{name}.npy", mmap_mode="r")
        for name in ("rows", "text_of", "coordinates")
    )
    image = Rows(features, rows) if part == "train" else np.asarray(features[rows])
    return AlignmentDataset(image, texts, text_of, coordinates, f"{key}-{part}")
