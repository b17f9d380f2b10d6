"""Figures: maps without a network, photo sheets, curves, all with an alt text.

Every function returns a figure of its own and leaves matplotlib's global state alone, so nothing is
displayed twice and nothing has to be closed. Pass the figure to `style.show` with a sentence that
says what can be seen in it.
"""

from g3lite.figures.cues import cue_sheet
from g3lite.figures.curves import threshold_curves
from g3lite.figures.forest import forest
from g3lite.figures.hero import hero
from g3lite.figures.maps import (
    candidate_maps,
    circle_map,
    density_map,
    draw_arcs,
    draw_points,
    heat_maps,
    prediction_map,
    vote_map,
    world_map,
    zoomed_map,
)
from g3lite.figures.moves import cue_moves
from g3lite.figures.plots import bar_panels, bars, dot_pairs, lines, score_panels
from g3lite.figures.sheets import neighbour_strip, photo_sheet
from g3lite.figures.states import StateRow, state_strip
from g3lite.figures.style import DPI, PALETTE, PREDICTION, TRUTH, WIDTH, encode, show

__all__ = [
    "DPI",
    "PALETTE",
    "PREDICTION",
    "TRUTH",
    "WIDTH",
    "StateRow",
    "bar_panels",
    "bars",
    "candidate_maps",
    "circle_map",
    "cue_moves",
    "cue_sheet",
    "density_map",
    "dot_pairs",
    "draw_arcs",
    "draw_points",
    "encode",
    "forest",
    "heat_maps",
    "hero",
    "lines",
    "neighbour_strip",
    "photo_sheet",
    "prediction_map",
    "score_panels",
    "show",
    "state_strip",
    "threshold_curves",
    "vote_map",
    "world_map",
    "zoomed_map",
]
