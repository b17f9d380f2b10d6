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
# # Prompt diversification: asking a model that looks
#
# [← 03 Index construction](03_index_construction.ipynb) ·
# [05 Geo-verification →](05_geo_verification.ipynb) ·
# Open in Colab (once on GitHub)
#
# A gallery can only name places that it holds. A **large multimodal model** (LMM) can name any: it
# is shown a photo, reads a prompt, and writes coordinates. G3 tells it where similar photos were
# taken, in several prompts, and asks several times. Afterwards you will be able to
#
# - build the prompts of G3, and say what each part of them is for;
# - explain how a model gets from a prompt to a place, and what the temperature changes;
# - turn replies into candidates without inventing any;
# - measure whether a model reads what it is told, and what that is worth;
# - say what several prompts bring, compared with as many replies to one;
# - plan a run that loses nothing, and price it before anything is sent.
#
# **Paper:** Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization
# Using Large Multi-Modality Models*, [arXiv 2405.14702](https://arxiv.org/abs/2405.14702), section
# 3.2 and figure 3.
# **You need:** [notebook 03](03_index_construction.ipynb) for where references come from.
# **Time:** 60 minutes to read, 95 with the exercises. **Machine:** any laptop, 2 GB of memory, no
# GPU; the cells run for one or two minutes. A key or a GPU lets you ask another model: one line.

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
import re
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from g3lite import evaluation, figures, geo, miniearth, paths, prompts
from g3lite import replies as reading
from g3lite.figures import diagrams
from g3lite.lmm import chances
from g3lite.lmm.ask import ask
from g3lite.lmm.load import load_lmm, temperature_of
from g3lite.prompts import PromptPlan
from g3lite.recipes import minilmm_tasks as tasks
from g3lite.recipes import replies as reply_recipe
from g3lite.teaching import guess, own, real_photos
from g3lite.teaching.checks import nb04
from g3lite.teaching.checks.nb04 import check_04_1, check_04_2, check_04_3, check_04_4

# %% tags=["parameters"]
PROFILE = "auto"
LMM = ""  # another model: a name on a hub, or "api:NAME" for a server; "": MiniLMM

# %% jupyter={"source_hidden": true}
profile = profiles.get(PROFILE)
validation = miniearth.load("validation")
truth = validation.coordinates
known = miniearth.load("gallery").coordinates
said, rows = reply_recipe.recorded()
similar, dissimilar = known[rows["similar"]], known[rows["dissimilar"]]  # (2400, 15, 2)
minilmm = load_lmm("minilmm")
model = load_lmm(LMM) if LMM else minilmm

# %% [markdown]
# ## 1 One photo, asked about twice

# %%
QUERY = 228
picture = validation.image(validation.ids[QUERY])
places = np.concatenate([similar[QUERY], dissimilar[QUERY]])  # (30, 2)
globe = tasks.turned(np.random.default_rng(12), places[None])[0]  # the same, on a turned globe

# %%
asked = {}
for name, where in {"As it is": places, "All places turned": globe}.items():
    text = prompts.prompt(where[:15], where[15:])
    reply = np.array(reading.parse(minilmm.replies(picture, text)[0]).coordinates)
    off = geo.great_circle_km(truth[QUERY], reply)
    asked[f"{name}: the reply is {off:,.0f} km off"] = where[:15], reply

# %%
figures.show(
    figures.asked_twice(
        miniearth.draw(miniearth.scene_of(validation.ids[QUERY]), 512),
        truth[QUERY],
        asked,
        "The same photo; the places in the prompt are turned, and the reply follows",
    ),
    "A street with a tram, a taxi and a sign in Cyrillic letters, and two world maps. With the "
    "prompt as it is, the reply lies on the star that marks Belgrade; with all places turned, it "
    "lies among them in the Indian Ocean.",
)

# %%
for name, (where, reply) in asked.items():
    nearest = geo.great_circle_km(where, reply).min()
    print(f"{name}, and {nearest:,.1f} km from the nearest of the 15 places in its prompt")

# %% [markdown]
# The photo was taken in Belgrade, at the star. With the prompt as it is, the reply is 2 km off.
# Then all thirty places of the prompt were turned on the globe, together, and the picture was left
# as it is. The reply is now in the Indian Ocean, 9,747 km off, at one of the places in its prompt.
# This model reads what it is told, and believes it more than the street in the picture. (The photo
# was chosen because it shows this well; section 4 counts it for many.)
#
# You are at the second of the three steps of G3, the prompts:

# %% tags=["diagram"]
figures.show(*diagrams.g3(here="diversification"))

# %% [markdown]
# The model here is **MiniLMM**, a small one of this project, because you can run it. It has the
# architecture of LLaVA: the image tower of MiniCLIP, two layers that translate, and a language
# model. In most of its training prompts the globe was turned, or a town moved, so that the answer
# could only be read from the places in the prompt. It is no general language model: it knows the
# words of these prompts, and answers with nothing but coordinates. The paper asks GPT-4V.
#
# What it was taught, exactly: its target was the reference nearest to the truth, if one lay within
# 25 km, and else the truth; and in a part of the prompts the places were random, and only their
# pattern told which one was meant.

# %%
weights = sum(part.numel() for part in minilmm.model.model.language_model.parameters())
print(f"the language model of MiniLMM has {weights / 1e6:.1f} million weights")
print(f"{len(truth):,} queries with 15 + 15 references each, from {len(known):,} photos")

# %% [markdown]
# To ask another model, set `LMM` in the cell with the parameters: `"Qwen/Qwen3-VL-2B-Instruct"` on
# a GPU, or `"api:gpt-4o"` with a key in the environment variable `OPENAI_API_KEY`. The cells that
# ask now then ask that one.
#
# ## 2 The prompt
#
# The model gets a picture and a text. The paper names what the text must contain: a role, the task,
# two lists of places, the demand for an answer, and its form.

# %% tags=["diagram"]
figures.show(*diagrams.prompt_anatomy(similar[QUERY], dissimilar[QUERY]))

