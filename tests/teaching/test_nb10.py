"""Notebook 10: its checks, the program that its solutions make, and what mistakes in it cost.

Every wrong answer is written as a student would write it, independently of the checks' own list.
"""

import ast
import json
import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mutants import one_edit

from g3lite import geo, profiles, prompts, replies
from g3lite.lmm.base import LMM
from g3lite.lmm.requests import LMMResponse
from g3lite.teaching import notebooks, workbench
from g3lite.teaching.checks import nb10, nb10_steps
from g3lite.teaching.checks.check import reseeded

NAME = "10_build_g3"
STEPS = nb10_steps.NAMES
CHECKS = {name: getattr(nb10, f"check_10_{n}") for n, name in enumerate(STEPS, start=1)}


def cells() -> list[str]:
    """The code of the notebook, but for the first cell, which installs the package."""
    source = notebooks.read_source(notebooks.folder(), NAME)
    return [cell.source for cell in source.cells if cell.cell_type == "code"][1:]


@pytest.fixture(scope="module")
def given():
    """What the solutions read, by name."""
    names = ("network", "RADIUS_KM", "LIMIT", "THRESHOLDS_KM")
    constants = {name: getattr(nb10_steps, name) for name in names}
    return {"np": np, "torch": torch, "F": F, "math": math, "re": re, "json": json, **constants}


# --- right answers -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_solutions_are_accepted_on_all_data(name, seed, solutions):
    for answer in (solutions[name], getattr(nb10_steps, name)):
        if seed is None:
            assert CHECKS[name].hint(answer) is None
            continue
        with reseeded(seed) as draws:
            assert CHECKS[name].hint(answer) is None
        assert draws.used


def body(code: str, name: str) -> str:
    """A function without its docstring and annotations, as text."""
    (found,) = [n for n in ast.walk(ast.parse(code)) if getattr(n, "name", "") == name]
    found.body = found.body[1:]
    for node in ast.walk(found):
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, ast.FunctionDef):
            node.returns = None
    return ast.unparse(found)


@pytest.mark.parametrize("name", ["network", *STEPS])
def test_the_fallback_is_the_solution_of_the_notebook(name):
    with open(nb10_steps.__file__, encoding="utf-8") as file:
        ours = body(file.read(), name)
    solved = notebooks.with_solutions(notebooks.read_source(notebooks.folder(), NAME), NAME)
    code = [cell.source for cell in solved.cells if cell.cell_type == "code"]
    theirs = [source for source in code if f"def {name}(" in source]
    assert body(theirs[-1], name) == ours


def distance_by_vectors(a, b):
    a, b = (
        np.stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)], -1)
        for y, x in (np.moveaxis(np.radians(place), -1, 0) for place in (a, b))
    )
    cross = np.linalg.norm(np.cross(a, b), axis=-1)
    return 6371 * np.arctan2(cross, (a * b).sum(-1))


def waves_in_torch(coordinates, frequencies):
    y, x = torch.deg2rad(torch.as_tensor(coordinates)).T
    y = torch.asinh(torch.tan(y.clamp(-1.4844222297, 1.4844222297)))
    angle = 2 * torch.stack([y, x], -1) @ torch.as_tensor(frequencies).T
    return torch.cat([angle.cos(), angle.sin()], dim=1).float()


def encode_in_a_loop(features, networks, head):
    x = 0
    for one, layers in zip(features, networks, strict=True):
        x = x + nb10_steps.network(one, layers)
    x = nb10_steps.network(x, head)
    return x / x.norm(dim=1, keepdim=True)


def info_nce_by_hand(images, places, scale):
    logits = (scale * images @ places.T).double()
    right = torch.diagonal(logits)
    return (torch.logsumexp(logits, 0) + torch.logsumexp(logits, 1) - 2 * right).mean() / 2


def step_by_optimizer(head, images, places, loss, rate):
    leaves = [torch.nn.Parameter(part.clone()) for layer in head for part in layer]
    optimizer = torch.optim.SGD(leaves, lr=rate)
    layers = list(zip(leaves[::2], leaves[1::2], strict=True))
    value = loss(F.normalize(nb10_steps.network(images, layers), dim=-1), places)
    value.backward()
    optimizer.step()
    return [(weight.detach(), bias.detach()) for weight, bias in layers], value.detach()


