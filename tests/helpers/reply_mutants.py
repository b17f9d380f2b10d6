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
        if re.fullmatch(r"[0-9]+\.[0-9]+,[0-9]+(?:\.[0-9]+)?", match[0]):  # two numbers
            comma = match.start() + match[0].index(",")
            spans = [(match.start(), comma), (comma + 1, match.end())]
        else:
            spans = [match.span()]
        for start, end in spans:
            number = text[start:end].replace(",", ".")
            power = re.match(r"[eE][+-]?[0-9]{1,2}(?![0-9])", text[end:])  # a number of JSON
            written = {number, number + power[0]} if power else {number}
            if number.count(".") > 1 or all(abs(float(n) - abs(value)) > 1e-9 for n in written):
                continue
            minus = text[start - 1 : start] in ("-", "−", "–") and start > 0
            turned = re.match(
                rf"[°\s*`.]{{0,4}}(?:deg(?:rees?)?\b\.? ?)?[\s(`*]{{0,3}}{word}", text[end:]
            ) or re.search(rf"\b{word}[^0-9]{{0,14}}$", text[:start])
            if value == 0 or (value < 0) == (minus or bool(turned)):
                return True
    return False


def mutants(
    replies: list[tuple[str, Place]], number: int, seed: int
) -> Iterator[tuple[str, str, list[Place]]]:
    """Mutants of replies with a known place: how, the text, and the places that it may state.

    One that was "edited" may also state any place whose numbers stand in it.
    """
    rng = random.Random(seed)
    for _ in range(number):
        text, place = rng.choice(replies)
        how = rng.choice(("edited", "cut", "joined", "worded", "resigned"))
        if how == "joined":
            other, elsewhere = rng.choice(replies)
            yield how, text + rng.choice(["\n", "\n\n", " ", ". "]) + other, [place, elsewhere]
        elif how == "edited":
            if all(in_text(*pair, text) for pair in zip(place, "SW", strict=True)):
                yield how, edited(text, rng), [place]
        elif how == "resigned":
            yield how, resigned(text, rng), [place]
        elif len(NUMBER.findall(text)) > 3:
            continue  # what remains of several places may state another one
        elif how == "worded":
            yield how, worded(text, rng), [place]
        else:
            short = cut(text, rng)
            lost = re.search("[SWsw]", text[len(short) :])  # its letter may have gone
            yield how, short, [place, (abs(place[0]), abs(place[1]))] if lost else [place]
