"""The shipped data, and the manifest that ties every part of it to what it was made from.

An artefact is a group of files in the data folder, made by a builder from other artefacts and from
declared versions. `data/manifest.json` holds the SHA-256 of its files and of its inputs, so that a
part that no longer fits the others is found, and rebuilt. Whoever loads a shipped file asks
`shipped` for its path, which first compares the file with the manifest.
"""

import hashlib
import json
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from g3lite.paths import (
    MANIFEST,
    ArtefactError,
    _digest,
    _listed,
    _read_manifest,
    data_dir,
    sha256_file,
    write_json,
)

_DOCUMENTS = {MANIFEST, "README.md"}


@dataclass(frozen=True)
class Artefact:
    """A node of the graph.

    files: paths or glob patterns, relative to the data folder.
    inputs: names of earlier artefacts, and constants ("module:ATTRIBUTE") that change when the
        code that makes the files does, such as a renderer version or a training configuration.
    builder: "module:function"; it is called with the data folder and writes `files` there.
    """

    name: str
    files: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    builder: str | None = None


# In order: an artefact comes after those it is made from.
ARTEFACTS: tuple[Artefact, ...] = (
    Artefact("natural_earth", ("natural_earth/**/*",)),
    Artefact(
        "cities",
        ("cities/*",),
        ("g3lite.recipes.cities:CITIES_VERSION",),
        "g3lite.recipes.cities:build",
    ),
    Artefact(
        "geoclip",
        ("geoclip/*",),
        ("g3lite.recipes.earth:RUN",),
        "g3lite.recipes.earth:build",
    ),
    Artefact(
        "places",
        ("miniearth/places.csv",),
        (
            "cities",
            "g3lite.miniearth.world:PLACES_VERSION",
        ),
        "g3lite.miniearth.world:build",
    ),
    Artefact(
        "slice",
        (
            "miniearth/gallery.csv.gz",
            "miniearth/validation.csv.gz",
            "miniearth/test_*.csv.gz",
            "miniearth/photos.tar",
        ),
        (
            "places",
            "g3lite.miniearth.sampler:SAMPLER_VERSION",
            "g3lite.miniearth.render.draw:RENDERER_VERSION",
            "g3lite.miniearth.splits:SPLITS_VERSION",
        ),
        "g3lite.miniearth.splits:build",
    ),
    Artefact(
        "miniclip",
        ("miniclip/*",),
        (
            "places",
            "g3lite.miniearth.sampler:SAMPLER_VERSION",
            "g3lite.miniearth.render.draw:RENDERER_VERSION",
            "g3lite.miniearth.captions:CAPTIONS_VERSION",
            "g3lite.recipes.miniclip:CORPUS",
            "g3lite.recipes.miniclip:TRAINING",
            "g3lite.recipes.miniclip:MODEL",
            "g3lite.recipes.miniclip:PREPROCESS",
        ),
        "g3lite.recipes.miniclip:build",
    ),
    Artefact(
        "alignment",
        ("alignment/*",),
        ("slice", "miniclip", "g3lite.recipes.heads:RUN"),
        "g3lite.recipes.heads:build",
    ),
    Artefact(
        "minilmm",
        ("minilmm/*",),
        (
            "places",
            "miniclip",
            "alignment",
            "g3lite.miniearth.sampler:SAMPLER_VERSION",
            "g3lite.miniearth.render.draw:RENDERER_VERSION",
            "g3lite.recipes.minilmm:RUN",
        ),
        "g3lite.recipes.minilmm:build",
    ),
    Artefact("scale", ("scale/*.csv",)),  # written by benchmarks/scale_*.py
    Artefact(
        "choice",
        ("choice/grid.csv",),
        ("slice", "miniclip", "alignment", "minilmm", "g3lite.paper.choice:RUN"),
        "g3lite.paper.choice:build",
    ),
    Artefact(
        "seeds",
        ("seeds/predictions.parquet",),
        ("slice", "miniclip", "minilmm", "g3lite.recipes.heads:RUN", "g3lite.paper.seeds:RUN"),
        "g3lite.paper.seeds:build",
    ),
    Artefact(
        "cues",
        ("cues/moves.csv",),
        (
            "slice",
            "miniclip",
            "alignment",
            "minilmm",
            "g3lite.miniearth.sampler:SAMPLER_VERSION",
            "g3lite.miniearth.render.draw:RENDERER_VERSION",
            "g3lite.recipes.cue_moves:RUN",
        ),
        "g3lite.recipes.cue_moves:build",
    ),
    Artefact(
        "final",
        ("miniearth/final_*.csv.gz",),
        (
            "places",
            "g3lite.paper.plan:RUN",
            "g3lite.miniearth.sampler:SAMPLER_VERSION",
            "g3lite.miniearth.splits:SPLITS_VERSION",
        ),
        "g3lite.miniearth.splits:build_final",
    ),
    Artefact(
        "replies",
        ("replies/*",),
        ("slice", "final", "miniclip", "alignment", "minilmm", "g3lite.recipes.replies:RUN"),
        "g3lite.recipes.replies:build",
    ),
    Artefact(
        "predictions",
        ("predictions/*",),
        ("slice", "final", "miniclip", "alignment", "replies", "g3lite.paper.plan:RUN"),
        "g3lite.paper.tables:build",
    ),
    Artefact(
        "judge_replies",
        ("judge/judge_*.parquet", "judge/calibration_*.parquet"),
        (
            "slice",
            "miniclip",
            "alignment",
            "minilmm",
            "g3lite.miniearth.sampler:SAMPLER_VERSION",
            "g3lite.recipes.judge_photos:RUN",
        ),
        "g3lite.recipes.judge_photos:build",
    ),
    Artefact(
        "judge",
        ("judge/learned.npz", "judge/levels.parquet", "judge/validation.npz"),
        ("slice", "miniclip", "alignment", "replies", "judge_replies", "g3lite.recipes.judge:RUN"),
        "g3lite.recipes.judge:build",
    ),
    Artefact(
        "after_sets",
        ("miniearth/after_*.csv.gz",),
        (
            "places",
            "judge",
            "g3lite.paper.after_plan:RUN",
            "g3lite.miniearth.sampler:SAMPLER_VERSION",
            "g3lite.miniearth.splits:SPLITS_VERSION",
        ),
        "g3lite.miniearth.splits:build_after",
    ),
    Artefact(
        "after",
        ("after/*",),
        (
            "slice",
            "miniclip",
            "alignment",
            "minilmm",
            "judge_replies",
            "judge",
            "after_sets",
            "g3lite.paper.after_plan:RUN",
        ),
        "g3lite.paper.after:build",
    ),
)


