"""MiniCLIP: a small CLIP of our own, trained on renders and captions, then frozen.

An open_clip model from a local folder (`data/miniclip`). It learns from MiniEarth photos of the
*seen* places only and from captions that say what is visible, never where: what CLIP is to G3, at
a thousandth of the size. Train it with ``python -m g3lite.recipes.miniclip`` (at most 30 CPU
minutes; a GPU is used where there is one); the run can be stopped and started again.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import time
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from PIL import Image
from tqdm.auto import tqdm

from g3lite import miniearth
from g3lite.alignment import info_nce
from g3lite.miniearth import captions
from g3lite.miniearth.captions import CAPTIONS_VERSION
from g3lite.miniearth.cues import digest
from g3lite.miniearth.scene import LOW_INFORMATION
from g3lite.miniearth.splits import photo_set, sample, tabulate
from g3lite.paths import data_dir, shipped
from g3lite.photos import PhotoSet, conform
from g3lite.places import WORDINGS
from g3lite.recipes.optim import Run, autocast

CORPUS = {
    "name": "corpus-miniclip", "photos": 48_000, "candidates": 130_000, "evenness": 0.4,
    "low_information": 4_000,
}  # fmt: skip
TRAINING = {
    "seed": 0,
    "samples": 345_600,
    "batch": 64,
    "contrast": 0.3,  # weight of the contrast among photos, beside that among values
    "weights": {"zone": 2.0, "script": 2.0, "line_colour": 1.5, "nuisance": 0.8},  # others: 1
    "scale": 50.0,  # the first logit scale: so many attributes share a vector of length 1
    "lr": 5e-3,
    "adam_lr": 1.2e-3,  # of what Muon does not train: norms and biases
    "weight_decay": 0.02,
    "warmup": 100,
    "text_steps": 300,
}
MODEL = {
    "embed_dim": 256,
    "vision_cfg": {
        "image_size": 96, "layers": [1, 1, 1, 1], "width": 24, "head_width": 48,
    },
    "text_cfg": {
        "context_length": 28, "vocab_size": 0, "width": 64, "heads": 2, "layers": 2,
        "hf_tokenizer_name": "miniclip",
    },
}  # fmt: skip
"""open_clip's model configuration; the vocabulary is that of the captions."""
CLIP_SCALE = 1 / 0.07
"""CLIP's first logit scale."""
LOG_STEPS = 50
CHECKPOINT_STEPS = 250

PREPROCESS = {"mean": (0.45, 0.46, 0.44), "std": (0.25, 0.24, 0.25)}


def corpus_ids() -> list[str]:
    """IMG_IDs of the training photos, as they are shipped."""
    return shipped("miniclip/corpus.txt").read_text().split()


def choose_corpus() -> list[str]:
    """Choose the training photos: of seen places only, rich in cues, rare values more often.

    A weighted draw without replacement (Efraimidis and Spirakis, 2006) from `CORPUS["candidates"]`
    photos. The weight of a photo is the square of the sum over its visible cues of how much rarer
    their values are than if all values of the cue were seen alike. To these come photos of low
    information, drawn evenly: such a photo would hardly ever be chosen by its cues.
    """
    table = miniearth.places()
    seen = table.index[table.seen].to_numpy()
    ids = list(sample(CORPUS["name"], CORPUS["candidates"], CORPUS["evenness"], seen))
    shown = [captions.attributes(miniearth.scene_of(img_id)) for img_id in tqdm(ids, "corpus")]
    counts = Counter(item for of in shown for item in of.items() if item[0] in captions.CUE_PHRASES)
    totals = Counter()
    for (name, _), n in counts.items():
        totals[name] += n / len(captions.CUE_PHRASES[name])
    weights = [
        0.25
        + sum(totals[name] / counts[name, value] for name, value in of.items() if name in totals)
        ** 2
        for of in shown
    ]
    low = [i for i, of in enumerate(shown) if of["kind"] in LOW_INFORMATION]
    low = set(sorted(low, key=lambda i: digest(ids[i]))[: CORPUS["low_information"]])
    keys = [(digest(img) / 2**64) ** (1 / w) for img, w in zip(ids, weights, strict=True)]
    order = sorted(set(range(len(ids))) - low, key=lambda i: -keys[i])
    return [ids[i] for i in sorted([*low, *order[: CORPUS["photos"] - len(low)]])]


def corpus(ids: list[str]) -> PhotoSet:
    """The training photos."""
    return photo_set(f"miniearth/{CORPUS['name']}", conform(tabulate(ids)))


