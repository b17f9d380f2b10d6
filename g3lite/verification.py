"""Geo-verification: many candidates become one prediction (the paper's Section 3.3).

The candidates for a photo are the replies that a model gave to its prompts, and where the most
similar gallery photos were taken. Each is scored by how well the photo's vector in the image-GPS
space agrees with the coordinate's, and the best one is the prediction:

    candidates -> Verifier.score -> winners

A candidate table has a row per candidate: IMG_ID, origin ("reply" or "retrieved"), references (in
the prompt; NA for a retrieved one), sample (number of the reply; for a retrieved one its rank, 0
for the most similar photo), LAT, LON and fallback (replies were wanted, and none of this photo's
could be read: its candidates come from retrieval alone). In the official code a latitude beyond 90
degrees becomes NaN, and NaN wins every argmax; here nothing but a place on Earth is a candidate.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from pandas.api.types import is_bool_dtype

from g3lite.alignment import GeoAlignment

COLUMNS = ["IMG_ID", "origin", "references", "sample", "LAT", "LON", "fallback"]
"""Of a candidate table; `Verifier.score` adds score."""
PREDICTIONS = [
    "IMG_ID", "LAT_pred", "LON_pred", "score", "origin", "references", "sample", "fallback",
]  # fmt: skip
"""Of the table that `winners` returns."""
_BLOCK = 1024  # candidates whose vectors are gathered at once: they stay in the processor's cache

# ----------------------------------------------------------------------------- score and winners


class Verifier:
    """Scores the candidates of q photos.

    Every coordinate is encoded once in the life of a verifier, however many candidates and tables
    it occurs in: another N or S costs hardly anything. Kept are a vector per photo and one per
    coordinate, 4 * shared bytes each (60,000 coordinates in 256 numbers: 61 MB).

    Args:
        model: the alignment.
        ids: q IMG_IDs.
        features: (q, image) features of the frozen backbone, not normalised, in the same order.

    Raises:
        ValueError: an IMG_ID occurs twice; or features that are not finite, not q, or not of the
            model's backbone.
    """

    def __init__(self, model: GeoAlignment, ids: Sequence[str], features: np.ndarray) -> None:
        self._model, self._ids = model, unique_ids(ids)
        features = np.asarray(features)
        if len(features) != len(self._ids):
            raise ValueError(f"{len(features)} features for {len(self._ids)} photos")
        _, self._images = model.embed_images(features)
        wrong = ~np.isfinite(self._images).all(axis=1)
        if wrong.any():
            raise ValueError(
                f"{wrong.sum()} photos have features that are not finite, or the model makes none "
                f"of them; the first is {self._ids[wrong.argmax()]!r}"
            )
        # A point is latitude + i longitude: one value, which can be sorted and looked up.
        self._points = pd.Index([], dtype=np.complex128)
        self._vectors = model.embed_coordinates(np.empty((0, 2)))

    def score(self, candidates: pd.DataFrame) -> pd.DataFrame:
        """The table with the column score: inner products of unit vectors, float32 in [-1, 1].

        Raises:
            ValueError: a candidate of another photo, or one that is no place on Earth; or the model
                gives scores that are not finite.
        """
        query = positions(self._ids, require_columns(candidates, COLUMNS)["IMG_ID"], "candidates")
        place = self._places(checked_coordinates(candidates))
        score = np.empty(len(candidates), dtype=np.float32)
        for start in range(0, len(score), _BLOCK):
            block = slice(start, start + _BLOCK)
            image, gps = self._images[query[block]], self._vectors[place[block]]  # (b, d)
            score[block] = np.einsum("nd,nd->n", image, gps)
        if not np.isfinite(score).all():
            raise ValueError(
                f"{(~np.isfinite(score)).sum()} of {len(score)} scores are not finite: the model's "
                "weights are damaged"
            )
        return candidates.assign(score=score)

    def _places(self, coordinates: np.ndarray) -> np.ndarray:
        """The number (n,) of each coordinate's vector; those not seen before are encoded."""
        points = coordinates[:, 0] + 1j * coordinates[:, 1]
        new = np.unique(points[self._points.get_indexer(points) < 0])
        if len(new):
            vectors = self._model.embed_coordinates(np.column_stack([new.real, new.imag]))
            self._points = self._points.append(pd.Index(new))
            self._vectors = np.concatenate([self._vectors, vectors])
        return self._points.get_indexer(points)


