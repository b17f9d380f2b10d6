"""The weights that G3's authors published, read into this package's own models.

Their file is `g3.pth` (https://github.com/Applied-Machine-Learning-Lab/G3): a CLIP with the trained
heads, under names of their own. Nothing in a file is run: it is read without what a pickle may hold
(`weights_only`).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import open_clip
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from torch import Tensor

from g3lite.alignment import GeoAlignment, GeoAlignmentConfig
from g3lite.backbone import Backbone
from g3lite.location import LocationEncoder
from g3lite.support.weights import check_state, read_state

WEIGHTS = "g3.pth"
"""The file's name; 1.77 GB (published)."""
CLIP = "ViT-L-14-quickgelu"
"""open_clip's name of the CLIP in it: OpenAI's weights were trained with QuickGELU, and the plain
ViT-L-14 would give wrong features without an error."""
GEOCLIP_PROJECTION = "equal_earth"
"""What GeoCLIP's location encoder was trained with."""


def load(
    source: str | Path | Mapping[str, Tensor], device: str = "auto", precision: str = "auto"
) -> tuple[Backbone, GeoAlignment]:
    """CLIP and the trained heads of g3.pth.

    Args:
        source: the file, or a state dict that is already loaded.
        device: as for `Backbone.load`.
        precision: of CLIP, likewise.

    Raises:
        ValueError: a tensor is missing or has another shape; the message names it.
    """
    state = read_state(source)
    heads = GeoAlignment()
    load_official(heads, state)
    clip = clip_state(state)
    model = open_clip.CLIP(**open_clip.get_model_config(CLIP))
    clip["logit_scale"] = torch.tensor(100.0).log()  # CLIP's own, which G3 has no use for
    model.load_state_dict(clip)
    del clip
    preprocessing = PreprocessCfg(size=model.visual.image_size)  # else the defaults are OpenAI's
    open_clip.set_model_preprocess_cfg(model, asdict(preprocessing))
    preprocess = image_transform_v2(preprocessing, is_train=False)
    backbone = Backbone.from_model(
        model, preprocess, name=f"{CLIP}:{WEIGHTS}", source=CLIP, device=device, precision=precision
    )
    return backbone, heads.to(backbone.device).eval()


