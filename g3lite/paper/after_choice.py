"""What was chosen for the learned judge on validation, in five folds by photographer.

    python -m g3lite.paper.after_choice

prints the mean of the five shares, and by how much each way is above G3: rankers and targets, what
each group of features is worth, settings of the trees, and how many photos it takes to learn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pandas as pd

from g3lite import evaluation, miniearth
from g3lite.after import ranking
from g3lite.after.features import FEATURES, GROUPS
from g3lite.after.judge import CHOICE
from g3lite.after.ranking import Ranker, Trees, attentive, boosted, cross_fitted
from g3lite.paper.after_plan import CHOSEN_ON, RETRIEVED_ALONE
from g3lite.paper.margins import OUTCOME
from g3lite.paper.plan import CHOICE as G3_CHOICE
from g3lite.recipes import judge, replies
from g3lite.recipes.judge import Examples

PHOTOS = (120, 240, 480, 960, 1_920)
"""To learn from, of 2,400 in five folds: from a sixteenth of the photographers to all."""
SETTINGS = ({"max_iter": 150}, {"max_iter": 600}, {"max_leaf_nodes": 7}, {"max_leaf_nodes": 31},
            {"min_samples_leaf": 300})  # fmt: skip


def answers(known: Examples, score: np.ndarray) -> np.ndarray:
    """The candidate with the highest score of each photo: (p, 2), in the order of the truth."""
    rows = ranking.by_photo(known.photo)
    best = np.where(rows >= 0, score[rows], -np.inf).argmax(axis=1)
    return known.table[["LAT", "LON"]].to_numpy()[rows[np.arange(len(rows)), best]]


def ways(known: Examples, alone: Examples) -> Iterator[tuple[str, np.ndarray]]:
    """Each way and its answers about the validation photos, held out by photographer.

    Args:
        known: photos with the judge's candidates.
        alone: the same with retrieved ones only.
    """
    fold = known.fold[known.photo]
    hits, near = (ranking.TARGETS[name](known.km) for name in ("five hits", "GeoScore"))
    judged = partial(cross_fitted, photo=known.photo, fold=fold)
    yield "trees, five hits", answers(known, judged(boosted, known.features, hits))
    yield "trees, GeoScore", answers(known, judged(boosted, known.features, near))
    yield "attention, five hits", answers(known, judged(attentive, known.features, hits))
    score = judge.held_out(alone)
    yield "trees, no LMM candidates", answers(alone, score)
    for photos in PHOTOS[:-1]:
        fit = partial(_of_some, share=photos / PHOTOS[-1], known=known)
        yield f"trees, {photos} photos", answers(known, judged(fit, known.features, hits))
    for settings in SETTINGS:
        said = ", ".join(f"{key} {value}" for key, value in settings.items())
        fit = partial(_with, settings=settings)
        yield f"trees, {said}", answers(known, judged(fit, known.features, hits))
    for group, names in GROUPS.items():
        kept = [name not in names for name in FEATURES]
        score = judged(boosted, known.features[:, kept], hits)
        yield f"trees without {group}", answers(known, score)


def _of_some(
    table: np.ndarray, target: np.ndarray, photo: np.ndarray, share: float, known: Examples
) -> Ranker:
    """Trees that learned from the photos of a share of the photographers."""
    fold = ranking.folds(known.truth["AUTHOR"], 1_000, seed=1)
    kept = fold[photo] < 1_000 * share
    return boosted(table[kept], target[kept], photo[kept])


def _with(table: np.ndarray, target: np.ndarray, photo: np.ndarray, settings: dict) -> Ranker:
    trees = Trees.grow(table, target, **settings)
    return lambda rows, photo: trees(rows)


def table(progress: Callable[[str], None] | None = None) -> pd.DataFrame:
    """The outcome of each way, the five shares, and its gain over G3 with a 95 % interval."""
    queries = miniearth.load(CHOSEN_ON)
    drawn, _ = replies.recorded(CHOSEN_ON)
    drawn = drawn[drawn["way"] == "drawn"]
    by_cosine = judge.examples(queries, drawn, G3_CHOICE)
    base = answers(by_cosine, by_cosine.table["score"].to_numpy())
    known = judge.examples(queries, drawn, CHOICE)
    alone = judge.examples(queries, None, RETRIEVED_ALONE)
    more = answers(known, known.table["score"].to_numpy())
    rows, hits_of_g3 = [], evaluation.hits(base, queries.table)
    for name, found in (("G3", base), ("cosine", more), *ways(known, alone)):
        hits = evaluation.hits(found, queries.table)
        gain = (hits - hits_of_g3).mean(axis=1, keepdims=True)
        mean, low, high = evaluation.mean_intervals(gain, queries.table)
        shares = dict(zip(evaluation.THRESHOLD_NAMES, hits.mean(axis=0), strict=True))
        rows.append({"way": name, OUTCOME: hits.mean(), **shares, "gain": mean[0],
                     "low": low[0], "high": high[0]})  # fmt: skip
        if progress:
            progress(f"{name}: {hits.mean():.4f}")
    return pd.DataFrame(rows)


if __name__ == "__main__":
    print(table(print).round(4).to_string(index=False))
