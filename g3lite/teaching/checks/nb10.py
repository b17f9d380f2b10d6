"""Checks of the exercises of notebook 10, one for each step of G3; here are steps 6 to 10."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from g3lite.prompts import TEMPLATES
from g3lite.teaching.checks import nb10_steps as steps
from g3lite.teaching.checks.check import exercise, generator
from g3lite.teaching.checks.nb10_model import (
    NOTHING,
    check_10_1,
    check_10_2,
    check_10_3,
    check_10_4,
    check_10_5,
    random_places,
    told,
)  # fmt: skip

__all__ = [
    "check_10_1", "check_10_2", "check_10_3", "check_10_4", "check_10_5", "check_10_6",
    "check_10_7", "check_10_8", "check_10_9", "check_10_10",
]  # fmt: skip

# --- 6: search -----------------------------------------------------------------------------------


@exercise(
    start="complete search, then pass it to the check",
    right="Nobody's own photos, and each list begins with its extreme.",
)
def check_10_6(search: Callable[..., tuple[np.ndarray, np.ndarray]]) -> str | None:
    """Check both lists: order, rows, and no photo by the photographer of the query."""
    rng = generator(106)
    cases = []
    for n, q, k, names in ((60, 9, 5, 12), (40, 6, 3, 4)):
        vectors = rng.normal(size=(n, 8)) * rng.uniform(0.5, 2, size=(n, 1))
        authors = np.array([f"person {name}" for name in rng.integers(names, size=n)], dtype=object)
        who = rng.choice(n, size=q, replace=False)  # queries are photos of the archive
        cases.append((vectors[who], vectors, authors[who], authors, k))

    def every(rule: Callable[..., Any]) -> list[Any]:
        return [np.asarray(one) for case in cases for one in rule(*_copies(case))]

    def nobody(authors: np.ndarray) -> np.ndarray:
        return np.full(len(authors), "nobody", dtype=object)

    def only_itself(queries: np.ndarray, vectors: np.ndarray, *rest: Any) -> Any:
        numbers = np.arange(len(vectors))
        own = np.array([(vectors == query).all(axis=1).argmax() for query in queries])
        return steps.search(queries, vectors, own, numbers, rest[-1])

    def anybody(queries: np.ndarray, vectors: np.ndarray, who: Any, authors: Any, k: int) -> Any:
        gone = np.where(np.isin(authors, who), "x", "y")
        return steps.search(queries, vectors, np.full(len(queries), "x"), gone, k)

    def by_length(queries: np.ndarray, vectors: np.ndarray, *rest: Any) -> Any:
        return steps.search(queries, vectors / np.linalg.norm(vectors, axis=1)[:, None], *rest)

    def nearest_end(queries: np.ndarray, vectors: np.ndarray, *rest: Any) -> Any:
        similar, _ = steps.search(queries, vectors, *rest)
        return similar, similar[:, ::-1]

    def half_open(q: np.ndarray, v: np.ndarray, who: Any, authors: Any, k: int) -> Any:
        return (steps.search(q, v, who, authors, k)[0],
                steps.search(q, v, nobody(who), authors, k)[1])  # fmt: skip

    def other_half(q: np.ndarray, v: np.ndarray, who: Any, authors: Any, k: int) -> Any:
        return (steps.search(q, v, nobody(who), authors, k)[0],
                steps.search(q, v, who, authors, k)[1])  # fmt: skip

    mistakes = {
        "a leak: the query itself, and other photos by its photographer, are in the lists": every(
            lambda q, v, who, authors, k: steps.search(q, v, nobody(who), authors, k)
        ),
        "a leak: the query is gone, and other photos by its photographer are still there": every(
            only_itself
        ),
        "leave out the photos of the query's own photographer, not of all who are asked": every(
            anybody
        ),
        "a leak in the list of the similar": every(other_half),
        "a leak in the list of the dissimilar": every(half_open),
        "the similar first, then the dissimilar": every(lambda *five: steps.search(*five)[::-1]),
        "the dissimilar have the lowest inner products of all photos": every(nearest_end),
        "each list begins with its extreme": every(
            lambda *five: [rows[:, ::-1] for rows in steps.search(*five)]
        ),
        "the most dissimilar one comes first": every(
            lambda *five: (steps.search(*five)[0], steps.search(*five)[1][:, ::-1])
        ),
        "compare by the inner product, not by the cosine": every(by_length),
    }
    result = [search(*_copies(case)) for case in cases]
    if any(one is None for one in result):
        return NOTHING
    if any(len(one) != 2 for one in result):
        return "return two arrays of rows: the similar, the dissimilar"
    names = [f"for {len(case[0])} queries, {what}," for case in cases
             for what in ("the similar", "the dissimilar")]  # fmt: skip
    given = [one for pair in result for one in pair]
    return told(given, every(steps.search), mistakes, names, 0.0)


def _copies(case: tuple[Any, ...]) -> list[Any]:
    return [one.copy() if isinstance(one, np.ndarray) else one for one in case]


# --- 7: the prompt -------------------------------------------------------------------------------

_SHORT = "Where?\n\nNear: $similar; far: $dissimilar.\n\nAnswer in degrees."


@exercise(
    start="complete prompt, then pass it to the check",
    right="It names the places where there are some, and no empty lists.",
)
def check_10_7(prompt: Callable[[str, np.ndarray, np.ndarray], str]) -> str | None:
    """Check the text: both lists in their fields, latitude first, five decimals."""
    rng = generator(107)
    wordings = [TEMPLATES["json"].text, _SHORT, TEMPLATES["pair"].text]
    cases = [
        (wording, random_places(rng, k), random_places(rng, k))
        for wording in wordings
        for k in (3, 1, 0)
    ]

    def every(rule: Callable[[str, np.ndarray, np.ndarray], Any]) -> list[Any]:
        return [rule(wording, near.copy(), far.copy()) for wording, near, far in cases]

    def with_empty_lists(wording: str, near: np.ndarray, far: np.ndarray) -> str:
        if len(near):
            return steps.prompt(wording, near, far)
        return wording.strip().replace("$similar", "[]").replace("$dissimilar", "[]")

    def without_lists(wording: str, near: np.ndarray, far: np.ndarray) -> str:
        return steps.prompt(wording, near[:0], far[:0])

    right = every(steps.prompt)
    mistakes = {
        "latitude comes first": every(lambda w, a, b: steps.prompt(w, a[:, ::-1], b[:, ::-1])),
        "the similar places belong where $similar stands": every(
            lambda w, a, b: steps.prompt(w, b, a)
        ),
        "the most similar place comes first": every(
            lambda w, a, b: steps.prompt(w, a[::-1], b[::-1])
        ),
        "without places leave the paragraph with the lists out": every(with_empty_lists),
        "where there are places, name them": every(without_lists),
    }
    given = every(prompt)
    if any(one is None for one in given):
        return NOTHING
    if not all(isinstance(one, str) for one in given):
        return "return a text"
    if given == right:
        return None
    for hint, texts in mistakes.items():
        if given == texts:
            return hint
    if [one.strip() for one in given] == right:
        return "no blank lines at the beginning or the end: .strip()"
    number = next(n for n, (a, b) in enumerate(zip(given, right, strict=True)) if a != b)
    mine, wanted = given[number].split("\n"), right[number].split("\n")
    line = next((n for n, (a, b) in enumerate(zip(mine, wanted, strict=False)) if a != b), None)
    if line is None:
        return f"with {len(cases[number][1])} places it has {len(mine)} lines, not {len(wanted)}"
    return f"a line should be {wanted[line][-90:]!r}, and yours is {mine[line][-90:]!r}"


# --- 8: the reader -------------------------------------------------------------------------------


def _replies(rng: np.random.Generator) -> list[tuple[str, Any, str]]:
    """Replies, what they state, and what is special about them."""
    found: list[tuple[str, Any, str]] = []

    def place() -> tuple[float, float]:
        return round(rng.uniform(-89, 89), 2), round(rng.uniform(-179, 179), 2)

    def add(
        what: str, form: str, at: tuple[float, float] | None = None, none: bool = False
    ) -> None:
        lat, lon = at or place()
        text = form.replace("LAT", repr(lat)).replace("LON", repr(lon))
        found.append((text, None if none else (lat, lon), what))

    usual = '{"latitude": LAT, "longitude": LON}'
    for _ in range(3):
        add("a plain object", usual)
    add("longitude first", '{"longitude": LON, "latitude": LAT}')
    add("words around it", f"I think of Asia. {usual} That is all.")
    add("a code block", f"```json\n{usual}\n```")
    add("several lines", '{\n  "latitude": LAT,\n  "longitude": LON\n}')
    add("other numbers in the words", f"Of 195 countries, 3.5 fit: {usual}")
    add("another key", '{"latitude": LAT, "longitude": LON, "confidence": 0.5}')
    add("whole degrees", usual, (int(rng.integers(1, 80)), int(rng.integers(-170, -1))))
    for at in ((90, 180), (-90, -180), (89.6, 179.6), (-89.6, -179.6), (0, 0), (0.4, 120.5)):
        add("the edge of the map", usual, at)
    for at in ((90.4, 10.5), (-90.4, 10.5), (-95.5, 100.5), (130.5, 20.5)):
        add("no latitude on Earth", usual, at, none=True)
    for at in ((10.5, 180.4), (10.5, -180.4), (20.5, 270.5)):
        add("no longitude on Earth", usual, at, none=True)
    add("two places", f"{usual} or {usual.replace('LAT', '1.5')}", none=True)
    add("a key is missing", '{"latitude": LAT}', none=True)
    add("a key is missing", '{"longitude": LON, "lat": LAT}', none=True)
    add("no number", '{"latitude": null, "longitude": LON}', none=True)
    add("no number", '{"latitude": "LAT", "longitude": LON}', none=True)
    add("no number", '{"latitude": LAT, "longitude": true}', none=True)
    add("no number", '{"latitude": NaN, "longitude": LON}', none=True)
    add("no number", '{"latitude": LAT, "longitude": -Infinity}', none=True)
    add("cut off", '{"latitude": LAT, "longitude": 1', none=True)
    add("broken", '{"latitude": LAT; "longitude": LON}', none=True)
    add("a refusal", "I cannot tell where this was taken.", none=True)
    add("numbers, and no object", "It has 2 cars, 3.5 m wide.", none=True)
    add("an empty object", "{}", none=True)
    add("nothing at all", "", none=True)
    return found


@exercise(
    start="complete read_reply, then pass it to the check",
    right="What is stated is read, and nothing is invented.",
)
def check_10_8(read_reply: Callable[[str], tuple[float, float] | None]) -> str | None:
    """Check the reader on replies of many forms."""
    cases = _replies(generator(108))
    given = [read_reply(text) for text, _, _ in cases]
    if all(one is None for one in given):
        return "your function finds no place in any reply"
    for one, (text, right, what) in zip(given, cases, strict=True):
        if right is None and one is not None:
            return f"{what}: {text!r} is no candidate; return None, and yours is {one}"
        if right is not None and one is None:
            return f"{what}: {text!r} states {right}, and yours is None"
        if right is not None:
            if np.shape(one) != (2,) or isinstance(one, str):
                return f"return two numbers, (latitude, longitude); yours is {one!r}"
            if not np.allclose(np.asarray(one, dtype=np.float64), right, rtol=0, atol=1e-9):
                swapped = np.allclose(np.asarray(one, dtype=np.float64), right[::-1])
                also = "latitude comes first: " if swapped else ""
                return f"{what}: {also}{text!r} states {right}, and yours is {one}"
    return None


# --- 9: the judge --------------------------------------------------------------------------------


@exercise(
    start="complete judge, then pass it to the check",
    right="The best of those that are places; of equals the first.",
)
def check_10_9(judge: Callable[[np.ndarray, np.ndarray], int | None]) -> str | None:
    """Check the choice: the highest score, NaN never, the first of equals, None of none."""
    rng = generator(109)
    image = rng.normal(size=6)
    vectors = rng.normal(size=(7, 6))
    vectors = vectors[np.argsort(vectors @ image)]  # the best one is the last
    order = rng.permutation(7)
    scores = vectors @ image
    negative = -(np.abs(scores) + 0.1)[:, None] * image / (image @ image)
    blank = np.full(6, np.nan)

    def with_blank(rows: np.ndarray, *at: int) -> np.ndarray:
        rows = rows.copy()
        rows[list(at)] = blank
        return rows

    cases = {
        "among seven places": vectors[order],
        "where one is no place (NaN)": with_blank(vectors[order], int(order.argmin())),
        "where the best one would be no place (NaN)": with_blank(vectors, 6, 0),
        "where all scores are negative and one is NaN": with_blank(negative, 3),
        "of equal ones, the first,": np.concatenate([vectors[:2], vectors[[6, 6, 1]]]),
        "of one place alone": vectors[:1],
        "where the last one alone is a place": with_blank(vectors, *range(6)),
    }
    for case, rows in cases.items():
        right = steps.judge(image, rows)
        chosen = judge(image.copy(), rows.copy())
        if chosen is None and case == "among seven places":
            return NOTHING
        if chosen is None:
            return f"{case} it should be row {right}, and yours is None"
        if np.ndim(chosen) or isinstance(chosen, bool) or chosen != int(chosen):
            return f"return the number of a row; yours is {chosen!r}"
        if int(chosen) != right:
            at = int(chosen)
            why = "; that is no place (NaN)" if at < len(rows) and np.isnan(rows[at]).any() else ""
            return f"{case} it should be row {right}, and yours is {at}{why}"
    nowhere = judge(image.copy(), np.full((3, 6), np.nan))
    if nowhere is not None:
        return f"where no candidate is a place there is no answer: None, and yours is {nowhere!r}"
    return None


# --- 10: evaluation ------------------------------------------------------------------------------


@exercise(
    start="complete evaluate, then pass it to the check",
    right="Five shares of all photos, answered or not.",
)
def check_10_10(evaluate: Callable[[np.ndarray], Sequence[float]]) -> str | None:
    """Check the five shares: at most the threshold, of all photos."""
    rng = generator(110)
    limits = np.array(steps.THRESHOLDS_KM)
    edges = np.concatenate([limits, limits - 0.5, limits + 0.5, [np.nan, np.nan, 12_000]])
    cases = [
        rng.permutation(np.concatenate([edges, rng.uniform(0, 4000, 20)])),
        rng.permutation(np.concatenate([limits, rng.exponential(300, 30)])),
        np.array([np.nan, 30.0, 2500.0]),
    ]

    def every(rule: Callable[[np.ndarray], Any]) -> list[Any]:
        return [rule(km.copy()) for km in cases]

    def answered(km: np.ndarray) -> list[float]:
        return steps.evaluate(km[~np.isnan(km)])

    def below(km: np.ndarray) -> np.ndarray:
        return (km[:, None] < limits).mean(axis=0)

    mistakes = {
        "a photo without an answer (NaN) counts as wrong, and counts": every(answered),
        "at exactly the distance it is right: <=": every(below),
        "shares, not per cent": every(lambda km: 100 * np.array(steps.evaluate(km))),
        "shares, not counts: divide by the number of photos": every(
            lambda km: len(km) * np.array(steps.evaluate(km))
        ),
        "within 25 km means all that are nearer, too: no rings": every(
            lambda km: np.diff([0, *steps.evaluate(km)])
        ),
        "that is the share that is further away": every(
            lambda km: 1 - np.array(steps.evaluate(km))
        ),
        "from the smallest distance to the largest": every(lambda km: steps.evaluate(km)[::-1]),
        "NaN is no distance of 0": every(lambda km: steps.evaluate(np.nan_to_num(km))),
    }
    names = [f"for {len(km)} photos," for km in cases]
    return told(every(evaluate), every(steps.evaluate), mistakes, names, 1e-9)
