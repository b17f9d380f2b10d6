"""A gallery in Milvus Lite finds what one in FAISS finds, and keeps what it was given."""

import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from small_g3 import small_g3

from g3lite import G3Error, miniearth
from g3lite.index import Gallery, GalleryError
from g3lite.photos import SCHEMA
from g3lite.scale import milvus
from g3lite.scale.milvus import MilvusGallery

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

N, D, MODEL = 600, 16, "model-a"
ODD = [
    '"',
    "\\",
    "a'b",
    'x" or AUTHOR != "y',
    '\\" or LAT > 0 or AUTHOR == \\"',
    "new\nline\r",
    "ä 漢\t",
]


def vectors_of(n, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(n, D)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def table_of(n, start=0):
    number = np.arange(start, start + n)
    return pd.DataFrame(
        {
            "IMG_ID": [f"photo{i}.jpg" for i in number],
            "AUTHOR": [None if i % 11 == 0 else (*ODD, "anna")[i % 8] for i in number],
            "LAT": number / 1000 % 90,
            "LON": -(number / 500 % 180),
            "S3_Label": pd.array([None if i % 5 == 0 else i % 3 for i in number], "Int64"),
            "Prob_urban": [np.nan if i % 4 == 0 else i / 1000 for i in number],
            "country": [("Iceland", "Côte d'Ivoire", None)[i % 3] for i in number],
        }
    )


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """The same photos in FAISS and in Milvus."""
    table, vectors = table_of(N), vectors_of(N)
    path = tmp_path_factory.mktemp("milvus") / "gallery.db"
    with MilvusGallery.create(path, D, MODEL) as store:
        assert store.add(table[:400], vectors[:400], MODEL) == 400
        assert store.add(table[400:], vectors[400:]) == 200
        yield Gallery.build(table, vectors, MODEL), store


@pytest.fixture
def own(tmp_path):
    with MilvusGallery.create(tmp_path / "own.db", D, MODEL) as store:
        yield store


QUERIES = vectors_of(30, seed=1)


def assert_same(found, expected):
    for a, b in zip(found, expected, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
    np.testing.assert_allclose(found[0], expected[0], atol=2e-6)  # NaN where NaN is
    np.testing.assert_array_equal(found[1], expected[1])


# ------------------------------------------------------------------------------- the same as FAISS


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"exclude_author": "anna"},
        {"exclude_author": "nobody"},
        {"exclude_author": [(*ODD, "anna", None)[i % 9] for i in range(30)]},
    ],
    ids=["all", "one author", "an unknown one", "each another"],
)
def test_searches_are_those_of_a_gallery(pair, options):
    gallery, store = pair
    for name in ("similar", "dissimilar"):
        expected = getattr(gallery, name)(QUERIES, 7, **options)
        assert_same(getattr(store, name)(QUERIES, 7, **options), expected)


def test_near_duplicates_and_centres_are_those_of_a_gallery(pair, monkeypatch):
    gallery, store = pair
    for most in (0.9, 0.3, -0.2, -2):
        expected = gallery.similar(gallery_vectors := vectors_of(9), 5, exclude_above=most)
        assert_same(store.similar(gallery_vectors, 5, exclude_above=most), expected)
    centre = vectors_of(N).mean(axis=0)
    expected = gallery.dissimilar(QUERIES, 5, centre=centre, exclude_author="anna")
    assert_same(store.dissimilar(QUERIES, 5, centre=centre, exclude_author="anna"), expected)
    monkeypatch.setattr(milvus, "QUERIES", 7)
    assert_same(store.similar(QUERIES, 5), gallery.similar(QUERIES, 5))


def test_a_gallery_of_few_photos_gives_no_more(pair, own):
    gallery, store = pair
    assert_same(store.similar(QUERIES[:2], N + 9), gallery.similar(QUERIES[:2], N + 9))
    rows = own.similar(QUERIES, 3)[1]
    assert (rows == -1).all() and len(own) == 0
    assert np.isnan(own.coordinates_of(rows)).all()
    assert own.add(table_of(0), vectors_of(0)) == 0
    assert [part.shape for part in own.similar(QUERIES[:0], 3)] == [(0, 3), (0, 3)]


