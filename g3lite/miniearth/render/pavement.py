"""What lies on the ground: strips of road, shadows, wet air, pavements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from random import Random

from PIL import Image, ImageChops, ImageDraw

from g3lite.miniearth.cues import digest
from g3lite.miniearth.render.canvas import (
    RAMP,
    SNOW,
    Camera,
    Canvas,
    Colour,
    Light,
    Point,
    mix,
    scale,
)
from g3lite.miniearth.scene import Scene

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
