"""Fixtures that several test files share."""

import os
import shutil
import tempfile
from pathlib import Path

import matplotlib
import pytest
from huggingface_hub import close_session, constants
from local_hub import LocalHub

import g3lite  # noqa: F401  before any test imports torch or faiss, see there

matplotlib.use("Agg")  # in this process only: kernels started by nbval must draw inline

ROOT = Path(__file__).resolve().parents[1]


@pytest.hookimpl(tryfirst=True)  # before those that are not asked for are taken out
def pytest_collection_modifyitems(items):
    """Of the notebooks only the first is quick enough for `make test`."""
    for item in items:
        if item.path.suffix == ".ipynb" and not item.path.name.startswith("00_"):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shipped():
    """G3 with the shipped models and the first 2,000 photos of the gallery; loaded once."""
    from g3lite import G3

    return G3.from_pretrained("ci", progress=False)


@pytest.fixture(scope="session")
def miniclip():
    """The shipped MiniCLIP, loaded once."""
    from g3lite.backbone import Backbone

    return Backbone.load("miniclip", device="cpu")


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real photos (G3LITE_REAL, else ../shared/real); skips where there is none."""
    chosen = os.environ.get("G3LITE_REAL")
    folder = Path(chosen) if chosen else ROOT.parent / "shared" / "real"
    if not folder.is_dir():
        pytest.skip(f"no real photos in {folder}; name their folder in G3LITE_REAL")
    return folder


@pytest.fixture
def bound():
    """A folder of a user whom the mode bits of files bind: root, whom they do not, becomes one."""
    if not hasattr(os, "seteuid"):
        pytest.skip("this system has no mode bits")
    folder, root = Path(tempfile.mkdtemp()), os.geteuid() == 0
    if root:
        nobody = 65534
        os.chown(folder, nobody, -1)
        os.seteuid(nobody)
    yield folder
    if root:
        os.seteuid(0)
    folder.chmod(0o700)
    shutil.rmtree(folder)


@pytest.fixture
def hub_server(tmp_path, monkeypatch):
    """An empty hub that all clients take for the real one, and nothing of it on disk."""
    server = LocalHub()
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    close_session()  # one that was opened before this would ask a proxy
    monkeypatch.delenv("G3LITE_PHOTOS", raising=False)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    template = server.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "huggingface"))
    yield server
    server.close()
