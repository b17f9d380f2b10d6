"""What MiniLMM is asked: to recall a place, and to choose among the places that it is told.

An LMM reads; a small model that may recall instead will do that. So most prompts tell of a world
that nobody knows: the whole globe is turned, or one town stands elsewhere, or the places are random
and only their pattern says which is meant. All coordinates are float64 (..., 2) in degrees.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from g3lite.geo import great_circle_km, offset, unit_vectors

NEAR_KM = 25.0
"""A reference so near to the truth is the right answer; where none is, the truth is."""
TOWN_KM = 100.0
"""References so near to the truth are of its town."""
MOVED_DEGREES = (0.1, 10.0)
"""How far a town is moved, at least and at most."""
MIDDLE_KM, TOGETHER_KM, CROWD_KM = (100.0, 1000.0), (3.0, 200.0), (3.0, 1000.0)
"""How far four places lie around their middle, two beside each other, and many about a centre."""

PATTERNS = {"twice": 2, "together": 2, "middle": 5}
"""What `pattern` makes, and how many places it needs."""
RUN = [NEAR_KM, TOWN_KM, MOVED_DEGREES, MIDDLE_KM, TOGETHER_KM, CROWD_KM, PATTERNS]


def nearest(places: np.ndarray, similar: np.ndarray, within: float) -> np.ndarray:
    """Of each row's references (n, k, 2) the one nearest to its place (n, 2), if within so many km;
    else the place."""
    if not similar.shape[1]:
        return places
    km = great_circle_km(similar, places[:, None])
    best = km.argmin(axis=1)
    rows = np.arange(len(places))
    return np.where((km[rows, best] <= within)[:, None], similar[rows, best], places)


def turned(rng: np.random.Generator, coordinates: np.ndarray) -> np.ndarray:
    """Coordinates (n, k, 2) on n globes, each turned at random."""
    points = unit_vectors(coordinates.reshape(-1, 2)).reshape(*coordinates.shape[:2], 3)
    turns = Rotation.random(len(coordinates), random_state=rng).as_matrix()  # (n, 3, 3)
    return _degrees(points @ turns.swapaxes(1, 2))


def moved_town(
    rng: np.random.Generator, places: np.ndarray, *lists: np.ndarray
) -> tuple[np.ndarray, ...]:
    """The places (n, 2) and their lists (n, k, 2), with each town somewhere else nearby.

    So it is with a town of which no photo was ever learnt: the picture tells the country, and only
    the references tell the town.
    """
    far = _log_uniform(rng, MOVED_DEGREES, len(places))
    angle = rng.uniform(0, 2 * np.pi, len(places))
    by = (far * np.array([np.cos(angle), np.sin(angle)])).T[:, None]
    return _moved(places[:, None], by)[:, 0], *(
        np.where(
            (great_circle_km(some, places[:, None]) <= TOWN_KM)[..., None], _moved(some, by), some
        )
        for some in lists
    )


def _moved(coordinates: np.ndarray, by: np.ndarray) -> np.ndarray:
    lat, lon = np.moveaxis(coordinates + by, -1, 0)
    return np.stack([lat.clip(-90, 90), (lon + 180) % 360 - 180], axis=-1)


def anywhere(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    """Places spread evenly over the globe, (n, k, 2)."""
    return _degrees(Rotation.random(n * k, random_state=rng).as_matrix()[..., 0]).reshape(n, k, 2)


def crowded(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    """Places anywhere, half of them near one of a few others, (n, k, 2)."""
    places, centres = anywhere(rng, n, k), anywhere(rng, n, max(1, k // 3))
    which = rng.integers(centres.shape[1], size=(n, k, 1))
    near = scattered(rng, np.take_along_axis(centres, which, axis=1), CROWD_KM)
    return np.where(rng.random((n, k, 1)) < 0.5, near, places)


def scattered(rng: np.random.Generator, places: np.ndarray, km: tuple[float, float]) -> np.ndarray:
    """Each of the places (n, k, 2), moved by so many km at least and at most."""
    flat = places.reshape(-1, 2)
    bearing = rng.uniform(0, 360, len(flat))
    return offset(flat, bearing, _log_uniform(rng, km, len(flat))).reshape(places.shape)


def pattern(rng: np.random.Generator, kind: str, n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Lists of places anywhere, and the places of theirs whose pattern they hold.

    Args:
        rng: the chance.
        kind: "twice", one place is named twice; "together", two are near each other, and the one
            named first is meant; "middle", one lies amid four others.
        n: lists.
        k: places of each, at least 2; 5 for a middle.

    Returns:
        (n, k, 2), and those meant, (n, 2).
    """
    places = anywhere(rng, n, k)
    meant = places[:, 0].copy()
    bearing = rng.uniform(0, 360, n)
    if kind == "twice":
        places[:, 1] = meant
    elif kind == "together":
        places[:, 1] = offset(meant, bearing, _log_uniform(rng, TOGETHER_KM, n))
    else:
        km = _log_uniform(rng, MIDDLE_KM, n)
        for side in range(4):
            wobble = rng.uniform(-20, 20, n)
            places[:, 1 + side] = offset(
                meant, bearing + 90 * side + wobble, km * rng.uniform(0.7, 1.3, n)
            )
    order = rng.permuted(np.tile(np.arange(k), (n, 1)), axis=1)
    if kind == "together":
        second_first = (order == 1).argmax(axis=1) < (order == 0).argmax(axis=1)
        meant[second_first] = places[second_first, 1]
    return np.take_along_axis(places, order[..., None], axis=1), meant


def _log_uniform(rng: np.random.Generator, ends: tuple[float, float], n: int) -> np.ndarray:
    return 10 ** rng.uniform(*np.log10(ends), n)


def _degrees(points: np.ndarray) -> np.ndarray:
    """The points (..., 3) of the unit sphere as coordinates (..., 2)."""
    x, y, z = np.moveaxis(points, -1, 0)
    return np.degrees(np.stack([np.arcsin(z.clip(-1, 1)), np.arctan2(y, x)], axis=-1))
