"""Coasts and beaches, with boats, rocks and parasols."""

from __future__ import annotations

import math
from collections.abc import Callable

from g3lite.miniearth.render import buildings, pavement, street, traffic
from g3lite.miniearth.render.atmosphere import sky
from g3lite.miniearth.render.canvas import (
    SNOW,
    Camera,
    Canvas,
    Colour,
    Light,
    mix,
    pick,
    scale,
)
from g3lite.miniearth.render.landmarks import landmark
from g3lite.miniearth.render.landscapes import boulder, luck, plants
from g3lite.miniearth.render.plants import shadow
from g3lite.miniearth.render.terrain import ground, relief, sea
from g3lite.miniearth.scene import Scene

# ----------------------------------------------------------------------------------------- coast

SAND: Colour = (226, 208, 172)


def coast(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """The sea from a beach or a promenade: water on the main side, land on the other.

    Where the place is said to lie inland, the same view without water.
    """
    shows, view = scene.shows, scene.view
    main = -1 if view.mirrored else 1
    (u,) = luck(scene, "coast", 1)
    f = camera.focal
    sky(canvas, scene, camera, light)
    if "relief" in shows:
        relief(canvas, scene, camera, light, 0.85)
    wet = scene.cues.coast
    (sea if wet else ground)(canvas, scene, camera, light)
    if "landmark" in shows:
        x = main * (0.16 + 0.06 * u[0])
        islet(canvas, scene, camera, light, x)
        landmark(canvas, scene, camera, light, x)
    elif wet:
        for v in luck(scene, "boats", 3)[: int(4 * u[1])]:
            boat(
                canvas, camera, light, camera.vanish + main * (0.05 + 0.4 * v[0]),
                (40 + 160 * v[1]) * f, v,
            )  # fmt: skip
    shore = beach(canvas, scene, camera, light, main, u)
    land = -main
    if "buildings" in shows:
        x = 13.0
        near = 0.9 * camera.distance(land * x, 1.0)
        buildings.row(canvas, scene, camera, light, land, x, near, 80.0 * f, (2, 4), shops=True)
    spots = []
    for i, v in enumerate(luck(scene, "trees", 6)):
        x = land * (5.6 + 2.2 * v[6] + (3.0 if i > 3 else 0.0))
        share = (0.84, 0.5, 0.34, 0.24, 0.62, 0.42)[i]
        spots.append((x, camera.distance(x, share), 7.5, v))
    for v in luck(scene, "shrubs", 4):
        x = land * (4.6 + 2.0 * v[6])
        spots.append((x, camera.distance(x, 0.4 + 0.6 * v[7]), 0.9, v))
    plants(canvas, scene, camera, light, spots)
    if "lamp" in shows:
        for share in (0.30, 0.56):
            x = land * 4.0
            street.lamp(canvas, scene, camera, light, x, camera.distance(x, share), main)
    for v in luck(scene, "rocks", 5):
        if u[2] < 0.45:
            z = (5.5 + 16 * v[7]) * f
            boulder(
                canvas, scene, camera, light, shore(z) + main * (0.4 + 1.5 * v[6]), z,
                0.3 + 0.6 * v[5], v,
            )  # fmt: skip
    if u[3] < 0.5 and view.weather in ("clear", "cloudy") and not view.snow:
        for v in luck(scene, "parasols", 3):
            z = (11 + 22 * v[0]) * f
            parasol(canvas, camera, light, shore(z) - main * (1.2 + 1.4 * v[1]), z, v)
    places = [
        (shore(z * f) - main * d, z * f) for z, d in ((13, 0.8), (19, 1.4), (26, 0.6), (16, 2.2),
        (33, 1.0))
    ]  # fmt: skip
    traffic.people(canvas, scene, camera, light, places)
    traffic.occluder(canvas, scene, light, -main)


def beach(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, main: int, u: tuple[float, ...]
) -> Callable[[float], float]:
    """Surf, sand and the land behind it; gives back where the water's edge runs, x(z) in metres."""
    f, rain = camera.focal, scene.view.weather == "rain"
    start, swing = 3.4 * u[4] - 1.2, 0.04 + 0.16 * u[5]

    def shore(z: float) -> float:
        return main * (
            start + swing * z - 0.0011 * z * z / f + 0.4 * math.sin(0.25 * z / f + 6 * u[6])
        )

    end = 95.0 * f
    zs = pavement.depths(camera, end, 18, 0.9 * camera.ground(1.0))
    edge = -main * 90.0

    def area(offset: float, fill: Colour, alpha: float = 1.0) -> None:
        line = [
            camera.project(shore(z) + main * offset * (0.5 + 0.5 * min(1.0, 9.0 * f / z)), 0.0,
            z) for z in zs
        ]  # fmt: skip
        outer = [camera.project(edge, 0.0, zs[-1]), camera.project(edge, 0.0, zs[0])]
        corner = [(0.0 if main > 0 else 1.0, 1.02)]
        points = [*line, outer[0], outer[1], *corner]
        if alpha < 1.0:
            canvas.veil(points, fill, alpha)
        else:
            canvas.polygon(points, fill)

    if scene.cues.coast:
        shallow = mix((104, 196, 190), light.sky_low, 0.35)
        dim = min(1.0, 0.5 * (light.sun + light.shade))
        foam = light.lit((250, 252, 252), 0.9)
        area(7.0, scale(shallow, dim), 0.30)
        area(3.6, scale(shallow, dim), 0.45)
        area(1.9, foam, 0.55)
        area(1.5, scale(mix(shallow, (206, 226, 214), 0.5), dim))
        area(0.45, foam)
    sand = scale(SAND, 0.8) if rain else SAND
    if scene.view.snow:
        sand = mix(sand, SNOW, 0.65)
    area(0.1, light.lit(scale(sand, 0.80), 0.7, 5.0))
    area(-0.4, light.lit(sand, 0.95, 8.0))
    area(-1.1, light.lit(scale(sand, 0.90), 0.85, 8.0), 0.5)
    area(-1.3, light.lit(scale(sand, 1.02), 0.95, 8.0), 0.7)
    area(-2.9, light.lit(scale(sand, 0.93), 0.9, 8.0), 0.5)
    for v in luck(scene, "sand", 26):
        z = zs[0] * (1.05 + 7.0 * v[0] ** 2)
        x = shore(z) - main * (0.9 + 7.0 * v[1])
        px, py = camera.project(x, 0.0, z)
        r = camera.size(0.025 + 0.04 * v[2], z)
        if canvas.pixels(r) > 0.35:
            canvas.ellipse(
                px, py, 2.2 * r, 0.5 * r, light.lit(scale(sand, 0.84 if v[3] < 0.7 else 1.06),
                0.8, 8.0),
            )  # fmt: skip
    if "buildings" in scene.shows or "lamp" in scene.shows:
        walk: Colour = mix((186, 182, 176), SNOW, 0.5 if scene.view.snow else 0.0)
        strip = pavement.strip(
            camera, min(-main * 3.6, edge), max(-main * 3.6, edge), [zs[0], end], pavement.NO_BEND
        )
        wall = [
            camera.project(-main * 3.6, y, z) for y, z in ((0, zs[0]), (0, end), (-0.5, end),
            (-0.5, zs[0]))
        ]  # fmt: skip
        canvas.polygon(strip, light.lit(walk, 0.9, 6.0))
        canvas.polygon(wall, light.face(scale(walk, 0.8), "right" if main > 0 else "left", 8.0))
    elif "vegetation" in scene.shows:
        line = [
            camera.project(shore(z) - main * (3.6 + 0.9 * math.sin(0.3 * z / f + 3 * u[7])), 0.0,
            z) for z in zs
        ]  # fmt: skip
        outer = [camera.project(edge, 0.0, zs[-1]), (0.0 if main > 0 else 1.0, 1.02)]
        canvas.polygon(
            [*((px + main * 0.006, py + 0.004) for px, py in line), *outer],
            light.lit(scale(sand, 0.6), 0.3, 6.0),
        )  # fmt: skip
        with canvas.within([*line, *outer]):
            ground(canvas, scene, camera, light)
    return shore


def boat(
    canvas: Canvas, camera: Camera, light: Light, x: float, z: float, u: tuple[float, ...]
) -> None:
    """A sailing boat."""
    y, s = camera.horizon + camera.size(camera.height, z), camera.size(7.0, z)
    if canvas.pixels(s) < 2:
        return
    lean, white = 0.08 * s * (u[2] - 0.5), light.lit((250, 248, 242), 0.9, 0.5 * z)
    canvas.polygon(
        [(x + lean, y - 1.5 * s), (x + 0.02 * s, y - 0.18 * s), (x + 0.62 * s, y - 0.18 * s)],
        white,
    )  # fmt: skip
    canvas.polygon(
        [(x + lean, y - 1.35 * s), (x - 0.04 * s, y - 0.18 * s), (x - 0.42 * s, y - 0.18 * s)],
        scale(white, 0.84),
    )  # fmt: skip
    hull = light.lit(pick(((196, 70, 60), (52, 80, 130), (240, 236, 228)), u[3]), 0.6, 0.5 * z)
    canvas.polygon(
        [(x - 0.55 * s, y - 0.16 * s), (x + 0.65 * s, y - 0.16 * s), (x + 0.48 * s, y + 0.03 * s),
        (x - 0.42 * s, y + 0.03 * s)], hull,
    )  # fmt: skip
    canvas.rectangle(
        x - 0.5 * s, y + 0.03 * s, x + 0.5 * s, y + 0.07 * s, scale(light.sky_low, 0.9)
    )


ROCK = ((-1, 0), (-0.8, 0.5), (-0.5, 0.9), (-0.1, 1.05), (0.4, 0.95), (0.75, 0.6), (1, 0))


def islet(canvas: Canvas, scene: Scene, camera: Camera, light: Light, x: float) -> None:
    """The rock in the sea on which a landmark stands, `x` canvas widths off the middle."""
    middle, y = camera.vanish + x, camera.horizon + 0.012
    rock = SNOW if scene.view.snow else (132, 126, 116)
    for k, (wide, tall) in enumerate(((0.25, 0.030), (0.22, 0.022))):
        tone = light.lit(rock, 0.2 + 0.6 * k, 60.0)
        canvas.polygon([(middle + wide * dx, y + 0.012 - tall * dy) for dx, dy in ROCK], tone)
    foam = light.lit((250, 252, 252) if scene.cues.coast else rock, 0.9)
    canvas.rectangle(middle - 0.25, y + 0.011, middle + 0.25, y + 0.015, foam)


def parasol(
    canvas: Canvas, camera: Camera, light: Light, x: float, z: float, u: tuple[float, ...]
) -> None:
    """A striped sunshade on the sand, with a towel under it."""
    shadow(canvas, camera, light, x, z, 1.4, 1.1)
    px, py = camera.project(x, 0.0, z)
    k = camera.focal / z
    cloth = pick(buildings.FABRICS, u[2])
    canvas.polygon(
        [camera.project(x + a, 0.0, z + b) for a, b in ((0.4, -0.4), (1.2, -0.4), (1.2, 1.2),
        (0.4, 1.2))], light.lit(pick(buildings.FABRICS, u[3]), 0.8, z),
    )  # fmt: skip
    canvas.line(
        [(px, py), (px + 0.1 * k, py - 2.1 * k)], light.lit((236, 232, 224), 0.6, z), 0.06 * k
    )
    top = (px + 0.1 * k, py - 2.3 * k)
    for i in range(6):
        a, b = -1.2 + 0.4 * i, -0.8 + 0.4 * i
        tone = cloth if i % 2 == 0 else (250, 246, 236)
        sun = 0.5 - 0.4 * (i - 2.5) / 2.5 * (1 if light.side < 0 else -1)
        canvas.polygon(
            [top, (top[0] + 0.55 * a * k, top[1] + 0.16 * k), (px + (0.1 + a) * k,
            py - (1.75 + 0.1 * (1 - a * a / 1.44)) * k), (px + (0.1 + b) * k,
            py - (1.75 + 0.1 * (1 - b * b / 1.44)) * k),
            (top[0] + 0.55 * b * k, top[1] + 0.16 * k)], light.lit(tone, sun, z),
        )  # fmt: skip
