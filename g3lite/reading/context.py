"""What the words around a statement make of it: the answer, no answer, or simply a place."""

from __future__ import annotations

import re
from dataclasses import replace

from g3lite.reading.forms import cells_of
from g3lite.reading.objects import PLACEHOLDER
from g3lite.reading.statements import ANSWER, ASKED, DENIED, PLAIN, Statement
from g3lite.reading.words import (
    ASIDES,
    BASED_ON,
    BEGINS,
    CELL_DENIES,
    CHOSEN,
    CORRECTED,
    DENIED_AFTER,
    DENIES,
    FORCED,
    FORM,
    MARK,
    MARK_COLON,
    MARKED_AFTER,
    NOT_FINAL,
    REFUSAL,
    STATES,
    STILL,
    SUPPOSED,
    UNKNOWN,
)

_I = re.IGNORECASE
FAR = 240
"""Characters before a statement that are looked at."""
WIDEST = 500
"""Characters of a row of a table that are looked at, on either side of a statement."""
TAIL = 8000
"""Characters at the end of a text in which an announced answer is looked for."""
_IS = (
    r"(?:\s{0,2}[:=→]|\s?(?:は|为|是)"
    r"|\s{1,2}(?:is|would be|are|es|sería|ist|wäre|lautet|est|serait|é|seria)\b)"
)
_CUES = re.compile(
    rf"(?P<draft>\b(?:{NOT_FINAL}) (?:{MARK}|{MARK_COLON}))"
    rf"|(?P<mark>(?:\b|(?<=[\u3040-\u9fff]))(?:(?:{MARK})|(?:{MARK_COLON})(?={_IS})))"
    rf"|(?P<denied>{DENIES})|(?P<begins>{BEGINS})|(?P<states>{STATES})",
    _I,
)
_ASIDES = re.compile(ASIDES, _I)
_BASED_ON = re.compile(BASED_ON, _I)
_ASIDE = re.compile(
    r"\b(?:since|because|as|while|whereas|although|though|unlike|than|relies)\b", _I
)
_SENTENCE_END = re.compile(
    r"(?<!e\.g)(?<!i\.e)(?<!approx)(?<!\bca)(?<!\bvs)(?<!\bdeg)(?<!\blat)(?<!\blon)(?<!\bno)"
    r"[.!?;](?=\s|$)|[。！？]|\n",
    _I,
)
_OPEN_LINE = re.compile(
    r"(?:[:：,(—]|\b(?:like|at|of|from|not|near|to|than|be|is|are|in|the|exclude|out|by|with))\s*$",
    _I,
)
_AFTER = re.compile(
    rf"[)\]}}\"'. ]{{0,4}}(?:,? ?(?:which|but|and|that|this|it) )?(?:[^\s,.;\d]{{1,20}} ){{0,3}}"
    rf"(?:{DENIED_AFTER})",
    _I,
)
_MARKED_AFTER = re.compile(rf"[)\]}}\"',;. —-]{{0,6}}(?:{MARKED_AFTER})", _I)
_FORM = re.compile(FORM, _I)
_FORM_ASKED = re.compile(
    r"\b(?:asked|asks?|wanted|requested|expected|required|prescribed)\b[^.\n]{0,40}\b(?:form|format)\b"
    r"[^.\n]{0,30}$|(?<!in )\b(?:the|this|a) (?:\w+ )?(?:form|format)\b[^.\n]{0,20}"
    r"(?:is|would be|looks?|like)\W{0,4}$",
    _I,
)
_SUPPOSED = re.compile(SUPPOSED, _I)
_FORCED = re.compile(FORCED, _I)
_TURN = re.compile(
    rf"[,;:—-]\s?(?:{BEGINS})(?! for\b)|\b(?:but(?! for\b)|pero|aber|mais|mas|но)\b|但", _I
)
_CHOSEN = re.compile(CHOSEN, _I)
_CELL_DENIES = re.compile(CELL_DENIES, _I)
_STILL = re.compile(rf"(?:{STILL})[^.;\d]{{0,70}}$", _I)
_IN_FORM = re.compile(r"\b(?:in|as|with) (?:the|this|your|that) (?:\w+ ){0,2}forma?t?\b", _I)
_REFUSAL = re.compile(REFUSAL, _I)
_CORRECTED = re.compile(CORRECTED, _I)
_ANNOUNCED = re.compile(r"[^:.\n]{0,40}: ?\w")
_ALONE = re.compile(r"(?:\A|\n|:|\b(?:so|therefore|thus|hence),?)[^\w\n]{0,6}$", _I)
_TOLD = re.compile(_IS, _I)
_UNKNOWN = re.compile(
    rf"\W{{0,4}}(?:the (?:location|place|coordinates?) (?:is|are) )?(?:{UNKNOWN})", _I
)

