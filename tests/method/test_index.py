"""The gallery and the kinds of index, on small random vectors."""

import hashlib
import json
import multiprocessing
import pickle
import signal
import subprocess
import sys
import time

import faiss
import numpy as np
import pandas as pd
import pytest

from g3lite.index import MANIFEST, Gallery, GalleryError, coordinates_of, hubness
from g3lite.photos import SCHEMA
from g3lite.scale import index_types

N, D, MODEL = 1000, 48, "model-a"
TRAINED = ["sq8", "hnsw", "ivf", "pq", "opq", "pq-reranked", "pca"]


def vectors_of(n, d=D, seed=0):
    """Three unit parts side by side, of points that lie near a plane of few dimensions."""
    rng = np.random.default_rng(seed)
    axes = np.random.default_rng(99).normal(size=(12, d))
    rows = rng.normal(size=(n, 12)) @ axes + 0.3 * rng.normal(size=(n, d)) + 1.5 * axes[0]
    parts = np.split(rows, 3, axis=1)
    parts = [part / np.linalg.norm(part, axis=1, keepdims=True) for part in parts]
    return np.hstack(parts).astype(np.float32)


def table_of(n, start=0):
    number = np.arange(start, start + n)
    return pd.DataFrame(
        {
            "IMG_ID": [f"photo{i}.jpg" for i in number],
            "AUTHOR": [f"author{i // 10}" for i in number],
            "LAT": number / 1000 % 90,
            "LON": -(number / 500 % 180),
            "city": [f"city{i % 7}" for i in number],
            "note": number,
        }
    )


def build(vectors, kind):
    """A gallery with an index of this kind."""
    table, index = table_of(len(vectors)), index_types.build(vectors, kind)
    return Gallery.build(table, vectors, MODEL, index, kind)


@pytest.fixture(scope="module")
def vectors():
    return vectors_of(N)


@pytest.fixture(scope="module")
def queries():
    return vectors_of(40, seed=1)


@pytest.fixture(scope="module")
def gallery(vectors):
    return Gallery.build(table_of(N), vectors, MODEL)


@pytest.fixture(scope="module")
def built(vectors):
    """An index of every kind, each built once."""
    return {kind: index_types.build(vectors, kind) for kind in index_types.KINDS}


@pytest.fixture
def saved(gallery, tmp_path):
    gallery.save(tmp_path / "gallery")
    return tmp_path / "gallery"


def entry(folder, role):
    manifest = json.loads((folder / MANIFEST).read_text())
    return folder / manifest["files"][role]["name"]


def assert_same_search(a, b, queries, k=10, rounding=1e-5):
    """The same similarities, and the same rows unless rounding may have changed some."""
    for search in ("similar", "dissimilar"):
        found, expected = (getattr(gallery, search)(queries, k) for gallery in (a, b))
        np.testing.assert_allclose(found[0], expected[0], atol=rounding)
        assert index_types.recall(found[1], expected[1]) > (0.99 if rounding > 1e-5 else 0.9999)


# ------------------------------------------------------------------------------------- searching


def test_similar_by_brute_force(gallery, vectors, queries):
    similarity, rows = gallery.similar(queries, 5)
    products = queries @ vectors.T
    assert (rows == np.argsort(-products, axis=1)[:, :5]).all()
    np.testing.assert_allclose(similarity, np.sort(products, axis=1)[:, :-6:-1], atol=1e-5)
    assert similarity.dtype == np.float32 and rows.dtype == np.int64


def test_dissimilar_equals_a_negated_index(gallery, vectors, queries):
    similarity, rows = gallery.dissimilar(queries, 15)
    negated = faiss.IndexFlatIP(D)
    negated.add(-vectors)
    products, expected = negated.search(queries, 15)
    assert (rows == expected).all()
    np.testing.assert_allclose(similarity, -products, atol=1e-6)
    assert (np.diff(similarity, axis=1) >= 0).all()