def winners(scored: pd.DataFrame) -> pd.DataFrame:
    """The candidate with the highest score of each photo.

    Of candidates with the same score the first wins: a reply before a retrieved one, few references
    before many, then the smaller sample. The order of the rows does not matter.

    Returns:
        A row per photo, in the order in which the photos first occur: IMG_ID, LAT_pred, LON_pred,
        score, origin, references, sample and fallback. `evaluation` takes it as it is.
    """
    table, query, _ = in_tie_order(require_columns(scored, [*COLUMNS, "score"]))
    checked_coordinates(table)
    score = table["score"].to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isnan(score).any():
        raise ValueError(f"{np.isnan(score).sum()} candidates have no score; score them again")
    order = np.lexsort([-score, query])  # by photo, the best score first; ties keep their order
    best = order[np.flatnonzero(np.diff(query[order], prepend=-1))]  # the first row of each photo
    named = table.rename(columns={"LAT": "LAT_pred", "LON": "LON_pred"})
    return named.iloc[best][PREDICTIONS].reset_index(drop=True)


# ------------------------------------------------------------------------------------ candidates


@dataclass(frozen=True)
class CandidateConfig:
    """Which candidates compete."""

    references: tuple[int, ...] | None = (0, 5, 10, 15)
    """The prompts, by their number of references; None for all that there are."""
    replies: int = 5
    """Of each prompt: the paper's N."""
    retrieved: int = 0
    """Coordinates of the most similar gallery photos: the paper's S."""

    def __post_init__(self) -> None:
        if min(self.replies, self.retrieved) < 0 or self.replies == self.retrieved == 0:
            raise ValueError(
                f"{self.replies} replies per prompt and {self.retrieved} retrieved coordinates; "
                "neither is below 0, and one of them is above"
            )
        if self.references is not None:
            numbers = tuple(operator.index(k) for k in self.references)
            if len(set(numbers)) < len(numbers) or (self.replies and not numbers):
                raise ValueError(f"references {numbers}: name different numbers, at least one")
            object.__setattr__(self, "references", numbers)

    @classmethod
    def from_name(cls, which: str | CandidateConfig) -> CandidateConfig:
        """The choice called so (a key of `CANDIDATE_CONFIGS`), or itself."""
        if isinstance(which, CandidateConfig):
            return which
        if which not in CANDIDATE_CONFIGS:
            raise ValueError(
                f"unknown choice {which!r}; there are {', '.join(CANDIDATE_CONFIGS)}, or make a "
                "CandidateConfig"
            )
        return CANDIDATE_CONFIGS[which]


CANDIDATE_CONFIGS = {
    "paper_im2gps3k": CandidateConfig(),
    "paper_yfcc4k": CandidateConfig(replies=1, retrieved=1),
    "official": CandidateConfig(retrieved=1),
    "miniearth": CandidateConfig(replies=2, retrieved=1),
}
"""Presets: what the paper states for its two test sets; what the official code does for both (it
adds the most similar photo once per reply; once is as good); and what suits MiniEarth's validation
photos best (`g3lite.paper.choice`)."""


