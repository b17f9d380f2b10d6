"""The rankers that learn, and what they are told to learn."""

import numpy as np
import pytest
import torch
from sklearn.ensemble import HistGradientBoostingRegressor

from g3lite.after import ranking as r


def lessons(photos=60, candidates=8, seed=0):
    """Candidates whose nearness follows from two of four columns."""
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(photos * candidates, 4)).astype(np.float32)
    km = 1_000 * np.exp(-table[:, 0] - np.maximum(table[:, 1], 0))
    return table, km, np.repeat(np.arange(photos), candidates)


def test_the_targets_fall_with_the_distance():
    assert r.five_hits([0, 1, 1.1, 25, 200, 750, 2500, 2501]).tolist() == pytest.approx(
        [1, 1, 0.8, 0.8, 0.6, 0.4, 0.2, 0]
    )
    assert r.nearness([0, 1492.7]).tolist() == pytest.approx([1, np.exp(-1)])


@pytest.mark.parametrize("leaves", [3, 15])
def test_the_arrays_predict_what_scikit_learn_predicts(leaves):
    table, km, _ = lessons(400)
    target = r.five_hits(km)
    settings = r.BOOSTING | {"max_iter": 40, "max_leaf_nodes": leaves, "min_samples_leaf": 20}
    model = HistGradientBoostingRegressor(**settings, random_state=3).fit(table, target)
    trees = r.Trees.from_sklearn(model, table[:1])
    other = np.concatenate([table, 3 * lessons(50, seed=1)[0]])
    assert np.abs(trees(other) - model.predict(other)).max() < 1e-12
    again = r.Trees.from_arrays(trees.arrays())
    assert np.array_equal(again(other), trees(other))
    assert trees(other[:0]).shape == (0,)


def test_rows_that_lie_on_a_threshold_go_where_scikit_learn_sends_them():
    table = np.repeat(np.arange(6, dtype=np.float32), 50)[:, None]
    target = (table[:, 0] >= 3).astype(float)
    settings = r.BOOSTING | {"max_iter": 5, "min_samples_leaf": 5}
    model = HistGradientBoostingRegressor(**settings).fit(table, target)
    trees = r.Trees.from_sklearn(model, table[:1])
    cuts = np.unique(trees.threshold)[:, None]
    assert np.allclose(trees(cuts), model.predict(cuts), atol=1e-12)


def test_a_block_of_rows_changes_nothing(monkeypatch):
    table, km, photo = lessons()
    trees = r.Trees.grow(table, r.five_hits(km), max_iter=5, min_samples_leaf=20)
    whole = trees(table)
    monkeypatch.setattr(r, "BLOCK", 7)
    assert np.array_equal(trees(table), whole)


def test_the_order_loss_by_hand():
    score = torch.tensor([[2.0, 0.0, 1.0]])
    target = torch.tensor([[1.0, 0.5, 0.5]])
    there = torch.ones(1, 3, dtype=torch.bool)
    pairs = [(2.0 - 0.0, 0.5), (2.0 - 1.0, 0.5)]  # the two that are equally good are no pair
    by_hand = sum(w * np.log1p(np.exp(-gap)) for gap, w in pairs) / sum(w for _, w in pairs)
    assert float(r.order_loss(score, target, there)) == pytest.approx(by_hand)
    upside_down = r.order_loss(-score, target, there)
    assert float(upside_down) > by_hand


def test_the_order_loss_leaves_out_candidates_that_do_not_exist():
    there = torch.tensor([[True, True, False]])
    target = torch.tensor([[1.0, 0.0, 0.5]])
    score = torch.tensor([[1.0, 0.0, -np.inf]], requires_grad=True)
    loss = r.order_loss(score, target, there)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(np.log1p(np.exp(-1)))
    assert torch.isfinite(score.grad).all() and score.grad[0, 2] == 0


def test_the_attention_ranker_knows_no_order_of_rows_and_no_empty_rows():
    torch.manual_seed(0)
    model, table = r.AttentionRanker(4).eval(), torch.randn(2, 5, 4)
    there = torch.ones(2, 5, dtype=torch.bool)
    with torch.no_grad():
        score = model(table, there)
        order = torch.tensor([3, 1, 4, 0, 2])
        assert torch.allclose(model(table[:, order], there), score[:, order], atol=1e-5)
        there[:, 3:] = False
        fewer = model(table, there)
        assert torch.allclose(fewer[:, :3], model(table[:, :3], there[:, :3]), atol=1e-5)
        assert not torch.allclose(fewer[:, :3], score[:, :3], atol=1e-3)  # the others do count
    assert (fewer[:, 3:] == -np.inf).all()


def test_attention_is_torchs_own():
    torch.manual_seed(1)
    block = r._Block(8, 2).eval()
    own = torch.nn.MultiheadAttention(8, 2, batch_first=True).eval()
    own.in_proj_weight.data, own.in_proj_bias.data = block.asks.weight.data, block.asks.bias.data
    own.out_proj.load_state_dict(block.out.state_dict())
    rows, there = torch.randn(3, 5, 8), torch.rand(3, 5) < 0.7
    there[:, 0] = True
    with torch.no_grad():
        seen = block.before(rows)
        between = rows + own(seen, seen, seen, key_padding_mask=~there, need_weights=False)[0]
        wanted = between + block.alone(block.between(between))
        assert torch.allclose(block(rows, there), wanted, atol=1e-5)


def test_both_rankers_learn_what_follows_from_their_columns():
    table, km, photo = lessons(150)
    other, far, of = lessons(60, seed=5)
    wanted = r.nearness(km)
    settings = {"max_iter": 60, "min_samples_leaf": 10}
    trees = r.Trees.grow(table, wanted, **settings)
    attention = r.train_attention(table, wanted, photo, course=r.Course(epochs=12, batch=16))
    nearest = [far[rows].argmin() for rows in r.by_photo(of)]
    for score in (trees(other), r.attention_scores(attention, other, of)):
        best = [score[rows].argmax() for rows in r.by_photo(of)]
        assert np.mean(np.equal(best, nearest)) > 0.7


def test_training_again_gives_the_same_ranker_and_leaves_the_generator_alone():
    table, km, photo = lessons(20)
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    course = r.Course(epochs=2)
    one, two = (r.train_attention(table, r.five_hits(km), photo, course=course) for _ in range(2))
    assert torch.rand(1) == expected
    assert np.array_equal(
        r.attention_scores(one, table, photo), r.attention_scores(two, table, photo)
    )


def test_rows_are_gathered_by_photo():
    rows = r.by_photo([5, 2, 5, 5, 2, 9])
    assert rows.tolist() == [[1, 4, -1], [0, 2, 3], [5, -1, -1]]


def test_a_photographer_is_in_one_fold_and_folds_are_of_equal_size():
    authors = np.repeat([f"author {n}" for n in range(50)], 4)
    fold = r.folds(authors)
    assert all(len(set(fold[authors == name])) == 1 for name in set(authors))
    assert np.bincount(fold).tolist() == [40] * 5


def test_a_fold_is_scored_by_a_ranker_that_never_saw_it():
    photo = np.repeat(np.arange(10), 3)
    table, fold = photo[:, None].astype(np.float32), np.repeat(np.arange(5), 6)
    saw = []

    def fit(table, target, photo):
        saw.append(set(photo.tolist()))
        return lambda rows, photo: np.full(len(rows), len(saw) - 1.0)

    score = r.cross_fitted(fit, table, photo.astype(float), photo, fold)
    assert np.array_equal(score, fold)
    assert all(not saw[k] & set(photo[fold == k].tolist()) for k in range(5))
