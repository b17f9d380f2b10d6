"""Diagrams of prompt diversification: a prompt's parts, a reply's tokens, a run that goes on."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from g3lite import places, replies
from g3lite.figures.diagrams.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    SKY,
    SMALL,
    YELLOW,
    Canvas,
    Diagram,
)
from g3lite.figures.maps import _PLATE, _draw_earth
from g3lite.prompts import PLANS, Template, prompt, rough_tokens

PARTS = ("role", "task", "references", "an answer, and\nits format", "the format,\nonce more")
"""Of a prompt, paragraph by paragraph; those that G3's templates have."""
_COLOURS = (SKY, BLUE, GREEN, YELLOW, ORANGE, PINK)


def prompt_anatomy(
    similar: ArrayLike, dissimilar: ArrayLike, template: str | Template = "json"
) -> Diagram:
    """The parts of a real prompt, with the tokens that each takes.

    Args:
        similar: (k, 2) where similar photos were taken; k of 1 or more.
        dissimilar: (k, 2) where dissimilar ones were.
        template: a template whose paragraphs are those of G3's.
    """
    paragraphs = prompt(similar, dissimilar, template).strip().split("\n\n")
    lines = [_wrapped(text) for text in paragraphs]
    heights = [max(17 * len(part) + 14, 34) for part in lines]
    canvas = Canvas(66 + sum(heights) + 7 * len(lines) + 34, "A prompt's anatomy")
    canvas.panel(10, 40, 880, canvas.height - 50)
    y, counts = 54, []
    for number, (text, part, height) in enumerate(zip(paragraphs, lines, heights, strict=True)):
        name = PARTS[number] if number < len(PARTS) else "more"
        color = _COLOURS[number % len(_COLOURS)]
        counts.append(rough_tokens(text))
        canvas.box(24, y, 150, height, name, color=color,
                   strength=0.45, weight="bold", size=SMALL)  # fmt: skip
        canvas.box(182, y, 612, height, color=color, strength=0.12)
        canvas.text(
            194, y + height / 2, "\n".join(part), ha="left", va="center", size=SMALL,
        )  # fmt: skip
        canvas.text(838, y + height / 2, f"{counts[-1]:,}", weight="bold")
        y += height + 7
    k = len(np.asarray(similar))
    canvas.text(
        24, y + 12, f"right: tokens, about.  {sum(counts):,} in all with {k} references of either "
        "kind, shortened here; beside them goes the photo", ha="left", size=SMALL,
    )  # fmt: skip
    said = ", ".join(f"{' '.join(n.split())} ({c})" for n, c in zip(PARTS, counts, strict=False))
    return canvas.done(
        f"""A prompt with {k} references of either kind, part by part, with the number of tokens of
        each: {said}; {sum(counts)} in all."""
    )


def _wrapped(text: str) -> list[str]:
    """Lines of a paragraph; a long list of coordinates keeps its first two and its last."""
    lines = []
    for line in text.splitlines():
        pairs = line.split("), (")
        if len(pairs) > 3:
            line = "), (".join([*pairs[:2], f" ... {len(pairs) - 3} more ... ", pairs[-1]])
            line = line.replace("), ( ...", "), ...").replace("... ), (", "... (")
        lines += textwrap.wrap(line, 88)
    return lines


