"""Notebook 07: real photos as far as they can be had, and what to do about the rest.

    pack = real_table.pack(profile, "auto", photos=10_000)
    queries = real_photos.had("IM2GPS3K", lambda: ..., "its table is left out")

Each part that is missing is named with the way to it, in a line or two, and the notebook goes on
without it. Where there are no real photos, drawings of MiniEarth stand in, and say so.
"""

from __future__ import annotations

import sys
import warnings
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from g3lite import G3Error, miniearth, official
from g3lite.alignment import GeoAlignment
from g3lite.backbone import Backbone, unit_rows
from g3lite.datasets import pack as packs
from g3lite.datasets import remote
from g3lite.datasets.featurefolder import FeatureFolder
from g3lite.datasets.pack import Pack
from g3lite.datasets.remote import COLLECTIONS
from g3lite.downloads import hub
from g3lite.downloads.hub import DownloadError
from g3lite.paper import plan, real, tables
from g3lite.paths import cache_dir
from g3lite.photos import PhotoSet
from g3lite.presets import fetch_weights
from g3lite.profiles import Profile
from g3lite.recipes import pack as recipe
from g3lite.teaching.real_photos import STAND_IN, had

DRAWN = {"ci": 300, "cpu": 2_000}
"""Photos of the pack that stands in, by profile."""
SAME = 0.9
"""Mean cosine from which two backbones' features of a photo count as the same."""
BENCHMARK = "im2gps3k"
LMM_GB = {"Qwen/Qwen3-VL-2B-Instruct": 4.3}
"""Sizes of language models, published."""
PREVIEW = ("constant", "kNN", "kNN, aligned", "[L]kNN", "[L]kNN, aligned", "GPS gallery (GeoCLIP)",
           real.ZERO_SHOT, real.ONE_RAG, plan.NO_LMM, plan.MEDOID)  # fmt: skip
"""Rows of the drawn photos that are shown first."""
ROUTES = ("short", "full")


def route(asked: str, pack: Pack) -> str:
    """ "short" or "full"; "auto" is short on real photos, and full on drawings.

    Raises:
        G3Error: there is no such route.
    """
    if asked not in ("auto", *ROUTES):
        raise G3Error(f'ROUTE = {asked!r}: it is "short", "full" or "auto"')
    if asked != "auto":
        return asked
    return "full" if pack.name == STAND_IN else "short"


def preview() -> tuple[real.Rows, pd.DataFrame]:
    """Shipped answers about drawn photos, and their table: what the result will look like."""
    shipped = tables.predictions(plan.CHOSEN_ON)
    named = {name: shipped[name] for name in ("G3", *PREVIEW)}
    return named, miniearth.load(plan.CHOSEN_ON).table


# ----------------------------------------------------------------------------------- downloads


def downloads(photos: int, lmm: str, ask: bool = False) -> pd.DataFrame:
    """What either route fetches: a row each, with GB (10^9 bytes) and where that number is from.

    Args:
        photos: of the pack.
        lmm: the language model.
        ask: ask the hub for the sizes of files that nobody publishes.
    """
    osv, mp16 = COLLECTIONS["osv5m"], COLLECTIONS["mp16-pro"]
    rows = [
        ("short", f"{photos:,} photos of OSV-5M", photos * osv.photo_bytes / 1e9, "published"),
        ("short", "the table of OSV-5M", *_size(osv.repo, osv.table, 0.1, ask)),
        ("short", "CLIP ViT-L/14 (0.9 to 1.7)", 1.7, "published"),
        ("short", "or: a pack that you were given", 0.12, "computed, at most"),
        ("full", f"{official.WEIGHTS}, G3's weights with CLIP", 1.77, "published"),
        ("full", lmm, LMM_GB.get(lmm, np.nan), "published" if lmm in LMM_GB else "not known"),
        ("own", "the table of IM2GPS3K", remote.IM2GPS3K_TABLE[2] / 1e9, "measured"),
        ("own", "the photos of IM2GPS3K: you bring them", np.nan, "not known"),
        ("own", f"or: {photos:,} photos of MP16-Pro", photos * mp16.photo_bytes / 1e9, "published"),
        ("own", "and its table", *_size(mp16.repo, mp16.table, 0.5, ask)),
    ]
    return pd.DataFrame(rows, columns=["route", "what", "GB", "this size is"])


def _size(repo: hub.Repo, filename: str, guess: float, ask: bool) -> tuple[float, str]:
    """GB of a file: as the hub says it, else as its rows let expect."""
    if ask:
        try:
            return hub.metadata(repo, filename).size / 1e9, "the hub's"
        except DownloadError:
            pass  # gated, or no network: whoever wants the file is told then
    return guess, "estimated"


# ------------------------------------------------------------------------------------- photos


def pack(profile: Profile, photos: int, folder: str | Path, max_gb: float) -> Pack:
    """The pack that this machine can have.

    The one that G3LITE_PACK names; else, on the profile gpu, one of OSV-5M, which is made in
    `folder` (or gone on with); else one of drawings, in the cache.

    Args:
        profile: says whether there is a GPU, and how many photos are drawn.
        photos: of a pack that is made.
        folder: where.
        max_gb: nothing larger is fetched.

    Raises:
        FolderError: there is no pack in the folder that G3LITE_PACK names.
    """
    found = packs.chosen()
    if found is not None:
        return found
    if profile.name == "gpu":
        made = had(
            "a pack of OSV-5M",
            lambda: recipe.make("osv5m", folder, photos, profile.backbone, device=profile.device,
                                batch_size=profile.batch_size, max_gb=max_gb),
            f"Call the cell again: it goes on where it was. Or name a pack that somebody made: "
            f"%env {packs.VARIABLE}=folder. Until then DRAWINGS stand in.",
        )  # fmt: skip
        if made is not None:
            return made
    else:
        print(
            f"NOT HERE: real photos. No GPU to make a pack with, and {packs.VARIABLE} names none.\n"
            f"→ On Colab choose Runtime, Change runtime type, T4 GPU. Or take a pack that somebody "
            f"made: %env {packs.VARIABLE}=folder. Until then DRAWINGS stand in."
        )
    return drawn(DRAWN.get(profile.name, DRAWN["cpu"]))


def drawn(photos: int) -> Pack:
    """A pack of drawings of MiniEarth, made once and kept in the cache."""
    backbone = Backbone.load("miniclip")
    folder = cache_dir() / "stand-ins" / f"pack-{photos}-{backbone.fingerprint[:8]}"
    return recipe.make(
        STAND_IN, folder, photos, backbone, progress=False, say=lambda line: None
    )  # fmt: skip


def pictures(pack: Pack, *parts: str) -> tuple[PhotoSet, str]:
    """The photos of parts of a pack, as large as they can be had; and in words what is shown.

    Those that the pack was made of, where they are still on this machine; else its thumbnails.
    """
    photos = pack.photos(*parts)
    large = None
    if pack.name == STAND_IN:
        large = miniearth.load("gallery")
    elif pack.name in COLLECTIONS:
        large = remote.on_disk(pack.name)
    if large is not None and set(photos.ids) <= set(large.ids):
        return replace(photos, source=large.source, version=""), "the photos themselves"
    return photos, f"thumbnails ({recipe.LARGE_SIDE} pixels of the first {recipe.LARGE})"


def stand_in_zip(folder: Path, photos: int) -> Path:
    """A zip in the form of IM2GPS3K's, with drawings that no shipped model was trained on."""
    drawings = miniearth.load("validation", photos)
    path = folder / "im2gps3ktest.zip"
    table = drawings.table[["IMG_ID", "AUTHOR", "LAT", "LON"]]
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(remote.BENCHMARKS[BENCHMARK].table, table.to_csv(index=False))
        for img_id in drawings.ids:
            packed.writestr(f"im2gps3ktest/{img_id}", drawings.read(img_id))
    return path


