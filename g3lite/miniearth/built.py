"""Buildings of MiniEarth: houses and rows of them, fences, the skyline and the landmarks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from g3lite.miniearth.canvas import Camera, Canvas, Colour, Light, Point, mix, scale, vary
from g3lite.miniearth.cues import Landmark
from g3lite.miniearth.scene import Scene

WALLS: dict[str, Colour] = {
    "white": (240, 236, 226),
    "brick": (170, 80, 60),
    "ochre": (226, 168, 76),
    "pink": (232, 158, 152),
    "grey": (152, 154, 156),
    "timber": (114, 76, 48),
    "turquoise": (92, 186, 180),
}
ROOFS: dict[str, Colour] = {
    "terracotta": (202, 92, 54),
    "slate": (72, 82, 98),
    "brown": (118, 78, 52),
    "green": (72, 130, 88),
    "blue": (52, 98, 172),
    "tin": (196, 202, 204),
}
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
CLOTHS: tuple[Colour, ...] = (
    (196, 64, 54), (228, 186, 92), (70, 126, 120), (82, 104, 158), (232, 226, 212),
    (150, 76, 92), (96, 132, 76), (214, 128, 66),
)  # fmt: skip
"""Colours of awnings, shutters and clothes: anything that says nothing about the place."""
SNOW: Colour = (238, 243, 250)
SHADOW: Colour = (26, 34, 66)
LAMPLIGHT: Colour = (255, 206, 122)
GLASS: Colour = (58, 74, 92)
STOREY = 3.1
"""Height of a storey in metres."""


def bits(seed: float, n: int) -> int:
    """A number in 0..255 for the n-th small thing of an object: cheap, the same everywhere."""
    value = (int(seed * 16777216) + 40503 * n) & 0xFFFFFFFF
    value = ((value ^ (value >> 15)) * 0x2C1B3C6D) & 0xFFFFFFFF
    return (value ^ (value >> 13)) >> 8 & 0xFF


def sunshine(light: Light) -> float:
    """How dark cast shadows are, from 0 (dull day, night) to about 0.5 (clear noon)."""
    return max(0.0, (light.sun - light.shade) / max(0.01, light.sun)) * (1.0 - light.night)


def shadow_reach(light: Light, height: float) -> float:
    """How far to the right (negative: to the left) a `height` metres tall thing casts shadow."""
    slope = max(12.0, min(80.0, light.elevation)) / 45.0
    return -light.side * height / slope


def clear_air(light: Light, z: float) -> float:
    """The distance of air to reckon with for something that must be seen even in fog."""
    return min(z, 0.7 * light.sight)


class Wall:
    """An upright plane between two points of the ground, (x, z) in metres, seen by a camera."""

    def __init__(self, camera: Camera, a: Point, b: Point) -> None:
        self.camera, self.a, self.b = camera, a, b

    def at(self, s: float) -> tuple[float, float, float]:
        """At share `s` along the wall: canvas x, canvas y of the ground, canvas units per metre."""
        (xa, za), (xb, zb), camera = self.a, self.b, self.camera
        k = camera.focal / (za + s * (zb - za))
        x = camera.vanish + (xa + s * (xb - xa) - camera.x) * k
        return x, camera.horizon + camera.height * k, k

    def quad(self, s0: float, s1: float, y0: float, y1: float) -> list[Point]:
        """The rectangle between shares `s0`, `s1` and heights `y0`, `y1` (metres)."""
        (xa, ga, ka), (xb, gb, kb) = self.at(s0), self.at(s1)
        return [(xa, ga - y1 * ka), (xb, gb - y1 * kb), (xb, gb - y0 * kb), (xa, ga - y0 * ka)]

    def point(self, s: float, y: float) -> Point:
        """The point at share `s` along the wall, `y` metres up."""
        x, ground, k = self.at(s)
        return x, ground - y * k


class Figure:
    """A thing that stands at (x, z), drawn in metres right of, above and behind its foot."""

    def __init__(
        self, canvas: Canvas, camera: Camera, x: float, z: float,
        across: float = 1.0, up: float = 1.0,
    ) -> None:  # fmt: skip
        self.canvas, self.camera = canvas, camera
        self.x, self.z, self.across, self.up = x, z, across, up
        self.k = camera.focal / z
        self.foot = camera.project(x, 0.0, z)

    def at(self, px: float, py: float, deep: float = 0.0) -> Point:
        """The canvas point of (px, py, deep)."""
        if deep:
            return self.camera.project(self.x + self.across * px, self.up * py, self.z + deep)
        x, y = self.foot
        return x + self.across * px * self.k, y - self.up * py * self.k

    def px(self, metres: float) -> float:
        """How many pixels of the finished picture `metres` take at the foot."""
        return self.canvas.pixels(metres * self.k)

    def least(self, metres: float, pixels: float) -> float:
        """`metres`, or as many as `pixels` take where that is more: nothing may get lost."""
        return max(metres, pixels / self.canvas.size / self.k)

    def poly(self, colour: Colour, *points: Sequence[float]) -> None:
        """A polygon."""
        self.canvas.polygon([self.at(*p) for p in points], colour)

    def even(self, colour: Colour, *points: Sequence[float]) -> None:
        """A polygon that is the same left and right: `points` are those of its right half."""
        mirrored = [(-p[0], *p[1:]) for p in reversed(points)]
        self.canvas.polygon([self.at(*p) for p in (*points, *mirrored)], colour)

    def box(self, colour: Colour, x0: float, x1: float, y0: float, y1: float) -> None:
        """An upright rectangle."""
        self.poly(colour, (x0, y0), (x0, y1), (x1, y1), (x1, y0))

    def line(self, colour: Colour, width: float, *points: Sequence[float]) -> None:
        """A line `width` metres thick."""
        self.canvas.line([self.at(*p) for p in points], colour, width * self.k)

    def disc(
        self, colour: Colour, px: float, py: float, rx: float, ry: float | None = None
    ) -> None:
        """An ellipse."""
        x, y = self.at(px, py)
        self.canvas.ellipse(x, y, rx * self.k, (rx if ry is None else ry) * self.k, colour)


def _roof_tone(scene: Scene, light: Light, facing: str, z: float) -> Colour:
    roof = ROOFS[scene.cues.roof_colour]
    if scene.view.snow:
        roof = mix(roof, SNOW, 0.55 if facing == "up" else 0.35)
    return light.face(roof, facing, z)


def wall_colour(scene: Scene, u: float, v: float) -> Colour:
    """The wall of one house: the region's colour, now and then paler, never quite the same."""
    wall = WALLS[scene.cues.wall]
    if u < 0.2:
        wall = mix(wall, (226, 218, 200), 0.4)
    return vary(wall, 0.10, v)


