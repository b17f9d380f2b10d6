"""GeoCLIP: its files, its form, a photo located. What needs its real weights skips without them.

Those come from the Python package `geoclip` 1.3.0, installed or in the cache.
"""

import json
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from importlib import metadata
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import stand_in_geoclip as stand_in
import tiny_clip
import torch
import torch.nn.functional as F

from g3lite import G3, G3Error, miniearth, official, profiles
from g3lite.alignment import GeoAlignment, GeoAlignmentConfig
from g3lite.backbone import Backbone
from g3lite.baselines import geoclip
from g3lite.baselines.geoclip import CLIP, ENCODER, HEAD, PLACES, WHEEL, GeoCLIP
from g3lite.cli import main
from g3lite.downloads.hub import DownloadError, TooLarge
from g3lite.downloads.wheels import Wheel
from g3lite.location import LocationEncoder, project


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    """A tiny CLIP in the place of ViT-L/14, which cannot be had here."""
    folder = tmp_path_factory.mktemp("clip") / "tiny"
    tiny_clip.save_model(folder, 0)
    return Backbone.load(folder, "cpu")


@pytest.fixture
def small(backbone, tmp_path, monkeypatch):
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "cache"))
    return stand_in.geoclip(tmp_path / "package", backbone)


@pytest.fixture
def photo(tmp_path):
    known = miniearth.load("validation", 1)
    known.image(known.ids[0]).save(tmp_path / "photo.jpg")
    return tmp_path / "photo.jpg"


# --- a photo


def test_the_likeliest_places_are_those_of_the_softmax(small, photo):
    found = small.locate(photo, k=4)
    pixels = small.backbone.preprocess(miniearth.load("validation", 1).image(
        miniearth.load("validation", 1).ids[0]))  # fmt: skip
    assert pixels.shape == (3, tiny_clip.SIZE, tiny_clip.SIZE)
    features = small.backbone.image_features(
        geoclip.PhotoSet.from_files([photo]), normalize=False, progress=False
    ).vectors
    with torch.inference_mode():
        image = F.normalize(small.head(torch.from_numpy(features)), dim=-1)
        place = F.normalize(small.encoder(torch.from_numpy(small.places)), dim=-1)
        chances = (np.exp(geoclip.LOG_SCALE) * image.double() @ place.T.double()).softmax(1)[0]
    best = chances.topk(4)
    assert found.candidates["score"].to_numpy() == pytest.approx(best.values.numpy(), abs=1e-6)
    rows = small.places[best.indices.numpy()]
    assert np.array_equal(found.candidates[["LAT", "LON"]].to_numpy(), rows)
    assert found.coordinates == tuple(rows[0]) and found.score == found.candidates["score"][0]
    assert 0 < found.candidates["score"].sum() < 1 == pytest.approx(float(chances.sum()))


def test_a_guess_is_told_in_lines_and_as_json(small, photo):
    found = small.locate(photo)
    lines = str(found).splitlines()
    assert lines[0].startswith("photo.jpg: ") and " km from " in lines[0]
    assert len(lines) == 7 and all("%" in line and " km from " in line for line in lines[1:6])
    assert "probabilities of 300 places; embed " in lines[6]
    as_json = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert len(as_json["candidates"]) == 5 and as_json["replies"] == []
    assert as_json["candidates"][0]["score"] == pytest.approx(found.score)


