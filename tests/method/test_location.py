"""Projections against PROJ, and the location encoder against its equations."""

import numpy as np
import pyproj
import pytest
import torch

from g3lite import location
from g3lite.location import FourierFeatures, LocationEncoder, project

MERCATOR_UNIT = 20037508.3427892
POLES_AND_SEAM = [
    [90, 0], [-90, 0], [90, 180], [-90, -180], [0, 180], [0, -180], [0, 0], [45, 180], [-45, -180],
    [60, 179.999999], [60, -179.999999], [85.05, 12], [-85.05, 12], [89.9, -77], [-89.9, 77],
]  # fmt: skip


def coordinates(n: int = 2000, seed: int = 0) -> np.ndarray:
    """Random points of the globe, then the poles and the date line."""
    rng = np.random.default_rng(seed)
    points = np.column_stack([rng.uniform(-90, 90, n), rng.uniform(-180, 180, n)])
    return np.vstack([points, POLES_AND_SEAM])


def projected(points: np.ndarray, projection: str) -> np.ndarray:
    return project(torch.from_numpy(points), projection).numpy()


def encoder(**options) -> LocationEncoder:
    torch.manual_seed(1)
    return LocationEncoder(**{"frequencies": 16, "width": 24, "dim": 12, **options})


# --- projections


def by_proj(points: np.ndarray) -> np.ndarray:
    """Mercator's [east, north] in half circumferences of the equator."""
    lat = points[:, 0].clip(-location.MERCATOR_LIMIT, location.MERCATOR_LIMIT)
    to_mercator = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
    return np.column_stack(to_mercator.transform(points[:, 1], lat)) / MERCATOR_UNIT


def test_mercator_is_that_of_proj():
    points = coordinates()
    expected = by_proj(points)
    np.testing.assert_allclose(projected(points, "mercator_xy"), expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(
        projected(points, "mercator_yx"), expected[:, ::-1], rtol=0, atol=1e-9
    )


def test_mercator_is_clamped_where_its_map_is_square():
    assert pytest.approx(85.0511287798066, abs=1e-12) == location.MERCATOR_LIMIT
    lats = np.array([location.MERCATOR_LIMIT, 86, 89, 89.9999, 90])
    north = projected(np.column_stack([lats, 0 * lats]), "mercator_yx")
    np.testing.assert_allclose(north, [[1, 0]] * 5, rtol=0, atol=1e-12)
    south = projected(np.column_stack([-lats, 0 * lats]), "mercator_yx")
    np.testing.assert_array_equal(south, -north)
    below = projected(np.array([[85.0, 0]]), "mercator_yx")
    assert 0.99 < below[0, 0] < 1


def test_equal_earth_is_that_of_proj():
    points = coordinates()
    on_sphere = pyproj.Proj("+proj=eqearth +R=1")
    half_equator, _ = on_sphere(180, 0)
    expected = np.column_stack(on_sphere(points[:, 1], points[:, 0])) / half_equator
    np.testing.assert_allclose(projected(points, "equal_earth"), expected, rtol=0, atol=1e-9)
    ends = projected(np.array([[0.0, 180], [0, -180]]), "equal_earth")
    np.testing.assert_allclose(ends, [[1, 0], [-1, 0]], rtol=0, atol=1e-12)


def test_the_sphere_has_no_seam_and_unit_norm():
    points = projected(coordinates(), "sphere")
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, rtol=0, atol=1e-12)
    geocentric = pyproj.Transformer.from_pipeline("+proj=cart +R=1")
    lat, lon = coordinates().T
    expected = np.column_stack(geocentric.transform(lon, lat, 0 * lat))
    np.testing.assert_allclose(points, expected, rtol=0, atol=1e-9)
    east, west = projected(np.array([[33.0, 180], [33, -180]]), "sphere")
    np.testing.assert_allclose(east, west, rtol=0, atol=1e-12)


@pytest.mark.parametrize("projection", location.PROJECTIONS)
def test_values_stay_within_one_and_keep_their_dtype(projection):
    points = torch.from_numpy(coordinates())
    for dtype in (torch.float64, torch.float32):
        there = project(points.to(dtype), projection)
        assert there.dtype == dtype
        assert there.shape == (len(points), 3 if projection == "sphere" else 2)
        assert there.abs().max() <= 1 + 1e-6
    assert project(points[:0], projection).shape[0] == 0


@pytest.mark.parametrize("projection", location.PROJECTIONS)
def test_all_rows_at_once_are_the_rows_one_by_one(projection):
    points = torch.from_numpy(coordinates(100_000))
    together = project(points, projection)
    for row in range(0, len(points), 997):
        torch.testing.assert_close(
            together[row], project(points[row : row + 1], projection)[0], rtol=0, atol=1e-14
        )


def test_an_unknown_projection_names_the_known_ones():
    message = "unknown projection 'web'; there are mercator_yx, mercator_xy, equal_earth, sphere"
    with pytest.raises(ValueError, match=message):
        project(torch.zeros(1, 2), "web")
    with pytest.raises(ValueError, match=message):
        LocationEncoder("web")


# --- Fourier features


