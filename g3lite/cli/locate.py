"""`g3lite locate`: where photos were taken."""

from __future__ import annotations

import gc
import json
import logging
import os
import re
import sys
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # they take seconds to import
    from g3lite import G3, Prediction
    from g3lite.baselines.geoclip import GeoCLIP
    from g3lite.recipes.own import Located

from g3lite import G3Error, profiles
from g3lite.cli import check_output, own_position, shown, written
from g3lite.cli import own as galleries

_LMM = (
    "the language model that is asked, instead of the profile's: minilmm (shipped); a folder with "
    "a model; its name on the Hugging Face hub, such as Qwen/Qwen3-VL-2B-Instruct; or api:NAME "
    "for a model behind a server (its address in OPENAI_BASE_URL, its key in OPENAI_API_KEY)"
)
_ON_THE_WEB = re.compile(r"(https?|ftp|s3|gs|data|file):", re.IGNORECASE)
REAL_CPU = "real-cpu"
_SURE_KM = 200
_MOST_MAPS = 24
_MAPS = (".png", ".jpg", ".jpeg", ".webp", ".pdf", ".svg")


def locate(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="PHOTO...", help="files on this machine", show_default=False),
    ],
    profile: Annotated[str, typer.Option(help="auto, ci, cpu, gpu or real-cpu")] = "auto",
    lmm: Annotated[str | None, typer.Option(metavar="MODEL", help=_LMM)] = None,
    judge: Annotated[
        str, typer.Option(help="cosine, as in the paper; or learned, which says how sure it is")
    ] = "cosine",
    confidence: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            metavar="P",
            help="with --judge learned: withhold places that are less likely within 200 km",
        ),
    ] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="print all of it as JSON")] = False,
    map_file: Annotated[
        Path | None,
        typer.Option("--map", help="draw each photo's candidates into this file (.png, .svg, ...)"),
    ] = None,
    max_gb: Annotated[float, typer.Option(help="download no larger file without asking")] = 1.0,
    gallery: Annotated[
        Path | None,
        typer.Option(
            help="look for similar photos in this gallery (of g3lite index), and ask none"
        ),
    ] = None,
    heads: Annotated[
        Path | None, typer.Option(help="with --gallery: heads of g3lite align --gallery")
    ] = None,
    backbone: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="with --gallery: its backbone, if the name has changed"),
    ] = None,
    device: Annotated[str, typer.Option(help="with --gallery: auto, cpu, cuda, ...")] = "auto",
    near: Annotated[int, typer.Option(min=1, help="with --gallery: photos shown as evidence")] = 5,
) -> None:
    """Say where photos were taken.

    A photo that cannot be located costs the others nothing: it gets a line on standard error, and
    the command ends with status 1. So it does if no reply of the model comes at all, or none with
    a text; the places are those of similar photos then, and marked as fallback.

    What the camera wrote into a file (EXIF) is never used for the answer; where it says a position,
    the command says how far away that is.

    With --profile real-cpu it is GeoCLIP that answers, on any laptop and for real photos: the five
    likeliest of 100,000 places, with probabilities.

    With --judge learned each place comes with the probability that it is right, and the map shows
    the region that holds the truth for nine photos in ten.

    With --gallery the photos of a gallery of your own are searched, and no language model is asked:
    each answer comes with the near photos that speak for it: similarity, km from it, file.
    """
    if not max_gb >= 0:  # also what is no number
        raise G3Error(f"--max-gb is {max_gb}; name a number of GB, 0 or more")
    if map_file:
        _check_map(map_file, files)
    problems = _problems(files)
    if confidence and judge == "cosine":
        raise G3Error("--confidence goes with --judge learned: the cosine says no probability")
    if gallery:
        if lmm:
            raise G3Error("--gallery asks no language model: leave out --lmm, or use G3.from_parts")
        if judge != "cosine":
            raise G3Error("--gallery has no learned judge: leave out --judge")
        _locate_in(gallery, files, problems, heads, backbone, device, near, as_json, map_file)
        return
    if heads or backbone:
        raise G3Error("--heads and --backbone go with --gallery; without it the profile names both")
    found: list[Prediction] = []
    chosen = profiles.get(profile).name
    if chosen == REAL_CPU and lmm:
        raise G3Error(f"the profile {REAL_CPU} asks no language model: leave out --lmm")
    if chosen == REAL_CPU and judge != "cosine":
        raise G3Error(f"the profile {REAL_CPU} has no learned judge: leave out --judge")
    if as_json or not all(problems):  # else nothing slow is imported
        found = _located(files, problems, chosen, lmm, max_gb, judge)
        found = [_withheld(one, confidence) for one in found]
        problems = [one.error for one in found]
    placed = [(path, one) for path, one in zip(files, found, strict=False) if not one.error]
    warning = next((one.warning for _, one in placed if one.warning), None)
    own = {path: own_position(path, one.coordinates) for path, one in placed}
    if as_json:
        photos = [
            {"photo": str(path), **one.as_dict(), "exif": None if one.error else own[path]}
            for path, one in zip(files, found, strict=True)
        ]
        typer.echo(json.dumps(photos, indent=1, allow_nan=False))
    elif placed:
        if chosen == REAL_CPU:
            lines = "\n".join(str(one) for _, one in placed).split("\n")
            typer.echo("\n".join(map(shown, lines)))
        else:
            typer.echo(_table(placed))
        if warning:
            typer.echo(warning)
        for note in sorted({one.where.note for _, one in placed if _sure(one)} - {""}):
            typer.echo(note)
        if any(one.fallback for _, one in placed):
            from g3lite.pipeline import FALLBACK

            typer.echo(FALLBACK)
        for path, said in own.items():
            if said:
                place = f"{said['latitude']:.2f}, {said['longitude']:.2f}"
                away = f"{said['km']:,.0f} km away"
                typer.echo(f"{shown(path)}: the file itself says {place}: {away}")
    for path, problem in zip(files, problems, strict=True):
        if problem:
            typer.echo(f"{shown(path)}: {problem}", err=True)
    if map_file and placed:
        who = "GeoCLIP" if chosen == REAL_CPU else "G3"
        _draw_map(map_file, placed, own, warning, f"Where it was taken, as {who} has it")
        typer.echo(f"wrote {map_file}", err=as_json)
    wrong, silent = _silence(found)
    if wrong and not silent:
        typer.echo(f"g3lite: {wrong}", err=True)
    last = [wrong] if silent else []
    if len(placed) < len(files):
        last.append(f"{len(files) - len(placed)} of {len(files)} photos were not located")
    if last:
        raise G3Error("; ".join(reversed(last)))