def test_rows_are_those_of_the_table(gallery, vectors):
    pick = [3, 999, 500]
    rows = gallery.similar(vectors[pick], 1)[1][:, 0]
    assert gallery.table["IMG_ID"].iloc[rows].tolist() == [f"photo{i}.jpg" for i in pick]
    assert gallery.table["note"].iloc[rows].tolist() == pick
    np.testing.assert_allclose(gallery.coordinates[rows], table_of(N)[["LAT", "LON"]].iloc[pick])
    assert gallery.ids[999] == "photo999.jpg" and len(gallery) == N and gallery.dim == D
    assert list(gallery.table)[: len(SCHEMA)] == list(SCHEMA)


@pytest.mark.parametrize("kind", ["exact", "sq8", "ivf"])
def test_the_querys_own_photographer_is_left_out(kind, vectors, built):
    gallery = Gallery(table_of(N), built[kind], MODEL, kind)
    pick = np.arange(0, N, 31)
    authors = gallery.table["AUTHOR"].iloc[pick].tolist()
    for search in (gallery.similar, gallery.dissimilar):
        _, rows = search(vectors[pick], 20, exclude_author=authors)
        assert (rows >= 0).any()
        found = gallery.table["AUTHOR"].to_numpy()[rows]
        assert not ((found == np.array(authors)[:, None]) & (rows >= 0)).any()
    everything = vectors[pick] @ vectors.T
    everything[gallery.table["AUTHOR"].to_numpy() == np.array(authors)[:, None]] = -np.inf
    expected = np.argsort(-everything, axis=1)[:, :20]
    found = gallery.similar(vectors[pick], 20, exclude_author=authors)[1]
    assert index_types.recall(found, expected) > (0.999 if kind == "exact" else 0.4)


def test_photographers_that_are_not_known(vectors):
    table = table_of(N)
    table.loc[:4, "AUTHOR"] = None
    gallery = Gallery.build(table, vectors, MODEL)
    rows = gallery.similar(vectors[:2], 3, exclude_author=[None, "nobody"])[1]
    assert rows[:, 0].tolist() == [0, 1]
    assert gallery.similar(vectors[:2], 3, exclude_author="author50")[1][:, 0].tolist() == [0, 1]
    with pytest.raises(ValueError, match="1 photographers for 2 queries"):
        gallery.similar(vectors[:2], 3, exclude_author=["author1"])


def test_near_duplicates_are_left_out(gallery, vectors):
    similarity, rows = gallery.similar(vectors[:30], 5, exclude_above=2.5)
    assert (similarity <= 2.5).all() and (rows != np.arange(30)[:, None]).all()
    products = vectors[:30] @ vectors.T
    products[products > 2.5] = -np.inf
    assert (rows == np.argsort(-products, axis=1)[:, :5]).all()


def test_where_nothing_is_left(queries):
    gallery = Gallery.build(table_of(12), vectors_of(12), MODEL)
    similarity, rows = gallery.similar(queries, 20)
    assert (rows[:, 12:] == -1).all() and np.isnan(similarity[:, 12:]).all()
    assert (np.sort(rows[:, :12], axis=1) == np.arange(12)).all()
    rows = gallery.similar(queries, 20, exclude_author="author0")[1]
    assert (np.sort(rows[:, :2], axis=1) == [10, 11]).all() and (rows[:, 2:] == -1).all()
    centre = vectors_of(12).mean(axis=0)
    similarity, rows = gallery.dissimilar(queries, 3, exclude_author="author0", centre=centre)
    assert (rows[:, 2] == -1).all() and np.isnan(similarity[:, 2]).all() and (rows[:, :2] > 9).all()


