"""The repository as a whole: dependencies, documents, make, and the wheel."""

import ast
import importlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import g3lite
from g3lite.teaching import address, notebooks

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
AGREED = {
    "jupyterlab", "torch", "transformers", "open-clip-torch", "faiss-cpu", "matplotlib", "cartopy",
    "nbval", "papermill",
}  # fmt: skip
"""The packages that the series was asked to use."""


def distributions(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in requirements}


def test_dependencies_are_ranges_without_upper_bounds():
    for line in [*PROJECT["dependencies"], *sum(EXTRAS.values(), [])]:
        operators = {specifier.operator for specifier in Requirement(line).specifier}
        assert operators == {">="}, f"{line}: give a lower bound, and no other"


def test_nothing_is_declared_twice():
    for extra in ("notebooks", "tests"):
        found = [Requirement(line) for line in EXTRAS[extra]]
        lines = [canonicalize_name(one.name) for one in found if not one.extras]
        assert len(lines) == len(set(lines))
        assert not set(lines) & distributions(PROJECT["dependencies"])


def imported(path: Path) -> set[str]:
    """Top-level names of the absolute imports in a file, wherever they stand."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"g3lite"}


def test_every_import_is_a_declared_dependency():
    owners = packages_distributions()
    base = distributions(PROJECT["dependencies"])
    tools = base | distributions(EXTRAS["notebooks"])
    # What only works with an extra: the notebook tools, the widgets of the quiz and the cue lab,
    # showing a figure in a notebook (every kernel of a notebook comes with IPython), making the
    # tables of cities, a grammar, workers and vector stores, and the site.
    site = tools | distributions(EXTRAS["site"])
    allowed = {
        "mathematics.py": tools,
        "notebooks.py": tools,
        "landing.py": tools,
        "quiz.py": tools,
        "cue_lab.py": tools,
        "handouts.py": tools,
        "forms.py": tools,
        "style.py": base | {"ipython"},
        "cities.py": base | distributions(EXTRAS["tests"]),
        "schema.py": base | distributions(EXTRAS["schema"]),
        "embed.py": base | distributions(EXTRAS["scaling"]),
        "milvus.py": base | distributions(EXTRAS["scaling"]),
    }
    for path in sorted((ROOT / "g3lite").rglob("*.py")):
        for module in imported(path):
            have = {canonicalize_name(owner) for owner in owners.get(module, [module])}
            known = site if path.parent.name == "site" else allowed.get(path.name, base)
            assert have & known, f"{path.name} imports {module}"
    everything = tools | distributions(EXTRAS["tests"]) | {"packaging"}  # pytest needs packaging
    helpers = {path.stem for path in (ROOT / "tests" / "helpers").glob("*.py")}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for module in imported(path) - helpers:
            have = {canonicalize_name(owner) for owner in owners.get(module, [module])}
            assert have & everything, f"{path.name} imports {module}"


def test_environment_yml_names_the_agreed_packages_and_installs_the_project():
    from rattler import MatchSpec
    from rattler.exceptions import InvalidMatchSpecError

    with pytest.raises(InvalidMatchSpecError):  # strict parsing does find mistakes
        MatchSpec("python > =3.11", strict=True)
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge"]
    *conda, pip = environment["dependencies"]
    specs = {spec.name.normalized: spec for spec in (MatchSpec(c, strict=True) for c in conda)}
    assert set(specs) == {"python", "pip"}  # all else is in pyproject.toml
    assert str(specs["python"].version) == PROJECT["requires-python"]
    *named, line = pip["pip"]
    declared = PROJECT["dependencies"] + EXTRAS["notebooks"] + EXTRAS["tests"]
    assert len(named) == len(AGREED) and distributions(named) == AGREED
    assert set(named) <= set(declared), "a name or version that is not pyproject.toml's"
    extras = re.fullmatch(r"-e \.\[([\w,]+)\]", line)
    assert extras and set(extras[1].split(",")) == {"notebooks", "tests"} <= set(EXTRAS)


def test_the_address_of_the_repository_is_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    here = address.Address.from_settings(ROOT)
    assert citation["repository-code"] == here.repository
    texts = [ROOT / "README.md", ROOT / "CITATION.cff", *(ROOT / "notebooks").glob("*.ipynb")]
    for path in [*texts, *(ROOT / "notebooks" / "source").glob("*.py")]:
        assert here.repository in path.read_text(encoding="utf-8")
    assert notebooks.unlinked(ROOT) == [], "g3lite dev notebooks link"
    assert address.problems(ROOT) == []  # a published tree names itself, at a tag or commit
    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert readme.count(here.state) == 1
    assert str(citation["version"]) == PROJECT["version"]
    (paper,) = citation["references"]
    assert len(paper["authors"]) == 10 and paper["year"] == 2024


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "data/README.md",
        "g3lite/README.md",
        "g3lite/own-photos.md",
        "g3lite/pack.md",
        "notebooks/course/ledger.md",
        "notebooks/course/notation.md",
        "notebooks/course/glossary.md",
    ],
)
def test_links_of_the_documents_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert notebooks.broken_links(text, (ROOT / name).parent, ROOT) == []


def method_table() -> list[list[str]]:
    """The rows of the table in g3lite/README.md: paper, words, file, function."""
    text = (ROOT / "g3lite" / "README.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_each_step_of_the_paper_has_a_file_and_a_function_that_exist():
    for _, words, file, name in method_table():
        path = re.fullmatch(r"\[`([\w/]+\.py)`\]\(\1\)", file)[1]
        module = path.removesuffix(".py").replace("/", ".")
        full = re.fullmatch(r"`([\w.]+)`", name)[1]
        assert full.startswith(f"{module}."), words
        found = importlib.import_module(f"g3lite.{module}")
        assert Path(found.__file__) == Path(g3lite.__file__).parent / path
        for part in full.removeprefix(f"{module}.").split("."):
            found = getattr(found, part)
        assert found.__module__ == f"g3lite.{module}" and found.__doc__, full


def test_the_table_of_the_method_leaves_nothing_of_the_paper_out():
    table = "\n".join(f"{paper} {words}" for paper, words, _, _ in method_table())
    for wanted in (
        *(f"Section {number}" for number in ("3.1", "3.2", "3.3", "4")),
        "Tables 1, 2 and 3, Figures 3 and 4", "Tables 3 and 5",
        "Mercator", "Fourier", "MLP per σ", "InfoNCE", "image–text and image–GPS", "place texts",
        "image, image→text, image→GPS", "search with q", "search with −q", "0, 5, 10 and 15",
        "N replies", "K prompts × N replies + S retrieved", "image→GPS · GPS", "argmax",
        "great-circle", "1, 25, 200, 750, 2500 km",
    ):  # fmt: skip
        assert wanted in table, wanted


def test_the_folders_of_the_package_are_described():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    folders = {path.parent.name for path in (ROOT / "g3lite").glob("*/__init__.py")}
    assert set(re.findall(r"^\| `(\w+)/` \|", text, re.MULTILINE)) == folders


def test_the_readme_lists_the_notebooks_that_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\|.*\]\(notebooks/(\d\d_\w+)\.ipynb\)", text, re.MULTILINE)
    assert listed == notebooks.names(ROOT / "notebooks")


def written_by_people() -> list[Path]:
    """The documents, programs and notebooks of the tree; of the tests, their lists alone."""
    folders = [
        ROOT / name
        for name in (
            "g3lite",
            "notebooks",
            "benchmarks",
            ".github",
            ".ci",
            ".binder",
            ".devcontainer",
        )
    ]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    kinds = {"", ".py", ".ipynb", ".md", ".yml", ".yaml", ".toml", ".txt", ".cff"}
    top = [path for path in ROOT.iterdir() if path.is_file()]
    lists = [*(ROOT / "tests").rglob("*.txt"), *(ROOT / "data").rglob("*.md")]
    skipped = {"__pycache__", ".ipynb_checkpoints"}
    return [
        path
        for path in [*top, *files, *lists]
        if path.suffix in kinds and not skipped & set(path.parts) and path.name != ".git"
    ]


UNSAFE = [
    r"github\.com/g3lite",  # a name that a stranger could register
    r"pip3? install (-\S+ )*[\"'`]*g3lite\b",  # on the package index it is not ours
    r"git\+https?://[^\s\"'@]+([\s\"']|@(main|master|HEAD)\b)",  # a branch: other code tomorrow
    r"colab\.research\.google\.com/github/\S+/blob/(main|master|HEAD)/",
]


@pytest.mark.parametrize(
    "text",
    [
        "git clone https://github.com/g3lite/g3lite", 'pip install "g3lite[notebooks]"',
        "pip install -q g3lite", '"git+https://github.com/us/ours"', "git+https://a.org/b/c@main",
        "https://colab.research.google.com/github/us/ours/blob/main/notebooks/00_a.ipynb",
    ],
)  # fmt: skip
def test_what_is_unsafe_is_recognised(text):
    assert any(re.search(pattern, text) for pattern in UNSAFE)


def test_nothing_is_installed_from_where_a_stranger_could_put_code():
    own = address.Address.from_settings(ROOT).repository
    paths = written_by_people()
    assert {ROOT / "README.md", ROOT / "g3lite" / "cli" / "main.py"} < set(paths)
    for path in paths:
        text = path.read_text(encoding="utf-8").replace(own, "https://example.org/us/ours")
        for pattern in UNSAFE:
            found = re.search(pattern, text)
            assert not found, f"{path.relative_to(ROOT)}: {found[0]}"


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=["check", "format"])
def test_ruff_has_nothing_to_say(command):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "."], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_ci_runs_all_tests():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").rstrip().endswith("make test-all")
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert [s.get("run") for s in yaml.safe_load(workflow)["jobs"]["test"]["steps"]][
        -1
    ] == ".ci/run"


def test_ci_runs_on_all_systems_and_on_windows_what_the_readme_says():
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    test = yaml.safe_load(workflow)["jobs"]["test"]
    assert test["strategy"]["matrix"]["os"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    assert test["runs-on"] == "${{ matrix.os }}"
    conditions = [step.get("if") for step in test["steps"][-3:]]
    assert conditions == [f"runner.os == '{system}'" for system in ("Windows", "macOS", "Linux")]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (plain,) = re.findall(r"```bat\n(.*?)```", readme, re.DOTALL)
    assert test["steps"][-3]["run"].splitlines()[-1] in plain.splitlines()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    run, pytest = "g3lite.cli run --output build", "-p tests.helpers.quick_imports"
    for words in (run, pytest, '-m "not slow"', "-n auto"):
        assert words in plain and words in makefile  # it is the same as with make


def git(folder: Path, *arguments: str) -> str:
    alone = {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "PATH": os.environ["PATH"],
    }
    return subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, env=alone
    ).stdout


def test_a_clone_on_windows_gets_the_data_byte_for_byte(tmp_path):
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "core.autocrlf", "true")  # as Git for Windows is installed
    shutil.copy(ROOT / ".gitattributes", tmp_path)
    names = ["README.md", "data/miniearth/places.csv", "data/manifest.json", "data/deep/er/a.dbf"]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"one\ntwo\n")
    git(tmp_path, "add", ".")
    for name in names:
        (tmp_path / name).unlink()
    git(tmp_path, "checkout", "--", ".")
    document, *data = [(tmp_path / name).read_bytes() for name in names]
    assert document == b"one\r\ntwo\r\n"  # here git does change line ends
    assert data == [b"one\ntwo\n"] * 3
    assert git(tmp_path, "check-attr", "text", "data/manifest.json").split()[-1] == "unset"


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments], cwd=folder, capture_output=True, text=True, env=clean
    )


@pytest.fixture
def checkout(tmp_path):
    """A folder with a difficult name that holds what make looks at."""
    folder = tmp_path / "Ein Ordner, größer als ü"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


def test_make_explains_itself(checkout):
    done = make(checkout)
    assert done.returncode == 0
    for target in ("tutorial", "test", "test-all", "notebooks", "artefacts"):
        assert re.search(rf"^make {target} ", done.stdout, re.MULTILINE)


def test_make_names_a_python_that_is_too_old(checkout):
    old = checkout / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = make(checkout, "PYTHON=./old-python", "test")
    assert done.returncode != 0
    assert "Python 3.11 or newer" in done.stderr and "./old-python" in done.stderr
    assert not (checkout / ".venv").exists()


def test_make_installs_once_and_again_after_a_change(checkout):
    (checkout / ".venv").mkdir()
    for name in (".installed", ".installed-tests"):
        (checkout / ".venv" / name).touch()
    assert "pip install" not in make(checkout, "-n", "test").stdout
    later = (checkout / ".venv" / ".installed-tests").stat().st_mtime + 10
    os.utime(checkout / "pyproject.toml", (later, later))
    assert "pip install" in make(checkout, "-n", "test").stdout


def test_what_only_tests_need_is_not_installed_for_the_tutorial(checkout):
    for target in ("tutorial", "notebooks"):
        said = make(checkout, "-n", target).stdout
        assert "'.[notebooks]'" in said and "tests]" not in said
    for target in ("test", "test-slow", "artefacts"):
        assert "'.[notebooks,tests]'" in make(checkout, "-n", target).stdout


def test_all_tests_are_the_quick_and_the_slow_ones(checkout):
    said = make(checkout, "-n", "test-all").stdout
    quick, slow = (line for line in said.replace("\\\n", "").splitlines() if "pytest" in line)
    assert quick.replace('-m "not slow"', "-m slow") == slow
    assert " tests notebooks " in quick


BUILD = """
import sys
from zipfile import ZipFile

