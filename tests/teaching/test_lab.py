"""A cache for a class: filled once, then only read."""

import numpy as np
import pytest

from g3lite import G3Error, miniearth, paths
from g3lite.cli.main import app
from g3lite.lmm.store import Question, Store
from g3lite.miniearth import splits
from g3lite.support.feature_cache import _Store
from g3lite.teaching import lab

QUESTION = Question("m", "p", "?", 1.0)
ROW = {"a": np.ones(3, np.float32)}


def read_only(folder, wanted: bool) -> None:
    for path in (*folder.rglob("*"), folder):
        path.chmod((0o555 if path.is_dir() else 0o444) if wanted else 0o755)


def fill(folder) -> None:
    folder.mkdir()
    with lab.filling(folder, "ci"):
        _Store(paths.cache_dir() / "features" / "x").write(ROW)
        (paths.cache_dir() / "miniearth").mkdir()
        (paths.cache_dir() / "miniearth" / "y.tar").write_bytes(b"pictures")
        with Store(paths.cache_dir() / "replies.sqlite") as store:
            store.write(QUESTION, [0], ["(1, 2)"])


def test_what_was_filled_is_read_and_what_is_new_goes_to_the_own_cache(bound, monkeypatch):
    shared, own = bound / "shared", bound / "own"
    monkeypatch.setenv("G3LITE_CACHE", str(own))
    fill(shared)
    assert paths.cache_dir() == own  # as before
    read_only(shared, True)
    before = {path: path.stat().st_mtime_ns for path in shared.rglob("*")}
    try:
        assert lab.use(shared) == (2, 1)
        assert (own / "miniearth" / "y.tar").is_symlink()
        assert (own / "miniearth" / "y.tar").read_bytes() == b"pictures"
        assert _Store(own / "features" / "x").read(["a"])["a"].tolist() == [1, 1, 1]
        with Store(own / "replies.sqlite") as store:
            assert store.read(QUESTION)[0].text == "(1, 2)"
            store.write(QUESTION, [1], ["(3, 4)"])  # which the shared folder would refuse
        _Store(own / "features" / "x").write({"b": np.zeros(3, np.float32)})
        assert set(_Store(own / "features" / "x").read(["a", "b"])) == {"a", "b"}
        assert lab.use(shared) == (0, 0)
        with Store(own / "replies.sqlite") as store:
            assert set(store.read(QUESTION)) == {0, 1}  # what the student has stays
        assert {path: path.stat().st_mtime_ns for path in shared.rglob("*")} == before
    finally:
        read_only(shared, False)


def test_without_links_the_files_are_copied(bound, monkeypatch):
    monkeypatch.setenv("G3LITE_CACHE", str(bound / "own"))
    fill(bound / "shared")
    monkeypatch.setattr(lab, "_link", lambda path, target: False)
    assert lab.use(bound / "shared") == (0, 3)
    assert not (bound / "own" / "miniearth" / "y.tar").is_symlink()


def test_a_link_into_a_folder_that_is_gone_is_replaced(tmp_path, monkeypatch):
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "own"))
    fill(tmp_path / "shared")
    lab.use(tmp_path / "shared")
    (tmp_path / "shared").rename(tmp_path / "moved")
    assert lab.use(tmp_path / "moved") == (2, 0)


def test_a_folder_that_nobody_filled_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "own"))
    with pytest.raises(G3Error, match="teach cache fill"):
        app(["teach", "cache", "use", str(tmp_path)], standalone_mode=False)
    fill(tmp_path / "shared")
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "shared"))
    with pytest.raises(G3Error, match="is the cache in use"):
        lab.use(tmp_path / "shared")


@pytest.mark.slow
def test_a_class_draws_each_picture_once(tmp_path, monkeypatch):
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "own"))
    (tmp_path / "shared").mkdir()
    first = miniearth.fresh("for a class", 3)
    with lab.filling(tmp_path / "shared", "ci"):
        drawn = [first.read(img_id) for img_id in first.ids]
    lab.use(tmp_path / "shared")
    monkeypatch.setattr(splits, "_render", lambda ids: pytest.fail("drawn again"))
    again = miniearth.fresh("for a class", 3)
    assert [again.read(img_id) for img_id in again.ids] == drawn
