"""Getting real photos: which data sets there are, where they come from and under what terms.

Two kinds. Of a *collection* the first n photos are fetched from the hub: MP16-Pro, the gallery of
the paper, which is gated, and OSV-5M, which is not. The photos of a *benchmark* (IM2GPS3K, YFCC4K)
have no dependable host: you get them once, and name their folder; only the table is fetched.

Figures are marked: "published" ones are the authors' or the hub's, and were not measured by us.
"""

from __future__ import annotations

import io
import math
import os
import shutil
import tempfile
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import pandas as pd

from g3lite.datasets import tables
from g3lite.datasets.archives import ArchiveError, Member, TarPictures, members, write_tar
from g3lite.datasets.folder import load_folder
from g3lite.downloads import hub
from g3lite.downloads.hub import DownloadError, Repo
from g3lite.paths import cache_dir, made_folder, write_json
from g3lite.photos import NotThere, PhotoSet, conform
from g3lite.support.images import find_pictures, is_picture
from g3lite.support.records import read_json

VARIABLE = "G3LITE_PHOTOS"
_STATE = ("commit", "shards", "ended")  # what state.json of a collection says
SHARD = 1_000
"""Photos per file on disk: what is lost at most when a download is interrupted."""


@dataclass(frozen=True)
class Benchmark:
    """Queries with known positions.

    Attributes:
        photos: how many (published).
        table: file name of its table.
        where: where people get the photos.
    """

    photos: int
    table: str
    where: str


@dataclass(frozen=True)
class Collection:
    """Photos in an archive on the hub.

    Attributes:
        repo: where.
        table: its table, which is fetched whole.
        pieces: the archive, cut into these files.
        form: what the archive is.
        photos: how many it holds (published).
        photo_bytes: mean size of a photo, from published figures: for the size that is announced.
        min_bytes: smaller pictures are left out.
        terms: licence, and what one must do.
    """

    repo: Repo
    table: str
    pieces: tuple[str, ...]
    form: Literal["tar", "zip"]
    photos: int
    photo_bytes: int
    min_bytes: int
    terms: str


_OFFICIAL = "https://github.com/Applied-Machine-Learning-Lab/G3"

BENCHMARKS = {
    "im2gps3k": Benchmark(
        photos=2_997,
        table="im2gps3k_places365.csv",
        where="im2gps3ktest.zip, http://www.mediafire.com/file/7ht7sn78q27o9we/im2gps3ktest.zip "
        f"as {_OFFICIAL} names it",
    ),
    "yfcc4k": Benchmark(  # most likely 168 of its photos are a placeholder
        photos=4_536,
        table="yfcc4k_places365.csv",
        where="yfcc4k.zip, http://www.mediafire.com/file/3og8y3o6c9de3ye/yfcc4k.zip "
        f"as {_OFFICIAL} names it",
    ),
}

COLLECTIONS = {
    "mp16-pro": Collection(
        repo=Repo("Jia-py/MP16-Pro"),
        table="metadata/MP16_Pro_filtered.csv",
        pieces=tuple(f"mp-16-images{k:02d}" for k in range(19)),
        form="tar",
        photos=4_122_119,
        photo_bytes=90_000,  # published: 369 GB, over the photos of the table
        min_bytes=5_121,  # as the official code: up to 5 KB it is no photo
        terms="gated: academic use under its authors' terms; photos from Flickr, by many people",
    ),
    "osv5m": Collection(
        repo=Repo("osv5m/osv5m"),
        table="test.csv",
        pieces=("images/test/00.zip",),  # of five; 98 more are for training
        form="zip",
        photos=42_000,  # a fifth of 210,122, published; not measured
        photo_bytes=51_000,  # published: 2.5 GB for 50,000 pictures of a training shard
        min_bytes=0,
        terms="CC BY-SA 4.0, from Mapillary: name the photographer (AUTHOR) when you show a photo",
    ),
}

# TIB Hannover's table, in the version that put LAT and LON right. Hash and size: taken by us from
# that commit of the repository. The version before it, with the headers exchanged, has
# accdad89cb043f11e7b338a86c7796f9ae5a36597edf6e41010ac5c64c87ff0e.
IM2GPS3K_TABLE = (
    "https://raw.githubusercontent.com/TIBHannover/GeoEstimation/"
    "5e091c0c5a73886635ddb10a870ff5c4907cfd0c/meta/im2gps3k_places365.csv",
    "0f243d1e23cbb4ab8f0a83fa045ebae642dac2458fb94a1540db6f5f5588031d",
    435_645,
)
# Where G3's authors say they put it (not seen by us); its hash is recorded at first download.
G3_CHECKPOINT = Repo("Jia-py/G3-checkpoint", "model")


def photos_dir() -> Path:
    """The folder of real photos: G3LITE_PHOTOS, else `photos` in the cache folder."""
    chosen = os.environ.get(VARIABLE)
    return made_folder(Path(chosen) if chosen else cache_dir() / "photos", VARIABLE)


