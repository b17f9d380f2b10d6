import re

import numpy as np
import pandas as pd
import pytest

from g3lite.index import Gallery
from g3lite.prompts import (
    PLANS,
    TEMPLATES,
    Prompt,
    PromptPlan,
    Template,
    TemplateError,
    prompt,
    references,
    rough_tokens,
)

COUNTS = (0, 5, 10, 15)
PAIR = re.compile(r"\((-?\d+\.\d{5}), (-?\d+\.\d{5})\)")


def places(k, seed=0):
    return np.random.default_rng(seed).uniform([-90, -180], [90, 180], (k, 2))


def read_back(text):
    """The coordinates of a prompt: those of both lists, as they stand there."""
    lists = re.findall(r"\[(\(.*?\))\]", text)
    return [np.array(PAIR.findall(found), dtype=float) for found in lists]


# --- the wording


@pytest.mark.parametrize("k", COUNTS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_every_ingredient_is_there(name, k):
    text = prompt(places(k), places(k, 1), name)
    assert "expert in geo-localization" in text
    assert re.search(r"this photo.*latitude and longitude", text)
    assert re.search(r"answer is required.*unsure", text)
    for word in ("similar to this one", "dissimilar to it", "Two lists"):
        assert (word in text) == (k > 0)
    assert len(read_back(text)) == (2 if k else 0)
    assert "$" not in text and "\n\n\n" not in text and text == text.strip()


@pytest.mark.parametrize("k", COUNTS)
def test_json_is_asked_for_twice_and_a_pair_where_a_pair_is_meant(k):
    form = {
        name: prompt(places(k), places(k, 1), name).partition("unsure")[2] for name in TEMPLATES
    }
    assert form["json"].count("JSON") == 2 and form["json"].count("float") >= 2
    assert form["json"].count('"latitude"') == form["json"].count('"longitude"') == 2
    assert "nothing else" in form["json"] and "nothing before or after" in form["json"]
    assert "JSON" not in form["pair"] and form["pair"].endswith("(latitude, longitude)")
    assert "nothing else" in form["pair"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_prompts_differ_in_their_lists_alone(name):
    texts = [prompt(places(k), places(k, 1), name) for k in COUNTS]
    without = [re.sub(r"\[\(.*?\)\]", "[]", text) for text in texts]
    assert without[1] == without[2] == without[3]
    paragraphs = without[1].split("\n\n")
    (lists,) = [p for p in paragraphs if "[]" in p]
    assert texts[0].split("\n\n") == [p for p in paragraphs if p != lists]


# --- coordinates


def test_coordinates_are_those_given_in_order():
    similar, dissimilar = places(15), places(15, 1)
    first, second = read_back(prompt(similar, dissimilar))
    assert first.shape == second.shape == (15, 2)
    np.testing.assert_allclose(first, similar, atol=0.51e-5)
    np.testing.assert_allclose(second, dissimilar, atol=0.51e-5)
    swapped = read_back(prompt(dissimilar, similar))
    np.testing.assert_array_equal(swapped[0], second)


def test_hemispheres_poles_and_the_antimeridian():
    corners = [[48.8584, 2.2945], [-33.85678, 151.21529], [-54.8, -68.3], [90, 180], [-90, -180]]
    text = prompt(corners, np.negative(corners), "pair")
    assert "[(48.85840, 2.29450), (-33.85678, 151.21529), (-54.80000, -68.30000), " in text
    assert "(90.00000, 180.00000), (-90.00000, -180.00000)]" in text
    np.testing.assert_allclose(read_back(text), [corners, np.negative(corners)])


def test_there_is_no_minus_zero():
    text = prompt([[-0.0, -1e-6]], [[-4e-6, -0.00001]])
    assert "[(0.00000, 0.00000)]" in text and "[(0.00000, -0.00001)]" in text
    assert "-0.00000" not in text


def test_repeated_coordinates_stay():
    first, _ = read_back(prompt([[1, 2]] * 5, places(5)))
    np.testing.assert_array_equal(first, [[1, 2]] * 5)


@pytest.mark.parametrize(
    ("similar", "dissimilar", "message"),
    [
        ([[1, np.nan]], [[0, 0]], "similar references: longitude nan in row 0"),
        ([[1, 2]], [[0, 0.5], [151, 3]], "^dissimilar references: latitude 151 in row 1"),
        ([1, 2], [[0, 0]], r"similar references: .*shape \(2,\)"),
        ([[1, 2, 3]], [[0, 0, 0]], r"shape \(1, 3\)"),
        ([["Paris", 2]], [[0, 0]], "must be numbers"),
        ([[1, 2], [3, 4]], [[0, 0]], "2 similar but 1 dissimilar"),
        ([[1, 2]], None, "1 similar but 0 dissimilar"),
    ],
)
def test_bad_references_are_refused(similar, dissimilar, message):
    with pytest.raises(ValueError, match=message):
        prompt(similar, dissimilar)
    with pytest.raises(ValueError, match=message):
        PromptPlan((0, 1)).prompts(similar, dissimilar)


# --- templates of one's own


def test_a_template_from_a_file(tmp_path):
    path = tmp_path / "wörtlich.txt"
    path.write_bytes(
        "\ufeffWo ist das?\r\n\r\nÄhnlich: $similar\r\nUnähnlich: ${dissimilar}!\r\n \r\n"
        'Für 5 $$: {"latitude": 1}\r\n'.encode()
    )
    expected = (
        "Wo ist das?\n\nÄhnlich: [(1.00000, 2.00000)]\nUnähnlich: [(3.00000, 4.00000)]!\n\n"
        'Für 5 $: {"latitude": 1}'
    )
    for which in (path, str(path), Template.from_name(path), Template(path.read_text("utf-8-sig"))):
        assert prompt([[1, 2]], [[3, 4]], which) == expected
    assert prompt(template=path) == 'Wo ist das?\n\nFür 5 $: {"latitude": 1}'
    plan = PromptPlan(template=path)
    path.unlink()  # read once, when the plan was made
    assert plan.prompts(places(15), places(15))[0].text.startswith("Wo ist das?")
    assert str(plan).startswith("template wörtlich.txt")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Where?\n\n$similar", r"missing \$dissimilar"),
        ("Where?", r"missing \$similar, missing \$dissimilar"),
        ("", "missing"),
        ("Where?\n\n$similar $dissimilar\n\n$city", r"unknown \$city"),
        ("Where?\n\n$similarly $dissimilar", r"unknown \$similarly, missing \$similar"),
        ("Where? For $5.\n\n$similar $dissimilar", r"\$ names no field; write \$\$"),
        ("Where? $similar\nNot: $dissimilar", "without references nothing is left"),
        ("Where?\n\n$$similar $dissimilar", r"missing \$similar"),
    ],
)
def test_bad_templates_are_refused(tmp_path, text, message):
    with pytest.raises(TemplateError, match="template own: .*" + message):
        Template(text)
    path = tmp_path / "bad.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TemplateError, match="template bad.txt: .*" + message):
        prompt(template=path)


