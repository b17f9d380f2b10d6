"""A prediction as a notebook shows it: photo, map, candidates and evidence, as HTML.

The HTML needs nothing but itself, and neither scripts nor styles, which GitHub strips: tables and
pictures are left as they are. It names no colour of its own, so that it suits a dark page too. All
text is escaped; the photo is encoded anew, without what its file says about place and time.
"""

from __future__ import annotations

import base64
import io
from html import escape

import numpy as np
import pandas as pd
from PIL import Image

from g3lite import G3Error, geo, places
from g3lite.figures.maps import candidate_maps
from g3lite.figures.style import encode
from g3lite.photos import PhotoSet
from g3lite.pipeline import Prediction

PHOTO_BYTES = 45_000
MAP_BYTES = 60_000
_SIDES = (384, 320, 256, 192, 128)  # of the photo, in pixels: the first whose JPEG is small enough
_MAP_WIDTH, _MAP_INCHES = 480, (5.4, 3.2)  # pixels on the page; so small that its text is not
_ROWS = 5


def prediction_card(prediction: Prediction, photos: PhotoSet) -> str:
    """HTML of a prediction, at most 150 kB; a photo that cannot be read any more is left out.

    Args:
        prediction: what `Pipeline.locate` returned.
        photos: where the picture of its IMG_ID can be read.
    """
    said, *more = (escape(line.strip()) for line in str(prediction).splitlines())
    parts = [f"<p><b>{said}</b></p>", *(f"<p>{line}</p>" for line in more)]
    pictures = [_photo(prediction, photos)]
    if prediction.coordinates is not None:
        pictures.append(_map(prediction))
        candidates, evidence = _candidates(prediction), _neighbours(prediction)
        parts += [_table("Candidates, the best first", candidates)]
        parts += [_table("Evidence: the most similar photos of the gallery", evidence)]
    row = "".join(f"<td>{picture}</td>" for picture in pictures if picture)
    parts.insert(1, f"<table><tr>{row}</tr></table>" if row else "")
    return f"<div>{''.join(parts)}</div>"


def _photo(prediction: Prediction, photos: PhotoSet) -> str:
    try:
        image = photos.image(prediction.img_id, longest_side=_SIDES[0])
    except (G3Error, OSError):
        return ""
    for side in _SIDES:
        data, small = io.BytesIO(), image.copy()
        small.thumbnail((side, side), Image.Resampling.LANCZOS)
        small.save(data, "JPEG", quality=80, optimize=True)
        if data.tell() <= PHOTO_BYTES:
            break
    return _picture("image/jpeg", data.getvalue(), f"photo {prediction.img_id}", 240)


def _map(prediction: Prediction) -> str:
    winner = prediction.coordinates
    candidates = prediction.candidates[["LAT", "LON"]].to_numpy(dtype=np.float64)
    kind = "fallback" if prediction.fallback else "prediction"
    regions = {0: prediction.where.region[0]} if prediction.where else None
    figure = candidate_maps([("", kind, winner, candidates, None)], regions=regions)
    figure.set_size_inches(_MAP_INCHES)
    mime, data = encode(figure, dpi=120)
    if len(data) > MAP_BYTES:
        mime, data = encode(figure, dpi=_MAP_WIDTH / _MAP_INCHES[0])
    alt = f"map of the candidates and of the answer, {prediction.place}"
    return _picture(mime, data, alt, _MAP_WIDTH)


def _picture(mime: str, data: bytes, alt: str, width: int) -> str:
    text = base64.b64encode(data).decode()
    return f'<img src="data:{mime};base64,{text}" alt="{escape(alt)}" width="{width}">'


def _candidates(prediction: Prediction) -> pd.DataFrame:
    """The best different places, with how often each was named."""
    table = prediction.candidates
    table = table.assign(times=table.groupby(["LAT", "LON"])["score"].transform("size"))
    table = table.drop_duplicates(["LAT", "LON"]).head(_ROWS)
    spots = table[["LAT", "LON"]].to_numpy(dtype=np.float64)
    cities = places.nearest_city(spots)
    return pd.DataFrame(
        {
            "score": [f"{score:.3f}" for score in table["score"]],
            "latitude, longitude": [f"{lat:.4f}, {lon:.4f}" for lat, lon in spots],
            "near": [f"{c.km:.0f} km from {c.city}, {c.country}" for c in cities.itertuples()],
            "from": table["origin"].map({"reply": "the model", "retrieved": "a similar photo"}),
            "times": table["times"],
        }
    )


def _neighbours(prediction: Prediction) -> pd.DataFrame:
    table = prediction.neighbours.head(_ROWS)
    if not len(table):
        return pd.DataFrame()
    spots = table[["LAT", "LON"]].to_numpy(dtype=np.float64)
    known = [column for column in ("city", "country") if column in table]
    near = places.nearest_city(spots)
    named = table[known].fillna("").agg(", ".join, axis=1) if known else near["city"]
    return pd.DataFrame(
        {
            "similarity": [f"{one:.3f}" for one in table["similarity"]],
            "taken in": [str(name).strip(", ") for name in named],
            "from the answer": [
                f"{km:,.0f} km" for km in geo.great_circle_km(spots, prediction.coordinates)
            ],
        }
    )


def _table(title: str, table: pd.DataFrame) -> str:
    if not len(table):
        return ""
    head = "".join(f"<th>{escape(name)}</th>" for name in table)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(str(value))}</td>' for value in row)}</tr>"
        for row in table.itertuples(index=False)
    )
    return f"<p>{escape(title)}</p><table><tr>{head}</tr>{rows}</table>"
