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
# # Geo-verification: from many candidates to one
#
# [← 04 Prompt diversification](04_prompt_diversification.ipynb) ·
# [06 Evaluation and ablations →](06_evaluation_and_ablations.ipynb) ·
# Open in Colab (once on GitHub)
#
# Four prompts with five replies each, and where a similar photo was taken: that is twenty-one
# opinions about one photo, and they do not agree. An answer is a single place. Somebody has to
# choose, without knowing the truth. In G3 this is a judge that never sees a prompt: it compares the
# photo with each *coordinate*. Afterwards you will be able to
#
# - turn replies and retrieved coordinates into candidates, and say what is no candidate;
# - show how one impossible latitude wins every contest, and keep it from doing so;
# - write the judge in three lines, and draw what it sees on a map;
# - measure what it is worth against choosing blindly, by vote, and by looking at the truth;
# - say when it saves an answer and when it ruins one, and how many candidates it can stand;
# - read its score as a degree of confidence;
# - run the whole of G3 with one call.
#
# **Paper:** Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization
# Using Large Multi-Modality Models*, [arXiv 2405.14702](https://arxiv.org/abs/2405.14702), section
# 3.3, table 2 (the row "w/o Geo-V") and figure 4.
# **You need:** [notebook 02](02_geo_alignment.ipynb) for the space in which photos and coordinates
# meet; [notebook 04](04_prompt_diversification.ipynb) for where the replies come from.
# **Time:** 55 minutes to read, 80 with the exercises. **Machine:** any laptop, 2 GB of memory, no
# GPU; the cells run for about a minute.

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
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from g3lite import G3, evaluation, figures, geo, miniearth, verification
from g3lite.alignment import GeoAlignment
from g3lite.baselines import selection
from g3lite.paper import published as paper_published
from g3lite.paper import tables
from g3lite.teaching.checks.nb05 import check_05_1, check_05_2, check_05_3
from g3lite.verification import CandidateConfig

pd.set_option("display.width", 160, "display.max_columns", 20, "display.max_colwidth", 80)

# %% tags=["parameters"]
PROFILE = "auto"

# %% [markdown]
# ## 1 Candidates
#
# The queries are the validation photos of MiniEarth. What MiniLMM replied about them is recorded,
# and where the most similar of the gallery's 20,000 photos were taken (notebooks 03 and 04).
# `tables.EvaluationRun` holds all of it:

# %%
profile = profiles.get(PROFILE)
evidence = tables.EvaluationRun.load("validation", profile.query_size)
photos, truth = evidence.queries, evidence.queries.table
similar = evidence.gallery_coordinates[
    evidence.rows["similar"]
]  # (photos, 15, 2), the most similar first
drawn = evidence.replies[evidence.replies["way"] == "drawn"]
print(f"profile {profile.name}: {len(photos):,} photos, {len(drawn):,} replies")

# %% [markdown]
# The **candidates** of a photo are N replies to each of K prompts, and the coordinates of the S
# most similar photos: $K \cdot N + S$ places. K is 4 (0, 5, 10 and 15 references). The paper
# chooses N and S for each of its test sets:

# %% tags=["nbval-check-output"]
for name in ("paper_im2gps3k", "paper_yfcc4k"):
    print(f"{name:<15}", verification.CANDIDATE_CONFIGS[name])

# %% [markdown]
# We begin with all five replies and one retrieved coordinate; section 4 turns these knobs. A
# candidate table has a row for each candidate and says where it comes from. Here is the first
# candidate of every origin, for one photo: the one with the most visible cues of those whose
# candidates disagree (the middle one is more than 2,500 km off) although one is near (within 25
# km).

# %%
choice = CandidateConfig(replies=5, retrieved=1)
table = evidence.candidates(choice=choice)
table["km"] = selection.errors_km(table, truth)  # known to us, not to the judge

of_photo = table.groupby("IMG_ID", sort=False)["km"]
middle_km, nearest_km = of_photo.median().to_numpy(), of_photo.min().to_numpy()
clues = np.array([len(miniearth.scene_of(img_id).visible) for img_id in photos.ids[:300]])


def clearest(some):
    """Of some photos (a mask) among the first 300 the one with the most visible cues."""
    return int(np.where(some[:300], clues, -1).argmax())


query = clearest((middle_km > 2500) & (nearest_km <= 25))
one = table[table["IMG_ID"] == photos.ids[query]]
one.groupby(["origin", "references"], dropna=False, sort=False).head(1)

# %% [markdown]
# This is the photo, and the five most similar ones of the gallery. (A frame is green within 200
# km of the truth.)

# %%
gallery = miniearth.load("gallery")
rows = evidence.rows["similar"][query, :5]
away = geo.great_circle_km(gallery.coordinates[rows], photos.coordinates[query])
figures.show(
    figures.neighbour_strip(
        photos.image(photos.ids[query]),
        [gallery.image(gallery.ids[row]) for row in rows],
        away,
        names=gallery.table["city"].iloc[rows].tolist(),
        query_name="the photo\n",
        title="A photo, and what retrieval finds for it",
    ),
    "The photo, and the five most similar photos of the gallery with distance and city: "
    + ", ".join(gallery.table["city"].iloc[rows])
    + ".",
    dpi=85,
)


# %% [markdown]
# And these are its candidates. Without the blue point, which would you choose?


# %%
def draw_candidates(axes, some, size=45):
    """The truth on a map, and on top of it the candidates, coloured by origin."""
    row = photos.ids.index(some["IMG_ID"].iloc[0])
    figures.draw_points(axes, photos.coordinates[[row]], size=3 * size, label="truth")
    zero_shot = (some["references"] == 0).fillna(False).to_numpy(dtype=bool)
    retrieved = (some["origin"] == "retrieved").to_numpy()
    for rows, colour, label in (
        (~zero_shot & ~retrieved, figures.PREDICTION, "reply, with references"),
        (zero_shot, figures.PALETTE[4], "reply, zero-shot"),
        (retrieved, figures.PALETTE[2], "most similar photo"),
    ):
        places = some.loc[rows, ["LAT", "LON"]].to_numpy()
        figures.draw_points(axes, places, color=colour, size=size, label=label)