def _windows(
    canvas: Canvas, light: Light, wall: Wall, metres: float, floors: int,
    tone: Colour, trim: Colour, u: float, z: float, ground_floor: bool = True,
) -> None:  # fmt: skip
    """Rows of windows on a wall `metres` long; bands of glass where they are too small to tell."""
    columns = max(1, int(metres / 2.7))
    glass = light.through_air(mix(GLASS, light.sky_low, 0.18), z)
    _, _, near = wall.at(0.0)
    _, _, far = wall.at(1.0)
    tall = canvas.pixels(1.5 * min(near, far))
    x0, x1 = wall.at(0.0)[0], wall.at(1.0)[0]
    wide = canvas.pixels(abs(x1 - x0)) / columns
    if tall < 1.2 or wide < 0.8:
        return
    first = 0 if ground_floor else 1
    if wide < 3.2:
        for floor in range(first, floors):
            y = floor * STOREY + 1.0
            lit = light.night > 0.3 and bits(u, floor) < 120
            colour = mix(glass, LAMPLIGHT, 0.6 * light.night) if lit else mix(glass, tone, 0.35)
            canvas.polygon(wall.quad(0.1, 0.9, y, y + 1.5), colour)
        return
    half = 0.27 / columns
    framed, barred = wide > 9.0, wide > 16.0
    for column in range(columns):
        s = (column + 0.5) / columns
        xa, ga, ka = wall.at(s - half)
        xb, gb, kb = wall.at(s + half)
        if max(xa, xb) < 0.0 or min(xa, xb) > 1.0:
            continue
        for floor in range(first, floors):
            chance = bits(u, 7 * column + floor)
            y0 = floor * STOREY + 0.95
            y1 = y0 + 1.55
            if framed:
                ea, eb = 0.14 * ka, 0.14 * kb
                canvas.polygon(
                    [
                        (xa - (ea if xb > xa else -ea), ga - y1 * ka - ea),
                        (xb + (eb if xb > xa else -eb), gb - y1 * kb - eb),
                        (xb + (eb if xb > xa else -eb), gb - y0 * kb + eb),
                        (xa - (ea if xb > xa else -ea), ga - y0 * ka + ea),
                    ],
                    trim,
                )
            top_a, top_b, low_a, low_b = ga - y1 * ka, gb - y1 * kb, ga - y0 * ka, gb - y0 * kb
            lit = light.night > 0.3 and chance < 110
            colour = mix(glass, LAMPLIGHT, 0.9 * light.night) if lit else glass
            canvas.polygon([(xa, top_a), (xb, top_b), (xb, low_b), (xa, low_a)], colour)
            if framed and not lit:
                canvas.polygon(
                    [(xa, top_a), (xb, top_b), (xa, (top_a + low_a) / 2)],
                    mix(glass, light.sky_low, 0.35),
                )
            if barred:
                bar = 0.06 * ka
                xm = (xa + xb) / 2
                canvas.line([(xm, (top_a + top_b) / 2), (xm, (low_a + low_b) / 2)], trim, bar)
                ya, yb = 0.6 * top_a + 0.4 * low_a, 0.6 * top_b + 0.4 * low_b
                canvas.line([(xa, ya), (xb, yb)], trim, bar)


