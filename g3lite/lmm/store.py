"""Replies on disk: whatever a model has answered is written down at once and never asked for again.

A store is one SQLite file. A question is a photo, a prompt and a temperature put to a model; its
replies are numbered by sample. Several threads, and several processes, may read and write the same
file: a reply is written once, the first writer wins.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from functools import cached_property
from pathlib import Path

from g3lite import G3Error

BUSY_S = 60
"""Seconds that a process waits while another one writes."""

# One row per question; its id is made of the other four columns. One row per reply: text is NULL if
# an answer came without one, and the tokens of a request stand with the first reply it brought.
_TABLES = (
    """
    CREATE TABLE IF NOT EXISTS questions (
        id VARCHAR NOT NULL PRIMARY KEY,
        model VARCHAR NOT NULL,
        photo VARCHAR NOT NULL,
        prompt VARCHAR NOT NULL,
        temperature FLOAT NOT NULL
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS replies (
        question VARCHAR NOT NULL REFERENCES questions (id),
        sample INTEGER NOT NULL,
        text VARCHAR,
        tokens_in INTEGER NOT NULL,
        tokens_out INTEGER NOT NULL,
        PRIMARY KEY (question, sample)
    ) WITHOUT ROWID
    """,
    "SELECT id, model, photo, prompt, temperature FROM questions LIMIT 1",  # is it such a table?
    "SELECT question, sample, text, tokens_in, tokens_out FROM replies LIMIT 1",
)


class StoreError(G3Error):
    """A file that cannot be used as a store; the message says why."""


@dataclass(frozen=True)
class Question:
    """What a model is asked.

    Attributes:
        model: its name, which holds whatever else changes the replies (revision, precision, ...).
        photo: SHA-256 of the encoded picture.
        prompt: the text.
        temperature: of the sampling.
    """

    model: str
    photo: str
    prompt: str
    temperature: float

    @cached_property
    def id(self) -> str:
        """SHA-256 of the four, as 64 hexadecimal digits."""
        text = json.dumps([self.model, self.photo, self.prompt, float(self.temperature)])
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Stored:
    """A reply as it was written down; `text` is None where the model's answer held none."""

    text: str | None
    tokens_in: int
    tokens_out: int


def _address(path: Path) -> str:
    """The file as SQLite is to open it: to read alone where nothing can be written.

    Even a reader makes files beside a write-ahead log. Where it cannot, and there is no such log
    with something in it, the file is all there is.
    """
    address = path.absolute().as_uri()
    by_me = {"effective_ids": os.access in os.supports_effective_ids}
    if not path.is_file() or all(os.access(p, os.W_OK, **by_me) for p in (path, path.parent)):
        return address
    log = path.with_name(f"{path.name}-wal")
    return f"{address}?mode=ro" + ("" if log.exists() else "&immutable=1")


class Store:
    """The replies in a file, which is made if there is none. Usable in a `with` statement.

    SQLite's write-ahead log keeps the file whole and what was written there if the process is
    killed. Such a log needs a local disk: do not put a store on a network drive. A store on a
    read-only disk still gives what it holds.

    Raises:
        StoreError: the file, or its folder, cannot be used.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.parent.is_dir():
            raise StoreError(
                f"there is no folder {self.path.parent} for the store {self.path.name}; make it"
            )
        self._lock = threading.Lock()
        connection = None
        try:
            connection = sqlite3.connect(
                _address(self.path), BUSY_S, isolation_level="IMMEDIATE", check_same_thread=False,
                uri=True,
            )  # fmt: skip
            connection.text_factory = lambda data: data.decode(errors="replace")  # damaged text too
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may take the last ones
            for statement in _TABLES:
                connection.execute(statement).fetchall()
        except sqlite3.Error as error:
            if connection:
                connection.close()
            raise StoreError(
                f"{self.path} cannot be used as a store of replies ({error}); name another "
                "file, or one that does not exist yet (by default it lies where G3LITE_CACHE says)"
            ) from error
        self._connection = connection

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def check(self) -> None:
        """Write a row and delete it again: it must reach the disk, as a reply will have to.

        Raises:
            StoreError: the file or its folder is read-only, the disk is full, or the like.
        """
        with self._transaction("written") as connection:
            connection.execute("INSERT INTO questions VALUES ('check', '', '', '', 0)")
            connection.execute("DELETE FROM questions WHERE id = 'check'")

    def read(self, question: Question) -> dict[int, Stored]:
        """The replies to a question by sample number; {} if there are none yet.

        Raises:
            StoreError: the file cannot be read.
        """
        wanted = (
            "SELECT sample, text, tokens_in, tokens_out FROM replies WHERE question = ? "
            "ORDER BY sample"
        )
        with self._transaction("read") as connection:
            return {
                sample: Stored(*rest) for sample, *rest in connection.execute(wanted, [question.id])
            }

    def write(
        self,
        question: Question,
        samples: Sequence[int],
        texts: Sequence[str | None],
        tokens_in: int = 0,
        tokens_out: int = 0,
    ) -> None:
        """Write the replies that one request brought, all or none of them.

        Args:
            question: what was asked.
            samples: their numbers; those that the store has already keep their text.
            texts: as many.
            tokens_in: of the whole request.
            tokens_out: of all its replies.

        Raises:
            StoreError: they cannot be written.
        """
        rows = []
        for i, (sample, text) in enumerate(zip(samples, texts, strict=True)):
            # Half a surrogate pair, which JSON can hold, is no text that can be written.
            text = text if text is None else text.encode(errors="replace").decode()
            rows.append((question.id, sample, text, *((0, 0) if i else (tokens_in, tokens_out))))
        with self._transaction("written") as connection:
            connection.execute(
                "INSERT INTO questions VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (question.id, *astuple(question)),
            )
            connection.executemany(
                "INSERT INTO replies VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", rows
            )

    @contextmanager
    def _transaction(self, what: str) -> Iterator[sqlite3.Connection]:
        """The connection, for one thread at a time; an error takes back what was done in it."""
        with self._lock:
            try:
                with self._connection:
                    yield self._connection
            except sqlite3.Error as error:
                with suppress(sqlite3.Error):  # who has waited in vain does not wait again
                    self._connection.execute("PRAGMA busy_timeout = 0")
                raise StoreError(
                    f"the store {self.path} cannot be {what} ({error}): see that file and folder "
                    "are writable, the disk has room and no other process holds the file, or name "
                    "another store (by default it lies where G3LITE_CACHE says)"
                ) from error
