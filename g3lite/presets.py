"""G3 put together: the parts of a profile, or the authors' weights with a gallery of your own.

    g3 = G3.from_pretrained()
    print(g3.locate("photo.jpg"))

The method knows no data set and no language model by name; this file does, and hands them to
`pipeline.Pipeline` as its parts.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from torch import Tensor

from g3lite import G3Error, miniearth, official, profiles
from g3lite.after.judge import CHOICE, LearnedJudge
from g3lite.alignment import GeoAlignment
from g3lite.backbone import Backbone, check_device
from g3lite.datasets import featurefolder, pack
from g3lite.datasets.featurefolder import FeatureFolder
from g3lite.datasets.heads import load_heads
from g3lite.datasets.load import load_photos
from g3lite.datasets.remote import G3_CHECKPOINT
from g3lite.downloads import hub
from g3lite.index import Gallery
from g3lite.lmm.base import LMM, NoLMM
from g3lite.lmm.load import load_lmm, temperature_of
from g3lite.photos import PhotoSet
from g3lite.pipeline import Pipeline, Prediction
from g3lite.profiles import Profile
from g3lite.prompts import PromptPlan
from g3lite.verification import CandidateConfig

NO_JUDGE = (
    "the learned judge knows the shipped models alone: take the profile ci or cpu with its own "
    "language model, or train a judge for yours (g3lite.after, notebook 08)"
)
RETRIEVED = 10
"""Candidates where no language model is asked: so many similar photos, as far as there are."""


def _card(prediction: Prediction, photos: PhotoSet) -> str:
    from g3lite.figures.card import prediction_card  # maps are imported when one is drawn

    return prediction_card(prediction, photos)


class G3(Pipeline):
    """A pipeline whose parts are those of a profile, or those that G3's authors published."""

    card = staticmethod(_card)

    @classmethod
    def from_pretrained(
        cls,
        profile: str | Profile = "auto",
        *,
        lmm: str | LMM | None = None,
        plan: PromptPlan | None = None,
        choice: str | CandidateConfig | None = None,
        judge: Literal["cosine", "learned"] = "cosine",
        gallery: PhotoSet | None = None,
        gallery_size: int | None = None,
        max_gb: float = 1.0,
        progress: bool = True,
    ) -> G3:
        """G3 with the models and the gallery of a profile.

        The photos of the gallery are encoded at first use, which takes minutes, and kept. The
        profile gpu fetches its photos and models first; its photos are those of the pack's gallery
        if `G3LITE_PACK` names one.

        Args:
            profile: "auto", a key of `profiles.PROFILES`, or a `Profile`.
            lmm: another multimodal model, or a name for `load_lmm`.
            plan: prompts, replies and temperature; by default the paper's prompts, as many replies
                as compete, at the temperature of the profile, or that is recommended for the
                model that `lmm` names (`lmm.load.RECOMMENDED`).
            choice: which candidates compete: a key of `verification.CANDIDATE_CONFIGS`, or a
                `CandidateConfig`; by default that of the profile, or of the judge.
            judge: "cosine", as in the paper; or "learned", which also says how sure it is. The
                learned one is shipped for MiniEarth's models alone (`g3lite.after`).
            gallery: search these photos instead of the profile's.
            gallery_size: search only the first so many photos of the profile's gallery; by default
                as many as the profile says.
            max_gb: photos, weights and language models beyond this many GB each (10^9 bytes) are
                not fetched: `TooLarge` says how much more it takes.
            progress: show progress bars.

        Raises:
            G3Error: a part of it cannot be had; the profile needs a GPU, and there is none.
        """
        chosen = profile if isinstance(profile, Profile) else profiles.get(profile)
        if not chosen.queries:
            raise G3Error(f"the profile {chosen.name} is GeoCLIP alone, without a gallery: take "
                          "g3lite.baselines.geoclip.GeoCLIP.from_pretrained()")  # fmt: skip
        if judge not in ("cosine", "learned"):
            raise G3Error(f"unknown judge {judge!r}; there are cosine and learned")
        learned = judge == "learned"
        choice = CandidateConfig.from_name(choice or (CHOICE if learned else chosen.choice))
        temperature = temperature_of(lmm, chosen.temperature)
        plan = plan or PromptPlan(replies=max(choice.replies, 1), temperature=temperature)
        published = chosen.alignment == "official"
        if learned and (published or lmm not in (None, chosen.lmm)):
            raise G3Error(NO_JUDGE)
        if gallery is None:
            size = gallery_size or chosen.gallery_size
            if published:
                _check_gpu(chosen)  # before gigabytes are fetched
            if chosen.gallery in miniearth.SIZES:
                gallery = miniearth.load(chosen.gallery, size)
            elif os.environ.get(pack.VARIABLE):  # instead of gigabytes of other real photos
                gallery = load_photos("pack/gallery", gallery_size)
            else:
                gallery = load_photos(chosen.gallery, size, max_gb=max_gb)
        parts = {"lmm": lmm or chosen.lmm, "plan": plan, "choice": choice}
        if published:
            return cls.from_official(
                gallery, device=chosen.device, batch_size=chosen.batch_size, max_gb=max_gb,
                progress=progress, **parts,
            )  # fmt: skip
        backbone = Backbone.load(chosen.backbone, device=chosen.device)
        heads = GeoAlignment.from_pretrained("mini", chosen.device)
        searchable = _gallery(gallery, backbone, heads, chosen.batch_size, progress)
        parts["lmm"] = _lmm(parts["lmm"], max_gb)
        if learned:
            parts["judge"] = LearnedJudge.from_pretrained(searchable.coordinates)
        # The shipped models have seen nothing but MiniEarth.
        return cls(backbone, heads, searchable, in_domain=miniearth.is_miniearth, **parts)

    @classmethod
    def from_official(
        cls,
        gallery: PhotoSet,
        weights: str | Path | Mapping[str, Tensor] | None = None,
        *,
        lmm: str | LMM,
        plan: PromptPlan | None = None,
        choice: str | CandidateConfig = "paper_im2gps3k",
        device: str = "auto",
        precision: Literal["auto", "fp32", "fp16"] = "auto",
        batch_size: int = 64,
        max_gb: float = 1.0,
        progress: bool = True,
    ) -> G3:
        """G3 with the weights that its authors published, and a gallery of your own.

        CLIP comes out of the same file as the heads, so nothing else is fetched.

        Args:
            gallery: the photos to search, encoded at first use. A damaged one, or one without a
                position, is left out with a warning.
            weights: g3.pth, or its state dict; by default the file is fetched from the hub.
            lmm: the multimodal model, or a name for `load_lmm` (which chooses its device).
            plan: by default the paper's prompts, as many replies as compete, at the temperature
                recommended for the model that `lmm` names, else the paper's.
            choice: as for `from_pretrained`.
            device: of CLIP and the heads, as for `Backbone.load`.
            precision: of CLIP, likewise.
            batch_size: photos per step of CLIP.
            max_gb: as for `from_pretrained`.
            progress: show progress bars.

        Raises:
            ValueError: the weights lack a tensor, or one has another shape; or there is no GPU.
            G3Error: a part cannot be had, or no photo of the gallery can be used.
        """
        choice = CandidateConfig.from_name(choice)
        plan = plan or PromptPlan(replies=max(choice.replies, 1), temperature=temperature_of(lmm))
        check_device(device, precision)
        if weights is None:
            weights = fetch_weights(max_gb)
        backbone, heads = official.load(weights, device, precision)
        searchable = _gallery(gallery, backbone, heads, batch_size, progress)
        return cls(backbone, heads, searchable, _lmm(lmm, max_gb), plan, choice)

    @classmethod
    def from_parts(
        cls,
        *,
        backbone: Backbone | str | Path,
        heads: GeoAlignment | str | Path,
        gallery: PhotoSet | FeatureFolder | str | Path,
        lmm: str | LMM | None = None,
        plan: PromptPlan | None = None,
        choice: str | CandidateConfig | None = None,
        batch_size: int = 64,
        max_gb: float = 1.0,
        progress: bool = True,
    ) -> G3:
        """G3 with parts of your own.

        Args:
            backbone: such as `Backbone.wrap` makes; or a name for `Backbone.load`.
            heads: trained on features of this backbone; or their folder.
            gallery: photos with positions, encoded at first use; or a folder of features, as
                `g3lite index` or `g3lite pack` writes it.
            lmm: the multimodal model, or a name for `load_lmm`; None asks none: the places of the
                most similar photos are the candidates.
            plan, choice: as for `from_pretrained`; the paper's for IM2GPS3K by default.
            batch_size, max_gb, progress: likewise.

        Raises:
            G3Error: two of backbone, heads and gallery do not belong together; both are named.
        """
        backbone = backbone if isinstance(backbone, Backbone) else Backbone.load(backbone)
        if not isinstance(heads, GeoAlignment):
            heads = load_heads(heads, backbone.name, backbone.fingerprint, str(backbone.device))
        if heads.config.image != backbone.dim:
            raise G3Error(
                f"the heads are for features of {heads.config.image} numbers, the backbone "
                f"{backbone.name} gives {backbone.dim}: train heads for it (g3lite align --gallery)"
            )
        if isinstance(gallery, str | Path):
            gallery = featurefolder.read(gallery)
        if isinstance(gallery, FeatureFolder):
            gallery.check_backbone(backbone.name, backbone.fingerprint)
            vectors = heads.database_vectors(gallery.features)
            searchable = Gallery.build(gallery.table, vectors, f"{backbone.name}, aligned")
        else:
            searchable = _gallery(gallery, backbone, heads, batch_size, progress)
        retrieved = CandidateConfig((), 0, min(RETRIEVED, len(searchable)))
        choice = CandidateConfig.from_name(choice or ("paper_im2gps3k" if lmm else retrieved))
        plan = plan or PromptPlan(replies=max(choice.replies, 1), temperature=temperature_of(lmm))
        return cls(backbone, heads, searchable, _lmm(lmm or NoLMM(), max_gb), plan, choice)


