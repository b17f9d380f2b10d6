import io
import json
import logging
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import warnings
import zlib
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import matplotlib.figure
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from g3lite import G3, G3Error, geo, miniearth, paths, places, profiles
from g3lite.cli import main
from g3lite.downloads import hub
from g3lite.lmm import api
from g3lite.lmm.api import OpenAILMM
from g3lite.lmm.base import LMM, LMMResponse
from g3lite.pipeline import FALLBACK, OUT_OF_DOMAIN, Prediction
from g3lite.recipes import artefacts
from g3lite.recipes.artefacts import Artefact
from g3lite.support import images
from g3lite.teaching import notebooks
from g3lite.teaching.address import PLACEHOLDER


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch):
    monkeypatch.delenv("G3LITE_PROFILE", raising=False)


def fails(capsys, *arguments) -> str:
    """Run a command that must fail as a user's mistake does; return its message."""
    with pytest.raises(SystemExit) as stop:
        main.main(list(arguments))
    assert isinstance(stop.value.code, str)  # printed on stderr by Python, exit status 1
    assert "\n" not in stop.value.code
    return stop.value.code


def succeeds(capsys, *arguments) -> str:
    with pytest.raises(SystemExit) as stop:
        main.main(list(arguments))
    assert not stop.value.code
    return capsys.readouterr().out


def test_info_shows_versions_profiles_and_the_state_of_the_data(capsys, monkeypatch):
    monkeypatch.setenv("G3LITE_PROFILE", "ci")
    text = succeeds(capsys, "info")
    assert "torch " in text and "* ci: miniclip, minilmm, 2,000 of gallery" in text
    assert str(paths.data_dir()) in text
    assert "the data " in text


@pytest.mark.slow
def test_an_unknown_profile_is_one_line_and_status_1(tmp_path):
    source = tmp_path / "notebooks" / "source"
    source.mkdir(parents=True)
    (source / "01_a.py").write_text("")
    code = (
        "import pathlib, sys; from g3lite.cli import main; from g3lite.teaching import notebooks;"
        "notebooks.folder = lambda: pathlib.Path(sys.argv[1]);"
        "main.main(['run', '--profile', 'tpu'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(source.parent)],
        capture_output=True,
        text=True,
        env={**os.environ, "G3LITE_PROFILE": "ci"},  # which makes no wrong name right
    )
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == (
        "g3lite: unknown profile 'tpu'; known profiles: auto, ci, cpu, gpu, real-cpu\n"
    )


@pytest.mark.parametrize(
    "code", ["import g3lite", *(f"from g3lite.cli.main import main; main([{option!r}])"
                                for option in ("--help", "--version", "info"))]
)  # fmt: skip
def test_what_is_slow_to_import_is_not_imported_at_the_door(code):
    slow = {"torch", "transformers", "open_clip", "torchvision", "timm", "accelerate", "pandas",
            "scipy", "sklearn", "matplotlib", "faiss", "pyarrow", "openai", "numpy"}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", f"import atexit, sys; atexit.register(lambda: print(*sys.modules, "
         f"file=sys.stderr)); {code}"],
        capture_output=True, text=True, check=True, env={**os.environ, "G3LITE_PROFILE": ""},
    )  # fmt: skip
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert "g3lite" in loaded
    assert loaded & slow <= ({"torch", "numpy"} if profiles._has_driver() else set())


def test_the_version_is_that_of_the_package(capsys):
    assert succeeds(capsys, "--version") == f"g3lite {version('g3lite')}\n"


def test_run_prints_the_tables_and_where_things_are(capsys, monkeypatch, tmp_path):
    def run(folder, output, profile):
        assert (folder, output, profile) == (tmp_path, tmp_path / "out", "ci")
        yield notebooks.Run("01_a", 2.0, ("method 25 km\nkNN 19.4",), Path("n"), Path("h"), ())

    monkeypatch.setattr(notebooks, "folder", lambda: tmp_path)
    monkeypatch.setattr(notebooks, "names", lambda folder: ["01_a"])
    monkeypatch.setattr(notebooks, "run", run)
    text = succeeds(capsys, "run", "--profile", "ci", "--output", str(tmp_path / "out"))
    assert "01_a: 2 s, 0 pictures" in text
    assert "Results on the profile ci" in text and "method 25 km\nkNN 19.4" in text
    assert str(tmp_path / "out") in text


