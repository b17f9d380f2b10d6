"""`g3lite index`, and `locate` and `align` with a gallery of one's own."""

import json

import pandas as pd
import pytest
from own_photos import PLACES, folder_of, save
from tiny_clip import save_model

from g3lite import G3
from g3lite.cli import main
from g3lite.recipes import own


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A working folder with photos, two backbones, and photos to locate."""
    folder = tmp_path_factory.mktemp("own")
    save_model(folder / "tiny", seed=0)
    save_model(folder / "other", seed=1)
    folder_of(folder / "holiday", each=5)
    for place in PLACES:
        save(folder / f"{place}.jpg", place, 70, located=place == "berlin")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("G3LITE_CACHE", str(folder / "cache"))
        patch.chdir(folder)
        yield folder


@pytest.fixture
def command(home, capsys, monkeypatch):
    """Runs the command in that folder: what it printed, what it said beside that, how it ended."""
    monkeypatch.chdir(home)

    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            main.main(list(arguments))
        out, err = capsys.readouterr()
        return out, err, stop.value.code or ""

    return run


@pytest.fixture
def gallery(command, home):
    if not (home / "gallery").exists():
        assert not command("index", "holiday", "-o", "gallery", "--backbone", "tiny")[2]
    return "gallery"


def test_index_counts_and_names_what_it_leaves_out(command):
    out, err, wrong = command("index", "holiday", "-o", "first", "--backbone", "tiny")
    assert not wrong and "21 photos with a position in holiday" in out
    assert "wrote 20 photos to first: features of 24 numbers by tiny" in out
    told = [line for line in err.splitlines() if line.startswith("left out")]
    assert len(told) == 4
    assert "left out: 1 photo, it has no latitude (nowhere.jpg)" in told
    assert "left out: 1 photo, a copy of another one (copy.jpg)" in told
    assert any("truncated" in line and "(cut.jpg)" in line for line in told)


def test_locate_gives_the_near_photos_as_evidence(command, gallery):
    out, err, wrong = command("locate", "quito.jpg", "berlin.jpg", "--gallery", gallery,
                              "--near", "3", "--device", "cpu")  # fmt: skip
    lines = out.splitlines()
    assert not wrong and not err
    assert lines[0].startswith("quito.jpg: -0.2200, -78.5100, ")
    assert lines[0].endswith("3 of 3 near photos within 200 km")
    for line in lines[1:4]:
        similarity, km, unit, file = line.split()
        assert 0.5 < float(similarity) <= 1 and float(km) < 1 and unit == "km"
        assert file.startswith("quito/")
    assert lines[-1] == "  the file itself says 52.52, 13.40: 0 km away"


def test_locate_as_json_and_as_a_map(command, home, gallery):
    out, _, wrong = command("locate", "oslo.jpg", "holiday/suva/1.jpg", "gone.jpg",
                            "--gallery", gallery, "--json", "--map", "where.png")  # fmt: skip
    first, second, third = json.loads(out)
    assert first["latitude"] == pytest.approx(59.91) and len(first["near"]) == 5
    assert first["near"][0]["photo"].startswith("oslo/") and first["exif"] is None
    assert second["itself"] == "suva/1.jpg" and second["exif"]["km"] < 1
    assert third["error"] == "there is no such file" and third["near"] == []
    assert "1 of 3 photos were not located" in wrong
    assert (home / "where.png").stat().st_size > 10_000


def test_align_trains_heads_that_locate_uses(command, home, gallery, monkeypatch):
    short = own.schedule_for
    monkeypatch.setattr(
        own, "schedule_for",
        lambda *arguments: own.replace(short(*arguments), epochs=2, batch_size=8),
    )  # fmt: skip
    table = pd.DataFrame({"IMG_ID": [f"{place}/{i}.jpg" for place in PLACES for i in range(5)]})
    table["LAT"] = [PLACES[name.split("/")[0]][0][0] for name in table["IMG_ID"]]
    table["LON"] = [PLACES[name.split("/")[0]][0][1] for name in table["IMG_ID"]]
    table["AUTHOR"] = [f"p{i % 5}" for i in range(20)]
    table.to_csv("where.csv", index=False)
    out, _, wrong = command("index", "holiday", "-o", "authors", "--table", "where.csv",
                            "--backbone", "tiny")  # fmt: skip
    assert not wrong and "wrote 20 photos" in out
    out, err, wrong = command("align", "heads", "--gallery", "authors")
    assert not wrong and "trained on 16 photos, validated on 4 of other photographers" in out
    assert "wrote the heads of the epoch of the best accuracy to heads" in out
    assert "Traceback" not in err and ".py:" not in err
    about = json.loads((home / "heads" / "made_of.json").read_text())
    assert about["backbone"]["name"] == "tiny" and about["texts"] is True
    assert about["gallery"]["name"] == "holiday"
    out, _, wrong = command("locate", "suva.jpg", "--gallery", "authors", "--heads", "heads")
    assert not wrong and out.startswith("suva.jpg: ")

    out, _, wrong = command("align", "plain", "--gallery", "authors", "--image-only")
    about = json.loads((home / "plain" / "made_of.json").read_text())
    assert not wrong and about["texts"] is False
    wrong = command("index", "holiday", "-o", "strange", "--backbone", "other")[2]
    assert not wrong
    wrong = command("locate", "suva.jpg", "--gallery", "strange", "--heads", "heads")[2]
    assert "the heads in heads were trained on features of tiny" in wrong and "of other" in wrong


def test_what_does_not_belong_together_is_refused(command, home, gallery):
    wrong = command("locate", "suva.jpg", "--gallery", gallery, "--backbone", "other")[2]
    assert "its features were made by tiny" in wrong and "not by other" in wrong
    for arguments, said in [
        (("locate", "suva.jpg", "--gallery", "holiday"), "holds no manifest.json"),
        (("locate", "suva.jpg", "--gallery", "nothing"), "there is no folder nothing"),
        (("locate", "suva.jpg", "--gallery", gallery, "--lmm", "minilmm"), "leave out --lmm"),
        (("locate", "suva.jpg", "--heads", "x"), "go with --gallery"),
        (("locate", "suva.jpg", "--gallery", gallery, "--heads", "holiday"), "no heads can be"),
        (("index", "holiday", "-o", "x", "--backbone", "ViT-B-33:openai"), "did you mean"),
        (("index", "holiday", "-o", "x", "--device", "warp"), "warp"),
        (("index", "tiny", "-o", "x"), "no picture in tiny"),
        (("align", "x", "--image-only"), "go with --gallery"),
    ]:
        assert said in command(*arguments)[2], arguments
    (home / "tiny").rename(home / "moved")
    try:
        wrong = command("locate", "suva.jpg", "--gallery", gallery)[2]
        assert "made by tiny, which is not to be had here" in wrong and "--backbone" in wrong
        assert not command("locate", "suva.jpg", "--gallery", gallery, "--backbone", "moved")[2]
    finally:
        (home / "moved").rename(home / "tiny")


def test_the_shipped_backbone_is_said_to_know_drawings_only(command, home):
    _, err, wrong = command("index", "holiday", "-o", "mini")  # the profile's: MiniCLIP
    assert not wrong and "nothing but drawings" in err
    out, err, wrong = command("locate", "quito.jpg", "--gallery", "mini")
    assert not wrong and "nothing but drawings" in err and out.startswith("quito.jpg")


def test_g3_can_be_put_together_from_such_parts(home, gallery, command):
    from g3lite.alignment import CONFIGS, GeoAlignment
    from g3lite.datasets.featurefolder import read

    heads = GeoAlignment(own.replace(CONFIGS["mini"], image=read(home / gallery).dim, text=0))
    g3 = G3.from_parts(backbone=home / "tiny", heads=heads.eval(), gallery=home / gallery)
    assert g3.locate(home / "suva.jpg").coordinates