_NO_ANSWER = re.compile(rf"{_IS}\W{{0,4}}(?:{UNKNOWN})\b[^:]*$", _I)  # "Answer: unknown (...)"


def with_roles(text: str, statements: list[Statement]) -> list[Statement]:
    """The statements of a text with their roles; a mark whose answer has no place is one more."""
    refusal = bool(_REFUSAL.search(text))
    found = [
        replace(
            s,
            role=_role(text, s, refusal),
            closed=bool(re.match(PLACEHOLDER, text[s.start : s.start + 1])),
            despite=bool(_STILL.search(text[max(0, s.start - 90) : s.start])),
        )
        for s in statements
    ]
    found = _of_tables(text, found)
    found += _unread_answers(text, found)
    return found + _corrected(text, found)


def _of_tables(text: str, statements: list[Statement]) -> list[Statement]:
    """The statements; those in the rows of a table have the roles that the other cells give them.

    A row with a word of denial makes its table one of candidates, and so does such a word in the
    head or in the line above: then only a row that is called the answer counts.
    """
    rows = {}
    for i, s in enumerate(statements):
        if s.role != DENIED and s.form != "none" and s.end - s.start < WIDEST:
            if row := _row_of(text, s):
                rows[i] = row
    if not rows:
        return statements
    candidates = any(DENIED in (role, _cell_role(head)) for head, role in rows.values())
    found = list(statements)
    for i, (_, role) in rows.items():
        if role == ANSWER or candidates:
            found[i] = replace(found[i], role=ANSWER if role == ANSWER else DENIED)
    return found


def _row_of(text: str, statement: Statement) -> tuple[list[str], str | None] | None:
    """The head of a statement's table with the line above, and what its row says of it."""
    start = text.rfind("\n", max(0, statement.start - WIDEST), statement.start) + 1
    end = text.find("\n", statement.end, statement.end + WIDEST)
    line = text[start : end if end >= 0 else statement.end + WIDEST]
    whole = statement.form == "labels" and (start, len(line)) == (
        statement.start,
        statement.end - statement.start,
    )
    sign = "|" if line.count("|") > 1 else max(",;|", key=line.count) if whole else ""
    if not sign or sign not in line or "\n" in line:
        return None
    lines = text[max(0, start - 4 * WIDEST) : start].split("\n")[:-1]
    head = ""
    while lines and sign in lines[-1]:
        head = lines.pop()
    above = next((above for above in reversed(lines) if above.strip()), "")
    return [*cells_of(head, sign), above if above.endswith(":") else ""], _cell_role(
        cells_of(line, sign)
    )


def _cell_role(cells: list[str]) -> str | None:
    """What the cells of a row say of the place in it."""
    cues = [_cue(f"{cell}:") for cell in cells]
    if ANSWER in cues or any(map(_CHOSEN.fullmatch, cells)):
        return ANSWER
    denied = any(_CELL_DENIES.fullmatch(cell) or _AFTER.match(f"it {cell}") for cell in cells)
    return DENIED if denied or DENIED in cues else None


def _corrected(text: str, statements: list[Statement]) -> list[Statement]:
    """A statement that blocks, where words behind the answer take it back."""
    for role in (ANSWER, ASKED, PLAIN):
        ends = [s.end for s in statements if s.role == role]
        if ends:
            taken_back = _CORRECTED.search(text, max(ends))
            if taken_back is None:
                return []
            reason = "the answer is corrected afterwards"
            return [Statement("none", *taken_back.span(), reason=reason, role=ANSWER)]
    return []


def _role(text: str, statement: Statement, refusal: bool) -> str:
    if statement.role == DENIED:
        return DENIED
    if statement.form == "none":
        return ANSWER
    clause = _clause(text, statement.start)
    cue = _cue(clause) or _heading_cue(text, statement.start, clause)
    rest = text[statement.end : statement.end + 200]
    if cue == DENIED or _is_question(rest) or _is_supposed(clause, rest):
        return DENIED
    if statement.form in ("json", "labels", "pair") and _is_form(clause, rest, refusal):
        return DENIED
    if ANSWER in (cue, statement.role) or _MARKED_AFTER.match(rest):
        return DENIED if _NO_ANSWER.search(clause) else ANSWER
    if _AFTER.match(rest):
        return DENIED
    is_object = re.match(PLACEHOLDER, text[statement.start])
    alone = _ALONE.search(text[max(0, statement.start - 20) : statement.start])
    return ASKED if is_object and alone else PLAIN


