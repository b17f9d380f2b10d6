"""The exercises of notebook 06: their checks take the solution and reject what students get wrong.

Every wrong answer is written as a student would write it, independently of the checks' own list.
"""

import numpy as np
import pytest
from mutants import one_edit

from g3lite.recipes.replies import DRAWN
from g3lite.teaching import notebooks
from g3lite.teaching.checks import nb06
from g3lite.verification import CandidateConfig

NAME = "06_evaluation_and_ablations"


@pytest.fixture(scope="module")
def given():
    """What the solutions read, by name."""
    return {
        "np": np,
    }


@pytest.mark.parametrize("check", ["check_06_1", "check_06_4"])
def test_nothing_and_an_empty_function_are_told_how_to_begin(check, rejected):
    assert "complete" in rejected(getattr(nb06, check), None)
    assert "returns nothing yet" in rejected(getattr(nb06, check), lambda *_: None)


# --- 1: resampling photographers -----------------------------------------------------------------


def by_hand(a, b, author, drawn):
    """One resample after the other, photo by photo."""
    out = []
    for times in drawn:
        rows = np.repeat(np.arange(len(a)), times[author])
        out.append(a[rows].mean() - b[rows].mean())
    return np.array(out)


def test_the_resampled_differences_are_accepted(solutions, capsys):
    nb06.check_06_1(solutions["resampled"])
    assert nb06.check_06_1.hint(by_hand) is None
    assert "Photographers are drawn" in capsys.readouterr().out


def per_person(a, b, author, drawn):
    each = [(a - b)[author == k].mean() for k in range(drawn.shape[1])]
    return drawn @ np.array(each) / drawn.shape[1]


def only_who_has_photos(a, b, author, drawn):
    """Groups by those who occur: right as long as everybody took a photo."""
    people, who = np.unique(author, return_inverse=True)
    photos = np.bincount(who)
    drawn = drawn[:, : len(people)]
    return drawn @ np.bincount(who, a - b) / (drawn @ photos)


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
        (only_who_has_photos, "should give"),
        (lambda a, b, author, drawn: np.round(by_hand(a, b, author, drawn), 2), "should give"),
        (lambda a, b, author, drawn: by_hand(a > 0.5, b > 0.5, author, drawn), "should give"),
    ],
)
def test_other_resamples_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb06.check_06_1, answer)


def test_photographers_without_photos_are_no_reason_to_fail():
    author, drawn = np.array([0, 0, 2]), np.array([[1, 1, 1], [2, 0, 1], [1, 2, 0]])
    a, b = np.array([1.0, 0.0, 1.0]), np.array([0.0, 0.0, 1.0])
    found = nb06.resampled(a, b, author, drawn)
    np.testing.assert_allclose(found, [1 / 3, 2 / 5, 1 / 2])
    np.testing.assert_allclose(found, by_hand(a, b, author, drawn))
    hint = nb06.check_06_1.hint(lambda *given: without_a_number(*given))
    assert "raised" in hint  # np.bincount stops at the last one who has a photo


def without_a_number(a, b, author, drawn):
    return drawn @ np.bincount(author, a - b) / (drawn @ np.bincount(author))


# --- 2: the missing ablation ---------------------------------------------------------------------


def sides(with_=None, without=None):
    """The solution with some places changed."""
    return {
        "with": nb06.DESIGN["with"] | (with_ or {}),
        "without": nb06.DESIGN["without"] | (without or {}),
    }


