"""The exercises of notebook 09: solutions are accepted, what students get wrong is rejected."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from mutants import one_edit

from g3lite.teaching import notebooks
from g3lite.teaching.checks import nb09
from g3lite.teaching.checks.check import reseeded

NAME = "09_beyond_one_machine"
PHOTOS, NUMBERS = 100_000_000, 768


@pytest.fixture(scope="module")
def given():
    return {"np": np, "torch": torch, "F": F, "indexes": COSTS, "LARGE": PHOTOS,
            "wide": NUMBERS}  # fmt: skip


COSTS = pd.DataFrame(
    [("exact", 1.0, 1.0), ("sq8", 0.99, 0.98), ("pca", 0.97, 0.95), ("PCA64,SQ8", 0.91, 0.89),
     ("hnsw", 1.0, 0.95)],
    columns=["kind", "recall", "recall_dissimilar"],
)  # fmt: skip

# --- 1: how large a block ------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_solutions_are_accepted_on_all_data(solutions, seed):
    with reseeded(seed):
        assert nb09.check_09_1.hint(solutions["wasted"]) is None
        assert nb09.check_09_2.hint(solutions["share_of_loss"]) is None


def test_what_a_run_wastes_by_hand():
    # 1,000 photos in 4 blocks of 300, 2 s each: 8 s. Five kills lose 150 photos of 0.01 s each.
    assert nb09.wasted(300, 1_000, 0.01, 2, 5) == pytest.approx(8 + 5 * 1.5)


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda b, n, s, f, k: n / b * f + k * b * s / 2, "round up"),
        (lambda b, n, s, f, k: n // b * f + k * b * s / 2, "not three"),
        (lambda b, n, s, f, k: math.ceil(n / b) * f + k * b * s, "half of it"),
        (lambda b, n, s, f, k: math.ceil(n / b) * f + b * s / 2, "multiply by kills"),
        (lambda b, n, s, f, k: math.ceil(n / b) * f, "kills lose is missing"),
        (lambda b, n, s, f, k: k * b * s / 2, "blocks cost is missing"),
        (lambda b, n, s, f, k: n * f + k * b * s / 2, "not once per photo"),
        (lambda b, n, s, f, k: n * s + nb09.wasted(b, n, s, f, k), "leave photos"),
        (lambda b, n, s, f, k: math.ceil(n / b) * f + k * b / 2, "block times seconds"),
        (lambda b, n, s, f, k: 12.5, "it should be"),
        (lambda b, n, s, f, k: None, "returns nothing yet"),
        (lambda b, n, s, f, k: np.array([f, k]), "returns an array"),
    ],
)
def test_wrong_counts_of_waste_are_rejected(rejected, wrong, hint):
    assert hint in rejected(nb09.check_09_1, wrong)


# --- 2: the loss of a share ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def batch():
    rng = np.random.default_rng(3)
    rows = [torch.from_numpy(rng.normal(size=(24, 16))) for _ in range(2)]
    return [F.normalize(some, dim=-1) for some in rows]


@pytest.mark.parametrize("processes", [1, 2, 3, 4, 24])
def test_the_mean_of_all_shares_is_the_joined_loss(batch, solutions, processes):
    images, places = batch
    n = 24 // processes
    for share in (nb09.share_of_loss, solutions["share_of_loss"]):
        shares = [
            share(images[i : i + n], places[i : i + n], images, places, i, 7.0)
            for i in range(0, 24, n)
        ]
        logits, own = 7.0 * images @ places.T, torch.arange(24)
        joined = (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
        assert torch.stack(shares).mean().item() == pytest.approx(joined.item(), rel=1e-9)


def one_way(own, every, first, scale):
    return F.cross_entropy(scale * own @ every.T, torch.arange(first, first + len(own)))


RIGHT = nb09.share_of_loss


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (lambda i, p, a, b, f, s: RIGHT(i, p, i, p, 0, s), "own share alone"),
        (lambda i, p, a, b, f, s: RIGHT(i, p, a, b, 0, s), "row `first`"),
        (lambda i, p, a, b, f, s: one_way(i, b, f, s), "from places to images"),
        (lambda i, p, a, b, f, s: one_way(p, a, f, s), "from images to places"),
        (lambda i, p, a, b, f, s: 2 * RIGHT(i, p, a, b, f, s), "not their sum"),
        (lambda i, p, a, b, f, s: RIGHT(i, p, a, b, f, 1.0), "by scale"),
        (lambda i, p, a, b, f, s: RIGHT(i, p, b, a, f, s), "swap"),
        (lambda i, p, a, b, f, s: len(i) * RIGHT(i, p, a, b, f, s), "already takes the mean"),
        (lambda i, p, a, b, f, s: RIGHT(a, b, a, b, 0, s), "the loss of all rows"),
        (lambda i, p, a, b, f, s: 1.0, "it should be"),
        (lambda i, p, a, b, f, s: None, "returns nothing yet"),
        (lambda i, p, a, b, f, s: i @ p.T, "returns an array"),
    ],
)
def test_wrong_shares_of_a_loss_are_rejected(rejected, wrong, hint):
    assert hint in rejected(nb09.check_09_2, wrong)


# --- 3: a plan for 100 million photos ------------------------------------------------------------


def check_3(plan):
    return nb09.check_09_3(plan, COSTS, PHOTOS, NUMBERS)


@pytest.mark.parametrize("plan", [{"kind": "pca", "machines": 1}, {"kind": "sq8", "machines": 2}])
def test_plans_that_fit_are_accepted(plan, capsys):
    assert check_3(plan) is None
    assert capsys.readouterr().out.startswith(f"✓ {plan['kind']} needs")


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ({"kind": "exact", "machines": 7}, "307 GB, 7 machines"),
        ({"kind": "exact", "machines": 1}, "fewer bytes"),
        ({"kind": "hnsw", "machines": 2}, "fewer bytes"),
        ({"kind": "PCA64,SQ8", "machines": 1}, "89% of the dissimilar"),
        ({"kind": "sq8", "machines": 1}, "do not fit on 1"),
        ({"kind": "pca", "machines": 2}, "you pay for 1 more"),
        ({"kind": "pca", "machines": 0}, "whole number from 1"),
        ({"kind": "pca", "machines": 1.5}, "whole number from 1"),
        ({"kind": "pca", "machines": True}, "whole number from 1"),
        ({"kind": "pq", "machines": 1}, "was not measured"),
        ({"kind": "pca"}, "two keys"),
        ("pca", "two keys"),
    ],
)
def test_plans_that_do_not_fit_are_rejected(rejected, wrong, hint):
    assert hint in rejected(check_3, wrong)


# --- all -----------------------------------------------------------------------------------------


def test_an_empty_place_gets_a_hint_how_to_start():
    assert "complete wasted" in nb09.check_09_1.hint(...)
    assert "complete share_of_loss" in nb09.check_09_2.hint(...)
    assert "make my_plan" in nb09.check_09_3.hint(None, COSTS, PHOTOS, NUMBERS)


@pytest.mark.parametrize(
    ("check", "answer"), [("check_09_1", "wasted"), ("check_09_2", "share_of_loss")]
)
def test_no_solution_with_one_small_mistake_passes(check, answer, given):
    found = notebooks.exercises(notebooks.read_source(notebooks.folder(), NAME), NAME)
    (solution,) = (exercise.solution for exercise in found if exercise.check == check)
    passed, tried = [], 0
    for edit, program in one_edit(solution):
        space = {**given, check: lambda *_: None}
        tried += 1
        try:
            exec(program, space)
            hint = getattr(nb09, check).hint(space[answer])
        except Exception:
            continue  # it does not even run
        if hint is None:
            passed.append(edit)
    assert tried >= 6 and passed == []


@pytest.mark.slow
def test_without_the_extra_the_notebook_says_what_is_missing(tmp_path):
    notebook = notebooks.read_source(notebooks.folder(), NAME)
    (setup,) = (cell for cell in notebook.cells if "absent = {" in cell.source)
    setup.source += '\nabsent = {"ray", "pymilvus", "milvus_lite"}'
    done = notebooks.execute(notebook, notebooks.folder(), "ci")
    said = [output.get("text", "") for cell in done.cells for output in cell.get("outputs", [])]
    assert sum("NOT HERE" in text and ".[scaling]" in text for text in said) >= 6
