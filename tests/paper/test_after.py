"""The tables about the learned judge, on photos whose answers are known."""

import numpy as np
import pandas as pd
import pytest
import torch

from g3lite.after.regions import Background
from g3lite.evaluation import THRESHOLDS_KM
from g3lite.paper import after, after_plan
from g3lite.recipes import judge
from g3lite.recipes.judge import Examples

NUMBER = 200


@pytest.fixture
def photos(monkeypatch):
    """Two sets of 200 photos by 40 photographers, what the judge said of them, and calibration."""
    rng = np.random.default_rng(0)
    truth = pd.DataFrame(
        {
            "IMG_ID": [f"{which} {n}" for which in after_plan.SETS for n in range(NUMBER)],
            "AUTHOR": [f"{which} {n // 5}" for which in after_plan.SETS for n in range(NUMBER)],
            "set": np.repeat(after_plan.SETS, NUMBER),
            "known": np.tile([True, True, True, True, False], 2 * NUMBER // 5),
        }
    )
    probability = rng.random(2 * NUMBER)
    sure = truth.drop(columns="known").assign(
        level=rng.random(2 * NUMBER), km=np.where(rng.random(2 * NUMBER) < probability, 20.0, 900.0)
    )
    for km in after_plan.RADII_KM:
        sure[f"p{km}"] = probability if km < 800 else 1.0
    for which in ("calibration_natural", "calibration_uniform"):
        sure[f"km2, {which}"] = 1_000.0
    for number, name in enumerate((after_plan.JUDGE, *after_plan.DENSITIES)):
        sure[f"log {name}"] = -10.0 - number
    uniform = (sure["set"] == "after_uniform").to_numpy()
    sure.loc[uniform, "level"] = sure.loc[uniform, "level"] ** 0.5  # the truth is further out
    level = np.linspace(0, 1, 999)
    calibration = pd.concat(
        [
            pd.DataFrame({"set": which, "level": level**power, "km": 900 * (level > 0.6),
                          "p200": 1 - level})
            for which, power in (("calibration_natural", 1), ("calibration_uniform", 0.5))
        ]
    )  # fmt: skip
    hits = {
        name: (rng.random((2 * NUMBER, 5)) < share).astype(float)[None]
        for name, share in zip((after_plan.JUDGE, *after_plan.TESTED), (0.8, 0.5, 0.4, 0.3, 0.8),
                               strict=True)
    }  # fmt: skip
    monkeypatch.setattr(after, "truth", lambda: truth)
    monkeypatch.setattr(after, "sure", lambda: sure)
    monkeypatch.setattr(after, "hits", lambda: hits)
    monkeypatch.setattr(judge, "calibration", lambda: calibration)
    return sure, hits


def test_coverage_is_kept_where_photos_are_of_the_kind_and_breaks_elsewhere(photos):
    table = after.coverage().set_index(["set", "calibrated on"])
    for which, source in after_plan.CALIBRATED_ON.items():
        row = table.loc[(which, source)]
        assert row["low"] <= 0.9 <= row["high"] and row["km2"] == 1_000
    assert table.loc[("after_uniform", "calibration_natural"), "high"] < 0.9


def test_what_is_told_is_compared_with_what_is_true_in_bins_of_equal_numbers(photos):
    table = after.reliability()
    assert len(table) == 2 * 3 * after_plan.BINS
    some = table[(table["km"] == 200) & (table["set"] == "after_natural")]
    assert (np.diff(some["told"]) > 0).all()
    assert np.abs(some["told"] - some["true"]).mean() < 0.15
    sure, _ = photos
    first = sure[sure["set"] == "after_natural"].nsmallest(NUMBER // after_plan.BINS, "p200")
    assert some["true"].iloc[0] == pytest.approx((first["km"] <= 200).mean())


def test_densities_are_compared_with_the_judges(photos):
    table = after.densities()
    assert table["nats"].tolist() == [-10, -11, -12, -13] * 2
    assert table["difference"].tolist() == pytest.approx([0, 1, 2, 3] * 2)


def test_answers_are_given_above_the_confidence_of_the_calibration(photos):
    table = after.withheld().set_index("set")
    # The first 60 % of the calibration are right: 80 % of those with a level of at most 0.75.
    assert table["confidence"].tolist() == pytest.approx([0.25, 0.25], abs=0.01)
    assert table["given"].tolist() == pytest.approx([0.75, 0.75], abs=0.08)
    assert (table["right"] > 0.5).all()


def test_the_judge_is_compared_with_the_four_rows_that_were_named_before(photos):
    table = after.worth(replicates=200)
    outcome = table[table["p_holm"].notna()].set_index("method")
    assert list(outcome.index) == list(after_plan.TESTED)
    assert (outcome["p_holm"] < 0.01).tolist() == [True, True, True, False]
    hidden = after.worth(hidden=True, replicates=200)
    _, hits = photos
    gain = (hits[after_plan.JUDGE] - hits[after_plan.G3])[0].mean(axis=1)
    assert hidden["difference"].iloc[0] == pytest.approx(gain[4::5].mean())


def test_one_kernel_stands_around_the_answer_and_knows_nothing_else():
    said = torch.tensor([[[0.1, 5.0], [0.9, 1.0]], [[0.8, 1.0], [0.0, 0.0]]])
    there = torch.tensor([[True, True], [True, False]])
    gap = torch.tensor([[0.1, 0.2], [0.3, 0.4]])
    evidence, exist, of_answer = after._best_alone(said, there, gap)
    assert of_answer.flatten().tolist() == pytest.approx([0.2, 0.3])
    assert exist.all() and not evidence.any() and evidence.shape == (2, 1, 1)


def examples(photos, seed):
    """Three candidates of each photo, the first of them good."""
    rng = np.random.default_rng(seed)
    truth = pd.DataFrame(
        {"IMG_ID": [f"{seed} {n}" for n in range(photos)], "AUTHOR": np.arange(photos).astype(str),
         "LAT": rng.normal(45, 5, photos), "LON": rng.normal(10, 5, photos)}
    )  # fmt: skip
    photo, km = np.repeat(np.arange(photos), 3), np.tile([5.0, 400.0, 3_000.0], photos)
    table = pd.DataFrame({"IMG_ID": truth["IMG_ID"].to_numpy()[photo], "origin": "reply",
                          "score": rng.random(3 * photos)})  # fmt: skip
    return Examples(truth, table, rng.random((3 * photos, 4)).astype(np.float32), photo, km)


def test_examples_of_two_sets_are_joined_row_by_row():
    one, two = examples(4, 0), examples(3, 1)
    both = Examples.joined([one, two])
    assert both.photo.tolist() == [*np.repeat(range(7), 3)]
    assert both.table["IMG_ID"].tolist() == both.truth["IMG_ID"].to_numpy()[both.photo].tolist()
    assert np.array_equal(both.km, np.concatenate([one.km, two.km]))
    assert np.array_equal(both.features, np.concatenate([one.features, two.features]))


def test_a_lesson_holds_scores_gaps_and_the_background_at_the_truth():
    known = examples(30, 0)
    background = Background.from_gallery(known.truth[["LAT", "LON"]].to_numpy())
    said, there, gap, at_truth = judge.lesson(known, -known.km, background)
    assert said.shape == (30, 3, 3) and there.all()
    assert said[:, :, 0].tolist() == [[-5.0, -400.0, -3_000.0]] * 30
    assert (gap[:, 0] < gap[:, 1]).all() and (gap[:, 1] < gap[:, 2]).all()
    assert np.allclose(at_truth, background.density(known.truth[["LAT", "LON"]].to_numpy()))


def test_distances_are_rounded_up_and_never_over_a_threshold():
    rng = np.random.default_rng(0)
    near = [0.0, 1e-6, 0.9999, 1.0, 1.0001, 24.96, 25.0, 25.04, 200.4, 749.9, 2_500.0, 2_500.4]
    km = np.concatenate([near, 10 ** rng.uniform(-3, 4.3, 2_000)])
    kept = after._rounded_up(km)
    limits = np.array(THRESHOLDS_KM)
    assert np.array_equal(kept[:, None] <= limits, km[:, None] <= limits)
    assert (kept >= km * (1 - 1e-6)).all() and (kept <= km * 1.11 + 1e-4).all()
