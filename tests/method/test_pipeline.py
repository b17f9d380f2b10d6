"""The whole of G3, with the shipped models or with a model of fixed replies."""

import copy
import json
import shutil
from dataclasses import replace

import faiss
import numpy as np
import pandas as pd
import pytest
import torch
from fixed_lmm import Fixed
from PIL import Image

from g3lite import G3, G3Error, evaluation, miniearth, pipeline, presets, profiles, verification
from g3lite.datasets.folder import load_files
from g3lite.index import Gallery
from g3lite.lmm.api import OpenAILMM
from g3lite.lmm.requests import LMMResponse, RunStopped
from g3lite.paths import sha256_file
from g3lite.photos import NotThere, TableError
from g3lite.prompts import PromptPlan
from g3lite.scale import index_types
from g3lite.verification import CandidateConfig


class Failing(Fixed):
    """Fails wherever a prompt has as many references; fails always if that is None."""

    def __init__(self, references=None):
        super().__init__("(1.5, 2.5)", "(8, 9)")
        self.references = references

    def answer(self, jobs, keep):
        for job in jobs:
            if self.references in (None, job.prompt.references):
                keep(LMMResponse(job, job.samples, (), error="host: out of order"))
            else:
                super().answer([job], keep)


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
    plan = PromptPlan((0, 5), replies=len(texts))
    choice = choice or CandidateConfig((0, 5), len(texts))
    return G3(shipped.backbone, shipped.heads, shipped.gallery, Fixed(*texts), plan, choice,
              shipped.in_domain)  # fmt: skip


def test_a_photo_gets_a_place_and_how_it_came_about(shipped, files, store):
    found = shipped.locate(files[0], **store)
    assert found._repr_html_().count("<img") == 2  # the photo, and a map
    lat, lon = found.coordinates
    assert -90 <= lat <= 90 and -180 <= lon <= 180
    assert tuple(found.candidates.loc[0, ["LAT", "LON"]]) == found.coordinates
    asked, retrieved = 4 * shipped.plan.asked, shipped.choice.retrieved
    assert found.candidates.score.is_monotonic_decreasing
    assert (found.candidates.origin == "retrieved").sum() == retrieved > 0
    assert retrieved < len(found.candidates) <= asked + retrieved
    assert found.score == pytest.approx(found.candidates.score[0])
    assert set(found.seconds) == set(pipeline.STEPS) and min(found.seconds.values()) >= 0
    assert found.warning is None and found.error is None
    assert not found.fallback and found.failure is None
    assert found.neighbours.similarity.is_monotonic_decreasing
    assert f"{abs(lat):.4f}°" in str(found) and found.place in str(found)
    again = json.loads(json.dumps(found.as_dict()))
    assert (again["latitude"], again["longitude"]) == found.coordinates
    assert len(again["replies"]) == asked and again["warning"] is None


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
    assert "where a similar photo was taken" in str(found) and found.failure is None
    assert found.fallback and pipeline.FALLBACK in str(found)


def test_a_model_that_fails_is_said_with_the_place(shipped, files, store, tmp_path):
    g3 = replace(shipped, lmm=Failing())  # more requests than a run may fail in a row
    retrieved = CandidateConfig(replies=0, retrieved=shipped.choice.retrieved)
    alone = replace(shipped, choice=retrieved).locate(files, **store)
    (tmp_path / "damaged.jpg").write_bytes(b"no picture")
    *found, damaged = g3.locate([*files, tmp_path / "damaged.jpg"], **store)
    asked = 4 * g3.plan.asked
    for one, expected in zip(found, alone, strict=True):
        assert one.fallback and one.coordinates == expected.coordinates and one.error is None
        assert one.candidates.fallback.all() and not expected.fallback
        assert one.failure.startswith(f"{asked} of {asked} replies failed: ")
        assert one.failure.endswith("host: out of order")
        assert str(one).splitlines()[-2:] == [f"  {pipeline.FALLBACK}", f"  {one.failure}"]
        said = json.loads(json.dumps(one.as_dict(), allow_nan=False))
        assert said["fallback"] is True and said["failure"] == one.failure
    assert not damaged.fallback and damaged.failure is None and damaged.coordinates is None
    with pytest.raises(RunStopped, match="10 requests failed, 10 of them in a row"):
        g3.steps(miniearth.load("validation", 3), progress=False, **store)
    table = g3.steps(miniearth.load("validation", 2), progress=False, **store).predictions
    assert table.fallback.tolist() == [True, True] and table.failed.tolist() == [asked, asked]


