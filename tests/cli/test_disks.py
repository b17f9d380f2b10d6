"""Disks that are full or read-only, folders that cannot be made, streams that are closed."""

import errno
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from fixed_lmm import Fixed

from g3lite import G3, G3Error, miniearth, paths
from g3lite.cli import check_output, main
from g3lite.lmm.store import Question, Store, StoreError
from g3lite.prompts import PromptPlan
from g3lite.support import checkpoint as checkpoint_file
from g3lite.support.feature_cache import _Store
from g3lite.verification import CandidateConfig

CASE = str(Path(__file__).parents[1] / "cases" / "tables" / "self_NA_author.csv")


def refused(*arguments) -> str:
    """The last words of a command that fails, which are one line."""
    with pytest.raises(SystemExit) as stop:
        main.main(list(map(str, arguments)))
    assert isinstance(stop.value.code, str) and "\n" not in stop.value.code
    return stop.value.code


# A cache that cannot be written


def read_only(folder: Path, wanted: bool) -> None:
    for path in (*folder.rglob("*"), folder):
        path.chmod((0o555 if path.is_dir() else 0o444) if wanted else 0o755)


def test_a_read_only_cache_serves_what_it_holds(shipped, bound, monkeypatch, recwarn):
    monkeypatch.setenv("G3LITE_CACHE", str(bound / "cache"))
    g3 = G3(shipped.backbone, shipped.heads, shipped.gallery, Fixed("(1.5, 2.5)"),
            PromptPlan((0,), 1), CandidateConfig((0,), 1))  # fmt: skip
    photos = miniearth.load("validation", 2)
    for img_id in photos.ids:
        (bound / img_id).write_bytes(photos.read(img_id))
    held, other = (bound / img_id for img_id in photos.ids)
    first = g3.locate(held)
    read_only(bound / "cache", True)
    try:
        again = g3.locate(held)
        assert again.coordinates == first.coordinates and g3.lmm.asked == 1
        assert again.replies.equals(first.replies) and not again.fallback
        with pytest.raises(StoreError, match="readonly database.*G3LITE_CACHE says"):
            g3.locate(other)  # what it does not hold would have to be kept
        assert g3.lmm.asked == 1  # which is found before anything is asked
        assert any("features are not kept" in str(told.message) for told in recwarn.list)
    finally:
        read_only(bound / "cache", False)


def test_a_store_on_a_read_only_disk_is_read(bound):
    question = Question("m", "p", "?", 1.0)
    with Store(bound / "s.sqlite") as store:
        store.write(question, [0], ["(1, 2)"])
    for file_mode, folder_mode in ((0o444, 0o755), (0o644, 0o555), (0o444, 0o555)):
        (bound / "s.sqlite").chmod(file_mode)
        bound.chmod(folder_mode)
        try:
            with Store(bound / "s.sqlite") as store:
                assert store.read(question)[0].text == "(1, 2)"
                with pytest.raises(StoreError, match="cannot be written"):
                    store.write(question, [1], ["(3, 4)"])
        finally:
            bound.chmod(0o755)
    assert [path.name for path in bound.iterdir()] == ["s.sqlite"]


def test_features_that_cannot_be_kept_are_used(tmp_path, monkeypatch):
    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("g3lite.support.feature_cache.replacing", full)
    vectors = {"a": np.ones(3, np.float32)}
    with pytest.warns(UserWarning, match=r"not kept, .* \(No space left on device\); G3LITE_CACHE"):
        assert _Store(tmp_path / "new").write(vectors) is vectors


def test_a_damaged_file_that_cannot_be_removed_is_passed_over(bound):
    (bound / "features").mkdir()
    (bound / "features" / "x.safetensors").write_bytes(b"damaged")
    (bound / "features").chmod(0o555)
    try:
        with pytest.warns(UserWarning, match="is damaged"):
            assert _Store(bound / "features").read(["a"]) == {}
    finally:
        (bound / "features").chmod(0o755)


@pytest.mark.parametrize("where", ["file", "file/in", "~nobody-of-this-name/x"])
def test_a_cache_that_cannot_be_made_names_the_variable(tmp_path, monkeypatch, where):
    (tmp_path / "file").touch()
    monkeypatch.setenv("G3LITE_CACHE", where if where[0] == "~" else str(tmp_path / where))
    assert "environment variable G3LITE_CACHE" in refused("info")


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_a_home_that_cannot_be_written_names_the_variable(monkeypatch):
    for variable in ("G3LITE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", "/proc/nobody")
    with pytest.raises(G3Error, match="/proc/nobody/.cache/g3lite cannot .* G3LITE_CACHE"):
        paths.cache_dir()


