"""Checks of the notebooks' exercises: each prints a verdict with a hint, and returns a bool.

A check is a function of the reader's answer that returns None if the answer is right, else a hint.
The decorator `exercise` does the rest; `check_01_2` belongs to exercise 2 of notebook 01.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
import pandas as pd

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
