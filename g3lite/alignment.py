"""Geo-alignment: image, place text and GPS brought into common spaces (the paper's Section 3.1).

A frozen CLIP gives one vector per photo and per place text, `LocationEncoder` one per coordinate.
Small heads carry the image's vector into two spaces, one shared with texts and one with GPS, and a
contrastive loss pulls what belongs together close. Features of the frozen model are computed once
(`backbone`), so an epoch costs seconds where re-encoding every photo costs hours.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike
from safetensors.torch import save
from torch import Tensor, nn

from g3lite.backbone import check_device, unit_rows
from g3lite.geo import EARTH_RADIUS_KM, check_coordinates
from g3lite.index import neighbours
from g3lite.location import SIGMAS, LocationEncoder
from g3lite.paths import shipped
from g3lite.support.records import read_json
from g3lite.support.weights import check_state, read_state

FIRST_LOG_SCALE = 3.99
"""Where the paper's learned log-temperatures start: exp(3.99) = 54."""


@dataclass(frozen=True)
class GeoAlignmentConfig:
    """The sizes of a `GeoAlignment`; the defaults are the official model's."""

    image: int = 768
    """Length of the frozen image features."""
    text: int = 768
    """Length of the frozen text features; 0 for heads of image and GPS alone."""
    shared: int = 768
    """Length of a vector in the image-text space and in the image-GPS space."""
    gps: int = 512
    """Length of the location encoder's output."""
    gps_width: int = 1024
    frequencies: int = 256
    sigmas: tuple[float, ...] = SIGMAS
    projection: str = "mercator_yx"


CONFIGS = {
    "official": GeoAlignmentConfig(),
    "mini": GeoAlignmentConfig(
        image=256, text=256, shared=256, gps=256, gps_width=256, frequencies=128,
    ),
}  # fmt: skip
"""Presets: the official model on CLIP ViT-L/14, and a small one on MiniCLIP."""


class Embeddings(NamedTuple):
    """A batch in the two spaces: unit rows (n, shared), and the two logit scales."""

    image_text: Tensor
    text: Tensor
    image_gps: Tensor
    gps: Tensor
    text_scale: Tensor
    gps_scale: Tensor


# --------------------------------------------------------------------------------------------- loss


def info_nce(logits: Tensor, exclude: Tensor | None = None) -> Tensor:
    """Symmetric InfoNCE: each row's match among its columns, each column's among its rows, halved.

    Args:
        logits: (n, n) similarities times the logit scale; row i belongs to column i.
        exclude: (n, n) booleans; True off the diagonal leaves a pair out of the negatives.
    """
    target = torch.arange(len(logits), device=logits.device)
    if exclude is not None:
        off = exclude & ~torch.eye(len(logits), dtype=torch.bool, device=logits.device)
        logits = logits.masked_fill(off, float("-inf"))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def alignment_loss(
    batch: Embeddings,
    same_text: Tensor | None = None,
    too_near: Tensor | None = None,
    use_text: bool = True,
) -> Tensor:
    """G3's loss: InfoNCE of image and text plus InfoNCE of image and GPS (no text-GPS term).

    `same_text` and `too_near` (n, n) mark pairs of different photos that are no true negatives;
    the paper leaves both in. Without text only the second term is left (the paper's Table 5).
    """
    gps_logits = batch.gps_scale * batch.gps @ batch.image_gps.T  # (n, shared) -> (n, n)
    loss = info_nce(gps_logits, too_near)
    if use_text:
        text_logits = batch.text_scale * batch.text @ batch.image_text.T  # (n, n)
        loss = loss + info_nce(text_logits, same_text)
    return loss


def within_km(coordinates: Tensor, km: float) -> Tensor:
    """(n, 2) degrees -> (n, n) booleans: which pairs are at most `km` apart on the great circle."""
    lat, lon = torch.deg2rad(coordinates.double()).unbind(-1)
    points = torch.stack([lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()], -1)  # (n, 3)
    half_angle = min(km / (2 * EARTH_RADIUS_KM), math.pi / 2)
    exact = "donot_use_mm_for_euclid_dist"  # the other way errs by metres
    return torch.cdist(points, points, compute_mode=exact) <= 2 * math.sin(half_angle)


