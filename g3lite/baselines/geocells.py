"""Geolocalization as classification among geocells, as PlaNet does it (a baseline).

The Earth is cut into cells that are small where many photos were taken, and a classifier learns
which cell a photo is from (Weyand, Kostrikov and Philbin, "PlaNet - Photo Geolocation with
Convolutional Neural Networks", ECCV 2016, arXiv 1602.05314). PlaNet trains a whole network for
that; here a multinomial logistic regression reads the frozen features that all other methods read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.preprocessing import StandardScaler
from torch.nn import functional
from tqdm.auto import tqdm

from g3lite import geo

DEPTH = 14
"""Splits from a face of the cube to the smallest cell, which is about 600 m wide."""
MOST, LEAST = 50, 5
"""Photos of a cell: chosen on MiniEarth's validation set. PlaNet has 91 million, and takes 10,000
and 50."""


@dataclass(frozen=True, eq=False)
class Geocells:
    """Cells that do not overlap and hold about equally many photos, by position on the Earth.

    As Google's S2 library does, the sphere is projected on a cube, and each face is a quadtree. Two
    things differ, which concern no result: the faces are stretched by an arctangent (S2: a
    quadratic approximation of it), and children are counted in Z-order (S2: along a Hilbert curve).
    Poles and antimeridian are places like any other.

    Attributes:
        first, last: int64 (c,) codes (see `_codes`) of the first and the last smallest cell in each
            cell; ascending.
        photos: int64 (c,) training photos in each cell.
        centres: float64 (c, 2) mean on the sphere of these photos, [lat, lon] in degrees.
    """

    first: np.ndarray
    last: np.ndarray
    photos: np.ndarray
    centres: np.ndarray

    @classmethod
    def from_coordinates(
        cls, coordinates: ArrayLike, most: int = MOST, least: int = LEAST
    ) -> Geocells:
        """Split the sphere where photos are.

        A cell is split in four while it holds more than `most` photos; then cells with fewer than
        `least` are dropped, and their photos are in no cell (both as in PlaNet). Only a cell of
        the smallest size may end with more than `most`: its photos were taken at one spot.

        Args:
            coordinates: (n, 2) [lat, lon] of the training photos, in degrees.
            most: the most photos of a cell that can still be split.
            least: the fewest photos of a cell, at most `most`.

        Raises:
            ValueError: impossible coordinates or limits, or no cell with `least` photos.
        """
        coordinates = geo.check_coordinates(coordinates)
        if not 1 <= least <= most:
            raise ValueError(f"least = {least}, most = {most} photos; need 1 <= least <= most")
        codes = _codes(coordinates)
        leaves = []
        remaining = np.sort(codes)
        for depth in range(DEPTH + 1):
            width = 4 ** (DEPTH - depth)  # smallest cells in a cell of this depth
            cells, counts = np.unique(remaining // width, return_counts=True)
            full = (counts > most) & (depth < DEPTH)
            kept = cells[~full & (counts >= least)]
            leaves += [(code * width, (code + 1) * width - 1) for code in kept]
            remaining = remaining[np.repeat(full, counts)]
        if not leaves:
            raise ValueError(
                f"none of the cells of {len(coordinates)} photos holds at least {least}; "
                "lower `least` or raise `most`"
            )
        first, last = np.array(sorted(leaves)).T
        of_cell = _locate(first, last, codes)
        kept = of_cell >= 0
        centres = geo.spherical_mean(coordinates[kept], of_cell[kept], len(first))
        return cls(first, last, np.bincount(of_cell[kept]), centres)

    def __len__(self) -> int:
        return len(self.first)

    def index_of(self, coordinates: ArrayLike) -> np.ndarray:
        """The cell, int64 (n,), that holds each of (n, 2) coordinates; -1 where there is none."""
        return _locate(self.first, self.last, _codes(geo.check_coordinates(coordinates)))


def _codes(coordinates: np.ndarray) -> np.ndarray:
    """int64 (n,) code of the smallest cell of each coordinate.

    The face of the cube, then two bits per split; those of a cell are an interval.
    """
    # Rounded to 6 micrometres, so that a point has one code however its longitude is written.
    vectors = np.round(geo.unit_vectors(coordinates), 12)
    rows, axis = np.arange(len(vectors)), np.abs(vectors).argmax(axis=1)
    height = vectors[rows, axis]
    code = np.where(height > 0, axis, axis + 3)
    steps = []
    for other in (1, 2):
        # In [-1, 1]; the arctangent makes the cells of a depth nearly equal in size.
        across = np.arctan(vectors[rows, (axis + other) % 3] / np.abs(height)) * 4 / np.pi
        step = np.floor((across + 1) / 2 * 2**DEPTH).astype(np.int64)
        steps.append(np.minimum(step, 2**DEPTH - 1))
    for bit in range(DEPTH - 1, -1, -1):
        for step in steps:
            code = code << 1 | step >> bit & 1
    return code


def _locate(first: np.ndarray, last: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Which of the ascending intervals [first, last] holds each code; -1 for none."""
    before = np.searchsorted(first, codes, side="right") - 1
    return np.where((before >= 0) & (codes <= last[before]), before, -1)