def test_replies_that_failed_are_counted_beside_those_that_came(shipped, files, store):
    g3 = replace(shipped, lmm=Failing(references=5), plan=PromptPlan((0, 5, 10), 2))
    g3 = replace(g3, choice=CandidateConfig((0, 5, 10), 2, 1))
    found = g3.locate(files[0], **store)
    assert found.failure == "2 of 6 replies failed: host: out of order" and not found.fallback
    assert str(found).splitlines()[-1] == f"  {found.failure}"
    assert "fallback" not in str(found) and found.as_dict()["fallback"] is False
    found = g3.steps(miniearth.load("validation", 2), progress=False, **store)
    assert found.predictions.failed.tolist() == [2, 2] and not found.predictions.fallback.any()
    assert found.report.failure == "4 of 12 replies failed: host: out of order"
    g3 = replace(g3, lmm=Fixed("(1.5, 2.5)", "nowhere"))
    found = g3.locate(files[0], **store)
    assert found.failure is None and not found.fallback and "failed" not in str(found)


def test_secrets_of_a_server_stay_out_of_the_folder_of_a_run(shipped, tmp_path, store):
    options = {"extra_body": {"token": "hush hush"}, "attempts": 1}
    lmm = OpenAILMM("tiny", "http://someone:pass%20word@127.0.0.1:9/v1", **options)
    g3 = replace(with_fixed(shipped, "(1.5, 2.5)"), lmm=lmm)
    table = g3.predict(miniearth.load("validation", 1), tmp_path / "run", progress=False, **store)
    assert table.fallback.all()
    about = (tmp_path / "run" / "run.json").read_text()
    assert json.loads(about)["lmm"] == lmm.name and "2 of 2 replies failed: 127.0.0.1:9" in about
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"hush" not in path.read_bytes()
        assert path.is_dir() or b"word" not in path.read_bytes()


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
    drawn = dict(zip(photos.ids, miniearth.is_miniearth(photos).tolist(), strict=True))
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


def test_a_file_that_is_not_there_or_there_twice(shipped, files, tmp_path):
    with pytest.raises(NotThere, match="there is no file"):
        shipped.locate(tmp_path / "nowhere.jpg")
    with pytest.raises(TableError, match="occurs more than once"):
        shipped.locate([files[0], str(files[0])])


def test_plan_and_choice_are_those_of_the_profile(shipped):
    profile = profiles.get("ci")
    choice = verification.CANDIDATE_CONFIGS[profile.choice]
    assert shipped.choice == choice
    assert shipped.plan == PromptPlan(replies=choice.replies, temperature=profile.temperature)
    assert len(shipped.gallery) == profile.gallery_size
    plan = PromptPlan((0, 3), replies=2)
    other = G3.from_pretrained(
        "ci", plan=plan, choice="paper_yfcc4k", gallery_size=300, progress=False
    )
    assert other.plan == plan and other.choice == CandidateConfig(replies=1, retrieved=1)
    assert other.gallery.ids == shipped.gallery.ids[:300]


@pytest.fixture
def official(monkeypatch):
    """What the profile gpu asks `from_official` and `load_photos` for, instead of downloads."""
    asked = {}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(presets, "load_photos", lambda *args, **kwargs: (args, kwargs))
    note = classmethod(lambda cls, gallery, **kwargs: asked.update(gallery=gallery, **kwargs))
    monkeypatch.setattr(G3, "from_official", note)
    return asked


