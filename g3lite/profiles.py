"""Profiles: one switch that names the photos, the backbone and the sizes a notebook works with.

`ci` and `cpu` need neither a network nor a GPU; `gpu` is sized for a 16 GB card such as Colab's T4.
"""

import os
from dataclasses import dataclass

VARIABLE = "G3LITE_PROFILE"


@dataclass(frozen=True)
class Profile:
    """What a run works on; the same notebook cells serve every profile."""

    name: str
    gallery: str  # photo set that is searched, and trained on
    gallery_size: int | None  # its first rows; None: all
    queries: tuple[str, ...]  # photo sets that are located
    query_size: int | None  # first rows of each; None: all
    backbone: str  # frozen image/text model: a shipped one, or "architecture:weights" of open_clip
    lmm: str  # multimodal model that is asked: a name for `lmm.load`
    temperature: float  # that its replies are drawn at
    choice: str  # which candidates compete: a key of `verification.CHOICES`
    alignment: str  # sizes of geo-alignment's heads, a key of `alignment.SIZES`
    device: str  # torch device
    batch_size: int  # photos per forward pass
    bootstrap: int  # resamples behind every confidence interval


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
            temperature=0.7,
            choice="miniearth",
            alignment="mini",
            device="cpu",
            batch_size=64,
            bootstrap=200,
        ),
        Profile(
            name="cpu",
            gallery="gallery",
            gallery_size=None,
            queries=_MINIEARTH_QUERIES,
            query_size=None,
            backbone="miniclip",
            lmm="minilmm",
            temperature=0.7,
            choice="miniearth",
            alignment="mini",
            device="cpu",
            batch_size=64,
            bootstrap=1_000,
        ),
        Profile(
            name="gpu",
            gallery="mp16-pro",
            gallery_size=20_000,
            queries=("im2gps3k", "yfcc4k"),
            query_size=None,
            backbone="ViT-L-14-quickgelu:openai",
            lmm="Qwen/Qwen2.5-VL-3B-Instruct",
            temperature=1.2,
            choice="paper_im2gps3k",
            alignment="official",
            device="cuda",
            batch_size=256,
            bootstrap=1_000,
        ),
    )
}


def get(name: str = "auto") -> Profile:
    """Return the profile called `name`, or the one that G3LITE_PROFILE names if it is set.

    "auto" is `gpu` where torch finds a CUDA device, else `cpu`. An unknown name raises ValueError.
    """
    variable = os.environ.get(VARIABLE)
    chosen = variable or name
    if chosen == "auto":
        import torch

        chosen = "gpu" if torch.cuda.is_available() else "cpu"
    if chosen not in PROFILES:
        origin = f" (from the environment variable {VARIABLE})" if variable else ""
        known = ", ".join(["auto", *PROFILES])
        raise ValueError(f"unknown profile {chosen!r}{origin}; known profiles: {known}")
    return PROFILES[chosen]
