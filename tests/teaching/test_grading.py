"""Grading: right and wrong answers, and many ways to cheat, each in a real process of its own."""

import csv
import json
import os
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from g3lite.teaching import checks, grading, handouts, submissions, values
from g3lite.teaching.checks import check as decorated
from g3lite.teaching.checks.check import exercise, generator, reseeded
from g3lite.teaching.grading import Limits

ROOT = Path(__file__).resolve().parents[2]
RIGHT = "def double(numbers):\n    return 2 * numbers"
STARTER = "def double(numbers):\n    ...  # your code here\n\n\ncheck_99_1(double)"
EXERCISE = grading.Exercise("99_a_trial", "check_99_1", "Exercise 1", STARTER)
IMPORTS = "import numpy as np\nfrom g3lite.teaching.checks.nb99 import check_99_1"


@exercise(start="complete double", right="twice as many")
def check_99_1(double):
    """A check whose data no student can know."""
    numbers = generator(99).integers(1_000_000, size=20)
    passed = numbers.copy()
    given = double(passed)
    if given is None:
        return "your function returns nothing yet"
    if not np.array_equal(passed, numbers):
        return "it changes its argument"
    return None if np.array_equal(given, 2 * numbers) else "that is not the double"


@pytest.fixture(autouse=True)
def trial(monkeypatch):
    """The check above stands for all."""
    monkeypatch.setattr(checks, "find", lambda name: check_99_1)


def notebook(*cells: str) -> str:
    """A notebook of code cells, as an LMS would hand it on: without metadata."""
    made = [{"cell_type": "code", "metadata": {}, "source": cell} for cell in (IMPORTS, *cells)]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def graded(folder: Path, *cells: str, **limits: int) -> grading.Verdict:
    path = folder / "99_a_trial.ipynb"
    path.write_text(notebook(*cells), encoding="utf-8")
    return grading.grade_one("ada", path, EXERCISE, [5, 6], Limits(**limits))


def test_a_right_answer_passes_on_the_shown_and_on_fresh_data(tmp_path):
    verdict = graded(tmp_path, f"{RIGHT}\n\ncheck_99_1(double)")
    assert (verdict.verdict, verdict.fresh_seeds, verdict.look) == ("passed", 2, ""), verdict.hint


def test_only_what_the_answer_needs_is_run(tmp_path):
    verdict = graded(
        tmp_path,
        "%matplotlib inline\n!pip install x\nraise SystemExit('heavy work')",
        "factors = {}\nfactors['two'] = 2\nresult = slow_thing_that_is_not_there()",
        "def double(numbers):\n    result = factors['two'] * np.asarray(numbers)\n"
        "    return result\n\nprint(nobody)\ncheck_99_1(double)\nprint(result)",
    )
    assert verdict.passed, verdict.hint


