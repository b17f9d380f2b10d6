"""G3 with a small gallery and a model of fixed replies: quick."""

from fixed_lmm import Fixed

from g3lite import G3, miniearth
from g3lite.alignment import GeoAlignment
from g3lite.index import Gallery
from g3lite.prompts import PromptPlan
from g3lite.verification import CandidateConfig


def small_g3(backbone, photos=120):
    """The first photos of MiniEarth's gallery, and a model that always says Lisbon or Reykjavik."""
    heads = GeoAlignment.from_pretrained("mini")
    known = miniearth.load("gallery", photos)
    features = backbone.image_features(known, normalize=False, progress=False, cache=False)
    gallery = Gallery.build(known.table, heads.database_vectors(features.vectors), "miniclip")
    plan = PromptPlan((0,), replies=2)
    lmm = Fixed("(38.7, -9.1)", "(64.1, -21.9)")
    return G3(backbone, heads, gallery, lmm, plan, CandidateConfig((0,), 2, 3),
              miniearth.is_miniearth)  # fmt: skip
