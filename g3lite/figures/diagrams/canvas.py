"""What the diagrams are drawn with: boxes, panels, arrows and words on a transparent sheet.

Places are in pixels of a notebook's column from the top left corner, x to the right and y down. The
sheet is transparent, so that it lies on a light and on a dark page: all words stand on light boxes,
but for titles and notes, whose grey can be read on both.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.text import Text
from PIL import Image

from g3lite.figures.style import DPI, PALETTE, PREDICTION, TRUTH, WIDTH

INK, GREY, PAPER, LINE = "#1d2329", "#7b7e83", "#faf9f6", "#b9bdc2"
"""Of words in boxes; of titles and notes (4.1 : 1 on white and on black); of boxes; of frames."""
COLUMN = round(WIDTH * DPI)
SMALL, NORMAL, TITLE = 9.5, 10.5, 13
"""Sizes of the words, in points."""
BLUE, ORANGE, GREEN, PINK, YELLOW, SKY, _ = PALETTE
STEPS = {"alignment": TRUTH, "diversification": GREEN, "verification": PREDICTION}
"""The colours of G3's three steps, everywhere."""


class Diagram(NamedTuple):
    """A drawing and a sentence that says what is in it; `figures.show(*diagram)` shows both."""

    figure: Figure
    alt: str


def tint(colour: str, strength: float = 0.18) -> tuple[float, ...]:
    """A light form of a colour "#rrggbb", to write on."""
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return tuple(1 - strength * (1 - rgb))


class Canvas:
    """A transparent figure, COLUMN pixels wide and `height` high, with a title."""

    def __init__(self, height: float, title: str = "", note: str = "") -> None:
        self.figure = Figure(figsize=(WIDTH, height / DPI), facecolor="none")
        self.height = height
        self.axes = self.figure.add_axes((0, 0, 1, 1), facecolor="none")
        self.axes.set(xlim=(0, COLUMN), ylim=(height, 0))
        self.axes.axis("off")
        if title:
            self.text(10, 18, title, size=TITLE, weight="bold", color=GREY, ha="left")
        if note:
            self.text(10, height - 14, note, size=SMALL, color=GREY, ha="left")

    def text(self, x: float, y: float, words: str, **how: object) -> Text:
        """Words with their middle at (x, y); `ha="left"`: with their left end there."""
        how = {
            "size": NORMAL, "color": INK, "ha": "center", "linespacing": 1.25, "zorder": 5,
            "va": "center" if "\n" in words else "center_baseline",
        } | how  # fmt: skip
        return self.axes.text(x, y, words.replace("$", r"\$"), **how)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        words: str = "",
        *,
        color: str = "#8a9299",
        strength: float = 0.18,
        edge: float = 1.2,
        style: str = "-",
        **how: object,
    ) -> None:
        """A rounded box with its top left corner at (x, y), in a light form of a colour."""
        self.axes.add_patch(
            FancyBboxPatch(
                (x + 5, y + 5), width - 10, height - 10, boxstyle="round,pad=5,rounding_size=7",
                facecolor=tint(color, strength), edgecolor=color, linewidth=edge, linestyle=style,
                zorder=2,
            )
        )  # fmt: skip
        if words:
            self.text(x + width / 2, y + height / 2, words, **how)

    def tag(self, x: float, y: float, width: float, words: str, color: str = INK) -> None:
        """A few white words on a dark ground, 20 pixels high, in front of all else."""
        self.axes.add_patch(
            FancyBboxPatch(
                (x + 4, y + 4), width - 8, 12, boxstyle="round,pad=4,rounding_size=6",
                facecolor=color, edgecolor="white", linewidth=0.8, zorder=4.8,
            )
        )  # fmt: skip
        self.text(x + width / 2, y + 10, words, size=SMALL, weight="bold", color="white")

    def panel(self, x: float, y: float, width: float, height: float) -> None:
        """A light ground for words and drawings, behind all else."""
        self.axes.add_patch(
            FancyBboxPatch(
                (x + 6, y + 6), width - 12, height - 12, boxstyle="round,pad=6,rounding_size=8",
                facecolor=PAPER, edgecolor=LINE, linewidth=0.8, zorder=1,
            )
        )  # fmt: skip

    def arrow(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        *,
        color: str = GREY,
        width: float = 1.6,
        bend: float = 0.0,
        **how: object,
    ) -> None:
        """An arrow from one place to another; `bend` curves it."""
        self.axes.add_patch(
            FancyArrowPatch(
                start, end, arrowstyle="-|>", mutation_scale=9 + 3 * width, color=color,
                linewidth=width, connectionstyle=f"arc3,rad={bend}", shrinkA=0, shrinkB=0,
                **{"zorder": 3} | how,
            )
        )  # fmt: skip

    def line(self, x: list[float], y: list[float], **how: object) -> None:
        """A line through places."""
        self.axes.plot(x, y, **{"color": GREY, "linewidth": 1.2, "zorder": 2} | how)

    def photo(
        self, image: Image.Image, x: float, y: float, width: float, *, color: str = LINE
    ) -> float:
        """A photo, as high as its width asks for, in a frame; returns its height."""
        height = width * image.height / image.width
        small = image.convert("RGB").resize((round(width), round(height)), Image.Resampling.LANCZOS)
        self.axes.imshow(
            np.asarray(small), extent=(x, x + width, y + height, y), zorder=4, aspect="auto"
        )
        self.axes.set(xlim=(0, COLUMN), ylim=(self.height, 0))
        self.axes.add_patch(
            FancyBboxPatch(
                (x, y), width, height, boxstyle="square,pad=0", facecolor="none", edgecolor=color,
                linewidth=2.2, zorder=4.5,
            )
        )  # fmt: skip
        return height

    def inset(self, x: float, y: float, width: float, height: float, **options: object) -> Axes:
        """Axes of their own, for a plot or a map, in a rectangle of the sheet."""
        place = (x / COLUMN, 1 - (y + height) / self.height, width / COLUMN, height / self.height)
        axes = self.figure.add_axes(place, **{"facecolor": PAPER, "zorder": 3} | options)
        axes.tick_params(labelsize=SMALL, colors=INK)
        return axes

    def done(self, alt: str) -> Diagram:
        """The diagram, with what is said to those who cannot see it."""
        return Diagram(self.figure, " ".join(alt.split()))