def search_in_a_loop(queries, vectors, query_authors, authors, k):
    found = [], []
    for query, person in zip(queries, query_authors, strict=True):
        rows = [row for row in range(len(vectors)) if authors[row] != person]
        rows.sort(key=lambda row: float(vectors[row] @ query))
        found[0].append(rows[::-1][:k])
        found[1].append(rows[:k])
    return found


def prompt_of_the_package(wording, similar, dissimilar):
    return prompts.prompt(similar, dissimilar, prompts.Template(wording))


def read_by_slices(text):
    if text.count("{") != 1 or text.count("}") != 1:
        return None
    try:
        found = json.loads(text[text.index("{") : text.index("}") + 1])
    except json.JSONDecodeError:
        return None
    lat, lon = found.get("latitude"), found.get("longitude")
    if type(lat) not in (int, float) or type(lon) not in (int, float):
        return None
    return [lat, lon] if -90 <= lat <= 90 and -180 <= lon <= 180 else None


def judge_in_a_loop(image, vectors):
    best, chosen = -math.inf, None
    for row, vector in enumerate(vectors):
        if (score := float(vector @ image)) > best:
            best, chosen = score, row
    return chosen


def evaluate_by_sums(km):
    return np.array([(km <= most).sum() / len(km) for most in (1, 25, 200, 750, 2500)])


OTHERS = dict(
    zip(
        STEPS,
        (distance_by_vectors, waves_in_torch, encode_in_a_loop, info_nce_by_hand,
         step_by_optimizer, search_in_a_loop, prompt_of_the_package, read_by_slices,
         judge_in_a_loop, evaluate_by_sums),
        strict=True,
    )
)  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_right_answers_in_other_forms_are_accepted(name):
    assert CHECKS[name].hint(OTHERS[name]) is None


def arccos(a, b):
    y, x = np.moveaxis(np.radians(a), -1, 0)
    v, u = np.moveaxis(np.radians(b), -1, 0)
    product = np.sin(y) * np.sin(v) + np.cos(y) * np.cos(v) * np.cos(x - u)
    return 6371 * np.arccos(np.clip(product, -1, 1))


@pytest.mark.parametrize("answer", [geo.great_circle_km, arccos])
def test_other_distances_are_accepted(answer):
    assert nb10.check_10_1.hint(answer) is None


# --- wrong answers -------------------------------------------------------------------------------


SAME = re.compile(
    r"F\.normalize\(.*, dim=-1\) → F\.normalize\(network\((?:summed, head|images, leaves)\)\)"
    r"|-1 → \+1|True → False|zip\(.*, strict=True\) → zip\(features, networks\)"
    r"|np\.argsort\(.*\) → np\.argsort\(np\.where\([^)]*\)(?:, kind='stable'|, axis=1)\)"
)
"""Edits that change no answer: what is the default anyway, the last axis of two, `strict` where
lengths agree, a stable order where nothing is equal."""


@pytest.mark.parametrize("name", STEPS)
def test_one_edit_makes_every_solution_wrong(name, given):
    """But for edits that change nothing, which are named."""
    with open(nb10_steps.__file__, encoding="utf-8") as file:
        code = body(file.read(), name)
    left = []
    for what, program in one_edit(code):
        space = {**given}
        exec(program, space)
        with np.errstate(all="ignore"):
            if CHECKS[name].hint(space[name]) is None:
                left.append(what.partition(": ")[2])
    assert [what for what in left if not SAME.fullmatch(what)] == []


def flat_map(a, b):
    return np.hypot(*np.moveaxis(np.asarray(a) - b, -1, 0)) * np.pi / 180 * 6371.0088


def in_float32(a, b):
    a, b = np.asarray(a, "float32"), np.asarray(b, "float32")
    return nb10_steps.distance(a, b).astype(float)


def arccos_without_clip(a, b):
    y, x = np.moveaxis(np.radians(a), -1, 0)
    v, u = np.moveaxis(np.radians(b), -1, 0)
    return 6371 * np.arccos(np.sin(y) * np.sin(v) + np.cos(y) * np.cos(v) * np.cos(x - u))


def unclamped(coordinates, frequencies):
    y, x = np.radians(coordinates).T
    angle = 2 * np.pi * np.stack([np.arcsinh(np.tan(y)), x], 1) / np.pi @ frequencies.T
    return np.hstack([np.cos(angle), np.sin(angle)]).astype("float32")


