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
# A table with a bold row at the bottom ends most papers. This notebook makes that table, reads it
# as a sceptic would, and puts the same questions to the published one. Afterwards you will be able
# to
#
# - compare methods on the same photos, with intervals that know about photographers;
# - say which of many differences are real, and which are noise;
# - say what each step of G3 is worth, with an ablation that is fair;
# - find out where it fails, and which step is to blame;
# - tell an answer that was found from one that was copied;
# - read the tables of the paper with the same eyes.
#
# **Paper:** Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization
# Using Large Multi-Modality Models*, [arXiv 2405.14702](https://arxiv.org/abs/2405.14702), section
# 4: tables 1, 2, 3 and 5, figures 3 and 4.
# **You need:** [notebook 01](01_worldwide_geolocalization.ipynb) for the metric and the bootstrap,
# [notebook 05](05_geo_verification.ipynb) for the complete G3.
# **Time:** 50 minutes to read, 80 with the exercises. **Machine:** any laptop, 3 GB of memory, no
# GPU; the cells run for one or two minutes, plus one the first time (6,000 pictures are drawn,
# encoded and kept).

# %%
# The same in every notebook: it installs g3lite where it is missing, and keeps numpy and torch.
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec


class NotInstalled(Exception):
    def _render_traceback_(self):  # Jupyter shows this sentence instead of a traceback
        return [str(self)]


if find_spec("g3lite") is None:
    address = "git+https://example.org/g3lite/g3lite@v0.1.0"
    way = 'In a copy of the repository, run: pip install -e ".[notebooks]", and restart the kernel.'
    if "//example.org/" in address:  # stands for an address until there is one
        raise NotInstalled(f"g3lite is not in {sys.executable}, and not published yet. {way}")
    print("installing g3lite and what it needs ...")
    keep = [f"{name}=={version(name)}" for name in ("numpy", "torch") if find_spec(name)]
    if subprocess.run([sys.executable, "-m", "pip", "install", "-q", address, *keep]).returncode:
        raise NotInstalled(f"pip could not install {address}. Is there a network? {way}")

from g3lite import profiles

print(profiles.machine())

# %%
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.stats import false_discovery_control

from g3lite import evaluation, figures, geo, miniearth, places, verification
from g3lite.baselines import selection
from g3lite.lmm.ask import ask
from g3lite.lmm.load import load_lmm
from g3lite.paper import published as paper_published
from g3lite.paper import tables
from g3lite.paper.margins import OUTCOME
from g3lite.paths import shipped
from g3lite.recipes.replies import SETTINGS
from g3lite.teaching.checks.nb06 import check_06_1, check_06_2, check_06_3

pd.set_option("display.width", 190, "display.max_columns", 20, "display.max_colwidth", 60)

# %% tags=["parameters"]
PROFILE = "auto"

# %% [markdown]
# ## 1 The rules
#
# MiniEarth has two test sets, as the paper has: *natural*, which follows the places' photo weights
# as the gallery does (IM2GPS3K's part), and *uniform*, nearly even over the places and harder
# (YFCC4K's part). A test set can be opened once: who looks at it and then changes something has
# made it a part of the training. So everything that there was to choose (how MiniLMM is trained,
# its temperature, the number of candidates, the size of geocells) was chosen on *validation*, 2,400
# other photos, and **both test sets were opened after the last choice, for all methods together**.
# What follows is about their 6,000 photos. The ablations keep the N and S that were chosen for G3.
# Three rows came later, when the test sets were open already: both rows of [L]kNN, each with a
# setting of its own, and a row without any language model. Their settings were chosen on validation
# too, and nothing else was changed for them. (Notebook 01 shows three baselines on the test sets.
# Nothing is chosen by those.)
#
# Every method located all photos in one go (`g3lite dev artefacts build predictions`). What came
# out is shipped, and this notebook begins with it: where each method sees each photo, what the
# model replied, and which photos it was told about.

# %%
profile = profiles.get(PROFILE)
options = {"replicates": profile.bootstrap}
evidence = [tables.EvaluationRun.load(name, profile.query_size) for name in tables.SETS]
methods, truth = tables.pooled(evidence)
print(f"profile {profile.name}: {len(truth):,} photos of {truth.AUTHOR.nunique():,} photographers")
print(", ".join(methods))

# %% [markdown]
# A test is worth nothing if the answers were in the training data. No photographer, and so no photo
# and no scene, is in two sets; and a fifth of the places is in no corpus that MiniCLIP or MiniLMM
# were trained on:

# %% tags=["nbval-check-output"]
sets = {
    name: miniearth.load(name).table
    for name in ("gallery", "validation", "test_natural", "test_uniform")
}
authors = {name: set(table["AUTHOR"]) for name, table in sets.items()}
for name in sets:
    shared = [len(authors[name] & authors[other]) for other in sets if other != name]
    print(f"{name:<13} {len(sets[name]):>6,} photos; photographers shared with others: {shared}")

# %% [markdown]
# ### The answer in one picture
#
# How much better is G3 than each rival, and than itself without one of its steps? One number per
# row: the mean of the five shares (within 1, 25, 200, 750 and 2,500 km), both test sets weighted
# alike, G3 minus the row. The line is its 95 % interval over photographers. The sections below say
# what each row is, and where the number comes from.

