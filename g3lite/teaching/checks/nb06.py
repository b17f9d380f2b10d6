"""Checks of the exercises of notebook 06."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from g3lite.teaching.checks.check import exercise, generator


def resampled(a: np.ndarray, b: np.ndarray, author: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """What exercise 1 asks for: the difference of two shares in each resample, (resamples,)."""
    people = drawn.shape[1]
    photos = np.bincount(author, minlength=people)
    return drawn @ np.bincount(author, a - b, people) / (drawn @ photos)


@exercise(
    start="complete resampled, then pass it to the check",
    right="Photographers are drawn, photos come with them, and both methods see the same photos.",
)
def check_06_1(own: Callable[..., np.ndarray]) -> str | None:
    """Check the difference of two methods in each resample of the photographers."""
    rng = generator(15)
    batches = []
    for photos, people, draws in ((200, 12, 30), (90, 5, 8), (400, 60, 25), (60, 24, 30)):
        author = rng.integers(people, size=photos) * rng.integers(2, size=photos)
        author[:people] = np.arange(people)  # everybody took one
        if people in (60, 24):  # but here: the last took none, nor did one or two before
            author[np.isin(author, [7, people - 9, people - 1])] = 3
        easy = rng.random(people)[author]
        a, b = (rng.random((2, photos)) < easy * np.array([[0.9], [0.6]])).astype(float)
        if people == 24:  # a photo may count in part: the mean of five thresholds
            a, b = np.round(rng.random((2, photos)) * 5) / 5
        drawn = rng.multinomial(people, np.full(people, 1 / people), draws)
        batches.append((a, b, author, drawn))

    def sums(values: np.ndarray, author: np.ndarray, people: int) -> np.ndarray:
        return np.bincount(author, values, people)

    def every(rule: Callable[..., np.ndarray]) -> list[np.ndarray]:
        with np.errstate(all="ignore"):
            return [np.asarray(rule(*batch), dtype=float) for batch in batches]

    def of_people(a: np.ndarray, b: np.ndarray, author: np.ndarray, drawn: np.ndarray) -> Any:
        people = drawn.shape[1]
        each = sums(a - b, author, people) / sums(np.ones_like(a), author, people)
        return drawn @ each / people

    def once(a: np.ndarray, b: np.ndarray, author: np.ndarray, drawn: np.ndarray) -> Any:
        return resampled(a, b, author, (drawn > 0).astype(int))

    def all_photos(a: np.ndarray, b: np.ndarray, author: np.ndarray, drawn: np.ndarray) -> Any:
        return drawn @ sums(a - b, author, drawn.shape[1]) / len(a)

    def shares(a: np.ndarray, b: np.ndarray, author: np.ndarray, drawn: np.ndarray) -> Any:
        return resampled(a, np.zeros_like(b), author, drawn)

    def number(a: np.ndarray, b: np.ndarray, author: np.ndarray, drawn: np.ndarray) -> Any:
        return drawn @ sums(a - b, author, drawn.shape[1])

    right = every(resampled)
    mistakes = {
        "that weighs every photographer alike; a photo counts once for each time that its "
        "photographer was drawn, so divide the sum of all drawn photos by their number": of_people,
        "a photographer who was drawn twice counts twice": once,
        "resamples differ in their number of photos; divide by that of each": all_photos,
        "that is the share of the first method; subtract the second's on the same photos": shares,
        "those are numbers of photos; divide by how many photos each resample has": number,
        "that is b minus a": lambda a, b, author, drawn: -resampled(a, b, author, drawn),
        "that is in per cent": lambda a, b, author, drawn: 100 * resampled(a, b, author, drawn),
        "that is the difference of all photos every time; the resample is missing": (
            lambda a, b, author, drawn: np.full(len(drawn), (a - b).mean())
        ),
    }
    for k, (batch, wanted) in enumerate(zip(batches, right, strict=True)):
        given = own(*(part.copy() for part in batch))
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


RECORDED = 5
"""Replies of each prompt that there are about validation."""
DESIGN = {
    "with": {"references": (0, 5, 10, 15), "replies": 3, "retrieved": 1},
    "without": {"references": (5, 10, 15), "replies": 4, "retrieved": 1},
}
"""What exercise 2 asks for: both have thirteen candidates."""


@exercise(
    start="fill in the six places of the design",
    right="Twelve replies and one retrieved place on either side: only the prompt differs.",
)
def check_06_2(design: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Check an ablation that leaves out the prompt without references, and nothing else."""
    keys = {"references", "replies", "retrieved"}
    if not isinstance(design, Mapping) or set(design) != set(DESIGN):
        return "give two sides, 'with' and 'without'"
    if odd := [side for side in DESIGN if set(design[side]) != keys]:
        return f"the side {odd[0]!r} needs references, replies and retrieved, and nothing else"
    values = [value for side in DESIGN for value in design[side].values()]
    if any(value is None or value is ... for value in values):
        return "fill in the six places of the design"
    prompts, numbers = {}, {}
    for side in DESIGN:
        given = design[side]
        prompts[side] = tuple(np.atleast_1d(given["references"]).tolist())
        numbers[side] = [given["replies"], given["retrieved"]]
        if any(isinstance(n, bool) or n != int(n) or n < 0 for n in numbers[side]):
            return f"replies and retrieved are whole numbers; yours are {numbers[side]}"
        if not set(prompts[side]) <= {0, 5, 10, 15} or len(set(prompts[side])) < len(prompts[side]):
            return f"MiniLMM was asked with 0, 5, 10 and 15 references; yours are {prompts[side]}"
    if sorted(prompts["with"]) != [0, 5, 10, 15]:
        return "the side 'with' is G3: it has all four prompts, 0, 5, 10 and 15"
    if 0 in prompts["without"]:
        return "the side 'without' still has the prompt with 0 references"
    if sorted(prompts["without"]) != [5, 10, 15]:
        return "leave out one prompt only, so that nothing else differs"
    (n_with, s_with), (n_without, s_without) = numbers.values()
    if s_with != s_without:
        return "the two sides have different numbers of retrieved places; then two things differ"
    if max(n_with, n_without) > RECORDED:
        return f"there are {RECORDED} recorded replies of each prompt, and you ask for more"
    if min(n_with, n_without) == 0:
        return "without replies there is no language model to compare"
    if 4 * n_with != 3 * n_without:
        return (
            f"{4 * n_with} replies against {3 * n_without}: then the number differs as well, and "
            "the number alone changes results"
        )
    if s_with != DESIGN["with"]["retrieved"]:
        return "leave the rest as G3 has it: one retrieved place"
    return None