def test_the_place_of_no_photo_is_nan(gallery, vectors, queries):
    few = build(vectors, "IVF256,Flat")  # nprobe 1
    similarity, rows = few.similar(queries, 15)
    there = rows >= 0
    assert 0 < there.sum() < there.size and (np.sort(~there, axis=1) == ~there).all()
    assert (np.isnan(similarity) == ~there).all()
    where = few.coordinates_of(rows)
    assert where.shape == (40, 15, 2) and (np.isnan(where).all(axis=2) == ~there).all()
    np.testing.assert_array_equal(where[there], few.coordinates[rows[there]])
    rows = gallery.similar(queries, 5)[1]
    np.testing.assert_array_equal(gallery.coordinates_of(rows), gallery.coordinates[rows])
    np.testing.assert_array_equal(coordinates_of(rows[0], gallery.coordinates),
                                  gallery.coordinates[rows[0]])  # fmt: skip
    assert np.isnan(coordinates_of(np.int64(-1), gallery.coordinates)).tolist() == [True, True]


def test_bad_queries_are_refused(gallery, queries):
    with pytest.raises(ValueError, match=r"\(40, 47\).*\(q, 48\)"):
        gallery.similar(queries[:, 1:], 3)
    with pytest.raises(ValueError, match=r"query\[None\]"):
        gallery.dissimilar(queries[0], 3)
    with pytest.raises(ValueError, match="query 7 holds"):
        gallery.similar(np.where(np.arange(40)[:, None] == 7, np.nan, queries), 3)
    with pytest.raises(ValueError, match="k = 0"):
        gallery.similar(queries, 0)


# ------------------------------------------------------------------------------------------ hubs


def with_hubs(n=2000, q=300, hubs=5, d=D):
    """Vectors that share a direction, but for a few that point away from it."""
    rng = np.random.default_rng(3)
    rows = 0.25 * rng.normal(size=(n + q, d))
    rows[:, 0] += 1.0
    rows[:hubs, 0] -= 1.5
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows[:n].astype(np.float32), rows[n:].astype(np.float32)


def test_hubness_by_hand():
    rows = np.array([[0, 1], [0, 2], [0, 3], [4, -1]])
    found = hubness(rows, 6)
    assert (found.row, found.share) == (0, 3 / 4)
    assert found.skewness == pytest.approx(pd.Series([3, 1, 1, 1, 1, 0]).skew() * 4 / 30**0.5)
    assert hubness(np.arange(6).reshape(3, 2), 6).skewness == 0


@pytest.mark.parametrize("kind", ["exact", "sq8", "PCA44,SQ8", "IVF8,Flat nprobe=8"])
def test_a_centre_takes_the_hubs_out_of_the_dissimilar(kind):
    vectors, queries = with_hubs()
    gallery = build(vectors, kind)
    _, rows = gallery.dissimilar(queries, 5)
    _, spread = gallery.dissimilar(queries, 5, centre=vectors.mean(axis=0))
    before, after = hubness(rows, len(gallery)), hubness(spread, len(gallery))
    assert before.share > 0.5 and after.share < before.share / 2
    assert after.skewness < before.skewness / 2
    similarity = queries @ vectors.T
    taken = np.take_along_axis(similarity, spread, axis=1)
    assert taken.mean() < np.median(similarity)  # still dissimilar


def test_with_a_centre_the_search_is_one_with_the_centred_query(gallery, vectors, queries):
    centre = vectors_of(1, seed=5)[0]
    similarity, rows = gallery.dissimilar(queries, 8, centre=centre)
    expected = (queries - centre) @ vectors.T
    assert index_types.recall(rows, np.argsort(expected, axis=1)[:, :8]) > 0.999
    np.testing.assert_allclose(similarity, np.sort(expected, axis=1)[:, :8], atol=1e-5)
    with pytest.raises(ValueError, match=r"the centre has shape \(1, 48\), expected \(48,\)"):
        gallery.dissimilar(queries, 8, centre=centre[None])


# --------------------------------------------------------------------------- building and adding