def test_features_are_cosines_then_sines():
    torch.manual_seed(0)
    features = FourierFeatures(2, 32, sigma=4.0)
    points = torch.rand(50, 2) * 2 - 1
    turns = 2 * np.pi * points.double().numpy() @ features.b.double().numpy().T
    expected = np.hstack([np.cos(turns), np.sin(turns)])
    np.testing.assert_allclose(features(points).numpy(), expected, rtol=0, atol=1e-4)


def test_frequencies_are_as_spread_as_sigma_says():
    torch.manual_seed(0)
    wide = LocationEncoder(frequencies=20_000, width=1, dim=1)
    assert location.SIGMAS == (1.0, 16.0, 256.0)
    for network, sigma in zip(wide.scales, location.SIGMAS, strict=True):
        b = network[0].b
        assert b.shape == (20_000, 2)
        assert b.std().item() == pytest.approx(sigma, rel=0.02)
        assert abs(b.mean().item()) < 0.02 * sigma


def test_half_precision_around_them_leaves_the_features_alone():
    torch.manual_seed(0)
    features, points = FourierFeatures(2, 32, sigma=256.0), torch.rand(50, 2) * 2 - 1
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = features(points)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, features(points), rtol=0, atol=0)


# --- the encoder


def reference(model: LocationEncoder, points: np.ndarray) -> np.ndarray:
    """The encoder in float64, from its equations alone, on points of the plane."""
    weights = {name: w.detach().double().numpy() for name, w in model.state_dict().items()}
    total = 0.0
    for i in range(len(model.scales)):
        turns = 2 * np.pi * points @ weights[f"scales.{i}.0.b"].T
        hidden = np.hstack([np.cos(turns), np.sin(turns)])  # gamma(v)
        for layer in (1, 3, 5):
            w, bias = weights[f"scales.{i}.{layer}.weight"], weights[f"scales.{i}.{layer}.bias"]
            hidden = np.maximum(hidden @ w.T + bias, 0)
        total = total + hidden @ weights[f"scales.{i}.7.weight"].T + weights[f"scales.{i}.7.bias"]
    return total


@pytest.mark.parametrize(
    ("projection", "plane"),
    [
        ("mercator_yx", lambda points: by_proj(points)[:, ::-1]),
        ("mercator_xy", by_proj),
        ("sphere", lambda points: projected(points, "sphere")),
        ("equal_earth", lambda points: projected(points, "equal_earth")),
    ],
)
def test_the_encoder_is_its_equations(projection, plane):
    model, points = encoder(projection=projection), coordinates(300)
    found = model(torch.from_numpy(points)).detach().numpy()
    assert found.dtype == np.float32 and found.shape == (len(points), 12)
    np.testing.assert_allclose(found, reference(model, plane(points)), rtol=0, atol=1e-5)


def test_the_official_encoder_is_its_equations():
    torch.manual_seed(0)
    model, points = LocationEncoder(), coordinates(100)
    expected = reference(model, by_proj(points)[:, ::-1])
    found = model(torch.from_numpy(points)).detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_the_official_sizes():
    with torch.device("meta"):
        model = LocationEncoder()
    assert sum(weight.numel() for weight in model.parameters()) == 9_447_936
    assert sum(fixed.numel() for fixed in model.buffers()) == 1_536
    widths = [[layer.out_features for layer in n if hasattr(layer, "weight")] for n in model.scales]
    assert widths == [[1024, 1024, 1024, 512]] * 3


def test_an_answer_does_not_depend_on_the_batch():
    model, points = encoder(), torch.from_numpy(coordinates(200))
    together = model(points)
    alone = torch.cat([model(points[i : i + 1]) for i in range(len(points))])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-6)
    order = torch.randperm(len(points), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(model(points[order]), together[order], rtol=0, atol=1e-6)


def test_single_precision_coordinates_are_accepted():
    model, points = encoder(sigmas=(1.0,)), torch.from_numpy(coordinates(100))
    torch.testing.assert_close(model(points.float()), model(points), rtol=0, atol=1e-4)
    assert model(points[:0]).shape == (0, 12)


def test_gradients_reach_every_parameter():
    model = encoder()
    model(torch.from_numpy(coordinates(200))).square().sum().backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None and weight.grad.abs().max() > 0, name
    assert not any(fixed.requires_grad for fixed in model.buffers())


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([[0, 0], [0, float("nan")]], "longitude nan in row 1 is not a finite number"),
        ([[0, 0], [float("inf"), 0]], "latitude inf in row 1 is not a finite number"),
        ([[0, 0], [0, 0], [151.2, -33.9]], r"latitude 151\.[12]\d* in row 2 .* pass \[lon, lat\]"),
        ([[0, 0], [10, 190]], r"longitude 190 in row 1 is outside \[-180, 180\]; subtract"),
        ([[0, 0, 0]], r"shape \(1, 3\), expected \(n, 2\)"),
        ([0, 0], r"shape \(2,\), expected \(n, 2\) .* write \[\[lat, lon\]\]"),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_bad_coordinates_are_refused(points, message, dtype):
    with pytest.raises(ValueError, match=message):
        encoder()(torch.tensor(points, dtype=dtype))
