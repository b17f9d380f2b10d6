"""Which candidate is near the truth: two rankers that learn it, and what they are told to learn.

Both read the `features` of a photo's candidates. `Trees` look at one candidate at a time, and know
of the others what the features say of them. `AttentionRanker` looks at all candidates of a photo
together and learns from their order alone (as Jia et al., "GeoRanker", NeurIPS 2025, do with a
large model).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional

from g3lite.evaluation import THRESHOLDS_KM, geoscore

BLOCK = 4_096
"""Candidates that go down the trees at a time."""

# ---------------------------------------------------------------------------------- the targets


def five_hits(km: ArrayLike) -> np.ndarray:
    """The mean of the five hits at these distances: 1 within 1 km, 0.8 within 25 km, ..., 0.

    It is the primary outcome itself, one photo at a time.
    """
    return (np.asarray(km)[..., None] <= np.array(THRESHOLDS_KM)).mean(axis=-1)


def nearness(km: ArrayLike) -> np.ndarray:
    """The GeoScore at these distances as a share of its highest: exp(-d / 1492.7 km)."""
    return geoscore(km) / 5000


TARGETS: dict[str, Callable[[ArrayLike], np.ndarray]] = {
    "five hits": five_hits,
    "GeoScore": nearness,
}

# ------------------------------------------------------------------------------------ the trees

BOOSTING = {
    "max_iter": 300, "learning_rate": 0.05, "max_leaf_nodes": 15, "min_samples_leaf": 100,
    "max_features": 0.5, "l2_regularization": 1.0, "early_stopping": False,
}  # fmt: skip
"""Settings of scikit-learn's `HistGradientBoostingRegressor`."""


@dataclass(frozen=True, eq=False)
class Trees:
    """Regression trees that were grown one after another, each on what the others left over.

    scikit-learn grows them; what remains of them here is plain arrays, so that a file with them
    holds numbers and nothing that runs.

    Attributes:
        start: what is predicted before the first tree.
        feature: int64 (trees, nodes), the column that a node looks at.
        threshold: float64 (trees, nodes); a row with at most this goes to the left.
        left, right: int64 (trees, nodes), the nodes below; a leaf points at itself.
        value: float64 (trees, nodes), what a leaf adds.
        depth: the longest way from a root to a leaf.
    """

    start: float
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    depth: int

    def __call__(self, table: np.ndarray) -> np.ndarray:
        """The prediction (n,) for each row of a table (n, features)."""
        blocks = [self._predict(table[start : start + BLOCK])
                  for start in range(0, len(table), BLOCK)]  # fmt: skip
        return np.concatenate([*blocks, np.empty(0)])

    def _predict(self, table: np.ndarray) -> np.ndarray:
        row = np.arange(len(table))[:, None]
        tree = np.arange(len(self.feature))
        node = np.zeros((len(table), len(tree)), dtype=np.int64)  # (n, trees): all at the roots
        for _ in range(self.depth):
            to_the_left = table[row, self.feature[tree, node]] <= self.threshold[tree, node]
            node = np.where(to_the_left, self.left[tree, node], self.right[tree, node])
        return self.start + self.value[tree, node].sum(axis=1)

    @classmethod
    def grow(cls, table: np.ndarray, target: np.ndarray, seed: int = 0, **settings: Any) -> Trees:
        """Trees that predict the target (n,) from a table (n, features) without NaN."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        model = HistGradientBoostingRegressor(**BOOSTING | settings, random_state=seed)
        return cls.from_sklearn(model.fit(table, target), table[:1])

    @classmethod
    def from_sklearn(cls, model: Any, row: np.ndarray) -> Trees:
        """Those of a fitted `HistGradientBoostingRegressor`; `row` (1, features) is any row.

        scikit-learn has no public way to its trees; this reads the arrays that its own prediction
        reads, and a test holds both against each other.
        """
        grown = [step[0].nodes for step in model._predictors]
        shape = (len(grown), max(map(len, grown)))
        parts = {name: np.zeros(shape, dtype=kind) for name, kind in _FIELDS.items()}
        here = np.arange(shape[1])
        for number, nodes in enumerate(grown):
            leaf, n = nodes["is_leaf"].astype(bool), len(nodes)
            parts["feature"][number, :n] = np.where(leaf, 0, nodes["feature_idx"])
            parts["threshold"][number, :n] = np.where(leaf, 0, nodes["num_threshold"])
            parts["left"][number, :n] = np.where(leaf, here[:n], nodes["left"])
            parts["right"][number, :n] = np.where(leaf, here[:n], nodes["right"])
            parts["value"][number, :n] = np.where(leaf, nodes["value"], 0)
        depth = int(max(nodes["depth"].max() for nodes in grown))
        without = cls(0.0, **parts, depth=depth)
        return cls(float(model.predict(row)[0] - without(row)[0]), **parts, depth=depth)

    def arrays(self) -> dict[str, np.ndarray]:
        """All of it as arrays, small enough for a file."""
        small = {name: getattr(self, name).astype(kind) for name, kind in _SMALL.items()}
        return small | {"start": np.float64(self.start), "depth": np.int64(self.depth)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Trees:
        """What `arrays` returned."""
        parts = {name: np.asarray(arrays[name]).astype(kind) for name, kind in _FIELDS.items()}
        return cls(float(arrays["start"]), **parts, depth=int(arrays["depth"]))


_FIELDS = {"feature": np.int64, "threshold": np.float64, "left": np.int64, "right": np.int64,
           "value": np.float64}  # fmt: skip
_SMALL = _FIELDS | {"feature": np.int16, "left": np.int16, "right": np.int16}

# ---------------------------------------------------------------------------- the attention ranker


class _Block(nn.Module):
    """Candidates look at each other, then each thinks for itself."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.asks = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.alone = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, rows: Tensor, there: Tensor) -> Tensor:
        photos, candidates, width = rows.shape
        query, key, value = (
            part.reshape(photos, candidates, self.heads, -1).transpose(1, 2)  # (p, h, c, d)
            for part in self.asks(self.before(rows)).chunk(3, dim=-1)
        )
        logits = query @ key.transpose(2, 3) / math.sqrt(width / self.heads)  # (p, h, c, c)
        logits = logits.masked_fill(~there[:, None, None], -math.inf)
        seen = (logits.softmax(dim=-1) @ value).transpose(1, 2).reshape(rows.shape)
        rows = rows + self.out(seen)
        return rows + self.alone(self.between(rows))


