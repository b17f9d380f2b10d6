"""Figures: maps without a network, photo sheets, curves, all with an alt text.

Every function returns a figure of its own and leaves matplotlib's global state alone, so nothing is
displayed twice and nothing has to be closed. Pass the figure to `style.show` with a sentence that
says what can be seen in it.
"""

from g3lite.figures.answers import judged, reply_map
from g3lite.figures.cues import cue_sheet
from g3lite.figures.curves import (
    gain_panels,
    line_chart,
    seeds_and_intervals,
    softmax_bars,
    threshold_curves,
)
from g3lite.figures.earth import coloured_earths
from g3lite.figures.flat import on_land, projections
from g3lite.figures.forest import forest, forest_panels
from g3lite.figures.growth import Growth, growth
from g3lite.figures.hero import hero, located
from g3lite.figures.judging import Verdict, bands, found_and_lost, two_halves, verdicts
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
from g3lite.figures.plots import (
    bar_panels,
    bars,
    dot_pairs,
    line_panels,
    lines,
    score_panels,
    stacked_bars,
)
from g3lite.figures.prompting import asked_often, asked_twice, choice_grid, reply_maps
from g3lite.figures.scores import Film, embedding, learning, photo_and_scores, score_maps
from g3lite.figures.searches import hub_scatter, listed, share_bars, trade_off, two_searches
from g3lite.figures.sheets import neighbour_strip, photo_rows, photo_sheet
from g3lite.figures.states import StateRow, state_strip
from g3lite.figures.style import DPI, PALETTE, PREDICTION, TRUTH, WIDTH, Live, encode, show
from g3lite.figures.sureness import promises, reliability
from g3lite.figures.workers import workers

__all__ = [
    "DPI",
    "Film",
    "Growth",
    "Live",
    "PALETTE",
    "PREDICTION",
    "StateRow",
    "TRUTH",
    "Verdict",
    "WIDTH",
    "asked_often",
    "asked_twice",
    "bands",
    "bar_panels",
    "bars",
    "candidate_maps",
    "choice_grid",
    "circle_map",
    "coloured_earths",
    "cue_moves",
    "cue_sheet",
    "density_map",
    "dot_pairs",
    "draw_arcs",
    "draw_points",
    "embedding",
    "encode",
    "forest",
    "forest_panels",
    "found_and_lost",
    "gain_panels",
    "growth",
    "heat_maps",
    "hero",
    "hub_scatter",
    "judged",
    "learning",
    "line_chart",
    "line_panels",
    "lines",
    "listed",
    "located",
    "neighbour_strip",
    "on_land",
    "photo_and_scores",
    "photo_rows",
    "photo_sheet",
    "prediction_map",
    "projections",
    "promises",
    "reliability",
    "reply_map",
    "reply_maps",
    "score_maps",
    "score_panels",
    "seeds_and_intervals",
    "share_bars",
    "show",
    "softmax_bars",
    "stacked_bars",
    "state_strip",
    "threshold_curves",
    "trade_off",
    "two_halves",
    "two_searches",
    "verdicts",
    "vote_map",
    "workers",
    "world_map",
    "zoomed_map",
]
