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
# # Locate a photo: from a picture to a point on the map
#
# [01 Worldwide geolocalization →](01_worldwide_geolocalization.ipynb) ·
# Open in Colab (once on GitHub)
#
# Where was this photo taken? This notebook answers first and explains afterwards: run the first
# five cells, and within a minute there is a point on the map. Then come the four steps of **G3**
# that led to it, with a picture for each and the notebook that teaches it. Afterwards you will be
# able to
#
# - locate a photo in one line, from Python or from a terminal;
# - name the four steps of G3, and say what each of them adds;
# - read a prediction: its candidates, their scores, its warnings;
# - say what a dozen photos prove, and for which photos an answer of these models means nothing.
#
# **Paper:** Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization
# Using Large Multi-Modality Models*, [arXiv 2405.14702](https://arxiv.org/abs/2405.14702), section
# 3.
# **You need:** a little Python; nothing of the method. **Time:** 30 minutes to read, 40 with the
# exercises. **Machine:** any laptop, 2 GB of memory, no GPU; the cells run for about half a minute,
# and for a minute the first time (2,000 pictures are encoded, and the numbers kept).

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
import time
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image, ImageDraw
from scipy.stats import binom, binomtest

from g3lite import G3, figures, geo, miniearth, pipeline, prompts
from g3lite.teaching.checks.nb00 import check_00_1, check_00_2

pd.set_option("display.width", 160, "display.max_columns", 20, "display.max_colwidth", 60)

# %% tags=["parameters"]
PROFILE = "auto"
MY_PHOTO = ""  # the path of a photo of yours, for section 4; "": a photo of MiniEarth

# %% [markdown]
# ## 1 A point on the map
#
# The photos are those of **MiniEarth**, a drawn world: its places are real, and so are the side of
# the road, the script and the climate, while houses, landmarks and signs are invented, but fixed
# for each place. One of its photos becomes a file, as if you had taken it yourself.

# %%
validation = miniearth.load("validation", 300)
temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name)


def as_file(row):
    """Write a photo of the validation set to a file of its own."""
    file = folder / validation.ids[row]
    file.write_bytes(validation.read(file.name))
    return file


EXAMPLE = 177
file = as_file(EXAMPLE)

# %% [markdown]
# And now locate it. The first line loads everything that G3 is made of, the second one is all that
# a photo needs:

# %%
began = time.perf_counter()
profile = profiles.get(PROFILE)
drawn_world = profile if profile.alignment == "mini" else profiles.PROFILES["cpu"]  # MiniEarth's
g3 = G3.from_pretrained(drawn_world, gallery_size=2_000)
prediction = g3.locate(file)
print(prediction)
print(f"{time.perf_counter() - began:.0f} s for everything this time, loading included")

# %% [markdown]
# A coordinate, the nearest city, a score, and how long each step took, or "from the store": what
# was computed once is kept on disk, and fetching it says nothing about how long it takes.
# (`gallery_size=2_000`: G3 searches the first 2,000 known photos only, for these are shipped as
# pictures. The whole gallery has 20,000, which would be drawn first, for some minutes.)
#
# Is it right? In orange is the answer, in green all that was considered on the way, the
# **candidates**, in blue the truth, which G3 has not been told.


# %%
def result_map(prediction, title, truth=None):
    """Candidates and winner on a map of the world, with the truth where it is known."""
    figure, axes = figures.world_map(title)
    considered = prediction.candidates[["LAT", "LON"]].to_numpy()
    winner = np.array([prediction.coordinates])
    figures.draw_points(axes, considered, color=figures.PALETTE[2], size=34, label="candidates")
    figures.draw_points(
        axes, winner, color=figures.PREDICTION, size=110, marker="X", label="winner"
    )
    if truth is not None:
        figures.draw_arcs(axes, winner, truth[None])
        figures.draw_points(axes, truth[None], size=28, label="truth")
    axes.legend(loc="lower left", fontsize=9)
    return figure


truth = validation.coordinates[EXAMPLE]
off = float(geo.great_circle_km(prediction.coordinates, truth))
figures.show(
    result_map(prediction, f"One photo, {off:,.0f} km off", truth),
    f"A map of the world with the candidates for one photo, the winner among them and the truth, "
    f"which is {off:,.0f} km away from the winner.",
)

# %% [markdown]
# ### The photo
#
# Here it is, beside five photos of the gallery. Before you read on: which things in it would tell
# you where it was taken?

