"""Numbers in the prose of the notebooks are those of their outputs.

Every number with a unit, every decimal number and every number with a sign that a Markdown cell
states must occur in an output of the same section (text, table, or what a program says about a
picture), as a number in the code of the notebook, or among the figures from elsewhere,
`notebooks/source/NN_name.facts.csv`, which has their sources. A section without outputs, such as
the summary, may quote all of them. Numbers in code, formulas, links and solutions are left alone,
and the 95 % of intervals.
"""

import ast
import csv
import re
from pathlib import Path

import nbformat
import pytest

from g3lite.teaching import notebooks

FOLDER = notebooks.folder()

UNIT = (
    "%|per cent|points?|km|kilometres?|metres?|m|°|degrees?|ms|s|seconds?|hours?|photos?|pictures?|"
    "places?|texts?|cities|countries|continents|epochs?|steps?|seeds?|numbers|times|pairs|queries|"
    "photographers?|candidates|replies|tokens|prompts|neighbours|references|million|dimensions|of"
)
DIGITS = r"[+−-]?\d+(?:,\d{3})*(?:\.\d+)?"
BETWEEN = r"(?: ?\]? ?(?:[\[/,–]|, and|, or|and|or|to) ?)"
WITH_UNIT = re.compile(
    # "12 %", "3 to 5 km", "1, 25 and 200 km", "0.6 / 2.4 / 4.1 %", "2.0 [1.1, 2.9] points"
    rf"(?<![\w.])({DIGITS}(?:{BETWEEN}{DIGITS})*\]?)[ -]?(?:{UNIT})(?!\w)"
)
ALONE = re.compile(r"(?<![\w.])(?:[+−-]?\d[\d,]*\.\d+|[+−]\d[\d,]*)(?![\w.]*\w)")
SILENT = re.compile(
    r"```.*?```|<details>.*?</details>|`[^`]*`|\$[^$]*\$|\[[^\]]*\]\([^)]*\)|<[^>]*>|https?://\S+"
    r"|\b(?:[Ss]ections?|[Tt]ables?|[Ff]igures?|[Nn]otebooks?|[Ee]xercises?|arXiv) [\d.]+"
    r"(?:(?:, | and | to )[\d.]+)*",
    re.DOTALL,
)
NUMBER = re.compile(r"\d[\d,_]*(?:\.\d+)?")


def stated(markdown: str) -> list[str]:
    """The numbers that a text states as results, as they are written, without their signs."""
    prose = SILENT.sub(" ", " ".join(markdown.split()))
    found = [number for match in WITH_UNIT.finditer(prose) for number in split(match[1])]
    found += [match[0].strip("+−-,") for match in ALONE.finditer(prose)]
    return list(dict.fromkeys(found))


def split(words: str) -> list[str]:
    return [number.rstrip(",") for number in NUMBER.findall(words)]


def plain(number: str) -> str:
    """A number without marks of thousands: "20,000" and "20_000" become "20000"."""
    return number.replace(",", "").replace("_", "").rstrip(".")


def numbers(text: str) -> set[str]:
    """All numbers of an output or a piece of code. "1, 25" are two, "1,250" is one."""
    found = re.findall(r"\d{1,3}(?:[,_]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?", text)
    return {plain(number) for number in found}


def computed(cell: nbformat.NotebookNode) -> set[str]:
    """The numbers of a cell's outputs; of what is said about a picture, not those typed there."""
    found: set[str] = set()
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        here = numbers(output.get("text", "") + data.get("text/plain", ""))
        typed = any(kind.startswith("image/") for kind in data)
        found |= here - words(cell.source) if typed else here
    return found


def words(code: str) -> set[str]:
    """The numbers within the texts of some code."""
    texts = (node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant))
    return set().union(*(numbers(text) for text in texts if isinstance(text, str)))


def literals(code: str) -> set[str]:
    """The numbers of some code that are no part of a text."""
    nodes = (node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant))
    return {f"{n:.10g}" for n in nodes if isinstance(n, int | float) and not isinstance(n, bool)}


def shown(cells: list[nbformat.NotebookNode]) -> set[str]:
    """All numbers of the outputs of some cells."""
    return set().union(*(computed(cell) for cell in cells if cell.cell_type == "code"))


def sections(notebook: nbformat.NotebookNode) -> list[list[nbformat.NotebookNode]]:
    """The cells from one heading of the second level to the next."""
    found: list[list[nbformat.NotebookNode]] = [[]]
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            found.append([])
        found[-1].append(cell)
    return found


