"""A table with a dish on it."""

from __future__ import annotations

import math
from random import Random

from g3lite.miniearth.render import street
from g3lite.miniearth.render.buildings import FABRICS
from g3lite.miniearth.render.canvas import (
    RING,
    Camera,
    Canvas,
    Colour,
    Light,
    mix,
    pick,
    scale,
    tinted,
    vary,
)
from g3lite.miniearth.scene import Scene

SHADE_OF_DISH: Colour = (24, 14, 18)
"""Shadows under a near thing and under a dish."""


# ---------------------------------------------------------------------------------------- food

CRUST, SAUCE, CHEESE, LEAF = (214, 160, 88), (196, 62, 40), (246, 206, 112), (92, 150, 62)
RICE, MEAT, EGG, YOLK = (248, 242, 226), (142, 80, 52), (252, 248, 240), (248, 186, 52)
TABLES: tuple[Colour, ...] = (
    (150, 104, 68), (206, 168, 122), (92, 64, 50), (228, 224, 216), (74, 78, 84), (196, 208, 206),
    (178, 92, 76), (60, 88, 100),
)  # fmt: skip
CHINA: tuple[Colour, ...] = (
    (250, 248, 242),
    (226, 234, 238),
    (84, 100, 118),
    (226, 200, 164),
    (60, 58, 60),
)


class Table:
    """A table seen from above or aslant: circles appear `flat` times as high as they are wide."""

    def __init__(self, canvas: Canvas, light: Light, flat: float) -> None:
        self.canvas, self.flat = canvas, flat
        self.warm: Colour = mix((255, 250, 242), (255, 214, 156), light.night)
        self.dx, self.dy = 0.016 * (1 if light.side < 0 else -1), 0.02

    def tone(self, colour: Colour, factor: float = 1.0) -> Colour:
        """`colour` in the light over the table."""
        return tinted(colour, factor, self.warm)

    def disc(self, x: float, y: float, r: float, colour: Colour, factor: float = 1.0) -> None:
        """A circle on the table."""
        self.canvas.ellipse(x, y, r, r * self.flat, self.tone(colour, factor))

    def cast(self, x: float, y: float, r: float, lift: float = 1.0) -> None:
        """The shadow of a round thing."""
        cx, cy = x + self.dx * lift, y + self.dy * lift
        points = [(cx + r * c, cy + r * self.flat * s) for c, s in RING]
        self.canvas.veil(points, SHADE_OF_DISH, 0.32)

    def plate(self, x: float, y: float, r: float, china: Colour) -> None:
        """An empty plate."""
        self.cast(x, y, r * 1.01)
        self.disc(x, y + 0.05 * r * (1 - self.flat), r, china, 0.80)
        self.disc(x, y, r, china, 0.97)
        self.disc(x, y, 0.74 * r, china, 0.86)
        self.disc(x + 0.012 * r, y + 0.015 * r, 0.71 * r, china, 1.0)

    def bowl(self, x: float, y: float, r: float, china: Colour, filling: Colour) -> None:
        """A bowl, full."""
        depth = 0.55 * (1.0 - self.flat) * r
        self.cast(x, y + depth, r, 1.6)
        for k in range(5):
            t = k / 4
            self.disc(x, y + depth * (1 - t), r * (0.72 + 0.28 * t), china, 0.70 + 0.12 * t)
        self.disc(x, y, r, china, 1.0)
        self.disc(x, y + 0.02 * r, 0.88 * r, china, 0.78)
        self.disc(x, y + 0.05 * r, 0.84 * r, filling, 1.0)

    def scatter(
        self, rng: Random, x: float, y: float, r: float, n: int, size: float, colours: list[Colour]
    ) -> None:
        """Small round things, each with a dark underside and a lit top."""
        for k in range(n):
            a, d, v = 6.2832 * rng.random(), rng.random() ** 0.5 * r, rng.random()
            px, py = x + d * math.cos(a), y + d * math.sin(a) * self.flat
            s = size * (0.7 + 0.6 * v)
            colour = colours[k % len(colours)]
            self.disc(px + 0.1 * s, py + 0.18 * s, s, colour, 0.66)
            self.disc(px, py, s, vary(colour, 0.08, v), 1.0)
            self.disc(px - 0.3 * s, py - 0.3 * s, 0.35 * s, mix(colour, (255, 255, 255), 0.4), 1.0)


