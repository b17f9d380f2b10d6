"""The workbench of notebook 10: photos and trained parts, the reader's ten steps, a scoreboard."""

from __future__ import annotations

import dis
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from g3lite import evaluation, miniearth, replies
from g3lite.alignment import GeoAlignment, info_nce
from g3lite.backbone import Backbone
from g3lite.index import Gallery
from g3lite.lmm.base import LMM
from g3lite.lmm.load import load_lmm
from g3lite.lmm.requests import LMMRequest, LMMResponse
from g3lite.photos import PhotoSet
from g3lite.profiles import Profile
from g3lite.prompts import Prompt, prompt, references
from g3lite.teaching import own
from g3lite.teaching.checks import nb10_steps
from g3lite.verification import CandidateConfig, Verifier, candidates, winners

ARCHIVED, ASKED = 300, 100
"""Photos of validation that are in the archive, and of these the first that are located."""
PROMPTS, RETRIEVED = (0, 10), 3
"""References of either kind in each prompt, and places of similar photos that compete."""
SCALE, RATE, BATCH, STEPS = 20.0, 0.05, 256, 150
"""Of the training. At larger rates rounding grows from step to step, and no two programs agree."""
SAME_KM = 0.001
"""Two answers that are no further apart are the same; rounding differs by less."""

Locate = Callable[[Any], np.ndarray]
"""Ten steps in, (q, 2) answers out."""


# ------------------------------------------------------------------------------- the ten steps


class Steps:
    """The ten steps of G3: the reader's own where its check accepts it, else the package's.

    Each step is an attribute, such as `distance`, from the beginning.
    """

    def __init__(self) -> None:
        self._written: dict[str, Callable[..., Any]] = {}
        self._own: set[str] = set()
        for name in nb10_steps.NAMES:
            setattr(self, name, getattr(nb10_steps, name))

    def use(self, answer: Callable[..., Any], check: Callable[..., None]) -> None:
        """Take the reader's function if its check accepts it; print whose it is."""
        name = nb10_steps.NAMES[int(check.__name__.rsplit("_", 1)[1]) - 1]
        instead = getattr(nb10_steps, name)
        works = _has_gradient if name == "info_nce" else None
        chosen = own.choose(answer, check, instead, works)
        setattr(self, name, chosen)
        self._own.discard(name)
        if chosen is answer:
            self._own.add(name)
        self._written.pop(name, None)
        if is_written(answer):
            self._written[name] = answer

    @property
    def own(self) -> list[str]:
        """Names of the steps that run on the reader's function."""
        return [name for name in nb10_steps.NAMES if name in self._own]

    @property
    def ignored(self) -> list[str]:
        """Names of the steps that the reader has written and whose check says "not yet"."""
        return [name for name in nb10_steps.NAMES if name in self._written.keys() - self._own]

    def as_written(self) -> SimpleNamespace:
        """The steps with all that the reader has written, right or wrong."""
        every = {name: getattr(self, name) for name in nb10_steps.NAMES}
        return SimpleNamespace(**{**every, **self._written})


def is_written(answer: Any) -> bool:
    """Whether a function does more than return None, as one does that is still `...`."""
    if not callable(answer):
        return False
    code = getattr(answer, "__code__", None)
    if code is None:
        return True
    lines = list(dis.get_instructions(code))
    idle = {"RESUME", "NOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST"}
    values = [line.argval for line in lines if line.opname in ("LOAD_CONST", "RETURN_CONST")]
    return not {line.opname for line in lines} <= idle or values != [None]


def _has_gradient(loss: Callable[..., Tensor]) -> None:
    images = torch.eye(3).requires_grad_()
    loss(images, torch.eye(3), 2.0).backward()


# ------------------------------------------------------------------------------------ the task


