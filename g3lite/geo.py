"""Coordinates on the sphere: checks, distances and destinations.

Coordinates are float64 arrays of shape (n, 2), [latitude, longitude] in degrees; distances are
kilometres on a sphere of the Earth's mean radius. Against the WGS84 ellipsoid that is off by at
most 0.6 %, far below what any threshold of the task can see.
"""

from __future__ import annotations

import numpy as np
import pyproj
from numpy.typing import ArrayLike

EARTH_RADIUS_KM = 6371.0088

_SPHERE = pyproj.Geod(a=EARTH_RADIUS_KM * 1000, b=EARTH_RADIUS_KM * 1000)


def check_coordinates(coordinates: ArrayLike, *, missing_ok: bool = False) -> np.ndarray:
    """Return the coordinates as float64 (n, 2), or say which row is wrong and why.

    With `missing_ok` a row of NaN passes: it stands for "no answer".

    Raises:
        ValueError: wrong shape, not numbers, NaN or infinite, latitude outside [-90, 90] or
            longitude outside [-180, 180].
    """
    try:
        array = np.asarray(coordinates, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"coordinates must be numbers of shape (n, 2): {error}") from error
    if array.ndim != 2 or array.shape[1] != 2:
        hint = "; for one point write [[lat, lon]]" if array.shape == (2,) else ""
        raise ValueError(f"coordinates have shape {array.shape}, expected (n, 2) [lat, lon]{hint}")

    missing = np.isnan(array).all(axis=1) if missing_ok else np.zeros(len(array), dtype=bool)
    bad = ~np.isfinite(array) & ~missing[:, None]
    if bad.any():
        row, column = np.argwhere(bad)[0]
        name = ("latitude", "longitude")[column]
        hint = "" if missing_ok else "; drop the rows without a location first"
        raise ValueError(f"{name} {array[row, column]} in row {row} is not a finite number{hint}")
    for column, (name, limit) in enumerate((("latitude", 90), ("longitude", 180))):
        outside = np.abs(array[:, column]) > limit  # False for NaN
        if outside.any():
            row = np.flatnonzero(outside)[0]
            hint = "subtract or add 360 if it counts from 0 to 360"
            if column == 0:
                hint = "did you pass [lon, lat]?"
            shown = str(array[row, column]).removesuffix(".0")
            raise ValueError(f"{name} {shown} in row {row} is outside [-{limit}, {limit}]; {hint}")
    return array


def great_circle_km(a: ArrayLike, b: ArrayLike) -> np.ndarray:
    """Great-circle distance (haversine) between [lat, lon] pairs in degrees.

    The last axis holds the pair, the others broadcast as in numpy: two (n, 2) arrays give (n,)
    distances row by row; `great_circle_km(a[:, None], b)` gives the matrix of all pairs. NaN in
    gives NaN out. The values are not checked: see `check_coordinates`.
    """
    lat_a, lon_a = np.moveaxis(np.radians(np.asarray(a, dtype=np.float64)), -1, 0)
    lat_b, lon_b = np.moveaxis(np.radians(np.asarray(b, dtype=np.float64)), -1, 0)
    half_chord2 = (
        np.sin((lat_b - lat_a) / 2) ** 2
        + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    )
    # Rounding may push antipodes a hair above 1.
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(half_chord2, 1.0)))


def offset(coordinates: ArrayLike, bearing_deg: ArrayLike, km: ArrayLike) -> np.ndarray:
    """Points reached from (n, 2) coordinates by going `km` along a great circle.

    `bearing_deg` is clockwise from north; it and `km` are numbers or arrays of n. Returns (n, 2).
    """
    start = check_coordinates(coordinates)
    bearing, metres = (
        np.broadcast_to(np.asarray(value, dtype=np.float64), len(start))
        for value in (bearing_deg, np.multiply(km, 1000.0))
    )
    lon, lat, _ = _SPHERE.fwd(start[:, 1], start[:, 0], bearing, metres)
    return np.column_stack([lat, lon])


def unit_vectors(coordinates: ArrayLike) -> np.ndarray:
    """(n, 2) coordinates as (n, 3) points of the unit sphere.

    Straight-line (chord) distances between them order pairs as great circles do, with no seam at
    the antimeridian and no trouble at the poles.
    """
    lat, lon = np.radians(check_coordinates(coordinates)).T
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def spherical_mean(coordinates: ArrayLike, group: ArrayLike, groups: int) -> np.ndarray:
    """The middle of each group of coordinates on the sphere: (groups, 2) degrees.

    The mean of the points of the unit sphere, brought back to its surface. NaN where there is none:
    a group is empty, or its points cancel out, as antipodes do.

    Args:
        coordinates: (n, 2).
        group: (n,) the group of each, 0 to groups - 1.
        groups: their number.
    """
    points = unit_vectors(coordinates)  # (n, 3)
    x, y, z = (np.bincount(group, column, groups) for column in points.T)  # (groups,) each
    middle = np.degrees([np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)]).T
    count = np.bincount(group, minlength=groups)
    nowhere = np.sqrt(x**2 + y**2 + z**2) <= 1e-9 * count
    return np.where(nowhere[:, None], np.nan, middle)