def pizza(t: Table, rng: Random, x: float, y: float, r: float, china: Colour) -> None:
    """A pizza, cut."""
    t.plate(x, y, r, china)
    t.disc(x, y + 0.03 * r, 0.92 * r, CRUST, 0.7)
    t.disc(x, y, 0.92 * r, CRUST)
    t.disc(x, y, 0.80 * r, SAUCE)
    t.disc(x, y, 0.76 * r, CHEESE)
    t.scatter(rng, x, y, 0.66 * r, 14, 0.16 * r, [(250, 222, 150), (244, 196, 96)])
    t.scatter(rng, x, y, 0.60 * r, 9, 0.11 * r, [(190, 50, 40)])
    t.scatter(rng, x, y, 0.62 * r, 8, 0.06 * r, [LEAF, (52, 48, 50)])
    for k in range(4):
        a = k * math.pi / 4 + 0.2
        dx, dy = 0.92 * r * math.cos(a), 0.92 * r * math.sin(a) * t.flat
        t.canvas.line([(x - dx, y - dy), (x + dx, y + dy)], t.tone(CRUST, 0.75), 0.012 * r)


def soup(t: Table, rng: Random, x: float, y: float, r: float, china: Colour) -> None:
    """A bowl of soup."""
    broth = pick(((222, 136, 52), (190, 70, 44), (206, 178, 96), (128, 152, 70)), rng.random())
    t.bowl(x, y, 0.95 * r, china, broth)
    t.scatter(rng, x, y, 0.6 * r, 9, 0.10 * r, [mix(broth, (255, 240, 200), 0.4), (240, 150, 70)])
    t.scatter(rng, x, y, 0.55 * r, 12, 0.045 * r, [LEAF, (120, 176, 76)])


def noodles(t: Table, rng: Random, x: float, y: float, r: float, china: Colour) -> None:
    """A nest of noodles or spaghetti with sauce."""
    t.plate(x, y, r, china)
    strand: Colour = (238, 200, 118)
    t.disc(x, y + 0.03 * r, 0.62 * r, strand, 0.66)
    for k in range(26):
        a, d = 6.2832 * rng.random(), 0.32 * r * rng.random()
        s = (0.14 + 0.2 * rng.random()) * r
        px, py = x + d * math.cos(a), y + d * math.sin(a) * t.flat
        tone = t.tone(strand, 0.82 + 0.3 * (k % 3) / 2)
        t.canvas.arc(px, py, s, s * t.flat, int(57.3 * a), int(57.3 * a) + 230, tone, 0.04 * r)
    t.disc(x, y - 0.04 * r, 0.30 * r, SAUCE, 0.9)
    t.scatter(rng, x, y - 0.06 * r, 0.22 * r, 7, 0.09 * r, [MEAT, SAUCE])
    t.scatter(rng, x, y - 0.06 * r, 0.2 * r, 4, 0.05 * r, [LEAF])


def salad(t: Table, rng: Random, x: float, y: float, r: float, china: Colour) -> None:
    """Leaves, tomatoes, cucumber."""
    t.bowl(x, y, 0.95 * r, china, (70, 110, 48))
    t.scatter(rng, x, y, 0.66 * r, 34, 0.17 * r, [LEAF, (128, 182, 82), (66, 124, 56)])
    t.scatter(rng, x, y, 0.55 * r, 7, 0.12 * r, [(216, 62, 48)])
    t.scatter(rng, x, y, 0.6 * r, 6, 0.12 * r, [(196, 222, 156)])


