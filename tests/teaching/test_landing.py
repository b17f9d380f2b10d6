"""README.md shows what the commands make: pictures of notebook 00, and the table of results."""

import base64
import io
import re

import nbformat
import numpy as np
import pytest
from PIL import Image

from g3lite import G3Error
from g3lite.paper import plan
from g3lite.teaching import landing, notebooks

ROOT = notebooks.folder().parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_pictures_are_those_of_the_notebook_and_small():
    made = landing.pictures(ROOT / "notebooks")
    for name, data in made.items():
        assert (ROOT / "notebooks" / "images" / name).read_bytes() == data, "g3lite dev readme"
        assert len(data) < 150_000 and Image.open(io.BytesIO(data)).width >= 512
        assert re.search(rf"!\[[^\]]{{40,}}\]\(notebooks/images/{name}\)", README)  # with a text


def test_the_photo_comes_before_all_that_has_to_be_read():
    assert README.index("locate.jpg") < README.index("```sh") < README.index("g3.png")


def test_the_table_is_what_the_shipped_predictions_give():
    table = landing.results()
    assert table in README, "g3lite dev readme"
    ours = table.split("**Here**")[1]
    names = [line.split("|")[1].strip(" *") for line in ours.splitlines()[1:]]
    assert names == list(landing.OURS)
    assert set(landing.OURS.values()) - {"G3"} <= set(plan.RIVALS)


@pytest.fixture
def a_checkout(tmp_path):
    """A checkout whose notebook 00 shows two pictures and a table."""

    def picture(kind):
        data = io.BytesIO()
        Image.fromarray(np.zeros((8, 8, 3), dtype=np.uint8)).save(data, kind.split("/")[1])
        content = {kind: base64.b64encode(data.getvalue()).decode(), "text/plain": "alt"}
        return nbformat.v4.new_output("display_data", data=content)

    def build(*kinds):
        cells = [nbformat.v4.new_markdown_cell("# A photo"), nbformat.v4.new_code_cell("1")]
        cells[1].outputs = [nbformat.v4.new_output("stream", text="1"), *map(picture, kinds)]
        (tmp_path / "notebooks").mkdir(exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=cells),
                       tmp_path / "notebooks" / f"{landing.NOTEBOOK}.ipynb")  # fmt: skip
        return tmp_path

    return build


def test_writing_puts_pictures_and_table_where_they_belong(a_checkout, monkeypatch):
    root = a_checkout("image/jpeg", "image/png", "image/png")
    monkeypatch.setattr(landing, "results", lambda: "| new |")
    before, after = "# G3\n<!-- results -->\n", "\n<!-- end of results -->\nmore\n"
    (root / "README.md").write_text(f"{before}| old |\n| rows |{after}")
    files = landing.write(root)
    assert [path.name for path in files] == ["locate.jpg", "g3.png", "README.md"]
    assert files[2].read_text() == f"{before}| new |{after}"
    assert Image.open(files[0]).format == "JPEG" and Image.open(files[1]).format == "PNG"


@pytest.mark.parametrize("kinds", [(), ("image/jpeg",), ("image/png", "image/jpeg")])
def test_a_notebook_that_begins_otherwise_is_refused(a_checkout, kinds):
    with pytest.raises(G3Error, match="does not begin with a photo and a diagram"):
        landing.pictures(a_checkout(*kinds) / "notebooks")


def test_a_readme_without_marks_is_refused():
    with pytest.raises(G3Error, match="lacks the lines"):
        landing.with_results("# G3\n", "| new |")
