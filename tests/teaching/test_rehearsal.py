"""The labs of the course, rehearsed from the students' pack in a clean folder.

A student has what `g3lite teach build` wrote and nothing else of the repository. Every exercise is
answered wrongly first, then rightly; each time the notebooks run to their end, and are graded.
"""

import csv
import re
import shutil
from collections import Counter

import nbformat
import pytest

from g3lite.cli.main import app
from g3lite.teaching import handouts, notebooks, plans

FOLDER = notebooks.folder()


def numbers(plan: str) -> list[str]:
    """The notebooks of a plan."""
    steps = plans.read(FOLDER / "course" / f"{plan}.toml").steps()
    return sorted({step.notebook for step in steps} - {""})


def wrongly(starter: str) -> str:
    """An answer that is code of the right form, and wrong."""
    if "..." not in starter:
        raise AssertionError(f"nothing is left open in {starter!r}")
    function = re.search(r"^def ", starter, re.MULTILINE)
    return starter.replace("...", "return 0.5" if function else '"yes"')


def answered(folder, lessons, answers) -> dict[str, str]:
    """Answer the notebooks of a folder and run them; what each check printed."""
    said = {}
    for lesson in lessons:
        path = folder / f"{lesson.name}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            check = cell.metadata.get("g3lite", {}).get("exercise")
            if check:
                cell.source = answers[check]
        notebooks.execute(notebook, folder, "ci")
        nbformat.write(notebook, path)
        for cell in notebook.cells:
            check = cell.metadata.get("g3lite", {}).get("exercise")
            if check:
                said[check] = "".join(output.get("text", "") for output in cell.outputs)
    return said


def scoreboard(folder) -> list[list[str]]:
    """The rows of notebook 10's scoreboard, without their names: shares, and same answers."""
    notebook = nbformat.read(folder / "10_build_g3.ipynb", as_version=4)
    (cell,) = [cell for cell in notebook.cells if "results" in cell.metadata.get("tags", [])]
    rows = cell.outputs[0].data["text/plain"].splitlines()[1:]
    assert len(rows) == 3, rows
    return [re.split(r" {2,}", row)[1:] for row in rows]


def graded(tmp_path, name: str) -> dict[str, str]:
    """What `g3lite teach grade` says about what was handed in, by exercise."""
    arguments = [
        str(tmp_path / name),
        "-o",
        str(tmp_path / f"{name} graded"),
        "--seed",
        "3",
        "--seconds",
        "120",
    ]
    app(["teach", "grade", *arguments], standalone_mode=False)
    with (tmp_path / f"{name} graded" / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["student"] for row in rows} == {"ada"} and not any(row["look"] for row in rows)
    return {row["check"]: row["verdict"] for row in rows}


@pytest.mark.slow
@pytest.mark.parametrize("plan", ["lab_3h", "lab_build"])
def test_a_lab_runs_from_the_students_pack(plan, tmp_path, capsys):
    chosen = [word for number in numbers(plan) for word in ("--notebook", number)]
    app(["teach", "build", "-o", str(tmp_path / "pack"), *chosen], standalone_mode=False)
    lessons = handouts.lessons(FOLDER, numbers(plan))
    exercises = {one.check: one for lesson in lessons for one in lesson.exercises}
    clean = tmp_path / "a student's desk"
    shutil.copytree(tmp_path / "pack" / "student", clean)
    for path in clean.rglob("*.ipynb"):
        text = path.read_text(encoding="utf-8")
        assert "<summary>Solution</summary>" not in text and '"outputs": []' in text
    wanted = {"wrong": ("Not yet", "not yet"), "right": ("✓", "passed")}
    for name, (printed, verdict) in wanted.items():
        answers = {
            check: wrongly(one.starter) if name == "wrong" else one.solution
            for check, one in exercises.items()
        }
        said = answered(clean / "notebooks", lessons, answers)
        assert said.keys() == exercises.keys()
        assert all(text.startswith(printed) for text in said.values()), said
        if plan == "lab_build":  # the package, accepted steps, all that was written
            package, mine, written = scoreboard(clean / "notebooks")
            assert mine == package and package[-1] == "100"
            assert (written == package) == (name == "right"), written
        shutil.copytree(clean, tmp_path / name / "ada")
        found = graded(tmp_path, name)
        assert found.keys() == exercises.keys() and set(found.values()) == {verdict}, found
        passed = Counter(found.values())["passed"]
        told = f"ada: public checks passed: {passed} of {len(exercises)}"
        assert told in capsys.readouterr().out
