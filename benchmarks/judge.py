"""What the learned judge costs: a photo at a time, beside the cosine.

    OMP_NUM_THREADS=1 python benchmarks/judge.py [PHOTOS]

takes validation photos with their recorded candidates, 23 each, and measures what comes after the
search: the cosine scores the candidates; the judge describes them and goes down its trees; and, if
it is asked how sure it is, it makes a distribution, three probabilities and the region. The
milliseconds are those of the processor, so that a busy machine changes little.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from g3lite import miniearth
from g3lite.after.judge import LearnedJudge
from g3lite.alignment import GeoAlignment
from g3lite.recipes import judge

PHOTOS = 200


@contextmanager
def timed(took: list[float]) -> Iterator[None]:
    """Adds the milliseconds of what is done inside."""
    start = time.process_time()
    yield
    took.append(1000 * (time.process_time() - start))


def costs(photos: int = PHOTOS) -> dict[str, list[float]]:
    """Milliseconds of each step by photo."""
    known, heads = judge.validation(), GeoAlignment.from_pretrained("mini")
    learned = LearnedJudge.from_pretrained(miniearth.load("gallery").coordinates)
    similarity, near, _ = judge.validation_neighbours()
    image = np.random.default_rng(0).normal(size=(photos, heads.config.shared)).astype(np.float32)
    assert learned.background.grid.size and learned.density.tree.n  # made once for all photos
    took: dict[str, list[float]] = {"cosine": [], "judge": [], "how sure": []}
    for row, name in enumerate(miniearth.load("validation", photos).ids):
        some, at = known.table[known.photo == row], slice(row, row + 1)
        places = some[["LAT", "LON"]].to_numpy()
        with timed(took["cosine"]):
            assert len(heads.embed_coordinates(places) @ image[row]) == len(some)
        with timed(took["judge"]):
            judged = learned.score(some, [name], similarity[at], near[at])
        with timed(took["how sure"]):
            where = learned.where(judged.sort_values("score", ascending=False))
            assert where.within and where.region[1] > 0
    return took


if __name__ == "__main__":
    found = costs(int(sys.argv[1]) if len(sys.argv) > 1 else PHOTOS)
    for step, ms in found.items():
        most = np.quantile(ms, 0.95)
        print(f"{step:<10} {np.median(ms):6.2f} ms a photo, 95 % of them below {most:.2f} ms")
