"""Checks of the exercises of notebook 04."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from g3lite.teaching.checks.check import diagnose, exercise, generator


@exercise(
    start="complete probabilities, then pass it to the check",
    right="The order stays; the temperature says how often the others get a turn.",
)
def check_04_1(probabilities: Callable[[np.ndarray, float], np.ndarray]) -> str | None:
    """Check softmax(logits / temperature) of each row, for large logits and temperature 0 too."""
    rng = generator(8)
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
    rng = generator(9)
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
    return diagnose(given, right, mistakes, cases)
