"""What the tests of models behind servers share."""

import pytest
from lmm_server import KEY, serving

from g3lite.lmm import api


@pytest.fixture
def server():
    with serving() as server:
        yield server


@pytest.fixture
def surroundings(monkeypatch, tmp_path):
    """A key, short pauses, and a cache of one's own."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(api, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(api, "LONGEST_PAUSE_S", 0.05)