def test_files_that_cannot_be_read_are_refused(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes("Où?\n\n$similar $dissimilar".encode("latin-1"))
    with pytest.raises(TemplateError, match=r"latin.txt is not UTF-8 text \(byte 1\)"):
        prompt(template=path)
    with pytest.raises(TemplateError, match="absent.txt cannot be read: No such file"):
        prompt(template=tmp_path / "absent.txt")
    with pytest.raises(TemplateError, match="cannot be read"):
        PromptPlan(template=tmp_path)


@pytest.mark.parametrize("which", ["yaml", "absent.txt", "$similar and $dissimilar " * 50])
def test_an_unknown_template_names_those_there_are(which):
    with pytest.raises(TemplateError, match="neither one of json, pair, nor a file.*Template"):
        prompt(template=which)
    with pytest.raises(TemplateError, match="unknown template"):
        PromptPlan(template=which)


# --- plans


def test_presets_are_those_of_the_method():
    found = {
        name: (plan.references, plan.replies, plan.asked, plan.temperature, plan.template.name)
        for name, plan in PLANS.items()
    }
    assert found == {
        "paper": ((0, 5, 10, 15), 5, 10, 1.2, "json"),
        "paper_yfcc4k": ((0, 5, 10, 15), 1, 1, 1.2, "json"),
        "single": ((10,), 5, 10, 1.2, "json"),
    }


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_plan_gives_each_prompt_the_first_references(name):
    similar, dissimilar = places(20), places(20, 1)
    prompts = PromptPlan(template=name).prompts(similar, dissimilar)
    assert [p.references for p in prompts] == list(COUNTS)
    for k, made in zip(COUNTS, prompts, strict=True):
        assert made == Prompt(prompt(similar[:k], dissimilar[:k], name), k)
        assert str(made) == made.text
    assert PromptPlan((0,), template=name).prompts() == [Prompt(prompt(template=name), 0)]


@pytest.mark.parametrize(("near", "far"), [(3, 15), (12, 7), (0, 15), (15, 0), (0, 0), (15, 15)])
def test_a_prompt_names_as_many_references_as_were_found(near, far):
    similar, dissimilar = places(15), places(15, 1)
    similar[near:], dissimilar[far:] = np.nan, np.nan
    for made, k in zip(PromptPlan().prompts(similar, dissimilar), COUNTS, strict=True):
        assert made.references == k  # as planned: it tells the replies apart
        if not k or near == far == 0:
            assert made.text == prompt()
            continue
        wanted = [similar[: min(k, near)], dissimilar[: min(k, far)]]
        named = [some for some in wanted if len(some)]
        for found, some in zip(read_back(made.text), named, strict=True):
            np.testing.assert_allclose(found, some, rtol=0, atol=1e-5)
        assert made.text.count(": []") == 2 - len(named) and "nan" not in made.text


def test_too_few_references_are_refused():
    with pytest.raises(ValueError, match="14 references of either kind; 15 are needed"):
        PromptPlan().prompts(places(14), places(14))
    with pytest.raises(ValueError, match="0 references of either kind; 10 are needed"):
        PLANS["single"].prompts()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"references": ()}, r"references \(\)"),
        ({"references": (0, -5)}, "none below 0"),
        ({"references": (5, 5)}, "different numbers"),
        ({"replies": 0}, "0 replies of 0"),
        ({"replies": 5, "asked": 4}, "5 replies of 4 asked for"),
        ({"temperature": -0.1}, "temperature -0.1"),
        ({"temperature": float("nan")}, "temperature nan"),
    ],
)
def test_plans_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        PromptPlan(**options)
    with pytest.raises(TypeError):
        PromptPlan(references=(0, 2.5))


