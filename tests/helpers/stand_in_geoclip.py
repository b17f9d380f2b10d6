"""What the Python package `geoclip` ships, in its form and with random numbers: small."""

import io
import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import nn

from g3lite.baselines.geoclip import ENCODER, HEAD, PLACES, WHEEL, GeoCLIP

DIM, PLACES_N = 12, 300
SIGMAS = (1.0, 16.0, 256.0)


def encoder_state(dim=DIM, frequencies=16, width=20):
    """A location encoder under the names of the package."""
    torch.manual_seed(0)
    state = {}
    for k, sigma in enumerate(SIGMAS):
        sizes = {1: (width, 2 * frequencies), 3: (width, width), 5: (width, width)}
        state[f"LocEnc{k}.capsule.0.b"] = sigma * torch.randn(frequencies, 2)
        for layer, shape in sizes.items():
            state[f"LocEnc{k}.capsule.{layer}.weight"] = torch.randn(shape) / shape[1] ** 0.5
            state[f"LocEnc{k}.capsule.{layer}.bias"] = torch.randn(shape[0]) / 9
        state[f"LocEnc{k}.head.0.weight"] = torch.randn(dim, width) / width**0.5
        state[f"LocEnc{k}.head.0.bias"] = torch.randn(dim) / 9
    return state


def head_state(inputs, dim=DIM):
    torch.manual_seed(1)
    head = nn.Sequential(nn.Linear(inputs, inputs), nn.ReLU(), nn.Linear(inputs, dim))
    return head.state_dict()


def files(inputs):
    """The three files, by their names in the wheel."""
    found = {}
    for name, state in ((ENCODER, encoder_state()), (HEAD, head_state(inputs))):
        data = io.BytesIO()
        torch.save(state, data)
        found[name] = data.getvalue()
    rng = np.random.default_rng(0)
    rows = zip(rng.uniform(-60, 70, PLACES_N), rng.uniform(-180, 180, PLACES_N), strict=True)
    found[PLACES] = ("LAT,LON\n" + "".join(f"{a:.6f},{b:.6f}\n" for a, b in rows)).encode()
    return found


def write(folder: Path, inputs) -> Path:
    """The same in a folder, as an installed package has them."""
    for name, data in files(inputs).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def wheel(folder: Path, inputs, version=WHEEL.version) -> Path:
    """The same as a wheel."""
    path = folder / f"geoclip-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files(inputs).items():
            archive.writestr(name, data)
    return path


def geoclip(folder: Path, backbone) -> GeoCLIP:
    """GeoCLIP for this backbone."""
    write(folder, backbone.dim)
    return GeoCLIP.from_files(backbone, folder / ENCODER, folder / HEAD, folder / PLACES)
