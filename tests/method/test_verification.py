"""Geo-verification: what becomes a candidate, how it is scored, and which one wins."""

import io
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from g3lite import evaluation, geo
from g3lite.alignment import GeoAlignment, GeoAlignmentConfig
from g3lite.baselines.selection import (
    errors_km,
    medoid,
    medoids,
    oracle,
    random_candidate,
    spherical_mean,
)
from g3lite.lmm import ask as asking
from g3lite.lmm import base
from g3lite.lmm.ask import ask
from g3lite.photos import PhotoSet
from g3lite.prompts import PLANS, PromptPlan
from g3lite.verification import (
    CANDIDATE_CONFIGS,
    COLUMNS,
    PREDICTIONS,
    CandidateConfig,
    Verifier,
    candidates,
    winners,
)

TINY = GeoAlignmentConfig(image=16, text=12, shared=8, gps=10, gps_width=32, frequencies=8)
PROMPTS = (0, 5, 10, 15)
PAPER = ["paper_im2gps3k", "paper_yfcc4k", "official"]


@pytest.fixture(autouse=True)
def strict():
    with warnings.catch_warnings(action="error"):
        yield


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return GeoAlignment(TINY).eval()


def names(q):
    return [f"photo{i:03d}" for i in range(q)]


def features(q, seed=0):
    return np.random.default_rng(seed).standard_normal((q, TINY.image)).astype(np.float32)


def places(*shape, seed=1):
    return np.random.default_rng(seed).uniform([-90, -180], [90, 180], (*shape, 2))


def used_of(table, replies):
    """Which replies a plan uses: the first with coordinates of each prompt."""
    readable = table["LAT"].notna()
    return readable & (readable.groupby([table.IMG_ID, table.references]).cumsum() <= replies)


def replied(q, prompts=PROMPTS, asked=10, replies=5, broken=0.2, seed=2):
    """A table as `ask` returns it; `broken` is the share of replies that cannot be read."""
    rng = np.random.default_rng(seed)
    keys = [(i, k, s) for i in names(q) for k in prompts for s in range(asked)]
    table = pd.DataFrame(keys, columns=["IMG_ID", "references", "sample"])
    table["text"] = pd.array(["..."] * len(table), dtype="string")
    table[["LAT", "LON"]] = places(len(table), seed=seed)
    wrong = rng.random(len(table)) < broken
    table.loc[wrong, ["LAT", "LON"]] = np.nan
    table["reason"] = pd.Series(np.where(wrong, "refusal", None), dtype="string")
    table["used"] = used_of(table, replies)
    assert list(table) == asking.COLUMNS
    return table.astype({"IMG_ID": "string"})


def row_of(img_id="a", origin="reply", references=0, sample=0, lat=0.0, lon=0.0, score=0.0):
    references = pd.NA if origin == "retrieved" else references
    return (img_id, origin, references, sample, lat, lon, False, score)


def table_of(rows):
    table = pd.DataFrame(rows, columns=[*COLUMNS, "score"])
    return table.astype({"references": "Int64"})


def keys_of(table):
    """The rows as plain tuples, without the score."""
    return [
        (r.IMG_ID, r.origin, None if pd.isna(r.references) else r.references, r.sample)
        for r in table.itertuples()
    ]


# --- which candidates there are


def by_hand(ids, table, retrieved, choice):
    """The candidate table, photo by photo and prompt by prompt."""
    rows = []
    for i, img_id in enumerate(ids):
        own = []
        for k in sorted(choice.references):
            here = table[(table.IMG_ID == img_id) & (table.references == k) & table.used]
            for r in here.sort_values("sample").head(choice.replies).itertuples():
                own.append((img_id, "reply", k, r.sample, r.LAT, r.LON, False))
        alone = choice.replies > 0 and not own
        for s in range(max(choice.retrieved, int(alone))):
            own.append((img_id, "retrieved", None, s, *retrieved[i, s], alone))
        rows += own
    return rows


@pytest.mark.parametrize(
    "choice",
    [
        *CANDIDATE_CONFIGS.values(),
        CandidateConfig((10,), 3, 2),
        CandidateConfig((15, 0), 5, 0),
        CandidateConfig((), 0, 4),
    ],
    ids=str,
)
def test_candidates_are_those_found_by_hand(choice):
    q, rng = 12, np.random.default_rng(3)
    table, retrieved = replied(q, broken=0.5), places(q, 6)
    nothing = table.IMG_ID.isin(["photo003", "photo011"])
    table.loc[nothing, ["LAT", "LON"]] = np.nan
    table.loc[nothing, "used"] = False
    shuffled = table.iloc[rng.permutation(len(table))]
    found = candidates(names(q), shuffled, retrieved, choice)
    assert list(found) == COLUMNS and found.index.equals(pd.RangeIndex(len(found)))
    got = [tuple(None if pd.isna(v) else v for v in row) for row in found.itertuples(index=False)]
    assert got == by_hand(names(q), table, retrieved, choice)


