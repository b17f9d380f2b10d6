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
# # Real data on a GPU: the same cells, on photos of the world
#
# [← 06 Evaluation and ablations](06_evaluation_and_ablations.ipynb) ·
# Open in Colab (once on GitHub)
#
# Everything so far was drawn. Here the photos are people's own, the image model is CLIP ViT-L/14,
# the heads are those that G3's authors trained on four million photos, and the language model has
# nearly four billion parameters. The cells are the same on a laptop: there they run on
# **stand-ins** (drawn photos, the small models) and say so. Afterwards you will be able to
#
# - read where a photo was taken out of its EXIF, and say when not to believe it;
# - take the first photos out of an archive of 369 GB without downloading it;
# - work out in advance how much GPU memory a model needs, and choose a batch size that fits;
# - put the official weights onto another library's CLIP, and name the mistakes that raise no error;
# - forecast how long a run will take, stop it, go on, and compare its row with the paper's;
# - say what such a system can do to people, and what to take out of a photo before it is shown.
#
# **Paper:** Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization
# Using Large Multi-Modality Models*, [arXiv 2405.14702](https://arxiv.org/abs/2405.14702), section
# 4.1 (data), table 1.
# **You need:** [notebook 05](05_geo_verification.ipynb) for the complete G3, [notebook
# 06](06_evaluation_and_ablations.ipynb) for reading its table.
# **Time:** 30 minutes to read, 50 with the exercises. **Machine:** on stand-ins any laptop, 2 GB of
# memory, two minutes. On real photos a GPU with 15 GB of memory (Colab's T4), a network, and
# patience: section 3 lists the downloads, section 5 measures the time before it takes it.
#
# The outputs below are those of stand-ins. We could test the way through the real files only on
# copies of their form and size, not on the files themselves; figures that we did not measure are
# marked *published*.

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
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import ExifTags, Image

from g3lite import G3, G3Error, evaluation, figures, geo, load_photos, miniearth
from g3lite.datasets.exif import NoPosition, position, read
from g3lite.datasets.remote import BENCHMARKS, COLLECTIONS
from g3lite.paper import published as paper_published
from g3lite.scale import memory
from g3lite.support import images
from g3lite.teaching.checks.nb07 import check_07_1, check_07_2, check_07_3

pd.set_option("display.width", 160, "display.max_columns", 20, "display.max_colwidth", 90)

# %% tags=["parameters"]
PROFILE = "auto"
MY_PHOTO = ""  # the path of a photo of yours; "": a drawn one
QUERY_FOLDER = ""  # the folder of IM2GPS3K's photos, where you have them
MAX_GB = 8  # a larger file is not downloaded: the message says its size

# %%
profile = profiles.get(PROFILE)
real = profile.name == "gpu"
print("profile", profile.name, "→", "real photos and models" if real else "STAND-INS, all drawn")

# %% [markdown]
# ## 1 One photo of your own
#
# A camera writes more than pixels into a file: when, with which lens, and often **where**. So your
# own photos bring their truth along. (On Colab, upload one with the folder button at the left, and
# name it in `MY_PHOTO`.) If you name none, a drawn one gets such an entry, in the form in which
# cameras write it:

# %%
temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name)


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
drawn = miniearth.load("validation", 300).take([177])  # the photo of notebook 00
mine = Path(MY_PHOTO) if MY_PHOTO else folder / drawn.ids[0]
if not MY_PHOTO:
    with_position(drawn.image(drawn.ids[0]), *drawn.coordinates[0], mine)
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
# ### Exercise 1: what a camera wrote
#
# Write `degrees(parts, letter)`. `parts` are three (numerator, denominator) pairs: degrees, minutes
# and seconds. `letter` should be "N", "S", "E" or "W". Return signed degrees, negative for S and W;
# return None if a denominator is 0 or the letter is none of the four.


# %% tags=["exercise"]
def degrees(parts, letter):
    """Signed degrees of an EXIF coordinate, None where it is not certain."""
    ...  # your code here


check_07_1(degrees)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def degrees(parts, letter):
#     """Signed degrees of an EXIF coordinate, None where it is not certain."""
#     if letter not in ("N", "S", "E", "W") or any(below == 0 for _, below in parts):
#         return None
#     whole, minutes, seconds = (above / below for above, below in parts)
#     value = whole + minutes / 60 + seconds / 3600
#     return -value if letter in "SW" else value
#
#
# check_07_1(degrees)
# ```
#
# </details>

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
# ## 2 Photos by the thousand
#
# The paper's gallery is **MP16-Pro**: 4.12 million photos from Flickr, with addresses, in one tar
# of 369 GB that is cut into 19 pieces. Nobody has to fetch it whole: a hub serves *parts* of a
# file. We read the pieces as one stream, as far as the first n photos reach, and keep them in tars
# of a thousand. Of **OSV-5M**, which is open, one of the zips of its test photos does the same.
# (Figures as published.)

