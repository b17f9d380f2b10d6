"""How a cost grows with size: a power law through measured points, and what it says further out.

law = power_law([1e3, 1e4, 1e5, 1e6], [0.11, 1.0, 9.8, 101])
print(law)                       # 0.000115 × size^0.99, exponent within [0.97, 1.01] (95 %)
cost, low, high = law.at(1e8)    # a prediction, as far as the law holds there
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from g3lite.paths import shipped

LEVEL = 0.95
"""Of all intervals."""


def measured(name: str) -> pd.DataFrame:
    """What was measured on one machine with two cores and no GPU: a shipped table.

    Args:
        name: "embed", "overhead", "kills", "train", "store" or "restarts"; `benchmarks/scale_*.py`
            wrote them, and say what the columns are.
    """
    return pd.read_csv(shipped(f"scale/{name}.csv"))


@dataclass(frozen=True)
class PowerLaw:
    """cost = factor × size^exponent, with errors that are normal in the logarithm of the cost.

    Attributes:
        exponent: 1 where twice the size costs twice as much.
        low, high: its 95 % interval (Student's t).
        factor: the cost at size 1.
        sizes: (n,) what was measured.
        costs: (n,) likewise, in the unit of all costs.
    """

    exponent: float
    low: float
    high: float
    factor: float
    sizes: np.ndarray
    costs: np.ndarray

    def __str__(self) -> str:
        return (
            f"{self.factor:.3g} × size^{self.exponent:.2f}, exponent within "
            f"[{self.low:.2f}, {self.high:.2f}] ({LEVEL:.0%})"
        )

    @property
    def label(self) -> str:
        """The exponent and its interval, for a figure."""
        return f"n^{self.exponent:.2f} [{self.low:.2f}, {self.high:.2f}]"

    def curve(self, first: float = 1e3, last: float = 1e8) -> tuple[np.ndarray, ...]:
        """Size, cost, low and high, each (100,), to be drawn (`figures.Growth`)."""
        sizes = np.geomspace(first, last, 100)
        return sizes, *self.at(sizes)

    def at(self, size: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The cost at some sizes, and the 95 % interval for one more measurement there.

        The interval knows nothing of what changes on the way, such as a memory that is full.

        Args:
            size: positive numbers of any shape.

        Returns:
            Cost, low and high, each of the shape of `size`.
        """
        x, known = np.log(np.asarray(size, dtype=float)), np.log(self.sizes)
        residuals = np.log(self.costs) - np.log(self.factor) - self.exponent * known
        n = len(known)
        spread = np.sqrt((residuals**2).sum() / (n - 2))
        leverage = 1 / n + (x - known.mean()) ** 2 / ((known - known.mean()) ** 2).sum()
        width = stats.t.ppf((1 + LEVEL) / 2, n - 2) * spread * np.sqrt(1 + leverage)
        middle = np.log(self.factor) + self.exponent * x
        return np.exp(middle), np.exp(middle - width), np.exp(middle + width)


def power_law(sizes: ArrayLike, costs: ArrayLike) -> PowerLaw:
    """Fit a power law by least squares in logarithms.

    Args:
        sizes: (n,) at least three different ones; a size may be measured several times.
        costs: (n,) seconds, bytes or dollars.

    Raises:
        ValueError: too few sizes, lengths that differ, or a number that is not positive.
    """
    sizes, costs = np.asarray(sizes, dtype=float), np.asarray(costs, dtype=float)
    if sizes.ndim != 1 or sizes.shape != costs.shape:
        raise ValueError(f"sizes of shape {sizes.shape} and costs of {costs.shape}: (n,) is needed")
    for name, numbers in {"size": sizes, "cost": costs}.items():
        wrong = ~(np.isfinite(numbers) & (numbers > 0))
        if wrong.any():
            raise ValueError(
                f"a {name} of {numbers[wrong.argmax()]:g} has no logarithm: leave out what was not "
                "measured, or measure more repetitions together"
            )
    different = len(np.unique(sizes))
    if different < 3:
        raise ValueError(f"{different} different sizes: a law and its interval need 3 or more")
    line = stats.linregress(np.log(sizes), np.log(costs))
    width = stats.t.ppf((1 + LEVEL) / 2, len(sizes) - 2) * line.stderr
    return PowerLaw(
        float(line.slope), float(line.slope - width), float(line.slope + width),
        float(np.exp(line.intercept)), sizes, costs,
    )  # fmt: skip