def test_rows_are_the_photos_in_the_order_of_adding(pair):
    gallery, store = pair
    rows = store.similar(QUERIES, 4)[1]
    rows[3, 1:] = -1
    np.testing.assert_array_equal(store.coordinates_of(rows), gallery.coordinates_of(rows))
    assert store.coordinates_of(rows[0, 0]).shape == (2,)
    wanted = np.array([5, 0, 599, 5, 17])
    expected = gallery.photos(wanted)[list(SCHEMA)].reset_index(drop=True)
    pd.testing.assert_frame_equal(store.photos(wanted), expected)
    assert len(store.photos(wanted[:0])) == 0
    assert (len(store), store.dim, store.model, store.kind) == (N, D, MODEL, "milvus FLAT")
    for row in (N, -1):
        with pytest.raises(IndexError, match=f"row {row} is no photo of a gallery of 600"):
            store.photos(np.array([3, row]))


@pytest.mark.parametrize(
    ("queries", "k", "options"),
    [
        (QUERIES[0], 3, {}),
        (QUERIES[:, 1:], 3, {}),
        (QUERIES, 0, {}),
        (QUERIES * np.nan, 3, {}),
        (QUERIES, 3, {"exclude_author": ["anna"]}),
        (QUERIES, 3, {"centre": np.ones(3)}),
    ],
)
def test_bad_queries_are_refused_in_the_same_words(pair, queries, k, options):
    said = []
    for gallery in pair:
        with pytest.raises(ValueError) as error:
            gallery.dissimilar(queries, k, **options)
        said.append(str(error.value))
    assert said[0] == said[1]
    with pytest.raises(ValueError, match="at most 16384"):
        pair[1].similar(QUERIES, 16_385)


# ------------------------------------------------------------------------------------- conditions


def test_photos_of_a_country(pair):
    gallery, store = pair
    vectors, countries = vectors_of(N), gallery.table["country"]
    for wanted in ("Iceland", ["Iceland", "Côte d'Ivoire"], ["Atlantis"]):
        _, rows = store.similar(QUERIES, 5, where={"country": wanted})
        inside = np.flatnonzero(countries.isin([wanted] if isinstance(wanted, str) else wanted))
        best = inside[np.argsort(-QUERIES @ vectors[inside].T, axis=1)[:, :5]]
        np.testing.assert_array_equal(rows, best if len(inside) else -1)
    _, rows = store.dissimilar(
        QUERIES, 5, exclude_author="anna", where={"country": "Iceland", "S3_Label": [0, 1]}
    )
    photos = store.photos(rows.ravel())
    assert set(photos["country"]) == {"Iceland"} and set(photos["S3_Label"]) == {0}
    assert "anna" not in set(photos["AUTHOR"]) and photos["AUTHOR"].isna().any()
    _, rows = store.similar(QUERIES[:1], 5, where={"LON": [-0.006, np.float64(-1.0)], "LAT": 0.5})
    assert sorted(rows[0]) == [-1, -1, -1, -1, 500]


@pytest.mark.parametrize("author", ODD)
def test_nothing_in_a_value_is_read_as_a_condition(pair, author):
    gallery, store = pair
    _, rows = store.similar(QUERIES, 200, where={"AUTHOR": author})
    assert set(gallery.table["AUTHOR"].iloc[rows[rows >= 0]]) == {author}
    assert (rows[0] >= 0).sum() == (gallery.table["AUTHOR"] == author).sum()


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ({"contry": "Iceland"}, "'contry' is no column; there are IMG_ID"),
        ({'country == "Iceland" or city': "x"}, "is no column"),
        ({"country": 3}, "country is a text, and 3 is not"),
        ({"country": None}, "country is a text, and None is not"),
        ({"LAT": "0 or true"}, "LAT is a number, and '0 or true' is not"),
        ({"S3_Label": 1.5}, "S3_Label is a whole number, and 1.5 is not"),
        ({"LAT": None}, "LAT is a number, and None is not"),
        ({"LAT": np.nan}, "LAT is a number, and nan is not"),
        ({"country": []}, "country needs at least one value"),
    ],
)
def test_conditions_on_no_column_or_value_are_refused(pair, where, reason):
    with pytest.raises(ValueError, match=reason):
        pair[1].similar(QUERIES, 3, where=where)


