"""The exercises in the forms of other graders: nbgrader's cell metadata, otter-grader's blocks.

The lines in which a solution differs from what the student gets are marked, so that the other tool
takes them out; the check becomes a test cell behind the exercise.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Callable, Iterator

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_raw_cell

from g3lite.teaching.notebooks import SOLUTION, Exercise

STUB = "...  # your code here"
NBGRADER_CONFIG = f"""\
c = get_config()
c.CourseDirectory.course_id = "g3lite"
c.ClearSolutions.code_stub = {{"python": "{STUB}"}}
"""


def nbgrader(notebook: NotebookNode, exercises: list[Exercise]) -> NotebookNode:
    """The source version of an nbgrader assignment: one point for each check."""

    def cells(cell: NotebookNode, one: Exercise) -> Iterator[NotebookNode]:
        cell.source = marked(one, "### ")
        cell.metadata["nbgrader"] = _nbgrader(f"answer_{one.check}", solution=True)
        yield cell
        test = new_code_cell(_test(one), id=f"test-{one.check}")
        test.metadata["nbgrader"] = _nbgrader(one.check, grade=True, locked=True, points=1)
        yield test

    return _with(notebook, exercises, cells)


def otter(notebook: NotebookNode, exercises: list[Exercise]) -> NotebookNode:
    """The master version of an otter-grader assignment: one question for each exercise."""

    def raw(one: Exercise, text: str) -> NotebookNode:
        word = re.sub(r"\W+", "-", text.partition("\n")[0].strip("# ").lower())
        return new_raw_cell(text, id=f"{word}-{one.check}")

    def cells(cell: NotebookNode, one: Exercise) -> Iterator[NotebookNode]:
        yield raw(one, f"# BEGIN QUESTION\nname: {one.check}\npoints: 1")
        yield raw(one, "# BEGIN SOLUTION")
        cell.source = marked(one, "# ")
        yield cell
        yield raw(one, "# END SOLUTION")
        yield raw(one, "# BEGIN TESTS")
        yield new_code_cell(_test(one), id=f"test-{one.check}")
        yield raw(one, "# END TESTS")
        yield raw(one, "# END QUESTION")

    head = new_raw_cell("# ASSIGNMENT CONFIG\ninit_cell: false\nexport_cell: false\n"
                        "check_all_cell: false\n", id="assignment-config")  # fmt: skip
    notebook = _with(notebook, exercises, cells)
    notebook.cells.insert(0, head)
    return notebook


def marked(exercise: Exercise, mark: str) -> str:
    """The solution, with marks around the lines that the student does not get.

    What follows the call of the check is for readers of the solution, and left out.
    """
    ours = _until_check(exercise.solution, exercise.check)
    theirs = _until_check(exercise.starter, exercise.check)
    lines: list[str] = []
    for kind, start, stop, *_ in difflib.SequenceMatcher(
        None, ours, theirs, autojunk=False
    ).get_opcodes():
        part = ours[start:stop]
        if kind == "equal" or not part:
            lines += part
        else:
            first = next((line for line in part if line.strip()), "")
            indent = first[: len(first) - len(first.lstrip())]
            lines += [f"{indent}{mark}BEGIN SOLUTION", *part, f"{indent}{mark}END SOLUTION"]
    return "\n".join(lines)


def _until_check(code: str, check: str) -> list[str]:
    """The lines up to the call of the check, which ends an exercise."""
    last = next(
        (one.end_lineno for one in ast.parse(code).body
         if isinstance(one, ast.Expr) and ast.unparse(one).startswith(f"{check}(")), None,
    )  # fmt: skip
    return code.rstrip("\n").split("\n")[:last]


def _test(exercise: Exercise) -> str:
    """A test that takes the check from the package, whatever its name means by now."""
    call = next(
        one.value
        for one in ast.parse(exercise.starter).body
        if isinstance(one, ast.Expr) and ast.unparse(one).startswith(f"{exercise.check}(")
    )
    arguments = ", ".join(map(ast.unparse, call.args))
    return (
        "from g3lite.teaching import checks as g3lite_checks\n\n"
        f'hint = g3lite_checks.find("{exercise.check}").hint({arguments})\n'
        "assert hint is None, hint"
    )


def _nbgrader(name: str, **properties: bool | int) -> dict[str, bool | int | str]:
    return {
        "grade": False, "solution": False, "locked": False, "task": False,
        "grade_id": name, "schema_version": 3, **properties,
    }  # fmt: skip


def _with(
    notebook: NotebookNode,
    exercises: list[Exercise],
    cells: Callable[[NotebookNode, Exercise], Iterator[NotebookNode]],
) -> NotebookNode:
    """Put, in place, other cells where the exercises are, and take the folded solutions out."""
    ours = iter(exercises)
    found = []
    for cell in notebook.cells:
        if "exercise" in cell.metadata.get("tags", []):
            found += cells(cell, next(ours))
            continue
        if cell.cell_type == "markdown":
            cell.source = SOLUTION.sub("", cell.source).strip("\n")
        if cell.source:
            found.append(cell)
    notebook.cells = found
    return notebook
