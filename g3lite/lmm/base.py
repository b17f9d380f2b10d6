"""Large multimodal models behind one interface: a photo and a prompt in, replies out.

A model (`LMM`) answers requests (`LMMRequest`: a photo, a prompt, a temperature, how many replies)
and hands over every response (`LMMResponse`) as soon as it has it. `api.OpenAILMM` is any server
that speaks OpenAI's protocol, `local.TransformersLMM` runs a model on this machine, and `ReplayLMM`
repeats recorded replies. `ask.ask` runs a model over many photos and stores what comes.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd
from PIL import Image, ImageOps

from g3lite import G3Error
from g3lite.prompts import Prompt


class LMMError(G3Error):
    """A model that cannot be asked, or not in this way; the message says what to change."""


@dataclass(frozen=True, eq=False)
class LMMRequest:
    """What a model is asked about one photo.

    Attributes:
        img_id: the photo's IMG_ID.
        image: its picture, upright and RGB; no larger than the model reads it.
        prompt: what is asked.
        temperature: of the sampling; 0 for the most likely reply.
        samples: numbers of the replies that are wanted, so their count is the `n` of an API.
    """

    img_id: str
    image: Image.Image
    prompt: Prompt
    temperature: float
    samples: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class LMMResponse:
    """What one request brought, or that it failed for good.

    Attributes:
        job: the job that it belongs to; others may bring the rest of it.
        samples: numbers of the replies that it brought, or that will not come.
        texts: as many replies, None for one without a text; () if the request failed.
        tokens_in: tokens sent, the photo's among them; None if the server does not say.
        tokens_out: tokens received; None if the server does not say.
        error: why the request failed; None if it did not.
    """

    job: LMMRequest
    samples: tuple[int, ...]
    texts: tuple[str | None, ...]
    tokens_in: int | None = 0
    tokens_out: int | None = 0
    error: str | None = None


OnResponse = Callable[[LMMResponse], None]
"""Takes an answer; may be called by several threads at once, and may raise to end a run."""


class LMM(ABC):
    """A large multimodal model.

    Attributes:
        name: identifies the model for the store, with all that changes its replies: revision,
            precision, seed, size of the pictures. It holds no secret.
        longest_side: it reads no more pixels than so many of either side; None if it may.
    """

    name: str
    longest_side: int | None = None

    @abstractmethod
    def answer(self, jobs: Iterable[LMMRequest], keep: OnResponse) -> None:
        """Answer jobs, which are taken as they are needed, and give `keep` what comes, at once.

        Every sample of every job is given to `keep` exactly once, in any order.

        Raises:
            LMMError: no further job can be answered. What came before was given to `keep`.
        """

    def replies(
        self, image: Image.Image, prompt: str, n: int = 1, temperature: float = 0.0
    ) -> list[str | None]:
        """The replies to one prompt about one picture; None for one that never came.

        Nothing is stored. Over many photos use `g3lite.lmm.ask.ask`.
        """
        image = ImageOps.exif_transpose(image).convert("RGB")
        found: dict[int, str | None] = {}
        job = LMMRequest("picture", image, Prompt(str(prompt), 0), temperature, tuple(range(n)))
        self.answer([job], lambda a: found.update(zip(a.samples, a.texts, strict=False)))
        return [found.get(sample) for sample in job.samples]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class ReplayLMM(LMM):
    """Recorded replies, given again without any model.

    Args:
        recorded: a row per reply, with IMG_ID, references (of its prompt), sample (its number) and
            text (NA for none): the table that `g3lite.lmm.ask.ask` returns, or one made by hand.

    Raises:
        LMMError: a column is missing, or a reply is there twice. While replaying: no such reply.
    """

    def __init__(self, recorded: pd.DataFrame) -> None:
        keys = ["IMG_ID", "references", "sample"]
        absent = [column for column in (*keys, "text") if column not in recorded]
        if absent:
            raise LMMError(f"the recorded replies lack the column {', '.join(absent)}")
        twice = recorded[recorded.duplicated(keys)]
        if len(twice):
            which = twice[keys].iloc[0].to_dict()
            raise LMMError(f"the recorded replies hold {which} more than once; keep one of them")
        texts = recorded["text"].astype(object).where(recorded["text"].notna(), None)
        self._texts = dict(
            zip(recorded[keys].itertuples(index=False, name=None), texts, strict=True)
        )
        content = repr(sorted(self._texts.items(), key=lambda item: item[0]))
        self.name = f"replay@{hashlib.sha256(content.encode()).hexdigest()[:12]}"

    def answer(self, jobs: Iterable[LMMRequest], keep: OnResponse) -> None:
        """Look the replies up."""
        for job in jobs:
            places = [(job.img_id, job.prompt.references, sample) for sample in job.samples]
            absent = [place for place in places if place not in self._texts]
            if absent:
                img_id, references, sample = absent[0]
                raise LMMError(
                    f"no reply {sample} to the prompt with {references} references about photo "
                    f"{img_id!r} was recorded; ask for what there is"
                )
            keep(LMMResponse(job, job.samples, tuple(self._texts[place] for place in places)))
