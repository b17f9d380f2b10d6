"""The gallery in Milvus: is what it acknowledged there after a kill, and what does it cost?

    OMP_NUM_THREADS=1 python benchmarks/scale_store.py restarts [--kills 20] [--csv restarts.csv]
    OMP_NUM_THREADS=1 python benchmarks/scale_store.py store [--sizes 1000 10000 100000]
                                                           [--repeats 3] [--csv store.csv]

`restarts`: a process adds photos in small batches to Milvus Lite and searches at the same time; it
notes each batch when `add` has returned. It is killed at random moments, with the store that runs
in it, and started again. After each kill the gallery is opened and compared with the notes.

`store`: Milvus Lite and the exact FAISS gallery on the same vectors, each in a process of its own,
taking turns. The vectors are those of `benchmarks/index.py`: aligned (768 numbers) or, with
`--numbers 192`, those of the image tower; beyond MiniEarth's 20,000 they lie between neighbours.
"""

import argparse
import importlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import g3lite  # noqa: F401  before torch or faiss, see there

# isort: split
import numpy as np
import pandas as pd
from index import grown, load

from g3lite import miniearth
from g3lite.backbone import Backbone, unit_rows
from g3lite.index import Gallery, GalleryError, neighbours
from g3lite.scale.index_types import recall
from g3lite.scale.milvus import MilvusGallery

MODEL, BATCH, K = "benchmark", 20, 15
KINDS = ("faiss exact", "milvus FLAT", "milvus HNSW")


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("restarts", "store", "add", "measure"))
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--photos", type=int, default=8_000, help="of `restarts`")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--numbers", type=int, choices=(192, 768), default=768)
    parser.add_argument("--kinds", nargs="+", default=KINDS, help='such as "milvus IVF_SQ8"')
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    parser.add_argument("--csv", type=Path, help="write the table here, too")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)  # of a child process
    options = parser.parse_args()
    if options.what in ("add", "measure"):  # in a child process
        if options.what == "add":
            add(options.folder, options.photos)
        else:
            print(json.dumps(measure(options.kinds[0], options.folder, options.sizes[0])))
        return
    pd.set_option("display.width", 200, "display.max_columns", 20, "display.max_rows", 100)
    with tempfile.TemporaryDirectory() as folder:
        table = (restarts if options.what == "restarts" else store)(Path(folder), options)
    if options.csv:
        table.to_csv(options.csv, index=False, float_format="%.6g", lineterminator="\n")


# ---------------------------------------------------------------------------------------- restarts


def photos(n: int) -> pd.DataFrame:
    """MiniEarth's table over and over, with an IMG_ID of each row's own."""
    table = miniearth.load("gallery").table
    table = table.iloc[np.arange(n) % len(table)].reset_index(drop=True)
    return table.assign(IMG_ID=[f"photo{i}" for i in range(n)])


def random_vectors(n: int, d: int = 192) -> np.ndarray:
    """(n, d) of length 1."""
    return unit_rows(np.random.default_rng(0).normal(size=(n, d)).astype(np.float32))


def add(folder: Path, n: int) -> None:
    """The process that is killed: adds and searches, and notes how many photos are in."""
    notes, table, vectors = folder / "notes", photos(n), random_vectors(n)
    print("ready", flush=True)
    with open_or_create(folder, vectors.shape[1]) as gallery, notes.open("a") as file:
        ends = threading.Event()

        def search() -> None:
            while not ends.is_set():
                gallery.similar(vectors[:5], K)

        searching = threading.Thread(target=search, daemon=True)
        searching.start()
        for start in range(acknowledged(folder), n, BATCH):
            some = slice(start, start + BATCH)
            gallery.add(table[some], vectors[some], MODEL)
            file.write(f"{min(n, some.stop)}\n")
            file.flush()
        ends.set()
        searching.join()


def open_or_create(folder: Path, d: int) -> MilvusGallery:
    """The gallery; an earlier process may have been killed before it was made."""
    try:
        return MilvusGallery.connect(folder / "gallery.db")
    except GalleryError as error:
        if "no collection" not in str(error) and "there is no gallery" not in str(error):
            raise
    return MilvusGallery.create(folder / "gallery.db", d, MODEL)


def acknowledged(folder: Path) -> int:
    """Photos in all batches that were noted, in whole lines."""
    notes = folder / "notes"
    lines = notes.read_text().split("\n")[:-1] if notes.exists() else []
    return int(lines[-1]) if lines else 0


def restarts(folder: Path, options: argparse.Namespace) -> pd.DataFrame:
    """Kill, open, compare, go on; then let it end."""
    rng, rows, command = random.Random(options.seed), [], [sys.executable, __file__, "add"]
    command += ["--folder", str(folder), "--photos", str(options.photos)]
    vectors = random_vectors(options.photos)
    for kill in range(options.kills + 1):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        began, wait = time.perf_counter(), rng.uniform(0.05, 4)
        last = kill == options.kills
        try:
            process.wait(None if last else wait)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        code, lived = process.wait(), time.perf_counter() - began
        if code not in (0, -signal.SIGKILL):
            raise SystemExit(f"the process ended with {code}")
        rows.append({"kill": "none" if code == 0 else kill + 1, "lived_s": lived})
        rows[-1] |= compare(folder, vectors)
    table = pd.DataFrame(rows)
    print(table.round(2).to_string(index=False))
    killed = (table["kill"] != "none").sum()
    print(
        f"\n{killed} kills: {table['lost'].sum()} acknowledged photos lost, "
        f"{table['twice'].sum()} twice, {table['wrong'].sum()} with another vector; "
        f"{table['there'].iloc[-1]} of {options.photos} are in at the end"
    )
    return table


