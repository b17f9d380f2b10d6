"""Light, sky and camera: the day, the weather and the photographer's lens of a MiniEarth scene."""

from __future__ import annotations

from PIL import Image

from g3lite.miniearth.canvas import Camera, Canvas, Colour, Light, mix, scale
from g3lite.miniearth.scene import Scene

# elevation of the sun: (sky above, sky at the horizon, air, colour of the light, sun, shade, night)
HOURS: tuple[tuple[float, Colour, Colour, Colour, Colour, float, float, float], ...] = (
    (-18, (9, 13, 36), (30, 40, 78), (27, 36, 70), (150, 170, 225), 0.46, 0.32, 1.0),
    (-7, (20, 34, 84), (92, 84, 128), (66, 70, 116), (165, 172, 222), 0.52, 0.38, 0.9),
    (-1, (62, 84, 146), (248, 158, 112), (196, 142, 130), (255, 190, 158), 0.80, 0.52, 0.35),
    (6, (92, 136, 190), (255, 208, 146), (236, 196, 156), (255, 214, 166), 1.04, 0.58, 0.0),
    (18, (78, 142, 206), (226, 228, 214), (208, 218, 218), (255, 240, 214), 1.10, 0.60, 0.0),
    (55, (48, 118, 198), (184, 216, 236), (188, 212, 230), (255, 250, 240), 1.12, 0.62, 0.0),
    (91, (42, 110, 192), (178, 212, 236), (184, 210, 230), (255, 252, 246), 1.12, 0.62, 0.0),
)
# weather: (share of grey in the sky, grey, share of the sun that gets through, sight in metres)
WEATHERS: dict[str, tuple[float, Colour, float, float]] = {
    "clear": (0.0, (255, 255, 255), 1.0, 900.0),
    "cloudy": (0.12, (205, 214, 222), 0.9, 800.0),
    "overcast": (0.78, (196, 202, 208), 0.25, 500.0),
    "rain": (0.88, (142, 154, 166), 0.12, 240.0),
    "fog": (0.94, (210, 214, 216), 0.08, 45.0),
    "snowfall": (0.86, (206, 212, 220), 0.15, 130.0),
}


def light_of(scene: Scene) -> Light:
    """Sun, sky and air from the height of the sun and the weather."""
    view = scene.view
    elevation = min(90.0, max(-18.0, view.sun_elevation))
    below, above = next(
        (a, b) for a, b in zip(HOURS, HOURS[1:], strict=False) if a[0] <= elevation < b[0]
    )
    t = (elevation - below[0]) / (above[0] - below[0])
    top, low, haze, colour = (mix(below[i], above[i], t) for i in range(1, 5))
    sun, shade, night = (below[i] + (above[i] - below[i]) * t for i in range(5, 8))

    grey_share, grey, through, sight = WEATHERS[view.weather]
    grey = mix(scale(grey, 0.25 + 0.75 * (1.0 - night)), low, 0.12)
    diffuse = 0.5 * (sun + shade) * (0.86 if view.weather == "rain" else 0.98)
    return Light(
        side=view.sun_side,
        elevation=view.sun_elevation,
        sun=diffuse + (sun - diffuse) * through,
        shade=diffuse * 0.9 + (shade - diffuse * 0.9) * through,
        colour=mix(mix((236, 242, 250), colour, 0.4 * night), colour, through),
        cool=mix((206, 218, 250), (240, 243, 250), grey_share),
        sky_top=mix(top, scale(grey, 0.86), grey_share),
        sky_low=mix(low, grey, grey_share),
        haze=mix(haze, grey, grey_share),
        sight=sight,
        night=night,
    )


def sky(canvas: Canvas, scene: Scene, camera: Camera, light: Light) -> None:
    """The sky from the top of the picture to the horizon."""
    canvas.gradient(0.0, camera.horizon, light.sky_top, light.sky_low)


def finish(image: Image.Image, scene: Scene) -> Image.Image:
    """The photo that the camera makes of a finished drawing, at its final size."""
    view = scene.view
    luts = []
    for gain in view.tint:
        luts += [
            max(0, min(255, int(((v * view.exposure - 128) * view.contrast + 128) * gain)))
            for v in range(256)
        ]
    return image.point(luts)
