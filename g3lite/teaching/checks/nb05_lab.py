"""Check of the exercise with the cue lab, in notebook 05: Lisbon off its continent."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from g3lite import G3, G3Error, miniearth
from g3lite.miniearth.changes import CHANGES, CUES
from g3lite.teaching.checks.check import exercise
from g3lite.teaching.cue_lab import CueLab, State

CITY, CONTINENT = "Lisbon", "EU"
NAMES = {
    "AF": "Africa", "AN": "Antarctica", "AS": "Asia", "EU": "Europe", "NA": "North America",
    "OC": "Oceania", "SA": "South America",
}  # fmt: skip


@cache
def _lab(photo: str) -> CueLab:
    """A lab for a photo. Its G3 is that of the notebooks: the whole, with 2,000 known photos."""
    return CueLab(_g3(), [photo])


@cache
def _g3() -> G3:
    return G3.from_pretrained("ci", progress=False)


def _pairs(cues: Any) -> list[tuple[Any, Any]]:
    return list(cues.items() if isinstance(cues, Mapping) else map(tuple, cues))


def _score(photo: str, cues: Any) -> str:
    """What became of the answer, and whether all of the cues were needed."""
    changes, lab = dict(_pairs(cues)), _lab(photo)
    state, again = lab.look(**changes), lab.look(**changes, saved_again=True)
    return (
        f"{state}, in {NAMES[state.continent]}, {_number(lab, changes)} Saved again, the same "
        f"picture is placed in {again.place}, off the continent too."
    )


def _number(lab: CueLab, changes: dict[str, Any]) -> str:
    if len(changes) == 1:
        return "with 1 cue. Nobody can do it with fewer."
    for name in changes:
        fewer = {other: value for other, value in changes.items() if other != name}
        if _off(lab.look(**fewer)):
            return f"with {len(changes)} cues. One less would do: leave {name} as it is."
    return f"with {len(changes)} cues. None of these can be spared; is there a smaller set?"


def _off(state: State) -> bool:
    return state.continent != CONTINENT


@exercise(start="name a photo and the cues to change, then pass both to the check", right=_score)
def check_05_4(photo: str, cues: Any) -> str | None:
    """Check that cues alone move G3's answer to a photo of Lisbon to another continent.

    Any set of cues that does it, and does it again for the picture saved with a little less
    quality, is right; the fewer, the better. `cues` is a dict, or a list of
    pairs: a cue's name and its value.
    """
    if not isinstance(photo, str):
        return f"the photo is named by its IMG_ID, a text, and yours is a {type(photo).__name__}"
    try:
        scene = miniearth.scene_of(photo)
    except ValueError as error:
        return str(error)
    city = miniearth.places().city[scene.place_id]
    if city != CITY:
        return f"that photo was taken in {city}, not in {CITY}"
    if isinstance(cues, str) or not hasattr(cues, "__iter__"):
        return 'the cues are a dict, such as {"script": "greek"}'
    pairs = _pairs(cues)
    if not pairs:
        return "nothing is changed; name at least one cue with its new value"
    if any(len(pair) != 2 for pair in pairs):
        return 'each entry of the list is a pair: ("script", "greek")'
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        return "a cue is there twice; a photo has one value of each"
    for name, value in pairs:
        if name in CHANGES and name not in CUES:
            return (
                f"{name} is no cue: it says nothing about the place, for a photo of any place may "
                f"look so. Change cues alone: {', '.join(CUES)}"
            )
        if name in CUES and value == CHANGES[name].now(scene):
            return f"{name} is {value} in this photo already, so that changes nothing"
    lab = _lab(photo)
    try:
        state, first = lab.look(**dict(pairs)), lab.look()
    except G3Error as error:
        return str(error)
    if _off(first):
        return (
            f"G3 places the unchanged photo in {NAMES[first.continent]} ({first.place}), so there "
            "is nothing to move; take a photo that it places in Europe, such as street('Lisbon')"
        )
    if not _off(state):
        return (
            f"{state}, which is still in Europe. A sign can say Hangul and the model may not read "
            "it: look at the maps of the lab for a cue that darkens Europe, or change two together"
        )
    again = lab.look(**dict(pairs), saved_again=True)
    if not _off(again):
        return (
            f"{state}, but saved again the same picture is placed in {again.place}: that was luck. "
            "Find cues that hold both times"
        )
    return None
