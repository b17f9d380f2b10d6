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
    from transformers import PreTrainedTokenizerBase

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
