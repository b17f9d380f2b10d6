"""Grading: the checks of the exercises, held against submissions on data that is new each time.

A student's code runs in a process of its own, with limits. The check runs here, is imported from
this package, and gets a stand-in that passes each call on: so no code of a student can reach the
check, its data, or the verdict. That is all: the process is no sandbox (see `g3lite teach grade`).
"""

from __future__ import annotations

import builtins
import csv
import html
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from g3lite import paths
from g3lite.teaching import checks, submissions, values
from g3lite.teaching.checks.check import reseeded

PASSED, NOT_YET, UNTOUCHED, MISSING = "passed", "not yet", "not answered", "not handed in"
ERROR, SLOW, STOPPED, BY_HAND = "error", "too slow", "stopped", "by hand"

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT",
         "USERPROFILE", "TEMP", "TMP", "G3LITE_CACHE")  # fmt: skip
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_PARSING = threading.Lock()  # ast.parse of Python 3.11 counts its depth for all threads together
START_SECONDS = 60  # for a busy machine to start Python and import numpy, before the code runs


@dataclass(frozen=True)
class Exercise:
    """An exercise of the series, as grading needs it."""

    notebook: str
    check: str
    title: str
    starter: str


@dataclass(frozen=True)
class Limits:
    """What the code of one exercise may use."""

    seconds: int = 30
    megabytes: int = 2048


@dataclass(frozen=True)
class Verdict:
    """What came of one exercise of one student; the columns of the table, in order."""

    student: str
    notebook: str
    check: str
    verdict: str
    hint: str  # to the student
    fresh_seeds: int  # on how many the check was run again; 0 if its data are always the same
    seconds: float
    look: str  # words in the code that a person should look at

    @property
    def passed(self) -> bool:
        """Whether the public check accepted the answer, on every seed."""
        return self.verdict == PASSED


class _Ended(BaseException):
    """The process is gone or was ended. No check may catch this."""

    def __init__(self, verdict: str, words: str) -> None:
        super().__init__(words)
        self.verdict, self.words = verdict, words


class _Process:
    """A student's code in a process of its own."""

    def __init__(self, limits: Limits, folder: str) -> None:
        package = str(Path(__file__).resolve().parents[2])
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        path = [package, *filter(None, [environment.get("PYTHONPATH")])]
        environment |= {"PYTHONPATH": os.pathsep.join(path), "G3LITE_PROFILE": "ci"}
        environment |= dict.fromkeys(_ONE_THREAD, "1")
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-B", "-m", "g3lite.teaching.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            cwd=folder, env=environment, start_new_session=True,
        )  # fmt: skip
        self._limits = limits
        self._replies: queue.Queue[Any] = queue.Queue(maxsize=4)
        threading.Thread(target=self._read, daemon=True).start()
        self._deadline = time.monotonic() + START_SECONDS

    def __enter__(self) -> _Process:
        return self

    def __exit__(self, *_: object) -> None:
        """End the process and what it started."""
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()
        with suppress(OSError):
            self._process.stdin.close()

    def run(self, found: submissions.Answer) -> list[Any]:
        """Run the code; the answers, with a stand-in for each that can be called."""
        self._reply()  # it has started
        self._deadline = time.monotonic() + self._limits.seconds
        answers = self._ask(
            {"setup": found.setup, "arguments": found.arguments, **asdict(self._limits)}
        )
        if not isinstance(answers, list):
            raise _Ended(STOPPED, "its process sent something else than an answer")
        return [
            self._stand_in(place) if answer == {"is": "function"} else values.decode(answer)
            for place, answer in enumerate(answers)
        ]

    def _stand_in(self, place: int) -> Callable[..., Any]:
        def function(*arguments: Any, **named: Any) -> Any:
            try:
                encoded = [values.encode(argument) for argument in arguments]
                more = {name: values.encode(argument) for name, argument in named.items()}
            except values.Unsendable as error:
                raise _Ended(BY_HAND, str(error)) from error
            result, changed = self._ask({"answer": place, "arguments": encoded, "named": more})
            for argument, new in zip(arguments, changed, strict=True):
                if new is not None and isinstance(argument, np.ndarray):
                    np.copyto(argument, values.decode(new))  # it works in place: the check sees it
            return values.decode(result)

        return function

    def _read(self) -> None:
        """Hand on what arrives, from a thread: a read cannot be given a time."""
        try:
            while (reply := values.receive(self._process.stdout)) is not None:
                self._replies.put(reply)
        except (OSError, ValueError, MemoryError) as error:
            self._replies.put(error)
        self._replies.put(None)

    def _ask(self, message: dict[str, Any]) -> Any:
        with suppress(OSError):  # it is gone, as is found below
            values.send(self._process.stdin, message)
        return self._reply()

    def _reply(self) -> Any:
        try:
            reply = self._replies.get(timeout=max(0.0, self._deadline - time.monotonic()))
        except queue.Empty:
            raise _Ended(
                SLOW, f"it was stopped: it took longer than {self._limits.seconds} seconds"
            ) from None
        if isinstance(reply, dict) and "result" in reply:
            return reply["result"]
        if isinstance(reply, dict) and "error" in reply:
            if reply.get("unsendable"):
                raise _Ended(BY_HAND, str(reply.get("words")))
            raise _raised(reply)
        if reply is None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
        code = self._process.returncode
        if code is not None and -code == getattr(signal, "SIGXCPU", None):
            raise _Ended(SLOW, "it was stopped: it took too much CPU time")
        raise _Ended(STOPPED, "its process ended, or sent something else than an answer")


