"""The official model's layout, with random weights of the official size."""

import torch
import torch.nn.functional as F
from torch import nn
from transformers import CLIPConfig, CLIPModel

from g3lite import official
from g3lite.alignment import GeoAlignment

LARGE = {
    "projection_dim": 768,
    "vision_config": {
        "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24,
        "num_attention_heads": 16, "patch_size": 14, "image_size": 224, "projection_dim": 768,
    },
    "text_config": {
        "hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12,
        "num_hidden_layers": 12, "projection_dim": 768,
    },
}  # fmt: skip
"""openai/clip-vit-large-patch14's configuration, where it differs from transformers' defaults."""


class Theirs(nn.Module):
    """The official model as far as it is a layout: CLIP by transformers, and named heads."""

    def __init__(self):
        super().__init__()
        clip = CLIPModel(CLIPConfig(**LARGE))
        self.vision_model, self.text_model = clip.vision_model, clip.text_model
        self.vision_projection, self.text_projection = clip.visual_projection, clip.text_projection
        self.logit_scale1, self.logit_scale2, self.logit_scale3 = (
            nn.Parameter(torch.tensor(3.99)) for _ in range(3)
        )
        self.heads = GeoAlignment()  # random; under their names in `state`

    def state(self):
        own = {k: v for k, v in self.state_dict().items() if not k.startswith("heads.")}
        return {**official.official_state(self.heads), **own}

    @torch.no_grad()
    def embed(self, pixels, tokens):
        """Image and text features, and what their heads make of the image."""
        image = self.vision_projection(self.vision_model(pixels)[1])
        text = self.text_projection(self.text_model(tokens)[1])
        state = self.state()

        def head(name, features):
            hidden = F.relu(F.linear(features, state[f"{name}.0.weight"], state[f"{name}.0.bias"]))
            out = F.linear(hidden, state[f"{name}.2.weight"], state[f"{name}.2.bias"])
            return out / out.norm(p=2, dim=-1, keepdim=True)

        return {
            "image": image, "text": text,
            "image to text": head("vision_projection_else_1", image),
            "image to GPS": head("vision_projection_else_2", image),
            "text to image": head("text_projection_else", text),
        }  # fmt: skip
