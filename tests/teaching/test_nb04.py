"""The exercises of notebook 04: their checks take the solution and reject what students get wrong.

Every wrong answer is written as a student would write it, independently of the checks' own list.
"""

import ast
import math
import re

import numpy as np
import pytest
import torch
from scipy import special

from g3lite.teaching.checks import nb04

pytestmark = pytest.mark.filterwarnings("ignore:All-NaN", "ignore:Mean of empty")


NAME = "04_prompt_diversification"


@pytest.fixture(scope="module")
def given():
    """What the solutions read, by name."""
    return {
        "np": np,
        "re": re,
    }


# --- 1: the temperature --------------------------------------------------------------------------


def probabilities(logits, temperature):
    if temperature == 0:
        return np.eye(logits.shape[1])[logits.argmax(axis=1)]
    p = np.exp((logits - logits.max(axis=1, keepdims=True)) / temperature)
    return p / p.sum(axis=1, keepdims=True)


def test_the_first_solution_is_accepted(solutions, capsys):
    nb04.check_04_1(solutions["probabilities"])
    assert capsys.readouterr().out.startswith("✓")


def with_scipy(logits, temperature):
    if temperature == 0:
        return logits == logits.max(axis=-1, keepdims=True)
    return special.softmax(logits / temperature, axis=-1)


def with_torch(logits, temperature):
    z = torch.tensor(logits, dtype=torch.float32)
    if temperature == 0:
        return torch.nn.functional.one_hot(z.argmax(dim=1), z.shape[1])
    return torch.softmax(z / temperature, dim=1)


def row_by_row(logits, temperature):
    rows = []
    for row in logits.tolist():
        if temperature == 0:
            rows.append([float(i == row.index(max(row))) for i in range(len(row))])
            continue
        weights = [math.exp((z - max(row)) / temperature) for z in row]
        rows.append([w / sum(weights) for w in weights])
    return rows


def hardly_warm(logits, temperature):
    return special.softmax(logits / max(temperature, 1e-6), axis=1)


def with_a_power(logits, temperature):
    if temperature == 0:
        return with_scipy(logits, 0)
    p = special.softmax(logits, axis=1) ** (1 / temperature)
    return p / p.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("answer", [with_scipy, with_torch, row_by_row, hardly_warm, with_a_power])
def test_other_right_answers_to_the_first_are_accepted(answer):
    assert nb04.check_04_1.hint(answer) is None


def of_logits(rule):
    """An answer that is right for temperature 0 alone."""
    return lambda z, t: rule(z, t) if t else probabilities(z, 0)


def at_zero(rule):
    """A right answer but for temperature 0."""
    return lambda z, t: probabilities(z, t) if t else rule(z)


def normalised(p, axis=1):
    return p / p.sum(axis=axis, keepdims=True)


def in_place(logits, temperature):
    if temperature == 0:
        return probabilities(logits, 0)
    logits /= temperature
    logits -= logits.max(axis=1, keepdims=True)
    return normalised(np.exp(logits))


def maximum_in_place(logits, temperature):
    logits -= logits.max(axis=1, keepdims=True)
    return probabilities(logits, temperature)


def one_step(logits, temperature):
    p = np.exp((logits - logits.max(axis=1, keepdims=True)) / temperature)
    return p / p.sum(axis=1, keepdims=True)


def inverse(logits, temperature):
    return special.softmax(logits * (1 / temperature), axis=1)


def no_maximum(z, t):
    return normalised(np.exp(z / t))


def python_exp(z, t):
    return [[math.exp(x / t) / sum(math.exp(y / t) for y in row) for x in row] for row in z]


def no_sum(z, t):
    return [[math.exp((x - max(row)) / t) for x in row] for row in z.tolist()]


def no_keepdims(z, t):
    p = np.exp((z - z.max(axis=1, keepdims=True)) / t)
    return p / p.sum(axis=1)


def global_maximum(z, t):
    return normalised(np.exp((z - z.max()) / t))


def column_maximum(z, t):
    return normalised(np.exp((z - z.max(axis=0)) / t))


