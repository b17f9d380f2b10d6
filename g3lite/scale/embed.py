"""Embedding more photos than one process encodes in a day, with Ray Data.

    report = embed(plan.photos_of("mp16-tars", "places.csv"), "out", "ViT-L-14-quickgelu:openai",
                   address="auto", workers=8, device="cuda")
    to_features("out", "gallery")          # for g3lite align --features, g3lite locate --gallery

The photos are listed in blocks (`scale.plan`). Ray gives the blocks to workers, each of which
holds a backbone; a worker writes one Parquet part for each block, whole or not at all, under the
block's number. So a worker that is killed loses the block that it had begun, which Ray gives to
another one; a run that is killed is called again and makes the parts that are not there; and no
photo can be there twice.

    part-000012.parquet    IMG_ID, LAT, LON, vector (float16), sha256 (of the picture), error

`error` is null, or says why a photo has no vector.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import socket
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tqdm.auto import tqdm

from g3lite import G3Error
from g3lite.backbone import Backbone, check_device
from g3lite.datasets import featurefolder, own
from g3lite.datasets.featurefolder import FeatureFolder
from g3lite.paths import replacing, write_json
from g3lite.photos import PhotoSet
from g3lite.scale.plan import PLAN, Photos, Plan, photos_of, write
from g3lite.support.records import read_json
from g3lite.support.runs import make_run_folder

RUN = "run.json"
MOST_TASKS = 2_000
"""Blocks are given to Ray in at most so many tasks, so that its own books stay small."""
MOST_DEATHS = 5
"""After so many workers that died over a block the run ends; Ray would try it for ever."""
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # it would report to its makers
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_worker_niceness": "0",  # else workers wait for everything else that runs
}


@dataclass(frozen=True)
class Block:
    """A block that is done.

    Attributes:
        block: its number.
        photos: with a vector.
        damaged: without one.
        worker: the process that made it.
        start, end: when, in seconds of the clock.
        lost: whether another worker had begun it and was killed; `lost_worker`, `lost_start`: it.
    """

    block: int
    photos: int
    damaged: int
    worker: int
    start: float
    end: float
    lost: bool = False
    lost_worker: int | None = None
    lost_start: float | None = None


@dataclass(frozen=True, eq=False)
class Report:
    """What `embed` did.

    Attributes:
        folder: where the parts are.
        photos: with a vector, in all parts.
        damaged: IMG_ID -> why it has none; the first 20.
        without: how many have none.
        stored: blocks that were there already.
        blocks: a row per block of this call, in the order in which they ended: the fields of
            `Block`, with start, end and lost_start in seconds since the call began.
        seconds: of the whole call; `starting`: until the first worker had its first block.
    """

    folder: Path
    photos: int
    damaged: dict[str, str]
    without: int
    stored: int
    blocks: pd.DataFrame
    seconds: float
    starting: float

    def __str__(self) -> str:
        lost = int(self.blocks["lost"].sum()) if len(self.blocks) else 0
        lines = [
            f"{self.folder}: {self.photos:,} photos with a vector, {self.without:,} without; "
            f"{len(self.blocks):,} blocks made now, {self.stored:,} were there",
            *([f"begun by a worker that was killed, and made again: {lost}"] if lost else []),
            *(f"  {img_id}: {reason}" for img_id, reason in self.damaged.items()),
        ]
        if self.without > len(self.damaged):
            lines.append(f"  and {self.without - len(self.damaged):,} more; the parts name them")
        return "\n".join(lines)


def embed(
    photos: Photos | PhotoSet | str | Path,
    out: str | Path,
    backbone: str | Callable[[], Backbone] = "miniclip",
    *,
    address: str | None = None,
    workers: int = 2,
    device: str = "cpu",
    block: int = 512,
    batch_size: int = 64,
    progress: bool = True,
    on_block: Callable[[Block], None] | None = None,
) -> Report:
    """Encode photos with several workers, into a folder of parts.

    A run that was stopped is called again with the same arguments and goes on.

    Args:
        photos: what `plan.photos_of` takes or gives. All workers must see its files.
        out: the folder, which all workers must see, too.
        backbone: a name for `Backbone.load`, or a function without arguments that makes one.
        address: of a Ray cluster ("auto", "ray://HOST:10001"); None: one of this machine, for as
            long as the call lasts.
        workers: processes, each with a backbone.
        device: of each worker: "cpu", with one core and one thread; or "cuda", with a GPU of its
            own. Of "auto" a GPU if this machine has one.
        block: photos per part: what a killed worker loses at most.
        batch_size: photos per step of the backbone.
        progress: show a progress bar.
        on_block: is called with each block when it is done.

    Raises:
        G3Error: the folder holds another run; Ray is missing or cannot be reached; or a block
            failed, for a reason that is said.
        ValueError: no workers, an unknown backbone, or there is no such device.
    """
    if workers < 1 or block < 1:
        raise ValueError(f"workers={workers}, block={block}: both are 1 or more")
    began, out = time.time(), Path(out)
    place, _ = check_device(device) if address is None else (device, None)
    load = Loader(backbone)
    model = load("cpu")
    listed = photos if isinstance(photos, Photos) else photos_of(photos)
    made_of = _begin(listed, out, block, model)
    plan = Plan(out)
    todo = [number for number in range(len(plan)) if not _part(out, number).is_file()]
    stored, rows = len(plan) - len(todo), []
    gpu = str(place).startswith("cuda")
    encoder = {"folder": out.resolve(), "load": load, "source": listed.source, "gpu": gpu,
               "fingerprint": made_of["backbone"]["sha256"], "batch_size": batch_size}  # fmt: skip
    with tqdm(
        desc=f"blocks of {listed.name}", total=len(plan), initial=stored, unit="block",
        disable=not (progress and todo),
    ) as bar:  # fmt: skip
        for done in _blocks(todo, encoder, address, workers, gpu) if todo else ():
            rows.append(asdict(done))
            bar.update()
            if on_block is not None:
                on_block(done)
    table = pd.DataFrame(rows, columns=list(Block.__dataclass_fields__))
    for column in ("start", "end", "lost_start"):
        table[column] = table[column].astype(float) - began
    counts = _counts(out, len(plan))
    starting = float(table["start"].min()) if len(table) else 0.0
    return Report(out, *counts, stored, table, time.time() - began, starting)


def _begin(photos: Photos, out: Path, block: int, model: Backbone) -> dict[str, Any]:
    """Write the plan, or see that the one which is there lists the same photos."""
    backbone = {"name": model.name, "sha256": model.fingerprint, "dimensions": model.dim}
    make_run_folder(out, {"backbone": backbone}, (PLAN,))
    known = read_json(out / RUN, f"remove {out}", ("plan",)) if (out / RUN).is_file() else None
    if known is not None and known["plan"]["block"] != block:
        raise G3Error(
            f"{out} holds a run with blocks of {known['plan']['block']} photos, not {block}; "
            "go on with that, or name another folder"
        )
    if known is None:
        made_of = {"backbone": backbone, "plan": write(photos, out, block)}
        write_json(out / RUN, made_of)
        return made_of
    with tempfile.TemporaryDirectory(prefix="listing-", dir=out) as home:
        listed = write(photos, Path(home), block)
    if listed != known["plan"]:
        raise G3Error(
            f"{out} holds a run of other photos ({known['plan']['photos']:,}, now "
            f"{listed['photos']:,} are listed); name another folder"
        )
    return known


def _counts(out: Path, blocks: int) -> tuple[int, dict[str, str], int]:
    """Photos with a vector, the first damaged ones with their reasons, photos without a vector."""
    total, without, damaged = 0, 0, {}
    for number in range(blocks):
        table = _read(_part(out, number), ["IMG_ID", "error"])
        bad = table.filter(pc.is_valid(table["error"])).to_pylist()
        total, without = total + len(table) - len(bad), without + len(bad)
        damaged |= {row["IMG_ID"]: row["error"] for row in bad[: 20 - len(damaged)]}
    return total, damaged, without


def _part(out: Path, number: int) -> Path:
    return out / f"part-{number:06d}.parquet"


def _begun(out: Path, number: int) -> Path:
    """Says who began a block; it stays if that one is killed."""
    return _part(out, number).with_suffix(".begun")


def _read(part: Path, columns: list[str] | None = None) -> pa.Table:
    try:
        return pq.read_table(part, columns=columns)
    except pa.ArrowInvalid as error:
        raise G3Error(
            f"{part} is damaged: {error}; remove it and call g3lite embed again"
        ) from error


# ------------------------------------------------------------------------------------ a worker


@dataclass(frozen=True)
class Loader:
    """Makes a backbone where it is needed: in this process, and in each worker."""

    backbone: str | Callable[[], Backbone]

    def __call__(self, device: str) -> Backbone:
        """The backbone; one that a function makes is on the device that the function chose."""
        if callable(self.backbone):
            return self.backbone()
        return Backbone.load(self.backbone, device=device)


class Encoder:
    """A worker: holds a backbone, and turns the number of a block into a part on the disk."""

    def __init__(
        self,
        folder: Path,
        load: Loader,
        source: Callable[[str], bytes] | None,
        gpu: bool,
        fingerprint: str,
        batch_size: int,
    ) -> None:
        self.folder, self.batch_size = folder, batch_size
        self.plan = Plan(folder, source)
        self._load, self._device, self._fingerprint = load, "cuda" if gpu else "cpu", fingerprint

    @cached_property
    def backbone(self) -> Backbone:
        """Loaded with the first block, so that what fails then is said with that block.

        Raises:
            G3Error: it is another one than that of the run.
        """
        backbone = self._load(self._device)
        if backbone.fingerprint != self._fingerprint:
            raise G3Error(
                f"this worker's backbone is {backbone.fingerprint[:8]}, the run's "
                f"{self._fingerprint[:8]}: the machines have different weights or packages"
            )
        return backbone

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, list[str]]:
        """For Ray: blocks in, what became of them out, as JSON."""
        said = []
        for number in batch["block"].tolist():
            try:
                said.append(json.dumps(asdict(self.make(number))))
            except Exception as error:  # one sentence instead of Ray's pages
                _begun(self.folder, number).unlink(missing_ok=True)
                said.append(json.dumps({"failed": f"{type(error).__name__}: {error}",
                                        "block": number}))  # fmt: skip
        return {"said": said}

    def make(self, number: int) -> Block:
        """Encode a block and write its part; a part that is there is not made again.

        Raises:
            G3Error: workers died over this block again and again.
        """
        part, begun = _part(self.folder, number), _begun(self.folder, number)
        if part.is_file():  # made in this very task by a worker that was killed later
            return Block(**json.loads(pq.read_schema(part).metadata[b"block"]))
        before = json.loads(begun.read_text()) if begun.is_file() else None
        deaths = before["deaths"] + 1 if before else 0
        if deaths >= MOST_DEATHS:
            raise G3Error(
                f"{deaths} workers died while they made it: does a photo of it crash them, or is "
                "memory short"
            )
        backbone, start = self.backbone, time.time()
        write_json(begun, {"worker": os.getpid(), "start": start, "deaths": deaths})
        photos, hashes = self.plan.block(number), {}

        def read(img_id: str) -> bytes:
            data = photos.source(img_id)
            hashes[img_id] = hashlib.sha256(data).hexdigest()
            return data

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "skipped", UserWarning)  # the part says it
            features = backbone.image_features(
                PhotoSet(photos.name, photos.table, read), self.batch_size, on_error="skip",
                cache=False, workers=1, progress=False, normalize=False,
            )  # fmt: skip
        table = _table(photos.table, features, hashes, backbone.dim)
        lost = {} if before is None else {
            "lost": True, "lost_worker": before["worker"], "lost_start": before["start"],
        }  # fmt: skip
        with_vector, damaged = len(features.ids), len(features.skipped)
        block = Block(number, with_vector, damaged, os.getpid(), start, time.time(), **lost)
        with replacing(part) as path:
            about = {"block": json.dumps(asdict(block))}
            pq.write_table(table.replace_schema_metadata(about), path)
        begun.unlink(missing_ok=True)
        return block


def _table(table: pd.DataFrame, features: Any, hashes: dict[str, str], dim: int) -> pa.Table:
    """A part: a row per photo of the block, in its order."""
    row_of = {img_id: row for row, img_id in enumerate(features.ids)}
    rows = np.array([row_of.get(img_id, -1) for img_id in table["IMG_ID"]])
    with np.errstate(over="ignore"):
        vectors = np.append(features.vectors, np.zeros((1, dim), np.float32), 0).astype(np.float16)
    if not np.isfinite(vectors).all():
        raise G3Error("a feature is larger than float16 can hold (65,504)")
    vector = pa.FixedSizeListArray.from_arrays(
        pa.array(vectors[rows].ravel()), dim, mask=pa.array(rows < 0)
    )
    ids = table["IMG_ID"].tolist()
    return pa.table(
        {
            "IMG_ID": ids, "LAT": table["LAT"].to_numpy(), "LON": table["LON"].to_numpy(),
            "vector": vector,
            "sha256": pa.array([hashes.get(img_id) for img_id in ids], pa.string()),
            "error": pa.array([features.skipped.get(img_id) for img_id in ids], pa.string()),
        }
    )  # fmt: skip


# ------------------------------------------------------------------------------------------ Ray


def _blocks(
    todo: list[int], encoder: dict[str, Any], address: str | None, workers: int, gpu: bool
) -> Iterator[Block]:
    """The blocks, in the order in which workers end them."""
    with _cluster(address, workers) as ray:
        numbers = ray.data.from_items(
            [{"block": number} for number in todo],
            override_num_blocks=min(len(todo), MOST_TASKS),
        )
        made = numbers.map_batches(
            Encoder, fn_constructor_kwargs=encoder, batch_size=1, num_cpus=1,
            num_gpus=1 if gpu else None, compute=ray.data.ActorPoolStrategy(size=workers),
        )  # fmt: skip
        try:
            for row in made.iter_rows():
                said = json.loads(row["said"])
                if "failed" in said:
                    raise G3Error(
                        f"block {said['block']} could not be made, {said['failed']}. What is done "
                        "is kept: mend that and call again"
                    )
                yield Block(**said)
        except ray.exceptions.RayError as error:
            said = f"{error.__cause__ or error}".strip() or type(error).__name__
            reason = said.splitlines()[-1]
            raise G3Error(f"Ray gave up: {reason}. What is done is kept; call again") from error


@contextmanager
def _cluster(address: str | None, workers: int) -> Iterator[Any]:
    """Ray, on a cluster that exists or on one of this machine, which ends with the call."""
    before = {name: os.environ.get(name) for name in _SETTINGS}
    os.environ.update(_SETTINGS)
    try:
        try:
            import ray
            import ray.data
        except ImportError as error:
            raise G3Error(
                'Ray is not installed: pip install -e ".[scaling]" brings it (275 MB)'
            ) from error
        if ray.is_initialized():
            raise G3Error("Ray runs in this process already: call ray.shutdown() first")
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        _check_address(address)
        # One core more than workers, for Ray's own small tasks.
        own = {} if address else {"num_cpus": workers + 1, "include_dashboard": False,
                                  "object_store_memory": 100_000_000}  # fmt: skip
        for again in (False, True):  # on a busy machine Ray gives its own start up after 30 s
            try:
                with _no_stderr():
                    ray.init(
                        address or "local", log_to_driver=False, logging_level=logging.ERROR, **own
                    )
                break
            except Exception as error:  # where a start takes too long Ray raises just that
                ray.shutdown()
                if again or address:
                    way_out = "Does `ray status` answer there?" if address else "Is it busy?"
                    raise G3Error(
                        f"Ray cannot be had at {address or 'this machine'}: {error} {way_out}"
                    ) from error
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        try:
            yield ray
        finally:
            ray.shutdown()
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _check_address(address: str | None) -> None:
    """Refuse an address where nothing listens; Ray would try it for minutes."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if not (host and port.isdigit()):
        return  # "auto", or this machine
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        raise G3Error(f"Ray cannot be had at {address}: {error}. Does it run there?") from error


