# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Evaluation and ablations: what is G3 worth, and which step of it?
#
# [← 05 Geo-verification](05_geo_verification.ipynb) ·
# [07 Real data on a GPU →](07_real_data_on_a_gpu.ipynb) ·
# Open in Colab (once on GitHub)
#
# A method with three steps is said to be better than its rivals. Which step makes the difference?
# This notebook answers with numbers, and says where the numbers give no answer. Afterwards you will
# be able to
#
# - plan a comparison before you see its results, and say why that matters;
# - score a method by hand, with an interval that knows about photographers;
# - say what each step of G3 is worth, with a test that is corrected for the number of comparisons;
# - design an ablation that changes one thing only;
# - defend a verdict, or refuse one;
# - find out which step is to blame for a wrong answer.
#
# **Paper:** Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization
# Using Large Multi-Modality Models*, [arXiv 2405.14702](https://arxiv.org/abs/2405.14702), section
# 4: tables 1 and 2, figures 3 and 4.
# **You need:** [notebook 01](01_worldwide_geolocalization.ipynb) for the scores and the bootstrap,
# [notebook 05](05_geo_verification.ipynb) for the complete G3.
# **Time:** 45 minutes to read, 80 with the exercises. **Machine:** any laptop, 3 GB of memory, no
# GPU; the cells run for one or two minutes.

# %% jupyter={"source_hidden": true}
# The same in every notebook: it installs g3lite where it is missing, and keeps numpy and torch.
import subprocess
import sys
from importlib import metadata, util


class NotInstalled(Exception):
    def _render_traceback_(self):  # Jupyter shows this sentence instead of a traceback
        return [str(self)]


if util.find_spec("g3lite") is None:
    address = "git+https://example.org/g3lite/g3lite@v0.1.0"
    way = 'In a copy of the repository, run: pip install -e ".[notebooks]", and restart the kernel.'
    if "//example.org/" in address:  # stands for an address until there is one
        raise NotInstalled(f"g3lite is not in {sys.executable}, and not published yet. {way}")
    print("installing g3lite and what it needs, which takes minutes ...")
    kept = [f"{one}=={metadata.version(one)}" for one in ("numpy", "torch") if util.find_spec(one)]
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-color", address, *kept]
    if (done := subprocess.run(pip, stderr=subprocess.PIPE, text=True)).returncode:
        raise NotInstalled(f"{done.stderr}pip could not install {' '.join(pip[6:])}. {way}")

from g3lite import profiles

print(profiles.machine())

# %% jupyter={"source_hidden": true}
import numpy as np
import pandas as pd
from scipy import stats

from g3lite import evaluation, figures, geo, miniearth
from g3lite.baselines import selection
from g3lite.figures import diagrams
from g3lite.index import coordinates_of
from g3lite.paper import plan, seeds, tables
from g3lite.paper.margins import OUTCOME, margins
from g3lite.paper.plan import Judged
from g3lite.paper.published import PUBLISHED, published_margins, published_table
from g3lite.paper.run import EvaluationRun
from g3lite.paths import shipped
from g3lite.recipes.minilmm_checks import spread
from g3lite.teaching import guess, own, real_photos
from g3lite.teaching.checks import nb06
from g3lite.teaching.checks.nb06 import check_06_1, check_06_2, check_06_3, check_06_4
from g3lite.verification import CandidateConfig, winners

pd.set_option("display.width", 190, "display.max_columns", 20, "display.max_colwidth", 60)

# %% tags=["parameters"]
PROFILE = "auto"

# %% jupyter={"source_hidden": true}
profile = profiles.get(PROFILE)
options = {"replicates": profile.bootstrap}
evidence = [EvaluationRun.load(name, profile.query_size) for name in plan.SETS]
methods, truth = tables.pooled(evidence)
margin = tables.worth(methods, truth, **options)
outcome = margin[margin["metric"] == OUTCOME].set_index("method")


def in_points(row):
    """A difference and its interval, such as "+1.2 [+0.4, +2.0]"."""
    return f"{100 * row.difference:+z.1f} [{100 * row.low:+.1f}, {100 * row.high:+.1f}]"


def corrected_p(row):
    """Holm's p in words."""
    return f"corrected p {'< 0.001' if row.p_holm < 0.001 else f'{row.p_holm:.3f}'}"


print(f"{len(truth):,} photos of {truth['AUTHOR'].nunique():,} photographers, {len(outcome)} rows")

# %% jupyter={"source_hidden": true}
STEPS = {
    "Geo-alignment, in the search": {
        "w/o Geo-A": "raw features instead (w/o Geo-A)",
        "raw references": "raw features for the references alone",
    },
    "The language model": {
        "no LMM": f"without it: {plan.ALONE} retrieved places",
        "no LMM, as many candidates": "without it, as many candidates",
    },
    "Geo-diversification: four prompts": {
        "w/o Geo-D": "one prompt (w/o Geo-D)",
        "w/o Geo-D, as many replies": "one prompt, as many replies",
        "zero-shot, as many replies": "no references, as many replies",
        "random dissimilar references": "dissimilar references at random",
        "likeliest replies": "one reply each, the likeliest",
    },
    "Geo-verification: the judge": {
        "w/o Geo-V": "a blind choice (w/o Geo-V)",
        "medoid of the candidates": "the medoid, without a score",
        "mean of the candidates": "the mean, without a score",
    },
    "The retrieved place": {"no retrieved candidates": "replies alone"},
}

