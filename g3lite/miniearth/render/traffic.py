"""Cars, taxis, trams and people."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from g3lite.miniearth.render.buildings import CLOTHS, GLASS, LAMPLIGHT
from g3lite.miniearth.render.canvas import (
    Camera,
    Canvas,
    Colour,
    Figure,
    Light,
    Point,
    mix,
    pick,
    scale,
)
from g3lite.miniearth.render.pavement import NO_BEND, strip
from g3lite.miniearth.render.street import ground_shadow
from g3lite.miniearth.scene import Scene

PLATE_PAINT: dict[str, Colour] = {
    "white": (248, 248, 244),
    "yellow": (252, 206, 36),
    "blue": (36, 92, 196),
    "black": (18, 18, 20),
}
CAR_PAINT: dict[str, Colour] = {
    "yellow": (246, 188, 32),
    "white": (238, 238, 234),
    "black": (42, 44, 50),
    "green": (38, 128, 78),
    "red": (190, 42, 40),
    "blue": (44, 92, 172),
}
OTHER_CARS: tuple[Colour, ...] = (
    (186, 190, 194), (120, 128, 138), (226, 222, 212), (70, 84, 104), (140, 54, 52), (96, 116, 104),
)  # fmt: skip


# ------------------------------------------------------------------------------------- vehicles


def car(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, x: float, z: float,
    away: bool, paint: Colour, u: Sequence[float], taxi: bool = False,
) -> None:  # fmt: skip
    """A car on the road with its near end at (x, z): `away` from the viewer or towards it.

    `u` holds two random numbers: kind of car and height.
    """
    van = u[0] > 0.74
    tall = 1.95 if van else 1.46 + 0.1 * u[1]
    half, belt, length = (0.98, 1.05, 4.6) if van else (0.92, 0.90, 4.2)
    low, high = 0.24, belt if away else belt - 0.12
    p = Figure(canvas, camera, x, z)
    flank = -1 if x > camera.x else 1
    facing = "left" if flank < 0 else "right"
    front, side = light.face(paint, "front", 0.5 * z), light.face(paint, facing, 0.5 * z)
    top = light.face(scale(paint, 1.05), "up", 0.5 * z)
    glass = light.through_air(mix(GLASS, light.sky_low, 0.12), 0.5 * z)
    black = light.through_air((24, 24, 28), 0.5 * z)
    detail = p.px(1.8)
    ground_shadow(canvas, camera, light, x, z + length / 2, half * 1.12, length / 2 + 0.2)
    if scene.view.weather == "rain":
        _reflection(p, half, front, (255, 60, 50) if away else (255, 246, 214))

    # the flank first, then the cabin, then the end that is near
    s = flank * half
    p.poly(side, (s, 0.25), (s, belt), (s, belt, length), (s, 0.3, length))
    if detail > 9:
        for deep in (0.18 * length, 0.80 * length):
            (x0, y), (x1, _) = p.at(s, 0.33, deep - 0.3), p.at(s, 0.33, deep + 0.3)
            r = 0.33 * camera.focal / (z + deep)
            canvas.ellipse((x0 + x1) / 2, y, max(abs(x0 - x1) / 2, 0.3 * r), r, black)
    if van:
        a, b = (0.02, 0.78) if away else (0.20, 0.98)
    else:
        a, b = (0.03, 0.62) if away else (0.30, 0.95)
    c, d = (a + 0.06, b - 0.14) if away else (a + 0.14, b - 0.06)
    a, b, c, d = a * length, b * length, c * length, d * length
    r = 0.80 * half
    p.poly(glass, (s, belt, a), (flank * r, tall, c), (flank * r, tall, d), (s, belt, b))
    if detail > 16:
        middle = (c + d) / 2
        p.line(side, 0.06, (s, belt, middle), (flank * r, tall, middle))
    p.even(top, (r, tall, d), (r, tall, c))
    p.even(top, (half, belt, a), (half, high))
    p.even(front, (half, belt, a), (r, tall, c))
    pane, brow = 0.86 * half, 0.9 * r
    p.even(glass, (pane, belt + 0.03, a), (brow, tall - 0.08, c))
    if detail > 9:
        p.poly(
            mix(glass, light.sky_low, 0.45), (-pane, belt + 0.03, a), (-brow, tall - 0.08, c),
            (-0.2 * r, tall - 0.08, c), (-0.55 * half, belt + 0.03, a),
        )  # fmt: skip
    if detail > 5:
        for wheel in (-0.78 * half, 0.78 * half):
            p.box(black, wheel - 0.14, wheel + 0.14, 0.0, 0.4)
    p.even(
        front, (0.9 * half, low), (half, low + 0.05), (half, high - 0.12), (0.9 * half, high)
    )  # fmt: skip
    p.box(scale(front, 0.55), -half, half, low, low + 0.16)
    if away:
        _tail_lights(p, light, half, high)
    else:
        if detail > 7:
            p.even(black, (0.5 * half, 0.46), (0.58 * half, 0.66))
        _head_lights(p, light, 0.76 * half)
    if detail > 6:
        _plate(p, scene, light, 0.46 if away else 0.26)
    if taxi:
        _roof_box(p, 0.0, tall - 0.04)


def _reflection(p: Figure, half: float, paint: Colour, gleam: Colour) -> None:
    """What a wet road mirrors of a car and its lights."""
    body = ((-half, 0.1), (half, 0.1), (0.8 * half, -0.9), (-0.8 * half, -0.9))
    p.canvas.veil([p.at(*point) for point in body], paint, 0.18)
    for way in (-0.8 * half, 0.8 * half):
        for wide, deep in ((0.14, -1.2), (0.07, -1.5)):
            streak = ((way - wide, 0.0), (way + wide, 0.0), (way, deep))
            p.canvas.veil([p.at(*point) for point in streak], gleam, 0.24)


def _tail_lights(p: Figure, light: Light, half: float, high: float) -> None:
    red = mix(light.through_air((222, 22, 26), 0.3 * p.z), (255, 70, 60), 0.5 * light.night)
    shape = ((1.0, -0.06), (1.0, -0.40), (0.64, -0.36), (0.64, -0.14))
    for way in (-half, half):
        p.poly(red, *[(px * way, high + dy) for px, dy in shape])
        if light.night > 0.25:
            spot = p.at(0.8 * way, high - 0.22)
            p.canvas.glow(*spot, 0.8 * p.k, (255, 40, 36), 0.5 * light.night)


def _head_lights(p: Figure, light: Light, out: float) -> None:
    for px in (-out, out):
        p.disc((255, 252, 232), px, 0.63, p.least(0.19, 0.8), p.least(0.12, 0.7))
        if p.px(1.8) > 4:
            radius, strength = (0.55 + 1.3 * light.night) * p.k, max(0.35, 0.9 * light.night)
            p.canvas.glow(*p.at(px, 0.63), radius, (255, 246, 214), strength)


def _plate(p: Figure, scene: Scene, light: Light, y: float) -> None:
    """The country's number plate, its lower edge `y` metres above the road."""
    kind = scene.cues.plate
    top = y + (0.22 if y > 0.4 else 0.19)
    p.box((170, 170, 172) if kind == "black" else (32, 32, 36), -0.39, 0.39, y - 0.03, top + 0.03)
    p.box(scale(PLATE_PAINT[kind], max(0.9, 1.0 - 0.2 * light.night)), -0.36, 0.36, y, top)
    if p.px(0.2) > 5:
        ink = (24, 24, 30) if kind in ("white", "yellow") else (244, 244, 240)
        for i in range(6):
            px = -0.28 + 0.112 * i
            p.box(ink, px - 0.03, px + 0.03, y + 0.05, top - 0.05)


