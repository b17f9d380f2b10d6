"""The shipped judge: what it learned, and what its regions were calibrated on.

Trees learn the mean of the five hits of each candidate from the photos of `judge_photos.TRAINING`.
The kernels of its distributions learn from the same photos, with scores of trees that saw other
photographers only. The share of probability that a region needs comes from
`judge_photos.CALIBRATION`, photos that served for nothing before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from g3lite import geo, miniearth
from g3lite.after import ranking, regions
from g3lite.after.features import NEIGHBOURS, Density, features
from g3lite.after.judge import CHOICE, SHIPPED, LearnedJudge
from g3lite.after.ranking import BOOSTING, Trees, boosted, by_photo, cross_fitted, folds
from g3lite.after.regions import Background, Kernels, Where, conformal_share
from g3lite.alignment import GeoAlignment
from g3lite.backbone import Backbone
from g3lite.index import Gallery, coordinates_of
from g3lite.paths import shipped
from g3lite.photos import PhotoSet
from g3lite.recipes import judge_photos
from g3lite.recipes import replies as reply_recipe
from g3lite.verification import CandidateConfig, Verifier, candidates

TARGET = "five hits"
"""Of `ranking.TARGETS`, chosen on validation (`g3lite.paper.after_choice`)."""
FOLDS = 5
VALIDATION = "judge/validation.npz"
SIMILARITY_UNIT = 1e-4
"""Of the similarities, from -3 to 3, whose differences are kept there."""
RUN = {
    "target": TARGET, "boosting": BOOSTING, "folds": FOLDS, "neighbours": NEIGHBOURS,
    "candidates": [CHOICE.references, CHOICE.replies, CHOICE.retrieved],
    "regions": [regions.WIDTHS_KM, regions.POINTS, regions.SPOTS, regions.BLUR_KM,
                regions.ANYWHERE, regions.COVERAGE],
}  # fmt: skip
"""All that the shipped judge depends on, beside photos, replies and models."""


@dataclass(frozen=True, eq=False)
class Examples:
    """The candidates of p photos whose places are known, n rows in all.

    Attributes:
        truth: the photos' table, p rows.
        table: the candidates, with their cosine as score.
        features: float32 (n, features).
        photo: (n,) the photo of each candidate, a row of the truth.
        km: (n,) how far it is from the truth.
    """

    truth: pd.DataFrame
    table: pd.DataFrame
    features: np.ndarray
    photo: np.ndarray
    km: np.ndarray

    @property
    def fold(self) -> np.ndarray:
        """(p,) the fold of each photo: a photographer is in one."""
        return folds(self.truth["AUTHOR"], FOLDS)

    @classmethod
    def joined(cls, parts: Sequence[Examples]) -> Examples:
        """Those of several photo sets."""
        first = np.cumsum([0, *(len(part.truth) for part in parts[:-1])])
        return cls(
            *(pd.concat([getattr(part, name) for part in parts], ignore_index=True)
              for name in ("truth", "table")),
            np.concatenate([part.features for part in parts]),
            np.concatenate([part.photo + n for part, n in zip(parts, first, strict=True)]),
            np.concatenate([part.km for part in parts]),
        )  # fmt: skip


@cache
def searched() -> tuple[Backbone, GeoAlignment, Gallery]:
    """What the photos are searched with, and in: MiniEarth's gallery."""
    backbone, heads = Backbone.load("miniclip", "cpu"), GeoAlignment.from_pretrained("mini")
    gallery = miniearth.load("gallery")
    known = backbone.image_features(gallery, normalize=False).vectors
    return backbone, heads, Gallery.build(gallery.table, heads.database_vectors(known), "aligned")


def examples(
    queries: PhotoSet, replies: pd.DataFrame | None, choice: CandidateConfig = CHOICE
) -> Examples:
    """The candidates of photos of known places, searched in the gallery of MiniEarth.

    Args:
        queries: the photos.
        replies: those that were drawn about them, as `replies.recorded` returns them; None if none
            compete.
        choice: which candidates compete.
    """
    backbone, heads, gallery = searched()
    image = backbone.image_features(queries, normalize=False).vectors
    similarity, rows = gallery.similar(heads.database_vectors(image), NEIGHBOURS)
    near = gallery.coordinates_of(rows)
    if replies is not None:
        replies = replies.assign(used=replies["LAT"].notna())
    table = Verifier(heads, queries.ids, image).score(
        candidates(queries.ids, replies, near, choice)
    )
    return _described(queries, table, similarity, near, gallery.coordinates)


def _described(
    queries: PhotoSet, table: pd.DataFrame, similarity: np.ndarray, near: np.ndarray,
    gallery: np.ndarray,
) -> Examples:  # fmt: skip
    photo = pd.Index(queries.ids).get_indexer(table["IMG_ID"])
    return Examples(
        queries.table,
        table,
        features(table, queries.ids, similarity, near, Density(gallery)),
        photo,
        geo.great_circle_km(table[["LAT", "LON"]].to_numpy(), queries.coordinates[photo]),
    )


def validation() -> Examples:
    """The candidates of the validation photos, from what is shipped: no picture is looked at."""
    queries, places = miniearth.load("validation"), miniearth.load("gallery").coordinates
    similarity, near, cosine = validation_neighbours()
    table = candidates(queries.ids, _drawn_about_validation(), near, CHOICE).assign(score=cosine)
    return _described(queries, table, similarity, near, places)