def test_run_without_notebooks_says_so(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(notebooks, "folder", lambda: tmp_path)
    assert fails(capsys, "run") == f"g3lite: no notebooks in {tmp_path}"


@pytest.fixture
def graph(monkeypatch, tmp_path):
    """A data folder with one artefact, recorded."""
    (tmp_path / "a.csv").write_text("1")
    monkeypatch.setattr(artefacts, "ARTEFACTS", (Artefact("a", ("a.csv",)),))
    for module in (artefacts, paths):
        monkeypatch.setattr(module, "data_dir", lambda: tmp_path)
    artefacts.record("a")
    return tmp_path


def test_artefacts_are_checked_recorded_and_built(capsys, graph):
    assert "agrees" in succeeds(capsys, "dev", "artefacts", "check")
    assert succeeds(capsys, "dev", "artefacts", "build") == "everything is up to date\n"
    (graph / "a.csv").write_text("2")
    assert fails(capsys, "dev", "artefacts", "check").startswith("g3lite: 1 disagreements; rebuild")
    assert "a: a.csv differs" in capsys.readouterr().out
    assert "has no builder" in fails(capsys, "dev", "artefacts", "build")
    assert succeeds(capsys, "dev", "artefacts", "record", "a") == "recorded a\n"
    assert "agrees" in succeeds(capsys, "dev", "artefacts", "check")
    said = fails(capsys, "dev", "artefacts", "build", "b")
    assert said == "g3lite: no artefact 'b'; there are: a"


def test_notebooks_are_checked_and_synchronised(capsys, monkeypatch, tmp_path):
    folder = tmp_path / "notebooks"
    (folder / "source").mkdir(parents=True)
    settings = (
        '[project.urls]\nRepository = "https://example.org/a/b"\n[tool.g3lite]\nrevision = "v1"'
    )
    (tmp_path / "pyproject.toml").write_text(settings)
    monkeypatch.setattr(notebooks, "folder", lambda: folder)
    assert succeeds(capsys, "dev", "notebooks", "check") == "0 notebooks are in order\n"
    assert "no notebook '09_x'" in fails(capsys, "dev", "notebooks", "sync", "09_x")
    (folder / "source" / "01_a.py").write_text("# %%\n1\n")
    assert fails(capsys, "dev", "notebooks", "check").startswith("g3lite: 1 problems")
    assert "extension: .py" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("address", "where"),
    [("https://github.com/us/ours", "https://github.com/us/ours"), (PLACEHOLDER, "the repository")],
)
def test_outside_a_clone_the_notebooks_are_not_found(monkeypatch, tmp_path, address, where):
    monkeypatch.setattr(
        notebooks, "__file__", str(tmp_path / "g3lite" / "teaching" / "notebooks.py")
    )
    monkeypatch.setattr(
        notebooks, "metadata", lambda name: {"Project-URL": f"Repository, {address}"}
    )
    with pytest.raises(notebooks.NotebookError, match=f"work in a clone of {where}$"):
        notebooks.folder()


def test_without_the_extra_the_way_out_is_named(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "jupytext", None)
    monkeypatch.delitem(sys.modules, "g3lite.teaching.notebooks")
    monkeypatch.delattr("g3lite.teaching.notebooks")
    said = fails(capsys, "dev", "notebooks", "check")
    assert said.endswith('in a clone: pip install -e ".[notebooks]"')


def test_align_trains_the_heads_of_a_profile(capsys, monkeypatch, tmp_path):
    from g3lite import training
    from g3lite.alignment import GeoAlignment

    short = training.Schedule(epochs=2, lr=1e-3)
    monkeypatch.setitem(training.SCHEDULES, "small", short)
    text = succeeds(capsys, "align", str(tmp_path / "out"), "--profile", "ci", "--seed", "1")
    assert f"wrote the weights of the best epoch to {tmp_path / 'out'}" in text
    assert GeoAlignment.from_pretrained(tmp_path / "out").config.image == 256
    history = (tmp_path / "out" / "history.csv").read_text().splitlines()
    assert len(history) == 3 and history[0].startswith("epoch,loss,validation_loss,accuracy")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--schedule", "long"), "unknown schedule 'long'; there are paper, small"),
        (("--profile", "gpu"), "mp16-pro is no set of MiniEarth; use --profile cpu"),
    ],
)
def test_align_names_what_it_cannot_do(capsys, tmp_path, arguments, words):
    assert words in fails(capsys, "align", str(tmp_path), *arguments)


# --- locate


@pytest.fixture
def g3(shipped):
    return shipped


@pytest.fixture
def ready(g3, monkeypatch, tmp_path):
    """`locate` takes this G3, and a cache of its own."""
    monkeypatch.setattr(G3, "from_pretrained", lambda *args, **options: g3)
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "cache"))
    return g3


class Stand:
    """Stands for G3: photos with "away" in their names are out of domain."""

    def __init__(self, place="3 km from Łódź, Poland"):
        self.place, self.asked = place, []

    def locate(self, files):
        self.asked.append(list(files))
        return [self.prediction(path.name, number) for number, path in enumerate(files)]

    def prediction(self, name, number):
        nothing = pd.DataFrame()
        return Prediction(
            name, (51.77 - 60 * number, 19.46 - 170 * number), self.place, 0.4321, nothing,
            nothing, nothing, {}, OUT_OF_DOMAIN if "away" in name else None,
        )  # fmt: skip


@pytest.fixture
def stand(monkeypatch):
    stand = Stand()
    monkeypatch.setattr(G3, "from_pretrained", lambda *args, **options: stand)
    return stand


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """A working folder."""
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path / "photos")
    return tmp_path / "photos"


def touched(*names):
    for name in names:
        Path(name).write_bytes(b"a picture")
    return names


