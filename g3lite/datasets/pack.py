"""A pack: what a course needs of some thousand real photos, in a folder, made once for CPUs.

    pack = packs.read("class")                  # packs.chosen() is that of G3LITE_PACK
    pack.dataset("train")                       # for `training.fit`; stays on disk
    queries = pack.photos("test")               # thumbnails as pictures, places, photographers
    pack.backbone.image_features(queries)       # as they were made; no model is loaded

It is a folder of features (`featurefolder`), and beside that:

    texts.npy         float16 (m, d), features of the m different place texts
    texts.parquet     those texts
    thumbnails.zip    a picture per photo, by its row: 000123.webp
    CREDITS.md        sources, licence and photographers

No photographer is in two of its `PARTS`, and the rows of a part follow one another, so that each
part is a piece of the file.
"""

from __future__ import annotations

import os
import threading
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import nn

from g3lite import G3Error
from g3lite.backbone import Backbone, unit_rows
from g3lite.datasets import featurefolder
from g3lite.datasets.featurefolder import MANIFEST, FeatureFolder, FolderError
from g3lite.photos import NotThere, PhotoSet
from g3lite.training import AlignmentDataset

VARIABLE = "G3LITE_PACK"
KIND = "pack"
"""What the manifest says that the folder is."""
PARTS = ("train", "gallery", "validation", "test")
"""To train heads on, to search, to choose by, and to report; in the order of their rows."""
TEXTS, WORDS, THUMBNAILS, CREDITS = "texts.npy", "texts.parquet", "thumbnails.zip", "CREDITS.md"


@dataclass(frozen=True, eq=False)
class Pack:
    """A pack; `read` gives one.

    Attributes:
        folder: image features and table of all photos. Columns beside those of `photos.SCHEMA`:
            part, text (the row of its place text) and sha256 (of the photo that was encoded).
        texts: the m place texts; none where the backbone has no text tower.
        text_features: float16 (m, d), mapped from disk.
    """

    folder: FeatureFolder
    texts: list[str]
    text_features: np.ndarray

    def __len__(self) -> int:
        return len(self.folder)

    def __repr__(self) -> str:
        parts = ", ".join(f"{part} {count:,}" for part, count in self.parts.items())
        return f"Pack({self.name}: {len(self):,} photos ({parts}), {self.folder.backbone})"

    @property
    def name(self) -> str:
        """What it was made of, such as osv5m."""
        return self.folder.manifest["name"]

    @property
    def parts(self) -> dict[str, int]:
        """How many photos each part has."""
        return self.folder.manifest["parts"]

    @property
    def licence(self) -> dict[str, Any]:
        """Of the photos: name, address, and whether the pack may be passed on."""
        return self.folder.manifest["licence"]

    def rows(self, *parts: str) -> slice | np.ndarray:
        """The rows of one part, or of several (none named: all); a slice where they are in a row.

        Raises:
            FolderError: there is no such part.
        """
        unknown = set(parts) - set(PARTS)
        if unknown:
            raise FolderError(f"a pack has no part {min(unknown)!r}; it has {', '.join(PARTS)}")
        ends = np.cumsum([self.parts[part] for part in PARTS])
        chosen = sorted({PARTS.index(part) for part in parts or PARTS})
        if chosen == list(range(chosen[0], chosen[-1] + 1)):
            return slice(int(ends[chosen[0]] - self.parts[PARTS[chosen[0]]]), int(ends[chosen[-1]]))
        return np.concatenate([np.arange(ends[k] - self.parts[PARTS[k]], ends[k]) for k in chosen])

    def part(self, *parts: str) -> FeatureFolder:
        """Features and table of one part or several, as `G3.from_parts` takes them."""
        rows = self.rows(*parts)
        table = self.folder.table.iloc[rows].reset_index(drop=True)
        return replace(self.folder, table=table, features=self.folder.features[rows])

    def photos(self, *parts: str) -> PhotoSet:
        """The photos of one part or several (none named: all), with thumbnails as their pictures.

        Any backbone encodes those, but the one that made the pack finds its features there.
        """
        version = f"pack-{self.folder.manifest['files'][featurefolder.FEATURES]['sha256'][:16]}"
        name = "+".join((f"pack of {self.name}", *parts))
        table = self.folder.table.iloc[self.rows(*parts)]
        return PhotoSet(name, table, self._thumbnail, version, ready=self._ready)

    def dataset(self, *parts: str) -> AlignmentDataset:
        """What geo-alignment learns from. Features stay on disk, and batches are read from there.

        With no texts in the pack the heads are to be trained with `use_text=False`.
        """
        rows = self.rows(*parts)
        table, image = self.folder.table.iloc[rows], self.folder.features[rows]
        places = table[["LAT", "LON"]].to_numpy(float)
        if not self.texts:
            return AlignmentDataset.without_texts(image, places)
        return AlignmentDataset(image, self.text_features, table["text"].to_numpy(int), places)

    @cached_property
    def backbone(self) -> Backbone:
        """The one that made the pack, as far as the pack knows it: no weights are loaded."""
        return PackBackbone(
            name=self.folder.backbone, source="", model=_NotLoaded(), preprocess=_not_loaded,
            dim=self.folder.dim, image_size=224, device=torch.device("cpu"), precision="fp32",
            fingerprint=self.folder.fingerprint, pack=self,
        )  # fmt: skip

    @cached_property
    def row_of(self) -> pd.Series:
        """IMG_ID -> row."""
        return pd.Series(np.arange(len(self)), index=pd.Index(self.folder.table["IMG_ID"]))

    def _ready(self, fingerprint: str, img_ids: Sequence[str]) -> np.ndarray | None:
        if fingerprint != self.folder.fingerprint:
            warnings.warn(
                f"the features in the pack {self.folder.path} were made by {self.folder.backbone}; "
                "another backbone encodes its thumbnails, which show less than the photos did",
                stacklevel=3,
            )
            return None
        return np.float32(self.folder.features[self.row_of[img_ids].to_numpy(int)])

    def _thumbnail(self, img_id: str) -> bytes:
        if img_id not in self.row_of.index:
            raise FileNotFoundError(img_id)
        name = thumbnail_name(self.row_of[img_id])
        try:
            with _READING:  # one file, which threads would move about in
                return self._zip.read(name)
        except (KeyError, zipfile.BadZipFile) as error:
            raise OSError(f"{name} in {THUMBNAILS} is damaged; get the pack again") from error

    @cached_property
    def _zip(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self.folder.path / THUMBNAILS)