def test_a_plan_prints_as_a_table():
    assert str(PLANS["paper"]).splitlines() == [
        "template json, T = 1.2",
        "similar + dissimilar  replies asked for  used",
        "               0 + 0                 10     5",
        "               5 + 5                 10     5",
        "             10 + 10                 10     5",
        "             15 + 15                 10     5",
        " 4 prompts per query                 40    20",
    ]
    assert str(PLANS["single"]).splitlines()[-1] == "  1 prompt per query                 10     5"
    assert "$" not in repr(PLANS["paper"])  # the wording is not spelt out
    assert len({PLANS["paper"], PromptPlan([0, 5, 10, 15], asked=10)}) == 1


def test_tokens_by_hand():
    assert rough_tokens("") == 0
    assert rough_tokens("Look at this photo.") == 5
    assert rough_tokens("geolocalization") == 3  # 15 letters
    assert rough_tokens("(48.85840, -122.29450)") == 12  # ( 48 . 858 40 , - 122 . 294 50 )
    assert rough_tokens('{"latitude": 1.0}') == 10  # { " latitu de " : 1 . 0 }


def test_cost_by_hand():
    plan = PromptPlan(references=(0, 5), replies=2, asked=4)
    costs = plan.estimate(100, 700, 2.5, 10, 20, tokens=lambda text: 50 + 10 * text.count("("))
    assert list(costs.index) == [0, 5, "all"]
    # 5 + 5 references and "(latitude, longitude)" open 11 parentheses, no references none.
    assert costs["requests"].tolist() == [100, 100, 200]
    assert costs["tokens_in"].tolist() == [100 * 750, 100 * (700 + 50 + 110), 161_000]
    assert costs["tokens_out"].tolist() == [100 * 4 * 20] * 2 + [16_000]
    first, second = (75_000 * 2.5 + 8_000 * 10) / 1e6, (86_000 * 2.5 + 8_000 * 10) / 1e6
    np.testing.assert_allclose(costs["price"], [first, second, first + second])