def breakfast(t: Table, rng: Random, x: float, y: float, r: float, china: Colour) -> None:
    """Two fried eggs, beans or sausages, toast."""
    t.plate(x, y, r, china)
    for dx, dy in ((-0.28, -0.12), (0.14, -0.26)):
        px, py = x + dx * r, y + dy * r * t.flat
        for k in range(6):
            a = k * 1.05
            t.disc(
                px + 0.13 * r * math.cos(a), py + 0.13 * r * math.sin(a) * t.flat, 0.15 * r, EGG,
                0.98,
            )  # fmt: skip
        t.disc(px, py, 0.12 * r, YOLK, 0.85)
        t.disc(px - 0.01 * r, py - 0.02 * r, 0.105 * r, YOLK, 1.0)
        t.disc(px - 0.04 * r, py - 0.05 * r, 0.03 * r, (255, 246, 210), 1.0)
    for k in range(2):
        y0 = y + (0.18 + 0.15 * k) * r * t.flat
        points = [(x - 0.4 * r, y0), (x - 0.1 * r, y0 + 0.05 * r), (x + 0.15 * r, y0 - 0.02 * r)]
        t.canvas.stroke(points, t.tone(MEAT, 0.8), 0.13 * r)
        t.canvas.stroke(
            [(px, py - 0.02 * r) for px, py in points], t.tone((186, 104, 66)), 0.07 * r
        )
    toast = [
        (x + 0.22 * r, y + 0.05 * r), (x + 0.58 * r, y - 0.05 * r),
        (x + 0.55 * r, y + 0.38 * r * t.flat), (x + 0.25 * r, y + 0.42 * r * t.flat)
    ]  # fmt: skip
    t.canvas.polygon(toast, t.tone(CRUST, 0.8))
    t.canvas.polygon(
        [(px * 0.9 + (x + 0.4 * r) * 0.1,
        py * 0.88 + (y + 0.2 * r * t.flat) * 0.12) for px, py in toast], t.tone((238, 200, 136)),
    )  # fmt: skip


def curry(t: Table, rng: Random, x: float, y: float, r: float, china: Colour) -> None:
    """Rice on one side, stew on the other."""
    t.plate(x, y, r, china)
    stew = pick(((176, 102, 40), (206, 128, 44), (150, 62, 36), (110, 132, 60)), rng.random())
    t.disc(x + 0.1 * r, y + 0.05 * r, 0.60 * r, stew, 0.92)
    t.scatter(
        rng, x + 0.24 * r, y + 0.06 * r, 0.34 * r, 11, 0.11 * r,
        [mix(stew, MEAT, 0.5), (226, 150, 60), MEAT],
    )  # fmt: skip
    t.disc(x - 0.26 * r, y - 0.02 * r, 0.40 * r, RICE, 0.74)
    t.disc(x - 0.28 * r, y - 0.06 * r, 0.38 * r, RICE, 0.98)
    t.scatter(rng, x - 0.28 * r, y - 0.06 * r, 0.30 * r, 24, 0.028 * r, [(255, 252, 244), RICE])
    t.scatter(rng, x, y - 0.04 * r, 0.2 * r, 4, 0.05 * r, [LEAF])


def cake(t: Table, rng: Random, x: float, y: float, r: float, china: Colour) -> None:
    """A slice of layer cake."""
    t.plate(x, y, r, china)
    creams = ((250, 238, 222), (232, 176, 184), (94, 60, 46), (246, 222, 150))
    cream, sponge = pick(creams, rng.random()), (196, 138, 84)
    tip, up = (x - 0.45 * r, y + 0.12 * r), 0.42 * r * (1.15 - 0.6 * t.flat)
    back = ((x + 0.42 * r, y - 0.3 * r * t.flat), (x + 0.46 * r, y + 0.36 * r * t.flat))
    t.canvas.polygon(
        [tip, back[1], (back[1][0], back[1][1] - up), (tip[0], tip[1] - up)], t.tone(sponge, 0.95)
    )
    for k in (0.30, 0.66):
        a, b = up * k, up * (k + 0.12)
        t.canvas.polygon(
            [(tip[0], tip[1] - a), (back[1][0], back[1][1] - a), (back[1][0], back[1][1] - b),
            (tip[0], tip[1] - b)], t.tone(cream, 0.95),
        )  # fmt: skip
    t.canvas.polygon(
        [(tip[0], tip[1] - up), (back[0][0], back[0][1] - up), (back[1][0], back[1][1] - up)],
        t.tone(cream, 1.03),
    )  # fmt: skip
    for k in range(3):
        px, py = x + (0.02 + 0.16 * k) * r, y - up - (0.02 - 0.03 * k) * r
        t.disc(px, py, 0.085 * r, (196, 40, 52), 0.95)
        t.disc(px - 0.02 * r, py - 0.03 * r, 0.03 * r, (250, 170, 170))


