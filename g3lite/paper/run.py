"""One set of photos, asked about and searched: what every row of the tables is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from g3lite import evaluation, miniearth
from g3lite.alignment import GeoAlignment
from g3lite.backbone import Backbone, unit_rows
from g3lite.baselines import geocells, retrieval, selection
from g3lite.evaluation import Chances
from g3lite.index import coordinates_of
from g3lite.paper import plan
from g3lite.paper.plan import CHOICE, Judged
from g3lite.photos import PhotoSet
from g3lite.recipes import replies as reply_recipe
from g3lite.verification import CandidateConfig, Verifier, candidates, winners


@dataclass(frozen=True, eq=False)
class EvaluationRun:
    """All that is known about n photos of a set before verification chooses.

    Attributes:
        which: the name of the set.
        queries: the photos.
        gallery_coordinates: float64 (g, 2), where the gallery's photos were taken.
        rows: the references of each photo, rows of the gallery, as `replies.recorded`.
        replies: what the model replied, likewise.
        heads: of the alignment; None for those that are shipped.
    """

    which: str
    queries: PhotoSet
    gallery_coordinates: np.ndarray
    rows: Mapping[str, np.ndarray]
    replies: pd.DataFrame
    heads: GeoAlignment | None = None

    @classmethod
    def load(cls, which: str, n: int | None = None) -> EvaluationRun:
        """That of the first n photos of a set (None: of all): replies and references as shipped."""
        queries = miniearth.load(which, n)
        replies, rows = reply_recipe.recorded(which)
        replies = replies[replies["IMG_ID"].isin(queries.ids)]
        rows = {name: all_rows[: len(queries)] for name, all_rows in rows.items()}
        gallery_coordinates = miniearth.load("gallery").coordinates
        return cls(which, queries, gallery_coordinates, rows, replies)

    def candidates(
        self, way: str = "drawn", choice: CandidateConfig = CHOICE, retrieved: str = "similar"
    ) -> pd.DataFrame:
        """The candidate table of replies that were given in one way."""
        near = coordinates_of(self.rows[retrieved], self.gallery_coordinates)
        replies = self.replies[self.replies["way"] == way]
        replies = replies.assign(used=replies["LAT"].notna())
        return candidates(self.queries.ids, replies, near, choice)

    def single(self, way: str, references: int) -> np.ndarray:
        """The likeliest reply to one prompt, (n, 2); NaN where it cannot be read."""
        of = self.replies[(self.replies["way"] == way) & (self.replies["references"] == references)]
        return of.set_index("IMG_ID").loc[self.queries.ids, ["LAT", "LON"]].to_numpy()

    @cached_property
    def features(self) -> np.ndarray:
        """Image features of the photos, not normalised."""
        return Backbone.load("miniclip", "cpu").image_features(
            self.queries, normalize=False
        ).vectors  # fmt: skip

    @cached_property
    def alignment(self) -> GeoAlignment:
        """The heads that search and judge."""
        return GeoAlignment.from_pretrained("mini") if self.heads is None else self.heads

    @cached_property
    def verifier(self) -> Verifier:
        """The judge of the photos' candidates."""
        return Verifier(self.alignment, self.queries.ids, self.features)

    @cached_property
    def scored(self) -> pd.DataFrame:
        """G3's candidates with their scores."""
        return self.verifier.score(self.candidates())

    def judged(self, row: Judged) -> pd.DataFrame:
        """The answers that the judge chooses."""
        return winners(self.verifier.score(self.candidates(*row)))

    def unjudged(self) -> dict[str, np.ndarray | pd.DataFrame]:
        """The answers that follow from G3's candidates and references alone."""
        return {
            "kNN": coordinates_of(self.rows["raw similar"][:, 0], self.gallery_coordinates),
            "kNN, aligned": coordinates_of(self.rows["similar"][:, 0], self.gallery_coordinates),
            plan.MEDOID: selection.medoid(self.candidates()),
            plan.MEAN: selection.spherical_mean(self.candidates()),
        }

    def asked_once(self) -> dict[str, np.ndarray]:
        """The likeliest reply to one prompt, as rivals use it."""
        return {
            "LMM, zero-shot": self.single("likeliest", 0),
            "one RAG prompt (Img2Loc)": self.single("raw, likeliest", 10),
        }

    def without_verification(self) -> Chances:
        """The ablation w/o Geo-V: one of G3's candidates, drawn blindly."""
        return selection.random_candidate(self.candidates(), self.queries.table)

    def nearest_candidate(self) -> pd.DataFrame:
        """The bound: of G3's candidates the one nearest to the truth."""
        return selection.oracle(self.candidates(), self.queries.table)

    def trained(self, gallery: PhotoSet) -> dict[str, np.ndarray]:
        """The answers of the rivals that read the whole gallery's features."""
        train = Backbone.load("miniclip", "cpu").image_features(gallery, normalize=False).vectors
        known, asked = unit_rows(train), unit_rows(self.features)
        places = self.gallery_coordinates
        constant = retrieval.constant(places)
        return {
            "[L]kNN": retrieval.lknn(asked, known, places, **plan.LKNN["[L]kNN"]),
            "[L]kNN, aligned": self.aligned_lknn(train),
            "geocells (PlaNet)": geocells.fit(known, places).locate(asked),
            "GPS gallery (GeoCLIP)": self.best_gps(),
            **{
                f"constant, {name}": np.repeat(constant[:, level], len(self.queries), axis=0)
                for level, name in enumerate(evaluation.THRESHOLD_NAMES)
            },
        }

    def best_gps(self) -> np.ndarray:
        """Of the gallery's coordinates the one that suits each photo best, (n, 2)."""
        _, best = self.alignment.nearest_gps(self.features, self.gallery_coordinates)
        return self.gallery_coordinates[best[:, 0]]

    def aligned_lknn(self, train: np.ndarray) -> np.ndarray:
        """The vote of the most similar photos by the heads' vectors; `train` as `features`."""
        asked, known = (
            unit_rows(self.alignment.database_vectors(some)) for some in (self.features, train)
        )
        return retrieval.lknn(
            asked, known, self.gallery_coordinates, **plan.LKNN["[L]kNN, aligned"]
        )

    def table(self, answers: Mapping[str, np.ndarray | pd.DataFrame]) -> pd.DataFrame:
        """Answers by row as one table: method, IMG_ID, LAT_pred, LON_pred."""
        parts = []
        for name, some in answers.items():
            if not isinstance(some, pd.DataFrame):
                some = pd.DataFrame(
                    {"IMG_ID": self.queries.ids, "LAT_pred": some[:, 0], "LON_pred": some[:, 1]}
                )
            parts.append(some[["IMG_ID", "LAT_pred", "LON_pred"]].assign(method=name))
        return pd.concat(parts, ignore_index=True)
