"""Guesses: what a reader is told about a number, a name, or nothing."""

import numpy as np
import pytest

from g3lite.teaching.guess import compare


@pytest.mark.parametrize(
    ("guess", "sentence"),
    [
        ((30, 5, "%"), "You said 30 %, it is 5 %: 25 points too high."),
        ((3, 5.24, "%", 1), "You said 3.0 %, it is 5.2 %: 2.2 points too low."),
        ((5, 5.2, "%"), "You said 5 %, and that is right."),
        ((100, 250, "km"), "You said 100 km, it is 250 km: too low by a factor of 2.5."),
        ((20_000, 250, "km"), "You said 20,000 km, it is 250 km: too high by a factor of 80."),
        ((260, 250, "km"), "You said 260 km, it is 250 km: a little too high."),
        ((0, 250, "km"), "You said 0 km, it is 250 km: too low."),
        ((np.float32(7), 7), "You said 7, and that is right."),
        ((None, -0.2, "points"), "You made no guess. It is 0 points."),
        ((None, 5, "%"), "You made no guess. It is 5 %."),
        ((..., "B"), "You made no guess. It is B."),
        ((" b ", "B"), "You said b, and that is right."),
        (("A", "B"), "You said A, it is B."),
        (("30 %", 5, "%"), "Your guess, '30 %', is no number. It is 5 %."),
        ((float("nan"), 5, "%"), "Your guess, nan, is no number. It is 5 %."),
        ((True, 5, "%"), "Your guess, True, is no number. It is 5 %."),
    ],
)
def test_a_guess_is_compared_in_a_sentence(guess, sentence):
    assert compare(*guess) == sentence
