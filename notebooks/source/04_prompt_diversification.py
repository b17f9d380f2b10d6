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
# is shown the photo, reads a prompt, and writes coordinates. G3 tells it where similar photos were
# taken. For one photo that is the solution, for another a trap. So each photo is asked about with
# several prompts, and several times with each. Afterwards you will be able to
#
# - build the prompts of G3 from references, and say what each part of them is for;
# - ask an LMM, here, on a GPU or behind an API, with the same lines;
# - say what the temperature does to the replies, and what it costs;
# - turn replies into candidates without inventing any;
# - run thousands of requests that may fail, so that nothing is lost and nothing is paid twice;
# - measure for which photos references help, for which they mislead, and what a variety of prompts
#   is worth.
#
# **Paper:** Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization
# Using Large Multi-Modality Models*, [arXiv 2405.14702](https://arxiv.org/abs/2405.14702), section
# 3.2 and figure 3.
# **You need:** [notebook 03](03_index_construction.ipynb) for where references come from.
# **Time:** 45 minutes to read, 75 with the exercises. **Machine:** any laptop, 2 GB of memory, no
# GPU; the cells run for one or two minutes. A key or a GPU lets you ask another model: one line.

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
import re
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from g3lite import evaluation, figures, geo, miniearth, prompts
from g3lite import replies as reading
from g3lite.baselines import retrieval
from g3lite.lmm import base
from g3lite.lmm.ask import ask
from g3lite.lmm.load import load_lmm
from g3lite.prompts import PromptPlan, Template
from g3lite.recipes import replies as reply_recipe
from g3lite.teaching.checks.nb04 import check_04_1, check_04_2, check_04_3

pd.set_option("display.width", 160, "display.max_columns", 20, "display.max_colwidth", 80)

# %% tags=["parameters"]
PROFILE = "auto"
LMM = ""  # another model: a name on a hub, or "api:NAME" for a server; "": MiniLMM

# %% [markdown]
# ## 1 What the model is told
#
# The queries are the 2,400 validation photos of MiniEarth. Their references were searched as in
# [notebook 03](03_index_construction.ipynb), among the 20,000 photos of the gallery, and are
# shipped as row numbers, so that this notebook can begin with them:

# %%
profile = profiles.get(PROFILE)
validation = miniearth.load("validation")
truth = validation.coordinates
known = miniearth.load("gallery").coordinates  # (20000, 2)

said, rows = reply_recipe.recorded()  # replies, for later; rows of the references
similar, dissimilar = known[rows["similar"]], known[rows["dissimilar"]]
km = geo.great_circle_km(similar, truth[:, None])  # (2400, 15)
print(f"profile {profile.name}: {len(truth):,} queries, {similar.shape[1]} + 15 references each")

# %% [markdown]
# How good are they? Let us call retrieval **good** if the most similar photo was taken within 200
# km of the truth, **misleading** if none of the fifteen was taken within 750 km, and **mixed** in
# between. Before you look: how many queries are misled by all fifteen?

# %%
misled = km.min(axis=1) > 750
offered = np.select([km[:, 0] <= 200, misled], ["good", "misleading"], "mixed")
GROUPS = ("good", "mixed", "misleading")
for name in GROUPS:
    some = offered == name
    print(
        f"{name:<10} {some.mean():5.1%} of the queries; references within 200 km: "
        f"{(km[some] <= 200).mean():5.1%}, within 2,500 km: {(km[some] <= 2500).mean():5.1%}"
    )

# %% [markdown]
# One query of each kind, those with the most visible cues. Blue is the truth, green where similar
# photos were taken, grey where dissimilar ones were:

# %%
clues = np.array([len(miniearth.scene_of(img_id).visible) for img_id in validation.ids[:300]])
shown = {
    name: int(np.where(offered[:300] == name, clues, -1).argmax())
    for name in ("good", "misleading")
}


