"""A cache for a class: filled once, read by all, so that not every student draws all pictures.

The teacher fills a folder that all can read. A student's own cache then gets links to what is in
it: what is there already is read, what a student makes beyond it goes into the own cache.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from g3lite import G3Error, __version__, paths
from g3lite.paths import write_json

MARK = "lab.json"
_CHANGING = (".sqlite",)  # files that are written to later: a student gets a copy


@contextmanager
def filling(folder: Path, profile: str) -> Iterator[None]:
    """Let everything within go to the cache `folder`, and open that to all readers at the end.

    Args:
        folder: made if there is none.
        profile: what the cache is filled for.
    """
    before = os.environ.get("G3LITE_CACHE")
    os.environ["G3LITE_CACHE"] = str(folder.resolve())  # for the kernels of the notebooks, too
    try:
        yield
    finally:
        if before is None:
            del os.environ["G3LITE_CACHE"]
        else:
            os.environ["G3LITE_CACHE"] = before
    for store in folder.glob("*.sqlite"):
        with closing(sqlite3.connect(store)) as connection:  # all in one file, without a log
            connection.execute("PRAGMA journal_mode = DELETE")
    write_json(folder / MARK, {"g3lite": __version__, "profile": profile})
    for path in (folder, *folder.rglob("*")):
        with suppress(OSError):  # somebody else's
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))


def use(folder: Path) -> tuple[int, int]:
    """Link the own cache to a filled folder; how many files were linked, and how many copied.

    What the own cache has already stays. Where links are not allowed, files are copied.

    Raises:
        G3Error: it is not such a folder, or is the own cache.
    """
    if not (folder / MARK).is_file():
        raise G3Error(f"{folder} was not filled for a class: g3lite teach cache fill {folder}")
    own = paths.cache_dir()
    if own.resolve() == folder.resolve():
        raise G3Error(f"{folder} is the cache in use; name another one in G3LITE_CACHE")
    linked = copied = 0
    for path in sorted(folder.resolve().rglob("*")):
        target = own / path.relative_to(folder.resolve())
        if path.name == MARK or path.suffix == ".lock" or not path.is_file():
            continue
        if target.is_symlink() and not target.exists():
            target.unlink()  # it led to a folder that is gone
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix not in _CHANGING and _link(path, target):
            linked += 1
            continue
        with paths.replacing(target) as part:
            shutil.copyfile(path, part)  # without its mode, which may forbid writing
        copied += 1
    return linked, copied


def _link(path: Path, target: Path) -> bool:
    try:
        target.symlink_to(path)
    except (OSError, NotImplementedError):  # Windows asks for a right
        return False
    return True
