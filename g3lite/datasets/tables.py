"""Photo tables: every data set's own columns and traps, brought into the columns of MP16-Pro.

`read` knows the tables of MP16-Pro, IM2GPS3K, YFCC4K and OSV-5M by their headers. It reads in
pieces, so that MP16-Pro's 4.12 million rows fit into a small machine.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from g3lite.datasets.csvfile import CHUNK, check_letters, read_text
from g3lite.geo import check_coordinates
from g3lite.photos import TableError, _conform
from g3lite.places import countries

YFCC4K = {"3": "AUTHOR", "15": "page", "16": "url", "17": "licence"}
"""What YFCC4K's numbered columns hold, as far as it is of use here; the others are left out."""
OSV5M = {
    "id": "IMG_ID",
    "creator_username": "AUTHOR",
    "sequence": "sequence",
    "latitude": "LAT",
    "longitude": "LON",
    "city": "city",
    "sub-region": "county",
    "region": "state",
    "country": "country_code",
}
"""OSV-5M's columns by ours; its ids are file names without the suffix, its country is a code, and a
sequence is one drive or walk."""
_BY_CODE = {"country", "continent", "country_code"}

EXCHANGED = ((3, 0.5), (20, 0.2))
"""How many rows with |LAT| > 90, and which share of all, show that LAT and LON are exchanged: half
of a small table, or a fifth of a large one. About a third of a world-wide set has such a longitude;
a table with some mistyped latitudes has fewer."""


def read(
    path: str | Path,
    *,
    columns: Sequence[str] | None = None,
    swapped: bool = False,
    on_bad: Literal["raise", "skip"] = "raise",
) -> pd.DataFrame:
    """Read the CSV table of a photo set into the columns of `SCHEMA`.

    Headers LAT and LON that are exchanged, as in an old copy of `im2gps3k_places365.csv`, are put
    right with a warning where the values show it (|LAT| > 90). An empty continent is filled in from
    the country code. Blanks around an IMG_ID are no part of it.

    Args:
        path: the table; one of another data set must have at least IMG_ID, AUTHOR, LAT and LON.
        columns: read only these columns, and IMG_ID, LAT and LON. Saves memory, and what stands in
            the others does not matter. One that is absent, AUTHOR too, is filled with NA.
        swapped: the headers are known to be exchanged, even if the values do not show it.
        on_bad: "raise" at the first value that cannot be right: a benchmark must be whole. "skip"
            leaves out rows without a usable id or position and those that do not fit the header,
            and says so in warnings; other unreadable numbers become NA. A gallery of millions can
            do without some rows.

    Raises:
        NotThere: there is no such file.
        TableError: it is not such a table; a column is missing, an IMG_ID is empty or occurs twice,
            or a coordinate is absent or out of range.
    """
    path = Path(path)
    if on_bad not in ("raise", "skip"):
        raise ValueError(f"on_bad={on_bad!r} is unknown; use 'raise' or 'skip'")
    required = ("IMG_ID", "LAT", "LON")
    wanted = None if columns is None else {*required, *columns}
    try:
        # Everything is text until `_conform`, and only an empty field is NA: "NA" is a country
        # code. One broken letter in a name must not cost four million rows.
        parts = []
        for chunk in read_text(path, on_bad, CHUNK):
            part = _named(chunk, required if wanted else (*required, "AUTHOR"))
            if wanted:
                part = part[[c for c in part if c in wanted | _BY_CODE]]
            part = _conform(part, on_bad, first_row=chunk.index.start)
            _fill_from_code(part)
            parts.append(part[[c for c in part if c in wanted]] if wanted else part)
        table = pd.concat(parts, ignore_index=True)
        del parts
        table = _put_right(table, swapped, on_bad, path)
        if on_bad == "skip":
            table = _usable(table, path)
        else:
            _check(table)
    except ValueError as error:
        raise TableError(f"{path}: {error}") from None
    return table


