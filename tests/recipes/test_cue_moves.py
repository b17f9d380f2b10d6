"""How far changes move answers: the table, on answers that are known."""

import numpy as np
import pandas as pd
import pytest
from small_g3 import small_g3
from typer.testing import CliRunner

from g3lite import G3, geo, miniearth
from g3lite.cli import main
from g3lite.miniearth.changes import CONTROL, CUES, NUISANCES, as_photos
from g3lite.recipes import cue_moves


@pytest.fixture(scope="module")
def photos():
    return miniearth.load("validation", 300)


@pytest.fixture(scope="module")
def table(photos):
    """As if night moved every answer 2,000 km, driving side 500 km, and nothing else."""

    def answers(some):
        home = some.coordinates
        km = np.array(
            [2_000.0 * i.endswith("night") + 500.0 * i.endswith("side") for i in some.ids]
        )
        return {
            "encoder": np.array(
                [geo.offset(h[None], 0, k)[0] for h, k in zip(home, km, strict=True)]
            )
        }

    return cue_moves.moves(answers, photos, 20, 200, progress=False)


def value(table, change, metric):
    row = table[(table.change == change) & (table.metric == metric)]
    return row[["value", "low", "high"]].to_numpy()[0]


def test_each_change_has_its_rows(table):
    assert list(table.change.unique()) == [*CONTROL, *CUES, *NUISANCES]
    assert dict(table.groupby("change").kind.first()) == {
        **dict.fromkeys(CUES, "cue"), **dict.fromkeys(NUISANCES, "nuisance"),
        "saved_again": "control",
    }  # fmt: skip
    metrics = {"median_km", "mean_km", "beyond_km", "country", "continent"}
    assert all(set(rows.metric) == metrics for _, rows in table.groupby("change"))
    assert (table.photos == 20).all()
    assert (table.low <= table.value + 1e-9).all() and (table.value <= table.high + 1e-9).all()


def test_the_distances_are_those_that_the_answers_moved(table):
    for metric in ("median_km", "mean_km", "beyond_km"):
        assert value(table, "night", metric) == pytest.approx([2_000] * 3, abs=3)
        assert value(table, "driving_side", metric) == pytest.approx([500] * 3, abs=1)
        assert value(table, "script", metric) == pytest.approx([0] * 3, abs=1e-3)
    assert value(table, "script", "country")[0] == value(table, "saved_again", "continent")[0] == 0
    assert 0 < value(table, "night", "continent")[0] <= value(table, "night", "country")[0] <= 1


def test_what_the_control_moves_is_taken_off(photos):
    def answers(some):  # only the control and the rain move
        moved = [300.0 * i.endswith(("saved_again", "rain")) for i in some.ids]
        home = some.coordinates
        return {
            "encoder": np.array(
                [geo.offset(h[None], 0, k)[0] for h, k in zip(home, moved, strict=True)]
            )
        }

    table = cue_moves.moves(answers, photos, 10, 100, progress=False)
    assert value(table, "rain", "beyond_km")[0] == pytest.approx(0, abs=1)
    assert value(table, "lens", "beyond_km")[0] == pytest.approx(-300, abs=1)
    assert value(table, "saved_again", "mean_km")[0] == pytest.approx(300, abs=1)


def test_the_photos_are_the_first_that_allow_it_and_values_are_drawn_once(photos):
    chosen = cue_moves.pairs(photos, "script", 15)
    assert len(chosen) == 15 and chosen == cue_moves.pairs(photos, "script", 15)
    assert all("sign" in scene.shows for _, scene, _ in chosen)
    assert all(other.cues.script != scene.cues.script for _, scene, other in chosen)
    assert len({other.cues.script for *_, other in chosen}) > 5
    order = [photos.ids.index(img_id) for img_id, *_ in chosen]
    assert order == sorted(order)
    assert cue_moves.RUN["split"] == "validation"


def test_both_answers_come_from_the_same_photos(miniclip, photos, monkeypatch, tmp_path):
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path))
    g3 = small_g3(miniclip, 60)
    scenes = [miniearth.scene_of(img_id) for img_id in photos.ids[:3]]
    some = as_photos(scenes, photos.ids[:3])
    both, alone = cue_moves.all_answers(g3)(some), cue_moves.encoder_answers(g3)(some)
    assert both["encoder"] == pytest.approx(alone["encoder"])
    assert alone["encoder"].tolist() != both["G3"].tolist()
    found = g3.steps(some, progress=False).predictions
    assert both["G3"].tolist() == found[["LAT_pred", "LON_pred"]].to_numpy().tolist()


def test_the_table_is_written_with_few_digits(table, tmp_path):
    cue_moves.write(table, tmp_path / "moves.csv")
    again = pd.read_csv(tmp_path / "moves.csv")
    assert list(again) == list(table) and again.value.to_numpy() == pytest.approx(
        table.value, abs=1e-4
    )
    assert (tmp_path / "moves.csv").stat().st_size < 8_000


@pytest.mark.parametrize("alone", [True, False])
def test_the_command_writes_the_table(table, tmp_path, monkeypatch, alone):
    asked = []

    def measure(g3, whole):
        asked.append((g3, whole))
        return table

    monkeypatch.setattr(cue_moves, "measure", measure)
    monkeypatch.setattr(G3, "from_pretrained", lambda profile: f"G3 of {profile}")
    arguments = ["dev", "miniearth", "moves", str(tmp_path / "moves.csv")]
    done = CliRunner().invoke(main.app, [*arguments, *(["--encoder"] if alone else [])])
    assert done.exit_code == 0 and "wrote 50 rows" in done.output
    assert asked == [("G3 of cpu", not alone)]
    assert len(pd.read_csv(tmp_path / "moves.csv")) == len(table)
