"""Photos of nothing but sky, with a bird, a plane, a balloon or a kite."""

from __future__ import annotations

import math

from g3lite.miniearth.render.atmosphere import sky
from g3lite.miniearth.render.buildings import FABRICS
from g3lite.miniearth.render.canvas import (
    Camera,
    Canvas,
    Colour,
    Light,
    mix,
    pick,
    scale,
)
from g3lite.miniearth.scene import Scene

# ----------------------------------------------------------------------------------------- sky


def open_sky(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """The sky over a dark, nameless edge of land, with something that flies."""
    rng = scene.rng("open sky")
    u = [rng.random() for _ in range(24)]
    camera = Camera(focal=camera.focal, horizon=0.86 + 0.3 * u[0], vanish=camera.vanish)
    sky(canvas, scene, camera, light)
    dark = mix(scale(light.haze, 0.35), (20, 22, 34), 0.5)
    if camera.horizon < 1.0:
        for k, (tone, height) in enumerate(((mix(dark, light.haze, 0.55), 0.06), (dark, 0.025))):
            edge = [(-0.02, 1.02)]
            edge += [
                (i / 7, camera.horizon - height * (0.3 + u[2 + (i + 3 * k) % 9])) for i in range(8)
            ]
            canvas.polygon([*edge, (1.02, 1.02)], tone)
        canvas.rectangle(0, camera.horizon, 1, 1, dark)
    x, y = 0.15 + 0.7 * u[12], 0.12 + 0.5 * u[13]
    if u[14] < 0.30:
        for k in range(3 + int(8 * u[15])):
            bird(
                canvas, x + 0.09 * (k % 4 - 1.5) + 0.04 * u[k],
                y + 0.05 * (k // 4) + 0.06 * u[k + 8], 0.012 + 0.012 * u[k + 3], dark,
            )  # fmt: skip
    elif u[14] < 0.46:
        plane(canvas, x, y, light)
    elif u[14] < 0.64:
        for k in range(1 + int(2.5 * u[15])):
            balloon(
                canvas, 0.15 + 0.7 * u[16 + k], 0.15 + 0.4 * u[19 + k], 0.05 + 0.07 * u[k], light,
                pick(FABRICS, u[k + 4]), pick(FABRICS, u[k + 7]),
            )  # fmt: skip
    elif u[14] < 0.74 and light.night < 0.5:
        kite(canvas, x, y, pick(FABRICS, u[4]), pick(FABRICS, u[5]))


def bird(canvas: Canvas, x: float, y: float, size: float, colour: Colour) -> None:
    """A bird far off."""
    for side in (-1, 1):
        canvas.polygon(
            [(x, y), (x + side * 0.5 * size, y - 0.45 * size),
            (x + side * 1.2 * size, y - 0.1 * size), (x + side * 0.5 * size, y - 0.2 * size),
            (x, y + 0.22 * size)], colour,
        )  # fmt: skip


def plane(canvas: Canvas, x: float, y: float, light: Light) -> None:
    """An aeroplane with its trail."""
    white = light.lit((250, 250, 250), 0.8)
    trail = mix(light.sky_top, white, 0.6)
    for k in (-1, 1):
        canvas.polygon(
            [(x, y + 0.004 * k), (x - 0.7, y + 0.26 + 0.012 * k), (x - 0.7, y + 0.26 + 0.03 * k),
            (x, y + 0.009 * k)], trail,
        )  # fmt: skip
    body = [
        (x + 0.05, y - 0.018), (x + 0.02, y - 0.013), (x - 0.045, y + 0.012),
        (x - 0.04, y + 0.02), (x + 0.025, y - 0.003)
    ]  # fmt: skip
    canvas.polygon(body, white)
    canvas.polygon(
        [(x + 0.005, y - 0.004), (x - 0.035, y - 0.035), (x - 0.045, y - 0.032),
        (x - 0.018, y + 0.004)], scale(white, 0.85),
    )  # fmt: skip
    canvas.polygon(
        [(x + 0.005, y + 0.002), (x + 0.0, y + 0.045), (x - 0.012, y + 0.045),
        (x - 0.014, y + 0.010)], scale(white, 0.75),
    )  # fmt: skip
    canvas.polygon(
        [(x - 0.038, y + 0.01), (x - 0.058, y - 0.008), (x - 0.05, y + 0.014)], scale(white, 0.7)
    )


def balloon(
    canvas: Canvas, x: float, y: float, r: float, light: Light, a: Colour, b: Colour
) -> None:
    """A hot-air balloon with stripes."""
    side = -1 if light.side < 0 else 1
    canvas.polygon(
        [(x - 0.78 * r, y + 0.6 * r), (x + 0.78 * r, y + 0.6 * r), (x + 0.16 * r, y + 1.5 * r),
        (x - 0.16 * r, y + 1.5 * r)], light.lit(a, 0.25),
    )  # fmt: skip
    for k in range(6):
        w = 1.0 - k / 5.5
        colour = light.lit(a if k % 2 == 0 else b, 0.25 + 0.14 * k)
        shift = side * 0.14 * (1.0 - w) * r
        canvas.ellipse(x + shift, y, max(0.06, w) * r, 1.06 * r, colour)
    for k in (-1, 1):
        canvas.line(
            [(x + 0.15 * k * r, y + 1.5 * r), (x + 0.12 * k * r, y + 1.75 * r)], (70, 58, 50),
            0.003,
        )  # fmt: skip
    canvas.rectangle(
        x - 0.15 * r, y + 1.74 * r, x + 0.15 * r, y + 1.98 * r, light.lit((126, 88, 56), 0.5)
    )


def kite(canvas: Canvas, x: float, y: float, a: Colour, b: Colour) -> None:
    """A kite on its string."""
    top, left, right, low = (x, y - 0.07), (x - 0.05, y), (x + 0.05, y - 0.01), (x + 0.02, y + 0.10)
    canvas.line([low, (x + 0.10, y + 0.34), (0.5, 1.0)], (90, 90, 96), 0.002)
    canvas.polygon([top, left, low], a)
    canvas.polygon([top, right, low], b)
    canvas.polygon([top, left, (x + 0.007, y)], scale(a, 1.2))
    tail = [(low[0] + 0.015 * math.sin(1.3 * k), low[1] + 0.022 * k) for k in range(8)]
    canvas.line(tail, b, 0.006)
