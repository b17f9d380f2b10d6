from itertools import product

import numpy as np
import pandas as pd
import pytest

from g3lite import evaluation as ev
from g3lite import geo, index
from g3lite.baselines import retrieval


def truth_table(coordinates, authors=None):
    coordinates = np.asarray(coordinates, dtype=float)
    return pd.DataFrame(
        {
            "IMG_ID": [f"photo{i}" for i in range(len(coordinates))],
            "AUTHOR": authors if authors is not None else np.arange(len(coordinates)),
            "LAT": coordinates[:, 0],
            "LON": coordinates[:, 1],
        }
    )


def at_distances(km):
    """A truth table and predictions that are off by these distances (NaN: no answer)."""
    km = np.asarray(km, dtype=float)
    truth = np.column_stack([np.linspace(-50, 60, len(km)), np.linspace(-180, 180, len(km))])
    predictions = geo.offset(truth, 40, np.nan_to_num(km))
    predictions[np.isnan(km)] = np.nan
    return truth_table(truth), predictions


def unit(rows):
    rows = np.asarray(rows, dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


# --- errors and scores


def test_score_by_hand():
    truth, predictions = at_distances([0.5, 0.99, 24, 26, 199, 700, 2400, 2600])
    result = ev.score(predictions, truth)
    assert result[list(ev.THRESHOLD_NAMES)].tolist() == [2 / 8, 3 / 8, 5 / 8, 6 / 8, 7 / 8]
    assert result["median_km"] == pytest.approx((26 + 199) / 2, rel=1e-6)
    by_hand = [5000 * np.exp(-d / 1492.7) for d in (0.5, 0.99, 24, 26, 199, 700, 2400, 2600)]
    assert result["geoscore"] == pytest.approx(np.mean(by_hand), rel=1e-6)


def test_no_answer_is_wrong_at_every_threshold_and_stays_in_the_denominator():
    truth, predictions = at_distances([0.1, np.nan, 0.1, np.nan, np.nan])
    result = ev.score(predictions, truth)
    assert (result[list(ev.THRESHOLD_NAMES)] == 2 / 5).all()
    assert np.isinf(result["median_km"])
    assert result["geoscore"] == pytest.approx(2 / 5 * 5000 * np.exp(-0.1 / 1492.7), rel=1e-6)


def test_score_of_a_table_ignores_order_and_counts_absent_ids():
    truth, predictions = at_distances([0.1, 10, 100, 1000])
    table = pd.DataFrame(
        {
            "IMG_ID": truth["IMG_ID"],
            "LAT_pred": predictions[:, 0],
            "LON_pred": predictions[:, 1],
        }
    )
    shuffled = table.sample(frac=1, random_state=1)
    pd.testing.assert_series_equal(ev.score(shuffled, truth), ev.score(predictions, truth))
    without = ev.score(table.iloc[1:], truth)
    assert without["street"] == 0 and without["continent"] == 3 / 4
    assert ev.score(table.iloc[:0], truth)["continent"] == 0
    missing = table.astype({"LAT_pred": "Float64", "LON_pred": "Float64"})
    missing.loc[0, ["LAT_pred", "LON_pred"]] = pd.NA
    assert ev.score(missing, truth)["continent"] == 3 / 4


def test_bad_prediction_tables_are_refused():
    truth, predictions = at_distances([0.1, 10, 100])
    table = pd.DataFrame(predictions, columns=["LAT_pred", "LON_pred"]).assign(
        IMG_ID=truth["IMG_ID"]
    )
    with pytest.raises(ValueError, match="'photo1' occurs more than once in the prediction table"):
        ev.score(pd.concat([table, table.iloc[[1]]]), truth)
    with pytest.raises(ValueError, match="1 predicted IMG_ID are not in the truth.*'elsewhere'"):
        ev.score(table.replace("photo2", "elsewhere"), truth)
    with pytest.raises(ValueError, match=r"lacks \['LON_pred'\]"):
        ev.score(table.drop(columns="LON_pred"), truth)
    with pytest.raises(ValueError, match="more than once in the truth table"):
        ev.score(table, pd.concat([truth, truth]))
    with pytest.raises(ValueError, match="latitude 151 in row 0"):
        ev.score(table.assign(LAT_pred=[151, 0, 0]), truth)
    with pytest.raises(ValueError, match="truth as a table"):
        ev.score(table, truth[["LAT", "LON"]].to_numpy())


def test_bad_prediction_arrays_are_refused():
    truth, predictions = at_distances([0.1, 10, 100])
    with pytest.raises(ValueError, match="2 predictions for 3 photos"):
        ev.score(predictions[:2], truth)
    with pytest.raises(ValueError, match="longitude nan in row 1"):
        ev.score([[0, 0], [5, np.nan], [0, 0]], truth)
    with pytest.raises(ValueError, match=r"\(n, 5, 2\)"):
        ev.score(np.zeros((3, 4, 2)), truth)
    with pytest.raises(ValueError, match="no photos"):
        ev.score(np.empty((0, 2)), np.empty((0, 2)))
    with pytest.raises(ValueError, match="latitude nan in row 2"):
        ev.score(predictions, truth.assign(LAT=[0, 0, np.nan]))


# --- intervals


def test_median_of_a_resample_is_the_median_of_the_repeated_photos():
    rng = np.random.default_rng(0)
    values = rng.exponential(100, 37)
    values[:5] = np.inf
    groups = rng.integers(0, 9, 37)
    drawn = rng.multinomial(9, np.full(9, 1 / 9), 200)
    expected = [np.median(np.repeat(values, times)) for times in drawn[:, groups]]
    np.testing.assert_allclose(ev._medians(values, groups, drawn)[:, 0], expected)


def test_means_of_a_resample_are_those_of_the_repeated_photos():
    rng = np.random.default_rng(1)
    values, groups = rng.normal(size=(40, 3)), np.append(np.arange(6), rng.integers(0, 6, 34))
    drawn = rng.multinomial(6, np.full(6, 1 / 6), 50)
    expected = [np.repeat(values, times, axis=0).mean(axis=0) for times in drawn[:, groups]]
    np.testing.assert_allclose(ev._means(values, groups, drawn), expected)


def clustered_photos(people, photos, share, rng):
    """Every photographer is either good or bad: all of a person's photos share one result."""
    authors = np.repeat(np.arange(people), photos)
    right = np.repeat(rng.random(people) < share, photos)
    truth, predictions = at_distances(np.where(right, 0.5, 5000))
    return truth.assign(AUTHOR=authors), predictions


def interval(results, metric="street"):
    row = results.set_index("metric").loc[metric]
    return row["low"], row["high"]


def test_clustered_interval_is_wider_when_a_photographers_photos_are_alike():
    truth, predictions = clustered_photos(30, 20, 0.4, np.random.default_rng(2))
    by_author = interval(ev.evaluate({"a": predictions}, truth))
    by_photo = interval(ev.evaluate({"a": predictions}, truth, clusters=None))
    widening = (by_author[1] - by_author[0]) / (by_photo[1] - by_photo[0])
    # 20 photos that always agree count as one: the interval grows by sqrt(20) = 4.5.
    assert 3.5 < widening < 5.5


@pytest.mark.slow
def test_interval_covers_the_true_share_about_as_often_as_it_says():
    rng = np.random.default_rng(3)
    covered = {"AUTHOR": 0, None: 0}
    for trial in range(200):
        truth, predictions = clustered_photos(60, 5, 0.3, rng)
        for clusters in covered:
            results = ev.evaluate(
                {"a": predictions}, truth, clusters=clusters, replicates=300, seed=trial
            )
            low, high = interval(results)
            covered[clusters] += low <= 0.3 <= high
    assert 0.90 <= covered["AUTHOR"] / 200 <= 0.99
    assert covered[None] / 200 < 0.75  # photos taken for independent: far too sure


def test_interval_holds_the_value_is_reproducible_and_handles_failures():
    truth, predictions = at_distances([0.1, 5, 50, 400, 900, 3000, np.nan, np.nan, 7, 12])
    truth["AUTHOR"] = list("aabbccddee")
    results = ev.evaluate({"m": predictions}, truth, seed=4)
    pd.testing.assert_frame_equal(results, ev.evaluate({"m": predictions}, truth, seed=4))
    assert list(results["metric"]) == list(ev.METRICS)
    assert (results["low"] <= results["value"]).all() and (
        results["value"] <= results["high"]
    ).all()
    assert (results["photos"] == 10).all()
    high = results.set_index("metric").loc["median_km", "high"]
    assert high > 1000 and not np.isnan(high)


def test_unusable_clusters_are_refused_with_a_way_out():
    truth, predictions = at_distances([1, 2, 3])
    for bad, message in (
        (truth.drop(columns="AUTHOR"), "no column 'AUTHOR'; pass clusters=None"),
        (truth.assign(AUTHOR=[None, "a", "b"]), "missing in 1 of 3 rows"),
        (truth.assign(AUTHOR="one"), "1 AUTHOR cannot be resampled"),
    ):
        with pytest.raises(ValueError, match=message):
            ev.evaluate({"m": predictions}, bad)
    ev.evaluate({"m": predictions}, truth.assign(AUTHOR="one"), clusters=None, replicates=10)


def test_paired_comparison_sees_what_unpaired_intervals_cannot():
    rng = np.random.default_rng(5)
    authors = np.repeat(np.arange(50), 6)
    easy = np.repeat(rng.random(50) < 0.5, 6)  # photographers differ much
    km = np.where(easy, 0.5, 5000)
    better = np.where(~easy & (rng.random(300) < 0.08), 0.5, km)  # and b wins a few of the hard
    truth, a = at_distances(better)
    truth["AUTHOR"] = authors
    b = at_distances(km)[1]
    result = ev.compare(a, b, truth).set_index("metric").loc["street"]
    assert result["difference"] == pytest.approx((better < 1).mean() - (km < 1).mean())
    assert result["low"] > 0 and result["p"] < 0.01
    low, high = interval(ev.evaluate({"b": b}, truth))
    assert low < ev.score(a, truth)["street"] < high
    reverse = ev.compare(b, a, truth).set_index("metric").loc["street"]
    assert reverse["difference"] == -result["difference"] and reverse["high"] < 0


def test_comparison_with_itself_finds_nothing():
    truth, predictions = at_distances([0.1, 5, 50, 400, 900, 3000])
    result = ev.compare(predictions, predictions, truth)
    assert (result["difference"] == 0).all() and (result["p"] == 1).all()


def test_comparison_is_rarely_wrong_when_methods_are_equal():
    rng = np.random.default_rng(6)
    alarms = 0
    for trial in range(200):
        km_a, km_b = np.where(rng.random((2, 160)) < 0.4, 0.5, 5000)
        truth, a = at_distances(km_a)
        truth["AUTHOR"] = np.repeat(np.arange(40), 4)
        b = at_distances(km_b)[1]
        p = ev.compare(a, b, truth, replicates=400, seed=trial).set_index("metric")["p"]
        alarms += p["street"] < 0.05
    assert alarms / 200 < 0.11


def test_table_is_readable_and_keeps_the_order_of_the_methods():
    truth, predictions = at_distances([0.1, 10, 100, 1000])
    results = ev.evaluate(
        {"zero": np.full((4, 2), np.nan), "all": truth[["LAT", "LON"]].to_numpy()}, truth
    )
    text = ev.table(results)
    assert list(text.index) == ["zero", "all"]
    assert text.columns[0] == "street 1 km, %" and text.columns[-1] == "GeoScore"
    assert text.loc["zero", "street 1 km, %"] == "0.0 [0.0, 0.0]"
    assert text.loc["all", "continent 2500 km, %"] == "100.0 [100.0, 100.0]"
    assert text.loc["all", "GeoScore"] == "5,000 [5,000, 5,000]"
    assert text.loc["zero", "median, km"] == "inf [inf, inf]"


def test_share_curve_agrees_with_the_scores():
    truth, predictions = at_distances([0.1, 5, 50, 400, 900, 3000, np.nan])
    share, low, high = ev.share_curve(ev.error_km(predictions, truth), truth, ev.THRESHOLDS_KM)
    expected = ev.score(predictions, truth)[list(ev.THRESHOLD_NAMES)]
    np.testing.assert_array_equal(share, expected)
    assert (low <= share).all() and (share <= high).all() and (np.diff(share) >= 0).all()


def test_mean_intervals_are_those_of_shares_and_of_any_value():
    truth, predictions = at_distances([0.1, 5, 50, 400, 900, 3000, np.nan])
    hits = (ev.error_km(predictions, truth)[:, None] <= np.array([25, 750])).astype(float)
    options = {"replicates": 500, "seed": 3}
    mean, low, high = ev.mean_intervals(np.hstack([hits, 7 * hits]), truth, **options)
    np.testing.assert_allclose(mean, [2 / 7, 4 / 7, 2, 4])
    share = ev.share_curve(ev.error_km(predictions, truth), truth, [25, 750], **options)
    np.testing.assert_allclose(np.array([mean, low, high])[:, :2], share)
    np.testing.assert_allclose(low[2:], 7 * low[:2])
    np.testing.assert_allclose(high[2:], 7 * high[:2])


# --- answers drawn at random


def test_chances_by_hand():
    errors, photo = [0.5, 30, 1000, np.inf, 2400], [0, 0, 2, 2, 2]
    chances = ev.Chances.from_errors(errors, photo, 4)
    np.testing.assert_allclose(
        chances.hits,
        [[1 / 2, 1 / 2, 1, 1, 1], [0] * 5, [0, 0, 0, 0, 2 / 3], [0] * 5],
    )
    points = [5000 * np.exp(-d / 1492.7) for d in errors]
    by_hand = [np.mean(points[:2]), 0, np.mean(points[2:]), 0]
    np.testing.assert_allclose(chances.geoscore, by_hand)


def drawn(seed, most=3):
    """A truth table of five photos, up to three answers to each, and their chances."""
    rng = np.random.default_rng(seed)
    truth = truth_table(rng.uniform([-60, -180], [60, 180], (5, 2)), list("aabbc"))
    photo = np.repeat(np.arange(5), rng.integers(1, most + 1, 5))
    places = truth[["LAT", "LON"]].to_numpy()[photo]
    answers = geo.offset(places, 40, 10 ** rng.uniform(-1, 4, len(photo)))
    errors = geo.great_circle_km(answers, places)
    return truth, photo, answers, ev.Chances.from_errors(errors, photo, 5)


@pytest.mark.parametrize("seed", range(3))
def test_chances_are_the_mean_over_all_draws(seed):
    truth, photo, answers, chances = drawn(seed)
    draws = list(product(*(np.flatnonzero(photo == i) for i in range(5))))
    scores = pd.DataFrame([ev.score(answers[list(rows)], truth) for rows in draws])
    found = ev.score(chances, truth)
    assert len(draws) > 5 and np.isnan(found["median_km"])
    for metric in (*ev.THRESHOLD_NAMES, "geoscore"):
        assert found[metric] == pytest.approx(scores[metric].mean())
    compared = ev.compare(chances, answers[list(draws[0])], truth, replicates=50)
    gain = found[list(ev.THRESHOLD_NAMES)] - scores.iloc[0][list(ev.THRESHOLD_NAMES)]
    np.testing.assert_allclose(compared.difference, gain.astype(float), atol=1e-12)


def test_a_draw_from_one_answer_is_that_answer():
    truth, _, answers, chances = drawn(7, most=1)
    results = ev.evaluate({"drawn": chances, "sure": answers}, truth, replicates=200)
    results = results[results.metric != "median_km"].set_index("metric")
    one, other = (results[results.method == name].drop(columns="method") for name in
                  ("drawn", "sure"))  # fmt: skip
    pd.testing.assert_frame_equal(one, other)
    difference = ev.compare(chances, answers, truth, replicates=50)
    assert (difference[["difference", "low", "high"]] == 0).all(axis=None)


def test_chances_go_through_the_table_without_a_median():
    truth, _, _, chances = drawn(1)
    text = ev.table(ev.evaluate({"drawn": chances}, truth, replicates=50)).loc["drawn"]
    assert text["median, km"] == "–" and text["GeoScore"] != "–"


def test_chances_of_other_photos_are_refused():
    truth, _, answers, chances = drawn(1)
    for method in (ev.score, lambda a, b: ev.compare(a, answers[:4], b)):
        with pytest.raises(ValueError, match="chances of 5 photos for 4 photos"):
            method(chances, truth.iloc[:4])


# --- baselines


def test_constant_finds_the_busiest_spot_at_every_radius():
    square = geo.offset([[40.0, -74.0]] * 5, np.arange(5) * 72, 0.3)  # five photos in one square
    # A ring of towns 400 km around Basel: more photos than the square, but only country-wide.
    around = geo.offset([[47.5, 7.6]] * 12, np.arange(12) * 30, 400)
    train = np.vstack([square, around, [[47.5, 7.6]]])
    answer = retrieval.constant(train)
    assert answer.shape == (1, 5, 2)
    for threshold in (0, 1, 2):
        assert geo.great_circle_km(answer[0, threshold], [40.0, -74.0]) < 1
    assert geo.great_circle_km(answer[0, 3], [47.5, 7.6]) == pytest.approx(0, abs=1e-6)
    result = ev.score(answer, train)
    assert result[list(ev.THRESHOLD_NAMES)].tolist() == [5 / 18, 5 / 18, 5 / 18, 13 / 18, 13 / 18]
    assert np.isnan(result["median_km"]) and np.isnan(result["geoscore"])


def test_constant_goes_through_intervals_and_table():
    train = np.column_stack([np.linspace(40, 50, 30), np.linspace(0, 10, 30)])
    truth = truth_table(train[::3])
    text = ev.table(ev.evaluate({"constant": retrieval.constant(train)}, truth, replicates=50))
    assert text.loc["constant", "median, km"] == "–"


def random_vectors(n, dimension=16, seed=0):
    return unit(np.random.default_rng(seed).normal(size=(n, dimension)))


def test_nearest_neighbour_equals_brute_force():
    queries, gallery = random_vectors(40, seed=1), random_vectors(300, seed=2)
    coordinates = np.random.default_rng(3).uniform(-80, 80, (300, 2))
    expected = coordinates[(queries @ gallery.T).argmax(axis=1)]
    np.testing.assert_array_equal(
        retrieval.nearest_neighbour(queries, gallery, coordinates), expected
    )


def lknn_by_hand(query, gallery, coordinates, k, sigma, m, snap_km):
    """The definition in loops, one query."""
    similarity = gallery.astype(float) @ query.astype(float)
    nearest = np.argsort(-similarity)[:k]
    density = []
    for i in nearest:
        total = 0.0
        for j in nearest:
            degrees = np.degrees(
                geo.great_circle_km(coordinates[i], coordinates[j]) / geo.EARTH_RADIUS_KM
            )
            vote = (1 / (2 - 2 * similarity[j])) ** m
            total += vote * np.exp(-(degrees**2) / (2 * sigma**2))
        density.append(total)
    peak = nearest[int(np.argmax(density))]
    for i in nearest:
        if geo.great_circle_km(coordinates[i], coordinates[peak]) <= snap_km:
            return coordinates[i]


@pytest.mark.parametrize("snap_km", [0.0, 100.0, 3000.0])
def test_lknn_equals_its_definition(snap_km):
    queries, gallery = random_vectors(25, seed=4), random_vectors(200, seed=5)
    coordinates = np.random.default_rng(6).uniform([-60, -180], [70, 180], (200, 2))
    options = {"k": 30, "sigma": 4.0, "m": 3.0, "snap_km": snap_km}
    expected = [lknn_by_hand(query, gallery, coordinates, **options) for query in queries]
    found = retrieval.lknn(queries, gallery, coordinates, **options)
    np.testing.assert_array_equal(found, expected)


def test_lknn_follows_the_crowd_where_the_nearest_is_alone():
    query = unit([[1, 0, 0]])
    # The nearest photo is alone in Sydney; three nearly as similar ones stand around the
    # antimeridian in Fiji, 60 km apart and on both sides of it.
    gallery = unit([[1, 0.50, 0], [1, 0.51, 0], [1, 0, 0.52], [1, -0.53, 0]])
    coordinates = np.array([[-33.9, 151.2], [-17.0, 179.9], [-17.0, -179.8], [-17.2, 179.7]])
    assert (retrieval.nearest_neighbour(query, gallery, coordinates) == coordinates[0]).all()
    assert (retrieval.lknn(query, gallery, coordinates, m=1) == coordinates[1]).all()
    # A narrow kernel or a steep vote leaves the nearest neighbour.
    assert (retrieval.lknn(query, gallery, coordinates, m=1, sigma=0.01) == coordinates[0]).all()
    assert (retrieval.lknn(query, gallery, coordinates, m=80) == coordinates[0]).all()


def test_lknn_survives_exact_duplicates_and_small_galleries():
    gallery = random_vectors(5, seed=7)
    coordinates = np.array([[10.0, 10], [20, 20], [30, 30], [40, 40], [50, 50]])
    np.testing.assert_array_equal(retrieval.lknn(gallery, gallery, coordinates), coordinates)


def test_bad_vectors_are_refused():
    gallery, coordinates = random_vectors(5), np.zeros((5, 2))
    with pytest.raises(ValueError, match="row 0 of the queries has norm 3, not 1"):
        retrieval.nearest_neighbour(3 * gallery[:1], gallery, coordinates)
    with pytest.raises(ValueError, match="norm nan"):
        retrieval.nearest_neighbour(np.full((1, 16), np.nan, np.float32), gallery, coordinates)
    with pytest.raises(ValueError, match="5 gallery vectors but 4 coordinates"):
        retrieval.lknn(gallery, gallery, coordinates[:4])
    with pytest.raises(ValueError, match=r"queries have shape \(1, 8\)"):
        retrieval.nearest_neighbour(random_vectors(1, 8), gallery, coordinates)
    with pytest.raises(ValueError, match="sigma = 0"):
        retrieval.lknn(gallery, gallery, coordinates, sigma=0)
    with pytest.raises(ValueError, match="k = 6"):
        index.neighbours(gallery, gallery, 6)


def test_real_photo_table_needs_no_special_case(real):
    truth = pd.read_csv(real / "im2gps3k" / "im2gps3k_places365.csv", dtype={"IMG_ID": str})
    coordinates = truth[["LAT", "LON"]].to_numpy()
    off = pd.DataFrame(geo.offset(coordinates, 10, 100), columns=["LAT_pred", "LON_pred"])
    off["IMG_ID"] = truth["IMG_ID"]
    results = ev.evaluate(
        {"constant": retrieval.constant(coordinates), "100 km off": off}, truth, replicates=200
    )
    scores = results.set_index(["method", "metric"])["value"]
    assert scores["100 km off", "city"] == 0 and scores["100 km off", "region"] == 1
    assert scores["100 km off", "median_km"] == pytest.approx(100)
    assert 0 < scores["constant", "street"] < scores["constant", "continent"] < 1
