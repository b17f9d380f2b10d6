"""MiniLMM: a small multimodal model of our own: it reads a photo and a prompt, and answers.

LLaVA's architecture as transformers has it for convolutional eyes (FastVLM): MiniCLIP's frozen
image tower, a projector, a small Llama. It learns MiniEarth from photos of the *seen* places, with
prompts of 0 to 15 references that were really retrieved, good and misleading ones as they come.
What an LMM is to G3, at a thousandth of the size. Train it with ``python -m
g3lite.recipes.minilmm`` (at most 90 CPU minutes; a GPU is used where there is one); the run can be
stopped and started again.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import string
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from tqdm.auto import tqdm

from g3lite import miniearth, prompts
from g3lite.miniearth.splits import photo_set, sample, tabulate
from g3lite.paths import cache_dir, data_dir, replacing, sha256_file, shipped
from g3lite.photos import PhotoSet, conform
from g3lite.recipes import miniclip
from g3lite.recipes import minilmm_tasks as tasks
from g3lite.recipes.minilmm_start import REHEARSAL, freeze, rehearse, start_to_copy
from g3lite.recipes.optim import Run, autocast

CORPORA = {
    "even": {"name": "corpus-minilmm", "photos": 60_000, "evenness": 0.15},
    "popular": {"name": "corpus-minilmm-popular", "photos": 12_000, "evenness": 0.6},
    "gallery": {"name": "corpus-minilmm-gallery", "photos": 20_000, "evenness": 1.0},
}
"""Its photos: nearly even over the seen places, so that it gets to know all of them, then more of
those where more photos are taken; and those where its references are searched."""
TRAINING = {
    "batch": 32,
    "own_wording": 0.5,  # share of the batches whose prompt is worded as `WORDINGS` are
    "references": 0.5,  # weight of the references' numbers in the loss, see `loss_of`
    "weight_decay": 0.02,
}
STAGES = (
    {"seed": 0, "corpus": "even", "rehearsal": REHEARSAL, "samples": 25_600, "most": 5,
     "lr": 3e-3, "adam_lr": 1.5e-3, "warmup": 100, "tasks": {
         "picture": 0.4, "references": 0.1, "town": 0.1, "globe": 0.1,
         "twice": 0.1, "together": 0.1, "middle": 0.1}},
    {"seed": 1, "corpus": "even", "samples": 64_000, "most": 15, "lr": 3e-3, "adam_lr": 1.5e-3,
     "warmup": 100, "tasks": {
         "picture": 0.4, "references": 0.2, "town": 0.1, "globe": 0.15,
         "twice": 0.05, "together": 0.05, "middle": 0.05}},
    {"seed": 2, "corpus": "popular", "samples": 20_480, "most": 15, "lr": 2e-3, "adam_lr": 1e-3,
     "warmup": 100, "tasks": {
         "picture": 0.25, "references": 0.25, "town": 0.2, "globe": 0.2,
         "twice": 0.04, "together": 0.03, "middle": 0.03}},
)  # fmt: skip
"""One after the other: which photos, how many of them (again and again), the most references of
either kind, which share of the batches is of which task (see `Batches`); learning rates of Muon
(matrices) and AdamW (embeddings, norms and biases)."""
HEADS = ("mini",)
"""The heads of geo-alignment that references are searched with, beside the raw features; names
that `GeoAlignment.from_pretrained` knows."""
TEXT = {
    "model_type": "lfm2", "hidden_size": 192, "intermediate_size": 512, "num_hidden_layers": 4,
    "layer_types": ["conv", "full_attention", "conv", "full_attention"], "conv_L_cache": 8,
    "conv_bias": True, "num_attention_heads": 3, "num_key_value_heads": 3,
    "block_auto_adjust_ff_dim": False, "max_position_embeddings": 1024,
    "tie_word_embeddings": False,
}  # fmt: skip
"""The small LFM2. A short convolution sees a whole pair of coordinates, which attention compares.
What is copied must be told apart from its neighbours, so words have other vectors where they are
written than where they are read."""
DECIMALS = prompts.DECIMALS
"""Of the degrees in an answer: those of a prompt, so that a reference can be copied as it is."""
MOST = prompts.PLANS["paper"].most
NUMBERS = [k for k in prompts.PLANS["paper"].references if k]
"""Of references in most prompts; the others have any number up to `MOST`."""
CHECKPOINT_STEPS = 100
LOG_STEPS = 50

ROLES = ("system", "user", "assistant")
CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}"
    "{% else %}<image>{% endif %}{% endfor %}{% endif %}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)

WORDINGS = (
    """\
