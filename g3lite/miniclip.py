"""MiniCLIP: a small CLIP of our own, trained on renders and captions, then frozen.

An open_clip model from a local folder (`data/miniclip`). It learns from MiniEarth photos of the
*seen* places only and from captions that say what is visible, never where: what CLIP is to G3, at
a thousandth of the size. Train it with ``python -m g3lite.miniclip`` (at most 30 CPU minutes; a
GPU is used where there is one); the run can be stopped and started again.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import time
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from tqdm.auto import tqdm

from g3lite import miniearth
from g3lite.artefacts import cache_dir, data_dir
from g3lite.miniearth import captions, cues
from g3lite.miniearth.splits import photo_set, sample, tabulate
from g3lite.photos import PhotoSet, conform

CORPUS = {"name": "corpus-miniclip", "photos": 40_000, "evenness": 0.5}
TRAINING = {
    "seed": 0,
    "samples": 200_000,
    "batch": 256,
    "lr": 1.5e-3,
    "weight_decay": 0.1,
    "warmup": 60,
}
MODEL = {
    "embed_dim": 256,
    "vision_cfg": {
        "image_size": 128, "layers": 6, "width": 192, "head_width": 48, "patch_size": 16,
    },
    "text_cfg": {
        "context_length": 40, "vocab_size": 0, "width": 128, "heads": 4, "layers": 3,
        "hf_tokenizer_name": "miniclip",
    },
}  # fmt: skip
"""open_clip's model configuration; the vocabulary is that of the captions."""
LOG_STEPS = 20
CHECKPOINT_STEPS = 100

PREPROCESS = {"mean": (0.45, 0.46, 0.44), "std": (0.25, 0.24, 0.25)}


def corpus_ids() -> list[str]:
    """IMG_IDs of the training photos: seen places only, flatter over the places than the gallery."""
    table = miniearth.places()
    seen = table.index[table.seen].to_numpy()
    return list(sample(CORPUS["name"], CORPUS["photos"], CORPUS["evenness"], seen))


def corpus() -> PhotoSet:
    """The training photos."""
    return photo_set(f"miniearth/{CORPUS['name']}", conform(tabulate(corpus_ids())))


def save_tokenizer(folder: Path) -> None:
    """Write a word-level tokenizer of the captions' vocabulary into `folder`.

    open_clip pools the text where the id is highest, so the end token comes last.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = captions.vocabulary()
    vocabulary = {word: i for i, word in enumerate(["<pad>", "<unk>", "<start>", *words, "<end>"])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    start, end = vocabulary["<start>"], vocabulary["<end>"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", start), ("<end>", end)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<start>", eos_token="<end>", pad_token="<pad>", unk_token="<unk>",
    ).save_pretrained(folder)  # fmt: skip


def create(folder: Path):
    """An untrained MiniCLIP and its tokenizer (written to `folder`)."""
    from open_clip.model import CLIP
    from open_clip.tokenizer import HFTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    save_tokenizer(folder)
    config = json.loads(json.dumps(MODEL))
    tokenizer = HFTokenizer(str(folder), context_length=config["text_cfg"]["context_length"])
    config["text_cfg"]["vocab_size"] = len(tokenizer.tokenizer)
    torch.manual_seed(TRAINING["seed"])
    text_cfg = {k: v for k, v in config["text_cfg"].items()}
    model = CLIP(config["embed_dim"], config["vision_cfg"], text_cfg)
    return model, tokenizer, config


class Batches:
    """Shuffled batches of the corpus, step by step: a new order and new captions every epoch."""

    def __init__(self, photos: PhotoSet, tokenizer) -> None:
        self.ids, self.tokenizer = photos.ids, tokenizer
        size = MODEL["vision_cfg"]["image_size"]
        self.pixels = np.empty((len(photos), size, size, 3), dtype=np.uint8)
        for i, name in enumerate(tqdm(photos.ids, desc="decode")):
            self.pixels[i] = photos.image(name)
        self.scenes = [miniearth.scene_of(name) for name in tqdm(photos.ids, desc="scenes")]

    def __call__(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """uint8 pixels (batch, size, size, 3) and tokens (batch, context) of one step."""
        batch = TRAINING["batch"]
        epoch, k = divmod(step, len(self.ids) // batch)
        order = np.random.RandomState(TRAINING["seed"] + epoch).permutation(len(self.ids))
        rows = order[k * batch : (k + 1) * batch]
        texts = [
            captions.caption(self.scenes[i], Random(f"{self.ids[i]} {epoch}")) for i in rows
        ]
        return torch.from_numpy(self.pixels[rows]), self.tokenizer(texts)


def train(folder: Path) -> None:
    """Train MiniCLIP and write it to `folder` in open_clip's local form, with its log.

    Every `CHECKPOINT_STEPS` the state goes to the cache folder; a run that was stopped goes on
    from there to the same weights.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model, tokenizer, config = create(folder)
    model.to(device).train()
    batches = Batches(corpus(), tokenizer)
    steps = TRAINING["samples"] // TRAINING["batch"]
    decay = [p for p in model.parameters() if p.ndim >= 2]
    plain = [p for p in model.parameters() if p.ndim < 2]
    optimizer = torch.optim.AdamW(
        [{"params": decay, "weight_decay": TRAINING["weight_decay"]},
         {"params": plain, "weight_decay": 0.0}],
        lr=TRAINING["lr"], betas=(0.9, 0.98),
    )  # fmt: skip
    checkpoint = cache_dir() / "miniclip" / f"{_run_key()}.pt"
    start, seconds, log = 0, 0.0, []
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        start, seconds, log = state["step"], state["seconds"], state["log"]
    mean = torch.tensor(PREPROCESS["mean"], device=device).view(1, 3, 1, 1) * 255
    std = torch.tensor(PREPROCESS["std"], device=device).view(1, 3, 1, 1) * 255
    began = time.perf_counter() - seconds
    recent = []
    with tqdm(total=steps, initial=start, desc="train MiniCLIP") as bar:
        for step in range(start, steps):
            for group in optimizer.param_groups:
                group["lr"] = TRAINING["lr"] * _schedule(step, steps)
            pixels, tokens = batches(step)
            images = (pixels.to(device).permute(0, 3, 1, 2).float() - mean) / std
            with torch.autocast("cuda", dtype=torch.float16, enabled=False):
                image, text, scale = model(images, tokens.to(device))
                logits = scale * image @ text.T
                target = torch.arange(len(logits), device=device)
                loss = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            with torch.no_grad():  # CLIP's bound: a scale of at most 100
                model.logit_scale.clamp_(0, math.log(100))
            recent.append(float(loss.detach()))
            bar.update()
            if (step + 1) % LOG_STEPS == 0 or step + 1 == steps:
                log.append([step + 1, float(np.mean(recent)), float(model.logit_scale.exp())])
                bar.set_postfix(loss=f"{log[-1][1]:.3f}")
                recent = []
            if (step + 1) % CHECKPOINT_STEPS == 0 and step + 1 < steps:
                checkpoint.parent.mkdir(parents=True, exist_ok=True)
                state = {
                    "model": model.state_dict(), "optimizer": optimizer.state_dict(),
                    "step": step + 1, "seconds": time.perf_counter() - began, "log": log,
                }  # fmt: skip
                torch.save(state, checkpoint.with_suffix(".part"))
                checkpoint.with_suffix(".part").replace(checkpoint)
    _save(model.cpu().eval(), tokenizer, config, folder)
    with open(folder / "log.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["step", "loss", "logit_scale"])
        writer.writerows([[n, f"{loss:.4f}", f"{scale:.2f}"] for n, loss, scale in log])
    checkpoint.unlink(missing_ok=True)
    print(f"trained on {device} in {(time.perf_counter() - began) / 60:.1f} minutes")


def _schedule(step: int, steps: int) -> float:
    """Linear warm-up, then half a cosine down to 2 %."""
    if step < TRAINING["warmup"]:
        return (step + 1) / TRAINING["warmup"]
    done = (step - TRAINING["warmup"]) / max(1, steps - TRAINING["warmup"])
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done))


