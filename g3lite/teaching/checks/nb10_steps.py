"""The ten steps of notebook 10, solved: right answers, and what takes the place of unsolved ones.

Coordinates are float64 (n, 2), [lat, lon] in degrees. A network is a list of layers, a layer a
(weight, bias) of tensors.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

NAMES = (
    "distance", "waves", "encode", "info_nce", "training_step", "search", "prompt", "read_reply",
    "judge", "evaluate",
)  # fmt: skip
"""The steps in their order: exercise 1 is `distance`."""
RADIUS_KM = 6371.0088
LIMIT = math.atan(math.sinh(math.pi))
THRESHOLDS_KM = (1, 25, 200, 750, 2500)


def network(x: Tensor, layers: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """Layers one after the other, with a ReLU between two of them; notebook 10 gives it."""
    for weight, bias in layers[:-1]:
        x = torch.relu(x @ weight.T + bias)
    weight, bias = layers[-1]
    return x @ weight.T + bias


def distance(a: Any, b: Any) -> np.ndarray:
    """Great-circle distance in km."""
    lat_a, lon_a = np.moveaxis(np.radians(a), -1, 0)
    lat_b, lon_b = np.moveaxis(np.radians(b), -1, 0)
    half = np.sin((lat_b - lat_a) / 2) ** 2
    half = half + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    return 2 * RADIUS_KM * np.arcsin(np.sqrt(half))


def waves(coordinates: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """Fourier features of Mercator's (north, east): float32 (n, 2 m)."""
    lat, lon = np.radians(coordinates).T
    north = np.arcsinh(np.tan(np.clip(lat, -LIMIT, LIMIT))) / math.pi
    points = np.column_stack([north, lon / math.pi])
    angles = 2 * math.pi * points @ frequencies.T
    return np.hstack([np.cos(angles), np.sin(angles)]).astype(np.float32)


def encode(features: list[Tensor], networks: list[Any], head: Any) -> Tensor:
    """One network per scale, summed, then the head; rows of length 1."""
    summed = sum(network(x, layers) for x, layers in zip(features, networks, strict=True))
    return F.normalize(network(summed, head), dim=-1)


def info_nce(images: Tensor, places: Tensor, scale: float) -> Tensor:
    """Symmetric InfoNCE of unit rows, row i with row i."""
    logits = scale * images @ places.T
    target = torch.arange(len(logits))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def training_step(
    head: Any, images: Tensor, places: Tensor, loss: Callable[[Tensor, Tensor], Tensor], rate: float
) -> tuple[Any, float]:
    """The head after one step of gradient descent, and the loss before it."""
    leaves = [[part.clone().requires_grad_() for part in layer] for layer in head]
    value = loss(F.normalize(network(images, leaves), dim=-1), places)
    value.backward()
    moved = [[(part - rate * part.grad).detach() for part in layer] for layer in leaves]
    return moved, value.item()


def search(
    queries: np.ndarray, vectors: np.ndarray, query_authors: Any, authors: Any, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the k most similar and of the k most dissimilar photos by other photographers."""
    products = queries @ vectors.T
    own = np.asarray(query_authors)[:, None] == np.asarray(authors)
    similar = np.argsort(np.where(own, np.inf, -products), axis=1, kind="stable")[:, :k]
    dissimilar = np.argsort(np.where(own, np.inf, products), axis=1, kind="stable")[:, :k]
    return similar, dissimilar


def prompt(wording: str, similar: np.ndarray, dissimilar: np.ndarray) -> str:
    """The wording with both lists, or without the paragraph that names them."""

    def listed(places: np.ndarray) -> str:
        pairs = [f"({lat:.5f}, {lon:.5f})" for lat, lon in np.round(places, 5)]
        return "[" + ", ".join(pairs) + "]"

    paragraphs = wording.strip().split("\n\n")
    if len(similar) == 0:
        paragraphs = [words for words in paragraphs if "$similar" not in words]
    text = "\n\n".join(paragraphs)
    return text.replace("$similar", listed(similar)).replace("$dissimilar", listed(dissimilar))


def read_reply(text: str) -> tuple[float, float] | None:
    """(lat, lon) of the only JSON object in a reply; None if there is no place in it."""
    objects = re.findall(r"\{[^{}]*\}", text)
    try:
        (answer,) = [json.loads(one) for one in objects]
        place = answer["latitude"], answer["longitude"]
    except (ValueError, KeyError):
        return None
    if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in place):
        return None
    return place if abs(place[0]) <= 90 and abs(place[1]) <= 180 else None


def judge(image: np.ndarray, vectors: np.ndarray) -> int | None:
    """The row of the vector that suits the image best; NaN never wins; None if all are NaN."""
    scores = vectors @ image
    return None if np.isnan(scores).all() else int(np.nanargmax(scores))


def evaluate(km: np.ndarray) -> list[float]:
    """Shares of all photos within 1, 25, 200, 750 and 2,500 km; NaN is within none."""
    return [float(np.mean(np.asarray(km) <= most)) for most in THRESHOLDS_KM]
