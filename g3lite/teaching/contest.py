"""The recorded candidates of many photos as arrays, for a judge that chooses among some of them.

contest = Contest(EvaluationRun.load("validation"), replies=5, retrieved=5)
contest.located(judge, 2, 1)  # with the first 2 replies of each prompt, and 1 retrieved place
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from g3lite.paper.run import EvaluationRun
from g3lite.verification import CandidateConfig

Judge = Callable[[np.ndarray, np.ndarray, np.ndarray], ArrayLike]
"""(q, d) photos, (q, c, d) places and (q, c) who takes part -> (q,) winners, -1 for none."""


class Contest:
    """Candidates of q photos, at most c for each.

    Args:
        run: photos with their replies and retrieved places.
        replies: of each prompt that are candidates (N).
        retrieved: places that are candidates (S).

    Attributes:
        table: the candidate table, a row each.
        places: float64 (q, c, 2), NaN where a photo has fewer candidates.
        image: float32 (q, d), unit rows: the photos beside coordinates.
        gps: float32 (q, c, d), unit rows: the candidates, NaN as in `places`.
    """

    def __init__(self, run: EvaluationRun, replies: int, retrieved: int) -> None:
        self.table = run.candidates(choice=CandidateConfig(replies=replies, retrieved=retrieved))
        photo = pd.Index(run.queries.ids).get_indexer(self.table["IMG_ID"])
        slot = self.table.groupby("IMG_ID", sort=False).cumcount().to_numpy()
        self._at = photo, slot
        self._shape = len(run.queries), int(slot.max()) + 1
        of_prompt = self.table.groupby(["IMG_ID", "references"], dropna=False)
        self._number = of_prompt.cumcount().to_numpy()
        spots, back = np.unique(
            self.table[["LAT", "LON"]].to_numpy(dtype=np.float64), axis=0, return_inverse=True
        )
        self.image = run.alignment.embed_images(run.features)[1]
        self.places = self._array(spots[back.ravel()])
        self.gps = self._array(run.alignment.embed_coordinates(spots)[back.ravel()])

    def _array(self, rows: np.ndarray) -> np.ndarray:
        array = np.full((*self._shape, *rows.shape[1:]), np.nan, dtype=rows.dtype)
        array[self._at] = rows
        return array

    def _chosen(self, n: int, s: int) -> np.ndarray:
        """Which rows of the table take part, bool (rows,)."""
        retrieved = self._number < np.maximum(s, self.table["fallback"])
        return np.where(self.table["origin"] == "reply", self._number < n, retrieved)

    def taking_part(self, n: int, s: int) -> np.ndarray:
        """Who takes part with n replies of each prompt and s retrieved places: bool (q, c)."""
        mask = np.zeros(self._shape, dtype=bool)
        mask[self._at] = self._chosen(n, s)
        return mask

    def rows(self, n: int, s: int) -> pd.DataFrame:
        """The same as a candidate table."""
        return self.table[self._chosen(n, s)]

    def at(self, winners: ArrayLike) -> np.ndarray:
        """Where the winners (q,) of the photos are: (q, 2); NaN for -1."""
        winners = np.asarray(winners)
        places = self.places[np.arange(len(winners)), winners]
        return np.where(winners[:, None] < 0, np.nan, places)

    def located(self, judge: Judge, n: int, s: int) -> np.ndarray:
        """Where a judge sees each photo: (q, 2), NaN for nowhere."""
        return self.at(judge(self.image, self.gps, self.taking_part(n, s)))