def _locate_in(
    gallery: Path,
    files: Sequence[Path],
    problems: Sequence[str | None],
    heads: Path | None,
    backbone: str | None,
    device: str,
    near: int,
    as_json: bool,
    map_file: Path | None,
) -> None:
    """The same with a gallery of one's own."""
    with _quiet(bars=False):
        found = galleries.locate_in_gallery(files, problems, gallery, heads, backbone, device, near)
    galleries.tell(files, found, as_json)
    placed = [(path, one) for path, one in zip(files, found, strict=True) if not one.error]
    if map_file and placed:
        own = {path: own_position(path, one.coordinates) for path, one in placed}
        _draw_map(map_file, placed, own, None, "Where it was taken, by similar photos")
        typer.echo(f"wrote {map_file}", err=as_json)
    if len(placed) < len(files):
        raise G3Error(f"{len(files) - len(placed)} of {len(files)} photos were not located")


def _problems(files: Sequence[Path]) -> list[str | None]:
    """Why each file cannot be located, as far as can be told without opening it; else None."""
    problems, seen = [], set()
    for path in files:
        name, problem = os.path.abspath(path), None
        if _ON_THE_WEB.match(str(path)) and not os.path.exists(name):
            problem = "it is an address, and nothing is downloaded; save the photo as a file first"
        elif os.path.isdir(name):
            problem = "it is a folder; name the photos in it"
        elif not os.path.isfile(name):
            problem = "it is no file" if os.path.exists(name) else "there is no such file"
        elif name in seen:
            problem = "it is named more than once; it is located once"
        elif name != name.encode(errors="replace").decode():
            problem = "its name is not in UTF-8; rename it"
        seen.add(name)
        problems.append(problem)
    return problems


def _located(
    files: Sequence[Path],
    problems: Sequence[str | None],
    profile: str,
    lmm: str | None,
    max_gb: float,
    judge: str,
) -> list[Prediction]:
    """A prediction for each file, in their order; where there is a problem, one that says so."""
    with _quiet(bars=lmm is not None):
        usable = [path for path, problem in zip(files, problems, strict=True) if not problem]
        with _no_garbage():
            from g3lite import Prediction

            if usable:
                g3 = _g3(profile, lmm, max_gb, judge)
        found: Iterator[Prediction] = iter(g3.locate(usable) if usable else ())
        return [
            Prediction.failed(path.name, problem) if problem else next(found)
            for path, problem in zip(files, problems, strict=True)
        ]


def _g3(profile: str, lmm: str | None, max_gb: float, judge: str) -> G3 | GeoCLIP:
    """What locates: G3 with its parts, or GeoCLIP.

    Asks, where there is somebody to ask, about each larger download.
    """
    from g3lite import G3
    from g3lite.downloads.hub import TooLarge

    while True:
        try:
            if profile == REAL_CPU:
                from g3lite.baselines.geoclip import GeoCLIP

                return GeoCLIP.from_pretrained(max_gb=max_gb)
            return G3.from_pretrained(
                profile, lmm=lmm, judge=judge, max_gb=max_gb, progress=sys.stderr.isatty()
            )
        except TooLarge as large:
            if not sys.stdin.isatty():
                raise
            if not typer.confirm(f"{large.what}: download {large.gb} GB?", err=True):
                raise G3Error(f"{large.what} was not downloaded, as you said") from None
            max_gb = large.gb