def _texture(canvas: Canvas, scene: Scene, wall: Wall, height: float, tone: Colour) -> None:
    """Boards or courses of brick, where they are large enough to be seen."""
    kind = scene.cues.wall
    _, _, near = wall.at(0.0)
    _, _, far = wall.at(1.0)
    step = {"timber": 0.45, "brick": 0.38}.get(kind)
    if step is None or canvas.pixels(step * max(near, far)) < 4.5:
        return
    line = scale(tone, 0.84 if kind == "timber" else 1.14)
    y = step
    while y < height:
        canvas.line([wall.point(0.0, y), wall.point(1.0, y)], line, 0.0)
        y += step


@dataclass(frozen=True)
class Plot:
    """Where a house stands, and how it looks at the street.

    (x, z) is the corner where its front meets the flank that the camera sees; from there
    `along` runs along the front and `inward` to the back, both unit vectors on the ground.
    """

    x: float
    z: float
    along: Point
    inward: Point
    width: float
    depth: float
    facing: str
    """Where the front looks: "left", "right" or "front" (see `Light.face`)."""
    flank: str
    """Where the flank looks."""

    def at(self, a: float, d: float) -> Point:
        """The (x, z) of `a` metres along the front and `d` metres behind it."""
        return (
            self.x + self.along[0] * a + self.inward[0] * d,
            self.z + self.along[1] * a + self.inward[1] * d,
        )