def _run_key() -> str:
    text = json.dumps([CORPUS, TRAINING, MODEL, PREPROCESS, miniearth.RENDERER_VERSION])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _save(model, tokenizer, config: dict, folder: Path) -> None:
    """Write open_clip's local form, with the weights in float16: half the size, same answers."""
    from open_clip.push_to_hf_hub import save_for_hf

    preprocess = {"mean": PREPROCESS["mean"], "std": PREPROCESS["std"], "resize_mode": "squash"}
    model.visual.preprocess_cfg = {**model.visual.preprocess_cfg, **preprocess}
    save_for_hf(model.half(), tokenizer, config, folder, safe_serialization=True)


ZERO_SHOT = {
    "driving_side": (cues.DRIVING_SIDES, 0.90),
    "script": (captions.CAPTIONED_SCRIPTS, 0.80),
    "zone": (cues.ZONES, 0.90),
    "line_colour": (cues.LINE_COLOURS, 0.95),
}
"""Cues whose zero-shot accuracy is promised: their values, and the least accuracy."""


def zero_shot(folder: Path, photos: PhotoSet) -> pd.DataFrame:
    """Zero-shot accuracy of each cue by its captions, on the photos that show it.

    Every value is said in each of the captions' openings, their embeddings averaged (as CLIP's
    prompt ensembles are). `accuracy` is over photos; `balanced` is the mean over the values, with
    `chance` = 1 / number of values.

    Returns:
        One row per cue: photos, values, chance, accuracy, balanced.
    """
    from g3lite.backbone import Backbone

    backbone = Backbone.load(str(folder))
    features = backbone.image_features(photos)
    scenes = [miniearth.scene_of(name) for name in features.ids]
    rows = []
    for cue, values in captions.VALUES.items():
        if len(values) < 2:
            continue
        phrases = [o + captions.CUE_PHRASES[cue](v) for v in values for o in captions.OPENINGS]
        texts = backbone.text_features(phrases).reshape(len(values), len(captions.OPENINGS), -1)
        texts = texts.mean(axis=1)
        texts /= np.linalg.norm(texts, axis=1, keepdims=True)
        shown = [i for i, s in enumerate(scenes) if s.visible.get(cue) in values]
        truth = np.array([values.index(scenes[i].visible[cue]) for i in shown])
        right = (features.vectors[shown] @ texts.T).argmax(axis=1) == truth
        balanced = np.mean([right[truth == k].mean() for k in np.unique(truth)])
        rows.append((cue, len(shown), len(values), 1 / len(values), right.mean(), balanced))
    return pd.DataFrame(
        rows, columns=["cue", "photos", "values", "chance", "accuracy", "balanced"]
    )


def build(folder: Path) -> None:
    """Train MiniCLIP into the data folder `folder` and measure it on scenes it has not seen."""
    train(folder / "miniclip")
    table = zero_shot(folder / "miniclip", miniearth.fresh("zero-shot", 5_000, 0.5))
    table.to_csv(folder / "miniclip" / "zero_shot.csv", index=False, float_format="%.4f")
    print(table.to_string(index=False))


if __name__ == "__main__":
    build(data_dir())
