"""GeoCLIP: where a photo was taken, by 100,000 places and no gallery of photos, on any laptop.

    geoclip = GeoCLIP.from_pretrained(max_gb=2)    # CLIP is fetched once
    print(geoclip.locate("photo.jpg"))

(Vivanco Cepeda et al., NeurIPS 2023.) CLIP's image features go through a small head, coordinates
through the location encoder that G3 took over, and the cosine of the two says how well they fit.
The authors ship what they trained, and their 100,000 places, in the Python package `geoclip` (MIT
licence): its files are read here, none of its code is run, and CLIP is open_clip's.
"""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pandas as pd
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike
from torch import Tensor, nn
from tqdm.auto import tqdm

from g3lite import G3Error, official
from g3lite.backbone import Backbone
from g3lite.downloads import hub
from g3lite.downloads.wheels import Wheel
from g3lite.geo import check_coordinates
from g3lite.location import LocationEncoder
from g3lite.paths import cache_dir, replacing
from g3lite.photos import PhotoSet
from g3lite.pipeline import Prediction
from g3lite.places import nearest_city
from g3lite.support import weights
from g3lite.support.weights import check_state, read_state

CLIP = "ViT-L-14-quickgelu:openai"
"""What its image head was trained on."""
ENCODER = "geoclip/model/weights/location_encoder_weights.pth"
HEAD = "geoclip/model/weights/image_encoder_mlp_weights.pth"
PLACES = "geoclip/model/gps_gallery/coordinates_100K.csv"
WHEEL = Wheel(
    "geoclip",
    "1.3.0",
    40_292_198,
    {
        ENCODER: "94b80ae3af89fca78539e129dd2929d321247f5ceeeb0a31bc2c31041a253394",
        HEAD: "5342c391eec961796d04d02f2bd670bfa97b34ce32c656d0e0676581103c2c14",
        PLACES: "3a00b1ba58f13443db726533b6399b39609e292df09d4e58792fa5949d1838b1",
    },
)
"""Hashes taken by us from the wheel on PyPI."""
LOG_SCALE = 3.681034803390503
"""The learned log-temperature, of the package's `logit_scale_weights.pth`."""
_PART = 4_096


@dataclass(frozen=True, eq=False)
class Guess(Prediction):
    """Where a photo was probably taken: the best places with their probabilities.

    `candidates` has a row per place, the likeliest first; its column score is the probability.
    """

    places: int = field(default=0, repr=False)
    """How many places competed."""

    def __str__(self) -> str:
        if self.coordinates is None:
            return f"{self.img_id}: not located, {self.error}"
        lines = [f"{self.img_id}: {self.place}"]
        for row in self.candidates.itertuples(index=False):
            where = f"{row.LAT:9.4f} {row.LON:10.4f}"
            near = f"{row.city_km:.0f} km from {row.city}, {row.country}"
            lines.append(f"  {row.score:6.2%} {where}  {near}")
        took = ", ".join(
            f"{step} {'from the store' if seconds is None else f'{seconds:.2f} s'}"
            for step, seconds in self.seconds.items()
        )
        return "\n".join([*lines, f"  probabilities of {self.places:,} places; {took}"])


