"""Roads and all that stands or moves on them: lines, paving, signs, poles, lamps, cars, people."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from random import Random

from PIL import Image, ImageChops, ImageDraw

from g3lite.miniearth.built import CLOTHS, GLASS, LAMPLIGHT, SHADOW, SNOW, clear_air, sunshine
from g3lite.miniearth.canvas import Camera, Canvas, Colour, Light, Point, mix, scale
from g3lite.miniearth.cues import digest
from g3lite.miniearth.scene import Scene
from g3lite.miniearth.scripts import write

PAINT: dict[str, Colour] = {"white": (244, 244, 238), "yellow": (250, 190, 30)}
SIGN_PAINT: dict[str, Colour] = {
    "blue": (26, 84, 176),
    "green": (16, 122, 76),
    "white": (246, 246, 242),
    "brown": (122, 74, 42),
    "red": (200, 38, 40),
    "yellow": (252, 206, 40),
}
PLATE_PAINT: dict[str, Colour] = {
    "white": (248, 248, 244), "yellow": (252, 206, 36), "blue": (36, 92, 196), "black": (18, 18, 20),
}  # fmt: skip
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
ASPHALT: Colour = (96, 97, 104)
NO_BEND: Callable[[float], float] = lambda z: 0.0  # noqa: E731


def bend_of(curvature: float, start: float = 12.0) -> Callable[[float], float]:
    """How far to the right (metres) a road has swung `z` metres ahead."""

    def bend(z: float) -> float:
        beyond = max(0.0, z - start)
        return curvature * beyond * beyond

    return bend


def strip(
    camera: Camera, x0: float, x1: float, distances: Sequence[float], bend: Callable[[float], float],
) -> list[Point]:  # fmt: skip
    """The outline of a band of ground between `x0` and `x1` metres that follows a bending road."""
    left = [camera.project(x0 + bend(z), 0.0, z) for z in distances]
    right = [camera.project(x1 + bend(z), 0.0, z) for z in reversed(distances)]
    return left + right


def depths(camera: Camera, far: float, steps: int = 9, near: float | None = None) -> list[float]:
    """Distances from the bottom of the picture to `far`, evenly spread as seen."""
    near = 0.96 * camera.ground(1.0) if near is None else near
    return [1.0 / (1.0 / near + (1.0 / far - 1.0 / near) * i / steps) for i in range(steps + 1)]


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


FADE = (
    Image.linear_gradient("L")
    .crop((0, 0, 1, 256))
    .point([(255 - v) ** 3 // 65025 for v in range(256)])
)


def _wash(
    canvas: Canvas, camera: Camera, outline: Sequence[Point], colour: Colour, strength: float
) -> None:
    """Tint a piece of ground, least at the viewer's feet, by `strength` (0 to 1) at the horizon."""
    n = canvas.n
    top = int(camera.horizon * n)
    area = Image.new("L", (n, n - top))
    points = [(x * n, y * n - top) for x, y in outline]
    ImageDraw.Draw(area).polygon(points, fill=int(255 * strength))
    fade = FADE.resize((1, n - top)).resize((n, n - top), Image.Resampling.NEAREST)
    canvas.image.paste(colour, (0, top), ImageChops.multiply(area, fade))


def _air(light: Light, camera: Camera, wet: bool) -> float:
    """How far the ground fades toward the horizon: by the air, or because it mirrors the sky."""
    return 0.75 if wet else min(0.9, 0.1 + 40.0 * camera.focal / light.sight)


# paving: colour of the ground, then a colour for each layer of its pattern
PAVINGS: dict[str, tuple[Colour, ...]] = {
    "plain": ((172, 168, 162),),
    "asphalt": ((92, 92, 98), (66, 66, 72), (116, 116, 120)),
    "checker": ((238, 230, 212), (62, 56, 62)),
    "cobble": ((104, 86, 76), (158, 134, 116), (196, 172, 150)),
    "slab": ((214, 198, 166), (188, 168, 134), (136, 118, 94)),
}
FLOOR_REACH, FLOOR_DEPTH, FLOOR_EYE = 0.66, 0.6, 1.7


@lru_cache(maxsize=None)
def _floor(kind: str) -> tuple[Image.Image, ...]:
    """The layers of a paving as an eye 1.7 m above it sees them, drawn once in large.

    Seen from there, stones so many metres wide and as many focal lengths deep look the same
    through every lens; so one drawing with the vanishing point in the middle of its upper edge
    serves all pictures.
    """
    unit = 2048
    wide, deep = int(2 * FLOOR_REACH * unit), int(FLOOR_DEPTH * unit)
    rng = Random(digest("paving", kind))
    layers = [Image.new("L", (wide, deep)) for _ in PAVINGS[kind][1:]]
    pens = [ImageDraw.Draw(layer) for layer in layers]
    nearest = 0.95 * FLOOR_EYE / FLOOR_DEPTH

    def at(x: float, z: float) -> Point:
        return wide / 2 + x / z * unit, FLOOR_EYE / z * unit

    def cells(across: float, along: float, last: float) -> Iterator[tuple[int, int, float, float]]:
        row, z = 0, nearest
        while z < last:
            half = int(FLOOR_REACH * (z + along) / across) + 2
            for column in range(-half, half):
                yield row, column, column * across, z
            row, z = row + 1, z + along

    def quad(pen: ImageDraw.ImageDraw, x: float, z: float, w: float, d: float, fill: int) -> None:
        pen.polygon([at(x, z), at(x + w, z), at(x + w, z + d), at(x, z + d)], fill=fill)

    if kind == "checker":
        pens[0].rectangle((0, 0, wide, at(0, 38.0)[1]), fill=128)
        for row, column, x, z in cells(0.62, 0.85, 38.0):
            if (row + column) % 2:
                quad(pens[0], x, z, 0.62, 0.85, 255)
    elif kind == "slab":
        pens[1].rectangle((0, 0, wide, at(0, 30.0)[1]), fill=40)
        for row, _, x, z in cells(0.95, 0.75, 30.0):
            x += 0.475 * (row % 2)
            if rng.random() < 0.4:
                quad(pens[0], x, z, 0.95, 0.75, int(60 + 195 * rng.random()))
            quad(pens[1], x, z, 0.95, 0.045, 255)
            quad(pens[1], x, z, 0.045, 0.75, 255)
    elif kind == "cobble":
        pens[0].rectangle((0, 0, wide, at(0, 22.0)[1]), fill=135)
        pens[1].rectangle((0, 0, wide, at(0, 22.0)[1]), fill=24)
        for row, _, x, z in cells(0.24, 0.26, 22.0):
            x += 0.12 * (row % 2) + 0.03 * rng.random()
            (xa, ya), (xb, yb) = at(x + 0.02, z + 0.24), at(x + 0.22, z + 0.02)
            pens[0].ellipse((xa, ya, xb, yb), fill=int(130 + 125 * rng.random()))
            if rng.random() < 0.75:
                top = ya + 0.55 * (yb - ya)
                pens[1].ellipse(
                    (0.8 * xa + 0.2 * xb, ya, 0.2 * xa + 0.8 * xb, top),
                    fill=int(200 * rng.random()),
                )
    elif kind == "asphalt":
        for _, _, x, z in cells(0.16, 0.2, 9.0):
            (xa, ya), r = at(x + 0.16 * rng.random(), z + 0.2 * rng.random()), 18.0 / z
            pens[rng.random() < 0.5].ellipse((xa - r, ya - 0.6 * r, xa + r, ya + 0.6 * r), fill=150)
        for start in (-1.6, 0.3, 2.2):
            x, crack = start, []
            for i in range(26):
                x += 0.5 * (rng.random() - 0.5)
                crack.append(at(x, nearest * (1.0 + 0.12 * i)))
            pens[0].line(crack, fill=230, width=7)
    return tuple(layer.reduce(2) for layer in layers)


