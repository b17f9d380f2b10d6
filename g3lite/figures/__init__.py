"""Figures: maps without a network, photo sheets, curves, all with an alt text.

Every function returns a figure of its own and leaves matplotlib's global state alone, so nothing is
displayed twice and nothing has to be closed. Pass the figure to `style.show` with a sentence that
says what can be seen in it.
"""

from g3lite.figures.curves import threshold_curves
from g3lite.figures.earth import coloured_earths
from g3lite.figures.forest import forest
from g3lite.figures.maps import (
    candidate_maps,
    density_map,
    draw_arcs,
    draw_points,
    heat_maps,
    prediction_map,
    world_map,
    zoomed_map,
)
from g3lite.figures.sheets import neighbour_strip, photo_sheet
from g3lite.figures.style import DPI, PALETTE, PREDICTION, TRUTH, WIDTH, encode, show

__all__ = [
    "DPI",
    "PALETTE",
    "PREDICTION",
    "TRUTH",
    "WIDTH",
    "candidate_maps",
    "coloured_earths",
    "density_map",
    "draw_arcs",
    "draw_points",
    "encode",
    "forest",
    "heat_maps",
    "neighbour_strip",
    "photo_sheet",
    "prediction_map",
    "show",
    "threshold_curves",
    "world_map",
    "zoomed_map",
]