# %% jupyter={"source_hidden": true}
lines = [(g, row, name) for g, rows in STEPS.items() for row, name in rows.items()]
group, ablations, names = map(list, zip(*lines, strict=True))
steps = outcome.loc[ablations].assign(group=group, method=names)
figures.show(
    figures.forest(
        steps, "What each step of G3 is worth: the mean of five shares", "G3 is better", "worse"
    ),
    f"A forest plot of G3 minus {len(steps)} ablations in five groups, from "
    f"{100 * steps['difference'].min():+.1f} to {100 * steps['difference'].max():+.1f} points.",
)

# %%
for row in outcome.loc[[plan.BLIND, "w/o Geo-A", "no LMM"]].itertuples():
    print(f"G3 minus {row.Index:<10} {in_points(row)} points, {corrected_p(row)}")

# %% [markdown]
# Each line is **G3 minus G3 with one thing changed**. The number is the mean of five shares of
# photos (those placed within 1, 25, 200, 750 and 2,500 km), in points, with its 95 % interval.
# Blue: G3 is better. Orange: G3 is worse. Grey: **it cannot be told**, after correction for all 22
# rows that were tested, also where the interval itself leaves out zero. A filled mark includes what
# another training would change; a hollow one is of one training.
#
# Of the thirteen ablations G3 is better than three; ten cannot be told from it; none is better than
# G3. The judge is worth 5.3 points [5.0, 5.7] against a blind choice. What the language model is
# worth cannot be told: +0.3 points [−0.7, +1.2].
#
# You are at the end of G3, where answers are counted:

# %% tags=["diagram"]
figures.show(*diagrams.g3(here="evaluation"))

# %% [markdown]
# ## 1 What was fixed before the photos were drawn
#
# Who looks at results and then changes the method, the rows or the test can always find something.
# So this was written down first (`g3lite/paper/plan.py`), and then the photos were drawn:
#
# 1. **Photos.** All choices were made on *validation*. Two final sets, *natural* and *uniform*,
#    were drawn when all was decided, and opened once, for all rows together.
# 2. **Rows.** Nine rivals, each at its own best setting on validation; and thirteen times G3 with
#    one thing changed, at an equal number of candidates where that is possible.
# 3. **Outcome.** One number per row, the mean of the five shares; both sets have the same weight.
#    So one row is one test.
# 4. **Uncertainty.** G3 minus a row is paired by photo, photographers are resampled; where another
#    training changes a row, its part is added.
# 5. **Verdict.** "Better" or "worse" is said only if p is below 0.05 after Holm's correction for
#    all rows. All rows are shown, whatever comes out.
# 6. **Not asked.** MiniLMM never saw a prompt without dissimilar references. A row without them
#    would ask it something that it was not trained on, so they are drawn at random instead.

# %% tags=["nbval-check-output"]
kept = plan.CHOICE
print(f"G3: {len(kept.references)} prompts, N = {kept.replies} replies of each, "
      f"S = {kept.retrieved} retrieved place")  # fmt: skip
print(f"rows that are tested: {len(plan.RIVALS)} rivals and {len(plan.STEPS)} steps")

# %% [markdown]
# N, S and the temperature of the replies are the best of a grid on validation. The best is not far
# ahead of the next; nothing in this notebook needs it to be the true best:

# %% tags=["nbval-check-output"]
grid = pd.read_csv(shipped("choice/grid.csv"))
for row in grid.head(3).itertuples(index=False):
    print(f"temperature {row.temperature}, N = {row.N}, S = {row.S}: {100 * row[3]:.1f} %")

# %% tags=["diagram"]
sets = {name: miniearth.load(name).table for name in miniearth.SIZES}
final = pd.concat([sets[name] for name in plan.SETS])
figures.show(
    *diagrams.splits({"gallery": sets["gallery"], "validation": sets["validation"], "test": final})
)

# %% [markdown]
# No photographer is in two sets. Two more sets, `test_natural` and `test_uniform` (notebook 01
# shows them), were opened earlier, while G3 was being built. They are **development sets** now:
# nothing below is a result on them, except how much another training changes. (The two sets
# `after_...` belong to notebook 08.)

# %% tags=["nbval-check-output"]
authors = {name: set(table["AUTHOR"]) for name, table in sets.items()}
for name in sets:
    shared = [len(authors[name] & authors[other]) for other in sets if other != name]
    print(f"{name:<13} {len(sets[name]):>6,} photos; photographers shared with others: {shared}")

# %% [markdown]
# ## 2 One evaluation by hand
#
# **Guess first.** The simplest rival, *kNN*, answers with the place of the most similar photo. By
# how many points is G3 above it, in the mean of the five shares?

# %%
my_margin = None  # points

# %% [markdown]
# ### Shares and GeoScore
#
# Distances, how many are small enough, and the points of the game GeoGuessr:

# %%
g3_km = geo.great_circle_km(methods["G3"], truth[["LAT", "LON"]].to_numpy())
shares = (g3_km[:, None] <= evaluation.THRESHOLDS_KM).mean(axis=0)
points = (5000 * np.exp(-g3_km / 1492.7)).mean()