# %%
ROWS = (
    "constant", "LMM, zero-shot", "kNN", "GPS gallery (GeoCLIP)", "one RAG prompt (Img2Loc)",
    "[L]kNN", "geocells (PlaNet)", "w/o Geo-V", "medoid of the candidates", "kNN, aligned",
    "w/o Geo-A", "no LMM", "[L]kNN, aligned", "w/o Geo-D", "w/o Geo-D, as many replies",
)  # fmt: skip
margin_table = tables.worth(methods, truth, ROWS, **options)
outcome = margin_table[margin_table["metric"] == OUTCOME].drop(columns="seeds")
figures.show(
    figures.forest(
        outcome[outcome["method"] != "constant"],
        "What G3 gains over each row: mean of the five shares", "G3 is better", "G3 is worse",
    ),
    "A forest plot with 14 rows. G3 is better than each rival of the paper by three to six points, "
    "than a blind choice by seven; its margin over no language model, over the vote of aligned "
    "neighbours and over one prompt is below one point.",
)  # fmt: skip

# %% [markdown]
# So the five shares of G3 are on average 5.2 points above those of the most similar photo
# (**kNN**), and most of that comes from *alignment and the judge*, which need no language model:
# without one (**no LMM**) G3 loses 0.6 points, [0.2, 1.1], and the vote of aligned neighbours
# (**[L]kNN, aligned**) cannot be told from G3: +0.5, [−0.2, +1.2]. The language model of this
# series is small, and it hardly uses the references that it is told; a large one may gain more. No
# row is better than G3 on average. At single distances some are: within 1 km, retrieval alone is.

# %% [markdown]
# ## 2 Table 1: G3 and its rivals
#
# Every rival runs here, from the same photos' features, gallery and model:
#
# - **constant**: the best single answer for each distance, without looking at the photo;
# - **kNN** and **[L]kNN**: the most similar photo by MiniCLIP's features, and a vote of the 15 most
#   similar ones (a number that was chosen on validation);
# - **geocells** in PlaNet's way: a classifier over cells that hold about as many photos each;
# - **GPS gallery** in GeoCLIP's way: of all coordinates in the gallery the one that suits the photo
#   best;
# - **LMM, zero-shot**: the model's likeliest reply without any reference;
# - **one RAG prompt** in Img2Loc's way: its likeliest reply to one prompt with 10 + 10 references,
#   which are found by the plain features;
# - and four that the paper does not have: **kNN, aligned** and **[L]kNN, aligned**, the same two
#   with G3's own vectors, without any language model or judge; **no LMM**, where the judge chooses
#   among the retrieved candidates alone; and the **medoid** of G3's candidates, a vote without any
#   score;
# - **G3**: four prompts, the replies to each and retrieved coordinates, verified. How many of
#   either, was chosen on validation:

# %% tags=["nbval-check-output"]
print(
    f"N = {tables.CHOICE.replies} replies of each prompt, S = {tables.CHOICE.retrieved} retrieved"
)

# %% [markdown]
# What do you expect? Which rival is the hardest to beat at a street's distance, and which at a
# continent's?

# %%
results = evaluation.evaluate({name: methods[name] for name in tables.TABLE_1}, truth, **options)
own = tables.OTHERS[:-1]  # all but the mean of the candidates
both = evaluation.evaluate({name: methods[name] for name in own}, truth, **options)
print(f"Table 1 on MiniEarth: {len(truth):,} photos, {' and '.join(tables.SETS)}")

# %%
evaluation.table(pd.concat([results, both]))

# %% [markdown]
# The same for each set apart, in per cent, and for validation, where everything was chosen. What is
# chosen on photos may look better on them than on others. Does it? *Natural* is drawn as validation
# is, so compare these two, and not the heights (other photos are easier or harder for everybody)
# but how far G3 is above the rest:

# %%
levels = list(evaluation.THRESHOLD_NAMES)
apart = {}
for name in (*tables.SETS, tables.CHOSEN_ON):
    photos = miniearth.load(name, profile.query_size).table
    found = tables.predictions(name, profile.query_size)
    scores = {row: evaluation.score(found[row], photos)[levels] for row in tables.TABLE_1}
    apart[name] = pd.DataFrame(scores).T.mul(100).map("{:.1f}".format)
for name, table in apart.items():
    print(f"{name}\n{table.to_string()}\n")

# %% [markdown]
# On *natural* G3 is about as far above [L]kNN as on validation from a city's distance on (+3.9 and
# +3.8 points for the city), and within 1 km it is behind on both. *Uniform* is harder for all: most
# of its places have few photos in the gallery.
#
# Read a column, not a row: which rival is the hardest to beat depends on the distance. Here is the
# same as curves, for five of them:

# %%
SHOWN = ("kNN", "geocells (PlaNet)", "GPS gallery (GeoCLIP)", "LMM, zero-shot", "G3")
figures.show(
    figures.threshold_curves({name: methods[name] for name in SHOWN}, truth, "G3 and four rivals"),
    "Curves of the share of photos within a distance, from 0.1 to 20,000 km, for five methods, "
    "with bands of 95 per cent.",
)

