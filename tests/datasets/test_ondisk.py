"""Training on features that stay on disk: the numbers, the memory, and what is refused."""

import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from accelerate.state import AcceleratorState

from g3lite import G3Error, training
from g3lite.alignment import GeoAlignment, GeoAlignmentConfig
from g3lite.datasets import featurefolder, ondisk, split
from g3lite.datasets.featurefolder import FEATURES, MANIFEST, FolderError
from g3lite.paths import cache_dir
from g3lite.places import place_texts
from g3lite.training import AlignmentDataset, Schedule, fit

ROOT = str(Path(__file__).resolve().parents[2])
QUICK = Schedule(epochs=3, batch_size=40, lr=3e-3)
CITIES = ("Lyon", "Oslo", "Quito", "Suva", "Turin")


class Reader:
    """Stands for a backbone with a text tower; counts the texts that it encodes."""

    name, fingerprint, has_text, dim = "a backbone", "ab" * 32, True, 12

    def __init__(self):
        self.read = []

    def text_features(self, texts, normalize=True):
        assert not normalize
        self.read += texts
        rows = [np.random.default_rng(list(text.encode())).normal(size=12) for text in texts]
        return np.float32(rows)


@pytest.fixture(autouse=True)
def apart(tmp_path, monkeypatch):
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def made(folder, n=300, photographers=30, dim=16):
    """Features of photos of five cities; each photographer has been to all of them."""
    rng = np.random.default_rng(0)
    city = rng.integers(0, len(CITIES), n)
    looks = rng.normal(size=(len(CITIES), dim))
    table = pd.DataFrame(
        {"IMG_ID": [f"{i}.jpg" for i in range(n)], "LAT": 10.0 * city, "LON": 20.0 * city,
         "AUTHOR": [f"p{i % photographers}" for i in range(n)],
         "city": np.array(CITIES)[city], "country": "X"}
    )  # fmt: skip
    features = looks[city] + 0.3 * rng.normal(size=(n, dim))
    return featurefolder.write(folder, table, features, (Reader.name, Reader.fingerprint))


def in_memory(gallery, backbone):
    """The two parts as they were made of arrays in memory."""
    held_out, _ = split.split(gallery.table)
    for rows in (~held_out, held_out):
        image, places = np.float32(gallery.features[rows]), gallery.coordinates[rows]
        if backbone is None:
            yield AlignmentDataset.without_texts(image, places)
            continue
        said, text_of = np.unique(place_texts(gallery.table[rows]), return_inverse=True)
        encoded = backbone.text_features(list(said), normalize=False)
        yield AlignmentDataset(image, encoded, text_of, places)


def run(data, text, folder=None, schedule=QUICK):
    torch.manual_seed(0)
    model = GeoAlignment(GeoAlignmentConfig(16, text, 8, 8, 32, 8))
    plan = replace(schedule, use_text=bool(text), mask_same_text=bool(text))
    history = fit(model, *data, plan, folder, progress=False)
    return history.drop(columns="seconds"), model.state_dict()


# --- numbers


@pytest.mark.filterwarnings("ignore:validation stays at chance")
@pytest.mark.parametrize("backbone", [None, Reader()], ids=["image alone", "with texts"])
def test_disk_and_memory_give_the_same_numbers_bit_for_bit(tmp_path, backbone):
    gallery = made(tmp_path / "g")
    parts = ondisk.parts(featurefolder.read(tmp_path / "g", table=False), backbone)
    width = 12 if backbone else 0
    history, weights = run((parts.train, parts.validation), width)
    expected, others = run(in_memory(gallery, backbone), width)
    pd.testing.assert_frame_equal(history, expected, check_exact=True)
    assert all(torch.equal(weights[name], tensor) for name, tensor in others.items())
    assert len(parts.train) + len(parts.validation) == 300
    assert parts.parted_by == "photographers"