def house(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, plot: Plot, floors: int,
    u: Sequence[float], shop: bool = False, gable_front: bool = False, detached: bool = True,
) -> None:  # fmt: skip
    """One house. `u` holds eight random numbers in [0, 1).

    With `gable_front` its gable (where that is the local roof) looks at the street; the flank of a
    house that is not `detached` has no windows.
    """
    w, d = plot.width, plot.depth
    front = Wall(camera, plot.at(0.0, 0.0), plot.at(w, 0.0))
    flank = Wall(camera, plot.at(0.0, d), plot.at(0.0, 0.0))
    xs = front.at(-0.06)[0], front.at(1.06)[0]
    if max(xs) < 0.0 or min(xs) > 1.0:
        return
    height = floors * STOREY + 0.5
    rise = 2.6 + 1.2 * u[2]
    z = plot.at(w / 2, 0.0)[1]
    wall = wall_colour(scene, u[0], u[1])
    tone, flank_tone = light.face(wall, plot.facing, z), light.face(wall, plot.flank, plot.z)
    trim = mix(tone, light.face((250, 248, 240), plot.facing, z), 0.62)
    shape = scene.cues.roof_shape
    near = camera.focal / plot.z

    _roof(canvas, scene, camera, light, plot, height, rise, gable_front)
    canvas.polygon(flank.quad(0.0, 1.0, 0.0, height), flank_tone)
    canvas.polygon(front.quad(0.0, 1.0, 0.0, height), tone)
    if shape == "gable":
        side, colour = (front, tone) if gable_front else (flank, flank_tone)
        verge = _roof_tone(scene, light, "up" if gable_front else plot.flank, z)
        peak = [side.point(0.0, height), side.point(0.5, height + rise), side.point(1.0, height)]
        canvas.polygon(peak, colour)
        canvas.line(peak, scale(verge, 0.92), 0.42 * near)
    _texture(canvas, scene, front, height, tone)
    _texture(canvas, scene, flank, height, flank_tone)
    if canvas.pixels(0.22 * near) > 1.4:
        ledge = mix(tone, trim, 0.55)
        for storey in range(1, floors):
            y = storey * STOREY + 0.18
            canvas.polygon(front.quad(0.0, 1.0, y, y + 0.22), ledge)
    if shape in ("flat", "hip"):
        out, low, high = (0.25, -0.5, 0.75) if shape == "flat" else (0.45, -0.45, 0.1)
        for band, facing in (
            (Wall(camera, plot.at(-out, d), plot.at(-out, -out)), plot.flank),
            (Wall(camera, plot.at(-out, -out), plot.at(w + out, -out)), plot.facing),
        ):
            colour = _roof_tone(scene, light, facing, z)
            canvas.polygon(band.quad(0.0, 1.0, height + low, height + high), scale(colour, 0.94))
    elif shape == "mansard":
        _dormers(canvas, light, front, w, height, trim, z)

    ground_floor = not shop
    _windows(canvas, light, front, w, floors, tone, trim, u[3], z, ground_floor)
    if detached:
        frame = mix(flank_tone, (250, 248, 240), 0.5)
        _windows(canvas, light, flank, d, floors, flank_tone, frame, u[4], plot.z)
    if shop:
        _shop(canvas, light, front, plot, u, z)
        if u[6] < 0.75:
            hem = Wall(camera, plot.at(0.0, -1.6), plot.at(w, -1.6))
            cloth = CLOTHS[int(u[7] * len(CLOTHS))]
            awning(canvas, light, front, hem, (3.5, 2.75, 2.4), cloth, plot.facing, z, 0.04)
    elif canvas.pixels(near) > 2.5:
        s, half = (0.5 + int(u[5] * 2)) / max(2, int(w / 2.7)), 0.6 / w
        door = light.face(CLOTHS[bits(u[6], 3) % len(CLOTHS)], plot.facing, z)
        canvas.polygon(front.quad(s - 1.3 * half, s + 1.3 * half, 0.0, 2.5), trim)
        canvas.polygon(front.quad(s - half, s + half, 0.0, 2.25), scale(door, 0.7))


def _roof(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, plot: Plot,
    height: float, rise: float, gable_front: bool,
) -> None:  # fmt: skip
    """The slopes of a roof toward the street and toward the visible flank."""
    w, d, over = plot.width, plot.depth, 0.45
    eave, ridge = height - 0.2, height + rise
    to_street = _roof_tone(scene, light, "up", plot.at(w / 2, 0.0)[1])
    to_flank = _roof_tone(scene, light, plot.flank, plot.z)

    def slope(colour: Colour, *corners: tuple[float, float, float]) -> None:
        points = []
        for a, deep, y in corners:
            x, z = plot.at(a, deep)
            points.append(camera.project(x, y, z))
        canvas.polygon(points, colour)

    shape = scene.cues.roof_shape
    near_eave, far_eave = (-over, -over, eave), (w + over, -over, eave)
    if shape == "gable" and gable_front:
        top = ridge + 0.4
        peak = (w / 2, -over, top)
        slope(to_flank, near_eave, peak, (w / 2, d, top), (-over, d, eave))
        slope(to_street, far_eave, peak, (w / 2, 0.0, top - 0.7), (w, 0.0, eave))
    elif shape == "gable":
        near, far = (-over, d / 2, ridge), (w + over, d / 2, ridge)
        slope(to_street, near_eave, far_eave, far, near)
        slope(to_flank, (-over, d + over, eave), near, (0.0, d / 2, ridge - 0.45), (0.0, d, eave))
    elif shape == "hip":
        run = min(d, w) * 0.42
        near, far = (min(w / 2, run), run, ridge), (max(w / 2, w - run), run, ridge)
        slope(to_flank, near_eave, (-over, d + over, eave), (near[0], d - run, ridge), near)
        slope(to_street, near_eave, far_eave, far, near)
    elif shape == "mansard":
        near = (1.0, 1.0, ridge + 0.3)
        slope(to_flank, near_eave, (-over, d, eave), (1.0, d, ridge + 0.3), near)
        slope(to_street, near_eave, (w, -over, eave), (w, 1.0, ridge + 0.3), near)


