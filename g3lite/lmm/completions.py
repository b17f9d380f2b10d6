"""What a server's response says: replies and how they ended, tokens, or an error in its words.

The rules:

- The text of a reply is `content`, or the parts of type "text" where that is a list; parts of other
  types (thinking) are left out. A refusal is a text too.
- A tool call is not read, nor is reasoning: neither is the answer.
- An error may stand in a response of status 200, or in one of its choices. It counts as if it had
  come with the status that its code names. Beside choices, one that says nothing is none.
- Of several choices the good ones are kept.
- What follows another protocol (a stream, other APIs) ends the run: it would come each time.
- Whatever else is no chat completion, or only a part of one, may pass: it is asked for again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from g3lite.lmm.requests import CUT_OFF, token_count

Ends = Literal["attempt", "request", "run"]

_NAMES = {  # what is said in several places ended by the first of these
    "error": ["error", "abort"],
    CUT_OFF: ["length", "max_tokens", "max_output_tokens", "max_new_tokens", "max_length",
              "max_completion_tokens", "max_seq_len", "model_length", "token_limit", "truncated",
              "incomplete", "maxpredictedtokensreached", "model_context_window_exceeded",
              "context_length_exceeded", "max_length_reached", "max_tokens_reached"],
    "content_filter": ["content_filter", "content_filtered", "safety", "image_safety", "sensitive",
                       "recitation", "prohibited_content", "blocklist", "spii", "refusal",
                       "guardrail_intervened"],
    "tool_calls": ["tool_calls", "function_call", "tool_use"],
    "stop": ["stop", "end_turn", "eos", "eos_token", "stop_sequence"],
}  # fmt: skip
_FINISHED = {name: finish for finish, names in _NAMES.items() for name in names}
_SAYS_WHY = (  # in a choice, or in the response
    "finish_reason",
    "finishReason",
    "native_finish_reason",
    "stop_reason",
    "finish_details",
    "incomplete_details",
)
_REASONING = ("reasoning_content", "reasoning", "reasoning_details", "thinking")
_SPENT = re.compile(
    r"\binsufficient[_ ](?:\w+[_ ])?(?:quota|credit|balance|funds)|\b(?:no|out of) credits?\b"
    r"|\b(?:credit|balance) (?:is )?(?:too low|insufficient|not enough)|\bused up\b",
    re.I,
)
_PASSES = re.compile(  # a limit of the rate, which is not one of the account
    r"\brate.?limit|\b(?:per|this) (?:second|minute|hour)\b|\b(?:retry|try again) (?:in|after) \d",
    re.I,
)
_FLAGGED = re.compile(
    r"\bflagged\b|\bmoderation\b|\bcontent[_ -](?:policy|filter)|\bsafety\b", re.I
)
_OF_THE_KEY = re.compile(r"\b(?:account|key|token|user|organi[sz]ation|project)\b", re.I)
_SCHEMA = re.compile(
    r"response[_ ]?(?:format|schema)|json[_ ]?schema|structured[_ -]?output|guided_json|xgrammar",
    re.I,
)
_CHARSET = re.compile(
    r"(?:iso-?8859|latin|windows|cp|koi8|gb|big5|shift_?jis|euc|utf-?(?:16|32))[\w-]*", re.I
)
_NOTHING = {"", "0", "200", "ok", "success", "none", "null", "false", "{}", "[]"}
_NOT_ACCEPTED = (200, 400, 404, 405, 415, 422, 501)
_PAGE = re.compile(r"<(?:!doctype|html|head|body|\?xml|!--)", re.I)
_STREAM = re.compile(r"(?:data|event|id|retry)?:")
_FOREIGN = ("output", "content", "candidates", "message", "response", "generated_text")
"""Keys of what other protocols than chat completions answer."""


class Fault(Exception):
    """A request that brought no replies.

    Attributes:
        ends: what is over: this "attempt" (another one may fare better), the "request" (another
            photo may fare better), or the "run".
        status: of the response, or the one that an error in it names; None if there was none.
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
        params: tuple[str, ...] = (),
        spent: bool = False,
        retry_after: str = "",
        way_out: str = "",
        unreachable: bool = False,
    ) -> None:
        super().__init__(said)
        self.ends, self.status, self._params, self.spent = ends, status, params, spent
        self.retry_after, self.way_out, self.unreachable = retry_after, way_out, unreachable

    def refuses(self, parameter: str) -> bool:
        """Whether the server turned the request down because of a parameter."""
        if self.status not in _NOT_ACCEPTED:
            return False
        if self._params:
            return parameter in self._params
        name = re.escape(parameter)
        named = rf"['\"`]{name}['\"`]|\b(?:param\w*|option|argument|field|value)\W{{1,4}}{name}\b"
        if len(parameter) == 1:  # n, which is no word, but not that of "n x n pixels"
            named += (
                rf"|(?<![\w\\'’.×*/+-])(?<!\bx )(?<![×*/+] )(?<!by ){name}(?![\w'’×*/+-])"
                r"(?! ?(?:[x×*/+]|by|-) ?\w)(?! pixels?\b)"
            )
        elif "_" in parameter or parameter == "temperature":  # which is said of nothing else
            named += rf"|\b{name}\b"
        if parameter == "response_format":
            named += f"|{_SCHEMA.pattern}"
        return re.search(named, str(self)[:1000], re.I) is not None

    @property
    def names_schema(self) -> bool:
        """Whether the server has something against the JSON schema, rather than being busy."""
        if self.status in (None, 408, 409, 425, 429, 503):
            return False
        return _SCHEMA.search(" ".join((*self._params, str(self)[:1000]))) is not None

    @property
    def may_be_the_schema(self) -> bool:
        """Whether the request may be accepted without the JSON schema: servers say it variously."""
        return not self.spent and (self.status in _NOT_ACCEPTED or self.names_schema)


