"""Multimodal models behind a server that speaks OpenAI's protocol."""

from __future__ import annotations

import base64
import errno
import hashlib
import inspect
import io
import json
import logging
import os
import re
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz
from functools import cached_property
from itertools import islice
from urllib.parse import SplitResult, quote, quote_plus, unquote, urljoin, urlsplit

import openai
from PIL import Image
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    wait_exponential,
    wait_random,
)

from g3lite.lmm.base import LMM, LMMError, LMMRequest, LMMResponse, OnResponse
from g3lite.support.images import at_most

FIRST_PAUSE_S = 1.0
"""Before the second attempt; it doubles with each one, and up to as much again is added."""
LONGEST_PAUSE_S = 60.0
"""Of our own accord. A server may ask for more, up to `LONGEST_WAIT_S`."""
LONGEST_WAIT_S = 600.0
"""A server that asks for a longer pause is not asked again."""
CONNECT_S = 5.0
"""A server that cannot be connected to for so long is not there, or behind a firewall."""
UNREACHABLE_ATTEMPTS = 3
"""Where nobody listens; once a request was given up so, the next ones are sent a single time."""
OPENAI_URL = "https://api.openai.com/v1"
_CLIENTS = ("openai", "httpx", "httpx2", "httpcore", "httpcore2")  # that write logs of requests


class _Unusable(Exception):
    """The server sent something that is no response of this protocol."""


