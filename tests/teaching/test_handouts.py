"""Handouts for a class: no solution reaches a student, and other graders understand them."""

import ast
import csv
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest

from g3lite import G3Error
from g3lite.cli.main import app
from g3lite.teaching import forms, grading, handouts, notebooks, submissions
from g3lite.teaching.grading import Limits

ROOT = Path(__file__).resolve().parents[2]
SERIES = ROOT / "notebooks"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    handouts.build(SERIES, folder)
    return folder


def secret_lines(lesson: handouts.Lesson) -> set[str]:
    """Lines that stand in the solutions of a notebook and nowhere in what all readers see."""
    told = "\n".join(notebooks.SOLUTION.sub("", cell.source) for cell in lesson.notebook.cells)
    lines = {line.strip() for one in lesson.exercises for line in one.solution.splitlines()}
    return {line for line in lines if len(line) > 12 and line not in told}


def test_no_line_of_a_solution_is_in_the_students_pack(built):
    series = handouts.lessons(SERIES)
    assert [lesson.name for lesson in series] == notebooks.names(SERIES)
    texts = {path: path.read_text(encoding="utf-8") for path in built.rglob("*.ipynb")}
    for lesson in series:
        secret = secret_lines(lesson)
        assert len(secret) >= len(lesson.exercises), lesson.name  # there is something to find
        for pack, finds in (("student", False), ("instructor", True)):
            # All of the file: sources, metadata and outputs, as JSON writes them.
            text = texts[built / pack / "notebooks" / f"{lesson.name}.ipynb"]
            for line in secret:
                assert (json.dumps(line, ensure_ascii=False)[1:-1] in text) == finds, line
    everything = "".join(
        path.read_text("utf-8")
        for path in (built / "student").rglob("*")
        if path.suffix in {".md", ".ipynb"}
    )
    assert "<summary>Solution" not in everything and "colab.research" not in everything
    assert "Colab (" not in everything