# %%
gallery = miniearth.load("gallery", 2_000)
some = gallery.head(5)
figures.show(
    figures.photo_sheet(
        [validation.image(file.name), *map(some.image, some.ids)],
        ["to locate", *some.table["city"]],
        title="A photo to locate, and five that are known",
    ),
    "Six drawn photos: a street with a large red sign, a yellow tram and a domed landmark, to be "
    f"located, and five photos of the gallery, taken in {', '.join(some.table['city'])}.",
)

# %% [markdown]
# In MiniEarth it is known exactly what a photo gives away:

# %% tags=["nbval-check-output"]
for cue, value in miniearth.scene_of(file.name).visible.items():
    if isinstance(value, str):
        print(f"{cue:<13}{value}")

# %% [markdown]
# This photo was **chosen**. It shows as many cues as any of the 300, so that the four steps have
# something to work with. It is no typical one; section 3 takes the first twelve as they come.

# %%
cues = np.array([len(miniearth.scene_of(img_id).visible) for img_id in validation.ids])
print(
    f"{cues[EXAMPLE]} cues in this photo; in the 300 at most {cues.max()}, in the median", end=" "
)
print(f"{np.median(cues):.0f}, in {(cues == 0).mean():.0%} of them none")

# %% [markdown]
# ## 2 How it came about
#
# Four steps, in this order:

# %% tags=["nbval-check-output"]
print("photo →", " → ".join(pipeline.STEPS), "→ place")

# %% [markdown]
# ### Embed
#
# A photo and a coordinate have nothing in common that could be compared. So both become vectors.
# A frozen image model (CLIP in the paper, MiniCLIP here) makes a row of numbers of the photo; small
# trained **heads** turn it into two more rows, one to compare with texts, one to compare with
# coordinates. Training pulls a photo and its own place together and pushes other places away:
# **geo-alignment**.

# %% tags=["nbval-check-output"]
photo = validation.take([EXAMPLE])
features = g3.backbone.image_features(photo, normalize=False, progress=False).vectors
vector = g3.heads.database_vectors(features)
print(f"{features.shape[1]} numbers from the backbone, {vector.shape[1]} with those of the heads")

# %% [markdown]
# With that, one can ask of *every* place on Earth how well it suits the photo. Where do you expect
# the bright regions, with such signs and such a climate?

# %%
lat, lon, cosines = g3.heads.similarity_map(features, step=2.0)
cells = cosines[0].reshape(45, 2, 90, 2).mean(axis=(1, 3))  # means of cells of 4 by 4 degrees
figures.show(
    figures.heat_maps(
        {"★ the truth": (lat[::2] + 1, lon[::2] + 1, cells)},
        "Step 1: how well does each region suit the photo?",
        label="cosine of photo and place",
        marks={"★ the truth": truth[None]},
    ),
    "A map of the world, coloured by how well each region suits the photo in the aligned space; a "
    "star marks the truth.",
)

# %% [markdown]
# Such a map is blurred: it says which parts of the world are possible, not which street.
# → [Notebook 02, geo-alignment](02_geo_alignment.ipynb): the loss, the location encoder, and what
# training changes.
#
# ### Search
#
# The **gallery** holds photos with known places, each as such a vector. The most similar ones are
# clues: perhaps the photo was taken where they were. Frames are green within 200 km of the truth.

# %%
first = prediction.neighbours.head(5)
figures.show(
    figures.neighbour_strip(
        validation.image(file.name),
        [gallery.image(img_id) for img_id in first["neighbour"]],
        geo.great_circle_km(first[["LAT", "LON"]].to_numpy(), truth),
        names=first["city"].tolist(),
        query_name="the photo\n",
        title="Step 2: the most similar photos of the gallery",
    ),
    "The photo and its five nearest neighbours in the gallery, with their distances from the truth "
    f"and their cities: {', '.join(first['city'])}.",
)

# %% [markdown]
# G3 also looks up the most *dissimilar* photos, as a hint where the photo was not taken.
# → [Notebook 03, index construction](03_index_construction.ipynb): exact and compressed indexes,
# hubs.
#
# ### Ask
#
# A gallery can only name places that it holds. So a **large multimodal model** is asked too (GPT-4V
# in the paper, the small MiniLMM here), with the photo and a text. The shortest text is this one:

# %% tags=["nbval-check-output"]
print(prompts.prompt())

# %% [markdown]
# Three others add where the 5, 10 and 15 most similar photos were taken, and as many dissimilar
# ones. For one photo such references are the solution, for another a trap, and nobody knows
# beforehand: hence **prompt diversification**. Five replies are drawn to each.

# %% tags=["nbval-check-output"]
print(g3.plan)

# %%
first_ones = prediction.replies.groupby("references").head(1)  # one for each prompt
first_ones[["references", "sample", "text", "LAT", "LON"]]

