"""Embedding by blocks: nothing lost, nothing twice, equal to one process, whoever is killed."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from g3lite import G3Error, miniearth
from g3lite.backbone import Backbone
from g3lite.datasets import featurefolder
from g3lite.datasets.featurefolder import FolderError
from g3lite.photos import PhotoSet
from g3lite.scale import embed as scale
from g3lite.scale.embed import Encoder, Loader, embed, parts, to_features
from g3lite.scale.plan import PLAN, Photos

N, BLOCK = 20, 6


@pytest.fixture(scope="module")
def miniclip():
    return Backbone.load("miniclip")


@pytest.fixture(scope="module")
def photos():
    return miniearth.load("gallery", N)


@pytest.fixture(scope="module")
def plain(miniclip, photos):
    """float16 (N, d), as one process encodes the photos in batches of the block's size."""
    rows = miniclip.image_features(photos, BLOCK, cache=False, normalize=False, progress=False)
    return rows.vectors.astype(np.float16)


@pytest.fixture
def here(monkeypatch):
    """Blocks are made in this process, in the order of the list, without Ray."""

    def loop(todo, encoder, address, workers, gpu):
        worker = Encoder(**encoder)
        for number in todo:
            (said,) = worker({"block": np.array([number])})["said"]
            said = json.loads(said)
            if "failed" in said:
                raise G3Error(f"block {said['block']} could not be made, {said['failed']}")
            yield scale.Block(**said)

    monkeypatch.setattr(scale, "_blocks", loop)


def run(photos, out, miniclip, **options):
    return embed(photos, out, lambda: miniclip, block=BLOCK, progress=False, **options)


def vectors_of(out):
    tables = [part.to_pandas() for part in parts(out)]
    return pd.concat(tables, ignore_index=True)


def broken(photos, number, data=b"no picture"):
    """The photos, of which one's file is something else."""
    img_id = photos.ids[number]

    def source(name):
        return data if name == img_id else photos.source(name)

    return PhotoSet("broken", photos.table, source), img_id


# --- parts ---------------------------------------------------------------------------------------


def test_parts_hold_what_one_process_encodes(here, photos, plain, miniclip, tmp_path):
    report = run(photos, tmp_path, miniclip)
    found = vectors_of(tmp_path)
    assert found["IMG_ID"].tolist() == photos.ids
    np.testing.assert_array_equal(np.stack(found["vector"]), plain)
    np.testing.assert_array_equal(found[["LAT", "LON"]], photos.coordinates)
    hashes = [hashlib.sha256(photos.read(img_id)).hexdigest() for img_id in photos.ids]
    assert found["sha256"].tolist() == hashes and found["error"].isna().all()
    assert (report.photos, report.without, report.stored) == (N, 0, 0)
    assert report.blocks["block"].tolist() == [0, 1, 2, 3]
    assert report.blocks["photos"].tolist() == [6, 6, 6, 2]
    assert str(report) == (
        f"{tmp_path}: 20 photos with a vector, 0 without; 4 blocks made now, 0 were there"
    )
    schema = pq.read_schema(tmp_path / "part-000000.parquet")
    assert (
        str(schema.field("vector").type) == f"fixed_size_list<element: halffloat>[{miniclip.dim}]"
    )
    assert not list(tmp_path.glob("*.begun"))


def test_a_damaged_photo_is_named_and_costs_no_other(here, photos, plain, miniclip, tmp_path):
    some, img_id = broken(photos, 8)
    report = run(some, tmp_path, miniclip)
    found = vectors_of(tmp_path).set_index("IMG_ID")
    assert found.loc[img_id, "vector"] is None and found["error"].notna().sum() == 1
    assert report.damaged == {img_id: found.loc[img_id, "error"]} and report.without == 1
    assert img_id in str(report)
    others = found.drop(index=img_id)
    np.testing.assert_allclose(
        np.stack(others["vector"]), np.delete(plain, 8, axis=0), rtol=1e-2, atol=1e-3
    )


def test_what_is_there_is_not_made_again(here, photos, miniclip, tmp_path):
    run(photos, tmp_path, miniclip)
    part = tmp_path / "part-000002.parquet"
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("part-*")}
    again = run(photos, tmp_path, miniclip)
    assert (again.stored, len(again.blocks), again.photos) == (4, 0, N)
    part.unlink()
    mended = run(photos, tmp_path, miniclip)
    assert mended.blocks["block"].tolist() == [2] and mended.photos == N
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("part-*")}
    assert {name for name in after if after[name] != before[name]} == {part.name}


