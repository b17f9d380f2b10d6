"""What hosts of notebooks, forges and readers of changes find in the hidden folders and beside."""

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


def test_binder_and_the_dev_container_install_the_clone_with_its_notebook_tools():
    *_, line = (ROOT / ".binder" / "requirements.txt").read_text().splitlines()
    assert line == "-e .[notebooks]" and "notebooks" in PROJECT["project"]["optional-dependencies"]
    python = (ROOT / ".binder" / "runtime.txt").read_text().strip()
    assert f">={python.removeprefix('python-')}" == PROJECT["project"]["requires-python"]
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert container["image"].endswith(f":{python.removeprefix('python-')}")
    assert "-e '.[notebooks]'" in container["postCreateCommand"]
    assert container["postCreateCommand"].endswith("g3lite doctor")


@pytest.mark.skipif(os.name == "nt", reason="bash")
def test_binder_starts_what_it_is_given_on_the_small_profile():
    start = ROOT / ".binder" / "start"
    assert os.access(start, os.X_OK)
    done = subprocess.run(
        [start, "printenv", "G3LITE_PROFILE"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "ci\n"


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_is_one(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    if path.stem == "config":
        assert form == {"blank_issues_enabled": True}
        return
    assert set(form) == {"name", "description", "labels", "body"}
    ids = [part["id"] for part in form["body"]]
    assert len(ids) == len(set(ids)) and all(re.fullmatch(r"[\w-]+", one) for one in ids)
    for part in form["body"]:
        assert part["type"] in {"input", "textarea", "dropdown"} and part["attributes"]["label"]
        assert (part["type"] == "dropdown") == ("options" in part["attributes"])
        assert set(part) <= {"type", "id", "attributes", "validations"}
    assert any(part.get("validations", {}).get("required") for part in form["body"])


def test_a_report_of_a_problem_asks_the_doctor():
    assert len(FORMS) > 1
    assert "g3lite doctor" in (FORMS[0].parent / "problem.yml").read_text(encoding="utf-8")


def test_the_newest_change_is_that_of_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    pattern = r"(\d+\.\d+\.\d+) \((not tagged yet|\d{4}-\d\d-\d\d)\)"
    versions = [re.fullmatch(pattern, heading)[1] for heading in headings]
    assert versions[0] == PROJECT["project"]["version"]
    numbers = [tuple(map(int, version.split("."))) for version in versions]
    assert numbers == sorted(set(numbers), reverse=True)
    assert not any("not tagged" in heading for heading in headings[1:])
