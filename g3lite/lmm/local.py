"""Multimodal models on this machine: anything that transformers loads with a chat template.

LLaVA, LLaVA-NeXT, the Qwen-VL family or this project's own MiniLMM: `TransformersLMM` loads any
model through AutoProcessor and AutoModelForImageTextToText. It works in batches, over prompts as
over samples; a prompt with its photo is read once, however many replies are drawn from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Literal

import torch
from accelerate.utils.memory import should_reduce_batch_size
from PIL import Image
from safetensors import SafetensorError
from torch.utils._pytree import tree_leaves, tree_map_only
from transformers import (
    AutoModelForImageTextToText,
    AutoProcessor,
    BitsAndBytesConfig,
    LogitsProcessorList,
    StaticCache,
    StoppingCriteriaList,
)
from transformers.generation import utils as generation
from transformers.utils import is_bitsandbytes_available

from g3lite.downloads import hub
from g3lite.lmm import schema
from g3lite.lmm.base import LMM, LMMError, LMMRequest, LMMResponse, OnResponse
from g3lite.lmm.pictures import EncodedOnce
from g3lite.lmm.requests import CUT_OFF
from g3lite.lmm.sampling import PlaceWritten, Sampler, neutral
from g3lite.paths import sha256_file
from g3lite.prompts import Prompt
from g3lite.support.batches import in_batches
from g3lite.support.images import MAX_PIXELS, at_most

CACHE = "cache" if "cache" in generation.ALL_CACHE_NAMES else "past_key_values"
"""What transformers calls the argument; the older name is deprecated where the other one exists."""
_OVERFLOW = (
    "the model's numbers overflow; load it with dtype='bfloat16' or 'float32', if there is memory"
)
WINDOW = 4
"""Requests per reply of a batch that are sorted by length, so that those of one length share it.
More of them would hold more decoded pictures in memory."""
WINDOW_PIXELS = MAX_PIXELS
"""No further request is added to pictures of so many pixels in all."""


class TransformersLMM(LMM):
    """A model that transformers runs here.

    Replies are drawn from softmax(logits / temperature), whatever settings come with the model
    (repetition penalty, top-k, top-p, ...); `top_p` alone may narrow it. Each reply has random
    numbers of its own, made of the seed, the picture, the prompt and the number of the sample, so
    it does not depend on what else is in its batch, and a run that was interrupted ends as it would
    have without (but for rounding, which differs by batch and device).

    float16 ends at 65,504, and some models go beyond it for some pictures (the image tower of
    Qwen2.5-VL does). Such pictures go through the tower once more, in float32 (unless its
    weights are in 4 bits); a reply that overflows all the same is given up, and the others go on.

    Args:
        model: a folder, or a name on a hub.
        revision: of a model on a hub.
        device: a torch device, or "auto": the GPU if there is one; what does not fit stays on the
            CPU.
        dtype: "float16", "bfloat16" or "float32"; "auto" for float16 on a GPU, else float32.
        four_bit: load the layers' weights in 4 bits (NF4), a quarter of float16's memory.
        batch_size: replies that are written at a time. After an out-of-memory error it is halved.
        max_new_tokens: of a reply, which is cut off there. A place as JSON has some 40.
        top_p: of each token only the likeliest are drawn that have so much probability together;
            1 for all.
        stop_early: end a reply where its place is complete: at the brace that closes an object, or
            at the end of a pair that it begins with. Nothing that would follow is paid for.
        encode_once: remember what the image tower made of a picture for the other prompts about it.
        longest_side: larger pictures are made smaller, to so many pixels; None for as they are.
            Models such as Qwen-VL read a picture in patches: twice the side is four times the
            tokens, and a photo of 12 megapixels would fill a small GPU alone.
        seed: another one gives other replies.
        response_format: "schema" to let the model write nothing but a JSON object with a latitude
            and a longitude within their bounds (`g3lite.lmm.schema`), so that nothing is left to be
            read; a model that does not know has to name a place too. It needs xgrammar. None: text.
        max_gb: a model on a hub that is larger (10^9 bytes) is not fetched.

    Attributes:
        model: what transformers loaded.
        batch_size: as it is now.

    Raises:
        LMMError: the model cannot be loaded, brings code of its own (which is never run), has no
            chat template, or 4 bits are not possible. While answering: not even one reply fits into
            memory.
        TooLarge: it is on a hub and larger than `max_gb`.
        DownloadError: it cannot be fetched, or there is no room for it.
    """

    def __init__(
        self,
        model: str | Path,
        *,
        revision: str | None = None,
        device: str = "auto",
        dtype: Literal["auto", "float16", "bfloat16", "float32"] = "auto",
        four_bit: bool = False,
        batch_size: int = 32,
        max_new_tokens: int = 64,
        top_p: float = 1.0,
        stop_early: bool = True,
        encode_once: bool = True,
        longest_side: int | None = 768,
        seed: int = 0,
        response_format: Literal["schema"] | None = None,
        max_gb: float = 1.0,
    ) -> None:
        if dtype == "auto":
            dtype = "float16" if torch.cuda.is_available() and device != "cpu" else "float32"
        if dtype not in ("float16", "bfloat16", "float32"):
            raise LMMError(f"dtype {dtype!r} is unknown; use float16, bfloat16, float32 or auto")
        if not 0 < top_p <= 1:
            raise LMMError(f"top_p is {top_p}; it is above 0, and 1 leaves all tokens")
        quantized = None
        if four_bit:
            if not is_bitsandbytes_available():
                raise LMMError(
                    "4-bit weights need the package bitsandbytes: pip install bitsandbytes, or "
                    "load the model without four_bit"
                )
            quantized = BitsAndBytesConfig(
                load_in_4bit=True,
                bnb_4bit_quant_type="nf4",
                bnb_4bit_compute_dtype=getattr(torch, dtype),
            )
        if not Path(model).is_dir():
            hub.check_model(str(model), revision, max_gb)
        try:
            self._processor = AutoProcessor.from_pretrained(
                model, revision=revision, trust_remote_code=False
            )
            self.model = AutoModelForImageTextToText.from_pretrained(
                model,
                revision=revision,
                trust_remote_code=False,  # None would ask in the terminal
                dtype=getattr(torch, dtype),
                device_map=device,
                quantization_config=quantized,
            ).eval()
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            if "trust_remote_code" in str(error):
                raise LMMError(
                    f"{model} brings Python code of its own, which g3lite never runs; take a model "
                    "that transformers itself knows"
                ) from error
            raise LMMError(f"{model} cannot be loaded as an image-text model: {error}") from error
        if not getattr(self._processor, "chat_template", None):
            raise LMMError(f"{model} has no chat template; use one that was tuned for dialogue")
        if dtype == "float16" and not four_bit:
            tower = self.model.get_encoder(modality="image")
            if tower is not self.model:  # which is what comes where transformers knows of none
                tower.register_forward_hook(_again_in_float32, with_kwargs=True)
        tokenizer = self._processor.tokenizer
        tokenizer.padding_side = "left"
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        self.model.generation_config = neutral(self.model.generation_config)
        ends = self.model.generation_config.eos_token_id
        self._ends = [] if ends is None else [ends] if isinstance(ends, int) else list(ends)
        self._vocabulary = self.model.config.get_text_config(decoder=True).vocab_size
        self._grammar = None
        if schema.named(response_format):
            self._grammar = schema.grammar(tokenizer, self._vocabulary, self._ends)
        # A grammar ends its replies itself, and has to see how.
        self._stop_early = stop_early and self._grammar is None
        self._top_p = top_p
        self._pictures = EncodedOnce(self.model, self._inputs_of_picture) if encode_once else None
        self.batch_size = batch_size
        self._max_new_tokens = max_new_tokens
        self.longest_side = longest_side
        self._seed = seed
        parts = ["4 bit" if four_bit else dtype, f"max_new_tokens={max_new_tokens}", f"seed={seed}"]
        if longest_side is not None:
            parts.append(f"{longest_side} px")
        if top_p < 1:
            parts.append(f"top_p={top_p:g}")
        if self._stop_early:
            parts.append("stop at the place")
        if response_format is not None:
            parts.append(f"response_format={response_format}")
        self.name = f"{_identity(model, revision)} ({', '.join(parts)})"

    def answer(self, requests: Iterable[LMMRequest], on_response: OnResponse) -> None:
        """Work in batches of prompts of about the same length, so that little of it is padding."""
        requests = iter(requests)
        while window := self._window(requests):
            last = window[-1]
            window.sort(key=lambda request: len(request.prompt.text))
            wanted = [(request, sample) for request in window for sample in request.samples]
            try:
                for responses, fits in in_batches(self._generate, wanted, self.batch_size):
                    self.batch_size = fits
                    for response in responses:
                        on_response(response)
            except RuntimeError as error:
                if not should_reduce_batch_size(error):
                    raise
                raise LMMError(
                    f"not even one reply of {self.name} fits into memory; load it with "
                    "four_bit=True, or take a smaller model"
                ) from error
            finally:
                if self._pictures:  # the prompts of a photo may go on in the next window
                    self._pictures.keep([last.image])
        if self._pictures:
            self._pictures.keep([])

    def _window(self, requests: Iterator[LMMRequest]) -> list[LMMRequest]:
        """The next requests, as many as are sorted together; fewer if their pictures are large."""
        window, pixels = [], 0
        for request in islice(requests, WINDOW * self.batch_size):
            window.append(request)
            pixels += request.image.width * request.image.height
            if pixels >= WINDOW_PIXELS:
                break
        return window

    @torch.inference_mode()
    def _generate(self, wanted: list[tuple[LMMRequest, int]]) -> list[LMMResponse]:
        """Draw replies, given as (request, sample) with those of a request in a row."""
        samples = [
            (request, tuple(sample for _, sample in rows))
            for request, rows in groupby(wanted, lambda pair: pair[0])
        ]
        inputs = self._inputs([request for request, _ in samples])
        ids, mask = inputs["input_ids"], inputs["attention_mask"]
        # All but the last token is read once per request, then copied for each reply. The cache
        # has its final size from the start: growing it at every token costs more than all else on a
        # CPU.
        cache = StaticCache(
            config=self.model.config.get_text_config(decoder=True),
            max_cache_len=ids.shape[1] + self._max_new_tokens,
        )
        usual = {CACHE: cache, "do_sample": False, "disable_compile": True}
        begin = {k: v[:, :-1] if v.shape[:2] == ids.shape else v for k, v in inputs.items()}
        pictures = [request.image for request, _ in samples]
        with self._pictures.batch(pictures) if self._pictures else nullcontext():
            self.model.generate(**begin, **usual, max_new_tokens=1)
        rows = [i for i, (_, numbers) in enumerate(samples) for _ in numbers]
        rows = torch.tensor(rows, device=ids.device)
        cache.reorder_cache(rows)
        inner = self.model.base_model
        if getattr(inner, "rope_deltas", None) is not None:  # the Qwen-VL family: positions by row
            inner.rope_deltas = inner.rope_deltas[rows]
        sampler = Sampler(wanted, self._seed, ids.device, self._vocabulary, self._top_p)
        place = PlaceWritten(self._processor.tokenizer, ids.shape[1], len(wanted))
        tokens = self.model.generate(
            input_ids=ids[rows],
            attention_mask=mask[rows],
            **usual,
            max_new_tokens=self._max_new_tokens,
            logits_processor=LogitsProcessorList([*schema.constraints(self._grammar), sampler]),
            stopping_criteria=StoppingCriteriaList([place] if self._stop_early else []),
        )[:, ids.shape[1] :]
        padding = self._processor.tokenizer.pad_token_id
        for row, length in enumerate(place.lengths):
            tokens[row, length or tokens.shape[1] :] = padding
        texts = self._processor.batch_decode(tokens, skip_special_tokens=True)
        written = (tokens != padding).sum(1).tolist()
        finish = [
            "stop" if length else reason
            for length, reason in zip(place.lengths, self._finish_reasons(tokens), strict=True)
        ]
        lost = sampler.lost.tolist()
        replies = zip(rows.tolist(), wanted, texts, written, finish, lost, strict=True)
        responses = []
        for (row, lost), some in groupby(replies, lambda reply: (reply[0], reply[5])):
            _, pairs, texts, written, finish, _ = zip(*some, strict=True)
            request, numbers = pairs[0][0], tuple(sample for _, sample in pairs)
            read, wrote = int(mask[row].sum()), sum(written)
            if lost:
                response = LMMResponse(request, numbers, (), error=_OVERFLOW)
            else:
                response = LMMResponse(request, numbers, texts, read, wrote, None, finish)
            responses.append(response)
        return responses

    def _finish_reasons(self, tokens: torch.Tensor) -> list[str | None]:
        """How replies ended, given their tokens (n, length): one without an end token was cut."""
        if not self._ends:  # it writes on and on, so that says nothing
            return [None] * len(tokens)
        ends = torch.tensor(self._ends, device=tokens.device)
        return ["stop" if ended else CUT_OFF for ended in torch.isin(tokens, ends).any(1).tolist()]

    def _inputs_of_picture(self, picture: Image.Image) -> dict[str, torch.Tensor]:
        return self._inputs([LMMRequest("picture", picture, Prompt("?", 0), 0.0, (0,))])

    def _inputs(self, requests: list[LMMRequest]) -> dict[str, torch.Tensor]:
        """Photos and prompts as the model reads them, padded on the left."""
        dialogues = [
            [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": text}]}]
            for text in (request.prompt.text for request in requests)
        ]
        texts = self._processor.apply_chat_template(dialogues, add_generation_prompt=True)
        begin = self._processor.tokenizer.bos_token
        inputs = self._processor(
            images=[[at_most(request.image, self.longest_side)] for request in requests],
            text=texts,
            padding=True,
            add_special_tokens=not (begin and texts[0].startswith(begin)),  # not twice
            return_tensors="pt",
        )
        return inputs.to(self.model.device, dtype=self.model.dtype)


def _again_in_float32(
    tower: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any
) -> Any:
    """Forward hook of an image tower in float16: where numbers overflowed, they are made anew."""
    numbers = [leaf for leaf in tree_leaves(output) if isinstance(leaf, torch.Tensor)]
    if all(one.isfinite().all() for one in numbers):
        return output

    def cast(tree: Any, old: torch.dtype, new: torch.dtype) -> Any:
        return tree_map_only(torch.Tensor, lambda t: t.to(new) if t.dtype == old else t, tree)

    halves = [t for t in (*tower.parameters(), *tower.buffers()) if t.dtype == torch.float16]
    try:
        for one in halves:
            one.data = one.data.float()
        args, kwargs = cast((args, kwargs), torch.float16, torch.float32)
        return cast(tower.forward(*args, **kwargs), torch.float32, torch.float16)
    finally:
        for one in halves:
            one.data = one.data.half()


def _identity(model: str | Path, revision: str | None) -> str:
    """What is loaded: name and commit on a hub, or a folder's name and the hash of its files."""
    folder = Path(model)
    if not folder.is_dir():
        return f"{model}@{hub.commit_here(str(model), revision)}"
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix != ".md":
            digest.update(f"{path.name} {sha256_file(path)}\n".encode())
    return f"{folder.resolve().name}@{digest.hexdigest()[:12]}"