# ----------------------------------------------------------------------------------------- adding


def test_what_is_there_is_not_added_again(own, monkeypatch):
    table, vectors = table_of(100), vectors_of(100)
    monkeypatch.setattr(milvus, "BATCH_BYTES", 4 * D * 30)
    insert, left = own._insert, [2]

    def breaks(*arguments):
        if not left[0]:
            raise GalleryError("the power is out")
        left[0] -= 1
        insert(*arguments)

    monkeypatch.setattr(own, "_insert", breaks)
    with pytest.raises(GalleryError, match=r"power is out \(60 of 100 photos were added; to go on"):
        own.add(table, vectors)
    assert len(own) == 60
    monkeypatch.setattr(own, "_insert", insert)
    assert own.add(table, vectors) == 40
    assert own.add(table, vectors) == 0 and len(own) == 100
    mixed = [3, 99, 120, 121]
    assert own.add(table_of(130).iloc[mixed], vectors_of(130)[mixed]) == 2
    assert own.photos(np.arange(102))["IMG_ID"].tolist()[97:] == [
        f"photo{i}.jpg" for i in (97, 98, 99, 120, 121)
    ]
    np.testing.assert_array_equal(
        own.similar(vectors_of(130)[mixed], 1)[1][:, 0], [3, 99, 100, 101]
    )


def test_what_cannot_be_added_leaves_the_gallery_alone(own):
    table, vectors = table_of(10), vectors_of(10)
    own.add(table, vectors)
    first, more = own.digest(), vectors_of(3, seed=5)
    with pytest.raises(ValueError, match="'photo9.jpg' is in the gallery already, with another"):
        own.add(table_of(3, start=9), more)
    with pytest.raises(ValueError, match="'photo20.jpg' occurs more than once"):
        own.add(table_of(3, start=20).replace("photo21.jpg", "photo20.jpg"), more)
    with pytest.raises(ValueError, match="come from 'b', the gallery's from 'model-a'"):
        own.add(table_of(3, start=20), more, "b")
    with pytest.raises(ValueError, match=r"shape \(3, 15\)"):
        own.add(table_of(3, start=20), more[:, 1:])
    assert len(own) == 10 and own.digest() == first
    own.add(table_of(3, start=20), more)
    assert own.digest() != first
    own.client.delete(own.name, filter="row in [4]")
    with pytest.raises(GalleryError, match="the rows of 'gallery' have gaps"):
        own.add(table_of(3, start=30), vectors_of(3, seed=6))


@pytest.mark.slow
def test_a_search_sees_what_was_added_while_others_add(own):
    table, vectors = table_of(400), vectors_of(400)
    errors, seen, adding = [], [], True

    def read():
        while adding:
            try:
                before = len(own)
                similarity, rows = own.similar(vectors, 1)
                known = rows[:before, 0] == np.arange(before)
                seen.append(before)
                assert known.all() and np.allclose(similarity[:before], 1, atol=1e-5)
            except BaseException as error:
                errors.append(error)
                return

    reader = threading.Thread(target=read)
    reader.start()
    for start in range(0, 400, 25):
        own.add(table[start : start + 25], vectors[start : start + 25])
        _, rows = own.similar(vectors[start : start + 25], 1)
        np.testing.assert_array_equal(rows[:, 0], np.arange(start, start + 25))
    adding = False
    reader.join()
    assert not errors and len(set(seen)) > 2


# ------------------------------------------------------------------------------- files and servers


