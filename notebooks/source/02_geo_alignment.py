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
# # Geo-alignment: photos, places and words in one space
#
# [← 01 Worldwide geolocalization](01_worldwide_geolocalization.ipynb) ·
# [03 Index construction →](03_index_construction.ipynb) ·
# Open in Colab (once on GitHub)
#
# A photo, a coordinate and the name of a town have nothing in common that a computer could compare.
# Geo-alignment, the first step of G3, makes vectors of all three, such that what belongs together
# lies close together. It learns this by *contrast*: from which place goes with a photo, and which
# others do not. Afterwards you will be able to
#
# - write the loss that teaches this (InfoNCE), and say what its temperature is for;
# - say why a network cannot simply be given latitude and longitude, and build the location encoder
#   that G3 uses instead;
# - find the pairs that the loss calls wrong although they are right;
# - train the heads of G3 on cached features, in about a minute, without a GPU;
# - tell whether training helped, at which distances, and how sure that is.
#
# **Paper:** Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization
# Using Large Multi-Modality Models*, [arXiv 2405.14702](https://arxiv.org/abs/2405.14702), section
# 3.1 and tables 3 and 5.
# **You need:** [notebook 01](01_worldwide_geolocalization.ipynb), gradient descent, a little
# PyTorch. **Time:** 75 minutes to read, 110 with the exercises. **Machine:** any laptop, 3 GB of
# memory, no GPU; the cells run for about two minutes, plus some minutes the first time (20,000
# pictures are drawn, encoded and kept).

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
import copy
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from g3lite import alignment, evaluation, figures, geo, location, miniearth, training
from g3lite.backbone import Backbone, unit_rows
from g3lite.baselines import retrieval
from g3lite.teaching.checks.nb02 import check_02_1, check_02_2, check_02_3

pd.set_option("display.width", 160, "display.max_columns", 20)

# %% tags=["parameters"]
PROFILE = "auto"

# %% [markdown]
# The data are those of notebook 01: photos of MiniEarth, a drawn world of real places. The gallery
# is what a method may learn from, `validation` is what we look at. There are two test sets as well.
# **They stay closed in this notebook.** Here we choose: a loss, a projection, when to stop. Whoever
# chooses by a test set has nothing left to be surprised by.

# %%
profile = profiles.get(PROFILE)
gallery = miniearth.load("gallery", profile.gallery_size)
validation = miniearth.load("validation", profile.query_size)
places = miniearth.places()
print(f"profile {profile.name}: {len(gallery):,} photos to learn from, {len(validation):,} to ask")

# %% [markdown]
# ## 1 Learning by contrast
#
# ### One photo, two places
#
# Four photos will accompany us, those with the most visible cues of four continents. Here they are,
# without a hint:

# %%
scenes = [miniearth.scene_of(img_id) for img_id in validation.ids]
continent = places["continent"].loc[[scene.place_id for scene in scenes]].to_numpy()
clues = np.array([len(scene.visible) for scene in scenes])
four = [
    np.where(continent == name, clues, -1).argmax()
    for name in ("Asia", "Europe", "Africa", "South America")
]
names = [f"photo {number}" for number in range(1, 5)]
pictures = [miniearth.draw(scenes[row], 256) for row in four]
figures.show(
    figures.photo_sheet(pictures, names, columns=4, title="Where were these taken?"),
    "Four drawn street photos, numbered, with buildings, signs, plants and traffic.",
)

# %% [markdown]
# Take the first one, and two places where it might have been taken:

# %%
truth = validation.coordinates
photo = four[0]
far = geo.great_circle_km(truth[photo], truth).argmax()
candidates = {"A": truth[far], "B": truth[photo]}
for name, (lat, lon) in candidates.items():
    print(f"place {name}: latitude {lat:7.2f}, longitude {lon:7.2f}")

# %% [markdown]
# Which fits? You look at the plants, the traffic and the signs, then at a map. G3 does it with
# vectors. Let us suppose that somebody has made three of them: one of the photo, one of place A,
# one of place B. All have length 1, so they are points on a circle (really, on a sphere in 256
# dimensions), and the **score** of a place is its inner product with the photo: the cosine of the
# angle between the two.

# %%
angles = {"photo": np.radians(55), "place A": np.radians(160), "place B": np.radians(80)}
vectors = {name: np.array([np.cos(angle), np.sin(angle)]) for name, angle in angles.items()}
figure = Figure(figsize=(5, 3.1), layout="constrained")
axes = figure.add_subplot(aspect="equal", xlim=(-1.5, 1.3), ylim=(-0.1, 1.4))
axes.set_title("A score is the cosine of an angle", loc="left", fontsize=12, fontweight="bold")
circle = np.radians(np.arange(181))
axes.plot(np.cos(circle), np.sin(circle), ":", color="#999999")
for (name, vector), colour in zip(vectors.items(), ("#000000", *figures.PALETTE[1:3]), strict=True):
    score = vectors["photo"] @ vector
    axes.annotate("", vector, (0, 0), arrowprops={"arrowstyle": "->", "color": colour, "lw": 2})
    label = name if name == "photo" else f"{name}\n{score:.2f}"
    axes.text(*1.17 * vector, label, color=colour, ha="center", va="center")
axes.axis("off")
figures.show(
    figure,
    "Three arrows from the middle of a half circle: place B points almost the way of the photo and "
    "scores 0.91, place A points away from it and scores minus 0.26.",
)

# %% [markdown]
# Here B wins. Training means to turn the arrows of thousands of photos and places until the right
# one wins, mostly. For that we need a number which says *how far* from right we are.
#
# ### From scores to a probability
#
# The softmax makes probabilities of scores: $p_j \propto e^{\,s \cdot \text{score}_j}$. The factor
# $s$ is the **logit scale**, its inverse the **temperature**. Before you run the cell: a cosine is
# never larger than 1. How sure can a photo be of its place at $s = 1$?

# %% tags=["nbval-check-output"]
scores = np.array([vectors["photo"] @ vectors[name] for name in ("place A", "place B")])
for scale in (1, 5, 54):
    p = np.exp(scale * scores) / np.exp(scale * scores).sum()
    print(f"scale {scale:2d}: place A {p[0]:8.4%}, place B {p[1]:8.4%}")

# %% [markdown]
# With two places it is tolerable. But a photo has to choose among many: here, among the 256 of a
# batch. Suppose that training ended perfectly: the right place scores 1, and all the others 0, as
# vectors do that have nothing to do with each other. The **loss** is $-\log p$ of the right place;
# a mere guess among 256 costs $\log 256 = 5.55$. What does perfection cost?

# %% tags=["nbval-check-output"]
for scale in (1, 2, 5, 10, 54):
    p = np.exp(scale) / (np.exp(scale) + 255)
    print(f"scale {scale:2d}: p of the right place {p:6.4f}, loss {np.log(1 / p):.4f}")
print(f"a guess:  p of the right place {1 / 256:6.4f}, loss {np.log(256):.4f}")

# %% [markdown]
# At scale 1, perfection is hardly better than guessing: the loss has nothing to say. Why not take a
# huge scale, then? Look at a photo whose right place (orange) is only the second best of eight:

