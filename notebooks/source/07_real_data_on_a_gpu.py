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
# # Real data on a GPU: the table of notebook 06, on photos of the world
#
# [← 06 Evaluation and ablations](06_evaluation_and_ablations.ipynb) ·
# [08 After G3 →](08_after_g3.ipynb) ·
# Open in Colab (once on GitHub)
#
# Everything so far was drawn. Here people took the photos, the image model is CLIP ViT-L/14, and
# you make the table of notebook 06 yourself: G3, its rivals, and how sure the differences are. On a
# laptop the same cells run on **stand-ins** (drawn photos, the small models) and say so.
# Afterwards you will be able to
#
# - make a table of G3 and its rivals on real photos, with intervals over photographers;
# - take the first photos out of an archive of 369 GB without downloading it;
# - put the official weights onto another library's CLIP, and name the mistakes that raise no error;
# - work out in advance how much GPU memory a model needs, and choose a batch size that fits;
# - forecast how long a run will take, stop it, and go on;
# - read where a photo was taken out of its EXIF, and say what such a system can do to people.
#
# **Paper:** Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization
# Using Large Multi-Modality Models*, [arXiv 2405.14702](https://arxiv.org/abs/2405.14702), section
# 4.1 (data), tables 1 and 2.
# **You need:** [notebook 05](05_geo_verification.ipynb) for the complete G3, [notebook
# 06](06_evaluation_and_ablations.ipynb) for reading its table.
# **Time:** 35 minutes to read, 55 with the exercises. **Machine:** on stand-ins any laptop, 3 GB of
# memory, two or three minutes. On real photos one of two routes:
#
# | | the short route | the full route |
# |---|---|---|
# | time on Colab's T4 | about 15 minutes, expected | about an hour, expected |
# | account | none | none (for photos of MP16-Pro: one) |
# | rows of retrieval | constant, kNN, [L]kNN, GPS gallery | the same |
# | rows of G3 | aligned kNN and [L]kNN, no LMM | also G3, medoid, blind choice |
# | rows of the language model | none | zero-shot, one prompt |
# | weights | yours, trained here | also the official ones |
# | needs | a GPU for the pack of photos; none if you are given one | a GPU with 15 GB |
# | IM2GPS3K | if you have its zip | if you have its zip |
#
# **Nothing of this has been measured on a GPU yet.** The outputs below are those of stand-ins, and
# the way through the real files is tested on copies of their form. Figures marked *published* are
# those of others.

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
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import ExifTags, Image

from g3lite import G3, evaluation, figures, load_photos, miniearth
from g3lite.datasets.exif import NoPosition, position, read
from g3lite.datasets.remote import BENCHMARKS, COLLECTIONS
from g3lite.figures import diagrams
from g3lite.lmm.load import temperature_of
from g3lite.paper import real
from g3lite.paper.published import published_table
from g3lite.recipes import pack as recipe
from g3lite.scale import memory
from g3lite.support import images
from g3lite.teaching import guess, real_photos, real_table
from g3lite.teaching.checks.nb07 import check_07_1, check_07_2, check_07_3
from g3lite.verification import CandidateConfig

pd.set_option("display.width", 160, "display.max_columns", 20, "display.max_colwidth", 90)

# %% tags=["parameters"]
PROFILE = "auto"
ROUTE = "auto"  # "short" or "full"; "auto": short on real photos, full on stand-ins
PHOTOS = 10_000  # of the pack, where one is made
FOLDER = "runs/pack"  # where it is made; on Colab a folder of Google Drive stays
IM2GPS3K = ""  # im2gps3ktest.zip, or the folder of its photos, where you have them
LMM = "auto"  # the profile's; or a name on the hub, or "api:MODEL" for one behind a server
MINUTES = None  # for the replies; None: 30 on a GPU, seconds on stand-ins
MAX_GB = 8  # a larger file is not downloaded: the message says its size
MY_PHOTO = ""  # the path of a photo of yours; "": a drawn one

# %% jupyter={"source_hidden": true}
profile = profiles.get(PROFILE)
temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name)
expected = real.worth({"STAND-INS: drawn photos": real_table.preview()}, "G3", 1000)
figures.show(
    figures.forest(
        expected, "What you will make: G3 minus each other row", "G3 is better", "worse"
    ),
    "A forest plot of G3 minus ten other rows on drawn photos, with 95 % intervals: from "
    f"{100 * expected['difference'].min():+.1f} to {100 * expected['difference'].max():+.1f} "
    "points.",
)

