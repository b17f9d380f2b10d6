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
# Where was this photo taken? This notebook answers first and explains afterwards. It takes one
# photo through the four steps of **G3**, with a picture for each step, and says which notebook
# teaches it. Then you change the photo, play against G3, and see where it fails. Afterwards you
# will be able to
#
# - locate a photo in one line, from Python or from a terminal;
# - name the four steps of G3, and say what each of them adds;
# - read a prediction: its candidates, their scores, its warnings;
# - say what a dozen photos prove, and for which photos an answer of these models means nothing.
#
# **Paper:** Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization
# Using Large Multi-Modality Models*, [arXiv 2405.14702](https://arxiv.org/abs/2405.14702), section
# 3.
# **You need:** a little Python; nothing of the method. **Time:** 35 minutes to read, 55 with the
# exercises and the quiz. **Machine:** any laptop, 2 GB of memory, no GPU; the cells run for less
# than a minute, and for a minute more the first time (2,000 pictures are encoded and kept).

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
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw
from scipy.stats import binomtest

from g3lite import G3, figures, geo, miniearth, pipeline, prompts
from g3lite.figures import diagrams
from g3lite.teaching import cue_lab, guess, own
from g3lite.teaching.checks.nb00 import check_00_1, check_00_2
from g3lite.teaching.quiz import Quiz

pd.set_option("display.width", 160, "display.max_columns", 20, "display.max_colwidth", 60)

# %% tags=["parameters"]
PROFILE = "auto"
MY_PHOTO = ""  # the path of a photo of yours, for section 6; "": a painting takes its place

# %% jupyter={"source_hidden": true}
profile = profiles.get(PROFILE)
drawn_world = profile if profile.alignment == "mini" else profiles.PROFILES["cpu"]  # MiniEarth's
g3 = G3.from_pretrained(drawn_world, gallery_size=2_000, progress=False)
validation = miniearth.load("validation", 300)
EXAMPLE = 177
temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name)
file = folder / validation.ids[EXAMPLE]
file.write_bytes(validation.read(file.name))
truth, scene = validation.coordinates[EXAMPLE], miniearth.scene_of(file.name)
prediction = g3.locate(file)
off = float(geo.great_circle_km(prediction.coordinates, truth))
figures.show(
    figures.located(
        miniearth.draw(scene, 512),
        prediction.coordinates,
        prediction.candidates[["LAT", "LON"]],
        truth,
        f"A photo goes in, a place comes out: {off:,.1f} km off",
    ),
    f"A drawn photo, a map of the world and a map of the surroundings. The answer of G3 is "
    f"{off:,.1f} km from where the photo was taken.",
)

# %% [markdown]
# On the left is a photo that somebody wants to place; on the right is what G3 makes of it. The
# orange cross is its answer, 0.1 km from the blue dot, where the photo was taken, which G3 has not
# been told. The green dots are the **candidates**, the places that it considered. (Not every photo
# goes so well: this one was chosen because it shows so much. Section 5 takes photos as they come.
# It is drawn larger here than the 128 pixels that the models see.)
#
# This is the whole of G3; we walk through it from left to right:

# %% tags=["diagram"]
figures.show(*diagrams.g3())

# %% [markdown]
# (The numbers in the picture are those of the paper. The photos here are of **MiniEarth**, a drawn
# world of real places: the side of the road, the script and the climate are real, while houses,
# landmarks and signs are invented, but fixed for each place. Real photos come in notebook 07.)
#
# ## 1 A point on the map
#
# This line locates a file. The last line of a cell shows the result:

# %%
prediction = g3.locate(file)
prediction

# %% [markdown]
# Read it from the top. First come the coordinate and the nearest city. Then the **score** of the
# winner, how many candidates it was compared with, and who named it: a reply of the multimodal
# model, or a similar photo. Then the time of each step; "from the store" means that it was computed
# before and kept. The tables show the best candidates, and the **evidence**: the known photos that
# are most similar to this one. Similarity is the sum of three cosines there, so at most 3; notebook
# 02 says of what. (`gallery_size=2_000`, in the folded cell above: G3 searches only
# the 2,000 known photos that are shipped as pictures. The whole gallery has 20,000.)
#
# ### The photo
#
# Before you read on: which things in the photo tell you where it was taken? Write down how many you
# found.