@pytest.mark.parametrize(
    ("choice", "n", "s"), [(PAPER[0], 5, 0), (PAPER[1], 1, 1), (PAPER[2], 5, 1)]
)
def test_presets_have_the_numbers_of_the_paper_and_of_the_official_code(choice, n, s):
    found = candidates(names(3), replied(3, broken=0), places(3, 2), choice)
    replies = found[found.origin == "reply"]
    assert (replies.groupby(["IMG_ID", "references"]).size() == n).all()
    assert sorted(set(replies.references)) == list(PROMPTS)
    assert (found.origin == "retrieved").sum() == 3 * s and not found.fallback.any()
    assert len(found) == 3 * (4 * n + s)


def test_the_first_readable_replies_stand_in_for_those_that_cannot_be_read():
    table = replied(1, prompts=(0,), asked=6, replies=3, broken=0)
    table.loc[[0, 2], ["LAT", "LON"]] = np.nan
    table["used"] = used_of(table, 3)
    found = candidates(names(1), table, choice=CandidateConfig((0,), 3))
    assert found["sample"].tolist() == [1, 3, 4]
    assert candidates(names(1), table, choice=CandidateConfig((0,), 2))["sample"].tolist() == [1, 3]


def test_all_prompts_of_the_table_if_none_is_named():
    found = candidates(
        names(2), replied(2, prompts=(3, 7), broken=0), choice=CandidateConfig(None, 2)
    )
    assert found.references.tolist() == [3, 3, 7, 7] * 2


def test_only_used_replies_are_candidates():
    table = replied(4, broken=0)
    table["used"] &= table["sample"] != 1
    table.loc[~table.used, ["LAT", "LON"]] = np.nan  # else N would be too large for the plan
    found = candidates(names(4), table)
    assert len(found) == 4 * 4 * 4 and 1 not in set(found["sample"])


def test_the_order_of_the_photos_is_that_of_the_ids():
    ids = names(5)[::-1]
    retrieved = places(5, 1)
    found = candidates(ids, replied(5), retrieved, "paper_yfcc4k")
    assert found.IMG_ID.drop_duplicates().tolist() == ids
    own = found[found.origin == "retrieved"][["LAT", "LON"]].to_numpy()
    np.testing.assert_array_equal(own, retrieved[:, 0])


# --- photos without candidates


def refused(q):
    table = replied(q)
    table[["LAT", "LON"]] = np.nan
    return table.assign(used=False)


def test_a_photo_without_candidates_falls_back_to_its_most_similar_photo(model):
    table, retrieved = replied(3, broken=0), places(3, 4)
    nothing = table.IMG_ID == "photo001"
    table.loc[nothing, ["LAT", "LON"]] = np.nan
    table.loc[nothing, "used"] = False
    found = winners(
        Verifier(model, names(3), features(3)).score(candidates(names(3), table, retrieved))
    )
    assert found.fallback.tolist() == [False, True, False]
    assert found.loc[1, ["LAT_pred", "LON_pred"]].tolist() == retrieved[1, 0].tolist()
    assert found.loc[1, "origin"] == "retrieved" and pd.isna(found.loc[1, "references"])
    assert np.isfinite(found.score).all()


def test_all_photos_may_fall_back(model):
    retrieved = places(4, 1)
    found = candidates(names(4), refused(4), retrieved)
    assert found.fallback.all() and found.dtypes.equals(
        candidates(names(4), replied(4), retrieved).dtypes
    )
    answers = winners(Verifier(model, names(4), features(4)).score(found))
    np.testing.assert_array_equal(answers[["LAT_pred", "LON_pred"]], retrieved[:, 0])


def test_a_neighbour_that_was_not_found_is_no_candidate(model):
    retrieved = places(4, 3)
    retrieved[1, 2:], retrieved[2, 1:], retrieved[3] = np.nan, np.nan, np.nan
    found = candidates(names(4), replied(4), retrieved, CandidateConfig(retrieved=3))
    of = found[found.origin == "retrieved"]
    assert of.IMG_ID.tolist() == ["photo000"] * 3 + ["photo001"] * 2 + ["photo002"]
    np.testing.assert_array_equal(
        of[["LAT", "LON"]], np.concatenate([retrieved[0], retrieved[1, :2], retrieved[2, :1]])
    )
    assert of["sample"].tolist() == [0, 1, 2, 0, 1, 0]
    assert "photo003" in set(found.IMG_ID[found.origin == "reply"])