# %%
package = evaluation.score(methods["G3"], truth)
print(f"within 1, 25, 200, 750, 2,500 km: {', '.join(f'{100 * s:.1f}' for s in shares)} %")
print(f"mean of the five: {100 * shares.mean():.1f} %, GeoScore {points:,.0f}")
same = np.allclose([*shares, points], package.drop("median_km"))
print("the same as evaluation.score:", same)

# %% [markdown]
# So G3 places 4.8 % of the photos within 1 km and 58.8 % within 2,500 km.
#
# ### An interval: draw photographers
#
# Another set would have other photographers. Draw as many of them as there are, with replacement,
# count all their photos, and do it again and again:

# %% tags=["diagram"]
figures.show(*diagrams.resampling(truth["AUTHOR"], g3_km <= 750))

# %%
who, people = pd.factorize(truth["AUTHOR"])
rng = np.random.default_rng(0)
even = np.full(len(people), 1 / len(people))
drawn = rng.multinomial(len(people), even, size=profile.bootstrap)  # (resamples, people)

# %%
albums, right = np.bincount(who), np.bincount(who, g3_km <= 750)
low, high = 100 * np.percentile(drawn @ right / (drawn @ albums), [2.5, 97.5])
package = 100 * np.array(evaluation.mean_intervals(g3_km[:, None] <= 750, truth, **options))
print(f"within 750 km: {100 * shares[3]:.1f} % [{low:.1f}, {high:.1f}]")
print("evaluation.mean_intervals: {:.1f} % [{:.1f}, {:.1f}]".format(*package[:, 0]))

# %% [markdown]
# ### Exercise 1: the difference of two methods, resampled
#
# Write `resampled(a, b, author, drawn)`. `a` and `b` (photos,) say how right two methods are on
# each photo, from 0 to 1; `author` (photos,) is the number of each photo's photographer, and
# somebody may have no photo; `drawn` (resamples, photographers) says how often each photographer
# was drawn. Return the mean of a minus the mean of b in every resample, (resamples,). A photo
# counts as often as its photographer was drawn.


# %% tags=["exercise"]
def resampled(a, b, author, drawn):
    """Difference of two means in each resample of the photographers."""
    ...  # your code here


check_06_1(resampled)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def resampled(a, b, author, drawn):
#     """Difference of two means in each resample of the photographers."""
#     people = drawn.shape[1]
#     gain = np.bincount(author, a - b, people)  # of each photographer's photos
#     photos = np.bincount(author, minlength=people)
#     return drawn @ gain / (drawn @ photos)
#
#
# check_06_1(resampled)
# ```
#
# </details>

# %% [markdown]
# ### One paired margin
#
# Now G3 minus kNN, on your function if it is right. The mean of the five shares of a photo is a
# number from 0 to 1; each set is resampled by itself, and the two sets count alike:

# %%
difference_of = own.choose(resampled, check_06_1, nb06.resampled)
a, b = (evaluation.hits(methods[name], truth).mean(axis=1) for name in ("G3", "kNN"))


def draws_of(some, seed):
    """Differences in the resamples of one set."""
    who, people = pd.factorize(truth.loc[some, "AUTHOR"])
    even = np.full(len(people), 1 / len(people))
    drawn = np.random.default_rng(seed).multinomial(len(people), even, profile.bootstrap)
    return difference_of(a[some], b[some], who, drawn)


# %%
of_set = [(truth["set"] == name).to_numpy() for name in plan.SETS]
by_hand = np.mean([(a - b)[some].mean() for some in of_set])
error = np.mean([draws_of(some, seed) for seed, some in enumerate(of_set)], axis=0).std()
freedom = truth["AUTHOR"].nunique() - len(of_set)
p = 2 * stats.t.sf(abs(by_hand) / error, freedom)
print(f"G3 minus kNN {100 * by_hand:+.1f} points, standard error {100 * error:.2f}, p {p:.2g}")
row = outcome.loc["kNN"]
print(f"tables.worth {in_points(row)} points, "
      f"standard error {100 * row.se_photographers:.2f}, p {row.p:.2g}")  # fmt: skip
print(guess.compare(my_margin, 100 * by_hand, "points", digits=1))

# %% [markdown]
# G3 is 4.7 points [4.2, 5.1] above the most similar photo.
#
# **Correction.** Make 22 independent tests where there is nothing to find: more often than not, at
# least one p is below 0.05. So Holm's rule multiplies the smallest p by 22, the next by 21, and so
# on. Only what is still below 0.05 may be claimed:


# %%
def verdict(row):
    """What the plan allows to say about G3 minus a row."""
    if row.p_holm >= 0.05:
        return "cannot be told"
    return "G3 is better" if row.difference > 0 else "G3 is worse"


# %% [markdown]
# ### Another training
#
# The heads that search and judge were trained from one seed. Another seed gives other heads, other
# references, other replies. G3 was trained and asked five times, about 2,400 *development* photos:

# %%
trained = seeds.worth(**options)
five = trained[trained["metric"] == OUTCOME]
figures.show(
    figures.forest(
        five, "Five trainings of the heads, on development photos", "G3 is better", "worse"
    ),
    f"G3 minus {len(five)} rows over five trainings, with intervals.",
)
for row in five.itertuples():
    parts = f"photographers {100 * row.se_photographers:.2f}, five seeds {100 * row.se_seeds:.2f}"
    print(f"{row.method:<27}{in_points(row):<20} standard error: {parts}")
print(f"{len(seeds.truth()):,} development photos")

# %% [markdown]
# On these photos G3 is better than all nine rows, corrected for the nine; over no language model it
# is +1.2 points [+0.5, +1.8]. They are development photos, so this is a sign and no result. The
# part of the seeds is largest for *GPS gallery (GeoCLIP)*: 0.36 points for the mean of five
# trainings, beside 0.38 points of the photographers.
#
# Two variances are added: $\text{standard error}^2 = \text{photographers}^2 + \text{seeds}^2$. On
# the final sets there is only one training, the shipped one. A single training varies more than the
# mean of five, so there the variance of the seeds counts in full, not divided by five. Rows that
# would need other replies than G3's have one training, a hollow mark: their intervals are too
# narrow by an unknown amount. MiniCLIP and MiniLMM were trained once, and no interval here knows
# what another training of *them* would give.

# %% [markdown]
# ## 3 What each step is worth
#
# The verdicts on the thirteen ablations, in the order of the first figure:

# %%
for row in outcome.loc[ablations].itertuples():
    print(f"{row.Index:<30}{in_points(row):<20}{corrected_p(row):<22}{verdict(row)}")
small = 2.8 * 100 * outcome.loc[ablations, "se_photographers"].median()
print(f"these photos show a difference of {small:.1f} points in four of five cases, uncorrected")

# %% [markdown]
# One sentence per step:
#
# - **Alignment of the search.** With raw features instead, no difference can be told: +0.9 points
#   [−0.3, +2.2], corrected p 0.924. With raw features for the references alone, no difference can
#   be told: +0.2 points [−0.1, +0.6], corrected p 0.985.
# - **The language model.** Without it, with three retrieved places and the judge, no difference can
#   be told: +0.3 points [−0.7, +1.2], corrected p 1.000. With as many retrieved places as G3 has
#   candidates, no difference can be told: +0.9 points [−0.5, +2.4], corrected p 0.985.
# - **Four prompts.** With one prompt of 10 + 10 references, and so a quarter of the replies, no
#   difference can be told: +0.1 points [−0.2, +0.4], corrected p 1.000. With that prompt and as
#   many replies as G3 has, no difference can be told: −0.2 points [−0.5, +0.1], corrected p 0.924.
#   With as many replies to the prompt without references, G3 loses 1.0 points [0.7, 1.4]. With
#   dissimilar references drawn at random, no difference can be told: −0.1 points [−0.3, +0.2],
#   corrected p 1.000. With one reply to each prompt, the likeliest, no difference can be told: −0.2
#   points [−0.5, +0.1], corrected p 0.924.
# - **The judge.** With a blind choice among the same candidates, G3 loses 5.3 points [5.0, 5.7].
#   With their medoid, a vote without a score, no difference can be told: +1.3 points [+0.2, +2.4],
#   corrected p 0.298. With their mean, G3 loses 11.1 points [10.0, 12.3].
# - **The retrieved place among the candidates.** Without it, no difference can be told: +0.6 points
#   [+0.1, +1.2], corrected p 0.246.
#
# "Cannot be told" is not "worth nothing": look how far the interval reaches.
#
# ### At which distance?
#
# The five distances of the same rows. These intervals hold **together**: in 95 of 100 such studies
# all five of a row contain the truth at once. (The blind choice and the mean are left out; they are
# far to the right.)

# %%
shown = [name for name in ablations if name not in (plan.BLIND, plan.MEAN)]
figures.show(
    figures.forest_panels(
        margin[margin["method"].isin(shown)].set_index("method").loc[shown].reset_index(),
        "G3 minus each ablation, within five distances", "G3 is better", "worse",
    ),
    "Five panels, one for each distance, with G3 minus eleven ablations and their intervals.",
)  # fmt: skip

# %%
sure = margin[(margin["metric"] != OUTCOME) & margin["method"].isin(shown)]
for row in sure[(sure["low"] > 0) | (sure["high"] < 0)].itertuples():
    print(f"{row.method:<30}{row.metric:<10}{in_points(row)}")

# %% [markdown]
# G3 is better than with raw features in the search (w/o Geo-A) and than the medoid within 25 and
# 200 km, than as many replies without references within 1, 25 and 200 km, and than without the
# retrieved place within 1 and 25 km. It is worse than one prompt with as many replies within 25 km,
# and than the likeliest replies within 1 and 25 km. Without the language model (no LMM) it is
# different for certain at no distance. (An interval here is safe for the five distances of its row,
# not for all eleven rows at once.)
#
# ### More prompts, more replies
#
# The paper's figures 3 and 4: G3 with its first prompts only (0 references, then 5, 10 and 15), on
# the final sets; and with one to five replies of each prompt, on validation. Each number is
# compared with the first, in points:


# %%
def above_first(by_number, photos):
    """Each number of prompts or replies minus the first, at five distances."""
    first = next(iter(by_number.values()))
    return {
        int(n): evaluation.compare(answers, first, photos, **options)
        for n, answers in by_number.items()
    }


