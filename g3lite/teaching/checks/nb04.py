"""Checks of the exercises of notebook 04, and right answers for the cells that use them."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from g3lite.prompts import PromptPlan, Template, TemplateError
from g3lite.teaching.checks.check import diagnose, exercise, generator


def probabilities(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities (n, m) of the next token at a temperature, of logits (n, m)."""
    if temperature == 0:
        return np.eye(logits.shape[1])[logits.argmax(axis=1)]
    return special.softmax(logits / temperature, axis=1)


def read_pair(text: str | None) -> tuple[float, float] | None:
    """The coordinates of a reply that holds exactly one pair (latitude, longitude), or None."""
    number = r" *([-+]?[0-9]+(?:\.[0-9]+)?) *"
    found = re.findall(rf"\({number},{number}\)", (text or "").replace("\u2212", "-"))
    if len(found) != 1:
        return None
    lat, lon = map(float, found[0])
    return (lat, lon) if abs(lat) <= 90 and abs(lon) <= 180 else None


def worth_of_variety(km: np.ndarray, radius: float) -> float:
    """What one reply to each of p prompts brings over p replies to the best one of them.

    Args:
        km: (queries, prompts, replies) distance of each reply from the truth, NaN for none.
        radius: in km.
    """
    near = km <= radius
    one_of_each = near[:, :, 0].any(axis=1).mean()
    all_of_one = near[:, :, : km.shape[1]].any(axis=2).mean(axis=0)
    return float(one_of_each - all_of_one.max())


