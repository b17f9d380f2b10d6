"""Real photos go the same way as drawn ones: table, features, baselines, scores."""

import numpy as np
import pytest

from g3lite import evaluation
from g3lite.backbone import Backbone
from g3lite.baselines import retrieval
from g3lite.datasets.load import load_photos


def test_im2gps3k_goes_through_features_baselines_and_metrics(real, tmp_path, monkeypatch):
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path))
    photos = load_photos("im2gps3k", folder=real / "im2gps3k")
    assert photos.name == "im2gps3k"
    features = Backbone.load("miniclip", device="cpu").image_features(photos, progress=False)
    assert features.ids == photos.ids and not features.skipped
    assert features.vectors.shape == (len(photos), 256) and len(photos) == 240
    np.testing.assert_allclose(np.linalg.norm(features.vectors, axis=1), 1, atol=1e-5)

    # MiniCLIP has seen drawings only: this is about the way, not about the scores.
    known, asked = np.arange(120), np.arange(120, 240)
    gallery, queries = photos.take(known), photos.take(asked)
    vectors = features.vectors[asked], features.vectors[known], gallery.coordinates
    results = evaluation.evaluate(
        {
            "constant": retrieval.constant(gallery.coordinates),
            "nearest neighbour": retrieval.nearest_neighbour(*vectors),
            "[L]kNN": retrieval.lknn(*vectors),
        },
        queries.table,
        replicates=200,
    )
    shares = results.pivot(index="method", columns="metric", values="value")
    assert shares.shape == (3, 7) and (results.photos == 120).all()
    for method in shares.index:
        inside = shares.loc[method, list(evaluation.THRESHOLD_NAMES)].to_numpy(float)
        assert (np.diff(inside) >= 0).all() and 0 <= inside[0] and inside[-1] <= 1
    own = evaluation.score(queries.coordinates, queries.table)
    assert own["street"] == 1 and own["median_km"] == pytest.approx(0, abs=1e-6)
