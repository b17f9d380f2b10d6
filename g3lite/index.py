"""The gallery: photos with their vectors, searched by inner product (the paper's Section 3.2).

G3 shows a multimodal model where the photos most *similar* to a query were taken, and where the
most *dissimilar* ones were. One index gives both: the dissimilar ones are what a search with the
negated query finds. A `Gallery` holds the index and the photo table together, row by row.

Vectors are float32 (n, d), for G3 those of `GeoAlignment.database_vectors`. The index is one of
FAISS: exact (`IndexFlatIP`), or any other of inner products, such as `scale.index_types` builds.
`scale.milvus` has a gallery that lies in a vector store.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import faiss
import numpy as np
import pandas as pd

from g3lite import G3Error
from g3lite.geo import check_coordinates
from g3lite.paths import sha256_file, write_json
from g3lite.photos import conform

MANIFEST = "manifest.json"
VERSION = 1
"""Of the folder's form."""
_PROCESS = os.getpid()

_LeaveOut = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""(numbers of queries (q,), similarities (q, k), rows (q, k)) -> True where a row is left out."""


class GalleryError(G3Error):
    """A gallery folder that cannot be used as it is; the message says what is wrong with it."""


@dataclass(eq=False)
class Gallery:
    """Photos that can be searched; make one with `build` or `load`.

    A search gives similarities float32 (q, k), which are inner products, and rows int64 (q, k) of
    the table. A query may get fewer than k photos, because the gallery has no more of them or an
    approximate index finds no more: then the last rows are -1, and the similarities NaN. As -1 also
    is Python's index of the last photo, turn rows into places with `coordinates_of`. Worker
    processes can search too, forked ones (as of a torch DataLoader) with a single thread.

    Attributes:
        table: one row per photo in the columns of `photos.SCHEMA`, in the order of the vectors.
        index: a FAISS index of inner products, with a vector for each row of the table.
        model: names what made the vectors, such as the fingerprint of a model.
        kind: the name of the index's type, for the manifest; it changes nothing.
        mapped: vectors stay on disk and are read as they are searched; nothing can be added.
    """

    table: pd.DataFrame
    index: faiss.Index
    model: str
    kind: str = "exact"
    mapped: bool = False

    @classmethod
    def build(
        cls,
        table: pd.DataFrame,
        vectors: np.ndarray,
        model: str,
        index: faiss.Index | None = None,
        kind: str | None = None,
    ) -> Gallery:
        """Make a gallery of photos and their vectors.

        Args:
            table: n photos with at least IMG_ID (unique), AUTHOR, LAT and LON.
            vectors: (n, d), in the order of the table.
            model: names what made the vectors.
            index: a FAISS index that holds these vectors already (`scale.index_types.build` makes
                many types); None for an exact one, which holds a copy of them.
            kind: the name of the index's type; by default "exact", or the index's class.

        Raises:
            ValueError: table, vectors and index do not fit each other, or an IMG_ID occurs twice,
                or a value is not a number or no place on Earth.
        """
        table, vectors = checked(table, vectors)
        if index is None:
            index, kind = faiss.IndexFlatIP(vectors.shape[1]), kind or "exact"
            index.add(vectors)
        if (index.ntotal, index.d) != vectors.shape:
            raise ValueError(
                f"the index holds {index.ntotal} vectors of {index.d} numbers, not those of shape "
                f"{vectors.shape}"
            )
        if index.metric_type != faiss.METRIC_INNER_PRODUCT:
            raise ValueError("the index compares by another metric than the inner product")
        return cls(table, index, model, kind or type(index).__name__)

    def __len__(self) -> int:
        return len(self.table)

    @property
    def dim(self) -> int:
        """Numbers per vector."""
        return self.index.d

    @property
    def ids(self) -> list[str]:
        """The IMG_IDs, row by row."""
        return self.table["IMG_ID"].tolist()

    @property
    def coordinates(self) -> np.ndarray:
        """float64 (n, 2), [lat, lon] in degrees, row by row."""
        return self.table[["LAT", "LON"]].to_numpy(dtype=np.float64)

    def coordinates_of(self, rows: np.ndarray) -> np.ndarray:
        """float64 (..., 2) of these rows; NaN where a row is -1, which is no photo."""
        return coordinates_of(rows, self.coordinates)

    def photos(self, rows: np.ndarray) -> pd.DataFrame:
        """The photos of these rows (m,), none of them -1, as a table in their order."""
        return self.table.iloc[rows]

    def digest(self) -> str:
        """SHA-256 of the IMG_IDs in their order."""
        return hashlib.sha256("\n".join(self.ids).encode()).hexdigest()

    # -------------------------------------------------------------------------------- searching

    def similar(
        self,
        queries: np.ndarray,
        k: int,
        *,
        exclude_author: str | Sequence[str] | None = None,
        exclude_above: float = np.inf,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k photos most similar to each query, most similar first.

        Args:
            queries: (q, d).
            k: photos per query.
            exclude_author: photographer of each query, or of all; their photos are left out. The
                pictures of one person's afternoon are near copies of each other.
            exclude_above: leave out near-duplicates: photos with a higher inner product than this.
        """
        queries = checked_queries(queries, k, self.dim)
        same_author = self._same_author(exclude_author, len(queries))

        def leave_out(numbers: np.ndarray, similarity: np.ndarray, rows: np.ndarray) -> np.ndarray:
            return same_author(numbers, similarity, rows) | (similarity > exclude_above)

        return self._search(queries, k, leave_out)

    def dissimilar(
        self,
        queries: np.ndarray,
        k: int,
        *,
        exclude_author: str | Sequence[str] | None = None,
        centre: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k photos most dissimilar to each query, most dissimilar first.

        By default as in the paper: what a search with -q finds. A few photos that are unlike most
        others (hubs, see `hubness`) are then in the lists of many queries, whatever these show.
        With a `centre` m the search is one with m - q, and being unlike everything no longer counts
        (Suzuki et al., "Centering Similarity Measures to Reduce Hubs", EMNLP 2013).

        Args:
            queries, k, exclude_author: as for `similar`.
            centre: (d,) what all photos have in common, such as the mean vector of the gallery.

        Returns:
            Inner products (q, k) with the queries, or with q - m, lowest first; and rows (q, k).
        """
        queries = checked_queries(queries, k, self.dim, centre)
        leave_out = self._same_author(exclude_author, len(queries))
        dissimilarity, rows = self._search(-queries, k, leave_out)
        return -dissimilarity, rows

    def _same_author(self, authors: str | Sequence[str] | None, queries: int) -> _LeaveOut:
        if authors is None:
            return lambda numbers, similarity, rows: np.zeros(rows.shape, dtype=bool)
        authors = checked_authors(authors, queries)
        codes, names = pd.factorize(self.table["AUTHOR"])  # -1 where a photo's is not known
        own = pd.Index(names).get_indexer(pd.Index(authors, dtype=names.dtype))
        own[own < 0] = -2
        return lambda numbers, similarity, rows: codes[rows] == own[numbers, None]

    def _search(
        self, queries: np.ndarray, k: int, leave_out: _LeaveOut
    ) -> tuple[np.ndarray, np.ndarray]:
        """Search for more and more photos until k of them are kept, or there are no more."""
        _one_thread_if_forked()
        similarities = np.full((len(queries), k), np.nan, dtype=np.float32)
        rows = np.full((len(queries), k), -1, dtype=np.int64)
        todo, fetch = np.arange(len(queries)), min(k, len(self))
        while len(todo) and fetch:
            s, r = self.index.search(queries[todo], fetch)  # (q, d) -> (q, fetch) each
            keep = (r >= 0) & ~leave_out(todo, s, r)
            # (q, k): the best that are kept come first
            first = np.argsort(~keep, axis=1, kind="stable")[:, :k]
            kept = np.take_along_axis(keep, first, 1)
            width = first.shape[1]
            similarities[todo, :width] = np.where(kept, np.take_along_axis(s, first, 1), np.nan)
            rows[todo, :width] = np.where(kept, np.take_along_axis(r, first, 1), -1)
            # An approximate index may have no more to give: its last row is then -1.
            more = (keep.sum(axis=1) < k) & (r[:, -1] >= 0) & (fetch < len(self))
            todo, fetch = todo[more], min(4 * fetch, len(self))
        return similarities, rows

    # ---------------------------------------------------------------------------------- growing

    def add(self, table: pd.DataFrame, vectors: np.ndarray, model: str | None = None) -> None:
        """Append photos. What the index was trained on stays as it is.

        Raises:
            ValueError: as for `build`; or an IMG_ID is in the gallery already, or `model` is not
                the gallery's, or the gallery is mapped from disk. Then nothing is added.
        """
        if model is not None and model != self.model:
            raise ValueError(f"the vectors come from {model!r}, the gallery's from {self.model!r}")
        table, vectors = checked(table, vectors, self.dim)
        present = table["IMG_ID"].isin(self.table["IMG_ID"])
        if present.any():
            raise ValueError(
                f"{present.sum()} of {len(table)} photos are in the gallery already, the first is "
                f"{table['IMG_ID'][present.idxmax()]!r}; drop them from the table and the vectors"
            )
        if self.mapped:  # FAISS would end the process
            raise ValueError("the vectors of this gallery lie on disk; load it with mmap=False")
        self.index.add(vectors)
        self.table = pd.concat([self.table, table], ignore_index=True)

    # ------------------------------------------------------------------------------------ files

    def save(self, folder: str | Path) -> None:
        """Write the gallery into a folder: index, table, and a manifest that names and hashes them.

        The manifest is replaced last and in one step: until then the folder holds what it held. One
        process may write to a folder at a time.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        name = f"index-{secrets.token_hex(4)}.faiss"
        faiss.write_index(self.index, str(folder / name))
        commit(folder, self.table, self.dim, self.model, self.kind, {"index": name})

    @classmethod
    def load(
        cls,
        folder: str | Path,
        model: str | None = None,
        *,
        mmap: bool = False,
        verify: bool = True,
    ) -> Gallery:
        """Read what `save` wrote.

        Args:
            folder: the folder.
            model: what the queries are made with; a gallery of another model is refused.
            mmap: leave the vectors on disk and read what a search touches; nothing can be added.
            verify: compare the files' SHA-256, which reads them whole. Sizes, numbers of photos
                and ids are checked in any case.

        Raises:
            GalleryError: the folder holds no gallery, or one of another model; or a file is
                missing, changed or cut off; or index and table do not belong together.
        """
        folder = Path(folder)
        manifest = _read_manifest(folder)
        if model is not None and model != manifest["model"]:
            raise GalleryError(
                f"{folder}: its vectors come from {manifest['model']!r}, the queries from {model!r}"
            )
        for entry in manifest["files"].values():
            _check_file(folder / entry["name"], entry, verify)
        files = {role: folder / entry["name"] for role, entry in manifest["files"].items()}
        try:
            index = faiss.read_index(str(files["index"]), faiss.IO_FLAG_MMAP_IFC if mmap else 0)
            table = _checked_table(pd.read_parquet(files["table"]))
        except (OSError, RuntimeError, ValueError) as error:
            raise GalleryError(f"{folder} cannot be used: {error}") from error
        counts = {"manifest": manifest["photos"], "index": index.ntotal, "table": len(table)}
        if len(set(counts.values())) > 1:
            each = ", ".join(f"{name} {count}" for name, count in counts.items())
            raise GalleryError(f"{folder}: its parts differ in their number of photos: {each}")
        if (index.d, index.metric_type) != (manifest["dimensions"], faiss.METRIC_INNER_PRODUCT):
            raise GalleryError(
                f"{folder}: the index is not one of {manifest['dimensions']} numbers per vector "
                "and inner product, as the manifest says"
            )
        return cls(table, index, manifest["model"], manifest["kind"], mmap)


def coordinates_of(rows: np.ndarray, coordinates: np.ndarray) -> np.ndarray:
    """Where the photos that a search found were taken.

    Args:
        rows: integers (...), rows of the gallery, -1 where no photo was found.
        coordinates: (n, 2) of the gallery.

    Returns:
        float64 (..., 2), [lat, lon] in degrees; NaN where no photo was found.
    """
    rows = np.asarray(rows)
    return np.where(rows[..., None] >= 0, coordinates[rows], np.nan)


class Hubness(NamedTuple):
    """How unevenly the photos of a gallery occur in the lists of many queries."""

    row: int
    """The photo that is in the most lists."""
    share: float
    """The share of the queries in whose list it is."""
    skewness: float
    """Of the photos' counts (Radovanović et al., JMLR 2010): large if a few photos take it all."""


def hubness(rows: np.ndarray, n: int) -> Hubness:
    """Hubness of the lists (q, k) of rows that a search in n photos found; -1 counts as none."""
    counts = np.bincount(rows[rows >= 0], minlength=n)
    off = counts - counts.mean()
    skewness = (off**3).mean() / counts.std() ** 3 if off.any() else 0.0
    return Hubness(int(counts.argmax()), float(counts.max() / len(rows)), float(skewness))


# -------------------------------------------------------------------------------- checks and files


def checked_queries(
    queries: np.ndarray, k: int, dim: int, centre: np.ndarray | None = None
) -> np.ndarray:
    """Queries as float32 (q, dim), less the centre, or a ValueError that says what is wrong."""
    queries = np.ascontiguousarray(queries, dtype=np.float32)
    if queries.ndim != 2 or queries.shape[1] != dim:
        hint = "; for one query write query[None]" if queries.ndim == 1 else ""
        raise ValueError(f"queries have shape {queries.shape}, this gallery needs (q, {dim}){hint}")
    if k < 1:
        raise ValueError(f"k = {k} photos per query; choose at least 1")
    _check_finite(queries, "query")
    if centre is None:
        return queries
    centre = np.asarray(centre, dtype=np.float32)
    if centre.shape != (dim,):
        raise ValueError(f"the centre has shape {centre.shape}, expected ({dim},)")
    return queries - centre


def checked_authors(authors: str | Sequence[str], queries: int) -> Sequence[str]:
    """The photographer of each query; one for all of them, too, is said by its name alone."""
    authors = [authors] * queries if isinstance(authors, str) else authors
    if len(authors) != queries:
        raise ValueError(f"{len(authors)} photographers for {queries} queries")
    return authors


def checked(
    table: pd.DataFrame, vectors: np.ndarray, dim: int | None = None
) -> tuple[pd.DataFrame, np.ndarray]:
    """Table and vectors in the form a gallery holds, or a ValueError that says what is wrong."""
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if vectors.ndim != 2 or (dim is not None and vectors.shape[1] != dim):
        raise ValueError(f"the vectors have shape {vectors.shape}, expected (n, {dim or 'd'})")
    if len(table) != len(vectors):
        raise ValueError(
            f"{len(table)} rows in the table but {len(vectors)} vectors; they must be of the same "
            "photos (were damaged ones skipped?)"
        )
    _check_finite(vectors, "vector")
    return _checked_table(table), vectors


def _checked_table(table: pd.DataFrame) -> pd.DataFrame:
    absent = [c for c in ("IMG_ID", "AUTHOR", "LAT", "LON") if c not in table]
    if absent:
        raise ValueError(f"the table lacks {', '.join(absent)}")
    table = conform(table)
    ids = table["IMG_ID"]
    if ids.isna().any():
        raise ValueError(f"row {ids.isna().idxmax()} of the table has no IMG_ID")
    if ids.duplicated().any():
        twice = ids[ids.duplicated().idxmax()]
        raise ValueError(f"IMG_ID {twice!r} occurs more than once; keep one row per photo")
    check_coordinates(table[["LAT", "LON"]].to_numpy())
    return table


def _check_finite(vectors: np.ndarray, name: str) -> None:
    bad = ~np.isfinite(vectors.sum(axis=1))  # of the sums: no array as large as the vectors
    if bad.any():
        raise ValueError(f"{name} {bad.argmax()} holds a number that is not finite")


def commit(
    folder: Path, table: pd.DataFrame, d: int, model: str, kind: str, files: dict[str, str]
) -> None:
    """Write the table beside the files of an index, then the manifest; remove what it replaces."""
    files = {**files, "table": f"gallery-{secrets.token_hex(4)}.parquet"}
    table.to_parquet(folder / files["table"])
    entries = {
        role: {
            "name": name,
            "bytes": (folder / name).stat().st_size,
            "sha256": sha256_file(folder / name),
        }
        for role, name in files.items()
    }
    about = {"version": VERSION, "model": model, "kind": kind, "dimensions": d}
    about |= {"photos": len(table), "files": entries}
    write_json(folder / MANIFEST, {**about, "sha256": _digest(about)})
    for pattern in ("index-*.faiss", "gallery-*.parquet"):
        for path in folder.glob(pattern):
            if path.name not in files.values():
                path.unlink(missing_ok=True)


def _digest(about: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        raise GalleryError(f"{folder} holds no {MANIFEST}: no gallery was saved there in full")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        absent = {"version", "model", "kind", "dimensions", "photos", "files"} - manifest.keys()
        absent |= {"index", "table"} - manifest["files"].keys()
        said = manifest.pop("sha256", None)
    except (ValueError, AttributeError, KeyError) as error:
        raise GalleryError(f"{path} cannot be read ({error})") from error
    if absent:
        raise GalleryError(f"{path} lacks {', '.join(sorted(absent))}")
    if manifest["version"] != VERSION:
        raise GalleryError(
            f"{path} is of version {manifest['version']}, this package reads {VERSION}; "
            "build the gallery again"
        )
    if said != _digest(manifest):
        raise GalleryError(f"{path} was changed: its SHA-256 is not that of its other entries")
    return manifest


def _check_file(path: Path, entry: dict[str, Any], verify: bool) -> None:
    if not path.is_file():
        raise GalleryError(f"{path} is missing")
    size = path.stat().st_size
    if size != entry["bytes"]:
        raise GalleryError(f"{path} has {size} bytes, not {entry['bytes']}; it was changed")
    if verify and sha256_file(path) != entry["sha256"]:
        raise GalleryError(f"{path} was changed: its SHA-256 is not that of the manifest")


def _one_thread_if_forked() -> None:
    """Keep a search in a forked process from waiting for OpenMP's threads, which it has not got.

    With a single thread (FAISS's own advice) it works.
    """
    if os.getpid() != _PROCESS:
        faiss.omp_set_num_threads(1)


def neighbours(queries: np.ndarray, gallery: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Exact search for the k gallery vectors with the highest inner product.

    Args:
        queries, gallery: float32 (q, d) and (g, d), L2-normalised rows.

    Returns:
        Similarities float32 (q, k), best first, and gallery rows int64 (q, k).
    """
    for name, vectors in (("queries", queries), ("gallery", gallery)):
        if vectors.ndim != 2 or vectors.shape[1] != gallery.shape[1]:
            raise ValueError(
                f"{name} have shape {vectors.shape}, the gallery {gallery.shape}; need (n, d)"
            )
        norms = np.linalg.norm(vectors, axis=1)
        if not np.allclose(norms, 1, atol=1e-3):
            row = np.abs(norms - 1).argmax()
            raise ValueError(
                f"row {row} of the {name} has norm {norms[row]:.4g}, not 1; "
                "divide every row by its norm"
            )
    if not 1 <= k <= len(gallery):
        raise ValueError(f"k = {k} neighbours of a gallery of {len(gallery)}; choose 1 to that")
    _one_thread_if_forked()
    return faiss.knn(
        np.ascontiguousarray(queries, dtype=np.float32),
        np.ascontiguousarray(gallery, dtype=np.float32),
        k,
        metric=faiss.METRIC_INNER_PRODUCT,
    )