# %% [markdown]
# ### Differences, not overlaps
#
# Do two intervals that overlap mean that two methods are alike? No. Both saw the *same* photos, and
# a photo that is easy for one is easy for the other. So compare photo by photo, and resample the
# photographers once for both (`evaluation.compare`, notebook 01). Points of G3 above each rival:

# %%
rivals = [*tables.TABLE_1[:-1], *own]
ablations = [name for name in tables.TABLE_2 if name != "G3"]  # for section 3
found = tables.gains(methods, truth, over=[*rivals, *ablations], **options)
differences = tables.gains_table(found)
differences.loc[rivals]

# %% [markdown]
# A p cannot fall below 2 / (resamples + 1): 0.002 means "in none of a thousand resamples". And with
# the ablations of section 3 these are 75 comparisons, of which one in twenty is "significant" when
# nothing is going on. Which comparisons are counted together must be decided before looking,
# for foregone ones make all others look more certain. Here it is all 75. The procedure of Benjamini
# and Hochberg keeps the share of false discoveries among what is claimed below 5 %, on average over
# many such studies. (It asks for tests that are independent or lean the same way. Ours share photos
# and G3, and mostly do.) Where is G3 better, and where is it worse? A "–" says that the sign is not
# certain. It does not say that two methods are equal: look at the interval.


# %%
def verdicts(found):
    """Better, worse or no telling, of each comparison, with false discoveries below 5 %."""
    real = false_discovery_control(found["p"]) < 0.05
    verdict = np.where(found["difference"] > 0, "better", "worse")
    table = found.assign(verdict=np.where(real, verdict, "–"))
    wide = table.pivot(index="method", columns="metric", values="verdict")
    return wide.loc[found["method"].unique(), list(evaluation.THRESHOLD_NAMES)]


verdict = verdicts(found).rename_axis(index="G3 against", columns=None)
verdict.loc[rivals]

# %% [markdown]
# In words, with all 6,000 photos: from a city's distance on, G3 is better than every rival of the
# paper. Within 1 km it is better than the GPS gallery and than both ways to ask the language model
# once; kNN and the geocells (a linear classifier on the same features that is easily forgotten)
# cannot be told from it, and [L]kNN is better.
#
# The rows that the paper does not have are harder rivals. All three that use G3's own vectors and
# no language model (**kNN, aligned**, **[L]kNN, aligned**, **no LMM**) are better within 1 km. The
# latter two cannot be told from G3 within 25 km; G3 is better than each of them for country and
# continent, by one and a half to two points. And at a continent's distance the medoid, a vote
# without any score, is better than the judge.
#
# ### The published rows
#
# These are the paper's own figures, on real photos. They have nothing to do with the rows above but
# the question: other photos, other models, a gallery two hundred times as large. No figure of one
# table can be compared with one of the other. What can be compared is how certain each table is.
# The ± is what the number of photos alone allows (1.96 standard errors):

# %% tags=["nbval-check-output"]
rows = [name for name in paper_published.PUBLISHED["IM2GPS3K"] if not name.startswith("w/o")]
print("PUBLISHED, IM2GPS3K, 2,997 real photos (arXiv 2405.14702, table 1)")
print(paper_published.published_table("IM2GPS3K", rows).to_string())

# %% tags=["nbval-check-output"]
print("PUBLISHED, YFCC4K, 4,536 real photos (arXiv 2405.14702, table 1)")
print(paper_published.published_table("YFCC4K", rows).to_string())

# %% [markdown]
# ### Exercise 1: a margin
#
# Write `margin(share, n)`: half the width of the 95 % interval of a share among n photos, in
# percentage points, as if every photo were evidence of its own (the normal approximation).


# %% tags=["exercise"]
def margin(share, n):
    """Half the width of a 95 % interval of a share among n photos, in points."""
    ...  # your code here


check_06_1(margin)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def margin(share, n):
#     """Half the width of a 95 % interval of a share among n photos, in points."""
#     return 100 * 1.96 * (share * (1 - share) / n) ** 0.5
#
#
# check_06_1(margin)
# ```
#
# </details>

# %% [markdown]
# ## 3 Table 2: what is each step worth?
#
# An **ablation** takes one part out and leaves all else as it is:
#
# - **w/o Geo-A**: references *and* retrieved candidates are found by the plain features. The judge,
#   the other half of geo-alignment, stays: this row is about alignment in retrieval;
# - **w/o Geo-D**: one prompt with 10 + 10 references. That takes away variety *and* three quarters
#   of the replies, so a second row gives it as many as G3 has;
# - **w/o Geo-V**: one of G3's candidates, drawn blindly. Its row is the expectation over the
#   candidates, so no luck of the draw is in it.

# %%
ablated = evaluation.evaluate({name: methods[name] for name in tables.TABLE_2}, truth, **options)

# %% [markdown]
# G3 minus each of them, in points:

# %%
differences.loc[ablations]

# %%
verdict.loc[ablations]

# %% [markdown]
# One of these rows deserves a second look, set by set:

