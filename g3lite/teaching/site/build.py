"""The site: notebooks with their results, documents, ledger, glossary and docstrings as pages.

All that a page needs lies beside it, so the folder can be opened from a disk, handed out on a
stick, or put on any server. Nothing is executed.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import nbformat
from jinja2 import Environment, PackageLoader
from pygments.styles import get_style_by_name
from pygments.token import STANDARD_TYPES

from g3lite import G3Error, __version__
from g3lite.teaching import notebooks
from g3lite.teaching.address import Address
from g3lite.teaching.mathematics import exporter, to_html
from g3lite.teaching.site import api
from g3lite.teaching.site.page import Page, Section, Site
from g3lite.teaching.site.tables import FOLDER, Tables

TITLE = "G3, by running it"
CODE = "Functions and classes"
DOCUMENTS = {
    "g3lite/README.md": ("method", "The method, file by file"),
    "g3lite/own-photos.md": ("own-photos", "Your own photos"),
    "g3lite/pack.md": ("pack", "A pack of real photos for a class"),
    "data/README.md": ("data", "The data"),
}
"""Documents beside those of `notebooks/course/`: file, name of the page, words of the menu."""
_ROW = re.compile(r"^\| \[[^]]+\]\(notebooks/(\d\d_\w+)\.ipynb\) \| (.+?) \|", re.MULTILINE)
_STYLES = "default", "github-dark"  # of code, by light and by dark


def build(folder: Path, output: Path, executed: Path | None = None) -> list[Path]:
    """Write the site of a checkout whose notebooks lie in `folder`; return its pages.

    Args:
        folder: `notebooks/` of a checkout.
        output: new or empty, or a site of before, which is replaced.
        executed: where the executed notebooks lie, such as `build/notebooks` after `g3lite run`;
            None for the committed ones.

    Raises:
        G3Error: `output` holds something else, or a notebook was not executed.
    """
    root = folder.parent.resolve()
    assets = _empty(output)
    tables, modules = Tables(folder), api.read(root / "g3lite")
    series = _series(root, folder)
    documents = _documents(root, folder)
    contents = Page("contents.html", "Contents", "Contents", "Every section of the notebooks.")
    reference = Page("api.html", CODE, CODE, "What the docstrings say, with a page for each file.")
    search = Page("search.html", "Search", "Search", "In notebooks, documents and docstrings.")
    pages = {f"notebooks/{page.file.removesuffix('.html')}.ipynb": page.file for page in series}
    pages |= {source: page.file for source, page in documents.items()}
    pages |= {_file_of(root, module.name): f"{module.name}.html" for module in modules}
    site = Site(root, assets, pages, Address.from_settings(root), tables.glossary)
    whole = exporter(whole=False)
    for page in series:
        name = page.file.removesuffix(".html")
        path = (executed or folder) / f"{name}.ipynb"
        html, _ = whole.from_notebook_node(_executed(path))
        site.finish(page, html, f"notebooks/{name}.ipynb")
    for source, page in documents.items():
        finish = site if page.file != "glossary.html" else _without_terms(site)
        finish.finish(page, to_html((root / source).read_text(encoding="utf-8")), source)

    menu = [
        ("Notebooks", series),
        ("For readers and teachers", [contents, *documents.values(), reference, search]),
    ]
    shown = Environment(
        loader=PackageLoader("g3lite.teaching.site"), autoescape=True, keep_trailing_newline=True
    )
    shown.globals |= {"site": TITLE, "version": __version__, "menu": menu}
    write = _Writer(output, shown)
    picture = _picture(site)
    write("index.html.j2", Page("index.html", TITLE, TITLE), notebooks=series, picture=picture)
    write("contents.html.j2", contents, pages=series)
    write("modules.html.j2", reference, folders=list(_by_folder(modules)))
    write("search.html.j2", search)
    for page in [*series, *documents.values()]:
        toc = [section for section in page.sections if section.level == 2]
        write("base.html.j2", page, toc=toc)
    for module in modules:
        page = Page(f"{module.name}.html", module.name, module.name)
        write("module.html.j2", page, module=module)
    _write_assets(assets, [*_found_in([*series, *documents.values()]), *_found_in_code(modules)])
    return write.written


class _Writer:
    """Writes pages from templates, and keeps their paths."""

    def __init__(self, output: Path, templates: Environment) -> None:
        self.output, self.templates, self.written = output, templates, []

    def __call__(self, template: str, page: Page, **values: object) -> None:
        text = self.templates.get_template(template).render(
            file=page.file, title=page.title, body=page.body, **values
        )
        self.written.append(self.output / page.file)
        self.written[-1].write_text(text, encoding="utf-8")


# ------------------------------------------------------------------------------------- what goes in


def _empty(output: Path) -> Path:
    """An empty folder for the site, and in it one for what the pages need."""
    if output.exists():
        if not output.is_dir() or (any(output.iterdir()) and not (output / "assets").is_dir()):
            raise G3Error(f"{output} holds something that is no site; name another folder")
        shutil.rmtree(output)
    assets = output / "assets"
    assets.mkdir(parents=True)
    return assets


def _series(root: Path, folder: Path) -> list[Page]:
    """The pages of the notebooks, still empty; what they are about stands in the README."""
    readme = root / "README.md"
    about = dict(_ROW.findall(readme.read_text(encoding="utf-8"))) if readme.is_file() else {}
    pages = []
    for name in notebooks.names(folder):
        title = notebooks.read_source(folder, name).cells[0].source.partition("\n")[0]
        title = title.removeprefix("# ")
        short = f"{name[:2]} {title.partition(':')[0]}"
        pages.append(Page(f"{name}.html", title, short, about.get(name, "")))
    return pages


def _documents(root: Path, folder: Path) -> dict[str, Page]:
    """The pages of the documents, still empty, by their sources."""
    titles = {
        path: path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        for path in sorted((folder / FOLDER).rglob("*.md"))
    }
    beginnings = Counter(title.partition(":")[0] for title in titles.values())
    pages = {}
    for path, title in titles.items():
        name = FOLDER if path.stem == "README" else path.stem
        short = title.partition(":")[0]
        if beginnings[short] > 1:  # the menu must tell them apart
            short = title
        pages[path.relative_to(root).as_posix()] = Page(f"{name}.html", title, short)
    for source, (name, title) in DOCUMENTS.items():
        if (root / source).is_file():
            pages[source] = Page(f"{name}.html", title, title)
    return pages


def _executed(path: Path) -> nbformat.NotebookNode:
    if not path.is_file():
        raise G3Error(f"{path} is missing: g3lite dev notebooks sync, or g3lite run")
    notebook = nbformat.read(path, as_version=4)
    if not any(cell.get("execution_count") for cell in notebook.cells):
        raise G3Error(f"{path} was not executed: g3lite dev notebooks sync, or g3lite run")
    return notebook


def _without_terms(site: Site) -> Site:
    """For the glossary itself, which explains no word by a link to itself."""
    return Site(site.root, site.assets, site.pages, site.address, ())


def _file_of(root: Path, module: str) -> str:
    path = module.replace(".", "/")
    return f"{path}/__init__.py" if (root / path).is_dir() else f"{path}.py"


def _by_folder(modules: list[api.Module]) -> Iterator[tuple[str, list[api.Module]]]:
    folders: dict[str, list[api.Module]] = {}
    for module in modules:
        parts = module.name.split(".")
        folders.setdefault(".".join(parts[: max(len(parts) - 1, 1)]), []).append(module)
    yield from sorted(folders.items())


def _picture(site: Site) -> str | None:
    path = site.root / "notebooks" / "images" / "miniearth.jpg"
    if not path.is_file():
        return None
    shutil.copy(path, site.assets)
    return f"{site.assets.name}/{path.name}"


# ------------------------------------------------------------------------------------------- assets


def _found_in(pages: list[Page]) -> Iterator[list[str]]:
    """Rows of the search index: page, section, link, text."""
    for page in pages:
        for part in page.sections:
            yield [page.title, part.title, _link(page.file, part), part.text]


def _link(file: str, part: Section) -> str:
    return f"{file}#{part.id}" if part.id else file


def _found_in_code(modules: list[api.Module]) -> Iterator[list[str]]:
    for module in modules:
        file = f"{module.name}.html"
        yield [module.name, module.name, file, api.plain(module.text)]
        for top in module.members:
            for member in top.walk():
                yield [module.name, member.name, f"{file}#{member.name}", api.plain(member.text)]


def _write_assets(assets: Path, found: list[list[str]]) -> None:
    """Style, scripts, and the search index as a script: from a disk nothing else may be read."""
    static = files("g3lite.teaching.site") / "static"
    for name in ("site.css", "site.js", "search.js"):
        (assets / name).write_bytes((static / name).read_bytes())
    (assets / "code.css").write_text(code_style(*_STYLES), encoding="utf-8")
    rows = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    (assets / "search-index.js").write_text(f"window.SEARCH_INDEX = {rows};\n", encoding="utf-8")


def code_style(light: str, dark: str) -> str:
    """CSS of highlighted code that follows the colour scheme, from two styles of pygments."""
    night = dict(iter(get_style_by_name(dark)))
    rules = []
    for token, day in get_style_by_name(light):
        name = STANDARD_TYPES.get(token)
        colours = [f"#{look['color']}" if look["color"] else "CanvasText"
                   for look in (day, night[token])]  # fmt: skip
        if not name or colours == ["CanvasText", "CanvasText"]:
            continue
        italic = " font-style: italic;" if day["italic"] else ""
        rules.append(f".highlight .{name} {{ color: light-dark({', '.join(colours)});{italic} }}")
    return "\n".join(rules) + "\n"
