"""The judge that learned: it scores candidates in place of the cosine, and says how sure it is."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from g3lite import G3Error
from g3lite.after.features import FEATURES, NEIGHBOURS, Density, features
from g3lite.after.ranking import Trees
from g3lite.after.regions import Background, Kernels, Where, evidence
from g3lite.paths import replacing, shipped
from g3lite.verification import CandidateConfig

CHOICE = CandidateConfig(replies=2, retrieved=15)
"""The candidates that the shipped judge learned from: G3's replies, and more retrieved places."""
SHIPPED = "judge/learned.npz"


class LearnedJudge:
    """Judges the candidates of photos by what it learned from other photos.

    Attributes:
        name: for the record of a run.
        neighbours: most similar photos that it needs to see of each photo.
        choice: the candidates that it learned from.

    Args:
        ranker: makes of features (n, `FEATURES`) scores (n,).
        kernels: make of scores distributions.
        share: of the probability that a region needs (`regions.conformal_share`).
        gallery: (g, 2) where the gallery's photos were taken.
        learned_with: photos of the gallery that it learned with; None if it is this one.
    """

    name = "learned"
    neighbours = NEIGHBOURS
    choice = CHOICE

    def __init__(
        self, ranker: Trees, kernels: Kernels, share: float, gallery: ArrayLike,
        learned_with: int | None = None,
    ) -> None:  # fmt: skip
        self.ranker, self.kernels, self.share = ranker, kernels, share
        self.gallery = np.asarray(gallery, dtype=np.float64)
        self.learned_with = learned_with or len(self.gallery)

    def score(
        self, scored: pd.DataFrame, ids: Sequence[str], similarity: np.ndarray, near: np.ndarray
    ) -> pd.DataFrame:
        """The candidates with its own score: the mean of the five hits that it expects of each.

        Args:
            scored: as `Verifier.score` returns it; its score is kept in the column cosine.
            ids: q IMG_IDs.
            similarity: (q, k) of the most similar gallery photos, the most similar first.
            near: (q, k, 2) where they were taken.
        """
        table = features(scored, ids, similarity, near, self.density)
        return scored.assign(cosine=scored["score"], score=self.ranker(table))

    @cached_property
    def density(self) -> Density:
        """How many photos of the gallery were taken where."""
        return Density(self.gallery)

    @cached_property
    def background(self) -> Background:
        """Where the gallery's photos were taken, smoothed."""
        return Background.from_gallery(self.gallery)

    def where(self, candidates: pd.DataFrame) -> Where:
        """How sure it is of one photo, whose candidates it scored; the best one is the first row.

        Raises:
            ValueError: there is no candidate.
        """
        if not len(candidates):
            raise ValueError("a photo without candidates has no distribution")
        spots = candidates[["LAT", "LON"]].to_numpy(dtype=np.float64)
        found = self.kernels.distribution(spots, evidence(candidates), self.background)
        return Where(spots[0], found, self.share, note=self._note)

    @property
    def _note(self) -> str:
        """Why its probabilities may be wrong; nothing if there is no such reason."""
        if len(self.gallery) == self.learned_with:
            return ""
        here = f"this one has {len(self.gallery):,}"
        return f"rough: the judge learned with a gallery of {self.learned_with:,} photos, {here}"

    def save(self, path: str | Path) -> None:
        """Write what it learned: arrays of numbers, nothing that runs."""
        with replacing(path) as part, open(part, "wb") as file:
            np.savez_compressed(
                file, features=np.array(FEATURES), share=self.share,
                learned_with=self.learned_with, **self.ranker.arrays(), **self.kernels.arrays(),
            )  # fmt: skip

    @classmethod
    def load(cls, path: str | Path, gallery: ArrayLike) -> LearnedJudge:
        """What `save` wrote, for a gallery's places (g, 2).

        Raises:
            G3Error: the file is damaged, or of a judge that looked at other features.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = dict(file)
            looked_at, share = arrays["features"].tolist(), float(arrays["share"])
            if looked_at != FEATURES:
                raise G3Error(f"{path}: this judge looks at other features; train it anew")
            parts = Trees.from_arrays(arrays), Kernels.from_arrays(arrays)
            return cls(*parts, share, gallery, int(arrays["learned_with"]))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error) as error:
            raise G3Error(f"{path} is no judge, or damaged: {error}") from error

    @classmethod
    def from_pretrained(cls, gallery: ArrayLike) -> LearnedJudge:
        """The one that is shipped. It knows MiniEarth, with MiniCLIP, MiniLMM and their heads."""
        return cls.load(shipped(SHIPPED), gallery)