def fruit(t: Table, rng: Random, x: float, y: float, r: float, china: Colour) -> None:
    """A bowl of fruit."""
    t.bowl(x, y, 0.95 * r, china, scale(china, 0.6))
    kinds: list[Colour] = [
        (206, 52, 44),
        (240, 156, 46),
        (160, 190, 66),
        (236, 206, 84),
        (110, 52, 92),
    ]
    for k in range(9):
        a, d = 2.4 * k, 0.5 * r * (k / 9) ** 0.5
        px, py = x + d * math.cos(a), y - 0.10 * r + d * math.sin(a) * t.flat
        colour, s = pick(kinds, rng.random()), (0.22 + 0.05 * rng.random()) * r
        t.canvas.ellipse(px + 0.02 * r, py + 0.03 * r, s, s * 0.97, t.tone(colour, 0.62))
        t.canvas.ellipse(px, py, 0.94 * s, 0.9 * s, t.tone(colour, 0.95))
        t.canvas.ellipse(
            px - 0.3 * s, py - 0.32 * s, 0.3 * s, 0.26 * s,
            t.tone(mix(colour, (255, 250, 230), 0.5)),
        )  # fmt: skip


def coffee(t: Table, rng: Random, x: float, y: float, r: float, china: Colour) -> None:
    """A cup with a leaf drawn in the foam."""
    t.plate(x, y + 0.1 * r, 0.95 * r, china)
    t.canvas.arc(x + 0.62 * r, y, 0.2 * r, 0.17 * r, 0, 360, t.tone(china, 0.85), 0.07 * r)
    t.bowl(x, y - 0.12 * r, 0.62 * r, china, (126, 78, 46))
    c = y - 0.10 * r
    t.disc(x, c, 0.46 * r, (178, 122, 76))
    for k in range(4):
        s = (0.34 - 0.07 * k) * r
        yy = c + (0.16 - 0.13 * k) * r * t.flat
        t.disc(x, yy, s * 0.8, (246, 226, 194))
        t.disc(x, yy - 0.05 * r * t.flat, s * 0.66, (178, 122, 76))
    t.disc(x, c - 0.26 * r * t.flat, 0.07 * r, (246, 226, 194))


def burger(t: Table, rng: Random, x: float, y: float, r: float, china: Colour) -> None:
    """A burger and chips."""
    t.plate(x, y, r, china)
    for _ in range(13):
        a = 0.9 * rng.random() - 0.45
        px, py = x + (0.24 + 0.3 * rng.random()) * r, y + 0.3 * (rng.random() - 0.4) * r
        dx, dy = 0.16 * r * math.cos(a), 0.16 * r * math.sin(a)
        t.canvas.line(
            [(px - dx, py - dy), (px + dx, py + dy)],
            t.tone((240, 196, 90), 0.85 + 0.25 * rng.random()), 0.06 * r,
        )  # fmt: skip
    c, q = x - 0.24 * r, 0.45 + 0.5 * t.flat
    layers: list[tuple[float, float, Colour]] = [
        (0.14, 0.44, (190, 128, 68)), (0.06, 0.46, MEAT), (0.0, 0.48, LEAF), (-0.04, 0.42, SAUCE),
        (-0.07, 0.46, CHEESE), (-0.14, 0.44, (206, 144, 78)), (-0.18, 0.40, (222, 164, 96)),
    ]  # fmt: skip
    for dy, s, colour in layers:
        t.canvas.ellipse(c, y + dy * r, s * r, 0.8 * s * q * r, t.tone(colour, 1.0))
    for k in range(9):
        a, d = 2.4 * k, 0.28 * r * (k / 9) ** 0.5
        t.canvas.ellipse(
            c + d * math.cos(a), y - 0.22 * r + 0.7 * d * q * math.sin(a), 0.018 * r, 0.012 * r,
            t.tone(RICE),
        )  # fmt: skip