def reference_map(query, title):
    """Truth and references of a query on a map of the world."""
    figure, axes = figures.world_map(title)
    for places, colour, size, label in (
        (dissimilar[query], "#999999", 22, "dissimilar"),
        (similar[query], figures.PALETTE[2], 34, "similar"),
        (truth[query][None], figures.TRUTH, 60, "truth"),
    ):
        figures.draw_points(axes, places, color=colour, size=size, label=label)
    axes.legend(loc="lower left", fontsize=9)
    return figure


# %%
for name, query in shown.items():
    figures.show(
        reference_map(query, f"References of a query, {name} retrieval"),
        f"A map of the world with the truth of one query, the places of fifteen similar photos and "
        f"those of fifteen dissimilar ones; the retrieval is {name}.",
    )

# %%
figures.show(
    figures.photo_sheet(
        [validation.image(validation.ids[query]) for query in shown.values()],
        [f"{name} retrieval" for name in shown],
        title="The two queries",
    ),
    "The drawn photos of the two queries, side by side.",
)

# %% [markdown]
# ### The prompt
#
# The model knows nothing of all this. It gets a picture and a text. What must the text say? The
# paper names the ingredients: a **role**, the **task**, two **lists** of coordinates, the demand
# for an **answer**, and the **form** that it must have. Here with two references of either kind:

# %%
query = shown["good"]
print(prompts.prompt(similar[query, :2], dissimilar[query, :2]))

# %% [markdown]
# Each has a reason. Without a role and "an answer is required", models of this kind like to answer
# that they cannot know. Without the form, they answer with an essay. The similar list says *look
# there first*, the dissimilar one *probably not there*.
#
# Without references (the **zero-shot** prompt) the paragraph with the lists is left out. G3 asks
# about every photo with **four prompts**: 0, 5, 10 and 15 references of either kind, the most
# similar first. `PromptPlan` says so, and how many replies are drawn of each:

# %% tags=["nbval-check-output"]
plan = prompts.PLANS["paper"]
print(plan)

# %% [markdown]
# ### Change it
#
# The wording is a text with the fields `$similar` and `$dissimilar`. Write another one, in any
# language that your model reads; whatever paragraph names a field is left out of the zero-shot
# prompt. (A file name works as well.)

# %%
mine = Template("""\
Where on Earth was this photo taken? Look at the plants, the buildings and the signs.

Similar photos come from these places: $similar
Dissimilar photos come from these: $dissimilar

Answer with one pair of numbers: (latitude, longitude)
""")
print(prompts.prompt(similar[query, :1], dissimilar[query, :1], mine))

# %% [markdown]
# ## 2 Asking
#
# The paper asks GPT-4V. On this machine the model is **MiniLMM**, trained by this project: LLaVA's
# architecture, with MiniCLIP's image tower for eyes and a Llama of four million numbers behind it.
# It was trained on 92,000 other photos of MiniEarth, none of them by a photographer or of a scene
# that occurs here, and on the same kind of prompt, with references that were really retrieved, good
# and misleading ones as they came. (In the last part of its training half of the prompts with
# references were moved, all places and the answer together by up to ten degrees: such an answer
# can only be read from the references, not known by heart.) It is no language model: it knows the
# words of such prompts and answers with nothing but coordinates. For the experiment that is enough,
# and you can run it.

# %%
model = load_lmm(LMM or "minilmm")
picture = validation.image(validation.ids[query])
zero_shot = prompts.prompt()
with_references = prompts.prompt(similar[query, :15], dissimilar[query, :15])
for text in (zero_shot, with_references, prompts.prompt(template="pair")):
    print(f"{len(text):5,} characters in, out:", *model.replies(picture, text))