@lru_cache(maxsize=16)
def _floor_print(kind: str, n: int) -> tuple[Image.Image, ...]:
    """The layers of a paving for a canvas `n` pixels wide."""
    size = (int(2 * FLOOR_REACH * n), int(FLOOR_DEPTH * n))
    return tuple(layer.resize(size, Image.Resampling.BOX) for layer in _floor(kind))


def pavement(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light,
    x0: float, x1: float, far: float = 300.0, near: float | None = None, kerb: bool = True,
) -> None:  # fmt: skip
    """Ground paved in the manner of the city between `x0` and `x1` metres; plain if not shown."""
    near = 0.96 * camera.ground(1.0) if near is None else near
    kind = scene.cues.paving if "paving" in scene.shows else "plain"
    rain, snow = scene.view.weather == "rain", scene.view.snow
    colours = PAVINGS[kind]

    def tone(colour: Colour, z: float) -> Colour:
        if rain:
            colour = scale(colour, 0.8)
        return light.face(mix(colour, SNOW, 0.3) if snow else colour, "up", z)

    outline = strip(camera, x0, x1, [near, far], NO_BEND)
    canvas.polygon(outline, tone(colours[0], 0.0))
    if len(colours) > 1:
        n = canvas.n
        top = int(camera.horizon * n)
        area = Image.new("L", (n, n - top))
        ImageDraw.Draw(area).polygon([(x * n, y * n - top) for x, y in outline], fill=255)
        left = int((FLOOR_REACH - camera.vanish) * n)
        for layer, colour in zip(_floor_print(kind, n), colours[1:], strict=True):
            part = layer.crop((left, 0, left + n, n - top))
            canvas.image.paste(tone(colour, 0.0), (0, top), ImageChops.multiply(part, area))
    _wash(canvas, camera, outline, light.sky_low if rain else light.haze, _air(light, camera, rain))
    if kerb:
        inner = x0 if abs(x0) < abs(x1) else x1
        edge = 0.22 if inner > 0 else -0.22
        canvas.polygon(
            strip(camera, inner - edge, inner, [near, far], NO_BEND),
            light.face(mix((206, 202, 194), SNOW, 0.3 if snow else 0.0), "up", 12.0),
        )


def ground_shadow(
    canvas: Canvas, camera: Camera, light: Light, x: float, z: float, rx: float, rz: float
) -> None:
    """A soft dark patch under a thing of half width `rx` and half depth `rz` metres."""
    dark = 0.25 + 0.6 * sunshine(light)
    away = -0.4 * light.side * sunshine(light) * rx
    near = max(0.5, z - rz)
    canvas.veil(
        [camera.project(x - rx + min(0, away), 0, near), camera.project(x - 0.96 * rx + 2 * min(0, away), 0, z + rz),
         camera.project(x + 0.96 * rx + 2 * max(0, away), 0, z + rz), camera.project(x + rx + max(0, away), 0, near)],
        SHADOW, dark,
    )  # fmt: skip


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
    half, steel = width / 2, light.face((126, 132, 138), "front")
    shape = cues.sign_shape
    tall = {"rectangle": 0.27, "arrow": 0.27, "round": 0.42, "hexagon": 0.40, "shield": 0.42}[shape]
    tall *= width
    if foot is not None:
        post = max(0.012 * width / 0.3, 0.9 / canvas.size)
        for px in (-0.26 * width, 0.26 * width) if shape in ("rectangle", "arrow") else (0.0,):
            canvas.rectangle(x + px - post, y, x + px + post, foot, steel)
            canvas.rectangle(x + px + 0.3 * post, y, x + px + post, foot, scale(steel, 0.72))

    def outline(grow: float) -> list[Point]:
        if shape == "rectangle":
            a, b, c = half + grow, tall + grow, 0.06 * width
            return [
                (x - a + c, y - b), (x + a - c, y - b), (x + a, y - b + c), (x + a, y + b - c),
                (x + a - c, y + b), (x - a + c, y + b), (x - a, y + b - c), (x - a, y - b + c),
            ]  # fmt: skip
        if shape == "arrow":
            a, b, c = half + grow, tall + grow, 0.62 * half
            return [
                (x - a, y - b),
                (x + c, y - b),
                (x + a + 0.06 * width, y),
                (x + c, y + b),
                (x - a, y + b),
            ]
        if shape == "round":
            r = 0.46 * width + grow
            return [(x + r * c, y + r * s) for c, s in _CIRCLE]
        if shape == "hexagon":
            a, b = 0.52 * width + grow, tall + grow
            return [(x - a, y), (x - 0.55 * a, y - b), (x + 0.55 * a, y - b), (x + a, y),
                    (x + 0.55 * a, y + b), (x - 0.55 * a, y + b)]  # fmt: skip
        a, b = 0.45 * width + grow, tall + grow
        return [(x - a, y - 0.86 * b), (x - 0.5 * a, y - b), (x, y - 0.84 * b), (x + 0.5 * a, y - b),
                (x + a, y - 0.86 * b), (x + 0.96 * a, y + 0.2 * b), (x + 0.6 * a, y + 0.72 * b), (x, y + 1.08 * b),
                (x - 0.6 * a, y + 0.72 * b), (x - 0.96 * a, y + 0.2 * b)]  # fmt: skip

    rim = 0.016 * width
    canvas.polygon(outline(0.0), paint)
    canvas.polygon(outline(-rim), ink)
    canvas.polygon(outline(-2.6 * rim), paint)
    letter = 0.30 * width
    room = {"rectangle": 0.84, "arrow": 0.76, "round": 0.72, "hexagon": 0.74, "shield": 0.70}[shape]
    room *= width
    left = x - room / 2 - (0.05 * width if shape == "arrow" else 0.0)
    up = 0.04 * width if shape == "shield" else 0.0
    letter = min(letter, room * 0.44)
    write(canvas, cues.script, left, y - letter / 2 - up, room, letter, ink, rng, 5)