def ended(capsys, *arguments) -> tuple[str, list[str], str | None]:
    """Run a command: what it printed, the lines on standard error, and its last words."""
    with pytest.raises(SystemExit) as stop:
        main.main(list(arguments))
    out, err = capsys.readouterr()
    return out, err.splitlines(), stop.value.code or None


def test_locate_prints_a_line_per_photo(capsys, folder, stand):
    home, away = touched("home.jpg", "a long way away.jpg")
    lines = succeeds(capsys, "locate", home, away).splitlines()
    assert lines == [
        "photo                latitude  longitude  place                   score",
        "home.jpg              51.7700    19.4600  3 km from Łódź, Poland  0.432",
        "a long way away.jpg   -8.2300  -150.5400  3 km from Łódź, Poland  0.432  out_of_domain",
        OUT_OF_DOMAIN,
    ]
    assert len(succeeds(capsys, "locate", home).splitlines()) == 2
    assert stand.asked == [[Path(home), Path(away)], [Path(home)]]


def test_the_profile_and_the_model_are_passed_on(capsys, folder, monkeypatch):
    def asked(profile, *, lmm, judge, max_gb, progress):
        assert (profile, lmm, judge, max_gb) == ("ci", "some/model", "cosine", 2.5)
        assert not progress
        return Stand()

    monkeypatch.setattr(G3, "from_pretrained", asked)
    succeeds(capsys, "locate", *touched("a.jpg"), "--profile", "ci", "--lmm", "some/model",
             "--max-gb", "2.5")  # fmt: skip
    assert fails(capsys, "locate", "a.jpg", "--profile", "tpu").startswith(
        "g3lite: unknown profile 'tpu'"
    )


class Terminal(io.StringIO):
    """Somebody who types answers."""

    def isatty(self):
        return True


def downloading(*sizes):
    """Stands for `G3.from_pretrained`: downloads of so many GB; notes what was allowed."""
    allowed = []

    def from_pretrained(profile, *, lmm, judge, max_gb, progress):
        allowed.append(max_gb)
        for size in sizes:
            hub.check_size(f"a model of {size} GB", round(size * 1e9), Path.cwd(), max_gb)
        return Stand()

    return allowed, from_pretrained


def test_the_command_asks_about_large_downloads(capsys, folder, monkeypatch):
    allowed, from_pretrained = downloading(0.5, 1.8, 7.5)
    usage = shutil.disk_usage("/")._replace(free=10**12)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    monkeypatch.setattr(G3, "from_pretrained", from_pretrained)
    (name,) = touched("a.jpg")
    monkeypatch.setattr(sys, "stdin", Terminal("y\ny\n"))
    out, lines, last = ended(capsys, "locate", name, "--json")
    assert last is None and json.loads(out)[0]["place"]  # questions are not in the JSON
    asked = "".join(lines)
    assert "a model of 1.8 GB: download 1.8 GB? [y/N]" in asked
    assert "a model of 7.5 GB: download 7.5 GB? [y/N]" in asked and "0.5 GB" not in asked
    assert allowed == [1.0, 1.8, 7.5]
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    assert ended(capsys, "locate", name)[2] == (
        "g3lite: a model of 1.8 GB was not downloaded, as you said"
    )
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))  # no terminal: nobody to ask
    said = "a model of 7.5 GB is a download of 7.5 GB: allow it with max_gb=7.5 (the command: "
    assert ended(capsys, "locate", name, "--max-gb", "2")[2] == f"g3lite: {said}--max-gb 7.5)"
    assert ended(capsys, "locate", name, "--max-gb", "8")[2] is None


