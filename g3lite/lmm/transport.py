"""The way to a server: its address, and connections that end at a limit of time and size."""

from __future__ import annotations

import importlib
import threading
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

import openai

from g3lite.lmm.requests import LMMError

# Newer versions of openai are built on httpx2, older ones on httpx.
http = importlib.import_module(openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0])

CONNECT_S = 5.0
"""A server that cannot be connected to for so long is not there, or behind a firewall."""
MAX_RESPONSE_BYTES = 16 * 2**20
"""Of a response, unpacked. The longest replies have some hundred thousand."""
Result = TypeVar("Result")


class TooLong(Exception):
    """A response that is larger than it may be, or packed in a way that was not asked for."""


class Abandoned(Exception):
    """The run has ended, and nobody waits for this response."""


class BoundedTransport(http.HTTPTransport):
    """Reads each response whole, and no further than `MAX_RESPONSE_BYTES` and `deadline` seconds.

    A timeout of the HTTP client limits the silence of a server only: one that sends a byte now and
    then would hold it for good. And a small packed response may unpack to gigabytes.
    """

    def __init__(self, *, deadline: float, proxy: str | None = None) -> None:
        super().__init__(proxy=proxy)
        self._deadline = deadline

    def handle_request(self, request: http.Request) -> http.Response:
        """What the HTTP client calls with each request."""
        latest = time.monotonic() + self._deadline
        response = super().handle_request(request)
        try:
            packed = response.headers.get("content-encoding", "identity").strip().lower()
            if packed not in ("identity", "gzip", "deflate"):  # others unpack a chunk to gigabytes
                raise TooLong(f"its response is packed as {packed[:40]!r}, which was not asked for")
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_RESPONSE_BYTES:
                    raise TooLong(f"its response is larger than {MAX_RESPONSE_BYTES:,} bytes")
                if time.monotonic() > latest:
                    raise http.ReadTimeout(f"no whole response in {self._deadline:g} s")
        finally:
            response.close()
        about_the_body = ("content-encoding", "content-length", "transfer-encoding")
        headers = [(k, v) for k, v in response.headers.raw
                   if k.decode("latin-1").lower() not in about_the_body]  # fmt: skip
        return http.Response(
            response.status_code,
            headers=headers,
            content=bytes(body),
            extensions=response.extensions,
        )


def client(address: SplitResult, deadline: float) -> http.Client:
    """An HTTP client for one server, by way of the proxy that the environment names for it.

    Raises:
        LMMError: there is no way by that proxy.
    """
    proxy = None
    if not urllib.request.proxy_bypass(address.netloc.rpartition("@")[2]):
        proxies = urllib.request.getproxies()
        proxy = proxies.get(address.scheme) or proxies.get("all")
        proxy = f"http://{proxy}" if proxy and "://" not in proxy else proxy
    try:
        transport = BoundedTransport(deadline=deadline, proxy=proxy)
    except (ValueError, ImportError, http.InvalidURL) as error:  # which may quote a password
        raise LMMError(
            f"the proxy that the environment variable {address.scheme.upper()}_PROXY or ALL_PROXY "
            f"names cannot be used ({type(error).__name__}); it looks like http://host:8080 (one "
            "of SOCKS needs the package socksio)"
        ) from None
    except OSError as error:
        raise LMMError(
            f"the certificates cannot be read ({error}); see the environment variables "
            "SSL_CERT_FILE and SSL_CERT_DIR"
        ) from error
    headers = {"Accept-Encoding": "gzip, deflate"}
    return http.Client(transport=transport, headers=headers, follow_redirects=False)


def in_time(call: Callable[[], Result], seconds: float, abandoned: Future[None]) -> Result:
    """The result of a call, made in a thread of its own.

    A thread that waits for the network cannot be stopped, but it can be left behind: it ends with
    the process, or when its connection does.

    Raises:
        TimeoutError: it took longer than `seconds`.
        Abandoned: `abandoned` was set meanwhile.
    """
    result: Future[Result] = Future()

    def run() -> None:
        try:
            result.set_result(call())
        except BaseException as error:
            result.set_exception(error)

    threading.Thread(target=run, name="lmm-request", daemon=True).start()
    wait({result, abandoned}, seconds, FIRST_COMPLETED)
    if result.done():
        return result.result()
    if abandoned.done():
        raise Abandoned
    raise TimeoutError(f"no whole response in {seconds:g} s")


def checked_address(base_url: str) -> SplitResult:
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
