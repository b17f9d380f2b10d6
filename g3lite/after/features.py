"""What can be said of a candidate before it is chosen, as numbers.

The cosine of G3 looks at one candidate at a time, and at nothing but the photo and its coordinate.
Here a candidate also meets the others: how many agree with it, how similar the gallery photos
around it are, how many photos people take there. Nothing new is asked or searched but a few more
neighbours, so the features cost a few milliseconds per photo.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from g3lite import geo
from g3lite.evaluation import THRESHOLDS_KM
from g3lite.verification import COLUMNS, checked_coordinates, positions, require_columns, unique_ids

NEIGHBOURS = 100
"""Most similar gallery photos that features look at."""
SHARPNESS = 8.0
"""Of the neighbours' votes: one that is less similar by 1 / SHARPNESS counts 1 / e as much."""
COUNTED = 200_000
"""Photos of a gallery that a density is counted in; of a larger one every second, third, ..."""


def _by_radius(name: str) -> list[str]:
    return [f"{name} {km} km" for km in THRESHOLDS_KM]


GROUPS = {
    "score": ["score", "behind", "place"],
    "likeness": _by_radius("likeness"),
    "votes": _by_radius("votes"),
    "replies": _by_radius("replies"),
    "retrieved": _by_radius("retrieved"),
    "density": _by_radius("density"),
    "origin": ["reply", "references", "sample"],
    "photo": ["best score", "best likeness"],
}
"""The features by what they look at.

score: the cosine; how far it is behind the photo's best; its place among the photo's candidates, 0
for the best, 1 for the last.
likeness: how far the most similar photo within a radius of the candidate is behind the photo's
most similar one; where no neighbour is so near, behind by as much as the last of them.
votes: the share of all neighbours within the radius, each weighted by its similarity.
replies, retrieved: the shares of the photo's other candidates of either origin within the radius.
density: log(1 + gallery photos within the radius).
origin: 1 for a reply; the references in its prompt; its number, or the rank of a retrieved one.
photo: the highest cosine, and the similarity of the most similar photo: the same for all
candidates of a photo.
"""
FEATURES = [name for names in GROUPS.values() for name in names]
_COSINES = np.cos(np.array(THRESHOLDS_KM) / geo.EARTH_RADIUS_KM)
_SLACK = 1e-9  # a cosine of 1 may round down, and a place is within every radius of itself


class Density:
    """How many photos of a gallery were taken around places.

    Args:
        gallery: (g, 2) where its photos were taken.
    """

    def __init__(self, gallery: ArrayLike) -> None:
        gallery = np.asarray(gallery, dtype=np.float64)
        self.step = -(-len(gallery) // COUNTED)
        self.tree = cKDTree(geo.unit_vectors(gallery[:: self.step]))

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """(n, 5): log(1 + photos within each radius of the unit vectors (n, 3))."""
        chords = 2 * np.sin(np.array(THRESHOLDS_KM) / geo.EARTH_RADIUS_KM / 2)
        counts = [self.tree.query_ball_point(points, chord, return_length=True) for chord in chords]
        return np.log1p(self.step * np.column_stack(counts))


def features(
    scored: pd.DataFrame,
    ids: Sequence[str],
    similarity: np.ndarray,
    neighbours: np.ndarray,
    density: Density,
) -> np.ndarray:
    """The features of every candidate.

    Args:
        scored: n candidates of q photos, as `Verifier.score` returns them.
        ids: q IMG_IDs.
        similarity: (q, k) of the most similar photos to each, the most similar first.
        neighbours: (q, k, 2) where these were taken, NaN for none.
        density: of the gallery.

    Returns:
        float32 (n, features), in the order of the table; the columns are `FEATURES`.
    """
    ids = unique_ids(ids)
    if similarity.shape != neighbours.shape[:2] or len(similarity) != len(ids):
        raise ValueError(
            f"similarities {similarity.shape} and places {neighbours.shape} of the neighbours of "
            f"{len(ids)} photos"
        )
    photo = positions(ids, require_columns(scored, [*COLUMNS, "score"])["IMG_ID"], "candidates")
    points = geo.unit_vectors(checked_coordinates(scored))
    score = scored["score"].to_numpy(dtype=np.float64)
    reply = scored["origin"].to_numpy() == "reply"
    own = np.column_stack(
        [
            density(points),
            reply,
            scored["references"].to_numpy(dtype=np.float64, na_value=-1),
            scored["sample"].to_numpy(dtype=np.float64),
        ]
    )
    table = np.empty((len(scored), len(FEATURES)), dtype=np.float32)
    order = np.argsort(photo, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(photo[order])) + 1):
        if not len(rows):
            continue
        found = np.isfinite(neighbours[photo[rows[0]]]).all(axis=1)
        similar = similarity[photo[rows[0]], found].astype(np.float64)
        around = geo.unit_vectors(neighbours[photo[rows[0]], found])
        table[rows] = np.column_stack(
            [
                _of_scores(score[rows]),
                _of_neighbours(_within(points[rows], around), similar),
                _of_others(_within(points[rows], points[rows]), reply[rows]),
                own[rows],
                np.full(len(rows), score[rows].max()),
                np.full(len(rows), similar.max(initial=-1)),
            ]
        )
    return table


def _within(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Which of the points b (m, 3) lie within each radius of the points a (c, 3): (c, m, 5)."""
    return (a @ b.T)[:, :, None] >= _COSINES - _SLACK


def _of_scores(score: np.ndarray) -> np.ndarray:
    """(c, 3): the score, how far it is behind, and its place."""
    place = (score[:, None] < score).sum(axis=1) / max(1, len(score) - 1)
    return np.column_stack([score, score.max() - score, place])


def _of_neighbours(near: np.ndarray, similar: np.ndarray) -> np.ndarray:
    """(c, 10): likeness and votes; near (c, k, 5) says which of the k neighbours are."""
    if not len(similar):
        return np.zeros((len(near), 2 * len(THRESHOLDS_KM)))
    behind = similar.max() - similar
    likeness = np.where(near, behind[:, None], behind.max()).min(axis=1)
    weight = np.exp(-SHARPNESS * behind)
    votes = np.einsum("ckr,k->cr", near, weight / weight.sum())
    return np.column_stack([likeness, votes])


def _of_others(near: np.ndarray, reply: np.ndarray) -> np.ndarray:
    """(c, 10): shares of the other replies, and of the other retrieved places, that are near."""
    near = near & ~np.eye(len(near), dtype=bool)[:, :, None]
    shares = []
    for kind in (reply, ~reply):
        others = np.maximum(1, kind.sum() - kind)[:, None]  # of this kind, without itself
        shares.append(near[:, kind].sum(axis=1) / others)
    return np.column_stack(shares)
