"""Sheets of MiniEarth photos, to look at: by kind of scene, climate, place, or scale of cues."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from PIL import Image

from g3lite.miniearth.cues import SCALES
from g3lite.miniearth.render.draw import draw
from g3lite.miniearth.sampler import photograph
from g3lite.miniearth.scene import Scene
from g3lite.miniearth.splits import sample, scene_of
from g3lite.miniearth.world import cues_of, places

GROUPINGS: dict[str, Callable[[Scene], object]] = {
    "kind": lambda scene: scene.view.kind,
    "climate": lambda scene: scene.cues.zone,
    "place": lambda scene: scene.place_id,
}


def grouped(by: str, columns: int, rows: int, name: str = "sheet") -> list[Scene]:
    """Scenes in rows of `columns`, all scenes of a row alike in `by`, no two by one author.

    "kind", "climate" and "place" group new photos. "scale" shows one street, then the same street
    with all cues of one scale after the other taken from a place far away.

    Raises:
        ValueError: `by` is unknown.
    """
    if by == "scale":
        return _one_street_elsewhere()
    if by not in GROUPINGS:
        raise ValueError(f"unknown grouping {by!r}; there are scale, {', '.join(GROUPINGS)}")
    groups: dict[object, dict[str, Scene]] = defaultdict(dict)
    for img_id in sample(name, 20_000):
        scene = scene_of(img_id)
        group = groups[GROUPINGS[by](scene)]
        if len(group) < columns and scene.view.sun_elevation > 5:
            group.setdefault(scene.author, scene)
        full = [list(group.values()) for group in groups.values() if len(group) == columns]
        if len(full) == rows:
            break
    return [scene for row in full for scene in row]


def _one_street_elsewhere() -> list[Scene]:
    table = places()
    home = table.index[table.city == "Madrid"][0]
    away = cues_of(table.index[table.city == "Mumbai"][0])
    wanted = {"buildings", "sign", "traffic", "line", "vegetation", "landmark"}
    taken = (photograph(home, seed, "00001591@M00") for seed in range(100_000))
    street = next(
        s
        for s in taken
        if wanted <= s.shows and s.view.weather == "clear" and s.view.sun_elevation > 25
    )
    others = [{cue: getattr(away, cue) for cue in names} for names in SCALES.values()]
    return [street, *(replace(street, cues=replace(street.cues, **other)) for other in others)]


def sheet(scenes: list[Scene], columns: int, size: int = 256, gap: int = 4) -> Image.Image:
    """The scenes drawn at `size` pixels, in rows of `columns`, on white."""
    rows = -(-len(scenes) // columns)
    step = size + gap
    page = Image.new("RGB", (columns * step - gap, rows * step - gap), "white")
    for i, scene in enumerate(scenes):
        page.paste(draw(scene, size), (i % columns * step, i // columns * step))
    return page
