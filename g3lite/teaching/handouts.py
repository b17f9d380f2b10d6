"""Handouts for a course: the series for students, for the teacher, and for tools that grade.

All is derived from the notebooks' sources: an exercise is what is tagged `exercise`, its solution
the folded one that follows.
"""

from __future__ import annotations

import copy
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from g3lite import G3Error
from g3lite.teaching import forms, grading, notebooks

HANDOUTS = ("student", "instructor", "grader")

_BADGE = re.compile(r"\s*·\s*\n?\s*(\[Open in Colab\]\([^)]*\)|Open in Colab \([^)]*\))")

_NEIGHBOUR = re.compile(r"\[([^\]]*)\]\((\d\d_\w+)\.ipynb(?:#[^)]*)?\)")
_ELSEWHERE = re.compile(r"\[([^\]]*)\]\(\.\./[^)]*\)")  # a file of the repository


@dataclass(frozen=True)
class Lesson:
    """A notebook of the series as its source has it, and its exercises in order."""

    name: str
    notebook: NotebookNode
    exercises: list[notebooks.Exercise]


def lessons(folder: Path, chosen: list[str] | None = None) -> list[Lesson]:
    """Read the series, or the notebooks of it that begin with one of the words `chosen`.

    Raises:
        G3Error: no notebook begins so.
    """
    series = notebooks.names(folder)
    for word in chosen or []:
        if not any(name.startswith(word) for name in series):
            raise G3Error(f"no notebook begins with {word!r}; there are {', '.join(series)}")
    wanted = [name for name in series if not chosen or name.startswith(tuple(chosen))]
    found = []
    for name in wanted:
        notebook = notebooks.read_source(folder, name)
        found.append(Lesson(name, notebook, notebooks.exercises(notebook, name)))
    return found


def to_grade(series: list[Lesson]) -> list[grading.Exercise]:
    """What grading needs to know of the series."""
    return [
        grading.Exercise(lesson.name, one.check, title(one), one.starter)
        for lesson in series
        for one in lesson.exercises
    ]


def title(exercise: notebooks.Exercise) -> str:
    """The heading of an exercise, without its marks."""
    lines = [line for line in exercise.statement.splitlines() if line]
    headings = [line for line in lines if line.startswith("#")]
    return (headings or lines or [exercise.check])[-1].lstrip("# ")


def for_students(lesson: Lesson, names: list[str]) -> NotebookNode:
    """The notebook without solutions, outputs, and the link to where both can be read.

    Links lead to the notebooks `names`; others keep their words.
    """
    notebook = _marked(lesson)
    kept = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = notebooks.SOLUTION.sub("", cell.source).strip("\n")
            cell.source = _BADGE.sub("", cell.source)
            cell.source = _NEIGHBOUR.sub(
                lambda link: link[0] if link[2] in names else link[1], cell.source
            )
        if cell.source:
            kept.append(cell)
    notebook.cells = kept
    return notebook


def for_instructors(lesson: Lesson) -> NotebookNode:
    """The notebook with each solution where the answer goes."""
    return notebooks.with_solutions(_marked(lesson), lesson.name)


def build(folder: Path, output: Path, chosen: list[str] | None = None) -> list[Path]:
    """Write the three handouts to folders of `output`; return the files.

    Raises:
        G3Error: one of the folders holds something already.
    """
    for handout in HANDOUTS:
        if (output / handout).is_dir() and any((output / handout).iterdir()):
            raise G3Error(f"{output / handout} is not empty; name another folder, or empty it")
    series = lessons(folder, chosen)
    written = []

    def write(notebook: NotebookNode, *place: str) -> None:
        path = output.joinpath(*place)
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.validate(notebook)
        nbformat.write(notebook, path)
        written.append(path)

    for lesson in series:
        file = f"{lesson.name}.ipynb"
        write(for_students(lesson, [one.name for one in series]), "student", "notebooks", file)
        write(for_instructors(lesson), "instructor", "notebooks", file)
        write(forms.nbgrader(_marked(lesson), lesson.exercises),
              "grader", "nbgrader", "source", lesson.name, file)  # fmt: skip
        write(forms.otter(_marked(lesson), lesson.exercises), "grader", "otter", lesson.name, file)
    shutil.copytree(folder / "images", output / "student" / "notebooks" / "images",
                    dirs_exist_ok=True)  # fmt: skip
    texts = {
        "student/README.md": _STUDENT,
        "instructor/README.md": _INSTRUCTOR + _table(series),
        "grader/README.md": _GRADER,
        "grader/nbgrader/nbgrader_config.py": forms.NBGRADER_CONFIG,
    }
    for name, text in texts.items():
        written.append(output / name)
        written[-1].write_text(text, encoding="utf-8")
    return written


def _marked(lesson: Lesson) -> NotebookNode:
    """A copy that says in its metadata what it is, and which cell belongs to which check.

    Links to files of the repository, which no handout has, keep their words.
    """
    notebook = copy.deepcopy(lesson.notebook)
    notebook.metadata["g3lite"] = {"notebook": lesson.name}
    names = iter(one.check for one in lesson.exercises)
    for cell in notebook.cells:
        if "exercise" in cell.metadata.get("tags", []):
            cell.metadata["g3lite"] = {"exercise": next(names)}
        if cell.cell_type == "markdown":
            cell.source = _ELSEWHERE.sub(r"\1", cell.source)
    return notebook


def _table(series: list[Lesson]) -> str:
    rows = [
        f"| {lesson.name} | {title(one)} | `{one.check}` |"
        for lesson in series
        for one in lesson.exercises
    ]
    return "\n".join(["", "| notebook | exercise | check |", "|---|---|---|", *rows, ""])


_STUDENT = """\
# For students

The notebooks are in `notebooks/`. Run `g3lite doctor` first: it says whether your machine can run
them, and how to mend what is missing. A cell that says `# your code here` is an exercise; the check
below it gives hints. Hand in the notebook with your answers, under its own name.
"""
_INSTRUCTOR = """\
# For teachers

`notebooks/` holds the series with each solution where the answer goes. Do not pass it on. (The
sources of the series hold the solutions too: who finds the repository finds them.)
"""
_GRADER = """\
# For grading

Three ways; each grades the same exercises with the same checks.

**g3lite.** A folder for each student, the notebooks in it:

```sh
g3lite teach grade SUBMISSIONS -o out
```

It reads the exercises from the clone, runs each answer in a process of its own with limits, on data
that is drawn anew, and writes `out/results.csv` and `out/feedback/STUDENT.html`.

**nbgrader.** `nbgrader/` is a course folder: `nbgrader generate_assignment NAME` makes the version
for students, `nbgrader autograde NAME` grades what lies in `submitted/`.

**otter-grader.** `otter assign otter/NAME/NAME.ipynb dist` makes the version for students and the
archive that `otter run` and Gradescope use.

With nbgrader and otter-grader the check runs in the same process as the student's code, which could
change it. They need `pip install nbgrader otter-grader`, and g3lite where they run the notebooks.
"""
