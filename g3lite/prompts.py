"""Prompts made of references (geo-diversification, the paper's Section 3.2).

A multimodal model is shown a photo and told where similar photos were taken, and where dissimilar
ones were. How many such references help depends on the photo, so each is asked about with several
prompts, of 0 to 15 references of either kind. A `Template` is the wording; a `PromptPlan` says
which prompts, how many replies and at what temperature, and what that will cost before anything is
sent.

References are float64 (k, 2), [lat, lon] in degrees; the most similar, or most dissimilar, first.
Where a search found fewer than k photos, the last rows are NaN, and the prompt names fewer.
"""

from __future__ import annotations

import math
import operator
import os
import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from g3lite import G3Error
from g3lite.geo import check_coordinates

if TYPE_CHECKING:
    from g3lite.index import Gallery

DECIMALS = 5
"""Of the degrees in a prompt: about a metre."""
FIELDS = ("similar", "dissimilar")
"""The fields of a template, each a list of coordinates."""


class TemplateError(G3Error):
    """A template that cannot be used; the message says what is wrong with it."""


@dataclass(frozen=True)
class Template:
    """The wording of a prompt: text with the fields $similar and $dissimilar.

    A paragraph (between blank lines) that names a field is left out when there are no references.
    A dollar sign is written $$; braces stand for themselves.

    Raises:
        TemplateError: a field is missing or unknown, or nothing would be left without references.
    """

    text: str = field(repr=False)
    name: str = "own"

    def __post_init__(self) -> None:
        template = string.Template(self.text)
        if not template.is_valid():
            raise TemplateError(f"template {self.name}: a $ names no field; write $$ for the sign")
        fields = template.get_identifiers()
        wrong = [f"unknown ${name}" for name in fields if name not in FIELDS]
        wrong += [f"missing ${name}" for name in FIELDS if name not in fields]
        if wrong:
            raise TemplateError(
                f"template {self.name}: {', '.join(wrong)}; it needs the fields $similar and "
                "$dissimilar, and has no others"
            )
        if not self._paragraphs(references=False):
            raise TemplateError(
                f"template {self.name}: without references nothing is left of it; put the lists "
                "into a paragraph of their own, between blank lines"
            )

    @classmethod
    def from_name(cls, which: str | Path | Template) -> Template:
        """The template called so (a key of `TEMPLATES`), that of a UTF-8 text file, or itself."""
        if isinstance(which, Template):
            return which
        if which in TEMPLATES:
            return TEMPLATES[which]
        if isinstance(which, str) and not os.path.isfile(which):
            raise TemplateError(
                f"unknown template {which[:60]!r}: neither one of {', '.join(TEMPLATES)}, nor a "
                "file; for a wording of your own pass Template(text)"
            )
        try:
            return cls(Path(which).read_text(encoding="utf-8-sig"), Path(which).name)
        except UnicodeDecodeError as error:
            raise TemplateError(f"{which} is not UTF-8 text (byte {error.start})") from error
        except OSError as error:
            raise TemplateError(f"{which} cannot be read: {error.strerror}") from error

    def _paragraphs(self, references: bool) -> list[str]:
        paragraphs = re.split(r"\n\s*\n", self.text.strip())
        return [p for p in paragraphs if references or not string.Template(p).get_identifiers()]

    def fill(self, similar: np.ndarray, dissimilar: np.ndarray) -> str:
        """The text with checked coordinates, each (k, 2), in its fields; [] where one has none."""
        text = "\n\n".join(self._paragraphs(references=len(similar) + len(dissimilar) > 0))
        return string.Template(text).substitute(
            similar=_listed(similar), dissimilar=_listed(dissimilar)
        )


_ROLE_AND_TASK = """\
You are an expert in geo-localization: from what a photo shows you can tell where on Earth it was \
taken.

Look at this photo and work out the latitude and longitude of the place it was taken at.

Two lists of (latitude, longitude) pairs in degrees may help you.
Photos that look similar to this one were taken here, the most similar first: $similar
Photos that look dissimilar to it were taken here, the most dissimilar first: $dissimilar

An answer is required: if you are unsure, give your best guess.
"""
_AS_JSON = """\
Reply with JSON and nothing else: an object whose keys "latitude" and "longitude" hold floats, in \
degrees.

Once more: only the JSON object {"latitude": float, "longitude": float}, nothing before or after it.
"""
_AS_PAIR = "Reply with a pair in degrees and nothing else: (latitude, longitude)\n"
TEMPLATES = {
    "json": Template(_ROLE_AND_TASK + _AS_JSON, "json"),
    "pair": Template(_ROLE_AND_TASK + _AS_PAIR, "pair"),
}
"""Ask for JSON as the official code does, or for a pair as the paper does; the wording is ours."""


