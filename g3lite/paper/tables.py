"""The paper's Tables 1, 2 and 3 and Figures 3 and 4, run on MiniEarth.

Every method answers the same photos (those of `SETS`). What takes long is shipped: what MiniLMM
replied (`data/replies`), and where each method sees each photo (`data/predictions`, a table that
`build` makes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from g3lite import evaluation, miniearth
from g3lite.alignment import GeoAlignment
from g3lite.backbone import Backbone, unit_rows
from g3lite.baselines import geocells, retrieval, selection
from g3lite.evaluation import Chances
from g3lite.geo import great_circle_km
from g3lite.index import coordinates_of
from g3lite.paper.margins import margins
from g3lite.paths import shipped
from g3lite.photos import PhotoSet
from g3lite.profiles import PROFILES
from g3lite.recipes import replies as reply_recipe
from g3lite.verification import CandidateConfig, Verifier, candidates, winners

SETS = ("test_natural", "test_uniform")
"""What the tables are about, pooled: photos that no choice has seen."""
CHOSEN_ON = "validation"
"""Where all choices were made (training of MiniLMM, temperature, number of candidates, sizes of the
geocells). The test sets were opened once, for all methods together, after the last; the rows of
`LKNN` and `NO_LMM` came later, with settings from validation."""
CHOICE = CandidateConfig.from_name(PROFILES["cpu"].choice)
PROMPTS = (0, 5, 10, 15)


TABLE_1 = (
    "constant", "kNN", "[L]kNN", "geocells (PlaNet)", "GPS gallery (GeoCLIP)", "LMM, zero-shot",
    "one RAG prompt (Img2Loc)", "G3",
)  # fmt: skip
TABLE_2 = ("G3", "w/o Geo-A", "w/o Geo-D", "w/o Geo-D, as many replies", "w/o Geo-V")
NO_LMM = "no LMM"
OTHERS = (
    "kNN, aligned", "[L]kNN, aligned", NO_LMM, "medoid of the candidates", "mean of the candidates",
)  # fmt: skip
"""Not in the paper: what retrieval with G3's own vectors does without a language model (the most
similar photo; the vote of a hundred; the judge's choice among as many retrieved places as G3 has,
which of `RETRIEVED` is also the best number on validation), and choices among G3's candidates
without any score."""
RETRIEVED = (1, 2, 3, 5, 10, 15)
LKNN = {
    "[L]kNN": {"k": 15, "sigma": 3.0, "m": 3.0},
    "[L]kNN, aligned": {"k": 15, "sigma": 1.5, "m": 3.0},
}
"""Settings of [L]kNN within 0.1 points of the highest mean of the five shares on validation, among
those tried: k from 5 to 200, sigma from 1 to 8 degrees, m from 1 to 20, not in every combination.
(Those that were published: 100, 4, 10.)"""

RUN = {
    "sets": [CHOSEN_ON, *SETS],
    "choice": asdict(CHOICE),
    "cells": [geocells.MOST, geocells.LEAST],
    "lknn": LKNN,
    "no LMM": CHOICE.retrieved,
}
"""All that the shipped predictions depend on, beside photos, replies and models."""


@dataclass(frozen=True, eq=False)
class EvaluationRun:
    """All that is known about n photos of a set before verification chooses.

    Attributes:
        which: the name of the set.
        queries: the photos.
        gallery_coordinates: float64 (g, 2), where the gallery's photos were taken.
        rows: the references of each photo, rows of the gallery, as `replies.recorded`.
        replies: what the model replied, likewise.
    """

    which: str
    queries: PhotoSet
    gallery_coordinates: np.ndarray
    rows: Mapping[str, np.ndarray]
    replies: pd.DataFrame

    @classmethod
    def load(cls, which: str, n: int | None = None) -> EvaluationRun:
        """That of the first n photos of a set (None: of all): replies and references as shipped."""
        queries = miniearth.load(which, n)
        replies, rows = reply_recipe.recorded(which)
        replies = replies[replies["IMG_ID"].isin(queries.ids)]
        rows = {name: all_rows[: len(queries)] for name, all_rows in rows.items()}
        gallery_coordinates = miniearth.load("gallery").coordinates
        return cls(which, queries, gallery_coordinates, rows, replies)

    def candidates(self, way: str = "drawn", choice: CandidateConfig = CHOICE) -> pd.DataFrame:
        """The candidate table of replies that were given in one way."""
        retrieved = coordinates_of(
            self.rows[reply_recipe.SETTINGS[self.which][way].similar], self.gallery_coordinates
        )
        replies = self.replies[self.replies["way"] == way]
        replies = replies.assign(used=replies["LAT"].notna())
        return candidates(self.queries.ids, replies, retrieved, choice)

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
    def verifier(self) -> Verifier:
        """The judge of the photos' candidates."""
        return Verifier(GeoAlignment.from_pretrained("mini"), self.queries.ids, self.features)

    @cached_property
    def scored(self) -> pd.DataFrame:
        """G3's candidates with their scores."""
        return self.verifier.score(self.candidates())

    def verified(self) -> dict[str, pd.DataFrame]:
        """Predictions of all that verification has a part in: G3, its ablations, and no LMM."""
        ways = {
            "w/o Geo-A": ("raw, drawn", CHOICE),
            "w/o Geo-D": ("one prompt", CandidateConfig((10,), CHOICE.replies, CHOICE.retrieved)),
            "w/o Geo-D, as many replies": (
                "one prompt",
                CandidateConfig((10,), len(PROMPTS) * CHOICE.replies, CHOICE.retrieved),
            ),
            NO_LMM: ("drawn", CandidateConfig(replies=0, retrieved=CHOICE.retrieved)),
        }
        rest = {
            name: winners(self.verifier.score(self.candidates(*way))) for name, way in ways.items()
        }
        return {"G3": winners(self.scored), **rest}

    def unverified(self) -> dict[str, np.ndarray | pd.DataFrame]:
        """Predictions that follow from replies and references alone."""
        return {
            "kNN": coordinates_of(self.rows["raw similar"][:, 0], self.gallery_coordinates),
            "kNN, aligned": coordinates_of(self.rows["similar"][:, 0], self.gallery_coordinates),
            "LMM, zero-shot": self.single("likeliest", 0),
            "one RAG prompt (Img2Loc)": self.single("raw, likeliest", 10),
            "medoid of the candidates": selection.medoid(self.candidates()),
            "mean of the candidates": selection.spherical_mean(self.candidates()),
        }

    def without_verification(self) -> Chances:
        """The ablation w/o Geo-V: one of G3's candidates, drawn blindly."""
        return selection.random_candidate(self.candidates(), self.queries.table)

    def trained(self, gallery: PhotoSet) -> dict[str, np.ndarray]:
        """Predictions of the rivals that read the whole gallery's features."""
        backbone = Backbone.load("miniclip", "cpu")
        train = backbone.image_features(gallery, normalize=False).vectors
        heads = GeoAlignment.from_pretrained("mini")
        gallery_features, query_features = unit_rows(train), unit_rows(self.features)
        aligned = [unit_rows(heads.database_vectors(some)) for some in (self.features, train)]
        best = heads.nearest_gps(self.features, self.gallery_coordinates)[1][:, 0]
        constant = retrieval.constant(self.gallery_coordinates)
        return {
            "[L]kNN": retrieval.lknn(
                query_features, gallery_features, self.gallery_coordinates, **LKNN["[L]kNN"]
            ),
            "[L]kNN, aligned": retrieval.lknn(
                *aligned, self.gallery_coordinates, **LKNN["[L]kNN, aligned"]
            ),
            "geocells (PlaNet)": geocells.fit(gallery_features, self.gallery_coordinates).locate(
                query_features
            ),
            "GPS gallery (GeoCLIP)": self.gallery_coordinates[best],
            **{
                f"constant, {name}": np.repeat(constant[:, level], len(self.queries), axis=0)
                for level, name in enumerate(evaluation.THRESHOLD_NAMES)
            },
        }


