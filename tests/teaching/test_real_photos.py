"""The sections "On real photos": each cell on a stand-in pack, and one line where there is none."""

import math
import warnings

import nbformat
import numpy as np
import pandas as pd
import pytest
import torch
from stand_in_pack import stand_in

from g3lite.datasets import pack as packs
from g3lite.datasets.featurefolder import FolderError
from g3lite.figures import style
from g3lite.teaching import notebooks, plans, real_photos

FOLDER = notebooks.folder()
SET_UP = 3  # code cells at the start of a notebook: installation, imports, PROFILE


def of_a_pack(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if notebooks.PACK in cell.metadata.get("tags", [])]


NAMES = [n for n in notebooks.names(FOLDER) if of_a_pack(notebooks.read_source(FOLDER, n))]


@pytest.fixture(scope="module")
def made(tmp_path_factory, miniclip):
    return stand_in(tmp_path_factory.mktemp("pack") / "stand-in", miniclip)


@pytest.fixture
def named(made, monkeypatch):
    """The stand-in pack, named as a reader names one."""
    monkeypatch.setenv(packs.VARIABLE, str(made.folder.path))
    return made


@pytest.fixture
def none(monkeypatch):
    """No pack, and no GPU to make one."""
    monkeypatch.delenv(packs.VARIABLE, raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the section of a notebook after its imports alone; what each cell printed and showed."""

    def section(name: str) -> list[tuple[str, list[str]]]:
        source = notebooks.read_source(FOLDER, name)
        first = [cell for cell in source.cells if cell.cell_type == "code"][:SET_UP]
        names: dict[str, object] = {"__name__": "notebook"}
        for cell in first:
            exec(cell.source, names)
        capsys.readouterr()
        left = []
        for cell in of_a_pack(source):
            shown: list[str] = []
            monkeypatch.setattr(
                style.Live, "show", lambda self, figure, alt, shown=shown, **_: shown.append(alt)
            )
            exec(cell.source.replace('"official"', '"mini"'), names)  # quicker
            left.append((capsys.readouterr().out, shown))
        return left

    with pd.option_context("display.width", 80, "display.max_columns", 0):  # put back afterwards
        yield section


# --- the cells


def test_the_sections_are_found():
    assert {name[:2] for name in NAMES} >= {"01", "02", "03"}


@pytest.mark.parametrize("name", NAMES)
def test_each_cell_shows_something_of_a_pack(name, named, run):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # they would be red lines in the notebook
        left = run(name)
    assert all(text or alts for text, alts in left)
    assert left[0][0].startswith("stand-in: 160 photos that are drawn, miniclip. Photos by part: ")
    assert sum(len(alts) for _, alts in left) >= 1
    assert not any("nan" in text for text, _ in left)


@pytest.mark.parametrize("name", NAMES)
def test_without_a_pack_a_section_is_one_line(name, none, run):
    (first, shown), *others = run(name)
    assert first.startswith(real_photos.NO_PACK) and first.count("\n") == 1 and not shown
    assert all(left == ("", []) for left in others)


@pytest.mark.parametrize("name", NAMES)
def test_a_section_is_short(name):
    (section,) = [one for one in plans.sections(FOLDER, name[:2]) if one.title == "On real photos"]
    assert section.minutes <= 6
    assert len(of_a_pack(notebooks.read_source(FOLDER, name))) <= 5


@pytest.mark.parametrize("name", NAMES)
def test_what_is_committed_says_what_it_is_and_shows_no_photo(name):
    cells = of_a_pack(nbformat.read(FOLDER / f"{name}.ipynb", as_version=4))
    first = "".join(output.get("text", "") for output in cells[0].outputs)
    assert first.startswith("mechanics on 240 photos, not CLIP (EfficientNet-lite2)")
    kinds = {kind for cell in cells for output in cell.outputs for kind in output.get("data", {})}
    assert "image/jpeg" not in kinds  # what `figures.show` makes of a figure with photos


# --- what they call


def test_a_gpu_is_offered_a_pack_with_its_size(none, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert real_photos.pack("a map") is None
    said = capsys.readouterr().out
    assert "these cells show a map" in said and "g3lite pack osv5m class" in said
    assert "about 1.0 GB of photos" in said and "at most 120 MB" in said
    assert "not been measured" in said


def test_a_folder_without_a_pack_is_an_error_that_names_the_variable(tmp_path, monkeypatch):
    monkeypatch.setenv(packs.VARIABLE, str(tmp_path))
    with pytest.raises(FolderError, match="named by G3LITE_PACK"):
        real_photos.pack("a map")


class _Folder:
    backbone = "some model"


class _Pack:
    folder = _Folder()

    def __init__(self, name, texts):
        self.name, self.texts = name, texts

    def __len__(self):
        return 1240


@pytest.mark.parametrize(
    ("name", "texts", "label"),
    [
        ("osv5m", ["a"], "1,240 photos of osv5m, some model"),
        ("holiday", [], "mechanics on 1,240 photos, not CLIP (some model)"),
        ("miniearth", ["a"], "stand-in: 1,240 photos that are drawn, some model"),
    ],
)
def test_results_say_what_they_are_results_of(name, texts, label):
    assert real_photos.label(_Pack(name, texts)) == label


def test_each_photo_has_somebody_where_none_is_named():
    table = pd.DataFrame({"AUTHOR": ["ann", None, None], "IMG_ID": ["1.jpg", "a/2.jpg", "a/3.jpg"]})
    found = real_photos.people(table)["AUTHOR"]
    assert found.tolist() == ["ann", "folder a", "folder a"] and table["AUTHOR"].isna().sum() == 2


def test_a_loss_is_compared_with_guessing_among_as_many_photos(made):
    sizes = {part: made.parts[part] for part in ("train", "validation")}
    assert sizes["train"] > sizes["validation"]
    history = pd.DataFrame(
        {"epoch": [1, 2], "loss": 2 * np.log(sizes["train"]) * np.array([1, 0.5]),
         "validation_loss": 2 * np.log(sizes["validation"]) * np.array([1.1, 1])}
    )  # fmt: skip
    shares = real_photos.of_guessing(history, made)  # two terms: the stand-in has texts
    np.testing.assert_allclose(shares["train"][1], [1, 0.5])
    np.testing.assert_allclose(shares["validation"][1], [1.1, 1])
    assert shares["train"][0].tolist() == [1, 2] and math.isclose(sum(shares["validation"][1]), 2.1)


def test_a_difference_is_written_in_points():
    row = pd.DataFrame({"difference": [0.0123], "low": [-0.004], "high": [0.03]})
    assert real_photos.in_points(next(row.itertuples())) == "+1.2 [-0.4, +3.0] points"


def test_warnings_to_the_user_are_printed_once(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with real_photos.told():
            for _ in range(2):
                warnings.warn("at chance", stacklevel=1)
            warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert capsys.readouterr().out == "warning: at chance\n"
