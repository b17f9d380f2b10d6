"""Canvas, camera and light: the few tools with which every MiniEarth scene is drawn.

Coordinates on the canvas run from (0, 0) top left to (1, 1) bottom right, whatever the size in
pixels. Places in the world are in metres: x to the right of the viewer, y up from the ground,
z into the picture. Everything is integer or plain float arithmetic on Pillow's drawing calls, so
that a scene gives the same pixels in every process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from hashlib import shake_256
from random import Random
from typing import TypeVar

from PIL import Image, ImageChops, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]
Option = TypeVar("Option")

SUPERSAMPLING = 2
"""Drawn at twice the size and averaged down: Pillow's polygons have hard edges."""
SNOW: Colour = (238, 243, 250)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """The colour `share` (0 to 1) of the way from `a` to `b`."""
    keep = 1.0 - share
    return (
        int(a[0] * keep + b[0] * share),
        int(a[1] * keep + b[1] * share),
        int(a[2] * keep + b[2] * share),
    )


def scale(colour: Colour, factor: float) -> Colour:
    """`colour` made brighter (factor > 1) or darker (factor < 1), clipped to 0..255."""
    return (
        min(255, int(colour[0] * factor)),
        min(255, int(colour[1] * factor)),
        min(255, int(colour[2] * factor)),
    )


def vary(colour: Colour, amount: float, u: float) -> Colour:
    """`colour` with its brightness moved by up to ±`amount`; `u` is a random number in [0, 1)."""
    return scale(colour, 1.0 + amount * (2.0 * u - 1.0))


def pick(options: Sequence[Option], u: float) -> Option:
    """The one of `options` that the random number `u` in [0, 1) falls on."""
    return options[int(len(options) * u)]


def circle(corners: int) -> tuple[Point, ...]:
    """The corners of a regular polygon around (0, 0) with radius 1."""
    angles = [2 * math.pi * k / corners for k in range(corners)]
    return tuple((math.cos(a), math.sin(a)) for a in angles)


@dataclass(frozen=True)
class Light:
    """Sun, sky and air of one scene.

    `side` is where the sun stands: -1 far left, 0 behind or in front, +1 far right. `sun` and
    `shade` are the factors for lit and unlit faces, `colour` tints what is lit and `cool` what
    lies in the shade, `haze` is the colour of the air and `sight` the distance in metres at which
    it hides half of a surface. `night` (0 to 1) says how far lamps and windows glow.
    """

    side: float
    elevation: float
    sun: float
    shade: float
    colour: Colour
    cool: Colour
    sky_top: Colour
    sky_low: Colour
    haze: Colour
    sight: float
    night: float

    def face(self, colour: Colour, facing: str, z: float = 0.0) -> Colour:
        """`colour` as seen on a face that looks "left", "right", "front" or "up", `z` metres off.

        A face toward the sun takes `sun`, one away from it `shade`; "front" lies between.
        """
        if facing == "up":
            share = 1.0
        elif facing == "front":
            share = 0.55
        else:
            share = 0.5 + 0.5 * (self.side if facing == "right" else -self.side)
        return self.lit(colour, share, z)

    def lit(self, colour: Colour, share: float, z: float = 0.0) -> Colour:
        """`colour` with `share` of the sun on it (0 in shade, 1 in full sun), `z` metres off."""
        factor = (self.shade + (self.sun - self.shade) * share) / 255
        keep = 1.0 - share
        cool, warm = self.cool, self.colour
        lit = (
            min(255, int(colour[0] * factor * (cool[0] * keep + warm[0] * share))),
            min(255, int(colour[1] * factor * (cool[1] * keep + warm[1] * share))),
            min(255, int(colour[2] * factor * (cool[2] * keep + warm[2] * share))),
        )
        return self.through_air(lit, z)

    def through_air(self, colour: Colour, z: float) -> Colour:
        """`colour` seen through `z` metres of air (aerial perspective)."""
        if z <= 0.0:
            return colour
        return mix(colour, self.haze, z / (z + self.sight))