# %%
replies = prediction.replies[prediction.replies["used"]]
around = np.vstack([replies[["LAT", "LON"]], truth])
figure, axes = figures.zoomed_map(around, "Step 3: where the replies are, by prompt")
for (references, group), colour in zip(
    replies.groupby("references"), ("#000000", *figures.PALETTE[3:]), strict=False
):
    label = f"{references} + {references} references"
    size = 200 - 10 * references  # the first are the largest, so that all can be seen
    figures.draw_points(
        axes, group[["LAT", "LON"]].to_numpy(), color=colour, size=size, label=label
    )
figures.draw_points(axes, truth[None], size=140, marker="*", label="truth")
axes.legend(loc="upper left", fontsize=9)
figures.show(
    figure,
    "A map of the replies of the multimodal model to four prompts, with 0, 5, 10 and 15 references "
    "of either kind, in four colours; a star marks the truth.",
)

# %% [markdown]
# All replies that name a place become candidates, and so do the places of the most similar photos.
# → [Notebook 04, prompt diversification](04_prompt_diversification.ipynb): prompts, temperature,
# what references are worth. The candidates are a table:

# %%
prediction.candidates.head(6)

# %% [markdown]
# ### Exercise 1: a blind draw
#
# What if nobody chose, and one candidate were drawn at random? Write `share_near`: the share of the
# `candidates` that lie within `km` of the `truth`, a number from 0 to 1. `candidates` is a table
# such as `prediction.candidates`, `truth` is the pair (latitude, longitude) in degrees. Distances
# are great circles (`geo.great_circle_km`), and exactly `km` counts as within. A place that was
# named several times counts each time, as it would in a draw.


# %% tags=["exercise"]
def share_near(candidates, truth, km):
    """Share of the candidates within km of the truth."""
    ...  # your code here


check_00_1(share_near)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def share_near(candidates, truth, km):
#     """Share of the candidates within km of the truth."""
#     away = geo.great_circle_km(candidates[["LAT", "LON"]].to_numpy(), truth)
#     return (away <= km).mean()
#
#
# check_00_1(share_near)
# print(f"{share_near(prediction.candidates, truth, 200):.0%} of the candidates within 200 km")
# ```
#
# </details>

# %% [markdown]
# ### Verify
#
# Somebody has to choose, without knowing the truth. G3 scores each candidate as in the map of
# step 1: the inner product of the photo's vector and that of the coordinate. The highest score
# wins. A good judge gives high scores to what is near. Is this one good, here?

# %%
scored = prediction.candidates
away = geo.great_circle_km(scored[["LAT", "LON"]].to_numpy(), truth)
figure = Figure(figsize=(figures.WIDTH, 3.4), layout="constrained")
axes = figure.add_subplot(xlabel="distance from the truth, km", ylabel="score")
axes.set_title("Step 4: scores of the candidates", loc="left", fontsize=12, fontweight="bold")
for origin, colour in (("reply", figures.PALETTE[2]), ("retrieved", figures.PALETTE[3])):
    some = (scored["origin"] == origin).to_numpy()
    axes.scatter(away[some], scored["score"][some], s=45, color=colour, alpha=0.7, label=origin)
axes.scatter(
    away[0], scored["score"][0], s=110, marker="X", color=figures.PREDICTION, label="winner"
)
axes.set_xscale("symlog", linthresh=1)
axes.set(xlim=(-0.2, 25_000), xticks=[0, 1, 10, 100, 1_000, 10_000])
axes.xaxis.set_major_formatter("{x:,.0f}")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False)
figures.show(
    figure,
    "The score of each candidate against its distance from the truth on a logarithmic axis, "
    f"replies and the retrieved place; the winner, with the highest score, is {off:,.0f} km away.",
)

# %% [markdown]
# → [Notebook 05, geo-verification](05_geo_verification.ipynb): how far such a judge can be trusted,
# against a blind draw, a vote, and the best that was possible.
#
# ### Exercise 2: the judge
#
# Write `winner`: the pair (latitude, longitude) of the candidate with the highest score. The table
# may be in any order, and its index may be anything. Of candidates with the same score the first
# row wins. And a score may be NaN: it means *no score*, so it never wins. (In the official code a
# candidate beyond the pole got the score NaN, and `argmax` takes NaN for the largest of all.)


# %% tags=["exercise"]
def winner(candidates):
    """Latitude and longitude of the candidate with the highest score."""
    ...  # your code here