_READING = threading.Lock()


def thumbnail_name(row: int) -> str:
    """The name of a row's picture in `THUMBNAILS`."""
    return f"{row:06d}.webp"


@dataclass(frozen=True, eq=False)
class PackBackbone(Backbone):
    """A backbone without its weights: it knows the photos and the place texts of a pack."""

    pack: Pack

    @property
    def has_text(self) -> bool:
        """Whether the backbone that made the pack had a text tower."""
        return bool(self.pack.texts)

    def text_features(
        self, texts: Sequence[str], batch_size: int = 256, normalize: bool = True
    ) -> np.ndarray:
        """Features of place texts of the pack, float32 (n, d). Raises G3Error for other texts."""
        rows = pd.Series(np.arange(len(self.pack.texts)), index=self.pack.texts)
        unknown = [text for text in texts if text not in rows.index]
        if unknown:
            raise G3Error(f"{unknown[0]!r} is no place text of the pack; {_load(self.name)}")
        found = np.float32(self.pack.text_features[rows[list(texts)].to_numpy(int)])
        return unit_rows(found) if normalize else found

    def encode(self, tower: Any, inputs: torch.Tensor) -> np.ndarray:
        """Raises G3Error, for there are no weights to encode with."""
        raise G3Error(f"this is no photo of the pack; {_load(self.name)}")


class _NotLoaded(nn.Module):
    """In the place of a model."""

    encode_image = encode_text = None


def _not_loaded(image: Image.Image) -> torch.Tensor:
    raise G3Error(
        "the backbone of a pack knows the pack's photos only; Backbone.load encodes others"
    )


def _load(name: str) -> str:
    return f"Backbone.load({name!r}) encodes others"


def read(folder: str | Path, verify: bool = True) -> Pack:
    """Open a pack.

    Args:
        folder: what `recipes.pack.make` wrote.
        verify: compare the SHA-256 of each file.

    Raises:
        FolderError: there is no pack, it is not finished, or a file is missing or was changed.
    """
    folder = Path(folder)
    if not os.path.isdir(folder):
        raise FolderError(f"there is no folder {folder.absolute()}; g3lite pack makes one")
    if not (folder / MANIFEST).is_file():
        raise FolderError(
            f"{folder} holds no {MANIFEST}: there is no pack, or one that is not finished; "
            "g3lite pack goes on with it"
        )
    found = featurefolder.read(folder, verify)
    about = found.manifest
    if about.get("kind") != KIND:
        raise FolderError(f"{folder} is no pack, but a folder of features; g3lite pack makes one")
    lacking = {"name", "parts", "licence"} - about.keys() or {"part"} - set(found.table)
    if lacking:
        raise FolderError(f"{folder / MANIFEST} lacks {min(lacking)}; make the pack again")
    parts, have = about["parts"], found.table["part"].to_numpy()
    if (
        not isinstance(parts, dict)
        or list(parts) != list(PARTS)
        or sum(parts.values()) != len(have)
        or not (have == np.repeat(PARTS, list(parts.values()))).all()
    ):
        raise FolderError(f"{folder}: the parts of its table are not the manifest's; make it again")
    texts, features = [], np.empty((0, found.dim), np.float16)
    if TEXTS in about["files"]:
        texts = pd.read_parquet(folder / WORDS)["text"].tolist()
        features = np.load(folder / TEXTS, mmap_mode="r", allow_pickle=False)
        text = found.table["text"]
        if features.shape != (len(texts), found.dim) or not text.between(0, len(texts) - 1).all():
            raise FolderError(f"{folder}: photos, texts and their features do not belong together")
    return Pack(found, texts, features)


def chosen() -> Pack | None:
    """The pack in the folder that the environment variable `G3LITE_PACK` names; None without it.

    Raises:
        FolderError: there is none in that folder; the message names the variable.
    """
    folder = os.environ.get(VARIABLE)
    if not folder:
        return None
    path = Path(folder).expanduser()
    stamp = (path / MANIFEST).stat().st_mtime_ns if (path / MANIFEST).is_file() else 0
    try:
        return _opened(path, stamp)
    except FolderError as error:
        raise FolderError(
            f"{error} (the folder is named by {VARIABLE}; unpack it again if you were given it)"
        ) from error


@lru_cache(maxsize=2)
def _opened(folder: Path, stamp: int) -> Pack:
    return read(folder)


def photos(name: str) -> PhotoSet:
    """The photos of "pack" or of "pack/train" and so on, of the pack that `G3LITE_PACK` names.

    Raises:
        NotThere: no pack is named.
    """
    pack = chosen()
    if pack is None:
        raise NotThere(
            f"there is no pack for {name!r}: name its folder in the environment variable "
            f"{VARIABLE}; g3lite pack makes one"
        )
    part = name.partition("/")[2]
    return pack.photos(*([part] if part else []))
