"""Metrics of worldwide geolocalization, and their intervals (the paper's Section 4.1).

Three steps: predictions become errors in km (`error_km`), errors become scores (`score`), and
scores become intervals (`evaluate`, `compare`) by a bootstrap that resamples photographers. One
photographer's photos are alike, so they are not independent evidence: the 2,997 photos of
IM2GPS3K come from 198 people.

Predictions are either an array in the order of the truth table, shape (n, 2) [lat, lon] degrees
with a NaN row where there is no answer, or a table with the columns IMG_ID, LAT_pred, LON_pred. An
answer that is drawn at random from several is scored by its expectation: `Chances`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from g3lite import geo

THRESHOLDS_KM = (1, 25, 200, 750, 2500)
THRESHOLD_NAMES = ("street", "city", "region", "country", "continent")
METRICS = (*THRESHOLD_NAMES, "median_km", "geoscore")

BLOCK = 20_000_000
"""Counts of a bootstrap in memory at a time (160 MB): 2,000 resamples of 10,000 photos."""
_GEOSCORE_KM = 1492.7


# --- errors and scores ---------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Chances:
    """What answers that are drawn at random are worth, n photos in the order of the truth.

    Attributes:
        hits: float64 (n, 5) in [0, 1], the chance of an answer within each threshold.
        geoscore: float64 (n,), the expected GeoScore.
    """

    hits: np.ndarray
    geoscore: np.ndarray

    @classmethod
    def from_errors(cls, errors: ArrayLike, photo: ArrayLike, photos: int) -> Chances:
        """Those of one of several answers, all equally likely.

        Args:
            errors: (m,) km of every answer.
            photo: (m,) which photo it is about, 0 to photos - 1. A photo without answers is wrong.
            photos: their number n.
        """
        errors, photo = np.asarray(errors, dtype=np.float64), np.asarray(photo)
        answers = np.maximum(np.bincount(photo, minlength=photos), 1)
        values = np.column_stack([_hits(errors), geoscore(errors)])
        sums = np.column_stack([np.bincount(photo, column, photos) for column in values.T])
        return cls(sums[:, :-1] / answers[:, None], sums[:, -1] / answers)


def error_km(predictions: ArrayLike | pd.DataFrame, truth: ArrayLike | pd.DataFrame) -> np.ndarray:
    """Distance from each prediction to the truth, in the order and number of the truth.

    Args:
        predictions: (n, 2) array, NaN rows where there is no answer; or a table with IMG_ID,
            LAT_pred, LON_pred, in any order, where absent ids are absent answers; or an array of
            shape (n or 1, 5, 2) with one answer per threshold (see `constant`).
        truth: photo table with IMG_ID, LAT, LON; an (n, 2) array will do for array predictions.

    Returns:
        float64 (n,), or (n, 5) for one answer per threshold. No answer is infinitely far off.

    Raises:
        ValueError: ids that are doubled or not in the truth, impossible coordinates, or arrays
            of different lengths.
    """
    if isinstance(predictions, pd.DataFrame):
        predictions = _align(predictions, truth)
    if isinstance(truth, pd.DataFrame):
        truth = truth[["LAT", "LON"]].to_numpy()
    truth = geo.check_coordinates(truth)
    per_threshold = np.ndim(predictions) == 3
    if per_threshold:
        predictions = np.asarray(predictions, dtype=np.float64)
        if predictions.shape[1:] != (len(THRESHOLDS_KM), 2):
            raise ValueError(
                f"predictions have shape {predictions.shape}; with one answer per threshold it is "
                f"(n, {len(THRESHOLDS_KM)}, 2)"
            )
        geo.check_coordinates(predictions.reshape(-1, 2), missing_ok=True)
        truth = truth[:, None]
    else:
        predictions = geo.check_coordinates(predictions, missing_ok=True)
    if len(predictions) != len(truth) and not (per_threshold and len(predictions) == 1):
        raise ValueError(
            f"{len(predictions)} predictions for {len(truth)} photos; give one row per photo in "
            "the order of the truth, NaN where there is no answer, or a table with IMG_ID"
        )
    return np.nan_to_num(geo.great_circle_km(predictions, truth), nan=np.inf)


def _align(predictions: pd.DataFrame, truth: ArrayLike | pd.DataFrame) -> np.ndarray:
    """(n, 2) predictions in the order of the truth table, NaN where an id is absent."""
    if not isinstance(truth, pd.DataFrame):
        raise ValueError("a prediction table is matched by IMG_ID: give the truth as a table too")
    columns = ["LAT_pred", "LON_pred"]
    for name, table, needed in (
        ("prediction", predictions, ["IMG_ID", *columns]),
        ("truth", truth, ["IMG_ID"]),
    ):
        lacking = [column for column in needed if column not in table]
        if lacking:
            raise ValueError(f"the {name} table lacks {lacking}; it has {list(table.columns)}")
        twice = table["IMG_ID"][table["IMG_ID"].duplicated()]
        if len(twice):
            raise ValueError(
                f"IMG_ID {twice.iloc[0]!r} occurs more than once in the {name} table "
                f"({len(twice)} rows too many); keep one row per photo"
            )
    rows = pd.Index(truth["IMG_ID"]).get_indexer(predictions["IMG_ID"])
    unknown = predictions["IMG_ID"][rows < 0]
    if len(unknown):
        raise ValueError(
            f"{len(unknown)} predicted IMG_ID are not in the truth table, the first is "
            f"{unknown.iloc[0]!r}; is this the table of another query set?"
        )
    aligned = np.full((len(truth), 2), np.nan)
    aligned[rows] = predictions[columns].to_numpy(np.float64, na_value=np.nan)
    return aligned


def geoscore(errors: ArrayLike) -> np.ndarray:
    """GeoScore 5000 exp(-d / 1492.7 km) of each error: 5000 on the spot, 0 for no answer."""
    return 5000 * np.exp(-np.asarray(errors, dtype=np.float64) / _GEOSCORE_KM)


@dataclass(frozen=True, eq=False)
class _Outcome:
    """What became of n photos: hits (n, 5), GeoScore (n,), and errors in km, if there is one each.

    Where a method gives another answer at every threshold, the GeoScore is NaN.
    """

    hits: np.ndarray
    geoscore: np.ndarray
    errors: np.ndarray | None

    @classmethod
    def from_method(
        cls, method: ArrayLike | pd.DataFrame | Chances, truth: pd.DataFrame
    ) -> _Outcome:
        if isinstance(method, Chances):
            if len(method.hits) != len(truth):
                raise ValueError(f"chances of {len(method.hits)} photos for {len(truth)} photos")
            return cls(method.hits, method.geoscore, None)
        errors = error_km(method, truth)
        if errors.ndim == 2:
            return cls(_hits(errors), np.full(len(errors), np.nan), None)
        return cls(_hits(errors), geoscore(errors), errors)


def hits(predictions: ArrayLike | pd.DataFrame | Chances, truth: pd.DataFrame) -> np.ndarray:
    """Which photos are right at each threshold: float64 (n, 5) in [0, 1]. Arguments as `score`."""
    return _Outcome.from_method(predictions, truth).hits


def score(
    predictions: ArrayLike | pd.DataFrame | Chances, truth: ArrayLike | pd.DataFrame
) -> pd.Series:
    """The seven metrics: share within 1, 25, 200, 750 and 2500 km, median km, mean GeoScore.

    Arguments as for `error_km`, or `Chances`. Every photo of the truth counts, answered or not. The
    median is NaN where a photo has more than one answer, the GeoScore where it has another answer
    at every threshold.
    """
    if not len(truth):
        raise ValueError("the truth holds no photos, so there is nothing to score")
    return pd.Series(_point(_Outcome.from_method(predictions, truth)), index=list(METRICS))


# --- intervals -----------------------------------------------------------------------------------


def evaluate(
    methods: Mapping[str, ArrayLike | pd.DataFrame | Chances],
    truth: pd.DataFrame,
    *,
    clusters: str | None = "AUTHOR",
    replicates: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Scores of several methods on the same photos, with bootstrap percentile intervals.

    `clusters` names the column of the truth whose groups are resampled with replacement; None
    resamples single photos. With few photographers (fewer than about 20) any such interval is
    too narrow.

    Returns:
        Tidy table: method, metric, value, low, high, photos. Shares are in [0, 1].
    """
    groups = _clusters(truth, clusters)
    outcomes = {name: _Outcome.from_method(method, truth) for name, method in methods.items()}
    draws: dict[str, list[np.ndarray]] = {method: [] for method in methods}
    for drawn in _draws(groups, replicates, seed):
        for method, outcome in outcomes.items():
            draws[method].append(_metrics(outcome, groups, drawn))
    tail = (1 - level) / 2
    rows = []
    for method, outcome in outcomes.items():
        # "nearest" keeps intervals of medians finite or infinite, never the NaN between the two.
        low, high = np.quantile(
            np.concatenate(draws[method]), [tail, 1 - tail], axis=0, method="nearest"
        )
        values = zip(METRICS, _point(outcome), low, high, strict=True)
        rows += [(method, *row, len(truth)) for row in values]
    return pd.DataFrame(rows, columns=["method", "metric", "value", "low", "high", "photos"])