# %%
my_cues = None  # how many things you found

# %% [markdown]
# In MiniEarth it is known exactly what a photo shows of its place, its **cues**:

# %% tags=["nbval-check-output"]
for number, (cue, value) in enumerate(scene.visible.items(), 1):
    print(f"{number:>2}  {cue:<14}{value}")

# %%
cues = np.array([len(miniearth.scene_of(img_id).visible) for img_id in validation.ids])
print(guess.compare(my_cues, cues[EXAMPLE]))
print(f"in the 300 photos: at most {cues.max()}, median {np.median(cues):.0f}", end="")
print(f", none in {100 * (cues == 0).mean():.0f} %")

# %% [markdown]
# This photo shows 17 cues, as many as any of the 300; half of them show at most 7, and 12 % show
# none. Some cues hold for a climate or a country (vegetation, script, side of the road), others for
# a region (roofs, walls), a city (tram, paving) or a single street (the landmark).
#
# ## 2 How it came about
#
# Four steps, in this order (the picture above counts three, and has *search* between them):

# %% tags=["nbval-check-output"]
print("photo →", " → ".join(pipeline.STEPS), "→ place")

# %% [markdown]
# ### Embed
#
# A photo and a coordinate have nothing in common that could be compared. So both become vectors. A
# frozen image model (CLIP in the paper, MiniCLIP here) makes a row of numbers of the photo. Small
# trained **heads** turn it into two more rows, one to compare with texts, one to compare with
# coordinates. Training pulls a photo and its own place together and pushes other places away:
# **geo-alignment**.

# %% tags=["nbval-check-output"]
photo = validation.take([EXAMPLE])
features = g3.backbone.image_features(photo, normalize=False, progress=False).vectors
vector = g3.heads.database_vectors(features)
print(f"{features.shape[1]} numbers from the backbone, {vector.shape[1]} with those of the heads")

# %% [markdown]
# Now one can ask of *every* place how well it suits the photo: the cosine of two vectors.
# **Guess first:** MiniEarth has 1,203 places. If they are sorted by this score, at which rank is
# the true one?

# %%
my_rank = None  # 1 for the best

# %%
places = miniearth.places()
spots = places[["lat", "lon"]].to_numpy()
_, in_gps_space = g3.heads.embed_images(features)
scores = (in_gps_space @ g3.heads.embed_coordinates(spots).T)[0]
rank = int((scores > scores[scene.place_id]).sum()) + 1
print(f"{len(places):,} places.", guess.compare(my_rank, rank))

# %%
figures.show(
    figures.score_maps(
        {"the star is the truth": scores},
        spots,
        "Embed: how well does each place suit the photo?",
        marks={"the star is the truth": truth},
        columns=1,
    ),
    f"A world map of the scores of all places; the true one, a star, has rank {rank}.",
)

# %% [markdown]
# The true place has rank 1 of 1,203. Without any search, the vectors alone say "eastern China". The
# neighbours on the map score nearly as high, though: such a map tells which part of the world is
# likely, and rarely which street. (And this is a photo that shows much.)
#
# → [Notebook 02, geo-alignment](02_geo_alignment.ipynb): the loss, the location encoder, and what
# training changes.
#
# ### Search
#
# The **gallery** holds photos with known places, each as such a vector. The most similar ones are
# clues: perhaps the photo was taken where they were. **Guess first:** how many of the five most
# similar photos were taken within 200 km of ours?

# %%
my_near = None  # 0 to 5

# %%
gallery = miniearth.load("gallery", 2_000)
first = prediction.neighbours.head(5)
apart = geo.great_circle_km(first[["LAT", "LON"]].to_numpy(), truth)
figures.show(
    figures.neighbour_strip(
        validation.image(file.name),
        [gallery.image(img_id) for img_id in first["neighbour"]],
        apart,
        names=first["city"].tolist(),
        query_name="the photo\n",
        title="Search: the most similar photos of the gallery",
    ),
    "The photo and its five nearest neighbours: "
    + ", ".join(
        f"{city} {far:,.1f} km away" for city, far in zip(first["city"], apart, strict=True)
    )
    + ". Green frames: within 200 km.",
)
print(guess.compare(my_near, int((apart <= 200).sum())))