# %%
scores = np.array([0.50, 0.45, 0.35, 0.20, 0.05, -0.10, -0.25, -0.40])
figure = Figure(figsize=(figures.WIDTH, 2.6), layout="constrained")
figure.suptitle("The same scores at four scales", x=0.01, ha="left", fontweight="bold")
for axes, scale in zip(figure.subplots(1, 4, sharey=True), (1, 10, 54, 500), strict=True):
    p = np.exp(scale * (scores - scores.max()))
    p /= p.sum()
    axes.bar(range(8), 100 * p, color=["#999999", figures.PREDICTION, *["#999999"] * 6])
    axes.set_title(f"scale {scale}, loss {-np.log(p[1]):.2f}", fontsize=10)
    axes.set(xticks=range(8), xticklabels=[f"{score:.2f}" for score in scores])
    axes.tick_params(axis="x", labelrotation=90, labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
figure.axes[0].set_ylabel("probability (%)")
figure.supxlabel("score of each place (cosine)", fontsize=9)
figures.show(
    figure,
    "Bars of the probabilities of eight places at logit scales 1, 10, 54 and 500: nearly even at "
    "1, mostly on the best two at 10, a little left for the second at 54, and at 500 all on the "
    "best one, which is the wrong one.",
)

# %% [markdown]
# A large scale looks at the best few places only, and a miss by 0.05 then costs more than a plain
# guess among eight ($\log 8 = 2.08$). Which scale is right depends on how far the training is, so
# the models of this family **learn** it, together with everything else. G3 starts at
# $e^{3.99} = 54$.
#
# ### From two places to a batch
#
# Where do the wrong places come from? From the other photos of the batch: everybody's place is
# wrong for everybody else. A batch of $n$ photos gives an $n \times n$ table of scores with the
# right ones on its diagonal. Each **row** asks: which place belongs to this photo? The loss takes
# two lines of numpy:


# %%
def one_way(logits):
    """Mean of -log p of the diagonal: row i of the logits belongs to column i."""
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return -np.log(np.diag(p)).mean()


# %% [markdown]
# Each **column** asks it the other way round: which photo belongs to this place? For these
# questions the table is transposed. Both ways, halved, are **InfoNCE**, the loss of CLIP:

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(0)
logits = 3 * rng.normal(size=(6, 6)) + 4 * np.eye(6)
by_hand = (one_way(logits) + one_way(logits.T)) / 2
package = alignment.info_nce(torch.tensor(logits)).item()
print(f"photos choose places {one_way(logits):.4f}, places choose photos {one_way(logits.T):.4f}")
print(f"both, halved         {by_hand:.4f}, g3lite.alignment.info_nce  {package:.4f}")

# %% [markdown]
# There is no label in it, no class and no country. That photo $i$ was taken at place $i$ is all
# that is ever said, and the batch is the exam.
#
# ### Exercise 1: the loss, from the vectors
#
# Write `contrastive`: the symmetric InfoNCE of `images` and `places`, both of shape (n, d), row i
# belonging to row i. Three things differ from above: the rows do **not** have length 1 yet; the
# scale comes as a number; and it may be 1000. `one_way` fails there. Why, and what helps?


# %% tags=["exercise"]
def contrastive(images, places, scale):
    """Symmetric InfoNCE of two sets of n vectors, of which row i belongs to row i."""
    ...  # your code here


check_02_1(contrastive)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# from scipy.special import logsumexp
#
#
# def contrastive(images, places, scale):
#     """Symmetric InfoNCE of two sets of n vectors, of which row i belongs to row i."""
#     images = images / np.linalg.norm(images, axis=1, keepdims=True)
#     places = places / np.linalg.norm(places, axis=1, keepdims=True)
#     logits = scale * images @ places.T
#     # exp(1000) is infinite. But log p = logit - log(sum of exp), and logsumexp takes out the
#     # largest logit before it calls exp.
#     rows = logsumexp(logits, axis=1) - np.diag(logits)
#     columns = logsumexp(logits, axis=0) - np.diag(logits)
#     return (rows.mean() + columns.mean()) / 2
#
#
# check_02_1(contrastive)
# ```
#
# </details>

# %% [markdown]
# ### Two spaces, not one
#
# Photos and places are compared in one space, photos and texts in another: a photo has two heads.
# "One space for three modalities" is how it is often put; more exactly, the photo is in both, and
# ties the other two together.
#
# ```
#                           ┌─ head ─ image→text ··· text ─ head ─ text tower (frozen) ─ "Lyon"
# photo ─ image tower ──────┤
#         (frozen)          └─ head ─ image→GPS  ··· GPS  ─ head ─ location encoder ─ 45.8, 4.8
# ```
#
# (The dots are the scores.) The loss of G3 is InfoNCE of image and text plus InfoNCE of image and
# GPS, each with a scale of its own. There is no term for text and GPS. The towers stay as they are;
# heads and location encoder are trained. Of these parts only one is new, the location encoder. So
# let us build it.

# %% [markdown]
# ## 2 The location encoder
#
# ### Why not feed latitude and longitude to a network?
#
# Two numbers go in, why not a small network right away? Try it on something simple: *is there land
# at this point?* We ask it about Europe. The true map is drawn from coastlines that ship with the
# project.

# %%
import shapely
from cartopy.io.shapereader import Reader

from g3lite.paths import shipped

layers = shipped("natural_earth/shapefiles/natural_earth/physical")
land = shapely.union_all(list(Reader(layers / "ne_110m_land.shp").geometries()))
shapely.prepare(land)
lat, lon = np.arange(35.1, 62, 0.25), np.arange(-24.9, 45, 0.25)
grid = np.stack(np.meshgrid(lat, lon, indexing="ij"), axis=-1).reshape(-1, 2)
is_land = torch.tensor(shapely.contains_xy(land, grid[:, 1], grid[:, 0])).float()

# %% [markdown]
# Two networks get the same task, the same layers and the same steps. One reads the two coordinates,
# scaled to [-1, 1] so that scale is no excuse. The other one reads 128 random waves of them, which
# the rest of this section is about. A quarter of the points is kept for the exam. Before you run
# it: do you expect a difference?


# %%
def learn(inputs, steps=500):
    """Fit a small network to land or sea; returns what it says about every point, 0 to 1."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Linear(inputs.shape[1], 128), torch.nn.ReLU(),
        torch.nn.Linear(128, 128), torch.nn.ReLU(), torch.nn.Linear(128, 1),
    )  # fmt: skip
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    for _ in range(steps):
        rows = learnt[torch.randint(len(learnt), (512,))]
        said = network(inputs[rows])[:, 0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(said, is_land[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network(inputs)[:, 0].sigmoid().detach()


shuffled = torch.randperm(len(grid), generator=torch.Generator().manual_seed(0))
exam, learnt = shuffled[: len(grid) // 4], shuffled[len(grid) // 4 :]

# %%
on_the_map = location.project(torch.tensor(grid)).float()
low, high = on_the_map.min(dim=0).values, on_the_map.max(dim=0).values
torch.manual_seed(0)
waves = location.FourierFeatures(inputs=2, frequencies=64, sigma=2.0**4)
answers = {
    "the truth": is_land,
    "from two coordinates": learn(2 * (on_the_map - low) / (high - low) - 1),
    "from 128 waves": learn(waves(on_the_map)),
}
for name, said in answers.items():
    right = ((said > 0.5) == (is_land > 0.5))[exam].float().mean()
    print(f"{name:<21} {right:6.1%} of {len(exam):,} points that it has not seen")

# %%
shape = len(lat), len(lon)
figures.show(
    figures.heat_maps(
        {name: (lat, lon, said.reshape(shape).numpy()) for name, said in answers.items()},
        "Is there land? The same network, given two numbers or 128 waves",
        label="land, from 0 (no) to 1 (yes)",
        columns=3,
    ),
    "Three maps of Europe: the true coasts; a coarse, blurred patch from the network that read two "
    "coordinates; and recognisable seas and peninsulas from the one that read waves.",
)

# %% [markdown]
# Given two numbers, the network learns the coarse outline and is slow to learn anything finer. This
# is **spectral bias**: gradient descent fits slow variation first and fast variation very late. A
# place is all fast variation: a street further, and it is another photo. The remedy is to hand the
# network the fast variation ready-made.
#
# ### From the globe to a map
#
# The encoder first puts the coordinate on a flat map with values from -1 to 1. But which map? The
# paper compares two. The circles below all have the same size on the Earth, a radius of 600 km.


# %%
def on_plane(points, projection):
    """(n, 2) latitude and longitude -> x and y as the network gets them."""
    return location.project(torch.tensor(points), projection).numpy().T


def draw_world(axes, projection):
    """Coasts, and circles of 600 km, in the coordinates of a projection."""
    coasts = shapely.get_parts(list(Reader(layers / "ne_110m_coastline.shp").geometries()))
    for coast in coasts:
        lon, lat = np.array(coast.coords).T
        line = np.column_stack([lat, lon])
        axes.plot(*on_plane(line, projection), color="#8a9299", linewidth=0.6)
    for lat in (-75, -50, -25, 0, 25, 50, 75):
        for lon in (-120, -60, 0, 60, 120):
            ring = geo.offset(np.tile([lat, lon], (73, 1)), np.arange(0, 361, 5), 600)
            axes.fill(*on_plane(ring, projection), color=figures.TRUTH, alpha=0.5, linewidth=0)
    axes.set(xlim=(-1, 1), ylim=(-1, 1), aspect="equal", xlabel="east", ylabel="north")
    axes.set(xticks=[-1, -0.5, 0, 0.5, 1], yticks=[-1, -0.5, 0, 0.5, 1])
    axes.set_title(projection, fontsize=10)


# %%
figure = Figure(figsize=(figures.WIDTH, 4.7), layout="constrained")
figure.suptitle("The Earth as the network sees it", x=0.01, ha="left", fontweight="bold")
for axes, projection in zip(figure.subplots(1, 2), ("mercator_xy", "equal_earth"), strict=True):
    draw_world(axes, projection)
figures.show(
    figure,
    "Coastlines and circles of 600 km in two projections. In Mercator the map is square and the "
    "circles stay round but grow towards the poles; in Equal Earth it is half as high and the "
    "circles keep their area but become flat ellipses.",
)

# %% [markdown]
# Mercator stretches: a kilometre near the pole is longer on the map than one at the equator, but
# equally so in all directions. Equal Earth keeps areas and pays with shapes. Which would *you* give
# to a network? GeoCLIP, from which G3 takes its encoder, uses Equal Earth; G3 uses Mercator.
# Section 7 shows what either brings. In numbers, a kilometre north and a kilometre east, in units
# of what Mercator makes of one at the equator:

# %% tags=["nbval-check-output"]
print("latitude      Mercator          Equal Earth\n              north    east     north    east")
for lat in (0, 30, 60, 75, 85):
    start = np.array([[lat, 0.0]])
    steps = [geo.offset(start, bearing, 1) for bearing in (0, 90)]
    row = [
        20_037.508 * np.linalg.norm(on_plane(step, p) - on_plane(start, p))
        for p in ("mercator_xy", "equal_earth")
        for step in steps
    ]
    print(f"{lat:8d} " + "".join(f"{value:9.2f}" for value in row))

# %% [markdown]
# Mercator has two more habits that one has to know. Towards the pole it grows without end, and at
# 180 degrees it has a **seam**. In half circumferences of the equator,
# $y = \frac{1}{\pi} \ln \tan\left(\frac{\pi}{4} + \frac{\varphi}{2}\right)$ and
# $x = \lambda / 180°$. The official code lets $y$ grow; this project clamps the latitude at 85.05°,
# where the map becomes a square.

# %% tags=["nbval-check-output"]
for lat in (0.0, 60.0, 85.0, 85.0511, 89.0, 90.0):
    free = np.arcsinh(np.tan(np.radians(lat))) / np.pi  # the same function, another way to write it
    clamped = location.project(torch.tensor([[lat, 0.0]], dtype=torch.float64))[0, 0]
    print(f"latitude {lat:7.4f}: y = {free:7.4f}, clamped {clamped:.4f}")
west, east = np.array([[-17.0, 179.9]]), np.array([[-17.0, -179.9]])  # on both sides, in Fiji
km = geo.great_circle_km(west, east)[0]
for projection in ("mercator_xy", "sphere"):
    gap = np.linalg.norm(on_plane(west, projection) - on_plane(east, projection))
    print(f"{km:.0f} km across 180 degrees are {gap:.4f} apart with {projection}")

# %% [markdown]
# To a network that reads Mercator, the two ends of Fiji lie nearly a whole map apart. The
# point of the unit sphere, `sphere`, has no seam; neither paper uses it. Few photos are taken near
# 180° or beyond 85°, so a mean score hardly shows any of this. Those few photos do.
#
# ### Exercise 2: Mercator, as the encoder wants it
#
# Write `mercator`: from `coordinates`, shape (n, 2), latitude and longitude in degrees, to an array
# of the same shape with [north, east], both from -1 to 1. That is the order of G3's code (y first).
# Latitudes beyond 85.0511° are clamped, up to both poles.


# %% tags=["exercise"]
def mercator(coordinates):
    """[latitude, longitude] in degrees -> [north, east] on Mercator's map, in [-1, 1]."""
    ...  # your code here


check_02_2(mercator)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def mercator(coordinates):
#     """[latitude, longitude] in degrees -> [north, east] on Mercator's map, in [-1, 1]."""
#     limit = location.MERCATOR_LIMIT
#     lat = np.radians(np.clip(coordinates[:, 0], -limit, limit))
#     north = np.log(np.tan(np.pi / 4 + lat / 2)) / np.pi
#     east = coordinates[:, 1] / 180
#     return np.column_stack([north, east])
#
#
# check_02_2(mercator)
# ```
#
# </details>

# %% [markdown]
# ### Random waves at three scales
#
# Now the waves. A **random Fourier feature** draws a direction and a wavelength once and for all,
# and gives the cosine and the sine of where the point $v$ of the map lies on that wave:
# $[\cos 2\pi Bv,\ \sin 2\pi Bv]$, with the rows of $B$ drawn from a normal distribution of standard
# deviation $\sigma$. A large $\sigma$ means short waves. G3 takes $\sigma = 2^0$, $2^4$ and $2^8$.
# How far does one have to travel to see anything change with each of them? Two features of each, at
# three different zooms:

# %%
torch.manual_seed(2)
features = {s: location.FourierFeatures(2, 256, s) for s in location.SIGMAS}
paris = np.array([48.86, 2.35])
zooms = {  # latitudes and longitudes of a grid for each sigma
    1.0: ("the world", np.arange(-88, 90, 4), np.arange(-178, 180, 4)),
    16.0: ("Europe", np.arange(34, 64, 0.25), np.arange(-22, 36, 0.25)),
    256.0: ("around Paris", paris[0] + np.arange(-1, 1, 0.01), paris[1] + np.arange(-2, 2, 0.02)),
}  # fmt: skip
maps = {}
for sigma, (where, lat, lon) in zooms.items():
    grid = np.stack(np.meshgrid(lat, lon, indexing="ij"), axis=-1).reshape(-1, 2)
    values = features[sigma](location.project(torch.tensor(grid))).numpy()
    for number in (0, 1):
        title = f"σ = {sigma:.0f}, feature {number + 1}, {where}"
        maps[title] = lat, lon, values[:, number].reshape(len(lat), len(lon))
figures.show(
    figures.heat_maps(maps, "Six random Fourier features", label="value", levels=8),
    "Six maps of stripes in random directions: across the world the stripes of sigma 1 are as wide "
    "as oceans, across Europe those of sigma 16 as wide as countries, and around Paris those of "
    "sigma 256 some tens of kilometres.",
)

# %% [markdown]
# A single wave says little: every stripe looks like the next one. But 256 waves in all directions
# coincide at one point only. How similar are the feature vectors of two points that are `d` km
# apart? For many waves the average is known, $e^{-2\pi^2\sigma^2 \delta^2}$ at a distance $\delta$
# on the map. The curves are measured from Paris in eight directions, the dotted ones are the
# formula:

# %%
travelled = np.geomspace(0.5, 15_000, 60)
unit = 20_037.508 * np.cos(np.radians(paris[0]))  # km per unit of Mercator's map, at Paris
start = location.project(torch.tensor(paris[None]))
figure = Figure(figsize=(figures.WIDTH, 3.6), layout="constrained")
axes = figure.add_subplot(xscale="log", xlabel="distance, km", ylabel="similarity")
axes.set_title("How similar two points look", loc="left", fontsize=12, fontweight="bold")
for (sigma, feature), colour in zip(features.items(), figures.PALETTE, strict=False):
    similar = np.zeros((8, len(travelled)))
    for direction in range(8):
        there = geo.offset(np.tile(paris, (len(travelled), 1)), 45 * direction, travelled)
        similar[direction] = (
            feature(location.project(torch.tensor(there))) @ feature(start)[0] / 256
        )
    axes.plot(travelled, similar.mean(axis=0), color=colour, lw=2, label=f"σ = {sigma:.0f}")
    axes.plot(travelled, np.exp(-2 * (np.pi * sigma * travelled / unit) ** 2), ":", color="#555555")
for km, name in zip(evaluation.THRESHOLDS_KM, evaluation.THRESHOLD_NAMES, strict=True):
    axes.axvline(km, color="#bbbbbb", linewidth=0.8, zorder=0)
    axes.text(km, 1.03, name, fontsize=8, color="#555555", ha="center")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
figures.show(
    figure,
    "Similarity of feature vectors against distance on a logarithmic axis: the curve of sigma 256 "
    "falls near 10 km, that of sigma 16 near 150 km, that of sigma 1 near 2,500 km.",
)

# %% [markdown]
# Each scale is blind below some distance, and lost above it. Together they cover the range from a
# city to a continent; that is the reason for three. Where a curve falls to one half says what its
# scale resolves. On the ground this depends on the latitude, because Mercator does:

# %% tags=["nbval-check-output"]
half = np.sqrt(np.log(2) / 2) / np.pi  # where exp(-2 pi² sigma² d²) is one half, for sigma = 1
for sigma in location.SIGMAS:
    km = [20_037.508 * np.cos(np.radians(lat)) * half / sigma for lat in (0, 48.86, 65)]
    print(f"σ = {sigma:3.0f}: {km[0]:7,.1f} km at the equator, {km[1]:7,.1f} in Paris,"
          f" {km[2]:7,.1f} at 65 degrees")  # fmt: skip

# %% [markdown]
# Even the finest scale changes little within a kilometre. So do not expect this encoder to tell
# streets apart by itself.
#
# ### The whole encoder
#
# One network for each $\sigma$, the three outputs summed. That is all there is to it:


# %%
class Scale(torch.nn.Module):
    """The waves of one sigma, and the network that reads them."""

    def __init__(self, sigma, frequencies, width, dim):
        super().__init__()
        self.register_buffer("b", sigma * torch.randn(frequencies, 2))  # fixed, never trained
        widths = [2 * frequencies, width, width, width]
        hidden = [
            layer
            for size, following in zip(widths[:-1], widths[1:], strict=True)
            for layer in (torch.nn.Linear(size, following), torch.nn.ReLU())
        ]
        self.network = torch.nn.Sequential(*hidden, torch.nn.Linear(width, dim))

    def forward(self, points):
        turns = points @ (2 * torch.pi * self.b).T
        return self.network(torch.cat([turns.cos(), turns.sin()], dim=-1))


# %%
class Encoder(torch.nn.Module):
    """Coordinates (n, 2) in degrees -> vectors (n, dim)."""

    def __init__(self, sigmas=location.SIGMAS, frequencies=256, width=1024, dim=512):
        super().__init__()
        self.scales = torch.nn.ModuleList(Scale(s, frequencies, width, dim) for s in sigmas)

    def forward(self, coordinates):
        points = location.project(coordinates, "mercator_yx").float()
        return sum(scale(points) for scale in self.scales)


# %% [markdown]
# To see that it is the package's (and the paper's), give it the package's weights and compare:

# %% tags=["nbval-check-output"]
theirs, ours = location.LocationEncoder(), Encoder()
ours.load_state_dict(dict(zip(ours.state_dict(), theirs.state_dict().values(), strict=True)))
somewhere = torch.tensor([[48.86, 2.35], [-33.87, 151.21], [64.15, -21.94], [-17.0, 179.9]])
with torch.inference_mode():
    print("the same vectors:", torch.allclose(ours(somewhere), theirs(somewhere), atol=1e-5))
print(f"{sum(p.numel() for p in ours.parameters()):,} numbers to train")

# %% [markdown]
# ## 3 The words
#
# The third modality is made from the second. **Reverse geocoding** turns a coordinate into names.
# Big services know every house; here the nearest of some 30,000 cities will do. Two of these three
# coordinates lie in a city. Which column gives the third one away?

# %%
from g3lite.places import nearest_city, place_texts

nearest_city([[45.76, 4.84], [35.01, 135.77], [-40.0, -100.0]])[["city", "state", "country", "km"]]

# %% [markdown]
# (States outside the USA are codes of GeoNames.) The names become a sentence. The paper prints one
# wording, its code uses another. A state that is only a number is left out:

# %% tags=["nbval-check-output"]
rows = gallery.table.iloc[[0, 1, 4, 9]]
for wording in ("paper", "official"):
    for text in place_texts(rows, wording):
        print(f"{wording:<9} {text}")

# %% [markdown]
# Why words, if they say no more than the coordinate does? Because a name draws borders. Two
# villages 20 km apart may belong to two countries, with other signs, plates and roofs; for the
# coordinate they are neighbours. And because CLIP has read many of the names in its captions: it
# may know what *Lyon* looks like before G3 begins.
#
# **MiniCLIP does not.** Its captions name no place, so it has never heard of one. It can tell two
# names apart but knows nothing about either. Here the text can only pass on *which photos share* a
# city, a state or a country; with CLIP ViT-L/14 it can do more.

# %%
miniclip = Backbone.load("miniclip", device=profile.device)
pairs = training.AlignmentDataset.from_photos(gallery, miniclip)
held_out = training.AlignmentDataset.from_photos(validation, miniclip)
words = unit_rows(pairs.texts)
cosines = words @ words.T - 2 * np.eye(len(words))
print(f"{len(pairs):,} photos, {len(pairs.texts):,} different texts")
print(f"the most similar other text has cosine {np.median(cosines.max(axis=1)):.3f} (median)")
print(f"texts that no vector tells apart: {(cosines.max(axis=1) > 0.99999).sum()}")

# %% [markdown]
# ### Wrong that is right
#
# The loss says: of the 256 places of a batch, 255 are wrong. Photos cluster, so think again. How
# many of the 256 photos come from the same city as another one of the batch, and so have the very
# same text? Guess before you count.


# %%
def sharing(size, kind, batches=40):
    """Share of the photos of each random batch that have a double in it, of some kind."""
    rng = np.random.default_rng(0)
    for _ in range(batches):
        rows = rng.choice(len(pairs), size, replace=False)
        if kind == "same text":
            double = pairs.text_of[rows][:, None] == pairs.text_of[rows]
        else:
            where = pairs.coordinates[rows]
            double = geo.great_circle_km(where[:, None], where) <= kind
        yield 100 * (double.sum(axis=1) > 1).mean()


for kind, name in {"same text": "share their text", 25: "lie within 25 km of another"}.items():
    values = list(sharing(256, kind))
    low, high = np.quantile(values, [0.025, 0.975])
    print(f"{np.mean(values):.0f} of 100 {name} (95 % of the batches: {low:.0f} to {high:.0f})")

# %% [markdown]
# (In MiniEarth these are nearly the same pairs, for its places are cities that lie further apart.)
# And with other sizes of the batch?

# %%
batch_sizes = [16, 32, 64, 128, 256, 512]
figure = Figure(figsize=(7, 3.2), layout="constrained")
axes = figure.add_subplot(xscale="log", xlabel="photos in a batch", ylabel="with a double (%)")
title = "The larger the batch, the more of its wrong answers are right"
axes.set_title(title, loc="left", fontsize=12, fontweight="bold")
for kind, colour in zip(("same text", 200), figures.PALETTE, strict=False):
    name = kind if kind == "same text" else f"within {kind} km"
    shares = [np.mean(list(sharing(size, kind, 10))) for size in batch_sizes]
    style = "o-" if kind == "same text" else "s--"
    axes.plot(batch_sizes, shares, style, color=colour, lw=2, label=name)
axes.set(ylim=(0, 100), xticks=batch_sizes, xticklabels=batch_sizes)
axes.minorticks_off()
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False)
figures.show(
    figure,
    "Share of the photos of a batch with a double in it against the size of the batch, from 16 to "
    "512: rising curves for photos with the same text and for photos within 200 km.",
)

