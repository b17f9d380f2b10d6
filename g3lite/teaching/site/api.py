"""What the docstrings of the package say, as pages; the code is read, and nothing is imported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

import griffe

from g3lite.teaching.mathematics import to_html

LEFT_OUT = ("g3lite.cli", "g3lite.teaching.checks")
"""The command says itself what it does (--help); checks are called by the notebooks alone."""

_TITLES = {
    "parameters": "Arguments",
    "attributes": "Attributes",
    "returns": "Returns",
    "yields": "Yields",
    "raises": "Raises",
}


@dataclass(frozen=True)
class Member:
    """A function, class, method or constant: its anchor on the page, its code line, its words."""

    name: str
    kind: str
    signature: str
    text: str
    """HTML."""
    members: list[Member] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """The first sentence, without markup."""
        return first_sentence(self.text)

    def walk(self) -> Iterator[Member]:
        """Itself and what is in it."""
        yield self
        for member in self.members:
            yield from member.walk()


@dataclass(frozen=True)
class Module:
    """A module and its public members, in the order of its file."""

    name: str
    text: str
    members: list[Member]

    @property
    def summary(self) -> str:
        """The first sentence, without markup."""
        return first_sentence(self.text)


def plain(text: str) -> str:
    """An HTML text without its markup."""
    return " ".join(unescape(re.sub(r"</?(?:p|li|ul|ol|pre|h\d)\b[^>]*>", " ", text)
                             .replace("<code>", "").replace("</code>", "")).split())  # fmt: skip


def first_sentence(text: str) -> str:
    """The first sentence of an HTML text, without its markup."""
    return re.match(r".*?\.(?= |$)|.*", plain(text))[0]


def read(package: Path) -> list[Module]:
    """All modules of the package in a folder, the method first, then its folders."""
    top = griffe.load(
        package.name,
        search_paths=[package.parent],
        try_relative_path=False,
        allow_inspection=False,
        docstring_parser="google",
        docstring_options={"warnings": False},
    )
    modules = [_module(found) for found in _walk(top)]
    return sorted(modules, key=lambda module: (module.name.count("."), module.name))


def _walk(module: griffe.Module) -> Iterator[griffe.Module]:
    """A module and those below it, except what is private or left out."""
    yield module
    for name, below in module.members.items():
        hidden = below.is_alias or name.startswith("_") or below.path in LEFT_OUT
        if not hidden and below.is_module:
            yield from _walk(below)


def _module(module: griffe.Module) -> Module:
    members = [_member(m, m.name) for m in _public(module)]
    return Module(module.path, _text(module), members)


def _public(owner: griffe.Module | griffe.Class) -> Iterator[griffe.Object]:
    """What is defined here, has a public name, and says something about itself."""
    for name, member in owner.members.items():
        if member.is_alias or member.is_module or name.startswith("_"):
            continue
        if member.has_docstring or member.is_class or member.is_function:
            yield member


def _member(member: griffe.Object, anchor: str) -> Member:
    below = []
    if member.is_class:
        below = [_member(m, f"{anchor}.{m.name}") for m in _public(member)]
    return Member(anchor, member.kind.value, _signature(member), _text(member), below)


def _signature(member: griffe.Object) -> str:
    """The line of code that a reader would write, without decorators and bodies."""
    if member.is_function:
        return member.signature()
    if member.is_class:
        init = member.members.get("__init__")
        bases = ", ".join(str(base) for base in member.bases)
        if init is not None and not init.is_alias:
            return init.signature().replace("__init__", member.name, 1).removesuffix(" -> None")
        return f"{member.name}({bases})" if bases else member.name
    value = "" if member.value is None else " ".join(str(member.value).split())
    value = f" = {value}" if value and len(value) <= 60 else ""
    annotation = f": {member.annotation}" if member.annotation else ""
    return f"{member.name}{annotation}{value}"


def _text(member: griffe.Object) -> str:
    """A docstring as HTML."""
    if member.docstring is None:
        return ""
    parts = []
    for section in member.docstring.parsed:
        kind = section.kind.value
        if kind == "text":
            parts.append(to_html(section.value))
        elif kind in _TITLES:
            items = "".join(f"<li>{_item(one, kind)}</li>" for one in section.value)
            parts.append(f"<p class=section>{_TITLES[kind]}</p><ul>{items}</ul>")
    return "\n".join(parts)


def _item(item: griffe.DocstringElement, kind: str) -> str:
    name = item.annotation if kind in ("raises", "yields") else item.name
    words = to_html(" ".join(item.description.split())).strip()
    words = words.removeprefix("<p>").removesuffix("</p>")
    return f"<code>{name}</code>: {words}" if name else words
