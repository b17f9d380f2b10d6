"""Captions of what a photo shows: never a place name, a coordinate or a country.

MiniCLIP learns from these. Each names at most four attributes, each attribute's value is true in
at least 3 % of the places, so that no caption can stand for a place.
"""

from __future__ import annotations

from random import Random

from g3lite.miniearth import cues
from g3lite.miniearth.scene import LOW_INFORMATION, Scene

CAPTIONS_VERSION = "3"
MOST_ATTRIBUTES = 4
PEOPLED = ("street", "plaza", "suburb", "village", "park", "coast")
"""Kinds of photo whose passers-by are the view's `people`: a market is never empty."""
OPENINGS = ("a photo of ", "", "there is ", "a picture with ")


def _say(values: tuple, words: str) -> dict[str, str]:
    """A phrase for each value: `words` with the value for {}, and "a" or "an" as it fits."""
    phrases = {value: words.format(value) for value in values}
    return {
        value: "an " + phrase[2:] if phrase.startswith("a ") and phrase[2] in "aeiou" else phrase
        for value, phrase in phrases.items()
    }


CUE_PHRASES: dict[str, dict] = {
    "zone": {
        "rainforest": "palm trees and lush jungle",
        "savanna": "flat topped acacia trees",
        "desert": "tall cactus and agave plants",
        "mediterranean": "cypress and olive trees",
        "steppe": "pale feather grass and windswept poplars",
        "subtropical": "bamboo and tea bushes",
        "temperate": "round broadleaf trees",
        "boreal": "dark spruce and birch trees",
    },
    "soil": _say(cues.SOILS, "{} soil"),
    "relief": {
        "flat": "a flat horizon",
        "hills": "rolling hills",
        "mountains": "high mountains",
    },
    "coast": {True: "the sea"},
    "driving_side": _say(cues.DRIVING_SIDES, "traffic driving on the {}"),
    "line_colour": _say(cues.LINE_COLOURS, "{} road lines"),
    "line_style": _say(cues.LINE_STYLES, "a {} centre line"),
    "script": {
        "latin": "a sign in latin letters",
        "cyrillic": "a sign in cyrillic letters",
        "arabic": "a sign in arabic script",
        "han": "a sign in chinese characters",
        "kana": "a sign in japanese kana",
        "hangul": "a sign in korean hangul",
        "indic": "a sign in devanagari script",
        "southeast": "a sign in curly thai script",
    },
    "sign_shape": _say(cues.SIGN_SHAPES, "a {} shaped sign"),
    "sign_colour": _say(cues.SIGN_COLOURS, "a {} sign"),
    "plate": _say(cues.PLATES, "a {} number plate"),
    "pole": _say(cues.POLES, "a {} utility pole"),
    "bollard": _say(cues.BOLLARDS, "roadside posts with {}"),
    "roof_shape": _say(cues.ROOF_SHAPES, "{} roofs"),
    "roof_colour": _say(cues.ROOF_COLOURS, "{} roof tiles"),
    "wall": _say(cues.WALLS, "{} walls"),
    "fence": _say(cues.FENCES, "a {} fence"),
    "taxi": _say(cues.CAB_COLOURS, "a {} taxi"),
    "tram": _say(cues.CAB_COLOURS, "a {} tram"),
    "lamp": _say(cues.LAMPS, "{} street lamps"),
    "paving": _say(cues.PAVINGS, "{} paving"),
    "landmark_kind": _say(cues.LANDMARK_KINDS, "a {} landmark"),
    "landmark_colour": _say(cues.LANDMARK_COLOURS, "a {} landmark"),
}
"""How a caption says each value of each cue. What is not listed goes unnamed: a skyline, and the
scripts of less than 3 % of the places."""