def one_direction(images, places, scale):
    return F.cross_entropy(scale * images @ places.T, torch.arange(len(images)))


def attached(head, images, places, loss, rate):
    head = [[part.clone().requires_grad_() for part in layer] for layer in head]
    value = loss(F.normalize(nb10_steps.network(images, head), dim=-1), places)
    parts = [part for layer in head for part in layer]
    moved = [p - rate * g for p, g in zip(parts, torch.autograd.grad(value, parts), strict=True)]
    return [moved[:2], moved[2:]], value


def in_place(head, images, places, loss, rate):
    moved, value = nb10_steps.training_step(head, images, places, loss, rate)
    for old, new in zip(head, moved, strict=True):
        for a, b in zip(old, new, strict=True):
            a.copy_(b)
    return head, value


def climbing(head, images, places, loss, rate):
    return nb10_steps.training_step(head, images, places, loss, -rate)


def leaky(queries, vectors, query_authors, authors, k):
    order = np.argsort(queries @ vectors.T, axis=1)
    return order[:, ::-1][:, :k], order[:, :k]


def all_but_itself(queries, vectors, query_authors, authors, k):
    order = np.argsort(queries @ vectors.T, axis=1)
    return order[:, ::-1][:, 1 : k + 1], order[:, :k]


def any_numbers(text):
    found = re.findall(r"-?\d+\.?\d*", text)
    return (float(found[0]), float(found[1])) if len(found) > 1 else None


def clamped(text):
    place = any_numbers(text)
    return place and (max(-90, min(90, place[0])), max(-180, min(180, place[1])))


WRONG = [
    ("distance", flat_map, "111 km"),
    ("distance", in_float32, "for antipodes"),
    ("distance", arccos_without_clip, "antipodes give NaN"),
    ("distance", lambda a, b: nb10_steps.distance(b[..., ::-1], a[..., ::-1]), "latitude comes"),
    ("distance", lambda a, b: 1000 * nb10_steps.distance(a, b), "metres"),
    ("distance", lambda a, b: 5.0, "shape"),
    ("waves", unclamped, "clamp"),
    ("waves", lambda c, f: nb10_steps.waves(c[:, ::-1] / [[2, 0.5]], f), "should be"),
    ("waves", lambda c, f: nb10_steps.waves(c, f[:, ::-1]), "north comes first"),
    ("waves", lambda c, f: nb10_steps.waves(c, f / np.pi / 2), "2 pi"),
    ("waves", lambda c, f: nb10_steps.waves(c, f).astype(float), "float32"),
    ("waves", lambda c, f: np.roll(nb10_steps.waves(c, f), len(f), 1), "all cosines"),
    ("encode", lambda f, n, h: nb10_steps.encode(f[:1], n[:1], h), "first one alone"),
    ("encode", lambda f, n, h: nb10_steps.network(sum(map(nb10_steps.network, f, n)), h), "length"),
    ("encode", lambda f, n, h: F.normalize(sum(map(nb10_steps.network, f, n)), dim=1), "missing"),
    ("info_nce", one_direction, "halve the sum"),
    ("info_nce", lambda i, p, s: one_direction(p, i, s), "halve the sum"),
    ("info_nce", lambda i, p, s: 2 * nb10_steps.info_nce(i, p, s), "halve"),
    ("info_nce", lambda i, p, s: nb10_steps.info_nce(i, p, 1), "logits"),
    ("info_nce", lambda i, p, s: 1 - (i * p).sum(1).mean(), "should be"),
    ("training_step", climbing, "climbs"),
    ("training_step", attached, "detach"),
    ("training_step", in_place, "clone"),
    ("training_step", lambda *five: (five[0], five[3](five[1][:, :4], five[2])), "should be"),
    ("training_step", lambda *five: nb10_steps.training_step(*five)[0], "return the new head"),
    ("training_step", lambda *five: nb10_steps.training_step(*five[:4], 1), "times the rate"),
    ("search", leaky, "a leak"),
    ("search", all_but_itself, "Not yet"),
    ("search", lambda *five: nb10_steps.search(*five)[::-1], "the similar first"),
    ("search", lambda *five: nb10_steps.search(*five[:4], five[4] + 1), "shape"),
    ("search", lambda *five: nb10_steps.search(*five)[0], "two arrays"),
    ("prompt", lambda w, a, b: nb10_steps.prompt(w, a[:, ::-1], b[:, ::-1]), "latitude comes"),
    ("prompt", lambda w, a, b: nb10_steps.prompt(w, b, a), "$similar"),
    ("prompt", lambda w, a, b: nb10_steps.prompt(w, a, b) + "\n", ".strip()"),
    ("prompt", lambda w, a, b: nb10_steps.prompt(w, a.round(2), b.round(2)), "a line should be"),
    ("prompt", lambda w, a, b: w, "Not yet"),
    ("read_reply", any_numbers, "latitude comes first"),
    ("read_reply", clamped, "yours is (90"),
    ("read_reply", lambda text: nb10_steps.read_reply(text) or (0.0, 0.0), "no candidate"),
    ("read_reply", lambda text: None, "no place in any"),
    ("read_reply", lambda text: (nb10_steps.read_reply(text) or (0, 0))[::-1], "latitude comes"),
    ("judge", lambda image, rows: int(np.argmax(rows @ image)), "should be row"),
    ("judge", lambda image, rows: int(np.argmax(np.nan_to_num(rows) @ image)), "should be row"),
    ("judge", lambda image, rows: int(np.nanargmin(rows @ image)), "should be row"),
    ("judge", lambda image, rows: 0, "should be row"),
    ("evaluate", lambda km: nb10_steps.evaluate(km[~np.isnan(km)]), "without an answer"),
    ("evaluate", lambda km: [np.mean(km < t) for t in (1, 25, 200, 750, 2500)], "<="),
    ("evaluate", lambda km: 100 * np.array(nb10_steps.evaluate(km)), "per cent"),
    ("evaluate", lambda km: np.diff([0, *nb10_steps.evaluate(km)]), "rings"),
]