def benchmark(
    name: str, folder: str | Path | None = None, *, missing: Literal["keep", "drop"] = "keep"
) -> PhotoSet:
    """The queries of a benchmark, whose photos lie anywhere in a folder.

    The table is the one in that folder, or beside it; else it is fetched.

    Args:
        name: a key of `BENCHMARKS`.
        folder: by default the folder of this name in `photos_dir()`.
        missing: as for `load_folder`.

    Raises:
        NotThere: there is no such folder, or no picture in it; the message says where to get them.
        DownloadError: the table could not be fetched.
        TableError: the table is not as it should be.
    """
    known = BENCHMARKS[name]
    folder = Path(folder) if folder else photos_dir() / name
    most = Counter(path.parent for path in find_pictures(folder)).most_common(1)
    if not most:
        raise NotThere(
            f"none of the {known.photos:,} photos of {name} in {folder}. Their hosts come and go: "
            f"get {known.where} (not checked by us), unpack it and name the folder: "
            f"load_photos({name!r}, folder=...)"
        )
    beside = [path for path in (folder / known.table, folder.parent / known.table) if path.exists()]
    table = beside[0] if beside else _benchmark_table(name)
    return load_folder(table, most[0][0], name=name, missing=missing)


def _benchmark_table(name: str) -> Path:
    if name == "im2gps3k":
        return hub.web_file(*IM2GPS3K_TABLE, folder=photos_dir() / "tables")
    return hub.file(G3_CHECKPOINT, hub.find(G3_CHECKPOINT, BENCHMARKS[name].table))


def unpack(archive: str | Path, name: str, folder: str | Path | None = None) -> Path:
    """Unpack the pictures of a benchmark, and its table if it is there; the folder they are in.

    What is unpacked already is left as it is.

    Args:
        archive: a zip.
        name: a key of `BENCHMARKS`.
        folder: where to; by default the folder of this name in `photos_dir()`.

    Raises:
        NotThere: there is no such file, it is no zip, or no picture is in it.
        DownloadError: there is no room for it.
    """
    archive = Path(archive).expanduser()
    folder = Path(folder) if folder else photos_dir() / name
    if find_pictures(folder):
        return folder
    if not archive.is_file():
        raise NotThere(
            f"there is no file {archive}: upload it (on Colab with the folder button at the left), "
            f"or name where it is. It is {BENCHMARKS[name].where}"
        )
    try:
        with zipfile.ZipFile(archive) as packed:
            wanted = [one for one in packed.infolist() if _of_benchmark(one.filename, name)]
            if not any(is_picture(one.filename) for one in wanted):
                raise NotThere(
                    f"no picture is in {archive}, which holds {_first(packed.namelist())}: it is "
                    f"not the zip of {name}"
                )
            folder.parent.mkdir(parents=True, exist_ok=True)
            size = sum(one.file_size for one in wanted)
            hub.check_size(f"what is in {archive}", size, folder.parent, math.inf)
            with tempfile.TemporaryDirectory(dir=folder.parent) as part:
                packed.extractall(part, wanted)  # which leaves "..", "/" and drives out of names
                shutil.copytree(part, folder, dirs_exist_ok=True, copy_function=shutil.move)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error) as error:
        raise NotThere(f"{archive} is no zip that can be read ({error}): get it again") from error
    return folder


def _of_benchmark(filename: str, name: str) -> bool:
    """Whether a member of a zip is a picture or the table; not what a Mac adds to it."""
    path = PurePosixPath(filename)
    listed = is_picture(path.name) or path.name == BENCHMARKS[name].table
    return listed and "__MACOSX" not in path.parts and not path.name.startswith(".")


def _first(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "") if names else "nothing"


def on_disk(name: str) -> PhotoSet | None:
    """The photos of a collection that were fetched before; None if there are none."""
    folder = photos_dir() / name
    state = _intact(folder)
    have = sum(shard["photos"] for shard in state["shards"])
    return collection(name, have) if have else None


def collection(name: str, n: int | None, *, max_gb: float = 1.0) -> PhotoSet:
    """The first `n` photos of a collection that are in its table, fetched if they are not there.

    They come in the order of the archive, by reading parts of it, and are kept in `photos_dir()` in
    tars of `SHARD` photos, each with its table: a call that was interrupted, or that asks for more,
    goes on after the last complete one. Left out are photos without a row in the table (or without
    a possible position there), pictures that are too small to be one, and damaged ones.

    Args:
        name: a key of `COLLECTIONS`.
        n: how many; all there are would be too much to take by accident.
        max_gb: nothing larger is fetched (10^9 bytes).

    Their terms are told in a warning.

    Raises:
        DownloadError: they could not be had, or are larger than `max_gb`; the message says what to
            do.
    """
    if n is None or n < 1:
        photos = COLLECTIONS[name].photos
        raise DownloadError(
            f"{name} holds {photos:,} photos: say how many, load_photos({name!r}, 20_000)"
        )
    from filelock import FileLock

    folder = made_folder(photos_dir() / name, VARIABLE)
    with FileLock(folder / ".lock"):
        state = _intact(folder)
        have = sum(shard["photos"] for shard in state["shards"])
        if have < n and not state["ended"]:
            _extend(name, folder, state, n - have, max_gb)
    table = _rows(folder, state).head(n)
    if len(table) < n:
        warnings.warn(f"{name} has {len(table):,} photos, not {n:,}", stacklevel=2)
    source = TarPictures([folder / f"{k:04d}.tar" for k in range(len(state["shards"]))])
    return PhotoSet(name, table, source, version=f"{name}-{state['commit']}")