NUISANCE_PHRASES: dict[str, dict] = {
    "kind": {
        "street": "a city street",
        "plaza": "a city square",
        "suburb": "a suburban street",
        "village": "a village",
        "highway": "a highway",
        "road": "a country road",
        "coast": "a beach",
        "mountain": "a mountain landscape",
        "countryside": "open countryside",
        "market": "a street market",
        "park": "a park",
        "interior": "the inside of a room",
        "food": "a plate of food",
        "sky": "the sky",
        "closeup": "a close up of an object",
    },
    "weather": {
        "clear": "clear weather",
        "cloudy": "scattered clouds",
        "overcast": "an overcast sky",
        "rain": "rain",
        "fog": "fog",
    },
    "light": {"night": "night", "low": "low sun", "day": "full daylight"},
    "snow": {True: "snow on the ground"},
    "vehicle": _say(cues.CAB_COLOURS, "a {} car"),
    "vehicles": {"one": "a single car", "few": "a few cars", "many": "heavy traffic"},
    "people": {"none": "nobody", "few": "one or two people", "many": "a crowd of people"},
    "occluder": {
        "none": "an open view",
        "person": "a bystander in front",
        "pillar": "a pillar in front",
        "leaves": "a twig in front",
        "window": "a window frame in front",
    },
    "framing": {"low": "a low horizon", "high": "a high horizon"},
    "lens": {"wide": "a wide angle view", "tele": "a zoomed in view"},
    "saturation": {"faded": "faded colours", "vivid": "vivid colours"},
    "tint": {"warm": "a warm tint", "cool": "a cool tint"},
    "exposure": {"dark": "an underexposed print", "bright": "an overexposed print"},
    "contrast": {"flat": "soft contrast", "hard": "hard contrast"},
    "grain": {"fine": "a smooth print", "coarse": "a grainy print"},
    "vignette": {"none": "bright corners", "strong": "darkened corners"},
    "sharpness": {"sharp": "a sharp focus", "blurred": "a blurred focus"},
}
"""How a caption says what is not geography. A photo that lies between two values leaves it out."""
PHRASES = {**CUE_PHRASES, **NUISANCE_PHRASES}


def attributes(scene: Scene) -> dict[str, object]:
    """What a caption of the photo can name: attribute -> value, the keys of `PHRASES`."""
    shown = dict(scene.visible)
    if "landmark" in shown:
        mark = shown["landmark"]
        shown["landmark_kind"], shown["landmark_colour"] = mark.kind, mark.colour
    view = scene.view
    shown["kind"] = view.kind
    if view.kind not in ("interior", "food", "closeup"):
        sun = view.sun_elevation
        shown["weather"] = view.weather
        shown["light"] = "night" if sun < -4 else "low" if sun < 15 else "day"
        shown["snow"] = view.snow
        shown["framing"] = _beyond(view.horizon, 0.48, 0.54, ("high", "low"))
        shown["lens"] = _beyond(view.focal, 0.90, 1.20, ("wide", "tele"))
    if "traffic" in scene.shows:
        shown["vehicle"] = view.vehicle_colour
        shown["vehicles"] = "one" if view.vehicles == 1 else "few" if view.vehicles < 4 else "many"
    if view.kind in PEOPLED:
        shown["people"] = "none" if view.people == 0 else "few" if view.people < 3 else "many"
    if view.kind not in LOW_INFORMATION:
        shown["occluder"] = view.occluder
    shown["saturation"] = _beyond(view.saturation, 0.80, 1.20, ("faded", "vivid"))
    shown["tint"] = _beyond(view.tint[0] - view.tint[2], -0.06, 0.06, ("cool", "warm"))
    shown["exposure"] = _beyond(view.exposure, 0.90, 1.10, ("dark", "bright"))
    shown["contrast"] = _beyond(view.contrast, 0.92, 1.08, ("flat", "hard"))
    shown["grain"] = _beyond(view.grain, 1.6, 3.5, ("fine", "coarse"))
    shown["vignette"] = _beyond(view.vignette, 0.03, 0.18, ("none", "strong"))
    shown["sharpness"] = "sharp" if view.blur == 0 else "blurred" if view.blur > 0.4 else None
    return {name: value for name, value in shown.items() if value in PHRASES.get(name, ())}


def _beyond(value: float, least: float, most: float, names: tuple[str, str]) -> str | None:
    """The first name below `least`, the second above `most`, none between."""
    return names[0] if value < least else names[1] if value > most else None


def caption(scene: Scene, rng: Random) -> str:
    """One caption of one to four attributes, one or two of them nuisance.

    "a city street, a sign in cyrillic letters, slate roof tiles and an overcast sky"
    """
    shown = attributes(scene)
    nuisance = [name for name in shown if name in NUISANCE_PHRASES]
    cue_names = [name for name in shown if name in CUE_PHRASES]
    n = min(len(nuisance), 1 + (rng.random() < 0.5))
    chosen = rng.sample(nuisance, n)
    chosen += rng.sample(cue_names, min(len(cue_names), MOST_ATTRIBUTES - n))
    return wording([PHRASES[name][shown[name]] for name in chosen], rng)


def wording(phrases: list[str], rng: Random) -> str:
    """One way to say some phrases: a random opening and order."""
    phrases = rng.sample(phrases, len(phrases))
    opening = OPENINGS[int(len(OPENINGS) * rng.random())]
    if len(phrases) == 1:
        return opening + phrases[0]
    return opening + ", ".join(phrases[:-1]) + " and " + phrases[-1]


def vocabulary() -> list[str]:
    """Every word that a caption can hold, sorted."""
    phrases = [phrase for by_value in PHRASES.values() for phrase in by_value.values()]
    return sorted({word for phrase in [*phrases, *OPENINGS, "and ,"] for word in phrase.split()})
