"""Fixtures that several test files share."""

import os
from pathlib import Path

import matplotlib
import pytest

matplotlib.use("Agg")  # in this process only: kernels started by nbval must draw inline

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real photos (G3LITE_REAL, else ../shared/real); skips where there is none."""
    chosen = os.environ.get("G3LITE_REAL")
    folder = Path(chosen) if chosen else ROOT.parent / "shared" / "real"
    if not folder.is_dir():
        pytest.skip(f"no real photos in {folder}; name their folder in G3LITE_REAL")
    return folder
