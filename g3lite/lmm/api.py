"""Multimodal models behind a server that speaks OpenAI's protocol."""

from __future__ import annotations

import base64
import errno
import hashlib
import inspect
import io
import json
import math
import os
import socket
import ssl
import threading
import time
import warnings
import weakref
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import mktime_tz, parsedate_tz
from functools import partial
from itertools import islice
from urllib.parse import unquote, urljoin, urlsplit

import openai
from PIL import Image
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    wait_exponential,
    wait_random,
)

from g3lite.lmm import completions, transport
from g3lite.lmm.base import LMM, LMMError, LMMRequest, LMMResponse, OnResponse
from g3lite.lmm.completions import Completion, Fault
from g3lite.lmm.requests import LMMWarning
from g3lite.lmm.schema import RESPONSE_FORMAT, named
from g3lite.lmm.secrets import Secrets, hide_in_logs, texts_in
from g3lite.support.images import at_most

FIRST_PAUSE_S = 1.0
"""Before the second attempt; it doubles with each one, and up to as much again is added."""
LONGEST_PAUSE_S = 60.0
"""Of our own accord. A server may ask for more, up to `LONGEST_WAIT_S`."""
LONGEST_WAIT_S = 600.0
"""A server that asks for a longer pause is not asked again."""
UNREACHABLE_ATTEMPTS = 3
"""Where nobody listens; once a request was given up so, the next ones are sent a single time."""
LONGEST_DEADLINE_S = 86_400
"""A day: no response takes so long."""
GRACE_S = 3.0
"""After an interruption (Ctrl-C): so long the responses under way are waited for."""
OPENAI_URL = "https://api.openai.com/v1"
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE")
_WITHOUT = {
    "n": "refuses n, so it is asked for one reply at a time",
    "response_format": "refuses the JSON schema, so it is asked without",
}


@dataclass
class _Run:
    """What the threads of one call of `answer` share."""

    on_response: OnResponse
    ended: threading.Event = field(default_factory=threading.Event)
    abandoned: Future[None] = field(default_factory=Future)  # nobody waits for a response any more
    unreachable: bool = False
    notes: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class _Account:
    """Tokens of a request that were stated since its last response; None if they were not."""

    stated: tuple[int | None, int | None] = (0, 0)

    def add(self, tokens: tuple[int | None, int | None], failed: bool) -> None:
        """Take those of an HTTP response; one that failed may state none."""
        if failed:
            tokens = tuple(count or 0 for count in tokens)
        pairs = zip(self.stated, tokens, strict=True)
        self.stated = tuple(None if None in pair else sum(pair) for pair in pairs)

    def taken(self) -> tuple[int | None, int | None]:
        """What there is, which is counted once."""
        stated, self.stated = self.stated, (0, 0)
        return stated


