"""Rows of the tables on real photos, against the same without blocks and by hand."""

import numpy as np
import pandas as pd
import pytest
from fixed_lmm import Fixed
from stand_in_pack import stand_in

from g3lite import evaluation
from g3lite.alignment import GeoAlignment
from g3lite.backbone import unit_rows
from g3lite.baselines import retrieval
from g3lite.index import neighbours
from g3lite.paper import plan, real
from g3lite.paper.margins import holm
from g3lite.prompts import PromptPlan
from g3lite.verification import CandidateConfig


@pytest.fixture(scope="module")
def run(tmp_path_factory, miniclip):
    """The part test of a stand-in pack, in train and gallery, by the shipped heads."""
    pack = stand_in(tmp_path_factory.mktemp("pack") / "stand-in", miniclip)
    test = pack.part("test")
    heads = GeoAlignment.from_pretrained("mini")
    features = np.float32(test.features)
    return real.RealRun(pack.photos("test"), features, pack.part("train", "gallery"), heads)


@pytest.fixture
def in_blocks(monkeypatch):
    monkeypatch.setattr(real, "BLOCK", 50)  # of 136 photos: three


def whole(run, aligned):
    """Vectors of the queries and of all of the gallery at once."""
    known = np.float32(run.known.features)
    if not aligned:
        return unit_rows(run.features), unit_rows(known)
    return tuple(unit_rows(run.heads.database_vectors(some)) for some in (run.features, known))


@pytest.mark.parametrize("aligned", [True, False])
def test_a_search_in_blocks_finds_what_one_search_finds(run, in_blocks, aligned):
    assert len(run.known) > 2 * real.BLOCK
    asked, known = whole(run, aligned)
    np.testing.assert_array_equal(run.search(aligned, 70), neighbours(asked, known, 70)[1])
    np.testing.assert_array_equal(run.search(aligned, 9, far=True), neighbours(-asked, known, 9)[1])


def test_rows_are_those_of_the_baselines_on_all_of_the_gallery(run, in_blocks):
    once = run.take(np.arange(len(run.queries)))  # nothing is kept from other tests
    rows = once.searched()
    places = run.known.coordinates
    for name, aligned in (("kNN", False), ("kNN, aligned", True)):
        asked, known = whole(run, aligned)
        nearest = retrieval.nearest_neighbour(asked, known, places)
        np.testing.assert_array_equal(rows[name], nearest)
        vote = retrieval.lknn(asked, known, places)
        np.testing.assert_array_equal(rows[name.replace("kNN", "[L]kNN", 1)], vote)
    np.testing.assert_array_equal(rows["constant"], retrieval.constant(places))
    _, best = run.heads.nearest_gps(run.features, places)
    np.testing.assert_array_equal(rows["GPS gallery (GeoCLIP)"], places[best[:, 0]])
    assert set(once.aligned()) == {"kNN, aligned", "[L]kNN, aligned", "GPS gallery (GeoCLIP)"}


def test_few_votes_change_the_vote_and_nothing_else_is_read(run, monkeypatch):
    """[L]kNN reads the neighbours of some photo alone, and gives the vote of k in the whole."""
    monkeypatch.setattr(real, "VOTES", 5)
    some = run.take(np.arange(3))
    asked, known = whole(some, False)
    expected = retrieval.lknn(asked, known, run.known.coordinates, k=5)
    np.testing.assert_array_equal(some.searched()["[L]kNN"], expected)


def test_without_a_language_model_ten_places_compete(run):
    rows = run.without_lmm()
    assert list(rows) == [plan.NO_LMM, real.MEDOID_ALONE, real.BLIND_ALONE]
    assert rows[plan.NO_LMM]["IMG_ID"].tolist() == run.queries.ids
    near = run.places(run.similar[:, :10])
    for name in (plan.NO_LMM, real.MEDOID_ALONE):
        answers = rows[name][["LAT_pred", "LON_pred"]].to_numpy()
        assert (near == answers[:, None]).all(axis=2).any(axis=1).all()
    images, places = run.heads.embed_images(run.features)[1], run.heads.embed_coordinates
    scores = np.einsum(
        "nd,nkd->nk", images, places(near.reshape(-1, 2)).reshape(*near.shape[:2], -1)
    )
    best = near[np.arange(len(near)), scores.argmax(axis=1)]
    np.testing.assert_allclose(rows[plan.NO_LMM][["LAT_pred", "LON_pred"]], best)


def test_a_language_model_is_asked_for_g3_and_for_two_rivals(run, tmp_path):
    few = run.take(np.arange(4))
    lmm = Fixed("(38.7, -9.1)", "(64.1, -21.9)")
    choice = CandidateConfig((0, 5), 2, 1)
    rows, reports = few.asked(lmm, choice, 0.5, store=tmp_path / "r.sqlite", progress=False)
    assert list(rows) == ["G3", plan.MEDOID, plan.BLIND, real.ZERO_SHOT, real.ONE_RAG]
    assert [report.wanted for report in reports] == [4 * 2 * 2, 4, 4]
    for name in (real.ZERO_SHOT, real.ONE_RAG):
        np.testing.assert_allclose(rows[name], [[38.7, -9.1]] * 4)
    assert rows["G3"]["IMG_ID"].tolist() == few.queries.ids
    said = few.asked(lmm, choice, 0.5, store=tmp_path / "r.sqlite", progress=False)[1]
    assert [report.stored for report in said] == [16, 4, 4]  # nothing is asked a second time
    tokens = [sum(r.tokens_in for r in said), sum(r.tokens_out for r in said), 0.0]
    assert real.spent(said) == tokens


