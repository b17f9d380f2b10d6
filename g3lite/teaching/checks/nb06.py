"""Checks of the exercises of notebook 06."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from g3lite.teaching.checks.check import diagnose, exercise, generator


@exercise(
    start="complete margin, then pass it to the check",
    right="±1.33 points around 16.65 %, before a word about photographers: remember it.",
)
def check_06_1(margin: Callable[[float, int], float]) -> str | None:
    """Check half the width of a 95 % interval of a share, in percentage points."""
    batches = [(0.1665, 2997), (0.5, 300), (0.0721, 4536), (0.85, 40)]

    def every(measure: Callable[[float, int], Any]) -> list[float]:
        return [float(measure(share, n)) for share, n in batches]

    z = special.ndtri(0.975)
    right = every(lambda p, n: 100 * z * np.sqrt(p * (1 - p) / n))
    mistakes = {
        "that is one standard error; a 95 % interval reaches 1.96 of them to either side": (
            every(lambda p, n: 100 * np.sqrt(p * (1 - p) / n))
        ),
        "that is the whole width; the margin is half of it": (
            every(lambda p, n: 200 * z * np.sqrt(p * (1 - p) / n))
        ),
        "that is a share; in percentage points it is 100 times as much": (
            every(lambda p, n: z * np.sqrt(p * (1 - p) / n))
        ),
        "the number of photos belongs under the root: four times as many halve the margin": (
            every(lambda p, n: 100 * z * np.sqrt(p * (1 - p)) / n)
        ),
        "the spread of single photos is there, but not their number; divide by n under the root": (
            every(lambda p, n: 100 * z * np.sqrt(p * (1 - p)))
        ),
        "the variance of a hit or miss is p (1 - p), and its root is missing": (
            every(lambda p, n: 100 * z * p * (1 - p) / n)
        ),
        "the variance of a hit or miss is p (1 - p), not p": (
            every(lambda p, n: 100 * z * np.sqrt(p / n))
        ),
        "that holds for a share of one half; here the variance is p (1 - p)": (
            every(lambda p, n: 100 * z * np.sqrt(0.25 / n))
        ),
        "1.645 is for a 90 % interval; for 95 % it is 1.96": (
            every(lambda p, n: 164.5 * np.sqrt(p * (1 - p) / n))
        ),
        "2.576 is for a 99 % interval; for 95 % it is 1.96": (
            every(lambda p, n: 257.6 * np.sqrt(p * (1 - p) / n))
        ),
    }
    given = [margin(share, n) for share, n in batches]
    cases = [f"for a share of {share} and {n} photos" for share, n in batches]
    if all(np.ndim(value) == 0 and value is not None for value in given):
        for hint, numbers in {"": right, **mistakes}.items():
            if np.allclose(given, numbers, rtol=0.022, atol=0):  # 2 is as good as 1.96
                return hint or None
    return diagnose(given, right, {}, cases, share=False)


@exercise(
    start="complete resampled, then pass it to the check",
    right="Photographers are drawn, photos come with them, and both methods see the same photos.",
)
def check_06_2(resampled: Callable[..., np.ndarray]) -> str | None:
    """Check the difference of two methods in each resample of the photographers."""
    rng = generator(15)
    batches = []
    for photos, people, draws in ((200, 12, 30), (90, 5, 8), (400, 60, 25)):
        author = rng.integers(people, size=photos) * rng.integers(2, size=photos)
        author[:people] = np.arange(people)  # everybody took one
        easy = rng.random(people)[author]
        a, b = (rng.random((2, photos)) < easy * np.array([[0.9], [0.6]])).astype(float)
        drawn = rng.multinomial(people, np.full(people, 1 / people), draws)
        batches.append((a, b, author, drawn))

    def sums(values: np.ndarray, author: np.ndarray, people: int) -> np.ndarray:
        return np.bincount(author, values, people)

    def every(rule: Callable[..., np.ndarray]) -> list[np.ndarray]:
        with np.errstate(all="ignore"):
            return [np.asarray(rule(*batch), dtype=float) for batch in batches]

    def rule(a: np.ndarray, b: np.ndarray, author: np.ndarray, drawn: np.ndarray) -> np.ndarray:
        people = drawn.shape[1]
        return drawn @ sums(a - b, author, people) / (drawn @ sums(np.ones_like(a), author, people))

    def of_people(a: np.ndarray, b: np.ndarray, author: np.ndarray, drawn: np.ndarray) -> Any:
        people = drawn.shape[1]
        each = sums(a - b, author, people) / sums(np.ones_like(a), author, people)
        return drawn @ each / people

    def once(a: np.ndarray, b: np.ndarray, author: np.ndarray, drawn: np.ndarray) -> Any:
        return rule(a, b, author, (drawn > 0).astype(int))

    def all_photos(a: np.ndarray, b: np.ndarray, author: np.ndarray, drawn: np.ndarray) -> Any:
        return drawn @ sums(a - b, author, drawn.shape[1]) / len(a)

    def shares(a: np.ndarray, b: np.ndarray, author: np.ndarray, drawn: np.ndarray) -> Any:
        return rule(a, np.zeros_like(b), author, drawn)

    def number(a: np.ndarray, b: np.ndarray, author: np.ndarray, drawn: np.ndarray) -> Any:
        return drawn @ sums(a - b, author, drawn.shape[1])

    right = every(rule)
    mistakes = {
        "that weighs every photographer alike; a photo counts once for each time that its "
        "photographer was drawn, so divide the sum of all drawn photos by their number": of_people,
        "a photographer who was drawn twice counts twice": once,
        "resamples differ in their number of photos; divide by that of each": all_photos,
        "that is the share of the first method; subtract the second's on the same photos": shares,
        "those are numbers of photos; divide by how many photos each resample has": number,
        "that is b minus a": lambda a, b, author, drawn: -rule(a, b, author, drawn),
        "that is in per cent": lambda a, b, author, drawn: 100 * rule(a, b, author, drawn),
        "that is the difference of all photos every time; the resample is missing": (
            lambda a, b, author, drawn: np.full(len(drawn), (a - b).mean())
        ),
    }
    for k, (batch, wanted) in enumerate(zip(batches, right, strict=True)):
        given = resampled(*(part.copy() for part in batch))
        if given is None:
            return "your function returns nothing yet; let it end with return ..."
        given = np.asarray(given, dtype=float)
        if given.shape != wanted.shape:
            return (
                f"for {len(wanted)} resamples yours has shape {given.shape}; return one number for "
                "each row of drawn"
            )
        if np.allclose(given, wanted, rtol=0, atol=1e-9):
            continue
        for hint, mistake in mistakes.items():
            if np.allclose(given, every(mistake)[k], rtol=0, atol=1e-9):
                return hint
        row = int(np.nanargmax(np.nan_to_num(np.abs(given - wanted), nan=np.inf)))
        return (
            f"in batch {k}, resample {row} should give {wanted[row]:.4f}, and yours is "
            f"{given[row]:.4f}"
        )
    return None


@exercise(
    start="complete blame, then pass it to the check",
    right="Whoever wants G3 to be better now knows where to begin.",
)
def check_06_3(blame: Callable[[np.ndarray, np.ndarray, float], tuple]) -> str | None:
    """Check the shares: right, a near candidate not chosen, no near candidate."""
    rng = generator(16)
    batches = []
    for photos, most in ((300, 20), (70, 6), (45, 3)):
        km = 25 * np.ceil(20_000 * rng.random((photos, most)) ** 5 / 25)
        km[rng.random(km.shape) < 0.3] = np.nan  # photos have candidates of different number
        km[:, 0] = np.where(np.isnan(km).all(axis=1), 10_000, km[:, 0])
        chosen = np.array([rng.choice(np.flatnonzero(~np.isnan(row))) for row in km])
        batches += [(km, chosen, radius) for radius in (25.0, 200.0, 750.0)]

    def parts(km: np.ndarray, chosen: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
        return km[np.arange(len(km)), chosen] <= radius, (km <= radius).any(axis=1)

    def rule(km: np.ndarray, chosen: np.ndarray, radius: float) -> tuple[float, float, float]:
        hit, there = parts(km, chosen, radius)
        return hit.mean(), (there & ~hit).mean(), (~there).mean()

    def not_hit(km: np.ndarray, chosen: np.ndarray, radius: float) -> tuple[float, float, float]:
        hit, there = parts(km, chosen, radius)
        return hit.mean(), (~hit).mean(), (~there).mean()

    def ceiling(km: np.ndarray, chosen: np.ndarray, radius: float) -> tuple[float, float, float]:
        hit, there = parts(km, chosen, radius)
        return hit.mean(), there.mean(), (~there).mean()

    def strict(km: np.ndarray, chosen: np.ndarray, radius: float) -> tuple[float, float, float]:
        return rule(np.where(km == radius, radius + 1, km), chosen, radius)

    def of_misses(km: np.ndarray, chosen: np.ndarray, radius: float) -> tuple[float, float, float]:
        hit, missed, absent = rule(km, chosen, radius)
        return hit, missed / (missed + absent), absent / (missed + absent)

    def all_near(km: np.ndarray, chosen: np.ndarray, radius: float) -> tuple[float, float, float]:
        hit, there = parts(km, chosen, radius)[0], (km <= radius).all(axis=1)
        return hit.mean(), (there & ~hit).mean(), (~there & ~hit).mean()

    mistakes = {
        "the second share is of photos with a near candidate that was not chosen; without one, "
        "verification is not to blame": not_hit,
        "the second share counts photos that were right as well; leave them out": ceiling,
        "within the radius means <=, not <": strict,
        "shares of all photos, so that the three sum to 1; yours are of the wrong ones": of_misses,
        "one near candidate is enough for verification to be to blame; ask any, not all": all_near,
        "the order is right, not chosen, none there": lambda *batch: rule(*batch)[::-1],
        "those are in per cent": lambda *batch: tuple(100 * share for share in rule(*batch)),
        "those are numbers of photos; divide by how many there are": (
            lambda km, *rest: tuple(len(km) * share for share in rule(km, *rest))
        ),
    }
    for km, chosen, radius in batches:
        given = blame(km.copy(), chosen.copy(), radius)
        if given is None:
            return "your function returns nothing yet; let it end with return ..."
        given = np.asarray(given, dtype=float)
        if given.shape != (3,):
            return f"return three shares: right, not chosen, none there; yours is {given.tolist()}"
        wanted = rule(km, chosen, radius)
        if np.allclose(given, wanted, rtol=0, atol=1e-9):
            continue
        for hint, mistake in mistakes.items():
            if np.allclose(given, mistake(km, chosen, radius), rtol=0, atol=1e-9):
                return hint
        return (
            f"for {len(km)} photos and {radius:g} km it should be "
            f"{tuple(round(float(share), 4) for share in wanted)}, and yours is "
            f"{tuple(given.round(4).tolist())}"
        )
    return None
