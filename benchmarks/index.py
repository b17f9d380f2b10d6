"""What the gallery costs: recall, memory and speed of the kinds of index, and growth to 10^6.

    OMP_NUM_THREADS=1 python benchmarks/index.py [--csv growth.csv] [--largest 1000000]

The vectors are MiniEarth's gallery of 20,000 photos and its validation queries, aligned
(`GeoAlignment.database_vectors`, 3 x 256 numbers). Growth beyond the gallery needs more vectors
than there are: a new one lies at a random place between a photo and one of its ten nearest
neighbours, scaled to length 1. That keeps their spread and their neighbourhoods, but these are no
new places. The largest run takes 5 GB.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import g3lite  # noqa: F401  before torch or faiss, see there

# isort: split
import faiss
import numpy as np
import pandas as pd

from g3lite import miniearth
from g3lite.alignment import GeoAlignment
from g3lite.backbone import Backbone, unit_rows
from g3lite.index import Gallery, hubness
from g3lite.scale import index_types

FRONTIER = (
    *index_types.KINDS,
    *(f"PCA{axes},SQ8" for axes in (32, 64, 96, 128, 192)),
    "PCA256,SQ4", "PCA128,Flat", "PCA64,PQ32x8np", "PCA160,PQ40x8np,Refine(SQ8) k_factor_rf=8",
    "PCA128,IVF{lists},SQ8 nprobe={probes}", "PCA128,HNSW32_SQ8 efSearch=128",
)  # fmt: skip
RECALL, SHARE = 0.95, 1 / 16
"""What is looked for: this recall@15 or more, at this share of the exact bytes or less."""
GROWTH = {"exact": 10**9, "pca": 10**9, "ivf-sq8": 10**9, "hnsw": 100_000}
"""Kinds of the growth curve -> the most vectors they are built with."""


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--csv", type=Path, help="write the growth curve here")
    parser.add_argument("--largest", type=int, default=1_000_000, help="end of the growth curve")
    options = parser.parse_args()
    pd.set_option("display.width", 200, "display.max_columns", 20, "display.max_rows", 100)

    gallery, queries, vectors, asked = load()
    print(f"{len(vectors)} aligned vectors of {vectors.shape[1]} numbers, {len(asked)} queries;")
    print(f"FAISS {faiss.__version__}, {faiss.omp_get_max_threads()} threads\n")
    frontier(vectors, asked)
    by_size(vectors, asked)
    hubs(gallery.table, vectors, asked)
    cost_of_exact(gallery.table, vectors, asked)
    memory()
    curve = growth(vectors, asked[:200], options.largest)
    if options.csv:
        curve.to_csv(options.csv, index=False, float_format="%.6g", lineterminator="\n")


def load() -> tuple:
    """Gallery, queries, and the vectors of both."""
    backbone, model = Backbone.load("miniclip"), GeoAlignment.from_pretrained("mini")
    gallery, queries = miniearth.load("gallery"), miniearth.load("validation")
    features = [backbone.image_features(p, normalize=False).vectors for p in (gallery, queries)]
    return gallery, queries, *(unit_rows(model.database_vectors(rows)) for rows in features)


def frontier(vectors: np.ndarray, asked: np.ndarray) -> None:
    """Every kind on the whole gallery."""
    d = vectors.shape[1]
    fit = [kind for kind in FRONTIER if _axes(kind) <= d]
    result = index_types.measure(vectors, asked[:1000], fit)
    result["both"] = (result["recall"] >= RECALL) & (result["of_exact"] <= SHARE)
    print(result.drop(columns="kind").round(4).to_string(index=False))
    print(f"\nrecall@15 >= {RECALL} at <= 1/16 of the exact bytes: {result['both'].sum()} kinds\n")


def _axes(kind: str) -> int:
    return int(kind[3:].split(",")[0]) if kind.startswith("PCA") else 0


def by_size(vectors: np.ndarray, asked: np.ndarray) -> None:
    """Recall of compressed kinds with ever larger parts of the gallery."""
    rows = []
    for n in (1000, 2000, 5000, 10_000, 20_000):
        result = index_types.measure(
            vectors[:n], asked, ["pca", "sq8", "ivf-sq8", "pq"], progress=False
        )
        rows.append(result.set_index("kind")[["recall", "of_exact"]].stack().rename(n))
    print("recall, and bytes as a share of the exact ones, by the size of the gallery")
    print(pd.DataFrame(rows).round(3).to_string(), "\n")


def hubs(table: pd.DataFrame, vectors: np.ndarray, asked: np.ndarray) -> None:
    """The dissimilar references of the paper, and those of centred queries."""
    gallery = Gallery.build(table, vectors, "benchmark")
    found = {"similar": gallery.similar(asked, 15), "dissimilar": gallery.dissimilar(asked, 15)}
    found["dissimilar, centred"] = gallery.dissimilar(asked, 15, centre=vectors.mean(axis=0))
    for name, (_, rows) in found.items():
        similarity = np.einsum("qd,qkd->qk", asked, vectors[rows])
        hub = hubness(rows, len(gallery))
        print(
            f"{name:26} most frequent photo in {hub.share:6.1%} of the lists, skewness "
            f"{hub.skewness:5.1f}, {np.unique(rows).size:6} photos used, mean similarity "
            f"{similarity.mean():.3f}"
        )
    print(f"{'':26} mean similarity of all pairs {(asked @ vectors.T).mean():.3f}\n")


def cost_of_exact(table: pd.DataFrame, vectors: np.ndarray, asked: np.ndarray) -> None:
    """Search of the exact kind against plain FAISS, the calls taking turns."""
    gallery = Gallery.build(table, vectors, "benchmark")
    plain = faiss.IndexFlatIP(vectors.shape[1])
    plain.add(vectors)
    calls = {
        "gallery": lambda: gallery.similar(asked, 15),
        "without the photographer": lambda: gallery.similar(asked, 15, exclude_author="nobody"),
        "IndexFlatIP": lambda: plain.search(asked, 15),
        "faiss.knn": lambda: faiss.knn(asked, vectors, 15, metric=faiss.METRIC_INNER_PRODUCT),
    }
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(7):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    best = {name: min(times) for name, times in seconds.items()}
    for name, value in best.items():
        ratio = value / best["IndexFlatIP"]
        print(f"{name:26} {value:.3f} s for {len(asked)} queries, {ratio:.2f} x IndexFlatIP")
    print()


def memory() -> None:
    """Peak memory beyond the caller's array, each in a process of its own."""
    for name in ("exact", "mapped sq8", "mapped pca", "mapped ivf-sq8"):
        command = [sys.executable, __file__, "--memory", name]
        print(subprocess.run(command, capture_output=True, text=True, check=True).stdout, end="")
    print()


