"""The sections "On real photos": each cell on a stand-in pack, and one line where there is none."""

import math
import shutil
import warnings
from dataclasses import replace
from types import SimpleNamespace

import nbformat
import numpy as np
import pandas as pd
import pytest
import torch
from fixed_lmm import Fixed
from stand_in_pack import stand_in

from g3lite import G3Error, profiles
from g3lite.alignment import GeoAlignment
from g3lite.datasets import pack as packs
from g3lite.datasets.featurefolder import FolderError
from g3lite.datasets.pack import Pack
from g3lite.figures import style
from g3lite.photos import NotThere
from g3lite.prompts import PromptPlan
from g3lite.recipes.own import schedule_for
from g3lite.teaching import notebooks, plans, real_photos

FOLDER = notebooks.folder()
SET_UP = 3  # code cells at the start of a notebook: installation, imports, PROFILE


def of_a_pack(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if notebooks.PACK in cell.metadata.get("tags", [])]


NAMES = [n for n in notebooks.names(FOLDER) if of_a_pack(notebooks.read_source(FOLDER, n))]


@pytest.fixture(scope="module")
def made(tmp_path_factory, miniclip):
    return stand_in(tmp_path_factory.mktemp("pack") / "stand-in", miniclip)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def quick(cache, monkeypatch):
    """A cache for all tests of the file, trainings of two epochs, questions about four photos."""
    monkeypatch.setenv("G3LITE_CACHE", str(cache))
    monkeypatch.setattr(
        real_photos, "schedule_for", lambda *some: replace(schedule_for(*some), epochs=2)
    )
    monkeypatch.setattr(real_photos, "ASKED", 4)


@pytest.fixture
def named(made, quick, monkeypatch):
    """The stand-in pack, named as a reader names one, without replies."""
    monkeypatch.setenv(packs.VARIABLE, str(made.folder.path))
    shutil.rmtree(made.folder.path / "replies", ignore_errors=True)
    return made


@pytest.fixture
def answered(named):
    """The same with replies about four photos of the part test, two to each prompt."""
    lmm = Fixed('{"latitude": 1.5, "longitude": 2.5}', "no idea", *["(3.5, 4.5)"] * 2)
    asked = by_shipped_heads(named).take(real_photos.asked_rows(named))
    real_photos.ask(named, lmm, asked, PromptPlan(replies=2))
    return named


def by_shipped_heads(pack, said=None):
    return real_photos.run(pack, GeoAlignment.from_pretrained("mini"), said)


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
    assert {name[:2] for name in NAMES} >= {"01", "02", "03", "04", "05", "06"}


@pytest.mark.parametrize("name", NAMES)
def test_each_cell_shows_something_of_a_pack(name, named, run):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # they would be red lines in the notebook
        left = run(name)
    assert all(text or alts for text, alts in left)
    assert left[0][0].startswith("stand-in: 160 photos that are drawn, miniclip. Photos by part: ")
    assert sum(len(alts) for _, alts in left) >= 1
    assert not any("nan" in text for text, _ in left)


def test_replies_are_asked_for_and_kept_with_the_pack(named, run):
    left = run("04_prompt_diversification")
    assert "32 replies wanted" in left[3][0] and "32 asked for now" in left[3][0]
    assert "the replies" in left[4][0]
    again = run("04_prompt_diversification")
    assert "32 from the store, 0 asked for now" in again[3][0] and again[4] == left[4]


def test_replies_compete_where_they_are_kept(answered, run):
    left = run("05_geo_verification")
    assert "reply" in left[1][0] and "4 photos by" in left[3][0]
    left = run("06_evaluation_and_ablations")
    assert "G3: 20 candidates" in left[1][0]  # of each photo four that are read, and a place
    assert left[2][0].splitlines()[2].startswith("G3 ") and "no LMM" in left[3][0]


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


def test_each_photo_has_somebody_where_none_is_named(capsys):
    table = pd.DataFrame({"AUTHOR": ["ann", None, None], "IMG_ID": ["1.jpg", "a/2.jpg", "a/3.jpg"]})
    found = real_photos.people(table)["AUTHOR"]
    assert found.tolist() == ["ann", "folder a", "folder a"] and table["AUTHOR"].isna().sum() == 2
    assert capsys.readouterr().out == ""


def test_photos_by_one_person_are_counted_as_evidence_each(made, capsys):
    table = made.part("test").table.assign(AUTHOR="ann")
    assert real_photos.people(table)["AUTHOR"].tolist() == table["IMG_ID"].tolist()
    assert "by one person, or from one walk" in capsys.readouterr().out
    two = table.assign(AUTHOR=["ann", *["bob"] * (len(table) - 1)])
    assert real_photos.people(two)["AUTHOR"].tolist() == two["AUTHOR"].tolist()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["05_geo_verification", "06_evaluation_and_ablations"])