# ------------------------------------------------------------------------- shipped predictions


def build(folder: Path) -> None:
    """Let every method locate the photos of all sets, into the data folder `folder`."""
    parts = []
    gallery = miniearth.load("gallery")
    for which in (CHOSEN_ON, *SETS):
        evidence = EvaluationRun.load(which)
        ids = evidence.queries.ids
        methods = evidence.verified() | evidence.unverified() | evidence.trained(gallery)
        for name, answers in methods.items():
            if not isinstance(answers, pd.DataFrame):
                answers = pd.DataFrame(
                    {"IMG_ID": ids, "LAT_pred": answers[:, 0], "LON_pred": answers[:, 1]}
                )
            part = answers[["IMG_ID", "LAT_pred", "LON_pred"]]
            parts.append(part.assign(set=which, method=name))
    table = pd.concat(parts, ignore_index=True).astype({"set": "category", "method": "category"})
    (folder / "predictions").mkdir(exist_ok=True)
    table[["set", "method", "IMG_ID", "LAT_pred", "LON_pred"]].to_parquet(
        folder / "predictions" / "methods.parquet", index=False, compression="zstd",
        compression_level=19,
    )  # fmt: skip


def predictions(which: str, n: int | None = None) -> dict[str, np.ndarray]:
    """Where each method sees the first n photos of a set, as shipped.

    Returns:
        float64 (n, 2) by method, NaN for no answer; "constant" is (1, 5, 2), the best answer for
        each threshold.
    """
    table = pd.read_parquet(shipped("predictions/methods.parquet"))
    ids = miniearth.load(which, n).ids
    table = table[(table["set"] == which) & table["IMG_ID"].isin(ids)]
    by_method = {
        str(name): rows.set_index("IMG_ID").loc[ids, ["LAT_pred", "LON_pred"]].to_numpy()
        for name, rows in table.groupby("method", observed=True)
    }
    levels = [by_method.pop(f"constant, {name}")[:1] for name in evaluation.THRESHOLD_NAMES]
    return {"constant": np.stack(levels, axis=1)} | by_method


