"""The reader's own function is used where it is right, and nowhere else."""

import pytest

from g3lite.teaching.checks.check import exercise
from g3lite.teaching.own import choose


@exercise(start="complete double", right="twice as much")
def check_09_3(double):
    return None if double(2) == 4 else "not twice"


def package(x):
    return x + x


def double(x):
    return 2 * x


def nothing(x): ...


def raises(function):
    raise TypeError("no gradient")


@pytest.mark.parametrize(
    ("own", "works", "chosen", "said"),
    [
        (double, None, double, "your own double"),
        (double, lambda function: function(1), double, "your own double"),
        (nothing, None, package, "exercise 3 is not solved yet"),
        (lambda x: 3 * x, None, package, "exercise 3 is not solved yet"),
        (..., None, package, "exercise 3 is not solved yet"),
        (double, raises, package, "cannot be used here (TypeError: no gradient)"),
    ],
)
def test_the_right_function_is_chosen(own, works, chosen, said, capsys):
    assert choose(own, check_09_3, package, works) is chosen
    assert said in capsys.readouterr().out