def sushi(t: Table, rng: Random, x: float, y: float, r: float, china: Colour) -> None:
    """Small rolls in rows on a board."""
    wood: Colour = (120, 84, 58)
    w, h = 0.95 * r, 0.66 * r * t.flat
    t.canvas.veil(
        [(x - w + t.dx, y - h + t.dy), (x + w + t.dx, y - h + t.dy),
        (x + w + t.dx, y + h + 2 * t.dy), (x - w + t.dx, y + h + 2 * t.dy)], SHADE_OF_DISH, 0.32,
    )  # fmt: skip
    t.canvas.rectangle(x - w, y - h, x + w, y + h + 0.05 * r, t.tone(wood, 0.7))
    t.canvas.rectangle(x - w, y - h, x + w, y + h, t.tone(wood))
    tops: list[Colour] = [(244, 140, 96), (206, 62, 60), YOLK, LEAF, (250, 214, 196)]
    for row in range(2):
        for k in range(4):
            px, py = x + (k - 1.5) * 0.44 * r, y + (row - 0.5) * 0.62 * r * t.flat
            top = pick(tops, rng.random())
            t.disc(px + 0.03 * r, py + 0.06 * r, 0.18 * r, (30, 26, 28), 1.0)
            t.disc(px, py + 0.04 * r, 0.175 * r, (44, 52, 46), 1.0)
            t.disc(px, py, 0.175 * r, (40, 46, 42), 1.0)
            t.disc(px, py, 0.145 * r, RICE, 1.0)
            t.disc(px, py, 0.075 * r, top, 1.0)


DISHES = (pizza, soup, noodles, salad, breakfast, curry, cake, fruit, coffee, burger, sushi)


