"""What scoring and metrics cost: whole tables at once, against row by row.

    OMP_NUM_THREADS=1 python benchmarks/verification.py [QUERIES]

3,000 queries have 21 candidates each, as G3 has with 4 prompts, 5 replies and one retrieved place:
random places, about random photos. Two things are measured: scores, winners and their metrics; and
the errors of all candidates, which tell what a random candidate and the nearest one are worth. Both
ways begin with the vectors of photos and coordinates, so that no encoder is in either. Row by row
means a pandas row per candidate, a loop over the photos that takes the best one, and geopy's
geodesic per distance, as in the official evaluation. Seconds are those of the processor, so that a
busy machine changes little.

It needs geopy: pip install -e ".[benchmarks]".
"""

import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from g3lite import evaluation
from g3lite.alignment import GeoAlignment
from g3lite.baselines.selection import oracle, random_candidate
from g3lite.evaluation import THRESHOLD_NAMES, THRESHOLDS_KM
from g3lite.verification import CandidateConfig, Verifier, candidates, winners

try:
    from geopy.distance import geodesic
except ModuleNotFoundError:
    sys.exit('this benchmark needs geopy: pip install -e ".[benchmarks]"')

CANDIDATES, REPEATS, WANTED = 21, 9, 50


class Case(NamedTuple):
    """Candidates and truth, and the vectors as either way takes them."""

    pool: pd.DataFrame
    truth: pd.DataFrame
    verifier: Verifier
    photos: dict[str, np.ndarray]
    coordinates: dict[tuple[float, float], np.ndarray]


def places(*shape: int, seed: int) -> np.ndarray:
    """Random places (..., 2), evenly over the globe up to 80 degrees."""
    rng = np.random.default_rng(seed)
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, shape) * np.sin(np.radians(80))))
    return np.stack([lat, rng.uniform(-180, 180, shape)], axis=-1)


def case(queries: int) -> Case:
    """Random photos and places, embedded by the shipped heads of geo-alignment."""
    model, ids = GeoAlignment.from_pretrained("mini"), [f"photo{i}.jpg" for i in range(queries)]
    chosen = CandidateConfig((), 0, CANDIDATES)
    pool = candidates(ids, retrieved=places(queries, CANDIDATES, seed=0), choice=chosen)
    truth = pd.DataFrame(places(queries, seed=1), columns=["LAT", "LON"]).assign(IMG_ID=ids)
    features = np.random.default_rng(2).standard_normal((queries, model.config.image))
    features = features.astype(np.float32)
    verifier = Verifier(model, ids, features)
    verifier.score(pool)  # encodes every coordinate, once and for all
    pairs = pool[["LAT", "LON"]].to_numpy()
    vectors = dict(zip(map(tuple, pairs), model.embed_coordinates(pairs), strict=True))
    photos = dict(zip(ids, model.embed_images(features)[1], strict=True))
    return Case(pool, truth, verifier, photos, vectors)


def winners_row_by_row(of: Case) -> np.ndarray:
    """The shares of the best candidates within each threshold."""
    score = of.pool.apply(
        lambda row: of.photos[row["IMG_ID"]] @ of.coordinates[row["LAT"], row["LON"]], axis=1
    )
    found = of.truth.set_index("IMG_ID").assign(LAT_pred=np.nan, LON_pred=np.nan)
    for img_id, own in of.pool.assign(score=score).groupby("IMG_ID", sort=False):
        best = own.iloc[own["score"].argmax()]
        found.loc[img_id, "LAT_pred"] = best["LAT"]
        found.loc[img_id, "LON_pred"] = best["LON"]
    km = found.apply(
        lambda row: geodesic((row["LAT"], row["LON"]), (row["LAT_pred"], row["LON_pred"])).km,
        axis=1,
    )
    return np.array([(km <= limit).mean() for limit in THRESHOLDS_KM])


def winners_at_once(of: Case) -> np.ndarray:
    """The same with this package."""
    return shares(winners(of.verifier.score(of.pool)), of.truth)


def errors_row_by_row(of: Case) -> np.ndarray:
    """The shares of a random candidate, then those of the nearest one."""
    both = of.pool.merge(of.truth, on="IMG_ID", suffixes=("_pred", ""))
    km = both.apply(
        lambda row: geodesic((row["LAT"], row["LON"]), (row["LAT_pred"], row["LON_pred"])).km,
        axis=1,
    )
    random, best = [], []
    for _, own in both.assign(km=km).groupby("IMG_ID", sort=False):
        random.append([(own["km"] <= limit).mean() for limit in THRESHOLDS_KM])
        best.append([own["km"].min() <= limit for limit in THRESHOLDS_KM])
    return np.concatenate([np.mean(random, axis=0), np.mean(best, axis=0)])


def errors_at_once(of: Case) -> np.ndarray:
    """The same with this package."""
    answers = random_candidate(of.pool, of.truth), oracle(of.pool, of.truth)
    return np.concatenate([shares(some, of.truth) for some in answers])


def shares(answers: pd.DataFrame | evaluation.Chances, truth: pd.DataFrame) -> np.ndarray:
    """The shares (5,) within the thresholds."""
    return evaluation.score(answers, truth)[list(THRESHOLD_NAMES)].to_numpy(float)


def timed(function: Callable[[Case], np.ndarray], of: Case, runs: int) -> tuple[np.ndarray, float]:
    """What a function returns, and the median of its seconds."""
    times = []
    for _ in range(runs):
        began = time.process_time()
        result = function(of)
        times.append(time.process_time() - began)
    return result, float(np.median(times))


def main(queries: int) -> None:
    """Print the times of both ways, part by part and in all."""
    of, total = case(queries), np.zeros(2)
    print(f"{queries:,} queries with {CANDIDATES} candidates each, seconds of the processor")
    print(f"{'':34} row by row  at once")
    for name, slow, fast in (
        ("scores, winners and their metrics", winners_row_by_row, winners_at_once),
        ("errors of all candidates", errors_row_by_row, errors_at_once),
    ):
        here, ours = timed(fast, of, REPEATS)
        there, theirs = timed(slow, of, 1)
        # Shares may differ by what the Earth differs from a sphere.
        np.testing.assert_allclose(here, there, atol=0.003, err_msg=name)
        total += theirs, ours
        print(f"{name:34} {theirs:10.2f} {ours:8.3f}   {theirs / ours:.0f} times faster")
    ratio = f"{total[0] / total[1]:.0f} times faster (>= {WANTED})"
    print(f"{'both':34} {total[0]:10.2f} {total[1]:8.3f}   {ratio}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3_000)
