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
# # Build G3 yourself: ten steps, each a function of yours
#
# [← 09 Beyond one machine](09_beyond_one_machine.ipynb) ·
# Open in Colab (once on GitHub)
#
# You have seen every part of G3. Now write it: ten short functions, from a distance on the sphere
# to the five shares, and a few lines that join them. Each function has a check. **What you write is
# used from then on**, by the training, the search, the prompts and the scoreboard at the end; where
# a step is unsolved the package's function takes its place, and a line says so. Afterwards you will
# be able to
#
# - write each step of G3 from its definition;
# - join the steps into a method that locates photos;
# - find out, by a scoreboard, what a mistake in one step costs at the end;
# - show that your program is right: it gives the package's answer for every photo.
#
# **Paper:** Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization
# Using Large Multi-Modality Models*, [arXiv 2405.14702](https://arxiv.org/abs/2405.14702), section
# 3 and section 4.1.
# **You need:** notebooks [01](01_worldwide_geolocalization.ipynb) to
# [06](06_evaluation_and_ablations.ipynb), or at least [00](00_locate_a_photo.ipynb) and some
# PyTorch.
# **Time:** 25 minutes to read, 3 hours with the exercises. **Machine:** any laptop, 3 GB of
# memory, no GPU; the cells run for less than a minute, plus some minutes the first time (20,000
# pictures are drawn, encoded and kept).

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
import json
import math
import re

import numpy as np
import torch
import torch.nn.functional as F

from g3lite import figures, geo, miniearth, prompts
from g3lite.alignment import GeoAlignment
from g3lite.figures import diagrams
from g3lite.teaching import guess, workbench

# %% jupyter={"source_hidden": true}
from g3lite.teaching.checks.nb10 import (
    check_10_1,
    check_10_2,
    check_10_3,
    check_10_4,
    check_10_5,
    check_10_6,
    check_10_7,
    check_10_8,
    check_10_9,
    check_10_10,
)

# %% tags=["parameters"]
PROFILE = "auto"

# %% jupyter={"source_hidden": true}
profile = profiles.get(PROFILE)
task = workbench.Task.load(profile)
places, authors, asked = task.places, task.authors, task.asked

# %% [markdown]
# ## What you will build