def test_a_gallery_is_opened_again(tmp_path):
    path = tmp_path / "gallery.db"
    with MilvusGallery.create(path, D, MODEL, "photos") as store:
        store.add(table_of(50), vectors_of(50))
        expected, digest = store.similar(QUERIES, 5, exclude_author="anna"), store.digest()
        with pytest.raises(GalleryError, match="is open already, here or in another process"):
            MilvusGallery.connect(path, "photos")
    store.close()
    with pytest.raises(GalleryError, match="gallery.db is closed; connect to it again"):
        store.similar(QUERIES, 5)
    with pytest.raises(GalleryError, match="come from 'model-a', the queries from 'model-b'"):
        MilvusGallery.connect(path, "photos", "model-b")
    with pytest.raises(GalleryError, match="no collection 'gallery'; it has photos"):
        MilvusGallery.connect(path)
    with pytest.raises(GalleryError, match="has a collection 'photos' already"):
        MilvusGallery.create(path, D, MODEL, "photos")
    with MilvusGallery.connect(path, "photos", MODEL) as again:
        assert_same(again.similar(QUERIES, 5, exclude_author="anna"), expected)
        assert (again.digest(), again.dim, len(again)) == (digest, D, 50)


QUIET = """
import sys
sys.path.insert(0, sys.argv[1])
from test_milvus import D, MODEL, QUERIES, MilvusGallery, table_of, vectors_of
store = MilvusGallery.create(sys.argv[2], D, MODEL)
store.add(table_of(50), vectors_of(50))
store.dissimilar(QUERIES, 5, exclude_author="anna")
"""


@pytest.mark.slow
def test_it_ends_with_its_process_and_says_nothing(tmp_path, root):
    paths = [str(root / "tests" / "scale"), str(tmp_path / "g.db")]
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", QUIET, *paths]
    environment = os.environ | {"PYTHONPATH": f"{root}:{root / 'tests' / 'helpers'}"}
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=100, env=environment, cwd=root
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    with MilvusGallery.connect(paths[1]) as store:
        assert len(store) == 50


@pytest.mark.slow
def test_paths_and_names_that_are_no_gallery(tmp_path):
    with pytest.raises(GalleryError, match="no gallery .*gone.db; MilvusGallery.create makes one"):
        MilvusGallery.connect(tmp_path / "gone.db")
    (tmp_path / "file.db").write_text("SQLite format 3")
    for call in (MilvusGallery.connect, lambda path: MilvusGallery.create(path, D, MODEL)):
        with pytest.raises(GalleryError, match="file.db is no folder of Milvus Lite"):
            call(tmp_path / "file.db")
    with pytest.raises(ValueError, match="index 'PQ' is none of FLAT"):
        MilvusGallery.create(tmp_path / "a.db", D, MODEL, index="PQ")
    with pytest.raises(ValueError, match="name 'a b'"):
        MilvusGallery.create(tmp_path / "a.db", D, MODEL, "a b")
    with MilvusGallery.create(tmp_path / "a.db", D, MODEL) as store:
        schema = store.client.create_schema()
        schema.add_field("id", 5, is_primary=True)
        schema.add_field("v", 101, dim=4)
        store.client.create_collection("other", schema=schema)
    with pytest.raises(GalleryError, match="'other' was not made by g3lite"):
        MilvusGallery.connect(tmp_path / "a.db", "other")


@pytest.mark.slow
def test_a_gallery_that_lost_photos_is_refused(tmp_path):
    path = tmp_path / "gallery.db"
    with MilvusGallery.create(path, D, MODEL) as store:
        store.add(table_of(50), vectors_of(50))
    (file,) = path.rglob("data_*.parquet")
    file.write_bytes(file.read_bytes()[:999])
    with pytest.raises(GalleryError, match="gallery.db refuses: .*not a parquet file"):
        MilvusGallery.connect(path)
    file.unlink()
    with pytest.raises(GalleryError, match="holds 0 photos, not the 50 that were added"):
        MilvusGallery.connect(path)