def test_bad_galleries_are_refused(vectors):
    table = table_of(N)
    with pytest.raises(ValueError, match="999 rows in the table but 1000 vectors"):
        Gallery.build(table[:-1], vectors, MODEL)
    with pytest.raises(ValueError, match="'photo5.jpg' occurs more than once"):
        Gallery.build(table.replace("photo6.jpg", "photo5.jpg"), vectors, MODEL)
    with pytest.raises(ValueError, match="row 4 of the table has no IMG_ID"):
        Gallery.build(table.replace("photo4.jpg", None), vectors, MODEL)
    with pytest.raises(ValueError, match="lacks AUTHOR, LON"):
        Gallery.build(table.drop(columns=["AUTHOR", "LON"]), vectors, MODEL)
    with pytest.raises(ValueError, match="latitude 95 in row 3"):
        Gallery.build(table.assign(LAT=[0, 0, 0, 95, *[0] * (N - 4)]), vectors, MODEL)
    with pytest.raises(ValueError, match="vector 2 holds a number that is not finite"):
        Gallery.build(table, np.where(np.arange(N)[:, None] == 2, np.inf, vectors), MODEL)
    with pytest.raises(ValueError, match=r"shape \(1000,\)"):
        Gallery.build(table, vectors[:, 0], MODEL)
    with pytest.raises(ValueError, match=r"999 vectors of 48 numbers, not those of shape \(1000, "):
        Gallery.build(table, vectors, MODEL, index_types.build(vectors[:-1], "exact"))
    other = faiss.IndexFlatL2(D)
    other.add(vectors)
    with pytest.raises(ValueError, match="another metric than the inner product"):
        Gallery.build(table, vectors, MODEL, other)


def test_an_index_names_itself_where_nobody_does(vectors):
    index = index_types.build(vectors, "sq8")
    assert Gallery.build(table_of(N), vectors, MODEL).kind == "exact"
    assert Gallery.build(table_of(N), vectors, MODEL, index).kind == "IndexScalarQuantizer"


@pytest.mark.parametrize("kind", ["exact", *TRAINED])
def test_add(kind, vectors, queries):
    gallery = build(vectors, kind)
    more = vectors_of(50, seed=2)
    gallery.add(table_of(50, start=N), more, MODEL)
    assert len(gallery) == gallery.index.ntotal == N + 50 and gallery.ids[-1] == "photo1049.jpg"
    found = gallery.similar(more, 5)[1]
    assert (found == np.arange(N, N + 50)[:, None]).any(axis=1).mean() > 0.8
    if kind == "exact":
        both = Gallery.build(table_of(N + 50), np.vstack([vectors, more]), MODEL)
        assert_same_search(gallery, both, queries)


def test_what_cannot_be_added_leaves_the_gallery_alone(vectors, queries):
    gallery = Gallery.build(table_of(N), vectors, MODEL)
    more = vectors_of(3, seed=2)
    with pytest.raises(ValueError, match="1 of 3 photos are in the gallery already.*'photo999"):
        gallery.add(table_of(3, start=N - 1), more)
    with pytest.raises(ValueError, match="'photo1000.jpg' occurs more than once"):
        gallery.add(table_of(3, start=N).replace("photo1001.jpg", "photo1000.jpg"), more)
    with pytest.raises(ValueError, match="come from 'model-b', the gallery's from 'model-a'"):
        gallery.add(table_of(3, start=N), more, model="model-b")
    with pytest.raises(ValueError, match=r"shape \(3, 47\)"):
        gallery.add(table_of(3, start=N), more[:, 1:])
    with pytest.raises(ValueError, match="2 rows in the table but 3 vectors"):
        gallery.add(table_of(2, start=N), more)
    assert len(gallery) == gallery.index.ntotal == N


# ----------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("mmap", [False, True])
@pytest.mark.parametrize("kind", ["exact", "half", *TRAINED, "ivf-sq8"])
def test_round_trip(kind, mmap, built, tmp_path, queries):
    gallery = Gallery(
        Gallery.build(table_of(N), vectors_of(N), MODEL).table, built[kind], MODEL, kind
    )
    gallery.save(tmp_path)
    back = Gallery.load(tmp_path, MODEL, mmap=mmap)
    pd.testing.assert_frame_equal(back.table, gallery.table)
    assert (back.model, back.kind, back.dim, len(back)) == (MODEL, kind, D, N)
    assert_same_search(back, gallery, queries)
    if mmap:
        with pytest.raises(ValueError, match="load it with mmap=False"):
            back.add(table_of(1, start=N), vectors_of(1))
    else:
        back.add(table_of(1, start=N), vectors_of(1, seed=8))
        back.save(tmp_path)
        assert len(Gallery.load(tmp_path)) == N + 1
        assert len(list(tmp_path.iterdir())) == 3