# %% [markdown]
# Each part has a reason. Without a role and "an answer is required" many models reply that they
# cannot know. Without a form they write an essay. The similar places say *look here first*, the
# dissimilar ones *probably not here*.
#
# How many places are best? For a photo with good neighbours, many. For a photo whose neighbours
# mislead, none. Nobody knows beforehand which photo is which, so G3 asks about each photo with
# **four prompts**: 0, 5, 10 and 15 references of either kind. The prompt without any is called
# **zero-shot**; it is the same text without the paragraph with the lists.

# %% tags=["nbval-check-output"]
plan = prompts.PLANS["paper"]
print(plan)

# %% [markdown]
# The official code asks for ten replies to each prompt and uses five of them. That matters for the
# price, in section 8.
#
# ## 3 From a prompt to a place
#
# A model does not write a place. It computes a probability for every possible next **token**, a
# piece of text, chooses one, appends it, and begins again.

# %% tags=["diagram"]
text = prompts.prompt(similar[QUERY], dissimilar[QUERY])
reply = chances.written(minilmm, picture, text, minilmm.replies(picture, text)[0])
figures.show(*diagrams.tokens_to_place(reply.tokens, reply.chances))

# %%
print(", ".join(f"{token!r} {p:.0%}" for token, p in zip(reply.tokens, reply.chances, strict=True)))

# %% [markdown]
# The whole degrees of a number are one token here, and its decimals are two more. Some tokens leave
# no choice: they have 100 %. Where the numbers stand, the model is less sure: 64 % for `44.`, and
# 22 % for the decimals `79`.
#
# ### Temperature
#
# The model computes logits $z$, numbers of any size, one for each token. The **temperature** $T$
# says how they become probabilities:
#
# $$ p_i = \frac{e^{\,z_i / T}}{\sum_j e^{\,z_j / T}} $$
#
# At $T = 1$ these are the probabilities that the model was trained for. A lower $T$ makes the
# likeliest token likelier still; $T = 0$ means: always take it. A higher $T$ makes them more equal.
#
# ### Exercise 1: temperature
#
# Write `probabilities`: the softmax of `logits` (n, m), float, over the m tokens of each row, at a
# `temperature`. Logits may be as large as 1,000, in one row and not in another, or beside a 0 in
# the same row; nothing may overflow. A temperature of 0 gives all probability to the largest logit
# of a row. Leave the given array as it is.


# %% tags=["exercise"]
def probabilities(logits, temperature):
    """Probabilities (n, m) of the next token at a temperature."""
    ...  # your code here


check_04_1(probabilities)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def probabilities(logits, temperature):
#     """Probabilities (n, m) of the next token at a temperature."""
#     if temperature == 0:
#         return np.eye(logits.shape[1])[logits.argmax(axis=1)]
#     below = logits - logits.max(axis=1, keepdims=True)  # 0 for the likeliest: no overflow
#     weights = np.exp(below / temperature)
#     return weights / weights.sum(axis=1, keepdims=True)
#
#
# check_04_1(probabilities)
# ```
#
# </details>

# %% [markdown]
# Your function on logits of MiniLMM: the token with the whole degrees of the latitude, in its
# zero-shot reply about this photo.

# %%
softmax = own.choose(probabilities, check_04_1, nb04.probabilities)
alone = chances.written(
    minilmm, picture, prompts.prompt(), minilmm.replies(picture, prompts.prompt())[0]
)
step = alone.tokens.index('": ') + 1  # the token behind "latitude"
rivals = alone.likeliest(step, 6)

# %%
by_T = {f"T = {T}": 100 * softmax(alone.logits[step : step + 1], T)[0, rivals] for T in (0.4, 1.2)}
bars = pd.DataFrame(by_T, index=[alone.vocabulary[number] for number in rivals])
print(bars.round(1).T.to_string())
figures.show(
    figures.bar_panels(
        {"the six likeliest tokens": bars}, "The whole degrees of the latitude", "probability, %"
    ),
    "Bars of the probabilities of six tokens at two temperatures: at the lower one the first token "
    "has most of the probability, at the higher one the others have more of it.",
)

# %% [markdown]
# At $T = 0.4$ the likeliest token, `53.`, has 44.9 %; the right one, `44.`, is the second with
# 29.5 %. At $T = 1.2$ they have 18.9 and 16.4 %, and other tokens have more. What does this do to
# places? Forty zero-shot replies at each of four temperatures:

# %%
drawn_at = {
    T: reading.parse_all(minilmm.replies(picture, prompts.prompt(), 40, T))[0]
    for T in (0.2, 0.4, 0.7, 1.2)
}


def apart(some):
    """Median distance between two of the places (n, 2) that could be read, km."""
    some = some[~np.isnan(some[:, 0])]
    return np.median(geo.great_circle_km(some[:, None], some)[np.triu_indices(len(some), 1)])


for T, some in drawn_at.items():
    near = (geo.great_circle_km(some, truth[QUERY]) <= 200).sum()
    print(
        f"T = {T}: {np.isfinite(some[:, 0]).mean():.0%} readable, {apart(some):,.0f} km between "
        f"two of them (median), {near} within 200 km of the truth"
    )

# %%
figures.show(
    figures.reply_maps(
        {f"T = {T}": some for T, some in drawn_at.items()},
        truth[QUERY],
        "Forty zero-shot replies about one photo; the star is the truth",
    ),
    "Four maps of Europe with forty replies each. At the lowest temperature they form a few "
    "groups; the higher the temperature, the wider they are spread.",
)

# %% [markdown]
# At $T = 0.2$ the replies form a few groups, in Ireland, Poland and Romania. At higher temperatures
# they spread: from 978 to 1,503 km between two of them. At 0.7 more of the 40 are within 200 km of
# the truth than at 0.2, 8 instead of 2. At 1.2 it is 4, and only 82 % can still be read: this small
# model loses its form. Which temperature is best cannot be seen from one photo: sections 6 and 7
# measure it.
#
# ### Reading the reply
#
# A reply is text. The official code of G3 takes the first two numbers with a decimal point, and
# where there are none, (0, 0), a spot in the sea off Africa that then competes with the others.
# Read the ten replies below, and count: how many of them name a place? Write your number into
# `my_places` before you go on.

