"""Each picture goes through a model's image tower once, however many prompts ask about it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

import torch
from PIL import Image
from transformers import PreTrainedModel
from transformers.utils import ModelOutput


class EncodedOnce:
    """Stands in for a model's `get_image_features`, and remembers what it gave for a picture.

    The four prompts about a photo come in batches of different lengths, so the model itself would
    encode the photo in each of them. Here a picture is encoded alone, when a batch first needs it.
    Models of transformers call their `get_image_features`; one that does not is left as it is.

    Args:
        model: the model.
        inputs: picture -> what the model's processor makes of it, with any prompt.
    """

    def __init__(
        self, model: PreTrainedModel, inputs: Callable[[Image.Image], Mapping[str, Any]]
    ) -> None:
        self._inputs = inputs
        self._known: dict[int, tuple[Image.Image, Any]] = {}
        self._batch: list[Image.Image] | None = None
        inner = model.base_model
        self._encode = getattr(inner, "get_image_features", None)
        if self._encode is not None:
            self._signature = inspect.signature(self._encode)

            @wraps(self._encode)  # transformers looks at the arguments that it takes
            def features(*args: Any, **kwargs: Any) -> Any:
                return self._features(*args, **kwargs)

            inner.get_image_features = features

    def keep(self, pictures: Sequence[Image.Image]) -> None:
        """Forget all but these: what is remembered takes memory."""
        wanted = {id(picture) for picture in pictures}
        self._known = {key: value for key, value in self._known.items() if key in wanted}

    @contextmanager
    def batch(self, pictures: Sequence[Image.Image]) -> Iterator[None]:
        """The model is about to read a batch with these pictures, one in each row."""
        self._batch = list(pictures)
        try:
            yield
        finally:
            self._batch = None

    def _features(self, *args: Any, **kwargs: Any) -> Any:
        if self._batch is None:
            return self._encode(*args, **kwargs)
        asked = dict(self._signature.bind(*args, **kwargs).arguments)
        more = {
            name: asked.pop(name)
            for name, parameter in self._signature.parameters.items()
            if parameter.kind is parameter.VAR_KEYWORD and name in asked
        }
        asked.update(*more.values())
        for picture in self._batch:
            if id(picture) not in self._known:
                alone = self._inputs(picture)
                own = {name: alone[name] for name in asked if name in alone}
                # The picture is kept as well, for its id is its own only while it lives.
                self._known[id(picture)] = picture, _trimmed(self._encode(**asked | own))
        return _joined([self._known[id(picture)][1] for picture in self._batch])


def _trimmed(output: Any) -> Any:
    """Without the states of each layer, which no language model reads and which take memory."""
    if not isinstance(output, ModelOutput):
        return output
    layers = ("hidden_states", "attentions")
    return type(output)(**{name: value for name, value in output.items() if name not in layers})


def _joined(parts: list[Any], per_layer: bool = False) -> Any:
    """What the tower gives for a batch, of what it gave for each picture of it.

    A tensor has a row, or rows, for each picture; a list or tuple has a tensor for each, or, per
    layer, one of the two for each layer.
    """
    first = parts[0]
    if isinstance(first, ModelOutput):
        return type(first)(
            **{
                name: _joined([part[name] for part in parts], name == "deepstack_features")
                for name in first
            }
        )
    if isinstance(first, torch.Tensor):
        return torch.cat(parts)
    if per_layer:
        return type(first)(_joined(list(layer)) for layer in zip(*parts, strict=True))
    return type(first)(one for part in parts for one in part)
