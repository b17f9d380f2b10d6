"""What goes to a multimodal model and what comes back: a request, a response, and the errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from g3lite import G3Error
from g3lite.prompts import Prompt


class LMMError(G3Error):
    """A model that cannot be asked, or not in this way; the message says what to change."""


class RunStopped(LMMError):
    """A limit of the run was reached; the message says which. Nothing that came is lost."""


@dataclass(frozen=True, eq=False)
class LMMRequest:
    """What a model is asked about one photo.

    In this folder it is called a job, as a server may need several HTTP requests for one.

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
    """What one request brought, or that it failed for good.

    Attributes:
        job: the `LMMRequest` that it belongs to; other responses may bring the rest of it.
        samples: numbers of the replies that it brought, or that will not come.
        texts: as many replies, None for one without a text; () if the request failed.
        tokens_in: tokens sent, the photo's among them; None if the server does not say.
        tokens_out: tokens received; None if the server does not say.
        error: why the request failed; None if it did not.
    """

    job: LMMRequest
    samples: tuple[int, ...]
    texts: tuple[str | None, ...]
    tokens_in: int | None = 0
    tokens_out: int | None = 0
    error: str | None = None


OnResponse = Callable[[LMMResponse], None]
"""Takes a response; may be called by several threads at once, and may raise to end a run."""