def softmax(z, axis=1):
    return special.softmax(z, axis=axis)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (of_logits(lambda z, t: softmax(z * t)), "divide the logits"),
        (of_logits(lambda z, t: softmax(z)), "temperature is missing"),
        (lambda z, t: softmax(z), "temperature is missing"),
        (of_logits(lambda z, t: softmax(z / t, 0)), "columns"),
        (of_logits(lambda z, t: softmax(z / t, None)), "whole array"),
        (of_logits(lambda z, t: np.exp(z / t) / np.exp(z / t).sum()), "whole array"),
        (of_logits(lambda z, t: softmax(z) / t), "before softmax"),
        (lambda z, t: softmax(z) / t, "before softmax"),
        (of_logits(lambda z, t: normalised(softmax(z) / t)), "temperature is missing"),
        (of_logits(lambda z, t: normalised(softmax(z) ** t)), "takes p to its power"),
        (of_logits(lambda z, t: softmax(z) ** (1 / t)), "with the sum"),
        (of_logits(lambda z, t: softmax(z) * t), "with the sum"),
        (of_logits(lambda z, t: softmax(z / t**2)), "should be"),
        (of_logits(lambda z, t: softmax(z - t)), "temperature is missing"),
        (of_logits(lambda z, t: softmax(-z / t)), "the other way round"),
        (of_logits(lambda z, t: softmax(softmax(z / t))), "should be"),
        (of_logits(lambda z, t: special.log_softmax(z / t, axis=1)), "logarithms"),
        (of_logits(lambda z, t: np.exp(z / t)), "nothing is normalised"),
        (of_logits(lambda z, t: np.exp((z - z.max(1, keepdims=True)) / t)), "the largest of each"),
        (of_logits(lambda z, t: np.exp(z / t) / np.exp(z / t).max(1, keepdims=True)), "largest"),
        (of_logits(lambda z, t: z / t / (z / t).sum(1, keepdims=True)), "exp is missing"),
        (of_logits(lambda z, t: z / t), "exp is missing"),
        (of_logits(lambda z, t: normalised(2 ** (z / t))), "power of 2"),
        (of_logits(lambda z, t: normalised(np.abs(z / t))), "should be"),
        (of_logits(lambda z, t: normalised(special.expit(z / t))), "should be"),
        (of_logits(lambda z, t: softmax(z / t).max(axis=1)), "shape"),
        (of_logits(lambda z, t: softmax(z / t).T), "shape"),
        (of_logits(lambda z, t: softmax(z / t)[0]), "shape"),
        (of_logits(lambda z, t: 100 * softmax(z / t)), "with the sum 100"),
        (of_logits(lambda z, t: np.sort(softmax(z / t), axis=1)), "should be"),
        (of_logits(lambda z, t: np.eye(z.shape[1])[z.argmax(1)]), "should be"),
        (of_logits(no_maximum), "infinite"),
        (of_logits(python_exp), "infinite"),
        (no_maximum, "infinite"),
        (of_logits(lambda z, t: np.nan_to_num(no_maximum(z, t))), "infinite"),
        (of_logits(lambda z, t: normalised(np.exp(np.clip(z / t, -500, 500)))), "infinite"),
        (of_logits(lambda z, t: normalised(np.exp(np.minimum(z / t, 700)))), "infinite"),
        (of_logits(lambda z, t: normalised(softmax(z / 10) ** (10 / t)) / 2), "should be"),
        (of_logits(global_maximum), "not of the whole array"),
        (of_logits(lambda z, t: normalised(np.exp((z - z.mean()) / t))), "not of the whole"),
        (of_logits(lambda z, t: np.nan_to_num(global_maximum(z, t))), "not of the whole"),
        (of_logits(column_maximum), "should be"),
        (of_logits(no_keepdims), "keepdims"),
        (no_keepdims, "keepdims"),
        (of_logits(lambda z, t: np.exp((z - z.max(axis=1)) / t)), "keepdims"),
        (one_step, "temperature 0 cannot"),
        (inverse, "temperature 0 cannot"),
        (at_zero(lambda z: z / 0), "Not yet"),
        (at_zero(lambda z: np.full(z.shape, np.nan)), "temperature 0 cannot"),
        (at_zero(lambda z: np.full(z.shape, 1 / z.shape[1])), "equally likely"),
        (at_zero(lambda z: np.nan_to_num(one_step(z, 0.0))), "should be"),
        (at_zero(lambda z: np.zeros(z.shape)), "should be"),
        (at_zero(softmax), "the answer for 1"),
        (at_zero(lambda z: softmax(z / 0.1)), "should be"),
        (at_zero(lambda z: softmax(z / 0.001)), "should be"),
        (at_zero(lambda z: probabilities(-z, 0)), "smallest logit"),
        (at_zero(lambda z: z == z.max()), "its own largest"),
        (at_zero(lambda z: z == z.max(axis=0)), "columns"),
        (at_zero(lambda z: np.where(z == z.max(axis=1, keepdims=True), z, 0)), "should be"),
        (at_zero(lambda z: np.eye(z.shape[1])[[0] * len(z)]), "should be"),
        (at_zero(lambda z: z.argmax(axis=1)), "shape"),
        (at_zero(lambda z: None), "return"),
        (in_place, "new array"),
        (maximum_in_place, "new array"),
        (of_logits(no_sum), "the largest of each"),
        (lambda z, t: np.random.default_rng(0).dirichlet(np.ones(z.shape[1]), len(z)), "should be"),
        (lambda z, t: None, "return"),
    ],
)
def test_wrong_answers_to_the_first_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb04.check_04_1, answer)