# %% [markdown]
# For each of these, the loss pushes a photo away from a text or a place that is true of it: a
# **false negative**. Large batches are what contrastive learning wants, for they hold more wrong
# answers to learn from; they hold more of these as well. The paper leaves them in. (How many there
# are in its batches depends on how its photos cluster; you can count them once you have the data.)
# There are two ways out, two **masks** that take such pairs out of the softmax by setting their
# logits to minus infinity: one for pairs with the same text, one for pairs within some kilometres.
# On the diagonal nothing may be masked: a photo's own place is the right answer. (A `Schedule` with
# `mask_same_text=True` or `mask_km=25` trains with them; section 7 shows what they bring here.)

# %% tags=["nbval-check-output"]
texts = ["Lyon, France", "Kyoto, Japan", "Lyon, France"]
logits = torch.tensor([[5.0, 1.0, 4.8], [0.0, 6.0, 0.5], [4.9, 1.0, 5.0]])
same = torch.tensor([[one == other for other in texts] for one in texts])
print(f"as it is                {alignment.info_nce(logits):.4f}")
print(f"with the twin masked    {alignment.info_nce(logits, exclude=same):.4f}")

# %% [markdown]
# ### Exercise 3: pairs that are no fair negatives
#
# Write `unfair`: which pairs should be left out? `texts` is an array of n strings, `coordinates`
# has shape (n, 2), and the answer is an (n, n) array of booleans: True where i and j are **two
# different photos** which have the same text **or** lie within `km` of each other.


