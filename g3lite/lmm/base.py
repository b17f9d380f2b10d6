"""Large multimodal models behind one interface: a photo and a prompt in, replies out.

A model (`LMM`) answers requests (`LMMRequest`: a photo, a prompt, a temperature, how many replies)
and hands over every response (`LMMResponse`) as soon as it has it. `api.OpenAILMM` is any server
that speaks OpenAI's protocol, `local.TransformersLMM` runs a model on this machine, and `ReplayLMM`
repeats recorded replies. `LMM.ask` runs over many photos and stores what comes.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike
from PIL import Image, ImageOps

from g3lite.lmm import ask
from g3lite.lmm.requests import LMMError, LMMRequest, LMMResponse, OnResponse
from g3lite.photos import PhotoSet
from g3lite.prompts import Prompt, PromptPlan


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

    def ask(
        self,
        photos: PhotoSet,
        plan: PromptPlan,
        similar: ArrayLike | None = None,
        dissimilar: ArrayLike | None = None,
        **options: Any,
    ) -> tuple[pd.DataFrame, ask.Report]:
        """Ask about many photos: the table of replies and a report. See `g3lite.lmm.ask.ask`."""
        return ask.ask(self, photos, plan, similar, dissimilar, **options)

    def replies(
        self, image: Image.Image, prompt: str, n: int = 1, temperature: float = 0.0
    ) -> list[str | None]:
        """The replies to one prompt about one picture; None for one that never came.

        Nothing is stored. Over many photos use `ask`.
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
            text (NA for none): the table that `LMM.ask` returns, or one made by hand.

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