@dataclass(frozen=True)
class Camera:
    """A pinhole camera at (x, height, 0) that looks along +z.

    `focal` is in canvas widths (0.8 wide angle, 1.6 long lens); `horizon` and `vanish` are where
    the horizon and the vanishing point lie on the canvas.
    """

    focal: float
    horizon: float
    vanish: float
    height: float = 1.7
    x: float = 0.0

    def project(self, x: float, y: float, z: float) -> Point:
        """The canvas point of (x, y, z) in metres; z must be positive."""
        k = self.focal / z
        return self.vanish + (x - self.x) * k, self.horizon + (self.height - y) * k

    def size(self, metres: float, z: float) -> float:
        """How large a length of `metres` appears at distance `z`, in canvas widths."""
        return metres * self.focal / z

    def ground(self, y: float) -> float:
        """The distance z at which the ground is seen at canvas height `y` (below the horizon)."""
        return self.height * self.focal / max(1e-4, y - self.horizon)

    def room(self, side: float) -> float:
        """Canvas widths between the vanishing point and the left (`side` < 0) or right edge."""
        return (1.0 - self.vanish) if side > 0 else self.vanish

    def distance(self, x: float, share: float) -> float:
        """How far off something at `x` metres stands when seen `share` of the way to the edge."""
        return self.focal * abs(x - self.x) / max(0.05, share * self.room(x - self.x))


class Sketch:
    """A shape being drawn for a stamp: x from -`reach` to `reach`, y from 0 (foot) up to 1."""

    def __init__(self, layers: int, reach: float, tall: int, rng: Random) -> None:
        self.reach, self.tall, self.rng = reach, tall, rng
        size = (2 * int(2 * reach * tall), 2 * tall)
        self.layers = [Image.new("L", size) for _ in range(layers)]
        self.pens = [ImageDraw.Draw(layer) for layer in self.layers]

    def put(self, layer: int, draw: Callable[[ImageDraw.ImageDraw, int], None]) -> None:
        """Draw on one layer and rub out what lies above it."""
        draw(self.pens[layer], 255)
        for pen in self.pens[layer + 1 :]:
            draw(pen, 0)

    def at(self, x: float, y: float) -> Point:
        """The pixel of (x, y); sketches are drawn at twice the size of their stamp."""
        return (x + self.reach) * 2 * self.tall, (1.0 - y) * 2 * self.tall

    def dab(self, layer: int, x: float, y: float, rx: float, ry: float | None = None) -> None:
        """An ellipse."""
        ry = rx if ry is None else ry
        box = (*self.at(x - rx, y + ry), *self.at(x + rx, y - ry))
        self.put(layer, lambda pen, grey: pen.ellipse(box, fill=grey))

    def shape(self, layer: int, points: list[Point]) -> None:
        """A polygon."""
        corners = [self.at(x, y) for x, y in points]
        self.put(layer, lambda pen, grey: pen.polygon(corners, fill=grey))

    def path(self, layer: int, points: list[Point], width: float) -> None:
        """A line of constant width."""
        corners = [self.at(x, y) for x, y in points]
        w = max(2, round(width * 2 * self.tall))
        self.put(layer, lambda pen, grey: pen.line(corners, fill=grey, width=w, joint="curve"))

    def masks(self) -> list[Image.Image]:
        """The layers at the size of the stamp."""
        return [layer.reduce(2) for layer in self.layers]

    def stamp(self) -> Stamp:
        """What has been drawn."""
        return Stamp(*self.masks())


OCTAVES = 5


