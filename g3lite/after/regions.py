"""A distribution over the Earth for each photo, and the region that it vouches for.

Every candidate becomes a hill of probability, a sum of kernels of several widths on the sphere. How
much of the whole a candidate holds, and how wide its hill is, follows from what speaks for it: the
judge's score, the cosine, and whether it is a reply (`evidence`). What no candidate holds is spread
over the places where photos are taken at all (`Background`). `Kernels` learns the few numbers
behind this from photos of known places.

A distribution may be too sure of itself. So a region is not the smallest one that holds 90 % of the
*probability*, but the smallest one whose share of probability was enough to hold the *truth* for
90 % of other photos: conformal prediction (`conformal_share`). This promise needs no true model,
but it needs photos of the same kind; elsewhere it breaks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional

from g3lite import geo

WIDTHS_KM = (2.0, 20.0, 150.0, 800.0)
"""Of the kernels before they have learned."""
NARROWEST_KM = 0.5
RADII_KM = (25, 200, 750)
"""Within which the probability is told."""
COVERAGE = 0.9
POINTS = 600
"""Points that stand for all kernels together, each kernel by at least one."""
SPOTS = 500
"""Gallery photos that stand for the background."""
BLUR_KM = 200.0
"""Width of the background's kernels."""
ANYWHERE = 0.01
"""Share of the background that is spread evenly over the whole Earth."""
EARTH_KM2 = 4 * math.pi * geo.EARTH_RADIUS_KM**2
_FAR = 50  # beyond this many squared widths, halved, a kernel has 1e-22 of its height
_GOLDEN = 180 * (3 - math.sqrt(5))  # degrees between the points of a sunflower

# ------------------------------------------------------------------------------------- the sphere


def log_kernel(gap: Tensor, width_km: Tensor) -> Tensor:
    """Log density per km² of the normal distribution of the sphere (von Mises-Fisher).

    Args:
        gap: 1 - cos(angle) to its middle.
        width_km: its standard deviation along any direction, if it is small beside the Earth.
    """
    concentration = (geo.EARTH_RADIUS_KM / width_km) ** 2
    whole = 2 * math.pi * geo.EARTH_RADIUS_KM**2 * -torch.expm1(-2 * concentration)
    return concentration.log() - whole.log() - concentration * gap