# %%
REPLIES = (
    '{"latitude": 48.8566, "longitude": 2.3522}',
    '```json\n{"longitude": 2.3522, "latitude": 48.8566}\n```',
    '{"latitude": 48, "longitude": 2}',
    "I am 99.5 % sure that this is Paris: (48.8566, 2.3522)",
    "33.87° S, 151.21° E",
    "(\u221233.8688, 151.2093)",
    "I am sorry, but I cannot identify where this photo was taken.",
    '{"latitude": 148.2, "longitude": 11.5}',
    "between 40.1 and 45.7 degrees north, near 5.2 east",
    '{"latitude": 48.8566, "longi',
)


def official(text):
    """The first two numbers with a decimal point, else (0, 0)."""
    numbers = re.findall(r"[-+]?\d+\.\d+", text or "")
    return tuple(map(float, numbers[:2])) if len(numbers) >= 2 else (0.0, 0.0)


# %%
my_places = None  # how many of the ten replies name a place

# %% tags=["nbval-check-output"]
for text in REPLIES:
    one = reading.parse(text)
    print(" ".join(text.split()))
    print(f"    official {official(text)}; here {one.coordinates or 'none: ' + one.reason}")

# %%
print(
    guess.compare(my_places, sum(reading.parse(text).coordinates is not None for text in REPLIES))
)

# %% [markdown]
# Six name a place, and the official rule gets one of these six right. It takes a longitude that
# comes first for a latitude, finds no whole numbers, takes the per cent for a latitude, loses the
# *S*, and does not know the minus sign of the sixth. From the other four it makes candidates, too;
# one has a latitude of 148. The strict parser gives a candidate only where the model *meant* one,
# and else a reason.
#
# ### Exercise 2: a strict reader
#
# Write `read_pair` for replies to a prompt that asks for a pair. It returns the pair
# (latitude, longitude) of floats if the text holds *exactly one* pair in round brackets, whatever
# stands around it. In the brackets there are two numbers, a comma and perhaps spaces, nothing else,
# and no line break. A number is made of the digits 0 to 9, may have a point and further digits, and
# a sign, also the Unicode minus (\u2212). For everything else return None: no text (None), no pair,
# several pairs, also if one of them is impossible or they are equal, a latitude beyond ±90 or a
# longitude beyond ±180 (the limits themselves are allowed; 0 is a number like any other).


# %% tags=["exercise"]
def read_pair(text):
    """The coordinates of a reply in the form (latitude, longitude), or None."""
    ...  # your code here


check_04_2(read_pair)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def read_pair(text):
#     """The coordinates of a reply in the form (latitude, longitude), or None."""
#     number = r" *([-+]?[0-9]+(?:\.[0-9]+)?) *"
#     found = re.findall(rf"\({number},{number}\)", (text or "").replace("\u2212", "-"))
#     if len(found) != 1:
#         return None
#     lat, lon = map(float, found[0])
#     return (lat, lon) if abs(lat) <= 90 and abs(lon) <= 180 else None
#
#
# check_04_2(read_pair)
# ```
#
# </details>

# %% [markdown]
# ## 4 Does it read what it is told?
#
# A model could ignore the lists, and answer from what it knows by heart. The hero of section 1 was
# one photo. Here is the experiment for many: all places of a prompt are turned on the globe, each
# prompt by a turn of its own, and the model is asked for a pair, which **your reader** reads.

# %%
reader = own.choose(read_pair, check_04_2, nb04.read_pair)


def asked_now(photos, similar, dissimilar):
    """Where the likeliest replies about n photos are, (n, 2); NaN where the reader finds none."""
    plan = PromptPlan((similar.shape[1],), 1, temperature=0, template="pair")
    texts = ask(model, photos, plan, similar, dissimilar, progress=False)[0]["text"]
    found = [reader(text) for text in texts.fillna("")]
    return np.array([(np.nan, np.nan) if one is None else one for one in found], dtype=float)


# %% [markdown]
# First one photo, turned four times:

# %%
four = tasks.turned(np.random.default_rng(1), np.repeat(places[None], 4, axis=0))  # (4, 30, 2)
this = validation.take(slice(QUERY, QUERY + 1))
replies = np.stack([asked_now(this, turn[None, :15], turn[None, 15:])[0] for turn in four])
figures.show(
    figures.asked_often(
        {f"turn {n + 1}": (four[n, :15], replies[n]) for n in range(4)},
        "One photo, its similar places turned four times (dots), and the replies (rings)",
        truth=truth[QUERY],
    ),
    "A world map: four groups of dots far from each other, each in a colour of its own, and in "
    "each group a ring of its colour round one of the dots.",
)
copied = geo.great_circle_km(four[:, :15], replies[:, None]).min(axis=1)
print("km from the reply to the nearest dot:", ", ".join(f"{far:.1f}" for far in copied))

# %% [markdown]
# Each ring is round one of the dots of its colour, at most 0.4 km off: the reply copies it.
#
# **Guess first.** In how many per cent of photos will the reply be within 25 km of one of the 15
# similar places of its turned prompt?

# %%
my_follows = None  # per cent

# %%
LIVE = 120
some = validation.head(LIVE)
lists = np.concatenate([similar[:LIVE], dissimilar[:LIVE]], axis=1)
lists = tasks.turned(np.random.default_rng(2), lists)
replies = asked_now(some, lists[:, :15], lists[:, 15:])
km = geo.great_circle_km(lists[:, :15], replies[:, None])  # (120, 15)


# %%
def percent(values):
    """Mean of one number per photo, in per cent, and its 95 % interval over photographers."""
    values = np.asarray(values, dtype=float)[:, None]
    table = validation.table[: len(values)]
    ends = evaluation.mean_intervals(values, table, replicates=profile.bootstrap)
    return [100 * float(end[0]) for end in ends]


follows = percent((km <= 25).any(axis=1))
print("within 25 km of one of the 15: {:.1f} % [{:.1f}, {:.1f}]".format(*follows))
print("within 25 km of the first one: {:.1f} % [{:.1f}, {:.1f}]".format(*percent(km[:, 0] <= 25)))
people = validation.table["AUTHOR"][:LIVE].nunique()
print(f"{LIVE} photos by {people} photographers")
print(guess.compare(my_follows, follows[0], "%", digits=1))

