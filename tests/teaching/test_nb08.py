"""The exercises of notebook 08: solutions are accepted, what students get wrong is rejected."""

import math

import numpy as np
import pytest
from mutants import one_edit

from g3lite.after.regions import conformal_share
from g3lite.teaching import notebooks
from g3lite.teaching.checks import nb08
from g3lite.teaching.checks.check import reseeded

NAME = "08_after_g3"

# --- 1: beat the cosine by hand ------------------------------------------------------------------


@pytest.fixture(scope="module")
def choice():
    """Candidates of 300 photos: target, photo, cosine and learned scores, and a useful column."""
    rng = np.random.default_rng(0)
    photo = np.repeat(np.arange(300), 10)
    target = rng.random(3_000).round(1)
    cosine = target + rng.normal(0, 0.6, 3_000)
    other = target + rng.normal(0, 0.6, 3_000)
    return target, photo, cosine, cosine + other + 0.5 * target, other


def test_a_rule_that_beats_the_cosine_is_accepted_and_compared(choice, capsys):
    target, photo, cosine, learned, other = choice
    nb08.check_08_1(cosine + other, target, photo, cosine, learned)
    said = capsys.readouterr().out
    assert said.startswith("✓ Your rule reaches a mean of five of ")
    assert f"the cosine {nb08._reached(cosine, target, photo):.1f} %" in said


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda target, cosine, learned, other: cosine, "the cosine alone"),
        (lambda target, cosine, learned, other: cosine - other, "which columns are high"),
        (lambda target, cosine, learned, other: learned, "of the judge that learned"),
        (lambda target, cosine, learned, other: 2 * learned + 1, "of the judge that learned"),
        (lambda target, cosine, learned, other: 2.0 * target, "know the truth"),
        (lambda target, cosine, learned, other: (cosine + other)[:300], "has shape"),
        (lambda target, cosine, learned, other: np.full(len(cosine), np.nan), "not finite"),
    ],
)
def test_rules_that_are_none_are_rejected(choice, rejected, wrong, hint):
    target, photo, cosine, learned, other = choice
    scores = wrong(target, cosine, learned, other)
    said = rejected(lambda some: nb08.check_08_1(some, target, photo, cosine, learned), scores)
    assert hint in said


# --- 2: the share that a region needs ------------------------------------------------------------


def with_python(levels, coverage):
    place = math.ceil((len(levels) + 1) * coverage)
    return sorted(levels)[place - 1] if place <= len(levels) else 1.0


def with_numpy(levels, coverage):
    padded = np.append(levels, 1.0)
    return np.quantile(padded, coverage, method="inverted_cdf")


@pytest.mark.parametrize("answer", [with_python, with_numpy])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_right_answers_are_accepted_on_all_data(answer, seed):
    assert nb08.check_08_2.hint(answer) is None
    with reseeded(seed):
        assert nb08.check_08_2.hint(answer) is None


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda v, c: sorted(v)[math.ceil(len(v) * c) - 1], "with n + 1"),
        (lambda v, c: sorted(v)[min(math.ceil((len(v) + 1) * c), len(v)) - 1], "return 1"),
        (lambda v, c: np.quantile(v, c), "interpolates"),
        (lambda v, c: with_python(v, 0.9), "coverage that is passed"),
        (lambda v, c: c, "return a level"),
        (lambda v, c: with_python(1 - np.asarray(v), c), "it should be"),
        (lambda v, c: None, "returns nothing yet"),
        (lambda v, c: np.sort(v), "returns an array"),
    ],
)
def test_wrong_shares_are_rejected(rejected, wrong, hint):
    assert hint in rejected(nb08.check_08_2, wrong)


# --- 3: where the promise breaks -----------------------------------------------------------------


@pytest.fixture(scope="module")
def photos():
    """Levels of 400 photos, half of them calibrated on; those of a rare kind are often missed."""
    rng = np.random.default_rng(1)
    rare = rng.random(400) < 0.2
    levels = np.where(rare, 0.4 + 0.6 * rng.random(400), 0.9 * rng.random(400))
    return rare, levels, 0.85, np.arange(400) % 2 == 0


def test_a_kind_for_which_the_region_breaks_is_accepted(photos, capsys):
    rare, levels, share, calibrated = photos
    nb08.check_08_3(rare, levels, share, calibrated)
    assert "for only" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda rare, levels: np.ones(400, dtype=bool), "still held"),
        (lambda rare, levels: rare & (np.arange(400) < 20), "needs at least 12"),
        (lambda rare, levels: levels > 0.85, "with high levels"),
        (lambda rare, levels: levels > 0.8, "with high levels"),
        (lambda rare, levels: rare & (levels > 0.85), "with high levels"),
        (lambda rare, levels: np.flatnonzero(rare), "it is bool"),
        (lambda rare, levels: rare[:200], "it is bool"),
    ],
)
def test_kinds_that_are_none_are_rejected(photos, rejected, wrong, hint):
    rare, levels, share, calibrated = photos
    mask = wrong(rare, levels)
    assert hint in rejected(lambda some: nb08.check_08_3(some, levels, share, calibrated), mask)


# --- one edit ------------------------------------------------------------------------------------


def test_no_solution_with_one_small_mistake_passes():
    """Exercises 1 and 3 have many right answers: what they reject is listed above."""
    found = notebooks.exercises(notebooks.read_source(notebooks.folder(), NAME), NAME)
    (solution,) = (one.solution for one in found if one.check == "check_08_2")
    levels = np.random.default_rng(5).random(40)
    passed, tried = [], 0
    for edit, program in one_edit(solution):
        space = {"np": np, "check_08_2": lambda *_: None}
        tried += 1
        try:
            exec(program, space)
            hint = nb08.check_08_2.hint(space["conformal_share"])
        except Exception:
            continue  # it does not even run
        if hint is None:
            passed.append(edit)
            # What passes has to be right, for as many levels and coverages as there are.
            for n in range(1, 40):
                for coverage in (0.5, 0.8, 0.9, 0.99):
                    given = space["conformal_share"](levels[:n], coverage)
                    assert given == conformal_share(levels[:n], coverage), edit
    assert tried >= 8 and len(passed) <= 1
