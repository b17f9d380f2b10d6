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
# # Worldwide geolocalization: where was this photo taken?
#
# [← 00 Locate a photo](00_locate_a_photo.ipynb) ·
# [02 Geo-alignment →](02_geo_alignment.ipynb) ·
# Open in Colab (once on GitHub)
#
# A photo goes in, a latitude and a longitude come out. This notebook is about the *task*: the data,
# the score, and why the obvious method, looking for similar photos, is mediocre at it. Afterwards
# you will be able to
#
# - say which clues place a photo, and whether they narrow it down to a continent or to a street;
# - score answers by great-circle distance, and say what a mean distance would have hidden;
# - build and read the three baselines that every method must beat;
# - show why nearest neighbours go wrong although the clues are there;
# - tell how much a few hundred queries can prove.
#
# **Paper:** Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization
# Using Large Multi-Modality Models*, [arXiv 2405.14702](https://arxiv.org/abs/2405.14702), sections
# 1 and 4.
# **You need:** Python, numpy, the idea of an embedding. **Time:** 60 minutes to read, 90 with the
# exercises. **Machine:** any laptop, 2 GB of memory, no GPU; the cells run for a few minutes the
# first time (20,000 pictures are drawn and kept) and for about a minute after that.

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
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from g3lite import evaluation, figures, geo, index, miniearth
from g3lite.baselines import retrieval
from g3lite.teaching.checks.nb01 import check_01_1, check_01_2, check_01_3

pd.set_option("display.width", 160, "display.max_columns", 20)

# %% tags=["parameters"]
PROFILE = "auto"

# %% [markdown]
# The photos are those of **MiniEarth**, a drawn world: the places are real, and so are the side of
# the road, the script and the climate; houses, landmarks and signs are invented, but fixed for each
# place. No real photo set tells you what can be seen in a photo and what would happen if it were
# changed. This one does. Real photos and big models come later in the series, with the same code.

# %%
profile = profiles.get(PROFILE)
places = miniearth.places()
gallery = miniearth.load("gallery", profile.gallery_size)
validation = miniearth.load("validation", profile.query_size)
print(f"profile {profile.name}: {len(gallery):,} known photos, {len(validation):,} to locate")

# %% [markdown]
# ## 1 Where photos come from
#
# A photo set is a table and a folder of pictures. The *gallery* is what a method may learn from: it
# knows where these were taken. Here are five rows of its table.

# %%
table = miniearth.load("gallery").table
table[["IMG_ID", "AUTHOR", "LAT", "LON", "city", "country", "continent"]].sample(5, random_state=0)

# %% [markdown]
# People do not photograph the Earth evenly. Before you look at the map: which share of the photos
# would you expect from the 1 % of the places that are photographed most?

# %%
taken_at = table[["LAT", "LON"]].to_numpy()
figures.show(
    figures.density_map(taken_at, f"Where the {len(table):,} photos of the gallery were taken"),
    "World map of the density of gallery photos on a logarithmic scale: dense in Europe and around "
    "a few large cities, thin in Siberia, the Sahara and central Australia.",
)


# %%
def place_ids(photos):
    """The number of the place of every photo: an IMG_ID begins with it."""
    return photos["IMG_ID"].str[:4].astype(int).to_numpy()


photos_per_place = np.sort(np.bincount(place_ids(table), minlength=len(places)))[::-1]
covered = np.cumsum(photos_per_place) / photos_per_place.sum()
for percent in (1, 10, 50):
    first = round(len(places) * percent / 100)
    print(f"the {percent:2d} % of places photographed most: {covered[first - 1]:.0%} of the photos")


# %%
def chart(title, x, y, height=3.4):
    """A figure with one empty chart, and the chart."""
    figure = Figure(figsize=(figures.WIDTH, height), layout="constrained")
    axes = figure.add_subplot(xlabel=x, ylabel=y)
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


figure, axes = chart("A few places hold most of the photos", "places, in order (%)", "photos (%)")
ranks = 100 * np.arange(1, len(places) + 1) / len(places)
axes.plot(ranks, 100 * covered, color=figures.TRUTH, linewidth=2, label="MiniEarth's gallery")
axes.plot([0, 100], [0, 100], color="#999999", linestyle=":", label="if all places had the same")
axes.legend(loc="lower right", frameon=False)
figures.show(
    figure,
    "Cumulative share of photos against share of places, most photographed first: the curve rises "
    "steeply and bends far above the diagonal.",
)

# %% [markdown]
# ### What unevenness does to a guess
#
# It helps those who do not look. Suppose that you must give **one answer for all photos**, unseen.
# Where would you put it? That depends on how near is near enough: the best single answer is the
# point with the most photos around it. Compare the share of photos it catches with the share of the
# Earth's surface inside the same circle, which is what it would catch if photos were spread evenly.

# %%
for km, point in zip(evaluation.THRESHOLDS_KM, retrieval.constant(taken_at)[0], strict=True):
    photos = (geo.great_circle_km(point, taken_at) <= km).mean()
    surface = (1 - np.cos(km / geo.EARTH_RADIUS_KM)) / 2
    city = table["city"][geo.great_circle_km(point, taken_at).argmin()]
    print(f"{km:>5} km around {city:<14} {photos:6.2%} of the photos, {surface:8.4%} of the Earth")

# %% [markdown]
# So a share of right answers means nothing by itself: someone who always gives the same answer
# scores too. And it cuts the other way for methods that learn: for most places there are hardly any
# examples. That is the *heterogeneity* which G3 sets out to deal with.

# %% [markdown]
# ## 2 Cues: what gives a place away
#
# Try it yourself before a machine does. Here is one photo of each of ten photographers. Which would
# you place on a continent, which in a country, which in a city?

