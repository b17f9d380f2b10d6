"""CSV files as people have them: looked at row by row, then read as text in pieces.

A number that is written with a comma, or a name with one, gives a row more fields than there are
columns. Everything after it would stand under a wrong name, so such a row is never read; nor is one
with fewer fields, of which nobody knows which are lacking.
"""

from __future__ import annotations

import csv
import gzip
import os
import re
import warnings
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Literal, TextIO

import pandas as pd

from g3lite.photos import NotThere, TableError

CHUNK = 200_000
"""Rows in memory as text at a time."""
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_GZIP = b"\x1f\x8b"
_NO_TEXT = {
    b"\xff\xfe\0\0": "it is text in UTF-32; save it as UTF-8",
    b"\0\0\xfe\xff": "it is text in UTF-32; save it as UTF-8",
    b"\xff\xfe": 'it is text in UTF-16 (a spreadsheet\'s "Unicode text"); save it as UTF-8',
    b"\xfe\xff": 'it is text in UTF-16 (a spreadsheet\'s "Unicode text"); save it as UTF-8',
    b"PK\x03\x04": "it is a workbook of a spreadsheet, or a zip; save it as CSV",
    b"BZh": "it is compressed with bzip2; unpack it",
    b"\xfd7zXZ": "it is compressed with xz; unpack it",
    b"\x28\xb5\x2f\xfd": "it is compressed with zstd; unpack it",
}
"""How files begin that hold a table in another form, and what to do with them."""
_NO_NAME = re.compile(r"(Unnamed: \d+)?")
"""The name of a column that has none, after pandas, too."""
_REMARK = re.compile(r"#\s|sep=", re.IGNORECASE)
"""How lines begin that some programs write above the names of the columns."""
_MORE = "put a field with a comma in quotes, write decimals with a point, end no row with a comma"
_FEWER = "an empty field needs its comma, fields are separated by commas, quotes come in pairs"
_NAMELESS = "write decimals with a point, or give the column a name"


def read_text(
    path: str | Path, on_bad: Literal["raise", "skip"] = "raise", chunk: int = CHUNK
) -> Iterator[pd.DataFrame]:
    """The rows of a CSV file in pieces of `chunk`, all of them text; only an empty field is NA.

    Every row has as many fields as the header has names. At the end of the header there may be
    columns without a name, as spreadsheets write them, if they are empty in all rows; their fields
    may be lacking. Blanks before a field are no part of it, nor are those around the name of a
    column. Broken letters are replaced.

    Args:
        path: the file; it is unpacked if it is compressed with gzip.
        on_bad: what to do with a row that does not fit the header: "raise", or "skip" it with a
            warning.
        chunk: rows in a piece.

    Raises:
        NotThere: there is no such file.
        TableError: it is no CSV file with a header, or a row does not fit the header. The message
            does not name the file.
    """
    path = Path(path)
    if os.path.exists(path) and not os.path.isfile(path):
        what = "a folder" if os.path.isdir(path) else "a pipe or a device, and is read only once"
        raise NotThere(f"{path} is {what}; name a table that is saved as a file")
    if not os.path.isfile(path):
        raise NotThere(f"there is no table {path}")
    try:
        names = _header(path)
        wrong = _odd_rows(path, names)
        if wrong and on_bad == "raise":
            raise TableError(wrong[0][1])
        if wrong:
            warnings.warn(
                f"{path}: rows that do not fit the header are left out: {len(wrong):,}, the first "
                f"of them {wrong[0][1]}",
                stacklevel=3,
            )
        with _open(path) as file, pd.read_csv(
            file, dtype="string", keep_default_na=False, na_values=[""], chunksize=chunk,
            skipinitialspace=True, usecols=range(len(names)),
            skiprows=[record for record, _ in wrong],
        ) as pieces:  # fmt: skip
            for piece in pieces:
                yield piece.rename(columns=str.strip)
    except (OSError, EOFError, zlib.error, csv.Error, pd.errors.ParserError) as error:
        raise TableError(f"it cannot be read as a CSV table: {error}") from error


