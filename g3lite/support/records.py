"""What earlier calls have noted in JSON files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from g3lite import G3Error


def read_json(path: Path, way_out: str, needs: tuple[str, ...] = ()) -> dict[str, Any]:
    """The object in a JSON file.

    Args:
        path: the file.
        way_out: what to do if it is damaged, for the message.
        needs: names that the object must have.

    Raises:
        G3Error: it is damaged, or lacks a name.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        lacking = [name for name in needs if name not in content]
    except (OSError, ValueError, TypeError) as error:
        raise G3Error(f"{path} cannot be read ({error}); {way_out}") from error
    if lacking or not isinstance(content, dict):
        raise G3Error(f"{path} lacks {', '.join(lacking) or 'an object'}; {way_out}")
    return content