from hatchling.build import build_editable, build_wheel

for build in (build_editable, build_wheel):
    names = ZipFile(f"{sys.argv[1]}/{build(sys.argv[1])}").namelist()
    print(*(name for name in names if name.startswith("g3lite/")))
"""


def test_data_is_in_the_wheel_and_not_copied_by_an_editable_install(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    editable, wheel = done.stdout.splitlines()
    assert editable == ""
    files = (path for path in (ROOT / "data").rglob("*") if path.is_file())
    data = {f"g3lite/{path.relative_to(ROOT)}" for path in files if path.suffix != ".pyc"}
    assert len(data) > 40 and {name for name in wheel.split() if "/data/" in name} == data


TRIAL = """
import sys
from pathlib import Path

site = Path(sys.argv[1])
sys.path.insert(0, str(site))
from g3lite import __file__ as package, miniearth, paths
from g3lite.recipes import artefacts

assert Path(package).is_relative_to(site), package
assert paths.data_dir() == site / "g3lite" / "data", paths.data_dir()
assert artefacts.check() == [], artefacts.check()
photos = miniearth.load("validation", 3)
assert photos.image(photos.table.IMG_ID[0]).size == (128, 128)
from g3lite.scale import costs

assert costs.prices()
print("fine")
"""


@pytest.mark.slow
def test_the_wheel_works_alone_in_an_empty_folder(tmp_path):
    dist, site, elsewhere = tmp_path / "dist", tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    # Without --wheel it is made from the source archive, which must therefore be complete too.
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(dist), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = dist.glob("*.whl")
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([sys.executable, *install, str(wheel)], check=True, capture_output=True)
    done = subprocess.run(
        [sys.executable, "-I", "-c", TRIAL, str(site)],
        cwd=elsewhere,
        env={"PATH": os.environ["PATH"], "G3LITE_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr
