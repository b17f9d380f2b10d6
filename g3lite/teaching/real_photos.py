"""The section "On real photos" of a notebook: on the pack that `G3LITE_PACK` names, if it does.

    pack = real_photos.pack("the same search in photos that people took")
    if pack:
        figures.show(...)

Cells of such a section are tagged `pack`. Without a pack they do nothing, download nothing, and the
first one says in a line what they would show. Heads are trained once for all notebooks; replies of
a language model stay with the pack, so that whoever gets the pack has them, too. The rows of a
table are those of `paper.real`. Notebook 07 uses this, too, see `real_table`.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from scipy import stats

from g3lite import G3Error, evaluation, geo
from g3lite.alignment import GeoAlignment
from g3lite.datasets import pack as packs
from g3lite.datasets.heads import load_heads, save_heads
from g3lite.datasets.pack import Pack
from g3lite.datasets.remote import COLLECTIONS
from g3lite.datasets.split import groups
from g3lite.lmm.base import LMM
from g3lite.lmm.load import load_lmm
from g3lite.paper.real import RealRun
from g3lite.paths import cache_dir, replacing
from g3lite.profiles import Profile
from g3lite.prompts import PromptPlan
from g3lite.recipes import pack as recipe
from g3lite.recipes.own import schedule_for
from g3lite.recipes.pack import LARGE, PHOTOS, sizes
from g3lite.training import Schedule
from g3lite.verification import CANDIDATE_CONFIGS

NO_PACK = "No pack of real photos"
"""How the line begins that is printed where there is none."""
STAND_IN = "miniearth"
"""The name of a pack of drawings."""
DIM = 768
"""Features of CLIP ViT-L/14, which makes a pack unless another model is named."""
ASKED = 40
"""A language model is asked about so many photos of the part test."""
CHOICE = CANDIDATE_CONFIGS["miniearth"]
"""Replies to each prompt, and retrieved places, where there are replies."""
REPLIES = "replies.parquet"
TRAINING_VERSION = 2
"""Of what is kept of a training; raise it when `training` or the files change."""
LMM_GB = 5
"""A language model is fetched if it has at most so many GB (10^9 bytes)."""

_T = TypeVar("_T")


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
    named = f"(%env {packs.VARIABLE}=FOLDER)"
    print(f"{NO_PACK} is named by {packs.VARIABLE}. With one {named} these cells show {shows}.")
    if torch.cuda.is_available():
        print(_offer())
    return None


def label(pack: Pack) -> str:
    """What a pack's results are results of: for titles."""
    photos = f"{len(pack):,} photos"
    if pack.name == STAND_IN:
        return f"stand-in: {photos} that are drawn, {pack.folder.backbone}"
    if not pack.texts:  # no text tower: a model that has not learnt from captions
        return f"mechanics on {photos}, not CLIP ({pack.folder.backbone})"
    return f"{photos} of {pack.name}, {pack.folder.backbone}"


def people(table: pd.DataFrame) -> pd.DataFrame:
    """A photo table with a photographer in each row, at least two of them, as intervals need it.

    Where none is named it is the sequence, day or folder, by which a pack was parted, too. Photos
    by one person alone give no interval over photographers: then each counts as somebody's.
    """
    named = table.assign(AUTHOR=groups(table)[0])
    if named["AUTHOR"].nunique() > 1:
        return named
    print(f"all {len(table):,} photos are by one person, or from one walk: intervals count each as "
          "evidence of its own, and are too narrow")  # fmt: skip
    return named.assign(AUTHOR=named["IMG_ID"])


def had(what: str, get: Callable[[], _T], otherwise: str) -> _T | None:
    """What a function gives; None, and the reason with what follows from it, where it fails."""
    try:
        return get()
    except (G3Error, OSError, ValueError) as reason:
        print(f"NOT HERE: {what}. {reason}\n→ {otherwise}")
        return None


def trained(pack: Pack, size: str = "official") -> tuple[GeoAlignment, pd.DataFrame]:
    """Heads for a pack, and the history of their training; what it warns of is printed.

    They are trained at the first call, and kept in the cache for all notebooks.

    Args:
        pack: the pack.
        size: a key of `alignment.CONFIGS`; "mini" takes a quarter of the time of "official".
    """
    model, history, warned = _trained(pack, size)
    print(warned, end="")
    return model, history


