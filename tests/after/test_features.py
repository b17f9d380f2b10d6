"""What is said of a candidate in numbers, held against counts by hand."""

import numpy as np
import pandas as pd
import pytest

from g3lite import geo
from g3lite.after import features as f
from g3lite.evaluation import THRESHOLDS_KM


def candidates():
    """Four candidates of one photo, in and around Lisbon and in Reykjavik, and one of another."""
    return pd.DataFrame(
        {
            "IMG_ID": ["a", "a", "a", "a", "b"],
            "origin": ["reply", "reply", "retrieved", "retrieved", "retrieved"],
            "references": pd.array([0, 10, pd.NA, pd.NA, pd.NA], dtype="Int64"),
            "sample": [0, 1, 0, 1, 0],
            "LAT": [38.7, 38.8, 38.7, 64.1, 0.0],
            "LON": [-9.1, -9.1, -9.1, -21.9, 0.0],
            "fallback": False,
            "score": np.array([0.5, 0.2, 0.4, 0.1, 0.3], dtype=np.float32),
        }
    )


SIMILARITY = np.array([[0.9, 0.8, 0.4], [0.7, 0.6, 0.5]])
NEAR = np.array(
    [[[38.7, -9.1], [64.1, -21.9], [38.9, -9.1]], [[50.0, 8.0], [51.0, 9.0], [np.nan, np.nan]]]
)
GALLERY = np.array([[38.7, -9.1], [38.7, -9.1], [38.9, -9.1], [64.1, -21.9], [-33.0, 151.0]])


@pytest.fixture(scope="module")
def table():
    found = f.features(candidates(), ["a", "b"], SIMILARITY, NEAR, f.Density(GALLERY))
    return pd.DataFrame(found, columns=f.FEATURES)


def test_every_feature_has_a_name_and_every_group_a_place(table):
    assert len(f.FEATURES) == len(set(f.FEATURES)) == 33
    assert sum(map(len, f.GROUPS.values())) == 33
    assert np.isfinite(table.to_numpy()).all()


def test_the_score_is_compared_with_those_of_the_same_photo(table):
    assert np.allclose(table["score"], [0.5, 0.2, 0.4, 0.1, 0.3])
    assert np.allclose(table["behind"], [0, 0.3, 0.1, 0.4, 0])
    assert np.allclose(table["place"], [0, 2 / 3, 1 / 3, 1, 0])
    assert np.allclose(table["best score"], [0.5] * 4 + [0.3])
    assert np.allclose(table["best likeness"], [0.9] * 4 + [0.7])


def test_likeness_and_votes_are_those_of_the_neighbours_within_each_radius(table):
    weight = np.exp(-f.SHARPNESS * (0.9 - SIMILARITY[0]))
    weight /= weight.sum()
    km = geo.great_circle_km(candidates()[["LAT", "LON"]].to_numpy()[:4, None], NEAR[0])
    for radius in THRESHOLDS_KM:
        near = km <= radius + 1e-6
        votes = (near * weight).sum(axis=1)
        assert np.allclose(table[f"votes {radius} km"][:4], votes, atol=1e-6), radius
        behind = [min([0.5, *(0.9 - SIMILARITY[0][row])]) for row in near]
        assert np.allclose(table[f"likeness {radius} km"][:4], behind, atol=1e-6), radius
    assert (table.loc[4, [f"votes {km} km" for km in (1, 25, 200)]] == 0).all()


def test_agreement_leaves_the_candidate_itself_out(table):
    assert table["replies 1 km"].tolist()[:4] == [0, 0, 0.5, 0]
    assert table["replies 25 km"].tolist()[:4] == [1, 1, 1, 0]
    assert table["retrieved 25 km"].tolist()[:4] == [0.5, 0.5, 0, 0]
    assert table["retrieved 2500 km"].tolist()[:4] == [0.5, 0.5, 0, 0]
    assert (table.loc[4, [name for name in f.FEATURES if name.startswith("re")][:10]] == 0).all()


def test_density_counts_the_gallery(table):
    assert np.allclose(np.expm1(table["density 1 km"]), [2, 0, 2, 1, 0], atol=1e-5)
    assert np.allclose(np.expm1(table["density 25 km"]), [3, 3, 3, 1, 0], atol=1e-5)


def test_the_density_of_a_large_gallery_is_estimated(monkeypatch):
    monkeypatch.setattr(f, "COUNTED", 100)
    many = np.repeat(GALLERY[:1], 1_000, axis=0)
    found = f.features(candidates(), ["a", "b"], SIMILARITY, NEAR, f.Density(many))
    assert np.isclose(np.expm1(found[0, f.FEATURES.index("density 1 km")]), 1_000)


def test_the_origin_of_a_candidate_is_told(table):
    assert table["reply"].tolist() == [1, 1, 0, 0, 0]
    assert table["references"].tolist() == [0, 10, -1, -1, -1]
    assert table["sample"].tolist() == [0, 1, 0, 1, 0]


def test_the_order_of_rows_and_photos_does_not_matter(table):
    order = np.array([3, 4, 0, 2, 1])
    mixed = candidates().iloc[order].reset_index(drop=True)
    found = f.features(mixed, ["b", "a"], SIMILARITY[::-1], NEAR[::-1], f.Density(GALLERY))
    assert np.allclose(found, table.to_numpy()[order])


def test_a_photo_without_neighbours_has_no_votes():
    found = f.features(
        candidates()[4:],
        ["b"],
        np.full((1, 3), np.nan),
        np.full((1, 3, 2), np.nan),
        f.Density(GALLERY),
    )
    assert np.isfinite(found).all()
    assert (pd.DataFrame(found, columns=f.FEATURES).filter(like="votes") == 0).all(axis=None)


def test_neighbours_of_other_photos_are_refused():
    with pytest.raises(ValueError, match="neighbours of 2 photos"):
        f.features(candidates(), ["a", "b"], SIMILARITY[:1], NEAR[:1], f.Density(GALLERY))
    with pytest.raises(ValueError, match="other photos"):
        f.features(candidates(), ["a", "c"], SIMILARITY, NEAR, f.Density(GALLERY))