def fetch_weights(max_gb: float = 1.0) -> Path:
    """The authors' g3.pth (1.77 GB, published) from the hub, fetched at first use.

    Raises:
        DownloadError: it cannot be had, or is larger than `max_gb`; the message says what to do.
    """
    return hub.file(G3_CHECKPOINT, official.WEIGHTS, max_gb=max_gb)


def _check_gpu(profile: Profile) -> None:
    try:
        check_device(profile.device)
    except ValueError as error:
        raise G3Error(f"profile {profile.name}: {error}, or the profile cpu") from error


def _lmm(which: str | LMM, max_gb: float) -> LMM:
    return which if isinstance(which, LMM) else load_lmm(which, max_gb=max_gb)


def _gallery(
    photos: PhotoSet, backbone: Backbone, heads: GeoAlignment, batch_size: int, progress: bool
) -> Gallery:
    """The vectors of a photo set, to search. Photos of no use are left out with a warning."""
    located = np.isfinite(photos.coordinates).all(axis=1)
    if not located.all():
        warnings.warn(
            f"{(~located).sum():,} of {len(photos):,} photos of {photos.name} have no position and "
            "are left out of the gallery",
            stacklevel=3,
        )
    photos = photos.take(located)
    features = backbone.image_features(
        photos, batch_size, on_error="skip", normalize=False, progress=progress
    )
    if not len(features):
        raise G3Error(f"no photo of {photos.name} can be used for a gallery")
    usable = photos.table[~photos.table["IMG_ID"].isin(features.skipped)]
    vectors = heads.database_vectors(features.vectors)
    return Gallery.build(usable, vectors, model=f"{backbone.name}, aligned")
