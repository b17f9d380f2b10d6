"""A tiny open_clip model with random weights, and photos of noise."""

import io

import numpy as np
import open_clip
import pandas as pd
import torch
from open_clip.push_to_hf_hub import save_for_hf
from open_clip.tokenizer import HFTokenizer
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from g3lite.backbone import Backbone
from g3lite.photos import PhotoSet

DIM, SIZE = 24, 32
TRANSFORMER = {"width": 32, "layers": 1}
WORDS = "a photo of red green blue road sky left right".split()


def save_model(folder, seed: int) -> None:
    """Write an open_clip model of random weights, with its tokenizer, into a folder."""
    folder.mkdir()
    vocabulary = {w: i for i, w in enumerate(["<pad>", "<unk>", "<start>", *WORDS, "<end>"])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>",
        special_tokens=[(token, vocabulary[token]) for token in ("<start>", "<end>")],
    )
    PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", unk_token="<unk>", eos_token="<end>"
    ).save_pretrained(folder)
    config = {
        "embed_dim": DIM,
        "vision_cfg": {**TRANSFORMER, "image_size": SIZE, "patch_size": 8, "head_width": 16},
        "text_cfg": {
            **TRANSFORMER,
            "context_length": 12,
            "vocab_size": len(vocabulary),
            "heads": 2,
            "hf_tokenizer_name": "words",
        },
    }
    torch.manual_seed(seed)
    model = open_clip.CLIP(**config)
    open_clip.set_model_preprocess_cfg(model, {"size": SIZE, "mean": (0.5,) * 3, "std": (0.3,) * 3})
    tokenizer = HFTokenizer(str(folder), context_length=12)
    save_for_hf(model, tokenizer, config, folder, safe_serialization=True)


class Source:
    """Pictures of noise, seeded by their ids; counts calls and fails where it is told to."""

    def __init__(self, salt: int = 0) -> None:
        self.salt = salt
        self.asked: list[str] = []
        self.damaged: set[str] = set()
        self.stop_at: str | None = None

    def __call__(self, img_id: str) -> bytes:
        if img_id == self.stop_at:
            raise KeyboardInterrupt
        self.asked.append(img_id)
        if img_id in self.damaged:
            return b"not a picture"
        seed = [self.salt, int(img_id.split("_")[1].removesuffix(".png"))]
        pixels = np.random.default_rng(seed).integers(0, 256, (40, 48, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        return buffer.getvalue()


def photo_set(n: int = 20, source: Source | None = None, version: str = "1") -> PhotoSet:
    table = pd.DataFrame(
        {"IMG_ID": [f"p/q_{i}.png" for i in range(n)], "AUTHOR": "a", "LAT": 0.0, "LON": 0.0}
    )
    return PhotoSet("noise", table, source or Source(), version)


def encode(model: Backbone, photos: PhotoSet, **options):
    return model.image_features(photos, progress=False, **options)
