"""The exercises of notebook 07: their checks take the solution and reject what students get wrong.

Every wrong answer is written as a student would write it, independently of the checks' own list.
"""

from fractions import Fraction

import numpy as np
import pytest
from mutants import one_edit

from g3lite.teaching import notebooks
from g3lite.teaching.checks import nb07

NAME = "07_real_data_on_a_gpu"


@pytest.fixture(scope="module")
def given():
    """What the solutions read, by name."""
    return {
        "per_token": 36_864,
    }


@pytest.mark.parametrize("check", ["check_07_3", "check_07_1", "check_07_2"])
def test_nothing_and_an_empty_function_are_told_how_to_begin(check, rejected):
    assert "complete" in rejected(getattr(nb07, check), None)
    assert "returns nothing yet" in rejected(getattr(nb07, check), lambda *_: None)


# --- 1: what a camera wrote ----------------------------------------------------------------------


def exact(parts, letter):
    """In fractions, to the end."""
    if letter not in list("NSEW") or 0 in [below for _, below in parts]:
        return None
    value = sum(Fraction(a, b) / 60**k for k, (a, b) in enumerate(parts))
    return float(value) * {"N": 1, "E": 1, "S": -1, "W": -1}[letter]


def test_degrees_are_accepted(solutions, capsys):
    nb07.check_07_3(solutions["degrees"])
    assert nb07.check_07_3.hint(exact) is None
    assert "three fractions and a letter" in capsys.readouterr().out


def plain(parts):
    return sum(a / b / 60**k for k, (a, b) in enumerate(parts))


def where(known, upper=str):
    """A right answer but for which letters it takes as certain."""

    def degrees(parts, letter):
        if not known(letter) or 0 in [below for _, below in parts]:
            return None
        return plain(parts) * (-1 if upper(letter)[0] in "SW" else 1)

    return degrees


def guarded(rule):
    """A rule for certain entries, with all doubtful ones left out."""
    return lambda parts, letter: None if exact(parts, letter) is None else rule(parts, letter)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (guarded(lambda p, letter: plain(p)), "south and west are negative"),
        (guarded(lambda p, letter: plain(p) * (-1 if letter == "S" else 1)), "west is negative"),
        (guarded(lambda p, letter: plain(p) * (-1 if letter == "W" else 1)), "south is negative"),
        (guarded(lambda p, letter: -exact(p, letter)), "north and east negative"),
        (guarded(lambda p, letter: exact((*p[:2], (0, 1)), letter)), "seconds are missing"),
        (
            guarded(lambda p, s: sum(a / b / 100**k for k, (a, b) in enumerate(p))
                    * (1 if s in "NE" else -1)),
            "not a hundredth",
        ),
        (
            guarded(lambda p, letter: exact(tuple((a, 1) for a, _ in p), letter)),
            "yours are the numerators",
        ),
        (
            guarded(lambda p, letter: exact(tuple((a // b, 1) for a, b in p), letter)),
            "divide with /",
        ),
        (
            guarded(lambda p, s: (plain(p[:2]) + plain(p[2:]) / 60) * (1 if s in "NE" else -1)),
            "3,600th",
        ),
        (lambda p, s: plain(p) * (1 if s in "NE" else -1), "zero"),
        (lambda p, s: None if 0 in [b for _, b in p] else plain(p) * (-1 if s and s in "SW" else 1),
         "hemisphere"),
        (where(lambda letter: letter and letter in "NSEW"), "two letters"),
        (where(lambda letter: letter and letter[0] in "NSEW"), "two letters"),
        (where(lambda letter: len(letter) != 2 and letter[:1] in list("NSEW")), "a word"),
        (where(lambda letter: letter.upper() in list("NSEW"), str.upper), "a small letter"),
        (lambda p, s: float("nan") if exact(p, s) is None else exact(p, s), "should be None"),
        (guarded(lambda p, letter: (plain(p), letter)), "an array"),
        (guarded(lambda p, letter: exact(p, letter) + 1e-4), "it should be"),
    ],
)  # fmt: skip
def test_other_degrees_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb07.check_07_3, answer)


# --- 2: a photo in an archive that is cut --------------------------------------------------------


def byte_by_byte(sizes, start, stop):
    """Every byte on its own, then those in a row together."""
    where = [(piece, at) for piece, size in enumerate(sizes) for at in range(size)][start:stop]
    pieces = dict.fromkeys(piece for piece, _ in where)
    return [
        (piece, min(a for p, a in where if p == piece), 1 + max(a for p, a in where if p == piece))
        for piece in pieces
    ]


def test_ranges_are_accepted(solutions, capsys):
    nb07.check_07_1(solutions["ranges"])
    assert nb07.check_07_1.hint(byte_by_byte) is None
    assert nb07.check_07_1.hint(lambda *case: [list(p) for p in byte_by_byte(*case)]) is None
    assert "369 GB" in capsys.readouterr().out


def whole_counted(sizes, start, stop):
    begin = np.cumsum([0, *sizes])
    return [(p, a + begin[p], b + begin[p]) for p, a, b in byte_by_byte(sizes, start, stop)]


def touching(sizes, start, stop):
    found, begin = [], 0
    for piece, size in enumerate(sizes):
        if start <= begin + size and stop >= begin:
            found.append((piece, max(start - begin, 0), min(stop - begin, size)))
        begin += size
    return found


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (whole_counted, "from the beginning of each piece"),
        (lambda *c: [(p, a, b - 1) for p, a, b in byte_by_byte(*c)], "first byte that is not"),
        (lambda *c: [(p + 1, a, b) for p, a, b in byte_by_byte(*c)], "counted from 0"),
        (lambda *c: byte_by_byte(*c)[:1], "may go on in the next piece"),
        (lambda *c: sorted({byte_by_byte(*c)[0], byte_by_byte(*c)[-1]}), "between the first"),
        (lambda *c: [(p, 0, c[0][p]) for p, *_ in byte_by_byte(*c)], "whole pieces"),
        (touching, "no byte is wanted"),
        (lambda *c: [(p, b, a) for p, a, b in byte_by_byte(*c)], "yours are"),
        (lambda *c: [], "yours are []"),
        (lambda *c: 3, "raised TypeError"),
    ],
)
def test_other_ranges_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb07.check_07_1, answer, raises="raised" in hint)