@pytest.mark.parametrize(
    "choice", [CandidateConfig(), CandidateConfig(retrieved=2), CandidateConfig((), 0, 2)]
)
def test_a_photo_without_replies_and_neighbours_has_no_row(model, choice):
    retrieved = places(3, 2)
    retrieved[1] = np.nan
    found = candidates(names(3), refused(3), retrieved, choice)
    answers = winners(Verifier(model, names(3), features(3)).score(found))
    assert answers.IMG_ID.tolist() == ["photo000", "photo002"]
    assert answers.fallback.tolist() == [choice.replies > 0] * 2
    nothing = candidates(names(3), refused(3), np.full((3, 2, 2), np.nan), choice)
    assert len(nothing) == 0 and nothing.dtypes.equals(found.dtypes)
    assert len(winners(Verifier(model, names(3), features(3)).score(nothing))) == 0


def test_a_photo_of_which_only_retrieved_candidates_are_left_falls_back_too():
    table = replied(3, broken=0)
    nothing = table.IMG_ID == "photo001"
    table.loc[nothing, ["LAT", "LON"]] = np.nan
    table.loc[nothing, "used"] = False
    found = candidates(names(3), table, places(3, 2), CandidateConfig(replies=1, retrieved=2))
    falls_back = found.groupby("IMG_ID").fallback
    assert falls_back.any().tolist() == falls_back.all().tolist() == [False, True, False]
    assert len(found) == 2 * (4 + 2) + 2 and found.fallback.dtype == bool


def test_retrieved_candidates_that_were_chosen_are_no_fallback():
    found = candidates(names(2), None, places(2, 3), CandidateConfig(replies=0, retrieved=3))
    assert len(found) == 6 and not found.fallback.any()


@pytest.mark.parametrize("retrieved", [None, np.empty((2, 0, 2))])
def test_without_retrieved_coordinates_there_is_nothing_to_fall_back_to(retrieved):
    with pytest.raises(
        ValueError, match="2 of 2 photos have no reply.*'photo000'; give `retrieved`"
    ):
        candidates(names(2), refused(2), retrieved)


# --- what is refused


@pytest.mark.parametrize(
    "place", [(90.001, 0), (-151.2, 30), (10, 180.5), (10, -181), (np.nan, 3), (3, np.nan),
              (np.nan, np.nan), (np.inf, 0), (0, -np.inf)],
)  # fmt: skip
def test_what_is_no_place_on_earth_is_no_candidate(model, place):
    table, retrieved = replied(2, broken=0), places(2, 1)
    good = candidates(names(2), table, retrieved, "official")
    verifier = Verifier(model, names(2), features(2))
    scored = verifier.score(good)
    wrong = r"1 of \d+ coordinates are no place on Earth, the first is .* of 'photo001'"

    broken = table.copy()
    broken.loc[41, ["LAT", "LON"]] = place  # used, whatever it holds
    with pytest.raises(ValueError, match=wrong):
        candidates(names(2), broken, retrieved, "official")
    if not np.isnan(place).all():  # which says that there is no such neighbour
        with pytest.raises(ValueError, match=wrong):
            far = retrieved.copy()
            far[1, 0] = place
            candidates(names(2), table, far, "official")
    for function, edited in [
        (verifier.score, good.copy()), (winners, scored.copy()), (spherical_mean, good.copy()),
        (medoid, good.copy()),
    ]:  # fmt: skip
        edited.loc[30, ["LAT", "LON"]] = place
        with pytest.raises(ValueError, match=wrong):
            function(edited)


@pytest.mark.parametrize("place", [(90, 180), (-90, -180), (0, 0)])
def test_the_ends_of_the_earth_are_candidates(model, place):
    table = table_of([row_of(lat=place[0], lon=place[1]), row_of(sample=1, lat=1)])
    scored = Verifier(model, ["a"], features(1)).score(table.drop(columns="score"))
    assert np.isfinite(scored.score).all()


def test_a_score_that_is_no_number_never_wins(model):
    scored = table_of([row_of(score=0.1), row_of(sample=1, score=np.nan)])
    with pytest.raises(ValueError, match="1 candidates have no score"):
        winners(scored)
    broken = features(3)
    broken[2, 5] = np.nan
    with pytest.raises(ValueError, match="1 photos have features that are not finite.*'photo002'"):
        Verifier(model, names(3), broken)
    torch.manual_seed(0)
    damaged = GeoAlignment(TINY).eval()
    damaged.gps_head[0].weight.data[:] = np.nan
    with pytest.raises(ValueError, match="2 of 2 scores are not finite"):
        Verifier(damaged, ["a"], features(1)).score(scored)


