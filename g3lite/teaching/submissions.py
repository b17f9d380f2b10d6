"""Submissions as files: whose notebooks there are, and the code that leads to each answer."""

from __future__ import annotations

import ast
import json
import re
import symtable
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from g3lite import G3Error

MAX_NOTEBOOK_BYTES = 50 * 2**20


class SubmissionError(G3Error):
    """A submission that cannot be read; the message says why, to the student."""


@dataclass(frozen=True)
class Answer:
    """What leads to an answer in a notebook.

    Attributes:
        setup: statements that define what the arguments need, in order.
        arguments: of the check, as expressions.
        look: words in the code that a person should look at; "" if there are none.
    """

    setup: str
    arguments: tuple[str, ...]
    look: str


_SUSPICIOUS = re.compile(
    r"\b(g3lite\.teaching(?! import cue_lab$)|"  # that is the tool of an exercise
    r"sys\.modules|_getframe|inspect|ctypes|gc|builtins|__builtins__|importlib|"
    r"__import__|__subclasses__|__globals__|f_back|subprocess|socket|open|eval|exec|(?<!re\.)compile|"
    r"os\.\w+|monkeypatch|setattr|pathlib|shutil|signal|threading|multiprocessing)\b",
    re.MULTILINE,
)


def students(folder: Path, series: list[str]) -> dict[str, dict[str, Path]]:
    """Student -> name of a notebook -> file. A student is a folder of `folder`, and all in it.

    A notebook is known by what its metadata says, else by how its file is called; of several, the
    last one that was changed counts.

    Raises:
        SubmissionError: there are no folders.
    """
    if not folder.is_dir():
        raise SubmissionError(f"no folder {folder}; it holds a folder for each student")
    found: dict[str, dict[str, Path]] = {}
    for home in sorted(path for path in folder.iterdir() if path.is_dir()):
        if home.name.startswith("."):
            continue
        files = [
            path
            for path in home.rglob("*.ipynb")
            if ".ipynb_checkpoints" not in path.parts and not path.is_symlink()
        ]
        found[home.name] = {}
        for path in sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name)):
            name = _name(path, series)
            if name:
                found[home.name][name] = path
    if not found:
        raise SubmissionError(f"{folder} holds no folders; it must hold one for each student")
    return found


def _name(path: Path, series: list[str]) -> str | None:
    try:
        named = read(path)["metadata"]["g3lite"]["notebook"]
    except (SubmissionError, KeyError, TypeError):
        named = None
    if named in series:
        return str(named)
    return next((name for name in series if path.stem.startswith(name)), None)


def read(path: Path) -> dict[str, Any]:
    """Read a notebook as JSON.

    Raises:
        SubmissionError: it is none.
    """
    try:
        if path.stat().st_size > MAX_NOTEBOOK_BYTES:
            raise SubmissionError(f"{path.name} is larger than {MAX_NOTEBOOK_BYTES:,} bytes")
        notebook = json.loads(path.read_text(encoding="utf-8"))
        list(code_cells(notebook))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SubmissionError(f"{path.name} is no notebook that can be read: {error}") from error
    return notebook