# %% [markdown]
# Three prompts, three answers, each in the form that was asked for. Nothing in this cell depends on
# the model. Set `LMM` in the cell at the top to `"Qwen/Qwen3-VL-2B-Instruct"` on a GPU, or to
# `"api:gpt-4o"` with a key in the environment variable `OPENAI_API_KEY` (`OPENAI_BASE_URL` for any
# other server that speaks this protocol), and the same cells ask that one. It will take MiniEarth
# for what it is, a drawing; ask it about a photo of yours.
#
# ### Temperature
#
# A model does not write coordinates. It computes a probability for every possible next token,
# chooses one, and begins again. With logits $z$ (numbers of any size, one per token) and the
# **temperature** $T$:
#
# $$ p_i = \frac{e^{\,z_i / T}}{\sum_j e^{\,z_j / T}} $$
#
# $T = 1$ is how the model was trained. A small $T$ sharpens, and $T \to 0$ always takes the
# likeliest token; a large $T$ flattens. What does that do to a *place*? Forty replies each, to the
# zero-shot prompt and to the one with fifteen references, about the misleading query:

# %%
TEMPERATURES = (0.3, 0.7, 1.2, 2.0)
query = shown["misleading"]
picture = validation.image(validation.ids[query])
asked = {
    0: prompts.prompt(),
    15: prompts.prompt(similar[query, :15], dissimilar[query, :15]),
}
drawn = {
    (k, T): reading.parse_all(model.replies(picture, text, 40, T))[0]
    for k, text in asked.items()
    for T in TEMPERATURES
}


# %%
def spread(places):
    """Median distance between two replies, km."""
    places = places[~np.isnan(places[:, 0])]
    pairs = geo.great_circle_km(places[:, None], places[None])
    return np.median(pairs[np.triu_indices(len(places), 1)])


measured = [
    {
        "references": k,
        "T": T,
        "readable": f"{np.isfinite(places[:, 0]).mean():.0%}",
        "km between two replies": round(spread(places)),
        "km from a reply to the truth": round(
            np.nanmedian(geo.great_circle_km(places, truth[query]))
        ),
    }
    for (k, T), places in drawn.items()
]
pd.DataFrame(measured).set_index(["references", "T"])

# %%
figure, axes = figures.world_map("Forty zero-shot replies at two temperatures")
for T, colour, size in ((1.2, figures.PALETTE[4], 40), (0.3, figures.PREDICTION, 25)):
    figures.draw_points(axes, drawn[0, T], color=colour, size=size, label=f"T = {T}")
figures.draw_points(axes, truth[query][None], size=60, label="truth")
axes.legend(loc="lower left", fontsize=9)
figures.show(
    figure,
    "A map of the world: forty replies at temperature 1.2 are spread more widely than forty "
    "replies at temperature 0.3; one point is the truth.",
)

# %% [markdown]
# A single best guess wants a low temperature. But G3 has a judge, the geo-verification of notebook
# 05, that will choose among all candidates, and a judge can only choose what is there. So it draws,
# GPT-4V at $T = 1.2$, and asks several times. (How warm is a trade: every candidate more is also
# one more that can fool the judge. And look at the column "readable": MiniLMM, a thousand times
# smaller, loses its form at such a temperature. On validation $T = 0.7$ was best for it, so that is
# what the recorded replies below are drawn at.)
#
# ### Exercise 1: temperature
#
# Write `probabilities`: the softmax of `logits` (n, m), float, over the m tokens of each row, at a
# `temperature`. Logits may be as large as 1,000, in one row and not in another, which must not
# overflow; a temperature of 0 gives all probability to the largest logit of a row. Leave the given
# array as it is.


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
# ## 3 Reading
#
# A reply is text. A real model mostly does what it was told, and sometimes it does not. The
# official code takes the first two numbers with a decimal point, and where there are none, (0, 0),
# a spot in the sea off Africa which then takes part as a candidate. Before you run the cell, go
# through the replies: which of them name a place?

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
    None,
)


def official(text):
    """The first two numbers with a decimal point, else (0, 0)."""
    numbers = re.findall(r"[-+]?\d+\.\d+", text or "")
    return tuple(map(float, numbers[:2])) if len(numbers) >= 2 else (0.0, 0.0)