def compare(
    a: ArrayLike | pd.DataFrame | Chances,
    b: ArrayLike | pd.DataFrame | Chances,
    truth: pd.DataFrame,
    *,
    clusters: str | None = "AUTHOR",
    replicates: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Paired test of two methods on the same photos: is `a` better than `b` at a threshold?

    Both methods are scored on the same resampled photographers, so what makes a photo easy for
    both cancels. The two-sided p is the smallest level at which the percentile interval would
    exclude zero; it cannot fall below 2 / (replicates + 1). It is not corrected for looking at
    five thresholds at once.

    Returns:
        One row per threshold: metric, difference (share of a minus share of b), low, high, p.
    """
    groups = _clusters(truth, clusters)
    gain = hits(a, truth) - hits(b, truth)
    draws = _resampled_means(gain, groups, replicates, seed)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    one_sided = np.minimum((draws <= 0).sum(axis=0), (draws >= 0).sum(axis=0))
    return pd.DataFrame(
        {
            "metric": THRESHOLD_NAMES,
            "difference": gain.mean(axis=0),
            "low": low,
            "high": high,
            "p": np.minimum(1.0, 2 * (one_sided + 1) / (replicates + 1)),
        }
    )


def table(results: pd.DataFrame, digits: int = 1) -> pd.DataFrame:
    """Results of `evaluate` for reading: one row per method, "38.9 [36.1, 41.8]" in per cent.

    `digits` are those of the shares after the point; the paper has two.
    """

    def cell(row: pd.Series) -> str:
        if np.isnan(row["value"]):
            return "–"
        factor, places = (100, digits) if row["metric"] in THRESHOLD_NAMES else (1, 0)
        value, low, high = (
            f"{factor * row[name]:,.{places}f}" for name in ("value", "low", "high")
        )
        return f"{value} [{low}, {high}]"

    heads = [f"{name} {km} km, %" for name, km in zip(THRESHOLD_NAMES, THRESHOLDS_KM, strict=True)]
    names = dict(zip(METRICS, [*heads, "median, km", "GeoScore"], strict=True))
    text = results.assign(cell=results.apply(cell, axis=1))
    wide = text.pivot(index="method", columns="metric", values="cell")
    wide = wide.loc[results["method"].unique(), list(METRICS)].rename(columns=names)
    return wide.rename_axis(index=None, columns=None)


def share_curve(
    errors: ArrayLike,
    truth: pd.DataFrame,
    radii_km: ArrayLike,
    *,
    clusters: str | None = "AUTHOR",
    replicates: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Share of photos within every radius, and both ends of its interval: three arrays (r,).

    `errors` are those of `error_km`; if they are (n, 5), one answer per threshold, the radii must
    be the five thresholds. The other arguments are those of `evaluate`.
    """
    hits = _hits(np.asarray(errors), radii_km)
    options = {"clusters": clusters, "replicates": replicates, "level": level, "seed": seed}
    return mean_intervals(hits, truth, **options)


def mean_intervals(
    values: ArrayLike,
    truth: pd.DataFrame,
    *,
    clusters: str | None = "AUTHOR",
    replicates: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means of the columns of values (n, m), one row per photo, with their intervals.

    The other arguments are those of `evaluate`. Returns three arrays (m,): mean, low, high.
    """
    values = np.asarray(values, dtype=np.float64)
    draws = mean_draws(values, truth, clusters=clusters, replicates=replicates, seed=seed)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return values.mean(axis=0), low, high


def mean_draws(
    values: np.ndarray, truth: pd.DataFrame, *, clusters: str | None = "AUTHOR",
    replicates: int = 1000, seed: int = 0,
) -> np.ndarray:  # fmt: skip
    """Means of the columns of values (n, m) in every resample: float64 (replicates, m)."""
    groups = _clusters(truth, clusters)
    return _resampled_means(values, groups, replicates, seed)


def _hits(errors: np.ndarray, radii_km: ArrayLike = THRESHOLDS_KM) -> np.ndarray:
    """(n, r) 1.0 where a photo counts as right within a radius, else 0.0."""
    within = (errors if errors.ndim == 2 else errors[:, None]) <= np.asarray(radii_km)
    return within.astype(np.float64)


def _point(outcome: _Outcome) -> np.ndarray:
    """(7,) metrics of the photos as they are: one group, drawn once."""
    photos = len(outcome.hits)
    return _metrics(outcome, np.zeros(photos, dtype=np.int64), np.ones((1, 1), dtype=int))[0]


def _metrics(outcome: _Outcome, groups: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """(r, 7) metrics of r resamples, `drawn` (r, g) saying how often each group is in them."""
    median = np.full((len(drawn), 1), np.nan)
    if outcome.errors is not None:
        median = _medians(outcome.errors, groups, drawn)
    means = _means(np.column_stack([outcome.hits, outcome.geoscore]), groups, drawn)
    return np.hstack([means[:, :-1], median, means[:, -1:]])


def _means(values: np.ndarray, groups: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """(r, m) means of the columns of values (n, m) over the photos of each resample.

    Sums and numbers per group are all it takes. Resamples differ in their number of photos, so
    these are ratios of two sums.
    """
    sums = np.zeros((drawn.shape[1], values.shape[1]))
    np.add.at(sums, groups, values)
    return drawn @ sums / (drawn @ np.bincount(groups))[:, None]


def _medians(values: np.ndarray, groups: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """(r, 1) medians of values (n,) over the photos of each resample."""
    order = np.argsort(values)
    ranked, group = values[order], groups[order]
    medians = []
    for counts in drawn:  # one at a time, which bounds the memory
        reached = np.cumsum(counts[group])
        total = reached[-1]
        # 0-based positions of the two middle photos of the sorted resample.
        middle = np.searchsorted(reached, [(total - 1) // 2, total // 2], side="right")
        lower, upper = ranked[middle]
        medians.append(lower if lower == upper else (lower + upper) / 2)
    return np.array(medians)[:, None]


def _clusters(truth: pd.DataFrame, column: str | None) -> np.ndarray:
    """(n,) integer group of every photo."""
    if column is None:
        return np.arange(len(truth))
    way_out = "; pass clusters=None to resample single photos"
    if column not in truth:
        raise ValueError(f"the truth table has no column {column!r}{way_out}")
    missing = truth[column].isna()
    if missing.any():
        raise ValueError(f"{column} is missing in {missing.sum()} of {len(truth)} rows{way_out}")
    codes, names = pd.factorize(truth[column])
    if len(names) < 2:
        raise ValueError(f"{len(names)} {column} cannot be resampled into an interval{way_out}")
    return codes


def _resampled_means(
    values: np.ndarray, groups: np.ndarray, replicates: int, seed: int
) -> np.ndarray:
    """(replicates, m) means of the columns of values (n, m), each over a resample of the groups."""
    return np.concatenate(
        [_means(values, groups, drawn) for drawn in _draws(groups, replicates, seed)]
    )


def _draws(groups: np.ndarray, replicates: int, seed: int) -> Iterator[np.ndarray]:
    """How often each group is drawn when g groups are drawn with replacement.

    Blocks (r, g) of the replicates, of `BLOCK` numbers, in the order of one generator.
    """
    count = groups.max() + 1
    generator, share = np.random.default_rng(seed), np.full(count, 1 / count)
    rows = max(1, BLOCK // count)
    for start in range(0, replicates, rows):
        yield generator.multinomial(count, share, min(rows, replicates - start))
