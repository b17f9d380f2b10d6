"""Scenes that people have built: streets, squares, suburbs, villages, roads and markets.

Each composition draws the whole picture, far things first. Everything that can be told apart has
a place of its own, so that nothing that the scene shows is hidden: the sign on the main side,
trees, lamps and poles on the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from g3lite.miniearth.render import buildings, fences, pavement, plants, street, terrain, traffic
from g3lite.miniearth.render.atmosphere import sky
from g3lite.miniearth.render.canvas import Camera, Canvas, Colour, Light, mix, pick, scale
from g3lite.miniearth.render.landmarks import landmark
from g3lite.miniearth.scene import Scene


def _backdrop(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """Sky, far land, ground, and the town's towers."""
    sky(canvas, scene, camera, light)
    terrain.relief(canvas, scene, camera, light)
    terrain.ground(canvas, scene, camera, light)


def _sidestep(scene: Scene, camera: Camera, metres: float) -> Camera:
    """The camera somewhat left or right of the middle, wherever the photographer stood."""
    return replace(camera, x=metres * (2.0 * scene.rng("stand").random() - 1.0))


def _sign(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, side: int, kerb: float,
    width: float = 0.36, up: float = 0.20,
) -> None:  # fmt: skip
    """The sign beside the road, upright and near enough to read; its posts stand beyond `kerb`."""
    if "sign" not in scene.shows:
        return
    room = camera.room(side)
    rng = scene.rng("sign place")
    width = min(width * (0.94 + 0.12 * rng.random()), room - 0.04)
    up += 0.07 * (rng.random() - 0.4)
    out = min(0.27 + 0.06 * rng.random(), room - 0.55 * width)
    foot = camera.horizon + camera.height * out / (kerb + 1.0 - side * camera.x)
    street.sign(canvas, scene, light, camera.vanish + side * out, camera.horizon - up, width, foot)


def _trees(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, side: int, x: float,
    shares: tuple[float, ...], size: float = 7.0, part: str = "trees",
    bend: Callable[[float], float] = pavement.NO_BEND,
) -> None:  # fmt: skip
    """Trees in a line along the road, `shares` of the way from the vanishing point to the edge."""
    if "vegetation" not in scene.shows:
        return
    rng = scene.rng(f"{part} {side}")
    luck = [tuple(rng.random() for _ in range(6)) for _ in shares]
    for share, u in sorted(zip(shares, luck, strict=True)):
        z = camera.distance(side * x, share)
        plants.tree(
            canvas, scene, camera, light, side * x + bend(z), z, size * (0.8 + 0.4 * u[5]), u
        )