def test_a_block_that_a_killed_worker_had_begun_is_known(here, photos, miniclip, tmp_path):
    run(photos, tmp_path, miniclip)
    (tmp_path / "part-000001.parquet").unlink()
    said = {"worker": 77, "start": time.time() - 5, "deaths": 0}
    (tmp_path / "part-000001.begun").write_text(json.dumps(said))
    report = run(photos, tmp_path, miniclip)
    (row,) = report.blocks.itertuples()
    assert row.lost and row.lost_worker == 77 and row.start - row.lost_start == pytest.approx(
        5, abs=30
    )  # fmt: skip
    assert "begun by a worker that was killed, and made again: 1" in str(report)


def test_on_block_hears_of_each(here, photos, miniclip, tmp_path):
    heard = []
    run(photos, tmp_path, miniclip, on_block=heard.append)
    assert [block.block for block in heard] == [0, 1, 2, 3]
    assert all(block.worker == os.getpid() and block.end >= block.start for block in heard)


# --- what is refused -----------------------------------------------------------------------------


def test_another_run_in_the_folder_is_refused(here, photos, miniclip, tmp_path):
    run(photos, tmp_path, miniclip)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(G3Error, match="blocks of 6 photos, not 7"):
        embed(photos, tmp_path, lambda: miniclip, block=7, progress=False)
    with pytest.raises(G3Error, match="other photos"):
        run(miniearth.load("gallery", N + 1), tmp_path, miniclip)

    class Other:
        name, fingerprint, dim = "other", "0" * 64, miniclip.dim

    with pytest.raises(G3Error, match="other backbone"):
        embed(photos, tmp_path, Other, block=BLOCK, progress=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("options", [{"workers": 0}, {"block": 0}])
def test_no_workers_or_no_block(photos, tmp_path, options):
    with pytest.raises(ValueError, match="both are 1 or more"):
        embed(photos, tmp_path, **options)


def test_a_gpu_that_is_not_there(photos, tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ValueError, match="there is no GPU"):
        embed(photos, tmp_path, device="cuda")


def test_without_ray_the_way_out_is_said(photos, miniclip, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(G3Error, match=r"\[scaling\]"):
        run(photos, tmp_path, miniclip)


def test_a_worker_with_other_weights_is_refused(photos, miniclip, tmp_path, here):
    run(photos, tmp_path, miniclip)
    (tmp_path / "part-000000.parquet").unlink()
    with pytest.raises(G3Error, match="different weights"):
        Encoder(tmp_path, Loader(lambda: miniclip), None, False, "0" * 64, 8).make(0)


def test_what_fails_in_a_worker_is_said_and_costs_no_finished_part(
    here, photos, miniclip, tmp_path, monkeypatch
):
    def full(*_):
        raise OSError(28, "No space left on device")

    made = []
    with pytest.raises(G3Error, match="block 2 could not be made, OSError.*No space left"):

        def after_two(block):
            made.append(block.block)
            if block.block == 1:
                monkeypatch.setattr(scale.pq, "write_table", full)

        run(photos, tmp_path, miniclip, on_block=after_two)
    assert made == [0, 1] and len(list(tmp_path.glob("part-*.parquet"))) == 2
    assert not list(tmp_path.glob("*.begun"))  # nobody was killed
    monkeypatch.undo()


def test_a_block_that_kills_its_workers_ends_the_run(here, photos, miniclip, tmp_path):
    run(photos, tmp_path, miniclip)
    (tmp_path / "part-000001.parquet").unlink()
    begun = tmp_path / "part-000001.begun"
    said = {"worker": 1, "start": 5.0, "deaths": scale.MOST_DEATHS - 1}
    begun.write_text(json.dumps(said))
    with pytest.raises(G3Error, match="block 1 could not be made.* 5 workers died .* crash them"):
        run(photos, tmp_path, miniclip)
    assert run(photos, tmp_path, miniclip).photos == N  # called again, it tries again


def test_a_task_that_begins_again_makes_no_part_twice(photos, miniclip, tmp_path, here):
    report = run(photos, tmp_path, miniclip)
    parts_before = [path.stat().st_mtime_ns for path in sorted(tmp_path.glob("part-*.parquet"))]
    sha256 = miniclip.fingerprint
    worker = Encoder(tmp_path, Loader(lambda: miniclip), photos.source, False, sha256, 8)
    again = [worker.make(number) for number in range(4)]
    assert [path.stat().st_mtime_ns for path in sorted(tmp_path.glob("part-*.parquet"))] == (
        parts_before
    )
    assert [block.photos for block in again] == report.blocks["photos"].tolist()


def test_a_listing_that_was_killed_does_not_lock_the_folder(here, photos, miniclip, tmp_path):
    run(photos, tmp_path, miniclip)
    (tmp_path / "listing-of-a-killed-run").mkdir()
    (tmp_path / "listing-of-a-killed-run" / "plan.parquet.0.part").write_bytes(b"half")
    pid = os.fork()
    if pid == 0:  # killed while it lists the photos once more
        killed = Photos(photos.name, lambda: os.kill(os.getpid(), signal.SIGKILL), photos.source)
        run(killed, tmp_path, miniclip)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    assert run(photos, tmp_path, miniclip).stored == 4


def test_files_that_are_damaged_are_named(here, photos, miniclip, tmp_path):
    run(photos, tmp_path, miniclip)
    (tmp_path / "part-000002.parquet").write_bytes(b"PAR1")
    with pytest.raises(G3Error, match=r"part-000002.parquet is damaged: .*; remove it and call"):
        run(photos, tmp_path, miniclip)
    (tmp_path / "part-000002.parquet").unlink()
    assert run(photos, tmp_path, miniclip).photos == N
    for damage in (lambda path: path.write_bytes(b"PAR1"), lambda path: path.unlink()):
        damage(tmp_path / PLAN)
        with pytest.raises(G3Error, match="lacks a list of photos that can be read"):
            run(photos, tmp_path, miniclip)


def test_numbers_that_float16_cannot_hold(photos, miniclip, tmp_path):
    table = photos.table.head(2)

    class Features:
        ids, skipped = table["IMG_ID"].tolist(), {}
        vectors = np.full((2, 3), 70_000, dtype=np.float32)

    with pytest.raises(G3Error, match="65,504"):
        scale._table(table, Features, {}, 3)


# --- a folder of features ------------------------------------------------------------------------


def test_parts_become_a_folder_of_features(here, photos, plain, miniclip, tmp_path):
    run(photos, tmp_path / "out", miniclip)
    made = to_features(tmp_path / "out", tmp_path / "features")
    assert made.table["IMG_ID"].tolist() == photos.ids
    np.testing.assert_array_equal(made.features, plain)
    made.check_backbone(miniclip.name, miniclip.fingerprint)
    read = featurefolder.read(tmp_path / "features")
    assert read.table["country"].tolist() == photos.table["country"].tolist()
    assert read.table["sha256"].notna().all() and read.manifest["kind"] == "gallery"


def test_photos_without_a_place_or_a_vector_are_left_out(here, photos, plain, miniclip, tmp_path):
    some, img_id = broken(photos, 3)
    table = some.table.copy()
    table.loc[[5, 19], ["LAT", "LON"]] = np.nan
    run(PhotoSet("some", table, some.source), tmp_path / "out", miniclip)
    made = to_features(tmp_path / "out", tmp_path / "features")
    kept = [n for n in range(N) if n not in (3, 5, 19)]
    assert made.table["IMG_ID"].tolist() == [photos.ids[n] for n in kept]
    np.testing.assert_allclose(made.features, plain[kept], rtol=1e-2, atol=1e-3)


def test_an_img_id_that_occurs_twice_is_refused_where_parts_are_joined(
    here, photos, miniclip, tmp_path
):
    tables = [photos.table.iloc[:6], photos.table.iloc[4:9]]  # parted by more than a block
    twice = Photos("twice", lambda: tables, photos.source)
    run(twice, tmp_path / "out", miniclip)
    with pytest.raises(FolderError, match="occurs twice"):
        to_features(tmp_path / "out", tmp_path / "features")
    assert not (tmp_path / "features" / "manifest.json").exists()


def test_a_run_that_is_not_finished_is_not_joined(here, photos, miniclip, tmp_path):
    run(photos, tmp_path / "out", miniclip)
    (tmp_path / "out" / "part-000001.parquet").unlink()
    with pytest.raises(G3Error, match="lacks 1 of 4 parts, the first is part-000001"):
        to_features(tmp_path / "out", tmp_path / "features")
    with pytest.raises(G3Error, match="holds no run.json"):
        list(parts(tmp_path))


def test_no_photo_with_a_place(here, photos, miniclip, tmp_path):
    table = photos.table.assign(LAT=np.nan, LON=np.nan)
    run(PhotoSet("nowhere", table, photos.source), tmp_path / "out", miniclip)
    with pytest.raises(G3Error, match="both a vector and a place"):
        to_features(tmp_path / "out", tmp_path / "features")


# --- with Ray ------------------------------------------------------------------------------------


@pytest.fixture
def ray():
    module = pytest.importorskip("ray")

    def late(*_):
        raise TimeoutError("no answer of Ray within ten minutes")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(600)
    yield module
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    assert not module.is_initialized()


RUN = """
import sys
from g3lite import miniearth
from g3lite.scale import embed
embed.embed(miniearth.load("gallery", 60), sys.argv[1], block=6, progress=False)
"""


def start(root, out):
    command = [sys.executable, "-c", RUN, str(out)]
    environment = os.environ | {"PYTHONPATH": str(root)}
    return subprocess.Popen(command, env=environment, start_new_session=True, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


@pytest.mark.slow
def test_workers_make_what_one_process_makes_though_one_is_killed(ray, photos, plain, tmp_path):
    killed = []

    def kill(block):
        if not killed:
            killed.append(block.worker)
            os.kill(block.worker, signal.SIGKILL)

    report = embed(photos, tmp_path, block=BLOCK, batch_size=BLOCK, progress=False, on_block=kill)
    assert killed and report.photos == N and report.without == 0
    assert sorted(report.blocks["block"]) == [0, 1, 2, 3]
    found = vectors_of(tmp_path)
    assert found["IMG_ID"].tolist() == photos.ids
    # a worker computes with one thread, this process with several: the last bit may differ
    np.testing.assert_allclose(np.stack(found["vector"]), plain, rtol=2**-9, atol=2**-12)
    assert os.getpid() not in set(report.blocks["worker"])


@pytest.mark.slow
def test_a_killed_run_goes_on(ray, root, miniclip, tmp_path):
    out = tmp_path / "out"
    process = start(root, out)
    while len(list(out.glob("part-*.parquet"))) < 3:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    there = len(list(out.glob("part-*.parquet")))
    again = start(root, out)
    said = again.communicate(timeout=300)
    assert again.returncode == 0, said
    assert said[0] == "" and "Traceback" not in said[1]
    assert 3 <= there <= 10
    photos = miniearth.load("gallery", 60)
    found = vectors_of(out)
    assert found["IMG_ID"].tolist() == photos.ids
    expected = miniclip.image_features(photos, cache=False, normalize=False, progress=False)
    np.testing.assert_allclose(
        np.stack(found["vector"]).astype(np.float32), expected.vectors, rtol=2e-3, atol=2e-3
    )
    assert (out / PLAN).is_file()


@pytest.mark.slow
def test_what_fails_in_one_of_rays_workers_is_said_in_a_line(ray, photos, tmp_path):
    def source(img_id):
        raise RuntimeError("the disk is on fire")

    some = PhotoSet("burning", photos.table, source)
    with pytest.raises(G3Error, match="could not be made, RuntimeError: the disk is on fire"):
        embed(some, tmp_path, block=BLOCK, progress=False)


def no_weights():
    raise FileNotFoundError("no weights on this machine")


@pytest.mark.slow
def test_a_worker_that_cannot_begin_is_said_in_a_line(ray, photos, miniclip, tmp_path):
    driver = os.getpid()

    def backbone():
        return Backbone.load("miniclip") if os.getpid() == driver else no_weights()

    with pytest.raises(G3Error, match="FileNotFoundError: no weights on this machine") as said:
        embed(photos, tmp_path, backbone, block=BLOCK, progress=False)
    assert "\n" not in str(said.value)


@pytest.mark.slow
def test_a_photo_that_crashes_every_worker_ends_the_run(ray, photos, tmp_path):
    said = {"worker": 1, "start": 5.0, "deaths": scale.MOST_DEATHS - 2}  # one more is allowed
    (tmp_path / "part-000003.begun").write_text(json.dumps(said))
    bad = photos.ids[-1]

    def source(img_id):
        return os._exit(3) if img_id == bad else photos.source(img_id)

    some = PhotoSet("crashing", photos.table, source)
    with pytest.raises(G3Error, match="block 3 could not be made.* 5 workers died"):
        embed(some, tmp_path, block=BLOCK, workers=1, progress=False)
    assert len(list(tmp_path.glob("part-*.parquet"))) == 3


def test_a_start_of_ray_that_fails_is_said(ray, photos, tmp_path, monkeypatch):
    def busy(*_, **__):
        raise Exception("The current node timed out during startup.")  # as Ray raises it

    monkeypatch.setattr(ray, "init", busy)
    with pytest.raises(G3Error, match="Ray cannot be had at this machine: .* timed out"):
        embed(photos, tmp_path, block=BLOCK, progress=False)


def test_a_cluster_that_is_not_there(ray, photos, tmp_path):
    with pytest.raises(G3Error, match="Ray cannot be had at 127.0.0.1:1"):
        embed(photos, tmp_path, block=BLOCK, progress=False, address="127.0.0.1:1")
