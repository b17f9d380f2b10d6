"""The photo sets of MiniEarth: a gallery, which is also the training set, and three query sets.

A photo is its IMG_ID: "{place}_{seed}_{author}.jpg" says all that is needed to draw it again, so
only the tables are shipped whole, with the first pictures of each set. The others are rendered on
first use and kept in the cache.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
from PIL import Image

from g3lite.miniearth.cues import digest
from g3lite.miniearth.render.draw import RENDERER_VERSION, draw, encode
from g3lite.miniearth.sampler import SAMPLER_VERSION, photograph
from g3lite.miniearth.scene import Scene
from g3lite.miniearth.world import PLACES_VERSION, places
from g3lite.paths import cache_dir, replacing, shipped
from g3lite.photos import SCHEMA, PhotoSet, conform
from g3lite.support.images import DamagedPhoto
from g3lite.support.tars import damaged, read_place, tar_places

SPLITS_VERSION = "1"
SIZES = {
    "gallery": 20_000, "validation": 2_400, "test_natural": 3_000, "test_uniform": 3_000,
    "final_natural": 6_000, "final_uniform": 6_000,
    "after_natural": 6_000, "after_uniform": 6_000,
}  # fmt: skip
"""Photos of each set. The uniform ones are spread almost evenly over the places, as YFCC4K is more
than IM2GPS3K; the others follow the places' photo weights. The tables are about the final sets,
which were drawn when all was decided (`g3lite.paper.plan`); `test_natural` and `test_uniform` were
opened before, and serve to develop since. The learned judge has a pair of its own, drawn as late
(`g3lite.paper.after_plan`)."""
SHIPPED = {"gallery": 2_000, "validation": 300, "test_natural": 300, "test_uniform": 300}
"""How many of them ship as pictures: the first rows."""
FINAL = ("final_natural", "final_uniform")
AFTER = ("after_natural", "after_uniform")
EVENNESS = {"test_uniform": 0.15, "final_uniform": 0.15, "after_uniform": 0.15}
"""Exponent of the photo weights of a set, 1 where not given; 0 would be uniform."""
PHOTOS_PER_AUTHOR = 6
PICTURE_SIZE = 128
PICTURES = f"{PLACES_VERSION}.{SAMPLER_VERSION}.{RENDERER_VERSION}-{PICTURE_SIZE}"
"""What the pictures depend on: places, scenes, renderer and size."""
VERSION = f"miniearth-{PICTURES}"
"""Of every photo set of MiniEarth."""
SHARD = 1_000
PHOTOS = "miniearth/photos.tar"
"""The pictures that ship, in the data folder."""

QUERY_COLUMNS = list(SCHEMA)[:10]
LABELS = {
    # kind: (S3, S16, S365, Prob_indoor, Prob_natural, Prob_urban), categories of Places365
    "street": (2, 15, 319, 0.02, 0.03, 0.95),
    "plaza": (2, 12, 270, 0.02, 0.05, 0.93),
    "suburb": (2, 14, 283, 0.02, 0.12, 0.86),
    "village": (2, 15, 348, 0.01, 0.28, 0.71),
    "highway": (2, 10, 175, 0.01, 0.20, 0.79),
    "road": (1, 8, 142, 0.01, 0.72, 0.27),
    "coast": (1, 6, 48, 0.01, 0.90, 0.09),
    "mountain": (1, 7, 232, 0.01, 0.95, 0.04),
    "countryside": (1, 8, 141, 0.01, 0.93, 0.06),
    "market": (2, 15, 223, 0.15, 0.03, 0.82),
    "park": (2, 12, 254, 0.01, 0.62, 0.37),
    "interior": (0, 2, 215, 0.97, 0.01, 0.02),
    "food": (0, 0, 284, 0.90, 0.05, 0.05),
    "sky": (1, 7, 306, 0.02, 0.90, 0.08),
    "closeup": (0, 0, 335, 0.60, 0.25, 0.15),
}


def img_id(place_id: int, seed: int, author: str) -> str:
    """The name of a photo, from which its scene follows."""
    return f"{place_id:04d}_{seed:08x}_{author}.jpg"


def scene_of(name: str) -> Scene:
    """The scene behind an IMG_ID.

    Raises:
        ValueError: `name` is not the IMG_ID of a MiniEarth photo.
    """
    try:
        place, seed, author = name.removesuffix(".jpg").split("_")
        return photograph(int(place), int(seed, 16), author)
    except (ValueError, KeyError):
        raise ValueError(
            f"{name!r} is not the IMG_ID of a MiniEarth photo; they read "
            "'0123_89abcdef_12345678@M01.jpg' (place, seed, author)"
        ) from None


def sample(
    name: str, n: int, evenness: float = 1.0, among: np.ndarray | None = None
) -> Iterator[str]:
    """IMG_IDs of `n` new photos: photographers one after another, each with a home place.

    `name` seeds everything: two names share no photographer and no scene. `evenness` is the
    exponent of the photo weights; `among` restricts the places (ids).
    """
    table = places() if among is None else places().loc[among]
    weights = table.photo_weight.to_numpy() ** evenness
    ids = table.index.to_numpy()
    cumulative = np.cumsum(weights / weights.sum())
    abroad: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for country, rows in table.groupby("country_code").indices.items():
        share = np.cumsum(weights[rows])
        abroad[country] = (ids[rows], share / share[-1])
    countries = table.country_code
    made = 0
    for number in count():
        rng = Random(digest("author", name, number))
        author = f"{digest('name', name, number) % 10**8:08d}@M{digest('set', name) % 100:02d}"
        photos = 1 + int(rng.expovariate(1 / (PHOTOS_PER_AUTHOR - 1)))
        home = int(ids[min(len(ids) - 1, int(np.searchsorted(cumulative, rng.random())))])
        for k in range(photos):
            where, u = rng.random(), rng.random()
            if where < 0.45:
                place = home
            elif where < 0.70:
                near, share = abroad[countries[home]]
                place = int(near[min(len(near) - 1, int(np.searchsorted(share, u)))])
            else:
                place = int(ids[min(len(ids) - 1, int(np.searchsorted(cumulative, u)))])
            yield img_id(place, digest("photo", name, number, k) % 2**32, author)
            made += 1
            if made == n:
                return


def tabulate(ids: list[str]) -> pd.DataFrame:
    """The photo table of MiniEarth photos, in MP16-Pro's columns."""
    rows = []
    for name in ids:
        s = scene_of(name)
        place = places().loc[s.place_id]
        labels = LABELS[s.view.kind]
        rows.append(
            (name, s.author, s.lat, s.lon, *labels, "", place.city, "", place.state, "",
             place.country, place.country_code.lower(), place.continent)
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(SCHEMA))