# %% tags=["exercise"]
def unfair(texts, coordinates, km):
    """(n, n) booleans: pairs of different photos that are no true negatives."""
    ...  # your code here


check_02_3(unfair)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def unfair(texts, coordinates, km):
#     """(n, n) booleans: pairs of different photos that are no true negatives."""
#     same = texts[:, None] == texts
#     near = geo.great_circle_km(coordinates[:, None], coordinates) <= km
#     return (same | near) & ~np.eye(len(texts), dtype=bool)
#
#
# check_02_3(unfair)
# ```
#
# </details>

# %% [markdown]
# ## 4 Heads on frozen towers
#
# CLIP stays frozen: of its 428 million numbers none is trained. What is trained are the location
# encoder and four small heads, two layers each. At the size of the paper:

# %% tags=["nbval-check-output"]
official = alignment.GeoAlignment(alignment.CONFIGS["official"])
parts = {}
for name, weights in official.named_parameters():
    part = name.partition(".")[0]
    parts[part] = parts.get(part, 0) + weights.numel()
for part, number in {**parts, "together": sum(parts.values())}.items():
    print(f"{part:<19} {number:>10,}")

# %% [markdown]
# Frozen means more than "not trained": the same photo gives the same vector in every epoch. So
# compute it **once**. The official code sends every photo through CLIP in every epoch, and the
# paper reports 7 hours per epoch on an H800. Here `Backbone.image_features` keeps the vectors on
# disk, and training reads them. How much is that worth with a model as small as ours?