def check(code: bool = True) -> list[str]:
    """Return every disagreement between files, inputs and manifest, in words; [] means none.

    Without `code` the constants in modules are left out, which takes seconds less: the modules of
    the recipes import torch.
    """
    folder = data_dir()
    recorded = _read_manifest(folder)
    words = [p for artefact in ARTEFACTS for p in _problems(artefact, recorded, folder, code)]
    known = {artefact.name for artefact in ARTEFACTS}
    words += [f"{name}: in {MANIFEST}, but no such artefact" for name in recorded.keys() - known]
    owned = {path for artefact in ARTEFACTS for path in _files(artefact, folder)}
    strays = set(_glob(folder, "**/*")) - owned - _DOCUMENTS
    return words + [f"{path}: belongs to no artefact" for path in sorted(strays)]


def record(name: str) -> None:
    """Write the present hashes of an artefact's files and inputs into the manifest."""
    folder = data_dir()
    artefact = _find(name)
    recorded = _read_manifest(folder)
    for pattern in artefact.files:
        if not _glob(folder, pattern):
            raise ArtefactError(f"{name}: no file {pattern} in {folder}")
    recorded[name] = {
        "inputs": {key: _input_hash(key, recorded) for key in artefact.inputs},
        "files": {path: sha256_file(folder / path) for path in _files(artefact, folder)},
    }
    order = [a.name for a in ARTEFACTS]
    kept = {key: recorded[key] for key in order if key in recorded}
    write_json(folder / MANIFEST, {"artefacts": kept})
    _listed.cache_clear()  # sizes stay, and so may a coarse clock
    _digest.cache_clear()


