"""Checks of the exercises of notebook 08."""

import math
from collections.abc import Callable

import numpy as np
from scipy import stats

from g3lite.after.ranking import by_photo
from g3lite.after.regions import conformal_share
from g3lite.teaching.checks.check import diagnose, exercise, generator

# --- 1: beat the cosine by hand ------------------------------------------------------------------


def _reached(scores: np.ndarray, target: np.ndarray, photo: np.ndarray) -> float:
    """The mean target of the candidates with the highest scores, in per cent."""
    rows = by_photo(photo)
    best = np.where(rows >= 0, scores[rows], -np.inf).argmax(axis=1)
    return 100 * float(target[rows[np.arange(len(rows)), best]].mean())


def _how_far(
    scores: np.ndarray, target: np.ndarray, photo: np.ndarray, cosine: np.ndarray,
    learned: np.ndarray,
) -> str:  # fmt: skip
    yours, theirs, judge = (
        _reached(np.asarray(some, dtype=float), target, photo) for some in (scores, cosine, learned)
    )
    return (
        f"Your rule reaches a mean of five of {yours:.1f} %, the cosine {theirs:.1f} %, the judge "
        f"that learned {judge:.1f} %."
    )


@exercise(start="make my_scores, one number per candidate", right=_how_far)
def check_08_1(
    scores: np.ndarray, target: np.ndarray, photo: np.ndarray, cosine: np.ndarray,
    learned: np.ndarray,
) -> str | None:  # fmt: skip
    """Check that a rule made by hand chooses better than the cosine."""
    scores = np.asarray(scores, dtype=float)
    if scores.shape != target.shape:
        return f"my_scores has shape {scores.shape}; one number per candidate is {target.shape}"
    if not np.isfinite(scores).all():
        return f"{(~np.isfinite(scores)).sum()} of your scores are not finite"
    if stats.spearmanr(scores, learned).statistic > 0.999:
        return "these are the scores of the judge that learned; make a rule of your own"
    yours, theirs = (_reached(some, target, photo) for some in (scores, cosine))
    if yours >= _reached(target, target, photo) - 2:
        return "these scores know the truth: they choose the best candidate nearly always"
    if yours <= theirs:
        return (
            f"your rule reaches {yours:.1f} %, the cosine alone {theirs:.1f} %; which columns are "
            "high for candidates that many speak for? (For some, such as behind, low is good.)"
        )
    return None


# --- 2: the share that a region needs ------------------------------------------------------------


@exercise(
    start="complete conformal_share, then pass it to the check",
    right="Of n + 1 photos any may be the new one: that is why it is n + 1, and why you round up.",
)
def check_08_2(share_of: Callable[[np.ndarray, float], float]) -> str | None:
    """Check the level that a region must reach."""
    rng, solve = generator(8), conformal_share
    cases = [(rng.random(n), coverage) for n, coverage in
             ((19, 0.9), (37, 0.8), (100, 0.9), (8, 0.9), (9, 0.9), (250, 0.95))]  # fmt: skip

    def at(rank: Callable[[int, float], int], turned: bool = False) -> list[float]:
        """What a rule with another rank gives."""
        found = []
        for levels, coverage in cases:
            ordered = np.sort(levels)[:: -1 if turned else 1]
            number = rank(len(levels), coverage)
            found.append(float(ordered[min(max(number, 1), len(levels)) - 1]))
        return found

    mistakes = {
        "with n + 1, not n: the new photo is one of them": at(lambda n, c: math.ceil(n * c)),
        "round up, not down: the promise is at least, not about": at(
            lambda n, c: math.floor((n + 1) * c)
        ),
        "with 8 levels no level is enough for 90 %: return 1": at(
            lambda n, c: math.ceil((n + 1) * c)
        ),
        "one place too far: Python counts from 0 (np.quantile: inverted_cdf, not higher)": at(
            lambda n, c: math.ceil((n + 1) * c) + 1
        ),
        "sort from low to high": at(lambda n, c: math.ceil((n + 1) * c), turned=True),
        "sort the levels first": [
            float(v[min(math.ceil((len(v) + 1) * c), len(v)) - 1]) for v, c in cases
        ],
        "that interpolates between two levels; take the level at the place": [
            float(np.quantile(v, c)) for v, c in cases
        ],
        "use the coverage that is passed": [solve(v, 0.9) for v, _ in cases],
        "return a level, not the coverage": [c for _, c in cases],
        "return a level, not how many there are": [
            float(math.ceil((len(v) + 1) * c)) for v, c in cases
        ],
    }
    given = [share_of(levels.copy(), coverage) for levels, coverage in cases]
    names = [f"for {len(levels)} levels and {coverage:.0%}" for levels, coverage in cases]
    return diagnose(given, [solve(*case) for case in cases], mistakes, names)


# --- 3: where the promise breaks -----------------------------------------------------------------

LEAST = 0.06
"""Share of the photos that were not calibrated on that a kind of photos has at least."""
BROKEN = 0.8


def least(calibrated: np.ndarray) -> int:
    """Photos that a kind needs, of those that were not calibrated on."""
    return math.ceil(LEAST * (~calibrated).sum())


def _broken(
    mask: np.ndarray, levels: np.ndarray, share: float, calibrated: np.ndarray
) -> tuple[float, int]:
    some = np.asarray(mask) & ~calibrated
    return float((levels[some] <= share).mean()), int(some.sum())


@exercise(
    start="make my_photos, True for the photos of your kind",
    right=lambda *answers: (
        "The region held the truth for only {:.0%} of {} photos of this kind.".format(
            *_broken(*answers)
        )
    ),
)
def check_08_3(
    mask: np.ndarray, levels: np.ndarray, share: float, calibrated: np.ndarray
) -> str | None:
    """Check that regions hold the truth too seldom for a kind of photos."""
    mask = np.asarray(mask)
    if mask.dtype != bool or mask.shape != levels.shape:
        return (
            f"my_photos is {mask.dtype} of shape {mask.shape}; it is bool of shape {levels.shape}"
        )
    rest = mask & ~calibrated
    if rest.sum() < least(calibrated):
        return f"your kind has {rest.sum()} photos; it needs at least {least(calibrated)}"
    others = ~mask & ~calibrated
    if not (levels[rest] <= share).any() or (
        others.any() and levels[rest].min() > np.quantile(levels[others], 0.8)
    ):
        return (
            "these are photos with high levels, nearly only missed ones; name a kind by something "
            "else that is known of a photo"
        )
    held, _ = _broken(mask, levels, share, calibrated)
    if held >= BROKEN:
        return f"the region still held the truth for {held:.0%} of your {rest.sum()} photos"
    return None
