"""Files that are written whole or not at all."""

import json

import pytest

from g3lite.paths import replacing, write_json


def test_a_file_is_replaced_whole_or_stays_as_it_was(tmp_path):
    path = tmp_path / "figures.csv"
    with replacing(path) as part:
        part.write_text("first")
        assert not path.exists() and part.parent == tmp_path
    with pytest.raises(KeyboardInterrupt), replacing(path) as part:
        part.write_text("half of the sec")
        raise KeyboardInterrupt
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_json_ends_with_a_newline_and_is_utf8(tmp_path):
    write_json(tmp_path / "about.json", {"place": "Åre", "n": 1})
    text = (tmp_path / "about.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"place": "Åre", "n": 1} and text.endswith("}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["about.json"]