def test_a_file_that_is_no_picture_costs_the_others_nothing(small, photo, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    bad, good = small.locate([tmp_path / "notes.txt", photo])
    assert bad.error and bad.coordinates is None and "not located" in str(bad)
    assert good.coordinates == small.locate(photo).coordinates
    with pytest.raises(ValueError, match="k=301; there are 300 places"):
        small.locate(photo, k=301)


def test_places_are_embedded_once_and_kept(small, photo, monkeypatch):
    vectors = np.array(small.place_vectors)
    (file,) = (small_cache := geoclip.cache_dir() / "geoclip").iterdir()
    assert np.abs(vectors - small.embed_coordinates(small.places)).max() == 0
    again = replace(small)
    monkeypatch.setattr(GeoCLIP, "embed_coordinates", lambda *_: pytest.fail("embedded again"))
    assert np.array_equal(again.place_vectors, vectors)
    monkeypatch.undo()
    monkeypatch.setenv("G3LITE_CACHE", str(small_cache.parent))
    whole = file.read_bytes()
    file.unlink()  # the old one is mapped
    file.write_bytes(whole[:-50])  # cut off
    assert np.array_equal(replace(small).place_vectors, vectors)
    other = replace(small, places=small.places[:9])
    assert other.place_vectors.shape == (9, stand_in.DIM)


# --- what does not belong together


def test_a_projection_that_is_not_the_weights_own_is_told():
    state = stand_in.encoder_state()
    assert geoclip.location_encoder(state).projection == "equal_earth"
    sizes = {"frequencies": 16, "width": 20, "dim": stand_in.DIM}
    for name in ("mercator_yx", "mercator_xy"):
        with pytest.warns(UserWarning, match=f"belong to .* equal_earth, .* has {name}"):
            official.load_location_encoder(LocationEncoder(name, **sizes), state)
    with pytest.raises(ValueError, match=r"LocEnc0.capsule.0.b has shape \(16, 2\), expected"):
        official.load_location_encoder(LocationEncoder("sphere", **sizes), state)
    own = LocationEncoder("equal_earth", **sizes)
    official.load_location_encoder(own, state)  # without a warning
    heads = GeoAlignment(
        GeoAlignmentConfig(24, 24, 24, stand_in.DIM, 20, 16, projection="equal_earth")
    )
    official.load_location_encoder(heads, state)
    places = torch.tensor([[47.1, 15.4], [-33.9, 151.2]])
    assert torch.equal(heads.location_encoder(places), own(places))


def test_parts_that_do_not_fit_are_refused(backbone, tmp_path):
    folder = stand_in.write(tmp_path, 25)
    with pytest.raises(G3Error, match="features of 25 numbers, the backbone .* gives 24: take ViT"):
        GeoCLIP.from_files(backbone, folder / ENCODER, folder / HEAD, folder / PLACES)
    folder = stand_in.write(tmp_path, 24)
    with pytest.raises(G3Error, match="holds no location encoder of GeoCLIP's form"):
        GeoCLIP.from_files(backbone, folder / HEAD, folder / HEAD, folder / PLACES)
    with pytest.raises(G3Error, match="no image head of GeoCLIP's form"):
        GeoCLIP.from_files(backbone, folder / ENCODER, folder / ENCODER, folder / PLACES)
    torch.save(stand_in.head_state(24, 9), folder / HEAD)
    with pytest.raises(G3Error, match="have vectors of different lengths"):
        GeoCLIP.from_files(backbone, folder / ENCODER, folder / HEAD, folder / PLACES)
    torch.save({"0.weight": torch.nn.Linear(2, 2)}, folder / HEAD)
    with pytest.raises(G3Error, match="holds more than tensors"):
        GeoCLIP.from_files(backbone, folder / ENCODER, folder / HEAD, folder / PLACES)
    stand_in.write(tmp_path, 24)
    (folder / PLACES).write_text("A,B\n1,2\n")
    with pytest.raises(G3Error, match="no table of places"):
        GeoCLIP.from_files(backbone, folder / ENCODER, folder / HEAD, folder / PLACES)


# --- the package


def test_the_files_of_an_installed_package_are_used(tmp_path, monkeypatch):
    folder = stand_in.write(tmp_path / "site", 24)
    known = replace(WHEEL, files={n: sha256(d).hexdigest() for n, d in stand_in.files(24).items()})
    installed = SimpleNamespace(locate_file=lambda name: folder / name)
    monkeypatch.setattr(metadata, "distribution", lambda name: installed)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("pip was asked"))
    assert known.unpacked() == folder


@pytest.fixture
def index(tmp_path, monkeypatch):
    """An index that pip would ask, with the stand-in's wheel; what it was asked."""
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "cache"))

    def absent(name):
        raise metadata.PackageNotFoundError(name)

    asked = []

    def pip(command, **_):
        asked.append(command)
        assert command[:4] == [sys.executable, "-m", "pip", "download"]
        assert "geoclip==1.3.0" in command and "--only-binary=:all:" in command
        folder = command[command.index("--dest") + 1]
        stand_in.wheel(geoclip.Path(folder), 24)
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(metadata, "distribution", absent)
    monkeypatch.setattr(subprocess, "run", pip)
    return asked


