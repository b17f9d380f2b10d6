"""Canvas, camera and light: the few tools with which every MiniEarth scene is drawn.

Coordinates on the canvas run from (0, 0) top left to (1, 1) bottom right, whatever the size in
pixels. Places in the world are in metres: x to the right of the viewer, y up from the ground,
z into the picture. Everything is integer or plain float arithmetic on Pillow's drawing calls, so
that a scene gives the same pixels in every process.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]

SUPERSAMPLING = 2
"""Drawn at twice the size and averaged down: Pillow's polygons have hard edges."""


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


@dataclass(frozen=True)
class Light:
    """Sun, sky and air of one scene.

    `side` is where the sun stands: -1 far left, 0 behind or in front, +1 far right. `sun` and
    `shade` are the factors for lit and unlit faces, `colour` tints what is lit, `haze` is the
    colour of the air and `sight` the distance in metres at which it hides 63 % of a surface.
    `night` (0 to 1) says how far lamps and windows glow.
    """

    side: float
    elevation: float
    sun: float
    shade: float
    colour: Colour
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
            factor = self.sun
        elif facing == "front":
            factor = 0.55 * self.sun + 0.45 * self.shade
        else:
            toward = self.side if facing == "right" else -self.side
            factor = self.shade + (self.sun - self.shade) * (0.5 + 0.5 * toward)
        warm = self.colour
        lit = (
            min(255, int(colour[0] * factor * warm[0] / 255)),
            min(255, int(colour[1] * factor * warm[1] / 255)),
            min(255, int(colour[2] * factor * warm[2] / 255)),
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
        n = self.n
        self.pen.polygon([(x * n, y * n) for x, y in points], fill=fill)

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, fill: Colour) -> None:
        n = self.n
        if x1 < x0:
            x0, x1 = x1, x0
        if y1 < y0:
            y0, y1 = y1, y0
        self.pen.rectangle((x0 * n, y0 * n, x1 * n, y1 * n), fill=fill)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        n = self.n
        self.pen.ellipse(((x - rx) * n, (y - ry) * n, (x + rx) * n, (y + ry) * n), fill=fill)

    def arc(
        self, x: float, y: float, rx: float, ry: float, start: float, end: float,
        fill: Colour, width: float,
    ) -> None:  # fmt: skip
        n = self.n
        box = ((x - rx) * n, (y - ry) * n, (x + rx) * n, (y + ry) * n)
        self.pen.arc(box, start, end, fill=fill, width=max(1, round(width * n)))

    def line(self, points: Iterable[Point], fill: Colour, width: float) -> None:
        n = self.n
        self.pen.line(
            [(x * n, y * n) for x, y in points], fill=fill, width=max(1, round(width * n))
        )

    def veil(self, points: Iterable[Point], fill: Colour, alpha: float) -> None:
        """A see-through polygon: a cast shadow, the sheen of glass. `alpha` (0 to 1) is its cover."""
        n = self.n
        self.glaze.polygon([(x * n, y * n) for x, y in points], fill=(*fill, int(255 * alpha)))

    def stroke(self, points: Iterable[Point], fill: Colour, width: float) -> None:
        """A line with round ends and corners, as if drawn with a brush `width` thick."""
        n = self.n
        thick = max(1, round(width * n))
        path = [(x * n, y * n) for x, y in points]
        if len(path) > 1:
            self.pen.line(path, fill=fill, width=thick)
        r = thick / 2
        if r >= 1.5 or len(path) == 1:
            for x, y in path:
                self.pen.ellipse((x - r, y - r, x + r, y + r), fill=fill)

    def gradient(self, y0: float, y1: float, top: Colour, bottom: Colour) -> None:
        """A band over the full width from `y0` to `y1` that blends from `top` to `bottom`."""
        n = self.n
        first, last = max(0, int(y0 * n)), min(n, int(y1 * n) + 1)
        if last <= first:
            return
        ramp = Image.linear_gradient("L").resize((1, last - first))
        band = Image.composite(
            Image.new("RGB", ramp.size, bottom), Image.new("RGB", ramp.size, top), ramp
        )
        self.image.paste(band.resize((n, last - first)), (0, first))

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
        """Add light that fades out with the distance from (x, y): the sun, a lamp at night."""
        side = max(2, int(2 * radius * self.n))
        fade = Image.radial_gradient("L").resize((side, side)).point(
            [int((255 - v) * strength * (255 - v) / 255) if v < 255 else 0 for v in range(256)]
        )
        left, top = int((x - radius) * self.n), int((y - radius) * self.n)
        box = (left, top, left + side, top + side)
        patch = self.image.crop(box)
        light = Image.composite(Image.new("RGB", patch.size, colour), Image.new("RGB", patch.size), fade)
        self.image.paste(ImageChops.add(patch, light), box)

    def finish(self) -> Image.Image:
        """The picture at its final size, `size` × `size` pixels."""
        return self.image.reduce(SUPERSAMPLING)
