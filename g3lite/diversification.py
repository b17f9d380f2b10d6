"""What prompts are worth on MiniEarth: what MiniLMM replies to them, recorded on validation.

Every photo is asked about in several ways (`WAYS`): as the paper does, with the likeliest reply or
with five drawn ones, and in ways that show what the model reads, such as with another photo's
picture. Asking takes half an hour, so the replies are shipped (`data/replies`), and with them the
references: rows of the gallery of 20,000. The test sets stay closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from g3lite import miniearth, replies
from g3lite.ablations import heads
from g3lite.artefacts import data_dir
from g3lite.asking import ask
from g3lite.backbone import Backbone
from g3lite.index import Gallery
from g3lite.lmm import LMM, load
from g3lite.photos import PhotoSet
from g3lite.prompts import Plan

QUERIES = "validation"
DRAWN = 5
"""Replies drawn of each prompt."""
TEMPERATURE = 0.7
"""Of the drawn replies, chosen on validation: among 0.4, 0.7, 0.85, 1 and the paper's 1.2 (which is
for GPT-4V) it brings the nearest of twenty candidates, and 99.8 % of the replies can be read."""


@dataclass(frozen=True)
class Way:
    """One way to ask about all photos.

    Attributes:
        plan: prompts, replies and temperature.
        dissimilar: which dissimilar references, a key of what `search` returns.
        swapped: "picture" or "references": these are another photo's.
    """

    plan: Plan
    dissimilar: str = "dissimilar"
    swapped: str | None = None


WAYS = {
    "likeliest": Way(Plan(replies=1, temperature=0)),
    "drawn": Way(Plan(replies=DRAWN, temperature=TEMPERATURE)),
    "one prompt": Way(Plan((10,), replies=4 * DRAWN, temperature=TEMPERATURE)),
    "as a pair": Way(Plan(replies=1, temperature=0, template="pair")),
    "without hubs": Way(Plan((5, 10, 15), replies=1, temperature=0), dissimilar="without hubs"),
    "another's picture": Way(Plan(replies=1, temperature=0), swapped="picture"),
    "another's references": Way(Plan((5, 10, 15), replies=1, temperature=0), swapped="references"),
}
"""Of a likeliest reply there is one: at temperature 0 all are the same."""
RUN = {
    "queries": QUERIES,
    "ways": {
        name: [way.plan.references, way.plan.replies, way.plan.temperature, way.plan.template.text,
               way.dissimilar, way.swapped]
        for name, way in WAYS.items()
    },
}  # fmt: skip
"""All that the recorded replies depend on, beside the photos and the models."""


def search(gallery: PhotoSet, queries: PhotoSet, k: int = 15) -> dict[str, np.ndarray]:
    """The references of each query among the photos of a gallery, with the shipped heads.

    Returns:
        Rows of the gallery, int64 (q, k), the first reference first: "similar"; "dissimilar", as
        the paper has them; "without hubs", dissimilar ones with the gallery's mean left out.
    """
    backbone, aligned = Backbone.load("miniclip", "cpu"), heads()
    known, asked = (
        aligned.database_vectors(backbone.image_features(some, normalize=False).vectors)
        for some in (gallery, queries)
    )
    index = Gallery.build(gallery.table, known, model="miniclip, aligned")
    return {
        "similar": index.similar(asked, k)[1],
        "dissimilar": index.dissimilar(asked, k)[1],
        "without hubs": index.dissimilar(asked, k, centre=known.mean(axis=0))[1],
    }


def partners(n: int) -> np.ndarray:
    """Which photo lends its picture, or its references, to each of n."""
    return np.roll(np.arange(n), n // 2)


def with_pictures_of(photos: PhotoSet, lenders: np.ndarray) -> PhotoSet:
    """The same photos with the pictures of others."""
    ids = photos.ids
    lender = {img_id: ids[row] for img_id, row in zip(ids, lenders, strict=True)}
    return PhotoSet(f"{photos.name}, swapped", photos.table, lambda i: photos.source(lender[i]))


def ask_all(
    lmm: LMM, queries: PhotoSet, coordinates: Mapping[str, np.ndarray], *, progress: bool = True
) -> pd.DataFrame:
    """Ask about all queries in all `WAYS`.

    Args:
        lmm: the model.
        queries: n photos.
        coordinates: of the references, (n, 15, 2) under each name that `search` has.
        progress: show a progress bar for each way.

    Returns:
        The table of `asking.ask`, with the way in a first column.
    """
    others = partners(len(queries))
    tables = {}
    for name, way in WAYS.items():
        photos = with_pictures_of(queries, others) if way.swapped == "picture" else queries
        lists = [coordinates["similar"], coordinates[way.dissimilar]]
        if way.swapped == "references":
            lists = [some[others] for some in lists]
        tables[name], _ = ask(lmm, photos, way.plan, *lists, progress=progress)
    return pd.concat(tables, names=["way"]).reset_index("way").reset_index(drop=True)


def recorded() -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """The shipped replies, and the references that their prompts name.

    Returns:
        A row per reply: way, IMG_ID, references (of either kind in its prompt), sample, text, LAT
        and LON (NaN for none) and reason (why there are none; NA where there are). And rows of the
        gallery, int64 (queries, 15), as `search` has them.
    """
    folder = data_dir() / "replies"
    table = pd.read_csv(folder / f"{QUERIES}.csv.gz", dtype={"text": "string", "IMG_ID": "string"})
    places, reasons = replies.parse_all(table["text"].astype(object).where(table["text"].notna()))
    table["LAT"], table["LON"] = places.T
    table["reason"] = pd.array(reasons, dtype="string")
    with np.load(folder / "references.npz") as rows:
        return table, {name: rows[name].astype(np.int64) for name in rows.files}


def build(folder: Path) -> None:
    """Search the references of all queries and record the replies, into the data folder `folder`.

    What was asked already is in the store of the user's cache; a run that was stopped goes on.
    """
    folder = folder / "replies"
    folder.mkdir(exist_ok=True)
    gallery, queries = miniearth.load("gallery"), miniearth.load(QUERIES)
    rows = search(gallery, queries)
    np.savez_compressed(
        folder / "references.npz", **{name: some.astype(np.uint16) for name, some in rows.items()}
    )
    coordinates = {name: gallery.coordinates[some] for name, some in rows.items()}
    table = ask_all(load("minilmm"), queries, coordinates)
    columns = ["way", "IMG_ID", "references", "sample", "text"]
    table[columns].to_csv(
        folder / f"{QUERIES}.csv.gz", index=False, lineterminator="\n",
        compression={"method": "gzip", "mtime": 0},
    )  # fmt: skip
