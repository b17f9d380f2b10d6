"""The pages of notebooks/course/: what they name is there, and their commands run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from g3lite.teaching import handouts, notebooks, plans

ROOT = Path(__file__).resolve().parents[2]
FOLDER = notebooks.folder()
COURSE = FOLDER / "course"
PAGES = ("README", "misconceptions", "rubrics", "ethics", "projects")
SERIES = [name[:2] for name in notebooks.names(FOLDER)]


def page(name: str) -> str:
    return (COURSE / f"{name}.md").read_text(encoding="utf-8")


def parts(text: str, level: int) -> dict[str, str]:
    """What stands under each headline of a level."""
    found = re.split(rf"^{'#' * level} (.+)$", text, flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


def rows(text: str) -> list[list[str]]:
    """The rows of all tables, without their heads."""
    tables = re.findall(r"^\|.*\|\n\|[-|]+\|\n((?:\|.*\|\n)+)", text, re.MULTILINE)
    lines = [line for table in tables for line in table.splitlines()]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.fixture(scope="module")
def sections() -> dict[str, list[plans.Section]]:
    """The sections of each notebook, by its number."""
    return {number: plans.sections(FOLDER, number) for number in SERIES}


@pytest.mark.parametrize("name", [*PAGES, *plans.names(FOLDER)])
def test_links_of_a_page_lead_somewhere(name):
    assert notebooks.broken_links(page(name), COURSE, ROOT) == []


def test_the_folder_is_no_notebook_and_goes_into_no_handout_or_wheel():
    assert not list(COURSE.rglob("*.ipynb")) and not list(COURSE.rglob("test_*"))
    assert [lesson.name for lesson in handouts.lessons(FOLDER)] == notebooks.names(FOLDER)
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'only-include = ["g3lite", "data"]' in settings


def test_the_readme_lists_each_page():
    listed = set(re.findall(r"\]\((\w+)\.md\)", page("README")))
    assert listed == {*PAGES, *plans.names(FOLDER)} - {"README"}
    assert "](notebooks/course/README.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


# --- misconceptions ------------------------------------------------------------------------------


def test_each_notebook_has_misconceptions():
    found = parts(page("misconceptions"), 2)
    assert [title[:2] for title in found] == SERIES
    assert min(len(rows(text)) for text in found.values()) >= 6


@pytest.mark.parametrize("number", SERIES)
def test_a_misconception_is_answered_by_something_that_exists(number, sections):
    (text,) = [t for title, t in parts(page("misconceptions"), 2).items() if title[:2] == number]
    there = {section.check for section in sections[number]} - {""}
    for belief, shows, answered in rows(text):
        assert belief and shows
        named = re.findall(r"\*([^*]+)\*", answered)
        tested = re.findall(r"`(\w+)`", answered)
        assert named or tested, belief
        for title in named:
            assert plans.named(title, sections[number]), f"{number} has no section {title!r}"
        assert set(tested) <= there, belief


# --- rubrics -------------------------------------------------------------------------------------


def test_a_rubric_has_four_levels_that_differ():
    text = page("rubrics")
    heads = re.findall(r"^\| \| (.*) \|$", text, re.MULTILINE)
    assert len(heads) >= 7 and set(heads) == {"4 convincing | 3 sound | 2 in part | 1 not yet"}
    for criterion, *levels in rows(text):
        assert len(levels) == len(set(levels)) == 4, criterion


def test_rubrics_are_for_exercises_that_exist(sections):
    named = set(re.findall(r"`(check_\w+)`", page("rubrics")))
    assert len(named) >= 5
    for check in named:
        number = check.split("_")[1]
        assert check in {section.check for section in sections[number]}


# --- ethics --------------------------------------------------------------------------------------


def test_the_seminar_takes_90_minutes():
    clock = 0
    for start, minutes, what in rows(parts(page("ethics"), 2)["Plan"]):
        assert start == f"{clock // 60}:{clock % 60:02d}" and what
        clock += int(minutes)
    assert clock == 90


def test_each_case_has_roles_questions_an_answer_and_sources():
    cases = {t: text for t, text in parts(page("ethics"), 2).items() if t.startswith("Case")}
    assert [title[:6] for title in cases] == [f"Case {n}" for n in range(1, 7)]
    for title, text in cases.items():
        roles = re.search(r"\*\*Roles\.\*\*(.*?)\n\n", text, re.DOTALL)[1]
        assert len(roles.split("·")) == 4, title
        assert len(re.findall(r"^\d\. .*\?", text, re.MULTILINE | re.DOTALL)) >= 1
        assert len(re.findall(r"^\d\. ", text, re.MULTILINE)) == 3, title
        for wanted in ("**A good answer contains.**", "**Sources.**"):
            assert wanted in text, title


def test_the_facts_stand_in_the_notebooks(sections):
    facts = rows(parts(page("ethics"), 2)["Facts for all"])
    assert len(facts) >= 8
    for fact, where in facts:
        number, title = re.fullmatch(r"(\d\d): \*(.+)\*", where).groups()
        assert plans.named(title, sections[number]), where
        name = next(name for name in notebooks.names(FOLDER) if name.startswith(number))
        cells = notebooks.read_source(FOLDER, name).cells
        text = " ".join(re.sub(r"\s+", " ", cell.source) for cell in cells)
        for figure in re.findall(r"\d[\d,.]*\d(?= %| km| to| photos)|\d+(?= %| km)", fact):
            if figure not in {"1", "25"}:  # thresholds, in words elsewhere
                plain = {figure, figure.replace(",", "")}
                assert any(
                    re.search(rf"(?<![\d.]){re.escape(one)}(?!\d)", text) for one in plain
                ), f"{figure} of the fact {fact!r} is not in notebook {number}"


# --- projects ------------------------------------------------------------------------------------

CARDS = {t: text for t, text in parts(page("projects"), 2).items() if re.match(r"\d ", t)}


def test_there_are_eight_cards_and_each_has_all_its_parts():
    assert len(CARDS) == 8
    wanted = ("Question", "Data", "Baseline", "A good result", "Pitfalls")
    for title, text in CARDS.items():
        assert tuple(re.findall(r"^\*\*([\w ]+)\.\*\*", text, re.MULTILINE)) == wanted, title
        assert len(re.findall(r"```sh\n.*\n```", text)) == 1, title
    assert re.findall(r"\]\(#(\S+)\)", page("projects")) == [
        title.lower().replace(" ", "-") for title in CARDS
    ]


def command(text: str) -> list[str]:
    """The baseline of a card, as words."""
    return shlex.split(re.search(r"```sh\n(.*)\n```", text)[1])


@pytest.mark.parametrize("title", CARDS)
def test_a_baseline_is_a_short_program_that_says_how_it_is_run(title):
    python, path, *rest = command(CARDS[title])
    assert python == "python" and not rest
    code = (ROOT / path).read_text(encoding="utf-8")
    assert len(code.splitlines()) <= 70 and f"python {path}" in code.partition("import")[0]


def test_each_program_has_its_card():
    programs = {path.name for path in (COURSE / "projects").glob("*.py")}
    assert programs == {Path(command(text)[1]).name for text in CARDS.values()}


def label(line: str) -> str:
    """What a line of an output is about."""
    return re.split(r"  |: ", line)[0]


def numbers(text: str) -> list[float]:
    return [float(found.replace(",", "")) for found in re.findall(r"-?\d[\d,]*\.?\d*", text)]


@pytest.mark.slow
@pytest.mark.parametrize("title", CARDS)
def test_a_baseline_runs_and_says_what_its_card_says(title, tmp_path):
    """Single photos may fall on the other side of a threshold on another machine."""
    _, path = command(CARDS[title])
    environment = {**os.environ, "G3LITE_PROFILE": "ci", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, ROOT / path], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    said = {label(line): line for line in done.stdout.splitlines()}
    quoted = re.search(r"```text\n(.*?)```", CARDS[title], re.DOTALL)[1].splitlines()
    assert quoted
    for line in quoted:
        assert label(line) in said, f"{line!r} is not in\n{done.stdout}"
        assert numbers(line) == pytest.approx(numbers(said[label(line)]), abs=1.5), line