_CIRCLE = tuple((math.cos(i * math.pi / 14), math.sin(i * math.pi / 14)) for i in range(28))


def pole(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, x: float, z: float,
    height: float = 8.5,
) -> list[Point]:  # fmt: skip
    """A utility pole at (x, z) metres; gives back the canvas points where its wires hang."""
    kind = scene.cues.pole
    foot_x, foot_y = camera.project(x, 0.0, z)
    k = camera.focal / z
    air = clear_air(light, z)

    def tone(colour: Colour, facing: str) -> Colour:
        return light.face(colour, facing, air)

    def at(px: float, py: float) -> Point:
        return foot_x + px * k, foot_y - py * k

    def shaft(colour: Colour, low: float, high: float, top: float) -> None:
        low, high = max(low, 0.45 / canvas.size / k), max(high, 0.4 / canvas.size / k)
        canvas.polygon([at(-low, 0), at(-high, top), at(0, top), at(0, 0)], tone(colour, "left"))
        canvas.polygon([at(0, 0), at(0, top), at(high, top), at(low, 0)], tone(colour, "right"))

    def arm(colour: Colour, y: float, reach: float, thick: float) -> None:
        t = max(thick / 2, 0.4 / canvas.size / k)
        canvas.polygon(
            [at(-reach, y - t), at(-reach, y + t), at(reach, y + t), at(reach, y - t)],
            tone(colour, "front"),
        )

    def insulators(y: float, places: Sequence[float], colour: Colour) -> None:
        if canvas.pixels(0.2 * k) > 0.7:
            for px in places:
                canvas.polygon(
                    [
                        at(px - 0.1, y),
                        at(px - 0.1, y + 0.35),
                        at(px + 0.1, y + 0.35),
                        at(px + 0.1, y),
                    ],
                    tone(colour, "front"),
                )

    if kind == "wood":
        brown = (104, 70, 44)
        shaft(brown, 0.20, 0.15, height)
        for y in (height - 0.5, height - 1.7):
            arm(scale(brown, 0.85), y, 1.3, 0.26)
            insulators(y + 0.1, (-1.15, -0.6, 0.6, 1.15), (214, 224, 226))
        canvas.line(
            [at(-0.9, height - 0.5), at(0, height - 1.7), at(0.9, height - 0.5)],
            tone(brown, "right"),
            0.1 * k,
        )
        return [at(-1.15, height - 0.1), at(1.15, height - 0.1)]
    if kind == "concrete":
        pale = (214, 210, 200)
        shaft(pale, 0.34, 0.16, height)
        if canvas.pixels(0.3 * k) > 3:
            for i in range(6):
                canvas.polygon(
                    [at(-0.07, 0.9 + i), at(-0.07, 1.5 + i), at(0.07, 1.5 + i), at(0.07, 0.9 + i)],
                    tone(scale(pale, 0.66), "front"),
                )
        canvas.line(
            [at(-1.2, height + 0.5), at(0, height - 0.9), at(1.2, height + 0.5)],
            tone(scale(pale, 0.92), "front"),
            max(0.2 * k, 0.9 / canvas.size),
        )
        insulators(height + 0.4, (-1.2, 1.2), (120, 84, 60))
        insulators(height, (0.0,), (120, 84, 60))
        return [at(-1.2, height + 0.7), at(1.2, height + 0.7)]
    if kind == "steel":
        grey = (92, 112, 128)
        shaft(grey, 0.15, 0.09, height + 0.8)
        for y, reach in ((height + 0.2, 0.9), (height - 0.9, 1.25), (height - 2.0, 0.9)):
            arm(grey, y, reach, 0.12)
            insulators(y - 0.4, (-reach, reach), (224, 230, 232))
        return [at(-1.25, height - 1.3), at(1.25, height - 1.3)]
    iron = (120, 128, 132)
    thick = max(0.09 * k, 0.8 / canvas.size)
    left, right = tone(iron, "left"), tone(iron, "right")
    top = height + 1.2
    canvas.line([at(-0.85, 0), at(-0.22, top)], left, thick)
    canvas.line([at(0.85, 0), at(0.22, top)], right, thick)
    steps = 6
    zigzag, zagzig = [], []
    for i in range(steps + 1):
        y = top * i / steps
        half = 0.85 - 0.63 * i / steps
        zigzag.append(at(half if i % 2 else -half, y))
        zagzig.append(at(-half if i % 2 else half, y))
    canvas.line(zigzag, left, 0.7 * thick)
    canvas.line(zagzig, right, 0.7 * thick)
    for y, reach in ((height - 0.1, 1.9), (height - 1.9, 1.5)):
        canvas.polygon([at(-reach, y), at(0, y + 0.55), at(reach, y), at(0, y + 0.12)], left)
    return [at(-1.9, height - 0.3), at(1.9, height - 0.3)]


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
    wire = light.through_air((52, 54, 60), z)
    for (xa, ya), (xb, yb) in zip(a, b, strict=True):
        sag = 0.05 * abs(xb - xa)
        points = [
            (xa + (xb - xa) * t, ya + (yb - ya) * t + sag * 4 * t * (1 - t))
            for t in (0.0, 0.25, 0.5, 0.75, 1.0)
        ]
        canvas.line(points, wire, 0.0022)