around = np.vstack([one[["LAT", "LON"]], photos.coordinates[[query]]])
figure, axes = figures.zoomed_map(around, "Twenty-one opinions about one photo", height=4.6)
draw_candidates(axes, one)
axes.legend(loc="lower left", fontsize=9)
figures.show(
    figure,
    "A map with the candidates of one photo: zero-shot replies, replies with references and the "
    "place of the most similar photo, spread over several countries, and the truth.",
)

# %% [markdown]
# ### What is no candidate
#
# A reply that cannot be read names no place, so it takes part in nothing. How often does that
# happen, and why? The reader of notebook 04 says so:

# %%
unread = drawn[drawn["LAT"].isna()]
print(f"{len(unread)} of {len(drawn):,} replies are no candidates")
beyond = unread["reason"].str.startswith("latitude").fillna(False)
print(f"{beyond.sum()} of these name a latitude beyond ±90")
unread.drop_duplicates("reason")[["text", "reason"]].head(5)

# %% [markdown]
# Few, so why take the trouble? Because a single impossible latitude is not simply one bad candidate
# among twenty. Follow one through the official code. Its location encoder first projects the Earth
# to Mercator's map and then makes waves of the position. Here for the latitude alone, with three
# candidates for a photo from Paris:


# %%
def encode(lat):
    """Mercator's y and four waves of it: unit rows (n, 8)."""
    y = np.log(np.tan(np.pi / 4 + np.radians(lat) / 2)) / np.pi
    waves = np.pi * y[:, None] * [1, 2, 4, 8]
    return np.hstack([np.cos(waves), np.sin(waves)]) / 2


# %% tags=["nbval-check-output"]
latitudes = np.array([48.8, -33.9, 148.2])
with np.errstate(invalid="ignore"):
    scores = encode(latitudes) @ encode(np.array([48.9]))[0]
for lat, score in zip(latitudes, scores, strict=True):
    print(f"latitude {lat:6.1f}: score {score:5.2f}")
print("the winner:", latitudes[scores.argmax()])

# %% [markdown]
# Mercator's map has no latitude of 148. The logarithm of a negative number is NaN, and so is
# everything made of it. (The official code asks a library for the projection, which answers with
# infinity. Its cosine is NaN as well.) And `argmax`, in numpy as in torch, takes **NaN for the
# maximum**. So the one candidate that cannot be right beats the one that is right to a tenth of a
# degree, for every photo, whatever the others are. The official code then writes 0 for its
# latitude, a place on the equator, and nobody ever hears of it. Every reply counted above as beyond
# ±90 would have won its photo.
#
# `np.nanargmax` would hide it. Here, what is no place on Earth is never scored: the reader makes no
# candidate of it, and should one come by another way, the judge refuses.

# %% tags=["nbval-check-output"]
damaged = table.head(3).copy()
damaged.loc[0, ["LAT", "LON"]] = 148.2, 11.5
try:
    evidence.verifier.score(damaged)
except ValueError as error:
    print("refused:", error)

# %% [markdown]
# ### When nobody is left
#
# What if none of a photo's replies can be read? Then there is still the most similar photo of the
# gallery. To see it, we take the replies about the first photo away. N is 1, S is 0:

# %%
two = photos.ids[:2]
replies = drawn[drawn["IMG_ID"].isin(two)].copy()
replies.loc[replies["IMG_ID"] == two[0], ["LAT", "LON"]] = np.nan
replies["used"] = replies["LAT"].notna()
verification.candidates(two, replies, similar[:2], CandidateConfig(replies=1, retrieved=0))

# %% [markdown]
# The column `fallback` says it, here and in everything that is made of the table, so that such
# answers can be counted:

# %%
print(f"{table.groupby('IMG_ID')['fallback'].any().sum()} of {len(photos):,} photos need it here")

# %% [markdown]
# ## 2 The judge
#
# Voting would be one way to choose. But the twenty replies come from one model that may be wrong
# twenty times in the same way. Better to ask somebody else: somebody who looks at the photo again
# and *only* has to say whether a given place suits it. That is easier than to name one.
#
# Notebook 02 has trained just that. Photo and coordinate become unit vectors in one space, and
# their inner product is high where they belong together. There it was used to learn; here it
# judges:
#
# $$ \text{winner} = \arg\max_{c}\;
#    \langle \text{image→GPS}(\text{photo}),\ \text{GPS}(c) \rangle $$
#
# In three lines:

# %%
heads = GeoAlignment.from_pretrained("mini")
_, image = heads.embed_images(evidence.features)  # (photos, 256), unit rows
gps = heads.embed_coordinates(table[["LAT", "LON"]])  # (candidates, 256), unit rows
owner = pd.Index(photos.ids).get_indexer(table["IMG_ID"])  # whose candidate each one is
score = np.einsum("cd,cd->c", image[owner], gps)

# %% [markdown]
# `Verifier.score` does the same, and encodes each coordinate only once, however often it occurs.
# `winners` takes the best of each photo. Do they agree with ours?

# %%
table = evidence.verifier.score(table)
won = verification.winners(table)
print(f"scores within {np.abs(score - table['score']).max():.0e}")

ours = table.loc[table.groupby("IMG_ID", sort=False)["score"].idxmax(), ["LAT", "LON"]]
same = (ours.to_numpy() == won[["LAT_pred", "LON_pred"]].to_numpy()).all(axis=1)
print(f"{same.mean():.1%} of the winners are the same")