def build(name: str | None = None, force: bool = False) -> list[str]:
    """Rebuild, in order, what is out of date and what depends on it; return the rebuilt names.

    With a name, only that artefact and those made from it are looked at. `force` rebuilds the named
    artefact (all, without a name) even if nothing changed. Whatever comes out byte for byte as
    before leaves the artefacts made from it alone.
    """
    folder = data_dir()
    concerned = {name} if name else {artefact.name for artefact in ARTEFACTS}
    if name:
        _find(name)
    rebuilt = []
    for artefact in ARTEFACTS:
        if concerned.isdisjoint({artefact.name, *artefact.inputs}):
            continue
        concerned.add(artefact.name)
        forced = force and artefact.builder and name in (None, artefact.name)
        problems = _problems(artefact, _read_manifest(folder), folder)
        if not (forced or problems):
            continue
        if artefact.builder is None:
            way_out = "it has no builder: restore its files from the repository"
            raise ArtefactError(f"{problems[0]}; {way_out}")
        _attribute(artefact.builder)(folder)
        record(artefact.name)
        rebuilt.append(artefact.name)
    return rebuilt


def _problems(
    artefact: Artefact, recorded: dict[str, Any], folder: Path, code: bool = True
) -> list[str]:
    name = artefact.name
    if name not in recorded:
        return [f"{name}: not in {MANIFEST}"]
    files, inputs = recorded[name]["files"], recorded[name]["inputs"]
    words = []
    for key in sorted(inputs.keys() | set(artefact.inputs)):
        if key not in inputs or key not in artefact.inputs:
            words.append(f"{name}: its list of inputs changed ({key})")
        elif key not in recorded and ":" not in key:
            words.append(f"{name}: made from {key}, which is not in {MANIFEST}")
        elif (code or ":" not in key) and _input_hash(key, recorded) != inputs[key]:
            words.append(f"{name}: out of date, {key} changed since it was made")
    for path in sorted(files.keys() | set(_files(artefact, folder))):
        if not (folder / path).is_file():
            words.append(f"{name}: {path} is missing")
        elif path not in files:
            words.append(f"{name}: {path} is not in {MANIFEST}")
        elif sha256_file(folder / path) != files[path]:
            words.append(f"{name}: {path} differs from what {MANIFEST} says")
    return words


def _input_hash(key: str, recorded: dict[str, Any]) -> str:
    """Hash an input: the recorded files of an artefact, or the value of "module:ATTRIBUTE"."""
    if ":" in key:
        value = _attribute(key)
    elif key in recorded:
        value = recorded[key]["files"]
    else:
        raise ArtefactError(f"{key} is an input but not in {MANIFEST}; build it first")
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _files(artefact: Artefact, folder: Path) -> list[str]:
    return sorted({path for pattern in artefact.files for path in _glob(folder, pattern)})


def _glob(folder: Path, pattern: str) -> list[str]:
    """Return the files that match, relative to the folder, without what pip compiles there."""
    found = (path.relative_to(folder) for path in folder.glob(pattern) if path.is_file())
    return [path.as_posix() for path in found if "__pycache__" not in path.parts]


def _find(name: str) -> Artefact:
    for artefact in ARTEFACTS:
        if artefact.name == name:
            return artefact
    known = ", ".join(artefact.name for artefact in ARTEFACTS)
    raise ArtefactError(f"no artefact {name!r}; there are: {known}")


def _attribute(reference: str) -> Any:
    module, _, attribute = reference.partition(":")
    return getattr(import_module(module), attribute)
