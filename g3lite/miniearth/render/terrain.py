"""The ground, distant mountains and hills, the sea."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random

from PIL import ImageChops

from g3lite.miniearth.cues import digest
from g3lite.miniearth.render.canvas import (
    RAMP,
    SNOW,
    Camera,
    Canvas,
    Colour,
    Light,
    Point,
    Sketch,
    Stamp,
    bow,
    mix,
    scale,
)
from g3lite.miniearth.scene import Scene

SOILS: dict[str, Colour] = {
    "red": (186, 88, 52),
    "ochre": (214, 160, 84),
    "pale": (230, 212, 176),
    "brown": (138, 98, 66),
    "grey": (154, 152, 150),
    "dark": (76, 64, 58),
}
NEUTRAL_GROUND: Colour = (150, 144, 130)
GRASS: dict[str, Colour] = {
    "rainforest": (62, 124, 54),
    "savanna": (204, 172, 86),
    "desert": (226, 194, 140),
    "mediterranean": (170, 162, 90),
    "steppe": (180, 184, 128),
    "subtropical": (100, 152, 68),
    "temperate": (104, 156, 70),
    "boreal": (116, 132, 80),
}


# ------------------------------------------------------------------------------------- the land


def ground_colour(scene: Scene) -> Colour:
    """What the open ground looks like here; neutral where neither soil nor plants may show."""
    if scene.view.snow:
        return SNOW
    colour = SOILS[scene.cues.soil] if "soil" in scene.shows else NEUTRAL_GROUND
    if "vegetation" in scene.shows:
        colour = mix(colour, GRASS[scene.cues.zone], 0.82 if "soil" in scene.shows else 1.0)
    return colour


TEXTURE_WIDE = 1.25
"""Stamps of ground and far land are this much wider than the picture, to be shifted about."""


def _grass(s: Sketch, near: float, x: float) -> None:
    """A few blades; `near` runs from 0 at the horizon to 1 at the viewer's feet."""
    rng, y = s.rng, 1.0 - near
    tall = 0.004 + 0.068 * near**1.3
    for k in range(3):
        lean = tall * (rng.random() - 0.5)
        half = 0.0012 + 0.10 * tall
        layer = 1 if k == 0 or rng.random() < 0.35 else 2
        root = x + 0.5 * tall * (k - 1)
        s.shape(layer, [(root - half, y), (root + half, y), (root + lean, y + tall)])


def _tussock(s: Sketch, near: float, x: float) -> None:
    """Dry grass in tufts, some way apart."""
    if s.rng.random() < 0.45:
        _grass(s, near, x)
        _grass(s, near * 0.98, x + 0.02 * near)


def _pebbles(s: Sketch, near: float, x: float) -> None:
    rng, y = s.rng, 1.0 - near
    r = (0.0015 + 0.012 * near) * (0.4 + rng.random())
    if rng.random() < 0.5:
        s.dab(1, x + 0.4 * r, y - 0.2 * r, 1.5 * r, 0.6 * r)
        s.dab(2, x - 0.2 * r, y + 0.2 * r, 1.2 * r, 0.5 * r)
    else:
        s.dab(1, x, y, 3.0 * r, 0.35 * r)


def _ripples(s: Sketch, near: float, x: float) -> None:
    """Sand blown into low waves."""
    rng, y = s.rng, 1.0 - near
    if rng.random() < 0.5:
        return
    long, tall = 0.05 + 0.32 * near, 0.0015 + 0.012 * near
    for layer, lift in ((1, 0.0), (2, 1.3)):
        points = bow((x - long, y + lift * tall), (x + long, y + lift * tall), 0.0, 9)
        swing = [tall * (4 * i / 8 * (1 - i / 8)) for i in range(9)]
        upper = [(px, py + 1.5 * up) for (px, py), up in zip(points, swing, strict=True)]
        lower = [(px, py + 0.6 * up) for (px, py), up in zip(points, swing, strict=True)]
        s.shape(layer, upper + lower[::-1])


