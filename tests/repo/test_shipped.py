"""Shipped files are compared with the manifest when they are loaded, whichever part loads them."""

import ast
import json
import re
import shutil
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from g3lite import miniearth, paths, places
from g3lite.after.judge import LearnedJudge
from g3lite.alignment import GeoAlignment
from g3lite.backbone import Backbone
from g3lite.baselines import earth
from g3lite.cli import main
from g3lite.figures import maps
from g3lite.lmm.load import load_lmm
from g3lite.miniearth import world
from g3lite.paper import after, seeds, tables
from g3lite.paths import ArtefactError
from g3lite.recipes import judge, judge_photos, miniclip
from g3lite.recipes import replies as reply_recipe
from g3lite.scale import growth

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = json.loads((ROOT / "data" / "manifest.json").read_text(encoding="utf-8"))
FILES = [file for entry in MANIFEST["artefacts"].values() for file in entry["files"]]
LONG_TABLES = {
    file for file in FILES if re.match(r"replies/final_|after/|judge/[cj]|judge/v", file)
}
NEVER_LOADED = {
    "cities/README.md", "geoclip/LICENSE", "geoclip/README.md", "natural_earth/README.md",
    "natural_earth/make.py",
}  # fmt: skip


MEASURED = ("embed", "kills", "overhead", "restarts", "store", "train")


def picture():
    photos = miniearth.load("validation", 1)
    return photos.image(photos.ids[0])


def judged(which):
    """The learned judge's replies about one of its sets, whose table is not needed here."""
    return judge_photos.recorded(which, range(judge_photos.SIZES[which]))


LOADS = {
    "after/after_natural": lambda: after.replies("after_natural"),
    "after/after_uniform": lambda: after.replies("after_uniform"),
    "after/distances": after.distances,
    "after/sure": after.sure,
    "alignment/": lambda: GeoAlignment.from_pretrained("mini"),
    "choice/": lambda: pd.read_csv(paths.shipped("choice/grid.csv")),
    "cities/cities": places.cities.__wrapped__,
    "cities/countries": places.countries.__wrapped__,
    "cues/": lambda: pd.read_csv(paths.shipped("cues/moves.csv")),
    "geoclip/": earth.geoclip,
    "judge/calibration_natural": lambda: judged("calibration_natural"),
    "judge/calibration_uniform": lambda: judged("calibration_uniform"),
    "judge/judge_natural": lambda: judged("judge_natural"),
    "judge/judge_uniform": lambda: judged("judge_uniform"),
    "judge/learned": lambda: LearnedJudge.from_pretrained([[0.0, 0.0]]),
    "judge/levels": judge.calibration,
    "judge/validation": judge.validation,
    "miniclip/": lambda: Backbone.load("miniclip", "cpu"),
    "miniclip/corpus.txt": miniclip.corpus_ids,
    "miniearth/after_natural": lambda: miniearth.load("after_natural", 5),
    "miniearth/after_uniform": lambda: miniearth.load("after_uniform", 5),
    "miniearth/final_natural": lambda: miniearth.load("final_natural", 5),
    "miniearth/final_uniform": lambda: miniearth.load("final_uniform", 5),
    "miniearth/gallery": lambda: miniearth.load("gallery", 5),
    "miniearth/photos.tar": picture,
    "miniearth/places": world.places.__wrapped__,
    "miniearth/test_natural": lambda: miniearth.load("test_natural", 5),
    "miniearth/test_uniform": lambda: miniearth.load("test_uniform", 5),
    "miniearth/validation": lambda: miniearth.load("validation", 5),
    "minilmm/": lambda: load_lmm("minilmm"),
    "natural_earth/": lambda: maps._feature.__wrapped__("physical/ne_110m_coastline"),
    "predictions/": lambda: tables.predictions("validation", 5),
    "replies/final_natural": lambda: reply_recipe.recorded("final_natural"),
    "replies/final_uniform": lambda: reply_recipe.recorded("final_uniform"),
    "replies/validation": lambda: reply_recipe.recorded("validation"),
    **{f"scale/{name}": partial(growth.measured, name) for name in MEASURED},
    "seeds/": lambda: list(seeds.predictions()),
}
"""What loads the files that begin so; the longest beginning counts."""


@pytest.fixture(scope="module")
def a_copy(tmp_path_factory):
    return shutil.copytree(paths.data_dir(), tmp_path_factory.mktemp("copy") / "data")


@pytest.fixture
def data(a_copy, monkeypatch):
    """A copy of the data folder, which is what the package loads."""
    monkeypatch.setattr(paths, "data_dir", lambda: a_copy)
    return a_copy


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(file, marks=pytest.mark.slow if file in LONG_TABLES else [])
        for file in FILES
        if file not in NEVER_LOADED
    ],
)
def test_a_damaged_file_is_refused_by_what_loads_it(data, file):
    load = LOADS[max((start for start in LOADS if file.startswith(start)), key=len)]
    whole, copy = ROOT / "data" / file, data / file
    try:
        for content in (flipped(whole.read_bytes()), whole.read_bytes()[:-1], b"", None):
            copy.unlink() if content is None else copy.write_bytes(content)
            with pytest.raises(ArtefactError, match=f"{re.escape(file)} is .*git checkout"):
                load()
    finally:
        shutil.copy2(whole, copy)


@pytest.mark.parametrize("start", LOADS)
def test_whole_files_are_loaded(data, start):
    assert LOADS[start]() is not None


def test_the_command_ends_in_a_line_that_names_the_file(data, tmp_path, monkeypatch):
    photo = tmp_path / "photo.jpg"
    picture().save(photo)
    name = "miniclip/open_clip_model.safetensors"
    (data / name).write_bytes(flipped((ROOT / "data" / name).read_bytes()))
    try:
        with pytest.raises(SystemExit) as stop:
            main.main(["locate", str(photo), "--profile", "ci"])
    finally:
        shutil.copy2(ROOT / "data" / name, data / name)
    assert str(stop.value.code).startswith(f"g3lite: {data / name} is damaged or was changed")


def test_nothing_else_makes_paths_in_the_data_folder():
    """A file that is loaded by its path in the folder would not be compared with the manifest."""
    # The command shows the folder; `python -m` of the two recipes writes into it.
    allowed = {"main.py": 1, "doctor.py": 1, "artefacts.py": 3, "miniclip.py": 1, "minilmm.py": 1}
    files = [path for folder in ("g3lite", "benchmarks", "notebooks/source")
             for path in (ROOT / folder).rglob("*.py")]  # fmt: skip
    assert len(files) > 50
    for path in files:
        if path == ROOT / "g3lite" / "paths.py":
            continue
        uses = [
            node
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if getattr(node, "id", getattr(node, "attr", None)) == "data_dir"
        ]
        assert len(uses) <= allowed.get(path.name, 0), f"{path}: load it through artefacts.shipped"
