"""The checks of whether a model reads its references, on models whose manner is known."""

import re
from collections import Counter

import numpy as np
import pytest

from g3lite import miniearth
from g3lite.lmm.base import LMM, LMMResponse
from g3lite.recipes import minilmm_checks as checks
from g3lite.recipes import minilmm_tasks as tasks


class Known(LMM):
    """It answers with what a function makes of the pairs that its prompt names."""

    def __init__(self, choose):
        self.name, self.choose = f"known {choose.__name__}", choose

    def answer(self, jobs, keep):
        for job in jobs:
            named = re.findall(r"\((-?\d+\.\d+, -?\d+\.\d+)\)", job.prompt.text)
            place = self.choose(named) if named else "0.0, 0.0"
            keep(LMMResponse(job, job.samples, [f"({place})"]))


def copies_the_first(named):
    return named[0]


def sees_what_is_named_twice(named):
    return Counter(named).most_common(1)[0][0]


def never_reads(named):
    return "12.0, 34.0"


def has_no_answer(named):
    return "I cannot tell"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    photos = miniearth.load("validation").take(slice(0, 40))
    rng = np.random.default_rng(0)
    references = {name: tasks.anywhere(rng, 40, 15) for name in ("similar", "dissimilar")}
    references["similar"][:20, 0] = photos.coordinates[:20]
    references["similar"][:20, 1:] = photos.coordinates[:20, None]

    def of(choose):
        store = tmp_path_factory.mktemp("store") / "replies.sqlite"
        table = checks.checks(checks.Greedy(Known(choose), store), photos, references)
        return table.set_index("check").value

    return {
        choose.__name__: of(choose)
        for choose in (copies_the_first, sees_what_is_named_twice, never_reads, has_no_answer)
    }


def test_who_copies_the_first_reference_is_near_one_and_that_is_the_first(found):
    copied = found["copies_the_first"]
    assert copied["turned: within 25 km of one of 15"] == 100
    assert copied["turned: within 25 km of the first"] == 100
    assert copied["twice among 10: copied"] < 60
    assert copied["readable replies"] == 100


def test_who_sees_what_is_named_twice_passes_that_check(found):
    assert found["sees_what_is_named_twice"]["twice among 10: copied"] == 100
    assert found["sees_what_is_named_twice"]["middle among 10: copied"] < 60


def test_who_never_reads_passes_none(found):
    deaf = found["never_reads"]
    for check in ("turned: within 25 km of one of 15", *(f"{p} among 10: copied" for p in PURE)):
        assert deaf[check] < 10
    assert deaf["25 km: another's references - own"] == 0


PURE = list(tasks.PATTERNS)


def test_gains_are_differences_of_shares(found):
    copied = found["copies_the_first"]
    shares = {k: copied[f"25 km: {k} references"] for k in ("none", "10", "15")}
    assert shares["15"] == shares["10"] == pytest.approx(50, abs=3)
    assert shares["none"] < 3
    assert copied["good retrieval, 25 km: 10 references - most similar photo"] == 0
    assert copied["25 km: another's references - own"] < -40
    assert copied["25 km: another's picture - own"] == 0


def test_a_reply_that_cannot_be_read_counts_as_wrong(found):
    silent = found["has_no_answer"]
    assert silent["25 km: 15 references"] == 0
    assert silent["readable replies"] == pytest.approx(100 / 9)  # where no pair is named it answers


def test_how_far_references_lie_apart():
    same = np.tile([[10.0, 20.0]], (1, 15, 1))
    two = same.copy()
    two[0, 7:] = [10.0, 21.0]
    assert checks.spread(same)[0] == 0
    assert checks.spread(two)[0] == pytest.approx(109.5, abs=0.5)  # 56 of 105 pairs