@exercise(
    start="complete probabilities, then pass it to the check",
    right="The order stays; the temperature says how often the others are drawn.",
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
        ("logits of 0 and 1000 in one row", np.array([[0, 1000, 999.5, 400], [1, 0, 2, 3]]), 1.0),
        ("temperature 0.01", rng.integers(-3, 4, (3, 5)) / 64, 0.01),
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
    elif not fine[5]:
        return (
            f"for {cases[5][0]} it fails: exp(1000) is infinite. What is subtracted from a row "
            "must be its largest logit, so that none above 0 is left"
        )
    elif not fine[6]:
        return (
            f"for {cases[6][0]} it fails: a low temperature is not 0; only 0 itself is a case of "
            "its own"
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
    digits = "a number is made of the digits 0 to 9; return None"
    inside = "only two numbers, a comma and spaces may stand in the brackets; return None"
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
        ("(48.8566, 2.3522), again: (48.8566, 2.3522)", None, f"the same pair twice: {several}"),
        ("(95.3, 10.2) or (48.8566, 2.3522)", None, f"count before you look at limits: {several}"),
        ("(nan, nan)", None, f"nan is no number, and would be no place: {digits}"),
        ("(1e1, 2e1)", None, digits),
        ("(48.85.66, 2.3522)", None, "a number has one point at most; return None"),
        ("(., 2.3522)", None, f"a point alone is no number: {digits}"),
        ("(\u0664\u0668, \u0662)", None, f"\\d and float take other digits too: {digits}"),
        ("(48.8566; 2.3522)", None, f"a pair has a comma: {inside}"),
        ("(48.8566\u00b0, 2.3522\u00b0)", None, inside),
        ("(48.8566 N, 2.3522 E)", None, inside),
        ("(lat 48.8566, lon 2.3522)", None, inside),
        ("(48.8566,\n2.3522)", None, f"\\s is a line break too: {inside}"),
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


# --- 3: more prompts, or more tries ---------------------------------------------------------------


def _distances(rng: np.random.Generator, shape: tuple[int, int, int], unlike: float) -> np.ndarray:
    """Distances (queries, prompts, replies) with NaN among them; many lie on a radius.

    Some queries are hard. The second prompt is the best, and the third the worst: much, or hardly.
    """
    hard = rng.random((shape[0], 1, 1)) ** 2
    of_prompt = np.array([0.7, 0.35, 1.6, 0.9, 1.2])[: shape[1], None] ** unlike
    km = 20_000 * hard * of_prompt * rng.random((*shape[:2], 1)) ** 2 * rng.random(shape)
    km = np.where(km < 1000, 25 * np.ceil(km / 25), km)
    km[rng.random(shape) < rng.choice([0, 0.4], (shape[0], 1, 1))] = np.nan
    km[:: shape[0] // 9] = np.nan
    return km


@exercise(
    start="complete worth_of_variety, then pass it to the check",
    right="An equal number of tries on both sides: what is left is due to the prompts.",
)
def check_04_3(worth_of_variety: Callable[[np.ndarray, float], float]) -> str | None:
    """Check what several prompts bring over as many replies to the best one of them."""
    rng = generator(9)
    kinds = (((400, 4, 7), 1.5), ((300, 3, 5), 0.1), ((200, 5, 6), 0.5))
    sets = [_distances(rng, *kind) for kind in kinds]
    batches = [(km, radius) for km in sets for radius in (25.0, 200.0, 750.0)]

    def every(measure: Callable[[np.ndarray, float], Any]) -> list[float]:
        return [float(measure(km, radius)) for km, radius in batches]

    def each(near: np.ndarray) -> Any:  # one reply to each prompt
        return near[:, :, 0].any(axis=1).mean()

    def one(near: np.ndarray, tries: int) -> np.ndarray:  # several replies to each single prompt
        return near[:, :, :tries].any(axis=2).mean(axis=0)

    def of(measure: Callable[[np.ndarray, int], Any]) -> list[float]:
        return every(lambda km, r: measure(km <= r, km.shape[1]))

    def readable(km: np.ndarray) -> np.ndarray:
        return km[~np.isnan(km).all(axis=(1, 2))]

    right = every(_variety)
    mistakes = {
        "that is the prompts' share alone; subtract the one of as many replies to one prompt": of(
            lambda near, p: each(near)
        ),
        "that is the single prompt's share alone; subtract it from that of all prompts": of(
            lambda near, p: one(near, p).max()
        ),
        "the sign: it is the share of all prompts minus that of one": of(
            lambda near, p: one(near, p).max() - each(near)
        ),
        "the single prompt has more tries there than all prompts together: take as many replies "
        "as there are prompts": of(lambda near, p: each(near) - one(near, near.shape[2]).max()),
        "the prompts have more tries there than the single one: take the first reply to each": of(
            lambda near, p: near.any(axis=(1, 2)).mean() - one(near, p).max()
        ),
        "that compares with one reply to one prompt; take as many replies as there are prompts": (
            of(lambda near, p: each(near) - near[:, :, 0].mean(axis=0).max())
        ),
        "that compares with the first prompt; take the one whose share is the highest": of(
            lambda near, p: each(near) - one(near, p)[0]
        ),
        "that compares with the last prompt; take the one whose share is the highest": of(
            lambda near, p: each(near) - one(near, p)[-1]
        ),
        "that compares with the worst prompt; take the best one": of(
            lambda near, p: each(near) - one(near, p).min()
        ),
        "that compares with the mean of the prompts; take the best one": of(
            lambda near, p: each(near) - one(near, p).mean()
        ),
        "that chooses another prompt for each query, by the truth; choose one for all of them": of(
            lambda near, p: each(near) - near[:, :, :p].any(axis=(1, 2)).mean()
        ),
        "one of the tries is enough; ask any, not mean": of(
            lambda near, p: near[:, :, 0].mean() - near[:, :, :p].mean(axis=(0, 2)).max()
        ),
        "one of the tries is enough; ask any, not all": of(
            lambda near, p: (
                near[:, :, 0].all(axis=1).mean() - near[:, :, :p].all(axis=2).mean(axis=0).max()
            )
        ),
        "within the radius means <=, not <": every(lambda km, r: _variety(-km, -r, np.greater)),
        "that takes an unreadable reply for a hit; NaN is a miss": every(
            lambda km, r: _variety(np.nan_to_num(km), r)
        ),
        "queries without a readable reply have left the denominator; they count as misses": every(
            lambda km, r: _variety(readable(km), r)
        ),
        "that is in per cent; return a difference of shares": every(
            lambda km, r: 100 * _variety(km, r)
        ),
        "that is a number of queries; divide by how many there are": every(
            lambda km, r: len(km) * _variety(km, r)
        ),
        "that is 25 km whatever the radius is": every(lambda km, r: _variety(km, 25)),
    }
    given = [worth_of_variety(km.copy(), radius) for km, radius in batches]
    cases = [f"for km of shape {km.shape} and {radius:g} km" for km, radius in batches]
    return diagnose(given, right, mistakes, cases)


def _variety(km: np.ndarray, radius: float, compare: Callable[..., Any] = np.less_equal) -> float:
    near = compare(km, radius)
    single = near[:, :, : km.shape[1]].any(axis=2).mean(axis=0)
    return float(near[:, :, 0].any(axis=1).mean() - single.max())


# --- 4: write and price a prompt -----------------------------------------------------------------

PHOTOS, BUDGET = 2_997, 60.0
"""Of IM2GPS3K, and dollars for all of them."""
PRICES = {"tokens_per_image": 255, "price_in": 10, "price_out": 30, "reply_tokens": 30}
"""Tokens of a picture and of a reply, and dollars for a million tokens sent and received."""


@exercise(
    start="give the wording, the numbers of references, the replies and the price to the check",
    right=lambda wording, references, replies, dollars: (
        f"{dollars:.2f} of {BUDGET:.0f} dollars. Now say in two sentences what you gave up for it."
    ),
)
def check_04_4(wording: str, references: Any, replies: int, dollars: float) -> str | None:
    """Check a wording and a plan: what G3 needs is there, and the price is right and affordable."""
    if not isinstance(wording, str):
        return f"the wording is a text; yours is of type {type(wording).__name__}"
    try:
        template = Template(wording)
    except TemplateError as error:
        return str(error)
    alone = template.fill(np.empty((0, 2)), np.empty((0, 2)))
    for word in ("latitude", "longitude"):
        if word not in alone.lower():
            return f"the prompt without references does not say that a {word} is to be answered"
    if "{" not in alone and "(" not in alone:
        return (
            "the prompt without references shows no form of the answer; write an example such as "
            '(latitude, longitude) or {"latitude": float, "longitude": float} into it'
        )
    try:
        plan = PromptPlan(tuple(references), replies, template=template)
    except (TypeError, ValueError) as error:
        return f"that is no plan: {error}"
    if 0 not in plan.references or len(plan.references) < 3 or plan.most > 15:
        return (
            f"references {plan.references}: ask without any, and with two other numbers at least, "
            "up to 15"
        )
    if plan.replies < 2:
        return "one reply to each prompt; the judge is to have two of each at least"
    price = _price(plan)
    if not isinstance(dollars, int | float | np.number) or not np.isfinite(dollars):
        return f"the price is a number of dollars; yours is {dollars!r}"
    if abs(dollars - price) > 0.005 * price:
        for hint, wrong in _wrong_prices(plan).items():
            if abs(dollars - wrong) <= 0.005 * wrong:
                return hint
        return (
            f"your plan costs {price:.2f} dollars by the tokens of its prompts, not {dollars:.2f}"
        )
    if price > BUDGET:
        return f"the price is right, {price:.2f} dollars, and {price - BUDGET:.2f} too much"
    return None


def _price(plan: PromptPlan, photos: int = PHOTOS, **changed: Any) -> float:
    return float(plan.estimate(photos, **PRICES | changed).price["all"])


def _wrong_prices(plan: PromptPlan) -> dict[str, float]:
    """What students calculate instead, with its hint."""
    prompts = len(plan.references)
    picture = PHOTOS * PRICES["tokens_per_image"] * PRICES["price_in"] / 1e6
    swapped = {"price_in": PRICES["price_out"], "price_out": PRICES["price_in"]}
    return {
        "that is the price of one photo": _price(plan, 1),
        "that is in cents": 100 * _price(plan),
        "the replies are missing: what is received costs, too": _price(plan, reply_tokens=0),
        "there are several replies to each prompt, and each is paid for": _price(
            plan, reply_tokens=PRICES["reply_tokens"] / plan.replies
        ),
        "the picture is missing: it is sent with each prompt": _price(plan, tokens_per_image=0),
        "the picture is sent with each prompt, not once for a photo": _price(plan)
        - (prompts - 1) * picture,
        "one request brings all replies to a prompt; picture and prompt are paid for once in it": (
            _price(plan, per_request=1)
        ),
        "the two prices are the wrong way round": _price(plan, **swapped),
        "that is the price of one prompt of the plan": _price(plan) / prompts,
    }