# %% tags=["nbval-check-output"]
for text in REPLIES:
    reply = reading.parse(text)
    print(" ".join((text or "no text at all").split()))
    print(f"    official {official(text)}; here {reply.coordinates or 'none: ' + reply.reason}")

# %% [markdown]
# The strict parser gives a candidate only where the model *meant* one, and else a reason. A refusal
# is no candidate. Nor is a latitude of 148: in the official code it would become NaN in the
# projection and then win every comparison (notebook 05 shows how).
#
# ### Exercise 2: a strict reader
#
# Write `read_pair` for replies to a prompt that asks for a pair. It returns the pair
# (latitude, longitude) of floats if the text holds *exactly one* pair in round brackets, with
# nothing else inside them but spaces, whatever stands around it. Numbers may be whole, and may have
# a sign, also the Unicode minus (\u2212). For everything else it returns None: no text (None), no
# pair, several pairs, brackets that are not closed, a latitude beyond ±90 or a longitude beyond
# ±180 (the limits themselves are allowed; 0 is a number like any other).


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
#     number = r"\s*([-+]?\d+(?:\.\d+)?)\s*"
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
# ## 4 A run that loses nothing
#
# The paper's run on IM2GPS3K is 2,997 photos × 4 prompts × 10 replies: 120,000 replies. Servers
# refuse, time out and answer garbage; laptops are closed. Three rules make that harmless: write
# down every reply **as it comes**, under a key of everything it depends on (model, picture, prompt,
# temperature, number of the sample); **ask only for what is missing**; and **stop at a limit**, of
# cost or of failures. `ask` does it. First, six photos with two replies each:

# %%
small = validation.head(12)
once = PromptPlan(references=(0, 15), replies=2, temperature=0.7)
folder = tempfile.TemporaryDirectory()
store = Path(folder.name) / "replies.sqlite"
options = {"store": store, "progress": False}
_, report = ask(model, small.head(6), once, similar[:6], dissimilar[:6], **options)
print(report)

# %% [markdown]
# Now all twelve. The first six are in the store already:

# %%
answers, report = ask(model, small, once, similar[:12], dissimilar[:12], **options)
print(report)
answers.head(4)

# %% [markdown]
# It would have been the same if the first run had been killed in the middle: whatever had come was
# on disk.
#
# ### A refusal and a broken reply
#
# MiniLMM cannot refuse. So let us replay a recorded conversation in which somebody does. The paper
# asks for ten replies and uses five; here three are asked for and two are used. Which ones?

# %%
texts = [REPLIES[6], '{"latitude": 47.1, "longi', REPLIES[0]] * 2
recorded = pd.DataFrame(
    {
        "IMG_ID": small.ids[0],
        "references": np.repeat([0, 15], 3),
        "sample": [0, 1, 2] * 2,
        "text": pd.array(texts, dtype="string"),
    }
)
refusing = base.ReplayLMM(recorded)
two_of_three = PromptPlan(references=(0, 15), replies=2, asked=3)
answers, report = ask(refusing, small.head(1), two_of_three, similar[:1], dissimilar[:1], **options)
print(report)
answers[["references", "sample", "LAT", "LON", "reason", "used"]]

# %% [markdown]
# Two were to be used of each prompt, only one is: a missing candidate is missed, not invented.
#
# ### What would it cost?
#
# Before anything is sent, a plan can be priced. As an example, IM2GPS3K with GPT-4 Turbo as it was
# priced when the paper was written: 10 dollars per million tokens sent and 30 received, 255 tokens
# for a picture of 512 pixels. Prices change: put in those of the day.

# %% tags=["nbval-check-output"]
cost = plan.estimate(2_997, tokens_per_image=255, price_in=10, price_out=30)
print(cost.round(2).to_string())

# %% [markdown]
# Note what drives the cost. Each request pays for picture and prompt once, however many replies it
# brings (`n = 10`). A server that ignores `n` is asked ten times:

# %% tags=["nbval-check-output"]
one_by_one = plan.estimate(2_997, 255, price_in=10, price_out=30, per_request=1)
print(f"{one_by_one.price['all'] / cost.price['all']:.1f} times as much")

# %% [markdown]
# ## 5 What references are worth
#
# Now for all 2,400 queries, asked in several ways. That takes half an hour, so the replies are
# shipped; `g3lite dev artefacts build replies --force` asks again. Are they what the model
# says? Some of the likeliest replies, asked for now:

# %%
WAY = "likeliest"


def places_said(way, references):
    """Where the replies to a prompt are, (2400, replies, 2); NaN for none."""
    some = said[(said.way == way) & (said.references == references)]
    return some[["LAT", "LON"]].to_numpy().reshape(len(validation), -1, 2)


if not LMM:
    some = validation.head(10)
    lists = similar[:10], dissimilar[:10]
    again, _ = ask(model, some, reply_recipe.SETTINGS["validation"][WAY].plan, *lists, **options)
    before = said[(said.way == WAY) & said.IMG_ID.isin(some.ids)]
    same = again["text"].to_numpy() == before["text"].to_numpy()
    print(f"{same.sum()} of {len(same)} replies are those that were recorded")

# %% [markdown]
# (Rounding differs between machines and batch sizes, so now and then a last digit may.) Are they
# readable?

# %%
told = said.groupby("way", sort=False)
pd.DataFrame(
    {
        "replies": told.size(),
        "readable": told["LAT"].apply(lambda lat: f"{lat.notna().mean():.2%}"),
        "T": [reply_recipe.SETTINGS["validation"][way].plan.temperature for way in told.groups],
    }
)

# %% [markdown]
# ### More references, better answers?
#
# Take the likeliest reply to each of the four prompts. To compare with: the place of the most
# similar photo, which needs no language model at all, and one and the same place for everybody.

# %%
PROMPTS = (0, 5, 10, 15)
single = {f"{k} + {k} references": places_said(WAY, k)[:, 0] for k in PROMPTS}
methods = {"constant": retrieval.constant(known), "most similar photo": similar[:, 0], **single}
options = {"replicates": profile.bootstrap}
results = evaluation.evaluate(methods, validation.table, **options)

# %% tags=["results"]
evaluation.table(results)

# %% [markdown]
# References help the model, from the first five on. But do not overlook the second row: on its own,
# with or without references, MiniLMM is no match for the most similar photo at a street's or a
# city's distance. What it adds is *candidates*: section 6 shows how near the best of them come.
#
# So far the mean of everybody. Now split it by what retrieval offered. Guess first: which line will
# rise with the number of references, and which one will fall?

# %%
figure = Figure(figsize=(figures.WIDTH, 3.6), layout="constrained")
figure.suptitle("What references do depends on the query", x=0.01, ha="left", fontweight="bold")
for axes, group in zip(figure.subplots(1, 3, sharey=True), GROUPS, strict=True):
    some = offered == group
    for radius, colour in zip((25, 200, 750, 2500), figures.PALETTE, strict=False):
        hits = np.column_stack(
            [geo.great_circle_km(single[name], truth) <= radius for name in single]
        )
        share, low, high = evaluation.mean_intervals(hits[some], validation.table[some], **options)
        axes.plot(PROMPTS, 100 * share, color=colour, marker="o", label=f"{radius:,} km")
        axes.fill_between(PROMPTS, 100 * low, 100 * high, color=colour, alpha=0.2, linewidth=0)
    axes.set_title(f"{group} retrieval ({some.mean():.0%})", fontsize=10)
    axes.set(xlabel="references of either kind", xticks=PROMPTS, ylim=(0, 100))
    axes.spines[["top", "right"]].set_visible(False)
