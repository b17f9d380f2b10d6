"""The paper's Tables 1, 2 and 3 and Figures 3 and 4, run on MiniEarth.

Every row answers the same photos, as `g3lite.paper.plan` says. What takes long is shipped: what
MiniLMM replied (`data/replies`), and where each row sees each photo (`data/predictions`, a table
that `build` makes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from g3lite import evaluation, miniearth
from g3lite.evaluation import Chances
from g3lite.geo import great_circle_km
from g3lite.index import coordinates_of
from g3lite.paper import plan, seeds
from g3lite.paper.margins import OUTCOME, margins
from g3lite.paper.plan import CHOSEN_ON, JUDGED, SETS
from g3lite.paper.run import EvaluationRun
from g3lite.paths import shipped
from g3lite.recipes.replies import PROMPTS

TABLE_1 = (*plan.RIVALS, "G3")
TABLE_2 = ("G3", *plan.STEPS)
REFERENCES = [k for k in PROMPTS if k]


# ------------------------------------------------------------------------- shipped predictions


def build(folder: Path) -> None:
    """Let every row locate the photos of all sets, into the data folder `folder`."""
    parts = []
    gallery = miniearth.load("gallery")
    for which in (CHOSEN_ON, *SETS):
        run = EvaluationRun.load(which)
        judged = JUDGED | plan.BY_PROMPTS | (plan.BY_REPLIES if which == CHOSEN_ON else {})
        answers = {name: run.judged(row) for name, row in judged.items()}
        answers |= run.unjudged() | run.asked_once() | run.trained(gallery)
        parts.append(run.table(answers).assign(set=which))
    table = pd.concat(parts, ignore_index=True).astype({"set": "category", "method": "category"})
    (folder / "predictions").mkdir(exist_ok=True)
    table[["set", "method", "IMG_ID", "LAT_pred", "LON_pred"]].to_parquet(
        folder / "predictions" / "methods.parquet", index=False, compression="zstd",
        compression_level=19,
    )  # fmt: skip


def predictions(which: str, n: int | None = None) -> dict[str, np.ndarray]:
    """Where each method sees the first n photos of a set, as shipped.

    Returns:
        float64 (n, 2) by method, NaN for no answer; "constant" is (1, 5, 2), the best answer for
        each threshold.
    """
    table = pd.read_parquet(shipped("predictions/methods.parquet"))
    ids = miniearth.load(which, n).ids
    table = table[(table["set"] == which) & table["IMG_ID"].isin(ids)]
    by_method = {
        str(name): rows.set_index("IMG_ID").loc[ids, ["LAT_pred", "LON_pred"]].to_numpy()
        for name, rows in table.groupby("method", observed=True)
    }
    levels = [by_method.pop(f"constant, {name}")[:1] for name in evaluation.THRESHOLD_NAMES]
    return {"constant": np.stack(levels, axis=1)} | by_method


# -------------------------------------------------------------------------- tables and figures


def pooled(
    evidence: Sequence[EvaluationRun],
) -> tuple[dict[str, np.ndarray | Chances], pd.DataFrame]:
    """All rows of the plan, and the truth, of several sets as one."""
    parts = [predictions(run.which, len(run.queries)) for run in evidence]
    methods: dict[str, np.ndarray | Chances] = {
        name: parts[0][name] if name == "constant" else np.concatenate([p[name] for p in parts])
        for name in dict.fromkeys([*TABLE_1, *TABLE_2])
        if name != plan.BLIND
    }
    blind = [run.without_verification() for run in evidence]
    methods[plan.BLIND] = Chances(
        np.concatenate([run.hits for run in blind]),
        np.concatenate([run.geoscore for run in blind]),
    )
    tables = [run.queries.table.assign(set=run.which) for run in evidence]
    return methods, pd.concat(tables, ignore_index=True)


def worth(
    methods: Mapping[str, np.ndarray | Chances], truth: pd.DataFrame,
    over: Sequence[str] | None = None, *, replicates: int = 2000,
) -> pd.DataFrame:  # fmt: skip
    """G3 minus each row (None: all others), as `margins`, with the spread over trainings."""
    over = [name for name in methods if name != "G3"] if over is None else over
    rivals = {name: evaluation.hits(methods[name], truth)[None] for name in over}
    spread = {name: some for name, some in seeds.spread().items() if name in rivals}
    return margins(
        evaluation.hits(methods["G3"], truth)[None], rivals, truth,
        spread=spread, trainings=plan.TRAININGS, replicates=replicates,
    )  # fmt: skip


def gains(
    methods: Mapping[str, np.ndarray | Chances], truth: pd.DataFrame, *,
    of: str = "G3", over: Sequence[str] | None = None, replicates: int = 2000,
) -> pd.DataFrame:  # fmt: skip
    """By how many points one method is above others: method, metric, difference, low, high, p.

    Shares in [0, 1]; paired, and photographers are resampled (`evaluation.compare`).
    """
    over = [name for name in methods if name != of] if over is None else over
    parts = [
        evaluation.compare(methods[of], methods[name], truth, replicates=replicates).assign(
            method=name
        )
        for name in over
    ]
    return pd.concat(parts, ignore_index=True)[
        ["method", "metric", "difference", "low", "high", "p"]
    ]


def gains_table(differences: pd.DataFrame) -> pd.DataFrame:
    """What `gains` returns, for reading: a row per method, "+1.2 [0.3, 2.1] p 0.012", in points."""

    def cell(row: pd.Series) -> str:
        value, low, high = (f"{100 * row[name]:+.1f}" for name in ("difference", "low", "high"))
        return f"{value} [{low}, {high}] p {row['p']:.3f}"

    text = differences.assign(cell=differences.apply(cell, axis=1))
    wide = text.pivot(index="method", columns="metric", values="cell")
    wide = wide.loc[differences["method"].unique(), list(evaluation.THRESHOLD_NAMES)]
    return wide.rename_axis(index=None, columns=None)


def reference_table(evidence: Sequence[EvaluationRun], replicates: int = 1000) -> pd.DataFrame:
    """Table 3: how far the references are from the truth, km, with and without geo-alignment.

    Of the first 5, 10 and 15 references of each photo the mean and the smallest distance; then the
    mean over the photos, as "2,299 [2,213, 2,381]". The last row has the paired differences.
    """
    rows, distances = {}, {}  # km, a column per summary
    truth = pd.concat([run.queries.table for run in evidence], ignore_index=True)
    for name, key in (("raw features", "raw similar"), ("G3", "similar")):
        km = np.concatenate(
            [
                great_circle_km(
                    coordinates_of(run.rows[key], run.gallery_coordinates),
                    run.queries.coordinates[:, None],
                )
                for run in evidence
            ]
        )
        columns = {
            f"{kind} of the first {k}": summary(km[:, :k], axis=1)
            for k in REFERENCES
            for kind, summary in (("mean", np.mean), ("nearest", np.min))
        }
        distances[name] = np.column_stack(list(columns.values()))
    distances["G3 minus raw features"] = distances["G3"] - distances["raw features"]
    for name, values in distances.items():
        intervals = evaluation.mean_intervals(values, truth, replicates=replicates)
        rows[name] = {
            column: f"{mean:,.0f} [{low:,.0f}, {high:,.0f}]"
            for column, mean, low, high in zip(columns, *intervals, strict=True)
        }
    return pd.DataFrame(rows).T


def curves(which: str) -> dict[str, dict[str, np.ndarray]]:
    """Figures 3 and 4: predictions of G3 by number of prompts, and of replies of each prompt.

    The latter were made on `CHOSEN_ON` only; for another set they are left out.
    """
    found = predictions(which)
    whole = {f"{len(PROMPTS)}": found["G3"]}
    prompts = {name.split()[1]: found[name] for name in plan.BY_PROMPTS} | whole
    replies = {name.split()[-1]: found[name] for name in plan.BY_REPLIES if name in found}
    return {"prompts": prompts} | ({"replies of each prompt": replies} if replies else {})


def report(
    evidence: Sequence[EvaluationRun], replicates: int = 1000
) -> Iterator[tuple[str, pd.DataFrame]]:
    """All tables, for reading, with their titles."""
    methods, truth = pooled(evidence)
    of = f"MiniEarth, {' and '.join(run.which for run in evidence)}, {len(truth):,} photos"
    for number, rows in ((1, TABLE_1), (2, TABLE_2)):
        scores = evaluation.evaluate({name: methods[name] for name in rows}, truth,
                                     replicates=replicates)  # fmt: skip
        yield f"Table {number}: {of}", evaluation.table(scores)
    yield (
        "G3 minus each, in points, with Holm's p",
        worth_table(worth(methods, truth, replicates=replicates)),
    )
    yield "Table 3: references, km from the truth", reference_table(evidence, replicates)
    for number, (name, by) in zip((3, 4), curves(CHOSEN_ON).items(), strict=True):
        photos = miniearth.load(CHOSEN_ON).table
        scores = evaluation.evaluate(by, photos, replicates=replicates)
        yield f"Figure {number}: number of {name}, on {CHOSEN_ON}", evaluation.table(scores)


def worth_table(table: pd.DataFrame) -> pd.DataFrame:
    """What `worth` returns, for reading: a row per rival, "+1.2 [0.3, 2.1]", in points."""
    points = 100 * table[["difference", "low", "high"]]
    text = [
        f"{row.difference:+.1f} [{row.low:+.1f}, {row.high:+.1f}]" for row in points.itertuples()
    ]
    wide = table.assign(text=text).pivot(index="method", columns="metric", values="text")
    outcome = table[table["metric"] == OUTCOME].set_index("method")
    wide = wide.loc[outcome.index, [OUTCOME, *evaluation.THRESHOLD_NAMES]]
    return wide.assign(
        p=outcome["p_holm"].map("{:.3f}".format), seeds=outcome["seeds"]
    ).rename_axis(index=None, columns=None)
