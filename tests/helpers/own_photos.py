"""A folder of somebody's photos: of a few places, each with a colour of its own."""

from pathlib import Path

import numpy as np
from exif_blocks import ASCII, RATIONAL, exif_of
from PIL import Image

PLACES = {
    "berlin": ((52.52, 13.4), (200, 40, 40)),
    "quito": ((-0.22, -78.51), (40, 200, 40)),
    "suva": ((-18.14, 178.44), (40, 40, 200)),
    "oslo": ((59.91, 10.75), (220, 220, 60)),
}


def gps(lat: float, lon: float) -> dict:
    """The entries of an EXIF block for a position."""
    parts = [(RATIONAL, [(round(abs(x) * 10_000), 10_000), (0, 1), (0, 1)]) for x in (lat, lon)]
    return {1: (ASCII, "NS"[lat < 0]), 2: parts[0], 3: (ASCII, "EW"[lon < 0]), 4: parts[1]}


def save(path: Path, place: str, seed: int, located: bool = True) -> None:
    """Write a photo of a place."""
    where, colour = PLACES[place]
    noise = np.random.default_rng([seed, *colour]).normal(0, 25, (48, 64, 3))
    pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = {"exif": exif_of(gps(*where))} if located else {}
    Image.fromarray(pixels).save(path, quality=95, **exif)


def folder_of(folder: Path, each: int = 4) -> Path:
    """A folder with so many photos of each place, and some that are of no use."""
    for place in PLACES:
        for number in range(each):
            save(folder / place / f"{number}.jpg", place, number)
    save(folder / "nowhere.jpg", "oslo", 90, located=False)
    (folder / "copy.jpg").write_bytes((folder / "berlin" / "0.jpg").read_bytes())
    whole = (folder / "quito" / "1.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[:-400])
    (folder / "text.jpg").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("not a photo")
    return folder