@pytest.mark.slow
@pytest.mark.parametrize("index", ["HNSW", "IVF_SQ8", "IVF_FLAT"])
def test_other_indexes_find_most(tmp_path, index, pair):
    gallery, _ = pair
    with MilvusGallery.create(tmp_path / "g.db", D, MODEL, index=index) as store:
        store.add(table_of(N), vectors_of(N))
        assert store.kind == f"milvus {index}"
        found, exact = store.similar(QUERIES, 5)[1], gallery.similar(QUERIES, 5)[1]
    assert np.mean([np.isin(a, b).mean() for a, b in zip(found, exact, strict=True)]) > 0.8


SERVER = """
import sys
from milvus_lite.adapter.grpc.server import run_server
run_server(sys.argv[1], "127.0.0.1", int(sys.argv[2]))
"""


@pytest.mark.slow
def test_a_server_that_is_away_is_told_and_nothing_is_lost(tmp_path, monkeypatch):
    monkeypatch.setattr(milvus, "SECONDS", 3.0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    uri = f"http://127.0.0.1:{port}"

    def serve():
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, tmp_path / "s.db", str(port)], stdout=subprocess.DEVNULL
        )
        limit = time.monotonic() + 60
        while time.monotonic() < limit:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return process
            except OSError:
                time.sleep(0.1)
        raise TimeoutError

    away = rf"{uri} does not answer: is Milvus running there\? Photos that were added are in"
    for call in (MilvusGallery.connect, lambda uri: MilvusGallery.create(uri, D, MODEL)):
        with pytest.raises(GalleryError, match=away):
            call(uri)
    process = serve()
    try:
        store = MilvusGallery.create(uri, D, MODEL)
        store.add(table_of(50), vectors_of(50))
        expected = store.similar(QUERIES, 5)
        with MilvusGallery.connect(uri) as other:
            assert_same(other.similar(QUERIES, 5), expected)
        process.kill()
        process.wait()
        with pytest.raises(GalleryError, match=away):
            store.similar(QUERIES, 5)
        with pytest.raises(GalleryError, match=away):
            store.add(table_of(80), vectors_of(80))
        process = serve()
        limit = time.monotonic() + 60
        while time.monotonic() < limit:
            try:
                assert len(store) == 50
                break
            except GalleryError:
                time.sleep(0.2)
        assert_same(store.similar(QUERIES, 5), expected)
        assert store.add(table_of(80), np.vstack([vectors_of(50), vectors_of(30, seed=3)])) == 30
        store.close()
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_the_pipeline_takes_it(tmp_path, miniclip):
    g3 = small_g3(miniclip)
    features = g3.gallery.index.reconstruct_n(0, len(g3.gallery))
    with MilvusGallery.create(tmp_path / "g3.db", features.shape[1], "miniclip") as store:
        store.add(g3.gallery.table, features)
        queries = miniearth.load("validation", 6)
        results, made_of = [], []
        for gallery in (g3.gallery, store):
            run = replace(g3, gallery=gallery)
            folder = tmp_path / gallery.kind
            run.predict(queries, folder, progress=False, store=tmp_path / "replies.sqlite")
            results.append([(folder / name).read_bytes() for name in ("predictions.csv",)])
            found = run.steps(queries, progress=False, store=tmp_path / "replies.sqlite")
            results[-1] += [found.predictions, found.neighbours[list(found.neighbours)[:7]]]
            made_of.append(run._made_of(queries)["gallery"])
    faiss, stored = results
    pd.testing.assert_frame_equal(stored[1], faiss[1])
    pd.testing.assert_frame_equal(stored[2], faiss[2], check_exact=False, atol=2e-6)
    assert stored[0] == faiss[0]
    assert made_of[1] | {"kind": "exact", "sha256": ""} == made_of[0] | {"sha256": ""}


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch):
    for name in ("pymilvus", "milvus_lite.adapter.grpc.server"):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, name, None)
            with pytest.raises(G3Error, match=r"\[scaling\]"):
                MilvusGallery.create(tmp_path / "g.db", D, MODEL)
