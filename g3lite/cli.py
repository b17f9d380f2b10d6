"""The command `g3lite`: what is installed, the series of notebooks, the shipped data."""

from __future__ import annotations

import gc
import json
import logging
import os
import platform
import sys
import tempfile
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from unicodedata import category

import typer

if TYPE_CHECKING:  # they take seconds to import
    import pandas as pd

    from g3lite.pipeline import Prediction

from g3lite import G3Error, __version__, address, artefacts, profiles

_OPTIONS = {"no_args_is_help": True, "add_completion": False, "pretty_exceptions_enable": False}
app = typer.Typer(help="Notebooks and package for G3 worldwide image geolocalization.", **_OPTIONS)
data_app = typer.Typer(help="Compare or rebuild the shipped data.", **_OPTIONS)
notebooks_app = typer.Typer(
    help="Write the notebooks from their sources, or check them.", **_OPTIONS
)
world_app = typer.Typer(help="Look at MiniEarth, or take new photos of it.", **_OPTIONS)
app.add_typer(data_app, name="artefacts")
app.add_typer(world_app, name="miniearth")
app.add_typer(notebooks_app, name="notebooks")

_MAPS = (".png", ".jpg", ".jpeg", ".webp", ".pdf", ".svg")
_SHOWN = ("torch", "open_clip_torch", "transformers", "faiss-cpu", "numpy", "pandas", "pillow")


@app.command()
def info() -> None:
    """Show versions, profiles and whether the shipped data is consistent."""
    typer.echo(f"g3lite {__version__}, Python {platform.python_version()}, {platform.platform()}")
    for package in _SHOWN:
        try:
            typer.echo(f"  {package:16} {version(package)}")
        except PackageNotFoundError:
            typer.echo(f"  {package:16} not installed")
    chosen = _profile("auto").name
    typer.echo("profiles (* is the one in use)")
    for profile in profiles.PROFILES.values():
        size = f"{profile.gallery_size:,}" if profile.gallery_size else "all"
        mark = "*" if profile.name == chosen else " "
        sets = ", ".join(profile.queries)
        models = f"{profile.backbone}, {profile.lmm}"
        typer.echo(f"{mark} {profile.name}: {models}, {size} of {profile.gallery}; {sets}")
    typer.echo(f"data   {artefacts.data_dir()}")
    typer.echo(f"cache  {artefacts.cache_dir()}")
    wrong = len(artefacts.check())
    state = f"differs from its manifest ({wrong}): g3lite artefacts check" if wrong else "is intact"
    typer.echo(f"the data {state}")


@app.command()
def run(
    profile: Annotated[str, typer.Option(help="auto, ci, cpu or gpu")] = "auto",
    output: Annotated[Path, typer.Option(help="where the results go")] = Path("build"),
) -> None:
    """Run the series of notebooks and print its tables of results."""
    notebooks = _notebooks()
    folder = notebooks.folder()
    if not notebooks.names(folder):
        raise G3Error(f"no notebooks in {folder}")
    chosen = _profile(profile).name
    output = output.resolve()
    tables = []
    for done in notebooks.run(folder, output, chosen):
        typer.echo(f"{done.name}: {done.seconds:.0f} s, {len(done.pictures)} pictures")
        tables += [f"\n{done.name}\n\n{table}" for table in done.tables]
    typer.echo(f"\nResults on the profile {chosen}")
    typer.echo("\n".join(tables))
    typer.echo(f"\nExecuted notebooks, pages to read and pictures are in {output}")


