"""Roads and all that stands or moves on them: lines, paving, signs, poles, lamps, cars, people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from random import Random

from PIL import Image, ImageChops, ImageDraw

from g3lite.miniearth.built import (
    CLOTHS,
    GLASS,
    LAMPLIGHT,
    SHADOW,
    clear_air,
    sunshine,
)
from g3lite.miniearth.canvas import (
    RAMP,
    SNOW,
    Camera,
    Canvas,
    Colour,
    Figure,
    Light,
    Point,
    circle,
    mix,
    pick,
    scale,
)
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
NO_BEND: Callable[[float], float] = lambda z: 0.0  # noqa: E731


def bend_of(curvature: float, start: float = 12.0) -> Callable[[float], float]:
    """How far to the right (metres) a road has swung `z` metres ahead."""

    def bend(z: float) -> float:
        beyond = max(0.0, z - start)
        return curvature * beyond * beyond

    return bend


def strip(
    camera: Camera, x0: float, x1: float, distances: Sequence[float],
    bend: Callable[[float], float],
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


FADE = RAMP.point([(255 - v) ** 3 // 65025 for v in range(256)])


def _mask(
    canvas: Canvas, camera: Camera, outline: Sequence[Point], grey: int
) -> tuple[Image.Image, int]:
    """A piece of ground as a mask from the horizon down, and its upper edge in pixels."""
    n = canvas.n
    top = int(camera.horizon * n)
    area = Image.new("L", (n, n - top))
    ImageDraw.Draw(area).polygon([(x * n, y * n - top) for x, y in outline], fill=grey)
    return area, top


def _wash(
    canvas: Canvas, camera: Camera, outline: Sequence[Point], colour: Colour, strength: float
) -> None:
    """Tint a piece of ground, least at the viewer's feet, by `strength` (0 to 1) at the horizon."""
    area, top = _mask(canvas, camera, outline, int(255 * strength))
    fade = FADE.resize((1, area.height)).resize(area.size, Image.Resampling.NEAREST)
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


@cache
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
    x0: float, x1: float, far: float = 300.0, kerb: bool = True,
) -> None:  # fmt: skip
    """Ground paved in the manner of the city between `x0` and `x1` metres; plain if not shown."""
    near = 0.96 * camera.ground(1.0)
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
        area, top = _mask(canvas, camera, outline, 255)
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
