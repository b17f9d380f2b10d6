"""Course plans: minutes add up, sections exist, and each aim is shown by something."""

import re
from dataclasses import replace

import pytest

from g3lite.cli import main
from g3lite.teaching import notebooks, plans
from g3lite.teaching.notebooks import NotebookError

FOLDER = notebooks.folder()
NAMES = ("lab_3h", "module_2w", "thesis")


def load(name: str) -> plans.Plan:
    return plans.read(FOLDER / "course" / f"{name}.toml")


def test_the_plans_are_found_among_the_tables_of_the_folder(tmp_path):
    assert plans.names(FOLDER) == list(NAMES)
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "words.toml").write_text('[[row]]\nword = "gallery"\n')
    assert plans.names(tmp_path) == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wrong_with_a_plan_and_its_page_is_that_of_its_table(name):
    plan = load(name)
    assert plans.problems(plan, FOLDER) == []
    page = (FOLDER / "course" / f"{name}.md").read_text(encoding="utf-8")
    assert page == plans.markdown(plan, notebooks.names(FOLDER)), "g3lite dev notebooks plans"
    assert len(plan.aims) >= 5 and {"Hand in"} <= set(plan.lists)
    assert sum(bool(step.checkpoint) for step in plan.steps()) >= 0.9 * len(list(plan.steps()))


@pytest.mark.parametrize("name", notebooks.names(FOLDER))
def test_a_notebook_takes_the_time_that_it_says(name):
    words = " ".join(notebooks.read_source(FOLDER, name).cells[0].source.split())
    (said,) = re.findall(r"\*\*Time:\*\* (\d+) minutes to read", words)
    measured = sum(section.minutes for section in plans.sections(FOLDER, name[:2]))
    assert abs(int(said) - measured) <= 5, f"{measured:.0f} minutes"
    assert measured <= 70


def test_the_plans_take_the_time_that_their_names_promise():
    lab, module, thesis = map(load, NAMES)
    assert (lab.unit, lab.time) == ("minutes", 3 * 60)
    assert (module.unit, module.time, len(module.sessions)) == ("minutes", 45 * 60, 10)
    for day in module.sessions:
        assert sum(step.time for step in day.steps if step.do.startswith("In class")) == 90
    assert (thesis.unit, thesis.time) == ("hours", 360)


SOURCE = """\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # A notebook
#
# {words}

# %% [markdown]
# ## 2 Distances
#
# Some words.
#
# ### Exercise 1: a distance
#
# Write it.

# %% tags=["exercise"]
answer = ...
check_01_1(answer)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# answer = 1  # a comment that is nobody's to read
# check_01_1(answer)
# ```
#
# </details>
#
# More words after it.
"""


@pytest.fixture
def folder(tmp_path):
    """One small notebook, number 01."""
    (tmp_path / "source").mkdir()
    text = SOURCE.format(words="word " * 600)
    (tmp_path / "source" / "01_small.py").write_text(text, encoding="utf-8")
    return tmp_path


def plan(*steps: plans.Step, aims=(), time: int | None = None, unit: str = "minutes"):
    total = sum(step.time for step in steps) if time is None else time
    session = plans.Session("Monday", total, steps)
    return plans.Plan("mine", "Mine", "all", "nothing", unit, total, aims, (session,))


DISTANCES = plans.Step(10, "distances", "01", ("Distances", "Exercise 1"))
SHOWN = plans.Aim("measure", exercises=("check_01_1",))


