"""The location encoder: coordinates in, vectors out (the paper's Section 3.1).

A coordinate is projected to the plane, turned into random Fourier features at three frequencies
and read by one small network per frequency; the three outputs are summed. The coarse one sees
continents, the fine one streets.

Everything is torch, on any device, for all coordinates at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from g3lite.geo import check_coordinates

MERCATOR_LIMIT = math.degrees(math.atan(math.sinh(math.pi)))
"""85.0511 degrees: here Mercator's map is square, and here latitudes are clamped."""
PROJECTIONS = ("mercator_yx", "mercator_xy", "equal_earth", "sphere")
SIGMAS = (2.0**0, 2.0**4, 2.0**8)
_EQUAL_EARTH = (1.340264, -0.081106, 0.000893, 0.003796)
"""Coefficients of Savric, Patterson and Jenny, "The Equal Earth map projection" (2019)."""


def project(coordinates: Tensor, projection: str = "mercator_yx") -> Tensor:
    """Coordinates as points whose values lie within [-1, 1].

    "mercator_yx" is what the official G3 code feeds its encoder: Mercator's (north, east), both in
    half circumferences of the equator (20,037.5 km), the latitude clamped at `MERCATOR_LIMIT`.
    "mercator_xy" has the axes the other way round. "equal_earth" is GeoCLIP's: (east, north) on the
    Equal Earth map whose equator spans [-1, 1]. "sphere" is the point of the unit sphere, the only
    one without a seam at 180 degrees.

    Args:
        coordinates: (n, 2) latitude and longitude in degrees; float64 keeps centimetres.
        projection: one of `PROJECTIONS`.

    Returns:
        (n, 2), or (n, 3) for the sphere, in the same dtype.

    Raises:
        ValueError: an unknown projection.
    """
    lat, lon = torch.deg2rad(coordinates).unbind(-1)
    if projection in ("mercator_yx", "mercator_xy"):
        limit = math.radians(MERCATOR_LIMIT)
        north = torch.asinh(torch.tan(lat.clamp(-limit, limit))) / math.pi
        east = lon / math.pi
        return torch.stack([north, east] if projection == "mercator_yx" else [east, north], -1)
    if projection == "equal_earth":
        a1, a2, a3, a4 = _EQUAL_EARTH
        t = torch.asin(math.sqrt(3) / 2 * torch.sin(lat))
        slope = a1 + 3 * a2 * t**2 + t**6 * (7 * a3 + 9 * a4 * t**2)
        x = 2 / math.sqrt(3) * lon * torch.cos(t) / slope
        y = t * (a1 + a2 * t**2 + t**6 * (a3 + a4 * t**2))
        return torch.stack([x, y], -1) * (a1 * math.sqrt(3) / (2 * math.pi))
    if projection == "sphere":
        flat = torch.cos(lat)
        return torch.stack([flat * torch.cos(lon), flat * torch.sin(lon), torch.sin(lat)], -1)
    raise ValueError(f"unknown projection {projection!r}; there are {', '.join(PROJECTIONS)}")


class FourierFeatures(nn.Module):
    """Random Fourier features: v -> [cos 2 pi B v, sin 2 pi B v], with B drawn from N(0, sigma^2).

    (Tancik et al., NeurIPS 2020.) The larger sigma, the finer what two points can differ in. B is
    fixed: a buffer, not a parameter.
    """

    def __init__(self, inputs: int, frequencies: int, sigma: float) -> None:
        super().__init__()
        self.register_buffer("b", sigma * torch.randn(frequencies, inputs))

    def forward(self, points: Tensor) -> Tensor:
        """(n, inputs) -> float32 (n, 2 * frequencies).

        B v is hundreds of turns, so whole turns are taken off in the precision of the points,
        which costs next to nothing, before anything is rounded to float32.
        """
        with torch.autocast(points.device.type, enabled=False):
            turns = points @ self.b.to(points.dtype).T  # (n, frequencies)
            angle = 2 * math.pi * (turns - turns.round()).float()
            return torch.cat([angle.cos(), angle.sin()], dim=-1)


class LocationEncoder(nn.Module):
    """GPS encoder of G3 and GeoCLIP: one network per frequency, their outputs summed.

    Args:
        projection: one of `PROJECTIONS`; "mercator_yx" is the official one.
        sigmas: standard deviation of the frequencies, one for each network.
        frequencies: random frequencies of each; a network reads twice as many features.
        width: width of its three hidden layers.
        dim: length of the output.
    """

    def __init__(
        self,
        projection: str = "mercator_yx",
        sigmas: Sequence[float] = SIGMAS,
        frequencies: int = 256,
        width: int = 1024,
        dim: int = 512,
    ) -> None:
        super().__init__()
        if projection not in PROJECTIONS:
            names = ", ".join(PROJECTIONS)
            raise ValueError(f"unknown projection {projection!r}; there are {names}")
        self.projection = projection
        inputs = 3 if projection == "sphere" else 2
        self.scales = nn.ModuleList(
            nn.Sequential(
                FourierFeatures(inputs, frequencies, sigma),
                nn.Linear(2 * frequencies, width), nn.ReLU(),
                nn.Linear(width, width), nn.ReLU(),
                nn.Linear(width, width), nn.ReLU(),
                nn.Linear(width, dim),
            )
            for sigma in sigmas
        )  # fmt: skip

    def forward(self, coordinates: Tensor) -> Tensor:
        """(n, 2) latitude and longitude in degrees -> (n, dim), not normalised.

        Raises:
            ValueError: a coordinate is NaN or out of range; the message names it.
        """
        limits = coordinates.new_tensor([90.0, 180.0])
        shaped = coordinates.ndim == 2 and coordinates.shape[1] == 2
        if not (shaped and bool((coordinates.abs() <= limits).all())):
            check_coordinates(coordinates.detach().cpu().numpy())  # says what is wrong, and where
        precise = torch.float32 if coordinates.device.type == "mps" else torch.float64
        points = project(coordinates.to(precise), self.projection)  # (n, 2), (n, 3) for the sphere
        return sum(scale(points) for scale in self.scales)
