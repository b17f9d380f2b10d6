"""The rows of the paper's tables on real photos: queries, a gallery of features, and heads.

    run = RealRun(queries, features, pack.part("train", "gallery"), heads)
    rows = run.searched() | run.without_lmm()        # no language model
    rows |= run.asked(lmm, store="replies.sqlite")   # and with one

The gallery stays on disk: it is read and searched a block at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from g3lite import evaluation
from g3lite.alignment import GeoAlignment
from g3lite.backbone import unit_rows
from g3lite.baselines import retrieval, selection
from g3lite.datasets.featurefolder import FeatureFolder
from g3lite.evaluation import Chances
from g3lite.index import coordinates_of, neighbours
from g3lite.lmm.ask import Report
from g3lite.lmm.base import LMM
from g3lite.paper import plan
from g3lite.paper.margins import OUTCOME, holm, margins
from g3lite.photos import PhotoSet
from g3lite.presets import RETRIEVED
from g3lite.prompts import PromptPlan
from g3lite.verification import CandidateConfig, Verifier, candidates, winners

BLOCK = 50_000
"""Photos of the gallery in memory at a time: with vectors of 2,304 numbers 0.5 GB."""
VOTES = 100
"""Neighbours that vote in [L]kNN, as its authors set it; sigma and m are theirs, too."""
PLACES, SAMPLE = 100_000, 20_000
"""Coordinates that compete as a GPS gallery, GeoCLIP's number, and that give the constant."""
ONE_PROMPT = 10
"""References of either kind in the single prompt of Img2Loc's way."""
BLIND_ALONE, MEDOID_ALONE = "no LMM, blind choice", "no LMM, medoid"
ZERO_SHOT, ONE_RAG = "LMM, zero-shot", "one RAG prompt (Img2Loc)"

Rows = dict[str, "np.ndarray | pd.DataFrame | Chances"]


