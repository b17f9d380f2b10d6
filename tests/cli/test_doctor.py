"""g3lite doctor: what it finds, what stops the series, and what it costs to ask."""

import subprocess
import sys
import webbrowser
from pathlib import Path
from types import SimpleNamespace

import pytest

from g3lite import G3Error
from g3lite.cli import doctor
from g3lite.cli.main import app

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("G3LITE_PROFILE", "cpu")


def run(capsys) -> tuple[str, bool]:
    """What the command says, and whether something stops the series."""
    try:
        app(["doctor"], standalone_mode=False)
        stopped = False
    except G3Error as error:
        assert "must be mended" in str(error)
        stopped = True
    return capsys.readouterr().out, stopped


def test_a_machine_that_is_fit(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "available_gb", lambda: 8.0)
    said, stopped = run(capsys)
    assert not stopped and "STOP" not in said and "nothing stops the series" in said
    for word in ("python", "packages", "notebooks", "data", "cache", "memory", "browser"):
        assert f"  {word} " in said
    assert "not needed: photos and models are shipped" in said
    assert "the first run draws them" in said and "teach cache fill" in said


@pytest.mark.parametrize(
    ("change", "words", "mend"),
    [
        (lambda m: m.setattr(doctor, "PYTHON", (99, 0)), "python", "install Python 3.11"),
        (lambda m: m.setattr(doctor, "version", lambda name: "0.0.1"), "torch is 0.0.1, and 2.4",
         "pip install -e ."),
        (lambda m: m.setattr(doctor, "available_gb", lambda: 1.0), "1.0 GB available, and 1.7",
         "close other programs"),
        (lambda m: m.setattr(doctor.shutil, "disk_usage", lambda _: SimpleNamespace(free=1e7)),
         "0.0 GB free", "make room"),
        (lambda m: m.setenv("G3LITE_PROFILE", "big"), "unknown profile 'big'", "known profiles"),
        (lambda m: m.setattr("g3lite.recipes.artefacts.check", lambda code: ["data/x is damaged"]),
         "data/x is damaged", "git checkout -- data"),
        (lambda m: m.setenv("G3LITE_CACHE", __file__), "cannot be made", "G3LITE_CACHE"),
    ],
)  # fmt: skip
def test_what_stops_the_series_is_said_with_what_mends_it(capsys, monkeypatch, change, words, mend):
    change(monkeypatch)
    said, stopped = run(capsys)
    assert stopped
    lines = said.splitlines()
    assert any(line.startswith("STOP") and words in line for line in lines), said
    assert mend in said


def test_what_only_makes_it_slow_stops_nothing(capsys, monkeypatch):
    def none():
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(doctor.webbrowser, "get", none)
    monkeypatch.setattr(doctor, "available_gb", lambda: 2.0)
    said, stopped = run(capsys)
    assert not stopped
    assert "--no-browser" in said and "G3LITE_PROFILE=ci" in said


def test_a_missing_package_is_named(monkeypatch):
    def version(name):
        if name == "cartopy":
            raise doctor.PackageNotFoundError(name)
        return "99"

    monkeypatch.setattr(doctor, "version", version)
    assert doctor.packages().words == "cartopy is missing"
    assert doctor.tools().state == doctor.FINE
    for have, need, fits in (
        ("2.4", "2.10", False),
        ("2.10.1+cpu", "2.10", True),
        ("5", "5.0", True),
    ):
        assert (doctor._numbers(have) >= doctor._numbers(need)) == fits


def test_memory_is_what_the_container_has(tmp_path):
    assert doctor.available_gb() > 0
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable: 8000000 kB\n")
    assert doctor.available_gb(tmp_path) == 8.192
    group = tmp_path / "sys" / "fs" / "cgroup"
    group.mkdir(parents=True)
    for name, text in {"max": "2000000000", "current": "1500000000",
                       "stat": "anon 5\ninactive_file 500000000\n"}.items():  # fmt: skip
        (group / f"memory.{name}").write_text(text)
    assert doctor.available_gb(tmp_path) == 1.0
    (group / "memory.max").write_text("max")
    assert doctor.available_gb(tmp_path) == 8.192


def test_it_starts_without_the_packages_that_it_looks_for():
    code = (
        "import sys\n"
        "heavy = ['numpy', 'torch', 'pandas', 'faiss', 'transformers', 'matplotlib', 'sklearn']\n"
        "sys.modules.update(dict.fromkeys(heavy))\n"  # an import of them raises
        "from g3lite.cli.main import main\nmain(['doctor'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "  packages " in done.stdout and "Traceback" not in done.stderr, done.stderr


@pytest.mark.slow
def test_packages_that_cannot_be_imported_are_found(monkeypatch):
    assert doctor.imports().state == doctor.FINE
    monkeypatch.setattr(doctor, "IMPORTS", "import torch_that_is_broken")
    found = doctor.imports()
    assert found.state == doctor.STOP and "torch_that_is_broken" in found.words
