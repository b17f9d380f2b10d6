"""Does the profile gpu fit a T4? All of it on random weights of the true sizes: times and peaks.

    python benchmarks/gpu.py [PHOTOS]

No model is downloaded: CLIP ViT-L/14, the heads and a language model of the sizes of Qwen3-VL-2B
are drawn at random, in float16, and work on photos of MiniEarth: a pack of 2,000 (`g3lite pack`),
heads of the paper's size trained on it, and PHOTOS others (16 by default) asked about with the
paper's four prompts and verified. torch gets 15 GB of the GPU's memory. Prints what each step took
and its peak, and what `g3lite.scale.memory` had computed. A reply that overflows would count as
failed; none may. (The tokenizer is MiniLMM's, so prompts have not quite as many tokens as with
Qwen's; random weights close no brace, so every reply is as long as it may be, longer than a real
one.)
"""

import io
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import g3lite  # noqa: F401  before torch or faiss, see there

# isort: split
import open_clip
import pandas as pd
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from transformers import (
    AutoTokenizer,
    PreTrainedTokenizerBase,
    Qwen2VLImageProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
)

from g3lite import G3, miniearth, official, profiles
from g3lite.backbone import Backbone
from g3lite.index import Gallery
from g3lite.lmm.load import RECOMMENDED, load_lmm
from g3lite.paths import shipped
from g3lite.photos import PhotoSet
from g3lite.prompts import PromptPlan
from g3lite.recipes import pack
from g3lite.scale import memory
from g3lite.training import Schedule

CAP_GB = profiles.GPU_GB
SPECIAL = ("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")
CHAT = (
    "{% for message in messages %}{% for part in message.content %}{% if part.type == 'image' %}"
    "<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part.text }}{% endif %}{% endfor %}"
    "{% endfor %}"
)


@dataclass(frozen=True)
class Sizes:
    """Of all that is drawn at random; the defaults are the true ones."""

    gallery: int = 2_000
    clip: str = official.CLIP
    heads: str = "official"
    text: tuple[tuple[str, Any], ...] = (
        ("hidden_size", 2048), ("intermediate_size", 6144), ("num_hidden_layers", 28),
        ("num_attention_heads", 16), ("num_key_value_heads", 8), ("head_dim", 128),
        ("vocab_size", 151_936),
        ("rope_parameters", {
            "rope_type": "default", "mrope_section": [24, 20, 20], "mrope_interleaved": True,
            "rope_theta": 5_000_000.0,
        }),
    )  # fmt: skip
    vision: tuple[tuple[str, Any], ...] = (
        ("depth", 24), ("hidden_size", 1024), ("intermediate_size", 4096), ("num_heads", 16),
        ("out_hidden_size", 2048), ("deepstack_visual_indexes", [5, 11, 17]),
    )  # fmt: skip
    """Published sizes of Qwen3-VL-2B-Instruct: 2.13 billion weights."""
    tokens: int = 64
    """The most of a reply."""
    epochs: int = 2


def language_model(folder: Path, sizes: Sizes) -> None:
    """Save a random model of these sizes, in float16, with a processor."""
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(shipped("minilmm"))
    tokenizer.add_tokens(list(SPECIAL), special_tokens=True)
    ids = tokenizer.convert_tokens_to_ids(list(SPECIAL))
    names = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    config = Qwen3VLConfig(
        text_config=dict(sizes.text) | ends, vision_config=dict(sizes.vision),
        tie_word_embeddings=True, **dict(zip(names, ids, strict=True)),
    )  # fmt: skip
    torch.manual_seed(0)
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        model = Qwen3VLForConditionalGeneration._from_config(config, dtype=torch.float16)
    model.generation_config.update(**ends)
    model.save_pretrained(folder)
    processor = Qwen3VLProcessor(
        Qwen2VLImageProcessor(patch_size=16, min_pixels=65_536, max_pixels=16_777_216),
        tokenizer, Qwen3VLVideoProcessor(), chat_template=CHAT,
    )  # fmt: skip
    processor.save_pretrained(folder)