# -------------------------------------------------------------------------------------------- heads


def _head(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


class GeoAlignment(nn.Module):
    """The trained part of G3: location encoder, four heads, logit scales.

    Image and text features go in as the frozen towers give them, not normalised (as in the
    official code); every vector that comes out has length 1.
    """

    def __init__(self, config: GeoAlignmentConfig = CONFIGS["official"]) -> None:
        super().__init__()
        self.config = config
        self.location_encoder = LocationEncoder(
            config.projection, config.sigmas, config.frequencies, config.gps_width, config.gps
        )
        texts = config.text > 0
        self.image_to_text_head = (
            _head(config.image, config.image, config.shared) if texts else None
        )
        self.image_to_gps_head = _head(config.image, config.image, config.shared)
        self.text_head = _head(config.text, config.text, config.shared) if texts else None
        self.gps_head = _head(config.gps, config.gps, config.shared)
        # image-text, image-GPS, and one for text-GPS that the paper's loss has no use for
        self.log_scales = nn.Parameter(torch.full((3,), FIRST_LOG_SCALE))

    def image_to_text(self, image: Tensor) -> Tensor:
        """Image features (n, image) -> the image-text space, (n, shared); zeros without texts."""
        return self._embed(self.image_to_text_head, image)

    def image_to_gps(self, image: Tensor) -> Tensor:
        """Image features (n, image) -> the image-GPS space, (n, shared)."""
        return F.normalize(self.image_to_gps_head(image), dim=-1)

    def text(self, text: Tensor) -> Tensor:
        """Text features (n, text) -> the image-text space, (n, shared); zeros without texts."""
        return self._embed(self.text_head, text)

    def gps(self, coordinates: Tensor) -> Tensor:
        """Coordinates (n, 2) in degrees -> the image-GPS space, (n, shared)."""
        return F.normalize(self.gps_head(self.location_encoder(coordinates)), dim=-1)

    def _embed(self, head: nn.Module | None, rows: Tensor) -> Tensor:
        if head is None:
            return rows.new_zeros(len(rows), self.config.shared)
        return F.normalize(head(rows), dim=-1)

    def forward(self, image: Tensor, text: Tensor, coordinates: Tensor) -> Embeddings:
        """A batch of n photos with their place texts and coordinates, in the two spaces."""
        scales = self.log_scales.exp()
        return Embeddings(
            self.image_to_text(image), self.text(text),
            self.image_to_gps(image), self.gps(coordinates),
            scales[0], scales[1],
        )  # fmt: skip

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.log_scales.device

    # ------------------------------------------------------------------------ numpy in and out

    def _in_parts(
        self, function: Callable[[Tensor], Tensor], rows: np.ndarray, size: int = 4096
    ) -> np.ndarray:
        parts = [np.empty((0, self.config.shared), dtype=np.float32)]
        with torch.inference_mode():
            for start in range(0, len(rows), size):
                part = torch.from_numpy(np.ascontiguousarray(rows[start : start + size]))
                part = part.float() if self.device.type == "mps" else part  # it has no float64
                parts.append(function(part.to(self.device)).float().cpu().numpy())
        return np.concatenate(parts)

    def embed_images(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Image features (n, image), not normalised -> (n, shared) in either space: text, GPS."""
        features = _features(features, self.config.image, "image")
        return (
            self._in_parts(self.image_to_text, features),
            self._in_parts(self.image_to_gps, features),
        )

    def embed_coordinates(self, coordinates: ArrayLike) -> np.ndarray:
        """Coordinates (n, 2) in degrees -> (n, shared)."""
        return self._in_parts(self.gps, check_coordinates(coordinates))

    def database_vectors(self, features: np.ndarray) -> np.ndarray:
        """What the gallery stores: [image, image-to-text, image-to-GPS], (n, image + 2 shared).

        Each of the three parts has length 1, so an inner product of two such vectors is the sum of
        three cosines. (The paper's Section 3.2: 3 x 768 = 2304 numbers.) Heads without texts leave
        out the image-to-text part.
        """
        to_text, to_gps = self.embed_images(features)
        plain = unit_rows(np.asarray(features, dtype=np.float32))
        return np.hstack([plain, *([to_text] if self.config.text else []), to_gps])

    def nearest_gps(
        self, features: np.ndarray, coordinates: ArrayLike, k: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k coordinates that suit each photo best, out of a gallery of coordinates.

        GeoCLIP's way to locate a photo (Vivanco Cepeda et al., NeurIPS 2023): no gallery photos,
        only places, and the image-GPS space.

        Args:
            features: (n, image) image features, not normalised.
            coordinates: (g, 2) the gallery, degrees.

        Returns:
            Similarities float32 (n, k), best first, and gallery rows int64 (n, k).
        """
        _, to_gps = self.embed_images(features)
        return neighbours(to_gps, self.embed_coordinates(coordinates), k)

    def similarity_map(
        self, features: np.ndarray, step: float = 1.0
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """How well each photo suits every point of a grid over the globe.

        Args:
            features: (n, image) image features, not normalised.
            step: degrees between neighbouring points; must divide 180.

        Returns:
            Latitudes (h,) and longitudes (w,) of the middles of the cells, south to north and west
            to east, and cosines float32 (n, h, w).
        """
        h = round(180 / step) if 0 < step <= 180 else 0
        if abs(h * step - 180) > 1e-9 or not h:
            raise ValueError(f"step {step} does not divide 180 degrees")
        lat = -90 + step * (np.arange(h) + 0.5)
        lon = -180 + step * (np.arange(2 * h) + 0.5)
        grid = np.stack(np.meshgrid(lat, lon, indexing="ij"), axis=-1).reshape(-1, 2)
        _, to_gps = self.embed_images(features)
        return lat, lon, (to_gps @ self.embed_coordinates(grid).T).reshape(-1, h, 2 * h)

    # ---------------------------------------------------------------------------------- files

    def save_pretrained(self, folder: str | Path) -> None:
        """Write `config.json` and `model.safetensors` into a folder."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(asdict(self.config), indent=2) + "\n")
        tensors = {name: t.detach().cpu().contiguous() for name, t in self.state_dict().items()}
        (folder / "model.safetensors").write_bytes(save(tensors))

    @classmethod
    def from_pretrained(cls, source: str | Path, device: str = "cpu") -> GeoAlignment:
        """Load what `save_pretrained` wrote.

        Args:
            source: "mini" for the heads that are shipped, trained with MiniCLIP's features on the
                whole gallery of MiniEarth; or a local folder, or a repository id of the hub.
            device: where the model goes; "auto" for the GPU if there is one.

        Raises:
            FileNotFoundError: the folder lacks one of the two files.
            ValueError: the weights do not fit the configuration; the message names the tensors.
            G3Error: a file is damaged.
        """
        folder = shipped("alignment") if source == "mini" else Path(source)
        if not folder.is_dir() and (folder.is_absolute() or len(folder.parts) != 2):
            raise FileNotFoundError(f"{folder} is no folder, and no repository id (owner/name)")
        if not folder.is_dir():
            from huggingface_hub import snapshot_download

            files = ["config.json", "model.safetensors"]
            folder = Path(snapshot_download(str(source), allow_patterns=files))
        for name in ("config.json", "model.safetensors"):
            if not (folder / name).is_file():
                raise FileNotFoundError(f"{folder} holds no {name}; save_pretrained writes it")
        config = read_json(folder / "config.json", "save_pretrained writes it")
        expected = {field.name for field in fields(GeoAlignmentConfig)}
        if config.keys() != expected:
            differ = ", ".join(sorted(config.keys() ^ expected))
            raise ValueError(f"{folder / 'config.json'}: unknown or missing: {differ}")
        model = cls(GeoAlignmentConfig(**{**config, "sigmas": tuple(config["sigmas"])}))
        state = read_state(folder / "model.safetensors")
        check_state(model.state_dict(), state, str(folder))
        model.load_state_dict(state)
        return model.to(check_device(device)[0]).eval()


def _features(features: np.ndarray, width: int, name: str) -> np.ndarray:
    features = np.asarray(features, dtype=np.float32)
    if features.ndim != 2 or features.shape[1] != width:
        raise ValueError(
            f"{name} features have shape {features.shape}, expected (n, {width}): were they made "
            "by another backbone?"
        )
    return features