# %% [markdown]
# In 96.7 % [93.3, 100.0] of the photos the reply is at one of the turned places, wherever on Earth
# it lies. Nothing that the model knows by heart leads there; so it reads. This confirms that its
# training worked, for it was trained on turned globes; it says nothing about a model that was not.
# And it does not simply repeat the first place: in 39.2 % the reply is at that one. (The photos
# are of only 21 photographers, so the intervals here are rather too short.)
#
# ### How well does it choose?
#
# It copies one of the places that it is told. Can it tell which one is meant? Three lists of ten
# random places, without any help from the picture: one place is named *twice*; two are *together*,
# near each other, and the first of them is meant; or one lies in the *middle* of four others. A
# model that copies a place at random would be right in one list of ten, or in one of five where the
# place is named twice.

# %%
rng = np.random.default_rng(3)
for kind in tasks.PATTERNS:
    lists, meant = tasks.pattern(rng, kind, LIVE, 10)
    replies = asked_now(some, lists, tasks.anywhere(rng, LIVE, 10))
    right = percent(geo.great_circle_km(replies, meant) <= 1)
    ends = "all alike, no interval" if right[1] == right[2] else "[{1:.1f}, {2:.1f}]".format(*right)
    print(f"{kind:<9} {right[0]:5.1f} % {ends}")

# %% [markdown]
# A place that is named twice is found in 100.0 % of the lists. Of two places that lie together the
# first is given in 38.3 %, and the one in the middle of four others in 23.3 % [17.1, 29.1]. That is
# better than chance, and wrong in most lists. MiniLMM copies, and it recognises a repetition; it
# has hardly learnt how places lie to each other, although it was trained on all three patterns.
#
# ### Picture or references?
#
# Now recorded replies about the validation photos, asked in several ways: as usual, with another
# photo's picture, with another photo's references, and with one thing changed. (Asking takes
# hours on two cores; `g3lite dev artefacts build replies --force` does it again.)


# %%
def places_said(way, references):
    """Where the recorded replies to a prompt are: (queries, replies, 2); NaN for none."""
    some = said[(said["way"] == way) & (said["references"] == references)]
    return some[["LAT", "LON"]].to_numpy().reshape(some["IMG_ID"].nunique(), -1, 2)


PROMPTS = (0, 5, 10, 15)
likeliest = {k: places_said("likeliest", k)[:, 0] for k in PROMPTS}
print(f"{len(said):,} replies, {said['LAT'].notna().mean():.1%} readable")

# %% [markdown]
# The measure is the mean of the five shares, those of the replies within 1, 25, 200, 750 and
# 2,500 km. **Guess first**: by how many points does it fall with another photo's picture?

# %%
my_picture = None  # points

# %%
HALF = 1_200  # photos that were asked about in all these ways


def five(places):
    """The mean of the five shares for each query, from 0 to 1: (queries,)."""
    return evaluation.hits(places, validation.table[: len(places)]).mean(axis=1)


def against(changed, usual):
    """By how many points the mean of the five shares changes, with its interval."""
    return percent(five(changed[:HALF]) - five(usual[:HALF]))


warm15 = places_said("drawn", 15)[:, 0]
differences = {
    "another photo's references": (places_said("another's references", 15)[:, 0], likeliest[15]),
    "no references (zero-shot)": (likeliest[0], likeliest[15]),
    "another photo's picture": (places_said("another's picture", 15)[:, 0], likeliest[15]),
    "dissimilar ones without hubs": (places_said("without hubs", 15)[:, 0], likeliest[15]),
    "random dissimilar ones": (places_said("random dissimilar", 15)[:, 0], warm15),
    "the answer as a pair, not JSON": (places_said("as a pair", 15)[:, 0], likeliest[15]),
}
differences = {name: against(*pair) for name, pair in differences.items()}


# %%
def show_forest(rows, title, better, worse):
    """Differences in points with their intervals, name -> (3,), as a figure."""
    table = pd.DataFrame(rows, index=["difference", "low", "high"]).T / 100
    spoken = [f"{name} {d:+.1f} [{a:+.1f}, {b:+.1f}]" for name, (d, a, b) in rows.items()]
    figures.show(
        figures.forest(table.rename_axis("method").reset_index(), title, better, worse),
        f"Differences in points, with 95 % intervals: {', '.join(spoken)}.",
    )


title = "One thing is changed in a prompt with 15 + 15 references"
show_forest(differences, title, "better", "worse")
print(guess.compare(my_picture, -differences["another photo's picture"][0], "points", digits=1))

# %% [markdown]
# Both are read, and not equally. With another photo's references the mean falls by 25.4 points
# [23.0, 27.8], further than without any (13.0): wrong references are worse than none. With another
# photo's picture it falls by 1.6 [0.7, 2.6]. So the places in the reply come from the prompt, and
# the picture has a small say in which of them.
#
# Which dissimilar places are named makes no difference that can be seen: 0.0 points [−1.4, +1.4]
# with random ones, and +0.7 [−0.1, +1.4] with those that leave the hubs out. So whether the better
# lists of notebook 03 help this model cannot be said: up to 1.4 points are not excluded. (The row
# of the random ones compares drawn replies, because they were recorded only so.) The form of the
# answer matters: asked for a pair instead of JSON it is 1.9 points [1.1, 2.7] better. A wording is
# a choice like any other: compare wordings on validation photos, before you compare models.

# %% [markdown]
# ## 5 What references are worth
#
# So the model follows its references. Does that bring the replies nearer to the truth? Here are the
# likeliest replies to each of the four prompts, and for comparison the place of the most similar
# photo, which needs no language model at all:

# %%
methods = {"most similar photo": similar[:, 0]}
methods |= {f"{k} + {k} references": likeliest[k] for k in PROMPTS}
results = evaluation.evaluate(methods, validation.table, replicates=profile.bootstrap)

# %% tags=["results"]
evaluation.table(results)