def vocabulary() -> list[str]:
    """Every word of captions and of place texts, sorted."""
    names = miniearth.places()[["city", "state", "country"]].to_numpy(str).ravel()
    texts = " ".join(wording.format(", ".join(names)) for wording in WORDINGS.values())
    words = {word.lower() for word in re.findall(r"\w+|[^\w\s]+", texts)}
    return sorted(words | set(captions.vocabulary()))


def save_tokenizer(folder: Path) -> None:
    """Write a word-level tokenizer into `folder`: the words of captions and of place texts.

    Place names are words that MiniCLIP never hears in training: it can tell them apart, no more.
    open_clip pools the text where the id is highest, so the end token comes last.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = ["<pad>", "<unk>", "<start>", *vocabulary(), "<end>"]
    numbers = {word: i for i, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(numbers, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    start, end = numbers["<start>"], numbers["<end>"]
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
    model = CLIP(config["embed_dim"], config["vision_cfg"], config["text_cfg"])
    return model, tokenizer, config


class Batches:
    """Shuffled batches of the corpus, step by step: a new order and new captions every epoch."""

    def __init__(self, photos: PhotoSet) -> None:
        self.ids = photos.ids
        size = MODEL["vision_cfg"]["image_size"]
        self.pixels = np.empty((len(photos), size, size, 3), dtype=np.uint8)
        for i, name in enumerate(tqdm(photos.ids, desc="decode")):
            self.pixels[i] = photos.image(name).resize((size, size), Image.Resampling.BICUBIC)
        self.scenes = [miniearth.scene_of(name) for name in tqdm(photos.ids, desc="scenes")]
        self.values = Values([captions.attributes(scene) for scene in self.scenes])

    def __call__(self, step: int) -> tuple[torch.Tensor, list[str], torch.Tensor]:
        """uint8 pixels (batch, size, size, 3), a caption of each photo, and its values' numbers."""
        batch = TRAINING["batch"]
        epoch, k = divmod(step, len(self.ids) // batch)
        order = np.random.RandomState(TRAINING["seed"] + epoch).permutation(len(self.ids))
        rows = order[k * batch : (k + 1) * batch]
        texts = [captions.caption(self.scenes[i], Random(f"{self.ids[i]} {epoch}")) for i in rows]
        return torch.from_numpy(self.pixels[rows]), texts, self.values.of[rows]


CHOICES = {name: by_value for name, by_value in captions.PHRASES.items() if len(by_value) > 1}
"""The attributes that have other values to be contrasted with."""


def train(folder: Path, ids: list[str]) -> tuple[float, str]:
    """Train MiniCLIP on these photos and write it to `folder` in open_clip's form, with its log.

    Every `CHECKPOINT_STEPS` the state goes to the cache folder; a run that was stopped goes on
    from there to the same weights. Returns the minutes that training took, and on what.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    began = time.perf_counter()
    model, tokenizer, config = create(folder)
    model.to(device, memory_format=torch.channels_last).train()
    batches = Batches(corpus(ids))
    run = Run(
        "MiniCLIP", _run_key(ids), model, TRAINING, began=began,
        named=[*model.visual.named_parameters(), ("logit_scale", model.logit_scale)],
        log_steps=LOG_STEPS, checkpoint_steps=CHECKPOINT_STEPS,
    )  # fmt: skip
    if run.start == 0:
        learn_to_read(model, tokenizer, device)
        torch.nn.init.constant_(model.logit_scale, math.log(TRAINING["scale"]))
    mean = torch.tensor(PREPROCESS["mean"], device=device).view(1, 3, 1, 1) * 255
    std = torch.tensor(PREPROCESS["std"], device=device).view(1, 3, 1, 1) * 255
    phrases = phrase_embeddings(model, tokenizer, device)
    for step in run:
        pixels, texts, shown = batches(step)
        images = (pixels.to(device).permute(0, 3, 1, 2).float() - mean) / std
        with autocast(device):
            image = model.encode_image(images, normalize=True).float()
        with torch.no_grad():
            text = model.encode_text(tokenizer(texts).to(device), normalize=True)
        logits = model.logit_scale.exp() * image @ torch.cat([text, phrases]).T
        n = len(image)
        loss = TRAINING["contrast"] * info_nce(logits[:, :n])
        loss = loss + against_other_values(logits[:, n:], shown.to(device), batches.values)
        run.descend(loss, logit_scale=model.logit_scale.exp().item())
        with torch.no_grad():  # CLIP's bound: a scale of at most 100
            model.logit_scale.clamp_(0, math.log(100))
    model.to("cpu", memory_format=torch.contiguous_format).eval()
    _save(model, tokenizer, config, folder)
    return run.finish(folder / "log.csv")


def learn_to_read(model, tokenizer, device: torch.device) -> None:
    """Train the text tower alone: two wordings of the same attributes are alike, all else is not.

    (As SimCSE does: Gao et al., EMNLP 2021.) Then it is locked. Trained together from scratch, the
    two towers wait for each other: captions that the image tower cannot yet tell apart collapse,
    and what has collapsed it never learns to tell apart.
    """
    rng = Random(TRAINING["seed"])
    single = [[phrase] for of in captions.PHRASES.values() for phrase in of.values()]
    optimizer = torch.optim.AdamW(
        [p for name, p in model.named_parameters() if not name.startswith("visual.")], lr=1e-3
    )
    for _ in tqdm(range(TRAINING["text_steps"]), desc="learn to read"):
        mixed = []
        for _ in range(64):
            names = rng.sample(list(captions.PHRASES), rng.randint(2, captions.MOST_ATTRIBUTES))
            mixed.append([rng.choice(list(captions.PHRASES[name].values())) for name in names])
        texts = [captions.wording(said, rng) for said in single + mixed]
        again = [captions.wording(said, rng) for said in single + mixed]
        text = model.encode_text(tokenizer(texts + again).to(device), normalize=True)
        one, two = text.chunk(2)
        loss = info_nce(CLIP_SCALE * one @ two.T)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()


@torch.no_grad()
def phrase_embeddings(model, tokenizer, device: torch.device) -> torch.Tensor:
    """The phrases of `CHOICES`, in order, each the mean of its wordings: (phrases, d) unit rows."""
    phrases = [phrase for of in CHOICES.values() for phrase in of.values()]
    texts = [opening + phrase for phrase in phrases for opening in captions.OPENINGS]
    text = model.encode_text(tokenizer(texts).to(device), normalize=True)
    return F.normalize(text.unflatten(0, (len(phrases), -1)).mean(dim=1), dim=-1)


class Values:
    """The attributes of all photos as numbers, for `against_other_values`.

    Attributes:
        columns: int64 (attributes, most values): where each value's phrase stands in `CHOICES`,
            and one past the last phrase where an attribute has fewer values.
        of: int64 (photos, attributes): which value a photo shows, -1 for none.
        weights: float32 (attributes, most values): what a value counts: the fourth root of 1 / its
            frequency, relative to all values alike, times the weight of its attribute.
    """

    def __init__(self, attributes: list[dict]) -> None:
        most = max(len(by_value) for by_value in CHOICES.values())
        past = sum(len(by_value) for by_value in CHOICES.values())
        self.columns = torch.full((len(CHOICES), most), past)
        self.of = torch.full((len(attributes), len(CHOICES)), -1)
        self.weights = torch.zeros(len(CHOICES), most)
        start = 0
        for k, (name, by_value) in enumerate(CHOICES.items()):
            n, values = len(by_value), {value: i for i, value in enumerate(by_value)}
            self.columns[k, :n] = torch.arange(start, start + n)
            start += n
            self.of[:, k] = torch.tensor([values.get(shown.get(name), -1) for shown in attributes])
            counts = torch.bincount(self.of[:, k] + 1, minlength=n + 1)[1:].clamp(min=1).float()
            kind = "cue" if name in captions.CUE_PHRASES else "nuisance"
            share = TRAINING["weights"].get(name, TRAINING["weights"].get(kind, 1.0))
            self.weights[k, :n] = share * (counts.mean() / counts) ** 0.25


def against_other_values(logits: torch.Tensor, shown: torch.Tensor, values: Values) -> torch.Tensor:
    """Each visible attribute's caption against those of its other values.

    Hard negatives, as NegCLIP has them (Yuksekgonul et al., ICLR 2023): "white road lines" against
    "yellow road lines". Among random photos a caption is told apart by whatever is easiest; these
    make the model look. Logits (batch, phrases) are in the order of `CHOICES`, `shown`
    (batch, attributes) are rows of `values.of`; the loss is the weighted mean over all that is
    visible.
    """
    impossible = logits.new_full((len(logits), 1), float("-inf"))
    groups = torch.cat([logits, impossible], dim=1)[:, values.columns.to(logits.device)]
    seen = shown >= 0
    target = shown.clamp(min=0)
    losses = F.cross_entropy(groups.flatten(0, 1), target.flatten(), reduction="none")
    weights = values.weights.to(logits.device)[None].expand(len(shown), -1, -1)
    weights = weights.gather(2, target[:, :, None]).squeeze(2) * seen
    return (losses.view_as(weights) * weights).sum() / weights.sum().clamp(min=1.0)


def _run_key(ids: list[str]) -> str:
    parts = [CORPUS, TRAINING, MODEL, PREPROCESS, miniearth.RENDERER_VERSION, CAPTIONS_VERSION]
    text = json.dumps([*parts, ids])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _save(model, tokenizer, config: dict, folder: Path) -> None:
    """Write open_clip's local form, with the weights in float16: half the size, same answers."""
    from open_clip.model import set_model_preprocess_cfg
    from open_clip.push_to_hf_hub import save_for_hf

    set_model_preprocess_cfg(model, {**PREPROCESS, "resize_mode": "squash"})
    save_for_hf(model.half(), tokenizer, config, folder, safe_serialization=True)


LEAST = {"driving_side": 0.90, "script": 0.80, "zone": 0.90, "line_colour": 0.95}
"""The least zero-shot accuracy that is accepted, for the cues that matter most."""


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
    shown = [captions.attributes(miniearth.scene_of(name)) for name in features.ids]
    rows = []
    for cue in [name for name in captions.CUE_PHRASES if name in CHOICES]:
        values = list(CHOICES[cue])
        phrases = [o + CHOICES[cue][v] for v in values for o in captions.OPENINGS]
        texts = backbone.text_features(phrases).reshape(len(values), len(captions.OPENINGS), -1)
        texts = texts.mean(axis=1)
        texts /= np.linalg.norm(texts, axis=1, keepdims=True)
        seen = [i for i, of in enumerate(shown) if cue in of]
        truth = np.array([values.index(shown[i][cue]) for i in seen])
        right = (features.vectors[seen] @ texts.T).argmax(axis=1) == truth
        balanced = np.mean([right[truth == k].mean() for k in np.unique(truth)])
        rows.append((cue, len(seen), len(values), 1 / len(values), right.mean(), balanced))
    return pd.DataFrame(rows, columns=["cue", "photos", "values", "chance", "accuracy", "balanced"])


def build(folder: Path) -> None:
    """Train MiniCLIP into the data folder `folder` and measure it on scenes it has not seen."""
    folder = folder / "miniclip"
    folder.mkdir(parents=True, exist_ok=True)
    ids = choose_corpus()
    (folder / "corpus.txt").write_text("\n".join(ids) + "\n")
    minutes, device = train(folder, ids)
    table = zero_shot(folder, miniearth.fresh("zero-shot", 5_000, 0.5)).round(4)
    table.to_csv(folder / "zero_shot.csv", index=False)
    (folder / "README.md").write_text(_card(table, minutes, device), encoding="utf-8")
    print(table.to_string(index=False))


def _card(table: pd.DataFrame, minutes: float, device: str) -> str:
    """The model card, with the figures just measured."""
    rows = [
        f"| {r.cue} | {r.chance:.2f} | {r.accuracy:.3f} | {r.balanced:.3f} | {r.photos} |"
        for r in table.itertuples()
    ]
    return CARD.format(
        rows="\n".join(rows), minutes=minutes, device=device, photos=CORPUS["photos"],
        low_information=CORPUS["low_information"],
        samples=TRAINING["samples"], dim=MODEL["embed_dim"], **MODEL["vision_cfg"],
    )  # fmt: skip


CARD = """# MiniCLIP

A small CLIP for MiniEarth: an open_clip model that sees {image_size} × {image_size} pixels and
gives vectors of {dim} numbers. It plays the part of CLIP ViT-L/14 in G3: trained once on pictures
and captions, then frozen.

- **Architecture**: CLIP's modified ResNet with attention pooling, {layers} blocks of width
  {width}; a text transformer over the words of the captions.
- **Data**: {photos:,} rendered photos of the *seen* places of MiniEarth, no scene and no
  photographer of which occurs in the gallery or in a set of queries; captions made from what is
  visible.
- **What it was never told**: a place name, a coordinate, a country. A caption names at most four
  attributes, each true in at least 3 % of the places. Words of place names are in its vocabulary,
  untrained: it can tell them apart, no more.
- **What it has seen little of**: photos are drawn for their cues; rooms, meals, skies and close-ups
  are {low_information:,} of them all.
- **Training**: {samples:,} photos seen, contrastive loss, Muon; {minutes:.0f} minutes on {device}
  (`python -m g3lite.recipes.miniclip`; `log.csv` holds the loss). Weights are kept in float16.
- **Use**: `Backbone.load("miniclip")`, or open_clip's `local-dir:` with this folder.
- **Limits**: it has seen only drawings. Its features of real photos mean nothing.

## Zero-shot accuracy

On 5,000 new scenes of all places, seen and unseen: each cue is scored on the photos that show it,
by the caption that fits best. *Balanced* is the mean over the values of the cue.

| cue | chance | accuracy | balanced | photos |
|---|---|---|---|---|
{rows}
"""


if __name__ == "__main__":
    build(data_dir())
