"""What G3 takes of a GPU's memory, against sizes that are known."""

from dataclasses import replace
from types import SimpleNamespace

import open_clip
import pytest
import torch
from torch import nn
from transformers import (
    LlamaConfig,
    LlavaConfig,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
)

from g3lite import G3, official
from g3lite.alignment import GeoAlignment
from g3lite.lmm.load import load_lmm
from g3lite.scale import memory


@pytest.fixture(scope="module")
def shipped():
    return G3.from_pretrained("ci", gallery_size=50, progress=False)


def test_weights_are_counted_as_they_are_stored():
    model = nn.Sequential(nn.Linear(10, 3), nn.BatchNorm1d(3))
    numbers = 10 * 3 + 3 + 4 * 3  # and the counter of the normalisation, int64
    assert memory.weight_bytes(model) == 4 * numbers + 8
    assert memory.weight_bytes(model.half()) == 2 * numbers + 8


def test_the_cache_of_a_token_is_keys_and_values_of_every_layer():
    text = LlamaConfig(
        hidden_size=64, num_hidden_layers=3, num_attention_heads=8, num_key_value_heads=2
    )
    assert memory.cache_bytes(text) == 2 * 3 * 2 * 8 * 2
    assert memory.cache_bytes(LlavaConfig(text_config=text), 4) == 2 * 3 * 2 * 8 * 4
    wide = LlamaConfig(hidden_size=64, num_hidden_layers=3, num_attention_heads=8, head_dim=32)
    assert memory.cache_bytes(wide) == 2 * 3 * 8 * 32 * 2


def test_layers_without_attention_keep_no_keys():
    text = {"num_hidden_layers": 3, "num_attention_heads": 8, "hidden_size": 256}
    mixed = SimpleNamespace(**text, layer_types=["conv", "full_attention", "linear_attention"])
    mixed.get_text_config = lambda decoder: mixed
    assert memory.cache_bytes(mixed) == 2 * 1 * 8 * 32 * 2


def test_the_cache_is_as_large_as_the_one_that_is_made(shipped):
    model = shipped.lmm.model
    with torch.inference_mode():
        out = model(input_ids=torch.ones(2, 7, dtype=torch.long), use_cache=True)
    made = sum(
        t.numel() * t.element_size()
        for layer in out.past_key_values.layers
        for t in (getattr(layer, "keys", None), getattr(layer, "values", None))
        if t is not None
    )
    assert made > 0
    assert memory.cache_bytes(model.config, model.dtype.itemsize) * 2 * 7 == made


def test_a_picture_needs_what_the_widest_layer_reads_and_writes():
    tower = nn.Sequential(nn.Flatten(), nn.Linear(3 * 4 * 4, 100), nn.ReLU(), nn.Linear(100, 5))
    encode = SimpleNamespace(visual=tower, encode_image=lambda x, normalize: tower(x))
    backbone = SimpleNamespace(
        model=encode, image_size=4, encode=lambda run, x: run(x, normalize=False)
    )
    assert memory.image_bytes(backbone) == 4 * 200  # the ReLU's
    assert not tower[1]._forward_hooks


def test_the_budget_adds_up(shipped):
    table = memory.budget(shipped, batch_size=64, tokens=500)
    assert table["step"].tolist() == ["embed", "embed", "embed, verify", "ask", "ask", ""]
    weights = [shipped.backbone.model, shipped.heads, shipped.lmm.model]
    assert table["GB"].iloc[[0, 2, 3]].tolist() == [memory.weight_bytes(m) / 1e9 for m in weights]
    passing = table["GB"].iloc[[1, 4]]
    assert passing.tolist() == [
        64 * memory.image_bytes(shipped.backbone) / 1e9,
        64 * 500 * memory.cache_bytes(shipped.lmm.model.config, 4) / 1e9,
    ]
    assert table["GB"].iloc[-1] == pytest.approx(table["GB"].iloc[[0, 2, 3]].sum() + passing.max())


def test_a_model_behind_an_api_takes_nothing_here(shipped):
    far_away = load_lmm("api:some-model", base_url="http://127.0.0.1:1/v1")
    table = memory.budget(replace(shipped, lmm=far_away), 8)
    assert table["step"].tolist() == ["embed", "embed", "embed, verify", ""]


def test_what_the_readme_says_of_the_profile_gpu(root):
    """By the sizes of its models in float16; those of Qwen3-VL-2B are the published ones."""
    text = {
        "hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 28,
        "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128,
        "vocab_size": 151_936,
    }  # fmt: skip
    vision = {
        "depth": 24, "hidden_size": 1024, "intermediate_size": 4096, "num_heads": 16,
        "out_hidden_size": 2048, "deepstack_visual_indexes": [5, 11, 17],
    }  # fmt: skip
    config = Qwen3VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=True)
    with torch.device("meta"):
        language = Qwen3VLForConditionalGeneration(config).half()
        clip = open_clip.CLIP(**open_clip.get_model_config(official.CLIP)).half()
        heads = GeoAlignment()
    weights = sum(memory.weight_bytes(model) for model in (language, clip, heads))
    replies = 32 * 2_048 * memory.cache_bytes(config)
    pictures = 256 * 2 * 2 * 257 * 4_096  # GELU of 257 tokens reads and writes 4,096 numbers each
    needed = (weights + max(replies, pictures)) / memory.GB
    assert memory.weight_bytes(language) / memory.GB == pytest.approx(4.26, abs=0.01)
    assert memory.cache_bytes(config) == 114_688  # as notebook 07 says
    assert f"at least {needed:.0f} GB (computed)" in (root / "README.md").read_text("utf-8")
    assert needed < 15
