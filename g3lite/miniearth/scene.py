"""One photo before it is drawn: where it was taken, what it shows, and all that is not geography.

`Scene` is plain data. Any cue can be replaced and the scene drawn again with nothing else moved::

    left = replace(scene, cues=replace(scene.cues, driving_side="left"))

because each part of a picture draws its accidents from a random stream of its own, named after
the part and seeded by the scene (`Scene.rng`).
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from g3lite.miniearth.cues import Cues, digest

KINDS = (
    "street", "plaza", "suburb", "village", "highway", "road", "coast", "mountain",
    "countryside", "market", "park", "interior", "food", "sky", "closeup",
)  # fmt: skip
LOW_INFORMATION = ("interior", "food", "sky", "closeup")
"""Kinds of photo that hold next to nothing about where they were taken."""

ELEMENTS = {
    "vegetation": ("zone",),
    "soil": ("soil",),
    "relief": ("relief",),
    "sea": ("coast",),
    "traffic": ("driving_side", "plate"),
    "line": ("line_colour", "line_style"),
    "sign": ("script", "sign_shape", "sign_colour"),
    "pole": ("pole",),
    "bollard": ("bollard",),
    "buildings": ("roof_shape", "roof_colour", "wall"),
    "fence": ("fence",),
    "skyline": ("skyline",),
    "taxi": ("taxi",),
    "tram": ("tram",),
    "lamp": ("lamp",),
    "paving": ("paving",),
    "landmark": ("landmark",),
}
"""What can be seen in a photo, and the cues that each such thing gives away."""

WEATHERS = ("clear", "cloudy", "overcast", "rain", "fog", "snowfall")
OCCLUDERS = ("none", "person", "pillar", "leaves", "window")


@dataclass(frozen=True)
class View:
    """Nuisance: everything in a photo that says nothing about the place."""

    kind: str
    hour: float
    """Local solar time, 0 to 24."""
    season: str
    """"spring", "summer", "autumn" or "winter", as it is in that hemisphere on that day."""
    weather: str
    snow: bool
    """Snow lies on the ground (only where and when it is cold)."""
    sun_elevation: float
    """Degrees above the horizon, from latitude, day and hour; negative at night."""
    sun_side: float
    """Where the sun stands: -1 far left of the view, 0 ahead or behind, +1 far right."""
    focal: float
    horizon: float
    vanish: float
    mirrored: bool
    """Which side of the scene the main things (sign, tree, landmark) stand on."""
    people: int
    vehicles: int
    vehicle_colour: str
    occluder: str
    # the photographer's camera
    tint: tuple[float, float, float]
    """Gain of red, green and blue."""
    exposure: float
    contrast: float
    saturation: float
    grain: float
    """Standard deviation of the noise, in grey levels."""
    blur: float
    """Radius of the blur in thousandths of the picture's width."""
    vignette: float
    quality: int
    """JPEG quality."""


@dataclass(frozen=True)
class Scene:
    """One photo of MiniEarth: `miniearth.draw` makes the picture, `miniearth.caption` a caption."""

    place_id: int
    seed: int
    author: str
    lat: float
    lon: float
    cues: Cues
    view: View
    shows: frozenset[str]
    """The keys of `ELEMENTS` that the picture shows."""

    def rng(self, part: str) -> Random:
        """The random stream of one part of the picture: the same whatever else is drawn."""
        return Random(digest(self.place_id, self.seed, part))

    @property
    def visible(self) -> dict[str, object]:
        """The cues that the picture gives away, by name."""
        names = [
            name for element in ELEMENTS if element in self.shows for name in ELEMENTS[element]
        ]
        return {name: getattr(self.cues, name) for name in names}
