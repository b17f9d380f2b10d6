"""Checks of the exercises of notebook 02."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from g3lite import geo
from g3lite.teaching.checks.check import diagnose, exercise, generator


@exercise(
    start="complete contrastive, then pass it to the check",
    right="The right pairs attract, all others in the batch repel, from both sides.",
)
def check_02_1(contrastive: Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor]):
    """Check the symmetric InfoNCE of two sets of vectors that are not normalised."""
    rng = generator(4)
    batches = []
    for n, d, scale, noise in ((6, 5, 10.0, 0.7), (40, 16, 54.0, 0.7), (12, 16, 1000.0, 3.0)):
        images = rng.normal(size=(n, d))
        places = images + noise * rng.normal(size=(n, d))
        if scale == 1000:
            # Photo 0 and place 1 are nearly at right angles to all, and pair 2 agrees: whoever
            # takes the largest logit out of the whole table finds exp(-1000) there, which is 0.
            images[:, :2], places[:, :2] = 1e-3 * images[:, :2], 1e-3 * places[:, :2]
            images[0], places[1] = 0.02 * images[0] + np.eye(d)[0], 0.02 * places[1] + np.eye(d)[1]
            places[2] = images[2]
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
        given = [contrastive(tensor(a), tensor(b), scale) for a, b, scale in batches]
    given = [
        value.detach().numpy() if isinstance(value, torch.Tensor) else value for value in given
    ]
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


def tensor(rows: np.ndarray) -> torch.Tensor:
    """A copy that an answer may change."""
    return torch.from_numpy(rows.copy())


LATITUDE, NEAR_KM, FAR_KM = 65.0, 1.0, 400.0
"""What exercise 2 asks for: an encoder for northern Norway."""


@exercise(
    start="put a list of sigmas in place of the dots",
    right="Every distance is seen by a scale, with as few scales as possible.",
)
def check_02_2(sigmas: Sequence[float]) -> str | None:
    """Check a design: sigmas that together see all distances of exercise 2, at most four."""
    chosen = np.asarray(sigmas, dtype=np.float64)
    if chosen.ndim != 1:
        return "give a list of numbers, such as [1, 16, 256]"
    if not len(chosen):
        return "the list is empty; a sigma sees one range of distances"
    if not (np.isfinite(chosen) & (chosen > 0)).all():
        return "each sigma is a number above 0"
    km = np.geomspace(NEAR_KM, FAR_KM, 4001)
    unit = 20_037.5 * np.cos(np.radians(LATITUDE))
    alike = np.exp(-2 * (np.pi * chosen[:, None] * km / unit) ** 2)  # (sigmas, distances)
    seen = ((alike >= 0.1) & (alike <= 0.9)).any(axis=0)
    if seen.all():
        if len(chosen) > 4:
            return f"{len(chosen)} scales do it, and four are enough: widen the steps between them"
        return None
    at_the_equator = np.exp(-2 * (np.pi * chosen[:, None] * km / 20_037.5) ** 2)
    if ((at_the_equator >= 0.1) & (at_the_equator <= 0.9)).any(axis=0).all():
        return "that is right at the equator; at 65 degrees a unit of the map has fewer kilometres"
    lost = km[~seen]
    values = alike[:, ~seen][:, 0]
    return (
        f"{100 * seen.mean():.0f} % of the range is covered (on a logarithmic axis). At "
        f"{lost[0]:.1f} km the similarities are {', '.join(f'{value:.2f}' for value in values)}; "
        "one of them must lie between 0.1 and 0.9"
    )


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
    twins = rng.permutation(len(of))[:6]
    coordinates[twins[:3]] = coordinates[twins[3:]]  # two photos of one spot, of different names
    # The same name on two continents, and neighbours with another one.
    towns = "Paris Reykjavik Taveuni Taveuni Lyon Sydney Kampala Lyon".split()
    texts = np.array([f"A photo taken from {town}" for town in towns])[of]
    texts = np.where(rng.random(len(of)) < 0.3, np.char.add(texts, " Beach"), texts)
    n = len(texts)
    apart = geo.great_circle_km(coordinates[:, None], coordinates)
    flat_km = 111.195 * np.linalg.norm(coordinates[:, None] - coordinates, axis=-1)
    turned = geo.great_circle_km(coordinates[:, None, ::-1], coordinates[:, ::-1])
    chord = 2 * geo.EARTH_RADIUS_KM * np.sin(apart / 2 / geo.EARTH_RADIUS_KM)
    same, own = texts[:, None] == texts, np.eye(n, dtype=bool)
    far = 0.99 * float(apart[apart > 5_000].min())  # where the chord is much shorter
    radii = (25.0, 120.0, far, 0.0)

    for radius in radii:
        near = apart <= radius
        right = (same | near) & ~own
        mistakes = {
            "'at most km' includes km itself": (same | (apart < radius)) & ~own,
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
            "two photos of one spot are two photos: their distance is 0, and they are no fair "
            "negatives": (same | (near & (apart > 0))) & ~own,
            "two photos of one spot are two photos, also with the same text": (
                (same | near) & (apart > 0)
            ),
            "that is the distance through the Earth; use geo.great_circle_km": (
                (same | (chord <= radius)) & ~own
            ),
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


@exercise(
    start="complete biased, then pass it to the check",
    right="The choice is unfair. Run the next cells, and see who suffers.",
)
def check_02_4(biased: Callable[[np.ndarray], np.ndarray]) -> str | None:
    """Check that a choice of photos keeps half of them and shifts the shares of the continents."""
    rng = generator(6)
    names = np.array(["Africa", "Asia", "Europe", "North America", "Oceania", "South America"])
    continents = rng.permutation(np.repeat(names, [150, 400, 300, 220, 50, 80]))
    n = len(continents)
    given = biased(continents.copy())
    if given is None:
        return "your function returns nothing yet; let it end with return ..."
    kept = np.asarray(given)
    if kept.shape != (n,):
        return f"return {n} booleans for {n} photos; yours has the shape {kept.shape}"
    if kept.dtype != bool:
        return f"return booleans, True for photos that are kept; yours is an array of {kept.dtype}"
    if kept.sum() < n / 2:
        return (
            f"{kept.sum()} of {n} photos are kept; keep at least half. (True is for those that "
            "are kept, not for those that are left out)"
        )
    if kept.all():
        return "all photos are kept, so nothing is unfair yet"
    share = np.array(
        [[np.mean(of == name) for name in names] for of in (continents, continents[kept])]
    )
    shift = np.abs(share[1] - share[0]).sum() / 2
    if shift < 0.04:
        return (
            "the continents keep their shares, so that is a fair choice of fewer photos; leave "
            "out more of one continent than of the others"
        )
    return None
