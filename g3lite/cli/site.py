"""`g3lite site`: the series as a web site, and the tables that it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from g3lite import G3Error
from g3lite.cli import OPTIONS, check_folder, import_notebooks

app = typer.Typer(help="The series as a site that works offline; ledger and glossary.", **OPTIONS)


@app.command("build")
def build_site(
    output: Annotated[Path, typer.Argument(help="folder to write; a site of before is replaced")],
    executed: Annotated[
        Path | None,
        typer.Option("--notebooks", help="executed ones, as g3lite run leaves in build/notebooks"),
    ] = None,
) -> None:
    """Write a site: notebooks with results, ledger, glossary, docstrings, and a search.

    Nothing is executed, and no page asks a network for anything: open index.html from the disk.
    """
    folder = import_notebooks().folder()
    try:
        from g3lite.teaching.site import build
    except ModuleNotFoundError as error:
        raise G3Error(
            f'{error.name} is missing; in a clone: pip install -e ".[notebooks,site]"'
        ) from error
    check_folder(output.resolve().parent)
    pages = build.build(folder, output, executed)
    typer.echo(f"wrote {len(pages)} pages; open {output / 'index.html'}")


@app.command("tables")
def write_tables() -> None:
    """Check ledger, notation and glossary, and write them as Markdown into notebooks/course/."""
    folder = import_notebooks().folder()
    from g3lite.teaching.site.tables import Tables

    tables = Tables(folder)
    wrong = tables.problems()
    for line in wrong:
        typer.echo(line)
    if wrong:
        raise G3Error(f"{len(wrong)} rows of {folder / 'course'} lead nowhere or are missing")
    for path in tables.write():
        typer.echo(f"wrote {path.relative_to(folder.parent)}")
