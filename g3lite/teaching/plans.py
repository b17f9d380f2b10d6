"""Course plans: who does what in which minutes, with which cells of the notebooks.

People edit `notebooks/course/NAME.toml`; `g3lite dev notebooks plans` writes `NAME.md` from it. A
table there is a plan if it has sessions.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from g3lite.paths import replacing
from g3lite.teaching import notebooks
from g3lite.teaching.notebooks import NotebookError

UNITS = ("minutes", "hours")
WORDS, LINES, FIGURES = 120, 20, 2
"""Words of a text, lines of code, and figures that a reader takes in a minute."""

_HEADING = re.compile(r"^(#{1,4}) +(?:\d+ )?(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """One thing to do.

    Attributes:
        time: in the unit of the plan.
        do: what is done.
        notebook: its number, such as "01"; "" for work without one.
        sections: headlines of that notebook, without their numbers ("Exercise 1" is enough for an
            exercise); each stands for what follows it, up to the next headline. None: all of it.
        checkpoint: what everybody has at the end of it.
    """

    time: int
    do: str
    notebook: str = ""
    sections: tuple[str, ...] = ()
    checkpoint: str = ""


@dataclass(frozen=True)
class Session:
    """A part of a plan with a time of its own."""

    name: str
    time: int
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Aim:
    """What people can do afterwards, and what shows it: exercises, a question, or both.

    Attributes:
        text: goes on after "Afterwards you will be able to".
        exercises: names of their checks, such as "check_01_1".
        question: something to ask in class.
        answer: what a good answer says.
    """

    text: str
    exercises: tuple[str, ...] = ()
    question: str = ""
    answer: str = ""


@dataclass(frozen=True)
class Plan:
    """A course plan, as its table has it."""

    name: str
    title: str
    audience: str
    needs: str
    unit: str
    time: int
    aims: tuple[Aim, ...]
    sessions: tuple[Session, ...]
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def steps(self) -> Iterator[Step]:
        """All steps, in order."""
        for session in self.sessions:
            yield from session.steps


def names(folder: Path) -> list[str]:
    """The plans beside the notebooks of `folder`."""
    tables = sorted((folder / "course").glob("*.toml"))
    return [path.stem for path in tables if "session" in tomllib.loads(path.read_text("utf-8"))]


def read(path: Path) -> Plan:
    """Read the table of a plan.

    Raises:
        NotebookError: it is no table, or lacks something.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        sessions = [
            Session(one["name"], one["time"], tuple(_made(Step, step) for step in one["step"]))
            for one in table.pop("session")
        ]
        aims = [_made(Aim, one) for one in table.pop("aim")]
        lists = {name: tuple(items) for name, items in table.pop("list", {}).items()}
        return Plan(path.stem, aims=tuple(aims), sessions=tuple(sessions), lists=lists, **table)
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise NotebookError(f"{path}: {error}") from error


def _made(kind: type, values: dict[str, Any]) -> Any:
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


@dataclass(frozen=True)
class Section:
    """What stands under one headline of a notebook, up to the next one."""

    title: str
    words: int
    lines: int
    figures: int = 0
    check: str = ""

    @property
    def minutes(self) -> float:
        """To read it, without solving anything."""
        return self.words / WORDS + self.lines / LINES + self.figures / FIGURES


def sections(folder: Path, number: str) -> list[Section]:
    """The sections of the notebook with a number; `check` names the check of an exercise.

    Raises:
        NotebookError: there is no such notebook.
    """
    name = next((name for name in notebooks.names(folder) if name.startswith(f"{number}_")), None)
    if name is None:
        raise NotebookError(f"no notebook has the number {number!r}")
    notebook = notebooks.read_source(folder, name)
    checks = iter(one.check for one in notebooks.exercises(notebook, name))
    found: list[dict[str, Any]] = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            if not cell.metadata.get("jupyter", {}).get("source_hidden"):
                found[-1]["lines"] += sum(bool(line.strip()) for line in cell.source.splitlines())
            found[-1]["figures"] += len(re.findall(r"^figures\.show\(", cell.source, re.MULTILINE))
            if "exercise" in cell.metadata.get("tags", []):
                found[-1]["check"] = next(checks)
            continue
        text = notebooks.SOLUTION.sub("", cell.source)
        before, *parts = _HEADING.split(text)
        if found:
            found[-1]["words"] += len(before.split())
        for title, body in zip(parts[1::3], parts[2::3], strict=True):
            found.append(
                {"title": title.strip(), "words": len(body.split()), "lines": 0, "figures": 0}
            )
    return [Section(**one) for one in found]


def named(title: str, among: Sequence[Section]) -> Section | None:
    """The section with a headline; the words before a colon are enough."""
    return next((one for one in among if title in (one.title, one.title.split(":")[0])), None)