def test_faiss_reads_the_exact_file_as_its_own(saved, vectors, queries, gallery):
    index = faiss.read_index(str(entry(saved, "index")))
    assert type(index) is faiss.IndexFlatIP and index.ntotal == N
    assert (index.reconstruct_n(0, N) == vectors).all()
    faiss.write_index(index, str(saved / "again.faiss"))
    assert (saved / "again.faiss").read_bytes() == entry(saved, "index").read_bytes()


def test_the_manifest_says_what_is_there(saved):
    manifest = json.loads((saved / MANIFEST).read_text())
    about = {name: manifest[name] for name in ("model", "kind", "dimensions", "photos", "version")}
    assert about == {"model": MODEL, "kind": "exact", "dimensions": D, "photos": N, "version": 1}
    assert all(len(file["sha256"]) == 64 for file in manifest["files"].values())


@pytest.mark.parametrize("role", ["index", "table"])
def test_a_changed_file_is_refused(saved, role):
    path = entry(saved, role)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(GalleryError, match=f"{path.name} was changed: its SHA-256"):
        Gallery.load(saved)
    path.write_bytes(data[:-100])
    with pytest.raises(GalleryError, match=rf"{path.name} has \d+ bytes, not \d+"):
        Gallery.load(saved, verify=False)
    path.unlink()
    with pytest.raises(GalleryError, match=f"{path.name} is missing"):
        Gallery.load(saved)


def test_a_changed_manifest_is_refused(saved, tmp_path):
    path = saved / MANIFEST
    good = json.loads(path.read_text())
    path.write_text(json.dumps(good)[:-30])
    with pytest.raises(GalleryError, match=f"{MANIFEST} cannot be read"):
        Gallery.load(saved)
    path.write_text(json.dumps({**good, "kind": "hnsw"}))
    with pytest.raises(GalleryError, match="not that of its other entries"):
        Gallery.load(saved)
    path.write_text(json.dumps({**good, "photos": N - 1}))
    rehash(saved)
    with pytest.raises(GalleryError, match="manifest 999, index 1000, table 1000"):
        Gallery.load(saved)
    path.write_text(json.dumps({**good, "dimensions": D + 1}))
    rehash(saved)
    with pytest.raises(GalleryError, match="not one of 49 numbers"):
        Gallery.load(saved)
    path.write_text(json.dumps({**good, "version": 2}))
    with pytest.raises(GalleryError, match="of version 2, this package reads 1"):
        Gallery.load(saved)
    path.write_text(json.dumps({name: value for name, value in good.items() if name != "model"}))
    with pytest.raises(GalleryError, match="lacks model"):
        Gallery.load(saved)
    with pytest.raises(GalleryError, match="holds no manifest.json"):
        Gallery.load(tmp_path / "nowhere")


def test_another_models_gallery_is_refused(saved):
    assert Gallery.load(saved, model=MODEL).model == MODEL
    with pytest.raises(GalleryError, match="come from 'model-a', the queries from 'model-b'"):
        Gallery.load(saved, model="model-b")


def rehash(folder):
    """Make the manifest agree with the files as they are now."""
    manifest = json.loads((folder / MANIFEST).read_text())
    for file in manifest["files"].values():
        path = folder / file["name"]
        digest = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True)
        file.update(bytes=path.stat().st_size, sha256=digest.stdout[:64])
    del manifest["sha256"]
    digest = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps({**manifest, "sha256": digest}))


