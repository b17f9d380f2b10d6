"""How much does a leak flatter? One search, among all photos and among other people's.

python notebooks/course/projects/leak.py
"""

import g3lite  # noqa: F401  before torch or faiss, see there

# isort: split
import numpy as np

from g3lite import evaluation, miniearth, profiles
from g3lite.backbone import Backbone

profile = profiles.get()
photos = miniearth.load("gallery", profile.gallery_size)
vectors = Backbone.load("miniclip", device=profile.device).image_features(photos).vectors
authors = photos.table["AUTHOR"].to_numpy()

asked = np.random.default_rng(0).choice(len(photos), min(2000, len(photos)), replace=False)
cosine = vectors[asked] @ vectors.T
cosine[np.arange(len(asked)), asked] = -1  # not the photo itself
among_all = cosine.argmax(axis=1)
cosine[authors[asked][:, None] == authors] = -1  # nor any other photo by the same person
among_others = cosine.argmax(axis=1)

found = {"all photos": among_all, "other people's photos": among_others}
answers = {name: photos.coordinates[rows] for name, rows in found.items()}
scores = evaluation.evaluate(answers, photos.table.iloc[asked], replicates=profile.bootstrap)
print(evaluation.table(scores).iloc[:, :3].to_string())