def build(folder: Path) -> None:
    """Make the tables and the shipped pictures in the data folder `folder`."""
    folder = folder / "miniearth"
    with tarfile.open(folder / "photos.tar", "w") as tar:
        for split, n in SHIPPED.items():
            first = _write_table(folder, split)[:n]
            for name, picture in zip(first, _render(first), strict=True):
                _add(tar, name, picture)


def build_final(folder: Path) -> None:
    """Make the tables of the final sets, of which no picture ships, in the data folder."""
    for split in FINAL:
        _write_table(folder / "miniearth", split)


def build_after(folder: Path) -> None:
    """Make the tables of the learned judge's test sets, likewise."""
    for split in AFTER:
        _write_table(folder / "miniearth", split)


def _write_table(folder: Path, split: str) -> list[str]:
    """Write the table of a set; its IMG_IDs."""
    table = tabulate(list(sample(split, SIZES[split], EVENNESS.get(split, 1.0))))
    table[list(SCHEMA) if split == "gallery" else QUERY_COLUMNS].to_csv(
        folder / f"{split}.csv.gz", index=False, lineterminator="\n",
        compression={"method": "gzip", "mtime": 0},  # the same bytes every time
    )  # fmt: skip
    return table.IMG_ID.tolist()


def load(split: str, n: int | None = None) -> PhotoSet:
    """A photo set of MiniEarth, or its first `n` photos.

    Pictures that are not shipped are rendered on first use, in all processes of the machine, and
    kept in the cache folder; an interrupted run goes on where it stopped.

    Raises:
        ValueError: an unknown split, or more photos than it has.
    """
    if split not in SIZES:
        raise ValueError(f"unknown MiniEarth set {split!r}; there are {', '.join(SIZES)}")
    if n is not None and not 0 < n <= SIZES[split]:
        raise ValueError(f"{split} has {SIZES[split]} photos, not {n}")
    # Only an empty field is missing: "na" is Namibia.
    table = pd.read_csv(
        shipped(f"miniearth/{split}.csv.gz"),
        nrows=n, dtype="string", keep_default_na=False, na_values=[""],
    )  # fmt: skip
    return photo_set(f"miniearth/{split}", conform(table))