def bollard(canvas: Canvas, scene: Scene, camera: Camera, light: Light, x: float, z: float) -> None:
    """The country's roadside post at (x, z) metres."""
    kind = scene.cues.bollard
    foot_x, foot_y = camera.project(x, 0.0, z)
    k = 1.3 * camera.focal / z
    if canvas.pixels(1.1 * k) < 2:
        return

    def box(half: float, low: float, high: float, colour: Colour, slant: float = 0.0) -> None:
        lit, dark = light.face(colour, "left", 0.5 * z), light.face(colour, "right", 0.5 * z)
        h = max(half, 0.5 / canvas.size / k)
        a, b, c = foot_x - h * k, foot_x + 0.2 * h * k, foot_x + h * k
        y0, y1, d = foot_y - low * k, foot_y - high * k, slant * k
        canvas.polygon([(a, y0), (a, y1), (b, y1 - 0.6 * d), (b, y0 - 0.6 * d)], lit)
        canvas.polygon([(b, y0 - 0.6 * d), (b, y1 - 0.6 * d), (c, y1 - d), (c, y0 - d)], dark)

    white = (244, 244, 240)
    if kind == "red band":
        box(0.13, 0, 1.1, white)
        box(0.14, 0.68, 0.94, (214, 34, 34))
    elif kind == "black band":
        box(0.13, 0, 1.1, white)
        box(0.14, 0.55, 0.80, (24, 24, 28), slant=0.16)
    elif kind == "yellow":
        box(0.19, 0, 0.82, (248, 200, 30))
        box(0.19, 0.82, 0.88, (255, 226, 110))
    elif kind == "orange":
        box(0.24, 0, 0.08, (70, 66, 64))
        box(0.12, 0.08, 1.12, (246, 104, 24))
        box(0.125, 0.55, 0.66, white)
        box(0.125, 0.82, 0.93, white)
    else:
        box(0.11, 0, 1.0, (72, 74, 78))
        canvas.ellipse(
            foot_x, foot_y - 0.92 * k, 0.19 * k, 0.19 * k, light.face((60, 60, 64), "front")
        )
        canvas.ellipse(
            foot_x, foot_y - 0.92 * k, 0.14 * k, 0.14 * k, mix((250, 252, 255), light.colour, 0.15)
        )


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
    foot_x, foot_y = camera.project(x, 0.0, z)
    k = camera.focal / z
    iron: Colour = (54, 62, 66) if kind in ("globe", "lantern") else (150, 156, 160)
    inward = inward or (-1 if x > camera.x else 1)
    air = clear_air(light, z)
    lit, dark = light.face(iron, "left", air), light.face(iron, "right", air)
    shade = light.face((244, 242, 230), "front", air)
    bulb = mix(shade, (255, 236, 178), max(light.night, 0.25))

    def at(px: float, py: float) -> Point:
        return foot_x + px * k, foot_y - py * k

    def post(top: float, low: float, high: float) -> None:
        low, high = max(low, 0.45 / canvas.size / k), max(high, 0.45 / canvas.size / k)
        canvas.polygon([at(-low, 0), at(-high, top), at(0, top), at(0, 0)], lit)
        canvas.polygon([at(0, 0), at(0, top), at(high, top), at(low, 0)], dark)
        canvas.polygon(
            [at(-2.2 * low, 0), at(-1.6 * low, 0.5), at(1.6 * low, 0.5), at(2.2 * low, 0)], dark
        )

    heads: list[Point] = []
    if kind == "globe":
        post(3.7, 0.1, 0.08)
        x1, y1 = at(0, 4.1)
        canvas.ellipse(x1, y1 + 0.42 * k, 0.2 * k, 0.1 * k, dark)
        canvas.ellipse(x1, y1, 0.46 * k, 0.46 * k, scale(bulb, 0.88))
        canvas.ellipse(x1 + 0.08 * light.side * k, y1 - 0.05 * k, 0.36 * k, 0.36 * k, bulb)
        heads.append((x1, y1))
    elif kind == "lantern":
        post(3.4, 0.1, 0.07)
        canvas.polygon([at(-0.55, 3.12), at(-0.55, 3.26), at(0.55, 3.26), at(0.55, 3.12)], dark)
        canvas.polygon([at(-0.22, 3.4), at(-0.44, 4.3), at(0.44, 4.3), at(0.22, 3.4)], bulb)
        canvas.line([at(0, 3.4), at(0, 4.3)], dark, 0.06 * k)
        canvas.line([at(-0.22, 3.4), at(-0.44, 4.3)], lit, 0.08 * k)
        canvas.line([at(0.22, 3.4), at(0.44, 4.3)], dark, 0.08 * k)
        canvas.polygon([at(-0.6, 4.28), at(0, 4.95), at(0.6, 4.28)], lit)
        canvas.polygon([at(0, 4.28), at(0, 4.95), at(0.6, 4.28)], dark)
        heads.append(at(0, 3.85))
    else:
        post(6.4, 0.13, 0.08)
        for way in (inward,) if kind == "arm" else (-1, 1):
            reach = 2.3 if kind == "arm" else 1.7
            canvas.line(
                [at(0, 6.3), at(0.25 * reach * way, 7.0), at(0.7 * reach * way, 7.3), at(reach * way, 7.25)],
                lit, max(0.12 * k, 1.0 / canvas.size),
            )  # fmt: skip
            xa, ya = at((reach - 0.75) * way, 7.42)
            xb, yb = at((reach + 0.3) * way, 7.1)
            canvas.polygon([(xa, yb), (xa, ya), (xb, (ya + yb) / 2), (xb, yb)], dark)
            canvas.rectangle(min(xa, xb), yb, max(xa, xb), yb + 0.12 * k, bulb)
            heads.append(at((reach - 0.2) * way, 7.1))
    if light.night > 0.2:
        for hx, hy in heads:
            canvas.glow(hx, hy, 2.6 * k, LAMPLIGHT, 0.7 * light.night)


# ------------------------------------------------------------------------------------- vehicles


