"""Checks of the exercises of notebook 00."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from g3lite import geo
from g3lite.teaching.checks.check import diagnose, exercise, generator


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
    rng = generator(13)
    # Off every radius by so much that the answer is the same on the ellipsoid, and so little that
    # 5 % more or less, a straight line through the Earth and whole km give another one.
    off_km = np.array(
        [0.3, 0.7, 3, 12, 33, 100, 120, 150, 170, 193, 207, 280, 500, 600, 1000, 3500, 5100, 9000]
    )
    cases = []
    for name, lat, lon, n, farthest, exact in (
        ("Reykjavik", 64.15, -21.94, 42, 9000, 3),
        ("Suva, near the antimeridian", -18.14, 178.44, 36, 600, 4),
        ("Cotonou", 6.37, 2.43, 60, 3500, 0),
    ):
        truth = np.array([lat, lon])
        each = off_km[off_km <= farthest]
        order = rng.permutation(n)
        nearby = int(np.flatnonzero(order == each.tolist().index(12))[0])
        order[[0, nearby]] = order[[nearby, 0]]  # the first row is near, the others as they come
        off = np.concatenate([each, rng.choice(each, n - len(each))])[order]
        others = np.flatnonzero(order >= len(each))  # so that each distance stays once at least
        coordinates = geo.offset(np.tile(truth, (n, 1)), rng.uniform(0, 360, n), off)
        coordinates[rng.choice(others, exact, replace=False)] = truth  # exactly, not by rounding
        coordinates[rng.choice(others, n // 3, replace=False)] = coordinates[1]  # many times
        table = _candidates(rng, coordinates)
        radii = (200.0, 25.0, 750.0, 0.0, *((0.5, 5000.0) if farthest > 5000 else ()))
        cases += [(name, table, truth, km) for km in radii]

    def places(table: pd.DataFrame) -> np.ndarray:
        return table[["LAT", "LON"]].to_numpy()

    def away(table: pd.DataFrame, truth: np.ndarray) -> np.ndarray:
        return geo.great_circle_km(places(table), truth)

    def through_the_earth(table: pd.DataFrame, truth: np.ndarray, km: float) -> float:
        half = away(table, truth) / geo.EARTH_RADIUS_KM / 2
        return (2 * geo.EARTH_RADIUS_KM * np.sin(half) <= km).mean()

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
        "that is the straight line through the Earth, which is shorter than the way along its "
        "surface; use geo.great_circle_km": every(through_the_earth),
        "the distances were rounded to whole km; compare them as they are": (
            every(lambda t, place, km: (np.round(away(t, place)) <= km).mean())
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
    return diagnose(given, right, mistakes, words)


@exercise(
    start="complete winner, then pass it to the check",
    right="The highest score wins, and what has no score cannot.",
)
def check_00_2(winner: Callable[[pd.DataFrame], tuple[float, float]]) -> str | None:
    """Check the place with the highest score: the first of equals, never one without a score."""
    rng = generator(14)

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
    repeated, close = table(20), table(26)
    best_row = int(repeated["score"].argmax())
    names = repeated.index.to_numpy().copy()
    another = next(row for row in range(20) if row != best_row and names[row] != best_row)
    names[another] = names[best_row]  # as after pd.concat
    repeated.index = names
    put(close, "score", [4, 11], [0.95121, 0.95124])
    cases = {
        "a table in no order": plain,
        "a table whose best candidate was retrieved": of_retrieved,
        "a table with four highest scores": equal,
        "a table with scores that are NaN": holes,
        "a table where all scores are below 0 or NaN": below,
        "a table whose index has a number twice": repeated,
        "a table with two scores that hardly differ": close,
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
        "idxmax gives a row's index, which is not its position; iloc wants that of np.nanargmax": (
            lambda t: place(t, called(t))
        ),
        "NaN was taken for 0, which beats a score below 0; it never wins": (
            lambda t: place(t, np.argmax(np.nan_to_num(score(t))))
        ),
        "the scores were rounded; the highest wins, however little it is ahead": (
            lambda t: place(t, np.nanargmax(np.round(score(t), 3)))
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
            if cases[name] is repeated:
                return (
                    f"in {name} `loc` gives two rows for it; take the row by its position, with "
                    "np.nanargmax and iloc"
                )
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