# %%
scenes = [miniearth.scene_of(img_id) for img_id in validation.ids]
quiz = validation.table.drop_duplicates("AUTHOR").index[:10]
pictures = [validation.image(validation.ids[row]) for row in quiz]
names = [f"photo {number}" for number in range(1, 11)]
figures.show(
    figures.photo_sheet(pictures, names, columns=5, title="Where were these taken?"),
    "Ten numbered photos of MiniEarth by ten photographers, without any hint of the place.",
)

# %% [markdown]
# A **cue** is a visible thing that depends on the place. MiniEarth sorts its cues by *scale*, by
# how far you have to travel until they change. Now the truth, with the number of cues of each scale
# that the photo shows:

# %%
from g3lite.miniearth.cues import SCALES

answers = []
for scene in (scenes[row] for row in quiz):
    shown = {scale: sum(cue in scene.visible for cue in SCALES[scale]) for scale in SCALES}
    place = places.loc[scene.place_id]
    answers.append({"place": f"{place.city}, {place.country}", "kind": scene.view.kind} | shown)
pd.DataFrame(answers, index=names)

# %% [markdown]
# ### Each cue has its scale
#
# Take any two places and ask whether they agree on a cue. Neighbours should, antipodes should not
# (or only by chance). At which distance does the agreement stop? What do you expect of the driving
# side, and what of the colour of the roofs?

# %%
looks = pd.DataFrame([vars(miniearth.cues_of(place_id)) for place_id in places.index])
centres = places[["lat", "lon"]].to_numpy()
one, other = np.triu_indices(len(places), k=1)
apart = geo.great_circle_km(centres[one], centres[other])
edges = np.geomspace(30, 20_100, 20)


def agreement(cue):
    """Share of pairs of places that agree on a cue, for each band of distance."""
    values = looks[cue].to_numpy()
    return pd.Series(values[one] == values[other]).groupby(np.digitize(apart, edges)).mean()


# %%
shown = ["driving_side", "script", "zone", "roof_colour", "taxi"]
figure, axes = chart("How often two places agree on a cue", "distance, km", "pairs that agree (%)")
for cue, colour in zip(shown, figures.PALETTE, strict=False):
    share = 100 * agreement(cue).loc[1:]
    axes.plot(edges[share.index - 1], share, color=colour, linewidth=2, label=cue.replace("_", " "))
axes.set(xscale="log", ylim=(0, 103), xticks=[50, 200, 750, 2500, 15_000])
axes.set_xticklabels(["50", "200", "750", "2,500", "15,000"])
axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
figures.show(
    figure,
    "Share of pairs of places that agree, against distance on a logarithmic axis: driving side and "
    "script start near 100 per cent and fall over some thousand kilometres, the climate zone falls "
    "steadily, roof colour falls within a few hundred kilometres, taxi colour is flat at chance.",
)

# %% [markdown]
# A cue is useful at the scale at which its curve falls, and useless where it is flat. Curves that
# end high are cues with few values: two random countries often agree on the side of the road. Taxi
# colours differ from city to city, so between places they agree only by chance, and inside a city
# always. One such cue says little; five of them, combined, leave few places on Earth.

# %% [markdown]
# ### One photo, one cue changed
#
# Now a photo that shows many cues: a clear day in Lisbon. Because MiniEarth draws it, we can change
# one cue and draw the same scene again, with nothing else moved. These are the cues it shows:

# %%
lisbon = places.index[places["city"] == "Lisbon"][0]
wanted = {"buildings", "sign", "traffic", "line", "vegetation", "landmark"}


def is_clear(scene):
    """Whether a scene shows all that is wanted, in good light."""
    view = scene.view
    good = view.weather == "clear" and view.sun_elevation > 25 and view.occluder == "none"
    return good and wanted <= scene.shows


taken = (miniearth.photograph(lisbon, seed, "00001591@M00") for seed in range(100_000))
street = next(scene for scene in taken if is_clear(scene))
for scale, names in SCALES.items():
    print(f"{scale:<10}", ", ".join(name for name in names if name in street.visible))

# %% [markdown]
# Find the difference in each picture, and decide where on Earth it puts you.

# %%
from g3lite.miniearth.cues import ROOF_COLOURS

mumbai = places.index[places["city"] == "Mumbai"][0]
changes = {
    "driving side": {"driving_side": "left"},
    "script": {"script": "hangul"},
    "climate zone": {"zone": "boreal"},
    "roofs": {"roof_colour": next(c for c in ROOF_COLOURS if c != street.cues.roof_colour)},
    "landmark": {"landmark": miniearth.cues_of(mumbai).landmark},
}
variants = {"the photo": street}
for name, change in changes.items():
    variants[f"other {name}"] = replace(street, cues=replace(street.cues, **change))
drawn = {name: miniearth.draw(scene, 256) for name, scene in variants.items()}
figures.show(
    figures.photo_sheet(list(drawn.values()), list(drawn), columns=3, title="One cue at a time"),
    "The same street scene six times: as it is, then with traffic on the left, with Korean letters "
    "on the sign, with northern trees, with other roofs, and with another landmark.",
    dpi=85,
)

# %% [markdown]
# ### Everything else changed
#
# What varies between photos of one place and says nothing about it is **nuisance**: hour, weather,
# season, lens, camera. Same spot, same cues:

# %%
nuisances = {
    "in the rain": {"weather": "rain"},
    "in fog": {"weather": "fog"},
    "at night": {"hour": 22.0, "sun_elevation": -20.0},
    "after snowfall": {"season": "winter", "snow": True, "weather": "overcast"},
    "with an old camera": {"saturation": 0.1, "grain": 12.0, "vignette": 0.5, "exposure": 0.8},
}
for name, change in nuisances.items():
    variants[name] = replace(street, view=replace(street.view, **change))
    drawn[name] = miniearth.draw(variants[name], 256)
shown = ["the photo", *nuisances]
figures.show(
    figures.photo_sheet(
        [drawn[n] for n in shown], shown, columns=3, title="The same place, always"
    ),
    "The same street scene six times: as it is, in rain, in fog, at night, with snow, and in pale "
    "colours with noise.",
    dpi=85,
)