def car(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, x: float, z: float,
    away: bool, paint: Colour, u: Sequence[float], taxi: bool = False,
) -> None:  # fmt: skip
    """A car on the road with its near end at (x, z): `away` from the viewer or towards it.

    `u` holds three random numbers: kind of car, tone, and phase.
    """
    van = u[0] > 0.74
    tall = 1.95 if van else 1.46 + 0.1 * u[1]
    half, belt, length = (0.98, 1.05, 4.6) if van else (0.92, 0.90, 4.2)
    k, k2 = camera.focal / z, camera.focal / (z + length)
    cx, cy = camera.vanish, camera.horizon
    ch, ox = camera.height, x - camera.x

    def n(px: float, y: float) -> Point:
        return cx + (ox + px) * k, cy + (ch - y) * k

    def f(px: float, y: float, share: float = 1.0) -> Point:
        kk = camera.focal / (z + share * length)
        return cx + (ox + px) * kk, cy + (ch - y) * kk

    front = light.face(paint, "front", 0.5 * z)
    top = light.face(scale(paint, 1.05), "up", 0.5 * z)
    flank = -1 if ox > 0 else 1
    side = light.face(scale(paint, 0.92), "left" if flank < 0 else "right", 0.5 * z)
    glass = light.through_air(mix(GLASS, light.sky_low, 0.12), 0.5 * z)
    sheen = mix(glass, light.sky_low, 0.45)
    black = light.through_air((24, 24, 28), 0.5 * z)
    detail = canvas.pixels(1.8 * k)
    ground_shadow(canvas, camera, light, x, z + length / 2, half * 1.12, length / 2 + 0.2)
    if scene.view.weather == "rain":
        canvas.veil(
            [n(-half, 0.1), n(half, 0.1), n(0.8 * half, -0.9), n(-0.8 * half, -0.9)], front, 0.18
        )
        gleam = (255, 60, 50) if away else (255, 246, 214)
        for way in (-0.8, 0.8):
            for wide, deep in ((0.15, -1.2), (0.08, -1.5)):
                canvas.veil(
                    [n((way - wide) * half, 0.0), n((way + wide) * half, 0.0), n(way * half, deep)],
                    gleam, 0.24,
                )  # fmt: skip
    s = flank * half
    # far side first: flank of the body, wheels, cabin, then the near end
    canvas.polygon([n(s, 0.25), n(s, belt), f(s, belt), f(s, 0.3)], side)
    if detail > 9:
        for share in (0.18, 0.80):
            (wx, wy), (wx2, _) = f(s, 0.33, share - 0.07), f(s, 0.33, share + 0.07)
            r = 0.33 * camera.focal / (z + share * length)
            canvas.ellipse((wx + wx2) / 2, wy, max(abs(wx - wx2) / 2, 0.3 * r), r, black)
    roof_in = 0.80 * half
    a0, a1 = (0.03, 0.62) if away else (0.30, 0.95)
    if van:
        a0, a1 = (0.02, 0.78) if away else (0.2, 0.98)
    r0, r1 = (a0 + 0.06, a1 - 0.14) if away else (a0 + 0.14, a1 - 0.06)
    sr = flank * roof_in
    canvas.polygon([f(s, belt, a0), f(sr, tall, r0), f(sr, tall, r1), f(s, belt, a1)], glass)
    if detail > 16:
        middle = (r0 + r1) / 2
        canvas.line([f(s, belt, middle), f(sr, tall, middle)], side, 0.09 * k2)
    canvas.polygon(
        [f(-roof_in, tall, r0), f(roof_in, tall, r0), f(roof_in, tall, r1), f(-roof_in, tall, r1)],
        top,
    )
    if away:
        canvas.polygon([n(-half, belt), f(-half, belt, a0), f(half, belt, a0), n(half, belt)], top)
    else:
        canvas.polygon(
            [n(-half, belt - 0.12), f(-half, belt, a0), f(half, belt, a0), n(half, belt - 0.12)],
            top,
        )
    canvas.polygon(
        [f(-half, belt, a0), f(-roof_in, tall, r0), f(roof_in, tall, r0), f(half, belt, a0)], front
    )
    canvas.polygon(
        [f(-0.86 * half, belt + 0.03, a0), f(-0.9 * roof_in, tall - 0.08, r0),
         f(0.9 * roof_in, tall - 0.08, r0), f(0.86 * half, belt + 0.03, a0)],
        glass,
    )  # fmt: skip
    if detail > 9:
        canvas.polygon(
            [f(-0.86 * half, belt + 0.03, a0), f(-0.9 * roof_in, tall - 0.08, r0), f(-0.2 * roof_in, tall - 0.08, r0),
             f(-0.55 * half, belt + 0.03, a0)],
            sheen,
        )  # fmt: skip
    low, high = 0.24, belt if away else belt - 0.12
    if detail > 5:
        for wheel in (-0.78, 0.78):
            (xa, ya), (xb, yb) = n(wheel * half - 0.14, 0.4), n(wheel * half + 0.14, 0.0)
            canvas.rectangle(xa, ya, xb, yb, black)
    canvas.polygon(
        [n(-half, low + 0.05), n(-half, high - 0.12), n(-0.9 * half, high), n(0.9 * half, high),
         n(half, high - 0.12), n(half, low + 0.05), n(0.9 * half, low), n(-0.9 * half, low)],
        front,
    )  # fmt: skip
    canvas.polygon(
        [n(-half, low), n(-half, low + 0.16), n(half, low + 0.16), n(half, low)], scale(front, 0.55)
    )
    glow = max(light.night, 0.0)
    if away:
        lamp_tone = mix(light.through_air((222, 22, 26), 0.3 * z), (255, 70, 60), 0.5 * glow)
        for way in (-1, 1):
            canvas.polygon(
                [n(way * half, high - 0.06), n(way * half, high - 0.40), n(way * 0.64 * half, high - 0.36),
                 n(way * 0.64 * half, high - 0.14)],
                lamp_tone,
            )  # fmt: skip
            if glow > 0.25:
                gx, gy = n(way * 0.8 * half, high - 0.22)
                canvas.glow(gx, gy, 0.8 * k, (255, 40, 36), 0.5 * glow)
    else:
        if detail > 7:
            canvas.polygon(
                [
                    n(-0.5 * half, 0.46),
                    n(-0.58 * half, 0.66),
                    n(0.58 * half, 0.66),
                    n(0.5 * half, 0.46),
                ],
                black,
            )
        lamp_tone = (255, 252, 232)
        for way in (-1, 1):
            gx, gy = n(way * 0.76 * half, 0.63)
            canvas.ellipse(
                gx,
                gy,
                max(0.19 * k, 0.8 / canvas.size),
                max(0.12 * k, 0.7 / canvas.size),
                lamp_tone,
            )
            strength = max(0.35, 0.9 * glow)
            if detail > 4:
                canvas.glow(gx, gy, (0.55 + 1.3 * glow) * k, (255, 246, 214), strength)
    if detail > 6:
        y0, y1 = (0.46, 0.68) if away else (0.26, 0.45)
        wide = 0.36
        plate = scale(PLATE_PAINT[scene.cues.plate], max(0.9, 1.0 - 0.2 * light.night))
        canvas.polygon(
            [
                n(-wide - 0.03, y0 - 0.03),
                n(-wide - 0.03, y1 + 0.03),
                n(wide + 0.03, y1 + 0.03),
                n(wide + 0.03, y0 - 0.03),
            ],
            (32, 32, 36) if scene.cues.plate != "black" else (170, 170, 172),
        )
        canvas.polygon([n(-wide, y0), n(-wide, y1), n(wide, y1), n(wide, y0)], plate)
        if canvas.pixels(0.2 * k) > 5:
            ink = (24, 24, 30) if scene.cues.plate in ("white", "yellow") else (244, 244, 240)
            for i in range(6):
                px = -0.28 + 0.112 * i
                canvas.polygon(
                    [
                        n(px - 0.03, y0 + 0.05),
                        n(px - 0.03, y1 - 0.05),
                        n(px + 0.03, y1 - 0.05),
                        n(px + 0.03, y0 + 0.05),
                    ],
                    ink,
                )
    if taxi:
        _roof_box(canvas, n, 0.0, tall + 0.02 - 0.06, k, r0)


