"""Buildings of MiniEarth: houses and rows of them, fences and the skyline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from g3lite.miniearth.render.canvas import (
    SNOW,
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
CLOTHS: tuple[Colour, ...] = (
    (196, 64, 54), (228, 186, 92), (70, 126, 120), (82, 104, 158), (232, 226, 212),
    (150, 76, 92), (96, 132, 76), (214, 128, 66),
)  # fmt: skip
"""Colours of awnings, shutters and clothes: anything that says nothing about the place."""
FABRICS: tuple[Colour, ...] = (
    (52, 92, 110), (190, 96, 70), (206, 160, 72), (108, 128, 88), (150, 76, 92), (226, 216, 198),
    (74, 78, 96), (120, 146, 160), (210, 130, 130),
)  # fmt: skip
"""Colours of cushions, sunshades and crockery, which say as little."""
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
            cloth = pick(CLOTHS, u[7])
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