@dataclass(frozen=True, eq=False)
class GeoCLIP:
    """A frozen CLIP, an image head, a location encoder and places; make one with `from_pretrained`.

    Attributes:
        backbone: CLIP.
        head: its image features (n, 768), not normalised -> (n, d).
        encoder: coordinates -> (n, d); Equal Earth.
        places: float64 (g, 2), the coordinates that compete.
        log_scale: of the softmax.
    """

    backbone: Backbone
    head: nn.Module
    encoder: LocationEncoder
    places: np.ndarray
    log_scale: float = LOG_SCALE

    @classmethod
    def from_pretrained(
        cls, backbone: Backbone | str | Path = CLIP, *, device: str = "auto", max_gb: float = 1.0
    ) -> GeoCLIP:
        """GeoCLIP with its trained weights.

        They come from the package `geoclip` if version 1.3.0 is installed, else from its wheel (40
        MB), which pip fetches once; hashes are compared.

        Args:
            backbone: CLIP ViT-L/14 with OpenAI's weights, the one that the head was trained on: by
                default open_clip fetches it once (0.9 to 1.7 GB, published); or a folder, as for
                `Backbone.load`.
            device: of all of it, as for `Backbone.load`.
            max_gb: nothing larger (10^9 bytes) is fetched.

        Raises:
            TooLarge: more than `max_gb` would be fetched; the message says how much.
            G3Error: a part cannot be had, is damaged, or does not fit the others.
        """
        folder = WHEEL.unpacked(max_gb)
        if not isinstance(backbone, Backbone):
            _check_download(str(backbone), max_gb)
            try:
                backbone = Backbone.load(backbone, device)
            except (FileNotFoundError, ValueError) as error:
                raise G3Error(f"the backbone {backbone}: {error}") from error
        return cls.from_files(backbone, folder / ENCODER, folder / HEAD, folder / PLACES)

    @classmethod
    def from_files(
        cls, backbone: Backbone, encoder: str | Path, head: str | Path, gallery: str | Path
    ) -> GeoCLIP:
        """The same from the files of the package, or others of their form.

        Raises:
            G3Error: a file is damaged, or does not fit the others.
        """
        image_head = _image_head(read_state(head))
        if image_head[0].in_features != backbone.dim:
            raise G3Error(
                f"GeoCLIP's head is for features of {image_head[0].in_features} numbers, the "
                f"backbone {backbone.name} gives {backbone.dim}: take {CLIP}"
            )
        locations = location_encoder(encoder)
        if locations.scales[0][-1].out_features != image_head[2].out_features:
            raise G3Error(f"{head} and {encoder} have vectors of different lengths")
        table = pd.read_csv(gallery)
        if not {"LAT", "LON"} <= set(table) or table.empty:
            raise G3Error(f"{gallery} is no table of places with columns LAT and LON")
        known = check_coordinates(table[["LAT", "LON"]].to_numpy(float))
        place = backbone.device
        return cls(backbone, image_head.to(place).eval(), locations.to(place).eval(), known)

    # ----------------------------------------------------------------------------------- embed

    @torch.inference_mode()
    def embed_images(self, features: np.ndarray) -> np.ndarray:
        """CLIP's image features (n, 768), not normalised -> unit rows (n, d)."""
        rows = torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32))
        return F.normalize(self.head(rows.to(self.backbone.device)), dim=-1).cpu().numpy()

    def embed_coordinates(self, coordinates: ArrayLike) -> np.ndarray:
        """Coordinates (n, 2) in degrees -> unit rows (n, d)."""
        return embed(self.encoder, coordinates, self.backbone.device)

    @cached_property
    def place_vectors(self) -> np.ndarray:
        """Unit rows (g, d) of the places: computed once, in a minute or two, and kept in the cache.

        They are mapped from disk: 205 MB of 100,000 places.
        """
        about = hashlib.sha256(self.places.tobytes()).hexdigest()
        name = weights.digest(self.encoder.state_dict(), about)[:32]
        path = cache_dir() / "geoclip" / f"{name}.npy"
        width = self.encoder.scales[0][-1].out_features
        if path.exists():
            try:
                known = np.load(path, mmap_mode="r", allow_pickle=False)
                if known.shape == (len(self.places), width):
                    return known
            except (OSError, ValueError):
                pass  # damaged: made again
        path.parent.mkdir(parents=True, exist_ok=True)
        parts = [
            self.embed_coordinates(self.places[start : start + _PART])
            for start in tqdm(
                range(0, len(self.places), _PART), desc="GeoCLIP's places, once", unit="part"
            )
        ]
        with replacing(path) as part, open(part, "wb") as out:
            np.save(out, np.concatenate(parts))
        return np.load(path, mmap_mode="r", allow_pickle=False)

    # ---------------------------------------------------------------------------------- locate

    def best(self, features: np.ndarray, k: int = 5) -> tuple[np.ndarray, np.ndarray]:
        """The k likeliest places of each photo.

        Args:
            features: (n, 768) CLIP's image features, not normalised.
            k: how many.

        Returns:
            Rows of `places` int64 (n, k), the likeliest first, and their probabilities float64
            (n, k): softmax of scaled cosines over all places.

        Raises:
            ValueError: there are not so many places.
        """
        if not 1 <= k <= len(self.places):
            raise ValueError(f"k={k}; there are {len(self.places):,} places")
        cosines = self.embed_images(features) @ self.place_vectors.T  # (n, g)
        chances = torch.softmax(torch.from_numpy(cosines).double() * np.exp(self.log_scale), dim=1)
        found = chances.topk(k, dim=1)
        return found.indices.numpy(), found.values.numpy()

    def locate(
        self, what: str | Path | PhotoSet | Sequence[str | Path], k: int = 5
    ) -> Guess | list[Guess]:
        """Locate photos.

        Args:
            what: a file; several files; or a photo set.
            k: places of each, with their probabilities.

        Returns:
            A guess for a single file, else one per photo, in their order. A file that is no picture
            gets one with an error, and costs the others nothing.

        Raises:
            NotThere: there is no such file.
        """
        single = isinstance(what, str | Path)
        if not isinstance(what, PhotoSet):
            what = PhotoSet.from_files([what] if single else what)
        began = time.perf_counter()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "skipped", UserWarning)  # each gets its error
            features = self.backbone.image_features(
                what, on_error="skip", normalize=False, progress=False
            )
        encoded = time.perf_counter()
        self.place_vectors  # noqa: B018  made at first use, which is no part of the search
        ready = time.perf_counter()
        rows, chances = self.best(features.vectors, k)
        ended = time.perf_counter()
        n = max(len(features), 1)
        seconds = {
            "embed": None if features.stored else (encoded - began) / n,
            "search": (ended - ready) / n,
        }
        found = dict(zip(features.ids, zip(rows, chances, strict=True), strict=True))
        guesses = [
            self._guess(one, *found[one], seconds) if one in found
            else Guess.failed(one, features.skipped[one]) for one in what.ids
        ]  # fmt: skip
        return guesses[0] if single else guesses

    def _guess(
        self, img_id: str, rows: np.ndarray, chances: np.ndarray, seconds: dict[str, Any]
    ) -> Guess:
        coordinates = self.places[rows]
        cities = nearest_city(coordinates).reset_index(drop=True)
        candidates = pd.DataFrame(
            {
                "LAT": coordinates[:, 0], "LON": coordinates[:, 1], "score": chances,
                "origin": "place", "city": cities["city"], "country": cities["country"],
                "city_km": cities["km"],
            }
        )  # fmt: skip
        near = f"{cities['km'][0]:.0f} km from {cities['city'][0]}, {cities['country'][0]}"
        nothing = pd.DataFrame()
        return Guess(
            img_id, tuple(coordinates[0].tolist()), near, float(chances[0]), candidates, nothing,
            nothing, seconds, places=len(self.places),
        )  # fmt: skip


