"""The command `g3lite`: what is installed, the series of notebooks, the shipped data."""

import json
import platform
import sys
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from g3lite import G3Error, __version__, artefacts, profiles

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
    profile: Annotated[str, typer.Option(help="auto, ci or cpu")] = "auto",
    lmm: Annotated[str | None, typer.Option(help="another model: see g3lite.lmm.load")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print all of it as JSON")] = False,
    map_file: Annotated[Path | None, typer.Option("--map", help="picture to write")] = None,
) -> None:
    """Say where photos were taken."""
    from g3lite import plots
    from g3lite.pipeline import G3

    there = [path for path in files if path.is_file()]
    for path in files:
        if path not in there:
            typer.echo(f"{path}: there is no such file", err=True)
    found = []
    if there:
        g3 = G3.from_pretrained(_profile(profile).name, lmm=lmm, progress=not as_json)
        found = g3.locate(there)
    if as_json:
        typer.echo(json.dumps([prediction.as_dict() for prediction in found], indent=1))
    else:
        for prediction in found:
            typer.echo(str(prediction), err=prediction.error is not None)
    placed = [prediction for prediction in found if prediction.coordinates]
    if map_file and placed:
        figure, axes = plots.world_map("Where the photos were taken, as G3 has it")
        coordinates = [prediction.coordinates for prediction in placed]
        plots.draw_points(axes, coordinates, color=plots.PREDICTION, size=60, marker="X")
        figure.savefig(map_file, dpi=plots.DPI)
        typer.echo(f"wrote {map_file}", err=as_json)
    if len(placed) < len(files):
        raise G3Error(f"{len(files) - len(placed)} of {len(files)} photos were not located")


@app.command()
def evaluate(
    predictions: Annotated[Path, typer.Argument(help="CSV with LAT_pred and LON_pred")],
    truth: Annotated[
        Path | None,
        typer.Option(help="photo table with IMG_ID, LAT, LON; photos without a row count as wrong"),
    ] = None,
) -> None:
    """Score a table of predictions: shares within five distances, with 95 % intervals.

    Without --truth the table itself holds the truth, in LAT and LON. Photographers are resampled if
    there is a column AUTHOR, else single photos.
    """
    import pandas as pd

    from g3lite import evaluation, tables

    needed = ["LAT_pred", "LON_pred", *(["IMG_ID"] if truth else ["LAT", "LON"])]
    try:
        answers = pd.read_csv(predictions, dtype={"IMG_ID": "string", "AUTHOR": "string"})
    except (OSError, ValueError) as error:  # pandas' own errors are of the latter kind
        raise G3Error(f"{predictions} cannot be read as a CSV table: {error}") from error
    lacking = [column for column in needed if column not in answers]
    if lacking:
        raise G3Error(
            f"{predictions} lacks {', '.join(lacking)}; it has {', '.join(answers.columns)}"
        )
    photos = tables.read(truth) if truth else answers
    clusters = "AUTHOR" if "AUTHOR" in photos and photos["AUTHOR"].notna().all() else None
    try:
        if truth is None:
            answers = answers[["LAT_pred", "LON_pred"]].to_numpy(float)
        results = evaluation.evaluate({str(predictions): answers}, photos, clusters=clusters)
    except ValueError as error:
        raise G3Error(f"{predictions}: {error}") from error
    typer.echo(f"{len(photos)} photos, intervals by {'photographer' if clusters else 'photo'}")
    typer.echo(evaluation.table(results).to_string())


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
    for line in wrong:
        typer.echo(line)
    if wrong:
        raise G3Error(f"{len(wrong)} problems; after changing a source: g3lite notebooks sync")
    typer.echo(f"{len(series)} notebooks are in order")


def _notebooks():
    """Import the notebook tools, which are an extra of the package."""
    try:
        from g3lite import notebooks
    except ModuleNotFoundError as error:
        raise G3Error(f'{error.name} is missing: pip install "g3lite[notebooks]"') from error
    return notebooks


def _profile(name: str) -> profiles.Profile:
    try:
        return profiles.get(name)
    except ValueError as error:
        raise G3Error(str(error)) from error


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a mistake of the user ends in one line and exit status 1."""
    try:
        app(arguments)
    except G3Error as error:
        sys.exit(f"g3lite: {error}")


if __name__ == "__main__":
    main()
