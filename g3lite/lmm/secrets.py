"""Keys and passwords, kept out of what is shown: error messages, and logs of HTTP clients."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, quote_plus

_CLIENTS = ("openai", "httpx", "httpx2", "httpcore", "httpcore2")  # that write logs of requests


@dataclass(frozen=True)
class Secrets:
    """Texts for which [secret] is shown."""

    texts: frozenset[str]

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> Secrets:
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
        """The text with [secret] in the place of each of them."""
        return self._pattern.sub("[secret]", text)


class _LogFilter:
    """Hides the secrets of all models in what the HTTP clients write to a log."""

    secrets = Secrets(frozenset())

    def add(self, secrets: Secrets) -> None:
        self.secrets = Secrets(self.secrets.texts | secrets.texts)
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


def hide_in_logs(secrets: Secrets) -> None:
    """From now on no HTTP client writes them to a log."""
    _LOGS.add(secrets)


def texts_in(value: object) -> Iterator[str]:
    """All texts in an option: those in its lists and the values of its mappings too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode(errors="replace")
    elif isinstance(value, Mapping):
        yield from texts_in(list(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts_in(one)
