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
# # Beyond one machine: embed, train and search more than fits
#
# [← 08 After G3](08_after_g3.ipynb) ·
# [10 Build G3 yourself →](10_build_g3.ipynb) ·
# Open in Colab (once on GitHub)
#
# The paper's gallery has 4.12 million photos; others have 100 million. Sooner or later one machine
# is too small or too slow. Then the same functions run on engines that others maintain: **Ray**
# spreads the work over many processes, **torchrun** trains in several, **Milvus** searches. Here
# all of them run on two cores, so that you can watch. Afterwards you will be able to
#
# - measure how a cost grows with the number of photos, and say how far the measurement carries;
# - embed photos with several workers so that a killed one loses nothing and doubles nothing;
# - train on features that lie on the disk, in several processes, with the result of one;
# - move the gallery into a vector store, filter it, and add to it while others search;
# - compare what each step costs in money, and say when one machine is enough.
#
# **Paper:** Jia et al., *G3: An Effective and Adaptive Framework for Worldwide Geolocalization
# Using Large Multi-Modality Models*, [arXiv 2405.14702](https://arxiv.org/abs/2405.14702), section
# 4.1 and the sizes in its code.
# **You need:** [notebook 02](02_geo_alignment.ipynb) for the loss and
# [notebook 03](03_index_construction.ipynb) for the search. For the live parts:
# `pip install -e ".[notebooks,scaling]"`; without it the notebook says what is missing.
# **Time:** 45 minutes to read, 80 with the exercises. **Machine:** any laptop, 4 GB of memory, no
# GPU; the cells run for about two minutes.

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
import os
import signal
import tempfile
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F

from g3lite import G3Error, figures, miniearth, training
from g3lite.alignment import CONFIGS, GeoAlignment
from g3lite.backbone import Backbone
from g3lite.figures import diagrams
from g3lite.index import Gallery
from g3lite.paths import shipped
from g3lite.scale import costs, embed, growth, index_types, milvus
from g3lite.teaching import guess, own
from g3lite.teaching.checks import nb09
from g3lite.teaching.checks.nb09 import check_09_1, check_09_2, check_09_3

pd.set_option("display.width", 160, "display.max_columns", 20)

# %% tags=["parameters"]
PROFILE = "auto"

# %% jupyter={"source_hidden": true}
profile = profiles.get(PROFILE)
gallery = miniearth.load("gallery", profile.gallery_size)
work = Path(tempfile.mkdtemp(prefix="g3lite-"))  # everything that this notebook writes
PAPER, LARGE = 4_122_119, 100_000_000  # photos

# %% [markdown]
# ### Exercise 1: how large is a block?
#
# A small block costs more starts and more files; a large one loses more when a worker is killed.
# Write what a run wastes, in seconds: each block costs `fixed` seconds beside its photos (the last
# block may be smaller, and costs the same), and each of `kills` kills comes at a random moment of a
# block, so that on average half of the block is lost.


# %% tags=["exercise"]
def wasted(block, photos, seconds, fixed, kills):
    """Seconds that a run loses on average, with so many photos per block."""
    ...  # your code here


check_09_1(wasted)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def wasted(block, photos, seconds, fixed, kills):
#     """Seconds that a run loses on average, with so many photos per block."""
#     return math.ceil(photos / block) * fixed + kills * block * seconds / 2
#
#
# check_09_1(wasted)
# ```
#
# </details>

# %% [markdown]
# ### Exercise 2: the loss of a share
#
# Write what one process computes of the loss. It holds its own rows of images and places, and after
# gathering those of all processes, `all_images` and `all_places`. Its first own row is row `first`
# of these. The loss is the mean of two directions, images to all places and places to all images,
# with inner products times `scale`.


# %% tags=["exercise"]
def share_of_loss(images, places, all_images, all_places, first, scale):
    """The loss of the own rows (n, d), against those of all processes (b, d)."""
    ...  # your code here


check_09_2(share_of_loss)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def share_of_loss(images, places, all_images, all_places, first, scale):
#     """The loss of the own rows (n, d), against those of all processes (b, d)."""
#     own = torch.arange(first, first + len(images))
#     to_places = F.cross_entropy(scale * images @ all_places.T, own)
#     to_images = F.cross_entropy(scale * places @ all_images.T, own)
#     return (to_places + to_images) / 2
#
#
# check_09_2(share_of_loss)
# ```
#
# </details>

# %% [markdown]
# ### Exercise 3: a plan for 100 million photos
#
# You have machines with 48 GB for vectors, and may take two at most. The index has to find 90 % of
# the 15 most similar photos and 90 % of the 15 most dissimilar ones. Choose a kind out of the table
# above, and the smallest number of machines that holds it (`index_types.predict_bytes(kind, wide,
# LARGE)` says how many bytes it takes).

# %% tags=["exercise"]
my_plan = None  # such as {"kind": "exact", "machines": 1}
check_09_3(my_plan, indexes, LARGE, wide)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# my_plan = {"kind": "pca", "machines": 1}  # sq8 on two is right, too, and costs twice as much
# check_09_3(my_plan, indexes, LARGE, wide)
# ```
#
# </details>