def test_the_profile_gpu_takes_the_official_weights(official, monkeypatch):
    monkeypatch.setenv("G3LITE_PROFILE", "ci")  # of no interest where a profile is named
    G3.from_pretrained("gpu", gallery_size=10, max_gb=3, progress=False)
    profile = profiles.PROFILES["gpu"]
    assert official == {
        "gallery": ((profile.gallery, 10), {"max_gb": 3}), "lmm": profile.lmm,
        "plan": PromptPlan(replies=5, temperature=0.7), "choice":
        verification.CANDIDATE_CONFIGS["paper_im2gps3k"], "device": "cuda", "batch_size":
        profile.batch_size, "max_gb": 3, "progress": False,
    }  # fmt: skip


def test_the_profile_gpu_without_a_gpu_fetches_nothing(official, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(presets, "load_photos", lambda *_, **__: pytest.fail("was fetched"))
    with pytest.raises(G3Error, match="profile gpu: there is no GPU .*or the profile cpu"):
        G3.from_pretrained("gpu")


def test_another_gallery_and_model_take_the_place_of_the_profiles(shipped):
    known, lmm = miniearth.load("gallery", 40).take([3, 1, 2]), Fixed("(1, 2)")
    g3 = G3.from_pretrained("ci", gallery=known, lmm=lmm, progress=False)
    assert g3.gallery.ids == known.ids and g3.lmm is lmm


def test_a_photo_is_located_as_when_it_is_upright(shipped, files, tmp_path, store):
    upright = Image.open(files[0])
    orientation = Image.Exif()
    orientation[0x0112] = 6  # to be turned clockwise to be seen upright
    turned = upright.transpose(Image.Transpose.ROTATE_90)
    upright.save(tmp_path / "upright.png")
    turned.save(tmp_path / "turned.png", exif=orientation)
    turned.save(tmp_path / "lying.png")
    names = [tmp_path / f"{name}.png" for name in ("upright", "turned", "lying")]
    g3 = replace(shipped, plan=PromptPlan((0, 5), 2), choice=CandidateConfig((0, 5), 2))
    straight, put_right, lying = g3.locate(names, **store)
    assert put_right.replies.text.tolist() == straight.replies.text.tolist()
    assert put_right.coordinates == straight.coordinates
    assert put_right.score == pytest.approx(straight.score)
    assert lying.score != pytest.approx(straight.score)


def test_where_every_photo_is_at_home_none_is_warned_of(shipped, files, store):
    g3 = replace(with_fixed(shipped, "(1.5, 2.5)"), in_domain=None)
    assert g3.locate(files[2], **store).warning is None


def test_a_photo_that_was_never_looked_at_is_a_prediction_too():
    failed = pipeline.Prediction.failed("a.jpg", "there is no such file")
    assert failed.coordinates is None and "not located, there is no such file" in str(failed)
    said = json.loads(json.dumps(failed.as_dict(), allow_nan=False))
    assert said["score"] is said["latitude"] is said["warning"] is None
    assert said["candidates"] == said["neighbours"] == said["replies"] == []
    assert said["error"] == "there is no such file" and said["fallback"] is False
    assert said["failure"] is None


def test_a_run_is_written_with_what_it_was_made_of(shipped, tmp_path, store):
    photos = miniearth.load("validation", 3)
    g3 = with_fixed(shipped, "(1.5, 2.5)")
    predictions = g3.predict(photos, tmp_path / "new" / "run", progress=False, **store)
    run = tmp_path / "new" / "run"
    written = pd.read_csv(run / "predictions.csv")
    assert written.IMG_ID.tolist() == photos.ids
    assert np.allclose(written[["LAT_pred", "LON_pred"]], predictions[["LAT_pred", "LON_pred"]])
    assert len(pd.read_parquet(run / "candidates.parquet")) == 6
    assert pd.read_parquet(run / "replies.parquet").text.tolist() == ["(1.5, 2.5)"] * 6
    about = json.loads((run / "run.json").read_text())
    assert about["lmm"] == g3.lmm.name and about["queries"]["photos"] == 3
    assert about["backbone"]["sha256"] == shipped.backbone.fingerprint
    assert about["plan"]["references"] == [0, 5] and about["report"]["asked"] == 6
    assert about["not_located"] == 0 and set(about["seconds"]) == set(pipeline.STEPS)
    assert about["files"] == {name: sha256_file(run / name) for name in pipeline.TABLES}
    assert {path.name for path in run.iterdir()} == {"run.json", *pipeline.TABLES}
    asked = g3.lmm.asked
    assert g3.predict(photos, run, progress=False, **store).equals(predictions)
    assert g3.lmm.asked == asked


def other_heads(g3):
    heads = copy.deepcopy(g3.heads)
    with torch.no_grad():
        next(heads.parameters()).add_(1e-3)
    return replace(g3, heads=heads)


def other_gallery(g3):
    return replace(g3, gallery=replace(g3.gallery, table=g3.gallery.table.iloc[::-1]))


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda g3: replace(g3, lmm=Fixed("(1.5, 2.6)")), "lmm"),
        (lambda g3: replace(g3, plan=PromptPlan((0, 5), 1, temperature=0.1)), "plan"),
        (lambda g3: replace(g3, choice=CandidateConfig((0,), 1)), "choice"),
        (lambda g3: replace(g3, backbone=replace(g3.backbone, fingerprint="x")), "backbone"),
        (other_heads, "heads"),
        (other_gallery, "gallery"),
    ],
)
def test_a_folder_with_another_run_is_left_alone(shipped, tmp_path, store, change, part):
    photos = miniearth.load("validation", 1)
    g3 = with_fixed(shipped, "(1.5, 2.5)")
    g3.predict(photos, tmp_path / "run", progress=False, **store)
    held = {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    other = change(g3)
    asked = other.lmm.asked
    with pytest.raises(G3Error, match=f"holds another run, with other {part}; name another folder"):
        other.predict(photos, tmp_path / "run", progress=False, **store)
    assert other.lmm.asked == asked  # it was said before anything was computed
    assert {path: path.read_bytes() for path in (tmp_path / "run").iterdir()} == held


def test_a_run_with_other_photos_is_another_run(shipped, tmp_path, store):
    photos, g3 = miniearth.load("validation", 2), with_fixed(shipped, "(1.5, 2.5)")
    g3.predict(photos.take([0]), tmp_path / "run", progress=False, **store)
    with pytest.raises(G3Error, match="with other queries;"):
        g3.predict(photos.take([1]), tmp_path / "run", progress=False, **store)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("predictions.csv", "mine", "without a run.json"),
        ("run.json", "{", "cannot be the folder of a run"),
        ("run.json", "[]", "cannot be the folder of a run"),
    ],
)
def test_what_is_no_run_is_left_alone(shipped, tmp_path, store, name, content, words):
    (tmp_path / name).write_text(content)
    with pytest.raises(G3Error, match=words):
        with_fixed(shipped, "(1, 2)").predict(miniearth.load("validation", 1), tmp_path, **store)
    assert (tmp_path / name).read_text() == content and len(list(tmp_path.iterdir())) == 1
    with pytest.raises(G3Error, match="cannot be the folder of a run"):
        with_fixed(shipped, "(1, 2)").predict(
            miniearth.load("validation", 1), tmp_path / name, **store
        )


