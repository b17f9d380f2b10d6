"""`g3lite teach`: what a teacher needs for a class."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated

import typer

from g3lite.cli import OPTIONS, check_folder, import_notebooks

app = typer.Typer(help="For teachers: packs, grading, a cache for a class.", **OPTIONS)
cache_app = typer.Typer(help="Pictures and features that a whole class shares.", **OPTIONS)
app.add_typer(cache_app, name="cache")

Chosen = Annotated[
    list[str] | None,
    typer.Option("--notebook", help="only those that begin so, such as 02; may be repeated"),
]


@app.command("build")
def build_packs(
    output: Annotated[Path, typer.Option("-o", "--output", help="folder for the packs")] = Path(
        "course"
    ),
    notebook: Chosen = None,
) -> None:
    """Write student/ (without solutions), instructor/ and grader/ (nbgrader, otter-grader)."""
    folder = import_notebooks().folder()
    from g3lite.teaching import packs

    check_folder(output)
    files = packs.build(folder, output, notebook)
    typer.echo(f"wrote {len(files)} files to {', '.join(str(output / p) for p in packs.PACKS)}")


@app.command("grade")
def grade_submissions(
    submissions: Annotated[Path, typer.Argument(help="holds a folder for each student")],
    output: Annotated[Path, typer.Option("-o", "--output", help="folder for the results")],
    notebook: Chosen = None,
    seconds: Annotated[int, typer.Option(min=1, help="for each exercise")] = 30,
    megabytes: Annotated[int, typer.Option(min=256, help="of memory for each exercise")] = 2048,
    fresh: Annotated[int, typer.Option(min=0, help="how many fresh sets of data")] = 3,
    seed: Annotated[
        int | None, typer.Option(min=0, help="of the fresh data; drawn if none")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="exercises at a time")] = 1,
) -> None:
    """Grade notebooks: a table, and a page of feedback for each student.

    Each answer runs in a process of its own, without secrets in its environment, with limits on
    time, memory, files written and processes started (on Linux and, in part, on a Mac). The check
    runs outside it, on fresh data. That process is no sandbox: the code of a student can read what
    you can read (also the solutions, where they lie), delete or rename files, and use the network;
    as root it can lift the limits. For strangers, run this in a container as a user without rights.
    The column `look` names words in the code that deserve a look.
    """
    folder = import_notebooks().folder()
    from g3lite.teaching import grading, packs

    check_folder(output)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        typer.echo("you are root, whom limits on files and processes do not bind", err=True)
    exercises = packs.to_grade(packs.lessons(folder, notebook))
    start = secrets.randbelow(2**31) if seed is None else seed
    seeds = list(range(start, start + fresh))
    limits = grading.Limits(seconds, megabytes)
    for student, verdicts in grading.grade(submissions, output, exercises, seeds, limits, jobs):
        typer.echo(f"{student}: {grading.passed_of(verdicts)}")
    typer.echo(f"wrote results.csv and feedback/ to {output}; the seed was {start}")