REASONS = {
    1: "the corrected p is below 0.05, and the row is in the plan",
    2: "the corrected p is 0.05 or above",
    3: "the two figures are of different photos and models",
    4: "two things differ between G3 and the row",
    5: "the row was chosen after the results were seen",
    6: "an interval that holds zero does not show that two methods are equal",
    7: "a difference is judged by its own interval, not by two intervals that overlap",
}
_CLAIMS = {
    # claim: (text, the right verdict, the reason, what to think of)
    "a": ("G3 minus a row of the plan is +1.1 points [+0.4, +1.8], corrected p 0.02: G3 is better "
          "than this row.", "yes", 1, "a row of the plan, and a corrected p that is small enough"),
    "b": ("G3 minus a row of the plan is +0.7 [+0.1, +1.3], p 0.02, corrected p 0.23: G3 is better "
          "than this row.", "cannot tell", 2, "the interval is that of a single comparison; among "
          "22 rows one such is nothing rare, and that is what the correction is for"),
    "c": ("G3 places 40.9 % of IM2GPS3K within 25 km in the paper, and fewer here: this code is "
          "worse than the paper's.", "cannot tell", 3, "nothing is held equal between the two"),
    "d": ("G3 minus one prompt with a quarter of the replies is +2.0, corrected p 0.001: that the "
          "prompts differ is worth two points.", "cannot tell", 4, "how many replies that row has"),
    "e": ("No row is significant. Of 30 kinds of photos that we then looked at, G3 is better on "
          "those taken at night, p 0.03: G3 is better at night.", "cannot tell", 5, "when the kind "
          "was chosen, and out of how many"),
    "f": ("G3 minus a row of the plan is -0.1 [-0.9, +0.7], corrected p 1: the step is worth "
          "nothing.", "cannot tell", 6, "what else the interval holds"),
    "g": ("G3 places 31 % [29, 33], the row 29 % [27, 31]; the intervals overlap, so no test on "
          "these photos could show a difference.", "no", 7, "both answered the same photos"),
}  # fmt: skip
CLAIMS = {claim: text for claim, (text, *_) in _CLAIMS.items()}