# %%
apart = {}
for name in (*tables.SETS, tables.CHOSEN_ON):
    of_set, its_truth = tables.pooled([tables.EvaluationRun.load(name, profile.query_size)])
    gain = tables.gains(of_set, its_truth, over=["w/o Geo-D"], **options)
    apart[f"G3 minus w/o Geo-D, {name}"] = tables.gains_table(gain).loc["w/o Geo-D"]
pd.DataFrame(apart).T

# %% [markdown]
# On validation, Geo-D gained nothing for certain at any distance; on either test set it does for
# country and continent. Nothing was changed in between. So much can 2,400 photos leave open, and so
# little is a single table.
#
# Before reading on: four prompts differ from one in their variety *and* in the number of replies.
# What does the number alone do? The same single prompt, few replies minus many:

# %%
few_minus_many = tables.gains(
    methods, truth, of="w/o Geo-D", over=["w/o Geo-D, as many replies"], **options
)
tables.gains_table(few_minus_many)

# %% [markdown]
# And the retrieved candidates compete in every row. They are found without any prompt; do they
# stand in for what different prompts would bring? Take them away, as the paper does on IM2GPS3K
# (S = 0), and compare four prompts with one again:

# %%
n = tables.CHOICE.replies
choices = {
    "four prompts": ("drawn", verification.CandidateConfig(replies=n)),
    "one prompt": ("one prompt", verification.CandidateConfig((10,), n)),
    "one prompt, as many replies": ("one prompt", verification.CandidateConfig((10,), 4 * n)),
}
alone = {
    name: pd.concat(
        [verification.winners(some.verifier.score(some.candidates(*way))) for some in evidence]
    )
    for name, way in choices.items()
}
tables.gains_table(tables.gains(alone, truth, of="four prompts", **options))

# %% [markdown]
# Read aloud, with all 6,000 photos:
#
# - **Verification** gains most, but against the weakest opponent, a blind draw. Against choices
#   that need no judge either it gains much less: see [L]kNN, aligned, and the medoid above.
# - **The language model** (G3 minus *no LMM*, section 2) gains two points for the continent and one
#   and a half for the country, and costs one within 1 km: on average 0.6 points, [0.2, 1.1].
# - **Alignment of retrieval** gains for certain at the distances of a city, a region and a country.
#   In the street, and for the continent, the estimates are on its side and could be nothing.
# - **Diversity**, as table 2 measures it, costs in the street and gains from a region's distance
#   on. But one prompt also gives fewer replies, and fewer replies alone do nearly the same: they
#   are better in the street and worse for country and continent. At an equal number nothing can be
#   told apart. Without retrieved candidates four prompts are better than one at every distance, for
#   certain, and at an equal number, again, at none. So what is seen here is the *number* of
#   replies: they name the right continent more often, and the right kilometre less often, than the
#   retrieved coordinates that they compete with. What *different* prompts bring beyond more of the
#   same is, if anything, within a point. The paper's table 2 does not take the two apart.
#
# Choices without any score, and the ceiling: the candidate nearest to the truth, which nobody can
# choose without knowing it. A ceiling has luck in it, so beside it stands the nearest of as many
# places that were drawn from the gallery, whatever the photo shows:

# %%
pool = pd.concat([some.candidates() for some in evidence], ignore_index=True)
known, rng = evidence[0].gallery_coordinates, np.random.default_rng(0)
lucky = pool.copy()
lucky[["LAT", "LON"]] = known[rng.integers(len(known), size=len(lucky))]
ceiling = {
    "the nearest candidate": selection.oracle(pool, truth),
    "the nearest of random places": selection.oracle(lucky, truth),
}
others = {name: methods[name] for name in ("G3", *tables.OTHERS)} | ceiling
evaluation.table(evaluation.evaluate(others, truth, **options))

# %% [markdown]
# ### Exercise 2: resampling photographers
#
# Write `resampled(a, b, author, drawn)`. `a` and `b` (photos,) hold 1.0 where a method is right,
# else 0.0; `author` (photos,) the number of each photo's photographer; `drawn` (resamples,
# photographers) how often each of them was drawn. Return the share of a minus that of b in every
# resample, (resamples,). A photo counts as often as its photographer was drawn. (`np.bincount` with
# weights sums over groups.)


# %% tags=["exercise"]
def resampled(a, b, author, drawn):
    """Difference of two shares in each resample of the photographers."""
    ...  # your code here


check_06_2(resampled)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def resampled(a, b, author, drawn):
#     """Difference of two shares in each resample of the photographers."""
#     people = drawn.shape[1]
#     gain = np.bincount(author, a - b, people)  # of each photographer's photos
#     photos = np.bincount(author, minlength=people)
#     return drawn @ gain / (drawn @ photos)
#
#
# check_06_2(resampled)
# ```
#
# </details>

# %% [markdown]
# ### The same question to the paper
#
# Table 2 of the paper has no intervals. How large would a difference have to be? For two methods
# that agree on most photos the margin of a difference depends on the share of photos on which they
# *disagree*, which nobody has published. On MiniEarth it can be counted. More hits leave more to
# disagree about, so it is scaled by p (1 - p), where p is G3's share here and there:

# %%
hits = {
    name: evaluation.error_km(methods[name], truth)[:, None] <= evaluation.THRESHOLDS_KM
    for name in ("G3", "w/o Geo-A", "w/o Geo-D")
}
ours = hits["G3"].mean(axis=0)


def published_gains(which, name):
    """The paper's G3 minus an ablation, in points, each with a rough margin."""
    published = pd.DataFrame(paper_published.PUBLISHED[which], index=evaluation.THRESHOLD_NAMES)
    theirs = published["G3"] / 100
    scale = np.maximum(theirs * (1 - theirs) / (ours * (1 - ours)), 1)
    disagree = (hits["G3"] != hits[name]).mean(axis=0) * scale
    reach = disagree / paper_published.PUBLISHED_PHOTOS[which]
    gain = published["G3"] - published[name]
    return [f"{g:+.2f} ± {m:.2f}" for g, m in zip(gain, 196 * np.sqrt(reach), strict=True)]


rows = {
    f"PUBLISHED, {which}: G3 minus {name}": published_gains(which, name)
    for which in paper_published.PUBLISHED
    for name in ("w/o Geo-A", "w/o Geo-D")
}
pd.DataFrame(rows, index=evaluation.THRESHOLD_NAMES).T

# %% [markdown]
# On IM2GPS3K all of Geo-A's differences, and Geo-D's in street and city, are within this margin.
# On YFCC4K, where they are larger, all are beyond. The margin is a guess: it leaves
# out that photographers take many photos, that GPT-4V answers differently every time, and that our
# methods share retrieved candidates. "Beyond" means "hardly noise of the photos", not "proved". And
# YFCC4K shares places with the training set, so its differences may not be what they seem.
#
# ## 4 Table 3 and table 5: what alignment is worth in retrieval
#
# How far from the truth are the references? For the first 5, 10 and 15 references of each photo:
# their mean distance, and that of the nearest one, in km, and the paired differences. (The paper's
# table 3 has 2,554.7 km for the plain and 2,299.2 km for the aligned features, for the first five.)

# %%
tables.reference_table(evidence, **options)

# %% [markdown]
# Table 5 asks which modalities the alignment needs. Training without text is cheap, asking a model
# 100,000 times again is not, so this is the part of the table that belongs to retrieval, on
# *validation*, from notebook 02: the most similar photo, and the best coordinate of the gallery
# (which raw features cannot name: NaN). These are means of two trainings; tables 1 and 2 use one.

# %%
VARIANTS = ["raw features", "G3", "without text"]
variants = pd.read_csv(shipped("alignment/validation.csv"))
kept = variants[(variants.gallery == 20_000) & variants.variant.isin(VARIANTS)]
mean = kept.groupby(["variant", "metric"])["value"].mean().unstack()  # of two seeds
levels = list(evaluation.THRESHOLD_NAMES)
pd.concat(
    {
        "most similar photo": mean[levels],
        "GPS gallery": mean[[f"gps {level}" for level in levels]].set_axis(levels, axis=1),
    }
).mul(100).round(1)

# %% [markdown]
# Without text, retrieval is as good or a little worse here. In the paper's table 5 text
# costs a little in street and city, and helps beyond.
#
# ## 5 Figures 3 and 4: more prompts, more candidates
#
# Figure 3 adds prompts one by one (0 references, then 5, 10, 15), each with as many replies as G3
# uses. Figure 4 keeps the four prompts and takes one to five replies of each. The retrieved
# candidates always compete. (This needs the pictures.)

# %%
by_number = {
    "prompts": tables.by_prompts(evidence),
    "replies of each prompt": tables.by_replies(evidence),
}
for name, variants in by_number.items():
    print(f"number of {name}")
    shares = evaluation.table(evaluation.evaluate(variants, truth, **options)).iloc[:, :5]
    print(shares.to_string(), "\n")

# %% [markdown]
# All intervals overlap, and again that says little. In pairs, each number against the first, in
# points:

# %%
figure = Figure(figsize=(figures.WIDTH, 3.8), layout="constrained")
figure.suptitle("More prompts, more replies", x=0.01, ha="left", fontweight="bold")
for axes, (name, variants) in zip(
    figure.subplots(1, 2, sharey=True), by_number.items(), strict=True
):
    over = {n: tables.gains(variants, truth, of=n, over=["1"], **options) for n in variants}
    for at, level in enumerate(evaluation.THRESHOLD_NAMES):
        rows = pd.concat([100 * gain.set_index("metric").loc[[level], ["difference", "low", "high"]]
                          for gain in over.values()])  # fmt: skip
        numbers = [int(n) for n in over]
        reach = np.abs(rows[["low", "high"]].sub(rows["difference"], axis=0)).T.to_numpy()
        style = {"marker": "o", "ms": 5, "capsize": 2, "elinewidth": 0.8}
        axes.errorbar(np.array(numbers) + 0.06 * (at - 2), rows["difference"], reach,
                      color=figures.PALETTE[at], label=level, **style)  # fmt: skip
    axes.axhline(0, color="#555555", linewidth=0.8)
    axes.set(xlabel=f"number of {name}", xticks=numbers)
    axes.spines[["top", "right"]].set_visible(False)