def fresh(name: str, n: int, evenness: float = 1.0) -> PhotoSet:
    """`n` queries that nobody has seen, for checks from outside: another `name`, other photos.

    Raises:
        ValueError: the name is that of a set that exists, or cannot be the name of a file.
    """
    if not re.fullmatch(r"\w[\w. -]*", name):
        raise ValueError(f"{name!r} cannot be a name: use letters, digits, '_', '-' and '.'")
    if name in SIZES or name.startswith(("corpus", "judge", "calibration")):
        raise ValueError(f"{name!r} names a set that exists; choose another name")
    return photo_set(f"miniearth/{name}", conform(tabulate(list(sample(name, n, evenness)))))


def photo_set(name: str, table: pd.DataFrame) -> PhotoSet:
    """A table of MiniEarth photos with the pictures that belong to it."""
    return PhotoSet(
        name=name,
        table=table,
        source=_Pictures(name.replace("/", "-"), table.IMG_ID.tolist()),
        version=VERSION,
        rendered=True,
    )


def is_miniearth(photos: PhotoSet) -> np.ndarray:
    """Which photos show MiniEarth: bool (n,); all of a set that was rendered here.

    In any other set a photo does if it bears an IMG_ID of MiniEarth and looks as that photo does
    when it is drawn; copies in another size or quality do too. One that cannot be read does not.
    """
    if photos.rendered:
        return np.ones(len(photos), dtype=bool)
    return np.array([_shows(photos, img_id) for img_id in photos.ids], dtype=bool)


def _shows(photos: PhotoSet, img_id: str) -> bool:
    try:
        scene = scene_of(img_id.rsplit("/", 1)[-1])
        given = photos.image(img_id)
    except (ValueError, KeyError, DamagedPhoto):
        return False
    pixels = (
        np.asarray(picture.resize((64, 64), Image.Resampling.BOX), dtype=np.float32)
        for picture in (given, draw(scene, PICTURE_SIZE))
    )
    return bool(np.abs(np.subtract(*pixels)).mean() < 8)


class _Pictures:
    """The pictures of a set: from the shipped tar, else from shards in the cache."""

    def __init__(self, name: str, ids: list[str]) -> None:
        self.ids = ids
        self.name = name
        self.shard_of = {img: i // SHARD for i, img in enumerate(ids)}
        self.rendered = False

    def __call__(self, name: str) -> bytes:
        tar = shipped(PHOTOS)
        if name in _members(tar):
            return read_place(tar, *_members(tar)[name])
        if name not in self.shard_of:
            raise FileNotFoundError(name)
        if not self.rendered:
            self._render()
        path = self._path(self.shard_of[name])
        if name not in _members(path):
            raise damaged(path)
        return read_place(path, *_members(path)[name])

    def _path(self, shard: int) -> Path:
        ids = self.ids[shard * SHARD : (shard + 1) * SHARD]
        key = f"{digest(PICTURES, *ids):016x}"
        return cache_dir() / "miniearth" / f"{self.name}-{key}.tar"

    def _render(self) -> None:
        from tqdm.auto import tqdm

        members = _members(shipped(PHOTOS))
        paths = {shard: self._path(shard) for shard in sorted(set(self.shard_of.values()))}
        missing = {shard: path for shard, path in paths.items() if not path.exists()}
        total = sum(len(self.ids[s * SHARD : (s + 1) * SHARD]) for s in missing)
        with tqdm(total=total, desc=f"render {self.name}", unit="photo", disable=not total) as bar:
            for shard, path in missing.items():
                ids = [i for i in self.ids[shard * SHARD : (shard + 1) * SHARD] if i not in members]
                path.parent.mkdir(parents=True, exist_ok=True)
                with replacing(path) as part, tarfile.open(part, "w") as tar:
                    for name, picture in zip(ids, _render(ids), strict=True):
                        _add(tar, name, picture)
                        bar.update()
        self.rendered = True


def _render(ids: list[str]) -> Iterator[bytes]:
    """The encoded pictures of `ids`, in their order, from all cores."""
    from joblib import Parallel, delayed

    jobs = (delayed(_encode_all)(ids[i : i + 50]) for i in range(0, len(ids), 50))
    for pictures in Parallel(n_jobs=-1, return_as="generator")(jobs):
        yield from pictures


def _encode_all(ids: list[str]) -> list[bytes]:
    return [encode(scene_of(name), PICTURE_SIZE) for name in ids]


def _add(tar: tarfile.TarFile, name: str, picture: bytes) -> None:
    member = tarfile.TarInfo(f"images/{name}")
    member.size = len(picture)
    tar.addfile(member, io.BytesIO(picture))


@lru_cache(maxsize=64)
def _members(path: Path) -> dict[str, tuple[int, int]]:
    """Where in a tar each picture lies: (offset, size) by IMG_ID."""
    return {name.removeprefix("images/"): place for name, place in tar_places(path).items()}