def _dormers(
    canvas: Canvas, light: Light, front: Wall, metres: float, height: float, trim: Colour, z: float
) -> None:
    """Small windows that stand out of a mansard roof."""
    count = max(1, int(metres / 3.4))
    if canvas.pixels(abs(front.at(1.0)[0] - front.at(0.0)[0])) / count < 3.0:
        return
    half = 0.55 / metres
    glass = light.through_air(mix(GLASS, LAMPLIGHT, 0.7 * light.night), z)
    for i in range(count):
        s = (i + 0.5) / count
        canvas.polygon(front.quad(s - 1.5 * half, s + 1.5 * half, height + 0.5, height + 2.2), trim)
        canvas.polygon(
            front.quad(s - 0.8 * half, s + 0.8 * half, height + 0.7, height + 1.9), glass
        )


def _shop(
    canvas: Canvas, light: Light, front: Wall, plot: Plot, u: Sequence[float], z: float
) -> None:
    """Shop windows on the ground floor."""
    inside = light.through_air(mix((66, 74, 82), light.sky_low, 0.22), z)
    inside = mix(inside, LAMPLIGHT, 0.2 + 0.55 * light.night)
    canvas.polygon(front.quad(0.05, 0.95, 0.4, 2.75), inside)
    metre = canvas.pixels(front.at(0.0)[2])
    if metre < 5:
        return
    frame = light.face(CLOTHS[bits(u[5], 5) % len(CLOTHS)], plot.facing, z)
    canvas.polygon(front.quad(0.03, 0.97, 0.0, 0.42), scale(frame, 0.62))
    bays = max(2, int(plot.width / 2.6))
    if metre > 12:
        for i in range(3 * bays):
            s = 0.09 + 0.84 * i / (3 * bays)
            goods = mix(inside, CLOTHS[bits(u[4], i) % len(CLOTHS)], 0.55)
            tall = 0.5 + bits(u[3], i) / 255
            canvas.polygon(front.quad(s, s + 0.5 / (3 * bays), 0.45, 0.45 + tall), goods)
        sheen = ((0.05, 2.75), (0.45, 2.75), (0.2, 0.4), (0.05, 0.4))
        canvas.polygon([front.point(*p) for p in sheen], mix(inside, light.sky_low, 0.16))
    for i in range(bays + 1):
        s = 0.05 + 0.9 * i / bays
        canvas.polygon(front.quad(s - 0.012, s + 0.012, 0.0, 2.75), scale(frame, 0.75))


def awning(
    canvas: Canvas, light: Light, back: Wall, hem: Wall, heights: tuple[float, float, float],
    cloth: Colour, facing: str, z: float, margin: float = 0.0,
) -> None:  # fmt: skip
    """A striped cloth that slopes from the wall `back` down to `hem` and hangs over there.

    `heights` are those of its back, of its front edge and of the end of the cloth, in metres.
    """
    top, edge, low = heights
    wide = canvas.pixels(abs(back.at(1.0)[0] - back.at(0.0)[0]))
    stripes = 7 if wide > 20 else 3 if wide > 6 else 1
    step = (1.0 - 2 * margin) / stripes
    for i in range(stripes):
        a, b = margin + i * step, margin + (i + 1) * step
        colour = mix(cloth, (250, 246, 236), 0.85) if i % 2 else cloth
        slope = [back.point(a, top), back.point(b, top), hem.point(b, edge), hem.point(a, edge)]
        canvas.polygon(slope, light.face(colour, "up", z))
        canvas.polygon(hem.quad(a, b, low, edge), light.face(scale(colour, 0.9), facing, z))