# %% [markdown]
# Two of the five were taken within 200 km: the first one in Beijing, 0.1 km from our photo, with
# the same landmark, and the last one in Tangshan, 155.8 km away. The other three show the same sign
# and the same yellow line, but in Shenyang and Changchun, 627.1 and 857.7 km away. So similar
# photos are a hint, not an answer. And a gallery can only name places that it holds. G3 also looks
# up the most *dissimilar* photos, as a hint where the photo was not taken.
#
# → [Notebook 03, index construction](03_index_construction.ipynb): exact and compressed indexes,
# hubs.
#
# ### Ask
#
# So a **large multimodal model** is asked too (GPT-4V in the paper, the small MiniLMM here), with
# the photo and a text. The shortest text is this one:

# %% tags=["nbval-check-output"]
print(prompts.prompt())

# %% [markdown]
# Three others add **references**: where the 5, 10 and 15 most similar photos were taken, and as
# many of the most dissimilar ones. For one photo the references show the right place, for another
# they mislead, and nobody knows beforehand which photo is which. So all four prompts are used:
# **prompt diversification**.

# %% tags=["nbval-check-output"]
print(g3.plan)

# %%
replies = prediction.replies[["references", "sample", "text", "LAT", "LON"]].copy()
replies["km off"] = geo.great_circle_km(replies[["LAT", "LON"]].to_numpy(), truth).round(1)
replies[["references", "sample", "text", "km off"]]

# %%
figures.show(
    figures.reply_map(replies, truth, "Ask: where the replies are, by prompt"),
    "A map of the replies to four prompts, with 0, 5, 10 and 15 references of either kind, in four "
    "colours; a star marks the truth.",
)

# %% [markdown]
# Without references (0 + 0) the model names two places 850.8 and 849.5 km away: from the picture
# alone it knows China, not the city. With references, four of six replies are exactly the place of
# the first similar photo, 0.1 km off. One takes Tangshan, 155.8 km away, and one Shenyang, 627.8 km
# away. So here the model uses its references: most replies name the one that fits. Replies are
# drawn at random, so two replies to the same prompt can differ. All eight become candidates, and
# the place of the most similar photo is the ninth.
#
# → [Notebook 04, prompt diversification](04_prompt_diversification.ipynb): prompts, temperature,
# what references are worth.
#
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
# Somebody has to choose, without knowing the truth. G3 scores each candidate as the map above did:
# the inner product of the photo's vector and that of the coordinate. The highest score wins. A good
# judge gives high scores to what is near. Is this one good, here?

# %%
figures.show(
    figures.judged(prediction.candidates, truth, "Verify: the score of each candidate"),
    "The score of each candidate over its distance from the truth, and the winner, "
    f"{off:,.1f} km away.",
)

# %%
away = geo.great_circle_km(prediction.candidates[["LAT", "LON"]].to_numpy(), truth)
print(f"{len(away)} candidates, {(away <= 200).sum()} of them within 200 km")
print(f"the nearest {away.min():,.1f} km from the truth, the winner {away[0]:,.1f} km")

# %% [markdown]
# Yes, here it is good: the farther a candidate is from the truth, the lower is its score, and the
# place 0.1 km away wins. Six of the nine candidates are within 200 km, so even a blind draw would
# have been right in two of three cases. It is not always like this, as section 5 shows.
#
# → [Notebook 05, geo-verification](05_geo_verification.ipynb): how far such a judge can be trusted,
# against a blind draw, a vote, and the best that was possible.
#
# ### Exercise 2: the judge
#
# Write `winner`: the pair (latitude, longitude) of the candidate with the highest score. The table
# may be in any order, and its index may be anything; a number may even occur twice in it. Of
# candidates with the same score the first row wins. And a score may be NaN: it means *no score*, so
# it never wins. (In the official code a candidate beyond the pole got the score NaN, and `argmax`
# takes NaN for the largest of all.)


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
# ## 3 Change one thing in the photo
#
# MiniEarth is drawn, so one thing in a photo can be changed while everything else stays as it is.
# Here is a street in Berlin, then the same street with traffic on the left, then with the plants of
# a desert. **Guess first:** which of the two changes moves G3's answer further?

# %%
my_change = None  # "traffic" or "plants"

