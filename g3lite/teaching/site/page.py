"""One page: HTML of a notebook or document, made fit for the site.

Links lead to other pages, pictures to files, headlines have names, words of the glossary explain
themselves, and what is too wide can be scrolled by keyboard.
"""

from __future__ import annotations

import base64
import hashlib
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, NavigableString, Tag

from g3lite.teaching.address import Address
from g3lite.teaching.site.tables import Term, slug

_WIDE = 88
"""Signs in a line of output that fit on the page."""
_NARROW = 40
"""Signs that fit on a narrow one."""
_NO_TERMS = ["a", "code", "pre", "math", "h1", "h2", "h3", "h4", "th", "summary", "dfn"]


@dataclass(frozen=True)
class Section:
    """What stands below a headline, for the contents and for searching."""

    id: str
    title: str
    level: int
    text: str


@dataclass
class Page:
    """A page of the site."""

    file: str
    title: str
    short: str
    """For the menu."""
    about: str = ""
    body: str = ""
    sections: list[Section] = field(default_factory=list)


@dataclass(frozen=True)
class Site:
    """What all pages share.

    Attributes:
        root: the checkout.
        assets: folder that pictures are copied to.
        pages: the page of each file of the checkout, both relative.
        address: where files that have no page can be seen.
        terms: the words to explain.
    """

    root: Path
    assets: Path
    pages: Mapping[str, str]
    address: Address
    terms: Sequence[Term]

    def finish(self, page: Page, html: str, source: str) -> None:
        """Put HTML made of the file `source` (relative to the checkout) into a page."""
        soup = BeautifulSoup(html, "html.parser")
        for useless in soup.select("style[scoped], .prompt, a.anchor-link"):
            useless.decompose()
        _name_headlines(soup)
        page.sections = sections(soup, page.title)  # before the explanations of words come in
        for link in soup.select("a[href]"):
            self._lead(link, source)
        for image in soup.select("img"):
            self._keep(image, source)
        _make_reachable(soup)
        if self.terms:
            _explain(soup, self.terms)
        page.body = str(soup)

    def _lead(self, link: Tag, source: str) -> None:
        """Let a link lead to a page of the site, or to the repository; else leave its words."""
        parts = urlsplit(link["href"])
        if parts.scheme or parts.netloc:
            return
        if not parts.path:
            link["href"] = f"#{slug(unquote(parts.fragment))}"
            return
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), unquote(parts.path)))
        if target in self.pages:
            fragment = unquote(parts.fragment)
            if not target.endswith(".py"):  # names in code are their own anchors
                fragment = slug(fragment)
            link["href"] = self.pages[target] + (f"#{fragment}" if fragment else "")
        elif (self.root / target).exists() and not self.address.is_placeholder:
            where = "tree" if (self.root / target).is_dir() else "blob"
            link["href"] = f"{self.address.repository}/{where}/{self.address.revision}/{target}"
        else:
            link.unwrap()

    def _keep(self, image: Tag, source: str) -> None:
        """Write a picture into the site; one on another server is left out."""
        parts = urlsplit(image["src"])
        if parts.scheme == "data":
            kind, _, data = parts.path.partition(";base64,")
            content, suffix = base64.b64decode(data), f".{kind.partition('/')[2].split('+')[0]}"
        else:
            folder = (self.root / source).parent
            file = (folder / unquote(parts.path)).resolve()
            if parts.scheme or parts.netloc or not file.is_relative_to(self.root):
                image.replace_with(image.get("alt", ""))
                return
            content, suffix = file.read_bytes(), file.suffix
        name = f"{hashlib.sha256(content).hexdigest()[:16]}{suffix}"
        (self.assets / name).write_bytes(content)
        image["src"] = f"{self.assets.name}/{name}"


def _name_headlines(soup: BeautifulSoup) -> None:
    seen: dict[str, int] = {}
    for head in soup.select("h1, h2, h3, h4, h5"):
        name = slug(head.get_text())
        seen[name] = seen.get(name, 0) + 1
        head["id"] = name if seen[name] == 1 else f"{name}-{seen[name] - 1}"


