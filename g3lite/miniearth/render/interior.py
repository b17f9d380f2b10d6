"""Compositions of photos that show next to no place: interiors, food, the sky and close-ups."""

from __future__ import annotations

from random import Random

from g3lite.miniearth.render.buildings import FABRICS
from g3lite.miniearth.render.canvas import (
    FLOORS,
    WOODS,
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
from g3lite.miniearth.render.plants import tree
from g3lite.miniearth.scene import Scene

# ------------------------------------------------------------------------------------ interiors

WALLPAPERS: tuple[Colour, ...] = (
    (232, 224, 206), (196, 208, 190), (214, 178, 158), (168, 186, 200), (222, 196, 128),
    (88, 104, 128), (206, 206, 204), (176, 120, 104), (120, 140, 116),
)  # fmt: skip


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