# %%
lab = cue_lab.CueLab(g3, [cue_lab.street("Berlin")])
traffic, plants = lab.look(driving_side="left"), lab.look(climate="desert")
figures.show(
    *lab.strip(
        {}, {"driving_side": "left"}, {"climate": "desert"}, title="One street, three states"
    )
)

# %%
moved = {"traffic": traffic.moved_km, "plants": plants.moved_km}
print("  ".join(f"{name}: {km:,.0f} km" for name, km in moved.items()))
print(guess.compare(my_change, max(moved, key=moved.get)))

# %% [markdown]
# The plants move the answer further: by 3,077 km, from Stuttgart to Laayoune in Western Sahara.
# Traffic on the left moves it by 464 km, to Gent in Belgium, although people in Belgium drive on
# the right. The maps show why. With cacti in the picture, the bright land is the north of Africa
# and Arabia. With traffic on the left, Australia and southern Africa get brighter and America gets
# darker: the model notices the side. But it is one cue among many, and the answer stays in Europe.
# One photo proves little, of course:
# [notebook 05](05_geo_verification.ipynb) has the whole lab, for other photos and other changes.
#
# ## 4 You against G3
#
# Ten photos that no model has seen, by ten photographers in ten countries. Where were they taken?

# %%
quiz = Quiz.against(g3)
quiz

# %% [markdown]
# Run the next cell and click: once to open a part of the map, once more to answer. Or type a city.
# (On GitHub nothing can be clicked: write down your guesses, and unfold the answers above.)

# %%
quiz.play()

# %%
print(quiz.verdict())

# %% [markdown]
# Points are those of the game GeoGuessr: 5,000 for a right answer, and fewer with every kilometre.
# Ten photos have 50,000 points at most. G3 has 33,507 points, the most similar photo 15,572. Both
# had an easy task: every photo of the quiz shows at least seven cues.
# `Quiz.against(g3, name="another")` draws ten other photos.
#
# ## 5 Twelve in a row
#
# One photo proves nothing, least of all a chosen one. Here are the first twelve photos of the
# validation set, good and bad as they come. **Guess first:** for how many of the twelve is the
# answer within 200 km?

# %%
my_twelve = None  # 0 to 12

# %% [markdown]
# If exercise 2 is solved, it is *your* judge that chooses from here on.

# %%
judge = own.choose(winner, check_00_2, lambda candidates: tuple(candidates[["LAT", "LON"]].iloc[0]))
twelve = validation.head(12)
predictions = g3.locate(twelve)
answers = np.array([judge(found.candidates) for found in predictions])
km = geo.great_circle_km(answers, twelve.coordinates)

# %%
titles = [f"{n}: {distance:,.0f} km off" for n, distance in enumerate(km, 1)]
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
print(guess.compare(my_twelve, int((km <= 200).sum())))

# %%
figures.show(
    figures.prediction_map(twelve.coordinates, answers, "The same twelve on the map"),
    "A map of the world with the true and the predicted places of twelve photos, joined by arcs.",
)

# %% [markdown]
# ### Where it fails
#
# An answer more than 200 km off has one of three reasons. The photo shows no cue: nobody can find
# the place. Or no candidate is within 200 km: search and model did not name the place. Or one is,
# and the judge chose another.

# %% tags=["results"]
nearest = np.array(
    [
        geo.great_circle_km(found.candidates[["LAT", "LON"]].to_numpy(), place).min()
        for found, place in zip(predictions, twelve.coordinates, strict=True)
    ]
)
because = np.select(
    [km <= 200, cues[:12] == 0, nearest > 200],
    ["within 200 km", "no cue in the photo", "no candidate within 200 km"],
    "the judge chose another",
)
pd.DataFrame(
    {"cues": cues[:12], "nearest candidate, km": nearest.round().astype(int),
     "error, km": km.round().astype(int), "because": because},
    index=pd.RangeIndex(1, 13, name="photo"),
)  # fmt: skip

# %%
print(pd.Series(because).value_counts().to_string())

