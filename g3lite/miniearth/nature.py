"""Land, sea and plants of MiniEarth."""

from __future__ import annotations

from g3lite.miniearth.canvas import Camera, Canvas, Colour, Light, mix, scale
from g3lite.miniearth.scene import Scene

SOILS: dict[str, Colour] = {
    "red": (176, 84, 52),
    "ochre": (206, 154, 84),
    "pale": (226, 206, 168),
    "brown": (134, 98, 68),
    "grey": (150, 146, 140),
    "dark": (78, 66, 58),
}
NEUTRAL_GROUND: Colour = (148, 142, 128)
GRASS: dict[str, Colour] = {
    "rainforest": (58, 118, 52),
    "savanna": (196, 168, 84),
    "desert": (222, 190, 138),
    "mediterranean": (164, 158, 88),
    "steppe": (178, 172, 104),
    "subtropical": (96, 146, 66),
    "temperate": (98, 152, 70),
    "boreal": (110, 128, 78),
}
FOLIAGE: dict[str, Colour] = {
    "rainforest": (34, 104, 48),
    "savanna": (118, 130, 48),
    "desert": (86, 128, 78),
    "mediterranean": (70, 98, 56),
    "steppe": (136, 146, 84),
    "subtropical": (58, 120, 52),
    "temperate": (74, 138, 58),
    "boreal": (38, 84, 66),
}
SNOW: Colour = (236, 242, 250)


def ground_colour(scene: Scene) -> Colour:
    """What the open ground looks like here; neutral where neither soil nor plants may show."""
    if scene.view.snow:
        return SNOW
    colour = SOILS[scene.cues.soil] if "soil" in scene.shows else NEUTRAL_GROUND
    if "vegetation" in scene.shows:
        colour = mix(colour, GRASS[scene.cues.zone], 0.6 if "soil" in scene.shows else 1.0)
    return colour


def ground(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """Everything below the horizon."""
    colour = light.face(ground_colour(scene), "up")
    canvas.gradient(camera.horizon, 1.0, light.through_air(colour, 1.5 * light.sight), colour)


def relief(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """The land at the horizon: plain, hills or mountains, or a neutral line of haze."""
    rng = scene.rng("relief")
    height = 0.01
    if "relief" in scene.shows:
        height = {"flat": 0.012, "hills": 0.07, "mountains": 0.18}[scene.cues.relief]
    points = [(-0.05, camera.horizon)]
    points += [(i / 8, camera.horizon - height * (0.4 + 0.6 * rng.random())) for i in range(9)]
    points.append((1.05, camera.horizon))
    canvas.polygon(points, light.through_air((96, 112, 116), 2 * light.sight))


def sea(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """Open water from the horizon down."""
    canvas.gradient(camera.horizon, 1.0, mix((40, 110, 150), light.sky_low, 0.5), (34, 92, 130))


def tree(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light,
    x: float, z: float, size: float, u: tuple[float, ...],
) -> None:  # fmt: skip
    """A plant typical of the zone, with its shadow, whose foot is at (x, z) metres.

    `size` is the height in metres that a tree would have here; small species take a part of it.
    `u` holds six random numbers in [0, 1): shape and tone follow from them alone.
    """
    foot_x, foot_y = camera.project(x, 0.0, z)
    top = camera.size(size, z)
    trunk = light.face((92, 70, 52), "front", z)
    canvas.rectangle(foot_x - 0.03 * top, foot_y - 0.5 * top, foot_x + 0.03 * top, foot_y, trunk)
    leaf = scale(FOLIAGE[scene.cues.zone], 0.9 + 0.2 * u[1])
    canvas.ellipse(foot_x, foot_y - 0.65 * top, 0.3 * top, 0.35 * top, light.face(leaf, "front", z))


def shrub(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light,
    x: float, z: float, size: float, u: tuple[float, ...],
) -> None:  # fmt: skip
    """A low plant of the zone, `size` metres high; `u` as for `tree`."""
    foot_x, foot_y = camera.project(x, 0.0, z)
    r = 0.6 * camera.size(size, z)
    leaf = scale(FOLIAGE[scene.cues.zone], 0.9 + 0.2 * u[1])
    canvas.ellipse(foot_x, foot_y - r, r, r, light.face(leaf, "front", z))


def generic_hedge(canvas: Canvas, scene: Scene, camera: Camera, light: Light, z: float = 90) -> None:
    """A far grey-green line of bushes, the same in every zone: it says nothing of the place."""
    low, high = camera.project(0.0, 0.0, z)[1], camera.project(0.0, 3.0, z)[1]
    canvas.rectangle(0.0, high, 1.0, low, light.face((112, 122, 104), "front", z))
