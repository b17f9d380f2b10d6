"""Fences and garden walls."""

from __future__ import annotations

import math

from g3lite.miniearth.render.buildings import Wall
from g3lite.miniearth.render.canvas import (
    SNOW,
    Camera,
    Canvas,
    Colour,
    Light,
    Point,
    mix,
    scale,
)
from g3lite.miniearth.scene import Scene


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
