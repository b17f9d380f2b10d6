"""Trainings that can be stopped (what MiniCLIP's and MiniLMM's own tests do not cover)."""

import math
from functools import partial

import pandas as pd
import pytest
import torch
from timm.optim import muon as timm_muon

from g3lite.recipes import optim

SETTINGS = {
    "samples": 60, "batch": 2, "lr": 0.02, "adam_lr": 0.05, "weight_decay": 0.0, "warmup": 3,
}  # fmt: skip


def new_run(model, settings=SETTINGS, **options):
    options = {"began": 0.0, "log_steps": 4, "checkpoint_steps": 5} | options
    return optim.Run("Test", "key", model, settings, **options)


def train(folder, stop=None):
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 2)
    run = new_run(model)
    for step in run:
        if step == stop:
            return model, run
        x = torch.randn(2, 3, generator=torch.Generator().manual_seed(step))
        run.descend((model(x) - x[:, :2]).square().mean(), even=step % 2 == 0)
    run.finish(folder / "log.csv")
    return model, run


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "test" / "key.pt"


def test_a_stopped_run_goes_on_to_the_same_weights_and_log(tmp_path, cache):
    straight, _ = train(tmp_path)
    log = (tmp_path / "log.csv").read_text()
    assert not cache.exists()
    train(tmp_path, stop=17)
    assert cache.exists()
    resumed, run = train(tmp_path)
    assert run.start == 15
    assert (tmp_path / "log.csv").read_text() == log
    assert all(
        torch.equal(a, b) for a, b in zip(straight.parameters(), resumed.parameters(), strict=True)
    )
    assert not cache.exists()


def test_the_log_holds_means_and_gaps_where_nothing_was_said(tmp_path):
    train(tmp_path)
    log = pd.read_csv(tmp_path / "log.csv")
    assert log.step.tolist() == [4, 8, 12, 16, 20, 24, 28, 30]
    assert (log.even == 0.5).all() and log.loss.iloc[-1] < log.loss.iloc[0]


def test_the_rate_warms_up_and_falls_along_half_a_cosine():
    run = new_run(torch.nn.Linear(3, 2))
    rates = []
    for _ in run:
        rates.append(run._optimizer.param_groups[0]["lr"] / SETTINGS["lr"])
        run.descend(sum(p.sum() for p in run._model.parameters()))
    assert rates[:3] == pytest.approx([1 / 3, 2 / 3, 1])
    middle = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * 13 / 27))
    assert rates[16] == pytest.approx(middle)
    assert rates[3:] == sorted(rates[3:], reverse=True) and 0.02 < rates[-1] < 0.03


def test_matrices_go_to_muon_and_tables_of_words_do_not():
    model = torch.nn.ModuleDict(
        {"embed_tokens": torch.nn.Embedding(5, 4), "linear": torch.nn.Linear(4, 4)}
    )
    model["linear"].bias.requires_grad_(False)
    groups = optim.muon(model.named_parameters(), SETTINGS).param_groups
    muon, adam = (next(g for g in groups if g.get("use_fallback", False) is is_adam)
                  for is_adam in (False, True))  # fmt: skip
    assert [id(p) for p in muon["params"]] == [id(model["linear"].weight)]
    assert [id(p) for p in adam["params"]] == [id(model["embed_tokens"].weight)]
    assert adam["lr"] == SETTINGS["adam_lr"]


def test_only_what_is_named_is_trained(tmp_path):
    model = torch.nn.Linear(3, 2)
    before = model.bias.clone()
    run = new_run(model, named=[("weight", model.weight)])
    for _ in run:
        run.descend((model(torch.ones(1, 3)) ** 2).sum())
    assert torch.equal(model.bias, before)


@pytest.mark.parametrize(
    ("able", "inside"), [({"avx512_bf16": True}, torch.bfloat16), ({"amx_bf16": False}, None)]
)
def test_bfloat16_only_where_the_processor_computes_with_it(able, inside, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    with optim.autocast(torch.device("cpu")):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == (inside or torch.float32)


def steps_of(optimizer_of, number=5):
    """The weights of a small network of convolutions and matrices after some steps."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3), torch.nn.Flatten(), torch.nn.Linear(8 * 36, 16),
    )  # fmt: skip
    optimizer = optimizer_of(model.named_parameters())
    for _ in range(number):
        optimizer.zero_grad()
        model(torch.randn(4, 3, 8, 8)).square().mean().backward()
        optimizer.step()
    return [p.detach().clone() for p in model.parameters()]


@pytest.mark.parametrize("able", [False, True])
def test_updates_are_orthogonalised_in_a_precision_that_the_processor_has(able, monkeypatch):
    real, used = timm_muon.zeropower_via_newtonschulz, set()

    def spy(*args, dtype=torch.bfloat16, **options):
        """timm's, in the precision `dtype`."""
        result = real(*args, dtype=dtype, **options)
        used.add(result.dtype)
        return result

    monkeypatch.setattr(optim, "has_bfloat16", lambda device: able)
    with monkeypatch.context() as patch:
        patch.setattr(timm_muon, "zeropower_via_newtonschulz", spy)
        found = steps_of(lambda named: optim.muon(named, SETTINGS))
    precision = torch.bfloat16 if able else torch.float32
    assert used == {precision}

    monkeypatch.setattr(optim, "has_bfloat16", lambda device: True)
    patched = partial(spy, dtype=precision)
    monkeypatch.setattr(timm_muon, "zeropower_via_newtonschulz", patched)
    expected = steps_of(lambda named: optim.muon(named, SETTINGS))
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_timm_stays_as_it_is(monkeypatch):
    before = {**vars(timm_muon)}
    monkeypatch.setattr(optim, "has_bfloat16", lambda device: False)
    steps_of(lambda named: optim.muon(named, SETTINGS), number=1)
    assert vars(timm_muon) == before
    assert torch.ones(2).to(dtype=torch.bfloat16).dtype == torch.bfloat16
