"""Making a pack of real photos, once, for machines that have no GPU.

    made = pack.make("osv5m", "class")                     # 20,000 photos, into the folder class
    heads, history = pack.train(made, size="official")     # on what is in it
    print(made)

Photos are encoded in blocks, each of which is a file: a run that was killed is called again and
goes on after the last one. The pack does not depend on where that was.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image

from g3lite import G3Error
from g3lite.alignment import CONFIGS, GeoAlignment
from g3lite.backbone import Backbone
from g3lite.datasets import featurefolder, own, remote
from g3lite.datasets import pack as packs
from g3lite.datasets.featurefolder import FEATURES, MANIFEST, TABLE, FolderError
from g3lite.datasets.load import load_photos
from g3lite.datasets.pack import CREDITS, PARTS, TEXTS, THUMBNAILS, WORDS, Pack, thumbnail_name
from g3lite.datasets.split import groups
from g3lite.downloads.hub import metadata
from g3lite.paths import replacing, write_json
from g3lite.photos import NotThere, PhotoSet
from g3lite.places import place_texts
from g3lite.recipes.own import schedule_for
from g3lite.support.images import DamagedPhoto, decode
from g3lite.support.records import read_json
from g3lite.training import Schedule, fit

PHOTOS = 20_000
BACKBONE = "ViT-L-14-quickgelu:openai"
"""CLIP ViT-L/14, that of the paper."""
SHARES = {"validation": 0.05, "test": 0.10, "gallery": 0.35}
"""Of the photos; the rest is for training."""
MOST = {"validation": 5_000, "test": 5_000, "gallery": 10**9}
"""No part is larger than needed, however many photos there are."""
BLOCK = 500
"""Photos per file while a pack is being made: what is lost at most."""
WORK = "unfinished"

SIDE, BYTES = 160, 2_250
"""Longest side of a thumbnail in pixels, and the most that it takes."""
LARGE, LARGE_SIDE, LARGE_BYTES = 60, 512, 40_000
"""So many photos of validation and of test are kept larger, to be shown to language models."""
_QUALITIES = (75, 60, 45, 30, 15)
_ROW, _MEMBER, _CREDIT = 250, 120, 40  # bytes per photo at most: table, zip, credits


@dataclass(frozen=True)
class Licence:
    """Under what terms the photos of a source are.

    Attributes:
        name: of the licence.
        address: its text.
        may_be_passed_on: whether a pack of them may.
        source: where they come from, in words.
    """

    name: str
    address: str
    may_be_passed_on: bool
    source: str


LICENCES = {
    "osv5m": Licence(
        "CC BY-SA 4.0", "https://creativecommons.org/licenses/by-sa/4.0/", True,
        "OpenStreetView-5M (https://huggingface.co/datasets/osv5m/osv5m); photos by contributors "
        "to Mapillary, https://www.mapillary.com/app/?pKey=ID shows the photo ID.jpg",
    ),
    "mp16-pro": Licence(
        "each photo has its photographer's", "https://huggingface.co/datasets/Jia-py/MP16-Pro",
        False, "MP16-Pro, academic use under its authors' terms; photos from Flickr",
    ),
    "miniearth": Licence(
        "CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/", True,
        "MiniEarth, drawings by g3lite: a stand-in, to try what a pack is for",
    ),
}  # fmt: skip
OWN = Licence("not stated", "", False, "photos of one's own")


def sizes(n: int, dim: int) -> dict[str, int]:
    """Bytes that the parts of a pack of n photos take at most, and their sum as `all`.

    The most texts are as many as photos.
    """
    vectors = 2 * n * dim
    pictures = n * (BYTES + _MEMBER) + 2 * LARGE * LARGE_BYTES
    parts = {"features": vectors, "texts": vectors, "thumbnails": pictures,
             "table and credits": n * (_ROW + _CREDIT) + 100_000}  # fmt: skip
    return {**parts, "all": sum(parts.values())}


def make(
    name: str | Path,
    out: str | Path,
    n: int = PHOTOS,
    backbone: Backbone | str = BACKBONE,
    *,
    table: str | Path | None = None,
    licence: Licence | None = None,
    device: str = "auto",
    batch_size: int = 64,
    seed: int = 0,
    max_gb: float = 2.5,
    progress: bool = True,
    say: Callable[[str], None] = print,
) -> Pack:
    """Make a pack of photos; one that is finished, or begun, is gone on with.

    Sizes and times are said before they are spent.

    Args:
        name: "osv5m" (no account is needed), "mp16-pro" (an account is), or a folder of photos of
            your own; "miniearth" for a stand-in of drawings.
        out: the folder to write.
        n: photos at most; damaged ones and copies are left out. Of a folder, a random sample.
        backbone: encodes photos and place texts: one that is loaded, or a name for `Backbone.load`.
        table: of your own photos, as for `own.find`.
        licence: of your own photos, for the credits.
        device: of the backbone, if it is not loaded.
        batch_size: photos per step of the backbone.
        seed: of the sample and of the parts.
        max_gb: nothing larger (10^9 bytes) is fetched.
        progress: show progress bars.
        say: is called with each line.

    Raises:
        G3Error: the photos cannot be had, or cannot be parted; or the folder holds something else.
    """
    out = Path(out)
    hub = str(name) in remote.COLLECTIONS
    if str(name) not in LICENCES and not os.path.isdir(name):
        known = ", ".join(LICENCES)
        raise NotThere(f"there is no folder {name}; a pack is made of one, or of {known}")
    if n < 1:
        raise G3Error(f"n={n}: a pack needs photos")
    _check_output(out)
    called = backbone.name if isinstance(backbone, Backbone) else backbone
    asked = {"name": str(name), "photos": n, "seed": seed, "backbone": called}
    finished = _finished(out, asked) if hub else None  # the photos may be deleted by now
    if finished is not None:
        say(f"{out} is that pack already: {finished!r}")
        return finished
    for line in _before(str(name), n, backbone, hub):
        say(line)
    if hub and remote.on_disk(str(name)) is None:
        # Who has no network or no account hears it now, and not after CLIP was fetched.
        metadata(remote.COLLECTIONS[str(name)].repo, remote.COLLECTIONS[str(name)].table)
    encoder = backbone if isinstance(backbone, Backbone) else load(backbone, device)
    if str(name) in LICENCES:
        photos = load_photos(str(name), n, max_gb=max_gb)
    else:
        photos = _sample(name, table, n, seed)
    photos, kind = _parted(photos, seed)
    for line in _forecast(photos, encoder, batch_size):
        say(line)
    known = str(name) if str(name) in LICENCES else photos.name
    about: dict[str, Any] = {"name": known, "parted_by": kind, "seed": seed}
    terms = LICENCES.get(str(name), licence or OWN)
    key = [about, encoder.fingerprint, encoder.precision, BLOCK, photos.version, photos.ids]
    digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()
    asked["digest"] = digest
    finished = _finished(out, asked)
    if finished is not None:
        say(f"{out} is that pack already: {finished!r}")
        return finished
    work = _work_folder(out, digest)
    blocks = _encode(photos, encoder, work, batch_size, progress)
    about["asked"] = asked
    made = _assemble(photos, encoder, blocks, work, out, about, terms, progress)
    shutil.rmtree(work)
    size = sum(file["bytes"] for file in made.folder.manifest["files"].values())
    say(f"{out}: {made!r}, {size / 1e6:.1f} MB")
    say(f"it is {_passing_on(terms)}")
    return made


# ------------------------------------------------------------------------------- what is said first


def _before(name: str, n: int, backbone: Backbone | str, hub: bool) -> Iterator[str]:
    if hub:
        known = remote.COLLECTIONS[name]
        yield (
            f"{min(n, known.photos):,} photos of {name}: about {n * known.photo_bytes / 1e9:.1f} "
            f"GB to fetch (from published figures), kept in {remote.photos_dir() / name}, which "
            f"may be deleted afterwards; and its table. {known.terms[0].upper()}{known.terms[1:]}."
        )
    if isinstance(backbone, str) and backbone != "miniclip":
        yield (
            f"the weights of {backbone} are fetched by open_clip, if they are not here already "
            "(of CLIP ViT-L/14 0.9 to 1.7 GB, published)"
        )


def load(name: str, device: str = "auto") -> Backbone:
    """`Backbone.load`, whose errors are all of this package. Raises G3Error."""
    try:
        return Backbone.load(name, device)
    except (FileNotFoundError, ValueError, RuntimeError) as error:
        if isinstance(error, G3Error):
            raise
        raise G3Error(f"the backbone {name}: {error}") from error


def _forecast(photos: PhotoSet, encoder: Backbone, batch_size: int) -> Iterator[str]:
    n, most = len(photos), sizes(len(photos), encoder.dim)
    shown = ", ".join(f"{part} {size / 1e6:.1f}" for part, size in most.items() if part != "all")
    yield f"the pack of {n:,} photos will take at most {most['all'] / 1e6:.1f} MB ({shown})"
    minutes = n * _seconds(encoder, min(batch_size, 16)) / 60
    yield (
        f"encoding will take about {minutes:,.1f} minutes on {encoder.device} (one batch was "
        "timed), reading and decoding not counted; it can be stopped and called again"
    )


def _seconds(encoder: Backbone, batch_size: int) -> float:
    """Seconds per picture, by one batch of grey ones after a first that warms up."""
    picture = encoder.preprocess(Image.new("RGB", (256, 256), "grey"))
    batch = picture[None].repeat(batch_size, 1, 1, 1)
    encoder.encode(encoder.model.encode_image, batch)
    began = time.perf_counter()
    encoder.encode(encoder.model.encode_image, batch)
    return (time.perf_counter() - began) / batch_size


def _passing_on(terms: Licence) -> str:
    if terms.may_be_passed_on:
        return f"free to be passed on under {terms.name}, with the credits that are inside"
    return f"not to be passed on: the licence of its photos is {terms.name} ({terms.source})"


# ------------------------------------------------------------------------------ which photos, where


def _sample(folder: str | Path, table: str | Path | None, n: int, seed: int) -> PhotoSet:
    """A random sample of the photos in a folder that have a position."""
    found = own.find(folder, table)
    if found.left_out:
        warnings.warn(
            f"{len(found.left_out):,} photos in {folder} have no position, or are copies, and are "
            "left out",
            stacklevel=3,
        )
    rows = np.random.RandomState(seed).permutation(len(found.photos))[:n]
    return found.photos.take(np.sort(rows))


def part_of(table: pd.DataFrame, seed: int = 0) -> tuple[np.ndarray, str]:
    """The part of each photo, (n,), a value of `PARTS`; and by what they were parted.

    Whole groups of `split.groups` (photographers, where known), in random order, until a part has
    its share. One that would make a part more than twice as large goes to another part, unless all
    are so large.

    Raises:
        G3Error: there are fewer groups than parts.
    """
    labels, kind = groups(table)
    counts = labels.value_counts().sort_index()
    if len(counts) < len(PARTS):
        raise G3Error(
            f"{len(table):,} photos of {len(counts)} {kind} cannot be parted into {len(PARTS)} "
            "without parting one's; take more photos, or name photographers in a column AUTHOR"
        )
    left = list(np.random.RandomState(seed).permutation(counts.index.to_numpy(object)))
    part = {}
    for waiting, (name, share) in enumerate(SHARES.items()):
        want, have = min(share * len(table), MOST[name]), 0
        most = max(2 * want, counts[left].min())
        for group in list(left):
            if have >= want or len(left) <= len(SHARES) - waiting:
                break
            if have + counts[group] <= most:
                part[group], have = name, have + counts[group]
                left.remove(group)
    return labels.map(part).fillna("train").to_numpy(object), kind


def _parted(photos: PhotoSet, seed: int) -> tuple[PhotoSet, str]:
    """The photos with a position, with their part, the rows of a part together."""
    photos = photos.take(np.isfinite(photos.coordinates).all(axis=1))
    part, kind = part_of(photos.table, seed)
    order = np.argsort([PARTS.index(one) for one in part], kind="stable")
    table = photos.table.iloc[order].assign(part=pd.array(part[order], dtype="string"))
    return replace(photos, table=table), kind


# ----------------------------------------------------------------------------------- block by block


def _check_output(out: Path) -> None:
    """Refuse a folder that holds something else than a pack, begun or finished."""
    if (out / MANIFEST).is_file():
        if read_json(out / MANIFEST, "name another folder").get("kind") != packs.KIND:
            raise FolderError(f"{out} holds something else than a pack; name another folder")
    elif out.is_dir() and any(out.iterdir()) and not (out / WORK).is_dir():
        raise FolderError(f"{out} is not empty; name another folder")


def _finished(out: Path, asked: dict[str, Any]) -> Pack | None:
    """The pack that was asked for, if it is in the folder; another one there is refused."""
    if not (out / MANIFEST).is_file():
        return None
    made = packs.read(out)
    if made.folder.manifest.get("asked", {}) | asked != made.folder.manifest.get("asked"):
        raise FolderError(
            f"{out} is a pack of other photos or another backbone ({made!r}); name another folder"
        )
    return made


def _work_folder(out: Path, digest: str) -> Path:
    """The folder for the blocks of this pack, and of no other one."""
    work = out / WORK
    note = work / "made_from.json"
    if note.is_file():
        begun = read_json(note, f"delete {work}", ("made_from",))["made_from"]
        if begun != digest:
            raise FolderError(
                f"in {out} a pack of other photos, or by another backbone, was begun: name another "
                f"folder, or delete {work}"
            )
    work.mkdir(parents=True, exist_ok=True)
    write_json(note, {"made_from": digest})
    return work


def _block(path: Path, fill: Callable[[], dict[str, np.ndarray]]) -> Path:
    """A file of arrays, made if it is not there whole."""
    try:
        with np.load(path, allow_pickle=False) as found:
            found.files  # noqa: B018  the directory at its end could be read
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        with replacing(path) as part, open(part, "wb") as file:
            np.savez(file, **fill())
    return path


def _encode(
    photos: PhotoSet, encoder: Backbone, work: Path, batch_size: int, progress: bool
) -> list[Path]:
    """Encode the photos, and make their thumbnails, block by block."""
    from tqdm.auto import tqdm

    large = _large(photos.table["part"])
    starts = range(0, len(photos), BLOCK)
    return [
        _block(
            work / f"photos-{start // BLOCK:05d}.npz",
            lambda start=start: _photo_block(photos, encoder, start, large, batch_size),
        )
        for start in tqdm(starts, desc="pack", unit=f"{BLOCK} photos", disable=not progress)
    ]


def _large(part: pd.Series) -> set[int]:
    """Rows of the photos that are kept larger: the first of validation and of test."""
    rows = [np.flatnonzero(part == name)[:LARGE] for name in ("validation", "test")]
    return set(np.concatenate(rows).tolist())


def _photo_block(
    photos: PhotoSet, encoder: Backbone, start: int, large: set[int], batch_size: int
) -> dict[str, np.ndarray]:
    """Features, hashes and thumbnails of `BLOCK` photos from `start` on, without damaged ones."""
    block = photos.take(slice(start, start + BLOCK))
    rows = dict(zip(block.ids, range(start, start + len(block)), strict=True))
    seen: dict[str, tuple[bytes, bytes]] = {}

    def source(img_id: str) -> bytes:  # each photo is read once
        data = photos.source(img_id)
        side, most = (LARGE_SIDE, LARGE_BYTES) if rows[img_id] in large else (SIDE, BYTES)
        try:
            picture = thumbnail(decode(data, img_id, side, side), most)
        except DamagedPhoto:
            return data  # the backbone says so, too
        seen[img_id] = hashlib.sha256(data).digest(), picture
        return data

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "skipped", UserWarning)  # they are counted at the end
        found = encoder.image_features(
            replace(block, source=source, ready=None), batch_size, "skip", cache=False,
            progress=False, normalize=False,
        )  # fmt: skip
    pictures = [seen[img_id][1] for img_id in found.ids]
    return {
        "rows": np.array([rows[img_id] for img_id in found.ids], dtype=np.int64),
        "features": _half(found.vectors, encoder),
        "sha256": np.array([seen[i][0].hex() for i in found.ids], dtype="U64"),
        "lengths": np.array([len(picture) for picture in pictures], dtype=np.int64),
        "pictures": np.frombuffer(b"".join(pictures), dtype=np.uint8),
    }


def _half(vectors: np.ndarray, encoder: Backbone) -> np.ndarray:
    with np.errstate(over="ignore"):
        half = vectors.astype(np.float16)
    if not np.isfinite(half).all():
        raise G3Error(f"features of {encoder.name} are too large for float16 (65,504)")
    return half


def thumbnail(picture: Image.Image, most: int) -> bytes:
    """A picture as WebP of at most so many bytes, as good as that allows; without EXIF."""
    while True:
        for quality in _QUALITIES:
            data = io.BytesIO()
            picture.save(data, "WEBP", quality=quality)
            if len(data.getvalue()) <= most:
                return data.getvalue()
        picture = picture.resize([max(1, side * 3 // 4) for side in picture.size])


# -------------------------------------------------------------------------------- all in one folder


def _assemble(
    photos: PhotoSet, encoder: Backbone, blocks: Sequence[Path], work: Path, out: Path,
    about: dict[str, Any], terms: Licence, progress: bool,
) -> Pack:  # fmt: skip
    """Write the pack of the blocks. A picture that is there twice is taken once."""
    rows, hashes = (np.concatenate([_array(b, key) for b in blocks]) for key in ("rows", "sha256"))
    if not len(rows):
        raise G3Error(f"all {len(photos):,} photos of {photos.name} are damaged")
    kept = ~pd.Series(hashes).duplicated().to_numpy()
    table = photos.table.iloc[rows[kept]].reset_index(drop=True)
    table = table.assign(sha256=pd.array(hashes[kept], dtype="string"))
    counts = table["part"].value_counts()
    empty = [part for part in PARTS if part not in counts]
    if empty:
        raise G3Error(f"no photo is left for {', '.join(empty)}: the others are damaged or copies")
    _write_photos(blocks, kept, out, encoder.dim)
    files = [THUMBNAILS, CREDITS]
    if encoder.has_text:
        texts, text_of = np.unique(place_texts(table), return_inverse=True)
        table["text"] = text_of.astype(np.int32)
        _write_texts(list(texts), encoder, work, out, progress)
        files += [TEXTS, WORDS]
    with replacing(out / CREDITS) as part:
        part.write_text(_credits(table, about["name"], terms), encoding="utf-8")
    featurefolder.write(
        out, table, None, (encoder.name, encoder.fingerprint), files, kind=packs.KIND, **about,
        parts={part: int(counts[part]) for part in PARTS},
        licence={"name": terms.name, "address": terms.address, "source": terms.source,
                 "may_be_passed_on": terms.may_be_passed_on},
        left_out={"damaged": len(photos) - len(rows), "copies": int((~kept).sum())},
    )  # fmt: skip
    return packs.read(out, verify=False)


def _array(block: Path, key: str) -> np.ndarray:
    try:
        with np.load(block, allow_pickle=False) as arrays:
            return arrays[key]
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise FolderError(f"{block} is damaged ({error}); delete it and call again") from error


def _write_photos(blocks: Sequence[Path], kept: np.ndarray, out: Path, dim: int) -> None:
    """Features and thumbnails of the photos that are kept, one block in memory at a time."""
    with ExitStack() as files:
        part = files.enter_context(replacing(out / FEATURES))
        pictures = files.enter_context(replacing(out / THUMBNAILS))
        shape = (int(kept.sum()), dim)
        features = np.lib.format.open_memmap(part, "w+", np.float16, shape)
        with zipfile.ZipFile(pictures, "w") as archive:
            first = row = 0
            for block in blocks:
                vectors, lengths = _array(block, "features"), _array(block, "lengths")
                data, ends = _array(block, "pictures"), np.cumsum(lengths)
                for k in np.flatnonzero(kept[first : first + len(vectors)]):
                    features[row] = vectors[k]
                    info = zipfile.ZipInfo(thumbnail_name(row))  # its date is always the same
                    archive.writestr(info, data[ends[k] - lengths[k] : ends[k]].tobytes())
                    row += 1
                first += len(vectors)
        features.flush()


def _write_texts(
    texts: list[str], encoder: Backbone, work: Path, out: Path, progress: bool
) -> None:
    """Encode the place texts, in blocks too."""
    from tqdm.auto import tqdm

    features, size = [], 4 * BLOCK
    starts = range(0, len(texts), size)
    for start in tqdm(starts, desc="place texts", unit=f"{size} texts", disable=not progress):
        some = texts[start : start + size]
        name = hashlib.sha256("\n".join(some).encode()).hexdigest()[:16]
        features.append(
            _block(
                work / f"texts-{name}.npz",
                lambda some=some: {
                    "features": _half(encoder.text_features(some, normalize=False), encoder)
                },
            )
        )
    with replacing(out / WORDS) as part:
        pd.DataFrame({"text": texts}).to_parquet(part, index=False)
    with replacing(out / TEXTS) as part, open(part, "wb") as file:
        np.save(file, np.concatenate([_array(block, "features") for block in features]))


def _credits(table: pd.DataFrame, name: str, terms: Licence) -> str:
    """Whose photos these are: a page in Markdown."""
    known = table["AUTHOR"].dropna()
    lines = [
        f"# {len(table):,} photos of {name}", "",
        f"Source: {terms.source}.", "",
        f"Licence: {terms.name}{f' ({terms.address})' if terms.address else ''}. "
        f"The pack is {_passing_on(terms)}.", "",
        f"Changes: the photos are made smaller (to {SIDE} pixels, some to {LARGE_SIDE}) and "
        "compressed; what their files said beside the picture is left out.", "",
        f"Who took which photo: the columns IMG_ID and AUTHOR of {TABLE}. Photographers, and how "
        "many photos of theirs are here:", "",
    ]  # fmt: skip
    lines += [f"- {author}: {count:,}" for author, count in sorted(Counter(known).items())]
    if len(known) < len(table):
        lines.append(f"- not named: {len(table) - len(known):,}")
    return "\n".join(lines) + "\n"


# -------------------------------------------------------------------------------------------- heads


def train(
    pack: Pack,
    size: str = "mini",
    *,
    seed: int = 0,
    folder: str | Path | None = None,
    schedule: Schedule | None = None,
    progress: bool = True,
) -> tuple[GeoAlignment, pd.DataFrame]:
    """Train heads on the part train of a pack; the part validation chooses among the epochs.

    Batches are read from disk. No photographer is in both parts.

    Args:
        pack: the pack.
        size: a key of `alignment.CONFIGS`: "official" for the paper's, "mini" for those of a CPU.
        seed: of the first weights and the batches.
        folder: where the state of the run is kept, see `training.fit`.
        schedule: by default that of `own.schedule_for`.
        progress: show a progress bar.

    Returns:
        The heads and the history of `fit`.
    """
    texts = bool(pack.texts)
    data = pack.dataset("train"), pack.dataset("validation")
    torch.manual_seed(seed)
    width = pack.folder.dim if texts else 0
    model = GeoAlignment(replace(CONFIGS[size], image=pack.folder.dim, text=width))
    plan = schedule or schedule_for(len(data[0]), texts, seed)
    history = fit(model, *data, replace(plan, use_text=texts), folder, progress)
    return model.cpu(), history