def test_sections_are_read_without_solutions(folder):
    top, distances, exercise = plans.sections(folder, "01")
    assert (top.title, distances.title) == ("A notebook", "Distances")
    assert (top.words, distances.words, top.check) == (600, 2, "")
    assert (exercise.title, exercise.words, exercise.lines) == ("Exercise 1: a distance", 6, 2)
    assert exercise.check == "check_01_1"
    assert plans.named("Exercise 1", [top, distances, exercise]) is exercise
    assert plans.named("Exercise", [top, distances, exercise]) is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (plan(DISTANCES, aims=(SHOWN,), time=11), "the steps take 10 minutes, not 11"),
        (
            replace(plan(DISTANCES, aims=(SHOWN,)), time=12),
            "the sessions take 10 minutes, not 12",
        ),
        (plan(DISTANCES, aims=(SHOWN,), unit="weeks"), "the unit is 'weeks'"),
        (plan(plans.Step(0, "talk"), DISTANCES, aims=(SHOWN,)), "'talk' takes 0 minutes"),
        (plan(replace(DISTANCES, sections=("Distance",))), "01 has no section 'Distance'"),
        (plan(replace(DISTANCES, notebook="02")), "no notebook has the number '02'"),
        (plan(replace(DISTANCES, notebook="")), "names sections of no notebook"),
        (
            plan(plans.Step(4, "all of it", "01"), aims=(SHOWN,)),
            "has 4 minutes; reading alone takes 5",
        ),
        (plan(DISTANCES, aims=(plans.Aim("know"),)), "nothing shows the aim 'know'"),
        (plan(DISTANCES, aims=(plans.Aim("know", question="What?"),)), "lacks its question or"),
        (
            plan(DISTANCES, aims=(plans.Aim("know", exercises=("check_01_2",)),)),
            "rests on check_01_2, which is in no step",
        ),
        (
            plan(replace(DISTANCES, sections=("Distances",)), aims=(SHOWN,)),
            "rests on check_01_1, which is in no step",
        ),
    ],
)
def test_what_is_wrong_with_a_plan_is_named(folder, wrong, words):
    (found,) = plans.problems(wrong, folder)
    assert words in found


@pytest.mark.parametrize(
    "fine",
    [
        plan(DISTANCES, aims=(SHOWN,)),
        plan(plans.Step(6, "all of it", "01"), aims=(SHOWN,)),
        plan(plans.Step(1, "all of it", "01"), aims=(SHOWN,), unit="hours"),
        plan(plans.Step(5, "talk"), aims=(plans.Aim("know", question="What?", answer="That."),)),
    ],
)
def test_a_plan_in_order_has_no_problems(folder, fine):
    assert plans.problems(fine, folder) == []


TABLE = """\
title = "Mine"
audience = "all"
needs = "nothing"
unit = "minutes"
time = {time}
[[aim]]
text = "measure."
exercises = ["check_01_1"]
[[session]]
name = "Monday"
time = 10
[[session.step]]
time = 10
do = "distances"
notebook = "01"
sections = ["Exercise 1"]
checkpoint = "It is right."
[list]
"Hand in" = ["the notebook"]
"""


def test_the_command_writes_the_pages_or_says_what_is_wrong(folder, monkeypatch, capsys):
    monkeypatch.setattr(notebooks, "folder", lambda: folder)
    (folder / "course").mkdir()
    table = folder / "course" / "mine.toml"
    table.write_text(TABLE.format(time=11))
    with pytest.raises(SystemExit) as stop:
        main.main(["dev", "notebooks", "plans"])
    assert "mine: the sessions take 10 minutes, not 11" in str(stop.value.code)
    assert not (folder / "course" / "mine.md").exists()

    table.write_text(TABLE.format(time=10))
    with pytest.raises(SystemExit) as stop:
        main.main(["dev", "notebooks", "plans"])
    assert not stop.value.code and "mine.md" in capsys.readouterr().out
    page = (folder / "course" / "mine.md").read_text(encoding="utf-8")
    row = "| 0:00 | 10 | distances | [01](../01_small.ipynb): *Exercise 1* | It is right. |"
    assert row in page and "1. measure. (`check_01_1`)" in page and "- the notebook" in page


@pytest.mark.parametrize("text", ["[[session]\n", 'title = "Mine"\n', TABLE.replace("do", "does")])
def test_a_table_that_is_no_plan_is_named(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(NotebookError, match="mine.toml"):
        plans.read(path)