# %% [markdown]
# Four of the twelve answers are within 200 km. Two photos show no cue, the empty sky and the
# butterfly: there is nothing to find. For five, no candidate was near: neither the search nor the
# model named the place. In one, photo 8, a candidate was 4 km away, and the judge chose another
# that is 332 km away. So on these twelve the candidates fail more often than the judge does. Better
# candidates are the subject of notebooks 02 to 04, a better judge that of notebook 05.
#
# ### One number, with care
#
# What do twelve photos say about all photos? The interval of a share, if the twelve were
# independent draws:

# %% tags=["results"]
near = int((km <= 200).sum())
share = binomtest(near, 12).proportion_ci()
print(
    f"within 200 km {near} of 12, 95 % interval [{100 * share.low:.0f}, {100 * share.high:.0f}] %"
)
print(f"the 12 photos were taken by {twelve.table['AUTHOR'].nunique()} photographers")

# %% [markdown]
# Four of twelve is a third. The interval reaches from 10 to 65 %, so twelve photos hardly say
# anything about all photos. And even this interval is too narrow: the twelve are no independent
# draws, for they were taken by only 4 photographers, and photos by one person are alike.
#
# → [Notebook 01](01_worldwide_geolocalization.ipynb): the task, its score, and simple baselines.
#
# → [Notebook 06, evaluation](06_evaluation_and_ablations.ipynb): G3 on thousands of photos, what
# each step is worth, and how sure that is.
#
# ## 6 Your own photo
#
# Put the path of a photo into `MY_PHOTO` in the cell at the top, and run the notebook again. As
# long as there is none, a painting takes its place: an evening at the sea.

# %%
sky = np.linspace((60, 70, 140), (250, 170, 90), 192)
sea = np.linspace((120, 90, 90), (20, 30, 60), 128)
rows = np.vstack([sky, sea])[:, None]
painting = Image.fromarray(np.repeat(rows, 400, axis=1).astype(np.uint8))
draw = ImageDraw.Draw(painting)
draw.ellipse((170, 120, 230, 180), fill=(255, 230, 160))
draw.polygon([(240, 192), (330, 110), (400, 192)], fill=(50, 45, 70))
painting.save(folder / "evening.png")

# %% [markdown]
# ### A photo of another world
#
# These models have seen nothing but MiniEarth. What do they say about anything else?

# %%
mine = Path(MY_PHOTO).expanduser() if MY_PHOTO else folder / "evening.png"
if not mine.is_file():
    print(f"there is no file {mine}; the painting takes its place")
    mine = folder / "evening.png"
found = g3.locate(mine)
found

# %%
lower = sum(one.score < found.score for one in predictions)
print(f"score {found.score:.3f}; {lower} of the twelve photos above have a lower one")

# %% [markdown]
# The painting is located too, near Shaozhuang in China, and its score of 0.446 is higher than that
# of five of the twelve photos. The result says plainly that it means nothing: `out_of_domain`.
# Without that line you could not tell, because *some* candidate is always the best one. A score
# compares the candidates of one photo; it is no probability.
#
# And a file that is no picture, among others?

# %%
(folder / "notes.jpg").write_text("This is a text.")
both = g3.locate([file, folder / "notes.jpg"])

# %% tags=["nbval-check-output"]
for one in both:
    print(one.error or "located")

# %% [markdown]
# The text is not located, and its error says why. The other file is located as before.
#
# How does G3 know a photo of MiniEarth? For this warning, and for it alone, it looks at the file's
# *name*: an IMG_ID says how its scene is drawn, and the picture must look like that drawing. The
# *prediction* never uses the name, nor the position that a camera wrote into a file. So a photo of
# MiniEarth that you rename gets the same answer, and the warning by mistake.
#
# ### In a terminal
#
# ```sh
# g3lite locate PHOTO --map out.png          # a place, and a map with it
# g3lite locate *.jpg --json                 # everything about several photos, for programs
# g3lite locate PHOTO --profile real-cpu     # a real photo, by GeoCLIP, on any laptop
# ```
#
# The first two search the whole gallery, ten times as large, so they draw for some minutes the
# first time; with `--profile ci` they search the same 2,000 as this notebook. The third downloads
# CLIP once. For the whole of G3 on real photos, with the heads that its authors trained, see
# [notebook 07](07_real_data_on_a_gpu.ipynb).

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
# one of the paper. It does not know when it is wrong, only when a file is not of its world. And it
# searched 2,000 photos here; the other notebooks search ten times as many.
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
