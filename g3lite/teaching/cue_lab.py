"""The cue lab: change one thing in a photo, and see where G3's answer goes.

    lab = CueLab(g3, [street("Lisbon"), *some.ids])
    lab.play()                                        # controls, in JupyterLab and Colab
    figures.show(*lab.strip({}, {"driving_side": "left"}, {"night": True}))
    lab.look(driving_side="left").moved_km            # and in numbers

Every state runs the four steps of G3 on a picture that was not there before, the multimodal model
included; nothing is recorded. Photos are MiniEarth's: only there a cue can be changed alone.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from PIL import Image

from g3lite import G3Error, geo, miniearth, places
from g3lite.baselines import selection
from g3lite.figures.states import StateRow, state_strip
from g3lite.figures.style import encode
from g3lite.miniearth.changes import (
    CHANGES,
    CUES,
    Change,
    Value,
    as_photos,
    in_words,
)
from g3lite.miniearth.changes import change as changed
from g3lite.miniearth.scene import Scene
from g3lite.miniearth.splits import img_id as name_of
from g3lite.photos import PhotoSet
from g3lite.pipeline import Pipeline

NEIGHBOURS = 10
"""Similar photos whose medoid stands for what the search alone would answer."""
NAMED_KM = 25
AS_IT_IS = ""
"""The value of a list that changes nothing."""
STEP = 2.0
"""Degrees between the points of the map of scores."""
AUTHOR = "00000000@M99"
"""A photographer of no photo set, who takes the photos of `street`."""
STREET = frozenset({"traffic", "line", "sign", "vegetation", "buildings", "landmark"})


def street(city: str) -> str:
    """The IMG_ID of a new photo of a city: a street on a clear day that shows all cues of the lab.

    Raises:
        G3Error: MiniEarth has no such city.
    """
    table = miniearth.places()
    found = table.photo_weight[table.city == city]
    if found.empty:
        raise G3Error(f"MiniEarth has no city {city!r}; miniearth.places() lists them")
    place = int(found.idxmax())
    for seed in count():
        scene = miniearth.photograph(place, seed, AUTHOR)
        view = scene.view
        good = view.weather == "clear" and view.sun_elevation > 25 and view.occluder == "none"
        if view.kind == "street" and good and scene.shows >= STREET:
            return name_of(place, seed, AUTHOR)
    raise AssertionError("count() has no end")


def change(photo: str | Scene, size: int = 384, **cues: Value) -> Image.Image:
    """The picture of a photo with some cues or nuisances changed, and nothing else moved.

    Args:
        photo: an IMG_ID of MiniEarth, or a scene.
        size: of the picture, 64 to 1024 pixels.
        cues: such as driving_side="left"; `miniearth.changes.CHANGES` has all of them.

    Raises:
        NotChangeable: the photo does not show the cue, or there is no such cue or value.
    """
    return miniearth.draw(changed(_scene(photo), **cues), size)


def _scene(photo: str | Scene) -> Scene:
    if isinstance(photo, Scene):
        return photo
    try:
        return miniearth.scene_of(photo)
    except ValueError as error:
        raise G3Error(str(error)) from error


@dataclass(frozen=True, eq=False)
class State:
    """What G3 makes of a photo with some things changed.

    Attributes:
        scene: what was located.
        changes: what is changed in it: name -> value.
        answer: of G3, [lat, lon].
        city: the row of `places.cities` that names it: the largest city within 25 km, else the
            nearest one.
        medoid: the middle one of the places of the 10 most similar photos, [lat, lon].
        neighbours: the similar photos, as `Located.neighbours`.
        scores: latitudes (h,), longitudes (w,), and how well the photo suits each place (h, w).
        seconds: that each step of G3 took.
        first: the state of the photo as it was; None in that state itself.
    """

    scene: Scene
    changes: Mapping[str, Value]
    answer: np.ndarray
    city: pd.Series = field(repr=False)
    medoid: np.ndarray
    neighbours: pd.DataFrame = field(repr=False)
    scores: tuple[np.ndarray, np.ndarray, np.ndarray] = field(repr=False)
    seconds: Mapping[str, float | None] = field(repr=False)
    first: State | None = field(repr=False)

    @property
    def name(self) -> str:
        """What is changed, in words."""
        return in_words(self.changes) or "as it is"

    @property
    def place(self) -> str:
        """The city of the answer, with its country."""
        return f"{self.city.city}, {self.city.country}"

    @property
    def continent(self) -> str:
        """GeoNames' code of the continent of the answer, such as EU."""
        return str(places.countries().continent_code[self.city.country_code.upper()])

    @property
    def moved_km(self) -> float:
        """How far the answer is from that to the unchanged photo."""
        return _km(self.answer, (self.first or self).answer)

    @property
    def search_moved_km(self) -> float:
        """How far the medoid of the similar photos is from that of the unchanged photo."""
        return _km(self.medoid, (self.first or self).medoid)

    def __str__(self) -> str:
        if self.first is None:
            return f"G3 says {self.place}"
        if self.moved_km < 1:
            return f"G3 still says {self.place}"
        return f"G3 says {self.place}: moved {_far(self.moved_km)} from {self.first.place}"


