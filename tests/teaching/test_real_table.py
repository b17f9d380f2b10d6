"""What notebook 07 says where something is missing, and what stands in for it."""

from dataclasses import replace

import numpy as np
import pytest
from stand_in_pack import stand_in

from g3lite import G3Error, miniearth, profiles
from g3lite.backbone import Backbone
from g3lite.datasets import pack as packs
from g3lite.datasets import remote
from g3lite.datasets.featurefolder import FolderError
from g3lite.downloads import hub
from g3lite.downloads.hub import DownloadError
from g3lite.paper import plan
from g3lite.photos import NotThere
from g3lite.teaching import real_photos, real_table

GPU, CPU = profiles.PROFILES["gpu"], profiles.PROFILES["cpu"]


@pytest.fixture(scope="module")
def made(tmp_path_factory, miniclip):
    return stand_in(tmp_path_factory.mktemp("pack") / "stand-in", miniclip)


@pytest.fixture
def real(made):
    """The same pack as if it were of OSV-5M."""
    manifest = made.folder.manifest | {"name": "osv5m"}
    return replace(made, folder=replace(made.folder, manifest=manifest))


@pytest.fixture
def none(monkeypatch, tmp_path):
    monkeypatch.delenv(packs.VARIABLE, raising=False)
    monkeypatch.setenv(remote.VARIABLE, str(tmp_path / "photos"))


def test_the_route_is_short_on_real_photos_and_full_on_drawings(made, real):
    assert [real_table.route("auto", pack) for pack in (made, real)] == ["full", "short"]
    assert [real_table.route(way, made) for way in real_table.ROUTES] == list(real_table.ROUTES)
    with pytest.raises(G3Error, match="ROUTE = 'long': it is \"short\""):
        real_table.route("long", made)


def test_the_first_picture_has_its_rows_and_no_drawing_is_made(monkeypatch):
    monkeypatch.setattr(miniearth, "draw", None)
    rows, truth = real_table.preview()
    assert list(rows) == ["G3", *real_table.PREVIEW] and len(truth) == len(rows["G3"]) > 1000
    assert plan.MEDOID in rows


# --- downloads


def test_all_downloads_are_listed_with_their_sizes(monkeypatch):
    monkeypatch.setattr(hub, "metadata", None)  # nobody is asked
    table = real_table.downloads(20_000, GPU.lmm).set_index("what")["GB"]
    assert table["20,000 photos of OSV-5M"] == pytest.approx(1.02)
    assert table["or: 20,000 photos of MP16-Pro"] == pytest.approx(1.8)
    assert table[GPU.lmm] == 4.3 and table["g3.pth, G3's weights with CLIP"] == 1.77
    assert {"the table of OSV-5M", "and its table", "the table of IM2GPS3K"} <= set(table.index)
    assert real_table.downloads(10, "some/model").set_index("what")["GB"].isna()["some/model"]


def test_the_hub_is_asked_for_the_sizes_of_tables(monkeypatch):
    def metadata(repo, filename):
        if repo.id.startswith("osv5m"):
            return type("About", (), {"size": 80_000_000})
        raise DownloadError("gated")

    monkeypatch.setattr(hub, "metadata", metadata)
    table = real_table.downloads(10, GPU.lmm, ask=True).set_index("what")
    assert table.loc["the table of OSV-5M"].tolist() == ["short", 0.08, "the hub's"]
    assert table.loc["and its table"].tolist() == ["own", 0.5, "estimated"]


# --- photos


def test_the_pack_that_is_named_is_taken(made, monkeypatch, capsys):
    monkeypatch.setenv(packs.VARIABLE, str(made.folder.path))
    assert len(real_table.pack(GPU, 10, "nowhere", 8)) == len(made)
    assert capsys.readouterr().out == ""
    monkeypatch.setenv(packs.VARIABLE, str(made.folder.path / "gone"))
    with pytest.raises(FolderError, match="named by G3LITE_PACK"):
        real_table.pack(GPU, 10, "nowhere", 8)


def test_without_a_gpu_drawings_stand_in(made, none, monkeypatch, capsys):
    monkeypatch.setattr(real_table, "drawn", lambda photos: (made, photos))
    assert real_table.pack(CPU, 10, "nowhere", 8) == (made, 2_000)
    said = capsys.readouterr().out
    assert "NOT HERE: real photos" in said and "T4 GPU" in said
    assert "%env G3LITE_PACK=folder" in said and "DRAWINGS stand in" in said


def test_a_gpu_makes_a_pack_of_osv5m(made, none, monkeypatch, capsys):
    asked = []

    def make(name, out, n, backbone, **options):
        asked.append((name, out, n, backbone, options["max_gb"]))
        return made

    monkeypatch.setattr(real_table.recipe, "make", make)
    assert real_table.pack(GPU, 70, "class", 8) is made
    assert asked == [("osv5m", "class", 70, "ViT-L-14-quickgelu:openai", 8)]


