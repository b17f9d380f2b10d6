"""The weights of G3's authors, in their layout.

Their weights cannot be had here, so those of these tests are random, but of the official sizes.
"""

import json
import os
import re

import numpy as np
import open_clip
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from official_model import Theirs
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from g3lite import G3, G3Error, evaluation, miniearth, official, photos, presets
from g3lite.baselines import selection
from g3lite.datasets.load import load_photos
from g3lite.lmm.base import ReplayLMM
from g3lite.prompts import PromptPlan


@pytest.fixture(scope="module")
def theirs():
    torch.manual_seed(0)
    model = Theirs().eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.startswith(("vision_model", "text_model")):
                if weight.ndim == 1:  # they all begin alike, and could be exchanged unnoticed
                    weight.add_(0.2 * torch.randn_like(weight))
                else:  # random weights of CLIP say nearly the same of all photos: be louder
                    weight.mul_(2)
    return model


@pytest.fixture(scope="module")
def ours(theirs):
    return official.load(theirs.state(), device="cpu")


@pytest.fixture(scope="module")
def pictures():
    """Drawn photos that are larger than CLIP's input, and not square. (A photo takes seconds.)"""
    some = miniearth.load("validation", 2)
    sizes = ((640, 480), (333, 500))
    return [
        some.image(i).resize(size, Image.Resampling.BICUBIC)
        for i, size in zip(some.ids, sizes, strict=True)
    ]


RECORDED = pd.DataFrame({"IMG_ID": ["a"], "references": 0, "sample": 0, "text": "(1, 2)"})
TEXTS = [
    "A street view photo taken in Graz, Styria, Austria",
    "A street view photo taken in " + "Llanfairpwllgwyngyll, " * 12,
]


# --- weights


@pytest.mark.slow
def test_both_layouts_say_the_same(theirs, ours, pictures):
    backbone, heads = ours
    pixels = torch.stack([backbone.preprocess(picture) for picture in pictures])
    tokens = backbone.tokenizer(TEXTS)
    expected = theirs.embed(pixels, tokens)
    with torch.inference_mode():
        image = backbone.model.encode_image(pixels, normalize=False).numpy()
    text = backbone.text_features(TEXTS, normalize=False)
    to_text, to_gps = heads.embed_images(image)
    found = {
        "image": image, "text": text, "image to text": to_text, "image to GPS": to_gps,
        "text to image": heads.text(torch.from_numpy(text)).detach().numpy(),
    }  # fmt: skip
    for name, rows in found.items():
        assert np.abs(rows - expected[name].numpy()).max() < 1e-4, name
        assert np.ptp(rows, axis=0).max() > 1e-2, f"{name}: all photos or texts are the same"
    places = np.array([[47.07, 15.43], [-0.18, -78.47], [0, 0], [71, -156.8]])
    gps = heads.embed_coordinates(places)
    own = theirs.heads.embed_coordinates(places)
    similarity = expected["image to GPS"].numpy() @ own.T
    assert np.abs(to_gps @ gps.T - similarity).max() < 1e-4
    similarity = expected["image to text"] @ expected["text to image"].T
    assert np.abs(to_text @ found["text to image"].T - similarity.numpy()).max() < 1e-4
    parts = [F.normalize(expected["image"], dim=-1), *(
        expected[name] for name in ("image to text", "image to GPS")
    )]  # fmt: skip
    stored = torch.cat(parts, dim=1).numpy()  # what the official index holds of a photo
    assert np.abs(heads.database_vectors(image) - stored).max() < 1e-4


@pytest.mark.slow
def test_pictures_are_prepared_as_by_the_official_processor(ours, pictures):
    """Theirs is Pillow's. (Where half a pixel is to be cut off, the crops differ by one.)"""
    backbone, _ = ours
    noise = np.random.default_rng(0).integers(0, 256, (300, 451, 3), dtype=np.uint8)
    for picture in (*pictures, Image.fromarray(noise)):
        expected = CLIPImageProcessorPil()(images=picture, return_tensors="np")["pixel_values"][0]
        found = backbone.preprocess(picture).numpy()
        assert found.shape == expected.shape == (3, 224, 224)
        assert np.abs(found - expected).max() < 0.03  # 2 of 255 steps, in standard deviations


@pytest.mark.slow
def test_clip_of_the_official_file_has_quickgelu(theirs, ours, pictures):
    """The plain twin takes the same weights without an error, and is wrong."""
    backbone, _ = ours
    plain = open_clip.create_model("ViT-L-14").eval()
    keys = plain.load_state_dict(official.clip_state(theirs.state()), strict=False)
    assert keys.missing_keys == ["logit_scale"] and keys.unexpected_keys == []
    pixels = backbone.preprocess(pictures[0])[None]
    with torch.inference_mode():
        wrong = plain.encode_image(pixels, normalize=False)
        right = backbone.model.encode_image(pixels, normalize=False)
        expected = theirs.vision_projection(theirs.vision_model(pixels)[1])
    assert (right - expected).abs().max() < 1e-4 < 1e-3 < (wrong - expected).abs().max()


