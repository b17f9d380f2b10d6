"""Checks of the exercises of notebook 09."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F

from g3lite.scale.index_types import predict_bytes
from g3lite.teaching.checks.check import diagnose, exercise, generator

# --- 1: how large a block ------------------------------------------------------------------------


def wasted(block: int, photos: int, seconds: float, fixed: float, kills: float) -> float:
    """Seconds that a run loses on average: what blocks cost, and what kills throw away.

    Args:
        block: photos per block.
        photos: of the run.
        seconds: that one photo takes.
        fixed: seconds that each block costs beside its photos.
        kills: of the whole run; each loses half a block, on average.
    """
    return math.ceil(photos / block) * fixed + kills * block * seconds / 2


@exercise(
    start="complete wasted, then pass it to the check",
    right="Small blocks cost a fixed time each; large blocks lose more with every kill.",
)
def check_09_1(lost: Callable[[int, int, float, float, float], float]) -> str | None:
    """Check the seconds that blocks of some size waste."""
    rng = generator(9)
    cases = []
    for block, photos in ((512, 4_122_119), (64, 5_000), (1_000, 1_000), (300, 1_000)):
        seconds, fixed = rng.uniform(0.005, 0.05), rng.uniform(0.1, 3)
        cases.append((block, photos, float(seconds), float(fixed), float(rng.integers(2, 30))))

    def each(rule: Callable[..., float]) -> list[float]:
        return [rule(*case) for case in cases]

    mistakes = {
        "1,000 photos in blocks of 300 are four blocks: round up (math.ceil)": each(
            lambda b, n, s, f, k: n / b * f + k * b * s / 2
        ),
        "1,000 photos in blocks of 300 are four blocks, not three: round up": each(
            lambda b, n, s, f, k: n // b * f + k * b * s / 2
        ),
        "a kill comes anywhere in a block: on average half of it is lost": each(
            lambda b, n, s, f, k: math.ceil(n / b) * f + k * b * s
        ),
        "a lost block takes block times seconds; you count its photos": each(
            lambda b, n, s, f, k: math.ceil(n / b) * f + k * b / 2
        ),
        "every kill loses half a block: multiply by kills": each(
            lambda b, n, s, f, k: math.ceil(n / b) * f + b * s / 2
        ),
        "what the kills lose is missing": each(lambda b, n, s, f, k: math.ceil(n / b) * f),
        "what the blocks cost is missing": each(lambda b, n, s, f, k: k * b * s / 2),
        "the photos themselves are no waste: leave photos times seconds out": each(
            lambda b, n, s, f, k: n * s + wasted(b, n, s, f, k)
        ),
        "the fixed time comes once per block, not once per photo": each(
            lambda b, n, s, f, k: n * f + k * b * s / 2
        ),
    }
    given = [lost(*case) for case in cases]
    names = [f"for {photos:,} photos in blocks of {block:,}" for block, photos, *_ in cases]
    return diagnose(given, each(wasted), mistakes, names, share=False, tolerance=1e-6)


# --- 2: the loss of a share ----------------------------------------------------------------------


def share_of_loss(
    images: torch.Tensor, places: torch.Tensor, all_images: torch.Tensor, all_places: torch.Tensor,
    first: int, scale: float,
) -> torch.Tensor:  # fmt: skip
    """The symmetric InfoNCE of one process, whose rows begin at `first` of the joined batch."""
    own = torch.arange(first, first + len(images))
    to_places = F.cross_entropy(scale * images @ all_places.T, own)  # (n, b) -> ()
    to_images = F.cross_entropy(scale * places @ all_images.T, own)
    return (to_places + to_images) / 2


@exercise(
    start="complete share_of_loss, then pass it to the check",
    right="The mean over the processes is the loss of the joined batch, whoever holds which rows.",
)
def check_09_2(share: Callable[..., torch.Tensor]) -> str | None:
    """Check the loss that one of several processes computes."""
    rng = generator(10)
    cases, names = [], []
    for size, processes, process, scale in ((12, 2, 1, 10.0), (24, 4, 2, 5.0), (16, 2, 0, 20.0)):
        rows = [torch.from_numpy(rng.normal(size=(size, 8))).float() for _ in range(2)]
        images, places = (F.normalize(some, dim=-1) for some in rows)
        n = size // processes
        own = slice(process * n, (process + 1) * n)
        cases.append((images[own], places[own], images, places, process * n, scale))
        names.append(f"for process {process} of {processes}")

    def each(rule: Callable[..., torch.Tensor]) -> list[float]:
        return [float(rule(*case)) for case in cases]

    def direction(own: torch.Tensor, every: torch.Tensor, first: int, scale: float) -> torch.Tensor:
        return F.cross_entropy(scale * own @ every.T, torch.arange(first, first + len(own)))

    mistakes = {
        "these are the negatives of the own share alone; compare with all rows": each(
            lambda i, p, a, b, f, s: share_of_loss(i, p, i, p, 0, s)
        ),
        "the right place of the first own photo is row `first`, not row 0": each(
            lambda i, p, a, b, f, s: share_of_loss(i, p, a, b, 0, s)
        ),
        "the other direction is missing: from places to images": each(
            lambda i, p, a, b, f, s: direction(i, b, f, s)
        ),
        "the other direction is missing: from images to places": each(
            lambda i, p, a, b, f, s: direction(p, a, f, s)
        ),
        "take the mean of both directions, not their sum": each(
            lambda i, p, a, b, f, s: 2 * share_of_loss(i, p, a, b, f, s)
        ),
        "multiply the inner products by scale": each(
            lambda i, p, a, b, f, s: share_of_loss(i, p, a, b, f, 1.0)
        ),
        "photos are compared with photos: swap the two tensors of all rows": each(
            lambda i, p, a, b, f, s: share_of_loss(i, p, b, a, f, s)
        ),
        "cross_entropy already takes the mean over the own rows": each(
            lambda i, p, a, b, f, s: len(i) * share_of_loss(i, p, a, b, f, s)
        ),
        "this is the loss of all rows; compute the own ones only, or nothing is shared": each(
            lambda i, p, a, b, f, s: share_of_loss(a, b, a, b, 0, s)
        ),
    }
    given = [share(*case) for case in cases]
    if all(isinstance(one, torch.Tensor) for one in given):
        given = [one.detach().numpy() for one in given]
    return diagnose(given, each(share_of_loss), mistakes, names, share=False, tolerance=1e-5)


# --- 3: a plan for 100 million photos ------------------------------------------------------------

MEMORY_GB, MOST, RECALL = 48, 2, 0.9
"""Of one machine, for vectors; machines at most; recall@15 of the similar and of the dissimilar."""


def machines(kind: str, photos: int, numbers: int) -> int:
    """How many machines hold the vectors of so many photos in an index of a kind."""
    return max(1, math.ceil(predict_bytes(kind, numbers, photos) / (MEMORY_GB * 1e9)))


def _said(plan: Mapping[str, Any], costs: pd.DataFrame, photos: int, numbers: int) -> str:
    gigabytes = predict_bytes(plan["kind"], numbers, photos) / 1e9
    return (
        f"{plan['kind']} needs {gigabytes:,.0f} GB for {photos:,} photos, on {plan['machines']} "
        f"machine{'s' * (plan['machines'] > 1)} of {MEMORY_GB} GB. Measure its recall again with "
        "more photos before you rent them: it falls as a gallery grows."
    )


@exercise(start='make my_plan, such as {"kind": "exact", "machines": 1}', right=_said)
def check_09_3(
    plan: Mapping[str, Any], costs: pd.DataFrame, photos: int, numbers: int
) -> str | None:
    """Check a kind of index and a number of machines for a large gallery."""
    if not isinstance(plan, Mapping) or set(plan) != {"kind", "machines"}:
        return 'my_plan is a dict with two keys: {"kind": ..., "machines": ...}'
    kind, number = plan["kind"], plan["machines"]
    measured = costs.set_index("kind")
    if kind not in measured.index:
        return f"{kind!r} was not measured; measured are {', '.join(measured.index)}"
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 1:
        return f"machines is {number!r}; it is a whole number from 1 on"
    for column, name in (("recall", "similar"), ("recall_dissimilar", "dissimilar")):
        found = measured.loc[kind, column]
        if found < RECALL:
            return f"{kind} finds {found:.0%} of the {name} ones; the plan asks for {RECALL:.0%}"
    needed = machines(kind, photos, numbers)
    gigabytes = predict_bytes(kind, numbers, photos) / 1e9
    if needed > MOST:
        return (
            f"{kind} needs {gigabytes:,.0f} GB, {needed} machines of {MEMORY_GB} GB; the plan "
            f"allows {MOST}. Which kind takes fewer bytes a photo?"
        )
    if number < needed:
        return f"{gigabytes:,.0f} GB do not fit on {number} of {MEMORY_GB} GB"
    if number > needed:
        return f"{gigabytes:,.0f} GB fit on {needed}; you pay for {number - needed} more"
    return None
