"""What the location encoder costs: its projection, and the whole of it.

    OMP_WAIT_POLICY=PASSIVE python benchmarks/location.py [REPEATS]

Prints how many times faster 100,000 coordinates are projected here than in the official way (PROJ
on the CPU, then a Python loop that swaps the axes), and at what share of the speed of its matrix
products alone the official-size encoder reads 4,096 coordinates. Medians; the two of a pair take
turns, so that a busy machine slows both.
"""

import sys
import time
from collections.abc import Callable

import g3lite  # noqa: F401  before torch or faiss, see there

# isort: split
import numpy as np
import pyproj
import torch

from g3lite import location

MERCATOR_UNIT = 20037508.3427892  # metres of half the equator


def seconds(repeats: int, *functions: Callable[[], object]) -> list[float]:
    """The median time of each function; they take turns, after one turn to warm up."""
    times = np.empty((repeats + 1, len(functions)))
    for row in times:
        for column, function in enumerate(functions):
            began = time.perf_counter()
            function()
            row[column] = time.perf_counter() - began
    return np.median(times[1:], axis=0).tolist()


def globe(n: int) -> np.ndarray:
    """Random coordinates, evenly over the globe up to 85 degrees."""
    rng = np.random.default_rng(0)
    sines = rng.uniform(-1, 1, n) * np.sin(np.radians(85))
    return np.column_stack([np.degrees(np.arcsin(sines)), rng.uniform(-180, 180, n)])


def projection(n: int, repeats: int) -> None:
    """Print the time of n projections, here and in the official way."""
    coordinates = torch.from_numpy(globe(n))
    transformer = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)

    def official() -> torch.Tensor:
        east, north = transformer.transform(coordinates[:, 1].numpy(), coordinates[:, 0].numpy())
        swapped = []
        for x, y in zip(east, north, strict=True):
            swapped.append([y, x])
        return torch.Tensor(swapped) / MERCATOR_UNIT

    def ours() -> torch.Tensor:
        return location.project(coordinates)

    torch.testing.assert_close(ours().float(), official(), rtol=0, atol=1e-6)
    theirs, here = seconds(repeats, official, ours)
    print(f"projection of {n:,} coordinates, milliseconds")
    print(f"{'official way':>16} {1000 * theirs:8.2f}")
    print(f"{'project':>16} {1000 * here:8.2f}   {theirs / here:.1f} times faster (>= 20)")


@torch.inference_mode()
def encoder(n: int, repeats: int) -> None:
    """Print the time of the whole encoder on n coordinates, and of its Linear layers alone."""
    torch.manual_seed(0)
    model, coordinates = location.LocationEncoder().eval(), torch.from_numpy(globe(n))
    layers = [layer for layer in model.modules() if isinstance(layer, torch.nn.Linear)]
    inputs = [torch.randn(n, layer.in_features) for layer in layers]

    def products() -> None:
        for layer, ready in zip(layers, inputs, strict=True):
            layer(ready)

    whole, alone = seconds(repeats, lambda: model(coordinates), products)
    share = 100 * alone / whole
    print(f"official-size encoder on {n:,} coordinates, milliseconds")
    print(f"{'matrix products':>16} {1000 * alone:8.1f}")
    print(f"{'encoder':>16} {1000 * whole:8.1f}   at {share:.0f} % of their speed (>= 70)")


def main(repeats: int) -> None:
    """Both figures."""
    projection(100_000, repeats)
    encoder(4_096, repeats)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