def _roof_box(
    canvas: Canvas,
    at: Callable[[float, float], Point],
    x: float,
    y: float,
    k: float,
    _: float = 0.0,
) -> None:
    """The lit box on a taxi's roof, with a checkered band."""
    canvas.polygon(
        [at(x - 0.46, y), at(x - 0.40, y + 0.36), at(x + 0.40, y + 0.36), at(x + 0.46, y)],
        (30, 30, 34),
    )
    canvas.polygon(
        [
            at(x - 0.40, y + 0.05),
            at(x - 0.35, y + 0.31),
            at(x + 0.35, y + 0.31),
            at(x + 0.40, y + 0.05),
        ],
        (255, 244, 190),
    )
    for i in range(3):
        px = x - 0.24 + 0.24 * i
        canvas.polygon(
            [
                at(px - 0.06, y + 0.11),
                at(px - 0.06, y + 0.25),
                at(px + 0.06, y + 0.25),
                at(px + 0.06, y + 0.11),
            ],
            (40, 40, 44),
        )


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
    f = camera.focal
    cars = [
        (near * f * (1.0 + 0.12 * luck[0][3]), True),
        (near * f * (1.5 + 0.5 * luck[1][3]), False),
    ]
    for i in range(2, 2 + max(0, min(4, scene.view.vehicles - 1))):
        cars.append((near * f * (1.2 + 1.4 * i + 0.8 * luck[i][3]), i % 2 == 0))
    taxi = "taxi" in scene.shows
    for i, (z, away) in reversed(list(enumerate(cars))):
        u = luck[i]
        if i == 0:
            paint = CAR_PAINT[scene.cues.taxi if taxi else scene.view.vehicle_colour]
        else:
            paint = OTHER_CARS[int(u[4] * len(OTHER_CARS))]
        extra = 2 * lane if lanes > 1 and i > 1 and u[2] > 0.5 else 0.0
        x = own * (lane + extra) * (1 if away else -1) + bend(z)
        kind = [0.0 if taxi and i == 0 else u[0], u[1], u[2]]
        car(canvas, scene, camera, light, x, z, away, paint, kind, taxi=taxi and i == 0)


def taxi(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, x: float, z: float, heading: int = 1
) -> None:
    """A taxi seen from the side, as at a rank: it says nothing of the side of the road."""
    k = camera.focal / z
    cx, foot = camera.project(x, 0.0, z)
    paint = CAR_PAINT[scene.cues.taxi]
    body, top = light.face(paint, "front", 0.5 * z), light.face(scale(paint, 1.06), "up", 0.5 * z)
    glass = light.through_air(mix(GLASS, light.sky_low, 0.12), 0.5 * z)
    black = light.through_air((24, 24, 28), 0.5 * z)

    def at(px: float, py: float) -> Point:
        return cx + heading * px * k, foot - py * k

    ground_shadow(canvas, camera, light, x, z + 0.8, 2.3, 0.9)
    canvas.polygon([at(-1.55, 0.85), at(-1.05, 1.42), at(0.45, 1.42), at(1.15, 0.85)], top)
    canvas.polygon([at(-1.32, 0.88), at(-0.95, 1.33), at(-0.3, 1.33), at(-0.3, 0.88)], glass)
    canvas.polygon([at(-0.2, 0.88), at(-0.2, 1.33), at(0.38, 1.33), at(0.92, 0.88)], glass)
    canvas.polygon(
        [at(-2.2, 0.35), at(-2.22, 0.8), at(-1.6, 0.92), at(1.15, 0.9), at(2.05, 0.74), at(2.2, 0.55),
         at(2.2, 0.3), at(-2.1, 0.25)],
        body,
    )  # fmt: skip
    canvas.polygon(
        [at(-2.15, 0.25), at(-2.15, 0.36), at(2.2, 0.36), at(2.2, 0.25)], scale(body, 0.6)
    )
    if canvas.pixels(0.14 * k) > 0.8:
        dark, pale = (
            (black, (246, 246, 240)) if scene.cues.taxi != "black" else ((246, 246, 240), black)
        )
        canvas.polygon([at(-1.5, 0.58), at(-1.5, 0.76), at(1.3, 0.76), at(1.3, 0.58)], pale)
        for i in range(8):
            px = -1.5 + 0.35 * i
            canvas.polygon(
                [at(px, 0.58), at(px, 0.76), at(px + 0.175, 0.76), at(px + 0.175, 0.58)], dark
            )
    for px in (-1.35, 1.38):
        wx, wy = at(px, 0.34)
        canvas.ellipse(wx, wy, 0.36 * k, 0.36 * k, black)
        canvas.ellipse(wx, wy, 0.19 * k, 0.19 * k, light.face((170, 174, 178), "front"))
    xa, ya = at(2.12, 0.62)
    canvas.ellipse(xa, ya, 0.12 * k, 0.09 * k, (255, 250, 224))
    _roof_box(canvas, at, -0.25, 1.42, k)


