"""The learned judge on its fresh pair of test sets: its answers, and how sure it may be.

    python -m g3lite.paper.after

prints the tables of `after_plan` from what is shipped in data/after.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike

from g3lite import evaluation, geo, miniearth
from g3lite.after import ranking, regions
from g3lite.after.judge import LearnedJudge
from g3lite.after.regions import RADII_KM, Background, Kernels
from g3lite.backbone import Backbone, unit_rows
from g3lite.baselines import retrieval, selection
from g3lite.miniearth.splits import scene_of
from g3lite.paper import after_plan as plan
from g3lite.paper.after_choice import answers
from g3lite.paper.margins import OUTCOME, margins
from g3lite.paper.plan import CHOICE as G3_CHOICE
from g3lite.paper.plan import LKNN
from g3lite.paths import shipped
from g3lite.photos import PhotoSet
from g3lite.recipes import judge, judge_photos
from g3lite.recipes import replies as reply_recipe
from g3lite.recipes.judge import Examples, examples
from g3lite.verification import winners

# ------------------------------------------------------------------------------------ measured once


def build(folder: Path) -> None:
    """Ask about the fresh pair, judge it, and write distances and probabilities into `folder`."""
    (folder / "after").mkdir(exist_ok=True)
    known, alone = judge.training(), judge.training(plan.RETRIEVED_ALONE)
    shipped_judge = LearnedJudge.from_pretrained(miniearth.load("gallery").coordinates)
    rankers = _rankers(known, alone, shipped_judge.ranker)
    kernels = _rival_kernels(known, shipped_judge.background)
    found, sure = [], []
    for which in plan.SETS:
        queries = miniearth.load(which)
        replies = judge_photos.record(queries)
        judge_photos.write(folder / "after" / f"{which}.parquet", replies, queries.ids)
        of_set = examples(queries, replies)
        found.append(_distances(queries, replies, of_set, rankers))
        sure.append(_sure(of_set, shipped_judge, kernels))
    for name, parts in {"distances": found, "sure": sure}.items():
        pd.concat(parts, ignore_index=True).to_parquet(
            folder / "after" / f"{name}.parquet", index=False, compression="zstd",
            compression_level=19,
        )  # fmt: skip


def _rankers(
    known: Examples, alone: Examples, shipped_trees: ranking.Trees
) -> dict[tuple[str, int], ranking.Ranker]:
    """What judges the candidates: by name and seed, all trained on the same photos.

    Seed 0 of the judge is the shipped one.
    """
    hits, near = (ranking.TARGETS[name](known.km) for name in ("five hits", "GeoScore"))
    hits_alone = ranking.TARGETS[judge.TARGET](alone.km)
    rankers = {
        (plan.JUDGE, 0): lambda rows, photo: shipped_trees(rows),
        (plan.ATTENTION, 0): ranking.attentive(known.features, hits, known.photo),
        (plan.BY_GEOSCORE, 0): ranking.boosted(known.features, near, known.photo),
    }
    for seed in range(plan.SEEDS):
        rankers[plan.JUDGE_NO_LMM, seed] = ranking.boosted(
            alone.features, hits_alone, alone.photo, seed
        )
        if seed:
            wanted = ranking.TARGETS[judge.TARGET](known.km)
            rankers[plan.JUDGE, seed] = ranking.boosted(known.features, wanted, known.photo, seed)
    return rankers


def _distances(
    queries: PhotoSet, replies: pd.DataFrame, known: Examples,
    rankers: Mapping[tuple[str, int], ranking.Ranker],
) -> pd.DataFrame:  # fmt: skip
    """How far each row is off, in km, by its name and seed."""
    alone = examples(queries, None, plan.RETRIEVED_ALONE)
    by_cosine = {
        plan.G3: examples(queries, replies, G3_CHOICE),
        plan.NO_LMM: examples(queries, None, plan.COSINE_ALONE),
        plan.BY_COSINE: known,
    }
    rows = {(name, 0): winners(some.table)[["LAT_pred", "LON_pred"]].to_numpy()
            for name, some in by_cosine.items()}  # fmt: skip
    for (name, seed), ranker in rankers.items():
        some = alone if name == plan.JUDGE_NO_LMM else known
        rows[name, seed] = answers(some, ranker(some.features, some.photo))
    rows[plan.ALIGNED_LKNN, 0] = _aligned_lknn(queries)
    bound = selection.oracle(known.table, queries.table)
    rows[plan.BOUND, 0] = bound.set_index("IMG_ID").loc[queries.ids, ["LAT_pred", "LON_pred"]]
    km = {
        f"{name}, seed {seed}": _rounded_up(
            geo.great_circle_km(np.asarray(spots), queries.coordinates)
        )
        for (name, seed), spots in rows.items()
    }
    return pd.DataFrame(km)


def _rounded_up(km: ArrayLike) -> np.ndarray:
    """Distances or areas with two digits, float32. None gets over a threshold of distance."""
    km = np.asarray(km, dtype=np.float64)
    unit = 10.0 ** (np.floor(np.log10(np.maximum(km, 1e-3))) - 1)
    return (np.ceil(km / unit) * unit).astype(np.float32)


def _aligned_lknn(queries: PhotoSet) -> np.ndarray:
    _, heads, _ = judge.searched()
    gallery = miniearth.load("gallery")
    asked, known = (
        unit_rows(heads.database_vectors(
            Backbone.load("miniclip", "cpu").image_features(some, normalize=False).vectors
        ))
        for some in (queries, gallery)
    )  # fmt: skip
    return retrieval.lknn(asked, known, gallery.coordinates, **LKNN[plan.ALIGNED_LKNN])


def _rival_kernels(known: Examples, background: Background) -> dict[str, Kernels]:
    """The kernels of `DENSITIES` that learn something."""
    score = judge.held_out(known)
    said, there, gap, at_truth = judge.lesson(known, score, background)
    one, cosine = Kernels((200.0,), 1), Kernels(evidence=2)
    one.fit(*_best_alone(said, there, gap), at_truth)
    cosine.fit(said[..., 1:], there, gap, at_truth)
    return dict(zip(plan.DENSITIES, (one, cosine), strict=False))


def _best_alone(
    said: torch.Tensor, there: torch.Tensor, gap: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The judge's answer as the only candidate, with nothing that speaks for it."""
    best = said[..., 0].masked_fill(~there, -np.inf).argmax(dim=1, keepdim=True)
    return (
        torch.zeros(len(said), 1, 1, dtype=said.dtype),
        torch.ones_like(best).bool(),
        gap.gather(1, best),
    )