# --- 3: a batch ----------------------------------------------------------------------------------


def one_more_until_full(memory, weights, per_token, tokens):
    n = 0
    while weights + (n + 1) * per_token * tokens <= memory:
        n += 1
    return n


def test_the_largest_batch_is_accepted(solutions, capsys):
    nb07.check_07_2(solutions["largest_batch"])
    assert nb07.check_07_2.hint(one_more_until_full) is None
    assert "what is left" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda m, w, p, n: int(m // (p * n)), "take them off first"),
        (lambda m, w, p, n: int((m - w) // p), "many tokens"),
        (lambda m, w, p, n: -int((w - m) // (p * n)), "does not fit: round down"),
        (lambda m, w, p, n: (m - w) / (p * n), "whole number"),
        (lambda m, w, p, n: round((m - w) / (p * n)), "rounding to the nearest"),
        (lambda m, w, p, n: int((m - w) // (p * n)), "weights alone do not fit"),
        (lambda m, w, p, n: 16, "it should be"),
        (lambda m, w, p, n: max(0, int((m - w) / (2 * p * n))), "it should be"),
    ],
)
def test_other_batches_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb07.check_07_2, answer)


# --- one edit ------------------------------------------------------------------------------------

EQUIVALENT = {
    "check_07_1": {
        "max(0, start - begin)": "the larger of two, whichever is named first",
        "min(size, stop - begin)": "the smaller of two, whichever is named first",
    },
    "check_07_2": {
        ", 0)\n": "the larger of two, whichever is named first",
    },
    "check_07_3": {},
}
"""Parts of one-edit mutants that are right as well, each with its reason."""


@pytest.mark.parametrize("check", sorted(EQUIVALENT))
def test_no_solution_with_one_small_mistake_passes(check):
    found = notebooks.exercises(notebooks.read_source(notebooks.folder(), NAME), NAME)
    (solution,) = (exercise.solution for exercise in found if exercise.check == check)
    answer = solution[: solution.index(f"{check}(")]  # what follows it only prints
    passed, tried = [], 0
    for edit, program in one_edit(f"{answer}{check}({answer.split('(')[0].split()[1]})"):
        verdict: list[str | None] = []
        space = {
            check: lambda answer, verdict=verdict: verdict.append(getattr(nb07, check).hint(answer))
        }
        try:
            exec(program, space)
        except Exception:
            verdict.append("it does not run")
        tried += 1
        reasons = [why for part, why in EQUIVALENT[check].items() if part in program]
        if verdict[-1:] == [None] and not reasons:
            passed.append(edit)
    assert tried >= 3 and passed == []