def compare(folder: Path, vectors: np.ndarray) -> dict[str, float]:
    """The gallery against the notes and the vectors."""
    noted, began = acknowledged(folder), time.perf_counter()
    with open_or_create(folder, vectors.shape[1]) as gallery:
        opened = time.perf_counter() - began
        there = len(gallery)
        ids = gallery.photos(np.arange(there))["IMG_ID"]
        similarity, rows = gallery.similar(vectors[:there], 1)  # each finds itself
    expected = [f"photo{i}" for i in range(noted)]
    right = (rows[:, 0] == np.arange(there)) & (np.abs(similarity[:, 0] - 1) < 1e-5)
    return {
        "acknowledged": noted, "there": there, "lost": len(set(expected) - set(ids)),
        "twice": int(ids.duplicated().sum()), "wrong": int((~right).sum()), "open_s": opened,
    }  # fmt: skip


# ------------------------------------------------------------------------------------------- store


def store(folder: Path, options: argparse.Namespace) -> pd.DataFrame:
    """Every kind at every size, `repeats` times; the median of each is printed."""
    vectors, queries = (load()[2:]) if options.numbers == 768 else features()
    np.save(folder / "vectors.npy", grown(vectors, max(options.sizes)))
    np.save(folder / "queries.npy", queries[:200])
    rows = []
    for size in options.sizes:
        for repeat in range(options.repeats):
            for kind in options.kinds:
                command = [sys.executable, __file__, "measure", "--folder", str(folder)]
                command += ["--sizes", str(size), "--kinds", kind]
                result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                rows.append({"photos": size, "numbers": options.numbers, "kind": kind})
                rows[-1] |= {"repeat": repeat} | json.loads(result.stdout)
        part = pd.DataFrame([row for row in rows if row["photos"] == size])
        medians = part.drop(columns="repeat").groupby(["photos", "kind"], sort=False).median()
        print(medians.round(3).to_string(), "\n", flush=True)
    return pd.DataFrame(rows)


def features() -> tuple[np.ndarray, np.ndarray]:
    """Those of the image tower, of MiniEarth's gallery and validation photos."""
    sets, backbone = (
        (miniearth.load("gallery"), miniearth.load("validation")),
        Backbone.load("miniclip"),
    )
    vectors, queries = (unit_rows(backbone.image_features(photos).vectors) for photos in sets)
    return vectors, queries


def measure(kind: str, folder: Path, n: int) -> dict[str, float | None]:
    """One kind at one size, in this process: seconds, MB, recall, ms per query."""
    vectors, table = np.load(folder / "vectors.npy", mmap_mode="r")[:n], photos(n)
    queries, engine, index = np.load(folder / "queries.npy"), *kind.split()
    importlib.import_module("milvus_lite.adapter.grpc.server")  # for both: no part of their memory
    with tempfile.TemporaryDirectory() as place:
        before, began = anonymous(), time.perf_counter()
        if engine == "faiss":
            gallery, where = Gallery.build(table, vectors, MODEL), None
            build_s = time.perf_counter() - began
            gallery.save(place)
        else:
            path = Path(place) / "gallery.db"
            gallery = MilvusGallery.create(path, vectors.shape[1], MODEL, index=index)
            gallery.add(table, vectors)
            build_s, where = time.perf_counter() - began, {"country": "Norway"}
        rows = [search(queries, K)[1] for search in (gallery.similar, gallery.dissimilar)]
        memory = anonymous() - before
        disk = sum(file.stat().st_size for file in Path(place).rglob("*") if file.is_file())

        def alone(i: int, **options: object) -> None:
            gallery.similar(queries[i : i + 1], K, **options)

        times = {
            "ms_alone": per_query(alone, 1),
            "ms_in_100": per_query(lambda i: gallery.similar(queries[:100], K), 100, 10),
            "ms_author": per_query(lambda i: alone(i, exclude_author=table["AUTHOR"][i]), 1),
            "ms_country": per_query(lambda i: alone(i, where=where), 1) if where else None,
        }
        if engine == "milvus":
            gallery.close()
    exact = [neighbours(asked, np.asarray(vectors), K)[1] for asked in (queries, -queries)]
    return {
        "build_s": build_s, "disk_MB": disk / 1e6, "memory_MB": memory / 1e6,
        "recall_similar": recall(rows[0], exact[0]), "recall_dissimilar": recall(rows[1], exact[1]),
        **times,
    }  # fmt: skip


def per_query(call: Callable[[int], None], queries: int, repeats: int = 50) -> float:
    """Median milliseconds per query."""
    seconds = []
    for i in range(repeats):
        began = time.perf_counter()
        call(i)
        seconds.append(time.perf_counter() - began)
    return 1000 * float(np.median(seconds)) / queries


def anonymous() -> int:
    """Bytes of this process that are no mapped file."""
    lines = Path(f"/proc/{os.getpid()}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


if __name__ == "__main__":
    main()
