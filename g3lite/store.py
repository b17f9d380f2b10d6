"""Replies on disk: whatever a model has answered is written down at once and never asked for again.

A store is one SQLite file, reached through SQLAlchemy. A question is a photo, a prompt and a
temperature put to a model; its replies are numbered by sample. Several threads, and several
processes, may read and write the same file: a reply is written once, the first writer wins.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy import (
    URL,
    Column,
    Engine,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    select,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError
from sqlalchemy.schema import CreateTable

from g3lite import G3Error

BUSY_S = 60
"""Seconds that a process waits while another one writes."""

_METADATA = MetaData()
QUESTIONS = Table(
    "questions",
    _METADATA,
    Column("id", String, primary_key=True),
    Column("model", String, nullable=False),
    Column("photo", String, nullable=False),
    Column("prompt", String, nullable=False),
    Column("temperature", Float, nullable=False),
)
"""One row per question; `id` is made of the other four."""
REPLIES = Table(
    "replies",
    _METADATA,
    Column("question", String, ForeignKey(QUESTIONS.c.id), primary_key=True),
    Column("sample", Integer, primary_key=True, autoincrement=False),
    Column("text", String),  # NULL: an answer came, without a text
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""One row per reply. The tokens of a request stand with the first of the replies it brought."""


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


class Store:
    """The replies in a file, which is made if there is none. Usable in a `with` statement.

    SQLite's write-ahead log keeps the file whole and what was written there if the process is
    killed. Such a log needs a local disk: do not put a store on a network drive.

    Raises:
        StoreError: the file, or its folder, cannot be used.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._engine = _engine(self.path)
        try:
            with self._engine.begin() as connection:
                for table in _METADATA.sorted_tables:
                    connection.execute(CreateTable(table, if_not_exists=True))
                for table in _METADATA.sorted_tables:
                    connection.execute(select(table).limit(1))
        except DatabaseError as error:
            self.close()
            raise StoreError(
                f"{self.path} cannot be used as a store of replies ({error.orig}); name another "
                "file, or one that does not exist yet"
            ) from error

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the store opens it again when it is used again."""
        self._engine.dispose()

    def read(self, question: Question) -> dict[int, Stored]:
        """The replies to a question by sample number; {} if there are none yet."""
        columns = REPLIES.c.sample, REPLIES.c.text, REPLIES.c.tokens_in, REPLIES.c.tokens_out
        wanted = select(*columns).where(REPLIES.c.question == question.id).order_by(columns[0])
        with self._engine.connect() as connection:
            return {sample: Stored(*rest) for sample, *rest in connection.execute(wanted)}

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
        """
        replies = [
            {
                "question": question.id,
                "sample": sample,
                # Half a surrogate pair, which JSON can hold, is no text that can be written.
                "text": text if text is None else text.encode(errors="replace").decode(),
                "tokens_in": 0 if i else tokens_in,
                "tokens_out": 0 if i else tokens_out,
            }
            for i, (sample, text) in enumerate(zip(samples, texts, strict=True))
        ]
        values = dict(zip(QUESTIONS.c.keys(), (question.id, *astuple(question)), strict=True))
        with self._engine.begin() as connection:
            connection.execute(insert(QUESTIONS).on_conflict_do_nothing(), values)
            if replies:
                connection.execute(insert(REPLIES).on_conflict_do_nothing(), replies)


def _engine(path: Path) -> Engine:
    if not path.parent.is_dir():
        raise StoreError(f"there is no folder {path.parent} for the store {path.name}; make it")
    address = URL.create("sqlite", database=str(path))  # whatever signs the path holds
    engine = create_engine(address, connect_args={"timeout": BUSY_S})

    @event.listens_for(engine, "connect")
    def prepare(connection, _record) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may take the last moments

    return engine
