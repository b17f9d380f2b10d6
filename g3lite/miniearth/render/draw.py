"""From a `Scene` to a picture."""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image

from g3lite.miniearth.render import (
    closeup,
    food,
    interior,
    landscapes,
    open_sky,
    seaside,
    streetscapes,
)
from g3lite.miniearth.render.atmosphere import finish, light_of
from g3lite.miniearth.render.canvas import Camera, Canvas, Light
from g3lite.miniearth.scene import Scene

RENDERER_VERSION = "3"
"""Raise it when a change moves a pixel: every shipped artefact is tied to it."""

Compose = Callable[[Canvas, Scene, Camera, Light], None]
COMPOSITIONS: dict[str, Compose] = {
    **streetscapes.KINDS,
    "coast": seaside.coast,
    **landscapes.KINDS,
    "interior": interior.interior,
    "food": food.food,
    "sky": open_sky.open_sky,
    "closeup": closeup.closeup,
}
"""What draws each kind of photo."""


def camera_of(scene: Scene) -> Camera:
    """The photographer's camera, held at eye height."""
    view = scene.view
    return Camera(focal=view.focal, horizon=view.horizon, vanish=view.vanish)


def draw(scene: Scene, size: int = 128) -> Image.Image:
    """The photo as an RGB picture of `size` × `size` pixels (64 to 1024).

    The same scene and size give the same pixels in every process; a larger picture shows the same
    scene with more detail.

    Raises:
        ValueError: `size` is out of range.
    """
    if not 64 <= size <= 1024:
        raise ValueError(f"size {size} is outside 64 to 1024 pixels")
    canvas = Canvas(size)
    COMPOSITIONS[scene.view.kind](canvas, scene, camera_of(scene), light_of(scene))
    return finish(canvas.finish(), scene)


def encode(scene: Scene, size: int = 128) -> bytes:
    """The photo as the JPEG file that its photographer uploaded."""
    stream = io.BytesIO()
    draw(scene, size).save(stream, "JPEG", quality=scene.view.quality)
    return stream.getvalue()
