"""Ledger, notation and glossary: every row leads somewhere."""

import pytest
import tiny_series

from g3lite import G3Error
from g3lite.teaching import notebooks
from g3lite.teaching.site.tables import Tables, slug


@pytest.fixture(scope="module")
def here() -> Tables:
    return Tables(notebooks.folder())


@pytest.fixture
def tiny(tmp_path):
    """A small checkout, and a function that changes a table of it."""
    folder = tiny_series.write(tmp_path)

    def change(name, old, new):
        path = folder / "course" / f"{name}.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        return Tables(folder).problems()

    return change


def test_every_row_of_the_tables_leads_somewhere(here):
    assert here.problems() == []
    assert len(here.ledger) > 25 and len(here.notation) > 20 and len(here.glossary) > 30


def test_the_documents_are_those_of_the_tables(here):
    for name, text in here.documents().items():
        written = here.folder / "course" / name
        assert written.read_text(encoding="utf-8") == text, "g3lite site tables"


def test_the_ledger_leaves_nothing_of_the_paper_out(here):
    parts = " ".join(row.paper for row in here.ledger)
    for part in ("Section 3.1", "Section 3.2", "Section 3.3", "Section 4.1", "Table 1", "Table 2",
                 "Table 3", "Tables 3 and 5", "Figure 2", "Figure 3", "Figure 4"):  # fmt: skip
        assert part in parts, part
    taught = {row.notebook for row in here.ledger}
    assert taught == {"01", "02", "03", "04", "05", "06", "07"}


def test_a_small_series_has_no_problems(tiny):
    assert tiny("ledger", "None.", "Nothing.") == []


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("ledger", "1 Distances", "1 Ways", "Distance: notebook 01 has no section '1 Ways'"),
        ("ledger", '"01"', '"09"', "ledger, Distance: there is no notebook 09"),
        ("ledger", "geo.great", "geo.grand", "ledger, Distance: there is no g3lite.geo.grand"),
        ("ledger", "test_distance", "test_way", "there is no test tests/test_geo.py::test_way"),
        ("ledger", "test_geo.py", "test_gone.py", "there is no test tests/test_gone.py::"),
        ("ledger", '"tests/test_geo.py::test_distance"', "", "ledger, Distance: it names no test"),
        ("ledger", "geo.great_circle_km", "index.Gallery", "01 uses nothing of g3lite.ind"),
        ("notation", '"R"', '"S"', "notation: R of notebook 01 has no row"),
        ("notation", '"R"', '"S"', "notation: no formula of notebook 01 has S"),
        ("notation", '"R"', '"d"', "notation: d of notebook 01 has several rows"),
        ("notation", 'symbol = "R"', 'symbol = "R"\nlatex = "r"', "'r' is not how R is written"),
        ("notation", '["01"]', '["02"]', "notation: no formula of notebook 02 has d"),
        ("glossary", "hub", "nub", "glossary: notebook 01 does not hold 'nub'"),
        ("glossary", '["hubs"]', '["Hub"]', "glossary: 'hub' stands twice"),
    ],
)  # fmt: skip
def test_a_row_that_leads_nowhere_is_named(tiny, name, old, new, said):
    assert any(said in line for line in tiny(name, old, new))


def test_a_table_that_cannot_be_read_is_named(tiny):
    with pytest.raises(G3Error, match=r"glossary\.toml is no table of rows"):
        tiny("glossary", "[[row]]", "[[row")


def test_the_command_refuses_wrong_tables_and_writes_right_ones(tmp_path, monkeypatch, capsys):
    from g3lite.cli.main import main

    folder = tiny_series.write(tmp_path)
    monkeypatch.setattr(notebooks, "folder", lambda: folder)
    with pytest.raises(SystemExit) as done:
        main(["site", "tables"])
    assert not done.value.code and "wrote notebooks/course/ledger.md" in capsys.readouterr().out
    ledger = (folder / "course" / "ledger.md").read_text(encoding="utf-8")
    assert "| **Section 1**<br>Distance | [01](../01_first.ipynb), *1 Distances* |" in ledger
    assert "(../../g3lite/geo.py#great_circle_km)" in ledger and "| – | None. |" in ledger
    (tmp_path / "tests" / "test_geo.py").unlink()
    with pytest.raises(SystemExit, match="1 rows of .* lead nowhere or are missing"):
        main(["site", "tables"])


def test_headlines_are_named_as_github_names_them():
    assert slug("2 Table 1: G3 and its rivals") == "2-table-1-g3-and-its-rivals"
    assert slug("False negative") == "false-negative"
