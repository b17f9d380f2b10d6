"""A cue lab without a model: its answers follow from the changes by rule."""

import numpy as np

from g3lite import miniearth
from g3lite.teaching import cue_lab
from g3lite.teaching.cue_lab import State, street

PLACES = {"Lisbon": (38.72, -9.13), "Rabat": (34.02, -6.83), "Tokyo": (35.69, 139.69)}


class RuleLab:
    """Answers by rule: desert and subtropical are Rabat, left with kana Tokyo, all else Lisbon.

    If it is `lucky`, that is undone when the picture is saved again.
    """

    def __init__(self, photo=None, home="Lisbon", lucky=False):
        self.home, self.lucky, self.photo = home, lucky, photo or street("Lisbon")

    def look(self, **changes):
        scene = cue_lab.changed(miniearth.scene_of(self.photo), **changes)
        place = self.home
        if changes.get("climate") in ("desert", "subtropical"):
            place = "Rabat"
        elif changes.get("driving_side") == "left" and changes.get("script") == "kana":
            place = "Tokyo"
        if changes.get("saved_again") and self.lucky:
            place = self.home
        first = None if not changes else self.look()
        return State(
            scene,
            changes,
            np.array(PLACES[place]),
            cue_lab.city_of(PLACES[place]),
            None,
            None,
            None,
            {},
            first,
        )
