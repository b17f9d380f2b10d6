"""The same photo with one thing changed: a cue of its place, or something that says nothing of it.

    left = change(scene, driving_side="left")
    wet = change(left, rain=True)

All else stays as it was, down to the accidents of the picture: each part of a scene draws from a
random stream of its own (see `Scene`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import pandas as pd

from g3lite import G3Error
from g3lite.miniearth.cues import DRIVING_SIDES, LINE_COLOURS, ROOF_COLOURS, SCRIPTS, ZONES
from g3lite.miniearth.render.atmosphere import INDOORS
from g3lite.miniearth.render.draw import encode
from g3lite.miniearth.scene import Scene
from g3lite.miniearth.world import cues_of, places
from g3lite.photos import PhotoSet, conform

NO_LANDMARK = "none"
LANDMARKS = (
    NO_LANDMARK, "Paris", "Madrid", "Lagos", "Singapore", "Seoul", "Sydney", "Los Angeles",
    "Rio de Janeiro",
)  # fmt: skip
"""A landmark is taken away, or that of another city takes its place; no two are of one kind."""
LENSES = {"wide": 0.7, "long": 1.5}
"""Focal lengths; those of MiniEarth's photographers lie between 0.64 and 1.67."""
NIGHT_HOUR, NIGHT_SUN = 22.0, -15.0
LESS_QUALITY = 5

Value = str | bool


@dataclass(frozen=True)
class Change:
    """One thing that can be changed in a scene.

    Attributes:
        label: its name for people.
        values: what it can be set to.
        says: a value in words.
        element: what must be seen in the photo, a key of `scene.ELEMENTS`; None for a nuisance.
        now: the value that a scene has; one that is not in `values` may stand for it.
        made: the scene with a value.
        not_in: kinds of photo in which it would not be seen.
    """

    label: str
    values: tuple[Value, ...]
    says: Callable[[Value], str]
    element: str | None
    now: Callable[[Scene], Value | None]
    made: Callable[[Scene, Value], Scene]
    not_in: tuple[str, ...] = INDOORS

    def possible(self, scene: Scene) -> tuple[Value, ...]:
        """The values that would change this scene; none if the photo does not show the cue."""
        seen = self.element is None or self.element in scene.shows
        if not seen or scene.view.kind in self.not_in:
            return ()
        return tuple(value for value in self.values if value != self.now(scene))


def _cue(
    label: str, element: str, name: str, values: tuple[str, ...], says: Callable[[Value], str]
) -> Change:
    return Change(
        label, values, says, element,
        now=lambda scene: getattr(scene.cues, name),
        made=lambda scene, value: replace(scene, cues=replace(scene.cues, **{name: value})),
    )  # fmt: skip


def _landmark(scene: Scene, city: Value) -> Scene:
    if city == NO_LANDMARK:
        return replace(scene, shows=scene.shows - {"landmark"})
    return replace(scene, cues=replace(scene.cues, landmark=cues_of(_place(city)).landmark))


@cache
def _place(city: str) -> int:
    """The place of that name where most photos are taken."""
    table = places()
    return int(table.photo_weight[table.city == city].idxmax())


def _seen(scene: Scene, **view: object) -> Scene:
    return replace(scene, view=replace(scene.view, **view))


