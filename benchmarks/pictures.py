"""Memory that large photos take, and what decoding them small changes.

    python benchmarks/pictures.py [PHOTOS] [MEGAPIXELS]

Prints the peak of memory of a process that embeds PHOTOS JPEGs of MEGAPIXELS (64 of 12 by default)
with a small CLIP at 224 pixels, on two and on eight threads; of one that asks MiniLMM about them;
and of one that does nothing but import. Then how far MiniCLIP's features of MiniEarth photos of
1,024 pixels, which are decoded at half their size, are from those of the full size: the cosine, and
the difference of the model's input in grey levels.
"""

import io
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import g3lite  # noqa: F401  before torch or faiss, see there

# isort: split
import numpy as np
import open_clip
import pandas as pd
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image

from g3lite import miniearth
from g3lite.backbone import MARGIN, Backbone, unit_rows
from g3lite.lmm.ask import ask
from g3lite.lmm.load import load_lmm
from g3lite.miniearth import splits
from g3lite.photos import PhotoSet
from g3lite.prompts import PromptPlan
from g3lite.support.images import decode

UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in which the system counts memory."""


def small_clip() -> Backbone:
    """A CLIP of one layer with random weights that reads 224 pixels."""
    torch.manual_seed(0)
    model = open_clip.CLIP(
        32,
        {"image_size": 224, "patch_size": 32, "width": 64, "layers": 1, "head_width": 32},
        {"context_length": 8, "vocab_size": 16, "width": 32, "heads": 2, "layers": 1},
    )
    preprocessing = PreprocessCfg(size=224)
    open_clip.set_model_preprocess_cfg(model, asdict(preprocessing))
    return Backbone(
        name="small", source="small", model=model.eval(), dim=32, image_size=224,
        preprocess=image_transform_v2(preprocessing, is_train=False),
        device=torch.device("cpu"), precision="fp32", fingerprint="",
    )  # fmt: skip


def copies(photo: Path, n: int) -> PhotoSet:
    """A set of n photos that differ by what follows after the picture."""
    ids = [str(i) for i in range(n)]
    table = pd.DataFrame({"IMG_ID": ids, "AUTHOR": "a", "LAT": 0.0, "LON": 0.0})
    data = photo.read_bytes()
    return PhotoSet("copies", table, lambda img_id: data + img_id.encode())


def draw(photo: Path, megapixels: float) -> None:
    """Write a JPEG of noise."""
    size = tuple(int(np.sqrt(megapixels * 1e6 * ratio)) for ratio in (4 / 3, 3 / 4))
    noise = Image.effect_noise((size[0] // 8, size[1] // 8), 60).convert("RGB")
    noise.resize(size).save(photo, quality=90)
    print(f"photos of {size[0]} x {size[1]}, {photo.stat().st_size / 1e6:.1f} MB each", flush=True)


def work(what: str, photo: Path, n: int) -> None:
    """Do one thing in this process, and print its time and its peak of memory."""
    photos, began = copies(photo, n), time.perf_counter()
    if what == "embed on 2 threads":
        small_clip().image_features(photos, cache=False, workers=2, progress=False)
    elif what == "embed on 8 threads":
        small_clip().image_features(photos, cache=False, workers=8, progress=False)
    elif what == "ask MiniLMM":
        plan = PromptPlan(references=(0,), replies=1)
        store = photo.with_name("replies.sqlite")
        ask(load_lmm("minilmm"), photos, plan, store=store, progress=False)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT
    print(f"{what:>20} {time.perf_counter() - began:6.1f} s {peak / 1e9:6.2f} GB", flush=True)


def fidelity(n: int = 40) -> None:
    """Print how much decoding at half the size changes."""
    model = Backbone.load("miniclip", device="cpu")
    inputs = []
    for img_id in splits.sample("benchmark", n):
        buffer = io.BytesIO()
        miniearth.draw(miniearth.scene_of(img_id), 1024).save(buffer, "JPEG", quality=92)
        sides = (None, MARGIN * model.image_size)
        inputs.append([decode(buffer.getvalue(), img_id, shortest_side=side) for side in sides])
    sizes = " and ".join(str(picture.width) for picture in inputs[0])
    whole, half = (
        torch.stack([model.preprocess(picture) for picture in pictures])
        for pictures in zip(*inputs, strict=True)
    )
    vectors = [unit_rows(model.encode(model.model.encode_image, some)) for some in (whole, half)]
    cosines = (vectors[0] * vectors[1]).sum(1)
    spread = torch.tensor(open_clip.get_model_preprocess_cfg(model.model)["std"])[:, None, None]
    levels = float(((whole - half).abs() * spread).mean()) * 255
    print(f"{n} MiniEarth photos, decoded at {sizes} pixels for {model.image_size}:")
    print(f"  cosine {cosines.mean():.6f}, at least {cosines.min():.6f}; {levels:.2f} grey levels")


def main(n: int, megapixels: float) -> None:
    """Print it all; each peak is that of a process of its own, which starts with this one's."""
    with tempfile.TemporaryDirectory() as folder:
        photo = str(Path(folder) / "photo.jpg")
        subprocess.run([sys.executable, __file__, "draw", photo, str(megapixels)], check=True)
        for what in ("nothing", "embed on 2 threads", "embed on 8 threads", "ask MiniLMM"):
            subprocess.run([sys.executable, __file__, what, photo, str(n)], check=True)
    fidelity()


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "draw":
        draw(Path(sys.argv[2]), float(sys.argv[3]))
    elif len(sys.argv) == 4:
        work(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main(
            int(sys.argv[1]) if len(sys.argv) > 1 else 64,
            float(sys.argv[2]) if len(sys.argv) > 2 else 12.0,
        )
