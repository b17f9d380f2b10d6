"""Captions of what a photo shows: never a place name, a coordinate or a country.

MiniCLIP learns from these. Each names at most four attributes, each attribute's value is true in
at least 3 % of the places, so that no caption can stand for a place.
"""

from __future__ import annotations

from random import Random

from g3lite.miniearth import cues
from g3lite.miniearth.scene import Scene

CAPTIONS_VERSION = "1"
MOST_ATTRIBUTES = 4

PLANTS = {
    "rainforest": "palm trees and lush jungle",
    "savanna": "flat topped acacia trees",
    "desert": "cactus and dry scrub",
    "mediterranean": "cypress and olive trees",
    "steppe": "dry grass and lone poplars",
    "subtropical": "bamboo and tea bushes",
    "temperate": "round broadleaf trees",
    "boreal": "dark spruce and birch trees",
}
RELIEF = {"flat": "a flat horizon", "hills": "rolling hills", "mountains": "high mountains"}
LETTERS = {
    "latin": "latin letters", "cyrillic": "cyrillic letters", "arabic": "arabic script",
    "han": "chinese characters", "kana": "japanese kana", "hangul": "korean hangul",
    "indic": "devanagari script", "southeast": "round looped letters",
}  # fmt: skip
CAPTIONED_SCRIPTS = cues.SCRIPTS[: len(LETTERS)]


def _a(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


CUE_PHRASES = {
    "zone": lambda v: PLANTS[v],
    "soil": lambda v: f"{v} soil",
    "relief": lambda v: RELIEF[v],
    "coast": lambda v: "the sea",
    "driving_side": lambda v: f"traffic driving on the {v}",
    "line_colour": lambda v: f"{v} road lines",
    "line_style": lambda v: _a(f"{v} centre line"),
    "script": lambda v: f"a sign in {LETTERS[v]}",
    "sign_shape": lambda v: _a(f"{v} shaped sign"),
    "sign_colour": lambda v: _a(f"{v} sign"),
    "plate": lambda v: _a(f"{v} number plate"),
    "pole": lambda v: _a(f"{v} utility pole"),
    "bollard": lambda v: f"roadside posts with {v}",
    "roof_shape": lambda v: f"{v} roofs",
    "roof_colour": lambda v: f"{v} roof tiles",
    "wall": lambda v: f"{v} walls",
    "fence": lambda v: _a(f"{v} fence"),
    "taxi": lambda v: _a(f"{v} taxi"),
    "tram": lambda v: _a(f"{v} tram"),
    "lamp": lambda v: f"{v} street lamps",
    "paving": lambda v: f"{v} paving",
}
"""How a caption says each cue; a skyline has no words, a landmark has two (see `attributes`)."""

VALUES = {
    "zone": cues.ZONES, "soil": cues.SOILS, "relief": cues.RELIEFS, "coast": (True,),
    "driving_side": cues.DRIVING_SIDES, "line_colour": cues.LINE_COLOURS,
    "line_style": cues.LINE_STYLES, "script": CAPTIONED_SCRIPTS, "sign_shape": cues.SIGN_SHAPES,
    "sign_colour": cues.SIGN_COLOURS, "plate": cues.PLATES, "pole": cues.POLES,
    "bollard": cues.BOLLARDS, "roof_shape": cues.ROOF_SHAPES, "roof_colour": cues.ROOF_COLOURS,
    "wall": cues.WALLS, "fence": cues.FENCES, "taxi": cues.CAB_COLOURS, "tram": cues.CAB_COLOURS,
    "lamp": cues.LAMPS, "paving": cues.PAVINGS,
}  # fmt: skip
"""The values of each cue that captions can name."""

KIND_PHRASES = {
    "street": "a city street", "plaza": "a city square", "suburb": "a suburban street",
    "village": "a village", "highway": "a highway", "road": "a country road",
    "coast": "a beach", "mountain": "a mountain landscape", "countryside": "open countryside",
    "market": "a street market", "park": "a park", "interior": "the inside of a room",
    "food": "a plate of food", "sky": "the sky", "closeup": "a close up of an object",
}  # fmt: skip
WEATHER_PHRASES = {
    "clear": "clear weather", "cloudy": "scattered clouds", "overcast": "an overcast sky",
    "rain": "rain", "fog": "fog", "snowfall": "falling snow",
}  # fmt: skip

LIGHT_PHRASES = ("night", "low sun", "full daylight")
OPENINGS = ("a photo of ", "", "there is ", "a picture with ")


def attributes(scene: Scene) -> tuple[list[tuple[str, object, str]], list[tuple[str, object, str]]]:
    """(cues, nuisance): everything visible as (name, value, phrase)."""
    shown = []
    for name, value in scene.visible.items():
        if name == "landmark":
            shown.append(("landmark_kind", value.kind, _a(f"{value.kind} landmark")))
            shown.append(("landmark_colour", value.colour, _a(f"{value.colour} landmark")))
        elif name in CUE_PHRASES and (name != "script" or value in CAPTIONED_SCRIPTS):
            shown.append((name, value, CUE_PHRASES[name](value)))
    view = scene.view
    nuisance = [("kind", view.kind, KIND_PHRASES[view.kind])]
    if view.kind not in ("interior", "food", "closeup"):
        nuisance.append(("weather", view.weather, WEATHER_PHRASES[view.weather]))
        nuisance.append(("light", _light(view.sun_elevation), _light(view.sun_elevation)))
        if view.snow:
            nuisance.append(("snow", True, "snow on the ground"))
    if "traffic" in scene.shows:
        nuisance.append(("vehicle", view.vehicle_colour, _a(f"{view.vehicle_colour} car")))
    return shown, nuisance


def _light(sun_elevation: float) -> str:
    return LIGHT_PHRASES[(sun_elevation >= -4) + (sun_elevation >= 15)]


def caption(scene: Scene, rng: Random) -> str:
    """One caption: two to four attributes, at most one or two of them nuisance.

    "a city street, a sign in cyrillic letters, slate roof tiles and overcast sky"
    """
    shown, nuisance = attributes(scene)
    n_nuisance = min(len(nuisance), 1 + (rng.random() < 0.5))
    chosen = rng.sample(nuisance, n_nuisance)
    chosen += rng.sample(shown, min(len(shown), MOST_ATTRIBUTES - n_nuisance))
    rng.shuffle(chosen)
    phrases = [phrase for _, _, phrase in chosen]
    opening = OPENINGS[int(len(OPENINGS) * rng.random())]
    if len(phrases) == 1:
        return opening + phrases[0]
    return opening + ", ".join(phrases[:-1]) + " and " + phrases[-1]


def vocabulary() -> list[str]:
    """Every word that a caption can hold, sorted."""
    phrases = [CUE_PHRASES[name](value) for name, values in VALUES.items() for value in values]
    phrases += [_a(f"{word} landmark") for word in cues.LANDMARK_KINDS + cues.LANDMARK_COLOURS]
    phrases += [_a(f"{colour} car") for colour in cues.CAB_COLOURS]
    phrases += [*KIND_PHRASES.values(), *WEATHER_PHRASES.values(), *LIGHT_PHRASES, *OPENINGS]
    phrases += ["snow on the ground", "and", ","]
    return sorted({word for phrase in phrases for word in phrase.split()})