# %% [markdown]
# Back to our photo. Its candidates, the best score first:

# %%
one = table[table["IMG_ID"] == photos.ids[query]].sort_values("score", ascending=False)
one.drop(columns=["IMG_ID", "fallback"]).head(6).round({"km": 1, "score": 3})

# %%
rank = int(one["km"].to_numpy().argmin()) + 1
print(f"the winner is {one['km'].iloc[0]:,.0f} km from the truth")
print(f"the first zero-shot reply is {one['km'].sort_index().iloc[0]:,.0f} km off")
print(f"the nearest candidate has the score no. {rank} of {len(one)}")

# %% [markdown]
# Two candidates may have the same score, mostly because two replies name the very same place. Then
# the first one wins: a reply before a retrieved place, few references before many, the earlier
# sample. For the place it makes no difference. But without a rule, the same run could name another
# prompt as the winner tomorrow.

# %%
highest = table.groupby("IMG_ID")["score"].transform("max")
shared = (table["score"] == highest).groupby(table["IMG_ID"]).sum() > 1
print(f"{shared.mean():.1%} of the photos have more than one candidate with the highest score")

# %% [markdown]
# ### What the judge sees
#
# Take two photos. For the first, verification **saves** the answer: the middle one of its
# candidates is more than 1,000 km off, the winner within 25 km. For the second it **ruins** it: a
# candidate lay within 25 km, and the winner is more than 1,000 km off. Both are those with the most
# visible cues of their kind. A dot is a candidate; the judge takes the topmost one, and the best
# one is at the left:

# %%
errors = evaluation.error_km(won, truth)
cases = {
    "saved": clearest((middle_km > 1000) & (errors <= 25)),
    "ruined": clearest((nearest_km <= 25) & (errors > 1000)),
}

# %%
plain = FuncFormatter(lambda value, _: f"{value:,g}")  # 10,000 rather than a power of ten
figure = Figure(figsize=(figures.WIDTH, 3.3), layout="constrained")
figure.suptitle("The candidates of two photos", x=0.01, ha="left", fontweight="bold")
for axes, (name, row) in zip(figure.subplots(1, 2, sharey=True), cases.items(), strict=True):
    some = table[table["IMG_ID"] == photos.ids[row]]
    for origin, colour in (("reply", figures.PREDICTION), ("retrieved", figures.PALETTE[2])):
        dots = some[some["origin"] == origin]
        axes.scatter(dots["km"].clip(1), dots["score"], s=45, color=colour, alpha=0.8, label=origin)
    best = some.loc[some["score"].idxmax()]
    axes.scatter(max(best["km"], 1), best["score"], s=170, facecolors="none", edgecolors="black")
    axes.set_title(name, fontsize=10)
    axes.set(xscale="log", xlim=(0.8, 25_000), xlabel="km from the truth")
    axes.xaxis.set_major_formatter(plain)
    axes.spines[["top", "right"]].set_visible(False)
figure.axes[0].set_ylabel("score (cosine)")
figure.axes[0].legend(frameon=False)
figures.show(
    figure,
    "Two panels of score against distance from the truth, a dot per candidate and a ring around "
    "the winner: in the first the ring is far left, in the second far right, above a dot at the "
    "left that scores less.",
)

# %% [markdown]
# Do you see why the judge was wrong? Perhaps its view of the places helps. Beside each of the two
# photos are the gallery's photos that were taken nearest to the winner, and nearest to the truth:

# %%
pictures, captions = [], []
for name, row in cases.items():
    winner = won.loc[row, ["LAT_pred", "LON_pred"]].to_numpy(dtype=float)
    pictures.append(photos.image(photos.ids[row]))
    captions.append(f"{name}\nwinner {errors[row]:,.0f} km off\n")
    for what, place in (("winner", winner), ("truth", photos.coordinates[row])):
        near = geo.great_circle_km(gallery.coordinates, place).argmin()
        pictures.append(gallery.image(gallery.ids[near]))
        captions.append(f"near the {what}\n{gallery.table['city'].iloc[near]}\n")
figures.show(
    figures.photo_sheet(pictures, captions, columns=6, title="Photo, winner's place, true place"),
    "Six photos: " + "; ".join(" ".join(caption.split()) for caption in captions) + ".",
    dpi=85,
)

# %% [markdown]
# The judge was asked about twenty-one places, but it can be asked about any. So ask it about all: a
# grid over the Earth. What do you expect of the second map: no peak at the truth, or a higher one
# elsewhere?

# %%
lat, lon, values = heads.similarity_map(evidence.features[list(cases.values())], step=1.0)
# The finest waves are shorter than a degree: show the means of cells of 4 by 4 degrees.
cells = values.reshape(-1, 45, 4, 90, 4).mean(axis=(2, 4))
grid = lat[1::4] + 0.5, lon[1::4] + 0.5
maps = {name: (*grid, some) for name, some in zip(cases, cells, strict=True)}
label = "score (cosine), mean of a cell"
figure = figures.heat_maps(maps, "The judge's view of the Earth", label=label, levels=8)
for axes, row in zip(figure.axes, cases.values(), strict=False):
    draw_candidates(axes, table[table["IMG_ID"] == photos.ids[row]], size=22)
    winner = won.loc[[row], ["LAT_pred", "LON_pred"]]
    figures.draw_points(axes, winner, color="#000000", size=70, marker="X", label="winner")
handles = figure.axes[0].get_legend_handles_labels()
figure.legend(*handles, loc="outside lower center", ncols=5, fontsize=8.5, frameon=False)
figures.show(
    figure,
    "Two world maps of the score of every region, with the candidates, the winner as a cross and "
    "the truth: where verification saves, the cross lies at the truth in a bright region; where it "
    "ruins, the truth has a candidate too, but the cross lies elsewhere.",
)

