"""`g3lite teach`: what a teacher needs for a class."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated

import typer

from g3lite.cli import OPTIONS, check_folder, import_notebooks

app = typer.Typer(help="For teachers: handouts, grading, a cache for a class.", **OPTIONS)
cache_app = typer.Typer(help="Pictures and features that a whole class shares.", **OPTIONS)
app.add_typer(cache_app, name="cache")

Chosen = Annotated[
    list[str] | None,
    typer.Option("--notebook", help="only those that begin so, such as 02; may be repeated"),
]


@app.command("build")
def build_handouts(
    output: Annotated[Path, typer.Option("-o", "--output", help="folder for the handouts")] = Path(
        "course"
    ),
    notebook: Chosen = None,
) -> None:
    """Write student/ (without solutions), instructor/ and grader/ (nbgrader, otter-grader)."""
    folder = import_notebooks().folder()
    from g3lite.teaching import handouts

    check_folder(output)
    files = handouts.build(folder, output, notebook)
    folders = ", ".join(str(output / name) for name in handouts.HANDOUTS)
    typer.echo(f"wrote {len(files)} files to {folders}")


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
    from g3lite.teaching import grading, handouts

    check_folder(output)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        typer.echo("you are root, whom limits on files and processes do not bind", err=True)
    exercises = handouts.to_grade(handouts.lessons(folder, notebook))
    start = secrets.randbelow(2**31) if seed is None else seed
    seeds = list(range(start, start + fresh))
    limits = grading.Limits(seconds, megabytes)
    for student, verdicts in grading.grade(submissions, output, exercises, seeds, limits, jobs):
        typer.echo(f"{student}: {grading.passed_of(verdicts)}")
    typer.echo(f"wrote results.csv and feedback/ to {output}; the seed was {start}")


@cache_app.command("fill")
def fill_cache(
    folder: Annotated[Path, typer.Argument(help="folder that the class can read")],
    profile: Annotated[str, typer.Option(help="auto, ci, cpu or gpu")] = "auto",
    notebook: Chosen = None,
) -> None:
    """Run the series once, and keep in a folder what it draws, encodes and asks."""
    import tempfile

    from g3lite import profiles
    from g3lite.teaching import lab

    notebooks = import_notebooks()
    chosen = profiles.get(profile).name
    check_folder(folder)
    with tempfile.TemporaryDirectory() as results, lab.filling(folder, chosen):
        for done in notebooks.run(notebooks.folder(), Path(results), chosen, notebook):
            typer.echo(f"{done.name}: {done.seconds:.0f} s")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    typer.echo(f"{folder} holds {size / 1e6:.0f} MB; students: g3lite teach cache use {folder}")


@cache_app.command("use")
def use_cache(
    folder: Annotated[Path, typer.Argument(help="folder that somebody filled")],
) -> None:
    """Read what the folder holds, without copying it; what is new goes into your own cache."""
    from g3lite.teaching import lab

    linked, copied = lab.use(folder)
    typer.echo(f"{linked} files linked, {copied} copied: the notebooks find them")
