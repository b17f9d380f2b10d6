"""Checks of the notebooks' exercises: each prints a verdict with a hint, and returns a bool.

A check is a function of the reader's answer that returns None if the answer is right, else a hint.
The decorator `exercise` does the rest; `check_01_2` belongs to exercise 2 of notebook 01.
"""

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from g3lite import evaluation, geo


def exercise(start: str, right: str) -> Callable[[Callable[..., str | None]], Callable[..., bool]]:
    """Make a check out of a function that returns None for a right answer and else a hint.

    Args:
        start: the hint for a place that is still empty (None or `...`).
        right: what a right answer shows, in a sentence.

    The check prints its verdict and returns whether the answer is right. It never raises: an
    exception in the reader's code becomes part of the hint. `check.__wrapped__` is the function.
    """

    def decorate(verdict: Callable[..., str | None]) -> Callable[..., bool]:
        @wraps(verdict)
        def check(*answers: Any) -> bool:
            if any(answer is None or answer is ... for answer in answers):
                hint: str | None = start
            else:
                try:
                    hint = verdict(*answers)
                except Exception as error:
                    hint = f"checking your answer raised {type(error).__name__}: {error}"
            print(f"✓ {right}" if hint is None else f"Not yet: {hint}")
            return hint is None

        return check

    return decorate


def _diagnose(
    given: list[Any],
    right: list[float],
    mistakes: dict[str, list[float]],
    cases: list[str],
    *,
    share: bool = True,
    tolerance: float = 1e-9,
) -> str | None:
    """None if the numbers `given` are `right`, else a hint: that of the mistake that gives them.

    All lists hold one number for each of the `cases`; `share` says that they are shares.
    """
    if any(value is None for value in given):
        return "your function returns nothing yet; let it end with return ..."
    if any(np.ndim(value) for value in given):
        return f"your function returns an array of shape {np.shape(given[0])}, not one number"
    values = np.array(given, dtype=float)
    for hint, numbers in {"": right, **mistakes}.items():
        if np.allclose(values, numbers, rtol=0, atol=tolerance):
            return hint or None
    if share and values.max() > 1:
        return f"{values.max():g} is no share; return a number from 0 to 1, not a count or per cent"
    case = int(np.argmax(~np.isclose(values, right, rtol=0, atol=tolerance)))
    return f"{cases[case]} it should be {right[case]:.4f}, and yours is {values[case]:.4f}"


# --- 01 worldwide geolocalization ----------------------------------------------------------------


@exercise(
    start="complete share_within, then pass it to the check",
    right="Every photo counts, answered or not, and the Earth is round.",
)
def check_01_1(share_within: Callable[[np.ndarray, np.ndarray, float], float]) -> str | None:
    """Check the share of all photos that a method puts within km of the truth."""
    rng = np.random.default_rng(1)
    truth = np.column_stack([rng.uniform(-75, 75, 600), rng.uniform(-180, 180, 600)])
    truth[:60] = rng.uniform(-0.1, 0.1, (60, 2))  # the sea off Ghana, where (0, 0) lies
    # Off every threshold by so much that the answer is the same on the ellipsoid.
    off_km = rng.choice([0.3, 1.3, 10, 33, 100, 280, 500, 1000, 1500, 3500, 8000], 600)
    predictions = geo.offset(truth, rng.uniform(0, 360, 600), off_km)
    predictions[::4] = np.nan

    def shares(km: np.ndarray) -> list[float]:
        return [float(np.mean(km <= radius)) for radius in evaluation.THRESHOLDS_KM]

    km = geo.great_circle_km(predictions, truth)
    mistakes = {
        "photos without an answer have left the denominator, so a method that answers only the "
        "easy ones looks good; divide by the number of photos in truth": shares(km[~np.isnan(km)]),
        "photos without an answer were put at (0, 0); that is a place too, off Ghana, and photos "
        "from there now count as right": shares(
            geo.great_circle_km(np.nan_to_num(predictions), truth)
        ),
        "latitude and longitude are swapped: the first column is the latitude": shares(
            geo.great_circle_km(predictions[:, ::-1], truth[:, ::-1])
        ),
        "sine and cosine want radians; use np.radians first": shares(
            geo.great_circle_km(np.degrees(predictions), np.degrees(truth))
        ),
        "that is a flat map: away from the equator a degree of longitude is shorter than one of "
        "latitude": shares(111.195 * np.hypot(*(predictions - truth).T)),
        "that is the share of photos further away than km": [1 - share for share in shares(km)],
    }
    given = [share_within(predictions.copy(), truth, radius) for radius in evaluation.THRESHOLDS_KM]
    cases = [f"within {radius} km" for radius in evaluation.THRESHOLDS_KM]
    return _diagnose(given, shares(km), mistakes, cases)


@exercise(
    start="complete best_of, then pass it to the check",
    right="That is the ceiling for any method that picks one of its k candidates.",
)
def check_01_2(best_of: Callable[[np.ndarray, int, float], float]) -> str | None:
    """Check the share of queries with a neighbour within km among the first k."""
    distances = 20_000 ** np.random.default_rng(2).random((400, 20)) ** 0.45
    pairs = [(1, 25), (5, 25), (5, 750), (10, 200)]

    def every(measure: Callable[[int, float], Any]) -> list[float]:
        return [float(measure(k, km)) for k, km in pairs]

    right = every(lambda k, km: (distances[:, :k] <= km).any(axis=1).mean())
    mistakes = {
        "that is the share of neighbours that are near; one near neighbour is enough for a query, "
        "so ask any(axis=1) first": every(lambda k, km: (distances[:, :k] <= km).mean()),
        "that asks all of the k neighbours to be near; one is enough": every(
            lambda k, km: (distances[:, :k] <= km).all(axis=1).mean()
        ),
        "that looks at the k-th neighbour alone, not at the first k": every(
            lambda k, km: (distances[:, k - 1] <= km).mean()
        ),
        "that looks at all neighbours; keep the first k columns only": every(
            lambda k, km: (distances <= km).any(axis=1).mean()
        ),
        "that looks at the first neighbour only, whatever k is": every(
            lambda k, km: (distances[:, 0] <= km).mean()
        ),
        "one column too many: distances[:, :k] holds exactly the first k": every(
            lambda k, km: (distances[:, : k + 1] <= km).any(axis=1).mean()
        ),
        "one column too few: distances[:, :k] holds exactly the first k": every(
            lambda k, km: (distances[:, : k - 1] <= km).any(axis=1).mean()
        ),
        "that compares the mean distance of the k neighbours; ask for the nearest of them": every(
            lambda k, km: (distances[:, :k].mean(axis=1) <= km).mean()
        ),
        "that goes down the columns; queries are the rows, so the axis is 1": every(
            lambda k, km: (distances[:, :k] <= km).any(axis=0).mean()
        ),
    }
    given = [best_of(distances.copy(), k, km) for k, km in pairs]
    cases = [f"for k = {k} within {km} km" for k, km in pairs]
    return _diagnose(given, right, mistakes, cases)


