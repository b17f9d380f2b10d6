"""Heads for a gallery of one's own, and where photos without a position were taken.

gallery = featurefolder.read("gallery")
heads, history, parted = own.train(gallery)               # photographer-disjoint validation
for photo in own.locate(["a.jpg"], gallery, backbone):    # near photos are the evidence
    print(photo.coordinates, photo.near)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from g3lite import G3Error
from g3lite.alignment import CONFIGS, GeoAlignment
from g3lite.backbone import Backbone, unit_rows
from g3lite.datasets import ondisk, own
from g3lite.datasets.featurefolder import FeatureFolder
from g3lite.geo import great_circle_km
from g3lite.index import Gallery
from g3lite.paths import sha256_file
from g3lite.photos import PhotoSet
from g3lite.places import nearest_city
from g3lite.training import SCHEDULES, Schedule, fit
from g3lite.verification import CandidateConfig, Verifier, candidates, winners

STEPS = 1500
"""A run has so many steps, in 30 to `EPOCHS` epochs."""
EPOCHS = 100
"""A data set whose epochs have few steps is not read more often: it would be learnt by heart."""
AGREE_KM = 200.0
"""Near photos that were taken at most so far from the answer agree with it."""


# ------------------------------------------------------------------------------------------- heads


def schedule_for(photos: int, texts: bool, seed: int = 0) -> Schedule:
    """How to train on so many photos: the rate falls over the run, and accuracy chooses."""
    steps = max(photos // SCHEDULES["small"].batch_size, 1)
    epochs = min(max(30, math.ceil(STEPS / steps)), EPOCHS)
    return replace(
        SCHEDULES["small"], epochs=epochs, decay=0.3, decay_every=0.25, patience=None,
        select="accuracy", use_text=texts, seed=seed,
    )  # fmt: skip


def train(
    gallery: FeatureFolder,
    backbone: Backbone | None = None,
    *,
    size: str = "mini",
    seed: int = 0,
    folder: str | Path | None = None,
    progress: bool = True,
    schedule: Schedule | None = None,
) -> tuple[GeoAlignment, pd.DataFrame, dict[str, object]]:
    """Train heads on the features of a gallery, which stay on disk (`datasets.ondisk`).

    Args:
        gallery: what `g3lite index` wrote; its table is not needed.
        backbone: encodes the place texts; None, or one without a text tower, for heads of image
            and GPS alone.
        size: a key of `alignment.CONFIGS`; the widths of features are those of the gallery.
        seed: of the first weights, the batches and the validation part.
        folder: where the state of the run is kept, see `training.fit`.
        progress: show a progress bar.
        schedule: by default that of `schedule_for`.

    Returns:
        The heads, the history of `fit`, and how the photos were parted, in JSON's types.

    Raises:
        G3Error: the backbone did not make the features; or no photos can be taken for validation.
    """
    parts = ondisk.parts(gallery, backbone, seed)
    width = parts.train.texts.shape[1]
    torch.manual_seed(seed)
    model = GeoAlignment(replace(CONFIGS[size], image=gallery.dim, text=width))
    plan = schedule or schedule_for(len(parts.train), bool(width), seed)
    plan = replace(plan, use_text=bool(width))
    history = fit(model, parts.train, parts.validation, plan, folder, progress)
    parted = {"train": len(parts.train), "validation": len(parts.validation),
              "parted_by": parts.parted_by}  # fmt: skip
    return model.cpu(), history, parted


# ------------------------------------------------------------------------------------------ places


@dataclass(frozen=True, eq=False)
class Located:
    """Where a photo was probably taken, by the photos that look like it.

    Attributes:
        img_id: the photo's IMG_ID.
        coordinates: (latitude, longitude) in degrees; None if it cannot be located.
        near: the most similar photos of the gallery, the most similar first: IMG_ID, similarity,
            LAT, LON, and km, how far from the answer each was taken.
        itself: IMG_ID of the same file in the gallery, which was left out; None if there is none.
        error: why there is no answer; None if there is one.
    """

    img_id: str
    coordinates: tuple[float, float] | None
    near: pd.DataFrame
    itself: str | None = None
    error: str | None = None

    @property
    def place(self) -> str:
        """The nearest city, and how far it is; "" without an answer."""
        if self.coordinates is None:
            return ""
        city = nearest_city([self.coordinates]).iloc[0]
        return f"{city.km:.0f} km from {city.city}, {city.country}"

    @property
    def candidates(self) -> pd.DataFrame:
        """The places that competed: those of the near photos."""
        return self.near

    warning, fallback = None, False
    """As a `pipeline.Prediction` has them, for maps."""

    @property
    def agree(self) -> int:
        """How many of the near photos were taken within `AGREE_KM` of the answer."""
        return int((self.near["km"] <= AGREE_KM).sum()) if len(self.near) else 0


def locate(
    files: Sequence[str | Path],
    gallery: FeatureFolder,
    backbone: Backbone,
    heads: GeoAlignment | None = None,
    *,
    k: int = 10,
    batch_size: int = 64,
    progress: bool = False,
) -> list[Located]:
    """Where photos were taken: by the places of similar photos, without a language model.

    Without heads the answer is where the most similar photo was taken. With heads photos are
    similar in all their spaces, and of the k places the one wins that suits the photo best.

    Args:
        files: the photos; what the camera wrote into them is not read.
        gallery: the photos that are searched. The same file in it is no evidence and is left out.
        backbone: the one that made the gallery.
        heads: trained for it; None for its features alone.
        k: how many near photos are looked at.
        batch_size: photos per step of the backbone.
        progress: show a progress bar.

    Raises:
        G3Error: gallery, backbone and heads do not belong together.
        NotThere: a file is not there.
    """
    gallery.check_backbone(backbone.name, backbone.fingerprint)
    if heads is not None and heads.config.image != gallery.dim:
        raise G3Error(
            f"the heads are for features of {heads.config.image} numbers, those of {gallery.path} "
            f"({gallery.backbone}) have {gallery.dim}; train heads for this gallery"
        )

    def to_vectors(rows: np.ndarray) -> np.ndarray:  # inner products are means of cosines
        return unit_rows(rows if heads is None else heads.database_vectors(rows))

    photos = PhotoSet.from_files(files)
    hashes = [sha256_file(file) for file in files]
    photos = replace(photos, table=photos.table.assign(sha256=hashes))
    once = photos.take(~photos.table["sha256"].duplicated().to_numpy())
    features = own.encode(once, backbone, batch_size, progress)
    searched = Gallery.build(gallery.table, to_vectors(np.float32(gallery.features)), "own")
    similarity, rows = searched.similar(to_vectors(features.vectors), k + 1)
    known = gallery.table.get("sha256", pd.Series(pd.NA, index=gallery.table.index))
    sha256_of = dict(zip(photos.ids, hashes, strict=True))
    found: dict[str, Located] = {}
    for n, img_id in enumerate(features.ids):
        near = gallery.table[["IMG_ID", "LAT", "LON"]].iloc[rows[n][rows[n] >= 0]]
        near.insert(1, "similarity", similarity[n][rows[n] >= 0])
        same = known.iloc[near.index] == sha256_of[img_id]
        itself = near["IMG_ID"][same.fillna(False).to_numpy(bool)]
        near = near.drop(index=itself.index).head(k).reset_index(drop=True)
        answer = _answer(img_id, near, features.vectors[[n]], heads)
        if answer is None:
            error = "the gallery has no other photo"
            found[sha256_of[img_id]] = Located(img_id, None, near.assign(km=[]), error=error)
            continue
        km = great_circle_km(near[["LAT", "LON"]].to_numpy(float), np.array(answer))
        found[sha256_of[img_id]] = Located(
            img_id, answer, near.assign(km=km), itself.iloc[0] if len(itself) else None
        )
    nothing = gallery.table[["IMG_ID", "LAT", "LON"]].iloc[:0].assign(similarity=[], km=[])
    for img_id, why in features.skipped.items():
        found[sha256_of[img_id]] = Located(img_id, None, nothing, error=why)
    return [replace(found[sha256_of[img_id]], img_id=img_id) for img_id in photos.ids]


def _answer(
    img_id: str, near: pd.DataFrame, features: np.ndarray, heads: GeoAlignment | None
) -> tuple[float, float] | None:
    """The place among those of the near photos that suits the photo best; None if there is none."""
    if not len(near):
        return None
    places = near[["LAT", "LON"]].to_numpy(float)
    if heads is None:
        return tuple(map(float, places[0]))
    rivals = candidates([img_id], None, places[None], CandidateConfig((), 0, len(places)))
    best = winners(Verifier(heads, [img_id], features).score(rivals))
    return tuple(map(float, best[["LAT_pred", "LON_pred"]].to_numpy(float)[0]))