# %%
some = gallery.head(256)
began = time.perf_counter()
miniclip.image_features(some, profile.batch_size, cache=False, progress=False)
encode = (time.perf_counter() - began) / len(some)
print(f"MiniCLIP: {1000 * encode:.1f} ms a photo, {encode * len(gallery):.0f} s per epoch")

# %% [markdown]
# Now our own model: the same architecture in the size of the profile (a small one on a CPU), with
# the 256 numbers of MiniCLIP at its entrance. It gives both spaces for a batch, and from these you
# can compute the loss yourself: the function of section 1, once for text and once for GPS.

# %%
torch.manual_seed(0)
sizes = replace(alignment.CONFIGS[profile.alignment], image=miniclip.dim, text=miniclip.dim)
model = alignment.GeoAlignment(sizes)
with torch.inference_mode():
    batch = model(*pairs.batch(np.arange(256), model.device))
logits_gps = (batch.gps_scale * batch.image_gps @ batch.gps.T).double().numpy()
logits_text = (batch.text_scale * batch.image_text @ batch.text.T).double().numpy()
by_hand = sum(one_way(logits) + one_way(logits.T) for logits in (logits_gps, logits_text)) / 2
package = alignment.alignment_loss(batch).item()
print(f"by hand {by_hand:.4f}, the package {package:.4f}, two guesses {2 * np.log(256):.4f}")