def tram(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, x: float, z: float,
    bend: Callable[[float], float] = NO_BEND,
) -> None:  # fmt: skip
    """A tram in the city's colour on its rails, its front at (x, z), 20 metres long."""
    rails = light.face((176, 172, 170), "up", 4.0)
    near = 0.96 * camera.ground(1.0)
    for px in (-0.75, 0.75):
        canvas.polygon(strip(camera, x + px - 0.07, x + px + 0.07, [near, 300.0], bend), rails)
    paint = CAR_PAINT[scene.cues.tram]
    half, tall, length = 1.25, 3.5, 18.0
    front = light.face(paint, "front", 0.4 * z)
    flank = -1 if x > camera.x else 1
    facing = "left" if flank < 0 else "right"
    side, top = light.face(paint, facing, 0.6 * z), light.face((214, 212, 206), "up", 0.5 * z)
    cream = light.face((244, 238, 222), "front", 0.4 * z)
    cream_side = light.face((244, 238, 222), facing, 0.6 * z)
    glass = light.through_air(
        mix(mix(GLASS, light.sky_low, 0.15), LAMPLIGHT, 0.55 * light.night), 0.5 * z
    )
    k = camera.focal / z

    def at(px: float, y: float, deep: float = 0.0) -> Point:
        return camera.project(x + px, y, z + deep)

    def quad(deep0: float, deep1: float, y0: float, y1: float) -> list[Point]:
        s = flank * half
        return [at(s, y0, deep0), at(s, y1, deep0), at(s, y1, deep1), at(s, y0, deep1)]

    ground_shadow(canvas, camera, light, x, z + length / 2, half * 1.1, length / 2)
    canvas.polygon(quad(0, length, 0.25, tall), side)
    canvas.polygon(quad(0, length, 1.55, 2.85), cream_side)
    count = 6
    for i in range(count):
        a = length * (i + 0.12) / count
        canvas.polygon(quad(a, a + 0.76 * length / count, 1.7, 2.7), glass)
    canvas.polygon(
        [at(-half, tall), at(half, tall), at(half, tall, length), at(-half, tall, length)], top
    )
    canvas.polygon(
        [at(-0.7, tall), at(0.7, tall), at(0.6, tall + 0.35, 1), at(-0.6, tall + 0.35, 1)],
        scale(top, 0.7),
    )
    canvas.polygon(
        [
            at(-half, 0.25),
            at(-half, 3.1),
            at(-0.82 * half, tall),
            at(0.82 * half, tall),
            at(half, 3.1),
            at(half, 0.25),
        ],
        front,
    )
    canvas.polygon([at(-half, 1.45), at(-half, 2.95), at(half, 2.95), at(half, 1.45)], cream)
    canvas.polygon(
        [at(-0.84 * half, 1.6), at(-0.8 * half, 2.85), at(0.8 * half, 2.85), at(0.84 * half, 1.6)],
        glass,
    )
    canvas.polygon(
        [
            at(-0.84 * half, 1.9),
            at(-0.8 * half, 2.85),
            at(-0.2 * half, 2.85),
            at(-0.5 * half, 1.6),
            at(-0.84 * half, 1.6),
        ],
        mix(glass, light.sky_low, 0.35),
    )
    canvas.polygon([at(-0.5, 3.0), at(-0.5, 3.3), at(0.5, 3.3), at(0.5, 3.0)], (52, 50, 46))
    canvas.polygon(
        [at(-half, 0.25), at(-half, 0.5), at(half, 0.5), at(half, 0.25)], scale(front, 0.45)
    )
    for px in (-0.75, 0.75):
        hx, hy = at(px, 0.95)
        canvas.ellipse(
            hx,
            hy,
            max(0.17 * k, 0.7 / canvas.size),
            max(0.17 * k, 0.7 / canvas.size),
            (255, 250, 226),
        )
    wire = light.through_air((48, 50, 56), 20.0)
    canvas.line([camera.project(x, 5.6, near), camera.project(x, 5.6, 200.0)], wire, 0.002)
    canvas.line(
        [at(-0.5, tall + 0.3, 4), at(0.3, 4.6, 3), at(0.0, 5.6, 4)], wire, max(0.05 * k, 0.002)
    )


# ------------------------------------------------------------------------ people and foregrounds


def person(
    canvas: Canvas,
    scene: Scene,
    camera: Camera,
    light: Light,
    x: float,
    z: float,
    u: Sequence[float],
) -> None:
    """Someone on foot at (x, z) metres. `u` holds five random numbers."""
    k = camera.focal / z
    height = 1.55 + 0.3 * u[0]
    if canvas.pixels(height * k) < 2.5:
        return
    foot_x, foot_y = camera.project(x, 0.0, z)
    coat = CLOTHS[int(u[1] * len(CLOTHS))]
    legs = ((52, 56, 76), (88, 76, 66), (60, 60, 62), (120, 112, 96))[int(u[2] * 4)]
    skin = ((238, 196, 164), (206, 152, 112), (150, 102, 72), (104, 70, 52))[int(u[3] * 4)]
    hair = ((48, 36, 30), (96, 66, 40), (40, 40, 44), (190, 156, 100))[int(u[4] * 4)]
    stride = 0.16 * (2 * u[4] - 1) + 0.1
    lit, dark = ("left", "right") if light.side < 0 else ("right", "left")
    s = height / 1.75

    def at(px: float, py: float) -> Point:
        return foot_x + px * s * k, foot_y - py * s * k

    ground_shadow(canvas, camera, light, x, z, 0.34, 0.25)
    tone = light.face(legs, "front", 0.6 * z)
    canvas.polygon(
        [at(-0.18, 0.86), at(0.0, 0.86), at(-0.02 - stride, 0.0), at(-0.15 - stride, 0.0)], tone
    )
    canvas.polygon(
        [at(0.0, 0.86), at(0.18, 0.86), at(0.15 + stride, 0.0), at(0.02 + stride, 0.0)],
        scale(tone, 0.82),
    )
    bright, dull = light.face(coat, lit, 0.6 * z), light.face(coat, dark, 0.6 * z)
    left, right = (bright, dull) if lit == "left" else (dull, bright)
    hem = 0.55 if u[0] > 0.5 else 0.8
    canvas.polygon(
        [at(-0.22, hem), at(-0.24, 1.38), at(-0.12, 1.46), at(0.03, 1.46), at(0.03, hem)], left
    )
    canvas.polygon(
        [at(0.03, hem), at(0.03, 1.46), at(0.12, 1.46), at(0.24, 1.38), at(0.22, hem)], right
    )
    if canvas.pixels(k) > 12:
        canvas.line(
            [at(-0.25, 1.34), at(-0.31 - 0.4 * stride, 0.84)], scale(left, 0.9), 0.1 * s * k
        )
        canvas.line([at(0.25, 1.34), at(0.31 + 0.4 * stride, 0.84)], scale(right, 0.9), 0.1 * s * k)
    hx, hy = at(0.0, 1.61)
    r = 0.135 * s * k
    canvas.ellipse(hx, hy - 0.2 * r, 1.08 * r, 1.08 * r, light.face(hair, "front", 0.5 * z))
    canvas.ellipse(
        hx + 0.15 * r, hy + 0.12 * r, 0.88 * r, 0.98 * r, light.face(skin, "front", 0.5 * z)
    )


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
        person(canvas, scene, camera, light, x, z, u)