def candidates(
    ids: Sequence[str],
    replies: pd.DataFrame | None = None,
    retrieved: ArrayLike | None = None,
    choice: str | CandidateConfig = "paper_im2gps3k",
) -> pd.DataFrame:
    """Candidates of q photos, one table for all.

    Rows are in the order of the photos; of one photo, replies come before retrieved coordinates,
    few references before many, then by sample. A photo none of whose replies could be read has its
    retrieved coordinates alone, or, if `choice` has none, a single one: where its most similar
    gallery photo was taken. There the column fallback is True. If the search found none either, it
    has no row.

    Args:
        ids: q IMG_IDs.
        replies: what `lmm.ask.ask` returned for these photos. Of each prompt the first N that are
            used become candidates, fewer where fewer could be read. None if `choice` has none.
        retrieved: (q, k, 2) where the most similar photos were taken, the most similar first; k at
            least S. NaN where no photo was found, which is no candidate. Needed if S is above 0 or
            a photo has no reply that can be read.
        choice: a key of `CANDIDATE_CONFIGS`, or a `CandidateConfig`.

    Raises:
        ValueError: ids, replies and retrieved coordinates are not of the same photos; the replies
            lack a prompt, or have fewer for each than N; a candidate is no place on Earth; or a
            photo has no reply that can be read and `retrieved` was not given.
    """
    choice, ids = CandidateConfig.from_name(choice), unique_ids(ids)
    retrieved = None if retrieved is None else _shaped(retrieved, len(ids))
    have = 0 if retrieved is None else retrieved.shape[1]
    if choice.retrieved > have:
        raise ValueError(
            f"{choice.retrieved} retrieved coordinates per photo are wanted, {have} were given; "
            "search for more neighbours"
        )
    everyone, parts = np.arange(len(ids)), []
    silent = everyone[:0]  # photos none of whose replies could be read
    if choice.replies:
        parts.append(_replies(ids, replies, choice))
        silent = np.setdiff1d(everyone, parts[0]["query"])
    if len(silent) and have == 0:
        raise ValueError(
            f"{len(silent)} of {len(ids)} photos have no reply that can be read, the first is "
            f"{ids[silent[0]]!r}; give `retrieved` to fall back to the most similar gallery photo"
        )
    if choice.retrieved:
        parts.append(_retrieved(everyone, retrieved[:, : choice.retrieved]))
    elif len(silent):
        parts.append(_retrieved(silent, retrieved[silent, :1]))
    table = pd.concat(parts).sort_values("query", kind="stable", ignore_index=True)
    table["fallback"] = table["query"].isin(silent)
    table.insert(0, "IMG_ID", ids[table["query"]])
    checked_coordinates(table)
    return table[COLUMNS]


def _replies(ids: pd.Index, replies: pd.DataFrame | None, choice: CandidateConfig) -> pd.DataFrame:
    """The candidates among the replies, with the number of their photo."""
    if replies is None:
        raise ValueError(f"{choice.replies} replies per prompt are wanted, and none were given")
    replies = require_columns(
        replies, ["IMG_ID", "references", "sample", "LAT", "LON", "used"], "replies"
    )
    if not is_bool_dtype(replies["used"]) or replies["used"].isna().any():
        raise ValueError(f"the column used holds {replies['used'].dtype}, not True and False")
    query = positions(ids, replies["IMG_ID"], "replies")
    absent = np.setdiff1d(np.arange(len(ids)), query)
    if len(absent):
        raise ValueError(
            f"{len(absent)} of {len(ids)} photos have no row in the table of replies, the first is "
            f"{ids[absent[0]]!r}; ask about them too, or leave them out of the ids"
        )
    rows = replies.drop(columns="IMG_ID").assign(query=query)
    if choice.references is not None:
        lacking = sorted(set(choice.references) - set(rows["references"]))
        if len(ids) and lacking:
            raise ValueError(
                f"no replies to prompts with {lacking} references; the table has those with "
                f"{sorted(set(rows['references']))}"
            )
        rows = rows[rows["references"].isin(choice.references)]
    prompt = ["query", "references"]
    rows = rows.sort_values([*prompt, "sample"], kind="stable")
    twice = rows.duplicated([*prompt, "sample"])
    if twice.any():
        row = rows[twice].iloc[0]
        raise ValueError(
            f"{twice.sum()} replies occur twice, the first is sample {row['sample']} of "
            f"{ids[row['query']]!r} with {row['references']} references; are these two runs?"
        )
    _check_number(rows, choice.replies)
    rows = rows[rows["used"]]
    rows = rows[rows.groupby(prompt).cumcount() < choice.replies]
    return rows[["query", "sample", "LAT", "LON"]].assign(
        origin="reply", references=rows["references"].astype("Int64")
    )


def _check_number(rows: pd.DataFrame, n: int) -> None:
    """Refuse an N above what the plan of the replies used, which would quietly be a smaller N."""
    prompts = rows.assign(spare=~rows["used"] & rows["LAT"].notna(), asked=1).groupby(
        ["query", "references"]
    )[["used", "spare", "asked"]]
    counts = prompts.sum()
    if len(counts) and counts["asked"].max() < n:
        raise ValueError(
            f"{n} replies per prompt are wanted, {counts['asked'].max()} were asked for"
        )
    short = (counts["used"] < n) & (counts["spare"] > 0)
    if short.any():
        raise ValueError(
            f"{n} replies per prompt are wanted, but the plan used {counts['used'][short].max()} "
            "and left readable ones out; ask again with a plan whose `replies` is as large (what "
            "the store has is not asked for twice)"
        )