# %%
for name, other in {"most similar photo": similar[:, 0], "15 + 15": likeliest[15]}.items():
    more = percent(five(likeliest[10]) - five(other))
    print("10 + 10 minus {}: {:+.1f} points [{:+.1f}, {:+.1f}]".format(name, *more))

# %% [markdown]
# Without references 3.9 % of the replies are within 25 km, with 10 + 10 it is 22.0 %: this model
# locates with its references. But look at the first row: the most similar photo alone, without any
# language model, has 22.3 %. In the mean of the five shares 10 + 10 is +0.4 points [−0.6, +1.5]
# above it: no difference that can be seen. So MiniLMM reads the references, and adds little to them
# as long as it gives one answer. And more is not better: 10 + 10 is 1.3 points [0.5, 2.2] above
# 15 + 15.
#
# That was the mean of all queries. Now split them by what retrieval offers: **good** if the most
# similar photo was taken within 200 km of the truth, **misleading** if none of the 15 was taken
# within 750 km, **mixed** in between.

# %%
km = geo.great_circle_km(similar, truth[:, None])
offered = np.select([km[:, 0] <= 200, km.min(axis=1) > 750], ["good", "misleading"], "mixed")


def shares(hits, some):
    """Means of the columns of hits (queries, m), in per cent, with both ends: (3, m)."""
    table = validation.table[some]
    ends = evaluation.mean_intervals(hits[some], table, replicates=profile.bootstrap)
    return 100 * np.array(ends)


panels = {
    f"{group} retrieval ({(offered == group).mean():.0%})": {
        f"{radius:,} km": shares(
            np.column_stack([geo.great_circle_km(likeliest[k], truth) <= radius for k in PROMPTS]),
            offered == group,
        )
        for radius in (25, 200, 750, 2500)
    }
    for group in ("good", "mixed", "misleading")
}

# %%
figures.show(
    figures.line_panels(
        PROMPTS, panels, "What references do depends on the query",
        ("references of either kind", "queries within that distance, %"),
    ),
    "Three panels, for good, mixed and misleading retrieval, with the share of queries within four "
    "distances against the number of references.",
)  # fmt: skip

# %%
near = {k: (geo.great_circle_km(likeliest[k], truth) <= 750).astype(float) for k in (0, 15)}
for group in ("good", "mixed", "misleading"):
    some = offered == group
    gain = shares((near[15] - near[0])[:, None], some)[:, 0]
    print(
        f"{group} ({some.mean():.0%}), within 750 km: "
        f"{100 * near[0][some].mean():.1f} % without references, "
        f"{100 * near[15][some].mean():.1f} % with 15 + 15, "
        "{:+.1f} points [{:+.1f}, {:+.1f}]".format(*gain)
    )

# %% [markdown]
# Where retrieval is good, references raise the share within 750 km from 44.7 to 80.4 %, and in the
# mixed group from 25.5 to 36.4 %. Where it misleads, the share falls from 3.3 to 0.7 % (−2.6 points
# [−4.8, −0.6]). This fall is partly built in: none of the places told lies within 750 km there, so
# a reply that copies one cannot. It says that the model rarely leaves its list, and that little was
# there to lose: 2.6 points of 18 % of the photos are half a point of all. In practice nobody
# knows which photo is in which group, and that is the paper's reason for several prompts: one
# without references for the photos that are misled, others with them. Here there is little to win
# by it. (Perhaps because photos of the last group show few cues, so that zero-shot is poor, too.)
#
# ## 6 More prompts, or more tries?
#
# The replies are drawn at a temperature, so a second reply to the same prompt is another one. How
# noisy are they?

# %%
drawn = np.stack([places_said("drawn", k) for k in PROMPTS], axis=1)  # (2400, 4, 5, 2)
T = profiles.get("cpu").temperature
for k, some in zip(PROMPTS, drawn.swapaxes(0, 1), strict=True):
    between = geo.great_circle_km(some[:, 0], some[:, 1])
    print(
        f"{k:>2} + {k:<2}: two replies at T = {T} are {np.nanmedian(between):6,.0f} km apart "
        f"(median), {(between <= 25).mean():.0%} of them within 25 km"
    )
noise = percent(five(drawn[:, 2, 0]) - five(likeliest[10]))
print("10 + 10: a drawn reply minus the likeliest {:+.1f} points [{:+.1f}, {:+.1f}]".format(*noise))

# %% [markdown]
# Without references two replies are 1,773 km apart in the median; with 5 + 5 it is 377 km, and 41 %
# of them agree within 25 km. So there is much chance in a drawn reply, and it has a price: one
# drawn reply is 2.5 points [1.6, 3.3] worse than the likeliest one. Who wants a single answer takes
# the temperature 0.
#
# Several replies are only useful if somebody chooses among them. Notebook 05 builds that judge. Now
# suppose a perfect one, who knows the truth: the share of queries with *at least one* reply within
# a distance is the **ceiling**, what a judge could reach at best.
#
# Four prompts give more candidates than one, and the best of four is better than the best of one by
# arithmetic, even if all prompts were equally good. That is no merit of variety. A fair comparison
# has as many tries on both sides: the **null** is one prompt, asked four times.
#
# ### Exercise 3: an experiment with a null
#
# Write `worth_of_variety`. `km` (queries, p prompts, n replies, n ≥ p) holds the distance of every
# reply from the truth, NaN where a reply could not be read. A reply is *near* if it is within
# `radius` km; exactly at the radius counts. Return A − B, where
#
# - A is the share of the queries where at least one of the p *first* replies, one to each prompt,
#   is near;
# - B is a share for each prompt: of the queries where at least one of its first p replies is near.
#   Take the prompt with the largest one, the same for all queries.


# %% tags=["exercise"]
def worth_of_variety(km, radius):
    """Share with one reply to each of p prompts, minus that with p replies to the best prompt."""
    ...  # your code here


