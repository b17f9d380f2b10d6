"""Sketches of plants, each drawn once and then used as a stamp."""

from __future__ import annotations

import math
from collections.abc import Callable

from g3lite.miniearth.render.canvas import (
    Point,
    Sketch,
    bow,
)

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