@pytest.mark.parametrize(("name", "answer", "hint"), WRONG)
def test_wrong_answers_are_rejected(name, answer, hint, rejected):
    assert hint in rejected(CHECKS[name], answer)


@pytest.mark.parametrize("name", STEPS)
def test_an_empty_function_is_told_so(name, rejected):
    def nothing(*_): ...

    rejected(CHECKS[name], nothing)
    assert not workbench.is_written(nothing)
    assert workbench.is_written(getattr(nb10_steps, name))
    assert workbench.is_written(lambda *_: 0)


# --- the program ---------------------------------------------------------------------------------


def test_g3_has_at_most_300_lines():
    solved = notebooks.with_solutions(notebooks.read_source(notebooks.folder(), NAME), NAME)
    code = [cell.source for cell in solved.cells if cell.cell_type == "code"][1:]
    written = [line for source in code for line in source.splitlines()]
    written = [line for line in written if line.strip() and not line.strip().startswith("#")]
    assert 150 < len(written) <= 300


class CopyingLMM(LMM):
    """A stand-in that replies with the first place of the prompt, or with a place of its own."""

    name = "copying"

    def answer(self, requests, on_response):
        for request in requests:
            found = re.search(r"\((-?\d+\.\d+), (-?\d+\.\d+)\)", request.prompt.text)
            digits = sum(map(ord, request.img_id))
            lat, lon = found.groups() if found else (digits % 120 - 60, digits % 300 - 150)
            text = f'{{"latitude": {lat}, "longitude": {lon}}}'
            if digits % 7 == 0:
                text = "I cannot tell."
            on_response(LMMResponse(request, request.samples, (text,)))


@pytest.fixture(scope="module")
def program():
    """The names that the notebook has defined once its functions are joined, and its task."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workbench, "load_lmm", lambda name: CopyingLMM())
        task = workbench.Task.load(profiles.get("ci"), asked=60, steps=60)
    space = {"task": task, "places": task.places, "authors": task.authors, "asked": task.asked}
    space |= {"workbench": workbench, "np": np, "torch": torch, "F": F, "prompts": prompts}
    space["wording"] = prompts.TEMPLATES["json"].text
    wanted = {"network", "place_vectors", "train", "archive_vectors", "locate", "choose"}
    for source in cells():
        functions = [n.name for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)]
        if wanted & set(functions):
            exec(source, space)
    return SimpleNamespace(task=task, locate=space["locate"])


def steps_with(**changed):
    """All solutions, used as a reader's; some of them changed."""
    steps = workbench.Steps()
    for name in STEPS:
        own = changed.get(name, getattr(nb10_steps, name))
        steps.use(own, CHECKS[name])
    return steps


