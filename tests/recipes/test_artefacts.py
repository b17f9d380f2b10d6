import hashlib
import json
import os

import pytest

from g3lite import G3Error, paths
from g3lite.datasets import remote
from g3lite.paths import ArtefactError, shipped
from g3lite.recipes import artefacts
from g3lite.recipes.artefacts import Artefact, build, check, record

# The graph of the tests: world -> photos -> model, and coasts, which stand alone. Its versions and
# builders are attributes of this module. Builders load their inputs as shipped files.
VERSION = 1
SIDE_VERSION = {"size": 64}


def make_world(folder):
    (folder / "world.csv").write_text(f"places of version {VERSION}")


def make_photos(folder):
    (folder / "photos").mkdir(exist_ok=True)
    for name in "ab":
        world = shipped("world.csv").read_text()
        (folder / "photos" / f"{name}.jpg").write_text(f"photo {name} of {world}")


def make_model(folder):
    (folder / "model.bin").write_text((shipped("photos") / "a.jpg").read_text()[:7])


GRAPH = (
    Artefact("coasts", ("coasts.shp",)),
    Artefact("world", ("world.csv",), (f"{__name__}:VERSION",), f"{__name__}:make_world"),
    Artefact("photos", ("photos/*.jpg",), ("world",), f"{__name__}:make_photos"),
    Artefact(
        "model", ("model.bin",), ("photos", f"{__name__}:SIDE_VERSION"), f"{__name__}:make_model"
    ),
)


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """An empty data folder, and the graph of the tests."""
    monkeypatch.setattr(artefacts, "ARTEFACTS", GRAPH)
    for module in (artefacts, paths):
        monkeypatch.setattr(module, "data_dir", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def folder(empty):
    """The data folder, built."""
    (empty / "coasts.shp").write_text("lines")
    (empty / "README.md").write_text("a data card is no artefact")
    record("coasts")
    assert build() == ["world", "photos", "model"]
    return empty


def test_a_fresh_build_agrees_and_has_nothing_to_rebuild(folder):
    assert check() == []
    assert build() == []


def test_the_manifest_has_its_documented_form(folder):
    entries = json.loads((folder / "manifest.json").read_text())["artefacts"]
    assert list(entries) == ["coasts", "world", "photos", "model"]
    assert list(entries["photos"]) == ["inputs", "files"]
    digest = hashlib.sha256((folder / "photos" / "a.jpg").read_bytes()).hexdigest()
    assert entries["photos"]["files"]["photos/a.jpg"] == digest
    assert list(entries["model"]["inputs"]) == ["photos", f"{__name__}:SIDE_VERSION"]


def test_a_tampered_file_is_named_and_rebuilt_alone(folder):
    (folder / "photos" / "b.jpg").write_text("another picture")
    assert check() == ["photos: photos/b.jpg differs from what manifest.json says"]
    # It comes out as before, so that the model made from it is left alone.
    assert build() == ["photos"]
    assert check() == []


def test_a_missing_and_an_unknown_file_are_named(folder):
    (folder / "photos" / "a.jpg").unlink()
    (folder / "photos" / "c.jpg").write_text("who put me here?")
    (folder / "notes.txt").write_text("nor me")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "make.pyc").write_text("compiled by pip, of no interest")
    assert check() == [
        "photos: photos/a.jpg is missing",
        "photos: photos/c.jpg is not in manifest.json",
        "notes.txt: belongs to no artefact",
    ]


def test_a_version_change_rebuilds_its_artefact_and_what_is_made_from_it(folder, monkeypatch):
    monkeypatch.setitem(globals(), "VERSION", 2)
    assert check() == [f"world: out of date, {__name__}:VERSION changed since it was made"]
    # The model sees the first 7 characters of a photo only: photos change, and it is made again.
    assert build() == ["world", "photos", "model"]
    assert check() == []
    assert "version 2" in (folder / "photos" / "a.jpg").read_text()


def test_a_version_at_the_end_of_the_graph_rebuilds_nothing_before_it(folder, monkeypatch):
    monkeypatch.setitem(globals(), "SIDE_VERSION", {"size": 128})
    assert build() == ["model"]


def test_what_is_made_from_a_changed_artefact_is_out_of_date(folder):
    (folder / "world.csv").write_text("edited by hand, on purpose")
    record("world")
    assert check() == ["photos: out of date, world changed since it was made"]


def test_a_changed_list_of_inputs_is_found(folder, monkeypatch):
    photos = Artefact("photos", ("photos/*.jpg",))
    monkeypatch.setattr(artefacts, "ARTEFACTS", (*GRAPH[:2], photos, GRAPH[3]))
    assert check() == ["photos: its list of inputs changed (world)"]


def test_force_rebuilds_only_what_is_asked_for(folder, monkeypatch):
    assert build(force=True) == ["world", "photos", "model"]  # coasts have no builder
    assert build("photos", force=True) == ["photos"]
    monkeypatch.setitem(globals(), "VERSION", 2)
    assert build("photos") == []
    assert build("world") == ["world", "photos", "model"]


def test_an_artefact_without_builder_can_only_be_restored(folder):
    (folder / "coasts.shp").write_text("other lines")
    with pytest.raises(ArtefactError, match=r"coasts\.shp differs .* no builder: restore"):
        build()


