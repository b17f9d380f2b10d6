"""What is measured about G3 on MiniEarth, and how: written down before the final sets were drawn.

**Photos.** All choices were made on `CHOSEN_ON`. `DEVELOPMENT` sets were opened earlier and serve
to develop. The `SETS` are opened once, for all rows together, when everything below is decided.

**Rows.** `RIVALS` locate the photos in another way, each at its own best setting on validation.
`STEPS` are G3 with one thing changed, at an equal number of candidates where that is possible: what
each step is worth is G3 minus such a row. Rows that are no rival but a bound (`BOUNDS`) are shown
and not tested.

**Outcome.** The mean of the shares within 1, 25, 200, 750 and 2,500 km, both sets weighted alike.
G3 minus a row is paired by photo; intervals resample photographers, p is two-sided and corrected by
Holm for all tested rows. The five distances have intervals that hold together. A row is called
better or worse only if its corrected p is below 0.05; whatever comes out is shown.

**Seeds.** The tables are about one training of the heads, the shipped one. Five trainings were made
(`TRAININGS`) and asked anew on the first `DEVELOPMENT_PHOTOS` of each development set. For rows
that another training changes, the standard error there is photographers^2 + seeds^2 / 5; in the
tables it is photographers^2 + seeds^2, as one training is tested. Other rows are marked as those of
one seed. MiniCLIP's and MiniLMM's own seeds are left out: they were trained once.

**Not asked.** MiniLMM never saw a prompt with similar references alone, so a row without dissimilar
ones would ask it something that it was not trained on. They are drawn at random instead: then they
say nothing about the photo, in a prompt of the usual form.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import NamedTuple

from g3lite.baselines import geocells
from g3lite.profiles import PROFILES
from g3lite.prompts import PLANS
from g3lite.recipes.replies import DRAWN, PROMPTS
from g3lite.verification import CandidateConfig

SETS = ("final_natural", "final_uniform")
CHOSEN_ON = "validation"
DEVELOPMENT = ("test_natural", "test_uniform")
DEVELOPMENT_PHOTOS = 1_200
TRAININGS = 5
CHOICE = CandidateConfig.from_name(PROFILES["cpu"].choice)
"""Of G3: N replies of each prompt and S retrieved places (`g3lite.paper.choice`)."""
RETRIEVED = (1, 2, 3, 5, 10, 15)
ALONE = 3
"""The best number of retrieved places without a language model, of `RETRIEVED`, on the 2,400
validation photos."""
LKNN = {
    "[L]kNN": {"k": 15, "sigma": 3.0, "m": 3.0},
    "[L]kNN, aligned": {"k": 15, "sigma": 1.5, "m": 3.0},
}
"""Settings of [L]kNN within 0.1 points of the highest mean of the five shares on validation, among
those tried: k from 5 to 200, sigma from 1 to 8 degrees, m from 1 to 20, not in every combination.
(Those that were published: 100, 4, 10.)"""


class Judged(NamedTuple):
    """A row whose answers the judge chooses.

    Attributes:
        way: how the language model is asked, a key of `recipes.replies.SETTINGS`.
        choice: the candidates.
        retrieved: how the retrieved candidates are searched, a name of `recipes.replies.search`.
    """

    way: str
    choice: CandidateConfig
    retrieved: str = "similar"


_N, _S = CHOICE.replies, CHOICE.retrieved
_AS_MANY = len(PROMPTS) * _N
_ALL = min(PLANS["paper"].most, _AS_MANY + _S)
NO_LMM = "no LMM"
JUDGED = {
    "G3": Judged("drawn", CHOICE),
    NO_LMM: Judged("drawn", CandidateConfig(replies=0, retrieved=ALONE)),
    "no LMM, as many candidates": Judged("drawn", CandidateConfig(replies=0, retrieved=_ALL)),
    "w/o Geo-D": Judged("one prompt", replace(CHOICE, references=(10,))),
    "w/o Geo-D, as many replies": Judged("one prompt", CandidateConfig((10,), _AS_MANY, _S)),
    "zero-shot, as many replies": Judged("zero-shot", CandidateConfig((0,), _AS_MANY, _S)),
    "likeliest replies": Judged("likeliest", replace(CHOICE, replies=1)),
    "random dissimilar references": Judged("random dissimilar", CHOICE),
    "raw references": Judged("raw, drawn", CHOICE),
    "w/o Geo-A": Judged("raw, drawn", CHOICE, "raw similar"),
    "no retrieved candidates": Judged("drawn", replace(CHOICE, retrieved=0)),
}
BY_PROMPTS = {
    f"G3, {k} of {len(PROMPTS)} prompts": Judged("drawn", replace(CHOICE, references=PROMPTS[:k]))
    for k in range(1, len(PROMPTS))
}
"""Figure 3: G3 with its first prompts only."""
BY_REPLIES = {
    f"G3, N = {n}": Judged("drawn", replace(CHOICE, replies=n)) for n in range(1, DRAWN + 1)
}
"""Figure 4, on validation: G3 with the first replies of each prompt."""
RIVALS = (
    "constant", "kNN", "[L]kNN", "geocells (PlaNet)", "GPS gallery (GeoCLIP)", "LMM, zero-shot",
    "one RAG prompt (Img2Loc)", "kNN, aligned", "[L]kNN, aligned",
)  # fmt: skip
"""Those of the paper's Table 1 that can run here, and retrieval with G3's own vectors."""
BLIND, MEDOID, MEAN = "w/o Geo-V", "medoid of the candidates", "mean of the candidates"
STEPS = (*(name for name in JUDGED if name != "G3"), BLIND, MEDOID, MEAN)
BOUNDS = ("the nearest candidate",)
SEEDED = ("G3", NO_LMM, "no LMM, as many candidates", "w/o Geo-A", "no retrieved candidates",
          "kNN, aligned", "[L]kNN, aligned", "GPS gallery (GeoCLIP)", MEDOID, MEAN)  # fmt: skip
"""Rows that are made anew with each training, without asking for other replies than G3's."""

RUN = {
    "sets": [CHOSEN_ON, *DEVELOPMENT, *SETS],
    "judged": {
        name: [row.way, asdict(row.choice), row.retrieved]
        for name, row in (JUDGED | BY_PROMPTS | BY_REPLIES).items()
    },
    "rows": [RIVALS, STEPS, BOUNDS, SEEDED],
    "cells": [geocells.MOST, geocells.LEAST],
    "lknn": LKNN,
    "trainings": [TRAININGS, DEVELOPMENT_PHOTOS],
}
"""All that the shipped predictions depend on, beside photos, replies and models."""