Where on Earth was this photo taken? Look at the plants, the buildings and the signs.

Similar photos come from these places: $similar
Dissimilar photos come from these: $dissimilar
""",
    """\
Estimate the position of the camera from the picture.

Coordinates of the most similar pictures: $similar
Coordinates of the least similar pictures: $dissimilar

The references may be wrong; trust the picture.
""",
    """\
Please tell me the location of this image.

For reference, these are locations of similar images: $similar and of dissimilar images: $dissimilar
""",
)
FORMS = {
    "json": "Answer with a JSON object that has the keys latitude and longitude.\n",
    "pair": "Answer with one pair of numbers: (latitude, longitude)\n",
}
"""Other wordings than those of `prompts.TEMPLATES`, so that it learns to read more than two."""


def templates() -> tuple[list[tuple[prompts.Template, str]], list[tuple[prompts.Template, str]]]:
    """Those of `prompts.TEMPLATES`, and its own; each with the form that it asks for."""
    ours = [(prompts.TEMPLATES[form], form) for form in FORMS]
    own = [
        (prompts.Template(f"{text}\n{asks}"), form)
        for text in WORDINGS
        for form, asks in FORMS.items()
    ]
    return ours, own


# The processor

PIECES = ("), (", "[(", ")]", '": ', ', "', '{"', ", ", ": ", ". ")
"""Marks that stand together in prompts and answers are one token."""
SPLIT = (
    r"-?\d{1,3}\.(?=\d)|(?<=\.)\d\d|\d{3}|\d\d|\d|"
    + "|".join(re.escape(piece) for piece in PIECES)
    + r"| ?[A-Za-z]+|[^A-Za-z\d\s]|\s"
)
"""Whole degrees with sign and point are one token, five decimals are two, a word has its space."""


DEGREES = [f"{sign}{n}." for sign in ("", "-") for n in range(181)]
HUNDREDTHS = [f"{n:02d}" for n in range(100)]
"""The tokens of whole degrees, and of the two decimals that follow one."""


def vocabulary() -> list[str]:
    """Every token: whole degrees, digits, marks, the words of the prompts, single characters."""
    digits = [*HUNDREDTHS, *(f"{n:03d}" for n in range(1000))]
    texts = " ".join(template.text for some in templates() for template, _ in some)
    words = {word.lower() for word in re.findall("[A-Za-z]+", texts)}
    words |= set(re.findall("[A-Za-z]+", texts))
    spaced = sorted(words) + sorted(f" {word}" for word in words)
    signs = [c for c in string.printable if c not in "\x0b\x0c\r"]
    return list(dict.fromkeys([*DEGREES, *digits, *PIECES, *spaced, *signs]))


def make_processor():
    """The processor: MiniCLIP's view of a picture, a tokenizer, the chat's form."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import CLIPImageProcessor, LlavaProcessor, PreTrainedTokenizerFast

    special = ["<pad>", "<unk>", "<image>", "<|end|>", *(f"<|{role}|>" for role in ROLES)]
    numbers = {token: i for i, token in enumerate([*special, *vocabulary()])}
    tokenizer = Tokenizer(  # an unknown word falls into its known parts, at last into letters
        models.WordPiece(
            numbers, unk_token="<unk>", continuing_subword_prefix="", max_input_chars_per_word=1000
        )
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(SPLIT), "isolated")
    tokenizer.decoder = decoders.Fuse()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, padding_side="left", clean_up_tokenization_spaces=False,
        unk_token="<unk>", eos_token="<|end|>", pad_token="<pad>",
        extra_special_tokens=[token for token in special[2:] if token != "<|end|>"],
        model_max_length=TEXT["max_position_embeddings"],
    )  # fmt: skip
    side = miniclip.MODEL["vision_cfg"]["image_size"]
    pictures = CLIPImageProcessor(
        size={"height": side, "width": side}, do_center_crop=False,
        image_mean=miniclip.PREPROCESS["mean"], image_std=miniclip.PREPROCESS["std"],
    )  # fmt: skip
    return LlavaProcessor(
        pictures, fast, patch_size=STRIDE, vision_feature_select_strategy="full",
        chat_template=CHAT_TEMPLATE,
    )  # fmt: skip