CUES: dict[str, Change] = {
    "driving_side": _cue(
        "driving side", "traffic", "driving_side", DRIVING_SIDES, lambda v: f"traffic on the {v}"
    ),
    "script": _cue("script", "sign", "script", SCRIPTS, lambda v: f"a sign in {v} script"),
    "climate": _cue("climate", "vegetation", "zone", ZONES, lambda v: f"plants of the {v} zone"),
    "roofs": _cue("roofs", "buildings", "roof_colour", ROOF_COLOURS, lambda v: f"{v} roofs"),
    "line_colour": _cue(
        "line colour", "line", "line_colour", LINE_COLOURS, lambda v: f"a {v} line on the road"
    ),
    "landmark": Change(
        "landmark", LANDMARKS,
        lambda v: "no landmark" if v == NO_LANDMARK else f"the landmark of {v}",
        "landmark",
        now=lambda scene: next(
            (c for c in LANDMARKS[1:] if cues_of(_place(c)).landmark == scene.cues.landmark), None
        ),
        made=_landmark,
    ),
}  # fmt: skip
"""Cues: they say something about the place. Each has one look in the whole photo."""
NUISANCES: dict[str, Change] = {
    "night": Change(
        "night", (True,), lambda v: "at night", None,
        now=lambda scene: scene.view.sun_elevation <= -6,
        made=lambda scene, v: _seen(scene, hour=NIGHT_HOUR, sun_elevation=NIGHT_SUN),
    ),
    "rain": Change(
        "rain", (True,), lambda v: "in rain", None,
        now=lambda scene: scene.view.weather == "rain",
        made=lambda scene, v: _seen(scene, weather="rain"),
    ),
    "lens": Change(
        "lens", tuple(LENSES), lambda v: f"with a {v} lens", None,
        now=lambda scene: None,
        made=lambda scene, v: _seen(scene, focal=LENSES[v]),
        not_in=(*INDOORS, "sky"),
    ),
}  # fmt: skip
"""Nuisances: they say nothing about the place."""
CONTROL: dict[str, Change] = {
    "saved_again": Change(
        "saved again", (True,), lambda v: "saved again", None,
        now=lambda scene: None,
        made=lambda scene, v: _seen(scene, quality=scene.view.quality - LESS_QUALITY),
        not_in=(),
    ),
}  # fmt: skip
"""What nobody sees: the same picture as a JPEG of a little less quality."""
CHANGES = CUES | NUISANCES | CONTROL


class NotChangeable(G3Error, ValueError):
    """A change that a photo does not allow; the message says why, and what can be changed."""


def change(scene: Scene, **what: Value) -> Scene:
    """The scene with some of its cues or nuisances changed, and all else as it was.

    Args:
        scene: what is changed; it stays as it is.
        what: name of a change -> its value, see `CHANGES`. A value that the scene has already
            changes nothing, and neither does False for what is a yes or no.

    Raises:
        NotChangeable: there is no such change or value, or the photo does not show the cue.
    """
    changed = scene
    for name, value in what.items():
        if name not in CHANGES:
            raise NotChangeable(f"{name!r} cannot be changed; there are {', '.join(CHANGES)}")
        one = CHANGES[name]
        if value is False and one.values == (True,):
            continue
        # 1 == True, but it is no value of ours
        if not any(value == known and type(value) is type(known) for known in one.values):
            known = ", ".join(map(repr, one.values))
            raise NotChangeable(f"{name} cannot be {value!r}; it can be {known}")
        if value == one.now(scene):
            continue
        if value not in one.possible(scene):
            can = ", ".join(possible(scene)) or "nothing"
            raise NotChangeable(
                f"{name} cannot be changed in this photo, which does not show it; what can: {can}"
            )
        changed = one.made(changed, value)
    return changed


def possible(scene: Scene) -> dict[str, tuple[Value, ...]]:
    """What can be changed in a scene: name -> the values that change it."""
    options = {name: one.possible(scene) for name, one in CHANGES.items()}
    return {name: values for name, values in options.items() if values}


def in_words(what: Mapping[str, Value]) -> str:
    """Changes in words, "traffic on the left, at night"; "" for none."""
    return ", ".join(CHANGES[name].says(value) for name, value in what.items())


def as_photos(scenes: Sequence[Scene], names: Sequence[str]) -> PhotoSet:
    """Scenes as a photo set, each under a name of its own, drawn and encoded when it is read.

    The set has no version, so that features of these photos are kept nowhere.
    """
    pictures = dict(zip(names, scenes, strict=True))
    if len(pictures) < len(scenes):
        raise ValueError("two scenes have the same name; give each one of its own")
    rows = {"IMG_ID": list(names), "AUTHOR": [scene.author for scene in scenes]}
    rows |= {"LAT": [scene.lat for scene in scenes], "LON": [scene.lon for scene in scenes]}
    return PhotoSet(
        "miniearth/changed", conform(pd.DataFrame(rows)),
        lambda name: encode(pictures[name]), rendered=True,
    )  # fmt: skip