class AttentionRanker(nn.Module):
    """Scores the candidates of a photo together.

    Args:
        features: numbers per candidate.
        width: of the vectors that attend to each other.
        heads: of attention, a divisor of the width.
        layers: how often the candidates look at each other.
    """

    def __init__(self, features: int, width: int = 64, heads: int = 4, layers: int = 2) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("spread", torch.ones(features))
        self.embed = nn.Linear(features, width)
        self.blocks = nn.ModuleList(_Block(width, heads) for _ in range(layers))
        self.score = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 1))

    def forward(self, table: Tensor, there: Tensor) -> Tensor:
        """Scores (p, c) of features (p, c, f); `there` (p, c) says which candidates exist."""
        rows = self.embed((table - self.mean) / self.spread)
        for block in self.blocks:
            rows = block(rows, there)
        return self.score(rows)[..., 0].masked_fill(~there, -math.inf)


def order_loss(score: Tensor, target: Tensor, there: Tensor) -> Tensor:
    """How far the scores (p, c) are from standing in the order of the targets (p, c).

    Every pair of a photo's candidates counts by how much better one of them is; it costs
    log(1 + exp(s_worse - s_better)), little if the better one is well above.
    """
    both = there[:, :, None] & there[:, None]
    better_by = (target[:, :, None] - target[:, None]).clamp(min=0) * both  # (p, c, c)
    score = score.masked_fill(~there, 0.0)
    cost = functional.softplus(score[:, None] - score[:, :, None])  # of j above i, at (i, j)
    return (better_by * cost).sum() / better_by.sum().clamp(min=1e-9)


@dataclass(frozen=True)
class Course:
    """How the attention ranker is trained.

    Attributes:
        epochs: passes over all photos.
        batch: photos per step.
        rate: of AdamW at the beginning; it falls to 0 along a cosine.
        decay: of the weights.
        dropout: share of the numbers of a candidate that are left out at a step.
    """

    epochs: int = 40
    batch: int = 64
    rate: float = 1e-3
    decay: float = 0.05
    dropout: float = 0.1