def row(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, side: int,
    x: float, near: float, far: float, floors: tuple[int, int] = (2, 4), gap: float = 0.0,
    shops: bool = False, gable_front: bool = True, depth: float = 9.0,
) -> None:  # fmt: skip
    """Houses along a street that runs into the picture, and the shadow they cast on it.

    `side` is -1 or +1; the fronts stand `x` metres left or right of the middle of the street, from
    distance `near` to `far`; `gap` metres (and up to twice as many) lie between two houses.
    """
    rng = scene.rng(f"row {side}")
    facing = "right" if side < 0 else "left"
    houses = []
    z = near
    for _ in range(9):
        u = [rng.random() for _ in range(8)]
        width = 6.5 + 5.0 * rng.random()
        count = floors[0] + int((floors[1] - floors[0] + 1) * rng.random())
        space = gap * (1.0 + rng.random())
        if z < far:
            along, inward = (0.0, 1.0), (float(side), 0.0)
            plot = Plot(side * x, z, along, inward, width, depth, facing, "front")
            houses.append((plot, count, u))
        z += width + space
    dark = sunshine(light)
    if dark > 0.12 and side * light.side > 0.1:
        for plot, count, _ in houses:
            reach = max(-1.9 * x, min(1.9 * x, shadow_reach(light, count * STOREY + 1.5)))
            skew = 0.25 * abs(reach)
            a, b = plot.z, plot.z + plot.width
            corners = ((0.0, a), (reach, a + skew), (reach, b + skew), (0.0, b))
            points = [camera.project(side * x + away, 0.0, z) for away, z in corners]
            canvas.veil(points, SHADOW, 0.85 * dark)
    for plot, count, u in reversed(houses):
        house(canvas, scene, camera, light, plot, count, u, shops, gable_front, gap > 0.0)


def facing_house(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, x: float, z: float, width: float,
    floors: int, u: Sequence[float], shop: bool = False, detached: bool = True,
) -> None:  # fmt: skip
    """A house that looks at the camera, the middle of its front at (x, z). `u` as for `house`."""
    if x < camera.x:
        plot = Plot(x + width / 2, z, (-1.0, 0.0), (0.0, 1.0), width, 8.0, "front", "right")
    else:
        plot = Plot(x - width / 2, z, (1.0, 0.0), (0.0, 1.0), width, 8.0, "front", "left")
    house(canvas, scene, camera, light, plot, floors, u, shop, u[7] >= 0.5, detached)


def square(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light,
    z: float, half: float, floors: tuple[int, int] = (2, 4), shops: bool = False,
    gap: tuple[float, float] | None = None,
) -> None:  # fmt: skip
    """A row of houses that closes the view at distance `z`, `half` metres to the left and right.

    No house stands in the `gap`, which is given in canvas widths from the vanishing point.
    """
    rng = scene.rng("square")
    k = camera.focal / z
    x = -half
    for _ in range(12):
        u = [rng.random() for _ in range(8)]
        width = 6.5 + 5.5 * rng.random()
        count = floors[0] + int((floors[1] - floors[0] + 1) * rng.random())
        free = gap is None or (x + width) * k < gap[0] or x * k > gap[1]
        if x < half and free:
            middle = x + width / 2
            facing_house(canvas, scene, camera, light, middle, z, width, count, u, shops, False)
        x += width