def _roof_box(p: Figure, x: float, y: float) -> None:
    """The lit box on a taxi's roof, with a checkered band."""
    p.poly((30, 30, 34), (x - 0.46, y), (x - 0.40, y + 0.36), (x + 0.40, y + 0.36), (x + 0.46, y))
    p.box((255, 244, 190), x - 0.38, x + 0.38, y + 0.05, y + 0.31)
    for px in (x - 0.24, x, x + 0.24):
        p.box((40, 40, 44), px - 0.06, px + 0.06, y + 0.11, y + 0.25)


def traffic(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, lane: float = 1.8,
    near: float = 7.0, bend: Callable[[float], float] = NO_BEND, lanes: int = 1,
) -> None:  # fmt: skip
    """Cars: one ahead in the own lane, seen from behind, one that comes, and more farther off.

    `lane` is the middle of a lane, `near` the distance of the car ahead per unit of focal length.
    """
    rng = scene.rng("traffic")
    luck = [[rng.random() for _ in range(5)] for _ in range(6)]
    own = 1 if scene.cues.driving_side == "right" else -1
    first = near * camera.focal
    cars = [(first * (1.0 + 0.12 * luck[0][3]), True), (first * (1.5 + 0.5 * luck[1][3]), False)]
    for i in range(2, 1 + min(5, max(1, scene.view.vehicles))):
        cars.append((first * (1.2 + 1.4 * i + 0.8 * luck[i][3]), i % 2 == 0))
    for i, (z, away) in reversed(list(enumerate(cars))):
        u = luck[i]
        is_taxi = i == 0 and "taxi" in scene.shows
        if i == 0:
            paint = CAR_PAINT[scene.cues.taxi if is_taxi else scene.view.vehicle_colour]
        else:
            paint = pick(OTHER_CARS, u[4])
        outer = 2 * lane if lanes > 1 and i > 1 and u[2] > 0.5 else 0.0
        x = own * (lane + outer) * (1 if away else -1) + bend(z)
        kind = 0.0 if is_taxi else u[0]
        car(canvas, scene, camera, light, x, z, away, paint, (kind, u[1]), is_taxi)


