"""A checkout with two small notebooks, a small package and small tables, for tests of the site."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

HEADER = """# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

"""
ONE_PIXEL = (  # a PNG
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
FIRST = r"""# First: a hub

[02 Second →](02_second.ipynb) · [the code](../g3lite/geo.py) · [Settings](../pyproject.toml)

A hub is found by everybody. Two hubs, and `hub` in code.

## 1 Distances

The distance is $d = 2R \arcsin \sqrt{a}$, that is

$$ \text{winner} = \arg\max_{d}\; \langle d, a \rangle $$

![a picture of elsewhere](https://example.org/a.png)

### Exercise

<details><summary>Solution</summary>

```python
answer = 1 < 2
```

</details>
"""
SECOND = """# Second

[← 01 First](01_first.ipynb), [the distances](01_first.ipynb#1-distances)

Nothing but a **hub**.
"""
GEO = '''"""Distances: between points."""


class Globe:
    """A sphere.

    Attributes:
        radius: in km.
    """

    radius: float = 6371.0
    """Of the Earth."""

    def distance(self, a: float, *, b: float = 2.0) -> float:
        """The way from `a` to `b`. It is short.

        Args:
            a: where it begins.

        Raises:
            ValueError: there is no way.
        """

    def _hidden(self):
        """Nobody reads this."""


def great_circle_km(a: float) -> float:
    """A distance."""
'''
TABLES = {
    "ledger": """
[[row]]
paper = "Section 1"
what = "Distance"
notebook = "01"
section = "1 Distances"
function = "g3lite.geo.great_circle_km"
tests = ["tests/test_geo.py::test_distance"]
from_paper = ""
from_code = "None."
""",
    "notation": r"""
[[row]]
symbol = "d"
meaning = "distance"
unit = "km"
in = ["01"]

[[row]]
symbol = "R"
meaning = "radius"
unit = "km"
in = ["01"]

[[row]]
symbol = "a"
meaning = "a number"
unit = ""
in = ["01"]
""",
    "glossary": """
[[row]]
term = "hub"
meaning = "A photo that everybody finds."
notebook = "01"
also = ["hubs"]
""",
}


def write(root: Path) -> Path:
    """Write it, and return its folder of notebooks; nothing is executed."""
    folder = root / "notebooks"
    (folder / "source").mkdir(parents=True)
    (folder / "course").mkdir()
    (root / "tests").mkdir()
    (root / "tests" / "test_geo.py").write_text("def test_distance():\n    assert True\n")
    (root / "g3lite").mkdir()
    (root / "g3lite" / "__init__.py").write_text('"""A small package."""\n')
    (root / "g3lite" / "geo.py").write_text(GEO)
    (root / "g3lite" / "_private.py").write_text('"""Nobody reads this."""\n')
    settings = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    (root / "pyproject.toml").write_text(settings, encoding="utf-8")
    (root / "README.md").write_text("| [01 First](notebooks/01_first.ipynb) | about hubs | |\n")
    for name, text in TABLES.items():
        (folder / "course" / f"{name}.toml").write_text(text, encoding="utf-8")
    code = "from g3lite import geo\n\nprint(geo)  # a comment"
    for name, text in (("01_first", FIRST), ("02_second", SECOND)):
        commented = "\n".join(f"# {line}".rstrip() for line in text.splitlines())
        source = f"{HEADER}# %% [markdown]\n{commented}\n\n# %%\n{code}\n"
        (folder / "source" / f"{name}.py").write_text(source, encoding="utf-8")
        nbformat.write(_executed(text, code), folder / f"{name}.ipynb")
    return folder


def _executed(text: str, code: str) -> nbformat.NotebookNode:
    table = "<table border='1' class='dataframe'><thead><tr><th></th><th>km</th></tr></thead>"
    table = f"<style scoped>td {{}}</style>{table}<tbody><tr><th>a</th><td>1</td></tr></table>"
    outputs = [
        new_output("stream", text=f"short\n{'wide ' * 30}\n1  {'cell  ' * 30}\n"),
        new_output("display_data", {"text/html": table, "text/plain": "a 1"}),
        new_output("display_data", {"image/png": ONE_PIXEL, "text/plain": ""},
                   metadata={"image/png": {"alt": "a black square"}}),
    ]  # fmt: skip
    cells = [new_markdown_cell(text), new_code_cell(code, outputs=outputs, execution_count=1)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return new_notebook(cells=cells, metadata=kernel)
