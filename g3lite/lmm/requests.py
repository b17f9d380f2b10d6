"""What goes to a multimodal model and what comes back: a request, a response, and the errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from g3lite import G3Error
from g3lite.prompts import Prompt

CUT_OFF = "length"
"""The finish reason of a reply that the limit of tokens ended."""
MOST_TOKENS = 10**12
"""A server that states more for a request is mistaken."""


class LMMError(G3Error):
    """A model that cannot be asked, or not in this way; the message says what to change."""


class RunStopped(LMMError):
    """A limit of the run was reached; the message says which. Nothing that came is lost."""


class LMMWarning(UserWarning):
    """A server does not take all that was asked of it, and is asked for less."""


@dataclass(frozen=True, eq=False)
class LMMRequest:
    """What a model is asked about one photo. A server may need several HTTP requests for it.

    Attributes:
        img_id: the photo's IMG_ID.
        image: its picture, upright and RGB; no larger than the model reads it.
        prompt: what is asked.
        temperature: of the sampling; 0 for the most likely reply.
        samples: numbers of the replies that are wanted, so their count is the `n` of an API.
    """

    img_id: str
    image: Image.Image
    prompt: Prompt
    temperature: float
    samples: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class LMMResponse:
    """What a request brought, or that it failed for good.

    Attributes:
        request: the one that it belongs to; other responses may bring the rest of it.
        samples: numbers of the replies that it brought, or that will not come.
        texts: as many replies, None for one without a text; () if the request failed.
        tokens_in: tokens sent, the photo's among them; None if the server does not say.
        tokens_out: tokens received; None if the server does not say.
        error: why the request failed; None if it did not. Its tokens are paid for all the same.
        finish_reasons: as many as texts, or () where they are not known. How each reply ended:
            "stop" by itself, "length" cut off at the limit of tokens, "content_filter",
            "tool_calls", or "reasoning" if nothing else came; None if that is not known.
    """

    request: LMMRequest
    samples: tuple[int, ...]
    texts: tuple[str | None, ...]
    tokens_in: int | None = 0
    tokens_out: int | None = 0
    error: str | None = None
    finish_reasons: tuple[str | None, ...] = ()


OnResponse = Callable[[LMMResponse], None]
"""Takes a response; may be called by several threads at once, and may raise to end a run."""


def token_count(stated: object) -> int | None:
    """A number of tokens as a server states it; None for what cannot be one, such as -5 or 1e19."""
    if isinstance(stated, bool) or not isinstance(stated, int | float):
        return None
    if not 0 <= stated <= MOST_TOKENS or stated != int(stated):  # no NaN either
        return None
    return int(stated)