# %% tags=["nbval-check-output"]
for name, known in COLLECTIONS.items():
    print(f"{name}: {known.photos:,} photos, {known.photo_bytes / 1000:.0f} kB each, {known.form}")
    print(f"  {known.repo.id}; {known.terms}")
for name, known in BENCHMARKS.items():
    print(f"{name}: {known.photos:,} photos, which you bring yourself, from")
    print(f"  {known.where}")

# %% [markdown]
# ### Exercise 2: a photo in an archive that is cut
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


check_07_2(ranges)


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
# check_07_2(ranges)
# ```
#
# </details>

# %% [markdown]
# MP16-Pro is **gated**: its authors ask you to accept their terms, which you do once, on its page
# (the message says where). IM2GPS3K's photos have no dependable host: you name their folder. What
# cannot be had is said, and the next of a list is taken; in the last resort the queries are photos
# of OSV-5M by people who have none in the gallery. Without a GPU, both are drawn.

# %%
GALLERIES = ("mp16-pro", "osv5m") if real else ("miniearth/gallery",)
QUERIES = ("im2gps3k", "yfcc4k") if real else ("miniearth/validation",)
size = profile.gallery_size or 2_000


def first_of(names, n=None, **options):
    """The first photo set of these names that can be had, and why others cannot; else None."""
    for name in names:
        try:
            return load_photos(name, n, **options)
        except G3Error as reason:
            print(f"{name}: {reason}\n")


gallery = first_of(GALLERIES, size, max_gb=MAX_GB)
queries = first_of(QUERIES, **({"folder": QUERY_FOLDER} if QUERY_FOLDER else {}))
if gallery is None:
    raise G3Error("no gallery can be had; what stands in the way is said above")
if queries is None:
    spare = load_photos("osv5m", size + 5_000, max_gb=MAX_GB)
    strangers = ~spare.table["AUTHOR"].isin(gallery.table["AUTHOR"])
    queries = spare.take(strangers.to_numpy(bool))

# %% [markdown]
# Nobody may be in both, or the answers are in the gallery (notebook 03). And look at where the
# photos come from before you believe a figure:

# %%
people = [set(some.table["AUTHOR"].dropna()) for some in (gallery, queries)]
print(f"gallery {gallery.name}: {len(gallery):,} photos by {len(people[0]):,} people")
print(f"queries {queries.name}: {len(queries):,} photos by {len(people[1]):,} people,", end=" ")
print(len(people[0] & people[1]), "of them in the gallery as well")
countries = gallery.table["country"].value_counts(normalize=True)
shares = ", ".join(f"{name} {share:.0%}" for name, share in countries.head(5).items())
print("most photos of the gallery:", shares)

# %%
figure, axes = figures.world_map(f"Where the {len(gallery):,} photos of the gallery were taken")
figures.draw_points(axes, gallery.coordinates, size=3, color=figures.PALETTE[0])
figures.show(figure, "A map of the world with a dot for each photo of the gallery.")

# %%
rows = np.random.default_rng(7).choice(len(gallery), 12, replace=False)
some = gallery.take(rows)
where = some.table["city"].fillna("?") + "\nby " + some.table["AUTHOR"].fillna("?").str[:16]
figures.show(
    figures.photo_sheet([some.image(i) for i in some.ids], where.tolist(), title="Twelve of them"),
    "Twelve photos of the gallery, each with its city and its photographer.",
)

# %% [markdown]
# ## 3 Will it fit?
#
# Three downloads (published sizes): the photos of the gallery (20,000 of 90 kB are 1.8 GB),
# `g3.pth` (1.77 GB), and the language model (4.3 GB). All of it is kept, for the next run; on Colab
# only until the machine is given back. Read the terms of the language model, too: Qwen publishes
# this one (and the larger `Qwen/Qwen3-VL-4B-Instruct`) under Apache 2.0, others for research alone.
#
# The GPU is the scarce part. A T4 has 15 GiB (16 GB) of memory for everything: the weights of all
# models, and on top of them what a batch needs. A language model keeps two vectors for every token
# that it has read, the **keys and values**, in every layer; that is what a long prompt costs. The
# one of the profile `gpu` has 2.13 billion weights of two bytes each, and 28 layers with eight
# key-value heads of 128 numbers. So one token takes

