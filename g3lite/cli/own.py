"""`g3lite index`, and `locate` and `align` with a gallery of one's own."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # they take seconds to import
    import pandas as pd

    from g3lite.alignment import GeoAlignment
    from g3lite.backbone import Backbone
    from g3lite.datasets.featurefolder import FeatureFolder
    from g3lite.recipes.own import Located

from g3lite import G3Error, profiles
from g3lite.cli import check_folder, own_position, shown

BACKBONE = (
    "any open_clip model: miniclip (shipped, knows drawings only), NAME:WEIGHTS such as "
    "ViT-B-32:laion2b_s34b_b79k, a folder, or hf-hub:OWNER/NAME; open_clip fetches its weights"
)
DRAWINGS = (
    "miniclip has seen nothing but drawings of MiniEarth, so photos that it finds similar need not "
    "be: for photos name a backbone of the real world, such as --backbone "
    "ViT-B-32:laion2b_s34b_b79k"
)
_NAMED = 10
"""Photos that are left out are named, up to so many of a kind; the manifest names all."""


def index(
    folder: Annotated[Path, typer.Argument(help="photos, in folders or not", show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="folder to write", show_default=False)
    ],
    table: Annotated[
        Path | None,
        typer.Option(help="CSV with IMG_ID, LAT and LON, instead of what the cameras wrote"),
    ] = None,
    backbone: Annotated[str | None, typer.Option(metavar="NAME", help=BACKBONE)] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, ...")] = "auto",
    batch_size: Annotated[int, typer.Option(min=1, help="photos per step")] = 64,
) -> None:
    """Make a gallery of a folder of photos, to search with `g3lite locate --gallery`.

    Positions come from the photos themselves (EXIF, XMP) or from a table. Photos without one, and
    damaged ones, are named and left out. A run that was stopped goes on where it was, and photos
    that are added later are the only ones that cost time.
    """
    from g3lite.datasets import own

    found = own.find(folder, table)
    check_folder(output)
    typer.echo(f"{len(found.photos):,} photos with a position in {folder}")
    if found.without_file:
        typer.echo(f"{found.without_file:,} rows of {table} have no picture there")
    model = _backbone(backbone or profiles.get().backbone, device)
    gallery = own.index(found, model, output, batch_size)
    _name_left_out(gallery.manifest["left_out"])
    typer.echo(
        f"wrote {len(gallery):,} photos to {output}: features of {gallery.dim} numbers by "
        f"{gallery.backbone}"
    )
    if gallery.backbone == "miniclip":
        typer.echo(f"g3lite: {DRAWINGS}", err=True)


def _name_left_out(left_out: dict[str, str]) -> None:
    """A line for each reason, with the photos it holds for."""
    from g3lite.datasets.own import COPY

    kinds = {img_id: COPY + "another one" if why.startswith(COPY) else why
             for img_id, why in left_out.items()}  # fmt: skip
    for why, number in Counter(kinds.values()).most_common():
        named = [img_id for img_id, reason in kinds.items() if reason == why]
        shown = ", ".join(named[:_NAMED]) + (", ..." if number > _NAMED else "")
        photos = "1 photo" if number == 1 else f"{number:,} photos"
        typer.echo(f"left out: {photos}, {why} ({shown})", err=True)


def _backbone(name: str, device: str) -> Backbone:
    from g3lite.backbone import Backbone

    try:
        return Backbone.load(name, device=device)
    except (FileNotFoundError, ValueError, RuntimeError) as error:
        if isinstance(error, G3Error):
            raise
        raise G3Error(f"the backbone {name}: {error}") from error


def align_gallery(
    gallery: Path, output: Path, backbone: str | None, device: str, seed: int, image_only: bool
) -> None:
    """Train heads for a gallery of one's own."""
    from accelerate import PartialState

    from g3lite.datasets import featurefolder
    from g3lite.recipes import own
    from g3lite.support.processes import on_cpu

    process = PartialState(cpu=on_cpu())
    made = featurefolder.read(gallery, verify=False, table=False)  # `ondisk.parts` compares hashes
    model = None if image_only else _of_gallery(made, backbone, device)
    check_folder(output)
    with warnings.catch_warnings(record=True, action="always") as told:
        heads, history, parted = own.train(made, model, seed=seed, folder=output)
    if not process.is_main_process:
        return
    for warning in told:
        if warning.category is UserWarning:
            typer.echo(f"g3lite: {warning.message}", err=True)
    save_trained(heads, history, output, made, parted)