# %% tags=["nbval-check-output"]
print(real.verdicts(expected, "G3 is better than", "worse than"))

# %% [markdown]
# **This is the picture that you will make of real photos**, here from answers that are shipped with
# the package, about drawings. Each line is G3 minus another row: the mean of the five shares of
# photos that notebook 06 counts (from the right street to the right continent), with its interval
# over photographers. Blue: G3 is better; orange: worse; grey: it cannot be told, after Holm's
# correction. (The drawings are the validation photos, on which G3's settings were chosen: a
# preview, and no result. Notebook 06 has the result.)
#
# All of G3 runs here: frozen CLIP with trained heads, a gallery, a language model, and the judge.

# %% tags=["diagram"]
figures.show(*diagrams.g3())

# %% [markdown]
# ## 1 What is fetched
#
# All of it is kept for the next run; on Colab only until the machine is given back. (The package
# itself and what it needs come before that, in the first cell.)

# %%
lmm_name = profiles.PROFILES["gpu"].lmm if LMM == "auto" else LMM
sizes = real_table.downloads(PHOTOS, lmm_name, ask=profile.name == "gpu")
print(sizes.to_string(index=False, na_rep="?", float_format="{:.3g}".format))

# %% [markdown]
# The rows *own* are wanted by neither route: you choose them. Read the terms, too. Photos of OSV-5M
# may be passed on with the names of their photographers (CC BY-SA 4.0); MP16-Pro, the gallery of
# the paper, is **gated**: its authors ask you to accept their terms once, on its page. Qwen
# publishes the language model under the Apache licence, others allow research alone.

# %% tags=["nbval-check-output"]
for name, known in COLLECTIONS.items():
    print(f"{name}: {known.photos:,} photos, {known.photo_bytes / 1000:.0f} kB each, {known.form}")
    print(f"  {known.repo.id}; {known.terms}")
for name, known in BENCHMARKS.items():
    print(f"{name}: {known.photos:,} photos, which you bring yourself, from")
    print(f"  {known.where}")

# %% [markdown]
# MP16-Pro is one tar of 369 GB, cut into 19 pieces. Nobody has to fetch it whole: a hub serves
# *parts* of a file. We read the pieces as one stream, as far as the first n photos reach. Of OSV-5M
# one of the zips of its test photos does the same.

# %% [markdown]
# ### Exercise 1: a photo in an archive that is cut
#
# Write `ranges(sizes, start, stop)`: which parts of which pieces to ask for, to get the bytes from
# `start` up to, but not including, `stop` of the whole. `sizes` are the lengths of the pieces.
# Return a list of (piece, start, stop), with bytes counted from the beginning of that piece, and
# leave out pieces of which no byte is wanted. So `ranges([10, 10], 8, 12)` is
# `[(0, 8, 10), (1, 0, 2)]`.


# %% tags=["exercise"]
def ranges(sizes, start, stop):
    """(piece, start, stop) of each piece that holds some of the bytes."""
    ...  # your code here


check_07_1(ranges)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def ranges(sizes, start, stop):
#     """(piece, start, stop) of each piece that holds some of the bytes."""
#     found, begin = [], 0
#     for piece, size in enumerate(sizes):
#         first, last = max(start - begin, 0), min(stop - begin, size)
#         if first < last:
#             found.append((piece, first, last))
#         begin += size
#     return found
#
#
# check_07_1(ranges)
# ```
#
# </details>

# %% [markdown]
# ## 2 The pack
#
# A **pack** is one folder: features of CLIP, places and place texts, thumbnails, and who took what
# ([how it is made](../g3lite/pack.md)). `G3LITE_PACK` names one that you were given. Else a GPU
# makes one of OSV-5M; if this cell stops, run it again, and it goes on. Without both, drawings
# stand in. (For photos of MP16-Pro run `!g3lite pack mp16-pro class` and
# `%env G3LITE_PACK=class` first.)

# %%
began = time.perf_counter()
pack = real_table.pack(profile, PHOTOS, FOLDER, MAX_GB)
drawn = pack.name == real_photos.STAND_IN
route = real_table.route(ROUTE, pack)
print(f"THE {route.upper()} ROUTE, {real_photos.label(pack)}")
print(f"{time.perf_counter() - began:.0f} s until the pack was there")