# %% [markdown]
# To you, the first sheet shows six places and the second a single one. How would that look to
# someone who compares pixels? Guess: which changes more of the picture, the side of the road on
# which a country drives, or a bit of rain?

# %%
before = np.asarray(drawn["the photo"]).astype(int)
for name, picture in drawn.items():
    moved = np.abs(np.asarray(picture).astype(int) - before).max(axis=-1)
    print(f"{name:<20} {(moved > 8).mean():6.1%} of the pixels differ")

# %% [markdown]
# That is the difficulty of the task in one list. What matters is small, what does not matter is
# large. Keep it in mind for section 5.
#
# ### Photos without any cue
#
# People also photograph their lunch. Such photos cannot be placed by anyone, and they stay in the
# benchmark all the same:

# %%
cueless = [row for row, scene in enumerate(scenes) if not scene.visible]
print(f"{len(cueless) / len(scenes):.0%} of the {len(scenes):,} photos show no cue at all")
pictures = [validation.image(validation.ids[row]) for row in cueless[:6]]
figures.show(
    figures.photo_sheet(pictures, columns=6, title="No clue"),
    "Six photos that show nothing of a place: rooms, food, sky and single objects.",
)

# %% [markdown]
# ## 3 How wrong is wrong?
#
# Somebody answers Notre-Dame for a photo of the Eiffel Tower; somebody else answers Berlin. Neither
# is right, but one of them knew a lot. So an answer is scored by its **distance** from the truth,
# along the surface of the Earth. For two points with latitudes $\varphi$ and longitudes $\lambda$
#
# $$ d = 2R \arcsin \sqrt{\sin^2 \frac{\varphi_2 - \varphi_1}{2}
#    + \cos\varphi_1 \cos\varphi_2 \sin^2 \frac{\lambda_2 - \lambda_1}{2}} , \qquad
#    R = 6371.0088\ \text{km}. $$


# %%
def distance_km(a, b):
    """Great-circle distance of (n, 2) points [latitude, longitude] in degrees."""
    lat_a, lon_a = np.radians(a).T
    lat_b, lon_b = np.radians(b).T
    north, east = (lat_b - lat_a) / 2, (lon_b - lon_a) / 2
    half_chord2 = np.sin(north) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin(east) ** 2
    return 2 * 6371.0088 * np.arcsin(np.sqrt(half_chord2))


# %% tags=["nbval-check-output"]
eiffel_tower = [48.8584, 2.2945]
answers = {
    "Notre-Dame": [48.8530, 2.3499],
    "Versailles": [48.8049, 2.1204],
    "Lyon": [45.7640, 4.8357],
    "Berlin": [52.5200, 13.4050],
    "New York": [40.7128, -74.0060],
    "Sydney": [-33.8688, 151.2093],
}
points = np.array(list(answers.values()))
km = distance_km(np.array([eiffel_tower] * len(points)), points)
for name, d in zip(answers, km, strict=True):
    print(f"{name:<11} {d:10,.1f} km from the Eiffel Tower")
print("the same as g3lite.geo:", np.allclose(km, geo.great_circle_km(eiffel_tower, points)))

# %% [markdown]
# Why not simply subtract the numbers? There are two reasons. Predict the four distances first.

# %% tags=["nbval-check-output"]
for lat in (0, 60, 85):
    d = distance_km(np.array([[lat, 0.0]]), np.array([[lat, 1.0]]))[0]
    print(f"one degree of longitude at latitude {lat:2d}: {d:6.1f} km")
fiji, samoa = np.array([[-17.7, 178.0]]), np.array([[-13.8, -171.8]])
d = distance_km(fiji, samoa)[0]
print(f"Fiji to Samoa: {abs(fiji - samoa)[0, 1]:.1f} degrees of longitude, but {d:,.0f} km")

# %% [markdown]
# ### Five thresholds
#
# One street, one city, one region, one country, one continent: the task is scored by the share of
# photos within **1, 25, 200, 750 and 2500 km**. This is what the larger ones look like from Paris
# (the two smaller would be dots):

# %%
bearings = np.linspace(0, 360, 181)
circles = {km: geo.offset(np.tile(eiffel_tower, (181, 1)), bearings, km) for km in (200, 750, 2500)}
figure, axes = figures.zoomed_map(
    circles[2500], "From the Eiffel Tower: region, country, continent"
)
for (km, circle), colour in zip(circles.items(), figures.PALETTE, strict=False):
    arcs = figures.draw_arcs(axes, circle[:-1], circle[1:], color=colour, width=2)
    arcs.set_label(f"{km:,} km")
figures.draw_points(axes, [eiffel_tower], color="#000000", size=60, marker="*")
axes.legend(loc="lower left", framealpha=0.9, edgecolor="none")
figures.show(
    figure,
    "Map of Europe with circles of 200, 750 and 2500 km around Paris: the smallest lies within "
    "France, the second covers most of it, the largest reaches from Morocco to Moscow.",
)

# %% [markdown]
# ### What a mean distance hides
#
# Five thresholds are five numbers; why not one mean? Here are two methods and six photos. The first
# finds the street five times and misses once by half a world. The second never gets nearer than a
# neighbouring country. Which of them would you rather use, and which one has the better mean?

# %% tags=["nbval-check-output"]
errors_km = {
    "mostly right": np.array([0.3, 0.4, 0.6, 0.8, 0.9, 12_000.0]),
    "never right": np.array([1400.0, 1500.0, 1700.0, 1900.0, 2100.0, 2400.0]),
}
limits = "  ".join(f"{km:>4}" for km in evaluation.THRESHOLDS_KM)
print(f"method         mean km  median km   within {limits} km")
for name, km in errors_km.items():
    shares = "  ".join(f"{(km <= limit).mean():4.0%}" for limit in evaluation.THRESHOLDS_KM)
    print(f"{name:<13} {km.mean():8,.0f}  {np.median(km):9,.1f}          {shares}")