@dataclass(frozen=True)
class Completion:
    """The replies of one response.

    Attributes:
        texts: one of each choice, None for one without a text.
        finish_reasons: as many; see `LMMResponse`.
    """

    texts: tuple[str | None, ...]
    finish_reasons: tuple[str | None, ...]


def parsed(content: bytes, charset: str | None = None) -> object:
    """What the JSON of a response holds.

    Raises:
        Fault: it is none. A web page or a stream ends the run: this is not the API that is meant.
    """
    text = _decoded(content, charset)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if page := _page(text):
        way_out = "; the address is not that of an API: it often ends in /v1; see base_url"
        raise Fault(page, "run", way_out=way_out)
    if _STREAM.match(text):
        raise _foreign(f"it sent a stream of events, {text[:100]!r}")
    raise Fault(f"it sent what is not JSON: {text[:100]!r}")


def refused(status: int, content: bytes, charset: str | None = None) -> Fault:
    """The fault of a response whose status is that of an error, in the words of the server."""
    text = _decoded(content, charset)
    try:
        told = _told(json.loads(text)) if text else ("", None, ())
    except (ValueError, RecursionError):
        told = (_page(text) or text[:1000], None, ())
    return _fault(" - ".join(filter(None, (f"Error code: {status}", told[0]))), status, *told)


def tokens(body: object) -> tuple[int | None, int | None]:
    """The tokens sent and received that a response states; None where it does not."""
    usage = body.get("usage") if isinstance(body, Mapping) else None
    if not isinstance(usage, Mapping):
        return None, None
    names = ("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens")
    sent, received = (token_count(usage.get(a, usage.get(b))) for a, b in names)
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
    if choices and not _says_something(error):
        error = None
    if not error and not choices:  # FastAPI's own errors, and those of older servers
        error = body.get("detail") or (body if isinstance(body.get("message"), str) else None)
    if error:
        raise error_inside(error)
    if not choices and any(body.get(key) for key in _FOREIGN):
        raise _foreign(f"it sent no chat completion (no choices): {_words(body)}")
    if not choices:
        raise Fault("it sent a chat completion without replies (no choices)")
    if not isinstance(choices, list):
        raise Fault(f"it sent choices that are none: {_words(choices)}")
    replies, faults = [], []
    for choice in choices:
        try:
            replies.append(_reply(choice, body if len(choices) == 1 else {}))
        except Fault as fault:
            faults.append(fault)
    if not replies:
        raise faults[0]
    return Completion(*(tuple(column) for column in zip(*replies[:n], strict=True)))


def error_inside(error: object) -> Fault:
    """The error that stands in a response of status 200."""
    said, code, params = _told(error)
    status = 200
    if isinstance(code, int | str) and re.fullmatch("[1-5][0-9]{2}", str(code).strip()):
        status = int(code)
    words = f"an error in place of a reply: {said}"
    words += f" (code {_words(code)})" if code is not None else ""
    return _fault(words, status, said, code, params)


def is_spent(code: object, said: str) -> bool:
    """Whether an error says that the account has no credit left: it comes as 429, and stays."""
    if code == "insufficient_quota":
        return True
    said = said[:1000]
    passes = any(_PASSES.search(text) for text in (code, said) if isinstance(text, str))
    return _SPENT.search(said) is not None and not passes


def ended(status: int, spent: bool) -> Ends:
    """What is over after a response of such a status."""
    if spent:
        return "run"
    if (status >= 500 and status != 501) or status in (408, 409, 425, 429):
        return "attempt"
    # What was sent is not accepted, and the next picture may be another matter. So may be an error
    # without a number, but nothing says that it passes: it is not paid for again and again.
    accepted = 200 <= status < 300
    return "request" if accepted or status in (400, 413, 415, 422, 501) else "run"