def _named(table: pd.DataFrame, required: Sequence[str]) -> pd.DataFrame:
    """The table under our names of columns, and its ids as names of files."""
    header = set(table)
    if {"IMG_ID", "LAT", "LON", *YFCC4K} <= header and "AUTHOR" not in header:
        table = table[["IMG_ID", "LAT", "LON", *YFCC4K]].rename(columns=YFCC4K)
    elif {"id", "latitude", "longitude"} <= header and "IMG_ID" not in header:
        table = table[[c for c in OSV5M if c in header]].rename(columns=OSV5M)
        table = table.assign(IMG_ID=table["IMG_ID"] + ".jpg")
        if "country_code" in table:
            table = table.assign(country_code=table["country_code"].str.lower())
    elif {"IMG_ID", "neighbourhood"} <= header:
        # MP16-Pro: one of its two tables has "/", the other "_"
        table = table.assign(IMG_ID=table["IMG_ID"].str.replace("/", "_", regex=False))
    absent = [c for c in required if c not in table]
    if absent:
        raise TableError(f"the table lacks {', '.join(absent)}; it has {', '.join(table)}")
    ids = table["IMG_ID"].str.strip()
    return table.assign(IMG_ID=ids.mask(ids == ""))


def _put_right(table: pd.DataFrame, swapped: bool, on_bad: str, path: Path) -> pd.DataFrame:
    """The table with LAT and LON under their right names."""
    exchange = {"LAT": "LON", "LON": "LAT"}
    order = list(table)
    if swapped:
        table = table.rename(columns=exchange)[order]
    beyond = table["LAT"].abs() > 90
    if not beyond.any() or (table["LON"].abs() > 90).any():
        return table
    value = table["LAT"][table["LAT"].abs().idxmax()]
    evidence = f"LAT goes to {value} while LON stays within [-90, 90]"
    if swapped:
        raise TableError(f"{evidence}: the headers are right in the file, leave out swapped=True")
    if not any(beyond.sum() >= rows and beyond.mean() >= share for rows, share in EXCHANGED):
        if on_bad == "skip":
            return table
        raise TableError(
            f"{evidence}, but in {beyond.sum()} of {len(table)} rows only: put those right, or, if "
            "the names LAT and LON are exchanged in the header, put that right"
        )
    warnings.warn(
        f"{path}: {evidence}, so the headers LAT and LON are exchanged; they were put right",
        stacklevel=3,
    )
    return table.rename(columns=exchange)[order]


def _fill_from_code(table: pd.DataFrame) -> None:
    """Fill an empty country and an empty continent from the country code, in place."""
    codes = table["country_code"].str.lower()
    known = countries().rename(index=str.lower)
    for column in ("country", "continent"):
        names = codes.map(known[column]).astype("string")
        table[column] = table[column].fillna(names)


def _usable(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The rows with an id of their own and a possible position."""
    nowhere = ~(table["LAT"].abs().le(90) & table["LON"].abs().le(180))  # also NaN
    bad = table["IMG_ID"].isna() | table["IMG_ID"].duplicated() | nowhere
    if bad.any():
        row = bad.idxmax()
        shown = ", ".join(str(table[c][row]) for c in ("IMG_ID", "LAT", "LON"))
        warnings.warn(
            f"{path}: {bad.sum():,} of {len(table):,} rows have no id of their own or no possible "
            f"position and are left out (the first is row {row}: {shown})",
            stacklevel=3,
        )
        table = table[~bad].reset_index(drop=True)
    return table


def _check(table: pd.DataFrame) -> None:
    ids = table["IMG_ID"]
    check_letters(ids)
    if ids.isna().any():
        raise TableError(f"IMG_ID of row {ids.isna().idxmax()} is empty")
    if ids.duplicated().any():
        raise TableError(f"IMG_ID {ids[ids.duplicated()].iloc[0]!r} occurs more than once")
    check_coordinates(table[["LAT", "LON"]])