def test_a_server_that_ignores_n_costs_a_request_per_reply():
    paper = PLANS["paper"]
    together, one, three = (paper.estimate(10, 0, 1, 0, per_request=n) for n in (None, 1, 3))
    assert together.loc["all", "requests"] == 40
    assert one.loc["all", "requests"] == 400 and three.loc["all", "requests"] == 160
    np.testing.assert_allclose(one["price"], 10 * together["price"])
    assert (one["tokens_out"] == together["tokens_out"]).all()


def test_an_estimate_is_not_below_what_is_sent():
    for name in TEMPLATES:
        plan = PromptPlan(template=name)
        sent = [len(text) for text, _ in plan.prompts(places(15), places(15, 1))]
        costs = plan.estimate(1, 0, 1, 0, tokens=len)
        assert (costs["tokens_in"].to_numpy()[:4] >= sent).all()
        assert costs.loc["all", "tokens_in"] < 1.1 * sum(sent)


def test_bad_estimates_are_refused():
    with pytest.raises(ValueError, match="0 or more"):
        PromptPlan().estimate(10, 100, -1, 0)
    with pytest.raises(ValueError, match="0 replies per request"):
        PromptPlan().estimate(10, 100, 1, 1, per_request=0)


# --- references from a gallery


def small_gallery(n=40, authors=4):
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(n, 8)).astype(np.float32)
    spots = places(n, 6)
    spots[1] = spots[0]
    table = pd.DataFrame(
        {
            "IMG_ID": [f"p{i}" for i in range(n)],
            "AUTHOR": [f"a{i % authors}" for i in range(n)],
            "LAT": spots[:, 0],
            "LON": spots[:, 1],
        }
    )
    return Gallery.build(table, vectors, model="test"), vectors, spots


def test_references_are_the_ends_of_the_whole_ranking():
    gallery, vectors, spots = small_gallery()
    queries = np.random.default_rng(7).normal(size=(6, 8)).astype(np.float32)
    similar, dissimilar = references(gallery, queries)
    assert similar.shape == dissimilar.shape == (6, 15, 2) and similar.dtype == np.float64
    order = np.argsort(-queries @ vectors.T, axis=1)
    np.testing.assert_array_equal(similar, spots[order[:, :15]])
    np.testing.assert_array_equal(dissimilar, spots[order[:, ::-1][:, :15]])
    assert len(PromptPlan().prompts(similar[0], dissimilar[0])) == 4


def test_references_pass_on_centre_and_photographer():
    gallery, vectors, spots = small_gallery()
    queries, centre = vectors[:3], vectors.mean(axis=0)
    similar, dissimilar = references(gallery, queries, 5, centre, exclude_author=["a0", "a1", "a2"])
    for i in range(3):
        others = np.flatnonzero(np.arange(40) % 4 != i)
        near = others[np.argsort(-vectors[others] @ queries[i])[:5]]
        far = others[np.argsort(vectors[others] @ (queries[i] - centre))[:5]]
        np.testing.assert_array_equal(similar[i], spots[near])
        np.testing.assert_array_equal(dissimilar[i], spots[far])


def test_spots_of_several_photos_are_several_references():
    gallery, vectors, spots = small_gallery()
    similar, _ = references(gallery, (vectors[0] + vectors[1])[None], 40)
    assert (similar[0] == spots[0]).all(axis=1).sum() == 2


def test_where_a_query_has_fewer_neighbours_the_rest_is_nan():
    gallery, vectors, spots = small_gallery(n=12)
    for found in references(gallery, vectors[:2]):
        assert found.shape == (2, 15, 2) and np.isnan(found[:, 12:]).all()
        for one in found[:, :12]:
            np.testing.assert_array_equal(np.unique(one, axis=0), np.unique(spots, axis=0))
    similar, dissimilar = references(gallery, vectors[:2], 10, exclude_author=["nobody", "a1"])
    assert np.isnan(similar).any(axis=2).sum(axis=1).tolist() == [0, 1]
    assert np.isnan(dissimilar).any(axis=2).sum(axis=1).tolist() == [0, 1]
    assert not (similar[1, 9:] == spots[-1]).any()  # row -1 of the gallery is no neighbour
    for found in references(gallery, vectors[:2], 0):
        assert found.shape == (2, 0, 2)
