"""Checks of the exercises of notebook 02."""

from collections.abc import Callable
from typing import Any

import numpy as np

from g3lite import geo
from g3lite.teaching.checks.check import diagnose, exercise, generator


@exercise(
    start="complete contrastive, then pass it to the check",
    right="The right pairs attract, all others in the batch repel, from both sides.",
)
def check_02_1(contrastive: Callable[[np.ndarray, np.ndarray, float], float]) -> str | None:
    """Check the symmetric InfoNCE of two sets of vectors that are not normalised."""
    rng = generator(4)
    batches = []
    for n, d, scale, noise in ((6, 5, 10.0, 0.7), (40, 16, 54.0, 0.7), (12, 8, 1000.0, 3.0)):
        images = rng.normal(size=(n, d))
        places = images + noise * rng.normal(size=(n, d))
        lengths = rng.uniform(0.5, 2, (2, n, 1))
        batches.append((images * lengths[0], places * lengths[1], scale))

    def rows_of(logits: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
        """-log p of the diagonal, by rows."""
        summed = logits if others is None else np.where(others, logits, -np.inf)
        return np.logaddexp.reduce(summed, axis=1) - np.diag(logits)

    def cosines(images: np.ndarray, places: np.ndarray, axis: int = 1) -> np.ndarray:
        one, other = (v / np.linalg.norm(v, axis=axis, keepdims=True) for v in (images, places))
        return one @ other.T

    def every(loss: Callable[[np.ndarray], Any], of: Callable[..., np.ndarray] | None = None):
        make = of or (lambda images, places, scale: scale * cosines(images, places))
        return [float(loss(make(*batch))) for batch in batches]

    def both(logits: np.ndarray) -> np.ndarray:
        return (rows_of(logits).mean() + rows_of(logits.T).mean()) / 2

    def softmax(logits: np.ndarray) -> np.ndarray:
        return np.exp(logits - np.logaddexp.reduce(logits, axis=1)[:, None])

    def negatives(logits: np.ndarray) -> np.ndarray:
        off = ~np.eye(len(logits), dtype=bool)
        return (rows_of(logits, off).mean() + rows_of(logits.T, off).mean()) / 2

    right = every(both)
    with np.errstate(all="ignore"):
        mistakes = {
            "the rows have not length 1, so these are no cosines; divide each row by its norm": (
                every(both, lambda images, places, scale: scale * images @ places.T)
            ),
            "that gives the columns length 1; a vector is a row, so the axis is 1": (
                every(both, lambda images, places, scale: scale * cosines(images, places, axis=0))
            ),
            "the scale is missing": every(both, lambda images, places, _: cosines(images, places)),
            "that divides by the scale; the temperature is its inverse, so multiply": (
                every(both, lambda images, places, scale: cosines(images, places) / scale)
            ),
            "that is one direction, photos choosing places; add the other one, and halve": (
                every(lambda logits: rows_of(logits).mean())
            ),
            "that is one direction, places choosing photos; add the other one, and halve": (
                every(lambda logits: rows_of(logits.T).mean())
            ),
            "that is the sum of both directions; halve it": every(lambda z: 2 * both(z)),
            "that is a sum over the batch; take the mean over its rows": (
                every(lambda z: len(z) * both(z))
            ),
            "the sign is the other way round: the loss is minus the logarithm": (
                every(lambda z: -both(z))
            ),
            "that is the mean of the probabilities; take the logarithm of each first": (
                every(lambda z: (np.diag(softmax(z)).mean() + np.diag(softmax(z.T)).mean()) / 2)
            ),
            "the logarithm comes before the mean: average -log p, not p": (
                every(
                    lambda z: (
                        -np.log(np.diag(softmax(z)).mean()) / 2
                        - np.log(np.diag(softmax(z.T)).mean()) / 2
                    )
                )
            ),
            "the softmax was taken twice: cross_entropy wants logits, not probabilities": (
                every(lambda z: (rows_of(softmax(z)).mean() + rows_of(softmax(z.T)).mean()) / 2)
            ),
            "the right place belongs into the sum as well, not only the wrong ones": (
                every(negatives)
            ),
            "that is a logarithm to the base 2; np.log is the natural one": (
                every(lambda z: both(z) / np.log(2))
            ),
        }
        given = [contrastive(a.copy(), b.copy(), scale) for a, b, scale in batches]
    if all(value is not None and np.ndim(value) == 0 for value in given):
        fine = np.isclose(np.array(given, dtype=float), right, rtol=0, atol=1e-3)
        if fine[:2].all() and not fine[2]:
            return (
                f"at scale 1000 it should be {right[2]:.4f}, and yours is {float(given[2]):.4f}: "
                "exp(1000) is infinite and exp(-1000) is zero. Work with log p = logit - "
                "logsumexp(logits), and never with p itself"
            )
    cases = [f"for {len(a)} pairs at scale {scale:g}" for a, _, scale in batches]
    return diagnose(given, right, mistakes, cases, share=False, tolerance=1e-3)


@exercise(
    start="complete mercator, then pass it to the check",
    right="North and east in half circumferences of the equator; the map is a square.",
)
def check_02_2(mercator: Callable[[np.ndarray], np.ndarray]) -> str | None:
    """Check Mercator's projection to [north, east] in [-1, 1], the latitude clamped."""
    limit = np.degrees(np.arctan(np.sinh(np.pi)))
    points = np.array(
        [[0, 0], [48.86, 2.35], [-33.87, 151.21], [60, -120], [-75, 30], [84.99, 10],
         [85.04, -10], [limit, 180], [-89, -180], [90, 45], [-90, 90]]
    )  # fmt: skip
    lat, lon = np.clip(points[:, 0], -limit, limit), points[:, 1]

    def y(degrees: np.ndarray) -> np.ndarray:
        return np.arcsinh(np.tan(np.radians(degrees)))

    north, east = y(lat) / np.pi, lon / 180
    right = np.column_stack([north, east])
    earth = 6378.137

    def flat(north: np.ndarray, east: np.ndarray) -> np.ndarray:
        return np.column_stack([north, east])

    with np.errstate(all="ignore"):
        mistakes = {
            "the two columns are swapped: north comes first": right[:, ::-1],
            "latitude is the first column of coordinates, longitude the second": (
                flat(y(np.clip(lon, -limit, limit)) / np.pi, points[:, 0] / 180)
            ),
            "tan wants radians; use np.radians first": (
                flat(np.arcsinh(np.tan(lat)) / np.pi, east)
            ),
            "no latitude is clamped yet; beyond 85.0511 degrees the map leaves [-1, 1], and at "
            "the pole it is infinite": flat(y(points[:, 0]) / np.pi, east),
            "the clamp is at 85 degrees; the map is a square at 85.0511, location.MERCATOR_LIMIT": (
                flat(y(np.clip(lat, -85, 85)) / np.pi, east)
            ),
            "that is in radians; divide by pi to reach [-1, 1]": flat(y(lat), np.radians(lon)),
            "north is in radians; divide it by pi": flat(y(lat), east),
            "that is in metres; divide by half the circumference of the equator": (
                1000 * earth * np.pi * right
            ),
            "that is in km; divide by half the circumference of the equator": (
                earth * np.pi * right
            ),
            "longitudes go to 180, so divide them by 180": flat(north, lon / 360),
            "longitudes go to 180, so divide them by 180, not by 90": flat(north, lon / 90),
            "longitudes are still in degrees; divide them by 180": flat(north, lon),
            "north must not be linear in the latitude; that map is the plate carree": (
                flat(lat / 90, east)
            ),
            "north must not be linear in the latitude": flat(lat / 180, east),
            "that is the sine of the latitude, a map that keeps areas; Mercator keeps angles": (
                flat(np.sin(np.radians(lat)), east)
            ),
            "north points down: the sign is the other way round": flat(-north, east),
            "that is a logarithm to the base 10; Mercator wants the natural one": (
                flat(y(lat) / np.log(10) / np.pi, east)
            ),
        }
        given = mercator(points.copy())
    if given is None:
        return "your function returns nothing yet; let it end with return ..."
    found = np.asarray(given, dtype=float)
    if found.ndim == 2 and found.shape[1] == 2 and len(found) < len(points):
        return "points beyond the limit are missing; clamp them, do not drop them"
    if found.shape != points.shape:
        return f"return an array of shape (n, 2); for {points.shape} yours has {found.shape}"
    for hint, numbers in {"": right, **mistakes}.items():
        if np.allclose(found, numbers, rtol=1e-6, atol=1e-6, equal_nan=True):
            return hint or None
    row = int(np.argmax(~np.isclose(found, right, rtol=0, atol=1e-6).all(axis=1)))
    (a, b), (c, d), (e, f) = points[row], right[row], found[row]
    return f"[{a:g}, {b:g}] should become [{c:.4f}, {d:.4f}], and yours is [{e:.4f}, {f:.4f}]"


@exercise(
    start="complete unfair, then pass it to the check",
    right="Nobody is punished for a right answer, and the diagonal is left alone.",
)
def check_02_3(
    unfair: Callable[[np.ndarray, np.ndarray, float], np.ndarray],
) -> str | None:
    """Check the mask of pairs with the same text or within km, without the diagonal."""
    rng = generator(5)
    centres = np.array(
        [[48.86, 2.35], [64.15, -21.94], [-17.0, 179.95], [-17.0, -179.95], [40.7, -74.0],
         [-33.87, 151.21], [0.1, 32.6], [78.2, 15.6]]
    )  # fmt: skip
    of = rng.permutation(np.repeat(np.arange(8), 8))
    km = 10 ** rng.uniform(0.3, 2.2, len(of))
    coordinates = geo.offset(centres[of], rng.uniform(0, 360, len(of)), km)
    # The same name on two continents, and neighbours with another one.
    towns = "Paris Reykjavik Taveuni Taveuni Lyon Sydney Kampala Lyon".split()
    texts = np.array([f"A photo taken from {town}" for town in towns])[of]
    texts = np.where(rng.random(len(of)) < 0.3, np.char.add(texts, " Beach"), texts)
    n = len(texts)
    apart = geo.great_circle_km(coordinates[:, None], coordinates)
    flat_km = 111.195 * np.linalg.norm(coordinates[:, None] - coordinates, axis=-1)
    turned = geo.great_circle_km(coordinates[:, None, ::-1], coordinates[:, ::-1])
    same, own = texts[:, None] == texts, np.eye(n, dtype=bool)
    radii = (25.0, 120.0)

    for radius in radii:
        near = apart <= radius
        right = (same | near) & ~own
        mistakes = {
            "the diagonal is masked: a photo's own text and place are the right answer": same
            | near,
            "that wants both at once; the same text or a place nearby is enough": same
            & near
            & ~own,
            "that looks at the texts alone; places within km count too": same & ~own,
            "that looks at the distance alone; the same text counts too": near & ~own,
            "that marks the fair pairs, the other way round": ~(same | near) | own,
            "that marks the fair pairs, the other way round ": ~(same | near),
            "each pair counts in both directions; yours marks it in one only": np.triu(right),
            "each pair counts in both directions; yours marks it in one only ": np.tril(right),
            "that is a distance on a flat map; use geo.great_circle_km": (
                (same | (flat_km <= radius)) & ~own
            ),
            "that compares degrees with km; use geo.great_circle_km": (
                (same | (flat_km / 111.195 <= radius)) & ~own
            ),
            "latitude and longitude are swapped": (same | (turned <= radius)) & ~own,
            "pairs further than km are marked": (same | ~near) & ~own,
            "that is 25 km whatever km is": (same | (apart <= 25)) & ~own,
        }
        given = unfair(texts.copy(), coordinates.copy(), radius)
        if given is None:
            return "your function returns nothing yet; let it end with return ..."
        found = np.asarray(given)
        if found.shape != (n, n):
            return f"return an array of shape ({n}, {n}) for {n} photos; yours has {found.shape}"
        if found.dtype != bool:
            return f"return booleans, True or False; yours is an array of {found.dtype}"
        if (found == right).all():
            continue
        for hint, mask in mistakes.items():
            if (found == mask).all():
                return hint.strip()
        row, column = np.argwhere(found != right)[0]
        why = "the same text" if same[row, column] else f"{apart[row, column]:,.1f} km apart"
        return (
            f"for km = {radius:g}, photos {row} and {column} ({why}) should be "
            f"{right[row, column]}, and yours says {found[row, column]}"
        )
    return None
