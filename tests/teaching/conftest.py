"""What the tests of every notebook's exercises share."""

from importlib import import_module

import numpy as np
import pytest

from g3lite.teaching import notebooks


@pytest.fixture(scope="module")
def solutions(request, given):
    """The functions of the solutions of notebook NAME, by name, run on what the file gives them."""
    name = request.module.NAME
    module = vars(import_module(f"g3lite.teaching.checks.nb{name[:2]}"))
    checks = {name: check for name, check in module.items() if name.startswith("check_")}
    found = notebooks.exercises(notebooks.read_source(notebooks.folder(), name), name)
    by_number = sorted(checks, key=lambda check: int(check.split("_")[2]))
    assert [exercise.check for exercise in found] == by_number
    space = {**given, **checks}
    for exercise in found:
        exec(exercise.solution, space)
    return space


@pytest.fixture
def rejected(capsys):
    """A function that returns the hint which a check gives for a wrong answer."""

    def hint_of(check, answer, raises=False):
        with np.errstate(all="ignore"):
            assert check(answer) is None  # nothing to be shown below the verdict
        hint = capsys.readouterr().out
        assert hint.startswith("Not yet: ")
        assert ("raised" in hint) == raises, hint
        return hint

    return hint_of
