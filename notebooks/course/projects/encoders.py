"""Which frozen encoder knows places? The same search with the features of each.

python notebooks/course/projects/encoders.py
"""

import g3lite  # noqa: F401  before torch or faiss, see there

# isort: split
from torch import nn
from torchvision.transforms import v2

from g3lite import evaluation, miniearth, profiles
from g3lite.backbone import Backbone
from g3lite.baselines.retrieval import nearest_neighbour

profile = profiles.get()
gallery = miniearth.load("gallery", profile.gallery_size)
queries = miniearth.load("validation", profile.query_size)

tiny = nn.Sequential(nn.AdaptiveAvgPool2d(8), nn.Flatten())  # 3 x 8 x 8 numbers, nothing learnt
to_tensor = v2.Compose([v2.PILToTensor(), v2.Resize((64, 64)), v2.Lambda(lambda x: x / 255 - 0.5)])
encoders = {
    "8 x 8 pixels": Backbone.wrap(tiny, to_tensor, dim=192, name="8 x 8 pixels"),
    "MiniCLIP": Backbone.load("miniclip", device=profile.device),
}
answers = {}
for name, encoder in encoders.items():
    asked, known = (encoder.image_features(photos).vectors for photos in (queries, gallery))
    answers[name] = nearest_neighbour(asked, known, gallery.coordinates)

scores = evaluation.evaluate(answers, queries.table, replicates=profile.bootstrap)
print(evaluation.table(scores).iloc[:, 1:4].to_string())
