"""The notebooks' tools, tried on a small series; then every notebook of the repository."""

import json
import os
import shutil
from pathlib import Path

import nbformat
import pytest
from stand_in_pack import stand_in

from g3lite.teaching import notebooks
from g3lite.teaching.address import PLACEHOLDER, Address
from g3lite.teaching.checks import check as checks
from g3lite.teaching.checks import nb01
from g3lite.teaching.notebooks import NotebookError
from g3lite.teaching.real_photos import NO_PACK

COLAB = "https://colab.research.google.com/github"
HEADER = """\
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
"""

SOURCE = (
    HEADER
    + """
# %% [markdown]
# # A trial
# [next](02_second.ipynb) ·
# [Open in Colab](https://colab.research.google.com/github/us/ours/blob/v1/notebooks/01_first.ipynb)

# %%
address = "git+https://github.com/us/ours@v1"

# %% tags=["parameters"]
PROFILE = "auto"

# %% tags=["nbval-check-output"]
from g3lite import profiles

profiles.get(PROFILE).backbone

# %% tags=["nbval-check-output"]
sum(range(10))

# %% tags=["nbval-check-output", "results"]
print("method      25 km")
print("neighbour   19.4 %")

# %%
import sys

from tqdm.auto import tqdm
from IPython.display import Image, display

for _ in tqdm(range(3)):
    pass
print("\\r 50%|#### | 1/2 [00:01<00:01]", file=sys.stderr)

# %%
import io

from PIL import Image as Pillow

buffer = io.BytesIO()
Pillow.new("RGB", (2, 2)).save(buffer, "png")
display(Image(buffer.getvalue()), metadata={"image/png": {"alt": "a black square"}})
Pillow.new("RGB", (2, 2)).save(buffer := io.BytesIO(), "jpeg")
display(Image(buffer.getvalue()), metadata={"image/jpeg": {"alt": "the same"}})

# %%
from g3lite.teaching.checks.check import exercise

check_01_1 = exercise("add them", "two and two")(lambda answer: None if answer == 4 else "no")
check_01_2 = exercise("think", "the answer")(lambda answer: None if answer == 42 else "no")

# %% [markdown]
# ### Exercise 1
# What is 2 + 2?

# %% tags=["exercise"]
answer = ...
check_01_1(answer)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# answer = 2 + 2
# check_01_1(answer)
# ```
#
# </details>

# %% [markdown]
# ### Exercise 2
# And the rest?

# %% tags=["exercise"]
answer = ...
check_01_2(answer)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# answer = 42
# check_01_2(answer)
# ```
#
# </details>
"""
)
SECOND = (
    SOURCE.replace("[next](02_second.ipynb)", "[before](01_first.ipynb)")
    .replace("check_01", "check_02")
    .replace("notebooks/01_first", "notebooks/02_second")
)