figure.axes[0].set_ylabel("points above one")
figure.axes[0].legend(frameon=False, fontsize=9, loc="lower left", ncols=2)
figures.show(
    figure,
    "Two panels: what a second, third, ... prompt and reply add to the first, in points, within "
    "five distances, with intervals: fine distances lose with more of either, coarse ones gain.",
)

# %% [markdown]
# With more prompts as with more replies G3 falls in street and city, gains for country and
# continent, and stays where it is for the region. (There are 35 intervals here, none of them
# corrected.) As in section 3 this is about *how many* replies, not *how different* they are: more
# replies are more chances for the judge to err, and it sees continents better than streets
# (notebook 05). The paper's figure 4 has the same order, from one candidate as the best number for
# the street to seven for the continent; its figure 3 grows with the number of prompts at every
# distance.
#
# ## 6 Are these really the predictions?
#
# The pictures that were just encoded are judged again, with the shipped references and replies: G3
# must then name the shipped places. And the model is asked again about the first three of them.
# (The search is not repeated here, see notebook 03, and neither are the rivals.)

# %%
for some in evidence:
    shipped = tables.predictions(some.which, len(some.queries))
    again = verification.winners(some.scored)[["LAT_pred", "LON_pred"]].to_numpy()
    same = (geo.great_circle_km(again, shipped["G3"]) < 0.01).mean()
    print(f"{some.which}: {len(again):,} photos located again, {same:.2%} at the shipped place")

# %%
some, few = evidence[0], slice(0, 3)
way = SETTINGS[some.which]["drawn"]
lists = [some.gallery_coordinates[some.rows[key][few]] for key in (way.similar, way.dissimilar)]
with tempfile.TemporaryDirectory() as folder:
    asked, report = ask(
        load_lmm("minilmm"), some.queries.take(few), way.plan, *lists,
        store=Path(folder) / "replies.sqlite", progress=False,
    )  # fmt: skip
before = some.replies[(some.replies.way == "drawn") & some.replies.IMG_ID.isin(asked.IMG_ID)]
same = (asked.text.to_numpy() == before.text.to_numpy()).mean()
print(f"{len(asked)} replies asked for again, {same:.0%} word for word as shipped")

# %% [markdown]
# ## 7 What the tables do not say
#
# ### Places that MiniCLIP and MiniLMM have never seen
#
# A large model of the real world has seen everything; a fair question is what a method does where
# it has not. A fifth of the places is in no corpus of these two models. (They are in the gallery,
# so retrieval, the judge and the geocells know them.)

# %%
number = [int(img_id[:4]) for img_id in truth["IMG_ID"]]
place = miniearth.places().loc[number].reset_index(drop=True)
seen = place["seen"].to_numpy()


def pick(method, some):
    """The rows of a method that belong to some photos."""
    return method if len(method) == 1 else method[some]


CHOSEN = ("kNN", "LMM, zero-shot", "G3")
for name, some in (("seen", seen), ("unseen", ~seen)):
    chosen = {f"{name}, {row}": pick(methods[row], some) for row in CHOSEN}
    apart = evaluation.evaluate(chosen, truth[some], **options)
    print(evaluation.table(apart).iloc[:, :5].to_string(), "\n")

# %% [markdown]
# The two groups are different photos, so look at kNN first: it learns nothing, and falls a little
# as well. G3 falls more, in the city most, and of the zero-shot model's city nothing is left: what
# it knows of cities is memory. In the street and at a continent's distance G3 loses nothing. (An
# interval of zeros is no certainty: with no hit among n photos the share may still be 3 / n.)
#
# ### Where the gallery is dense
#
# Retrieval can only name what it has. Photos by the number of gallery photos within 25 km of the
# truth:

# %%
known, points = evidence[0].gallery_coordinates, truth[["LAT", "LON"]].to_numpy()
vectors, cosine = geo.unit_vectors(known).T, np.cos(25 / geo.EARTH_RADIUS_KM)
parts = np.array_split(geo.unit_vectors(points), 30)
near = np.concatenate([(part @ vectors >= cosine).sum(axis=1) for part in parts])
edges = [0, 1, 4, 16, 64, np.inf]
density = pd.cut(near, edges, right=False, labels=["0", "1–3", "4–15", "16–63", "64 and more"])

# %%
figure = Figure(figsize=(figures.WIDTH, 3.4), layout="constrained")
figure.suptitle(
    "Share located within 25 km, by density of the gallery", x=0.01, ha="left", fontweight="bold"
)
axes = figure.add_subplot()
for row, colour, shift in zip(CHOSEN, figures.PALETTE, (-0.2, 0, 0.2), strict=False):
    hit = evaluation.error_km(methods[row], truth)[:, None] <= 25
    bars = [evaluation.mean_intervals(hit[density == d], truth[density == d], **options)
            for d in density.categories]  # fmt: skip
    share, low, high = 100 * np.array(bars)[:, :, 0].T
    axes.errorbar(np.arange(len(share)) + shift, share, [share - low, high - share], fmt="o",
                  color=colour, capsize=3, label=row)  # fmt: skip
