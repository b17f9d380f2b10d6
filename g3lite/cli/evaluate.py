"""`g3lite evaluate` and `g3lite tables`: scores of predictions."""

from __future__ import annotations

import json
import math
import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # they take seconds to import
    import pandas as pd


from g3lite import G3Error, profiles
from g3lite.cli import check_folder, check_output, written

_NO_NUMBER = ("nan", "none", "null", "na", "n/a", "<na>")
"""How programs write that there is no number, in small letters."""
_ROUNDED = re.compile(r"\d([.,]\d+)?e\+\d+", re.IGNORECASE)
"""An id of digits after a spreadsheet took it for a number."""


def evaluate(
    predictions: Annotated[
        Path, typer.Argument(help="CSV with LAT_pred and LON_pred", show_default=False)
    ],
    truth: Annotated[
        Path | None,
        typer.Option(help="photo table, matched by IMG_ID; photos without a row count as wrong"),
    ] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="write the scores there")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print all of it as JSON")] = False,
) -> None:
    """Score a table of predictions: shares within five distances, with 95 % intervals.

    Without --truth the table itself holds the truth, in LAT and LON. With it every photo of the
    truth is scored, and predictions of other photos are left out. Photographers are resampled if
    there is a column AUTHOR that knows all of them, else single photos. A row without a prediction,
    or with half of one, counts as wrong.
    """
    from g3lite import evaluation
    from g3lite.datasets import tables

    if csv_file:
        check_output(csv_file, [predictions, *([truth] if truth else [])])
        if csv_file.suffix.lower() not in ("", ".csv", ".txt"):
            raise G3Error(f"{csv_file}: scores are written as CSV; name a file that ends in .csv")
    numbers = ["LAT_pred", "LON_pred", *([] if truth else ["LAT", "LON"])]
    answers = _predictions(predictions, ["IMG_ID"] if truth else [], numbers)
    photos = answers
    if truth:
        with warnings.catch_warnings(record=True, action="always") as told:
            photos = tables.read(truth, columns=["AUTHOR"])
        for warning in told:
            _say(str(warning.message))
        if not len(photos):
            raise G3Error(f"{truth} holds no photos, so there is nothing to score")
        answers = _of_the_truth(answers, photos["IMG_ID"], predictions, truth)
    name = os.fsencode(predictions).decode(errors="backslashreplace")  # some are no UTF-8
    people = photos["AUTHOR"].nunique() if "AUTHOR" in photos else 0
    clusters = "AUTHOR" if people > 1 and photos["AUTHOR"].notna().all() else None
    given = answers if truth else answers[["LAT_pred", "LON_pred"]].to_numpy()
    try:
        results = evaluation.evaluate({name: given}, photos, clusters=clusters)
    except ValueError as error:
        raise G3Error(f"{predictions}: {error}") from error
    without = len(photos) - int(answers["LAT_pred"].notna().sum())
    if csv_file:
        with written(csv_file) as part:
            results.to_csv(part, index=False, lineterminator="\n")
    if as_json:
        rows = results.drop(columns=["method", "photos"]).to_dict("records")
        about = {"photos": len(photos), "without_prediction": without,
                 "resampled": "photographers" if clusters else "photos"}  # fmt: skip
        typer.echo(json.dumps(about | {"scores": list(map(_finite, rows))}, indent=1))
    else:
        wrong = f", {without:,} of them without a prediction (wrong)" if without else ""
        drawn = f"{people:,} photographers" if clusters else "photos"
        typer.echo(f"{len(photos):,} photos{wrong}; 95 % intervals: {drawn} resampled")
        typer.echo(evaluation.table(results, digits=2).T.to_string(header=False))
    if csv_file:
        typer.echo(f"wrote {csv_file}", err=as_json)


def paper_tables(
    profile: Annotated[str, typer.Option(help="auto, ci or cpu")] = "auto",
    output: Annotated[Path | None, typer.Option(help="folder for the tables as CSV")] = None,
) -> None:
    """Print the paper's tables and figures on MiniEarth, with intervals and with differences.

    From the predictions and replies that are shipped; no picture is drawn.
    """
    from g3lite.paper import tables

    chosen = profiles.get(profile)
    if chosen.alignment != "mini":
        raise G3Error(f"the tables are about MiniEarth, {chosen.name} is not; use --profile cpu")
    if output:
        check_folder(output)
    evidence = [tables.EvaluationRun.load(which, chosen.query_size) for which in tables.SETS]
    for number, (title, table) in enumerate(tables.report(evidence, chosen.bootstrap), 1):
        typer.echo(f"\n{title}\n\n{table.to_string()}")
        if output:
            with written(output / f"{number}.csv") as part:
                table.to_csv(part)
    if output:
        typer.echo(f"\nwrote {number} tables to {output}")


def _say(text: str) -> None:
    typer.echo(f"g3lite: {text}", err=True)


def _finite(row: dict[str, object]) -> dict[str, object]:
    """A row for JSON, which has no word for an infinite median: None."""
    return {k: v if isinstance(v, str) or math.isfinite(v) else None for k, v in row.items()}