# %%
answers = task.package()
km = geo.great_circle_km(answers, task.truth)
shown = int(np.argsort(km)[len(km) // 10])
figures.show(
    figures.hero(
        miniearth.draw(miniearth.scene_of(task.queries.ids[shown]), 512),
        {"truth": task.truth[shown], "G3": answers[shown]},
        "A photo, and where G3 places it",
    ),
    f"A drawn photo, and a world map: the answer of G3 is {km[shown]:,.0f} km from the "
    "place where the photo was taken.",
)

# %% [markdown]
# A photo goes in, a place comes out. (One answer in ten is this near, or nearer; the scoreboard at
# the end shows all.) This answer comes from the package, with its training, search, language model
# and judge. At the end of this notebook the same answer comes from your functions.
#
# The ten steps, in the schematic of G3: steps 1 to 5 belong to *Align*, step 6 is the *Gallery*,
# steps 7 and 8 are *Diversify*, step 9 is *Verify*, and step 10 measures the result.

# %% tags=["diagram"]
figures.show(*diagrams.g3())

# %% [markdown]
# `g3` holds the ten functions. At the beginning all are the package's; `g3.use` takes yours, if its
# check accepts it.

# %% tags=["nbval-check-output"]
g3 = workbench.Steps()
print("steps that are yours:", g3.own)

# %% [markdown]
# ### The task
#
# `task` holds what you need: an **archive** of photos with known places, some of which are to be
# located as if their places were unknown, and the parts that are trained already. Everything is
# kept in rows: row *i* of `task.images` (image features), of `places` and of `authors` belongs to
# the same photo; `asked` are the rows of the photos to be located.

# %%
print(f"{len(places):,} photos in the archive, {len(asked)} of them are to be located")
print(f"image features of {task.images.shape[1]} numbers, by {len(set(authors)):,} photographers")

# %% [markdown]
# ## 1 Distance
#
# Every score rests on the distance between two points of the sphere. In radians, with latitude φ
# and longitude λ, the haversine formula is
#
# `h = sin²((φ₂ − φ₁)/2) + cos φ₁ · cos φ₂ · sin²((λ₂ − λ₁)/2)` and `d = 2 R arcsin(√h)`.

# %% tags=["nbval-check-output"]
RADIUS_KM = 6371.0088
quarter = 2 * math.pi * RADIUS_KM / 4
print(f"from the equator to the pole: {quarter:,.0f} km")

# %% [markdown]
# From the equator to the pole it is 10,008 km: use that to test your function before the check.
#
# ### Exercise 1: distance
#
# `a` and `b` are arrays of `[lat, lon]` in degrees. The last axis holds the pair; the others
# broadcast, so that `distance(a[:, None], b)` is a table of all pairs
# (`np.moveaxis(x, -1, 0)` gives latitudes and longitudes).


# %% tags=["exercise"]
def distance(a, b):
    """Great-circle distance in km between [lat, lon] in degrees."""
    ...  # your code here


check_10_1(distance)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def distance(a, b):
#     """Great-circle distance in km between [lat, lon] in degrees."""
#     lat_a, lon_a = np.moveaxis(np.radians(a), -1, 0)
#     lat_b, lon_b = np.moveaxis(np.radians(b), -1, 0)
#     half = np.sin((lat_b - lat_a) / 2) ** 2
#     half = half + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
#     return 2 * RADIUS_KM * np.arcsin(np.sqrt(half))
#
#
# check_10_1(distance)
# ```
#
# </details>

# %%
g3.use(distance, check_10_1)
print(f"the answer above: {g3.distance(answers[shown], task.truth[shown]):,.0f} km from the truth")

# %% [markdown]
# ## 2 Waves
#
# A network learns slowly from two raw numbers. G3 first flattens the sphere by Mercator's
# projection, north `asinh(tan φ) / π` and east `λ / π`, so that the map reaches from −1 to 1. The
# poles would lie infinitely far north, so latitudes are clamped where the map is square, at
# `LIMIT`. Then each row of `frequencies`, a direction and a wave length, gives a cosine and a sine:

# %%
LIMIT = math.atan(math.sinh(math.pi))  # radians

# %% tags=["diagram"]
figures.show(*diagrams.waves(GeoAlignment.from_pretrained("mini").location_encoder))

# %% [markdown]
# ### Exercise 2: waves
#
# `coordinates` has shape (n, 2), degrees; `frequencies` (m, 2), for north and east. With a point
# `v` the angles are `2 π v · frequency`. Return float32 of shape (n, 2 m): first all cosines, then
# all sines. Compute in float64 and round at the end.


# %% tags=["exercise"]
def waves(coordinates, frequencies):
    """Fourier features of Mercator's (north, east): float32 (n, 2 m)."""
    ...  # your code here


check_10_2(waves)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def waves(coordinates, frequencies):
#     """Fourier features of Mercator's (north, east): float32 (n, 2 m)."""
#     lat, lon = np.radians(coordinates).T
#     north = np.arcsinh(np.tan(np.clip(lat, -LIMIT, LIMIT))) / math.pi
#     points = np.column_stack([north, lon / math.pi])
#     angles = 2 * math.pi * points @ frequencies.T
#     return np.hstack([np.cos(angles), np.sin(angles)]).astype(np.float32)
#
#
# check_10_2(waves)
# ```
#
# </details>

# %%
g3.use(waves, check_10_2)
print(
    "shape of the waves of each scale:", [g3.waves(places[:3], b).shape for b in task.frequencies]
)

# %% [markdown]
# ## 3 The location encoder
#
# Waves of three lengths come from step 2. Each scale has a network of its own; the outputs are
# summed, a last network, the **head**, follows, and each row is brought to length 1. A network is a
# list of layers, a layer a pair (weight, bias). This is one of the few functions that you get:


# %%
def network(x, layers):
    """Layers one after the other, with a ReLU between two of them."""
    for weight, bias in layers[:-1]:
        x = torch.relu(x @ weight.T + bias)
    weight, bias = layers[-1]
    return x @ weight.T + bias


# %% [markdown]
# ### Exercise 3: the location encoder
#
# `features` is a list of tensors (n, 2 m), one for each scale; `networks` has a network for each;
# `head` is one network. `F.normalize(x, dim=-1)` brings rows to length 1.


# %% tags=["exercise"]
def encode(features, networks, head):
    """One network per scale, summed, then the head: unit rows (n, d)."""
    ...  # your code here


check_10_3(encode)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def encode(features, networks, head):
#     """One network per scale, summed, then the head: unit rows (n, d)."""
#     summed = sum(network(x, layers) for x, layers in zip(features, networks, strict=True))
#     return F.normalize(network(summed, head), dim=-1)
#
#
# check_10_3(encode)
# ```
#
# </details>

# %%
g3.use(encode, check_10_3)


# %% [markdown]
# Steps 2 and 3 together turn places into vectors. The weights of the location encoder are those
# that notebook 02 shows; you train the photos' side yourself, in step 5.


# %%
def place_vectors(g3, coordinates):
    """(n, 2) degrees -> unit vectors (n, d)."""
    features = [torch.as_tensor(g3.waves(coordinates, b)) for b in task.frequencies]
    return torch.as_tensor(g3.encode(features, task.networks, task.gps_head))


# %% [markdown]
# Does the encoder know what is near? Compare Paris with Brussels and with Tokyo:

# %%
paris, brussels, tokyo = place_vectors(g3, np.array([[48.9, 2.4], [50.8, 4.4], [35.7, 139.7]]))
print(f"Paris and Brussels {paris @ brussels:.2f}, Paris and Tokyo {paris @ tokyo:.2f}")

# %% [markdown]
# With Brussels the cosine is 0.81, with Tokyo 0.59: what is near has similar vectors.
#
# ## 4 InfoNCE
#
# A batch has n photos and their n places. Each photo must find its place among the n, and each
# place its photo; the loss is the mean of both cross-entropies.
#
# ### Exercise 4: InfoNCE
#
# `images` and `places` are unit rows (n, d), row i belongs to row i. The logits are inner products
# times `scale`. `F.cross_entropy(logits, target)` does a row's softmax and logarithm; stay with
# torch, because the training needs the gradient.


# %% tags=["exercise"]
def info_nce(images, places, scale):
    """The mean of both cross-entropies."""
    ...  # your code here


check_10_4(info_nce)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def info_nce(images, places, scale):
#     """The mean of both cross-entropies."""
#     logits = scale * images @ places.T
#     target = torch.arange(len(logits))
#     return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
#
#
# check_10_4(info_nce)
# ```
#
# </details>

# %%
g3.use(info_nce, check_10_4)

# %% [markdown]
# ## 5 A training step
#
# The photos' side is a small network, again called head: image features in, vectors beside those of
# the places out. It begins with random weights. **Guess first:** a batch has 256 photos. What is
# the loss of a head that guesses?

# %% tags=["guess"]
my_loss = None  # a number; e to its minus is the probability of the right place

# %% tags=["nbval-check-output"]
print(guess.compare(my_loss, math.log(256), digits=2))

# %% [markdown]
# Guessing among 256 gives each place the same probability, and a loss of 5.55.
#
# ### Exercise 5: a training step
#
# `head` is a list of layers. Compute the photos' vectors (`network`, then length 1), the loss with
# `loss(vectors, places)`, and its gradient; then move every weight and bias by `rate` times its
# gradient, downwards. Return the new head and the loss before the step. Leave the given head as it
# is: `part.clone().requires_grad_()` makes a copy that gets a `.grad` by `.backward()`. What you
# return is detached (`.detach()`): else every step drags all earlier ones along.


# %% tags=["exercise"]
def training_step(head, images, places, loss, rate):
    """The head after one step of gradient descent, and the loss before it."""
    ...  # your code here


check_10_5(training_step)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def training_step(head, images, places, loss, rate):
#     """The head after one step of gradient descent, and the loss before it."""
#     leaves = [[part.clone().requires_grad_() for part in layer] for layer in head]
#     value = loss(F.normalize(network(images, leaves), dim=-1), places)
#     value.backward()
#     moved = [[(part - rate * part.grad).detach() for part in layer] for layer in leaves]
#     return moved, value.item()
#
#
# check_10_5(training_step)
# ```
#
# </details>

# %%
g3.use(training_step, check_10_5)


# %% [markdown]
# The training joins steps 2 to 5: vectors of all places once, then one step per batch.


# %%
def train(g3):
    """The head after all batches, and the loss of each."""
    head, losses, targets = task.first, [], place_vectors(g3, places)
    for rows in task.batches:
        head, loss = g3.training_step(
            head, task.images[rows], targets[rows],
            lambda images, places: g3.info_nce(images, places, task.scale), task.rate,
        )  # fmt: skip
        losses.append(float(loss))
    return head, losses


# %%
head, losses = train(g3)
print(f"{len(losses)} steps, the loss falls from {losses[0]:.2f} to {np.mean(losses[-10:]):.2f}")

# %%
figures.show(
    figures.line_chart(
        {"loss": (np.arange(1, len(losses) + 1), losses)}, "The head learns, batch by batch",
        x="step", y="loss", levels={"guessing": math.log(256)},
    ),
    f"The loss of each batch: it begins near the dotted line of guessing, 5.55, and ends near "
    f"{np.mean(losses[-10:]):.2f}.",
)  # fmt: skip

# %% [markdown]
# The loss falls from 5.97, a little above guessing, to 3.18, quickly at first. In 150 steps the
# head has seen each photo about twice.
#
# ## 6 Search without leaks
#
# G3 searches with three vectors side by side: the image feature, and the photo as it looks beside
# texts and beside places. The middle one comes from the trained package, the last one from your
# head:


# %%
def archive_vectors(head):
    """What the search compares: float32 (n, 3 d)."""
    to_gps = F.normalize(network(task.images, head), dim=-1)
    return torch.hstack([F.normalize(task.images, dim=-1), task.to_text, to_gps]).numpy()


# %% [markdown]
# The archive holds the photos that we ask about, too. Search it with one of them, and the most
# similar photo is the photo itself; the next ones were taken by the same person a minute later.
# **Guess first:** how many of the answers are then within 1 km, in per cent?

# %% tags=["guess"]
my_leak = None  # per cent within 1 km

# %%
vectors = archive_vectors(head)
nobody = np.full(len(asked), "nobody")
leaky, _ = g3.search(vectors[asked], vectors, nobody, authors, 1)
clean, _ = g3.search(vectors[asked], vectors, authors[asked], authors, 1)
near = [100 * np.mean(g3.distance(places[rows[:, 0]], task.truth) <= 1) for rows in (leaky, clean)]
print(f"within 1 km: {near[0]:.0f} % with the leak, {near[1]:.0f} % without it")
print(guess.compare(my_leak, near[0], "%"))

# %% [markdown]
# With the leak 100 % of the answers are within 1 km, because the search finds the photo itself.
# Without it 7 % are. A user's photo is in no archive: the second figure is the true one.
#
# ### Exercise 6: search without leaks
#
# `queries` (q, d) and `vectors` (n, d); `query_authors` (q,) and `authors` (n,) are names. Return
# two arrays of rows, each (q, k): the photos with the highest inner products, the highest first,
# and those with the lowest, the lowest first. Leave out the photos by the query's own photographer,
# in both lists.


# %% tags=["exercise"]
def search(queries, vectors, query_authors, authors, k):
    """Rows of the k most similar and of the k most dissimilar photos by other photographers."""
    ...  # your code here


check_10_6(search)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def search(queries, vectors, query_authors, authors, k):
#     """Rows of the k most similar and of the k most dissimilar photos by other photographers."""
#     products = queries @ vectors.T
#     own = np.asarray(query_authors)[:, None] == np.asarray(authors)
#     similar = np.argsort(np.where(own, np.inf, -products), axis=1, kind="stable")[:, :k]
#     dissimilar = np.argsort(np.where(own, np.inf, products), axis=1, kind="stable")[:, :k]
#     return similar, dissimilar
#
#
# check_10_6(search)
# ```
#
# </details>

# %%
g3.use(search, check_10_6)

# %% [markdown]
# ## 7 The prompt
#
# The language model is shown the photo and told where similar and dissimilar photos were taken.
# This is the wording; `$similar` and `$dissimilar` are fields to fill:

# %% tags=["nbval-check-output"]
wording = prompts.TEMPLATES["json"].text
print(wording)

# %% [markdown]
# ### Exercise 7: the prompt
#
# `similar` and `dissimilar` are (k, 2), degrees, the most similar or most dissimilar first. A list
# is written `[(48.85837, 2.29448), (50.84656, 4.35170)]`, with five decimals (`np.round` first, as
# the package does). Paragraphs are separated by a blank line. With k = 0, leave out the paragraph
# with the fields. No blank lines at the beginning or the end.


# %% tags=["exercise"]
def prompt(wording, similar, dissimilar):
    """The wording with both lists, or without the paragraph that names them."""
    ...  # your code here


check_10_7(prompt)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def prompt(wording, similar, dissimilar):
#     """The wording with both lists, or without the paragraph that names them."""
#
#     def listed(places):
#         pairs = [f"({lat:.5f}, {lon:.5f})" for lat, lon in np.round(places, 5)]
#         return "[" + ", ".join(pairs) + "]"
#
#     paragraphs = wording.strip().split("\n\n")
#     if len(similar) == 0:
#         paragraphs = [words for words in paragraphs if "$similar" not in words]
#     text = "\n\n".join(paragraphs)
#     return text.replace("$similar", listed(similar)).replace("$dissimilar", listed(dissimilar))
#
#
# check_10_7(prompt)
# ```
#
# </details>

# %%
g3.use(prompt, check_10_7)

# %% [markdown]
# ## 8 The reader
#
# The model replies with text. The reader decides what of it is a place. It must not invent one: a
# wrong candidate may win, a missing one only leaves the others. Two tools help:

# %% tags=["nbval-check-output"]
objects = re.findall(r"\{[^{}]*\}", 'Perhaps {"latitude": 48.9, "longitude": 2.4}.')
print(objects, json.loads(objects[0])["latitude"])

# %% [markdown]
# The first finds what stands between braces, the second turns it into a dictionary.
#
# ### Exercise 8: the reader
#
# Return (latitude, longitude) as numbers, or None. Count only a reply with exactly one JSON object,
# `{...}`, in which "latitude" and "longitude" are numbers (no text, no true, no null) that name a
# place on Earth, the edges included. The order of the keys, other keys and words around the object
# do not matter. `json.loads` accepts NaN. (The package's reader knows many more forms; for replies
# like these both agree.)


# %% tags=["exercise"]
def read_reply(text):
    """(lat, lon) of the only JSON object in a reply; None if there is no place in it."""
    ...  # your code here


check_10_8(read_reply)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def read_reply(text):
#     """(lat, lon) of the only JSON object in a reply; None if there is no place in it."""
#     objects = re.findall(r"\{[^{}]*\}", text)
#     try:
#         (answer,) = [json.loads(one) for one in objects]
#         place = answer["latitude"], answer["longitude"]
#     except (ValueError, KeyError):
#         return None
#     if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in place):
#         return None
#     return place if abs(place[0]) <= 90 and abs(place[1]) <= 180 else None
#
#
# check_10_8(read_reply)
# ```
#
# </details>

# %%
g3.use(read_reply, check_10_8)

# %% [markdown]
# Steps 6 to 8 together: the model is asked about every photo twice, without references and with ten
# of either kind. These are its replies to the photo at the top:

# %%
similar, dissimilar = g3.search(vectors[asked], vectors, authors[asked], authors, 10)
texts = [
    [g3.prompt(wording, places[near[:k]], places[far[:k]]) for k in workbench.PROMPTS]
    for near, far in zip(similar, dissimilar, strict=True)
]
said = task.ask(texts)
for reply in said[shown]:
    print(reply, "→", g3.read_reply(reply))

# %% [markdown]
# Behind the arrow stands what the reader makes of each.
#
# ## 9 The judge
#
# The candidates are the replies and the places of the three most similar photos. The judge compares
# the photo's vector with that of each candidate; the highest inner product wins. A reply that could
# not be read is no candidate: its row is NaN. `np.argmax` of numbers with a NaN among them returns
# the NaN.

# %% tags=["nbval-check-output"]
print(int(np.argmax([0.2, np.nan, 0.9])))

# %% [markdown]
# It returns 1, the row of the NaN. In the official code of G3 an impossible latitude wins so.
#
# ### Exercise 9: the judge
#
# `image` (d,) and `vectors` (c, d), some rows NaN. Return the number of the best row; of equal ones
# the first; None if all are NaN.


# %% tags=["exercise"]
def judge(image, vectors):
    """The row of the vector that suits the image best; NaN never wins; None if all are NaN."""
    ...  # your code here


check_10_9(judge)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def judge(image, vectors):
#     """The row of the vector that suits the image best; NaN never wins; None if all are NaN."""
#     scores = vectors @ image
#     return None if np.isnan(scores).all() else int(np.nanargmax(scores))
#
#
# check_10_9(judge)
# ```
#
# </details>

# %%
g3.use(judge, check_10_9)

# %% [markdown]
# ## 10 Evaluation
#
# How many photos are located within each of five distances, from a street to a continent?

# %%
THRESHOLDS_KM = (1, 25, 200, 750, 2500)

# %% [markdown]
# ### Exercise 10: evaluation
#
# `km` has the error of every photo; NaN stands for no answer, which is a wrong answer. Return the
# five shares, for `THRESHOLDS_KM`, numbers from 0 to 1. At exactly the distance an answer is right.


# %% tags=["exercise"]
def evaluate(km):
    """Shares of all photos within 1, 25, 200, 750 and 2,500 km; NaN is within none."""
    ...  # your code here


check_10_10(evaluate)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def evaluate(km):
#     """Shares of all photos within 1, 25, 200, 750 and 2,500 km; NaN is within none."""
#     return [float(np.mean(np.asarray(km) <= most)) for most in THRESHOLDS_KM]
#
#
# check_10_10(evaluate)
# ```
#
# </details>

# %%
g3.use(evaluate, check_10_10)

# %% [markdown]
# ## Put together
#
# Everything that is missing now are the lines that join the steps:


# %%
def choose(g3, image, replies, near):
    """The best candidate for one photo: its replies, and the places of the nearest photos."""
    nowhere = (np.nan, np.nan)
    candidates = np.array(
        [reply or nowhere for reply in replies] + list(near[: workbench.RETRIEVED])
    )
    there = ~np.isnan(candidates).any(axis=1)
    vectors = np.full((len(candidates), len(image)), np.nan, dtype=np.float32)
    vectors[there] = place_vectors(g3, candidates[there]).numpy()
    best = g3.judge(image, vectors)
    return nowhere if best is None else candidates[best]


# %%
def locate(g3):
    """Where each of the asked photos was taken, (q, 2); a row of NaN where there is no answer."""
    head, _ = train(g3)
    vectors = archive_vectors(head)
    images = F.normalize(network(task.images[asked], head), dim=-1).numpy()
    lists = g3.search(vectors[asked], vectors, authors[asked], authors, 10)
    nearest = [[places[rows] for rows in one] for one in zip(*lists, strict=True)]
    texts = [
        [g3.prompt(wording, near[:k], far[:k]) for k in workbench.PROMPTS] for near, far in nearest
    ]
    return np.array([
        choose(g3, image, [g3.read_reply(text) for text in said], near)
        for image, said, (near, _) in zip(images, task.ask(texts), nearest, strict=True)
    ])  # fmt: skip


# %% [markdown]
# ### The scoreboard
#
# Three rows, shares in per cent. **The package**: its functions in every step, on the same photos,
# with the same training. **Your G3**: your function where its check accepts it, else the package's.
# **All that you wrote**: your functions, right or wrong; here you see what a mistake costs. *Same
# answers* counts the photos for which a row answers as the package does.

# %% tags=["results"]
board = workbench.scoreboard(task, g3, locate)
board

# %%
print("yours:", ", ".join(g3.own) or "no step yet")
print("written, and not right yet:", ", ".join(g3.ignored) or "none")
print("the last row was stopped by:", board.attrs["stopped"] or "nothing")

# %% [markdown]
# When all ten steps are yours, the second row gives the package's answer for every photo: your G3
# is the package's G3. Some experiments, each with a look at the last row:
#
# - let the search find the photographer's own photos again: which share rises most, and would you
#   have noticed it without the first row?
# - swap latitude and longitude in the prompt alone: does the language model believe it?
# - let the training climb instead of descend: what can search and judge still do?
# - let the judge take the first candidate: which shares fall, and which rise?
#
# <details><summary>What to expect</summary>
#
# A leak raises the share within 1 km above that of the package: a result that is too good is a
# reason to search for a mistake. A wrong prompt changes replies, and the judge rejects many of
# them, so the shares may hardly move while *same answers* falls: compare answers, not only shares.
# A head that climbs pulls photos away from their places: nearly all answers change, though the
# shares of so few photos may hardly show it.
# The first candidate is the reply without references, so the shares become those of the language
# model alone. It may be better at a continent's distance, and it is worse at a street's.
#
# </details>

# %% [markdown]
# ## What you have learnt
#
# - G3 is ten short functions, and some lines that join them.
# - A function is right when its check accepts it *and* the whole gives the same answers as a
#   program that is known to be right. Shares can agree by accident, many answers cannot.
# - A mistake in one step can hide behind the next one: the judge rejects what a wrong prompt
#   brings.
# - A leak is the one mistake that makes the result better.
#
# **What it cannot do.** The archive is a drawn world, and the head is trained for less than a
# minute. A share among so few photos is uncertain by several points; *same answers* is exact.
#
# **With care.** A program of this size locates photos. What it may be used for is a question of its
# own: see [*With care* in notebook 07](07_real_data_on_a_gpu.ipynb).
#
# **Next:** take one step and make it better, on validation, with an interval. The project cards in
# `notebooks/course/projects.md` begin there.
#
# ### References
#
# - P. Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization Using
#   Large Multi-Modality Models*, NeurIPS 2024,
#   [arXiv 2405.14702](https://arxiv.org/abs/2405.14702): section 3.
# - M. Tancik et al., *Fourier Features Let Networks Learn High Frequency Functions in Low
#   Dimensional Domains*, NeurIPS 2020.
# - A. van den Oord, Y. Li and O. Vinyals, *Representation Learning with Contrastive Predictive
#   Coding*, 2018: InfoNCE.