def test_references_are_found_by_the_vectors_that_are_named(run, tmp_path):
    few = run.take(np.arange(2))
    seen = []

    class Noting(Fixed):
        def ask(self, photos, asked, similar, dissimilar, **options):
            seen.append((similar, dissimilar))
            return super().ask(photos, asked, similar, dissimilar, **options)

    few.asked(Noting("(1, 2)"), CandidateConfig((10,), 1), 0, store=tmp_path / "r", progress=False)
    g3, zero, rag = seen
    np.testing.assert_array_equal(g3[0], few.places(few.search(True, 10)))
    np.testing.assert_array_equal(g3[1], few.places(few.search(True, 10, far=True)))
    np.testing.assert_array_equal(rag[0], few.places(few.search(False, 10)))
    assert zero[0].shape == (2, 1, 2)


def test_replies_that_are_there_compete_as_if_they_were_asked_for(run, tmp_path):
    few, choice = run.take(np.arange(4)), CandidateConfig((0, 5), 2, 1)
    lmm = Fixed("(38.7, -9.1)", "no idea")
    asked = few.asked(lmm, choice, 0.5, store=tmp_path / "r.sqlite", progress=False)[0]
    plan_of_g3 = PromptPlan(choice.references, choice.replies, temperature=0.5)
    said = few.ask(lmm, plan_of_g3, store=tmp_path / "r.sqlite", progress=False).replies
    rows = few.with_replies(said, choice)
    assert list(rows) == ["G3", plan.MEDOID, plan.BLIND]
    pd.testing.assert_frame_equal(rows["G3"], asked["G3"])
    pool = few.candidates(said, choice)
    assert len(pool) == 4 * (2 + 1) and pool["score"].notna().all()  # one of two can be read
    assert set(few.candidates()["origin"]) == {"retrieved"}
    chosen = few.chosen(pool, "a", "b", "c")
    pd.testing.assert_frame_equal(chosen["a"], rows["G3"])


def test_references_of_a_small_gallery_end_in_nan(run):
    few = run.take(slice(3))
    near, far = few.references(len(run.known) + 2)
    assert near.shape == far.shape == (3, len(run.known) + 2, 2)
    assert np.isnan(far[:, -2:]).all() and np.isfinite(far[:, :-2]).all()
    np.testing.assert_array_equal(near[:, :5], few.places(few.similar[:, :5]))


def test_pictures_of_other_photos_are_refused(run):
    with pytest.raises(ValueError, match="other photos"):
        run.with_pictures(run.queries.head(2))
    assert run.with_pictures(run.queries).queries is run.queries


def truth_of(n):
    return pd.DataFrame(
        {"IMG_ID": [f"{k}" for k in range(n)], "AUTHOR": [f"{k % 12}" for k in range(n)],
         "LAT": np.linspace(-50, 50, n), "LON": np.linspace(0, 90, n)}
    )  # fmt: skip


def test_worth_is_paired_and_corrected_for_all_sets():
    truth = truth_of(60)
    right = truth[["LAT", "LON"]].to_numpy()
    rows = {"G3": right, "far": -right, "half": np.where(np.arange(60)[:, None] % 2, right, -right)}
    table = real.worth({"one": (rows, truth), "two": (rows, truth)}, "G3", 200)
    assert table["group"].tolist() == ["one"] * 2 + ["two"] * 2
    assert table["method"].tolist() == ["far", "half"] * 2
    expected = [np.mean(evaluation.hits(right, truth) - evaluation.hits(rows[name], truth))
                for name in ("far", "half")]  # fmt: skip
    np.testing.assert_allclose(table["difference"], expected * 2)
    np.testing.assert_allclose(table["p_holm"], holm(table["p"]))
    assert (table["p_holm"] >= table["p"]).all() and (table["low"] <= table["difference"]).all()


def test_two_pairs_of_heads_are_compared_row_by_row():
    truth = truth_of(40)
    right = truth[["LAT", "LON"]].to_numpy()
    a, b = {"x": right, "y": -right, "z": right}, {"x": -right, "y": -right, "w": right}
    table = real.pairs(a, b, truth, 200)
    assert table["method"].tolist() == ["x", "y"]
    assert table["difference"][0] > 0.5 and table["difference"][1] == 0


@pytest.mark.parametrize(
    ("p", "said"),
    [
        ([0.01, 0.02, 0.2], "here: ahead of a; behind b; 1 of 3 cannot be told"),
        ([0.01, 0.2, 0.01], "here: ahead of a, c; 1 of 3 cannot be told"),
        ([0.01, 0.01, 0.01], "here: ahead of a, c; behind b"),
        ([0.05, 0.2, 0.9], "here: 3 of 3 cannot be told"),
    ],
)
def test_only_what_is_sure_is_claimed(p, said):
    table = pd.DataFrame(
        {"group": "here", "method": list("abc"), "difference": [0.1, -0.1, 0.2], "p_holm": p}
    )
    assert real.verdicts(table, "ahead of", "behind") == said
    two = pd.concat([table.assign(group="there"), table])
    assert real.verdicts(two, "ahead of", "behind").splitlines()[1] == said
