"""The paper's tables on MiniEarth: the plan was followed, and what is shipped follows from it."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from g3lite import evaluation, geo, miniearth
from g3lite.baselines import retrieval
from g3lite.paper import after_plan, plan, seeds, tables
from g3lite.paper import published as paper_published
from g3lite.paper.margins import OUTCOME, holm
from g3lite.paper.plan import Judged
from g3lite.paper.run import EvaluationRun
from g3lite.paths import shipped
from g3lite.profiles import PROFILES
from g3lite.recipes.replies import DRAWN, SETTINGS
from g3lite.verification import CandidateConfig

FEW = 40
ASKED_ONCE = {"LMM, zero-shot", "one RAG prompt (Img2Loc)"}


@pytest.fixture(scope="module", params=(plan.CHOSEN_ON, *plan.SETS))
def few(request):
    return EvaluationRun.load(request.param, FEW)


@pytest.fixture(scope="module")
def everything():
    evidence = [EvaluationRun.load(which) for which in plan.SETS]
    return evidence, *tables.pooled(evidence)


@pytest.fixture(scope="module")
def worth(everything):
    _, methods, truth = everything
    return tables.worth(methods, truth, replicates=200).set_index(["method", "metric"])


def km(a, b):
    return np.nan_to_num(geo.great_circle_km(a, b), nan=0.0)


def places(table):
    return table[["LAT_pred", "LON_pred"]].to_numpy()


# The plan was followed


def test_the_rows_of_the_predictions_are_those_of_the_plan():
    table = pd.read_parquet(shipped("predictions/methods.parquet"))
    once = {*plan.JUDGED, *plan.BY_PROMPTS, *plan.RIVALS, plan.MEDOID, plan.MEAN} - {"constant"}
    once |= {f"constant, {name}" for name in evaluation.THRESHOLD_NAMES}
    assert set(table["set"]) == {plan.CHOSEN_ON, *plan.SETS}
    for which, rows in table.groupby("set", observed=True):
        more = set(plan.BY_REPLIES) if which == plan.CHOSEN_ON else set()
        assert set(rows["method"]) == once | more
        answers = rows.groupby("method", observed=True)["IMG_ID"].agg(["nunique", "size"])
        assert (answers == miniearth.SIZES[which]).all(axis=None)


def test_every_tested_row_is_shown_and_no_bound_is_tested(everything, worth):
    _, methods, _ = everything
    tested = {*plan.RIVALS, *plan.STEPS}
    assert len(tested) == len(plan.RIVALS) + len(plan.STEPS)
    assert set(worth.index.get_level_values(0)) == tested
    assert set(methods) == tested | {"G3"} == {*tables.TABLE_1, *tables.TABLE_2}
    assert tested.isdisjoint(plan.BOUNDS)


def test_no_photographer_is_in_two_sets_final_and_development_ones_included():
    authors, ids = {}, {}
    for which in miniearth.SIZES:
        table = miniearth.load(which).table
        authors[which], ids[which] = set(table["AUTHOR"]), set(table["IMG_ID"])
        assert len(ids[which]) == len(table) == miniearth.SIZES[which]
    assert {
        *plan.SETS, *plan.DEVELOPMENT, plan.CHOSEN_ON, "gallery", *after_plan.SETS
    } == set(authors)  # fmt: skip
    for one in authors:
        for other in authors:
            if one < other:
                assert authors[one].isdisjoint(authors[other]), (one, other)
                assert ids[one].isdisjoint(ids[other]), (one, other)


def test_the_choice_is_the_best_of_the_shipped_grid():
    grid = pd.read_csv(shipped("choice/grid.csv"))
    best = grid.iloc[0]
    assert best[OUTCOME] == grid[OUTCOME].max()
    assert (best["N"], best["S"]) == (plan.CHOICE.replies, plan.CHOICE.retrieved)
    assert best["temperature"] == PROFILES["cpu"].temperature
    shares = grid[list(evaluation.THRESHOLD_NAMES)].mean(axis=1)
    np.testing.assert_allclose(grid[OUTCOME], shares, atol=2e-5)


def test_steps_have_as_many_candidates_as_g3_where_they_say_so(few):
    size = few.candidates().groupby("IMG_ID").size().max()
    assert size == len(plan.PROMPTS) * plan.CHOICE.replies + plan.CHOICE.retrieved
    for name, row in plan.JUDGED.items():
        most = few.candidates(*row).groupby("IMG_ID").size().max()
        if "as many" in name or name in ("raw references", "w/o Geo-A", "G3") or "random" in name:
            assert most == size, name
        else:
            assert most < size, name


# What is shipped, made again


def test_every_method_answers_about_every_photo(everything):
    _, methods, truth = everything
    for name, answers in methods.items():
        if name == "constant":
            assert answers.shape == (1, 5, 2)
        elif name == plan.BLIND:
            assert answers.hits.shape == (len(truth), 5)
        else:
            assert answers.shape == (len(truth), 2)
            absent = np.isnan(answers[:, 0]).mean()
            assert absent <= (0.01 if name in ASKED_ONCE else 0), name


def test_judged_again_from_pictures_and_replies_the_photos_are_where_it_says(few):
    expected = tables.predictions(few.which, FEW)
    rows = plan.JUDGED | plan.BY_PROMPTS
    if few.which == plan.CHOSEN_ON:
        rows = rows | plan.BY_REPLIES
    for name, row in rows.items():
        answers = few.judged(row)
        assert answers["IMG_ID"].tolist() == few.queries.ids
        # Other processors round otherwise, and now and then two candidates change places.
        assert (km(places(answers), expected[name]) < 0.01).mean() >= 0.94, name


def test_what_needs_no_picture_follows_exactly(few):
    expected = tables.predictions(few.which, FEW)
    for name, answers in (few.unjudged() | few.asked_once()).items():
        answers = places(answers) if isinstance(answers, pd.DataFrame) else answers
        np.testing.assert_allclose(answers, expected[name], atol=1e-9, err_msg=name)
    np.testing.assert_allclose(retrieval.constant(few.gallery_coordinates), expected["constant"])


@pytest.mark.slow
def test_rivals_that_read_the_gallery_answer_again():
    run = EvaluationRun.load(plan.SETS[0], FEW)
    expected = tables.predictions(run.which, FEW)
    for name, answers in run.trained(miniearth.load("gallery")).items():
        if not name.startswith("constant"):
            assert (km(answers, expected[name]) < 0.01).mean() >= 0.94, name


def test_without_verification_is_the_mean_over_the_candidates(few):
    table = few.candidates().merge(few.queries.table[["IMG_ID", "LAT", "LON"]], on="IMG_ID",
                                   suffixes=("", "_true"))  # fmt: skip
    error = geo.great_circle_km(table[["LAT", "LON"]], table[["LAT_true", "LON_true"]])
    for level, radius in enumerate(evaluation.THRESHOLDS_KM):
        by_photo = pd.Series(error <= radius).groupby(table["IMG_ID"]).mean()
        expected = by_photo.loc[few.queries.ids].to_numpy()
        assert np.allclose(few.without_verification().hits[:, level], expected)
    bound = evaluation.score(few.nearest_candidate(), few.queries.table)
    assert (
        bound[list(evaluation.THRESHOLD_NAMES)] >= few.without_verification().hits.mean(0)
    ).all()


@pytest.mark.slow
def test_no_lmm_and_lknn_have_their_best_settings_on_validation():
    run = EvaluationRun.load(plan.CHOSEN_ON)
    truth = run.queries.table
    by_s = {
        s: evaluation.hits(
            run.judged(Judged("drawn", CandidateConfig(replies=0, retrieved=s))), truth
        ).mean()
        for s in plan.RETRIEVED
    }
    assert max(by_s, key=by_s.get) == plan.ALONE
    expected = tables.predictions(plan.CHOSEN_ON)
    chosen = {name: evaluation.hits(expected[name], truth).mean() for name in plan.LKNN}
    published = {"k": 100, "sigma": 4.0, "m": 10.0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "LKNN", dict.fromkeys(plan.LKNN, published))
        others = run.trained(miniearth.load("gallery"))
    for name in plan.LKNN:
        assert chosen[name] >= evaluation.hits(others[name], truth).mean(), name


# Margins and seeds


def test_a_margin_is_the_mean_of_five_shares_with_both_sets_alike(everything, worth):
    _, methods, truth = everything
    for name in ("no LMM", "kNN", plan.BLIND):
        gain = evaluation.hits(methods["G3"], truth) - evaluation.hits(methods[name], truth)
        of_sets = [gain[(truth["set"] == which).to_numpy()].mean() for which in plan.SETS]
        assert worth.loc[(name, OUTCOME), "difference"] == pytest.approx(np.mean(of_sets))


def test_p_is_corrected_for_all_rows(worth):
    outcome = worth.xs(OUTCOME, level="metric")
    np.testing.assert_allclose(outcome["p_holm"], holm(outcome["p"]))
    assert (outcome["p_holm"] >= outcome["p"]).all()
    smallest = outcome["p"].idxmin()
    expected = min(1, len(outcome) * outcome.loc[smallest, "p"])
    assert outcome.loc[smallest, "p_holm"] == pytest.approx(expected)
    assert worth.drop(index=OUTCOME, level="metric")["p_holm"].isna().all()


def test_another_training_is_part_of_the_rows_that_it_changes(worth):
    outcome, spread = worth.xs(OUTCOME, level="metric"), seeds.spread()
    assert set(spread) == {*plan.SEEDED} - {"G3"}
    for name, row in outcome.iterrows():
        if name in spread:
            assert row["seeds"] == plan.TRAININGS
            assert row["se_seeds"] == pytest.approx(spread[name][0]) and row["se_seeds"] > 0
            width = (row["high"] - row["low"]) / 2
            total = np.hypot(row["se_photographers"], row["se_seeds"])
            assert stats.norm.ppf(0.975) * total < width
        else:
            assert (row["seeds"], row["se_seeds"]) == (1, 0)


def test_five_trainings_answered_about_the_same_development_photos():
    found, truth = dict(seeds.predictions()), seeds.truth()
    assert set(found) == set(plan.SEEDED)
    assert len(truth) == len(plan.DEVELOPMENT) * plan.DEVELOPMENT_PHOTOS
    for name, answers in found.items():
        assert answers.shape == (plan.TRAININGS, len(truth), 2)
        assert np.isfinite(answers).all(), name
        assert not np.array_equal(answers[0], answers[1]), name  # trainings differ
    table = seeds.worth(replicates=50)
    gains = [
        evaluation.hits(one, truth) - evaluation.hits(other, truth)
        for one, other in zip(found["G3"], found["no LMM"], strict=True)
    ]
    per_seed = [gain.mean() for gain in gains]
    row = table[(table["method"] == "no LMM") & (table["metric"] == OUTCOME)].iloc[0]
    assert row["difference"] == pytest.approx(np.mean(per_seed))
    assert row["se_seeds"] == pytest.approx(np.std(per_seed, ddof=1) / plan.TRAININGS**0.5)


# The parts


def test_the_candidates_are_those_of_the_way(few):
    for way, references in (("drawn", 4), ("raw, drawn", 4), ("one prompt", 1)):
        n = plan.CHOICE.replies
        choice = CandidateConfig(None if references == 4 else (10,), n, 1)
        key = "raw similar" if way.startswith("raw") else "similar"
        table = few.candidates(way, choice, key)
        assert table.groupby("IMG_ID").size().max() == n * references + 1
        first = table[table.origin == "retrieved"].set_index("IMG_ID").loc[few.queries.ids]
        nearest = few.gallery_coordinates[few.rows[key][:, 0]]
        assert np.allclose(first[["LAT", "LON"]], nearest)
        said = few.replies[few.replies.way == way][["IMG_ID", "LAT", "LON"]].dropna()
        rows = set(said.itertuples(index=False, name=None))
        given = table[table.origin == "reply"][["IMG_ID", "LAT", "LON"]]
        assert all(row in rows for row in given.itertuples(index=False, name=None))


def test_the_replies_are_those_that_the_plan_asks_for():
    for which, ways in SETTINGS.items():
        drawn = DRAWN if which == plan.CHOSEN_ON else plan.CHOICE.replies
        assert ways["drawn"].plan.replies == drawn
        assert {row.way for row in plan.JUDGED.values()} <= set(ways)


def test_curves_begin_with_one_and_pass_through_g3():
    curves, expected = tables.curves(plan.CHOSEN_ON), tables.predictions(plan.CHOSEN_ON)
    prompts, replies = curves["prompts"], curves["replies of each prompt"]
    assert list(prompts) == ["1", "2", "3", "4"]
    assert list(replies) == [str(n) for n in range(1, DRAWN + 1)]
    for whole in (prompts["4"], replies[str(plan.CHOICE.replies)]):
        np.testing.assert_array_equal(whole, expected["G3"])
    np.testing.assert_array_equal(prompts["1"], expected["G3, 1 of 4 prompts"])
    np.testing.assert_array_equal(replies["5"], expected["G3, N = 5"])
    assert set(tables.curves(plan.SETS[0])) == {"prompts"}


def test_gains_are_paired_and_in_the_order_asked_for(few):
    truth = few.queries.table
    right = truth[["LAT", "LON"]].to_numpy()
    methods = {"G3": right, "b": np.zeros_like(right), "a": right}
    found = tables.gains(methods, truth, over=["a", "b"], replicates=50)
    assert found["method"].unique().tolist() == ["a", "b"]
    assert (found[found["method"] == "a"][["difference", "low", "high"]] == 0).all(axis=None)
    assert (found[found["method"] == "b"]["difference"] > 0.8).all()
    text = tables.gains_table(found)
    assert text.loc["a", "city"] == "+0.0 [+0.0, +0.0] p 1.000"
    assert list(text.columns) == list(evaluation.THRESHOLD_NAMES)


def test_the_reference_table_is_of_distances(few):
    table = tables.reference_table([few], replicates=20)
    away = geo.great_circle_km(
        few.gallery_coordinates[few.rows["similar"][:, :5]], few.queries.coordinates[:, None]
    )
    assert table.loc["G3", "mean of the first 5"].startswith(f"{away.mean():,.0f} [")
    assert table.loc["G3", "nearest of the first 5"].startswith(f"{away.min(axis=1).mean():,.0f} [")
    plain = geo.great_circle_km(
        few.gallery_coordinates[few.rows["raw similar"][:, :5]], few.queries.coordinates[:, None]
    )
    gain = f"{(away.mean(axis=1) - plain.mean(axis=1)).mean():,.0f} ["
    assert table.loc["G3 minus raw features", "mean of the first 5"].startswith(gain)
    assert list(table.index) == ["raw features", "G3", "G3 minus raw features"]


def test_a_margin_is_written_with_its_interval_its_p_and_its_seeds(worth):
    text = tables.worth_table(worth.reset_index())
    row = worth.loc[("no LMM", OUTCOME)]
    low, high = 100 * row["low"], 100 * row["high"]
    assert (
        text.loc["no LMM", OUTCOME] == f"{100 * row['difference']:+.1f} [{low:+.1f}, {high:+.1f}]"
    )
    assert text.loc["no LMM", "p"] == f"{row['p_holm']:.3f}"
    assert text.loc["no LMM", "seeds"] == plan.TRAININGS
    assert list(text.columns) == [OUTCOME, *evaluation.THRESHOLD_NAMES, "p", "seeds"]


@pytest.mark.slow
def test_the_report_has_both_tables_and_both_figures():
    evidence = [EvaluationRun.load(which, FEW) for which in plan.SETS]
    titles = [title for title, table in tables.report(evidence, replicates=20) if len(table)]
    assert [title.split(":")[0] for title in titles] == [
        "Table 1", "Table 2", "G3 minus each, in points, with Holm's p", "Table 3", "Figure 3",
        "Figure 4",
    ]  # fmt: skip


# The published figures


def test_the_published_figures_have_the_margins_of_their_photos():
    table = paper_published.published_table("IM2GPS3K")
    assert table.loc["G3"].tolist()[0] == "16.65 ± 1.33"
    assert table.loc["w/o Geo-V", "continent"] == "81.18 ± 1.40"
    assert (
        paper_published.published_table("YFCC4K", ["G3"]).to_numpy().tolist()[0][0]
        == "23.99 ± 1.24"
    )
    for which, rows in paper_published.PUBLISHED.items():
        assert paper_published.PUBLISHED_PHOTOS[which] > 2_900
        for name, shares in rows.items():
            assert list(shares) == sorted(shares), (which, name)


def test_published_margins_are_means_of_five_without_an_interval():
    table = paper_published.published_margins(["w/o Geo-V", "w/o Geo-A"])
    assert table["group"].tolist() == ["w/o Geo-V"] * 2 + ["w/o Geo-A"] * 2
    assert table["method"].tolist() == ["the paper, IM2GPS3K", "the paper, YFCC4K"] * 2
    by_hand = (1.67 + 2.67 + 4.31 + 3.64 + 3.50) / 500
    assert table["difference"][0] == pytest.approx(by_hand)
    assert table[["low", "high"]].isna().all(axis=None)