def _listed(coordinates: np.ndarray) -> str:
    # Rounding first and adding 0 turns -0.000001 into 0, not -0.
    pairs = (coordinates.round(DECIMALS) + 0.0).tolist()
    return "[" + ", ".join(f"({lat:.{DECIMALS}f}, {lon:.{DECIMALS}f})" for lat, lon in pairs) + "]"


def _checked(
    similar: ArrayLike | None, dissimilar: ArrayLike | None, least: int = 0
) -> list[np.ndarray]:
    """Both lists without the rows of NaN; so one may be shorter."""
    lists = []
    for name, places in zip(FIELDS, (similar, dissimilar), strict=True):
        places = np.empty((0, 2)) if places is None else places
        try:
            lists.append(check_coordinates(places, missing_ok=True))
        except ValueError as error:
            raise ValueError(f"{name} references: {error}") from error
    if len(lists[0]) != len(lists[1]):
        raise ValueError(
            f"{len(lists[0])} similar but {len(lists[1])} dissimilar references; "
            "a prompt names as many of each"
        )
    if len(lists[0]) < least:
        raise ValueError(f"{len(lists[0])} references of either kind; {least} are needed")
    return [places[~np.isnan(places).any(axis=1)] for places in lists]


def prompt(
    similar: ArrayLike | None = None,
    dissimilar: ArrayLike | None = None,
    template: str | Path | Template = "json",
) -> str:
    """The prompt of one query.

    Args:
        similar: (k, 2) where similar photos were taken, NaN where none was found; None: no
            references.
        dissimilar: (k, 2) where dissimilar ones were.
        template: a key of `TEMPLATES`, a file, or a template.

    Raises:
        ValueError: something that is no coordinate, or lists of different length.
        TemplateError: no such template, or one that cannot be used.
    """
    return Template.from_name(template).fill(*_checked(similar, dissimilar))


class Prompt(NamedTuple):
    """One of the prompts of a query; `print` shows its text."""

    text: str
    references: int
    """Similar coordinates in it, and as many dissimilar ones; of a plan's prompt the number that
    was planned, where the search found fewer of either kind."""

    def __str__(self) -> str:
        return self.text


def rough_tokens(text: str) -> int:
    """About how many tokens a text has: one per 6 letters of a word, per 3 digits, per other sign.

    Made for the tokenizers of GPT-4 and Llama 3; those that take each digit for itself (Qwen,
    Llama 2) need up to twice as many for a prompt full of coordinates.
    """
    return len(re.findall(r"[^\W\d_]{1,6}|\d{1,3}|[^\w\s]|_", text))


