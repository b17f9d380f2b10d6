"""What a step costs at a size: hours, memory, disk and money, from seconds that were measured.

    works = [
        Work("embed", LAPTOP, lambda n: 0.08 * n, "benchmarks/real_cpu.py, two cores",
             disk_bytes=lambda n: 1536 * n),
        Work("embed", GPU_MACHINE, lambda n: 0.002 * n, "...", disk="gp3", disk_bytes=...),
    ]
    table(works)                  # for the 4.12 million photos of the paper, and for 100 million
    asking(2_997, "gpt-4o", tokens_per_image=255)

Prices are those of `prices.toml`, each with its date and the page that states it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files

import pandas as pd

from g3lite.prompts import PLANS, PromptPlan

SIZES = (4_122_119, 100_000_000)
"""Photos: those of the paper, and as many as a large collection has."""
GB = 1e9


@dataclass(frozen=True)
class Price:
    """A price in US dollars; `checked` says that the page at `source` states this very figure."""

    usd: float
    per: str
    what: str
    date: str
    source: str
    checked: bool


def prices() -> dict[str, Price]:
    """The prices of `prices.toml`, by name."""
    content = tomllib.loads((files("g3lite.scale") / "prices.toml").read_text("utf-8"))
    return {name: Price(**entry) for name, entry in content.items()}


def _price(name: str) -> Price:
    known = prices()
    if name not in known:
        raise ValueError(f"there is no price of {name!r}; there are {', '.join(known)}")
    return known[name]


@dataclass(frozen=True)
class Machines:
    """What a step runs on.

    Attributes:
        name: as the table says it.
        price: a name of `prices`, which is paid by the hour of one machine.
        amount: how much of it an hour takes: 1 of a rented machine, kWh of an own one.
        number: of machines that share the work alike.
    """

    name: str
    price: str
    amount: float = 1.0
    number: int = 1


LAPTOP = Machines("a laptop (65 W)", "electricity", 0.065)
GPU_MACHINE = Machines("one rented GPU machine", "g5.xlarge")
CLUSTER = Machines("a cluster of 8 rented GPUs", "a100", number=8)
H100 = Machines("one rented H100", "h100")


def _nothing(photos: float) -> float:
    return 0.0


@dataclass(frozen=True)
class Work:
    """A step, and one way to do it. Functions take the number of photos n.

    Attributes:
        step: such as "embed".
        machines: what it runs on.
        seconds: of one machine for all the work; shared by several, nothing is lost.
        measured: where the seconds come from, in words.
        memory_bytes: on each machine.
        disk_bytes: in all.
        disk: a name of `prices`, paid by the GB-month; None for a disk that is there anyway.
        months: for which disk and service are paid.
        service_usd: paid to a hosted service each month.
        service: the name of its price in `prices`, for the date and the check; None without one.
    """

    step: str
    machines: Machines
    seconds: Callable[[float], float]
    measured: str
    memory_bytes: Callable[[float], float] = _nothing
    disk_bytes: Callable[[float], float] = _nothing
    disk: str | None = None
    months: float = 1.0
    service_usd: Callable[[float], float] = _nothing
    service: str | None = None

    def cost(self, photos: float) -> dict[str, object]:
        """A row of `table`.

        Raises:
            ValueError: an unknown price, or a figure below zero.
        """
        hours, disk_gb = self.seconds(photos) / 3600, self.disk_bytes(photos) / GB
        machine = _price(self.machines.price)
        paid = [machine] + [_price(name) for name in (self.disk, self.service) if name]
        figures = {
            "machine hours": hours,
            "hours until done": hours / self.machines.number,
            "memory of each (GB)": self.memory_bytes(photos) / GB,
            "disk (GB)": disk_gb,
            "machines (USD)": hours * self.machines.amount * machine.usd,
            "disk (USD)": disk_gb * self.months * _price(self.disk).usd if self.disk else 0.0,
            "service (USD)": self.service_usd(photos) * self.months,
        }
        for name, figure in figures.items():
            if not figure >= 0:
                raise ValueError(f"{self.step}, {self.machines.name}: {name} is {figure:g}")
        total = sum(figure for name, figure in figures.items() if name.endswith("(USD)"))
        return {
            "photos": photos, "step": self.step, "way": self.machines.name, **figures,
            "USD": total, "seconds from": self.measured,
            "oldest price": min(price.date for price in paid),
            "prices": "checked" if all(price.checked for price in paid) else "not all checked",
        }  # fmt: skip


PAPER_TRAINING = Work(
    "train, CLIP included", H100, lambda n: 10 * 7 * 3600 * n / SIZES[0],
    "the paper: 10 epochs of 7 hours on one H800, which encodes every photo in every epoch",
)  # fmt: skip
"""What the paper's training cost, of which features that are kept leave little."""


def table(works: Sequence[Work], sizes: Sequence[int] = SIZES) -> pd.DataFrame:
    """What each work costs at each size.

    Returns:
        Rows of photos, step, way, machine hours, hours until done, memory of each (GB), disk (GB),
        machines, disk and service (USD), USD (their sum), seconds from, oldest price, prices
        ("checked", or "not all checked"). A GB is 10^9 bytes.
    """
    return pd.DataFrame([work.cost(photos) for photos in sizes for work in works])


def hosted(photos: float, numbers: int) -> float:
    """US dollars a month for vectors of so many numbers in a hosted Milvus (Zilliz Cloud).

    Its price is for vectors of 768 numbers; others are taken to cost in proportion.
    """
    return photos / 1e6 * numbers / 768 * _price("zilliz").usd


def asking(
    queries: int, model: str, tokens_per_image: float, plan: PromptPlan = PLANS["paper"]
) -> pd.DataFrame:
    """What the replies cost on paper; a gallery of any size is asked with the same prompts.

    Args:
        queries: photos to be located.
        model: of which `prices` has "MODEL input" and "MODEL output".
        tokens_per_image: what the model counts for one; look it up, it depends on the size.
        plan: the prompts; the paper's gives 40 replies per photo, of which 20 are used.

    Returns:
        As `PromptPlan.estimate`, in US dollars, with the column replies.
    """
    paid = [_price(f"{model} {way}").usd for way in ("input", "output")]
    found = plan.estimate(queries, tokens_per_image, *paid)
    replies = [queries * plan.asked] * len(plan.references)
    found.insert(1, "replies", [*replies, sum(replies)])
    return found.rename(columns={"price": "USD"})