def problems(plan: Plan, folder: Path) -> list[str]:
    """Return, in words, what is wrong with a plan, beside the notebooks of `folder`; [] if nothing.

    Times must add up, sections and exercises exist, a step must leave time to read what it names,
    and each aim needs an exercise that some step holds, or a question with an answer.
    """
    wrong = []
    if plan.unit not in UNITS:
        wrong.append(f"the unit is {plan.unit!r}; there are {', '.join(UNITS)}")
    for session in plan.sessions:
        if (total := sum(step.time for step in session.steps)) != session.time:
            wrong.append(f"{session.name}: the steps take {total} {plan.unit}, not {session.time}")
    if (total := sum(session.time for session in plan.sessions)) != plan.time:
        wrong.append(f"the sessions take {total} {plan.unit}, not {plan.time}")
    done: set[str] = set()
    read_once = functools.cache(lambda number: sections(folder, number))
    for step in plan.steps():
        if step.time <= 0:
            wrong.append(f"{step.do!r} takes {step.time} {plan.unit}")
        if not step.notebook:
            if step.sections:
                wrong.append(f"{step.do!r} names sections of no notebook")
            continue
        try:
            known = read_once(step.notebook)
        except NotebookError as error:
            wrong.append(f"{step.do!r}: {error}")
            continue
        chosen = [named(title, known) for title in step.sections] or known
        wrong += [
            f"notebook {step.notebook} has no section {title!r}"
            for title, one in zip(step.sections, chosen, strict=False)
            if one is None
        ]
        there = [one for one in chosen if one is not None]
        done |= {one.check for one in there if one.check}
        least = sum(one.minutes for one in there)
        given = step.time * (60 if plan.unit == "hours" else 1)
        if given < least:
            wrong.append(f"{step.do!r} has {given} minutes; reading alone takes {least:.0f}")
    for aim in plan.aims:
        if not aim.exercises and not aim.question:
            wrong.append(f"nothing shows the aim {aim.text!r}: give it an exercise or a question")
        if bool(aim.question) != bool(aim.answer):
            wrong.append(f"the aim {aim.text!r} lacks its question or its answer")
        for check in aim.exercises:
            if check not in done:
                wrong.append(f"the aim {aim.text!r} rests on {check}, which is in no step")
    return wrong


def write(folder: Path) -> list[Path]:
    """Write the Markdown of all plans of `folder`/course; return the files.

    Raises:
        NotebookError: something is wrong with a plan; all of it is named.
    """
    plans = [read(folder / "course" / f"{name}.toml") for name in names(folder)]
    wrong = [f"{plan.name}: {words}" for plan in plans for words in problems(plan, folder)]
    if wrong:
        raise NotebookError("\n".join(wrong))
    written = []
    for plan in plans:
        written.append(folder / "course" / f"{plan.name}.md")
        with replacing(written[-1]) as part:
            part.write_text(markdown(plan, notebooks.names(folder)), encoding="utf-8")
    return written


def markdown(plan: Plan, series: Sequence[str]) -> str:
    """A plan as a page; `series` are the names of the notebooks that it links to."""
    links = {name[:2]: f"[{name[:2]}](../{name}.ipynb)" for name in series}
    lines = [
        f"# {plan.title}",
        "",
        f"<!-- Written by `g3lite dev notebooks plans`; edit {plan.name}.toml. -->",
        "",
        f"**For whom:** {plan.audience}",
        "",
        f"**They need:** {plan.needs}",
        "",
        f"**Time:** {plan.time:,} {plan.unit}.",
        "",
        "## Aims",
        "",
        "Afterwards you will be able to",
        "",
    ]
    for number, aim in enumerate(plan.aims, start=1):
        shown = [f"`{check}`" for check in aim.exercises] + ["a question"] * bool(aim.question)
        lines.append(f"{number}. {aim.text} ({' and '.join(shown)})")
    for session in plan.sessions:
        lines += ["", f"## {session.name}", "", f"{session.time:,} {plan.unit}.", ""]
        lines += [f"| from | {plan.unit} | what | notebook: sections | checkpoint |",
                  "|---|---|---|---|---|"]  # fmt: skip
        clock = 0
        for step in session.steps:
            start = f"{clock // 60}:{clock % 60:02d}" if plan.unit == "minutes" else f"{clock} h"
            cells = links.get(step.notebook, "") + (": " if step.sections else "")
            cells += " · ".join(f"*{title}*" for title in step.sections)
            if step.notebook and not step.sections:
                cells += ": all of it"
            lines.append(f"| {start} | {step.time} | {step.do} | {cells} | {step.checkpoint} |")
            clock += step.time
    for title, items in plan.lists.items():
        lines += ["", f"## {title}", "", *(f"- {item}" for item in items)]
    asked = [aim for aim in plan.aims if aim.question]
    if asked:
        lines += ["", "## Questions", "", "One for each aim that says so, with what a good answer "
                  "contains."]  # fmt: skip
        for aim in asked:
            number = plan.aims.index(aim) + 1
            lines += ["", f"**Aim {number}.** {aim.question}", ""]
            lines += [f"<details><summary>Answer</summary>\n\n{aim.answer}\n\n</details>"]
    return "\n".join(lines) + "\n"
