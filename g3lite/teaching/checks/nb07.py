"""Checks of the exercises of notebook 07."""

from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np

from g3lite import geo
from g3lite.teaching.checks.check import exercise, generator


@exercise(
    start="complete ranges, then pass it to the check",
    right="So a photo out of 369 GB costs its own bytes, even where the archive is cut through it.",
)
def check_07_1(ranges: Callable[..., list[tuple[int, int, int]]]) -> str | None:
    """Check which bytes of which pieces hold some bytes of the whole."""
    rng = generator(17)
    cases = [([10, 10, 10], 3, 7), ([10, 10, 10], 3, 10), ([10, 10, 10], 10, 12)]
    cases += [([10, 10, 10], 8, 25), ([10, 10, 10], 0, 30), ([4, 3, 50], 2, 9)]
    for _ in range(30):
        sizes = rng.integers(1, 40, rng.integers(1, 7)).tolist()
        start, stop = np.sort(rng.choice(sum(sizes) + 1, 2, replace=False)).tolist()
        cases.append((sizes, start, stop))

    def rule(sizes: list[int], start: int, stop: int, *, empty: bool = False) -> list[tuple]:
        found, begin = [], 0
        for piece, size in enumerate(sizes):
            first, last = max(start - begin, 0), min(stop - begin, size)
            if first < last or (empty and first == last):
                found.append((piece, first, last))
            begin += size
        return found

    def of_the_whole(sizes: list[int], start: int, stop: int) -> list[tuple]:
        begins = np.cumsum([0, *sizes])
        return [(p, a + begins[p], b + begins[p]) for p, a, b in rule(sizes, start, stop)]

    def inclusive(sizes: list[int], start: int, stop: int) -> list[tuple]:
        return [(p, a, b - 1) for p, a, b in rule(sizes, start, stop)]

    def from_one(sizes: list[int], start: int, stop: int) -> list[tuple]:
        return [(p + 1, a, b) for p, a, b in rule(sizes, start, stop)]

    def first_only(sizes: list[int], start: int, stop: int) -> list[tuple]:
        return rule(sizes, start, stop)[:1]

    def ends_only(sizes: list[int], start: int, stop: int) -> list[tuple]:
        found = rule(sizes, start, stop)
        return found if len(found) < 3 else [found[0], found[-1]]

    def whole_pieces(sizes: list[int], start: int, stop: int) -> list[tuple]:
        return [(p, 0, sizes[p]) for p, _, _ in rule(sizes, start, stop)]

    def with_empty(sizes: list[int], start: int, stop: int) -> list[tuple]:
        return rule(sizes, start, stop, empty=True)

    mistakes = {
        "the bytes are counted from the beginning of each piece, not of the whole": of_the_whole,
        "stop is the first byte that is not wanted, in a piece as in the whole": inclusive,
        "pieces are counted from 0": from_one,
        "a photo may go on in the next piece; yours ends with the first": first_only,
        "between the first and the last piece, whole ones may lie; they are missing": ends_only,
        "those are whole pieces; fetch only the bytes that are wanted": whole_pieces,
        "leave out a piece of which no byte is wanted": with_empty,
    }

    def plain(found: Any) -> list[tuple[int, ...]]:
        return [tuple(int(number) for number in part) for part in found]

    answers = []
    for sizes, start, stop in cases:
        given = ranges(list(sizes), start, stop)
        if given is None:
            return "your function returns nothing yet; let it end with return ..."
        answers.append(plain(given))
    right = [rule(*case) for case in cases]
    if answers == right:
        return None
    for hint, mistake in mistakes.items():
        if answers == [plain(mistake(*case)) for case in cases]:
            return hint
    at = next(k for k, (given, wanted) in enumerate(zip(answers, right, strict=True))
              if given != wanted)  # fmt: skip
    sizes, start, stop = cases[at]
    return (
        f"bytes {start} to {stop} of pieces of {sizes} bytes are {right[at]}; yours are "
        f"{answers[at]}"
    )