def taxi(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, x: float, z: float, heading: int = 1
) -> None:
    """A taxi seen from the side, as at a rank: it says nothing of the side of the road."""
    p = Figure(canvas, camera, x, z, across=heading)
    paint = CAR_PAINT[scene.cues.taxi]
    body, top = light.face(paint, "front", 0.5 * z), light.face(scale(paint, 1.06), "up", 0.5 * z)
    glass = light.through_air(mix(GLASS, light.sky_low, 0.12), 0.5 * z)
    black = light.through_air((24, 24, 28), 0.5 * z)
    ground_shadow(canvas, camera, light, x, z + 0.8, 2.3, 0.9)
    p.poly(top, (-1.55, 0.85), (-1.05, 1.42), (0.45, 1.42), (1.15, 0.85))
    p.poly(glass, (-1.32, 0.88), (-0.95, 1.33), (-0.3, 1.33), (-0.3, 0.88))
    p.poly(glass, (-0.2, 0.88), (-0.2, 1.33), (0.38, 1.33), (0.92, 0.88))
    p.poly(
        body, (-2.2, 0.35), (-2.22, 0.8), (-1.6, 0.92), (1.15, 0.9), (2.05, 0.74), (2.2, 0.55),
        (2.2, 0.3), (-2.1, 0.25),
    )  # fmt: skip
    p.box(scale(body, 0.6), -2.15, 2.2, 0.25, 0.36)
    if p.px(0.14) > 0.8:
        dark, pale = black, (246, 246, 240)
        if scene.cues.taxi == "black":
            dark, pale = pale, dark
        p.box(pale, -1.5, 1.3, 0.58, 0.76)
        for i in range(8):
            p.box(dark, -1.5 + 0.35 * i, -1.325 + 0.35 * i, 0.58, 0.76)
    for px in (-1.35, 1.38):
        p.disc(black, px, 0.34, 0.36)
        p.disc(light.face((170, 174, 178), "front"), px, 0.34, 0.19)
    p.disc((255, 250, 224), 2.12, 0.62, 0.12, 0.09)
    _roof_box(p, -0.25, 1.42)


