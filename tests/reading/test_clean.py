"""Thinking is cut, signs become alike, markup goes: nothing else may change."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from g3lite.reading.clean import (
    same_signs,
    with_o_told,
    without_latex_words,
    without_markup,
    without_thinking,
)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("<think>a</think>b", "b"),
        ("<thinking>a</thinking>b", "b"),
        ("<THINK>a</THINK>b", "b"),
        ("[THINK]a[/THINK]b", "b"),
        ("◁think▷a◁/think▷b", "b"),
        ("<seed:think>a</seed:think>b", "b"),
        ("<|begin_of_thought|>a<|end_of_thought|>b", "b"),
        ("<|channel|>analysis<|message|>a<|end|><|channel|>final<|message|>b", "<|message|>b"),
        ("<think>a<think>b</think>c</think>d", "d"),
        ("a</think>b", "b"),
        ("a<think>b</think>c", "a\nc"),
        ("<think/>a", "<think/>a"),
        ("I think <thing>", "I think <thing>"),
        ("<think>a", None),
        ("a<think>b</think>c<think>d", None),
    ],
)
def test_thinking_is_cut_and_one_that_never_ends_leaves_nothing(text, rest):
    said = without_thinking(text)
    assert said is None if rest is None else said.strip() == rest


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(["<think>", "</think>", "a", "b"]), max_size=12))
def test_nothing_between_tags_is_left(parts):
    text = "".join(parts)
    said = without_thinking(f"{text}</think></think></think></think></think></think>END")
    assert said is None or ("END" in said and "<think>" not in said and "</think>" not in said)
    assert without_thinking(f"{text}<think>rest") is None


@pytest.mark.parametrize(
    ("text", "alike"),
    [
        ("−1 –2 ‑3 －4", "-1 -2 -3 -4"),
        ("１：２；（３）", "１:２;(３)"),  # digits stay foreign
        ("48°51′24″", "48°51'24''"),
        ("48.\u200b85", "48.85"),
        ("48.85&deg; N &#45;", "48.85° N -"),
        ("Latitude–48.85", "Latitude—48.85"),  # a dash that separates is no minus
        ("Latitude: –48.85", "Latitude: -48.85"),
        ("Paris – 48.85", "Paris — 48.85"),
        ("Paris –48.85", "Paris -48.85"),
        ("38º42´50ʺ", "38°42'50''"),
    ],
)
def test_signs_become_alike(text, alike):
    assert same_signs(text) == alike


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("**48.85** W", "48.85 W"),
        ("48*2", "48*2"),  # between digits it is no markup
        ("`48.85`, _2.35_", "48.85, 2.35"),
        ("## Final answer", "Final answer:"),
        ("<lat>48.85</lat>", "lat: 48.85"),
        ('<point lat="48.85"/>', 'point lat="48.85"'),
        ("$48.85^\\circ$", "48.85°"),
        ("\\boxed{48.85}", "final answer: {48.85}"),
        ("~~48.85~~ 2.35", "2.35"),
        ("[a](https://maps.example/?q=48.85,2.35)", "[a]("),
        ("- **Latitude:** 48.85", "Latitude: 48.85"),
        ("1. Latitude: 48.85", "Latitude: 48.85"),
        ("- 48.85", "- 48.85"),  # a list, or a minus
        ("48. 8566", "48. 8566"),
        ("{38.7}<|im_end|>", "{38.7}"),
    ],
)
def test_markup_goes_and_words_stay(text, plain):
    assert without_markup(text).strip() == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\\text{N}", "N"),
        (
            "\\mathrm{Latitude: } 48.85 \\\\\n\\text{Longitude: } 2.35",
            "Latitude:  48.85\nLongitude:  2.35",
        ),
        ('{"a": "\\\\text{N}"}', '{"a": "\\\\text{N}"}'),  # of a string in JSON
    ],
)
def test_words_in_latex_lose_their_braces(text, plain):
    assert without_latex_words(text) == plain


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("Latitud: 33,4° S, Longitud: 70,6° {}", "W"),
        ("Coordonnées : 48,3° N, 4,4°{}", "W"),
        ("C'est Brest : 48,3° N, 4,4° {}", "W"),
        ("Questa è Lisbona: 38,7° N, 9,1° {}", "W"),
        ("Das ist Wien: 48,2° N, 16,3° {}", "E"),
        ("Breitengrad: 48°12' N, Längengrad: 16°22' {}", "E"),
        ("2.35° E or 4.4° {}", "W"),  # in no language are both E and O the east
        ("2.35° W or 4.4° {}", "E"),
    ],
)
def test_o_is_west_or_east_where_the_language_says_so(text, letter):
    assert with_o_told(text.format("O")) == text.format(letter)


@pytest.mark.parametrize(
    "text",
    [
        "38.7° N, 9.1° O",
        "The place is at 48.2° N, 16.3° O",
        "Koordinaten / coordenadas: 48.2° N, 16.3° O",
        "48.2° N, 16.3° E, W of it 4.4° W; 16.3° O",
        "Das ist die Linie 5 Ost, O 5",
    ],
)
def test_o_stays_where_nothing_or_too_much_says_what_it_is(text):
    assert with_o_told(text) == text


@pytest.mark.parametrize("hidden", ["48.8___", "48.8**", "48.8****", "48.8~~566~~"])
def test_what_hides_digits_becomes_a_sign_of_omission(hidden):
    assert "48.8…" in without_markup(f"Latitude: {hidden}, Longitude: 2.3522")


@pytest.mark.parametrize("shown", ["**48.8566**", "__48.8566__", "**at 48.8566**", "`48.8566`"])
def test_bold_numbers_are_complete(shown):
    assert "…" not in without_markup(f"Latitude: {shown}, Longitude: 2.3522")
