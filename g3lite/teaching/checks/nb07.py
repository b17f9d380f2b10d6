"""Checks of the exercises of notebook 07."""

from collections.abc import Callable
from typing import Any

import numpy as np

from g3lite.teaching.checks.check import diagnose, exercise, generator


@exercise(
    start="complete degrees, then pass it to the check",
    right="A camera writes three fractions and a letter, and leaves the rest to you.",
)
def check_07_3(degrees: Callable[..., float | None]) -> str | None:
    """Check the reading of an EXIF coordinate: degrees, minutes, seconds and a hemisphere."""
    certain = [
        (((48, 1), (51, 1), (24, 1)), "N"),
        (((22, 1), (54, 1), (3047, 100)), "S"),
        (((43, 1), (123456, 10_000), (0, 1)), "W"),  # many cameras: decimal minutes, no seconds
        (((151, 1), (12, 1), (5, 2)), "E"),
        (((0, 1), (30, 1), (0, 1)), "W"),
    ]

    def every(rule: Callable[..., float]) -> list[float]:
        return [float(rule(parts, letter)) for parts, letter in certain]

    def total(parts: tuple, weights: tuple = (1, 1 / 60, 1 / 3600)) -> float:
        return sum(w * above / below for w, (above, below) in zip(weights, parts, strict=True))

    def signed(value: float, letter: str, negative: str = "SW") -> float:
        return -value if letter in negative else value

    right = every(lambda parts, letter: signed(total(parts), letter))
    mistakes = {
        "south and west are negative; the letter says so": every(lambda parts, _: total(parts)),
        "west is negative, too": every(lambda parts, letter: signed(total(parts), letter, "S")),
        "south is negative, too": every(lambda parts, letter: signed(total(parts), letter, "W")),
        "that makes north and east negative": every(
            lambda parts, letter: signed(total(parts), letter, "NE")
        ),
        "the seconds are missing": every(
            lambda parts, letter: signed(total(parts, (1, 1 / 60, 0)), letter)
        ),
        "a minute is a sixtieth of a degree, not a hundredth; so is a second of a minute": (
            every(lambda parts, letter: signed(total(parts, (1, 1e-2, 1e-4)), letter))
        ),
        "a second is a 3,600th of a degree": every(
            lambda parts, letter: signed(total(parts, (1, 1 / 60, 1 / 60)), letter)
        ),
        "each part is a fraction; yours are the numerators": every(
            lambda parts, letter: signed(total(tuple((above, 1) for above, _ in parts)), letter)
        ),
        "a fraction is more than its whole part; divide with /, not //": every(
            lambda parts, letter: signed(total(tuple((a // b, 1) for a, b in parts)), letter)
        ),
    }  # fmt: skip
    cases = [f"for {parts} {letter}" for parts, letter in certain]
    given = [degrees(parts, letter) for parts, letter in certain]
    hint = diagnose(given, right, mistakes, cases, share=False)
    if hint:
        return hint
    for parts, letter, why in (
        (((48, 1), (51, 1), (0, 0)), "N", "a fraction with a zero denominator is no number"),
        (((0, 0), (0, 0), (0, 0)), "E", "a fraction with a zero denominator is no number"),
        (((48, 1), (51, 1), (24, 1)), "", "without a letter the hemisphere is not known"),
        (((48, 1), (51, 1), (24, 1)), "?", "an unknown letter says nothing about the hemisphere"),
        (((48, 1), (51, 1), (24, 1)), "SE", "two letters are none of the four"),
        (((48, 1), (51, 1), (24, 1)), "South", "a word is none of the four letters"),
        (((48, 1), (51, 1), (24, 1)), "s", "a small letter is none of the four"),
    ):
        try:
            value = degrees(parts, letter)
        except ZeroDivisionError:
            return f"for {parts} {letter!r} it divides by zero; {why}: return None"
        if value is not None:
            return f"for {parts} {letter!r} it should be None, for {why}; yours is {value}"
    return None


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
    start="complete largest_batch, then pass it to the check",
    right="That is all there is behind a batch size: what is left, divided by what each one takes.",
)
def check_07_2(largest_batch: Callable[[float, float, float, int], int]) -> str | None:
    """Check how many replies of a language model fit into memory at a time."""
    batches = [
        (15e9, 7.51e9, 36_864, 2_048), (15e9, 7.51e9, 36_864, 500), (15e9, 14.2e9, 131_072, 3_000),
        (40e9, 16.6e9, 131_072, 3_000), (24e9, 3.9e9, 57_344, 1_000), (1_000, 400, 10, 20),
    ]  # fmt: skip

    def every(rule: Callable[..., float]) -> list[float]:
        return [float(rule(*batch)) for batch in batches]

    right = every(lambda memory, weights, per_token, n: (memory - weights) // (per_token * n))
    mistakes = {
        "the weights are in the same memory; take them off first": every(
            lambda memory, weights, per_token, n: memory // (per_token * n)
        ),
        "each reply has many tokens, and each token takes per_token bytes": every(
            lambda memory, weights, per_token, n: (memory - weights) // per_token
        ),
        "a part of a reply does not fit: round down": every(
            lambda memory, weights, per_token, n: np.ceil((memory - weights) / (per_token * n))
        ),
        "a part of a reply is no reply: return a whole number": every(
            lambda memory, weights, per_token, n: (memory - weights) / (per_token * n)
        ),
        "rounding to the nearest may be one too many: round down": every(
            lambda memory, weights, per_token, n: round((memory - weights) / (per_token * n))
        ),
    }
    given = [largest_batch(*batch) for batch in batches]
    cases = [
        f"with {memory:.4g} bytes, weights of {weights:.4g} and {n:,} tokens of {per_token:,} bytes"
        for memory, weights, per_token, n in batches
    ]
    hint = diagnose(given, right, mistakes, cases, share=False)
    if hint:
        return hint
    none = largest_batch(15e9, 16.6e9, 131_072, 3_000)
    if none != 0:
        return f"where the weights alone do not fit, no reply does: 0, not {none}"
    return None
