"""Drawn diagrams of the ideas, one function each: `figures.show(*diagrams.g3(here="alignment"))`.

Each returns a figure and a sentence for those who cannot see it. What can be computed is computed
from what is given, photos, vectors, replies; what is drawn freely says "sketch".
"""

from g3lite.figures.diagrams.canvas import Diagram
from g3lite.figures.diagrams.overview import g3

__all__ = ["Diagram", "g3"]