# %% [markdown]
# It comes in four parts, and no photographer is in two of them, or the answers would be in the
# gallery (notebook 03). The paper trains on what it searches, so the first two parts are searched:

# %%
known, test = pack.part("train", "gallery"), pack.photos("test")
by_part = real_photos.people(pack.folder.table).groupby("part")["AUTHOR"]
who = {part: set(names) for part, names in by_part}
for part, count in pack.parts.items():
    print(f"{part:<12}{count:>7,} photos by {len(who[part]):,} people")
both = (who["train"] | who["gallery"]) & who["test"]
print(f"people who are in test and among the searched: {len(both)}")
countries = known.table["country"].value_counts(normalize=True)
shares = ", ".join(f"{name} {share:.0%}" for name, share in countries.head(5).items())
print("most of the searched photos:", shares)

# %%
figure, axes = figures.world_map(f"Where {len(known):,} photos were taken that are searched")
figures.draw_points(axes, known.coordinates, size=3, color=figures.PALETTE[0])
figures.show(figure, "A map of the world with a dot for each photo that is searched.")

# %%
some = test.take(np.random.default_rng(7).permutation(len(test))[:12])
where = some.table["city"].fillna("?") + "\nby " + some.table["AUTHOR"].fillna("?").str[:16]
figures.show(
    figures.photo_sheet([some.image(i) for i in some.ids], where.tolist(), title="Twelve of them"),
    "Twelve photos of the pack's part test, each with its city and its photographer.",
)

# %% [markdown]
# A map of a photo host is not a map of the world. Look at the countries before you believe a
# figure.
#
# ### IM2GPS3K
#
# The benchmark of the paper has no dependable host. If you have its zip, name it in `IM2GPS3K`: it
# is unpacked, its table is fetched, and CLIP encodes its photos. (Without a GPU only 200 of them,
# drawn by chance: CLIP takes seconds for a photo there.) For drawings a zip of drawings stands in.

# %%
FEW_QUERIES = {"ci": 60, "cpu": 200}.get(profile.name)  # None: all
where = real_table.stand_in_zip(folder, FEW_QUERIES or 200) if drawn else IM2GPS3K


def encoded_benchmark():
    """IM2GPS3K's photos, and their features by the model that made the pack."""
    photos = real_table.benchmark(where, folder / "im2gps3k" if drawn else None)
    if FEW_QUERIES and len(photos) > FEW_QUERIES:
        photos = photos.take(np.random.default_rng(0).permutation(len(photos))[:FEW_QUERIES])
    backbone = real_table.encoder(pack, profile.device)
    return real_table.encoded(photos, backbone, profile.batch_size)


benchmark = real_photos.had("IM2GPS3K", encoded_benchmark, "The pack's own test photos are left.")

# %% [markdown]
# ## 3 Heads: yours, and the authors'
#
# G3's heads are trained in minutes, for CLIP stays frozen and its features lie on the disk. Yours
# learn from the pack's part *train*; the part *validation* chooses among the epochs, as in notebook
# 02:

# %%
began = time.perf_counter()
heads, history = real_photos.trained(pack, "mini" if drawn else "official")
print(f"{len(history)} epochs of {pack.parts['train']:,} photos in "
      f"{time.perf_counter() - began:.0f} s")  # fmt: skip

# %%
curves = real_photos.of_guessing(history, pack)
lowest = {name: heights.min() for name, (_, heights) in curves.items()}
figures.show(
    figures.line_chart(curves, "Loss, as a share of that of guessing", x="epoch",
                       levels={"guessing": 1}),
    f"The loss by epoch. Its lowest share is {lowest['train']:.2f} on the photos of the training "
    f"and {lowest['validation']:.2f} on those of validation.",
)  # fmt: skip

# %% [markdown]
# If the line of validation hardly leaves 1, the photos were too few, and a warning above says so.
# The authors had four million. Their weights are one file, `g3.pth`: CLIP ViT-L/14 and, trained on
# top of it, the location encoder and four heads. It was saved from transformers; here it goes into
# open_clip, where the same tensors have other names, and some another form. A wrong name or shape
# raises an error. Three mistakes raise none:
#
# - the projection of texts is a square matrix, so it fits when it is not transposed;
# - queries, keys and values are three matrices there and one here: any order fits;
# - OpenAI trained with *QuickGELU*, $x\,\sigma(1.702x)$, and open_clip's plain `ViT-L-14` computes
#   the exact GELU with the same weights (`ViT-L-14-quickgelu` is right).
#
# The first two leave nothing of the meaning; the last one is small in every activation, and so the
# hardest to notice:

# %% tags=["nbval-check-output"]
generator = torch.Generator().manual_seed(0)
text, projection = (torch.randn(n, 768, generator=generator) for n in (100, 768))
right, transposed = text @ projection.T, text @ projection
cosine = torch.nn.functional.cosine_similarity(right, transposed).abs().mean()
print(f"transposed: the same shape {tuple(transposed.shape)}, a mean |cosine| of {cosine:.2f}")
x = torch.linspace(-6, 6, 1_001)
quick = x * torch.sigmoid(1.702 * x)
print(f"QuickGELU: at most {(torch.nn.functional.gelu(x) - quick).abs().max():.3f} from GELU")

# %% [markdown]
# Do the authors' heads fit *your* features? They do if the CLIP in their file and the one that made
# the pack say the same about a photo. So eight photos are encoded once more, and compared. (For
# drawings the heads of notebook 02 stand in, which learnt from 20,000 drawings.)


# %%
def officials():
    """The authors' heads, if they fit the pack."""
    return real_table.official_heads(pack, profile.device, MAX_GB)


official = None
if route == "full":
    official = real_photos.had("the official weights", officials, "Your own heads are left.")
if official:
    print(f"features of the same photos: mean cosine {official.cosine:.3f}")

# %% [markdown]
# ## 4 The table without a language model
#
# The rows are those of notebook 06: *constant*, *kNN* and *[L]kNN* (here with the settings of its
# authors), both also with G3's aligned vectors, and *GPS gallery* in GeoCLIP's way. *No LMM* is
# G3's judge over the places of ten similar photos; medoid and blind choice take one of these ten
# without a judge.
#
# **Guess first.** Which row has the largest share within 200 km?

# %%
my_best = None  # a name, such as "[L]kNN"

# %%
of_pack = "STAND-IN: drawn, test" if drawn else f"{pack.name}, test"
queries = {of_pack: (test, np.float32(pack.part("test").features))}
if benchmark:
    queries["STAND-IN for IM2GPS3K" if drawn else "IM2GPS3K"] = benchmark
runs, people = {}, {}
for name, (photos, features) in queries.items():
    theirs = real_table.without(known, photos.table["AUTHOR"])
    runs[name] = real.RealRun(photos, features, theirs, heads)
    people[name] = real_photos.people(photos.table)
    print(f"{name}: {len(photos):,} photos by {people[name]['AUTHOR'].nunique():,} people; "
          f"{len(known) - len(theirs):,} photos by the same people are not searched")  # fmt: skip

# %% tags=["results"]
answers = {name: run.searched() | run.without_lmm() for name, run in runs.items()}
for name, rows in answers.items():
    found = evaluation.evaluate(rows, people[name], replicates=profile.bootstrap)
    print(f"{name} ({real_photos.label(pack)})")
    print(evaluation.table(found).iloc[:, :5].to_string() + "\n")

# %%
last, rows = list(answers.items())[-1]
region = {name: evaluation.score(one, people[last])["region"] for name, one in rows.items()}
print(f"{last}: {guess.compare(my_best, max(region, key=region.get))}")

# %%
searches = {name: (answers[name], people[name]) for name in runs}
alone = real.worth(searches, "no LMM", profile.bootstrap)
figures.show(
    figures.forest(
        alone, "G3 without a language model, minus each other row", "it is better", "worse"
    ),
    f"A forest plot of {len(alone)} differences, from {100 * alone['difference'].min():+.1f} to "
    f"{100 * alone['difference'].max():+.1f} points.",
)
print(real.verdicts(alone, "without a language model G3 is better than", "worse than"))

# %% [markdown]
# **This is the end of the short route's table.** Grey lines cannot be told apart with these photos.
#
# ### Exercise 2: how many photos would tell?
#
# Design the test before you pay for it. Write `photos_needed`. `gains` (m,) come from a small first
# test, one number for each photo: the hit of one method minus the hit of another, -1, 0 or 1. How
# many photos must the real test have, so that a true `difference` of the two shares (0.05 is five
# points) is *seen* in four of five such tests? Seen: the 95 % interval of the mean gain lies
# above 0. In the real test the gains vary as much as in the first one, but their mean is
# `difference`. Take each photo as by another person, and return a whole number. You may compute it
# or draw many tests and count; it need not be exact.


