"""What a visitor sees first: the pictures and the table of results in README.md.

Both are made of what is there already, so that they cannot go stale: the pictures are the first
two of notebook 00, and the table holds the paper's figures and the shipped predictions.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd

from g3lite import G3Error, evaluation, miniearth
from g3lite.paper import plan, tables
from g3lite.paper.margins import OUTCOME
from g3lite.paper.published import PUBLISHED, PUBLISHED_PHOTOS

NOTEBOOK = "00_locate_a_photo"
PICTURES = ("locate.jpg", "g3.png")
"""Files of `notebooks/images`, in the order in which the notebook shows them."""
PUBLISHED_ON = "IM2GPS3K"
ROWS = {
    "[L]kNN": "[L]kNN",
    "PlaNet": "geocells (PlaNet)",
    "GeoCLIP": "GPS gallery (GeoCLIP)",
    "Img2Loc": "one RAG prompt (Img2Loc)",
    "G3": "G3",
}
"""Rows of the paper's Table 1, and what stands for each on MiniEarth."""
OURS = {"[L]kNN on G3's own vectors": "[L]kNN, aligned", **ROWS}
"""Those of MiniEarth: one that the paper does not have, because it is hard to beat, comes first."""
_BEGIN, _END = "<!-- results -->", "<!-- end of results -->"
_KINDS = {"image/jpeg": ".jpg", "image/png": ".png"}


def pictures(notebooks: Path) -> dict[str, bytes]:
    """The pictures of README.md by name, from the outputs of the committed notebook.

    Raises:
        G3Error: the notebook shows other pictures than these, or none.
    """
    notebook = nbformat.read(notebooks / f"{NOTEBOOK}.ipynb", as_version=4)
    shown = [
        (kind, data)
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        for kind, data in output.get("data", {}).items()
        if kind in _KINDS
    ]
    found = shown[: len(PICTURES)]
    if [_KINDS[kind] for kind, _ in found] != [Path(name).suffix for name in PICTURES]:
        raise G3Error(
            f"{NOTEBOOK}.ipynb does not begin with a photo and a diagram; write it again with: "
            f"g3lite dev notebooks sync {NOTEBOOK}"
        )
    return {name: base64.b64decode(data) for name, (_, data) in zip(PICTURES, found, strict=True)}


def results(replicates: int = 1000) -> str:
    """Our results beside the paper's, as a table of Markdown."""
    evidence = [tables.predictions(which) for which in plan.SETS]
    truth = pd.concat(
        [miniearth.load(which).table.assign(set=which) for which in plan.SETS], ignore_index=True
    )
    methods = {row: np.concatenate([one[row] for one in evidence]) for row in OURS.values()}
    scores = evaluation.table(evaluation.evaluate(methods, truth, replicates=replicates))
    ahead = tables.worth(methods, truth, replicates=replicates)
    ahead = ahead[ahead["metric"] == OUTCOME].set_index("method")[["difference", "low", "high"]]
    of = f"{PUBLISHED_ON}, {PUBLISHED_PHOTOS[PUBLISHED_ON]:,} real photos"
    lines = [
        "| within | 1 km | 25 km | 200 km | 750 km | 2,500 km | G3 minus this, mean of the five |",
        "|---|---|---|---|---|---|---|",
        f"| **Paper**: {of} | | | | | | |",
    ]
    paper = PUBLISHED[PUBLISHED_ON]
    for name in ROWS:
        gain = np.mean(paper["G3"]) - np.mean(paper[name])
        cells = [*(f"{share:g}" for share in paper[name]), f"{gain:+z.1f}" if name != "G3" else ""]
        lines.append(_line(name, cells))
    lines.append(f"| **Here**: MiniEarth, {len(truth):,} drawn photos | | | | | | |")
    for name, row in OURS.items():
        gain = ""
        if row in ahead.index:
            value, low, high = 100 * ahead.loc[row]
            gain = f"{value:+z.1f} [{low:+z.1f}, {high:+z.1f}]"
        lines.append(_line(name, [*scores.loc[row].iloc[:5], gain]))
    return "\n".join(lines)


def _line(name: str, cells: list[str]) -> str:
    cells = [f"**{cell}**" if name == "G3" and cell else cell for cell in cells]
    return f"| {f'**{name}**' if name == 'G3' else name} | {' | '.join(cells)} |"


def with_results(readme: str, table: str) -> str:
    """README.md with this table between its two marks.

    Raises:
        G3Error: the marks are not there.
    """
    new, times = re.subn(
        f"(?<={_BEGIN}\n).*?(?={_END})", lambda _: f"{table}\n", readme, count=1, flags=re.DOTALL
    )
    if not times:
        raise G3Error(f"README.md lacks the lines {_BEGIN} and {_END}")
    return new


def write(root: Path) -> list[Path]:
    """Write the pictures and the table of README.md in a checkout; return their files."""
    folder, readme = root / "notebooks" / "images", root / "README.md"
    text = with_results(readme.read_text(encoding="utf-8"), results())
    folder.mkdir(exist_ok=True)
    for name, data in pictures(root / "notebooks").items():
        (folder / name).write_bytes(data)
    readme.write_text(text, encoding="utf-8")
    return [*(folder / name for name in PICTURES), readme]
