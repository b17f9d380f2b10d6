"""The whole of G3: a photo in, a place on Earth out.

    g3 = Pipeline(backbone, heads, gallery, lmm)
    print(g3.locate("photo.jpg"))

Four steps: the frozen backbone and the trained heads **embed** the photo; a **search** finds
similar and dissimilar photos in the gallery; a multimodal model is **asked** with prompts that list
their coordinates; and of all candidates **verification** takes the one that fits the photo best.

The parts are passed in. `presets.G3` is a pipeline that takes those of a profile.
"""

from __future__ import annotations

import hashlib
import json
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from g3lite import G3Error, __version__, places, verification
from g3lite.alignment import GeoAlignment
from g3lite.backbone import Backbone
from g3lite.paths import replacing, sha256_file
from g3lite.photos import PhotoSet
from g3lite.prompts import PromptPlan
from g3lite.replies import failed_replies, failure_summary
from g3lite.support import weights
from g3lite.support.runs import make_run_folder
from g3lite.verification import CandidateConfig, Verifier, candidates, winners

OUT_OF_DOMAIN = (
    "out_of_domain: these models have seen nothing but drawings of MiniEarth, so what they say "
    "about another photo means nothing; take models of the real world, as the profile gpu names "
    "them"
)
FALLBACK = (
    "fallback: none of the model's replies could be read, so the place comes from similar photos "
    "alone"
)
STEPS = ("embed", "search", "ask", "verify")
TABLES = ("candidates.parquet", "replies.parquet", "predictions.csv")
"""What `Pipeline.predict` writes beside run.json."""