def fence(canvas: Canvas, scene: Scene, camera: Camera, light: Light, a: Point, b: Point) -> None:
    """The region's fence between two points of the ground, (x, z) in metres, `a` the nearer."""
    line = Wall(camera, a, b)
    z = (a[1] + b[1]) / 2
    facing = "front" if abs(a[1] - b[1]) < 1e-6 else ("right" if a[0] < camera.x else "left")
    metres = math.hypot(a[0] - b[0], a[1] - b[1])
    kind = scene.cues.fence
    if kind == "wall":
        _garden_wall(canvas, light, line, metres, facing, z)
    elif kind == "hedge":
        leaf: Colour = (78, 112, 60)
        canvas.polygon(line.quad(0.0, 1.0, 0.0, 1.3), light.face(leaf, facing, z))
        top = mix(leaf, SNOW, 0.7) if scene.view.snow else scale(leaf, 1.25)
        for s in _posts(canvas, line, metres, 0.8):
            x, ground, k = line.at(s)
            canvas.ellipse(x, ground - 1.25 * k, 0.55 * k, 0.23 * k, light.face(top, "up", z))
    elif kind == "picket":
        tone = light.face((244, 242, 234), facing, z)
        for y in (0.35, 0.85):
            canvas.polygon(line.quad(0.0, 1.0, y, y + 0.12), tone)
        half = 0.105 / metres
        for s in _posts(canvas, line, metres, 0.34):
            top_a, top_b, low_b, low_a = line.quad(s - half, s + half, 0.0, 1.0)
            canvas.polygon([top_a, line.point(s, 1.24), top_b, low_b, low_a], tone)
    else:
        tone = light.face((112, 92, 72), facing, z)
        for y in (0.45, 0.85, 1.2):
            wire = [line.point(0.0, y), line.point(1.0, y)]
            canvas.line(wire, scale(tone, 1.25), 0.03 * line.at(0.2)[2])
        for s in _posts(canvas, line, metres, 2.6):
            x, ground, k = line.at(s)
            half = max(0.08 * k, 0.4 / canvas.size)
            canvas.rectangle(x - half, ground - 1.35 * k, x + half, ground, tone)


def _posts(canvas: Canvas, line: Wall, metres: float, step: float) -> list[float]:
    """Where the posts of a fence stand, as shares of its length; too crowded ones left out."""
    count = max(2, int(metres / step))
    shares, last = [], 9.0
    for i in range(count):
        s = (i + 0.5) / count
        x = line.at(s)[0]
        if canvas.pixels(abs(x - last)) > 1.6:
            shares.append(s)
            last = x
    return shares


def _garden_wall(
    canvas: Canvas, light: Light, line: Wall, metres: float, facing: str, z: float
) -> None:
    """A low wall of stones under a coping."""
    tone = light.face((196, 186, 170), facing, z)
    canvas.polygon(line.quad(0.0, 1.0, 0.0, 1.25), tone)
    canvas.polygon(line.quad(0.0, 1.0, 1.2, 1.42), light.face((222, 214, 200), "up", z))
    if canvas.pixels(0.3 * line.at(0.0)[2]) > 3:
        joint = scale(tone, 0.86)
        for course in range(1, 4):
            y = 0.3 * course
            canvas.line([line.point(0.0, y), line.point(1.0, y)], joint, 0.0)
            for i in range(int(metres)):
                s = (i + 0.5 * (course % 2)) / metres
                canvas.line([line.point(s, y), line.point(s, y + 0.3)], joint, 0.0)


