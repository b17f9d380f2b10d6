"""What another training of the heads changes: G3 and its rows, with five trainings, asked anew.

    python -m g3lite.paper.seeds

prints G3 minus each row, over photographers and trainings. Every training searches its own
references, so MiniLMM is asked anew about each photo (zero-shot excepted, which has none).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from g3lite import evaluation, miniearth
from g3lite.alignment import GeoAlignment
from g3lite.backbone import Backbone
from g3lite.paper import plan
from g3lite.paper.margins import margins
from g3lite.paper.plan import SEEDED
from g3lite.paper.run import EvaluationRun
from g3lite.paths import shipped
from g3lite.recipes import replies as reply_recipe
from g3lite.recipes.minilmm_lessons import aligners
from g3lite.recipes.replies import PART

RUN = [plan.RUN, reply_recipe.RUN[plan.SETS[0]]]
_WAYS = ("drawn", "raw, drawn")


def build(folder: Path) -> None:
    """Ask and judge with every training, into the data folder `folder`."""
    train = Backbone.load("miniclip", "cpu").image_features(
        miniearth.load("gallery"), normalize=False
    ).vectors  # fmt: skip
    parts = []
    for seed, heads in enumerate(aligners()):
        for which in plan.DEVELOPMENT:
            run = run_of(which, heads)
            answers = {name: run.judged(row) for name, row in plan.JUDGED.items() if name in SEEDED}
            answers |= run.unjudged() | {
                "[L]kNN, aligned": run.aligned_lknn(train),
                "GPS gallery (GeoCLIP)": run.best_gps(),
            }
            table = run.table({name: answers[name] for name in SEEDED})
            parts.append(table.assign(set=which, seed=seed))
    table = pd.concat(parts, ignore_index=True)
    table = table.astype({"set": "category", "method": "category", "seed": "int8"})
    (folder / "seeds").mkdir(exist_ok=True)
    table[["seed", "set", "method", "IMG_ID", "LAT_pred", "LON_pred"]].to_parquet(
        folder / "seeds" / "predictions.parquet", index=False, compression="zstd",
        compression_level=19,
    )  # fmt: skip


def run_of(which: str, heads: GeoAlignment, photos: int = plan.DEVELOPMENT_PHOTOS) -> EvaluationRun:
    """What MiniLMM replies about the first photos of a set, with the references of these heads."""
    gallery, queries = miniearth.load("gallery"), miniearth.load(which, photos)
    rows = reply_recipe.search(gallery, queries, heads=heads)
    jobs = [
        delayed(_part)(which, photos, name, rows, slice(start, start + PART))
        for name in _WAYS
        for start in range(0, photos, PART)
    ]
    parts = tqdm(Parallel(n_jobs=-1, return_as="generator")(jobs), f"replies, {which}", len(jobs))
    replies = pd.concat(parts, ignore_index=True)
    return EvaluationRun(which, queries, gallery.coordinates, rows, replies, heads)


def _part(
    which: str, photos: int, name: str, rows: dict[str, np.ndarray], part: slice
) -> pd.DataFrame:
    way = reply_recipe.SETTINGS[plan.SETS[0]][name]
    return reply_recipe.part_of(miniearth.load(which, photos), way, rows, part).assign(way=name)


def predictions() -> Iterator[tuple[str, np.ndarray]]:
    """Where each row sees the development photos: name and float64 (trainings, photos, 2)."""
    table, ids = pd.read_parquet(shipped("seeds/predictions.parquet")), truth()["IMG_ID"]
    for name, rows in table.groupby("method", observed=True):
        by_seed = [
            some.set_index("IMG_ID").loc[ids, ["LAT_pred", "LON_pred"]].to_numpy()
            for _, some in rows.groupby("seed")
        ]
        yield str(name), np.stack(by_seed)


def truth() -> pd.DataFrame:
    """The development photos, with their set."""
    return pd.concat(
        [
            miniearth.load(which, plan.DEVELOPMENT_PHOTOS).table.assign(set=which)
            for which in plan.DEVELOPMENT
        ],
        ignore_index=True,
    )


def worth(replicates: int = 2000) -> pd.DataFrame:
    """G3 minus each row of `SEEDED` on the development photos, as `margins`."""
    photos = truth()
    found = {
        name: np.stack([evaluation.hits(some, photos) for some in answers])
        for name, answers in predictions()
    }
    rivals = {name: found[name] for name in SEEDED if name != "G3"}
    return margins(found["G3"], rivals, photos, replicates=replicates)


def spread() -> dict[str, np.ndarray]:
    """How much another training changes G3 minus each row: standard deviations, (6,), of the
    primary outcome and the five shares."""
    table = worth(replicates=2)
    return {
        str(name): rows["se_seeds"].to_numpy() * plan.TRAININGS**0.5
        for name, rows in table.groupby("method")
    }


if __name__ == "__main__":
    print(worth().round(4).to_string(index=False))
