"""The list of photos that are to be embedded, on disk, block by block.

    write(photos_of("mp16-tars", "places.csv"), "out", block=512)    # out/plan.parquet

A plan says of every photo who it is, where it was taken and where its bytes lie: a file, or a
place in an archive. It is written and read one block at a time, so that neither who writes it nor a
worker ever holds the whole list. Archives are read where they lie, and may be cut into pieces:
``x.tar.000``, ``x.tar.001``, ... are one tar.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from g3lite import G3Error
from g3lite.datasets import tables
from g3lite.datasets.archives import ArchiveError, members
from g3lite.datasets.folder import load_folder
from g3lite.paths import replacing
from g3lite.photos import SCHEMA, NotThere, PhotoSet, conform
from g3lite.support.images import MAX_BYTES, find_pictures, is_picture, read_bytes

PLAN = "plan.parquet"
_CHUNK = 4096  # photos that are listed at a time
_PIECE = re.compile(r"\d+$")
_TYPES = {"string": pa.string(), "float64": pa.float64(), "Int64": pa.int64()}
_SCHEMA = pa.schema(
    [(name, _TYPES[dtype]) for name, dtype in SCHEMA.items()]
    + [("path", pa.string()), ("offset", pa.int64()), ("size", pa.int64())]
)


@dataclass(frozen=True)
class Photos:
    """Photos to be listed, and a way to read those that lie in no file.

    Attributes:
        name: for messages.
        tables: gives the list in parts: the columns of `photos.SCHEMA`, and `path` (a file, or the
            first piece of an archive), `offset` and `size` in bytes (NA: the whole file).
        source: maps an IMG_ID to the bytes of a picture where `path` is NA.
    """

    name: str
    tables: Callable[[], Iterable[pd.DataFrame]]
    source: Callable[[str], bytes] | None = field(default=None, repr=False)


# ------------------------------------------------------------------------------------ listing


def photos_of(what: PhotoSet | str | Path, table: str | Path | None = None) -> Photos:
    """Photos of a set, a folder of pictures, or a folder of tar archives.

    Args:
        what: a photo set; or a folder that holds pictures, or tars, whole (``.tar``) or in pieces
            (``.tar.000``, or numbered without an ending, as ``mp-16-images00``).
        table: CSV that says where they were taken, with IMG_ID, AUTHOR, LAT and LON; of an
            archive's member IMG_ID is its file name. What it lacks of an archive is listed without
            a place, what it lacks of a folder of pictures is left out. It is held in memory.

    Raises:
        NotThere: there is no such folder, or neither a picture nor an archive in it.
        G3Error: the folder holds both, or pieces of a tar without the first.
    """
    if isinstance(what, PhotoSet):
        return Photos(what.name, lambda: _chunks(what.table), what.source)
    folder = Path(what)
    if not os.path.isdir(folder):
        raise NotThere(f"there is no folder {folder}")
    archives = _archives(folder)
    if archives and any(is_picture(path.name) for path in folder.iterdir()):
        raise G3Error(f"{folder} holds pictures and tar archives: part them into two folders")
    if archives:
        return Photos(folder.name, lambda: _in_tars(archives, table))
    if table is not None:
        photos = load_folder(table, folder, missing="drop")
        return Photos(folder.name, lambda: _chunks(photos.table), photos.source)
    files = find_pictures(folder)
    if not files:
        raise NotThere(f"there is neither a picture nor a tar archive in {folder}")
    odd = {_name(folder, file): file for file in files if not _writable(file)}
    return Photos(folder.name, lambda: _in_files(folder, files), lambda name: read_bytes(odd[name]))


def _chunks(table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for start in range(0, len(table), _CHUNK):
        yield table.iloc[start : start + _CHUNK]


def _in_files(folder: Path, files: Sequence[Path]) -> Iterator[pd.DataFrame]:
    for start in range(0, len(files), _CHUNK):
        some = files[start : start + _CHUNK]
        yield pd.DataFrame(
            {
                "IMG_ID": [_name(folder, file) for file in some],
                "path": [str(file.resolve()) if _writable(file) else None for file in some],
                "size": [file.stat().st_size for file in some],
            }
        )


def _name(folder: Path, file: Path) -> str:
    return os.fsencode(file.relative_to(folder)).decode(errors="backslashreplace")


def _writable(file: Path) -> bool:
    """Whether the path can stand in a table: some are no UTF-8."""
    try:
        str(file.resolve()).encode()
    except UnicodeEncodeError:
        return False
    return True


def _archives(folder: Path) -> list[list[Path]]:
    """The tars of a folder, each as its pieces in order."""
    tars = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix == ".tar")
    stems = sorted({_PIECE.sub("", p.name) for p in folder.iterdir() if _PIECE.search(p.name)})
    split = [pieces for stem in stems if (pieces := _numbered(folder, stem))]
    for first, *_ in split:
        if _PIECE.sub("", first.name).endswith(".tar.") and not tarfile.is_tarfile(first):
            raise G3Error(f"{first} does not begin a tar: is the piece before it missing?")
    return [[tar] for tar in tars] + [found for found in split if tarfile.is_tarfile(found[0])]


def _numbered(folder: Path, stem: str) -> list[Path]:
    """The files that are called `stem` and a number, in the order of the numbers: 2 before 10."""
    found = {
        path: int(number[0]) for path in folder.iterdir()
        if (number := _PIECE.search(path.name)) and path.name[: number.start()] == stem
        and path.is_file()
    }  # fmt: skip
    return sorted(found, key=lambda path: (found[path], path.name))


def _in_tars(archives: list[list[Path]], table: str | Path | None) -> Iterator[pd.DataFrame]:
    places = None if table is None else tables.read(table).set_index("IMG_ID")
    for pieces in archives:
        rows = []
        for row in _members(pieces):
            rows.append((row[0], str(pieces[0].resolve()), *row[1:]))
            if len(rows) == _CHUNK:
                yield _placed(rows, places)
                rows = []
        if rows:
            yield _placed(rows, places)


def _members(pieces: list[Path]) -> Iterator[tuple[str, int, int]]:
    """Name, offset and size of the pictures of a tar."""
    end = 0
    with open_pieces(pieces) as stream:
        try:
            for member in members(stream, "tar"):
                end = member.end
                if is_picture(member.name):
                    yield member.name, member.offset, member.size
        except ArchiveError as error:
            raise G3Error(
                f"{pieces[0]}: {error}; fetch it again (a compressed tar is unpacked first)"
            ) from error
        stream.seek(end)
        while rest := stream.read(MAX_BYTES):
            if rest.strip(b"\0"):
                raise G3Error(
                    f"{pieces[0]} ends at byte {end:,}, and more follows. Numbered files are read "
                    "as pieces of one tar: give the ending .tar to those that are tars of their own"
                )


def _placed(rows: list[tuple], places: pd.DataFrame | None) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=["IMG_ID", "path", "offset", "size"])
    return found if places is None else found.join(places, on="IMG_ID")


# ------------------------------------------------------------------------------------ the plan


def write(photos: Photos, folder: Path, block: int) -> dict[str, object]:
    """Write the plan into a folder, in row groups of `block` photos.

    Returns:
        photos (their number), block, and sha256 of what the plan says.

    Raises:
        G3Error: there are no photos, or one has no IMG_ID. (One that occurs twice is found where
            the parts are joined, `embed.to_features`: here it would take all in memory.)
    """
    digest, waiting, written = hashlib.sha256(), [], 0
    with replacing(folder / PLAN) as part, pq.ParquetWriter(part, _SCHEMA) as writer:

        def flush(least: int) -> None:
            """Write row groups while at least so many photos wait."""
            nonlocal waiting, written
            while sum(map(len, waiting)) >= least:
                table = pd.concat(waiting, ignore_index=True)
                group, waiting = table[:block], [table[block:]]
                writer.write_table(pa.Table.from_pandas(group, _SCHEMA, preserve_index=False))
                written += len(group)

        for table in photos.tables():
            table = _conformed(table)
            digest.update(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes())
            waiting.append(table)
            flush(block)
        flush(1)
        if not written:
            raise G3Error(f"{photos.name} holds no photos")
    return {"photos": written, "block": block, "sha256": digest.hexdigest()}


def _conformed(table: pd.DataFrame) -> pd.DataFrame:
    table = conform(table)
    if table["IMG_ID"].isna().any():
        raise G3Error("a photo has no IMG_ID")
    for name, dtype in (("path", "string"), ("offset", "Int64"), ("size", "Int64")):
        values = table.get(name, pd.Series(pd.NA, index=table.index, dtype=dtype))
        table[name] = values.astype(dtype)
    return table[_SCHEMA.names]


class Plan:
    """A plan that was written; a block is read when it is asked for."""

    def __init__(self, folder: str | Path, source: Callable[[str], bytes] | None = None) -> None:
        self.folder, self.source = Path(folder), source
        try:
            self._file = pq.ParquetFile(self.folder / PLAN)
        except (OSError, pa.ArrowInvalid) as error:
            raise G3Error(
                f"{self.folder} lacks a list of photos that can be read: {error}. Remove the "
                "folder, or put its plan.parquet back"
            ) from error

    def __len__(self) -> int:
        """Blocks."""
        return self._file.num_row_groups

    def block(self, number: int) -> PhotoSet:
        """The photos of a block; `version` is empty, so nothing of them goes into the cache."""
        table = self._file.read_row_group(number).to_pandas()
        places = table.set_index("IMG_ID")[["path", "offset", "size"]]
        streams: dict[str, io.BufferedReader] = {}  # archives of the block that are open

        def read(img_id: str) -> bytes:
            path, offset, size = places.loc[img_id]
            if pd.isna(path):
                if self.source is None:
                    raise FileNotFoundError(img_id)
                return self.source(img_id)
            if pd.isna(offset):
                return read_bytes(Path(path))
            if path not in streams:
                streams[path] = open_pieces(_pieces(Path(path)))
            streams[path].seek(int(offset))
            data = streams[path].read(int(size))
            if len(data) != size:
                raise OSError(f"{path} ends within {img_id}")
            return data

        return PhotoSet(f"block {number}", table.drop(columns=["path", "offset", "size"]), read)


# -------------------------------------------------------------------------- archives in pieces


def _pieces(first: Path) -> list[Path]:
    """The pieces of the archive that begins with this file."""
    stem = _PIECE.sub("", first.name)
    if stem == first.name:
        return [first]
    return _numbered(first.parent, stem)


def open_pieces(paths: Sequence[Path]) -> io.BufferedReader:
    """Files as one stream, one after the other."""
    return io.BufferedReader(_Joined(paths))


class _Joined(io.RawIOBase):
    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths, self._place = list(paths), 0
        self._ends = [0]
        for path in self._paths:
            self._ends.append(self._ends[-1] + path.stat().st_size)
        self._open: tuple[int, io.FileIO] | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._ends[-1]}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: bytearray) -> int:
        if self._place >= self._ends[-1]:
            return 0
        number = next(n for n, end in enumerate(self._ends[1:]) if self._place < end)
        if self._open is None or self._open[0] != number:
            self._close()
            self._open = number, io.FileIO(self._paths[number])
        self._open[1].seek(self._place - self._ends[number])
        room = min(len(buffer), self._ends[number + 1] - self._place)
        count = self._open[1].readinto(memoryview(buffer)[:room])
        self._place += count
        return count

    def _close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def close(self) -> None:
        self._close()
        super().close()