def clip_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The CLIP ViT-L/14 in an official state dict (transformers' names) by open_clip's names.

    Raises:
        ValueError: a tensor of `vision_model`, `text_model` or their projections is missing or has
            another shape; the message names it.
    """
    names, projections = _clip_names(), ("visual.proj", "text_projection")
    with torch.device("meta"):  # for the shapes alone
        shapes = open_clip.CLIP(**open_clip.get_model_config(CLIP)).state_dict()
    wanted = {}
    for ours, parts in names.items():
        whole = shapes[ours].T if ours in projections else shapes[ours]
        wanted |= dict(zip(parts, whole.chunk(len(parts)) if parts[1:] else [whole], strict=True))
    found = {name: state[name] for name in wanted if name in state}
    check_state(wanted, found, "the CLIP in the official state")
    clip = {
        ours: torch.cat([found[one] for one in parts]) if parts[1:] else found[parts[0]]
        for ours, parts in names.items()
    }
    return clip | {ours: clip[ours].T for ours in projections}


def _clip_names() -> dict[str, list[str]]:
    """open_clip's parameter names -> the official tensors that make them up, one after another."""
    names = {
        "visual.class_embedding": "vision_model.embeddings.class_embedding",
        "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
        "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
        "visual.proj": "vision_projection.weight",
        "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
        "positional_embedding": "text_model.embeddings.position_embedding.weight",
        "text_projection": "text_projection.weight",
    }
    layers = {
        "visual.ln_pre": "vision_model.pre_layrnorm",  # transformers spells it so
        "visual.ln_post": "vision_model.post_layernorm",
        "ln_final": "text_model.final_layer_norm",
    }
    whole = {
        "attn.out_proj": "self_attn.out_proj",
        "ln_1": "layer_norm1",
        "ln_2": "layer_norm2",
        "mlp.c_fc": "mlp.fc1",
        "mlp.c_proj": "mlp.fc2",
    }
    stacked = {}
    towers = (("vision_model", "visual.transformer", 24), ("text_model", "transformer", 12))
    for tower, blocks, depth in towers:
        for i in range(depth):
            ours, theirs = f"{blocks}.resblocks.{i}", f"{tower}.encoder.layers.{i}"
            layers |= {f"{ours}.{a}": f"{theirs}.{b}" for a, b in whole.items()}
            for kind in ("weight", "bias"):
                parts = [f"{theirs}.self_attn.{part}_proj.{kind}" for part in "qkv"]
                stacked[f"{ours}.attn.in_proj_{kind}"] = parts
    for ours, theirs in layers.items():
        names |= {f"{ours}.{kind}": f"{theirs}.{kind}" for kind in ("weight", "bias")}
    return {ours: [theirs] for ours, theirs in names.items()} | stacked


# --------------------------------------------------------------------------------------- the heads


def official_state(model: GeoAlignment) -> dict[str, Tensor]:
    """The weights of the heads under the names of g3.pth (without the CLIP in it)."""
    own = model.state_dict()
    state = {theirs: own[ours] for ours, theirs in _head_names(model.config).items()}
    scales = {f"logit_scale{i + 1}": scale for i, scale in enumerate(own["log_scales"])}
    return {**state, **scales}


def load_official(model: GeoAlignment, source: str | Path | Mapping[str, Tensor]) -> None:
    """Fill the heads from g3.pth: a file, or a state dict that is already loaded.

    The CLIP tensors in it are left alone: they belong to the backbone.

    Raises:
        ValueError: a tensor is missing or has another shape; the message names it.
    """
    state, wanted = read_state(source), official_state(model)
    found = {name: state[name] for name in wanted if name in state}
    check_state(wanted, found, "the official state")
    own = {ours: found[theirs] for ours, theirs in _head_names(model.config).items()}
    own["log_scales"] = torch.stack([found[f"logit_scale{i}"] for i in (1, 2, 3)])
    model.load_state_dict(own)


def load_location_encoder(
    model: GeoAlignment | LocationEncoder, source: str | Path | Mapping[str, Tensor]
) -> None:
    """Fill a location encoder, or that of heads, from GeoCLIP's weights.

    The official training starts from them too, but with a Mercator projection, which is not the one
    they were trained with: a warning says so where projections differ.

    Raises:
        ValueError: a tensor is missing or has another shape; the message names it.
    """
    encoder = model.location_encoder if isinstance(model, GeoAlignment) else model
    state, names = read_state(source), _encoder_names(len(encoder.scales))
    own = {ours: state[theirs] for ours, theirs in names.items() if theirs in state}
    check_state(encoder.state_dict(), own, "the location encoder's state", names)
    if encoder.projection != GEOCLIP_PROJECTION:
        warnings.warn(
            f"GeoCLIP's weights belong to the projection {GEOCLIP_PROJECTION}, this encoder has "
            f"{encoder.projection}: it can be trained from them, but does not know what they knew",
            stacklevel=2,
        )
    encoder.load_state_dict(own)


def _head_names(config: GeoAlignmentConfig) -> dict[str, str]:
    """Our parameter names -> those of the official state dict."""
    heads = {
        "image_to_text_head": "vision_projection_else_1",
        "image_to_gps_head": "vision_projection_else_2",
        "text_head": "text_projection_else",
        "gps_head": "location_projection_else",
    }
    names = {
        f"{ours}.{layer}.{kind}": f"{theirs}.{layer}.{kind}"
        for ours, theirs in heads.items()
        for layer in (0, 2)
        for kind in ("weight", "bias")
    }
    prefix = "location_encoder."
    encoder = _encoder_names(len(config.sigmas))
    return names | {prefix + ours: prefix + theirs for ours, theirs in encoder.items()}


def _encoder_names(scales: int) -> dict[str, str]:
    """Names of a `LocationEncoder` -> those of GeoCLIP's file."""
    names = {}
    for i in range(scales):
        ours, theirs = f"scales.{i}", f"LocEnc{i}"
        names[f"{ours}.0.b"] = f"{theirs}.capsule.0.b"
        for kind in ("weight", "bias"):
            for layer in (1, 3, 5):
                names[f"{ours}.{layer}.{kind}"] = f"{theirs}.capsule.{layer}.{kind}"
            names[f"{ours}.7.{kind}"] = f"{theirs}.head.0.{kind}"
    return names