def _fault(
    words: str, status: int, said: str, code: object = None, params: tuple[str, ...] = ()
) -> Fault:
    """The fault of an error: how it is told, its status, and what `_told` has of it."""
    spent = is_spent(code, said)
    flagged = status == 403 and _FLAGGED.search(said[:1000]) and not _OF_THE_KEY.search(said[:1000])
    return Fault(
        words,
        "request" if flagged else ended(status, spent),
        status=status,
        params=params,
        spent=spent,
        way_out="; the server's content filter took the photo or the prompt" if flagged else "",
    )


def _told(error: object, depth: int = 4) -> tuple[str, object, tuple[str, ...]]:
    """The words of an error, its code (None without one), and the parameters it is about."""
    if isinstance(error, list) and error and depth:  # FastAPI has one for each parameter
        told = [_told(one, depth - 1) for one in error[:5]]
        return "; ".join(one[0] for one in told), told[0][1], sum((one[2] for one in told), ())
    if isinstance(error, Mapping) and depth:
        code, place = error.get("code", error.get("status")), error.get("loc")
        for key in ("message", "msg", "error", "errors", "detail"):
            if error.get(key):
                said, inner, params = _told(error[key], depth - 1)
                where = f"{_words(place)}: " if isinstance(place, list) else ""
                name = _parameter(error.get("param") or place)
                params = (name, *params) if name else params
                return where + said, inner if code is None else code, params
    return error if isinstance(error, str) else _words(error) if error else "", None, ()


def _parameter(named: object) -> str:
    """The parameter within "response_format.type" or ["body", "response_format", "type"]."""
    parts = named if isinstance(named, list) else named.split(".") if isinstance(named, str) else []
    return next((part for part in parts if isinstance(part, str) and part != "body"), "")


def _says_something(error: object) -> bool:
    """Whether there is an error: some servers send a blank one, or "success", with each reply."""
    values = error.values() if isinstance(error, Mapping) else [error]
    return any(_words(value).strip('" ').lower() not in _NOTHING for value in values)


def _foreign(said: str) -> Fault:
    """What a server says that speaks another protocol."""
    return Fault(said, "run", way_out=(
        "; it speaks another protocol than OpenAI's chat completions: see whether base_url is its "
        "address for that one (it often ends in /v1), and that nothing turns streaming on"
    ))  # fmt: skip


def _decoded(content: bytes, charset: str | None) -> str:
    """The text of a response: UTF-8, as JSON is; else in the charset that its header names."""
    try:
        text = content.decode(json.detect_encoding(content))
    except ValueError:
        known = charset and _CHARSET.fullmatch(charset)
        try:
            text = content.decode(charset if known else "utf-8", errors="replace")
        except LookupError:
            text = content.decode("utf-8", errors="replace")
    return text.strip().removeprefix("\ufeff")


def _page(text: str) -> str | None:
    """What is said of a web page; None for other texts."""
    if not _PAGE.match(text):
        return None
    words = " ".join(re.sub(r"<[^>]{0,500}>", " ", text[:4000]).split())[:100]
    return f"it sent a web page, {words!r}"


def _finish(told: Mapping) -> str | None:
    """Why a choice, or a response, says that it ended; None if it does not, or in other words."""
    found = set()
    for key in _SAYS_WHY:
        why = told.get(key)
        if isinstance(why, Mapping):  # {"reason": "max_output_tokens"}
            why = why.get("reason", why.get("type"))
        if isinstance(why, str):
            name = why.strip().lower().replace("-", "_").removeprefix("finish_reason_")
            found.add(_FINISHED.get(name))
    return next((name for name in _NAMES if name in found), None)


def _reply(choice: object, body: Mapping) -> tuple[str | None, str | None]:
    """Text and finish reason of a choice; `body` may tell of the only one as well."""
    if not isinstance(choice, Mapping):
        raise Fault(f"it sent a choice that is none: {_words(choice)}")
    if _says_something(choice.get("error")):
        raise error_inside(choice["error"])
    ends = {_finish(choice), _finish(body)}
    finish = next((name for name in _NAMES if name in ends), None)
    if finish == "error":
        said = choice.get("finish_reason") or finish
        raise Fault(f"the server gave a reply up (finish_reason {said!r})")
    message = choice.get("message")
    if message is None and (choice.get("text") or choice.get("delta")):
        raise _foreign(f"it sent a choice without a message: {_words(choice)}")
    if not isinstance(message, Mapping):
        raise Fault(f"it sent a choice without a message: {_words(choice)}")
    refusal = message.get("refusal")
    texts = (_text(message.get("content")), refusal if isinstance(refusal, str) else None)
    text = next((text for text in texts if text and text.strip()), None)
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
    if isinstance(content, Mapping):
        raise _foreign(f"it sent a reply that is no text: {_words(content)}")
    if not isinstance(content, list) or not all(isinstance(part, Mapping) for part in content):
        raise Fault(f"it sent a reply that is no text: {_words(content)}")
    texts = [
        part.get("refusal" if part.get("type") == "refusal" else "text")
        for part in content
        if part.get("type") in ("text", "output_text", "refusal")
        or (part.get("type") is None and "text" in part and not part.get("thought"))
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
