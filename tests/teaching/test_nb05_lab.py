"""The exercise with the cue lab: Lisbon off its continent."""

import pytest
from rule_lab import RuleLab
from small_g3 import small_g3

from g3lite import miniearth
from g3lite.miniearth import splits
from g3lite.teaching.checks import nb05_lab
from g3lite.teaching.checks.nb05_lab import check_05_4
from g3lite.teaching.cue_lab import street

LISBON = street("Lisbon")


@pytest.fixture(autouse=True)
def lab(monkeypatch):
    """The check's lab, by rule."""
    rule = RuleLab()

    def lab_of(photo):
        rule.photo = photo
        return rule

    monkeypatch.setattr(nb05_lab, "_lab", lab_of)
    return rule


@pytest.mark.parametrize(
    "cues",
    [
        {"climate": "desert"},
        [("climate", "desert")],
        [["climate", "desert"]],
        {"driving_side": "left", "script": "kana"},
        {"climate": "desert", "roofs": "tin", "landmark": "none"},
        (("script", "kana"), ("driving_side", "left")),
    ],
)
def test_any_set_of_cues_that_does_it_is_right(cues):
    assert check_05_4.hint(LISBON, cues) is None


@pytest.mark.parametrize(
    ("photo", "cues", "hint"),
    [
        (LISBON, {}, "nothing is changed"),
        (LISBON, [], "nothing is changed"),
        (LISBON, {"night": True}, "night is no cue"),
        (LISBON, {"climate": "desert", "rain": True}, "rain is no cue"),
        (LISBON, [("climate", "desert"), ("lens", "wide")], "lens is no cue"),
        (LISBON, {"climate": "desert", "saved_again": True}, "saved_again is no cue"),
        (LISBON, {"driving_side": "right"}, "driving_side is right in this photo already"),
        (LISBON, {"climate": "desert", "script": "latin"}, "script is latin in this photo already"),
        (LISBON, {"weather": "rain"}, "'weather' cannot be changed"),
        (LISBON, {"climate": "moon"}, "climate cannot be 'moon'"),
        (LISBON, {"climate": True}, "climate cannot be True"),
        (LISBON, [("climate", "desert"), ("climate", "boreal")], "a cue is there twice"),
        (LISBON, ["climate"], "each entry of the list is a pair"),
        (LISBON, "climate", "the cues are a dict"),
        (LISBON, 5, "the cues are a dict"),
        (LISBON, {"script": "hangul"}, "still in Europe"),
        (LISBON, {"driving_side": "left"}, "still in Europe"),
        (LISBON, {"driving_side": "left", "script": "greek"}, "still in Europe"),
        (street("Madrid"), {"climate": "desert"}, "taken in Madrid, not in Lisbon"),
        ("holiday.jpg", {"climate": "desert"}, "not the IMG_ID of a MiniEarth photo"),
        (
            miniearth.scene_of(LISBON),
            {"climate": "desert"},
            "IMG_ID, a text, and yours is a Scene",
        ),
    ],
)
def test_wrong_answers_get_a_hint(photo, cues, hint):
    assert hint in check_05_4.hint(photo, cues)


def test_empty_answers_are_told_how_to_begin(capsys):
    check_05_4(LISBON, ...)
    assert "Not yet: name a photo and the cues to change" in capsys.readouterr().out


def test_a_photo_of_lisbon_that_does_not_show_the_cue():
    ids = (splits.img_id(626, seed, "00000001@M99") for seed in range(500))
    indoors = next(i for i in ids if miniearth.scene_of(i).view.kind == "interior")
    assert "cannot be changed in this photo" in check_05_4.hint(indoors, {"climate": "desert"})


def test_a_photo_that_is_not_in_europe_to_begin_with(lab):
    lab.home = "Rabat"
    hint = check_05_4.hint(LISBON, {"climate": "desert"})
    assert "G3 places the unchanged photo in Africa (Rabat, Morocco)" in hint


def test_the_score_counts_and_says_what_can_be_spared(capsys):
    def verdict(cues):
        check_05_4(LISBON, cues)
        return capsys.readouterr().out

    one = verdict({"climate": "desert"})
    assert one.startswith("✓ G3 says Rabat, Morocco: moved") and "in Africa, with 1 cue." in one
    assert "Nobody can do it with fewer" in one
    spare = verdict({"climate": "desert", "roofs": "tin"})
    assert "with 2 cues. One less would do: leave roofs as it is." in spare
    tight = verdict({"driving_side": "left", "script": "kana"})
    assert "in Asia, with 2 cues. None of these can be spared" in tight


def test_luck_is_told_from_a_cue_that_is_looked_at(lab, capsys):
    check_05_4(LISBON, {"climate": "desert"})
    assert "placed in Rabat, Morocco, off the continent too." in capsys.readouterr().out
    lab.lucky = True
    check_05_4(LISBON, {"climate": "desert"})
    out = capsys.readouterr().out
    assert "Not yet" in out and "placed in Lisbon, Portugal: that was luck" in out


def test_the_lab_of_the_check_runs_the_four_steps(miniclip, monkeypatch):
    monkeypatch.undo()  # of the rule
    monkeypatch.setattr(nb05_lab, "_g3", lambda: small_g3(miniclip, 60))
    state = nb05_lab._lab.__wrapped__(LISBON).look(climate="desert")
    assert set(state.seconds) == {"embed", "search", "ask", "verify"}


@pytest.mark.slow
def test_lisbon_can_be_moved_with_the_shipped_models(shipped, monkeypatch, capsys):
    """Whatever the models are, the cues of a city far away move it: those of Mumbai, or some."""
    monkeypatch.undo()
    monkeypatch.setattr(nb05_lab, "_g3", lambda: shipped)
    lab = nb05_lab._lab(LISBON)
    some = [{"climate": zone} for zone in ("subtropical", "savanna", "rainforest", "boreal")]
    some += [one | {"driving_side": "left"} for one in some]
    some += [one | {"line_colour": "yellow", "script": "han"} for one in some]
    found = next(one for one in some if lab.look(**one).continent != "EU")
    assert check_05_4.hint(LISBON, found) is None
    check_05_4(LISBON, found)
    assert "✓ G3 says" in capsys.readouterr().out
