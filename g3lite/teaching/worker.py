"""The process in which a student's code runs: it answers calls, and knows no verdict.

Started by `grading`, which sends the code and then the arguments of each call; both ends speak
`values` through what were standard input and output. The check is not here, so there is nothing
here that a student's code could change to pass it.
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from g3lite.teaching import values

_SHOWN = 500  # letters of an error


def main() -> None:
    """Answer what comes in until it ends."""
    asked, told = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # what the code prints goes nowhere
        os.dup2(nothing, stream)
    values.send(told, {"result": None})  # ready: now the clock runs
    task = values.receive(asked)
    if task is None:
        return
    tempfile.tempdir = os.getcwd()  # else torch tries to write there when it is imported
    _limit(task["megabytes"], task["seconds"])
    sys.modules["g3lite.teaching.checks"] = (
        None  # the solutions are in there: not at hand, at least
    )
    space: dict[str, Any] = {"__name__": "__main__"}
    answers: list[Any] = []

    def prepare() -> list[Any]:
        code = f"{task['setup']}\n_answers = [{', '.join(task['arguments'])}]"
        exec(compile(code, "<notebook>", "exec"), space)
        answers.extend(space["_answers"])
        return [{"is": "function"} if callable(one) else values.encode(one) for one in answers]

    _reply(told, prepare)
    while (call := values.receive(asked)) is not None:
        _reply(told, lambda call=call: _called(answers[call["answer"]], call))


def _called(function: Callable[..., Any], call: dict[str, Any]) -> list[Any]:
    """What the function gives, then what it made of those arguments that are arrays."""
    given = [values.decode(one) for one in call["arguments"]]
    named = {name: values.decode(one) for name, one in call["named"].items()}
    result = values.encode(function(*given, **named))
    after = [values.encode(one) if isinstance(one, np.ndarray) else None for one in given]
    pairs = zip(after, call["arguments"], strict=True)
    return [result, [None if new == old else new for new, old in pairs]]


def _reply(told: BinaryIO, work: Callable[[], Any]) -> None:
    """Send what the work gives, or the error that it ends with."""
    try:
        reply = {"result": work()}
    except BaseException as error:  # also SystemExit, and what a student derives from it
        kind = type(error)
        bases = [base.__name__ for base in kind.__mro__ if base.__module__ == "builtins"]
        try:
            words = str(error)[:_SHOWN]
        except Exception:
            words = ""
        reply = {"error": kind.__name__[:_SHOWN], "bases": bases, "words": words}
        if isinstance(error, values.Unsendable):
            reply["unsendable"] = True
    values.send(told, reply)


def _limit(megabytes: int, seconds: int) -> None:
    """Bound memory and CPU time, and allow no file to be written and no process to be started.

    Windows has no such limits; there only the grader's own clock counts. None of them binds root.
    """
    try:
        import resource
    except ModuleNotFoundError:
        return
    size = megabytes * 2**20
    for name, most in (
        ("RLIMIT_DATA" if sys.platform == "linux" else "RLIMIT_AS", size),
        ("RLIMIT_CPU", seconds + math.ceil(time.process_time())),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_NPROC", 0),
    ):
        limit = getattr(resource, name, None)
        if limit is not None:
            try:
                resource.setrlimit(limit, (most, most))
            except (OSError, ValueError):  # a system that knows the name and not the limit
                continue


if __name__ == "__main__":
    main()