def _clause(text: str, start: int) -> str:
    """What stands before a statement in its sentence; a line that is left open goes on."""
    before = text[max(0, start - FAR) : start]
    for end in reversed(list(_SENTENCE_END.finditer(before))):
        if end[0] == "\n" and _OPEN_LINE.search(before[: end.start()].rstrip()[-24:]):
            continue
        return before[end.end() :]
    return before


def _cue(clause: str) -> str | None:
    """What the last word says that speaks of the statement behind the clause."""
    cue = None
    clause = _ASIDES.sub("", clause)
    for match in _CUES.finditer(clause):
        if match["denied"] and _BASED_ON.search(clause[: match.start()]):
            ends = "[,:]" if cue and cue["mark"] else ","
            if re.search(ends, clause[match.end() :]):
                continue
        if match["states"] and cue and cue["mark"]:
            continue
        if match["states"] and cue and cue["denied"]:  # "I doubt that it is"
            if not re.search("[,;:—]", clause[cue.end() : match.start()]):
                continue
        cue = match
    if cue is None:
        return None
    if cue["mark"]:
        return DENIED if _ASIDE.search(clause[cue.end() :]) else ANSWER
    return DENIED if cue["denied"] or cue["draft"] else None


def _heading_cue(text: str, start: int, clause: str) -> str | None:
    """What the heading says over a list in which the statement is a line."""
    if "\n" in clause or len(clause) > 60:
        return None
    lines = text[max(0, start - 600) : start - len(clause)].split("\n")[:-1]
    if lines and not lines[-1].strip():  # a paragraph of its own
        while lines and not lines[-1].strip():
            lines.pop()
        if lines and re.search("[0-9]|" + PLACEHOLDER, lines[-1]):
            return None
    while lines and re.search("[0-9]|" + PLACEHOLDER, lines[-1]):
        lines.pop()
    if not lines:
        return None
    heading = lines[-1].strip()
    if heading.endswith(":"):
        return _cue(heading)
    marked = len(heading) <= 60 and not re.search("[.!?]$", heading) and _cue(heading + ":")
    return ANSWER if marked == ANSWER else None


def _is_question(rest: str) -> bool:
    """Whether the sentence of a statement ends with a question mark."""
    end = _SENTENCE_END.search(rest)
    return bool(end) and end[0] in "?？"


def _is_supposed(clause: str, rest: str) -> bool:
    """Whether the sentence of a statement only says where it would be if something were so."""
    before = _TURN.split(clause)[-1]
    behind = _TURN.split(_SENTENCE_END.split(rest, maxsplit=1)[0], maxsplit=1)[0]
    sentence = f"{before} … {behind}".replace("\n", " ")
    return bool(_SUPPOSED.search(_FORCED.sub(" I ", sentence)))


def _is_form(clause: str, rest: str, refusal: bool) -> bool:
    """Whether a statement only shows the form that was asked for."""
    if refusal and (_FORM.search(clause) or _FORM.search(_SENTENCE_END.split(rest)[0])):
        return True
    return bool(_FORM_ASKED.search(clause)) and not _IN_FORM.search(clause)


def _unread_answers(text: str, statements: list[Statement]) -> list[Statement]:
    """Answers that are announced but hold no place: they block what is not marked."""
    ends = [s.end for s in statements if s.role == ANSWER]
    if ends:
        reason = "the last answer that is announced cannot be read"
        start = max(*ends, len(text) - TAIL)
        return [
            Statement("none", *cue.span(), reason=reason, role=ANSWER)
            for cue in _CUES.finditer(text, start)
            if cue["mark"] and _ANNOUNCED.match(text, cue.end())
        ]
    found = []
    last = max((s.end for s in statements), default=0)
    for cue in _CUES.finditer(text, max(0, len(text) - TAIL)):
        if not cue["mark"]:
            continue
        rest = _SENTENCE_END.split(text[cue.end() : cue.end() + FAR], maxsplit=1)[0]
        told = _TOLD.match(rest)
        inside = any(cue.end() <= s.start < cue.end() + len(rest) for s in statements)
        unknown = told and _UNKNOWN.match(rest, told.end())
        if (
            unknown
            or inside
            or re.search(r"[0-9][.,°][0-9]?", rest)
            or (told and cue.start() >= last)
        ):
            reason = "the answer that is announced cannot be read"
            found.append(Statement("none", cue.start(), cue.end(), reason=reason, role=ANSWER))
    return found