figure.axes[0].set_ylabel("queries within that distance (%)")
figure.axes[2].legend(frameon=False, fontsize=9, loc="upper right")
figures.show(
    figure,
    "Three panels, for good, mixed and misleading retrieval: the share of queries within 25, 200, "
    "750 and 2,500 km against the number of references. It rises where retrieval is good, hardly "
    "elsewhere.",
)

# %% [markdown]
# The same as paired differences, 15 references minus none, in percentage points:


# %%
def gain(a, b, some=slice(None)):
    """Shares of a minus those of b on some queries, with interval and p, per cent."""
    rows = evaluation.compare(a[some], b[some], validation.table[some], **options)
    rows[["difference", "low", "high"]] *= 100
    return rows.set_index("metric").apply(
        lambda r: f"{r.difference:+.1f} [{r.low:+.1f}, {r.high:+.1f}] p {r.p:.3f}", axis=1
    )


none, all15 = single["0 + 0 references"], single["15 + 15 references"]
differences = {"all": gain(all15, none)}
differences |= {name: gain(all15, none, offered == name) for name in GROUPS}

# %% tags=["results"]
pd.DataFrame(differences)

# %% [markdown]
# Look at the intervals. Where retrieval is good, references bring a lot. Where it misleads, do they
# harm? The differences within 750 km and beyond are on that side, but as long as their intervals
# reach over zero, 430 queries cannot prove it. MiniLMM was trained with references as misleading as
# these, so it has learnt to trust its eyes: a careful student. A model that was only *told* to look
# at the references may follow them further; with another model, read this table again.
#
# ## 6 What a variety of prompts is worth
#
# No number of references is best for every query. For which share of the queries is each of the
# four the nearest to the truth?

# %%
distances = np.column_stack([geo.great_circle_km(single[name], truth) for name in single])
unread = np.where(np.isnan(distances), np.inf, distances)
best = unread == unread.min(axis=1, keepdims=True)
best = best / best.sum(axis=1, keepdims=True)  # equally near ones share a query
shares = {name: best[offered == name].mean(axis=0) for name in GROUPS}
pd.DataFrame({"all": best.mean(axis=0), **shares}, index=list(single)).mul(100).round(1)

# %% [markdown]
# Nobody can choose the right prompt for each query by looking at the truth. But suppose that a
# perfect judge did: that is the **ceiling** of what variety can bring. And a judge may choose among
# several *drawn* replies too. To be fair, look at the same number of candidates: 20 replies to one
# prompt (10 + 10 references, the paper's ablation "w/o Geo-D"), or 5 to each of four.
#
# ### Exercise 3: the ceiling
#
# Write `best_possible`. `km` (queries, prompts, replies) holds the distance of every candidate from
# the truth, NaN where a reply could not be read. Return the share of *all* queries, whether they
# have a readable reply or not, of which at least one candidate is within `radius` km (exactly at
# the radius counts).


# %% tags=["exercise"]
def best_possible(km, radius):
    """Share of the queries that a perfect choice among their candidates brings within radius."""
    ...  # your code here


check_04_3(best_possible)


# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def best_possible(km, radius):
#     """Share of the queries that a perfect choice among their candidates brings within radius."""
#     return (km <= radius).any(axis=(1, 2)).mean()  # NaN <= radius is False
#
#
# check_04_3(best_possible)
# ```
#
# </details>

# %% [markdown]
# Here it is for one prompt and for four, against the number of candidates. The candidates of four
# prompts are taken in turn, one of each, then the next of each:


# %%
def ceiling(candidates):
    """The nearest of the first candidate, of the first two, ...: km (queries, candidates)."""
    away = geo.great_circle_km(candidates, truth[:, None])
    return np.fmin.accumulate(np.where(np.isnan(away), np.inf, away), axis=1)


in_turn = np.stack([places_said("drawn", k) for k in PROMPTS], axis=2)  # (2400, 5, 4, 2)
pools = {
    "one prompt, 10 + 10": places_said("one prompt", 10),
    "four prompts": in_turn.reshape(len(truth), -1, 2),
}

