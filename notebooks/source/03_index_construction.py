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
# G3 tells a language model where the photos most *similar* to a photo were taken, and where the
# most *dissimilar* ones were. Both come from a **gallery**: photos with known places, one vector
# each, that can be searched. Afterwards you will be able to
#
# - search by inner product in three lines, and say what a library adds;
# - find the similar and the dissimilar with one index;
# - recognise a **hub**, a photo that is in very many lists, explain where it comes from, and
#   measure whether a remedy works;
# - compress vectors by product quantisation, and explain each step;
# - choose an index for a given memory, and defend the choice with measurements.
#
# **Paper:** Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization
# Using Large Multi-Modality Models*, [arXiv 2405.14702](https://arxiv.org/abs/2405.14702),
# section 3.2 and table 3.
# **You need:** [notebook 02](02_geo_alignment.ipynb) for where the vectors come from; numpy.
# **Time:** 50 minutes to read, 80 with the exercises. **Machine:** any laptop, 3 GB of memory, no
# GPU; the cells run for about a minute, plus some minutes the first time (20,000 pictures are
# drawn, encoded and kept).

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
import faiss
import numpy as np
import pandas as pd

from g3lite import evaluation, figures, geo, miniearth
from g3lite.alignment import GeoAlignment
from g3lite.backbone import Backbone, unit_rows
from g3lite.figures import diagrams
from g3lite.index import Gallery, hubness
from g3lite.scale import index_types
from g3lite.teaching import guess, own, real_photos
from g3lite.teaching.checks import nb03
from g3lite.teaching.checks.nb03 import check_03_1, check_03_2, check_03_3

# %% tags=["parameters"]
PROFILE = "auto"

# %% jupyter={"source_hidden": true}
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

# %% [markdown]
# ## 1 One photo, two searches

# %%
gallery = Gallery.build(photos.table, vectors, model="miniclip, aligned")
_, near = gallery.similar(queries, 15)
_, far = gallery.dissimilar(queries, 15)

# %%
DUBLIN = 189
found = {
    "The 15 most similar": gallery.coordinates_of(near[DUBLIN]),
    "The 15 most dissimilar": gallery.coordinates_of(far[DUBLIN]),
}
query_photo = miniearth.draw(miniearth.scene_of(validation.ids[DUBLIN]), 512)
figures.show(
    figures.two_searches(query_photo, truth[DUBLIN], found, "A photo from Dublin, searched twice"),
    "A road with a green sign, and two world maps. The most similar photos lie on the star that "
    "marks Dublin; the most dissimilar ones lie on other continents.",
)

# %%
for name, places_found in found.items():
    km = geo.great_circle_km(places_found, truth[DUBLIN])
    print(f"{name}: from {km.min():,.0f} to {km.max():,.0f} km, {(km <= 200).sum()} within 200 km")

# %% [markdown]
# The photo was taken in Dublin, at the star. The search with it went through 20,000 photos with
# known places. Of the 15 most similar ones, 10 were taken within 200 km; the 15 most dissimilar
# ones between 4,904 and 10,503 km away. G3 tells its language model the coordinates of both lists.
# (This photo was chosen because it works well; what follows is measured on 2,400 queries. It is
# drawn larger here than the 128 pixels that the models see.)
#
# You are at the gallery, the search between the steps of G3:

# %% tags=["diagram"]
figures.show(*diagrams.g3(here="gallery"))

# %% [markdown]
# ### What is stored
#
# An array of vectors and a table of photos, row by row. A search returns *row numbers*, and the
# table turns them into places. If one of the two loses a row, every later answer is the place of
# another photo, and no error is raised; so keep them together.

# %%
print(f"{len(photos):,} photos, {vectors.shape[1]} numbers each, {vectors.nbytes / 1e6:.0f} MB")
print(f"{len(queries):,} queries")

# %% [markdown]
# Each row has three parts of 256 numbers and of length 1: MiniCLIP's image feature, and what the
# heads of notebook 02 make of it, the photo as it looks beside texts and beside coordinates.

# %%
parts = {"image": slice(0, 256), "image→text": slice(256, 512), "image→GPS": slice(512, 768)}

# %% [markdown]
# ## 2 Search: an inner product, a sort, a cut
#
# "Similar" means: a high inner product with the query.

# %% tags=["diagram"]
figures.show(*diagrams.inner_products())

# %% [markdown]
# Compute all inner products, sort them, keep the first 15. This is the search, in three lines:

# %%
products = queries[:100] @ vectors.T  # (100, photos)
rows = np.argsort(-products, axis=1)[:, :15]
best = np.take_along_axis(products, rows, axis=1)

# %% [markdown]
# The library **FAISS** does the same on all cores, without holding the whole table in memory.
# `g3lite.index.Gallery` calls FAISS and keeps the table with the vectors. Do the three agree?