check_00_2(winner)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def winner(candidates):
#     """Latitude and longitude of the candidate with the highest score."""
#     row = np.nanargmax(candidates["score"].to_numpy())  # the position, not the index
#     return candidates["LAT"].iloc[row], candidates["LON"].iloc[row]
#
#
# check_00_2(winner)
# print("the same as G3:", winner(prediction.candidates) == prediction.coordinates)
# ```
#
# </details>

# %% [markdown]
# ## 3 Twelve in a row
#
# One photo proves nothing, least of all a chosen one. Here are the first twelve photos of the
# validation set, good and bad as they come. Before you look: how many of them will be within 200
# km?

# %%
twelve = validation.head(12)
predictions = g3.locate(twelve, progress=True)
answers = np.array([found.coordinates for found in predictions])
km = geo.great_circle_km(answers, twelve.coordinates)
titles = [f"{n}: {distance:,.0f} km" for n, distance in enumerate(km, 1)]
figures.show(
    figures.photo_sheet(
        [twelve.image(img_id) for img_id in twelve.ids],
        titles,
        title="The first twelve photos, and how far off G3 is",
    ),
    "Twelve drawn photos, each with the distance between prediction and truth: "
    + "; ".join(titles)
    + ".",
)

# %%
figures.show(
    figures.prediction_map(twelve.coordinates, answers, "The same twelve on the map"),
    "A map of the world with the true and the predicted places of twelve photos, joined by arcs.",
)

# %% [markdown]
# Why are some so far off? Three numbers beside each error: the **cues** that the photo shows; how
# many of the 2,000 **known** photos were taken within 25 km of the truth; and the distance of the
# **nearest candidate**, the best that any judge could have chosen.

# %% tags=["results"]
kinds = [miniearth.scene_of(img_id).view.kind for img_id in twelve.ids]
between = geo.great_circle_km(gallery.coordinates[None], twelve.coordinates[:, None])
nearest = [
    geo.great_circle_km(found.candidates[["LAT", "LON"]].to_numpy(), place).min()
    for found, place in zip(predictions, twelve.coordinates, strict=True)
]
pd.DataFrame(
    {
        "kind": kinds,
        "cues": cues[:12],
        "known within 25 km": (between <= 25).sum(axis=1),
        "nearest candidate, km": np.round(nearest).astype(int),
        "error, km": np.round(km).astype(int),
    },
    index=pd.RangeIndex(1, 13, name="photo"),
)

# %% [markdown]
# Read it row by row. Where there are no cues, as in the sky or in a close-up, there is nothing to
# find, for anybody. Where the nearest candidate is far away too, search and model did not come up
# with the place. Where it is near and the error is large, the judge chose the wrong one. And where
# no known photo is near, only the multimodal model could have named the place.
#
# ### One number, with care
#
# The mean would be ruled by the few that ended up on another continent, so take the median, and an
# interval: if twelve photos are drawn independently, the true median lies between the 3rd and the
# 10th of them (in order) with the probability that a binomial distribution gives.

# %% tags=["results"]
ordered = np.sort(km)
sure = 1 - 2 * binom.cdf(2, 12, 0.5)
near = int((km <= 200).sum())
share = binomtest(near, 12).proportion_ci()
print(f"median error {np.median(km):,.0f} km, {sure:.0%} interval ", end="")
print(f"[{ordered[2]:,.0f}, {ordered[9]:,.0f}]")
print(f"within 200 km {near} of 12, 95% interval [{share.low:.0%}, {share.high:.0%}]")
print(f"the 12 photos were taken by {twelve.table['AUTHOR'].nunique()} photographers")
print(f"{len(gallery):,} photos in the gallery, {len(miniearth.places()):,} places in the world")

# %% [markdown]
# That is all that twelve photos can say, and even these intervals flatter: they take twelve photos
# for twelve independent draws, but a photographer has a taste and a home town, and these are few.
# There is a second caveat: 2,000 photos are few for so many places. The other notebooks search ten
# times as many.
# → [Notebook 01](01_worldwide_geolocalization.ipynb): the task, its score, and simple baselines.
# → [Notebook 06, evaluation](06_evaluation_and_ablations.ipynb): G3 on thousands of photos, what
# each step is worth, and how sure that is.
#
# ## 4 Your own files
#
# Put the path of a photo into `MY_PHOTO` in the cell at the top, and run the notebook again. As
# long as there is none, a photo of MiniEarth stands in for it.

# %%
mine = Path(MY_PHOTO).expanduser()
if not mine.is_file():
    if MY_PHOTO:
        print(f"there is no file {mine}; take this one instead")
    mine = as_file(0)
found = g3.locate(mine)
print(found)
if found.coordinates:
    figures.show(
        result_map(found, f"{'Your photo' if MY_PHOTO else 'A file'}: {found.place}"),
        f"A map of the world with the candidates for {mine.name} and the winner, {found.place}.",
    )