check_04_3(worth_of_variety)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def worth_of_variety(km, radius):
#     """Share with one reply to each of p prompts, minus that with p replies to the best prompt."""
#     near = km <= radius  # NaN is not
#     one_of_each = near[:, :, 0].any(axis=1).mean()
#     all_of_one = near[:, :, : km.shape[1]].any(axis=2).mean(axis=0)
#     return one_of_each - all_of_one.max()
#
#
# check_04_3(worth_of_variety)
# ```
#
# </details>

# %% [markdown]
# **Guess first**: four prompts with one reply each, minus four replies to the best prompt. How many
# points is that within 750 km?

# %%
my_variety = None  # points

# %%
experiment = own.choose(worth_of_variety, check_04_3, nb04.worth_of_variety)
away = geo.great_circle_km(drawn, truth[:, None, None])  # (2400, 4, 5)
worth = {radius: 100 * experiment(away, radius) for radius in evaluation.THRESHOLDS_KM}
worth = {radius: round(points, 1) + 0.0 for radius, points in worth.items()}  # no -0.0
print(", ".join(f"{radius:,} km: {points:+.1f} points" for radius, points in worth.items()))
print(guess.compare(my_variety, worth[750], "points", digits=1))


# %%
def with_interval(radius):
    """The same difference with its interval, over photographers."""
    near = away <= radius
    each, one = near[:, :, 0].any(axis=1), near[:, :, :4].any(axis=2)  # (2400,) and (2400, 4)
    return percent(each.astype(float) - one[:, one.mean(axis=0).argmax()])


title = "One reply to each of four prompts, minus four replies to the best prompt"
intervals = {f"within {radius:,} km": with_interval(radius) for radius in worth}
show_forest(intervals, title, "four prompts are better", "one is better")

# %% [markdown]
# And with more replies? One prompt with 10 + 10 references, the paper's ablation "w/o Geo-D", and
# the four prompts in turn, one reply of each, then the next of each:

# %%
in_turn = away.swapaxes(1, 2).reshape(len(away), -1)[:, :8]
one_prompt = geo.great_circle_km(places_said("one prompt", 10), truth[:, None])  # (2400, 8)
tries = np.arange(1, 9)
everybody = np.full(len(truth), True)
ceilings = {
    f"within {radius} km": {
        name: shares(np.logical_or.accumulate(some <= radius, axis=1), everybody)
        for name, some in {"one prompt, 10 + 10": one_prompt, "four prompts": in_turn}.items()
    }
    for radius in (25, 200, 750)
}
figures.show(
    figures.line_panels(
        tries, ceilings, "The best of so many replies: a ceiling, not a result",
        ("replies", "queries with one that near, %"),
    ),
    "Three panels, within 25, 200 and 750 km: the share of queries with at least one reply that "
    "near rises with the number of replies, for one prompt and for four.",
)  # fmt: skip

# %%
for radius, lines in ceilings.items():
    one, four = (values[0] for values in lines.values())
    print(
        f"{radius}: one prompt {one[0]:.1f} % with one reply, {one[7]:.1f} % with eight; "
        f"four prompts {four[7]:.1f} % with eight"
    )

# %% [markdown]
# Within 1 and 25 km four prompts bring nothing that can be seen: −0.5 points [−1.2, +0.3] and 0.0
# [−1.3, +1.1]; within 200 km, +1.3 [−0.0, +2.7], it is not certain. Within 750 km they bring +3.5
# points [1.9, 5.0], within 2,500 km +3.7 [2.3, 5.0]. So the *ceiling* rises for the country, and
# not for the city; whether the answer does, with a judge that does not know the truth, notebook 06
# says. A likely reason: near candidates are copied from the references, and more tries of one
# prompt copy them as well, while the zero-shot prompt adds others. Test it: leave out the prompt
# without references, and run the cell again.
#
# The other part is tries. (The curve of the four prompts begins with the zero-shot reply, so
# compare it from four replies on.) Within 750 km the ceiling of *one* prompt rises from 40.9 % with
# one reply to 63.7 % with eight; four prompts reach 67.7 %. Without the null, all of this would
# have looked like a merit of variety.
#
# ## 7 Which temperature, and how many candidates
#
# Three numbers have to be chosen: the temperature $T$, the number $N$ of replies to each prompt,
# and the number $S$ of retrieved places, those of the most similar photos, that compete beside the
# replies. More candidates raise the ceiling; but each one more can also mislead a real judge. So
# the choice needs the judge of notebook 05. All 140 combinations were tried on the first 1,200
# validation photos, with what G3 finally answers:

# %%
grid = pd.read_csv(paths.shipped("choice/grid.csv"))
figures.show(
    figures.choice_grid(grid, "mean of five", "What G3 reaches: the mean of the five shares, %"),
    "Four panels of squares, one for each temperature, with replies per prompt and retrieved "
    "places; the best square has a frame.",
)

# %%
ranked = grid.sort_values("mean of five", ascending=False)
best, last = ranked.iloc[0], ranked.iloc[-1]
for name, one in {"best": best, "worst": last}.items():
    mean = 100 * one["mean of five"]
    print(f"{name}: T = {one.temperature}, N = {one.N:.0f}, S = {one.S:.0f}, {mean:.1f} %")
within = ranked["mean of five"] >= best["mean of five"] - 0.005
print(f"{within.sum()} of {len(grid)} combinations are within half a point of the best")
for column in ("temperature", "N", "S"):
    means = 100 * grid.groupby(column)["mean of five"].mean()
    print(f"means by {column}:", ", ".join(f"{at:g}: {mean:.1f}" for at, mean in means.items()))
many = 100 * grid.loc[grid["S"] == 15, "mean of five"]
print(f"all combinations with S = 15: from {many.min():.1f} to {many.max():.1f} %")

