"""Replies on disk: whatever a model has answered is written down at once and never asked for again.

A store is one SQLite file. A question is a photo, a prompt and a temperature put to a model; its
replies are numbered by sample. Several threads, and several processes, may read and write the same
file. A reply keeps its first text, whoever else writes one; the tokens of all of them are counted,
and those of requests that failed, for they are paid for.

A process claims a question before it asks it, and no other one asks it meanwhile. A claim holds as
long as its owner holds a lock on a small file beside the store: the system takes that away when the
process ends, however it ends.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from functools import cached_property
from pathlib import Path

from filelock import FileLock, Timeout

from g3lite import G3Error

BUSY_S = 10
"""Seconds that a process waits while another one writes, which takes a moment."""

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
# What the first version did not have. NULL: how the reply ended is not known.
_ADDED = (
    "ALTER TABLE replies ADD COLUMN finish_reason VARCHAR",
    """
    CREATE TABLE failures (
        question VARCHAR NOT NULL PRIMARY KEY, tokens_in INTEGER NOT NULL,
        tokens_out INTEGER NOT NULL
    )
    """,
    "CREATE TABLE claims (question VARCHAR NOT NULL PRIMARY KEY, owner VARCHAR NOT NULL)",
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
    """A reply as it was written down.

    Attributes:
        text: None where the model's answer held none.
        tokens_in: of the request, with the first reply that it brought; else 0.
        tokens_out: likewise.
        finish_reason: how it ended, see `LMMResponse`; None if that is not known.
    """

    text: str | None
    tokens_in: int
    tokens_out: int
    finish_reason: str | None = None


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
        self._owner: FileLock | None = None
        self._version: int | None = None
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
            self._old = not _added(connection)
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
        """Close the file. What this process has claimed, others may ask."""
        with suppress(StoreError):  # without its lock a claim means nothing
            self.release()
        if self._owner:
            self._owner.release()
            with suppress(OSError):
                Path(self._owner.lock_file).unlink(missing_ok=True)
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
        finish_reason = "NULL" if self._old else "finish_reason"
        wanted = (
            f"SELECT sample, text, tokens_in, tokens_out, {finish_reason} FROM replies "
            "WHERE question = ? ORDER BY sample"
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
        finish_reasons: Sequence[str | None] = (),
    ) -> None:
        """Write the replies that one request brought, all or none of them.

        Args:
            question: what was asked.
            samples: their numbers; those that the store has already keep their text, if they have
                one.
            texts: as many.
            tokens_in: of the whole request; added to those of a reply that is there already.
            tokens_out: of all its replies.
            finish_reasons: as many as texts; () where they are not known.

        Raises:
            StoreError: they cannot be written.
        """
        rows = []
        reasons = finish_reasons or [None] * len(texts)
        for i, (sample, text, reason) in enumerate(zip(samples, texts, reasons, strict=True)):
            counts = (0, 0) if i else (tokens_in, tokens_out)
            rows.append((question.id, sample, _writable(text), *counts, reason))
        with self._transaction("written") as connection:
            self._name(connection, question)
            connection.executemany(
                """
                INSERT INTO replies (question, sample, text, tokens_in, tokens_out, finish_reason)
                VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (question, sample) DO UPDATE SET
                    tokens_in = tokens_in + excluded.tokens_in,
                    tokens_out = tokens_out + excluded.tokens_out,
                    finish_reason = iif(text IS NULL, excluded.finish_reason, finish_reason),
                    text = coalesce(text, excluded.text)
                """,
                rows,
            )

    def write_failure(self, question: Question, tokens_in: int, tokens_out: int) -> None:
        """Write down the tokens of a request that brought no replies.

        Raises:
            StoreError: they cannot be written.
        """
        with self._transaction("written") as connection:
            self._name(connection, question)
            connection.execute(
                """
                INSERT INTO failures VALUES (?, ?, ?) ON CONFLICT (question) DO UPDATE SET
                    tokens_in = tokens_in + excluded.tokens_in,
                    tokens_out = tokens_out + excluded.tokens_out
                """,
                (question.id, tokens_in, tokens_out),
            )

    def spent(self, questions: Iterable[Question]) -> tuple[int, int]:
        """The tokens sent and received for these questions so far, by all processes.

        Raises:
            StoreError: the file cannot be read.
        """
        of_all = "SELECT question, tokens_in, tokens_out FROM replies"
        if not self._old:
            of_all += " UNION ALL SELECT question, tokens_in, tokens_out FROM failures"
        ids = json.dumps([question.id for question in questions])
        # Earlier versions wrote what the server said, also where that was negative.
        total = (
            f"SELECT total(max(tokens_in, 0)), total(max(tokens_out, 0)) FROM ({of_all}) "
            "WHERE question IN (SELECT value FROM json_each(?))"
        )
        with self._transaction("read") as connection:
            sent, received = connection.execute(total, [ids]).fetchone()
        return int(sent), int(received)

    def changed_elsewhere(self) -> bool:
        """Whether another process has written anything since this was asked last.

        Raises:
            StoreError: the file cannot be read.
        """
        with self._transaction("read") as connection:
            (version,) = connection.execute("PRAGMA data_version").fetchone()
        before, self._version = self._version, version
        return version != before

    def claim(self, question: Question) -> bool:
        """Keep other processes from asking a question; False if another one asks it now.

        Raises:
            StoreError: the file cannot be written.
        """
        with self._transaction("written") as connection:
            if self._owner is None:
                self._owner = self._lock_of(self._own_name())
                self._owner.acquire(timeout=0)
            name = Path(self._owner.lock_file).name
            connection.execute("BEGIN IMMEDIATE")
            select = "SELECT owner FROM claims WHERE question = ?"
            owners = [owner for (owner,) in connection.execute(select, [question.id])]
            if any(owner != name and self._is_alive(owner) for owner in owners):
                return False
            connection.execute("REPLACE INTO claims VALUES (?, ?)", (question.id, name))
        return True

    def release(self) -> None:
        """Give up the claims of this process.

        Raises:
            StoreError: the file cannot be written.
        """
        if self._owner is not None:
            with self._transaction("written") as connection:
                name = Path(self._owner.lock_file).name
                connection.execute("DELETE FROM claims WHERE owner = ?", [name])

    def _own_name(self) -> str:
        return f"{self.path.name}-{os.getpid()}-{secrets.token_hex(4)}.lock"

    def _lock_of(self, name: str) -> FileLock:
        return FileLock(self.path.absolute().with_name(name), thread_local=False)

    def _is_alive(self, owner: str) -> bool:
        """Whether the process that made a claim still runs: then it holds its lock."""
        if Path(owner).name != owner or not owner.startswith(f"{self.path.name}-"):
            return False  # nothing that was written here
        lock = self._lock_of(owner)
        try:
            lock.acquire(timeout=0)
        except (Timeout, PermissionError):
            return True
        lock.release()
        with suppress(OSError):
            Path(lock.lock_file).unlink(missing_ok=True)
        return False

    def _name(self, connection: sqlite3.Connection, question: Question) -> None:
        """Write down what a question's id stands for."""
        values = (_writable(value) for value in astuple(question))
        connection.execute(
            "INSERT INTO questions VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (question.id, *values),
        )

    @contextmanager
    def _transaction(self, what: str) -> Iterator[sqlite3.Connection]:
        """The connection, for one thread at a time; an error takes back what was done in it."""
        with self._lock:
            try:
                with self._connection:
                    yield self._connection
            except (sqlite3.Error, OSError, OverflowError, NotImplementedError) as error:
                with suppress(sqlite3.Error):  # who has waited in vain does not wait again
                    self._connection.execute("PRAGMA busy_timeout = 0")
                raise StoreError(
                    f"the store {self.path} cannot be {what} ({error}): see that file and folder "
                    "are writable, the disk has room and no other process holds the file, or name "
                    "another store (by default it lies where G3LITE_CACHE says)"
                ) from error


def _added(connection: sqlite3.Connection) -> bool:
    """Whether the tables have what `_ADDED` adds; it is added where the file can be written."""

    def are_there() -> bool:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(replies)")]
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
        return "finish_reason" in columns and {("failures",), ("claims",)} <= set(tables)

    if are_there():
        return True
    try:
        connection.execute("BEGIN IMMEDIATE")
        if not are_there():  # else another process was first
            for statement in _ADDED:
                connection.execute(statement)
        connection.commit()
    except sqlite3.OperationalError as error:
        connection.rollback()
        if "readonly" not in str(error):
            raise
    return are_there()


def _writable(value: object) -> object:
    """Half a surrogate pair, which JSON can hold, is no text that can be written."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else value
