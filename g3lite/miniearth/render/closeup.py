"""Close-ups: a flower, a cat, a mug, and other things that give no place away."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

from PIL import Image

from g3lite.miniearth.render.buildings import FABRICS
from g3lite.miniearth.render.canvas import (
    BLUR,
    FLOORS,
    SHADE,
    WOODS,
    Camera,
    Canvas,
    Colour,
    Light,
    Point,
    mix,
    pick,
    scale,
    vary,
)
from g3lite.miniearth.scene import Scene

# ------------------------------------------------------------------------------------ close-ups


def bokeh(canvas: Canvas, rng: Random, light: Light) -> None:
    """A blurred background: soft discs of light."""
    u = [rng.random() for _ in range(3)]
    tones: tuple[tuple[Colour, Colour], ...] = (
        ((96, 128, 84), (40, 62, 50)), ((188, 160, 120), (110, 84, 70)),
        ((96, 116, 148), (44, 54, 82)), ((196, 140, 130), (120, 70, 84)),
        ((150, 150, 146), (84, 86, 90)), ((218, 188, 120), (140, 100, 64)),
    )  # fmt: skip
    a, b = pick(tones, u[0])
    dim = 1.0 - 0.45 * light.night
    a, b = scale(a, 1.1 * dim), scale(b, 1.05 * dim)
    canvas.gradient(0.0, 1.0, a, b)
    for _ in range(16):
        x, y, r, v = rng.random(), 0.85 * rng.random(), 0.03 + 0.09 * rng.random(), rng.random()
        tone = mix(mix(a, b, y), mix((255, 244, 214), a, v), 0.12 + 0.22 * v)
        points = [(x + r * c, y + r * s) for c, s in BLUR]
        canvas.veil(points, mix(tone, (255, 250, 230), 0.3), 0.35)


def flower(canvas: Canvas, rng: Random, light: Light) -> None:
    """A single bloom, stalk and leaves."""
    u = [rng.random() for _ in range(8)]
    petals = (
        (226, 74, 92), (246, 196, 60), (250, 246, 238), (158, 96, 190), (240, 140, 60),
        (236, 150, 190),
    )  # fmt: skip
    petal = pick(petals, u[0])
    n, x, y, r = 7 + int(12 * u[1]), 0.42 + 0.2 * u[2], 0.38 + 0.12 * u[3], 0.24 + 0.08 * u[4]
    stem = light.lit((72, 124, 60), 0.5)
    canvas.stroke([(x, y), (x + 0.03, 0.75), (x - 0.02, 1.05)], stem, 0.028)
    for side in (-1, 1):
        leaf = [
            (x + 0.02, 0.78), (x + side * 0.14, 0.68), (x + side * 0.30, 0.74),
            (x + side * 0.16, 0.83)
        ]  # fmt: skip
        canvas.polygon(leaf, light.lit((84, 146, 66), 0.4 + 0.3 * side))
    for ring, shade in ((1.0, 0.82), (0.72, 1.0)):
        for k in range(n):
            a = 6.2832 * (k + 0.5 * (ring < 1)) / n
            c, s = math.cos(a), math.sin(a)
            w = 2.2 * r * ring / n
            sun = 0.5 + 0.5 * (-0.6 * c - 0.8 * s)
            tip, mid = r * ring, 0.62 * r * ring
            canvas.polygon(
                [
                    (x, y), (x + mid * c - w * s, y + mid * s + w * c),
                    (x + 0.92 * tip * c - 0.6 * w * s, y + 0.92 * tip * s + 0.6 * w * c),
                    (x + tip * c, y + tip * s),
                    (x + 0.92 * tip * c + 0.6 * w * s, y + 0.92 * tip * s - 0.6 * w * c),
                    (x + mid * c + w * s, y + mid * s - w * c),
                ],
                light.lit(scale(petal, shade * (0.86 + 0.2 * sun)), 0.5 + 0.5 * sun),
            )  # fmt: skip
    heart = ((120, 78, 40), (236, 186, 60))[u[5] < 0.5]
    canvas.ellipse(x + 0.006, y + 0.008, 0.26 * r, 0.26 * r, light.lit(heart, 0.1))
    canvas.ellipse(x, y, 0.24 * r, 0.24 * r, light.lit(heart, 0.9))
    for k in range(18):
        a, d = 2.4 * k, 0.2 * r * (k / 18) ** 0.5
        canvas.ellipse(
            x + d * math.cos(a), y + d * math.sin(a), 0.022 * r, 0.022 * r,
            light.lit(scale(heart, 1.35), 1.0),
        )  # fmt: skip


def butterfly(canvas: Canvas, rng: Random, light: Light) -> None:
    """A butterfly on a stalk."""
    u = [rng.random() for _ in range(6)]
    wing = pick(
        ((236, 140, 44), (76, 130, 206), (244, 214, 96), (190, 70, 60), (230, 232, 236)), u[0]
    )
    x, y, s, dark = 0.5 + 0.1 * (u[1] - 0.5), 0.46, 0.30 + 0.06 * u[2], (42, 34, 38)
    canvas.stroke(
        [(x + 0.05, 1.05), (x - 0.02, 0.75), (x, 0.42)], light.lit((88, 138, 64), 0.6), 0.02
    )
    for side in (-1, 1):
        sun = 0.75 - 0.2 * side
        upper = [
            (0.0, 0.05),
            (0.30, -0.75),
            (0.85, -0.95),
            (1.15, -0.70),
            (1.05, -0.25),
            (0.55, 0.08),
        ]
        lower = [(0.0, 0.05), (0.6, 0.08), (0.92, 0.35), (0.80, 0.80), (0.42, 0.85), (0.12, 0.45)]
        for shape in (upper, lower):
            cx = sum(p[0] for p in shape) / 6
            cy = sum(p[1] for p in shape) / 6
            for grow, colour in ((1.0, dark), (0.84, wing), (0.45, scale(wing, 1.25))):
                canvas.polygon(
                    [(x + side * s * (cx + grow * (px - cx)),
                    y + s * (cy + grow * (py - cy))) for px, py in shape], light.lit(colour, sun),
                )  # fmt: skip
            canvas.line(
                [(x, y), (x + side * s * cx * 1.5, y + s * cy * 1.5)], light.lit(dark, sun), 0.008
            )
        for k in range(4):
            canvas.ellipse(
                x + side * s * (1.08 - 0.05 * k), y + s * (-0.62 + 0.12 * k), 0.012, 0.012,
                (248, 244, 236),
            )  # fmt: skip
        canvas.line([(x, y - 0.22 * s), (x + side * 0.16 * s, y - 0.62 * s)], dark, 0.006)
    canvas.ellipse(x, y + 0.08 * s, 0.055 * s, 0.38 * s, light.lit(dark, 0.6))
    canvas.ellipse(x, y - 0.30 * s, 0.07 * s, 0.08 * s, light.lit(dark, 0.6))


def cat(canvas: Canvas, rng: Random, light: Light) -> None:
    """The face of a cat (or, with hanging ears, a dog)."""
    u = [rng.random() for _ in range(6)]
    fur = pick(((196, 132, 76), (92, 86, 86), (236, 226, 210), (52, 48, 52), (166, 150, 134)), u[0])
    eye = pick(((126, 176, 84), (226, 176, 60), (104, 160, 206)), u[1])
    dog = u[2] < 0.4
    x, y, s = 0.5 + 0.1 * (u[3] - 0.5), 0.52, 0.30
    pale = mix(fur, (255, 250, 240), 0.55)
    canvas.ellipse(x, 1.02, 1.25 * s, 0.75 * s, light.lit(scale(fur, 0.85), 0.35))
    for side in (-1, 1):
        if dog:
            ear = [(0.55, -0.75), (1.0, -0.85), (1.3, -0.1), (1.12, 0.45), (0.85, 0.2)]
            canvas.polygon(
                [(x + side * s * a, y + s * b) for a, b in ear], light.lit(scale(fur, 0.72), 0.4)
            )
        else:
            for grow, colour in ((1.0, fur), (0.6, (226, 164, 156))):
                ear = [(0.25, -0.75), (0.80, -1.35), (0.95, -0.45)]
                canvas.polygon(
                    [(x + side * s * (0.68 + grow * (a - 0.68)),
                    y + s * (-0.8 + grow * (b + 0.8))) for a, b in ear], light.lit(colour, 0.5),
                )  # fmt: skip
    canvas.ellipse(x, y, s, 0.9 * s, light.lit(fur, 0.35))
    canvas.ellipse(x - 0.06 * s, y - 0.06 * s, 0.92 * s, 0.82 * s, light.lit(scale(fur, 1.08), 0.9))
    if not dog:
        for k in (-1, 0, 1):
            canvas.polygon(
                [(x + (0.16 * k - 0.04) * s, y - 0.85 * s),
                (x + (0.16 * k + 0.04) * s, y - 0.85 * s), (x + 0.11 * k * s, y - 0.45 * s)],
                light.lit(scale(fur, 0.68), 0.6),
            )  # fmt: skip
    for side in (-1, 1):
        canvas.ellipse(x + side * 0.22 * s, y + 0.42 * s, 0.30 * s, 0.24 * s, light.lit(pale, 0.8))
        ex, ey = x + side * 0.38 * s, y - 0.10 * s
        canvas.ellipse(ex, ey, 0.20 * s, 0.18 * s, (36, 30, 32))
        canvas.ellipse(ex, ey, 0.17 * s, 0.155 * s, (92, 58, 40) if dog else light.lit(eye, 0.9))
        canvas.ellipse(ex, ey, 0.09 * s if dog else 0.05 * s, 0.13 * s, (22, 20, 24))
        canvas.ellipse(ex - 0.05 * s, ey - 0.06 * s, 0.035 * s, 0.035 * s, (255, 255, 255))
        for k in (-1, 0, 1):
            if not dog:
                canvas.line(
                    [(x + side * 0.3 * s, y + 0.38 * s), (x + side * 1.15 * s,
                    y + (0.34 + 0.16 * k) * s)], (240, 236, 230), 0.004,
                )  # fmt: skip
    nose = (44, 36, 38) if dog else (206, 120, 116)
    w = 0.17 if dog else 0.10
    canvas.polygon(
        [(x - w * s, y + 0.18 * s), (x + w * s, y + 0.18 * s), (x, y + (0.20 + w) * s)], nose
    )
    canvas.line([(x, y + 0.3 * s), (x, y + 0.45 * s)], scale(fur, 0.5), 0.006)


def book(canvas: Canvas, rng: Random, light: Light) -> None:
    """An open book (with nothing legible in it) on a table."""
    u = [rng.random() for _ in range(4)]
    wood = pick(WOODS, u[0])
    canvas.gradient(0.30, 1.0, light.lit(scale(wood, 0.8), 0.6), light.lit(wood, 0.9))
    cover = pick(FABRICS, u[1])
    canvas.veil([(0.08, 0.90), (0.97, 0.90), (0.88, 0.40), (0.2, 0.40)], SHADE, 0.35)
    canvas.polygon([(0.06, 0.86), (0.94, 0.86), (0.84, 0.34), (0.16, 0.34)], light.lit(cover, 0.7))
    for side in (-1, 1):
        for k in range(4):
            lift = 0.012 * k
            page = [
                (0.5, 0.84 - lift), (0.5 + side * (0.41 - 0.006 * k), 0.84 - 1.6 * lift),
                (0.5 + side * 0.32, 0.35 - lift), (0.5 + side * 0.14, 0.325 - lift),
                (0.5, 0.36 - lift)
            ]  # fmt: skip
            canvas.polygon(page, light.lit((250, 244, 230), 0.45 + 0.12 * k - 0.14 * side))
        for k in range(11):
            t = k / 10
            y = 0.39 + 0.36 * t
            half = 0.30 + 0.075 * t
            short = 0.6 if k in (4, 10) else 1.0
            a, b = (0.5 + side * 0.05, y), (0.5 + side * half * short, y - 0.015)
            canvas.line([a, b], light.lit((150, 142, 134), 0.7), 0.006)
    canvas.polygon(
        [(0.49, 0.36), (0.51, 0.36), (0.505, 0.84), (0.495, 0.84)], light.lit((190, 178, 160), 0.3)
    )
    if u[2] < 0.5:
        canvas.line([(0.505, 0.36), (0.53, 0.80), (0.56, 0.95)], (190, 60, 60), 0.014)


def shoes(canvas: Canvas, rng: Random, light: Light) -> None:
    """A pair of shoes on the floor."""
    u = [rng.random() for _ in range(4)]
    floor = pick(FLOORS, u[0])
    canvas.gradient(0.25, 1.0, light.lit(scale(floor, 0.75), 0.6), light.lit(floor, 0.9))
    cloth, sole = pick(FABRICS, u[1]), (246, 242, 234)
    for dx, dy, s in ((0.30, 0.50, 0.80), (0.10, 0.74, 1.0)):

        def at(px: float, py: float, dx: float = dx, dy: float = dy, s: float = s) -> Point:
            return dx + 0.62 * s * px, dy + 0.62 * s * py

        canvas.veil([at(-0.02, 0.12), at(1.08, 0.12), at(1.0, 0.2), at(0.05, 0.2)], SHADE, 0.35)
        canvas.polygon(
            [at(0.0, 0.06), at(1.02, 0.06), at(1.04, 0.12), at(0.96, 0.16), at(0.02, 0.16)],
            light.lit(sole, 0.8),
        )  # fmt: skip
        upper = [
            at(0.02, 0.08), at(0.0, -0.26), at(0.10, -0.30), at(0.30, -0.26), at(0.44, -0.20),
            at(0.66, -0.06), at(0.92, -0.02), at(1.02, 0.08)
        ]  # fmt: skip
        canvas.polygon(upper, light.lit(cloth, 0.7))
        canvas.polygon(
            [at(0.0, 0.0), at(0.0, -0.26), at(0.10, -0.30), at(0.16, 0.08), at(0.02, 0.08)],
            light.lit(scale(cloth, 0.8), 0.3),
        )  # fmt: skip
        canvas.polygon(
            [at(0.74, 0.08), at(0.78, -0.045), at(0.92, -0.02), at(1.02, 0.08)],
            light.lit(sole, 0.9),
        )  # fmt: skip
        canvas.ellipse(*at(0.16, -0.26), 0.09 * s, 0.028 * s, (46, 40, 44))
        for k in range(4):
            a, b = at(0.36 + 0.09 * k, -0.22 + 0.055 * k), at(0.30 + 0.09 * k, -0.12 + 0.05 * k)
            canvas.line([a, b], (250, 248, 244), 0.014 * s)


def mug(canvas: Canvas, rng: Random, light: Light) -> None:
    """A steaming mug on a table."""
    u = [rng.random() for _ in range(4)]
    wood, glaze = pick(WOODS, u[0]), pick(FABRICS, u[1])
    canvas.gradient(0.62, 1.0, light.lit(scale(wood, 0.85), 0.6), light.lit(wood, 0.95))
    x, w, top, low = 0.46 + 0.1 * u[2], 0.20, 0.42, 0.82
    side = 1 if light.side < 0 else -1
    canvas.veil(
        [(x - w, low), (x + w, low + 0.03), (x + side * 0.55, low - 0.04),
        (x + side * 0.5, low - 0.10)], SHADE, 0.30,
    )  # fmt: skip
    canvas.arc(x + 0.24, 0.60, 0.10, 0.12, 0, 360, light.lit(glaze, 0.35), 0.035)
    canvas.ellipse(x, low, w, 0.055, light.lit(glaze, 0.2))
    for k in range(8):
        a, b = -1 + 2 * k / 8, -1 + 2 * (k + 1) / 8
        sun = 0.5 - 0.5 * side * (a + 0.3 * side)
        canvas.rectangle(x + a * w, top, x + b * w, low, light.lit(glaze, max(0.0, min(1.0, sun))))
    for k in range(9):
        canvas.ellipse(
            x + (k / 4 - 1) * 0.86 * w, low + 0.028 * (1 - (k / 4 - 1) ** 2), 0.03, 0.02,
            light.lit(glaze, 0.3),
        )  # fmt: skip
    canvas.ellipse(x, top, w, 0.055, light.lit(scale(glaze, 1.15), 0.9))
    canvas.ellipse(x, top + 0.004, 0.9 * w, 0.045, light.lit((92, 58, 40), 0.5))
    canvas.ellipse(x - 0.03, top + 0.008, 0.6 * w, 0.026, light.lit((142, 96, 62), 0.8))
    for k in (-1, 0, 1):
        steam = [
            (x + 0.07 * k + 0.025 * math.sin(2.2 * i + k),
            top - 0.02 - 0.055 * i) for i in range(6)
        ]  # fmt: skip
        left = [(px - 0.012 * (1 + i / 3), py) for i, (px, py) in enumerate(steam)]
        right = [(px + 0.012 * (1 + i / 3), py) for i, (px, py) in enumerate(steam)]
        canvas.veil(left + right[::-1], (255, 255, 255), 0.22)


def leaf(canvas: Canvas, rng: Random, light: Light) -> None:
    """One large leaf with dew."""
    u = [rng.random() for _ in range(4)]
    green = pick(((90, 150, 66), (60, 124, 84), (206, 120, 50), (150, 168, 70)), u[0])
    for side, sun in ((-1, 0.95), (1, 0.4)):
        edge = [(0.12, 0.86)]
        for k in range(1, 12):
            t = k / 12
            w = 0.62 * t * (1 - t) ** 0.6 * (1.0 + 0.05 * (k % 2))
            edge.append((0.12 + 0.74 * t + side * 0.62 * w, 0.86 - 0.72 * t + side * 0.72 * w))
        canvas.polygon([*edge, (0.88, 0.12)], light.lit(green, sun))
    canvas.line(
        [(0.04, 0.94), (0.12, 0.86), (0.88, 0.12)], light.lit(scale(green, 1.35), 0.9), 0.014
    )
    for k in range(2, 10):
        t = k / 12
        cx, cy = 0.12 + 0.74 * t, 0.86 - 0.72 * t
        w = 0.5 * t * (1 - t) ** 0.6
        for side in (-1, 1):
            canvas.line(
                [(cx, cy), (cx + 0.07 + side * 0.55 * w, cy - 0.07 + side * 0.62 * w)],
                light.lit(scale(green, 1.2), 0.7), 0.005,
            )  # fmt: skip
    for _ in range(9):
        a, b, r = rng.random(), rng.random() - 0.5, 0.012 + 0.02 * rng.random()
        t = 0.25 + 0.5 * a
        x, y = 0.12 + 0.74 * t + 0.2 * b, 0.86 - 0.72 * t + 0.22 * b
        canvas.ellipse(x + 0.006, y + 0.008, r, r, light.lit(scale(green, 0.6), 0.4))
        canvas.ellipse(x, y, r, r, light.lit(mix(green, (230, 250, 240), 0.4), 0.9))
        canvas.ellipse(x - 0.3 * r, y - 0.3 * r, 0.3 * r, 0.3 * r, (255, 255, 255))


def stones(canvas: Canvas, rng: Random, light: Light) -> None:
    """Pebbles balanced on one another."""
    u = [rng.random() for _ in range(18)]
    canvas.gradient(0.74, 1.0, light.lit((150, 146, 140), 0.5), light.lit((196, 190, 180), 0.9))
    side = 1 if light.side < 0 else -1
    y, x = 0.86, 0.5
    canvas.veil(
        [(x - 0.2, y), (x + 0.2, y + 0.02), (x + side * 0.5, y - 0.02),
        (x + side * 0.42, y - 0.06)], (20, 16, 24), 0.3,
    )  # fmt: skip
    for k in range(5):
        w, h = (0.25 - 0.042 * k) * (0.9 + 0.2 * u[k]), 0.085 - 0.011 * k + 0.02 * u[k + 5]
        y -= h
        x += 0.03 * (u[k + 10] - 0.5)
        stone = vary(
            pick(((150, 148, 146), (120, 112, 108), (196, 186, 170), (98, 106, 116)), u[k]),
            0.1, u[k + 5],
        )  # fmt: skip
        for i in range(4):
            t = i / 3
            canvas.ellipse(
                x - side * 0.06 * w * t * 2, y - 0.10 * h * t * 2, w * (1 - 0.16 * t),
                h * (1 - 0.2 * t), light.lit(stone, 0.1 + 0.85 * t),
            )  # fmt: skip
        canvas.arc(x, y, 0.9 * w, 0.7 * h, 200, 330, light.lit(scale(stone, 1.18), 0.9), 0.005)
        y -= 0.9 * h


def old_camera(canvas: Canvas, rng: Random, light: Light) -> None:
    """A camera on a table."""
    u = [rng.random() for _ in range(4)]
    wood, skin = (
        pick(WOODS, u[0]),
        pick(((58, 54, 56), (132, 84, 56), (70, 92, 98), (150, 62, 56)), u[1]),
    )
    canvas.gradient(0.66, 1.0, light.lit(scale(wood, 0.8), 0.6), light.lit(wood, 0.95))
    canvas.veil([(0.10, 0.82), (0.92, 0.82), (0.98, 0.74), (0.2, 0.70)], SHADE, 0.35)
    steel: Colour = (206, 206, 204)
    canvas.polygon([(0.36, 0.34), (0.40, 0.27), (0.60, 0.27), (0.64, 0.34)], light.lit(steel, 0.8))
    canvas.rectangle(0.13, 0.34, 0.87, 0.81, light.lit(steel, 0.35))
    canvas.rectangle(0.13, 0.34, 0.87, 0.43, light.lit(steel, 0.95))
    canvas.rectangle(0.13, 0.43, 0.87, 0.74, light.lit(skin, 0.7))
    for x, w in ((0.21, 0.05), (0.78, 0.06)):
        canvas.rectangle(x - w, 0.30, x + w, 0.345, light.lit(scale(steel, 0.85), 0.6))
    canvas.rectangle(0.455, 0.285, 0.545, 0.325, light.lit((70, 96, 120), 0.6))
    x, y = 0.5, 0.58
    for r, colour, sun in (
        (0.205, (40, 38, 42), 0.3), (0.19, steel, 0.9), (0.165, (48, 46, 50), 0.5),
        (0.13, (28, 28, 34), 0.6),
        (0.10, (46, 66, 96), 0.8), (0.06, (24, 28, 44), 0.8),
    ):  # fmt: skip
        canvas.ellipse(x, y, r, r, light.lit(colour, sun))
    canvas.ellipse(x - 0.035, y - 0.04, 0.026, 0.02, (226, 236, 250))
    canvas.ellipse(0.74, 0.385, 0.022, 0.022, light.lit((210, 70, 56), 0.8))


CLOSE_UPS = (flower, flower, butterfly, cat, cat, book, shoes, mug, leaf, stones, old_camera)


def closeup(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """One thing from near by, the rest out of focus."""
    rng = scene.rng("closeup")
    kind = pick(CLOSE_UPS, rng.random())
    near, dx, dy, flip = (rng.random() for _ in range(4))
    lamp = 0.7 * light.night
    light = replace(
        light, sun=max(1.0, light.sun), shade=max(0.62, light.shade),
        colour=mix(light.colour, (255, 214, 160), lamp),
        cool=mix(light.cool, (214, 170, 140), lamp),
    )  # fmt: skip
    bokeh(canvas, rng, light)
    kind(canvas, scene.rng("subject"), light)
    n = canvas.n
    side = int(n * (1.0 - 0.28 * near))
    left, top = int((n - side) * dx), int((n - side) * dy)
    view = canvas.image.resize(
        (n, n), Image.Resampling.BILINEAR, box=(left, top, left + side, top + side)
    )
    if flip < 0.5:
        view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    canvas.image.paste(view)
