"""What a server's response says: replies and how they ended, tokens, or an error in its words.

The rules:

- The text of a reply is `content`, or the parts of type "text" where that is a list; parts of other
  types (thinking) are left out. A refusal is a text too.
- A tool call is not read, nor is reasoning: neither is the answer.
- An error may stand in a response of status 200, or in one of its choices. It counts as if it had
  come with the status that its code names.
- Whatever is no chat completion at all, or only a part of one, may pass: it is asked for again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from g3lite.lmm.requests import CUT_OFF, token_count

Ends = Literal["attempt", "request", "run"]

_FINISHED = {
    "stop": "stop", "end_turn": "stop", "eos": "stop", "eos_token": "stop", "stop_sequence": "stop",
    "length": CUT_OFF, "max_tokens": CUT_OFF, "max_output_tokens": CUT_OFF, "model_length": CUT_OFF,
    "content_filter": "content_filter", "safety": "content_filter",
    "tool_calls": "tool_calls", "function_call": "tool_calls", "tool_use": "tool_calls",
}  # fmt: skip
_REASONING = ("reasoning_content", "reasoning", "reasoning_details", "thinking")
_SPENT = re.compile(
    r"insufficient[_ ](?:quota|credit|balance|funds)|(?:no|out of) credits?\b|\bused up\b", re.I
)


class Fault(Exception):
    """A request that brought no replies.

    Attributes:
        ends: what is over: this "attempt" (another one may fare better), the "request" (another
            photo may fare better), or the "run".
        status: of the response, or the one that an error in it names; None for no such number.
        spent: whether the account has no credit left.
        retry_after: how long the server wants to be left alone, in its words.
        way_out: what to change, if more is known than the status says.
        unreachable: whether nobody listens at the address.
    """

    def __init__(
        self,
        said: str,
        ends: Ends = "attempt",
        *,
        status: int | None = None,
        param: object = None,
        spent: bool = False,
        retry_after: str = "",
        way_out: str = "",
        unreachable: bool = False,
    ) -> None:
        super().__init__(said)
        self.ends, self.status, self._param, self.spent = ends, status, param, spent
        self.retry_after, self.way_out, self.unreachable = retry_after, way_out, unreachable

    def refuses(self, parameter: str) -> bool:
        """Whether the server turned the request down because of a parameter."""
        if self.status not in (400, 422):
            return False
        if self._param:
            return str(self._param).split(".")[0] == parameter
        name = re.escape(parameter)
        named = rf"['\"`]{name}['\"`]|\b(?:param\w*|option|argument|field|value)\W{{1,4}}{name}\b"
        if len(parameter) == 1:  # n, which is no word
            named += rf"|(?<![\w\\'’.]){name}(?![\w'’])"
        elif "_" in parameter or parameter == "temperature":  # which is said of nothing else
            named += rf"|\b{name}\b"
        if parameter == "response_format":
            named += r"|\bjson_schema\b"
        return re.search(named, str(self)[:1000], re.I) is not None


@dataclass(frozen=True)
class Completion:
    """The replies of one response.

    Attributes:
        texts: one of each choice, None for one without a text.
        finish_reasons: as many; see `LMMResponse`.
    """

    texts: tuple[str | None, ...]
    finish_reasons: tuple[str | None, ...]


def parsed(body: bytes) -> object:
    """What the JSON of a response holds.

    Raises:
        Fault: it is none. A web page ends the run: the address is not that of an API.
    """
    text = body.decode("utf-8", errors="replace").strip().removeprefix("\ufeff")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if re.match(r"<(?:!doctype|html|head|body|\?xml|!--)", text, re.I):
        words = " ".join(re.sub(r"<[^>]{0,500}>", " ", text[:4000]).split())[:100]
        raise Fault(
            f"it sent a web page, {words!r}",
            "run",
            way_out="; the address is not that of an API: it often ends in /v1; see base_url",
        )
    raise Fault(f"it sent what is not JSON: {text[:100]!r}")


def tokens(body: object) -> tuple[int | None, int | None]:
    """The tokens sent and received that a response states; None where it does not."""
    usage = body.get("usage") if isinstance(body, Mapping) else None
    if not isinstance(usage, Mapping):
        return None, None
    sent, received = (token_count(usage.get(f"{kind}_tokens")) for kind in ("prompt", "completion"))
    return sent, received


def read(body: object, n: int) -> Completion:
    """The first n replies in the JSON of a response.

    Raises:
        Fault: there are none.
    """
    if not isinstance(body, Mapping):
        raise Fault(f"it sent what is no chat completion: {_words(body)}")
    choices = body.get("choices")
    error = body.get("error")
    if not error and not choices:  # FastAPI's own errors, and those of older servers
        error = body.get("detail") or (body if body.get("message") else None)
    if error:
        raise error_inside(error)
    if not choices:
        raise Fault("it sent a chat completion without replies (no choices)")
    if not isinstance(choices, list) or not all(isinstance(one, Mapping) for one in choices):
        raise Fault(f"it sent choices that are none: {_words(choices)}")
    replies = [_reply(choice) for choice in choices[:n]]
    return Completion(*(tuple(column) for column in zip(*replies, strict=True)))


def error_inside(error: object) -> Fault:
    """The error that stands in a response of status 200."""
    about = error if isinstance(error, Mapping) else {}
    said = about.get("message") or about.get("detail") or error
    said = said if isinstance(said, str) else _words(said)
    code = about.get("code", about.get("status"))
    status = None
    if isinstance(code, int | str) and re.fullmatch("[1-5][0-9]{2}", str(code).strip()):
        status = int(code)
    spent = is_spent(code, said)
    # Without a number nothing says that it may pass, so it is not paid for again and again.
    ends = "request" if status is None or 200 <= status < 300 else ended(status, spent)
    return Fault(
        f"an error in place of a reply: {said}"
        + (f" (code {_words(code)})" if code is not None else ""),
        ends,
        status=status,
        param=about.get("param"),
        spent=spent,
    )


def is_spent(code: object, said: str) -> bool:
    """Whether an error says that the account has no credit left: it comes as 429, and stays."""
    return code == "insufficient_quota" or _SPENT.search(said) is not None


def ended(status: int, spent: bool) -> Ends:
    """What is over after a response of such a status."""
    if spent:
        return "run"
    if status >= 500 or status in (408, 409, 425, 429):
        return "attempt"
    # What was sent is not accepted, and the next picture may be another matter.
    return "request" if status in (400, 413, 415, 422) else "run"


def _reply(choice: Mapping) -> tuple[str | None, str | None]:
    """Text and finish reason of a choice."""
    if choice.get("error"):
        raise error_inside(choice["error"])
    finish = choice.get("finish_reason")
    finish = finish.lower() if isinstance(finish, str) else None
    if finish in ("error", "abort"):
        raise Fault(f"the server gave a reply up (finish_reason {finish!r})")
    message = choice.get("message")
    if not isinstance(message, Mapping):
        raise Fault(f"it sent a choice without a message: {_words(choice)}")
    text = _text(message.get("content"))
    refusal = message.get("refusal")
    text = text or (refusal if isinstance(refusal, str) else None) or None
    finish = _FINISHED.get(finish)
    if text is None and finish in (None, "stop"):
        if message.get("tool_calls") or message.get("function_call"):
            finish = "tool_calls"
        elif isinstance(message.get("content"), list) and message["content"]:
            finish = "reasoning"
        elif any(message.get(key) for key in _REASONING):
            finish = "reasoning"
    return text, finish


def _text(content: object) -> str | None:
    """The text of a message: of the parts that are text, where it comes in parts."""
    if content is None or isinstance(content, str):
        return content
    if not isinstance(content, list) or not all(isinstance(part, Mapping) for part in content):
        raise Fault(f"it sent a reply that is no text: {_words(content)}")
    texts = [
        part.get("refusal" if part.get("type") == "refusal" else "text")
        for part in content
        if part.get("type") in ("text", "output_text", "refusal")
    ]
    if not all(isinstance(text, str) for text in texts):
        raise Fault(f"it sent a part of a reply that is no text: {_words(content)}")
    return "".join(texts)


def _words(value: object) -> str:
    """A value as JSON, not too long."""
    try:
        return json.dumps(value, ensure_ascii=False)[:200]
    except RecursionError:
        return "lists within lists"
