"""Heads of geo-alignment that were trained on a folder of features, and what they belong to.

Beside the two files of `GeoAlignment.save_pretrained` the folder holds `made_of.json`: the backbone
and the gallery by name and fingerprint. Heads without it are taken as far as their sizes fit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from g3lite import G3Error
from g3lite.alignment import GeoAlignment
from g3lite.datasets.featurefolder import FEATURES, FeatureFolder
from g3lite.paths import write_json
from g3lite.support.records import read_json

MADE_OF = "made_of.json"


def save_heads(
    model: GeoAlignment, folder: str | Path, made_on: FeatureFolder, **about: Any
) -> None:
    """Write heads into a folder, with the gallery and the backbone that they were trained on."""
    folder = Path(folder)
    model.save_pretrained(folder)
    backbone = {"name": made_on.backbone, "sha256": made_on.fingerprint}
    features = made_on.manifest["files"][FEATURES]["sha256"]
    name = made_on.manifest.get("name") or made_on.path.name
    gallery = {"name": name, "photos": len(made_on), "features": features}
    write_json(folder / MADE_OF, {"backbone": backbone, "gallery": gallery, **about})


def load_heads(
    folder: str | Path, backbone: str, fingerprint: str, device: str = "cpu"
) -> GeoAlignment:
    """Load heads, unless they were trained on another backbone.

    Args:
        folder: what `save_heads` wrote; or a source for `GeoAlignment.from_pretrained`.
        backbone: the name of the backbone that they are to work with.
        fingerprint: of that backbone.
        device: where they go.

    Raises:
        G3Error: they belong to another backbone, and the message names both; or a file is missing
            or damaged.
    """
    record = Path(folder) / MADE_OF
    if record.is_file():
        made = read_json(record, "train the heads again", ("backbone",))["backbone"]
        if not isinstance(made, dict) or not {"name", "sha256"} <= made.keys():
            raise G3Error(f"{record} names no backbone; train the heads again")
        if made["sha256"] != fingerprint:
            raise G3Error(
                f"the heads in {folder} were trained on features of {made['name']} "
                f"({made['sha256'][:8]}), not of {backbone} ({fingerprint[:8]}): use that "
                "backbone, or train heads for this one (g3lite align --gallery)"
            )
    try:
        return GeoAlignment.from_pretrained(folder, device)
    except (FileNotFoundError, ValueError) as error:
        raise G3Error(f"no heads can be read from {folder}: {error}") from error