def occluder(canvas: Canvas, scene: Scene, light: Light, side: int) -> None:
    """Something close to the lens that hides the edge of the picture on `side` (-1 or +1)."""
    kind = scene.view.occluder
    if kind == "none":
        return
    rng = scene.rng("occluder")
    u = [rng.random() for _ in range(24)]
    edge = 0.0 if side < 0 else 1.0
    wide = 0.10 + 0.08 * u[0]

    def at(px: float, y: float) -> Point:
        return edge - side * px, y

    if kind == "pillar":
        tone = light.face((150, 140, 128), "left" if side > 0 else "right")
        for i in range(5):
            share = (0.62, 0.9, 1.0, 0.94, 0.8)[i]
            a, b = wide * i / 5, wide * (i + 1) / 5
            canvas.polygon([at(a, 0), at(b, 0), at(b, 1), at(a, 1)], scale(tone, 0.55 * share))
        canvas.polygon(
            [at(0, 0.93), at(1.15 * wide, 0.93), at(1.15 * wide, 1), at(0, 1)], scale(tone, 0.5)
        )
    elif kind == "person":
        coat = light.face(scale(CLOTHS[int(u[1] * len(CLOTHS))], 0.6), "front")
        hair = light.face((52, 42, 38), "front")
        skin = light.face((150, 112, 90), "front")
        top = 0.42 + 0.15 * u[2]
        canvas.polygon(
            [
                at(-0.1, top + 0.14),
                at(0.42 * wide, top + 0.14),
                at(0.46 * wide, top + 0.32),
                at(-0.1, top + 0.32),
            ],
            skin,
        )
        canvas.polygon(
            [at(-0.1, 1.05), at(-0.1, top + 0.25), at(0.38 * wide, top + 0.25), at(0.6 * wide, top + 0.275),
             at(1.15 * wide, top + 0.33), at(1.42 * wide, top + 0.45), at(1.55 * wide, 1.05)],
            coat,
        )  # fmt: skip
        canvas.polygon(
            [at(0.9 * wide, 1.05), at(1.15 * wide, top + 0.33), at(1.42 * wide, top + 0.45), at(1.55 * wide, 1.05)],
            scale(coat, 1.25 if side * light.side < 0 else 0.8),
        )  # fmt: skip
        x, y = at(0.08 * wide, top + 0.1)
        canvas.ellipse(x, y, 0.66 * wide, 0.125, hair)
        canvas.ellipse(*at(0.64 * wide, top + 0.125), 0.09 * wide, 0.028, skin)
    elif kind == "leaves":
        bark = light.face((58, 50, 46), "front")
        for i in range(3):
            tip = at(1.2 * wide + 0.9 * wide * u[i], 0.05 + 0.11 * i + 0.05 * u[i + 3])
            canvas.line([at(-0.02, 0.02 + 0.1 * i), tip], bark, 0.006)
        for i in range(20):
            x, y = at(2.1 * wide * u[i] ** 1.2 - 0.02, 0.02 + 0.34 * u[(7 * i + 5) % 24] ** 1.3)
            dx, dy = (0.034, 0.030 * (2 * u[(5 * i + 3) % 24] - 1))
            nx, ny = -0.42 * dy, 0.42 * dx
            leaf = light.face((52, 74, 50) if i % 3 else (74, 98, 62), "front")
            back = [(x - dx, y - dy), (x - 0.3 * dx + nx, y - 0.3 * dy + ny),
                    (x + 0.4 * dx + nx, y + 0.4 * dy + ny), (x + dx, y + dy)]  # fmt: skip
            canvas.polygon(
                [*back, (x + 0.4 * dx - nx, y + 0.4 * dy - ny), (x - 0.3 * dx - nx, y - 0.3 * dy - ny)],
                leaf,
            )  # fmt: skip
            canvas.polygon(back, scale(leaf, 0.78))
    else:
        dark = mix((30, 30, 34), light.haze, 0.08)
        pillar = 0.5 * wide
        frame = [at(0, 0), at(1, 0), at(1, 0.03), at(0.55, 0.036)]
        frame += [
            at(pillar + 0.09 * c, 0.14 - 0.1 * s)
            for c, s in ((0.7, 1.0), (0.3, 0.8), (0.08, 0.45), (0.0, 0.0))
        ]
        frame += [
            at(pillar + 0.09 * c, 0.86 + 0.1 * s)
            for c, s in ((0.0, 0.0), (0.08, 0.45), (0.3, 0.8), (0.7, 1.0))
        ]
        canvas.polygon([*frame, at(0.55, 0.965), at(1, 0.972), at(1, 1), at(0, 1)], dark)
        canvas.veil(
            [at(0.50, 0.04), at(0.60, 0.04), at(0.36, 0.96), at(0.26, 0.96)], (255, 255, 255), 0.06
        )
