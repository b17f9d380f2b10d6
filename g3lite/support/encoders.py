"""An image encoder of any library, brought into the form that a backbone has."""

from __future__ import annotations

from collections.abc import Callable

import torch
from PIL import Image
from torch import Tensor, nn

from g3lite.support import weights


class ImageTower(nn.Module):
    """An image encoder, called as open_clip calls the image tower of a model."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def encode_image(self, images: Tensor, normalize: bool = False) -> Tensor:
        """Pictures (n, 3, h, w) -> features (n, d), as the encoder gives them."""
        return self.module(images)


def image_tower(
    module: nn.Module,
    preprocess: Callable[[Image.Image], Tensor],
    dim: int,
    name: str,
    device: torch.device,
) -> tuple[ImageTower, int, str]:
    """The tower on its device, the shorter side of its pictures, and its fingerprint.

    The fingerprint follows from the module's form and weights, and from what `preprocess` makes of
    a picture, for the text of a function is not the same in every process.

    Raises:
        ValueError: preprocess gives pictures of several sizes, or no pictures; or the module gives
            anything else than (1, dim) for one of them.
    """
    gradient = Image.linear_gradient("L").convert("RGB")
    samples = [preprocess(gradient.resize(size)) for size in ((320, 256), (400, 640))]
    shapes = [tuple(getattr(sample, "shape", ())) for sample in samples]
    if shapes[0] != shapes[1] or len(shapes[0]) != 3:
        raise ValueError(
            f"preprocess gives shapes {shapes[0]} and {shapes[1]} for two pictures; the same "
            "(3, h, w) for all is needed"
        )
    fingerprint = weights.digest({**module.state_dict(), " input": samples[0]}, str(module))
    tower = ImageTower(module).eval().requires_grad_(False).to(device)
    with torch.inference_mode():
        features = tower.encode_image(samples[0][None].to(device))
    if not isinstance(features, Tensor) or features.shape != (1, dim):
        gave = tuple(features.shape) if isinstance(features, Tensor) else type(features).__name__
        raise ValueError(
            f"{name} gives {gave} for one picture, expected (1, {dim}): name its dim, or take "
            "the classifier off the module (timm: num_classes=0)"
        )
    return tower, min(shapes[0][1:]), fingerprint
