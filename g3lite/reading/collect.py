"""All statements of a place that a reply makes, with what they are."""

from __future__ import annotations

import re
from dataclasses import replace

from g3lite.reading.clean import with_o_told, without_latex_words, without_markup
from g3lite.reading.context import with_roles
from g3lite.reading.forms import text_statements
from g3lite.reading.objects import (
    MOST,
    PLACEHOLDER,
    object_statements,
    only_chosen,
    take_objects,
)
from g3lite.reading.signs import turned_behind
from g3lite.reading.statements import ANSWER, Statement

_STUCK = re.compile(
    r"[)\]}]{0,2}[0-9]|[)\]} ]{1,3}[0-9][0-9.]*(?!\s?%|[0-9.]| [^\W\d]|\.?\n|\. )"
    r"|\W{0,8}\n\s{0,3}\.?[0-9][0-9.]{0,19}\s{0,3}(?:\n|\Z)"
)

_LISTED = re.compile(rf"{PLACEHOLDER}(?:\s{{0,20}},\s{{0,20}}{PLACEHOLDER})*")
_LIST_BEGUN = re.compile(  # "[{", "- {", "Top 3:", "Either {", "Hypothesis A: {"
    r"(?:[\[(]|(?:\A|\n)\s{0,8}(?:[-*•]|[0-9]{1,2}[.)]))[^{})\]]{0,60}\Z"
    r"|\b(?:top|either|maybe|perhaps|possibly|hypothes\w+|options?|candidates?|one of|first|among"
    r"|entweder|soit|candidat\w*)\b[^{}]{0,60}\Z|\b[A-D1-9] ?: ?\Z",
    re.IGNORECASE,
)


def list_begun(text: str) -> bool:
    """Whether the first object of a text that was cut off may be one of several."""
    brace = text.find("{")
    return brace >= 0 and bool(_LIST_BEGUN.search(text[max(0, brace - 200) : brace]))


def collect(text: str, depth: int = 0) -> tuple[list[Statement], bool]:
    """The statements in a text whose signs are alike, and whether an object in it is cut off."""
    taken = take_objects(without_latex_words(with_o_told(text) if depth == 0 else text))
    plain = without_markup(taken.text)
    found = text_statements(plain)
    if len(taken.objects) > MOST:
        reason = "more objects than an answer has"
        return [Statement("none", 0, len(plain), reason=reason, role=ANSWER)], taken.cut
    for listed in _LISTED.finditer(plain):
        of_list = [
            statement
            for sign in re.finditer(PLACEHOLDER, listed[0])
            for statement in _of_object(
                plain, listed.start() + sign.start(), taken.objects[sign[0]], depth
            )
        ]
        found += only_chosen(of_list)
    return with_roles(plain, sorted(found, key=lambda s: s.start)), taken.cut


def _of_object(text: str, at: int, source: str, depth: int) -> list[Statement]:
    def read_text(value: str) -> list[Statement]:
        return collect(value, depth + 1)[0] if depth < 3 else []

    behind = text[at + 1 : at + 41]
    found = object_statements(source, at, read_text)
    for i, statement in enumerate(found):
        if _STUCK.match(behind):
            found[i] = replace(statement, place=None, reason="a number stuck to an object")
        elif statement.place and turned_behind(behind, statement.place):
            found[i] = replace(statement, place=None, reason="a hemisphere behind an object")
    return found