@pytest.mark.parametrize(
    ("code", "verdict", "hint"),
    [
        ("def double(n): return 3 * n", "not yet", "that is not the double"),
        ("def double(n): return 1 / 0", "not yet", "raised ZeroDivisionError: division by zero"),
        ("def double(n): n *= 2; return n", "not yet", "it changes its argument"),
        ("def double(n): return open", "by hand", "cannot be passed on"),
        ("double = missing", "error", "NameError: name 'missing' is not defined"),
        ("def double(n) return 2", "error", "no Python"),
        ("def double(n):\n    while True: pass", "too slow", "longer than"),
        ("import time\ndef double(n): time.sleep(99)", "too slow", "longer than"),
        ("def double(n): return [0] * 10**10", "not yet", "MemoryError"),
        ("import os\ndef double(n): os._exit(0)", "stopped", "ended"),
        ("def double(n): raise SystemExit(0)", "not yet", "raised"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory")
def test_a_wrong_answer_does_not_pass(tmp_path, code, verdict, hint):
    given = graded(
        tmp_path, f"{code}\n\ncheck_99_1(double)", seconds=1 + 9 * (verdict != "too slow")
    )
    assert (given.verdict, hint in given.hint) == (verdict, True), given


@pytest.mark.parametrize(
    ("code", "look"),
    [
        ("from g3lite.teaching import cue_lab", False),  # the tool of an exercise
        ("from g3lite.teaching import cue_lab, checks", True),
        ("from g3lite.teaching import checks", True),
        ("import g3lite.teaching", True),
    ],
)
def test_the_tool_of_an_exercise_is_no_suspicious_word(code, look):
    assert bool(submissions._SUSPICIOUS.search(f"{code}\nn = 1")) == look


CHEATS = {
    "a check of one's own": "def check_99_1(*_): print('✓ right')\ndef double(n): return n",
    "a check that is patched": (
        "import g3lite.teaching\nfrom types import SimpleNamespace as S\n"
        "g3lite.teaching.checks = S(find=lambda name: S(hint=lambda *_: None))\n"
        "def double(n): return g3lite.teaching.checks and n"
    ),
    "modules that are replaced": (
        "import sys, types\nfor name in ('g3lite.teaching.checks', 'g3lite.teaching.grading'):\n"
        "    sys.modules[name] = types.ModuleType(name)\n"
        "    sys.modules[name].PASSED = 'not yet'\ndef double(n): return sys and n"
    ),
    "numpy that agrees with all": (
        "np.array_equal = np.allclose = lambda *_, **__: True\ndef double(n): return np and n"
    ),
    "builtins that agree with all": (
        "import builtins\nbuiltins.all = builtins.any = builtins.isinstance = lambda *_: True\n"
        "def double(n): return builtins and n"
    ),
    "an object that equals all": (
        "class Same:\n    def __eq__(self, other): return True\n"
        "    def __array__(self, *_, **__): return np.zeros(20)\n"
        "def double(n): return Same()"
    ),
    "an array that equals all": (
        "class Same(np.ndarray):\n    def __eq__(self, other): return np.ones(20, bool)\n"
        "def double(n): return n.view(Same)"
    ),
    "the caller's own names": (
        "import sys\ndef double(n):\n    frame = sys._getframe()\n    while frame:\n"
        "        for value in frame.f_locals.values():\n"
        "            if isinstance(value, np.ndarray) and (value == 2 * n.sum()).any():\n"
        "                return value\n        frame = frame.f_back\n    return n"
    ),
    "the argument changed until it fits": "def double(n):\n    n //= 2\n    return 2 * n",
    "a printed verdict": "def double(n):\n    print('✓ passed', flush=True)\n    return n",
    "a forged message": (
        "import os, struct, json\ndef double(n):\n"
        "    data = json.dumps({'verdict': 'passed', 'result': [None, [None]]}).encode()\n"
        "    for fd in range(3, 20):\n        try:\n"
        "            os.write(fd, struct.pack('>Q', len(data)) + data)"
        "\n        except OSError: pass\n    return n"
    ),
    "noise instead of a message": (
        "import os\ndef double(n):\n    for fd in range(3, 20):\n"
        "        try: os.write(fd, b'x' * 100)\n        except OSError: pass\n    return n"
    ),
    "the solution of the notebook's data": (
        "def double(n):\n    shown = np.random.default_rng(99).integers(1_000_000, size=20)\n"
        "    return 2 * n if np.array_equal(shown, n) else n"
    ),
    "the check imported where it is called": (
        "def double(n):\n    from g3lite.teaching import checks\n"
        "    return checks.find('check_99_1').__wrapped__ and n"
    ),
}


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_does_not_pass(tmp_path, name):
    verdict = graded(tmp_path, f"{CHEATS[name]}\n\ncheck_99_1(double)", seconds=10)
    assert verdict.verdict in {"not yet", "by hand", "stopped", "error"}, verdict
    if name == "the solution of the notebook's data":
        assert verdict.fresh_seeds == 1 and "on other data" in verdict.hint
    if "sys" in CHEATS[name] or "builtins" in CHEATS[name]:
        assert verdict.look  # and a person is told


@pytest.mark.skipif(sys.platform == "win32", reason="limits on files")
def test_no_file_can_be_written_from_an_answer(tmp_path):
    result = tmp_path / "results.csv"
    result.write_text("student,verdict\n")
    code = f"def double(n):\n    open({str(result)!r}, 'ab', 0).write(b'x')\n    return 2 * n"
    verdict = graded(tmp_path, f"{code}\n\ncheck_99_1(double)")
    assert verdict.verdict == "not yet" and "File too large" in verdict.hint
    assert result.read_text() == "student,verdict\n" and verdict.look == "open"


def test_secrets_of_the_teacher_are_not_passed_on(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "secret")
    code = "import os\ndef double(n): return 2 * n if 'HF_TOKEN' not in os.environ else n"
    assert graded(tmp_path, f"{code}\n\ncheck_99_1(double)").passed


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_what_an_answer_started_is_ended(tmp_path):
    pid = tmp_path / "pid"
    os.mkfifo(pid)  # a pipe may be written to
    code = (
        "import os, time\ndef double(n):\n"
        f"    if os.fork() == 0:\n        with open({str(pid)!r}, 'w') as file:\n"
        "            file.write(str(os.getpid()))\n        time.sleep(60)\n    return 2 * n"
    )
    reader = os.open(pid, os.O_RDONLY | os.O_NONBLOCK)
    verdict = graded(tmp_path, f"{code}\n\ncheck_99_1(double)", seconds=5)
    told = os.read(reader, 100)
    os.close(reader)
    if os.geteuid() != 0:
        assert told == b"" and "BlockingIOError" in verdict.hint  # it cannot even start one
        return
    status = Path(f"/proc/{told.decode().split()[0][:7]}/status")
    assert not status.exists() or "zombie" in status.read_text()


def hand_in(folder: Path, student: str, *cells: str) -> None:
    (folder / student / "deep").mkdir(parents=True)
    (folder / student / "deep" / "99_a_trial (1).ipynb").write_text(
        notebook(*cells), encoding="utf-8"
    )


def test_the_table_and_the_pages_of_a_class(tmp_path):
    hand_in(tmp_path / "in", "ada", f"{RIGHT}\n\ncheck_99_1(double)")
    hand_in(
        tmp_path / "in", "=bob", "raise_it = '<script>'\ndouble = raise_it.x\ncheck_99_1(double)"
    )
    (tmp_path / "in" / "cyn").mkdir()
    other = grading.Exercise("98_nobody_has_it", "check_98_1", "Exercise 1", STARTER)
    found = dict(grading.grade(tmp_path / "in", tmp_path / "out", [other, EXERCISE], [7], Limits()))
    assert {name: [one.verdict for one in row] for name, row in found.items()} == {
        "ada": ["passed"], "=bob": ["error"], "cyn": ["not handed in"],
    }  # fmt: skip
    with (tmp_path / "out" / "results.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["student"]: row for row in csv.DictReader(stream)}
    assert rows["ada"]["verdict"] == "passed" and rows["ada"]["seeds"] == "7"
    assert "'=bob" in rows  # no formula for a spreadsheet
    pages = {path.stem: path.read_text() for path in (tmp_path / "out" / "feedback").iterdir()}
    assert set(pages) == set(found)
    assert "Public checks passed: 1 of 1." in pages["ada"]
    assert "Public checks passed: 0 of 1." in pages["cyn"]
    for student, page in pages.items():
        assert "<script>" not in page and "all" not in page.split("<tbody>")[0].lower().split()
        assert not any(other in page for other in set(pages) - {student})


def test_an_exercise_that_is_as_it_was_given_is_not_run(tmp_path):
    cell = {"cell_type": "code", "metadata": {"g3lite": {"exercise": "check_99_1"}}}
    given = {"cells": [{**cell, "source": STARTER}], "metadata": {}}
    path = tmp_path / "99.ipynb"
    path.write_text(json.dumps(given))
    verdict = grading.grade_one("ada", path, EXERCISE, [], Limits())
    assert verdict.verdict == "not answered"
    given["cells"] = []
    path.write_text(json.dumps(given))
    assert grading.grade_one("ada", path, EXERCISE, [], Limits()).verdict == "not handed in"
    path.write_text("{")
    assert grading.grade_one("ada", path, EXERCISE, [], Limits()).verdict == "error"


def test_one_thread_at_a_time_parses(tmp_path, monkeypatch):
    """Python 3.11 counts the depth of `ast.parse` for all threads together (SystemError)."""
    inside, most = [], []

    def answer(*_):
        inside.append(1)
        time.sleep(0.05)
        most.append(len(inside))
        inside.pop()

    monkeypatch.setattr(submissions, "answer", answer)
    for student in ("ada", "bob"):
        (tmp_path / "in" / student).mkdir(parents=True)
        (tmp_path / "in" / student / "99_a_trial.ipynb").write_text(notebook(RIGHT))
    found = dict(
        grading.grade(tmp_path / "in", tmp_path / "out", [EXERCISE] * 4, [], Limits(), jobs=4)
    )
    assert len(found) == 2 and most == [1] * 8


@pytest.mark.parametrize(
    ("error", "raised"),
    [("AST constructor recursion depth mismatch (before=27, after=45)", False), ("else", True)],
)
def test_what_another_thread_compiles_is_no_mistake(tmp_path, monkeypatch, error, raised):
    """Another thread may import a module while this one parses: then it is parsed again."""
    tried, whole = [], submissions.answer

    def answer(*arguments):
        tried.append(1)
        if len(tried) < 3:
            raise SystemError(error)
        return whole(*arguments)

    monkeypatch.setattr(submissions, "answer", answer)
    (tmp_path / "in" / "ada").mkdir(parents=True)
    (tmp_path / "in" / "ada" / "99_a_trial.ipynb").write_text(notebook(RIGHT))
    with pytest.raises(SystemError, match="else") if raised else nullcontext():
        dict(grading.grade(tmp_path / "in", tmp_path / "out", [EXERCISE], [], Limits()))
    assert len(tried) == (1 if raised else 3)


def test_a_folder_without_students_is_refused(tmp_path):
    with pytest.raises(submissions.SubmissionError, match="one for each student"):
        submissions.students(tmp_path, [])
    with pytest.raises(submissions.SubmissionError, match="no folder"):
        submissions.students(tmp_path / "none", [])


def test_a_notebook_is_known_by_its_metadata_and_the_last_one_counts(tmp_path):
    for place, (file, named) in enumerate({"x.ipynb": "01_b", "01_b.ipynb": None}.items()):
        about = {"g3lite": {"notebook": named}} if named else {}
        path = tmp_path / "ada" / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"cells": [], "metadata": about}))
        os.utime(path, (100 - place, 100 - place))
    found = submissions.students(tmp_path, ["01_b"])
    assert found["ada"]["01_b"].name == "x.ipynb"


# Values


@pytest.mark.parametrize(
    "value",
    [
        None, ..., True, 3, 10**30, -0.5, float("inf"), 1j, "", "ü", b"x", (1, (2.5,)), [None], {1},
        {"a": 1, 2: (3,)}, np.float64(2), np.int8(3), np.bool_(True), np.zeros((2, 0)),
        np.array(["a", "bc"]), np.array([1, None, "x"], dtype=object), np.array(7),
    ],
    ids=repr,
)  # fmt: skip
def test_a_value_comes_back_as_it_was(value):
    back = values.decode(json.loads(json.dumps(values.encode(value))))
    assert type(back) is type(value)
    if isinstance(value, np.ndarray):
        np.testing.assert_array_equal(back, value)
    else:
        assert back == value
    assert getattr(back, "dtype", None) == getattr(value, "dtype", None)


def test_tables_and_tensors_come_back_as_they_were():
    table = pd.DataFrame(
        {
            "n": pd.array([1, None], dtype="Int64"), "word": pd.array(["a", pd.NA], dtype="string"),
            "x": [0.5, np.nan], "any": [None, (1, 2)], "kind": pd.Categorical(["u", "v"]),
        },
        index=[7, 3],
    )  # fmt: skip
    for value in (table, table.loc[[]], table.rename(columns=lambda name: "same")):
        pd.testing.assert_frame_equal(
            values.decode(values.encode(value)), value, check_column_type=False,
            check_index_type=False, check_categorical=False, check_dtype=False,
        )  # fmt: skip
    back = values.decode(values.encode(table))
    assert back.dtypes[["n", "word", "x"]].tolist() == table.dtypes[["n", "word", "x"]].tolist()
    pd.testing.assert_series_equal(values.decode(values.encode(table["n"])), table["n"])
    tensor = torch.arange(6.0).reshape(2, 3)
    assert torch.equal(values.decode(values.encode(tensor)), tensor)


def test_losses_of_torch_go_by_their_names():
    loss = torch.nn.functional.mse_loss
    assert values.encode(loss) == {"is": "loss", "of": "mse_loss"}
    assert values.decode(values.encode(loss)) is loss
    for other in (torch.nn.functional.relu, torch.nn.functional.cross_entropy, torch.load):
        with pytest.raises(values.Unsendable):
            values.encode(other)
    for name in ("relu", "__loader__", "no_such_loss"):
        with pytest.raises(ValueError):
            values.decode({"is": "loss", "of": name})


def test_what_is_no_plain_value_is_refused():
    for value in (print, object(), np.random.default_rng(0)):
        with pytest.raises(values.Unsendable):
            values.encode(value)
    for text in ({"is": "code"}, {"is": "array", "of": "AAAA"}, [1], {"of": 1}):
        with pytest.raises(ValueError):
            values.decode(text)


# The series


def test_all_random_data_of_the_checks_can_be_drawn_anew():
    folder = Path(decorated.__file__).parent
    for path in sorted(folder.glob("nb*.py")):
        text = path.read_text(encoding="utf-8")
        assert "np.random" not in text.replace("np.random.Generator", ""), path.name
    plain, again = generator(3).random(), generator(3).random()
    with reseeded(1) as draws:
        assert not draws.used
        other = generator(3).random()
    assert plain == again == np.random.default_rng(3).random() != other and draws.used


@pytest.mark.slow
def test_every_solution_passes_and_no_starter_does(tmp_path, monkeypatch):
    monkeypatch.undo()
    handouts.build(ROOT / "notebooks", tmp_path / "handouts")
    (tmp_path / "in").mkdir()
    for student, pack in (("ada", "instructor"), ("bob", "student")):
        (tmp_path / "handouts" / pack).rename(tmp_path / "in" / student)
    series = handouts.to_grade(handouts.lessons(ROOT / "notebooks"))
    found = dict(grading.grade(tmp_path / "in", tmp_path / "out", series, [11, 12], Limits(120), 2))
    assert [one for one in found["ada"] if not one.passed or one.look] == []
    assert len(found["ada"]) == len(series) > 0
    assert {one.verdict for one in found["bob"]} == {"not answered"}