# --- 2: reading a reply --------------------------------------------------------------------------

NUMBER = r"\s*([-+]?\d+(?:\.\d+)?)\s*"


def read_pair(text):
    number = r" *([-+]?\d+(?:\.\d+)?) *"
    pairs = re.findall(rf"\({number},{number}\)", (text or "").replace("\u2212", "-"))
    places = [(float(lat), float(lon)) for lat, lon in pairs]
    if len(places) == 1 and abs(places[0][0]) <= 90 and abs(places[0][1]) <= 180:
        return places[0]
    return None


def test_the_second_solution_is_accepted(solutions):
    assert nb04.check_04_2.hint(solutions["read_pair"]) is None


def with_literals(text):
    if text is None:
        return None
    found = []
    for inside in re.findall(r"\(([^()]*)\)", text.replace("−", "-")):
        try:
            value = ast.literal_eval(f"({inside.strip()})")
        except (SyntaxError, ValueError):
            continue
        if isinstance(value, tuple) and len(value) == 2:
            found.append(value)
    if len(found) != 1:
        return None
    latitude, longitude = found[0]
    return found[0] if -90 <= latitude <= 90 and -180 <= longitude <= 180 else None


def without_regular_expressions(text):
    found = []
    for part in (text or "").replace("−", "-").split("(")[1:]:
        inside, closed, _ = part.partition(")")
        try:
            latitude, longitude = (float(number) for number in inside.split(","))
        except ValueError:
            continue
        if closed:
            found.append([latitude, longitude])
    if len(found) == 1 and (np.abs(found[0]) <= [90, 180]).all():
        return found[0]
    return None


def with_an_array(text):
    number = r"\s*([-+−]?[0-9]+(?:[.][0-9]*)?)\s*"
    matches = list(re.finditer(r"\(" + number + "," + number + r"\)", text or ""))
    if len(matches) != 1:
        return None
    pair = np.array([s.replace("−", "-") for s in matches[0].groups()], dtype=np.float32)
    return pair if not (np.abs(pair) > np.array([90, 180])).any() else None


@pytest.mark.parametrize("answer", [with_literals, without_regular_expressions, with_an_array])
def test_other_right_answers_to_the_second_are_accepted(answer):
    assert nb04.check_04_2.hint(answer) is None