@dataclass(eq=False)
class Task:
    """An archive of photos, some of which are to be located, and what is trained already.

    Attributes:
        table: the photos of the archive.
        queries: those that are to be located, with their pictures.
        asked: their rows in the archive.
        images: image features of the archive, (n, d), not normalised.
        to_text: of the archive, the shipped head's vectors in the image-text space, (n, d).
        frequencies: of the waves, an (m, 2) array for each scale.
        networks: of the location encoder, one for each scale.
        gps_head: what follows them.
        first: the head from images to the image-GPS space before any training.
        batches: rows of the archive, the photos of each step of the training; none is a query.
        scale, rate: of the logits, and of the training.
        lmm: the language model.
    """

    table: pd.DataFrame
    queries: PhotoSet
    asked: np.ndarray
    images: Tensor
    to_text: Tensor
    frequencies: list[np.ndarray]
    networks: list[Any]
    gps_head: list[tuple[Tensor, Tensor]]
    first: list[tuple[Tensor, Tensor]]
    batches: list[np.ndarray]
    lmm: LMM
    scale: float = SCALE
    rate: float = RATE
    _said: dict[tuple[int, str], str] = field(default_factory=dict)
    _answers: np.ndarray | None = None

    @classmethod
    def load(cls, profile: Profile, asked: int = ASKED, steps: int = STEPS) -> Task:
        """The gallery of a profile and photos of validation, in one archive."""
        gallery = miniearth.load("gallery", profile.gallery_size)
        others = miniearth.load("validation", ARCHIVED)
        backbone, heads = Backbone.load("miniclip", "cpu"), GeoAlignment.from_pretrained("mini")
        features = np.concatenate([
            backbone.image_features(some, profile.batch_size, normalize=False).vectors
            for some in (gallery, others)
        ])  # fmt: skip
        scales = heads.location_encoder.scales
        generator = np.random.default_rng(0)
        size = heads.config.image
        return cls(
            table=pd.concat([gallery.table, others.table], ignore_index=True),
            queries=others.take(slice(asked)),
            asked=np.arange(len(gallery), len(gallery) + asked),
            images=torch.from_numpy(features),
            to_text=torch.from_numpy(heads.embed_images(features)[0]),
            frequencies=[scale[0].b.double().numpy() for scale in scales],
            networks=[_layers(scale) for scale in scales],
            gps_head=_layers(heads.gps_head),
            first=[
                (torch.from_numpy(generator.normal(size=(size, size)) / size**0.5).float(),
                 torch.zeros(size))
                for _ in range(2)
            ],
            batches=[generator.permutation(len(gallery))[:BATCH] for _ in range(steps)],
            lmm=load_lmm("minilmm"),
        )  # fmt: skip

    @property
    def places(self) -> np.ndarray:
        """Where the photos of the archive were taken, (n, 2)."""
        return self.table[["LAT", "LON"]].to_numpy(dtype=np.float64)

    @property
    def authors(self) -> np.ndarray:
        """Who took them, (n,)."""
        return self.table["AUTHOR"].to_numpy(dtype=object)

    @property
    def truth(self) -> np.ndarray:
        """Where the queries were taken, (q, 2)."""
        return self.places[self.asked]

    def ask(self, prompts: Sequence[Sequence[str]]) -> list[list[str]]:
        """The model's likeliest reply to each prompt, given as a list for each query.

        What was asked before is not asked again.
        """
        wanted = {(n, text) for n, texts in enumerate(prompts) for text in texts}
        new = sorted(wanted - self._said.keys())
        ids = self.queries.ids
        pictures = {n: self.queries.image(ids[n]) for n, _ in new}
        requests = [LMMRequest(ids[n], pictures[n], Prompt(text, 0), 0.0, (0,)) for n, text in new]
        numbers = {img_id: n for n, img_id in enumerate(ids)}

        def keep(response: LMMResponse) -> None:
            place = numbers[response.request.img_id], response.request.prompt.text
            self._said[place] = (response.texts[0] if response.texts else None) or ""

        if requests:
            self.lmm.answer(requests, keep)
        return [[self._said[n, text] for text in texts] for n, texts in enumerate(prompts)]

    def package(self) -> np.ndarray:
        """Where the package locates the queries, (q, 2): its functions in every step."""
        if self._answers is None:
            self._answers = self._located()
        return self._answers

    def _located(self) -> np.ndarray:
        model = GeoAlignment.from_pretrained("mini").requires_grad_(False)
        head = model.image_to_gps_head.requires_grad_(True)
        with torch.no_grad():
            for layer, (weight, bias) in zip((head[0], head[2]), self.first, strict=True):
                layer.weight.copy_(weight)
                layer.bias.copy_(bias)
        places = model.gps(torch.from_numpy(self.places.copy()))
        optimizer = torch.optim.SGD(head.parameters(), lr=self.rate)
        for rows in self.batches:
            loss = info_nce(self.scale * model.image_to_gps(self.images[rows]) @ places[rows].T)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        features = self.images.numpy()
        vectors = model.database_vectors(features)
        similar, dissimilar = references(
            Gallery.build(self.table, vectors, "miniclip, aligned here"), vectors[self.asked],
            max(PROMPTS), exclude_author=self.authors[self.asked].tolist(),
        )  # fmt: skip
        texts = [
            [prompt(near[:k], far[:k]) for k in PROMPTS]
            for near, far in zip(similar, dissimilar, strict=True)
        ]
        ids = self.queries.ids
        found = candidates(
            ids, self._replies(texts), similar, CandidateConfig(PROMPTS, 1, RETRIEVED)
        )
        best = winners(Verifier(model, ids, features[self.asked]).score(found))
        return best.set_index("IMG_ID").loc[ids, ["LAT_pred", "LON_pred"]].to_numpy()

    def _replies(self, texts: list[list[str]]) -> pd.DataFrame:
        said = [text for row in self.ask(texts) for text in row]
        places, reasons = replies.parse_all(said)
        return pd.DataFrame(
            {
                "IMG_ID": np.repeat(self.queries.ids, len(PROMPTS)),
                "references": np.tile(PROMPTS, len(texts)), "sample": 0, "text": said,
                "LAT": places[:, 0], "LON": places[:, 1], "reason": reasons,
                "used": ~np.isnan(places[:, 0]),
            }
        )  # fmt: skip