def _drifts(s: Sketch, near: float, x: float) -> None:
    """Snow: soft hollows and sparkle."""
    rng, y = s.rng, 1.0 - near
    if rng.random() < 0.3:
        s.dab(1, x, y, 0.06 + 0.34 * near, 0.003 + 0.016 * near)
        s.dab(2, x - 0.03, y + 0.004 + 0.010 * near, 0.06 + 0.32 * near, 0.002 + 0.012 * near)


TEXTURES = {
    "grass": (_grass, 2600), "dry": (_tussock, 1800), "dirt": (_pebbles, 900),
    "sand": (_ripples, 300), "snow": (_drifts, 220),
}  # fmt: skip
TEXTURE_OF = {
    "rainforest": "grass", "savanna": "dry", "desert": "sand", "mediterranean": "dry",
    "steppe": "dry", "subtropical": "grass", "temperate": "grass", "boreal": "grass",
}  # fmt: skip


@cache
def texture(name: str) -> Stamp:
    """Ground from the horizon (top) to the viewer's feet: layers patches, dark and light marks."""
    mark, number = TEXTURES[name]
    sketch = Sketch(3, TEXTURE_WIDE, 400, Random(digest("ground", name)))
    rng = sketch.rng
    nears = sorted((k + rng.random()) / number for k in range(number))
    for near in nears:
        mark(sketch, near**1.15, TEXTURE_WIDE * (2 * rng.random() - 1))
    for _ in range(60):
        near = rng.random()
        x = TEXTURE_WIDE * (2 * rng.random() - 1)
        pen = sketch.pens[0]
        for _ in range(6):
            dx, dy = 0.3 * (rng.random() - 0.5), 0.10 * near * (rng.random() - 0.5)
            rx, ry = (0.10 + 0.25 * near) * rng.random(), (0.004 + 0.04 * near) * rng.random()
            left, top = sketch.at(x + dx - rx, 1.0 - near - dy + ry)
            right, bottom = sketch.at(x + dx + rx, 1.0 - near - dy - ry)
            pen.ellipse((left, top, right, bottom), fill=255)
    layers = sketch.masks()
    fade = RAMP.resize((1, layers[0].height)).resize(layers[0].size)
    fade = fade.point([min(255, 20 + 2 * v) for v in range(256)])
    return Stamp(*(ImageChops.multiply(layer, fade) for layer in layers))


