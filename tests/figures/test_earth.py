"""The Earth coloured by a location encoder, and the shipped one of GeoCLIP."""

import io
from functools import partial

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from g3lite import figures, geo
from g3lite.alignment import GeoAlignment
from g3lite.baselines import earth, geoclip
from g3lite.downloads.hub import DownloadError
from g3lite.downloads.wheels import Wheel
from g3lite.paths import data_dir


def on_the_sphere(coordinates):
    return geo.unit_vectors(coordinates).astype(np.float32)


def test_cells_are_means_from_south_to_north():
    vectors = earth.cells(on_the_sphere, step=30, points=3)
    assert vectors.shape == (6, 12, 3)
    # z grows to the north; the first column lies east of 180 degrees
    assert (np.diff(vectors[:, 0, 2]) > 0).all() and vectors[3, 0, 0] < 0
    one = earth.cells(on_the_sphere, step=30, points=1)
    assert np.allclose(one[3, 6], on_the_sphere([[15, 15]])[0])
    with pytest.raises(ValueError, match="step 7 does not divide 180"):
        earth.cells(on_the_sphere, step=7)


def test_like_vectors_have_like_colours():
    vectors = earth.cells(on_the_sphere, step=10, points=1)
    found = earth.colours(vectors)
    assert found.shape == (18, 36, 3) and found.dtype == np.uint8
    assert np.array_equal(found, earth.colours(vectors))
    channels = found.reshape(-1, 3).astype(float)
    assert (channels.min(0) == 0).all() and (channels.max(0) == 255).all()
    # Three numbers say all of a point of the sphere, so colours order pairs as vectors do.
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, len(channels), (2, 500))
    flat = vectors.reshape(-1, 3)
    apart = np.linalg.norm(flat[a] - flat[b], axis=1)
    differ = np.linalg.norm(channels[a] - channels[b], axis=1)
    assert np.corrcoef(apart, differ)[0, 1] > 0.9


def test_cosines_fall_with_the_distance_and_see_no_seam_on_the_sphere():
    table = earth.cosines(on_the_sphere, np.array([[47.1, 15.4], [-33.9, 151.2]]), n=200)
    assert table["km"].tolist() == [*earth.DISTANCES_KM, 1, 2]
    anywhere = table[table["pair"] == "anywhere"]
    expected = np.cos(anywhere["km"] / geo.EARTH_RADIUS_KM)
    assert np.abs(anywhere["cosine"] - expected).max() < 2e-3  # the ellipsoid
    assert (table["cosine"].iloc[-2:] > 0.999).all()


def test_a_flat_map_has_a_seam():
    """An encoder that reads longitude as a number takes both its ends for far apart."""

    def flat(coordinates):
        angle = np.radians(np.asarray(coordinates)[:, 1] / 2)
        return np.column_stack([np.cos(angle), np.sin(angle)]).astype(np.float32)

    table = earth.cosines(flat, np.array([[10.0, 20.0]]), n=50).set_index("pair")
    assert table["cosine"]["anywhere"].iloc[0] > 0.999
    assert table["cosine"]["across 180 degrees"] < -0.999


def test_the_shipped_earth_is_small_and_says_what_geoclip_knows():
    folder = data_dir() / "geoclip"
    assert sum(path.stat().st_size for path in folder.iterdir()) < 50_000
    assert "MIT License" in (folder / "LICENSE").read_text(encoding="utf-8")
    colours, table = earth.geoclip()
    assert colours.shape == (90, 180, 3)
    anywhere = table[table["pair"] == "anywhere"]
    assert anywhere["km"].tolist() == list(earth.DISTANCES_KM)
    assert anywhere["cosine"].to_numpy() == pytest.approx([0.98, 0.51, 0.27, 0.15, 0.07], abs=0.025)
    seam, pole = table["cosine"].iloc[-2:]
    assert seam < 0.5 and pole < 0.6  # 1 and 2 km apart, where others have 0.98


def test_earths_are_drawn_side_by_side():
    heads = GeoAlignment.from_pretrained("mini")
    ours = earth.colours(earth.cells(heads.embed_coordinates, step=5, points=1))
    figure = figures.coloured_earths({"GeoCLIP": earth.geoclip().colours, "ours": ours})
    assert [axes.get_title(loc="left") or axes.get_title() for axes in figure.axes] == [
        "GeoCLIP", "ours"
    ]  # fmt: skip
    mesh = figure.axes[0].collections[0]
    assert mesh.get_array().shape[-1] in (3, 4)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=60)
    picture = np.asarray(Image.open(file).convert("RGB")).reshape(-1, 3)
    assert len(np.unique(picture, axis=0)) > 500
    with pytest.raises(ValueError, match=r"x: colours have shape \(3, 3, 3\)"):
        figures.coloured_earths({"x": np.zeros((3, 3, 3), np.uint8)})
    with pytest.raises(ValueError, match="no grid of colours"):
        figures.coloured_earths({})


@pytest.mark.slow
def test_the_shipped_earth_is_made_of_the_real_weights(monkeypatch):
    def refuse(*_):
        raise DownloadError("not for a test")

    monkeypatch.setattr(Wheel, "_fetch", refuse)
    try:
        package = geoclip.WHEEL.unpacked()
    except DownloadError:
        pytest.skip("geoclip 1.3.0 is neither installed nor in the cache (40 MB)")
    encode = partial(geoclip.embed, geoclip.location_encoder(package / geoclip.ENCODER))
    places = pd.read_csv(package / geoclip.PLACES)[["LAT", "LON"]].to_numpy(float)
    shipped = earth.geoclip()
    table = earth.cosines(encode, places)
    pd.testing.assert_frame_equal(table.round(4), shipped.cosines, atol=2e-4)
    coarse = earth.colours(earth.cells(encode, points=1)).reshape(-1, 3).astype(float)
    same = shipped.colours.reshape(-1, 3).astype(float)
    for channel in range(3):
        assert abs(np.corrcoef(coarse[:, channel], same[:, channel])[0, 1]) > 0.8
