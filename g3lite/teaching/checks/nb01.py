"""Checks of the exercises of notebook 01."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from g3lite import evaluation, geo
from g3lite.teaching.checks.check import diagnose, exercise, generator


@exercise(
    start="complete share_within, then pass it to the check",
    right="Every photo counts, answered or not, and the Earth is round.",
)
def check_01_1(share_within: Callable[[np.ndarray, np.ndarray, float], float]) -> str | None:
    """Check the share of all photos that a method puts within km of the truth."""
    rng = generator(1)
    truth = np.column_stack([rng.uniform(-75, 75, 600), rng.uniform(-180, 180, 600)])
    truth[:60] = rng.uniform(-0.1, 0.1, (60, 2))  # the sea off Ghana, where (0, 0) lies
    # On either side of every threshold, by so much that the answer is the same on the ellipsoid.
    beside = np.outer(evaluation.THRESHOLDS_KM, [0.5, 0.985, 1.015]).ravel()
    off_km = rng.choice([*beside, 8000], 600)
    predictions = geo.offset(truth, rng.uniform(0, 360, 600), off_km)
    predictions[1::9] = truth[1::9]
    predictions[::4] = np.nan
    asked = [(600, radius) for radius in evaluation.THRESHOLDS_KM] + [(600, 0), (250, 25)]

    def shares(
        measure: Callable[[np.ndarray, np.ndarray], np.ndarray],
        count: Callable[[np.ndarray, float], Any] = lambda km, radius: np.mean(km <= radius),
    ) -> list[float]:
        return [float(count(measure(predictions[:n], truth[:n]), radius)) for n, radius in asked]

    exact = geo.great_circle_km
    mistakes = {
        "photos without an answer have left the denominator, so a method that answers only the "
        "easy ones looks good; divide by the number of photos in truth": shares(
            exact, lambda km, radius: np.mean(km[~np.isnan(km)] <= radius)
        ),
        "photos without an answer were put at (0, 0); that is a place too, off Ghana, and photos "
        "from there now count as right": shares(lambda p, t: exact(np.nan_to_num(p), t)),
        "a photo that is exactly km away counts as well, at 0 km one that is on the spot: "
        "compare with <=": shares(exact, lambda km, radius: np.mean(km < radius)),
        "with 250 photos the share is one of 250; divide by len(truth), not by a fixed "
        "number": shares(exact, lambda km, radius: (km <= radius).sum() / 600),
        "latitude and longitude are swapped: the first column is the latitude": shares(
            lambda p, t: exact(p[:, ::-1], t[:, ::-1])
        ),
        "sine and cosine want radians; use np.radians first": shares(
            lambda p, t: exact(np.degrees(p), np.degrees(t))
        ),
        "that is a flat map: away from the equator a degree of longitude is shorter than one of "
        "latitude": shares(lambda p, t: 111.195 * np.hypot(*(p - t).T)),
        "that is the share of photos further away than km": shares(
            exact, lambda km, radius: 1 - np.mean(km <= radius)
        ),
    }
    given = [share_within(predictions[:n].copy(), truth[:n].copy(), km) for n, km in asked]
    cases = [f"within {km} km, of {n} photos," for n, km in asked]
    return diagnose(given, shares(exact), mistakes, cases)


@exercise(
    start="complete split, then pass it to the check",
    right="Nobody's photos are on both sides, so nothing can be looked up.",
)
def check_01_2(split: Callable[[np.ndarray, float, int], np.ndarray]) -> str | None:
    """Check a random split of photos into two parts that have no photographer in common."""
    rng = generator(2)
    albums = np.repeat([1, 3, 6, 20], [60, 50, 40, 20])  # photos of each of 170 photographers
    names = rng.permutation([f"{n:08d}@N{n % 7:02d}" for n in rng.choice(10**7, len(albums))])
    authors = rng.permutation(np.repeat(names, albums))
    n, shares = len(authors), {0.1: [], 0.3: [], 0.5: []}
    for share in shares:
        parts = []
        for seed in range(8):
            part = split(authors.copy(), share, seed)
            if part is None:
                return "your function returns nothing yet; let it end with return ..."
            part = np.asarray(part)
            if part.shape != (n,) or part.dtype != bool:
                return (
                    f"return one True or False for each of the {n} photos; yours has shape "
                    f"{part.shape} and type {part.dtype}"
                )
            both = np.intersect1d(authors[part], authors[~part])
            if len(both):
                return (
                    f"{len(both)} of {len(names)} photographers have photos in both parts; draw "
                    "photographers, then take all photos of each one drawn (np.isin)"
                )
            parts.append(part)
        if all((part == parts[0]).all() for part in parts):
            return "every seed gives the same split; draw with default_rng(seed)"
        if (np.asarray(split(authors.copy(), share, 3)) != parts[3]).any():
            return "the same seed gives another split; draw with default_rng(seed)"
        shares[share] = np.mean(parts, axis=1)
    means = {share: found.mean() for share, found in shares.items()}
    if all(abs(mean - (1 - share)) < 0.08 for share, mean in means.items()):
        return "True marks the first part, which holds about `share` of the photos; yours is False"
    for share, mean in means.items():
        if abs(mean - share) > 0.08:
            return (
                f"for share = {share} the first part should hold about {share:.0%} of the photos, "
                f"and over eight seeds yours holds {mean:.0%}"
            )
    return None


@exercise(
    start="complete interval, then pass it to the check",
    right="Photographers are the independent draws, so they are what is drawn again.",
)
def check_01_3(
    interval: Callable[[np.ndarray, np.ndarray, int], tuple[float, float]],
) -> str | None:
    """Check a 95 % percentile interval of a share, by a bootstrap over photographers."""
    rng = generator(3)
    photos = np.repeat([2, 4, 8, 60], [24, 16, 12, 8])  # of each of 60 photographers
    skill = rng.beta(0.4, 0.6, 60) * np.where(photos == 60, 0.5, 1.0)
    authors = np.repeat([f"author {i}" for i in range(60)], photos)
    hits = (rng.random(len(authors)) < np.repeat(skill, photos)).astype(float)
    shuffled = rng.permutation(len(authors))
    authors, hits = authors[shuffled], hits[shuffled]

    given = interval(hits.copy(), authors.copy(), 4000)
    if given is None:
        return "your function returns nothing yet; let it end with return low, high"
    if np.shape(given) != (2,):
        return f"return two numbers, low and high; yours has shape {np.shape(given)}"
    low, high = (float(end) for end in given)
    share = hits.mean()
    if not np.isfinite([low, high]).all():
        return f"[{low}, {high}] is not a pair of numbers; did a resample hold no photo?"
    if high > 1:
        return f"[{low:g}, {high:g}] are no shares; hits are 0 or 1, so a share is their mean"
    if low > high:
        return "the lower end comes first"
    _, right_low, right_high = np.ravel(
        evaluation.share_curve(
            np.where(hits, 0, np.inf), pd.DataFrame({"AUTHOR": authors}), [1], replicates=20_000
        )
    )
    right_width = right_high - right_low
    # 4,000 resamples leave a scatter of 0.01 in each end; 90 % for 95 % would move it by 0.08.
    if max(abs(low - right_low), abs(high - right_high)) <= 0.05 * right_width:
        return _fine_points(interval, rng)
    means = pd.Series(hits).groupby(authors).mean()
    if abs((low + high) / 2 - means.mean()) < 0.15 * right_width:
        return (
            "that averages the photographers' averages; someone with 60 photos should weigh 30 "
            "times as much as someone with 2: pool the photos that were drawn, then take the mean"
        )
    if not low < share < high:
        return (
            f"the share, {share:.3f}, is not in [{low:.3f}, {high:.3f}]; np.percentile wants "
            "2.5 and 97.5, np.quantile 0.025 and 0.975"
        )
    naive_width = 2 * 1.96 * np.sqrt(share * (1 - share) / len(hits))
    if abs((high - low) / naive_width - 1) < 0.1:
        return (
            "that resamples single photos. A photographer's photos are alike, so draw "
            "photographers, and take all photos of each one drawn"
        )
    if high - low < right_width:
        return (
            f"[{low:.3f}, {high:.3f}] is {(high - low) / right_width:.0%} as wide as it should be. "
            "Draw as many photographers as there are, with replacement; one who is drawn twice "
            "counts twice; and cut off 2.5 % at each end"
        )
    return (
        f"[{low:.3f}, {high:.3f}] is {(high - low) / right_width:.0%} as wide as it should be. "
        "Draw as many photographers as there are, and cut off 2.5 % at each end"
    )


def _fine_points(
    interval: Callable[[np.ndarray, np.ndarray, int], tuple[float, float]],
    rng: np.random.Generator,
) -> str | None:
    """Look at the interval of a set so small that one photographer or one per cent shows.

    Of 14 photographers 5 have two wrong photos, 6 two right ones, and 3 a single wrong one. Counted
    out, the share of a resample is at most 2/11 in 2.24 % of all cases and below 3/13 in 2.74 %,
    and it is 3/4 or more in 2.22 %. So the ends of 95 % lie between these, and those of 94 %, of
    96 %, and of 13 photographers do not.
    """
    photos, right = np.repeat([2, 2, 1], [5, 6, 3]), np.repeat([0.0, 1.0, 0.0], [5, 6, 3])
    names = np.array([f"author {n}" for n in rng.permutation(14)])
    order = rng.permutation(photos.sum())
    low, high = interval(np.repeat(right, photos)[order], np.repeat(names, photos)[order], 60_000)
    if low > 3 / 13 - 1e-9:
        return "that is an interval of less than 95 %; cut off 2.5 % at each end"
    if low < 2 / 11 + 1e-9 or high > 3 / 4 - 1e-9:
        return (
            "that is a little too wide: cut off 2.5 % at each end, and draw as many photographers "
            "as there are, not one fewer"
        )
    return None


_CLAIMS = {
    # claim: (the right verdict, what to think of)
    "a": ("yes", "the interval of the difference, [0.9, 2.6] points, lies above zero"),
    "b": ("cannot tell", "the interval of the difference, [-0.3, 0.4] points, holds zero; small "
          "differences either way fit the data"),
    "c": ("cannot tell", "no difference was seen beyond luck, which is not the same as seeing that "
          "there is none; a paired test on the single photos could tell more"),
    "d": ("no", "the intervals of the two rows overlap, and the interval of the paired difference "
          "lies above zero all the same: what is hard for both methods cancels in it"),
    "e": ("no", "both figures are of one method on the same photos; only the split differs"),
    "f": ("cannot tell", "the two figures are of other photos, another gallery and other features; "
          "nothing is held equal"),
}  # fmt: skip


@exercise(
    start="give each claim its verdict: yes, no or cannot tell",
    right="You read differences by their interval, and compare like with like.",
)
def check_01_4(verdicts: dict[str, str]) -> str | None:
    """Check the verdicts on six claims about the figures of the notebook."""
    if not isinstance(verdicts, dict) or {str(key).lower() for key in verdicts} != set(_CLAIMS):
        return f"give a verdict for each of the claims {', '.join(_CLAIMS)}, such as a='yes'"
    given = {str(key).lower(): verdict for key, verdict in verdicts.items()}
    if empty := [claim for claim in _CLAIMS if given[claim] in (None, ...)]:
        return f"claims without a verdict yet: {', '.join(empty)}"
    words = {claim: " ".join(str(given[claim]).lower().split()).rstrip(".") for claim in _CLAIMS}
    allowed = {"yes", "no", "cannot tell"}
    if odd := [claim for claim in _CLAIMS if words[claim] not in allowed]:
        return f"the verdict on {odd[0]} is {given[odd[0]]!r}; use yes, no or cannot tell"
    wrong = [claim for claim, (verdict, _) in _CLAIMS.items() if words[claim] != verdict]
    if not wrong:
        return None
    return f"{len(_CLAIMS) - len(wrong)} of 6. About claim {wrong[0]}: {_CLAIMS[wrong[0]][1]}"