# %% [markdown]
# ## 5 Training
#
# The untrained model does worse than guessing: random scores, times 54, are firm opinions without a
# reason. Now let it learn. `training.fit` does what any training loop does: batches in random
# order, AdamW, a learning rate that shrinks by 13 % per epoch. After each epoch it computes the
# loss of the validation photos; it stops when that has not fallen for three epochs, and keeps the
# epoch in which it was lowest. The paper trains 10 epochs on 4.1 million photos, starting from the
# location encoder of GeoCLIP; we start from nothing, with a larger learning rate and up to 30
# epochs.

# %%
untrained = copy.deepcopy(model)
schedule = training.SCHEDULES["small"]
history = training.fit(model, pairs, held_out, schedule)
best = history.loc[history["validation_loss"].idxmin()]
seconds = history["seconds"]
print(f"{len(history)} epochs in {seconds.sum():.0f} s; the best is number {best.epoch:.0f}")
print(f"an epoch took {seconds.median():.2f} s; sending {len(pairs):,} photos through MiniCLIP")
print(f"in each would have added {encode * len(pairs):.0f} s to it")

# %%
figure = Figure(figsize=(figures.WIDTH, 3.4), layout="constrained")
figure.suptitle("Learning", x=0.01, ha="left", fontweight="bold")
left, right = figure.subplots(1, 2)
left.plot(history["epoch"], history["loss"], color=figures.TRUTH, lw=2, label="training")
left.plot(history["epoch"], history["validation_loss"], color=figures.PREDICTION, lw=2,
          label="validation")  # fmt: skip
left.axhline(2 * np.log(256), color="#999999", linestyle=":", label="guessing")
left.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
right.plot(history["epoch"], 100 * history["accuracy"], color=figures.PREDICTION, lw=2)
right.set(xlabel="epoch", ylabel="validation photos within 200 km (%)", ylim=(0, None))
for axes in (left, right):
    axes.axvline(best.epoch, color="#555555", linewidth=0.8, linestyle="--")
    axes.spines[["top", "right"]].set_visible(False)
left.legend(frameon=False)
figures.show(
    figure,
    "Left: loss against epoch, the training loss falling steadily, the validation loss falling and "
    "then flattening or rising. Right: share of validation photos whose best place is within 200 "
    "km, rising. A dashed line marks the epoch that is kept.",
)

# %% [markdown]
# Where the training loss goes on falling and the validation loss does not, the model begins to
# learn its photos by heart. The dashed line marks the epoch that is kept. The curve on the right
# need not turn there: the loss judges probabilities, the share only looks at the best place.

# %% [markdown]
# ## 6 Before and after
#
# ### The four photos
#
# First the question of the beginning. The score of place A and of place B for photo 1:

# %%
models = {"untrained": untrained.to(model.device), "trained": model}
asked, known = held_out.image, pairs.image
for name, one in models.items():
    _, image = one.embed_images(asked[[photo]])
    place = one.embed_coordinates(list(candidates.values()))
    scores = (image @ place.T)[0]
    print(f"{name:<10} place A {scores[0]:6.3f}, place B {scores[1]:6.3f}")
city = places.loc[scenes[photo].place_id]
print(f"photo 1 was taken in {city.city}, {city.country}: place B")

# %% [markdown]
# Why only two places? The location encoder takes any coordinate, so we can ask for the score of
# *every* point of the Earth. What do you expect the map of the untrained model to look like?

# %%
grids = {name: one.similarity_map(asked[four], step=1.0) for name, one in models.items()}
maps, marks = {}, {}
for number, row in enumerate(four):
    for name, (lat, lon, values) in grids.items():
        # The finest waves are shorter than a degree: show the means of cells of 4 by 4 degrees.
        cells = values[number].reshape(45, 4, 90, 4).mean(axis=(1, 3))
        title = f"photo {number + 1}, {name}"
        maps[title] = lat[1::4] + 0.5, lon[1::4] + 0.5, cells - cells.mean()
        marks[title] = truth[[row]]
label = "score (cosine), its mean over the globe taken off"
figures.show(
    figures.heat_maps(maps, "Where could it be?", label=label, marks=marks, levels=8),
    "Eight world maps of the score of every region for four photos, a star marking the truth. "
    "Untrained the maps are flat; trained they have bright and dark regions.",
    dpi=80,
)

# %% [markdown]
# A photo asks which place scores *highest*, so each map is drawn around its own mean. Believe no
# bright spot in the middle of an ocean: nobody took photos there, so nobody ever told the model
# that it is wrong.
#
# The trained maps show more than a best guess: they show *what the model takes for possible*. A
# photo with a clue to a script or a country may light up that country, one with a clue to the
# climate a belt around the globe. Compare with the pictures:

# %%
sheet = [places.loc[scenes[row].place_id] for row in four]
captions = [f"{n}: {place.city}, {place.country}" for n, place in enumerate(sheet, 1)]
figures.show(
    figures.photo_sheet(pictures, captions, columns=4, title="Where they were taken"),
    "The four photos again, with the names of the places: " + "; ".join(captions) + ".",
)

# %% [markdown]
# ### From photo to GPS, without a gallery of photos
#
# Those maps are a method of their own, that of GeoCLIP: score many coordinates, answer with the
# best. A list of *places* is all it needs, no photos of them. We take the gallery's coordinates as
# the list, and compare with the constant of notebook 01, which does not look at the photo at all.
#
# One doubt first. The model was trained on these very coordinates. Does it know them by heart, or
# has it learnt something about the region? Move every point of the list by half a kilometre to a
# kilometre in a random direction. Someone who remembers points would now be lost.

# %%
rng = np.random.default_rng(0)
n = len(gallery)
moved = geo.offset(pairs.coordinates, rng.uniform(0, 360, n), rng.uniform(0.5, 1.0, n))


def best_of(one, places):
    """The place with the highest score for each validation photo."""
    return places[one.nearest_gps(asked, places)[1][:, 0]]


by_gps = {
    "constant": retrieval.constant(pairs.coordinates),
    "image→GPS, untrained": best_of(untrained, pairs.coordinates),
    "image→GPS, trained": best_of(model, pairs.coordinates),
    "image→GPS, points moved": best_of(model, moved),
}