# %% [markdown]
# (Believe no bright spot in an ocean. Nobody took photos there, so nobody ever told the model that
# it is wrong. Verification never asks about oceans: it asks about places that somebody has named.)
#
# ### Exercise 1: the judge
#
# Write `verify`. `image` (q, d) holds a unit vector for each photo, `gps` (q, c, d) one for each of
# its c candidates, and `valid` (q, c) says which of these take part. The vector of one that does
# not may be NaN, or numbers that mean nothing. Return for each photo the position of the valid
# candidate with the highest inner product, the first of equals, and -1 for a photo that has none.
# The scores may all be negative. Leave the given arrays as they are.


# %% tags=["exercise"]
def verify(image, gps, valid):
    """Positions (q,) of the winners among the candidates, -1 for none."""
    ...  # your code here


check_05_1(verify)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def verify(image, gps, valid):
#     """Positions (q,) of the winners among the candidates, -1 for none."""
#     score = np.einsum("qd,qcd->qc", image, gps)
#     score = np.where(valid, score, -np.inf)  # below every score that there is; no NaN is left
#     return np.where(valid.any(axis=1), score.argmax(axis=1), -1)
#
#
# check_05_1(verify)
# ```
#
# </details>

# %% [markdown]
# ## 3 When it saves, and when it ruins
#
# Two cases prove nothing. For all queries: what is the judge worth? That depends on what one
# compares it with. The paper compares with a candidate that is drawn **blindly** ("w/o Geo-V").
# These are its differences in percentage points, and in brackets the 95 % margin of G3's own share,
# as if every photo were evidence of its own:

# %% tags=["nbval-check-output"]
for which, rows in paper_published.PUBLISHED.items():
    g3, blindly = np.array(rows["G3"]), np.array(rows["w/o Geo-V"])
    margin = 196 * np.sqrt(g3 / 100 * (1 - g3 / 100) / paper_published.PUBLISHED_PHOTOS[which])
    cells = [
        f"{radius:,} km {gain:+.1f} (± {m:.1f})"
        for radius, gain, m in zip(evaluation.THRESHOLDS_KM, g3 - blindly, margin, strict=True)
    ]
    print(f"{which:<9}", ", ".join(cells))

# %% [markdown]
# A draw has luck in it, and need not. What it is worth can be computed without drawing: a photo
# with 21 candidates, 3 of them near, has a chance of 3 in 21.
#
# ### Exercise 2: the blind judge
#
# Write `blind`. `km` (m,) is the distance of every candidate from the truth of its photo, `photo`
# (m,) says which photo that is (0 to photos - 1, in any order), `photos` how many there are. For
# each photo one of *its* candidates is drawn, all equally likely. Return the expected share of the
# photos for which it lies within `radius` km (exactly at the radius counts). Photos differ in their
# number of candidates. A photo without any counts as a miss.


# %% tags=["exercise"]
def blind(km, photo, photos, radius):
    """Expected share of the photos within radius km if a candidate is drawn blindly."""
    ...  # your code here


check_05_2(blind)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def blind(km, photo, photos, radius):
#     """Expected share of the photos within radius km if a candidate is drawn blindly."""
#     near = np.bincount(photo, km <= radius, minlength=photos)
#     candidates = np.bincount(photo, minlength=photos)
#     return np.mean(near / np.maximum(candidates, 1))  # 0 of 0 is a miss
#
#
# check_05_2(blind)
# owner = pd.Index(photos.ids).get_indexer(table["IMG_ID"])
# ours = [blind(table["km"], owner, len(photos), r) for r in evaluation.THRESHOLDS_KM]
# theirs = selection.random_candidate(table, truth).hits.mean(0)
# print("as the package:", np.allclose(ours, theirs))
# ```
#
# </details>

# %% [markdown]
# ### Harder rivals
#
# Beating a blind draw is little. Other rules need no judge either:
#
# - **the first reply**: that of the zero-shot prompt, as if nobody had asked again;
# - **the most similar photo**: where it was taken, as if there were no language model;
# - **the mean** of all candidates;
# - **the medoid**: the candidate nearest to all the others, a vote of all (notebook 04).
#
# The mean needs care. What is the middle of Fiji and Samoa?

# %% tags=["nbval-check-output"]
islands = np.array([[-17.7, 178.0], [-13.8, -171.8]])
flat = islands.mean(axis=0)
away = geo.great_circle_km(islands, flat)
print(f"mean of the degrees: {flat.round(2)}, {away[0]:,.0f} and {away[1]:,.0f} km away")
print(f"from each other they are {geo.great_circle_km(*islands):,.0f} km away")

# %% [markdown]
# ### Exercise 3: the middle
#
# Write `middle`: the mean of n `places` (n, 2) in degrees, on the sphere. A place with latitude
# $\varphi$ and longitude $\lambda$ is the point
# $(\cos\varphi\cos\lambda,\ \cos\varphi\sin\lambda,\ \sin\varphi)$ of the unit sphere. The mean
# of the points lies inside it; return [latitude, longitude] in degrees of the place above, with the
# longitude from -180 to 180. (Where all points cancel out there is none, and you need not care.)


# %% tags=["exercise"]
def middle(places):
    """The middle [latitude, longitude] of places (n, 2) on the sphere."""
    ...  # your code here


check_05_3(middle)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def middle(places):
#     """The middle [latitude, longitude] of places (n, 2) on the sphere."""
#     lat, lon = np.radians(places).T
#     x, y, z = np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)
#     x, y, z = x.mean(), y.mean(), z.mean()
#     # arctan2 needs no unit length, and knows all four quarters of the Earth.
#     return np.degrees([np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)])
#
#
# check_05_3(middle)
# ours = middle(table.loc[table["IMG_ID"] == photos.ids[0], ["LAT", "LON"]].to_numpy())
# theirs = selection.spherical_mean(table)[["LAT_pred", "LON_pred"]].iloc[0]
# print("as the package:", np.allclose(ours, theirs))
# ```
#
# </details>