@app.command()
def align(
    output: Annotated[Path, typer.Argument(help="folder for the weights and the history")],
    profile: Annotated[str, typer.Option(help="auto, ci or cpu")] = "auto",
    schedule: Annotated[str, typer.Option(help="small, or paper")] = "small",
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Train the heads of geo-alignment. In several processes: torchrun -m g3lite.cli align ..."""
    import torch
    from accelerate import PartialState

    from g3lite import alignment, miniearth, training
    from g3lite.backbone import Backbone
    from g3lite.miniearth.splits import SIZES

    chosen = _profile(profile)
    if schedule not in training.SCHEDULES:
        raise G3Error(f"unknown schedule {schedule!r}; there are {', '.join(training.SCHEDULES)}")
    if chosen.gallery not in SIZES:
        raise G3Error(f"{chosen.gallery} is no set of MiniEarth; use --profile cpu")
    process = PartialState()
    backbone = Backbone.load(chosen.backbone, device=chosen.device)
    with process.main_process_first():  # the first fills the feature cache for the others
        train = training.Pairs.of(miniearth.load(chosen.gallery, chosen.gallery_size), backbone)
        queries = miniearth.load(chosen.queries[0], chosen.query_size)
        validation = training.Pairs.of(queries, backbone)
    torch.manual_seed(seed)
    model = alignment.GeoAlignment(alignment.SIZES[chosen.alignment])
    plan = replace(training.SCHEDULES[schedule], seed=seed)
    history = training.fit(model, train, validation, plan, output)
    if process.is_main_process:
        model.save_pretrained(output)
        history.to_csv(output / "history.csv", index=False)
        typer.echo(history.tail(1).to_string(index=False))
        typer.echo(f"wrote the weights of the best epoch to {output}")


@app.command()
def locate(
    files: Annotated[list[Path], typer.Argument(metavar="PHOTO...", show_default=False)],
    profile: Annotated[str, typer.Option(help="auto, ci, cpu or gpu")] = "auto",
    lmm: Annotated[str | None, typer.Option(help="another model: see g3lite.lmm.load")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print all of it as JSON")] = False,
    map_file: Annotated[Path | None, typer.Option("--map", help="picture to write")] = None,
) -> None:
    """Say where photos were taken.

    A photo that cannot be located costs the others nothing: it gets a line on standard error, and
    the command ends with status 1. So it does if no reply of the model comes at all; the places are
    those of similar photos then, and marked as fallback.
    """
    if map_file:
        _check_map(map_file)
    problems = _problems(files)
    found: list[Prediction] = []
    if as_json or not all(problems):  # else nothing slow is imported
        found = _located(files, problems, _profile(profile).name, lmm)
        problems = [one.error for one in found]
    placed = [(path, one) for path, one in zip(files, found, strict=False) if not one.error]
    warning = next((one.warning for _, one in placed if one.warning), None)
    if as_json:
        photos = [{"photo": str(f), **one.as_dict()} for f, one in zip(files, found, strict=True)]
        typer.echo(json.dumps(photos, indent=1, allow_nan=False))
    elif placed:
        typer.echo(_table(placed))
        if warning:
            typer.echo(warning)
        if any(one.fallback for _, one in placed):
            from g3lite.pipeline import FALLBACK

            typer.echo(FALLBACK)
    for path, problem in zip(files, problems, strict=True):
        if problem:
            typer.echo(f"{_shown(path)}: {problem}", err=True)
    if map_file and placed:
        _draw_map(map_file, [one for _, one in placed], warning)
        typer.echo(f"wrote {map_file}", err=as_json)
    wrong, silent = _silence(found)
    if wrong and not silent:
        typer.echo(f"g3lite: {wrong}", err=True)
    last = [wrong] if silent else []
    if len(placed) < len(files):
        last.append(f"{len(files) - len(placed)} of {len(files)} photos were not located")
    if last:
        raise G3Error("; ".join(reversed(last)))


def _problems(files: Sequence[Path]) -> list[str | None]:
    """Why each file cannot be located, as far as can be told without opening it; else None."""
    problems, seen = [], set()
    for path in files:
        name, problem = os.path.abspath(path), None
        if os.path.isdir(name):
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
    files: Sequence[Path], problems: Sequence[str | None], profile: str, lmm: str | None
) -> list[Prediction]:
    """A prediction for each file, in their order; where there is a problem, one that says so."""
    with _quiet(bars=lmm is not None):
        usable = [path for path, problem in zip(files, problems, strict=True) if not problem]
        with _no_garbage():
            from g3lite.pipeline import G3, Prediction

            if usable:
                g3 = G3.from_pretrained(profile, lmm=lmm, progress=sys.stderr.isatty())
        found: Iterator[Prediction] = iter(g3.locate(usable) if usable else ())
        return [
            Prediction.failed(path.name, problem) if problem else next(found)
            for path, problem in zip(files, problems, strict=True)
        ]


def _silence(found: Sequence[Prediction]) -> tuple[str | None, bool]:
    """How many replies of the model failed and why, None if none did; and whether all of them."""
    asked = [one.replies for one in found if len(one.replies)]
    if not asked:
        return None, False
    import pandas as pd

    from g3lite import asking

    replies = pd.concat(asked)
    return asking.failure(replies), bool(asking.failed(replies).all())


def _mark(one: Prediction) -> str:
    """What is to be said of a place in a word or two."""
    marks = (one.warning.partition(":")[0] if one.warning else "", "fallback" * one.fallback)
    return ", ".join(filter(None, marks))


def _table(placed: Sequence[tuple[Path, Prediction]]) -> str:
    """A line per photo, under a line of headings."""
    lines = [("photo", "latitude", "longitude", "place", "score", "")]
    for path, one in placed:
        lat, lon = one.coordinates
        cells = (f"{lat:8.4f}", f"{lon:9.4f}", one.place, f"{one.score:5.3f}", _mark(one))
        lines.append((_shown(path), *cells))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _check_map(path: Path) -> None:
    """Refuse, before anything is computed, a file that no map can be written to."""
    if path.suffix.lower() not in _MAPS:
        raise G3Error(f"{path}: the name of a map ends in {', '.join(_MAPS)}")
    if path.is_dir():
        raise G3Error(f"{path} is a folder; name a file for the map")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise G3Error(f"{path}: no file can be written to {path.parent} ({reason})") from error


def _draw_map(path: Path, placed: list[Prediction], warning: str | None) -> None:
    from g3lite import plots

    figure, axes = plots.world_map("Where the photos were taken, as G3 has it")
    colors = {"": plots.PREDICTION, "fallback": plots.PALETTE[4]}
    marks = sorted({_mark(one) for one in placed})
    for mark in marks:
        points = [one.coordinates for one in placed if _mark(one) == mark]
        color = colors.get(mark, "#555555")
        plots.draw_points(
            axes, points, label=mark or "prediction", color=color, size=60, marker="X"
        )
    if any(marks):
        axes.legend(loc="lower left", fontsize=9)
    if warning:
        note = textwrap.fill(warning, 120)
        figure.supxlabel(note, x=0.01, ha="left", fontsize=9)
    part = path.with_name(f".{path.name}.part{path.suffix}")
    try:
        figure.savefig(part, dpi=plots.DPI)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise G3Error(f"{path} cannot be written: {error.strerror or error}") from error


@app.command()
def evaluate(
    predictions: Annotated[Path, typer.Argument(help="CSV with LAT_pred and LON_pred")],
    truth: Annotated[
        Path | None,
        typer.Option(help="photo table, matched by IMG_ID; photos without a row count as wrong"),
    ] = None,
) -> None:
    """Score a table of predictions: shares within five distances, with 95 % intervals.

    Without --truth the table itself holds the truth, in LAT and LON. Photographers are resampled if
    there is a column AUTHOR that knows all of them, else single photos. A row without a prediction
    counts as wrong.
    """
    from g3lite import evaluation, tables

    numbers = ["LAT_pred", "LON_pred", *([] if truth else ["LAT", "LON"])]
    answers = _predictions(predictions, ["IMG_ID"] if truth else [], numbers)
    with warnings.catch_warnings(record=True, action="always") as told:
        photos = tables.read(truth) if truth else answers
    for warning in told:
        typer.echo(f"g3lite: {warning.message}", err=True)
    if not len(photos):
        raise G3Error(f"{truth or predictions} holds no photos, so there is nothing to score")
    people = photos["AUTHOR"].nunique() if "AUTHOR" in photos else 0
    clusters = "AUTHOR" if people > 1 and photos["AUTHOR"].notna().all() else None
    try:
        given = answers if truth else answers[["LAT_pred", "LON_pred"]].to_numpy()
        results = evaluation.evaluate({str(predictions): given}, photos, clusters=clusters)
    except ValueError as error:
        raise G3Error(f"{predictions}: {error}") from error
    without = len(photos) - int(answers["LAT_pred"].notna().sum())
    wrong = f", {without:,} of them without a prediction (wrong)" if without else ""
    drawn = f"{people:,} photographers" if clusters else "photos"
    typer.echo(f"{len(photos):,} photos{wrong}; 95 % intervals: {drawn} resampled")
    typer.echo(evaluation.table(results).T.to_string(header=False))


@app.command("tables")
def paper_tables(
    profile: Annotated[str, typer.Option(help="auto, ci or cpu")] = "auto",
    output: Annotated[Path | None, typer.Option(help="folder for the tables as CSV")] = None,
) -> None:
    """Print the paper's tables and figures on MiniEarth, with intervals and with differences.

    From the predictions and replies that are shipped; for the figures all candidates are scored
    again, for which the pictures of the photos are drawn at first use.
    """
    from g3lite import paper

    chosen = _profile(profile)
    if chosen.alignment != "mini":
        raise G3Error(f"the tables are about MiniEarth, {chosen.name} is not; use --profile cpu")
    evidence = [paper.Evidence.load(which, chosen.query_size) for which in paper.SETS]
    if output:
        output.mkdir(parents=True, exist_ok=True)
    for number, (title, table) in enumerate(paper.report(evidence, chosen.bootstrap), 1):
        typer.echo(f"\n{title}\n\n{table.to_string()}")
        if output:
            table.to_csv(output / f"{number}.csv")
    if output:
        typer.echo(f"\nwrote {number} tables to {output}")


def _predictions(path: Path, texts: list[str], numbers: list[str]) -> pd.DataFrame:
    """A table with these columns, and what else it has; an empty number is NaN."""
    import pandas as pd

    if not path.is_file():
        raise G3Error(f"there is no table {path}")
    try:
        table = pd.read_csv(path, dtype="string", index_col=False)
    except (OSError, ValueError) as error:  # pandas' own errors are of the latter kind
        raise G3Error(f"{path} cannot be read as a CSV table: {error}") from error
    lacking = [column for column in (*texts, *numbers) if column not in table]
    if lacking:
        raise G3Error(f"{path} lacks {', '.join(lacking)}; it has {', '.join(table.columns)}")
    for column in numbers:
        read = pd.to_numeric(table[column], errors="coerce").astype("Float64")
        bad = read.isna() & table[column].notna()
        if bad.any():
            row = bad.idxmax()
            raise G3Error(
                f"{path}: {column} of row {row} is {table[column][row]!r}, which is not a number"
            )
        table[column] = read.to_numpy("float64", na_value=float("nan"))
    twice = table["IMG_ID"].dropna().duplicated() if "IMG_ID" in table else pd.Series(dtype=bool)
    if twice.any():
        raise G3Error(
            f"{path}: IMG_ID {table['IMG_ID'][twice.idxmax()]!r} occurs more than once; keep one "
            "row per photo"
        )
    return table


@data_app.command("check")
def check_artefacts() -> None:
    """Compare the shipped data with its manifest."""
    wrong = artefacts.check()
    for line in wrong:
        typer.echo(line)
    if wrong:
        raise G3Error(f"{len(wrong)} disagreements; rebuild with: g3lite artefacts build")
    typer.echo("the data agrees with its manifest")


@data_app.command("build")
def build_artefacts(
    name: Annotated[str | None, typer.Argument(help="only this and what is made from it")] = None,
    force: Annotated[bool, typer.Option(help="rebuild even what is up to date")] = False,
) -> None:
    """Rebuild what is out of date, and what is made from it."""
    rebuilt = artefacts.build(name, force)
    typer.echo(f"rebuilt: {', '.join(rebuilt)}" if rebuilt else "everything is up to date")


@data_app.command("record")
def record_artefact(name: str) -> None:
    """Write the present files of an artefact into the manifest, as they are."""
    artefacts.record(name)
    typer.echo(f"recorded {name}")


@world_app.command("fresh")
def fresh_queries(
    name: Annotated[str, typer.Argument(help="seeds the set: another name, other photos")],
    number: Annotated[int, typer.Argument(help="how many photos", min=1)],
    output: Annotated[Path, typer.Argument(help="folder to write, in IM2GPS3K's form")],
    evenness: Annotated[
        float, typer.Option(help="1: as the gallery, 0: evenly over the places", min=0, max=1)
    ] = 1.0,
) -> None:
    """Take photos that nobody has seen, for checks from outside: a table and a folder of JPEGs."""
    from g3lite import miniearth
    from g3lite.miniearth.splits import QUERY_COLUMNS

    try:
        photos = miniearth.fresh(name, number, evenness)
    except ValueError as error:
        raise G3Error(str(error)) from error
    images = output / "images"
    if output.exists() and any(output.iterdir()):
        raise G3Error(f"{output} is not empty; name another folder")
    images.mkdir(parents=True)
    for img_id in photos.ids:
        (images / img_id).write_bytes(photos.read(img_id))
    photos.table[QUERY_COLUMNS].to_csv(output / f"{name}_places365.csv", index=False)
    typer.echo(f"wrote {number} photos and {name}_places365.csv to {output}")


@world_app.command("sheet")
def picture_sheet(
    output: Annotated[Path, typer.Argument(help="picture to write (.png or .jpg)")],
    by: Annotated[str, typer.Option(help="kind, climate, place or scale")] = "kind",
    columns: Annotated[int, typer.Option(min=1)] = 6,
    rows: Annotated[int, typer.Option(min=1)] = 4,
    size: Annotated[int, typer.Option(min=64, max=1024, help="pixels of a photo")] = 256,
) -> None:
    """Draw a sheet of photos, to look at."""
    from g3lite.miniearth import sheets

    try:
        scenes = sheets.grouped(by, columns, rows)
    except ValueError as error:
        raise G3Error(str(error)) from error
    sheets.sheet(scenes, columns, size).save(output, quality=85)
    typer.echo(f"wrote {len(scenes)} photos to {output}")


@notebooks_app.command("sync")
def sync_notebooks(
    chosen: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...")] = None,
) -> None:
    """Write .ipynb files from their sources and execute them on the cpu profile."""
    notebooks = _notebooks()
    folder = notebooks.folder()
    for name in chosen or notebooks.names(folder):
        try:
            typer.echo(f"wrote {notebooks.sync(folder, name)}")
        except notebooks.NotebookError as error:
            raise G3Error(f"{name}: {error}") from error


@notebooks_app.command("check")
def check_notebooks() -> None:
    """Check that notebooks agree with their sources and are fit to be committed."""
    notebooks = _notebooks()
    folder = notebooks.folder()
    series = notebooks.names(folder)
    wrong = [line for name in series for line in notebooks.problems(folder, name)]
    wrong += address.problems(folder.parent)
    wrong += [
        f"{path.relative_to(folder.parent)} holds another address than pyproject.toml: "
        "g3lite notebooks link"
        for path in notebooks.unlinked(folder.parent)
    ]
    for line in wrong:
        typer.echo(line)
    if wrong:
        raise G3Error(f"{len(wrong)} problems; after changing a source: g3lite notebooks sync")
    typer.echo(f"{len(series)} notebooks are in order")


@notebooks_app.command("link")
def link_notebooks(
    repository: Annotated[
        str | None, typer.Option(help="its web address (default: that of the git remote origin)")
    ] = None,
    tag: Annotated[str | None, typer.Option(help="default: v and the version")] = None,
    commit: Annotated[str | None, typer.Option(help="40 digits, instead of a tag")] = None,
) -> None:
    """Write the repository's address into links, set-up cells and documents.

    They name a tag or a commit, which always means the same code, and never a branch. The tag must
    then be put on the commit that holds these links, for Colab opens the notebooks in it.
    """
    notebooks = _notebooks()
    root = notebooks.folder().parent
    chosen = address.choose(root, repository, tag, commit)
    changed = notebooks.link(root, chosen)
    for path in changed:
        typer.echo(f"changed {path.relative_to(root)}")
    typer.echo(f"{len(changed)} files changed; they name {chosen.repository}, {chosen.revision}")
    if changed and not (commit or chosen.is_placeholder):
        typer.echo(f"next: git commit -a; git tag {chosen.revision}; git push origin HEAD "
                   f"{chosen.revision}")  # fmt: skip


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
    """Keep what libraries say of their own accord off the terminal, but for progress `bars`."""
    from transformers.utils import logging as transformers_logging

    if not bars:
        transformers_logging.disable_progress_bar()
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.disable(logging.NOTSET)
        transformers_logging.enable_progress_bar()


def _shown(path: Path) -> str:
    """A path without the signs that would break its line or cannot be printed."""
    broken = ("Cc", "Cs", "Zl", "Zp")  # control signs, halves of letters, ends of lines
    return "".join("?" if category(sign) in broken else sign for sign in str(path))


def _notebooks():
    """Import the notebook tools, which are an extra of the package."""
    try:
        from g3lite import notebooks
    except ModuleNotFoundError as error:
        raise G3Error(
            f'{error.name} is missing; in a clone: pip install -e ".[notebooks]"'
        ) from error
    return notebooks


def _profile(name: str) -> profiles.Profile:
    try:
        return profiles.get(name)
    except ValueError as error:
        raise G3Error(str(error)) from error


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a mistake of the user ends in one line and exit status 1."""
    for stream in (sys.stdout, sys.stderr):  # no name of a city is worth a failure
        stream.reconfigure(errors="replace")
    try:
        app(arguments)
    except G3Error as error:
        sys.exit(f"g3lite: {' '.join(str(error).split())}")  # pandas and transformers break lines


if __name__ == "__main__":
    main()