# %% [markdown]
# The mean is ruled by the worst answer, and the worst answers are lunches and skies. The median
# ignores them and everything else that is not in the middle. The thresholds show the whole.
#
# If one number is a must, there is the **GeoScore**, the rule of the game GeoGuessr: at most 5,000
# points for a photo, $5000\, e^{-d / 1492.7\,\text{km}}$. Errors beyond a continent all count for
# nearly nothing, so no single miss can rule it.

# %% tags=["nbval-check-output"]
km = np.array([0, 1, 25, 200, 750, 2500, 10_000])
points = 5000 * np.exp(-km / 1492.7)
print("km      ", "".join(f"{d:8,d}" for d in km))
print("GeoScore", "".join(f"{p:8,.0f}" for p in points))
print("the same as g3lite.evaluation:", np.allclose(points, evaluation.geoscore(km)))

# %% [markdown]
# ### Exercise 1: no answer is a wrong answer
#
# A method need not answer. A language model may refuse, and a reply may be unreadable. Write
# `share_within`: the share of **all** photos whose prediction lies within `km` of the truth. Both
# arrays have shape (n, 2), [latitude, longitude] in degrees; a prediction is `[nan, nan]` where
# there is none. You may use `distance_km`.


# %% tags=["exercise"]
def share_within(predictions, truth, km):
    """Share of the photos whose prediction lies within km of the truth."""
    ...  # your code here


check_01_1(share_within)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def share_within(predictions, truth, km):
#     """Share of the photos whose prediction lies within km of the truth."""
#     # No comparison with NaN is true: a photo without an answer is a miss, and stays in the mean.
#     return np.mean(geo.great_circle_km(predictions, truth) <= km)
#
#
# check_01_1(share_within)
# ```
#
# </details>

# %% [markdown]
# ## 4 Three baselines
#
# What does a method have to beat? The first baseline does not look at the photo: the **constant**
# of section 1. The others look for similar photos.
#
# "Similar" needs a vector per photo. In the paper they come from CLIP; here from **MiniCLIP**, a
# model of the same kind, but small, trained on MiniEarth pictures and captions of what they show.
# The captions name no place. It is frozen: here it only turns pictures into 256 numbers.

# %%
from g3lite.backbone import Backbone

miniclip = Backbone.load("miniclip", device=profile.device)
queries = {
    "validation": validation,
    "test_natural": miniearth.load("test_natural", profile.query_size),
    "test_uniform": miniearth.load("test_uniform", profile.query_size),
}
known = miniclip.image_features(gallery, profile.batch_size).vectors
vectors = {
    name: miniclip.image_features(photos, profile.batch_size).vectors
    for name, photos in queries.items()
}
print("gallery:", known.shape, "validation:", vectors["validation"].shape)

# %% [markdown]
# There are three sets of queries. `validation` is for looking and choosing, so all that follows
# looks there. Two sets are kept for the final figures: `test_natural` comes from the same uneven
# world as the gallery, `test_uniform` is spread almost evenly over the places. What do you expect
# the second one to do to the constant, and to methods that search the gallery?
#
# **Nearest neighbour.** Answer with the location of the most similar gallery photo. The rows have
# length 1, so the cosine is an inner product, and the whole method is two lines:

# %%
similarity = vectors["validation"] @ known.T
nearest = gallery.coordinates[similarity.argmax(axis=1)]

package = retrieval.nearest_neighbour(vectors["validation"], known, gallery.coordinates)
print(f"equal to the package's for {(nearest == package).all(axis=1).mean():.1%} of the queries")

# %% [markdown]
# **Kernel density over the neighbours, "[L]kNN".** One neighbour may be an accident. So let the 100
# most similar photos vote, the more similar the louder; spread each vote over about 450 km (4
# degrees); answer where the votes pile up (more exactly, with the most similar photo near there).


# %%
def votes_of(similar, power=10):
    """How loud each vote is: the squared distance of unit vectors, 2 - 2 cos, to the -10th."""
    return np.maximum(2 - 2 * similar.astype(float), 1e-6) ** -power


def lknn_one(similar, where, sigma_deg=4, snap_km=100):
    """[L]kNN for one query: similarities (k,), best first, and locations (k, 2)."""
    apart = geo.great_circle_km(where[:, None], where)  # (k, k) km
    sigma_km = np.radians(sigma_deg) * geo.EARTH_RADIUS_KM
    density = np.exp(-0.5 * (apart / sigma_km) ** 2) @ votes_of(similar)
    close = apart[density.argmax()] <= snap_km
    return where[close.argmax()]  # the first, so the most similar, of those near the peak


# %%
best, rows = index.neighbours(vectors["validation"], known, k=100)
by_hand = np.array([lknn_one(*pair) for pair in zip(best, gallery.coordinates[rows], strict=True)])
package = retrieval.lknn(vectors["validation"], known, gallery.coordinates)
print(f"equal to the package's for {(by_hand == package).all(axis=1).mean():.1%} of the queries")

# %% [markdown]
# Here is one vote, that of a query whose nearest neighbour is far off while the votes pile up near
# the truth. Look for the largest single dot, and for the most dots together:

# %%
truth = validation.coordinates
gain = geo.great_circle_km(nearest, truth) - geo.great_circle_km(by_hand, truth)
near_enough = geo.great_circle_km(by_hand, truth) <= 200
row = np.where(near_enough, gain, -np.inf).argmax()
weight = votes_of(best[row])
figure, axes = figures.world_map("The votes of 100 neighbours")
for point, size in zip(gallery.coordinates[rows[row]], 300 * weight / weight.max(), strict=True):
    figures.draw_points(axes, [point], size=max(size, 4), color=figures.PALETTE[5])
for label, point, colour in (
    ("nearest neighbour", nearest[row], figures.PREDICTION),
    ("[L]kNN", by_hand[row], figures.PALETTE[2]),
    ("truth", truth[row], "#000000"),
):
    figures.draw_points(axes, [point], label=label, color=colour, size=60, marker="X")