def heads(pack: Pack, size: str = "official") -> GeoAlignment:
    """The same heads; a line says how their loss on validation compares with that of guessing."""
    model, history, _ = _trained(pack, size)  # the line says what the warnings say
    lowest = of_guessing(history, pack)["validation"][1].min()
    print(f"heads of notebook 02: their lowest validation loss is {lowest:.2f} of that of guessing")
    return model


def _trained(pack: Pack, size: str) -> tuple[GeoAlignment, pd.DataFrame, str]:
    schedule = schedule_for(pack.parts["train"], bool(pack.texts))
    files = {name: file["sha256"] for name, file in pack.folder.manifest["files"].items()}
    made_of = json.dumps([TRAINING_VERSION, files, size, asdict(schedule)], sort_keys=True)
    digest = hashlib.sha256(made_of.encode()).hexdigest()[:16]
    folder = cache_dir() / "pack-heads" / f"{size}-{digest}"
    record, lines = folder / "history.csv", folder / "warnings.txt"
    if not record.is_file():
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            model, history = recipe.train(pack, size, schedule=schedule)
        save_heads(model, folder, pack.folder)
        said = [str(one.message) for one in heard if one.category is UserWarning]
        lines.write_text("".join(f"warning: {line}\n" for line in dict.fromkeys(said)), "utf-8")
        with replacing(record) as part:  # the last file: where it is, the others are
            history.to_csv(part, index=False)
    history = pd.read_csv(record)
    model = load_heads(folder, pack.folder.backbone, pack.folder.fingerprint)
    return model, history, lines.read_text("utf-8")


def run(pack: Pack, model: GeoAlignment, said: pd.DataFrame | None = None) -> RealRun:
    """The part test of a pack, to be located among train and gallery.

    Args:
        pack: the pack.
        model: the heads.
        said: what `replies` gave: then only the photos that it is about.
    """
    test = pack.photos("test")
    known = pack.part("train", "gallery")
    every = RealRun(test, np.float32(pack.part("test").features), known, model)
    return every if said is None else every.take(np.isin(test.ids, said["IMG_ID"]))


# ----------------------------------------------------------------------------------- language model


def language_model(name: str, pack: Pack, profile: Profile, max_gb: float = LMM_GB) -> LMM:
    """The model that is asked about a pack's photos.

    Args:
        name: "auto" for the profile's, and for drawings MiniLMM, which knows nothing else.
        pack: the pack.
        profile: whose model is asked.
        max_gb: nothing larger is fetched.

    Raises:
        G3Error: it cannot be had.
    """
    if name == "auto" and pack.name == STAND_IN:
        return load_lmm("minilmm")
    if name == "auto" and profile.name != "gpu":
        raise G3Error(
            "without a GPU it takes minutes for a photo. Name one behind a server, LMM = "
            '"api:MODEL" (its address and key: g3lite.lmm.api), or a small one of the hub'
        )
    chosen = profile.lmm if name == "auto" else name
    print(f"{chosen} is asked; if it is not here yet, it is fetched (at most {max_gb:g} GB)")
    return load_lmm(chosen, max_gb=max_gb)


def asked_rows(pack: Pack) -> np.ndarray:
    """Which rows of the part test a language model is asked about: int64 (n,), n at most `ASKED`.

    Of those whose pictures are large, and of as many people as possible.
    """
    people_of = groups(pack.part("test").table.head(LARGE))[0]
    turn = people_of.groupby(people_of).cumcount()  # everybody's first photo, then the second ones
    return np.sort(np.argsort(turn, kind="stable")[:ASKED])


def ask(pack: Pack, lmm: LMM | None, photos: RealRun, plan: PromptPlan) -> pd.DataFrame | None:
    """Ask about photos of a pack and keep the replies with it; a run that was stopped goes on.

    Args:
        pack: the pack.
        lmm: the model; None asks nothing.
        photos: some of those of `run`.
        plan: prompts and replies.

    Returns:
        What `replies` finds afterwards.
    """
    if lmm is not None:
        folder = _kept(pack)
        folder.mkdir(parents=True, exist_ok=True)
        asked = photos.ask(lmm, plan, store=folder / "replies.sqlite", on_failures="return")
        print(asked.report)
        with replacing(folder / REPLIES) as part:
            asked.replies.assign(model=lmm.name).to_parquet(part, index=False)
    return replies(pack)