# %%
flat = faiss.IndexFlatIP(vectors.shape[1])
flat.add(vectors)
for name, one in {"FAISS": flat.search(queries[:100], 15)[1], "Gallery": near[:100]}.items():
    print(f"{name}: {(one == rows).mean():.1%} of the rows are those of the three lines")

# %% [markdown]
# They do, in 100.0 % of the rows. An index that compares every photo is called **exact**.
#
# ### Three parts, one inner product
#
# The inner product of two vectors is one long sum. Cut it at the ends of the parts: each piece is
# the inner product of two parts of length 1, their cosine. G3's similarity is the sum of three
# cosines:

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(0)
a, b = (np.hstack([unit_rows(rng.normal(size=(1, 256))) for _ in range(3)])[0] for _ in range(2))
cosines = [a[part] @ b[part] for part in parts.values()]
print("three cosines:", " ".join(f"{cosine:.4f}" for cosine in cosines))
print(f"their sum {sum(cosines):.4f}, the inner product {a @ b:.4f}")

# %% [markdown]
# What does each part find alone? A green frame means: within 200 km of the query.

# %%
SKOPJE = 236
views = {**parts, "all three": slice(None)}
alone = {
    name: np.argsort(-(vectors[:, part] @ queries[SKOPJE, part]))[:5]
    for name, part in views.items()
}

# %%
query_photo = validation.image(validation.ids[SKOPJE])
close = [geo.great_circle_km(photos.coordinates[r], truth[SKOPJE]) <= 200 for r in alone.values()]
figures.show(
    figures.photo_rows(
        photos,
        {name: (query_photo, rows) for name, rows in alone.items()},
        "A photo from Skopje, and the five photos nearest to it",
        framed=close,
    ),
    "Four rows. By the image part alone, streets with two cars from five cities; by the other "
    "parts and by all three, nearly only photos from Skopje, of squares and tracks too.",
)

# %% [markdown]
# The image part finds the same *kind of picture*, two cars in a street, in five cities. The other
# two find Skopje, also in pictures of another kind. (A photo chosen to show this. Now all queries.)
#
# **Guess first.** Leave one part out, and compare the lists of 15 with those of all three. Without
# which part do they change most?

# %%
my_part = None  # "image", "image→text" or "image→GPS"

# %%
without = {}
for name, part in parts.items():
    kept = np.delete(np.arange(vectors.shape[1]), part)
    rest = Gallery.build(photos.table, vectors[:, kept], model=f"without {name}")
    without[name] = rest.similar(queries[:, kept], 15)[1]
    same = index_types.recall(without[name], near)
    print(f"without {name:<10} {same:.0%} of the photos in the lists stay")

# %%
stay = {name: index_types.recall(rows, near) for name, rows in without.items()}
print(guess.compare(my_part, min(stay, key=stay.get)))

# %% [markdown]
# Without the image part only 75 % of the photos stay, without one of the others 85 or 87 %. So it
# has the largest say in *who* is listed. Does it also bring the list nearer to the truth? Prompts
# contain the coordinates of the first neighbours, the **references**. Take the first five:


# %%
def first_five_km(rows):
    """Average distance in km of the first five photos of each list from the truth: (queries,)."""
    return geo.great_circle_km(photos.coordinates[rows[:, :5]], truth[:, None]).mean(axis=1)


def interval(values):
    """Mean of one number per query, and its 95 % interval; photographers are resampled."""
    ends = evaluation.mean_intervals(
        values[:, None], validation.table, replicates=profile.bootstrap
    )
    return [float(end[0]) for end in ends]


# %%
raw = Gallery.build(photos.table, unit_rows(known), model="miniclip")
others = {"image features, not aligned": raw.similar(unit_rows(asked), 15)[1]}
others |= {f"without {name}": rows for name, rows in without.items()}
differences = {name: interval(first_five_km(near) - first_five_km(o)) for name, o in others.items()}

# %%
print(f"with all three parts the first five are {first_five_km(near).mean():,.0f} km off")
references = pd.DataFrame(differences, index=["difference", "low", "high"]).T
said = [f"{name} {d:+.0f} km [{a:+.0f}, {b:+.0f}]" for name, (d, a, b) in differences.items()]
figures.show(
    figures.forest(
        references.rename_axis("method").reset_index(), "The first five references, "
        "compared with those of all three parts", "nearer", "further away", unit="km",
    ),
    f"Differences with their 95 % intervals: {', '.join(said)}.",
)  # fmt: skip

# %% [markdown]
# With all three parts the first five references are 4,064 km away on average. With image features
# that are not aligned, they are 334 km [273, 401] further away: that is what alignment brings to
# the search. (In the paper's table 3 the same average is 2,554.7 km
# with CLIP's features and 2,299.2 km with G3's vectors, on real photos.) Leaving out image→text
# costs 97 km [54, 136], leaving out image→GPS 40 km, just outside of chance. Leaving out the image
# part changes nothing that can be seen: +9 km, from −43 to +62. The part with the largest say in
# the lists is the one that the distance does not need. Measure what you care about, here the
# distance.