axes.legend(loc="lower left", framealpha=0.9, edgecolor="none")
figures.show(
    figure,
    "World map of the 100 neighbours of one query, larger where their vote is louder; the nearest "
    "neighbour lies far from the truth, the answer of [L]kNN close to it.",
)

# %% [markdown]
# ### All three, at every distance
#
# Before the curves: which baseline do you expect to be best at a street, and which at a continent?

# %%
predictions = {
    name: {
        "constant": retrieval.constant(gallery.coordinates),
        "nearest neighbour": retrieval.nearest_neighbour(found, known, gallery.coordinates),
        "[L]kNN": retrieval.lknn(found, known, gallery.coordinates),
    }
    for name, found in vectors.items()
}
figures.show(
    figures.threshold_curves(
        predictions["validation"], validation.table, "Three baselines on the validation photos"
    ),
    "Share of validation photos within a distance, from 0.1 to 20,000 km, with 95 per cent bands: "
    "curves of nearest neighbour and [L]kNN, and the constant as five points.",
)

# %% [markdown]
# And as a table: share of photos within each distance in per cent, with 95 % intervals in brackets
# (section 6 says what they mean). We choose nothing by these figures, so looking at the test sets
# is fair.

# %%
scores = pd.concat(
    evaluation.evaluate(methods, queries[name].table, replicates=profile.bootstrap).assign(
        method=lambda scores, name=name: f"{name}: " + scores["method"]
    )
    for name, methods in predictions.items()
)
baselines = evaluation.table(scores)

# %% tags=["results"]
baselines.iloc[:, :5]

# %% [markdown]
# Next to it, the rows of [L]kNN that the paper prints. **These are other data**: real photos, a
# gallery of millions, features of another network. MiniEarth is tuned towards the first of them by
# its baselines alone (the validation row, with the gallery of 20,000), so do not read one table as
# better or worse than the other.

# %% tags=["results"]
pd.DataFrame(
    {
        "published [L]kNN, IM2GPS3K (2,997 real photos)": [7.2, 19.4, 26.9, 38.9, 55.9],
        "published [L]kNN, YFCC4K (4,536 real photos)": [2.3, 5.7, 11.0, 23.5, 42.0],
    },
    index=baselines.columns[:5],
).T

# %% [markdown]
# Median error and GeoScore tell the same story in one number each. (The constant has neither: its
# answer differs from threshold to threshold.)

# %%
baselines.iloc[:, 5:].query("not index.str.endswith('constant')")

# %% [markdown]
# ### Seen and unseen places
#
# A fifth of the places is *unseen*: MiniCLIP was trained without a single photo from them, though
# the gallery holds some. If its features knew places by heart, these would score worse. Do they?


# %%
def split_by_seen():
    """Scores of [L]kNN on the photos of seen and of unseen places, for each set of queries."""
    for name, photos in queries.items():
        seen = places["seen"].loc[place_ids(photos.table)].to_numpy()
        for label, chosen in (("seen", seen), ("unseen", ~seen)):
            answers = {f"{name}: [L]kNN, {label}": predictions[name]["[L]kNN"][chosen]}
            yield evaluation.evaluate(answers, photos.table[chosen], replicates=profile.bootstrap)


by_seen = evaluation.table(pd.concat(split_by_seen()))

# %% tags=["results"]
by_seen.iloc[:, :5]

# %% [markdown]
# ## 5 Why nearest neighbours fail
#
# Sixty queries of the validation set, each joined with the place of its nearest neighbour. Short
# lines are good answers:

# %%
figures.show(
    figures.prediction_map(truth[:60], nearest[:60], "Truth and nearest neighbour of 60 photos"),
    "World map with 60 great-circle arcs from the true place to that of the nearest neighbour: "
    "many cross oceans and continents, some have no visible length.",
)

# %% [markdown]
# What makes the model find these photos similar? Let us look. Green frames are neighbours within
# 200 km of the truth, orange ones are further away.

# %%
near_rows = rows[:, :5]
near_km = geo.great_circle_km(truth[:, None], gallery.coordinates[near_rows])
known_scenes = [miniearth.scene_of(img_id) for img_id in gallery.ids]


# %%
def strip(row, title):
    """Show a query, its five nearest neighbours, and what the first has in common with it."""
    query, first = scenes[row], known_scenes[near_rows[row, 0]]
    city = places["city"].loc[query.place_id]
    cities = gallery.table["city"].iloc[near_rows[row]].tolist()
    figure = figures.neighbour_strip(
        validation.image(validation.ids[row]),
        [gallery.image(gallery.ids[i]) for i in near_rows[row]],
        near_km[row],
        names=cities,
        query_name=f"query\n{city}",
        title=title,
    )
    figures.show(figure, f"{title}: a photo of {city}, and neighbours from {', '.join(cities)}.")
    both = [cue for cue in query.visible if cue in first.visible]
    same = [cue for cue in both if query.visible[cue] == first.visible[cue]]
    view = [n for n in ("kind", "weather", "season") if vars(query.view)[n] == vars(first.view)[n]]
    print(f"neighbour 1 has the same {', '.join(view) or '... nothing of the view'}")
    print(f"visible in both and alike:     {', '.join(same) or 'nothing'}")
    print(
        f"visible in both and different: {', '.join(c for c in both if c not in same) or 'nothing'}"
    )


# %% [markdown]
# **It can work.** A landmark stands in one city only, but for a few copies. Does the search use
# that? Here is the query with a landmark that has most neighbours within 25 km, and a count over
# all queries.

# %%
landmarks = np.array(["landmark" in scene.shows for scene in scenes])
strip(np.where(landmarks, (near_km <= 25).sum(axis=1), -1).argmax(), "Found")
for label, chosen in (("with a landmark", landmarks), ("without", ~landmarks)):
    share = (near_km[chosen, 0] <= 25).mean()
    print(f"{label:<15} {share:5.1%} of {chosen.sum()} queries have neighbour 1 within 25 km")

