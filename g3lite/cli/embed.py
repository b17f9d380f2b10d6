"""`g3lite embed`: features of more photos than one process encodes in a day."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from g3lite import G3Error
from g3lite.cli import check_folder
from g3lite.cli.own import BACKBONE


def embed(
    photos: Annotated[
        str,
        typer.Argument(help="folder of photos or of tar archives; or a set, as miniearth/gallery"),
    ],
    output: Annotated[Path, typer.Argument(help="folder for the parts; all workers must see it")],
    table: Annotated[
        Path | None, typer.Option(help="CSV with IMG_ID, AUTHOR, LAT, LON: where they were taken")
    ] = None,
    features: Annotated[
        Path | None,
        typer.Option(help="join the parts into this folder at the end, for align and locate"),
    ] = None,
    backbone: Annotated[str, typer.Option(metavar="NAME", help=BACKBONE)] = "miniclip",
    workers: Annotated[int, typer.Option(min=1, help="processes, each with a backbone")] = 2,
    device: Annotated[str, typer.Option(help="of each worker: cpu, or cuda for a GPU each")] = (
        "cpu"
    ),
    address: Annotated[
        str | None, typer.Option(help="of a Ray cluster, such as auto; none: this machine")
    ] = None,
    block: Annotated[int, typer.Option(min=1, help="photos per part: what a kill loses")] = 512,
    batch_size: Annotated[int, typer.Option(min=1, help="photos per step")] = 64,
) -> None:
    """Encode photos with several workers; one that is killed costs no photo, and doubles none.

    A run that was stopped is called again and goes on. Photos that are damaged are named and have
    no vector.
    """
    from g3lite.datasets.load import load_photos
    from g3lite.scale import embed as scale
    from g3lite.scale.plan import photos_of

    check_folder(output)
    if features:
        check_folder(features)
    folder = os.path.isdir(photos)
    if table and not folder:
        raise G3Error(f"--table goes with a folder, and {photos} is none")
    listed = photos_of(photos, table) if folder else photos_of(load_photos(photos))
    try:
        report = scale.embed(
            listed, output, backbone, address=address, workers=workers, device=device,
            block=block, batch_size=batch_size,
        )  # fmt: skip
    except (ValueError, FileNotFoundError) as error:  # an unknown backbone, or no such device
        raise G3Error(str(error)) from error
    typer.echo(str(report))
    if features:
        made = scale.to_features(output, features)
        typer.echo(
            f"wrote {len(made):,} photos that have a place to {features}: g3lite align OUTPUT "
            f"--features {features} trains on it, g3lite locate PHOTO --gallery {features} searches"
        )
    else:
        typer.echo("next: this call with --features FOLDER joins the parts, for align and locate")
