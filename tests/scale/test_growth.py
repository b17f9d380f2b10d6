"""Power laws through measured points, against textbook formulas and laws that are known."""

import numpy as np
import pytest
from scipy import stats

from g3lite.scale.growth import power_law

SIZES = np.array([1e3, 1e4, 1e5, 1e6])


def noisy(exponent, seed, sizes=SIZES, noise=0.1):
    rng = np.random.default_rng(seed)
    return 2e-3 * sizes**exponent * np.exp(noise * rng.standard_normal(len(sizes)))


def test_an_exact_law_is_found():
    law = power_law(SIZES, 3.0 * SIZES**1.5)
    assert (law.exponent, law.factor) == pytest.approx((1.5, 3.0))
    assert law.low == pytest.approx(1.5) and law.high == pytest.approx(1.5)
    assert [float(x) for x in law.at(1e8)] == pytest.approx([3e12] * 3)
    assert str(law) == "3 × size^1.50, exponent within [1.50, 1.50] (95%)"


def test_the_intervals_are_those_of_the_textbook():
    costs = noisy(1.0, 0)
    law, x, y = power_law(SIZES, costs), np.log(SIZES), np.log(costs)
    design = np.column_stack([np.ones(4), x])
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ y
    variance = ((y - design @ beta) ** 2).sum() / 2
    t = stats.t.ppf(0.975, 2)
    assert law.exponent == pytest.approx(beta[1])
    assert law.high - law.low == pytest.approx(2 * t * np.sqrt(variance * inverse[1, 1]))
    row = np.array([1, np.log(1e8)])
    width = t * np.sqrt(variance * (1 + row @ inverse @ row))
    cost, low, high = law.at(1e8)
    assert np.log([low, cost, high]) == pytest.approx([row @ beta - width, row @ beta,
                                                       row @ beta + width])  # fmt: skip


def test_intervals_hold_what_they_promise():
    laws = [power_law(SIZES, noisy(1.2, seed)) for seed in range(400)]
    holds = np.mean([law.low <= 1.2 <= law.high for law in laws])
    further = [noisy(1.2, 1000 + seed, np.array([1e8]))[0] for seed in range(400)]
    predicted = np.mean([low <= cost <= high for (_, low, high), cost in
                         zip([law.at(1e8) for law in laws], further, strict=True)])  # fmt: skip
    assert 0.92 < holds < 0.98 and 0.92 < predicted < 0.98


def test_a_curve_is_made_to_be_drawn():
    law = power_law(SIZES, 2.0 * SIZES)
    sizes, cost, *_ = law.curve()
    assert sizes[0] == pytest.approx(1e3) and sizes[-1] == pytest.approx(1e8)
    assert cost == pytest.approx(2 * sizes) and law.label == "n^1.00 [1.00, 1.00]"


def test_predictions_keep_the_shape_that_they_were_asked_in():
    law = power_law(SIZES, noisy(1.0, 0))
    assert [part.shape for part in law.at(np.ones((2, 3)))] == [(2, 3)] * 3


@pytest.mark.parametrize(
    ("sizes", "costs", "words"),
    [
        ([10, 100], [1, 2], "2 different sizes: .* 3 or more"),
        ([10, 10, 100, 100], [1, 2, 3, 4], "2 different sizes"),
        ([10, 100, 1000], [1, 0, 2], "a cost of 0 has no logarithm"),
        ([10, 100, 1000], [1, np.nan, 2], "a cost of nan"),
        ([-10, 100, 1000], [1, 2, 3], "a size of -10"),
        ([10, 100, 1000], [1, 2], r"shape \(3,\) and costs of \(2,\)"),
    ],
)
def test_what_cannot_be_fitted_is_named(sizes, costs, words):
    with pytest.raises(ValueError, match=words):
        power_law(sizes, costs)