axes.set_xticks(range(5), [f"{d}\n{(density == d).mean():.0%}" for d in density.categories])
axes.set(xlabel="gallery photos within 25 km of the truth, and the share of such queries",
         ylabel="queries within 25 km (%)")  # fmt: skip
axes.legend(frameon=False)
figures.show(figure, "Share of queries within 25 km against the number of gallery photos near the "
           "truth, for three methods; kNN and G3 rise with the number.")  # fmt: skip

# %% [markdown]
# Where almost no gallery photo is near, only the model's own memory names the city now and then,
# and G3 throws some of that away: its judge was trained on the gallery. (The two groups at the left
# are the smallest.)
#
# ### Continents and countries
#
# "Within 750 km" is not "in the right country". The country of a prediction is that of the nearest
# city:

# %%
groups = {name: (place["continent"] == name).to_numpy() for name in np.unique(place["continent"])}
groups["all"] = np.ones(len(place), dtype=bool)
by = pd.DataFrame({"photos": {name: f"{some.sum():,}" for name, some in groups.items()}})
for row in CHOSEN:
    code = places.nearest_city(np.nan_to_num(methods[row]))["country_code"].str.upper().to_numpy()
    right = (code == place["country_code"].to_numpy()) & ~np.isnan(methods[row][:, 0])
    hit = np.column_stack([right, evaluation.error_km(methods[row], truth) <= 750])
    for name, some in groups.items():
        bars = 100 * np.array(evaluation.mean_intervals(hit[some], truth[some], **options))
        for kind, (share, low, high) in zip(("country", "in 750 km"), bars.T, strict=True):
            by.loc[name, f"{row}: {kind}"] = f"{share:.1f} [{low:.1f}, {high:.1f}]"
by

# %% [markdown]
# ### Does a high score mean near?
#
# A score is a cosine, no probability. But one can look how often answers with such a score were
# right. Ten groups of equal size, from the lowest winning score to the highest:

# %%
best = pd.concat([verification.winners(some.scored) for some in evidence], ignore_index=True)
error = evaluation.error_km(best, truth)
group = pd.qcut(best["score"], 10, labels=False).to_numpy()
calibration = pd.DataFrame(
    {
        "score": best["score"].groupby(group).median().round(3),
        "median error, km": pd.Series(error).groupby(group).median().round(),
        "within 25 km, %": pd.Series(error <= 25).groupby(group).mean().mul(100).round(1),
        "within 750 km, %": pd.Series(error <= 750).groupby(group).mean().mul(100).round(1),
    }
)
calibration.set_axis([f"tenth {k + 1}" for k in range(10)])

# %% [markdown]
# ### Found, or copied?
#
# YFCC4K shares places with its training set, down to the metre: 11.75 % of its truths lie within 10
# m of a gallery point of GeoCLIP. A coordinate that is copied from the gallery can then be right
# within a metre without anything having been located. How near do gallery photos lie here, how near
# are G3's answers, and how many of those are such copies?

# %%
copied = (best["origin"] == "retrieved").to_numpy()
nearest_km = geo.EARTH_RADIUS_KM * np.concatenate(
    [np.arccos(np.clip((part @ vectors).max(axis=1), -1, 1)) for part in parts]
)
table = {
    f"within {radius:g} km": {
        "truths with a gallery photo, %": 100 * (nearest_km <= radius).mean(),
        "answers, %": 100 * (error <= radius).mean(),
        "of these retrieved, %": 100 * pd.Series(copied[error <= radius]).mean(),
    }
    for radius in (0.01, 0.1, 1, 25, 200, 20_100)
}
pd.DataFrame(table).T.round(1)

# %% [markdown]
# Copies to the metre hardly occur here. But more than four of five answers within a kilometre are
# the coordinates of a gallery photo, more than among all answers: in the street, G3 here mostly
# *is* retrieval. How much does the exact spot matter? Every candidate is moved by 0.5 to 1 km, in
# any direction, before it is judged:

# %%
rng = np.random.default_rng(0)


def moved(table):
    """A candidate table with every coordinate moved by 0.5 to 1 km, in any direction."""
    km, angle = rng.uniform(0.5, 1, len(table)), rng.uniform(0, 2 * np.pi, len(table))
    lat = (table["LAT"] + km * np.cos(angle) / 111.2).clip(-90, 90)
    east = km * np.sin(angle) / (111.2 * np.cos(np.radians(lat)).clip(0.01))
    return table.assign(LAT=lat, LON=(table["LON"] + east + 180) % 360 - 180)


shifted = [some.verifier.score(moved(some.candidates())) for some in evidence]
shifted = pd.concat([verification.winners(part) for part in shifted], ignore_index=True)
pair = {"G3": methods["G3"], "G3, candidates moved": shifted}
evaluation.table(evaluation.evaluate(pair, truth, **options))

