"""Notebook 07 on the profile gpu, as on Colab, but on a CPU and on stand-ins of the true formats.

A local hub serves the archive of photos and the language model; g3.pth has random weights of the
official size. So numbers mean nothing here, and every step is taken.
"""

import json
from dataclasses import replace

import pytest
import torch
from local_hub import COMMIT
from mp16 import HEADER, MP16, row, split, tar_of
from official_model import Theirs
from tiny_lmms import QWEN, qwen3_vl, words

from g3lite import figures, miniearth, profiles
from g3lite.datasets import remote
from g3lite.figures import style
from g3lite.lmm.local import TransformersLMM
from g3lite.teaching import notebooks

PUBLISHED = ["16.65", "40.94", "55.56", "71.24", "84.68"]
"""G3's row of IM2GPS3K in table 1 of the paper."""


@pytest.fixture
def hub_of_all(hub_server, tmp_path, monkeypatch):
    """A hub with 30 photos and their table, and a tiny model of the architecture of the profile."""
    import transformers

    monkeypatch.setattr(transformers.utils.hub, "_hf_api", None, raising=False)
    drawn = miniearth.load("gallery", 30)
    pictures = {f"./images/a_{k:03d}.jpg": drawn.read(i) for k, i in enumerate(drawn.ids)}
    table = "\n".join([HEADER, *(row(k) for k in range(30))])
    files = {"metadata/MP16_Pro_filtered.csv": table.encode(), **split(tar_of(pictures), 19)}
    hub_server.repos["dataset", MP16] = files
    monkeypatch.setitem(
        remote.COLLECTIONS, "mp16-pro", replace(remote.COLLECTIONS["mp16-pro"], min_bytes=500)
    )
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
    path = folder / "models" / remote.G3_CHECKPOINT.id / "g3.pth"
    path.parent.mkdir(parents=True)
    torch.manual_seed(0)
    torch.save(Theirs().state(), path)
    about = {"commit": COMMIT, "bytes": path.stat().st_size, "sha256": "", "origin": "", "date": ""}
    key = f"models/{remote.G3_CHECKPOINT.id}/g3.pth"
    (folder / "downloads.json").write_text(json.dumps({key: about}))
    yield path
    path.unlink()


@pytest.fixture
def queries(tmp_path):
    """A folder of four photos with their table, in the form of IM2GPS3K."""
    drawn = miniearth.load("validation", 4)
    (tmp_path / "photos").mkdir()
    lines = ["IMG_ID,AUTHOR,LAT,LON,S3_Label,S16_Label,S365_Label,Prob_indoor,Prob_natural"]
    for k, (i, place) in enumerate(zip(drawn.ids, drawn.coordinates, strict=True)):
        (tmp_path / "photos" / f"q{k}_1@N00.jpg").write_bytes(drawn.read(i))
        lines.append(f"q{k}_1@N00.jpg,{k % 2}@N01,{place[0]:.6f},{place[1]:.6f},0,0,198,0.9,0.1")
    (tmp_path / "photos" / "im2gps3k_places365.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "photos"


@pytest.mark.slow
def test_notebook_07_goes_the_way_of_the_gpu(
    hub_of_all, weights, queries, root, tmp_path, monkeypatch, capsys
):
    profile = replace(
        profiles.PROFILES["gpu"], device="cpu", gallery_size=16, lmm="tiny/qwen", batch_size=4,
        bootstrap=20,
    )  # fmt: skip
    monkeypatch.setitem(profiles.PROFILES, "gpu", profile)
    monkeypatch.setenv("G3LITE_PROFILE", "gpu")
    # A photo takes CLIP seconds on a CPU, and the language model is not much faster.
    monkeypatch.setitem(TransformersLMM.__init__.__kwdefaults__, "max_new_tokens", 6)
    monkeypatch.setattr(style, "show", lambda figure, alt: figures.encode(figure))  # no display
    monkeypatch.chdir(tmp_path)
    name = "07_real_data_on_a_gpu"
    series = root / "notebooks"
    notebook = notebooks.with_solutions(notebooks.read_source(series, name), name)
    space = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for old, new in (
                ('QUERY_FOLDER = ""', f"QUERY_FOLDER = {str(queries)!r}"), ("FEW = 8", "FEW = 2"),
            ):  # fmt: skip
                cell.source = cell.source.replace(old, new)
            exec(cell.source, space)
    said = capsys.readouterr().out
    assert "real photos and models" in said and "STAND-INS" not in said
    assert "gallery mp16-pro: 16 photos" in said and "queries im2gps3k: 4 photos" in said
    assert "ViT-L-14-quickgelu:g3.pth, tiny/qwen@aaaa" in said
    assert "PUBLISHED, IM2GPS3K" in said and said.count("✓") == 3
    row = space["row"]
    assert row.index.tolist() == ["here, 4 of im2gps3k", "PUBLISHED, G3"]
    assert row.iloc[1].str.split(" ").str[0].tolist() == PUBLISHED
    assert space["compared"].index.tolist() == ["seconds", "tokens sent", "tokens received", "cost"]
    assert (space["compared"].iloc[:3] > 0).all(axis=None)
    predictions = space["predictions"]
    assert predictions["error"].isna().all() and not predictions["out_of_domain"].any()
    assert predictions[["LAT_pred", "LON_pred"]].notna().all(axis=None)
    run = json.loads((tmp_path / "runs" / "im2gps3k-4" / "run.json").read_text())
    assert run["backbone"]["name"] == "ViT-L-14-quickgelu:g3.pth"
    assert run["report"]["wanted"] == 4 * 4 * 5 and run["report"]["failed"] == 0