def location_encoder(source: str | Path | dict[str, Tensor]) -> LocationEncoder:
    """GeoCLIP's location encoder, with the projection that its weights belong to.

    Args:
        source: its file of weights, or a state dict; the sizes follow from them.

    Raises:
        G3Error: it is not of that form.
    """
    state = read_state(source)
    try:
        frequencies, width = state["LocEnc0.capsule.0.b"], state["LocEnc0.capsule.1.bias"]
        encoder = LocationEncoder(
            official.GEOCLIP_PROJECTION,
            sigmas=[1.0] * sum(name.endswith(".0.b") for name in state),  # b is read, not drawn
            frequencies=len(frequencies),
            width=len(width),
            dim=len(state["LocEnc0.head.0.bias"]),
        )
        official.load_location_encoder(encoder, state)
    except (KeyError, ValueError) as error:
        raise G3Error(f"{source} holds no location encoder of GeoCLIP's form: {error}") from error
    return encoder.eval().requires_grad_(False)


@torch.inference_mode()
def embed(
    encoder: LocationEncoder, coordinates: ArrayLike, device: str | torch.device = "cpu"
) -> np.ndarray:
    """Coordinates (n, 2) in degrees -> unit rows float32 (n, d) of a location encoder."""
    points = torch.from_numpy(np.ascontiguousarray(check_coordinates(coordinates)))
    points = points.float() if torch.device(device).type == "mps" else points  # it has no float64
    parts = [F.normalize(encoder(part.to(device)), dim=-1).cpu() for part in points.split(_PART)]
    return torch.cat(parts).numpy()


def _image_head(state: dict[str, Tensor]) -> nn.Sequential:
    try:
        hidden, inputs = state["0.weight"].shape
        head = nn.Sequential(
            nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, len(state["2.bias"]))
        )
        check_state(head.state_dict(), state, "the image head's state")
    except (KeyError, ValueError) as error:
        raise G3Error(f"this is no image head of GeoCLIP's form: {error}") from error
    head.load_state_dict(state)
    return head.requires_grad_(False)


def _check_download(name: str, max_gb: float) -> None:
    """Refuse the weights of an open_clip model if they are not here and larger than `max_gb`."""
    from huggingface_hub import constants, try_to_load_from_cache

    model, _, tag = name.partition(":")
    about = open_clip.get_pretrained_cfg(model.removesuffix("-quickgelu"), tag) if tag else {}
    repo = (about or {}).get("hf_hub", "").rstrip("/")
    file = "open_clip_model.safetensors"
    if not repo or isinstance(try_to_load_from_cache(repo, file), str):
        return
    folder = Path(constants.HF_HUB_CACHE)
    folder.mkdir(parents=True, exist_ok=True)
    hub.check_size(name, hub.metadata(hub.Repo(repo, "model"), file).size, folder, max_gb)