# %% [markdown]
# **The same weather.** Many first neighbours are of the same kind, in the same weather, and more
# than 2,500 km away. Of these, the next one contradicts its query most: the largest number of cues
# are visible in both and differ. To you they say "another country"; what does the cosine say?

# %%
first = [known_scenes[i] for i in near_rows[:, 0]]
pairs = list(zip(scenes, first, strict=True))
far = near_km[:, 0] > 2500
alike = [a.view.kind == b.view.kind and a.view.weather == b.view.weather for a, b in pairs]
differ = [sum(b.visible.get(cue, v) != v for cue, v in a.visible.items()) for a, b in pairs]
print(f"{(far & alike).mean():.0%} of the queries: same kind, same weather, over 2,500 km away")
strip(np.where(far & alike, differ, -1).argmax(), "Same kind, same weather")

# %% [markdown]
# **A distant twin.** Some regions look alike although an ocean lies between them: the vineyards of
# Chile and those of California, one steppe and another. MiniEarth has such pairs on purpose: they
# share climate, roofs, walls and fences. Here is a query that fell for one. (If no query did, it is
# the pair more than 2,500 km apart that agrees on most visible cues.)

# %%
LOOK = ("zone", "roof_shape", "roof_colour", "wall", "fence")
twins = [all(vars(a.cues)[n] == vars(b.cues)[n] for n in LOOK) for a, b in pairs]
shared = [sum(a.visible.get(cue) == v for cue, v in b.visible.items()) for a, b in pairs]
print(f"{(far & twins).sum()} of {len(pairs):,} queries fall for a twin")
strip(np.where(far, 100 * np.array(twins) + shared, -1).argmax(), "A distant twin")

# %% [markdown]
# **Nothing to go by.** And for lunch, another lunch:

# %%
strip(next(row for row in cueless if scenes[row].view.kind == "food"), "No cue")
share = (near_km[cueless, 0] <= 200).mean()
print(f"{share:.1%} of the {len(cueless)} photos without a cue have neighbour 1 within 200 km")

# %% [markdown]
# ### What do neighbours have in common?
#
# Four examples prove nothing, so let us count. How often does the nearest neighbour agree with the
# query, and how often does a gallery photo picked at random? The further apart the two dots, the
# more the search goes by it. Which rows do you expect to lead, those of the view or those of the
# place?


# %%
def facts(scenes):
    """What can be said about each photo, whether or not it shows."""
    place = places.loc[[scene.place_id for scene in scenes]].reset_index()
    return pd.DataFrame(
        {
            "kind of photo": [scene.view.kind for scene in scenes],
            "weather": [scene.view.weather for scene in scenes],
            "snow": [scene.view.snow for scene in scenes],
            "day or night": [scene.view.sun_elevation > -4 for scene in scenes],
            "climate zone": place["zone"],
            "driving side": [scene.cues.driving_side for scene in scenes],
            "script": [scene.cues.script for scene in scenes],
            "continent": place["continent"],
            "country": place["country"],
            "place": place["place_id"],
        }
    )


asked, have = facts(scenes), facts(known_scenes)
picked = np.random.default_rng(0).integers(len(gallery), size=(20, len(asked)))
by_search = (asked.to_numpy() == have.to_numpy()[near_rows[:, 0]]).mean(axis=0)
by_chance = (asked.to_numpy() == have.to_numpy()[picked]).mean(axis=(0, 1))

# %%
figure, axes = chart("Query and gallery photo agree", "pairs that agree (%)", "", height=3.8)
order = np.arange(len(asked.columns))[::-1]
axes.hlines(order, 100 * by_chance, 100 * by_search, color="#bbbbbb", linewidth=3, zorder=1)
axes.scatter(100 * by_chance, order, color="#999999", s=60, label="random photo")
axes.scatter(100 * by_search, order, color=figures.PREDICTION, s=60, label="nearest neighbour")
axes.set(yticks=order, yticklabels=asked.columns, xlim=(0, 103))
axes.legend(frameon=False)
figures.show(
    figure,
    "Share of pairs that agree on ten properties, for the nearest neighbour and a random photo; "
    "four rows are properties of the view, six of the place.",
)

# %%
for column, search, chance in zip(asked.columns, by_search, by_chance, strict=True):
    print(f"{column:<14} {search:6.1%} against {chance:6.1%} by chance")

# %% [markdown]
# The search finds *the same kind of picture*. It was not asked for anything else: a cosine weighs
# all 256 numbers alike, and most of what differs between photos is the view.
#
# The street in Lisbon shows the same. These are the cosines of its variants with the original. The
# first five changed a fact about the place, the others did not:

# %%
from g3lite.photos import PhotoSet


def jpeg(picture):
    """The picture as the bytes of a JPEG file."""
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=90)
    return stream.getvalue()


files = {name: jpeg(miniearth.draw(variant, 128)) for name, variant in variants.items()}
rows_of_lisbon = pd.DataFrame(
    {"IMG_ID": list(files), "AUTHOR": "student", "LAT": street.lat, "LON": street.lon}
)
found = miniclip.image_features(PhotoSet("Lisbon", rows_of_lisbon, files.__getitem__)).vectors
for name, cosine in zip(files, found @ found[0], strict=True):
    print(f"{name:<20} {cosine:.3f}")

# %% [markdown]
# ### And yet the cues are there
#
# Do the features lack the clue, or does the cosine not use it? Ask a **linear probe**: a logistic
# regression that learns one weight per number and country from the gallery. It sees the very
# vectors that the search sees. If the clue is missing, weights cannot bring it back.

# %%
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

scaler = StandardScaler().fit(known)
probe = LogisticRegression(C=0.1, tol=1e-3, max_iter=400)
probe.fit(scaler.transform(known), have["country"])
guesses = {
    "linear probe": probe.predict(scaler.transform(vectors["validation"])),
    "nearest neighbour": have["country"].to_numpy()[near_rows[:, 0]],
}

