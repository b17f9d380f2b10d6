"""The learned judge's own photos, and what MiniLMM replies about them.

    python -m g3lite.recipes.judge_photos            # all sets, or those that are named

asks MiniLMM about them, with all cores. A run that was stopped goes on: replies are in the store of
the user's cache.

The judge learns from `TRAINING`, its regions are calibrated on `CALIBRATION`; neither serves for
anything else, and no photographer and no scene is in two sets. A fifth of the places is in no photo
that the judge learns from, so that it can be seen whether it knows its way or knows the places.
They are others than those that MiniCLIP and MiniLMM never saw: of these, too, the judge sees four
in five, because their candidates are worse, and it has to learn that there are such photos.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from g3lite import miniearth
from g3lite.miniearth.cues import digest
from g3lite.miniearth.splits import EVENNESS, photo_set, sample, tabulate
from g3lite.paths import shipped
from g3lite.photos import PhotoSet, conform
from g3lite.prompts import PromptPlan
from g3lite.recipes import replies as reply_recipe
from g3lite.recipes.replies import CHOSEN, PART, PROMPTS, TEMPERATURE, Setting

TRAINING = {"judge_natural": 6_000, "judge_uniform": 6_000}
CALIBRATION = {"calibration_natural": 6_000, "calibration_uniform": 6_000}
SIZES = TRAINING | CALIBRATION
"""Photos of each set, natural or nearly even over the places as the test sets are."""
HIDDEN = 5
"""One in so many places is in no photo that the judge learns from."""
ASKED = Setting(PromptPlan(PROMPTS, CHOSEN, temperature=TEMPERATURE))
"""How MiniLMM is asked: as G3 does, and nothing more."""
RUN = {
    "sizes": SIZES, "hidden": HIDDEN,
    "asked": [PROMPTS, CHOSEN, TEMPERATURE, ASKED.plan.template.text],
}  # fmt: skip
"""All that the replies depend on, beside places, renderer and models."""


def known_places() -> np.ndarray:
    """The ids of the places that the judge learns from."""
    ids = miniearth.places().index.to_numpy()
    return ids[[digest("hidden from the judge", int(place)) % HIDDEN > 0 for place in ids]]


def photos(which: str) -> PhotoSet:
    """The photos of a key of `SIZES`, drawn anew; their table takes seconds."""
    evenness = EVENNESS["test_uniform"] if which.endswith("uniform") else 1.0
    among = known_places() if which in TRAINING else None
    ids = sample(which, SIZES[which], evenness, among)
    return photo_set(f"miniearth/{which}", conform(tabulate(list(ids))))


def record(queries: PhotoSet) -> pd.DataFrame:
    """What MiniLMM replies about a photo set: as `replies.record`, in the one way `ASKED`."""
    rows = reply_recipe.search(miniearth.load("gallery"), queries)
    jobs = (
        delayed(_part)(queries, rows, slice(start, start + PART))
        for start in range(0, len(queries), PART)
    )
    done = Parallel(n_jobs=-1, return_as="generator")(jobs)
    parts = tqdm(done, f"replies, {queries.name}", -(-len(queries) // PART))
    return pd.concat(parts, ignore_index=True)


def _part(queries: PhotoSet, rows: dict[str, np.ndarray], part: slice) -> pd.DataFrame:
    return reply_recipe.part_of(queries, ASKED, rows, part).assign(way="drawn")


def build(folder: Path) -> None:
    """Ask about all sets and record the replies, into the data folder `folder`."""
    (folder / "judge").mkdir(exist_ok=True)
    for which in SIZES:
        queries = photos(which)
        write(folder / "judge" / f"{which}.parquet", record(queries), queries.ids)


def write(path: Path, replies: pd.DataFrame, ids: list[str]) -> None:
    """Write replies about the photos with these IMG_IDs, packed: those of a photo lie together."""
    kept = reply_recipe.packed(replies, ids).sort_values(["photo", "references", "sample"])
    kept.to_parquet(
        path, index=False, compression="zstd", compression_level=19, use_dictionary=False
    )


def recorded(which: str, ids: Sequence[str]) -> pd.DataFrame:
    """The shipped replies about the photos of a set, as `replies.recorded` returns them."""
    kept = pd.read_parquet(shipped(f"judge/{which}.parquet"))
    return reply_recipe.unpacked(kept, np.array(ids))


if __name__ == "__main__":
    for name in sys.argv[1:] or SIZES:
        record(photos(name))