class Searched(Protocol):
    """What the pipeline needs of a gallery: `g3lite.index.Gallery`, or one in a vector store.

    Rows (integers) number its photos; -1 is no photo.
    """

    model: str
    kind: str

    def __len__(self) -> int: ...

    def similar(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Inner products and rows, (q, k) each, of the photos most similar to (q, d) queries."""

    def dissimilar(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The same of the most dissimilar ones."""

    def coordinates_of(self, rows: np.ndarray) -> np.ndarray:
        """[lat, lon] (..., 2) in degrees of these rows, NaN where a row is -1."""

    def photos(self, rows: np.ndarray) -> pd.DataFrame:
        """The photos of rows (m,), as a table in the columns of `photos.SCHEMA`."""

    def digest(self) -> str:
        """Names what the gallery holds; another one if it holds other photos."""


class Asked(Protocol):
    """What the pipeline needs of a multimodal model; `g3lite.lmm.base.LMM` is one."""

    name: str

    def ask(
        self,
        photos: PhotoSet,
        plan: PromptPlan,
        similar: ArrayLike,
        dissimilar: ArrayLike,
        **options: Any,
    ) -> tuple[pd.DataFrame, Any]:
        """Ask about n photos with their references, each (n, k, 2): the replies and a report."""


class Judge(Protocol):
    """What may judge candidates in place of the cosine, as `g3lite.after.judge.LearnedJudge`."""

    name: str
    neighbours: int

    def score(
        self, scored: pd.DataFrame, ids: Sequence[str], similarity: np.ndarray, near: np.ndarray
    ) -> pd.DataFrame:
        """The candidates with other scores."""

    def where(self, candidates: pd.DataFrame) -> Any:
        """How sure it is of one photo."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """Where a photo was probably taken, and how that came about; `print` shows it.

    Attributes:
        img_id: the photo's IMG_ID.
        coordinates: (latitude, longitude) in degrees; None if the photo cannot be located.
        place: the nearest city, and how far it is.
        score: of the winning candidate, in [-1, 1].
        candidates: all of them, the best first, with score, origin, references and sample.
        neighbours: the most similar photos of the gallery, the most similar first.
        replies: what the model answered, as `LMM.ask` returns it.
        seconds: of each step, the mean per photo of the call that located it; None where something
            was taken from disk, as an earlier call had left it, and no time is a measurement.
        warning: why the prediction should not be believed; None if there is no such reason.
        error: why there is none; None if there is one.
        fallback: whether none of the replies could be read: the place comes from retrieval alone.
        where: how sure the learned judge is (`g3lite.after.regions.Where`); None with the cosine.
        card: draws it for a notebook, as HTML; None: a notebook shows the text.
    """

    img_id: str
    coordinates: tuple[float, float] | None
    place: str
    score: float
    candidates: pd.DataFrame = field(repr=False)
    neighbours: pd.DataFrame = field(repr=False)
    replies: pd.DataFrame = field(repr=False)
    seconds: dict[str, float | None] = field(repr=False)
    warning: str | None = None
    error: str | None = None
    fallback: bool = False
    where: Any = field(default=None, repr=False)
    card: Callable[[Prediction], str] | None = field(default=None, repr=False)

    @property
    def failure(self) -> str | None:
        """How many of the replies did not come, and why, or had no text; None if none did."""
        return failure_summary(self.replies) if len(self.replies) else None

    @classmethod
    def failed(cls, img_id: str, error: str) -> Prediction:
        """That of a photo that was never looked at, because of `error`."""
        nothing = pd.DataFrame()
        return cls(img_id, None, "", np.nan, nothing, nothing, nothing, {}, error=error)

    def __str__(self) -> str:
        if self.coordinates is None:
            return f"{self.img_id}: not located, {self.error}"
        lat, lon = self.coordinates
        where = f"{abs(lat):.4f}° {'N' if lat >= 0 else 'S'}, {abs(lon):.4f}° {'EW'[lon < 0]}"
        best = self.candidates.iloc[0]
        origin = "where a similar photo was taken"
        if best["origin"] == "reply":
            origin = f"reply {best['sample']} to the prompt with {best['references']} references"
        lines = [
            f"{self.img_id}: {where}, {self.place}",
            f"  score {self.score:.3f}, the best of {len(self.candidates)} candidates: {origin}",
            "  " + ", ".join(f"{step} {_time(took)}" for step, took in self.seconds.items()),
        ]
        said = (self.where, self.warning, FALLBACK if self.fallback else None, self.failure)
        return "\n".join([*lines, *(f"  {line}" for line in said if line)])

    def _repr_html_(self) -> str | None:
        return self.card(self) if self.card else None

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"card": None}  # a pickle leaves the photos behind, and so their card

    def as_dict(self) -> dict[str, Any]:
        """All of it in plain types, for JSON."""
        tables = {
            name: json.loads(getattr(self, name).to_json(orient="records"))
            for name in ("candidates", "neighbours", "replies")
        }
        lat, lon = self.coordinates or (None, None)
        return {
            "img_id": self.img_id, "latitude": lat, "longitude": lon, "place": self.place,
            "score": None if np.isnan(self.score) else self.score, "warning": self.warning,
            "error": self.error, "fallback": self.fallback, "failure": self.failure,
            "seconds": self.seconds, "where": self.where and self.where.as_dict(), **tables,
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class Located:
    """What the four steps gave for n photos.

    Attributes:
        predictions: a row per photo: IMG_ID, LAT_pred and LON_pred (NaN for none), score, origin,
            references, sample, fallback (none of the replies could be read: the place comes from
            retrieval alone), failed (replies that did not come), city, country, city_km,
            out_of_domain, error (NA for none). `evaluation` takes it as it is.
        candidates: a row per candidate, with its score.
        neighbours: a row per photo and retrieved one: IMG_ID, rank, similarity, neighbour, LAT, LON
            and what the gallery says of the place. Fewer where the search found fewer.
        replies: what the model answered.
        report: on the replies, a dataclass (`g3lite.lmm.ask.Report`).
        seconds: that each step took, for all photos; None as in `Prediction`.
    """

    predictions: pd.DataFrame
    candidates: pd.DataFrame
    neighbours: pd.DataFrame
    replies: pd.DataFrame
    report: Any
    seconds: dict[str, float | None]


@dataclass(eq=False)
class Pipeline:
    """The parts of G3, put together. `presets.G3` takes those of a profile.

    Attributes:
        backbone: frozen image tower.
        heads: geo-alignment, trained on features of this backbone.
        gallery: photos with the vectors of `heads.database_vectors`.
        lmm: the multimodal model.
        plan: its prompts.
        choice: which candidates compete; it must fit the plan.
        in_domain: says which photos of a set the models can know anything about, bool (n,); None if
            they know any photo.
        judge: scores the candidates in place of the cosine; None for the paper's judge.
    """

    backbone: Backbone
    heads: GeoAlignment
    gallery: Searched
    lmm: Asked
    plan: PromptPlan = PromptPlan()
    choice: CandidateConfig = verification.CANDIDATE_CONFIGS["paper_im2gps3k"]
    in_domain: Callable[[PhotoSet], np.ndarray] | None = None
    judge: Judge | None = None
    card: ClassVar[Callable[[Prediction, PhotoSet], str] | None] = None
    """What draws predictions for a notebook, with their photos; `presets.G3` has one."""

    def locate(
        self, what: str | Path | PhotoSet | Sequence[str | Path], **options: Any
    ) -> Prediction | list[Prediction]:
        """Locate photos.

        Args:
            what: a file; several files; or a photo set.
            options: of `steps`.

        Returns:
            A prediction for a single file, else one per photo, in their order. A file that is no
            picture gets one with an error, and costs the others nothing. Where the model failed, a
            prediction says so (`failure`), and comes from retrieval alone (`fallback`) if need be.

        Raises:
            NotThere: there is no such file.
            LMMError: the model cannot be asked.
        """
        single = isinstance(what, str | Path)
        if not isinstance(what, PhotoSet):
            what = PhotoSet.from_files([what] if single else what)
        found = self.steps(what, **{"progress": False, "on_failures": "return"} | options)
        seconds = {step: took and took / len(what) for step, took in found.seconds.items()}
        all_of = {
            name: dict(tuple(getattr(found, name).groupby("IMG_ID", sort=False)))
            for name in ("candidates", "neighbours", "replies")
        }
        predictions = []
        sure = self.judge.where if self.judge else lambda _: None
        for row in found.predictions.itertuples(index=False):
            tables = {
                name: of.get(row.IMG_ID, getattr(found, name).iloc[:0]).drop(columns="IMG_ID")
                for name, of in all_of.items()
            }
            tables["candidates"] = tables["candidates"].sort_values(
                "score", ascending=False, kind="stable"
            )
            located = pd.isna(row.error)
            predictions.append(
                Prediction(
                    img_id=row.IMG_ID,
                    coordinates=(row.LAT_pred, row.LON_pred) if located else None,
                    place=f"{row.city_km:.0f} km from {row.city}, {row.country}" if located else "",
                    score=float(row.score),
                    **{name: table.reset_index(drop=True) for name, table in tables.items()},
                    seconds=seconds,
                    warning=OUT_OF_DOMAIN if row.out_of_domain else None,
                    error=None if located else row.error,
                    fallback=located and bool(row.fallback),
                    where=sure(tables["candidates"]) if located else None,
                    card=self.card and partial(self.card, photos=what),
                )
            )
        return predictions[0] if single else predictions

    def predict(self, queries: PhotoSet, folder: str | Path, **options: Any) -> pd.DataFrame:
        """Locate a photo set and write what came of it.

        `folder` then holds predictions.csv, candidates.parquet, replies.parquet and run.json, which
        says what the run was made of and holds the SHA-256 of the other three. Features and replies
        are kept as they come, so a run that was stopped goes on where it was; the files are written
        when it has ended, run.json the last, and those of an earlier run of the same parts are
        replaced.

        Args:
            queries: the photos.
            folder: where the files go; it is made if there is none.
            options: of `steps`.

        Returns:
            `Located.predictions`.

        Raises:
            G3Error: the folder holds another run, or cannot be written to; the message says where
                the replies are.
            LMMError: the model cannot be asked, or a limit was reached.
        """
        folder, made_of = Path(folder), self._made_of(queries)
        make_run_folder(folder, made_of, TABLES)
        found = self.steps(queries, **options)
        files = {}
        try:
            with ExitStack() as stack:  # the files get their names in the end, run.json the last
                record = stack.enter_context(replacing(folder / "run.json"))
                for name in TABLES:
                    table = getattr(found, name.partition(".")[0])
                    part = stack.enter_context(replacing(folder / name))
                    if name.endswith(".csv"):
                        table.to_csv(part, index=False, lineterminator="\n")
                    else:
                        table.to_parquet(part, index=False)
                    files[name] = sha256_file(part)
                about = {
                    **made_of,
                    "not_located": int(found.predictions["error"].notna().sum()),
                    "report": asdict(found.report),
                    "seconds": found.seconds,
                    "files": files,
                }
                record.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise G3Error(
                f"{folder} cannot be written to ({error.strerror or error}). Every reply is in "
                f"{options.get('store') or 'the store in the cache'}: make room, or name another "
                "folder, and call again; nothing is asked a second time"
            ) from error
        return found.predictions

    def _made_of(self, queries: PhotoSet) -> dict[str, Any]:
        """What predictions follow from, in JSON's types."""
        made_of = {
            "g3lite": __version__,
            "queries": {
                "name": queries.name, "version": queries.version, "photos": len(queries),
                "sha256": _sha256("\n".join(queries.ids).encode()),
            },
            "gallery": {
                "photos": len(self.gallery), "kind": self.gallery.kind,
                "model": self.gallery.model, "sha256": self.gallery.digest(),
            },
            "backbone": {"name": self.backbone.name, "sha256": self.backbone.fingerprint},
            "heads": {
                **asdict(self.heads.config),
                "sha256": weights.digest(self.heads.state_dict()),
            },
            "lmm": self.lmm.name,
            "plan": {
                "references": self.plan.references, "replies": self.plan.replies,
                "asked": self.plan.asked, "temperature": self.plan.temperature,
                "template": self.plan.template.text,
            },
            "choice": asdict(self.choice),
            "judge": self.judge and self.judge.name,
        }  # fmt: skip
        return json.loads(json.dumps(made_of))

    def steps(self, queries: PhotoSet, *, progress: bool = True, **options: Any) -> Located:
        """The four steps for n photos.

        Args:
            queries: the photos. One whose picture cannot be used gets a prediction with an error.
            progress: show progress bars.
            options: further options of `LMM.ask`, such as store and max_cost.
        """
        seconds: dict[str, float | None] = {}

        @contextmanager
        def timed(step: str) -> Iterator[None]:
            began = time.perf_counter()
            yield
            seconds[step] = time.perf_counter() - began

        with timed("embed"), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "skipped", UserWarning)  # each gets its error
            features = self.backbone.image_features(
                queries, on_error="skip", normalize=False, progress=progress
            )
            usable = queries.take(~queries.table["IMG_ID"].isin(features.skipped).to_numpy())
            vectors = self.heads.database_vectors(features.vectors)
        with timed("search"):
            k = max(self.plan.most, self.choice.retrieved, 5)
            most = max(k, self.judge.neighbours if self.judge else 0)
            similarity, similar = self.gallery.similar(vectors, most)
            _, dissimilar = self.gallery.dissimilar(vectors, k)
            near, far = map(self.gallery.coordinates_of, (similar, dissimilar))  # (q, k, 2)
        with timed("ask"):
            replies, report = self.lmm.ask(
                usable, self.plan, near[:, :k], far, progress=progress, **options
            )
        with timed("verify"):
            rivals = candidates(usable.ids, replies, near, self.choice)
            scored = Verifier(self.heads, usable.ids, features.vectors).score(rivals)
            if self.judge:
                scored = self.judge.score(scored, usable.ids, similarity, near)
            best = winners(scored)
        for step, stored in (("embed", features.stored), ("ask", report.stored)):
            seconds[step] = None if stored else seconds[step]
        return Located(
            self._predictions(queries, usable, best, replies, features.skipped), scored,
            self._neighbours(usable, similarity[:, :k], similar[:, :k]), replies, report, seconds,
        )  # fmt: skip

    def _neighbours(
        self, queries: PhotoSet, similarity: np.ndarray, rows: np.ndarray
    ) -> pd.DataFrame:
        """What a search found, (q, k), as a table: a row per photo and neighbour of it."""
        query, rank = np.nonzero(rows >= 0)
        table = self.gallery.photos(rows[query, rank]).rename(columns={"IMG_ID": "neighbour"})
        table.insert(0, "IMG_ID", np.array(queries.ids)[query])
        table.insert(1, "rank", rank)
        table.insert(2, "similarity", similarity[query, rank])
        return table.reset_index(drop=True)

    def _predictions(
        self,
        queries: PhotoSet,
        usable: PhotoSet,
        best: pd.DataFrame,
        replies: pd.DataFrame,
        skipped: dict[str, str],
    ) -> pd.DataFrame:
        """The winners, with their nearest cities, in the order of the queries."""
        won = usable.table["IMG_ID"].isin(best["IMG_ID"]).to_numpy()
        errors = skipped | dict.fromkeys(
            usable.take(~won).ids,
            "it has no candidate: no reply can be read, and the search found no similar photo",
        )
        cities = places.nearest_city(best[["LAT_pred", "LON_pred"]])
        failed = failed_replies(replies).groupby(replies["IMG_ID"]).sum()
        named = best.assign(
            failed=best["IMG_ID"].map(failed).astype("Int64"),
            city=cities["city"], country=cities["country"], city_km=cities["km"],
            out_of_domain=False if self.in_domain is None else ~self.in_domain(usable.take(won)),
        )  # fmt: skip
        table = queries.table[["IMG_ID"]].merge(named, on="IMG_ID", how="left")
        table["out_of_domain"] = table["out_of_domain"].eq(True).astype(bool)
        return table.assign(error=table["IMG_ID"].map(errors).astype("string"))


def _time(seconds: float | None) -> str:
    return "from the store" if seconds is None else f"{seconds:.2f} s"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
