"""The command `g3lite`: what is installed, the series of notebooks, the shipped data."""

from __future__ import annotations

import errno
import platform
import sys
import traceback
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from g3lite import G3Error, __version__, paths, profiles
from g3lite.cli import (
    OPTIONS,
    check_folder,
    develop,
    embed,
    import_notebooks,
    own,
    pack,
    site,
    teach,
)
from g3lite.cli.doctor import doctor
from g3lite.cli.evaluate import evaluate, paper_tables
from g3lite.cli.locate import locate
from g3lite.recipes import artefacts

app = typer.Typer(help="Notebooks and package for G3 worldwide image geolocalization.", **OPTIONS)
app.command()(locate)
app.command()(own.index)
app.command()(pack.pack)
app.command()(embed.embed)
app.command()(evaluate)
app.command("tables")(paper_tables)
app.command()(doctor)
app.add_typer(teach.app, name="teach")
app.add_typer(site.app, name="site")
app.add_typer(develop.app, name="dev")
_SHOWN = ("torch", "open_clip_torch", "transformers", "faiss-cpu", "numpy", "pandas", "pillow")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"g3lite {__version__}")
        raise typer.Exit()


@app.callback()
def _options(
    _: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    pass


@app.command()
def info() -> None:
    """Show versions, profiles and whether the shipped data is consistent."""
    typer.echo(f"g3lite {__version__}, Python {platform.python_version()}, {platform.platform()}")
    for package in _SHOWN:
        try:
            typer.echo(f"  {package:16} {version(package)}")
        except PackageNotFoundError:
            typer.echo(f"  {package:16} not installed")
    chosen = profiles.get("auto").name
    typer.echo("profiles (* is the one in use)")
    for profile in profiles.PROFILES.values():
        size = f"{profile.gallery_size:,}" if profile.gallery_size else "all"
        mark = "*" if profile.name == chosen else " "
        sets = ", ".join(profile.queries)
        models = f"{profile.backbone}, {profile.lmm}"
        typer.echo(f"{mark} {profile.name}: {models}, {size} of {profile.gallery}; {sets}")
    typer.echo(f"data   {paths.data_dir()}")
    typer.echo(f"cache  {paths.cache_dir()}")
    wrong = len(artefacts.check(code=False))
    if wrong:
        typer.echo(f"the data differs from its manifest ({wrong}): g3lite dev artefacts check")
    else:
        typer.echo("the data is intact")


@app.command()
def run(
    profile: Annotated[str, typer.Option(help="auto, ci, cpu or gpu")] = "auto",
    output: Annotated[Path, typer.Option(help="where the results go")] = Path("build"),
) -> None:
    """Run the series of notebooks and print its tables of results."""
    notebooks = import_notebooks()
    folder = notebooks.folder()
    if not notebooks.names(folder):
        raise G3Error(f"no notebooks in {folder}")
    chosen = profiles.get(profile).name
    output = output.resolve()
    check_folder(output)
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
    gallery: Annotated[
        Path | None,
        typer.Option(
            "--gallery",
            "--features",
            help="train for this folder of features (of g3lite index); it stays on disk",
        ),
    ] = None,
    backbone: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="with --gallery: its backbone, if the name has changed"),
    ] = None,
    image_only: Annotated[
        bool, typer.Option("--image-only", help="with --gallery: no place texts, no backbone")
    ] = False,
    device: Annotated[str, typer.Option(help="with --gallery: auto, cpu, cuda, ...")] = "auto",
    packed: Annotated[
        Path | None,
        typer.Option("--pack", envvar="G3LITE_PACK", help="train on this pack (of g3lite pack)"),
    ] = None,
    size: Annotated[
        str, typer.Option(help="with --pack: mini, or official for heads of the paper's size")
    ] = "mini",
) -> None:
    """Train the heads of geo-alignment. In several processes: torchrun -m g3lite.cli align ...

    With --gallery or --pack validation photos are of other photographers (where none are named: of
    other days) than those that are trained on; the rate falls over the run, and the epoch of the
    best accuracy within 200 km is kept.
    """
    if gallery:
        own.align_gallery(gallery, output, backbone, device, seed, image_only)
        return
    if packed:
        typer.echo(f"the pack {packed} is trained on")
        pack.align_pack(packed, output, size, seed)
        return
    if backbone or image_only:
        raise G3Error("--backbone and --image-only go with --gallery")
    import torch
    from accelerate import PartialState

    from g3lite import alignment, miniearth, training
    from g3lite.backbone import Backbone
    from g3lite.miniearth.splits import SIZES
    from g3lite.support.processes import on_cpu

    chosen = profiles.get(profile)
    if schedule not in training.SCHEDULES:
        raise G3Error(f"unknown schedule {schedule!r}; there are {', '.join(training.SCHEDULES)}")
    if chosen.gallery not in SIZES:
        raise G3Error(f"{chosen.gallery} is no set of MiniEarth; use --profile cpu")
    check_folder(output)
    process = PartialState(cpu=on_cpu())
    backbone = Backbone.load(chosen.backbone, device=chosen.device)
    with process.main_process_first():  # the first fills the feature cache for the others
        train = training.AlignmentDataset.from_photos(
            miniearth.load(chosen.gallery, chosen.gallery_size), backbone
        )
        queries = miniearth.load(chosen.queries[0], chosen.query_size)
        validation = training.AlignmentDataset.from_photos(queries, backbone)
    torch.manual_seed(seed)
    model = alignment.GeoAlignment(alignment.CONFIGS[chosen.alignment])
    plan = replace(training.SCHEDULES[schedule], seed=seed)
    history = training.fit(model, train, validation, plan, output)
    if process.is_main_process:
        model.save_pretrained(output)
        history.to_csv(output / "history.csv", index=False)
        typer.echo(history.tail(1).to_string(index=False))
        typer.echo(f"wrote the weights of the best epoch to {output}")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a mistake of the user ends in one line and exit status 1."""
    for stream in (sys.stdout, sys.stderr):  # no name of a city is worth a failure
        if stream is not None:  # it is, where it was closed
            stream.reconfigure(errors="replace")
    try:
        app(arguments)
    except G3Error as error:
        sys.exit(f"g3lite: {' '.join(str(error).split())}")  # pandas and transformers break lines
    except Exception as error:
        disk = _disk_error(error)
        if disk is None:
            raise
        raised_by = [frame.name for frame in traceback.extract_tb(disk.__traceback__)[-1:]]
        if raised_by == ["echo"]:
            sys.exit(f"g3lite: standard output cannot be written: {disk.strerror}")
        where = f"{disk.filename}: " if disk.filename else ""
        sys.exit(
            f"g3lite: {where}{disk.strerror}; see that there is room, and that it may be written "
            "to (G3LITE_CACHE names another folder for the cache)"
        )


def _disk_error(error: BaseException | None) -> OSError | None:
    """What a disk or a folder refused, where an exception comes of that; else None."""
    refusals = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO,
                errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EFBIG}  # fmt: skip
    while error is not None:
        if isinstance(error, OSError) and error.errno in refusals:
            return error
        error = error.__cause__ or error.__context__
    return None