# %%
figure = Figure(figsize=(figures.WIDTH, 3.4), layout="constrained")
figure.suptitle("The best of so many candidates", x=0.01, ha="left", fontweight="bold")
for axes, radius in zip(figure.subplots(1, 3), (25, 200, 750), strict=True):
    for (name, candidates), colour in zip(pools.items(), figures.PALETTE, strict=False):
        hits = ceiling(candidates) <= radius
        share, low, high = evaluation.mean_intervals(hits, validation.table, **options)
        numbers = np.arange(1, hits.shape[1] + 1)
        axes.plot(numbers, 100 * share, color=colour, label=name)
        axes.fill_between(numbers, 100 * low, 100 * high, color=colour, alpha=0.2, linewidth=0)
    axes.set_title(f"within {radius} km", fontsize=10)
    axes.set(xlabel="candidates", ylim=(0, None), xlim=(1, 20))
    axes.spines[["top", "right"]].set_visible(False)
figure.axes[0].set_ylabel("queries (%)")
figure.axes[0].legend(frameon=False, fontsize=9)
figures.show(
    figure,
    "Three panels, within 25, 200 and 750 km: the share of queries of which at least one candidate "
    "is that near, against the number of candidates, for one prompt and for four.",
)

# %% [markdown]
# What is a candidate worth that is drawn blindly? And what can be had without any judge? The
# **medoid** is the candidate with the smallest sum of distances to all others: a vote of all.


# %%
def nearest(candidates):
    """The candidate nearest to the truth, of each query: what a perfect judge would choose."""
    away = geo.great_circle_km(candidates, truth[:, None])
    rows = np.where(np.isnan(away), np.inf, away).argmin(axis=1)
    return candidates[np.arange(len(candidates)), rows]


def medoid(candidates):
    """The candidate with the smallest sum of distances to the other ones of its query."""
    between = geo.great_circle_km(candidates[:, :, None], candidates[:, None])
    sums = np.nansum(between, axis=2)
    sums[np.isnan(candidates[:, :, 0])] = np.inf
    return candidates[np.arange(len(candidates)), sums.argmin(axis=1)]


# %%
pool = pools["four prompts"]
first_by_one = np.random.default_rng(0).integers(pool.shape[1], size=len(pool))
choices = {
    "zero-shot, likeliest": none,
    "10 + 10, likeliest": single["10 + 10 references"],
    "four prompts: one at random": pool[np.arange(len(pool)), first_by_one],
    "four prompts: medoid of 20": medoid(pool),
    "four prompts: best of the likeliest": nearest(np.stack(list(single.values()), axis=1)),
    "one prompt: best of 20": nearest(pools["one prompt, 10 + 10"]),
    "four prompts: best of 20": nearest(pool),
}
worth = evaluation.evaluate(choices, validation.table, **options)

# %% tags=["results"]
evaluation.table(worth)

# %% [markdown]
# The rows "best of" look at the truth: no method, but ceilings. Two differences matter. Between the
# likeliest replies of four prompts and the best single one lies what a judge of prompts could win:

# %%
strongest = max(single, key=lambda name: (geo.great_circle_km(single[name], truth) <= 200).mean())
gains = {
    f"best of four likeliest minus {strongest}": gain(
        choices["four prompts: best of the likeliest"], single[strongest]
    ),
    "best of 20: four prompts minus one": gain(
        choices["four prompts: best of 20"], choices["one prompt: best of 20"]
    ),
}

# %% tags=["results"]
pd.DataFrame(gains)

# %% [markdown]
# This is the argument of the paper in numbers: queries differ in what helps them
# (*heterogeneity*), so a set of different prompts holds a near candidate more often than the best
# single prompt does. The second column is the stricter test, with as many candidates on both sides:
# there four prompts gain little, and for certain only at a country's distance. And all this is only
# an argument as long as nobody can choose. That is the subject of notebook 05.
#
# ## 7 What does it read?
#
# A model could ignore the picture and repeat the first reference, or ignore the references. Test
# it: give it **another photo's picture** with the references left as they are, or **another photo's
# references** with the picture left as it is. What should each do to a model that reads both?

