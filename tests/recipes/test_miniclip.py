"""MiniCLIP: its training, what it was told, and what it can read."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from g3lite import miniearth
from g3lite.backbone import Backbone
from g3lite.miniearth import captions, splits
from g3lite.miniearth.scene import LOW_INFORMATION
from g3lite.paths import data_dir
from g3lite.places import WORDINGS, place_texts
from g3lite.recipes import miniclip

FOLDER = "miniclip"


@pytest.fixture(scope="module")
def shipped():
    return pd.read_csv(data_dir() / FOLDER / "zero_shot.csv", index_col="cue")


def test_it_loads_as_any_open_clip_model():
    backbone = Backbone.load(str(data_dir() / FOLDER), device="cpu")
    assert backbone.dim == miniclip.MODEL["embed_dim"]
    assert backbone.image_size == miniclip.MODEL["vision_cfg"]["image_size"]
    texts = backbone.text_features(["a city street", "the sea"])
    np.testing.assert_allclose(np.linalg.norm(texts, axis=1), 1, atol=1e-5)


def test_its_vocabulary_is_that_of_the_captions_and_of_place_texts():
    tokenizer = json.loads((data_dir() / FOLDER / "tokenizer.json").read_text())
    special = {"<pad>", "<unk>", "<start>", "<end>"}
    words = set(tokenizer["model"]["vocab"]) - special
    assert words == set(miniclip.vocabulary()) >= set(captions.vocabulary())
    names = miniearth.places()[["city", "state", "country"]].to_numpy(str).ravel()
    texts = " ".join([*names, *WORDINGS.values()])
    assert {w for w in words - set(captions.vocabulary()) if re.match(r"\w", w)} <= {
        word.lower() for word in re.findall(r"\w+", texts)
    }


def test_it_tells_place_texts_apart_and_knows_no_word_of_them_from_captions():
    texts = sorted(set(place_texts(miniearth.load("gallery", 2_000).table)))
    vectors = Backbone.load(str(data_dir() / FOLDER), device="cpu").text_features(texts)
    cosines = vectors @ vectors.T - 2 * np.eye(len(texts))
    assert cosines.max() < 0.999
    trained = {w for c in captions.PHRASES.values() for p in c.values() for w in p.split()}
    assert not trained & {n.lower() for n in miniearth.places().city}


def test_its_corpus_is_what_the_recipe_chooses(monkeypatch):
    few = {"name": "corpus-few", "photos": 100, "candidates": 400, "low_information": 20}
    monkeypatch.setattr(miniclip, "CORPUS", miniclip.CORPUS | few)
    chosen = miniclip.choose_corpus()
    rest = set(splits.sample("corpus-few", 400, miniclip.CORPUS["evenness"], seen_places()))
    assert len(chosen) == 100 and set(chosen) < rest
    shown = {i: len(miniearth.scene_of(i).visible) for i in rest}
    low = [i for i in chosen if miniearth.scene_of(i).view.kind in LOW_INFORMATION]
    assert len(low) >= 20
    rich = [shown[i] for i in chosen if i not in low]
    assert np.mean(rich) > np.mean([n for n in shown.values() if n]) + 1
    monkeypatch.undo()
    shipped_ids = miniclip.corpus_ids()
    assert len(set(shipped_ids)) == len(shipped_ids) == miniclip.CORPUS["photos"]


def seen_places():
    table = miniearth.places()
    return table.index[table.seen].to_numpy()


def test_zero_shot_reads_the_cues_that_matter_most(shipped):
    for cue, least in miniclip.LEAST.items():
        assert shipped.photos[cue] >= 200
        assert shipped["values"][cue] == len(captions.CUE_PHRASES[cue])
        assert shipped.accuracy[cue] >= least, cue


def test_the_shipped_table_is_what_the_shipped_weights_score(shipped):
    again = miniclip.zero_shot(data_dir() / FOLDER, miniearth.fresh("zero-shot again", 1_000, 0.5))
    again = again.set_index("cue")
    for cue in miniclip.LEAST:
        n = again.photos[cue]
        p = shipped.accuracy[cue]
        tolerance = 4 * np.sqrt(max(p * (1 - p), 0.01) / n)
        assert abs(again.accuracy[cue] - p) < tolerance, cue


def test_the_model_card_holds_the_shipped_table(shipped):
    card = (data_dir() / FOLDER / "README.md").read_text()
    for cue, row in shipped.iterrows():
        assert f"| {cue} | {row.chance:.2f} | {row.accuracy:.3f} | {row.balanced:.3f} |" in card, (
            cue
        )


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """A training run of seconds."""
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        miniclip,
        "TRAINING",
        miniclip.TRAINING | {"samples": 32 * 8, "batch": 32, "warmup": 2, "text_steps": 2},
    )
    vision = {"image_size": 128, "layers": [1, 1, 1, 1], "width": 4, "head_width": 16}
    text = miniclip.MODEL["text_cfg"] | {"layers": 1, "width": 16, "heads": 2}
    model = {"embed_dim": 16, "vision_cfg": vision, "text_cfg": text}
    monkeypatch.setattr(miniclip, "MODEL", model)
    monkeypatch.setattr(miniclip, "CHECKPOINT_STEPS", 3)
    return tmp_path, miniclip.corpus_ids()[:96]


@pytest.mark.slow
def test_a_stopped_training_goes_on_to_the_same_weights(tiny, monkeypatch):
    folder, ids = tiny
    torch.use_deterministic_algorithms(True)
    miniclip.train(folder / "straight", ids)

    class Stop(Exception):
        pass

    whole = miniclip.Batches.__call__

    def stopping(self, step):
        if step == 5:
            raise Stop
        return whole(self, step)

    monkeypatch.setattr(miniclip.Batches, "__call__", stopping)
    with pytest.raises(Stop):
        miniclip.train(folder / "resumed", ids)
    steps = []

    def counting(self, step):
        steps.append(step)
        return whole(self, step)

    monkeypatch.setattr(miniclip.Batches, "__call__", counting)
    miniclip.train(folder / "resumed", ids)
    torch.use_deterministic_algorithms(False)

    assert steps == [3, 4, 5, 6, 7]
    one = load_file(folder / "straight" / "open_clip_model.safetensors")
    two = load_file(folder / "resumed" / "open_clip_model.safetensors")
    assert one.keys() == two.keys()
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert (folder / "straight" / "log.csv").read_text() == (
        folder / "resumed" / "log.csv"
    ).read_text()
