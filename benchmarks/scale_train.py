"""What training takes as photos grow in number: seconds and memory, from disk and from memory.

    OMP_NUM_THREADS=1 python benchmarks/scale_train.py         # 1.5 GB of disk, deleted at the end
    OMP_NUM_THREADS=1 python benchmarks/scale_train.py --sizes 1000 10000 100000 --csv train.csv

Features are random (768 numbers, float16), in a folder of the true form with a table of the true
form, and photos are of n / 10 photographers. Heads of the size "mini" are trained on them for one
epoch, image and GPS alone, twice: features read from disk batch by batch (`datasets.ondisk`, as
`g3lite align` does it), and the same taken into memory first. Each run is a process of its own with
one thread. Heap is what it allocated at most, above what it had before the features were opened;
mapped is what the system kept of files at most, and takes back where memory is needed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from dataclasses import replace
from pathlib import Path

import g3lite  # noqa: F401  before torch or faiss, see there

# isort: split
import numpy as np
import pandas as pd
import torch

from g3lite.alignment import CONFIGS, GeoAlignment
from g3lite.datasets import featurefolder, ondisk
from g3lite.training import Schedule, fit

DIM = 768
BLOCK = 50_000
SIZES = (1_000, 10_000, 100_000, 1_000_000)
WAYS = ("disk", "memory")


def write(folder: Path, n: int) -> None:
    """Write a folder of random features, and part it: what is done once."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    made = np.lib.format.open_memmap(folder / featurefolder.FEATURES, "w+", np.float16, (n, DIM))
    some = rng.normal(size=(min(BLOCK, n), DIM)).astype(np.float16)
    for start in range(0, n, BLOCK):  # every row another one: a block is turned by its number
        made[start : start + BLOCK] = np.roll(some, start // BLOCK, axis=1)[: n - start]
    made.flush()
    table = pd.DataFrame(
        {
            "IMG_ID": pd.array([f"{k}.jpg" for k in range(n)], "string"),
            "AUTHOR": pd.array([f"{k // 10}@N00" for k in range(n)], "string"),
            "LAT": rng.uniform(-80, 80, n), "LON": rng.uniform(-180, 180, n),
        }
    )  # fmt: skip
    ondisk.parts(featurefolder.write(folder, table, None, ("random", "0" * 64)))


class Memory:
    """The most that this process had in memory, looked at 50 times a second: bytes."""

    def __init__(self) -> None:
        self.heap = self.mapped = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            heap, mapped = resident()
            self.heap, self.mapped = max(self.heap, heap), max(self.mapped, mapped)


def resident() -> tuple[int, int]:
    """Bytes of this process that are allocated, and that are mapped from files (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    found = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Rss")}
    return int(found["RssAnon"]) * 1024, int(found["RssFile"]) * 1024


def measure(folder: Path, way: str) -> dict[str, float]:
    """Train for an epoch in this process."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = GeoAlignment(replace(CONFIGS["mini"], image=DIM, text=0))
    heap, mapped = resident()
    began = time.perf_counter()
    with Memory() as peak:
        parts = ondisk.parts(featurefolder.read(folder, verify=False, table=False))
        train = parts.train
        if way == "memory":
            train = replace(train, image=np.asarray(train.image))
        opened = time.perf_counter() - began
        with warnings.catch_warnings(action="ignore"):  # random features teach nothing, as it says
            history = fit(
                model, train, parts.validation, Schedule(1, use_text=False), progress=False
            )
    return {
        "seconds_to_open": opened, "seconds_per_epoch": history["seconds"].sum(),
        "microseconds_per_photo": history["seconds"].sum() / len(train) * 1e6,
        "heap_mb": (peak.heap - heap) / 1e6, "mapped_mb": (peak.mapped - mapped) / 1e6,
    }  # fmt: skip


def main() -> None:
    """Write each size, and measure each way in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--csv", type=Path, help="write the table there, too")
    parser.add_argument("--folder", type=Path, help="where there is room; a temporary one if none")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(Path(arguments.measure[0]), arguments.measure[1])))
        return
    rows = []
    for n in arguments.sizes:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            os.environ["G3LITE_CACHE"] = folder
            write(Path(folder) / "features", n)
            for way in WAYS:
                command = [sys.executable, __file__, "--measure", f"{folder}/features", way]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                rows.append({"photos": n, "features": way, **json.loads(done.stdout)})
                print(pd.DataFrame(rows[-1:]).round(2).to_string(index=False), flush=True)
    if arguments.csv:
        pd.DataFrame(rows).to_csv(arguments.csv, index=False)


if __name__ == "__main__":
    main()
