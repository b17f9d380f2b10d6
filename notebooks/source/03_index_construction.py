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
# # Index construction: a gallery to search
#
# [← 02 Geo-alignment](02_geo_alignment.ipynb) ·
# [04 Prompt diversification →](04_prompt_diversification.ipynb) ·
# Open in Colab (once on GitHub)
#
# G3 does not ask a language model to guess from a photo alone. It also shows it where the most
# *similar* known photos were taken, and where the most *dissimilar* ones were. Both come out of a
# **gallery**: millions of vectors that can be searched. The paper's takes 38 GB of memory, and its
# authors ask for a second one. Afterwards you will be able to
#
# - write an inner-product search in three lines, and say what a library adds to them;
# - search for the similar and for the dissimilar with one index;
# - recognise a hub, a photo that is in everybody's list, and say where it comes from;
# - keep near copies and a photographer's own photos out of an experiment;
# - compress vectors, and measure what that costs in recall and saves in memory and time;
# - predict memory and time for four million photos from measurements on a laptop.
#
# **Paper:** Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization
# Using Large Multi-Modality Models*, [arXiv 2405.14702](https://arxiv.org/abs/2405.14702), section
# 3.2 and table 3.
# **You need:** [notebook 02](02_geo_alignment.ipynb) for where the vectors come from; numpy.
# **Time:** 60 minutes to read, 90 with the exercises. **Machine:** any laptop, 3 GB of memory, no
# GPU; the cells run for one or two minutes, plus some minutes the first time (20,000 pictures are
# drawn, encoded and kept).

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
import io
import tempfile
from pathlib import Path

import faiss
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from g3lite import evaluation, figures, geo, miniearth
from g3lite.alignment import GeoAlignment
from g3lite.backbone import Backbone, unit_rows
from g3lite.index import Gallery, GalleryError, hubness
from g3lite.scale import index_types
from g3lite.teaching.checks.nb03 import check_03_1, check_03_2, check_03_3

pd.set_option("display.width", 160, "display.max_columns", 20)

# %% tags=["parameters"]
PROFILE = "auto"

# %% [markdown]
# ## 1 What a gallery is
#
# The photos are those of MiniEarth, as before. MiniCLIP makes 256 numbers of each. The heads that
# were trained in notebook 02 add two more vectors of the same length: the photo as it looks beside
# texts, and as it looks beside coordinates. (These heads are shipped; they were trained on all
# 20,000 photos of the gallery.) The three parts in a row are what G3 stores.

# %%
profile = profiles.get(PROFILE)
photos = miniearth.load("gallery", profile.gallery_size)
validation = miniearth.load("validation", profile.query_size)
truth = validation.coordinates

miniclip = Backbone.load("miniclip", device=profile.device)
heads = GeoAlignment.from_pretrained("mini", profile.device)
known, asked = (
    miniclip.image_features(some, profile.batch_size, normalize=False).vectors
    for some in (photos, validation)
)
vectors, queries = heads.database_vectors(known), heads.database_vectors(asked)
print(f"profile {profile.name}: gallery {vectors.shape}, queries {queries.shape}")

# %% [markdown]
# That is all there is to the data: an array with a row per photo, and a table with a row per photo.
# How large is it? The paper has 4,122,119 photos and three parts of 768 numbers:

# %% tags=["nbval-check-output"]
for name, n, d in (("MiniEarth", 20_000, 3 * 256), ("the paper", 4_122_119, 3 * 768)):
    print(f"{name:<9} {n:>9,} x {d:>4} x 4 bytes = {4 * n * d / 1e9:6.2f} GB")

# %% [markdown]
# ### Search, in three lines
#
# "Similar" means: a high inner product. So take all of them, sort, and keep the first:

# %%
some = queries[:100]
similarity = some @ vectors.T  # (100, photos)
rows = np.argsort(-similarity, axis=1)[:, :5]
best = np.take_along_axis(similarity, rows, axis=1)

# %% [markdown]
# Nothing else is an **exact index**. The library FAISS does the same without ever holding the whole
# table of similarities, and on all cores. `g3lite.index.Gallery` calls FAISS and keeps the vectors
# together with the table of their photos. Do the three agree?

# %%
gallery = Gallery.build(photos.table, vectors, model="miniclip, aligned")
flat = faiss.IndexFlatIP(vectors.shape[1])
flat.add(vectors)
for name, (s, r) in {"FAISS": flat.search(some, 5), "Gallery": gallery.similar(some, 5)}.items():
    same = (r == rows).mean()
    print(f"{name:<8} {same:.1%} of the rows, similarities within {np.abs(s - best).max():.0e}")

# %% [markdown]
# (Where not all rows agree, two photos are so equally similar that rounding decides.)
#
# Why keep the table with the index? Because a search returns *row numbers*. The official code has
# the vectors in one file and the places in another, and trusts that their rows match. Lose one
# damaged photo in one of the two, and every later answer is the place of a neighbour in the file,
# without any error.

# %%
first = gallery.table.iloc[rows[0]][["IMG_ID", "AUTHOR", "LAT", "LON", "city", "country"]]
first.assign(similarity=best[0].round(3))

# %% [markdown]
# ### Three parts, one inner product
#
# Each of the three parts has length 1. What is then the inner product of two whole vectors? Think
# of it as a long sum, and cut the sum in three:

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(0)
a, b = (np.hstack([unit_rows(rng.normal(size=(1, 256))) for _ in range(3)])[0] for _ in range(2))
cosines = [a[part] @ b[part] for part in (slice(0, 256), slice(256, 512), slice(512, 768))]
print("three cosines:", " ".join(f"{cosine:.4f}" for cosine in cosines))
print(f"their sum {sum(cosines):.4f}, the inner product {a @ b:.4f}")
print(f"length of a whole vector {np.linalg.norm(a):.4f}, the square root of 3")

# %% [markdown]
# So G3's similarity is a vote of three, each from -1 to 1: what the picture shows, what a text
# about it would say, where it could be. Do the three have the same say? A part that gives every
# photo nearly the same cosine cannot change the order. Before you look: which part will vary most
# between photos?

# %%
d, shared = heads.config.image, heads.config.shared
parts = {
    "image": slice(0, d),
    "image→text": slice(d, d + shared),
    "image→GPS": slice(d + shared, None),
}
of_part = {name: some[:, part] @ vectors[:, part].T for name, part in parts.items()}
for name, values in of_part.items():
    share = np.corrcoef(values.ravel(), similarity.ravel())[0, 1]
    print(
        f"{name:<10} mean {values.mean():5.2f}, spread {values.std():.2f}, with the sum {share:.2f}"
    )