def code_cells(notebook: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the source of each code cell, and the check that its metadata names, or ""."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            source = cell["source"]
            about = cell.get("metadata", {}).get("g3lite")
            check = about.get("exercise") if isinstance(about, dict) else None
            yield source if isinstance(source, str) else "".join(source), str(check or "")


def answer(notebook: dict[str, Any], check: str, starter: str) -> Answer | None:
    """What leads to the answer of an exercise; None if the notebook no longer has the exercise.

    The check itself is not called, and no cell is run that the answer does not need: of all
    statements before the call those are taken that define a name which it needs, directly or not.

    Args:
        notebook: the submission.
        check: the name of the check.
        starter: the code that the student was given, which says what goes to the check.

    Raises:
        SubmissionError: the code of the exercise is no Python.
    """
    before: list[ast.stmt] = []
    cell = None
    for source, named in code_cells(notebook):
        mine = named == check or re.search(rf"(?m)^{check}\(", source)
        try:
            tree = ast.parse(_without_magic(source))
            compile(tree, "<notebook>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            if mine:
                raise SubmissionError(f"the code is no Python: {error}") from error
            continue  # in a cell that may have nothing to do with it
        if mine:
            cell = (len(before), tree)
        before += tree.body
    if cell is None:
        return None
    place, tree = cell
    arguments = _arguments(tree, check) or _arguments(ast.parse(starter), check) or []
    calls = [n for n, statement in enumerate(tree.body) if _call(statement, check)]
    statements = before[: place + (calls[-1] if calls else len(tree.body))]
    needed = _needed(statements, arguments)
    setup = "\n".join(ast.unparse(statement) for statement in needed)
    expressions = tuple(ast.unparse(argument) for argument in arguments)
    words = {match[0] for match in _SUSPICIOUS.finditer("\n".join([setup, *expressions]))}
    return Answer(setup, expressions, ", ".join(sorted(words)))


def is_untouched(answered: str, starter: str) -> bool:
    """Whether the code of an exercise is still what the student was given."""
    try:
        return ast.dump(ast.parse(answered)) == ast.dump(ast.parse(starter))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _without_magic(source: str) -> str:
    """The code without IPython's lines: `%matplotlib`, `!pip`, `name?`."""
    if source.lstrip().startswith("%%"):
        return ""
    lines = source.split("\n")
    return "\n".join("" if re.match(r"\s*[%!]|\w+\?+$", line) else line for line in lines)


def _call(statement: ast.stmt, check: str) -> ast.Call | None:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        function = statement.value.func
        if isinstance(function, ast.Name) and function.id == check:
            return statement.value
    return None


def _arguments(tree: ast.Module, check: str) -> list[ast.expr] | None:
    calls = [call for statement in tree.body if (call := _call(statement, check))]
    return calls[-1].args if calls else None


def _needed(statements: list[ast.stmt], arguments: list[ast.expr]) -> list[ast.stmt]:
    """Those of the statements that define what the arguments use, directly or not, in order."""
    wanted = set().union(*map(_names_read, arguments))
    taken: dict[int, ast.stmt] = {}
    grown = True
    while grown:
        grown = False
        for place, statement in enumerate(statements):
            bound = _names_bound(statement)
            if "*" not in bound and not bound & wanted:
                continue
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                aliases = [alias for alias in statement.names if _alias(alias) in wanted | {"*"}]
                if place in taken and len(taken[place].names) == len(aliases):
                    continue
                kept = {**dict(ast.iter_fields(statement)), "names": aliases}
                taken[place] = type(statement)(**kept)
                grown = True
            elif place not in taken:
                taken[place] = statement
                wanted |= _names_read(statement)
                grown = True
    return [taken[place] for place in sorted(taken)]


def _alias(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _names_read(node: ast.AST) -> set[str]:
    """The global names that a piece of code reads, also in the functions that it defines."""
    todo = [symtable.symtable(ast.unparse(node), "<notebook>", "exec")]
    names = {symbol.get_name() for symbol in todo[0].get_symbols() if symbol.is_referenced()}
    while todo:
        table = todo.pop()
        todo += table.get_children()
        names |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
    return names


def _names_bound(statement: ast.stmt) -> set[str]:
    """The global names that a statement gives a value to, or changes a part of."""
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {_alias(alias) for alias in statement.names}  # symtable refuses a `*` here
    table = symtable.symtable(ast.unparse(statement), "<notebook>", "exec")
    names = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_assigned() or symbol.is_imported()
    }
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return names
    for part in ast.walk(statement):
        if isinstance(part, (ast.Attribute, ast.Subscript)) and not isinstance(part.ctx, ast.Load):
            while isinstance(part, (ast.Attribute, ast.Subscript)):
                part = part.value
            if isinstance(part, ast.Name):
                names.add(part.id)
    return names