@exercise(
    start="give each claim its verdict and the number of the reason",
    right="You can defend a verdict: by the plan, the correction, and what was held equal.",
)
def check_06_3(verdicts: Mapping[str, tuple[str, int]]) -> str | None:
    """Check verdicts on claims about ablations, each with the reason that decides."""
    if not isinstance(verdicts, Mapping) or set(verdicts) != set(_CLAIMS):
        return f"give a verdict for each of the claims {', '.join(_CLAIMS)}"
    if empty := [c for c in _CLAIMS if verdicts[c] is None or verdicts[c] is ...]:
        return f"claims without a verdict yet: {', '.join(empty)}"
    good, first = 0, ""
    for claim, (_, verdict, reason, thought) in _CLAIMS.items():
        pair = verdicts[claim]
        if isinstance(pair, str) or np.shape(pair) != (2,):
            return f"give claim {claim} a verdict and a reason, such as ('yes', 1)"
        said = " ".join(str(pair[0]).lower().split()).rstrip(".")
        if said not in ("yes", "no", "cannot tell") or str(pair[1]) not in map(str, REASONS):
            return f"claim {claim}: yes, no or cannot tell, and a reason from 1 to {len(REASONS)}"
        right = said == verdict and int(pair[1]) == reason
        good += right
        first = first or ("" if right else f"About claim {claim}: {thought}")
    return None if good == len(_CLAIMS) else f"{good} of {len(_CLAIMS)}. {first}"


def _near(km: np.ndarray, chosen: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Whether the chosen candidate of each photo is near the truth, and whether any is."""
    return km[np.arange(len(km)), chosen] <= radius, (km <= radius).any(axis=1)


def blame(km: np.ndarray, chosen: np.ndarray, radius: float) -> tuple[float, float, float]:
    """What exercise 4 asks for: shares of photos that are right, not chosen, without a near one."""
    hit, there = _near(km, chosen, radius)
    return hit.mean(), (there & ~hit).mean(), (~there).mean()


@exercise(
    start="complete blame, then pass it to the check",
    right="Whoever wants G3 to be better now knows where to begin.",
)
def check_06_4(own: Callable[[np.ndarray, np.ndarray, float], tuple]) -> str | None:
    """Check the shares: right, a near candidate not chosen, no near candidate."""
    rng = generator(16)
    batches = []
    for photos, most in ((300, 20), (70, 6), (45, 3)):
        km = 25 * np.ceil(20_000 * rng.random((photos, most)) ** 5 / 25)
        km[rng.random(km.shape) < 0.3] = np.nan  # photos have candidates of different number
        km[:, 0] = np.where(np.isnan(km).all(axis=1), 10_000, km[:, 0])
        chosen = np.array([rng.choice(np.flatnonzero(~np.isnan(row))) for row in km])
        batches += [(km, chosen, radius) for radius in (25.0, 200.0, 750.0)]

    def not_hit(km: np.ndarray, chosen: np.ndarray, radius: float) -> tuple[float, float, float]:
        hit, there = _near(km, chosen, radius)
        return hit.mean(), (~hit).mean(), (~there).mean()

    def ceiling(km: np.ndarray, chosen: np.ndarray, radius: float) -> tuple[float, float, float]:
        hit, there = _near(km, chosen, radius)
        return hit.mean(), there.mean(), (~there).mean()

    def strict(km: np.ndarray, chosen: np.ndarray, radius: float) -> tuple[float, float, float]:
        return blame(np.where(km == radius, radius + 1, km), chosen, radius)

    def of_misses(km: np.ndarray, chosen: np.ndarray, radius: float) -> tuple[float, float, float]:
        hit, missed, absent = blame(km, chosen, radius)
        return hit, missed / (missed + absent), absent / (missed + absent)

    def all_near(km: np.ndarray, chosen: np.ndarray, radius: float) -> tuple[float, float, float]:
        hit, there = _near(km, chosen, radius)[0], (km <= radius).all(axis=1)
        return hit.mean(), (there & ~hit).mean(), (~there & ~hit).mean()

    mistakes = {
        "the second share is of photos with a near candidate that was not chosen; without one, "
        "verification is not to blame": not_hit,
        "the second share counts photos that were right as well; leave them out": ceiling,
        "within the radius means <=, not <": strict,
        "shares of all photos, so that the three sum to 1; yours are of the wrong ones": of_misses,
        "one near candidate is enough for verification to be to blame; ask any, not all": all_near,
        "the order is right, not chosen, none there": lambda *batch: blame(*batch)[::-1],
        "those are in per cent": lambda *batch: tuple(100 * share for share in blame(*batch)),
        "those are numbers of photos; divide by how many there are": (
            lambda km, *rest: tuple(len(km) * share for share in blame(km, *rest))
        ),
    }
    for km, chosen, radius in batches:
        given = own(km.copy(), chosen.copy(), radius)
        if given is None:
            return "your function returns nothing yet; let it end with return ..."
        given = np.asarray(given, dtype=float)
        if given.shape != (3,):
            return f"return three shares: right, not chosen, none there; yours is {given.tolist()}"
        wanted = blame(km, chosen, radius)
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
