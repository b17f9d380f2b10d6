"""Other ways to choose among candidates: mean, medoid, by chance, the best possible."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from g3lite import geo
from g3lite.evaluation import Chances
from g3lite.geo import great_circle_km
from g3lite.verification import (
    COLUMNS,
    checked_coordinates,
    in_tie_order,
    positions,
    require_columns,
    unique_ids,
    winners,
)


def spherical_mean(candidates: pd.DataFrame) -> pd.DataFrame:
    """The middle of each photo's candidates on the sphere: IMG_ID, LAT_pred, LON_pred.

    The mean of the points of the unit sphere, brought back to its surface. Where they cancel out,
    as antipodes do, the middle is anywhere, and the first candidate is taken.
    """
    table, query, ids = in_tie_order(require_columns(candidates, COLUMNS))
    coordinates = checked_coordinates(table)
    middle = geo.spherical_mean(coordinates, query, len(ids))
    count = np.bincount(query, minlength=len(ids))
    first = np.cumsum(count) - count
    return _answers(ids, np.where(np.isnan(middle), coordinates[first], middle))


def medoid(candidates: pd.DataFrame) -> pd.DataFrame:
    """Of each photo the candidate that is nearest to all its others: IMG_ID, LAT_pred, LON_pred.

    That with the smallest sum of great-circle distances; of equals the first, as in `winners`.
    """
    table, query, ids = in_tie_order(require_columns(candidates, COLUMNS))
    coordinates = checked_coordinates(table)
    count = np.bincount(query, minlength=len(ids))[:, None]
    column = np.arange(count.max(initial=1))
    real = column < count  # (q, c): photos have candidates of different number
    # What is missing repeats the first candidate: it adds no distance and is never preferred.
    rows = np.cumsum(count)[:, None] - count + np.where(real, column, 0)
    chosen = np.empty(len(ids), dtype=np.int64)
    block = max(1, 100_000 // len(column) ** 2)
    for start in range(0, len(ids), block):
        rows_here = slice(start, start + block)
        points = coordinates[rows[rows_here]]
        km = great_circle_km(points[:, :, None], points[:, None])  # (b, c, c)
        central = np.where(real[rows_here, None], km, 0).sum(axis=2).argmin(axis=1)  # (b,)
        chosen[rows_here] = rows[rows_here][np.arange(len(central)), central]
    return _answers(ids, coordinates[chosen])


def medoids(places: ArrayLike) -> np.ndarray:
    """Of q times k places, (q, k, 2), the one that is nearest to its k - 1 others: (q, 2).

    As `medoid`, for places that are no candidates, such as those of the k most similar photos.
    """
    places = np.asarray(places, dtype=np.float64)
    km = great_circle_km(places[:, :, None], places[:, None])  # (q, k, k)
    return places[np.arange(len(places)), km.sum(axis=2).argmin(axis=1)]


def errors_km(candidates: pd.DataFrame, truth: pd.DataFrame) -> np.ndarray:
    """How far off each candidate is: float64 (n,), in the order of the candidates.

    Args:
        candidates: a candidate table.
        truth: a photo table with IMG_ID, LAT and LON.
    """
    truth = require_columns(truth, ["IMG_ID", "LAT", "LON"], "truth")
    row = positions(
        unique_ids(truth["IMG_ID"]), require_columns(candidates, COLUMNS)["IMG_ID"], "candidates"
    )
    return great_circle_km(checked_coordinates(candidates), checked_coordinates(truth)[row])


def random_candidate(candidates: pd.DataFrame, truth: pd.DataFrame) -> Chances:
    """What a candidate is worth that is drawn blindly: the paper's ablation without verification.

    Args:
        candidates: a candidate table.
        truth: a photo table with IMG_ID, LAT and LON, in the order of which the chances are.
    """
    errors = errors_km(candidates, truth)
    photo = pd.Index(truth["IMG_ID"]).get_indexer(candidates["IMG_ID"])
    return Chances.from_errors(errors, photo, len(truth))


def oracle(candidates: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Of each photo the candidate nearest to the truth: IMG_ID, LAT_pred, LON_pred.

    No method, for it looks at the answer: the ceiling of what verification can reach.
    """
    scored = candidates.assign(score=-errors_km(candidates, truth))
    return winners(scored)[["IMG_ID", "LAT_pred", "LON_pred"]]


def _answers(ids: pd.Index, coordinates: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {"IMG_ID": ids, "LAT_pred": coordinates[:, 0], "LON_pred": coordinates[:, 1]}
    )
