"""`g3lite pack`, and `align` with a pack."""

import json

import pytest
from stand_in_pack import stand_in
from tiny_clip import save_model

from g3lite.cli import main
from g3lite.datasets import pack as packs
from g3lite.recipes import pack as recipe
from g3lite.training import Schedule


@pytest.fixture
def command(tmp_path, capsys, monkeypatch):
    """Runs the command in a folder: what it printed, what it said beside that, how it ended."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(packs.VARIABLE, raising=False)

    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            main.main(list(arguments))
        out, err = capsys.readouterr()
        return out, err, stop.value.code or ""

    return run


def test_a_pack_is_made_and_heads_are_trained_on_it(command, tmp_path, monkeypatch):
    save_model(tmp_path / "tiny", seed=0)
    out, _, code = command("pack", "miniearth", "class", "-n", "40", "--backbone", "tiny")
    assert not code and "at most" in out and "minutes on" in out
    assert f"export G3LITE_PACK={tmp_path / 'class'}" in out
    made = packs.read("class")
    assert len(made) == 40 and made.folder.manifest["asked"]["photos"] == 40
    out, _, code = command("pack", "miniearth", "class", "-n", "40", "--backbone", "tiny")
    assert not code and "is that pack already" in out
    out, _, code = command("pack", "miniearth", "class", "-n", "30", "--backbone", "tiny")
    assert "a pack of other photos or another backbone" in code

    quick = Schedule(epochs=1, batch_size=10)
    monkeypatch.setattr(recipe, "schedule_for", lambda *_: quick)
    monkeypatch.setenv(packs.VARIABLE, "class")
    out, _, code = command("align", "heads")
    assert not code and "the pack class is trained on" in out
    record = json.loads((tmp_path / "heads" / "made_of.json").read_text())
    assert record["backbone"]["sha256"] == made.folder.fingerprint
    assert record["train"] == made.parts["train"] and record["texts"] is True
    assert "unknown size 'huge'" in command("align", "heads", "--size", "huge")[2]


def test_mistakes_are_told_in_a_line(command, tmp_path):
    assert "there is no folder holiday" in command("pack", "holiday", "out")[2]
    said = command("pack", "osv5m", "out", "--licence", "CC0")[2]
    assert "osv5m has its own" in said
    assert "holds no manifest.json" in command("align", "heads", "--pack", ".")[2]


def test_own_photos_have_the_licence_that_was_named(command, tmp_path, miniclip):
    photos = stand_in(tmp_path / "stand-in", miniclip).photos().head(12)
    rows = ["IMG_ID,AUTHOR,LAT,LON"]
    (tmp_path / "mine").mkdir()
    for k, img_id in enumerate(photos.ids):
        (tmp_path / "mine" / f"{k}.webp").write_bytes(photos.read(img_id))
        rows.append(f"{k}.webp,me {k},{k},{k}")
    (tmp_path / "where.csv").write_text("\n".join(rows))
    save_model(tmp_path / "tiny", seed=0)
    out, _, code = command(
        "pack", "mine", "class", "--table", "where.csv", "--backbone", "tiny", "--licence", "CC0"
    )
    assert not code and "free to be passed on under CC0" in out
    assert "- me 3: 1" in (tmp_path / "class" / "CREDITS.md").read_text()
