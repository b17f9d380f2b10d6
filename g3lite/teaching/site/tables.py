"""Ledger, notation and glossary: small tables in `notebooks/course/`, checked and shown.

The ledger says for each part of the paper which notebook, function and test stand for it, and what
differs. The notation has a row for each symbol of the formulas, the glossary one for each term.
"""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from nbformat import NotebookNode

from g3lite import G3Error
from g3lite.paths import replacing
from g3lite.teaching import notebooks
from g3lite.teaching.mathematics import formulas, symbols

FOLDER = "course"
_PACKAGE = Path(__file__).resolve().parents[2]
_ORIGIN = "<!-- Written by `g3lite site tables`; edit {}.toml. -->"


@dataclass(frozen=True)
class Entry:
    """A row of the ledger; the empty text says that no difference is known."""

    paper: str
    what: str
    notebook: str
    function: str
    tests: list[str]
    from_paper: str
    from_code: str
    section: str = ""


@dataclass(frozen=True)
class Symbol:
    """A row of the notation: what a symbol means in some notebooks, the first one first."""

    symbol: str
    meaning: str
    unit: str
    notebooks: list[str]
    latex: str = ""


@dataclass(frozen=True)
class Term:
    """A row of the glossary: a word, other forms of it, and the notebook that introduces it."""

    term: str
    meaning: str
    notebook: str
    also: tuple[str, ...] = ()

    @property
    def slug(self) -> str:
        """Its name in links: `glossary.md#false-negative`."""
        return slug(self.term)

    def pattern(self) -> str:
        """A regular expression of all its forms, the longest first."""
        forms = sorted([self.term, *self.also], key=len, reverse=True)
        return "|".join(re.escape(form) for form in forms)


def slug(text: str) -> str:
    """A headline as links name it, in the way of GitHub: "The prompt!" is the-prompt."""
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