# %%
figure = Figure(figsize=(figures.WIDTH, 2.8), layout="constrained")
figure.suptitle("The three cosines of G3's similarity", x=0.01, ha="left", fontweight="bold")
for axes, (name, values) in zip(figure.subplots(1, 3, sharey=True), of_part.items(), strict=True):
    found = np.take_along_axis(values, rows, axis=1)
    bins = np.linspace(-1, 1, 41)
    for what, colour, kind in (
        (values, "#999999", "all photos"),
        (found, figures.PREDICTION, "top 5"),
    ):
        axes.hist(what.ravel(), bins, density=True, color=colour, alpha=0.75, label=kind)
    axes.set_title(name, fontsize=10)
    axes.set(xlabel="cosine with the query", yticks=[])
    axes.spines[["top", "right", "left"]].set_visible(False)
figure.axes[0].legend(frameon=False, loc="upper left")
figure.axes[0].set_ylabel("density")
figures.show(
    figure,
    "Histograms of the cosine of query and photo for the three parts: grey for all photos, orange "
    "for the five photos with the highest sum, which lie at the right end of each.",
)

# %% [markdown]
# ## 2 What neighbours look like
#
# Notebook 01 searched with the picture alone and found the same *kind of picture*. The aligned
# vectors were taught places. Here is one query with both kinds of neighbours, the one for which
# alignment brings them nearest. (So it is no typical one; the counts follow.) Green frames are
# within 200 km of the truth.

# %%
raw_vectors, raw_queries = unit_rows(known), unit_rows(asked)
raw = Gallery.build(photos.table, raw_vectors, model="miniclip")
found = {"raw": raw.similar(raw_queries, 15), "aligned": gallery.similar(queries, 15)}
km = {
    name: geo.great_circle_km(photos.coordinates[rows], truth[:, None])
    for name, (_, rows) in found.items()
}


# %%
places = miniearth.places()
scenes = [miniearth.scene_of(img_id) for img_id in validation.ids]
asked_in = places["city"].loc[[scene.place_id for scene in scenes]].to_numpy()


def strip(query, similarity, rows, title):
    """Show a query and some photos, with distance to the truth, city and similarity."""
    cities = photos.table["city"].iloc[rows].tolist()
    figure = figures.neighbour_strip(
        validation.image(validation.ids[query]),
        [photos.image(photos.ids[row]) for row in rows],
        geo.great_circle_km(photos.coordinates[rows], truth[query]),
        names=[f"{city}\nsimilarity {s:.2f}" for city, s in zip(cities, similarity, strict=True)],
        query_name=f"query\n{asked_in[query]}\n",
        title=title,
    )
    figures.show(figure, f"{title}: a query, and photos from {', '.join(cities)}.", dpi=85)


query = (km["raw"][:, :5].mean(axis=1) - km["aligned"][:, :5].mean(axis=1)).argmax()
for name, (similarity, rows) in found.items():
    strip(query, similarity[query, :5], rows[query, :5], f"Most similar, {name} vectors")

# %% [markdown]
# And the opposite, the query for which alignment does most harm:

# %%
worst = (km["aligned"][:, :5].mean(axis=1) - km["raw"][:, :5].mean(axis=1)).argmax()
for name, (similarity, rows) in found.items():
    strip(worst, similarity[worst, :5], rows[worst, :5], f"Harmed by alignment, {name} vectors")

# %% [markdown]
# ### How far are the references? (Table 3)
#
# The coordinates that G3 puts into its prompts are those of the first 5, 10 and 15 neighbours, its
# *references*. The paper measures how far they are from the truth: over the references of a query
# the average, the median, the largest and the smallest distance, then the mean over the queries.
# Which of the four matters most to a model that can choose among the references?


# %%
def summaries(distances):
    """Distances (q, 15) in km, best first -> the twelve columns of Table 3, one row per query."""
    ways = {"average": np.mean, "median": np.median, "max": np.max, "min": np.min}
    return pd.DataFrame(
        {
            f"top-{k} {name}": way(distances[:, :k], axis=1)
            for k in (5, 10, 15)
            for name, way in ways.items()
        }
    )


def with_intervals(values):
    """Mean of each column in km, with its 95 % interval; photographers are resampled."""
    ends = evaluation.mean_intervals(values, validation.table, replicates=profile.bootstrap)
    cells = [
        f"{mean:,.0f} [{low:,.0f}, {high:,.0f}]" for mean, low, high in zip(*ends, strict=True)
    ]
    return pd.Series(cells, values.columns)


# %% tags=["results"]
table3 = {name: summaries(distances) for name, distances in km.items()}
references = pd.DataFrame({f"{name}, km": with_intervals(table3[name]) for name in table3})
references["aligned minus raw, km"] = with_intervals(table3["aligned"] - table3["raw"])
references

# %% [markdown]
# The last column is paired: both searches answer the same queries, so its interval is narrower than
# the two beside it. Where it lies below zero, alignment brings the references nearer. A model that
# can choose among the references needs a single good one: for it, look at the smallest distance.
# One that takes a middle of them all suffers from the largest.
#
# The paper's own row for the average of the first five. **These are other data**: real photos, a
# gallery of four million, CLIP ViT-L/14.

# %% tags=["nbval-check-output"]
published = {"CLIP": 2554.7, "Equal Earth": 2361.5, "Mercator (G3)": 2299.2}
for name, value in published.items():
    print(f"{name:<14} {value:7.1f} km, {value / published['CLIP'] - 1:+.1%}")

# %% [markdown]
# ## 3 The dissimilar
#
# G3 also shows coordinates where the photo was probably *not* taken. They are those of the photos
# with the lowest inner product. FAISS only finds the highest, and the official README therefore
# asks for a second index, of all vectors negated: 38 GB more. Do you see a way without it?
#
# $$ \langle q, -v \rangle = \langle -q, v \rangle $$

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(0)
q, v = rng.normal(size=(10, 32)).astype("float32"), rng.normal(size=(1000, 32)).astype("float32")
one, negated = faiss.IndexFlatIP(32), faiss.IndexFlatIP(32)
one.add(v)
negated.add(-v)
print("the same rows:", (one.search(-q, 5)[1] == negated.search(q, 5)[1]).all())

# %% [markdown]
# Negate the query, not the gallery. On our gallery, with its two methods, `similar` and
# `dissimilar`:

# %%
opposite = Gallery.build(photos.table, -vectors, model="negated")
least, far = gallery.dissimilar(queries, 15)
same = (opposite.similar(queries, 15)[1] == far).mean()
print(f"{same:.1%} of the rows are those of a negated index of {vectors.nbytes / 1e6:.0f} MB more")
del opposite

# %% [markdown]
# What does the opposite of a photo look like? Three queries that show many cues, from three
# continents. Guess whether a photo can be in many such lists:

# %%
continent = places["continent"].loc[[scene.place_id for scene in scenes]].to_numpy()
clues = np.array([len(scene.visible) for scene in scenes])
three = [np.where(continent == name, clues, -1).argmax() for name in ("Europe", "Asia", "Africa")]
for row in three:
    strip(row, least[row, :5], far[row, :5], "Most dissimilar, aligned vectors")

# %% [markdown]
# ### Hubs
#
# Count over all queries: in how many of the lists is each photo? If the photos of a list were drawn
# at random, then no photo would be in many. Let us draw the photos in order, the most frequent
# first:

# %%
lists = {
    "most similar": found["aligned"][1],
    "most dissimilar": far,
    "at random": np.random.default_rng(0).integers(len(photos), size=far.shape),
}
frequency = {name: np.bincount(r.ravel(), minlength=len(photos)) for name, r in lists.items()}
for name, counts in frequency.items():
    print(
        f"{name:<16} the first photo is in {counts.max() / len(queries):6.1%} of the lists, "
        f"{(counts == 0).mean():.0%} of the photos are in none"
    )


# %%
def chart(title, x, y, height=3.4):
    """A figure with one empty chart, and the chart."""
    figure = Figure(figsize=(figures.WIDTH, height), layout="constrained")
    axes = figure.add_subplot(xlabel=x, ylabel=y)
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


plain = FuncFormatter(lambda value, _: f"{value:,.10g}")  # 10,000 rather than a power of ten

# %%
figure, axes = chart(
    "Few photos fill the dissimilar lists", "photos, most frequent first", "lists (%)"
)
colours = {
    "most similar": figures.TRUTH,
    "most dissimilar": figures.PREDICTION,
    "at random": "#999999",
}
for name, counts in frequency.items():
    share = 100 * np.sort(counts)[::-1] / len(queries)
    axes.plot(np.arange(1, len(share) + 1), share, color=colours[name], linewidth=2, label=name)
axes.set(xscale="log", xlim=(1, None), ylim=(0, None))
axes.xaxis.set_major_formatter(plain)
axes.legend(frameon=False)
figures.show(
    figure,
    "Share of the lists that hold a photo, photos ordered by it on a logarithmic axis: low and "
    "flat for the most similar and for random lists, much higher at the left end for the most "
    "dissimilar.",
)

# %% [markdown]
# Photos that are in very many lists are **hubs**. In the paper's own data, with its code, one photo
# is in the dissimilar list of **32.9 %** of the queries. These are the worst of ours:

# %%
hubs = frequency["most dissimilar"].argsort()[::-1][:6]
share = frequency["most dissimilar"][hubs] / len(queries)
titles = [
    f"{photos.table['city'][row]}\nin {part:.1%} of the lists"
    for row, part in zip(hubs, share, strict=True)
]
figures.show(
    figures.photo_sheet(
        [photos.image(photos.ids[row]) for row in hubs], titles, title="The six worst hubs"
    ),
    "The six photos that are in the most dissimilar lists, each with its city and share: "
    + "; ".join(title.replace("\n", " ") for title in titles)
    + ".",
)

# %% [markdown]
# ### Why?
#
# Split a query into what all photos have in common, the mean $m$ of their vectors, and what is its
# own, $q - m$:
#
# $$ \langle -q, v \rangle = -\langle m, v \rangle - \langle q - m,\, v \rangle $$
#
# The first term is *the same for every query*. If it varies much from photo to photo, then the
# photos at its end come first, whatever the query shows. It would vanish if the mean were zero. Is
# it?

