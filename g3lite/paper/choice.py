"""The temperature, and how many candidates compete: chosen on validation, grid and all.

    python -m g3lite.paper.choice

asks MiniLMM about the first `PHOTOS` validation photos at each of `TEMPERATURES` and prints the
grid: what G3 reaches with each temperature, each number of replies of a prompt (the paper's N) and
each number of retrieved places (its S). The criterion is the primary outcome of every comparison
here, the mean of the five shares of G3's own answers.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from g3lite import evaluation, miniearth
from g3lite.paper.margins import OUTCOME
from g3lite.paper.plan import CHOSEN_ON
from g3lite.paper.run import EvaluationRun
from g3lite.prompts import PromptPlan
from g3lite.recipes import replies as reply_recipe
from g3lite.recipes.replies import PART, Setting
from g3lite.verification import CandidateConfig, winners

PHOTOS = 1200
TEMPERATURES = (0.2, 0.4, 0.7, 1.0)
REPLIES = (1, 2, 3, 4, 5)
RETRIEVED = (0, 1, 2, 3, 5, 10, 15)
RUN = [PHOTOS, TEMPERATURES, REPLIES, RETRIEVED]


def grid() -> pd.DataFrame:
    """What G3 reaches on validation with each choice.

    Returns:
        temperature, N, S, "mean of five" and the five shares, the best first; of equal ones the one
        with fewer candidates.
    """
    queries = miniearth.load(CHOSEN_ON, PHOTOS)
    rows = reply_recipe.search(miniearth.load("gallery"), queries)
    rows_of_grid = []
    for temperature in TEMPERATURES:
        way = Setting(PromptPlan(replies=max(REPLIES), temperature=temperature))
        jobs = (delayed(_part)(way, rows, slice(start, start + PART))
                for start in range(0, PHOTOS, PART))  # fmt: skip
        title = f"replies at temperature {temperature}"
        parts = tqdm(Parallel(n_jobs=-1, return_as="generator")(jobs), title, PHOTOS // PART)
        table = pd.concat(parts, ignore_index=True).assign(way="drawn")
        gallery = miniearth.load("gallery").coordinates
        run = EvaluationRun(CHOSEN_ON, queries, gallery, rows, table)
        rows_of_grid += [
            {"temperature": temperature, "N": n, "S": s} | _reached(run, n, s)
            for n in REPLIES
            for s in RETRIEVED
        ]
    table = pd.DataFrame(rows_of_grid)
    return table.sort_values([OUTCOME, "N", "S"], ascending=[False, True, True], ignore_index=True)


def _part(way: Setting, rows: dict[str, np.ndarray], part: slice) -> pd.DataFrame:
    queries = miniearth.load(CHOSEN_ON, PHOTOS)
    return reply_recipe.part_of(queries, way, rows, part)


def _reached(run: EvaluationRun, replies: int, retrieved: int) -> dict[str, float]:
    """The shares of G3's answers with so many candidates."""
    choice = CandidateConfig(replies=replies, retrieved=retrieved)
    answers = winners(run.verifier.score(run.candidates("drawn", choice)))
    shares = evaluation.hits(answers, run.queries.table).mean(axis=0)
    return {OUTCOME: shares.mean()} | dict(zip(evaluation.THRESHOLD_NAMES, shares, strict=True))


def build(folder: Path) -> None:
    """Write the grid into the data folder `folder`."""
    (folder / "choice").mkdir(exist_ok=True)
    grid().round(5).to_csv(folder / "choice" / "grid.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    print(grid().round(4).to_string(index=False))