# %% tags=["exercise"]
def photos_needed(gains, difference):
    """Photos of a test that sees such a difference in four of five cases."""
    ...  # your code here


check_07_2(photos_needed)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def photos_needed(gains, difference):
#     """Photos of a test that sees such a difference in four of five cases."""
#     # The interval reaches 1.96 standard errors down from the mean. Were the difference just so
#     # large, chance would push half of the tests to 0. In four of five it takes less than 0.84.
#     return int(np.ceil(((1.96 + 0.84) * np.std(gains) / difference) ** 2))
#
#
# check_07_2(photos_needed)
# ```
#
# </details>

# %% [markdown]
# ### The official weights against yours
#
# The same three rows, with the authors' heads and with yours, and the judge. Photos that such heads
# were trained on say nothing about them: those of a pack of MP16-Pro (and the drawings of the
# stand-in) are left out.

# %%
better = []
for name, run in runs.items() if official else ():
    if name == of_pack and pack.name in official.learnt:
        print(f"{name}: the official weights were trained on these photos")
        continue
    theirs = run.with_heads(official.heads)
    line = real.pairs(theirs.aligned() | theirs.without_lmm(), answers[name], people[name],
                      profile.bootstrap)  # fmt: skip
    better.append(line.assign(group=name))
if better:
    better = pd.concat(better, ignore_index=True)
    figures.show(
        figures.forest(better, "Official weights minus yours", "theirs are better", "yours"),
        f"A forest plot of {len(better)} differences of two pairs of heads.",
    )
    print(real.verdicts(better, "the official weights are better in", "yours in"))
if route == "short":
    print('The official weights belong to the full route: ROUTE = "full".')

# %% [markdown]
# ## 5 Will it fit?
#
# The GPU is the scarce part of a language model. A T4 has 15 GiB (16 GB) of memory for everything:
# the weights of all models, and on top of them what a batch needs. A language model keeps two
# vectors for every token that it has read, the **keys and values**, in every layer; that is what a
# long prompt costs. The one of the profile `gpu` has 2.13 billion weights of two bytes each, and 28
# layers with eight key-value heads of 128 numbers. So one token takes

# %% tags=["nbval-check-output"]
per_token = 2 * 28 * 8 * 128 * 2  # keys and values, layers, heads, numbers, bytes of a number
print(f"{per_token:,} bytes, and 2,048 tokens {per_token * 2048 / 1e6:.0f} MB")

# %% [markdown]
# What the weights leave, divided by the bytes of one reply, is the largest batch. Now the model
# itself, on the full route alone:


# %%
def language_model():
    """The model that is asked."""
    return real_photos.language_model(LMM, pack, profile, MAX_GB)


lmm = None
if route == "full":
    lmm = real_photos.had("a language model", language_model, "The rows without one are left.")
model = getattr(lmm, "model", None)  # None: there is none, or it runs on a server
if model is not None:
    weights = memory.weight_bytes(model)
    replies = lmm.batch_size * 2_048 * memory.cache_bytes(model.config, model.dtype.itemsize)
    print(lmm.name)
    print(f"weights {weights / 1e9:.2f} GB, {lmm.batch_size} replies of 2,048 tokens at most "
          f"{replies / 1e9:.2f} GB")  # fmt: skip
elif route == "short":
    print('A language model belongs to the full route: ROUTE = "full".')

# %% [markdown]
# If it does not fit after all, batches are halved until it does. A model that is too large
# altogether can be loaded in four bits (`lmm.load_lmm(NAME, four_bit=True)`; this needs the package
# bitsandbytes). A T4 has another limit: it computes in **float16**, whose largest number is 65,504.
# Models that were trained in bfloat16 may go beyond it for some pictures, and then write nonsense.
# The package looks: the image tower is run again in float32 for such a picture, and a reply that
# overflows all the same counts as lost, not as an answer.
#
# The 12 GB of Colab's other memory are kept by leaving the features on the disk: they are mapped,
# and searched block by block.
#
# ## 6 The table with a language model
#
# **Before.** How long will it take, and what will it cost? Nobody can tell you for your machine,
# but a few photos can: time them, count their tokens, and multiply. (A few fill their batches
# badly, so the forecast may well be too long.) The model sees the photos themselves where they are
# on this machine, else the pack's thumbnails, of which some are large enough. Which photos are
# asked about is drawn by chance.