# %% [markdown]
# ### All against all
#
# And the **ceiling**, the candidate nearest to the truth: no method, for it looks. Before you run
# the cell, order the rivals: which is best within 25 km, which within 2,500?

# %%
first = table.drop_duplicates("IMG_ID").rename(columns={"LAT": "LAT_pred", "LON": "LON_pred"})
methods = {
    "one at random": selection.random_candidate(table, truth),
    "first reply": first,
    "most similar photo": similar[:, 0],
    "mean": selection.spherical_mean(table),
    "medoid": selection.medoid(table),
    "verification": won,
    "nearest (ceiling)": selection.oracle(table, truth),
}
options = {"replicates": profile.bootstrap}

# %% tags=["results"]
evaluation.table(evaluation.evaluate(methods, truth, **options))

# %% [markdown]
# The same as paired differences, verification minus each rival, in percentage points. Above zero,
# the judge is better. (With five thresholds and several rivals, expect a p of 0.05 now and then by
# luck.)

# %% tags=["results"]
rivals = [name for name in methods if name not in ("verification", "nearest (ceiling)")]
gains = tables.gains(methods, truth, of="verification", over=rivals, **options)
tables.gains_table(gains)

# %% [markdown]
# Read the first row as the paper would: that is what verification is worth against chance. Then
# read the others. The mean is hardly ever in the right city: between two towns there are fields.
# The two rivals to be taken seriously are the **most similar photo** and the **medoid**. At which
# distances is the judge ahead of each?


# %%
def hits(method, radii=evaluation.THRESHOLDS_KM):
    """(photos, radii): each photo's chance of an answer within each radius in km."""
    if isinstance(method, evaluation.Chances):
        return method.hits  # within the five thresholds
    return (evaluation.error_km(method, truth)[:, None] <= np.array(radii)).astype(float)


def line(axes, x, values, colour, label, style="o-"):
    """Draw the means of values (photos, len(x)) in per cent, with their intervals."""
    ends = evaluation.mean_intervals(100 * values, truth, **options)
    axes.plot(x, ends[0], style, color=colour, linewidth=2, label=label)
    axes.fill_between(x, ends[1], ends[2], color=colour, alpha=0.2, linewidth=0)
    axes.spines[["top", "right"]].set_visible(False)
    return ends


# %%
radii = np.geomspace(1, 10_000, 60)
figure = Figure(figsize=(figures.WIDTH, 3.6), layout="constrained")
axes = figure.add_subplot(xscale="log", xlabel="radius, km", ylabel="percentage points")
axes.set_title("Verification minus a rival", loc="left", fontsize=12, fontweight="bold")
for name, colour in (("medoid", figures.PALETTE[3]), ("most similar photo", figures.PALETTE[2])):
    gain = hits(won, radii) - hits(methods[name], radii)
    _, low, high = line(axes, radii, gain, colour, f"minus {name}", "-")
    for word, some in (("above", radii[low > 0]), ("below", radii[high < 0])):
        where = (
            f"at radii from {some.min():,.0f} to {some.max():,.0f} km" if len(some) else "nowhere"
        )
        print(f"minus {name}: the interval is {word} zero {where}")
axes.axhline(0, color="#555555", linewidth=0.8)
axes.xaxis.set_major_formatter(plain)
axes.legend(frameon=False)
figures.show(
    figure,
    "Difference of the shares of queries within a radius, against the radius on a logarithmic "
    "axis, with bands: verification minus the medoid is highest at tens of kilometres and falls "
    "towards zero and below at thousands; verification minus the most similar photo stays near "
    "zero.",
)

# %% [markdown]
# The two rules want different things. The medoid avoids being far off: it sits where most
# candidates are, in the right part of the world, rarely in the right street. The judge bets on one
# place, and when the bet is lost, it can be lost on another continent. Which of them is better is a
# question about what an error costs you, not about methods.
#
# The most similar photo is a strong rival for another reason. Retrieval has used the *same* vector,
# image→GPS, as a third of its similarity. The judge is no second opinion on it, only on the
# replies.
#
# ### Was there anything to save?
#
# Where no candidate is near, no judge can help. Let "near" be within 200 km, and split the queries
# by what retrieval offered, as in notebook 04: **good** if the most similar photo was taken within
# 200 km, **misleading** if none of the fifteen was within 750 km, else **mixed**. In which group
# has a judge most to do?

# %%
far = geo.great_circle_km(similar, photos.coordinates[:, None])
retrieval = np.select([far[:, 0] <= 200, far.min(axis=1) > 750], ["good", "misleading"], "mixed")
groups = {"all": np.full(len(photos), True)}
groups |= {name: retrieval == name for name in ("good", "mixed", "misleading")}

region = evaluation.THRESHOLDS_KM.index(200)
chances = {name: hits(method)[:, region] for name, method in methods.items()}
there = chances["nearest (ceiling)"]

# %%
figure = Figure(figsize=(figures.WIDTH, 3.9), layout="constrained")
figure.suptitle("Was there a near candidate, and was it chosen?", x=0.01, ha="left", weight="bold")
JUDGES = ("one at random", "medoid", "verification")
panels = figure.subplots(2, 2, sharex=True).flat
for axes, (group, some) in zip(panels, groups.items(), strict=True):
    found = np.array([100 * chances[name][some].mean() for name in JUDGES])
    lost = 100 * there[some].mean() - found
    axes.barh(JUDGES, found, color=figures.TRUTH, label="within 200 km")
    axes.barh(JUDGES, lost, left=found, color=figures.PALETTE[4], label="there, but not chosen")
    axes.barh(JUDGES, 100 - found - lost, left=found + lost, color="#dddddd", label="not there")
    axes.set_title(f"{group}: {some.mean():.0%} of the queries", fontsize=10, loc="left")
    axes.set(xlim=(0, 100))
    axes.spines[["top", "right"]].set_visible(False)