def test_a_folder_that_cannot_be_written_is_found_before_anything_is_asked(shipped, store, bound):
    photos, g3 = miniearth.load("validation", 1), with_fixed(shipped, "(1.5, 2.5)")
    (bound / "run").mkdir(mode=0o555)
    with pytest.raises(G3Error, match="run cannot be the folder of a run: .*Permission denied"):
        g3.predict(photos, bound / "run", progress=False, **store)
    assert g3.lmm.asked == 0


class Killed(Fixed):
    """Ends after some answers, as a process that is killed."""

    def answer(self, jobs, keep):
        for job in jobs:
            if self.asked == 4:
                raise KeyboardInterrupt
            super().answer([job], keep)


def test_a_run_that_was_killed_goes_on(shipped, tmp_path, store):
    photos, whole = miniearth.load("validation", 3), with_fixed(shipped, "(1.5, 2.5)", "(8, 9)")
    stopped = replace(whole, lmm=Killed("(1.5, 2.5)", "(8, 9)"))
    with pytest.raises(KeyboardInterrupt):
        stopped.predict(photos, tmp_path / "run", progress=False, **store)
    assert list((tmp_path / "run").iterdir()) == [] and stopped.lmm.asked == 4
    predictions = whole.predict(photos, tmp_path / "run", progress=False, **store)
    assert whole.lmm.asked == 3 * 2 * 2 - 4
    afresh = whole.predict(photos, tmp_path / "2", progress=False, store=tmp_path / "2.sqlite")
    assert predictions.equals(afresh)


