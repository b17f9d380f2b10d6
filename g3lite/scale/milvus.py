"""A gallery in a vector store, for more photos than one machine holds: Milvus searches, G3 asks.

    with MilvusGallery.create("gallery.db", dim=2304, model=fingerprint) as gallery:
        gallery.add(table, vectors)
        similarity, rows = gallery.similar(queries, 15, where={"country": "Iceland"})

A URI with a scheme ("http://host:19530") is that of a Milvus server or cluster. Any other is a path
on this machine, and Milvus Lite searches it in this process. The calls are the same ones; the tests
run Lite in the process and as a server, not a cluster.
"""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
import threading
import weakref
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from functools import partial
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from g3lite import G3Error
from g3lite.index import GalleryError, checked, checked_authors, checked_queries, coordinates_of
from g3lite.photos import SCHEMA, conform

INDEXES: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "FLAT": ({}, {}),
    "IVF_FLAT": ({"nlist": 1024}, {"nprobe": 64}),
    "IVF_SQ8": ({"nlist": 1024}, {"nprobe": 64}),
    "HNSW": ({"M": 32, "efConstruction": 200}, {"ef": 128}),
}
"""Types of Milvus index -> settings of building and of searching; FLAT is exact, the paper's."""

MOST = 16_384
"""Milvus answers a query with no more photos than this."""

BATCH_BYTES = 2**24
"""Of vectors that travel at once; a server takes 64 MB."""

QUERIES = 1_000
"""Queries that travel at once."""

SECONDS = 10.0
"""After so long without an answer a server counts as away; writing may take six times as long."""

Where = Mapping[str, str | float | Sequence[str | float]]
"""Columns of `photos.SCHEMA` -> the value that a photo must have there, or a list of them."""


