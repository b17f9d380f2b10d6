"""The shipped heads of geo-alignment, and what each choice is worth: the paper's Tables 3 and 5.

Every variant is trained on the gallery and measured on validation; the test sets stay closed. The
results are shipped (`data/alignment/validation.csv`), with the heads that the later steps use.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from g3lite import evaluation, index, miniearth
from g3lite.alignment import CONFIGS, GeoAlignment
from g3lite.backbone import Backbone, unit_rows
from g3lite.baselines import retrieval
from g3lite.geo import great_circle_km
from g3lite.paths import cache_dir
from g3lite.photos import PhotoSet
from g3lite.training import SCHEDULES, AlignmentDataset, fit

VARIANTS: dict[str, dict[str, object]] = {
    "G3": {},
    "without text": {"use_text": False},
    "equal_earth": {"projection": "equal_earth"},
    "sphere": {"projection": "sphere"},
    "masked text": {"mask_same_text": True},
    "masked 25 km": {"mask_km": 25.0},
}
"""What differs from G3 as it is: a field of `GeoAlignmentConfig` or of `Schedule`."""
RAW = "raw features"
GALLERIES = (2_000, 20_000)
"""Photos that are trained on and searched: the first of the shipped slice, and all."""
SEEDS = (0, 1)
REFERENCES = (5, 10, 15)
"""How many retrieved references the prompts of G3 name (Table 3)."""
LATER = {"decay_every": None, "select": "loss", "near_km": 200.0}
"""Settings of a schedule that there were not when the heads were made, with what held then."""
RUN = {
    "sizes": asdict(CONFIGS["mini"]),
    "schedule": {
        key: value for key, value in asdict(SCHEDULES["small"]).items()
        if key not in LATER or value != LATER[key]
    },
    "variants": VARIANTS, "galleries": GALLERIES, "seeds": SEEDS,
}  # fmt: skip
"""All that the shipped heads and results depend on, beside the photos and MiniCLIP."""


def train(
    train_on: AlignmentDataset, validation: AlignmentDataset, variant: str = "G3", seed: int = 0
) -> tuple[GeoAlignment, pd.DataFrame]:
    """The heads of one variant and the history of their training.

    A run that was stopped goes on from the cache folder.
    """
    change = VARIANTS[variant]
    sizes = {key: value for key, value in change.items() if key == "projection"}
    plan = {key: value for key, value in change.items() if key != "projection"}
    torch.manual_seed(seed)
    model = GeoAlignment(replace(CONFIGS["mini"], **sizes))
    schedule = replace(SCHEDULES["small"], seed=seed, **plan)
    history = fit(model, train_on, validation, schedule, cache_dir() / "alignment")
    return model, history


def measure(
    gallery_features: np.ndarray, query_features: np.ndarray, gallery: PhotoSet, queries: PhotoSet
) -> Iterator[tuple[str, float, float, float]]:
    """Retrieval with some vectors, unit rows: (metric, value, low, high), shares in [0, 1].

    "street" to "continent" are nearest neighbour's shares, "lknn street" and so on [L]kNN's; "top5
    average km" and so on say how far the first 5, 10 and 15 references are from the truth: over the
    references of a query, then the mean over the queries (the paper's Table 3).
    """
    places = gallery.coordinates
    answers = {
        "": retrieval.nearest_neighbour(query_features, gallery_features, places),
        "lknn ": retrieval.lknn(query_features, gallery_features, places),
    }
    yield from _shares(answers, queries)
    _, rows = index.neighbours(query_features, gallery_features, max(REFERENCES))
    km = great_circle_km(places[rows], queries.coordinates[:, None])
    summaries = {"average": np.mean, "median": np.median, "max": np.max, "min": np.min}
    for k in REFERENCES:
        of_query = np.column_stack([summary(km[:, :k], axis=1) for summary in summaries.values()])
        for name, *interval in zip(
            summaries, *evaluation.mean_intervals(of_query, queries.table), strict=True
        ):
            yield f"top{k} {name} km", *map(float, interval)


def _shares(
    answers: dict[str, np.ndarray], queries: PhotoSet
) -> Iterator[tuple[str, float, float, float]]:
    results = evaluation.evaluate(answers, queries.table, replicates=1000)
    for row in results[results.metric.isin(evaluation.THRESHOLD_NAMES)].itertuples():
        yield row.method + row.metric, row.value, row.low, row.high


def measure_variant(
    model: GeoAlignment, variant: str, gallery: PhotoSet, queries: PhotoSet,
    gallery_features: np.ndarray, query_features: np.ndarray,
) -> Iterator[tuple[str, float, float, float]]:  # fmt: skip
    """`measure` with the database vectors of a trained variant, and its GPS retrieval.

    Both arrays are image features, not normalised. "gps street" and so on are the shares of the
    best GPS embedding among the gallery's coordinates (GeoCLIP's way).
    """
    use = slice(None)
    if not VARIANTS[variant].get("use_text", True):  # no image-to-text part
        d, s = model.config.image, model.config.shared
        use = np.r_[0:d, d + s : d + 2 * s]
    vectors = (
        unit_rows(model.database_vectors(rows)[:, use])
        for rows in (gallery_features, query_features)
    )
    yield from measure(*vectors, gallery, queries)
    best = model.nearest_gps(query_features, gallery.coordinates)[1][:, 0]
    yield from _shares({"gps ": gallery.coordinates[best]}, queries)


def alignment_table(size: int, seeds: tuple[int, ...] = SEEDS) -> pd.DataFrame:
    """Train and measure every variant with a gallery of `size` photos.

    Returns:
        Tidy table: gallery, variant, seed, metric, value, low, high.
    """
    backbone = Backbone.load("miniclip", device="cpu")
    gallery, queries = miniearth.load("gallery", size), miniearth.load("validation")
    train_on, validation = (
        AlignmentDataset.from_photos(gallery, backbone),
        AlignmentDataset.from_photos(queries, backbone),
    )
    rows = [
        (size, RAW, 0, *measured)
        for measured in measure(
            unit_rows(train_on.image), unit_rows(validation.image), gallery, queries
        )
    ]
    for variant in VARIANTS:
        for seed in seeds:
            model, _ = train(train_on, validation, variant, seed)
            measured = measure_variant(
                model, variant, gallery, queries, train_on.image, validation.image
            )
            rows += [(size, variant, seed, *row) for row in measured]
    columns = ["gallery", "variant", "seed", "metric", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def build(folder: Path) -> None:
    """Train the heads that are shipped and measure all variants, into the data folder `folder`.

    The trained weights are kept in float16: half the size, the same neighbours. The Fourier
    frequencies stay as they are; a rounded one would be another function of the place.
    """
    folder = folder / "alignment"
    backbone = Backbone.load("miniclip", device="cpu")
    pairs = AlignmentDataset.from_photos(miniearth.load("gallery"), backbone)
    model, history = train(
        pairs, AlignmentDataset.from_photos(miniearth.load("validation"), backbone)
    )
    for weights in model.parameters():
        weights.data = weights.data.half()
    model.save_pretrained(folder)
    history.drop(columns="seconds").round(5).to_csv(folder / "history.csv", index=False)
    table = pd.concat([alignment_table(size) for size in GALLERIES])
    table.round(5).to_csv(folder / "validation.csv", index=False)
