"""What memory a pack of MP16-Pro's size takes: 4.12 million photos, features of CLIP ViT-L/14.

    python benchmarks/pack_memory.py                    # 6.4 GB of disk, deleted at the end
    python benchmarks/pack_memory.py --photos 400000    # a tenth

The features are random, in a file of the true size, with a table of the true form; photos are of
400,000 photographers, and of as many places as there are different place texts. It is written, read
with its hashes compared, trained on (heads of the paper's size, some steps and a validation) and
searched (a block of it at a time), under a limit of 12 GB that the system enforces on what a
process may allocate. What is mapped from the file is memory, too, that the system takes back as
soon as it needs it: it is not counted by the limit, and shown apart.

Measured once, 4,122,119 photos on two cores that others used, too: allocated 1.9 GB at most, 8.1 GB
with what is mapped; the process that wrote the pack, 9.6 GB; 15 minutes in all.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
import warnings
from pathlib import Path

import g3lite  # noqa: F401  before torch or faiss, see there

# isort: split
import numpy as np
import pandas as pd
import torch

from g3lite.alignment import GeoAlignment
from g3lite.datasets import featurefolder, pack
from g3lite.training import Schedule, fit

PHOTOS, DIM = 4_122_119, 768
LIMIT = 12_000_000_000
BLOCK = 50_000


def synthetic(folder: Path, n: int, seed: int = 0) -> None:
    """Write a pack of random features, without thumbnails."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    made = np.lib.format.open_memmap(folder / featurefolder.FEATURES, "w+", np.float16, (n, DIM))
    some = rng.normal(size=(BLOCK, DIM)).astype(np.float16)
    for start in range(0, n, BLOCK):  # every row another one: a block is turned by its number
        stop = min(start + BLOCK, n)
        made[start:stop] = np.roll(some, start // BLOCK, axis=1)[: stop - start]
    made.flush()
    del made
    counts = {"validation": 5_000, "test": 5_000, "gallery": int(0.35 * n)}
    counts = {"train": n - sum(counts.values()), **counts}
    counts = {part: counts[part] for part in pack.PARTS}
    texts = max(n // 40, 1)
    pd.DataFrame({"text": [f"A photo taken from town {k}" for k in range(texts)]}).to_parquet(
        folder / pack.WORDS, index=False
    )
    with open(folder / pack.TEXTS, "wb") as file:
        np.save(file, rng.normal(size=(texts, DIM)).astype(np.float16))
    text_of = rng.integers(0, texts, n)
    table = pd.DataFrame(
        {
            "IMG_ID": pd.array([f"{k:04x}_{k % 97:02x}_{k}.jpg" for k in range(n)], "string"),
            "AUTHOR": pd.array([f"{k // 10}@N00" for k in range(n)], "string"),
            "LAT": rng.uniform(-80, 80, n), "LON": rng.uniform(-180, 180, n),
            "city": pd.array([f"town {k}" for k in text_of], "string"),
            "country": pd.array(["France"] * n, "string"),
            "part": pd.array(np.repeat(list(counts), list(counts.values())), "string"),
            "text": text_of.astype(np.int32),
        }
    )  # fmt: skip
    (folder / pack.CREDITS).write_text("nobody's\n")
    featurefolder.write(
        folder, table, None, ("random", "0" * 64), [pack.TEXTS, pack.WORDS, pack.CREDITS],
        kind=pack.KIND, name="random", parts=counts, parted_by="photographers",
        licence={"name": "none", "address": "", "source": "random", "may_be_passed_on": True},
    )  # fmt: skip


def _write(folder: Path, n: int) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
    synthetic(folder, n)
    print(f"the writer: {memory()['peak of both']:.2f} GB at its peak", flush=True)


def memory() -> dict[str, float]:
    """GB of this process: allocated, mapped from files, and the peak of both together."""
    lines = Path("/proc/self/status").read_text().splitlines()
    found = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Rss")}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"allocated": int(found["RssAnon"]) / 1e6, "mapped": int(found["RssFile"]) / 1e6,
            "peak of both": peak / 1e6}  # fmt: skip


def note(step: str, began: float) -> None:
    """Print a line of the table."""
    shown = "  ".join(f"{what} {size:5.2f} GB" for what, size in memory().items())
    print(f"{step:42} {time.perf_counter() - began:7.1f} s  {shown}", flush=True)


def search(found: pack.Pack, k: int = 10) -> np.ndarray:
    """The rows of the k nearest photos, of all that are not test, for 100 of test."""
    queries = torch.from_numpy(np.float32(found.part("test").features[:100]))
    queries /= queries.norm(dim=1, keepdim=True)
    best, rows = torch.full((len(queries), k), -2.0), torch.zeros((len(queries), k), dtype=int)
    features = found.part("train", "gallery").features
    for start in range(0, len(features), BLOCK):
        some = torch.from_numpy(np.float32(features[start : start + BLOCK]))
        some /= some.norm(dim=1, keepdim=True)
        values = torch.cat([best, queries @ some.T], dim=1)
        numbers = torch.arange(start, start + len(some)).expand(len(queries), -1)
        best, order = values.topk(k)
        rows = torch.cat([rows, numbers], dim=1).gather(1, order)
    return rows.numpy()


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=PHOTOS)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--folder", type=Path, help="where there is room; a temporary one if none")
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
    print(f"{arguments.photos:,} photos, at most {LIMIT / 1e9:.0f} GB may be allocated")
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        run(Path(folder), arguments.photos, arguments.steps)


def run(folder: Path, photos: int, steps: int) -> None:
    """The steps, a line each."""
    began = time.perf_counter()
    note("start", began)
    writer = multiprocessing.get_context("spawn").Process(target=_write, args=(folder, photos))
    writer.start()  # a process of its own: what is measured here is the use of a pack
    writer.join()
    if writer.exitcode:
        raise SystemExit(f"writing ended with {writer.exitcode}")
    note("written, by another process", began)
    found = pack.read(folder)
    note("read, and its hashes compared", began)
    train, validation = found.dataset("train"), found.dataset("validation")
    note(f"data sets of {len(train):,} and {len(validation):,}", began)
    torch.manual_seed(0)
    model = GeoAlignment()
    some = _Shorter(train, steps * 256)
    with warnings.catch_warnings(action="ignore"):  # random features teach nothing, as it says
        fit(model, some, validation, Schedule(epochs=1), folder / "run", progress=False)
    note(f"trained, {steps} steps of 256, from all of it", began)
    rows = search(found)
    note(f"searched: {rows.shape[0]} photos", began)


class _Shorter:
    """A data set of which an epoch sees so many photos, drawn from all of it."""

    def __init__(self, data: pack.AlignmentDataset, n: int) -> None:
        self._data = data
        self._rows = np.random.default_rng(0).choice(len(data), min(n, len(data)), replace=False)
        self.image, self.texts, self.coordinates = data.image, data.texts, data.coordinates
        self.text_of = data.text_of

    def __len__(self) -> int:
        return len(self._rows)

    def batch(self, rows: np.ndarray, device: torch.device) -> tuple[torch.Tensor, ...]:
        return self._data.batch(self._rows[rows], device)


if __name__ == "__main__":
    main()
