"""Notebook 07 on every route, as on Colab, but on a CPU and on stand-ins of the true formats.

A local hub serves OSV-5M's archive and a language model; IM2GPS3K is a zip of drawings; g3.pth has
random weights of the official size. So numbers mean nothing here, and every step is taken. The
route of drawings alone runs in test_notebooks.py.
"""

import io
import json
import zipfile
from dataclasses import replace

import pandas as pd
import pytest
import torch
from local_hub import COMMIT
from official_model import Theirs
from stand_in_pack import stand_in
from tiny_clip import DIM, save_model
from tiny_lmms import QWEN, qwen3_vl, words
from torch import nn
from torchvision.transforms import functional as pixels

from g3lite import figures, miniearth, official, profiles
from g3lite.backbone import Backbone
from g3lite.datasets import pack as packs
from g3lite.figures import style
from g3lite.lmm.local import TransformersLMM
from g3lite.recipes import pack as recipe
from g3lite.teaching import notebooks, real_photos, real_table

NAME = "07_real_data_on_a_gpu"
PUBLISHED = "16.65 ± 1.33"
"""G3 within 1 km on IM2GPS3K, table 1 of the paper."""
SHORT, FULL = ('ROUTE = "auto"', 'ROUTE = "short"'), ('ROUTE = "auto"', 'ROUTE = "full"')


@pytest.fixture
def hub_of_all(hub_server, tmp_path, monkeypatch):
    """A hub with 48 photos of OSV-5M and their table, and a tiny model of the profile's kind."""
    import transformers

    monkeypatch.setattr(transformers.utils.hub, "_hf_api", None, raising=False)
    drawn = miniearth.load("gallery", 48)
    rows = ["id,latitude,longitude,country,region,sub-region,city,creator_username,climate"]
    pictures = io.BytesIO()
    with zipfile.ZipFile(pictures, "w") as archive:
        for k, (i, (lat, lon)) in enumerate(zip(drawn.ids, drawn.coordinates, strict=True)):
            rows.append(f"{100 + k},{lat},{lon},FR,Centre,Cher,Bourges,anna{k // 3},3")
            archive.writestr(f"00/{100 + k}.jpg", drawn.read(i))
    hub_server.repos["dataset", "osv5m/osv5m"] = {
        "test.csv": "\n".join(rows).encode(), "images/test/00.zip": pictures.getvalue(),
    }  # fmt: skip
    torch.manual_seed(0)
    model, processor = qwen3_vl(words(*QWEN))
    model.save_pretrained(tmp_path / "model")
    processor.save_pretrained(tmp_path / "model")
    model = {path.name: path.read_bytes() for path in (tmp_path / "model").iterdir()}
    hub_server.repos["model", "tiny/qwen"] = model
    return hub_server


@pytest.fixture
def weights(tmp_path):
    """g3.pth of the official size, as if it had been downloaded: 1.8 GB."""
    folder = tmp_path / "cache" / "hub"
    path = folder / "models" / "Jia-py" / "G3-checkpoint" / "g3.pth"
    path.parent.mkdir(parents=True)
    torch.manual_seed(0)
    torch.save(Theirs().state(), path)
    about = {"commit": COMMIT, "bytes": path.stat().st_size, "sha256": "", "origin": "", "date": ""}
    (folder / "downloads.json").write_text(
        json.dumps({"models/Jia-py/G3-checkpoint/g3.pth": about})
    )
    yield path
    path.unlink()


@pytest.fixture
def gpu(tmp_path, monkeypatch):
    """The profile gpu on this CPU, with a tiny backbone that is here already."""
    save_model(tmp_path / "tiny", seed=0)
    profile = replace(
        profiles.PROFILES["gpu"], device="cpu", backbone=str(tmp_path / "tiny"), lmm="tiny/qwen",
        batch_size=4, bootstrap=20,
    )  # fmt: skip
    monkeypatch.setitem(profiles.PROFILES, "gpu", profile)
    monkeypatch.setenv("G3LITE_PROFILE", "gpu")


