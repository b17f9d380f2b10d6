"""Other ways to choose among candidates: mean, medoid, by chance, the best possible."""

from __future__ import annotations

import numpy as np
import pandas as pd

from g3lite.evaluation import Chances
from g3lite.geo import great_circle_km, unit_vectors
from g3lite.verification import (
    COLUMNS,
    _coordinates,
    _having,
    _in_order,
    _numbers,
    _unique,
    winners,
)

# ----------------------------------------------------------------------------------------- rivals


def spherical_mean(candidates: pd.DataFrame) -> pd.DataFrame:
    """The middle of each photo's candidates on the sphere: IMG_ID, LAT_pred, LON_pred.

    The mean of the points of the unit sphere, brought back to its surface. Where they cancel out,
    as antipodes do, the middle is anywhere, and the first candidate is taken.
    """
    table, query, ids = _in_order(_having(candidates, COLUMNS))
    coordinates = _coordinates(table)
    points = unit_vectors(coordinates)
    x, y, z = (np.bincount(query, column, len(ids)) for column in points.T)
    middle = np.degrees([np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)]).T
    count = np.bincount(query, minlength=len(ids))
    nowhere = np.sqrt(x**2 + y**2 + z**2) < 1e-9 * count
    first = np.cumsum(count) - count
    return _answers(ids, np.where(nowhere[:, None], coordinates[first], middle))


def medoid(candidates: pd.DataFrame) -> pd.DataFrame:
    """Of each photo the candidate that is nearest to all its others: IMG_ID, LAT_pred, LON_pred.

    That with the smallest sum of great-circle distances; of equals the first, as in `winners`.
    """
    table, query, ids = _in_order(_having(candidates, COLUMNS))
    coordinates = _coordinates(table)
    count = np.bincount(query, minlength=len(ids))[:, None]
    column = np.arange(count.max(initial=1))
    real = column < count  # (q, c): photos have candidates of different number
    # What is missing repeats the first candidate: it adds no distance and is never preferred.
    rows = np.cumsum(count)[:, None] - count + np.where(real, column, 0)
    chosen = np.empty(len(ids), dtype=np.int64)
    block = max(1, 100_000 // len(column) ** 2)
    for start in range(0, len(ids), block):
        some = slice(start, start + block)
        points = coordinates[rows[some]]
        km = great_circle_km(points[:, :, None], points[:, None])  # (b, c, c)
        oracle = np.where(real[some, None], km, 0).sum(axis=2).argmin(axis=1)
        chosen[some] = rows[some][np.arange(len(oracle)), oracle]
    return _answers(ids, coordinates[chosen])


def errors_km(candidates: pd.DataFrame, truth: pd.DataFrame) -> np.ndarray:
    """How far off each candidate is: float64 (n,), in the order of the candidates.

    Args:
        candidates: a candidate table.
        truth: a photo table with IMG_ID, LAT and LON.
    """
    truth = _having(truth, ["IMG_ID", "LAT", "LON"], "truth")
    row = _numbers(_unique(truth["IMG_ID"]), _having(candidates, COLUMNS)["IMG_ID"], "candidates")
    return great_circle_km(_coordinates(candidates), _coordinates(truth)[row])


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