def _km(a: np.ndarray, b: np.ndarray) -> float:
    return float(geo.great_circle_km(a, b))


def _far(km: float) -> str:
    return f"{km:,.0f} km" if km >= 10 else f"{km:.1f} km"


def city_of(place: ArrayLike) -> pd.Series:
    """The largest city within 25 km of a place [lat, lon], else the nearest: Lisbon, no suburb."""
    table = places.cities()
    km = geo.great_circle_km(table[["lat", "lon"]].to_numpy(dtype=np.float64), place)
    near = table[km <= NAMED_KM]
    return near.loc[near.population.idxmax()] if len(near) else table.iloc[km.argmin()]


class CueLab:
    """Photos of MiniEarth to be changed, and G3, which locates them in each state.

    Args:
        g3: with models of MiniEarth.
        photos: photos of MiniEarth, or their IMG_IDs; the first one is shown first.

    States are kept: one that was looked at before comes at once.

    Raises:
        G3Error: there is no photo, or one that is not MiniEarth's.
    """

    def __init__(self, g3: Pipeline, photos: PhotoSet | Sequence[str]) -> None:
        self.g3 = g3
        self.ids = list(photos.ids if isinstance(photos, PhotoSet) else photos)
        if not self.ids:
            raise G3Error("a cue lab needs at least one photo")
        for photo in self.ids:
            _scene(photo)
        self._states: dict[tuple[str, frozenset], State] = {}
        self._folder = tempfile.TemporaryDirectory()  # of replies: a new one, so none is old

    def look(self, photo: str | None = None, **changes: Value) -> State:
        """What G3 makes of a photo (the first one if none is named) with some things changed.

        Raises:
            NotChangeable: the photo does not show the cue, or there is no such cue or value.
            LMMError: the multimodal model cannot be asked.
        """
        photo = photo or self.ids[0]
        own = _scene(photo)
        changed(own, **changes)  # says what is wrong with the changes
        done = {name: value for name, value in changes.items() if value in possible_in(own, name)}
        key = photo, frozenset(done.items())
        if key not in self._states:
            self._states[key] = self._located(photo, done)
        return self._states[key]

    def _located(self, photo: str, changes: dict[str, Value]) -> State:
        first = self.look(photo) if changes else None
        scene = changed(_scene(photo), **changes)
        one = as_photos([scene], [photo])
        store = Path(self._folder.name) / "replies.sqlite"
        found = self.g3.steps(one, progress=False, store=store)
        row = found.predictions.iloc[0]
        if pd.notna(row.error):
            raise G3Error(f"{photo} cannot be located: {row.error}")
        answer = row[["LAT_pred", "LON_pred"]].to_numpy(dtype=np.float64)
        near = found.neighbours
        features = self.g3.backbone.image_features(one, normalize=False, progress=False).vectors
        lat, lon, grid = self._grid
        scores = (self.g3.heads.embed_images(features)[1] @ grid.T).reshape(len(lat), len(lon))
        return State(
            scene, changes, answer, city_of(answer),
            selection.medoids(near.head(NEIGHBOURS)[["LAT", "LON"]].to_numpy()[None])[0], near,
            (lat, lon, scores), found.seconds, first,
        )  # fmt: skip

    @cached_property
    def _grid(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Latitudes, longitudes, and the vectors of all points of the map of scores."""
        lat = -90 + STEP * (np.arange(round(180 / STEP)) + 0.5)
        lon = -180 + STEP * (np.arange(round(360 / STEP)) + 0.5)
        points = np.stack(np.meshgrid(lat, lon, indexing="ij"), axis=-1).reshape(-1, 2)
        return lat, lon, self.g3.heads.embed_coordinates(points)

    def strip(
        self, *states: Mapping[str, Value], photo: str | None = None, title: str = ""
    ) -> tuple[Figure, str]:
        """A figure with a row per state and its alt text, for `figures.show`.

        Args:
            states: changes, {} for the photo as it is.
            photo: which one; by default the first.
            title: of the figure.
        """
        return strip([self.look(photo, **changes) for changes in states], title)

    def play(self) -> Any:
        """The lab with controls, a widget of ipywidgets: choose, and G3 answers.

        Raises:
            G3Error: ipywidgets is not installed.
        """
        try:
            return Board(self).widget
        except ModuleNotFoundError as error:
            raise G3Error(
                f"the controls need {error.name}: pip install ipywidgets, or use lab.strip"
            ) from error


def possible_in(scene: Scene, name: str) -> tuple[Value, ...]:
    """The values of one change that change this scene."""
    return CHANGES[name].possible(scene)


def strip(states: Sequence[State], title: str = "") -> tuple[Figure, str]:
    """States of one photo in a figure, a row each, and its alt text."""
    rows = [
        StateRow(
            name=state.name[0].upper() + state.name[1:],
            said=str(state),
            picture=miniearth.draw(state.scene, 320),
            neighbours=[
                (miniearth.draw(_scene(one.neighbour), 128), f"{one.city}")
                for one in state.neighbours.head(4).itertuples()
            ],
            scores=state.scores,
            answer=state.answer,
            first=(state.first or state).answer,
            truth=np.array([state.scene.lat, state.scene.lon]),
        )
        for state in states
    ]
    said = "; ".join(f"{state.name}: {state}" for state in states)
    return state_strip(rows, title), f"Photo, similar photos and map of scores. {said}."


class Board:
    """The widget of a lab: what can be changed above, the unchanged photo and the changed below.

    JupyterLab takes letters and arrow keys for itself while a list has the focus (two d's delete
    the cell), so each list has a button beside it: Tab goes there, and Space takes the next value.
    """

    def __init__(self, lab: CueLab) -> None:
        import ipywidgets as w  # of the extra "notebooks"

        self.lab, self.quiet = lab, False
        wide = w.Layout(width="19em")
        names = [
            (f"{number}: {miniearth.places().city[_scene(photo).place_id]}", photo)
            for number, photo in enumerate(lab.ids, 1)
        ]
        self.photo = w.Dropdown(options=names, description="Photo", layout=wide)
        self.controls = {
            name: w.Checkbox(description=one.label, indent=False, layout=w.Layout(width="9em"))
            if one.values == (True,)
            else w.Dropdown(description=one.label, layout=wide)
            for name, one in CHANGES.items()
        }
        self.reset = w.Button(description="As it was")
        self.said, self.picture = w.HTML(), w.HTML()
        self.steps = {
            name: w.Button(description=f"next {CHANGES[name].label}", layout=w.Layout(width="10em"))
            for name, control in self.controls.items()
            if isinstance(control, w.Dropdown)
        }
        for name, button in self.steps.items():
            button.on_click(lambda _, name=name: self.step(name))
        for control in self.controls.values():
            control.style.description_width = "6.5em"
            control.observe(lambda _: self.show(), names="value")
        self.photo.style.description_width = "6.5em"
        self.photo.observe(lambda _: self.turn(), names="value")
        self.reset.on_click(lambda _: self.turn())
        beside = {
            name: w.HBox([control, self.steps[name]]) if name in self.steps else control
            for name, control in self.controls.items()
        }
        cues = [field for name, field in beside.items() if name in CUES]
        rest = [field for name, field in beside.items() if name not in CUES]
        fields = w.Layout(flex_flow="row wrap")
        self.widget = w.VBox(
            [
                w.HBox([self.photo, self.reset], layout=fields),
                w.HTML("<b>Cues of the place</b>"),
                w.HBox(cues, layout=fields),
                w.HTML(
                    "<b>Nuisance</b>, which says nothing of the place; saved again, nobody sees it"
                ),
                w.HBox(rest, layout=fields),
                self.said,
                self.picture,
            ]
        )
        self.turn()

    @property
    def changes(self) -> dict[str, Value]:
        """What the controls say."""
        return {name: c.value for name, c in self.controls.items() if c.value and not c.disabled}

    def turn(self) -> None:
        """Show a photo as it is, with the controls for what it shows."""
        scene = _scene(self.photo.value)
        self.quiet = True
        for name, control in self.controls.items():
            values = possible_in(scene, name)
            control.disabled = not values
            if name in self.steps:
                self.steps[name].disabled = not values
            if CHANGES[name].values == (True,):
                control.value = False
            else:
                now = _now(CHANGES[name], scene, bool(values))
                # None would be no choice at all, an empty field.
                control.options = [(now, AS_IT_IS)] + [(str(value), value) for value in values]
                control.value = AS_IT_IS
        self.quiet = False
        self.show()

    def step(self, name: str) -> None:
        """Take the next value of a list, after the last one that of the photo."""
        control = self.controls[name]
        control.index = (control.index + 1) % len(control.options)

    def show(self) -> None:
        """Locate the photo as the controls say, and show it below the unchanged one."""
        if self.quiet:
            return
        self._say("G3 is looking …")
        try:
            state = self.lab.look(self.photo.value, **self.changes)
        except G3Error as error:
            self._say(str(error))
            return
        figure, alt = strip([state.first, state] if state.first else [state])
        kind, data = encode(figure)
        source = f"data:{kind};base64,{base64.b64encode(data).decode()}"
        self.picture.value = f'<img src="{source}" alt="{escape(alt)}" style="max-width: 100%">'
        self._say(f"{state.name[0].upper()}{state.name[1:]}: {state}.")

    def _say(self, words: str) -> None:
        self.said.value = f'<p role="status" aria-live="polite"><b>{escape(words)}</b></p>'


def _now(one: Change, scene: Scene, possible: bool) -> str:
    """The first entry of a control: what the photo shows."""
    now = one.now(scene)
    if not possible:
        return "(not in this photo)"
    return f"as it is: {now}" if now else "as it is"