def test_parts_of_different_galleries_are_refused(saved, vectors, tmp_path):
    table = pd.read_parquet(entry(saved, "table"))
    table[:-1].to_parquet(entry(saved, "table"))
    rehash(saved)
    with pytest.raises(GalleryError, match="manifest 1000, index 1000, table 999"):
        Gallery.load(saved)
    pd.concat([table[:-1], table[:1]]).to_parquet(entry(saved, "table"))
    rehash(saved)
    with pytest.raises(GalleryError, match="'photo0.jpg' occurs more than once"):
        Gallery.load(saved)
    table.drop(columns="LAT").to_parquet(entry(saved, "table"))
    rehash(saved)
    with pytest.raises(GalleryError, match="the table lacks LAT"):
        Gallery.load(saved)
    table.to_parquet(entry(saved, "table"))
    for other, reason in [
        (vectors[:-1], "index 999"),
        (np.ascontiguousarray(vectors[:, 1:]), "not one of 48 numbers"),
    ]:
        faiss.write_index(index_types.build(other, "exact"), str(entry(saved, "index")))
        rehash(saved)
        with pytest.raises(GalleryError, match=reason):
            Gallery.load(saved)
    faiss.write_index(faiss.IndexFlatL2(D), str(entry(saved, "index")))
    rehash(saved)
    with pytest.raises(GalleryError):
        Gallery.load(saved)
    entry(saved, "index").write_bytes(b"IxFI")
    rehash(saved)
    with pytest.raises(GalleryError, match="cannot be used"):
        Gallery.load(saved)


# ------------------------------------------------------------------------------------ on disk


SAVE = """
import os, signal, sys
sys.path.insert(0, {tests!r})
from test_index import MODEL, N, vectors_of, table_of
from g3lite import index

name, number = {{"commit": ("sha256_file", 2), "manifest": ("write_json", 1)}}[sys.argv[1]]
function, calls = getattr(index, name), []
def dies(*arguments, **options):
    calls.append(1)
    if len(calls) == number:
        os.kill(os.getpid(), signal.SIGKILL)
    return function(*arguments, **options)
setattr(index, name, dies)
index.Gallery.build(table_of(N, start=7), vectors_of(N, seed=7), MODEL).save(sys.argv[2])
"""


@pytest.mark.slow
@pytest.mark.parametrize("where", ["commit", "manifest"])
def test_a_killed_save_leaves_the_older_gallery(where, saved, root, gallery, queries):
    script = SAVE.format(tests=str(root / "tests" / "method"))
    command = [sys.executable, "-c", script, where, str(saved)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100, cwd=root)
    assert result.returncode == -signal.SIGKILL, result.stderr
    assert len(list(saved.iterdir())) > 3
    assert_same_search(Gallery.load(saved, MODEL), gallery, queries)
    gallery.save(saved)
    assert len(list(saved.iterdir())) == 3


# ------------------------------------------------------------------------------ kinds, measured


def test_recall_by_its_definition():
    rng = np.random.default_rng(0)
    found, exact = (np.array([rng.permutation(30)[:6] for _ in range(20)]) for _ in range(2))
    expected = np.mean([len(set(a) & set(b)) / 6 for a, b in zip(found, exact, strict=True)])
    assert index_types.recall(found, exact) == pytest.approx(expected)
    assert (
        index_types.recall(exact[:, ::-1], exact) == 1
        and index_types.recall(exact * 0 - 1, exact) == 0
    )
    with pytest.raises(ValueError, match="differ in shape"):
        index_types.recall(found[:, :3], exact)


@pytest.mark.parametrize(
    "kind", [*index_types.KINDS, "IVF16,PQ6x8np", "PCA12,PQ6x4np,Refine(SQ6)", "SQ4"]
)
def test_predicted_bytes_are_the_real_ones(kind, vectors, built, tmp_path):
    index = built[kind] if kind in built else index_types.build(vectors, kind)
    Gallery(table_of(N), index, MODEL, kind).save(tmp_path)
    real = entry(tmp_path, "index").stat().st_size
    assert index_types.serialised_bytes(index) == real
    assert abs(index_types.predict_bytes(kind, D, N) - real) < 600 + 0.02 * real


