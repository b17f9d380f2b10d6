"""What is measured about the learned judge, and how: written before its test photos were drawn.

**Photos.** `SETS` are a pair of their own, 6,000 natural and 6,000 nearly uniform photos: no
photographer and no scene of them is in any other set. They are opened once, for all rows together,
when the judge is trained and calibrated. All choices (target, ranker, number of candidates,
settings) were made on `CHOSEN_ON`, in five folds by photographer (`g3lite.paper.after_choice`). The
judge learned from `recipes.judge_photos.TRAINING`, where a fifth of the places never occur; its
regions were calibrated on `recipes.judge_photos.CALIBRATION`.

**A, the answers.** The outcome is the mean of the shares within 1, 25, 200, 750 and 2,500 km, both
sets weighted alike. Four comparisons, paired by photo, are tested (`TESTED`): the judge against G3;
against the cosine's best answer without a language model; against aligned [L]kNN; and against a
judge that learned and chose among retrieved places alone. Intervals resample photographers, p is
two-sided and corrected by Holm for the four. The five distances have intervals that hold together.
The judge, and the one without a language model, were trained with `SEEDS` seeds; the spread over
them is part of the intervals, as in `g3lite.paper.margins`. The shipped judge is seed 0, and B is
about it. The rows of `SHOWN` are not tested. The four comparisons are also shown for the photos of
places that the judge never learned from.

**B, the probabilities.** For each set, with its own calibration: the share of photos whose truth
lies in the 90 % region, the median area, and how often answers within `RADII_KM` were right in ten
bins of the probability that was told. The mean log density at the truth, in nats per km², is
compared with `DENSITIES`, with intervals by photographer. An answer is given if its probability
within 200 km reaches what gave `WANTED` right ones in calibration: the share that is given, and the
share of these that is right. The promise of 90 % counts as kept if its interval holds 90 % or lies
above.

**Where it should break.** The natural calibration is also applied to the uniform photos. It
promises nothing there, and whatever comes out is shown.
"""

from __future__ import annotations

from g3lite.after.judge import CHOICE
from g3lite.after.regions import COVERAGE, RADII_KM
from g3lite.paper.plan import ALONE, LKNN
from g3lite.paper.plan import CHOICE as G3_CHOICE
from g3lite.verification import CandidateConfig

SETS = ("after_natural", "after_uniform")
CHOSEN_ON = "validation"
CALIBRATED_ON = {"after_natural": "calibration_natural", "after_uniform": "calibration_uniform"}
JUDGE = "judge"
G3, NO_LMM = "G3", "no LMM, cosine"
ALIGNED_LKNN, JUDGE_NO_LMM = "[L]kNN, aligned", "judge, no LMM"
TESTED = (G3, NO_LMM, ALIGNED_LKNN, JUDGE_NO_LMM)
"""Rows that the judge is compared with."""
BY_COSINE, ATTENTION, BY_GEOSCORE = (
    "cosine, the judge's candidates", "attention ranker", "judge, GeoScore as target"
)  # fmt: skip
BOUND = "the nearest candidate"
SHOWN = (BY_COSINE, ATTENTION, BY_GEOSCORE, BOUND)
RETRIEVED_ALONE = CandidateConfig(replies=0, retrieved=CHOICE.retrieved)
"""Candidates of the judge that has no language model."""
COSINE_ALONE = CandidateConfig(replies=0, retrieved=ALONE)
"""Candidates of the cosine without a language model: as many as suit it best on validation."""
DENSITIES = ("one kernel", "cosine alone", "density of the gallery")
"""What the judge's distribution is compared with: one kernel of one learned width around the
judge's answer; the same kernels without the judge's score; and where photos are taken at all."""
SEEDS = 5
"""Trainings of the judge, with the same photos."""
WANTED = 0.8
BINS = 10

RUN = {
    "sets": SETS, "calibrated on": CALIBRATED_ON, "tested": TESTED, "shown": SHOWN,
    "densities": DENSITIES, "seeds": SEEDS, "wanted": WANTED, "bins": BINS, "radii": RADII_KM,
    "coverage": COVERAGE, "lknn": LKNN[ALIGNED_LKNN],
    "candidates": [[c.references, c.replies, c.retrieved]
                   for c in (CHOICE, G3_CHOICE, COSINE_ALONE, RETRIEVED_ALONE)],
}  # fmt: skip
"""All that the shipped results depend on, beside photos, replies and models."""