for axes in figure.axes[2:]:
    axes.set_xlabel("queries (%)")
handles = figure.axes[0].get_legend_handles_labels()
figure.legend(*handles, loc="outside lower center", ncols=3, fontsize=9, frameon=False)
figures.show(
    figure,
    "Bars of the queries that a blind draw, the medoid and verification bring within 200 km, for "
    "all queries and for good, mixed and misleading retrieval; beside them those for which a near "
    "candidate was there but not chosen, and those without one.",
)

# %% [markdown]
# In numbers, with intervals, of the queries that *had* a near candidate: which share does each
# judge bring within 200 km?


# %%
def cell(values, some, sign="-"):
    """A mean in per cent over some photos, with its interval; sign "+" for a difference."""
    ends = evaluation.mean_intervals(100 * values[some, None], truth[some], **options)
    mean, low, high = (f"{end[0]:{sign}.1f}" for end in ends)
    return f"{mean} [{low}, {high}]"


saved = {
    group: {name: cell(chances[name], some & (there == 1)) for name in JUDGES}
    for group, some in groups.items()
}
for group, some in groups.items():
    gain = chances["verification"] - chances["medoid"]
    saved[group]["verification minus medoid"] = cell(gain, some & (there == 1), "+")
    saved[group]["a near candidate was there"] = cell(there, some)

# %% tags=["results"]
pd.DataFrame(saved)

# %% [markdown]
# Where retrieval is good, many candidates are near, and even a blind draw finds one now and then.
# Where it misleads, the few near candidates come from the model's own eyes, and they stand against
# many that follow the references. That is where a judge is needed most. Look at what it does there,
# and at how wide the interval is: few such queries have a near candidate at all. (There is a reason
# to fear the worst. The judge was trained with the very photos that retrieval searches, on the same
# features. What misleads the one may mislead the other.)
#
# ## 4 How many candidates can a judge stand?
#
# More replies (N) and more retrieved coordinates (S) raise the ceiling: among more candidates the
# best one is nearer. But each candidate more is also one more that can fool the judge. Draw the
# curves in your head first: the ceiling, the judge, the blind draw. Which of them rise?

# %%
pool = evidence.verifier.score(evidence.candidates(choice=CandidateConfig(replies=5, retrieved=10)))
number = pool.groupby(["IMG_ID", "references"], dropna=False).cumcount()
reply = pool["origin"] == "reply"


def contest(n, s):
    """The candidates if there are n replies per prompt and s retrieved coordinates."""
    return pool[np.where(reply, number < n, number < s)]


NUMBERS = {"N": [1, 2, 3, 4, 5], "S": [0, 1, 3, 5, 10]}
races = {("N", n): contest(n, 1) for n in NUMBERS["N"]}
races |= {("S", s): contest(5, s) for s in NUMBERS["S"]}
ways = {
    "ceiling": lambda some: selection.oracle(some, truth),
    "verification": verification.winners,
    "medoid": selection.medoid,
    "one at random": lambda some: selection.random_candidate(some, truth),
}
COLOURS = dict(
    zip(ways, (figures.TRUTH, figures.PREDICTION, figures.PALETTE[3], "#777777"), strict=True)
)
outcomes = {way: {key: hits(of(some)) for key, some in races.items()} for way, of in ways.items()}

# %%
figure = Figure(figsize=(figures.WIDTH, 5.4), layout="constrained")
figure.suptitle("More candidates", x=0.01, ha="left", fontweight="bold")
panels = figure.subplots(2, 2, sharex="col", sharey="row")
for row, radius in enumerate((25, 750)):
    level = evaluation.THRESHOLDS_KM.index(radius)
    for axes, (knob, numbers) in zip(panels[row], NUMBERS.items(), strict=True):
        for way, colour in COLOURS.items():
            values = np.column_stack([outcomes[way][knob, n][:, level] for n in numbers])
            line(axes, numbers, values, colour, way)
        axes.set_xticks(numbers)
    panels[row][0].set_ylim(0, None)
    panels[row][0].set_ylabel(f"queries within {radius} km (%)")
panels[1][0].set_xlabel("N, replies per prompt (S = 1)")
panels[1][1].set_xlabel("S, retrieved coordinates (N = 5)")
handles = panels[0][0].get_legend_handles_labels()
figure.legend(*handles, loc="outside lower center", ncols=4, fontsize=9, frameon=False)
figures.show(
    figure,
    "Four panels, within 25 and 750 km against N and against S: the ceiling rises steeply with "
    "more candidates, verification stays nearly flat far below it, the blind draw lower still.",
)

# %% [markdown]
# The gap between the first two lines is what is left to win by judging better. Is what the judge
# gains or loses from one end of a line to the other more than luck? In pairs, the larger number
# minus the smaller one:

# %%
steps = {
    "N: 5 minus 1": (("N", 5), ("N", 1)),
    "S: 1 minus 0": (("S", 1), ("S", 0)),
    "S: 10 minus 1": (("S", 10), ("S", 1)),
}
changes = {}
for step, (a, b) in steps.items():
    for way in ("ceiling", "verification", "medoid"):
        gain = outcomes[way][a] - outcomes[way][b]
        changes[step, way] = {
            f"{radius:,} km": cell(gain[:, level], groups["all"], "+")
            for level, radius in enumerate(evaluation.THRESHOLDS_KM)
        }

# %% tags=["results"]
pd.DataFrame(changes).T

