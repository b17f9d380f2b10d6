"""The exercises of notebook 06: their checks take the solution and reject what students get wrong.

Every wrong answer is written as a student would write it, independently of the checks' own list.
"""

import numpy as np
import pytest

from g3lite.teaching.checks import nb06

NAME = "06_evaluation_and_ablations"


@pytest.fixture(scope="module")
def given():
    """What the solutions read, by name."""
    return {
        "np": np,
    }


@pytest.mark.parametrize("check", ["check_06_1", "check_06_2", "check_06_3"])
def test_nothing_and_an_empty_function_are_told_how_to_begin(check, rejected):
    assert "complete" in rejected(getattr(nb06, check), None)
    assert "returns nothing yet" in rejected(getattr(nb06, check), lambda *_: None)


# --- 1: a margin ---------------------------------------------------------------------------------


@pytest.mark.parametrize("z", [1.96, 1.959964, 2])
def test_the_margin_is_accepted(z, solutions, capsys):
    nb06.check_06_1(solutions["margin"])
    assert nb06.check_06_1.hint(lambda p, n: 100 * z * np.sqrt(p * (1 - p) / n)) is None
    assert "±1.33" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda p, n: 100 * (p * (1 - p) / n) ** 0.5, "one standard error"),
        (lambda p, n: 1.96 * (p * (1 - p) / n) ** 0.5, "is a share"),
        (lambda p, n: 392 * (p * (1 - p) / n) ** 0.5, "whole width"),
        (lambda p, n: 196 * (p * (1 - p)) ** 0.5 / n, "under the root"),
        (lambda p, n: 196 * (p * (1 - p)) ** 0.5, "not their number"),
        (lambda p, n: 196 * p * (1 - p) / n, "its root is missing"),
        (lambda p, n: 196 * (p / n) ** 0.5, "not p"),
        (lambda p, n: 98 / n**0.5, "one half"),
        (lambda p, n: 164.5 * (p * (1 - p) / n) ** 0.5, "90 %"),
        (lambda p, n: 257.6 * (p * (1 - p) / n) ** 0.5, "99 %"),
        (lambda p, n: 1.33, "it should be"),
        (lambda p, n: 100 * p, "it should be"),
        (lambda p, n: 196 * (p * (1 - p) / (9 * n)) ** 0.5, "it should be"),
    ],
)
def test_other_margins_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb06.check_06_1, answer)


# --- 2: resampling photographers -----------------------------------------------------------------


def by_hand(a, b, author, drawn):
    """One resample after the other, photo by photo."""
    out = []
    for times in drawn:
        rows = np.repeat(np.arange(len(a)), times[author])
        out.append(a[rows].mean() - b[rows].mean())
    return np.array(out)


def test_the_resampled_differences_are_accepted(solutions, capsys):
    nb06.check_06_2(solutions["resampled"])
    assert nb06.check_06_2.hint(by_hand) is None
    assert "Photographers are drawn" in capsys.readouterr().out


def per_person(a, b, author, drawn):
    each = [(a - b)[author == k].mean() for k in range(drawn.shape[1])]
    return drawn @ np.array(each) / drawn.shape[1]


def counted_once(a, b, author, drawn):
    return np.array([(a - b)[times[author] > 0].mean() for times in drawn])


def of_all_photos(a, b, author, drawn):
    return np.array([((a - b) * times[author]).sum() / len(a) for times in drawn])


def unpaired(a, b, author, drawn):
    return by_hand(a, b[::-1].copy(), author, drawn)


def of_photos(a, b, author, drawn):
    rng = np.random.default_rng(0)
    rows = rng.integers(len(a), size=(len(drawn), len(a)))
    return (a - b)[rows].mean(axis=1)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (per_person, "weighs every photographer alike"),
        (counted_once, "counts twice"),
        (of_all_photos, "divide by that of each"),
        (lambda a, b, author, drawn: by_hand(a, 0 * b, author, drawn), "share of the first"),
        (lambda a, b, author, drawn: by_hand(b, a, author, drawn), "b minus a"),
        (lambda a, b, author, drawn: 100 * by_hand(a, b, author, drawn), "per cent"),
        (lambda a, b, author, drawn: np.full(len(drawn), (a - b).mean()), "resample is missing"),
        (
            lambda a, b, author, drawn: np.array([((a - b) * t[author]).sum() for t in drawn]),
            "numbers of photos",
        ),
        (lambda a, b, author, drawn: by_hand(a, b, author, drawn).mean(), "has shape ()"),
        (lambda a, b, author, drawn: a - b, "has shape"),
        (unpaired, "should give"),
        (of_photos, "should give"),
    ],
)
def test_other_resamples_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb06.check_06_2, answer)


# --- 3: who is to blame --------------------------------------------------------------------------


def shares(km, chosen, radius):
    right = missed = absent = 0
    for row, k in zip(km, chosen, strict=True):
        if row[k] <= radius:
            right += 1
        elif np.nanmin(row) <= radius:
            missed += 1
        else:
            absent += 1
    return right / len(km), missed / len(km), absent / len(km)


def test_the_blame_is_accepted(solutions, capsys):
    nb06.check_06_3(solutions["blame"])
    assert nb06.check_06_3.hint(shares) is None
    assert nb06.check_06_3.hint(lambda *given: np.array(shares(*given))) is None
    assert "where to begin" in capsys.readouterr().out


def changed(f):
    return lambda *given: f(*shares(*given))


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (changed(lambda r, m, a: (r, m + a, a)), "not to blame"),
        (changed(lambda r, m, a: (r, r + m, a)), "were right as well"),
        (changed(lambda r, m, a: (r, m / (m + a), a / (m + a))), "sum to 1"),
        (changed(lambda r, m, a: (a, m, r)), "the order is"),
        (changed(lambda r, m, a: (100 * r, 100 * m, 100 * a)), "per cent"),
        (lambda km, c, r: tuple(len(km) * x for x in shares(km, c, r)), "numbers of photos"),
        (lambda km, c, r: shares(km, c, np.nextafter(r, 0)), "<=, not <"),
        (changed(lambda r, m, a: (r, m)), "return three shares"),
        (changed(lambda r, m, a: r), "return three shares"),
        (lambda km, c, r: shares(km, 0 * c, r), "it should be"),
        (lambda km, c, r: shares(km, c, 25.0), "it should be"),
        (lambda km, c, r: shares(km, np.nanargmin(km, axis=1), r), "it should be"),
    ],
)
def test_other_blames_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb06.check_06_3, answer)
