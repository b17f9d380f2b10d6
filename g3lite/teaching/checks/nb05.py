"""Checks of the exercises of notebook 05."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from g3lite import geo
from g3lite.teaching.checks.check import diagnose, exercise, generator


@exercise(
    start="complete verify, then pass it to the check",
    right="The best of the valid ones: nothing else can win, and nobody wins where nobody runs.",
)
def check_05_1(
    verify: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
) -> str | None:
    """Check the position of each photo's best valid candidate, -1 where there is none."""
    rng = generator(10)

    def units(*shape: int) -> np.ndarray:
        vectors = rng.normal(size=shape)
        return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)

    def scores(image: np.ndarray, gps: np.ndarray) -> np.ndarray:
        return np.einsum("qd,qcd->qc", image, gps)

    def filled(image: np.ndarray, gps: np.ndarray, valid: np.ndarray, value: float) -> np.ndarray:
        return np.where(valid, scores(image, gps), value)

    def best(image: np.ndarray, gps: np.ndarray, valid: np.ndarray) -> np.ndarray:
        return np.where(valid.any(axis=1), filled(image, gps, valid, -np.inf).argmax(axis=1), -1)

    def nan_ignored(image: np.ndarray, gps: np.ndarray, valid: np.ndarray) -> np.ndarray:
        score = scores(image, gps)
        return np.where(np.isnan(score), -np.inf, score).argmax(axis=1)

    def last(image: np.ndarray, gps: np.ndarray, valid: np.ndarray) -> np.ndarray:
        backwards = filled(image, gps, valid, -np.inf)[:, ::-1]
        return valid.shape[1] - 1 - backwards.argmax(axis=1)

    def among_valid(image: np.ndarray, gps: np.ndarray, valid: np.ndarray) -> np.ndarray:
        rows = best(image, gps, valid)
        return np.where(rows < 0, rows, (valid.cumsum(axis=1) - 1)[np.arange(len(rows)), rows])

    all_valid = units(9, 5), units(9, 6, 5), np.ones((9, 6), dtype=bool)

    # Halves, so that equal vectors have equal scores however they are added up.
    halves = np.where(rng.random((7, 4)) < 0.5, -0.5, 0.5)
    equal = halves, units(7, 5, 4), np.ones((7, 5), dtype=bool)
    equal[1][:, 1] = equal[1][:, 3] = halves

    missing = units(11, 6), units(11, 4, 6), rng.random((11, 4)) < 0.6
    missing[1][:, 2], missing[2][:, 2] = 0.5 * missing[0] + 0.1, True
    missing[1][:, 2] /= np.linalg.norm(missing[1][:, 2], axis=1, keepdims=True)
    missing[2][:, 0] = np.arange(11) % 2 == 0
    missing[1][~missing[2]] = np.nan

    still_there = tuple(part.copy() for part in missing)
    still_there[2][:, 2] = still_there[2][:, 1] = True
    still_there[1][:, 1] = still_there[1][:, 2]
    still_there[1][:, 2] = still_there[0]
    still_there[2][:, 2] = False

    below = units(8, 5), units(8, 5, 5), rng.random((8, 5)) < 0.5
    below[2][:, 4], below[2][:, 0] = True, False
    below[1][:] = -np.abs(below[1]) * np.sign(below[0])[:, None]
    below[1][~below[2]] = np.nan

    opposite = np.zeros((2, 3)), np.zeros((2, 4, 3)), np.zeros((2, 4), dtype=bool)
    opposite[0][:, 0], opposite[1][:, :, 0], opposite[2][:, 2] = 1, -1, True

    nobody = units(6, 7), units(6, 3, 7), rng.random((6, 3)) < 0.7
    nobody[2][[0, 3, 4]], nobody[2][[1, 2, 5], 1] = False, True
    nobody[1][~nobody[2]] = np.nan

    cases: list[tuple[str, tuple[np.ndarray, ...], dict[str, Callable[..., np.ndarray]]]] = [
        (
            "where all candidates are valid",
            all_valid,
            {
                "that is the lowest score, or the largest distance; take the highest score": (
                    lambda i, g, v: scores(i, g).argmin(axis=1)
                ),
                "all candidates were compared with the first photo; each belongs to its own": (
                    lambda i, g, v: (g @ i[0]).argmax(axis=1)
                ),
                "the sign of the score counts: -0.9 is the opposite of a match": (
                    lambda i, g, v: np.abs(scores(i, g)).argmax(axis=1)
                ),
                "that is no inner product with the photo": lambda i, g, v: g.sum(2).argmax(axis=1),
                "nobody is a winner although all are valid; is the mask the wrong way round?": (
                    lambda i, g, v: np.full(len(i), -1)
                ),
                "that is the first candidate of each photo": lambda i, g, v: np.zeros(len(i)),
            },
        ),
        (
            "where two candidates are equal",
            equal,
            {"of equals the first wins, not the last": last},
        ),
        (
            "where invalid candidates are NaN",
            missing,
            {
                "NaN wins every argmax; give invalid candidates a score below all others": (
                    lambda i, g, v: scores(i, g).argmax(axis=1)
                ),
                "these are positions among the valid candidates; say where they are among all": (
                    among_valid
                ),
                "that is the best of the invalid ones; is the mask the wrong way round?": (
                    lambda i, g, v: best(i, np.nan_to_num(g), ~v)
                ),
                "one invalid candidate does not make the photo lost": (
                    lambda i, g, v: np.where(v.all(axis=1), best(i, g, v), -1)
                ),
            },
        ),
        (
            "where an invalid candidate has numbers",
            still_there,
            {
                "valid decides, not NaN: an invalid candidate may have a vector all the same": (
                    nan_ignored
                ),
            },
        ),
        (
            "where all scores are negative",
            below,
            {
                "an invalid candidate got the score 0, and that is above a negative one; "
                "-np.inf is below all": lambda i, g, v: filled(i, g, v, 0).argmax(axis=1),
                "a negative score is a score; only photos without a valid candidate get -1": (
                    lambda i, g, v: np.full(len(i), -1)
                ),
            },
        ),
        (
            "where the only valid candidate has the score -1",
            opposite,
            {
                "an invalid candidate got the score -1, which a valid one can have too; -np.inf "
                "is below all": lambda i, g, v: filled(i, g, v, -1).argmax(axis=1),
                "a score of -1 is a score; only photos without a valid candidate get -1": (
                    lambda i, g, v: np.full(len(i), -1)
                ),
            },
        ),
        (
            "where a photo has no valid candidate",
            nobody,
            {
                "argmax answers 0 where all are equal, even if all are -inf; such a photo gets "
                "-1": lambda i, g, v: filled(i, g, v, -np.inf).argmax(axis=1),
            },
        ),
    ]
    changed = False
    for case, parts, mistakes in cases:
        passed = tuple(part.copy() for part in parts)
        right = best(*parts)
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                given = verify(*passed)
        except ValueError as error:
            words = str(error)
            if "All-NaN" in words or "empty" in words:
                return f"{case} it stops ({words}); make such a photo a case of its own"
            if "matmul" in words or "broadcast" in words or "aligned" in words:
                return (
                    f"{words}: each photo has its own candidates; np.einsum('qd,qcd->qc', ...) "
                    "multiplies each with its own"
                )
            raise
        if given is None:
            return "your function returns nothing yet; let it end with return ..."
        rows = np.asarray(given)
        if rows.shape != right.shape:
            hint = ""
            if rows.shape == parts[2].shape:
                hint = "; those are all candidates, so take the best of each row"
            elif rows.ndim == 1 and len(rows) == parts[2].any(axis=1).sum():
                hint = "; photos without a valid candidate stay in, with -1"
            elif rows.ndim == 0:
                hint = "; that is one choice for all photos, so argmax needs an axis"
            return f"{case} your answer has shape {rows.shape}, not {right.shape}{hint}"
        changed = changed or not all(
            np.array_equal(a, b, equal_nan=a.dtype != bool)
            for a, b in zip(passed, parts, strict=True)
        )
        if np.array_equal(rows, right):
            continue
        if rows.dtype.kind == "f" and not np.array_equal(rows, np.round(rows)):
            if np.isnan(rows).any():
                return f"{case} yours holds NaN; a photo without a valid candidate gets -1"
            return "these are scores; return the positions of the candidates that have them"
        for hint, rule in mistakes.items():
            with np.errstate(all="ignore"):
                wrong = rule(*parts)
            if np.array_equal(rows, wrong):
                return f"{case}: {hint}"
        photo = int((rows != right).argmax())
        return f"{case}, photo {photo} should get {right[photo]}, and yours gets {rows[photo]}"
    if changed:
        return "right, but it changes its arguments; work on a copy, as np.where makes one"
    return None


