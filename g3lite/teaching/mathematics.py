"""Formulas of notebooks and documents: found in Markdown, and turned into MathML.

A browser draws MathML by itself, so a page with formulas needs neither a script nor a network.
"""

from __future__ import annotations

import re
from functools import cache, partial
from html import unescape
from typing import Any

from math_core import LatexError, LatexToMathML
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from g3lite import G3Error

_SYMBOL = re.compile(r"<mi[^>]*>([^<]+)</mi>")
_VARIATION = re.compile("[\ufe00-\ufe0f]")  # says in which shape a letter is drawn


def mathml(latex: str, block: bool = False) -> str:
    """A formula in LaTeX, without its dollar signs, as MathML; the LaTeX stands beside it.

    Raises:
        G3Error: it is no formula, or it holds a command that is not known.
    """
    try:
        return _converter().convert_with_local_state(latex.strip(), displaystyle=block)
    except LatexError as error:
        raise G3Error(f"the formula {latex.strip()!r} cannot be shown: {error}") from error


@cache
def _converter() -> LatexToMathML:
    return LatexToMathML(annotation=True, fancy_error=False)


def symbols(latex: str) -> set[str]:
    """The symbols of a formula, such as {"φ", "d"}; names of functions (sin) are none."""
    names = {_VARIATION.sub("", unescape(name)) for name in _SYMBOL.findall(mathml(latex))}
    return {name for name in names if len(name) == 1 and name.isalpha()}


class Renderer(IPythonRenderer):
    """Markdown as a notebook shows it, with MathML for formulas; `formulas` keeps their LaTeX."""

    def __init__(self, **options: Any) -> None:
        super().__init__(escape=False, **options)
        self.formulas: list[str] = []

    def inline_math(self, body: str) -> str:
        """A formula within a line."""
        return self._math(body, False)

    def block_math(self, body: str) -> str:
        """A formula that has a line of its own."""
        return self._math(body, True)

    def latex_environment(self, name: str, body: str) -> str:
        r"""What stands between \\begin{name} and \\end{name}."""
        return self._math(rf"\begin{{{name}}}{body}\end{{{name}}}", True)

    def _math(self, latex: str, block: bool) -> str:
        self.formulas.append(latex)
        return mathml(latex, block)


def to_html(markdown: str, anchors: bool = False) -> str:
    """A Markdown text as HTML; with `anchors` each heading links to itself, as nbconvert does."""
    return MarkdownWithMath(renderer=Renderer(exclude_anchor_links=not anchors)).render(markdown)


def formulas(markdown: str) -> list[str]:
    """The formulas of a Markdown text in LaTeX, in order; what is code holds none."""
    renderer = Renderer()
    MarkdownWithMath(renderer=renderer).render(markdown)
    return renderer.formulas


def exporter(whole: bool = True) -> HTMLExporter:
    """nbconvert's exporter, but with MathML, and for pages that ask no network for anything.

    Args:
        whole: True for pages of their own, in JupyterLab's style; False for what stands between
            <body> and </body>, without any style.
    """
    if not whole:
        return HTMLExporter(template_name="basic", filters={"markdown2html": to_html})
    # The template names scripts on other servers, for formulas, widgets and diagrams.
    blocks = ("html_head_js", "html_head_js_mathjax", "html_head_js_mermaidjs")
    empty = "".join(f"{{% block {name} %}}{{% endblock %}}" for name in blocks)
    return HTMLExporter(
        raw_template="{% extends 'lab/index.html.j2' %}" + empty,
        filters={"markdown2html": partial(to_html, anchors=True)},
    )