# -------------------------------------------------------------------------- tables and figures


def pooled(
    evidence: Sequence[EvaluationRun],
) -> tuple[dict[str, np.ndarray | Chances], pd.DataFrame]:
    """All methods of Tables 1 and 2 and `OTHERS`, and the truth, of several sets as one."""
    parts = [predictions(run.which, len(run.queries)) for run in evidence]
    methods: dict[str, np.ndarray | Chances] = {
        name: parts[0][name] if name == "constant" else np.concatenate([p[name] for p in parts])
        for name in dict.fromkeys([*TABLE_1, *TABLE_2, *OTHERS])
        if name != "w/o Geo-V"
    }
    blind = [run.without_verification() for run in evidence]
    methods["w/o Geo-V"] = Chances(
        np.concatenate([run.hits for run in blind]),
        np.concatenate([run.geoscore for run in blind]),
    )
    tables = [run.queries.table.assign(set=run.which) for run in evidence]
    return methods, pd.concat(tables, ignore_index=True)


def worth(
    methods: Mapping[str, np.ndarray | Chances], truth: pd.DataFrame,
    over: Sequence[str] | None = None, *, replicates: int = 2000,
) -> pd.DataFrame:  # fmt: skip
    """G3 minus each method (None: all others), as `margins`; sets count alike, one training."""
    over = [name for name in methods if name != "G3"] if over is None else over
    rivals = {name: evaluation.hits(methods[name], truth)[None] for name in over}
    return margins(
        evaluation.hits(methods["G3"], truth)[None], rivals, truth, replicates=replicates
    )


def gains(
    methods: Mapping[str, np.ndarray | Chances], truth: pd.DataFrame, *,
    of: str = "G3", over: Sequence[str] | None = None, replicates: int = 2000,
) -> pd.DataFrame:  # fmt: skip
    """By how many points one method is above others: method, metric, difference, low, high, p.

    Shares in [0, 1]; paired, and photographers are resampled (`evaluation.compare`).
    """
    over = [name for name in methods if name != of] if over is None else over
    parts = [
        evaluation.compare(methods[of], methods[name], truth, replicates=replicates).assign(
            method=name
        )
        for name in over
    ]
    return pd.concat(parts, ignore_index=True)[
        ["method", "metric", "difference", "low", "high", "p"]
    ]