def test_tables_are_replaced_when_all_of_them_are_written(shipped, tmp_path, store, monkeypatch):
    photos, g3 = miniearth.load("validation", 1), with_fixed(shipped, "(1.5, 2.5)")
    run = tmp_path / "run"
    g3.predict(photos, run, progress=False, **store)
    held = {path.name: path.read_bytes() for path in run.iterdir()}
    g3.lmm.texts = ("(8.0, 9.0)",)  # another answer under the same name
    other_store = {"store": tmp_path / "other.sqlite"}

    def full(self, *args, **kwargs):
        raise OSError("no space left")

    with monkeypatch.context() as patch, pytest.raises(G3Error, match="no space left"):
        patch.setattr(pd.DataFrame, "to_csv", full)  # the last table
        g3.predict(photos, run, progress=False, **other_store)
    assert {name: (run / name).read_bytes() for name in held} == held
    g3.predict(photos, run, progress=False, **other_store)
    now = {path.name: path.read_bytes() for path in run.iterdir()}
    assert now.keys() == held.keys() and all(now[name] != held[name] for name in held)


def test_a_profile_itself_is_taken_whatever_the_environment_says(official, monkeypatch):
    monkeypatch.setenv("G3LITE_PROFILE", "gpu")
    G3.from_pretrained(progress=False)
    assert official["device"] == "cuda"
    ci = replace(profiles.PROFILES["ci"], device="cpu")  # there only seems to be a GPU
    g3 = G3.from_pretrained(ci, gallery_size=50, lmm=Fixed("(1, 2)"), progress=False)
    assert len(g3.gallery) == 50


# --- fewer neighbours than asked for


@pytest.fixture(scope="module")
def approximate(shipped):
    """G3 whose gallery looks into one list of 256: queries find a few photos, or none."""
    gallery, photos = shipped.gallery, miniearth.load("gallery", len(shipped.gallery))
    assert gallery.ids == photos.ids
    features = shipped.backbone.image_features(photos, normalize=False, progress=False).vectors
    vectors = shipped.heads.database_vectors(features)
    index = index_types.build(vectors, "IVF256,Flat")
    return replace(shipped, gallery=Gallery.build(gallery.table, vectors, "m", index))