# %%
found = [tables.curves(name)["prompts"] for name in plan.SETS]
prompts = {n: np.concatenate([some[n] for some in found]) for n in found[0]}
replies = tables.curves(plan.CHOSEN_ON)["replies of each prompt"]
curves = {
    "number of prompts, final sets": above_first(prompts, final),
    "replies of each prompt, validation": above_first(replies, sets["validation"]),
}
figures.show(
    figures.gain_panels(curves, "What more prompts and more replies add", "points above one"),
    "Two panels: points above the first number, for two to four prompts and for two to five "
    "replies, at five distances, with intervals.",
)

# %%
for name, by_number in curves.items():
    last = max(by_number)
    rows = ", ".join(map(in_points, by_number[last].itertuples()))
    print(f"{name}, {last} minus 1: {rows}")

# %% [markdown]
# Four prompts instead of the zero-shot one alone add +0.3 (1 km), +1.6 (25 km), +1.5 (200 km), +1.5
# (750 km), +0.7 (2,500 km) points. With five replies of each prompt instead of one, the changes are
# −0.7 (1 km), −0.5 (25 km), −0.6 (200 km), −0.8 (750 km), 0.0 (2,500 km) points. (These intervals
# are of single comparisons, uncorrected: they describe, and decide nothing.)
#
# ### What MiniLMM cannot do
#
# It copies its references, and hardly compares them. In one test it was shown ten places, one of
# them in the middle of four others. It was trained to name this one, and names it in 25 % of the
# prompts. Does it choose well among good references? Take the half of the validation photos whose
# 15 references lie closest together. For these, its likeliest replies to 10 + 10 references are
# compared with the place of the most similar photo:

# %%
run = EvaluationRun.load(plan.CHOSEN_ON, profile.query_size)
near = coordinates_of(run.rows["similar"], run.gallery_coordinates)  # (photos, 15, 2)
close = spread(near) < np.median(spread(near))
validation = run.queries.table.assign(set=plan.CHOSEN_ON)
good = validation[close]
told = evaluation.hits(run.single("likeliest", 10)[close], good)[None]
first = {"the most similar photo": evaluation.hits(near[close, 0], good)[None]}
row_good = margins(told, first, good, **options).iloc[0]
print(f"likeliest reply minus the most similar photo: {in_points(row_good)} points")
print(f"{len(good):,} photos")

# %% [markdown]
# The difference is +0.3 points [−1.3, +1.8]: the two cannot be told apart. A larger model may do
# better; nothing here can say by how much.
#
# ### Exercise 2: write the missing ablation
#
# The plan has no row without the prompt that names *no* references, the zero-shot one. Design it,
# on validation, where five replies of each prompt were recorded. `with` is G3 with all four
# prompts; `without` lacks the zero-shot one. Nothing else may differ, the number of candidates
# included, and S stays as G3 has it. (So N cannot be the same on both sides.)

# %% tags=["exercise"]
design = {
    "with": {"references": (0, 5, 10, 15), "replies": ..., "retrieved": ...},
    "without": {"references": ..., "replies": ..., "retrieved": ...},
}
check_06_2(design)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# design = {
#     "with": {"references": (0, 5, 10, 15), "replies": 3, "retrieved": 1},
#     "without": {"references": (5, 10, 15), "replies": 4, "retrieved": 1},
# }
# check_06_2(design)
# ```
#
# </details>

# %%
solved = check_06_2.hint(design) is None
print("Your own design runs." if solved else "The package's design runs: exercise 2 is not solved.")
sides = {
    side: run.judged(Judged("drawn", CandidateConfig(**how)))
    for side, how in (design if solved else nb06.DESIGN).items()
}

# %%
hits = {side: evaluation.hits(answers, validation)[None] for side, answers in sides.items()}
row_e2 = margins(hits["with"], {"without": hits["without"]}, validation, **options).iloc[0]
print(f"with minus without: {in_points(row_e2)} points, p {row_e2.p:.2f}")

# %% [markdown]
# With the zero-shot prompt minus without it: −0.1 points [−0.6, +0.3], on validation: no difference
# can be told. Whatever it says, it is a hint for the next plan, no result: the row was thought of
# after the others were seen.

# %% [markdown]
# ## 4 The two tables
#
# Every rival answers the same photos, with the same gallery and models, at its own best setting on
# validation:
#
# - **constant**: the best single answer for each distance, without looking at the photo;
# - **kNN** and **[L]kNN**: the most similar photo by MiniCLIP's features, and a vote of 15;
# - **geocells** in PlaNet's way: a classifier over cells that hold about as many photos each;
# - **GPS gallery** in GeoCLIP's way: of the gallery's coordinates the one that suits the photo
#   best;
# - **LMM, zero-shot**, and **one RAG prompt** in Img2Loc's way: MiniLMM's likeliest reply without
#   references, and with 10 + 10 found by raw features;
# - **kNN, aligned** and **[L]kNN, aligned**, which the paper lacks: retrieval with G3's own
#   vectors, without a language model or a judge.
#
# **Guess first.** Which of the nine is the hardest to beat?

# %%
my_rival = None  # a name, such as "kNN"

