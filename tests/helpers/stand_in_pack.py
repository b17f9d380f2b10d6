"""A pack of drawings of MiniEarth, the form of a real one, below 1 MB."""

from pathlib import Path

from g3lite.backbone import Backbone
from g3lite.datasets.pack import Pack
from g3lite.recipes import pack

PHOTOS = 160


def stand_in(folder: Path, backbone: Backbone) -> Pack:
    """Make it, in seconds; later calls read it."""
    return pack.make("miniearth", folder, PHOTOS, backbone, progress=False, say=lambda line: None)
