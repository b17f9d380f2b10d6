"""What does the model look at? How far an answer moves when one thing in the photo is changed.

Of each cue and nuisance the first validation photos that allow the change are located twice, as
they are and changed, and two answers are compared: the medoid of the places of the most similar
photos, which is the encoder's alone, and that of the whole of G3. The control is the same picture
saved with a little less quality, which nobody sees: what moves an answer no further says nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from g3lite import G3, evaluation, geo, miniearth, places
from g3lite.baselines import selection
from g3lite.miniearth.changes import CHANGES, CONTROL, CUES, NUISANCES, as_photos
from g3lite.miniearth.cues import pick
from g3lite.miniearth.scene import Scene
from g3lite.photos import PhotoSet
from g3lite.pipeline import Pipeline

RUN = {
    "version": "1", "profile": "cpu", "split": "validation", "photos": 200, "neighbours": 10,
    "replicates": 2000,
}  # fmt: skip
"""What the table follows from, beside the models."""
ENCODER, WHOLE = "encoder", "G3"
BATCH = 50


def changed_scene(scene: Scene, name: str) -> Scene | None:
    """The scene with one change, its value drawn by a digest of the photo; None if none can be."""
    values = CHANGES[name].possible(scene)
    if not values:
        return None
    drawn = pick(values, scene.place_id, scene.seed, name, "cue moves")
    return CHANGES[name].made(scene, drawn)


def pairs(photos: PhotoSet, name: str, n: int) -> list[tuple[str, Scene, Scene]]:
    """Of the first `n` photos that allow a change: IMG_ID, the scene, and the changed one."""
    scenes = ((img_id, miniearth.scene_of(img_id)) for img_id in photos.ids)
    both = ((img_id, scene, changed_scene(scene, name)) for img_id, scene in scenes)
    return list(islice((pair for pair in both if pair[2] is not None), n))


Answers = Callable[[PhotoSet], dict[str, np.ndarray]]


def encoder_answers(g3: Pipeline, neighbours: int = 10) -> Answers:
    """What answers with the medoid of the most similar photos: "encoder" -> (n, 2)."""

    def answers(photos: PhotoSet) -> dict[str, np.ndarray]:
        features = g3.backbone.image_features(photos, normalize=False, progress=False).vectors
        _, rows = g3.gallery.similar(g3.heads.database_vectors(features), neighbours)
        return {ENCODER: selection.medoids(g3.gallery.coordinates_of(rows))}

    return answers


def all_answers(g3: Pipeline, neighbours: int = 10) -> Answers:
    """What answers with that medoid and with the whole of G3: "encoder", "G3" -> (n, 2)."""

    encoder = encoder_answers(g3, neighbours)

    def answers(photos: PhotoSet) -> dict[str, np.ndarray]:
        found = g3.steps(photos, progress=False).predictions
        whole = found[["LAT_pred", "LON_pred"]].to_numpy(dtype=np.float64)
        return encoder(photos) | {WHOLE: whole}

    return answers


def moves(
    answers: Answers, photos: PhotoSet, n: int, replicates: int = 2000, progress: bool = True
) -> pd.DataFrame:
    """How far each change moves the answers, with intervals over resampled photographers.

    Args:
        answers: such as `all_answers(g3)`.
        photos: of MiniEarth; none of a test set.
        n: photos per change.
        replicates: resamples behind each interval.
        progress: show a progress bar.

    Returns:
        Tidy table: change, kind (cue, nuisance or control), answer (encoder or G3), metric
        (median_km, mean_km; beyond_km: the mean, less what the control moves the same photos;
        country, continent: share of the photos whose answer leaves it), value, low, high, photos.
    """
    from tqdm.auto import tqdm

    (unseen,) = CONTROL
    names = [unseen, *CUES, *NUISANCES]
    chosen = {name: pairs(photos, name, n) for name in names}
    scenes = {img_id: scene for name in names for img_id, scene, _ in chosen[name]}
    scenes |= {f"{i} {unseen}": changed_scene(scene, unseen) for i, scene in scenes.items()}
    for name in names[1:]:
        scenes |= {f"{img_id} {name}": scene for img_id, _, scene in chosen[name]}
    ids, parts = list(scenes), []
    with tqdm(total=len(ids), desc="cue moves", unit="photo", disable=not progress) as bar:
        for start in range(0, len(ids), BATCH):
            some = ids[start : start + BATCH]
            parts.append(answers(as_photos([scenes[one] for one in some], some)))
            bar.update(len(some))
    where = {answer: np.concatenate([part[answer] for part in parts]) for answer in parts[0]}
    row = {one: number for number, one in enumerate(ids)}
    tables = []
    for name in names:
        before = [row[img_id] for img_id, *_ in chosen[name]]
        after = [row[f"{img_id} {name}"] for img_id, *_ in chosen[name]]
        control = [row[f"{img_id} {unseen}"] for img_id, *_ in chosen[name]]
        authors = [scene.author for _, scene, _ in chosen[name]]
        kind = "control" if name in CONTROL else "cue" if name in CUES else "nuisance"
        for answer, spots in where.items():
            table = _table(*(spots[rows] for rows in (before, after, control)), authors, replicates)
            table.insert(0, "answer", answer)
            table.insert(0, "kind", kind)
            table.insert(0, "change", name)
            tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _table(
    before: np.ndarray, after: np.ndarray, control: np.ndarray, authors: list[str], replicates: int
) -> pd.DataFrame:
    """The metrics of n answers (n, 2) before a change, after it, and after the control."""
    truth = pd.DataFrame({"LAT": before[:, 0], "LON": before[:, 1], "AUTHOR": authors})
    scored = evaluation.evaluate({"": after}, truth, replicates=replicates)
    median = scored[scored.metric == "median_km"][["metric", "value", "low", "high"]]
    cities = [places.nearest_city(some) for some in (before, after)]
    countries = [table.country_code.to_numpy() for table in cities]
    of = places.countries().continent_code
    continents = [of[table.country_code.str.upper()].to_numpy() for table in cities]
    km = geo.great_circle_km(before, after)
    values = {
        "mean_km": km,
        "beyond_km": km - geo.great_circle_km(before, control),
        "country": countries[0] != countries[1],
        "continent": continents[0] != continents[1],
    }
    ends = evaluation.mean_intervals(
        np.column_stack(list(values.values())), truth, replicates=replicates
    )
    means = pd.DataFrame(np.column_stack(ends), columns=["value", "low", "high"])
    means.insert(0, "metric", list(values))
    return pd.concat([median, means], ignore_index=True).assign(photos=len(before))


def measure(g3: Pipeline, whole: bool = True, progress: bool = True) -> pd.DataFrame:
    """The table of `RUN` for a G3: of the encoder and of the whole, or of the encoder alone."""
    answers = (all_answers if whole else encoder_answers)(g3, RUN["neighbours"])
    photos = miniearth.load(RUN["split"])
    return moves(answers, photos, RUN["photos"], RUN["replicates"], progress)


def build(folder: Path) -> None:
    """Write `cues/moves.csv` into the data folder `folder`."""
    path = folder / "cues" / "moves.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    write(measure(G3.from_pretrained(RUN["profile"])), path)


def write(table: pd.DataFrame, path: Path) -> None:
    """Write a table of `moves`, rounded to what its intervals allow to say."""
    table.round(4).to_csv(path, index=False, lineterminator="\n")