def _predictions(path: Path, texts: list[str], numbers: list[str]) -> pd.DataFrame:
    """A table with these columns, and what else it has; what is no number is NaN.

    Its index is the number of the row in the file. The first row of an IMG_ID counts. That others
    are left out, and what is strange about the predictions, is told.
    """
    import pandas as pd

    from g3lite import geo
    from g3lite.datasets.csvfile import read_text
    from g3lite.photos import TableError

    try:
        table = pd.concat(read_text(path), ignore_index=True)
        lacking = [column for column in (*texts, *numbers) if column not in table]
        if lacking:
            wanted = ", ".join((*texts, *numbers))
            raise TableError(
                f"it lacks {', '.join(lacking)}; it has {', '.join(table.columns)}, and wanted are "
                f"{wanted}"
            )
        if not len(table):
            raise TableError("it holds no predictions, only a header")
        for column in numbers:
            table[column] = _numbers(table[column])
        half = table[["LAT_pred", "LON_pred"]].isna().sum(axis=1) == 1
        table.loc[half, ["LAT_pred", "LON_pred"]] = float("nan")
        geo.check_coordinates(table[["LAT_pred", "LON_pred"]], missing_ok=True)
        if "LAT" in numbers:
            geo.check_coordinates(table[["LAT", "LON"]])
        if "IMG_ID" in table:
            table = _one_each(table, path)
    except ValueError as error:
        raise G3Error(f"{path}: {error}") from error
    half = half[table.index]
    if half.any():
        _say(
            f"{path}: rows with only one of LAT_pred and LON_pred count as wrong: "
            f"{half.sum():,}, the first is row {half.idxmax()}"
        )
    pair = table[["LAT_pred", "LON_pred"]]
    nowhere = (pair == 0).all(axis=1)
    if nowhere.any():
        _say(
            f"{path}: predictions of (0, 0), which programs write for no answer, are scored as "
            f"that place: {nowhere.sum():,}; leave both fields empty where there is no answer"
        )
    return table


def _numbers(column: pd.Series) -> pd.Series:
    """A column of text as float64; raises TableError at what is neither a number nor its lack."""
    import pandas as pd

    from g3lite.photos import TableError

    text = column.str.strip()
    text = text.mask(text.str.lower().isin(_NO_NUMBER))
    read = pd.to_numeric(text, errors="coerce").astype("Float64")
    bad = read.isna() & text.notna()
    if bad.any():
        row = bad.idxmax()
        raise TableError(
            f"{column.name} of row {row} is {column[row]!r}, which is not a number (such as -9.13)"
        )
    return pd.Series(read.to_numpy("float64", na_value=float("nan")), index=column.index)


def _one_each(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The first row of each IMG_ID."""
    from g3lite.datasets.csvfile import check_letters
    from g3lite.photos import TableError

    ids = table["IMG_ID"].str.strip()
    ids = ids.mask(ids == "")
    check_letters(ids)
    rounded = ids.str.fullmatch(_ROUNDED).fillna(False)
    if rounded.any():
        row = rounded.idxmax()
        raise TableError(
            f"IMG_ID of row {row} is {ids[row]!r}, an id that a spreadsheet has rounded to a "
            "number; read that column as text there"
        )
    table = table.assign(IMG_ID=ids)
    twice = ids.notna() & ids.duplicated()
    if twice.any():
        _say(
            f"{path}: IMG_ID {ids[twice.idxmax()]!r} occurs more than once; the first row of an "
            f"IMG_ID counts (rows left out: {twice.sum():,})"
        )
        table = table[~twice]
    return table


def _of_the_truth(
    answers: pd.DataFrame, ids: pd.Series, predictions: Path, truth: Path
) -> pd.DataFrame:
    """The predictions of photos of the truth; what is left over, or lacking, is told."""
    answers = answers.assign(IMG_ID=_as_in_the_truth(answers["IMG_ID"], ids))
    known = answers["IMG_ID"].isin(ids)
    others = answers["IMG_ID"][~known]
    if len(others) == len(answers):
        first, one = others.iloc[0], ids.iloc[0]
        bare = ids.str.rsplit(".", n=1).str[0]
        hint = "the ids lack the suffix" if others.isin(bare).any() else "is it another photo set?"
        raise G3Error(
            f"{predictions}: none of its {len(others):,} IMG_ID is in {truth}: it has {first!r}, "
            f"the truth has {one!r}; {hint}"
        )
    for said, some in (
        (f"predictions left out, for {truth} does not have their photos", others),
        (f"photos of {truth} without a row in {predictions}, which count as wrong",
         ids[~ids.isin(answers["IMG_ID"])]),
    ):  # fmt: skip
        if len(some):
            shown = ", ".join(some.head(3).fillna("an empty one")) + ", ..." * (len(some) > 3)
            _say(f"{said}: {len(some):,} ({shown})")
    return answers[known]


def _as_in_the_truth(ids: pd.Series, truth: pd.Series) -> pd.Series:
    """Ids of predictions, where only "/" and "_" differ from the truth's as they are there."""
    flat, bare = (some.str.replace("/", "_", regex=False) for some in (ids, truth))
    free = ~truth.isin(ids) & ~bare.duplicated(keep=False)
    found = flat.map(dict(zip(bare[free], truth[free], strict=True)))
    unsure = ids.isin(truth) | flat.duplicated(keep=False)
    return ids.mask(found.notna() & ~unsure, found)
