import numpy as np
import pyproj
import pytest

from g3lite import geo

R_M = geo.EARTH_RADIUS_KM * 1000
SPHERE = pyproj.Geod(a=R_M, b=R_M)


def random_points(n, seed):
    rng = np.random.default_rng(seed)
    return np.column_stack(
        [np.degrees(np.arcsin(rng.uniform(-1, 1, n))), rng.uniform(-180, 180, n)]
    )


def reference_km(a, b):
    return SPHERE.inv(a[:, 1], a[:, 0], b[:, 1], b[:, 0])[2] / 1000


def test_distance_agrees_with_pyproj_on_random_points():
    a, b = random_points(2000, 0), random_points(2000, 1)
    np.testing.assert_allclose(geo.great_circle_km(a, b), reference_km(a, b), rtol=1e-9, atol=1e-4)


def test_distance_of_close_points_keeps_its_precision():
    a = random_points(500, 2)
    b = geo.offset(a, 70, 0.001)
    np.testing.assert_allclose(geo.great_circle_km(a, b), 0.001, rtol=1e-5)


@pytest.mark.parametrize(
    ("a", "b", "km"),
    [
        ([0, 0], [0, 180], np.pi * geo.EARTH_RADIUS_KM),  # antipodes
        ([37.5, -20], [-37.5, 160], np.pi * geo.EARTH_RADIUS_KM),
        ([90, 0], [-90, 77], np.pi * geo.EARTH_RADIUS_KM),  # poles, any longitude
        ([90, 12], [90, -140], 0),
        ([0, 179.5], [0, -179.5], np.radians(1) * geo.EARTH_RADIUS_KM),  # antimeridian
        ([10, 180], [10, -180], 0),
        ([48.2, 16.4], [48.2, 16.4], 0),  # identical
        ([0, 0], [0, 90], np.pi / 2 * geo.EARTH_RADIUS_KM),
    ],
)
def test_distance_of_special_pairs(a, b, km):
    assert geo.great_circle_km(a, b) == pytest.approx(km, abs=1e-3)


def test_distance_broadcasts_to_a_matrix_and_carries_nan():
    a, b = random_points(4, 3), random_points(3, 4)
    matrix = geo.great_circle_km(a[:, None], b)
    assert matrix.shape == (4, 3)
    assert matrix[2, 1] == geo.great_circle_km(a[2], b[1])
    assert np.isnan(geo.great_circle_km([[np.nan, np.nan]], [[0, 0]])).all()


@pytest.mark.parametrize(
    ("coordinates", "message"),
    [
        ([[1, 2], [151.2, -33.9]], r"latitude 151.2 in row 1 .*\[-90, 90\]; did you pass \[lon"),
        ([[-33.9, 351.2]], r"longitude 351.2 in row 0 is outside \[-180, 180\].*360"),
        ([[0, 0], [0, 0], [1, np.nan]], "longitude nan in row 2 is not a finite number; drop"),
        ([[-np.inf, 0]], "latitude -inf in row 0"),
        ([1.0, 2.0], r"shape \(2,\), expected \(n, 2\).*\[\[lat, lon\]\]"),
        (np.zeros((3, 3)), r"shape \(3, 3\)"),
        ([["north", "east"]], "must be numbers"),
    ],
)
def test_bad_coordinates_are_named(coordinates, message):
    with pytest.raises(ValueError, match=message):
        geo.check_coordinates(coordinates)


def test_good_coordinates_pass_as_float64():
    checked = geo.check_coordinates([[90, -180], [-90, 180]])
    assert checked.dtype == np.float64 and checked.shape == (2, 2)
    assert geo.check_coordinates(np.empty((0, 2))).shape == (0, 2)


def test_missing_rows_pass_only_when_asked_for_and_whole():
    nothing = [np.nan, np.nan]
    assert np.isnan(geo.check_coordinates([nothing, [1, 2]], missing_ok=True)[0]).all()
    with pytest.raises(ValueError, match="longitude nan in row 0"):
        geo.check_coordinates([[1, np.nan]], missing_ok=True)


def test_offset_goes_the_distance_in_the_direction():
    start = random_points(300, 5)
    rng = np.random.default_rng(6)
    bearing, km = rng.uniform(0, 360, 300), rng.uniform(0.01, 5000, 300)
    end = geo.offset(start, bearing, km)
    np.testing.assert_allclose(geo.great_circle_km(start, end), km, rtol=1e-7)
    forward = SPHERE.inv(start[:, 1], start[:, 0], end[:, 1], end[:, 0])[0] % 360
    np.testing.assert_allclose(np.cos(np.radians(forward - bearing)), 1, atol=1e-9)


def test_offset_crosses_the_antimeridian_into_range():
    end = geo.offset([[0, 179.9]], 90, 50)
    assert -180 <= end[0, 1] < -179
    geo.check_coordinates(end)


def test_unit_vectors_give_the_same_distances():
    a, b = random_points(200, 7), random_points(200, 8)
    chord = np.linalg.norm(geo.unit_vectors(a) - geo.unit_vectors(b), axis=1)
    arc = 2 * np.arcsin(chord / 2) * geo.EARTH_RADIUS_KM
    np.testing.assert_allclose(arc, geo.great_circle_km(a, b), rtol=1e-9)


def test_the_spherical_mean_knows_no_seam_and_no_middle_of_antipodes():
    points = [[0, 170], [0, -170], [60, 0], [60, 90], [60, 180], [60, -90], [10, 20], [-10, -160]]
    middle = geo.spherical_mean(points, [0, 0, 1, 1, 1, 1, 2, 2], 4)
    assert middle[0] == pytest.approx([0, 180])
    assert middle[1, 0] == pytest.approx(90)
    assert np.isnan(middle[2:]).all()  # antipodes; and nothing at all
    assert geo.spherical_mean([[47.0, 15.5]], [0], 1)[0] == pytest.approx([47.0, 15.5])
