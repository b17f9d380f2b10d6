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
    def answer(self, requests: Iterable[LMMRequest], on_response: OnResponse) -> None:
        """Answer requests, which are taken as they are needed, and hand over what comes, at once.

        Every sample of every request is given to `on_response` exactly once, in any order.

        Raises:
            LMMError: no further request can be answered. What came before was handed over.
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
        """The replies to one prompt about one picture; None for one without a text.

        Nothing is stored. Over many photos use `ask`.

        Raises:
            LMMError: a reply did not come; the message says why.
        """
        image = ImageOps.exif_transpose(image).convert("RGB")
        request = LMMRequest("picture", image, Prompt(str(prompt), 0), temperature, tuple(range(n)))
        texts: dict[int, str | None] = {}
        errors: list[str] = []

        def on_response(response: LMMResponse) -> None:
            texts.update(zip(response.samples, response.texts, strict=False))
            errors.extend([response.error] if response.error else [])

        self.answer([request], on_response)
        if errors:
            raise LMMError(f"{n - len(texts)} of {n} replies did not come: {errors[0]}")
        return [texts[sample] for sample in request.samples]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class NoLMM(LMM):
    """Stands where no model is asked: there are no replies, and similar photos have to do."""

    name = "none"

    def answer(self, requests: Iterable[LMMRequest], on_response: OnResponse) -> None:
        """There is nothing to answer with."""
        raise LMMError("no language model was named, so none can be asked")

    def ask(self, *_: Any, **__: Any) -> tuple[pd.DataFrame, ask.Report]:
        """A table of replies without rows."""
        texts = dict.fromkeys(("IMG_ID", "text", "reason"), "string")
        types = texts | {"references": "int64", "sample": "int64", "used": "bool"}
        nothing = pd.DataFrame({c: pd.Series(dtype=types.get(c, "float64")) for c in ask.COLUMNS})
        return nothing, ask.Report(self.name, *[0] * 9, cost=0.0)


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

    def answer(self, requests: Iterable[LMMRequest], on_response: OnResponse) -> None:
        """Look the replies up."""
        for request in requests:
            places = [(request.img_id, request.prompt.references, s) for s in request.samples]
            absent = [place for place in places if place not in self._texts]
            if absent:
                img_id, references, sample = absent[0]
                raise LMMError(
                    f"no reply {sample} to the prompt with {references} references about photo "
                    f"{img_id!r} was recorded; ask for what there is"
                )
            texts = tuple(self._texts[place] for place in places)
            on_response(LMMResponse(request, request.samples, texts))
