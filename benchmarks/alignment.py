"""What cached features save in geo-alignment, at official sizes.

    OMP_WAIT_POLICY=PASSIVE python benchmarks/alignment.py [BATCHES]

Prints photos per second of a training epoch on cached features (the second epoch of a run, batches
of 256, with all that an epoch does: the steps, and judging it on validation), and of the official
loop, which encodes every photo again in every epoch: ViT-L/14's image tower plus the same training.
The tower runs on a few batches of 8 random pictures, from which its time is extrapolated; the
official loop's text tower and its reading of pictures are left out, in its favour.
"""

import sys
import time

import g3lite  # noqa: F401  before torch or faiss, see there

# isort: split
import numpy as np
import open_clip
import torch

from g3lite import training
from g3lite.alignment import GeoAlignment

BATCH = 256
PICTURES = 8


def random_pairs(n: int, seed: int) -> training.AlignmentDataset:
    """Pairs of n photos with random features, 768 wide."""
    rng = np.random.default_rng(seed)
    coordinates = np.column_stack([rng.uniform(-80, 80, n), rng.uniform(-180, 180, n)])
    image, texts = rng.standard_normal((2, n, 768), dtype=np.float32)
    return training.AlignmentDataset(image, texts, np.arange(n), coordinates)


def cached(batches: int) -> float:
    """Seconds per photo of the second epoch on cached features."""
    torch.manual_seed(0)
    schedule = training.Schedule(epochs=2, batch_size=BATCH)
    train, validation = random_pairs(batches * BATCH, 0), random_pairs(BATCH, 1)
    history = training.fit(GeoAlignment(), train, validation, schedule, progress=False)
    return history.seconds[1] / len(train)


@torch.inference_mode()
def tower(repeats: int = 3) -> float:
    """Seconds per photo of the image tower of ViT-L/14, with random weights."""
    model = open_clip.CLIP(**open_clip.get_model_config("ViT-L-14-quickgelu")).visual.eval()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model, pictures = model.to(device), torch.randn(PICTURES, 3, 224, 224, device=device)
    times = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        with torch.autocast(device, dtype=torch.float16, enabled=device == "cuda"):
            model(pictures).float().cpu()
        times.append(time.perf_counter() - began)
    return float(np.median(times[1:])) / PICTURES  # the first one warms up


def main(batches: int) -> None:
    """Print both speeds and their ratio."""
    epoch, image = cached(batches), tower()
    photos = batches * BATCH
    print(f"official sizes, batches of {BATCH}, {torch.get_num_threads()} threads")
    print(f"cached features: {1 / epoch:9.1f} photos/s, an epoch of {photos:,} photos")
    print(
        f"encoded afresh:  {1 / (image + epoch):9.2f} photos/s, extrapolated from batches of "
        f"{PICTURES} pictures: {image:.3f} s in the tower, {epoch:.5f} s in training"
    )
    print(f"ratio: {(image + epoch) / epoch:.0f} (>= 200)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 16)
