"""Drawn diagrams of the ideas, one function each: `figures.show(*diagrams.g3(here="alignment"))`.

Each returns a figure and a sentence for those who cannot see it. What can be computed is computed
from what is given, photos, vectors, replies; what is drawn freely says "sketch". The ground is
transparent, so that one picture lies on a light and on a dark page.
"""

from g3lite.figures.diagrams.alignment import batch, pull_and_push, spaces, waves
from g3lite.figures.diagrams.canvas import Diagram
from g3lite.figures.diagrams.gallery import code_book, hub, inner_products, lists
from g3lite.figures.diagrams.overview import g3
from g3lite.figures.diagrams.prompting import prompt_anatomy, resumed_run, tokens_to_place
from g3lite.figures.diagrams.protocol import resampling, splits
from g3lite.figures.diagrams.scaling import blocks, gathered
from g3lite.figures.diagrams.task import cue_scales, fooled
from g3lite.figures.diagrams.verdict import candidates_and_judge, mean_and_medoid

__all__ = [
    "Diagram",
    "batch",
    "blocks",
    "candidates_and_judge",
    "code_book",
    "cue_scales",
    "fooled",
    "g3",
    "gathered",
    "hub",
    "inner_products",
    "lists",
    "mean_and_medoid",
    "prompt_anatomy",
    "pull_and_push",
    "resampling",
    "resumed_run",
    "spaces",
    "splits",
    "tokens_to_place",
    "waves",
]
