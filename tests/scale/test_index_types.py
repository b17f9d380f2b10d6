"""Indexes of vectors that are mapped from disk."""

import numpy as np
import pytest

from g3lite.scale import index_types


@pytest.fixture
def mapped(tmp_path, monkeypatch):
    """(vectors mapped from disk, as float32 in memory, rows that were asked for at once)."""
    monkeypatch.setattr(index_types, "SLICE", 128)
    rng, asked = np.random.default_rng(0), []

    class Watched(np.memmap):
        def __getitem__(self, rows):
            asked.append(len(range(len(self))[rows]) if isinstance(rows, slice) else len(rows))
            return super().__getitem__(rows)

    def make(dtype, n=1000, d=32):
        vectors = rng.normal(size=(n, d)).astype(dtype)
        vectors.tofile(tmp_path / "vectors")
        on_disk = np.memmap(tmp_path / "vectors", dtype, "r", shape=vectors.shape)
        return on_disk.view(Watched), vectors.astype(np.float32), asked

    return make


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("kind", ["exact", "sq8", "ivf", "pca"])
def test_mapped_vectors_are_read_in_slices(mapped, dtype, kind):
    on_disk, vectors, asked = mapped(dtype)
    index = index_types.build(on_disk, kind)
    sample = [] if kind == "exact" else [1000]
    assert asked == sample + [128] * 7 + [104]
    whole = index_types.build(vectors, kind)
    assert index.ntotal == 1000
    (found, rows), (expected, exact) = index.search(vectors[:9], 5), whole.search(vectors[:9], 5)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_array_equal(rows, exact)


def test_training_reads_no_more_than_its_sample(mapped):
    on_disk, _, asked = mapped(np.float16, n=70_000, d=8)
    index_types.train(index_types.new_index("sq8", 8, 70_000), on_disk)
    assert asked == [65_536]
