"""Compositions of nature (coast, mountain, countryside, park) and of photos that show no place."""

from __future__ import annotations

from collections.abc import Callable

from g3lite.miniearth.atmosphere import sky
from g3lite.miniearth.canvas import Camera, Canvas, Light
from g3lite.miniearth.nature import ground, relief, sea, tree
from g3lite.miniearth.scene import Scene

Compose = Callable[[Canvas, Scene, Camera, Light], None]


def land(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """Sky, far land, ground and a few trees."""
    sky(canvas, scene, camera, light)
    relief(canvas, scene, camera, light)
    ground(canvas, scene, camera, light)
    if scene.view.kind == "coast":
        sea(canvas, scene, camera, light)
    if "vegetation" in scene.shows:
        rng = scene.rng("trees")
        spots = [(rng.random(), rng.random(), [rng.random() for _ in range(6)]) for _ in range(7)]
        for a, b, u in sorted(spots, key=lambda s: s[1], reverse=True):
            z = 10 + 50 * b
            tree(canvas, scene, camera, light, (a - 0.5) * z, z, 8.0, tuple(u))


KINDS: dict[str, Compose] = {
    kind: land
    for kind in (
        "coast", "mountain", "countryside", "park", "interior", "food", "sky", "closeup",
    )
}  # fmt: skip
