"""Maps, drawn without a network: points, arcs to the truth, densities, heat maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import cartopy.crs as ccrs
import numpy as np
from cartopy.feature import ShapelyFeature
from cartopy.io.shapereader import Reader
from cartopy.mpl.geoaxes import GeoAxes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from g3lite import geo
from g3lite.figures.style import _TITLE, PALETTE, PREDICTION, TRUTH, WIDTH, _legend
from g3lite.paths import shipped

_LAND, _OCEAN, _COAST, _BORDER = "#f2efe9", "#e3ebf0", "#8a9299", "#c3c7ca"
_PLATE = ccrs.PlateCarree()
_REGION = PALETTE[4]
_SHADES = LinearSegmentedColormap.from_list("shades", ["#d5e3ec", "#4f93bd"])
_DENSITY = LinearSegmentedColormap.from_list("density", ["#d3dde4", "#56B4E9", TRUTH, "#00224e"])


@cache
def _feature(layer: str) -> ShapelyFeature:
    """A Natural Earth layer at 1:110 million from the shipped data (cartopy's would download)."""
    folder = shipped("natural_earth/shapefiles/natural_earth")
    return ShapelyFeature(Reader(folder / f"{layer}.shp").geometries(), _PLATE)


def _draw_earth(axes: GeoAxes) -> None:
    axes.set_facecolor(_OCEAN)
    axes.add_feature(_feature("physical/ne_110m_land"), facecolor=_LAND, zorder=0)
    for layer, colour in (
        ("cultural/ne_110m_admin_0_boundary_lines_land", _BORDER),
        ("physical/ne_110m_coastline", _COAST),
    ):
        axes.add_feature(
            _feature(layer), facecolor="none", edgecolor=colour, linewidth=0.5, zorder=1.5
        )
    axes.spines["geo"].set(edgecolor=_COAST, linewidth=0.6)


def world_map(title: str = "", *, height: float = 4.6) -> tuple[Figure, GeoAxes]:
    """An empty world in the Equal Earth projection: areas, and so densities, compare fairly."""
    figure, axes = _map(ccrs.EqualEarth(), height)
    axes.set_global()
    _draw_earth(axes)
    axes.set_title(title, **_TITLE)
    return figure, axes


def zoomed_map(
    coordinates: ArrayLike, title: str = "", *, height: float = 5.0, smallest_km: float = 600
) -> tuple[Figure, GeoAxes]:
    """An empty map around (n, 2) coordinates, with a margin, a graticule and a scale bar.

    The projection is centred on the points, so that neither the antimeridian nor a pole cuts
    through them. Points that reach further than 5,000 km from their middle get the whole world.
    Coasts are 1:110 million: a map less than `smallest_km` high would show little.
    """
    points = geo.check_coordinates(coordinates)
    middle = _middle(points)
    if middle is None:
        return world_map(title)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = _zoomed(figure, (1, 1, 1), points, middle, WIDTH / height, smallest_km)
    axes.set_title(title, **_TITLE)
    return figure, axes


def _middle(points: np.ndarray) -> np.ndarray | None:
    """The middle of (n, 2) points; None if some are further than 5,000 km from it."""
    centre = geo.spherical_mean(points, np.zeros(len(points), dtype=np.int64), 1)[0]
    near = geo.great_circle_km(points, centre).max() <= 5000  # not so if the middle is anywhere
    return centre if near else None


def _zoomed(
    figure: Figure,
    place: tuple[int, int, int],
    points: np.ndarray,
    centre: np.ndarray,
    aspect: float,
    smallest_km: float,
    labels: bool = True,
) -> GeoAxes:
    """A map around points (n, 2) in a place (rows, columns, number) of a figure."""
    lat, lon = centre
    projection = ccrs.LambertAzimuthalEqualArea(central_longitude=lon, central_latitude=lat)
    projection.threshold = 10_000  # metres between the points of a curve: arcs look smooth
    axes = figure.add_subplot(*place, projection=projection)
    places = projection.transform_points(_PLATE, points[:, 1], points[:, 0])[:, :2]
    middle = (places.min(axis=0) + places.max(axis=0)) / 2
    reach = 1.25 * np.ptp(places, axis=0) / 2
    half = max(reach[1], reach[0] / aspect, smallest_km * 500)
    axes.set_xlim(middle[0] - half * aspect, middle[0] + half * aspect)
    axes.set_ylim(middle[1] - half, middle[1] + half)
    _draw_earth(axes)
    # About six lines from top to bottom; cartopy's own choice fails over the antimeridian.
    steps, wanted = (1, 2, 5, 10, 20, 30), half / 111_000 / 4
    step = next(step for step in steps if step >= wanted)
    step_lon = next((step for step in steps if step * np.cos(np.radians(lat)) >= wanted), 30)
    around = np.arange(-9, 10)
    axes.gridlines(
        draw_labels=["left", "bottom"] if labels else False,
        xlocs=np.unique(((np.round(lon / step_lon) + around) * step_lon + 180) % 360 - 180),
        ylocs=np.clip((np.round(lat / step) + around) * step, -90, 90),
        color=_COAST,
        linewidth=0.4,
        linestyle=":",
        xlabel_style={"size": 8, "color": "#555555"},
        ylabel_style={"size": 8, "color": "#555555"},
    )
    _scale_bar(axes)
    return axes


def _part_of_the_world(
    figure: Figure, place: tuple[int, int, int], points: np.ndarray, aspect: float
) -> GeoAxes:
    """The part of the world with points (n, 2) that are far apart, in a place of a figure."""
    mean = geo.spherical_mean(points, np.zeros(len(points), dtype=np.int64), 1)[0, 1]
    projection = ccrs.EqualEarth(central_longitude=mean if np.isfinite(mean) else 0)
    axes = figure.add_subplot(*place, projection=projection)
    (left, right), (bottom, top) = projection.x_limits, projection.y_limits
    places = projection.transform_points(_PLATE, points[:, 1], points[:, 0])[:, :2]
    x, y = (places.min(axis=0) + places.max(axis=0)) / 2
    reach = 1.25 * np.ptp(places, axis=0) / 2
    half = min(max(reach[1], reach[0] / aspect), (right - left) / 2 / aspect)
    y = np.clip(y, bottom + half, top - half) if 2 * half < top - bottom else 0.0
    x = np.clip(x, left + half * aspect, right - half * aspect)
    axes.set_xlim(x - half * aspect, x + half * aspect)
    axes.set_ylim(y - half, y + half)
    _draw_earth(axes)
    return axes


def candidate_maps(
    photos: Sequence[tuple[str, str, ArrayLike, ArrayLike, ArrayLike | None]],
    title: str = "",
    regions: Mapping[int, ArrayLike] | None = None,
    *,
    region: str = "90 % region",
) -> Figure:
    """A map for each photo: its candidates, which of them won, and what the file itself says.

    Args:
        photos: for each its title; what the winner is called ("prediction", "fallback", ...); the
            winner [lat, lon]; the candidates (n, 2), n may be 0; and the position in the file
            [lat, lon], or None.
        title: the title of the figure.
        regions: number of a photo -> points (n, 2) of the region that holds it, as
            `g3lite.after.regions.Where` has them.
        region: what such a region is called.

    Every map is zoomed to what it shows, with coasts and borders at 1:110 million.

    Raises:
        ValueError: there is no photo.
    """
    if not photos:
        raise ValueError("candidate_maps needs at least one photo")
    columns = min(len(photos), 1 if len(photos) == 1 else 2 if len(photos) <= 4 else 3)
    rows = -(-len(photos) // columns)
    width, height = WIDTH / columns, 5.0 if columns == 1 else 3.4 if columns == 2 else 2.8
    figure = Figure(figsize=(WIDTH, rows * height + 0.6), layout="constrained")
    kinds = sorted({kind for _, kind, *_ in photos} - {"prediction"})
    colors = dict(zip(kinds, (PALETTE[4], PALETTE[3], "#555555"), strict=False))
    colors["prediction"] = PREDICTION
    shown = {}
    for number, (name, kind, winner, candidates, file_says) in enumerate(photos, 1):
        candidates = np.reshape(candidates, (-1, 2))
        points = [candidates, np.reshape(winner, (1, 2))]
        if file_says is not None:
            points.append(np.reshape(file_says, (1, 2)))
        inside = np.reshape((regions or {}).get(number - 1, ()), (-1, 2))
        together = geo.check_coordinates(np.concatenate([*points, inside]))
        middle, place, aspect = _middle(together), (rows, columns, number), width / (height - 0.7)
        if middle is None:
            axes = _part_of_the_world(figure, place, together, aspect)
        else:
            axes = _zoomed(figure, place, together, middle, aspect, 600)
        size = 70 if columns == 1 else 45
        if len(inside):
            axes.scatter(
                *inside[:, ::-1].T, s=size, c=_REGION, alpha=0.4, edgecolors="none", label=region,
                transform=_PLATE, zorder=2,
            )  # fmt: skip
        draw_points(axes, candidates, label="candidate", color=PALETTE[2], size=size / 2)
        if file_says is not None:
            draw_points(axes, points[-1], label="the file itself says", color=TRUTH, size=size)
        draw_points(axes, points[1], label=kind, color=colors[kind], size=1.5 * size, marker="X")
        axes.set_title(name, loc="left", fontsize=11 if columns == 1 else 9, fontweight="bold")
        shown |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    figure.legend(
        shown.values(), shown.keys(), loc="outside upper right", ncols=len(shown), fontsize=9,
        frameon=False,
    )  # fmt: skip
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    return figure


def _map(projection: ccrs.Projection, height: float) -> tuple[Figure, GeoAxes]:
    projection.threshold = 10_000  # metres between the points of a curve: arcs look smooth
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    return figure, figure.add_subplot(projection=projection)


def _scale_bar(axes: GeoAxes) -> None:
    """A bar of a round number of km, true at the centre of the map."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    longest = (right - left) / 4 / 1000
    power = 10 ** np.floor(np.log10(longest))
    km = max(step for step in (power, 2 * power, 5 * power) if step <= longest)
    start = right - 0.03 * (right - left) - km * 1000
    height = bottom + 0.04 * (top - bottom)
    axes.plot([start, start + km * 1000], [height, height], color="#333333", linewidth=2.5)
    label = axes.text(
        start + km * 500, height + 0.015 * (top - bottom), f"{km:,.0f} km", ha="center", fontsize=8
    )
    label.set_bbox({"facecolor": "white", "alpha": 0.6, "edgecolor": "none", "pad": 1})


def draw_points(
    axes: GeoAxes,
    coordinates: ArrayLike,
    *,
    label: str | None = None,
    color: str = TRUTH,
    size: float = 18,
    marker: str = "o",
    ring: bool = False,
) -> None:
    """Mark (n, 2) coordinates on a map; rows of NaN are left out. A ring leaves its middle open."""
    points = geo.check_coordinates(coordinates, missing_ok=True)
    points = points[~np.isnan(points[:, 0])]
    axes.scatter(
        points[:, 1],
        points[:, 0],
        s=size,
        facecolors="none" if ring else color,
        marker=marker,
        edgecolors=color if ring else "white",
        linewidths=2.2 if ring else 0.4,
        label=label,
        transform=_PLATE,
        zorder=3,
    )


def draw_arcs(
    axes: GeoAxes, start: ArrayLike, end: ArrayLike, *, color: str = "#555555", width: float = 0.8
) -> LineCollection:
    """Join (n, 2) points with (n, 2) points along great circles; rows of NaN are left out.

    An arc over the antimeridian leaves the map on one side and enters on the other.
    """
    start = geo.check_coordinates(start, missing_ok=True)
    end = geo.check_coordinates(end, missing_ok=True)
    # Cartopy cannot draw an arc without a length.
    drawn = geo.great_circle_km(start, end) > 0.01
    pairs = np.stack([start[drawn], end[drawn]], axis=1)[:, :, ::-1]
    arcs = LineCollection(
        list(pairs),
        colors=color,
        linewidths=width,
        alpha=0.7,
        transform=ccrs.Geodetic(),
        zorder=2,
    )
    # Without autolim=False matplotlib would zoom out to the arcs' plain coordinates.
    axes.add_collection(arcs, autolim=False)
    return arcs


def prediction_map(
    truth: ArrayLike, predictions: ArrayLike, title: str = "", *, zoom: bool = False
) -> Figure:
    """True and predicted locations, (n, 2) each, joined by great circles.

    Photos without a prediction (NaN) show their truth alone. `zoom` fits the map to the points.
    """
    truth = geo.check_coordinates(truth)
    predictions = geo.check_coordinates(predictions, missing_ok=True)
    answered = ~np.isnan(predictions[:, 0])
    if zoom:
        figure, axes = zoomed_map(np.vstack([truth, predictions[answered]]), title)
    else:
        figure, axes = world_map(title)
    size = 45 if len(truth) <= 20 else 16
    draw_arcs(axes, truth, predictions)
    draw_points(
        axes, predictions, label="prediction", color=PREDICTION, size=1.5 * size, marker="X"
    )
    draw_points(axes, truth, label="truth", color=TRUTH, size=size)  # the smaller one on top
    _legend(axes)
    return figure


def vote_map(
    places: ArrayLike,
    votes: ArrayLike,
    marks: Mapping[str, ArrayLike],
    title: str = "",
    *,
    sigma_km: float = 445,
) -> Figure:
    """Votes as dots, as large as they count, and as shades where they pile up, around the marks.

    Args:
        places: (n, 2) [lat, lon] degrees of the votes; those off the map are counted in a note.
        votes: (n,) how much each counts, above 0.
        marks: name -> (2,) coordinates of up to four places that are marked and named.
        title: of the map.
        sigma_km: how far a vote spreads, the standard deviation of a Gaussian.
    """
    places, votes = geo.check_coordinates(places), np.asarray(votes, dtype=np.float64)
    figure, axes = zoomed_map(np.array(list(marks.values())), title, smallest_km=4000)
    x, y = np.meshgrid(np.linspace(*axes.get_xlim(), 120), np.linspace(*axes.get_ylim(), 70))
    grid = _PLATE.transform_points(axes.projection, x, y)[..., 1::-1].reshape(-1, 2)
    apart = geo.great_circle_km(grid[:, None], places)
    density = (np.exp(-0.5 * (apart / sigma_km) ** 2) @ votes).reshape(x.shape)
    levels = density.max() * np.linspace(0.1, 1, 10)
    axes.contourf(x, y, density, levels, cmap=_SHADES, zorder=1)
    sizes = np.maximum(240 * votes / votes.max(), 8)
    axes.scatter(
        *places.T[::-1], s=sizes, c="#56B4E9", alpha=0.75, edgecolors=TRUTH, linewidths=0.8,
        transform=_PLATE, zorder=2.5, label="a vote",
    )  # fmt: skip
    colours = (PREDICTION, PALETTE[2], "#000000", PALETTE[3])
    for (name, spot), colour in zip(marks.items(), colours, strict=False):
        marker = "*" if name == "truth" else "X"
        draw_points(axes, np.reshape(spot, (1, 2)), label=name, color=colour, size=110,
                    marker=marker)  # fmt: skip
    seen = axes.projection.transform_points(_PLATE, *places.T[::-1])[:, :2]
    inside = ((seen >= [x[0, 0], y[0, 0]]) & (seen <= [x[0, -1], y[-1, 0]])).all(axis=1)
    if not inside.all():
        note = f"{(~inside).sum()} of the {len(places)} votes lie off this map"
        axes.annotate(
            note, (1, 1), xytext=(0, 3), xycoords="axes fraction", textcoords="offset points",
            ha="right", fontsize=9,
        )  # fmt: skip
    _legend(axes)
    return figure


def circle_map(centre: ArrayLike, radii_km: Sequence[float], title: str = "") -> Figure:
    """Circles on the surface of the Earth around a point (2,), with a map around the largest."""
    middle = geo.check_coordinates(np.reshape(centre, (1, 2)))
    bearings = np.linspace(0, 360, 181)
    rings = [geo.offset(np.repeat(middle, 181, axis=0), bearings, km) for km in radii_km]
    figure, axes = zoomed_map(rings[int(np.argmax(radii_km))], title)
    for km, ring, colour in zip(radii_km, rings, PALETTE, strict=False):
        draw_arcs(axes, ring[:-1], ring[1:], color=colour, width=2).set_label(f"{km:,g} km")
    draw_points(axes, middle, color="#000000", size=60, marker="*")
    _legend(axes)
    return figure


def density_map(coordinates: ArrayLike, title: str = "", *, unit: str = "photos") -> Figure:
    """Number of points per hexagon of equal area, on a logarithmic colour scale."""
    points = geo.check_coordinates(coordinates)
    figure, axes = world_map(title, height=5.3)
    places = axes.projection.transform_points(_PLATE, points[:, 1], points[:, 0])
    left, right, bottom, top = axes.get_extent()
    columns = 90
    # A hexagon column is as wide as sqrt(3) row steps when the hexagons are regular.
    rows = round(columns * (top - bottom) / (right - left) / np.sqrt(3))
    hexagons = axes.hexbin(
        places[:, 0],
        places[:, 1],
        gridsize=(columns, rows),
        extent=(left, right, bottom, top),
        bins="log",
        mincnt=1,
        cmap=_DENSITY,  # one photo looks nearly like land, many are dark
        linewidths=0.2,
        zorder=1,
    )
    area_km2 = (right - left) / columns * (top - bottom) / rows / 2 / 1e6
    bar = figure.colorbar(
        hexagons, ax=axes, orientation="horizontal", shrink=0.5, aspect=40, pad=0.02
    )
    bar.set_label(f"{unit} per hexagon of {round(area_km2, -3):,.0f} km²", fontsize=9)
    bar.formatter = FuncFormatter(lambda value, _: f"{value:,.0f}")
    axes.set_global()
    return figure


def heat_maps(
    maps: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]],
    title: str = "",
    *,
    label: str = "",
    marks: Mapping[str, ArrayLike] | None = None,
    columns: int = 2,
    levels: int = 12,
) -> Figure:
    """Values on grids over the globe, one map for each, all in one scale of colours.

    Args:
        maps: title of each map -> latitudes (h,) and longitudes (w,) in degrees, ascending, and
            values (h, w). A grid around the globe becomes a world map, any other one a map of its
            middle part with a scale bar.
        title: the title of the figure.
        label: what the values are, with their unit.
        marks: title of a map -> (n, 2) coordinates to mark in it.
        columns: maps side by side.
        levels: about how many colours: values are rounded, for steps are easier to follow.

    Raises:
        ValueError: no map, or values that do not fit their grid.
    """
    if not maps:
        raise ValueError("heat_maps needs at least one map")
    grids = {name: _grid(name, *grid) for name, grid in maps.items()}
    lowest = min(values.min() for *_, values in grids.values())
    highest = max(values.max() for *_, values in grids.values())
    rounded = MaxNLocator(levels).tick_values(lowest, highest)
    step = rounded[1] - rounded[0]
    edges = np.append(rounded, rounded[-1] + step) - step / 2
    columns = min(columns, len(grids))
    rows = -(-len(grids) // columns)
    figure = Figure(
        figsize=(WIDTH, rows * (0.5 * WIDTH / columns + 0.25) + 1), layout="constrained"
    )
    for place, (name, (lat, lon, values)) in enumerate(grids.items(), 1):
        world = np.ptp(lon) > 300
        if world:
            lat, lon, values = _to_the_edges(lat, lon, values)
            projection = ccrs.EqualEarth()
        else:
            projection = ccrs.LambertAzimuthalEqualArea(lon[len(lon) // 2], lat[len(lat) // 2])
        projection.threshold = 10_000
        axes = figure.add_subplot(rows, columns, place, projection=projection)
        x, y, _ = np.moveaxis(projection.transform_points(_PLATE, *np.meshgrid(lon, lat)), -1, 0)
        if world:
            axes.set_global()
        else:  # the largest upright rectangle that the grid fills
            axes.set_xlim(x[:, 0].max(), x[:, -1].min())
            axes.set_ylim(y[0].max(), y[-1].min())
        colours = axes.contourf(x, y, values, edges, cmap="cividis", zorder=1)
        axes.add_feature(
            _feature("physical/ne_110m_coastline"),
            facecolor="none",
            edgecolor="white",
            linewidth=0.7,
            zorder=1.5,
        )
        axes.spines["geo"].set(edgecolor=_COAST, linewidth=0.6)
        if not world:
            _scale_bar(axes)
        if name in (marks or {}):
            draw_points(axes, marks[name], label="mark", color="#000000", size=110, marker="*")
        axes.set_title(name, loc="left", fontsize=9.5, pad=4)
    bar = figure.colorbar(
        colours, ax=figure.axes, orientation="horizontal", shrink=0.5, aspect=40, pad=0.02,
        ticks=rounded[:: max(1, len(rounded) // 8)],
    )  # fmt: skip
    bar.set_label(label, fontsize=9)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    return figure


def _grid(name: str, *grid: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    lat, lon, values = (np.asarray(part, dtype=np.float64) for part in grid)
    if values.shape != (len(lat), len(lon)):
        raise ValueError(
            f"map {name!r}: values of shape {values.shape} on a grid of {len(lat)} latitudes and "
            f"{len(lon)} longitudes; give (latitudes, longitudes)"
        )
    return lat, lon, values


def _to_the_edges(
    lat: np.ndarray, lon: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A global grid of the middles of cells with the poles and the antimeridian added."""
    seam = values[:, [0, -1]].mean(axis=1, keepdims=True)
    values = np.hstack([seam, values, seam])
    values = np.vstack([values[:1], values, values[-1:]])
    return np.r_[-90, lat, 90], np.r_[-180, lon, 180], values
