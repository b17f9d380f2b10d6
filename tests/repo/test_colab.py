"""Colab brings its own torch, numpy and others: installing g3lite there must leave them alone."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from types import SimpleNamespace

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from g3lite.teaching import notebooks
from g3lite.teaching.address import PLACEHOLDER, Address

ABSENT = {"cartopy", "faiss-cpu", "open-clip-torch"}
"""What g3lite needs and Colab does not have."""


@pytest.fixture
def needed(root):
    """The packages that g3lite names, without extras."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [Requirement(line) for line in project["dependencies"]]


@pytest.fixture
def theirs(root):
    """Versions on Colab, by package."""
    lines = (root / "tests" / "repo" / "colab.txt").read_text(encoding="utf-8").splitlines()
    pinned = [Requirement(line) for line in lines if not line.startswith("#")]
    return {canonicalize_name(one.name): str(one.specifier)[2:] for one in pinned}


def test_what_colab_has_is_new_enough_and_not_too_new(needed, theirs):
    names = {canonicalize_name(one.name) for one in needed}
    assert names - theirs.keys() == ABSENT
    assert theirs.keys() <= names, "a package that g3lite does not name"
    for one in needed:
        version = theirs.get(canonicalize_name(one.name))
        assert version is None or one.specifier.contains(version), f"{one}, Colab has {version}"


@pytest.mark.parametrize("name", sorted(ABSENT))
def test_what_is_absent_there_accepts_what_is_there(name, theirs):
    """By what the packages installed here say of themselves."""
    found = 0
    for line in metadata.requires(name) or []:
        one = Requirement(line)
        if one.marker is None or one.marker.evaluate({"extra": "", "python_version": "3.13"}):
            version = theirs.get(canonicalize_name(one.name))
            assert version is None or one.specifier.contains(version), f"{name} needs {one}"
            found += version is not None
    assert found, "nothing was compared"


@pytest.mark.skipif(
    "G3LITE_RESOLVE" not in os.environ,
    reason="asks the package index, and may download gigabytes: set G3LITE_RESOLVE=1",
)
def test_pip_finds_versions_of_all_that_is_absent(root, needed, theirs, tmp_path):
    command = [
        sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--report", "-",
        "--ignore-installed", "--python-version", "3.13", "--only-binary=:all:",
        "--target", str(tmp_path), "--constraint", str(root / "tests" / "repo" / "colab.txt"),
    ]  # fmt: skip
    done = subprocess.run([*command, *map(str, needed)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found = {
        canonicalize_name(one["metadata"]["name"]): one["metadata"]["version"]
        for one in json.loads(done.stdout)["install"]
    }
    assert ABSENT <= found.keys()
    assert {name: found[name] for name in theirs} == theirs


@pytest.fixture
def set_up(root):
    """The set-up cell that all notebooks share, as it is at an address."""
    cell = notebooks.first_code(notebooks.read_source(root / "notebooks", "00_locate_a_photo"))
    return lambda repository: Address(repository, "v1").put_into(cell)


@pytest.fixture
def asked_of_pip(set_up, monkeypatch):
    """The published set-up cell, with a pip that only notes what it is asked, as a function."""
    import torch  # noqa: F401  its own imports would fail once `find_spec` is replaced

    find_spec, version = importlib.util.find_spec, metadata.version

    def run(absent, versions):
        calls = []
        monkeypatch.setattr(
            importlib.util,
            "find_spec",
            lambda name, *package: None if name in absent else find_spec(name, *package),
        )
        monkeypatch.setattr(metadata, "version", lambda name: versions.get(name) or version(name))
        worked = SimpleNamespace(returncode=0)
        monkeypatch.setattr(subprocess, "run", lambda c, **_: calls.append(c) or worked)
        exec(set_up("https://github.com/us/ours"), {})
        return calls

    return run


def test_the_set_up_cell_installs_nothing_where_the_package_is(asked_of_pip, capsys):
    assert asked_of_pip(absent=(), versions={}) == []
    assert "CPU cores" in capsys.readouterr().out


def test_the_set_up_cell_keeps_the_numpy_and_torch_that_are_there(asked_of_pip):
    here = {"numpy": "2.1.3", "torch": "2.11.0+cu128"}
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-color"]
    pip += ["git+https://github.com/us/ours@v1"]
    (command,) = asked_of_pip(absent={"g3lite"}, versions=here)
    assert command == [*pip, "numpy==2.1.3", "torch==2.11.0+cu128"]
    (command,) = asked_of_pip(absent={"g3lite", "torch"}, versions=here)
    assert command == [*pip, "numpy==2.1.3"]


def test_the_reason_of_pip_is_said(set_up, monkeypatch, capfd):
    """Such as a numpy that is kept and is too old; Colab need not show what a process prints."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *p: None if name == "g3lite" else find_spec(name)
    )
    code = "import sys; sys.exit('ERROR: Cannot install g3lite and numpy==1.25.2')"
    run = subprocess.run
    monkeypatch.setattr(
        subprocess, "run", lambda command, **options: run([sys.executable, "-c", code], **options)
    )
    with pytest.raises(
        Exception, match=r"ERROR: Cannot .* numpy==1.25.2\npip could not install git"
    ):
        exec(set_up("https://github.com/us/ours"), {})
    assert "which takes minutes" in capfd.readouterr().out


ABSENCE = """
import importlib.util

there = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "g3lite" else there(name, *rest)
"""


@pytest.mark.parametrize(
    ("repository", "words"),
    [
        (PLACEHOLDER, "g3lite is not in "),
        (
            "https://127.0.0.1:9/us/ours",
            "pip could not install git+https://127.0.0.1:9/us/ours@v1 ",
        ),
    ],
    ids=["unpublished", "pip fails"],
)
def test_a_set_up_cell_that_cannot_install_says_so_in_a_sentence(set_up, repository, words):
    """In a kernel, as a reader sees it; the second asks pip for an address that nobody serves."""
    cells = [ABSENCE, set_up(repository), "print('went on')"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with pytest.raises(CellExecutionError) as stop:  # so papermill and "Run All" stop here, too
        NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    assert stop.value.ename == "NotInstalled"
    outputs = notebook.cells[1].outputs
    (error,) = (output for output in outputs if output.output_type == "error")
    assert error.traceback == [error.evalue]  # what is shown is the sentence alone
    assert words in error.evalue
    if repository != PLACEHOLDER:  # what pip said, and what it was to keep
        assert "unable to access 'https://127.0.0.1:9/us/ours/'" in error.evalue
        assert f"@v1 numpy=={metadata.version('numpy')} torch==" in error.evalue
        assert not re.search(r"\x1b\[[\d;]*[34]\d", error.evalue)  # bold words, but no colours
    assert error.evalue.endswith('run: pip install -e ".[notebooks]", and restart the kernel.')
    assert "Traceback" not in "".join(output.get("text", "") for output in outputs)
    assert notebook.cells[2].outputs == []