def replies(pack: Pack) -> pd.DataFrame | None:
    """The replies that are kept with a pack, as `LMM.ask` returned them; None if there are none.

    Says in a line what there is.
    """
    file = _kept(pack) / REPLIES
    if not file.is_file():
        print(
            "No replies of a language model are kept with this pack; notebook 04 asks, if it can."
        )
        return None
    said = pd.read_parquet(file)
    name = said["model"].iloc[0].split("@")[0]
    print(f"{len(said):,} replies of {name} about {said['IMG_ID'].nunique()} photos are kept "
          f"with this pack; {said['LAT'].notna().sum():,} could be read.")  # fmt: skip
    return said


def _kept(pack: Pack) -> Path:
    """The folder of a pack's replies: within the pack or, where nothing can be written, the cache.

    A pack that was handed out with replies is read where it is.
    """
    inside = pack.folder.path / "replies"
    if (inside / REPLIES).is_file() or os.access(pack.folder.path, os.W_OK):
        return inside
    digest = pack.folder.manifest["files"]["features.npy"]["sha256"][:16]
    return cache_dir() / "pack-replies" / digest


def within(
    radius: float,
    similar_km: np.ndarray,
    known_km: np.ndarray,
    numbers: tuple[int, ...],
    queries: pd.DataFrame,
    said: pd.DataFrame | None = None,
) -> dict[str, np.ndarray]:
    """Whether a place near the truth is there, by the number of references: (n, m) in [0, 1] each.

    "similar photos": one of the first k references is near. "as many at random": the probability
    that one of k known photos is. "the replies": the share of the replies to the prompt with k
    references that are near, where there are replies.

    Args:
        radius: km that are near.
        similar_km: (n, k) how far each reference is from the truth.
        known_km: (n, N) how far each known photo is.
        numbers: m numbers of references.
        queries: table of the n photos.
        said: what `replies` gave.
    """
    near = (known_km <= radius).sum(axis=1)
    drawn = [stats.hypergeom.sf(0, known_km.shape[1], near, k) for k in numbers]
    first = [(similar_km[:, :k] <= radius).any(axis=1) for k in numbers]
    found = {"similar photos": first, "as many at random": drawn}
    if said is not None:
        truth = queries.set_index("IMG_ID").loc[said["IMG_ID"], ["LAT", "LON"]].to_numpy(float)
        km = geo.great_circle_km(said[["LAT", "LON"]].to_numpy(float), truth)
        table = said.assign(near=km <= radius)  # NaN, a reply that could not be read, is not
        share = table.pivot_table("near", "IMG_ID", "references").loc[queries["IMG_ID"]]
        found["the replies"] = [share[k] for k in numbers]
    return {name: np.stack(some, axis=1).astype(float) for name, some in found.items()}


def duels(photos: RealRun, author: ArrayLike, radius: float = 750) -> np.ndarray:
    """How often the truth scores higher than a wrong place, with two kinds of photos: (n, 2).

    The first column is for the photo itself; the second is the mean over the photos of other
    people. What the truth wins there, it wins because many photos are taken around it, and not
    because the photo shows it.

    Args:
        photos: n photos, some hundreds at most. Wrong are the known places that are further than
            `radius` from the truth.
        author: who took each of them.
        radius: km.
    """
    author, known = np.asarray(author), photos.known.coordinates
    truth, places_of = photos.queries.coordinates, photos.heads.embed_coordinates
    _, image = photos.heads.embed_images(photos.features)
    others, at_truth = image @ places_of(known).T, places_of(truth) @ image.T
    rows = []  # of others (photos, N), of at_truth (truths, photos)
    for number, place in enumerate(truth):
        wrong = geo.great_circle_km(place, known) > radius
        wins = (at_truth[number][:, None] > others[:, wrong]).mean(axis=1)  # of each photo
        rows.append((wins[number], wins[author != author[number]].mean()))
    return np.array(rows)


def per_cent(values: ArrayLike, people: pd.DataFrame) -> np.ndarray:
    """Means of the columns of (n, m), in per cent, with their intervals over photographers: (3, m).

    Args:
        values: a row per photo.
        people: the photos, as `people` gives them.
    """
    return 100 * np.stack(evaluation.mean_intervals(values, people))


# ----------------------------------------------------------------------------------------- in words


def in_points(row: NamedTuple) -> str:
    """A row of `evaluation.compare`: "+1.2 [-0.3, +2.9] points"."""
    ends = (100 * end for end in (row.difference, row.low, row.high))
    return "{:+z.1f} [{:+z.1f}, {:+z.1f}] points".format(*ends)


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