def edited(**columns):
    return replied(2, broken=0).assign(**columns)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"replies": replied(3)}, "40 rows of the replies are of other photos.*'photo002'"),
        ({"replies": replied(1)}, "1 of 2 photos have no row in the table of replies.*'photo001'"),
        ({"replies": edited(IMG_ID=pd.NA)}, "80 rows of the replies are of other photos"),
        ({"replies": None}, "5 replies per prompt are wanted, and none"),
        ({"replies": replied(2).drop(columns=["used", "LON"])}, r"lacks \['LON', 'used'\]"),
        ({"replies": replied(2).drop(columns="IMG_ID")}, r"lacks \['IMG_ID'\]"),
        ({"replies": edited(used="False")}, "used holds .*not True and False"),
        ({"replies": replied(2, prompts=(0, 5))}, r"no .* prompts with \[10, 15\].*\[0, 5\]"),
        ({"replies": pd.concat([replied(2)] * 2)}, "80 replies .* twice, .*sample 0 of 'photo000'"),
        ({"ids": ["photo000", "photo000"]}, "'photo000' is missing or occurs more than once"),
        ({"ids": ["photo000", None]}, "missing or occurs more than once"),
        ({"retrieved": places(3, 1)}, r"shape \(3, 1, 2\); for 2 photos it is \(2, k, 2\)"),
        ({"retrieved": places(2)}, r"shape \(2, 2\); for 2 photos"),
        ({"retrieved": np.zeros((2, 1, 3))}, r"shape \(2, 1, 3\)"),
        ({"choice": CandidateConfig(retrieved=3)}, "3 retrieved .* wanted, 2 were given"),
        ({"choice": CandidateConfig(retrieved=1), "retrieved": None}, "1 retrieved .*, 0 were"),
        ({"choice": "paper"}, "unknown choice 'paper'; there are paper_im2gps3k, paper_yf"),
        ({"choice": CandidateConfig(replies=6)}, "6 .* wanted, but the plan used 5 .*left"),
        ({"choice": CandidateConfig(replies=11)}, "11 replies .* wanted, 10 were asked for"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(change, message):
    arguments = {"ids": names(2), "replies": replied(2, broken=0), "retrieved": places(2, 2)}
    candidates(**arguments)
    with pytest.raises(ValueError, match=message):
        candidates(**arguments | change)


def test_n_may_be_as_large_as_what_the_plan_used():
    table = replied(2, asked=10, replies=9, broken=0)
    assert len(candidates(names(2), table, choice=CandidateConfig(replies=9))) == 2 * 4 * 9
    few = replied(20, asked=10, replies=5, broken=0.7)  # seldom five that can be read
    assert few.groupby(["IMG_ID", "references"]).used.sum().min() < 5
    found = candidates(names(20), few, places(20, 1))
    assert len(found) == few.used.sum() + found.fallback.sum()


@pytest.mark.parametrize(
    "arguments",
    [{"replies": 0}, {"replies": -1, "retrieved": 2}, {"retrieved": -1}, {"references": (5, 5)},
     {"references": ()}],
    ids=str,
)  # fmt: skip
def test_choices_that_make_no_sense(arguments):
    with pytest.raises(ValueError, match="below 0|different numbers"):
        CandidateConfig(**arguments)


# --- scores


def scored_by_hand(model, table, ids, image_features):
    """One candidate at a time, in float64."""
    scores = []
    for r in table.itertuples():
        one = image_features[ids.index(r.IMG_ID)][None]
        image = model.embed_images(one)[1][0].astype(np.float64)
        place = model.embed_coordinates([[r.LAT, r.LON]])[0].astype(np.float64)
        scores.append(image @ place)
    return np.array(scores)


def test_scores_are_inner_products_in_the_gps_space(model):
    ids, inputs = names(7), 5 * features(7)  # not normalised
    table = candidates(
        ids, replied(7, asked=3, replies=2), places(7, 2), CandidateConfig(replies=2, retrieved=2)
    )
    scored = Verifier(model, ids, inputs).score(table)
    pd.testing.assert_frame_equal(scored[COLUMNS], table)
    assert scored.score.dtype == np.float32
    np.testing.assert_allclose(scored.score, scored_by_hand(model, table, ids, inputs), atol=1e-5)
    to_text = model.embed_images(inputs)[0]  # the other space would give other scores
    of_first = model.embed_coordinates(table.loc[table.IMG_ID == ids[0], ["LAT", "LON"]])
    assert not np.allclose(scored.score[: len(of_first)], of_first @ to_text[0], atol=1e-2)


def test_winners_are_what_nearest_gps_finds(model):
    """With the same candidates for all, verification is a search in a gallery of coordinates."""
    q, gallery = 40, places(25)
    retrieved = np.broadcast_to(gallery, (q, 25, 2))
    table = candidates(names(q), retrieved=retrieved, choice=CandidateConfig((), 0, 25))
    found = winners(Verifier(model, names(q), features(q)).score(table))
    similarity, row = model.nearest_gps(features(q), gallery)
    np.testing.assert_array_equal(found["sample"], row[:, 0])
    np.testing.assert_allclose(found.score, similarity[:, 0], atol=1e-5)


class Counting(GeoAlignment):
    """Notes what its location encoder sees."""

    def __init__(self):
        super().__init__(TINY)
        self.seen = []

    def embed_coordinates(self, coordinates):
        self.seen += [tuple(pair) for pair in np.asarray(coordinates).tolist()]
        return super().embed_coordinates(coordinates)


def test_each_coordinate_is_encoded_once():
    model = Counting().eval()
    q, few = 30, places(9)
    table = replied(q, broken=0)
    pick = np.random.default_rng(0).integers(len(few), size=len(table))
    table[["LAT", "LON"]] = few[pick]
    verifier = Verifier(model, names(q), features(q))
    verifier.score(candidates(names(q), table))
    assert sorted(model.seen) == sorted(map(tuple, few.tolist()))
    model.seen.clear()
    verifier.score(candidates(names(q), table, choice=CandidateConfig(replies=2)))
    assert model.seen == []
    new = places(q, 1, seed=8)
    verifier.score(candidates(names(q), table, new, "official"))
    assert sorted(model.seen) == sorted(map(tuple, new[:, 0].tolist()))


def test_another_choice_changes_no_score(model):
    verifier = Verifier(model, names(9), features(9))
    table = replied(9)
    key = ["IMG_ID", "references", "sample"]
    few = verifier.score(candidates(names(9), table, places(9, 1), CandidateConfig((5, 10), 2, 0)))
    many = verifier.score(candidates(names(9), table, places(9, 1), "official"))
    both = few[~few.fallback].merge(many, on=[*key, "origin"], suffixes=("", "_many"))
    assert len(both) > 20 and (both.score == both.score_many).all()


@pytest.mark.parametrize("copies", [2, 3000])
def test_the_same_place_has_the_same_score_wherever_it_stands(model, copies):
    """Or ties would be decided by rounding. Minus zero is zero; 180 degrees is not -180."""
    rows = [row_of("b", sample=i, lat=10.3, lon=-0.0 if i % 2 else 0.0) for i in range(copies)]
    rows += [row_of("a", sample=i, lat=i % 80, lon=i % 170) for i in range(copies)]
    order = np.random.default_rng(0).permutation(len(rows))
    table = table_of(rows).iloc[order].drop(columns="score")
    scored = Verifier(model, ["a", "b"], features(2)).score(table)
    assert scored.score[scored.IMG_ID == "b"].nunique() == 1
    assert winners(scored).set_index("IMG_ID").loc["b", "sample"] == 0


def test_what_does_not_fit_the_verifier_is_refused(model):
    table = candidates(names(3), replied(3, broken=0))
    with pytest.raises(
        ValueError, match="20 rows of the candidates are of other photos.*'photo002'"
    ):
        Verifier(model, names(2), features(2)).score(table)
    with pytest.raises(ValueError, match="2 features for 3 photos"):
        Verifier(model, names(3), features(2))
    with pytest.raises(ValueError, match=r"image features have shape \(3, 5\)"):
        Verifier(model, names(3), features(3)[:, :5])
    with pytest.raises(ValueError, match="'a' is missing or occurs more than once"):
        Verifier(model, ["a", "a"], features(2))
    with pytest.raises(ValueError, match=r"lacks \['LAT'\]"):
        Verifier(model, names(3), features(3)).score(table.drop(columns="LAT"))
    with pytest.raises(ValueError, match=r"lacks \['score'\].*`Verifier.score` adds it"):
        winners(table)
    with pytest.raises(ValueError, match="60 candidates have no IMG_ID"):
        winners(table.assign(IMG_ID=None, score=0.0))


# --- winners


def winner_by_hand(rows):
    """The key of the best row of one photo: highest score, then the stated order."""
    return min(
        rows, key=lambda r: (-r[-1], r[1] == "retrieved", 0 if r[2] is pd.NA else r[2], r[3])
    )


@st.composite
def scored_tables(draw):
    """Tables with many equal scores, and photos with 1 to 8 candidates, in any order."""
    rows = []
    for img_id in draw(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True)):
        keys = st.tuples(
            st.sampled_from(["reply", "retrieved"]), st.sampled_from(PROMPTS), st.integers(0, 5)
        )
        unique = {(o, 0 if o == "retrieved" else k, s): None for o, k, s in draw(
            st.lists(keys, min_size=1, max_size=8))}  # fmt: skip
        for origin, k, sample in unique:
            score = draw(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]))
            rows.append(row_of(img_id, origin, k, sample, len(rows) % 90, -len(rows), score))
    return draw(st.permutations(rows))