def test_a_table_is_made_where_all_photos_to_be_located_are_by_one_person(
    name, named, run, monkeypatch
):
    """Such is a pack of one's own photos, parted by day: evaluation resamples two at least."""
    photos = Pack.photos

    def by_ann(pack, *parts):
        some = photos(pack, *parts)
        return replace(some, table=some.table.assign(AUTHOR="ann")) if parts == ("test",) else some

    monkeypatch.setattr(Pack, "photos", by_ann)
    left = run(name)
    assert "by one person, or from one walk" in "".join(text for text, _ in left)
    assert not any("nan" in text for text, _ in left)


def test_what_is_missing_is_said_with_the_way_out(capsys):
    def lacking():
        raise NotThere("no such zip; get it there")

    assert real_photos.had("IM2GPS3K", lambda: 3, "never said") == 3
    assert capsys.readouterr().out == ""
    assert real_photos.had("IM2GPS3K", lacking, "The others are left.") is None
    said = capsys.readouterr().out
    assert said == "NOT HERE: IM2GPS3K. no such zip; get it there\n→ The others are left.\n"


def test_a_fault_of_the_code_is_not_hidden():
    with pytest.raises(TypeError):
        real_photos.had("x", lambda: None + 1, "")


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


def test_what_a_training_warns_of_is_printed_each_time(named, cache, monkeypatch, capsys):
    def train(*some, **options):
        for _ in range(2):
            warnings.warn("at chance", stacklevel=1)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        return trained(*some, **options)

    trained = real_photos.recipe.train
    monkeypatch.setattr(real_photos.recipe, "train", train)
    monkeypatch.setattr(
        real_photos, "schedule_for", lambda *some: replace(schedule_for(*some), epochs=1)
    )
    real_photos.trained(named, "mini")
    said = capsys.readouterr().out
    assert said.startswith("warning: at chance\n") and "old" not in said
    assert said.count("warning: at chance\n") == 1
    real_photos.trained(named, "mini")  # from the cache
    assert capsys.readouterr().out == said
    real_photos.heads(named, "mini")
    assert "warning" not in capsys.readouterr().out  # its line says as much


def test_heads_are_trained_once(named, monkeypatch, capsys):
    trained = real_photos.heads(named, "mini")
    said = capsys.readouterr().out
    assert said.startswith("heads of notebook 02: their lowest validation loss is ")
    monkeypatch.setattr(real_photos.recipe, "train", None)
    features = np.float32(named.part("test").features)
    again = real_photos.heads(named, "mini").database_vectors(features)
    np.testing.assert_array_equal(again, trained.database_vectors(features))
    assert capsys.readouterr().out == said
    same, history = real_photos.trained(named, "mini")  # what notebooks 02 and 07 call
    np.testing.assert_array_equal(same.database_vectors(features), again)
    assert history["epoch"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("pack", "name", "profile", "asked"),
    [
        ("miniearth", "auto", "gpu", "minilmm"),  # it knows drawings, and nothing else
        ("osv5m", "auto", "gpu", "Qwen/Qwen3-VL-2B-Instruct"),
        ("osv5m", "api:some", "cpu", "api:some"),
        ("miniearth", "a/model", "cpu", "a/model"),
    ],
)
def test_the_model_is_the_profiles_or_the_one_that_is_named(
    pack, name, profile, asked, monkeypatch, capsys
):
    monkeypatch.setattr(real_photos, "load_lmm", lambda name, **options: (name, options))
    pack = SimpleNamespace(name=pack)
    found, options = real_photos.language_model(name, pack, profiles.get(profile), 8)
    said = capsys.readouterr().out
    assert found == asked
    if asked == "minilmm":  # shipped
        assert options == {} and said == ""
    else:  # a long silence is announced
        assert options == {"max_gb": 8} and said.startswith(f"{asked} is asked; if it is not here")
        assert "at most 8 GB" in said


def test_without_a_gpu_no_model_is_asked_of_itself():
    with pytest.raises(G3Error, match='without a GPU.*LMM = "api:MODEL"'):
        real_photos.language_model("auto", SimpleNamespace(name="osv5m"), profiles.get("cpu"))


def test_replies_of_a_pack_that_cannot_be_written_are_kept_in_the_cache(
    named, cache, monkeypatch, capsys
):
    monkeypatch.setattr(real_photos.os, "access", lambda *_: False)
    photos, plan = by_shipped_heads(named).take(slice(2)), PromptPlan((0,), 1)
    said = real_photos.ask(named, Fixed("(1.5, 2.5)"), photos, plan)
    (kept,) = cache.glob(f"pack-replies/*/{real_photos.REPLIES}")
    assert len(said) == len(pd.read_parquet(kept)) == 2 and said["LAT"].tolist() == [1.5, 1.5]
    assert "2 replies of fixed" in capsys.readouterr().out
    kept.unlink()
    assert real_photos.ask(named, None, photos, plan) is None
    assert "No replies" in capsys.readouterr().out