def _intact(folder: Path) -> dict[str, Any]:
    """What of a collection is on disk and whole: its first shards, up to one that is not."""
    path = folder / "state.json"
    if not path.exists():
        return {"commit": None, "shards": [], "ended": False}
    state = read_json(path, f"delete {folder}, to fetch its photos again", _STATE)
    for k, shard in enumerate(state["shards"]):
        tar, rows = folder / f"{k:04d}.tar", folder / f"{k:04d}.parquet"
        if not (rows.exists() and tar.exists() and tar.stat().st_size == shard["bytes"]):
            return state | {"shards": state["shards"][:k], "ended": False}
    return state


def _rows(folder: Path, state: dict[str, Any]) -> pd.DataFrame:
    """The table of the photos that are on disk."""
    parts = []
    for k in range(len(state["shards"])):
        path = folder / f"{k:04d}.parquet"
        try:
            parts.append(pd.read_parquet(path))
        except (OSError, ValueError) as error:  # pyarrow's own errors are of these kinds
            raise DownloadError(
                f"{path} is damaged; delete it, to fetch its photos again"
            ) from error
    return pd.concat(parts, ignore_index=True) if parts else conform(pd.DataFrame())


def _extend(name: str, folder: Path, state: dict[str, Any], more: int, max_gb: float) -> None:
    """Fetch the next photos of a collection, shard by shard; `state` grows with them."""
    from tqdm.auto import tqdm

    known = COLLECTIONS[name]
    warnings.warn(f"{name}: {known.terms}", stacklevel=5)
    commit = state["commit"] or hub.metadata(known.repo, known.pieces[0]).commit_hash
    state["commit"] = commit
    hub.check_size(
        f"{more:,} photos of {name} (estimated)", more * known.photo_bytes, folder, max_gb
    )
    table = tables.read(hub.file(known.repo, known.table, max_gb=max_gb), on_bad="skip")
    table = table.set_index("IMG_ID", drop=False)
    start = state["shards"][-1]["end"] if state["shards"] else 0
    had = set(_rows(folder, state)["IMG_ID"])
    left_out: Counter[str] = Counter()
    with (
        hub.explained(known.repo, "the archive"),
        io.BufferedReader(hub.Stream(known.repo, known.pieces, commit), hub.BLOCK) as stream,
        tqdm(total=more, desc=f"fetch {name}", unit="photo") as bar,
    ):
        found = members(stream, known.form, start)
        photos = _photos(found, table.index, had, known.min_bytes, left_out)
        while more and not state["ended"]:
            wanted = min(SHARD, more)
            tar = folder / f"{len(state['shards']):04d}.tar"
            taken: list[Member] = []
            write_tar(tar, _noting(islice(photos, wanted), taken, bar))
            if taken:
                rows = table.loc[[member.name for member in taken]]
                rows.to_parquet(tar.with_suffix(".parquet"), index=False)
                shard = {"photos": len(taken), "bytes": tar.stat().st_size, "end": taken[-1].end}
                state["shards"].append(shard)
            else:
                tar.unlink()
            state["ended"] = len(taken) < wanted
            write_json(folder / "state.json", state)
            more -= len(taken)
    if left_out:
        counts = ", ".join(f"{count:,} {reason}" for reason, count in left_out.items())
        warnings.warn(f"{name}: pictures left out: {counts}", stacklevel=4)


def _photos(
    found: Iterator[Member], ids: pd.Index, had: set[str], min_bytes: int, left_out: Counter[str]
) -> Iterator[tuple[Member, bytes]]:
    """The members that are photos of the table, with their bytes; what is left out is counted."""
    for member in found:
        if not is_picture(member.name):
            continue
        if member.name not in ids:
            left_out["without a row in the table"] += 1
        elif member.name in had:
            left_out["of a name that came before"] += 1
        elif member.size < min_bytes:
            left_out[f"below {min_bytes:,} bytes"] += 1
        else:
            try:
                data = member.read()
            except ArchiveError:
                left_out["damaged"] += 1
                continue
            had.add(member.name)
            yield member, data


def _noting(
    photos: Iterator[tuple[Member, bytes]], taken: list[Member], bar: Any
) -> Iterator[tuple[str, bytes]]:
    """The photos for a tar; what goes into it is noted in `taken`."""
    for member, data in photos:
        yield member.name, data
        taken.append(member)
        bar.update()
