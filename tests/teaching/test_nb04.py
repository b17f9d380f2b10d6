"""The exercises of notebook 04: their checks take the solution and reject what students get wrong.

Every wrong answer is written as a student would write it, independently of the checks' own list.
"""

import ast
import math
import re

import numpy as np
import pytest
import torch
from mutants import one_edit
from scipy import special

from g3lite import prompts
from g3lite.prompts import PromptPlan
from g3lite.teaching import notebooks
from g3lite.teaching.checks import nb04
from g3lite.teaching.checks.check import reseeded

pytestmark = pytest.mark.filterwarnings("ignore:All-NaN", "ignore:Mean of empty")


NAME = "04_prompt_diversification"


@pytest.fixture(scope="module")
def given():
    """What the solutions read, by name."""
    return {"np": np, "re": re, "prompts": prompts, "PromptPlan": PromptPlan}


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


@pytest.mark.parametrize(
    "answer",
    [nb04.probabilities, with_scipy, with_torch, row_by_row, hardly_warm, with_a_power],
)
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


def minimum(z, t):
    return normalised(np.exp((z - z.min(axis=1, keepdims=True)) / t))


def nearly_zero(logits, temperature):
    return probabilities(logits, temperature if temperature >= 0.05 else 0)


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
        (of_logits(minimum), "must be its largest"),
        (nearly_zero, "a low temperature is not 0"),
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
STRICT = r" *([-+]?[0-9]+(?:\.[0-9]+)?) *"
OTHER_DIGITS = r" *([-+]?\d+(?:\.\d+)?) *"


def read_pair(text):
    number = r" *([-+]?[0-9]+(?:\.[0-9]+)?) *"
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
    for inside in re.findall(r"\(([-+., 0-9]*)\)", text.replace("−", "-")):
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
        if not set(inside) <= set("+-.0123456789, "):
            continue
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
    number = r" *([-+−]?[0-9]+(?:[.][0-9]*)?) *"
    matches = list(re.finditer(r"\(" + number + "," + number + r"\)", text or ""))
    if len(matches) != 1:
        return None
    pair = np.array([s.replace("−", "-") for s in matches[0].groups()], dtype=np.float32)
    return pair if not (np.abs(pair) > np.array([90, 180])).any() else None


@pytest.mark.parametrize(
    "answer",
    [nb04.read_pair, read_pair, with_literals, without_regular_expressions, with_an_array],
)
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


def once_each(pairs):
    return pairs[0] if len(set(pairs)) == 1 else None


def possible(pairs):
    fine = [pair for pair in pairs if abs(float(pair[0])) <= 90 and abs(float(pair[1])) <= 180]
    return fine[0] if len(fine) == 1 else None


def or_nothing(number):
    try:
        return float(number)
    except ValueError:
        return 99.0


NUMBERS = {
    "choose": lambda pairs: (
        [or_nothing(number) for number in pairs[0]] if len(pairs) == 1 else None
    ),
    "fine": lambda lat, lon: not (abs(lat) > 90 or abs(lon) > 180),
}


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
        (reader(pattern=r"\( *([^ ,()]+) *, *([^ ,()]+) *\)", **NUMBERS), "nan is no number"),
        (reader(pattern=rf"\({STRICT},{STRICT}\)", choose=once_each), "the same pair twice"),
        (reader(pattern=rf"\({STRICT},{STRICT}\)", choose=possible), "before you look at limits"),
        (reader(pattern=rf"\({STRICT}(?:e[0-9]+)?,{STRICT}(?:e[0-9]+)?\)"), "digits 0 to 9"),
        (reader(pattern=rf"\({OTHER_DIGITS},{OTHER_DIGITS}\)"), "other digits"),
        (reader(pattern=rf"\({STRICT}[,;]{STRICT}\)"), "has a comma"),
        (reader(pattern=rf"\({STRICT}°?,{STRICT}°?\)"), "only two numbers"),
        (reader(pattern=rf"\({STRICT}N?,{STRICT}E?\)"), "only two numbers"),
        (reader(pattern=rf"\((?:lat)?{STRICT},(?: lon)?{STRICT}\)"), "only two numbers"),
        (reader(pattern=rf"\({STRICT},\s*{STRICT}\)"), "line break"),
        (reader(), "other digits"),  # \\d and \\s
        (lambda text: None, "return latitude, longitude"),
        (lambda text: (48.8566, 2.3522), "should be"),
    ],
)
def test_wrong_answers_to_the_second_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb04.check_04_2, answer)


# --- 3: more prompts, or more tries ---------------------------------------------------------------


def variety(km, radius):
    queries, prompts_, _ = km.shape
    hits = [[any(km[q, p, :prompts_] <= radius) for p in range(prompts_)] for q in range(queries)]
    single = max(np.mean([row[p] for row in hits]) for p in range(prompts_))
    return np.mean([(km[q, :, 0] <= radius).any() for q in range(queries)]) - single


def test_the_third_solution_is_accepted(solutions):
    assert nb04.check_04_3.hint(solutions["worth_of_variety"]) is None