def food(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """A dish on a table; the only clue there may be is the writing on a menu card."""
    rng = scene.rng("food")
    u = [rng.random() for _ in range(16)]
    t = Table(canvas, light, 0.50 + 0.48 * u[0])
    table = pick(TABLES, u[1])
    canvas.gradient(0.0, 1.0, t.tone(table, 0.80), t.tone(table, 1.02))
    if u[2] < 0.5:
        for k in range(1, 7):
            y = (k / 7) ** (1.5 - 0.5 * t.flat)
            canvas.line([(0.0, y), (1.0, y)], t.tone(table, 0.70), 0.005)
            canvas.line([(0.0, y + 0.006), (1.0, y + 0.006)], t.tone(table, 1.08), 0.003)
    elif u[2] < 0.75:
        cloth = pick(FABRICS, u[3])
        for k in range(8):
            canvas.veil(
                [(k / 8, 0), (k / 8 + 0.06, 0), (k / 8 + 0.06, 1), (k / 8, 1)], t.tone(cloth), 0.45
            )
            canvas.veil(
                [(0, k / 8), (1, k / 8), (1, k / 8 + 0.06), (0, k / 8 + 0.06)], t.tone(cloth), 0.45
            )
    china = pick(CHINA, u[4])
    x, y, r = 0.5 + 0.12 * (u[5] - 0.5), 0.54 + 0.1 * (u[6] - 0.5), 0.30 + 0.08 * u[7]
    if "sign" in scene.shows:
        y, r = 0.64, min(r, 0.31)
    if u[8] < 0.7:
        cutlery(t, x, y, r, u[9] < 0.5)
    if u[10] < 0.6 and "sign" not in scene.shows:
        glass(t, 0.86 if u[11] < 0.5 else 0.14, 0.16, 0.085, u[12])
    pick(DISHES, u[13])(t, scene.rng("dish"), x, y, r, china)
    if "sign" in scene.shows:
        menu(canvas, scene, t)
    if u[14] < 0.35:
        soup_or_sauce = pick(FABRICS, u[15])
        t.bowl(0.12 if u[11] < 0.5 else 0.88, 0.86, 0.10, china, soup_or_sauce)


def menu(canvas: Canvas, scene: Scene, t: Table) -> None:
    """A card with the sign of the house, behind the dish."""
    x0, y0, x1, y1 = 0.24, 0.03, 0.76, 0.36
    canvas.veil(
        [(x0 + t.dx, y0 + t.dy), (x1 + t.dx, y0 + t.dy), (x1 + 2 * t.dx, y1 + t.dy),
        (x0 + 2 * t.dx, y1 + t.dy)], SHADE_OF_DISH, 0.35,
    )  # fmt: skip
    canvas.rectangle(x0, y0, x1, y1, t.tone((252, 248, 238), 0.96))
    canvas.rectangle(x0 + 0.012, y0 + 0.012, x1 - 0.012, y1 - 0.012, t.tone((236, 228, 210), 0.98))
    light = Light(
        side=0.0, elevation=40.0, sun=1.0, shade=0.8, colour=t.warm, cool=t.warm, sky_top=t.warm,
        sky_low=t.warm, haze=t.warm, sight=1000.0, night=0.0,
    )  # fmt: skip
    long = scene.cues.sign_shape in ("rectangle", "arrow")
    street.sign(canvas, scene, light, 0.5, 0.5 * (y0 + y1), 0.44 if long else 0.36)


def cutlery(t: Table, x: float, y: float, r: float, chopsticks: bool) -> None:
    """Knife and fork beside the plate, or chopsticks before it."""
    steel: Colour = (206, 210, 214)
    if chopsticks:
        for k in (0, 1):
            a, b = (
                (x - 0.3, y + r * t.flat + 0.07 + 0.03 * k),
                (x + 0.34, y + r * t.flat + 0.05 + 0.045 * k),
            )
            canvas_shadow = [(px + t.dx, py + t.dy) for px, py in (a, b)]
            t.canvas.line(canvas_shadow, t.tone((70, 52, 44), 0.7), 0.012)
            t.canvas.line([a, b], t.tone((150, 88, 54)), 0.013)
        return
    for side in (-1, 1):
        px = x + side * (r + 0.055)
        top, low = y - 0.75 * r * t.flat, y + 0.8 * r * t.flat
        t.canvas.line(
            [(px + t.dx, top + t.dy), (px + t.dx, low + t.dy)], t.tone((60, 44, 40), 0.8), 0.012
        )
        t.canvas.line([(px, top + 0.3 * (low - top)), (px, low)], t.tone(steel), 0.016)
        if side < 0:
            for k in (-1, 0, 1):
                t.canvas.line(
                    [(px + 0.012 * k, top), (px + 0.012 * k, top + 0.22 * (low - top))],
                    t.tone(steel), 0.007,
                )  # fmt: skip
            t.canvas.ellipse(
                px, top + 0.27 * (low - top), 0.019, 0.035 * t.flat + 0.01, t.tone(steel)
            )
        else:
            t.canvas.ellipse(
                px, top + 0.18 * (low - top), 0.016, 0.2 * (low - top), t.tone(steel, 1.05)
            )


def glass(t: Table, x: float, y: float, r: float, luck: float) -> None:
    """A glass of something to drink."""
    drink = pick(
        ((120, 34, 48), (236, 178, 60), (200, 222, 232), (96, 54, 34), (226, 130, 60)), luck
    )
    depth = 1.6 * (1.0 - t.flat) * r
    t.cast(x, y + depth, r, 2.0)
    for k in range(7):
        t.disc(x, y + depth * (1 - k / 6), r * (0.84 + 0.16 * k / 6), drink, 0.66 + 0.05 * k)
    t.disc(x, y, r, (240, 246, 248), 1.0)
    t.disc(x, y + 0.04 * r, 0.88 * r, drink, 1.05)
    t.disc(x - 0.3 * r, y - 0.2 * r, 0.22 * r, mix(drink, (255, 255, 255), 0.5))