# %%
asked_set = list(runs)[-1]  # IM2GPS3K where it is there
asked_run, shown = runs[asked_set], "the photos themselves"
order = np.random.default_rng(0).permutation(len(asked_run.queries))
if asked_set == of_pack:
    photos, shown = real_table.pictures(pack, "test")
    asked_run = asked_run.with_pictures(photos)
    if shown != "the photos themselves":
        order = np.sort(order[order < recipe.LARGE])
print(f"asked about: {asked_set}; the model sees {shown}")
choice = CandidateConfig.from_name("miniearth" if drawn else "paper_im2gps3k")
temperature = 0.4 if drawn else temperature_of(lmm_name)
PRICES = (0.0, 0.0)  # of a million tokens sent, and received; a model that runs here asks for none
price = {"price_in": PRICES[0], "price_out": PRICES[1]}

# %%
FEW = 4
minutes = MINUTES or ({"ci": 0.05}.get(profile.name, 0.5) if drawn else 30)
MEASURES = ("seconds", "tokens sent", "tokens received", "cost")
if lmm:
    few, trial = asked_run.take(order[:FEW]), folder / "trial.sqlite"
    began = time.perf_counter()
    _, reports = few.asked(lmm, choice, temperature, store=trial, progress=False, **price)
    each = np.array([time.perf_counter() - began, *real.spent(reports)]) / FEW
    n = int(min(len(order), max(2 * FEW, 60 * minutes / each[0])))
    print(f"{each[0]:.2f} s a photo → {each[0] * len(order) / 60:.0f} min for all {len(order):,}")
    print(f"{minutes:g} min are enough for {n:,}")
    print(pd.Series(n * each, MEASURES, name="forecast").map("{:,.2f}".format).to_string())

# %% [markdown]
# **During**: replies are kept as they come. If you stop this cell and run it again, it goes on
# where it was.

# %%
if lmm:
    kept = folder if drawn else Path("runs")
    kept.mkdir(exist_ok=True)
    final, store = asked_run.take(order[:n]), kept / "replies.sqlite"
    began = time.perf_counter()
    replied, reports = final.asked(lmm, choice, temperature, store=store, **price)
    took = time.perf_counter() - began if not sum(r.stored for r in reports) else np.nan
    print(reports[0])

# %% [markdown]
# **Afterwards**: what was it, against the forecast? (Seconds are NaN if some replies come from the
# store.)

# %%
if lmm:
    came = [took, *real.spent(reports)]
    compared = pd.DataFrame({"forecast": n * each, "measured": came}, index=MEASURES)
    print(compared.map("{:,.2f}".format).to_string())
print(f"memory of this process: at most {real_table.peak_gb():.1f} GB")
if torch.cuda.is_available():
    print(f"of the GPU: at most {torch.cuda.max_memory_allocated() / 1e9:.1f} GB")

# %% [markdown]
# And the table, for the photos that were asked about. *LMM, zero-shot* and *one RAG prompt* (in
# Img2Loc's way, with references found by raw features) take the model's likeliest reply.

# %% tags=["results"]
if lmm:
    truth = real_photos.people(final.queries.table)
    complete = final.searched() | final.without_lmm() | replied
    found = evaluation.evaluate(complete, truth, replicates=profile.bootstrap)
    print(f"{asked_set}, {len(truth):,} photos; {lmm.name}")
    print(evaluation.table(found).iloc[:, :5].to_string())

# %%
if lmm:
    worth = real.worth({asked_set: (complete, truth)}, "G3", profile.bootstrap)
    figures.show(
        figures.forest(worth, f"G3 minus each other row, {len(truth):,} photos", "G3 is better",
                       "worse"),
        f"A forest plot of G3 minus {len(worth)} rows, from "
        f"{100 * worth['difference'].min():+.1f} to {100 * worth['difference'].max():+.1f} points.",
    )  # fmt: skip
    print(real.verdicts(worth, "G3 is better than", "worse than"))

