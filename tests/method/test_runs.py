"""What a run leaves on disk, and what it says of its time."""

import errno
import json
import os

import pandas as pd
import pytest
from fixed_lmm import Fixed

from g3lite import G3, G3Error, miniearth, paths
from g3lite.pipeline import TABLES
from g3lite.prompts import PromptPlan
from g3lite.verification import CandidateConfig


@pytest.fixture
def g3(shipped, tmp_path, monkeypatch):
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "cache"))
    plan, choice = PromptPlan((0,), 1), CandidateConfig((0,), 1)
    return G3(shipped.backbone, shipped.heads, shipped.gallery, Fixed("(1.5, 2.5)"), plan, choice)


@pytest.fixture(scope="module")
def photos():
    return miniearth.load("validation", 2)


def test_what_comes_from_disk_is_not_shown_as_a_measurement(g3, photos, tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(photos.read(photos.ids[0]))
    first, again = g3.locate(path), g3.locate(path)
    assert all(took > 0 for took in first.seconds.values())
    assert "from the store" not in str(first)
    assert again.seconds["embed"] is again.seconds["ask"] is None
    assert again.seconds["search"] > 0 and again.seconds["verify"] > 0
    assert "embed from the store, search 0.0" in str(again) and "ask from the store" in str(again)
    assert json.loads(json.dumps(again.as_dict(), allow_nan=False))["seconds"]["ask"] is None
    path.write_bytes(photos.read(photos.ids[1]))
    other = g3.locate(path)  # another photo under the same name
    assert None not in other.seconds.values()


def test_the_record_of_a_run_is_named_last(g3, photos, tmp_path, monkeypatch):
    named = []
    replace = type(tmp_path).replace

    def noting(self, target):
        named.append(os.path.basename(target))
        return replace(self, target)

    monkeypatch.setattr(type(tmp_path), "replace", noting)
    g3.predict(photos, tmp_path / "run", progress=False)
    assert named[-1] == "run.json" and set(named[-4:-1]) == set(TABLES)


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO])
def test_tables_that_cannot_be_written_leave_what_was_there(
    g3, photos, tmp_path, monkeypatch, fault
):
    run = tmp_path / "run"
    g3.predict(photos, run, progress=False)
    held = {path.name: path.read_bytes() for path in run.iterdir()}

    def full(self, *args, **options):
        raise OSError(fault, os.strerror(fault))

    with monkeypatch.context() as patched:
        patched.setattr(pd.DataFrame, "to_parquet", full)
        with pytest.raises(G3Error, match="cannot be written to .* is in the store in the cache"):
            g3.predict(photos, run, progress=False)
        store = tmp_path / "replies.sqlite"
        with pytest.raises(G3Error, match=r"Every reply is in .*replies\.sqlite: make room"):
            g3.predict(photos, tmp_path / "other", progress=False, store=store)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == held
    assert list((tmp_path / "other").iterdir()) == []
    asked = g3.lmm.asked
    g3.predict(photos, tmp_path / "other", progress=False, store=store)
    assert g3.lmm.asked == asked and len(list((tmp_path / "other").iterdir())) == 4


def test_a_run_that_was_killed_while_it_named_its_files_goes_on(g3, photos, tmp_path):
    run = tmp_path / "run"
    g3.predict(photos, run, progress=False)
    (run / "run.json").rename(run / "run.json.0123456789abcdef.part")
    (run / TABLES[0]).unlink()
    g3.predict(photos, run, progress=False)
    assert {*TABLES, "run.json"} <= {path.name for path in run.iterdir()}
    (run / "run.json").rename(run / "run.json.0123456789abcdef.part")
    with pytest.raises(G3Error, match="another run, with other queries"):
        g3.predict(photos.head(1), run, progress=False)


def test_a_part_has_a_name_that_nobody_can_have_planted(tmp_path):
    names = set()
    for _ in range(3):
        with paths.replacing(tmp_path / "map.png") as part:
            names.add(part.name)
            part.write_bytes(b"a picture")
    assert len(names) == 3 and str(os.getpid()) not in "".join(names).split(".")


def test_a_link_in_the_place_of_a_file_is_replaced_not_followed(tmp_path):
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "map.png").symlink_to(tmp_path / "precious")
    with paths.replacing(tmp_path / "map.png") as part:
        part.write_text("a map")
    assert (tmp_path / "precious").read_text() == "kept"
    assert (tmp_path / "map.png").read_text() == "a map"
    assert not (tmp_path / "map.png").is_symlink()
