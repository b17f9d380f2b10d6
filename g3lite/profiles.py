"""Profiles: one switch that names the photos, the backbone and the sizes a notebook works with.

`ci` and `cpu` need neither a network nor a GPU; `gpu` is sized for a 16 GB card such as Colab's T4.
`real-cpu` locates real photos on a laptop, by GeoCLIP: `g3lite locate` and `baselines.geoclip` know
it, the notebooks do not.
"""

import ctypes
import os
import sys
from dataclasses import dataclass

from g3lite import G3Error

VARIABLE = "G3LITE_PROFILE"
GPU_GB = 15  # of memory (10^9 bytes) that the profile `gpu` is sized for; a T4 has a little more


class ProfileError(G3Error, ValueError):
    """There is no profile of that name."""


@dataclass(frozen=True)
class Profile:
    """What a run works on; the same notebook cells serve every profile."""

    name: str
    gallery: str  # photo set that is searched, and trained on
    gallery_size: int | None  # its first rows; None: all
    queries: tuple[str, ...]  # photo sets that are located
    query_size: int | None  # first rows of each; None: all
    backbone: str  # frozen image/text model: a shipped one, or "architecture:weights" of open_clip
    lmm: str  # multimodal model that is asked: a name for `lmm.load.load_lmm`
    temperature: float  # that its replies are drawn at
    choice: str  # which candidates compete: a key of `verification.CANDIDATE_CONFIGS`
    alignment: str  # sizes of geo-alignment's heads, a key of `alignment.CONFIGS`
    device: str  # torch device; "auto" for the GPU if there is one
    batch_size: int  # photos per forward pass
    bootstrap: int  # resamples behind every confidence interval
    slow: str  # what takes long the first time, in words


_MINIEARTH_QUERIES = ("validation", "test_natural", "test_uniform")

PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            name="ci",
            gallery="gallery",
            gallery_size=2_000,
            queries=_MINIEARTH_QUERIES,
            query_size=300,
            backbone="miniclip",
            lmm="minilmm",
            temperature=0.4,
            choice="miniearth",
            alignment="mini",
            device="auto",
            batch_size=64,
            bootstrap=200,
            slow="drawing and encoding 2,000 photos, 15 seconds on two cores",
        ),
        Profile(
            name="cpu",
            gallery="gallery",
            gallery_size=None,
            queries=_MINIEARTH_QUERIES,
            query_size=None,
            backbone="miniclip",
            lmm="minilmm",
            temperature=0.4,
            choice="miniearth",
            alignment="mini",
            device="auto",
            batch_size=64,
            bootstrap=1_000,
            slow="drawing and encoding the gallery's 20,000 photos, three minutes on two cores",
        ),
        Profile(
            name="gpu",
            gallery="mp16-pro",
            gallery_size=20_000,
            queries=("im2gps3k", "yfcc4k"),
            query_size=None,
            backbone="ViT-L-14-quickgelu:openai",
            lmm="Qwen/Qwen3-VL-2B-Instruct",
            temperature=0.7,  # its authors', see lmm.load.RECOMMENDED; the paper's 1.2 was GPT-4V's
            choice="paper_im2gps3k",
            alignment="official",
            device="cuda",
            batch_size=256,
            bootstrap=1_000,
            slow="for notebook 07, downloading 2.3 GB (CLIP up to 1.7, photos 0.5: published), "
            "and 6 more on its full route; for 01 to 03, drawing 20,000 photos, minutes",
        ),
        Profile(
            name="real-cpu",
            gallery="geoclip",
            gallery_size=100_000,
            queries=(),
            query_size=None,
            backbone="ViT-L-14-quickgelu:openai",
            lmm="none",
            temperature=0.0,
            choice="official",
            alignment="geoclip",
            device="auto",
            batch_size=16,
            bootstrap=1_000,
            slow="downloading CLIP (0.9 to 1.7 GB, published) and GeoCLIP (40 MB), and embedding "
            "100,000 places, minutes; it is for g3lite locate alone, the notebooks want another",
        ),
    )
}


def get(name: str = "auto") -> Profile:
    """Return the profile called `name`.

    "auto" is the one that the environment variable G3LITE_PROFILE names; if it is not set, `gpu`
    where torch finds a CUDA device, else `cpu`. An unknown name raises ProfileError.
    """
    variable = os.environ.get(VARIABLE) if name == "auto" else None
    chosen = variable or name
    if chosen == "auto":
        chosen = "gpu" if _has_driver() and _torch_finds_a_gpu() else "cpu"
    if chosen not in PROFILES:
        origin = f" (from the environment variable {VARIABLE})" if variable else ""
        names = ", ".join(["auto", *PROFILES])
        raise ProfileError(f"unknown profile {chosen!r}{origin}; known profiles: {names}")
    return PROFILES[chosen]


def _has_driver() -> bool:
    """Whether there may be a driver for CUDA or ROCm: without one torch need not be asked.

    torch takes seconds to import, and most machines have no driver that it could use.
    """
    if sys.platform == "darwin":
        return False
    if sys.platform != "linux" or any(map(os.path.exists, ("/dev/kfd", "/dev/dxg"))):
        return True  # AMD's driver, or Windows below
    try:
        ctypes.CDLL("libcuda.so.1")  # NVIDIA's; torch loads it by this name
    except OSError:
        return False
    return True


def _torch_finds_a_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def machine() -> str:
    """Say what this machine has, which profile "auto" is on it, and what of that takes long."""
    import torch

    profile = get()
    cores = f"{os.cpu_count()} CPU cores"
    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 1e9
        lines = [f"{cores}; GPU: {torch.cuda.get_device_name(0)}, {memory:.0f} GB."]
        if memory < GPU_GB:
            lines.append(f"Profile gpu is made for {GPU_GB} GB: batches may be halved to fit.")
    else:
        lines = [f"{cores}; no GPU, which real photos and models want. (On Colab: Runtime, Change "
                 "runtime type.)"]  # fmt: skip
    said = f"set by {VARIABLE}" if os.environ.get(VARIABLE) else '"auto" here'
    lines.append(f"Profile {profile.name} ({said}). Slow, the first time: {profile.slow}.")
    return "\n".join(lines)