def test_the_design_is_accepted_and_can_be_asked_for(capsys):
    nb06.check_06_2(nb06.DESIGN)
    assert "only the prompt differs" in capsys.readouterr().out
    other = sides({"references": [15, 0, 5, 10]}, {"references": np.array([5, 10, 15])})
    assert nb06.check_06_2.hint(other) is None
    assert nb06.RECORDED == DRAWN
    sizes = set()
    for how in nb06.DESIGN.values():
        config = CandidateConfig(**how)
        sizes.add(len(config.references) * config.replies + config.retrieved)
    assert sizes == {13}
    assert nb06.DESIGN["with"]["retrieved"] == CandidateConfig.from_name("miniearth").retrieved


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (sides({"replies": ...}), "fill in"),
        (sides({}, {"references": None}), "fill in"),
        (sides({"replies": 2}, {"replies": 2}), "8 replies against 6"),
        (sides({"replies": 4}), "16 replies against 12"),
        (sides({"replies": 6}, {"replies": 8}), "5 recorded replies"),
        (sides({"retrieved": 3}), "different numbers of retrieved"),
        (sides({"retrieved": 0}, {"retrieved": 0}), "leave the rest as G3 has it"),
        (sides({}, {"references": (0, 5, 10, 15)}), "still has the prompt"),
        (sides({"replies": 2}, {"references": (10,), "replies": 5}), "one prompt only"),
        (sides({"references": (5, 10, 15)}), "all four prompts"),
        (sides({}, {"references": (5, 10, 20)}), "0, 5, 10 and 15 references"),
        (sides({}, {"references": (5, 5, 10)}), "0, 5, 10 and 15 references"),
        (sides({"replies": 0}, {"replies": 0}), "without replies"),
        (sides({"replies": 3.5}), "whole numbers"),
        (sides({"replies": True}), "whole numbers"),
        (sides({"temperature": 0.4}), "and nothing else"),
        ({"with": nb06.DESIGN["with"]}, "two sides"),
        ("G3", "two sides"),
    ],
)
def test_other_designs_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb06.check_06_2, answer)


# --- 3: defend a verdict -------------------------------------------------------------------------

RIGHT = {
    "a": ("yes", 1), "b": ("cannot tell", 2), "c": ("cannot tell", 3), "d": ("cannot tell", 4),
    "e": ("cannot tell", 5), "f": ("cannot tell", 6), "g": ("no", 7),
}  # fmt: skip


def test_the_verdicts_are_accepted(capsys):
    nb06.check_06_3(RIGHT)
    assert "defend a verdict" in capsys.readouterr().out
    spelled = {claim: [f" {said.upper()}. ", str(why)] for claim, (said, why) in RIGHT.items()}
    assert nb06.check_06_3.hint(spelled) is None
    assert set(nb06.CLAIMS) == set(RIGHT) and set(nb06.REASONS) == set(range(1, 8))


@pytest.mark.parametrize("claim", sorted(RIGHT))
def test_each_verdict_and_each_reason_counts(claim, rejected):
    said, why = RIGHT[claim]
    for pair in [(word, why) for word in ("yes", "no", "cannot tell") if word != said] + [
        (said, other) for other in range(1, 8) if other != why
    ]:
        hint = rejected(nb06.check_06_3, RIGHT | {claim: pair})
        assert "6 of 7" in hint and f"About claim {claim}" in hint


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ({}, "each of the claims"),
        (RIGHT | {"h": ("yes", 1)}, "each of the claims"),
        (RIGHT | {"c": ...}, "without a verdict yet: c"),
        (RIGHT | {"a": "yes"}, "a verdict and a reason"),
        (RIGHT | {"a": ("maybe", 1)}, "yes, no or cannot tell"),
        (RIGHT | {"a": ("yes", 8)}, "a reason from 1 to 7"),
        (dict.fromkeys(RIGHT, ("cannot tell", 2)), "1 of 7"),
    ],
)
def test_other_verdicts_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb06.check_06_3, answer)


# --- 4: who is to blame --------------------------------------------------------------------------


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
    nb06.check_06_4(solutions["blame"])
    assert nb06.check_06_4.hint(shares) is None
    assert nb06.check_06_4.hint(lambda *given: np.array(shares(*given))) is None
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
    assert hint in rejected(nb06.check_06_4, answer)


# --- one edit ------------------------------------------------------------------------------------

EQUIVALENT = {"check_06_1": {}, "check_06_2": {}, "check_06_3": {}, "check_06_4": {}}
"""Parts of one-edit mutants that are right as well, each with its reason."""


@pytest.mark.parametrize("check", sorted(EQUIVALENT))
def test_no_solution_with_one_small_mistake_passes(check, given):
    found = notebooks.exercises(notebooks.read_source(notebooks.folder(), NAME), NAME)
    (solution,) = (exercise.solution for exercise in found if exercise.check == check)
    passed, tried = [], 0
    for edit, program in one_edit(solution):
        verdict: list[str | None] = []
        space = dict(given)
        space[check] = lambda answer, verdict=verdict: verdict.append(
            getattr(nb06, check).hint(answer)
        )
        with np.errstate(all="ignore"):
            try:
                exec(program, space)
            except Exception:
                verdict.append("it does not run")
        tried += 1
        reasons = [why for part, why in EQUIVALENT[check].items() if part in program]
        if verdict[-1:] == [None] and not reasons:
            passed.append(edit)
    assert tried >= 3 and passed == []
