"""Embedding with Ray Data: what kills cost, what Ray costs, and how memory and time grow.

    OMP_NUM_THREADS=1 python benchmarks/scale_embed.py kills --photos 5000 --kills 10 --csv k.csv
    OMP_NUM_THREADS=1 python benchmarks/scale_embed.py overhead --photos 2000 --csv o.csv
    OMP_NUM_THREADS=1 python benchmarks/scale_embed.py growth --sizes 1000 10000 100000 --csv g.csv

`kills` embeds photos of MiniEarth and kills at random moments, in turns a worker and the whole run
with all its workers (SIGKILL); a run that was killed is called again. In the end all vectors are
compared with those of one process. `overhead` does the same photos in one process and with one and
two workers, in one run. `growth` needs up to a million photos, which do not exist here: pictures of
32 x 32 pixels are made from a number, and a stand-in encoder takes the mean of 4 x 4 tiles, so that
what is measured is all that is not the model: listing, Ray, reading, decoding, writing. The largest
memory is that of the driver, and of all processes together, shared pages counted once (PSS).
"""

import argparse
import io
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import g3lite  # noqa: F401  before torch, see there

# isort: split
import numpy as np
import pandas as pd
import torch
from PIL import Image

from g3lite import miniearth
from g3lite.backbone import Backbone
from g3lite.scale import embed, plan

ROOT = Path(__file__).resolve().parents[1]
RUN = """
import sys
from g3lite import miniearth
from g3lite.scale import embed
embed.embed(miniearth.load("gallery", int(sys.argv[1])), sys.argv[2], block=int(sys.argv[3]),
            workers=2, progress=False)
"""


def main() -> None:
    """Print the table that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ways = parser.add_subparsers(dest="way", required=True)
    way = ways.add_parser("kills")
    way.add_argument("--photos", type=int, default=5_000)
    way.add_argument("--kills", type=int, default=10)
    way.add_argument("--block", type=int, default=128)
    way.add_argument("--seed", type=int, default=0)
    way = ways.add_parser("overhead")
    way.add_argument("--photos", type=int, default=2_000)
    way = ways.add_parser("growth")
    way.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    way.add_argument("--one", type=int, help=argparse.SUPPRESS)
    for way in ways.choices.values():
        way.add_argument("--csv", type=Path, help="write the table here")
    options = parser.parse_args()
    if options.way == "growth" and options.one:
        print(one_size(options.one))
        return
    table = {"kills": kills, "overhead": overhead, "growth": growth}[options.way](options)
    pd.set_option("display.width", 200, "display.max_columns", 20)
    print(table.round(3).to_string(index=False))
    if options.csv:
        table.to_csv(options.csv, index=False, float_format="%.6g", lineterminator="\n")


# ------------------------------------------------------------------------------------------ kills


def kills(options: argparse.Namespace) -> pd.DataFrame:
    """Kill workers and runs at random moments; the last columns say what is there at last."""
    rng, rows = random.Random(options.seed), []
    with tempfile.TemporaryDirectory() as folder:
        out, done = Path(folder) / "out", 0
        photos = miniearth.load("gallery", options.photos)
        blocks = -(-options.photos // options.block)
        run = start(options, out)
        for kill in range(options.kills):
            # The rest of the photos is parted among the kills that are still to come.
            until = done + (blocks - done) * rng.uniform(0.3, 1.5) / (options.kills - kill + 1)
            while parts(out) < min(until, blocks - 2) and run.poll() is None:
                time.sleep(0.05)
            time.sleep(rng.uniform(0, 0.5))
            begun = [path.stem for path in out.glob("*.begun")]
            before = parts(out)
            if kill % 2:
                os.killpg(run.pid, signal.SIGKILL)
                run.wait()
                run = start(options, out)
                what = "the whole run"
            else:
                workers = encoders(run.pid)
                os.kill(rng.choice(workers), signal.SIGKILL)
                what = "a worker"
            rows.append((kill + 1, what, before, blocks, len(begun)))
            done = before
        if run.wait():
            raise SystemExit(f"the last run ended with {run.returncode}")
        tables = [table.to_pandas() for table in embed.parts(out)]
        found = pd.concat(tables, ignore_index=True)
        plain = Backbone.load("miniclip").image_features(
            photos, cache=False, normalize=False, progress=False
        )
        vectors = np.stack(found["vector"].to_list()).astype(np.float32)
        largest = np.abs(vectors - plain.vectors.astype(np.float16).astype(np.float32)).max()
        outcome = {
            "photos": options.photos,
            "lost": len(set(photos.ids) - set(found["IMG_ID"])),
            "twice": int(found["IMG_ID"].duplicated().sum()),
            "in order": found["IMG_ID"].tolist() == photos.ids,
            "without a hash": int(found["sha256"].isna().sum()),
            "largest difference": float(largest),
        }
        print(outcome)
    columns = ["kill", "killed", "parts before", "parts in all", "blocks begun"]
    return pd.DataFrame(rows, columns=columns).assign(**outcome)


def start(options: argparse.Namespace, out: Path) -> subprocess.Popen:
    """A run in a process group of its own."""
    arguments = [sys.executable, "-c", RUN, str(options.photos), str(out), str(options.block)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        arguments, start_new_session=True, env=environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


def parts(out: Path) -> int:
    """How many blocks are done."""
    return len(list(out.glob("part-*.parquet")))


def encoders(driver: int) -> list[int]:
    """Ray's workers of a driver that hold a backbone."""
    found = []
    while not found:
        for process in family(driver):
            try:
                command = Path(f"/proc/{process}/cmdline").read_bytes()
            except OSError:
                continue
            if command.startswith(b"ray::") and b"Encoder" in command:
                found.append(process)
        time.sleep(0.05)
    return found