@dataclass(frozen=True, eq=False)
class RealRun:
    """All that is known about n queries before a language model is asked.

    Attributes:
        queries: the photos; pictures are needed only by a language model.
        features: (n, d) of the frozen backbone, not normalised.
        known: the gallery, with features of the same backbone.
        heads: of the alignment, trained for that backbone.
    """

    queries: PhotoSet
    features: np.ndarray
    known: FeatureFolder
    heads: GeoAlignment

    def take(self, rows: np.ndarray | slice) -> RealRun:
        """The same for some of the queries."""
        return replace(self, queries=self.queries.take(rows), features=self.features[rows])

    def with_heads(self, heads: GeoAlignment) -> RealRun:
        """The same with other heads for the same backbone."""
        return replace(self, heads=heads)

    def with_pictures(self, photos: PhotoSet) -> RealRun:
        """The same with other pictures of the same queries, for a language model."""
        if photos.ids != self.queries.ids:
            raise ValueError("these are pictures of other photos than the queries")
        return replace(self, queries=photos)

    # ------------------------------------------------------------------------------- search

    def vectors(self, features: np.ndarray, aligned: bool) -> np.ndarray:
        """Unit rows that are compared: of the features alone, or of what the heads make of them."""
        rows = np.float32(features)
        return unit_rows(self.heads.database_vectors(rows) if aligned else rows)

    def search(self, aligned: bool, k: int, far: bool = False) -> np.ndarray:
        """Rows int64 (n, k) of the most similar photos of the gallery, or the most dissimilar ones.

        k is cut to the size of the gallery.
        """
        asked = self.vectors(self.features, aligned) * (-1 if far else 1)
        best = np.empty((len(asked), 0), np.float32)
        rows = np.empty((len(asked), 0), np.int64)
        for start in range(0, len(self.known), BLOCK):
            block = self.vectors(self.known.features[start : start + BLOCK], aligned)
            similarity, found = neighbours(asked, block, min(k, len(block)))
            best, rows = np.hstack([best, similarity]), np.hstack([rows, found + start])
            order = np.argsort(-best, axis=1, kind="stable")[:, :k]
            best, rows = (np.take_along_axis(some, order, axis=1) for some in (best, rows))
        return rows

    @cached_property
    def similar(self) -> np.ndarray:
        """Rows (n, up to VOTES) of the most similar photos by the heads' vectors."""
        return self.search(True, VOTES)

    @cached_property
    def similar_raw(self) -> np.ndarray:
        """The same by the features alone."""
        return self.search(False, VOTES)

    def places(self, rows: np.ndarray) -> np.ndarray:
        """Where photos of the gallery were taken: (..., 2)."""
        return coordinates_of(rows, self.known.coordinates)

    # ------------------------------------------------------------- rows without a language model

    def searched(self) -> Rows:
        """The answers of retrieval: a constant, kNN, [L]kNN, both aligned, and a GPS gallery."""
        everywhere = self.known.coordinates
        return {
            "constant": retrieval.constant(everywhere[:: -(-len(everywhere) // SAMPLE)]),
            "kNN": self.places(self.similar_raw[:, 0]),
            "[L]kNN": self._lknn(self.similar_raw, False),
            **self.aligned(),
        }

    def aligned(self) -> Rows:
        """Of these the rows that other heads change."""
        spots = self.known.coordinates
        spots = spots[:: -(-len(spots) // PLACES)]
        _, best = self.heads.nearest_gps(self.features, spots)
        return {
            "kNN, aligned": self.places(self.similar[:, 0]),
            "[L]kNN, aligned": self._lknn(self.similar, True),
            "GPS gallery (GeoCLIP)": spots[best[:, 0]],
        }

    def _lknn(self, rows: np.ndarray, aligned: bool) -> np.ndarray:
        voting = np.unique(rows)  # no other photo of the gallery has a vote
        vectors = self.vectors(self.known.features[voting], aligned)
        asked = self.vectors(self.features, aligned)
        return retrieval.lknn(asked, vectors, self.known.coordinates[voting], k=VOTES)

    @cached_property
    def verifier(self) -> Verifier:
        """The judge of the queries' candidates."""
        return Verifier(self.heads, self.queries.ids, self.features)

    def candidates(
        self, said: pd.DataFrame | None = None, choice: CandidateConfig | None = None
    ) -> pd.DataFrame:
        """What competes, with its scores.

        Args:
            said: a table of replies; None: there are none, and ten retrieved places compete.
            choice: which candidates, where there are replies.
        """
        if said is None or choice is None:
            choice = CandidateConfig((), 0, min(RETRIEVED, len(self.known)))
        pool = candidates(self.queries.ids, said, self.places(self.similar), choice)
        return self.verifier.score(pool)

    def chosen(self, scored: pd.DataFrame, *names: str) -> Rows:
        """One of what competes for each photo: by the judge, the medoid, and by a blind choice.

        Args:
            scored: what `candidates` gave.
            names: of these three rows.
        """
        blind = selection.random_candidate(scored, self.queries.table)
        return dict(zip(names, (winners(scored), selection.medoid(scored), blind), strict=True))

    def without_lmm(self) -> Rows:
        """G3 without a language model: of ten retrieved places one is chosen, in three ways."""
        return self.chosen(self.candidates(), plan.NO_LMM, MEDOID_ALONE, BLIND_ALONE)

    # ---------------------------------------------------------------- rows with a language model

    def with_replies(self, said: pd.DataFrame, choice: CandidateConfig) -> Rows:
        """G3 with the replies of a language model, and its ablations of the judge."""
        return self.chosen(self.candidates(said, choice), "G3", plan.MEDOID, plan.BLIND)

    def references(self, k: int, aligned: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """Where the k (up to VOTES) most similar and dissimilar photos were taken: (n, k, 2) each.

        The last rows are NaN where a gallery has fewer than k photos.
        """
        near = (self.similar if aligned else self.similar_raw)[:, :k]
        return tuple(
            np.pad(self.places(rows), ((0, 0), (0, k - rows.shape[1]), (0, 0)),
                   constant_values=np.nan)
            for rows in (near, self.search(aligned, k, far=True))
        )  # fmt: skip

    def ask(self, lmm: LMM, asked: PromptPlan, aligned: bool = True, **options: Any) -> Asked:
        """Ask about all queries; references are found by the heads' vectors or by features alone.

        Args:
            lmm: the model.
            asked: its prompts.
            aligned: how references are found.
            options: of `LMM.ask`, such as store.
        """
        some = self.references(max(asked.most, 1), aligned)
        return Asked(*lmm.ask(self.queries, asked, *some, **options))

    def asked(
        self, lmm: LMM, choice: CandidateConfig, temperature: float, **options: Any
    ) -> tuple[Rows, list[Report]]:
        """G3, its ablations of the judge, and two rivals that ask the model once.

        Args:
            lmm: the model.
            choice: the candidates of G3.
            temperature: of its replies; the rivals take the likeliest one.
            options: of `LMM.ask`.

        Returns:
            The rows, and the reports of three runs: G3's, without references, with one prompt.
        """
        asked = PromptPlan(choice.references or (0, 5, 10, 15), choice.replies,
                           temperature=temperature)  # fmt: skip
        g3 = self.ask(lmm, asked, **options)
        once = {
            ZERO_SHOT: self.ask(lmm, PromptPlan((0,), 1, temperature=0), **options),
            ONE_RAG: self.ask(lmm, PromptPlan((ONE_PROMPT,), 1, temperature=0), False, **options),
        }
        rows = self.with_replies(g3.replies, choice)
        rows |= {name: self._single(some.replies) for name, some in once.items()}
        return rows, [g3.report, *(some.report for some in once.values())]

    def _single(self, replies: pd.DataFrame) -> np.ndarray:
        """The one reply about each query, (n, 2); NaN where it cannot be read."""
        return replies.set_index("IMG_ID").loc[self.queries.ids, ["LAT", "LON"]].to_numpy(float)


@dataclass(frozen=True, eq=False)
class Asked:
    """What `LMM.ask` gave: the table of replies, and a report."""

    replies: pd.DataFrame
    report: Report


def spent(reports: Sequence[Report]) -> list[float]:
    """Tokens sent, tokens received and the cost of several runs together."""
    return [
        sum(getattr(report, what) for report in reports)
        for what in ("tokens_in", "tokens_out", "cost")
    ]


# --------------------------------------------------------------------------------------- worth


def worth(
    tables: Mapping[str, tuple[Rows, pd.DataFrame]], of: str, replicates: int = 2000
) -> pd.DataFrame:
    """By how much a row is above each other one, in the mean of the five shares.

    Args:
        tables: by what they are about, the rows and the photo table of a set of queries; AUTHOR
            names somebody for each photo.
        of: the name of the row.
        replicates: resamples of the photographers.

    Returns:
        A line per set and other row, as `margins.margins` gives it for the outcome, and group (the
        set). p_holm is corrected for all lines.
    """
    parts = []
    for group, (rows, truth) in tables.items():
        hits = {name: evaluation.hits(answers, truth)[None] for name, answers in rows.items()}
        found = margins(hits.pop(of), hits, truth.assign(set=group), replicates=replicates)
        parts.append(found[found["metric"] == OUTCOME].assign(group=group))
    every = pd.concat(parts, ignore_index=True)
    return every.assign(p_holm=holm(every["p"]))


def pairs(of: Rows, over: Rows, truth: pd.DataFrame, replicates: int = 2000) -> pd.DataFrame:
    """Each row of one table minus the row of this name in another one, about the same queries.

    Returns as `worth`, without group.
    """
    parts = []
    for name in (row for row in of if row in over):
        a, b = (evaluation.hits(rows[name], truth)[None] for rows in (of, over))
        found = margins(a, {name: b}, truth.assign(set=""), replicates=replicates)
        parts.append(found[found["metric"] == OUTCOME])
    every = pd.concat(parts, ignore_index=True)
    return every.assign(p_holm=holm(every["p"]))


def verdicts(differences: pd.DataFrame, better: str, worse: str) -> str:
    """What may be claimed of a table of `worth`, after Holm's correction: a line per set.

    Args:
        differences: with the columns group, method, difference and p_holm.
        better: begins the list of the rows below, such as "G3 is better than".
        worse: begins that of the rows above, such as "worse than".
    """
    lines = []
    for group, rows in differences.groupby("group", sort=False):
        sure, up = rows["p_holm"] < 0.05, rows["difference"] > 0
        named = [(better, rows[sure & up]), (worse, rows[sure & ~up])]
        said = [f"{how} {', '.join(some['method'])}" for how, some in named if len(some)]
        said += [f"{(~sure).sum()} of {len(rows)} cannot be told"] * bool((~sure).any())
        lines.append(f"{group}: {'; '.join(said)}")
    return "\n".join(lines)