@settings(max_examples=80, deadline=None)
@given(scored_tables())
def test_winners_are_those_found_by_hand_whatever_the_order(rows):
    found = winners(table_of(rows))
    assert list(found) == PREDICTIONS
    assert found.IMG_ID.tolist() == list(dict.fromkeys(r[0] for r in rows))
    for got in found.itertuples():
        best = winner_by_hand([r for r in rows if r[0] == got.IMG_ID])
        assert (got.origin, got.sample, got.LAT_pred, got.LON_pred, got.score) == (
            best[1], best[3], best[4], best[5], best[7],
        )  # fmt: skip
        assert got.references is best[2] or got.references == best[2]


def test_ties_are_won_by_replies_with_few_references_and_small_samples():
    order = [
        row_of(references=0, sample=1), row_of(references=0, sample=2), row_of(references=5),
        row_of(references=15, sample=3), row_of(origin="retrieved"),
        row_of(origin="retrieved", sample=1),
    ]  # fmt: skip
    while order:
        found = winners(table_of(order[::-1]))
        assert keys_of(found) == keys_of(table_of(order[:1]))
        order = order[1:]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 10**6), choice=st.sampled_from(PAPER), q=st.integers(1, 12))
def test_the_order_of_rows_and_photos_changes_no_winner(model, seed, choice, q):
    rng = np.random.default_rng(seed)
    table, retrieved, inputs = (
        replied(q, seed=seed, broken=0.6),
        places(q, 2, seed=seed),
        features(q, seed),
    )
    table[["LAT", "LON"]] = table[["LAT", "LON"]] // 45 * 45  # many of the same
    straight = winners(
        Verifier(model, names(q), inputs).score(candidates(names(q), table, retrieved, choice))
    )
    mixed, shuffled = rng.permutation(q), table.iloc[rng.permutation(len(table))]
    ids = [names(q)[i] for i in mixed]
    pool = candidates(ids, shuffled, retrieved[mixed], choice)
    pool = pool.iloc[rng.permutation(len(pool))]
    found = winners(Verifier(model, ids, inputs[mixed]).score(pool))
    found = found.sort_values("IMG_ID", ignore_index=True)
    pd.testing.assert_frame_equal(found, straight, check_dtype=False, rtol=0, atol=1e-6)