def family(root: int) -> list[int]:
    """A process and all that it has started."""
    parent = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parent[int(path.parent.name)] = int(fields[1])
    found = {root}
    while more := {pid for pid, of in parent.items() if of in found} - found:
        found |= more
    return sorted(found)


# --------------------------------------------------------------------------------------- overhead


def overhead(options: argparse.Namespace) -> pd.DataFrame:
    """The same photos in one process, and with one and two workers."""
    photos, rows = miniearth.load("gallery", options.photos), []
    backbone = Backbone.load("miniclip")
    backbone.image_features(photos.head(64), cache=False, progress=False)  # it warms up
    torch.set_num_threads(1)
    with Watch() as watch:
        began = time.perf_counter()
        backbone.image_features(photos, cache=False, progress=False, workers=1)
        seconds = time.perf_counter() - began
        time.sleep(0.6)
    rows.append(("one process, one thread", seconds, 0.0, seconds, watch.cpu))
    for workers in (1, 2):
        with tempfile.TemporaryDirectory() as folder, Watch() as watch:
            began = time.perf_counter()
            report = embed.embed(photos, folder, block=128, workers=workers, progress=False)
            whole = time.perf_counter() - began
            last = report.blocks["end"].max()
            rows.append(
                (f"Ray, {workers} worker{'s' * (workers > 1)}", last - report.starting,
                 report.starting, whole, watch.cpu)
            )  # fmt: skip
    columns = ["way", "seconds of work", "seconds to start", "seconds in all", "CPU seconds"]
    table = pd.DataFrame(rows, columns=columns)
    table.insert(1, "photos", options.photos)
    return table.assign(ms_per_photo=1000 * table["seconds of work"] / options.photos)


class Watch(threading.Thread):
    """Looks twice a second at this process and at all that it has started."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.driver = self.all = 0.0
        self._used: dict[int, float] = {}
        self._ended = threading.Event()

    def run(self) -> None:
        """Keep the largest memory in MB, and the CPU seconds of each process."""
        while not self._ended.wait(0.5):
            processes = family(os.getpid())
            sizes = {process: megabytes(process) for process in processes}
            self.driver = max(self.driver, sizes[os.getpid()])
            self.all = max(self.all, sum(sizes.values()))
            for process in processes:
                self._used[process] = max(self._used.get(process, 0.0), cpu_seconds(process))

    def __enter__(self) -> "Watch":
        self.start()
        self._before = cpu_seconds(os.getpid())
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()

    @property
    def cpu(self) -> float:
        """CPU seconds of all processes while it watched."""
        return sum(self._used.values()) - self._before


def cpu_seconds(process: int) -> float:
    """That a process has used."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ----------------------------------------------------------------------------------------- growth


class Tiles(torch.nn.Module):
    """A stand-in for an image tower: the means of 4 x 4 tiles of three colours, 192 numbers."""

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """(n, 3, 32, 32) -> (n, 192)."""
        return torch.nn.functional.avg_pool2d(pictures, 4).flatten(1)


def tiles() -> Backbone:
    """The stand-in as a backbone."""
    return Backbone.wrap(Tiles(), as_tensor, 192, "tiles", device="cpu")


def as_tensor(picture: Image.Image) -> torch.Tensor:
    """(3, 32, 32), from 0 to 1."""
    pixels = np.asarray(picture.resize((32, 32)), dtype=np.float32)
    return torch.from_numpy(pixels).permute(2, 0, 1) / 255


def drawn(img_id: str) -> bytes:
    """A picture that follows from its number."""
    pixels = np.random.default_rng(int(img_id)).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).resize((32, 32)).save(stream, "JPEG")
    return stream.getvalue()


def synthetic(n: int) -> plan.Photos:
    """A list of n photos that is never in memory."""

    def tables() -> Iterator[pd.DataFrame]:
        for first in range(0, n, 4096):
            numbers = np.arange(first, min(first + 4096, n))
            yield pd.DataFrame({"IMG_ID": numbers.astype(str), "LAT": numbers % 90 * 1.0,
                                "LON": numbers % 180 * 1.0})  # fmt: skip

    return plan.Photos(f"{n:,} synthetic photos", tables, drawn)


def growth(options: argparse.Namespace) -> pd.DataFrame:
    """Each size in a process of its own."""
    rows = []
    for size in options.sizes:
        command = [sys.executable, __file__, "growth", "--one", str(size)]
        done = subprocess.run(command, capture_output=True, text=True, check=True,
                              env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip
        rows.append([float(number) for number in done.stdout.split()[-7:]])
        print(*rows[-1], flush=True)
    columns = ["photos", "seconds of work", "seconds to start", "CPU seconds",
               "MB of the driver", "MB of all processes", "MB on disk"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def one_size(n: int) -> str:
    """Embed n synthetic photos; the numbers of a row."""
    folder = tempfile.mkdtemp()
    try:
        with Watch() as watch:
            report = embed.embed(synthetic(n), folder, tiles, block=1_000, progress=False)
        if report.photos != n:
            raise SystemExit(f"{report.photos:,} of {n:,} photos have a vector")
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    finally:
        shutil.rmtree(folder)
    work = report.blocks["end"].max() - report.starting
    numbers = (n, work, report.starting, watch.cpu, watch.driver, watch.all, size / 1e6)
    return " ".join(f"{number:.6g}" for number in numbers)


def megabytes(process: int) -> float:
    """The proportional set size of a process: shared pages are counted in parts."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1e3 for line in lines if line.startswith("Pss:")), 0.0)


if __name__ == "__main__":
    main()