# %% [markdown]
# ## 3 The dissimilar: search with −q
#
# G3 also needs the photos with the *lowest* inner product, and FAISS returns the highest. The
# README of the official code asks for a second index, of all vectors negated: twice the memory. But
# the sign can move to the other side:
#
# $$ \langle q, -v \rangle = \langle -q, v \rangle $$
#
# Negate the query instead of the gallery. Are the results the same?

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(0)
q, v = rng.normal(size=(10, 32)).astype("float32"), rng.normal(size=(1000, 32)).astype("float32")
one, negated = faiss.IndexFlatIP(32), faiss.IndexFlatIP(32)
one.add(v)
negated.add(-v)
print("the same rows:", (one.search(-q, 5)[1] == negated.search(q, 5)[1]).all())

# %% [markdown]
# They are: one index serves both searches. `Gallery.dissimilar` searches with −q.
#
# **Guess first.** If the lists of the dissimilar were drawn at random, 15 photos for each
# query, the most frequent photo would be in 0.4 % of them. In how many per cent is it really?

# %%
my_share = None  # per cent of the lists

# %%
chance = np.random.default_rng(0).integers(len(photos), size=far.shape)
for name, lists in {"at random": chance, "most similar": near, "most dissimilar": far}.items():
    hub = hubness(lists, len(gallery))
    print(f"{name:<16} the most frequent photo is in {hub.share:.1%} of the lists")

# %%
worst, expected = hubness(far, len(gallery)), hubness(chance, len(gallery))
print(guess.compare(my_share, 100 * worst.share, "%", digits=1))
print(f"{worst.share / expected.share:.0f} times as often as the most frequent one at random")
print(f"lists at random hold {np.unique(chance).size:,} photos, these {np.unique(far).size:,}")

# %% [markdown]
# One photo is in 11.3 % of all lists of the dissimilar, 27 times as often as the most frequent
# photo at random. (Among the similar the maximum is 0.7 %.) All lists together hold 4,887 photos;
# drawn at random they would hold 16,684. Here are three queries from three continents. A frame
# marks photos that are in more than 5 % of *all* lists.

# %%
share = np.bincount(far.ravel(), minlength=len(gallery)) / len(queries)
THREE = {"Amsterdam": 132, "Mawlamyine": 118, "Kinshasa": 25}
common = set.intersection(*(set(far[q, :5].tolist()) for q in THREE.values()))
said = [f"{photos.table['city'][row]}, in {share[row]:.1%} of all lists" for row in common]
figures.show(
    figures.photo_rows(
        photos,
        {city: (validation.image(validation.ids[q]), far[q, :5]) for city, q in THREE.items()},
        "Three queries, and the five photos most dissimilar to each",
        caption=lambda row: (
            f"{photos.table['city'][row]}\nin {100 * share[row]:.1f} % of all lists"
        ),
        framed=[share[far[q, :5]] > 0.05 for q in THREE.values()],
        colour=figures.PREDICTION,
    ),
    "Queries from Amsterdam, Mawlamyine and Kinshasa, and their lists. "
    f"In all three lists: a street in {'; '.join(said) or 'no photo'}.",
)

# %% [markdown]
# A street in Amsterdam, one in Myanmar and a village near Kinshasa share an opposite: a street in
# Lahore is in all three lists, and in 10.1 % of all lists. Such a list says little about the photo:
# it names the same few places to everybody.

# %% [markdown]
# ## 4 Hubs
#
# A photo that is in very many lists is called a **hub**:

# %% tags=["diagram"]
figures.show(*diagrams.hub(far, len(gallery)))

# %% [markdown]
# Only 4,887 of the 20,000 photos are in any list at all, and the worst hub is in 271 lists. These
# are the six worst:

# %%
hubs = share.argsort()[::-1][:6]
titles = [f"{photos.table['city'][row]}\nin {100 * share[row]:.1f} % of the lists" for row in hubs]
figures.show(
    figures.photo_sheet([photos.image(photos.ids[row]) for row in hubs], titles, title="Six hubs"),
    "Six streets and roads with large signs, most of them from Pakistan and Iran.",
)

# %% [markdown]
# They are all of one kind: a straight road and a large sign. Why these?
#
# ### Where hubs come from
#
# Split a query into what all photos have in common, the mean $m$ of their vectors, and what is its
# own, $q - m$:
#
# $$ \langle -q, v \rangle = -\langle m, v \rangle - \langle q - m,\, v \rangle $$
#
# The first term is *the same for every query*. A photo with a low $\langle m, v \rangle$ is unlike
# the average photo, and comes early in every list. If the mean were zero, so would be the term. Is
# it?

