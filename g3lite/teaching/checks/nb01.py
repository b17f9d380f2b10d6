"""Checks of the exercises of notebook 01."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from g3lite import evaluation, geo
from g3lite.teaching.checks.check import diagnose, exercise, generator


@exercise(
    start="complete share_within, then pass it to the check",
    right="Every photo counts, answered or not, and the Earth is round.",
)
def check_01_1(share_within: Callable[[np.ndarray, np.ndarray, float], float]) -> str | None:
    """Check the share of all photos that a method puts within km of the truth."""
    rng = generator(1)
    truth = np.column_stack([rng.uniform(-75, 75, 600), rng.uniform(-180, 180, 600)])
    truth[:60] = rng.uniform(-0.1, 0.1, (60, 2))  # the sea off Ghana, where (0, 0) lies
    # Off every threshold by so much that the answer is the same on the ellipsoid.
    off_km = rng.choice([0.3, 1.3, 10, 33, 100, 280, 500, 1000, 1500, 3500, 8000], 600)
    predictions = geo.offset(truth, rng.uniform(0, 360, 600), off_km)
    predictions[::4] = np.nan

    def shares(km: np.ndarray) -> list[float]:
        return [float(np.mean(km <= radius)) for radius in evaluation.THRESHOLDS_KM]

    km = geo.great_circle_km(predictions, truth)
    mistakes = {
        "photos without an answer have left the denominator, so a method that answers only the "
        "easy ones looks good; divide by the number of photos in truth": shares(km[~np.isnan(km)]),
        "photos without an answer were put at (0, 0); that is a place too, off Ghana, and photos "
        "from there now count as right": shares(
            geo.great_circle_km(np.nan_to_num(predictions), truth)
        ),
        "latitude and longitude are swapped: the first column is the latitude": shares(
            geo.great_circle_km(predictions[:, ::-1], truth[:, ::-1])
        ),
        "sine and cosine want radians; use np.radians first": shares(
            geo.great_circle_km(np.degrees(predictions), np.degrees(truth))
        ),
        "that is a flat map: away from the equator a degree of longitude is shorter than one of "
        "latitude": shares(111.195 * np.hypot(*(predictions - truth).T)),
        "that is the share of photos further away than km": [1 - share for share in shares(km)],
    }
    given = [share_within(predictions.copy(), truth, radius) for radius in evaluation.THRESHOLDS_KM]
    cases = [f"within {radius} km" for radius in evaluation.THRESHOLDS_KM]
    return diagnose(given, shares(km), mistakes, cases)


@exercise(
    start="complete best_of, then pass it to the check",
    right="That is the ceiling for any method that picks one of its k candidates.",
)
def check_01_2(best_of: Callable[[np.ndarray, int, float], float]) -> str | None:
    """Check the share of queries with a neighbour within km among the first k."""
    distances = 20_000 ** generator(2).random((400, 20)) ** 0.45
    pairs = [(1, 25), (5, 25), (5, 750), (10, 200)]

    def every(measure: Callable[[int, float], Any]) -> list[float]:
        return [float(measure(k, km)) for k, km in pairs]

    right = every(lambda k, km: (distances[:, :k] <= km).any(axis=1).mean())
    mistakes = {
        "that is the share of neighbours that are near; one near neighbour is enough for a query, "
        "so ask any(axis=1) first": every(lambda k, km: (distances[:, :k] <= km).mean()),
        "that asks all of the k neighbours to be near; one is enough": every(
            lambda k, km: (distances[:, :k] <= km).all(axis=1).mean()
        ),
        "that looks at the k-th neighbour alone, not at the first k": every(
            lambda k, km: (distances[:, k - 1] <= km).mean()
        ),
        "that looks at all neighbours; keep the first k columns only": every(
            lambda k, km: (distances <= km).any(axis=1).mean()
        ),
        "that looks at the first neighbour only, whatever k is": every(
            lambda k, km: (distances[:, 0] <= km).mean()
        ),
        "one column too many: distances[:, :k] holds exactly the first k": every(
            lambda k, km: (distances[:, : k + 1] <= km).any(axis=1).mean()
        ),
        "one column too few: distances[:, :k] holds exactly the first k": every(
            lambda k, km: (distances[:, : k - 1] <= km).any(axis=1).mean()
        ),
        "that compares the mean distance of the k neighbours; ask for the nearest of them": every(
            lambda k, km: (distances[:, :k].mean(axis=1) <= km).mean()
        ),
        "that goes down the columns; queries are the rows, so the axis is 1": every(
            lambda k, km: (distances[:, :k] <= km).any(axis=0).mean()
        ),
    }
    given = [best_of(distances.copy(), k, km) for k, km in pairs]
    cases = [f"for k = {k} within {km} km" for k, km in pairs]
    return diagnose(given, right, mistakes, cases)


@exercise(
    start="complete interval, then pass it to the check",
    right="Photographers are the independent draws, so they are what is drawn again.",
)
def check_01_3(
    interval: Callable[[np.ndarray, np.ndarray, int], tuple[float, float]],
) -> str | None:
    """Check a 95 % percentile interval of a share, by a bootstrap over photographers."""
    rng = generator(3)
    photos = np.repeat([2, 4, 8, 60], [24, 16, 12, 8])  # of each of 60 photographers
    skill = rng.beta(0.4, 0.6, 60) * np.where(photos == 60, 0.5, 1.0)
    authors = np.repeat([f"author {i}" for i in range(60)], photos)
    hits = (rng.random(len(authors)) < np.repeat(skill, photos)).astype(float)
    shuffled = rng.permutation(len(authors))
    authors, hits = authors[shuffled], hits[shuffled]

    given = interval(hits.copy(), authors.copy(), 4000)
    if given is None:
        return "your function returns nothing yet; let it end with return low, high"
    if np.shape(given) != (2,):
        return f"return two numbers, low and high; yours has shape {np.shape(given)}"
    low, high = (float(end) for end in given)
    share = hits.mean()
    if not np.isfinite([low, high]).all():
        return f"[{low}, {high}] is not a pair of numbers; did a resample hold no photo?"
    if high > 1:
        return f"[{low:g}, {high:g}] are no shares; hits are 0 or 1, so a share is their mean"
    if low > high:
        return "the lower end comes first"
    _, right_low, right_high = np.ravel(
        evaluation.share_curve(
            np.where(hits, 0, np.inf), pd.DataFrame({"AUTHOR": authors}), [1], replicates=20_000
        )
    )
    right_width = right_high - right_low
    # 4,000 resamples leave a scatter of 0.01 in each end; 90 % for 95 % would move it by 0.08.
    if max(abs(low - right_low), abs(high - right_high)) <= 0.05 * right_width:
        return None
    means = pd.Series(hits).groupby(authors).mean()
    if abs((low + high) / 2 - means.mean()) < 0.15 * right_width:
        return (
            "that averages the photographers' averages; someone with 60 photos should weigh 30 "
            "times as much as someone with 2: pool the photos that were drawn, then take the mean"
        )
    if not low < share < high:
        return (
            f"the share, {share:.3f}, is not in [{low:.3f}, {high:.3f}]; np.percentile wants "
            "2.5 and 97.5, np.quantile 0.025 and 0.975"
        )
    naive_width = 2 * 1.96 * np.sqrt(share * (1 - share) / len(hits))
    if abs((high - low) / naive_width - 1) < 0.1:
        return (
            "that resamples single photos. A photographer's photos are alike, so draw "
            "photographers, and take all photos of each one drawn"
        )
    if high - low < right_width:
        return (
            f"[{low:.3f}, {high:.3f}] is {(high - low) / right_width:.0%} as wide as it should be. "
            "Draw as many photographers as there are, with replacement; one who is drawn twice "
            "counts twice; and cut off 2.5 % at each end"
        )
    return (
        f"[{low:.3f}, {high:.3f}] is {(high - low) / right_width:.0%} as wide as it should be. "
        "Draw as many photographers as there are, and cut off 2.5 % at each end"
    )
