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
import torch
import torch.nn.functional as F

from g3lite import prompts
from g3lite.paths import data_dir, sha256_file, shipped
from g3lite.recipes import miniclip
from g3lite.recipes import minilmm_tasks as tasks
from g3lite.recipes.minilmm_lessons import CORPORA, SEEDS, Lessons, lessons
from g3lite.recipes.minilmm_start import REHEARSAL, freeze, rehearse, start_to_copy
from g3lite.recipes.optim import Run, autocast

TRAINING = {
    "batch": 32,
    "own_wording": 0.5,  # share of the batches whose prompt is worded as `WORDINGS` are
    "references": 0.5,  # weight of the references' numbers in the loss, see `loss_of`
    "rehearsal": 2.0,  # weight of the rehearsal in the loss of a step that asks about photos
    "lr": 3e-3, "adam_lr": 1.5e-3, "warmup": 20, "weight_decay": 0.02,
}  # fmt: skip
"""Learning rates are those of Muon (matrices) and AdamW (embeddings, norms and biases)."""
STAGES = (
    {"steps": 1200},
    {"steps": 500, "corpus": "even", "most": 5, "tasks": {
        "picture": 0.35, "references": 0.15, "town": 0.15, "globe": 0.2,
        "twice": 0.05, "together": 0.05, "middle": 0.05}},
    {"steps": 1300, "corpus": "even", "most": 15, "tasks": {
        "picture": 0.35, "references": 0.2, "town": 0.15, "globe": 0.15,
        "twice": 0.05, "together": 0.05, "middle": 0.05}},
    {"steps": 600, "corpus": "popular", "most": 15, "tasks": {
        "picture": 0.25, "references": 0.3, "town": 0.15, "globe": 0.2,
        "twice": 0.04, "together": 0.03, "middle": 0.03}},
)  # fmt: skip
"""One after the other: rehearsal alone, then which photos are asked about, the most references of
either kind, which share of the batches is of which task (see `Batches`)."""
STEPS = sum(stage["steps"] for stage in STAGES)
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
    "corpora": CORPORA, "seeds": SEEDS, "training": TRAINING, "stages": STAGES,
    "rehearsal": REHEARSAL, "tasks": tasks.RUN, "text": TEXT, "decimals": DECIMALS,
    "chat": CHAT_TEMPLATE, "split": SPLIT, "vocabulary": vocabulary(),
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

    def __init__(self, of: Lessons, processor, stage: dict, seed: int) -> None:
        self.of, self.tokenizer, self.stage, self.seed = of, processor.tokenizer, stage, seed
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
        n, size, seed = len(self.of.coordinates), TRAINING["batch"], self.seed
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
    """Train MiniLMM and write it to `folder` as transformers saves a model, with its log.

    Every `CHECKPOINT_STEPS` the state goes to the cache folder; a run that was stopped goes on from
    there. Returns the minutes that it took, looking and searching included, and on what.
    """
    began = time.perf_counter()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    processor = make_processor()
    model = create(processor).to(device)
    run = Run(
        "MiniLMM", _key(), model, TRAINING | {"samples": STEPS * TRAINING["batch"]}, began=began,
        log_steps=LOG_STEPS, checkpoint_steps=CHECKPOINT_STEPS,
    )  # fmt: skip
    answers = [partial(answer, form=form) for form in FORMS]
    seen, batches = {}, None
    model.train()
    model.model.vision_tower.eval()
    for step in run:
        number, stage = stage_of(step)
        if "corpus" in stage and (batches is None or batches.stage is not stage):
            corpus, tower = stage["corpus"], model.model.vision_tower
            if corpus not in seen:
                seen = {corpus: lessons(tower, processor.image_processor, corpus)}
            batches = Batches(seen[corpus], processor, stage, seed=number)
        with autocast(device):
            loss, figures = rehearse(model, processor.tokenizer, step, answers)
            if batches:
                asked, more = loss_of(model, batches(step), device)
                loss, figures = asked + TRAINING["rehearsal"] * loss, figures | more
        run.descend(loss, **figures)
    took, where = run.finish(folder / "log.csv")
    model.eval().to("cpu").half().save_pretrained(folder)
    processor.save_pretrained(folder)
    return took, where


def stage_of(step: int) -> tuple[int, dict]:
    """Which of the `STAGES` a step belongs to: its number and itself."""
    ends = np.cumsum([stage["steps"] for stage in STAGES])
    number = int(np.searchsorted(ends, step, side="right"))
    return number, STAGES[number]


def _key() -> str:
    """A digest of all that the model depends on."""
    weights = [shipped("miniclip/open_clip_model.safetensors"),
               shipped("alignment/model.safetensors")]  # fmt: skip
    parts = [RUN, *(sha256_file(path) for path in weights)]
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
            gallery=CORPORA["gallery"]["photos"],
            samples=f"{sum(stage['steps'] for stage in STAGES[1:]) * TRAINING['batch']:,}",
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
  features and with heads of geo-alignment of five seeds, from {gallery:,} others. No scene and no
  photographer of these occurs in the gallery or in a set of queries.
- **Training**: it begins with weights that let it copy, and rehearses on lists of places, without
  pictures: to name them again, and to choose one of them. Then {samples} photos seen, the
  {popular:,} last, while the rehearsal goes on. In most
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
