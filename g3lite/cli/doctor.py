"""`g3lite doctor`: can this machine run the series, what will be slow, and how to mend it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Annotated

import typer

from g3lite import G3Error, __version__, paths, profiles

FINE, SLOW, STOP = "ok", "note", "STOP"
MEMORY_GB = {"ci": 1.7, "cpu": 2.4}  # what the whole series takes, as the README has it
DISK_GB = {True: 0.3, False: 1.0}  # free in the cache, by whether the pictures are drawn
PYTHON = (3, 11)
IMPORTS = "import torch, faiss, transformers, open_clip, matplotlib, cartopy, pandas, sklearn"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what it is like, and how to mend it if that is needed."""

    what: str
    state: str
    words: str
    mend: str = ""


def doctor(
    thorough: Annotated[
        bool, typer.Option(help="also import all packages, which takes some seconds")
    ] = False,
) -> None:
    """Look at versions, disk, memory, cache and browser; exit status 1 if something stops it."""
    looks: list[Callable[[], Finding]] = [
        python, packages, tools, data, cache, memory, profile, browser, network
    ]  # fmt: skip
    stops = 0
    for look in [*looks, *([imports] if thorough else [])]:
        try:
            found = look()
        except G3Error as error:
            found = Finding(look.__name__, STOP, " ".join(str(error).split()))
        typer.echo(f"{found.state:4}  {found.what:9} {found.words}")
        if found.mend:
            typer.echo(f"{'':16}-> {found.mend}")
        stops += found.state == STOP
    if stops:
        raise G3Error(f"{stops} of these must be mended before the series runs")
    typer.echo("nothing stops the series: .venv/bin/jupyter lab notebooks")


def python() -> Finding:
    """The version of Python."""
    words = f"{sys.version.split()[0]} in {sys.prefix}; g3lite {__version__}"
    if sys.version_info < PYTHON:
        return Finding("python", STOP, words, "install Python 3.11 or newer, and g3lite into it")
    return Finding("python", FINE, words)


def packages() -> Finding:
    """The packages that g3lite needs."""
    wrong = list(_unmet(""))
    if wrong:
        return Finding("packages", STOP, "; ".join(wrong), f"{_pip()} install -e .")
    return Finding("packages", FINE, "all are there, in versions that fit")


def tools() -> Finding:
    """What runs notebooks, which is an extra."""
    wrong = list(_unmet("notebooks"))
    mend = f'{_pip()} install -e ".[notebooks]"'
    if wrong:
        return Finding("notebooks", STOP, "; ".join(wrong), mend)
    root = Path(__file__).resolve().parents[2]
    if not any((root / "notebooks").glob("*.ipynb")):
        words = "the tools are there; the notebooks are in a clone of the repository"
        return Finding("notebooks", SLOW, words)
    return Finding("notebooks", FINE, f"{root / 'notebooks'}, and the tools to run them")


def _pip() -> str:
    return f"{sys.executable} -m pip"


def _unmet(extra: str) -> Iterator[str]:
    """What of the requirements (of an extra) is missing or too old, in words."""
    try:
        lines = requires("g3lite") or []
    except PackageNotFoundError:
        yield "g3lite itself is not installed"
        return
    for line in lines:
        found = re.match(r"([\w.-]+)(?:\[[^]]*\])?\s*(?:>=\s*([\d.]+))?", line)
        of_extra = re.search(r"extra\s*==\s*['\"]([\w-]+)", line)
        if found is None or (of_extra[1] if of_extra else "") != extra:
            continue
        try:
            have = version(found[1])
        except PackageNotFoundError:
            yield f"{found[1]} is missing"
            continue
        if found[2] and _numbers(have) < _numbers(found[2]):
            yield f"{found[1]} is {have}, and {found[2]} or newer is needed"


def _numbers(text: str) -> tuple[int, ...]:
    """The numbers of a version, without zeros at the end."""
    numbers = [int(number) for number in re.match(r"[\d.]*", text)[0].split(".") if number]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def data() -> Finding:
    """The shipped data."""
    from g3lite.recipes import artefacts

    wrong = artefacts.check(code=False)
    if wrong:
        return Finding("data", STOP, wrong[0], "in a clone: git checkout -- data")
    return Finding("data", FINE, f"{paths.data_dir()} is intact")