RUN = {
    "corpora": CORPORA, "training": TRAINING, "stages": STAGES, "tasks": tasks.RUN,
    "heads": HEADS, "text": TEXT, "decimals": DECIMALS, "chat": CHAT_TEMPLATE, "split": SPLIT,
    "vocabulary": vocabulary(),
    "prompts": [(template.text, form) for some in templates() for template, form in some],
}  # fmt: skip
"""All that MiniLMM depends on, beside the photos, MiniCLIP and the heads of geo-alignment."""


# The model

STRIDE = 32
"""Pixels of a picture per image token, in either direction."""


def create(processor):
    """An untrained MiniLMM with MiniCLIP's trained image tower as its eyes."""
    from transformers import FastVlmConfig, FastVlmForConditionalGeneration

    tokenizer, tower = processor.tokenizer, miniclip.MODEL["vision_cfg"]
    width, side = tower["width"], tower["image_size"]
    ends = {
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    config = FastVlmConfig(
        vision_config={
            # CLIP's modified ResNet, as timm names it: deep stem, average pooling against aliasing.
            "model_type": "timm_wrapper", "architecture": "resnetaa50d", "do_pooling": False,
            "hidden_size": 32 * width, "num_labels": 0,
            "model_args": {
                "layers": tower["layers"], "stem_width": width // 2,
                "channels": [width, 2 * width, 4 * width, 8 * width],
            },
        },
        text_config={
            "vocab_size": len(tokenizer), **TEXT, **ends,
        },
        image_token_index=processor.image_token_id, image_seq_length=(side // STRIDE) ** 2,
        tie_word_embeddings=False, **ends,
    )  # fmt: skip
    torch.manual_seed(0)
    model = FastVlmForConditionalGeneration(config)
    words = model.get_input_embeddings().weight
    order_numbers(words, tokenizer)
    model.lm_head.weight.data.copy_(words)
    start_to_copy(model.model.language_model, model.lm_head)
    model.model.vision_tower.timm_model.load_state_dict(eyes())
    freeze(model)
    model.generation_config.update(do_sample=True, max_new_tokens=32, **ends)
    return model


@torch.no_grad()
def order_numbers(embeddings: torch.Tensor, tokenizer) -> None:
    """Give the tokens of near numbers near vectors.

    Sines and cosines of 48 periods fill half of each vector of a whole degree, and the other half
    of each of two decimals, at the size that the numbers there have at first. Otherwise 48 and 49
    are as foreign to each other as any two words, and it takes long to learn that they are
    neighbours.
    """
    size = embeddings.std() * math.sqrt(2)
    for tokens, values, longest, half in (
        (DEGREES, [float(f"{token}5") for token in DEGREES], 720, slice(0, 96)),
        (HUNDREDTHS, range(100), 200, slice(96, 192)),
    ):
        periods = torch.logspace(math.log10(longest), math.log10(3), 48)
        angles = 2 * math.pi * torch.tensor(list(values))[:, None] / periods
        rows = torch.tensor(tokenizer.convert_tokens_to_ids(tokens))
        embeddings[rows, half] = size * torch.cat([angles.sin(), angles.cos()], dim=1)


def eyes() -> dict[str, torch.Tensor]:
    """The weights of MiniCLIP's image tower, but for its pooling, under timm's names."""
    from g3lite.backbone import Backbone

    stem = {"conv1": "conv1.0", "bn1": "conv1.1", "conv2": "conv1.3", "bn2": "conv1.4",
            "conv3": "conv1.6", "bn3": "bn1"}  # fmt: skip
    found = {}
    for name, weight in Backbone.load("miniclip", "cpu").model.visual.state_dict().items():
        first, rest = name.split(".", 1)
        if first in stem:
            name = f"{stem[first]}.{rest}"
        name = name.replace("downsample.1.", "downsample.2.").replace(
            "downsample.0.", "downsample.1."
        )
        if first != "attnpool":
            found[name] = weight.clone()
    return found


# What it learns from


class Lessons(NamedTuple):
    """The corpus as it is trained on, n photos.

    Attributes:
        eyes: float16 (n, tokens, channels), what the frozen tower sees of each.
        coordinates: float64 (n, 2).
        references: float64 (ways, 2, n, `MOST`, 2): the similar and the dissimilar references of
            each, as they are found in several ways.
    """

    eyes: np.ndarray
    coordinates: np.ndarray
    references: np.ndarray


def corpus_set(which: str) -> PhotoSet:
    """The photos of a key of `CORPORA`; seen places only."""
    table, corpus = miniearth.places(), CORPORA[which]
    seen = table.index[table.seen].to_numpy()
    ids = sample(corpus["name"], corpus["photos"], corpus["evenness"], seen)
    return photo_set(f"miniearth/{corpus['name']}", conform(tabulate(list(ids))))


def lessons(model, processor, corpus: str, device: torch.device) -> Lessons:
    """Look at all photos of a corpus once, and search the references of each."""
    photos, gallery = corpus_set(corpus), corpus_set("gallery")
    seen, features = look(model, processor, photos, device)
    _, known = look(model, processor, gallery, device)
    return Lessons(seen, photos.coordinates, searched(gallery.table, known, features))


def searched(
    gallery: pd.DataFrame, gallery_features: np.ndarray, query_features: np.ndarray
) -> np.ndarray:
    """The references of each query in all ways, float64 (ways, 2, n, `MOST`, 2).

    By the raw features, and for each of the `HEADS` twice: as the paper does, and with dissimilar
    references that are not always the same few photos.
    """
    from g3lite.alignment import GeoAlignment
    from g3lite.backbone import unit_rows
    from g3lite.index import Gallery

    raw = [unit_rows(rows) for rows in (gallery_features, query_features)]
    found = [prompts.references(Gallery.build(gallery, raw[0], model="raw"), raw[1], MOST)]
    for head in HEADS:
        aligner = GeoAlignment.from_pretrained(head)
        known, asked = (
            aligner.database_vectors(rows) for rows in (gallery_features, query_features)
        )
        index = Gallery.build(gallery, known, model=f"aligned, {head}")
        found += [
            prompts.references(index, asked, MOST, centre) for centre in (None, known.mean(axis=0))
        ]
    return np.stack(found)


@torch.no_grad()
def look(
    model, processor, photos: PhotoSet, device: torch.device, batch: int = 250
) -> tuple[np.ndarray, np.ndarray]:
    """What the frozen tower sees of n photos; kept in the cache folder, as drawing them takes long.

    Returns:
        float16 (n, tokens, channels), read from the disk as it is used; and MiniCLIP's features,
        float32 (n, width), which are pooled from these.
    """
    from g3lite.backbone import Backbone

    eyes = sha256_file(shipped("miniclip/open_clip_model.safetensors"))
    key = hashlib.sha256(f"{eyes} {photos.version} {' '.join(photos.ids)}".encode()).hexdigest()
    folder = cache_dir() / "minilmm" / f"seen-{key[:16]}"
    if not (folder / "features.npy").is_file():
        tower = model.model.vision_tower.to(device)
        pool = Backbone.load("miniclip", "cpu").model.visual.attnpool.to(device)
        seen, features = [], []
        for start in tqdm(range(0, len(photos), batch), desc=f"look at {photos.name}"):
            pictures = [photos.image(name) for name in photos.ids[start : start + batch]]
            pixels = processor.image_processor(pictures, return_tensors="pt")["pixel_values"]
            maps = tower(pixels.to(device)).last_hidden_state  # (batch, channels, side, side)
            seen.append(maps.flatten(2).transpose(1, 2).half().cpu().numpy())
            features.append(pool(maps).float().cpu().numpy())
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in (("seen", seen), ("features", features)):
            with replacing(folder / f"{name}.npy") as path, open(path, "wb") as file:
                np.save(file, np.concatenate(rows))
    return np.load(folder / "seen.npy", mmap_mode="r"), np.load(folder / "features.npy")


def answer(coordinates: np.ndarray, form: str, decimals: int = DECIMALS) -> str:
    """The answer that is right for a place, in the form asked for."""
    lat, lon = (f"{degrees:.{decimals}f}" for degrees in coordinates)
    return f"({lat}, {lon})" if form == "pair" else f'{{"latitude": {lat}, "longitude": {lon}}}'


class Batch(NamedTuple):
    """A batch of chats, all worded alike, so that each token stands where it does in the others.

    Attributes:
        tokens: int64 (batch, length).
        start: where the answers begin.
        degrees: bool (length,), the whole degrees of references and answers.
        eyes: float16 (batch, image tokens, channels), what the tower sees.
        recall: whether the similar references follow from the pictures, so that they are learnt.
    """

    tokens: torch.Tensor
    start: int
    degrees: torch.Tensor
    eyes: torch.Tensor
    recall: bool


class Batches:
    """Batches, step by step: one task, one template and one number of references each, so all chats
    of a batch are as long.

    The tasks: "picture", without references; "references", as they are found; "town", where a town
    stands elsewhere, and "globe", where all of it is turned, so that nothing is known by heart; and
    those of `tasks.pattern`, where the pattern of the references alone tells the place, whatever
    the picture shows.
    """

    def __init__(self, of: Lessons, processor, stage: dict) -> None:
        self.of, self.tokenizer, self.stage = of, processor.tokenizer, stage
        self.degrees = torch.tensor(self.tokenizer.convert_tokens_to_ids(DEGREES))
        self.image = "<image>" * of.eyes.shape[1]
        self.chat = string.Template(
            processor.apply_chat_template(
                [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "$p"}]}],
                add_generation_prompt=True,
            ).replace("<image>", self.image)
        )

    def __call__(self, step: int) -> Batch:
        """The batch of a step; the same in every run."""
        n, size, seed = len(self.of.coordinates), TRAINING["batch"], self.stage["seed"]
        epoch, k = divmod(step, n // size)
        order = np.random.default_rng([seed, epoch]).permutation(n)
        rows = order[k * size : (k + 1) * size]
        rng = np.random.default_rng([seed, 1, step])
        choices = templates()[int(rng.random() < TRAINING["own_wording"])]
        template, form = choices[rng.integers(len(choices))]
        shares = self.stage["tasks"]
        task = list(shares)[rng.choice(len(shares), p=list(shares.values()))]
        similar, dissimilar, places = self.places(rng, task, rows)
        asked = [
            self.chat.substitute(p=template.fill(*some))
            for some in zip(similar, dissimilar, strict=True)
        ]
        given = [answer(place, form) + "<|end|>" for place in places]
        asked, given = (self.tokenizer(texts)["input_ids"] for texts in (asked, given))
        tokens = torch.tensor([a + b for a, b in zip(asked, given, strict=True)])
        degrees = torch.isin(tokens[0], self.degrees)
        eyes = torch.from_numpy(self.of.eyes[rows])
        return Batch(tokens, len(asked[0]), degrees, eyes, task == "references")

    def places(
        self, rng: np.random.Generator, task: str, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Similar and dissimilar references (batch, k, 2), and the right answers (batch, 2)."""
        most, n = self.stage["most"], len(rows)
        k = rng.integers(1, most + 1)
        if rng.random() < 0.5:
            k = rng.choice([number for number in NUMBERS if number <= most])
        if task == "picture":
            k = 0
        elif task in tasks.PATTERNS:
            k = max(k, tasks.PATTERNS[task])
            similar, places = tasks.pattern(rng, task, n, k)
            return similar, tasks.anywhere(rng, n, k), places
        way = rng.integers(len(self.of.references))
        similar, dissimilar = self.of.references[way][:, rows, :k]
        places = self.of.coordinates[rows]
        if task == "town":
            places, similar, dissimilar = tasks.moved_town(rng, places, similar, dissimilar)
        if task == "globe":
            lists = np.concatenate([similar, dissimilar, places[:, None]], axis=1)
            lists = tasks.turned(rng, lists)
            similar, dissimilar, places = lists[:, :k], lists[:, k : 2 * k], lists[:, -1]
        far = np.inf if task == "globe" else tasks.NEAR_KM
        return similar, dissimilar, tasks.nearest(places, similar, within=far)


def loss_of(model, batch: Batch, device: torch.device) -> tuple[torch.Tensor, dict[str, float]]:
    """Cross-entropy of the answers' tokens and, apart from these, of numbers.

    The whole degrees of an answer and the two decimals after them are what matters in it: their
    mean loss is added to that of all its tokens; with references that of the last three decimals
    too, which are copied or nothing. So is that of the similar references' numbers
    where they stand as they were found: where similar photos were taken follows from the photo, so
    a prompt teaches to look. Nothing else of the chat is learnt.

    Returns:
        The loss, and what the log tells of it: the losses of an answer's whole degrees and of its
        decimals, without references or with.
    """
    inner = model.model
    tokens = batch.tokens.to(device)
    embedded = inner.get_input_embeddings()(tokens[:, :-1])
    image = inner.multi_modal_projector(batch.eyes.to(device, torch.float32)).to(embedded.dtype)
    where = (tokens[:, :-1] == model.config.image_token_id).unsqueeze(-1)
    hidden = inner.language_model(inputs_embeds=embedded.masked_scatter(where, image))
    next_token = tokens[:, 1:]
    degrees = batch.degrees[1:].to(device)
    decimals = batch.degrees[:-1].to(device)
    answers = torch.arange(len(degrees), device=device) >= batch.start - 1
    listed = (degrees & ~answers).cumsum(0)  # the similar ones are the first half
    similar = (degrees | decimals) & ~answers & (listed <= listed[-1] // 2)
    references = similar.any().item()
    similar &= batch.recall
    read = (answers | similar).nonzero().squeeze(1)
    logits = model.lm_head(hidden.last_hidden_state[:, read]).float()
    losses = F.cross_entropy(logits.flatten(0, 1), next_token[:, read].flatten(), reduction="none")
    losses = losses.view(len(tokens), -1).mean(0)
    of_answers = answers[read]
    place, rest, last = (
        losses[of_answers & some[read]].mean() for some in (degrees, decimals, decimals.roll(1))
    )
    loss = losses[of_answers].mean() + (place + rest) / 2
    name = "with_references" if references else "without_references"
    if references:
        loss = loss + last / 2
    if batch.recall:
        loss = loss + TRAINING["references"] * losses[~of_answers].mean()
    return loss, {name: place.item(), f"{name}_decimals": rest.item()}


def train(folder: Path) -> tuple[float, str]:
    """Train MiniLMM and write it to `folder` as transformers saves a model, with its logs.

    Each stage ends in a model in the cache folder, which the next one begins with, and every
    `CHECKPOINT_STEPS` the state goes there too; a run that was stopped goes on from there. Returns
    the minutes that it took, looking and searching included, and on what.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    processor = make_processor()
    model, minutes, logs = create(processor).to(device), 0.0, []
    for number, stage in enumerate(STAGES, 1):
        after = cache_dir() / "minilmm" / _stage_key(number)
        if not (after / "minutes.json").is_file():
            took, where = _train_stage(model, processor, stage, after, device)
            (after / "minutes.json").write_text(json.dumps([took, where]))
        took, where = json.loads((after / "minutes.json").read_text())
        minutes += took
        logs.append(pd.read_csv(after / "log.csv").assign(stage=number))
        model = type(model).from_pretrained(after, dtype=torch.float32).to(device)
        freeze(model)
    pd.concat(logs).to_csv(folder / "log.csv", index=False, lineterminator="\n")
    model.to("cpu").half().save_pretrained(folder)
    processor.save_pretrained(folder)
    return minutes, where


def _train_stage(model, processor, stage: dict, after: Path, device) -> tuple[float, str]:
    """Train a stage and write the model, in float16, with its log into the folder `after`."""
    began = time.perf_counter()
    batches = Batches(lessons(model, processor, stage["corpus"], device), processor, stage)
    run = Run(
        "MiniLMM", after.name, model, TRAINING | stage, began=began,
        log_steps=LOG_STEPS, checkpoint_steps=CHECKPOINT_STEPS,
    )  # fmt: skip
    model.train()
    model.model.vision_tower.eval()
    if "rehearsal" in stage and not run.start:
        rehearse(model, processor.tokenizer, [partial(answer, form=form) for form in FORMS])
    for step in run:
        with autocast(device):
            loss, figures = loss_of(model, batches(step), device)
        run.descend(loss, **figures)
    model.eval().half().save_pretrained(after)
    return run.finish(after / "log.csv")


def _stage_key(number: int) -> str:
    """A digest of all that the model after the first `number` stages depends on."""
    weights = [shipped("miniclip/open_clip_model.safetensors"),
               shipped("alignment/model.safetensors")]  # fmt: skip
    run = RUN | {"stages": STAGES[:number]}
    parts = [run, *(sha256_file(path) for path in weights)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def build(folder: Path) -> None:
    """Train MiniLMM into the data folder `folder`, with its model card."""
    folder = folder / "minilmm"
    folder.mkdir(parents=True, exist_ok=True)
    minutes, device = train(folder)
    (folder / "README.md").write_text(
        CARD.format(
            minutes=minutes, device=device, layers=TEXT["num_hidden_layers"],
            width=TEXT["hidden_size"], decimals=DECIMALS,
            even=CORPORA["even"]["photos"], popular=CORPORA["popular"]["photos"],
            gallery=CORPORA["gallery"]["photos"], stages=len(STAGES),
            samples=f"{sum(stage['samples'] for stage in STAGES):,}",
        ),
        encoding="utf-8",
    )  # fmt: skip


CARD = """# MiniLMM

A small multimodal model for MiniEarth: it sees a photo, reads a prompt with 0 to 15 references of
either kind, and answers with a latitude and a longitude, as JSON or as a pair. It plays the part of
the large multimodal model in G3.

- **Architecture**: LLaVA's, as transformers has it for convolutional image towers (FastVLM):
  MiniCLIP's image tower, frozen; two linear layers; an LFM2 (short convolutions and attention in
  turn) of {layers} layers and width {width}.
- **Data**: rendered photos of the *seen* places of MiniEarth, {even:,} of them nearly even over the
  places, {popular:,} more where more photos are taken; their references were retrieved, by raw
  features and with the heads of geo-alignment, from {gallery:,} others. No scene and no
  photographer of these occurs in the gallery or in a set of queries.
- **Training**: it begins with weights that let it copy, and rehearses that on lists that are named
  twice. Then {samples} photos seen, in {stages} stages, the last with the {popular:,}. In most
  prompts with references nothing can be known by heart: the whole globe is turned, or the photo's
  town stands elsewhere, or the places are random and their pattern tells which is meant. The right
  answer is the similar reference nearest to the truth, if there is one near it ({decimals} decimals
  of a degree); cross-entropy of the answers and, where all stands in its place, of the numbers of
  the similar references; Muon; {minutes:.0f} minutes on {device} (`python -m
  g3lite.recipes.minilmm`; `log.csv` holds the loss). Weights are kept in float16.
- **Use**: `AutoProcessor` and `AutoModelForImageTextToText` of transformers with this folder, or
  `transformers serve`.
- **What it is not**: a language model. It knows the words of G3's prompts, answers nothing else
  than coordinates, never refuses, and has seen only drawings: its answer to a real photo means
  nothing.
"""


if __name__ == "__main__":
    build(data_dir())