@exercise(
    start="complete blind, then pass it to the check",
    right="First within each photo, then over the photos: every photo has one vote.",
)
def check_05_2(blind: Callable[[np.ndarray, np.ndarray, int, float], float]) -> str | None:
    """Check the expected share of photos within a radius if a candidate is drawn blindly."""
    rng = generator(11)
    sets = []
    for photos in (200, 60, 35):
        # Photos that are easy have more candidates; some have none, in one set the last ones too.
        easy = rng.random(photos)
        easy[[0, -1]] = 0.95
        number = np.where(rng.random(photos) < 0.15, 0, 1 + rng.poisson(8 * easy**2))
        number[[0, -1]] = 4
        number[-3:] *= photos != 200
        photo = np.repeat(np.arange(photos), number)
        km = 20_000 * (1 - easy[photo]) ** 2 * rng.random(len(photo)) ** 3
        km = np.where(km < 1000, 25 * np.ceil(km / 25), km)  # so that many lie on a radius
        order = rng.permutation(len(km))
        sets.append((km[order], photo[order], photos))
    batches = [(*one, radius) for one in sets for radius in (25.0, 200.0, 750.0)]

    def every(measure: Callable[..., Any]) -> list[float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [float(measure(*batch)) for batch in batches]

    def per_photo(
        way: Callable[[np.ndarray, float], float], none: float = 0.0
    ) -> Callable[..., np.ndarray]:
        def of(km: np.ndarray, photo: np.ndarray, photos: int, radius: float) -> np.ndarray:
            values = np.full(photos, none)
            for number in np.unique(photo):
                values[number] = way(km[photo == number], radius)
            return values

        return of

    chance = per_photo(lambda km, r: np.mean(km <= r))
    right = every(lambda *batch: chance(*batch).mean())
    mistakes = {
        "that is the mean over all candidates at once, where a photo with many candidates has many "
        "votes; average within each photo first": every(lambda km, p, n, r: (km <= r).mean()),
        "photos without a candidate have left the denominator; they count as misses": every(
            lambda km, p, n, r: chance(km, p, n, r).sum() / len(np.unique(p))
        ),
        "photos without a candidate are no hits": every(
            lambda *batch: per_photo(lambda km, r: np.mean(km <= r), 1.0)(*batch).mean()
        ),
        "that is the ceiling, a photo with any near candidate; a blind draw mostly misses it": (
            every(lambda *batch: per_photo(lambda km, r: (km <= r).any())(*batch).mean())
        ),
        "that asks all candidates of a photo to be near; the chance is the share of them": (
            every(lambda *batch: per_photo(lambda km, r: (km <= r).all())(*batch).mean())
        ),
        "that is the first candidate of each photo, not a random one": (
            every(lambda *batch: per_photo(lambda km, r: km[0] <= r)(*batch).mean())
        ),
        "that is the last candidate of each photo, not a random one": (
            every(lambda *batch: per_photo(lambda km, r: km[-1] <= r)(*batch).mean())
        ),
        "that compares the mean distance of a photo's candidates; a draw is near or it is not": (
            every(lambda *batch: per_photo(lambda km, r: km.mean() <= r)(*batch).mean())
        ),
        "that compares the median distance; the chance is the share of near candidates": (
            every(lambda *batch: per_photo(lambda km, r: np.median(km) <= r)(*batch).mean())
        ),
        "within the radius means <=, not <": every(
            lambda *batch: per_photo(lambda km, r: np.mean(km < r))(*batch).mean()
        ),
        "that divides by the largest number of candidates; each photo has its own number": every(
            lambda km, p, n, r: (km <= r).sum() / np.bincount(p).max() / n
        ),
        "that is the number of near candidates per photo; divide by its number of candidates": (
            every(lambda km, p, n, r: (km <= r).sum() / n)
        ),
        "that is a number of photos; divide by how many there are": every(
            lambda *batch: chance(*batch).sum()
        ),
        "that is in per cent; return a share from 0 to 1": every(
            lambda *batch: 100 * chance(*batch).mean()
        ),
        "that is the share of misses": every(lambda *batch: 1 - chance(*batch).mean()),
        "that is the middle photo; the expectation is the mean over the photos": every(
            lambda *batch: np.median(chance(*batch))
        ),
        "that is 25 km whatever the radius is": every(
            lambda km, p, n, r: chance(km, p, n, 25).mean()
        ),
    }
    given: list[Any] = []
    for km, photo, photos, radius in batches:
        passed = km.copy(), photo.copy(), photos, radius
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                given += [blind(*passed)]
        except ZeroDivisionError:
            return "a photo without candidates has none to divide by; it counts as a miss"
        except ValueError as error:
            if "broadcast" not in str(error):
                raise
            return (
                f"{error}: the last photos have no candidates; np.bincount(..., minlength=photos) "
                "counts them too"
            )
    numbers = [value for value in given if value is not None and np.ndim(value) == 0]
    if np.isnan(np.array(numbers, dtype=float)).any():
        return "for a photo without candidates it is 0 / 0 = NaN; such a photo is a miss"
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again = [blind(km.copy(), photo.copy(), photos, r) for km, photo, photos, r in batches[:3]]
    if len(numbers) == len(given) and again != given[:3]:
        return "two calls differ: you draw at random. Compute the chance; it needs no draw"
    cases = [f"for {n} photos with {len(km)} candidates and {r:g} km" for km, _, n, r in batches]
    return diagnose(given, right, mistakes, cases)


@exercise(
    start="complete middle, then pass it to the check",
    right="The middle of points on a sphere lies inside it; back on the surface it is a place.",
)
def check_05_3(middle: Callable[[np.ndarray], np.ndarray]) -> str | None:
    """Check the mean of places on the sphere, in degrees, across the antimeridian too."""
    rng = generator(12)
    around = rng.normal(size=(6, 2))
    cases = {
        "two places on the equator": np.array([[0.0, 10.0], [0.0, 50.0]]),
        "six places in the west of France": [48.0, 0.2] + around,
        "three places in South America": np.array([[-34.6, -58.4], [-12.0, -77.0], [4.7, -74.1]]),
        "three places in Australia": np.array([[-33.9, 151.2], [-37.8, 145.0], [-31.9, 115.9]]),
        "a place named three times, and another": np.array([[40.7, -74.0]] * 3 + [[34.1, -118.2]]),
        "one place": np.array([[35.7, 139.7]]),
        "two places far in the north": np.array([[60.0, 10.0], [65.0, 150.0]]),
        "Fiji and Samoa": np.array([[-17.7, 178.0], [-13.8, -171.8]]),
        "six places around the 180th degree": np.column_stack(
            [around[:, 0] - 20, (180 + 3 * around[:, 1] + 180) % 360 - 180]
        ),
    }

    def points(places: np.ndarray) -> np.ndarray:
        lat, lon = np.radians(places).T
        x, y, z = np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)
        return np.array([x.mean(), y.mean(), z.mean()])

    def right(places: np.ndarray) -> np.ndarray:
        x, y, z = points(places)
        return np.degrees([np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x)])

    def arcsin(places: np.ndarray) -> np.ndarray:
        x, y, z = points(places)
        return np.degrees([np.arcsin(z), np.arctan2(y, x)])

    def one_arctan(places: np.ndarray) -> np.ndarray:
        x, y, z = points(places)
        return np.degrees([np.arctan2(z, np.hypot(x, y)), np.arctan(y / x)])

    def swapped_xy(places: np.ndarray) -> np.ndarray:
        x, y, z = points(places)
        return np.degrees([np.arctan2(z, np.hypot(x, y)), np.arctan2(x, y)])

    def no_radians(places: np.ndarray) -> np.ndarray:
        return np.radians(right(np.degrees(places)))

    def circular(places: np.ndarray) -> np.ndarray:
        lon = np.radians(places[:, 1])
        turned = np.degrees(np.arctan2(np.sin(lon).mean(), np.cos(lon).mean()))
        return np.array([places[:, 0].mean(), turned])

    def from_greenwich(places: np.ndarray) -> np.ndarray:
        lat, lon = places[:, 0].mean(), (places[:, 1] % 360).mean()
        return np.array([lat, (lon + 180) % 360 - 180])

    def medoid(places: np.ndarray) -> np.ndarray:
        return places[geo.great_circle_km(places[:, None], places).sum(axis=1).argmin()]

    mistakes: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "that is in radians; np.degrees brings it back": lambda p: np.radians(right(p)),
        "sine and cosine want radians; use np.radians first": no_radians,
        "sine and cosine want radians; use np.radians first, np.degrees last": (
            lambda p: np.degrees(no_radians(p))
        ),
        "the latitude comes first": lambda p: right(p)[::-1],
        "latitude and longitude are swapped at the start": lambda p: right(p[:, ::-1]),
        "x and y are swapped": swapped_xy,
        "that is a flat mean of the degrees: over the 180th degree, or far in the north, it is far "
        "off; go through points of the sphere": lambda p: p.mean(axis=0),
        "the longitudes go round, but the latitudes are a flat mean; in the north the middle of "
        "two places lies nearer to the pole": circular,
        "degrees counted from 0 to 360 are a flat mean too, with its seam at Greenwich": (
            from_greenwich
        ),
        "that is the median of the degrees": lambda p: np.median(p, axis=0),
        "that is one of the places, the medoid": medoid,
        "that is the first of the places": lambda p: p[0],
        "the mean lies inside the sphere, so its z is too small for arcsin; divide by its length, "
        "or use arctan2": arcsin,
        "arctan(y / x) knows only half of the Earth; np.arctan2(y, x) knows all of it": one_arctan,
        "a place that is named three times counts three times": (
            lambda p: right(np.unique(p, axis=0))
        ),
        "that is 90 degrees minus the latitude": lambda p: [90, 0] + right(p) * [-1, 1],
        "the signs are lost": lambda p: np.abs(right(p)),
    }

    def close(a: np.ndarray, b: np.ndarray) -> bool:
        return np.allclose(a, b, rtol=0, atol=0.01)

    found = {}
    for case, places in cases.items():
        passed = places.copy()
        given = middle(passed)
        if given is None:
            return "your function returns nothing yet; let it end with return ..."
        place = np.asarray(given, dtype=float)
        if place.shape == (3,):
            return "that is a point (x, y, z); turn it back into latitude and longitude"
        if place.shape != (2,):
            return f"for {case} your answer has shape {place.shape}; return [latitude, longitude]"
        if not np.array_equal(passed, places):
            return f"for {case} your function changes the places that it was given"
        found[case] = place
    wanted = {case: right(places) for case, places in cases.items()}
    wrong = [case for case in cases if not close(found[case], wanted[case])]
    if not wrong:
        return None
    for hint, rule in mistakes.items():
        with np.errstate(all="ignore"):
            if all(close(found[case], rule(places)) for case, places in cases.items()):
                return hint
    case = wrong[0]
    if all(close((found[case] - wanted[case] + 180) % 360, 180) for case in wrong):
        return "longitudes lie within [-180, 180]; beyond, take 360 off"
    right_place, yours = (", ".join(f"{x:.2f}" for x in some[case]) for some in (wanted, found))
    return f"for {case} it should be ({right_place}), and yours is ({yours})"