# %% [markdown]
# Only the street falls, as it would for any method whose answers lie some hundred metres off: the
# other distances do not live on the exact spot. (A copy to the metre would survive this test, for
# it would still be within a kilometre.)
#
# ## 8 Failures
#
# A wrong answer has a reason. Either a near candidate was there, and **verification** took another
# one; or none was there, and **generation** failed: retrieval and the model had no idea. (Of the
# latter, photos with at most three visible cues are counted apart.) With so many guesses luck alone
# reaches far, as the random places of section 3 show, so blame means something at 25 and 200 km,
# and little at 2,500.
#
# ### Exercise 3: who is to blame?
#
# Write `blame(km, chosen, radius)`. `km` (photos, candidates) holds how far each candidate is from
# the truth, NaN where a photo has fewer candidates; `chosen` (photos,) the column of the winner.
# Return three shares of all photos: the winner is within the radius (exactly at it counts); a
# candidate is, but the winner is not; none is.


# %% tags=["exercise"]
def blame(km, chosen, radius):
    """Shares of photos: right, near candidate not chosen, no near candidate."""
    ...  # your code here


check_06_3(blame)


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
# check_06_3(blame)
# ```
#
# </details>

# %%
km = pd.Series(selection.errors_km(pool, truth))
nearest = km.groupby(pool["IMG_ID"]).min().loc[truth["IMG_ID"]].to_numpy()
clues = np.array([len(miniearth.scene_of(img_id).visible) for img_id in truth["IMG_ID"]])
reasons = {
    radius: np.select(
        [error <= radius, nearest <= radius, clues <= 3],
        ["right", "verification", "few cues"],
        "generation",
    )
    for radius in evaluation.THRESHOLDS_KM
}
pd.DataFrame(
    {
        f"{radius:,} km": pd.Series(why).value_counts(normalize=True)
        for radius, why in reasons.items()
    }
).mul(100).round(1).fillna(0).loc[["right", "verification", "generation", "few cues"]]

# %% [markdown]
# A gallery of failures: for each reason, the four photos with the most visible cues that are wrong
# by more than 750 km. (So those of "few cues" show the most that this group has.)

# %%
shown = []
for reason in ("verification", "generation", "few cues"):
    rows = np.flatnonzero(reasons[750] == reason)
    shown += list(rows[np.argsort(-clues[rows], kind="stable")][:4])
queries = {img_id: some.queries for some in evidence for img_id in some.queries.ids}
ids = truth["IMG_ID"].to_numpy()
titles = [
    f"{reasons[750][row]}\n{place['city'][row]}\noff by {error[row]:,.0f} km" for row in shown
]
figures.show(
    figures.photo_sheet([queries[ids[row]].image(ids[row]) for row in shown], titles, columns=4,
                      title="Wrong by more than 750 km, and why"),
    "Twelve drawn photos that G3 locates wrongly, in three rows by reason: verification chose "
    "another candidate, no candidate was near, and so with few cues in the photo.",
)  # fmt: skip

# %% [markdown]
# ## 9 The two tables, once more
#
# For the terminal, and for whoever begins reading at the end. G3's differences are in sections 2
# and 3.

# %% tags=["results"]
evaluation.table(results).rename_axis("Table 1")

# %% tags=["results"]
evaluation.table(ablated).rename_axis("Table 2")

# %% [markdown]
# The command `g3lite tables` prints these and all others, with G3's differences.
#
# ## What you have learnt
#
# - Methods are compared photo by photo, on resampled photographers; of many comparisons some are
#   significant by chance, and that can be accounted for.
# - Which rival is the hardest to beat depends on the distance, and the hardest may be a part of the
#   method itself.
# - An ablation is fair when nothing but the one part differs, the number of candidates included.
# - A ceiling looks at the truth, and has luck in it.
# - A table of real photos has margins too, even where nobody printed them.
#
# **What it cannot do.** MiniEarth is drawn, and MiniLMM is a thousandth of a real multimodal model.
# That a step is worth so many points here says how to find out what it is worth elsewhere, not what
# it is worth there.
#
# **With care.** Accuracy within 1 km is what makes such a system dangerous for a person. Report it,
# and say on what photos.
#
# **Next:** [07 Real data on a GPU](07_real_data_on_a_gpu.ipynb): the same cells on photos of the
# real world, with the official weights.
#
# ### References
#
# - P. Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization Using
#   Large Multi-Modality Models*, NeurIPS 2024,
#   [arXiv 2405.14702](https://arxiv.org/abs/2405.14702): section 4.
# - T. Weyand, I. Kostrikov and J. Philbin, *PlaNet: Photo Geolocation with Convolutional Neural
#   Networks*, ECCV 2016, [arXiv 1602.05314](https://arxiv.org/abs/1602.05314).
# - N. Vo, N. Jacobs and J. Hays, *Revisiting IM2GPS in the Deep Learning Era*, ICCV 2017,
#   [arXiv 1705.04838](https://arxiv.org/abs/1705.04838).
# - V. Vivanco Cepeda, G. K. Nayak and M. Shah, *GeoCLIP*, NeurIPS 2023,
#   [arXiv 2309.16020](https://arxiv.org/abs/2309.16020).
# - Z. Zhou et al., *Img2Loc*, SIGIR 2024, [arXiv 2403.19584](https://arxiv.org/abs/2403.19584).
# - Y. Benjamini and Y. Hochberg, *Controlling the False Discovery Rate*, Journal of the Royal
#   Statistical Society B 57, 1995.