# Results that cannot be written


@pytest.mark.parametrize(
    "arguments",
    [
        ("tables", "--profile", "ci", "--output"),
        ("align", "--profile", "ci"),
        ("run", "--profile", "ci", "--output"),
        ("dev", "miniearth", "fresh", "nobody-has-seen", 2),
        ("dev", "miniearth", "sheet"),
        ("dev", "miniearth", "moves"),
        ("evaluate", CASE, "--csv"),
    ],
    ids=lambda words: " ".join(map(str, words[:3])),
)
def test_outputs_that_cannot_be_written_are_refused_at_once(tmp_path, arguments, capsys):
    (tmp_path / "file").touch()
    said = refused(*arguments, tmp_path / "file" / "out.png")
    assert str(tmp_path / "file") in said and "Not a directory" in said
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(not os.path.islink("/dev/stdout"), reason="no /dev/stdout")
def test_the_name_of_a_stream_is_no_file_to_replace(tmp_path):
    saved = os.dup(1)
    try:
        with open(tmp_path / "out.txt", "w") as file:
            os.dup2(file.fileno(), 1)
        assert os.path.isfile("/dev/stdout")  # by way of the link
        with pytest.raises(G3Error, match="/dev/stdout is a device or a pipe"):
            check_output(Path("/dev/stdout"))
    finally:
        os.dup2(saved, 1)
        os.close(saved)
    check_output(tmp_path / "out.txt")


@pytest.mark.parametrize("how", ["raised", "behind another error"])
def test_a_disk_that_fills_up_is_a_line(tmp_path, monkeypatch, how):
    def full(self, data):
        error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))
        if how == "raised":
            raise error
        raise RuntimeError("unexpected pos 576 vs 534") from error

    monkeypatch.setattr(type(tmp_path), "write_bytes", full)
    said = refused("dev", "miniearth", "fresh", "nobody-has-seen", 1, tmp_path / "out")
    assert said.startswith(f"g3lite: {tmp_path / 'out' / 'images'}") and "No space left" in said


def test_another_error_is_no_disk_error(monkeypatch, tmp_path):
    def wrong(self, data):
        raise ValueError("a bug")

    monkeypatch.setattr(type(tmp_path), "write_bytes", wrong)
    with pytest.raises(ValueError, match="a bug"):
        main.main(["dev", "miniearth", "fresh", "nobody-has-seen", "1", str(tmp_path / "out")])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_checkpoint_on_a_full_disk_is_an_error_of_the_disk(monkeypatch, tmp_path):
    layer = torch.nn.Linear(400, 400)
    process = SimpleNamespace(is_main_process=True, scaler=None)
    adam = torch.optim.AdamW(layer.parameters())
    checkpoint = checkpoint_file.Checkpoint(layer, adam, process, tmp_path / "checkpoint.pt")
    checkpoint.save([], {})
    assert (tmp_path / "checkpoint.pt").stat().st_size > 640_000
    monkeypatch.setattr(checkpoint_file, "replacing", lambda path: nullcontext("/dev/full"))
    with pytest.raises(OSError, match="No space left on device"):
        checkpoint.save([], {})


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_standard_output_on_a_full_disk_is_named(monkeypatch):
    full = open("/dev/full", "w")  # noqa: SIM115
    monkeypatch.setattr(sys, "stdout", full)
    said = refused("evaluate", CASE)
    monkeypatch.undo()
    with pytest.raises(OSError, match="No space left"):
        full.close()
    assert said == "g3lite: standard output cannot be written: No space left on device"


@pytest.mark.parametrize("name", ["../x", "a/b", "..", ".x", "", "a\\b", "/x"])
def test_a_set_of_fresh_photos_has_a_name_and_no_path(tmp_path, name):
    said = refused("dev", "miniearth", "fresh", "--", name, 2, tmp_path / "in" / "out")
    assert "cannot be a name" in said and list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="cannot be a name"):
        miniearth.fresh(name, 2)


# Streams


def called(shell: str) -> subprocess.CompletedProcess:
    command = f"{sys.executable} -m g3lite.cli"
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", shell.format(command)], capture_output=True, text=True
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="bash")
@pytest.mark.parametrize(
    ("shell", "said"),
    [
        ("{} info | head -1", ""),
        ("{} info | true", ""),
        (f"{{}} evaluate {CASE} | true", ""),
        ("{} info >&-", ""),
        (
            "{} info >/dev/full",
            "g3lite: standard output cannot be written: No space left on device",
        ),
    ],
)
def test_a_reader_that_goes_away_gets_no_traceback(shell, said):
    done = called(shell)
    assert "Traceback" not in done.stderr and done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) <= bool(said)