def reader(
    pattern=rf"\({NUMBER},{NUMBER}\)",
    clean=lambda text: text.replace("−", "-"),
    choose=lambda pairs: pairs[0] if len(pairs) == 1 else None,
    convert=float,
    fine=lambda lat, lon: -90 <= lat <= 90 and -180 <= lon <= 180,
    end=lambda lat, lon: (lat, lon),
    failure=None,
):
    """An answer with one step replaced."""

    def read_pair(text):
        pair = choose(re.findall(pattern, clean(text))) if text else None
        if pair is None:
            return failure
        lat, lon = (convert(number) for number in pair)
        return end(lat, lon) if fine(float(lat), float(lon)) else failure

    return read_pair


def of_pattern(pattern, find=re.search):
    """An answer that looks once for a pattern with two groups."""

    def read_pair(text):
        match = find(pattern, text.replace("−", "-")) if text else None
        if match is None:
            return None
        lat, lon = map(float, match.groups())
        return (lat, lon) if abs(lat) <= 90 and abs(lon) <= 180 else None

    return read_pair


def official(text, number=r"[-+]?\d+\.\d+", checked=False, failure=(0.0, 0.0)):
    numbers = [float(found) for found in re.findall(number, text or "")]
    if len(numbers) < 2 or (checked and (abs(numbers[0]) > 90 or abs(numbers[1]) > 180)):
        return failure
    return numbers[0], numbers[1]


def first_that_fit(text):
    numbers = [float(found) for found in re.findall(r"[-+]?\d+(?:\.\d+)?", text or "")]
    numbers = numbers[next((i for i, n in enumerate(numbers) if abs(n) <= 90), 0) :]
    return tuple(numbers[:2]) if len(numbers) > 1 else None


def in_brackets(text, number=r"[-+]?\d+(?:\.\d+)?", wanted=lambda n: n == 2):
    found = []
    for inside in re.findall(r"\(([^()]*)\)", (text or "").replace("−", "-")):
        numbers = re.findall(number, inside)
        if wanted(len(numbers)):
            found.append([float(one) for one in numbers[:2]])
    if len(found) != 1 or abs(found[0][0]) > 90 or abs(found[0][1]) > 180:
        return None
    return tuple(found[0])


def first_bracket(text):
    match = re.search(r"\(([^)]*)\)", (text or "").replace("−", "-"))
    try:
        lat, lon = map(float, match[1].split(","))
    except (TypeError, ValueError):
        return None
    return (lat, lon) if abs(lat) <= 90 and abs(lon) <= 180 else None


def from_first_to_last_bracket(text):
    text = (text or "").replace("−", "-")
    return read_pair(text[text.find("(") :] if text.count("(") == 1 else "")


def line_by_line(text):
    return read_pair((text or "").partition("\n")[0])


def no_none(text):
    return read_pair(text.strip())


def no_refusal(text):
    if text is None:
        return None
    number = r"\s*([-+]?\d+(?:\.\d+)?)\s*"
    lat, lon = re.search(rf"\({number},{number}\)", text.replace("−", "-")).groups()
    return float(lat), float(lon)


def no_replacing(text):
    number = r"\s*([-+−]?\d+(?:\.\d+)?)\s*"
    pairs = re.findall(rf"\({number},{number}\)", text or "")
    return (float(pairs[0][0]), float(pairs[0][1])) if len(pairs) == 1 else None


def truthy(text):
    lat, lon = read_pair(text) or (None, None)
    return (lat, lon) if lat and lon else None


def pairs_of_none(text):
    return read_pair(text) or (None, None)


def nan_for_failure(text):
    return read_pair(text) or (math.nan, math.nan)


def false_for_failure(text):
    return read_pair(text) or False


def text_for_failure(text):
    return read_pair(text) or "no pair"


def of_one_kind(text, number):
    return reader(pattern=rf"\(\s*({number})\s*,\s*({number})\s*\)")(text)


def clamped(lat, lon):
    return max(-90.0, min(90.0, lat)), max(-180.0, min(180.0, lon))


def wrapped(lat, lon):
    return lat, (lon + 180) % 360 - 180 if abs(lon) > 180 else lon


