"""Galleries larger than memory: built from a stream of features, on the disk of one machine."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pandas as pd
from faiss.contrib.ondisk import merge_ondisk
from tqdm.auto import tqdm

from g3lite.index import Gallery, GalleryError, checked, commit
from g3lite.paths import replacing, write_json
from g3lite.scale import index_types
from g3lite.support.records import read_json

SLICE = 16_384
"""Vectors that are in memory at a time when an index is fed from disk."""


def build_in_shards(
    stream: Iterable[tuple[pd.DataFrame, np.ndarray]],
    folder: str | Path,
    model: str,
    kind: str = "exact",
    *,
    shard: int = 500_000,
    seed: int = 0,
    progress: bool = True,
) -> Gallery:
    """Build a gallery that need not fit into memory, in a folder.

    The vectors go to disk as they come. An exact gallery is ready then: it is the file of vectors.
    Other kinds are trained on a random sample of them and fed from disk: IVF in shards that FAISS
    merges on disk, any other as one index. So memory holds a batch and the photo table; the sample
    (65,536 vectors, or 64 per IVF list), then a shard's codes or all (`index_types.predict_bytes`).

    After an interruption call it again with the same arguments: batches on disk and finished shards
    are kept, and the gallery is the one that would have come out at once. A gallery that is in the
    folder already stays in use until the new one is complete.

    Args:
        stream: batches of (table, vectors), each as `Gallery.build` takes them; the same ones in
            the same order when a build goes on. If it can be indexed (a list, a torch Dataset) the
            ones on disk are not asked for again, else they are passed over.
        folder: where the gallery comes to be. One process may write there at a time.
        model: as for `Gallery.build`.
        kind, seed: as for `index_types.build`.
        shard: photos per shard of an IVF index.
        progress: show progress bars.

    Returns:
        The gallery, mapped from disk.

    Raises:
        ValueError: as for `Gallery.build`.
        GalleryError: the folder holds an unfinished build with other arguments.
    """
    if shard < 1:
        raise ValueError(f"shard = {shard} photos; choose at least 1")
    spool = _Spool(Path(folder), {"model": model, "kind": kind, "seed": seed, "shard": shard})
    spool.fill(stream, progress)
    if not spool.state["photos"]:
        spool.discard()
        raise ValueError("the stream held no photos")
    files = {"index": spool.index.name}
    if not spool.exact:
        files.update(_index_from_disk(spool, kind, shard, seed, progress))
    commit(spool.folder, spool.table(), spool.state["dimensions"], model, kind, files)
    shutil.rmtree(spool.work)
    return Gallery.load(folder, model, mmap=True, verify=False)


class _Spool:
    """The vectors and tables of an unfinished build, in its folder.

    `state.json` is replaced after every batch and counts the complete ones; what lies behind them
    in the file of vectors is cut off before it goes on.
    """

    def __init__(self, folder: Path, arguments: dict[str, Any]) -> None:
        self.folder, self.work = folder, folder / "building"
        self.work.mkdir(parents=True, exist_ok=True)
        self._path = self.work / "state.json"
        nothing = {"token": secrets.token_hex(4), "batches": 0, "photos": 0, "dimensions": 0}
        if not self._path.is_file():
            write_json(self._path, {**arguments, **nothing})
        self._again = f"delete {self.work} to begin again"
        self.state = read_json(self._path, self._again, (*arguments, *nothing))
        for name, value in arguments.items():
            if self.state[name] != value:
                raise GalleryError(
                    f"{self.work} holds an unfinished build with {name}={self.state[name]!r}, not "
                    f"{value!r}; go on with that, or {self._again}"
                )
        self.index = folder / f"index-{self.state['token']}.faiss"
        self.lists = folder / f"lists-{self.state['token']}.ivfdata"
        self.exact = index_types.factory(self.state["kind"], 1, 1) == "Flat"
        self.vectors = self.index if self.exact else self.work / "vectors.faiss"

    def discard(self) -> None:
        """Leave nothing of the build."""
        shutil.rmtree(self.work)
        self.index.unlink(missing_ok=True)

    def fill(self, stream: Iterable[tuple[pd.DataFrame, np.ndarray]], progress: bool) -> None:
        """Write what is not on disk yet."""
        state = self.state
        there = self.vectors.stat().st_size if self.vectors.is_file() else 0
        header = len(_flat_header(0, 1))
        done = header + 4 * state["photos"] * state["dimensions"]
        if state["photos"] and there < done:
            raise GalleryError(f"{self.vectors} is cut off; {self._again}")
        with (
            open(self.vectors, "r+b" if there else "w+b") as file,
            _bar("features", progress) as bar,
        ):
            file.truncate(done)
            file.seek(0, os.SEEK_END)
            known = set(self.table()["IMG_ID"])
            bar.update(len(known))
            for batch in _from(stream, state["batches"]):
                table, vectors = checked(*batch, state["dimensions"] or None)
                if not state["photos"]:  # a kind that cannot be made is found before hours of work
                    self._check_kind(vectors.shape[1])
                twice = known.intersection(table["IMG_ID"])
                if twice:
                    raise ValueError(
                        f"IMG_ID {min(twice)!r} of batch {state['batches']} was in an earlier one"
                    )
                known.update(table["IMG_ID"])
                vectors.tofile(file)
                file.flush()
                table.to_parquet(self._batch(state["batches"]))
                state["batches"] += 1
                state["photos"] += len(table)
                state["dimensions"] = vectors.shape[1]
                write_json(self._path, state)
                bar.update(len(table))
            file.seek(0)
            file.write(_flat_header(state["photos"], state["dimensions"]))

    def _check_kind(self, d: int) -> None:
        try:
            index_types.new_index(self.state["kind"], d, 10**6)
        except ValueError:
            self.discard()
            raise

    def table(self) -> pd.DataFrame:
        """The photos on disk."""
        try:
            tables = [pd.read_parquet(self._batch(i)) for i in range(self.state["batches"])]
        except (OSError, ValueError) as error:  # pyarrow's own errors are of these kinds
            raise GalleryError(
                f"a table in {self.work} is missing or damaged; {self._again}"
            ) from error
        return pd.concat(tables or [pd.DataFrame({"IMG_ID": []})], ignore_index=True)

    def read_index(self, path: Path) -> faiss.Index:
        """An index that an earlier call has written."""
        try:
            return faiss.read_index(str(path))
        except RuntimeError as error:
            raise GalleryError(f"{path} is damaged; {self._again}") from error

    def _batch(self, number: int) -> Path:
        return self.work / f"{number:06d}.parquet"


def _index_from_disk(
    spool: _Spool, kind: str, shard: int, seed: int, progress: bool
) -> dict[str, str]:
    """Write the index of the spooled vectors; the names of its files by role."""
    n, d = spool.state["photos"], spool.state["dimensions"]
    header = len(_flat_header(n, d))
    vectors = np.memmap(spool.vectors, np.float32, "r", header, shape=(n, d))
    trained, files = spool.work / "trained.faiss", {"index": spool.index.name}
    if not trained.is_file():
        index = index_types.new_index(kind, d, n)
        index_types.train(index, vectors, seed)
        _write(index, trained)
    index = spool.read_index(trained)
    ivf = index_types.inverted_file(index)
    with _bar(f"{kind} index", progress, n) as bar:
        if ivf and type(faiss.downcast_InvertedLists(ivf.invlists)) is faiss.ArrayInvertedLists:
            shards = [spool.work / f"shard-{start}.faiss" for start in range(0, n, shard)]
            for path, rows in zip(shards, _slices(0, n, shard), strict=True):
                if not path.is_file():
                    part = spool.read_index(trained)
                    for some in _slices(rows.start, rows.stop, SLICE):
                        part.add_with_ids(vectors[some], np.arange(some.start, some.stop))
                    _write(part, path)
                bar.update(rows.stop - rows.start)
            merge_ondisk(index, [str(path) for path in shards], str(spool.lists))
            files["lists"] = spool.lists.name
        else:
            for some in _slices(0, n, SLICE):
                index.add(vectors[some])
                bar.update(some.stop - some.start)
    faiss.write_index(index, str(spool.index))
    return files


def _flat_header(n: int, d: int) -> bytes:
    """How FAISS begins the file of an IndexFlatIP; its n vectors follow as they are.

    Its last 8 bytes are how many numbers follow. Written this way, the vectors need not be in
    memory.
    """
    index = faiss.IndexFlatIP(d)
    index.ntotal = n
    return faiss.serialize_index(index).tobytes()[:-8] + np.int64(n * d).tobytes()


def _write(index: faiss.Index, path: Path) -> None:
    with replacing(path) as part:
        faiss.write_index(index, str(part))


def _bar(name: str, progress: bool, total: int | None = None) -> tqdm:
    return tqdm(desc=name, total=total, unit="photo", disable=not progress)


def _slices(start: int, stop: int, size: int) -> Iterator[slice]:
    return (slice(first, min(first + size, stop)) for first in range(start, stop, size))


def _from(stream: Iterable, start: int) -> Iterator:
    if hasattr(stream, "__getitem__") and hasattr(stream, "__len__"):
        return (stream[i] for i in range(start, len(stream)))
    return (batch for number, batch in enumerate(stream) if number >= start)