def save_trained(
    heads: GeoAlignment,
    history: pd.DataFrame,
    output: Path,
    made_on: FeatureFolder,
    parted: dict[str, object],
) -> None:
    """Write heads and their history, and say how good the best epoch was."""
    from g3lite.datasets.heads import save_heads

    save_heads(heads, output, made_on, **parted, texts=bool(heads.config.text))
    history.to_csv(output / "history.csv", index=False)
    typer.echo(
        f"trained on {parted['train']:,} photos, validated on {parted['validation']:,} of other "
        f"{parted['parted_by']}"
    )
    best = history.loc[history["accuracy"][::-1].idxmax()]
    typer.echo(best.to_frame().T.to_string(index=False))
    typer.echo(f"wrote the heads of the epoch of the best accuracy to {output}")


def _of_gallery(gallery: FeatureFolder, name: str | None, device: str) -> Backbone:
    """The backbone of a gallery, or one that was named and has to be the same."""
    try:
        backbone = _backbone(name or gallery.backbone, device)
    except G3Error as error:
        if name:
            raise
        raise G3Error(
            f"{gallery.path} was made by {gallery.backbone}, which is not to be had here ({error}):"
            " name the same model with --backbone; if it is none of open_clip, locate in Python "
            "(g3lite.recipes.own)"
        ) from error
    gallery.check_backbone(backbone.name, backbone.fingerprint)
    return backbone


def locate_in_gallery(
    files: Sequence[Path],
    problems: Sequence[str | None],
    gallery: Path,
    heads: Path | None,
    backbone: str | None,
    device: str,
    near: int,
) -> list[Located]:
    """An answer for each file, in their order; where there is a problem, one that says so."""
    import pandas as pd

    from g3lite.datasets import featurefolder
    from g3lite.datasets.heads import load_heads
    from g3lite.recipes import own

    searched = featurefolder.read(gallery)
    model = _of_gallery(searched, backbone, device)
    trained = heads and load_heads(heads, model.name, model.fingerprint, str(model.device))
    if model.name == "miniclip":
        typer.echo(f"g3lite: {DRAWINGS}", err=True)
    usable = [path for path, problem in zip(files, problems, strict=True) if not problem]
    found = iter(own.locate(usable, searched, model, trained or None, k=near) if usable else ())
    nothing = pd.DataFrame(columns=["IMG_ID", "similarity", "LAT", "LON", "km"])
    return [
        own.Located(path.name, None, nothing, error=problem) if problem else next(found)
        for path, problem in zip(files, problems, strict=True)
    ]


def tell(files: Sequence[Path], found: Sequence[Located], as_json: bool) -> None:
    """Print the answers, with the near photos that speak for them."""
    from g3lite.recipes.own import AGREE_KM

    photos = []
    for path, one in zip(files, found, strict=True):
        near = [
            {"photo": row.IMG_ID, "similarity": round(float(row.similarity), 4),
             "latitude": row.LAT, "longitude": row.LON, "km": round(float(row.km), 3)}
            for row in one.near.itertuples()
        ]  # fmt: skip
        about = {"photo": str(path), "error": one.error, "near": near, "itself": one.itself}
        if one.coordinates:
            about |= {
                "latitude": one.coordinates[0], "longitude": one.coordinates[1],
                "place": one.place, "agree": one.agree,
                "exif": own_position(path, one.coordinates),
            }  # fmt: skip
        photos.append(about)
    if as_json:
        typer.echo(json.dumps(photos, indent=1, allow_nan=False))
        return
    for path, about in zip(files, photos, strict=True):
        if about["error"]:
            typer.echo(f"{shown(path)}: {about['error']}", err=True)
            continue
        typer.echo(
            f"{shown(path)}: {about['latitude']:.4f}, {about['longitude']:.4f}, {about['place']}; "
            f"{about['agree']} of {len(about['near'])} near photos within {AGREE_KM:.0f} km"
        )
        for photo in about["near"]:
            file = shown(Path(photo["photo"]))
            typer.echo(f"  {photo['similarity']:6.3f}  {photo['km']:8,.1f} km  {file}")
        if about["itself"]:
            typer.echo(f"  {about['itself']} of the gallery is this very file, and was left out")
        if said := about["exif"]:
            place = f"{said['latitude']:.2f}, {said['longitude']:.2f}"
            typer.echo(f"  the file itself says {place}: {said['km']:,.0f} km away")
