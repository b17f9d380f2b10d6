"""Checks of the exercises of notebook 10, steps 1 to 5: distances, location encoder, training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from g3lite.teaching.checks import nb10_steps as steps
from g3lite.teaching.checks.check import exercise, generator

NOTHING = "your function returns nothing yet; let it end with return ..."


def told(
    given: Sequence[Any],
    right: Sequence[Any],
    mistakes: dict[str, Sequence[Any]],
    cases: Sequence[str],
    tolerance: float,
) -> str | None:
    """None if all arrays `given` are `right`, else the hint of the mistake that gives them."""
    if any(one is None for one in given):
        return NOTHING
    ours = [np.asarray(one, dtype=np.float64) for one in given]
    wanted = [np.asarray(one, dtype=np.float64) for one in right]

    def agree(others: Sequence[Any]) -> bool:
        return all(
            a.shape == np.shape(b)
            and np.allclose(a, np.asarray(b, np.float64), rtol=0, atol=tolerance, equal_nan=True)
            for a, b in zip(ours, others, strict=True)
        )

    if agree(wanted):
        return None
    for hint, others in mistakes.items():
        if agree(others):
            return hint
    for a, b, case in zip(ours, wanted, cases, strict=True):
        if a.shape != b.shape:
            return f"{case} the shape is {a.shape}, and should be {b.shape}"
        off = ~np.isclose(a, b, rtol=0, atol=tolerance, equal_nan=True)
        if off.any():
            at = tuple(int(i) for i in np.argwhere(off)[0])
            return f"{case} entry {at} should be {b[at]:.5g}, and yours is {a[at]:.5g}"
    return None


def random_places(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """(..., 2) degrees, evenly over the sphere."""
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, shape)))
    return np.stack([lat, rng.uniform(-180, 180, shape)], axis=-1)


# --- 1: distance ---------------------------------------------------------------------------------


@exercise(
    start="complete distance, then pass it to the check",
    right="Near points, antipodes and whole tables of pairs come out right.",
)
def check_10_1(distance: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> str | None:
    """Check the great-circle distance: pairs, tables of pairs, antipodes, points metres apart."""
    rng = generator(101)
    a, b = random_places(rng, 30), random_places(rng, 30)
    far = random_places(rng, 500)
    antipodes = np.stack([-far[:, 0], far[:, 1] - 180 * np.sign(far[:, 1])], axis=-1)
    pairs = [(a, b), (a[:4, None], b[:5]), (a[0], b[0]), (far, antipodes)]

    def every(rule: Callable[[np.ndarray, np.ndarray], Any]) -> list[Any]:
        return [rule(one.copy(), other.copy()) for one, other in pairs]

    def flat(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return np.linalg.norm(one - other, axis=-1) * steps.RADIUS_KM * np.pi / 180

    def uncosined(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        half = np.sin(np.radians(one - other) / 2) ** 2
        return 2 * steps.RADIUS_KM * np.arcsin(np.sqrt(np.minimum(half.sum(axis=-1), 1)))

    def chord(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return 2 * steps.RADIUS_KM * np.sin(steps.distance(one, other) / 2 / steps.RADIUS_KM)

    mistakes = {
        "latitude comes first: [lat, lon]": every(
            lambda one, other: steps.distance(one[..., ::-1], other[..., ::-1])
        ),
        "numpy's sine wants radians": every(
            lambda one, other: steps.distance(np.degrees(one), np.degrees(other))
        ),
        "a degree of longitude is short near the poles: the cosines of both latitudes": every(
            uncosined
        ),
        "the Earth is no plane: a degree of longitude is not always 111 km": every(flat),
        "that is the straight way through the Earth; go along its surface": every(chord),
        "that is half of it: 2 R arcsin(...)": every(lambda *two: steps.distance(*two) / 2),
        "that is an angle; times the Earth's radius": every(
            lambda *two: steps.distance(*two) / steps.RADIUS_KM
        ),
        "that is in metres": every(lambda *two: 1000 * steps.distance(*two)),
        "that is in miles": every(lambda *two: steps.distance(*two) / 1.609344),
    }
    given = every(distance)
    if all(one is not None for one in given) and np.isnan(np.asarray(given[3], float)).any():
        return (
            "antipodes give NaN: rounding pushes a cosine below -1; take the form with half angles"
        )
    cases = [f"for {what}," for what in ("30 pairs", "4 x 5 pairs", "one pair", "antipodes")]
    hint = told(given, every(steps.distance), mistakes, cases, 0.05)
    if hint is not None:
        return hint
    near = a + [5e-5, 5e-5]  # metres
    if not np.allclose(distance(a.copy(), near.copy()), steps.distance(a, near), atol=1e-4, rtol=0):
        return "points a few metres apart come out wrong: compute in float64"
    return None


# --- 2: waves ------------------------------------------------------------------------------------


@exercise(
    start="complete waves, then pass it to the check",
    right="Mercator, and a cosine and a sine for each frequency.",
)
def check_10_2(waves: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> str | None:
    """Check Mercator's projection, clamped, and its Fourier features."""
    rng = generator(102)
    places = random_places(rng, 12)
    places[:4, 0] = [90, -90, 87, -86]
    frequencies = [sigma * rng.normal(size=(m, 2)) for sigma, m in ((1, 5), (16, 4), (256, 3))]

    def every(rule: Callable[[np.ndarray, np.ndarray], Any]) -> list[Any]:
        return [rule(places.copy(), some.copy()) for some in frequencies]

    def of(points: Callable[[np.ndarray, np.ndarray], list[np.ndarray]], turn: float = 1.0) -> Any:
        """The features with another projection of (lat, lon) in radians, clamped."""

        def rule(where: np.ndarray, some: np.ndarray) -> np.ndarray:
            lat, lon = np.radians(where).T
            lat = np.clip(lat, -steps.LIMIT, steps.LIMIT)
            angle = 2 * np.pi * turn * np.column_stack(points(lat, lon)) @ some.T
            return np.hstack([np.cos(angle), np.sin(angle)])

        return every(rule)

    def north(lat: np.ndarray) -> np.ndarray:
        return np.arcsinh(np.tan(lat)) / np.pi

    def halves(where: np.ndarray, some: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        cosines, sines = np.hsplit(steps.waves(where, some), 2)
        return cosines, sines

    def unclamped(where: np.ndarray, some: np.ndarray) -> np.ndarray:
        lat, lon = np.radians(where).T
        angle = 2 * np.pi * np.column_stack([north(lat), lon / np.pi]) @ some.T
        return np.hstack([np.cos(angle), np.sin(angle)])

    mistakes = {
        "clamp the latitude at 85.05 degrees: the poles are infinitely far north on this map": (
            every(unclamped)
        ),
        "north is stretched on Mercator's map: asinh(tan(lat)) / pi": of(
            lambda lat, lon: [lat / np.pi, lon / np.pi]
        ),
        "north is stretched on Mercator's map: asinh(tan(lat)) / pi ": of(
            lambda lat, lon: [2 * lat / np.pi, lon / np.pi]
        ),
        "north comes first, then east": of(lambda lat, lon: [lon / np.pi, north(lat)]),
        "divide both by pi: the map then reaches from -1 to 1": of(
            lambda lat, lon: [np.pi * north(lat), lon]
        ),
        "a whole turn is 2 pi": of(lambda lat, lon: [north(lat), lon / np.pi], 1 / (2 * np.pi)),
        "a whole turn is 2 pi ": of(lambda lat, lon: [north(lat), lon / np.pi], 0.5),
        "first all cosines, then all sines": every(lambda *two: np.hstack(halves(*two)[::-1])),
        "first all cosines, then all sines ": every(
            lambda *two: np.stack(halves(*two), axis=2).reshape(len(two[0]), -1)
        ),
        "cosines alone do not tell left from right: sines too": every(lambda *two: halves(*two)[0]),
    }
    given = every(waves)
    cases = [f"with frequencies of about {sigma}," for sigma in (1, 16, 256)]
    hint = told(given, every(steps.waves), mistakes, cases, 2e-3)
    if hint is None and any(np.asarray(_plain(one)).dtype != np.float32 for one in given):
        return "the values are right; give them as float32, which the networks hold"
    return hint and hint.strip()


# --- 3: the location encoder ---------------------------------------------------------------------


def _layers(rng: np.random.Generator, *widths: int) -> list[tuple[Tensor, Tensor]]:
    return [
        (torch.from_numpy(rng.normal(size=(out, into)) / into**0.5).float(),
         torch.from_numpy(rng.normal(size=out)).float())
        for into, out in zip(widths, widths[1:], strict=False)
    ]  # fmt: skip


@exercise(
    start="complete encode, then pass it to the check",
    right="Each scale has its network, and the sum of them its head.",
)
def check_10_3(encode: Callable[[list[Tensor], list[Any], Any], Tensor]) -> str | None:
    """Check the location encoder: networks of all scales, summed, the head, unit rows."""
    rng = generator(103)
    cases = []
    for scales, n in ((3, 6), (2, 5)):
        features = [torch.from_numpy(rng.normal(size=(n, 8))).float() for _ in range(scales)]
        networks = [_layers(rng, 8, 9, 9, 7) for _ in range(scales)]
        cases.append((features, networks, _layers(rng, 7, 7, 5)))

    def every(rule: Callable[[list[Tensor], list[Any], Any], Any]) -> list[Any]:
        return [rule([one.clone() for one in f], list(n), list(h)) for f, n, h in cases]

    def outputs(features: list[Tensor], networks: list[Any]) -> Tensor:
        pairs = zip(features, networks, strict=True)
        return torch.stack([steps.network(x, layers) for x, layers in pairs])

    def unit(x: Tensor) -> Tensor:
        return F.normalize(x, dim=-1)

    mistakes = {
        "give every row the length 1": every(
            lambda f, n, h: steps.network(outputs(f, n).sum(0), h)
        ),
        "a row is a place: its length is to be 1, not that of a column": every(
            lambda f, n, h: F.normalize(steps.network(outputs(f, n).sum(0), h), dim=0)
        ),
        "sum the scales; their mean is another input of the head": every(
            lambda f, n, h: unit(steps.network(outputs(f, n).mean(0), h))
        ),
        "all scales count, not the first one alone": every(
            lambda f, n, h: unit(steps.network(outputs(f, n)[0], h))
        ),
        "all scales count, not the last one alone": every(
            lambda f, n, h: unit(steps.network(outputs(f, n)[-1], h))
        ),
        "each scale has a network of its own": every(
            lambda f, n, h: unit(steps.network(outputs(f, [n[0]] * len(f)).sum(0), h))
        ),
        "the head is missing": every(lambda f, n, h: unit(outputs(f, n).sum(0))),
        "first the sum, then the head, once": every(
            lambda f, n, h: unit(steps.network(outputs(f, n), h).sum(0))
        ),
        "no ReLU between the sum and the head": every(
            lambda f, n, h: unit(steps.network(torch.relu(outputs(f, n).sum(0)), h))
        ),
        "length 1 at the end alone, not before the head": every(
            lambda f, n, h: unit(steps.network(unit(outputs(f, n).sum(0)), h))
        ),
    }  # fmt: skip
    given = [_plain(one) for one in every(encode)]
    names = [f"with {len(features)} scales," for features, _, _ in cases]
    return told(given, every(steps.encode), mistakes, names, 1e-4)


def _plain(value: Any) -> Any:
    return value.detach().numpy() if isinstance(value, Tensor) else value


# --- 4: InfoNCE ----------------------------------------------------------------------------------


@exercise(
    start="complete info_nce, then pass it to the check",
    right="Each photo looks for its place, and each place for its photo.",
)
def check_10_4(info_nce: Callable[[Tensor, Tensor, float], Tensor]) -> str | None:
    """Check the symmetric InfoNCE of unit rows."""
    rng = generator(104)
    cases = []
    for n, d, scale in ((5, 4, 1.5), (8, 6, 7.0), (3, 5, 20.0)):
        two = [F.normalize(torch.from_numpy(rng.normal(size=(n, d))).float()) for _ in range(2)]
        cases.append((*two, scale))

    def every(rule: Callable[[Tensor, Tensor, float], Any]) -> list[Any]:
        return [rule(images.clone(), places.clone(), scale) for images, places, scale in cases]

    def one_way(logits: Tensor) -> Tensor:
        return F.cross_entropy(logits, torch.arange(len(logits)))

    mistakes = {
        "each photo looks for its place; now each place for its photo, and halve the sum": every(
            lambda i, p, s: one_way(s * i @ p.T)
        ),
        "each place looks for its photo; now each photo for its place, and halve the sum": every(
            lambda i, p, s: one_way(s * p @ i.T)
        ),
        "halve the sum of both directions": every(lambda i, p, s: 2 * steps.info_nce(i, p, s)),
        "the inner products times scale are the logits": every(
            lambda i, p, s: steps.info_nce(i, p, 1.0)
        ),
        "times the scale: a large one makes a sharp choice": every(
            lambda i, p, s: steps.info_nce(i, p, 1 / s)
        ),
        "the sign: the right pair is to have a high probability": every(
            lambda i, p, s: -steps.info_nce(i, p, s)
        ),
        "the right answer of row i is column i": every(
            lambda i, p, s: steps.info_nce(i, p.roll(1, 0), s)
        ),
        "the mean over the batch, not the sum": every(
            lambda i, p, s: len(i) * steps.info_nce(i, p, s)
        ),
        "compare photos with places, not with each other": every(
            lambda i, p, s: steps.info_nce(i, i, s)
        ),
    }
    given = [_plain(one) for one in every(info_nce)]
    names = [f"for {len(images)} pairs and scale {scale:g}," for images, _, scale in cases]
    return told(given, every(steps.info_nce), mistakes, names, 1e-4)


# --- 5: a training step --------------------------------------------------------------------------


@exercise(
    start="complete training_step, then pass it to the check",
    right="Down the gradient, with every weight and bias; what was given stays as it was.",
)
def check_10_5(training_step: Callable[..., tuple[Any, float]]) -> str | None:
    """Check one step of gradient descent for two losses."""
    rng = generator(105)
    cases = []
    for loss, n, rate in (
        (F.mse_loss, 6, 0.3),
        (F.poisson_nll_loss, 4, 1.7),
        (F.smooth_l1_loss, 9, 4.0),
    ):
        images, places = (torch.from_numpy(rng.normal(size=(n, d))).float() for d in (5, 4))
        cases.append((_layers(rng, 5, 6, 4), images, F.normalize(places), loss, rate))

    def fresh(head: Any) -> list[tuple[Tensor, Tensor]]:
        return [(weight.clone(), bias.clone()) for weight, bias in head]

    def every(rule: Callable[..., Any]) -> list[Any]:
        return [rule(fresh(head), *rest) for head, *rest in cases]

    def flat(result: Any) -> list[np.ndarray]:
        layers, value = result
        numbers = [np.ravel(_plain(part)) for layer in layers for part in layer]
        return [np.concatenate(numbers), np.asarray(_plain(value), dtype=np.float64)]

    def flattened(rule: Callable[..., Any]) -> list[np.ndarray]:
        return [numbers for result in every(rule) for numbers in flat(result)]

    def again(head: Any, images: Tensor, places: Tensor, loss: Any, rate: float) -> Any:
        moved, _ = steps.training_step(head, images, places, loss, rate)
        vectors = F.normalize(steps.network(images, moved), dim=-1)
        return moved, loss(vectors, places)

    def long(head: Any, images: Tensor, places: Tensor, loss: Any, rate: float) -> Any:
        leaves = [tuple(part.requires_grad_() for part in layer) for layer in head]
        value = loss(steps.network(images, leaves), places)
        value.backward()
        return [[part - rate * part.grad for part in layer] for layer in leaves], value

    def weights_only(head: Any, *rest: Any) -> Any:
        moved, value = steps.training_step(head, *rest)
        return [(new[0], old[1]) for new, old in zip(moved, head, strict=True)], value

    def last_only(head: Any, *rest: Any) -> Any:
        moved, value = steps.training_step(head, *rest)
        return [*head[:-1], moved[-1]], value

    def with_rate(change: Callable[[float], float]) -> list[np.ndarray]:
        return flattened(lambda *five: steps.training_step(*five[:4], change(five[4])))

    mistakes = {
        "that climbs: go against the gradient": with_rate(lambda rate: -rate),
        "nothing has moved": with_rate(lambda rate: 0.0),
        "times the rate": with_rate(lambda rate: 1.0),
        "times the rate, not divided by it": with_rate(lambda rate: 1 / rate),
        "the photos' vectors have length 1, before the loss": flattened(long),
        "the biases learn too": flattened(weights_only),
        "all layers learn, not the last one alone": flattened(last_only),
        "return the loss before the step": flattened(again),
    }
    given, untouched = [], True
    for head, images, places, loss, rate in cases:
        passed = fresh(head)
        result = training_step(passed, images.clone(), places.clone(), loss, rate)
        if result is None:
            return NOTHING
        try:
            given += flat(result)
        except (TypeError, ValueError, RuntimeError):
            return "return the new head, a list of (weight, bias), and the loss"
        tensors = [part for layer in result[0] for part in layer if isinstance(part, Tensor)]
        if any(part.requires_grad for part in tensors):
            return "what you return still hangs on this step's graph: .detach() it"
        pairs = zip(passed, head, strict=True)
        untouched &= all(torch.equal(x, y) for p, h in pairs for x, y in zip(p, h, strict=True))
    names = [f"with {loss.__name__}, {what}," for _, _, _, loss, _ in cases
             for what in ("the new head", "the loss")]  # fmt: skip
    hint = told(given, flattened(steps.training_step), mistakes, names, 1e-5)
    if hint is None and not untouched:
        return "it changes the head that it was given; work on a copy (.clone())"
    return hint
