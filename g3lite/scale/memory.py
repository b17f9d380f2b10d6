"""How much memory G3 takes on a GPU, step by step, computed before it runs.

Weights are counted. What a batch needs on top is estimated: by the widest layer of the image tower,
and by the keys and values that a language model keeps of every token. Left out are what a language
model computes on the way (its own image tower, too), the scales of weights in 4 bits, and what a
library sets aside for itself: so the sum is a lower bound.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import torch
from torch import nn

from g3lite.backbone import Backbone
from g3lite.pipeline import Pipeline

GB = 1e9


def weight_bytes(model: nn.Module) -> int:
    """Bytes of all parameters and buffers of a model, as they are stored now."""
    return sum(t.numel() * t.element_size() for t in (*model.parameters(), *model.buffers()))


def cache_bytes(config: Any, number_bytes: int = 2) -> int:
    """Bytes of keys and values that a language model keeps for one token of one reply.

    Only layers with attention keep them; others, such as convolutions, keep a state of fixed size.

    Args:
        config: of a transformers model; the part that describes its language model counts.
        number_bytes: 2 in float16, 4 in float32.
    """
    text = config.get_text_config(decoder=True)
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    kinds = getattr(text, "layer_types", None) or ["full_attention"] * text.num_hidden_layers
    layers = sum(kind.endswith("attention") and kind != "linear_attention" for kind in kinds)
    return 2 * layers * heads * width * number_bytes


def image_bytes(backbone: Backbone) -> int:
    """Bytes that one picture needs where its image tower is widest: what a layer reads and writes.

    One black picture is encoded to find out.
    """
    sizes = [0]

    def note(layer: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        tensors = [t for t in (*inputs, output) if isinstance(t, torch.Tensor)]
        sizes.append(sum(t.numel() * t.element_size() for t in tensors))

    tower = backbone.model.visual
    layers = [layer for layer in tower.modules() if next(layer.children(), None) is None]
    hooks = [layer.register_forward_hook(note) for layer in layers]
    try:
        black = torch.zeros(1, 3, backbone.image_size, backbone.image_size)
        backbone.encode(backbone.model.encode_image, black)
    finally:
        for hook in hooks:
            hook.remove()
    return max(sizes)


def budget(g3: Pipeline, batch_size: int, tokens: int = 2_048) -> pd.DataFrame:
    """What the steps of G3 take, in GB (10^9 bytes); everything stays loaded, so it adds up.

    Args:
        g3: with an `lmm.local.TransformersLMM`; a model behind an API takes nothing here.
        batch_size: pictures per step of the image tower.
        tokens: of a prompt with its picture and the reply to it.

    Returns:
        Rows step, what, GB; the last one is the least that is needed at once.
    """
    rows = [
        ("embed", "weights of the image and text towers", weight_bytes(g3.backbone.model)),
        (
            "embed", f"a batch of {batch_size} pictures (estimated)",
            batch_size * image_bytes(g3.backbone),
        ),
        ("embed, verify", "weights of the heads", weight_bytes(g3.heads)),
    ]  # fmt: skip
    weights = [rows[0][2], rows[2][2]]
    passing = [rows[1][2]]
    model = getattr(g3.lmm, "model", None)
    if model is not None:
        weights.append(weight_bytes(model))
        number = model.dtype.itemsize
        passing.append(g3.lmm.batch_size * tokens * cache_bytes(model.config, number))
        rows += [
            ("ask", "weights of the language model", weights[-1]),
            ("ask", f"{g3.lmm.batch_size} replies of {tokens:,} tokens (estimated)", passing[-1]),
        ]
    rows.append(("", "needed at once, at least", sum(weights) + max(passing)))
    table = pd.DataFrame(rows, columns=["step", "what", "GB"])
    return table.assign(GB=table["GB"] / GB)
