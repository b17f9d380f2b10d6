"""The section "On real photos" of a notebook: on the pack that `G3LITE_PACK` names, if it does.

    pack = real_photos.pack("the same search in photos that people took")
    if pack:
        figures.show(...)

Cells of such a section are tagged `pack`. Without a pack they do nothing, download nothing, and the
first one says in a line what they would show.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pandas as pd
import torch

from g3lite.datasets import pack as packs
from g3lite.datasets.pack import Pack
from g3lite.datasets.remote import COLLECTIONS
from g3lite.recipes.own import groups
from g3lite.recipes.pack import PHOTOS, sizes
from g3lite.training import Schedule

NO_PACK = "No pack of real photos"
"""How the line begins that is printed where there is none."""
DIM = 768
"""Features of CLIP ViT-L/14, which makes a pack unless another model is named."""


def pack(shows: str) -> Pack | None:
    """The pack that `G3LITE_PACK` names; None, and a line instead, where it names none.

    Args:
        shows: what the section shows, in a few words.

    Raises:
        FolderError: there is no pack in the folder that is named.
    """
    found = packs.chosen()
    if found is not None:
        parts = ", ".join(f"{part} {count:,}" for part, count in found.parts.items())
        print(f"{label(found)}. Photos by part: {parts}.")
        return found
    print(f"{NO_PACK} is named by {packs.VARIABLE}. With one, these cells show {shows}.")
    if torch.cuda.is_available():
        print(_offer())
    return None


def label(pack: Pack) -> str:
    """What a pack's results are results of: for titles."""
    photos = f"{len(pack):,} photos"
    if pack.name == "miniearth":
        return f"stand-in: {photos} that are drawn, {pack.folder.backbone}"
    if not pack.texts:  # no text tower: a model that has not learnt from captions
        return f"mechanics on {photos}, not CLIP ({pack.folder.backbone})"
    return f"{photos} of {pack.name}, {pack.folder.backbone}"


def people(table: pd.DataFrame) -> pd.DataFrame:
    """A pack's table with a photographer in each row, as intervals and fair searches need it.

    Where none is named it is the sequence, day or folder, by which the pack was parted, too.
    """
    return table.assign(AUTHOR=groups(table)[0])


def in_points(row: NamedTuple) -> str:
    """A row of `evaluation.compare`: "+1.2 [-0.3, +2.9] points"."""
    return f"{100 * row.difference:+.1f} [{100 * row.low:+.1f}, {100 * row.high:+.1f}] points"


def of_guessing(history: pd.DataFrame, pack: Pack) -> dict[str, tuple[pd.Series, pd.Series]]:
    """Epochs and losses of train and validation, as shares of the loss of guessing.

    Guessing among n photos has the loss ln n, twice that where texts are learnt too. A part may be
    smaller than a batch, so it is another n for each of them.

    Args:
        history: what `recipes.pack.train` gave.
        pack: what it was given.
    """
    losses = {"train": history["loss"], "validation": history["validation_loss"]}
    batch, terms = Schedule.batch_size, 1 + bool(pack.texts)
    return {
        part: (history["epoch"], loss / (terms * math.log(min(batch, pack.parts[part]))))
        for part, loss in losses.items()
    }


@contextmanager
def told() -> Iterator[None]:
    """Warnings to the user within are printed afterwards, each once, in place of red lines."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        yield
    said = [str(one.message) for one in heard if one.category is UserWarning]
    for line in dict.fromkeys(said):
        print(f"warning: {line}")


def _offer() -> str:
    """How to make a pack on this machine, which has a GPU, and what that fetches."""
    fetched = PHOTOS * COLLECTIONS["osv5m"].photo_bytes / 1e9
    return (
        "This machine has a GPU and can make one, without an account:\n"
        "    !g3lite pack osv5m class\n"
        "    %env G3LITE_PACK=class\n"
        f"It fetches about {fetched:.1f} GB of photos and 0.9 to 1.7 GB of CLIP (published), and "
        f"the pack of {PHOTOS:,} photos takes at most {sizes(PHOTOS, DIM)['all'] / 1e6:.0f} MB. "
        "About ten minutes on a T4 are expected; this has not been measured yet."
    )
