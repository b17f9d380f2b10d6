"""Feature vectors on disk, so that a photo is encoded once."""

from __future__ import annotations

import hashlib
import json
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from g3lite.paths import replacing


class _Store:
    """Feature vectors in a folder, by IMG_ID: one safetensors file for each piece of work done.

    A file carries its ids and a digest of all it holds and appears under its name only when it is
    complete, so processes may share a folder, and a file that was damaged later is found out.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, img_ids: list[str]) -> dict[str, np.ndarray]:
        """The stored vectors, each (d,), among those asked for. Damaged files are removed."""
        wanted = set(img_ids)
        vectors: dict[str, np.ndarray] = {}
        for path in sorted(self.folder.glob("*.safetensors")):
            try:
                with safe_open(path, framework="numpy") as file:
                    about = file.metadata()
                    ids = json.loads(about["ids"])
                    if wanted.isdisjoint(ids):
                        continue
                    rows = file.get_tensor("vectors")
                if self._digest(ids, rows) != about["digest"]:
                    raise ValueError("its contents have changed")
            except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
                warnings.warn(
                    f"{path} is damaged ({error}): its photos are encoded again", stacklevel=3
                )
                with suppress(OSError):  # on a read-only disk it stays
                    path.unlink(missing_ok=True)
                continue
            vectors.update((i, row) for i, row in zip(ids, rows, strict=True) if i in wanted)
        return vectors

    def write(self, vectors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Store vectors (d,) by IMG_ID in a file of their own; returns them.

        Where nothing can be written, a warning says that they are not kept.
        """
        ids, rows = list(vectors), np.stack(list(vectors.values()))
        digest = self._digest(ids, rows)
        data = save({"vectors": rows}, metadata={"ids": json.dumps(ids), "digest": digest})
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with replacing(self.folder / f"{digest}.safetensors") as part:
                part.write_bytes(data)
        except OSError as error:
            warnings.warn(
                f"features are not kept, for {self.folder} cannot be written to "
                f"({error.strerror or error}); G3LITE_CACHE names another folder",
                stacklevel=3,
            )
        return vectors

    @staticmethod
    def _digest(ids: list[str], rows: np.ndarray) -> str:
        digest = hashlib.sha256(json.dumps(ids).encode())
        digest.update(np.ascontiguousarray(rows))
        return digest.hexdigest()
