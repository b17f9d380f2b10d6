"""This process among those that `torchrun` started."""

from __future__ import annotations

import torch


def on_cpu() -> bool:
    """Whether there is nothing but CPUs to train on.

    accelerate has to be told so (`cpu=True`): without a GPU it would take each process of torchrun
    for the only one, and all of them would train the same, apart from each other.
    """
    return not (torch.cuda.is_available() or torch.backends.mps.is_available())