@dataclass(frozen=True)
class Tables:
    """The three tables of a checkout, whose notebooks lie in `folder`."""

    folder: Path

    @cached_property
    def ledger(self) -> list[Entry]:
        """The parts of the paper, in its order."""
        return [Entry(**row) for row in self._rows("ledger")]

    @cached_property
    def notation(self) -> list[Symbol]:
        """The symbols, in the order of the file."""
        return [Symbol(notebooks=row.pop("in"), **row) for row in self._rows("notation")]

    @cached_property
    def glossary(self) -> list[Term]:
        """The terms, in the order of the alphabet."""
        terms = [Term(**{**row, "also": tuple(row.get("also", ()))})
                 for row in self._rows("glossary")]  # fmt: skip
        return sorted(terms, key=lambda term: term.term.lower())

    def _rows(self, name: str) -> list[dict]:
        path = self.folder / FOLDER / f"{name}.toml"
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))["row"]
        except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
            raise G3Error(f"{path} is no table of rows: {error!r}") from error

    @cached_property
    def _sources(self) -> dict[str, NotebookNode]:
        """The notebooks by their numbers."""
        series = notebooks.names(self.folder)
        return {name[:2]: notebooks.read_source(self.folder, name) for name in series}

    # ------------------------------------------------------------------------------- what is wrong

    def problems(self) -> list[str]:
        """Return, in words, every row that leads nowhere or is missing; [] if none."""
        root = self.folder.parent
        words = [f"ledger, {row.what}: {w}" for row in self.ledger for w in self._lost(row, root)]
        return [*words, *self._unnamed(), *self._unused()]

    def _lost(self, row: Entry, root: Path) -> Iterator[str]:
        if row.notebook not in self._sources:
            yield f"there is no notebook {row.notebook}"
            return
        cells = self._sources[row.notebook].cells
        if row.section and row.section not in headlines(cells):
            yield f"notebook {row.notebook} has no section {row.section!r}"
        code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        names = row.function.split(".")[1:]
        if not any(re.search(rf"\b{name}\b", code) for name in names):
            yield f"the code of notebook {row.notebook} uses nothing of {row.function}"
        if find(row.function) is None:
            yield f"there is no {row.function}"
        if not row.tests:
            yield "it names no test"
        for test in row.tests:
            file, _, name = test.partition("::")
            if not (root / file).is_file() or name not in functions_of(root / file):
                yield f"there is no test {test}"

    def _unnamed(self) -> Iterator[str]:
        """Symbols without a row or with several, and rows without a symbol."""
        used = {
            (number, symbol)
            for number, source in self._sources.items()
            for cell in source.cells
            if cell.cell_type == "markdown"
            for latex in formulas(cell.source)
            for symbol in symbols(latex)
        }
        rows = [(number, row.symbol) for row in self.notation for number in row.notebooks]
        for number, symbol in sorted(used - set(rows)):
            yield f"notation: {symbol} of notebook {number} has no row"
        for number, symbol in sorted(set(rows) - used):
            yield f"notation: no formula of notebook {number} has {symbol}"
        for number, symbol in sorted({row for row in rows if rows.count(row) > 1}):
            yield f"notation: {symbol} of notebook {number} has several rows"
        for row in self.notation:
            if symbols(row.latex or row.symbol) != {row.symbol}:
                yield f"notation: {row.latex!r} is not how {row.symbol} is written"

    def _unused(self) -> Iterator[str]:
        """Terms that their notebook does not hold, and forms that two terms share."""
        for row in self.glossary:
            cells = self._sources[row.notebook].cells if row.notebook in self._sources else []
            text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
            words = row.pattern().replace(r"\ ", r"\s+")
            if not re.search(rf"\b(?:{words})\b", text, re.IGNORECASE):
                yield f"glossary: notebook {row.notebook} does not hold {row.term!r}"
        forms = [form.lower() for row in self.glossary for form in (row.term, *row.also)]
        for form in sorted({form for form in forms if forms.count(form) > 1}):
            yield f"glossary: {form!r} stands twice"

    # -------------------------------------------------------------------------------- as documents

    def documents(self) -> dict[str, str]:
        """The three tables in Markdown, by the names of their files."""
        return {
            "ledger.md": "\n".join(self._ledger_lines()) + "\n",
            "notation.md": "\n".join(self._notation_lines()) + "\n",
            "glossary.md": "\n".join(self._glossary_lines()) + "\n",
        }

    def write(self) -> list[Path]:
        """Write the documents beside their tables; return their paths."""
        paths = []
        for name, text in self.documents().items():
            paths.append(self.folder / FOLDER / name)
            with replacing(paths[-1]) as part:
                part.write_text(text, encoding="utf-8")
        return paths

    def _ledger_lines(self) -> Iterator[str]:
        yield "# Ledger: the paper, part by part"
        yield ""
        yield _ORIGIN.format("ledger")
        yield ""
        yield (
            "The paper is [arXiv 2405.14702](https://arxiv.org/abs/2405.14702), the official code "
            "[Applied-Machine-Learning-Lab/G3](https://github.com/Applied-Machine-Learning-Lab/G3)."
            " Each part of the paper leads to the notebook that teaches it, the function that does "
            "it, and the tests that hold it. A dash says that no difference is known."
        )
        yield ""
        yield "| the paper | notebook | function, tests | differs from the paper | from the code |"
        yield "|---|---|---|---|---|"
        for row in self.ledger:
            notebook = self._link(row.notebook) + (f", *{row.section}*" if row.section else "")
            module, name = place_of(row.function)
            path = f"../../{module.replace('.', '/')}.py"
            tests = "<br>".join(
                f"[{words(name.removeprefix('test_'))}](../../{file})"
                for file, _, name in (test.partition("::") for test in row.tests)
            )
            yield (
                f"| **{row.paper}**<br>{row.what} | {notebook} "
                f"| [`{name}`]({path}#{name})<br>{tests} "
                f"| {row.from_paper or '–'} | {row.from_code or '–'} |"
            )

    def _notation_lines(self) -> Iterator[str]:
        yield "# Notation"
        yield ""
        yield _ORIGIN.format("notation")
        yield ""
        yield (
            "The symbols in the formulas of the notebooks. Where a symbol means two things, each "
            "has its own row."
        )
        yield ""
        yield "| symbol | meaning | unit or shape | notebooks |"
        yield "|---|---|---|---|"
        for row in self.notation:
            where = ", ".join(self._link(number) for number in row.notebooks)
            yield f"| ${row.latex or row.symbol}$ | {row.meaning} | {row.unit} | {where} |"

    def _glossary_lines(self) -> Iterator[str]:
        yield "# Glossary"
        yield ""
        yield _ORIGIN.format("glossary")
        yield ""
        yield "Each word with a sentence, and the notebook that introduces it."
        yield ""
        yield "| word | what it means | notebook |"
        yield "|---|---|---|"
        for row in self.glossary:
            word = f'<dfn id="{row.slug}">{row.term}</dfn>'
            yield f"| {word} | {row.meaning} | {self._link(row.notebook)} |"

    def _link(self, number: str) -> str:
        for name in notebooks.names(self.folder):
            if name.startswith(number):
                return f"[{number}](../{name}.ipynb)"
        return number


def headlines(cells: list[NotebookNode]) -> list[str]:
    """The headlines of the Markdown cells, without their signs, in order."""
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return [line.strip() for line in re.findall(r"^#{1,6} +(.+)$", text, re.MULTILINE)]


def words(name: str) -> str:
    """The name of a test as words."""
    return name.replace("_", " ")


def place_of(function: str) -> tuple[str, str]:
    """The module of a function, and its name there: g3lite.index, Gallery.similar."""
    parts = function.split(".")
    for length in range(len(parts) - 1, 0, -1):
        file = _PACKAGE.joinpath(*parts[1:length])
        if file.with_suffix(".py").is_file() or (file / "__init__.py").is_file():
            return ".".join(parts[:length]), ".".join(parts[length:])
    return parts[0], ".".join(parts[1:])


def find(function: str) -> object | None:
    """What has this name, such as g3lite.index.Gallery.similar; None if there is nothing."""
    module, name = place_of(function)
    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def functions_of(path: Path) -> set[str]:
    """The names of the functions at the top of a Python file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