@pytest.fixture
def known(index):
    return Wheel("geoclip", "1.3.0", 40_000_000,
                 {n: sha256(d).hexdigest() for n, d in stand_in.files(24).items()})  # fmt: skip


def test_a_wheel_is_fetched_once_and_compared_each_time(index, known):
    folder = known.unpacked()
    assert {p.name for p in folder.rglob("*.*") if p.is_file()} >= {
        "coordinates_100K.csv", "location_encoder_weights.pth", "image_encoder_mlp_weights.pth"
    }  # fmt: skip
    assert known.unpacked() == folder and len(index) == 1
    assert not list(folder.rglob("*.whl"))  # 40 MB that nobody needs any more
    (folder / PLACES).write_bytes(b"LAT,LON\n0,0\n")  # damaged, or exchanged
    assert known.unpacked() == folder and len(index) == 2
    assert (folder / PLACES).read_bytes() == stand_in.files(24)[PLACES]


def test_a_wheel_with_other_contents_is_refused(index, known):
    other = replace(known, files={**known.files, HEAD: "0" * 64})
    with pytest.raises(DownloadError, match="mlp_weights.pth of geoclip-1.3.0.* has another hash"):
        other.unpacked()
    assert not list(geoclip.cache_dir().rglob("image_encoder_mlp_weights.pth"))
    lacking = replace(known, files={**known.files, "geoclip/none": "0" * 64})
    with pytest.raises(DownloadError, match="is not what it should be"):
        lacking.unpacked()


