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


# --- 00 locate a photo ---------------------------------------------------------------------------


def _candidates(rng: np.random.Generator, coordinates: np.ndarray) -> pd.DataFrame:
    """A table such as `Prediction.candidates`, the best first, of these (n, 2) coordinates."""
    n = len(coordinates)
    table = pd.DataFrame(
        {
            "origin": "reply",
            "references": pd.array(rng.choice([0, 5, 10, 15], n), dtype="Int64"),
            "sample": rng.integers(0, 5, n),
            "LAT": coordinates[:, 0],
            "LON": coordinates[:, 1],
            "fallback": False,
            "score": np.sort(rng.uniform(-0.2, 0.6, n))[::-1],
        }
    )
    retrieved = rng.integers(1, n, max(1, n // 8))
    table.loc[retrieved, "origin"] = "retrieved"
    table.loc[retrieved, "references"] = pd.NA
    return table


@exercise(
    start="complete share_near, then pass it to the check",
    right="That is what a blind draw is worth, and what a judge has to beat.",
)
def check_00_1(share_near: Callable[[pd.DataFrame, np.ndarray, float], float]) -> str | None:
    """Check the share of a photo's candidates within km of the truth."""
    rng = np.random.default_rng(13)
    # Off every radius by so much that the answer is the same on the ellipsoid.
    off_km = [3, 12, 33, 100, 120, 150, 170, 280, 500, 600, 1000, 3500, 9000]
    cases = []
    for name, lat, lon, n, farthest, exact in (
        ("Reykjavik", 64.15, -21.94, 42, 9000, 3),
        ("Suva, near the antimeridian", -18.14, 178.44, 36, 600, 4),
        ("Cotonou", 6.37, 2.43, 60, 3500, 0),
    ):
        truth = np.array([lat, lon])
        off = rng.choice([km for km in off_km if km <= farthest], n)
        coordinates = geo.offset(np.tile(truth, (n, 1)), rng.uniform(0, 360, n), off)
        coordinates[rng.choice(n, exact, replace=False)] = truth  # exactly, and not by rounding
        coordinates[rng.choice(n, n // 3, replace=False)] = coordinates[1]  # named many times
        table = _candidates(rng, coordinates)
        cases += [(name, table, truth, km) for km in (200.0, 25.0, 750.0, 0.0)]

    def places(table: pd.DataFrame) -> np.ndarray:
        return table[["LAT", "LON"]].to_numpy()

    def away(table: pd.DataFrame, truth: np.ndarray) -> np.ndarray:
        return geo.great_circle_km(places(table), truth)

    def every(measure: Callable[[pd.DataFrame, np.ndarray, float], Any]) -> list[float]:
        return [float(measure(table, truth, km)) for _, table, truth, km in cases]

    right = every(lambda t, place, km: (away(t, place) <= km).mean())
    mistakes = {
        "within means <=, so that exactly km counts": (
            every(lambda t, place, km: (away(t, place) < km).mean())
        ),
        "that is a number of candidates; divide by how many there are": (
            every(lambda t, place, km: (away(t, place) <= km).sum())
        ),
        "that is in per cent; return a share from 0 to 1": (
            every(lambda t, place, km: 100 * (away(t, place) <= km).mean())
        ),
        "that is the share of the candidates further away than km": (
            every(lambda t, place, km: (away(t, place) > km).mean())
        ),
        "latitude and longitude are swapped: the latitude comes first": (
            every(
                lambda t, place, km: (
                    geo.great_circle_km(places(t)[:, ::-1], place[::-1]) <= km
                ).mean()
            )
        ),
        "latitude and longitude are swapped in one of the two: the latitude comes first": (
            every(
                lambda t, place, km: (geo.great_circle_km(places(t)[:, ::-1], place) <= km).mean()
            )
        ),
        "geo.great_circle_km wants degrees, as they stand in the table; convert nothing": (
            every(
                lambda t, place, km: (
                    geo.great_circle_km(np.radians(places(t)), np.radians(place)) <= km
                ).mean()
            )
        ),
        "those are degrees on a flat map, not kilometres; use geo.great_circle_km": (
            every(lambda t, place, km: (np.hypot(*(places(t) - place).T) <= km).mean())
        ),
        "that is a flat map: away from the equator a degree of longitude is shorter than one of "
        "latitude, and 179° E is next to 179° W": (
            every(lambda t, place, km: (111.195 * np.hypot(*(places(t) - place).T) <= km).mean())
        ),
        "that is the distance from the winner; measure it from the truth": (
            every(lambda t, place, km: (away(t, places(t)[0]) <= km).mean())
        ),
        "that looks at the first row only, the winner; all candidates count": (
            every(lambda t, place, km: away(t, place)[0] <= km)
        ),
        "a place that was named several times counts each time; drop no duplicates": (
            every(
                lambda t, place, km: (away(t.drop_duplicates(["LAT", "LON"]), place) <= km).mean()
            )
        ),
        "retrieved places are candidates too (their number of references is NA, so dropna loses "
        "them)": every(lambda t, place, km: (away(t.dropna(), place) <= km).mean()),
        "that asks whether any candidate is near; return the share of those that are": (
            every(lambda t, place, km: (away(t, place) <= km).any())
        ),
        "that asks whether all candidates are near; return the share of those that are": (
            every(lambda t, place, km: (away(t, place) <= km).all())
        ),
        "that compares the mean distance; compare each distance, then take the mean": (
            every(lambda t, place, km: away(t, place).mean() <= km)
        ),
        "that compares the median distance; compare each distance, then take the mean": (
            every(lambda t, place, km: np.median(away(t, place)) <= km)
        ),
        "that is 200 km whatever km is": (
            every(lambda t, place, km: (away(t, place) <= 200).mean())
        ),
        "that takes km for metres; the distances are in km already": (
            every(lambda t, place, km: (away(t, place) <= km / 1000).mean())
        ),
        "the distances are in km already, not in metres": (
            every(lambda t, place, km: (away(t, place) / 1000 <= km).mean())
        ),
        "the tables have different numbers of candidates; divide by that of the table": (
            every(lambda t, place, km: (away(t, place) <= km).sum() / 21)
        ),
    }
    given = [share_near(table.copy(), truth.copy(), km) for _, table, truth, km in cases]
    if any(isinstance(value, str) for value in given):
        return f"your function returns text, {given[0]!r}; return a number from 0 to 1"
    words = [
        f"for {len(table)} candidates around {name} and {km:g} km" for name, table, _, km in cases
    ]
    return _diagnose(given, right, mistakes, words)


@exercise(
    start="complete winner, then pass it to the check",
    right="The highest score wins, and what has no score cannot.",
)
def check_00_2(winner: Callable[[pd.DataFrame], tuple[float, float]]) -> str | None:
    """Check the place with the highest score: the first of equals, never one without a score."""
    rng = np.random.default_rng(14)

    def table(n: int) -> pd.DataFrame:
        """Candidates in no order; the index of the best one is not its position."""
        coordinates = np.column_stack([rng.uniform(-60, 60, n), rng.uniform(-180, 180, n)])
        shuffled = _candidates(rng, coordinates).sample(frac=1, random_state=rng)
        while True:
            shuffled.index = rng.permutation(n)
            best = int(shuffled["score"].argmax())
            if len({best, shuffled.index[best], 0, n - 1}) == 4:
                return shuffled
            shuffled = shuffled.sample(frac=1, random_state=rng)

    def put(given: pd.DataFrame, column: str, rows: list[int], value: Any) -> None:
        given.iloc[rows, given.columns.get_loc(column)] = value

    plain, of_retrieved, equal, holes, below = (table(n) for n in (21, 18, 24, 30, 19))
    best = [int(of_retrieved["score"].argmax())]
    put(of_retrieved, "origin", best, "retrieved")
    put(of_retrieved, "references", best, pd.NA)
    # Of the four with the highest score, the second has the smallest index, the third the fewest
    # references.
    ties = [5, 9, 14, 20]
    put(equal, "score", ties, 0.9)
    put(equal, "references", ties, 10)
    put(equal, "references", ties[2:3], 0)
    equal.index = np.roll(np.arange(24), 9)
    put(holes, "score", [0, 7, 29], np.nan)
    below["score"] -= 0.9
    put(below, "score", [3, 18], np.nan)
    cases = {
        "a table in no order": plain,
        "a table whose best candidate was retrieved": of_retrieved,
        "a table with four highest scores": equal,
        "a table with scores that are NaN": holes,
        "a table where all scores are below 0 or NaN": below,
    }

    def place(given: pd.DataFrame, row: Any) -> tuple[float, float]:
        return given["LAT"].iloc[int(row)], given["LON"].iloc[int(row)]

    def score(given: pd.DataFrame) -> np.ndarray:
        return given["score"].to_numpy()

    def called(given: pd.DataFrame) -> int:
        """The position with the number that is the best one's index."""
        return given["score"].idxmax() % len(given)

    def last(given: pd.DataFrame) -> int:
        return len(given) - 1 - np.nanargmax(score(given)[::-1])

    def by_index(given: pd.DataFrame) -> tuple[float, float]:
        ordered = given.sort_index()
        return place(ordered, np.nanargmax(score(ordered)))

    def fewest(given: pd.DataFrame) -> tuple[float, float]:
        ordered = given.sort_values("references", kind="stable", na_position="last")
        return place(ordered, np.nanargmax(score(ordered)))

    def middle(given: pd.DataFrame) -> tuple[float, float]:
        best = given[given["score"] == given["score"].max()]
        return best["LAT"].mean(), best["LON"].mean()

    def without(given: pd.DataFrame) -> tuple[float, float]:
        replies = given.dropna(subset=["references"])
        return place(replies, np.nanargmax(score(replies)))

    rules: dict[str, Callable[[pd.DataFrame], Any]] = {
        "": lambda t: place(t, np.nanargmax(score(t))),
        "NaN took the place of the highest score: `argmax` and `max` of Python and numpy let it; "
        "np.nanargmax does not": lambda t: place(t, np.argmax(score(t))),
        "NaN was sorted behind the highest score; drop it before you sort, or sort the other way": (
            lambda t: place(t.sort_values("score", kind="stable"), -1)
        ),
        "that is the lowest score; the highest wins": lambda t: place(t, np.nanargmin(score(t))),
        "the latitude comes first": lambda t: place(t, np.nanargmax(score(t)))[::-1],
        "that is the first row, whatever its score is; only `prediction.candidates` is sorted": (
            lambda t: place(t, 0)
        ),
        "that is the last row, whatever its score is": lambda t: place(t, -1),
        "idxmax gives a row's index, which is not its position: use it with loc, not with iloc": (
            lambda t: place(t, called(t))
        ),
        "NaN was taken for 0, which beats a score below 0; it never wins": (
            lambda t: place(t, np.argmax(np.nan_to_num(score(t))))
        ),
        "of equal scores that takes the last row; the first one wins": lambda t: place(t, last(t)),
        "of equal scores that takes the smallest index; the first row of the table wins": by_index,
        "of equal scores that takes the fewest references; here the first row of the table wins": (
            fewest
        ),
        "of equal scores that takes the middle, a place that nobody named; the first one wins": (
            middle
        ),
        "retrieved places are candidates too; their number of references is NA, so `dropna()` "
        "loses them: look at the score alone": without,
        "that compares the scores without their sign; 0.1 is more than -0.8": (
            lambda t: place(t, np.nanargmax(np.abs(score(t))))
        ),
        "that is the mean of all candidates; G3 takes one of them": (
            lambda t: (t["LAT"].mean(), t["LON"].mean())
        ),
        "that is one place for all tables": lambda t: place(plain, np.nanargmax(score(plain))),
    }
    given = {name: winner(some.copy()) for name, some in cases.items()}
    if any(value is None for value in given.values()):
        lost = [name for name, value in given.items() if value is None]
        if len(lost) == len(given):
            return "your function returns nothing yet; let it end with return latitude, longitude"
        return f"for {lost[0]} your function returns None; some candidate always wins"
    values = {}
    for name, value in given.items():
        if np.shape(value) != (2,):
            return (
                f"return two numbers, latitude and longitude; for {name} yours has shape "
                f"{np.shape(value)}"
            )
        values[name] = np.array(value, dtype=float)

    def follows(rule: Callable[[pd.DataFrame], Any], name: str) -> bool:
        return np.allclose(values[name], rule(cases[name]), rtol=0, atol=1e-4)

    for hint, rule in rules.items():
        if all(follows(rule, name) for name in cases):
            return hint or None
    wrong = next(name for name in cases if not follows(rules[""], name))
    # Two mistakes in one answer: name that of the first table that is wrong.
    for hint, rule in rules.items():
        if follows(rule, wrong):
            return f"for {wrong}: {hint}"
    lat, lon = rules[""](cases[wrong])
    yours = ", ".join(f"{number:.4f}" for number in values[wrong])
    return f"for {wrong} it should be ({lat:.4f}, {lon:.4f}), and yours is ({yours})"


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


# --- 05 geo-verification -------------------------------------------------------------------------


@exercise(
    start="complete verify, then pass it to the check",
    right="The best of the valid ones: nothing else can win, and nobody wins where nobody runs.",
)
def check_05_1(
    verify: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
) -> str | None:
    """Check the position of each photo's best valid candidate, -1 where there is none."""
    rng = np.random.default_rng(10)

    def units(*shape: int) -> np.ndarray:
        vectors = rng.normal(size=shape)
        return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)

    def scores(image: np.ndarray, gps: np.ndarray) -> np.ndarray:
        return np.einsum("qd,qcd->qc", image, gps)

    def filled(image: np.ndarray, gps: np.ndarray, valid: np.ndarray, value: float) -> np.ndarray:
        return np.where(valid, scores(image, gps), value)

    def best(image: np.ndarray, gps: np.ndarray, valid: np.ndarray) -> np.ndarray:
        return np.where(valid.any(axis=1), filled(image, gps, valid, -np.inf).argmax(axis=1), -1)

    def nan_ignored(image: np.ndarray, gps: np.ndarray, valid: np.ndarray) -> np.ndarray:
        score = scores(image, gps)
        return np.where(np.isnan(score), -np.inf, score).argmax(axis=1)

    def last(image: np.ndarray, gps: np.ndarray, valid: np.ndarray) -> np.ndarray:
        backwards = filled(image, gps, valid, -np.inf)[:, ::-1]
        return valid.shape[1] - 1 - backwards.argmax(axis=1)

    def among_valid(image: np.ndarray, gps: np.ndarray, valid: np.ndarray) -> np.ndarray:
        rows = best(image, gps, valid)
        return np.where(rows < 0, rows, (valid.cumsum(axis=1) - 1)[np.arange(len(rows)), rows])

    all_valid = units(9, 5), units(9, 6, 5), np.ones((9, 6), dtype=bool)

    # Halves, so that equal vectors have equal scores however they are added up.
    halves = np.where(rng.random((7, 4)) < 0.5, -0.5, 0.5)
    equal = halves, units(7, 5, 4), np.ones((7, 5), dtype=bool)
    equal[1][:, 1] = equal[1][:, 3] = halves

    missing = units(11, 6), units(11, 4, 6), rng.random((11, 4)) < 0.6
    missing[1][:, 2], missing[2][:, 2] = 0.5 * missing[0] + 0.1, True
    missing[1][:, 2] /= np.linalg.norm(missing[1][:, 2], axis=1, keepdims=True)
    missing[2][:, 0] = np.arange(11) % 2 == 0
    missing[1][~missing[2]] = np.nan

    still_there = tuple(part.copy() for part in missing)
    still_there[2][:, 2] = still_there[2][:, 1] = True
    still_there[1][:, 1] = still_there[1][:, 2]
    still_there[1][:, 2] = still_there[0]
    still_there[2][:, 2] = False

    below = units(8, 5), units(8, 5, 5), rng.random((8, 5)) < 0.5
    below[2][:, 4], below[2][:, 0] = True, False
    below[1][:] = -np.abs(below[1]) * np.sign(below[0])[:, None]
    below[1][~below[2]] = np.nan

    opposite = np.zeros((2, 3)), np.zeros((2, 4, 3)), np.zeros((2, 4), dtype=bool)
    opposite[0][:, 0], opposite[1][:, :, 0], opposite[2][:, 2] = 1, -1, True

    nobody = units(6, 7), units(6, 3, 7), rng.random((6, 3)) < 0.7
    nobody[2][[0, 3, 4]], nobody[2][[1, 2, 5], 1] = False, True
    nobody[1][~nobody[2]] = np.nan

    cases: list[tuple[str, tuple[np.ndarray, ...], dict[str, Callable[..., np.ndarray]]]] = [
        (
            "where all candidates are valid",
            all_valid,
            {
                "that is the lowest score, or the largest distance; take the highest score": (
                    lambda i, g, v: scores(i, g).argmin(axis=1)
                ),
                "all candidates were compared with the first photo; each belongs to its own": (
                    lambda i, g, v: (g @ i[0]).argmax(axis=1)
                ),
                "the sign of the score counts: -0.9 is the opposite of a match": (
                    lambda i, g, v: np.abs(scores(i, g)).argmax(axis=1)
                ),
                "that is no inner product with the photo": lambda i, g, v: g.sum(2).argmax(axis=1),
                "nobody is a winner although all are valid; is the mask the wrong way round?": (
                    lambda i, g, v: np.full(len(i), -1)
                ),
                "that is the first candidate of each photo": lambda i, g, v: np.zeros(len(i)),
            },
        ),
        (
            "where two candidates are equal",
            equal,
            {"of equals the first wins, not the last": last},
        ),
        (
            "where invalid candidates are NaN",
            missing,
            {
                "NaN wins every argmax; give invalid candidates a score below all others": (
                    lambda i, g, v: scores(i, g).argmax(axis=1)
                ),
                "these are positions among the valid candidates; say where they are among all": (
                    among_valid
                ),
                "that is the best of the invalid ones; is the mask the wrong way round?": (
                    lambda i, g, v: best(i, np.nan_to_num(g), ~v)
                ),
                "one invalid candidate does not make the photo lost": (
                    lambda i, g, v: np.where(v.all(axis=1), best(i, g, v), -1)
                ),
            },
        ),
        (
            "where an invalid candidate has numbers",
            still_there,
            {
                "valid decides, not NaN: an invalid candidate may have a vector all the same": (
                    nan_ignored
                ),
            },
        ),
        (
            "where all scores are negative",
            below,
            {
                "an invalid candidate got the score 0, and that is above a negative one; "
                "-np.inf is below all": lambda i, g, v: filled(i, g, v, 0).argmax(axis=1),
                "a negative score is a score; only photos without a valid candidate get -1": (
                    lambda i, g, v: np.full(len(i), -1)
                ),
            },
        ),
        (
            "where the only valid candidate has the score -1",
            opposite,
            {
                "an invalid candidate got the score -1, which a valid one can have too; -np.inf "
                "is below all": lambda i, g, v: filled(i, g, v, -1).argmax(axis=1),
                "a score of -1 is a score; only photos without a valid candidate get -1": (
                    lambda i, g, v: np.full(len(i), -1)
                ),
            },
        ),
        (
            "where a photo has no valid candidate",
            nobody,
            {
                "argmax answers 0 where all are equal, even if all are -inf; such a photo gets "
                "-1": lambda i, g, v: filled(i, g, v, -np.inf).argmax(axis=1),
            },
        ),
    ]
    changed = False
    for case, parts, mistakes in cases:
        passed = tuple(part.copy() for part in parts)
        right = best(*parts)
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                given = verify(*passed)
        except ValueError as error:
            words = str(error)
            if "All-NaN" in words or "empty" in words:
                return f"{case} it stops ({words}); make such a photo a case of its own"
            if "matmul" in words or "broadcast" in words or "aligned" in words:
                return (
                    f"{words}: each photo has its own candidates; np.einsum('qd,qcd->qc', ...) "
                    "multiplies each with its own"
                )
            raise
        if given is None:
            return "your function returns nothing yet; let it end with return ..."
        rows = np.asarray(given)
        if rows.shape != right.shape:
            hint = ""
            if rows.shape == parts[2].shape:
                hint = "; those are all candidates, so take the best of each row"
            elif rows.ndim == 1 and len(rows) == parts[2].any(axis=1).sum():
                hint = "; photos without a valid candidate stay in, with -1"
            elif rows.ndim == 0:
                hint = "; that is one choice for all photos, so argmax needs an axis"
            return f"{case} your answer has shape {rows.shape}, not {right.shape}{hint}"
        changed = changed or not all(
            np.array_equal(a, b, equal_nan=a.dtype != bool)
            for a, b in zip(passed, parts, strict=True)
        )
        if np.array_equal(rows, right):
            continue
        if rows.dtype.kind == "f" and not np.array_equal(rows, np.round(rows)):
            if np.isnan(rows).any():
                return f"{case} yours holds NaN; a photo without a valid candidate gets -1"
            return "these are scores; return the positions of the candidates that have them"
        for hint, rule in mistakes.items():
            with np.errstate(all="ignore"):
                wrong = rule(*parts)
            if np.array_equal(rows, wrong):
                return f"{case}: {hint}"
        photo = int((rows != right).argmax())
        return f"{case}, photo {photo} should get {right[photo]}, and yours gets {rows[photo]}"
    if changed:
        return "right, but it changes its arguments; work on a copy, as np.where makes one"
    return None


@exercise(
    start="complete blind, then pass it to the check",
    right="First within each photo, then over the photos: every photo has one vote.",
)
def check_05_2(blind: Callable[[np.ndarray, np.ndarray, int, float], float]) -> str | None:
    """Check the expected share of photos within a radius if a candidate is drawn blindly."""
    rng = np.random.default_rng(11)
    sets = []
    for photos in (200, 60, 35):
        # Photos that are easy have more candidates; some have none, in one set the last ones too.
        easy = rng.random(photos)
        easy[[0, -1]] = 0.95
        number = np.where(rng.random(photos) < 0.15, 0, 1 + rng.poisson(8 * easy**2))
        number[[0, -1]] = 4
        number[-3:] *= photos != 200
        photo = np.repeat(np.arange(photos), number)
        km = 20_000 * (1 - easy[photo]) ** 2 * rng.random(len(photo)) ** 3
        km = np.where(km < 1000, 25 * np.ceil(km / 25), km)  # so that many lie on a radius
        order = rng.permutation(len(km))
        sets.append((km[order], photo[order], photos))
    batches = [(*one, radius) for one in sets for radius in (25.0, 200.0, 750.0)]

    def every(measure: Callable[..., Any]) -> list[float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [float(measure(*batch)) for batch in batches]

    def per_photo(
        way: Callable[[np.ndarray, float], float], none: float = 0.0
    ) -> Callable[..., np.ndarray]:
        def of(km: np.ndarray, photo: np.ndarray, photos: int, radius: float) -> np.ndarray:
            values = np.full(photos, none)
            for number in np.unique(photo):
                values[number] = way(km[photo == number], radius)
            return values

        return of

    chance = per_photo(lambda km, r: np.mean(km <= r))
    right = every(lambda *batch: chance(*batch).mean())
    mistakes = {
        "that is the mean over all candidates at once, where a photo with many candidates has many "
        "votes; average within each photo first": every(lambda km, p, n, r: (km <= r).mean()),
        "photos without a candidate have left the denominator; they count as misses": every(
            lambda km, p, n, r: chance(km, p, n, r).sum() / len(np.unique(p))
        ),
        "photos without a candidate are no hits": every(
            lambda *batch: per_photo(lambda km, r: np.mean(km <= r), 1.0)(*batch).mean()
        ),
        "that is the ceiling, a photo with any near candidate; a blind draw mostly misses it": (
            every(lambda *batch: per_photo(lambda km, r: (km <= r).any())(*batch).mean())
        ),
        "that asks all candidates of a photo to be near; the chance is the share of them": (
            every(lambda *batch: per_photo(lambda km, r: (km <= r).all())(*batch).mean())
        ),
        "that is the first candidate of each photo, not a random one": (
            every(lambda *batch: per_photo(lambda km, r: km[0] <= r)(*batch).mean())
        ),
        "that is the last candidate of each photo, not a random one": (
            every(lambda *batch: per_photo(lambda km, r: km[-1] <= r)(*batch).mean())
        ),
        "that compares the mean distance of a photo's candidates; a draw is near or it is not": (
            every(lambda *batch: per_photo(lambda km, r: km.mean() <= r)(*batch).mean())
        ),
        "that compares the median distance; the chance is the share of near candidates": (
            every(lambda *batch: per_photo(lambda km, r: np.median(km) <= r)(*batch).mean())
        ),
        "within the radius means <=, not <": every(
            lambda *batch: per_photo(lambda km, r: np.mean(km < r))(*batch).mean()
        ),
        "that divides by the largest number of candidates; each photo has its own number": every(
            lambda km, p, n, r: (km <= r).sum() / np.bincount(p).max() / n
        ),
        "that is the number of near candidates per photo; divide by its number of candidates": (
            every(lambda km, p, n, r: (km <= r).sum() / n)
        ),
        "that is a number of photos; divide by how many there are": every(
            lambda *batch: chance(*batch).sum()
        ),
        "that is in per cent; return a share from 0 to 1": every(
            lambda *batch: 100 * chance(*batch).mean()
        ),
        "that is the share of misses": every(lambda *batch: 1 - chance(*batch).mean()),
        "that is the middle photo; the expectation is the mean over the photos": every(
            lambda *batch: np.median(chance(*batch))
        ),
        "that is 25 km whatever the radius is": every(
            lambda km, p, n, r: chance(km, p, n, 25).mean()
        ),
    }
    given: list[Any] = []
    for km, photo, photos, radius in batches:
        passed = km.copy(), photo.copy(), photos, radius
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                given += [blind(*passed)]
        except ZeroDivisionError:
            return "a photo without candidates has none to divide by; it counts as a miss"
        except ValueError as error:
            if "broadcast" not in str(error):
                raise
            return (
                f"{error}: the last photos have no candidates; np.bincount(..., minlength=photos) "
                "counts them too"
            )
    numbers = [value for value in given if value is not None and np.ndim(value) == 0]
    if np.isnan(np.array(numbers, dtype=float)).any():
        return "for a photo without candidates it is 0 / 0 = NaN; such a photo is a miss"
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again = [blind(km.copy(), photo.copy(), photos, r) for km, photo, photos, r in batches[:3]]
    if len(numbers) == len(given) and again != given[:3]:
        return "two calls differ: you draw at random. Compute the chance; it needs no draw"
    cases = [f"for {n} photos with {len(km)} candidates and {r:g} km" for km, _, n, r in batches]
    return _diagnose(given, right, mistakes, cases)


@exercise(
    start="complete middle, then pass it to the check",
    right="The middle of points on a sphere lies inside it; back on the surface it is a place.",
)
def check_05_3(middle: Callable[[np.ndarray], np.ndarray]) -> str | None:
    """Check the mean of places on the sphere, in degrees, across the antimeridian too."""
    rng = np.random.default_rng(12)
    around = rng.normal(size=(6, 2))
    cases = {
        "two places on the equator": np.array([[0.0, 10.0], [0.0, 50.0]]),
        "six places in the west of France": [48.0, 0.2] + around,
        "three places in South America": np.array([[-34.6, -58.4], [-12.0, -77.0], [4.7, -74.1]]),
        "three places in Australia": np.array([[-33.9, 151.2], [-37.8, 145.0], [-31.9, 115.9]]),
        "a place named three times, and another": np.array([[40.7, -74.0]] * 3 + [[34.1, -118.2]]),
        "one place": np.array([[35.7, 139.7]]),
        "two places far in the north": np.array([[60.0, 10.0], [65.0, 150.0]]),
        "Fiji and Samoa": np.array([[-17.7, 178.0], [-13.8, -171.8]]),
        "six places around the 180th degree": np.column_stack(
            [around[:, 0] - 20, (180 + 3 * around[:, 1] + 180) % 360 - 180]
        ),
    }

    def points(places: np.ndarray) -> np.ndarray:
        lat, lon = np.radians(places).T
        x, y, z = np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)
        return np.array([x.mean(), y.mean(), z.mean()])

    def right(places: np.ndarray) -> np.ndarray:
        x, y, z = points(places)
        return np.degrees([np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)])

    def arcsin(places: np.ndarray) -> np.ndarray:
        x, y, z = points(places)
        return np.degrees([np.arcsin(z), np.arctan2(y, x)])

    def one_arctan(places: np.ndarray) -> np.ndarray:
        x, y, z = points(places)
        return np.degrees([np.arctan2(z, np.hypot(x, y)), np.arctan(y / x)])

    def swapped_xy(places: np.ndarray) -> np.ndarray:
        x, y, z = points(places)
        return np.degrees([np.arctan2(z, np.hypot(x, y)), np.arctan2(x, y)])

    def no_radians(places: np.ndarray) -> np.ndarray:
        return np.radians(right(np.degrees(places)))

    def circular(places: np.ndarray) -> np.ndarray:
        lon = np.radians(places[:, 1])
        turned = np.degrees(np.arctan2(np.sin(lon).mean(), np.cos(lon).mean()))
        return np.array([places[:, 0].mean(), turned])

    def from_greenwich(places: np.ndarray) -> np.ndarray:
        lat, lon = places[:, 0].mean(), (places[:, 1] % 360).mean()
        return np.array([lat, (lon + 180) % 360 - 180])

    def medoid(places: np.ndarray) -> np.ndarray:
        return places[geo.great_circle_km(places[:, None], places).sum(axis=1).argmin()]

    mistakes: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "that is in radians; np.degrees brings it back": lambda p: np.radians(right(p)),
        "sine and cosine want radians; use np.radians first": no_radians,
        "sine and cosine want radians; use np.radians first, np.degrees last": (
            lambda p: np.degrees(no_radians(p))
        ),
        "the latitude comes first": lambda p: right(p)[::-1],
        "latitude and longitude are swapped at the start": lambda p: right(p[:, ::-1]),
        "x and y are swapped": swapped_xy,
        "that is a flat mean of the degrees: over the 180th degree, or far in the north, it is far "
        "off; go through points of the sphere": lambda p: p.mean(axis=0),
        "the longitudes go round, but the latitudes are a flat mean; in the north the middle of "
        "two places lies nearer to the pole": circular,
        "degrees counted from 0 to 360 are a flat mean too, with its seam at Greenwich": (
            from_greenwich
        ),
        "that is the median of the degrees": lambda p: np.median(p, axis=0),
        "that is one of the places, the medoid": medoid,
        "that is the first of the places": lambda p: p[0],
        "the mean lies inside the sphere, so its z is too small for arcsin; divide by its length, "
        "or use arctan2": arcsin,
        "arctan(y / x) knows only half of the Earth; np.arctan2(y, x) knows all of it": one_arctan,
        "a place that is named three times counts three times": (
            lambda p: right(np.unique(p, axis=0))
        ),
        "that is 90 degrees minus the latitude": lambda p: [90, 0] + right(p) * [-1, 1],
        "the signs are lost": lambda p: np.abs(right(p)),
    }

    def close(a: np.ndarray, b: np.ndarray) -> bool:
        return np.allclose(a, b, rtol=0, atol=0.01)

    found = {}
    for case, places in cases.items():
        passed = places.copy()
        given = middle(passed)
        if given is None:
            return "your function returns nothing yet; let it end with return ..."
        place = np.asarray(given, dtype=float)
        if place.shape == (3,):
            return "that is a point (x, y, z); turn it back into latitude and longitude"
        if place.shape != (2,):
            return f"for {case} your answer has shape {place.shape}; return [latitude, longitude]"
        if not np.array_equal(passed, places):
            return f"for {case} your function changes the places that it was given"
        found[case] = place
    wanted = {case: right(places) for case, places in cases.items()}
    wrong = [case for case in cases if not close(found[case], wanted[case])]
    if not wrong:
        return None
    for hint, rule in mistakes.items():
        with np.errstate(all="ignore"):
            if all(close(found[case], rule(places)) for case, places in cases.items()):
                return hint
    case = wrong[0]
    if all(close((found[case] - wanted[case] + 180) % 360, 180) for case in wrong):
        return "longitudes lie within [-180, 180]; beyond, take 360 off"
    right_place, yours = (", ".join(f"{x:.2f}" for x in some[case]) for some in (wanted, found))
    return f"for {case} it should be ({right_place}), and yours is ({yours})"


# --- 06 evaluation and ablations -----------------------------------------------------------------


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
    return _diagnose(given, right, {}, cases, share=False)


@exercise(
    start="complete resampled, then pass it to the check",
    right="Photographers are drawn, photos come with them, and both methods see the same photos.",
)
def check_06_2(resampled: Callable[..., np.ndarray]) -> str | None:
    """Check the difference of two methods in each resample of the photographers."""
    rng = np.random.default_rng(15)
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
    rng = np.random.default_rng(16)
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


# --- 07 real data on a GPU -----------------------------------------------------------------------


@exercise(
    start="complete degrees, then pass it to the check",
    right="A camera writes three fractions and a letter, and leaves the rest to you.",
)
def check_07_1(degrees: Callable[..., float | None]) -> str | None:
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
    hint = _diagnose(given, right, mistakes, cases, share=False)
    if hint:
        return hint
    for parts, letter, why in (
        (((48, 1), (51, 1), (0, 0)), "N", "a fraction with a zero denominator is no number"),
        (((0, 0), (0, 0), (0, 0)), "E", "a fraction with a zero denominator is no number"),
        (((48, 1), (51, 1), (24, 1)), "", "without a letter the hemisphere is not known"),
        (((48, 1), (51, 1), (24, 1)), "?", "an unknown letter says nothing about the hemisphere"),
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
def check_07_2(ranges: Callable[..., list[tuple[int, int, int]]]) -> str | None:
    """Check which bytes of which pieces hold some bytes of the whole."""
    rng = np.random.default_rng(17)
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
def check_07_3(largest_batch: Callable[[float, float, float, int], int]) -> str | None:
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
    hint = _diagnose(given, right, mistakes, cases, share=False)
    if hint:
        return hint
    none = largest_batch(15e9, 16.6e9, 131_072, 3_000)
    if none != 0:
        return f"where the weights alone do not fit, no reply does: 0, not {none}"
    return None