# %% tags=["results"]
table_1 = {name: methods[name] for name in tables.TABLE_1}
evaluation.table(evaluation.evaluate(table_1, truth, **options)).rename_axis("Table 1")

# %%
rivals = outcome.loc[list(plan.RIVALS)].sort_values("difference", ascending=False)
figures.show(
    figures.forest(rivals.reset_index(), "G3 minus each of nine rivals", "G3 is better", "worse"),
    f"A forest plot of G3 minus nine rivals, from {rivals.index[0]} at the top, "
    f"{100 * rivals['difference'].iloc[0]:+z.1f} points, to {rivals.index[-1]}, "
    f"{100 * rivals['difference'].iloc[-1]:+z.1f}.",
)

# %%
for row in rivals.itertuples():
    print(f"{row.Index:<26}{in_points(row):<23}{corrected_p(row):<22}{verdict(row)}")
print(guess.compare(my_rival, rivals.index[-1]))

# %% [markdown]
# The hardest rival is **[L]kNN, aligned**: G3 minus it is 0.0 points [−0.9, +0.8]. G3 is better
# than six of the nine. It cannot be told from *GPS gallery (GeoCLIP)*, *kNN, aligned*, *[L]kNN,
# aligned*.
#
# The ablations as a table, with the single shares:

# %% tags=["results"]
table_2 = {name: methods[name] for name in tables.TABLE_2}
evaluation.table(evaluation.evaluate(table_2, truth, **options)).rename_axis("Table 2")

# %% [markdown]
# Do not compare the intervals of two rows of these tables: they overlap nearly everywhere, and that
# says little, because both rows answered the same photos. The paired differences of the figures say
# more. `g3lite tables` prints both tables, all margins and what else the paper has.
#
# Now you are the referee. Here are seven claims of other papers that had such a plan (the figures
# are invented), and seven reasons:

# %% tags=["nbval-check-output"]
for claim, text in nb06.CLAIMS.items():
    print(f"{claim}  {text}")
print()
for number, reason in nb06.REASONS.items():
    print(f"{number}  {reason}")

# %% [markdown]
# ### Exercise 3: defend a verdict
#
# Give each claim a verdict, `"yes"` (it is shown), `"no"` (it is wrong) or `"cannot tell"`, and the
# number of the reason that decides. A verdict is a pair, such as `("yes", 1)`. Each reason is
# needed once.

# %% tags=["exercise"]
verdicts = {"a": ..., "b": ..., "c": ..., "d": ..., "e": ..., "f": ..., "g": ...}
check_06_3(verdicts)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# verdicts = {
#     "a": ("yes", 1), "b": ("cannot tell", 2), "c": ("cannot tell", 3), "d": ("cannot tell", 4),
#     "e": ("cannot tell", 5), "f": ("cannot tell", 6), "g": ("no", 7),
# }
# check_06_3(verdicts)
# ```
#
# </details>

# %% [markdown]
# Now defend one of *this* notebook: is the language model worth its cost here? Write three
# sentences: the number, the verdict, and what would change your mind.
#
# <details><summary>One answer</summary>
#
# G3 minus *no LMM* is +0.3 points [−0.7, +1.2], corrected p 1.000. So it cannot be told whether the
# language model is worth anything here; the interval says how much it may be. Another training of
# MiniLMM, which the interval leaves out, or a larger model could change my mind.
#
# </details>

# %% [markdown]
# ## 5 Beside the paper
#
# The paper reports the same three ablations on real photos, without intervals (diamonds). Which of
# these numbers may be compared?

# %%
three = ["w/o Geo-A", "w/o Geo-D", "w/o Geo-V"]
here = outcome.loc[three].assign(group=three, method="here")
beside = pd.concat([published_margins(three), here]).sort_values("group", kind="stable")
figures.show(
    figures.forest(beside, "G3 minus three ablations, in the paper and here", "G3", "ablation"),
    "G3 minus the three ablations, on the paper's two sets, all above zero, and here, with "
    "intervals.",
)
for row in beside.itertuples():
    print(f"{row.group:<10} {row.method:<20} {100 * row.difference:+z.1f}")

# %% [markdown]
# In the paper the judge (w/o Geo-V) is worth +3.2 and +5.7 points, diversity +1.2 and +3.3,
# alignment +0.6 and +2.6. Here they are +5.3, +0.1 and +0.9. By the estimates the order is not the
# same. There it is: the judge, diversity, alignment. Here it is: the judge, alignment, diversity.
#
# - **May be compared**: the sign and the order of the steps, and how certain each table is.
# - **May not**: how large a number is. Other photos, other models, a gallery of millions instead of
#   thousands, and GPT-4V instead of MiniLMM.
#
# ### The published rows
#
# How certain are the paper's own rows? Behind each share stand 1.96 standard errors, computed from
# the number of photos alone, as if each photo had a photographer of its own:

# %% tags=["nbval-check-output"]
print(published_table("IM2GPS3K", ["G3", *three]).iloc[:, :3].to_string())
gaps = [PUBLISHED["IM2GPS3K"]["G3"][0] - PUBLISHED["IM2GPS3K"][name][0] for name in three]
print("G3 minus each, within 1 km:", ", ".join(f"{gap:+.2f}" for gap in gaps))

