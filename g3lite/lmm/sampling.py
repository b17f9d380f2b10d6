"""How replies are drawn on this machine, and where each of them ends."""

from __future__ import annotations

import hashlib
import re

import torch
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    PreTrainedTokenizerBase,
    StoppingCriteria,
    TopPLogitsWarper,
)

from g3lite.lmm.requests import LMMRequest

SMALL_VOCABULARY = 10_000
"""With so few tokens random numbers are drawn on the CPU, so that a GPU gives the same replies."""
_CLOSING = {")": "(", "]": "[", "}": "{"}
_NUMBER = re.compile(r"\d+(?:\.\d*)?")
_FENCE = re.compile(r"\s*(```\w*\s*)?")


def neutral(own: GenerationConfig) -> GenerationConfig:
    """Settings of `generate` that change no logit, made of those that came with a model.

    A checkpoint may bring a repetition penalty, top-k, tokens it never writes and more, which
    transformers applies unasked. What marks the beginning and the end of a reply is all that is
    kept.
    """
    names = ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id")
    return GenerationConfig(**{name: getattr(own, name, None) for name in names})


class Sampler(LogitsProcessor):
    """Makes the greedy choice a draw from softmax(logits / temperature), by the Gumbel-max trick.

    The largest of logits / T + g is such a draw if every g is -log of an exponential variable. Each
    row takes its g from a generator of its own.

    Args:
        wanted: a request and the number of a sample for each row.
        seed: of the generators.
        device: where the logits are.
        vocabulary: how many logits there are.
        top_p: only the likeliest tokens that have so much probability together are drawn; 1: all.

    Attributes:
        lost: bool (rows,), whose logits were once no numbers; what is drawn for them means nothing.
    """

    def __init__(
        self,
        wanted: list[tuple[LMMRequest, int]],
        seed: int,
        device: torch.device,
        vocabulary: int,
        top_p: float = 1.0,
    ) -> None:
        self.lost = torch.zeros(len(wanted), dtype=torch.bool, device=device)
        self._nucleus = TopPLogitsWarper(top_p) if top_p < 1 else None
        self._draws = torch.device("cpu") if vocabulary <= SMALL_VOCABULARY else device
        requests = {request for request, _ in wanted}
        pictures = {one: hashlib.sha256(one.image.tobytes()) for one in requests}
        self._rows = []
        for request, sample in wanted:
            own = pictures[request].copy()
            own.update(f"{seed} {sample} {request.prompt.text}".encode())
            generator = torch.Generator(self._draws)
            generator.manual_seed(int.from_bytes(own.digest()[:7], "big"))
            self._rows.append((request.temperature, generator))

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Logits (rows, vocabulary) -> what is compared instead."""
        scores = scores.float()
        self.lost |= (scores.isnan() | scores.isposinf()).any(1)
        for row, (temperature, generator) in zip(scores, self._rows, strict=True):
            if temperature:
                noise = torch.empty_like(row, device=self._draws)
                noise.exponential_(generator=generator).log_().neg_()
                row.div_(temperature)
                if self._nucleus:
                    row.copy_(self._nucleus(None, row[None])[0])
                row.add_(noise.to(row.device))
        return scores


class PlaceWritten(StoppingCriteria):
    """Ends a reply as soon as the place in it is complete.

    Args:
        tokenizer: of the model.
        start: length of the prompt, in tokens.

    Attributes:
        lengths: tokens of each reply (rows,), 0 for one that was not ended here.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, start: int, rows: int) -> None:
        self._tokenizer, self._start = tokenizer, start
        self.lengths = [0] * rows

    def __call__(self, input_ids: torch.LongTensor, scores: object, **_: object) -> torch.Tensor:
        """Which of the replies (rows, length) have ended, bool (rows,)."""
        new = input_ids[:, self._start :]
        for row, last in enumerate(self._tokenizer.batch_decode(new[:, -1:])):
            if not self.lengths[row] and any(sign in last for sign in _CLOSING):
                text = self._tokenizer.decode(new[row], skip_special_tokens=True)
                self.lengths[row] = new.shape[1] if is_complete(text) else 0
        return torch.tensor([length > 0 for length in self.lengths], device=input_ids.device)


def is_complete(text: str) -> bool:
    """Whether a reply has said its place: a pair that it begins with, or an object, is closed.

    {"latitude": 1.5, "longitude": 2} and (1.5, 2) are complete at the closing sign; an object in
    an object at the outer one. A pair within prose is not taken for the answer, nor is anything
    without two numbers.
    """
    begin = _FENCE.match(text).end()
    if text[begin : begin + 1] not in ("(", "[", "{"):
        begin = text.find("{")
    open_signs: list[str] = []
    for end, sign in enumerate(text[begin:] if begin >= 0 else "", begin + 1):
        if sign in _CLOSING.values():
            open_signs.append(sign)
        elif sign in _CLOSING:
            if not open_signs or open_signs.pop() != _CLOSING[sign]:
                return False
            if not open_signs:
                return len(_NUMBER.findall(text, begin, end)) >= 2
    return False
