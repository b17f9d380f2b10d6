"""The benchmark of the profile gpu on tiny models and a CPU: it runs, its times mean nothing."""

import json
import runpy

import open_clip
import pytest
import torch

TINY = {"width": 32, "layers": 1}
ROPE = {"rope_type": "default", "mrope_section": [1, 1, 2], "mrope_interleaved": True,
        "rope_theta": 10_000.0}  # fmt: skip


def test_the_benchmark_of_the_gpu_goes_all_the_way(root, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "cache"))
    config = {
        "embed_dim": 24,
        "vision_cfg": {**TINY, "image_size": 32, "patch_size": 8, "head_width": 16},
        "text_cfg": {**TINY, "context_length": 77, "vocab_size": 49_408, "heads": 2},
    }
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "tiny-gpu-test.json").write_text(json.dumps(config))
    open_clip.add_model_config(tmp_path / "clips")
    gpu = runpy.run_path(str(root / "benchmarks" / "gpu.py"), run_name="benchmark")
    text = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "head_dim": 8,
        "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 2_000,
        "rope_parameters": ROPE,
    }  # fmt: skip
    vision = {
        "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2,
        "out_hidden_size": 32, "deepstack_visual_indexes": [0],
    }  # fmt: skip
    sizes = gpu["Sizes"](
        60, "tiny-gpu-test", "mini", tuple(text.items()), tuple(vision.items()), 4, 1
    )
    table = gpu["main"](2, sizes)
    steps = [row[0] for row in table.rows]
    assert steps == [
        "making a pack: a photo", "training the heads: a step", "locating a photo",
        "of that: embed", "of that: search", "of that: ask", "of that: verify",
    ]  # fmt: skip
    assert all(seconds > 0 for _, _, seconds, _ in table.rows)
    assert {peak for *_, peak in table.rows} == {None}
    said = capsys.readouterr().out
    assert "40 asked for now, 0 failed" in said and "needed at once, at least" in said


def test_the_benchmark_has_the_sizes_that_were_published(root):
    transformers = pytest.importorskip("transformers")
    sizes = runpy.run_path(str(root / "benchmarks" / "gpu.py"), run_name="benchmark")["Sizes"]()
    with torch.device("meta"):
        model = transformers.Qwen3VLForConditionalGeneration(
            transformers.Qwen3VLConfig(
                text_config=dict(sizes.text), vision_config=dict(sizes.vision),
                tie_word_embeddings=True,
            )
        )  # fmt: skip
    weights = sum(one.numel() for one in model.parameters())
    assert weights == 2_127_532_032  # in two bytes each 4.26 GB, the size of its file


def test_the_benchmark_of_the_judge_measures_each_step_of_each_photo(root):
    costs = runpy.run_path(str(root / "benchmarks" / "judge.py"), run_name="benchmark")["costs"]
    took = costs(3)
    assert list(took) == ["cosine", "judge", "how sure"]
    assert all(len(ms) == 3 and min(ms) > 0 for ms in took.values())
