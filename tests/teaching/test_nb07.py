"""The exercises of notebook 07: their checks take the solution and reject what students get wrong.

Every wrong answer is written as a student would write it, independently of the checks' own list.
"""

from contextlib import nullcontext

import numpy as np
import pytest
from mutants import one_edit

from g3lite.teaching import notebooks
from g3lite.teaching.checks import nb07
from g3lite.teaching.checks.check import reseeded

NAME = "07_real_data_on_a_gpu"


@pytest.fixture(scope="module")
def given():
    """What the solutions read, by name."""
    return {"np": np}


@pytest.mark.parametrize("check", ["check_07_3", "check_07_1", "check_07_2"])
def test_nothing_and_an_empty_function_are_told_how_to_begin(check, rejected):
    assert "complete" in rejected(getattr(nb07, check), None)
    assert "returns nothing yet" in rejected(getattr(nb07, check), lambda *_: None)


# --- 1: a photo in an archive that is cut --------------------------------------------------------


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


# --- 2: how many photos would tell ---------------------------------------------------------------


def needed(errors=2.8, spread=np.std):
    """An answer with so many standard errors, and another measure of how gains vary."""
    return lambda gains, difference: int((errors * spread(gains) / difference) ** 2) + 1


def by_trial(gains, difference):
    """Draws tests of more and more photos until four of five see the difference."""
    rng = np.random.default_rng(0)
    low, high = 10, 1_000_000
    while high > 1.01 * low:
        n = int(np.sqrt(low * high))
        values, counts = np.unique(gains, return_counts=True)
        drawn = rng.multinomial(n, counts / counts.sum(), 4_000)  # tests, how often each gain
        mean = drawn @ values / n
        error = np.sqrt((drawn @ values**2 / n - mean**2) / n)
        seen = np.mean(mean - gains.mean() + difference - 1.96 * error > 0)
        low, high = (n, high) if seen < 0.8 else (low, n)
    return high


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_sizes_of_a_test_are_accepted(seed, solutions):
    with reseeded(seed) if seed is not None else nullcontext():
        for answer in (solutions["photos_needed"], needed(), by_trial):
            assert nb07.check_07_2.hint(answer) is None


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (needed(1.96), "more than 1.96 errors"),
        (needed(1.645 + 0.84), "too few"),  # an interval with one side
        (needed(0.84), "too few"),
        (needed(1.96 + 1.28), "not needed"),  # nine of ten
        (needed(1.96 + 1.96), "not needed"),
        (needed(spread=np.var), "photos sees"),
        (needed(spread=lambda gains: 1), "not needed"),
        (needed(spread=lambda gains: np.sqrt(np.mean(gains != 0) * 2)), "not needed"),  # unpaired
        (lambda gains, d: needed()(gains, abs(gains.mean()) + 1e-9), "photos sees"),
        (lambda gains, d: needed()(gains, d) * len(gains), "not needed"),
        (lambda gains, d: needed()(gains, 100 * d), "at least 2"),
        (lambda gains, d: int(2.8 * gains.std() / d), "too few"),
        (lambda gains, d: len(gains), "too few"),
        (lambda gains, d: 1_000, "photos sees"),
        (lambda gains, d: (2.8 * gains.std() / d) ** 2, "whole number"),
        (lambda gains, d: float("inf"), "whole number"),
        (lambda gains, d: [needed()(gains, d)], "whole number"),
    ],
)
def test_other_sizes_of_a_test_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb07.check_07_2, answer)


# --- 3: say where, but not exactly ---------------------------------------------------------------


def snapped(km, start=0.0):
    """The middles of cells that are as wide in the north as at the equator."""

    def publish(places):
        step = km / 111.195
        lat = (np.floor(places[:, 0] / step + start) + 0.5 - start) * step
        wide = step / np.cos(np.radians(lat))
        return np.stack([lat, (np.floor(places[:, 1] / wide) + 0.5) * wide], axis=1)

    return publish


def moved(north_km, east_km):
    """Every place moved by as many kilometres, or each row by its own."""

    def publish(places):
        east = east_km / np.cos(np.radians(places[:, 0]))
        return places + np.stack([north_km + 0 * east, east], axis=1) / 111.195

    return publish


def by_chance(places):
    rng = np.random.default_rng()
    far, angle = 9.5 * np.sqrt(rng.random(len(places))), rng.uniform(0, 2 * np.pi, len(places))
    return moved(far * np.cos(angle), far * np.sin(angle))(places)


@pytest.mark.parametrize("seed", [None, 0, 1, 2])
def test_safe_and_useful_places_are_accepted(seed, solutions):
    with reseeded(seed) if seed is not None else nullcontext():
        for answer in (solutions["publish"], snapped(6), snapped(12, 0.3)):
            assert nb07.check_07_3.hint(answer) is None


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda places: places, "one published place"),
        (lambda places: np.round(places, 2), "one published place"),
        (lambda p: np.stack([np.round(p[:, 0], 1), p[:, 1]], 1), "one published place"),
        (lambda places: np.round(places), "10 km are allowed"),
        (lambda places: np.floor(10 * places) / 10, "10 km are allowed"),
        (lambda places: places[:, ::-1], "10 km are allowed"),
        (lambda places: np.zeros_like(places), "10 km are allowed"),
        (lambda places: np.radians(places), "10 km are allowed"),
        (snapped(2), "one published place"),
        (by_chance, "takes your chance away"),
        (lambda places: np.round(by_chance(places), 3), "takes your chance away"),
        (lambda places: by_chance(np.round(places, 3)), "chance"),
        (moved(5, 5), "take it back"),
        (moved(0, -8), "take it back"),
        (lambda places: places + 0.04, "take it back"),
        (lambda places: places * 1.0004, "take it back"),
        (lambda places: places + 0.04 * np.sin(places), "take it back"),
        (lambda places: places.mean(axis=0), "return one for each"),
        (lambda places: places * np.nan, "not numbers"),
    ],
)  # fmt: skip
def test_other_places_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb07.check_07_3, answer)


# --- one edit ------------------------------------------------------------------------------------

EQUIVALENT = {
    "check_07_1": {
        "max(0, start - begin)": "the larger of two, whichever is named first",
        "min(size, stop - begin)": "the smaller of two, whichever is named first",
    },
    "check_07_2": {},
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
            "np": np,
            check: lambda answer, verdict=verdict: verdict.append(
                getattr(nb07, check).hint(answer)
            ),
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