def sourced(name: str, folder: Path = FOLDER) -> dict[str, str]:
    """The figures of others that a notebook quotes, and where each is from."""
    path = folder / "source" / f"{name}.facts.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as lines:
        return {plain(row["number"]): row["source"] for row in csv.DictReader(lines)}


def without_source(notebook: nbformat.NotebookNode, others: dict[str, str]) -> list[str]:
    """Numbers that the prose states and nothing shows, each with its sentence."""
    known, missing = {"95", *others}, []
    for cell in notebook.cells:
        known |= literals(cell.source) if cell.cell_type == "code" else set()
    for cells in sections(notebook):
        here = known | (shown(cells) or shown(notebook.cells))
        for cell in cells:
            for number in stated(cell.source) if cell.cell_type == "markdown" else []:
                if plain(number) not in here:
                    line = next(line for line in cell.source.splitlines() if number in line)
                    missing.append(f"{number}: {line}")
    return missing


def read(name: str) -> nbformat.NotebookNode:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


@pytest.mark.parametrize("name", notebooks.names(FOLDER))
def test_the_prose_states_what_the_outputs_show(name):
    assert without_source(read(name), sourced(name)) == []


@pytest.mark.parametrize("name", notebooks.names(FOLDER))
def test_figures_of_others_have_a_source_and_are_used(name):
    said = {plain(n) for cell in read(name).cells if cell.cell_type == "markdown"
            for n in stated(cell.source)}  # fmt: skip
    for number, source in sourced(name).items():
        assert len(source) > 10, f"{number} has no source"
        assert number in said, f"{number} is not quoted any more"


@pytest.mark.parametrize(
    ("markdown", "found"),
    [
        ("It finds 53.5 % of them.", ["53.5"]),
        ("From 12 to 45 % of 2,400 photos", ["12", "45", "2,400"]),
        ("within 1, 25 and 200 km", ["1", "25", "200"]),
        ("0.6 / 2.4 / 4.1 %", ["0.6", "2.4", "4.1"]),
        ("a gain of +2.0 [+1.1, +2.9] points", ["2.0", "1.1", "2.9"]),
        ("it costs −3 and 0.27", ["3", "0.27"]),
        ("a loss of 5.55. In 2024 it was", ["5.55"]),
        ("a 4-degree cell, 1,024 x 3", ["4"]),
        ("scores 0.91, and the other 0.20,", ["0.91", "0.20"]),
        ("Section 3.1, tables 3 and 5 of notebook 02 [3.7 %](x.md)", []),
        ("`x = 0.5`, $e^{3.99} = 54$ and\n```\n12 %\n```", []),
        ("<details><summary>Solution</summary>\n\n12 %\n\n</details>", []),
        ("three heads, G3, MP16, 2-dimensional, step 2", []),
    ],
)
def test_numbers_are_found_in_prose(markdown, found):
    assert stated(markdown) == found


def a_notebook(*prose: str) -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell('km = 20_000\nshow(f"From 9 to {end:.0f} per cent.")')
    picture = {"image/png": "", "text/plain": "From 9 to 71 per cent."}
    cell.outputs = [
        nbformat.v4.new_output("stream", text="within 25 km 53.5 %, 1,234 photos\n"),
        nbformat.v4.new_output("display_data", data=picture),
    ]
    other = nbformat.v4.new_code_cell("print(8)")
    other.outputs = [nbformat.v4.new_output("stream", text="8\n")]
    texts = [nbformat.v4.new_markdown_cell(text) for text in prose]
    return nbformat.v4.new_notebook(cells=[*texts[:1], cell, *texts[1:2], other, *texts[2:]])


@pytest.mark.parametrize(
    ("prose", "missing"),
    [
        (["53.5 % of 1,234 photos, 71 % at 20,000 km"], []),
        (["53.6 % of 1,234 photos"], ["53.6: 53.6 % of 1,234 photos"]),
        (["as others found, 12.3 %"], []),
        (["34 photos"], ["34: 34 photos"]),  # a part of another number is none
        (["9 %"], ["9: 9 %"]),  # typed into what is said about a picture, not computed
        (["", "## 2 Another section\n8 photos, 71 %"], ["71: 8 photos, 71 %"]),
        (["", "## 2 Another section", "## Summary\n8 photos, 71 %"], []),
    ],
)
def test_a_number_that_nothing_shows_is_found(prose, missing):
    assert without_source(a_notebook(*prose), {"12.3": "a paper, Table 1"}) == missing