def with_fmin(km, radius):
    p = km.shape[1]
    nearest = np.fmin.reduce(km[:, :, :p], axis=2)
    each = np.fmin.reduce(km[:, :, 0], axis=1)
    return float(np.mean(each <= radius) - max(np.mean(nearest <= radius, axis=0)))


def with_infinity(km, radius):
    km = np.nan_to_num(km, nan=np.inf)
    p = km.shape[1]
    return (km[..., 0].min(1) <= radius).mean() - (km[..., :p].min(2) <= radius).mean(0).max()


@pytest.mark.parametrize("answer", [nb04.worth_of_variety, variety, with_fmin, with_infinity])
@pytest.mark.parametrize("seed", [0, 1])
def test_right_answers_to_the_third_are_accepted_on_all_data(answer, seed):
    assert nb04.check_04_3.hint(answer) is None
    with reseeded(seed):
        assert nb04.check_04_3.hint(answer) is None


def of(each, one):
    """An answer made of its two halves, of hits (queries, prompts, replies)."""
    return lambda km, radius: each(km <= radius) - one(km <= radius)


def each_once(near):
    return near[:, :, 0].any(axis=1).mean()


def best_of_one(near):
    return near[:, :, : near.shape[1]].any(axis=2).mean(axis=0).max()


def tries(near, number):
    return near[:, :, :number].any(axis=2).mean(axis=0).max()


def with_nanmin(km, radius):
    each = np.nanmin(km[:, :, 0], axis=1)
    one = np.nanmin(km[:, :, : km.shape[1]], axis=2)
    return (each[~np.isnan(each)] <= radius).mean() - np.nanmax(np.nanmean(one <= radius, axis=0))


def with_min(km, radius):
    p = km.shape[1]
    one = (km[:, :, :p].min(axis=2) <= radius).mean(axis=0).max()
    return (km[:, :, 0].min(axis=1) <= radius).mean() - one


def without_unreadable(km, radius):
    return variety(km[~np.isnan(km).all(axis=(1, 2))], radius)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (of(each_once, lambda near: 0), "prompts' share alone"),
        (of(best_of_one, lambda near: 0), "single prompt's share alone"),
        (of(best_of_one, each_once), "the sign"),
        (of(each_once, lambda near: tries(near, None)), "more tries there than all"),
        (of(lambda near: near.any(axis=(1, 2)).mean(), best_of_one), "more tries there than the"),
        (of(each_once, lambda near: tries(near, 1)), "one reply to one prompt"),
        (of(each_once, lambda near: tries(near[:, :1], near.shape[1])), "the first prompt"),
        (of(each_once, lambda near: tries(near[:, -1:], near.shape[1])), "the last prompt"),
        (
            of(each_once, lambda near: near[..., : near.shape[1]].any(axis=2).mean(axis=0).min()),
            "the worst prompt",
        ),
        (of(each_once, lambda near: near[..., : near.shape[1]].any(axis=2).mean()), "the mean of"),
        (
            of(each_once, lambda near: near[..., : near.shape[1]].any(axis=2).max(axis=1).mean()),
            "another prompt for each query",
        ),
        (lambda km, r: variety(km, np.nextafter(r, 0)), "not <"),
        (lambda km, r: variety(np.nan_to_num(km), r), "NaN is a miss"),
        (without_unreadable, "left the denominator"),
        (with_min, "should be"),
        (with_nanmin, "should be"),
        (lambda km, r: 100 * variety(km, r), "per cent"),
        (lambda km, r: len(km) * variety(km, r), "number of queries"),
        (lambda km, r: variety(km, 25), "25 km"),
        (lambda km, r: variety(km, 200), "should be"),
        (lambda km, r: variety(km[:, :, ::-1], r), "should be"),
        (lambda km, r: variety(km[:, :-1], r), "should be"),
        (lambda km, r: variety(km[:-1], r), "should be"),
        (lambda km, r: round(variety(km, r), 2), "should be"),
        (lambda km, r: abs(variety(km, r)), "should be"),
        (lambda km, r: (km <= r).any(axis=2).mean(axis=0), "array"),
        (lambda km, r: None, "return"),
        (lambda km, r: 0.05, "should be"),
    ],
)
def test_wrong_answers_to_the_third_are_rejected(answer, hint, rejected):
    assert hint in rejected(nb04.check_04_3, answer)


# --- 4: write and price a prompt -----------------------------------------------------------------

SHORT = """\
Where was this photo taken?

Similar: $similar
Dissimilar: $dissimilar

Answer with (latitude, longitude).
"""
ASKED = {"queries": 2_997, "tokens_per_image": 255, "price_in": 10, "price_out": 30}


def priced(wording=SHORT, references=(0, 5, 10), replies=2, **changed):
    plan = PromptPlan(tuple(references), replies, template=prompts.Template(wording))
    return float(plan.estimate(**ASKED | changed).price["all"])


def by_hand(references=(0, 5, 10), replies=2):
    """The price without `estimate`."""
    sent = 0
    for k in references:
        some = np.tile([-12.34567, -123.45678], (k, 1))
        text = prompts.prompt(some, some, prompts.Template(SHORT))
        sent += 2_997 * (prompts.rough_tokens(text) + 255)
    return (10 * sent + 30 * 2_997 * len(references) * replies * 30) / 1e6