def skyline(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light, spread: float = 0.36
) -> None:
    """The city's towers at the horizon, `spread` canvas widths left and right of the middle."""
    rng = scene.rng("skyline")
    traits = [(rng.random(), rng.random()) for _ in range(9)]
    base = light.through_air(light.face((120, 130, 148), "front"), 0.9 * clear_air(light, 500.0))
    lit_right = light.side > 0
    bright = mix(
        base, light.through_air(light.face((190, 186, 180), "up"), clear_air(light, 400.0)), 0.5
    )
    step = 2 * spread / 9
    horizon = camera.horizon
    ahead = mix(base, bright, 0.5)
    for i, (metres, (u, v)) in enumerate(zip(scene.cues.skyline, traits, strict=True)):
        height = 0.0019 * metres
        wide = step * (0.5 + 0.3 * v)
        x = camera.vanish - spread + step * (i + 0.5)
        left, right, top = x - wide / 2, x + wide / 2, horizon - height
        split = left + wide * (0.62 if lit_right else 0.38)
        a, b = (base, bright) if lit_right else (bright, base)
        shoulder = top
        crown = int(4 * u) if metres > 40 else 0
        if crown == 1:
            shoulder = top + 0.16 * height
            canvas.rectangle(left + 0.22 * wide, top, right - 0.22 * wide, shoulder, ahead)
        elif crown == 2:
            shoulder = top + 0.12 * height
            canvas.polygon([(left, shoulder), (x, top), (right, shoulder)], ahead)
        elif crown == 3:
            shoulder = top + 0.5 * wide
            canvas.polygon([(left, shoulder), (right, top), (right, shoulder)], ahead)
        canvas.rectangle(left, shoulder, split, horizon, a)
        canvas.rectangle(split, shoulder, right, horizon, b)
        if metres > 100 and crown < 3:
            canvas.line([(x, top), (x, top - 0.12 * height)], base, 0.003)
        rows = int(canvas.pixels(height) / 3.2)
        columns = max(1, int(canvas.pixels(wide) / 3.2))
        if rows and (light.night > 0.3 or canvas.pixels(wide) > 14):
            dot = 0.45 * wide / columns
            for r in range(rows):
                for c in range(columns):
                    if light.night > 0.3:
                        if bits(u, r * columns + c) > 110:
                            continue
                        colour = mix(base, LAMPLIGHT, 0.85 * light.night)
                    else:
                        colour = scale(a if (c + 0.5) / columns * wide + left < split else b, 0.86)
                    wx = left + wide * (c + 0.5) / columns
                    wy = shoulder + (horizon - shoulder) * (r + 0.6) / (rows + 0.6)
                    canvas.rectangle(
                        wx - dot / 2, wy, wx + dot / 2, wy + 0.5 * height / rows, colour
                    )


# ---------------------------------------------------------------------------------- landmarks


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

    def slab(self, colour: Colour, half: float, y0: float, y1: float, x: float = 0.0) -> None:
        """A ledge seen from the front."""
        self.box(self.tone(colour, "front"), x - half, x + half, y0, y1)

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


_HALF_CIRCLE: tuple[Point, ...] = (
    (1.0, 0.0), (0.951, 0.309), (0.809, 0.588), (0.588, 0.809), (0.309, 0.951), (0.0, 1.0),
    (-0.309, 0.951), (-0.588, 0.809), (-0.809, 0.588), (-0.951, 0.309), (-1.0, 0.0),
)  # fmt: skip


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


_LANDMARKS: dict[str, Callable[[_Model, Landmark], None]] = {
    "tower": _tower, "dome": _dome, "arch": _arch, "obelisk": _obelisk, "wheel": _wheel,
    "statue": _statue, "pyramid": _pyramid, "castle": _castle, "pagoda": _pagoda,
    "minaret": _minaret, "cathedral": _cathedral, "skyscraper": _skyscraper,
}  # fmt: skip


def landmark(
    canvas: Canvas, scene: Scene, camera: Camera, light: Light,
    x: float = 0.0, z: float | None = None,
) -> None:  # fmt: skip
    """The place's landmark with its foot at (x, z) metres.

    Without `z` it stands as far off as makes it large but whole; `x` is then in canvas widths
    from the vanishing point.
    """
    mark = scene.cues.landmark
    slender = mark.width / mark.height
    mark = replace(mark, width=mark.height * (0.30 + 0.42 * min(1.0, slender)))
    if z is None:
        share = min(0.46, camera.horizon - 0.03)
        z = camera.focal * mark.height / share
        x = camera.x + x * z / camera.focal
    foot = Wall(camera, (x - 0.5 * mark.width, z), (x + 0.5 * mark.width, z))
    (xa, ya, _), (xb, _, k) = foot.at(0.0), foot.at(1.0)
    reach = max(-0.45, min(0.45, shadow_reach(light, 1.0))) * mark.width * k
    canvas.veil(
        [(xa, ya), (xb, ya), (xb + max(0.0, reach), ya + 0.003), (xb, ya + 0.007), (xa, ya + 0.007),
         (xa + min(0.0, reach), ya + 0.003)],
        SHADOW, 0.25 + 0.7 * sunshine(light),
    )  # fmt: skip
    _LANDMARKS[mark.kind](_Model(canvas, scene, camera, light, x, z), mark)
