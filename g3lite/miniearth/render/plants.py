"""Land, sea and plants of MiniEarth.

Plants, mountains and the texture of the ground are drawn once, in large and in greys, and kept as
stamps (`canvas.Stamp`); a picture prints them in the colours of its zone, light and season.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random

from g3lite.miniearth.cues import digest
from g3lite.miniearth.render.canvas import (
    SNOW,
    Camera,
    Canvas,
    Colour,
    Light,
    Sketch,
    Stamp,
    circle,
    mix,
    pick,
    scale,
)
from g3lite.miniearth.render.flora import (
    REACH,
    TALL,
    acacia,
    agave,
    bamboo,
    banana,
    bare,
    birch,
    bush,
    coconut,
    cypress,
    fan_palm,
    fern,
    oak,
    olive,
    plume,
    saguaro,
    spruce,
    tuft,
    windswept,
)
from g3lite.miniearth.scene import Scene

VARIANTS = 3
CLEAR = 0.9
"""Plants are never seen through more than this share of the sight, so that fog leaves a trace."""


@cache
def plant(kind: Callable[[Sketch], None], variant: int) -> Stamp:
    """The stamp of one of the `VARIANTS` specimens of a kind of plant."""
    sketch = Sketch(6, REACH[kind], TALL, Random(digest("plant", kind.__name__, variant)))
    kind(sketch)
    return sketch.stamp()


GREY_BARK, RED_BARK, PALE_BARK = (112, 92, 76), (120, 74, 52), (150, 128, 104)
Species = tuple[Callable[[Sketch], None], Colour, Colour, float]
"""A kind of tree with its leaf colour, its bark and its height as a share of a full tree."""
TREES: dict[str, tuple[Species, Species]] = {
    "rainforest": (
        (coconut, (44, 132, 58), PALE_BARK, 1.1), (banana, (66, 158, 58), (120, 140, 70), 0.6),
    ),
    "savanna": (
        (acacia, (122, 138, 50), GREY_BARK, 0.85), (acacia, (140, 140, 56), RED_BARK, 0.7),
    ),
    "desert": (
        (saguaro, (92, 142, 84), GREY_BARK, 0.75), (saguaro, (80, 132, 92), GREY_BARK, 0.6),
    ),
    "mediterranean": (
        (cypress, (52, 96, 58), GREY_BARK, 1.15), (olive, (138, 152, 104), GREY_BARK, 0.6),
    ),
    "steppe": (
        (windswept, (150, 166, 130), GREY_BARK, 0.7), (plume, (186, 178, 114), GREY_BARK, 0.32),
    ),
    "subtropical": (
        (bamboo, (110, 168, 62), (70, 104, 44), 0.9), (fan_palm, (70, 136, 60), GREY_BARK, 0.9),
    ),
    "temperate": ((oak, (86, 150, 60), GREY_BARK, 1.0), (oak, (108, 162, 64), GREY_BARK, 0.85)),
    "boreal": (
        (spruce, (44, 96, 76), RED_BARK, 1.1), (birch, (126, 162, 70), (60, 56, 54), 0.95),
    ),
}  # fmt: skip
SHRUBS: dict[str, tuple[Callable[[Sketch], None], Colour, Colour | None]] = {
    "rainforest": (fern, (56, 146, 58), None),
    "savanna": (tuft, (206, 172, 84), None),
    "desert": (agave, (122, 158, 128), None),
    "mediterranean": (bush, (122, 138, 96), (150, 112, 184)),
    "steppe": (plume, (192, 184, 122), (244, 236, 210)),
    "subtropical": (bush, (78, 142, 62), (232, 96, 140)),
    "temperate": (bush, (92, 148, 64), None),
    "boreal": (bush, (92, 108, 66), (176, 62, 70)),
}
AUTUMN: tuple[Colour, ...] = ((222, 142, 44), (204, 88, 42), (230, 180, 60), (180, 62, 46))
WITHERED: Colour = (142, 104, 68)
BLOSSOM: Colour = (250, 214, 226)
PLUME: Colour = (244, 234, 206)
BIRCH_BARK: Colour = (236, 234, 226)


def foliage_tones(light: Light, leaf: Colour, z: float) -> tuple[Colour, Colour, Colour]:
    """`leaf` in the shade, in half light and in the sun."""
    return (
        light.lit(scale(leaf, 0.62), 0.0, z),
        light.lit(scale(leaf, 0.94), 0.55, z),
        light.lit(mix(scale(leaf, 1.16), (255, 240, 150), 0.14), 1.0, z),
    )


CIRCLE = circle(12)
SHADOW: Colour = (26, 30, 58)


def shadow(
    canvas: Canvas, camera: Camera, light: Light, x: float, z: float, height: float, radius: float
) -> None:
    """The shadow on the ground of something round, `height` metres high, that stands at (x, z).

    It falls away from the sun, long when the sun is low; under a grey sky it stays at the foot.
    """
    contrast = light.sun - light.shade
    reach = 0.6 * height * min(2.0, 8.0 / max(4.0, light.elevation)) if contrast > 0.15 else 0.0
    tip = -light.side * reach
    depth = min(1.0, 0.12 * z / max(radius, 0.1)) * radius
    points = []
    for c, s in CIRCLE:
        away = tip * (0.5 + 0.5 * c) if c * tip > 0 else 0.0
        points.append(camera.project(x + away + radius * c, 0.0, max(0.5, z + depth * s)))
    canvas.veil(points, SHADOW, 0.18 + 0.6 * max(0.0, min(0.5, contrast)))


def tree(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light,
    x: float, z: float, size: float, u: tuple[float, ...],
) -> None:  # fmt: skip
    """A plant typical of the zone, with its shadow, whose foot is at (x, z) metres.

    `size` is the height in metres of a full-grown broadleaf tree here; other species take their
    share of it. `u` holds six random numbers in [0, 1): the specimen follows from them alone.
    """
    view, zone = scene.view, scene.cues.zone
    kind, leaf, bark, share = TREES[zone][u[0] < 0.4]
    variant, height = int(VARIANTS * u[1]), size * share * (0.85 + 0.3 * u[4])
    if canvas.pixels(camera.size(height, z)) < 16:
        variant = 0  # nobody can tell, and fewer prints need to be kept
    bloom: Colour | None = None
    if kind is plume:
        bloom = PLUME
    elif kind is birch:
        bloom = BIRCH_BARK
    naked = False
    if kind in (oak, birch):
        if view.season == "autumn":
            leaf = pick(AUTUMN, u[3])
        elif view.season == "winter":
            naked, leaf = u[3] < 0.6, WITHERED
        elif view.season == "spring":
            leaf = mix(leaf, (168, 204, 84), 0.45)
            bloom = bloom or (BLOSSOM if u[5] < 0.35 else None)
    elif zone == "subtropical" and view.season == "autumn":
        leaf = mix(leaf, (196, 168, 64), 0.25)
    leaf = scale(leaf, 0.88 + 0.24 * u[2])
    if naked and kind is oak:
        kind = bare
    if canvas.pixels(camera.size(height, z)) < 1.5:
        return
    shadow(canvas, camera, light, x, z, height, 0.5 * REACH[kind] * height)
    air = min(z, CLEAR * light.sight)
    colours = [
        light.lit(bark, 0.4, air),
        *((None, None, None) if naked else foliage_tones(light, leaf, air)),
        light.lit(bloom, 0.8, air) if bloom else None,
        light.lit(SNOW, 0.9, air) if view.snow and not naked else None,
    ]
    put(canvas, camera, light, plant(kind, variant), x, z, height, REACH[kind], colours)


def shrub(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light,
    x: float, z: float, size: float, u: tuple[float, ...],
) -> None:  # fmt: skip
    """A low plant of the zone, about `size` metres high, with its shadow; `u` as for `tree`."""
    view, zone = scene.view, scene.cues.zone
    kind, leaf, bloom = SHRUBS[zone]
    if zone == "temperate":
        if view.season == "autumn":
            leaf = pick(AUTUMN, u[3])
        elif view.season == "winter":
            leaf = (128, 112, 88)
    elif zone == "subtropical" and view.season != "spring":
        bloom = None
    if canvas.pixels(camera.size(size, z)) < 1.5:
        return
    height = size * (0.8 + 0.4 * u[4])
    shadow(canvas, camera, light, x, z, height, 0.5 * REACH[kind] * height)
    air = min(z, CLEAR * light.sight)
    colours = [
        None,
        *foliage_tones(light, scale(leaf, 0.88 + 0.24 * u[2]), air),
        light.lit(bloom, 0.8, air) if bloom and not view.snow else None,
        light.lit(SNOW, 0.9, air) if view.snow else None,
    ]
    stamp = plant(kind, int(VARIANTS * u[1]))
    put(canvas, camera, light, stamp, x, z, height, REACH[kind], colours)


def put(
    canvas: Canvas, camera: Camera, light: Light, stamp: Stamp,
    x: float, z: float, height: float, reach: float, colours: list[Colour | None],
) -> None:  # fmt: skip
    """Print a plant's stamp, `height` metres high, with its foot at (x, z), lit from the sun."""
    foot_x, foot_y = camera.project(x, 0.0, z)
    tall = camera.size(height, z)
    wide = 2 * reach * tall
    flip = light.side > 0
    canvas.stamp(stamp, foot_x - 0.5 * wide, foot_y - tall, wide, tall, colours, flip)


def generic_hedge(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, z: float = 90
) -> None:
    """A far grey-green line of bushes, the same in every zone: it says nothing of the place."""
    rng = scene.rng("hedge")
    low = camera.project(0.0, 0.0, z)[1]
    tall = camera.size(3.2, z)
    leaf = SNOW if scene.view.snow else (120, 128, 112)
    heights = [tall * (0.6 + 0.4 * rng.random()) for _ in range(24)]
    for factor, colour in (
        (1.0, light.lit(scale(leaf, 0.9), 0.7, z)),
        (0.62, light.lit(scale(leaf, 0.7), 0.1, z)),
    ):
        points = [(-0.02, low)]
        points += [(-0.02 + 1.04 * k / 23, low - factor * h) for k, h in enumerate(heights)]
        canvas.polygon([*points, (1.02, low)], colour)