@contextmanager
def _no_stderr() -> Iterator[None]:
    """Without what Ray's own programs write while they start; errors are raised all the same."""
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


# ---------------------------------------------------------------------------------- reading


def parts(folder: str | Path) -> Iterator[pa.Table]:
    """The parts of a finished run, in the order of the photos.

    Raises:
        G3Error: there is no run, or not all of its parts are there.
    """
    folder = Path(folder)
    if not (folder / RUN).is_file():
        raise G3Error(f"{folder} holds no {RUN}: g3lite embed makes such a folder")
    numbers = range(len(Plan(folder)))
    absent = [number for number in numbers if not _part(folder, number).is_file()]
    if absent:
        raise G3Error(
            f"{folder} lacks {len(absent):,} of {len(numbers):,} parts, the first is "
            f"{_part(folder, absent[0]).name}; call g3lite embed again, it goes on"
        )
    for number in numbers:
        yield _read(_part(folder, number))


def to_features(folder: str | Path, out: str | Path) -> FeatureFolder:
    """Join the parts into a folder of features (`datasets.featurefolder`).

    Photos without a vector, or without a place, are left out. Vectors go from disk to disk, part by
    part; the table of all photos is held in memory once.

    Raises:
        G3Error: the run is not finished, or no photo has both.
    """
    folder, out = Path(folder), Path(out)
    about = read_json(folder / RUN, "call g3lite embed again", ("backbone", "plan"))
    plan, kept = Plan(folder), []
    for number, part in enumerate(parts(folder)):
        table = plan.block(number).table
        placed = table["LAT"].notna() & table["LON"].notna()
        sha256 = part["sha256"].to_pandas().astype("string")
        chosen = placed & part["vector"].is_valid().to_pandas()
        kept.append(table.assign(sha256=sha256)[chosen])
    rows_of = [part.index.to_numpy() for part in kept]
    table = pd.concat(kept, ignore_index=True)
    if table.empty:
        raise G3Error(f"no photo of {folder} has both a vector and a place")
    out.mkdir(parents=True, exist_ok=True)
    d, row = about["backbone"]["dimensions"], 0
    with replacing(out / featurefolder.FEATURES) as path:
        made = np.lib.format.open_memmap(path, "w+", np.float16, (len(table), d))
        for rows, part in zip(rows_of, parts(folder), strict=True):
            vectors = part["vector"].take(pa.array(rows)).combine_chunks()
            made[row : row + len(rows)] = vectors.flatten().to_numpy().reshape(-1, d)
            row += len(rows)
        made.flush()
    backbone = about["backbone"]["name"], about["backbone"]["sha256"]
    return featurefolder.write(out, table, None, backbone, kind=own.KIND, left_out={})
