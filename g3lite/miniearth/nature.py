"""Land, sea and plants of MiniEarth.

Plants, mountains and the texture of the ground are drawn once, in large and in greys, and kept as
stamps (`canvas.Stamp`); a picture prints them in the colours of its zone, light and season.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from random import Random

from PIL import ImageChops

from g3lite.miniearth.canvas import (
    RAMP,
    SNOW,
    Camera,
    Canvas,
    Colour,
    Light,
    Point,
    Sketch,
    Stamp,
    circle,
    mix,
    pick,
    scale,
)
from g3lite.miniearth.cues import digest
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

# ------------------------------------------------------------------------------------- sketches

WOOD, DEEP, LEAF, LIT, BLOOM, WHITE = range(6)
"""Layers of a plant: wood, leaves in shade, half light and sun, flowers, snow."""
TALL = 400
"""Height of a stamp of a plant in pixels."""


def foliage(
    s: Sketch, x: float, y: float, rx: float, ry: float, dabs: int, grain: float = 0.2
) -> None:
    """A cluster of leaves: a dark heap with lighter dabs toward the sun, snow on top."""
    rng = s.rng
    spots = []
    for _ in range(dabs):
        dx, dy = 2 * rng.random() - 1, 2 * rng.random() - 1
        r = math.sqrt(dx * dx + dy * dy)
        if r > 1.0:
            dx, dy = dx / r, dy / r
        spots.append((dx, dy, 0.75 + 0.5 * rng.random(), 0.5 * rng.random() - 0.25))
    s.dab(DEEP, x, y, 0.86 * rx, 0.86 * ry)
    for layer, threshold in ((DEEP, -9.0), (LEAF, -0.15), (LIT, 0.5)):
        for dx, dy, size, luck in spots:
            if 0.75 * dy - 0.55 * dx + luck > threshold:
                pull = (0.94, 0.86, 0.84)[layer - DEEP]
                s.dab(
                    layer, x + pull * dx * rx, y + pull * dy * ry,
                    grain * size * rx, grain * size * ry,
                )  # fmt: skip
    for dx, dy, size, luck in spots:
        if dy + 0.6 * luck > 0.42:
            s.dab(WHITE, x + dx * rx, y + 0.95 * dy * ry, 1.2 * grain * size * rx, grain * ry)


def limb(
    s: Sketch, layer: int, foot: Point, tip: Point, bend: float, thick: float, thin: float
) -> None:
    """A tapering trunk or branch from `foot` to `tip`, bowed sideways by `bend`."""
    spine = bow(foot, tip, bend, 9)
    left, right = [], []
    for i, (x, y) in enumerate(spine):
        half = 0.5 * (thick + (thin - thick) * i / 8)
        left.append((x - half, y))
        right.append((x + half, y))
    s.shape(layer, left + right[::-1])


def bow(a: Point, b: Point, bend: float, steps: int) -> list[Point]:
    """Points along a curve from `a` to `b` that swings out sideways by `bend` in the middle."""
    points = []
    for i in range(steps):
        t = i / (steps - 1)
        swing = 4 * bend * t * (1 - t)
        points.append((a[0] + (b[0] - a[0]) * t + swing, a[1] + (b[1] - a[1]) * t))
    return points


def frond(
    s: Sketch, layer: int, x: float, y: float, dx: float, dy: float, droop: float, blade: float
) -> None:
    """A feathered palm leaf from (x, y) toward (dx, dy), its tip pulled down by `droop`."""
    steps = 14
    spine = [
        (x + dx * t, y + dy * t - droop * t * t) for t in (i / (steps - 1) for i in range(steps))
    ]
    for i in range(1, steps):
        (x0, y0), (x1, y1) = spine[i - 1], spine[i]
        length = blade * (0.35 + 2.6 * (i / steps) * (1.02 - i / steps))
        lean = 0.35 * length * (1 if dx > 0 else -1)
        s.shape(layer, [(x0, y0), (x1, y1), (x1 + lean, y1 - length)])
        s.shape(layer, [(x0, y0), (x1, y1), (x1 + 1.6 * lean, y1 + 0.4 * length)])
    s.path(layer, spine, 0.008)


def coconut(s: Sketch) -> None:
    """A coconut palm with feathered, drooping leaves."""
    rng = s.rng
    lean = 0.22 * rng.random() - 0.11
    top = (lean, 0.74)
    limb(s, WOOD, (-lean, 0.0), top, 0.4 * lean, 0.05, 0.026)
    order = sorted(rng.random() for _ in range(11))
    for i, luck in enumerate(order):
        angle = math.pi * (-0.12 + 1.24 * (i + 0.5 + 0.5 * (luck - 0.5)) / 11)
        dx, dy = 0.36 * math.cos(angle), 0.28 * math.sin(angle) + 0.05
        layer = LIT if dx < 0.0 and dy > 0.1 else LEAF if dy > 0.14 or dx < 0.1 else DEEP
        frond(s, layer, *top, dx, dy, 0.17 + 0.1 * abs(dx), 0.07)
    for k in range(4):
        s.dab(WOOD, top[0] + 0.022 * (k - 1.5), top[1] - 0.012, 0.016)


def paddle(s: Sketch, x: float, y: float, dx: float, dy: float, droop: float, half: float) -> None:
    """A banana leaf: a broad blade, lit above its midrib."""
    steps = 10
    spine, upper, lower = [], [], []
    length = math.sqrt(dx * dx + dy * dy)
    nx, ny = -dy / length, dx / length
    if ny < 0:
        nx, ny = -nx, -ny
    for i in range(steps):
        t = i / (steps - 1)
        px, py = x + dx * t, y + dy * t - droop * t * t
        w = half * (4 * t * (1 - t)) ** 0.5 if t > 0.12 else 0.006
        spine.append((px, py))
        upper.append((px + nx * w, py + ny * w))
        lower.append((px - nx * w, py - ny * w))
    s.shape(DEEP if dx > 0.02 else LEAF, spine + lower[::-1])
    s.shape(LEAF if dx > 0.02 else LIT, spine + upper[::-1])


def banana(s: Sketch) -> None:
    """A banana plant."""
    rng = s.rng
    limb(s, WOOD, (0.02, 0.0), (0.0, 0.42), 0.0, 0.07, 0.045)
    for i in range(9):
        side = -1 if i % 2 else 1
        spread = 0.10 + 0.34 * ((8 - i) / 8) + 0.05 * rng.random()
        rise = 0.60 - 0.42 * ((8 - i) / 8) + 0.06 * rng.random()
        paddle(s, 0.0, 0.36 + 0.006 * i, side * spread, rise, 0.16 + 0.12 * rng.random(), 0.062)


def acacia(s: Sketch) -> None:
    """An umbrella acacia: flat tiers of leaves on spreading limbs."""
    rng = s.rng
    lean = 0.16 * rng.random() - 0.08
    fork = (lean, 0.36)
    limb(s, WOOD, (0.0, 0.0), fork, 0.03, 0.05, 0.034)
    tops = [(-0.42, 0.72), (-0.16, 0.80), (0.16, 0.82), (0.40, 0.73)]
    for x, y in tops:
        limb(s, WOOD, fork, (x + lean, y), 0.06 * (1 if x < 0 else -1), 0.03, 0.012)
    for x, y in [(-0.36, 0.77), (0.38, 0.78), (-0.1, 0.84), (0.14, 0.88), (0.0, 0.80)]:
        foliage(s, x + lean, y, 0.26 + 0.05 * rng.random(), 0.055, 46, 0.26)


def saguaro(s: Sketch) -> None:
    """A ribbed cactus with two arms."""
    rng = s.rng

    def column(x: float, y0: float, y1: float, half: float) -> None:
        for layer, left, right in ((DEEP, -1.0, 1.0), (LEAF, -1.0, 0.35), (LIT, -0.9, -0.35)):
            s.shape(
                layer,
                [
                    (x + left * half, y0), (x + left * half, y1 - half),
                    (x + 0.6 * left * half, y1 - 0.3 * half), (x + 0.5 * (left + right) * half, y1),
                    (x + 0.6 * right * half, y1 - 0.3 * half), (x + right * half, y1 - half),
                    (x + right * half, y0),
                ],
            )  # fmt: skip
        for k in (-0.55, 0.05, 0.6):
            s.path(DEEP, [(x + k * half, y0), (x + k * half, y1 - 0.6 * half)], 0.007)

    for side in (-1, 1):
        y = 0.30 + 0.18 * rng.random()
        out = 0.15 + 0.05 * rng.random()
        tip = y + 0.22 + 0.16 * rng.random()
        for layer, lift in ((DEEP, -0.035), (LEAF, 0.0)):
            s.path(
                layer,
                [(0.0, y + lift), (side * out * 0.7, y + lift), (side * out, y + 0.06)],
                0.055 if layer == LEAF else 0.045,
            )
        column(side * out, y + 0.02, tip, 0.04)
    column(0.0, 0.0, 0.99, 0.062)
    s.dab(WHITE, 0.0, 0.97, 0.05, 0.025)


def cypress(s: Sketch) -> None:
    """A slender, dark column."""
    rng = s.rng
    limb(s, WOOD, (0.0, 0.0), (0.0, 0.2), 0.0, 0.035, 0.03)
    for i in range(26):
        t = i / 25
        half = 0.125 * (1 - t) ** 0.6 * min(1.0, 0.5 + 3.2 * t)
        foliage(s, 0.012 * (rng.random() - 0.5), 0.08 + 0.88 * t, half, 0.06, 16, 0.32)


def olive(s: Sketch) -> None:
    """A gnarled trunk under a silvery crown."""
    rng = s.rng
    limb(s, WOOD, (-0.03, 0.0), (0.05, 0.4), 0.05, 0.13, 0.05)
    limb(s, WOOD, (0.03, 0.05), (-0.16, 0.5), -0.05, 0.07, 0.03)
    limb(s, WOOD, (0.03, 0.2), (0.2, 0.52), 0.02, 0.05, 0.02)
    for x, y in [(-0.24, 0.62), (0.24, 0.6), (0.02, 0.56), (-0.1, 0.76), (0.14, 0.78), (0.0, 0.66)]:
        r = 0.18 + 0.05 * rng.random()
        foliage(s, x, y, r, 0.8 * r, 80, 0.14)


def windswept(s: Sketch) -> None:
    """A lone silvery tree of the steppe, combed to one side by the wind."""
    rng = s.rng
    limb(s, WOOD, (-0.30, 0.0), (0.0, 0.56), -0.08, 0.07, 0.03)
    for x, y in [(0.42, 0.76), (0.22, 0.9), (0.40, 0.58), (0.05, 0.84)]:
        limb(s, WOOD, (-0.06, 0.46), (x, y), -0.04, 0.024, 0.008)
    for x, y, r in [
        (0.36, 0.58, 0.15), (0.02, 0.64, 0.15), (0.24, 0.72, 0.2), (0.44, 0.76, 0.13),
        (0.06, 0.84, 0.15), (0.26, 0.88, 0.14),
    ]:  # fmt: skip
        foliage(s, x, y, 1.1 * r, 0.62 * r + 0.02 * rng.random(), 70, 0.16)


def plume(s: Sketch) -> None:
    """Feather grass: a fan of arching blades with pale heads."""
    rng = s.rng
    for i in range(34):
        x = 0.5 * (rng.random() - 0.5)
        tip = (x * 1.9 + 0.22 * (rng.random() - 0.3), 0.5 + 0.45 * rng.random())
        layer = (DEEP, LEAF, LIT)[i % 3]
        limb(s, layer, (0.4 * x, 0.0), tip, -0.1 * x, 0.022, 0.004)
        if i % 3 == 2:
            end = (tip[0] + 0.09, tip[1] - 0.02)
            for k in range(5):
                t = k / 4
                s.dab(
                    BLOOM, tip[0] + t * (end[0] - tip[0]), tip[1] + t * (end[1] - tip[1]) + 0.01,
                    0.022, 0.03,
                )  # fmt: skip


def bamboo(s: Sketch) -> None:
    """A clump of canes."""
    rng = s.rng
    for i in range(9):
        x = 0.36 * (i / 8 - 0.5) + 0.03 * rng.random()
        tip = (x * 2.0 + 0.14 * (rng.random() - 0.5), 0.78 + 0.18 * rng.random())
        layer = LIT if i in (0, 2, 5) else LEAF if i % 2 else DEEP
        limb(s, layer, (0.7 * x, 0.0), tip, -0.22 * x, 0.03, 0.012)
        spine = bow((0.7 * x, 0.0), tip, -0.22 * x, 12)
        for px, py in spine[1:8]:
            s.path(WOOD, [(px - 0.016, py), (px + 0.016, py)], 0.006)
        for k, (px, py) in enumerate(spine[5:] * 3):
            side = -1 if k % 2 else 1
            length = 0.09 + 0.07 * rng.random()
            drop = 0.02 + 0.09 * rng.random()
            shade = (LIT, LEAF, DEEP)[(k + (side > 0)) % 3]
            middle = px + 0.5 * side * length
            s.shape(
                shade,
                [
                    (px, py), (middle, py - 0.2 * drop + 0.016),
                    (px + side * length, py - drop), (middle, py - 0.5 * drop - 0.014),
                ],
            )  # fmt: skip


def fan_palm(s: Sketch) -> None:
    """A straight trunk with a ball of round, pleated leaves."""
    rng = s.rng
    top = (0.0, 0.70)
    limb(s, WOOD, (0.0, 0.0), top, 0.015, 0.06, 0.05)
    for k in range(8):
        y = 0.50 + 0.025 * k
        limb(s, WOOD, (0.0, y), ((0.05 if k % 2 else -0.05), y + 0.035), 0.0, 0.02, 0.01)
    leaves = [(math.pi * (-0.22 + 1.44 * k / 8), 0.20) for k in range(9)]
    leaves += [(math.pi * (0.1 + 0.8 * k / 4), 0.10) for k in range(5)]
    for angle, reach in leaves:
        reach += 0.03 * rng.random()
        cx, cy = top[0] + reach * math.cos(angle), top[1] + 0.85 * reach * math.sin(angle)
        s.path(DEEP, [top, (cx, cy)], 0.010)
        blades = 13
        for k in range(blades):
            a = angle + 2.6 * (k / (blades - 1) - 0.5)
            sun = 0.8 * math.sin(a) - 0.5 * math.cos(a) + 0.5 * (0.10 if k % 2 else -0.10)
            layer = LIT if sun > 0.5 else LEAF if sun > -0.25 else DEEP
            length = 0.155 + 0.02 * rng.random()
            droop = 0.03 * abs(math.cos(a))
            b, c = a - 0.12, a + 0.12
            s.shape(
                layer,
                [
                    (cx, cy), (cx + 0.6 * length * math.cos(b), cy + 0.6 * length * math.sin(b)),
                    (cx + length * math.cos(a), cy + length * math.sin(a) - droop),
                    (cx + 0.6 * length * math.cos(c), cy + 0.6 * length * math.sin(c)),
                ],
            )  # fmt: skip


def oak(s: Sketch) -> None:
    """A broadleaf tree with a heaped crown."""
    rng = s.rng
    limb(s, WOOD, (0.0, 0.0), (0.02, 0.46), 0.01, 0.085, 0.05)
    limb(s, WOOD, (0.0, 0.22), (-0.2, 0.5), 0.0, 0.04, 0.02)
    limb(s, WOOD, (0.0, 0.26), (0.2, 0.52), 0.0, 0.04, 0.02)
    for x, y in [
        (0.0, 0.80), (-0.2, 0.70), (0.2, 0.71), (0.03, 0.66), (-0.3, 0.54), (0.3, 0.53),
        (-0.13, 0.50), (0.14, 0.48),
    ]:  # fmt: skip
        r = 0.165 + 0.035 * rng.random()
        x, y = x + 0.03 * (rng.random() - 0.5), y + 0.03 * (rng.random() - 0.5)
        foliage(s, x, y, r, 0.92 * r, 60, 0.18)
        for _ in range(5):
            s.dab(
                BLOOM, x + 1.4 * r * (rng.random() - 0.5), y + 1.4 * r * (rng.random() - 0.5), 0.016
            )


def bare(s: Sketch) -> None:
    """A tree without leaves."""
    rng = s.rng

    def grow(x: float, y: float, dx: float, dy: float, thick: float, depth: int) -> None:
        tip = (x + dx, y + dy)
        limb(s, WOOD, (x, y), tip, 0.1 * dx, thick, 0.65 * thick)
        if depth == 0:
            return
        for turn in (-0.6, 0.05, 0.65):
            turn += 0.3 * (rng.random() - 0.5)
            c, k = math.cos(turn), 0.72 + 0.14 * rng.random()
            n = math.sin(turn)
            grow(*tip, k * (dx * c - dy * n), k * (dx * n + dy * c), 0.66 * thick, depth - 1)

    grow(0.0, 0.0, 0.01, 0.28, 0.08, 4)


def spruce(s: Sketch) -> None:
    """A conifer with tiers of drooping branches."""
    rng = s.rng
    limb(s, WOOD, (0.0, 0.0), (0.0, 0.3), 0.0, 0.04, 0.02)
    tiers = 10
    for i in range(tiers):
        t = i / tiers
        y = 0.09 + 0.84 * t
        half = 0.27 * (1 - t) ** 0.9 + 0.025
        rise = 0.17 - 0.05 * t
        edge = [(-half * (1 + 0.12 * rng.random()), y - 0.01)]
        teeth = 7
        for k in range(1, teeth):
            x = -half + 2 * half * k / teeth
            edge.append((x, y + (0.035 if k % 2 else 0.0) * (1 - 0.6 * t) - 0.015 * rng.random()))
        edge.append((half * (1 + 0.12 * rng.random()), y - 0.01))
        s.shape(DEEP, [*edge, (0.0, y + rise)])
        s.shape(LEAF, [*edge[:5], (0.1 * half, y + 0.5 * rise), (0.0, y + rise)])
        s.shape(LIT, [edge[0], (-0.55 * half, y + 0.03), (-0.4 * half, y + 0.06), (0.0, y + rise)])
        s.shape(
            WHITE,
            [
                edge[0], (-0.6 * half, y + 0.045), (-0.25 * half, y + 0.03), (0.2 * half, y + 0.05),
                (0.55 * half, y + 0.03), edge[-1], (0.0, y + rise),
            ],
        )  # fmt: skip
    s.shape(LEAF, [(-0.012, 0.9), (0.012, 0.9), (0.0, 1.0)])


def birch(s: Sketch) -> None:
    """Layer BLOOM is the white bark."""
    rng = s.rng
    limb(s, BLOOM, (0.0, 0.0), (0.04, 0.78), -0.03, 0.05, 0.016)
    for x, y in [(-0.14, 0.6), (0.18, 0.64), (-0.1, 0.76)]:
        limb(s, BLOOM, (0.0, y - 0.2), (x, y), 0.0, 0.016, 0.008)
    for i in range(9):
        y = 0.04 + 0.055 * i
        x = -0.012 if i % 2 else 0.014
        s.path(WOOD, [(x - 0.012, y), (x + 0.012, y + 0.004)], 0.009)
        for pen in s.pens[BLOOM:]:
            left, top = s.at(x - 0.012, y + 0.006)
            right, bottom = s.at(x + 0.012, y - 0.003)
            pen.rectangle((left, top, right, bottom), fill=0)
    for x, y in [
        (0.03, 0.88),
        (-0.1, 0.76),
        (0.14, 0.76),
        (-0.16, 0.6),
        (0.17, 0.58),
        (0.02, 0.66),
    ]:
        r = 0.105 + 0.03 * rng.random()
        foliage(s, x, y, r, 1.1 * r, 44, 0.17)


def bush(s: Sketch) -> None:
    """A rounded bush, perhaps in flower."""
    rng = s.rng
    for x, y in [(-0.34, 0.4), (0.36, 0.42), (0.0, 0.62), (-0.2, 0.34), (0.2, 0.32)]:
        r = 0.30 + 0.06 * rng.random()
        foliage(s, x, y, r, 0.9 * min(r, y), 60, 0.17)
        for _ in range(9):
            s.dab(BLOOM, x + 1.5 * r * (rng.random() - 0.5), y + r * (rng.random() - 0.3), 0.035)


def fern(s: Sketch) -> None:
    """Arching fronds from one root."""
    rng = s.rng
    for i in range(13):
        angle = math.pi * (0.04 + 0.92 * (i * 5 % 13) / 12)
        dx, dy = 0.85 * math.cos(angle), 0.75 * math.sin(angle) + 0.3
        layer = LIT if dx < -0.1 else DEEP if dx > 0.35 else LEAF
        frond(s, layer, 0.0, 0.02, dx, dy, 0.35 + 0.1 * rng.random(), 0.15)


def agave(s: Sketch) -> None:
    """A rosette of stiff, pointed leaves."""
    rng = s.rng
    for i in range(13):
        angle = math.pi * (0.03 + 0.94 * (i * 5 % 13) / 12)
        length = 0.72 + 0.2 * rng.random()
        tip = (length * math.cos(angle), length * math.sin(angle) + 0.04)
        nx, ny = 0.09 * math.sin(angle), -0.09 * math.cos(angle)
        mid = (0.45 * tip[0], 0.45 * tip[1])
        root = (0.0, 0.02)
        s.shape(DEEP, [root, (mid[0] + nx, mid[1] + ny), tip, mid])
        s.shape(LIT if tip[0] < 0.1 else LEAF, [root, mid, tip, (mid[0] - nx, mid[1] - ny)])


def tuft(s: Sketch) -> None:
    """A tussock of dry grass."""
    rng = s.rng
    for i in range(44):
        x = 0.7 * (rng.random() - 0.5)
        tip = (1.9 * x + 0.2 * (rng.random() - 0.5), 0.45 + 0.5 * rng.random() - 0.3 * abs(x))
        limb(s, (DEEP, LEAF, LIT)[i % 3], (0.6 * x, 0.0), tip, 0.12 * x, 0.04, 0.004)


REACH: dict[Callable[[Sketch], None], float] = {
    coconut: 0.45, banana: 0.5, acacia: 0.75, saguaro: 0.26, cypress: 0.16, olive: 0.5,
    windswept: 0.6, plume: 0.75, bamboo: 0.55, fan_palm: 0.4, oak: 0.54, bare: 0.55, spruce: 0.32,
    birch: 0.34, bush: 0.75, fern: 0.95, agave: 0.95, tuft: 0.85,
}  # fmt: skip
"""Half of the width of each kind of plant, in heights."""
VARIANTS = 3
CLEAR = 0.9
"""Plants are never seen through more than this share of the sight, so that fog leaves a trace."""


@cache
def plant(kind: Callable[[Sketch], None], variant: int) -> Stamp:
    """The stamp of one of the `VARIANTS` specimens of a kind of plant."""
    sketch = Sketch(6, REACH[kind], TALL, Random(digest("plant", kind.__name__, variant)))
    kind(sketch)
    return sketch.stamp()


GREY_BARK, RED_BARK, PALE_BARK = (112, 92, 76), (120, 74, 52), (150, 128, 104)
Species = tuple[Callable[[Sketch], None], Colour, Colour, float]
"""A kind of tree with its leaf colour, its bark and its height as a share of a full tree."""
TREES: dict[str, tuple[Species, Species]] = {
    "rainforest": (
        (coconut, (44, 132, 58), PALE_BARK, 1.1), (banana, (66, 158, 58), (120, 140, 70), 0.6),
    ),
    "savanna": (
        (acacia, (122, 138, 50), GREY_BARK, 0.85), (acacia, (140, 140, 56), RED_BARK, 0.7),
    ),
    "desert": (
        (saguaro, (92, 142, 84), GREY_BARK, 0.75), (saguaro, (80, 132, 92), GREY_BARK, 0.6),
    ),
    "mediterranean": (
        (cypress, (52, 96, 58), GREY_BARK, 1.15), (olive, (138, 152, 104), GREY_BARK, 0.6),
    ),
    "steppe": (
        (windswept, (150, 166, 130), GREY_BARK, 0.7), (plume, (186, 178, 114), GREY_BARK, 0.32),
    ),
    "subtropical": (
        (bamboo, (110, 168, 62), (70, 104, 44), 0.9), (fan_palm, (70, 136, 60), GREY_BARK, 0.9),
    ),
    "temperate": ((oak, (86, 150, 60), GREY_BARK, 1.0), (oak, (108, 162, 64), GREY_BARK, 0.85)),
    "boreal": (
        (spruce, (44, 96, 76), RED_BARK, 1.1), (birch, (126, 162, 70), (60, 56, 54), 0.95),
    ),
}  # fmt: skip
SHRUBS: dict[str, tuple[Callable[[Sketch], None], Colour, Colour | None]] = {
    "rainforest": (fern, (56, 146, 58), None),
    "savanna": (tuft, (206, 172, 84), None),
    "desert": (agave, (122, 158, 128), None),
    "mediterranean": (bush, (122, 138, 96), (150, 112, 184)),
    "steppe": (plume, (192, 184, 122), (244, 236, 210)),
    "subtropical": (bush, (78, 142, 62), (232, 96, 140)),
    "temperate": (bush, (92, 148, 64), None),
    "boreal": (bush, (92, 108, 66), (176, 62, 70)),
}
AUTUMN: tuple[Colour, ...] = ((222, 142, 44), (204, 88, 42), (230, 180, 60), (180, 62, 46))
WITHERED: Colour = (142, 104, 68)
BLOSSOM: Colour = (250, 214, 226)
PLUME: Colour = (244, 234, 206)
BIRCH_BARK: Colour = (236, 234, 226)


def foliage_tones(light: Light, leaf: Colour, z: float) -> tuple[Colour, Colour, Colour]:
    """`leaf` in the shade, in half light and in the sun."""
    return (
        light.lit(scale(leaf, 0.62), 0.0, z),
        light.lit(scale(leaf, 0.94), 0.55, z),
        light.lit(mix(scale(leaf, 1.16), (255, 240, 150), 0.14), 1.0, z),
    )


CIRCLE = circle(12)
SHADOW: Colour = (26, 30, 58)


def shadow(
    canvas: Canvas, camera: Camera, light: Light, x: float, z: float, height: float, radius: float
) -> None:
    """The shadow on the ground of something round, `height` metres high, that stands at (x, z).

    It falls away from the sun, long when the sun is low; under a grey sky it stays at the foot.
    """
    contrast = light.sun - light.shade
    reach = 0.6 * height * min(2.0, 8.0 / max(4.0, light.elevation)) if contrast > 0.15 else 0.0
    tip = -light.side * reach
    depth = min(1.0, 0.12 * z / max(radius, 0.1)) * radius
    points = []
    for c, s in CIRCLE:
        away = tip * (0.5 + 0.5 * c) if c * tip > 0 else 0.0
        points.append(camera.project(x + away + radius * c, 0.0, max(0.5, z + depth * s)))
    canvas.veil(points, SHADOW, 0.18 + 0.6 * max(0.0, min(0.5, contrast)))


def tree(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light,
    x: float, z: float, size: float, u: tuple[float, ...],
) -> None:  # fmt: skip
    """A plant typical of the zone, with its shadow, whose foot is at (x, z) metres.

    `size` is the height in metres of a full-grown broadleaf tree here; other species take their
    share of it. `u` holds six random numbers in [0, 1): the specimen follows from them alone.
    """
    view, zone = scene.view, scene.cues.zone
    kind, leaf, bark, share = TREES[zone][u[0] < 0.4]
    variant, height = int(VARIANTS * u[1]), size * share * (0.85 + 0.3 * u[4])
    if canvas.pixels(camera.size(height, z)) < 16:
        variant = 0  # nobody can tell, and fewer prints need to be kept
    bloom: Colour | None = None
    if kind is plume:
        bloom = PLUME
    elif kind is birch:
        bloom = BIRCH_BARK
    naked = False
    if kind in (oak, birch):
        if view.season == "autumn":
            leaf = pick(AUTUMN, u[3])
        elif view.season == "winter":
            naked, leaf = u[3] < 0.6, WITHERED
        elif view.season == "spring":
            leaf = mix(leaf, (168, 204, 84), 0.45)
            bloom = bloom or (BLOSSOM if u[5] < 0.35 else None)
    elif zone == "subtropical" and view.season == "autumn":
        leaf = mix(leaf, (196, 168, 64), 0.25)
    leaf = scale(leaf, 0.88 + 0.24 * u[2])
    if naked and kind is oak:
        kind = bare
    if canvas.pixels(camera.size(height, z)) < 1.5:
        return
    shadow(canvas, camera, light, x, z, height, 0.5 * REACH[kind] * height)
    air = min(z, CLEAR * light.sight)
    colours = [
        light.lit(bark, 0.4, air),
        *((None, None, None) if naked else foliage_tones(light, leaf, air)),
        light.lit(bloom, 0.8, air) if bloom else None,
        light.lit(SNOW, 0.9, air) if view.snow and not naked else None,
    ]
    put(canvas, camera, light, plant(kind, variant), x, z, height, REACH[kind], colours)


def shrub(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light,
    x: float, z: float, size: float, u: tuple[float, ...],
) -> None:  # fmt: skip
    """A low plant of the zone, about `size` metres high, with its shadow; `u` as for `tree`."""
    view, zone = scene.view, scene.cues.zone
    kind, leaf, bloom = SHRUBS[zone]
    if zone == "temperate":
        if view.season == "autumn":
            leaf = pick(AUTUMN, u[3])
        elif view.season == "winter":
            leaf = (128, 112, 88)
    elif zone == "subtropical" and view.season != "spring":
        bloom = None
    if canvas.pixels(camera.size(size, z)) < 1.5:
        return
    height = size * (0.8 + 0.4 * u[4])
    shadow(canvas, camera, light, x, z, height, 0.5 * REACH[kind] * height)
    air = min(z, CLEAR * light.sight)
    colours = [
        None,
        *foliage_tones(light, scale(leaf, 0.88 + 0.24 * u[2]), air),
        light.lit(bloom, 0.8, air) if bloom and not view.snow else None,
        light.lit(SNOW, 0.9, air) if view.snow else None,
    ]
    stamp = plant(kind, int(VARIANTS * u[1]))
    put(canvas, camera, light, stamp, x, z, height, REACH[kind], colours)


def put(
    canvas: Canvas, camera: Camera, light: Light, stamp: Stamp,
    x: float, z: float, height: float, reach: float, colours: list[Colour | None],
) -> None:  # fmt: skip
    """Print a plant's stamp, `height` metres high, with its foot at (x, z), lit from the sun."""
    foot_x, foot_y = camera.project(x, 0.0, z)
    tall = camera.size(height, z)
    wide = 2 * reach * tall
    flip = light.side > 0
    canvas.stamp(stamp, foot_x - 0.5 * wide, foot_y - tall, wide, tall, colours, flip)


def generic_hedge(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, z: float = 90
) -> None:
    """A far grey-green line of bushes, the same in every zone: it says nothing of the place."""
    rng = scene.rng("hedge")
    low = camera.project(0.0, 0.0, z)[1]
    tall = camera.size(3.2, z)
    leaf = SNOW if scene.view.snow else (120, 128, 112)
    heights = [tall * (0.6 + 0.4 * rng.random()) for _ in range(24)]
    for factor, colour in (
        (1.0, light.lit(scale(leaf, 0.9), 0.7, z)),
        (0.62, light.lit(scale(leaf, 0.7), 0.1, z)),
    ):
        points = [(-0.02, low)]
        points += [(-0.02 + 1.04 * k / 23, low - factor * h) for k, h in enumerate(heights)]
        canvas.polygon([*points, (1.02, low)], colour)


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