def turned(lat, lon):
    return (lon, lat) if abs(lat) > 90 else (lat, lon)


def in_some_order(lat, lon):
    return min(abs(lat), abs(lon)) <= 90 and max(abs(lat), abs(lon)) <= 180


def alone(pairs):
    return pairs[0][:2] if len(pairs) == 1 else None


ANY = {"fine": lambda lat, lon: True}
PLAIN = r"\(([-+]?\d+(?:\.\d+)?),{}([-+]?\d+(?:\.\d+)?)\)"


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (official, "99.5"),
        (first_that_fit, "72.5"),
        (lambda text: official(text, checked=True), "official code"),
        (lambda text: official(text, failure=None), "official code"),
        (lambda text: official(text, checked=True, failure=None), "official code"),
        (lambda text: official(text, r"[-+]?\d+(?:\.\d+)?", True, None), "outside the brackets"),
        (reader(failure=(0.0, 0.0)), "off Ghana"),
        (reader(failure=[0, 0]), "off Ghana"),
        (lambda text: (0.0, 0.0), "return latitude, longitude"),
        (pairs_of_none, "return None"),
        (nan_for_failure, "return None"),
        (false_for_failure, "return a pair or None"),
        (text_for_failure, "return a pair or None"),
        (lambda text: read_pair(text) or (), "return a pair or None"),
        (reader(**ANY), "'(95.3"),
        (reader(fine=lambda lat, lon: abs(lon) <= 180), "latitudes end at"),
        (reader(fine=lambda lat, lon: lat <= 90 and abs(lon) <= 180), "latitudes end at"),
        (reader(fine=lambda lat, lon: abs(lat) <= 180 and abs(lon) <= 180), "latitudes end at"),
        (reader(fine=lambda lat, lon: abs(lat) <= 90), "180.5"),
        (reader(fine=lambda lat, lon: abs(lat) <= 90 and lon <= 180), "longitudes end at"),
        (reader(fine=lambda lat, lon: abs(lat) <= 90 and abs(lon) <= 360), "longitudes end at"),
        (reader(fine=lambda lat, lon: abs(lat) <= 180 and abs(lon) <= 90), "limits swapped"),
        (reader(fine=lambda lat, lon: abs(lat) <= 90 and abs(lon) <= 90), "limits swapped"),
        (reader(fine=lambda lat, lon: abs(lat) < 90 and abs(lon) <= 180), "'(90, 180)'"),
        (reader(fine=lambda lat, lon: abs(lat) <= 90 and abs(lon) < 180), "<="),
        (reader(fine=lambda lat, lon: -90 < lat <= 90 and -180 <= lon <= 180), "<="),
        (reader(fine=lambda lat, lon: -90 <= lat <= 90 and -180 < lon <= 180), "<="),
        (reader(fine=lambda lat, lon: lat in range(-90, 91)), "return latitude, longitude"),
        (reader(end=clamped, **ANY), "latitudes end at"),
        (reader(end=wrapped, fine=lambda lat, lon: abs(lat) <= 90), "longitudes end at"),
        (reader(end=turned, **ANY), "latitudes end at"),
        (reader(end=turned, fine=in_some_order), "latitudes end at"),
        (reader(end=lambda lat, lon: (lon, lat)), "the latitude comes first"),
        (reader(end=lambda lat, lon: f"{lat}, {lon}"), "return a pair or None"),
        (reader(end=lambda lat, lon: {"lat": lat, "lon": lon}), "return a pair or None"),
        (reader(end=lambda lat, lon: [(lat, lon)]), "return a pair or None"),
        (reader(end=lambda lat, lon: lat), "return a pair or None"),
        (reader(end=lambda lat, lon: (abs(lat), abs(lon))), "minus"),
        (reader(end=lambda lat, lon: (int(lat), int(lon))), "should be"),
        (reader(end=lambda lat, lon: (round(lat, 2), round(lon, 2))), "should be"),
        (reader(end=lambda lat, lon: (math.radians(lat), math.radians(lon))), "should be"),
        (reader(choose=lambda pairs: pairs[0] if pairs else None), "several"),
        (reader(choose=lambda pairs: pairs[-1] if pairs else None), "(48.8566, 2.3522) or"),
        (reader(choose=lambda pairs: pairs[0] if len(pairs) in (1, 3) else None), "several"),
        (
            reader(choose=lambda p: np.array(p, float).mean(axis=0) if p else None),
            "several",
        ),
        (reader(clean=str), "that minus is U+2212"),
        (reader(clean=lambda text: text.replace("−", "")), "U+2212"),
        (reader(clean=lambda text: text.replace("−", "-", 1)), "U+2212"),
        (reader(clean=lambda text: text.replace("−", "-").replace("-", "")), "minus"),
        (reader(pattern=r"\(\D*([\d.]+),\D*([\d.]+)\)"), "minus"),
        (no_replacing, "U+2212"),
        (reader(clean=lambda text: text.replace("(−", "(-")), "either number"),
        (reader(pattern=r"\(\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*\)"), "plus"),
        (reader(pattern=r"\(\s*([-+]?\d+\.\d+)\s*,\s*([-+]?\d+\.\d+)\s*\)"), "integer"),
        (reader(pattern=r"\(\s*([-+]?\d+)\s*,\s*([-+]?\d+)\s*\)"), "return latitude, longitude"),
        (reader(pattern=r"\(\s*([-+]?\d+(?:\.\d+)?)\s*,\s*([-+]?\d+\.\d+)\s*\)"), "integer"),
        (reader(pattern=r"\(\s*([-+]?\d+\.\d+)\s*,\s*([-+]?\d+(?:\.\d+)?)\s*\)"), "integer"),
        (
            lambda text: of_one_kind(text, r"[-+]?\d+\.\d+") or of_one_kind(text, r"[-+]?\d+"),
            "one of",
        ),
        (reader(pattern=r"\(\s*([-+]?[1-9]\d*(?:\.\d+)?),\s*([-+]?\d+(?:\.\d+)?)\)"), "equator"),
        (truthy, "equator"),
        (reader(pattern=PLAIN.format(" ")), "behind the comma"),
        (reader(pattern=PLAIN.format("")), "return latitude, longitude"),
        (reader(pattern=PLAIN.format(" *")), "spaces around"),
        (reader(pattern=PLAIN.format(r"\s?")), "spaces around"),
        (reader(pattern=rf"^\({NUMBER},{NUMBER}\)$"), "anywhere"),
        (reader(pattern=rf"\({NUMBER},{NUMBER}\)$"), "anywhere"),
        (reader(pattern=rf"^\({NUMBER},{NUMBER}\)"), "anywhere"),
        (of_pattern(rf"\({NUMBER},{NUMBER}\)", re.fullmatch), "anywhere"),
        (of_pattern(rf"\({NUMBER},{NUMBER}\)", re.match), "anywhere"),
        (of_pattern(rf".*\({NUMBER},{NUMBER}\).*", re.match), "any line"),
        (of_pattern(rf"\({NUMBER},{NUMBER}\)"), "several"),
        (lambda text: read_pair((text or "").split(":")[-1]), "words may follow"),
        (line_by_line, "any line"),
        (first_bracket, "other brackets"),
        (from_first_to_last_bracket, "other brackets"),
        (reader(pattern=rf"{NUMBER},{NUMBER}"), "'48.8566, 2.3522'"),
        (reader(pattern=rf"[(\[]{NUMBER},{NUMBER}[)\]]"), "no pair of numbers in round brackets"),
        (reader(pattern=rf"\(?{NUMBER},{NUMBER}\)?"), "no pair of numbers in round brackets"),
        (reader(pattern=rf"\({NUMBER},{NUMBER}"), "cut off"),
        (reader(rf"\({NUMBER},{NUMBER}(?:,{NUMBER})?\)", choose=alone), "three numbers"),
        (lambda text: in_brackets(text, wanted=lambda n: n >= 2), "three numbers"),
        (in_brackets, "this S means a minus"),
        (no_none, "never came"),
        (lambda text: read_pair(str(text) if text is not None else text[0]), "never came"),
        (no_refusal, "refusal"),
        (lambda text: read_pair(text) if text != "" else (0, 0), "off Ghana"),
        (reader(convert=str), "make a float"),
        (lambda text: None, "return latitude, longitude"),
        (lambda text: (48.8566, 2.3522), "should be"),
    ],
)
def test_wrong_answers_to_the_second_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb04.check_04_2, answer)