def test_where_it_cannot_the_reason_is_said(made, none, monkeypatch, capsys):
    def make(*_, **__):
        raise DownloadError("test.csv of osv5m/osv5m could not be read. call again to go on")

    monkeypatch.setattr(real_table.recipe, "make", make)
    monkeypatch.setattr(real_table, "drawn", lambda photos: made)
    assert real_table.pack(GPU, 70, "class", 8) is made
    said = capsys.readouterr().out
    assert "NOT HERE: a pack of OSV-5M. test.csv of osv5m/osv5m could not be read" in said
    assert "Call the cell again" in said and "DRAWINGS stand in" in said


def test_the_stand_in_pack_is_kept(tmp_path, monkeypatch, none):
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path))
    first = real_table.drawn(40)
    monkeypatch.setattr(real_table.recipe, "_encode", None)  # not made again
    assert first.name == real_photos.STAND_IN and real_table.drawn(40).parts == first.parts


def test_the_zip_that_stands_in_goes_the_way_of_the_usual_one(tmp_path, none, miniclip):
    path = real_table.stand_in_zip(tmp_path, 6)
    photos = real_table.benchmark(path, tmp_path / "unpacked")
    drawings = miniearth.load("validation", 6)
    assert photos.ids == drawings.ids and photos.read(photos.ids[2]) == drawings.read(photos.ids[2])
    assert photos.table["AUTHOR"].tolist() == drawings.table["AUTHOR"].tolist()
    again = real_table.benchmark(tmp_path / "unpacked")  # a folder will do
    assert again.ids == photos.ids
    (tmp_path / "unpacked" / "im2gps3ktest" / photos.ids[1]).write_bytes(b"damaged")
    left, vectors = real_table.encoded(again, miniclip)
    assert left.ids == [i for k, i in enumerate(photos.ids) if k != 1] and len(vectors) == 5


@pytest.mark.parametrize(
    ("where", "words"), [("", "none of the 2,997 photos"), ("gone.zip", "no file gone.zip: upload")]
)
def test_no_benchmark_says_where_to_get_it(none, where, words):
    with pytest.raises(NotThere, match=words) as error:
        real_table.benchmark(where)
    assert "mediafire.com" in str(error.value)


def test_the_encoder_is_the_one_of_the_pack(made, monkeypatch):
    assert real_table.encoder(made, "cpu").fingerprint == made.folder.fingerprint
    other = replace(Backbone.load("miniclip", "cpu"), fingerprint="f" * 64)
    monkeypatch.setattr(real_table.recipe, "load", lambda name, device: other)
    with pytest.raises(FolderError, match="use that backbone"):
        real_table.encoder(made, "cpu")


def test_pictures_are_those_that_the_pack_was_made_of_where_they_are(made, real, monkeypatch, none):
    photos, what = real_table.pictures(made, "test")
    assert what == "the photos themselves" and photos.image(photos.ids[0]).size == (128, 128)
    assert photos.ids == made.photos("test").ids
    photos, what = real_table.pictures(real, "test")
    assert "thumbnails" in what and photos.read(photos.ids[0]) == real._thumbnail(photos.ids[0])
    monkeypatch.setattr(remote, "on_disk", lambda name: miniearth.load("gallery"))
    assert real_table.pictures(real, "test")[1] == "the photos themselves"
    monkeypatch.setattr(remote, "on_disk", lambda name: miniearth.load("gallery", 3))
    assert "thumbnails" in real_table.pictures(real, "test")[1]  # not all of them are there


def test_people_of_the_queries_are_not_searched(made):
    known = made.part("train", "gallery")
    assert real_table.without(known, made.part("test").table["AUTHOR"]) is known
    some = known.table["AUTHOR"].iloc[:1]
    left = real_table.without(known, some)
    kept = (known.table["AUTHOR"] != some[0]).to_numpy()
    assert 0 < len(left) == kept.sum() < len(known)
    np.testing.assert_array_equal(left.features, known.features[kept])
    with pytest.raises(G3Error, match=f"all {len(known)} photos .* take a pack with photos by oth"):
        real_table.without(known, known.table["AUTHOR"])


# --- models


def test_heads_of_others_fit_where_the_features_are_the_same(made):
    found = real_table.official_heads(made, "cpu", 8)
    assert found.cosine > 0.999 and "miniearth" in found.learnt
    assert found.heads.config.image == made.folder.dim


def test_heads_for_other_features_are_refused(made, real, monkeypatch):
    with pytest.raises(G3Error, match="features of 768 numbers, the pack has 256"):
        real_table.official_heads(real, "cpu", 8)
    monkeypatch.setattr(real_table, "same_features", lambda backbone, pack: 0.1)
    with pytest.raises(G3Error, match="mean cosine 0.10.*do not fit"):
        real_table.official_heads(made, "cpu", 8)


def test_features_of_another_model_are_not_the_same(made):
    miniclip = Backbone.load("miniclip", "cpu")
    assert real_table.same_features(miniclip, made) > 0.999

    class Other:
        def image_features(self, photos, **_):
            assert photos.ready is None  # else the pack would be compared with itself
            turned = miniclip.image_features(photos, cache=False, progress=False)
            return replace(turned, vectors=np.roll(turned.vectors, 7, axis=1))

    assert real_table.same_features(Other(), made) < real_table.SAME


def test_the_peak_of_memory_is_that_of_this_process():
    assert 0.1 < real_table.peak_gb() < 100
