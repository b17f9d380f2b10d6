"""MiniEarth: a rendered world of real places, procedural photos and cues that are known exactly.

scene = miniearth.photograph(place_id=810, seed=7, author="someone")
miniearth.draw(scene, 512)                     # the picture
scene.visible                                  # the cues that it gives away
miniearth.caption(scene, Random(0))            # a caption of what is visible
miniearth.load("validation")                   # a photo set
"""

from g3lite.miniearth.captions import caption
from g3lite.miniearth.render.draw import RENDERER_VERSION, draw
from g3lite.miniearth.sampler import photograph
from g3lite.miniearth.scene import Scene
from g3lite.miniearth.splits import SIZES, fresh, is_miniearth, load, scene_of
from g3lite.miniearth.world import cues_of, places

__all__ = [
    "RENDERER_VERSION",
    "SIZES",
    "Scene",
    "caption",
    "cues_of",
    "draw",
    "fresh",
    "is_miniearth",
    "load",
    "photograph",
    "places",
    "scene_of",
]