@pytest.mark.slow
def test_a_file_is_read_as_its_state_is(theirs, ours, tmp_path):
    torch.save(theirs.state(), tmp_path / "g3.pth")
    backbone, heads = official.load(tmp_path / "g3.pth", device="cpu")
    (tmp_path / "g3.pth").unlink()  # 1.8 GB
    assert backbone.fingerprint == ours[0].fingerprint
    for name, tensor in heads.state_dict().items():
        assert torch.equal(tensor, ours[1].state_dict()[name])


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "vision_model.pre_layrnorm.bias", "vision_projection.weight",
        "text_model.encoder.layers.11.self_attn.k_proj.weight",
        "text_model.embeddings.token_embedding.weight", "logit_scale3",
    ],
)  # fmt: skip
def test_a_tensor_that_is_missing_is_named(theirs, name):
    state = {key: tensor for key, tensor in theirs.state().items() if key != name}
    with pytest.raises(ValueError, match=re.escape(name)):
        official.load(state, device="cpu")


@pytest.mark.slow
def test_a_tensor_of_another_shape_is_named(theirs):
    state = {**theirs.state(), "vision_projection.weight": torch.zeros(512, 1024)}
    with pytest.raises(ValueError, match=r"vision_projection\.weight has shape \(512, 1024\)"):
        official.load(state, device="cpu")
    name = "text_model.encoder.layers.3.self_attn.q_proj.weight"
    with pytest.raises(
        ValueError, match=re.escape(f"{name} has shape (3, 5), expected (768, 768)")
    ):
        official.clip_state({**theirs.state(), name: torch.zeros(3, 5)})


def test_arguments_are_checked_before_anything_is_loaded(monkeypatch):
    monkeypatch.setattr(official, "load", lambda *_: pytest.fail("was loaded"))
    monkeypatch.setattr(presets, "fetch_weights", lambda *_: pytest.fail("was fetched"))
    some = miniearth.load("gallery", 3)
    with pytest.raises(ValueError, match="unknown choice 'paper'"):
        G3.from_official(some, lmm="minilmm", choice="paper")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="there is no GPU"):
        G3.from_official(some, lmm="minilmm", device="cuda")
    with pytest.raises(ValueError, match="precision 'half' is unknown"):
        G3.from_official(some, lmm="minilmm", device="cpu", precision="half")


@pytest.mark.slow
def test_photos_without_a_position_are_left_out_of_a_gallery(ours, monkeypatch):
    monkeypatch.setattr(official, "load", lambda *_: ours)
    some = miniearth.load("gallery", 2)
    options = {"weights": {}, "lmm": ReplayLMM(RECORDED), "device": "cpu", "progress": False}
    lost = photos.PhotoSet("own", some.table.assign(LAT=[np.nan, 1.0]), some.source)
    with pytest.warns(UserWarning, match="1 of 2 photos of own have no position"):
        g3 = G3.from_official(lost, **options)
    assert g3.gallery.ids == some.ids[1:]
    nowhere = photos.PhotoSet("own", some.table.assign(LAT=np.nan), some.source)
    with (
        pytest.warns(UserWarning, match="2 of 2"),
        pytest.raises(G3Error, match="no photo of own can be used"),
    ):
        G3.from_official(nowhere, **options)


# --- the whole, on real photos


@pytest.fixture(scope="module")
def embedded(ours, real, tmp_path_factory):
    """G3 with real photos for a gallery, and others that have recorded replies.

    A CPU takes seconds for each: a few are enough for the way, all with G3LITE_ALL_REAL=1.
    """
    few = None if os.environ.get("G3LITE_ALL_REAL") else (16, 4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("G3LITE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(official, "load", lambda *_: ours)  # not a second time: it is large
        some = load_photos("im2gps3k", folder=real / "im2gps3k")
        recorded = json.loads((real / "lmm_replies" / "replies.json").read_text(encoding="utf-8"))
        rows = [(i, "", photo["lat"], photo["lon"]) for i, photo in recorded.items()]
        folder = real / "lmm_replies" / "images"
        asked = photos.PhotoSet(
            "recorded",
            pd.DataFrame(rows, columns=["IMG_ID", "AUTHOR", "LAT", "LON"]),
            lambda i: (folder / i).read_bytes(),
            "recorded",
        )
        texts = pd.DataFrame(
            [
                (img_id, int(k), sample, text)
                for img_id, photo in recorded.items()
                for k, prompt in photo["prompts"].items()
                for sample, text in enumerate(prompt["replies"])
            ],
            columns=["IMG_ID", "references", "sample", "text"],
        )
        known = some.take(~some.table["IMG_ID"].isin(asked.ids).to_numpy())
        if few:
            known, asked = known.head(few[0]), asked.head(few[1])
        g3 = G3.from_official(
            known, {}, lmm=ReplayLMM(texts), plan=PromptPlan(replies=5, asked=10),
            choice="official", device="cpu", progress=False,
        )  # fmt: skip
        yield g3, asked


@pytest.mark.slow
def test_real_photos_go_all_the_way(embedded, tmp_path):
    g3, asked = embedded
    found = g3.steps(asked, progress=False, store=tmp_path / "replies.sqlite")
    assert found.predictions["IMG_ID"].tolist() == asked.ids
    assert found.report.wanted == len(asked) * 4 * 10 and found.report.readable > len(asked) * 20
    assert not found.predictions["out_of_domain"].any() and found.predictions["error"].isna().all()
    assert found.candidates["score"].between(-1, 1).all()
    assert found.neighbours.groupby("IMG_ID").size().eq(15).all()
    assert np.isfinite(evaluation.error_km(found.predictions, asked.table)).all()
    # The judge is random, the replies are GPT-4V's: for most photos one of them is near.
    km = pd.Series(selection.errors_km(found.candidates, asked.table))
    assert (km.groupby(found.candidates["IMG_ID"]).min() <= 750).mean() >= 0.5