def test_mistakes_are_named(folder):
    with pytest.raises(ArtefactError, match="no artefact 'moon'; there are: coasts, world"):
        build("moon")
    (folder / "model.bin").unlink()
    with pytest.raises(ArtefactError, match=r"model: no file model\.bin"):
        record("model")
    (folder / "manifest.json").write_text("{")
    with pytest.raises(ArtefactError, match="manifest.json cannot be read"):
        check()


def test_recording_before_the_inputs_is_refused(empty):
    (empty / "photos").mkdir()
    (empty / "photos" / "a.jpg").write_text("early")
    with pytest.raises(ArtefactError, match="world is an input but not in manifest.json"):
        record("photos")


def test_manifest_entries_nobody_declares_are_named(folder, monkeypatch):
    monkeypatch.setattr(artefacts, "ARTEFACTS", GRAPH[:3])
    assert check() == [
        "model: in manifest.json, but no such artefact",
        "model.bin: belongs to no artefact",
    ]


def test_the_shipped_data_agrees_with_its_manifest():
    assert check() == []


def test_every_artefact_comes_after_those_it_is_made_from():
    seen = set()
    for artefact in artefacts.ARTEFACTS:
        assert {key for key in artefact.inputs if ":" not in key} <= seen
        seen.add(artefact.name)


def test_the_cache_folder_can_be_chosen(tmp_path, monkeypatch):
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "a cache"))
    assert paths.cache_dir() == tmp_path / "a cache"
    assert paths.cache_dir().is_dir()


@pytest.mark.parametrize("variable", ["G3LITE_CACHE", "G3LITE_PHOTOS"])
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a_file", "File exists"),
        ("a_file/x", "Not a directory"),
        ("/proc/nope", "No such file|denied|not permitted"),
        ("~nobody-at-all/x", "home directory"),
    ],
)
def test_a_folder_that_cannot_be_made_is_told(tmp_path, monkeypatch, variable, name, reason):
    (tmp_path / "a_file").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, name)
    folder = paths.cache_dir if variable == "G3LITE_CACHE" else remote.photos_dir
    with pytest.raises(G3Error, match=f"{name} cannot be made .*({reason}).*{variable}"):
        folder()


def test_sha256_of_a_file(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert paths.sha256_file(tmp_path / "abc") == expected


# --- shipped files


def test_a_shipped_file_or_folder_is_where_the_data_is(folder):
    assert shipped("world.csv") == folder / "world.csv"
    assert shipped("photos") == folder / "photos"
    assert shipped("photos/a.jpg") == folder / "photos" / "a.jpg"


@pytest.mark.parametrize("name", ["moon.csv", "README.md", "photo", "photos/", "manifest.json"])
def test_what_the_manifest_does_not_list_cannot_be_compared(folder, name):
    with pytest.raises(ArtefactError, match=f"manifest.json lists no file {name};"):
        shipped(name)


@pytest.mark.parametrize("content", [b"photo A of places of version 1", b"photo a", b"", None])
def test_a_damaged_file_is_refused_with_the_way_out(folder, content):
    path = folder / "photos" / "a.jpg"
    shipped("photos")
    path.unlink() if content is None else path.write_bytes(content)
    for name in ("photos", "photos/a.jpg"):
        with pytest.raises(ArtefactError, match="a.jpg is .*, restore it: git checkout -- data"):
            shipped(name)
    assert shipped("photos/b.jpg").is_file()  # which is another file


def test_a_file_is_read_for_it_once_and_again_when_it_was_changed(folder, monkeypatch):
    hashed = []

    def counting(path):
        hashed.append(path.name)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    monkeypatch.setattr(paths, "sha256_file", counting)
    for _ in range(3):
        shipped("photos"), shipped("photos/a.jpg")
    assert hashed == ["a.jpg", "b.jpg"]
    path = folder / "photos" / "a.jpg"
    path.write_text(path.read_text())
    os.utime(path, ns=(1, 1))
    assert shipped("photos") and hashed == ["a.jpg", "b.jpg", "a.jpg"]


def test_whoever_changes_a_file_on_purpose_records_it(folder):
    (folder / "world.csv").write_text("my own places")
    with pytest.raises(ArtefactError, match="on purpose: g3lite dev artefacts record world$"):
        shipped("world.csv")
    record("world")
    assert shipped("world.csv").read_text() == "my own places"
    (folder / "world.csv").write_text("my new places")  # as many letters
    record("world")
    assert shipped("world.csv").read_text() == "my new places"


def test_a_build_that_was_stopped_leaves_files_that_are_refused_until_the_next(folder, monkeypatch):
    def stopping(at):
        (at / "world.csv").write_text("half of the")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setitem(globals(), "make_world", stopping)
        patch.setitem(globals(), "VERSION", 2)
        build()
    with pytest.raises(ArtefactError, match="world.csv is damaged or was changed"):
        shipped("world.csv")
    assert build() == ["world"]  # photos and model come from the same world as before
    assert shipped("world.csv").read_text() == "places of version 1"


@pytest.mark.parametrize("content", ["{", "[]", '{"artefacts": []}', '{"artefacts": {"a": 1}}', ""])
def test_a_damaged_manifest_is_named(folder, content):
    (folder / "manifest.json").write_text(content)
    with pytest.raises(ArtefactError, match="manifest.json cannot be read .* git checkout"):
        shipped("world.csv")
    (folder / "manifest.json").unlink()
    with pytest.raises(ArtefactError, match="manifest.json is missing, restore it"):
        shipped("world.csv")
