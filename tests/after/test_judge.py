"""The judge that learned, in G3: its scores, its file, and what it says of itself."""

import numpy as np
import pandas as pd
import pytest
from small_g3 import small_g3

from g3lite import G3, G3Error, miniearth, pipeline
from g3lite.after import judge as j
from g3lite.after.features import FEATURES
from g3lite.after.ranking import Trees
from g3lite.after.regions import Kernels
from g3lite.backbone import Backbone


def judge_of(gallery, share=0.8):
    """Trees that learned to like a high cosine, and kernels as they are before they learn."""
    table = np.random.default_rng(0).normal(size=(500, len(FEATURES))).astype(np.float32)
    wanted = (table[:, 0] > 0).astype(float)
    trees = Trees.grow(table, wanted, max_iter=5, min_samples_leaf=20)
    return j.LearnedJudge(trees, Kernels(), share, gallery)


@pytest.fixture(scope="module")
def g3():
    made = small_g3(Backbone.load("miniclip", "cpu"))
    made.judge = judge_of(made.gallery.coordinates)
    return made


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("replies") / "store.sqlite"


@pytest.fixture(scope="module")
def photos():
    return miniearth.load("validation", 3)


@pytest.fixture(scope="module")
def found(g3, photos, store):
    return g3.steps(photos, progress=False, store=store)


def test_its_scores_are_the_trees_of_the_features_and_the_cosine_stays(g3, photos, found, store):
    table = found.candidates
    assert table.groupby("IMG_ID")["score"].max().between(0, 1).all()
    g3.judge, judged = None, g3.judge
    try:
        plain = g3.steps(photos, progress=False, store=store)
    finally:
        g3.judge = judged
    assert np.array_equal(table["cosine"], plain.candidates["score"])
    assert "cosine" not in plain.candidates
    assert found.neighbours.equals(plain.neighbours)  # more of them are searched, not shown
    best = table.loc[table.groupby("IMG_ID", sort=False)["score"].idxmax()]
    assert np.array_equal(best["LAT"], found.predictions["LAT_pred"])


def test_a_prediction_carries_how_sure_it_is(g3, photos, store):
    sure = g3.locate(photos, store=store)[0]
    assert np.array_equal(sure.where.answer, sure.coordinates)
    assert str(sure.where) in str(sure)
    assert sure.as_dict()["where"]["within_km"].keys() == {"25", "200", "750"}
    g3.judge, judged = None, g3.judge
    try:
        plain = g3.locate(photos, store=store)[0]
    finally:
        g3.judge = judged
    assert plain.where is None and plain.as_dict()["where"] is None
    assert "within" not in str(plain)


def test_a_run_remembers_its_judge(g3, photos, tmp_path, store):
    g3.predict(photos, tmp_path / "run", progress=False, store=store)
    with pytest.raises(G3Error, match="another run, with other judge"):
        g3.judge, judged = None, g3.judge
        try:
            g3.predict(photos, tmp_path / "run", progress=False, store=store)
        finally:
            g3.judge = judged


def test_a_card_shows_the_region(g3, photos, store):
    html = g3.locate(photos, store=store)[0]._repr_html_()
    assert "90 % region" in html and len(html) < 150_000


def test_a_judge_comes_back_from_its_file(tmp_path, g3, found):
    table = found.candidates[found.candidates["IMG_ID"] == found.candidates["IMG_ID"].iloc[0]]
    g3.judge.save(tmp_path / "judge.npz")
    again = j.LearnedJudge.load(tmp_path / "judge.npz", g3.judge.gallery)
    rows = np.random.default_rng(1).normal(size=(50, len(FEATURES)))
    assert np.array_equal(again.ranker(rows), g3.judge.ranker(rows))
    assert again.share == g3.judge.share
    assert str(again.where(table)) == str(g3.judge.where(table))


def test_a_damaged_file_and_a_pickle_are_refused(tmp_path, g3):
    path = tmp_path / "judge.npz"
    g3.judge.save(path)
    whole = path.read_bytes()
    for data in (whole[: len(whole) // 2], b"", b"no archive"):
        path.write_bytes(data)
        with pytest.raises(G3Error, match="no judge, or damaged"):
            j.LearnedJudge.load(path, g3.judge.gallery)
    np.savez(path, features=np.array([{"an": "object"}], dtype=object), share=0.9)
    with pytest.raises(G3Error, match="no judge, or damaged"):
        j.LearnedJudge.load(path, g3.judge.gallery)
    g3.judge.save(path)
    with np.load(path) as file:
        arrays = dict(file) | {"features": np.array(["score"])}
    np.savez(path, **arrays)
    with pytest.raises(G3Error, match="other features"):
        j.LearnedJudge.load(path, g3.judge.gallery)


def test_with_another_gallery_it_says_that_its_numbers_are_rough(g3, found, tmp_path):
    table = found.candidates[found.candidates["IMG_ID"] == found.candidates["IMG_ID"].iloc[0]]
    g3.judge.save(tmp_path / "judge.npz")
    places = g3.judge.gallery
    same, other = (j.LearnedJudge.load(tmp_path / "judge.npz", some) for some in
                   (places, places[: len(places) // 2]))  # fmt: skip
    assert same.where(table).note == "" and "rough" not in str(same.where(table))
    said = f"a gallery of {len(places):,} photos, this one has {len(places) // 2:,}"
    assert said in str(other.where(table)) and said in other.where(table).as_dict()["note"]


def test_a_photo_without_candidates_is_refused(g3):
    with pytest.raises(ValueError, match="no distribution"):
        g3.judge.where(pd.DataFrame(columns=["LAT", "LON", "origin", "score", "cosine"]))


def test_the_protocol_of_the_pipeline_is_kept(g3):
    for name in ("name", "neighbours", "score", "where"):
        assert hasattr(g3.judge, name) and name in {
            *dir(pipeline.Judge),
            *pipeline.Judge.__annotations__,
        }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"judge": "wise"}, "unknown judge 'wise'"),
        ({"judge": "learned", "lmm": "api:another"}, "knows the shipped models alone"),
        ({"judge": "learned", "profile": "gpu"}, "knows the shipped models alone"),
    ],
)
def test_a_judge_that_there_is_not_is_refused(options, said):
    with pytest.raises(G3Error, match=said):
        G3.from_pretrained(**{"profile": "ci", "gallery_size": 20} | options)
