"""Pictures in archives, read where they lie: nothing is ever extracted.

The name of a member is only a name here, never a path, so that an archive cannot write anywhere.
"""

from __future__ import annotations

import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal

from g3lite import G3Error
from g3lite.paths import replacing
from g3lite.support.images import MAX_BYTES
from g3lite.support.tars import read_place, tar_places

_DAMAGED = (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError)
"""What zipfile raises on damaged data, whatever it takes it for."""


class ArchiveError(G3Error):
    """An archive that is damaged."""


@dataclass(frozen=True)
class Member:
    """A picture in an archive.

    Attributes:
        name: its file name, without folders.
        size: bytes.
        read: gives them, while the iteration lasts; raises ArchiveError if they are damaged.
        end: where to go on after it (see `members`).
        offset: where its bytes begin in the stream; None in a zip, where they may be packed.
    """

    name: str
    size: int
    read: Callable[[], bytes]
    end: int
    offset: int | None = None


def members(stream: BinaryIO, form: Literal["tar", "zip"], start: int = 0) -> Iterator[Member]:
    """The files of an uncompressed tar or of a zip, in the order in which they lie there.

    Args:
        stream: the archive; only what is looked at is read.
        form: its kind.
        start: 0, or the `end` of a member, to go on after it.

    Raises:
        ArchiveError: it is no such archive, or damaged there.
    """
    try:
        yield from _tar(stream, start) if form == "tar" else _zip(stream, start)
    except (tarfile.TarError, *_DAMAGED) as error:
        raise ArchiveError(f"the {form} archive is damaged: {error}") from error


def _tar(stream: BinaryIO, start: int) -> Iterator[Member]:
    stream.seek(start)
    archive = tarfile.open(fileobj=stream, mode="r:")
    while (info := archive.next()) is not None:
        archive.members = []  # else it remembers every member of millions
        if info.isfile() and info.size <= MAX_BYTES:
            name = PurePosixPath(info.name).name
            end, offset = archive.offset, info.offset_data
            yield Member(name, info.size, lambda i=info: _cut(stream, i), end, offset)
    # A damaged header ends a tarfile as its proper end does, which is a block of zeros; and a tar
    # that was cut off between two files ends without one.
    stream.seek(archive.offset)
    last = stream.read(tarfile.BLOCKSIZE)
    if len(last) < tarfile.BLOCKSIZE or any(last):
        raise tarfile.ReadError(f"no header at byte {archive.offset:,}; it is cut off or damaged")


def _cut(stream: BinaryIO, info: tarfile.TarInfo) -> bytes:
    stream.seek(info.offset_data)
    data = stream.read(info.size)
    if len(data) != info.size:
        raise ArchiveError(f"the archive ends within {info.name}")
    return data


def _zip(stream: BinaryIO, start: int) -> Iterator[Member]:
    with zipfile.ZipFile(stream) as archive:
        infos = [i for i in archive.infolist() if not i.is_dir() and i.file_size <= MAX_BYTES]
        infos.sort(key=lambda info: info.header_offset)
        for number, info in enumerate(infos[start:], start + 1):
            name = PurePosixPath(info.filename).name
            yield Member(name, info.file_size, lambda i=info: _unpack(archive, i), number)


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(info) as file:
            return file.read(info.file_size)  # without a number it unpacks beyond what was claimed
    except (zlib.error, lzma.LZMAError, OSError, RuntimeError, *_DAMAGED) as error:
        raise ArchiveError(f"{info.filename} is damaged: {error}") from error


class TarPictures:
    """The pictures of uncompressed tars, by name: a source for a `PhotoSet`."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = list(paths)
        self._places: dict[str, tuple[Path, int, int]] = {}

    def __call__(self, name: str) -> bytes:
        """The bytes of a picture. Raises FileNotFoundError if there is none of this name."""
        if not self._places:
            places = {}  # threads must not see the half of it
            for path in self.paths:
                places |= {member: (path, *place) for member, place in tar_places(path).items()}
            self._places = places
        if name not in self._places:
            raise FileNotFoundError(name)
        return read_place(*self._places[name])


def write_tar(path: Path, pictures: Iterator[tuple[str, bytes]]) -> None:
    """Write an uncompressed tar of (name, bytes); it has its name only when it is complete."""
    with replacing(path) as part, tarfile.open(part, "w") as tar:
        for name, data in pictures:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