def _sure(known: Examples, of: LearnedJudge, rivals: Mapping[str, Kernels]) -> pd.DataFrame:
    """What the judge says of each photo, and the log densities at the truth."""
    truth = known.truth[["LAT", "LON"]].to_numpy()
    found = judge.wheres(of, known)
    said, there, gap, at_truth = judge.lesson(known, of.ranker(known.features), of.background)
    one, cosine = (rivals[name] for name in plan.DENSITIES[:2])
    with torch.no_grad():
        alone = _best_alone(said, there, gap)
        logs = {
            plan.JUDGE: of.kernels.log_density(*of.kernels(said, there), gap, at_truth),
            plan.DENSITIES[0]: one.log_density(*one(*alone[:2]), alone[2], at_truth),
            plan.DENSITIES[1]: cosine.log_density(*cosine(said[..., 1:], there), gap, at_truth),
            plan.DENSITIES[2]: at_truth.log(),
        }
    table = pd.DataFrame({"level": judge.levels(found, truth)})
    for km in RADII_KM:
        table[f"p{km}"] = [one.within[km] for one in found]
    for which in judge_photos.CALIBRATION:
        share = judge.share_of(judge.calibration(), which)
        table[f"km2, {which}"] = _rounded_up([one.distribution.region(share)[1] for one in found])
    table = table.assign(
        **{f"log {name}": values.numpy().round(2) for name, values in logs.items()}
    )
    return table.round(4).astype(np.float32)


# --------------------------------------------------------------------------------------- the tables


@cache
def truth() -> pd.DataFrame:
    """The photos of both sets, with their set and whether the judge knows their place."""
    table = pd.concat(
        [miniearth.load(which).table.assign(set=which) for which in plan.SETS], ignore_index=True
    )
    known = set(judge_photos.known_places().tolist())
    return table.assign(known=[scene_of(name).place_id in known for name in table["IMG_ID"]])


def replies(which: str) -> pd.DataFrame:
    """What MiniLMM replied about one of `SETS`, as `recipes.replies.recorded` returns it."""
    kept = pd.read_parquet(shipped(f"after/{which}.parquet"))
    return reply_recipe.unpacked(kept, np.array(miniearth.load(which).ids))


def distances() -> dict[str, np.ndarray]:
    """How far each row is off from the photos of `truth`, in km, two digits: (trainings, n)."""
    table = pd.read_parquet(shipped("after/distances.parquet"))
    found: dict[str, list[np.ndarray]] = {}
    for column in table:
        name, _, _ = column.rpartition(", seed ")
        found.setdefault(name, []).append(table[column].to_numpy())
    return {name: np.array(rows) for name, rows in found.items()}


