"""Multimodal models behind a server that speaks OpenAI's protocol."""

from __future__ import annotations

import base64
import io
import os
import threading
import time
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from email.utils import mktime_tz, parsedate_tz
from itertools import islice

import openai
from PIL import Image
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from g3lite.lmm import LMM, Answer, Job, Keep, LMMError, at_most

FIRST_PAUSE_S = 1.0
"""Before the second attempt; it doubles with each one, and up to as much again is added."""
LONGEST_PAUSE_S = 60.0
"""Of our own accord. A server may ask for more, up to `LONGEST_WAIT_S`."""
LONGEST_WAIT_S = 600.0
"""A server that asks for a longer pause is not asked again."""


class _Unusable(Exception):
    """An answer of a server that is none."""


class OpenAILMM(LMM):
    """A model behind any server that speaks OpenAI's chat completions.

    What may pass (429, 5xx, timeouts, lost connections, garbled answers) is tried again after
    growing pauses with jitter, or after the one that the server asks for. What will not pass (a
    wrong key, model or request, no credit) ends the run. A server that ignores `n` is asked again
    for the rest.

    Pictures are sent as JPEG, without what the file says besides (EXIF may hold the place).

    Args:
        model: as the server calls it.
        base_url: of the server, such as "http://localhost:8000/v1"; None for OpenAI's own, or the
            one that the environment variable OPENAI_BASE_URL names.
        key_variable: the environment variable with the key, which is sent to the server. If it is
            not set, a server named by `base_url` is asked without one.
        name: for the store. By default made of model, host, picture size and options; give your
            own, with a revision, if the server may change what it serves under a name.
        longest_side: of the picture that is sent, pixels; smaller ones are sent as they are.
        per_request: replies asked for in one request; None: all; 1 for a server that refuses `n`.
        concurrency: requests under way at a time.
        timeout: seconds that a server may be silent.
        attempts: of each request.
        options: further arguments of `chat.completions.create`, such as max_tokens=100.

    Raises:
        LMMError: there is no key, or an option is one that is set here.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        *,
        key_variable: str = "OPENAI_API_KEY",
        name: str | None = None,
        longest_side: int = 768,
        per_request: int | None = None,
        concurrency: int = 8,
        timeout: float = 120.0,
        attempts: int = 6,
        **options: object,
    ) -> None:
        clash = {"messages", "n", "stream", "temperature"}.intersection(options)
        if clash:
            raise LMMError(f"{', '.join(sorted(clash))} cannot be an option: it is set by the run")
        key = os.environ.get(key_variable, "").strip()
        if not key and base_url is None:
            raise LMMError(
                f"there is no key in the environment variable {key_variable}; set it before Python "
                "is started, or name a server of your own with base_url"
            )
        self._client = openai.OpenAI(
            api_key=key or "no-key", base_url=base_url, timeout=timeout, max_retries=0
        )
        self._server = self._client.base_url.netloc.decode()  # without a password
        self._key_variable = key_variable
        self._model = model
        self._longest_side = longest_side
        self._per_request = per_request
        self._concurrency = concurrency
        self._attempts = attempts
        self._options = options
        known = {k: v for k, v in options.items() if k not in ("extra_headers", "extra_query")}
        parts = [f"{longest_side} px", *(f"{k}={v}" for k, v in sorted(known.items()))]
        self.name = name or f"{model} at {self._server} ({', '.join(parts)})"

    def answer(self, jobs: Iterable[Job], keep: Keep) -> None:
        """Send requests, several at a time. An interruption waits for those under way."""
        jobs, end = iter(jobs), threading.Event()
        running: set[Future[None]] = set()
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="lmm") as pool:
            try:
                while True:
                    for job in islice(jobs, self._concurrency - len(running)):
                        running.add(pool.submit(self._answer, job, keep, end))
                    if not running:
                        return
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        future.result()
            except BaseException:
                end.set()
                raise

    def _answer(self, job: Job, keep: Keep, end: threading.Event) -> None:
        """All replies of a job, in as many requests as the server needs for them."""
        picture = {
            "type": "image_url",
            "image_url": {"url": jpeg_url(job.image, self._longest_side)},
        }
        content = [picture, {"type": "text", "text": job.prompt.text}]

        def sleep(seconds: float) -> None:
            if end.wait(seconds):
                raise _Unusable("the run has ended")

        retrying = Retrying(
            retry=retry_if_exception(_may_pass),
            wait=_pause,
            stop=stop_after_attempt(self._attempts) | _waits_too_long,
            sleep=sleep,
            reraise=True,
        )
        left = job.samples
        while left and not end.is_set():
            n = min(len(left), self._per_request or len(left))
            try:
                texts, tokens = retrying(self._request, content, n, job.temperature)
            except (openai.APIError, _Unusable) as error:
                said = f"{self._server}: {self._without_key(error)}"
                if not _may_pass(error):
                    raise LMMError(f"{said}{self._way_out(error)} (photo {job.img_id!r})") from None
                keep(Answer(job, left, (), error=said))
                return
            came, left = left[: len(texts)], left[len(texts) :]
            keep(Answer(job, came, texts, *tokens))

    def _request(
        self, content: list[dict], n: int, temperature: float
    ) -> tuple[tuple[str | None, ...], tuple[int | None, int | None]]:
        """One request: at most n replies, and the tokens sent and received."""
        several = {"n": n} if n > 1 else {}
        messages = [{"role": "user", "content": content}]
        try:
            answer = self._client.chat.completions.create(
                model=self._model,
                messages=messages,
                temperature=temperature,
                **several,
                **self._options,
            )
        except (openai.APIResponseValidationError, ValueError):
            raise _Unusable("an answer that is not JSON") from None
        try:
            said = [choice.message for choice in answer.choices[:n]]
            texts = tuple(message.content or message.refusal or None for message in said)
        except (AttributeError, LookupError, TypeError):
            raise _Unusable("an answer that is no chat completion") from None
        if not texts or not all(text is None or isinstance(text, str) for text in texts):
            raise _Unusable("an answer without replies")
        counts = (
            getattr(answer.usage, name, None) for name in ("prompt_tokens", "completion_tokens")
        )
        return texts, tuple(count if isinstance(count, int) else None for count in counts)

    def _without_key(self, error: Exception) -> str:
        return str(error).replace(self._client.api_key, "[key]")[:300]

    def _way_out(self, error: Exception) -> str:
        if getattr(error, "code", None) == "insufficient_quota":
            return "; the account has no credit left"
        ways = {
            400: "; change what the server does not accept",
            401: f"; put a valid key into the environment variable {self._key_variable}",
            403: f"; the key in {self._key_variable} may not do this",
            404: f"; is {self._model!r} a model of this server, and its address right?",
        }
        return ways.get(getattr(error, "status_code", None), "")


def jpeg_url(image: Image.Image, longest_side: int) -> str:
    """An RGB picture as a data URL: a JPEG, no side longer than that, without metadata."""
    image = at_most(image, longest_side).copy()
    image.info.clear()  # Pillow would write a comment that it found
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _may_pass(error: BaseException) -> bool:
    """Whether it makes sense to send the same request again."""
    if isinstance(error, openai.APIStatusError):
        spent = error.code == "insufficient_quota"  # comes as 429, and stays
        return error.status_code >= 500 or (error.status_code in (408, 409, 429) and not spent)
    return isinstance(error, openai.APIConnectionError | _Unusable)  # timeouts are of the former


def _pause(state: RetryCallState) -> float:
    """Seconds before the next attempt: growing ones with jitter, or more if the server asks."""
    growing = wait_exponential(multiplier=FIRST_PAUSE_S, max=LONGEST_PAUSE_S)
    own = (growing + wait_random(0, FIRST_PAUSE_S))(state)
    response = getattr(state.outcome.exception(), "response", None)
    asked = response.headers.get("retry-after", "") if response is not None else ""
    try:
        return max(own, float(asked))
    except ValueError:
        date = parsedate_tz(asked)
        return max(own, mktime_tz(date) - time.time()) if date else own


def _waits_too_long(state: RetryCallState) -> bool:
    return state.upcoming_sleep > LONGEST_WAIT_S