def test_more_candidates_never_lower_the_score(model):
    verifier = Verifier(model, names(15), features(15))
    table, last = replied(15, asked=9, replies=9), -np.ones(15)
    for n in (1, 3, 5, 7, 9):
        found = winners(
            verifier.score(candidates(names(15), table, places(15, 1), CandidateConfig(replies=n)))
        )
        assert (found.score >= last).all()
        last = found.score
    assert (last > -1).all()


def test_predictions_are_scored_as_they_are(model):
    ids = names(6)
    scored = Verifier(model, ids, features(6)).score(candidates(ids, replied(6, broken=0)))
    found = winners(scored)
    place = found[["LAT_pred", "LON_pred"]].to_numpy()
    truth = pd.DataFrame({"IMG_ID": ids[::-1], "LAT": place[::-1, 0], "LON": place[::-1, 1]})
    assert evaluation.error_km(found, truth).tolist() == [0] * 6
    assert evaluation.error_km(spherical_mean(scored), truth).max() > 100


# --- from replies to a prediction


class Saying(base.LMM):
    """Says of each photo what it is told to say."""

    name = "saying"

    def __init__(self, texts):
        self.texts = texts

    def answer(self, jobs, keep):
        for job in jobs:
            said = tuple(self.texts[job.img_id][sample] for sample in job.samples)
            keep(base.LMMResponse(job, job.samples, said))


def test_a_latitude_beyond_90_never_wins(model, tmp_path):
    """In the official code it becomes NaN, wins the argmax, and is answered as latitude 0."""
    paris, beyond = '{"latitude": 48.85, "longitude": 2.35}', '{"latitude": 95, "longitude": 20}'
    texts = {"a": [beyond, paris, "(0, 181)", None], "b": [beyond, "I cannot say.", "", beyond]}
    pictures = {}
    for i, img_id in enumerate(texts):
        png = io.BytesIO()
        Image.new("RGB", (8, 8), (i, 0, 0)).save(png, "PNG")
        pictures[img_id] = png.getvalue()
    table = pd.DataFrame({"IMG_ID": list(texts), "AUTHOR": "x", "LAT": 0.0, "LON": 0.0})
    photos = PhotoSet("test", table, pictures.__getitem__)
    plan, similar = PromptPlan(references=(0, 2), replies=3, asked=4), places(2, 2)
    replies, _ = ask(
        Saying(texts), photos, plan, similar, similar, store=tmp_path / "r.sqlite", progress=False
    )
    pool = candidates(photos.ids, replies, similar, CandidateConfig(plan.references, plan.replies))
    found = winners(Verifier(model, photos.ids, features(2)).score(pool))
    assert found[["LAT_pred", "LON_pred"]].to_numpy().tolist() == [[48.85, 2.35], [*similar[1, 0]]]
    assert found.fallback.tolist() == [False, True] and found["sample"].tolist() == [1, 0]
    assert keys_of(pool)[:2] == [("a", "reply", 0, 1), ("a", "reply", 2, 1)] and len(pool) == 3


def test_plans_and_choices_of_the_paper_agree():
    for name, plan in (("paper_im2gps3k", "paper"), ("paper_yfcc4k", "paper_yfcc4k")):
        chosen = CandidateConfig.from_name(name)
        assert (chosen.references, chosen.replies) == (PLANS[plan].references, PLANS[plan].replies)


