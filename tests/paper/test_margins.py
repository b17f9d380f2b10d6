import numpy as np
import pandas as pd
import pytest

from g3lite.evaluation import THRESHOLD_NAMES
from g3lite.paper.margins import OUTCOME, holm, margins


def world(rng, gain=0.0, seeds=1, spread=0.0, photos=600, authors=120):
    """Hits of a method and of a rival it is ahead of by `gain`, and the truth of two sets."""
    truth = pd.DataFrame(
        {
            "AUTHOR": [f"{k}" for k in rng.integers(authors, size=photos)],
            "set": np.where(np.arange(photos) < photos // 3, "natural", "uniform"),
        }
    )
    truth["AUTHOR"] = truth["set"] + truth["AUTHOR"]
    rival = (rng.random((1, photos, 5)) < 0.4).astype(float)
    shift = gain + spread * rng.standard_normal(seeds)
    ahead = rng.random((seeds, photos, 5)) < np.abs(shift)[:, None, None]
    return np.clip(rival + np.sign(shift)[:, None, None] * ahead, -1, 2), {"rival": rival}, truth


def test_sets_count_alike_whatever_their_sizes():
    of, rivals, truth = world(np.random.default_rng(0), gain=0.2)
    found = margins(of, rivals, truth, replicates=200).set_index("metric")
    gain = (of - rivals["rival"])[0]
    by_hand = np.mean([gain[(truth["set"] == name).to_numpy()].mean(axis=0)
                       for name in ("natural", "uniform")], axis=0)  # fmt: skip
    np.testing.assert_allclose(found.loc[list(THRESHOLD_NAMES), "difference"], by_hand)
    assert found.loc[OUTCOME, "difference"] == pytest.approx(by_hand.mean())
    assert not np.isclose(by_hand.mean(), gain.mean(), atol=1e-12)


def test_the_variance_of_seeds_is_added_to_that_of_photographers():
    rng = np.random.default_rng(1)
    of, rivals, truth = world(rng, gain=0.1, seeds=5, spread=0.04)
    found = margins(of, rivals, truth, replicates=500).iloc[0]
    per_seed = [
        margins(of[[k]], rivals, truth, replicates=200).iloc[0].difference for k in range(5)
    ]
    assert found.difference == pytest.approx(np.mean(per_seed))
    assert found.se_seeds == pytest.approx(np.std(per_seed, ddof=1) / np.sqrt(5))
    total = np.hypot(found.se_seeds, found.se_photographers)
    # Between the normal's 1.96 and the 2.78 of Student's t with four degrees of freedom.
    assert 1.96 * total < (found.high - found.low) / 2 < 2.78 * total
    once = margins(of[:1], rivals, truth, replicates=500).iloc[0]
    assert (once.seeds, once.se_seeds) == (1, 0) and found.seeds == 5


def test_intervals_cover_as_often_as_they_say():
    """Of the outcome at 95 %, and the five thresholds together; p below 0.05 in 5 % of nulls."""
    rng, covered, together, small = np.random.default_rng(2), 0, 0, 0
    runs = 200
    for run in range(runs):
        truth = pd.DataFrame({"AUTHOR": np.repeat(np.arange(80), 5).astype(str), "set": "one"})
        mood = rng.normal(0, 0.3, (80, 1)).repeat(5, axis=0)[:, :, None]  # alike within an author
        gain = 0.3 * rng.standard_normal((1, 400, 5)) + mood.transpose(2, 0, 1)
        found = margins(gain, {"nothing": np.zeros_like(gain)}, truth, replicates=200, seed=run)
        inside = (found.low <= 0) & (0 <= found.high)
        covered += inside.iloc[0]
        together += inside.iloc[1:].all()
        small += found.p.iloc[0] < 0.05
    assert 0.91 <= covered / runs <= 0.98
    assert 0.92 <= together / runs <= 0.995
    assert 0.02 <= small / runs <= 0.09


def test_holm_by_hand():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.9, 0.8]), [1, 1])
    assert holm([0.02]) == [0.02]


def test_a_method_is_level_with_itself():
    of, _, truth = world(np.random.default_rng(3))
    found = margins(of, {"itself": of}, truth, replicates=100)
    assert (found.difference == 0).all() and (found.low == 0).all() and (found.high == 0).all()
    assert found.p.iloc[0] == found.p_holm.iloc[0] == 1


@pytest.mark.parametrize(
    ("hits", "message"),
    [(np.zeros((1, 7, 5)), "of other, "), (np.zeros((2, 600, 5)), "trained 2 times")],
)
def test_hits_of_other_photos_or_trainings_are_refused(hits, message):
    of, _, truth = world(np.random.default_rng(4), seeds=5)
    with pytest.raises(ValueError, match=message):
        margins(of, {"other": hits}, truth)


def test_a_single_training_has_the_spread_that_was_found_elsewhere():
    rng = np.random.default_rng(5)
    of, rivals, truth = world(rng, gain=0.1, seeds=5, spread=0.04)
    several = margins(of, rivals, truth, replicates=300)
    spread = several["se_seeds"].to_numpy() * 5**0.5
    given = {"spread": {"rival": spread}, "trainings": 5}
    one = margins(of[:1], rivals, truth, **given, replicates=300)
    alone = margins(of[:1], rivals, truth, replicates=300)
    np.testing.assert_allclose(one["se_seeds"], spread)
    np.testing.assert_allclose(one["se_photographers"], alone["se_photographers"])
    assert (one["difference"] == alone["difference"]).all() and (one["seeds"] == 5).all()
    assert (one["high"] - one["low"] > alone["high"] - alone["low"]).all()
    assert one["p"].iloc[0] > alone["p"].iloc[0]
    with pytest.raises(ValueError, match="that of 5 trainings"):
        margins(of, rivals, truth, **given)
    another = margins(of[:1], rivals, truth, spread={"another": spread}, replicates=300)
    pd.testing.assert_frame_equal(another, alone)
