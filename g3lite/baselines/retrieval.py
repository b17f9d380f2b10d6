"""Baselines without a language model: a constant, kNN and [L]kNN."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from g3lite import geo
from g3lite.evaluation import THRESHOLDS_KM
from g3lite.index import neighbours


def constant(train_coordinates: ArrayLike) -> np.ndarray:
    """The best constant answer, looked up on the training photos only.

    What is best depends on the radius (a busy square at 1 km, central Europe at 2500 km), so the
    answer is one location per threshold: the training location with the most training photos
    within that distance. Its row in a table is therefore no single guess, but the best of five.
    All pairs are compared: 1 s for 20,000 locations; of millions, pass a random sample.

    Returns:
        float64 (1, 5, 2): valid for every query, as `error_km` takes it.
    """
    points = geo.check_coordinates(train_coordinates)
    if not len(points):
        raise ValueError("no training coordinates to choose a constant from")
    vectors = geo.unit_vectors(points)
    cosines = np.cos(np.array(THRESHOLDS_KM) / geo.EARTH_RADIUS_KM)
    counts = np.empty((len(points), len(cosines)), dtype=np.int64)
    for start in range(0, len(points), 32):  # blocks that stay in the processor's cache
        closeness = vectors[start : start + 32] @ vectors.T
        for column, cosine in enumerate(cosines):
            counts[start : start + 32, column] = np.count_nonzero(closeness >= cosine, axis=1)
    return points[counts.argmax(axis=0)][None]


def nearest_neighbour(
    queries: np.ndarray, gallery: np.ndarray, coordinates: ArrayLike
) -> np.ndarray:
    """The location of the most similar gallery photo: (q, 2). Arguments as for `lknn`."""
    coordinates = _gallery_coordinates(gallery, coordinates)
    return coordinates[neighbours(queries, gallery, 1)[1][:, 0]]


def lknn(
    queries: np.ndarray,
    gallery: np.ndarray,
    coordinates: ArrayLike,
    *,
    k: int = 100,
    sigma: float = 4.0,
    m: float = 10.0,
    snap_km: float = 100.0,
) -> np.ndarray:
    """[L]kNN: the densest spot among the nearest neighbours (Vo, Jacobs and Hays, ICCV 2017).

    The k most similar photos vote with weight (1 / d)^m, d being the squared Euclidean distance
    of the unit vectors, 2 - 2 cos. Each vote spreads as a Gaussian of bandwidth `sigma` degrees
    (4 degrees = 445 km) over the Earth; the peak of the sum is looked for at the neighbours'
    locations, and the answer is the location of the most similar neighbour within `snap_km` of
    the peak (0 answers the peak itself). k is cut to the size of the gallery.

    Votes, bandwidth, k = 100, m = 10 and the last step are those of the authors' released code.
    It differs in the grid: it sums on squares of latitude and longitude (1, then 0.1 degrees),
    which narrows the kernel towards the poles and cuts it at the antimeridian. Here the bandwidth
    is an arc on the sphere and there is no grid.

    Args:
        queries, gallery: float32 (q, d) and (g, d), L2-normalised rows.
        coordinates: (g, 2) locations of the gallery rows.

    Returns:
        float64 (q, 2), each row the location of a gallery photo.
    """
    coordinates = _gallery_coordinates(gallery, coordinates)
    if not sigma > 0:
        raise ValueError(f"sigma = {sigma} degrees; for sigma towards 0 use nearest_neighbour")
    similarity, rows = neighbours(queries, gallery, min(k, len(gallery)))
    # Scaled by the nearest one's distance, so that the powers neither overflow nor vanish.
    distance = np.maximum(2 - 2 * similarity.astype(np.float64), 1e-6)
    votes = (distance[:, :1] / distance) ** m

    vectors = geo.unit_vectors(coordinates)
    answers = np.empty(len(rows), dtype=np.int64)
    block = max(1, 4_000_000 // rows.shape[1] ** 2)
    for start in range(0, len(rows), block):
        here = slice(start, start + block)
        near = vectors[rows[here]]
        arc = np.arccos(np.clip(near @ near.transpose(0, 2, 1), -1, 1))  # (b, k, k) radians
        kernel = np.exp(-0.5 * (arc / np.radians(sigma)) ** 2)
        peak = (kernel @ votes[here][:, :, None])[:, :, 0].argmax(axis=1)
        around = arc[np.arange(len(peak)), peak] <= snap_km / geo.EARTH_RADIUS_KM
        chosen = around.argmax(axis=1) if snap_km > 0 else peak
        answers[here] = rows[here][np.arange(len(peak)), chosen]
    return coordinates[answers]


def _gallery_coordinates(gallery: np.ndarray, coordinates: ArrayLike) -> np.ndarray:
    coordinates = geo.check_coordinates(coordinates)
    if len(coordinates) != len(gallery):
        raise ValueError(
            f"{len(gallery)} gallery vectors but {len(coordinates)} coordinates; they must be "
            "rows of the same photos"
        )
    return coordinates
