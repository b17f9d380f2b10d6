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
    ["Were the sun in the south, I'd say {}", "Should it be in Chile, my guess would be {}"]
    + ["If the cars drove on the left, I'd say {}", "My guess would be {} if it were summer"]
    + ["Suppose it were Chile: {}", "Otherwise I would say {}", "But for the palms it would be {}"]
    + ["{} would have been my answer", "Si fuera verano, diría {}", "Se fosse verão, diria {}"]
    + ["Wäre es Sommer, würde ich sagen: {}", "Wenn es Palmen gäbe, wäre meine Antwort {}"]
    + ["S'il y avait des palmiers, je dirais {}", "Если бы не снег, мой ответ: {}"]
    + ["如果有雪，我的答案是{}", "もし雪があれば、私の答えは{}です"],
)
def test_a_place_that_is_only_supposed_is_none(text):
    assert set(roles(text.format(PLACE))) - {ANSWER} == {DENIED}
    assert all(s.reason for s in collect(text.format(PLACE))[0] if s.role == ANSWER)


@pytest.mark.parametrize(
    "text",
    ["If I had to guess, I'd say {}", "Were I to choose, I'd say {}", "If pressed, I'd guess {}"]
    + ["I'd say {}, if I had to guess", "Si tuviera que adivinar, diría {}"]
    + ["Wenn ich raten müsste, würde ich sagen: {}", "Si je devais deviner, je dirais {}"]
    + ["Se eu tivesse que adivinhar, diria {}", "Were it Chile, I'd see snow; I'd say {}"]
    + ["If it were Chile there would be snow, but I'd say {}"],
)
def test_that_the_model_has_to_guess_is_no_supposition(text):
    assert roles(text.format(PLACE)) == [ANSWER]


HEAD = "| Place | Latitude | Longitude | Fits |\n|---|---|---|---|\n"
ROW = "| {} | {} | 2.3522 | {} |\n"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("Paris", "steep")], [PLAIN]),
        ([("Paris", "rejected")], [DENIED]),
        ([("Paris", "❌ flat")], [DENIED]),
        ([("similar 1", "")], [DENIED]),
        ([("Paris", "does not fit")], [DENIED]),
        ([("Paris", "yes"), ("Lyon", "no")], [DENIED, DENIED]),  # it may be of anything
        ([("Paris", "answer"), ("Lyon", "no")], [ANSWER, DENIED]),
        ([("Paris", ""), ("Lyon (my best guess)", "")], [PLAIN, ANSWER]),
    ],
)
def test_cells_say_what_the_row_of_a_table_is(rows, expected):
    lines = [ROW.format(name, 45 + k, fits) for k, (name, fits) in enumerate(rows)]
    assert roles(HEAD + "".join(lines)) == expected
    for above in ("### Rejected\n\n", "Candidates that I excluded:\n"):
        assert PLAIN not in roles(above + HEAD + "".join(lines))


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("| Reference | Coordinates |", "| Paris | (48.8566, 2.3522) |"),
        ("| Place | Coordinates | Fits |", "| Paris | 48.8566° N, 2.3522° E | no |"),
        ("place;latitude;longitude;verdict", "Paris;48.8566;2.3522;rejected"),
    ],
)
def test_tables_of_every_form_have_candidates(head, row):
    assert roles(f"{head}\n{row}") == [DENIED]


def test_a_list_of_objects_with_one_rejected_holds_candidates():
    place = '{{"lat": 48.85, "lon": 2.35, "verdict": "{}"}}'
    rejected, possible, chosen = map(place.format, ("rejected", "possible", "chosen"))
    assert roles(f"[{rejected}, {possible}]") == [DENIED, DENIED]
    assert roles(f"[{rejected}, {chosen}]") == [DENIED, ANSWER]


@pytest.mark.parametrize(
    "text",
    ["It is {}", "I am not sure, but {}", "It is not Milan but {}", "The sign isn't clear.\n{}"]
    + ["I cannot be certain: {}", "Based on the similar photos, {}", "{}, which is not certain"]
    + [
        "It is not Milan, I think.\n48.8566, 2.3522",
        "If I'm not mistaken, this is {}",
        "This is unmistakably Paris {}",
    ]
    + ["I am not sure if the sign is Spanish, but it is {}"],
)
def test_other_words_leave_a_place_as_it_is(text):
    assert roles(text.format(PLACE)) == [PLAIN]


@pytest.mark.parametrize(
    "text",
    ["{}", "I can't tell, but:\n{}", "So it is this:\n{}", "Near Paris, so {}", "```json\n{}\n```"],
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
