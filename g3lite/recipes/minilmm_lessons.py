"""What MiniLMM learns from: its photos, looked at once, and their references."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from tqdm.auto import tqdm

from g3lite import miniearth, prompts
from g3lite.alignment import GeoAlignment
from g3lite.backbone import Backbone, unit_rows
from g3lite.index import Gallery
from g3lite.miniearth.splits import photo_set, sample, tabulate
from g3lite.paths import cache_dir, replacing, sha256_file, shipped
from g3lite.photos import PhotoSet, conform
from g3lite.recipes import heads
from g3lite.training import AlignmentDataset

CORPORA = {
    "even": {"name": "corpus-minilmm", "photos": 60_000, "evenness": 0.15},
    "popular": {"name": "corpus-minilmm-popular", "photos": 12_000, "evenness": 0.6},
    "gallery": {"name": "corpus-minilmm-gallery", "photos": 20_000, "evenness": 1.0},
}
"""Its photos: nearly even over the seen places, so that it gets to know all of them, then more of
those where more photos are taken; and those where its references are searched."""
SEEDS = (0, 1, 2, 3, 4)
"""Of the heads of geo-alignment that references are searched with, beside the raw features."""
MOST = prompts.PLANS["paper"].most


class Lessons(NamedTuple):
    """The corpus as it is trained on, n photos.

    Attributes:
        eyes: float16 (n, tokens, channels), what the frozen tower sees of each.
        coordinates: float64 (n, 2).
        references: float64 (ways, 2, n, `MOST`, 2): the similar and the dissimilar references of
            each, as they are found in several ways.
    """

    eyes: np.ndarray
    coordinates: np.ndarray
    references: np.ndarray


def corpus_set(which: str) -> PhotoSet:
    """The photos of a key of `CORPORA`; seen places only."""
    table, corpus = miniearth.places(), CORPORA[which]
    seen = table.index[table.seen].to_numpy()
    ids = sample(corpus["name"], corpus["photos"], corpus["evenness"], seen)
    return photo_set(f"miniearth/{corpus['name']}", conform(tabulate(list(ids))))


def lessons(tower: torch.nn.Module, processor, corpus: str) -> Lessons:
    """Look at all photos of a corpus once, and search the references of each."""
    photos, gallery = corpus_set(corpus), corpus_set("gallery")
    seen, features = look(tower, processor, photos)
    _, known = look(tower, processor, gallery)
    return Lessons(seen, photos.coordinates, searched(gallery.table, known, features))


def searched(
    gallery: pd.DataFrame, gallery_features: np.ndarray, query_features: np.ndarray
) -> np.ndarray:
    """The references of each query in all ways, float64 (ways, 2, n, `MOST`, 2).

    By the raw features, and with the heads of each seed by turns as the paper does, and with
    dissimilar references that are not always the same few photos.
    """
    raw = [unit_rows(rows) for rows in (gallery_features, query_features)]
    found = [prompts.references(Gallery.build(gallery, raw[0], model="raw"), raw[1], MOST)]
    for seed, aligner in zip(SEEDS, aligners(), strict=True):
        known, asked = (
            aligner.database_vectors(rows) for rows in (gallery_features, query_features)
        )
        index = Gallery.build(gallery, known, model=f"aligned, seed {seed}")
        centre = known.mean(axis=0) if seed % 2 else None
        found.append(prompts.references(index, asked, MOST, centre))
    return np.stack(found)


def aligners() -> list[GeoAlignment]:
    """The heads of all `SEEDS`: those that are shipped, and the others, trained as they were."""
    backbone = Backbone.load("miniclip")
    gallery, validation = (
        AlignmentDataset.from_photos(miniearth.load(name), backbone)
        for name in ("gallery", "validation")
    )
    shipped_heads = GeoAlignment.from_pretrained("mini")
    return [shipped_heads, *(heads.train(gallery, validation, seed=s)[0] for s in SEEDS[1:])]


@torch.no_grad()
def look(
    tower: torch.nn.Module, processor, photos: PhotoSet, batch: int = 250
) -> tuple[np.ndarray, np.ndarray]:
    """What the frozen tower sees of n photos; kept in the cache folder, as drawing them takes long.

    Returns:
        float16 (n, tokens, channels), read from the disk as it is used; and MiniCLIP's features,
        float32 (n, width), which are pooled from these.
    """
    eyes = sha256_file(shipped("miniclip/open_clip_model.safetensors"))
    key = hashlib.sha256(f"{eyes} {photos.version} {' '.join(photos.ids)}".encode()).hexdigest()
    folder = cache_dir() / "minilmm" / f"seen-{key[:16]}"
    if not (folder / "features.npy").is_file():
        device = next(tower.parameters()).device
        pool = Backbone.load("miniclip", "cpu").model.visual.attnpool.to(device)
        seen, features = [], []
        for start in tqdm(range(0, len(photos), batch), desc=f"look at {photos.name}"):
            pictures = [photos.image(name) for name in photos.ids[start : start + batch]]
            pixels = processor(pictures, return_tensors="pt")["pixel_values"]
            maps = tower(pixels.to(device)).last_hidden_state  # (batch, channels, side, side)
            seen.append(maps.flatten(2).transpose(1, 2).half().cpu().numpy())
            features.append(pool(maps).float().cpu().numpy())
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in (("seen", seen), ("features", features)):
            with replacing(folder / f"{name}.npy") as path, open(path, "wb") as file:
                np.save(file, np.concatenate(rows))
    return np.load(folder / "seen.npy", mmap_mode="r"), np.load(folder / "features.npy")
