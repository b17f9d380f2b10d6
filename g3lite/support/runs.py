"""The folder of a run: what it was made of stands in its run.json, and no other run may enter."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from g3lite import G3Error


def make_run_folder(folder: Path, made_of: dict[str, Any], tables: Sequence[str]) -> None:
    """Make the folder of a run; refuse one that holds anything else than this very run.

    Args:
        folder: what is made.
        made_of: what the run follows from, in JSON's types; its run.json says so.
        tables: the files beside run.json.
    """
    strange = ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # before anything is computed or paid for
            pass
        record, there = folder / "run.json", any((folder / name).exists() for name in tables)
        if there and not record.exists():  # perhaps a run that was killed while it named its files
            record = next(folder.glob("run.json.*.part"), record)
        if record.exists():
            about = json.loads(record.read_text(encoding="utf-8"))
            differ = [key for key, value in made_of.items() if about.get(key) != value]
            strange = f"another run, with other {', '.join(differ)}" if differ else ""
        elif there:
            strange = f"{' or '.join(tables)} without a run.json"
    except (OSError, ValueError, AttributeError) as error:
        raise G3Error(f"{folder} cannot be the folder of a run: {error}") from error
    if strange:
        raise G3Error(f"{folder} holds {strange}; name another folder, or remove that one")