def ground(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """Everything below the horizon, with grass, stones, sand or snow."""
    rng = scene.rng("ground")
    shift, flip = rng.random(), rng.random() < 0.5
    colour = ground_colour(scene)
    top, bottom = camera.horizon, 1.0
    near = light.lit(scale(colour, 0.86), 0.9)
    middle = light.lit(colour, 1.0, 0.12 * light.sight)
    knee = top + 0.30 * (bottom - top)
    canvas.gradient(top, knee, light.lit(colour, 1.0, 0.9 * light.sight), middle)
    canvas.gradient(knee, bottom, middle, near)
    planted = "vegetation" in scene.shows
    name = TEXTURE_OF[scene.cues.zone] if planted else "dirt"
    patch: Colour | None = scale(colour, 0.93)
    if scene.view.snow:
        name, patch = "snow", None
    if "soil" in scene.shows and (planted or scene.view.snow):
        patch = SOILS[scene.cues.soil]
    colours = [
        patch and mix(light.lit(patch, 0.9), middle, 0.45 if scene.view.snow else 0.15),
        mix(light.lit(scale(colour, 0.74), 0.35), middle, 0.6 if scene.view.snow else 0.35),
        mix(light.lit(scale(colour, 1.16), 1.0), middle, 0.3),
    ]
    wide = TEXTURE_WIDE
    canvas.stamp(texture(name), -shift * (wide - 1), top, wide, bottom - top, colours, flip)


# -------------------------------------------------------------------------------- the far land

RANGE_TALL = 320
RANGE_REACH = 2.0
"""Stamps of far land are four times as wide as high."""


def _facet(s: Sketch, points: list[Point], sun: float, snow: bool = False) -> None:
    """A face of a mountain: its layers are land, sun on the land, snow, sun on the snow."""
    corners = [s.at(x, y) for x, y in points]
    lit = int(255 * max(0.0, min(1.0, sun)))
    if not snow:
        s.pens[0].polygon(corners, fill=255)
        s.pens[1].polygon(corners, fill=lit)
    s.pens[2].polygon(corners, fill=255 if snow else 0)
    s.pens[3].polygon(corners, fill=lit if snow else 0)


def _crag(rng: Random, a: Point, b: Point, rough: float, depth: int = 4) -> list[Point]:
    """A broken line from `a` to `b`."""
    if depth == 0:
        return [a, b]
    middle = (
        0.5 * (a[0] + b[0]) + rough * (rng.random() - 0.5),
        0.5 * (a[1] + b[1]) + 0.7 * rough * (rng.random() - 0.5),
    )
    left = _crag(rng, a, middle, 0.5 * rough, depth - 1)
    return left + _crag(rng, middle, b, 0.5 * rough, depth - 1)[1:]


def _peak(s: Sketch, x: float, height: float) -> None:
    """One mountain: a sunny face on the left, a shady one on the right, gullies, a cap of snow."""
    rng = s.rng
    top = (x, height)
    wide = height * (0.75 + 0.35 * rng.random())
    left = _crag(rng, top, (x - wide, -0.02), 0.20 * height)
    right = _crag(rng, top, (x + wide * (0.8 + 0.3 * rng.random()), -0.02), 0.20 * height)
    spine = _crag(rng, top, (x + 0.5 * wide * (rng.random() - 0.35), -0.02), 0.34 * height)
    _facet(s, left + spine[::-1], 0.86)
    _facet(s, spine + right[::-1], 0.16)
    for k in (2, 5, 8, 11):
        a, b = spine[k], spine[k + 3]
        drop = 0.18 + 0.22 * rng.random()
        out = (a[0] - drop * (0.5 + 0.7 * rng.random()), max(0.0, b[1] - 1.1 * drop))
        _facet(s, [a, b, out], 0.50 + 0.2 * rng.random())
        a, b = right[k], spine[k + 1]
        out = (b[0] + 0.6 * drop, max(0.0, b[1] - drop))
        _facet(s, [b, spine[k + 3], out], 0.36 + 0.1 * rng.random())
    line = max(height - 0.36, 0.44 + 0.10 * rng.random())
    for edge, sun in ((left, 1.0), (right, 0.22)):
        upper = [p for p in edge if p[1] > line]
        ridge = [p for p in spine if p[1] > line - 0.04]
        if len(upper) < 2 or len(ridge) < 2:
            continue
        (x0, y0), (x1, y1) = upper[-1], ridge[-1]
        hem = []
        for k in range(1, 8):
            t = k / 8
            bite = 0.16 * height * (rng.random() - 0.4)
            hem.append((x0 + (x1 - x0) * t, y0 + (y1 - y0) * t + bite))
        _facet(s, upper + hem + ridge[::-1], sun, snow=True)
        if sun > 0.5:
            for k in (2, 5):
                a, b = spine[k], spine[min(len(ridge) - 1, k + 2)]
                if b[1] < a[1]:
                    _facet(s, [a, b, (b[0] - 0.09, b[1] - 0.02)], 0.62, snow=True)


def _mountains(s: Sketch) -> None:
    rng = s.rng
    peaks = []
    for k in range(11):
        x = RANGE_REACH * (2 * (k + 0.8 * (rng.random() - 0.5)) / 10 - 1)
        peaks.append((0.40 + 0.58 * rng.random() ** 1.4, x))
    for height, x in sorted(peaks, reverse=True):
        _peak(s, x, height)


def _hills(s: Sketch) -> None:
    """Rounded hills with woods on them."""
    rng = s.rng
    hills = []
    for k in range(12):
        x = RANGE_REACH * (2 * (k + 0.9 * (rng.random() - 0.5)) / 11 - 1)
        hills.append((0.42 + 0.5 * rng.random(), x, 0.6 + 0.7 * rng.random()))
    for height, x, wide in sorted(hills, reverse=True):
        steps = 26
        curve = []
        for i in range(steps + 1):
            t = 2 * i / steps - 1
            curve.append((x + t * wide, height * (1 - t * t) ** 2 * (1 + 0.06 * t)))
        for i in range(steps):
            (xa, ya), (xb, yb) = curve[i], curve[i + 1]
            sun = 0.58 + 0.55 * (yb - ya) / (xb - xa)
            _facet(s, [(xa, -0.02), (xa, ya), (xb + 0.004, yb), (xb + 0.004, -0.02)], sun)
        for _ in range(9):
            t, up = 1.3 * rng.random() - 0.65, 0.25 + 0.62 * rng.random()
            crest = height * (1 - t * t) ** 2
            cx, cy = x + t * wide, crest * up
            for _ in range(9):
                px = cx + 0.20 * (rng.random() - 0.5)
                py, r = cy + 0.03 * (rng.random() - 0.5), 0.016 + 0.014 * rng.random()
                box = (*s.at(px - r, py + r), *s.at(px + r, py - r))
                s.pens[1].ellipse(box, fill=int(40 + 60 * rng.random()))


@cache
def range_of(draw: Callable[[Sketch], None], variant: int) -> Stamp:
    """Mountains or hills in the distance, the sun from the left."""
    rng = Random(digest("range", draw.__name__, variant))
    sketch = Sketch(4, RANGE_REACH, RANGE_TALL, rng)
    draw(sketch)
    return sketch.stamp()


RANGES = 4


def far_off(light: Light, colour: Colour, share: float, hidden: float) -> Colour:
    """`colour` with `share` of the sun on it, `hidden` (0 to 1) by the air between."""
    return mix(light.lit(colour, share), light.haze, hidden)


def relief(canvas: Canvas, scene: Scene, camera: Camera, light: Light, height: float = 1.0) -> None:
    """The land at the horizon: plain, hills or mountains, or a neutral line of haze.

    `height` makes mountains and hills higher or lower than usual.
    """
    rng = scene.rng("relief")
    luck = [rng.random() for _ in range(12)]
    hidden = min(0.80, 0.30 + 240.0 / (240.0 + light.sight))
    horizon = camera.horizon + 0.004
    if "relief" not in scene.shows:
        _far_line(canvas, horizon, 0.010, luck, mix(light.sky_low, light.haze, 0.5))
        return
    planted = "vegetation" in scene.shows
    green = mix((112, 122, 104), GRASS[scene.cues.zone], 0.5) if planted else (118, 122, 112)
    rock: Colour = (122, 116, 122)
    if scene.view.snow:
        green = rock = SNOW
    kind = scene.cues.relief
    # kind, height, colour, share of the air in front: the farthest chain first
    chains = {
        "mountains": (
            (_mountains, 0.30, rock, 1.0), (_mountains, 0.19, mix(rock, green, 0.4), 0.72),
            (_hills, 0.07, green, 0.5),
        ),
        "hills": (
            (_hills, 0.155, green, 1.0), (_hills, 0.11, green, 0.72),
            (_hills, 0.06, scale(green, 0.92), 0.45),
        ),
    }  # fmt: skip
    if kind in chains:
        for i, (draw, tall, colour, air) in enumerate(chains[kind]):
            part = luck[3 * i : 3 * i + 3]
            _range(canvas, light, draw, part, horizon, tall * height, colour, air * hidden)
    else:
        _far_line(canvas, horizon, 0.016, luck, far_off(light, green, 0.5, hidden))


def _far_line(
    canvas: Canvas, horizon: float, height: float, luck: list[float], colour: Colour
) -> None:
    """A low edge of land, nearly level."""
    points = [(-0.02, horizon)]
    points += [(k / 11, horizon - height * (0.5 + 0.5 * u)) for k, u in enumerate(luck)]
    canvas.polygon([*points, (1.02, horizon)], colour)


def _range(
    canvas: Canvas, light: Light, draw: Callable[[Sketch], None], luck: list[float],
    horizon: float, height: float, colour: Colour, hidden: float,
) -> None:  # fmt: skip
    """One chain of mountains or hills, `height` high in canvas widths."""
    wide = 1.7
    x = -luck[0] * (wide - 1.0)
    tall = height * (0.85 + 0.3 * luck[1])
    colours = [
        far_off(light, scale(colour, 0.78), 0.0, hidden),
        far_off(light, scale(colour, 1.12), 1.0, hidden),
    ]
    if draw is _mountains:
        colours += [
            far_off(light, scale(SNOW, 0.86), 0.0, 0.85 * hidden),
            far_off(light, SNOW, 1.0, 0.85 * hidden),
        ]
    stamp = range_of(draw, int(RANGES * luck[2]))
    canvas.stamp(stamp, x, horizon - tall, wide, tall, colours, light.side > 0)


# ------------------------------------------------------------------------------------- the sea


def _waves(s: Sketch, near: float, x: float) -> None:
    rng, y = s.rng, 1.0 - near
    long, tall = (0.012 + 0.16 * near) * (0.5 + rng.random()), 0.0012 + 0.011 * near
    layer = 1 if rng.random() < 0.5 else 2
    s.shape(
        layer,
        [
            (x - long, y),
            (x - 0.2 * long, y + tall),
            (x + long, y),
            (x + 0.1 * long, y - 0.3 * tall),
        ],
    )


TEXTURES["sea"] = (_waves, 1100)


def sea(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """Open water from the horizon down, with waves and, under a low sun ahead, its glitter."""
    rng = scene.rng("sea")
    luck = [rng.random() for _ in range(26)]
    top = camera.horizon
    grey = light.colour[0] < 245 and light.night < 0.3
    deep: Colour = (44, 92, 112) if grey else (22, 92, 142)
    bright = min(1.0, 0.55 * (light.sun + light.shade))
    far = mix(scale(mix(deep, (66, 140, 170), 0.5), bright), light.sky_low, 0.45)
    near = mix(scale(deep, bright), light.sky_top, 0.22)
    knee = top + 0.3 * (1.0 - top)
    middle = mix(far, near, 0.6)
    canvas.gradient(top, knee, far, middle)
    canvas.gradient(knee, 1.0, middle, near)
    crest = mix(middle, light.sky_low, 0.42)
    trough = scale(near, 0.82)
    shift = luck[0] * (TEXTURE_WIDE - 1)
    canvas.stamp(
        texture("sea"), -shift, top, TEXTURE_WIDE, 1.0 - top, [None, trough, crest], luck[1] < 0.5
    )
    if light.sun - light.shade > 0.25 and light.elevation < 35 and light.night < 0.7:
        spark = mix(light.colour, (255, 250, 235), 0.4)
        middle_x = camera.vanish + 0.52 * light.side
        for k in range(24):
            t = (k + luck[k + 2]) / 24
            y = top + 0.004 + t * t * 0.8 * (1.0 - top)
            half = (0.010 + 0.05 * t) * (0.4 + luck[2 + (7 * k) % 24])
            x = middle_x + (luck[2 + (5 * k) % 24] - 0.5) * (0.05 + 0.16 * t)
            thick = 0.0016 + 0.004 * t
            canvas.rectangle(x - half, y, x + half, y + thick, mix(spark, middle, 0.25 + 0.5 * t))
