"""A quiz: ten photos, the reader against nearest neighbour and G3.

    quiz = Quiz.against(g3)
    quiz.play()               # click on a map, in JupyterLab and Colab
    quiz.guess(1, "Lisbon")   # or type: a city, or "38.7, -9.1"
    print(quiz.verdict())

The photos are of MiniEarth, drawn for the quiz: they are in no gallery and in no set, and nothing
was trained on them. Where nothing runs, as on GitHub, a notebook shows a table with the answers
folded up.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from typing import Any

import cartopy.crs as ccrs
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from PIL import Image

from g3lite import G3Error, geo, miniearth, places, replies
from g3lite.evaluation import geoscore
from g3lite.figures.maps import _draw_earth
from g3lite.figures.sheets import photo_sheet
from g3lite.miniearth.render.draw import encode
from g3lite.miniearth.splits import VERSION
from g3lite.photos import PhotoSet
from g3lite.pipeline import Pipeline

MOST = 5_000
"""Points of a photo that is placed exactly."""
ENOUGH_CUES = 7
"""Visible cues of a photo in the quiz, at least: it is to be fun."""
WORLD = (-90.0, -180.0, 180.0, 360.0)
"""The first window of the map: south, west, height and width in degrees."""
_GRID = {WORLD: (6, 12)}
_FINE = (10, 10)
_MAP = (640, 320)  # pixels
_COLUMNS = 5


class NoPlace(G3Error):
    """What was typed is no place; the message says what is."""


def photos(n: int = 10, name: str = "quiz") -> PhotoSet:
    """`n` photos that nobody has seen, of different photographers and countries, with many cues.

    Another `name` gives other photos.
    """
    table = miniearth.fresh(name, 60 * n).table
    some = pd.DataFrame(
        {
            "author": table["AUTHOR"],
            "country": [miniearth.places().loc[int(i[:4])].country_code for i in table["IMG_ID"]],
            "cues": [len(miniearth.scene_of(img_id).visible) for img_id in table["IMG_ID"]],
        }
    )
    some = some[some["cues"] >= ENOUGH_CUES]
    rows = some.drop_duplicates("author").drop_duplicates("country").index[:n]
    if len(rows) < n:
        raise G3Error(f"there are only {len(rows)} photos for a quiz of {n}; ask for fewer")
    return PhotoSet(
        f"miniearth/{name}", table.loc[rows], lambda img_id: encode(miniearth.scene_of(img_id)),
        version=VERSION, rendered=True,
    )  # fmt: skip


def place(where: str | Sequence[float]) -> np.ndarray:
    """A place as [lat, lon]: coordinates, or words, "38.7, -9.1", "33.9 S, 151.2 E" or a city.

    Of several cities with one name the largest is meant.

    Raises:
        NoPlace: it is none of these.
    """
    if not isinstance(where, str):
        try:
            return geo.check_coordinates([where])[0]
        except ValueError as error:
            raise NoPlace(str(error)) from error
    found = replies.parse(where).coordinates
    if found is not None:
        return np.array(found)
    rows = _by_name().get(where.strip().casefold())
    if rows is None:
        raise NoPlace(
            f"{where!r} is neither a city of more than 15,000 people nor coordinates; write for "
            "example Lisbon, or 38.7, -9.1"
        )
    return np.array(rows)


@cache
def _by_name() -> dict[str, tuple[float, float]]:
    """Where the largest city of each name is; names without accents count too."""
    table = places.cities().sort_values("population", kind="stable")
    spots = list(table[["lat", "lon"]].itertuples(index=False, name=None))
    plain = table["city"].str.normalize("NFKD").str.encode("ascii", "ignore").str.decode("ascii")
    return dict(zip(plain.str.casefold(), spots, strict=True)) | dict(
        zip(table["city"].str.casefold(), spots, strict=True)
    )


@dataclass(eq=False)
class Quiz:
    """The photos, the answers of the rivals, and those of the reader.

    Attributes:
        photos: n photos with their positions.
        rivals: name -> answers (n, 2), [lat, lon]; NaN where there is none.
        guesses: (n, 2) of the reader, NaN where there is none yet.
    """

    photos: PhotoSet
    rivals: Mapping[str, np.ndarray]
    guesses: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        shape = (len(self.photos), 2)
        for name, answers in self.rivals.items():
            if np.shape(answers) != shape:
                raise ValueError(f"{name} has answers of shape {np.shape(answers)}, not {shape}")
        self.guesses = np.full(shape, np.nan)

    @classmethod
    def against(cls, g3: Pipeline, n: int = 10, name: str = "quiz") -> Quiz:
        """A quiz against G3 and against the most similar photo of its gallery."""
        asked = photos(n, name)
        found = g3.steps(asked, progress=False)
        answers = asked.table[["IMG_ID"]].merge(found.predictions, on="IMG_ID", how="left")
        first = found.neighbours[found.neighbours["rank"] == 0]
        nearest = asked.table[["IMG_ID"]].merge(first, on="IMG_ID", how="left")
        return cls(
            asked,
            {
                "nearest neighbour": nearest[["LAT", "LON"]].to_numpy(dtype=np.float64),
                "G3": answers[["LAT_pred", "LON_pred"]].to_numpy(dtype=np.float64),
            },
        )

    def __len__(self) -> int:
        return len(self.photos)

    def guess(self, number: int, where: str | Sequence[float]) -> None:
        """Answer photo `number`, counted from 1, with a place as `place` takes it.

        Raises:
            NoPlace: `where` is no place.
            ValueError: there is no such photo.
        """
        if not 1 <= number <= len(self):
            raise ValueError(f"there is no photo {number}; they are 1 to {len(self)}")
        self.guesses[number - 1] = place(where)

    def picture(self, number: int, size: int = 384) -> Image.Image:
        """Photo `number`, counted from 1, larger than the models see it."""
        return miniearth.draw(miniearth.scene_of(self.photos.ids[number - 1]), size)

    def sheet(self) -> tuple[Figure, str]:
        """All photos with their numbers and the alt text, for `figures.show`."""
        pictures = [self.picture(number, 256) for number in range(1, len(self) + 1)]
        names = [f"photo {number}" for number in range(1, len(self) + 1)]
        figure = photo_sheet(pictures, names, columns=5, title="Where were these taken?")
        return figure, f"{len(self)} numbered photos of MiniEarth, without any hint of the place."

    def table(self) -> pd.DataFrame:
        """A row per photo: its place, then km off and points of you and of each rival.

        A photo without an answer gets 0 points, and NaN km.
        """
        truth = self.photos.coordinates
        cities = places.nearest_city(truth)
        table = pd.DataFrame(
            {"place": cities["city"] + ", " + cities["country"]},
            index=pd.RangeIndex(1, len(self) + 1, name="photo"),
        )
        table["place"] = (cities["city"] + ", " + cities["country"]).to_numpy()
        for name, answers in {"you": self.guesses, **self.rivals}.items():
            km = geo.great_circle_km(answers, truth)
            table[f"{name}, km"] = km.round()
            table[f"{name}, points"] = _points(km)
        return table

    def verdict(self) -> str:
        """Points of the reader and of the rivals, in a sentence; photos without an answer count 0.

        While nothing is answered only the rivals are told of.
        """
        truth, most = self.photos.coordinates, MOST * len(self)
        totals = {
            name: int(_points(geo.great_circle_km(answers, truth)).sum())
            for name, answers in {"you": self.guesses, **self.rivals}.items()
        }
        answered = int(np.isfinite(self.guesses[:, 0]).sum())
        rest = ", ".join(f"{name} {totals[name]:,}" for name in self.rivals)
        if not answered:
            return f"Of {most:,} points: {rest}. Nothing is answered yet: your turn."
        beaten = [name for name in self.rivals if totals["you"] > totals[name]]
        end = f"You beat {' and '.join(beaten)}." if beaten else "You beat neither."
        if answered < len(self):
            end += f" {len(self) - answered} photos are still without an answer."
        return f"Of {most:,} points: you {totals['you']:,}, {rest}. {end}"

    def __repr__(self) -> str:
        return self.verdict()

    def _repr_html_(self) -> str:
        """A table that needs no kernel, scripts or styles; the answers are folded up."""
        cells = []
        for number, row in self.table().iterrows():
            data = io.BytesIO()
            self.picture(number, 160).save(data, "JPEG", quality=75)
            source = "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()
            said = [
                f"{escape(name)}: {row[f'{name}, km']:,.0f} km off, {row[f'{name}, points']:,.0f}"
                for name in ("you", *self.rivals)
                if np.isfinite(row[f"{name}, km"])
            ]
            cells.append(
                f'<td><img src="{source}" alt="photo {number}" width="160"><br><details><summary>'
                f"{number}: where was it?</summary><b>{escape(row['place'])}</b><br>"
                f"{'<br>'.join(said)}</details></td>"
            )
        rows = [cells[start : start + _COLUMNS] for start in range(0, len(cells), _COLUMNS)]
        body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
        return f"<p>Answers and points, of {MOST:,}, are folded up.</p><table>{body}</table>"

    def play(self) -> Any:
        """The quiz to click: a photo, a map, and a field to type in; a widget of ipywidgets.

        A click on the map opens a part of it, a second one answers: to 3 degrees. Every field of
        the map is a button, so that the keyboard will do as well.

        Raises:
            G3Error: ipywidgets is not installed.
        """
        try:
            return Board(self).widget
        except ModuleNotFoundError as error:
            raise G3Error(
                f"the map to click needs {error.name}: pip install ipywidgets, or answer with "
                "quiz.guess(1, 'Lisbon')"
            ) from error


class Board:
    """The widget of a quiz: the photo on the left, the map on the right, what to type below."""

    def __init__(self, quiz: Quiz) -> None:
        import ipywidgets as w  # of the extra "notebooks"

        self.quiz, self.number, self.window = quiz, 1, WORLD
        self.photo = w.Image(format="jpeg", layout=w.Layout(width="320px", height="320px"))
        self.map = w.Image(format="png", layout=_size(w, *_MAP, margin="0"))
        self.fields = w.GridBox(layout=_size(w, *_MAP, margin=f"-{_MAP[1]}px 0 0 0"))
        self.typed = w.Text(placeholder="or type: Lisbon, or 38.7, -9.1", continuous_update=False)
        self.answer = w.Button(description="Answer")
        self.back = w.Button(description="Whole world")
        self.skip = w.Button(description="Next photo")
        self.said = w.HTML()
        self.answer.on_click(lambda _: self.take(self.typed.value))
        self.back.on_click(lambda _: self.open(WORLD))
        self.skip.on_click(lambda _: self.turn())
        overlay = w.VBox([self.map, self.fields], layout=w.Layout(overflow="hidden"))
        below = w.HBox([self.typed, self.answer, self.back, self.skip])
        self.widget = w.VBox([self.said, w.HBox([self.photo, overlay]), below])
        self.show()

    def open(self, window: tuple[float, float, float, float]) -> None:
        """Show a part of the world, with its fields to click."""
        import ipywidgets as w

        self.window = window
        self.map.value = _map(window)
        rows, columns = _GRID.get(window, _FINE)
        self.fields.layout.grid_template_columns = f"repeat({columns}, 1fr)"
        self.fields.layout.grid_template_rows = f"repeat({rows}, 1fr)"
        buttons = []
        for part in _parts(window, rows, columns):
            button = w.Button(
                tooltip=_named(part),
                layout=w.Layout(width="auto", height="auto", margin="0", padding="0"),
                style={"button_color": "transparent"},
            )
            button.on_click(lambda _, part=part: self.click(part))
            buttons.append(button)
        self.fields.children = buttons

    def click(self, part: tuple[float, float, float, float]) -> None:
        """Open a part of the world; of a part that was opened, take the middle of a field."""
        if self.window == WORLD:
            self.open(part)
        else:
            south, west, height, width = part
            self.take((south + height / 2, west + width / 2))

    def take(self, where: str | Sequence[float]) -> None:
        """Answer the photo that is shown, and go on to the next."""
        try:
            self.quiz.guess(self.number, where)
        except NoPlace as error:
            self.said.value = f"<b>{escape(str(error))}</b>"
            return
        row = self.quiz.table().loc[self.number]
        rest = "; ".join(f"{name} {row[f'{name}, km']:,.0f} km" for name in self.quiz.rivals)
        self.turn(
            f"It was {escape(row['place'])}: you are {row['you, km']:,.0f} km off, "
            f"{row['you, points']:,.0f} points ({escape(rest)}). "
        )

    def turn(self, said: str = "") -> None:
        """Show the next photo, after the last the verdict and the first photo without an answer."""
        open_ = np.flatnonzero(np.isnan(self.quiz.guesses[:, 0])) + 1
        later = open_[open_ > self.number]
        if len(open_):
            self.number = int(later[0] if len(later) else open_[0])
        self.show(said, done=not len(open_))

    def show(self, said: str = "", done: bool = False) -> None:
        """Show photo `number` and the whole world."""
        data = io.BytesIO()
        self.quiz.picture(self.number).save(data, "JPEG", quality=85)
        self.photo.value = data.getvalue()
        asks = f"<b>Photo {self.number} of {len(self.quiz)}: where was it taken?</b>"
        self.said.value = said + (escape(self.quiz.verdict()) if done else asks)
        self.typed.value = ""
        self.open(WORLD)


def _points(km: ArrayLike) -> np.ndarray:
    """GeoScore in whole points; 0 where there is no answer."""
    return np.nan_to_num(geoscore(km)).round().astype(int)


def _size(w: Any, width: int, height: int, margin: str) -> Any:
    return w.Layout(
        width=f"{width}px", height=f"{height}px", margin=margin, grid_gap="0px", flex="0 0 auto"
    )


def _parts(
    window: tuple[float, float, float, float], rows: int, columns: int
) -> list[tuple[float, float, float, float]]:
    """The fields of a window, row by row from the north-west."""
    south, west, height, width = window
    h, w = height / rows, width / columns
    return [
        (south + height - (row + 1) * h, west + column * w, h, w)
        for row in range(rows)
        for column in range(columns)
    ]


def _named(part: tuple[float, float, float, float]) -> str:
    """A field in words, for those who do not see it."""
    south, west, height, width = part
    lat, lon = south + height / 2, west + width / 2
    return f"around {abs(lat):g}° {'NS'[lat < 0]}, {abs(lon):g}° {'EW'[lon < 0]}"


@cache
def _map(window: tuple[float, float, float, float]) -> bytes:
    """A window of the world with its fields, as PNG: latitude and longitude at right angles."""
    south, west, height, width = window
    figure = Figure(figsize=(_MAP[0] / 100, _MAP[1] / 100))
    axes = figure.add_axes((0, 0, 1, 1), projection=ccrs.PlateCarree())
    axes.set_extent([west, west + width, south, south + height], crs=ccrs.PlateCarree())
    axes.set_aspect("auto")
    _draw_earth(axes)
    rows, columns = _GRID.get(window, _FINE)
    for n in range(1, rows):
        axes.axhline(south + n * height / rows, color="#8a9299", linewidth=0.4)
    for n in range(1, columns):
        axes.axvline(west + n * width / columns, color="#8a9299", linewidth=0.4)
    axes.spines["geo"].set_visible(False)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=100)
    return data.getvalue()