@pytest.fixture
def zipped(tmp_path):
    """A zip in the form of IM2GPS3K's, of five drawings."""
    return real_table.stand_in_zip(tmp_path, 5)


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Runs the notebook with some of its parameters changed: its names, and what it printed."""
    monkeypatch.delenv(packs.VARIABLE, raising=False)
    monkeypatch.setenv("G3LITE_PHOTOS", str(tmp_path / "photos"))
    monkeypatch.setattr(real_photos, "schedule_for", quick)
    monkeypatch.setattr(real_photos, "cache_dir", lambda: tmp_path / "kept")
    monkeypatch.setattr(style.Live, "show", lambda self, figure, alt, **_: figures.encode(figure))
    # A photo takes a language model seconds on a CPU.
    monkeypatch.setitem(TransformersLMM.__init__.__kwdefaults__, "max_new_tokens", 6)
    monkeypatch.chdir(tmp_path)

    def executed(*changes: tuple[str, str]) -> tuple[dict[str, object], str]:
        notebook = notebooks.read_source(notebooks.folder(), NAME)
        space: dict[str, object] = {"__name__": "notebook"}
        for cell in notebook.cells:
            if cell.cell_type == "code":
                for old, new in (("PHOTOS = 10_000", "PHOTOS = 40"), ("FEW = 4", "FEW = 1"),
                                 ("MINUTES = None", "MINUTES = 0.01"), *changes):  # fmt: skip
                    cell.source = cell.source.replace(old, new)
                exec(cell.source, space)
        return space, capsys.readouterr().out

    with pd.option_context("display.width", 80, "display.max_columns", 0):  # put back afterwards
        yield executed


def quick(photos, texts, seed=0):
    from g3lite.training import Schedule

    return Schedule(epochs=2, batch_size=min(16, photos), use_text=texts, seed=seed)


pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::UserWarning")]


def test_the_short_route_needs_no_account_no_language_model_and_no_benchmark(hub_of_all, gpu, run):
    space, said = run()
    assert "THE SHORT ROUTE, 40 photos of osv5m" in said and "STAND-IN:" not in said
    assert "NOT HERE: IM2GPS3K. none of the 2,997 photos" in said and "mediafire" in said
    assert said.count("NOT HERE") == 1
    assert "The official weights belong to the full route" in said
    assert "A language model belongs to the full route" in said
    (table,) = space["answers"].values()
    assert {"constant", "kNN", "[L]kNN, aligned", "GPS gallery (GeoCLIP)", "no LMM"} <= set(table)
    assert space["prediction"].coordinates is not None
    asked = [path for _, path, _, _ in hub_of_all.log]
    wanted = [path for path in asked if "osv5m" in path]
    assert wanted and not any(w in path for path in asked for w in ("qwen", "G3-check", "im2gps"))
    assert not any(authorization for *_, authorization in hub_of_all.log)
    # Once more: all is there, and nothing is fetched or made.
    hub_of_all.repos.clear()
    assert "THE SHORT ROUTE, 40 photos of osv5m" in run()[1]


def test_the_full_route_with_the_zip_of_im2gps3k(hub_of_all, gpu, zipped, run, tmp_path):
    space, said = run(FULL, ('IM2GPS3K = ""', f"IM2GPS3K = {str(zipped)!r}"))
    assert "THE FULL ROUTE, 40 photos of osv5m" in said
    assert "NOT HERE: the official weights." in said and "768 numbers, the pack has 24" in said
    assert said.count("NOT HERE") == 1
    assert list(space["runs"]) == ["osv5m, test", "IM2GPS3K"]
    assert "asked about: IM2GPS3K; the model sees the photos themselves" in said
    assert {"G3", "LMM, zero-shot", "one RAG prompt (Img2Loc)", "medoid of the candidates",
            "w/o Geo-V"} <= set(space["complete"])  # fmt: skip
    assert set(space["worth"]["method"]) == set(space["complete"]) - {"G3"}
    assert space["choice"].replies == 5 and space["temperature"] == 1.2  # of no known model
    assert PUBLISHED in said and (tmp_path / "runs" / "replies.sqlite").is_file()
    assert space["lmm"].name.startswith("tiny/qwen@")


def test_without_a_benchmark_the_photos_of_the_pack_are_asked_about(hub_of_all, gpu, run):
    space, said = run(FULL)
    assert "asked about: osv5m, test; the model sees the photos themselves" in said
    ids = space["final"].queries.ids
    assert set(ids) <= set(space["test"].ids) and "G3" in space["complete"]
    assert space["final"].queries.read(ids[0]) == miniearth.load("gallery", 48).read(
        miniearth.load("gallery", 48).ids[int(ids[0][:3]) - 100]
    )


def test_without_a_network_drawings_stand_in(hub_server, gpu, run, monkeypatch, made):
    monkeypatch.setattr(real_table, "drawn", lambda photos: made)
    space, said = run(("FEW_QUERIES or 200", "FEW_QUERIES or 6"))
    assert "NOT HERE: a pack of OSV-5M." in said and "Call the cell again" in said
    assert "THE FULL ROUTE, stand-in: 160 photos that are drawn" in said
    assert "STAND-IN for IM2GPS3K" in said and space["lmm"].name.startswith("minilmm@")
    assert "the official weights were trained on these photos" in said
    assert set(space["better"]["group"]) == {"STAND-IN for IM2GPS3K"}


@pytest.fixture(scope="module")
def made(tmp_path_factory, miniclip):
    return stand_in(tmp_path_factory.mktemp("pack") / "stand-in", miniclip)


@pytest.mark.parametrize("way", [SHORT, FULL])
def test_a_pack_without_texts_on_a_laptop(way, run, monkeypatch, tmp_path):
    """Photos of one's own, by an encoder that reads no words and has no name to be loaded by."""
    tower = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, DIM))
    backbone = Backbone.wrap(
        tower, lambda image: pixels.to_tensor(image.resize((32, 32))), DIM, "someone's", "cpu"
    )
    drawn = miniearth.load("gallery", 60)
    (tmp_path / "own").mkdir()
    for img_id in drawn.ids:
        (tmp_path / "own" / img_id).write_bytes(drawn.read(img_id))
    drawn.table[["IMG_ID", "AUTHOR", "LAT", "LON"]].to_csv(tmp_path / "own.csv", index=False)
    pack = recipe.make(tmp_path / "own", tmp_path / "pack", 60, backbone, progress=False,
                       table=tmp_path / "own.csv")  # fmt: skip
    monkeypatch.setenv(packs.VARIABLE, str(pack.folder.path))
    monkeypatch.setenv("G3LITE_PROFILE", "ci")
    space, said = run(way)
    assert "mechanics on 60 photos, not CLIP (someone's)" in said
    assert not pack.texts and "no LMM" in next(iter(space["answers"].values()))
    assert space["prediction"].coordinates is not None  # of a photo of the pack: no CLIP is loaded
    missing = ["IM2GPS3K", "the official weights", "a language model"]
    for what in missing if way is FULL else missing[:1]:
        assert f"NOT HERE: {what}." in said
    assert space["lmm"] is None and "complete" not in space


def test_the_official_weights_of_the_true_size(hub_of_all, weights, gpu, zipped, run, monkeypatch):
    """The pack is made by the CLIP of g3.pth: that is said to be OpenAI's, which is not here."""
    clip = official.load(weights, "cpu")[0]
    monkeypatch.setattr(recipe, "load", lambda name, device="auto": clip)
    space, said = run(
        FULL, ("PHOTOS = 40", "PHOTOS = 21"), ('IM2GPS3K = ""', f"IM2GPS3K = {str(zipped)!r}")
    )
    assert "NOT HERE" not in said and space["official"].cosine > 0.99
    assert set(space["better"]["group"]) == {"osv5m, test", "IM2GPS3K"}
    assert {"kNN, aligned", "no LMM", "GPS gallery (GeoCLIP)"} <= set(space["better"]["method"])
    assert space["heads"].config == space["official"].heads.config
    assert real_table.peak_gb() < 12  # of Colab
