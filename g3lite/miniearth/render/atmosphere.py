"""Light, sky and camera: the day, the weather and the photographer's lens of a MiniEarth scene."""

from __future__ import annotations

import math
from functools import cache, lru_cache
from hashlib import shake_256
from random import Random

from PIL import Image, ImageChops, ImageFilter

from g3lite.miniearth.cues import digest
from g3lite.miniearth.render.canvas import (
    FADE,
    Camera,
    Canvas,
    Colour,
    Light,
    Sketch,
    Stamp,
    mix,
    noise,
    scale,
)
from g3lite.miniearth.scene import Scene, View

# elevation of the sun: (sky above, sky at the horizon, air, colour of the light, sun, shade, night)
HOURS: tuple[tuple[float, Colour, Colour, Colour, Colour, float, float, float], ...] = (
    (-18, (12, 18, 48), (44, 56, 102), (38, 50, 92), (146, 168, 234), 0.68, 0.46, 1.0),
    (-7, (24, 40, 94), (100, 92, 138), (74, 78, 124), (172, 178, 224), 0.68, 0.48, 0.9),
    (-1, (62, 84, 146), (248, 158, 112), (196, 142, 130), (255, 194, 162), 0.86, 0.58, 0.35),
    (6, (92, 136, 190), (255, 208, 146), (236, 196, 156), (255, 214, 166), 1.04, 0.58, 0.0),
    (18, (78, 142, 206), (226, 228, 214), (208, 218, 218), (255, 240, 214), 1.10, 0.60, 0.0),
    (55, (48, 118, 198), (184, 216, 236), (188, 212, 230), (255, 250, 240), 1.12, 0.62, 0.0),
    (91, (42, 110, 192), (178, 212, 236), (184, 210, 230), (255, 252, 246), 1.12, 0.62, 0.0),
)
# weather: (share of grey in the sky, grey, share of the sun that gets through, sight in metres)
WEATHERS: dict[str, tuple[float, Colour, float, float]] = {
    "clear": (0.0, (255, 255, 255), 1.0, 900.0),
    "cloudy": (0.12, (205, 214, 222), 0.9, 800.0),
    "overcast": (0.78, (196, 202, 208), 0.25, 500.0),
    "rain": (0.88, (142, 154, 166), 0.12, 240.0),
    "fog": (0.94, (206, 212, 216), 0.08, 30.0),
    "snowfall": (0.86, (206, 212, 220), 0.15, 130.0),
}


def light_of(scene: Scene) -> Light:
    """Sun, sky and air from the height of the sun and the weather."""
    view = scene.view
    elevation = min(90.0, max(-18.0, view.sun_elevation))
    below, above = next(
        (a, b) for a, b in zip(HOURS, HOURS[1:], strict=False) if a[0] <= elevation < b[0]
    )
    t = (elevation - below[0]) / (above[0] - below[0])
    top, low, haze, colour = (mix(below[i], above[i], t) for i in range(1, 5))
    sun, shade, night = (below[i] + (above[i] - below[i]) * t for i in range(5, 8))

    grey_share, grey, through, sight = WEATHERS[view.weather]
    grey = mix(scale(grey, 0.25 + 0.75 * (1.0 - night)), low, 0.12 + 0.4 * night)
    diffuse = 0.5 * (sun + shade) * (0.86 if view.weather == "rain" else 0.98)
    return Light(
        side=view.sun_side,
        elevation=view.sun_elevation,
        sun=diffuse + (sun - diffuse) * through,
        shade=diffuse * 0.9 + (shade - diffuse * 0.9) * through,
        colour=mix(mix((236, 242, 250), colour, 0.4 * night), colour, through),
        cool=mix((206, 218, 250), (240, 243, 250), grey_share),
        sky_top=mix(top, scale(grey, 0.86), grey_share),
        sky_low=mix(low, grey, grey_share),
        haze=mix(haze, grey, grey_share),
        sight=sight,
        night=night,
    )


# ------------------------------------------------------------------------------------- the sky


