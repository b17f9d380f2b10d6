"""Multimodal models on this machine: anything that transformers loads with a chat template.

LLaVA, LLaVA-NeXT, the Qwen-VL family or this project's own MiniLMM: `TransformersLMM` loads any
model through AutoProcessor and AutoModelForImageTextToText. It works in batches, over prompts as
over samples; a prompt with its photo is read once, however many replies are drawn from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import groupby, islice
from pathlib import Path
from typing import Literal

import torch
from accelerate.utils.memory import clear_device_cache, should_reduce_batch_size
from transformers import (
    AutoModelForImageTextToText,
    AutoProcessor,
    BitsAndBytesConfig,
    LogitsProcessor,
    LogitsProcessorList,
    StaticCache,
)
from transformers.generation import utils as generation
from transformers.utils import is_bitsandbytes_available

from g3lite.artefacts import sha256_file
from g3lite.lmm import LMM, Answer, Job, Keep, LMMError, at_most

CACHE = "cache" if "cache" in generation.ALL_CACHE_NAMES else "past_key_values"
"""What transformers calls the argument; the older name is deprecated where the other one exists."""
WINDOW = 4
"""Jobs per reply of a batch that are sorted by length, so that prompts of one length share a batch.
More of them would hold more decoded pictures in memory."""


class TransformersLMM(LMM):
    """A model that transformers runs here.

    Replies are drawn from softmax(logits / temperature), without top-k or top-p, as an API draws
    them. Each reply has random numbers of its own, made of the seed, the picture, the prompt and
    the number of the sample, so it does not depend on what else is in its batch, and a run that was
    interrupted ends as it would have without (but for rounding, which differs by batch and device).

    Args:
        model: a folder, or a name on a hub.
        revision: of a model on a hub.
        device: a torch device, or "auto": the GPU if there is one; what does not fit stays on the
            CPU.
        dtype: "float16", "bfloat16" or "float32"; "auto" for float16 on a GPU, else float32.
        four_bit: load the weights in 4 bits (NF4), a quarter of float16's memory.
        batch_size: replies that are written at a time. After an out-of-memory error it is halved.
        max_new_tokens: of a reply, which is cut off there.
        longest_side: larger pictures are made smaller, to so many pixels; None for as they are.
            Models such as Qwen-VL read a picture in patches: twice the side is four times the
            tokens, and a photo of 12 megapixels would fill a small GPU alone.
        seed: another one gives other replies.

    Attributes:
        model: what transformers loaded.
        batch_size: as it is now.

    Raises:
        LMMError: the model cannot be loaded, has no chat template, or 4 bits are not possible.
            While answering: not even one reply fits into memory, or float16 overflows.
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
        max_new_tokens: int = 128,
        longest_side: int | None = 768,
        seed: int = 0,
    ) -> None:
        if dtype == "auto":
            dtype = "float16" if torch.cuda.is_available() and device != "cpu" else "float32"
        if dtype not in ("float16", "bfloat16", "float32"):
            raise LMMError(f"dtype {dtype!r} is unknown; use float16, bfloat16, float32 or auto")
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
        try:
            self._processor = AutoProcessor.from_pretrained(model, revision=revision)
            self.model = AutoModelForImageTextToText.from_pretrained(
                model,
                revision=revision,
                dtype=getattr(torch, dtype),
                device_map=device,
                quantization_config=quantized,
            ).eval()
        except (OSError, ValueError) as error:
            raise LMMError(f"{model} cannot be loaded as an image-text model: {error}") from error
        if not getattr(self._processor, "chat_template", None):
            raise LMMError(f"{model} has no chat template; use one that was tuned for dialogue")
        tokenizer = self._processor.tokenizer
        tokenizer.padding_side = "left"
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        self.batch_size = batch_size
        self._max_new_tokens = max_new_tokens
        self._longest_side = longest_side
        self._seed = seed
        parts = ["4 bit" if four_bit else dtype, f"max_new_tokens={max_new_tokens}", f"seed={seed}"]
        if longest_side is not None:
            parts.append(f"{longest_side} px")
        self.name = f"{_identity(Path(model), self.model.config)} ({', '.join(parts)})"

    def answer(self, jobs: Iterable[Job], keep: Keep) -> None:
        """Work in batches of prompts of about the same length, so that little of it is padding."""
        jobs = iter(jobs)
        while window := list(islice(jobs, WINDOW * self.batch_size)):
            window.sort(key=lambda job: len(job.prompt.text))
            wanted = [(job, sample) for job in window for sample in job.samples]
            while wanted:
                batch = wanted[: self.batch_size]
                try:
                    answers = self._generate(batch)
                except RuntimeError as error:
                    if not should_reduce_batch_size(error):
                        raise
                    if len(batch) == 1:
                        raise LMMError(
                            f"not even one reply of {self.name} fits into memory; load it with "
                            "four_bit=True, or take a smaller model"
                        ) from error
                    answers = None
                if answers is None:  # here nothing refers any more to what filled the memory
                    self.batch_size = len(batch) // 2
                    clear_device_cache(garbage_collection=True)
                    continue
                for one in answers:
                    keep(one)
                wanted = wanted[len(batch) :]

    @torch.inference_mode()
    def _generate(self, wanted: list[tuple[Job, int]]) -> list[Answer]:
        """Draw replies, given as (job, sample) with those of a job in a row."""
        samples = [
            (job, tuple(s for _, s in rows)) for job, rows in groupby(wanted, lambda pair: pair[0])
        ]
        inputs = self._inputs([job for job, _ in samples])
        ids, mask = inputs["input_ids"], inputs["attention_mask"]
        # All but the last token is read once per job; then what was read is copied for each reply.
        # The cache has its final size from the start: growing it at every token costs more than all
        # else on a CPU.
        cache = StaticCache(
            config=self.model.config.get_text_config(decoder=True),
            max_cache_len=ids.shape[1] + self._max_new_tokens,
        )
        usual = {CACHE: cache, "do_sample": False, "disable_compile": True}
        begin = {k: v[:, :-1] if v.shape[:2] == ids.shape else v for k, v in inputs.items()}
        self.model.generate(**begin, **usual, max_new_tokens=1)
        rows = [i for i, (_, numbers) in enumerate(samples) for _ in numbers]
        rows = torch.tensor(rows, device=ids.device)
        cache.reorder_cache(rows)
        inner = self.model.base_model
        if getattr(inner, "rope_deltas", None) is not None:  # the Qwen-VL family: positions by row
            inner.rope_deltas = inner.rope_deltas[rows]
        tokens = self.model.generate(
            input_ids=ids[rows],
            attention_mask=mask[rows],
            **usual,
            max_new_tokens=self._max_new_tokens,
            logits_processor=LogitsProcessorList([_Sampler(wanted, self._seed, ids.device)]),
        )[:, ids.shape[1] :]
        texts = iter(self._processor.batch_decode(tokens, skip_special_tokens=True))
        written = (
            (tokens != self._processor.tokenizer.pad_token_id)
            .sum(1)
            .split([len(numbers) for _, numbers in samples])
        )
        return [
            Answer(job, numbers, tuple(islice(texts, len(numbers))), int(read), int(new.sum()))
            for (job, numbers), read, new in zip(samples, mask.sum(1), written, strict=True)
        ]

    def _inputs(self, jobs: list[Job]) -> dict[str, torch.Tensor]:
        """Photos and prompts as the model reads them, padded on the left."""
        dialogues = [
            [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": text}]}]
            for text in (job.prompt.text for job in jobs)
        ]
        texts = self._processor.apply_chat_template(dialogues, add_generation_prompt=True)
        begin = self._processor.tokenizer.bos_token
        inputs = self._processor(
            images=[[at_most(job.image, self._longest_side)] for job in jobs],
            text=texts,
            padding=True,
            add_special_tokens=not (begin and texts[0].startswith(begin)),  # not twice
            return_tensors="pt",
        )
        return inputs.to(self.model.device, dtype=self.model.dtype)


class _Sampler(LogitsProcessor):
    """Makes the greedy choice a draw from softmax(logits / temperature), by the Gumbel-max trick.

    The largest of logits / T + g is such a draw if every g is -log of an exponential variable. Each
    row takes its g from a generator of its own.
    """

    def __init__(self, wanted: list[tuple[Job, int]], seed: int, device: torch.device) -> None:
        pictures = {job: hashlib.sha256(job.image.tobytes()) for job in {job for job, _ in wanted}}
        self._rows = []
        for job, sample in wanted:
            own = pictures[job].copy()
            own.update(f"{seed} {sample} {job.prompt.text}".encode())
            generator = torch.Generator(device)
            generator.manual_seed(int.from_bytes(own.digest()[:7], "big"))
            self._rows.append((job.temperature, generator))

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        scores = scores.float()
        if scores.isnan().any():
            raise LMMError(
                "the model's numbers overflow; load it with dtype='bfloat16' or 'float32'"
            )
        for row, (temperature, generator) in zip(scores, self._rows, strict=True):
            if temperature:
                noise = torch.empty_like(row).exponential_(generator=generator).log_().neg_()
                row.div_(temperature).add_(noise)
        return scores


def _identity(model: Path, config: object) -> str:
    """What is loaded: name and revision on a hub, or a folder's name and the hash of its files."""
    if not model.is_dir():
        return f"{model.as_posix()}@{config._commit_hash or 'unknown'}"
    digest = hashlib.sha256()
    for path in sorted(model.iterdir()):
        if path.is_file() and path.suffix != ".md":
            digest.update(f"{path.name} {sha256_file(path)}\n".encode())
    return f"{model.resolve().name}@{digest.hexdigest()[:12]}"