# %% tags=["nbval-check-output"]
per_token = 2 * 28 * 8 * 128 * 2  # keys and values, layers, heads, numbers, bytes of a number
print(f"{per_token:,} bytes, and 2,048 tokens {per_token * 2048 / 1e6:.0f} MB")

# %% [markdown]
# ### Exercise 3: a batch
#
# Write `largest_batch(total, weights, per_token, tokens)`: how many replies can be written at a
# time if each has so many tokens. All sizes are in bytes. Return a whole number, 0 if the weights
# alone do not fit. (What is computed along the way takes memory, too, so this is an upper bound.)


# %% tags=["exercise"]
def largest_batch(total, weights, per_token, tokens):
    """The largest number of replies that fit beside the weights."""
    ...  # your code here


check_07_3(largest_batch)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def largest_batch(total, weights, per_token, tokens):
#     """The largest number of replies that fit beside the weights."""
#     return max(0, int((total - weights) // (per_token * tokens)))
#
#
# check_07_3(largest_batch)
# print(largest_batch(15 * 2**30, 2 * 2.13e9 + 1.8e9, per_token, 2048), "beside CLIP, on a T4")
# ```
#
# </details>

# %% [markdown]
# ## 4 The official weights
#
# The weights of G3's authors are one file, `g3.pth`: CLIP ViT-L/14 and, trained on top of it, the
# location encoder and four heads. It was saved from transformers; here it goes into open_clip,
# where the same tensors have other names, and some another form. A wrong name or shape raises an
# error. Three mistakes raise none:
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
# What that does to the features of the real weights we could not measure. The package refuses the
# wrong pair, and its tests hold both layouts against each other.
#
# `G3.from_pretrained` takes the models of the profile, with the gallery that was found. (On
# stand-ins these are MiniCLIP, the heads of notebook 02 and MiniLMM.)

# %%
choice = "paper_yfcc4k" if queries.name == "yfcc4k" else profile.choice
began = time.perf_counter()
g3 = G3.from_pretrained(profile, gallery=gallery, choice=choice, max_gb=MAX_GB)
print(f"{g3.backbone.name}, {g3.lmm.name}")
print(f"{time.perf_counter() - began:.0f} s until all is here: models fetched and loaded, the "
      "gallery encoded (what an earlier run has left on disk is not done again)")  # fmt: skip

# %% [markdown]
# What they take of the memory: weights are counted, batches estimated, and some things left out
# (what a language model computes on the way, what a library sets aside), so the sum is a lower
# bound:

# %%
budget = memory.budget(g3, profile.batch_size)
budget.assign(GB=budget["GB"].map("{:.3f}".format))

# %% [markdown]
# If it does not fit after all, batches are halved until it does: for pictures as for replies. A
# model that is too large altogether, such as `Qwen/Qwen3-VL-8B-Instruct`, can be loaded in four
# bits (this needs the package bitsandbytes); its layers then take a quarter of float16's memory:
# `G3.from_pretrained(lmm=lmm.load(NAME, four_bit=True))`.
#
# A T4 has another limit. It computes in **float16**, whose largest number is 65,504; models that
# were trained in bfloat16 may go beyond it for some pictures, and then write nonsense. The package
# looks: the image tower is run again in float32 for such a picture, and a reply that overflows all
# the same counts as lost, not as an answer.
#
# ### One photo
#
# Yours, if you have named one (a drawing means nothing to models of the real world, so else it is
# the first query). What does G3 say, which reads nothing but the pixels?

# %%
one = own if MY_PHOTO or not real else queries.head(1)
(prediction,) = g3.locate(one)
print(prediction)
figure, axes = figures.world_map("Candidates for one photo")
figures.draw_points(axes, prediction.candidates[["LAT", "LON"]].to_numpy(), size=34,
                    color=figures.PALETTE[2], label="candidates")  # fmt: skip
figures.draw_points(axes, np.array([prediction.coordinates]), color=figures.PREDICTION, size=110,
                  marker="X", label="winner")  # fmt: skip
if np.isfinite(one.coordinates).all():
    off = float(geo.great_circle_km(prediction.coordinates, one.coordinates[0]))
    print(f"{off:,.0f} km from where its table or its EXIF says")
    figures.draw_points(axes, one.coordinates, size=28, label="truth")
axes.legend(loc="lower left", fontsize=9)
figures.show(figure, "A map of the world with the candidates for one photo, the winner among them, "
           "and the truth where it is known.")  # fmt: skip

