"""Who chooses best among the same candidates? The judge, a vote, a blind draw, and the ceiling.

python notebooks/course/projects/judge.py
"""

import g3lite  # noqa: F401  before torch or faiss, see there

# isort: split
from g3lite import evaluation, profiles
from g3lite.baselines import selection
from g3lite.paper.tables import EvaluationRun
from g3lite.verification import winners

profile = profiles.get()
run = EvaluationRun.load("validation", profile.query_size)
truth = run.queries.table
scored = run.scored  # IMG_ID, LAT, LON, score of each candidate: replies and retrieved places

answers = {
    "blind draw": selection.random_candidate(scored, truth),
    "vote (medoid)": selection.medoid(scored),
    "judge": winners(scored),
    "ceiling (knows the truth)": selection.oracle(scored, truth),
}
scores = evaluation.evaluate(answers, truth, replicates=profile.bootstrap)
print(evaluation.table(scores).iloc[:, :5].to_string())