def black_png(width, height) -> bytes:
    """A picture of one bit per pixel, of which no pixel was ever in memory."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes((width // 8 + 1) * height))),
        (b"IEND", b""),
    )
    parts = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def broken(folder):
    """Files that cannot be located, by name, and what is said of each."""
    data = miniearth.load("validation", 1)
    data = data.read(data.ids[0])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("no picture")
    (folder / "truncated.jpg").write_bytes(data[: len(data) // 2])
    (folder / "huge.png").write_bytes(black_png(20_000, 10_000))
    (folder / "large.png").write_bytes(black_png(12_000, 9_000))
    (folder / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(12) + b"\0\0\0\x08meta")
    (folder / "folder").mkdir()
    return {
        "nowhere.jpg": "there is no such file",
        "folder": "it is a folder; name the photos in it",
        "empty.jpg": "its 0 bytes are not a picture",
        "text.jpg": "its 10 bytes are not a picture",
        "truncated.jpg": "it cannot be decoded (image file is truncated",
        "huge.png": "it is too large",
        "large.png": "12000 x 9000 pixels are more than 100 million",
        os.devnull: "it is no file",
        "photo.heic": "it is a HEIC picture: pip install pillow-heif",
    }


@pytest.mark.parametrize("as_json", [False, True])
def test_bad_photos_cost_a_line_each_and_the_others_nothing(
    capsys, folder, ready, monkeypatch, as_json
):
    photos = miniearth.load("validation", 1)
    (home,) = photos.ids
    (folder / home).write_bytes(photos.read(home))
    said = broken(folder)
    monkeypatch.setattr(images, "find_spec", lambda name: None)  # no plug-in for HEIC
    given = [*list(said)[:3], home, *list(said)[3:], f"../photos/{home}"]
    said[given[-1]] = "it is named more than once; it is located once"
    options = ["--json"] if as_json else []
    out, lines, last = ended(capsys, "locate", *given, *options)
    assert last == f"g3lite: {len(said)} of {len(given)} photos were not located"
    bad = [name for name in given if name != home]
    assert len(lines) == len(bad)
    for line, name in zip(lines, bad, strict=True):
        assert line.startswith(f"{name}: {said[name]}")
    if not as_json:
        heading, line = out.splitlines()
        assert heading.startswith("photo ") and line.startswith(home)
        return
    found = json.loads(out)
    assert [one["photo"] for one in found] == given
    assert list(dict.fromkeys(map(tuple, found))) == [tuple(found[0])]  # the same keys
    for one in found:
        if one["photo"] == home:
            assert one["error"] is None and one["place"]
            assert len(one["replies"]) == 4 * ready.plan.asked
            assert (one["latitude"], one["longitude"]) == ready.locate(home).coordinates
        else:
            assert one["error"].startswith(said[one["photo"]]) and one["latitude"] is None


def test_nothing_but_bad_photos(capsys, folder, stand):
    out, lines, last = ended(capsys, "locate", "a.jpg", "b.jpg", "--map", "map.png")
    assert out == "" and lines == [f"{name}.jpg: there is no such file" for name in "ab"]
    assert last == "g3lite: 2 of 2 photos were not located"
    out, _, last = ended(capsys, "locate", "a.jpg", "--json")
    assert [one["error"] for one in json.loads(out)] == ["there is no such file"]
    assert last == "g3lite: 1 of 1 photos were not located"
    assert stand.asked == [] and list(folder.iterdir()) == []


def test_heic_is_located_with_the_plug_in(capsys, folder, ready):
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(Image.new("RGB", (64, 48), "red")).save("photo.heic")
    assert succeeds(capsys, "locate", "photo.heic").splitlines()[1].startswith("photo.heic  ")


def test_names_of_files_cannot_break_a_line(capsys, folder, stand):
    out, lines, _ = ended(capsys, "locate", *touched("two\nlines.jpg"), "no\nsuch.jpg")
    assert [line[:14] for line in out.splitlines()] == ["photo         ", "two?lines.jpg "]
    assert lines == ["no?such.jpg: there is no such file"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such a name")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_name_that_is_no_text_costs_the_others_nothing(capsys, folder, stand, options):
    name = os.fsdecode(b"caf\xe9.jpg")
    out, lines, last = ended(capsys, "locate", *touched(name, "home.jpg"), *options)
    assert lines == ["caf?.jpg: its name is not in UTF-8; rename it"]
    assert "home.jpg" in out and last == "g3lite: 1 of 2 photos were not located"
    if options:
        assert [one["photo"] for one in json.loads(out)] == [name, "home.jpg"]


def test_what_libraries_say_stays_off_the_terminal(capsys, folder, stand, monkeypatch, recwarn):
    log = logging.getLogger("library")

    def locate(files):
        warnings.warn("a pickle was deprecated", stacklevel=2)
        log.warning("weights are not initialised")
        return Stand.locate(stand, files)

    monkeypatch.setattr(stand, "locate", locate)
    monkeypatch.setattr(log, "handlers", [logging.StreamHandler(sys.stderr)])
    out, lines, last = ended(capsys, "locate", *touched("a.jpg"))
    assert len(out.splitlines()) == 2 and lines == [] and last is None and not recwarn.list
    assert logging.root.manager.disable == logging.NOTSET  # only for that while


class Answering(LMM):
    """Replies to prompts without references alone; to none if `silent`."""

    def __init__(self, silent):
        self.name, self.silent = f"answering {silent}", silent

    def answer(self, jobs, keep):
        for job in jobs:
            if self.silent or job.prompt.references:
                keep(LMMResponse(job, job.samples, (), error="host: out of order"))
            else:
                keep(LMMResponse(job, job.samples, ("(1.5, 2.5)",) * len(job.samples)))


@pytest.fixture
def three(folder):
    """Photos of MiniEarth: more prompts than requests may fail in a row."""
    photos = miniearth.load("validation", 3)
    for img_id in photos.ids:
        (folder / img_id).write_bytes(photos.read(img_id))
    return photos.ids


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_model_that_cannot_be_reached_is_said(
    capsys, three, ready, monkeypatch, tmp_path, options
):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setattr(api, "FIRST_PAUSE_S", 0.01)
    g3 = replace(ready, lmm=OpenAILMM("tiny", f"http://{host}/v1"))
    monkeypatch.setattr(G3, "from_pretrained", lambda *args, **options: g3)
    out, lines, last = ended(capsys, "locate", *three, *options)
    asked = 3 * 4 * ready.plan.asked
    assert lines == [] and last.startswith(f"g3lite: {asked} of {asked} replies failed: {host}: ")
    assert "refused" in last
    if options:
        found = json.loads(out)
        assert [one["fallback"] for one in found] == [True] * 3
        assert all("refused" in one["failure"] and one["place"] for one in found)
    else:
        assert [line.split()[-1] for line in out.splitlines()[1:4]] == ["fallback"] * 3
        assert out.splitlines()[4:] == [FALLBACK]
    _, lines, last = ended(capsys, "locate", "gone.jpg", three[0])
    assert lines == ["gone.jpg: there is no such file"]
    assert re.fullmatch("g3lite: 1 of 2 photos were not located; 8 of 8 replies failed: .*", last)


def test_replies_that_failed_are_a_line_beside_those_that_came(capsys, three, ready, monkeypatch):
    g3 = replace(ready, lmm=Answering(silent=False))
    monkeypatch.setattr(G3, "from_pretrained", lambda *args, **options: g3)
    out, lines, last = ended(capsys, "locate", three[0])
    assert last is None and "fallback" not in out
    assert lines == ["g3lite: 6 of 8 replies failed: host: out of order"]


class Saying(LMM):
    """The same words about every photo."""

    def __init__(self, text):
        self.name, self.text = f"saying {text!r}", text

    def answer(self, jobs, keep):
        for job in jobs:
            keep(LMMResponse(job, job.samples, (self.text,) * len(job.samples)))


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_a_model_that_answers_nothing_is_said(capsys, three, ready, monkeypatch, text):
    g3 = replace(ready, lmm=Saying(text))
    monkeypatch.setattr(G3, "from_pretrained", lambda *args, **options: g3)
    out, lines, last = ended(capsys, "locate", three[0])
    assert lines == [] and last == "g3lite: 8 of 8 replies came without a text"
    assert out.splitlines()[1].endswith("fallback")
    (found,) = json.loads(ended(capsys, "locate", three[0], "--json")[0])
    assert found["failure"] == "8 of 8 replies came without a text"


def test_replies_that_cannot_be_read_are_said(capsys, three, ready, monkeypatch):
    g3 = replace(ready, lmm=Saying("I cannot say."))
    monkeypatch.setattr(G3, "from_pretrained", lambda *args, **options: g3)
    out, lines, last = ended(capsys, "locate", *three)
    assert lines == ["g3lite: none of the 24 replies could be read"] and last is None
    assert out.count("  fallback") == 3


def test_a_map_says_what_is_a_fallback(capsys, three, ready, monkeypatch):
    g3 = replace(ready, lmm=Answering(silent=True))
    monkeypatch.setattr(G3, "from_pretrained", lambda *args, **options: g3)
    ended(capsys, "locate", three[0], "--map", "map.svg")
    words = words_of("map.svg")
    assert "<!-- fallback -->" in words and "<!-- prediction -->" not in words


def test_a_message_of_several_lines_becomes_one(capsys, folder, monkeypatch):
    def refuse(*args, **options):
        raise G3Error("the model cannot be loaded:\n  no network")

    monkeypatch.setattr(G3, "from_pretrained", refuse)
    last = fails(capsys, "locate", *touched("a.jpg"))
    assert last == "g3lite: the model cannot be loaded: no network"


def test_a_terminal_without_the_letters_of_a_place(folder, stand, monkeypatch):
    shown = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", shown)
    with pytest.raises(SystemExit) as stop:
        main.main(["locate", *touched("a.jpg")])
    shown.flush()
    assert not stop.value.code and b"3 km from ?\xf3d?, Poland" in shown.buffer.getvalue()


# --- locate --map


def test_a_map_is_written(capsys, folder, stand):
    out = succeeds(capsys, "locate", *touched("home.jpg"), "--map", "map.png")
    assert out.splitlines()[-1] == "wrote map.png"
    with Image.open("map.png") as image:
        assert image.format == "PNG" and image.size[0] == 900
    out, lines, _ = ended(capsys, "locate", "home.jpg", "--json", "--map", "map.JPG")
    assert json.loads(out)[0]["photo"] == "home.jpg" and lines == ["wrote map.JPG"]
    assert {path.name for path in folder.iterdir()} == {"home.jpg", "map.png", "map.JPG"}


def words_of(svg: str) -> str:
    """What is written in a picture: matplotlib leaves a comment with each line."""
    return " ".join(Path(svg).read_text().split())


@pytest.mark.slow
def test_a_map_says_what_is_out_of_domain(capsys, folder, stand):
    succeeds(capsys, "locate", *touched("home.jpg"), "--map", "home.svg")
    assert "out_of_domain" not in words_of("home.svg")
    succeeds(capsys, "locate", "home.jpg", *touched("away.jpg"), "--map", "both.svg")
    words = words_of("both.svg")
    assert "<!-- out_of_domain: these models" in words and "<!-- out_of_domain -->" in words
    assert "<!-- prediction -->" in words and "the profile gpu" in words
    succeeds(capsys, "locate", "away.jpg", "--map", "away.svg")
    assert "<!-- prediction -->" not in words_of("away.svg")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("map.gif", "the name of a map ends in .png"),
        ("map", "the name of a map ends in .png"),
        ("nowhere/map.png", "no file can be written to nowhere (No such file or directory)"),
        ("home.jpg/map.png", "no file can be written to home.jpg (Not a directory)"),
        ("folder.png", "folder.png is a folder"),
    ],
)
def test_a_map_that_cannot_be_written_is_refused_at_once(capsys, folder, stand, name, words):
    (folder / "folder.png").mkdir()
    touched("home.jpg")
    assert words in fails(capsys, "locate", "home.jpg", "--map", name)
    assert stand.asked == []
    assert {path.name for path in folder.iterdir()} == {"home.jpg", "folder.png"}


def test_a_disk_that_is_full_leaves_the_old_map(capsys, folder, stand, monkeypatch):
    def full(self, path, **options):
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    touched("home.jpg", "map.png")
    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", full)
    out, lines, last = ended(capsys, "locate", "home.jpg", "--map", "map.png")
    assert out.splitlines()[1].startswith("home.jpg") and lines == []
    assert last == "g3lite: map.png cannot be written: No space left on device"
    assert (folder / "map.png").read_bytes() == b"a picture"
    assert {path.name for path in folder.iterdir()} == {"home.jpg", "map.png"}


@pytest.mark.slow
def test_locate_as_it_is_called(folder, tmp_path):
    """With the shipped models, in a process of its own: nothing but its own words."""
    photos = miniearth.load("validation", 1)
    (home,) = photos.ids
    (folder / home).write_bytes(photos.read(home))
    noise = np.random.default_rng(0).integers(0, 255, (90, 120, 3), dtype=np.uint8)
    exif = b"Exif\0\0II*\0\x08\0\0\0\xff\xff"  # Pillow warns of it
    Image.fromarray(noise).save(folder / "holiday.jpg", exif=exif)
    command = [sys.executable, "-m", "g3lite.cli", "locate", home, "holiday.jpg", "gone.jpg"]
    done = subprocess.run(
        [*command, "--map", "map.png"], capture_output=True, encoding="utf-8",
        env={**os.environ, "G3LITE_PROFILE": "ci", "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.stderr.splitlines() == [
        "gone.jpg: there is no such file", "g3lite: 1 of 3 photos were not located",
    ]  # fmt: skip
    heading, in_domain, away, warning, wrote = done.stdout.splitlines()
    assert heading.split() == ["photo", "latitude", "longitude", "place", "score"]
    assert in_domain.split()[0] == home and "out_of_domain" not in in_domain
    assert away.split()[0] == "holiday.jpg" and away.split()[-1] == "out_of_domain"
    assert warning == OUT_OF_DOMAIN and wrote == "wrote map.png" and done.returncode == 1
    lat, lon = map(float, in_domain.split()[1:3])
    city = places.nearest_city([[lat, lon]]).iloc[0]
    assert f"km from {city.city}, {city.country}" in in_domain


# --- evaluate

KM = np.array([0.5, 10, 100, 500, 2000, 9000, np.nan, 0.2])
SHARES = [2 / 8, 3 / 8, 4 / 8, 5 / 8, 6 / 8]
"""Of them within 1, 25, 200, 750 and 2500 km; their median is 300."""


@pytest.fixture
def tables(folder):
    """Truth and predictions that are off by KM, of four photographers, in the working folder."""
    place = np.column_stack([np.linspace(-50, 60, 8), np.linspace(-180, 180, 8)])
    answers = geo.offset(place, 40, np.nan_to_num(KM))
    answers[np.isnan(KM)] = np.nan
    truth = pd.DataFrame(
        {"IMG_ID": [f"p{i}.jpg" for i in range(8)], "AUTHOR": list("aabbccdd"),
         "LAT": place[:, 0], "LON": place[:, 1]}
    )  # fmt: skip
    found = truth[["IMG_ID"]].assign(LAT_pred=answers[:, 0], LON_pred=answers[:, 1])
    write(truth, "truth.csv")
    return truth, found


def write(table, name):
    table.to_csv(name, index=False)
    return name


def figures(text: str) -> tuple[str, dict[str, tuple[float, float, float]]]:
    """The first line, and the numbers (value, low, high) of each line by its first word."""
    first, *lines = text.splitlines()
    found = {}
    for line in lines:
        value, low, high = line.replace(",", "").replace("%", "").split("  ")[-1].split()
        found[line.split()[0].strip(",")] = (
            float(value), float(low.strip("[")), float(high.strip("]")),
        )  # fmt: skip
    return first, found


def check_figures(found, km):
    """Against a computation by hand; NaN is no answer."""
    km = np.nan_to_num(km, nan=np.inf)
    for name, limit in zip(
        ("street", "city", "region", "country", "continent"), (1, 25, 200, 750, 2500), strict=True
    ):
        value, low, high = found[name]
        assert value == pytest.approx(100 * np.mean(km <= limit), abs=0.0051)
        assert low <= value <= high
    assert found["median"][0] == pytest.approx(np.median(km), abs=0.51)
    points = np.mean(5000 * np.exp(-km / 1492.7))
    assert found["GeoScore"][0] == pytest.approx(points, abs=0.51)


def test_evaluate_gives_the_figures_found_by_hand(capsys, tables):
    truth, found = tables
    whole = write(truth.merge(found), "all.csv")
    first, alone = figures(succeeds(capsys, "evaluate", whole))
    assert first == (
        "8 photos, 1 of them without a prediction (wrong); "
        "95 % intervals: 4 photographers resampled"
    )
    assert [alone[name][0] for name in ("street", "city", "region", "country", "continent")] == (
        pytest.approx([100 * share for share in SHARES])
    )
    check_figures(alone, KM)
    shuffled = write(found.iloc[::-1], "found.csv")
    again = succeeds(capsys, "evaluate", shuffled, "--truth", "truth.csv")
    assert figures(again) == (first, alone)


def test_photos_without_a_row_are_wrong(capsys, tables):
    _, found = tables
    some = write(found.iloc[2:], "some.csv")
    first, numbers = figures(succeeds(capsys, "evaluate", some, "--truth", "truth.csv"))
    assert first.startswith("8 photos, 3 of them without a prediction (wrong);")
    check_figures(numbers, np.r_[np.nan, np.nan, KM[2:]])
    none = write(found.assign(LAT_pred=np.nan, LON_pred=np.nan), "none.csv")
    first, numbers = figures(succeeds(capsys, "evaluate", none, "--truth", "truth.csv"))
    assert first.startswith("8 photos, 8 of them without") and numbers["continent"] == (0, 0, 0)


def test_photographers_are_resampled_where_all_are_known(capsys, tables):
    truth, found = tables
    # Each photographer is right with all photos or with none, so there are only four results.
    km = np.repeat([0.1, 0.1, 5000, 5000], 30)
    place = np.zeros((120, 2))
    answers = pd.DataFrame(geo.offset(place, 90, km), columns=["LAT_pred", "LON_pred"])
    table = answers.assign(LAT=0.0, LON=0.0, AUTHOR=np.repeat(list("abcd"), 30))
    first, people = figures(succeeds(capsys, "evaluate", write(table, "a.csv")))
    assert first == "120 photos; 95 % intervals: 4 photographers resampled"
    one_unknown = table.assign(AUTHOR=[None, *table.AUTHOR[1:]])
    for name, other in {
        "without.csv": table.drop(columns="AUTHOR"),
        "one.csv": table.assign(AUTHOR="me"),
        "unknown.csv": one_unknown,
    }.items():
        first, single = figures(succeeds(capsys, "evaluate", write(other, name)))
        assert first == "120 photos; 95 % intervals: photos resampled"
        assert single["street"][0] == people["street"][0] == 50
        assert people["street"][1:] == (0, 100)
        assert 38 < single["street"][1] < 45 and 55 < single["street"][2] < 62


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.assign(IMG_ID="other" + t.IMG_ID), "none of its 8 IMG_ID is in truth.csv"),
        (lambda t: t.iloc[:0], "it holds no predictions, only a header"),
        (lambda t: t.drop(columns="LON_pred"), "lacks LON_pred; it has IMG_ID, LAT_pred"),
        (lambda t: t.drop(columns="IMG_ID"), "lacks IMG_ID; it has LAT_pred, LON_pred"),
        (lambda t: t.astype(str).replace(t.astype(str).LAT_pred[4], "north"),
         "LAT_pred of row 4 is 'north', which is not a number"),
        (lambda t: t.assign(LAT_pred=95.0, LON_pred=0.0), "latitude 95 in row 0 is outside"),
        (lambda t: t.assign(LON_pred=np.inf), "longitude inf in row 0 is not a finite number"),
    ],
)  # fmt: skip
def test_predictions_that_cannot_be_scored_are_one_line(capsys, tables, change, words):
    name = write(change(tables[1]), "bad.csv")
    last = fails(capsys, "evaluate", name, "--truth", "truth.csv")
    assert last.startswith("g3lite: bad.csv") and words in last


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns=["LAT", "AUTHOR"]), "lacks LAT; it has IMG_ID, LON"),
        (lambda t: t.astype(str).replace("-50.0", "south"), "LAT of row 0 is 'south'"),
        (lambda t: t.assign(LAT=np.nan), "latitude nan in row 0"),
        (lambda t: t.iloc[:0], "it holds no predictions"),
    ],
)
def test_a_table_without_its_truth_is_one_line(capsys, tables, change, words):
    truth, found = tables
    name = write(change(truth.merge(found)), "bad.csv")
    last = fails(capsys, "evaluate", name)
    assert last.startswith("g3lite: bad.csv") and words in last


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "bad.csv: it is empty"),
        ("IMG_ID,LAT_pred,LON_pred\na,1,2\nb,1,2,3,4\n", "row 1 (line 3 of the file) has 5 fields"),
        (None, "there is no table bad.csv"),
    ],
)
def test_no_table_of_predictions_is_one_line(capsys, tables, content, words):
    if content is not None:
        Path("bad.csv").write_text(content)
    assert words in fails(capsys, "evaluate", "bad.csv", "--truth", "truth.csv")


def test_no_table_of_truth_is_one_line(capsys, tables):
    truth, found = tables
    name = write(found, "found.csv")
    said = fails(capsys, "evaluate", name, "--truth", "nowhere.csv")
    assert said == "g3lite: there is no table nowhere.csv"
    empty = write(truth.iloc[:0], "empty.csv")
    assert "empty.csv holds no photos" in fails(capsys, "evaluate", name, "--truth", empty)
    bare = write(truth.drop(columns="LON"), "bare.csv")
    assert "bare.csv: the table lacks LON" in fails(capsys, "evaluate", name, "--truth", bare)


def test_a_comma_at_the_end_of_each_row_is_refused_unless_the_header_has_it(capsys, tables):
    _, found = tables
    write(found, "found.csv")
    header, *rows = Path("found.csv").read_text().splitlines()
    commas = [f"{row}," for row in rows]
    Path("commas.csv").write_text("\n".join([header, *commas]))
    said = fails(capsys, "evaluate", "commas.csv", "--truth", "truth.csv")
    assert "row 0 (line 2 of the file) has 4 fields under 3" in said
    assert "end no row with a comma" in said
    straight = succeeds(capsys, "evaluate", "found.csv", "--truth", "truth.csv")
    for padded in ([f"{header},", *commas], [f"{header},,", *commas], [f"{header},", *rows]):
        Path("padded.csv").write_text("\n".join(padded))
        assert succeeds(capsys, "evaluate", "padded.csv", "--truth", "truth.csv") == straight


def test_headers_that_are_exchanged_are_told_in_a_line(capsys, tables):
    truth, found = tables
    write(truth.rename(columns={"LAT": "LON", "LON": "LAT"}), "old.csv")
    out, lines, last = ended(capsys, "evaluate", write(found, "f.csv"), "--truth", "old.csv")
    assert last is None and len(lines) == 1 and "headers LAT and LON are exchanged" in lines[0]
    check_figures(figures(out)[1], KM)


def test_what_predict_writes_can_be_evaluated(capsys, folder, ready):
    photos = miniearth.load("validation", 4)
    predictions = ready.predict(photos.take([2, 0]), "run", progress=False)
    write(photos.table, "truth.csv")
    first, numbers = figures(
        succeeds(capsys, "evaluate", "run/predictions.csv", "--truth", "truth.csv")
    )
    assert first.startswith("4 photos, 2 of them without a prediction (wrong);")
    km = np.full(4, np.nan)
    km[[2, 0]] = geo.great_circle_km(
        predictions[["LAT_pred", "LON_pred"]], photos.coordinates[[2, 0]]
    )
    check_figures(numbers, km)


def test_evaluate_takes_the_table_of_im2gps3k(capsys, folder, real):
    path = real / "im2gps3k" / "im2gps3k_places365.csv"
    truth = pd.read_csv(path, dtype={"IMG_ID": str})
    km = np.where(np.arange(len(truth)) % 3, 100, np.nan)
    answers = geo.offset(truth[["LAT", "LON"]], 10, 100)
    answers = pd.DataFrame(answers, columns=["LAT_pred", "LON_pred"]).assign(IMG_ID=truth.IMG_ID)
    name = write(answers[~np.isnan(km)], "found.csv")
    first, numbers = figures(succeeds(capsys, "evaluate", name, "--truth", str(path)))
    without, people = np.isnan(km).sum(), truth.AUTHOR.nunique()
    assert first == (
        f"{len(truth)} photos, {without} of them without a prediction (wrong); 95 % intervals: "
        f"{people} photographers resampled"
    )
    check_figures(numbers, km)


# --- tables


@pytest.fixture
def reported(monkeypatch):
    """What `tables` asks for, and two small tables instead of the real ones."""
    from g3lite.paper import tables

    asked = []

    def load(which, n=None):
        asked.append((which, n))
        return which

    def report(evidence, replicates):
        asked.append((evidence, replicates))
        yield "Table 1", pd.DataFrame({"city": ["22.5 [20.5, 24.3]"]}, index=["G3"])
        yield "Figure 3", pd.DataFrame({"city": ["23.4 [21.5, 25.2]"]}, index=["1"])

    monkeypatch.setattr(tables.EvaluationRun, "load", load)
    monkeypatch.setattr(tables, "report", report)
    return asked


def test_tables_are_printed_and_written(capsys, reported, tmp_path):
    from g3lite.paper import tables

    out = tmp_path / "new" / "folder"
    text = succeeds(capsys, "tables", "--profile", "ci", "--output", str(out))
    assert reported == [*((which, 300) for which in tables.SETS), (list(tables.SETS), 200)]
    assert "Table 1\n\n" in text and "22.5 [20.5, 24.3]" in text and "Figure 3" in text
    assert f"wrote 2 tables to {out}" in text
    assert pd.read_csv(out / "1.csv", index_col=0).loc["G3", "city"] == "22.5 [20.5, 24.3]"
    assert sorted(path.name for path in out.iterdir()) == ["1.csv", "2.csv"]


def test_tables_without_a_folder_write_nothing(capsys, reported, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "wrote" not in succeeds(capsys, "tables", "--profile", "cpu")
    assert list(tmp_path.iterdir()) == []


def test_tables_of_another_world_are_refused(capsys, reported):
    said = fails(capsys, "tables", "--profile", "gpu")
    assert said.endswith("the tables are about MiniEarth, gpu is not; use --profile cpu")
    assert reported == []
