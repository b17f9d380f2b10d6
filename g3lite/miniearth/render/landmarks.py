"""The landmarks of MiniEarth: twelve kinds, each in the colours and proportions of its place."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from g3lite.miniearth.cues import Landmark
from g3lite.miniearth.render.buildings import (
    LAMPLIGHT,
    SHADOW,
    Wall,
    clear_air,
    shadow_reach,
    sunshine,
)
from g3lite.miniearth.render.canvas import Camera, Canvas, Colour, Figure, Light, Point, mix, scale
from g3lite.miniearth.scene import Scene

LANDMARK_TONES: dict[str, Colour] = {
    "stone": (206, 190, 160),
    "gold": (236, 184, 62),
    "red": (198, 62, 52),
    "blue": (58, 108, 186),
    "green": (72, 146, 106),
    "white": (242, 240, 236),
    "black": (60, 60, 68),
    "copper": (184, 112, 74),
}
_HALF_CIRCLE: tuple[Point, ...] = (
    (1.0, 0.0), (0.951, 0.309), (0.809, 0.588), (0.588, 0.809), (0.309, 0.951), (0.0, 1.0),
    (-0.309, 0.951), (-0.588, 0.809), (-0.809, 0.588), (-0.951, 0.309), (-1.0, 0.0),
)  # fmt: skip


class _Model(Figure):
    """A landmark, with the tones of its colours."""

    def __init__(
        self, canvas: Canvas, scene: Scene, camera: Camera, light: Light, x: float, z: float
    ) -> None:
        super().__init__(canvas, camera, x, z)
        self.light, self.air = light, clear_air(light, 0.8 * z)
        mark = scene.cues.landmark
        flood = 1.0 + 1.1 * light.night
        self.main = scale(LANDMARK_TONES[mark.colour], flood)
        self.accent = scale(LANDMARK_TONES[mark.accent], flood)
        hole: Colour = (112, 122, 142) if mark.colour == "black" else (44, 46, 58)
        self.dark = light.through_air(mix(hole, LAMPLIGHT, 0.7 * light.night), self.air)

    def tone(self, colour: Colour, facing: str) -> Colour:
        """`colour` on a face that looks that way."""
        return self.light.face(colour, facing, self.air)

    def slab(self, colour: Colour, half: float, y0: float, y1: float) -> None:
        """A ledge seen from the front."""
        self.box(self.tone(colour, "front"), -half, half, y0, y1)

    def step(self, colour: Colour, half: float, y0: float, y1: float, x: float = 0.0) -> None:
        """The bright upper face of a step."""
        self.box(self.tone(scale(colour, 1.1), "up"), x - half, x + half, y0, y1)

    def block(
        self, colour: Colour, x0: float, x1: float, y0: float, y1: float,
        top0: float | None = None, top1: float | None = None, split: float = 0.58,
    ) -> None:  # fmt: skip
        """A body seen over its corner: left face and right face; `top0`, `top1` if it tapers."""
        t0, t1 = x0 if top0 is None else top0, x1 if top1 is None else top1
        m, mt = x0 + split * (x1 - x0), t0 + split * (t1 - t0)
        self.poly(self.tone(colour, "left"), (x0, y0), (t0, y1), (mt, y1), (m, y0))
        self.poly(self.tone(colour, "right"), (m, y0), (mt, y1), (t1, y1), (x1, y0))

    def drum(
        self, colour: Colour, x0: float, x1: float, y0: float, y1: float,
        top0: float | None = None, top1: float | None = None,
    ) -> None:  # fmt: skip
        """A round body: three upright bands from the lit to the dark side."""
        t0, t1 = x0 if top0 is None else top0, x1 if top1 is None else top1
        for a, b, facing in ((0.0, 0.34, "left"), (0.34, 0.68, "front"), (0.68, 1.0, "right")):
            self.poly(
                self.tone(colour, facing),
                (x0 + a * (x1 - x0), y0), (t0 + a * (t1 - t0), y1),
                (t0 + b * (t1 - t0), y1), (x0 + b * (x1 - x0), y0),
            )  # fmt: skip

    def dome(self, colour: Colour, x: float, y: float, r: float, rise: float) -> None:
        """Half an ellipse with a lit flank and a highlight."""
        points = [(x + r * c, y + rise * s) for c, s in _HALF_CIRCLE]
        toward = self.light.side
        self.poly(self.tone(colour, "front"), *points)
        lit, dark = ("right", "left") if toward > 0 else ("left", "right")
        sign = 1 if toward > 0 else -1
        shade = [(x - sign * r * c, y + rise * s) for c, s in _HALF_CIRCLE[:6]]
        self.poly(self.tone(colour, dark), *shade, (x - sign * 0.35 * r, y))
        gleam = [(0.2 + 0.62 * c, 0.08 + 0.84 * s) for c, s in _HALF_CIRCLE[1:5]] + [(0.36, 0.1)]
        gleam = [(x + sign * r * a, y + rise * b) for a, b in gleam]
        self.poly(self.tone(scale(colour, 1.08), lit), *gleam)

    def arch(self, colour: Colour, x: float, half: float, y0: float, y1: float) -> None:
        """An opening with a round head that reaches up to `y1`."""
        spring = max(y0, y1 - half)
        head = [(x + half * c, spring + (y1 - spring) * s) for c, s in reversed(_HALF_CIRCLE)]
        self.poly(colour, (x - half, y0), *head, (x + half, y0))

    def cone(self, colour: Colour, x: float, half: float, y0: float, y1: float) -> None:
        """A pointed roof."""
        self.poly(self.tone(colour, "left"), (x - half, y0), (x, y1), (x + 0.1 * half, y0))
        self.poly(self.tone(colour, "right"), (x + 0.1 * half, y0), (x, y1), (x + half, y0))


def _tower(m: _Model, mark: Landmark) -> None:
    h, w, n = mark.height, mark.width, mark.parts
    foot, neck = 0.30 * w, 0.11 * w
    m.drum(m.main, -foot, foot, 0, 0.30 * h, -neck * 1.4, neck * 1.4)
    m.drum(m.main, -neck * 1.4, neck * 1.4, 0.30 * h, 0.82 * h, -neck, neck)
    m.line(m.tone(m.main, "front"), 0.03 * w + 0.3, (0, 0.8 * h), (0, h))
    for i in range(n):
        y = h * (0.42 + 0.40 * i / (n - 1))
        r = w * (0.42 - 0.20 * i / (n - 1))
        t = 0.028 * h
        m.drum(m.accent, -0.7 * r, 0.7 * r, y - t, y, -r, r)
        m.drum(m.accent, -r, r, y, y + 0.6 * t)
        m.poly(m.dark, (-r, y + 0.6 * t), (-0.92 * r, y + t), (0.92 * r, y + t), (r, y + 0.6 * t))
        m.drum(m.accent, -0.92 * r, 0.92 * r, y + t, y + 1.5 * t, -0.4 * r, 0.4 * r)


def _dome(m: _Model, mark: Landmark) -> None:
    h, w, n = mark.height, mark.width, mark.parts
    half = 0.55 * w
    m.block(m.main, -half, half, 0, 0.32 * h)
    m.step(m.main, 1.04 * half, 0.32 * h, 0.355 * h)
    for i in range(n + 1):
        x = half * (2 * (i + 0.5) / (n + 1) - 1)
        m.arch(m.dark, x, 0.55 * half / (n + 1), 0.02 * h, 0.25 * h)
    r = 0.37 * w
    m.drum(m.main, -0.95 * r, 0.95 * r, 0.355 * h, 0.50 * h)
    if m.px(r) > 6:
        for i in range(5):
            m.arch(m.dark, r * (-0.76 + 0.38 * i), 0.09 * r, 0.38 * h, 0.475 * h)
    m.dome(m.accent, 0, 0.50 * h, r, 0.34 * h)
    m.drum(m.main, -0.12 * r, 0.12 * r, 0.83 * h, 0.90 * h)
    m.cone(m.accent, 0, 0.16 * r, 0.90 * h, h)
    if n >= 4:
        for x in (-0.82 * half, 0.82 * half):
            m.drum(m.main, x - 0.12 * w, x + 0.12 * w, 0.32 * h, 0.42 * h)
            m.dome(m.accent, x, 0.42 * h, 0.13 * w, 0.13 * h)


def _arch(m: _Model, mark: Landmark) -> None:
    h, w, n = mark.height, mark.width, mark.parts
    half, top = 0.5 * w * (0.85 + 0.1 * n), 0.70 * h
    m.block(m.main, -half, half, 0, top, split=0.94 if m.light.side > 0 else 0.06)
    sky = m.light.through_air(m.light.sky_low, 0.0)
    step = 2 * half / n
    for i in range(n):
        x = -half + step * (i + 0.5)
        m.arch(m.tone(m.main, "left" if m.light.side > 0 else "right"), x, 0.36 * step, 0, 0.52 * h)
        m.arch(sky, x + (0.05 if m.light.side > 0 else -0.05) * step, 0.30 * step, 0, 0.50 * h)
    m.slab(m.accent, 1.03 * half, 0.57 * h, 0.61 * h)
    m.step(m.accent, 1.06 * half, top, top + 0.05 * h)
    m.block(m.main, -0.45 * half, 0.45 * half, top + 0.05 * h, top + 0.12 * h)
    for x in (-0.30, -0.10, 0.10, 0.30):
        m.cone(m.accent, x * half, 0.11 * half, top + 0.12 * h, 0.93 * h)
        m.disc(m.tone(m.accent, "front"), x * half + 0.05 * half, 0.915 * h, 0.07 * half, 0.022 * h)
    m.block(m.accent, -0.06 * half, 0.06 * half, top + 0.12 * h, 0.955 * h)
    m.disc(m.tone(m.accent, "up"), 0.0, 0.975 * h, 0.055 * half, 0.025 * h)


def _obelisk(m: _Model, mark: Landmark) -> None:
    h, w, n = mark.height, mark.width, mark.parts
    step, y = 0.035 * h, 0.0
    for i in range(n):
        half = w * (0.52 - 0.3 * i / n)
        m.block(m.main, -half, half, y, y + 0.72 * step)
        m.step(m.main, half, y + 0.7 * step, y + step)
        y += step
    m.block(m.accent, -0.19 * w, 0.19 * w, y, y + 0.08 * h)
    y += 0.08 * h
    m.block(m.main, -0.145 * w, 0.145 * w, y, 0.90 * h, -0.09 * w, 0.09 * w)
    m.cone(m.accent, 0, 0.10 * w, 0.90 * h, h)
    if m.px(0.1 * w) > 2:
        for i in range(6):
            yy = y + (0.86 * h - y) * (i + 0.5) / 6
            m.line(m.tone(scale(m.main, 0.8), "left"), 0.02 * w, (-0.08 * w, yy), (-0.02 * w, yy))


def _wheel(m: _Model, mark: Landmark) -> None:
    h, w, n = mark.height, mark.width, mark.parts
    r, cy = 0.45 * h, 0.54 * h
    frame, leg = m.tone(m.main, "front"), m.tone(scale(m.main, 0.86), "right")
    m.line(leg, 0.018 * h, (-0.30 * h, 0), (0, cy), (0.30 * h, 0))
    spokes = 4 * n
    angles = [2 * math.pi * (i + 0.3) / spokes for i in range(spokes)]
    rim = [(r * math.cos(a), cy + r * math.sin(a)) for a in angles]
    for x, y in rim[:: 2 if m.px(r) < 40 else 1]:
        m.line(frame, 0.004 * h, (0, cy), (x, y))
    k, light = m.k, m.light
    for radius in (r, 0.86 * r):
        m.canvas.arc(*m.at(0.0, cy), radius * k, radius * k, 0, 360, frame, 0.017 * h * k)
    cabin = max(0.028 * h, 0.22 * r * 6.3 / spokes)
    for i, (x, y) in enumerate(rim):
        colour = m.accent if i % 2 == 0 else mix(m.accent, (250, 248, 240), 0.45)
        glow = mix(m.tone(colour, "front"), LAMPLIGHT, 0.4 * light.night)
        m.disc(glow, x * 1.03, cy + (y - cy) * 1.03 - 0.3 * cabin, 0.62 * cabin, 0.7 * cabin)
    m.disc(m.tone(m.accent, "front"), 0, cy, 0.05 * h, 0.05 * h)
    m.block(m.main, -0.34 * h, 0.34 * h, 0, 0.05 * h + 0.004 * w)


def _statue(m: _Model, mark: Landmark) -> None:
    h, w, n = mark.height, mark.width, mark.parts
    y, tier = 0.0, 0.09 * h if n < 4 else 0.36 * h / n
    for i in range(n):
        half = w * (0.46 - 0.24 * i / n)
        m.block(m.accent, -half, half, y, y + 0.82 * tier)
        m.step(m.accent, 1.06 * half, y + 0.8 * tier, y + tier)
        y += tier
    t = 0.93 * h - y
    body = t * 0.27

    def p(px: float, py: float) -> Point:
        return px * body, y + py * t

    lit, dark = m.tone(m.main, "left"), m.tone(m.main, "right")
    m.poly(lit, p(-0.62, 0), p(-0.36, 0.42), p(-0.44, 0.72), p(0.05, 0.76), p(0.05, 0))
    m.poly(dark, p(0.05, 0), p(0.05, 0.76), p(0.44, 0.70), p(0.34, 0.42), p(0.66, 0))
    fold = m.tone(scale(m.main, 0.8), "front")
    for fx in (-0.3, 0.02, 0.32):
        m.line(fold, 0.014 * t, p(fx * 0.7, 0.42), p(fx, 0.02))
    m.line(lit, 0.085 * t, p(-0.38, 0.68), p(-0.62, 0.86), p(-0.60, 1.02))
    m.line(dark, 0.085 * t, p(0.40, 0.66), p(0.56, 0.48), p(0.18, 0.44))
    m.poly(m.tone(m.accent, "front"), p(0.02, 0.40), p(0.42, 0.42), p(0.44, 0.56), p(0.06, 0.54))
    m.disc(m.tone(m.main, "front"), 0.0, y + 0.84 * t, 0.30 * body, 0.085 * t)
    m.cone(m.accent, -0.60 * body, 0.16 * body, y + 1.01 * t, y + 1.14 * t)
    for i in range(5):
        a = -0.4 + 0.2 * i
        m.line(m.tone(m.accent, "up"), 0.016 * t, p(a * 0.6, 0.90), p(a * 1.3, 0.985 - 0.1 * a * a))


def _pyramid(m: _Model, mark: Landmark) -> None:
    h, w, n = mark.height, mark.width, mark.parts
    half, steps = 0.72 * w, n + 2
    for i in range(steps):
        a, b = 1 - i / steps, 1 - (i + 0.55) / steps
        y0, y1 = 0.86 * h * i / steps, 0.86 * h * (i + 1) / steps
        a, b, edge = half * a, half * b, 0.13 * (y1 - y0)
        m.block(m.main, -a, a, y0, y1 - edge, -b, b, split=0.42)
        m.step(m.main, b, y1 - edge, y1)
    stairs = [(-0.29, 0.0), (-0.21, 0.84), (-0.11, 0.84), (-0.03, 0.0)]
    m.poly(m.tone(m.accent, "front"), *[(half * x, h * y) for x, y in stairs])
    m.block(m.accent, -0.17 * half, 0.17 * half, 0.86 * h, 0.93 * h)
    m.cone(m.accent, 0, 0.24 * half, 0.93 * h, h)


def _castle(m: _Model, mark: Landmark) -> None:
    h, w, n = mark.height, mark.width, mark.parts
    half = 0.62 * w
    m.block(m.main, -half, half, 0, 0.40 * h, split=0.5)
    for i in range(9):
        x = half * (-1 + 2 * (i + 0.5) / 9)
        tone = m.tone(m.main, "left" if i < 5 else "right")
        m.box(tone, x - 0.06 * half, x + 0.06 * half, 0.40 * h, 0.445 * h)
    heights = (0.70, 0.62, 0.84, 0.58, 0.76, 0.66)
    for i in range(n):
        x = half * (-1 + 2 * i / (n - 1))
        r, top = 0.13 * w, heights[i] * h * 0.92
        m.drum(scale(m.main, 1.03), x - r, x + r, 0, top)
        m.drum(m.main, x - 1.2 * r, x + 1.2 * r, top - 0.05 * h, top)
        m.cone(m.accent, x, 1.35 * r, top, top + 0.22 * h)
        m.arch(m.dark, x, 0.22 * r, top - 0.16 * h, top - 0.08 * h)
        if m.px(r) > 4:
            m.line(m.tone(m.accent, "up"), 0.03 * w, (x, top + 0.2 * h), (x, top + 0.27 * h))
    m.arch(m.dark, 0.5 * half / n, 0.12 * half, 0, 0.20 * h)


def _pagoda(m: _Model, mark: Landmark) -> None:
    h, w, n = mark.height, mark.width, mark.parts
    tier, y = 0.84 * h / n, 0.04 * h
    m.block(scale(m.main, 0.9), -0.6 * w, 0.6 * w, 0, y)
    for i in range(n):
        body, eave = w * (0.34 - 0.18 * i / n), w * (0.64 - 0.30 * i / n)
        top = y + 0.55 * tier
        m.block(m.main, -body, body, y, top, split=0.55)
        if m.px(body) > 4:
            for x in (-0.5, 0.05, 0.6):
                m.arch(m.dark, x * body, 0.13 * body, y, y + 0.4 * tier)
        inner, peak = 0.5 * body / eave, 1.05 - 0.55
        curve = ((0.7, -0.02), (1.06, 0.14), (0.62, 0.26), (inner, peak))
        corner = ((0.06 * inner, peak), (0.06, -0.05))
        for sign, facing in ((-1, "left"), (1, "right")):
            roof = [(sign * x, dy) for x, dy in curve] + list(corner)
            m.poly(m.tone(m.accent, facing), *[(eave * x, top + tier * dy) for x, dy in roof])
        under = m.tone(scale(m.accent, 0.6), "front")
        m.even(under, (0.72 * eave, top - 0.02 * tier), (0.6 * eave, top - 0.09 * tier))
        y += tier
    m.line(m.tone(m.main, "up"), 0.02 * h, (0, y), (0, h))
    m.disc(m.tone(m.accent, "up"), 0, y + 0.08 * h, 0.022 * h, 0.022 * h)


def _minaret(m: _Model, mark: Landmark) -> None:
    h, w, n = mark.height, mark.width, mark.parts
    half = 0.46 * w
    towers = (-0.62 * w, 0.62 * w) if n < 4 else (-0.74 * w, -0.50 * w, 0.50 * w, 0.74 * w)
    for i, x in enumerate(towers):
        top = h * (0.80 if len(towers) == 2 or i in (1, 2) else 0.68)
        r = 0.058 * w + 0.008 * h
        m.drum(m.main, x - r, x + r, 0, top)
        for j in range(1, 1 + max(1, n // 2)):
            y = top * (1 - 0.24 * j)
            m.drum(m.accent, x - 1.7 * r, x + 1.7 * r, y, y + 0.022 * h)
            m.drum(m.main, x - 1.3 * r, x + 1.3 * r, y - 0.015 * h, y)
        m.cone(m.accent, x, 1.35 * r, top, top + 0.18 * h)
    m.block(m.main, -half, half, 0, 0.26 * h)
    m.block(scale(m.main, 1.04), -0.30 * w, 0.30 * w, 0.26 * h, 0.32 * h)
    for i in range(3):
        m.arch(m.dark, half * (-0.6 + 0.6 * i), 0.20 * half, 0, (0.21 if i == 1 else 0.17) * h)
    r = 0.30 * w
    m.dome(m.accent, 0, 0.32 * h, r, 0.26 * h)
    m.poly(m.tone(m.accent, "front"), (-0.14 * r, 0.575 * h), (0, 0.66 * h), (0.14 * r, 0.575 * h))
    m.line(m.tone(m.accent, "up"), 0.012 * h, (0, 0.64 * h), (0, 0.70 * h))
    for x in (-0.36 * w, 0.36 * w):
        m.dome(m.accent, x, 0.26 * h, 0.11 * w, 0.10 * h)


def _cathedral(m: _Model, mark: Landmark) -> None:
    h, w, n = mark.height, mark.width, mark.parts
    tower = 0.17 * w
    gable = ((-0.34 * w, 0.42 * h), (0, 0.58 * h), (0.34 * w, 0.42 * h))
    m.poly(m.tone(m.main, "front"), (-0.34 * w, 0), *gable, (0.34 * w, 0))
    m.line(m.tone(m.accent, "up"), 0.018 * h, *gable)
    for x, top in ((-0.40 * w, 0.66 * h), (0.40 * w, 0.60 * h)):
        m.block(m.main, x - tower, x + tower, 0, top)
        m.step(m.main, 1.1 * tower, top, top + 0.02 * h, x)
        m.cone(m.accent, x, 1.0 * tower, top + 0.02 * h, top + 0.34 * h)
        for i in range(n):
            y = top * (0.12 + 0.86 * i / n)
            m.arch(m.dark, x, 0.34 * tower, y, y + 0.62 * top / n)
    m.disc(m.tone(m.accent, "front"), 0, 0.37 * h, 0.115 * w, 0.115 * w)
    m.disc(m.dark, 0, 0.37 * h, 0.085 * w, 0.085 * w)
    if m.px(w) > 40:
        for a, b in ((0.08, 0.0), (0.0, 0.08), (0.057, 0.057), (0.057, -0.057)):
            spoke = ((-a * w, 0.37 * h - b * w), (a * w, 0.37 * h + b * w))
            m.line(m.tone(m.accent, "front"), 0.012 * w, *spoke)
    m.arch(m.dark, 0, 0.10 * w, 0, 0.20 * h)


def _skyscraper(m: _Model, mark: Landmark) -> None:
    h, w, n = mark.height, mark.width, mark.parts
    y, top, split = 0.0, 0.88 * h, 0.62
    mirror = mix(m.dark, m.light.through_air(m.light.sky_low, m.air), 0.35)
    for i in range(n):
        half = w * (0.46 - 0.28 * i / n)
        y1 = top * (1 - (1 - (i + 1) / n) ** 1.4)
        m.block(m.main, -half, half, y, y1, split=split)
        floors = max(2, int((y1 - y) / 2.4))
        stripes = min(floors, int(m.px(y1 - y) / 2.6))
        corner = half * (2 * split - 1)
        for j in range(stripes):
            low = y + (y1 - y) * (j + 0.35) / stripes
            high = low + 0.42 * (y1 - y) / stripes
            m.box(mirror, -0.9 * half, corner - 0.05 * half, low, high)
            m.box(m.dark, corner + 0.05 * half, 0.92 * half, low, high)
        m.slab(m.accent, 1.04 * half, y1 - 0.012 * h, y1 + 0.012 * h)
        y = y1
    m.cone(m.accent, 0, 0.07 * w, y, h)


LANDMARKS: dict[str, Callable[[_Model, Landmark], None]] = {
    "tower": _tower, "dome": _dome, "arch": _arch, "obelisk": _obelisk, "wheel": _wheel,
    "statue": _statue, "pyramid": _pyramid, "castle": _castle, "pagoda": _pagoda,
    "minaret": _minaret, "cathedral": _cathedral, "skyscraper": _skyscraper,
}  # fmt: skip


def landmark(canvas: Canvas, scene: Scene, camera: Camera, light: Light, across: float) -> None:
    """The place's landmark, as far off as makes it large but whole.

    Its foot stands `across` canvas widths to the right of the vanishing point.
    """
    mark = scene.cues.landmark
    slender = mark.width / mark.height
    mark = replace(mark, width=mark.height * (0.30 + 0.42 * min(1.0, slender)))
    z = camera.focal * mark.height / min(0.46, camera.horizon - 0.03)
    x = camera.x + across * z / camera.focal
    foot = Wall(camera, (x - 0.5 * mark.width, z), (x + 0.5 * mark.width, z))
    (xa, ya, _), (xb, _, k) = foot.at(0.0), foot.at(1.0)
    reach = max(-0.45, min(0.45, shadow_reach(light, 1.0))) * mark.width * k
    canvas.veil(
        [(xa, ya), (xb, ya), (xb + max(0.0, reach), ya + 0.003), (xb, ya + 0.007), (xa, ya + 0.007),
         (xa + min(0.0, reach), ya + 0.003)],
        SHADOW, 0.25 + 0.7 * sunshine(light),
    )  # fmt: skip
    LANDMARKS[mark.kind](_Model(canvas, scene, camera, light, x, z), mark)
