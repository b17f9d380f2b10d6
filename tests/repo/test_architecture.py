"""The house: the method stands alone, the rooms beside each other, and nothing goes in circles."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = next(folder for folder in Path(__file__).parents if (folder / "pyproject.toml").exists())
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


def lint(folder: Path) -> subprocess.CompletedProcess:
    """Hold the contracts of pyproject.toml against the package in a folder."""
    code = (
        "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports; "
        "sys.exit(lint_imports(config_filename='pyproject.toml', no_cache=True))"
    )
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120
    )


def test_the_contracts_are_kept():
    done = lint(ROOT)
    assert done.returncode == 0 and "Contracts: 2 kept, 0 broken." in done.stdout, done.stdout


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A copy of the package's code and of its contracts."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "g3lite", folder / "g3lite", ignore=shutil.ignore_patterns("data"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("geo.py", "from g3lite import miniearth", "geo is not allowed to import g3lite.miniearth"),
        ("geo.py", "def f():\n    from g3lite import index", "No cycles are allowed in g3lite"),
        (
            "lmm/base.py",
            "from g3lite.datasets import tables",
            "lmm is not allowed to import",
        ),
        ("lmm/ask.py", "import g3lite.lmm.base", "No cycles are allowed in g3lite.lmm"),
        ("stray.py", "", "stray"),
    ],
)
def test_a_contract_that_is_broken_is_found(house, file, line, broken):
    path = house / "g3lite" / file
    before = path.read_text() if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n")
    try:
        done = lint(house)
    finally:
        path.unlink() if before is None else path.write_text(before)
    assert done.returncode == 1 and broken in done.stdout, done.stdout


def test_the_rooms_are_imported_by_presets_alone():
    """The files directly in g3lite are the method's floor; `presets` is above the rooms."""
    floors = [floor.split() for floor in CONTRACTS["contracts"][0]["layers"]]
    height = {name: number for number, floor in enumerate(floors) for name in floor}
    files = {path.stem for path in (ROOT / "g3lite").glob("*.py")} - {"__init__"}
    assert {height[name] for name in files - {"presets", "paths"}} == {height["pipeline"]}
    rooms = ("datasets", "lmm", "baselines", "figures", "miniearth", "downloads")
    for room in rooms:  # the first floor is the highest
        assert height["presets"] < height[room] < height["pipeline"] < height["paths"]


@pytest.mark.slow
def test_g3lite_is_imported_at_once():
    """The names that a newcomer needs are there, and none of them is imported before it is used."""
    code = (
        "import sys, g3lite, os; heavy = {'numpy', 'torch', 'pandas'} & set(sys.modules); "
        "assert not heavy, heavy; assert os.environ['OMP_WAIT_POLICY'] == 'PASSIVE'; "
        "assert set(g3lite.__all__) <= set(dir(g3lite)); from g3lite import *; "
        "print(G3.__module__, Prediction.__module__, PhotoSet.__module__, load_photos.__module__, "
        "G3Error.__module__); g3lite.G4"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    places = "g3lite.presets g3lite.pipeline g3lite.photos g3lite.datasets.load g3lite"
    assert done.stdout.split() == places.split()
    assert "AttributeError: module 'g3lite' has no attribute 'G4'" in done.stderr