def check_letters(ids: pd.Series) -> None:
    """Refuse ids with letters that could not be read: different ones may look the same then.

    Raises:
        TableError: the row, by the index, the id, and what to do.
    """
    broken = ids.str.contains("\ufffd", regex=False).fillna(False)
    if broken.any():
        row = broken.idxmax()
        raise TableError(
            f"IMG_ID of row {row} is {ids[row]!r}, with a letter that is not in UTF-8 (the file "
            "may be in Windows-1252, or Latin-1); save the table as UTF-8"
        )


def _open(path: Path) -> TextIO:
    with open(path, "rb") as file:
        opened = gzip.open if file.read(2) == _GZIP else open
    return opened(path, "rt", encoding="utf-8-sig", errors="replace", newline="")


def _header(path: Path) -> list[str]:
    """The names of the columns; refuses what is no table of several columns."""
    with _open(path) as text:
        head = text.buffer.read(4_096)
    for start, said in _NO_TEXT.items():
        if head.startswith(start):
            raise TableError(said)
    if b"\0" in head:
        raise TableError("it is no text, and so no CSV table")
    with _open(path) as file:
        rows = (row for row in _reader(file) if len(row) > 1 or "".join(row).strip(" \t"))
        names, below = next(rows, []), next(rows, [])
    if not names:
        raise TableError("it is empty")
    names = [name.strip() for name in names]
    for sign, called in _SEPARATORS.items():
        if len(names) <= names[0].count(sign):
            raise TableError(
                f"its columns are separated by {called} ({sign!r}); save it with commas between "
                "them, and with decimals that have a point"
            )
    if _REMARK.match(names[0]) or (len(names) == 1 < len(below)):
        raise TableError(
            f"its first line is {','.join(names)[:80]!r} and not the names of the columns; delete "
            "what stands above them"
        )
    twice = [name for name in names if name and names.count(name) > 1]
    if twice:
        raise TableError(f"there is more than one column {twice[0]}; keep one")
    return names


def _reader(lines: Iterable[str]) -> Iterator[list[str]]:
    return csv.reader(lines, skipinitialspace=True)


def _odd_rows(path: Path, names: list[str]) -> list[tuple[int, str]]:
    """Rows that do not fit the header: which record of the file it is, and what is wrong."""
    named = [k for k, name in enumerate(names) if not _NO_NAME.fullmatch(name)] or [0]
    nameless = set(range(named[0], len(names))) - set(named)  # before them stands pandas' index
    odd = []
    row, line = -1, 0  # the header comes before row 0
    with _open(path) as file:
        for record, text in enumerate(file):
            first = line = line + 1
            fields: list[str] | None = None
            if '"' in text:  # a comma may be in quotes, and so may the end of a line
                reader = _reader(chain((text,), file))
                fields = next(reader)
                line += reader.line_num - 1
            elif not text.strip(" \t\r\n"):
                continue  # pandas passes over empty lines, too
            elif nameless:
                fields = text.split(",")
            count = text.count(",") + 1 if fields is None else len(fields)
            wrong = None
            if count > len(names):
                wrong = f"{_fields(count)} under {len(names)} columns; {_MORE}"
            elif count <= named[-1]:
                wrong = f"{_fields(count)} under {len(names)} columns; {_FEWER}"
            elif nameless and row >= 0:
                values = (fields[k].strip() for k in nameless if k < count)
                value = next(filter(None, values), None)
                wrong = value and f"{value!r} under a column without a name; {_NAMELESS}"
            if wrong:
                odd.append((record, f"row {row} (line {first} of the file) has {wrong}"))
            row += 1
    return odd


def _fields(count: int) -> str:
    return f"{count} fields" if count > 1 else "one field"
