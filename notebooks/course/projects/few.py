"""How many photos does alignment need? Heads from more and more photos, one search.

python notebooks/course/projects/few.py
"""

import g3lite  # noqa: F401  before torch or faiss, see there

# isort: split
from dataclasses import replace

import torch

from g3lite import alignment, evaluation, miniearth, profiles, training
from g3lite.backbone import Backbone, unit_rows
from g3lite.baselines.retrieval import nearest_neighbour

profile = profiles.get()
miniclip = Backbone.load("miniclip", device=profile.device)
gallery = miniearth.load("gallery", profile.gallery_size)
queries = miniearth.load("validation", profile.query_size)
known = training.AlignmentDataset.from_photos(gallery, miniclip)
asked = training.AlignmentDataset.from_photos(queries, miniclip)

vectors = {"MiniCLIP alone": (asked.image, known.image)}
for n in (500, 1000, len(gallery)):
    torch.manual_seed(0)
    heads = alignment.GeoAlignment(alignment.CONFIGS["mini"])
    some = replace(
        known, image=known.image[:n], text_of=known.text_of[:n], coordinates=known.coordinates[:n]
    )
    training.fit(heads, some, asked, training.SCHEDULES["small"], progress=False)
    both = heads.database_vectors(asked.image), heads.database_vectors(known.image)
    vectors[f"heads from {n:,} photos"] = both

answers = {
    name: nearest_neighbour(unit_rows(q), unit_rows(v), gallery.coordinates)
    for name, (q, v) in vectors.items()
}
scores = evaluation.evaluate(answers, queries.table, replicates=profile.bootstrap)
print(evaluation.table(scores).iloc[:, 1:4].to_string())
