"""What MiniLMM replies about the photos of MiniEarth, recorded.

Every photo is asked about in several ways (`SETTINGS`): as the paper does, with drawn replies or
with the likeliest one, as the paper's ablations and rivals do, and, on validation, in ways that
show what the model reads, such as with another photo's picture. Asking takes long, so the replies
are shipped (`data/replies`), and with them the references: rows of the gallery of 20,000.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from g3lite import miniearth, replies
from g3lite.alignment import GeoAlignment
from g3lite.backbone import Backbone, unit_rows
from g3lite.index import Gallery, coordinates_of
from g3lite.lmm.ask import ask
from g3lite.lmm.base import LMM
from g3lite.lmm.load import load_lmm
from g3lite.paths import shipped
from g3lite.photos import PhotoSet
from g3lite.profiles import PROFILES
from g3lite.prompts import PLANS, PromptPlan
from g3lite.recipes import minilmm
from g3lite.verification import CandidateConfig

DRAWN = 5
"""Replies drawn of each prompt: to choose how many compete, and for Figure 4."""
CHOSEN = CandidateConfig.from_name(PROFILES["cpu"].choice).replies
"""How many of them compete. About the test sets the ablations ask for no more."""
TEMPERATURE = PROFILES["cpu"].temperature
"""Of the drawn replies, as it was chosen on validation (`g3lite.paper.choice`)."""
PROMPTS = PLANS["paper"].references


@dataclass(frozen=True)
class Setting:
    """One way to ask about all photos.

    Attributes:
        plan: prompts, replies and temperature.
        similar: which similar references, a key of what `search` returns.
        dissimilar: which dissimilar ones.
        swapped: "picture" or "references": these are another photo's.
        photos: the first of the set that are asked about; None: all.
    """

    plan: PromptPlan
    similar: str = "similar"
    dissimilar: str = "dissimilar"
    swapped: str | None = None
    photos: int | None = None


_RAW = ("raw similar", "raw dissimilar")


def ways(drawn: int, competing: int) -> dict[str, Setting]:
    """What the tables need: so many replies drawn of each of four prompts, of which some compete.

    The others have as many replies as these four, or as many of each prompt.
    """
    as_many = len(PROMPTS) * competing
    return {
        "likeliest": Setting(PromptPlan(PROMPTS, 1, temperature=0)),
        "drawn": Setting(PromptPlan(PROMPTS, drawn, temperature=TEMPERATURE)),
        "zero-shot": Setting(PromptPlan((0,), as_many, temperature=TEMPERATURE)),
        "one prompt": Setting(PromptPlan((10,), as_many, temperature=TEMPERATURE)),
        "random dissimilar": Setting(
            PromptPlan(PROMPTS, competing, temperature=TEMPERATURE), dissimilar="random"
        ),
        "raw, likeliest": Setting(PromptPlan((10,), 1, temperature=0), *_RAW),
        "raw, drawn": Setting(PromptPlan(PROMPTS, competing, temperature=TEMPERATURE), *_RAW),
    }


_GREEDY = PromptPlan(PROMPTS[1:], 1, temperature=0)
_SOME = 1_200
SETTINGS = {
    "validation": {
        **ways(DRAWN, CHOSEN),
        "as a pair": Setting(
            PromptPlan(PROMPTS, 1, temperature=0, template="pair"), photos=_SOME
        ),
        "without hubs": Setting(_GREEDY, dissimilar="without hubs", photos=_SOME),
        "another's picture": Setting(
            PromptPlan(PROMPTS, 1, temperature=0), swapped="picture", photos=_SOME
        ),
        "another's references": Setting(_GREEDY, swapped="references", photos=_SOME),
    },
    "final_natural": ways(CHOSEN, CHOSEN),
    "final_uniform": ways(CHOSEN, CHOSEN),
}  # fmt: skip
"""The ways of each set of photos. Of a likeliest reply there is one: at temperature 0 all are the
same. What two ways have in common is asked for once."""
RUN = {
    which: {
        name: [way.plan.references, way.plan.replies, way.plan.temperature, way.plan.template.text,
               way.similar, way.dissimilar, way.swapped, way.photos]
        for name, way in ways.items()
    }
    for which, ways in SETTINGS.items()
}  # fmt: skip
"""All that the recorded replies depend on, beside the photos and the models."""
PART = 300
"""Photos that one process asks about before it takes others."""


def search(
    gallery: PhotoSet, queries: PhotoSet, k: int = 15, heads: GeoAlignment | None = None
) -> dict[str, np.ndarray]:
    """The references of each query among the photos of a gallery, with some heads.

    Args:
        gallery: what is searched.
        queries: q photos.
        k: references of either kind.
        heads: of the alignment; None for those that are shipped.

    Returns:
        Rows of the gallery, int64 (q, k), the first reference first: "similar"; "dissimilar", as
        the paper has them; "without hubs", dissimilar ones with the gallery's mean left out; the
        first two by the backbone's features alone, "raw similar" and "raw dissimilar"; and
        "random", any photos.
    """
    backbone = Backbone.load("miniclip", "cpu")
    aligned = GeoAlignment.from_pretrained("mini") if heads is None else heads
    chance = np.random.default_rng(0).integers(len(gallery), size=(len(queries), k))
    gallery_features, query_features = (
        backbone.image_features(photos, normalize=False).vectors for photos in (gallery, queries)
    )
    raw = Gallery.build(gallery.table, unit_rows(gallery_features), model="miniclip")
    plain = unit_rows(query_features)
    gallery_features, query_features = (
        aligned.database_vectors(gallery_features),
        aligned.database_vectors(query_features),
    )
    index = Gallery.build(gallery.table, gallery_features, model="miniclip, aligned")
    return {
        "similar": index.similar(query_features, k)[1],
        "dissimilar": index.dissimilar(query_features, k)[1],
        "without hubs": index.dissimilar(query_features, k, centre=gallery_features.mean(axis=0))[
            1
        ],
        "raw similar": raw.similar(plain, k)[1],
        "raw dissimilar": raw.dissimilar(plain, k)[1],
        "random": chance,
    }


def partners(n: int) -> np.ndarray:
    """Which photo lends its picture, or its references, to each of n."""
    return np.roll(np.arange(n), n // 2)


def with_pictures_of(photos: PhotoSet, lenders: np.ndarray) -> PhotoSet:
    """The same photos with the pictures of others."""
    ids = photos.ids
    lender = {img_id: ids[row] for img_id, row in zip(ids, lenders, strict=True)}
    return PhotoSet(f"{photos.name}, swapped", photos.table, lambda i: photos.source(lender[i]))


def ask_way(
    lmm: LMM,
    queries: PhotoSet,
    way: Setting,
    coordinates: Mapping[str, np.ndarray],
    part: slice = slice(None),
    **asking: Any,
) -> pd.DataFrame:
    """Ask about queries in one way; the table of `lmm.ask.ask`.

    Args:
        lmm: the model.
        queries: n photos.
        way: how.
        coordinates: of the references, (n, 15, 2) under each name that `search` has.
        part: ask about these of the queries only; what is swapped is swapped among all.
        asking: further options of `lmm.ask.ask`, such as store and progress.
    """
    queries = queries.take(slice(way.photos))
    others = partners(len(queries))
    photos = with_pictures_of(queries, others) if way.swapped == "picture" else queries
    lists = [coordinates[name][: way.photos] for name in (way.similar, way.dissimilar)]
    if way.swapped == "references":
        lists = [some[others] for some in lists]
    lists = [some[part] for some in lists]
    return ask(lmm, photos.take(part), way.plan, *lists, **asking)[0]


# ---------------------------------------------------------------------------------- recorded


def recorded(which: str = "validation") -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """The shipped replies about a set, and the references that their prompts name.

    Returns:
        A row per reply: way, IMG_ID, references (of either kind in its prompt), sample, text, LAT
        and LON (NaN for none) and reason (why there are none; NA where there are). And rows of the
        gallery, int64 (queries, 15), under those names of `search` that the set's ways have.

    Raises:
        ValueError: nothing was recorded about a set of that name.
    """
    if which not in SETTINGS:
        raise ValueError(
            f"no replies about {which!r} were recorded; there are {', '.join(SETTINGS)}"
        )
    ids = np.array(miniearth.load(which).ids)
    table = unpacked(pd.read_parquet(shipped(f"replies/{which}.parquet")), ids)
    with np.load(shipped(f"replies/{which}.npz")) as rows:
        return table, {name: rows[name].astype(np.int64) for name in rows.files}


UNIT = 10.0**-minilmm.DECIMALS
"""Of the coordinates that are kept, in degrees."""
_PACKED = {"way": "category", "references": "int8", "sample": "int8", "photo": "int16",
           "lat": "int32", "lon": "int32", "text": "string"}  # fmt: skip
_FORMS = {name: way.plan.template.name for name, way in SETTINGS["validation"].items()}


def packed(table: pd.DataFrame, ids: list[str]) -> pd.DataFrame:
    """Replies as they are kept: whole numbers, and the text only where it says more.

    MiniLMM answers with as many decimals as its prompts have, in the form that was asked for, so
    most texts follow from their numbers; `unpacked` gives all of them back, letter by letter.
    """
    places, _ = replies.parse_all(table["text"].astype(object).where(table["text"].notna(), None))
    units = np.round(np.nan_to_num(places) / UNIT)
    form = table["way"].map(_FORMS)
    usual = np.array(_texts(units, form)) == table["text"].fillna("").to_numpy(dtype=object)
    units[~usual] = 0
    keys = {
        "way": table["way"], "references": table["references"], "sample": table["sample"],
        "photo": pd.Index(ids).get_indexer(table["IMG_ID"]),
        "lat": units[:, 0], "lon": units[:, 1],
        "text": table["text"].fillna("").mask(usual),
    }  # fmt: skip
    kept = pd.DataFrame(keys).astype(_PACKED)
    return kept.sort_values(["way", "references", "sample", "photo"], ignore_index=True)


def unpacked(kept: pd.DataFrame, ids: np.ndarray) -> pd.DataFrame:
    """The table of replies behind what `packed` made, in the order of the photos."""
    kept = kept.sort_values(["way", "photo", "references", "sample"], ignore_index=True)
    units = kept[["lat", "lon"]].to_numpy(dtype=np.float64)
    places = (units * UNIT).round(minilmm.DECIMALS)
    reasons = np.full(len(kept), None, dtype=object)
    usual = kept["text"].isna().to_numpy()
    texts = np.array(_texts(units, kept["way"].map(_FORMS)), dtype=object)
    texts[~usual] = [text or None for text in kept["text"][~usual]]
    places[~usual], reasons[~usual] = replies.parse_all(texts[~usual])
    return pd.DataFrame(
        {
            "way": kept["way"].astype("string"),
            "IMG_ID": pd.array(ids[kept["photo"]], dtype="string"),
            "references": kept["references"].astype(np.int64),
            "sample": kept["sample"].astype(np.int64),
            "text": pd.array(texts, dtype="string"),
            "LAT": places[:, 0], "LON": places[:, 1],
            "reason": pd.array(reasons, dtype="string"),
        }
    )  # fmt: skip


def _texts(units: np.ndarray, form: pd.Series) -> list[str]:
    """The usual replies to these places (n, 2), each in its form."""
    places = (units * UNIT).round(minilmm.DECIMALS)
    return [minilmm.answer(place, how) for place, how in zip(places, form, strict=True)]


def build(folder: Path) -> None:
    """Search the references of all sets and record the replies, into the data folder `folder`.

    All cores ask. What was asked already is in the store of the user's cache; a run that was
    stopped goes on.
    """
    folder = folder / "replies"
    folder.mkdir(exist_ok=True)
    for which in SETTINGS:
        rows = search(miniearth.load("gallery"), miniearth.load(which))
        table = pd.concat(record(which, rows), ignore_index=True)
        named = {key for way in SETTINGS[which].values() for key in (way.similar, way.dissimilar)}
        np.savez_compressed(
            folder / f"{which}.npz",
            **{name: some.astype(np.uint16) for name, some in rows.items() if name in named},
        )
        packed(table, miniearth.load(which).ids).to_parquet(
            folder / f"{which}.parquet", index=False, compression="zstd", compression_level=19
        )
    for path in folder.iterdir():  # of sets that are no more
        if path.stem not in SETTINGS:
            path.unlink()


def record(which: str, rows: Mapping[str, np.ndarray]) -> Iterator[pd.DataFrame]:
    """The replies about a set, in all its ways, with references at these rows of the gallery."""
    from joblib import Parallel, delayed

    jobs = (
        delayed(_part)(which, name, rows, slice(start, start + PART))
        for name, way in SETTINGS[which].items()
        for start in range(0, way.photos or len(miniearth.load(which)), PART)
    )
    yield from tqdm(Parallel(n_jobs=-1, return_as="generator")(jobs), desc=f"replies, {which}")


def _part(which: str, name: str, rows: Mapping[str, np.ndarray], part: slice) -> pd.DataFrame:
    return part_of(miniearth.load(which), SETTINGS[which][name], rows, part).assign(way=name)


def part_of(
    queries: PhotoSet, way: Setting, rows: Mapping[str, np.ndarray], part: slice
) -> pd.DataFrame:
    """What MiniLMM replies about these of the queries in one way: IMG_ID, references, sample, text,
    LAT and LON. The references are at these rows of the gallery."""
    places = miniearth.load("gallery").coordinates
    coordinates = {key: coordinates_of(found, places) for key, found in rows.items()}
    table = ask_way(load_lmm("minilmm"), queries, way, coordinates, part, progress=False)
    return table[["IMG_ID", "references", "sample", "text", "LAT", "LON"]]