def hits() -> dict[str, np.ndarray]:
    """Which photos of `truth` each row has right: (trainings, n, 5)."""
    return {
        name: (km[..., None] <= np.array(evaluation.THRESHOLDS_KM)).astype(float)
        for name, km in distances().items()
    }


def shares() -> pd.DataFrame:
    """The mean of the five shares and the shares themselves, the sets weighted alike."""
    sets = truth()["set"].to_numpy()
    rows = {
        name: np.mean([found[:, sets == which].mean(axis=(0, 1)) for which in plan.SETS], axis=0)
        for name, found in hits().items()
    }
    table = pd.DataFrame(rows, index=list(evaluation.THRESHOLD_NAMES)).T
    table.insert(0, OUTCOME, table.mean(axis=1))
    return table.loc[[plan.JUDGE, *plan.TESTED, *plan.SHOWN]]


def worth(hidden: bool = False, replicates: int = 2000) -> pd.DataFrame:
    """The judge minus each row of `TESTED`, as `margins`; of hidden places only, if so wanted."""
    photos, found = truth(), hits()
    kept = ~photos["known"].to_numpy() if hidden else np.ones(len(photos), dtype=bool)
    rivals = {name: found[name][:, kept] for name in plan.TESTED}
    return margins(
        found[plan.JUDGE][:, kept], rivals, photos[kept].reset_index(drop=True),
        replicates=replicates,
    )  # fmt: skip


def sure() -> pd.DataFrame:
    """What the judge said of each photo of `truth`, with km, the distance of its answer."""
    table = pd.read_parquet(shipped("after/sure.parquet"))
    photos = truth()[["IMG_ID", "AUTHOR", "set"]]
    return pd.concat([photos, table], axis=1).assign(km=distances()[plan.JUDGE][0])


def coverage() -> pd.DataFrame:
    """How often the region holds the truth: set, calibrated on, share, low, high, median km²."""
    rows, calibrated = [], judge.calibration()
    for which, table in sure().groupby("set", sort=False):
        for source in judge_photos.CALIBRATION:
            share = judge.share_of(calibrated, source)
            inside = (table["level"].to_numpy() <= share).astype(float)[:, None]
            held, low, high = (float(part[0]) for part in evaluation.mean_intervals(inside, table))
            rows.append((which, source, held, low, high, table[f"km2, {source}"].median()))
    return pd.DataFrame(rows, columns=["set", "calibrated on", "share", "low", "high", "km2"])


def reliability() -> pd.DataFrame:
    """Told and true shares in bins of equal numbers: set, km, told, true, low, high."""
    rows = []
    for which, table in sure().groupby("set", sort=False):
        for km in RADII_KM:
            order = np.argsort(table[f"p{km}"].to_numpy(), kind="stable")
            for bin_rows in np.array_split(order, plan.BINS):
                some = table.iloc[bin_rows]
                right = (some["km"].to_numpy() <= km).astype(float)[:, None]
                ends = (float(part[0]) for part in evaluation.mean_intervals(right, some))
                rows.append((which, km, some[f"p{km}"].mean(), *ends))
    return pd.DataFrame(rows, columns=["set", "km", "told", "true", "low", "high"])


def densities() -> pd.DataFrame:
    """Mean log density at the truth, and the judge's minus it: set, name, nats, difference, low,
    high."""
    rows = []
    for which, table in sure().groupby("set", sort=False):
        for name in (plan.JUDGE, *plan.DENSITIES):
            gain = (table[f"log {plan.JUDGE}"] - table[f"log {name}"]).to_numpy()[:, None]
            ends = (float(part[0]) for part in evaluation.mean_intervals(gain, table))
            rows.append((which, name, table[f"log {name}"].mean(), *ends))
    return pd.DataFrame(rows, columns=["set", "name", "nats", "difference", "low", "high"])


def withheld() -> pd.DataFrame:
    """Answers above the confidence of the calibration: set, confidence, share and number that are
    given, share of these that is right."""
    rows, calibrated = [], judge.calibration()
    for which, table in sure().groupby("set", sort=False):
        source = calibrated[calibrated["set"] == plan.CALIBRATED_ON[which]]
        bar = regions.confidence_for(source["p200"], source["km"] <= 200, plan.WANTED)
        given = table["p200"] >= bar
        right = (table["km"][given] <= 200).mean()
        rows.append((which, bar, given.mean(), int(given.sum()), right))
    return pd.DataFrame(rows, columns=["set", "confidence", "given", "answers", "right"])


if __name__ == "__main__":
    for made in (
        shares().reset_index(),
        worth(),
        worth(hidden=True),
        coverage(),
        densities(),
        withheld(),
        reliability(),
    ):
        print(made.round(4).to_string(index=False), end="\n\n")