def sections(soup: BeautifulSoup, title: str) -> list[Section]:
    """The text of a page, cut at its headlines; what is before the first has the page's title."""
    found, texts = [("", title, 1)], [[]]
    for piece in soup.descendants:
        if isinstance(piece, Tag) and re.fullmatch("h[1-5]", piece.name):
            found.append((piece["id"], piece.get_text(), int(piece.name[1])))
            texts.append([])
        elif isinstance(piece, NavigableString) and not piece.find_parent(["annotation", "style"]):
            texts[-1].append(str(piece))
    joined = [" ".join("".join(text).split()) for text in texts]
    rows = [Section(*head, text) for head, text in zip(found, joined, strict=True)]
    return rows if rows[0].text else rows[1:]


def _make_reachable(soup: BeautifulSoup) -> None:
    """Let the keyboard scroll what may be wider than the page, and name what a table leaves out."""
    for table in soup.select("table"):
        table.attrs.pop("border", None)
        table.wrap(soup.new_tag("div", attrs={"class": "scroll", "tabindex": "0"}))
    for empty in soup.select("th"):
        if not empty.get_text(strip=True):
            empty.name = "td"
    for text in soup.select(".output pre"):
        _let_sentences_wrap(soup, text)
        fixed = "".join(part.get_text() for part in text.contents if part.name != "span")
        if max(map(len, fixed.splitlines()), default=0) > _WIDE:
            text["tabindex"] = "0"
    for formula in soup.select("math[display=block]"):
        formula["tabindex"] = "0"


def _let_sentences_wrap(soup: BeautifulSoup, text: Tag) -> None:
    """Let wide lines of an output wrap, but no rows of a table, whose columns must stay.

    A row has two spaces somewhere behind its number or letter.
    """
    if text.string is None:  # coloured, or empty
        return
    parts: list[NavigableString | Tag] = []
    for line in str(text.string).splitlines(keepends=True):
        if len(line) > _NARROW and "  " not in line.strip()[4:]:
            parts.append(soup.new_tag("span", attrs={"class": "wraps"}, string=line.rstrip("\n")))
            line = "\n" if line.endswith("\n") else ""
        parts.append(NavigableString(line))
    text.clear()
    text.extend(parts)


def _explain(soup: BeautifulSoup, terms: Sequence[Term]) -> None:
    """Let the first occurrence of each term in the text lead to the glossary, with its sentence."""
    left = {form.lower(): term for term in terms for form in (term.term, *term.also)}
    pattern = _pattern(left)
    for text in soup.select("p, li, dd"):
        if text.find_parent(class_="output"):
            continue
        for string in list(text.find_all(string=True, recursive=True)):
            if not left or string.parent is None or string.find_parent(_NO_TERMS):
                continue
            parts, end = [], 0
            for match in pattern.finditer(string):
                term = left.get(" ".join(match[0].lower().split()))
                if term is None:
                    continue
                for form in (term.term, *term.also):
                    left.pop(form.lower(), None)
                parts += [string[end : match.start()], *_explained(soup, match[0], term)]
                end = match.end()
            if parts:
                string.replace_with(*[part for part in [*parts, string[end:]] if part])


def _pattern(forms: Mapping[str, Term]) -> re.Pattern[str]:
    longest = sorted(forms, key=len, reverse=True)
    words = "|".join(re.escape(form).replace(r"\ ", r"\s+") for form in longest)
    return re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.IGNORECASE)


def _explained(soup: BeautifulSoup, words: str, term: Term) -> tuple[Tag, Tag]:
    tip = f"tip-{term.slug}"
    attributes = {
        "class": "term", "href": f"glossary.html#{term.slug}", "aria-describedby": tip,
    }  # fmt: skip
    link = soup.new_tag("a", attrs=attributes)
    link.string = words
    explanation = soup.new_tag("span", attrs={"class": "tip", "role": "tooltip", "id": tip})
    explanation.string = term.meaning
    return link, explanation