# %% [markdown]
# Read it in its three directions:
#
# - **S**: one retrieved place beats none in every row. With three or more the values fall, and with
#   15 all combinations lie between 31.5 and 32.0 %: so many retrieved places mislead the judge.
# - **T**: the lower, the better on average, from 33.3 % at 0.2 to 31.8 % at 1. Replies at a high
#   temperature are more varied, and the judge does not profit from it.
# - **N**: two replies are a little better than one, 32.9 against 32.7 % on average; more than three
#   are worse.
#
# The best combination is $T = 0.4$, $N = 2$, $S = 1$ with 34.9 %, and the worst has 27.7 %. But 9
# of the 140 are within half a point of the best, and 1,200 photos cannot tell these apart. The
# highest of 140 values is also a little too high, because chance helps to select it. So G3 is set
# to this combination, and what it reaches is measured on other photos, in notebook 06.
#
# **A judgement.** The paper uses $N = 5$ and $S = 0$ on IM2GPS3K, with GPT-4V at $T = 1.2$.
# Somebody wants to use MiniEarth's $N = 2$ and $S = 1$ for GPT-4V, "because the grid says so". Do
# you agree?
#
# <details><summary>One answer</summary>
#
# No. The grid was measured with another model, another gallery and other photos. It says how to
# choose: try the combinations on validation photos of one's own, with one's own judge, and report
# on photos that took no part in the choice. It also says what to look at first: whether many
# retrieved places help the judge or mislead it.
#
# </details>

# %% [markdown]
# ## 8 Before you pay: a run and its price
#
# The paper's run on IM2GPS3K has 2,997 photos × 4 prompts × 10 replies. Servers refuse, time out
# and stop; laptops are closed. Three rules make that harmless: write down every reply **as it
# comes**, under a key of all that it depends on; **ask only for what is missing**; **stop at a
# limit** of cost or of failures.

# %% tags=["diagram"]
figures.show(*diagrams.resumed_run())

# %% [markdown]
# `ask` does it. Six photos with two prompts and two replies each:

# %%
small = validation.head(12)
once = PromptPlan(references=(0, 15), replies=2, temperature=0.4)
folder = tempfile.TemporaryDirectory()
options = {"store": Path(folder.name) / "replies.sqlite", "progress": False}
_, report = ask(model, small.head(6), once, similar[:6], dissimilar[:6], **options)
print(report)

# %% [markdown]
# Now all twelve, with the same store. The first six are there already, as they would be if the
# first run had been killed after them:

# %%
_, report = ask(model, small, once, similar[:12], dissimilar[:12], **options)
print(report)

# %% [markdown]
# The second run took 24 replies from the store and asked for 24.
#
# ### What would it cost?
#
# IM2GPS3K with GPT-4 Turbo, as it was priced when the paper was written: 10 dollars for a million
# tokens sent and 30 for a million received, 255 tokens for a picture of 512 pixels. Prices change:
# put in those of the day.

# %% tags=["nbval-check-output"]
cost = plan.estimate(2_997, tokens_per_image=255, price_in=10, price_out=30)
print(cost.round(2).to_string())
one_by_one = plan.estimate(2_997, 255, price_in=10, price_out=30, per_request=1)
print(f"of which for replies: {30 * cost.tokens_out['all'] / 1e6:.2f}")
print(f"with one reply for each request: {one_by_one.price['all'] / cost.price['all']:.1f} times")

# %% [markdown]
# A run costs 182.97 dollars, 107.89 of them for the replies. Each request pays for picture and
# prompt once, however many replies it brings. A server that ignores this is asked ten times, and
# costs 4.7 times as much.
#
# ### Exercise 4: write and price a prompt
#
# You have 60 dollars for these 2,997 photos, at the same prices, with 30 tokens for a reply; one
# request brings all replies to a prompt. Design a plan, and give the check four things:
#
# - `wording`: a text with the fields `$similar` and `$dissimilar` in a paragraph of their own,
#   which is left out of the zero-shot prompt; what remains asks for latitude and longitude, and
#   shows the form of the answer;
# - `references`: the numbers of references, 0 and two others at least, none above 15;
# - `replies`: how many of each prompt, two at least;
# - `dollars`: what it costs.
#
# `PromptPlan(references, replies, template=prompts.Template(wording))` makes a plan of it,
# `prompts.rough_tokens(text)` counts tokens.

# %% tags=["exercise"]
wording = ...  # your text here
references, replies_each, dollars = ..., ..., ...
check_04_4(wording, references, replies_each, dollars)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# wording = """\
# Where on Earth was this photo taken? Give your best guess.
#
# Similar photos were taken here: $similar
# Dissimilar photos were taken here: $dissimilar
#
# Answer with JSON only: {"latitude": float, "longitude": float}
# """
# references, replies_each = (0, 5, 10), 2
# shorter = PromptPlan(references, replies_each, template=prompts.Template(wording))
# dollars = shorter.estimate(2_997, 255, price_in=10, price_out=30)["price"]["all"]
# check_04_4(wording, references, replies_each, dollars)
# ```
#
# </details>

# %% [markdown]
# What did you give up, and how would you find out whether it matters?
#
# <details><summary>One answer</summary>
#
# The prompt with 15 + 15 references, because it is the most expensive one, and the role and the
# repeated form. Whether it matters is an experiment on validation photos: the plan against the
# paper's, with the same judge, at an equal number of replies, with an interval for the difference.
#
# </details>

# %% [markdown]
# ## On real photos
#
# The prompts of G3 for photos that people took: those of the part *test* of a **pack** (notebook
# 01; [how to make one](../g3lite/pack.md)). References come from its parts *train* and *gallery*,
# by the heads of notebook 02, trained at the first call and kept. On a GPU 40 photos are
# shown to the model of the profile, Qwen3-VL-2B-Instruct, or of `LMM`; its replies stay in
# the pack's folder. `G3LITE_PACK` names the pack; without one the cells do nothing.
#
# **What is shown here is mechanics on 240 photos, not CLIP**, and no language model was asked, for
# there was no GPU: these outputs show what it would be told. How well such a model answers has not
# been measured yet.

# %% tags=["pack"]
pack = real_photos.pack("the references of real photos, and the replies of a language model")
if pack:
    lmm = model if LMM else real_photos.had(
        "a language model", lambda: real_photos.language_model("auto", pack, profiles.get(PROFILE)),
        "With one the last two cells show its replies, and notebooks 05 and 06 go on with them.",
    )  # fmt: skip