# --- rivals


def a_pool(q=20, seed=5):
    """Candidates of photos that have 1 to 9, their rows in any order."""
    rng = np.random.default_rng(seed)
    rows = []
    for img_id in names(q):
        middle, count = rng.uniform([-89, -180], [89, 180]), rng.integers(1, 10)
        near = geo.offset(np.tile(middle, (count, 1)), rng.uniform(0, 360, count),
                          rng.gamma(1, 900, count))  # fmt: skip
        rows += [row_of(img_id, "reply", 5, s, *near[s]) for s in range(count)]
    return table_of(rows).iloc[rng.permutation(len(rows))]


def of_each(pool):
    """The coordinates of each photo's candidates, by sample."""
    return {
        img_id: own.sort_values("sample")[["LAT", "LON"]].to_numpy()
        for img_id, own in pool.groupby("IMG_ID", sort=False)
    }


def test_the_medoid_has_the_smallest_sum_of_distances():
    pool = a_pool()
    found = medoid(pool)
    assert list(found) == ["IMG_ID", "LAT_pred", "LON_pred"]
    assert found.IMG_ID.tolist() == list(of_each(pool))
    for (_, lat, lon), own in zip(
        found.itertuples(index=False), of_each(pool).values(), strict=True
    ):
        sums = [geo.great_circle_km(one, own).sum() for one in own]
        assert [lat, lon] == own[np.argmin(sums)].tolist()


def test_the_medoids_of_places_are_those_of_candidates():
    places = geo.offset(np.full((15, 2), (48.0, 179.0)), np.arange(15) * 50, np.arange(15) ** 3)
    places = places.reshape(3, 5, 2)
    ids = ["a", "b", "c"]
    pool = candidates(ids, retrieved=places, choice=CandidateConfig((), 0, 5))
    assert np.array_equal(medoids(places), medoid(pool)[["LAT_pred", "LON_pred"]].to_numpy())
    assert medoids(places[:, :1]).tolist() == places[:, 0].tolist()


def test_the_medoid_of_many_candidates_is_found_in_blocks():
    rng = np.random.default_rng(0)
    rows = [row_of(i, sample=s, lat=rng.uniform(-90, 90), lon=rng.uniform(-180, 180))
            for i in names(12) for s in range(120)]  # fmt: skip
    pool = table_of(rows)
    for (_, *place), own in zip(
        medoid(pool).itertuples(index=False), of_each(pool).values(), strict=True
    ):
        sums = geo.great_circle_km(own[:, None], own).sum(axis=1)
        assert place == own[sums.argmin()].tolist()


def test_of_equal_medoids_the_first_is_taken():
    two = [
        row_of(sample=1, lat=1, lon=7), row_of(sample=0, lat=2, lon=5),
        row_of(origin="retrieved", lat=1, lon=7), row_of(references=5, lat=2, lon=5),
    ]  # fmt: skip
    assert medoid(table_of(two)).loc[0, ["LAT_pred", "LON_pred"]].tolist() == [2, 5]
    assert medoid(table_of(two[:2])).loc[0, ["LAT_pred", "LON_pred"]].tolist() == [2, 5]


def test_the_mean_is_where_the_sum_of_squared_chords_is_smallest():
    pool = a_pool()
    found = spherical_mean(pool)
    assert found.IMG_ID.tolist() == list(of_each(pool))
    for (_, *place), own in zip(found.itertuples(index=False), of_each(pool).values(), strict=True):
        points = geo.unit_vectors(own)
        around = geo.offset(np.tile(place, (8, 1)), 45 * np.arange(8), 20)
        there, elsewhere = (points @ geo.unit_vectors(p).T for p in ([place], around))
        assert there.sum() > elsewhere.sum(axis=0).max()
        if len(own) == 1:
            np.testing.assert_allclose(place, own[0], atol=1e-9)


@pytest.mark.parametrize(
    ("one", "other", "middle"),
    [
        ((0, 179), (0, -177), (0, -179)),
        ((80, 0), (80, 180), (90, None)),
        ((10, 5), (30, 5), (20, 5)),
    ],
)
def test_the_mean_knows_no_seam_and_no_pole(one, other, middle):
    pool = table_of([row_of(lat=one[0], lon=one[1]), row_of(sample=1, lat=other[0], lon=other[1])])
    lat, lon = spherical_mean(pool).loc[0, ["LAT_pred", "LON_pred"]]
    assert lat == pytest.approx(middle[0], abs=1e-6)
    assert middle[1] is None or lon == pytest.approx(middle[1])


def test_the_mean_of_antipodes_is_the_first_of_them():
    pool = [
        row_of("b", lat=3),
        row_of("a", sample=1, lat=-40, lon=-70),
        row_of("a", lat=40, lon=110),
    ]
    found = spherical_mean(table_of(pool))
    np.testing.assert_allclose(found[["LAT_pred", "LON_pred"]].to_numpy(), [[3, 0], [40, 110]])


