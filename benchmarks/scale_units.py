"""What one photo costs at the paper's size, on one core: CLIP ViT-L/14, and a step of the heads.

    OMP_NUM_THREADS=1 python benchmarks/scale_units.py [--csv units.csv]

The weights are random, which takes as long as trained ones. CPU seconds of this process, the median
of some batches; torch has one thread.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import g3lite  # noqa: F401  before torch, see there

# isort: split
import open_clip
import pandas as pd
import torch

from g3lite.alignment import CONFIGS, GeoAlignment, alignment_loss

PICTURES, BATCH = 8, 256
"""A batch of pictures for CLIP, and of photos for the heads (the paper's)."""


def seconds(work: Callable[[], object], photos: int, repeats: int) -> float:
    """CPU seconds of one photo; the first batch only warms up."""
    spent = []
    for _ in range(repeats + 1):
        began = time.process_time()
        work()
        spent.append((time.process_time() - began) / photos)
    return statistics.median(spent[1:])


def encoding() -> float:
    """An image through the image tower of CLIP ViT-L/14."""
    model = open_clip.create_model("ViT-L-14-quickgelu").eval()
    pictures = torch.randn(PICTURES, 3, 224, 224)
    with torch.inference_mode():
        return seconds(lambda: model.encode_image(pictures), PICTURES, 5)


def training() -> float:
    """A photo in one step of the heads of the paper's size, on features that are there."""
    model = GeoAlignment(CONFIGS["official"])
    optimizer = torch.optim.AdamW(model.parameters(), 3e-5)
    image, text = torch.randn(BATCH, 768), torch.randn(BATCH, 768)
    places = torch.rand(BATCH, 2) * 60

    def step() -> None:
        loss = alignment_loss(model(image, text, places))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return seconds(step, BATCH, 15)


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--csv", type=Path, help="write the table here")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rows = [("CLIP ViT-L/14, a photo", encoding()), ("heads, a photo in a step", training())]
    table = pd.DataFrame(rows, columns=["what", "CPU seconds"])
    print(table.to_string(index=False))
    if options.csv:
        table.to_csv(options.csv, index=False, float_format="%.4g", lineterminator="\n")


if __name__ == "__main__":
    main()