def _layers(stack: torch.nn.Sequential) -> list[tuple[Tensor, Tensor]]:
    """Weight and bias of each linear layer."""
    return [
        (layer.weight.detach(), layer.bias.detach())
        for layer in stack
        if isinstance(layer, torch.nn.Linear)
    ]


# ------------------------------------------------------------------------------ the scoreboard


def scoreboard(task: Task, steps: Steps, locate: Locate) -> pd.DataFrame:
    """The package's G3, the reader's, and all that the reader has written, right or wrong.

    A row each: the five shares in per cent, measured with the row's own `distance` and `evaluate`,
    and how many answers are those of the package. Of a row that cannot be computed the last column
    names the error, and `attrs["stopped"]` tells more.
    """
    package = task.package()
    shares = evaluation.score(package, task.truth)[list(evaluation.THRESHOLD_NAMES)].to_numpy()
    rows = {"the package": [*map(_percent, shares), len(package)]}
    mine = f"your G3, {len(steps.own)} of {len(nb10_steps.NAMES)} yours"
    rows[mine], stopped = _row(task, steps, locate, package)
    rows["all that you wrote"] = rows[mine]
    if steps.ignored:
        rows["all that you wrote"], stopped = _row(task, steps.as_written(), locate, package)
    heads = [f"{km:,} km" for km in evaluation.THRESHOLDS_KM]
    table = pd.DataFrame.from_dict(rows, "index", columns=[*heads, "same answers"])
    table.attrs["stopped"] = stopped
    return table


def _row(task: Task, steps: Any, locate: Locate, package: np.ndarray) -> tuple[list[Any], str]:
    """A row, and the error that stopped it; "" if none did."""
    try:
        answers = np.asarray(locate(steps), dtype=np.float64)
        shares = steps.evaluate(steps.distance(answers, task.truth))
        same = evaluation.error_km(answers, package) <= SAME_KM
        return [*(_percent(shares[place]) for place in range(5)), int(same.sum())], ""
    except Exception as error:  # whatever the reader's code may raise
        name = type(error).__name__
        return [*["–"] * 5, name], f"{name}: {error}"


def _percent(share: float) -> str:
    return f"{100 * float(share):.0f}"