def city_street(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """A street of shops with pavements, perhaps a tram, and what stands at its end."""
    shows = scene.shows
    main = -1 if scene.view.mirrored else 1
    camera = _sidestep(scene, camera, 1.1)
    f = camera.focal
    _backdrop(canvas, scene, camera, light)
    if "skyline" in shows:
        buildings.skyline(canvas, scene, camera, light, spread=0.30)
    if "landmark" in shows:
        landmark(canvas, scene, camera, light, -0.05 * main)
    layout = scene.rng("street")
    half, walk = 3.1 + 0.8 * layout.random(), 3.4 + 2.2 * layout.random()
    low = int(1.4 + layout.random())
    track = 3.4 if "tram" in shows else 0.0
    far = 75.0 * f
    edges = {-main: half + track, main: half}
    for side in (-1, 1):
        inner = side * edges[side]
        pavement.pavement(
            canvas,
            scene,
            camera,
            light,
            min(inner, inner + side * walk),
            max(inner, inner + side * walk),
        )
    street.road(canvas, scene, camera, light, half)
    if track:
        bed = sorted((-main * half, -main * (half + track)))
        zs = [0.96 * camera.ground(1.0), 500.0]
        stones = light.face((132, 126, 120), "up", 6.0)
        canvas.polygon(pavement.strip(camera, *bed, zs, pavement.NO_BEND), stones)
    for side in (-main, main):
        x = edges[side] + walk
        near = 0.72 * camera.distance(side * x, 1.0)
        buildings.row(canvas, scene, camera, light, side, x, near, far, (low, 3), shops=True)
    lamp_side = main if "sign" not in shows else -main
    x_other = edges[-main] + 1.0
    _trees(canvas, scene, camera, light, main, half + 2.4, (0.36, 0.58), 7.5)
    _trees(canvas, scene, camera, light, -main, x_other + 0.6, (0.36, 0.58, 0.95), 7.5)
    if "pole" in shows:
        x = -main * x_other
        z = camera.distance(x, 0.46)
        street.poles(canvas, scene, camera, light, x, z, 0.9 * z, 3)
    if "lamp" in shows:
        x = lamp_side * (edges[lamp_side] + 0.7)
        for share in (0.30, 0.66):
            street.lamp(canvas, scene, camera, light, x, camera.distance(x, share))
    if track:
        x = -main * (half + 0.5 * track)
        traffic.tram(canvas, scene, camera, light, x, camera.distance(x, 0.66))
    near, far = -main * x_other, main * half
    spots = [
        (near - 1.5 * main, 16 * f), (far + 2.2 * main, 22 * f), (near - 2.0 * main, 11 * f),
        (far + 1.6 * main, 30 * f), (near - 0.8 * main, 26 * f), (far + 2.6 * main, 14 * f),
    ]  # fmt: skip
    _sign(canvas, scene, camera, light, main, half)
    traffic.people(canvas, scene, camera, light, spots)
    if "taxi" in shows and "traffic" not in shows:
        traffic.taxi(canvas, scene, camera, light, main * 1.9, 11.5 * f, heading=-main)
    if "traffic" in shows:
        traffic.traffic(canvas, scene, camera, light)
    traffic.occluder(canvas, scene, light, -main)


def plaza(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """A wide paved square with houses around it, open to the landmark."""
    shows = scene.shows
    main = -1 if scene.view.mirrored else 1
    f = camera.focal
    _backdrop(canvas, scene, camera, light)
    z = 44.0 * f
    if "buildings" in shows:
        pavement.pavement(canvas, scene, camera, light, -60.0, 60.0, far=130.0 * f, kerb=False)
        middle = -0.06 * main
        gap = (middle - 0.16, middle + 0.16) if "landmark" in shows else None
        buildings.square(canvas, scene, camera, light, z, 27.0 * f, (1, 2), shops=True, gap=gap)
    else:
        plants.generic_hedge(canvas, scene, camera, light)
        pavement.pavement(canvas, scene, camera, light, -60.0, 60.0, far=z, kerb=False)
    if "landmark" in shows:
        landmark(canvas, scene, camera, light, -0.06 * main)
    if "buildings" in shows:
        for side in (-1, 1):
            near = camera.distance(side * 17.0, 1.15)
            buildings.row(canvas, scene, camera, light, side, 17.0, near, z, (2, 3), shops=True)
    _foreground_shadow(canvas, scene, light)
    if "tram" in shows:
        traffic.tram(canvas, scene, camera, light, -main * 6.0, camera.distance(-main * 6.0, 0.55))
    else:
        _fountain(canvas, scene, camera, light, -main * 3.2, 15.0 * f)
    _trees(canvas, scene, camera, light, -main, 7.5, (0.60, 0.95), 8.5)
    _trees(canvas, scene, camera, light, main, 9.0, (0.50, 0.88), 8.5)
    if "lamp" in shows:
        for side, share in ((main, 0.80), (-main, 0.45)):
            if side != main or "sign" not in shows:
                at = camera.distance(side * 4.4, share)
                street.lamp(canvas, scene, camera, light, side * 4.4, at)
    _sign(canvas, scene, camera, light, main, 4.6)
    places = ((1.0, 20), (-1.2, 12), (5.0, 17), (-1.5, 28), (3.5, 26), (-6.0, 24))
    spots = [(main * x, z * f) for x, z in places]
    traffic.people(canvas, scene, camera, light, spots)
    if "taxi" in shows:
        traffic.taxi(canvas, scene, camera, light, main * 2.6, 11.5 * f, heading=-main)
    traffic.occluder(canvas, scene, light, -main)


def _foreground_shadow(canvas: Canvas, scene: Scene, light: Light) -> None:
    """The shadow of a house behind the photographer."""
    rng = scene.rng("behind")
    a, b, here = rng.random(), rng.random(), rng.random()
    dark = buildings.sunshine(light)
    if dark > 0.2 and here < 0.6:
        y0, y1 = 0.80 + 0.14 * a, 0.80 + 0.14 * b
        canvas.veil(
            [(0, 1), (0, y0), (0.4, y0), (0.43, y1), (1, y1), (1, 1)], buildings.SHADOW, 0.8 * dark
        )


def _fountain(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, x: float, z: float
) -> None:
    """A basin with a jet of water."""
    k = camera.focal / z
    cx, y = camera.project(x, 0.0, z)
    flat = camera.height * k / z
    stone, shade = light.face((190, 184, 174), "up", z), light.face((176, 170, 160), "front", z)
    water = mix(light.face((84, 140, 168), "up", z), light.sky_low, 0.3)
    for r, rise, top in ((2.4, 0.55, True), (0.8, 1.5, False)):
        deep = max(r * flat, 0.1 * r * k)
        up = rise * k
        canvas.ellipse(cx, y, r * k, deep, shade)
        if top:
            canvas.rectangle(cx - r * k, y - up, cx + r * k, y, shade)
        else:
            canvas.rectangle(cx - 0.2 * k, y - up, cx + 0.2 * k, y, shade)
        canvas.ellipse(cx, y - up, r * k, deep, stone)
        canvas.ellipse(cx, y - up, 0.88 * r * k, 0.82 * deep, water)
    if scene.view.snow:
        return
    spray = mix(light.face((232, 244, 250), "up", z), light.sky_low, 0.2)
    for reach in (-0.62, -0.3, 0.3, 0.62):
        arc = [
            (cx + reach * k * t, y - (1.5 + 3.6 * t * (1 - t) + 0.1) * k)
            for t in (0, 0.25, 0.5, 0.75, 1)
        ]
        canvas.line(arc, spray, 0.07 * k)


def suburb(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """A residential street: detached houses behind fences and lawns."""
    shows = scene.shows
    main = -1 if scene.view.mirrored else 1
    camera = _sidestep(scene, camera, 0.8)
    f = camera.focal
    _backdrop(canvas, scene, camera, light)
    layout = scene.rng("suburb")
    half, lawn = 2.9 + 0.6 * layout.random(), 3.5 * layout.random()
    street.road(canvas, scene, camera, light, half)
    for side in (-1, 1):
        x = side * (half + 0.3)
        pavement.pavement(
            canvas, scene, camera, light, min(x, x + side * 1.6), max(x, x + side * 1.6)
        )
    for side in (-main, main):
        x = 9.0 + lawn
        near = 0.9 * camera.distance(side * x, 1.0)
        buildings.row(
            canvas, scene, camera, light, side, x, near, 70.0 * f, (1, 2), gap=3.5,
            gable_front=False, depth=7.5,
        )  # fmt: skip
        _trees(canvas, scene, camera, light, side, 8.0, (0.36, 0.64), 6.0, "garden")
        if "fence" in shows:
            a, b = camera.distance(side * 5.5, 1.25), 60.0 * f
            fences.fence(canvas, scene, camera, light, (side * 5.5, a), (side * 5.5, b))
    _trees(canvas, scene, camera, light, -main, 6.4, (0.92,), 8.0)
    if "pole" in shows:
        x = -main * (half + 1.9)
        z = camera.distance(x, 0.5)
        street.poles(canvas, scene, camera, light, x, z, 0.9 * z, 4)
    if "bollard" in shows:
        street.bollards(
            canvas, scene, camera, light, half + 0.15, camera.distance(half, 0.8), 5.0 * f, 5
        )
    _sign(canvas, scene, camera, light, main, half + 0.6)
    traffic.people(
        canvas,
        scene,
        camera,
        light,
        [(-main * 4.6, 13 * f), (main * 4.7, 20 * f), (-main * 4.4, 24 * f)],
    )
    if "traffic" in shows:
        traffic.traffic(canvas, scene, camera, light, 1.6)
    traffic.occluder(canvas, scene, light, -main)


def village(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """A track between the houses of a village."""
    shows = scene.shows
    main = -1 if scene.view.mirrored else 1
    rng = scene.rng("village")
    curve = 0.006 * (2 * rng.random() - 1) / camera.focal
    camera = _sidestep(scene, camera, 0.6)
    f = camera.focal
    _backdrop(canvas, scene, camera, light)
    earth = terrain.SOILS[scene.cues.soil] if "soil" in shows else (152, 142, 126)
    bend = pavement.bend_of(curve)
    street.road(
        canvas,
        scene,
        camera,
        light,
        2.1,
        bend,
        far=120.0 * f,
        unpaved=mix(earth, (214, 200, 176), 0.12),
    )
    for side in (-main, main):
        x = 7.0 if side != main else 8.5
        near = 1.05 * camera.distance(side * x, 1.0)
        buildings.row(
            canvas, scene, camera, light, side, x, near, 62.0 * f, (1, 2), gap=4.0,
            gable_front=side == main, depth=7.0,
        )  # fmt: skip
        _trees(canvas, scene, camera, light, side, x - 1.5, (0.34, 0.60), 6.0, "garden")
    if "fence" in shows:
        a, b = camera.distance(-main * 3.6, 1.3), camera.distance(-main * 3.6, 0.3)
        fences.fence(canvas, scene, camera, light, (-main * 3.6, a), (-main * 3.6, b))
    _trees(canvas, scene, camera, light, -main, 4.6, (0.95,), 7.0)
    if "pole" in shows:
        x = -main * 3.2
        z = camera.distance(x, 0.48)
        street.poles(canvas, scene, camera, light, x, z, 1.0 * z, 3, bend)
    _sign(canvas, scene, camera, light, main, 2.4)
    traffic.people(
        canvas,
        scene,
        camera,
        light,
        [(-main * 1.4, 14 * f), (main * 2.4, 11 * f), (main * 1.0, 24 * f)],
    )
    traffic.occluder(canvas, scene, light, -main)


def _open_road(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, half: float, lane: float,
    curvature: float, lanes: int,
) -> None:  # fmt: skip
    """A road through open country."""
    shows = scene.shows
    main = -1 if scene.view.mirrored else 1
    f = camera.focal
    bend = pavement.bend_of(curvature, 14.0 * f)
    _backdrop(canvas, scene, camera, light)
    if "skyline" in shows:
        buildings.skyline(canvas, scene, camera, light)
    if "vegetation" not in shows:
        plants.generic_hedge(canvas, scene, camera, light)
    gravel = light.face((150, 146, 138), "up", 6.0)
    zs = pavement.depths(camera, 500.0, 12)
    canvas.polygon(pavement.strip(camera, -half - 0.9, half + 0.9, zs, bend), gravel)
    street.road(canvas, scene, camera, light, half, bend, edges=True)
    for side in (-main, main):
        _trees(canvas, scene, camera, light, side, half + 5.0, (0.34, 0.54), 8.0, "far trees", bend)
    if "vegetation" in shows:
        rng = scene.rng("shrubs")
        for _ in range(6):
            u = tuple(rng.random() for _ in range(6))
            side, out, deep = (1 if rng.random() < 0.5 else -1), rng.random(), rng.random()
            x = side * (half + 1.8 + 7.0 * out)
            z = camera.distance(side * (half + 3.0), 0.9) * (0.8 + 2.2 * deep)
            plants.shrub(canvas, scene, camera, light, x + bend(z), z, 1.0, u)
    _trees(canvas, scene, camera, light, -main, half + 3.2, (0.90,), 8.5, "trees", bend)
    if "pole" in shows:
        x = -main * (half + 1.9)
        z = camera.distance(x, 0.5)
        street.poles(canvas, scene, camera, light, x, z, 0.8 * z, 5, bend)
    if "bollard" in shows:
        near = camera.distance(half + 0.6, 0.8)
        street.bollards(canvas, scene, camera, light, half + 0.5, near, 7.0 * f, 6, bend)
    _sign(canvas, scene, camera, light, main, half + 0.6, 0.40 if lanes > 1 else 0.36, 0.22)
    if "traffic" in shows:
        traffic.traffic(canvas, scene, camera, light, lane, 7.5, bend, lanes)
    traffic.occluder(canvas, scene, light, -main)


def highway(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """A wide road through open country."""
    rng = scene.rng("highway")
    curvature = 0.0011 * (2 * rng.random() - 1) / camera.focal
    camera = replace(_sidestep(scene, camera, 0.9), height=2.0)
    _open_road(canvas, scene, camera, light, 6.4, 1.75, curvature, 2)


def country_road(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """A winding two-lane road through open country."""
    rng = scene.rng("bend")
    curvature = 0.0045 * (2 * rng.random() - 1) / camera.focal
    camera = _sidestep(scene, camera, 0.6)
    _open_road(canvas, scene, camera, light, 3.5, 1.75, curvature, 1)


def market(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """A lane between market stalls."""
    shows = scene.shows
    main = -1 if scene.view.mirrored else 1
    camera = _sidestep(scene, camera, 0.5)
    f = camera.focal
    _backdrop(canvas, scene, camera, light)
    if "landmark" in shows:
        landmark(canvas, scene, camera, light, -0.02 * main)
    pavement.pavement(canvas, scene, camera, light, -9.0, 9.0, kerb=False)
    if "buildings" in shows:
        for side in (-main, main):
            near = 0.8 * camera.distance(side * 8.0, 1.0)
            buildings.row(canvas, scene, camera, light, side, 8.0, near, 60.0 * f, (2, 3))
    else:
        plants.generic_hedge(canvas, scene, camera, light, 60.0)
    _foreground_shadow(canvas, scene, light)
    _trees(canvas, scene, camera, light, -main, 5.5, (0.46, 0.8), 8.5)
    _trees(canvas, scene, camera, light, main, 5.5, (0.62,), 8.5)
    for side in (-main, main):
        _stalls(canvas, scene, camera, light, side)
    if "landmark" not in shows:
        _pennants(canvas, scene, camera, light, 14.0 * f)
    if "taxi" in shows:
        traffic.taxi(canvas, scene, camera, light, -0.3 * main, 12.5 * f, heading=main)
    crowd = replace(scene, view=replace(scene.view, people=min(6, scene.view.people + 2)))
    places = ((-1.2, 10), (0.8, 14), (-0.4, 19), (1.3, 24), (-1.0, 30), (0.2, 12))
    spots = [(main * x, z * f) for x, z in places]
    if "taxi" not in shows:
        traffic.people(canvas, crowd, camera, light, spots)
    if "sign" in shows:
        room = camera.room(main)
        width = min(0.36, room - 0.04)
        x = camera.vanish + main * min(0.26, room - 0.55 * width)
        y = camera.horizon - 0.24
        beam = light.face((84, 66, 54), "front")
        canvas.line([(x - main * 0.2, y - 0.13), (x + main, y - 0.22)], beam, 0.012)
        for dx in (-0.1, 0.1):
            canvas.line([(x + dx, y - 0.16), (x + dx, y)], (50, 48, 48), 0.004)
        street.sign(canvas, scene, light, x, y, width)
    traffic.occluder(canvas, scene, light, -main)


def _pennants(canvas: Canvas, scene: Scene, camera: Camera, light: Light, z: float) -> None:
    """A string of small flags (lamps, at night) across the street."""
    luck = scene.rng("pennants").random()
    k = camera.focal / z
    points = []
    for i in range(15):
        t = i / 14
        points.append(camera.project(-8.0 + 16.0 * t, 5.6 - 4.4 * t * (1 - t), z))
    canvas.line(points, light.face((70, 66, 64), "front"), 0.0025)
    for i, (x, y) in enumerate(points):
        cloth = buildings.CLOTHS[buildings.bits(luck, i) % len(buildings.CLOTHS)]
        if light.night > 0.3:
            canvas.ellipse(x, y + 0.1 * k, 0.16 * k, 0.2 * k, mix(cloth, buildings.LAMPLIGHT, 0.8))
        else:
            tone = light.face(cloth, "front", 0.5 * z)
            canvas.polygon([(x - 0.36 * k, y), (x + 0.36 * k, y), (x, y + 0.85 * k)], tone)


FRUITS: tuple[Colour, ...] = (
    (214, 60, 44), (240, 160, 40), (112, 158, 60), (236, 208, 70), (150, 70, 110),
)  # fmt: skip


def _stalls(canvas: Canvas, scene: Scene, camera: Camera, light: Light, side: int) -> None:
    """Market stalls along one side: striped cloths over heaps of goods."""
    f = camera.focal
    rng = scene.rng(f"stalls {side}")
    x = side * 2.5
    near = 0.86 * camera.distance(x, 1.0)
    stalls = [(near + 3.0 * f * i, [rng.random() for _ in range(5)]) for i in range(6)]
    facing = "right" if side < 0 else "left"
    post = light.face((104, 84, 66), "front", near)
    for z, u in reversed(stalls):
        end, k = z + 2.6 * f, f / z
        front, back, hem = (
            buildings.Wall(camera, (x + side * deep, z), (x + side * deep, end))
            for deep in (0.0, 1.9, -0.3)
        )
        flank = buildings.Wall(camera, (x, z), (x + side * 1.9, z))
        canvas.polygon(front.quad(0.0, 1.0, 0.0, 0.85), light.face((140, 104, 70), facing, z))
        canvas.polygon(flank.quad(0.0, 1.0, 0.0, 0.85), light.face((120, 88, 60), "front", z))
        board = [front.point(0.0, 0.85), front.point(1.0, 0.85), back.point(1.0, 1.15)]
        canvas.polygon([*board, back.point(0.0, 1.15)], light.face((196, 168, 126), "up", z))
        for i in range(5):
            at = z + (end - z) * (i + 0.5) / 5
            tone = light.face(FRUITS[buildings.bits(u[1], i) % len(FRUITS)], "up", z)
            _heap(canvas, *camera.project(x + side * 0.55, 1.0, at), 0.36 * f / at, tone)
        if light.night > 0.3 and u[3] < 0.7:
            bulb = camera.project(x + side * 0.4, 2.0, (z + end) / 2)
            canvas.glow(*bulb, 2.2 * f / end, buildings.LAMPLIGHT, 0.5 * light.night)
            canvas.ellipse(*bulb, 0.1 * k, 0.1 * k, (255, 244, 206))
        for s in (0.0, 1.0):
            canvas.line([front.point(s, 0.85), front.point(s, 2.15)], post, 0.07 * k)
        cloth = pick(buildings.CLOTHS, u[0])
        buildings.awning(canvas, light, back, hem, (2.9, 2.25, 1.98), cloth, facing, z)


def _heap(canvas: Canvas, x: float, y: float, r: float, tone: Colour) -> None:
    """A heap of fruit, about `r` in size: single fruits if they can be told apart."""
    if canvas.pixels(r) < 6:
        canvas.ellipse(x, y, r, 0.62 * r, tone)
        return
    shine = mix(tone, (255, 255, 255), 0.3)
    for row, count in enumerate((4, 3, 2)):
        for i in range(count):
            px, py = x + 0.52 * r * (i - 0.5 * (count - 1)), y + 0.2 * r - 0.36 * r * row
            canvas.ellipse(px, py, 0.29 * r, 0.29 * r, scale(tone, 0.88 + 0.06 * row))
            canvas.ellipse(px - 0.08 * r, py - 0.1 * r, 0.09 * r, 0.07 * r, shine)


KINDS = {
    "street": city_street,
    "plaza": plaza,
    "suburb": suburb,
    "village": village,
    "highway": highway,
    "road": country_road,
    "market": market,
}
"""What draws each kind of scene."""
