"""Replies of a multimodal model: the coordinates they state, or the reason why there are none.

A wrong candidate costs more than a lost one, so whatever could be read in two ways is refused.
First all statements of a place are collected, in any form: objects ('{"latitude": 48.85, ...}'),
labels ("Latitude: 48.85, Longitude: 2.35"), hemispheres ("48.85° N, 2.35° E") and pairs
("(48.85, 2.35)", latitude first). Then one rule decides, `_decide`. The rules:

- What the model thought before it answered is no answer. Thinking that never ended leaves none.
- A statement that is called the answer ("my best guess", "final answer:") wins. Else an object that
  stands by itself does: the prompt asks for it. Else any statement counts.
- Of those that count all must be readable, and lie within 1 km of each other: the most precise is
  read. Places further apart are refused.
- What is ruled out, compared, asked, shown as an example or listed as a reference does not count,
  nor does what is only supposed ("were it summer, I'd say"). Where a row of a table or an object of
  a list is ruled out, the others are candidates: only the one that is called the answer counts.
- No sign is guessed: a hemisphere that a number does not agree with, anywhere, refuses it, and so
  does one beside only one of the two numbers if the other has no sign. The letter O is west or east
  where the words of the reply say in which language.
- Words behind an answer that take it back ("correction:") refuse it, as does a later place behind
  an object, or a later "final answer:" without a place.
- No number is cut short, clamped, swapped or completed. Of a reply that was cut off only an object
  that is closed counts.
- Beside a refusal ("I cannot tell") a place counts only as an object or after "but", "a guess" or
  the like. (0, 0) beside any word of not knowing is no place, nor are ones and poles. Elsewhere
  it is one as any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from g3lite.geo import great_circle_km
from g3lite.reading.clean import same_signs, without_thinking
from g3lite.reading.collect import collect, list_begun
from g3lite.reading.doubts import doubt
from g3lite.reading.statements import ANSWER, ASKED, PLAIN, Statement
from g3lite.reading.words import HEDGED, REFUSAL

NO_REPLY = "no reply: "
"""How the reason begins in the row of a reply that did not come."""
EMPTY = "empty reply"
"""How the reason begins of a reply that came without a text."""
LONGEST = 100_000
"""Characters, thinking not counted: a longer reply is no answer to a question for a place."""
SAME_PLACE_KM = 1.0
"""Places of one reply that are no further apart are one place, written twice."""


@dataclass(frozen=True)
class Reply:
    """What one reply states.

    Attributes:
        coordinates: (latitude, longitude) in degrees, or None.
        reason: why there are no coordinates, in words; None where there are.
        form: "json", "labels", "hemispheres" or "pair", and "none" where no form was found.
    """

    coordinates: tuple[float, float] | None
    reason: str | None
    form: str


def parse(text: str | None, *, cut_off: bool = False) -> Reply:
    """Read one reply; None stands for a reply that never came.

    Args:
        text: the reply.
        cut_off: the model was stopped before it had finished, so the last number may be cut short.

    Raises:
        TypeError: the reply is neither text nor None.
    """
    if text is not None and not isinstance(text, str):
        raise TypeError(f"a reply is text or None, not {type(text).__name__}")
    if text is None or not text.strip():
        return Reply(None, EMPTY, "none")
    text = same_signs(text)
    said = without_thinking(text)
    if said is None:
        return Reply(None, "thinking that never ended: the reply may be cut off", "none")
    if len(said.strip()) > LONGEST:
        return Reply(None, f"more than {LONGEST:,} characters: not an answer", "none")
    statements, unclosed = collect(said)
    if unclosed:
        return Reply(None, "braces do not match: the reply may be cut off", "none")
    if cut_off:
        statements = [] if list_begun(said) else [s for s in statements if s.closed]
        if not statements:
            return Reply(None, "cut off before the end of the reply", "none")
    reply = _decide(statements) or _nothing(said, statements)
    objection = reply.coordinates and _objection(text, said, reply, statements)
    return Reply(None, objection, reply.form) if objection else reply


def _decide(statements: list[Statement]) -> Reply | None:
    """The one rule: what is called the answer wins, and no two places may be left; None: none."""
    for role in (ANSWER, ASKED, PLAIN):
        stated = [statement for statement in statements if statement.role == role]
        if stated:
            last = max(statement.end for statement in stated)
            if role == ASKED:  # a place behind the object may correct it
                stated += [s for s in statements if s.role == PLAIN and s.start >= last]
            break
    else:
        return None
    for statement in stated:
        if statement.reason:
            return Reply(None, statement.reason, statement.form)
    best = max(stated, key=lambda statement: statement.decimals)
    places = np.array([statement.place for statement in stated])
    if great_circle_km(places[:, None], places).max() > SAME_PLACE_KM:
        return Reply(None, "several places, none marked as the answer", stated[0].form)
    return Reply(best.place, None, best.form)


def _nothing(text: str, statements: list[Statement]) -> Reply:
    """Why a reply without a statement that counts holds none."""
    for statement in statements:
        if statement.reason:
            return Reply(None, statement.reason, statement.form)
    if re.search(REFUSAL, text, re.IGNORECASE):
        zeros = any(statement.place == (0, 0) for statement in statements)
        place = " with zeros for coordinates" if zeros else " that mentions a place"
        return Reply(None, "refusal" + (place if statements else ""), "none")
    digit = re.search("[0-9]", text)
    return Reply(None, "numbers, but no coordinates" if digit else "no coordinates", "none")


def _objection(text: str, said: str, reply: Reply, statements: list[Statement]) -> str | None:
    """Why the place that was found is none after all, or None; `said` is `text` unthought."""
    refusal = re.search(rf"(?:{REFUSAL})(?!{HEDGED})", said, re.IGNORECASE)
    if refusal and not any(s.closed or s.despite or s.role == ANSWER for s in statements):
        return "refusal that mentions a place"
    return doubt(text, said, reply.coordinates)


def parse_all(
    texts: Iterable[str | None], *, cut_off: bool | Iterable[bool] = False
) -> tuple[np.ndarray, list[str | None]]:
    """Candidates of many replies, float64 (n, 2) with a row of NaN for none, and the reasons.

    `cut_off` says of all replies, or of each, whether the model was stopped before its end.
    """
    texts = list(texts)
    cuts = [cut_off] * len(texts) if isinstance(cut_off, bool) else list(cut_off)
    replies = [parse(text, cut_off=bool(cut)) for text, cut in zip(texts, cuts, strict=True)]
    rows = [reply.coordinates or (np.nan, np.nan) for reply in replies]
    return np.array(rows, dtype=np.float64).reshape(-1, 2), [reply.reason for reply in replies]


def failed_replies(table: pd.DataFrame) -> pd.Series:
    """Which rows of a table of replies (see `LMM.ask`) are of none, or one without text: bool."""
    reasons = table["reason"].astype("string").fillna("")  # NA where there are coordinates
    return (reasons.str.startswith(NO_REPLY) | reasons.str.startswith(EMPTY)).astype(bool)


def failure_summary(table: pd.DataFrame) -> str | None:
    """How many replies of such a table came without a text or not at all, and mostly why; or None.

    None if all came with a text, and not all of them were cut off.
    """
    reasons = table.loc[failed_replies(table), "reason"]
    empty = reasons.str.startswith(EMPTY).astype(bool)
    said = []
    for some, what, begin in (
        (reasons[empty], "came without a text", EMPTY),
        (reasons[~empty], "failed", NO_REPLY),
    ):
        if len(some):
            why = some.value_counts().index[0].removeprefix(begin).removeprefix(": ")
            said.append(f"{len(some)} of {len(table)} replies {what}" + (f": {why}" if why else ""))
    came = table["reason"].astype("string").fillna("")
    came = came[~came.str.startswith(NO_REPLY)]
    if len(came) and came.str.contains("cut off (?:at|before)|the reply may be cut off").all():
        said.append("all replies that came were cut off: raise max_tokens")
    return "; ".join(said) or None
