"""Scores of places on maps: what a model takes for possible, of photos, of words, in training.

Each map is drawn around its own mean, because a photo asks which place scores highest: a place is
the larger and the darker, the more standard deviations its score lies above the mean of all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from PIL import Image

from g3lite import geo
from g3lite.figures.flat import draw_world, flat
from g3lite.figures.style import PALETTE, PREDICTION, TRUTH, WIDTH, Live

_COLOURS = LinearSegmentedColormap.from_list(
    "scores", ["#d8cfc0", "#f0a35e", PREDICTION, "#6b1f00"]
)
_GROUPS = (PALETTE[4], PREDICTION, TRUTH, PALETTE[2], PALETTE[6], PALETTE[3])
_SPAN = Normalize(0, 4)  # standard deviations above the mean


def photo_and_scores(
    image: Image.Image,
    places: ArrayLike,
    scores: ArrayLike,
    names: Sequence[str],
    truth: ArrayLike,
    title: str = "",
) -> Figure:
    """A photo of 512 pixels, the score of every place beside it, and the five best places.

    Args:
        image: the photo.
        places: (n, 2) coordinates.
        scores: (n,) cosines of the photo with them.
        names: of the n places.
        truth: (2,) where the photo was taken.
        title: the title of the figure.
    """
    scores = np.asarray(scores, dtype=np.float64)
    figure = Figure(figsize=(WIDTH, 5.62))
    figure.suptitle(title, x=0.008, y=0.985, ha="left", fontsize=13, fontweight="bold")
    photo = figure.add_axes((0.008, 0.01, 512 / 900, 512 / 562))
    photo.imshow(np.asarray(image.convert("RGB").resize((512, 512), Image.Resampling.LANCZOS)))
    photo.axis("off")
    world = figure.add_axes((0.585, 0.48, 0.41, 0.42))
    draw_world(world)
    _draw_scores(world, places, scores)
    _draw_star(world, truth)
    world.set_title("score of each place; star: the truth", loc="left", fontsize=9.5)
    best = np.argsort(-scores)[:5]
    bars = figure.add_axes((0.605, 0.07, 0.30, 0.34))
    bars.barh(range(5), scores[best], color=PREDICTION, height=0.28)
    for line, row in enumerate(best):
        bars.text(0, line - 0.36, names[row], fontsize=9.5, va="center")
        bars.text(scores[row] + 0.01, line, f"{scores[row]:.2f}", fontsize=9, va="center")
    bars.set(ylim=(4.6, -0.9), xlim=(0, max(1.15 * scores[best[0]], 0.01)))
    bars.set_title("the five best places (cosine)", loc="left", fontsize=9.5)
    bars.axis("off")
    return figure


def score_maps(
    maps: Mapping[str, ArrayLike],
    places: ArrayLike,
    title: str = "",
    *,
    pictures: Mapping[str, Image.Image] | None = None,
    marks: Mapping[str, ArrayLike] | None = None,
    columns: int = 2,
) -> Figure:
    """The scores of places, one world for each title.

    Args:
        maps: title -> (n,) scores.
        places: (n, 2) coordinates.
        title: the title of the figure.
        pictures: title -> the photo whose scores they are, beside its map.
        marks: title -> (2,) the truth, a star.
        columns: maps side by side.

    Raises:
        ValueError: no map.
    """
    if not maps:
        raise ValueError("score_maps needs at least one map")
    columns = min(columns, len(maps))
    rows, parts = -(-len(maps) // columns), 2 if pictures else 1
    high = WIDTH / max(columns, 2) * (0.37 if pictures else 0.52) + 0.25
    figure = Figure(figsize=(WIDTH, rows * high + 0.8), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.03, wspace=0.02, hspace=0.02)
    widths = [1, 1.9] if pictures else [1]
    grid = figure.add_gridspec(rows, columns * parts, width_ratios=widths * columns)
    worlds = []
    for number, (name, scores) in enumerate(maps.items()):
        row, column = divmod(number, columns)
        worlds.append(figure.add_subplot(grid[row, parts * (column + 1) - 1]))
        draw_world(worlds[-1])
        _draw_scores(worlds[-1], places, scores)
        if name in (marks or {}):
            _draw_star(worlds[-1], marks[name])
        worlds[-1].set_title(name, loc="left", fontsize=10, pad=3)
        if name in (pictures or {}):
            photo = figure.add_subplot(grid[row, parts * column])
            photo.imshow(np.asarray(pictures[name].convert("RGB").resize((200, 200))))
            photo.axis("off")
    bar = figure.colorbar(
        ScalarMappable(_SPAN, _COLOURS), ax=worlds, orientation="horizontal", shrink=0.45,
        aspect=40, pad=0.02, extend="both",
    )  # fmt: skip
    bar.set_label("score: standard deviations above the mean of all places", fontsize=9)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    return figure


def learning(
    frames: Mapping[int, ArrayLike],
    losses: ArrayLike,
    places: ArrayLike,
    truth: ArrayLike,
    guessing: float,
    title: str = "",
) -> Figure:
    """A training as a strip: the loss of every step, and the map of one photo at some of them.

    Args:
        frames: number of steps done -> (n,) scores of the places, at most eight.
        losses: (steps,) the loss of each batch.
        places: (n, 2) coordinates.
        truth: (2,) where the photo was taken.
        guessing: the loss of a model that knows nothing.
        title: the title of the figure.
    """
    losses = np.asarray(losses, dtype=np.float64)
    columns = 3
    rows = -(-len(frames) // columns)
    figure = Figure(figsize=(WIDTH, 2.3 + 1.75 * rows), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    grid = figure.add_gridspec(rows + 1, columns, height_ratios=[1.15, *[1] * rows])
    curve = figure.add_subplot(grid[0, :])
    curve.axhline(guessing, color="#888888", linewidth=1, linestyle=":")
    curve.text(len(losses), guessing, "guessing ", ha="right", va="bottom", fontsize=9)
    room = max(2.0, 0.03 * len(losses))
    curve.plot(np.arange(1, len(losses) + 1), losses, color=TRUTH, linewidth=1.4)
    for number, done in enumerate(frames):
        if done:
            curve.plot(done, losses[done - 1], "o", color=PREDICTION, markersize=7, zorder=4)
        height = losses[max(done, 1) - 1]
        curve.annotate(
            "abcdefgh"[number], (done, height), xytext=(0, 6), textcoords="offset points",
            ha="center", fontsize=10, fontweight="bold", color=PREDICTION,
        )  # fmt: skip
    curve.set(
        xlabel="training steps (batches of photos)", ylabel="loss", xlim=(-room, len(losses) + room)
    )
    curve.set_ylim(0, 1.12 * losses.max(initial=guessing))
    curve.spines[["top", "right"]].set_visible(False)
    for number, (done, scores) in enumerate(frames.items()):
        axes = figure.add_subplot(grid[1 + number // columns, number % columns])
        draw_world(axes)
        _draw_scores(axes, places, scores)
        _draw_star(axes, truth)
        axes.set_title(f"{'abcdefgh'[number]}: {done:,} steps", loc="left", fontsize=9.5, pad=3)
    return figure


class Film:
    """A training while it runs: the picture of `learning`, drawn anew in the notebook.

    Args:
        places: (n, 2) coordinates.
        truth: (2,) where the photo was taken.
        guessing: the loss of a model that knows nothing.
    """

    def __init__(self, places: ArrayLike, truth: ArrayLike, guessing: float) -> None:
        self.losses: list[float] = []
        self._places, self._truth, self._guessing = places, truth, guessing
        self._frames: dict[int, np.ndarray] = {}
        self._live = Live()

    def add(self, scores: ArrayLike) -> None:
        """Add a map of the scores (n,) of the places after the steps whose losses there are."""
        self._frames[len(self.losses)] = np.asarray(scores)
        if not self.losses:
            return
        now = np.mean(self.losses[-10:])
        title = f"After {len(self.losses):,} steps the loss is {now:.1f}"
        figure = learning(
            self._frames, self.losses, self._places, self._truth, self._guessing, title
        )
        alt = (
            f"The loss falls from {self.losses[0]:.1f} to {now:.1f} in {len(self.losses):,} steps; "
            f"{len(self._frames)} maps show where the scores of one photo are high."
        )
        self._live.show(figure, alt, last=False)


def embedding(
    planes: Mapping[str, tuple[ArrayLike, ArrayLike]],
    of_photos: Sequence[str],
    of_places: Sequence[str],
    title: str = "",
) -> Figure:
    """Vectors of photos (points) and of places (triangles) in a plane, coloured by group.

    Args:
        planes: title -> (m, 2) of the photos and (n, 2) of the places.
        of_photos: the group of each of the m photos.
        of_places: the group of each of the n places.
        title: the title of the figure.
    """
    figure = Figure(figsize=(WIDTH, 0.98 * WIDTH / len(planes) + 0.5), layout="constrained")
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    of_photos, of_places = np.asarray(of_photos), np.asarray(of_places)
    colours = dict(zip(np.unique(of_places), cycle(_GROUPS), strict=False))
    for axes, (name, (photos, places)) in zip(
        np.atleast_1d(figure.subplots(1, len(planes))), planes.items(), strict=True
    ):
        photos, places = np.asarray(photos), np.asarray(places)
        for group, colour in colours.items():
            axes.scatter(
                *places[of_places == group].T, s=17, marker="^", color=colour, alpha=0.3,
                linewidths=0,
            )  # fmt: skip
        for group, colour in colours.items():
            axes.scatter(
                *photos[of_photos == group].T, s=9, color=colour, label=group, linewidths=0
            )
        axes.set(xticks=[], yticks=[])
        axes.set_title(name, loc="left", fontsize=10)
        axes.spines[:].set_color("#cccccc")
    handles, labels = axes.get_legend_handles_labels()
    legend = figure.legend(
        handles, labels, loc="outside lower center", ncols=len(colours), frameon=False, fontsize=9
    )
    for handle in legend.legend_handles:
        handle.set_sizes([40])
    return figure


# ------------------------------------------------------------------------------ parts of a map


def _draw_scores(axes: Axes, places: ArrayLike, scores: ArrayLike) -> None:
    scores = np.asarray(scores, dtype=np.float64)
    points = flat(geo.check_coordinates(places))
    above = (scores - scores.mean()) / max(scores.std(), 1e-12)
    order = np.argsort(above)
    above = above[order]
    axes.scatter(
        *points[order].T, c=above, cmap=_COLOURS, norm=_SPAN, s=2 + 2.2 * np.clip(above, 0, 4) ** 2,
        linewidths=0, zorder=2,
    )  # fmt: skip


def _draw_star(axes: Axes, truth: ArrayLike) -> None:
    axes.scatter(
        *flat(np.reshape(truth, (1, 2))).T, s=150, marker="*", color=TRUTH, edgecolors="white",
        linewidths=0.9, zorder=4,
    )  # fmt: skip
