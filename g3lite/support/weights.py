"""State dicts: read without running what a file may hold, compared, hashed."""

from __future__ import annotations

import hashlib
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from g3lite import G3Error


def read_state(
    source: str | Path | Mapping[str, Tensor], mmap: bool = True
) -> Mapping[str, Tensor]:
    """A state dict: that of a file (safetensors or torch's own kind), or itself.

    Args:
        source: the file, or a state dict.
        mmap: read tensors of torch's files when they are used; the file must stay as it is then.

    Raises:
        G3Error: there is no such file; it is damaged; or it holds more than tensors and would have
            to be run.
    """
    if isinstance(source, Mapping):
        return source
    if not Path(source).is_file():
        raise G3Error(f"there is no file of weights {source}")
    try:
        if Path(source).suffix == ".safetensors":
            return load_file(source)
        mapped = mmap and zipfile.is_zipfile(source)  # files of old versions of torch are not
        state = torch.load(source, map_location="cpu", weights_only=True, mmap=mapped)
    except MemoryError:
        raise
    except Exception as error:  # On damaged data these readers raise nearly anything.
        if isinstance(error, pickle.UnpicklingError) and "GLOBAL " in str(error):
            raise G3Error(
                f"{source} holds more than tensors, and reading it could run anything: a whole "
                "model, perhaps; take a file with its state dict"
            ) from error
        raise G3Error(
            f"{source} cannot be read as weights ({type(error).__name__}): it is cut off, damaged "
            "or something else; fetch it again"
        ) from error
    if not isinstance(state, Mapping):
        raise G3Error(f"{source} holds no state dict but a {type(state).__name__}")
    return state


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