# %% [markdown]
# Within 1 km the three gaps are 0.94, 0.30 and 1.67 points; the margin of a single row is 1.33. A
# paired test could show more, but it needs the answer to every photo, and these were not published.
# So publish yours.

# %% [markdown]
# ## 6 Failures: which step is to blame?
#
# A wrong answer has a reason. Either a candidate near the truth was there and the **judge** took
# another one; or **none was there**: neither the search nor the language model had it.
#
# ### Exercise 4: who is to blame?
#
# Write `blame(km, chosen, radius)`. `km` (photos, candidates) holds how far each candidate is from
# the truth, NaN where a photo has fewer candidates; `chosen` (photos,) is the column of the winner.
# Return three shares of all photos: the winner is within the radius (exactly at it counts); another
# candidate is, but not the winner; none is.


# %% tags=["exercise"]
def blame(km, chosen, radius):
    """Shares of photos: right, near candidate not chosen, no near candidate."""
    ...  # your code here


check_06_4(blame)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def blame(km, chosen, radius):
#     """Shares of photos: right, near candidate not chosen, no near candidate."""
#     near = km <= radius  # NaN <= radius is False
#     right = near[np.arange(len(km)), chosen]
#     there = near.any(axis=1)
#     return right.mean(), (there & ~right).mean(), (~there).mean()
#
#
# check_06_4(blame)
# ```
#
# </details>

# %% [markdown]
# **Guess first.** Of the photos that G3 does not place within 200 km, in how many per cent was a
# candidate within 200 km there?

# %%
my_blame = None  # per cent

# %%
pool = pd.concat([some.candidates() for some in evidence], ignore_index=True)
far = pool.assign(km=selection.errors_km(pool, truth), slot=pool.groupby("IMG_ID").cumcount())
km = far.pivot(index="IMG_ID", columns="slot", values="km").loc[truth["IMG_ID"]].to_numpy()
chosen = np.nanargmin(np.abs(km - g3_km[:, None]), axis=1)  # the column of G3's answer

# %%
blamed = own.choose(blame, check_06_4, nb06.blame)
REASONS = ["right", "the judge took another one", "none was near"]
whose = pd.DataFrame(
    {f"{radius:,} km": blamed(km, chosen, radius) for radius in evaluation.THRESHOLDS_KM},
    index=REASONS,
).T
figures.show(
    figures.stacked_bars(100 * whose, "G3's answers, and who is to blame", "photos, %"),
    "Stacked bars at five distances: right, the judge took another candidate, none was near.",
)

# %%
_, judge, none = 100 * whose.loc["200 km"]
known = evidence[0].gallery_coordinates
random = known[np.random.default_rng(0).integers(len(known), size=km.shape)]
lucky = geo.great_circle_km(random, truth[["LAT", "LON"]].to_numpy()[:, None]).min(axis=1)
print(f"within 200 km: the judge is to blame for {judge:.1f} %, no candidate for {none:.1f} %")
print(f"of as many random places one is within 200 km for {100 * (lucky <= 200).mean():.1f} %,")
print(f"and within 2,500 km for {100 * (lucky <= 2500).mean():.1f} %")
print(guess.compare(my_blame, 100 * judge / (judge + none), "%"))

# %% [markdown]
# Within 200 km the judge is to blame for 16.1 % of the photos, and for 58.2 % no candidate was
# near. Luck helps: of as many random places one lies within 200 km for 4.6 % of the photos, and
# within 2,500 km for 64.8 %, so within 2,500 km a blame means little.
#
# Four photos of each kind, wrong by more than 750 km, with the most visible cues among the first
# 300 photos of each set:

# %%
scenes = {img_id: miniearth.scene_of(img_id)
          for some in evidence for img_id in some.queries.ids[:300]}  # fmt: skip
cues = np.array([len(scenes[i].visible) if i in scenes else -1 for i in truth["IMG_ID"]])
nearest = np.nanmin(km, axis=1)
kinds = {"the judge": nearest <= 200, "no candidate": nearest > 750}
failures = [
    (kind, row)
    for kind, which in kinds.items()
    for row in np.argsort(np.where(which & (g3_km > 750), -cues, 1), kind="stable")[:4]
]

# %%
city = miniearth.places()["city"]
titles = [
    f"{city[int(truth['IMG_ID'][row][:4])]}: {kind}\noff by {g3_km[row]:,.0f} km\n"
    f"nearest candidate {nearest[row]:,.0f} km"
    for kind, row in failures
]
pictures = [miniearth.draw(scenes[truth["IMG_ID"][row]], 256) for _, row in failures]
figures.show(
    figures.photo_sheet(pictures, titles, columns=4, title="Wrong by more than 750 km, and why"),
    "Eight drawn photos that G3 places wrongly: four where the judge took another candidate, four "
    "without a near one.",
)

# %% [markdown]
# In the first row a candidate within 200 km was there, and the judge took another; in the second
# none was within 750 km.

# %% [markdown]
# ## On real photos
#
# Table 1 and its forest plot for photos that people took: those of the part *test* of a **pack**
# (notebook 01; [how to make one](../g3lite/pack.md)), with the heads of notebook 02 and the
# replies that notebook 04 keeps with the pack. With replies there is a row *G3*, and only the
# photos that were asked about are counted; without them *no LMM* stands first, the judge with the
# ten most similar photos. `G3LITE_PACK` names the pack; without one the cells do nothing.
#
# **What is shown here is mechanics on 240 photos, not CLIP**, without replies of a language model.