class OpenAILMM(LMM):
    """A model behind any server that speaks OpenAI's chat completions.

    What may pass (429, 5xx, timeouts, lost connections, garbled answers) is tried again after
    growing pauses with jitter, or after the one that the server asks for. A server that refuses
    connections, or whose name is unknown, is given up within seconds. A request that the server
    does not accept (400, 413, 415, 422) fails for its photo alone: the next picture may be another
    matter. What will not pass (a wrong key or model, no credit) ends the run. A server that ignores
    `n` is asked again for the rest.

    Pictures are sent as JPEG, without what the file says besides (EXIF may hold the place), and to
    no other address than that of the server: a redirect ends the run.

    The key, a password in `base_url`, and the texts in extra_headers, extra_query and extra_body
    are secrets: they stay out of the name, of error messages, and of the logs of the HTTP client.

    Args:
        model: as the server calls it.
        base_url: of the server, such as "http://localhost:8000/v1" or, for one with a password,
            "https://user:password@host/v1"; None for OpenAI's own, or the one that the environment
            variable OPENAI_BASE_URL names. Its path is no place for a key: it is shown as it is.
        key_variable: the environment variable with the key, which is sent to the server. If it is
            not set, a server named by `base_url` is asked without one.
        name: for the store. By default made of model, host, picture size and options (a short hash
            of an extra_body with texts in it; neither extra_headers nor extra_query); give your
            own, with a revision, if the server may change what it serves under a name.
        longest_side: of the picture that is sent, pixels; smaller ones are sent as they are.
        per_request: replies asked for in one request; None: all; 1 for a server that refuses `n`.
        concurrency: requests under way at a time.
        timeout: seconds that a server may be silent; it has `CONNECT_S` of them to be reached.
        attempts: of each request, at most `UNREACHABLE_ATTEMPTS` of them refused connections.
        options: further arguments of `chat.completions.create`, such as max_tokens=100.

    Raises:
        LMMError: there is no key, `base_url` is no address of a server, or an option is one that is
            set here or does not exist.
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
        base_url = base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL
        address = _checked(base_url)
        login = unquote(address.netloc.rpartition("@")[0])
        headers = {}
        if login:  # as a header: addresses are written to logs
            base_url = address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()
            headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
        self._client = openai.OpenAI(
            api_key=key or "no-key",
            base_url=base_url,
            timeout=openai.Timeout(timeout, connect=min(timeout, CONNECT_S)),
            max_retries=0,
            default_headers=headers,
            http_client=openai.DefaultHttpxClient(follow_redirects=False),
        )
        there_are = inspect.signature(self._client.chat.completions.create).parameters
        if not options.keys() <= there_are.keys():
            unknown = ", ".join(sorted(options.keys() - there_are.keys()))
            raise LMMError(f"{unknown}: no such option of chat.completions.create")
        self._server = self._client.base_url.netloc.decode()
        sent = headers | dict(options.get("extra_headers") or {})
        words = [word for text in _texts(sent) for word in text.split() if len(word) >= 8]
        texts = _texts([key, login.partition(":")[2] or login, sent, options.get("extra_query"),
                        options.get("extra_body"), words])  # fmt: skip
        self._secrets = _Secrets.from_texts(texts)
        _LOGS.add(self._secrets)
        self._key_variable = key_variable
        self._model = model
        self.longest_side = longest_side
        self._per_request = per_request
        self._concurrency = concurrency
        self._attempts = attempts
        self._unreachable = False
        self._options = options
        known = {k: v for k, v in options.items() if k not in ("extra_headers", "extra_query")}
        if any(_texts(known.get("extra_body"))):  # numbers alone are no secrets
            text = json.dumps(known["extra_body"], sort_keys=True, default=str)
            known["extra_body"] = f"#{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        parts = [f"{longest_side} px", *(f"{k}={v}" for k, v in sorted(known.items()))]
        self.name = name or f"{model} at {self._server} ({', '.join(parts)})"

    def answer(self, jobs: Iterable[LMMRequest], keep: OnResponse) -> None:
        """Send requests, several at a time. An interruption waits for those under way."""
        jobs, end, self._unreachable = iter(jobs), threading.Event(), False
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

    def _answer(self, job: LMMRequest, keep: OnResponse, end: threading.Event) -> None:
        """All replies of a job, in as many requests as the server needs for them."""
        picture = {
            "type": "image_url",
            "image_url": {"url": jpeg_url(job.image, self.longest_side)},
        }
        content = [picture, {"type": "text", "text": job.prompt.text}]

        def sleep(seconds: float) -> None:
            if end.wait(seconds):
                raise _Unusable("the run has ended")

        retrying = Retrying(
            retry=retry_if_exception(_may_pass),
            wait=_pause,
            stop=self._is_enough,
            sleep=sleep,
            reraise=True,
        )
        left = job.samples
        while left and not end.is_set():
            n = min(len(left), self._per_request or len(left))
            try:
                texts, tokens = retrying(self._request, content, n, job.temperature)
            except (openai.APIError, _Unusable) as error:
                self._unreachable = _unreachable(error)
                said = f"{self._server}: {self._said(error)}{self._way_out(error)}"
                if not (_may_pass(error) or _concerns_one_request(error)):
                    raise LMMError(f"{said} (photo {job.img_id!r})") from None
                keep(LMMResponse(job, left, (), error=said))
                return
            self._unreachable = False
            came, left = left[: len(texts)], left[len(texts) :]
            keep(LMMResponse(job, came, texts, *tokens))

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

    def _is_enough(self, state: RetryCallState) -> bool:
        """Whether a request that failed is given up."""
        if not _unreachable(state.outcome.exception()):
            return state.attempt_number >= self._attempts or state.upcoming_sleep > LONGEST_WAIT_S
        most = 1 if self._unreachable else UNREACHABLE_ATTEMPTS
        return state.attempt_number >= min(most, self._attempts)

    def _said(self, error: Exception) -> str:
        """What went wrong, without secrets."""
        said = str(error)
        if isinstance(error, openai.APIConnectionError):
            said += f" ({_cause(error)})"  # "Connection error." alone does not say why
        return self._secrets.hide(said)[:300]

    def _way_out(self, error: Exception) -> str:
        if getattr(error, "code", None) == "insufficient_quota":
            return "; the account has no credit left"
        if 300 <= getattr(error, "status_code", 0) < 400:
            return (
                f"; it sends the request on to {self._secrets.hide(_target(error))}, and "
                "a photo goes nowhere but to the server that was named; if that is the right one, "
                "name it in base_url"
            )
        ways = {
            401: f"; put a valid key into the environment variable {self._key_variable}",
            403: f"; the key in {self._key_variable} may not do this",
            404: f"; is {self._model!r} a model of this server, and its address right?",
            413: "; send smaller pictures: longest_side",
        } | dict.fromkeys((400, 415, 422), "; change what the server does not accept")
        return ways.get(getattr(error, "status_code", None), "")


@dataclass(frozen=True)
class _Secrets:
    """Texts for which [secret] is shown."""

    texts: frozenset[str]

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> _Secrets:
        """Those of four signs or more, also as they stand in an address, in JSON and in Python."""
        given = {text for text in texts if len(text) >= 4}
        forms = (quote, lambda t: quote(t, ""), quote_plus, lambda t: json.dumps(t)[1:-1],
                 lambda t: repr(t)[1:-1])  # fmt: skip
        return cls(frozenset(given | {form(text) for text in given for form in forms}))

    @cached_property
    def _pattern(self) -> re.Pattern:
        # A short one only where it stands alone: it may be a part of other words.
        whole = sorted(self.texts, key=len, reverse=True)
        parts = (re.escape(t) if len(t) >= 8 else rf"(?<!\w){re.escape(t)}(?!\w)" for t in whole)
        return re.compile("|".join(parts) or r"(?!)")

    def hide(self, text: str) -> str:
        return self._pattern.sub("[secret]", text)


class _LogFilter:
    """Hides the secrets of all models in what the HTTP clients write to a log."""

    secrets = _Secrets(frozenset())

    def add(self, secrets: _Secrets) -> None:
        self.secrets = _Secrets(self.secrets.texts | secrets.texts)
        for name in list(logging.root.manager.loggerDict):
            if name.partition(".")[0] in _CLIENTS:
                logging.getLogger(name).addFilter(self)  # once, however often

    def filter(self, record: logging.LogRecord) -> bool:
        """What `logging` calls with each record."""
        record.msg, record.args = self.secrets.hide(record.getMessage()), ()
        if record.exc_info:
            trace = logging.Formatter().formatException(record.exc_info)
            record.exc_text, record.exc_info = self.secrets.hide(trace), None
        return True


_LOGS = _LogFilter()


def _checked(base_url: str) -> SplitResult:
    """The parts of the address of a server. It may hold a password: no error quotes it."""
    wrong = None
    try:
        address = urlsplit(base_url)
        (address.hostname or "").encode("idna")  # as it is looked up
        if address.scheme not in ("http", "https"):
            wrong = "does not begin with http:// or https://"
        elif not address.hostname:
            wrong = "names no host"
        elif address.port == 0 or not base_url.isprintable() or " " in base_url:
            wrong = "cannot be read as an address"
        elif address.fragment or "@" in address.path:
            wrong = "has a '#' or '@' too many (in a password they are %23 and %40, '/' is %2F)"
        elif address.query:
            wrong = "ends in a query (?...; give that as extra_query={...})"
    except ValueError:  # of the parts: a port that is no number, half a pair of brackets
        wrong = "cannot be read as an address ('/' in a password is %2F)"
    if wrong:
        raise LMMError(
            f"base_url, or the environment variable OPENAI_BASE_URL, {wrong}; it looks like "
            "http://localhost:8000/v1 or https://user:password@host/v1"
        )
    return address


def _texts(value: object) -> Iterator[str]:
    """All texts in an option."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode(errors="replace")
    elif isinstance(value, Mapping):
        yield from _texts(list(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def _target(redirect: openai.APIStatusError) -> str:
    """Where a request is sent on to, without the parts of the address that may hold secrets."""
    location = redirect.response.headers.get("location", "")
    try:
        address = urlsplit(urljoin(str(redirect.request.url), location))
        return f"{address.scheme}://{address.netloc.rpartition('@')[2]}{address.path}"[:200]
    except ValueError:
        return "another address"


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


def _concerns_one_request(error: BaseException) -> bool:
    """Whether the server turned down what was sent, so that another photo may fare better."""
    spent = getattr(error, "code", None) == "insufficient_quota"
    return getattr(error, "status_code", None) in (400, 413, 415, 422) and not spent


def _cause(error: BaseException) -> BaseException:
    """What an error began with."""
    while earlier := error.__cause__ or error.__context__:
        error = earlier
    return error


def _unreachable(error: BaseException) -> bool:
    """Whether nobody listens at the address, or there is no such address."""
    cause, within = _cause(error), error
    while within := within.__cause__ or within.__context__:
        if type(within).__name__ == "ConnectTimeout":  # of httpx or httpx2, which openai chooses
            return True
    no_way = getattr(cause, "errno", None) in (errno.ENETUNREACH, errno.EHOSTUNREACH)
    return isinstance(cause, ConnectionRefusedError | socket.gaierror) or no_way


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