def train_attention(
    table: np.ndarray, target: np.ndarray, photo: np.ndarray, seed: int = 0,
    course: Course = Course(), progress: Callable[[int, float], None] | None = None,
) -> AttentionRanker:  # fmt: skip
    """An attention ranker that has learned the order of the candidates.

    Args:
        table: float32 (n, features).
        target: (n,), higher is better.
        photo: (n,) the photo of each candidate.
        seed: of the first weights and the order of the photos.
        course: how long and how fast.
        progress: is told each epoch and its mean loss.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AttentionRanker(table.shape[1])
        model.mean.copy_(torch.from_numpy(table.mean(axis=0)))
        model.spread.copy_(torch.from_numpy(table.std(axis=0) + 1e-6))
        rows = by_photo(photo)
        there = torch.from_numpy(rows >= 0)
        features, wanted = (
            torch.from_numpy(part[rows]).float() for part in (table, np.asarray(target))
        )
        optimizer = torch.optim.AdamW(model.parameters(), course.rate, weight_decay=course.decay)
        steps = course.epochs * -(-len(rows) // course.batch)
        fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for epoch in range(course.epochs):
            total = 0.0
            for some in torch.randperm(len(rows)).split(course.batch):
                known = functional.dropout(features[some] - model.mean, course.dropout)
                score = model(known + model.mean, there[some])
                loss = order_loss(score, wanted[some], there[some])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                fall.step()
                total += float(loss.detach()) * len(some)
            if progress:
                progress(epoch, total / len(rows))
    return model.eval()


@torch.no_grad()
def attention_scores(model: AttentionRanker, table: np.ndarray, photo: np.ndarray) -> np.ndarray:
    """The scores (n,) of candidates, in the order of their rows."""
    rows, score = by_photo(photo), np.empty(len(table))
    for some in np.array_split(rows, max(1, len(rows) // 256)):
        there = some >= 0
        found = model(torch.from_numpy(table[some]), torch.from_numpy(there)).numpy()
        score[some[there]] = found[there]
    return score


# -------------------------------------------------------------------------------- rows and folds


def by_photo(photo: ArrayLike) -> np.ndarray:
    """The rows of each photo, int64 (photos, most candidates); -1 where it has fewer."""
    _, photo = np.unique(photo, return_inverse=True)
    order = np.argsort(photo, kind="stable")
    count = np.bincount(photo)
    rows = np.full((len(count), count.max(initial=0)), -1)
    rows[np.arange(rows.shape[1]) < count[:, None]] = order
    return rows


def folds(authors: ArrayLike, number: int = 5, seed: int = 0) -> np.ndarray:
    """The fold (n,) of each photo: all photos of a photographer are in one."""
    names, author = np.unique(np.asarray(authors, dtype=str), return_inverse=True)
    fold = np.random.default_rng(seed).permutation(len(names)) % number
    return fold[author]


Ranker = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Scores candidates: features (n, f) and their photos (n,) -> (n,)."""


def boosted(table: np.ndarray, target: np.ndarray, photo: np.ndarray, seed: int = 0) -> Ranker:
    """Trees that have learned the target."""
    trees = Trees.grow(table, target, seed)
    return lambda rows, photo: trees(rows)


def attentive(table: np.ndarray, target: np.ndarray, photo: np.ndarray, seed: int = 0) -> Ranker:
    """An attention ranker that has learned the order of the target."""
    model = train_attention(table, target, photo, seed)
    return lambda rows, photo: attention_scores(model, rows, photo)


def cross_fitted(
    fit: Callable[[np.ndarray, np.ndarray, np.ndarray], Ranker],
    table: np.ndarray, target: np.ndarray, photo: np.ndarray, fold: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """The score (n,) of each candidate by a ranker that saw no photo of its fold.

    Args:
        fit: makes of features (m, f), targets (m,) and photos (m,) what scores features and photos.
        table, target, photo: of all n candidates.
        fold: (n,) of each.
    """
    score = np.empty(len(table))
    for held_out in np.unique(fold):
        out = fold == held_out
        ranker = fit(table[~out], target[~out], photo[~out])
        score[out] = ranker(table[out], photo[out])
    return score
