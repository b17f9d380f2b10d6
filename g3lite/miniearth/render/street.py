"""Roads and all that stands or moves on them: lines, paving, signs, poles, lamps, cars, people."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from g3lite.miniearth.render.buildings import LAMPLIGHT, SHADOW, clear_air, sunshine
from g3lite.miniearth.render.canvas import (
    SNOW,
    Camera,
    Canvas,
    Colour,
    Figure,
    Light,
    Point,
    circle,
    mix,
    scale,
)
from g3lite.miniearth.render.pavement import NO_BEND, _air, _wash, depths, strip
from g3lite.miniearth.render.scripts import write
from g3lite.miniearth.scene import Scene

PAINT: dict[str, Colour] = {"white": (244, 244, 238), "yellow": (250, 190, 30)}
SIGN_PAINT: dict[str, Colour] = {
    "blue": (26, 84, 176),
    "green": (16, 122, 76),
    "white": (246, 246, 242),
    "brown": (122, 74, 42),
    "red": (200, 38, 40),
    "yellow": (252, 206, 40),
}
# shape of sign: half its width, half its height, room for the word, in widths
SIGN_SIZES = {
    "rectangle": (0.5, 0.27, 0.84),
    "arrow": (0.5, 0.27, 0.76),
    "round": (0.46, 0.46, 0.72),
    "hexagon": (0.52, 0.40, 0.74),
    "shield": (0.45, 0.42, 0.70),
}
SIGN_OUTLINES: dict[str, tuple[Point, ...]] = {
    "rectangle": (
        (-0.88, -1.0), (0.88, -1.0), (1.0, -0.78), (1.0, 0.78), (0.88, 1.0), (-0.88, 1.0),
        (-1.0, 0.78), (-1.0, -0.78),
    ),
    "arrow": ((-1.0, -1.0), (0.62, -1.0), (1.12, 0.0), (0.62, 1.0), (-1.0, 1.0)),
    "round": circle(40),
    "hexagon": ((-1.0, 0.0), (-0.55, -1.0), (0.55, -1.0), (1.0, 0.0), (0.55, 1.0), (-0.55, 1.0)),
    "shield": (
        (-1.0, -0.86), (-0.5, -1.0), (0.0, -0.84), (0.5, -1.0), (1.0, -0.86), (0.96, 0.2),
        (0.6, 0.72), (0.0, 1.08), (-0.6, 0.72), (-0.96, 0.2),
    ),
}  # fmt: skip
ASPHALT: Colour = (96, 97, 104)


def road(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, half: float = 3.6,
    bend: Callable[[float], float] = NO_BEND, far: float = 600.0, edges: bool = False,
    unpaved: Colour | None = None,
) -> None:  # fmt: skip
    """A road `2 * half` metres wide that runs into the picture, with the country's line if shown.

    `edges` adds lines along both edges; `unpaved` is the colour of a track without asphalt.
    """
    rng = scene.rng("road")
    age, phase = rng.random(), rng.random()
    rain, snow = scene.view.weather == "rain", scene.view.snow
    colour = unpaved or scale(ASPHALT, (0.92 + 0.16 * age) * (0.72 if rain else 1.0))
    if snow:
        colour = mix(colour, SNOW, 0.25)
    near_tone = light.face(colour, "up")
    straight = bend is NO_BEND
    zs = depths(camera, far, 1 if straight else 14)
    outline = strip(camera, -half, half, zs, bend)
    canvas.polygon(outline, near_tone)
    if unpaved:
        for x in (-0.9, 0.9):
            canvas.veil(strip(camera, x - 0.28, x + 0.28, zs, bend), scale(near_tone, 0.8), 0.5)
    elif not snow:
        for x in (-0.55 * half, 0.55 * half):
            canvas.veil(strip(camera, x - 0.75, x + 0.75, zs, bend), scale(near_tone, 0.86), 0.4)
    _wash(canvas, camera, outline, light.sky_low if rain else light.haze, _air(light, camera, rain))
    if snow:
        for x0, x1 in ((-half, -0.82 * half), (0.82 * half, half)):
            canvas.polygon(strip(camera, x0, x1, zs, bend), light.face(SNOW, "up"))
    if "line" in scene.shows and not unpaved:
        _lines(canvas, scene, camera, light, half, bend, zs, edges, phase)


def _lines(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, half: float,
    bend: Callable[[float], float], zs: list[float], edges: bool, phase: float,
) -> None:  # fmt: skip
    """The line in the middle of the road, and lines at its edges."""
    cues = scene.cues
    paint = light.face(PAINT[cues.line_colour], "up")
    paint = mix(paint, PAINT[cues.line_colour], 0.35)
    far_paint = light.through_air(paint, 60.0)
    w = 0.13
    mid = camera.ground(camera.horizon + (1.0 - camera.horizon) * 0.2)

    def solid(x: float, width: float) -> None:
        for a, b, tone in ((zs[0], mid, paint), (mid, zs[-1], far_paint)):
            inner = [a, b] if bend is NO_BEND else [a, *(z for z in zs if a < z < b), b]
            canvas.polygon(strip(camera, x - width, x + width, inner, bend), tone)

    if cues.line_style == "solid":
        solid(0.0, w)
    elif cues.line_style == "double":
        solid(-0.24, 0.9 * w)
        solid(0.24, 0.9 * w)
    else:
        z = zs[0] - 5.0 * phase * camera.focal
        dash, gap = 2.2 * camera.focal, 2.8 * camera.focal
        for _ in range(11):
            a, b = max(z, zs[0]), z + dash
            if b > a:
                canvas.polygon(
                    strip(camera, -w, w, [a, b], bend), light.through_air(paint, 0.5 * a)
                )
            z += dash + gap
            dash, gap = 1.12 * dash, 1.12 * gap
    if edges:
        solid(-half + 0.3, 0.7 * w)
        solid(half - 0.3, 0.7 * w)


def ground_shadow(
    canvas: Canvas, camera: Camera, light: Light, x: float, z: float, rx: float, rz: float
) -> None:
    """A soft dark patch under a thing of half width `rx` and half depth `rz` metres."""
    dark = 0.25 + 0.6 * sunshine(light)
    away = -0.4 * light.side * sunshine(light) * rx
    near = max(0.5, z - rz)
    left, right = min(0.0, away), max(0.0, away)
    corners = (
        (x - rx + left, near), (x - 0.96 * rx + 2 * left, z + rz),
        (x + 0.96 * rx + 2 * right, z + rz), (x + rx + right, near),
    )  # fmt: skip
    canvas.veil([camera.project(px, 0.0, pz) for px, pz in corners], SHADOW, dark)


# --------------------------------------------------------------------------- signs, posts, lamps


def sign(
    canvas: Canvas, scene: Scene, light: Light, x: float, y: float, width: float,
    foot: float | None = None,
) -> None:  # fmt: skip
    """The country's sign with a word on it, centred on the canvas at (x, y), `width` wide.

    `foot` is the canvas height of the ground that its posts stand on; without it, it hangs.
    """
    cues = scene.cues
    rng = scene.rng("sign")
    shine = max(0.86, min(1.06, 0.5 * (light.sun + light.shade) + 0.1))
    paint = scale(SIGN_PAINT[cues.sign_colour], shine)
    pale = cues.sign_colour in ("white", "yellow")
    ink = scale((22, 24, 34) if pale else (250, 250, 246), shine)
    steel = light.face((126, 132, 138), "front")
    shape = cues.sign_shape
    wide, tall, room = (share * width for share in SIGN_SIZES[shape])
    if foot is not None:
        post = max(0.012 * width / 0.3, 0.9 / canvas.size)
        for px in (-0.26 * width, 0.26 * width) if shape in ("rectangle", "arrow") else (0.0,):
            canvas.rectangle(x + px - post, y, x + px + post, foot, steel)
            canvas.rectangle(x + px + 0.3 * post, y, x + px + post, foot, scale(steel, 0.72))

    def outline(grow: float) -> list[Point]:
        a, b = wide + grow, tall + grow
        return [(x + px * a, y + py * b) for px, py in SIGN_OUTLINES[shape]]

    rim = 0.016 * width
    canvas.polygon(outline(0.0), paint)
    canvas.polygon(outline(-rim), ink)
    canvas.polygon(outline(-2.6 * rim), paint)
    letter = 0.30 * width
    left = x - room / 2 - (0.05 * width if shape == "arrow" else 0.0)
    up = 0.04 * width if shape == "shield" else 0.0
    letter = min(letter, room * 0.42)
    write(canvas, cues.script, left, y - letter / 2 - up, room, letter, ink, rng, 5)


def pole(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, x: float, z: float
) -> list[Point]:
    """A utility pole at (x, z) metres; gives back the canvas points where its wires hang."""
    kind, height = scene.cues.pole, 8.5
    p = Figure(canvas, camera, x, z)
    air = clear_air(light, z)

    def tone(colour: Colour, facing: str = "front") -> Colour:
        return light.face(colour, facing, air)

    def shaft(colour: Colour, low: float, high: float, top: float) -> None:
        low, high = p.least(low, 0.45), p.least(high, 0.4)
        p.post(tone(colour, "left"), tone(colour, "right"), low, high, top)

    def insulators(y: float, places: Sequence[float], colour: Colour) -> None:
        if p.px(0.2) > 0.7:
            for px in places:
                p.box(tone(colour), px - 0.1, px + 0.1, y, y + 0.35)

    if kind == "wood":
        brown, glass = (104, 70, 44), (214, 224, 226)
        shaft(brown, 0.20, 0.15, height)
        half = p.least(0.13, 0.4)
        for y in (height - 0.5, height - 1.7):
            p.box(tone(scale(brown, 0.85)), -1.3, 1.3, y - half, y + half)
            insulators(y + 0.1, (-1.15, -0.6, 0.6, 1.15), glass)
        brace = ((-0.9, height - 0.5), (0.0, height - 1.7), (0.9, height - 0.5))
        p.line(tone(brown, "right"), 0.1, *brace)
        return [p.at(-1.15, height - 0.1), p.at(1.15, height - 0.1)]
    if kind == "concrete":
        pale, clay = (214, 210, 200), (120, 84, 60)
        shaft(pale, 0.34, 0.16, height)
        if p.px(0.3) > 3:
            for i in range(6):
                p.box(tone(scale(pale, 0.66)), -0.07, 0.07, 0.9 + i, 1.5 + i)
        arms = ((-1.2, height + 0.5), (0.0, height - 0.9), (1.2, height + 0.5))
        p.line(tone(scale(pale, 0.92)), p.least(0.2, 0.9), *arms)
        insulators(height + 0.4, (-1.2, 1.2), clay)
        insulators(height, (0.0,), clay)
        return [p.at(-1.2, height + 0.7), p.at(1.2, height + 0.7)]
    if kind == "steel":
        grey = (92, 112, 128)
        shaft(grey, 0.15, 0.09, height + 0.8)
        half = p.least(0.06, 0.4)
        for y, reach in ((height + 0.2, 0.9), (height - 0.9, 1.25), (height - 2.0, 0.9)):
            p.box(tone(grey), -reach, reach, y - half, y + half)
            insulators(y - 0.4, (-reach, reach), (224, 230, 232))
        return [p.at(-1.25, height - 1.3), p.at(1.25, height - 1.3)]
    left, right = tone((120, 128, 132), "left"), tone((120, 128, 132), "right")
    thick, top, steps = p.least(0.09, 0.8), height + 1.2, 6
    p.line(left, thick, (-0.85, 0), (-0.22, top))
    p.line(right, thick, (0.85, 0), (0.22, top))
    rungs = [(0.85 - 0.63 * i / steps, top * i / steps) for i in range(steps + 1)]
    p.line(left, 0.7 * thick, *[(half if i % 2 else -half, y) for i, (half, y) in enumerate(rungs)])
    p.line(
        right, 0.7 * thick, *[(-half if i % 2 else half, y) for i, (half, y) in enumerate(rungs)]
    )
    for y, reach in ((height - 0.1, 1.9), (height - 1.9, 1.5)):
        p.poly(left, (-reach, y), (0, y + 0.55), (reach, y), (0, y + 0.12))
    return [p.at(-1.9, height - 0.3), p.at(1.9, height - 0.3)]


def poles(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, x: float, near: float,
    step: float, count: int = 4, bend: Callable[[float], float] = NO_BEND,
) -> None:  # fmt: skip
    """A line of utility poles with sagging wires, `x` metres from the road, far to near."""
    last: list[Point] | None = None
    for i in reversed(range(count)):
        z = near + i * step
        tips = pole(canvas, scene, camera, light, x + bend(z), z)
        if last:
            _wires(canvas, light, last, tips, z)
        last = tips
    side = 1 if x > 0 else -1
    out = camera.project(x, 0, max(1.0, 0.35 * near))[0]
    beyond = [(out + side * 0.3, y - 1.1) for _, y in last]
    _wires(canvas, light, last, beyond, near)


def _wires(canvas: Canvas, light: Light, a: list[Point], b: list[Point], z: float) -> None:
    """Wires that sag between the tips `a` of one pole and `b` of the next."""
    wire = light.through_air((52, 54, 60), z)
    for (xa, ya), (xb, yb) in zip(a, b, strict=True):
        sag = 0.2 * abs(xb - xa)
        points = [
            (xa + (xb - xa) * t, ya + (yb - ya) * t + sag * t * (1 - t))
            for t in (0.0, 0.25, 0.5, 0.75, 1.0)
        ]
        canvas.line(points, wire, 0.0022)


def bollard(canvas: Canvas, scene: Scene, camera: Camera, light: Light, x: float, z: float) -> None:
    """The country's roadside post at (x, z) metres."""
    kind = scene.cues.bollard
    p = Figure(canvas, camera, x, z, across=1.3, up=1.3)
    if p.px(1.4) < 2:
        return
    white = (244, 244, 240)

    def post(half: float, low: float, high: float, colour: Colour, slant: float = 0.0) -> None:
        lit, dark = light.face(colour, "left", 0.5 * z), light.face(colour, "right", 0.5 * z)
        h, s = p.least(half, 0.4), slant
        edge, turn = 0.2 * h, 0.6 * s
        p.poly(lit, (-h, low), (-h, high), (edge, high + turn), (edge, low + turn))
        p.poly(dark, (edge, low + turn), (edge, high + turn), (h, high + s), (h, low + s))

    if kind == "red band":
        post(0.13, 0.0, 1.1, white)
        post(0.14, 0.68, 0.94, (214, 34, 34))
    elif kind == "black band":
        post(0.13, 0.0, 1.1, white)
        post(0.14, 0.55, 0.80, (24, 24, 28), slant=0.16)
    elif kind == "yellow":
        post(0.19, 0.0, 0.82, (248, 200, 30))
        post(0.19, 0.82, 0.88, (255, 226, 110))
    elif kind == "orange":
        post(0.24, 0.0, 0.08, (70, 66, 64))
        post(0.12, 0.08, 1.12, (246, 104, 24))
        post(0.125, 0.55, 0.66, white)
        post(0.125, 0.82, 0.93, white)
    else:
        post(0.11, 0.0, 1.0, (72, 74, 78))
        p.disc(light.face((60, 60, 64), "front"), 0.0, 0.92, 0.25)
        p.disc(mix((250, 252, 255), light.colour, 0.15), 0.0, 0.92, 0.18)