def cumulus(sketch: Sketch) -> None:
    """A heaped cloud with a flat base, lit from the upper left: layers body, middle, lit."""
    rng = sketch.rng
    domes = []
    for k in range(7):
        x = (k - 3) / 3 + 0.2 * (rng.random() - 0.5)
        domes.append((0.95 * x, (0.16 + 0.26 * (1 - x * x)) * (0.75 + 0.5 * rng.random())))
    domes.sort(key=lambda dome: -dome[1])
    for x, r in domes:
        y = 0.10 + 0.9 * r * rng.random()
        puffs = []
        for _ in range(26):
            angle = math.pi * (1.3 * rng.random() - 0.15)
            out = 0.45 + 0.5 * rng.random()
            puffs.append((out * math.cos(angle), out * math.sin(angle), 0.22 + 0.16 * rng.random()))
        sketch.dab(0, x, y, 1.1 * r, 0.9 * r)
        for layer, threshold, pull in ((0, -9.0, 1.0), (1, -0.05, 0.96), (2, 0.42, 0.9)):
            for dx, dy, size in puffs:
                if 0.8 * dy - 0.5 * dx > threshold:
                    size *= r * (1.0 - 0.12 * layer)
                    sketch.dab(layer, x + 1.25 * pull * dx * r, y + pull * dy * r, 1.3 * size, size)
    for k in range(9):
        x = 1.2 * (k / 4 - 1)
        sketch.dab(0, x, 0.09, 0.16 + 0.1 * rng.random(), 0.03 + 0.05 * rng.random())
    box = (*sketch.at(-3.0, 0.06), *sketch.at(3.0, -1.0))
    for pen in sketch.pens:
        pen.rectangle(box, fill=0)


@cache
def cloud(variant: int) -> Stamp:
    """One of the heaped clouds."""
    sketch = Sketch(3, 1.6, 160, Random(digest("cloud", variant)))
    cumulus(sketch)
    return sketch.stamp()


CLOUDS, VEILS = 6, 4


@cache
def ceiling(kind: str, variant: int = 0) -> Stamp:
    """A layer of cloud: "stratus" (dark and bright parts) fills the sky, "veil" is thin cirrus."""
    ramp = Image.linear_gradient("L").resize((512, 256))
    lens = ramp.point([min(255, 6 * min(v, 255 - v)) for v in range(256)])
    grey = noise(
        f"{kind} {variant}", 128 if kind == "veil" else 256, 512 if kind == "veil" else 256, 4
    )
    grey = grey.resize((512, 256), Image.Resampling.BICUBIC)
    tones = {
        "veil": ([max(0, min(140, 3 * (v - 146))) for v in range(256)],),
        "stratus": (
            [max(0, min(255, 4 * (118 - v))) for v in range(256)],
            [max(0, min(230, 5 * (v - 134))) for v in range(256)],
        ),
    }
    return Stamp(*(ImageChops.multiply(grey.point(tone), lens) for tone in tones[kind]))