def clip(name: str, device: str) -> Backbone:
    """A CLIP of open_clip's list with random weights; in float16 on a GPU."""
    torch.manual_seed(0)
    model = open_clip.create_model(name)
    preprocessing = PreprocessCfg(size=model.visual.image_size)
    open_clip.set_model_preprocess_cfg(model, asdict(preprocessing))
    return Backbone.from_model(
        model, image_transform_v2(preprocessing, is_train=False), name=f"random {name}",
        source=name, device=device, precision="auto",
    )  # fmt: skip


def large(photos: PhotoSet) -> PhotoSet:
    """The same photos with sides as long as a language model is shown: 768 pixels, 432 tokens."""

    def read(img_id: str) -> bytes:
        data = io.BytesIO()
        photos.image(img_id).resize((768, 576)).save(data, "JPEG")
        return data.getvalue()

    return PhotoSet("large", photos.table, read)


class Table:
    """What each step took: seconds for one of its things, and the peak of the GPU's memory."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, int, float, float | None]] = []

    def step(self, name: str, n: int, do: Callable[[], Any]) -> Any:
        """Do a step, for n things, and write it down."""
        self._peak()
        began = time.perf_counter()
        result = do()
        self.rows.append((name, n, (time.perf_counter() - began) / n, self._peak()))
        return result

    @staticmethod
    def _peak() -> float | None:
        if not torch.cuda.is_available():
            return None
        most = torch.cuda.max_memory_allocated() / memory.GB
        torch.cuda.reset_peak_memory_stats()
        return most

    def __str__(self) -> str:
        table = pd.DataFrame(self.rows, columns=["step", "n", "s each", "GB at most"])
        return table.to_string(index=False, float_format="{:.4f}".format, na_rep="")


def main(photos: int, sizes: Sizes = Sizes()) -> Table:
    """Print times and peaks of all steps, and return them."""
    profile, device, table = profiles.PROFILES["gpu"], "cpu", Table()
    if torch.cuda.is_available():
        device = "cuda"
        total = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, CAP_GB * memory.GB / total))
        print(f"{torch.cuda.get_device_name(0)}, capped at {CAP_GB} GB")
    backbone = clip(sizes.clip, device)
    queries = large(miniearth.load("validation", photos))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        made = table.step(
            "making a pack: a photo", sizes.gallery,
            lambda: pack.make(
                "miniearth", folder / "pack", sizes.gallery, backbone,
                batch_size=profile.batch_size, progress=False, say=lambda line: None,
            ),
        )  # fmt: skip
        plan = Schedule(epochs=sizes.epochs, batch_size=min(256, made.parts["train"]))
        steps = sizes.epochs * (made.parts["train"] // plan.batch_size)
        heads, _ = table.step(
            "training the heads: a step", steps,
            lambda: pack.train(made, sizes.heads, schedule=plan, progress=False),
        )  # fmt: skip
        heads = heads.to(device)
        known = made.part("train", "gallery")
        gallery = Gallery.build(
            known.table, heads.database_vectors(known.features), f"{backbone.name}, aligned"
        )
        language_model(folder / "lmm", sizes)
        lmm = load_lmm(
            folder / "lmm", dtype="float16", device=device, top_p=RECOMMENDED[profile.lmm]["top_p"],
            max_new_tokens=sizes.tokens,
        )  # fmt: skip
        asked = PromptPlan(replies=5, temperature=profile.temperature)
        g3 = G3(backbone, heads, gallery, lmm, asked)
        print(memory.budget(g3, profile.batch_size).round(2).to_string(index=False))
        found = table.step(
            "locating a photo", photos,
            lambda: g3.steps(queries, store=folder / "replies.sqlite", progress=False),
        )  # fmt: skip
        for step, seconds in found.seconds.items():
            table.rows.append((f"of that: {step}", photos, seconds / photos, None))
    print(table)
    print(f"batches of {lmm.batch_size} replies\n{found.report}")
    assert found.report.failed == 0, "replies overflowed"
    return table


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 16)