class OpenAILMM(LMM):
    """A model behind any server that speaks OpenAI's chat completions.

    What may pass (429, 5xx, timeouts, lost connections, garbled answers) is tried again after
    growing pauses with jitter, or after the one that the server asks for. A server that refuses
    connections, or whose name is unknown, is given up within seconds. A request that the server
    does not accept (400, 413, 415, 422) fails for its photo alone: the next picture may be another
    matter. What will not pass (a wrong key or model, no credit, an option that is refused, a web
    page, a certificate) ends the run. An error inside a response of status 200 counts as if it had
    come with the status that its code names; one without such a number is not tried again.

    A server that ignores `n` is asked again for the rest; one that refuses it is asked one by one.
    A request with the JSON schema that is not accepted is sent once without it; if that brings a
    reply, the schema is left out from then on. Either comes with an `LMMWarning`.

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
            not set, a server of your own is asked without one.
        name: for the store. By default made of model, host, picture size and options (a short hash
            of an extra_body with texts in it; neither extra_headers nor extra_query); give your
            own, with a revision, if the server may change what it serves under a name.
        longest_side: of the picture that is sent, pixels; smaller ones are sent as they are.
        per_request: replies asked for in one request; None: all, or 1 where the server refuses it.
        concurrency: requests under way at a time.
        timeout: seconds that a server may be silent; it has `transport.CONNECT_S` of them to be
            reached.
        deadline: seconds until a response must be there as a whole, however busy the server looks;
            None for twice the timeout. It has at most `transport.MAX_RESPONSE_BYTES`.
        response_format: "schema" to have the server write a JSON object with a latitude and a
            longitude within their bounds and nothing else (`g3lite.lmm.schema`), so that nothing
            is left to be read; a model that does not know has to name a place too. Or what the API
            takes. None: text.
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
        deadline: float | None = None,
        response_format: str | dict | None = None,
        attempts: int = 6,
        **options: object,
    ) -> None:
        clash = {"messages", "n", "stream", "temperature"}.intersection(options)
        if clash:
            raise LMMError(f"{', '.join(sorted(clash))} cannot be an option: it is set by the run")
        self._schema = named(response_format)
        if response_format is not None and not self._schema:
            options["response_format"] = response_format
        deadline = 2 * timeout if deadline is None else deadline
        if not (0 < timeout <= LONGEST_DEADLINE_S and 0 < deadline <= LONGEST_DEADLINE_S):
            raise LMMError(
                f"timeout={timeout} and deadline={deadline} are seconds, more than 0 and at most "
                f"{LONGEST_DEADLINE_S:,}"
            )
        if min(concurrency, attempts, longest_side, per_request or 1) < 1:
            raise LMMError("concurrency, attempts, longest_side and per_request are 1 or more")
        key = os.environ.get(key_variable, "").strip()
        base_url = base_url or os.environ.get("OPENAI_BASE_URL")
        if not key and not base_url:
            raise LMMError(
                f"there is no key in the environment variable {key_variable}; set it before Python "
                "is started, or name a server of your own with base_url or OPENAI_BASE_URL"
            )
        base_url = base_url or OPENAI_URL
        address = transport.checked_address(base_url)
        login = unquote(address.netloc.rpartition("@")[0])
        headers = {}
        if login:  # as a header: addresses are written to logs
            base_url = address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()
            headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
        self._deadline = deadline
        self._client = openai.OpenAI(
            api_key=key or "no-key",
            base_url=base_url,
            timeout=openai.Timeout(timeout, connect=min(timeout, transport.CONNECT_S)),
            max_retries=0,
            default_headers=headers,
            http_client=transport.client(address, self._deadline),
        )
        weakref.finalize(self, self._client.close)  # its connections end with it
        there_are = inspect.signature(self._client.chat.completions.create).parameters
        if not options.keys() <= there_are.keys():
            unknown = ", ".join(sorted(options.keys() - there_are.keys()))
            raise LMMError(f"{unknown}: no such option of chat.completions.create")
        self._server = self._client.base_url.netloc.decode()
        sent = headers | dict(options.get("extra_headers") or {})
        words = [word for text in texts_in(sent) for word in text.split() if len(word) >= 8]
        texts = texts_in([key, login.partition(":")[2] or login, sent, options.get("extra_query"),
                          options.get("extra_body"), words])  # fmt: skip
        self._secrets = Secrets.from_texts(texts)
        hide_in_logs(self._secrets)
        self._key_variable = key_variable
        self._model = model
        self.longest_side = longest_side
        self._per_request = per_request
        self._concurrency = concurrency
        self._attempts = attempts
        self._options = options
        self._without: dict[str, str] = {}  # what the server refused, and its words
        known = {k: v for k, v in options.items() if k not in ("extra_headers", "extra_query")}
        if self._schema:
            known["response_format"] = response_format
        if any(texts_in(known.get("extra_body"))):  # numbers alone are no secrets
            text = json.dumps(known["extra_body"], sort_keys=True, default=str)
            known["extra_body"] = f"#{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        parts = [f"{longest_side} px", *(f"{k}={v}" for k, v in sorted(known.items()))]
        self.name = name or f"{model} at {self._server} ({', '.join(parts)})"

    def answer(self, requests: Iterable[LMMRequest], on_response: OnResponse) -> None:
        """Send requests, several at a time.

        An interruption (Ctrl-C) waits for those under way, up to `GRACE_S` seconds.
        """
        requests, run = iter(requests), _Run(on_response)
        running: set[Future[None]] = set()
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="lmm") as pool:
            try:
                while True:
                    for request in islice(requests, self._concurrency - len(running)):
                        running.add(pool.submit(self._answer, request, run))
                    if not running:
                        return
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        future.result()
            except BaseException as error:
                run.ended.set()
                if not isinstance(error, Exception):
                    timer = threading.Timer(GRACE_S, run.abandoned.set_result, [None])
                    timer.daemon = True
                    timer.start()
                raise

    def _answer(self, request: LMMRequest, run: _Run) -> None:
        """All replies to a request, in as many HTTP requests as the server needs for them."""
        picture = {
            "type": "image_url",
            "image_url": {"url": jpeg_url(request.image, self.longest_side)},
        }
        content = [picture, {"type": "text", "text": request.prompt.text}]

        def sleep(seconds: float) -> None:
            if run.ended.wait(seconds):
                raise Fault("the run has ended")

        retrying = Retrying(
            retry=retry_if_exception(self._may_pass),
            wait=_pause,
            stop=lambda state: self._is_enough(state, run),
            sleep=sleep,
            reraise=True,
        )
        left, account = request.samples, _Account()
        refusal: Fault | None = None  # of the request with the schema, which is now sent without
        while left and not run.ended.is_set():
            self._note(run)
            n = min(len(left), self._per_request or len(left))
            schema = self._schema and refusal is None
            try:
                completion = retrying(
                    self._complete, content, n, request.temperature, schema, account, run
                )
            except transport.Abandoned:
                return
            except Fault as fault:
                run.unreachable = fault.unreachable
                if n > 1 and fault.refuses("n"):
                    self._per_request, self._without["n"], refusal = 1, self._said(fault), None
                    continue
                if schema and fault.may_be_the_schema:
                    refusal = fault
                    continue
                self._blame(fault, request.temperature)
                said = f"{self._server}: {self._said(fault)}{self._way_out(fault)}"
                tokens = account.taken()
                if fault.ends != "run" or any(tokens):  # which are paid for
                    run.on_response(LMMResponse(request, left, (), *tokens, error=said))
                if fault.ends == "run":
                    raise LMMError(f"{said} (photo {request.img_id!r})") from None
                return
            run.unreachable = False
            if refusal and self._schema:  # it was the schema
                self._schema, self._without["response_format"] = False, self._said(refusal)
            came, left = left[: len(completion.texts)], left[len(completion.texts) :]
            run.on_response(
                LMMResponse(
                    request,
                    came,
                    completion.texts,
                    *account.taken(),
                    finish_reasons=completion.finish_reasons,
                )
            )
            self._note(run)  # only now: a warning may be an error, and the reply is paid for

    def _complete(
        self,
        content: list[dict],
        n: int,
        temperature: float,
        schema: bool,
        account: _Account,
        run: _Run,
    ) -> Completion:
        """One HTTP request: at most n replies.

        Raises:
            Fault: it brought none.
            Abandoned: the run has ended.
        """
        options = self._options | ({"response_format": RESPONSE_FORMAT} if schema else {})
        options |= {"n": n} if n > 1 else {}
        create = partial(
            self._client.chat.completions.with_raw_response.create,
            model=self._model,
            messages=[{"role": "user", "content": content}],
            temperature=temperature,
            **options,
        )
        failed, body = True, None
        try:
            response = transport.in_time(create, self._deadline, run.abandoned).http_response
            body = completions.parsed(response.content, response.charset_encoding)
            completion = completions.read(body, n)
            failed = False
            return completion
        except openai.APIStatusError as error:
            with suppress(Fault):
                body = completions.parsed(error.response.content, error.response.charset_encoding)
            raise self._refused(error) from None
        except (openai.APIConnectionError, TimeoutError, transport.TooLong) as error:
            raise _unanswered(error) from None
        finally:
            account.add(completions.tokens(body), failed)

    def _is_enough(self, state: RetryCallState, run: _Run) -> bool:
        """Whether a request that failed is given up."""
        if not state.outcome.exception().unreachable:
            return state.attempt_number >= self._attempts or state.upcoming_sleep > LONGEST_WAIT_S
        most = 1 if run.unreachable else UNREACHABLE_ATTEMPTS
        return state.attempt_number >= min(most, self._attempts)

    def _may_pass(self, fault: BaseException) -> bool:
        """Whether a request that failed is to be sent again as it is."""
        if not isinstance(fault, Fault) or (self._schema and fault.names_schema):
            return False
        return fault.ends == "attempt"

    def _refused(self, error: openai.APIStatusError) -> Fault:
        """The fault of a response whose status is that of an error."""
        response = error.response
        fault = completions.refused(error.status_code, response.content, response.charset_encoding)
        fault.retry_after = response.headers.get("retry-after", "")
        if 300 <= error.status_code < 400:
            fault.way_out = (
                f"; it sends the request on to {self._secrets.hide(_target(error))}, and "
                "a photo goes nowhere but to the server that was named; if that is the right one, "
                "name it in base_url"
            )
        return fault

    def _note(self, run: _Run) -> None:
        """Tell, once in a run, what the server is asked without."""
        for refused, said in list(self._without.items()):
            with run.lock:
                new = refused not in run.notes
                run.notes.add(refused)
            if new:
                said = f"{self._server} {_WITHOUT[refused]}; it said: {said}"
                warnings.warn(said, LMMWarning, stacklevel=2)

    def _said(self, fault: Fault) -> str:
        """What went wrong, in a line, without secrets."""
        said = self._secrets.hide(" ".join(str(fault).split()))[:300]
        return "".join(sign if sign.isprintable() else "?" for sign in said)

    def _blame(self, fault: Fault, temperature: float) -> None:
        """End the run if the server refused what is the same in all requests of it."""
        if fault.refuses("temperature"):
            fault.ends, fault.way_out = "run", (
                f"; it does not take temperature {temperature:g}: take another one, such as "
                "PromptPlan(temperature=1.0)"
            )  # fmt: skip
        for option in (*self._options, *(self._options.get("extra_body") or {})):
            if fault.refuses(option):
                fault.ends = "run"
                fault.way_out = f"; change the option {option} of OpenAILMM, or leave it out"

    def _way_out(self, fault: Fault) -> str:
        if fault.spent:
            return "; the account has no credit left"
        pause = _seconds(fault.retry_after)
        if pause > LONGEST_WAIT_S:
            return f"; it asks for a pause of {pause:,.0f} s: call again then"
        ways = {
            401: f"; put a valid key into the environment variable {self._key_variable}",
            402: "; the account has no credit left",
            403: f"; the key in {self._key_variable} may not do this",
            404: f"; is {self._model!r} a model of this server, and its address right?",
            413: "; send smaller pictures: longest_side",
        } | dict.fromkeys((400, 415, 422), "; change what the server does not accept")
        return fault.way_out or ways.get(fault.status, "")


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


def _unanswered(error: Exception) -> Fault:
    """The fault of a request to which no response came, or none that could be read."""
    cause, within = error, error
    no_way = False
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__
        no_way |= type(cause).__name__ == "ConnectTimeout"  # of httpx or httpx2
    if isinstance(cause, transport.TooLong):
        return Fault(f"{cause}", "request")
    if cause is within:
        return Fault(f"Request timed out. ({cause})")
    said = f"{error} ({cause})"  # "Connection error." alone does not say why
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Fault(said, "run", way_out=(
            "; its certificate cannot be verified: name the file with that of its authority in "
            "the environment variable SSL_CERT_FILE, or take the host name it was made for"
        ))  # fmt: skip
    if isinstance(cause, ssl.SSLError) and cause.reason in _NO_TLS:
        return Fault(said, "run", way_out="; does it speak TLS? if not, the address is http://")
    no_way |= isinstance(cause, ConnectionRefusedError | socket.gaierror)
    no_way |= getattr(cause, "errno", None) in (errno.ENETUNREACH, errno.EHOSTUNREACH)
    return Fault(said, unreachable=no_way)


def _pause(state: RetryCallState) -> float:
    """Seconds before the next attempt: growing ones with jitter, or more if the server asks."""
    growing = wait_exponential(multiplier=FIRST_PAUSE_S, max=LONGEST_PAUSE_S)
    own = (growing + wait_random(0, FIRST_PAUSE_S))(state)
    asked = _seconds(state.outcome.exception().retry_after)
    return asked if asked > own else own  # NaN is not


def _seconds(retry_after: str) -> float:
    """What the header Retry-After asks for: seconds, or until a date; 0 if it is neither."""
    with suppress(ValueError):
        return float(retry_after)
    date = parsedate_tz(retry_after)
    try:
        return mktime_tz(date) - time.time() if date else 0.0
    except (ValueError, OverflowError):  # beyond the year 9999
        return math.inf