def benchmark(where: str | Path, unpacked: str | Path | None = None) -> PhotoSet:
    """The photos of IM2GPS3K: its zip, which is unpacked, or the folder that they are in.

    Args:
        where: either; "" for the folder `im2gps3k` in that of real photos.
        unpacked: where a zip is unpacked to; by default that folder.

    Raises:
        G3Error: they are not there, or the table cannot be had; the message says where to get them.
    """
    where = Path(where).expanduser() if where else None
    if where is not None and not where.is_dir():
        where = remote.unpack(where, BENCHMARK, unpacked)
    return remote.benchmark(BENCHMARK, where, missing="drop")


def encoder(pack: Pack, device: str = "auto") -> Backbone:
    """The backbone that made a pack, to encode other photos with.

    Raises:
        G3Error: it cannot be had, or is not the same one.
    """
    backbone = recipe.load(pack.folder.backbone, device)
    pack.folder.check_backbone(backbone.name, backbone.fingerprint)
    return backbone


def encoded(
    photos: PhotoSet, backbone: Backbone, batch_size: int = 64
) -> tuple[PhotoSet, np.ndarray]:
    """The photos whose pictures can be used, and their features (n, d), not normalised."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "skipped", UserWarning)
        found = backbone.image_features(photos, batch_size, on_error="skip", normalize=False)
    if found.skipped:
        print(f"{len(found.skipped):,} of {len(photos):,} photos are damaged, and left out")
    return photos.take(~photos.table["IMG_ID"].isin(found.skipped).to_numpy(bool)), found.vectors


def without(known: FeatureFolder, people: pd.Series) -> FeatureFolder:
    """A gallery without the photos of some people.

    Raises:
        G3Error: no photo by anybody else is left.
    """
    theirs = known.table["AUTHOR"].isin(people.dropna()).to_numpy(bool)
    if not theirs.any():
        return known
    if theirs.all():
        raise G3Error(
            f"all {len(known):,} photos that are searched are by people whose photos are asked "
            "about, so none is left to search; take a pack with photos by other people"
        )
    table = known.table[~theirs].reset_index(drop=True)
    return replace(known, table=table, features=known.features[~theirs])


# ------------------------------------------------------------------------------------- models


@dataclass(frozen=True, eq=False)
class Official:
    """Heads that others trained, and how sure it is that they fit the features of a pack.

    Attributes:
        heads: the heads.
        cosine: of the features that their own backbone and the pack's gave to the same photos.
        learnt: names of packs whose photos they were trained on.
    """

    heads: GeoAlignment
    cosine: float
    learnt: tuple[str, ...]


def official_heads(pack: Pack, device: str, max_gb: float) -> Official:
    """The heads of g3.pth, on the features of a pack; for drawings the shipped ones.

    Raises:
        G3Error: the file cannot be had, or the pack was made by another model than its CLIP.
    """
    if pack.name == STAND_IN:
        backbone, heads = Backbone.load("miniclip"), GeoAlignment.from_pretrained("mini")
    else:
        if pack.folder.dim != official.GeoAlignmentConfig().image:
            raise G3Error(
                f"{official.WEIGHTS} is for features of {official.GeoAlignmentConfig().image} "
                f"numbers, the pack has {pack.folder.dim} ({pack.folder.backbone})"
            )
        backbone, heads = official.load(fetch_weights(max_gb), device)
    cosine = same_features(backbone, pack)
    if cosine < SAME:
        raise G3Error(
            f"the CLIP in {official.WEIGHTS} and {pack.folder.backbone}, which made the pack, give "
            f"different features (mean cosine {cosine:.2f}): these heads do not fit them"
        )
    return Official(heads.cpu(), cosine, (STAND_IN, "mp16-pro"))


def same_features(backbone: Backbone, pack: Pack, photos: int = 8) -> float:
    """The mean cosine of what a backbone and the pack say about the same photos."""
    some = pictures(pack, "test")[0].head(photos)
    ours = unit_rows(np.float32(pack.part("test").features[: len(some)]))
    theirs = backbone.image_features(replace(some, ready=None), cache=False, progress=False)
    return float((ours * theirs.vectors).sum(axis=1).mean())


def peak_gb() -> float:
    """The most memory that this process had, in GB (10^9 bytes); NaN where nobody says."""
    try:
        import resource  # not on Windows
    except ImportError:
        return float("nan")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9
