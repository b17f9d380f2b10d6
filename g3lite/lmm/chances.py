"""How likely each token of a reply was: what a model on this machine chose among, step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from scipy import special

from g3lite.lmm.local import TransformersLMM
from g3lite.lmm.requests import LMMRequest
from g3lite.prompts import Prompt


@dataclass(frozen=True)
class Written:
    """A reply, token by token.

    Attributes:
        tokens: n pieces of text; together they are the reply.
        ids: int64 (n,), their numbers in the vocabulary.
        logits: float64 (n, v), the model's logits before it wrote each of them.
        vocabulary: v pieces of text.
    """

    tokens: list[str]
    ids: np.ndarray
    logits: np.ndarray
    vocabulary: list[str]

    @property
    def chances(self) -> np.ndarray:
        """The probability of each token at temperature 1, float64 (n,)."""
        return special.softmax(self.logits, axis=1)[np.arange(len(self.ids)), self.ids]

    def likeliest(self, step: int, k: int) -> np.ndarray:
        """The numbers of the k tokens that were likeliest at a step, the likeliest first."""
        return np.argsort(-self.logits[step], kind="stable")[:k]


@torch.inference_mode()
def written(lmm: TransformersLMM, image: Image.Image, prompt: str, reply: str) -> Written:
    """A reply as its model writes it: its tokens, and the logits that each was chosen from.

    Args:
        lmm: a model on this machine.
        image: of the photo.
        prompt: text of the prompt.
        reply: to it, of one token or more.
    """
    request = LMMRequest("picture", image.convert("RGB"), Prompt(str(prompt), 0), 0.0, (0,))
    inputs = lmm._inputs([request])
    tokenizer = lmm._processor.tokenizer
    ids = tokenizer(reply, add_special_tokens=False, return_tensors="pt").input_ids
    ids = ids.to(lmm.model.device)
    start = inputs["input_ids"].shape[1]
    for name, part in inputs.items():  # what has an entry for each token of the prompt
        if part.shape == (1, start):
            more = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
            inputs[name] = torch.cat([part, more.get(name, torch.zeros_like(ids))], dim=1)
    logits = lmm.model(**inputs).logits[0, start - 1 : -1].double().cpu().numpy()
    names = [tokenizer.decode([number]) for number in range(logits.shape[1])]
    numbers = ids[0].cpu().numpy()
    return Written([names[number] for number in numbers], numbers, logits, names)