@dataclass(frozen=True)
class PromptPlan:
    """Which prompts each query gets, and how many replies; the defaults are the paper's."""

    references: tuple[int, ...] = (0, 5, 10, 15)
    """A prompt for each number of references."""
    replies: int = 5
    """Used of each prompt: the paper's N."""
    asked: int | None = None
    """Asked for per prompt, at least as many; None: as many. The official code asks for 10."""
    temperature: float = 1.2
    template: str | Path | Template = "json"
    """A key of `TEMPLATES`, a file (read at once), or a template."""

    def __post_init__(self) -> None:
        numbers = tuple(operator.index(k) for k in self.references)
        if not numbers or min(numbers) < 0 or len(set(numbers)) < len(numbers):
            raise ValueError(f"references {numbers}: name different numbers, none below 0")
        asked = self.replies if self.asked is None else self.asked
        if not 1 <= self.replies <= asked:
            raise ValueError(f"{self.replies} replies of {asked} asked for; use 1, or ask for more")
        if not 0 <= self.temperature < math.inf:
            raise ValueError(f"temperature {self.temperature}; it is 0 or more")
        object.__setattr__(self, "references", numbers)
        object.__setattr__(self, "asked", asked)
        object.__setattr__(self, "template", Template.from_name(self.template))

    @property
    def most(self) -> int:
        """References of either kind that `prompts` needs."""
        return max(self.references)

    def prompts(
        self, similar: ArrayLike | None = None, dissimilar: ArrayLike | None = None
    ) -> list[Prompt]:
        """The prompts of one query, each with the first of its references (k, 2).

        A query with 3 neighbours (the other rows are NaN) gets 3 references where 5 are planned.

        Raises:
            ValueError: as for `prompt`, or k is less than `most`.
        """
        lists = _checked(similar, dissimilar, self.most)
        return [
            Prompt(self.template.fill(*(places[:k] for places in lists)), k)
            for k in self.references
        ]

    def __str__(self) -> str:
        n = len(self.references)
        rows = [
            ("similar + dissimilar", "replies asked for", "used"),
            *((f"{k} + {k}", self.asked, self.replies) for k in self.references),
            (f"{n} prompt{'s' * (n > 1)} per query", n * self.asked, n * self.replies),
        ]
        lines = [f"{a:>20}  {b:>17}  {c:>4}" for a, b, c in rows]
        return "\n".join([f"template {self.template.name}, T = {self.temperature:g}", *lines])

    def estimate(
        self,
        queries: int,
        tokens_per_image: float,
        price_in: float,
        price_out: float,
        reply_tokens: float = 30,
        *,
        tokens: Callable[[str], int] = rough_tokens,
        per_request: int | None = None,
    ) -> pd.DataFrame:
        """What a run will send, receive and cost, if no request has to be repeated.

        Texts are counted with the longest coordinates there are, so the count is a little high.

        Args:
            queries: photos that are asked about.
            tokens_per_image: what the model counts for one; look it up, it depends on the size.
            price_in: of a million tokens sent; the result is in the same currency.
            price_out: of a million tokens received.
            reply_tokens: of one reply; JSON has about 20, prose several times that.
            tokens: counts the tokens of a text, as a model's tokenizer does.
            per_request: replies that one request brings; image and prompt are paid in each. None:
                all that are asked for; 1: a server that ignores `n`.

        Returns:
            A row per number of references, and one for "all": requests, tokens_in, tokens_out,
            price.
        """
        if min(queries, tokens_per_image, price_in, price_out, reply_tokens) < 0:
            raise ValueError("queries, tokens and prices are 0 or more")
        if per_request is not None and per_request < 1:
            raise ValueError(f"{per_request} replies per request; there is at least 1")
        longest = np.full((self.most, 2), [-12.34567, -123.45678])
        requests = queries * math.ceil(self.asked / (per_request or self.asked))
        table = pd.DataFrame(
            {
                "requests": requests,
                "tokens_in": [
                    requests * (tokens(text) + tokens_per_image)
                    for text, _ in self.prompts(longest, longest)
                ],
                "tokens_out": queries * self.asked * reply_tokens,
            },
            index=pd.Index(self.references, dtype=object, name="references"),
        )
        table["price"] = (table.tokens_in * price_in + table.tokens_out * price_out) / 1e6
        table.loc["all"] = table.sum()
        return table.astype({"requests": int, "tokens_in": int, "tokens_out": int})


PLANS = {
    "paper": PromptPlan(asked=10),
    "paper_yfcc4k": PromptPlan(replies=1),
    "single": PromptPlan(references=(10,), asked=10),
}
"""Presets: the paper's for IM2GPS3K and for YFCC4K, and one prompt (its ablation without
geo-diversification)."""


def references(
    gallery: Gallery,
    query_vectors: np.ndarray,
    k: int = PLANS["paper"].most,
    centre: np.ndarray | None = None,
    exclude_author: str | Sequence[str] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Where the k photos most similar to each query were taken, and the k most dissimilar.

    Photos taken at one spot are as many references, as in the paper: lists may repeat themselves.

    Args:
        gallery: what is searched.
        query_vectors: (q, d).
        k: references of either kind; `PromptPlan.most` of the plan that they are for.
        centre: chooses the dissimilar ones better than the paper does, see `Gallery.dissimilar`.
        exclude_author: as for `Gallery.similar`.

    Returns:
        Two float64 arrays (q, k, 2), the first reference first. Of a query with fewer than k photos
        in the gallery, or found by its index, the last rows are NaN.

    Raises:
        ValueError: as for `Gallery.similar`.
    """
    if k == 0:  # a plan without references
        return np.empty((len(query_vectors), 0, 2)), np.empty((len(query_vectors), 0, 2))
    _, similar = gallery.similar(query_vectors, k, exclude_author=exclude_author)
    _, dissimilar = gallery.dissimilar(
        query_vectors, k, exclude_author=exclude_author, centre=centre
    )
    return gallery.coordinates_of(similar), gallery.coordinates_of(dissimilar)
