"""Thinking is cut, signs become alike, markup goes: nothing else may change."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from g3lite.reading.clean import same_signs, without_markup, without_thinking


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
        ("\\text{N}", "N"),
        ("\\[\\text{Latitude: } 48.85\\]", "\\[Latitude:  48.85\\]"),
        ("Longitud: 3.7038° O", "Longitud: 3.7038° W"),
        ("Länge: 13.405° O", "Länge: 13.405° E"),
        ("52.52° N, 13.405° O", "52.52° N, 13.405° O"),  # whose language?
        ("longitud, Länge: 3.7 O", "longitud, Länge: 3.7 O"),
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


@pytest.mark.parametrize("hidden", ["48.8___", "48.8**", "48.8****", "48.8~~566~~"])
def test_what_hides_digits_becomes_a_sign_of_omission(hidden):
    assert "48.8…" in without_markup(f"Latitude: {hidden}, Longitude: 2.3522")


@pytest.mark.parametrize("shown", ["**48.8566**", "__48.8566__", "**at 48.8566**", "`48.8566`"])
def test_bold_numbers_are_complete(shown):
    assert "…" not in without_markup(f"Latitude: {shown}, Longitude: 2.3522")