def test_the_fourth_solution_is_accepted(solutions):
    names = ("wording", "references", "replies_each", "dollars")
    assert nb04.check_04_4.hint(*(solutions[name] for name in names)) is None


@pytest.mark.parametrize(
    "answer",
    [
        (SHORT, (0, 5, 10), 2, priced()),
        (SHORT, [0, 5, 10], 2, by_hand()),
        (SHORT, np.array([0, 3, 6]), 3, round(priced(references=(0, 3, 6), replies=3), 2)),
        (SHORT, (10, 0, 1), 2, np.float64(priced(references=(10, 0, 1)))),
        (SHORT.replace("(latitude, longitude)", '{"latitude": 1.5, "longitude": 2.5}'), (0, 5, 10),
         2, priced(SHORT.replace("(latitude, longitude)", '{"latitude": 1.5, "longitude": 2.5}'))),
    ],
)  # fmt: skip
def test_other_right_answers_to_the_fourth_are_accepted(answer):
    assert nb04.check_04_4.hint(*answer) is None


@pytest.mark.parametrize(
    ("changed", "hint"),
    [
        ({"wording": 5}, "the wording is a text"),
        ({"wording": SHORT.replace("Dissimilar: $dissimilar\n", "")}, "missing $dissimilar"),
        ({"wording": SHORT.replace("$similar", "$simmilar")}, "unknown $simmilar"),
        ({"wording": SHORT.replace("\n\n", "\n")}, "without references nothing is left"),
        ({"wording": SHORT.replace("\n\nAnswer", "\nAnswer")}, "does not say that a latitude"),
        ({"wording": SHORT.replace(", longitude", "")}, "does not say that a longitude"),
        ({"wording": SHORT.replace("(latitude, longitude)", "latitude and longitude")}, "no form"),
        ({"references": (5, 10, 15)}, "ask without any"),
        ({"references": (0, 10)}, "two other numbers"),
        ({"references": (0, 5, 20)}, "up to 15"),
        ({"references": (0, 5, 5)}, "no plan"),
        ({"references": 10}, "no plan"),
        ({"replies": 1, "dollars": priced(replies=1)}, "two of each"),
        ({"dollars": "54"}, "number of dollars"),
        ({"dollars": math.nan}, "number of dollars"),
        ({"dollars": priced(queries=1)}, "of one photo"),
        ({"dollars": 100 * priced()}, "in cents"),
        ({"dollars": priced(reply_tokens=0)}, "replies are missing"),
        ({"dollars": priced(replies=1)}, "each is paid for"),
        ({"dollars": priced(tokens_per_image=0)}, "picture is missing"),
        ({"dollars": priced() - 2 * 2_997 * 255 * 10 / 1e6}, "not once for a photo"),
        ({"dollars": priced(per_request=1)}, "one request brings all"),
        ({"dollars": priced(price_in=30, price_out=10)}, "wrong way round"),
        ({"dollars": priced() / 3}, "one prompt of the plan"),
        ({"dollars": 1.02 * priced()}, "by the tokens of its prompts"),
        ({"dollars": 0}, "by the tokens of its prompts"),
        ({"replies": 5, "dollars": priced(replies=5)}, "too much"),
        ({"references": (0, 14, 15), "dollars": priced(references=(0, 14, 15))}, "too much"),
    ],
)
def test_wrong_answers_to_the_fourth_are_rejected(changed, hint):
    answer = {"wording": SHORT, "references": (0, 5, 10), "replies": 2, "dollars": priced()}
    assert hint in nb04.check_04_4.hint(*(answer | changed).values())


# --- all -----------------------------------------------------------------------------------------

CHECKS = ["check_04_1", "check_04_2", "check_04_3", "check_04_4"]
EQUIVALENT = {
    # check: what may stand in a solution with one edit that is no mistake, and why
    "check_04_1": {},
    "check_04_2": {"float, found[-1]": "there is one pair only"},
    "check_04_3": {},
}


@pytest.mark.slow
@pytest.mark.parametrize("check", EQUIVALENT)
def test_solutions_with_one_edit_are_rejected(check, given):
    found = notebooks.exercises(notebooks.read_source(notebooks.folder(), NAME), NAME)
    (solution,) = (exercise.solution for exercise in found if exercise.check == check)
    passed, tried = [], 0
    for edit, program in one_edit(solution):
        verdict = []
        space = {
            **given,
            check: lambda answer, v=verdict: v.append(getattr(nb04, check).hint(answer)),
        }
        with np.errstate(all="ignore"):
            try:
                exec(program, space)
            except Exception:
                verdict.append("it does not run")
        tried += 1
        if verdict[-1:] == [None] and not any(p in program for p in EQUIVALENT[check]):
            passed.append(edit)
    assert tried >= 3 and passed == []


@pytest.mark.parametrize("check", CHECKS)
def test_an_empty_place_gets_a_hint_how_to_start(check):
    hint = getattr(nb04, check).hint(...)
    assert "complete" in hint or "give" in hint