# %%
# A right country counts as a right location, a wrong one as no answer: then the scores are shares.
right = {
    name: np.where((asked["country"] == guess).to_numpy()[:, None], truth, np.nan)
    for name, guess in guesses.items()
}
for row in evaluation.evaluate(right, validation.table).query("metric == 'country'").itertuples():
    print(
        f"{row.method:<17} {row.value:5.1%} [{row.low:.1%}, {row.high:.1%}] of the countries right"
    )
gain = evaluation.compare(*right.values(), validation.table).iloc[-1]
print(f"difference        {gain.difference:5.1%} [{gain.low:.1%}, {gain.high:.1%}]")

# %% [markdown]
# The same numbers, weighted by what was learnt about *where*, instead of all alike. That is the
# first step of G3 in a nutshell, its **Geo-alignment**: leave the image model frozen, and learn a
# projection in which photos lie close together when their places do. A logistic regression can do
# that for a list of countries; G3 does it for coordinates.

# %% [markdown]
# ### Exercise 2: is the answer among the candidates?
#
# Suppose that a perfect judge could pick the best of the first `k` neighbours. How often would it
# be right? Write `best_of`: the share of queries that have **at least one** of their first `k`
# neighbours within `km`. Row i of `distances`, shape (queries, neighbours), holds the distances in
# km from the truth of query i to its neighbours, the most similar first.


# %% tags=["exercise"]
def best_of(distances, k, km):
    """Share of queries with a neighbour within km among the first k."""
    ...  # your code here


check_01_2(best_of)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def best_of(distances, k, km):
#     """Share of queries with a neighbour within km among the first k."""
#     return (distances[:, :k] <= km).any(axis=1).mean()
#
#
# check_01_2(best_of)
# distances = geo.great_circle_km(truth[:, None], gallery.coordinates[rows])
# for k in (1, 5, 20, 100):
#     print(f"first {k:3d}: {best_of(distances, k, 200):.1%} within 200 km")
# ```
#
# </details>
#
# Whatever lies between k = 1 and k = 100 can be won by *choosing better*. G3's second and third
# steps are about that: collect candidates from retrieval and a language model, then verify them.

# %% [markdown]
# ## 6 What 300 queries can and cannot prove
#
# Two people score the same method, each on photos of their own, and get different figures. How
# different? Let us try: cut the validation set at random into two halves and score [L]kNN on both.
# It is the same method, so all differences are luck.
#
# There are two ways to cut. We may deal out single *photos*, or *photographers* with all their
# photos. A photographer takes many photos on one journey, with one camera. Which way gives the
# larger differences?

# %%
errors = evaluation.error_km(predictions["validation"]["[L]kNN"], validation.table)
hits = (errors <= 750).astype(float)
photo = np.arange(len(hits))
author = pd.factorize(validation.table["AUTHOR"])[0]
print(f"{len(photo):,} photos by {author.max() + 1} photographers, {hits.mean():.1%} within 750 km")


def two_teams(groups, n, rng):
    """Difference in score between two teams of n photos each, dealt out by group."""
    line = np.argsort(rng.permutation(groups.max() + 1)[groups], kind="stable")
    return 100 * (hits[line[:n]].mean() - hits[line[-n:]].mean())


# %%
ways = {"photos": photo, "photographers": author}
colours = {"photos": figures.PALETTE[5], "photographers": figures.PREDICTION}
half = len(hits) // 2
rng = np.random.default_rng(0)
luck = {
    unit: np.array([two_teams(groups, half, rng) for _ in range(2000)])
    for unit, groups in ways.items()
}
for unit, points in luck.items():
    widest = np.quantile(np.abs(points), 0.95)
    print(f"{unit + ' dealt out:':<25} 95 % of the differences are at most {widest:.1f} points")

# %%
title = f"One method, two teams of {half:,} photos"
figure, axes = chart(title, "difference, percentage points", "deals of 2,000")
step = 4 / 3
reach = np.ceil(max(np.abs(points).max() for points in luck.values()) / step) + 0.5
for unit, points in luck.items():
    bins = step * np.arange(-reach, reach + 1)
    axes.hist(points, bins, histtype="step", linewidth=2, color=colours[unit], label=unit)
axes.legend(title="dealt out", frameon=False)
figures.show(
    figure,
    "Histograms of the difference in the share within 750 km between two random halves, both "
    "centred on zero: one for photos dealt out, one for photographers with all their photos.",
)

# %% [markdown]
# The more photographers stick to their own places, the wider the second one. How does the spread
# shrink with more photos? Make a guess first: how many more do you need for half of it?

# %%
sizes = [n for n in (25, 50, 100, 150, 300, 600, 1200) if 2 * n <= len(hits)]
figure, axes = chart("More photos, less luck", "photos per team", "95 % of differences, points")
for unit, groups in ways.items():
    luck = [np.abs([two_teams(groups, n, rng) for _ in range(1000)]) for n in sizes]
    spread = np.quantile(luck, 0.95, axis=1)
    axes.plot(sizes, spread, "o-", color=colours[unit], linewidth=2, label=f"{unit} dealt out")
theory = 196 * hits.std() * np.sqrt(2 / np.array(sizes))
axes.plot(sizes, theory, ":", color="#555555", label="1.96 s √(2/n)")
axes.set(xscale="log", xticks=sizes, xticklabels=sizes, ylim=(0, None))
axes.minorticks_off()
axes.legend(frameon=False)
figures.show(
    figure,
    "Differences between two teams against photos per team, falling with the square root of their "
    "number; higher for photographers dealt out than for single photos, which follow the formula.",
)

# %% [markdown]
# Half the luck costs four times the photos.
#
# ### The brackets in the table
#
# Usually there is one team only. A **bootstrap** makes others out of it: draw as many
# *photographers* as there are, with replacement, score what they took, and repeat; the middle 95 %
# of the scores are the interval. Drawing single photos instead would promise more than the data can
# keep, as you see here:

