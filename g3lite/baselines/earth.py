"""What a location encoder knows of the Earth: its vectors as colours, and as cosines by distance.

    figures.coloured_earths({"GeoCLIP": earth.geoclip().colours, "ours": earth.colours(vectors)})

GeoCLIP's is shipped as a small picture and a table (`data/geoclip`), for its weights are a
download; any other is computed here, in seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from PIL import Image

from g3lite import geo
from g3lite.paths import shipped

STEP = 2.0
"""Degrees of a cell."""
POINTS = 2
"""A cell is the mean of so many points in each direction: less of its fine grain."""
DISTANCES_KM = (1, 25, 200, 750, 2500)
Embed = Callable[[np.ndarray], np.ndarray]
"""Coordinates (n, 2) in degrees -> unit rows (n, d)."""


class Earth(NamedTuple):
    """Colours uint8 (h, w, 3), south to north and west to east; and cosines, see `cosines`."""

    colours: np.ndarray
    cosines: pd.DataFrame


def cells(embed: Embed, step: float = STEP, points: int = POINTS) -> np.ndarray:
    """The mean vector of each cell of a grid over the Earth: (h, w, d), south to north.

    Raises:
        ValueError: the step does not divide 180 degrees.
    """
    h = round(180 / step) if 0 < step <= 180 else 0
    if abs(h * step - 180) > 1e-9 or not h:
        raise ValueError(f"step {step} does not divide 180 degrees")
    fine = step / points
    lat = -90 + fine * (np.arange(h * points) + 0.5)
    lon = -180 + fine * (np.arange(2 * h * points) + 0.5)
    grid = np.stack(np.meshgrid(lat, lon, indexing="ij"), axis=-1).reshape(-1, 2)
    return embed(grid).reshape(h, points, 2 * h, points, -1).mean(axis=(1, 3))


def colours(vectors: np.ndarray) -> np.ndarray:
    """Vectors (h, w, d) of the cells of a grid as colours: uint8 (h, w, 3).

    Red, green and blue are the three principal components, by area; each from its 2nd to its 98th
    percentile. Like colours are near vectors, as far as three of d numbers can say.
    """
    h, w, d = vectors.shape
    area = np.cos(np.radians(-90 + 180 / h * (np.arange(h) + 0.5))).repeat(w)
    rows = vectors.reshape(-1, d).astype(np.float64)
    rows = rows - np.average(rows, axis=0, weights=area)
    _, directions = np.linalg.eigh((rows * area[:, None]).T @ rows)  # the largest come last
    main = directions[:, :-4:-1]
    main = main * np.sign(main[np.abs(main).argmax(axis=0), np.arange(main.shape[1])])
    parts = rows @ main
    low, high = np.percentile(parts, [2, 98], axis=0)
    scaled = np.clip((parts - low) / np.maximum(high - low, 1e-12), 0, 1)
    return np.rint(255 * scaled).astype(np.uint8).reshape(h, w, -1)


def cosines(embed: Embed, places: ArrayLike, n: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Mean cosine of the vectors of two points, by their distance; and where maps are cut.

    Args:
        embed: the location encoder.
        places: (g, 2) where one of the two points lies: n of these, drawn with the seed. The other
            is as far away as the row says, in a random direction.
        n: pairs.
        seed: of the draw.

    Returns:
        Rows pair, km, cosine, error (of the mean): "anywhere" at each of `DISTANCES_KM`; 1 km
        "across 180 degrees", at latitudes of the places; and 2 km "across the North Pole".
    """
    rng = np.random.default_rng(seed)
    known = geo.check_coordinates(places)
    start = known[rng.choice(len(known), n, replace=n > len(known))]
    lat, lon = start.T
    pairs = [
        ("anywhere", km, start, geo.offset(start, rng.uniform(0, 360, n), km))
        for km in DISTANCES_KM
    ]
    half = np.degrees(0.5 / geo.EARTH_RADIUS_KM) / np.cos(np.radians(np.clip(lat, -89, 89)))
    pairs.append(
        ("across 180 degrees", 1, np.column_stack([lat, 180 - half]),
         np.column_stack([lat, half - 180]))
    )  # fmt: skip
    near_pole = np.full(n, 90 - np.degrees(1 / geo.EARTH_RADIUS_KM))
    west = -np.abs(lon)
    pairs.append(
        ("across the North Pole", 2, np.column_stack([near_pole, west]),
         np.column_stack([near_pole, west + 180]))
    )  # fmt: skip
    rows = []
    for name, km, one, other in pairs:
        values = np.einsum("nd,nd->n", embed(one), embed(other)).astype(float)
        rows.append((name, km, values.mean(), values.std() / np.sqrt(n)))
    return pd.DataFrame(rows, columns=["pair", "km", "cosine", "error"])


def geoclip() -> Earth:
    """GeoCLIP's, from the data that is shipped."""
    with Image.open(shipped("geoclip/earth.png")) as image:
        picture = np.asarray(image.convert("RGB"))[::-1]  # a picture begins in the north
    return Earth(picture, pd.read_csv(shipped("geoclip/cosines.csv")))
