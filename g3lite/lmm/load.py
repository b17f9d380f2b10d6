"""A multimodal model by its name: shipped, local, or behind a server."""

from __future__ import annotations

from pathlib import Path

from g3lite.lmm.base import LMM
from g3lite.paths import shipped


def load_lmm(which: str | Path, *, max_gb: float = 1.0, **options: object) -> LMM:
    """A model by its name.

    Args:
        which: "minilmm", which is shipped; "api:MODEL", a model that an OpenAI-compatible server
            calls MODEL (see `g3lite.lmm.api.OpenAILMM` for key and address); else a folder, or a
            name on a hub, for `g3lite.lmm.local.TransformersLMM`.
        max_gb: a model on a hub that is larger (10^9 bytes) is not fetched.
        options: of these classes.

    Raises:
        TooLarge: it is larger than `max_gb`.
        LMMError: there is no such model, or it cannot be used.
    """
    if str(which).startswith("api:"):
        from g3lite.lmm.api import OpenAILMM  # openai takes a second to import

        return OpenAILMM(str(which).removeprefix("api:"), **options)
    from g3lite.lmm.local import TransformersLMM  # transformers takes seconds to import

    if which == "minilmm":
        own = {"device": "cpu", "max_new_tokens": 32, "batch_size": 64, "longest_side": None}
        mini = TransformersLMM(shipped("minilmm"), **own | options)
        # It sees 96 x 96 pixels, and the pictures it was made for have 128 x 128. The limit only
        # saves memory, so it is no part of the name, under which replies were recorded.
        mini.longest_side = mini.longest_side or 512
        return mini
    return TransformersLMM(which, max_gb=max_gb, **options)