@exercise(
    start="complete photos_needed, then pass it to the check",
    right="So a test has its size before it has its result; half the difference takes four times.",
)
def check_07_2(photos_needed: Callable[[np.ndarray, float], int]) -> str | None:
    """Check how many photos a test needs to see a difference in four of five cases."""
    rng = generator(18)
    for m, apart, lead, difference in (  # apart: share of photos on which the methods differ
        (240, 0.3, 0.15, 0.05), (150, 0.08, 0.02, 0.02), (400, 0.55, -0.1, 0.1),
        (90, 0.2, 0.0, 0.01),
    ):  # fmt: skip
        chances = [(apart - lead) / 2, 1 - apart, (apart + lead) / 2]
        gains = rng.choice([-1.0, 0.0, 1.0], m, p=chances)
        n = photos_needed(gains.copy(), difference)
        if n is None:
            return "your function returns nothing yet; let it end with return ..."
        if np.ndim(n) or not np.isfinite(n) or n != int(n) or n < 2:
            return f"a test has a whole number of photos, at least 2; yours is {n}"
        seen = NormalDist().cdf(difference * np.sqrt(n) / gains.std() - 1.96)
        case = (
            f"with gains of mean {gains.mean():+.2f} and standard deviation {gains.std():.2f}, "
            f"a test of {int(n):,} photos sees {difference:.2f} in {seen:.0%} of cases"
        )
        if 0.48 <= seen <= 0.52:
            return f"{case}; the mean gain varies by chance, so it must be more than 1.96 errors"
        if seen < 0.77:
            return f"{case}; that is too few photos, 80 % are wanted"
        if seen > 0.83:
            return f"{case}; that is paid for and not needed, 80 % are wanted"
    return None


@exercise(
    start="complete publish, then pass it to the check",
    right="What is lost each time in the same way, no attacker can average or shift back.",
)
def check_07_3(publish: Callable[[np.ndarray], np.ndarray]) -> str | None:
    """Check published places: near enough to be useful, and attacked in three ways."""
    rng = generator(19)
    homes = rng.uniform((-55, -175), (65, 175), (3_000, 2))
    whose = rng.permuted(np.repeat(np.arange(len(homes)), 20))  # (n,) in no order
    metres = rng.normal(scale=15, size=(len(whose), 2))
    metres[:, 1] /= np.cos(np.radians(homes[whose, 0]))  # as long in the east as in the north
    taken = homes[whose] + metres / 111_195

    given = publish(taken.copy())
    if given is None:
        return "your function returns nothing yet; let it end with return ..."
    shown = np.asarray(given, dtype=float)  # (n, 2)
    if shown.shape != taken.shape:
        return (
            f"{len(taken)} places of shape {taken.shape} became {shown.shape}; return one for each"
        )
    if not np.isfinite(shown).all():
        return "some published places are not numbers; a place that is left out is of no use"
    if (furthest := geo.great_circle_km(taken, shown).max()) > 10:
        return f"useful: a place is published {furthest:,.1f} km off, and 10 km are allowed"

    first = shown[np.unique(whose, return_index=True)[1]]  # (homes, 2)
    mean = np.stack([np.bincount(whose, shown[:, axis]) for axis in (0, 1)], axis=1) / 20
    tried = mean
    for _ in range(3):  # where would the rule have to start, to end here?
        tried = tried - (np.asarray(publish(tried.copy()), dtype=float) - mean)
    attacks = {
        "one published place is near enough": first,
        "the mean of 20 photos of the home takes your chance away": mean,
        "who tries your rule can take it back": tried,
    }
    for how, guess in attacks.items():
        found = np.mean(geo.great_circle_km(guess, homes) <= 1)
        if found > 0.15:
            return f"not safe: {how}. {found:.0%} of the homes are found, and 15 % are allowed"
    return None
