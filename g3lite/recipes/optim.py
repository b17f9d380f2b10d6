"""Long trainings that can be stopped at any time: Muon, half a cosine, checkpoints, a log.

MiniCLIP and MiniLMM are trained with it. (Geo-alignment is trained epoch by epoch, as the paper
does, on one or several devices: `g3lite.training`.)
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from timm.optim import Muon
from torch.optim.lr_scheduler import LambdaLR
from torch.overrides import TorchFunctionMode
from tqdm.auto import tqdm

from g3lite.paths import cache_dir, replacing
from g3lite.support.weights import read_state

NO_MATRIX = ("tokens", "lm_head", "conv.conv")
"""Parts of the names of weights that AdamW trains though they have two or more dimensions."""


class _ToFloat32(TorchFunctionMode):
    """Within it, what is to become bfloat16 becomes float32."""

    def __torch_function__(
        self, function: Callable, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if function is torch.Tensor.to and kwargs.get("dtype") is torch.bfloat16:
            kwargs["dtype"] = torch.float32
        return function(*args, **kwargs)


class Float32Muon(Muon):
    """timm's Muon for processors that only imitate bfloat16, in which it orthogonalises.

    It has no option for that: updates are turned into bfloat16 wherever they come from.
    """

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step of the optimizer."""
        with _ToFloat32():
            return super().step(closure)


def muon(named: Iterable[tuple[str, torch.nn.Parameter]], settings: dict) -> Muon:
    """Muon (Jordan et al., 2024) for convolutions and matrices, AdamW for all else.

    Muon orthogonalises each update, so that what is rarely asked for is learnt as fast as the rest:
    after 700 steps of 32 photos MiniCLIP read the cues better than with AdamW after 1,600. A table
    of words is no matrix in that sense, nor are the kernels of a convolution channel by channel.
    """
    trained = {name: p for name, p in named if p.requires_grad}
    matrices = {
        name: p
        for name, p in trained.items()
        if p.ndim >= 2 and not any(kind in name for kind in NO_MATRIX)
    }
    others = [p for name, p in trained.items() if name not in matrices]
    kind = Muon if has_bfloat16(next(iter(trained.values())).device) else Float32Muon
    return kind(
        [{"params": [*matrices.values()], "weight_decay": settings["weight_decay"]},
         {"params": others, "lr": settings["adam_lr"], "use_fallback": True}],
        lr=settings["lr"], betas=(0.9, 0.98),
    )  # fmt: skip


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 where the processor computes with it; elsewhere it would take many times as long,
    and float32 stays."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device))


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device computes with bfloat16, rather than imitates it."""
    told = getattr(torch.cpu, "get_capabilities", dict)()  # older torch cannot say
    return device.type != "cpu" or any(told.get(kind) for kind in ("avx512_bf16", "amx_bf16"))


def half_cosine(optimizer: Muon, steps: int, warmup: int, start: int = 0) -> LambdaLR:
    """Linear warm-up, then half a cosine down to 2 %; goes on at step `start`."""

    def share(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        done = (step - warmup) / max(1, steps - warmup)
        return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done))

    return LambdaLR(optimizer, share, last_epoch=start - 1)


class Run:
    """One training, step by step: ``for step in run: run.descend(loss)``.

    Every `checkpoint_steps` the state goes to the cache folder; a run that was stopped goes on from
    there.

    Args:
        name: of what is trained; a folder in the cache.
        key: a digest of all that the result depends on; another key is another run.
        model: its parameters that need a gradient are trained; `train` and `eval` are the caller's.
        named: those of them that are trained here; None for all.
        settings: samples, batch, lr, adam_lr, weight_decay, warmup.
        began: `time.perf_counter()` when the preparations began, which count.
        log_steps: steps that a row of the log is the mean of.
        checkpoint_steps: steps from one checkpoint to the next.

    Attributes:
        start: the first step that is still to be done.
    """

    def __init__(
        self,
        name: str,
        key: str,
        model: torch.nn.Module,
        settings: dict,
        *,
        named: Iterable[tuple[str, torch.nn.Parameter]] | None = None,
        began: float,
        log_steps: int,
        checkpoint_steps: int,
    ) -> None:
        named = list(model.named_parameters() if named is None else named)
        self._name, self._model, self._began = name, model, began
        self._trained = [p for _, p in named if p.requires_grad]
        self._device = self._trained[0].device
        self._steps = settings["samples"] // settings["batch"]
        self._log_steps, self._checkpoint_steps = log_steps, checkpoint_steps
        self._optimizer = muon(named, settings)
        self._checkpoint = cache_dir() / name.lower() / f"{key}.pt"
        self.start, self._log, self._recent = 0, [], []
        if self._checkpoint.exists():
            state = read_state(self._checkpoint, mmap=False)  # for it will be replaced
            model.load_state_dict(state["model"])
            self._optimizer.load_state_dict(state["optimizer"])
            self.start, self._log, self._recent = state["step"], state["log"], state["recent"]
            self._began -= state["seconds"]
        self._rate = half_cosine(self._optimizer, self._steps, settings["warmup"], self.start)

    def __iter__(self) -> Iterator[int]:
        with tqdm(total=self._steps, initial=self.start, desc=f"train {self._name}") as bar:
            for step in range(self.start, self._steps):
                yield step
                bar.update()
                done = step + 1
                if done % self._log_steps == 0 or done == self._steps:
                    self._log.append({"step": done, **pd.DataFrame(self._recent).mean().to_dict()})
                    self._recent = []
                    bar.set_postfix(loss=f"{self._log[-1]['loss']:.3f}")
                if done % self._checkpoint_steps == 0 and done < self._steps:
                    self._save(done)

    def descend(self, loss: torch.Tensor, **more: float) -> None:
        """One step of the optimizer; the loss, and `more` figures, go into the log."""
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._trained, 1.0)
        self._optimizer.step()
        self._rate.step()
        self._recent.append({"loss": float(loss.detach()), **more})

    def _save(self, done: int) -> None:
        self._checkpoint.parent.mkdir(parents=True, exist_ok=True)
        state = {
            "model": self._model.state_dict(), "optimizer": self._optimizer.state_dict(),
            "step": done, "seconds": time.perf_counter() - self._began, "log": self._log,
            "recent": self._recent,
        }  # fmt: skip
        with replacing(self._checkpoint) as part, open(part, "wb") as file:
            torch.save(state, file)

    def finish(self, log: Path) -> tuple[float, str]:
        """Write the log as CSV and remove the checkpoint; the minutes it took, and on what."""
        pd.DataFrame(self._log).round(4).to_csv(log, index=False, lineterminator="\n")
        self._checkpoint.unlink(missing_ok=True)
        cuda = self._device.type == "cuda"
        where = torch.cuda.get_device_name() if cuda else f"{os.cpu_count()} CPU cores"
        return (time.perf_counter() - self._began) / 60, where
