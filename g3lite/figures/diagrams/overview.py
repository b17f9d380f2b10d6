"""G3 in one picture: its three steps, what flows between them, and where the reader is."""

from __future__ import annotations

from g3lite import G3Error
from g3lite.alignment import CONFIGS
from g3lite.figures.diagrams.canvas import GREY, INK, SMALL, STEPS, Canvas, Diagram
from g3lite.prompts import PLANS

PLACES = {
    # what the reader is at: its box (x, y, width, height)
    "task": (20, 84, 96, 158),
    "alignment": (142, 54, 192, 218),
    "gallery": (356, 66, 132, 198),
    "diversification": (510, 54, 180, 218),
    "verification": (712, 54, 178, 218),
    "evaluation": (712, 288, 178, 42),
}
"""What can be marked in `g3`, from left to right."""


def g3(here: str | None = None) -> Diagram:
    """The three steps of G3 and what flows between them; `here` marks where the reader is.

    Args:
        here: a key of `PLACES`; None marks nothing.

    Raises:
        G3Error: there is no such place.
    """
    if here is not None and here not in PLACES:
        raise G3Error(f"the schematic has no place {here!r}; there are {', '.join(PLACES)}")
    plan, config = PLANS["paper"], CONFIGS["official"]
    numbers = ", ".join(map(str, plan.references))
    candidates = len(plan.references) * plan.replies
    canvas = Canvas(352, "G3: from a photo to a place in three steps")
    for name, (x, y, width, height) in PLACES.items():
        color, marked = STEPS.get(name, "#6f7780"), name == here
        canvas.box(
            x, y, width, height, color=color, strength=0.34 if marked else 0.12,
            edge=3.2 if marked else 1.2,
        )  # fmt: skip
    for step, title in zip(STEPS, ("1 Align", "2 Diversify", "3 Verify"), strict=True):
        x, y, width, _ = PLACES[step]
        canvas.text(x + width / 2, y + 24, title, size=12, weight="bold")

    canvas.text(68, 112, "Photo", weight="bold", size=12)
    canvas.text(68, 176, "Where was\nit taken?\n\nlatitude and\nlongitude", size=SMALL)

    x = 152
    for y, what in (
        (94, "image (CLIP, frozen)"),
        (130, "place text (CLIP, frozen)"),
        (166, "GPS (location encoder)"),
    ):
        canvas.box(x, y, 172, 30, what, color=INK, strength=0.0, edge=0.8, size=SMALL)
    canvas.text(238, 234, "trained heads pull\nwhat belongs together\nclose", size=SMALL)

    canvas.text(422, 90, "Gallery", weight="bold", size=12)
    length = config.image + 2 * config.shared
    canvas.text(422, 142, f"photos with\nknown places,\n{length:,} numbers\neach", size=SMALL)
    canvas.box(368, 190, 108, 28, "most similar", color=INK, strength=0.0, edge=0.8, size=SMALL)
    canvas.box(368, 224, 108, 28, "least similar", color=INK, strength=0.0, edge=0.8, size=SMALL)

    canvas.text(
        600, 122, f"{len(plan.references)} prompts: {numbers}\nreferences of either kind",
        size=SMALL,
    )  # fmt: skip
    canvas.box(
        524, 152, 152, 48, "multimodal model\nlooks and answers", color=INK, strength=0.0, edge=0.8,
        size=SMALL,
    )  # fmt: skip
    canvas.text(600, 234, f"{plan.replies} replies to each:\n{candidates} candidates", size=SMALL)

    canvas.text(801, 124, "the heads score every\ncandidate: photo · GPS", size=SMALL)
    for n, (width, share) in enumerate(((124, 0.5), (96, 0.25), (80, 0.25))):
        canvas.box(
            732, 156 + 20 * n, width, 16, color=STEPS["verification"], strength=share, edge=0.8
        )
    canvas.text(801, 240, "the highest score wins", size=SMALL)
    canvas.text(801, 309, "Place", size=SMALL, weight="bold")

    for start, end in ((116, 142), (334, 356), (488, 510), (690, 712)):
        canvas.arrow((start, 163), (end, 163), width=2.2)
    canvas.arrow((801, 272), (801, 288), width=2.2)
    # The photo itself goes to the model too, and its vector to the judge.
    canvas.line([68, 68, 600], [242, 309, 309], linewidth=1.6)
    canvas.arrow((600, 309), (600, 272))
    canvas.text(338, 324, "the photo itself is shown to the model", size=SMALL, color=GREY)
    if here is not None:
        x, y, width, _ = PLACES[here]
        tag, y = 108, y - 11 if here != "evaluation" else y + 36
        left = x + width / 2 - tag / 2 if here != "task" else 14
        canvas.tag(left, y, tag, "you are here")
    marked = f" The reader is at: {here}." if here else ""
    return canvas.done(
        f"""Schematic of G3, from left to right. A photo comes in. Step 1, alignment: image, place
        text and GPS are brought into common spaces by trained heads. A gallery of photos with known
        places is searched for the most and the least similar ones. Step 2, diversification:
        {len(plan.references)} prompts with {numbers} references of either kind are put to a
        multimodal model that sees the photo, with {plan.replies} replies each, {candidates}
        candidates in all. Step 3, verification: every candidate is scored with the heads of step 1,
        and the highest score wins. A place comes out.{marked}"""
    )
