"""What the paper reports: shares of photos within five distances, per cent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from g3lite import evaluation

PUBLISHED = {
    "IM2GPS3K": {
        "[L]kNN": (7.2, 19.4, 26.9, 38.9, 55.9),
        "PlaNet": (8.5, 24.8, 34.3, 48.4, 64.6),
        "CPlaNet": (10.2, 26.5, 34.6, 48.6, 64.6),
        "ISNs": (10.5, 28.0, 36.6, 49.7, 66.0),
        "Translocator": (11.8, 31.1, 46.7, 58.9, 80.1),
        "GeoDecoder": (12.8, 33.5, 45.9, 61.0, 76.1),
        "GeoCLIP": (14.11, 34.47, 50.65, 69.67, 83.82),
        "Img2Loc": (15.34, 39.83, 53.59, 69.7, 82.78),
        "PIGEON": (11.3, 36.7, 53.8, 72.4, 85.3),
        "G3": (16.65, 40.94, 55.56, 71.24, 84.68),
        "w/o Geo-A": (15.71, 40.64, 54.85, 70.8, 84.05),
        "w/o Geo-D": (16.35, 40.51, 53.89, 69.2, 83.11),
        "w/o Geo-V": (14.98, 38.27, 51.25, 67.6, 81.18),
    },
    "YFCC4K": {
        "[L]kNN": (2.3, 5.7, 11.0, 23.5, 42.0),
        "PlaNet": (5.6, 14.3, 22.2, 36.4, 55.8),
        "CPlaNet": (7.9, 14.8, 21.9, 36.4, 55.5),
        "ISNs": (6.5, 16.2, 23.8, 37.4, 55.0),
        "Translocator": (8.4, 18.6, 27.0, 41.1, 60.4),
        "GeoDecoder": (10.3, 24.4, 33.9, 50.0, 68.7),
        "GeoCLIP": (9.59, 19.31, 32.63, 55.0, 74.69),
        "Img2Loc": (19.78, 30.71, 41.4, 58.11, 74.07),
        "PIGEON": (10.4, 23.7, 40.6, 62.2, 77.7),
        "G3": (23.99, 35.89, 46.98, 64.26, 78.15),
        "w/o Geo-A": (20.8, 32.72, 44.25, 61.83, 76.64),
        "w/o Geo-D": (20.28, 31.87, 43.67, 60.84, 76.25),
        "w/o Geo-V": (19.03, 30.24, 40.93, 57.93, 72.83),
    },
}
"""Tables 1 and 2 of the paper: per cent of the photos within 1, 25, 200, 750 and 2500 km."""
PUBLISHED_PHOTOS = {"IM2GPS3K": 2_997, "YFCC4K": 4_536}


def published_table(which: str, rows: Sequence[str] | None = None) -> pd.DataFrame:
    """Rows of the paper's Tables 1 and 2, per cent, with the margin that the number of photos sets.

    The margin is 1.96 standard errors of a share, as if every photo were evidence of its own; as
    photographers take many, the true one is larger.
    """
    table = pd.DataFrame(PUBLISHED[which], index=list(evaluation.THRESHOLD_NAMES)).T
    share = table.loc[list(rows or table.index)] / 100
    margin = 1.96 * np.sqrt(share * (1 - share) / PUBLISHED_PHOTOS[which])
    return (100 * share).map("{:.2f}".format) + (100 * margin).map(" ± {:.2f}".format)


def published_margins(rows: Sequence[str]) -> pd.DataFrame:
    """By how much the paper's G3 is above rows of its tables: the mean of the five shares.

    Returns:
        A line per row and set: group (the row), method (whose photos), difference (a share), and
        low and high, which are NaN: an interval needs the answers to the single photos.
    """
    return pd.DataFrame(
        {
            "group": name,
            "method": f"the paper, {which}",
            "difference": np.subtract(table["G3"], table[name]).mean() / 100,
            "low": np.nan,
            "high": np.nan,
        }
        for name in rows
        for which, table in PUBLISHED.items()
    )