def validation_neighbours() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is kept of the validation photos' search.

    Returns:
        similarity (n, 100) of the most similar gallery photos, where they were taken (n, 100, 2),
        and the cosine of each candidate, in their order.
    """
    with np.load(shipped(VALIDATION)) as file:
        rows, cosine = file["rows"].astype(np.int64), file["cosine"].astype(np.float32)
        similarity = np.cumsum(file["similarity"], axis=1) * SIMILARITY_UNIT
    return similarity, coordinates_of(rows, miniearth.load("gallery").coordinates), cosine


def _drawn_about_validation() -> pd.DataFrame:
    replies, _ = reply_recipe.recorded("validation")
    replies = replies[replies["way"] == "drawn"]
    return replies.assign(used=replies["LAT"].notna())


def _write_validation(path: Path) -> None:
    """Keep the neighbours of the validation photos, and the cosines of their candidates."""
    backbone, heads, gallery = searched()
    queries = miniearth.load("validation")
    image = backbone.image_features(queries, normalize=False).vectors
    similarity, rows = gallery.similar(heads.database_vectors(image), NEIGHBOURS)
    table = candidates(queries.ids, _drawn_about_validation(), gallery.coordinates_of(rows), CHOICE)
    cosine = Verifier(heads, queries.ids, image).score(table)["score"].to_numpy()
    units = np.round(similarity / SIMILARITY_UNIT)  # they fall slowly: differences are small
    np.savez_compressed(
        path, rows=rows.astype(np.uint16), cosine=cosine.astype(np.float16),
        similarity=np.diff(units, axis=1, prepend=0).astype(np.int16),
    )  # fmt: skip


def training(choice: CandidateConfig = CHOICE) -> Examples:
    """What the judge learns from."""
    return Examples.joined([_of(which, choice) for which in judge_photos.TRAINING])


def _of(which: str, choice: CandidateConfig) -> Examples:
    queries = judge_photos.photos(which)
    replies = judge_photos.recorded(which, queries.ids) if choice.replies else None
    return examples(queries, replies, choice)


def held_out(known: Examples, target: str = TARGET) -> np.ndarray:
    """The score (n,) of each candidate by trees that saw no photo of its photographer's fold."""
    wanted = ranking.TARGETS[target](known.km)
    return cross_fitted(boosted, known.features, wanted, known.photo, known.fold[known.photo])


def trained(known: Examples, background: Background) -> tuple[Trees, Kernels]:
    """The trees and the kernels that these photos teach."""
    trees = Trees.grow(known.features, ranking.TARGETS[TARGET](known.km))
    kernels = Kernels()
    kernels.fit(*lesson(known, held_out(known), background))
    return trees, kernels


def lesson(
    known: Examples, score: np.ndarray, background: Background
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """What `Kernels.fit` takes: evidence (p, c, e), there and gap (p, c), and background (p,)."""
    said = regions.evidence(known.table.assign(cosine=known.table["score"], score=score))
    gap = 2 * np.sin(known.km / geo.EARTH_RADIUS_KM / 2) ** 2
    rows = by_photo(known.photo)
    truth = known.truth[["LAT", "LON"]].to_numpy()[np.unique(known.photo)]
    return (
        torch.from_numpy(said[rows]), torch.from_numpy(rows >= 0), torch.from_numpy(gap[rows]),
        torch.from_numpy(background.density(truth)),
    )  # fmt: skip


def wheres(judge: LearnedJudge, known: Examples) -> list[Where]:
    """How sure a judge is of each photo, in their order. Every photo has candidates."""
    table = known.table.assign(cosine=known.table["score"], score=judge.ranker(known.features))
    return [
        judge.where(
            table.iloc[rows[rows >= 0]].sort_values("score", ascending=False, kind="stable")
        )
        for rows in by_photo(known.photo)
    ]


def levels(found: Sequence[Where], truth: np.ndarray) -> np.ndarray:
    """The share of probability (p,) that a region needs to hold each truth (p, 2)."""
    return np.array(
        [one.distribution.level(place) for one, place in zip(found, truth, strict=True)]
    )


def build(folder: Path) -> None:
    """Train and calibrate the shipped judge, into the data folder `folder`."""
    gallery = miniearth.load("gallery").coordinates
    trees, kernels = trained(training(), Background.from_gallery(gallery))
    judge, rows = LearnedJudge(trees, kernels, 1.0, gallery), []
    for which in judge_photos.CALIBRATION:
        known = _of(which, CHOICE)
        found = wheres(judge, known)
        answers = np.array([one.answer for one in found])
        truth = known.truth[["LAT", "LON"]].to_numpy()
        rows.append(
            pd.DataFrame(
                {
                    "set": which,
                    "level": levels(found, truth),
                    "km": geo.great_circle_km(answers, truth),
                    "p200": [one.within[200] for one in found],
                }
            )
        )
    table = pd.concat(rows, ignore_index=True)
    table.astype(
        {"set": "category"} | dict.fromkeys(("level", "km", "p200"), np.float32)
    ).to_parquet(
        folder / "judge" / "levels.parquet", index=False, compression="zstd", compression_level=19
    )
    judge.share = share_of(table, "calibration_natural")
    judge.save(folder / SHIPPED)
    _write_validation(folder / VALIDATION)


def share_of(table: pd.DataFrame, which: str) -> float:
    """The share of probability that a region needs, by one of the calibration sets."""
    return conformal_share(table.loc[table["set"] == which, "level"])


def calibration() -> pd.DataFrame:
    """What the shipped judge said of the calibration photos.

    Returns:
        A row per photo: set, level of the truth, km of the answer from it, and p200, the
        probability that the judge gave that answer within 200 km.
    """
    return pd.read_parquet(shipped("judge/levels.parquet"))
