"""The whole of G3, with the shipped models or with a model of fixed replies."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from g3lite import evaluation, miniearth, pipeline, verification
from g3lite.lmm import LMM, Answer
from g3lite.photos import NotThere, load_files
from g3lite.pipeline import G3
from g3lite.prompts import Plan
from g3lite.verification import Choice


class Fixed(LMM):
    """Answers with the same replies, whatever it is asked."""

    def __init__(self, *texts):
        self.name, self.texts, self.asked = f"fixed {texts}", texts, 0

    def answer(self, jobs, keep):
        for job in jobs:
            self.asked += len(job.samples)
            keep(Answer(job, job.samples, tuple(self.texts[n] for n in job.samples)))


@pytest.fixture(scope="module")
def shipped():
    """G3 with the shipped models and the first 2,000 photos of the gallery."""
    return G3.from_pretrained("ci", progress=False)


@pytest.fixture
def store(tmp_path):
    return {"store": tmp_path / "replies.sqlite"}


@pytest.fixture
def files(tmp_path):
    """Two photos of MiniEarth as files, and one of something else."""
    photos, paths = miniearth.load("validation", 2), []
    for img_id in photos.ids:
        paths.append(tmp_path / img_id)
        paths[-1].write_bytes(photos.read(img_id))
    paths.append(tmp_path / "holiday.png")
    noise = np.random.default_rng(0).integers(0, 255, (90, 120, 3), dtype=np.uint8)
    Image.fromarray(noise).save(paths[-1])
    return paths


def with_fixed(shipped, *texts, choice=None):
    plan = Plan((0, 5), replies=len(texts))
    choice = choice or Choice((0, 5), len(texts))
    return G3(shipped.backbone, shipped.heads, shipped.gallery, Fixed(*texts), plan, choice,
              shipped.at_home)  # fmt: skip


def test_a_photo_gets_a_place_and_how_it_came_about(shipped, files, store):
    found = shipped.locate(files[0], **store)
    lat, lon = found.coordinates
    assert -90 <= lat <= 90 and -180 <= lon <= 180
    assert tuple(found.candidates.loc[0, ["LAT", "LON"]]) == found.coordinates
    assert found.candidates.score.is_monotonic_decreasing and 15 <= len(found.candidates) <= 20
    assert found.score == pytest.approx(found.candidates.score[0])
    assert set(found.seconds) == set(pipeline.STEPS) and min(found.seconds.values()) >= 0
    assert found.warning is None and found.error is None
    assert found.neighbours.similarity.is_monotonic_decreasing
    assert f"{abs(lat):.4f}°" in str(found) and found.place in str(found)
    again = json.loads(json.dumps(found.as_dict()))
    assert (again["latitude"], again["longitude"]) == found.coordinates
    assert len(again["replies"]) == 20 and again["warning"] is None


def test_the_steps_are_those_of_the_modules(shipped, store):
    photos = miniearth.load("validation", 4)
    found = shipped.steps(photos, progress=False, **store)
    vectors = shipped.heads.database_vectors(
        shipped.backbone.image_features(photos, normalize=False).vectors
    )
    similar = shipped.gallery.similar(vectors, 15)[1]
    neighbours = found.neighbours.neighbour.to_numpy().reshape(4, 15)
    assert (neighbours == np.array(shipped.gallery.ids)[similar]).all()
    prompt = shipped.plan.prompts(
        shipped.gallery.coordinates[similar[0]],
        shipped.gallery.coordinates[shipped.gallery.dissimilar(vectors, 15)[1][0]],
    )
    assert found.report.wanted == 4 * len(prompt) * shipped.plan.asked
    best = verification.winners(found.candidates)
    assert best.LAT_pred.tolist() == found.predictions.LAT_pred.tolist()
    assert np.isfinite(evaluation.error_km(found.predictions, photos.table)).all()


def test_what_verification_prefers_wins(shipped, files, store):
    g3 = with_fixed(shipped, "(1.5, 2.5)", "(48.25, 16.5)")
    found = g3.locate(files[0], **store)
    places = (1.5, 2.5), (48.25, 16.5)
    assert set(map(tuple, found.candidates[["LAT", "LON"]].to_numpy())) == set(places)
    score = {place: g3.heads.embed_coordinates([place])[0] for place in places}
    photo = g3.heads.embed_images(
        g3.backbone.image_features(miniearth.load("validation", 1), normalize=False).vectors
    )[1][0]
    assert found.coordinates == max(score, key=lambda place: photo @ score[place])
    assert found.candidates.references.tolist()[0] == 0  # of equals, the fewest references


def test_without_readable_replies_the_most_similar_photo_is_the_answer(shipped, files, store):
    found = with_fixed(shipped, "I cannot tell.").locate(files[0], **store)
    assert found.candidates.fallback.tolist() == [True]
    assert found.coordinates == tuple(found.neighbours.loc[0, ["LAT", "LON"]])
    assert "where a similar photo was taken" in str(found)


def test_a_photo_of_another_world_is_out_of_domain(shipped, files, store):
    home, _, away = shipped.locate(files, **store)
    assert home.warning is None and away.coordinates is not None
    assert away.warning.startswith("out_of_domain") and "out_of_domain" in str(away)
    assert away.as_dict()["warning"].startswith("out_of_domain")


def test_another_picture_under_a_name_of_miniearth_is_out_of_domain(shipped, files, tmp_path):
    (tmp_path / "other").mkdir()
    paths = [tmp_path / "other" / file.name for file in files[:2]]
    shutil.copy(files[1], paths[0])
    Image.open(files[1]).resize((300, 300)).save(paths[1], quality=70)
    with pytest.warns(UserWarning, match="without a position"):
        photos = load_files(paths)
    drawn = dict(zip(photos.ids, miniearth.drawn_here(photos).tolist(), strict=True))
    assert drawn == {paths[0].name: False, paths[1].name: True}


def test_a_damaged_file_costs_the_others_nothing(shipped, files, tmp_path, store):
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(files[0].read_bytes()[:200])
    empty = tmp_path / "empty.jpg"
    empty.write_bytes(b"")
    found = shipped.locate([damaged, files[0], empty], **store)
    assert [one.img_id for one in found] == ["damaged.jpg", files[0].name, "empty.jpg"]
    assert [one.coordinates is None for one in found] == [True, False, True]
    assert found[0].error and "not located" in str(found[0]) and found[0].place == ""
    assert json.loads(json.dumps(found[2].as_dict()))["latitude"] is None
    assert found[1].coordinates == shipped.locate(files[0], **store).coordinates


def test_nothing_but_damaged_files(shipped, tmp_path, store):
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(b"no picture")
    assert shipped.locate(damaged, **store).coordinates is None


def test_a_file_that_is_not_there(shipped, tmp_path):
    with pytest.raises(NotThere, match="there is no file"):
        shipped.locate(tmp_path / "nowhere.jpg")


def test_a_run_is_written_with_what_it_was_made_of(shipped, tmp_path, store):
    photos = miniearth.load("validation", 3)
    g3 = with_fixed(shipped, "(1.5, 2.5)")
    predictions = g3.predict(photos, tmp_path / "run", progress=False, **store)
    written = pd.read_csv(tmp_path / "run" / "predictions.csv")
    assert written.IMG_ID.tolist() == photos.ids
    assert np.allclose(written[["LAT_pred", "LON_pred"]], predictions[["LAT_pred", "LON_pred"]])
    assert len(pd.read_parquet(tmp_path / "run" / "candidates.parquet")) == 6
    about = json.loads((tmp_path / "run" / "run.json").read_text())
    assert about["lmm"] == g3.lmm.name and about["queries"]["photos"] == 3
    assert about["plan"]["references"] == [0, 5] and about["report"]["asked"] == 6
    asked = g3.lmm.asked
    assert g3.predict(photos, tmp_path / "run", progress=False, **store).equals(predictions)
    assert g3.lmm.asked == asked