def test_rows_are_those_of_the_array(tmp_path):
    array, chosen = np.arange(40).reshape(20, 2), np.array([3, 19, 4])
    rows = ondisk.Rows(array, chosen)
    assert rows.shape == (3, 2) and len(rows) == 3
    for wanted in ([2, 0], [1, 1], slice(1, 3), slice(None)):
        assert (rows[wanted] == array[chosen][wanted]).all()
    assert (np.asarray(rows, np.float32) == array[chosen]).all()


def test_texts_are_encoded_once_and_mapped(tmp_path):
    made(tmp_path / "g")
    gallery, reader = featurefolder.read(tmp_path / "g", table=False), Reader()
    first = ondisk.parts(gallery, reader)
    again = ondisk.parts(gallery, reader)
    assert reader.read == [f"A photo taken from {city}, X" for city in CITIES]
    for part in (again.train, again.validation):
        assert isinstance(part.texts, np.memmap) and isinstance(part.coordinates, np.memmap)
    assert isinstance(again.train.image.array, np.memmap)
    assert again.train.digest == first.train.digest != again.validation.digest
    other = ondisk.parts(gallery, reader, seed=1)
    assert other.train.digest != first.train.digest and len(reader.read) == 10


def test_a_run_is_known_without_reading_its_features(tmp_path, monkeypatch):
    made(tmp_path / "g")
    parts = ondisk.parts(featurefolder.read(tmp_path / "g", table=False))
    model = GeoAlignment(GeoAlignmentConfig(16, 0, 8, 8, 8, 4))

    def refuse(*_):
        raise AssertionError("features were read")

    monkeypatch.setattr(ondisk.Rows, "__getitem__", refuse)
    keys = {training._key(model, parts.train, parts.validation, QUICK) for _ in range(2)}
    moved = replace(parts.train, digest="another")
    assert len(keys) == 1
    assert training._key(model, moved, parts.validation, QUICK) not in keys


@pytest.mark.filterwarnings("ignore:validation stays at chance")
def test_a_stopped_run_goes_on(tmp_path):
    made(tmp_path / "g")
    gallery = featurefolder.read(tmp_path / "g", table=False)

    def parts():
        found = ondisk.parts(gallery)
        return found.train, found.validation

    whole, _ = run(parts(), 0)
    run(parts(), 0, tmp_path / "run", replace(QUICK, epochs=1))
    resumed, _ = run(parts(), 0, tmp_path / "run")
    pd.testing.assert_frame_equal(resumed, whole, check_exact=True)


def test_validation_has_no_more_photos_than_needed(monkeypatch):
    monkeypatch.setattr(split, "MOST", 20)
    table = pd.DataFrame(
        {"IMG_ID": [f"{i}" for i in range(1000)], "AUTHOR": [f"p{i % 200}" for i in range(1000)]}
    )
    assert split.split(table)[0].sum() == 20


# --- what is refused


def test_a_damaged_or_unfinished_folder_is_named(tmp_path):
    made(tmp_path / "g")
    gallery = featurefolder.read(tmp_path / "g", table=False)
    ondisk.parts(gallery)
    data = bytearray((tmp_path / "g" / FEATURES).read_bytes())
    data[-1] ^= 1
    (tmp_path / "g" / FEATURES).write_bytes(data)  # the same size: only its hash tells
    with pytest.raises(FolderError, match=r"features.npy was changed or cut off; make the folder"):
        ondisk.parts(featurefolder.read(tmp_path / "g", verify=False, table=False))
    (tmp_path / "g" / MANIFEST).unlink()
    with pytest.raises(FolderError, match="holds no manifest.json: .* not all of them"):
        featurefolder.read(tmp_path / "g", table=False)


def test_a_cache_that_was_not_finished_is_written_again(tmp_path):
    made(tmp_path / "g")
    gallery = featurefolder.read(tmp_path / "g", table=False)
    ondisk.parts(gallery)
    (home,) = (path for path in (cache_dir() / "parts").iterdir())
    (home / "parts.json").unlink()
    (home / "train-rows.npy").write_bytes(b"cut")
    assert len(ondisk.parts(gallery).train) > 200


def test_features_of_another_backbone_and_a_part_of_a_folder_are_refused(tmp_path):
    gallery = made(tmp_path / "g")
    other = Reader()
    other.name, other.fingerprint = "another", "cd" * 32
    with pytest.raises(FolderError, match=r"made by a backbone \(abababab\), not by another"):
        ondisk.parts(gallery, other)
    half = replace(gallery, table=gallery.table[:150], features=gallery.features[:150])
    with pytest.raises(FolderError, match="150 of the 300 photos .* no folder: write them"):
        ondisk.parts(half)


def test_one_photographer_cannot_be_parted(tmp_path):
    with pytest.raises(G3Error, match="in 1 photographers: no part for validation"):
        ondisk.parts(made(tmp_path / "g", photographers=1))


# --- several processes, and memory


def align(folder, output, *launch):
    """History of `g3lite align` on a folder of features, by another process or more of them."""
    command = [sys.executable, *launch, "-m", "g3lite.cli", "align", str(output), "--features",
               str(folder), "--image-only"]  # fmt: skip
    alone = {name: value for name, value in os.environ.items() if name != "ACCELERATE_USE_CPU"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300,
        env=alone | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": ROOT},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("wrote the heads") == 1
    return pd.read_csv(output / "history.csv")


@pytest.mark.slow
def test_two_processes_are_one_with_the_joined_batch(tmp_path):
    made(tmp_path / "g", n=700)
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    two = align(tmp_path / "g", tmp_path / "two", *launch)
    one = align(tmp_path / "g", tmp_path / "one")
    assert len(one) == len(two) >= 30
    for column in ("loss", "validation_loss"):
        np.testing.assert_allclose(two[column][:5], one[column][:5], rtol=1e-4)
    np.testing.assert_allclose(two.accuracy, one.accuracy, atol=0.05)


TRAIN = textwrap.dedent("""
    import resource, sys
    from pathlib import Path
    import g3lite
    import numpy as np, torch
    from g3lite.alignment import GeoAlignment, GeoAlignmentConfig
    from g3lite.datasets import featurefolder, ondisk
    from g3lite.training import AlignmentDataset, Schedule, fit

    def train(parts):
        model = GeoAlignment(GeoAlignmentConfig(768, 0, 8, 8, 8, 4))
        fit(model, parts.train, parts.validation, Schedule(1, 512, use_text=False),
            progress=False)

    few, many, way = sys.argv[1:]
    train(ondisk.parts(featurefolder.read(few, table=False)))   # all that torch needs
    lines = Path("/proc/self/status").read_text().splitlines()
    used = next(int(line.split()[1]) for line in lines if line.startswith("VmData")) * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (used + 300_000_000,) * 2)
    gallery = featurefolder.read(many, verify=False, table=False)
    if way == "memory":
        kept = np.array(gallery.features)
    train(ondisk.parts(gallery))
""")


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits memory as Linux does")
def test_memory_does_not_grow_with_the_photos(tmp_path):
    """600 MB of features are trained on with 300 MB more than 30 MB of features took."""
    for name, n in (("few", 20_000), ("many", 400_000)):
        table = pd.DataFrame({"IMG_ID": [f"{i}" for i in range(n)], "LAT": 0.0, "LON": 0.0,
                              "AUTHOR": [f"p{i % 1000}" for i in range(n)]})  # fmt: skip
        (tmp_path / name).mkdir()
        array = np.lib.format.open_memmap(tmp_path / name / FEATURES, "w+", np.float16, (n, 768))
        array[:] = np.random.default_rng(0).normal(size=768)
        array.flush()
        ondisk.parts(featurefolder.write(tmp_path / name, table, None, ("random", "0" * 64)))

    def trained(way):
        return subprocess.run(
            [sys.executable, "-c", TRAIN, str(tmp_path / "few"), str(tmp_path / "many"), way],
            capture_output=True, text=True, timeout=300, env=os.environ | {"PYTHONPATH": ROOT},
        )  # fmt: skip

    done = trained("disk")
    assert done.returncode == 0, done.stderr
    assert "Error" in trained("memory").stderr, "the limit holds"
