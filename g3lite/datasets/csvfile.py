"""CSV files as people have them: looked at row by row, then read as text in pieces.

A number that is written with a comma, or a name with one, gives a row more fields than there are
columns. Everything after it would stand under a wrong name, so such a row is never read.
"""

from __future__ import annotations

import csv
import gzip
import warnings
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Literal, TextIO

import pandas as pd

from g3lite.photos import NotThere, TableError

CHUNK = 200_000
"""Rows in memory as text at a time."""
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_text(
    path: str | Path, on_bad: Literal["raise", "skip"] = "raise", chunk: int = CHUNK
) -> Iterator[pd.DataFrame]:
    """The rows of a CSV file in pieces of `chunk`, all of them text; only an empty field is NA.

    Blanks before a field are no part of it, nor are those around the name of a column. A comma too
    many at the end of every row is passed over. Broken letters are replaced.

    Args:
        path: the file; `.gz` is unpacked.
        on_bad: what to do with a row of too many fields: "raise", or "skip" it with a warning.
        chunk: rows in a piece.

    Raises:
        NotThere: there is no such file.
        TableError: it is no CSV file with a header, or a row has more fields than there are
            columns. The message does not name the file.
    """
    path = Path(path)
    if not path.is_file():
        raise NotThere(f"there is no table {path}")
    try:
        columns = len(_header(path))
        wrong = _long_rows(path, columns)
        if wrong and on_bad == "raise":
            raise TableError(
                f"{wrong[0][1]}; put a field that holds a comma in quotes, and write decimals with "
                "a point"
            )
        if wrong:
            warnings.warn(
                f"{path}: rows of too many fields are left out: {len(wrong):,}, the first of them "
                f"{wrong[0][1]}",
                stacklevel=3,
            )
        with pd.read_csv(
            path, dtype="string", keep_default_na=False, na_values=[""], chunksize=chunk,
            encoding_errors="replace", skipinitialspace=True, usecols=range(columns),
            skiprows=[record for record, _ in wrong],
        ) as pieces:  # fmt: skip
            for piece in pieces:
                yield piece.rename(columns=str.strip)
    except (OSError, EOFError, csv.Error, pd.errors.ParserError) as error:
        raise TableError(f"it cannot be read as a CSV table: {error}") from error


def _open(path: Path) -> TextIO:
    opened = gzip.open if path.suffix == ".gz" else open
    return opened(path, "rt", encoding="utf-8-sig", errors="replace", newline="")


def _header(path: Path) -> list[str]:
    """The names of the columns; refuses what is no table of several columns."""
    with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
        head = file.read(4_096)
    if not head.removeprefix(b"\xef\xbb\xbf").strip():
        raise TableError("it is empty")
    if head.startswith(_UTF16):
        raise TableError('it is text in UTF-16 (a spreadsheet\'s "Unicode text"); save it as UTF-8')
    if head.startswith(b"PK\x03\x04"):
        raise TableError("it is a workbook of a spreadsheet, or a zip; save it as CSV")
    if b"\0" in head:
        raise TableError("it is no text, and so no CSV table")
    with _open(path) as file:
        names = [name.strip() for name in next(filter(None, _reader(file)))]
    for sign, called in _SEPARATORS.items():
        if len(names) <= names[0].count(sign):
            raise TableError(
                f"its columns are separated by {called} ({sign!r}); save it with commas between "
                "them, and with decimals that have a point"
            )
    twice = [name for name in names if name and names.count(name) > 1]
    if twice:
        raise TableError(f"there is more than one column {twice[0]}; keep one")
    return names


def _reader(lines: Iterable[str]) -> Iterator[list[str]]:
    return csv.reader(lines, skipinitialspace=True)


def _long_rows(path: Path, columns: int) -> list[tuple[int, str]]:
    """Rows with more fields than columns: which record of the file it is, and what is wrong.

    A comma at the end of every row is a habit of some programs. At the end of some rows only it is
    the empty last field of a row that a comma too many has shifted.
    """
    wrong, ended = [], []
    row, line = -1, 0  # the header comes before row 0
    with _open(path) as file:
        for record, text in enumerate(file):
            first = line = line + 1
            if '"' in text:  # a comma may be in quotes, and so may the end of a line
                reader = _reader(chain((text,), file))
                fields = next(reader)
                count, empty = len(fields), not fields[-1]
                line += reader.line_num - 1
            elif text.strip():
                count, empty = text.count(",") + 1, text.rstrip().endswith(",")
            else:
                continue  # pandas passes over empty lines, too
            if count > columns:
                some = ended if empty and count == columns + 1 else wrong
                some.append((record, row, first, count))
            row += 1
    if len(ended) < row:
        wrong = sorted(wrong + ended)
    return [
        (record, f"row {row} (line {line} of the file) has {count} fields under {columns} columns")
        for record, row, line, count in wrong
    ]