def test_the_students_notebooks_are_whole(built):
    for path in sorted((built / "student" / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        for cell in notebook.cells:
            assert cell.cell_type != "code" or cell.outputs == []
            links = re.findall(r"\]\(([\w./-]+)(?:#[\w-]*)?\)", cell.source)
            for link in links if cell.cell_type == "markdown" else []:
                assert (path.parent / link).exists(), f"{path.name}: {link}"
    for lesson in handouts.lessons(SERIES):
        path = built / "student" / "notebooks" / f"{lesson.name}.ipynb"
        given = submissions.read(path)
        marked = [check for _, check in submissions.code_cells(given) if check]
        assert marked == [one.check for one in lesson.exercises]
        for one in handouts.to_grade([lesson]):
            assert submissions.answer(given, one.check, one.starter).arguments
            assert one.title.startswith("Exercise")


def test_no_handout_links_to_a_file_that_only_the_repository_has(built):
    assert "](../g3lite/" in "".join(
        cell.source for one in handouts.lessons(SERIES) for cell in one.notebook.cells
    )
    for path in built.rglob("*.ipynb"):
        assert "](../" not in path.read_text(encoding="utf-8"), path


def test_a_part_of_the_series_has_no_links_out_of_it(tmp_path):
    first, second, *_ = notebooks.names(SERIES)
    handouts.build(SERIES, tmp_path, [second[:2]])
    (path,) = (tmp_path / "student" / "notebooks").glob("*.ipynb")
    text = path.read_text(encoding="utf-8")
    assert path.stem == second and f"]({first}.ipynb)" not in text and "00 " in text
    with pytest.raises(G3Error, match="is not empty"):
        handouts.build(SERIES, tmp_path)
    with pytest.raises(G3Error, match="no notebook begins with 'xx'; there are 00_"):
        handouts.lessons(SERIES, ["xx"])


def test_marks_leave_the_starter_when_what_they_enclose_is_taken_out():
    for lesson in handouts.lessons(SERIES):
        for one in lesson.exercises:
            for mark in ("### ", "# "):
                text = forms.marked(one, mark)
                ast.parse(text)
                inside = re.compile(
                    rf"^( *){mark}BEGIN SOLUTION\n(.*?)^ *{mark}END SOLUTION$", re.M | re.S
                )
                assert inside.search(text)
                left = inside.sub("...", text)
                assert f"{one.check}(" in left.splitlines()[-1]
                for line in inside.findall(text):
                    assert line[1].strip() not in one.starter
                bare = {line.strip() for line in left.splitlines()} - {"...", ""}
                assert bare <= {line.strip() for line in one.starter.splitlines()}


# Round trips with the real tools, on a series of one short notebook

SOURCE = """\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A trial

# %%
from g3lite.teaching.checks.{module} import {checks}
"""
EXERCISE = """
# %% [markdown]
# ### {title}

# %% tags=["exercise"]
{starter}

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
{solution}
# ```
#
# </details>
"""


def commented(code: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in code.strip().split("\n"))


def short_series(folder: Path) -> handouts.Lesson:
    """A notebook with exercises of the first one that has some, and nothing that takes long."""
    lesson = next(one for one in handouts.lessons(SERIES) if one.name[:2] == "03")
    (folder / "source").mkdir(parents=True)
    (folder / "images").mkdir()
    checks = ", ".join(one.check for one in lesson.exercises)
    text = SOURCE.format(module=f"nb{lesson.name[:2]}", checks=f"{checks}\n\nimport numpy as np")
    for one in lesson.exercises:
        solution = "\n".join(forms._until_check(one.solution, one.check))
        text += EXERCISE.format(
            title=handouts.title(one), starter=one.starter, solution=commented(solution)
        )
    (folder / "source" / f"{lesson.name}.py").write_text(text, encoding="utf-8")
    return handouts.lessons(folder)[0]


def answers(lesson: handouts.Lesson) -> dict[str, str]:
    """The first exercise right, the second wrong, the rest as given."""
    first, second, *_ = lesson.exercises
    wrong = second.starter.replace("...", "return 0")
    return {first.check: first.solution, second.check: wrong}


def answered(path: Path, lesson: handouts.Lesson, to: Path) -> None:
    """A student's copy of a notebook that a grading tool gave out."""
    notebook = nbformat.read(path, as_version=4)
    given = answers(lesson)
    for cell in notebook.cells:
        about = cell.metadata.get("g3lite", {})
        if about.get("exercise") in given:
            cell.source = given[about["exercise"]]
    to.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, to)


def called(*command: str | Path, cwd: Path) -> str:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "G3LITE_PROFILE": "ci"}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ours(folder: Path, lesson: handouts.Lesson, path: Path) -> dict[str, bool]:
    """Which exercises our own grader passes in the same submission."""
    (folder / "ada").mkdir(parents=True)
    shutil.copy(path, folder / "ada")
    found = grading.grade(folder, folder / "out", handouts.to_grade([lesson]), [3], Limits())
    return {one.check: one.passed for one in dict(found)["ada"]}


@pytest.mark.slow
@pytest.mark.skipif(not find_spec("nbgrader"), reason="nbgrader: pip install -e '.[course]'")
def test_a_round_trip_with_nbgrader(tmp_path):
    lesson = short_series(tmp_path / "notebooks")
    handouts.build(tmp_path / "notebooks", tmp_path / "handouts")
    course = tmp_path / "handouts" / "grader" / "nbgrader"
    tool = [sys.executable, "-m", "nbgrader"]
    called(*tool, "generate_assignment", lesson.name, cwd=course)
    release = course / "release" / lesson.name / f"{lesson.name}.ipynb"
    text = release.read_text(encoding="utf-8")
    for line in secret_lines(lesson):
        assert json.dumps(line, ensure_ascii=False)[1:-1] not in text, line
    starters = {one.check: one.starter for one in lesson.exercises}
    for source, check in submissions.code_cells(submissions.read(release)):
        assert not check or submissions.is_untouched(source, starters[check]), source
    handed_in = course / "submitted" / "ada" / lesson.name / f"{lesson.name}.ipynb"
    answered(release, lesson, handed_in)
    called(*tool, "autograde", lesson.name, "--create", cwd=course)
    called(*tool, "export", "--to", "grades.csv", cwd=course)
    with (course / "grades.csv").open() as stream:
        (row,) = csv.DictReader(stream)
    verdicts = ours(tmp_path / "in", lesson, handed_in)
    assert float(row["score"]) == sum(verdicts.values()) == 1
    assert float(row["max_score"]) == len(lesson.exercises)


