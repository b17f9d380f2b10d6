"""How long the reader of replies takes: recorded replies, and a megabyte of almost anything.

    OMP_NUM_THREADS=1 python benchmarks/replies.py

Prints milliseconds per recorded reply of MiniLMM, and for texts of a megabyte, in which a pattern
that goes back and forth would take minutes, the seconds of the slowest ones. On one core of a small
server, in processor time: 0.8 ms per reply, at most 0.5 s for 100,000 characters and 1 s for a
megabyte.
"""

import time

from g3lite.recipes import replies as reply_recipe
from g3lite.replies import LONGEST, parse

MEGABYTE = 1_000_000
PIECES = [
    "{", "{}", '{"lat":', '{"a": [', "(1.5, ", "(1.5, 2.5) ", "[lat,lon] (1.5, 2.5)", "1", "1. ",
    "1,", "1°1'", "lat ", "lat: 1.5, lon: 2.5 ", '{"lat": 1.5, "lon": 2.5}', "1.5° N ", " ", "\n",
    "N", "-", '"', "'", "`", "\\", "my best guess ", "for example ", "not ", "a", "<think>",
    "</think>", "<a ", "~~", "**", "| ", "1.5, 2.5\n", "2.5:\n", "longitude and ", "北", "?", "//",
    "\\\"", "my ", "my best ", "A", "这", "correction ", "hemisphere ",
]  # fmt: skip


def seconds(text: str) -> float:
    """Processor time of reading a text."""
    start = time.process_time()
    parse(text)
    return time.process_time() - start


def main() -> None:
    """Measure and print."""
    table, _ = reply_recipe.recorded()
    texts = table["text"].dropna().sample(2000, random_state=0).tolist()
    print(f"{1000 * sum(map(seconds, texts)) / len(texts):.2f} ms per recorded reply")
    for size in (LONGEST, MEGABYTE):
        longs = {piece: piece * (size // len(piece)) for piece in PIECES}
        longs |= {
            f"<think>{piece}": f"<think>{text}</think>(1.5, 2.5)" for piece, text in longs.items()
        }
        slowest = sorted(((seconds(text), piece) for piece, text in longs.items()), reverse=True)
        print(f"{size:,} characters, {len(longs)} texts; the slowest:")
        for took, piece in slowest[:5]:
            print(f"  {took:.2f} s  {piece!r}")


if __name__ == "__main__":
    main()
