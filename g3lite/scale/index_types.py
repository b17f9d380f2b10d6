"""Kinds of index: what each costs in memory and time, and what it misses.

All search by inner product, and FAISS does the work. `KINDS` names some of its factory strings,
`measure` compares kinds on given vectors, `predict_bytes` says how large one will be.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable

import faiss
import numpy as np
import pandas as pd
from tqdm.auto import tqdm

SLICE = 16_384
"""Vectors that are in memory at a time when they come from disk."""

KINDS: dict[str, str] = {
    "exact": "Flat",
    "half": "SQfp16",
    "sq8": "SQ8",
    "hnsw": "HNSW32,Flat efSearch=128",
    "ivf": "IVF{lists},Flat nprobe={probes}",
    "ivf-sq8": "IVF{lists},SQ8 nprobe={probes}",
    "pq": "PQ{eighth}x8np",
    "opq": "OPQ{sixteenth}_{quarter},PQ{sixteenth}x8np",
    "pq-reranked": "PQ{sixteenth}x8np,Refine(SQ8) k_factor_rf=8",
    "pca": "PCA{fifth},SQ8",
}
"""Names of kinds -> FAISS factory strings, each with its search settings after a space.

`factory` fills in the braces: `lists` and `probes` by the number of vectors, the others are
fractions of their length d. Wherever a kind is asked for, such a string will do as well.

For G3's vectors try "pca" first: their three parts come from one image feature, so a fifth of the
dimensions holds nearly all of them (measured on MiniEarth by `benchmarks/index.py`; its recall
falls as the gallery grows).

