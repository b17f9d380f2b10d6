"""Diagrams of what several processes do: blocks of photos, and the rows of a joined batch."""

from __future__ import annotations

from g3lite.figures.diagrams.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    SMALL,
    Canvas,
    Diagram,
)


def blocks() -> Diagram:
    """How a list of photos becomes vectors: blocks, workers, one file for each finished block."""
    canvas = Canvas(330, "Blocks, workers, parts", "sketch")
    canvas.panel(10, 40, 880, 252)
    for x, title in ((110, "the list, in blocks"), (450, "workers with the model"),
                     (770, "parts on the disk")):  # fmt: skip
        canvas.text(x, 62, title, weight="bold")
    for n in range(6):
        top = 82 + 33 * n
        done, lost = n in (0, 1, 2, 4), n == 3
        color = GREEN if done else ORANGE if lost else GREY
        canvas.box(40, top, 140, 27, f"block {n}", color=color, size=SMALL)
        if done:
            canvas.box(700, top, 140, 27, f"part {n}, complete", color=GREEN, size=SMALL)
        else:
            words = "no part: to be done again" if lost else "not begun"
            canvas.text(770, top + 13, words, size=SMALL, color=INK)
    canvas.box(360, 100, 180, 60, "worker 1\nmakes block 4", color=BLUE)
    canvas.box(360, 196, 180, 60, "worker 2\nmade half of block 3", color=ORANGE, style="--")
    canvas.line([366, 534], [202, 250], color=ORANGE, linewidth=2.4, zorder=6)
    canvas.line([366, 534], [250, 202], color=ORANGE, linewidth=2.4, zorder=6)
    canvas.arrow((180, 228), (360, 136), color=BLUE)
    canvas.arrow((540, 136), (700, 228), color=GREEN)
    canvas.arrow((180, 195), (360, 222), color=ORANGE)
    canvas.text(450, 274, "killed: block 3 goes to another worker", size=SMALL)
    return canvas.done(
        """Six blocks of photos on the left, two workers in the middle, and the finished parts on
        the right. Worker 2 is crossed out: it was killed within block 3, which left no part and is
        given to another worker. Blocks 0, 1, 2 and 4 have complete parts."""
    )


def gathered(processes: int = 2, rows: int = 3) -> Diagram:
    """The joined batch as a matrix: which pairs a process sees alone, and which after gathering.

    Args:
        processes: that share the batch.
        rows: photos of each.
    """
    n = processes * rows
    canvas = Canvas(370, "One batch, two processes")
    canvas.panel(10, 40, 880, 320)
    side = 216 / n
    for left, title, all_rows in (
        (110, "each process alone", False),
        (540, "places gathered from both", True),
    ):
        canvas.text(left + 108, 64, title, weight="bold")
        for i in range(n):
            for j in range(n):
                own = i // rows == j // rows
                seen = own or all_rows
                color = (BLUE, ORANGE)[i // rows % 2] if seen else GREY
                strength = 0.75 if i == j else 0.22 if seen else 0.04
                canvas.box(left + side * j, 84 + side * i, side - 3, side - 3, color=color,
                           strength=strength, edge=0.8)  # fmt: skip
        for process in range(processes):
            middle = 84 + side * rows * (process + 0.5)
            canvas.text(left - 12, middle, f"photos of\nprocess {process + 1}", size=SMALL,
                        ha="right")  # fmt: skip
        pairs = n * n if all_rows else processes * rows * rows
        words = f"places; {pairs} of {n * n} pairs are compared"
        canvas.text(left + 108, 318, words, size=SMALL)
    canvas.text(450, 344, "dark: a photo and its own place. light: a wrong place. pale: not seen",
                size=SMALL)  # fmt: skip
    return canvas.done(
        f"""Two matrices of {n} photos and {n} places. On the left each of the {processes} processes
        compares its own {rows} photos with its own {rows} places only. On the right the places of
        all processes are gathered first, and all {n * n} pairs are compared."""
    )