def test_predicted_bytes_of_the_papers_gallery():
    assert index_types.predict_bytes("exact", 2304, 4_122_119) == 37_989_448_704
    assert index_types.predict_bytes("half", 2304, 4_122_119) == 37_989_448_704 / 2
    with pytest.raises(ValueError, match="size of IndexPQFastScan is not known"):
        index_types.predict_bytes("PQ6x4fs", D, N)


def test_unknown_kinds_are_refused(vectors):
    with pytest.raises(ValueError, match="FAISS cannot make 'fancy'.*kinds with a name: exact"):
        build(vectors, "fancy")
    with pytest.raises(ValueError, match="FAISS cannot make 'PQ7x8' for vectors of 48"):
        index_types.build(vectors, "PQ7x8")
    with pytest.raises(ValueError, match="no 64 principal axes"):
        index_types.build(vectors, "PCA64,SQ8")


def test_measure(vectors, queries):
    names = ["exact", "sq8", "PCA12,SQ4", "IVF8,Flat nprobe=8", "IVF8,Flat nprobe=1"]
    result = index_types.measure(vectors, queries, names, k=10, progress=False).set_index("kind")
    assert result.index.tolist() == names
    by_hand = {}
    for kind in names:
        rows = index_types.build(vectors, kind).search(queries, 10)[1]
        exact = np.argsort(-queries @ vectors.T, axis=1)[:, :10]
        by_hand[kind] = (
            np.mean([len(set(a) & set(b)) for a, b in zip(rows, exact, strict=True)]) / 10
        )
    assert result["recall"].to_dict() == pytest.approx(by_hand)
    assert result.loc["exact", ["recall", "recall_dissimilar"]].tolist() == [1, 1]
    assert result.loc["sq8", "recall"] > 0.9 > result.loc["IVF8,Flat nprobe=1", "recall"]
    assert result.loc["IVF8,Flat nprobe=8", "recall_dissimilar"] == 1
    assert result.loc["exact", "bytes_per_photo"] == pytest.approx(4 * D, abs=0.1)
    assert result.loc["exact", "of_exact"] == pytest.approx(1, abs=1e-3)
    assert (result["queries_per_s"] > 0).all() and (result["build_s"] > 0).all()
    photo = result.loc["PCA12,SQ4", "bytes_per_photo"] - result.loc["PCA12,SQ4", "fixed_bytes"] / N
    assert photo == pytest.approx(6)


def test_reduced_vectors_keep_the_inner_product(queries):
    """FAISS's own PCA moves the vectors, and so changes which inner product is highest."""
    shifted = vectors_of(N) * np.linspace(0.5, 1.5, N, dtype=np.float32)[:, None]
    exact = index_types.build(shifted, "exact").search(queries, 10)[1]
    ours = index_types.build(shifted, "PCA24,Flat").search(queries, 10)[1]
    theirs = faiss.index_factory(D, "PCA24,Flat", faiss.METRIC_INNER_PRODUCT)
    theirs.train(shifted)
    theirs.add(shifted)
    assert (
        index_types.recall(ours, exact)
        > 0.8
        > index_types.recall(theirs.search(queries, 10)[1], exact)
    )


# ------------------------------------------------------------------------- memory, speed, processes


def test_a_mapped_gallery_stays_on_disk(saved, gallery, queries):
    mapped = Gallery.load(saved, mmap=True)
    assert gallery.index.codes.is_owned and not mapped.index.codes.is_owned
    for found, expected in zip(
        mapped.similar(queries, 7), gallery.similar(queries, 7), strict=True
    ):
        assert (found == expected).all()


