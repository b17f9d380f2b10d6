"""The frozen image and text towers, and a disk cache of their features.

G3 keeps CLIP ViT-L/14 frozen and trains small heads on top of it (the paper's Geo-alignment).
Features of a frozen model never change, so each photo is encoded once and its vector is kept on
disk: every training epoch, the index and the queries all read the same vectors.

Any open_clip model will do: a local folder such as `data/miniclip`, a pretrained model by name
("ViT-L-14-quickgelu:openai"), or one from a hub ("hf-hub:org/name").
"""

from __future__ import annotations

import difflib
import hashlib
import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from pickle import UnpicklingError
from typing import Literal

import numpy as np
import open_clip
import torch
from PIL import Image
from safetensors import SafetensorError
from torch import nn
from tqdm.auto import tqdm

from g3lite import G3Error
from g3lite.paths import cache_dir, shipped
from g3lite.photos import PhotoSet
from g3lite.support import weights
from g3lite.support.batches import in_batches
from g3lite.support.decoding import decoding
from g3lite.support.encoders import image_tower
from g3lite.support.feature_cache import _Store

CHUNK = 512
"""Photos per file of the feature cache, and so the most that an interruption can cost."""
MARGIN = 4
"""A JPEG is decoded at half its size, or less, if it is still so many times as large as the model's
input. Only pictures of more than twice that are concerned: at 224 pixels, those of 1,792 or more on
the shorter side. Features then have a cosine of at least 0.9999 with those of the full size
(`benchmarks/pictures.py`)."""