# %% [markdown]
# ### A photo of another world
#
# These models have seen nothing but MiniEarth. What do they say about anything else? Let us paint
# an evening at the sea, and give G3 three files at once: the photo from above, the painting, and a
# file that is called a picture and is none.

# %%
sky = np.linspace((60, 70, 140), (250, 170, 90), 96)
sea = np.linspace((120, 90, 90), (20, 30, 60), 64)
rows = np.vstack([sky, sea])[:, None]
painting = Image.fromarray(np.repeat(rows, 200, axis=1).astype(np.uint8))
draw = ImageDraw.Draw(painting)
draw.ellipse((85, 60, 115, 90), fill=(255, 230, 160))
draw.polygon([(120, 96), (165, 55), (200, 96)], fill=(50, 45, 70))
painting.save(folder / "evening.png")
(folder / "notes.jpg").write_text("This is a text.")

three = g3.locate([file, folder / "evening.png", folder / "notes.jpg"])
for found in three:
    print(f"{found}\n")

# %% tags=["nbval-check-output"]
for found in three:
    warning = (found.warning or "no warning").partition(":")[0]
    print(f"{warning:<14}", found.error or "located")

# %% [markdown]
# - The photo of MiniEarth is located as before.
# - The **painting** is located too, and the result says plainly that it means nothing:
#   `out_of_domain`. Without that line you could not tell. There is a coordinate with four
#   decimals, a city, and a score, for *some* candidate always is the best one. A score compares the
#   candidates of one photo; it is no probability.
# - The **text** is not located. Its error says why, and it cost the other files nothing.
#
# How does G3 know? It does not guess: a file counts as a photo of MiniEarth if its name says which
# scene it shows and the picture looks like that scene when it is drawn again. So a photo of
# MiniEarth that you rename is called `out_of_domain` as well: a warning too many, where the other
# mistake would be a place that somebody believes.
#
# For photos of the real world the four steps are the same, and the parts have to come from it. The
# profile `gpu` names them: CLIP ViT-L/14 and the heads that G3's authors trained, photos of
# MP16-Pro, Qwen3-VL. They are downloaded, and want a GPU with 16 GB: [notebook
# 07](07_real_data_on_a_gpu.ipynb).
# What such a multimodal model alone says about a photo of yours, you can try in section 2 of
# [notebook 04](04_prompt_diversification.ipynb), with one parameter.
#
# ### In a terminal
#
# ```sh
# g3lite locate PHOTO --map out.png    # a place, and a map with it
# g3lite locate *.jpg --json           # everything about several photos, for another program
# ```
#
# The command searches the whole gallery of 20,000 photos, so the first time it draws for some
# minutes; with `--profile ci` it searches the same 2,000 as this notebook.

# %% [markdown]
# ## What you have learnt
#
# - `G3.from_pretrained()` loads the parts, `g3.locate(file)` gives a `Prediction`: coordinates,
#   place, score, candidates, neighbours, replies, warning or error.
# - Four steps: *embed* makes photo and places comparable, *search* finds similar known photos,
#   *ask* lets a multimodal model name places with several prompts, *verify* takes the candidate
#   that suits the photo best.
# - The error depends on what a photo shows and on what the gallery knows. A few photos do not tell
#   how good a method is, and a chosen one tells nothing.
# - There always is an answer. Whether it means anything, the score does not say.
#
# **What it cannot do.** It locates drawings of a small world with small models; no number here is
# one of the paper. It does not know when it is wrong, only when a file is not of its world.
#
# **With care.** Finding out where a photo was taken can harm the person who took it. Use this for
# study, on photos of public places, not to find people or homes. With the models of this notebook,
# no photo leaves your machine.
#
# **Next:** [01 Worldwide geolocalization](01_worldwide_geolocalization.ipynb), the task itself: why
# it is hard, how it is scored, and what one must beat.
#
# ### References
#
# - P. Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization Using
#   Large Multi-Modality Models*, NeurIPS 2024,
#   [arXiv 2405.14702](https://arxiv.org/abs/2405.14702).
# - A. Radford et al., *Learning Transferable Visual Models From Natural Language Supervision*, ICML
#   2021, [arXiv 2103.00020](https://arxiv.org/abs/2103.00020): CLIP.
# - V. Vivanco Cepeda et al., *GeoCLIP: Clip-Inspired Alignment between Locations and Images for
#   Effective Worldwide Geo-localization*, NeurIPS 2023,
#   [arXiv 2309.16020](https://arxiv.org/abs/2309.16020): photos and coordinates in one space.