# %% [markdown]
# The paper saw something like it. It tried N = 1, 3, 5, 7 and 9, and its accuracy peaks at 1 for
# the street, 3 for the city, 5 for region and country, 7 for the continent (figure 4). The finer
# the question, the fewer candidates its judge can stand. How many are best depends on the judge, on
# the model that answers, and on the distance that matters to you, so N and S are chosen on
# validation photos. For MiniEarth `g3lite` takes

# %%
print(verification.CANDIDATE_CONFIGS["miniearth"])

# %% [markdown]
# ### How fine does it see?
#
# Why is the judge fooled? Test it with pairs. One place is the truth, the other was taken from the
# gallery at some distance. How often does the truth score higher? A coin would say 50 %.

# %%
EDGES = (1, 5, 25, 100, 200, 750, 2500, 20_100)
tested = min(len(photos), 600)
of_gallery = heads.embed_coordinates(evidence.gallery_coordinates)  # (20000, 256)
own = np.einsum("qd,qd->q", image, heads.embed_coordinates(photos.coordinates))
higher = np.full((tested, len(EDGES) - 1), np.nan)
for row in range(tested):
    away = geo.great_circle_km(evidence.gallery_coordinates, photos.coordinates[row])
    beaten = own[row] > of_gallery @ image[row]
    band = np.digitize(away, EDGES)  # 0 is nearer than all edges
    count = np.bincount(band, minlength=len(EDGES) + 1)[1:-1]
    wins = np.bincount(band, beaten, minlength=len(EDGES) + 1)[1:-1]
    higher[row] = np.divide(wins, count, out=higher[row], where=count > 0)

# %%
figure = Figure(figsize=(figures.WIDTH, 3.3), layout="constrained")
axes = figure.add_subplot(ylabel="truth scores higher (%)")
axes.set_title("Truth against a wrong place", loc="left", fontsize=12, fontweight="bold")
for place in range(len(EDGES) - 1):
    some = ~np.isnan(higher[:, place])
    ends = evaluation.mean_intervals(
        100 * higher[some, place, None], truth[:tested][some], **options
    )
    mean, low, high = (end[0] for end in ends)
    axes.errorbar(
        place, mean, [[mean - low], [high - mean]], fmt="o", color=figures.TRUTH, capsize=4
    )
    axes.annotate(f"{mean:.0f}", (place, mean), (9, -3), textcoords="offset points", fontsize=9)
axes.axhline(50, color="#555555", linewidth=0.8, linestyle="--")
axes.set(ylim=(40, 100), xticks=range(len(EDGES) - 1))
names = [f"{a:,} to {b:,}" for a, b in zip(EDGES[:-2], EDGES[1:-1], strict=True)]
axes.set_xticklabels([*names, f"over {EDGES[-2]:,}"])
axes.set_xlabel("distance of the wrong place, km")
axes.spines[["top", "right"]].set_visible(False)
figures.show(
    figure,
    "How often the truth scores higher than a wrong place, by the distance of the wrong place: not "
    "far above a coin's 50 per cent within a city, rising with distance towards 90 per cent.",
)

# %% [markdown]
# Two things follow. Within a city the judge is not far above a coin. It chooses the right city
# rather than the right street, and hits the street if whoever named the city did. And far away it
# is mostly right, *against one* rival. Against many? Suppose that it wins nine duels of ten, and
# that the duels are independent:

# %% tags=["nbval-check-output"]
for number_of_rivals in (1, 4, 8, 20, 30):
    print(f"{number_of_rivals:>2} wrong candidates: all beaten in {0.9**number_of_rivals:4.0%}")

# %% [markdown]
# They are not independent (wrong candidates are often near each other, and a photo that shows
# nothing loses every duel), so it is not as bad as that. But it is the reason why more candidates
# do not simply help. A judge is only as good as its space.
#
# ### Does a high score mean near?
#
# So far the score only had to order the candidates of *one* photo. Is a score of 0.5 better news
# than one of 0.4, for different photos? Sort the queries by the score of their winner and cut them
# into ten parts:

# %%
tenth = pd.qcut(won["score"], 10, labels=False).to_numpy()
middle_score = won["score"].groupby(tenth).median().to_numpy()
curves = {25: [], 200: []}
medians = []
for part in range(10):
    some = tenth == part
    for radius, curve in curves.items():
        near = 100.0 * (errors[some, None] <= radius)
        curve.append([end[0] for end in evaluation.mean_intervals(near, truth[some], **options)])
    scored = evaluation.evaluate({"": won[some]}, truth[some], **options).set_index("metric")
    medians.append(scored.loc["median_km", ["value", "low", "high"]].tolist())