# %%
mean = vectors.mean(axis=0)
common = vectors @ mean  # <m, v> of each photo
print(f"length of the mean {np.linalg.norm(mean):.2f}, of a query {np.linalg.norm(queries[0]):.2f}")
lowest = np.argsort(common)[: len(photos) // 100]
print(f"{np.isin(hubs, lowest).sum()} of the 6 hubs are in the 1 % with the lowest <m, v>")

# %%
shares = {
    "most similar": np.bincount(near.ravel(), minlength=len(gallery)) / len(queries),
    "most dissimilar": share,
}
figures.show(
    figures.hub_scatter(common, shares),
    "Share of the lists that a photo is in, against its inner product with the mean. The lists of "
    "the dissimilar use a few photos at the left end very often; those of the similar use photos "
    "everywhere, each rarely.",
)

# %% [markdown]
# It is not: the mean is 1.07 long, a query 1.73, and 5 of the 6 hubs belong to the 1 % of the
# photos that are least like the mean. (The sixth, at 9.6 % in the middle, has another cause; it
# comes back below.) The lists of the similar do not suffer from this: near a query there are photos
# of its own kind. Opposite to a query there is no such kind, and photos opposite to *everything*
# come first.
#
# ### A remedy, and whether it works
#
# Leave the common term out: search with $m - q$. This is **centring** (Suzuki et al., 2013).

# %%
_, centred = gallery.dissimilar(queries, 15, centre=mean)
ways = {"−q, as in the paper": far, "m − q, centred": centred}
for name, lists in ways.items():
    hub = hubness(lists, len(gallery))
    used = np.unique(lists).size
    print(
        f"{name:<20} worst hub {hub.share:.1%}, skewness {hub.skewness:.1f}, {used:,} photos used"
    )

# %% [markdown]
# More than twice as many photos are used, 11,014 instead of 4,887. But the worst hub is still in
# 8.5 % of the lists, and the *skewness* of the counts, the usual measure of hubness (large if a few
# photos are in very many lists), rises from 13.0 to 18.3. Does centring fail? Ask whose lists these
# are. Some queries show no cue at all: a plate, a cat, a bedroom. Look at them apart:

# %%
cueless = np.array([not miniearth.scene_of(name).visible for name in validation.ids])
print(f"{cueless.sum()} of {len(cueless):,} queries show no cue: {cueless.mean():.0%}")


# %%
def hub_share(lists, some):
    """Share of the lists of some queries that their worst hub is in, and its 95 % interval."""
    listed = (lists[some] == hubness(lists[some], len(gallery)).row).any(axis=1)
    ends = evaluation.mean_intervals(
        listed[:, None], validation.table[some], replicates=profile.bootstrap
    )
    return dict(zip(("share", "low", "high"), np.ravel(ends), strict=True))


groups = {"queries with cues": ~cueless, "queries without a cue": cueless}
split = pd.DataFrame(
    [
        {"group": group, "way": way, **hub_share(lists, some)}
        for group, some in groups.items()
        for way, lists in ways.items()
    ]
)

# %%
said = [
    f"{r.group}, {r.way}: {r.share:.1%} [{100 * r.low:.1f}, {100 * r.high:.1f}]"
    for r in split.itertuples()
]
figures.show(
    figures.share_bars(
        split, "The worst hub of each group of queries", "in % of the group's lists"
    ),
    f"Bars with 95 % intervals. {'; '.join(said)}.",
)

# %% [markdown]
# One number hid two results. For queries with cues, centring does what the formula promises: the
# worst hub falls from 9.6 % [8.2, 11.0] to 1.6 % [1.1, 2.3] of the lists. For the 11 % without a
# cue it does nearly nothing: 76.6 % before, 71.8 % after. To the model they are all alike, so they
# have the same opposite, and it is not the opposite of the mean. It is the sixth hub of above:

# %%
some = np.flatnonzero(cueless)[[1, 2, 4, 5, 6]]
row = hubness(far[cueless], len(gallery)).row
pictures = [validation.image(validation.ids[i]) for i in some] + [photos.image(photos.ids[row])]
titles = [*[""] * 5, f"{photos.table['city'][row]}: their opposite"]
figures.show(
    figures.photo_sheet(pictures, titles, title="Five queries without a cue, and their opposite"),
    "A butterfly, a plate, a kitchen, a soup and a cat; and a street with a red sign.",
)

# %% [markdown]
# The split also explains the skewness:

# %%
for group, some in groups.items():
    both = [hubness(lists[some], len(gallery)).skewness for lists in ways.values()]
    print(f"{group:<22} skewness {both[0]:.1f} with −q, {both[1]:.1f} with m − q")

# %% [markdown]
# Among queries with cues it falls, from 11.7 to 3.4; it rises among the others, from 30.0 to 37.8.
# Before you believe one number over all queries, split the queries.
#
# Is a dissimilar photo at least far away from the truth?


# %%
def list_km(rows):
    """Average distance in km of all photos of each list from the truth: (queries,)."""
    return geo.great_circle_km(photos.coordinates[rows], truth[:, None]).mean(axis=1)


print(f"random photos: {list_km(chance).mean():,.0f} km")
for name, lists in ways.items():
    more, low, high = interval(list_km(lists) - list_km(chance))
    print(f"{name:<20} {more:+.0f} km [{low:+.0f}, {high:+.0f}] further than random photos")

# %% [markdown]
# Only a little: 298 km [148, 457] further than random photos, which are 7,612 km away because the
# Earth is large; with centring 617 km [501, 732]. What a language model makes of it, notebook 04
# asks.
#
# ### Exercise 1: remove the hubs
#
# Would it help to delete the hubs from the gallery? Write the experiment. `ranked` has a row for
# each query: rows of photos, the most dissimilar first; the list of a query is its first `k`. Count
# in how many lists each photo is, take the most frequent one out of *all* rows (the photos behind
# it move up), and count again, `removed` times. Return the share of the lists that the most
# frequent photo is in then.


# %% tags=["exercise"]
def worst_after(ranked, k, removed):
    """Share of the lists that hold the worst hub, after the `removed` worst were taken out."""
    ...  # your code here


check_03_1(worst_after)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def worst_after(ranked, k, removed):
#     """Share of the lists that hold the worst hub, after the `removed` worst were taken out."""
#     gone = []
#     while True:
#         lists = np.array([row[~np.isin(row, gone)][:k] for row in ranked])
#         counts = np.bincount(lists.ravel())
#         if len(gone) == removed:
#             return counts.max() / len(ranked)
#         gone.append(counts.argmax())
#
#
# check_03_1(worst_after)
# ```
#
# </details>

# %% [markdown]
# On our gallery, for the queries with cues, where the worst hub is in 9.6 % of the lists. **Guess
# first:** after ten removals, how many per cent are left?

# %%
my_rest = None  # per cent of the lists that hold the worst hub, ten removals later

# %%
experiment = own.choose(worst_after, check_03_1, nb03.worst_after)
_, ranked = gallery.dissimilar(queries[~cueless], 60)
left = {removed: 100 * experiment(ranked, 15, removed) for removed in (0, 1, 5, 10, 20)}
print(", ".join(f"{removed} removed: {percent:.1f} %" for removed, percent in left.items()))
print(guess.compare(my_rest, left[10], "%", digits=1))

# %% [markdown]
# After ten removals another photo is in 6.3 % of the lists, after twenty in 5.3 %: behind each hub
# stands the next one. Deleting treats the effect. Centring treats the cause, the common mean, and
# leaves 1.6 % without deleting anything.

# %% [markdown]
# ## 5 Smaller, or faster
#
# Our gallery takes 61 MB. The paper's, with four million photos and vectors three times as long,
# takes 38 GB. There are two ways to save: store fewer bytes, or look at fewer photos.
#
# ### Fewer bytes: product quantisation by hand
#
# Replace a vector by the nearest of a few **prototypes**, and store only the number of the
# prototype. A few prototypes are too coarse for whole vectors, so **product quantisation** (PQ)
# cuts each vector into pieces, with prototypes for each piece. Four pieces with 16 prototypes each
# have 16 × 16 × 16 × 16 = 65,536 combinations. The prototypes come from k-means:


# %%
def code(points, prototypes):
    """The number of the nearest prototype of each point."""
    return ((points[:, None] - prototypes) ** 2).sum(axis=2).argmin(axis=1)


def k_means(points, k, steps=20):
    """k prototypes: assign each point to the nearest one, move it to their mean, repeat."""
    prototypes = points[:k].copy()
    for _ in range(steps):
        numbers = code(points, prototypes)
        for i in np.unique(numbers):
            prototypes[i] = points[numbers == i].mean(axis=0)
    return prototypes


# %% [markdown]
# To be able to draw it, take eight numbers per photo, its coordinates along the first eight
# principal axes, and cut them into four pieces of two:

# %%
energy, axes = np.linalg.eigh(vectors.T @ vectors / len(vectors))
eight = np.ascontiguousarray(vectors[:2000] @ axes[:, :-9:-1])
pieces = [eight[:, start : start + 2] for start in (0, 2, 4, 6)]
prototypes = [k_means(piece, 16) for piece in pieces]
codes = [code(piece, book) for piece, book in zip(pieces, prototypes, strict=True)]

# %% tags=["diagram"]
figures.show(*diagrams.code_book(eight, number=5))

# %% [markdown]
# Eight numbers, 32 bytes, have become four codes of 4 bits: 2 bytes. For a search, compute the
# inner product of each piece of the query with its 16 prototypes once; the similarity of a photo is
# then the sum of four numbers that are *looked up*. Is this what FAISS does? Give it our
# prototypes:

# %% tags=["nbval-check-output"]
theirs = faiss.ProductQuantizer(8, 4, 4)  # 8 numbers, 4 pieces, 4 bits a piece
faiss.copy_array_to_vector(np.concatenate(prototypes).ravel(), theirs.centroids)
packed = theirs.compute_codes(eight)
ours = np.column_stack([codes[0] + 16 * codes[1], codes[2] + 16 * codes[3]])
tables = [piece[:60] @ book.T for piece, book in zip(pieces, prototypes, strict=True)]
looked_up = sum(table[:, number] for table, number in zip(tables, codes, strict=True))
print(packed.shape[1], f"bytes per photo; the same codes: {(packed == ours).mean():.1%}")
rebuilt = theirs.decode(packed)
print("the same similarities:", np.allclose(looked_up, eight[:60] @ rebuilt.T, atol=1e-4))

# %% [markdown]
# It is: the codes agree in 100.0 %, and so do the similarities.
#
# ### Fewer photos: lists
#
# Sort the photos into lists of similar ones beforehand (k-means again), and look only into the few
# lists whose middles are nearest to the query. This saves time, not memory:

# %% tags=["diagram"]
plane = vectors[:2000] @ axes[:, [-2, -3]]
figures.show(*diagrams.lists(plane, queries[13] @ axes[:, [-2, -3]]))

# %% [markdown]
# ### Exercise 2: recall
#
# **Recall@15** is the share of the true 15 nearest photos that an index finds. Write `recall`: the
# mean over the queries of $|\text{found} \cap \text{exact}| / k$, from row numbers of shape
# (queries, k). The order within a row does not count, a row that is found twice counts once, and a
# -1 in `found` says that nothing was found.


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
# ```
#
# </details>

# %% [markdown]
# ### What each kind costs
#
# - **exact**, **half**, **sq8**: four bytes, two or one for each number;
# - **PQ192x4np**: product quantisation, 192 pieces with 16 prototypes each (such names are
#   FAISS's);
# - **pca**, **PCA64,SQ8**: the first 160 or 64 principal axes only, one byte for each;
# - **ivf**: lists, of which one in 16 is searched;
# - **hnsw**: a graph that leads from photo to similar photo until the query is near.
#
# **Guess first.** PQ192x4np takes 96 bytes for a photo instead of 3,072. How many per cent of the
# true 15 neighbours will it find?

# %%
my_recall = None  # per cent

# %%
kinds = ["exact", "half", "sq8", "ivf", "hnsw", "pca", "PCA64,SQ8", "PQ192x4np"]
costs = index_types.measure(vectors, queries[:200], kinds, progress=False)
figures.show(
    figures.trade_off(costs),
    "For eight kinds of index: bytes per photo, recall at 15 of the similar and of the dissimilar, "
    "and queries per second.",
)

# %% tags=["results"]
costs.set_index("kind")[["bytes_per_photo", "recall", "recall_dissimilar"]].map("{:.2f}".format)

# %%
measured = costs.set_index("kind")
print(guess.compare(my_recall, 100 * measured.loc["PQ192x4np", "recall"], "%"))

# %% [markdown]
# 1. **PQ is poor here**: its recall is 0.66 for the similar and 0.49 for the dissimilar.
#    `PCA64,SQ8` is smaller and reaches 0.91 and 0.89: it keeps the few axes along which these
#    vectors differ.
# 2. **PQ saves memory, not time.** It is the slowest kind of all. An exact search with many queries
#    is one large matrix product, which processors compute very fast; looking up numbers is slow.
# 3. **Lists and graphs save time, not memory.** `ivf` and `hnsw` answer more queries per second
#    than exact search, and take a little more memory. Fewer bytes do not say how fast a kind is:
#    `half` and `sq8` are slower here than exact search, because each number has to be unpacked,
#    and `PCA64,SQ8` is faster, because it has fewer numbers.
# 4. **They are laid out for q, not for −q.** `ivf` finds 0.99 of the similar, but 0.87 of the
#    dissimilar; `hnsw` 1.00 and 0.95. Nothing resembles −q, so no list is near it. G3 needs both
#    searches: measure both.
#
# Why are a few axes enough? The three parts of a vector are computed from one image feature:

# %%
held = np.cumsum(energy[::-1]) / energy.sum()
print(f"of 768 axes, 64 hold {held[63]:.1%} of the squared length, 160 hold {held[159]:.1%}")

# %% [markdown]
# So 64 axes of 768 hold 94.5 % of the squared length of the vectors. Vectors of another origin may
# need more.
#
# ### Does a missed neighbour matter?
#
# A missed neighbour is replaced by the next one, the 16th or 17th. What reaches the prompt are
# coordinates, so measure these:

# %%
small = index_types.build(vectors, "PCA64,SQ8")
compressed = Gallery.build(photos.table, vectors, model="miniclip, aligned", index=small)
few = compressed.similar(queries, 15)[1]
more, low, high = interval(first_five_km(few) - first_five_km(near))
print(f"the first five references: {more:+.0f} km [{low:+.0f}, {high:+.0f}]")
print(f"without alignment: {-differences['image features, not aligned'][0]:+.0f} km")

# %% [markdown]
# The references are 42 km [10, 74] further away, an eighth of the 334 km that alignment brings, for
# 74 bytes a photo instead of 3,072. Recall is the measure for an index. To decide about a method,
# measure what the method uses.

# %% [markdown]
# ## 6 Choose, and defend the choice
#
# The kinds to choose from, with two new ones, 96 axes and 96 pieces:

# %%
CANDIDATES = [
    "exact", "half", "sq8", "ivf", "hnsw", "pca", "PCA96,SQ8", "PCA64,SQ8", "PQ96x4np",
]  # fmt: skip

# %% [markdown]
# ### Exercise 3: an index for a phone
#
# An app is to carry a gallery, and may spend `most_bytes` per photo, everything counted. G3 needs
# both lists, so what counts is the *worse* of the two recalls@15. Write `choose`: it tries kinds of
# index on the vectors and some queries, and returns the name of the best one that fits; at least
# one candidate does. Useful: `index_types.build(vectors, kind)` makes an index,
# `index.search(queries, 15)[1]` returns rows, `index_types.serialised_bytes(index)` counts bytes.
# The check has three galleries of different nature: no single kind is right for all.


# %% tags=["exercise"]
def choose(vectors, queries, most_bytes):
    """The kind within the memory whose worse recall@15, of both lists, is the best."""
    ...  # your code here


check_03_3(choose)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def choose(vectors, queries, most_bytes):
#     """The kind within the memory whose worse recall@15, of both lists, is the best."""
#     exact = index_types.build(vectors, "exact")
#     recalls = {}
#     for kind in CANDIDATES:
#         index = index_types.build(vectors, kind)
#         if index_types.serialised_bytes(index) <= most_bytes * len(vectors):
#             recalls[kind] = min(
#                 index_types.recall(index.search(sought, 15)[1], exact.search(sought, 15)[1])
#                 for sought in (queries, -queries)
#             )
#     return max(recalls, key=recalls.get)
#
#
# check_03_3(choose)
# ```
#
# </details>

# %% [markdown]
# And for our gallery, with 128 bytes a photo?

# %%
chosen = own.choose(choose, check_03_3, nb03.choose)(vectors, queries[:100], 128)
report = index_types.measure(vectors, queries[100:300], [chosen], progress=False).iloc[0]
print(
    f"{chosen}: {report['bytes_per_photo']:.0f} bytes, recall {report['recall']:.3f} of the "
    f"similar and {report['recall_dissimilar']:.3f} of the dissimilar, on other queries"
)

# %% [markdown]
# `PCA96,SQ8` takes 111 bytes; on other queries than those it was chosen with, its recall is 0.937
# and 0.931. A defence names the need, the rivals and the price: *128 bytes per photo, and both
# lists. Of the kinds that fit, `PCA64,SQ8` finds fewer of the dissimilar, and PQ far fewer of both.
# `pca` finds more and does not fit; lists and graphs save no memory. The price is about one
# neighbour in a list of 15.* Now defend a choice for a server with much memory and many queries a
# second that needs the similar only.
#
# <details><summary>One answer</summary>
#
# Lists (`ivf`): they find nearly all of the similar and answer more queries per second than exact
# search. The server has the memory, and their weakness, the dissimilar, does not matter there.
# `hnsw` is a fair choice too. If exact search is fast enough, it is better than both: it has
# nothing to tune.
#
# </details>

# %% [markdown]
# ## On real photos
#
# The same searches in a **pack** of photos that people took (notebook 01; [how to make
# one](../g3lite/pack.md)): the parts *train* and *gallery* are searched, the parts *validation* and
# *test* are the queries, and no photographer is on both sides. `G3LITE_PACK` names the pack;
# without one the cells below do nothing when you run them.
#
# **What is shown here is mechanics on 240 photos, not CLIP**: photos of IM2GPS3K, with features of
# a network that names the objects of ImageNet. The vectors are these features alone, not aligned.

# %% tags=["pack"]
pack = real_photos.pack("neighbours, hubs, and what compression costs")

# %% tags=["pack"]
if pack:
    searched, wanted = pack.part("train", "gallery"), pack.part("validation", "test")
    there, here = (unit_rows(np.float32(some.features)) for some in (searched, wanted))
    of_pack = Gallery.build(searched.table, there, real_photos.label(pack))
    lists = {
        "at random": np.random.default_rng(0).integers(len(there), size=(len(here), 15)),
        "most similar": of_pack.similar(here, 15)[1],
        "most dissimilar": of_pack.dissimilar(here, 15)[1],
        "m − q, centred": of_pack.dissimilar(here, 15, centre=there.mean(axis=0))[1],
    }
    print(f"{len(here):,} queries, lists of 15 out of {len(there):,} photos")
    for name, rows in lists.items():
        km = geo.great_circle_km(of_pack.coordinates_of(rows[:, :5]), wanted.coordinates[:, None])
        print(f"{name:<16} the first five are {km.mean():,.0f} km away on average")

# %% [markdown]
# The first five of the similar lie 7,620 km away, no nearer than random photos, 7,240 km: features
# that name objects find the same object anywhere. References for a prompt need features that know
# places, and alignment. Are there hubs in real photos?

# %% tags=["pack"]
if pack:
    for name, rows in lists.items():
        hub = hubness(rows, len(there))
        print(f"{name:<16} worst hub in {hub.share:.0%} of the lists, skewness {hub.skewness:.1f}")
    counts = {
        name: np.bincount(lists[name].ravel(), minlength=len(there)) / len(here)
        for name in ("most similar", "most dissimilar")
    }
    figures.show(
        figures.hub_scatter(there @ there.mean(axis=0), counts),
        "Share of the lists that a real photo is in, against its inner product with the mean.",
    )

# %% [markdown]
# There are: one photo is in 93 % of the lists of the dissimilar. At random the most frequent one is
# in 19 %, as lists of 15 are long for so few photos. The cause is that of section 4: the worst hubs
# are the photos least like the mean, at the left. Centring leaves 33 %. And here the similar have
# hubs, too, at the right end, near the mean. What does compression cost?

# %% tags=["pack"]
if pack:
    kinds = ["exact", "half", "sq8", "ivf", "hnsw", "pca", "PCA64,SQ8"]
    if len(there) >= 39 * 16:  # FAISS wants 39 photos for each of 16 prototypes
        kinds.append(f"PQ{there.shape[1] // 4}x4np")
    of_kinds = index_types.measure(there, here[:200], kinds, progress=False)
    figures.show(
        figures.trade_off(of_kinds, f"Kinds of index: {real_photos.label(pack)}"),
        "For kinds of index: bytes per photo, recall at 15 of both lists, and queries per second.",
    )
    columns = ["bytes_per_photo", "fixed_bytes", "recall", "recall_dissimilar"]
    print(of_kinds.set_index("kind")[columns].map("{:,.2f}".format).to_string())

# %% [markdown]
# One byte for each number (`sq8`) loses next to nothing: its recall is 1.00 with a quarter of the
# bytes. But `pca` has become *larger* than exact. Its matrix of axes, `fixed_bytes`, takes as much
# for 198 photos as for millions, and has to be shared by many photos to be worth it. With a pack of
# your own, ask whether 64 axes are enough for features of real photos.

# %% [markdown]
# ## What you have learnt
#
# - A gallery is an array of vectors and a table of photos. A search is an inner product, a sort and
#   a cut. With G3's vectors it is the sum of three cosines.
# - With aligned vectors the first five references are 334 km nearer [273, 401] than with image
#   features.
# - One index finds the similar with q and the dissimilar with −q.
# - The dissimilar lists have hubs: one photo is in 11.3 % of them, because the vectors have a
#   common mean. Centring leaves 1.6 % for queries with cues, and does not help the 11 % without.
# - Compression trades recall for memory, and its speed has to be measured; lists and graphs trade
#   recall for time. Which kind is good depends on the vectors: here a few axes with one byte each
#   are much better than product quantisation.
# - A choice is defended by measurements of what is needed: both lists, the memory, and the
#   distance.
#
# **What it cannot do.** These figures belong to this gallery, this machine and a drawn world.
# Recall falls as a gallery grows, because neighbours come closer to each other. And a search knows
# nothing about places: it returns what the vectors call similar.
#
# **With care.** A searchable gallery of other people's photos is personal data, even as vectors.
# Leave out photos by the photographer of a query when you measure (`exclude_author`), and delete
# photos when their owners ask for it.
#
# **Next:** [04 Prompt diversification](04_prompt_diversification.ipynb): what the references are
# for. A model that looks at the photo is told where similar and dissimilar ones were taken.
#
# ### References
#
# - P. Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization Using
#   Large Multi-Modality Models*, NeurIPS 2024,
#   [arXiv 2405.14702](https://arxiv.org/abs/2405.14702): section 3.2, table 3.
# - M. Douze et al., *The Faiss Library*, 2024,
#   [arXiv 2401.08281](https://arxiv.org/abs/2401.08281).
# - H. Jégou, M. Douze and C. Schmid, *Product Quantization for Nearest Neighbor Search*, IEEE TPAMI
#   2011: PQ and lists.
# - Y. Malkov and D. Yashunin, *Efficient and Robust Approximate Nearest Neighbor Search Using
#   Hierarchical Navigable Small World Graphs*, IEEE TPAMI 2020: HNSW.
# - M. Radovanović, A. Nanopoulos and M. Ivanović, *Hubs in Space: Popular Nearest Neighbors in
#   High-Dimensional Data*, JMLR 2010.
# - I. Suzuki et al., *Centering Similarity Measures to Reduce Hubs*, EMNLP 2013.