def test_what_pip_cannot_fetch_is_said(index, known, monkeypatch):
    with pytest.raises(TooLarge, match="the package geoclip is a download of 40.0 MB"):
        known.unpacked(max_gb=0.01)
    said = "ERROR: No matching distribution found"
    failed = SimpleNamespace(returncode=1, stderr=f"Looking\n{said}\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(DownloadError, match=f"{said}.*network, .*: pip install geoclip==1.3.0"):
        known.unpacked()


def test_clip_is_not_fetched_unless_it_may_be(hub_server):
    repo = "timm/vit_large_patch14_clip_224.openai"
    hub_server.repos["model", repo] = {"open_clip_model.safetensors": b"x" * 150_000_000}
    with pytest.raises(TooLarge, match=r"ViT-L-14-quickgelu:openai is a download of 0\.1 GB"):
        geoclip._check_download(CLIP, 0.05)
    geoclip._check_download(CLIP, 0.2)
    geoclip._check_download("miniclip", 0.0)
    assert not hub_server.fetched("open_clip_model.safetensors")


def test_from_pretrained_puts_both_together(index, known, backbone, monkeypatch, photo):
    monkeypatch.setattr(geoclip, "WHEEL", known)
    folder = backbone.name
    assert GeoCLIP.from_pretrained(folder, device="cpu").locate(photo).coordinates
    with pytest.raises(G3Error, match="the backbone ViT-L-99"):
        GeoCLIP.from_pretrained("ViT-L-99:openai", device="cpu")


# --- the profile


def test_the_command_says_the_likeliest_places(small, photo, monkeypatch, capsys):
    sizes = []

    def stand(max_gb):
        sizes.append(max_gb)
        return small

    monkeypatch.setattr(GeoCLIP, "from_pretrained", stand)
    arguments = ["locate", str(photo), "--profile", "real-cpu"]
    with pytest.raises(SystemExit) as stop:
        main.main([*arguments, "--max-gb", "1.8", "--map", str(photo.parent / "map.png")])
    assert stop.value.code == 0 and sizes == [1.8]
    said = capsys.readouterr().out
    assert said.count("%") == 5 and "probabilities of 300 places" in said
    assert "out_of_domain" not in said and (photo.parent / "map.png").stat().st_size > 10_000
    with pytest.raises(SystemExit):
        main.main([*arguments, "--json"])
    (found,) = json.loads(capsys.readouterr().out)
    assert len(found["candidates"]) == 5 and found["exif"] is None
    with pytest.raises(SystemExit, match="real-cpu asks no language model: leave out --lmm"):
        main.main([*arguments, "--lmm", "minilmm"])


def test_what_the_profile_is_not_for_is_said(tmp_path):
    profile = profiles.get("real-cpu")
    assert profile.backbone == CLIP and profile.gallery_size == 100_000
    with pytest.raises(G3Error, match="real-cpu is GeoCLIP alone.*GeoCLIP.from_pretrained"):
        G3.from_pretrained("real-cpu")
    with pytest.raises(SystemExit, match="real-cpu is for g3lite locate; run the notebooks on ci"):
        main.main(["run", "--profile", "real-cpu", "--output", str(tmp_path / "out")])
    with pytest.raises(SystemExit, match="about MiniEarth, real-cpu is not"):
        main.main(["tables", "--profile", "real-cpu"])
    with pytest.raises(SystemExit, match="geoclip is no set of MiniEarth"):
        main.main(["align", str(tmp_path / "heads"), "--profile", "real-cpu"])


# --- the real weights


@pytest.fixture(scope="module")
def package():
    """The folder with the files of the package `geoclip`; nothing is fetched for a test."""
    with pytest.MonkeyPatch.context() as patch:

        def refuse(*_):
            raise DownloadError("not for a test")

        patch.setattr(Wheel, "_fetch", refuse)
        try:
            return WHEEL.unpacked()
        except DownloadError:
            pytest.skip("geoclip 1.3.0 is neither installed nor in the cache (40 MB)")


def test_the_real_encoder_knows_what_is_near(package):
    encoder = geoclip.location_encoder(package / ENCODER)
    paris, near, lyon = geoclip.embed(encoder, [[48.86, 2.35], [48.865, 2.355], [45.76, 4.84]])
    assert paris @ near > 0.9 > 0.5 > paris @ lyon
    places = pd.read_csv(package / PLACES)
    assert len(places) == 100_000 and places["LAT"].between(-90, 90).all()


def test_the_real_weights_agree_with_the_code_of_the_package(package, backbone):
    """Location encoder, image head and the softmax over places, against GeoCLIP's own classes."""
    theirs = pytest.importorskip("geoclip.model.location_encoder", reason="geoclip not installed")
    own = theirs.LocationEncoder().eval()
    places = pd.read_csv(package / PLACES)[["LAT", "LON"]].to_numpy(float)[:1500]
    wide = replace(backbone, dim=768)
    ours = GeoCLIP.from_files(wide, package / ENCODER, package / HEAD, package / PLACES)
    ours = replace(ours, places=places)
    layers = torch.nn.Linear(768, 768), torch.nn.ReLU(), torch.nn.Linear(768, 512)
    head = torch.nn.Sequential(*layers)
    head.load_state_dict(torch.load(package / HEAD, weights_only=True))
    scale = package / "geoclip/model/weights/logit_scale_weights.pth"
    if scale.is_file():
        assert torch.load(scale, weights_only=True).item() == pytest.approx(geoclip.LOG_SCALE)
    features = np.random.default_rng(0).normal(0, 0.5, (3, 768)).astype(np.float32)
    with torch.inference_mode():
        vectors = F.normalize(own(torch.from_numpy(places).float()), dim=1)
        images = F.normalize(head(torch.from_numpy(features)), dim=1)
        chances = (np.exp(geoclip.LOG_SCALE) * images @ vectors.T).softmax(1)
    found = ours.embed_coordinates(places)
    # Theirs rounds to float32 before waves of hundreds of turns, so a few numbers differ by more.
    apart = np.abs(found - vectors.numpy())
    assert np.quantile(apart, 0.99) < 5e-5 and apart.max() < 5e-4
    assert np.einsum("nd,nd->n", found, vectors.numpy()).min() > 1 - 1e-5
    # Step by step, without that: the map, and the networks on the same points of it.
    points = project(torch.from_numpy(places), "equal_earth")
    with torch.inference_mode():
        assert (theirs.equal_earth_projection(torch.from_numpy(places)) - points).abs().max() < 1e-6
        exact = F.normalize(sum(own.double()._modules[f"LocEnc{k}"](points) for k in range(3)))
    assert np.abs(found - exact.numpy()).max() < 5e-5
    assert np.abs(ours.embed_images(features) - images.numpy()).max() < 1e-6
    rows, probable = ours.best(features, 5)
    assert np.abs(probable - chances.topk(5, dim=1).values.numpy()).max() < 5e-4
    assert (chances.numpy()[np.arange(3)[:, None], rows] >= probable - 5e-4).all()