def _memory(name: str, n: int = 200_000, d: int = 768) -> None:
    rng, size = np.random.default_rng(0), 4 * n * d
    with tempfile.TemporaryDirectory() as folder:
        if name == "exact":
            vectors = rng.random((n, d), dtype=np.float32)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            gallery = Gallery.build(_numbered(n), vectors, "benchmark")
            gallery.similar(vectors[:64], 15)
            gallery.save(folder)
            own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
        else:
            file = Path(folder) / "vectors"
            with file.open("wb") as part:
                for _ in range(0, n, 5000):
                    rng.random((5000, d), dtype=np.float32).tofile(part)
            watch = _Watch()
            index_types.build(np.memmap(file, np.float32, "r", shape=(n, d)), name.split()[1])
            own = watch.stop()
    print(
        f"{name:18} {n} x {d}: vectors {size / 1e6:.0f} MB, peak beyond what the caller holds "
        f"{own / 1e6:.0f} MB ({own / size:.2f})"
    )


class _Watch:
    """The most memory of this process that is not a mapped file, beyond what it had at first."""

    def __init__(self) -> None:
        self.first = self.most = self._now()
        self.going = True
        self.thread = threading.Thread(target=self._look)
        self.thread.start()

    @staticmethod
    def _now() -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))

    def _look(self) -> None:
        while self.going:
            self.most = max(self.most, self._now())
            time.sleep(0.01)

    def stop(self) -> int:
        self.going = False
        self.thread.join()
        return self.most - self.first


def growth(vectors: np.ndarray, asked: np.ndarray, largest: int) -> pd.DataFrame:
    """Build time, memory, time per query and recall from 10^3 vectors on."""
    more = grown(vectors, largest)
    rows = []
    for n in (10**3, 3 * 10**3, 10**4, 3 * 10**4, 10**5, 3 * 10**5, 10**6):
        if n > largest:
            break
        wanted = [kind for kind, most in GROWTH.items() if n <= most]
        result = index_types.measure(more[:n], asked, wanted, progress=False)
        result.insert(0, "vectors", n)
        result["ms_per_query"] = 1000 / result["queries_per_s"]
        result["megabytes"] = result["bytes_per_photo"] * n / 1e6
        rows.append(result)
        print(result.drop(columns=["factory", "fixed_bytes"]).round(4).to_string(index=False))
    return pd.concat(rows, ignore_index=True)


def grown(vectors: np.ndarray, n: int) -> np.ndarray:
    """The vectors in a random order and, if n is larger, others between neighbours among them."""
    rng = np.random.default_rng(0)
    near = Gallery.build(_numbered(len(vectors)), vectors, "benchmark").similar(vectors, 11)[1]
    more = np.empty((max(n, len(vectors)), vectors.shape[1]), dtype=np.float32)
    more[: len(vectors)] = rng.permutation(vectors)
    for start in range(len(vectors), len(more), 10_000):
        part = more[start : start + 10_000]
        first = rng.integers(len(vectors), size=len(part))
        second = near[first, rng.integers(1, 11, size=len(part))]
        share = rng.random((len(part), 1), dtype=np.float32)
        part[:] = unit_rows(vectors[first] + share * (vectors[second] - vectors[first]))
    return more


def _numbered(n: int) -> pd.DataFrame:
    ids = [f"photo{i}" for i in range(n)]
    return pd.DataFrame({"IMG_ID": ids, "AUTHOR": "nobody", "LAT": 0.0, "LON": 0.0})


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        _memory(sys.argv[2])
    else:
        main()