# %% tags=["results"]
scores = evaluation.evaluate(by_gps, validation.table, replicates=profile.bootstrap)
evaluation.table(scores).iloc[:, :5]

# %% [markdown]
# And the paired difference between the last two, in percentage points. At 1 km the comparison is
# unfair: the moved answers are off by up to a kilometre by construction.


# %%
def difference(a, b, answers, chosen=slice(None)):
    """Method a minus method b in percentage points, with the 95 % interval and what it says."""
    pair, asked_for = (answers[a][chosen], answers[b][chosen]), validation.table[chosen]
    found = evaluation.compare(*pair, asked_for, replicates=profile.bootstrap).set_index("metric")
    excludes = (found["low"] > 0) | (found["high"] < 0)
    points = found[["difference", "low", "high"]].mul(100).round(1) + 0.0  # no "-0.0"
    says = np.where(excludes, "differs from zero", "the interval includes zero")
    return points.assign(p=found["p"].round(3), verdict=says).rename_axis(f"{a} minus {b}")


difference("image→GPS, points moved", "image→GPS, trained", by_gps)

# %% [markdown]
# Was it a hard test? Look back at section 2: within a kilometre even the finest waves hardly
# change, so this encoder can hardly remember single points. What it may remember is a city. A
# harder test would train without some cities and ask for them.

# %% [markdown]
# ### Retrieval
#
# G3 itself does not answer with a coordinate from a list; it searches *photos*, as in notebook 01.
# But the vector it stores of a photo now has three parts: MiniCLIP's own, and its image in either
# space. Each part has length 1, so an inner product of two such vectors is the sum of three
# cosines.

# %%
database = unit_rows(model.database_vectors(known))
queries = unit_rows(model.database_vectors(asked))
d, s = sizes.image, sizes.shared
parts = {
    "raw features": slice(0, d),
    "image→text": slice(d, d + s),
    "image→GPS": slice(d + s, None),
    "all three (G3)": slice(None),
}
answers = {}
for name, part in parts.items():
    vectors = unit_rows(queries[:, part]), unit_rows(database[:, part])
    answers[f"NN, {name}"] = retrieval.nearest_neighbour(*vectors, pairs.coordinates)
    answers[f"[L]kNN, {name}"] = retrieval.lknn(*vectors, pairs.coordinates)

# %% [markdown]
# Which of the eight do you bet on, at a street and at a continent?

# %% tags=["results"]
scores = evaluation.evaluate(answers, validation.table, replicates=profile.bootstrap)
order = sorted(answers, key=lambda name: name.startswith("["))  # first NN, then [L]kNN
evaluation.table(scores).loc[order].iloc[:, :5]

# %%
shown = ["NN, raw features", "NN, all three (G3)"]
curves = {name: answers[name] for name in shown}
curves["image→GPS, no photos"] = by_gps["image→GPS, trained"]
figures.show(
    figures.threshold_curves(curves, validation.table, "Before and after alignment, on validation"),
    "Share of validation photos within a distance from 0.1 to 20,000 km with 95 per cent bands: "
    "nearest neighbour with raw and with aligned vectors, and image to GPS.",
)

# %% [markdown]
# The bands of two curves may overlap although one is reliably better: both see the same photos. The
# paired difference decides. (One caution: these photos taught the heads nothing, but the epoch was
# chosen by their loss, and the schedule by their scores. That flatters a little, and is why there
# are test sets.) For the nearest neighbour, aligned minus raw:

# %%
difference("NN, all three (G3)", "NN, raw features", answers)

# %% [markdown]
# And for [L]kNN:

# %%
difference("[L]kNN, all three (G3)", "[L]kNN, raw features", answers)

# %% [markdown]
# ### Places that MiniCLIP has never seen
#
# A fifth of the places were kept out of MiniCLIP's training. The heads have seen them, as they have
# seen all of the gallery. If alignment helps in the seen places only, it rides on what the backbone
# knew before.


# %%
seen = places["seen"].loc[[scene.place_id for scene in scenes]].to_numpy()
by_seen = []
for label, chosen in (("seen", seen), ("unseen", ~seen)):
    part = {f"{name}, {label} places": answers[name][chosen] for name in shown}
    part[f"image→GPS, {label} places"] = by_gps["image→GPS, trained"][chosen]
    scores = evaluation.evaluate(part, validation.table[chosen], replicates=profile.bootstrap)
    by_seen.append(scores)
    print(f"{chosen.sum():,} validation photos are of {label} places")

# %% tags=["results"]
evaluation.table(pd.concat(by_seen)).sort_index().iloc[:, :5]

# %% [markdown]
# The gain in the unseen places alone, in pairs:

# %%
difference("NN, all three (G3)", "NN, raw features", answers, ~seen)

# %% [markdown]
# There are few of them. An interval that includes zero says "not shown with so many photos", not
# "no gain".

# %% [markdown]
# ## 7 What is each choice worth?
#
# One training run proves little: another seed gives another model. So the project trained every
# variant with several seeds, measured it on validation, and ships the results
# (`g3lite.recipes.heads` makes them). All figures of this section come from that table, whatever
# profile you run, with the gallery of 20,000.

# %%
table = pd.read_csv(shipped("alignment/validation.csv")).query("gallery == 20_000")
print(f"{table['variant'].nunique()} variants, {table['seed'].nunique()} seeds")


def summary(metrics, variants, factor=100, digits=1):
    """Mean of the seeds, [the mean of their 95 % intervals], and from which to which seed."""
    cells = {}
    for variant in variants:
        runs = table[table["variant"] == variant].groupby("metric")
        value = factor * runs[["value", "low", "high"]].mean().loc[metrics]
        least, most = factor * runs["value"].min(), factor * runs["value"].max()
        several = int(runs["seed"].nunique().max() > 1)  # raw features are not trained
        cells[variant] = [
            f"{row.value:.{digits}f} [{row.low:.{digits}f}, {row.high:.{digits}f}]"
            + f" ({least[row.Index]:.{digits}f} to {most[row.Index]:.{digits}f})" * several
            for row in value.itertuples()
        ]
    return pd.DataFrame(cells, index=metrics)


# %% [markdown]
# ### Does the text help? (Table 5)
#
# The paper compares training with all three modalities and without the text. Published, for the
# whole method on 2,997 real photos (IM2GPS3K), in per cent:

# %% tags=["nbval-check-output"]
levels = list(evaluation.THRESHOLD_NAMES)
published = pd.DataFrame(
    {
        "image + text + GPS": [16.65, 40.94, 55.56, 71.24, 84.68],
        "image + GPS": [16.91, 41.41, 55.02, 70.94, 84.18],
    },
    index=levels,
)
p = published / 100
one_row = 196 * np.sqrt(p * (1 - p) / 2997).max(axis=1)
change = published["image + text + GPS"] - published["image + GPS"]
extra = {"text brings": change.round(2), "± of one row": one_row.round(2)}
print(published.assign(**extra).to_string())

# %% [markdown]
# The last column is the 95 % interval of a single row, photos taken as independent. Ours now, on
# **other data and another task**: drawn photos, and the nearest neighbour alone, without language
# model or verification. Mean of the seeds, [95 % interval], (lowest to highest seed), in per
# cent:

# %% tags=["results"]
summary(levels, ["raw features", "without text", "G3"])


# %%
def gaps(metrics, a, b, factor=100):
    """Variant a minus variant b, beside the spread of the seeds and half an interval."""
    wide = table[table["variant"].isin([a, b])].set_index(["variant", "metric", "seed"])
    values = (factor * wide["value"]).unstack()
    half = (factor * (wide["high"] - wide["low"]) / 2).unstack().mean(axis=1)
    rows = {"difference": values.loc[a].mean(axis=1) - values.loc[b].mean(axis=1)}
    spread = values.max(axis=1) - values.min(axis=1)
    rows["spread of the seeds"] = spread.unstack().max(axis=0)
    rows["half an interval"] = half.unstack().mean(axis=0)
    found = pd.DataFrame(rows).loc[metrics]
    larger = found["difference"].abs().to_numpy()[:, None] > found.iloc[:, 1:].to_numpy()
    words = np.array(["smaller than both", "larger than one of them", "larger than both"])
    return found.round(2).assign(verdict=words[larger.sum(axis=1)])


gaps(levels, "G3", "without text")

# %% [markdown]
# A gap that is smaller than the spread of the seeds is no gap. One that is larger than the seeds
# but smaller than the interval holds for these photos, and maybe not for others. (The paired test
# of section 6 sees more than two intervals do; it needs every single answer, which the table does
# not hold.) Remember what MiniCLIP's text tower knows: nothing about places. This comparison says
# something about MiniEarth, not about CLIP.
#
# ### Which map? (Table 3)
#
# The paper measures the references that retrieval finds, in km from the truth. Published, the mean
# distance of the first five: CLIP 2554.7, Equal Earth 2361.5, Mercator 2299.2 km. Ours:

# %% tags=["results"]
far = [f"top{k} {what} km" for k in (5, 10, 15) for what in ("average", "median", "max", "min")]
summary(far, ["raw features", "equal_earth", "G3"], factor=1, digits=0)

# %%
averages = [f"top{k} average km" for k in (5, 10, 15)]
pd.concat(
    {other: gaps(averages, "G3", other, factor=1) for other in ("equal_earth", "raw features")}
)

# %% [markdown]
# (Equal Earth minus Mercator: the paper found the references of Mercator nearer. Compare the sign,
# and the verdict.)
#
# ### Do the masks help?
#
# Each mask against G3 as it is, for retrieval and for image→GPS. Which of the two would you expect
# to gain from a fair set of negatives?

# %% tags=["results"]
both = ["city", "region", "gps city", "gps region"]
pd.concat({mask: gaps(both, mask, "G3") for mask in ("masked text", "masked 25 km")})

# %% [markdown]
# ### How many photos does it take?
#
# The table also holds runs on 2,000 photos. Nearest neighbour, in per cent, mean of the seeds:

# %% tags=["results"]
few = pd.read_csv(shipped("alignment/validation.csv")).query("gallery == 2_000")
few = few.pivot_table(index="metric", columns="variant", values="value").loc[levels]
(100 * few[["raw features", "without text", "G3"]]).round(1)

# %% [markdown]
# Heads that have seen few photos are not better than none: look at the columns before you trust an
# alignment that was trained on a small set.

# %% [markdown]
# And all variants at once: the sphere too, and the two masks of section 3. (Raw features have no
# image→GPS.)

# %%
order = ["raw features", "G3", "without text", "equal_earth", "sphere", "masked text",
         "masked 25 km"]  # fmt: skip
figure = Figure(figsize=(figures.WIDTH, 3.6), layout="constrained")
title = f"Every variant, {table['seed'].nunique()} seeds each"
figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
panels = {
    "region": "nearest neighbour within 200 km (%)",
    "gps region": "image→GPS within 200 km (%)",
}
for axes, (metric, label) in zip(figure.subplots(1, 2, sharey=True), panels.items(), strict=True):
    for height, variant in enumerate(reversed(order)):
        runs = table[(table["variant"] == variant) & (table["metric"] == metric)]
        low, value, high = (100 * runs[name] for name in ("low", "value", "high"))
        axes.plot([low.mean(), high.mean()], [height] * 2, color="#bbbbbb", linewidth=3)
        axes.plot(value, [height] * len(runs), "o", color=figures.PREDICTION, alpha=0.8)
    axes.set(xlabel=label, yticks=range(len(order)), yticklabels=order[::-1])
    axes.spines[["top", "right"]].set_visible(False)
figures.show(
    figure,
    "For seven variants, the share within 200 km of nearest neighbour and of image to GPS: a dot "
    "per seed and a grey bar for the 95 per cent interval.",
)

# %% [markdown]
# ## What you have learnt
#
# - InfoNCE asks of every photo which place of the batch is its own, and of every place which photo.
#   Its scale decides how hard it looks; too small and there is nothing to learn.
# - Networks learn slow variation first. Random Fourier features hand them the fast one, at three
#   scales: with $\sigma$ = 1, 16 and 256 about 3,800, 230 and 15 km at the equator.
# - Every flat map stretches something. Mercator stretches the poles and has a seam.
# - In a batch of clustered photos many "wrong" pairs are right. Masks take them out.
# - Frozen towers need to run once. Cached features make training a matter of seconds per epoch.
# - Whether alignment, text or projection help is measured with intervals and several seeds, on
#   validation.
#
# **What it cannot do.** A single vector per photo and per place cannot weigh one clue against
# another, and the finest scale of the encoder sees 15 km, not streets. Places where nobody took
# photos are not learnt at all. And all of it is measured on a drawn world with a text tower that
# has never heard a place name: the mechanisms carry over, the figures do not.
#
# **With care.** A similarity map of the whole Earth for any photo is a tool that can hurt. Use it
# on photos of public places that were meant to be public.
#
# **Next:** [03 Index construction](03_index_construction.ipynb), the gallery: how a search through
# millions of these vectors is made fast and small, and why G3 also asks for the most *dissimilar*
# photos.
#
# ### References
#
# - P. Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization Using
#   Large Multi-Modality Models*, NeurIPS 2024,
#   [arXiv 2405.14702](https://arxiv.org/abs/2405.14702): section 3.1, tables 3 and 5.
# - V. Vivanco Cepeda, G. Nayak and M. Shah, *GeoCLIP: Clip-Inspired Alignment between Locations and
#   Images for Effective Worldwide Geo-localization*, NeurIPS 2023: the location encoder, and
#   image-to-GPS retrieval.
# - A. van den Oord, Y. Li and O. Vinyals, *Representation Learning with Contrastive Predictive
#   Coding*, 2018: InfoNCE.
# - A. Radford et al., *Learning Transferable Visual Models From Natural Language Supervision*, ICML
#   2021: CLIP, its symmetric loss and its learned temperature.
# - M. Tancik et al., *Fourier Features Let Networks Learn High Frequency Functions in Low
#   Dimensional Domains*, NeurIPS 2020; N. Rahaman et al., *On the Spectral Bias of Neural
#   Networks*, ICML 2019.
# - B. Šavrič, T. Patterson and B. Jenny, *The Equal Earth map projection*, IJGIS 2019.