def noise(key: str, width: int, height: int, cells: int) -> Image.Image:
    """Cloudy grey noise, `cells` blotches wide, each octave half as large and half as strong.

    It comes from hashed bytes, so it is the same on every platform.
    """
    total = Image.new("L", (width, height), 128)
    strength = 0.5
    for octave in range(OCTAVES):
        across = cells * 2**octave
        down = max(2, across * height // width)
        data = shake_256(f"MiniEarth|{key}|{octave}".encode()).digest(across * down)
        layer = Image.frombytes("L", (across, down), data)
        layer = layer.resize((width, height), Image.Resampling.BICUBIC)
        layer = layer.point([int((v - 128) * strength) + 128 for v in range(256)])
        total = ImageChops.add(total, layer, 1, -128)
        strength *= 0.5
    return total


def _near(pixels: int) -> int:
    """A size near `pixels` out of a coarse series: 16, 18, 20, ... 32, 36, 40, ..."""
    step = 1
    while pixels >= 16 * step:
        step *= 2
    return max(1, (pixels + step // 2) // step * step)


class Stamp:
    """A shape too rich to draw each time: drawn once in large, then printed at any size.

    Its layers are grey masks of one size, each printed in a colour of its own, one over another.
    Only the part of a layer that is not empty is kept, in sizes that halve from one to the next.
    """

    def __init__(self, *layers: Image.Image) -> None:
        self.size = layers[0].size
        self.boxes = [layer.getbbox() for layer in layers]
        self.layers: list[list[Image.Image]] = []
        for layer, box in zip(layers, self.boxes, strict=True):
            sizes = [layer.crop(box)] if box else []
            while sizes and min(sizes[-1].size) > 16:
                sizes.append(sizes[-1].reduce(2))
            self.layers.append(sizes)

    def at(
        self, width: int, height: int, number: int, flip: bool = False
    ) -> tuple[Image.Image, int, int] | None:
        """Layer `number`, mirrored if `flip`, of a print `width` × `height` pixels large.

        Gives the mask of what is not empty and the place of its top left corner, measured from
        the middle of the foot of the print; None if the layer is empty. Small prints may be up to
        6 % larger or smaller than asked, so that they can be kept.
        """
        if width * height <= 60_000:
            return self._small(_near(width), _near(height), number, flip)
        return self._print(width, height, number, flip)

    @lru_cache(maxsize=6000)  # noqa: B019 - stamps live as long as the program
    def _small(
        self, width: int, height: int, number: int, flip: bool
    ) -> tuple[Image.Image, int, int] | None:
        return self._print(width, height, number, flip)

    def _print(
        self, width: int, height: int, number: int, flip: bool
    ) -> tuple[Image.Image, int, int] | None:
        box = self.boxes[number]
        if box is None:
            return None
        left, right = (round(x * width / self.size[0]) for x in (box[0], box[2]))
        top, bottom = (round(y * height / self.size[1]) for y in (box[1], box[3]))
        size = max(1, right - left), max(1, bottom - top)
        layer, *smaller_ones = self.layers[number]
        for smaller in smaller_ones:
            if smaller.width < size[0] or smaller.height < size[1]:
                break
            layer = smaller
        mask = layer.resize(size, Image.Resampling.BILINEAR)
        if flip:
            mask = mask.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            left = width - left - size[0]
        return mask, left - width // 2, top - height


RAMP = Image.linear_gradient("L").crop((0, 0, 1, 256))
# Pillow's radial gradient is 181 in the middle of each side
FADE = Image.radial_gradient("L").point([max(0, 181 - v) ** 2 * 255 // 181**2 for v in range(256)])
GLOW = Stamp(FADE)


class Canvas:
    """A picture under construction. All coordinates and lengths are fractions of its width."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.n = size * SUPERSAMPLING
        self.image = Image.new("RGB", (self.n, self.n))
        self.pen = ImageDraw.Draw(self.image)
        self.glaze = ImageDraw.Draw(self.image, "RGBA")

    def pixels(self, length: float) -> float:
        """`length` in pixels of the finished picture: leave out what is below half a pixel."""
        return length * self.size

    def polygon(self, points: Iterable[Point], fill: Colour) -> None:
        """A filled polygon."""
        n = self.n
        self.pen.polygon([(x * n, y * n) for x, y in points], fill=fill)

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, fill: Colour) -> None:
        """A filled rectangle; its corners may come in any order."""
        n = self.n
        if x1 < x0:
            x0, x1 = x1, x0
        if y1 < y0:
            y0, y1 = y1, y0
        self.pen.rectangle((x0 * n, y0 * n, x1 * n, y1 * n), fill=fill)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """A filled ellipse around (x, y)."""
        n = self.n
        self.pen.ellipse(((x - rx) * n, (y - ry) * n, (x + rx) * n, (y + ry) * n), fill=fill)

    def arc(
        self, x: float, y: float, rx: float, ry: float, start: float, end: float,
        fill: Colour, width: float,
    ) -> None:  # fmt: skip
        """Part of the edge of an ellipse, from `start` to `end` degrees (clockwise)."""
        n = self.n
        box = ((x - rx) * n, (y - ry) * n, (x + rx) * n, (y + ry) * n)
        self.pen.arc(box, start, end, fill=fill, width=max(1, round(width * n)))

    def line(self, points: Iterable[Point], fill: Colour, width: float) -> None:
        """A line through `points`."""
        n = self.n
        self.pen.line(
            [(x * n, y * n) for x, y in points], fill=fill, width=max(1, round(width * n))
        )

    def veil(self, points: Iterable[Point], fill: Colour, alpha: float) -> None:
        """A see-through polygon: a shadow, the sheen of glass. `alpha` (0 to 1) is its cover."""
        n = self.n
        self.glaze.polygon([(x * n, y * n) for x, y in points], fill=(*fill, int(255 * alpha)))

    def stroke(self, points: Iterable[Point], fill: Colour, width: float) -> None:
        """A line with round ends and corners, as if drawn with a brush `width` thick."""
        n = self.n
        thick = max(1, round(width * n))
        path = [(x * n, y * n) for x, y in points]
        if len(path) > 1:
            self.pen.line(path, fill=fill, width=thick)
        r = (thick - 1) / 2
        if thick >= 3 or len(path) == 1:
            for x, y in path:
                self.pen.ellipse((x - r, y - r, x + r, y + r), fill=fill)

    def gradient(
        self, y0: float, y1: float, top: Colour, bottom: Colour, x0: float = 0.0, x1: float = 1.0
    ) -> None:
        """A band from `y0` to `y1`, over the full width or less, that blends two colours."""
        n = self.n
        first, last = max(0, int(y0 * n)), min(n, int(y1 * n) + 1)
        left, right = max(0, int(x0 * n)), min(n, int(x1 * n) + 1)
        if last <= first or right <= left:
            return
        ramp = RAMP.resize((1, last - first))
        band = Image.composite(
            Image.new("RGB", ramp.size, bottom), Image.new("RGB", ramp.size, top), ramp
        )
        band = band.resize((right - left, last - first), Image.Resampling.NEAREST)
        self.image.paste(band, (left, first))

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
        """Light that fades out with the distance from (x, y): the sun, a lamp at night."""
        fading = [int(v * strength) for v in range(256)]
        side = max(2, round(2 * radius * self.n))
        mask, left, top = GLOW.at(side, side, 0)
        corner = (round(x * self.n) + left, round(y * self.n) + side // 2 + top)
        self.image.paste(colour, corner, mask.point(fading))

    def stamp(
        self, stamp: Stamp, x: float, y: float, width: float, height: float,
        colours: Iterable[Colour | None], flip: bool = False,
    ) -> None:  # fmt: skip
        """Print `stamp` in the box with top left corner (x, y), a colour (or none) per layer."""
        n = self.n
        w, h = max(1, round(width * n)), max(1, round(height * n))
        centre, bottom = round((x + 0.5 * width) * n), round((y + height) * n)
        if centre - w > n or centre + w < 0 or bottom - h > n or bottom < 0:
            return
        for number, colour in enumerate(colours):
            found = stamp.at(w, h, number, flip) if colour is not None else None
            if found:
                mask, left, top = found
                self.image.paste(colour, (centre + left, bottom + top), mask)

    @contextmanager
    def within(self, outline: Iterable[Point]) -> Iterator[None]:
        """Whatever is drawn meanwhile shows only inside the polygon `outline`."""
        n = self.n
        before = self.image.copy()
        outside = Image.new("L", (n, n), 255)
        ImageDraw.Draw(outside).polygon([(x * n, y * n) for x, y in outline], fill=0)
        yield
        self.image.paste(before, (0, 0), outside)

    def finish(self) -> Image.Image:
        """The picture at its final size, `size` × `size` pixels."""
        return self.image.reduce(SUPERSAMPLING)


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

    def post(self, lit: Colour, dark: Colour, low: float, high: float, top: float) -> None:
        """A post with a lit left and a dark right half, `low` and `high` half its widths."""
        self.poly(lit, (-low, 0), (-high, top), (0, top), (0, 0))
        self.poly(dark, (0, 0), (0, top), (high, top), (low, 0))

    def line(self, colour: Colour, width: float, *points: Sequence[float]) -> None:
        """A line `width` metres thick."""
        self.canvas.line([self.at(*p) for p in points], colour, width * self.k)

    def disc(
        self, colour: Colour, px: float, py: float, rx: float, ry: float | None = None
    ) -> None:
        """An ellipse."""
        x, y = self.at(px, py)
        self.canvas.ellipse(x, y, rx * self.k, (rx if ry is None else ry) * self.k, colour)


RING, BLUR = circle(24), circle(16)
SHADE: Colour = (20, 14, 20)
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


def bow(a: Point, b: Point, bend: float, steps: int) -> list[Point]:
    """Points along a curve from `a` to `b` that swings out sideways by `bend` in the middle."""
    points = []
    for i in range(steps):
        t = i / (steps - 1)
        swing = 4 * bend * t * (1 - t)
        points.append((a[0] + (b[0] - a[0]) * t + swing, a[1] + (b[1] - a[1]) * t))
    return points
