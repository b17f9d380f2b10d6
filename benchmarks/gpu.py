"""Does the profile gpu fit a T4? All of it on random weights of the true sizes: times and peaks.

    python benchmarks/gpu.py [PHOTOS]

No model is downloaded: CLIP ViT-L/14, the heads and a language model of the sizes of Qwen2.5-VL-3B
are drawn at random, in float16, and work on PHOTOS photos of MiniEarth (16 by default), with 2,000
others for a gallery. torch gets 15 GB of the GPU's memory. Prints what each step took and its peak,
and what `g3lite.scale.memory` had computed. A reply that overflows would count as failed; none may.
(The tokenizer is MiniLMM's, so prompts have not quite as many tokens as with Qwen's.)
"""

import io
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import g3lite  # noqa: F401  before torch or faiss, see there

# isort: split
import open_clip
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from transformers import (
    AutoTokenizer,
    PreTrainedTokenizerBase,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
)

from g3lite import G3, miniearth, official, profiles
from g3lite.alignment import GeoAlignment
from g3lite.backbone import Backbone
from g3lite.index import Gallery
from g3lite.lmm.load import load_lmm
from g3lite.paths import shipped
from g3lite.photos import PhotoSet
from g3lite.prompts import PromptPlan
from g3lite.scale import memory

CAP_GB = profiles.GPU_GB
SPECIAL = ("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")
CHAT = (
    "{% for message in messages %}{% for part in message.content %}{% if part.type == 'image' %}"
    "<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part.text }}{% endif %}{% endfor %}"
    "{% endfor %}"
)
TEXT = {
    "hidden_size": 2048, "intermediate_size": 11008, "num_hidden_layers": 36,
    "num_attention_heads": 16, "num_key_value_heads": 2, "vocab_size": 151_936,
    "rope_parameters": {
        "rope_type": "default", "mrope_section": [16, 24, 24], "rope_theta": 1_000_000.0,
    },
}  # fmt: skip
VISION = {
    "depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16,
    "out_hidden_size": 2048, "fullatt_block_indexes": [7, 15, 23, 31],
}  # fmt: skip
"""Published sizes of Qwen2.5-VL-3B-Instruct."""


def language_model(folder: Path, text: dict[str, Any], vision: dict[str, Any]) -> None:
    """Save a random model of these sizes, in float16, with a processor."""
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(shipped("minilmm"))
    tokenizer.add_tokens(list(SPECIAL), special_tokens=True)
    ids = tokenizer.convert_tokens_to_ids(list(SPECIAL))
    names = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    config = Qwen2_5_VLConfig(
        text_config=text | ends, vision_config=vision, tie_word_embeddings=True,
        **dict(zip(names, ids, strict=True)),
    )  # fmt: skip
    torch.manual_seed(0)
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        model = Qwen2_5_VLForConditionalGeneration._from_config(config, dtype=torch.float16)
    model.save_pretrained(folder)
    processor = Qwen2_5_VLProcessor(
        Qwen2VLImageProcessor(), tokenizer, Qwen2VLVideoProcessor(), chat_template=CHAT
    )
    processor.save_pretrained(folder)


def clip(device: str) -> Backbone:
    """CLIP ViT-L/14 with random weights; in float16 on a GPU."""
    torch.manual_seed(0)
    model = open_clip.create_model(official.CLIP)
    preprocessing = PreprocessCfg(size=model.visual.image_size)
    open_clip.set_model_preprocess_cfg(model, asdict(preprocessing))
    return Backbone.from_model(
        model, image_transform_v2(preprocessing, is_train=False), name="random ViT-L/14",
        source=official.CLIP, device=device, precision="auto",
    )  # fmt: skip


def large(photos: PhotoSet) -> PhotoSet:
    """The same photos with sides as long as a language model is shown: 768 pixels, 540 tokens."""

    def read(img_id: str) -> bytes:
        data = io.BytesIO()
        photos.image(img_id).resize((768, 576)).save(data, "JPEG")
        return data.getvalue()

    return PhotoSet("large", photos.table, read)


def peak() -> str:
    """The peak of memory since the last call, in GB."""
    if not torch.cuda.is_available():
        return "no GPU"
    most = torch.cuda.max_memory_allocated() / memory.GB
    torch.cuda.reset_peak_memory_stats()
    return f"{most:.1f} GB at most"


def main(
    photos: int, size: int = 2_000, text: dict[str, Any] = TEXT, vision: dict[str, Any] = VISION
) -> None:
    """Print times and peaks of all steps."""
    profile, device = profiles.PROFILES["gpu"], "cpu"
    if torch.cuda.is_available():
        device = "cuda"
        total = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, CAP_GB * memory.GB / total))
        print(f"{torch.cuda.get_device_name(0)}, capped at {CAP_GB} GB")
    backbone, heads = clip(device), GeoAlignment().to(device).eval()
    known, queries = miniearth.load("gallery", size), large(miniearth.load("validation", photos))
    features = backbone.image_features(known, profile.batch_size, normalize=False, cache=False)
    gallery = Gallery.build(known.table, heads.database_vectors(features.vectors), backbone.name)
    print(f"gallery of {len(known):,}: {peak()}")
    with tempfile.TemporaryDirectory() as folder:
        language_model(Path(folder), text, vision)
        lmm = load_lmm(folder, dtype="float16", device=device)
        plan = PromptPlan(replies=5, temperature=profile.temperature)
        g3 = G3(backbone, heads, gallery, lmm, plan)
        print(memory.budget(g3, profile.batch_size).round(2).to_string(index=False))
        peak()
        found = g3.steps(queries, store=Path(folder) / "replies.sqlite")
    for step, seconds in found.seconds.items():
        print(f"{step}: {seconds / photos:.3f} s a photo")
    print(f"all steps together: {peak()}; batches of {lmm.batch_size} replies")
    print(found.report)
    assert found.report.failed == 0, "replies overflowed"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 16)