def bollards(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, half: float,
    near: float, step: float, count: int = 5, bend: Callable[[float], float] = NO_BEND,
) -> None:  # fmt: skip
    """Roadside posts along both edges of a road, far to near."""
    for i in reversed(range(count)):
        z = near + i * step
        for side in (-1, 1):
            bollard(canvas, scene, camera, light, side * half + bend(z), z)


def lamp(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, x: float, z: float, inward: int = 0
) -> None:
    """The city's street lamp at (x, z) metres; `inward` is the side (-1, +1) its arm points to."""
    kind = scene.cues.lamp
    p = Figure(canvas, camera, x, z)
    inward = inward or (-1 if x > camera.x else 1)
    air = clear_air(light, z)
    iron: Colour = (54, 62, 66) if kind in ("globe", "lantern") else (150, 156, 160)
    lit, dark = light.face(iron, "left", air), light.face(iron, "right", air)
    bulb = mix(light.face((244, 242, 230), "front", air), (255, 236, 178), max(light.night, 0.25))

    def post(top: float, low: float, high: float) -> None:
        low, high = p.least(low, 0.45), p.least(high, 0.45)
        p.post(lit, dark, low, high, top)
        p.even(dark, (2.2 * low, 0), (1.6 * low, 0.5))

    if kind == "globe":
        heads = [(0.0, 4.1)]
        post(3.7, 0.1, 0.08)
        p.disc(dark, 0.0, 3.68, 0.2, 0.1)
        p.disc(scale(bulb, 0.88), 0.0, 4.1, 0.46)
        p.disc(bulb, 0.08 * light.side, 4.15, 0.36)
    elif kind == "lantern":
        heads = [(0.0, 3.85)]
        post(3.4, 0.1, 0.07)
        p.box(dark, -0.55, 0.55, 3.12, 3.26)
        p.even(bulb, (0.22, 3.4), (0.44, 4.3))
        p.line(dark, 0.06, (0, 3.4), (0, 4.3))
        p.line(lit, 0.08, (-0.22, 3.4), (-0.44, 4.3))
        p.line(dark, 0.08, (0.22, 3.4), (0.44, 4.3))
        p.poly(lit, (-0.6, 4.28), (0, 4.95), (0.6, 4.28))
        p.poly(dark, (0, 4.28), (0, 4.95), (0.6, 4.28))
    else:
        heads = []
        post(6.4, 0.13, 0.08)
        for way in (inward,) if kind == "arm" else (-1, 1):
            reach = 2.3 if kind == "arm" else 1.7
            bow = ((0.0, 6.3), (0.25, 7.0), (0.7, 7.3), (1.0, 7.25))
            p.line(lit, p.least(0.12, 1.0), *[(way * reach * px, py) for px, py in bow])
            a, b = (reach - 0.75) * way, (reach + 0.3) * way
            p.poly(dark, (a, 7.1), (a, 7.42), (b, 7.26), (b, 7.1))
            p.box(bulb, a, b, 6.98, 7.1)
            heads.append(((reach - 0.2) * way, 7.1))
    if light.night > 0.2:
        for head in heads:
            canvas.glow(*p.at(*head), 2.6 * p.k, LAMPLIGHT, 0.7 * light.night)
