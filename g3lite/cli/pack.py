"""`g3lite pack`, and `align` with a pack."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from g3lite import G3Error
from g3lite.cli import check_folder
from g3lite.cli.own import BACKBONE, save_trained

DEFAULT = "ViT-L-14-quickgelu:openai"


def pack(
    name: Annotated[
        str, typer.Argument(help="osv5m, mp16-pro, or a folder of photos", show_default=False)
    ],
    out: Annotated[Path, typer.Argument(help="folder to write", show_default=False)],
    n: Annotated[int, typer.Option("-n", min=1, help="photos at most")] = 20_000,
    backbone: Annotated[str, typer.Option(metavar="NAME", help=BACKBONE)] = DEFAULT,
    table: Annotated[
        Path | None, typer.Option(help="of a folder: CSV with IMG_ID, LAT, LON and AUTHOR")
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="of a folder: the licence of its photos, if it allows all "
                                      "to pass them on")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, ...")] = "auto",
    batch_size: Annotated[int, typer.Option(min=1, help="photos per step")] = 64,
    seed: Annotated[int, typer.Option(min=0, help="of the parts")] = 0,
    max_gb: Annotated[float, typer.Option(min=0, help="the most to fetch, 10^9 bytes")] = 2.5,
) -> None:  # fmt: skip
    """Make a pack of real photos: features, thumbnails and places, for machines without a GPU.

    Made once, it serves a class: G3LITE_PACK names its folder. A run that was stopped goes on where
    it was. Sizes and times are said first.
    """
    from g3lite.datasets.remote import COLLECTIONS
    from g3lite.recipes import pack as recipe

    if name in COLLECTIONS and (table or licence):
        raise G3Error(f"--table and --licence are for a folder of photos, {name} has its own")
    terms = recipe.Licence(licence, "", True, "photos of one's own") if licence else None
    check_folder(out)
    with told_at_once():
        made = recipe.make(
            name, out, n, backbone, table=table, licence=terms, device=device,
            batch_size=batch_size, seed=seed, max_gb=max_gb, say=typer.echo,
        )  # fmt: skip
    typer.echo(f"to use it: export G3LITE_PACK={made.folder.path.resolve()}")


@contextmanager
def told_at_once() -> Iterator[None]:
    """Warnings to the user are lines on standard error, when they come."""

    def tell(message: Warning | str, category: type[Warning], *_: object) -> None:
        if category is UserWarning:
            typer.echo(f"g3lite: {message}", err=True)

    with warnings.catch_warnings(action="always"):
        warnings.showwarning = tell
        yield


def align_pack(folder: Path, output: Path, size: str, seed: int) -> None:
    """Train heads on a pack; no backbone is loaded."""
    from accelerate import PartialState

    from g3lite.alignment import CONFIGS
    from g3lite.datasets import pack as packs
    from g3lite.recipes import pack as recipe
    from g3lite.support.processes import on_cpu

    if size not in CONFIGS:
        raise G3Error(f"unknown size {size!r}; there are {', '.join(CONFIGS)}")
    process = PartialState(cpu=on_cpu())
    made = packs.read(folder)
    check_folder(output)
    with told_at_once():
        heads, history = recipe.train(made, size, seed=seed, folder=output)
    if process.is_main_process:
        parted = {"train": made.parts["train"], "validation": made.parts["validation"],
                  "parted_by": made.folder.manifest["parted_by"]}  # fmt: skip
        save_trained(heads, history, output, made.folder, parted)