@dataclass(frozen=True, eq=False)
class Features:
    """Image features of a photo set.

    Attributes:
        ids: the n IMG_IDs that have a vector, in the order of the photo set.
        vectors: float32 (n, d), L2-normalised rows unless they were asked for as they are.
        skipped: IMG_ID -> reason, for the damaged photos that were left out.
        stored: how many vectors were on disk already, from an earlier call.
    """

    ids: list[str]
    vectors: np.ndarray
    skipped: dict[str, str]
    stored: int = 0

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Backbone:
    """A frozen model; make one with `load` (open_clip) or `wrap` (any image encoder).

    Attributes:
        name: the name it was loaded by.
        source: open_clip's own name for it; "" for one that was wrapped.
        model: the open_clip model, in evaluation mode and without gradients.
        preprocess: PIL image -> float tensor (3, image_size, image_size), the model's own.
        dim: length d of a feature vector.
        image_size: side of the model's square input, pixels.
        device: where the model is.
        precision: "fp32", or "fp16" for float16 autocast.
        fingerprint: SHA-256 of configuration, weights and preprocessing; the same in every process.
    """

    name: str
    source: str
    model: nn.Module
    preprocess: Callable[[Image.Image], torch.Tensor]
    dim: int
    image_size: int
    device: torch.device
    precision: Literal["fp32", "fp16"]
    fingerprint: str

    @classmethod
    def load(
        cls,
        name: str | Path,
        device: str = "auto",
        precision: Literal["auto", "fp32", "fp16"] = "auto",
    ) -> Backbone:
        """Load an open_clip model.

        Args:
            name: "miniclip", the one that is shipped; or a folder with `open_clip_config.json`,
                weights and tokenizer; or "model:pretrained_tag" of open_clip's list; or
                "hf-hub:org/name".
            device: a torch device, or "auto" for the GPU if there is one.
            precision: "fp16" (float16 autocast, GPU only), "fp32", or "auto" for the first on CUDA
                and the second elsewhere, and for "miniclip".

        Raises:
            FileNotFoundError: the folder holds no open_clip model.
            ValueError: the name is unknown, or its activation function is not the one the weights
                were trained with (open_clip itself only warns of that), or the precision is not
                possible on the device.
            G3Error: its files are damaged, or cannot be had.
        """
        source, tag = _resolve(str(shipped(name) if name == "miniclip" else name))
        if name == "miniclip" and precision == "auto":
            precision = "fp32"  # it is small, and its features are the same everywhere so
        place, precision = check_device(device, precision)
        try:
            model, preprocess = open_clip.create_model_from_pretrained(source, pretrained=tag)
        except (OSError, EOFError, RuntimeError, UnpicklingError, SafetensorError) as error:
            raise G3Error(
                f"the model {name} cannot be loaded ({error}). Is there a network? If its files "
                "are damaged, delete them and fetch it again"
            ) from error
        return cls.from_model(model, preprocess, str(name), source, place, precision)

    @classmethod
    def from_model(
        cls,
        model: nn.Module,
        preprocess: Callable[[Image.Image], torch.Tensor],
        name: str,
        source: str,
        device: str | torch.device = "auto",
        precision: Literal["auto", "fp32", "fp16"] = "auto",
    ) -> Backbone:
        """An open_clip model that is in memory already; the arguments are those of the class."""
        place, precision = check_device(device, precision)
        model.eval().requires_grad_(False)
        config = open_clip.get_model_config(source)
        preprocessing = open_clip.get_model_preprocess_cfg(model)
        about = json.dumps([config, preprocessing], sort_keys=True)
        fingerprint = weights.digest(model.state_dict(), about)
        size = preprocessing["size"]
        return cls(
            name=name,
            source=source,
            model=model.to(place),
            preprocess=preprocess,
            dim=config["embed_dim"],
            image_size=size if isinstance(size, int) else size[0],
            device=place,
            precision=precision,
            fingerprint=fingerprint,
        )

    @classmethod
    def wrap(
        cls,
        module: nn.Module,
        preprocess: Callable[[Image.Image], torch.Tensor],
        dim: int,
        name: str | None = None,
        device: str | torch.device = "auto",
        precision: Literal["auto", "fp32", "fp16"] = "auto",
    ) -> Backbone:
        """Any frozen image encoder, of torch, timm or your own; it has no text tower.

        Args:
            module: pictures (n, 3, h, w) -> features (n, dim). Of a timm model: made with
                `num_classes=0`. It is set to evaluation mode, and its gradients are turned off.
            preprocess: PIL image (RGB, of any size) -> float tensor (3, h, w), always as large.
            dim: length of a feature vector.
            name: for messages and files; by default that of the module's class.
            device, precision: as for `load`.

        Raises:
            ValueError: preprocess or module give something of another shape.
        """
        place, precision = check_device(device, precision)
        name = name or type(module).__name__
        tower, side, fingerprint = image_tower(module, preprocess, dim, name, place)
        return cls(name, "", tower, preprocess, dim, side, place, precision, fingerprint)

    @property
    def has_text(self) -> bool:
        """Whether it has a text tower; one that `wrap` made has none."""
        return bool(self.source)

    @cached_property
    def tokenizer(self) -> Callable[[list[str]], torch.Tensor]:
        """Texts -> token ids (n, context length). Made on first use: importing it may be slow."""
        return open_clip.get_tokenizer(self.source)

    def image_features(
        self,
        photos: PhotoSet,
        batch_size: int = 64,
        on_error: Literal["raise", "skip"] = "raise",
        cache: bool = True,
        workers: int = 0,
        progress: bool = True,
        normalize: bool = True,
    ) -> Features:
        """Encode the pictures of a photo set.

        Vectors are kept under `cache_dir()` as they are made, by model, precision, `photos.version`
        and IMG_ID: a photo is encoded once, whatever subset is asked for, and an interrupted call
        goes on where it stopped. A set without a version is encoded afresh each time. One that
        brings features of this model (`photos.ready`) is not encoded.

        Args:
            photos: the photo set.
            batch_size: pictures per step of the model; halved as often as memory runs out.
            on_error: "raise" stops at a damaged photo; "skip" leaves it out, warns, and lists it in
                `Features.skipped`. Skipped photos are tried again in the next call.
            cache: read and write the disk cache.
            workers: threads that decode pictures while the model computes; 0 for one per CPU core,
                at most 8. `photos.source` itself is called in the calling thread only.
            progress: show a progress bar while there is something to encode.
            normalize: give unit rows; False gives the tower's own output, as G3's heads read it.

        Raises:
            DamagedPhoto: a picture is absent or damaged, and `on_error` is "raise".
            FloatingPointError: the model gave a vector that is not finite.
        """
        if on_error not in ("raise", "skip"):
            raise ValueError(f"on_error={on_error!r} is unknown; use 'raise' or 'skip'")
        known = photos.ready and photos.ready(self.fingerprint, photos.ids)
        if known is not None:
            rows = unit_rows(known) if normalize else known
            return Features(photos.ids, rows, {}, len(photos))
        store = _Store(self._cache_folder(photos.version)) if cache and photos.version else None
        vectors = store.read(photos.ids) if store else {}
        todo = [img_id for img_id in photos.ids if img_id not in vectors]
        skipped: dict[str, str] = {}
        unsaved: dict[str, np.ndarray] = {}
        bar = tqdm(
            desc=f"features of {photos.name}",
            total=len(photos),
            initial=len(vectors),
            unit="photo",
            disable=not (progress and todo),
        )
        encode_images = partial(self.encode, self.model.encode_image)
        try:
            side = MARGIN * self.image_size
            for pictures, damaged in decoding(
                photos.read, todo, self.preprocess, side, batch_size, workers
            ):
                if damaged and on_error == "raise":
                    raise damaged[0]
                skipped.update((error.img_id, error.reason) for error in damaged)
                if pictures:
                    batch = torch.stack(list(pictures.values()))
                    parts = []
                    for rows, fits in in_batches(encode_images, batch, batch_size):
                        parts.append(rows)
                        batch_size = fits
                    unsaved.update(zip(pictures, np.concatenate(parts), strict=True))
                if len(unsaved) >= CHUNK and store:
                    vectors.update(store.write(unsaved))
                    unsaved = {}
                bar.update(len(pictures) + len(damaged))
        finally:  # What is finished is kept, also when the user interrupts.
            bar.close()
            if unsaved and store:
                store.write(unsaved)
        vectors.update(unsaved)

        if skipped:
            first = "; ".join(f"{img_id}: {reason}" for img_id, reason in list(skipped.items())[:3])
            warnings.warn(
                f"skipped {len(skipped)} of {len(photos)} photos of {photos.name} ({first}"
                f"{'; ...' if len(skipped) > 3 else ''})",
                stacklevel=2,
            )
        ids = [img_id for img_id in photos.ids if img_id not in skipped]
        rows = np.array([vectors[img_id] for img_id in ids], dtype=np.float32)
        rows = rows.reshape(len(ids), self.dim)
        stored = len(photos) - len(todo)
        return Features(ids, unit_rows(rows) if normalize else rows, skipped, stored)

    def text_features(
        self, texts: Sequence[str], batch_size: int = 256, normalize: bool = True
    ) -> np.ndarray:
        """Encode texts: float32 (n, d), L2-normalised rows unless `normalize` is False.

        The model's tokenizer cuts texts that are longer than its context (CLIP: 77 tokens).
        """
        if isinstance(texts, str):
            raise TypeError(f"texts must be a list of strings; use [{texts!r}] for a single one")
        if not self.has_text:
            raise G3Error(f"{self.name} has no text tower; train heads with text=0 on it")
        parts = [np.empty((0, self.dim), dtype=np.float32)]
        for start in range(0, len(texts), batch_size):
            tokens = self.tokenizer(list(texts[start : start + batch_size]))
            parts.append(self.encode(self.model.encode_text, tokens))
        rows = np.concatenate(parts)
        return unit_rows(rows) if normalize else rows

    @torch.inference_mode()
    def encode(self, tower: Callable[..., torch.Tensor], inputs: torch.Tensor) -> np.ndarray:
        """What a tower (`model.encode_image` or `encode_text`) gives for a batch, float32 (n, d).

        Raises:
            FloatingPointError: a number is not finite.
        """
        half = self.precision == "fp16"
        with torch.autocast(self.device.type, dtype=torch.float16, enabled=half):
            features = tower(inputs.to(self.device), normalize=False)
        vectors = features.float().cpu().numpy()
        if not np.isfinite(vectors).all():
            raise FloatingPointError(
                f"{self.name} gave a vector that is not finite"
                + ("; load it with precision='fp32'" if half else "")
            )
        return vectors

    def _cache_folder(self, version: str) -> Path:
        key = json.dumps([self.fingerprint, self.precision, version, "as the tower gives them"])
        return cache_dir() / "features" / hashlib.sha256(key.encode()).hexdigest()[:32]


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """(n, d) vectors scaled to length 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def _resolve(name: str) -> tuple[str, str | None]:
    """The arguments (model name, pretrained tag) of open_clip for a name; checks that they fit."""
    if name.startswith("hf-hub:"):
        return name, None
    if Path(name).is_dir():
        if not (Path(name) / "open_clip_config.json").is_file():
            raise FileNotFoundError(
                f"the folder {name} holds no open_clip_config.json; save a model there with "
                "open_clip.push_to_hf_hub.save_for_hf"
            )
        return f"local-dir:{Path(name).resolve()}", None

    model, _, tag = name.partition(":")
    models = open_clip.list_models()
    if model not in models:
        near = difflib.get_close_matches(model, models)
        raise ValueError(
            f"{name!r} is neither a folder nor a model of open_clip"
            + (f"; did you mean {' or '.join(near)}?" if near else "")
        )
    # Weights trained with QuickGELU (all of OpenAI's) run without error under GELU and give wrong
    # features, and the other way round; the twin configurations differ by their suffix.
    plain = model.removesuffix("-quickgelu")
    pretrained = open_clip.get_pretrained_cfg(plain, tag)
    if not pretrained:
        tags = open_clip.list_pretrained_tags_by_model(model)
        raise ValueError(
            f"open_clip has no weights {tag!r} for {model}; name the model as '{model}:TAG' with "
            f"one of: {', '.join(tags)}"
        )
    quick = pretrained.get("quick_gelu", False)
    right = f"{plain}-quickgelu" if quick else plain
    if model != right and right in models:
        raise ValueError(
            f"the weights {tag!r} were trained {'with' if quick else 'without'} QuickGELU and "
            f"would give wrong features in {model}; use '{right}:{tag}'"
        )
    return model, tag


def check_device(
    device: str | torch.device = "auto", precision: str = "auto"
) -> tuple[torch.device, str]:
    """Where a model goes and how it computes there, with "auto" decided.

    Raises:
        ValueError: there is no such device here, or it cannot compute so.
    """
    place = torch.device(_best_device() if device == "auto" else device)
    if place.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"there is no GPU for device {str(device)!r} here; use 'cpu'")
    if precision == "auto":
        precision = "fp16" if place.type == "cuda" else "fp32"
    if precision not in ("fp32", "fp16"):
        raise ValueError(f"precision {precision!r} is unknown; use 'auto', 'fp32' or 'fp16'")
    if precision == "fp16" and place.type == "cpu":
        raise ValueError("precision 'fp16' needs a GPU; use 'fp32' on the CPU")
    return place, precision


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