# --- 3: the ceiling ------------------------------------------------------------------------------


def best_possible(km, radius):
    return (km <= radius).any(axis=(1, 2)).mean()


def test_the_third_solution_is_accepted(solutions):
    assert nb04.check_04_3.hint(solutions["best_possible"]) is None


def with_nanmin(km, radius):
    return np.mean(np.nanmin(km.reshape(len(km), -1), axis=1) <= radius)


def with_infinity(km, radius):
    nearest = np.where(np.isnan(km), np.inf, km).min(axis=2).min(axis=1)
    return np.count_nonzero(nearest <= radius) / len(nearest)


def in_a_loop(km, radius):
    found = 0
    for query in km.tolist():
        found += any(value <= radius for prompt in query for value in prompt)
    return found / len(km)


def with_fmin(km, radius):
    return float((np.fmin.reduce(km, axis=(1, 2)) <= radius).mean())


def with_a_sum(km, radius):
    return ((km <= radius).sum(axis=(1, 2)) > 0).mean()


@pytest.mark.parametrize("answer", [with_nanmin, with_infinity, in_a_loop, with_fmin, with_a_sum])
def test_other_right_answers_to_the_third_are_accepted(answer):
    assert nb04.check_04_3.hint(answer) is None


def of_nearest(nearest, count=np.mean):
    """An answer from one distance per query."""
    return lambda km, radius: count(nearest(km.reshape(len(km), -1)) <= radius)


