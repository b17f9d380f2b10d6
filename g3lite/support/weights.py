"""State dicts: read without running what a file may hold, compared, hashed."""

from __future__ import annotations

import hashlib
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from g3lite import G3Error


def read_state(source: str | Path | Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """A state dict: that of a file, or itself.

    Raises:
        G3Error: there is no such file, or it holds more than tensors and would have to be run.
    """
    if isinstance(source, Mapping):
        return source
    if not Path(source).is_file():
        raise G3Error(f"there is no file of weights {source}")
    mapped = zipfile.is_zipfile(source)  # files of old versions of torch are not
    try:
        return torch.load(source, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        raise G3Error(
            f"{source} holds more than tensors, and reading it could run anything: a whole model, "
            "perhaps; take a file with its state dict"
        ) from error


def check_state(
    expected: Mapping[str, Tensor],
    state: Mapping[str, Tensor],
    where: str,
    names: Mapping[str, str] | None = None,
) -> None:
    """Raise ValueError unless the state has all tensors that are expected, in their shapes."""
    wanted = {name: tuple(tensor.shape) for name, tensor in expected.items()}
    given = {name: tuple(tensor.shape) for name, tensor in state.items()}
    called = names or {}
    wrong = [f"{called.get(n, n)} is missing" for n in wanted if n not in given]
    wrong += [f"{n} is not known" for n in given if n not in wanted]
    wrong += [
        f"{called.get(n, n)} has shape {given[n]}, expected {wanted[n]}"
        for n in wanted
        if n in given and given[n] != wanted[n]
    ]
    if wrong:
        more = f"; and {len(wrong) - 4} more" if len(wrong) > 4 else ""
        raise ValueError(f"{where} does not fit the model: {'; '.join(wrong[:4])}{more}")


def digest(state: Mapping[str, Tensor], about: str = "") -> str:
    """SHA-256 of a text, and of the names, types, shapes and numbers of all tensors of a state."""
    sha256 = hashlib.sha256(about.encode())
    for name, tensor in sorted(state.items()):
        sha256.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        sha256.update(tensor.cpu().contiguous().flatten().view(torch.uint8).numpy())
    return sha256.hexdigest()