@exercise(
    start="complete interval, then pass it to the check",
    right="Photographers are the independent draws, so they are what is drawn again.",
)
def check_01_3(
    interval: Callable[[np.ndarray, np.ndarray, int], tuple[float, float]],
) -> str | None:
    """Check a 95 % percentile interval of a share, by a bootstrap over photographers."""
    rng = np.random.default_rng(3)
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
        return None
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


# --- 02 geo-alignment ----------------------------------------------------------------------------


@exercise(
    start="complete contrastive, then pass it to the check",
    right="The right pairs attract, all others in the batch repel, from both sides.",
)
def check_02_1(contrastive: Callable[[np.ndarray, np.ndarray, float], float]) -> str | None:
    """Check the symmetric InfoNCE of two sets of vectors that are not normalised."""
    rng = np.random.default_rng(4)
    batches = []
    for n, d, scale, noise in ((6, 5, 10.0, 0.7), (40, 16, 54.0, 0.7), (12, 8, 1000.0, 3.0)):
        images = rng.normal(size=(n, d))
        places = images + noise * rng.normal(size=(n, d))
        lengths = rng.uniform(0.5, 2, (2, n, 1))
        batches.append((images * lengths[0], places * lengths[1], scale))

    def rows_of(logits: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
        """-log p of the diagonal, by rows."""
        summed = logits if others is None else np.where(others, logits, -np.inf)
        return np.logaddexp.reduce(summed, axis=1) - np.diag(logits)

    def cosines(images: np.ndarray, places: np.ndarray, axis: int = 1) -> np.ndarray:
        one, other = (v / np.linalg.norm(v, axis=axis, keepdims=True) for v in (images, places))
        return one @ other.T

    def every(loss: Callable[[np.ndarray], Any], of: Callable[..., np.ndarray] | None = None):
        make = of or (lambda images, places, scale: scale * cosines(images, places))
        return [float(loss(make(*batch))) for batch in batches]

    def both(logits: np.ndarray) -> np.ndarray:
        return (rows_of(logits).mean() + rows_of(logits.T).mean()) / 2

    def softmax(logits: np.ndarray) -> np.ndarray:
        return np.exp(logits - np.logaddexp.reduce(logits, axis=1)[:, None])

    def negatives(logits: np.ndarray) -> np.ndarray:
        off = ~np.eye(len(logits), dtype=bool)
        return (rows_of(logits, off).mean() + rows_of(logits.T, off).mean()) / 2

    right = every(both)
    with np.errstate(all="ignore"):
        mistakes = {
            "the rows have not length 1, so these are no cosines; divide each row by its norm": (
                every(both, lambda images, places, scale: scale * images @ places.T)
            ),
            "that gives the columns length 1; a vector is a row, so the axis is 1": (
                every(both, lambda images, places, scale: scale * cosines(images, places, axis=0))
            ),
            "the scale is missing": every(both, lambda images, places, _: cosines(images, places)),
            "that divides by the scale; the temperature is its inverse, so multiply": (
                every(both, lambda images, places, scale: cosines(images, places) / scale)
            ),
            "that is one direction, photos choosing places; add the other one, and halve": (
                every(lambda logits: rows_of(logits).mean())
            ),
            "that is one direction, places choosing photos; add the other one, and halve": (
                every(lambda logits: rows_of(logits.T).mean())
            ),
            "that is the sum of both directions; halve it": every(lambda z: 2 * both(z)),
            "that is a sum over the batch; take the mean over its rows": (
                every(lambda z: len(z) * both(z))
            ),
            "the sign is the other way round: the loss is minus the logarithm": (
                every(lambda z: -both(z))
            ),
            "that is the mean of the probabilities; take the logarithm of each first": (
                every(lambda z: (np.diag(softmax(z)).mean() + np.diag(softmax(z.T)).mean()) / 2)
            ),
            "the logarithm comes before the mean: average -log p, not p": (
                every(
                    lambda z: (
                        -np.log(np.diag(softmax(z)).mean()) / 2
                        - np.log(np.diag(softmax(z.T)).mean()) / 2
                    )
                )
            ),
            "the softmax was taken twice: cross_entropy wants logits, not probabilities": (
                every(lambda z: (rows_of(softmax(z)).mean() + rows_of(softmax(z.T)).mean()) / 2)
            ),
            "the right place belongs into the sum as well, not only the wrong ones": (
                every(negatives)
            ),
            "that is a logarithm to the base 2; np.log is the natural one": (
                every(lambda z: both(z) / np.log(2))
            ),
        }
        given = [contrastive(a.copy(), b.copy(), scale) for a, b, scale in batches]
    if all(value is not None and np.ndim(value) == 0 for value in given):
        fine = np.isclose(np.array(given, dtype=float), right, rtol=0, atol=1e-3)
        if fine[:2].all() and not fine[2]:
            return (
                f"at scale 1000 it should be {right[2]:.4f}, and yours is {float(given[2]):.4f}: "
                "exp(1000) is infinite and exp(-1000) is zero. Work with log p = logit - "
                "logsumexp(logits), and never with p itself"
            )
    cases = [f"for {len(a)} pairs at scale {scale:g}" for a, _, scale in batches]
    return _diagnose(given, right, mistakes, cases, share=False, tolerance=1e-3)


@exercise(
    start="complete mercator, then pass it to the check",
    right="North and east in half circumferences of the equator; the map is a square.",
)
def check_02_2(mercator: Callable[[np.ndarray], np.ndarray]) -> str | None:
    """Check Mercator's projection to [north, east] in [-1, 1], the latitude clamped."""
    limit = np.degrees(np.arctan(np.sinh(np.pi)))
    points = np.array(
        [[0, 0], [48.86, 2.35], [-33.87, 151.21], [60, -120], [-75, 30], [84.99, 10],
         [85.04, -10], [limit, 180], [-89, -180], [90, 45], [-90, 90]]
    )  # fmt: skip
    lat, lon = np.clip(points[:, 0], -limit, limit), points[:, 1]

    def y(degrees: np.ndarray) -> np.ndarray:
        return np.arcsinh(np.tan(np.radians(degrees)))

    north, east = y(lat) / np.pi, lon / 180
    right = np.column_stack([north, east])
    earth = 6378.137

    def flat(north: np.ndarray, east: np.ndarray) -> np.ndarray:
        return np.column_stack([north, east])

    with np.errstate(all="ignore"):
        mistakes = {
            "the two columns are swapped: north comes first": right[:, ::-1],
            "latitude is the first column of coordinates, longitude the second": (
                flat(y(np.clip(lon, -limit, limit)) / np.pi, points[:, 0] / 180)
            ),
            "tan wants radians; use np.radians first": (
                flat(np.arcsinh(np.tan(lat)) / np.pi, east)
            ),
            "no latitude is clamped yet; beyond 85.0511 degrees the map leaves [-1, 1], and at "
            "the pole it is infinite": flat(y(points[:, 0]) / np.pi, east),
            "the clamp is at 85 degrees; the map is a square at 85.0511, location.MERCATOR_LIMIT": (
                flat(y(np.clip(lat, -85, 85)) / np.pi, east)
            ),
            "that is in radians; divide by pi to reach [-1, 1]": flat(y(lat), np.radians(lon)),
            "north is in radians; divide it by pi": flat(y(lat), east),
            "that is in metres; divide by half the circumference of the equator": (
                1000 * earth * np.pi * right
            ),
            "that is in km; divide by half the circumference of the equator": (
                earth * np.pi * right
            ),
            "longitudes go to 180, so divide them by 180": flat(north, lon / 360),
            "longitudes go to 180, so divide them by 180, not by 90": flat(north, lon / 90),
            "longitudes are still in degrees; divide them by 180": flat(north, lon),
            "north must not be linear in the latitude; that map is the plate carree": (
                flat(lat / 90, east)
            ),
            "north must not be linear in the latitude": flat(lat / 180, east),
            "that is the sine of the latitude, a map that keeps areas; Mercator keeps angles": (
                flat(np.sin(np.radians(lat)), east)
            ),
            "north points down: the sign is the other way round": flat(-north, east),
            "that is a logarithm to the base 10; Mercator wants the natural one": (
                flat(y(lat) / np.log(10) / np.pi, east)
            ),
        }
        given = mercator(points.copy())
    if given is None:
        return "your function returns nothing yet; let it end with return ..."
    found = np.asarray(given, dtype=float)
    if found.ndim == 2 and found.shape[1] == 2 and len(found) < len(points):
        return "points beyond the limit are missing; clamp them, do not drop them"
    if found.shape != points.shape:
        return f"return an array of shape (n, 2); for {points.shape} yours has {found.shape}"
    for hint, numbers in {"": right, **mistakes}.items():
        if np.allclose(found, numbers, rtol=1e-6, atol=1e-6, equal_nan=True):
            return hint or None
    row = int(np.argmax(~np.isclose(found, right, rtol=0, atol=1e-6).all(axis=1)))
    (a, b), (c, d), (e, f) = points[row], right[row], found[row]
    return f"[{a:g}, {b:g}] should become [{c:.4f}, {d:.4f}], and yours is [{e:.4f}, {f:.4f}]"


@exercise(
    start="complete unfair, then pass it to the check",
    right="Nobody is punished for a right answer, and the diagonal is left alone.",
)
def check_02_3(
    unfair: Callable[[np.ndarray, np.ndarray, float], np.ndarray],
) -> str | None:
    """Check the mask of pairs with the same text or within km, without the diagonal."""
    rng = np.random.default_rng(5)
    centres = np.array(
        [[48.86, 2.35], [64.15, -21.94], [-17.0, 179.95], [-17.0, -179.95], [40.7, -74.0],
         [-33.87, 151.21], [0.1, 32.6], [78.2, 15.6]]
    )  # fmt: skip
    of = rng.permutation(np.repeat(np.arange(8), 8))
    km = 10 ** rng.uniform(0.3, 2.2, len(of))
    coordinates = geo.offset(centres[of], rng.uniform(0, 360, len(of)), km)
    # The same name on two continents, and neighbours with another one.
    towns = "Paris Reykjavik Taveuni Taveuni Lyon Sydney Kampala Lyon".split()
    texts = np.array([f"A photo taken from {town}" for town in towns])[of]
    texts = np.where(rng.random(len(of)) < 0.3, np.char.add(texts, " Beach"), texts)
    n = len(texts)
    apart = geo.great_circle_km(coordinates[:, None], coordinates)
    flat_km = 111.195 * np.linalg.norm(coordinates[:, None] - coordinates, axis=-1)
    turned = geo.great_circle_km(coordinates[:, None, ::-1], coordinates[:, ::-1])
    same, own = texts[:, None] == texts, np.eye(n, dtype=bool)
    radii = (25.0, 120.0)

    for radius in radii:
        near = apart <= radius
        right = (same | near) & ~own
        mistakes = {
            "the diagonal is masked: a photo's own text and place are the right answer": same
            | near,
            "that wants both at once; the same text or a place nearby is enough": same
            & near
            & ~own,
            "that looks at the texts alone; places within km count too": same & ~own,
            "that looks at the distance alone; the same text counts too": near & ~own,
            "that marks the fair pairs, the other way round": ~(same | near) | own,
            "that marks the fair pairs, the other way round ": ~(same | near),
            "each pair counts in both directions; yours marks it in one only": np.triu(right),
            "each pair counts in both directions; yours marks it in one only ": np.tril(right),
            "that is a distance on a flat map; use geo.great_circle_km": (
                (same | (flat_km <= radius)) & ~own
            ),
            "that compares degrees with km; use geo.great_circle_km": (
                (same | (flat_km / 111.195 <= radius)) & ~own
            ),
            "latitude and longitude are swapped": (same | (turned <= radius)) & ~own,
            "pairs further than km are marked": (same | ~near) & ~own,
            "that is 25 km whatever km is": (same | (apart <= 25)) & ~own,
        }
        given = unfair(texts.copy(), coordinates.copy(), radius)
        if given is None:
            return "your function returns nothing yet; let it end with return ..."
        found = np.asarray(given)
        if found.shape != (n, n):
            return f"return an array of shape ({n}, {n}) for {n} photos; yours has {found.shape}"
        if found.dtype != bool:
            return f"return booleans, True or False; yours is an array of {found.dtype}"
        if (found == right).all():
            continue
        for hint, mask in mistakes.items():
            if (found == mask).all():
                return hint.strip()
        row, column = np.argwhere(found != right)[0]
        why = "the same text" if same[row, column] else f"{apart[row, column]:,.1f} km apart"
        return (
            f"for km = {radius:g}, photos {row} and {column} ({why}) should be "
            f"{right[row, column]}, and yours says {found[row, column]}"
        )
    return None


# --- 03 index construction -----------------------------------------------------------------------


@exercise(
    start="complete fair_search, then pass it to the check",
    right="Nobody helps themselves: exclude first, then take the best k.",
)
def check_03_1(
    fair_search: Callable[[np.ndarray, np.ndarray, np.ndarray, str, int, float], np.ndarray],
) -> str | None:
    """Check a search by inner product that leaves out an author and near copies."""
    rng = np.random.default_rng(6)
    n = 240
    vectors = rng.normal(size=(n, 12)) * rng.uniform(0.6, 1.6, (n, 1))
    authors = np.array([f"author {i}" for i in rng.integers(8, size=n)])
    cases = []
    for k, near_copies, few in ((5, 0, False), (6, 3, False), (10, 2, False), (12, 4, True)):
        query = rng.normal(size=12)
        ranked = np.sort(vectors @ query)[::-1]
        # Limits lie between two photos, so that it does not matter on which side equality counts.
        above = (ranked[near_copies - 1] + ranked[near_copies]) / 2 if near_copies else 1e9
        if few:
            above = (ranked[-5] + ranked[-6]) / 2
        remaining = np.where(vectors @ query <= above, vectors @ query, -np.inf)
        cases.append((query, str(authors[remaining.argmax()]), k, float(above)))

    def every(rule: Callable[[np.ndarray, np.ndarray, np.ndarray, int], Any]) -> list[Any]:
        return [
            rule(vectors @ query, authors != author, vectors @ query <= above, k)
            for query, author, k, above in cases
        ]

    def best(score: np.ndarray, allowed: np.ndarray, k: int) -> np.ndarray:
        rows = np.flatnonzero(allowed)
        return rows[np.argsort(-score[rows], kind="stable")][:k]

    def afterwards(s: np.ndarray, other: np.ndarray, below: np.ndarray, k: int) -> np.ndarray:
        rows = best(s, np.full(n, True), k)
        return rows[(other & below)[rows]]

    def of_the_rest(s: np.ndarray, other: np.ndarray, below: np.ndarray, k: int) -> np.ndarray:
        return np.argsort(-s[other & below], kind="stable")[:k]

    lengths = np.linalg.norm(vectors, axis=1)
    right = every(lambda s, other, below, k: best(s, other & below, k))
    mistakes = {
        "photos by the author are still there": every(lambda s, o, b, k: best(s, b, k)),
        "photos above the limit are still there": every(lambda s, o, b, k: best(s, o, k)),
        "nothing is left out yet": every(lambda s, o, b, k: best(s, np.full(n, True), k)),
        "you take the best k and then leave some out, so fewer than k remain; leave out first": (
            every(afterwards)
        ),
        "these are positions among the photos that are left; give their rows in vectors": (
            every(of_the_rest)
        ),
        "that keeps the author's own photos only": every(lambda s, o, b, k: best(s, ~o & b, k)),
        "that keeps photos above the limit only": every(lambda s, o, b, k: best(s, o & ~b, k)),
        "photos are left out only if both hold; one of the two is enough": (
            every(lambda s, o, b, k: best(s, o | b, k))
        ),
        "the right photos, but the best comes first": (
            every(lambda s, o, b, k: best(s, o & b, k)[::-1])
        ),
        "the right photos, but in the order of the gallery; the best comes first": (
            every(lambda s, o, b, k: np.sort(best(s, o & b, k)))
        ),
        "these are the least similar photos": every(lambda s, o, b, k: best(-s, o & b, k)),
        "that ranks by the cosine; the similarity is the inner product": (
            every(lambda s, o, b, k: best(s / lengths, o & b, k))
        ),
        "one photo too few": every(lambda s, o, b, k: best(s, o & b, k - 1)),
        "one photo too many": every(lambda s, o, b, k: best(s, o & b, k + 1)),
        "without the best one: do not drop the first": (
            every(lambda s, o, b, k: best(s, o & b, k + 1)[1:])
        ),
        "these are similarities; return the rows": (every(lambda s, o, b, k: s[best(s, o & b, k)])),
    }
    given = []
    for query, author, k, above in cases:
        rows = fair_search(vectors.copy(), authors.copy(), query.copy(), author, k, above)
        if rows is None:
            return "your function returns nothing yet; let it end with return ..."
        found = np.asarray(rows)
        if found.ndim != 1:
            return f"return the rows as an array of shape (k,); yours has shape {found.shape}"
        if found.dtype == bool:
            return "that is a mask; return row numbers, the best first"
        given.append(found)
    for hint, lists in {"": right, **mistakes}.items():
        pairs = list(zip(given, lists, strict=True))
        if all(a.shape == b.shape and np.allclose(a, b) for a, b in pairs):
            return hint or None
    if any(len(rows) > size for rows, (_, _, size, _) in zip(given, cases, strict=True)):
        return "that is more than k photos; cut the list after k"
    few = next(i for i, rows in enumerate(right) if len(rows) < cases[i][2])
    if len(given[few]) != len(right[few]):
        return (
            f"if only {len(right[few])} photos are left for k = {cases[few][2]}, return these; "
            f"yours has {len(given[few])}"
        )
    case = next(
        i for i, rows in enumerate(right)
        if rows.shape != given[i].shape or (rows != given[i]).any()
    )  # fmt: skip
    return (
        f"for k = {cases[case][2]} it should be {right[case][:6].tolist()}..., and yours is "
        f"{given[case][:6].tolist()}..."
    )


@exercise(
    start="complete recall, then pass it to the check",
    right="Order does not count, and neither does what other queries found.",
)
def check_03_2(recall: Callable[[np.ndarray, np.ndarray], float]) -> str | None:
    """Check recall at k: the mean share of the exact neighbours among those found."""
    rng = np.random.default_rng(7)
    batches = []
    for queries, k, n in ((6, 4, 15), (50, 15, 60), (30, 10, 500)):
        order = rng.permuted(np.tile(np.arange(n), (queries, 1)), axis=1)
        exact, others = order[:, :k], order[:, k : 2 * k].copy()
        missed = rng.random((queries, k)) < rng.beta(1, 2, (queries, 1))
        missed[0], missed[1] = False, True
        others[rng.random((queries, k)) < 0.3] = -1
        found = np.where(missed, others, exact)
        found[2:] = rng.permuted(found[2:], axis=1)
        batches.append((found, exact))

    def every(measure: Callable[[np.ndarray, np.ndarray], Any]) -> list[float]:
        return [float(measure(found, exact)) for found, exact in batches]

    def hits(found: np.ndarray, exact: np.ndarray) -> np.ndarray:
        return (exact[:, :, None] == found[:, None]).any(axis=2)

    def jaccard(found: np.ndarray, exact: np.ndarray) -> float:
        both = hits(found, exact).sum(axis=1)
        return (both / ((found >= 0).sum(axis=1) + exact.shape[1] - both)).mean()

    right = every(lambda f, e: hits(f, e).mean())
    mistakes = {
        "that wants each neighbour in the same position; the order does not count": (
            every(lambda f, e: (f == e).mean())
        ),
        "that looks into the lists of all queries at once; compare row with row": (
            every(lambda f, e: np.isin(e, f).mean())
        ),
        "that looks into the lists of all queries at once; compare row with row ": (
            every(lambda f, e: np.intersect1d(f, e).size / np.unique(e).size)
        ),
        "that counts queries with at least one hit": (
            every(lambda f, e: hits(f, e).any(axis=1).mean())
        ),
        "that counts queries with all neighbours found": (
            every(lambda f, e: hits(f, e).all(axis=1).mean())
        ),
        "that asks for the first neighbour alone": every(lambda f, e: hits(f, e)[:, 0].mean()),
        "that compares the first neighbours alone": every(
            lambda f, e: (f[:, 0] == e[:, 0]).mean()
        ),
        "that is a number of neighbours; divide by k": (
            every(lambda f, e: hits(f, e).sum(axis=1).mean())
        ),
        "that is a number of neighbours; divide by k, and take the mean over the queries": (
            every(lambda f, e: hits(f, e).sum())
        ),
        "divide by k, the number of exact neighbours, not by the number of queries": (
            every(lambda f, e: hits(f, e).sum() / len(e) ** 2)
        ),
        "that divides by all that is in either list; divide by k": every(jaccard),
        "that divides by the number that was found; a -1 is a miss, so divide by k": (
            every(lambda f, e: np.mean(hits(f, e).sum(1) / np.maximum((f >= 0).sum(1), 1)))
        ),
        "that divides by the number that was found; a -1 is a miss, so divide by k ": (
            every(lambda f, e: hits(f, e).sum() / (f >= 0).sum())
        ),
        "that is the share that was missed": every(lambda f, e: 1 - hits(f, e).mean()),
        "that takes every -1 for a hit": every(
            lambda f, e: (hits(f, e).sum() + (f < 0).sum()) / e.size
        ),
        "that goes down the columns; a query is a row": (
            every(lambda f, e: hits(f.T, e.T).mean())
        ),
        "that goes down the columns; a query is a row ": every(
            lambda f, e: sum(np.intersect1d(*pair).size for pair in zip(f.T, e.T, strict=True))
            / e.size
        ),
    }  # fmt: skip
    given = [recall(found.copy(), exact.copy()) for found, exact in batches]
    cases = [f"for {len(e)} queries and k = {e.shape[1]}" for _, e in batches]
    hint = _diagnose(given, right, mistakes, cases)
    return hint and hint.strip()


@exercise(
    start="complete pq_bytes, then pass it to the check",
    right="Codes for every photo, prototypes once.",
)
def check_03_3(pq_bytes: Callable[[int, int, int, int], int]) -> str | None:
    """Check the bytes of an index with product quantisation: codes and prototypes."""
    sizes = [
        (1_000, 32, 8, 8), (4_122_119, 2304, 288, 8), (20_000, 768, 192, 4), (50, 60, 5, 6),
        (700, 48, 3, 10),
    ]  # fmt: skip

    def every(rule: Callable[[int, int, int, int], float]) -> list[float]:
        return [float(rule(*size)) for size in sizes]

    def codes(n: int, d: int, pieces: int, bits: int) -> int:
        return n * -(-pieces * bits // 8)

    def prototypes(n: int, d: int, pieces: int, bits: int) -> int:
        return 4 * 2**bits * d

    right = every(lambda *size: codes(*size) + prototypes(*size))
    mistakes = {
        "the prototypes are missing": every(codes),
        "the codes are missing": every(prototypes),
        "that is the exact index; a photo is stored as a code": every(lambda n, d, m, b: 4 * n * d),
        "a piece of a code takes bits, not bytes: eight of them make a byte": (
            every(lambda n, d, m, b: n * m * b + 4 * 2**b * d)
        ),
        "a piece of a code takes `bits` bits, not always a byte": (
            every(lambda n, d, m, b: n * m + 4 * 2**b * d)
        ),
        "the pieces are packed: only the photo begins at a whole byte, not each piece": (
            every(lambda n, d, m, b: n * m * -(-b // 8) + 4 * 2**b * d)
        ),
        "a code is no number of 4 bytes": every(lambda n, d, m, b: 4 * n * m + 4 * 2**b * d),
        "a photo's code begins at a whole byte, so round its bits up": (
            every(lambda n, d, m, b: n * m * b / 8 + 4 * 2**b * d)
        ),
        "round the bits of each photo up to bytes, not those of the whole gallery": (
            every(lambda n, d, m, b: -(-n * m * b // 8) + 4 * 2**b * d)
        ),
        "round the bits of a photo up, not down": (
            every(lambda n, d, m, b: n * (m * b // 8) + 4 * 2**b * d)
        ),
        "a prototype has the length of a piece, d / pieces, not d": (
            every(lambda n, d, m, b: codes(n, d, m, b) + 4 * 2**b * d * m)
        ),
        "those are the prototypes of one piece; each piece has its own": (
            every(lambda n, d, m, b: codes(n, d, m, b) + 4 * 2**b * d / m)
        ),
        "a number of a prototype takes 4 bytes": (
            every(lambda n, d, m, b: codes(n, d, m, b) + 2**b * d)
        ),
        "with b bits there are 2**b prototypes, not 2 * b": (
            every(lambda n, d, m, b: codes(n, d, m, b) + 8 * b * d)
        ),
        "with b bits there are 2**b prototypes, not b": (
            every(lambda n, d, m, b: codes(n, d, m, b) + 4 * b * d)
        ),
        "there are 2**bits prototypes, which is 256 only for 8 bits": (
            every(lambda n, d, m, b: codes(n, d, m, b) + 4 * 256 * d)
        ),
        "prototypes are stored once, not for each photo": (
            every(lambda n, d, m, b: codes(n, d, m, b) + 4 * 2**b * d * n)
        ),
        "this index stores no ids": (
            every(lambda n, d, m, b: codes(n, d, m, b) + 4 * 2**b * d + 8 * n)
        ),
        "the vectors themselves are not stored": (
            every(lambda n, d, m, b: codes(n, d, m, b) + 4 * 2**b * d + 4 * n * d)
        ),
        "that is in bits": every(lambda *size: 8 * (codes(*size) + prototypes(*size))),
        "that is in GB; return bytes": every(
            lambda *size: (codes(*size) + prototypes(*size)) / 1e9
        ),
        "that is in MB; return bytes": every(
            lambda *size: (codes(*size) + prototypes(*size)) / 1e6
        ),
    }  # fmt: skip
    given = [pq_bytes(*size) for size in sizes]
    cases = [f"for {n:,} x {d} in {m} pieces of {b} bits" for n, d, m, b in sizes]
    return _diagnose(given, right, mistakes, cases, share=False, tolerance=0.01)


# --- 04 prompt diversification -------------------------------------------------------------------


@exercise(
    start="complete probabilities, then pass it to the check",
    right="The order stays; the temperature says how often the others get a turn.",
)
def check_04_1(probabilities: Callable[[np.ndarray, float], np.ndarray]) -> str | None:
    """Check softmax(logits / temperature) of each row, for large logits and temperature 0 too."""
    rng = np.random.default_rng(8)
    near = rng.integers(-24, 24, (3, 5)) / 64  # with 1000 added, still exact in single precision
    certain = rng.normal(0, 3, (4, 6))
    certain[1, 2:4] = certain[1].max() + np.array([1, 1.001])  # a close race, but no tie
    cases = [
        ("temperature 1.2", rng.normal(0, 3, (4, 6)), 1.2),
        ("temperature 0.7", rng.normal(0, 2, (5, 5)), 0.7),
        ("logits near 1000 and temperature 0.1", 1000 + near, 0.1),
        ("rows near 1000, 0 and -1000", np.array([[1000], [0], [-1000]]) + near, 0.1),
        ("temperature 0", certain, 0.0),
    ]

    def best(logits: np.ndarray) -> np.ndarray:
        return np.eye(logits.shape[1])[logits.argmax(axis=1)]

    def close(given: np.ndarray, right: np.ndarray) -> bool:
        return np.allclose(given, right, rtol=0, atol=1e-3)

    softmax, log_softmax = special.softmax, special.log_softmax
    right = [softmax(z / t, axis=1) if t else best(z) for _, z, t in cases]
    mistakes: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
        "that multiplies the logits by the temperature, or takes p to its power, which is the "
        "same; divide the logits": lambda z, t: softmax(z * t, axis=1),
        "the temperature is missing": lambda z, t: softmax(z, axis=1),
        "that goes down the columns; each row is a choice of its own, so the axis is -1": (
            lambda z, t: softmax(z / t, axis=0)
        ),
        "that is one choice for the whole array; each row sums to 1 by itself": (
            lambda z, t: softmax(z / t)
        ),
        "the probabilities are divided by the temperature; divide the logits, before softmax": (
            lambda z, t: softmax(z, axis=1) / t
        ),
        "these are logarithms of the probabilities": lambda z, t: log_softmax(z / t, axis=1),
        "nothing is normalised; divide exp(...) by the sum of its row": lambda z, t: np.exp(z / t),
        "the largest of each row is 1; subtracting the maximum is no normalising, so divide by the "
        "sum of the row too": lambda z, t: np.exp((z - z.max(axis=1, keepdims=True)) / t),
        "exp is missing": lambda z, t: z / z.sum(axis=1, keepdims=True),
        "exp is missing; these are the logits": lambda z, t: z / t,
        "the signs are the other way round": lambda z, t: softmax(-z / t, axis=1),
        "that is a power of 2; np.exp is one of e": lambda z, t: softmax(z * np.log(2) / t, axis=1),
    }
    found, changed = [], False
    for case, logits, temperature in cases:
        passed = logits.copy()
        try:
            with np.errstate(all="ignore"):
                given = probabilities(passed, temperature)
        except ArithmeticError:  # an overflow, or a division by zero, of Python's own numbers
            given = np.full(logits.shape, np.nan)
        except ValueError as error:
            if "broadcast" not in str(error):
                raise
            return f"{error}: a sum over the last axis drops it; keepdims=True keeps it"
        if given is None:
            return "your function returns nothing yet; let it end with return ..."
        rows = np.asarray(given, dtype=float)
        if rows.shape != logits.shape:
            return f"for {case} and shape {logits.shape} yours has shape {rows.shape}"
        found.append(rows)
        changed = changed or not np.array_equal(passed, logits)

    fine = [close(*pair) for pair in zip(found, right, strict=True)]
    if not all(fine[:2]):
        for hint, rule in mistakes.items():
            if all(close(found[i], rule(*cases[i][1:])) for i in range(2)):
                return hint
    elif not fine[2]:
        return (
            f"for {cases[2][0]} it fails: exp(10000) is infinite. Subtract the maximum of each "
            "row first, which changes no probability"
        )
    elif not fine[3]:
        return (
            f"for {cases[3][0]} it fails: what is subtracted from a row must be the maximum of "
            "that row, not of the whole array"
        )
    elif not fine[4]:
        at_zero = {
            "for temperature 0 all are equally likely; that would be an infinite temperature": (
                np.full(certain.shape, 1 / certain.shape[1])
            ),
            "for temperature 0 that is the answer for 1": softmax(certain, axis=1),
            "for temperature 0 that is the smallest logit; the largest gets it all": best(-certain),
            "for temperature 0 each row has its own largest logit": best(certain)
            * (certain == certain.max()),
            "for temperature 0 that goes down the columns": best(certain.T).T,
        }
        if np.isnan(found[4]).any():
            return (
                "temperature 0 cannot be divided by; make it a case of its own, where the largest "
                "logit of each row gets it all"
            )
        for hint, rows in at_zero.items():
            if close(found[4], rows):
                return hint
    if not all(fine):
        case = fine.index(False)
        row = int(np.abs(found[case] - right[case]).max(axis=1).argmax())
        wanted, yours = right[case][row], found[case][row]
        return (
            f"for {cases[case][0]}, row {row} should be {wanted.round(3).tolist()}, and yours is "
            f"{yours.round(3).tolist()} with the sum {yours.sum():g}"
        )
    if changed:
        return "right, but it changes logits; `logits /= ...` works in place, so write a new array"
    return None


@exercise(
    start="complete read_pair, then pass it to the check",
    right="One pair or none: a reply that is lost costs less than one that is misread.",
)
def check_04_2(read_pair: Callable[[str | None], tuple[float, float] | None]) -> str | None:
    """Check a reader of replies with one pair (latitude, longitude) in round brackets."""
    minus = "\u2212"
    paris = (48.8566, 2.3522)
    no_pair = "that is no pair of numbers in round brackets; return None"
    beyond = "latitudes end at -90 and 90; beyond, cut off nothing, swap nothing, return None"
    far = "longitudes end at -180 and 180; beyond, cut off nothing, turn nothing, return None"
    several = "neither the first pair counts nor the last: several are a failure; return None"
    outside = (
        "numbers outside the brackets are something else, here a percentage; taking the first two "
        "numbers of a reply is the official code's mistake"
    )
    replies: list[tuple[str | None, tuple[float, float] | None, str]] = [
        (
            "(48.8566, 2.3522)",
            paris,
            "end with return latitude, longitude, both as they stand in the reply",
        ),
        ("(-22.9068, -43.1729)", (-22.9068, -43.1729), "a number may have a minus"),
        ("(+48.8566, +2.3522)", paris, "a number may have a plus"),
        ("I think it is (48.8566, 2.3522).", paris, "the pair may stand anywhere in the reply"),
        ("(48.8566, 2.3522) is my guess: Paris", paris, "words may follow the pair"),
        ("Signs in French.\n(48.8566, 2.3522)\nBye.", paris, "the pair may stand on any line"),
        ("I am 99.5 % sure: (48.8566, 2.3522)", paris, outside),
        ("I am 72.5 % sure: (48.8566, 2.3522)", paris, outside),
        ("(40, -74)", (40, -74), "a number may be an integer, without a point"),
        ("(51, -0.1276)", (51, -0.1276), "one of the numbers may be an integer"),
        ("(0, 32.58)", (0, 32.58), "0 is a number too, on the equator"),
        ("(48.8566,2.3522)", paris, "there need not be a space behind the comma"),
        ("( 48.8566 ,  2.3522 )", paris, "there may be spaces around each number"),
        ("Paris (France): (48.8566, 2.3522)", paris, "other brackets may come before the pair"),
        (
            "(35.6762, 139.6503)",
            (35.6762, 139.6503),
            "139.6503 is a good longitude, as they go to 180; are the two limits swapped?",
        ),
        (
            f"({minus}33.8688, 151.2093)",
            (-33.8688, 151.2093),
            "that minus is U+2212, which models write and float does not know; replace it by '-' "
            "first",
        ),
        (
            f"({minus}34.6037, {minus}58.3816)",
            (-34.6037, -58.3816),
            "either number may have the minus U+2212; replace them all",
        ),
        ("(90, 180)", (90, 180), "the limits themselves are allowed; compare with <="),
        ("(-90, -180)", (-90, -180), "the limits themselves are allowed; compare with <="),
        ("I am sorry, I cannot tell.", None, "a refusal holds no pair; return None"),
        ("", None, "an empty reply holds no pair; return None"),
        (None, None, "that reply never came, and there is no text to search; return None"),
        ("48.8566, 2.3522", None, no_pair),
        ("[48.8566, 2.3522]", None, no_pair),
        ("(48.8566, 2.35", None, "without a closing bracket it was cut off, perhaps in a number"),
        ("(48.8566, 2.3522, 35)", None, "three numbers are no pair; return None"),
        (
            "(33.8688 S, 151.2093 E)",
            None,
            "only two numbers may stand in the brackets; this S means a minus, so without it the "
            "place is in another ocean; return None",
        ),
        ("(48.8566, 2.3522) or (45.7640, 4.8357)", None, several),
        ("(40, -74), (41, -73), or (42, -71)", None, several),
        ("(95.3, 10.2)", None, beyond),
        ("(-90.5, 10.2)", None, beyond),
        ("(10.2, 180.5)", None, far),
        ("(10.2, -190)", None, far),
    ]

    def same(given: Any, pair: tuple[float, float]) -> bool:
        return np.allclose(np.array(given, dtype=float), pair, rtol=0, atol=1e-5)

    for text, right, hint in replies:
        reply = "for a reply that is None" if text is None else f"for {text!r}"
        try:
            given = read_pair(text)
        except Exception as error:
            return f"{reply} your function ends with {type(error).__name__}: {error}; {hint}"
        if given is not None:
            if np.shape(given) != (2,):
                return f"return a pair or None; {reply} your function returns {given!r}"
            if any(isinstance(value, str) for value in given):
                return f"{reply} you return text, {given!r}; make a float of each number"
            if right is not None and same(given, right):
                continue
            if right is None and same(given, (0, 0)):
                hint = "(0, 0) is a place, off Ghana, and would stay in the race; return None"
            elif right is not None and same(given, right[::-1]):
                hint = "the latitude comes first"
        elif right is None:
            continue
        return f"{reply} it should be {right}, and yours is {given}: {hint}"
    return None


@exercise(
    start="complete best_possible, then pass it to the check",
    right="That is the ceiling: nothing can pick a place that no reply has named.",
)
def check_04_3(best_possible: Callable[[np.ndarray, float], float]) -> str | None:
    """Check the share of queries with a candidate within a radius; NaN stands for unreadable."""
    rng = np.random.default_rng(9)
    sets = []
    for shape in ((300, 4, 5), (80, 3, 6), (45, 5, 2)):
        km = 20_000 * rng.random(shape) ** 2 * rng.random((shape[0], 1, 1)) ** 2
        km = np.where(km < 1000, 25 * np.ceil(km / 25), km)  # so that many lie on a radius
        km[rng.random(shape) < rng.choice([0, 0.4], (shape[0], 1, 1))] = np.nan
        km[:: shape[0] // 9] = np.nan
        sets.append(km)
    batches = [(km, radius) for km in sets for radius in (25.0, 200.0, 750.0)]

    def every(measure: Callable[[np.ndarray, float], Any]) -> list[float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of rows that are all NaN
            return [float(measure(km, radius)) for km, radius in batches]

    def hits(km: np.ndarray, radius: float) -> np.ndarray:
        return (km <= radius).any(axis=(1, 2))

    def readable(km: np.ndarray) -> np.ndarray:
        return ~np.isnan(km)

    right = every(lambda km, r: hits(km, r).mean())
    mistakes = {
        "that is the share of candidates; one of them is enough for a query, so ask any first": (
            every(lambda km, r: (km <= r).mean())
        ),
        "that is the share of readable candidates; one of them is enough for a query, and every "
        "query counts": every(lambda km, r: (km <= r).sum() / readable(km).sum()),
        "that is a mean over the prompts; a candidate of any prompt is enough": (
            every(lambda km, r: (km <= r).any(axis=2).mean())
        ),
        "that is a mean over the replies; any of them is enough": (
            every(lambda km, r: (km <= r).any(axis=1).mean())
        ),
        "queries without a readable candidate have left the denominator; they count as misses": (
            every(lambda km, r: hits(km, r)[readable(km).any(axis=(1, 2))].mean())
        ),
        "queries with an unreadable candidate have left the denominator; all of them count": (
            every(lambda km, r: hits(km, r)[readable(km).all(axis=(1, 2))].mean())
        ),
        "that mixes the queries; they are axis 0, so ask any over the axes 1 and 2": (
            every(lambda km, r: (km <= r).any(axis=0).mean())
        ),
        "within the radius means <=, not <": every(lambda km, r: (km < r).any(axis=(1, 2)).mean()),
        "one unreadable reply makes the minimum NaN and loses the whole query; np.nanmin, or any, "
        "goes past it": every(lambda km, r: (km.min(axis=(1, 2)) <= r).mean()),
        "that takes an unreadable reply for a hit; NaN is a miss": (
            every(lambda km, r: (~(km > r)).any(axis=(1, 2)).mean())
        ),
        "that takes a query without a readable candidate for a hit; it is a miss": (
            every(lambda km, r: (hits(km, r) | ~readable(km).any(axis=(1, 2))).mean())
        ),
        "that compares the mean distance; the nearest candidate decides": (
            every(lambda km, r: (np.nanmean(km, axis=(1, 2)) <= r).mean())
        ),
        "that compares the mean distance, and NaN spoils it; the nearest candidate decides": (
            every(lambda km, r: (km.mean(axis=(1, 2)) <= r).mean())
        ),
        "that compares the median distance; the nearest candidate decides": (
            every(lambda km, r: (np.nanmedian(km, axis=(1, 2)) <= r).mean())
        ),
        "that asks all readable candidates to be near, or compares the largest distance; the "
        "nearest candidate decides": (
            every(lambda km, r: (np.nanmax(km, axis=(1, 2)) <= r).mean())
        ),
        "that looks at the first reply to the first prompt only": (
            every(lambda km, r: (km[:, 0, 0] <= r).mean())
        ),
        "that looks at the first reply to each prompt only": (
            every(lambda km, r: (km[:, :, 0] <= r).any(axis=1).mean())
        ),
        "that looks at the first prompt only": (
            every(lambda km, r: (km[:, 0] <= r).any(axis=1).mean())
        ),
        "that looks at the last prompt only": (
            every(lambda km, r: (km[:, -1] <= r).any(axis=1).mean())
        ),
        "that asks all candidates to be near; one is enough, so any": (
            every(lambda km, r: (km <= r).all(axis=(1, 2)).mean())
        ),
        "that asks all readable candidates to be near; one is enough, and without any a query is "
        "a miss": every(lambda km, r: (~(km > r)).all(axis=(1, 2)).mean()),
        "that asks for a hit with every prompt; one is enough": (
            every(lambda km, r: (km <= r).any(axis=2).all(axis=1).mean())
        ),
        "that asks all replies to a prompt to be near; one is enough": (
            every(lambda km, r: (km <= r).all(axis=2).any(axis=1).mean())
        ),
        "that is a number of queries; divide by how many there are": (
            every(lambda km, r: hits(km, r).sum())
        ),
        "that is a number of candidates; ask which queries have one": (
            every(lambda km, r: (km <= r).sum())
        ),
        "that is in per cent; return a share from 0 to 1": (
            every(lambda km, r: 100 * hits(km, r).mean())
        ),
        "that is the share that was missed": every(lambda km, r: 1 - hits(km, r).mean()),
        "that is 25 km whatever the radius is": every(lambda km, r: hits(km, 25).mean()),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = [best_possible(km.copy(), radius) for km, radius in batches]
    cases = [f"for km of shape {km.shape} and {radius:g} km" for km, radius in batches]
    return _diagnose(given, right, mistakes, cases)