def tram(canvas: Canvas, scene: Scene, camera: Camera, light: Light, x: float, z: float) -> None:
    """A tram in the city's colour on its rails, 18 metres long, its front at (x, z)."""
    p = Figure(canvas, camera, x, z)
    half, tall, length = 1.25, 3.5, 18.0
    near = 0.96 * camera.ground(1.0)
    for px in (-0.75, 0.75):
        rail = strip(camera, x + px - 0.07, x + px + 0.07, [near, 300.0], NO_BEND)
        canvas.polygon(rail, light.face((176, 172, 170), "up", 4.0))
    flank = -1 if x > camera.x else 1
    facing = "left" if flank < 0 else "right"
    paint, cream, grey = CAR_PAINT[scene.cues.tram], (244, 238, 222), (214, 212, 206)
    front, side = light.face(paint, "front", 0.4 * z), light.face(paint, facing, 0.6 * z)
    top = light.face(grey, "up", 0.5 * z)
    glass = mix(mix(GLASS, light.sky_low, 0.15), LAMPLIGHT, 0.55 * light.night)
    glass = light.through_air(glass, 0.5 * z)
    ground_shadow(canvas, camera, light, x, z + length / 2, half * 1.1, length / 2)

    def along(colour: Colour, deep0: float, deep1: float, y0: float, y1: float) -> None:
        s = flank * half
        p.poly(colour, (s, y0, deep0), (s, y1, deep0), (s, y1, deep1), (s, y0, deep1))

    along(side, 0.0, length, 0.25, tall)
    along(light.face(cream, facing, 0.6 * z), 0.0, length, 1.35, 1.58)
    for i in range(6):
        along(glass, 3.0 * i + 0.36, 3.0 * i + 2.64, 1.7, 2.7)
    p.even(top, (half, tall), (half, tall, length))
    p.even(scale(top, 0.7), (0.7, tall), (0.6, tall + 0.35, 1.0))
    p.even(front, (half, 0.25), (half, 3.1), (0.82 * half, tall))
    p.box(light.face(cream, "front", 0.4 * z), -half, half, 1.3, 1.55)
    p.even(glass, (0.84 * half, 1.6), (0.8 * half, 2.85))
    sheen = ((-1.05, 1.6), (-1.0, 2.85), (-0.25, 2.85), (-0.62, 1.6))
    p.poly(mix(glass, light.sky_low, 0.35), *sheen)
    p.box((52, 50, 46), -0.5, 0.5, 3.0, 3.3)
    p.box(scale(front, 0.45), -half, half, 0.25, 0.5)
    for px in (-0.75, 0.75):
        p.disc((255, 250, 226), px, 0.95, p.least(0.17, 0.7))
    wire = light.through_air((48, 50, 56), 20.0)
    canvas.line([camera.project(x, 5.6, near), camera.project(x, 5.6, 200.0)], wire, 0.002)
    p.line(wire, p.least(0.05, 0.26), (-0.5, tall + 0.3, 4.0), (0.3, 4.6, 3.0), (0.0, 5.6, 4.0))


# ------------------------------------------------------------------------ people and foregrounds

TROUSERS: tuple[Colour, ...] = ((52, 56, 76), (88, 76, 66), (60, 60, 62), (120, 112, 96))
SKINS: tuple[Colour, ...] = ((238, 196, 164), (206, 152, 112), (150, 102, 72), (104, 70, 52))
HAIRS: tuple[Colour, ...] = ((48, 36, 30), (96, 66, 40), (40, 40, 44), (190, 156, 100))


def person(
    canvas: Canvas, camera: Camera, light: Light, x: float, z: float, u: Sequence[float]
) -> None:
    """Someone on foot at (x, z) metres. `u` holds five random numbers."""
    tall = (1.55 + 0.3 * u[0]) / 1.75
    p = Figure(canvas, camera, x, z, across=tall, up=tall)
    if p.px(1.7) < 2.5:
        return
    ground_shadow(canvas, camera, light, x, z, 0.34, 0.25)
    tone = light.face(pick(TROUSERS, u[2]), "front", 0.6 * z)
    stride = 0.16 * (2 * u[4] - 1) + 0.1
    p.poly(tone, (-0.18, 0.86), (0.0, 0.86), (-0.02 - stride, 0.0), (-0.15 - stride, 0.0))
    p.poly(scale(tone, 0.82), (0.0, 0.86), (0.18, 0.86), (0.15 + stride, 0.0), (0.02 + stride, 0.0))
    coat = pick(CLOTHS, u[1])
    left, right = light.face(coat, "left", 0.6 * z), light.face(coat, "right", 0.6 * z)
    hem = 0.55 if u[0] > 0.5 else 0.8
    p.poly(left, (-0.22, hem), (-0.24, 1.38), (-0.12, 1.46), (0.03, 1.46), (0.03, hem))
    p.poly(right, (0.03, hem), (0.03, 1.46), (0.12, 1.46), (0.24, 1.38), (0.22, hem))
    if p.px(1.0) > 12:
        p.line(scale(left, 0.9), 0.1, (-0.25, 1.34), (-0.31 - 0.4 * stride, 0.84))
        p.line(scale(right, 0.9), 0.1, (0.25, 1.34), (0.31 + 0.4 * stride, 0.84))
    p.disc(light.face(pick(HAIRS, u[4]), "front", 0.5 * z), 0.0, 1.64, 0.145)
    p.disc(light.face(pick(SKINS, u[3]), "front", 0.5 * z), 0.02, 1.595, 0.12, 0.13)