def sky(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """The sky from the top of the picture to the horizon: sun or moon, stars and clouds."""
    rng = scene.rng("sky")
    luck = [rng.random() for _ in range(8)]
    weather, horizon = scene.view.weather, camera.horizon
    knee = 0.62 * horizon
    middle = mix(light.sky_top, light.sky_low, 0.52)
    canvas.gradient(0.0, knee, light.sky_top, middle)
    canvas.gradient(knee, horizon, middle, light.sky_low)
    open_sky = weather in ("clear", "cloudy")
    if open_sky:
        if light.night > 0.5:
            _stars(canvas, rng, horizon, light)
        _sun(canvas, camera, light, luck)
    if weather == "fog":
        return
    lit, middle, shade = cloud_tones(light)
    flip = luck[2] < 0.5
    if open_sky:
        if luck[3] < 0.5:
            veil = ceiling("veil", int(VEILS * luck[7]))
            tall = (0.5 + 0.45 * luck[1]) * horizon
            canvas.stamp(veil, -0.5 * luck[4], 0.0, 1.5, tall, [mix(lit, middle, 0.3)], flip)
        number = int((1 + 2 * luck[5]) if weather == "clear" else (5 + 4 * luck[5]))
        size = 0.7 if weather == "clear" else 1.0
        _heaps(canvas, scene.rng("clouds"), horizon, number, size, light, (shade, middle, lit))
    else:
        dark = mix(light.sky_top, (30, 40, 62), 0.26 if weather == "rain" else 0.14)
        pale = mix(light.sky_low, (255, 255, 255), 0.35 * (1.0 - light.night))
        for top, tall, strength in ((-0.30, 0.85, 1.0), (0.38, 0.5, 0.7)):
            colours = [mix(light.sky_top, dark, strength), mix(light.sky_low, pale, strength)]
            y, shift = top * horizon, luck[4] * 0.6
            canvas.stamp(ceiling("stratus"), -shift, y, 1.6, tall * horizon, colours, flip)
            flip = not flip


def cloud_tones(light: Light) -> tuple[Colour, Colour, Colour]:
    """Clouds in the sun, in half light and in the shade."""
    lit = light.lit((252, 250, 248), 0.9)
    shade = mix(mix(light.sky_top, light.sky_low, 0.6), lit, 0.30)
    low = max(0.0, 1.0 - abs(light.elevation) / 14)
    shade = mix(shade, (150, 112, 142), 0.35 * low * (1 - light.night))
    return lit, mix(lit, shade, 0.42), shade


def _heaps(
    canvas: Canvas, rng: Random, horizon: float, number: int, size: float, light: Light,
    colours: tuple[Colour, Colour, Colour],
) -> None:  # fmt: skip
    """Heaped clouds, small and pale toward the horizon, large overhead."""
    heaps = [(rng.random(), rng.random(), rng.random(), rng.random()) for _ in range(9)][:number]
    for a, b, c, d in sorted(heaps, key=lambda heap: -heap[1]):
        height = b**0.8
        y = horizon * (0.16 + 0.78 * height)
        wide = size * (0.12 + 0.62 * (1.0 - height) ** 1.4) * (0.7 + 0.6 * c)
        tall = wide * 0.32
        pale = [mix(colour, light.sky_low, 0.55 * height) for colour in colours]
        flip = light.side > 0
        canvas.stamp(
            cloud(int(CLOUDS * d)), 1.3 * a - 0.15 - 0.5 * wide, y - tall, wide, tall, pale, flip
        )


def _stars(canvas: Canvas, rng: Random, horizon: float, light: Light) -> None:
    for k in range(70):
        x, y, size = rng.random(), rng.random(), rng.random()
        r = 0.0016 + 0.0028 * size**4
        if k >= 26 and canvas.pixels(r) < 0.8:
            continue
        bright = mix(light.sky_top, (255, 250, 236), (0.35 + 0.65 * size) * (1.0 - 0.8 * y))
        canvas.rectangle(x - r / 2, y * horizon - r / 2, x + r / 2, y * horizon + r / 2, bright)


def _sun(canvas: Canvas, camera: Camera, light: Light, luck: list[float]) -> None:
    """Sun or moon where it stands, if the camera looks toward it, and the glow around it."""
    ahead = luck[0] < 0.55
    x = camera.vanish + 0.52 * light.side
    if light.night > 0.6:
        if ahead:
            y, r = camera.horizon * (0.14 + 0.4 * luck[1]), 0.030
            canvas.glow(x, y, 0.17, (176, 190, 232), 0.5)
            canvas.ellipse(x, y, r, r, (240, 240, 226))
            for dx, dy, spot in ((-0.3, -0.25, 0.3), (0.25, 0.1, 0.38), (-0.2, 0.45, 0.2)):
                canvas.ellipse(x + dx * r, y + dy * r, spot * r, spot * r, (214, 216, 210))
        return
    if light.elevation < -4:
        return
    height = min(1.2, math.tan(math.radians(min(60.0, max(-3.0, light.elevation)))))
    y = camera.horizon - camera.focal * height * 0.8
    warm = light.colour
    low = max(0.0, 1.0 - abs(light.elevation - 2) / 16)
    if low > 0.0:
        spread = 0.55 if ahead else 0.42
        canvas.stamp(
            GLOW_BAND, x - spread * 1.3, camera.horizon - spread, 2.6 * spread, 1.25 * spread,
            [mix(warm, (255, 170, 90), 0.4 * low)],
        )  # fmt: skip
    if not ahead or y < -0.1:
        return
    canvas.glow(x, y, 0.22, mix(warm, (255, 248, 220), 0.5), 0.85)
    r = 0.026 + 0.018 * low
    canvas.ellipse(x, y, r, r, mix((255, 252, 236), warm, 0.5 * low))


GLOW_BAND = Stamp(FADE.point([v * 3 // 4 for v in range(256)]))


# ---------------------------------------------------------------------------------- the camera


def _streaks(sketch: Sketch) -> None:
    rng = sketch.rng
    for _ in range(170):
        x, y = 1.2 * (rng.random() - 0.5), 1.1 * rng.random()
        near = rng.random() ** 3
        long = 0.03 + 0.09 * near
        sketch.path(0, [(x, y), (x - 0.16 * long, y - long)], 0.002 + 0.002 * near)


def _flakes(sketch: Sketch) -> None:
    rng = sketch.rng
    for _ in range(240):
        near = rng.random() ** 4
        r = 0.0025 + 0.010 * near
        sketch.dab(0, rng.random() - 0.5, rng.random(), r)


@cache
def _falling(weather: str, variant: int) -> Stamp:
    """What falls from the sky, as a veil over the whole picture."""
    sketch = Sketch(1, 0.5, 512, Random(digest(weather, variant)))
    alpha = 0.34
    if weather == "rain":
        _streaks(sketch)
    else:
        _flakes(sketch)
        alpha = 0.85
    (layer,) = sketch.masks()
    return Stamp(layer.point([int(alpha * v) for v in range(256)]))


GRAIN_SIDE = 512


@lru_cache(maxsize=1)
def _grain() -> Image.Image:
    """Nearly normal noise around 128, standard deviation 32: sums of four hashed bytes."""
    data = shake_256(b"MiniEarth|grain").digest(4 * GRAIN_SIDE**2)
    parts = [
        Image.frombytes("L", (GRAIN_SIDE, GRAIN_SIDE), data[k::4]).point(
            [v * 56 // 256 for v in range(256)]
        )
        for k in range(4)
    ]
    total = ImageChops.add(parts[0], parts[1])
    return ImageChops.add(ImageChops.add(total, parts[2]), parts[3], 1, 18)


@lru_cache(maxsize=16)
def _vignette(size: int, strength: int) -> Image.Image:
    """Brightness toward the corners of the picture, `strength` in hundredths."""
    fall = [255 - v * v * strength // 25500 for v in range(256)]
    mask = Image.radial_gradient("L").resize((size, size), Image.Resampling.BILINEAR).point(fall)
    return Image.merge("RGB", (mask, mask, mask))


INDOORS = ("interior", "food", "closeup")
"""Kinds of photo that no rain or snow falls into."""


def finish(image: Image.Image, scene: Scene) -> Image.Image:
    """The photo that the camera makes of a finished drawing, at its final size.

    Falling rain or snow, then blur, colours, vignette and grain.
    """
    view, size = scene.view, image.width
    rng = scene.rng("camera")
    luck = [rng.random() for _ in range(3)]
    if view.weather in ("rain", "snowfall") and view.kind not in INDOORS:
        pale = mix(light_of(scene).haze, (255, 255, 255), 0.45)
        mask, left, top = _falling(view.weather, int(3 * luck[0])).at(size, size, 0)
        image.paste(pale, (left + size // 2, top + size), mask)
    radius = view.blur * size / 1000
    if radius >= 0.2:
        image = image.filter(ImageFilter.BoxBlur(radius))
    image = image.convert("RGB", _colours(view))
    strength = int(100 * view.vignette)
    if strength > 2:
        image = ImageChops.multiply(image, _vignette(size, strength))
    if view.grain >= 0.5:
        share = view.grain / 32
        grain = Image.new("L", (size, size))
        x0, y0 = int(luck[1] * GRAIN_SIDE), int(luck[2] * GRAIN_SIDE)
        for x in range(-x0, size, GRAIN_SIDE):
            for y in range(-y0, size, GRAIN_SIDE):
                grain.paste(_grain(), (x, y))
        grain = grain.point([128 + round((v - 128) * share) for v in range(256)])
        image = ImageChops.add(image, Image.merge("RGB", (grain, grain, grain)), 1, -128)
    return image


LUMA = (0.299, 0.587, 0.114)


def _colours(view: View) -> tuple[float, ...]:
    """Saturation, exposure, contrast and tint as one colour matrix.

    Its entries are multiples of 1/1024, so that the sums are exact whatever the processor.
    """
    rows: list[float] = []
    for channel, gain in enumerate(view.tint):
        for source, weight in enumerate(LUMA):
            share = weight * (1.0 - view.saturation) + (view.saturation if source == channel else 0)
            rows.append(round(1024 * gain * view.contrast * view.exposure * share) / 1024)
        rows.append(round(128 * gain * (1.0 - view.contrast)))
    return tuple(rows)