class MilvusGallery:
    """Photos that a Milvus store searches; `create` makes one, `connect` opens it.

    It searches as `index.Gallery` does, and a pipeline takes it in that one's place. Rows are
    numbered 0 to n - 1 in the order of adding. Of each photo the columns of `photos.SCHEMA` are
    kept. Threads may search while one of them adds. One process may add at a time.

    Attributes:
        uri: where the store is.
        name: of the collection in it.
        model: names what made the vectors.
        dim: numbers per vector.
        kind: the type of the index, such as "milvus FLAT".
        client: the `pymilvus.MilvusClient`, for whatever else Milvus can do.
    """

    def __init__(self, uri: str, name: str, client: Any, opened: ExitStack) -> None:
        """Of an open client; use `create` or `connect`."""
        self.uri, self.name, self.client = uri, name, client
        self._end = weakref.finalize(self, opened.close)
        self._adding = threading.Lock()
        # Lite's searches miss photos that it moves from memory to a file meanwhile: one at a time.
        self._turn = nullcontext() if _is_server(uri) else threading.Lock()
        about = self._call("describe_collection")["properties"]
        try:
            self.model, self.dim = about["g3lite.model"], int(about["g3lite.dim"])
            self._index, self._made = about["g3lite.index"], about["g3lite.made"]
            acknowledged = int(about["g3lite.photos"])
        except KeyError as error:
            raise GalleryError(
                f"{uri}: the collection {name!r} was not made by g3lite (it lacks {error})"
            ) from error
        self.kind = f"milvus {self._index}"
        if not self._call("list_indexes"):  # none if `create` was broken off here
            building, _ = INDEXES[self._index]
            params = client.prepare_index_params()
            params.add_index("vector", index_type=self._index, metric_type="IP", params=building)
            self._call("create_index", params)
        self._call("load_collection")
        if len(self) < acknowledged:
            raise GalleryError(
                f"{uri}: the collection {name!r} holds {len(self)} photos, not the {acknowledged} "
                "that were added: it was damaged; take a copy, or make it anew"
            )

    @classmethod
    def create(
        cls,
        uri: str | Path,
        dim: int,
        model: str,
        name: str = "gallery",
        *,
        index: str = "FLAT",
        token: str | None = None,
    ) -> MilvusGallery:
        """Make an empty gallery.

        Args:
            uri: a path for Milvus Lite, such as "gallery.db", or the address of a server.
            dim: numbers per vector.
            model: names what makes the vectors, such as the fingerprint of a model.
            name: of the collection; letters, digits and underscores.
            index: a key of `INDEXES`.
            token: for a server that asks for one, "user:password" or an API key.

        Raises:
            ValueError: the index is not known, or the name holds other characters.
            GalleryError: the store has such a collection already, or cannot be reached or used.
        """
        if index not in INDEXES:
            raise ValueError(f"index {index!r} is none of {', '.join(INDEXES)}")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise ValueError(f"name {name!r}: choose letters, digits and underscores")
        uri, client, opened = _open(uri, token, new=True)
        try:
            if _asked(uri, client.has_collection, name):
                raise GalleryError(
                    f"{uri} has a collection {name!r} already: connect to it, or take another name"
                )
            about = {"model": model, "dim": dim, "index": index, "photos": 0}
            about["made"] = secrets.token_hex(8)
            properties = {f"g3lite.{key}": str(value) for key, value in about.items()}
            _asked(
                uri, client.create_collection, name, schema=_schema(client, dim),
                properties=properties, consistency_level="Strong",
            )  # fmt: skip
            return cls(uri, name, client, opened)
        except BaseException:
            opened.close()
            raise

    @classmethod
    def connect(
        cls,
        uri: str | Path,
        name: str = "gallery",
        model: str | None = None,
        *,
        token: str | None = None,
    ) -> MilvusGallery:
        """Open a gallery that `create` made.

        Args:
            uri, name, token: as for `create`.
            model: what the queries are made with; a gallery of another model is refused.

        Raises:
            GalleryError: there is no such gallery, or it is one of another model, or damaged; the
                store cannot be reached; or a path that another process has open.
        """
        uri, client, opened = _open(uri, token, new=False)
        try:
            if not _asked(uri, client.has_collection, name):
                there = _asked(uri, client.list_collections)
                raise GalleryError(
                    f"{uri} has no collection {name!r}; it has {', '.join(there) or 'none'}"
                )
            gallery = cls(uri, name, client, opened)
            if model not in (None, gallery.model):
                raise GalleryError(
                    f"{uri}: its vectors come from {gallery.model!r}, the queries from {model!r}"
                )
            return gallery
        except BaseException:
            opened.close()
            raise

    def close(self) -> None:
        """End the connection and, with Milvus Lite, the store in this process."""
        self._end()

    def __enter__(self) -> MilvusGallery:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __len__(self) -> int:
        return self._query("", ["count(*)"])[0]["count(*)"]

    def digest(self) -> str:
        """Names the collection and how many photos it holds: rows are added and never changed."""
        return hashlib.sha256(f"{self._made} {len(self)}".encode()).hexdigest()

    # -------------------------------------------------------------------------------- searching

    def similar(
        self,
        queries: np.ndarray,
        k: int,
        *,
        exclude_author: str | Sequence[str] | None = None,
        exclude_above: float = np.inf,
        where: Where | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k photos most similar to each query, as `Gallery.similar` gives them.

        Args:
            queries, k, exclude_author, exclude_above: as there; k is at most `MOST`.
            where: only photos with these values, such as {"country": ["Iceland", "Norway"]}.

        Raises:
            ValueError: as there; or `where` names no column or no value.
            GalleryError: the store cannot be reached.
        """
        queries = checked_queries(queries, k, self.dim)
        return self._search(queries, k, exclude_author, where, exclude_above)

    def dissimilar(
        self,
        queries: np.ndarray,
        k: int,
        *,
        exclude_author: str | Sequence[str] | None = None,
        centre: np.ndarray | None = None,
        where: Where | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k photos most dissimilar to each query, as `Gallery.dissimilar` gives them.

        Args:
            queries, k, exclude_author, centre: as there; k is at most `MOST`.
            where: as for `similar`.
        """
        queries = checked_queries(queries, k, self.dim, centre)
        dissimilarity, rows = self._search(-queries, k, exclude_author, where)
        return -dissimilarity, rows

    def _search(
        self,
        queries: np.ndarray,
        k: int,
        exclude_author: str | Sequence[str] | None,
        where: Where | None,
        exclude_above: float = np.inf,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Each group of queries that share a filter: search until k photos are kept, or no more."""
        if k > MOST:
            raise ValueError(f"k = {k} photos per query; Milvus gives at most {MOST}")
        similarities = np.full((len(queries), k), np.nan, dtype=np.float32)
        rows = np.full((len(queries), k), -1, dtype=np.int64)
        for some, condition in _groups(len(queries), exclude_author, where):
            todo, fetch = some, k
            while len(todo):
                more = []
                answers = self._hits(queries[todo], fetch, condition)
                for number, (similarity, row) in zip(todo, answers, strict=True):
                    kept = np.flatnonzero(similarity <= exclude_above)[:k]
                    similarities[number, : len(kept)] = similarity[kept]
                    rows[number, : len(kept)] = row[kept]
                    if len(kept) < k and len(row) == fetch < MOST:
                        more.append(number)
                todo, fetch = np.array(more, dtype=int), min(4 * fetch, MOST)
        return similarities, rows

    def _hits(
        self, queries: np.ndarray, fetch: int, condition: str
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Similarities and rows of each query, the most similar first."""
        settings = dict(INDEXES[self._index][1])
        if "ef" in settings:
            settings["ef"] = max(settings["ef"], fetch)
        for some in _batches(queries, QUERIES):
            answers = self._call(
                "search", some, anns_field="vector", limit=fetch,
                filter=condition, output_fields=["row"], search_params={"params": settings},
            )  # fmt: skip
            for hits in answers:
                yield (
                    np.array([hit["distance"] for hit in hits], dtype=np.float32),
                    np.array([hit["row"] for hit in hits], dtype=np.int64),
                )

    # ------------------------------------------------------------------------------ photos of rows

    def photos(self, rows: np.ndarray) -> pd.DataFrame:
        """The photos of these rows (m,), as a table in their order.

        Raises:
            IndexError: a row is no photo's.
        """
        rows = np.asarray(rows, dtype=np.int64)
        return conform(self._fields(rows, list(SCHEMA)))

    def coordinates_of(self, rows: np.ndarray) -> np.ndarray:
        """float64 (..., 2), [lat, lon] in degrees; NaN where a row is -1, which is no photo."""
        rows = np.asarray(rows, dtype=np.int64)
        found, number = np.unique(rows[rows >= 0], return_inverse=True)
        if not len(found):
            return np.full((*rows.shape, 2), np.nan)
        places = np.full(rows.shape, -1)
        places[rows >= 0] = number
        return coordinates_of(places, self._fields(found, ["LAT", "LON"]).to_numpy(np.float64))

    def _fields(self, rows: np.ndarray, columns: list[str]) -> pd.DataFrame:
        found = []
        for some in _batches(np.unique(rows), MOST):
            found += self._query(f"row in {some.tolist()}", ["row", *columns])
        table = pd.DataFrame(found, columns=["row", *columns]).set_index("row")
        absent = ~np.isin(rows, table.index)
        if absent.any():
            raise IndexError(f"row {rows[absent][0]} is no photo of a gallery of {len(self)}")
        return table.loc[rows].reset_index(drop=True)

    # ---------------------------------------------------------------------------------- growing

    def add(self, table: pd.DataFrame, vectors: np.ndarray, model: str | None = None) -> int:
        """Append photos, batch by batch; when it returns, every search sees them.

        After a failure call it again with the same table: photos that are there with the same
        vector are passed over.

        Args:
            table: n photos, as for `Gallery.build`.
            vectors: (n, d), in the order of the table.
            model: names what made the vectors.

        Returns:
            How many photos were added now.

        Raises:
            ValueError: as for `Gallery.add`; or an IMG_ID is there with another vector. Then
                nothing is added.
            GalleryError: the store cannot be reached, or takes no more; the message says how many
                photos it has taken.
        """
        if model not in (None, self.model):
            raise ValueError(f"the vectors come from {model!r}, the gallery's from {self.model!r}")
        table, vectors = checked(table, vectors, self.dim)
        table = table[list(SCHEMA)]
        with self._adding:
            n = len(self)
            if self._query(f"row >= {n}", ["row"], limit=1):
                raise GalleryError(
                    f"{self.uri}: the rows of {self.name!r} have gaps: two processes have added to "
                    "it at the same time; make it anew"
                )
            there = self._there(table["IMG_ID"], vectors) if n else np.zeros(len(table), bool)
            missing, added = np.flatnonzero(~there), 0
            try:
                for some in _batches(missing, self._batch):
                    self._insert(n + added, table.iloc[some], vectors[some])
                    added += len(some)
            except GalleryError as error:
                raise GalleryError(
                    f"{error} ({added} of {len(missing)} photos were added; to go on, call add "
                    "again with the same table)"
                ) from error
            self._call("alter_collection_properties", {"g3lite.photos": str(n + added)})
        return added

    @property
    def _batch(self) -> int:
        """Photos that travel at once."""
        return max(1, BATCH_BYTES // (4 * self.dim))

    def _there(self, ids: pd.Series, vectors: np.ndarray) -> np.ndarray:
        """bool (n,): which photos were added earlier, with the same vectors."""
        there = np.zeros(len(ids), dtype=bool)
        for some in _batches(np.arange(len(ids)), min(self._batch, MOST)):
            number = dict(zip(ids.iloc[some], some, strict=True))
            condition = _condition("IMG_ID", list(number))
            for photo in self._query(condition, ["IMG_ID", "vector"]):
                i = number[photo["IMG_ID"]]
                if not np.array_equal(np.float32(photo["vector"]), vectors[i]):
                    raise ValueError(
                        f"photo {ids.iloc[i]!r} is in the gallery already, with another vector; "
                        "drop it from the table and the vectors"
                    )
                there[i] = True
        return there

    def _insert(self, first: int, table: pd.DataFrame, vectors: np.ndarray) -> None:
        """Write rows from `first` on; written twice, by a client that tries again, they are one."""
        records = table.astype(object).where(table.notna(), None).to_dict("records")
        rows = [
            {"row": first + i, "vector": vector, **record}
            for i, (vector, record) in enumerate(zip(vectors, records, strict=True))
        ]
        self._call("upsert", rows, timeout=6 * SECONDS)
        if not _is_server(self.uri):  # Lite searches slowly what is not in its files yet
            self._call("flush", timeout=6 * SECONDS)

    # ------------------------------------------------------------------------------ the connection

    def _query(self, condition: str, columns: list[str], **options: Any) -> list[dict[str, Any]]:
        return self._call("query", filter=condition, output_fields=columns, **options)

    def _call(self, method: str, *arguments: Any, **options: Any) -> Any:
        """A method of the client, on this collection."""
        if not self._end.alive:
            raise GalleryError(f"the gallery {self.uri} is closed; connect to it again")
        call = partial(
            _asked, self.uri, getattr(self.client, method), self.name, *arguments, **options
        )
        with self._turn:
            try:
                return call()
            except GalleryError as error:
                if not any(sign in str(error) for sign in ("released", "not loaded")):
                    raise
            _asked(self.uri, self.client.load_collection, self.name)  # the server was started anew
            return call()


def _is_server(uri: str) -> bool:
    return "://" in uri


def _asked(uri: str, call: Any, *arguments: Any, timeout: float = SECONDS, **options: Any) -> Any:
    """What Milvus answers, or a GalleryError."""
    from pymilvus import MilvusException

    try:
        return call(*arguments, timeout=timeout, **options)
    except MilvusException as error:
        raise _error(uri, error) from error


def _error(uri: str, error: Any) -> GalleryError:
    text = error.message.strip()
    if any(
        sign in text for sign in ("UNAVAILABLE", "DEADLINE", "Fail connecting", "closed channel")
    ):
        return GalleryError(
            f"{uri} does not answer: is Milvus running there? Photos that were added are in its "
            f"store; call again when it is back ({text})"
        )
    return GalleryError(f"{uri} refuses: {text}")


def _open(uri: str | Path, token: str | None, new: bool) -> tuple[str, Any, ExitStack]:
    """A client, and what closes it and, with Milvus Lite, the server in this process."""
    try:
        from pymilvus import MilvusClient, MilvusException
    except ImportError as error:
        raise G3Error('a gallery in Milvus needs pymilvus: pip install -e ".[scaling]"') from error
    for name in ("pymilvus", "milvus_lite", "grpc._server"):  # what they report is raised, too
        logging.getLogger(name).setLevel(logging.CRITICAL)
    uri = str(uri)
    with ExitStack() as opened:
        address = uri if _is_server(uri) else _serve(Path(uri), new, opened)
        try:
            client = MilvusClient(address, token=token or "", timeout=SECONDS, dedicated=True)
        except MilvusException as error:
            raise _error(uri, error) from error
        opened.callback(client.close)
        return uri, client, opened.pop_all()


def _serve(path: Path, new: bool, opened: ExitStack) -> str:
    """The address of Milvus Lite of a path, which runs in this process."""
    try:
        from milvus_lite.adapter.grpc.server import start_server_in_thread
        from milvus_lite.exceptions import DataDirLockedError
    except ImportError as error:
        raise G3Error(
            f'{path}: a gallery in a file needs Milvus Lite: pip install -e ".[scaling]"'
        ) from error
    if not (new or path.exists()):
        raise GalleryError(f"there is no gallery {path}; MilvusGallery.create makes one")
    try:
        server, store, port = start_server_in_thread(str(path))
    except DataDirLockedError as error:
        raise GalleryError(
            f"{path} is open already, here or in another process, and Milvus Lite lets one in at a "
            "time: close it there; for several processes run a Milvus server and give its address"
        ) from error
    except OSError as error:
        raise GalleryError(f"{path} is no folder of Milvus Lite: {error}") from error
    opened.callback(store.close)
    opened.callback(lambda: server.stop(0).wait())
    return f"http://127.0.0.1:{port}"


def _batches(values: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (values[start : start + size] for start in range(0, len(values), size))


def _schema(client: Any, dim: int) -> Any:
    from pymilvus import DataType

    types = {"string": DataType.VARCHAR, "Int64": DataType.INT64, "float64": DataType.DOUBLE}
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("row", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dim)
    for column, dtype in SCHEMA.items():
        text = {"max_length": 65_535} if dtype == "string" else {}
        schema.add_field(column, types[dtype], nullable=column != "IMG_ID", **text)
    return schema


# -------------------------------------------------------------------------------------- conditions


def _groups(
    queries: int, exclude_author: str | Sequence[str] | None, where: Where | None
) -> Iterator[tuple[np.ndarray, str]]:
    """Numbers of queries, and the condition that they share."""
    wanted = [_condition(column, value) for column, value in (where or {}).items()]
    if exclude_author is None:
        yield np.arange(queries), " and ".join(wanted)
        return
    authors = pd.Series(checked_authors(exclude_author, queries), dtype="string")
    for author, numbers in authors.groupby(authors, dropna=False, sort=False).indices.items():
        others = [] if pd.isna(author) else [f"(AUTHOR is null or AUTHOR != {_quoted(author)})"]
        yield numbers, " and ".join(wanted + others)


def _condition(column: str, value: Any) -> str:
    """That a column has this value, or one of these, in Milvus' language."""
    if column not in SCHEMA:
        raise ValueError(f"where: {column!r} is no column; there are {', '.join(SCHEMA)}")
    values = (
        list(value) if isinstance(value, Collection) and not isinstance(value, str) else [value]
    )
    if not values:
        raise ValueError(f"where: {column} needs at least one value")
    return f"{column} in [{', '.join(_literal(column, each) for each in values)}]"


def _literal(column: str, value: Any) -> str:
    """A value of a column in Milvus' language."""
    dtype = SCHEMA[column]
    if dtype == "string" and isinstance(value, str):
        return _quoted(value)
    if dtype == "float64" and isinstance(value, Real) and np.isfinite(value):
        return repr(float(value))
    if dtype == "Int64" and isinstance(value, Integral):
        return str(int(value))
    kind = {"string": "a text", "float64": "a number", "Int64": "a whole number"}[dtype]
    raise ValueError(f"where: {column} is {kind}, and {value!r} is not")


def _quoted(text: str) -> str:
    """A text as a literal: nothing in it is read as part of the condition."""
    for character, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(character, escape)
    return f'"{text}"'
