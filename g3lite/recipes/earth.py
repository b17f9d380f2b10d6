"""The Earth as GeoCLIP's location encoder sees it: a picture of 2 degrees a pixel, and cosines.

`build` reads the trained weights out of the package `geoclip`, which pip fetches (40 MB), and
embeds the Earth: some minutes on one core.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd
from PIL import Image

from g3lite.baselines import earth
from g3lite.baselines.geoclip import ENCODER, PLACES, WHEEL, embed, location_encoder

RUN = {
    "version": 1, "step": earth.STEP, "points": earth.POINTS, "distances": earth.DISTANCES_KM,
    "weights": dict(WHEEL.files),
}  # fmt: skip
"""What the files follow from."""


def build(folder: Path) -> None:
    """Write `geoclip/earth.png` and `geoclip/cosines.csv` into the data folder."""
    package = WHEEL.unpacked()
    encode = partial(embed, location_encoder(package / ENCODER))
    places = pd.read_csv(package / PLACES)[["LAT", "LON"]].to_numpy(float)
    out = folder / "geoclip"
    out.mkdir(exist_ok=True)
    picture = earth.colours(earth.cells(encode))[::-1]
    Image.fromarray(picture).save(out / "earth.png", optimize=True)
    table = earth.cosines(encode, places)
    table.to_csv(out / "cosines.csv", index=False, float_format="%.4f", lineterminator="\n")