@pytest.mark.slow
def test_all_solutions_together_answer_as_the_package_for_every_photo(program, solutions, capsys):
    steps = steps_with(**{name: solutions[name] for name in STEPS})
    assert len(steps.own) == 10 and steps.ignored == []
    answers = program.locate(steps)
    package = program.task.package()
    np.testing.assert_allclose(answers, package, rtol=0, atol=1e-5)
    board = workbench.scoreboard(program.task, steps, program.locate)
    assert board["same answers"].tolist() == [60, 60, 60]
    assert board.iloc[0].tolist() == board.iloc[1].tolist() == board.iloc[2].tolist()
    assert "10 of 10 yours" in board.index[1]
    assert capsys.readouterr().out.count("your own") == 10


def in_whole_degrees(text):
    place = nb10_steps.read_reply(text)
    return place and (int(place[0]), int(place[1]))


BUGS = {
    "distance": lambda a, b: nb10_steps.distance(a[..., ::-1] / [2, 1], b[..., ::-1] / [2, 1]),
    "waves": lambda c, f: np.roll(nb10_steps.waves(c, f), len(f), axis=1),
    "encode": lambda f, n, h: nb10_steps.encode(f[:1], n[:1], h),
    "info_nce": lambda i, p, s: nb10_steps.info_nce(i, p.roll(1, 0), s),
    "training_step": climbing,
    "search": leaky,
    "prompt": lambda w, a, b: nb10_steps.prompt(w, a[:, ::-1] / [2, 1], b),
    "read_reply": in_whole_degrees,
    "judge": lambda image, vectors: 0,
    "evaluate": lambda km: np.diff([0, *nb10_steps.evaluate(km)]),
}
"""One planted bug for each step."""


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPS)
def test_a_planted_bug_is_caught_at_its_step_and_seen_in_the_last_row(name, program, capsys):
    assert CHECKS[name].hint(BUGS[name]) is not None
    steps = steps_with(**{name: BUGS[name]})
    assert steps.ignored == [name] and len(steps.own) == 9
    number = STEPS.index(name) + 1
    assert f"exercise {number} is not solved yet" in capsys.readouterr().out
    board = workbench.scoreboard(program.task, steps, program.locate)
    assert board.iloc[1].tolist() == board.iloc[0].tolist()  # the package's step took its place
    assert board.iloc[2].tolist() != board.iloc[0].tolist()


@pytest.mark.slow
def test_a_leak_makes_the_result_better_than_the_packages(program):
    board = workbench.scoreboard(program.task, steps_with(search=leaky), program.locate)
    assert int(board.iloc[2]["1 km"]) > int(board.iloc[0]["1 km"]) + 20


@pytest.mark.slow
def test_a_step_that_raises_is_named_in_its_row(program):
    def broken(image, vectors):
        raise KeyError("no such candidate")

    board = workbench.scoreboard(program.task, steps_with(judge=broken), program.locate)
    assert board.iloc[2].tolist() == ["–"] * 5 + ["KeyError"]
    assert board.attrs["stopped"] == "KeyError: 'no such candidate'"


def test_nothing_written_is_the_package_in_every_step(capsys):
    def distance(a, b):
        """Nothing yet."""
        ...

    steps = workbench.Steps()
    steps.use(distance, nb10.check_10_1)
    assert "exercise 1 is not solved yet" in capsys.readouterr().out
    assert steps.own == steps.ignored == [] and steps.distance is nb10_steps.distance
    assert steps.as_written().distance is nb10_steps.distance


def test_a_right_answer_without_a_gradient_is_not_trained_with(capsys):
    def in_numpy(images, places, scale):
        return float(nb10_steps.info_nce(images.detach(), places, scale))

    steps = workbench.Steps()
    steps.use(in_numpy, nb10.check_10_4)
    assert "cannot be used here" in capsys.readouterr().out
    assert steps.info_nce is nb10_steps.info_nce


def test_the_reader_agrees_with_the_packages_where_a_reply_is_an_object():
    for text, right, _ in nb10._replies(np.random.default_rng(5)):
        assert nb10_steps.read_reply(text) == right
        package = replies.parse(text).coordinates
        if right is not None:
            assert package == pytest.approx(right)
