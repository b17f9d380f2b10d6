"""Asking a model about many photos: a run that can be stopped at any time and loses nothing.

Every photo is asked about with the prompts of a plan, each several times. What comes is written to
a store at once; what the store holds is not asked for again, so a run that was killed, or stopped
by one of its limits, goes on where it was when it is called again.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from tqdm.auto import tqdm

from g3lite import replies
from g3lite.lmm.requests import (
    CUT_OFF,
    LMMRequest,
    LMMResponse,
    OnResponse,
    RunStopped,
    token_count,
)
from g3lite.lmm.store import Question, Store, Stored, StoreError
from g3lite.paths import cache_dir
from g3lite.photos import PhotoSet
from g3lite.prompts import Prompt, PromptPlan
from g3lite.support.images import DamagedPhoto

COLUMNS = ["IMG_ID", "references", "sample", "text", "LAT", "LON", "reason", "used"]
"""Of the table that `ask` returns."""
POLL_S = 0.2
"""How often a run looks whether what another process was asking has come."""
_WITHOUT_TEXT = {
    CUT_OFF: "cut off at the limit of tokens",
    "content_filter": "the server's content filter took it",
    "tool_calls": "the model called a tool instead, which is not read",
    "reasoning": "only reasoning came, no answer",
}
"""Why a reply has no text, by its finish reason."""


class Answering(Protocol):
    """What a run needs of a model; `g3lite.lmm.base.LMM` says what each means."""

    name: str
    longest_side: int | None

    def answer(self, requests: Iterable[LMMRequest], on_response: OnResponse) -> None:
        """Hand over a response to every request."""


@dataclass(frozen=True)
class Report:
    """What became of the replies that a plan asks for; `print` shows it.

    Attributes:
        model: name of the model.
        wanted: replies that the plan asks for: those below.
        stored: replies that the store had already.
        asked: replies that came in this call.
        failed: replies that did not come; the next call asks for them again.
        failure: how many failed and why, or came without a text, in a line; None if none did.
        readable: replies with coordinates, of those that came.
        refused: refusals, of those that came.
        unreadable: the others of those that came.
        tokens_in: tokens sent for these prompts, in earlier calls and by other processes too, for
            replies without a text and failed requests too.
        tokens_out: tokens received.
        cost: of these tokens, in the currency of the prices.
    """

    model: str
    wanted: int
    stored: int
    asked: int
    failed: int
    readable: int
    refused: int
    unreadable: int
    tokens_in: int
    tokens_out: int
    cost: float
    failure: str | None = None

    def __str__(self) -> str:
        return (
            f"{self.model}: {self.wanted} replies wanted\n"
            f"  {self.stored} from the store, {self.asked} asked for now, {self.failed} failed\n"
            f"  {self.readable} readable, {self.refused} refusals, {self.unreadable} unreadable\n"
            f"  {self.tokens_in:,} tokens sent, {self.tokens_out:,} received, cost {self.cost:.4g}"
            + (f"\n  {self.failure}" if self.failure else "")
        )


@dataclass(frozen=True)
class _PhotoPrompt:
    """One prompt of one photo; without a question if there is no picture, which `absent` says."""

    img_id: str
    prompt: Prompt
    question: Question | None
    absent: str | None


@dataclass
class _Run:
    """What has come, what it cost and when it is enough; shared by the threads of a backend."""

    store: Store
    plan: PromptPlan
    prices: tuple[float, float]  # of a million tokens, sent and received
    max_cost: float
    max_failures: int
    max_in_row: int
    retry_empty: bool
    bar: tqdm
    tokens: tuple[int, int] = (0, 0)
    missing: int = 0
    asked: int = 0
    lost: int = 0
    failures: int = 0
    in_row: int = 0
    given_up: str | None = None
    # How many replies to each question are there; what another process asks; of the requests under
    # way, by photo and references; and why there are questions without replies.
    counted: dict[Question, int] = field(default_factory=dict)
    elsewhere: list[_PhotoPrompt] = field(default_factory=list)
    questions: dict[tuple[str, int], Question] = field(default_factory=dict)
    reasons: dict[Question, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def cost(self) -> float:
        return sum(n * price for n, price in zip(self.tokens, self.prices, strict=True)) / 1e6

    def stored(self, question: Question) -> dict[int, Stored]:
        """The replies to a question that the store has, of those that the plan asks for."""
        have = self.store.read(question)
        return {sample: have[sample] for sample in range(self.plan.asked) if sample in have}

    def missing_of(self, question: Question) -> tuple[int, ...]:
        """The samples of a question that are to be asked for; what has come is counted."""
        have = self.stored(question)
        if self.retry_empty:
            have = {sample: reply for sample, reply in have.items() if reply.text is not None}
        with self.lock:
            new = max(0, len(have) - self.counted.get(question, 0))
            self.counted[question] = len(have)
            self.missing -= new
            self.bar.update(new)
        return tuple(sample for sample in range(self.plan.asked) if sample not in have)

    def count_stored(self, everything: list[_PhotoPrompt]) -> None:
        """Take what earlier calls have stored into the account."""
        questions = {entry.question for entry in everything if entry.question}
        self.missing = len(questions) * self.plan.asked
        for question in questions:
            self.missing_of(question)
        self.tokens = self.store.spent(self.counted)

    def requests(
        self, photos: PhotoSet, everything: list[_PhotoPrompt], longest_side: int | None
    ) -> Iterator[LMMRequest]:
        """What is still to be asked: every question once, each picture decoded when it is due.

        Questions that another process asks now are left out, and noted in `elsewhere`.
        """
        begun: set[Question] = set()  # the same photo may be there twice
        img_id = image = None
        for entry in everything:
            question = entry.question
            if question is None or question in begun:
                continue
            begun.add(question)
            if not self.missing_of(question):
                continue
            self.stop_if_spent()
            if not self.store.claim(question):
                self.elsewhere.append(entry)
                continue
            samples = self.missing_of(question)  # another process may just have been ready
            if not samples:
                continue
            if img_id != entry.img_id:
                img_id = entry.img_id
                try:
                    image = photos.image(img_id, longest_side)
                except DamagedPhoto as error:
                    image, damage = None, str(error)
            if image is None:
                self.reasons[question] = damage
                continue
            self.questions[img_id, entry.prompt.references] = question
            yield LMMRequest(img_id, image, entry.prompt, self.plan.temperature, samples)

    def wait_for_others(self) -> list[_PhotoPrompt]:
        """What another process was asking, as soon as the first of it came or can be asked."""
        left, self.elsewhere = self.elsewhere, []
        self.bar.set_postfix_str("waiting for another run that asks the same")
        while self.missing_of(left[0].question) and not self.store.claim(left[0].question):
            time.sleep(POLL_S)
        self.bar.set_postfix_str("")
        return left

    def on_response(self, response: LMMResponse) -> None:
        """Write down what came; raises `RunStopped` if it is enough."""
        request = response.request
        question = self.questions[request.img_id, request.prompt.references]
        stated = token_count(response.tokens_in), token_count(response.tokens_out)
        sent, received = (count or 0 for count in stated)
        with self.lock:
            self.tokens = self.tokens[0] + sent, self.tokens[1] + received
            if response.error is not None:
                self.reasons[question] = response.error
                self.failures += 1
                self.in_row += 1
                if sent or received:
                    self.store.write_failure(question, sent, received)
                self.stop_if_failing(response.error)
                return
            try:
                self.store.write(question, response.samples, response.texts, sent, received,
                                 response.finish_reasons)  # fmt: skip
            except StoreError:
                self.lost += len(response.samples)
                raise
            n = len(response.samples)
            self.asked += n
            self.missing -= n
            self.counted[question] += n
            self.in_row = 0
            self.bar.update(n)
            if None in stated and self.max_cost < math.inf:
                raise self.stopped(
                    "the server states no token counts, or none that can be true, so max_cost "
                    "cannot be held"
                )
            if self.missing:
                self.stop_if_spent()

    def stop_if_spent(self) -> None:
        if self.max_cost < math.inf and self.store.changed_elsewhere():
            self.tokens = self.store.spent(self.counted)
        if self.cost >= self.max_cost:
            raise self.stopped(f"{self.cost:.4g} was spent and max_cost is {self.max_cost:g}")

    def stop_if_failing(self, error: str) -> None:
        if self.in_row >= self.max_in_row or self.failures >= self.max_failures:
            number = f"{self.failures} requests failed, {self.in_row} of them in a row"
            self.given_up = f"{number}; the last: {error}"
            raise self.stopped(self.given_up)

    def stopped(self, why: str) -> RunStopped:
        return RunStopped(
            f"the run was stopped: {why}. What came is in {self.store.path}; call again to go on"
        )


def ask(
    lmm: Answering,
    photos: PhotoSet,
    plan: PromptPlan,
    similar: ArrayLike | None = None,
    dissimilar: ArrayLike | None = None,
    *,
    store: str | Path | None = None,
    price_in: float = 0.0,
    price_out: float = 0.0,
    max_cost: float = math.inf,
    max_failures: int = 100,
    max_in_row: int = 10,
    on_failures: Literal["raise", "return"] = "raise",
    retry_empty: bool = False,
    progress: bool = True,
) -> tuple[pd.DataFrame, Report]:
    """Ask a model about photos, and read its replies.

    A photo whose picture is damaged, and a request that failed for good, leave rows without a
    reply; the next call tries them again. A reply without a text came, and is paid for: it is kept
    and counted, and asked for again only with `retry_empty`.

    Several processes may run on one store at a time, and share the work: what one of them asks, the
    others wait for. `max_cost` is compared with the tokens of all of them.

    Args:
        lmm: the model.
        photos: n photos.
        plan: its prompts, replies and temperature.
        similar: (n, k, 2) references of each photo, k at least `plan.most`; see
            `prompts.references`. None for a plan without references.
        dissimilar: (n, k, 2), the same for the dissimilar ones.
        store: file of the store; None for `replies.sqlite` in the user's cache.
        price_in: of a million tokens sent.
        price_out: of a million tokens received.
        max_cost: the run stops as soon as its replies, those stored by earlier calls included, have
            cost as much. Requests under way are still paid for.
        max_failures: the run stops after as many requests that failed for good.
        max_in_row: the same, in a row.
        on_failures: what happens then: "raise" `RunStopped`, or "return" what came so far.
        retry_empty: ask again for stored replies without a text; one with a text takes its place.
        progress: show a progress bar.

    Returns:
        A table with a row per reply that the plan asks for, in the order of photos, prompts and
        samples: IMG_ID, references (of either kind in the prompt), sample, text (NA for none), LAT
        and LON (NaN for none), reason (why there are no coordinates; NA where there are) and used.
        The paper asks for 10 replies and uses 5: used are the first `plan.replies` with
        coordinates of each prompt, or fewer if there are not as many. And a report.

    Raises:
        ValueError: references that are no coordinates, too few, or not those of n photos; a cap on
            cost without prices.
        LMMError: the model cannot be asked.
        RunStopped: a limit was reached.
        StoreError: the store cannot be read, or cannot be written though a reply is missing, which
            is found before anything is asked; or it was lost on the way.
    """
    if min(price_in, price_out, max_cost) < 0 or min(max_failures, max_in_row) < 1:
        raise ValueError("prices and max_cost are 0 or more, the limits of failures 1 or more")
    if on_failures not in ("raise", "return"):
        raise ValueError(f"on_failures={on_failures!r} is neither 'raise' nor 'return'")
    if max_cost < math.inf and price_in == price_out == 0:
        raise ValueError("max_cost needs the prices of a million tokens, price_in and price_out")
    everything = _everything(lmm.name, photos, plan, similar, dissimilar)
    bar = tqdm(
        desc=f"replies about {photos.name}",
        total=len(everything) * plan.asked,
        unit="reply",
        disable=not progress,
    )
    prices = (price_in, price_out)
    with Store(cache_dir() / "replies.sqlite" if store is None else store) as opened, bar:
        run = _Run(opened, plan, prices, max_cost, max_failures, max_in_row, retry_empty, bar)
        run.count_stored(everything)
        if run.missing:
            opened.check()  # before anything is paid for that could not be kept
        try:
            left = everything
            while left:
                lmm.answer(run.requests(photos, left, lmm.longest_side), run.on_response)
                opened.release()
                left = run.wait_for_others() if run.elsewhere else []
        except RunStopped:
            if on_failures == "raise" or not run.given_up:
                raise
        except StoreError as error:
            raise StoreError(
                f"{error}. {run.asked} replies that came in this call are in the store, {run.lost} "
                "are lost; call again to go on"
            ) from error
        table, came = _table(run, everything)
        tokens = run.tokens = opened.spent(run.counted)
    readable = table["LAT"].notna()
    refused = came & table["reason"].str.startswith("refusal").fillna(False).astype(bool)
    report = Report(
        model=lmm.name,
        wanted=len(table),
        stored=int(came.sum()) - run.asked,
        asked=run.asked,
        failed=int((~came).sum()),
        readable=int(readable.sum()),
        refused=int(refused.sum()),
        unreadable=int((came & ~refused & ~readable).sum()),
        tokens_in=tokens[0],
        tokens_out=tokens[1],
        cost=run.cost,
        failure=replies.failure_summary(table),
    )
    return table, report


def _everything(
    model: str,
    photos: PhotoSet,
    plan: PromptPlan,
    similar: ArrayLike | None,
    dissimilar: ArrayLike | None,
) -> list[_PhotoPrompt]:
    """All prompts of all photos, in their order."""
    lists = []
    for name, some in (("similar", similar), ("dissimilar", dissimilar)):
        some = np.empty((len(photos), 0, 2)) if some is None else np.asarray(some)
        if some.ndim != 3 or len(some) != len(photos):
            raise ValueError(
                f"{name} references of shape {some.shape} for {len(photos)} photos; "
                f"({len(photos)}, k, 2) is needed"
            )
        lists.append(some)
    everything = []
    for img_id, *references in zip(photos.ids, *lists, strict=True):
        photo = absent = None
        try:
            photo = hashlib.sha256(photos.read(img_id)).hexdigest()
        except DamagedPhoto as error:
            absent = str(error)
        for prompt in plan.prompts(*references):
            question = Question(model, photo, prompt.text, plan.temperature) if photo else None
            everything.append(_PhotoPrompt(img_id, prompt, question, absent))
    return everything


def _table(run: _Run, everything: list[_PhotoPrompt]) -> tuple[pd.DataFrame, np.ndarray]:
    """The table of all replies, and which of them came."""
    rows, came = [], []
    for entry in everything:
        have = run.stored(entry.question) if entry.question else {}
        for sample in range(run.plan.asked):
            came.append(sample in have)
            text, place = None, (np.nan, np.nan)
            if sample in have:
                text, finish = have[sample].text, have[sample].finish_reason
                if text is None and finish in _WITHOUT_TEXT:
                    reason = f"{replies.EMPTY}: {_WITHOUT_TEXT[finish]}"
                else:
                    reply = replies.parse(text, cut_off=finish in (CUT_OFF, "content_filter"))
                    place, reason = reply.coordinates or place, reply.reason
            else:
                why = entry.absent or run.reasons.get(entry.question, run.given_up)
                reason = f"{replies.NO_REPLY}{why}"
            rows.append((entry.img_id, entry.prompt.references, sample, text, *place, reason))
    table = pd.DataFrame(rows, columns=COLUMNS[:-1])
    table = table.astype({"IMG_ID": "string", "text": "string", "reason": "string"})
    readable = table["LAT"].notna()
    so_far = readable.groupby([table["IMG_ID"], table["references"]]).cumsum()
    table["used"] = readable & (so_far <= run.plan.replies)
    return table, np.array(came, dtype=bool)
