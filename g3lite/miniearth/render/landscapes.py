"""Compositions of nature: coast, mountain, countryside and park."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from g3lite.miniearth.render import buildings, fences, pavement, street, traffic
from g3lite.miniearth.render.atmosphere import sky
from g3lite.miniearth.render.canvas import (
    SNOW,
    Camera,
    Canvas,
    Colour,
    Light,
    circle,
    mix,
    pick,
    scale,
    vary,
)
from g3lite.miniearth.render.landmarks import landmark
from g3lite.miniearth.render.plants import generic_hedge, shadow, shrub, tree
from g3lite.miniearth.render.terrain import GRASS, SOILS, ground, relief
from g3lite.miniearth.scene import Scene

RING = circle(24)


def luck(scene: Scene, part: str, n: int) -> list[tuple[float, ...]]:
    """For each of `n` things of one part of the picture eight random numbers in [0, 1)."""
    rng = scene.rng(part)
    return [tuple(rng.random() for _ in range(8)) for _ in range(n)]


def plants(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light,
    spots: Iterable[tuple[float, float, float, tuple[float, ...]]],
) -> None:  # fmt: skip
    """Trees (or shrubs, if under 2 m) at (x, z, size, luck), the farthest first."""
    if "vegetation" not in scene.shows:
        return
    for x, z, size, u in sorted(spots, key=lambda spot: -spot[1]):
        draw = tree if size >= 2.0 else shrub
        draw(canvas, scene, camera, light, x, z, size, u[:6])


def boulder(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light,
    x: float, z: float, size: float, u: tuple[float, ...],
) -> None:  # fmt: skip
    """A grey rock, the same everywhere."""
    k = camera.focal / z
    if canvas.pixels(size * k) < 1.0:
        return
    shadow(canvas, camera, light, x, z, size, 0.7 * size)
    px, py = camera.project(x, 0.0, z)
    s = size * k
    side = -1 if light.side > 0 else 1
    rock = vary((140, 138, 134), 0.12, u[6])
    top = (px + 0.2 * side * s * (u[0] - 0.5), py - s * (0.8 + 0.4 * u[1]))
    left, right = (px - s * (0.8 + 0.3 * u[2]), py), (px + s * (0.8 + 0.3 * u[3]), py)
    ridge = (px + 0.25 * side * s, py - 0.35 * s)
    knee = (px - side * s * 0.6, py - s * (0.5 + 0.3 * u[4]))
    sunny, shady = (left, right) if side > 0 else (right, left)
    back = (px + side * 0.7 * s, py - s * (0.4 + 0.2 * u[5]))
    canvas.polygon([shady, back, top, knee, sunny], light.lit(rock, 0.15, z))
    canvas.polygon([sunny, knee, top, ridge, (px + 0.1 * side * s, py)], light.lit(rock, 0.85, z))
    if scene.view.snow:
        canvas.polygon([knee, top, back, (ridge[0], py - 0.62 * s)], light.lit(SNOW, 0.9, z))


# ------------------------------------------------------------------------------------- mountain


def mountain(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """A valley under high mountains, with a lake, a meadow or a pass road."""
    shows, view = scene.shows, scene.view
    main = -1 if view.mirrored else 1
    (u,) = luck(scene, "mountain", 1)
    f = camera.focal
    sky(canvas, scene, camera, light)
    relief(canvas, scene, camera, light, 1.55)
    ground(canvas, scene, camera, light)
    on_road = bool(shows & {"line", "traffic", "bollard"})
    if on_road:
        bend = pavement.bend_of(0.006 * (2 * u[1] - 1) / f, 10.0 * f)
        street.road(canvas, scene, camera, light, 3.3, bend)
    elif u[0] < 0.55:
        lake(canvas, scene, camera, light, main * (0.06 + 0.1 * u[2]), 0.30 + 0.2 * u[3])
    else:
        path(canvas, scene, camera, light, main, u)
    wood = []
    for i, v in enumerate(luck(scene, "wood", 12)):
        side = main if i % 3 == 0 else -main
        z = (26 + 60 * v[6]) * f
        wood.append((side * z / f * (0.20 + 0.42 * v[7]), z, 9.0, v))
    if "buildings" not in shows:
        (v,) = luck(scene, "near tree", 1)
        wood.append((-main * 4.6, camera.distance(-main * 4.6, 0.72 + 0.16 * v[6]), 7.5, v))
    plants(canvas, scene, camera, light, wood)
    if "buildings" in shows:
        (v,) = luck(scene, "hut", 1)
        x = -main * 7.0
        buildings.facing_house(canvas, scene, camera, light, x, camera.distance(x, 0.62), 7.5, 1, v)
    for i, v in enumerate(luck(scene, "rocks", 6)):
        x = (main if i % 2 else -main) * (3.6 + 4.0 * v[6])
        boulder(
            canvas, scene, camera, light, x, camera.distance(x, 0.4 + 0.6 * v[7]),
            0.35 + 0.6 * v[5], v,
        )  # fmt: skip
    bushes = []
    for v in luck(scene, "shrubs", 4):
        x = (4.2 + 1.5 * v[6]) * (1 if v[5] < 0.5 else -1)
        bushes.append((x, camera.distance(x, 0.55 + 0.5 * v[7]), 0.9, v))
    plants(canvas, scene, camera, light, bushes)
    if "bollard" in shows:
        street.bollards(canvas, scene, camera, light, 3.8, 5.5 * f, 6.0 * f, 5, bend)
    if "traffic" in shows:
        traffic.traffic(canvas, scene, camera, light, 1.65, 7.5, bend)
    traffic.occluder(canvas, scene, light, -main)


def lake(canvas: Canvas, scene: Scene, camera: Camera, light: Light, x: float, half: float) -> None:
    """Still water in the middle distance that mirrors the sky."""
    top = camera.horizon + 0.025
    low = top + 0.42 * (1.0 - top)
    edge = [buildings.bits((scene.seed % 4096) / 4096, k) / 255 for k in range(18)]
    points = []
    for k, wave in enumerate(edge):
        a = 2 * math.pi * k / 18
        grow = 0.9 + 0.2 * wave
        y = 0.5 * (top + low) + 0.5 * (low - top) * math.sin(a) * grow
        spread = half * (0.55 + 0.9 * (y - top) / (low - top))
        points.append((camera.vanish + x + spread * math.cos(a) * grow, max(top, y)))
    bank = [(px + (px - camera.vanish - x) * 0.04, py + 0.008) for px, py in points]
    canvas.polygon(bank, light.lit((150, 142, 126) if not scene.view.snow else SNOW, 0.3))
    deep, pale = mix(light.sky_top, (30, 70, 84), 0.35), mix(light.sky_low, light.haze, 0.4)
    canvas.polygon(points, mix(pale, deep, 0.45))
    for k in range(5):
        share = (k + 1) / 6
        y = top + share * (low - top)
        w = half * (0.5 + 0.75 * share) * (0.75 - 0.25 * abs(2 * share - 1))
        tone = mix(pale, deep, 0.2 + 0.7 * share)
        thick = 0.10 * (low - top)
        canvas.polygon(
            [(camera.vanish + x + w * dx, y + thick * dy) for dx, dy in
             ((-1, 0), (-0.4, -0.8), (0.5, -0.7), (1, 0), (0.3, 0.9), (-0.6, 0.7))],
            tone,
        )  # fmt: skip
    for k in range(7):
        v = edge[k]
        y = top + (0.15 + 0.75 * edge[k + 8]) * (low - top)
        px = camera.vanish + x + half * (2 * v - 1) * 0.6
        w = 0.03 + 0.06 * edge[k + 5]
        canvas.rectangle(px - w, y, px + w, y + 0.0022, mix(pale, (255, 255, 255), 0.35))


def path(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, main: int, u: tuple[float, ...]
) -> None:
    """A trodden path that winds away."""
    earth = SOILS[scene.cues.soil] if "soil" in scene.shows else (178, 168, 148)
    if scene.view.snow:
        earth = mix(earth, SNOW, 0.6)
    sway, reach = (0.9 + 1.2 * u[4]) * main, 0.5 + 0.5 * u[5]
    left, right = [], []
    for k in range(17):
        z = camera.ground(1.02) * (1.28**k)
        middle = sway * math.sin(reach * math.log(z)) * z**0.5
        half = 0.75 * (0.8 + 0.2 * math.sin(2.0 * k))
        left.append(camera.project(middle - half, 0, z))
        right.append(camera.project(middle + half, 0, z))
    canvas.polygon(left + right[::-1], light.lit(earth, 0.85))
    inner = [(0.3 * a[0] + 0.7 * b[0], b[1]) for a, b in zip(left, right, strict=True)]
    canvas.polygon(inner + right[::-1], light.lit(scale(earth, 0.86), 0.7))


# ---------------------------------------------------------------------------------- countryside


def countryside(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """Fields, a track, trees."""
    shows, view = scene.shows, scene.view
    main = -1 if view.mirrored else 1
    (u,) = luck(scene, "countryside", 1)
    camera = replace(camera, height=1.7 + 3.0 * u[3])
    f = camera.focal
    sky(canvas, scene, camera, light)
    relief(canvas, scene, camera, light)
    ground(canvas, scene, camera, light)
    if "vegetation" in shows:
        fields(canvas, scene, camera, light)
    else:
        generic_hedge(canvas, scene, camera, light)
    if u[0] < 0.4:
        path(canvas, scene, camera, light, main, u)
    else:
        furrows(canvas, scene, camera, light, main, u[1])
    far = []
    for v in luck(scene, "far trees", 12):
        z = (70 + 90 * v[6]) * f
        far.append(((v[7] - 0.5) * 1.1 * z / f, z, 9.0, v))
    for i, v in enumerate(luck(scene, "trees", 4)):
        side = -main if i < 3 else main
        x = side * (5.5 + 3.0 * v[6])
        far.append((x, camera.distance(x, (0.75, 0.5, 0.34, 0.45)[i] + 0.12 * v[7]), 8.0, v))
    for v in luck(scene, "shrubs", 6):
        x = (3.4 + 3.5 * v[6]) * (-main if v[5] < 0.6 else main)
        far.append((x, camera.distance(x, 0.4 + 0.6 * v[7]), 1.1, v))
    plants(canvas, scene, camera, light, far)
    if u[2] < 0.45:
        for v in luck(scene, "bales", 4):
            bale(canvas, scene, camera, light, main * (2.0 + 7.0 * v[6]), (13 + 26 * v[7]) * f)
    if "fence" in shows:
        x = main * 4.2
        near, far_end = camera.distance(x, 1.15), camera.distance(x, 0.14)
        fences.fence(canvas, scene, camera, light, (x, near), (x, far_end))
    if "pole" in shows:
        x = main * 6.5
        z = camera.distance(x, 0.62)
        street.poles(canvas, scene, camera, light, x, z, 0.9 * z, 5)
    traffic.occluder(canvas, scene, light, -main)


def fields(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """A patchwork of fields between the meadow and the far land."""
    if scene.view.snow:
        return
    grass = GRASS[scene.cues.zone]
    crops = (
        mix(grass, (226, 190, 84), 0.55), scale(grass, 0.82), mix(grass, (150, 112, 74), 0.5),
        mix(grass, (150, 190, 80), 0.45), grass, mix(grass, (238, 214, 96), 0.35),
    )  # fmt: skip
    rows = (420.0, 150.0, 84.0, 52.0, 34.0)
    drawn = luck(scene, "fields", 4)
    for j, v in enumerate(drawn):
        a, b = rows[j] * camera.focal, rows[j + 1] * camera.focal
        (_, ya), (_, yb) = camera.project(0, 0, a), camera.project(0, 0, b)
        cuts = [-0.9, -0.32 + 0.3 * (v[1] - 0.5), 0.08 + 0.3 * (v[2] - 0.5), 0.40 + 0.2 * v[3], 1.0]
        air = 0.4 * math.sqrt(a * b)
        narrow = math.sqrt((ya - camera.horizon) / (yb - camera.horizon))
        for i in range(4):
            colour = pick(crops, v[4 + i])
            near_x = [camera.vanish + x for x in cuts[i : i + 2]]
            far_x = [camera.vanish + x * narrow for x in cuts[i : i + 2]]
            tone = light.lit(colour, 0.95, air)
            canvas.polygon(
                [(far_x[0], ya), (far_x[1], ya), (near_x[1], yb + 0.004),
                (near_x[0], yb + 0.004)], tone,
            )  # fmt: skip
            if j >= 2 and i % 2 == 0:
                stripe = light.lit(scale(colour, 0.88), 0.8, air)
                for k in range(1, 6, 2):
                    edges = [
                        (p + (q - p) * t, y) for t, (p, q), y in ((k / 6, far_x, ya),
                        ((k + 1) / 6, far_x, ya), ((k + 1) / 6, near_x, yb), (k / 6, near_x, yb))
                    ]  # fmt: skip
                    canvas.polygon(edges, stripe)
        hedge = light.lit(scale(mix(grass, (90, 120, 60), 0.4), 0.74), 0.45, air)
        bumps = [buildings.bits(v[0], k) / 255 for k in range(41)]
        thick = camera.size(0.8, b)
        crest = [(k / 40, yb - thick * (0.25 + 0.75 * bump)) for k, bump in enumerate(bumps)]
        canvas.polygon([(0.0, yb + 0.15 * thick), *crest, (1.0, yb + 0.15 * thick)], hedge)


def furrows(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, main: int, u: float
) -> None:
    """A ploughed field or a row crop that runs to the vanishing point."""
    if scene.view.snow:
        return
    earth = SOILS[scene.cues.soil] if "soil" in scene.shows else (150, 140, 122)
    near, far = camera.ground(1.05), 28.0 * camera.focal
    x0, width = main * 1.6, 1.1
    planted = "vegetation" in scene.shows and u < 0.6
    crop = mix(GRASS[scene.cues.zone], (120, 160, 60), 0.35)
    project = camera.project
    edge = main * 26.0
    canvas.polygon(
        [project(x0, 0, near), project(x0, 0, far), project(edge, 0, far),
        project(edge, 0, near)], light.lit(earth, 0.8, 8.0),
    )  # fmt: skip
    for k in range(14):
        x = x0 + main * (0.4 + width * k)
        a, b = x, x + main * 0.45
        shade = light.lit(scale(earth, 0.72), 0.3, 8.0)
        canvas.polygon(
            [project(a, 0, near), project(a, 0, far), project(b, 0, far), project(b, 0, near)],
            shade,
        )  # fmt: skip
        if planted:
            height = 0.28
            top = light.lit(crop, 0.9, 8.0)
            canvas.polygon(
                [project(a, 0, near), project(a, 0, far), project(a + 0.15 * main, height, far),
                 project(a + 0.15 * main, height, near)],
                light.lit(scale(crop, 0.72), 0.4, 8.0),
            )  # fmt: skip
            canvas.polygon(
                [project(a + 0.1 * main, height, near), project(a + 0.1 * main, height, far),
                 project(b, height, far), project(b, height, near)],
                top,
            )  # fmt: skip


def bale(canvas: Canvas, scene: Scene, camera: Camera, light: Light, x: float, z: float) -> None:
    """A round bale of straw."""
    shadow(canvas, camera, light, x, z, 1.3, 0.8)
    px, py = camera.project(x, 0.0, z)
    r = camera.size(0.68, z)
    straw: Colour = (206, 176, 104)
    side = 1 if light.side > 0 else -1
    for k in range(4):
        canvas.ellipse(
            px - side * r * 0.25 * (3 - k), py - r, r, r, light.lit(straw, 0.1 + 0.1 * k, z)
        )
    canvas.ellipse(px, py - r, r, r, light.lit(scale(straw, 1.08), 0.9, z))
    for k in (0.72, 0.42):
        canvas.arc(px, py - r, k * r, k * r, 0, 360, light.lit(scale(straw, 0.8), 0.6, z), 0.05 * r)
    if scene.view.snow:
        canvas.ellipse(px, py - 1.85 * r, 0.7 * r, 0.2 * r, light.lit(SNOW, 0.9, z))


# ------------------------------------------------------------------------------------------ park


def park(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """Lawns and a walk under trees, with benches, a pond or flower beds."""
    shows, view = scene.shows, scene.view
    main = -1 if view.mirrored else 1
    (u,) = luck(scene, "park", 1)
    f = camera.focal
    sky(canvas, scene, camera, light)
    relief(canvas, scene, camera, light)
    if "skyline" in shows:
        buildings.skyline(canvas, scene, camera, light)
    if "landmark" in shows:
        landmark(canvas, scene, camera, light, -0.04 * main)
    generic_hedge(canvas, scene, camera, light, 110.0)
    ground(canvas, scene, camera, light)
    if "paving" in shows:
        pavement.pavement(canvas, scene, camera, light, -2.4, 2.4, far=90.0 * f)
    else:
        walk: Colour = (206, 196, 174) if not view.snow else mix(SNOW, (206, 196, 174), 0.4)
        zs = pavement.depths(camera, 110.0 * f, 10)
        bend = pavement.bend_of(0.012 * (u[0] - 0.5) / f, 9.0 * f)
        canvas.polygon(
            pavement.strip(camera, -1.9, 1.9, zs, bend), light.lit(scale(walk, 0.8), 0.6, 4.0)
        )
        canvas.polygon(pavement.strip(camera, -1.75, 1.75, zs, bend), light.lit(walk, 0.95, 6.0))
    if u[1] < 0.4 and "fence" not in shows:
        pond(canvas, camera, light, main * 9.0, 17.0 * f, 6.0)
    if "fence" in shows:
        x = main * 7.5
        fences.fence(canvas, scene, camera, light, (x, camera.distance(x, 1.2)), (x, 55.0 * f))
    spots = []
    for i, v in enumerate(luck(scene, "trees", 9)):
        side = -main if i % 2 else main
        x = side * (5.4 + 1.2 * v[6])
        share = (0.52, 0.78, 0.36, 0.44, 0.27, 0.30, 0.2, 0.22, 0.16)[i]
        if i == 0:
            x, share = side * 9.5, 0.86
        if share > 0.25 or "landmark" not in shows:
            spots.append((x, camera.distance(x, share), 7.5, v))
    for i, v in enumerate(luck(scene, "beds", 6)):
        x = (-main if i % 3 else main) * (3.4 + 0.5 * v[6])
        spots.append((x, camera.distance(x, 0.35 + 0.1 * i + 0.1 * v[7]), 0.8, v))
    plants(canvas, scene, camera, light, spots)
    for i, side in enumerate((-main, main)):
        if u[2 + i] < 0.75:
            bench(canvas, scene, camera, light, side * 2.75, (12.0 + 9.0 * i) * f, side)
    if "lamp" in shows:
        for side, share in ((-main, 0.34), (main, 0.48)):
            x = side * 2.9
            street.lamp(canvas, scene, camera, light, x, camera.distance(x, share))
    places = [(-main * 0.6, 15 * f), (main * 0.9, 21 * f), (main * 4.4, 18 * f),
              (-main * 0.9, 27 * f),
              (-main * 4.8, 24 * f), (main * 0.2, 11.5 * f)]  # fmt: skip
    traffic.people(canvas, scene, camera, light, places)
    traffic.occluder(canvas, scene, light, -main)


def pond(canvas: Canvas, camera: Camera, light: Light, x: float, z: float, r: float) -> None:
    """A round pond with a stone rim."""
    for grow, stone, sun in ((1.08, (198, 194, 184), 0.9), (1.0, (120, 132, 130), 0.3)):
        rim = [(x + r * grow * c, max(1.0, z + r * grow * s)) for c, s in RING]
        canvas.polygon([camera.project(px, 0.0, pz) for px, pz in rim], light.lit(stone, sun, z))
    deep, pale = mix(light.sky_top, (44, 88, 92), 0.4), mix(light.sky_low, (90, 130, 130), 0.35)
    for wide, long, tone in ((0.97, 0.97, deep), (0.58, 0.48, pale)):
        water = [(x + r * wide * c, max(1.0, z + r * long * s)) for c, s in RING]
        canvas.polygon([camera.project(px, -0.1, pz) for px, pz in water], tone)


def bench(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, x: float, z: float, side: int
) -> None:
    """A bench beside the walk that faces it."""
    k = camera.focal / z
    if canvas.pixels(1.5 * k) < 3:
        return
    shadow(canvas, camera, light, x + 0.2 * side, z + 0.7, 0.8, 0.6)
    wood, project = SNOW if scene.view.snow else (150, 100, 62), camera.project
    facing = "right" if side < 0 else "left"
    back = x + side * 0.5
    for zz in (z, z + 1.5):
        for px in (x, back):
            canvas.line(
                [project(px, 0, zz), project(px, 0.45, zz)], light.face((60, 62, 64), "front", z),
                0.05 * k,
            )  # fmt: skip
        canvas.line(
            [project(back, 0.4, zz), project(back + 0.1 * side, 0.85, zz)],
            light.face((60, 62, 64), "front", z), 0.05 * k,
        )  # fmt: skip
    canvas.polygon(
        [project(x, 0.45, z - 0.1), project(back, 0.45, z - 0.1), project(back, 0.45, z + 1.6),
        project(x, 0.45, z + 1.6)], light.face(wood, "up", z),
    )  # fmt: skip
    for y in (0.56, 0.74):
        b = back + 0.1 * side * (y - 0.4) / 0.45
        canvas.polygon(
            [project(b, y, z - 0.1), project(b, y, z + 1.6), project(b, y + 0.12, z + 1.6),
            project(b, y + 0.12, z - 0.1)], light.face((150, 100, 62), facing, z),
        )  # fmt: skip


KINDS = {"mountain": mountain, "countryside": countryside, "park": park}
"""What draws each kind of scene."""