# %% tags=["pack"]
pack = real_photos.pack("Table 1 for its photos, and what G3 is ahead of each rival")
if pack:
    answers = real_photos.replies(pack)
    run = real_photos.run(pack, real_photos.heads(pack, "official"), answers)

# %% tags=["pack"]
if pack:
    compete = {"no LMM": run.candidates()}
    if answers is not None:
        compete["G3"] = run.candidates(answers, real_photos.CHOICE)
    print("; ".join(f"{name}: {len(some):,} candidates" for name, some in compete.items()))

# %% tags=["pack"]
if pack:
    rows = {name: winners(some) for name, some in reversed(compete.items())}
    first = next(iter(rows))  # G3, or no LMM
    rows["medoid instead of the judge"] = selection.medoid(compete[first])
    retrieved = run.searched()
    for name in ("kNN", "kNN, aligned", "[L]kNN", "GPS gallery (GeoCLIP)", "constant"):
        rows[name] = retrieved[name]
    people = real_photos.people(run.queries.table).assign(set="test")
    print(f"{len(people):,} photos by {people['AUTHOR'].nunique()} people")
    print(evaluation.table(evaluation.evaluate(rows, people)).iloc[:, :5].to_string())

# %% [markdown]
# Hardly anything is right. One of these photos is 3.4 %, and the constant, which looks at no photo,
# leads within 2,500 km: 55.2 % [22.7, 78.6]. The plan of this notebook has one number for each row,
# the mean of the five shares, and a correction for the number of rows:

# %% tags=["pack"]
if pack:
    right = {name: evaluation.hits(answer, people)[None] for name, answer in rows.items()}
    ahead = margins(right.pop(first), right, people)
    ahead = ahead[ahead["metric"] == OUTCOME].sort_values("difference", ascending=False)
    title = f"{first} minus each rival, real photos"
    figures.show(
        figures.forest(ahead, title, f"{first} is better", "worse"),
        f"A forest plot of {first} minus {len(ahead)} rivals, each with its interval.",
    )
    for row in ahead.itertuples():
        print(f"{row.method:<28}{real_photos.in_points(row)}, corrected p {row.p_holm:.2f}")

# %% [markdown]
# Nothing can be told from it, as after correction no p is below 0.18. The interval of [L]kNN leaves
# out zero, +4.8 points [0.5, 9.1]; of six rows one may do that by chance, and with 15 people all
# intervals are too narrow. And the constant may well be better: −4.1 points [−13.4, +5.1]. So the
# honest summary of 29 photos is that the way from pack to table works. For an answer make a pack of
# some thousand photos by a model that has read captions, and run the cells again.

# %% [markdown]
# ## What you have learnt
#
# - On MiniEarth the judge is worth 5.3 points [5.0, 5.7] against a blind choice. With raw features
#   in the search, no difference can be told: +0.9 points [−0.3, +2.2], corrected p 0.924. What the
#   language model is worth cannot be told: +0.3 points [−0.7, +1.2].
# - A plan that is written first makes one table worth more than ten that are chosen afterwards. Of
#   many comparisons some are significant by luck; Holm's correction accounts for them.
# - Methods are compared photo by photo, on resampled photographers; another training adds its part.
# - An ablation is fair when one thing differs, and the number of candidates counts as a thing.
# - "Cannot be told" is an honest result. Its interval says how large the effect may still be.
#
# **What it cannot do.** MiniEarth is drawn, and MiniLMM is no large model. What a step is worth
# here shows how to find out what it is worth elsewhere, not what it is worth there.
#
# **With care.** Accuracy within 1 km is what makes such a system dangerous for a person. Report it,
# and say on what photos.
#
# **Next:** [07 Real data on a GPU](07_real_data_on_a_gpu.ipynb): G3 with the official weights and a
# large language model, on real photos.
#
# ### References
#
# - P. Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization Using
#   Large Multi-Modality Models*, NeurIPS 2024,
#   [arXiv 2405.14702](https://arxiv.org/abs/2405.14702): section 4.
# - S. Holm, *A Simple Sequentially Rejective Multiple Test Procedure*, Scandinavian Journal of
#   Statistics 6, 1979.
# - T. Weyand, I. Kostrikov and J. Philbin, *PlaNet: Photo Geolocation with Convolutional Neural
#   Networks*, ECCV 2016, [arXiv 1602.05314](https://arxiv.org/abs/1602.05314).
# - N. Vo, N. Jacobs and J. Hays, *Revisiting IM2GPS in the Deep Learning Era*, ICCV 2017,
#   [arXiv 1705.04838](https://arxiv.org/abs/1705.04838).
# - V. Vivanco Cepeda, G. K. Nayak and M. Shah, *GeoCLIP*, NeurIPS 2023,
#   [arXiv 2309.16020](https://arxiv.org/abs/2309.16020).
# - Z. Zhou et al., *Img2Loc*, SIGIR 2024, [arXiv 2403.19584](https://arxiv.org/abs/2403.19584).