# %% [markdown]
# ## 5 A row of table 1
#
# **Before.** What do others report for these queries? (For stand-ins there is nothing to compare
# with.)

# %%
published = {"im2gps3k": "IM2GPS3K", "yfcc4k": "YFCC4K"}.get(queries.name)
if published:
    print(f"PUBLISHED, {published} (arXiv 2405.14702, table 1), with the margin of its photos")
    print(paper_published.published_table(published, ["[L]kNN", "GeoCLIP", "G3"]).to_string())
else:
    print(f"no row of {queries.name} was ever published")

# %% [markdown]
# And how long will ours take, and what will it cost? Nobody can tell you for your machine, but a
# few photos can: time them, count their tokens, and multiply. (A few fill their batches badly, so
# the forecast may well be too long.) A part of the queries must be drawn by chance: in their table
# they are in the order of photographers or file names.

# %%
MINUTES = {"ci": 0.2, "cpu": 1, "gpu": 30}[profile.name]
PRICES = (0.0, 0.0)  # of a million tokens sent, and received; a model that runs here asks for none
FEW = 8
order = np.random.default_rng(0).permutation(len(queries))
with tempfile.TemporaryDirectory() as trial:
    began = time.perf_counter()
    report = g3.steps(queries.take(order[:FEW]), progress=False, store=Path(trial) / "r").report
    each = np.array([time.perf_counter() - began, report.tokens_in, report.tokens_out]) / FEW
n = int(min(len(queries), max(2 * FEW, 60 * MINUTES / each[0])))
print(f"{each[0]:.2f} s a photo → {each[0] * len(queries) / 60:.0f} min for all {len(queries):,}")
print(f"{MINUTES:g} min are enough for {n:,}")
forecast = [*n * each, n * each[1:] @ PRICES / 1e6]
MEASURES = ("seconds", "tokens sent", "tokens received", "cost")
print(pd.Series(forecast, MEASURES, name="forecast").map("{:,.2f}".format).to_string())

# %% [markdown]
# **During**: features and replies are kept as they come. If you stop this cell and run it again, it
# goes on where it was. (For a model that is paid for, `max_cost` stops it; see notebook 04.)

# %%
runs = Path("runs") if real else folder
runs.mkdir(exist_ok=True)
chosen, run = queries.take(order[:n]), runs / f"{queries.name.replace('/', '-')}-{n}"
began = time.perf_counter()
predictions = g3.predict(
    chosen, run, store=runs / "replies.sqlite", price_in=PRICES[0], price_out=PRICES[1]
)
took = time.perf_counter() - began

# %% [markdown]
# **Afterwards**: what was it, against the forecast? (If the cell was stopped and run again, some
# replies come from the store, and the seconds of its last run measure nothing: NaN.)

# %%
report = json.loads((run / "run.json").read_text())["report"]
took = np.nan if report["stored"] else took
came = [took, report["tokens_in"], report["tokens_out"], report["cost"]]
compared = pd.DataFrame({"forecast": forecast, "measured": came}, index=MEASURES)
print(compared.map("{:,.2f}".format).to_string())
if torch.cuda.is_available():
    print(f"at most {torch.cuda.max_memory_allocated() / 1e9:.1f} GB of the GPU were in use; "
          f"the budget said {budget['GB'].iloc[-1]:.1f}")  # fmt: skip

# %% [markdown]
# And the row, with its intervals, above the published one, where the queries have one. Bear in mind
# what differs: the gallery holds 20,000 photos and not four million, the language model is not
# GPT-4V, and our prompts say the same in other words. So a lower row is no failure, and an equal
# one would prove nothing.

# %%
found = evaluation.evaluate(
    {f"here, {n:,} of {queries.name}": predictions}, chosen.table, replicates=profile.bootstrap
)
row = evaluation.table(found).iloc[:, :5]
if published:
    theirs = paper_published.published_table(published, ["G3"]).rename(
        index={"G3": "PUBLISHED, G3"}
    )
    row = pd.concat([row, theirs.set_axis(row.columns, axis=1)])
row

# %% [markdown]
# ## 6 With care
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
# - A photo set is a table and pictures; EXIF gives the table, if one distrusts it enough.
# - An archive is read in parts, as far as one needs it.
# - Memory is arithmetic: weights, and what every token and picture adds.
# - Weights are only half of a model; names, layouts and an activation function are the rest.
# - Time is measured on a few, stated beforehand and compared afterwards.
#
# **What it cannot do.** A gallery that fits a notebook and a language model that fits a T4 are not
# the paper's. The row above says what *they* do.
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
