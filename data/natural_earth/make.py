"""Rebuild the shapefiles in this folder from the npm package world-atlas (see README.md)."""

import json
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import shapefile  # pyshp, a dependency of cartopy
from shapely import LineString, Polygon, box, get_dimensions, get_parts, union_all
from shapely.affinity import translate
from shapely.geometry import mapping

# The window [-180, 180] and its neighbours: an unwrapped ring is cut by all three.
WINDOWS = [(360 * turn, box(-180 + 360 * turn, -90, 180 + 360 * turn, 90)) for turn in (-1, 0, 1)]
SEAM = box(-180, -90, 180, 90).exterior.buffer(1e-6)  # Wrangel Island is cut there in the source


def decode(topology):
    """Arcs of a TopoJSON file as (n, 2) [lon, lat] arrays (delta-coded integers in the file)."""
    scale, shift = topology["transform"]["scale"], topology["transform"]["translate"]
    return [np.cumsum(arc, axis=0) * scale + shift for arc in topology["arcs"]]


def unwrap(ring, arcs):
    """One ring with continuous longitudes; a ring around a pole ends 360 degrees off its start."""
    parts = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in ring]
    points = np.vstack([parts[0], *(part[1:] for part in parts[1:])])
    return np.column_stack([np.unwrap(points[:, 0], period=360), points[:, 1]])


def cut(shape):
    """The shape brought back to [-180, 180], cut where it crosses the antimeridian."""
    pieces = [translate(shape.intersection(window), -shift) for shift, window in WINDOWS]
    parts = get_parts(get_parts(pieces))  # twice: touching a window leaves mixed collections
    return union_all(parts[get_dimensions(parts) == get_dimensions(shape)])


def polygon(rings, arcs):
    """A polygon, cut at the antimeridian; the ring around Antarctica is closed at the pole."""
    shell, *holes = [unwrap(ring, arcs) for ring in rings]
    if abs(shell[-1, 0] - shell[0, 0]) > 180:
        shell = np.vstack([shell, [shell[-1, 0], -90], [shell[0, 0], -90]])
    return cut(Polygon(shell, holes).buffer(0))


def rings_of(geometry):
    """The polygons of a geometry, each a list of rings of arc numbers."""
    return geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]


def write(name, kind, shapes, **columns):
    """One shapefile: a shape and the values of the columns per record."""
    path = Path(__file__).parent / "shapefiles/natural_earth" / name
    with shapefile.Writer(str(path), shapeType=kind) as writer:
        for column in columns or {"NAME": None}:  # the format wants one column at least
            writer.field(column, "C", 40)
        for row, shape in enumerate(shapes):
            writer.record(*[values[row] for values in columns.values()])
            writer.shape(mapping(shape))


source = Path(sys.argv[1])
world = json.loads((source / "land-110m.json").read_text())
arcs, land = decode(world), rings_of(world["objects"]["land"]["geometries"][0])
write("physical/ne_110m_land", shapefile.POLYGON, [polygon(rings, arcs) for rings in land])
coasts = [cut(LineString(unwrap(ring, arcs))).difference(SEAM) for ring in chain(*land)]
write("physical/ne_110m_coastline", shapefile.POLYLINE, [c for c in coasts if not c.is_empty])

world = json.loads((source / "countries-110m.json").read_text())
arcs, countries = decode(world), world["objects"]["countries"]["geometries"]
names = [country["properties"]["name"] for country in countries]
codes = [country.get("id", "") for country in countries]
shapes = [union_all([polygon(p, arcs) for p in rings_of(country)]) for country in countries]
write("cultural/ne_110m_admin_0_countries", shapefile.POLYGON, shapes, NAME=names, ISO_N3=codes)
# An arc of two countries is a land border; an arc of one country is a coast.
used = [{~a if a < 0 else a for a in chain(*chain(*rings_of(c)))} for c in countries]
lines = [LineString(arcs[arc]) for arc in range(len(arcs)) if sum(arc in u for u in used) > 1]
write("cultural/ne_110m_admin_0_boundary_lines_land", shapefile.POLYLINE, lines)