@dataclass(frozen=True, eq=False)
class GeocellClassifier:
    """Softmax over geocells of a linear function of the features; made by `fit`.

    Attributes:
        cells: the c geocells.
        weight: float32 (c, d).
        bias: float32 (c,).
    """

    cells: Geocells
    weight: np.ndarray
    bias: np.ndarray

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """float32 (n, c) probability of every cell for features (n, d); rows sum to 1."""
        return torch.from_numpy(self._logits(features)).softmax(dim=1).numpy()

    def locate(self, features: np.ndarray) -> np.ndarray:
        """The centre of the most probable cell, float64 (n, 2), for features (n, d)."""
        return self.cells.centres[self._logits(features).argmax(axis=1)]

    def _logits(self, features: np.ndarray) -> np.ndarray:
        features = _check(features)
        if features.shape[1] != self.weight.shape[1]:
            raise ValueError(
                f"features of {features.shape[1]} numbers, but the classifier was trained on "
                f"{self.weight.shape[1]}; use those of the same backbone"
            )
        return features @ self.weight.T + self.bias


def fit(
    features: np.ndarray,
    coordinates: ArrayLike,
    *,
    most: int = MOST,
    least: int = LEAST,
    epochs: int = 20,
    batch_size: int = 256,
    lr: float = 3e-3,
    weight_decay: float = 0.3,
    seed: int = 0,
    progress: bool = True,
) -> GeocellClassifier:
    """Make geocells of the training photos and learn to tell them by the features.

    Cross-entropy, minimised by AdamW with a learning rate that falls to zero along half a cosine.
    Photos in no cell are left out. The defaults of `most`, `least`, `epochs`, `lr` and
    `weight_decay` were chosen on MiniEarth's validation set, with the gallery's 20,000 photos and
    256 features; choose again for other data, on a validation set. The same seed gives the same
    classifier (on one machine, with one number of threads).

    Args:
        features: float32 (n, d), one row per photo.
        coordinates: (n, 2) [lat, lon] where they were taken, in degrees.
        most, least: sizes of the cells, see `Geocells.from_coordinates`.
        epochs: how often each photo is seen.
        batch_size: photos per step.
        lr: the first learning rate.
        weight_decay: AdamW's, on the weights of standardised features; the bias has none.
        seed: of the order of the photos.
        progress: show a progress bar.

    Raises:
        ValueError: features and coordinates that do not fit each other, or see
            `Geocells.from_coordinates`.
        FloatingPointError: the loss is not finite.
    """
    features = _check(features)
    cells = Geocells.from_coordinates(coordinates, most, least)
    of_cell = cells.index_of(coordinates)
    if len(features) != len(of_cell):
        raise ValueError(
            f"{len(features)} rows of features but {len(of_cell)} coordinates; they must be rows "
            "of the same photos"
        )
    kept = of_cell >= 0
    # Unit rows of many numbers are small numbers: a step would mean something else for each width.
    scaler = StandardScaler().fit(features[kept])
    inputs = torch.from_numpy(scaler.transform(features[kept]))  # (n, d)
    target = torch.from_numpy(of_cell[kept])

    weight = torch.zeros(len(cells), inputs.shape[1], requires_grad=True)
    bias = torch.zeros(len(cells), requires_grad=True)
    optimizer = torch.optim.AdamW(
        [{"params": [weight], "weight_decay": weight_decay},
         {"params": [bias], "weight_decay": 0.0}],
        lr=lr,
    )  # fmt: skip
    steps = epochs * math.ceil(len(inputs) / batch_size)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    order = torch.Generator().manual_seed(seed)
    with tqdm(total=steps, desc="geocells", unit="step", disable=not progress) as bar:
        for _ in range(epochs):
            for rows in torch.randperm(len(inputs), generator=order).split(batch_size):
                logits = functional.linear(inputs[rows], weight, bias)
                loss = functional.cross_entropy(logits, target[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                falling.step()
                bar.update()
            bar.set_postfix(loss=f"{loss.item():.3f}")
            if not torch.isfinite(loss):
                raise FloatingPointError(f"the loss is {loss.item()}; lower the lr")
    # The standardisation becomes part of the weights; in float64, as it may cancel.
    w = weight.detach().numpy() / scaler.scale_
    b = bias.detach().numpy() - w @ scaler.mean_
    return GeocellClassifier(cells, w.astype(np.float32), b.astype(np.float32))


def _check(features: np.ndarray) -> np.ndarray:
    """The features as float32 (n, d), or what is wrong with them."""
    features = np.asarray(features, dtype=np.float32)
    if features.ndim != 2:
        raise ValueError(f"features have shape {features.shape}, expected (n, d)")
    bad = ~np.isfinite(features).all(axis=1)
    if bad.any():
        raise ValueError(f"row {bad.argmax()} of the features holds a number that is not finite")
    return features