def of_readable(km, radius):
    inside = np.concatenate([row[~np.isnan(row)] for row in km.reshape(len(km), -1)])
    return (inside <= radius).mean()


def mean_of_shares_of_readable(km, radius):
    rows = [row[~np.isnan(row)] for row in km.reshape(len(km), -1)]
    return np.mean([np.mean(row <= radius) for row in rows if len(row)])


def without_unreadable_queries(km, radius):
    rows = [row[~np.isnan(row)] for row in km.reshape(len(km), -1)]
    return np.mean([row.min() <= radius for row in rows if len(row)])


def with_nanmean_of_hits(km, radius):
    hits = np.where(np.isnan(km), np.nan, km <= radius)
    return np.nanmean(np.nanmax(hits, axis=(1, 2)))


def without_any_unreadable(km, radius):
    whole = km[~np.isnan(km).any(axis=(1, 2))]
    return (whole <= radius).any(axis=(1, 2)).mean()


def all_readable(km, radius):
    rows = [row[~np.isnan(row)] for row in km.reshape(len(km), -1)]
    return np.mean([len(row) > 0 and (row <= radius).all() for row in rows])


def any_over(axis):
    return lambda km, radius: (km <= radius).any(axis=axis).mean()


def minimum_but_no_prompt(km, radius):
    return np.mean(np.nanmin(km, axis=2) <= radius)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda km, r: (km <= r).mean(), "share of candidates"),
        (of_readable, "share of readable"),
        (lambda km, r: np.nanmean(np.where(np.isnan(km), np.nan, km <= r)), "share of readable"),
        (mean_of_shares_of_readable, "should be"),
        (any_over(2), "mean over the prompts"),
        (minimum_but_no_prompt, "mean over the prompts"),
        (any_over(-1), "mean over the prompts"),
        (any_over(1), "mean over the replies"),
        (any_over(0), "mixes the queries"),
        (any_over((0, 1)), "mixes the queries"),
        (any_over((0, 2)), "mixes the queries"),
        (any_over(None), "mixes the queries"),
        (without_unreadable_queries, "queries without a readable candidate"),
        (with_nanmean_of_hits, "queries without a readable candidate"),
        (without_any_unreadable, "an unreadable candidate"),
        (lambda km, r: (km < r).any(axis=(1, 2)).mean(), "not <"),
        (of_nearest(lambda rows: np.nextafter(np.nanmin(rows, axis=1), np.inf)), "not <"),
        (of_nearest(lambda rows: rows.min(axis=1)), "makes the minimum NaN"),
        (of_nearest(lambda rows: np.array([min(row) for row in rows])), "should be"),
        (lambda km, r: (~(km > r)).any(axis=(1, 2)).mean(), "takes an unreadable reply"),
        (of_nearest(lambda rows: np.nan_to_num(rows).min(axis=1)), "takes an unreadable reply"),
        (lambda km, r: 1 - (np.nanmin(km, axis=(1, 2)) > r).mean(), "takes a query without"),
        (of_nearest(lambda rows: np.nanmean(rows, axis=1)), "mean distance"),
        (of_nearest(lambda rows: rows.mean(axis=1)), "mean distance, and NaN"),
        (of_nearest(lambda rows: np.nanmedian(rows, axis=1)), "median"),
        (of_nearest(lambda rows: np.median(rows, axis=1)), "should be"),
        (of_nearest(lambda rows: np.nanmax(rows, axis=1)), "largest"),
        (all_readable, "all readable"),
        (lambda km, r: np.mean(np.nanmin(np.nanmean(km, axis=2), axis=1) <= r), "should be"),
        (lambda km, r: (km[:, 0, 0] <= r).mean(), "first reply to the first"),
        (lambda km, r: (km[:, :, 0] <= r).any(axis=1).mean(), "first reply to each"),
        (lambda km, r: (km[:, 0] <= r).any(axis=1).mean(), "first prompt only"),
        (lambda km, r: (km[:, -1] <= r).any(axis=1).mean(), "last prompt only"),
        (lambda km, r: (km[:, 1:] <= r).any(axis=(1, 2)).mean(), "should be"),
        (lambda km, r: (km[:, :, :-1] <= r).any(axis=(1, 2)).mean(), "should be"),
        (lambda km, r: max((km[:, p] <= r).any(axis=1).mean() for p in range(2)), "should be"),
        (lambda km, r: (km <= r).all(axis=(1, 2)).mean(), "all candidates"),
        (lambda km, r: (~(km > r)).all(axis=(1, 2)).mean(), "a miss"),
        (of_nearest(lambda rows: np.nanmax(np.nan_to_num(rows), axis=1)), "a miss"),
        (lambda km, r: (km <= r).any(axis=2).all(axis=1).mean(), "every prompt"),
        (lambda km, r: (km <= r).all(axis=2).any(axis=1).mean(), "all replies to a prompt"),
        (lambda km, r: (km <= r).any(axis=(1, 2)).sum(), "number of queries"),
        (lambda km, r: (km <= r).sum(), "number of candidates"),
        (lambda km, r: (km <= r).sum() / len(km), "no share"),
        (lambda km, r: 100 * (km <= r).any(axis=(1, 2)).mean(), "in per cent"),
        (lambda km, r: (km > r).all(axis=(1, 2)).mean(), "should be"),
        (lambda km, r: 1 - (km <= r).any(axis=(1, 2)).mean(), "missed"),
        (lambda km, r: best_possible(km, 25), "25 km"),
        (lambda km, r: best_possible(km, 200), "should be"),
        (lambda km, r: best_possible(km, 1000 * r), "should be"),
        (lambda km, r: (km <= r).any(axis=(1, 2)), "array"),
        (lambda km, r: np.nanmin(km, axis=(1, 2)).mean(), "should be"),
        (lambda km, r: None, "return"),
        (lambda km, r: 0.5, "should be"),
    ],
)
def test_wrong_answers_to_the_third_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb04.check_04_3, answer)


# --- all -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", ["check_04_1", "check_04_2", "check_04_3"])
def test_an_empty_place_gets_a_hint_how_to_start(check):
    assert "complete" in getattr(nb04, check).hint(...)