# %% [markdown]
# With few photos nearly every line is grey. That is a result, too: so many photos cannot tell.
#
# Beside the paper? Only IM2GPS3K has published rows. Bear in mind what differs: your gallery holds
# thousands of photos and not four million, they are street views and not Flickr's, the language
# model is not GPT-4V, and our prompts say the same in other words. So a lower row is no failure,
# and an equal one would prove nothing.

# %%
print("PUBLISHED, IM2GPS3K (arXiv 2405.14702, table 1), with the margin of its photos")
print(published_table("IM2GPS3K", ["[L]kNN", "GeoCLIP", "G3"]).to_string())

# %% [markdown]
# ## 7 One photo of your own
#
# A camera writes more than pixels into a file: when, with which lens, and often **where**. So your
# own photos bring their truth along. (On Colab, upload one with the folder button at the left, and
# name it in `MY_PHOTO`.) If you name none, a drawn one gets such an entry, in the form in which
# cameras write it:


# %%
def as_camera(value, letters):
    """A coordinate as EXIF has it: degrees, minutes, seconds, and a letter."""
    whole, minutes = divmod(abs(value) * 60, 60)
    return (whole, minutes // 1, round(minutes % 1 * 60, 2)), letters[int(value < 0)]


def with_position(picture, lat, lon, path):
    """Save a picture with a position in its EXIF."""
    tags, tag = Image.Exif(), ExifTags.GPS
    gps = tags.get_ifd(ExifTags.IFD.GPSInfo)
    gps[tag.GPSLatitude], gps[tag.GPSLatitudeRef] = as_camera(lat, "NS")
    gps[tag.GPSLongitude], gps[tag.GPSLongitudeRef] = as_camera(lon, "EW")
    tags[ExifTags.Base.DateTime] = "2024:05:09 16:30:00"
    picture.save(path, exif=tags, quality=95)


# %%
drawing = miniearth.load("validation", 300).take([177])  # the photo of notebook 00
mine = Path(MY_PHOTO) if MY_PHOTO else folder / drawing.ids[0]
if not MY_PHOTO:
    with_position(drawing.image(drawing.ids[0]), *drawing.coordinates[0], mine)
own = load_photos([mine])
own.table[["IMG_ID", "LAT", "LON", "taken", "note"]]

# %% [markdown]
# `load_photos` takes such files, a whole folder, or a benchmark by its name, and gives the same
# kind of table. Why a column `note`? Cameras get their position wrong in many ways, and a wrong
# truth is worse than none. Which of these five entries would you believe? (Pillow reads a fraction
# with a zero below as "not a number".)

# %% tags=["nbval-check-output"]
tag = ExifTags.GPS
usual = {tag.GPSLatitude: (48, 51, 24), tag.GPSLatitudeRef: "N",
         tag.GPSLongitude: (2, 21, 3), tag.GPSLongitudeRef: "E"}  # fmt: skip
entries = {
    "A": usual,
    "B": usual | {tag.GPSLatitude: (0, 0, 0), tag.GPSLongitude: (0, 0, 0)},
    "C": {key: value for key, value in usual.items() if key != tag.GPSLongitudeRef},
    "D": usual | {tag.GPSLatitude: (48, 51, float("nan"))},
    "E": usual | {tag.GPSLongitude: (2, 75, 3)},
}
for name, entry in entries.items():
    print(name, *entry.values())

# %% [markdown]
# And this is what the package believes:

# %% tags=["nbval-check-output"]
for name, entry in entries.items():
    try:
        print(name, "{:.4f}, {:.4f}".format(*position(entry)))
    except NoPosition as reason:
        print(name, f"no position: {reason}")

# %% [markdown]
# ### What you give away
#
# Whoever has the file has the place. Some hosts strip EXIF from what they show, some do not; do it
# yourself. Saving the pixels alone takes it out (`images.decode` first turns them as the EXIF
# says):

# %%
shared = folder / "shared.jpg"
upright = images.decode(mine.read_bytes(), mine.name)
Image.fromarray(np.asarray(upright)).save(shared)  # from numbers, so nothing else comes along
for name, path in (("before", mine), ("after", shared)):
    with images.open_picture(path, path.name) as picture:
        entries, found = len(picture.getexif()), read(picture)
    print(f"{name}: {entries} EXIF entries, {found.note or 'a position'}")

# %% [markdown]
# But the picture is the point of this series: the pixels, too, say where they were taken. Stripping
# EXIF protects from a curious reader, not from a model.
#
# ### Exercise 3: say where, but not exactly
#
# A map of birds or of street art needs places, and some of them are homes. Design `publish`: from
# `places` (n, 2), [latitude, longitude] in degrees, the places (n, 2) that are shown.
#
# - **Useful**: none is more than ten kilometres from the true one.
# - **Safe**: an attacker finds at most three of twenty homes to within a kilometre. Attackers
#   have 20 photos of each home, know your function, and can try it.
#
# The position that a camera writes is a few metres off, each time differently. The rows are in no
# order. First write down a rule of which you think that it is safe; then see how the check breaks
# it.


# %% tags=["exercise"]
def publish(places):
    """The places (n, 2) that everybody may see, in degrees."""
    ...  # your code here


check_07_3(publish)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def publish(places):
#     """The places (n, 2) that everybody may see, in degrees."""
#     # The mean of many photos takes chance away, and who knows a shift takes it back. So lose the
#     # same digits each time: cells of 11 km from south to north, narrower from west to east.
#     return np.round(places, 1)
#
#
# check_07_3(publish)
# ```
#
# </details>

# %% [markdown]
# ### What does G3 say?
#
# It reads nothing but the pixels. (A drawing means nothing to models of the real world, and a photo
# nothing to those of drawings: then the first photo of the table is located.)


# %%
mine_too = bool(MY_PHOTO) != drawn  # else the first photo of the pack's test part


def located():
    """One photo, by all that this notebook has."""
    backbone = real_table.encoder(pack, profile.device) if mine_too else pack.backbone
    g3 = G3.from_parts(backbone=backbone, heads=heads, gallery=known, lmm=lmm,
                       choice=choice if lmm else None)  # fmt: skip
    return g3.locate(own if mine_too else test.head(1))[0]


prediction = real_photos.had("a prediction", located, "It takes CLIP on this machine.")
if prediction:
    print(prediction)

# %% [markdown]
# ## 8 With care
#
# A photo of a balcony is not meant to say where somebody lives. A model that locates it within a
# kilometre can be used to find a person who does not want to be found: the same figures that help
# a newspaper to verify a picture help a stalker. Those who build such systems have drawn
# consequences: the authors of PIGEON withheld their weights for this reason, another group withdrew
# models that had been public, and MP16-Pro is open for academic use only.
#
# Four habits:
#
# - work on public outdoor scenes that were published to be seen, not on persons or homes;
# - strip EXIF from what you pass on, and treat the folder `runs` as what it is: a list of where
#   people were;
# - report accuracy within a kilometre, and say on whose photos: it is the number that harms;
# - look at the countries and people of section 2 again: a map of a photo host is not a map of the
#   world, and errors fall on those who are not on it.
#
# ## What you have learnt
#
# - A table on real photos needs a gallery, queries by other people, and intervals. A pack brings
#   them, without an account.
# - An archive is read in parts, as far as one needs it.
# - Weights are only half of a model; names, layouts and an activation function are the rest.
# - Heads that have seen the test photos are no witnesses.
# - Memory is arithmetic: weights, and what every token and picture adds.
# - Time is measured on a few, stated beforehand and compared afterwards.
# - EXIF gives the truth of a photo, if one distrusts it enough.
#
# **What it cannot do.** A gallery that fits a notebook and a language model that fits a T4 are not
# the paper's. The table above says what *they* do.
#
# ### References
#
# - P. Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization Using
#   Large Multi-Modality Models*, NeurIPS 2024,
#   [arXiv 2405.14702](https://arxiv.org/abs/2405.14702).
# - A. Radford et al., *Learning Transferable Visual Models From Natural Language Supervision*, ICML
#   2021, [arXiv 2103.00020](https://arxiv.org/abs/2103.00020): CLIP.
# - L. Haas et al., *PIGEON: Predicting Image Geolocations*, CVPR 2024,
#   [arXiv 2307.05845](https://arxiv.org/abs/2307.05845): its ethics section says why the weights
#   are not released.
# - G. Astruc et al., *OpenStreetView-5M: The Many Roads to Global Visual Geolocation*, CVPR 2024,
#   [arXiv 2404.18873](https://arxiv.org/abs/2404.18873).
# - S. Bai et al., *Qwen3-VL Technical Report*, 2025,
#   [arXiv 2511.21631](https://arxiv.org/abs/2511.21631).
