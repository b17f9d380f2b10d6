"""The look that all figures share, and `show`, which displays them with an alt text.

Colours are those of Okabe and Ito and the colour map cividis, which colour-blind readers can tell
apart.
"""

from __future__ import annotations

import io
import os
import re
import uuid
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from scipy.spatial import cKDTree

WIDTH = 9.0  # inches; with DPI the width of a notebook's column
DPI = 100
TRUTH, PREDICTION = "#0072B2", "#D55E00"
PALETTE = (TRUTH, PREDICTION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_NO_DITHER = Image.Dither.NONE
_TITLE = {"loc": "left", "fontsize": 12, "fontweight": "bold", "pad": 8}


def _legend(axes: Axes, **place: object) -> None:
    axes.legend(
        **{"loc": "lower left", "fontsize": 9, "framealpha": 0.9, "edgecolor": "none"} | place
    )


def show(figure: Figure, alt: str, *, dpi: int = DPI) -> None:
    """Display a figure in the notebook, with a sentence for those who cannot see it.

    The alt text is kept in the notebook file, as metadata of the picture and as the plain-text
    form of the output. nbconvert writes it into the HTML with `--template classic`; its lab
    template does not read it. A figure with photos becomes a JPEG, any other a PNG of 256
    colours, so that committed outputs stay small. Where the environment variable G3LITE_FIGURES
    names a folder, a numbered PNG is saved there as well.

    Raises:
        ValueError: the alt text is empty.
    """
    Live().show(figure, alt, dpi=dpi)


class Live:
    """A place in the output of a cell whose picture can be replaced while the cell runs.

    Only the last picture stays in the notebook file.
    """

    def __init__(self) -> None:
        self._id: str | None = None

    def show(self, figure: Figure, alt: str, *, dpi: int = DPI, last: bool = True) -> None:
        """Display a figure here, instead of the one before.

        Args:
            figure: as for `show`.
            alt: as for `show`.
            dpi: pixels per inch.
            last: False for a picture that will be replaced; it is not saved to a folder.

        Raises:
            ValueError: the alt text is empty.
        """
        alt = " ".join(alt.split())
        if not alt:
            raise ValueError("the alt text is empty; say in a sentence what the figure shows")
        from IPython.display import display, update_display  # only notebooks have it

        mime, data = encode(figure, dpi=dpi)
        folder = os.environ.get("G3LITE_FIGURES")
        if folder and last:
            _save(Path(folder), data, _title(figure) or alt)
        output, metadata = {mime: data, "text/plain": alt}, {mime: {"alt": alt}}
        if self._id is not None:
            update_display(output, metadata=metadata, raw=True, display_id=self._id)
        elif last:
            display(output, metadata=metadata, raw=True)
        else:
            self._id = uuid.uuid4().hex
            display(output, metadata=metadata, raw=True, display_id=self._id)


def encode(figure: Figure, *, dpi: int = DPI) -> tuple[str, bytes]:
    """The figure as ("image/png" or "image/jpeg", bytes), chosen for a small size.

    A figure with a transparent ground, such as a diagram, stays transparent.
    """
    buffer = io.BytesIO()
    if figure.get_facecolor()[3] == 0:
        return "image/png", _transparent(figure, dpi)
    figure.savefig(buffer, format="png", dpi=dpi, facecolor="white")
    image = Image.open(buffer).convert("RGB")
    data = io.BytesIO()
    if any(axes.images for axes in figure.axes):
        image.save(data, "JPEG", quality=80, optimize=True)
        return "image/jpeg", data.getvalue()
    # Median cut, the default, gives up the colour of a few small markers; maximum coverage keeps
    # it, and a k-means step then puts the large areas back to their exact colour.
    few = image.quantize(256, method=Image.Quantize.MAXCOVERAGE, kmeans=1, dither=_NO_DITHER)
    few.save(data, "PNG", optimize=True)
    return "image/png", data.getvalue()


def _transparent(figure: Figure, dpi: int) -> bytes:
    """A PNG of 256 colours that lies on any page: 208 solid, 47 half transparent, and none."""
    buffer, data = io.BytesIO(), io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, facecolor="none")
    pixels = np.asarray(Image.open(buffer).convert("RGBA"))
    alpha = pixels[..., 3]
    solid = Image.fromarray(np.where(alpha[..., None] == 255, pixels[..., :3], 255))
    few = solid.quantize(188, method=Image.Quantize.MAXCOVERAGE, kmeans=1, dither=_NO_DITHER)
    codes, colours = np.array(few), np.zeros((256, 4), dtype=np.uint8)
    palette = np.reshape(few.getpalette(), (-1, 3))
    colours[: len(palette), :3], colours[:208, 3] = palette, 255
    areas = sorted(solid.getcolors(solid.width * solid.height), reverse=True)[:20]
    for number, (_, colour) in enumerate(areas, 188):  # the grounds keep their colour beside photos
        colours[number, :3] = colour
        codes[(pixels[..., :3] == colour).all(axis=2)] = number
    partly = (alpha > 0) & (alpha < 255)  # the edges of what lies on the page itself
    if partly.any():
        found, times = np.unique(pixels[partly] & 0xF0 | 8, axis=0, return_counts=True)
        common = found[np.argsort(-times, kind="stable")[:47]]
        colours[208 : 208 + len(common)] = common
        codes[partly] = 208 + cKDTree(common).query(pixels[partly])[1]
    codes[alpha == 0] = 255
    few = Image.fromarray(codes).convert("P")
    few.putpalette(colours[:, :3].tobytes())
    few.save(data, "PNG", optimize=True, transparency=colours[:, 3].tobytes())
    return data.getvalue()


def _title(figure: Figure) -> str:
    titles = [figure.get_suptitle(), *(axes.get_title(loc="left") for axes in figure.axes)]
    return next(filter(None, titles), "")


def _save(folder: Path, data: bytes, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    number = sum(1 for _ in folder.glob("*.png")) + 1
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:50].rstrip("-")
    Image.open(io.BytesIO(data)).save(folder / f"{number:02d}-{slug}.png", optimize=True)
