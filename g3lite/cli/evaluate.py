"""`g3lite evaluate` and `g3lite tables`: scores of predictions."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # they take seconds to import
    import pandas as pd


from g3lite import G3Error, profiles


def evaluate(
    predictions: Annotated[Path, typer.Argument(help="CSV with LAT_pred and LON_pred")],
    truth: Annotated[
        Path | None,
        typer.Option(help="photo table, matched by IMG_ID; photos without a row count as wrong"),
    ] = None,
) -> None:
    """Score a table of predictions: shares within five distances, with 95 % intervals.

    Without --truth the table itself holds the truth, in LAT and LON. Photographers are resampled if
    there is a column AUTHOR that knows all of them, else single photos. A row without a prediction
    counts as wrong.
    """
    from g3lite import evaluation
    from g3lite.datasets import tables

    numbers = ["LAT_pred", "LON_pred", *([] if truth else ["LAT", "LON"])]
    answers = _predictions(predictions, ["IMG_ID"] if truth else [], numbers)
    with warnings.catch_warnings(record=True, action="always") as told:
        photos = tables.read(truth) if truth else answers
    for warning in told:
        typer.echo(f"g3lite: {warning.message}", err=True)
    if not len(photos):
        raise G3Error(f"{truth or predictions} holds no photos, so there is nothing to score")
    people = photos["AUTHOR"].nunique() if "AUTHOR" in photos else 0
    clusters = "AUTHOR" if people > 1 and photos["AUTHOR"].notna().all() else None
    try:
        given = answers if truth else answers[["LAT_pred", "LON_pred"]].to_numpy()
        results = evaluation.evaluate({str(predictions): given}, photos, clusters=clusters)
    except ValueError as error:
        raise G3Error(f"{predictions}: {error}") from error
    without = len(photos) - int(answers["LAT_pred"].notna().sum())
    wrong = f", {without:,} of them without a prediction (wrong)" if without else ""
    drawn = f"{people:,} photographers" if clusters else "photos"
    typer.echo(f"{len(photos):,} photos{wrong}; 95 % intervals: {drawn} resampled")
    typer.echo(evaluation.table(results).T.to_string(header=False))


def paper_tables(
    profile: Annotated[str, typer.Option(help="auto, ci or cpu")] = "auto",
    output: Annotated[Path | None, typer.Option(help="folder for the tables as CSV")] = None,
) -> None:
    """Print the paper's tables and figures on MiniEarth, with intervals and with differences.

    From the predictions and replies that are shipped; for the figures all candidates are scored
    again, for which the pictures of the photos are drawn at first use.
    """
    from g3lite.paper import tables

    chosen = profiles.get(profile)
    if chosen.alignment != "mini":
        raise G3Error(f"the tables are about MiniEarth, {chosen.name} is not; use --profile cpu")
    evidence = [tables.EvaluationRun.load(which, chosen.query_size) for which in tables.SETS]
    if output:
        output.mkdir(parents=True, exist_ok=True)
    for number, (title, table) in enumerate(tables.report(evidence, chosen.bootstrap), 1):
        typer.echo(f"\n{title}\n\n{table.to_string()}")
        if output:
            table.to_csv(output / f"{number}.csv")
    if output:
        typer.echo(f"\nwrote {number} tables to {output}")


def _predictions(path: Path, texts: list[str], numbers: list[str]) -> pd.DataFrame:
    """A table with these columns, and what else it has; an empty number is NaN."""
    import pandas as pd

    if not path.is_file():
        raise G3Error(f"there is no table {path}")
    try:
        table = pd.read_csv(path, dtype="string", index_col=False)
    except (OSError, ValueError) as error:  # pandas' own errors are of the latter kind
        raise G3Error(f"{path} cannot be read as a CSV table: {error}") from error
    lacking = [column for column in (*texts, *numbers) if column not in table]
    if lacking:
        raise G3Error(f"{path} lacks {', '.join(lacking)}; it has {', '.join(table.columns)}")
    for column in numbers:
        read = pd.to_numeric(table[column], errors="coerce").astype("Float64")
        bad = read.isna() & table[column].notna()
        if bad.any():
            row = bad.idxmax()
            raise G3Error(
                f"{path}: {column} of row {row} is {table[column][row]!r}, which is not a number"
            )
        table[column] = read.to_numpy("float64", na_value=float("nan"))
    twice = table["IMG_ID"].dropna().duplicated() if "IMG_ID" in table else pd.Series(dtype=bool)
    if twice.any():
        raise G3Error(
            f"{path}: IMG_ID {table['IMG_ID'][twice.idxmax()]!r} occurs more than once; keep one "
            "row per photo"
        )
    return table