# %%
mean = vectors.mean(axis=0)
common = vectors @ mean  # <m, v> for each photo
each = queries[:300] @ vectors.T
print(
    f"length of the mean {np.linalg.norm(mean):.2f}, of each query {np.linalg.norm(queries[0]):.2f}"
)
share = common.var() / each.var(axis=1).mean()
print(f"variance of the similarity between photos that <m, v> explains: {share:.0%}")
below = np.isin(hubs, common.argsort()[: len(photos) // 100]).sum()
print(f"{below} of the 6 worst hubs are in the percent of photos with the lowest <m, v>")

# %%
figure, axes = chart(
    "Hubs lie opposite the mean", "⟨m, v⟩, inner product with the mean vector", "lists (%)"
)
for name in ("most similar", "most dissimilar"):
    listed = frequency[name] > 0
    share = 100 * frequency[name][listed] / len(queries)
    axes.scatter(
        common[listed], share, s=8, color=colours[name], alpha=0.6, linewidths=0, label=name
    )
axes.legend(frameon=False, markerscale=2)
figures.show(
    figure,
    "Share of the lists that hold a photo against its inner product with the mean vector: the most "
    "dissimilar lists are filled by a few photos at the left end, up to high shares, while the "
    "most similar lists use photos everywhere, each of them rarely.",
)

# %% [markdown]
# A photo at the left end is *unlike everything*. It is dissimilar to your query, but for no reason
# that has to do with your query. To a language model such a list says little: it names the same few
# places to everybody. (The common term is also there when you search with $q$: it favours photos
# close to the mean. But near a query there are photos of its own kind, and these beat it. Opposite
# to a query there is nobody in particular.)
#
# ### What to do
#
# The way out follows from the formula: leave the common term out, that is, search with $m - q$.
# This is **centring**, in the package `dissimilar(queries, k, centre=m)`. How much will it spread
# the lists, and what do you expect it to cost?

# %%
ways = {
    "as in the paper, -q": far,
    "without the mean, m - q": gallery.dissimilar(queries, 15, centre=mean)[1],
    "at random": lists["at random"],
}
measured = {}
for name, rows in ways.items():
    hub = hubness(rows, len(gallery))
    similarity = np.einsum("qd,qkd->qk", queries, vectors[rows])
    away = geo.great_circle_km(photos.coordinates[rows], truth[:, None])
    measured[name] = {
        "worst hub, % of lists": 100 * hub.share,
        "skewness": hub.skewness,
        "photos used": np.unique(rows).size,
        "similarity": similarity.mean(),
        "from the truth, km": with_intervals(pd.DataFrame({"km": away.mean(axis=1)}))["km"],
    }

# %% tags=["results"]
pd.DataFrame(measured).T.infer_objects().round(2)

# %% [markdown]
# (*Skewness* is the usual measure of hubness, that of the number of lists that a photo is in: the
# larger, the longer the tail of photos that are in very many.) The price is in the column
# "similarity": photos that are chosen for *this* query are less dissimilar to it than the hubs,
# though far more than random ones. Whether a language model makes better use of them, only asking
# it can tell.
#
# Many more photos are used, and yet a few hubs stay. Whose lists are they in? Look at the queries
# without any cue, the rooms and the lunches, and at all others apart:

# %%
cueless = np.array([not miniearth.scene_of(name).visible for name in validation.ids])
print(f"{cueless.mean():.0%} of the queries show no cue")
for name in list(ways)[:2]:
    shares = {}
    for whose, some in (("without a cue", cueless), ("all others", ~cueless)):
        shares[whose] = f"{whose} {hubness(ways[name][some], len(gallery)).share:5.1%}"
    print(f"{name:<23} the worst hub is in this share of the lists: " + ", ".join(shares.values()))

# %% [markdown]
# Queries that show nothing are all alike, so they have the same opposite, and no mean can be taken
# out of that. For a photo that shows something, centring does what the formula promises.
#
# The last column of the table is worth a look too. Are the photos least like the query also far
# away? Compare with the last row: a random photo is thousands of km away already, because the Earth
# is large.

# %% [markdown]
# ## 4 Leaks
#
# A gallery that holds the answer makes any method look good. In MiniEarth no photographer is in two
# sets. On Flickr, where the paper's photos come from, nobody arranges that, and two things go
# wrong: **near copies** (the same photo, saved twice) and **the same afternoon** (ten photos by the
# same person at the same spot). 11.75 % of the truths of YFCC4K lie within 10 m of a gallery point
# of GeoCLIP, 2.34 % of those of IM2GPS3K.
#
# We can stage it: let *gallery* photos be the queries. Each then finds itself first, with the
# highest similarity there is, 3. Excluding what is above 2.999 removes that. What is left are other
# photos; how many of them are by the same photographer, and how much nearer are these? (The heads
# were trained on these very photos, which flatters both rows below. Look at their difference.)

# %%
asking = np.random.default_rng(0).choice(len(photos), min(1000, len(photos) // 2), replace=False)
askers = photos.table.iloc[asking]
author = askers["AUTHOR"].tolist()
print("finds itself:", (gallery.similar(vectors[asking], 1)[1][:, 0] == asking).mean())
leaky = gallery.similar(vectors[asking], 1, exclude_above=2.999)[1][:, 0]
fair = gallery.similar(vectors[asking], 1, exclude_above=2.999, exclude_author=author)[1][:, 0]
own = photos.table["AUTHOR"].to_numpy()[leaky] == np.array(author)
album = photos.table["AUTHOR"].value_counts()
print(f"photos per photographer: {album.median():.0f} in the middle, {album.max()} at most")
print(f"{own.mean():.1%} of the first neighbours are by the same photographer")

# %%
answers = {name: photos.coordinates[rows] for name, rows in (("leaky", leaky), ("fair", fair))}
scores = evaluation.evaluate(answers, askers, replicates=profile.bootstrap)
leak = evaluation.compare(*answers.values(), askers, replicates=profile.bootstrap)
gain = leak.set_index("metric")[["difference", "low", "high"]].mul(100).round(1)
print("leaky minus fair, percentage points")
print(gain.to_string())

# %%
evaluation.table(scores).iloc[:, :5]

# %% [markdown]
# MiniEarth's photographers are modest, and most of a large gallery is by others. In a set with
# hundreds of photos per person and place the leak is as large as that set makes it. Measure it:
# `exclude_author` is all it takes.
#
# ### Near copies
#
# Which similarity is *too* high? Let us make copies. Forty gallery photos, made smaller, cut a
# little and saved again at low quality, as the web does. How similar is a copy to its original, and
# how similar is the most similar *other* photo?

# %%
from g3lite.photos import PhotoSet


def web_copy(img_id):
    """The bytes of a smaller, slightly cropped JPEG of a photo."""
    picture = photos.image(img_id)
    w, h = picture.size
    small = picture.crop((w // 32, h // 32, w - w // 32, h - h // 32)).resize((96, 96))
    small.save(stream := io.BytesIO(), "JPEG", quality=40)
    return stream.getvalue()


originals = asking[:40]
copies = PhotoSet("copies", photos.table.iloc[originals], web_copy)
looks = heads.database_vectors(miniclip.image_features(copies, normalize=False).vectors)
to_original = (looks * vectors[originals]).sum(axis=1)
nearest_other = gallery.similar(vectors[asking], 1, exclude_above=2.999)[0][:, 0]

# %%
figure, axes = chart("Copies and neighbours", "similarity (at most 3)", "photos (%)", height=3)
edges = np.linspace(min(nearest_other.min(), to_original.min()), 3, 31)
for values, colour, name in (
    (nearest_other, "#999999", "nearest other photo"),
    (to_original, figures.PREDICTION, "copy and original"),
):
    weights = np.full(len(values), 100 / len(values))
    axes.hist(values, edges, weights=weights, color=colour, alpha=0.75, label=name)
axes.legend(frameon=False, loc="upper left")
figures.show(
    figure,
    "Histograms of the similarity of a copy with its original, close to 3, and of a photo with the "
    "most similar other photo, mostly lower, with some overlap.",
)
limit = np.quantile(to_original, 0.1)
lost = (nearest_other > limit).mean()
print(f"a limit of {limit:.3f} catches 90 % of the copies, and costs {lost:.1%} of the neighbours")

# %% [markdown]
# Where the two overlap, no limit is right: whoever excludes all copies excludes true neighbours
# too. That is a decision, to be made once, on validation, and to be told.
#
# ### Exercise 1: a fair search
#
# Write `fair_search`: the rows of the `k` photos with the highest inner product with one `query`
# (d,), best first. Leave out photos by `author`, and photos whose inner product is more than
# `above`. `vectors` has shape (n, d), `authors` is an array of n names. The rows are those of
# `vectors`. If fewer than k photos are left, return those.


# %% tags=["exercise"]
def fair_search(vectors, authors, query, author, k, above):
    """Rows of the k most similar photos that are neither by author nor above the limit."""
    ...  # your code here


check_03_1(fair_search)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def fair_search(vectors, authors, query, author, k, above):
#     """Rows of the k most similar photos that are neither by author nor above the limit."""
#     similarity = vectors @ query
#     allowed = np.flatnonzero((authors != author) & (similarity <= above))
#     # First exclude, then take k: the other way round, some queries get fewer than k.
#     return allowed[np.argsort(-similarity[allowed])][:k]
#
#
# check_03_1(fair_search)
# ```
#
# </details>

# %% [markdown]
# ## 5 Exact or compressed
#
# Four bytes for each of 2304 numbers of each of four million photos: 38 GB. Must it be so much?
#
# ### Product quantisation, by hand
#
# Idea: replace each vector by the nearest of a few *prototypes*, and store the number of the
# prototype only. With 256 prototypes this number is a single byte. But 256 prototypes for the whole
# world are too few, and with the millions that would be enough the search for the nearest one is as
# long as the search for the photo. **Product quantisation** cuts the vector into pieces, and has
# prototypes for each piece. Two pieces with 16 prototypes each make 16 x 16 = 256 combinations, at
# the price of 32 prototypes. The prototypes come from k-means:


# %%
def k_means(points, k, steps=20):
    """k prototypes of points (n, d): assign each to the nearest, move to the mean, repeat."""
    prototypes = points[np.random.default_rng(0).choice(len(points), k, replace=False)]
    for _ in range(steps):
        nearest = code(points, prototypes)
        for i in np.unique(nearest):
            prototypes[i] = points[nearest == i].mean(axis=0)
    return prototypes


def code(points, prototypes):
    """The number of the nearest prototype of each point."""
    return ((points[:, None] - prototypes) ** 2).sum(axis=2).argmin(axis=1).astype(np.uint8)


# %% [markdown]
# So that it can be drawn, we keep four numbers per photo, its coordinates along the first four
# principal axes, and cut these into two pieces of two.

# %%
mean_outer = vectors.T @ vectors / len(vectors)
energy, axes_of_energy = np.linalg.eigh(mean_outer.astype(np.float64))
flat4 = (vectors[:2000] @ axes_of_energy[:, :-5:-1]).astype(np.float32)
pieces = [flat4[:, :2], flat4[:, 2:]]
prototypes = [k_means(piece, 16) for piece in pieces]
codes = [code(piece, own) for piece, own in zip(pieces, prototypes, strict=True)]
rebuilt = np.hstack([own[number] for own, number in zip(prototypes, codes, strict=True)])
print(f"a photo: {flat4[0].round(2)}, {flat4[0].nbytes} bytes")
print(f"its codes: {codes[0][0]} and {codes[1][0]}, from 0 to 15: together 1 byte")
print(f"rebuilt: {rebuilt[0].round(2)}")

# %%
figure = Figure(figsize=(figures.WIDTH, 3.6), layout="constrained")
figure.suptitle(
    "Product quantisation: 16 prototypes for each piece", x=0.01, ha="left", fontweight="bold"
)
*panels, right = figure.subplots(1, 3)
for number, (axes, piece, own) in enumerate(zip(panels, pieces, prototypes, strict=True)):
    colour = [figures.PALETTE[i % 6] for i in codes[number]]
    axes.scatter(*piece.T, s=4, c=colour, alpha=0.5, linewidths=0)
    axes.scatter(*own.T, s=45, c="black", marker="X", edgecolors="white", linewidths=0.6)
    axes.set_title(
        f"piece {number + 1}: numbers {2 * number + 1} and {2 * number + 2}", fontsize=10
    )
    axes.set(xlabel=f"axis {2 * number + 1}", ylabel=f"axis {2 * number + 2}")
    axes.set_aspect("equal", adjustable="datalim")
exact, approximate = flat4[:60] @ flat4.T, flat4[:60] @ rebuilt.T
right.scatter(exact[:, ::10], approximate[:, ::10], s=3, c=figures.TRUTH, alpha=0.3, linewidths=0)
right.axline((0, 0), slope=1, color="#555555", linewidth=0.8)
right.set_title("inner products", fontsize=10)
right.set(xlabel="exact, 16 bytes", ylabel="from codes, 1 byte", aspect="equal")
figures.show(
    figure,
    "Left and middle: the photos' first and second pairs of numbers as clouds of points, cut into "
    "16 cells around black crosses, the prototypes. Right: inner products from the codes against "
    "the exact ones, along the diagonal with some scatter.",
)

# %% [markdown]
# Sixteen times smaller, and the inner products are nearly right. It is fast as well: a query's
# inner product with each of the 32 prototypes is computed *once*; the similarity of a photo is then
# the sum of two numbers that are looked up. Is it what FAISS does? Give it our prototypes:

# %% tags=["nbval-check-output"]
theirs = faiss.ProductQuantizer(4, 2, 4)  # 4 numbers, 2 pieces, 4 bits a piece
faiss.copy_array_to_vector(np.concatenate(prototypes).ravel(), theirs.centroids)
packed = theirs.compute_codes(flat4)
print(packed.shape[1], "byte per photo")
ours = (codes[0] + 16 * codes[1])[:, None]
print(f"the same codes: {(packed == ours).mean():.1%}")
print("the same vectors from them:", np.array_equal(theirs.decode(ours), rebuilt))
tables = [piece @ own.T for piece, own in zip(pieces, prototypes, strict=True)]
looked_up = tables[0][:60, codes[0]] + tables[1][:60, codes[1]]
print("looked up, the same similarities:", np.allclose(looked_up, approximate, atol=1e-5))

# %% [markdown]
# ### What else there is
#
# - **half**, **sq8**: two bytes or one instead of four for each number.
# - **ivf**: sort the photos into lists of similar ones, and look into the few lists nearest to the
#   query only. It saves time, not memory. Where these hold fewer than k photos, the search says -1
#   for the rest: no photo. Python would take it for the last one, `coordinates_of` does not.
# - **hnsw**: a graph that leads from photo to similar photo until the query is near. Time again;
#   the graph itself takes memory.
# - **pca**: keep the principal axes only, then sq8.
# - **pq-reranked**: find candidates with PQ, sort them with better copies of the vectors.
#
# PCA deserves a second look. The stored vector has three parts, but all three are computed from one
# image feature. How many axes does it take to hold most of the vectors?

# %%
held = 100 * np.cumsum(energy[::-1]) / energy.sum()
figure, axes = chart(
    "How many axes do the vectors need?", "principal axes", "squared length held (%)", 3
)
axes.plot(np.arange(1, len(held) + 1), held, color=figures.TRUTH, linewidth=2)
for percent in (90, 99):
    needed = int(np.argmax(held >= percent)) + 1
    axes.plot([0, needed, needed], [percent, percent, held[0]], ":", color="#555555")
    axes.annotate(f"{percent} %: {needed}", (needed, percent), (8, -12), textcoords="offset points")
axes.set(xlim=(0, len(held)), ylim=(held[0], 101))
figures.show(
    figure,
    "Share of the squared length of the vectors within the first principal axes, rising steeply "
    "and then slowly; dotted lines mark the numbers of axes that hold 90 and 99 per cent.",
)

# %% [markdown]
# ### Measured
#
# **Recall@15** says which part of the true 15 most similar photos an index finds. The function
# `index_types.measure` builds each kind and measures recall, bytes, speed and building time. The
# names with a comma are FAISS's own way to describe an index; `PCA64,SQ8` keeps 64 axes and one
# byte for each. Which kind would you bet on, for a sixteenth of the memory?

# %%
compared = ["exact", "half", "sq8", "ivf", "hnsw", "pca", "PCA64,SQ8", "PQ192x4np"]
if len(gallery) >= 39 * 256:  # FAISS asks for 39 photos per prototype, and these kinds have 256
    compared += ["pq", "pq-reranked"]
costs = index_types.measure(vectors, queries[:300], compared, k=15)
n, exact_bytes = len(gallery), 4 * vectors.shape[1]
costs["growing"] = (costs["bytes_per_photo"] - costs["fixed_bytes"] / n) / exact_bytes
print(f"300 queries at once, {faiss.omp_get_max_threads()} threads")

# %% tags=["results"]
columns = ["kind", "recall", "bytes_per_photo", "of_exact", "growing", "queries_per_s", "build_s"]
costs[columns].round(4).set_index("kind")

# %% [markdown]
# `of_exact` is the share of the exact bytes; `growing` leaves out what does not grow with the
# gallery (prototypes, axes), which a small gallery pays dearly for. Speed is that of this machine.

# %%
figure, axes = chart("What compression costs and saves", "bytes per photo", "recall@15", height=5)
axes.axvline(exact_bytes / 16, color="#555555", linewidth=0.8, linestyle="--")
axes.axhline(0.95, color="#555555", linewidth=0.8, linestyle="--")
axes.text(exact_bytes / 16, costs["recall"].min(), "  1/16 of exact", fontsize=8.5)
speed = costs["queries_per_s"] / costs["queries_per_s"].max()
axes.scatter(costs["bytes_per_photo"], costs["recall"], 400 * speed, figures.TRUTH, alpha=0.6)
shift = {"exact": (-9, 9, "right"), "hnsw": (9, 9, "left"), "ivf": (0, -20, "center")}
shift |= dict.fromkeys(("half", "pq-reranked"), (0, -13, "center"))
for row in costs.itertuples():
    x, y, side = shift.get(row.kind, (0, 18, "center"))
    axes.annotate(
        f"{row.kind}, {row.queries_per_s:,.0f}/s", (row.bytes_per_photo, row.recall), (x, y),
        textcoords="offset points", fontsize=8.5, ha=side, va="center",
    )  # fmt: skip
axes.set(xscale="log", xlim=(45, 9000), ylim=(None, 1.03))
axes.xaxis.set_major_formatter(plain)
figures.show(
    figure,
    "Recall at 15 against bytes per photo on a logarithmic axis, a disc per kind of index, larger "
    "if it is faster and labelled with queries per second; dashed lines at a recall of 0.95 and at "
    "a sixteenth of the bytes of the exact index mark off the best corner, above and left of both.",
)

# %% [markdown]
# Is there a kind with recall of 0.95 or more at a sixteenth of the bytes or less, the corner at the
# top left? And which kinds are on the **frontier**, that is, not beaten in both by another one?

# %%
small = costs["of_exact"] <= 1 / 16
reached = costs[small & (costs["recall"] >= 0.95)]["kind"].tolist()
print(f"recall@15 ≥ 0.95 at ≤ 1/16 of {exact_bytes:,} bytes:", ", ".join(reached) or "none here")
growing = costs[(costs["growing"] <= 1 / 16) & (costs["recall"] >= 0.95)]["kind"].tolist()
print("counting only what grows with the gallery:      ", ", ".join(growing) or "none here")
by_size = costs.sort_values(["bytes_per_photo", "recall"], ascending=[True, False])
frontier = by_size[by_size["recall"] > by_size["recall"].cummax().shift(fill_value=0)]
print("the frontier, from small to large:", ", ".join(frontier["kind"]))

# %% [markdown]
# Do not take the recall along to a larger gallery. The more photos, the closer the 15th and the
# 16th are to each other, and the finer one has to look:

# %%
for n in (len(gallery) // 10, len(gallery) // 3, len(gallery)):
    part = index_types.measure(vectors[:n], queries[:300], ["pca", "PCA64,SQ8"], progress=False)
    of_kind = part.set_index("kind")["recall"]
    print(f"{n:>6,} photos:", ", ".join(f"{kind} {recall:.3f}" for kind, recall in of_kind.items()))

# %% [markdown]
# ### Does it matter?
#
# A neighbour that is missed is not replaced by nonsense, but by the 16th or 17th. What reaches the
# prompt are coordinates, so look at these: Table 3 once more, compressed minus exact, in pairs.

# %%
small_kind = "PCA64,SQ8"
small_index = index_types.build(vectors, small_kind)
compressed = Gallery.build(photos.table, vectors, model="miniclip, aligned", index=small_index)
few = compressed.similar(queries, 15)[1]
km[small_kind] = geo.great_circle_km(compressed.coordinates_of(few), truth[:, None])
change = summaries(km[small_kind]) - table3["aligned"]
averages = [f"top-{k} average" for k in (5, 10, 15)]
with_intervals(change[averages]).rename(f"{small_kind} minus exact, km").to_frame()

# %% [markdown]
# Compare it with what alignment brings (section 2). Recall is the right measure for an index, and
# the wrong one for deciding about a method: measure what the method uses.
#
# ### Exercise 2: recall
#
# Write `recall`: the mean over the queries of $|\text{found} \cap \text{exact}| / k$. Both arrays
# have shape (queries, k) and hold row numbers. The order within a row does not count. In `found`, a
# -1 says that nothing was found.


# %% tags=["exercise"]
def recall(found, exact):
    """Mean share of the exact neighbours that were found."""
    ...  # your code here


check_03_2(recall)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def recall(found, exact):
#     """Mean share of the exact neighbours that were found."""
#     # (q, k, 1) == (q, 1, k): is each of the exact ones anywhere in the same query's list?
#     return (exact[:, :, None] == found[:, None, :]).any(axis=2).mean()
#
#
# check_03_2(recall)
# print(recall(few, found["aligned"][1]), index_types.recall(few, found["aligned"][1]))
# ```
#
# </details>

# %% [markdown]
# ## 6 How cost grows
#
# MiniEarth has 20,000 photos; the paper 4,122,119. Nobody has to own four million photos to know
# what they will cost.
#
# ### Memory: by arithmetic
#
# Memory needs no measurement. `index_types.predict_bytes` adds up codes, ids, graph, prototypes
# and axes. First, is it right about what we have built?

# %%
d = vectors.shape[1]
predicted = [index_types.predict_bytes(kind, d, len(gallery)) for kind in compared]
wrong = np.array(predicted) / (costs["bytes_per_photo"] * len(gallery)) - 1
print(f"predicted against measured: {wrong.min():+.2%} to {wrong.max():+.2%}")

# %% [markdown]
# Then, what would the paper's gallery take? Guess how many fit into the 16 GB of a laptop:

# %% tags=["nbval-check-output"]
paper_n, paper_d = 4_122_119, 2304
for kind in ("exact", "half", "sq8", "hnsw", "ivf", "pca", "PCA192,SQ8", "pq", "PQ576x4np"):
    size = index_types.predict_bytes(kind, paper_d, paper_n) / 1e9
    print(f"{kind:<11} {size:6.2f} GB, 1/{37.99 / size:.1f} of exact")

# %% [markdown]
# ### Time: by measuring, and a line
#
# Time has to be measured. For more vectors than there are photos we invent some: copies of photos,
# each shaken a little. As neighbours they are worthless, but the clock does not see that. We take
# three kinds, and 200 queries at a time (FAISS is much slower with few at once).

# %%
sizes = [1_000, 3_000, 10_000] if profile.name == "ci" else [1_000, 3_000, 10_000, 30_000, 100_000]
rng = np.random.default_rng(0)
many = np.empty((sizes[-1], d), dtype=np.float32)
for start in range(0, len(many), 5_000):
    part = many[start : start + 5_000]
    rng.standard_normal(part.shape, dtype=np.float32, out=part)
    part *= 0.02
    part += vectors[rng.integers(len(vectors), size=len(part))]

# %%
lists_of_pca = "PCA160,IVF{lists},SQ8 nprobe={probes}"
grown = pd.concat(
    index_types.measure(
        many[:n], queries[:200], ["exact", "pca", lists_of_pca], progress=False
    ).assign(n=n)
    for n in sizes
)
grown["ms"] = 1000 / grown["queries_per_s"]
names = {"exact": "exact", "pca": "pca", lists_of_pca: "pca with lists"}
milliseconds = grown.pivot(index="kind", columns="n", values="ms").rename(names)
milliseconds = milliseconds.loc[list(names.values())]
milliseconds.round(4)

# %% [markdown]
# Milliseconds per query, **measured**. Now the line: time grows like a power of n, so on
# logarithmic axes it is straight. Fit the last three sizes, where the fixed costs of a call no
# longer count much, and draw the line on to the paper's size. That part is **extrapolated**:

# %%
lines = {
    name: np.polyfit(np.log(sizes[-3:]), np.log(ms.loc[sizes[-3:]].to_numpy(dtype=float)), 1)
    for name, ms in milliseconds.iterrows()
}


def extrapolated(name, n):
    """Milliseconds per query that the line of a kind says for n photos."""
    return float(np.exp(np.polyval(lines[name], np.log(n))))


# %%
figure, axes = chart(
    "Time per query", "photos in the gallery", "ms per query, in batches of 200", 3.8
)
for (name, ms), colour in zip(milliseconds.iterrows(), figures.PALETTE, strict=False):
    axes.plot(sizes, ms, "o-", color=colour, linewidth=2, label=name)
    ahead = np.geomspace(sizes[-1], paper_n, 20)
    axes.plot(ahead, [extrapolated(name, n) for n in ahead], ":", color=colour, linewidth=2)
    axes.plot(paper_n, extrapolated(name, paper_n), "o", color=colour, mfc="white")
axes.axvline(paper_n, color="#bbbbbb", linewidth=0.8, zorder=0)
axes.text(paper_n, extrapolated("exact", paper_n), "4.12 million  ", ha="right", fontsize=8.5)
axes.set(xscale="log", yscale="log")
axes.xaxis.set_major_formatter(plain)
axes.yaxis.set_major_formatter(plain)
axes.legend(frameon=False, title="dots measured, dotted extrapolated")
figures.show(
    figure,
    "Milliseconds per query against the number of photos on logarithmic axes, measured from a "
    "thousand on as dots, drawn on as dotted lines to 4.12 million: the exact index highest, the "
    "reduced one below it, the one with lists lowest.",
)

# %%
ahead = {
    name: {f"{n:,}": extrapolated(name, n) for n in (100_000, 1_000_000, paper_n)} for name in lines
}
slopes = pd.Series({name: line[0] for name, line in lines.items()}, name="slope")
pd.DataFrame(ahead).T.join(slopes).round(3)

# %% [markdown]
# A slope of 1 says: twice the photos, twice the time. An exact search must look at every photo, so
# it cannot do better in the long run. With lists only a part is looked at, which lowers the line;
# here it is a sixteenth of the lists (eight at least), so in the long run the slope is 1 again.
# Three points on a busy machine do not fix a slope well, and a small error in it is a large one at
# four million: take the last columns for an order of magnitude. (The paper's vectors are also three
# times as long as ours, which the table leaves out.)
#
# **Is such a line to be trusted?** Somebody should check it against a gallery that is really that
# large. `benchmarks/index.py` measured up to a million vectors once, and its table is in the
# repository. Give the line three points of that run, up to 100,000, and compare what it says about
# a million with what was measured:

# %%
shipped = Path("../benchmarks/index_growth.csv")
if shipped.is_file():
    for kind, runs in pd.read_csv(shipped).groupby("kind", sort=False):
        runs = runs.set_index("vectors")
        ms, recalls = runs["ms_per_query"], runs["recall"]
        line = np.polyfit(*np.log([[1e4, 3e4, 1e5], ms.loc[[10_000, 30_000, 100_000]]]), 1)
        if 1_000_000 in ms:
            said = np.exp(np.polyval(line, np.log(1e6)))
            off = said / ms[1_000_000] - 1
            measured_ms = f"measured {ms[1_000_000]:4.1f} ms: {off:+.0%}"
            print(f"{kind:<8} the line says {said:4.1f} ms, {measured_ms}")
            of_size = recalls.loc[[10_000, 100_000, 1_000_000]].round(3).tolist()
            print(f"         recall with 10,000, 100,000 and 1,000,000: {of_size}")
else:
    print("the benchmark's table is not here; clone the repository to see it")

# %% [markdown]
# An error of that size is what to expect of such a line, one power of ten further. And where the
# recall falls with the gallery, speed is not all that changes: the warning of section 5 at full
# size. (There, too, the further vectors are invented, between a photo and its neighbours; invented
# vectors crowd more than real ones would.)
#
# ### Exercise 3: how large is it?
#
# Write `pq_bytes`: the bytes of a PQ index of `n` vectors of `d` numbers, cut into `pieces` with
# `bits` bits each. Per photo there is a code; its bits are packed, and a photo begins at a whole
# byte. To read the codes, the prototypes are needed: numbers of 4 bytes. Nothing else is stored.


# %% tags=["exercise"]
def pq_bytes(n, d, pieces, bits):
    """Bytes of the codes and of the prototypes."""
    ...  # your code here


check_03_3(pq_bytes)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def pq_bytes(n, d, pieces, bits):
#     """Bytes of the codes and of the prototypes."""
#     code = (pieces * bits + 7) // 8  # rounded up to whole bytes
#     # Each piece has 2**bits prototypes of d / pieces numbers: together 2**bits * d numbers.
#     return n * code + 4 * 2**bits * d
#
#
# check_03_3(pq_bytes)
# theirs = index_types.predict_bytes("PQ288x8np", paper_d, paper_n)
# print(pq_bytes(paper_n, paper_d, 288, 8), theirs)
# ```
#
# </details>

# %% [markdown]
# ## 7 A gallery is a folder
#
# Building takes time, so the gallery is saved: the index, the table, and a manifest that names the
# model and holds a SHA-256 of both files. That is not bureaucracy. An index that belongs to other
# heads, or a table with one row less, still gives an answer to every query. Nothing crashes; the
# places are just wrong. So `load` refuses what does not fit:

# %%
with tempfile.TemporaryDirectory() as folder:
    compressed.save(folder)
    again = Gallery.load(folder, model="miniclip, aligned")
    print("the same answers:", (again.similar(queries, 15)[1] == few).all())
    for path in sorted(Path(folder).iterdir()):
        print(f"  {path.suffix:<9} {path.stat().st_size:>10,} bytes")

    index = next(Path(folder).glob("*.faiss"))
    content = bytearray(index.read_bytes())
    content[len(content) // 2] ^= 1  # one bit of one code of one photo
    index.write_bytes(content)
    try:
        Gallery.load(folder)
    except GalleryError as error:
        print("refused:", str(error).replace(str(folder), "the folder"))

# %% [markdown]
# One bit in the middle of a file changes one number of one photo a little. Nobody would have
# noticed. The same goes for a gallery of another model, and for photos that are added twice:

# %%
with tempfile.TemporaryDirectory() as folder:
    compressed.save(folder)
    try:
        Gallery.load(folder, model="another CLIP")
    except GalleryError as error:
        print("refused:", str(error).replace(str(folder), "the folder"))
try:
    compressed.add(photos.table[:3], vectors[:3])
except ValueError as error:
    print("refused:", error)

# %% [markdown]
# ## 8 When to choose which
#
# From the measurements above: recall is that of this gallery, memory that of the paper's, by
# arithmetic; time per query that of this machine on this gallery.

# %%
laptop = 8e9  # bytes of a 16 GB laptop that one may use
choice = costs.set_index("kind")[["recall", "build_s"]].copy()
choice["ms per query"] = 1000 / costs["queries_per_s"].to_numpy()
# The paper's vectors are three times as long: so many more axes, or pieces, where a name sets them.
longer = {"PCA64,SQ8": "PCA192,SQ8", "PQ192x4np": "PQ576x4np"}
in_bytes = [
    index_types.predict_bytes(longer.get(kind, kind), paper_d, paper_n) for kind in compared
]
choice["GB at 4.12 million x 2304"] = np.array(in_bytes) / 1e9
choice["fits a laptop"] = np.where(np.array(in_bytes) <= laptop, "yes", "no")
choice["recall ≥ 0.95"] = np.where(choice["recall"] >= 0.95, "yes", "no")
choice["faster than exact"] = np.where(
    choice["ms per query"] < choice.loc["exact", "ms per query"], "yes", "no"
)

# %% tags=["results"]
choice.round(3)

# %% [markdown]
# Read it from the need:
#
# - **It fits, and it is fast enough?** Exact. It has nothing to tune and nothing to explain.
# - **It does not fit?** First drop what the vectors do not need (PCA), then bytes (sq8). PQ is the
#   way where axes cannot be spared; look whether it is on the frontier of *your* vectors.
# - **It fits, but is too slow?** Lists or a graph. They cost memory, and a setting (`nprobe`,
#   `efSearch`) that has to be chosen by measured recall.
# - **It must serve the dissimilar too?** Look at `recall_dissimilar` of `index_types.measure`
# before you   choose lists or a graph: both are laid out for queries that resemble the photos, and
# -q does   not.

# %%
costs[["kind", "recall", "recall_dissimilar"]].round(3).set_index("kind").T

# %% [markdown]
# ## What you have learnt
#
# - A gallery is an array of vectors and the table of their photos, which must never part. Search is
#   an inner product, a sort, and a cut; of three unit parts it is the sum of three cosines.
# - One index finds the similar with q and the dissimilar with -q.
# - Where vectors have a common mean, the same few photos are opposite to everything: hubs. Centring
#   spreads the lists over more photos.
# - Exclude the photographer and near copies, or measure what they give away.
# - Compression trades recall for memory and time. What pays depends on the vectors: those of G3
#   have three parts of one origin, and few axes hold most of them.
# - Memory of any size is arithmetic. Time is a line through measurements, with the care that an
#   extrapolation deserves.
#
# **What it cannot do.** The measured figures belong to this gallery, this machine, and vectors of a
# drawn world. CLIP's vectors may need more axes, and recall falls as the gallery grows. Nor does a
# search know anything about places: it returns what the vectors call similar.
#
# **With care.** A searchable gallery of other people's photos is personal data, even as vectors.
# Keep who took them out of what you publish, and honour deletions.
#
# **Next:** [04 Prompt diversification](04_prompt_diversification.ipynb): what the references are
# for. A model that looks at the photo is told where similar and dissimilar ones were taken.
#
# ### References
#
# - P. Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization Using
#   Large Multi-Modality Models*, NeurIPS 2024,
#   [arXiv 2405.14702](https://arxiv.org/abs/2405.14702): section 3.2, table 3.
# - M. Douze et al., *The Faiss Library*, 2024, [arXiv 2401.08281](https://arxiv.org/abs/2401.08281).
# - H. Jégou, M. Douze and C. Schmid, *Product Quantization for Nearest Neighbor Search*, IEEE TPAMI
#   2011: PQ and IVF.
# - T. Ge, K. He, Q. Ke and J. Sun, *Optimized Product Quantization for Approximate Nearest Neighbor
#   Search*, CVPR 2013: a rotation that makes the pieces fit (`opq`).
# - Y. Malkov and D. Yashunin, *Efficient and Robust Approximate Nearest Neighbor Search Using
#   Hierarchical Navigable Small World Graphs*, IEEE TPAMI 2020: HNSW.
# - M. Radovanović, A. Nanopoulos and M. Ivanović, *Hubs in Space: Popular Nearest Neighbors in
#   High-Dimensional Data*, JMLR 2010.
# - I. Suzuki et al., *Centering Similarity Measures to Reduce Hubs*, EMNLP 2013.