# %%
figure = Figure(figsize=(figures.WIDTH, 3.4), layout="constrained")
figure.suptitle("Does a high score mean near?", x=0.01, ha="left", fontweight="bold")
left, right = figure.subplots(1, 2)
panels = [(left, rows, f"within {radius} km") for radius, rows in curves.items()]
for (axes, rows, name), colour in zip(
    [*panels, (right, medians, None)], figures.PALETTE, strict=False
):
    value, low, high = np.array(rows, dtype=float).T
    axes.plot(middle_score, value, "o-", color=colour, label=name)
    axes.fill_between(middle_score, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.set_xlabel("score of the winner, middle of each tenth")
    axes.spines[["top", "right"]].set_visible(False)
left.set(ylabel="queries (%)", ylim=(0, 100))
left.legend(frameon=False, loc="upper left")
right.set(yscale="log", ylabel="median error, km")
right.yaxis.set_major_formatter(plain)
figures.show(
    figure,
    "Left: the share of the queries within 25 and 200 km rises with the score of the winner. "
    "Right: the median error falls from thousands of kilometres to tens.",
)

# %% [markdown]
# The score knows more than who wins: it says how far to believe the answer. With real photos of
# which one does not know the truth, that may be worth more than a few points. Answer only about the
# surest photos, and leave the others to somebody else:

# %%
surest = {}
for part in (1.0, 0.5, 0.2, 0.1):
    some = (won["score"] >= won["score"].quantile(1 - part)).to_numpy()
    surest[part] = evaluation.evaluate({f"{part:.0%} surest": won[some]}, truth[some], **options)

# %% tags=["results"]
evaluation.table(pd.concat(surest.values()))

# %% [markdown]
# Where to draw the line must be decided on photos with a known truth, as here, and for the photos
# that it will be used on. A photo from another world gets scores too.
#
# ## 5 The whole of G3
#
# All parts are there now: a photo is embedded, the gallery is searched, a model is asked, a judge
# chooses. In one call (on the command line: `g3lite locate photo.jpg`). The gallery is one of 2,000
# photos here, so that it is there at once:

# %%
drawn_world = profile if profile.alignment == "mini" else profiles.PROFILES["cpu"]  # MiniEarth's
g3 = G3.from_pretrained(drawn_world, gallery_size=2_000, progress=False)
folder = tempfile.TemporaryDirectory()
file = Path(folder.name) / photos.ids[query]
file.write_bytes(photos.read(photos.ids[query]))
found = g3.locate(file)
print(found)

# %% [markdown]
# A prediction keeps what it was made of: the candidates with their scores, the neighbours, the
# replies word by word. Whoever doubts an answer can follow it back. (A photo of your own gets an
# answer as well, with a warning: these models have seen nothing but MiniEarth.)

# %%
print(f"{geo.great_circle_km(found.coordinates, photos.coordinates[query]):,.1f} km from the truth")
found.candidates.head(4)

# %%
found.neighbours[["rank", "similarity", "LAT", "LON", "city", "country"]].head(3)

# %% [markdown]
# For a set of photos, `predict` writes a folder. Here are six:

# %%
output = Path(folder.name) / "run"
store = Path(folder.name) / "replies.sqlite"  # a new one: nothing has been asked before
predictions = g3.predict(photos.head(6), output, progress=False, store=store)
for path in sorted(output.iterdir()):
    print(f"{path.name:<20} {path.stat().st_size:>7,} bytes")
predictions[["IMG_ID", "LAT_pred", "LON_pred", "score", "origin", "city", "city_km"]].head(3)

# %% [markdown]
# `predictions.csv` is what `evaluation` reads; `run.json` says what the run was made of, so that it
# can be repeated, and how long each step took. Which step do you expect to be the slowest?

# %%
about = json.loads((output / "run.json").read_text(encoding="utf-8"))
print("run.json:", ", ".join(about))
seconds = pd.Series(about["seconds"], dtype=float) / len(predictions)  # null: nothing measured
table = seconds.mul(1000).round(1).rename("ms per photo").to_frame().T
print(table.to_string(na_rep="from the store"))
print(about["choice"])

# %% [markdown]
# (Image features are kept; of photos that were embedded before, the first step only fetches them
# from the store, and that is no measurement.)
# Asking takes longest even here, with a model of four million numbers. With GPT-4V it is also the
# step that costs money. Verification is nearly free: one vector for each coordinate, and an inner
# product. Where answers are cheap to check and dear to get, checking them is good business, as long
# as the checker can tell them apart.
#
# ## What you have learnt
#
# - Candidates are replies that could be read, and retrieved coordinates. What is no place on Earth
#   must not be scored: NaN wins every argmax.
# - The judge is the aligned space of notebook 02: an inner product of photo and coordinate.
# - Its worth depends on the rival. A blind draw is an easy one; compute its expectation instead of
#   drawing. The medoid avoids large errors, the judge bets on one place.
# - It can only save what is there, and it is fooled by what its space cannot tell apart. More
#   candidates raise the ceiling far more than the answer.
# - Across photos, a high score means near: it is a degree of confidence.
#
# **What it cannot do.** The judge has seen the world through the same photos as the retrieval, so
# it is no independent witness; where these mislead, it may follow. All figures are of
# validation photos of a drawn world, on which N and S were chosen as well. And the ceiling is far
# above everything here: to choose better is the open part of the method.
#
# **With care.** A confident answer is still a guess about where somebody was. Give it out with its
# score and its rivals, not as a fact, and leave photos of persons and homes alone.
#
# **Next:** [06 Evaluation and ablations](06_evaluation_and_ablations.ipynb): the test sets are
# opened, once, for all methods together.
#
# ### References
#
# - P. Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization Using
#   Large Multi-Modality Models*, NeurIPS 2024,
#   [arXiv 2405.14702](https://arxiv.org/abs/2405.14702): section 3.3, table 2, figure 4.
# - V. Vivanco Cepeda, G. K. Nayak and M. Shah, *GeoCLIP: Clip-Inspired Alignment between Locations
#   and Images for Effective Worldwide Geo-localization*, NeurIPS 2023,
#   [arXiv 2309.16020](https://arxiv.org/abs/2309.16020): photo against coordinate, without replies.
# - K. Cobbe et al., *Training Verifiers to Solve Math Word Problems*, 2021,
#   [arXiv 2110.14168](https://arxiv.org/abs/2110.14168): draw many answers, let a verifier choose;
#   there, too, more than so many answers fool it.
# - X. Wang et al., *Self-Consistency Improves Chain of Thought Reasoning in Language Models*, ICLR
#   2023, [arXiv 2203.11171](https://arxiv.org/abs/2203.11171): the vote, as a rival to a judge.
# - C. Guo et al., *On Calibration of Modern Neural Networks*, ICML 2017,
#   [arXiv 1706.04599](https://arxiv.org/abs/1706.04599).