def settings(repository, revision="v1"):
    return (
        f'[project]\nversion = "1"\n[project.urls]\nRepository = "{repository}"\n'
        f'[tool.g3lite]\nrevision = "{revision}"\n'
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A series of two notebooks in a folder with a difficult name; the first is executed."""
    folder = tmp_path_factory.mktemp("Übung 1 é") / "notebooks"
    (folder / "source").mkdir(parents=True)
    (folder / "source" / "01_first.py").write_text(SOURCE, encoding="utf-8")
    (folder / "source" / "02_second.py").write_text(SECOND, encoding="utf-8")
    nbformat.write(nbformat.v4.new_notebook(), folder / "02_second.ipynb")
    (folder.parent / "pyproject.toml").write_text(settings("https://github.com/us/ours"))
    notebooks.sync(folder, "01_first")
    return folder


@pytest.fixture
def series(written, tmp_path, monkeypatch):
    """A copy of it that a test may change, with the checks that its exercises call."""
    for name in ("check_01_1", "check_01_2"):
        monkeypatch.setattr(nb01, name, lambda answer: True, raising=False)
    shutil.copy(written.parent / "pyproject.toml", tmp_path)
    return Path(shutil.copytree(written, tmp_path / "notebooks"))


def change_source(series, old, new):
    path = series / "source" / "01_first.py"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def change_notebook(series, change):
    path = series / "01_first.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    change(notebook)
    path.write_text(json.dumps(notebook), encoding="utf-8")


def test_a_written_notebook_has_no_problems(series):
    assert notebooks.names(series) == ["01_first", "02_second"]
    assert notebooks.problems(series, "01_first") == []


def test_a_written_notebook_comes_from_the_cpu_profile_and_is_clean(series):
    text = (series / "01_first.ipynb").read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert "widget-view" not in text
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code[5].outputs == []  # the progress bars
    assert code[2].outputs[0].data["text/plain"] == "'miniclip'"
    assert code[8].outputs[0].text == "Not yet: add them\n"
    assert code[2].metadata == {"tags": ["nbval-check-output"]}


def test_ids_follow_the_content(series):
    before = [cell.id for cell in notebooks.read_source(series, "01_first").cells]
    assert before == [cell.id for cell in notebooks.read_source(series, "01_first").cells]
    assert len(set(before)) == len(before)
    change_source(series, "# %% [markdown]\n# ### Exercise 2", "# %% [markdown]\n# New.\n\n"
                  "# %% [markdown]\n# ### Exercise 2")  # fmt: skip
    after = [cell.id for cell in notebooks.read_source(series, "01_first").cells]
    assert [one for one in after if one in before] == before


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("sum(range(10))", "sum(range(11))", "source differs"),
        ('["nbval-check-output", "results"]', '["nbval-check-output"]', "metadata differs"),
        ("# # A trial", "# A trial", "title"),
        ("ours@v1", "ours@v2", "does not install from git+https://github.com/us/ours@v1"),
        ("blob/v1/", "blob/v2/", "links to https://colab.research.google.com/github/us/ours/blob"),
        ("[next](02_second.ipynb)", "", "lacks the link to 02_second.ipynb"),
        ("notebooks/01_first.ipynb", "notebooks/01_fist.ipynb", "lacks [Open in Colab](https"),
        (
            "[next](02_second.ipynb)",
            "[next](02_second.ipynb) [x](03_x.ipynb)",
            "links to 03_x.ipynb",
        ),
        ("# And the rest?", '# <img src="images/x.png" alt="x">', "links to images/x.png"),
        ("# And the rest?", "# ```{note}\n# And?\n# ```", "MyST"),
        ("# And the rest?", "# {ref}`here`", "MyST"),
        ("# And the rest?", "# More than 15\n# + 15.", "becomes a list: + 15."),
        ('PROFILE = "auto"', 'PROFILE = "gpu"', 'PROFILE = "auto"'),
        ('# %% tags=["nbval-check-output"]\nsum', "# %%\nsum", "2 cells are tagged nbval"),
        ("sum(range(10))", "sum(\n" + "    0,\n" * 24 + ")", "has 26 lines"),
        ("<summary>Solution", "<summary>Hint", "check_01_1: <details>"),
        ("### Exercise 1", "### Exercise 1\n\n# %%\n1", "needs Markdown before"),
        ("# check_01_1(answer)", "# True", "check_01_1 must be called"),
        ("#       extension: .py\n", "", "extension: .py"),
    ],
)
def test_problems_of_a_source_are_found(series, old, new, problem):
    change_source(series, old, new)
    assert any(problem in line for line in notebooks.problems(series, "01_first"))


def test_a_missing_check_is_found(series, monkeypatch):
    monkeypatch.delattr(nb01, "check_01_2")
    assert notebooks.problems(series, "01_first") == [
        "01_first: g3lite/teaching/checks has no check_01_2"
    ]


def widgets(notebook):
    notebook["metadata"]["widgets"] = {}


def uncounted(notebook):
    notebook["cells"][2]["execution_count"] = None


def no_alt(notebook):
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            output.get("metadata", {}).pop("image/png", None)


def failed(notebook):
    error = {"output_type": "error", "ename": "KeyError", "evalue": "'x'", "traceback": []}
    notebook["cells"][2]["outputs"] = [error]


def warned(notebook):
    stderr = {"output_type": "stream", "name": "stderr", "text": "FutureWarning: soon\n"}
    notebook["cells"][2]["outputs"] = [stderr]


def unnamed(notebook):
    del notebook["metadata"]["kernelspec"]["language"]


def invalid(notebook):
    del notebook["cells"][2]["outputs"]


def shorter(notebook):
    notebook["cells"].pop()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (widgets, "widget metadata"),
        (uncounted, "not executed once each, in order"),
        (no_alt, "picture without alt text"),
        (failed, "cell 2 ended in KeyError: 'x'"),
        (warned, "cell 2 warns: FutureWarning: soon"),
        (unnamed, "kernelspec.language is missing"),
        (invalid, "not a valid notebook: 'outputs' is a required property"),
        (shorter, "cells in the source"),
    ],
)
def test_problems_of_a_written_notebook_are_found(series, change, problem):
    change_notebook(series, change)
    assert any(problem in line for line in notebooks.problems(series, "01_first"))


def test_an_unwritten_notebook_is_a_problem(series):
    (series / "01_first.ipynb").unlink()
    expected = "01_first: 01_first.ipynb is not written: make notebooks"
    assert expected in notebooks.problems(series, "01_first")


def output_of(series, source):
    cells = nbformat.read(series / "01_first.ipynb", as_version=4).cells
    return "".join(out.text for cell in cells if cell.source == source for out in cell.outputs)


def test_without_a_pack_a_cell_of_one_keeps_its_outputs(series, monkeypatch):
    said = "of a pack"

    def execute(notebook, cwd, profile, **variables):
        for number, cell in enumerate(c for c in notebook.cells if c.cell_type == "code"):
            cell.execution_count = number + 1
            cell.outputs = [nbformat.v4.new_output("stream", text=said)]
        return notebook

    monkeypatch.setattr(notebooks, "execute", execute)
    change_source(series, '["nbval-check-output"]\nsum', '["nbval-check-output", "pack"]\nsum')
    monkeypatch.setenv("G3LITE_PACK", "some folder")
    notebooks.sync(series, "01_first")
    monkeypatch.delenv("G3LITE_PACK")
    said = NO_PACK
    notebooks.sync(series, "01_first")
    assert output_of(series, "sum(range(10))") == "of a pack"
    assert output_of(series, 'PROFILE = "auto"') == NO_PACK
    assert notebooks.problems(series, "01_first") == []
    change_source(series, "sum(range(10))", "sum(range(11))")  # another cell: nothing to keep
    notebooks.sync(series, "01_first")
    assert output_of(series, "sum(range(11))") == NO_PACK
    assert notebooks.problems(series, "01_first") == [
        "01_first: cell 4 was executed without a pack of real photos; G3LITE_PACK names one"
    ]


@pytest.mark.parametrize(("tagged", "sees"), [(False, ""), (True, "some folder")])
def test_only_a_notebook_with_cells_of_a_pack_sees_one(series, monkeypatch, tagged, sees):
    def execute(notebook, cwd, profile, **variables):
        seen.append({**os.environ, **variables}["G3LITE_PACK"])
        return notebook

    seen = []
    monkeypatch.setattr(notebooks, "execute", execute)
    monkeypatch.setenv("G3LITE_PACK", "some folder")
    if tagged:
        change_source(series, '["nbval-check-output"]\nsum', '["nbval-check-output", "pack"]\nsum')
    notebooks.sync(series, "01_first")
    assert seen == [sees]


def test_exercises_are_extracted_and_solved(series):
    source = notebooks.read_source(series, "01_first")
    first, second = notebooks.exercises(source, "01_first")
    assert first.check == "check_01_1"
    assert first.statement.endswith("What is 2 + 2?")
    assert first.starter == "answer = ...\ncheck_01_1(answer)"
    assert first.solution == "answer = 2 + 2\ncheck_01_1(answer)\n"
    solved = notebooks.with_solutions(source, "01_first")
    assert second.solution in [cell.source for cell in solved.cells]


def test_a_failing_cell_is_reported_and_nothing_is_written(series):
    before = (series / "01_first.ipynb").read_bytes()
    change_source(series, "sum(range(10))", "1 / 0")
    with pytest.raises(
        NotebookError, match="ZeroDivisionError: division by zero, in the cell\n1 / 0"
    ):
        notebooks.sync(series, "01_first")
    assert (series / "01_first.ipynb").read_bytes() == before


def test_a_run_leaves_tables_pictures_and_pages(series, tmp_path):
    (series / "source" / "02_second.py").unlink()
    (done,) = notebooks.run(series, tmp_path / "out put", "ci")
    assert done.tables == ("method      25 km\nneighbour   19.4 %",)
    assert [picture.name for picture in done.pictures] == ["01_first-01.png", "01_first-02.jpeg"]
    assert done.pictures[0].read_bytes().startswith(b"\x89PNG")
    page = done.html.read_text(encoding="utf-8")
    folded = page.split("<summary>Solution</summary>")[1].split("</details>")[0]
    assert "<pre>" in folded  # the solution stands inside its fold
    assert 'alt="a black square"' in page and 'alt="the same"' in page
    assert "neighbour   19.4 %" in page
    assert "<script" not in page  # nbconvert's would ask other servers, for formulas above all
    injected = nbformat.read(done.notebook, as_version=4).cells[3]
    assert injected.source == '# Parameters\nPROFILE = "ci"\n'


def test_a_run_that_fails_names_the_notebook_and_the_cell(series, tmp_path):
    change_source(series, "sum(range(10))", "1 / 0")
    with pytest.raises(NotebookError, match=r"01_first, cell \[5\]: ZeroDivisionError: division"):
        list(notebooks.run(series, tmp_path, "ci"))


@pytest.mark.parametrize(
    ("markdown", "broken"),
    [
        ("[a](there.md) [b](there.md#part) [c](#here) <img src='there.md'>", []),
        ("[a](https://example.org/gone) [m](mailto:a@example.org)", []),
        ("[a](gone.md) <a href=\"gone.html\">b</a>", ["gone.md", "gone.html"]),
        ("```\n[a](gone.md)\n```\n", []),
        ("[a](../outside.md)", ["../outside.md"]),
        (f"[a]({COLAB}/us/ours/blob/v1/there.md)", []),
        (f"[a]({COLAB}/us/ours/blob/v1/gone.ipynb)", [f"{COLAB}/us/ours/blob/v1/gone.ipynb"]),
        (f"[a]({COLAB}/us/ours/blob/v2/there.md)", [f"{COLAB}/us/ours/blob/v2/there.md"]),
        (f"[a]({COLAB}/us/theirs/blob/v1/there.md)",
         [f"{COLAB}/us/theirs/blob/v1/there.md"]),
    ],
)  # fmt: skip
def test_links(tmp_path, markdown, broken):
    root = tmp_path / "root"
    root.mkdir()
    (root / "there.md").write_text("here")
    (root / "pyproject.toml").write_text(settings("https://github.com/us/ours"))
    (tmp_path / "outside.md").write_text("not ours")
    assert notebooks.broken_links(markdown, root, root) == broken


def test_the_address_is_written_into_every_file_and_outputs_stay(series):
    root = series.parent
    (root / "README.md").write_text(
        "The series is published at <https://github.com/us/ours>, `v1`.\n"
        "git clone https://github.com/us/ours ours\n"
        f"| [One](notebooks/01_first.ipynb) | [Colab]({COLAB}/us/ours/blob/v1/notebooks/"
        "01_first.ipynb) |\n"
        f"[How Colab works]({COLAB}/a/b/blob/main/c.ipynb), "
        "[the authors'](https://github.com/Applied-Machine-Learning-Lab/G3)\n"
    )
    (root / "CITATION.cff").write_text('repository-code: "https://github.com/us/ours"\n')
    first = Address("https://github.com/us/ours", "v1")
    assert Address.from_settings(root) == first
    assert notebooks.unlinked(root) == notebooks.link(root, first) == []
    before = {path: path.read_bytes() for path in root.rglob("*.*") if path.is_file()}

    fork = Address("https://github.com/them/fork", "v1.0-rc")
    changed = [path.relative_to(root).as_posix() for path in notebooks.link(root, fork)]
    assert changed == [
        "pyproject.toml", "README.md", "CITATION.cff", "notebooks/source/01_first.py",
        "notebooks/source/02_second.py", "notebooks/01_first.ipynb",
    ]  # fmt: skip
    assert Address.from_settings(root) == fork
    assert notebooks.problems(series, "01_first") == notebooks.unlinked(root) == []
    assert (root / "CITATION.cff").read_text().endswith('"https://github.com/them/fork"\n')
    assert (root / "README.md").read_text() == (
        "The series is published at <https://github.com/them/fork>, `v1.0-rc`.\n"
        "git clone https://github.com/them/fork ours\n"
        f"| [One](notebooks/01_first.ipynb) | [Colab]({COLAB}/them/fork/blob/v1.0-rc/notebooks/"
        "01_first.ipynb) |\n"
        f"[How Colab works]({COLAB}/a/b/blob/main/c.ipynb), "
        "[the authors'](https://github.com/Applied-Machine-Learning-Lab/G3)\n"
    )
    linked = nbformat.read(series / "01_first.ipynb", 4)
    assert linked.cells[1].source == 'address = "git+https://github.com/them/fork@v1.0-rc"'

    assert len(notebooks.link(root, Address(PLACEHOLDER, "v1"))) == 6
    assert notebooks.problems(series, "01_first") == notebooks.unlinked(root) == []
    text = (root / "README.md").read_text()
    assert "| Colab (once on GitHub) |" in text and "not published yet: `example.org`" in text
    assert f"git clone {PLACEHOLDER} ours" in text
    head = nbformat.read(series / "01_first.ipynb", 4).cells[0].source
    assert head.endswith("\nOpen in Colab (once on GitHub)")

    assert len(notebooks.link(root, first)) == 6  # and back: not a byte is lost, outputs included
    assert {path: path.read_bytes() for path in before} == before


def test_a_file_that_was_left_behind_is_found(series):
    root = series.parent
    (root / "README.md").write_text("git clone https://example.org/g3lite/g3lite")
    assert notebooks.unlinked(root) == [root / "README.md"]


def test_a_check_gives_a_verdict_and_a_hint(capsys):
    check = checks.exercise("start like this", "well done")(
        lambda value, factor: None if value / factor == 2 else "look at the unit"
    )
    answers = [(4, 2), (5, 2), (..., 2), (4, None), (4, 0)]
    assert [check(*given) for given in answers] == [None] * 5  # nothing is shown below a verdict
    assert capsys.readouterr().out.splitlines() == [
        "✓ well done",
        "Not yet: look at the unit",
        "Not yet: start like this",
        "Not yet: start like this",
        "Not yet: checking your answer raised ZeroDivisionError: division by zero",
    ]


# The series itself.
FOLDER = notebooks.folder()
SERIES = notebooks.names(FOLDER)


@pytest.mark.parametrize(
    ("markdown", "lines"),
    [
        ("Better than 10\n+ 10.", ["+ 10."]),
        ("It is\n1. of many, or\n- 2", ["1. of many, or", "- 2"]),
        ("- one\n  and more\n- two\n\n1. first\n2. second", []),
        ("In the year\n2018. Or\n15 + 15, *here*\n**bold**, -2", []),
        ("```\na\n- b\n```\n", []),
    ],
)
def test_lines_that_become_a_list_are_found(markdown, lines):
    assert notebooks.accidental_lists(markdown) == lines


@pytest.mark.parametrize("name", SERIES)
def test_notebook_is_fit_to_be_committed(name):
    assert notebooks.problems(FOLDER, name) == []


def test_every_notebook_has_a_source():
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == SERIES


@pytest.fixture(scope="module")
def pack_folder(tmp_path_factory, miniclip):
    """A pack of drawings, the form of a real one."""
    folder = tmp_path_factory.mktemp("pack") / "stand-in"
    stand_in(folder, miniclip)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", SERIES)
def test_every_solution_passes_its_check_and_every_cell_of_a_pack_runs(
    name, pack_folder, monkeypatch
):
    monkeypatch.setenv("G3LITE_PACK", str(pack_folder))
    notebook = notebooks.with_solutions(notebooks.read_source(FOLDER, name), name)
    notebooks.execute(notebook, FOLDER, "ci")
    solved = [cell for cell in notebook.cells if "exercise" in cell.metadata.get("tags", [])]
    verdicts = ["".join(output.get("text", "") for output in cell.outputs) for cell in solved]
    assert all("✓" in text and "Not yet" not in text for text in verdicts), verdicts
    for cell in notebook.cells:
        if notebooks.PACK in cell.metadata.get("tags", []):
            shown = notebooks.clean(nbformat.v4.new_notebook(cells=[cell])).cells[0].outputs
            assert shown and not any(out.get("name") == "stderr" for out in shown), cell.source