# %%
answers = {"[L]kNN": predictions["validation"]["[L]kNN"]}
width = {}
for unit, column in (("photographers", "AUTHOR"), ("photos", None)):
    scores = evaluation.evaluate(answers, validation.table, clusters=column)
    value, low, high = scores.set_index("metric").loc["country", ["value", "low", "high"]]
    width[unit] = high - low
    print(f"drawing {unit:<13} {value:.1%} within 750 km, interval [{low:.1%}, {high:.1%}]")
worth = len(hits) * (width["photos"] / width["photographers"]) ** 2
print(f"so these {len(hits):,} photos tell as much as {worth:,.0f} by as many photographers would")

# %% [markdown]
# One thing a bootstrap cannot do: where no photo is right, it says [0, 0], as if that were certain.
# If none of n independent photos is right, a true share of up to about 3 / n is still plausible,
# for 300 photos 1 %.
#
# ### Two methods on the same photos
#
# Comparing methods is easier than scoring one. What makes a photo hard is hard for both, and in the
# *difference* that cancels. So never ask whether two intervals overlap; ask for the interval of the
# paired difference, here [L]kNN minus nearest neighbour, in percentage points:

# %%
difference = evaluation.compare(
    predictions["validation"]["[L]kNN"],
    predictions["validation"]["nearest neighbour"],
    validation.table,
    replicates=profile.bootstrap,
).set_index("metric")
difference[["difference", "low", "high"]].mul(100).round(1).assign(p=difference["p"].round(3))

# %% [markdown]
# ### The same question, put to the paper
#
# IM2GPS3K has 2,997 photos by 198 photographers. The paper reports that G3 places 16.65 % of them
# within 1 km, and that it loses a little without each of its three parts. How much of that is more
# than luck? The simplest interval treats all photos as independent, which flatters it.

# %% tags=["nbval-check-output"]
n = 2997
print(f"one photo is {100 / n:.3f} points; a photographer took {n / 198:.1f} photos on average")
within_1_km = {
    "G3": 16.65,
    "without Geo-alignment": 15.71,
    "without Geo-diversification": 16.35,
    "without Geo-verification": 14.98,
}
for name, share in within_1_km.items():
    half = 196 * np.sqrt(share / 100 * (1 - share / 100) / n)
    photos = round((within_1_km["G3"] - share) / 100 * n)
    print(f"{name:<28} {share:.2f} ± {half:.2f} %, {photos:3d} photos fewer than G3")

# %% [markdown]
# At 1 km, two of the three gaps are smaller than the ± of a single row, and that is before
# photographers are taken into account. It does **not** follow that the parts are worthless: the
# photos are the same in every row, so a paired test could see more, but it needs the answer to
# every photo, which a table of totals does not give. What follows is that the table alone cannot
# tell. Keep every single prediction of your own methods.

# %% [markdown]
# ### Exercise 3: an honest interval
#
# Write `interval`: a 95 % bootstrap interval of a share. `hits` holds 1 for each photo that was
# placed well enough and 0 for each other, `authors` the photographer of each photo. Draw
# photographers, not photos, and return `(low, high)`.


# %% tags=["exercise"]
def interval(hits, authors, replicates=2000):
    """The 95 % percentile interval of the mean of hits, resampling authors."""
    ...  # your code here


check_01_3(interval)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def interval(hits, authors, replicates=2000):
#     """The 95 % percentile interval of the mean of hits, resampling authors."""
#     rng = np.random.default_rng(0)
#     albums = [hits[authors == author] for author in np.unique(authors)]
#     shares = []
#     for _ in range(replicates):
#         drawn = rng.integers(len(albums), size=len(albums))
#         # Albums differ in size: pool the photos, then take the mean.
#         shares.append(np.concatenate([albums[i] for i in drawn]).mean())
#     return np.percentile(shares, [2.5, 97.5])
#
#
# check_01_3(interval)
# ```
#
# </details>

# %% [markdown]
# ## What you have learnt
#
# - Photos are spread so unevenly that a constant answer scores. Quote scores beside baselines.
# - Every cue has a scale, from the climate (continents) to a landmark (a street). Cues are small in
#   the picture; weather, light and camera are large.
# - Answers are scored by great-circle distance, within 1, 25, 200, 750 and 2500 km of the truth; an
#   absent answer is a wrong one. A mean distance is ruled by its worst photos.
# - Nearest neighbours find the same *kind of picture*. The features know more about the place than
#   their cosine lets through; a learned projection gets it out.
# - An interval counts photographers, not photos. Compare two methods on the same photos, in pairs.
#
# **What it cannot do.** MiniEarth is drawn. Its absolute scores say nothing about real photos, and
# its houses are invented; it shows mechanisms, whose size on real data must be measured on real
# data. The baselines were tuned to be as mediocre as published ones, and G3 was not looked at for
# that.
#
# **With care.** A machine that says where a photo was taken can harm who took it. Use it on photos
# of public places that were meant to be public, never to find a person or a home.
#
# **Next:** [02 Geo-alignment](02_geo_alignment.ipynb), the first step of G3: one space for photos,
# places in words and coordinates.
#
# ### References
#
# - P. Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization Using
#   Large Multi-Modality Models*, NeurIPS 2024,
#   [arXiv 2405.14702](https://arxiv.org/abs/2405.14702): task, thresholds, tables.
# - J. Hays and A. Efros, *IM2GPS: Estimating Geographic Information from a Single Image*, CVPR
#   2008: nearest neighbours for the whole world.
# - N. Vo, N. Jacobs and J. Hays, *Revisiting IM2GPS in the Deep Learning Era*, ICCV 2017: [L]kNN
#   and the IM2GPS3K photos.
# - L. Haas et al., *PIGEON: Predicting Image Geolocations*, CVPR 2024: the GeoScore.
# - A. Radford et al., *Learning Transferable Visual Models From Natural Language Supervision*, ICML
#   2021: CLIP, and linear probes.
