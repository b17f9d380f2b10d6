"""Asking so that nothing has to be guessed: the model may write a place in one form, and no more.

A JSON schema of an object with a latitude and a longitude, both numbers within their bounds. A
server is sent it as `response_format`; on this machine a grammar made of it leaves the model, at
each step, only those tokens that go on with such an object.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from g3lite.lmm.requests import LMMError

if TYPE_CHECKING:
    from transformers import LogitsProcessor, PreTrainedTokenizerBase

PLACE = {
    "type": "object",
    "properties": {
        "latitude": {"type": "number", "minimum": -90, "maximum": 90},
        "longitude": {"type": "number", "minimum": -180, "maximum": 180},
    },
    "required": ["latitude", "longitude"],
    "additionalProperties": False,
}
"""The schema."""
RESPONSE_FORMAT = {
    "type": "json_schema",
    "json_schema": {"name": "place", "strict": True, "schema": PLACE},
}
"""As OpenAI's protocol has it."""


def named(response_format: object) -> bool:
    """Whether an option asks for this schema.

    Raises:
        LMMError: it is a word that means nothing.
    """
    if isinstance(response_format, str) and response_format != "schema":
        raise LMMError(f"response_format {response_format!r} is unknown; use 'schema' or None")
    return response_format == "schema"


def grammar(tokenizer: PreTrainedTokenizerBase, vocabulary: int, ends: list[int]) -> Any:
    """The schema as a grammar over a model's tokens.

    Args:
        tokenizer: of the model.
        vocabulary: how many logits the model gives.
        ends: the tokens that may end a reply.

    Raises:
        LMMError: xgrammar is not installed, or does not know this kind of tokenizer.
    """
    try:
        import xgrammar
    except ImportError as error:
        raise LMMError(
            "response_format='schema' on this machine needs the package xgrammar: pip install "
            "xgrammar, or ask without it"
        ) from error
    try:
        tokens = xgrammar.TokenizerInfo.from_huggingface(
            tokenizer, vocab_size=vocabulary, stop_token_ids=ends or None
        )
        compiler = xgrammar.GrammarCompiler(tokens, max_threads=1)
        return compiler.compile_json_schema(json.dumps(PLACE), any_whitespace=False)
    except (ValueError, RuntimeError) as error:
        raise LMMError(f"xgrammar cannot use this model's tokens ({error}); ask without") from error


def constraints(grammar: Any) -> list[LogitsProcessor]:
    """What holds one call of `generate` to a grammar; [] without one."""
    if grammar is None:
        return []
    from xgrammar.contrib.hf import LogitsProcessor

    return [LogitsProcessor(grammar)]