def cache() -> Finding:
    """The cache: whether it can be written, what it holds, and the disk that it is on."""
    folder = paths.cache_dir()
    drawn = list((folder / "miniearth").glob("*.tar"))
    free = shutil.disk_usage(folder).free / 1e9
    need = DISK_GB[bool(drawn)]
    words = f"{folder}, {free:.1f} GB free; {len(drawn)} files of drawn pictures"
    other = "name another folder in the environment variable G3LITE_CACHE"
    if not os.access(folder, os.W_OK):
        words += "; it cannot be written to, so what is new is not kept"
        return Finding("cache", SLOW, words, f"{other}, and: g3lite teach cache use {folder}")
    if free < need:
        return Finding("cache", STOP, f"{words}; {need} GB are needed", f"make room, or {other}")
    if not drawn:
        words += ", so the first run draws them"
        mend = "in a class, one draws for all: g3lite teach cache fill, then g3lite teach cache use"
        return Finding("cache", SLOW, words, mend)
    return Finding("cache", FINE, words)


def memory() -> Finding:
    """The memory that a process may still take."""
    free = available_gb()
    if free is None:
        return Finding("memory", SLOW, f"not known; the series takes {MEMORY_GB['cpu']} GB")
    words = f"{free:.1f} GB available"
    if free < MEMORY_GB["ci"]:
        mend = "close other programs (a browser, other notebooks), or take a larger machine"
        return Finding("memory", STOP, f"{words}, and {MEMORY_GB['ci']} are needed at least", mend)
    if free < MEMORY_GB["cpu"]:
        mend = "set the environment variable G3LITE_PROFILE=ci"
        return Finding("memory", SLOW, f"{words}; profile cpu takes {MEMORY_GB['cpu']}", mend)
    return Finding("memory", FINE, words)


def available_gb(root: Path = Path("/")) -> float | None:
    """Memory that can be had, 10^9 bytes, also where a container limits it; None if not known."""
    least = []
    with suppress(OSError):
        text = (root / "proc/meminfo").read_text()
        found = re.search(r"MemAvailable:\s+(\d+) kB", text)
        least += [int(found[1]) * 1024] if found else []
    with suppress(OSError, ValueError):  # "max": no limit
        group = root / "sys/fs/cgroup"
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
        kept = re.search(r"inactive_file (\d+)", (group / "memory.stat").read_text())
        least.append(limit - used + (int(kept[1]) if kept else 0))  # files are only kept if it fits
    if not least and hasattr(os, "sysconf"):
        with suppress(OSError, ValueError):
            least.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(least) / 1e9 if least else None


def profile() -> Finding:
    """The profile in use, and what of it is slow."""
    chosen = profiles.get()
    words = f"{chosen.name}, on {os.cpu_count()} CPU cores; slow, the first time: {chosen.slow}"
    mend = "for a quick look: G3LITE_PROFILE=ci" if chosen.name == "cpu" else ""
    return Finding("profile", FINE, words, mend)


def browser() -> Finding:
    """A browser for JupyterLab and the pages."""
    try:
        webbrowser.get()
    except webbrowser.Error:
        mend = "jupyter lab --no-browser prints an address to open elsewhere; an editor does, too"
        return Finding("browser", SLOW, "none found here", mend)
    return Finding("browser", FINE, "found")


def network() -> Finding:
    """What has to be downloaded, which is nothing but for real photos."""
    if profiles.get().name == "gpu":
        return Finding("network", SLOW, "needed for notebook 07 alone, see the profile")
    if profiles.get().name == "real-cpu":
        return Finding("network", SLOW, "needed once, for the weights, see the profile")
    return Finding("network", FINE, "not needed: photos and models are shipped or drawn here")


def imports() -> Finding:
    """Whether the packages can be imported, in a process of its own: one may end it."""
    done = subprocess.run(
        [sys.executable, "-c", f"import g3lite; {IMPORTS}"], capture_output=True, text=True
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        return Finding("imports", STOP, said, f"{_pip()} install --force-reinstall -e .")
    return Finding("imports", FINE, "all packages can be imported")
