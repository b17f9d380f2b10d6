"""Does a multimodal model read its references? It is asked about validation photos.

    python -m g3lite.recipes.minilmm_checks [MODEL] [PHOTOS]

prints what `checks` finds about a model (`load_lmm` says which names there are; MiniLMM if none is
given), asked about the first PHOTOS photos of validation (all, if it is not given).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from g3lite import miniearth
from g3lite.evaluation import THRESHOLDS_KM, mean_intervals
from g3lite.geo import great_circle_km
from g3lite.index import coordinates_of
from g3lite.lmm.ask import ask
from g3lite.lmm.base import LMM
from g3lite.lmm.load import load_lmm
from g3lite.photos import PhotoSet
from g3lite.prompts import PromptPlan
from g3lite.recipes import minilmm_tasks as tasks
from g3lite.recipes.replies import partners, search, with_pictures_of

COPIED_KM = 1.0
"""A reply so near to a place of a pure task copies it."""
NEAR_KM = 25.0


class Greedy:
    """A model that is asked for its likeliest reply; it counts the replies that can be read.

    Args:
        lmm: the model.
        store: the file that holds what was asked already.
    """

    def __init__(self, lmm: LMM, store: str | Path | None = None) -> None:
        self.lmm, self.store = lmm, store
        self.readable: list[bool] = []

    def __call__(
        self, photos: PhotoSet, k: int, similar: np.ndarray, dissimilar: np.ndarray
    ) -> np.ndarray:
        """Where n photos were taken, (n, 2), by a prompt with the first k references (n, 15, 2) of
        either kind; NaN where a reply cannot be read."""
        plan = PromptPlan((k,), replies=1, temperature=0)
        table, _ = ask(self.lmm, photos, plan, similar, dissimilar, store=self.store)
        found = table[["LAT", "LON"]].to_numpy(dtype=np.float64)
        self.readable += np.isfinite(found).all(axis=1).tolist()
        return found


def hits(found: np.ndarray, places: np.ndarray, km: float) -> np.ndarray:
    """1 where a reply (n, 2) is within so many km of its place, else 0; float64 (n,)."""
    return (great_circle_km(found, places) <= km).astype(np.float64)


def spread(similar: np.ndarray) -> np.ndarray:
    """How far apart the references (n, k, 2) of each photo lie: the median of all pairs, km."""
    first, second = np.triu_indices(similar.shape[1], 1)
    return np.median(great_circle_km(similar[:, first], similar[:, second]), axis=1)


def checks(
    greedy: Greedy, photos: PhotoSet, references: dict[str, np.ndarray], seed: int = 0
) -> pd.DataFrame:
    """What shows that a model reads its references, with intervals by photographer.

    Args:
        greedy: the model.
        photos: n photos of MiniEarth.
        references: "similar" and "dissimilar", float64 (n, 15, 2).
        seed: of the turned globes and the pure tasks.

    Returns:
        check, photos, and of their mean value, low, high, in percent: shares, or differences of
        shares.
    """
    rows = [
        (name, len(table), *(100 * float(part[0]) for part in mean_intervals(values, table)))
        for name, table, values in _measured(greedy, photos, references, seed)
    ]
    readable = 100 * np.mean(greedy.readable)
    rows.append(("readable replies", len(greedy.readable), readable, np.nan, np.nan))
    return pd.DataFrame(rows, columns=["check", "photos", "value", "low", "high"])


def _measured(
    greedy: Greedy, photos: PhotoSet, references: dict[str, np.ndarray], seed: int
) -> Iterator[tuple[str, pd.DataFrame, np.ndarray]]:
    table, truth, n = photos.table, photos.coordinates, len(photos)
    similar, dissimilar = references["similar"], references["dissimilar"]
    k = similar.shape[1]
    rng = np.random.default_rng(seed)

    lists = tasks.turned(rng, np.concatenate([similar, dissimilar], axis=1))
    found = greedy(photos, k, lists[:, :k], lists[:, k:])
    km = great_circle_km(lists[:, :k], found[:, None])
    yield f"turned: within 25 km of one of {k}", table, (km <= NEAR_KM).any(axis=1)[:, None]
    yield "turned: within 25 km of the first", table, (km[:, :1] <= NEAR_KM)
    for kind in tasks.PATTERNS:
        some, meant = tasks.pattern(rng, kind, n, 10)
        found = greedy(photos, 10, some, tasks.anywhere(rng, n, 10))
        yield f"{kind} among 10: copied", table, hits(found, meant, COPIED_KM)[:, None]

    none, ten, most = (greedy(photos, number, similar, dissimilar) for number in (0, 10, k))
    places = miniearth.places()
    known = places.seen.loc[[int(img_id[:4]) for img_id in photos.ids]].to_numpy()
    for name, which in (("unseen", ~known), ("seen", known)):
        gain = hits(most, truth, NEAR_KM) - hits(none, truth, NEAR_KM)
        yield f"{name} places, 25 km: {k} references - none", table[which], gain[which, None]
    apart = spread(similar)
    good = apart < np.median(apart)
    others = partners(n)
    swapped = {
        "picture": greedy(with_pictures_of(photos, others), k, similar, dissimilar),
        "references": greedy(photos, k, similar[others], dissimilar[others]),
    }
    for radius in THRESHOLDS_KM:
        gain = hits(ten, truth, radius) - hits(similar[:, 0], truth, radius)
        name = f"good retrieval, {radius} km: 10 references - most similar photo"
        yield name, table[good], gain[good, None]
    for what, instead in swapped.items():
        for radius in THRESHOLDS_KM:
            gain = hits(instead, truth, radius) - hits(most, truth, radius)
            yield f"{radius} km: another's {what} - own", table, gain[:, None]
    for name, answers in (("none", none), ("10", ten), (f"{k}", most)):
        for radius in THRESHOLDS_KM:
            yield f"{radius} km: {name} references", table, hits(answers, truth, radius)[:, None]


def main(which: str = "minilmm", photos: str | None = None) -> None:
    """Print the checks of a model."""
    queries, gallery = miniearth.load("validation"), miniearth.load("gallery")
    rows = search(gallery, queries)
    queries = queries.take(slice(int(photos) if photos else None))
    references = {
        name: coordinates_of(rows[name], gallery.coordinates)[: len(queries)]
        for name in ("similar", "dissimilar")
    }
    table = checks(Greedy(load_lmm(which)), queries, references)
    print(table.round(1).to_string(index=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