MEMORY = """
import resource, sys
sys.path.insert(0, {tests!r})
import numpy as np
from test_index import table_of
from g3lite.index import Gallery

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

small = np.random.default_rng(0).random((500, 768), dtype=np.float32)
Gallery.build(table_of(500), small, "m").similar(small, 15)  # libraries and buffers
table = table_of(60_000)
vectors = np.random.default_rng(0).random((60_000, 768), dtype=np.float32)
before = peak()
gallery = Gallery.build(table, vectors, "m")
gallery.similar(vectors[:64], 15)
gallery.save({folder!r})
print((peak() - before) / vectors.nbytes)
"""


@pytest.mark.slow
def test_the_exact_gallery_is_one_copy(tmp_path, root):
    script = MEMORY.format(tests=str(root / "tests" / "method"), folder=str(tmp_path / "g"))
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=root
    )
    assert result.returncode == 0, result.stderr
    assert float(result.stdout) < 1.3  # the index, and the table


def test_exact_search_costs_what_faiss_does():
    vectors = vectors_of(20_000, d=96)
    queries = vectors_of(200, d=96, seed=1)
    gallery = Gallery.build(table_of(len(vectors)), vectors, MODEL)
    plain = faiss.IndexFlatIP(96)
    plain.add(vectors)

    def seconds(search):
        start = time.perf_counter()
        search(queries, 15)
        return time.perf_counter() - start

    times = [(seconds(gallery.similar), seconds(plain.search)) for _ in range(15)]
    ours, theirs = (min(column) for column in zip(*times, strict=True))
    assert ours < 1.3 * theirs


def in_worker(folder, gallery, queries, answers):
    here = gallery or Gallery.load(folder)
    answers.put(here.similar(queries, 5)[1])


@pytest.mark.parametrize("kind", ["exact", "ivf"])
@pytest.mark.parametrize("method", ["fork", "fork and load", "spawn"])
def test_a_worker_process_can_search(method, kind, vectors, built, tmp_path):
    """A forked one would hang in OpenMP; FAISS therefore uses one thread there."""
    gallery = Gallery(table_of(N), built[kind], MODEL, kind)
    gallery.save(tmp_path)
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(2)
    try:
        expected = gallery.similar(vectors, 5)[1]
        context = multiprocessing.get_context(method.split()[0])
        answers = context.Queue()
        arguments = (tmp_path, None if "load" in method else gallery, vectors, answers)
        worker = context.Process(target=in_worker, args=arguments, daemon=True)
        worker.start()
        found = answers.get(timeout=60)
        worker.join(10)
        assert (found == expected).all()
        assert faiss.omp_get_max_threads() == 2  # here it is as it was
    finally:
        worker.kill()
        faiss.omp_set_num_threads(threads)


class Searches:
    """A torch data set whose items are search results."""

    def __init__(self, folder, queries):
        self.folder, self.queries = folder, queries

    def __len__(self):
        return len(self.queries)

    def __getitem__(self, i):
        if not hasattr(self, "gallery"):
            self.gallery = Gallery.load(self.folder, mmap=True, verify=False)
        return self.gallery.similar(self.queries[i : i + 1], 5)[1][0]


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_a_torch_data_loader_can_search(method, saved, gallery, queries):
    from torch.utils.data import DataLoader

    expected = gallery.similar(queries, 5)[1]
    loader = DataLoader(
        Searches(saved, queries), batch_size=20, num_workers=1,
        multiprocessing_context=method, timeout=60,
    )  # fmt: skip
    assert (np.concatenate([batch.numpy() for batch in loader]) == expected).all()


def test_a_gallery_can_be_pickled(gallery, queries, built):
    for kind in ("exact", "pca"):
        one = Gallery(gallery.table, built[kind], MODEL, kind)
        assert_same_search(pickle.loads(pickle.dumps(one)), one, queries)


def test_progress_bars(capsys, vectors, queries):
    index_types.measure(vectors, queries, ["exact"])
    assert "kinds" in capsys.readouterr().err


def test_as_many_neighbours_as_vectors_can_be_compared(vectors, queries):
    with pytest.raises(ValueError, match="k = 15 neighbours of 10 vectors"):
        index_types.measure(vectors[:10], queries, ["exact"], k=15, progress=False)
