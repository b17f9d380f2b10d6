"""`g3lite dev`: what contributors need for data, notebooks and MiniEarth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from g3lite import G3Error
from g3lite.cli import OPTIONS, check_folder, check_output, import_notebooks, written
from g3lite.recipes import artefacts
from g3lite.teaching import address

app = typer.Typer(help="For contributors: data, notebooks, MiniEarth.", **OPTIONS)
data_app = typer.Typer(help="Compare or rebuild the shipped data.", **OPTIONS)
notebooks_app = typer.Typer(
    help="Write the notebooks from their sources, or check them.", **OPTIONS
)
world_app = typer.Typer(help="Look at MiniEarth, or take new photos of it.", **OPTIONS)
app.add_typer(data_app, name="artefacts")
app.add_typer(notebooks_app, name="notebooks")
app.add_typer(world_app, name="miniearth")


@app.command("readme")
def write_readme() -> None:
    """Write the pictures and the table of results of README.md."""
    root = import_notebooks().folder().parent
    from g3lite.teaching import landing

    for path in landing.write(root):
        typer.echo(f"wrote {path}")


@data_app.command("check")
def check_artefacts() -> None:
    """Compare the shipped data with its manifest."""
    wrong = artefacts.check()
    for line in wrong:
        typer.echo(line)
    if wrong:
        raise G3Error(f"{len(wrong)} disagreements; rebuild with: g3lite dev artefacts build")
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
    if output.is_dir() and any(output.iterdir()):
        raise G3Error(f"{output} is not empty; name another folder")
    images = output / "images"
    check_folder(images)
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

    if output.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise G3Error(f"{output}: the name of the picture ends in .png or .jpg")
    check_output(output)
    try:
        scenes = sheets.grouped(by, columns, rows)
    except ValueError as error:
        raise G3Error(str(error)) from error
    form = "PNG" if output.suffix.lower() == ".png" else "JPEG"
    with written(output) as part:
        sheets.sheet(scenes, columns, size).save(part, form, quality=85)
    typer.echo(f"wrote {len(scenes)} photos to {output}")


@world_app.command("moves")
def cue_moves_table(
    output: Annotated[Path, typer.Argument(help="table to write (.csv)")],
    encoder: Annotated[
        bool, typer.Option("--encoder", help="of the encoder's answer alone: minutes, no asking")
    ] = False,
) -> None:
    """Measure how far each cue and each nuisance moves the answers about validation photos."""
    from g3lite import G3
    from g3lite.recipes import cue_moves

    check_output(output)
    table = cue_moves.measure(G3.from_pretrained(cue_moves.RUN["profile"]), whole=not encoder)
    with written(output) as part:
        cue_moves.write(table, part)
    typer.echo(f"wrote {len(table)} rows to {output}")


@notebooks_app.command("sync")
def sync_notebooks(
    chosen: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...")] = None,
) -> None:
    """Write .ipynb files from their sources and execute them on the cpu profile."""
    notebooks = import_notebooks()
    folder = notebooks.folder()
    for name in chosen or notebooks.names(folder):
        try:
            typer.echo(f"wrote {notebooks.sync(folder, name)}")
        except notebooks.NotebookError as error:
            raise G3Error(f"{name}: {error}") from error


@notebooks_app.command("plans")
def write_plans() -> None:
    """Write the course plans (notebooks/course/*.md) from their tables (*.toml)."""
    folder = import_notebooks().folder()
    from g3lite.teaching import plans

    for path in plans.write(folder):
        typer.echo(f"wrote {path}")


@notebooks_app.command("check")
def check_notebooks() -> None:
    """Check that notebooks agree with their sources and are fit to be committed."""
    notebooks = import_notebooks()
    folder = notebooks.folder()
    series = notebooks.names(folder)
    wrong = [line for name in series for line in notebooks.problems(folder, name)]
    wrong += address.problems(folder.parent)
    wrong += [
        f"{path.relative_to(folder.parent)} holds another address than pyproject.toml: "
        "g3lite dev notebooks link"
        for path in notebooks.unlinked(folder.parent)
    ]
    for line in wrong:
        typer.echo(line)
    if wrong:
        raise G3Error(f"{len(wrong)} problems; after changing a source: g3lite dev notebooks sync")
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
    notebooks = import_notebooks()
    root = notebooks.folder().parent
    chosen = address.choose(root, repository, tag, commit)
    changed = notebooks.link(root, chosen)
    for path in changed:
        typer.echo(f"changed {path.relative_to(root)}")
    typer.echo(f"{len(changed)} files changed; they name {chosen.repository}, {chosen.revision}")
    if changed and not (commit or chosen.is_placeholder):
        typer.echo(f"next: git commit -a; git tag {chosen.revision}; git push origin HEAD "
                   f"{chosen.revision}")  # fmt: skip