def test_photos_of_as_many_people_as_possible_are_asked_about(made, monkeypatch):
    authors = made.part("test").table["AUTHOR"]
    monkeypatch.setattr(real_photos, "ASKED", authors.nunique())
    rows = real_photos.asked_rows(made)
    assert authors[rows].nunique() == len(rows) > authors.head(len(rows)).nunique()
    assert rows[0] == 0 and (np.diff(rows) > 0).all()
    monkeypatch.setattr(real_photos, "ASKED", 10_000)
    assert real_photos.asked_rows(made).tolist() == list(range(len(authors)))
    monkeypatch.setattr(real_photos, "LARGE", 7)
    assert real_photos.asked_rows(made).tolist() == list(range(7))


def test_only_photos_with_replies_are_located(answered):
    said, rows = real_photos.replies(answered), real_photos.asked_rows(answered)
    test, some = answered.part("test"), by_shipped_heads(answered, said)
    assert some.queries.ids == test.table["IMG_ID"][rows].tolist()
    np.testing.assert_array_equal(some.features, test.features[rows])
    assert by_shipped_heads(answered).queries.ids == test.table["IMG_ID"].tolist()
    assert len(some.known) == sum(answered.parts[part] for part in ("train", "gallery"))


def test_references_are_compared_with_as_many_at_random():
    queries = pd.DataFrame({"IMG_ID": ["a", "b"], "LAT": [0.0, 50.0], "LON": [0.0, 50.0]})
    similar = np.array([[900.0, 10.0], [900.0, 900.0]])
    known = np.array([[10.0, 900.0, 900.0, 900.0], [10.0, 10.0, 900.0, 900.0]])
    said = pd.DataFrame(
        {"IMG_ID": ["b", "b", "a", "a", "b", "b", "a", "a"], "references": [0] * 4 + [2] * 4,
         "LAT": [50.0, np.nan, 0.0, 0.0, 0, 0, 0, 50], "LON": [50.0, np.nan, 0.0, 0.1, 0, 0, 0, 50]}
    )  # fmt: skip
    found = real_photos.within(200, similar, known, (0, 1, 2), queries)
    np.testing.assert_array_equal(found["similar photos"], [[0, 0, 1], [0, 0, 0]])
    # one of two at random is near: 1 - 3/4 * 2/3, and 1 - 2/4 * 1/3
    np.testing.assert_allclose(found["as many at random"], [[0, 1 / 4, 1 / 2], [0, 1 / 2, 5 / 6]])
    assert set(found) == {"similar photos", "as many at random"}
    told = real_photos.within(200, similar, known, (0, 2), queries, said)["the replies"]
    np.testing.assert_array_equal(told, [[1, 1 / 2], [1 / 2, 0]])


def test_shares_have_intervals_over_photographers():
    people = pd.DataFrame({"AUTHOR": ["ann", "ann", "bob", "cid"]})
    found = real_photos.per_cent(np.array([[1.0, 0], [1, 0], [0, 0], [0, 0]]), people)
    assert found.shape == (3, 2) and found[0].tolist() == [50, 0] and not found[:, 1].any()
    assert found[1, 0] < 50 < found[2, 0]


def test_the_truth_meets_wrong_places_with_the_photo_and_with_those_of_others():
    class Model:  # a place scores by the longitude that a photo asks for
        def embed_images(self, features):
            return None, np.array([[1.0, 0], [-1, 0], [0, 1]])

        def embed_coordinates(self, places):
            return np.column_stack([np.asarray(places)[:, 1], np.zeros(len(places))])

    table = pd.DataFrame(
        {"IMG_ID": ["1.jpg", "2.jpg", "3.jpg"], "AUTHOR": ["ann", "bob", "bob"],
         "LAT": [0.0] * 3, "LON": [50.0, -50.0, 50.0]}
    )  # fmt: skip
    known = np.array([[0.0, 0], [0, 100], [0, 50.1]])
    photos = SimpleNamespace(
        queries=SimpleNamespace(coordinates=table[["LAT", "LON"]].to_numpy()),
        known=SimpleNamespace(coordinates=known), features=None, heads=Model(),
    )  # fmt: skip
    found = real_photos.duels(photos, table["AUTHOR"])
    # The first truth, 50, beats 0 and not 100; 50.1 is near and does not count. With the second
    # photo it beats 100 and not 0; with the third all places score the same, and nothing wins.
    np.testing.assert_allclose(found, [[1 / 2, 1 / 4], [1, 0], [0, 1 / 2]])


def test_no_minus_zero_is_written():
    row = pd.DataFrame({"difference": [-0.0001], "low": [-0.0004], "high": [0.03]})
    assert real_photos.in_points(next(row.itertuples())) == "+0.0 [+0.0, +3.0] points"
