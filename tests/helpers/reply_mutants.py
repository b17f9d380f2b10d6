"""Replies that were damaged at random, and what may still be read from them.

A mutant may lose its place. It may never have one that its text does not state: each number that is
read stands in the text, complete and with its sign, and a mutation that leaves all numbers as they
are leaves the place as it is.
"""

import math
import random
import re
from collections.abc import Iterator

Place = tuple[float, float]

NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
WORDS = ["not", "or", "perhaps", "near", "to", "2024", "about 12 km from", "unlike", "example", "I"]
SIGNS = "0123456789.,-+°'\"NSEW {}[]():;\n–½٣"


def edited(text: str, rng: random.Random) -> str:
    """One to three characters dropped, inserted or replaced, none of them within a word."""
    for _ in range(rng.randint(1, 3)):
        places = [
            at for at in range(len(text)) if not re.search("[^\\W\\d_]{2}", text[at - 1 : at + 2])
        ]
        if places:
            at = rng.choice(places)
            text = text[:at] + rng.choice(["", rng.choice(SIGNS), text[at] * 2]) + text[at + 1 :]
    return text or " "


def cut(text: str, rng: random.Random) -> str:
    """The reply up to somewhere."""
    return text[: rng.randint(1, len(text))]


def worded(text: str, rng: random.Random) -> str:
    """A word more between two words."""
    gaps = [match.start() for match in re.finditer(" ", text)]
    at = rng.choice(gaps) if gaps else 0
    return f"{text[:at]} {rng.choice(WORDS)}{text[at:]}"


def resigned(text: str, rng: random.Random) -> str:
    """A minus of another kind, as a word, or as a hemisphere behind the number."""
    how = rng.choice([r"−\1", r"–\1", r"—\1", r"- \1", r"minus \1", r"\1 S", r"\1 W", r"\1 (W)"])
    return re.sub(r"-([0-9]+(?:\.[0-9]+)?)", how, text)


def kilometres(a: Place, b: Place) -> float:
    """Distance of two places, near enough to compare with 1 km."""
    lat, lon = a[0] - b[0], (a[1] - b[1] + 180) % 360 - 180
    return 111.2 * math.hypot(lat, lon * math.cos(math.radians(a[0])))


def in_text(value: float, letter: str, text: str) -> bool:
    """Whether a coordinate stands in a text as a complete number, with a minus or its letter."""
    word = {"S": r"(?:[Ss]outh\w*|[Ss]\b)", "W": r"(?:[Ww]est\w*|[Ww]\b)"}[letter]
    for match in NUMBER.finditer(text):
        parts = re.split(r"(?<=\.)([0-9]+),", match[0])  # "48.8566,2.3522" is two numbers
        numbers = match[0].split(",") if len(parts) > 1 else [match[0].replace(",", ".")]
        for number in numbers:
            if number.count(".") > 1 or abs(float(number) - abs(value)) > 1e-9:
                continue
            before, behind = text[: match.start()], text[match.end() :]
            minus = before[-1:] in ("-", "−", "–") and before[-1:] != ""
            turned = re.match(
                rf"[°\s*`.]{{0,4}}(?:deg(?:rees?)?\b\.? ?)?[\s(`*]{{0,3}}{word}", behind
            )
            turned = turned or re.search(rf"\b{word}[^0-9]{{0,14}}$", before)
            if value == 0 or (value < 0) == (minus or bool(turned)):
                return True
    return False


def mutants(
    replies: list[tuple[str, Place]], number: int, seed: int
) -> Iterator[tuple[str, str, list[Place] | None]]:
    """Mutants of replies with a known place: how, the text, and the places that it may state.

    None stands for any place whose numbers stand in the text.
    """
    rng = random.Random(seed)
    for _ in range(number):
        text, place = rng.choice(replies)
        how = rng.choice(("edited", "cut", "joined", "worded", "resigned"))
        if how == "joined":
            other, elsewhere = rng.choice(replies)
            yield how, text + rng.choice(["\n", "\n\n", " ", ". "]) + other, [place, elsewhere]
        elif how == "edited":
            if re.fullmatch(r"[\x00-\x5b\x5d-\x7f°“”−–]+", text) and not re.search(
                "oeste|[Ss]ur", text
            ):
                yield how, edited(text, rng), None
        elif how == "cut":
            short = cut(text, rng)
            lost = re.search("[SWsw]", text[len(short) :])  # its letter may have gone
            if len(NUMBER.findall(text)) <= 3:
                yield how, short, [place, (abs(place[0]), abs(place[1]))] if lost else [place]
        else:
            yield how, (worded if how == "worded" else resigned)(text, rng), [place]
