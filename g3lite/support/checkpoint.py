"""A training run that can be stopped and goes on where it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from g3lite.paths import replacing
from g3lite.support import weights


@dataclass
class Checkpoint:
    """The state of a run on disk, written by the first process after every epoch."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    accelerator: Accelerator
    path: Path | None = None
    """None keeps nothing."""

    def restore(self) -> tuple[list[dict], Mapping[str, Tensor]]:
        """History so far and the best weights; model and optimizer go on where they were."""
        self.accelerator.wait_for_everyone()
        if self.path is None or not self.path.exists():
            return [], self.model.state_dict()
        state = weights.read_state(self.path, mmap=False)  # for it will be replaced
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.accelerator.scaler is not None and state["scaler"]:
            self.accelerator.scaler.load_state_dict(state["scaler"])
        return state["history"], state["best"]

    def save(self, history: list[dict], best: Mapping[str, Tensor]) -> None:
        """Write all that `restore` needs."""
        if self.path is None or not self.accelerator.is_main_process:
            return
        state = {
            "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
            "history": history, "best": dict(best),
            "scaler": self.accelerator.scaler and self.accelerator.scaler.state_dict(),
        }  # fmt: skip
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self.path) as part, open(part, "wb") as file:
            torch.save(state, file)  # into an open file: a full disk is an OSError then
