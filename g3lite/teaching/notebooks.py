"""The notebooks as files: written from their text sources, executed, checked, run as a series.

`notebooks/source/NN_name.py` (jupytext, py:percent) is what people edit; `notebooks/NN_name.ipynb`
is written from it, with outputs. In a clone, `pip install -e ".[notebooks]"` installs the tools.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import html
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import metadata
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from g3lite import G3Error, profiles
from g3lite.teaching.address import PLACEHOLDER, Address

COMMITTED_PROFILE = "cpu"  # the profile that the committed outputs come from
MAX_LINES = 25
PACK = "pack"  # the tag of cells whose committed outputs come from a pack of real photos

_COLAB = "https://colab.research.google.com/github/"
_WIDGET = "application/vnd.jupyter.widget-view+json"
_BAR = re.compile(r"\d+%\|.*\| *\d+")  # the last state of a progress bar in plain text
_KERNEL = {"kernel_name": "python3", "extra_arguments": ["--log-level=ERROR"]}
_VOLATILE = {"execution", "ExecuteTime", "papermill", "trusted", "widgets"}
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)|\b(?:href|src)=[\"']([^\"']+)")
_FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1`*\s*$", re.MULTILINE | re.DOTALL)
_MYST = re.compile(r"^\s*(:{3,}|`{3,}\{)|\{[\w:-]+\}`", re.MULTILINE)
_LIST = re.compile(r"^ {0,3}(?:[-+*]|\d+[.)])\s")
_LIST_WITHIN = re.compile(r"^ {0,3}(?:[-+*]|1[.)])\s.*", re.MULTILINE)  # 1 alone ends a paragraph
SOLUTION = re.compile(
    r"<details>\s*<summary>Solution</summary>\s*```python\n(.*?)^```\s*</details>",
    re.MULTILINE | re.DOTALL,
)


class NotebookError(G3Error):
    """A notebook is not in the form it must have, or a cell of it failed."""


@dataclass(frozen=True)
class Exercise:
    """An exercise as it stands in a notebook; `check` is the name of its check."""

    check: str
    statement: str
    starter: str
    solution: str


@dataclass(frozen=True)
class Run:
    """What running one notebook left: its tables as text, and the files it was written to."""

    name: str
    seconds: float
    tables: tuple[str, ...]
    notebook: Path
    html: Path
    pictures: tuple[Path, ...]


def folder() -> Path:
    """Return the notebooks folder of this checkout."""
    found = Path(__file__).resolve().parents[2] / "notebooks"
    if not found.is_dir():
        where = metadata("g3lite")["Project-URL"].split(", ")[1]
        where = "the repository" if where == PLACEHOLDER else where
        raise NotebookError(f"no notebooks at {found}; work in a clone of {where}")
    return found


def names(notebooks: Path) -> list[str]:
    """Return the names ("01_worldwide_geolocalization") of the series, in order."""
    return sorted(path.stem for path in (notebooks / "source").glob("[0-9][0-9]_*.py"))


def read_source(notebooks: Path, name: str) -> NotebookNode:
    """Read a text source as a notebook without outputs, in the form in which it is committed."""
    path = notebooks / "source" / f"{name}.py"
    if not path.is_file():
        known = ", ".join(names(notebooks)) or "none yet"
        raise NotebookError(f"no notebook {name!r} in {path.parent}; there are: {known}")
    text = path.read_text(encoding="utf-8")
    if "extension: .py" not in text.partition("# %%")[0]:
        # Without it jupytext reads the whole file as a single cell.
        raise NotebookError(f"{path}: the header lacks the jupytext line 'extension: .py'")
    return clean(jupytext.reads(text, fmt="py:percent"))


def clean(notebook: NotebookNode) -> NotebookNode:
    """Remove in place what changes from run to run, and what GitHub refuses to show."""
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        for key in _VOLATILE & cell.metadata.keys():
            del cell.metadata[key]
        # The content names the cell, so that inserting one leaves the others' ids alone.
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not _is_progress(output)]
    return notebook


def execute(notebook: NotebookNode, cwd: Path, profile: str, **variables: str) -> NotebookNode:
    """Execute a notebook in place on a profile, with a kernel of this environment.

    Args:
        notebook: the notebook.
        cwd: the folder that its cells work in.
        profile: its name.
        variables: further environment variables of the kernel.
    """
    client = NotebookClient(
        notebook,
        timeout=1800,
        coalesce_streams=True,
        record_timing=False,
        resources={"metadata": {"path": str(cwd)}},
        **_KERNEL,
    )
    try:
        client.execute(env={**os.environ, "G3LITE_PROFILE": profile, **variables})
    except CellExecutionError as error:
        raise NotebookError(
            f"{error.ename}: {error.evalue}, in the cell\n{_failed(notebook)}"
        ) from error
    return notebook


def sync(notebooks: Path, name: str) -> Path:
    """Write `NN_name.ipynb` from its source, executed on the `cpu` profile; return its path.

    Without a pack of real photos (`G3LITE_PACK`) cells tagged `pack` keep the outputs that they
    had, as long as the cell is the same. A notebook without such cells sees no pack: it might show
    photos that may not be passed on.
    """
    from g3lite.datasets.pack import VARIABLE  # with numpy and others, which `link` does without

    source = read_source(notebooks, name)
    hidden = {} if any(PACK in _tags(cell) for cell in source.cells) else {VARIABLE: ""}
    notebook = clean(execute(source, notebooks, COMMITTED_PROFILE, **hidden))
    path = notebooks / f"{name}.ipynb"
    if path.is_file() and not os.environ.get(VARIABLE):
        _keep_outputs(notebook, nbformat.read(path, as_version=4))
    nbformat.write(notebook, path)
    return path


def _keep_outputs(notebook: NotebookNode, before: NotebookNode) -> None:
    """Give cells tagged `pack` the outputs that the same cells had before, in place."""
    outputs = {cell.id: cell.outputs for cell in before.cells if PACK in _tags(cell)}
    for cell in notebook.cells:
        if PACK in _tags(cell):
            cell.outputs = outputs.get(cell.id, cell.outputs)


def link(root: Path, address: Address) -> list[Path]:
    """Write an address into settings, documents, sources and notebooks of a checkout.

    Outputs stay as they are. Returns the files that changed.
    """
    changed = []
    for path, text in _linked(root, address):
        path.write_text(text, encoding="utf-8")
        changed.append(path)
    return changed


def unlinked(root: Path) -> list[Path]:
    """Return the files of a checkout that hold another address than its settings."""
    return [path for path, _ in _linked(root, Address.from_settings(root))]


def _linked(root: Path, address: Address) -> Iterator[tuple[Path, str]]:
    """Yield the files that do not hold this address, and their text with it."""
    for pattern in ("pyproject.toml", "*.md", "*.cff", "notebooks/source/*.py"):
        for path in sorted(root.glob(pattern)):
            text = path.read_text(encoding="utf-8")
            if path.suffix == ".toml":
                new = address.put_into_settings(text)
            else:
                new = address.put_into(text, path.stem if path.suffix == ".py" else "")
            if new != text:
                yield path, new
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        sources = [cell.source for cell in notebook.cells]
        for cell in notebook.cells:
            cell.source = address.put_into(cell.source, path.stem)
        if sources != [cell.source for cell in notebook.cells]:
            yield path, nbformat.writes(clean(notebook)) + "\n"


def run(
    notebooks: Path, output: Path, profile: str, chosen: list[str] | None = None
) -> Iterator[Run]:
    """Run the series with papermill, notebook by notebook, or those that begin as one `chosen`.

    Executed notebooks, HTML pages and pictures go to folders of `output`. The text of the cells
    tagged `results` comes back as tables.
    """
    import papermill

    from g3lite.teaching.mathematics import exporter

    if not profiles.get(profile).queries:
        raise G3Error(
            f"the profile {profile} is for g3lite locate; run the notebooks on ci, cpu or gpu"
        )
    for kind in ("notebooks", "html", "pictures"):
        (output / kind).mkdir(parents=True, exist_ok=True)
    for name in names(notebooks):
        if chosen and not name.startswith(tuple(chosen)):
            continue
        start = time.perf_counter()
        executed = output / "notebooks" / f"{name}.ipynb"
        try:
            notebook = papermill.execute_notebook(
                read_source(notebooks, name),
                executed,
                parameters={"PROFILE": profile},
                cwd=notebooks,
                **_KERNEL,
            )
        except papermill.PapermillExecutionError as error:
            words = f"{error.ename}: {error.evalue}"
            raise NotebookError(
                f"{name}, cell [{error.exec_count}]: {words}; see {executed}"
            ) from error
        nbformat.write(clean(notebook), executed)
        # Without embed_images, which would close every <details> before what it folds.
        page, _ = exporter().from_notebook_node(
            _with_alt_text(notebook), resources={"metadata": {"name": name, "path": str(notebooks)}}
        )
        for other in names(notebooks):
            page = page.replace(f'href="{other}.ipynb"', f'href="{other}.html"')
        page_file = output / "html" / f"{name}.html"
        page_file.write_text(page, encoding="utf-8")
        pictures = []
        for number, (kind, data) in enumerate(_pictures(notebook), start=1):
            pictures.append(output / "pictures" / f"{name}-{number:02d}.{kind.split('/')[1]}")
            pictures[-1].write_bytes(base64.b64decode(data))
        seconds = time.perf_counter() - start
        yield Run(name, seconds, tuple(_tables(notebook)), executed, page_file, tuple(pictures))


def exercises(notebook: NotebookNode, name: str) -> list[Exercise]:
    """Return the exercises: a Markdown cell, a code cell tagged `exercise`, a folded solution."""
    found = []
    for place, cell in enumerate(notebook.cells):
        if "exercise" not in _tags(cell):
            continue
        check = f"check_{name[:2]}_{len(found) + 1}"
        around = notebook.cells[place - 1 : place] + notebook.cells[place + 1 : place + 2]
        if [other.cell_type for other in around] != ["markdown", "markdown"]:
            raise NotebookError(f"{check}: the exercise needs Markdown before and a solution after")
        solution = SOLUTION.search(around[1].source)
        if solution is None:
            raise NotebookError(
                f"{check}: <details><summary>Solution</summary> with ```python must follow it"
            )
        found.append(Exercise(check, around[0].source, cell.source, solution[1]))
    return found


def with_solutions(notebook: NotebookNode, name: str) -> NotebookNode:
    """Put, in place, each exercise's solution where the reader's answer goes."""
    solutions = iter(exercises(notebook, name))
    for cell in notebook.cells:
        if "exercise" in _tags(cell):
            cell.source = next(solutions).solution
    return notebook


def first_code(notebook: NotebookNode) -> str:
    """Return the text of the first code cell; "" if there is none."""
    return next((cell.source for cell in notebook.cells if cell.cell_type == "code"), "")


def drift(source: NotebookNode, written: NotebookNode) -> list[str]:
    """Say where a written notebook differs from its source in cells, types or metadata."""
    if len(source.cells) != len(written.cells):
        return [f"{len(source.cells)} cells in the source, {len(written.cells)} in the notebook"]
    words = []
    for place, (ours, theirs) in enumerate(zip(source.cells, written.cells, strict=True)):
        for part in ("cell_type", "source", "metadata", "id"):
            if ours.get(part) != theirs.get(part):
                words.append(f"cell {place}: its {part} differs from the source")
    return words


def broken_links(markdown: str, base: Path, root: Path) -> list[str]:
    """Return the links of a Markdown text in the folder `base` that lead to no file of `root`."""
    broken = []
    for match in _LINK.finditer(_FENCE.sub("", markdown)):
        target = match[1] or match[2]
        path = target.partition("#")[0]
        if path.startswith(_COLAB):
            # Off GitHub there is no Colab. A link to another repository or tag is broken too.
            path, start = path.removeprefix(f"{Address.from_settings(root).colab}/"), root
        elif re.match(r"[a-z]+:", target) or not path:
            continue
        else:
            start = base
        file = (start / path).resolve()
        if not (file.exists() and file.is_relative_to(root.resolve())):
            broken.append(target)
    return broken


def accidental_lists(markdown: str) -> list[str]:
    """Return the lines inside paragraphs that Markdown takes for a list, such as "+ 15."."""
    found = []
    for block in re.split(r"\n\s*\n", _FENCE.sub("", markdown).strip("\n")):
        if not _LIST.match(block):
            found += [match[0].strip() for match in _LIST_WITHIN.finditer(block)]
    return found


def problems(notebooks: Path, name: str) -> list[str]:
    """Return, in words, everything that keeps a notebook from being committed; [] if nothing."""
    try:
        source = read_source(notebooks, name)
    except NotebookError as error:
        return [str(error)]
    words = [*_problems_of_source(source, notebooks, name)]
    path = notebooks / f"{name}.ipynb"
    if not path.is_file():
        return [f"{name}: {w}" for w in [*words, f"{path.name} is not written: make notebooks"]]
    written = nbformat.reads(path.read_text(encoding="utf-8"), as_version=nbformat.NO_CONVERT)
    words += [*_problems_of_outputs(written), *drift(source, written)]
    return [f"{name}: {w}" for w in words]


def _problems_of_source(source: NotebookNode, notebooks: Path, name: str) -> Iterator[str]:
    from g3lite.teaching import checks  # with numpy and others, which `link` does without

    cells = source.cells
    head = "\n".join(cell.source for cell in cells[:2] if cell.cell_type == "markdown")
    if not head.startswith("# "):
        yield "the first cell is not Markdown with a title ('# ...')"
    series = names(notebooks)
    place = series.index(name)
    for neighbour in series[max(place - 1, 0) : place] + series[place + 1 : place + 2]:
        if f"]({neighbour}.ipynb)" not in head:
            yield f"the line under the title lacks the link to {neighbour}.ipynb"
    address = Address.from_settings(notebooks.parent)
    if (badge := address.badge("Open in Colab", name)) not in head:
        yield f"the line under the title lacks {badge}: g3lite dev notebooks link"
    set_up = first_code(source)
    if f'"{address.pip}"' not in set_up:
        yield f"its first code cell does not install from {address.pip}: g3lite dev notebooks link"
    if set_up != first_code(read_source(notebooks, series[0])):
        yield f"its first code cell is not the set-up cell of {series[0]}"

    parameters = [cell.source.strip() for cell in cells if "parameters" in _tags(cell)]
    if len(parameters) != 1 or 'PROFILE = "auto"' not in parameters[0].splitlines():
        yield "there must be one cell tagged 'parameters', with the line PROFILE = \"auto\""
    compared = sum("nbval-check-output" in _tags(cell) for cell in cells)
    if compared < 3:
        yield f"{compared} cells are tagged nbval-check-output; at least 3 must be"

    try:
        found = exercises(source, name)
    except NotebookError as error:
        yield str(error)
    else:
        if len(found) < 2:
            yield f"{len(found)} exercises; there must be at least 2"
        for exercise in found:
            if checks.find(exercise.check) is None:
                yield f"g3lite/teaching/checks has no {exercise.check}"
            if not all(
                f"{exercise.check}(" in code for code in (exercise.starter, exercise.solution)
            ):
                yield f"{exercise.check} must be called in the exercise and in its solution"

    for place, cell in enumerate(cells):
        if cell.cell_type == "code":
            lines = cell.source.count("\n") + 1
            if lines > MAX_LINES or not cell.source.strip():
                yield f"cell {place} has {lines} lines of code; 1 to {MAX_LINES} are allowed"
            continue
        if _MYST.search(cell.source):
            yield f"cell {place} holds a MyST directive, which GitHub and Colab show as raw text"
        for line in accidental_lists(cell.source):
            yield f"cell {place} has a line that becomes a list: {line}"
        for link in broken_links(cell.source, notebooks, notebooks.parent):
            yield f"cell {place} links to {link}, which does not exist"


def _problems_of_outputs(written: NotebookNode) -> Iterator[str]:
    try:
        nbformat.validate(written)
    except nbformat.ValidationError as error:
        yield f"not a valid notebook: {error.message}"
    if "widgets" in written.metadata:
        yield "holds widget metadata, which GitHub refuses"
    if written.metadata.get("kernelspec", {}).get("language") != "python":
        yield "kernelspec.language is missing; papermill needs it"
    code = [cell for cell in written.cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        yield "its code cells were not executed once each, in order"
    for place, cell in enumerate(written.cells):
        if PACK in _tags(cell) and not _shows_a_pack(cell):
            yield f"cell {place} was executed without a pack of real photos; G3LITE_PACK names one"
        for output in cell.get("outputs", []):
            where = f"cell {place}"
            if output.output_type == "error":
                yield f"{where} ended in {output.ename}: {output.evalue}"
            elif _is_progress(output):
                yield f"{where} holds a progress bar or widget"
            elif output.get("name") == "stderr":
                yield f"{where} warns: {output.text.strip().splitlines()[0]}"
            for kind in output.get("data", {}):
                if kind.startswith("image/") and not output.metadata.get(kind, {}).get("alt"):
                    yield f"{where} shows a picture without alt text; use g3lite.figures.style.show"


def _tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def _shows_a_pack(cell: NotebookNode) -> bool:
    """Tell whether a cell tagged `pack` has the outputs of one."""
    from g3lite.teaching.real_photos import NO_PACK

    text = "".join(output.get("text", "") for output in cell.outputs)
    return bool(cell.outputs) and not text.startswith(NO_PACK)


def _is_progress(output: NotebookNode) -> bool:
    """Tell whether an output is a widget or a progress bar."""
    bar = output.get("name") == "stderr" and _BAR.search(output.get("text", ""))
    return bool(bar) or _WIDGET in output.get("data", {})


def _failed(notebook: NotebookNode) -> str:
    """Return the source of the cell that raised."""
    for cell in notebook.cells:
        if any(output.output_type == "error" for output in cell.get("outputs", [])):
            return cell.source
    return "(unknown)"


def _tables(notebook: NotebookNode) -> Iterator[str]:
    for cell in notebook.cells:
        for output in cell.get("outputs", []) if "results" in _tags(cell) else []:
            text = output.get("text") or output.get("data", {}).get("text/plain")
            if text and output.get("name") != "stderr":
                yield text.rstrip("\n")


def _pictures(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """Yield the type ("image/png") and the base64 data of every picture in the outputs."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for kind in ("image/png", "image/jpeg"):
                if kind in output.get("data", {}):
                    yield kind, output.data[kind]


def _with_alt_text(notebook: NotebookNode) -> NotebookNode:
    """Return a copy with pictures as HTML: nbconvert's page drops the alt text of a plain one."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for kind in ("image/png", "image/jpeg"):
                alt = output.get("metadata", {}).get(kind, {}).get("alt")
                if alt:
                    source = f"data:{kind};base64,{''.join(output.data[kind].split())}"
                    output.data["text/html"] = f'<img alt="{html.escape(alt)}" src="{source}">'
    return notebook