def _withheld(one: Prediction, confidence: float) -> Prediction:
    """The prediction, or what is told in its place if it is not sure enough."""
    if one.where is None or one.where.within[_SURE_KM] >= confidence:
        return one
    return one.failed(one.img_id, f"withheld: {_sure(one)}, less than {100 * confidence:.0f} %")


def _sure(one: Prediction) -> str:
    """How sure a learned judge is of a place; nothing where the cosine judged."""
    return (
        f"within {_SURE_KM} km with {100 * one.where.within[_SURE_KM]:.0f} %" if one.where else ""
    )


def _silence(found: Sequence[Prediction]) -> tuple[str | None, bool]:
    """What is wrong with the replies of the model, None if nothing; and whether all failed."""
    asked = [one.replies for one in found if len(one.replies)]
    if not asked:
        return None, False
    import pandas as pd

    from g3lite.replies import failed_replies, failure_summary

    replies = pd.concat(asked)
    failed = failed_replies(replies)
    said = failure_summary(replies)
    if replies["LAT"].isna().all() and not failed.all():
        unread = f"none of the {(~failed).sum()} replies could be read"
        said = f"{said}; {unread}" if said else unread
    return said, bool(failed.all())


def _mark(one: Prediction) -> str:
    """What is to be said of a place in a word or two."""
    marks = (one.warning.partition(":")[0] if one.warning else "", "fallback" * one.fallback)
    return ", ".join(filter(None, marks))


def _table(placed: Sequence[tuple[Path, Prediction]]) -> str:
    """A line per photo, under a line of headings."""
    lines = [("photo", "latitude", "longitude", "place", "score", "")]
    for path, one in placed:
        lat, lon = one.coordinates
        said = ", ".join(filter(None, (_sure(one), _mark(one))))
        cells = (f"{lat:8.4f}", f"{lon:9.4f}", one.place, f"{one.score:5.3f}", said)
        lines.append((shown(path), *cells))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _check_map(path: Path, photos: Sequence[Path]) -> None:
    """Refuse, before anything is computed, a file that no map can be written to."""
    if path.suffix.lower() not in _MAPS:
        raise G3Error(f"{path}: the name of a map ends in {', '.join(_MAPS)}")
    check_output(path, photos)


def _draw_map(
    path: Path,
    placed: Sequence[tuple[Path, Prediction | Located]],
    own: dict[Path, dict[str, float] | None],
    warning: str | None,
    title: str,
) -> None:
    from g3lite.figures import maps, style

    photos = []
    for file, one in placed[:_MOST_MAPS]:
        said = own[file]
        candidates = one.candidates[["LAT", "LON"]].to_numpy() if len(one.candidates) else []
        name = f"{shown(Path(file.name))[-40:]}\n{one.place}"
        position = (said["latitude"], said["longitude"]) if said else None
        photos.append((name, _mark(one) or "prediction", one.coordinates, candidates, position))
    where = [getattr(one, "where", None) for _, one in placed[:_MOST_MAPS]]
    regions = {number: some.region[0] for number, some in enumerate(where) if some}
    figure = maps.candidate_maps(photos, title, regions)
    notes = [warning] if warning else []
    if len(placed) > _MOST_MAPS:
        notes.append(f"the first {_MOST_MAPS} of {len(placed)} photos")
    if notes:
        figure.supxlabel(textwrap.fill("; ".join(notes), 120), x=0.01, ha="left", fontsize=9)
    with written(path) as part:
        figure.savefig(part, dpi=style.DPI, format=path.suffix[1:])


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Collect no garbage for a while that makes a million objects and drops none: seconds less."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # nor look at them again when the command ends
        gc.enable()


@contextmanager
def _quiet(bars: bool) -> Iterator[None]:
    """Keep what libraries say of their own accord off the terminal, but for progress `bars`.

    What a model is asked without (`LMMWarning`) is told when all is done.
    """
    from transformers.utils import logging as transformers_logging

    from g3lite.lmm.requests import LMMWarning

    if not bars:
        transformers_logging.disable_progress_bar()
    logging.disable(logging.WARNING)
    notes: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(action="ignore", record=True) as notes:
            warnings.simplefilter("always", LMMWarning)
            yield
    finally:
        for note in notes:
            typer.echo(f"g3lite: {note.message}", err=True)
        logging.disable(logging.NOTSET)
        transformers_logging.enable_progress_bar()