def test_errors_of_candidates_by_hand():
    pool = a_pool()
    place = pd.DataFrame(places(20, seed=9), columns=["LAT", "LON"], index=names(20))
    truth = place.rename_axis("IMG_ID").reset_index().iloc[::-1]
    by_hand = [geo.great_circle_km((r.LAT, r.LON), place.loc[r.IMG_ID]) for r in pool.itertuples()]
    np.testing.assert_allclose(errors_km(pool, truth), by_hand)
    with pytest.raises(ValueError, match="rows of the candidates are of other photos"):
        errors_km(pool, truth.iloc[1:])
    with pytest.raises(ValueError, match="table of truth lacks"):
        errors_km(pool, truth.drop(columns="LON"))


def around(pool, seed=4):
    """A truth in which many candidates are near: in another order, and two photos more."""
    rng = np.random.default_rng(seed)
    first = pool.groupby("IMG_ID")[["LAT", "LON"]].first()
    place = geo.offset(first.to_numpy(), 30, 10 ** rng.uniform(-1, 3.5, len(first)))
    ids = [*first.index, "extra1", "extra2"]
    table = pd.DataFrame(np.vstack([place, places(2)]), columns=["LAT", "LON"], index=ids)
    table = table.rename_axis("IMG_ID").reset_index().assign(AUTHOR=range(len(ids)))
    return table.iloc[rng.permutation(len(table))]


def errors_of_each(pool, truth):
    """The errors of each photo's candidates, in the order of the truth."""
    return [
        [geo.great_circle_km((c.LAT, c.LON), (t.LAT, t.LON))
         for c in pool[pool.IMG_ID == t.IMG_ID].itertuples()]
        for t in truth.itertuples()
    ]  # fmt: skip


def test_a_random_candidate_is_worth_the_mean_of_all():
    pool = a_pool()
    truth = around(pool)
    chances = random_candidate(pool, truth)
    for hits, points, errors in zip(
        chances.hits, chances.geoscore, errors_of_each(pool, truth), strict=True
    ):
        within = [[km <= limit for limit in evaluation.THRESHOLDS_KM] for km in errors]
        np.testing.assert_allclose(hits, np.mean(within, axis=0) if errors else [0] * 5)
        expected = np.mean(evaluation.geoscore(errors)) if errors else 0
        assert points == pytest.approx(expected)
    found = evaluation.score(chances, truth)
    assert 0 < found["street"] < found["continent"] < 1


def test_a_random_candidate_of_equal_ones_is_the_winner(model):
    pool = candidates(names(8), retrieved=places(8, 1), choice=CandidateConfig((), 0, 1))
    truth = around(pool)
    best = winners(Verifier(model, names(8), features(8)).score(pool))
    shares = list(evaluation.THRESHOLD_NAMES)
    random = evaluation.score(random_candidate(pool, truth), truth)[shares]
    assert random.tolist() == evaluation.score(best, truth)[shares].tolist()


def test_the_nearest_candidate_is_the_ceiling(model):
    pool = a_pool()
    truth = around(pool)
    found = oracle(pool, truth)
    assert list(found) == ["IMG_ID", "LAT_pred", "LON_pred"]
    assert found.IMG_ID.tolist() == list(of_each(pool))
    smallest = [min(errors, default=np.inf) for errors in errors_of_each(pool, truth)]
    np.testing.assert_allclose(evaluation.error_km(found, truth), smallest)
    scored = Verifier(model, names(20), features(20)).score(pool)
    for other in (winners(scored), medoid(pool)):
        assert (evaluation.error_km(other, truth) >= np.array(smallest) - 1e-6).all()


def test_of_equally_near_candidates_the_first_is_taken():
    pool = table_of([row_of(lat=0, lon=5, sample=1), row_of(lat=0, lon=-5, sample=0)])
    truth = pd.DataFrame({"IMG_ID": ["a"], "LAT": [0.0], "LON": [0.0]})
    assert oracle(pool, truth).loc[0, ["LAT_pred", "LON_pred"]].tolist() == [0, -5]
    assert oracle(pool.iloc[::-1], truth).loc[0, "LON_pred"] == -5


@pytest.mark.parametrize("function", [random_candidate, oracle])
def test_candidates_of_photos_that_the_truth_lacks_are_refused(function):
    pool = a_pool()
    with pytest.raises(ValueError, match="rows of the candidates are of other photos"):
        function(pool, around(pool).query("IMG_ID != 'photo003'"))


def test_no_photos_no_answers(model):
    none = candidates(names(2), retrieved=places(2, 1), choice=CandidateConfig((), 0, 1)).iloc[:0]
    scored = Verifier(model, [], features(0)).score(none)
    assert len(winners(scored)) == len(spherical_mean(none)) == len(medoid(none)) == 0
    assert list(winners(scored)) == PREDICTIONS
