"""When to say "I do not know"? Answers only where the judge's score is high enough.

python notebooks/course/projects/abstain.py
"""

import g3lite  # noqa: F401  before torch or faiss, see there

# isort: split
import numpy as np

from g3lite import evaluation, profiles
from g3lite.paper.tables import EvaluationRun
from g3lite.verification import winners

profile = profiles.get()
run = EvaluationRun.load("validation", profile.query_size)
truth = run.queries.table
best = winners(run.scored).set_index("IMG_ID").loc[run.queries.ids].reset_index()
near = evaluation.error_km(best, truth) <= 200
score = best["score"].to_numpy()

for share in (1.0, 0.5, 0.25):
    answered = score >= np.quantile(score, 1 - share)
    value, low, high = np.ravel(
        evaluation.mean_intervals(
            near[answered, None], truth[answered], replicates=profile.bootstrap
        )
    )
    print(
        f"answers to {100 * share:.0f} % of the photos: {100 * value:.1f} % "
        f"[{100 * low:.1f}, {100 * high:.1f}] within 200 km"
    )