def gains_table(differences: pd.DataFrame) -> pd.DataFrame:
    """What `gains` returns, for reading: a row per method, "+1.2 [0.3, 2.1] p 0.012", in points."""

    def cell(row: pd.Series) -> str:
        value, low, high = (f"{100 * row[name]:+.1f}" for name in ("difference", "low", "high"))
        return f"{value} [{low}, {high}] p {row['p']:.3f}"

    text = differences.assign(cell=differences.apply(cell, axis=1))
    wide = text.pivot(index="method", columns="metric", values="cell")
    wide = wide.loc[differences["method"].unique(), list(evaluation.THRESHOLD_NAMES)]
    return wide.rename_axis(index=None, columns=None)


def by_prompts(evidence: Sequence[EvaluationRun]) -> dict[str, pd.DataFrame]:
    """Figure 3: predictions of G3 with its first one, two, three and four prompts."""
    choices = [replace(CHOICE, references=PROMPTS[:k]) for k in range(1, len(PROMPTS) + 1)]
    return {str(len(one.references)): _chosen(evidence, one) for one in choices}


def by_replies(evidence: Sequence[EvaluationRun]) -> dict[str, pd.DataFrame]:
    """Figure 4: predictions of G3 with the first one, two, ... replies of each prompt."""
    return {
        str(n): _chosen(evidence, replace(CHOICE, replies=n))
        for n in range(1, reply_recipe.DRAWN + 1)
    }


def _chosen(evidence: Sequence[EvaluationRun], choice: CandidateConfig) -> pd.DataFrame:
    """The winners of all sets for one choice of candidates."""
    parts = [winners(run.verifier.score(run.candidates("drawn", choice))) for run in evidence]
    return pd.concat(parts, ignore_index=True)


def reference_table(evidence: Sequence[EvaluationRun], replicates: int = 1000) -> pd.DataFrame:
    """Table 3: how far the references are from the truth, km, with and without geo-alignment.

    Of the first 5, 10 and 15 references of each photo the mean and the smallest distance; then the
    mean over the photos, as "2,299 [2,213, 2,381]". The last row has the paired differences.
    """
    rows, distances = {}, {}  # km, a column per summary
    truth = pd.concat([run.queries.table for run in evidence], ignore_index=True)
    for name, key in (("raw features", "raw similar"), ("G3", "similar")):
        km = np.concatenate(
            [
                great_circle_km(
                    coordinates_of(run.rows[key], run.gallery_coordinates),
                    run.queries.coordinates[:, None],
                )
                for run in evidence
            ]
        )
        columns = {
            f"{kind} of the first {k}": summary(km[:, :k], axis=1)
            for k in PROMPTS[1:]
            for kind, summary in (("mean", np.mean), ("nearest", np.min))
        }
        distances[name] = np.column_stack(list(columns.values()))
    distances["G3 minus raw features"] = distances["G3"] - distances["raw features"]
    for name, values in distances.items():
        intervals = evaluation.mean_intervals(values, truth, replicates=replicates)
        rows[name] = {
            column: f"{mean:,.0f} [{low:,.0f}, {high:,.0f}]"
            for column, mean, low, high in zip(columns, *intervals, strict=True)
        }
    return pd.DataFrame(rows).T


def report(
    evidence: Sequence[EvaluationRun], replicates: int = 1000
) -> Iterator[tuple[str, pd.DataFrame]]:
    """All tables, for reading, with their titles."""
    methods, truth = pooled(evidence)
    of = f"MiniEarth, {' and '.join(run.which for run in evidence)}, {len(truth):,} photos"
    for number, rows in ((1, TABLE_1), (2, TABLE_2)):
        chosen = {name: methods[name] for name in rows}
        scores = evaluation.evaluate(chosen, truth, replicates=replicates)
        yield f"Table {number}: {of}", evaluation.table(scores)
        over = [name for name in rows if name != "G3"]
        differences = gains(methods, truth, over=over, replicates=replicates)
        yield f"Table {number}: G3 minus each, in points", gains_table(differences)
    yield "Table 3: references, km from the truth", reference_table(evidence, replicates)
    figures = {
        "Figure 3: number of prompts": by_prompts,
        "Figure 4: replies of each prompt": by_replies,
    }
    for title, by in figures.items():
        scores = evaluation.evaluate(by(evidence), truth, replicates=replicates)
        yield title, evaluation.table(scores)
