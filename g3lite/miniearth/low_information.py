"""Compositions of photos that show next to no place: interiors, food, the sky and close-ups."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

from PIL import Image

from g3lite.miniearth import street
from g3lite.miniearth.atmosphere import sky
from g3lite.miniearth.built import FABRICS
from g3lite.miniearth.canvas import (
    Camera,
    Canvas,
    Colour,
    Light,
    Point,
    circle,
    mix,
    pick,
    scale,
    vary,
)
from g3lite.miniearth.nature import tree
from g3lite.miniearth.scene import Scene

RING, BLUR = circle(24), circle(16)
SHADE: Colour = (20, 14, 20)
SHADE_OF_DISH: Colour = (24, 14, 18)
"""Shadows under a near thing and under a dish."""

# ------------------------------------------------------------------------------------ interiors

WALLPAPERS: tuple[Colour, ...] = (
    (232, 224, 206), (196, 208, 190), (214, 178, 158), (168, 186, 200), (222, 196, 128),
    (88, 104, 128), (206, 206, 204), (176, 120, 104), (120, 140, 116),
)  # fmt: skip
FLOORS: tuple[Colour, ...] = (
    (164, 116, 76), (196, 154, 106), (120, 84, 62), (184, 178, 168), (206, 196, 178),
    (108, 104, 104),
)  # fmt: skip
WOODS: tuple[Colour, ...] = (
    (150, 102, 64), (186, 142, 96), (98, 68, 50), (214, 198, 170), (70, 62, 60),
)  # fmt: skip


def tinted(colour: Colour, factor: float, glare: Colour) -> Colour:
    """`colour` in a light of the colour `glare`, brighter or darker by `factor`."""
    return (
        min(255, int(colour[0] * factor * glare[0] / 255)),
        min(255, int(colour[1] * factor * glare[1] / 255)),
        min(255, int(colour[2] * factor * glare[2] / 255)),
    )


class Room:
    """A room seen from inside, `half` metres to each side, `high` and `deep` metres large."""

    def __init__(self, canvas: Canvas, scene: Scene, light: Light, rng: Random) -> None:
        view = scene.view
        self.canvas, self.night = canvas, light.night
        self.camera = Camera(
            focal=0.62 + 0.2 * view.focal, horizon=0.40 + 0.12 * rng.random(),
            vanish=0.36 + 0.28 * rng.random(), height=1.5,
        )  # fmt: skip
        self.half, self.high, self.deep = 2.3 + 0.9 * rng.random(), 2.7, 4.6 + 1.4 * rng.random()
        self.from_left = rng.random() < 0.5
        self.glare: Colour = mix((255, 248, 236), (255, 206, 142), light.night)

    def tone(self, colour: Colour, factor: float) -> Colour:
        """`colour` in the light of the room."""
        return tinted(colour, factor * (1.0 - 0.30 * self.night), self.glare)

    def quad(self, corners: tuple[tuple[float, float, float], ...], fill: Colour) -> None:
        """A polygon in space."""
        self.canvas.polygon([self.camera.project(*corner) for corner in corners], fill)

    def front(self, x0: float, x1: float, y0: float, y1: float, z: float, fill: Colour) -> None:
        """An upright rectangle that looks at the viewer."""
        self.quad(((x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)), fill)

    def flank(self, x: float, y0: float, y1: float, z0: float, z1: float, fill: Colour) -> None:
        """An upright rectangle that looks to the side."""
        self.quad(((x, y0, z0), (x, y0, z1), (x, y1, z1), (x, y1, z0)), fill)

    def level(self, x0: float, x1: float, y: float, z0: float, z1: float, fill: Colour) -> None:
        """A rectangle that lies flat."""
        self.quad(((x0, y, z0), (x1, y, z0), (x1, y, z1), (x0, y, z1)), fill)

    def box(
        self, x0: float, x1: float, y0: float, y1: float, z0: float, z1: float, colour: Colour
    ) -> None:
        """A block: its front, the side turned to the middle, and its top if seen from above."""
        side = self.tone(colour, 0.80 if (x0 > self.camera.x) == self.from_left else 0.98)
        if x0 > self.camera.x:
            self.flank(x0, y0, y1, z0, z1, side)
        elif x1 < self.camera.x:
            self.flank(x1, y0, y1, z0, z1, side)
        if y1 < self.camera.height:
            top = self.tone(colour, 1.14)
            self.level(x0, x1, y1, z0, z1, top)
        self.front(x0, x1, y0, y1, z0, self.tone(colour, 0.92))

    def shade(self, x0: float, x1: float, z0: float, z1: float, alpha: float = 0.25) -> None:
        """A soft shadow on the floor."""
        corners = ((x0, 0.0, z0), (x1, 0.0, z0), (x1, 0.0, z1), (x0, 0.0, z1))
        self.canvas.veil([self.camera.project(*corner) for corner in corners], (30, 20, 30), alpha)

    def shell(self, wall: Colour, floor: Colour, planks: bool) -> None:
        """Walls, ceiling and floor."""
        half, high, deep = self.half, self.high, self.deep
        near, camera = 0.7, self.camera
        left, right = self.tone(wall, 0.74), self.tone(wall, 0.94)
        if not self.from_left:
            left, right = right, left
        for x, fill in ((-half, left), (half, right)):
            self.flank(x, -0.1, high, near, deep, fill)
        self.level(-half, half, high, near, deep, self.tone((244, 240, 232), 0.86))
        self.level(-half, half, 0, near, deep, self.tone(floor, 0.94))
        dark = self.tone(floor, 0.80)
        thin = 0.0022
        if planks:
            for k in range(1, 12):
                x = -half + 2 * half * k / 12
                self.canvas.line(
                    [camera.project(x, 0, near), camera.project(x, 0, deep)], dark, thin
                )
        else:
            for k in range(1, 8):
                x, z = -half + 2 * half * k / 8, near + (deep - near) * k / 8
                self.canvas.line(
                    [camera.project(x, 0, near), camera.project(x, 0, deep)], dark, thin
                )
                self.canvas.line(
                    [camera.project(-half, 0, z), camera.project(half, 0, z)], dark, thin
                )
        x0, y0 = camera.project(-half, high, deep)
        x1, y1 = camera.project(half, 0, deep)
        self.canvas.gradient(y0, y1, self.tone(wall, 0.98), self.tone(wall, 0.86), x0, x1)
        for x in (-half, half):
            self.flank(x, 0, 0.12, near, deep, self.tone((240, 236, 228), 0.8))
        self.front(-half, half, 0, 0.12, deep, self.tone((240, 236, 228), 0.9))

    def window(self, scene: Scene, light: Light, x: float, wide: float) -> None:
        """A window in the back wall, with curtains; a plant of the zone outside if it may show."""
        canvas, camera, deep = self.canvas, self.camera, self.deep
        low, top = (0.62, 2.5) if wide > 2 else (0.9, 2.25)
        x0, y0 = camera.project(x - wide / 2, top, deep)
        x1, y1 = camera.project(x + wide / 2, low, deep)
        frame = self.tone((248, 244, 236), 1.0)
        t = camera.size(0.07, deep)
        canvas.rectangle(x0 - t, y0 - t, x1 + t, y1 + t, frame)
        canvas.gradient(y0, y1, light.sky_top, mix(light.sky_low, (255, 255, 255), 0.3), x0, x1)
        if "vegetation" in scene.shows:
            view = Camera(focal=camera.focal, horizon=y1 - 0.16 * (y1 - y0), vanish=0.5 * (x0 + x1))
            rng, z = scene.rng("window"), 11.0
            u = tuple(rng.random() for _ in range(6))
            tall = 0.95 * (y1 - y0) * z / camera.focal
            with canvas.within([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]):
                lawn = light.lit((128, 140, 110), 0.8)
                canvas.rectangle(x0, view.horizon, x1, y1, lawn)
                tree(canvas, scene, view, light, -0.28 * tall, z, tall, u)
        elif light.night < 0.5:
            pale = mix(light.sky_low, (150, 160, 160), 0.35)
            canvas.rectangle(x0, y1 - 0.22 * (y1 - y0), x1, y1, pale)
        middle = 0.5 * (x0 + x1)
        canvas.rectangle(middle - t / 4, y0, middle + t / 4, y1, frame)
        canvas.rectangle(
            x0, y0 + 0.45 * (y1 - y0) - t / 4, x1, y0 + 0.45 * (y1 - y0) + t / 4, frame
        )
        canvas.rectangle(
            x0 - 1.6 * t, y1 + t / 2, x1 + 1.6 * t, y1 + 1.4 * t, self.tone((248, 244, 236), 0.8)
        )
        if light.night < 0.5 and scene.view.weather in ("clear", "cloudy"):
            lean = 0.9 if self.from_left else -0.9
            for a, b in ((x - wide / 2, x - 0.06), (x + 0.06, x + wide / 2)):
                spot = [
                    camera.project(xx + shift, 0.0, zz)
                    for xx, zz, shift in (
                        (a, deep - 0.5, 0.3 * lean), (b, deep - 0.5, 0.3 * lean),
                        (b, deep - 2.4, 1.5 * lean), (a, deep - 2.4, 1.5 * lean),
                    )
                ]  # fmt: skip
                canvas.veil(spot, (255, 244, 210), 0.30)

    def curtains(self, x: float, wide: float, colour: Colour) -> None:
        """Two curtains beside a window at `x`."""
        top, low = 2.45, 0.35
        for side in (-1, 1):
            for k in range(4):
                a = x + side * (wide / 2 - 0.10 + 0.14 * k)
                b = a + side * 0.14
                tone = self.tone(colour, 0.80 + 0.13 * ((k + (side > 0)) % 2))
                z = self.deep - 0.08
                self.front(a, b, low, top, z, tone)

    def picture(self, x: float, y: float, wide: float, tall: float, rng: Random) -> None:
        """A framed print on the back wall."""
        canvas, z = self.canvas, self.deep - 0.03
        u = [rng.random() for _ in range(6)]
        x0, y0 = self.camera.project(x - wide / 2, y + tall / 2, z)
        x1, y1 = self.camera.project(x + wide / 2, y - tall / 2, z)
        t = self.camera.size(0.035, z)
        canvas.rectangle(x0 - t, y0 - t, x1 + t, y1 + t, self.tone(pick(WOODS, u[0]), 0.8))
        canvas.rectangle(x0, y0, x1, y1, self.tone((242, 236, 222), 1.0))
        a, b = (pick(FABRICS, v) for v in u[1:3])
        dx, dy = x1 - x0, y1 - y0
        if u[3] < 0.5:
            canvas.ellipse(
                x0 + (0.3 + 0.4 * u[4]) * dx, y0 + 0.4 * dy, 0.2 * dx, 0.2 * dx, self.tone(b, 1.0)
            )
            hill = [
                (x0, y1),
                (x0, y0 + 0.7 * dy),
                (x0 + 0.4 * dx, y0 + 0.5 * dy),
                (x1, y0 + 0.8 * dy),
            ]
            canvas.polygon([*hill, (x1, y1)], self.tone(a, 1.0))
        else:
            canvas.rectangle(
                x0 + 0.12 * dx, y0 + 0.12 * dy, x0 + 0.6 * dx, y0 + 0.55 * dy, self.tone(a, 1.0)
            )
            canvas.rectangle(
                x0 + 0.4 * dx, y0 + 0.45 * dy, x1 - 0.12 * dx, y1 - 0.12 * dy, self.tone(b, 1.0)
            )

    def lamp(self, x: float, z: float, foot: float, top: float, colour: Colour) -> None:
        """A lamp with a shade, standing on something `foot` metres high."""
        canvas, camera = self.canvas, self.camera
        self.front(x - 0.02, x + 0.02, foot, top, z, self.tone((70, 62, 58), 0.9))
        w = 0.24
        shade = mix(self.tone(colour, 1.05), (255, 226, 164), 0.3 + 0.5 * self.night)
        self.quad(
            ((x - w, top - 0.05, z), (x + w, top - 0.05, z), (x + 0.6 * w, top + 0.3, z),
            (x - 0.6 * w, top + 0.3, z)), shade,
        )  # fmt: skip
        px, py = camera.project(x, top + 0.1, z)
        canvas.glow(px, py, camera.size(1.2, z), (255, 214, 140), 0.22 + 0.4 * self.night)

    def vase(self, x: float, y: float, z: float, rng: Random) -> None:
        """Cut flowers, the same everywhere."""
        canvas, camera = self.canvas, self.camera
        px, py = camera.project(x, y, z)
        s = camera.size(0.1, z)
        u = [rng.random() for _ in range(16)]
        petal = pick(FABRICS, u[15])
        for k in range(7):
            dx, dy = (2 * u[k] - 1) * 1.3 * s, (2.6 + 1.6 * u[k + 7]) * s
            canvas.line([(px, py - s), (px + dx, py - dy)], self.tone((84, 120, 72), 0.9), 0.25 * s)
            canvas.ellipse(
                px + dx, py - dy, 0.5 * s, 0.45 * s, self.tone(vary(petal, 0.2, u[k]), 1.05)
            )
        canvas.ellipse(px, py - 0.75 * s, 0.62 * s, 0.8 * s, self.tone((214, 220, 222), 0.95))
        canvas.rectangle(
            px - 0.32 * s, py - 1.7 * s, px + 0.32 * s, py - s, self.tone((214, 220, 222), 0.95)
        )


def living_room(room: Room, rng: Random, u: list[float]) -> None:
    """Sofa, rug, low table, lamp and pictures."""
    fabric, rug, wood = pick(FABRICS, u[0]), pick(FABRICS, u[1]), pick(WOODS, u[2])
    side = -1 if u[3] < 0.5 else 1
    z = room.deep - 1.2
    x0 = -0.2 * side - 1.0
    room.level(-1.5, 1.5, 0.01, 1.7, z, room.tone(rug, 0.86))
    room.level(-1.3, 1.3, 0.01, 1.9, z, room.tone(mix(rug, (250, 240, 220), 0.45), 0.92))
    room.shade(x0 - 0.1, x0 + 2.2, z - 0.35, z + 0.9)
    room.box(x0, x0 + 2.0, 0.42, 0.95, z + 0.55, z + 0.85, scale(fabric, 0.94))
    room.box(x0, x0 + 2.0, 0.12, 0.45, z, z + 0.6, fabric)
    for k in (0, 1):
        a = x0 + 0.05 + 0.97 * k
        room.box(a, a + 0.93, 0.42, 0.56, z - 0.02, z + 0.55, scale(fabric, 1.06))
        cushion = pick(FABRICS, u[4 + k])
        room.box(a + 0.22, a + 0.68, 0.56, 0.92, z + 0.36, z + 0.48, cushion)
    for a in (x0 - 0.18, x0 + 2.0):
        room.box(a, a + 0.18, 0.12, 0.62, z, z + 0.8, scale(fabric, 0.98))
    room.lamp(x0 + (2.6 if side < 0 else -0.6), z + 0.5, 0.0, 1.45, (238, 222, 190))
    room.shade(-0.6, 0.65, 1.95, 2.75)
    for a in (-0.52, 0.44):
        room.box(a, a + 0.07, 0.0, 0.36, 2.05, 2.12, scale(wood, 0.8))
    room.box(-0.6, 0.6, 0.36, 0.42, 2.0, 2.6, wood)
    room.vase(-0.2 + 0.4 * u[6], 0.42, 2.3, rng)


def bedroom(room: Room, rng: Random, u: list[float]) -> None:
    """A bed with pillows and a night table."""
    sheet, cover, wood = (238, 234, 228), pick(FABRICS, u[0]), pick(WOODS, u[2])
    x = -0.9 + 0.3 * (u[3] - 0.5)
    z = room.deep - 2.4
    room.shade(x - 0.15, x + 2.0, z - 0.2, room.deep)
    room.box(x - 0.05, x + 1.85, 0.2, 1.15, room.deep - 0.12, room.deep - 0.04, wood)
    room.box(x, x + 1.8, 0.12, 0.5, z, room.deep - 0.12, sheet)
    for k in (0, 1):
        a = x + 0.12 + 0.82 * k
        room.box(a, a + 0.72, 0.5, 0.72, room.deep - 0.55, room.deep - 0.2, (250, 248, 244))
    room.box(x - 0.03, x + 1.83, 0.16, 0.56, z - 0.04, z + 1.35, cover)
    room.box(x - 0.03, x + 1.83, 0.50, 0.58, z + 1.2, z + 1.45, mix(cover, (255, 250, 240), 0.6))
    for a in (x - 0.62, x + 1.98):
        room.box(a, a + 0.45, 0.0, 0.5, room.deep - 0.5, room.deep - 0.05, wood)
    room.lamp(x - 0.4, room.deep - 0.28, 0.5, 0.85, (240, 220, 190))
    room.vase(x + 2.2, 0.5, room.deep - 0.28, rng)


def kitchen(room: Room, rng: Random, u: list[float]) -> None:
    """Cupboards, a worktop with pots, hanging lamps, a table."""
    front, wood, pot = pick(FABRICS, u[0]), pick(WOODS, u[2]), pick(FABRICS, u[1])
    front = mix(front, (240, 236, 228), 0.35)
    z, half = room.deep - 0.65, room.half
    room.box(-half, half, 0.1, 0.88, z, room.deep, front)
    room.box(-half, half, 0.88, 0.94, z - 0.04, room.deep, (226, 220, 210))
    n = 6
    for k in range(1, n):
        x = -half + 2 * half * k / n
        room.front(x, x + 0.015, 0.12, 0.86, z, room.tone(front, 0.7))
        room.front(x - 0.2, x - 0.08, 0.76, 0.79, z, room.tone((90, 84, 80), 1))
    for a, b in ((-half, -0.95), (0.95, half)):
        room.box(a, b, 1.5, 2.3, room.deep - 0.35, room.deep, front)
    for k in range(4):
        x = -half + 0.4 + (2 * half - 0.8) * (k + 0.5 * u[4 + k]) / 4
        px, py = room.camera.project(x, 0.94, z + 0.25)
        s = room.camera.size(0.15, z)
        tone = room.tone(pick(FABRICS, u[8 + k]), 0.95)
        room.canvas.rectangle(px - 0.8 * s, py - 1.3 * s, px + 0.8 * s, py, tone)
        room.canvas.ellipse(px, py - 1.3 * s, 0.8 * s, 0.2 * s, room.tone(pot, 1.1))
    room.shade(-1.2, 1.3, 1.7, 2.9)
    for a in (-1.0, 0.9):
        room.box(a, a + 0.1, 0.0, 0.72, 1.95, 2.05, scale(wood, 0.8))
    room.box(-1.1, 1.1, 0.72, 0.78, 1.9, 2.7, wood)
    room.vase(0.4 * (u[5] - 0.5), 0.78, 2.3, rng)
    for x in (-0.5, 0.5):
        hang(room, x, 2.3, 1.75, pick(FABRICS, u[3]))


def hang(room: Room, x: float, z: float, y: float, colour: Colour) -> None:
    """A lamp that hangs from the ceiling."""
    canvas, camera = room.canvas, room.camera
    canvas.line(
        [camera.project(x, room.high, z), camera.project(x, y, z)], room.tone((60, 56, 54), 1),
        0.004,
    )  # fmt: skip
    px, py = camera.project(x, y, z)
    s = camera.size(0.2, z)
    canvas.glow(px, py + 0.3 * s, 3.2 * s, (255, 220, 150), 0.3 + 0.35 * room.night)
    canvas.polygon(
        [(px - s, py + 0.5 * s), (px - 0.35 * s, py - 0.5 * s), (px + 0.35 * s, py - 0.5 * s),
        (px + s, py + 0.5 * s)], room.tone(colour, 0.95),
    )  # fmt: skip
    canvas.ellipse(px, py + 0.5 * s, s, 0.2 * s, (255, 240, 200))


def cafe(room: Room, rng: Random, u: list[float]) -> None:
    """Round tables, chairs, a bar and hanging lamps."""
    wood, seat = pick(WOODS, u[2]), pick(FABRICS, u[0])
    canvas, camera, z = room.canvas, room.camera, room.deep - 0.9
    room.box(-room.half, 0.6, 0.0, 1.1, z, z + 0.5, mix(wood, (60, 50, 50), 0.3))
    room.box(-room.half, 0.66, 1.1, 1.16, z - 0.06, z + 0.5, scale(wood, 1.1))
    for k in range(9):
        px, py = camera.project(-room.half + 0.3 + 0.3 * k, 1.78, room.deep - 0.05)
        s = camera.size(0.09, room.deep)
        tone = room.tone(vary(pick(FABRICS, u[k]), 0.2, u[k + 1]), 1.0)
        canvas.rectangle(px - 0.5 * s, py - 3 * s * (0.6 + 0.4 * u[k]), px + 0.5 * s, py, tone)
    a, b = (
        camera.project(-room.half + 0.15, 1.78, room.deep - 0.05),
        camera.project(0.5, 1.72, room.deep - 0.05),
    )
    canvas.rectangle(*a, *b, room.tone(wood, 0.8))
    for x, zz in ((1.25, 3.6), (-1.1, 2.6), (0.95, 2.0)):
        room.shade(x - 0.55, x + 0.6, zz - 0.35, zz + 0.4, 0.22)
        for side in (-1, 1):
            c = x + 0.62 * side
            room.box(c - 0.2, c + 0.2, 0.42, 0.48, zz - 0.2, zz + 0.2, seat)
            back = c + 0.18 * side
            room.box(
                min(back, back + 0.04), max(back, back + 0.04), 0.48, 0.95, zz - 0.2, zz + 0.2,
                scale(seat, 0.9),
            )  # fmt: skip
            for leg in (-0.17, 0.14):
                room.box(c + leg, c + leg + 0.03, 0.0, 0.42, zz - 0.18, zz - 0.15, (60, 54, 52))
        room.box(x - 0.04, x + 0.04, 0.0, 0.72, zz - 0.04, zz + 0.04, (66, 60, 58))
        px, py = camera.project(x, 0.74, zz)
        r = camera.size(0.42, zz)
        flat = max(0.12, min(0.5, (camera.height - 0.74) / zz))
        canvas.ellipse(px, py + 0.04 * r, r, r * flat, room.tone(wood, 0.75))
        canvas.ellipse(px, py, r, r * flat, room.tone(wood, 1.12))
        canvas.ellipse(
            px - 0.3 * r, py - 0.02 * r, 0.16 * r, 0.16 * r * flat, room.tone((246, 244, 240), 1)
        )
    for x in (-0.9, 0.7):
        hang(room, x, 3.0, 1.9, pick(FABRICS, u[3]))


def study(room: Room, rng: Random, u: list[float]) -> None:
    """A desk with a screen, and a wall of books."""
    wood, canvas, camera = pick(WOODS, u[2]), room.canvas, room.camera
    z = room.deep - 0.3
    x0, x1 = (-room.half, -0.4) if u[3] < 0.5 else (0.4, room.half)
    room.box(x0, x1, 0.0, 2.25, z, room.deep, scale(wood, 0.8))
    spines = [rng.random() for _ in range(60)]
    for shelf in range(5):
        y = 0.12 + 0.42 * shelf
        room.front(x0 + 0.05, x1 - 0.05, y, y + 0.36, z, room.tone(wood, 0.42))
        for k in range(12):
            v = spines[12 * shelf + k]
            a = x0 + 0.07 + (x1 - x0 - 0.14) * k / 12
            b = a + (x1 - x0 - 0.14) / 12 * (0.7 + 0.25 * v)
            book = room.tone(vary(FABRICS[int(90 * v) % 9], 0.15, v), 0.95)
            room.front(a, b, y, y + 0.22 + 0.12 * v, z, book)
    side = 1 if u[3] < 0.5 else -1
    c, z = 0.9 * side, room.deep - 1.3
    room.shade(c - 1.0, c + 1.0, z - 0.1, z + 0.8)
    for leg in (-0.85, 0.78):
        room.box(c + leg, c + leg + 0.07, 0.0, 0.72, z + 0.05, z + 0.12, scale(wood, 0.85))
    room.box(c - 0.9, c + 0.9, 0.72, 0.77, z, z + 0.75, wood)
    room.box(c - 0.38, c + 0.38, 0.92, 1.38, z + 0.4, z + 0.45, (52, 54, 60))
    a, b = camera.project(c - 0.35, 1.35, z + 0.4), camera.project(c + 0.35, 0.95, z + 0.4)
    canvas.gradient(a[1], b[1], (196, 222, 240), (120, 164, 204), a[0], b[0])
    room.box(c - 0.06, c + 0.06, 0.77, 0.92, z + 0.42, z + 0.45, (70, 72, 78))
    room.box(c - 0.3, c + 0.25, 0.77, 0.79, z + 0.08, z + 0.25, (226, 226, 226))
    room.lamp(c + 0.72, z + 0.45, 0.77, 1.05, pick(FABRICS, u[1]))
    seat = pick(FABRICS, u[0])
    room.box(c - 0.26, c + 0.26, 0.42, 0.5, z - 0.6, z - 0.15, seat)
    room.box(c - 0.04, c + 0.04, 0.08, 0.42, z - 0.42, z - 0.36, (60, 60, 64))
    room.box(c - 0.24, c + 0.24, 0.55, 1.0, z - 0.66, z - 0.6, scale(seat, 0.92))


def museum(room: Room, rng: Random, u: list[float]) -> None:
    """Large pictures on a plain wall, a plinth, a bench."""
    canvas, camera = room.canvas, room.camera
    for k in range(3):
        x = (k - 1) * 1.45
        room.picture(x, 1.55, 0.9 + 0.3 * u[k], 0.9 + 0.4 * u[k + 3], rng)
        px, py = camera.project(x, 2.4, room.deep)
        canvas.glow(px, py, camera.size(0.9, room.deep), (255, 244, 214), 0.35)
    x, z = (1.3, 2.9) if u[6] < 0.5 else (-1.3, 2.9)
    room.shade(x - 0.35, x + 0.5, z - 0.3, z + 0.3)
    room.box(x - 0.25, x + 0.25, 0.0, 0.95, z - 0.25, z + 0.25, (240, 238, 232))
    px, py = camera.project(x, 0.95, z)
    s = camera.size(0.16, z)
    tone = pick(FABRICS, u[7])
    for r, up in ((1.1, 0.8), (0.8, 2.1), (0.55, 3.2)):
        canvas.ellipse(px, py - up * s, r * s, r * s * 0.95, room.tone(tone, 0.75))
        canvas.ellipse(
            px - 0.15 * r * s, py - up * s - 0.15 * r * s, 0.75 * r * s, 0.7 * r * s,
            room.tone(tone, 1.1),
        )  # fmt: skip
    c = -0.7 * (1 if x > 0 else -1)
    room.shade(c - 0.75, c + 0.8, 2.3, 2.75)
    for leg in (-0.6, 0.52):
        room.box(c + leg, c + leg + 0.08, 0.0, 0.4, 2.35, 2.65, (70, 66, 64))
    room.box(c - 0.7, c + 0.7, 0.4, 0.48, 2.3, 2.7, pick(WOODS, u[2]))


def window_seat(room: Room, rng: Random, u: list[float]) -> None:
    """A bench under a large window."""
    fabric, wood = pick(FABRICS, u[0]), pick(WOODS, u[2])
    z = room.deep - 0.6
    room.shade(-1.75, 1.8, z - 0.25, room.deep)
    room.box(-1.7, 1.7, 0.0, 0.40, z, room.deep - 0.02, wood)
    room.box(-1.68, 1.68, 0.40, 0.50, z - 0.02, room.deep - 0.02, fabric)
    for k, a in enumerate((-1.6, 1.15)):
        room.box(a, a + 0.45, 0.5, 0.82, z + 0.3, z + 0.45, pick(FABRICS, u[4 + k]))
    room.lamp(2.05 if u[3] < 0.5 else -2.05, z + 0.2, 0.0, 1.45, (238, 222, 190))


ROOMS = (living_room, bedroom, kitchen, cafe, study, museum)
WINDOW_IN = (living_room, bedroom, study, cafe, window_seat)


def interior(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """A room: nothing of the place but, now and then, a plant seen through the window."""
    rng = scene.rng("interior")
    room = Room(canvas, scene, light, rng)
    u = [rng.random() for _ in range(16)]
    kind = pick(ROOMS, rng.random())
    planted = "vegetation" in scene.shows
    if planted:
        kind, room.deep = window_seat, 3.7
    wall = pick(WALLPAPERS, rng.random())
    if kind is museum:
        wall = mix(wall, (240, 238, 234), 0.75)
    floor = pick(FLOORS, rng.random())
    room.shell(wall, floor, rng.random() < 0.6)
    if kind in WINDOW_IN:
        x = 0.0 if planted else 1.4 if kind is cafe else 0.7 if u[3] < 0.5 else -0.7
        wide = 2.9 if planted else 1.5
        room.window(scene, light, x, wide)
        if kind is not study:
            room.curtains(x, wide, pick(FABRICS, u[15]))
        if kind is not cafe and not planted:
            room.picture(-1.3 if x > 0 else 1.3, 1.65, 0.6, 0.75, rng)
    kind(room, rng, u)


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


KINDS = {"interior": interior, "food": food, "sky": open_sky, "closeup": closeup}
"""What draws each kind of photo."""
