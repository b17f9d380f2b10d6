"""What the words around a place make of it."""

import pytest

from g3lite.reading.collect import collect
from g3lite.reading.statements import ANSWER, ASKED, DENIED, PLAIN

PLACE = "(48.8566, 2.3522)"


def roles(text: str) -> list[str]:
    return [statement.role for statement in collect(text)[0]]


@pytest.mark.parametrize(
    "text",
    [
        "My best guess: {}",
        "Final answer: {}",
        "I'd go with {}",
        "{} is my final answer",
        "Answer: {}",
    ]
    + [
        "My best guess, based on the similar photos, is {}",
        "## Final answer\n\n{}",
        "\\boxed{{{}}}",
    ]
    + ["Respuesta final: {}", "Meine Antwort: {}", "Ma réponse : {}", "Minha resposta: {}"]
    + ["Мой ответ: {}", "最终答案:{}", "最終回答:{}", "Not Milan; my best guess is {}"],
)
def test_an_answer_is_called_one(text):
    assert roles(text.format(PLACE)) == [ANSWER]


@pytest.mark.parametrize(
    "text",
    [
        "It is not {}",
        "It isn't {}",
        "I ruled out {}",
        "I would exclude {}",
        "Unlike {}, it is steep",
    ]
    + ["{} can be ruled out", "{} does not fit", "{} is wrong", "Is it {}?", "20 km south of {}"]
    + ["A similar photo is from {}", "Reference: {}", "For example {}", "The first guess was {}"]
    + [
        "If it was Paris: {}",
        "Excluded:\n- Paris {}",
        "My best guess is Turin, since Milan {} is flat",
    ]
    + ["No es {}", "Das ist nicht {}", "Ce n'est pas {}", "Não é {}", "Это не {}", "这不是{}"]
    + ["{} ではありません"],
)
def test_a_place_may_be_denied(text):
    assert DENIED in roles(text.format(PLACE))
    assert not {PLAIN, ASKED} & set(roles(text.format(PLACE)))


@pytest.mark.parametrize(
    "text",
    ["It is {}", "I am not sure, but {}", "It is not Milan but {}", "The sign isn't clear.\n{}"]
    + ["I cannot be certain: {}", "Based on the similar photos, {}", "{}, which is not certain"],
)
def test_other_words_leave_a_place_as_it_is(text):
    assert roles(text.format(PLACE)) == [PLAIN]


@pytest.mark.parametrize(
    "text", ["{}", "So it is this:\n{}", "Near Paris, so {}", "```json\n{}\n```"]
)
def test_an_object_that_stands_by_itself_is_what_was_asked_for(text):
    assert roles(text.format('{"latitude": 48.85, "longitude": 2.35}')) == [ASKED]


@pytest.mark.parametrize(
    "text",
    [
        "Sorry, I can't. The form is {}",
        "I am unable to. You asked for the format {}",
        "The expected format is {}",
    ],
)
def test_the_form_that_was_asked_for_is_no_answer(text):
    assert roles(text.format('{"latitude": 48.85, "longitude": 2.35}')) == [DENIED]


@pytest.mark.parametrize(
    "text", ["{}. Final answer: unknown", "{}. Final answer: 48-49° N", "{}\nAnswer: Rome"]
)
def test_an_answer_that_cannot_be_read_blocks_the_rest(text):
    assert ANSWER in roles(text.format(PLACE))
    assert all(s.reason for s in collect(text.format(PLACE))[0] if s.role == ANSWER)
