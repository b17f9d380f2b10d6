"""Photos that must not be parted: photographers, walks and days stay whole in one part."""

from __future__ import annotations

import numpy as np
import pandas as pd

from g3lite import G3Error

MOST = 5_000
"""Validation has no more photos than needed, however many there are."""


def groups(table: pd.DataFrame) -> tuple[pd.Series, str]:
    """What must not be parted, (n,), and its name: photographers, where known.

    Photos of an unknown photographer go by the sequence (a drive, or walk) that they belong to,
    else by the day when they were taken, else by their folder. Pictures of one walk are near
    copies of each other: in two parts they would make the heads look better than they are.
    """
    author = table["AUTHOR"].astype("string")
    if author.notna().all():
        return author, "photographers"
    taken = table["taken"] if "taken" in table else pd.Series(pd.NaT, index=table.index)
    day = pd.to_datetime(taken).dt.strftime("day %Y-%m-%d").astype("string")
    folder = "folder " + table["IMG_ID"].str.rpartition("/")[0]
    drive = table.get("sequence", pd.Series(pd.NA, index=table.index)).astype("string")
    named = {"photographers": author, "sequences": drive, "days": day,
             "folders": folder.astype("string")}  # fmt: skip
    parts, kinds = pd.Series(pd.NA, index=table.index, dtype="string"), []
    for kind, values in named.items():
        if (parts.isna() & values.notna()).any():
            parts, kinds = parts.fillna(values), [*kinds, kind]
    return parts, " and ".join(kinds)


def split(table: pd.DataFrame, share: float = 0.15, seed: int = 0) -> tuple[np.ndarray, str]:
    """Which photos are for validation, bool (n,), and by what they were parted (`groups`).

    Whole groups in random order, until at least `share` of the photos are reached, or `MOST`; a
    group that would take validation above twice that is passed over.

    Raises:
        G3Error: there are not two groups, or all are too large.
    """
    parts, kind = groups(table)
    wanted = min(share * len(table), MOST)
    sizes = parts.value_counts().sort_index()
    chosen, number = [], 0
    for group in np.random.RandomState(seed).permutation(sizes.index.to_numpy(object)):
        if number < wanted and number + sizes[group] <= max(2 * wanted, 2):
            chosen.append(group)
            number += sizes[group]
    if number < 2 or number == len(table):
        raise G3Error(
            f"{len(table):,} photos in {len(sizes)} {kind}: no part for validation can be taken "
            "from them without parting one; name the photographers in a column AUTHOR, or take "
            "more photos"
        )
    return parts.isin(chosen).to_numpy(bool), kind
