"""A contest is the candidate table in another form: judges choose the same."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from g3lite import geo, verification
from g3lite.teaching.checks import nb05
from g3lite.teaching.contest import Contest
from g3lite.verification import CandidateConfig

IDS = ["a", "b", "c"]
REPLIES = pd.DataFrame(
    [(i, k, n, 10.0 * p + k + n, 5.0 * n) for p, i in enumerate(IDS) for k in (0, 5, 10, 15)
     for n in range(3)],
    columns=["IMG_ID", "references", "sample", "LAT", "LON"],
)  # fmt: skip
REPLIES.loc[REPLIES["IMG_ID"] == "c", ["LAT", "LON"]] = np.nan  # none of its replies can be read
REPLIES.loc[1, ["LAT", "LON"]] = np.nan
RETRIEVED = np.arange(12.0).reshape(3, 2, 2) + 30
FEATURES = geo.unit_vectors(np.array([[50.0, 9], [2, 3], [30, 30]])).astype(np.float32)


class Photos:
    ids = IDS

    def __len__(self):
        return len(IDS)


def candidates(choice):
    replies = REPLIES.assign(used=REPLIES["LAT"].notna())
    return verification.candidates(IDS, replies, RETRIEVED, choice)


@pytest.fixture(scope="module")
def contest():
    """Vectors are points of the sphere: the candidate nearest to a photo's point wins."""
    heads = SimpleNamespace(
        embed_images=lambda features: (None, features),
        embed_coordinates=lambda places: geo.unit_vectors(places).astype(np.float32),
    )
    run = SimpleNamespace(
        queries=Photos(), alignment=heads, features=FEATURES, candidates=candidates
    )
    return Contest(run, 3, 2)


@pytest.mark.parametrize(("n", "s"), [(3, 2), (2, 1), (1, 0), (0, 2), (3, 0)])
def test_who_takes_part_is_who_is_a_candidate(contest, n, s):
    wanted = candidates(CandidateConfig(replies=n, retrieved=s)).reset_index(drop=True)
    found = contest.rows(n, s).reset_index(drop=True)
    columns = ["IMG_ID", "LAT", "LON"]
    pd.testing.assert_frame_equal(found[columns], wanted[columns])
    mask = contest.taking_part(n, s)
    assert mask.sum(axis=1).tolist() == wanted.groupby("IMG_ID").size().tolist()
    assert not np.isnan(contest.places[mask]).any()


@pytest.mark.parametrize(("n", "s"), [(3, 2), (2, 1), (1, 0)])
def test_a_judge_chooses_what_the_package_chooses(contest, n, s):
    table = candidates(CandidateConfig(replies=n, retrieved=s))
    image = FEATURES[pd.Index(IDS).get_indexer(table["IMG_ID"])]
    table["score"] = (geo.unit_vectors(table[["LAT", "LON"]]) * image).sum(axis=1)
    wanted = verification.winners(table)[["LAT_pred", "LON_pred"]].to_numpy()
    assert contest.located(nb05.verify, n, s) == pytest.approx(wanted)


def test_nobody_wins_where_the_judge_says_so(contest):
    found = contest.located(lambda image, gps, valid: [-1, 0, 0], 3, 2)
    assert np.isnan(found[0]).all() and found[1] == pytest.approx([10, 0])