# %% tags=["pack"]
if pack:
    heads = real_photos.heads(pack, "official")
    run = real_photos.run(pack, heads).take(real_photos.asked_rows(pack))
    forty, (near, far) = run.queries, run.references(15)  # (photos, 15, 2) each
    first = {"15 most similar": near[0], "15 most dissimilar": far[0]}
    figures.show(
        figures.listed(first, forty.coordinates[0], "Where the references of one photo were taken"),
        "A world map with the places of 15 similar and of 15 dissimilar photos, and of the photo.",
    )

# %% [markdown]
# This is the first photo of the part *test*, not a chosen one. Its prompt with five references of
# either kind, and what all prompts would cost, at the prices of section 8:

# %% tags=["pack"]
if pack:
    temperature = temperature_of(LMM or profiles.get(PROFILE).lmm, 0.4)
    real_plan = PromptPlan(replies=real_photos.CHOICE.replies, temperature=temperature)
    five = prompts.prompt(near[0, :5], far[0, :5])
    print(*(line for line in five.splitlines() if "[" in line), sep="\n")
    for some in real_plan.prompts(near[0], far[0]):
        print(f"{some.references:2} + {some.references}: {prompts.rough_tokens(some.text)} tokens")
    price = real_plan.estimate(len(forty), 255, price_in=10, price_out=30).price["all"]
    print(f"{len(forty)} photos, {real_plan.replies} replies of each prompt: {price:.2f} dollars")

# %% tags=["pack"]
if pack:
    answers = real_photos.ask(pack, lmm, run, real_plan)

# %% [markdown]
# Are the references any good? A model that copies one of them can be near only if one is near. So
# count the photos with a near place among the first k references, and among k known photos drawn at
# random. Where there are replies, a third line shows how many of them are near:

# %% tags=["pack"]
if pack:
    where, people = forty.coordinates[:, None], real_photos.people(forty.table)
    km, all_km = (geo.great_circle_km(some, where) for some in (near, run.known.coordinates[None]))
    numbers, panels = real_plan.references, {}
    print(f"{len(forty)} photos by {people['AUTHOR'].nunique()} people")
    for radius in (200, 750, 2500):
        shares = real_photos.within(radius, km, all_km, numbers, people, answers)
        lines = {name: real_photos.per_cent(some, people) for name, some in shares.items()}
        panels[f"within {radius:,} km"] = lines
        one, other = (shares[name][:, -1:] for name in ("similar photos", "as many at random"))
        lead = "{:+.1f} [{:+.1f}, {:+.1f}]".format(*real_photos.per_cent(one - other, people)[:, 0])
        print(f"{radius:,} km:", ", ".join(f"{k} {v[0, -1]:.1f} %" for k, v in lines.items()))
        print(f"    15 similar minus 15 at random: {lead} points")
    figures.show(
        figures.line_panels(numbers, panels, real_photos.label(pack),
                            ("references", "photos with a near place, %")),
        "Three panels of lines that rise with the number of references.",
    )  # fmt: skip

# %% [markdown]
# No better than chance, as far as 29 photos by 15 people can say. Within 750 km one of the 15
# similar photos is near for 58.6 %; of 15 at random one is near for 51.9 %. The difference, +6.7
# points [−4.3, +20.3], may be nothing: these heads have learnt nothing that holds for other
# people's photos, as their loss says (1.01 of that of guessing). And with so few known photos even
# chance looks good: 88.8 % within 2,500 km.
#
# With a pack of your own look at these two lines first, before you pay for replies. If they lie
# apart, the references know something. The line of the replies then says whether the model makes
# more of them than it says without references, at 0.

# %% [markdown]
# ## What you have learnt
#
# - A prompt of G3 has a role, a task, two lists of references, the demand for an answer, and a
#   form. Zero-shot is the same without the lists.
# - A model chooses token by token. The temperature says how often an unlikely token is drawn; a
#   single answer is best at 0.
# - A reply is read strictly, or it is no candidate. (0, 0) is a place, not a failure.
# - Turn the places of the prompt, and see whether the reply follows: MiniLMM does, in 96.7 % of the
#   photos, as it was trained to. References raise its share within 25 km from 3.9 to 22.0 %, as far
#   as the most similar photo alone; they help where retrieval is good, and harm where it misleads.
# - The best of four replies is better than one by arithmetic. With equally many tries on both
#   sides, four prompts raise the ceiling by 3.5 points [1.9, 5.0] within 750 km, and not within 25.
# - On validation one retrieved place, two replies and a low temperature have the highest mean, with
#   others close to it; many candidates mislead the judge.
# - A run writes down what comes, asks only for what is missing, and stops at a limit. A plan has a
#   price before it is run.
#
# **What it cannot do.** MiniLMM was trained for this task on a drawn world. How far GPT-4V or
# another model follows its references is a question to be asked again, with the same cells. "Good"
# and "misleading" are known here because the truth is. And the best of many replies is a ceiling:
# to come near it, somebody has to choose.
#
# **With care.** Whatever is sent to an API leaves your machine. `g3lite` strips the metadata of a
# photo before it does (EXIF may hold the place), but a picture of your street remains one.
#
# **Next:** [05 Geo-verification](05_geo_verification.ipynb): the judge. Every candidate is scored
# against the photo in the aligned space.
#
# ### References
#
# - P. Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization Using
#   Large Multi-Modality Models*, NeurIPS 2024,
#   [arXiv 2405.14702](https://arxiv.org/abs/2405.14702): section 3.2, figure 3.
# - Z. Zhou et al., *Img2Loc: Revisiting Image Geolocalization Using Multi-Modality Foundation
#   Models and Image-Based Retrieval-Augmented Generation*, SIGIR 2024,
#   [arXiv 2403.19584](https://arxiv.org/abs/2403.19584): one prompt with similar and dissimilar
#   places.
# - H. Liu et al., *Visual Instruction Tuning*, NeurIPS 2023,
#   [arXiv 2304.08485](https://arxiv.org/abs/2304.08485): LLaVA, the architecture of MiniLMM.
# - P. Lewis et al., *Retrieval-Augmented Generation for Knowledge-Intensive NLP Tasks*, NeurIPS
#   2020, [arXiv 2005.11401](https://arxiv.org/abs/2005.11401).
