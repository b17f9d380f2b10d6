"""What a step is worth: how much better G3 is with it than without, and how sure that is.

The primary outcome is the mean of the five shares (within 1, 25, 200, 750 and 2,500 km), every test
set weighted alike: one number per row, so that a row is one test. Two things make it uncertain:
which photographers took the photos, and the seed that the heads were trained with. Their variances
add up:

    standard error^2 = photographers^2 + seeds^2 / number of seeds

where "photographers" is the spread over resampled photographers, and "seeds" the spread of the
margin over trainings. A row of one training has no second part, and is marked by `seeds` = 1. Other
sources (MiniCLIP's and MiniLMM's own seeds, the gallery) are held fixed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import stats

from g3lite import evaluation

OUTCOME = "mean of five"
"""The primary outcome: the mean of the shares at the five thresholds."""


def margins(
    of: np.ndarray,
    rivals: Mapping[str, np.ndarray],
    truth: pd.DataFrame,
    *,
    spread: Mapping[str, np.ndarray] | None = None,
    trainings: int = 1,
    level: float = 0.95,
    replicates: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """By how much a method is above each rival: paired, over photographers and training seeds.

    Args:
        of: hits of the method, float (s, n, 5) in [0, 1]: s trainings, n photos, five thresholds.
        rivals: the same of each rival by name, trained with the same seeds or once: (s or 1, n, 5).
        truth: n rows with the columns AUTHOR and set; the sets count alike, whatever their sizes.
        spread: of a method that was trained once: the standard deviation over trainings of its
            margin over a rival, (6,), as it was found on other photos.
        trainings: how many such a spread is from.
        level: of the intervals.
        replicates: resamples of the photographers of each set.
        seed: of the resampling.

    Returns:
        Six rows per rival, the primary outcome `OUTCOME` and the five thresholds: method, metric,
        difference (a share in [-1, 1]), low, high, se_photographers, se_seeds (0 for one training),
        seeds, p and p_holm. The interval of the outcome is its own; those of the five thresholds
        hold together with the probability `level` (the largest of five standardised deviations). p
        is two-sided, from Student's t with Satterthwaite's degrees of freedom; p_holm is corrected
        for the number of rivals (Holm 1979). Both are of the outcome alone, else NaN.

    Raises:
        ValueError: arrays that are not of these photos, or not of as many trainings.
    """
    rows = []
    for name, hits in rivals.items():
        if of.shape[1:] != (len(truth), 5) or hits.shape[1:] != of.shape[1:]:
            raise ValueError(
                f"hits {of.shape} and, of {name}, {hits.shape} for {len(truth)} photos"
            )
        if len(hits) not in (1, len(of)):
            raise ValueError(f"{name} was trained {len(hits)} times, the method {len(of)} times")
        known = (spread or {}).get(name)
        if known is not None and len(of) > 1:
            raise ValueError(f"{name}: the spread is that of {len(of)} trainings, do not give one")
        gain = of - hits
        rows.append(
            _margin(gain, truth, known, trainings, level, replicates, seed).assign(method=name)
        )
    table = pd.concat(rows, ignore_index=True)
    outcome = table["metric"] == OUTCOME
    table.loc[outcome, "p_holm"] = holm(table.loc[outcome, "p"])
    return table[["method", "metric", "difference", "low", "high", "se_photographers", "se_seeds",
                  "seeds", "p", "p_holm"]]  # fmt: skip


def holm(p: pd.Series) -> np.ndarray:
    """p values corrected for their number m: the smallest times m, the next times m - 1, ..."""
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p)
    corrected = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    result = np.empty_like(p)
    result[order] = corrected.clip(max=1)
    return result


def _margin(
    gain: np.ndarray, truth: pd.DataFrame, spread: np.ndarray | None, trainings: int,
    level: float, replicates: int, seed: int,
) -> pd.DataFrame:  # fmt: skip
    """The six rows of one rival from the gain of every training and photo, (s, n, 5)."""
    gain = np.concatenate([gain.mean(axis=2, keepdims=True), gain], axis=2)  # (s, n, 6)
    of_sets = truth.groupby("set", sort=True).indices
    per_seed = np.mean([gain[:, rows].mean(axis=1) for rows in of_sets.values()], axis=0)  # (s, 6)
    difference, mean_gain = per_seed.mean(axis=0), gain.mean(axis=0)
    draws = np.mean(
        [
            evaluation.mean_draws(
                mean_gain[rows], truth.iloc[rows], replicates=replicates, seed=seed + number
            )
            for number, rows in enumerate(of_sets.values())
        ],
        axis=0,
    )  # (replicates, 6)
    se_photographers, seeds = draws.std(axis=0), len(gain)
    if spread is not None:
        se_seeds, seeds = np.asarray(spread, dtype=np.float64), trainings
    elif seeds > 1:
        se_seeds = per_seed.std(axis=0, ddof=1) / np.sqrt(seeds)
    else:
        se_seeds = np.zeros(6)
    se = np.hypot(se_photographers, se_seeds)
    groups = truth.groupby("set")["AUTHOR"].nunique().sum() - len(of_sets)
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = se**4 / (se_photographers**4 / groups + se_seeds**4 / max(1, seeds - 1))
        z = np.abs(draws - difference)[:, 1:] / se_photographers[1:]
        p = 2 * stats.t.sf(np.abs(difference) / se, freedom)
    single = stats.t.ppf((1 + level) / 2, np.where(se > 0, freedom, 1))
    together = np.quantile(np.nan_to_num(z).max(axis=1), level)
    wider = single[1:] / stats.norm.ppf((1 + level) / 2)  # few seeds: heavier tails
    half = se * np.append(single[0], np.maximum(single[1:], together * wider))
    return pd.DataFrame(
        {
            "metric": [OUTCOME, *evaluation.THRESHOLD_NAMES],
            "difference": difference, "low": difference - half, "high": difference + half,
            "se_photographers": se_photographers, "se_seeds": se_seeds, "seeds": seeds,
            "p": [np.nan_to_num(p[0], nan=1.0), *[np.nan] * 5], "p_holm": np.nan,
        }
    )  # fmt: skip
