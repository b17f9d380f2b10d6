"""Which prompt is worth its price? The same photos, three prompts, one model.

python notebooks/course/projects/prompts.py [LMM]

LMM is a model as `g3lite locate --lmm` takes it, such as api:NAME; without it MiniLMM answers.
"""

import g3lite  # noqa: F401  before torch or faiss, see there

# isort: split
import sys
import tempfile
from pathlib import Path

from g3lite import evaluation, miniearth
from g3lite.lmm.ask import ask
from g3lite.lmm.load import load_lmm
from g3lite.prompts import PromptPlan
from g3lite.recipes.replies import recorded

model = load_lmm(sys.argv[1] if len(sys.argv) > 1 else "minilmm")
queries = miniearth.load("validation", 60)
known = miniearth.load("gallery").coordinates
rows = {name: known[some[:60]] for name, some in recorded()[1].items()}
lists = rows["similar"], rows["dissimilar"]
plans = {
    "no references": PromptPlan((0,), replies=1, temperature=0),
    "no references, as a pair": PromptPlan((0,), replies=1, temperature=0, template="pair"),
    "15 of either kind": PromptPlan((15,), replies=1, temperature=0),
}

answers, tokens = {}, {}
with tempfile.TemporaryDirectory() as folder:
    for name, plan in plans.items():
        store = Path(folder) / "replies.sqlite"
        replies, _ = ask(model, queries, plan, *lists, store=store, progress=False)
        answers[name] = replies[["LAT", "LON"]].to_numpy()
        tokens[name] = plan.estimate(1, 0, price_in=0, price_out=0).tokens_in["all"]

scores = evaluation.evaluate(answers, queries.table)
table = evaluation.table(scores).iloc[:, 2:5]
print(table.assign(**{"tokens of text": tokens}).to_string())
