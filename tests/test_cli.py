import os
import subprocess
import sys
from pathlib import Path

import pytest

from g3lite import artefacts, cli, notebooks
from g3lite.artefacts import Artefact


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch):
    monkeypatch.delenv("G3LITE_PROFILE", raising=False)


def fails(capsys, *arguments) -> str:
    """Run a command that must fail as a user's mistake does; return its message."""
    with pytest.raises(SystemExit) as stop:
        cli.main(list(arguments))
    assert isinstance(stop.value.code, str)  # printed on stderr by Python, exit status 1
    assert "\n" not in stop.value.code
    return stop.value.code


def succeeds(capsys, *arguments) -> str:
    with pytest.raises(SystemExit) as stop:
        cli.main(list(arguments))
    assert not stop.value.code
    return capsys.readouterr().out


def test_info_shows_versions_profiles_and_the_state_of_the_data(capsys, monkeypatch):
    monkeypatch.setenv("G3LITE_PROFILE", "ci")
    text = succeeds(capsys, "info")
    assert "torch " in text and "* ci: miniclip, minilmm, 2,000 of gallery" in text
    assert str(artefacts.data_dir()) in text
    assert "the data " in text


def test_an_unknown_profile_is_one_line_and_status_1(tmp_path):
    source = tmp_path / "notebooks" / "source"
    source.mkdir(parents=True)
    (source / "01_a.py").write_text("")
    code = (
        "import pathlib, sys; from g3lite import cli, notebooks;"
        "notebooks.folder = lambda: pathlib.Path(sys.argv[1]);"
        "cli.main(['run', '--profile', 'tpu'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(source.parent)],
        capture_output=True,
        text=True,
        env={key: value for key, value in os.environ.items() if key != "G3LITE_PROFILE"},
    )
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == ("g3lite: unknown profile 'tpu'; known profiles: auto, ci, cpu, gpu\n")


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
    monkeypatch.setattr(artefacts, "data_dir", lambda: tmp_path)
    artefacts.record("a")
    return tmp_path


def test_artefacts_are_checked_recorded_and_built(capsys, graph):
    assert "agrees" in succeeds(capsys, "artefacts", "check")
    assert succeeds(capsys, "artefacts", "build") == "everything is up to date\n"
    (graph / "a.csv").write_text("2")
    assert fails(capsys, "artefacts", "check").startswith("g3lite: 1 disagreements; rebuild")
    assert "a: a.csv differs" in capsys.readouterr().out
    assert "has no builder" in fails(capsys, "artefacts", "build")
    assert succeeds(capsys, "artefacts", "record", "a") == "recorded a\n"
    assert "agrees" in succeeds(capsys, "artefacts", "check")
    assert fails(capsys, "artefacts", "build", "b") == "g3lite: no artefact 'b'; there are: a"


def test_notebooks_are_checked_and_synchronised(capsys, monkeypatch, tmp_path):
    (tmp_path / "source").mkdir()
    monkeypatch.setattr(notebooks, "folder", lambda: tmp_path)
    assert succeeds(capsys, "notebooks", "check") == "0 notebooks are in order\n"
    assert "no notebook '09_x'" in fails(capsys, "notebooks", "sync", "09_x")
    (tmp_path / "source" / "01_a.py").write_text("# %%\n1\n")
    assert fails(capsys, "notebooks", "check").startswith("g3lite: 1 problems")
    assert "extension: .py" in capsys.readouterr().out


def test_outside_a_clone_the_notebooks_are_not_found(monkeypatch, tmp_path):
    monkeypatch.setattr(notebooks, "__file__", str(tmp_path / "g3lite" / "notebooks.py"))
    with pytest.raises(notebooks.NotebookError, match="work in a clone of https://"):
        notebooks.folder()


def test_without_the_extra_the_way_out_is_named(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "jupytext", None)
    monkeypatch.delitem(sys.modules, "g3lite.notebooks")
    monkeypatch.delattr("g3lite.notebooks")
    assert fails(capsys, "notebooks", "check").endswith('pip install "g3lite[notebooks]"')


def test_align_trains_the_heads_of_a_profile(capsys, monkeypatch, tmp_path):
    from g3lite import training
    from g3lite.alignment import GeoAlignment

    short = training.Schedule(epochs=2, lr=1e-3)
    monkeypatch.setitem(training.SCHEDULES, "small", short)
    text = succeeds(capsys, "align", str(tmp_path / "out"), "--profile", "ci", "--seed", "1")
    assert f"wrote the weights of the best epoch to {tmp_path / 'out'}" in text
    assert GeoAlignment.from_pretrained(tmp_path / "out").sizes.image == 256
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
