"""The section "On real photos" of a notebook: on the pack that `G3LITE_PACK` names, if it does.

    pack = real_photos.pack("the same search in photos that people took")
    if pack:
        figures.show(...)

Cells of such a section are tagged `pack`. Without a pack they do nothing, download nothing, and the
first one says in a line what they would show. Heads are trained once for all notebooks; replies of
a language model stay with the pack, so that whoever gets the pack has them, too.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from scipy import stats

from g3lite import G3Error, evaluation, geo
from g3lite.alignment import GeoAlignment
from g3lite.datasets import pack as packs
from g3lite.datasets.featurefolder import FeatureFolder
from g3lite.datasets.heads import load_heads, save_heads
from g3lite.datasets.pack import Pack
from g3lite.datasets.remote import COLLECTIONS
from g3lite.index import Gallery
from g3lite.lmm.base import LMM
from g3lite.lmm.load import load_lmm
from g3lite.paths import cache_dir, replacing
from g3lite.photos import PhotoSet
from g3lite.presets import RETRIEVED
from g3lite.profiles import Profile
from g3lite.prompts import PromptPlan
from g3lite.recipes import pack as recipe
from g3lite.recipes.own import groups, schedule_for
from g3lite.recipes.pack import LARGE, PHOTOS, sizes
from g3lite.training import Schedule
from g3lite.verification import CANDIDATE_CONFIGS, CandidateConfig

NO_PACK = "No pack of real photos"
"""How the line begins that is printed where there is none."""
DIM = 768
"""Features of CLIP ViT-L/14, which makes a pack unless another model is named."""
ASKED = 40
"""A language model is asked about so many photos of the part test."""
CHOICE = CANDIDATE_CONFIGS["miniearth"]
"""Replies to each prompt, and retrieved places, where there are replies."""
REPLIES = "replies.parquet"
LMM_GB = 5
"""A language model is fetched if it has at most so many GB (10^9 bytes)."""


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


def heads(pack: Pack, size: str = "official") -> GeoAlignment:
    """The heads of notebook 02 for a pack: trained at the first call, and kept in the cache.

    Says in a line how their loss on validation compares with that of guessing.
    """
    schedule = schedule_for(pack.parts["train"], bool(pack.texts))
    files = {name: file["sha256"] for name, file in pack.folder.manifest["files"].items()}
    made_of = json.dumps([files, size, asdict(schedule)], sort_keys=True)
    digest = hashlib.sha256(made_of.encode()).hexdigest()[:16]
    folder = cache_dir() / "pack-heads" / f"{size}-{digest}"
    record = folder / "history.csv"
    if not record.is_file():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of a loss of guessing: the line says it
            model, history = recipe.train(pack, size, schedule=schedule)
        save_heads(model, folder, pack.folder)
        with replacing(record) as part:  # the last file: where it is, the others are
            history.to_csv(part, index=False)
    lowest = of_guessing(pd.read_csv(record), pack)["validation"][1].min()
    print(f"heads of notebook 02: their lowest validation loss is {lowest:.2f} of that of guessing")
    return load_heads(folder, pack.folder.backbone, pack.folder.fingerprint)


def gallery(pack: Pack, model: GeoAlignment) -> Gallery:
    """The parts train and gallery of a pack, to be searched with aligned vectors."""
    known = pack.part("train", "gallery")
    vectors = model.database_vectors(np.float32(known.features))
    return Gallery.build(known.table, vectors, f"{known.backbone}, aligned")


# ----------------------------------------------------------------------------------- language model


def language_model(pack: Pack, profile: Profile, named: LMM | None = None) -> LMM | None:
    """The language model to ask about a pack's photos; None, and a line instead, if there is none.

    Args:
        pack: MiniLMM knows drawings, so it is asked about those of a stand-in alone.
        profile: whose model is asked about other photos, unless that is MiniLMM.
        named: a model that is asked in any case.
    """
    if named is not None or pack.name == "miniearth":
        return named or load_lmm("minilmm")
    why = "no GPU is in use, and LMM names no model"
    if profile.lmm != "minilmm":
        print(
            f"{profile.lmm} is asked. It is fetched where it is not here yet (up to {LMM_GB} GB)."
        )
        try:
            return load_lmm(profile.lmm, max_gb=LMM_GB)
        except G3Error as error:
            why = str(error)
    print(f"No language model is asked: {why}. With one, the last two cells show its replies about "
          f"{ASKED} photos, and notebooks 05 and 06 go on with them.")  # fmt: skip
    return None


def asked_rows(pack: Pack) -> np.ndarray:
    """Which rows of the part test a language model is asked about: int64 (n,), n at most `ASKED`.

    Of those whose pictures are large, and of as many people as possible.
    """
    people_of = people(pack.part("test").table.head(LARGE))["AUTHOR"]
    turn = people_of.groupby(people_of).cumcount()  # everybody's first photo, then the second ones
    return np.sort(np.argsort(turn, kind="stable")[:ASKED])


def ask(
    pack: Pack,
    lmm: LMM | None,
    photos: PhotoSet,
    plan: PromptPlan,
    similar: ArrayLike,
    dissimilar: ArrayLike,
) -> pd.DataFrame | None:
    """Ask about photos of a pack and keep the replies with it; a run that was stopped goes on.

    Args:
        pack: the pack.
        lmm: the model; None asks nothing.
        photos: n photos of the pack.
        plan: prompts and replies.
        similar: (n, k, 2) references, as for `lmm.ask.ask`.
        dissimilar: likewise.

    Returns:
        What `replies` finds afterwards.
    """
    if lmm is not None:
        folder = _kept(pack)
        folder.mkdir(parents=True, exist_ok=True)
        table, report = lmm.ask(photos, plan, similar, dissimilar,
                                store=folder / "replies.sqlite", on_failures="return")  # fmt: skip
        print(report)
        with replacing(folder / REPLIES) as part:
            table.assign(model=lmm.name).to_parquet(part, index=False)
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


def queries(pack: Pack, said: pd.DataFrame | None = None, most: int | None = None) -> FeatureFolder:
    """The part test of a pack; of it only what replies are about, if there are some.

    Args:
        pack: the pack.
        said: what `replies` gave.
        most: the first so many photos; None: all.
    """
    test = pack.part("test")
    asked = test.table["IMG_ID"].isin(test.table["IMG_ID"] if said is None else said["IMG_ID"])
    rows = np.flatnonzero(asked)[:most]
    table = test.table.iloc[rows].reset_index(drop=True)
    return replace(test, table=table, features=test.features[rows])


def choice(said: pd.DataFrame | None) -> CandidateConfig:
    """Which candidates compete: replies and a retrieved place, or `RETRIEVED` places alone."""
    return CandidateConfig((), 0, RETRIEVED) if said is None else CHOICE


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


def duels(
    model: GeoAlignment, queries: FeatureFolder, known: np.ndarray, radius: float = 750
) -> np.ndarray:
    """How often the truth scores higher than a wrong place, with two kinds of photos: (n, 2).

    The first column is for the photo itself; the second is the mean over the photos of other
    people. What the truth wins there, it wins because many photos are taken around it, and not
    because the photo shows it.

    Args:
        model: the heads.
        queries: n photos, some hundreds at most.
        known: (N, 2) places; those further than `radius` from the truth are wrong.
        radius: km.
    """
    _, image = model.embed_images(queries.features)
    truth, others = queries.coordinates, image @ model.embed_coordinates(known).T  # (n, N)
    at_truth = model.embed_coordinates(truth) @ image.T  # (truths, photos)
    author = people(queries.table)["AUTHOR"].to_numpy()
    rows = []
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