Unlike FAISS's own, a leading "PCA64," does not shift the vectors, which would change the order of
inner products; everything after it, a re-ranking store too, works on the reduced vectors. The "np"
of a plain PQ spares it polysemous training, nearly all of FAISS's time and of no use to a search.
"""


# ---------------------------------------------------------------------------------------- building


def factory(kind: str, d: int, n: int) -> str:
    """The factory string, with search settings, of a kind for n vectors of d numbers.

    IVF gets up to 4 sqrt(n) lists, a power of two with at least 39 vectors each (FAISS's minimum
    for training), and looks into one of 16 when it searches, but into 8 at least.
    """
    lists = 2 ** int(math.log2(max(1.0, min(4 * math.sqrt(n), n / 39))))
    parts = {"quarter": 4, "eighth": 8, "sixteenth": 16}
    sizes = {name: max(1, d // divisor) for name, divisor in parts.items()}
    sizes["fifth"] = 16 * round(d / 80) or max(1, d // 5)  # FAISS is fast at multiples of 16
    return KINDS.get(kind, kind).format(lists=lists, probes=max(8, lists // 16), **sizes)


def new_index(kind: str, d: int, n: int) -> faiss.Index:
    """The untrained, empty FAISS index of a kind for about n vectors, with its search settings.

    Raises:
        ValueError: FAISS does not know the kind, or it does not suit d.
    """
    description, _, settings = factory(kind, d, n).partition(" ")
    pca = re.fullmatch(r"PCA(\d+),(.+)", description)
    reduced, rest = (int(pca[1]), pca[2]) if pca else (d, description)
    if reduced > d:
        raise ValueError(f"{description}: vectors of {d} numbers have no {reduced} principal axes")
    try:
        index = faiss.index_factory(reduced, rest, faiss.METRIC_INNER_PRODUCT)
        if pca:
            index = faiss.IndexPreTransform(faiss.LinearTransform(d, reduced, False), index)
        if settings:
            faiss.ParameterSpace().set_index_parameters(index, settings)
    except RuntimeError as error:
        raise ValueError(
            f"FAISS cannot make {description!r} for vectors of {d} numbers ({error}); "
            f"kinds with a name: {', '.join(KINDS)}"
        ) from error
    return index


def train(index: faiss.Index, vectors: np.ndarray, seed: int = 0) -> None:
    """Train an index on (n, d) vectors, or on as large a random sample as FAISS makes use of.

    Vectors may be mapped from disk (`np.memmap`), float16 ones too: only the sample is read.
    """
    if index.is_trained:
        return
    n, ivf = len(vectors), inverted_file(index)
    size = min(n, max(65_536, 64 * ivf.nlist if ivf else 0))
    rows = np.sort(np.random.default_rng(seed).choice(n, size, replace=False))
    sample = np.ascontiguousarray(vectors[rows], dtype=np.float32)
    if isinstance(index, faiss.IndexPreTransform):
        first = faiss.downcast_VectorTransform(index.chain.at(0))
        if type(first) is faiss.LinearTransform:  # the axes of the most energy, about the origin
            _, axes = np.linalg.eigh((sample.T @ sample).astype(np.float64))
            axes = axes[:, ::-1][:, : first.d_out].T.astype(np.float32)
            faiss.copy_array_to_vector(axes.ravel(), first.A)
            first.is_trained = True
            first.set_is_orthonormal()
    index.train(sample)


def build(vectors: np.ndarray, kind: str, seed: int = 0) -> faiss.Index:
    """The index of a kind, trained on (n, d) vectors and holding them.

    Vectors that are mapped from disk (`np.memmap` of float32 or float16) never are in memory: it
    holds the sample of the training or `SLICE` of them, and the index.
    """
    index = new_index(kind, vectors.shape[1], len(vectors))
    train(index, vectors, seed)
    size = SLICE if isinstance(vectors, np.memmap) else max(1, len(vectors))
    for start in range(0, len(vectors), size):
        index.add(np.ascontiguousarray(vectors[start : start + size], dtype=np.float32))
    return index


def inverted_file(index: faiss.Index) -> faiss.IndexIVF | None:
    """The IVF index that answers the searches, if there is one."""
    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexPreTransform):
        return inverted_file(index.index)
    return index if isinstance(index, faiss.IndexIVF) else None


# --------------------------------------------------------------------------------------- measuring


def recall(found: np.ndarray, exact: np.ndarray) -> float:
    """Mean over queries of |found and exact| / k; both are rows (q, k) of the same gallery."""
    if found.shape != exact.shape:
        raise ValueError(f"found {found.shape} and exact {exact.shape} differ in shape")
    both = [np.intersect1d(a, b).size for a, b in zip(found, exact, strict=True)]
    return float(np.mean(both)) / exact.shape[1]


def measure(
    vectors: np.ndarray,
    queries: np.ndarray,
    kinds: Iterable[str],
    k: int = 15,
    seed: int = 0,
    progress: bool = True,
) -> pd.DataFrame:
    """Build an index of each kind and measure it, with as many threads as FAISS has now.

    Args:
        vectors, queries: (n, d) and (q, d).
        kinds: keys of `KINDS` or factory strings. (OPQ trains for minutes on 20,000 vectors.)
        k: neighbours that are compared with the exact ones.
        seed: of the training sample.
        progress: show a progress bar.

    Returns:
        One row per kind: kind; factory; recall of the k most similar, and recall_dissimilar;
        queries_per_s; bytes_per_photo with everything counted, and of_exact, their ratio to 4 d;
        fixed_bytes, the part of the whole index that does not grow with n; build_s with training.
    """
    vectors, queries = (np.ascontiguousarray(v, dtype=np.float32) for v in (vectors, queries))
    n, d = vectors.shape
    if not 1 <= k <= n:
        raise ValueError(f"k = {k} neighbours of {n} vectors; choose 1 to that")
    near, far = (
        faiss.knn(sought, vectors, k, metric=faiss.METRIC_INNER_PRODUCT)[1]
        for sought in (queries, -queries)
    )
    rows = []
    for kind in tqdm(list(kinds), desc="kinds", disable=not progress):
        start = time.perf_counter()
        index = build(vectors, kind, seed)
        build_s = time.perf_counter() - start
        found, seconds = _timed_search(index, queries, k)
        total = serialised_bytes(index)
        rows.append(
            {
                "kind": kind,
                "factory": factory(kind, d, n),
                "recall": recall(found, near),
                "recall_dissimilar": recall(index.search(-queries, k)[1], far),
                "queries_per_s": len(queries) / seconds,
                "bytes_per_photo": total / n,
                "of_exact": total / (4 * n * d),
                "fixed_bytes": _fixed_bytes(index),
                "build_s": build_s,
            }
        )
    return pd.DataFrame(rows)


def _timed_search(index: faiss.Index, queries: np.ndarray, k: int) -> tuple[np.ndarray, float]:
    """The rows found, and the seconds of the fastest of some searches."""
    seconds: list[float] = []
    while len(seconds) < 2 or sum(seconds) < 0.3:
        start = time.perf_counter()
        _, rows = index.search(queries, k)
        seconds.append(time.perf_counter() - start)
    return rows, min(seconds)


def serialised_bytes(index: faiss.Index) -> int:
    """The bytes of an index on disk, counted without writing or keeping them."""
    sizes: list[int] = []
    faiss.write_index(index, faiss.PyCallbackIOWriter(lambda data: sizes.append(len(data))))
    return sum(sizes)


def _fixed_bytes(index: faiss.Index) -> int:
    """The same of the index without its vectors, which are lost."""
    index.reset()
    return serialised_bytes(index)


def predict_bytes(kind: str, d: int, n: int) -> int:
    """The bytes of an index of n vectors of d numbers, in memory or on disk.

    All of it: codes, ids, graph, re-ranking store, centroids and matrices; only a few hundred bytes
    of headers are left out. The paper's gallery, exact: 4,122,119 x 2304 x 4 = 37.99e9 bytes.

    Raises:
        ValueError: FAISS cannot make the kind, or its size is not known beforehand.
    """
    return round(_bytes(new_index(kind, d, n), n))


def _bytes(index: faiss.Index, n: int) -> float:
    part = faiss.downcast_index(index)  # valid for as long as `index` is
    if isinstance(part, faiss.IndexPreTransform):
        steps = [part.chain.at(i) for i in range(part.chain.size())]
        return sum(4 * step.d_in * step.d_out for step in steps) + _bytes(part.index, n)
    if isinstance(part, faiss.IndexRefine):
        return _bytes(part.base_index, n) + _bytes(part.refine_index, n)
    if isinstance(part, faiss.IndexHNSW):
        m = part.hnsw.nb_neighbors(1)
        links = 2 * m + m / (m - 1)  # on the ground, and above it, where one in m photos is
        return (4 * links + 12) * n + _bytes(part.storage, n)
    if isinstance(part, faiss.IndexIVF):
        lists = _bytes(part.quantizer, part.nlist) + 8 * part.nlist
        return lists + _codebook_bytes(part) + (part.code_size + 8) * n
    return _codebook_bytes(part) + part.code_size * n


def _codebook_bytes(index: faiss.Index) -> int:
    """What it takes to read the codes of an index."""
    if isinstance(index, faiss.IndexPQ | faiss.IndexIVFPQ):
        return 4 * index.pq.d * index.pq.ksub
    if isinstance(index, faiss.IndexScalarQuantizer | faiss.IndexIVFScalarQuantizer):
        sq = faiss.ScalarQuantizer
        return 8 * index.d if index.sq.qtype in (sq.QT_8bit, sq.QT_6bit, sq.QT_4bit) else 0
    if isinstance(index, faiss.IndexFlat | faiss.IndexIVFFlat):
        return 0
    raise ValueError(f"the size of {type(index).__name__} is not known beforehand; measure it")
