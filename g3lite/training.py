"""Training the heads of geo-alignment on cached features (the paper's Section 4.1).

One loop for one process and for many: each of them reads its share of every batch, and the
negatives of a photo are gathered from all of them, so that the loss is that of the joined batch
(``torchrun --nproc_per_node 2 -m g3lite.cli align ...``).
"""

from __future__ import annotations

import hashlib
import json
import math
import time
import warnings
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, broadcast_object_list, set_seed
from torch import Tensor
from torch.distributed.nn.functional import all_gather
from tqdm.auto import tqdm

from g3lite.alignment import Embeddings, GeoAlignment, alignment_loss, within_km
from g3lite.backbone import Backbone
from g3lite.geo import great_circle_km
from g3lite.photos import PhotoSet
from g3lite.places import place_texts
from g3lite.support import weights
from g3lite.support.checkpoint import Checkpoint
from g3lite.support.processes import on_cpu


@dataclass(frozen=True)
class AlignmentDataset:
    """What geo-alignment learns from, row by row; made once, on disk in the feature cache.

    Attributes:
        image: (n, d) image features as the frozen tower gives them, float32, or float16 that may be
            mapped from disk: batches are read from there.
        texts: (m, d) likewise, of the m different place texts; (1, 0) where there are none.
        text_of: int64 (n,) which of them belongs to each photo.
        coordinates: float64 (n, 2).
        digest: what its contents are known by; "" if they are to be hashed where that matters.
    """

    image: np.ndarray
    texts: np.ndarray
    text_of: np.ndarray
    coordinates: np.ndarray
    digest: str = ""

    def __len__(self) -> int:
        return len(self.image)

    @classmethod
    def from_photos(
        cls, photos: PhotoSet, backbone: Backbone, wording: str = "paper"
    ) -> AlignmentDataset:
        """Encode a photo set and its place texts; damaged photos are left out with a warning.

        A backbone without a text tower (`Backbone.wrap`) gives a data set without texts.
        """
        features = backbone.image_features(photos, on_error="skip", normalize=False)
        rows = photos.table.set_index("IMG_ID").loc[features.ids].reset_index()
        if not backbone.has_text:
            return cls.without_texts(features.vectors, rows[["LAT", "LON"]].to_numpy(float))
        texts, text_of = np.unique(place_texts(rows, wording), return_inverse=True)
        encoded = backbone.text_features(list(texts), normalize=False)
        coordinates = rows[["LAT", "LON"]].to_numpy(float)
        return cls(features.vectors, encoded, text_of.astype(np.int64), coordinates)

    @classmethod
    def without_texts(cls, image: np.ndarray, coordinates: np.ndarray) -> AlignmentDataset:
        """Photos of which image features and coordinates are known, for `use_text=False`."""
        return cls(image, np.empty((1, 0), "float32"), np.zeros(len(image), "int64"), coordinates)

    def batch(self, rows: np.ndarray, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
        """Image features, text features (float32) and coordinates of some rows."""
        image, texts = self.image[rows], self.texts[self.text_of[rows]]
        parts = np.float32(image), np.float32(texts), self.coordinates[rows]
        return tuple(torch.from_numpy(part).to(device) for part in parts)


@dataclass(frozen=True)
class Schedule:
    """How to train. The defaults are the paper's."""

    epochs: int = 10
    batch_size: int = 256
    """Photos of a joined batch: all processes together."""
    lr: float = 3e-5
    weight_decay: float = 1e-6
    decay: float = 0.87
    """The learning rate is multiplied by this after each epoch, or as `decay_every` says."""
    patience: int | None = None
    """Stop after so many epochs that were no better on validation; None: never."""
    seed: int = 0
    use_text: bool = True
    """False trains image and GPS alone (the paper's Table 5)."""
    mask_same_text: bool = False
    """Photos with the same place text are no negatives of each other."""
    mask_km: float | None = None
    """Photos at most so many km apart are no negatives of each other."""
    decay_every: int | float | None = None
    """When the rate has been multiplied by `decay` once, falling smoothly: after so many steps (a
    whole number), or after this fraction of the run (0.25). None: at the end of each epoch, which
    a data set of few steps per epoch does not survive."""
    select: Literal["loss", "accuracy"] = "loss"
    """What the best epoch is best in, on validation."""
    near_km: float = 200.0
    """Validation accuracy: an answer at most so many km off counts as right."""

    def __post_init__(self) -> None:
        every = self.decay_every
        if every is not None and not (every >= 1 if isinstance(every, int) else 0 < every <= 1):
            raise ValueError(
                f"decay_every={every!r}: name a number of steps, or a fraction like 0.1"
            )
        if self.select not in ("loss", "accuracy"):
            raise ValueError(f"select={self.select!r} is unknown; use 'loss' or 'accuracy'")

    def rate(self, epoch: int, step: int, steps: int) -> float:
        """The learning rate of a step, both counted from 0; an epoch has so many `steps`."""
        if self.decay_every is None:
            return self.lr * self.decay**epoch
        run = 1 if isinstance(self.decay_every, int) else self.epochs * steps
        return self.lr * self.decay ** ((epoch * steps + step) / (self.decay_every * run))


SCHEDULES = {
    "paper": Schedule(),
    "small": Schedule(epochs=30, lr=1e-3, weight_decay=0.05, patience=3),
}
"""Presets: the paper's (4.1 million photos, a location encoder that GeoCLIP has trained), and one
for tens of thousands of photos and a model that starts from nothing."""
CHANCE = 0.98
"""A validation loss above this share of guessing's is said to be one of guessing."""
GPS_CHOICES = 4096
"""Validation accuracy: photos choose among the coordinates of so many training photos."""


def fit(
    model: GeoAlignment,
    train: AlignmentDataset,
    validation: AlignmentDataset,
    schedule: Schedule = SCHEDULES["paper"],
    folder: str | Path | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Train `model` in place; it ends with the weights of its best epoch on validation.

    Args:
        model: the model; it is moved to the GPU if there is one.
        train: what it learns from.
        validation: what the best epoch is chosen by, never a test set.
        schedule: how long and how fast.
        folder: where the state is kept after each epoch. A run that was stopped goes on from there
            and ends with the same numbers; one that has as many epochs or more is only read. None
            keeps nothing.
        progress: show a progress bar.

    The schedule's seed becomes that of random, numpy and torch. Validation loss is the mean over
    whole batches. A warning says if it never falls below that of guessing, ln(n) per term of the
    loss in a batch of n.

    Returns:
        One row per epoch: epoch, loss (training), validation_loss, accuracy (share of validation
        photos whose best GPS embedding, of at most `GPS_CHOICES` training coordinates, is within
        the schedule's `near_km`), lr (of the first step), seconds.

    Raises:
        ValueError: too few photos, features that do not fit the model, or a batch that the
            processes cannot share alike.
        FloatingPointError: the loss is not finite.
    """
    if min(len(train), len(validation)) < 2:
        raise ValueError(f"{len(train)} photos to train on, {len(validation)} to validate: too few")
    _check_widths(model, schedule, train=train, validation=validation)
    accelerator = _accelerator(schedule)
    set_seed(schedule.seed)
    optimizer = _optimizer(model, schedule)
    wrapped, optimizer = accelerator.prepare(model, optimizer)
    checkpoint = Checkpoint(model, optimizer, accelerator)
    if folder is not None:
        checkpoint.path = Path(folder) / f"alignment-{_key(model, train, validation, schedule)}.pt"
    history, best = checkpoint.restore()

    steps = len(_batches(len(train), 0, schedule, accelerator))
    bar = tqdm(
        total=schedule.epochs * steps, initial=len(history) * steps, desc="geo-alignment",
        disable=not (progress and accelerator.is_main_process), unit="step",
    )  # fmt: skip
    for epoch in range(len(history), schedule.epochs):
        if _has_stalled(history, schedule):
            break
        began, losses = time.perf_counter(), []
        model.train()
        for step, rows in enumerate(_batches(len(train), epoch, schedule, accelerator)):
            for group in optimizer.param_groups:
                group["lr"] = schedule.rate(epoch, step, steps)
            loss = _loss(wrapped, train, rows, schedule, accelerator)
            optimizer.zero_grad()
            accelerator.backward(loss)
            optimizer.step()
            losses.append(loss.detach())
            bar.update()
        epoch_loss = float(torch.stack(losses).mean())
        if not np.isfinite(epoch_loss):
            raise FloatingPointError(f"the loss of epoch {epoch + 1} is {epoch_loss}; lower the lr")

        validation_loss, accuracy = _of_first_process(validate(model, train, validation, schedule))
        history.append(
            {
                "epoch": epoch + 1, "loss": epoch_loss, "validation_loss": validation_loss,
                "accuracy": accuracy, "lr": schedule.rate(epoch, 0, steps),
                "seconds": time.perf_counter() - began,
            }
        )  # fmt: skip
        bar.set_postfix(loss=epoch_loss, validation=validation_loss, accuracy=accuracy)

        if _worse(history[-1], schedule) <= min(_worse(row, schedule) for row in history):
            best = {name: tensor.cpu().clone() for name, tensor in model.state_dict().items()}
        checkpoint.save(history, best)

    bar.total = bar.n
    bar.close()
    # Called for its effect: it takes the float16 wrapper of `prepare` off `model.forward` again.
    accelerator.unwrap_model(wrapped, keep_fp32_wrapper=False)
    model.load_state_dict(best)
    model.eval()
    if accelerator.is_main_process:
        _warn_at_chance(history, min(schedule.batch_size, len(validation)), schedule)
    return pd.DataFrame(history)


def _check_widths(model: GeoAlignment, schedule: Schedule, **parts: AlignmentDataset) -> None:
    """Refuse features of another width than the model's, which torch would not name."""
    if schedule.use_text and not model.config.text:
        raise ValueError("these heads have no texts (text=0): train them with use_text=False")
    for part, photos in parts.items():
        for kind in ("image", "texts"):
            have, want = getattr(photos, kind).shape[1], getattr(model.config, kind.rstrip("s"))
            if have != want and want:
                raise ValueError(
                    f"the {kind} of {part} have features of {have} numbers, the heads are for "
                    f"{want}: make them with GeoAlignmentConfig({kind.rstrip('s')}={have})"
                )


def _warn_at_chance(history: list[dict], n: int, schedule: Schedule) -> None:
    """Say so if no epoch did better on validation than guessing among n photos."""
    best = min((row["validation_loss"] for row in history), default=0.0)
    terms = 1 + schedule.use_text
    if best > CHANCE * terms * math.log(n):
        accuracy = max(row["accuracy"] for row in history)
        advice = "T"
        if schedule.decay_every is None:  # it dies soon where an epoch has few steps
            advice = "Let the rate decay over the run (decay_every=0.25), for more epochs; else t"
        warnings.warn(
            f"validation stays at chance: its best loss is {best:.2f}, that of guessing among "
            f"{n} photos {terms * math.log(n):.2f} ({'2 ' * schedule.use_text}ln {n}); within "
            f"{schedule.near_km:g} km at best {accuracy:.1%}. {advice}ake more photos, or a "
            "backbone that knows such photos",
            stacklevel=3,
        )


def _optimizer(model: GeoAlignment, schedule: Schedule) -> torch.optim.Optimizer:
    """AdamW. Decay would pull the logit scales, which are logarithms, to 1: they have none."""
    decayed = [p for name, p in model.named_parameters() if name != "log_scales"]
    return torch.optim.AdamW(
        [{"params": decayed, "weight_decay": schedule.weight_decay},
         {"params": [model.log_scales], "weight_decay": 0.0}],
        lr=schedule.lr,
    )  # fmt: skip


def _batches(n: int, epoch: int, schedule: Schedule, accelerator: Accelerator) -> list[np.ndarray]:
    """The rows of each joined batch of an epoch, in its own order; an incomplete one is dropped."""
    size = min(schedule.batch_size, n)
    size -= size % accelerator.num_processes
    order = np.random.RandomState(schedule.seed + epoch).permutation(n)
    return [order[start : start + size] for start in range(0, n - size + 1, size)]


def _loss(
    model: torch.nn.Module, photos: AlignmentDataset, rows: np.ndarray, schedule: Schedule,
    accelerator: Accelerator,
) -> Tensor:  # fmt: skip
    """The loss of a joined batch, of which this process encodes its own share."""
    with accelerator.autocast():
        own = model(*photos.batch(_share(rows, accelerator), accelerator.device))
    batch = Embeddings(*(part.float() for part in _gather(own, accelerator)))
    same_text = too_near = None  # (b, b), True where two photos are no negatives of each other
    if schedule.mask_same_text:
        text_of = torch.from_numpy(photos.text_of[rows]).to(accelerator.device)
        same_text = text_of[:, None] == text_of
    if schedule.mask_km is not None:
        too_near = within_km(torch.from_numpy(photos.coordinates[rows]), schedule.mask_km)
        too_near = too_near.to(accelerator.device)
    return alignment_loss(batch, same_text, too_near, schedule.use_text)


@torch.inference_mode()
def validate(
    model: GeoAlignment, train: AlignmentDataset, validation: AlignmentDataset, schedule: Schedule
) -> tuple[float, float]:
    """Validation loss over fixed batches, and image-to-GPS accuracy (see `fit`).

    Without the schedule's masks, so that runs with different masks can be compared.
    """
    model.eval()
    order = np.random.RandomState(0).permutation(len(validation))
    size = min(schedule.batch_size, len(order))
    losses = []
    for start in range(0, len(order) - size + 1, size):
        batch = model(*validation.batch(order[start : start + size], model.device))
        losses.append(alignment_loss(batch, use_text=schedule.use_text).item())
    choices = np.random.RandomState(0).permutation(len(train))[:GPS_CHOICES]
    answers = train.coordinates[choices]
    best = model.nearest_gps(validation.image, answers)[1][:, 0]
    near = great_circle_km(answers[best], validation.coordinates) <= schedule.near_km
    return float(np.mean(losses)), float(near.mean())


def _worse(row: dict, schedule: Schedule) -> float:
    """What of an epoch's row of the history is to be small."""
    return row["validation_loss"] if schedule.select == "loss" else -row["accuracy"]


def _has_stalled(history: list[dict], schedule: Schedule) -> bool:
    """Whether the best epoch is `schedule.patience` epochs old, or older."""
    losses = [_worse(row, schedule) for row in history]
    since = len(losses) - 1 - int(np.argmin(losses)) if losses else 0
    return schedule.patience is not None and since >= schedule.patience


# ---------------------------------------------------------------------------- several processes


def _accelerator(schedule: Schedule) -> Accelerator:
    """The device and the other processes of this run; float16 on a GPU."""
    accelerator = Accelerator(
        cpu=on_cpu(),
        mixed_precision="fp16" if torch.cuda.is_available() else "no",
        kwargs_handlers=[
            # Without the text term the text heads have no gradient to wait for.
            DistributedDataParallelKwargs(find_unused_parameters=not schedule.use_text)
        ],
    )
    if schedule.batch_size % accelerator.num_processes:
        raise ValueError(
            f"batch_size {schedule.batch_size} cannot be shared by {accelerator.num_processes} "
            "processes alike; choose a multiple"
        )
    return accelerator


def _share(rows: np.ndarray, accelerator: Accelerator) -> np.ndarray:
    """The rows of a joined batch that this process encodes."""
    size = len(rows) // accelerator.num_processes
    return rows[accelerator.process_index * size : (accelerator.process_index + 1) * size]


def _gather(own: Embeddings, accelerator: Accelerator) -> Embeddings:
    """The embeddings (b, shared) of the joined batch, from those of each process.

    Gradients flow back through the gathering to the process that each row came from.
    """
    if accelerator.num_processes == 1:
        return own
    return Embeddings(*(torch.cat(all_gather(part)) for part in own[:4]), *own[4:])


def _of_first_process(figures: tuple[float, ...]) -> list[float]:
    """The figures of the first process, which decides for all: a last bit may differ among them."""
    return broadcast_object_list(list(figures))


# ------------------------------------------------------------------------------------- resuming


def _key(
    model: GeoAlignment, train: AlignmentDataset, validation: AlignmentDataset, schedule: Schedule
) -> str:
    """What a run is known by: config, first weights, schedule and data.

    Its length is no part of it, unless the rate depends on that.
    """
    epochs = schedule.epochs if isinstance(schedule.decay_every, float) else 0
    about = [asdict(model.config), asdict(replace(schedule, epochs=epochs, patience=None))]
    key = hashlib.sha256(weights.digest(model.state_dict(), json.dumps(about)).encode())
    key.update(f"{train.digest}{validation.digest}".encode())
    for photos in (photos for photos in (train, validation) if not photos.digest):
        for array in (photos.image, photos.texts, photos.text_of, photos.coordinates):
            key.update(np.ascontiguousarray(array))
    return key.hexdigest()[:16]