@pytest.mark.slow
@pytest.mark.skipif(not find_spec("otter"), reason="otter-grader: pip install -e '.[course]'")
def test_a_round_trip_with_otter(tmp_path):
    lesson = short_series(tmp_path / "notebooks")
    handouts.build(tmp_path / "notebooks", tmp_path / "handouts")
    master = tmp_path / "handouts" / "grader" / "otter" / lesson.name / f"{lesson.name}.ipynb"
    tool = [sys.executable, "-m", "otter"]
    called(*tool, "assign", "--no-run-tests", master, tmp_path / "dist", cwd=tmp_path)
    release = tmp_path / "dist" / "student" / f"{lesson.name}.ipynb"
    text = release.read_text(encoding="utf-8")
    for line in secret_lines(lesson):
        assert json.dumps(line, ensure_ascii=False)[1:-1] not in text, line
    handed_in = tmp_path / "handed_in" / f"{lesson.name}.ipynb"
    answered(release, lesson, handed_in)
    (tmp_path / "results").mkdir()
    (archive,) = (tmp_path / "dist" / "autograder").glob("*.zip")
    called(*tool, "run", "-a", archive, "-o", tmp_path / "results", handed_in, cwd=tmp_path)
    report = json.loads((tmp_path / "results" / "results.json").read_text(encoding="utf-8"))
    scores = {test["name"]: test.get("score") for test in report["tests"]}
    verdicts = ours(tmp_path / "in", lesson, handed_in)
    assert sum(verdicts.values()) == 1
    for check, passed in verdicts.items():
        assert scores[check] == float(passed), scores


def test_the_commands_build_and_grade(tmp_path, capsys):
    number = notebooks.names(SERIES)[-1][:2]
    build = ["teach", "build", "-o", str(tmp_path / "handouts"), "--notebook", number]
    app(build, standalone_mode=False)
    assert "wrote 8 files" in capsys.readouterr().out
    (tmp_path / "in").mkdir()
    (tmp_path / "handouts" / "student").rename(tmp_path / "in" / "ada")
    arguments = [str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--seed", "4"]
    app(["teach", "grade", *arguments], standalone_mode=False)
    said = capsys.readouterr().out
    assert re.search(r"ada: public checks passed: 0 of \d+\n", said) and "the seed was 4" in said
    with pytest.raises(G3Error, match="no folder .*a folder for each student"):
        app(["teach", "grade", str(tmp_path / "none"), *arguments[1:]], standalone_mode=False)


@pytest.mark.slow
def test_the_command_fills_a_cache(tmp_path, monkeypatch, capsys):
    lesson = short_series(tmp_path / "notebooks")
    source = tmp_path / "notebooks" / "source" / f"{lesson.name}.py"
    code = "from g3lite import paths\n\n(paths.cache_dir() / 'x').write_text('y')\n"
    source.write_text(f"{source.read_text()}\n# %%\n{code}")
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "own"))
    monkeypatch.setattr(notebooks, "folder", lambda: tmp_path / "notebooks")
    fill = ["teach", "cache", "fill", str(tmp_path / "shared"), "--profile", "ci"]
    app(fill, standalone_mode=False)
    assert (tmp_path / "shared" / "x").read_text() == "y"
    assert not (tmp_path / "own" / "x").exists()
    app(["teach", "cache", "use", str(tmp_path / "shared")], standalone_mode=False)
    assert (tmp_path / "own" / "x").is_symlink()
    assert "1 files linked, 0 copied" in capsys.readouterr().out
