"""A multimodal model by its name: shipped, local, or behind a server."""

from __future__ import annotations

import logging
from pathlib import Path

from g3lite.lmm.base import LMM
from g3lite.paths import shipped
from g3lite.prompts import PromptPlan

_QWEN3_VL = {"temperature": 0.7, "top_p": 0.8}
RECOMMENDED = {"Qwen/Qwen3-VL-2B-Instruct": _QWEN3_VL, "Qwen/Qwen3-VL-4B-Instruct": _QWEN3_VL}
"""What the authors of a model recommend instead of the paper's temperature, which was for GPT-4V:
https://github.com/QwenLM/Qwen3-VL, Generation Hyperparameters, Instruct models. Their top-k of 20
and presence penalty of 1.5 are left out: they are for long texts, and a penalty on digits that
occurred makes coordinates wrong."""


def temperature_of(which: object, otherwise: float = PromptPlan().temperature) -> float:
    """The temperature that is `RECOMMENDED` for a model by its name; the paper's for others."""
    known = RECOMMENDED.get(which) if isinstance(which, str) else None
    return known["temperature"] if known else otherwise


def load_lmm(which: str | Path, *, max_gb: float = 1.0, **options: object) -> LMM:
    """A model by its name.

    Args:
        which: "minilmm", which is shipped; "api:MODEL", a model that an OpenAI-compatible server
            calls MODEL (see `g3lite.lmm.api.OpenAILMM` for key and address); else a folder, or a
            name on a hub, for `g3lite.lmm.local.TransformersLMM`, with the top-p that is
            `RECOMMENDED`.
        max_gb: a model on a hub that is larger (10^9 bytes) is not fetched.
        options: of these classes.

    Raises:
        TooLarge: it is larger than `max_gb`.
        LMMError: there is no such model, or it cannot be used.
    """
    if str(which).startswith("api:"):
        from g3lite.lmm.api import OpenAILMM  # openai takes a second to import

        return OpenAILMM(str(which).removeprefix("api:"), **options)
    import torch

    from g3lite.lmm.local import TransformersLMM  # transformers takes seconds to import

    if which == "minilmm":
        # It would advise a kernel for GPUs, which so small a model can do without.
        logging.getLogger("transformers.integrations.hub_kernels").setLevel(logging.ERROR)
        # As it was trained and as its replies were recorded: in float32, all of a reply, and each
        # batch of pictures as it comes.
        own = {
            "device": "cuda" if torch.cuda.is_available() else "cpu", "dtype": "float32",
            "max_new_tokens": 32, "batch_size": 64, "longest_side": None, "stop_early": False,
            "encode_once": False,
        }  # fmt: skip
        mini = TransformersLMM(shipped("minilmm"), **own | options)
        # It sees 96 x 96 pixels, and the pictures it was made for have 128 x 128. The limit only
        # saves memory, so it is no part of the name, under which replies were recorded.
        mini.longest_side = mini.longest_side or 512
        return mini
    known = RECOMMENDED.get(str(which), {})
    usual = {"top_p": known["top_p"]} if known else {}
    return TransformersLMM(which, max_gb=max_gb, **usual | options)