def tokens_to_place(tokens: Sequence[str], chances: Sequence[float] | None = None) -> Diagram:
    """From the tokens of a reply to a point on the map, by way of the reader of replies.

    Args:
        tokens: the reply as its model writes it, piece by piece; together they are the text.
        chances: of each token, where they are known, from 0 to 1.

    The reply must state a place, else there is nothing to draw on the map and the reason is shown.
    """
    text = "".join(tokens)
    reply = replies.parse(text)
    shown = [token.replace("\n", "↵").replace(" ", "␣") for token in tokens]
    widths = [max(24.0, 9.2 * len(token) + 12) for token in shown]
    step, spots, x, row = (34 if chances is None else 52), [], 24.0, 0
    for width in widths:
        if x + width > 872:
            x, row = 24.0, row + 1
        spots.append((x, 76 + step * row))
        x += width + 3
    y = 76 + step * (row + 1) + 12
    canvas = Canvas(y + 202, "From tokens to a place")
    canvas.panel(10, 40, 880, canvas.height - 50)
    note = "" if chances is None else ", each with its chance in per cent"
    canvas.text(24, 60, f"1  The model writes {len(tokens)} tokens{note}", ha="left", weight="bold")
    for number, ((x, top), width, token) in enumerate(zip(spots, widths, shown, strict=True)):
        sure = 0.25 if chances is None else float(chances[number])
        canvas.box(x, top, width, 28, token, color=BLUE, strength=0.06 + 0.5 * sure, edge=0.7,
                   size=SMALL, family="monospace")  # fmt: skip
        if chances is not None:
            canvas.text(x + width / 2, top + 38, f"{100 * sure:.0f}", size=9, color="#4a5259")
    canvas.text(24, y, "2  Together they are a text", ha="left", weight="bold")
    short = textwrap.shorten(" ".join(text.split()), 70)
    canvas.box(24, y + 14, 500, 30, short, color=INK, strength=0.0, edge=0.8, size=SMALL,
               family="monospace")  # fmt: skip
    canvas.text(
        24, y + 66, "3  The reader takes the place out, or refuses", ha="left", weight="bold"
    )
    if reply.coordinates is None:
        canvas.box(24, y + 80, 500, 40, textwrap.fill(reply.reason, 70), color=ORANGE, size=SMALL)
        return canvas.done(f"The {len(tokens)} tokens of a reply that is refused: {reply.reason}.")
    lat, lon = reply.coordinates
    city = places.nearest_city([reply.coordinates]).iloc[0]
    canvas.box(24, y + 80, 500, 32, f"form {reply.form}: latitude {lat:g}, longitude {lon:g}",
               color=GREEN, size=SMALL)  # fmt: skip
    canvas.text(24, y + 134, "4  The numbers are a place", ha="left", weight="bold")
    canvas.box(
        24, y + 148, 500, 32, f"{city['km']:.0f} km from {city['city']}, {city['country']}",
        color=ORANGE, size=SMALL, weight="bold",
    )  # fmt: skip
    axes = canvas.inset(548, y + 4, 326, 176, projection=_PLATE)
    middle = (np.clip(lon, -135, 135), np.clip(lat, -65, 65))
    axes.set_extent(
        [middle[0] - 45, middle[0] + 45, middle[1] - 24.3, middle[1] + 24.3], crs=_PLATE
    )
    _draw_earth(axes)
    axes.plot(lon, lat, "X", color=ORANGE, markersize=14, markeredgecolor="white", zorder=5)
    return canvas.done(
        f"""The {len(tokens)} tokens of a reply, the text that they make, what the reader of replies
        takes out of it, latitude {lat:g} and longitude {lon:g}, and that point on a map,
        {city["km"]:.0f} km from {city["city"]}, {city["country"]}."""
    )


def resumed_run(stopped: int = 15, photos: int = 6, plan: str = "paper") -> Diagram:
    """A run that is stopped and goes on (a sketch): what was answered is in the store.

    Args:
        stopped: requests that are answered before the first run stops.
        photos: of the run.
        plan: a key of `prompts.PLANS`; each photo is asked with each of its prompts.
    """
    numbers = PLANS[plan].references
    total = photos * len(numbers)
    canvas = Canvas(154 + 30 * photos, "A run that is stopped and goes on (a sketch)")
    canvas.panel(10, 40, 880, canvas.height - 50)
    left = total - stopped
    for n, (title, words) in enumerate(
        (("first run", f"{stopped} answered, then stopped"),
         ("second run, the same call", f"{stopped} from the store, {left} asked"))
    ):  # fmt: skip
        x = 110 + 490 * n
        canvas.text(x + 120, 62, title, weight="bold")
        for column, k in enumerate(numbers):
            canvas.text(x + 30 + 60 * column, 88, f"{k} + {k}", size=SMALL)
        for request in range(total):
            row, column = divmod(request, len(numbers))
            first = request < stopped
            words_in = ("✓" if first else "") if n == 0 else ("store" if first else "✓")
            canvas.box(
                x + 60 * column + 3, 100 + 30 * row, 54, 26, words_in,
                color=GREEN if (first and n == 1) else BLUE if (first or n == 1) else GREY,
                strength=0.3 if words_in else 0.0, edge=1.0, style="-" if words_in else "--",
                size=SMALL,
            )  # fmt: skip
        canvas.text(x + 60 * len(numbers) / 2, 112 + 30 * photos, words, size=SMALL, weight="bold")
    for row in range(photos):
        canvas.text(100, 113 + 30 * row, f"photo {row + 1}", ha="right", size=SMALL)
    y = 100 + 15 * photos
    canvas.box(404, y - 44, 132, 80, f"store on disk\n{stopped} requests\nwith their replies",
               color=GREEN, size=SMALL)  # fmt: skip
    canvas.arrow((356, y - 4), (404, y - 4), color=BLUE, width=2.2)
    canvas.arrow((536, y - 4), (596, y - 4), color=GREEN, width=2.2)
    return canvas.done(
        f"""Sketch of two runs over {photos} photos with {len(numbers)} prompts each. The first run
        answers {stopped} of {total} requests and stops; each reply went into a store on disk. The
        second run takes these {stopped} from the store and asks the other {left} only."""
    )
