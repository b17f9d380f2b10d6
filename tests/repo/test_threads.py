"""Idle OpenMP threads wait instead of spinning: g3lite is imported before torch and faiss."""

import ast
import os
import re
import subprocess
import sys

import nbformat
import pytest

OPENMP = {"faiss", "sklearn", "torch"}  # packages that bring an OpenMP runtime
HARMLESS = {"numpy", "pandas", "PIL"}  # and those that bring none

CODE = """
import os, sys, g3lite
assert not {"faiss", "sklearn", "torch"} & set(sys.modules), "too late"
print(os.environ["OMP_WAIT_POLICY"])
import faiss, torch
"""


def imported(**variables):
    environ = {key: value for key, value in os.environ.items() if not key.startswith("OMP_")}
    return subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True,
        env={**environ, **variables},
    )  # fmt: skip


@pytest.mark.slow
def test_idle_threads_wait():
    assert imported().stdout == "PASSIVE\n"


@pytest.mark.slow
@pytest.mark.parametrize("own", ["ACTIVE", ""])
def test_a_setting_of_the_user_stays(own):
    assert imported(OMP_WAIT_POLICY=own).stdout == f"{own}\n"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads what GNU's runtime says of itself")
def test_the_runtimes_take_it():
    spins = {
        policy: set(re.findall(r"GOMP_SPINCOUNT = '(\d+)'", done.stderr))
        for policy, done in {
            "as it is": imported(OMP_DISPLAY_ENV="verbose"),
            "spinning": imported(OMP_DISPLAY_ENV="verbose", OMP_WAIT_POLICY="ACTIVE"),
        }.items()
    }
    assert spins["as it is"] == {"0"} and min(map(int, spins["spinning"])) > 1_000_000


ON_A_MAC = """
import sys, os
sys.platform = "darwin"
import g3lite
print(*(os.environ.get(name) for name in ("KMP_DUPLICATE_LIB_OK", "OMP_NUM_THREADS")))
"""


@pytest.mark.parametrize(
    ("own", "said"),
    [({}, "TRUE 1"), ({"OMP_NUM_THREADS": "4"}, "TRUE 4"), ({"KMP_DUPLICATE_LIB_OK": ""}, " 1")],
)
def test_on_a_mac_two_runtimes_are_allowed_and_kept_to_one_thread(own, said):
    names = ("OMP_", "KMP_")
    environ = {key: value for key, value in os.environ.items() if not key.startswith(names)}
    for code, expected in ((ON_A_MAC, said), (ON_A_MAC.replace('"darwin"', '"linux"'), None)):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={**environ, **own},
        )  # fmt: skip
        if expected is None:  # elsewhere nothing is set
            expected = " ".join(
                own.get(n, "None") for n in ("KMP_DUPLICATE_LIB_OK", "OMP_NUM_THREADS")
            )
        assert done.stdout == f"{expected}\n"


def test_the_tests_import_g3lite_first():
    order = list(sys.modules)
    assert all(order.index("g3lite") < order.index(name) for name in OPENMP & set(order))


def imported_by(code):
    """The packages that a program imports, in their order, without Python's own."""
    names = [
        alias.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]  # fmt: skip
    packages = [name.partition(".")[0] for name in names]
    return [name for name in packages if name not in sys.stdlib_module_names]


def test_the_notebooks_import_g3lite_first(root):
    series = sorted((root / "notebooks").glob("*.ipynb"))
    assert len(series) >= 8
    for path in series:
        cells = nbformat.read(path, as_version=4).cells
        code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        first = imported_by(code)[0]
        assert first == "g3lite", f"{path.name} imports {first} first"


def test_the_benchmarks_import_g3lite_before_what_may_bring_threads(root):
    programs = sorted((root / "benchmarks").glob("*.py"))
    assert len(programs) >= 10
    for path in programs:
        packages = imported_by(path.read_text(encoding="utf-8"))
        before = packages[: packages.index("g3lite")]
        assert set(before) <= HARMLESS, f"{path.name} imports {before} before g3lite"
