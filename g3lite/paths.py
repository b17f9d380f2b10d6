"""Files and folders: the shipped data, the cache, hashes, and writing all or nothing."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from g3lite import G3Error

MANIFEST = "manifest.json"
_RESTORE = "restore it: git checkout -- data (in a clone), or install g3lite again"


class ArtefactError(G3Error):
    """The shipped data and its manifest cannot be used as they are."""


def data_dir() -> Path:
    """Return the folder of the shipped data: inside an installed package, else the repository's."""
    package = Path(__file__).resolve().parent
    for folder in (package / "data", package.parent / "data"):
        if folder.is_dir():
            return folder
    raise ArtefactError(f"no data folder in {package} or beside it; reinstall g3lite")


def cache_dir() -> Path:
    """Return the folder for files that can be made again: G3LITE_CACHE, else the user's cache."""
    from platformdirs import user_cache_path

    chosen = os.environ.get("G3LITE_CACHE")
    folder = Path(chosen) if chosen else user_cache_path("g3lite", appauthor=False)
    return made_folder(folder, "G3LITE_CACHE")


def made_folder(folder: Path, variable: str) -> Path:
    """Return a folder, made if there is none, that an environment variable may choose.

    Raises:
        G3Error: it cannot be made; the message names the variable.
    """
    try:
        folder = folder.expanduser()
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: ~somebody who is not known
        reason = getattr(error, "strerror", None) or error
        raise G3Error(
            f"the folder {folder} cannot be made ({reason}); name another one in the environment "
            f"variable {variable}"
        ) from error
    return folder


def sha256_file(path: str | Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def shipped(name: str) -> Path:
    """Return the path of a shipped file, or folder, after comparing it with the manifest.

    A file is read for this once in a process, and again only if its size or time changed. A
    builder reads what it has just written by its own path: the manifest knows of it later.

    Args:
        name: relative to the data folder, such as "miniearth/photos.tar"; of a folder ("miniclip")
            all files that the manifest lists are compared.

    Raises:
        ArtefactError: a file is missing or changed, or the manifest lists none of that name.
    """
    folder = data_dir()
    path = folder / MANIFEST
    if not path.is_file():
        raise ArtefactError(f"{path} is missing, {_RESTORE}")
    listed = {
        file: (artefact, sha256)
        for file, (artefact, sha256) in _listed(path, *_stamp(path)).items()
        if file == name or file.startswith(f"{name}/")
    }
    if not listed:
        raise ArtefactError(f"{path} lists no file {name}; there is nothing to compare it with")
    for file, (artefact, sha256) in listed.items():
        if not (folder / file).is_file():
            raise ArtefactError(f"{folder / file} is missing, {_RESTORE}")
        try:
            digest = _digest(folder / file, *_stamp(folder / file))
        except OSError as error:
            raise ArtefactError(f"{folder / file} cannot be read: {error.strerror}") from error
        if digest != sha256:
            raise ArtefactError(
                f"{folder / file} is damaged or was changed (its SHA-256 is not that of "
                f"{MANIFEST}), {_RESTORE}; if you changed it on purpose: g3lite dev artefacts "
                f"record {artefact}"
            )
    return folder / name


def _stamp(path: Path) -> tuple[int, int]:
    """Size and time of a file: as long as they stay, so does its content."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


@cache
def _digest(path: Path, size: int, time: int) -> str:
    return sha256_file(path)


@lru_cache(maxsize=1)
def _listed(path: Path, size: int, time: int) -> dict[str, tuple[str, str]]:
    """File -> its artefact and SHA-256, as the manifest at `path` has them."""
    entries = _read_manifest(path.parent).items()
    return {file: (name, of) for name, entry in entries for file, of in entry["files"].items()}


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["artefacts"]
        return {
            name: {"inputs": dict(entry["inputs"]), "files": dict(entry["files"])}
            for name, entry in entries.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtefactError(f"{path} cannot be read ({error}); {_RESTORE}") from error


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Write a file whole or not at all: ``with replacing(path) as part: part.write_bytes(data)``.

    `part` lies beside `path` and takes its place at the end, in one step. If that is not reached,
    `path` stays as it was. Several processes may write the same file: the last one wins. Nobody
    knows the name of `part` before, so nobody can have put a link there that leads elsewhere.
    """
    path = Path(path)
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
    try:
        yield part
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_json(path: str | Path, content: dict[str, Any]) -> None:
    """Write or replace a JSON file in one step."""
    with replacing(path) as part:
        part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