def kernel_points(centres: np.ndarray, widths_km: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Points that stand for kernels, all of a kernel with equal shares: (sum of number, 2).

    Those of a kernel lie on a spiral, at the radii that hold 1/2, 3/2, 5/2, ... shares of it.

    Args:
        centres: (k, 2).
        widths_km: (k,).
        number: (k,) of points of each kernel.
    """
    first = np.repeat(np.cumsum(number) - number, number)
    inside = (np.arange(len(first)) - first + 0.5) / np.repeat(number, number)
    concentration = np.repeat((geo.EARTH_RADIUS_KM / widths_km) ** 2, number)
    gap = -np.log1p(inside * np.expm1(-2 * concentration)) / concentration
    km = 2 * geo.EARTH_RADIUS_KM * np.arcsin(np.sqrt(gap / 2))
    bearing = np.arange(len(first)) * _GOLDEN % 360
    return geo.offset(np.repeat(centres, number, axis=0), bearing, km)


@dataclass(frozen=True, eq=False)
class Background:
    """Where photos are taken at all.

    Attributes:
        spots: (b, 2), points that stand for it.
        mass: (b,) their shares.
        grid: (180, 360) density per km² in each cell of a degree, from the South Pole and the
            antimeridian.
    """

    spots: np.ndarray
    mass: np.ndarray
    grid: np.ndarray

    @classmethod
    def from_gallery(cls, coordinates: ArrayLike) -> Background:
        """That of a gallery's photos (g, 2)."""
        coordinates = np.asarray(coordinates, dtype=np.float64)
        step = max(1, len(coordinates) // SPOTS)
        middles = coordinates[::step]
        lat, lon = np.meshgrid(np.arange(-89.5, 90), np.arange(-179.5, 180), indexing="ij")
        cells = geo.unit_vectors(np.column_stack([lat.ravel(), lon.ravel()]))
        width = torch.tensor(BLUR_KM, dtype=torch.float64)
        grid, towards = np.empty(len(cells)), geo.unit_vectors(middles).T
        for rows in np.array_split(np.arange(len(cells)), 64):
            gap = torch.from_numpy(1 - cells[rows] @ towards)
            grid[rows] = log_kernel(gap, width).exp().mean(dim=1)
        # A spot lies where a random photo of the blurred gallery would, not in its very middle.
        many = np.full(len(middles), 97)
        spread = kernel_points(middles, np.full(len(middles), BLUR_KM), many).reshape(-1, 97, 2)
        number = np.arange(len(middles))
        spots = spread[number, number * 61 % 97]
        even = np.arange(len(spots) // 20 + 1) + 0.5  # over the Earth, as in a sunflower's head
        anywhere = np.column_stack(
            [np.degrees(np.arcsin(1 - 2 * even / len(even))), even * _GOLDEN % 360 - 180]
        )
        mass = [(1 - ANYWHERE) / len(spots), ANYWHERE / len(anywhere)]
        return cls(
            np.concatenate([spots, anywhere]),
            np.repeat(mass, [len(spots), len(anywhere)]),
            (1 - ANYWHERE) * grid.reshape(lat.shape) + ANYWHERE / EARTH_KM2,
        )

    def density(self, coordinates: np.ndarray) -> np.ndarray:
        """Per km² at these coordinates (..., 2)."""
        lat, lon = np.moveaxis(coordinates, -1, 0)
        return self.grid[
            np.clip(np.floor(lat + 90), 0, 179).astype(int), np.floor(lon + 180).astype(int) % 360
        ]


# -------------------------------------------------------------------------------- the distribution


EVIDENCE = ("judge's score", "cosine", "reply")
"""What `Kernels` knows of a candidate; the middle and the spread of each are learned."""


def evidence(candidates: pd.DataFrame) -> np.ndarray:
    """(n, 3) of candidates with the columns score, cosine and origin, as the judge leaves them."""
    reply = candidates["origin"].to_numpy() == "reply"
    return np.column_stack([candidates["score"], candidates["cosine"], reply]).astype(np.float64)


class Kernels(nn.Module):
    """How evidence becomes hills: m kernels around each of a photo's candidates, and a rest.

    Args:
        widths_km: of the m kernels, to begin with.
        evidence: numbers per candidate.
    """

    def __init__(self, widths_km: ArrayLike = WIDTHS_KM, evidence: int = len(EVIDENCE)) -> None:
        super().__init__()
        widths = torch.tensor(widths_km, dtype=torch.float64)
        self.register_buffer("middle", torch.zeros(evidence, dtype=torch.float64))
        self.register_buffer("spread", torch.ones(evidence, dtype=torch.float64))
        self.log_width = nn.Parameter(widths.log())
        self.width_of = nn.Parameter(torch.zeros(evidence + 1, len(widths), dtype=torch.float64))
        self.share_of = nn.Parameter(torch.zeros(evidence, dtype=torch.float64))
        self.rest_of = nn.Parameter(torch.tensor([-2.0] + [0.0] * evidence, dtype=torch.float64))

    @property
    def widths_km(self) -> Tensor:
        """Of the kernels (m,)."""
        return self.log_width.exp().clamp(min=NARROWEST_KM)

    def forward(self, evidence: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """Log shares of the probability: of the kernels (p, c, m), and of the rest (p,).

        Args:
            evidence: for each candidate (p, c, e), finite.
            there: which candidates exist (p, c).
        """
        known = functional.pad((evidence - self.middle) / self.spread, (1, 0), value=1.0)
        of_candidate = (known[..., 1:] @ self.share_of).masked_fill(~there, -math.inf)
        best = known.masked_fill(~there[..., None], -math.inf).amax(dim=1)  # (p, 1 + e)
        rest = best @ self.rest_of
        mass = (
            functional.logsigmoid(-rest)[:, None, None]
            + of_candidate.log_softmax(dim=1)[..., None]
            + (known @ self.width_of).log_softmax(dim=-1)
        )
        return mass, functional.logsigmoid(rest)

    def log_density(self, mass: Tensor, rest: Tensor, gap: Tensor, background: Tensor) -> Tensor:
        """Per km² (p,) at points with these gaps 1 - cos(angle) (p, c) to the candidates.

        `background` is its density (p,) there; the others are what `forward` returns.
        """
        hills = (mass + log_kernel(gap[..., None], self.widths_km)).flatten(1).logsumexp(dim=1)
        return torch.logaddexp(hills, rest + background.log())

    def fit(
        self, evidence: Tensor, there: Tensor, gap: Tensor, background: Tensor, steps: int = 150
    ) -> float:
        """Learn from p photos of known places; the mean log density at the truth, per km².

        Arguments as above; gap and background are those of the truth. The scores must be of a judge
        that never saw these photos, or it seems surer than it is.
        """
        known = evidence[there]
        self.middle.copy_(known.mean(dim=0))
        self.spread.copy_(known.std(dim=0) + 1e-6)
        optimizer = torch.optim.LBFGS(
            self.parameters(), max_iter=steps, line_search_fn="strong_wolfe"
        )

        def loss() -> Tensor:
            optimizer.zero_grad()
            value = -self.log_density(*self(evidence, there), gap, background).mean()
            value.backward()
            return value

        optimizer.step(loss)
        return -float(loss().detach())

    @torch.no_grad()
    def distribution(
        self, coordinates: ArrayLike, evidence: np.ndarray, background: Background
    ) -> Distribution:
        """That of one photo with candidates (c, 2) and what speaks for each (c, e)."""
        given = torch.from_numpy(np.asarray(evidence, dtype=np.float64))[None]
        mass, rest = self(given, torch.ones(given.shape[:2], dtype=torch.bool))
        return Distribution(
            np.asarray(coordinates, dtype=np.float64), mass[0].exp().numpy(),
            self.widths_km.numpy(), float(rest.exp()), background,
        )  # fmt: skip

    def arrays(self) -> dict[str, np.ndarray]:
        """What was learned, for a file."""
        return {name: value.numpy(force=True) for name, value in self.state_dict().items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Kernels:
        """What `arrays` returned; other arrays are left alone."""
        kernels = cls(np.exp(arrays["log_width"]), len(arrays["middle"]))
        state = {name: torch.as_tensor(arrays[name]) for name in kernels.state_dict()}
        kernels.load_state_dict(state)
        return kernels


@dataclass(frozen=True, eq=False)
class Distribution:
    """Where a photo was probably taken.

    Attributes:
        centres: (c, 2), the candidates.
        mass: (c, m), the probability of each kernel around each.
        widths_km: (m,) of the kernels.
        rest: the probability of the background.
        background: where photos are taken at all.
    """

    centres: np.ndarray
    mass: np.ndarray
    widths_km: np.ndarray
    rest: float
    background: Background

    def density(self, coordinates: ArrayLike) -> np.ndarray:
        """Probability per km² (n,) at coordinates (n, 2)."""
        coordinates = np.asarray(coordinates, dtype=np.float64)
        gap = 1 - geo.unit_vectors(coordinates) @ geo.unit_vectors(self.centres).T  # (n, c)
        density = self.rest * self.background.density(coordinates)
        for width, mass in zip(self.widths_km, self.mass.T, strict=True):
            point, centre = np.nonzero(gap < _FAR * (width / geo.EARTH_RADIUS_KM) ** 2)
            hill = log_kernel(torch.from_numpy(gap[point, centre]), torch.tensor(width)).exp()
            density += np.bincount(point, hill.numpy() * mass[centre], len(coordinates))
        return density

    @cached_property
    def points(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Points that stand for it: coordinates (n, 2), shares (n,), densities (n,), densest first.

        Where the density is d, a point with the share w stands for w / d km².
        """
        mass = self.mass.ravel()
        number = np.maximum(1, np.ceil(POINTS * mass)).astype(int)
        centres = np.repeat(self.centres, len(self.widths_km), axis=0)
        hills = kernel_points(centres, np.tile(self.widths_km, len(self.centres)), number)
        spots = np.concatenate([hills, self.background.spots])
        shares = np.append(np.repeat(mass / number, number), self.rest * self.background.mass)
        density = self.density(spots)
        order = np.argsort(-density, kind="stable")
        return spots[order], shares[order], density[order]

    def within(self, place: ArrayLike, km: float) -> float:
        """The probability that the photo was taken within so many km of a place."""
        spots, share, _ = self.points
        return float(share[geo.great_circle_km(spots, place) <= km].sum())

    def level(self, place: ArrayLike) -> float:
        """The probability of all that is denser than a place: the smallest region that holds the
        place has this share."""
        _, share, density = self.points
        return float(share[density > self.density(np.reshape(place, (1, 2)))].sum())

    def region(self, share: float) -> tuple[np.ndarray, float]:
        """The smallest region with a share of the probability: points (n, 2) in it, and its km²."""
        spots, shares, density = self.points
        inside = np.cumsum(shares) - shares < share
        return spots[inside], float((shares[inside] / density[inside]).sum())


# ---------------------------------------------------------------------------- what can be promised


def conformal_share(levels: ArrayLike, coverage: float = COVERAGE) -> float:
    """The share of probability that a region needs to hold the truth with this chance.

    Args:
        levels: (n,) `Distribution.level` of the truth of calibration photos.
        coverage: the chance, for another photo of the same kind. It is at least this, on average
            over calibration sets: of n + 1 photos in any order, each may be the new one.
    """
    levels = np.sort(levels)
    rank = math.ceil((len(levels) + 1) * coverage)
    return float(levels[rank - 1]) if rank <= len(levels) else 1.0


def confidence_for(probability: ArrayLike, right: ArrayLike, wanted: float) -> float:
    """The lowest confidence at which so many of the answers that are given are right.

    Args:
        probability: (n,) that the answer is right, by the distribution.
        right: (n,) whether it is.
        wanted: share of right ones among the answers with at least that probability.

    Returns:
        A probability; infinity if no confidence is enough.
    """
    probability, right = np.asarray(probability), np.asarray(right)
    order = np.argsort(-probability, kind="stable")
    last = np.flatnonzero(np.diff(probability[order], append=-math.inf))  # of equal ones
    enough = last[(np.cumsum(right[order])[last] / (last + 1)) >= wanted]
    return float(probability[order][enough[-1]]) if len(enough) else math.inf


@dataclass(frozen=True, eq=False)
class Where:
    """How sure an answer is.

    Attributes:
        answer: [lat, lon].
        distribution: over the Earth.
        share: of the probability that the region holds (`conformal_share`).
        coverage: how often such a region holds the truth, if the share is calibrated for it.
        note: why these numbers may be wrong; empty if there is no such reason.
    """

    answer: np.ndarray
    distribution: Distribution
    share: float
    coverage: float = COVERAGE
    note: str = ""

    @cached_property
    def within(self) -> dict[int, float]:
        """The probability that the answer is right, by radius in km."""
        return {km: self.distribution.within(self.answer, km) for km in RADII_KM}

    @cached_property
    def region(self) -> tuple[np.ndarray, float]:
        """Points (n, 2) of the region, and its km²."""
        return self.distribution.region(self.share)

    def __str__(self) -> str:
        parts = [f"within {km} km with {share:.0%}" for km, share in self.within.items()]
        said = ", ".join(parts).replace("%", " %")
        region = f"{100 * self.coverage:.0f} % region: {_round(self.region[1])} km²"
        return f"{said}; {region}" + (f" ({self.note})" if self.note else "")

    def as_dict(self) -> dict[str, object]:
        """All that is told of it, in plain types."""
        points, km2 = self.region
        return {
            "within_km": {str(km): round(share, 4) for km, share in self.within.items()},
            "note": self.note or None,
            "region": {
                "coverage": self.coverage, "km2": km2, "points": points.round(3).tolist(),
            },
        }  # fmt: skip


def _round(km2: float) -> str:
    """Two digits of an area are more than it deserves."""
    digits = 1 - math.floor(math.log10(km2)) if km2 > 0 else 0
    return f"{round(km2, digits):,.0f}"