def _retrieved(query: np.ndarray, coordinates: np.ndarray) -> pd.DataFrame:
    """Candidates of the photos with these numbers: coordinates (len(query), s, 2), NaN for none."""
    number, s, _ = coordinates.shape
    table = pd.DataFrame(
        {
            "query": np.repeat(query, s),
            "sample": np.tile(np.arange(s), number),
            "LAT": coordinates[:, :, 0].ravel(),
            "LON": coordinates[:, :, 1].ravel(),
            "origin": "retrieved",
            "references": pd.array([pd.NA], dtype="Int64").repeat(number * s),
        }
    )
    return table[~np.isnan(coordinates).all(axis=2).ravel()]


# ----------------------------------------------------------------------------------------- checks


def unique_ids(ids: Iterable[str]) -> pd.Index:
    """The ids as an index, or a ValueError if one is missing or occurs twice."""
    ids = pd.Index(ids)
    wrong = ids.duplicated() | ids.isna()
    if wrong.any():
        raise ValueError(f"IMG_ID {ids[wrong.argmax()]!r} is missing or occurs more than once")
    return ids


def positions(ids: pd.Index, of: pd.Series, name: str) -> np.ndarray:
    """The positions (n,) of these IMG_IDs among the ids."""
    numbers = ids.get_indexer(of)
    unknown = numbers < 0
    if unknown.any():
        raise ValueError(
            f"{unknown.sum()} rows of the {name} are of other photos, the first of "
            f"{of.iloc[unknown.argmax()]!r}; is this the table of another photo set?"
        )
    return numbers


def require_columns(
    table: pd.DataFrame, columns: list[str], name: str = "candidates"
) -> pd.DataFrame:
    """The table itself, or a ValueError that names the columns it lacks."""
    lacking = [column for column in columns if column not in table]
    if lacking:
        hint = "; `Verifier.score` adds it" if lacking == ["score"] else ""
        raise ValueError(f"the table of {name} lacks {lacking}; it has {list(table.columns)}{hint}")
    return table


def _shaped(retrieved: ArrayLike, photos: int) -> np.ndarray:
    retrieved = np.asarray(retrieved, dtype=np.float64)
    if retrieved.ndim != 3 or (len(retrieved), retrieved.shape[2]) != (photos, 2):
        raise ValueError(
            f"retrieved coordinates have shape {retrieved.shape}; for {photos} photos it is "
            f"({photos}, k, 2), [lat, lon] in degrees"
        )
    return retrieved


def checked_coordinates(table: pd.DataFrame) -> np.ndarray:
    """float64 (n, 2) of a table; NaN and what is out of range is refused."""
    coordinates = table[["LAT", "LON"]].to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = ~(np.abs(coordinates) <= [90, 180]).all(axis=1)
    if wrong.any():
        row = wrong.argmax()
        lat, lon = coordinates[row]
        raise ValueError(
            f"{wrong.sum()} of {len(table)} coordinates are no place on Earth, the first is "
            f"({lat:g}, {lon:g}) of {table['IMG_ID'].iloc[row]!r}; latitudes lie within [-90, 90], "
            "longitudes within [-180, 180]: leave such rows out (replies: set used to False)"
        )
    return coordinates


def in_tie_order(candidates: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray, pd.Index]:
    """The table in the order that ties are decided by, each row's photo by number, and the ids."""
    query, ids = pd.factorize(candidates["IMG_ID"])
    if (query < 0).any():
        raise ValueError(f"{(query < 0).sum()} candidates have no IMG_ID")
    order = np.lexsort(
        [
            candidates["sample"].to_numpy(),
            candidates["references"].to_numpy(dtype=np.int64, na_value=0),
            candidates["origin"].to_numpy() != "reply",
            query,
        ]
    )
    return candidates.iloc[order], query[order], ids