# %%
swapped = {
    "as it is": all15,
    "another's picture": places_said("another's picture", 15)[:, 0],
    "another's references": places_said("another's references", 15)[:, 0],
}
results = evaluation.evaluate(swapped, validation.table, **options)

# %% tags=["results"]
evaluation.table(results)

# %%
pd.DataFrame({f"as it is minus {name}": gain(all15, swapped[name]) for name in list(swapped)[1:]})

# %% [markdown]
# Both cost, so both are read. And how often does it simply repeat a coordinate that it was given?

# %%
copied = {}
for k in PROMPTS[1:]:
    answer = single[f"{k} + {k} references"]
    away = geo.great_circle_km(similar[:, :k], answer[:, None])
    copied[k] = {
        "within 1 km of a similar reference": f"{(away <= 1).any(axis=1).mean():.1%}",
        "of the first one": f"{(away[:, 0] <= 1).mean():.1%}",
        "within 25 km of one": f"{(away <= 25).any(axis=1).mean():.1%}",
    }
pd.DataFrame(copied).rename_axis(columns="references")

# %% [markdown]
# ### The dissimilar ones
#
# [Notebook 03](03_index_construction.ipynb) found that the paper's dissimilar references are hubs,
# the same few photos for everybody, and that leaving the mean out of the search chooses better
# ones. Does it matter to the model?

# %%
better = {
    f"{k} + {k} references": gain(
        places_said("without hubs", k)[:, 0], single[f"{k} + {k} references"]
    )
    for k in PROMPTS[1:]
}

# %% tags=["results"]
pd.DataFrame(better)  # without hubs minus as in the paper

# %% [markdown]
# ### Places that it has never seen
#
# A fifth of MiniEarth's places is in no corpus that MiniCLIP or MiniLMM were trained on. The
# gallery holds photos of them. Where should zero-shot be worse, and what should references do
# there?

# %%
places = miniearth.places()
seen = places["seen"].loc[[int(img_id[:4]) for img_id in validation.ids]].to_numpy()
for name, some in (("seen", seen), ("unseen", ~seen)):
    apart = evaluation.evaluate(
        {f"{name}, {way}": values[some] for way, values in single.items()},
        validation.table[some],
        **options,
    )
    print(evaluation.table(apart).iloc[:, :5].to_string(), "\n")

# %%
pd.DataFrame({name: gain(all15, none, some) for name, some in (("seen", seen), ("unseen", ~seen))})

# %% [markdown]
# Where it has never been, MiniLMM finds the region, hardly ever the city: it knows no city there,
# and has not learnt to copy a reference down to its decimals when it does not know the place. This
# is what the retrieved coordinates themselves are for, which G3 may add to the candidates (the
# paper's $S$).

# %% [markdown]
# ## What you have learnt
#
# - A prompt of G3 has a role, a task, two lists of references, the demand for an answer, and a
#   form. Zero-shot is the same without the lists.
# - The temperature trades the best single guess for variety, and only a judge can use variety.
# - A reply is read strictly, or it is no candidate. (0, 0) is a place, not a failure.
# - A run writes down what comes, asks only for what is missing, and stops at a limit.
# - References help where retrieval is good, and not where it misleads. No number of references is
#   best for everybody, so four prompts together hold a near candidate more often than the best
#   single one.
#
# **What it cannot do.** MiniLMM was trained for this task on this world; a model such as GPT-4V was
# trained on everything, and how far it follows the references is another question, to be asked
# again with the same cells. "Good" and "misleading" are known here because the truth is. And the
# best of many candidates is a ceiling: to come near it, somebody has to choose.
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