@pytest.mark.slow
def test_neighbours_that_a_search_does_not_find_are_none(approximate, store):
    photos = miniearth.load("validation", 30)
    found = approximate.steps(photos, progress=False, **store)
    gallery, k = approximate.gallery, approximate.plan.most
    vectors = approximate.heads.database_vectors(
        approximate.backbone.image_features(photos, normalize=False, progress=False).vectors
    )
    similarity, rows = gallery.similar(vectors, k)
    _, far = gallery.dissimilar(vectors, k)
    number = (rows >= 0).sum(axis=1)
    last = gallery.ids[-1]
    assert number.min() < 5 and number.max() > 0 and len(gallery) - 1 not in rows

    # The table of neighbours: those that were found, and never the last photo of the gallery.
    table = found.neighbours
    assert table.IMG_ID.tolist() == np.repeat(photos.ids, number).tolist()
    assert table.neighbour.tolist() == np.array(gallery.ids)[rows[rows >= 0]].tolist()
    assert last not in set(table.neighbour) and table.similarity.notna().all()
    assert table["rank"].tolist() == [rank for n in number for rank in range(n)]

    # The candidates: of S retrieved ones as many as were found, each where a neighbour is.
    retrieved = found.candidates[found.candidates.origin == "retrieved"]
    few = np.minimum(number, approximate.choice.retrieved)
    assert retrieved.IMG_ID.tolist() == np.repeat(photos.ids, few).tolist()
    first = table[table["rank"] < approximate.choice.retrieved]
    np.testing.assert_array_equal(retrieved[["LAT", "LON"]], first[["LAT", "LON"]])

    # The prompts: of each kind as many references as were found.
    lmm = Noting("(1.5, 2.5)", "(3, 4)")
    replace(approximate, lmm=lmm).steps(photos, progress=False, **store)
    kinds = list(zip(photos.ids, number, (far >= 0).sum(axis=1), strict=True))
    assert set(lmm.named) == {
        (img_id, min(k, near) + min(k, away))
        for img_id, near, away in kinds
        for k in (0, 5, 10, 15)
    }
    assert found.predictions.error.isna().all()
    assert found.predictions[["LAT_pred", "LON_pred"]].notna().all(axis=None)


class Noting(Fixed):
    """Notes how many places the prompts about each photo name."""

    def answer(self, jobs, keep):
        self.named = []
        for job in jobs:
            places = job.prompt.text.count("(") - job.prompt.text.count("(latitude")
            self.named.append((job.img_id, places))
            super().answer([job], keep)


def test_without_replies_and_neighbours_a_photo_is_not_located(approximate, store):
    photos = miniearth.load("validation", 30)
    g3 = replace(with_fixed(approximate, "I cannot tell."), gallery=emptied(approximate.gallery))
    found = g3.steps(photos, progress=False, **store)
    lost = ~found.predictions.IMG_ID.isin(found.neighbours.IMG_ID)
    assert 0 < lost.sum() < len(photos)
    assert (found.predictions.error.notna() == lost).all()
    assert (
        found.predictions.error[lost]
        .str.contains("no reply can be read, and the search", na=False)
        .all()
    )
    assert (found.predictions.LAT_pred.isna() == lost).all()
    assert found.predictions.out_of_domain.tolist() == [False] * len(photos)
    nowhere = g3.locate(photos.take(lost.to_numpy()), **store)
    assert all(one.coordinates is None and "no candidate" in one.error for one in nowhere)
    assert all(len(one.neighbours) == len(one.candidates) == 0 for one in nowhere)


def emptied(gallery):
    """The same gallery with every second list of its index empty."""
    index = faiss.clone_index(gallery.index)
    for number in range(0, index.nlist, 2):
        index.invlists.resize(number, 0)
    return replace(gallery, index=index)


def test_a_gallery_smaller_than_a_prompt_is_named_whole(shipped, files, store):
    known = miniearth.load("gallery", 40).take([3, 1, 2])
    g3 = G3.from_pretrained("ci", gallery=known, lmm=Noting("(1.5, 2.5)", "(3, 4)"), progress=False)
    found = g3.locate(files[0], **store)
    assert sorted(found.neighbours.neighbour) == sorted(known.ids)
    assert [named for _, named in g3.lmm.named] == [0, 6]  # of 5, 10 and 15 it is one prompt
    assert len(found.replies) == 4 * g3.plan.asked