def people(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light,
    spots: Sequence[tuple[float, float]],
) -> None:  # fmt: skip
    """As many people as the view counts, each near one of `spots` (x, z), far to near."""
    crowd = []
    for i, (x, z) in enumerate(spots[: scene.view.people]):
        rng = scene.rng(f"person {i}")
        u = [rng.random() for _ in range(7)]
        crowd.append((z * (0.9 + 0.25 * u[5]), x + 1.2 * (u[6] - 0.5), u))
    for z, x, u in sorted(crowd, reverse=True):
        person(canvas, camera, light, x, z, u)


def occluder(canvas: Canvas, scene: Scene, light: Light, side: int) -> None:
    """Something close to the lens that hides the edge of the picture on `side` (-1 or +1)."""
    kind = scene.view.occluder
    if kind == "none":
        return
    rng = scene.rng("occluder")
    u = [rng.random() for _ in range(24)]
    wide = 0.10 + 0.08 * u[0]

    def at(px: float, y: float) -> Point:
        return (px if side < 0 else 1.0 - px), y

    def poly(colour: Colour, *points: Point) -> None:
        canvas.polygon([at(*p) for p in points], colour)

    if kind == "pillar":
        tone = scale(light.face((150, 140, 128), "left" if side > 0 else "right"), 0.55)
        for i, share in enumerate((0.62, 0.9, 1.0, 0.94, 0.8)):
            a, b = wide * i / 5, wide * (i + 1) / 5
            poly(scale(tone, share), (a, 0), (b, 0), (b, 1), (a, 1))
        poly(scale(tone, 0.9), (0, 0.93), (1.15 * wide, 0.93), (1.15 * wide, 1), (0, 1))
    elif kind == "person":
        coat = light.face(scale(pick(CLOTHS, u[1]), 0.6), "front")
        skin = light.face((150, 112, 90), "front")
        y, w = 0.42 + 0.15 * u[2], wide
        poly(skin, (-0.1, y + 0.14), (0.42 * w, y + 0.14), (0.46 * w, y + 0.32), (-0.1, y + 0.32))
        arm = ((1.15 * w, y + 0.33), (1.42 * w, y + 0.45), (1.55 * w, 1.05))
        back = ((-0.1, 1.05), (-0.1, y + 0.25), (0.38 * w, y + 0.25), (0.6 * w, y + 0.275))
        poly(coat, *back, *arm)
        poly(scale(coat, 1.25 if side * light.side < 0 else 0.8), (0.9 * w, 1.05), *arm)
        canvas.ellipse(*at(0.08 * w, y + 0.1), 0.66 * w, 0.125, light.face((52, 42, 38), "front"))
        canvas.ellipse(*at(0.64 * w, y + 0.125), 0.09 * w, 0.028, skin)
    elif kind == "leaves":
        bark = light.face((58, 50, 46), "front")
        for i in range(3):
            tip = at(1.2 * wide + 0.9 * wide * u[i], 0.05 + 0.11 * i + 0.05 * u[i + 3])
            canvas.line([at(-0.02, 0.02 + 0.1 * i), tip], bark, 0.006)
        for i in range(20):
            x, y = at(2.1 * wide * u[i] ** 1.2 - 0.02, 0.02 + 0.34 * u[(7 * i + 5) % 24] ** 1.3)
            dx, dy = 0.034, 0.030 * (2 * u[(5 * i + 3) % 24] - 1)
            leaf = light.face((52, 74, 50) if i % 3 else (74, 98, 62), "front")
            # half a leaf: along its vein, and across it
            for across, tone in ((-0.42, leaf), (0.42, scale(leaf, 0.78))):
                outline = ((-1.0, 0.0), (-0.3, across), (0.4, across), (1.0, 0.0))
                points = [(x + a * dx - b * dy, y + a * dy + b * dx) for a, b in outline]
                canvas.polygon(points, tone)
    else:
        edge = 0.5 * wide
        curve = ((0.063, 0.04), (0.027, 0.06), (0.007, 0.095), (0.0, 0.14))
        corner = [(edge + dx, y) for dx, y in curve]
        below = [(x, 1.0 - y) for x, y in reversed(corner)]
        frame = ((0, 0), (1, 0), (1, 0.03), (0.55, 0.036))
        sill = ((0.55, 0.964), (1, 0.97), (1, 1), (0, 1))
        poly(mix((30, 30, 34), light.haze, 0.08), *frame, *corner, *below, *sill)
        sheen = ((0.50, 0.04), (0.60, 0.04), (0.36, 0.96), (0.26, 0.96))
        canvas.veil([at(*p) for p in sheen], (255, 255, 255), 0.06)