def _raised(reply: dict[str, Any]) -> BaseException:
    """The error of a student's code, as one of the same name that checks know."""
    words, bases = str(reply.get("words", "")), reply.get("bases")
    for name in bases if isinstance(bases, list) else []:
        base = getattr(builtins, str(name), None)
        if isinstance(base, type) and issubclass(base, Exception):
            kind = type(str(reply["error"]), (base,), {"__init__": _of_words, "__str__": _words})
            return kind(words)
    return RuntimeError(f"{reply['error']}: {words}")


def _of_words(self: BaseException, words: str) -> None:
    self.words = words  # some built-in errors want other arguments


def _words(self: BaseException) -> str:
    return self.words


def _parsing(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call what parses code, one thread at a time.

    Python 3.11 counts the depth of a parse for all threads together, and takes the code that
    another one compiles meanwhile (a module that it imports) for a mistake: it is parsed again.
    """
    with _PARSING:
        for _ in range(100):
            try:
                return function(*arguments)
            except SystemError as error:
                if "recursion depth" not in str(error):
                    raise
                time.sleep(0.02)
        return function(*arguments)


def grade_one(
    student: str, path: Path | None, exercise: Exercise, seeds: list[int], limits: Limits
) -> Verdict:
    """Hold one exercise of one student against its check: as in the notebook, then on each seed."""
    start = time.monotonic()

    def verdict(words: str, hint: str = "", fresh: int = 0, look: str = "") -> Verdict:
        seconds = round(time.monotonic() - start, 1)
        hint = " ".join(hint.split())[:1000]
        return Verdict(
            student, exercise.notebook, exercise.check, words, hint, fresh, seconds, look
        )

    if path is None:
        return verdict(MISSING, "there is no such notebook")
    try:
        notebook = submissions.read(path)
        found = _parsing(submissions.answer, notebook, exercise.check, exercise.starter)
    except submissions.SubmissionError as error:
        return verdict(ERROR, str(error))
    if found is None:
        return verdict(MISSING, "the cell of this exercise is gone")
    if any(
        named == exercise.check and _parsing(submissions.is_untouched, source, exercise.starter)
        for source, named in submissions.code_cells(notebook)
    ):
        return verdict(UNTOUCHED, "the cell is as you were given it", look=found.look)
    check = checks.find(exercise.check)
    fresh = 0
    try:
        with tempfile.TemporaryDirectory() as folder, _Process(limits, folder) as process:
            answers = process.run(found)
            hint = check.hint(*answers)
            for seed in seeds if hint is None else []:
                with reseeded(seed) as draws:
                    hint = check.hint(*answers)
                if not draws.used:
                    break
                fresh += 1
                if hint is not None:
                    hint = f"right on the data that the notebook shows, but on other data: {hint}"
                    break
    except _Ended as ended:
        return verdict(ended.verdict, ended.words, fresh, found.look)
    except Exception as error:
        return verdict(ERROR, f"{type(error).__name__}: {error}", fresh, found.look)
    return verdict(PASSED if hint is None else NOT_YET, hint or "", fresh, found.look)


def grade(
    folder: Path,
    output: Path,
    exercises: list[Exercise],
    seeds: list[int],
    limits: Limits,
    jobs: int = 1,
) -> Iterator[tuple[str, list[Verdict]]]:
    """Grade all submissions; yield each student with the verdicts, and at the end write all.

    `output` gets `results.csv`, with a row for each student and exercise, and
    `feedback/STUDENT.html`. Only notebooks that somebody handed in are graded.

    Args:
        folder: holds a folder for each student, in it the notebooks, however deep.
        output: where the results go.
        exercises: of the series.
        seeds: of the fresh data.
        limits: of each exercise.
        jobs: exercises graded at a time.
    """
    series = list(dict.fromkeys(exercise.notebook for exercise in exercises))
    found = submissions.students(folder, series)
    handed_in = {name for files in found.values() for name in files}
    exercises = [exercise for exercise in exercises if exercise.notebook in handed_in]
    for exercise in exercises:  # the checks are loaded before anybody's code runs
        checks.find(exercise.check)
    rows: dict[str, list[Verdict]] = {}
    with ThreadPoolExecutor(jobs) as pool:
        for student, files in found.items():
            rows[student] = list(
                pool.map(
                    lambda one, student=student, files=files: grade_one(
                        student, files.get(one.notebook), one, seeds, limits
                    ),
                    exercises,
                )
            )
            yield student, rows[student]
    _write(output, exercises, rows, seeds)


def passed_of(verdicts: list[Verdict]) -> str:
    """Say how many public checks were passed, and out of how many."""
    return f"public checks passed: {sum(one.passed for one in verdicts)} of {len(verdicts)}"


def _write(
    output: Path, exercises: list[Exercise], rows: dict[str, list[Verdict]], seeds: list[int]
) -> None:
    (output / "feedback").mkdir(parents=True, exist_ok=True)
    columns = [field.name for field in fields(Verdict)]
    with (
        paths.replacing(output / "results.csv") as part,
        part.open("w", encoding="utf-8", newline="") as stream,
    ):
        table = csv.writer(stream)
        table.writerow([*columns, "seeds"])
        for verdict in (verdict for verdicts in rows.values() for verdict in verdicts):
            values_of = [getattr(verdict, column) for column in columns]
            table.writerow([*map(_cell, values_of), " ".join(map(str, seeds))])
    for student, verdicts in rows.items():
        with paths.replacing(output / "feedback" / f"{student}.html") as part:
            part.write_text(feedback(student, exercises, verdicts), encoding="utf-8")


def _cell(value: Any) -> Any:
    """A value for a table: a spreadsheet would take a text that begins so for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {*"=+-@\t\r"} else value


def feedback(student: str, exercises: list[Exercise], verdicts: list[Verdict]) -> str:
    """The page of one student, which holds nothing of any other."""
    lines = []
    for exercise, verdict in zip(exercises, verdicts, strict=True):
        cells = (exercise.notebook, exercise.title, verdict.verdict, verdict.hint)
        lines.append(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>")
    counted = html.escape(passed_of(verdicts).capitalize())
    return _PAGE.format(student=html.escape(student), counted=counted, rows="\n".join(lines))


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Feedback for {student}</title>
<style>
body {{ font-family: sans-serif; line-height: 1.5; max-width: 60rem; margin: 2rem auto; }}
table {{ border-collapse: collapse; }}
th, td {{ border: 1px solid #767676; padding: 0.3rem 0.6rem; text-align: left; }}
</style>
</head>
<body>
<h1>Feedback for {student}</h1>
<p><strong>{counted}.</strong> They are the checks that the notebooks run, on the data that you have
seen and on some that you have not. They say nothing about clarity, or about what they do not test:
that is for your teacher to say.</p>
<table>
<thead><tr><th scope="col">Notebook</th><th scope="col">Exercise</th><th scope="col">Result</th>
<th scope="col">What to look at</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</body>
</html>
"""
