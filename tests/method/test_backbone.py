"""The frozen towers and the feature cache, on a tiny open_clip model with random weights."""

import json
import subprocess
import sys

import numpy as np
import open_clip
import pytest
import torch
from safetensors import safe_open
from tiny_clip import DIM, SIZE, WORDS, Source, encode, photo_set, save_model

from g3lite import G3Error, backbone
from g3lite.backbone import Backbone
from g3lite.datasets.folder import load_folder
from g3lite.photos import PhotoSet
from g3lite.support.images import DamagedPhoto


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_model(folder, seed=0)
    return folder


@pytest.fixture(scope="module")
def tiny(folder):
    return Backbone.load(folder, device="cpu")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Every test starts with an empty cache, in files of eight photos."""
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(backbone, "CHUNK", 8)
    return tmp_path / "cache"


def no_source(img_id: str) -> bytes:
    raise AssertionError(f"{img_id} was read although its features are stored")


def test_the_model_describes_itself(tiny, folder):
    assert (tiny.dim, tiny.image_size, tiny.precision) == (DIM, SIZE, "fp32")
    assert tiny.name == str(folder) and tiny.device.type == "cpu"
    assert not tiny.model.training
    assert not any(weight.requires_grad for weight in tiny.model.parameters())


def test_features_are_unit_rows_in_the_order_of_the_table(tiny):
    photos = photo_set(20)
    features = encode(tiny, photos)
    assert features.ids == photos.ids and len(features) == 20 and features.skipped == {}
    assert features.vectors.shape == (20, DIM) and features.vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(features.vectors, axis=1), 1, atol=1e-6)
    back = encode(tiny, photos.take(np.arange(20)[::-1]))
    assert back.ids == photos.ids[::-1]
    np.testing.assert_array_equal(back.vectors, features.vectors[::-1])


def test_features_as_the_tower_gives_them_differ_by_their_length_only(tiny):
    photos = photo_set(6)
    plain, unit = encode(tiny, photos, normalize=False).vectors, encode(tiny, photos).vectors
    lengths = np.linalg.norm(plain, axis=1, keepdims=True)
    assert lengths.std() > 0
    np.testing.assert_allclose(plain / lengths, unit, atol=1e-6)
    texts = tiny.text_features(["a", "b"], normalize=False)
    lengths = np.linalg.norm(texts, axis=1, keepdims=True)
    np.testing.assert_allclose(texts / lengths, tiny.text_features(["a", "b"]), atol=1e-6)


def test_features_are_those_of_open_clip(tiny, folder):
    model, preprocess = open_clip.create_model_from_pretrained(f"local-dir:{folder}")
    photos = photo_set(3)
    pictures = torch.stack([preprocess(photos.image(img_id)) for img_id in photos.ids])
    with torch.no_grad():
        expected = model.eval().encode_image(pictures, normalize=True).numpy()
    assert np.abs(expected[0] - expected[1]).max() > 0.01  # else the next line would prove nothing
    np.testing.assert_allclose(encode(tiny, photos).vectors, expected, atol=1e-5)


@pytest.mark.parametrize(("batch_size", "workers"), [(1, 1), (7, 2), (64, 0)])
def test_neither_batch_size_nor_workers_change_the_features(tiny, batch_size, workers):
    reference = encode(tiny, photo_set(), cache=False).vectors
    other = encode(tiny, photo_set(), batch_size=batch_size, workers=workers, cache=False).vectors
    np.testing.assert_allclose(other, reference, atol=1e-5)


def test_an_empty_set_and_no_texts_give_empty_arrays(tiny):
    assert encode(tiny, photo_set(0)).vectors.shape == (0, DIM)
    assert tiny.text_features([]).shape == (0, DIM)


def test_stored_features_need_no_pictures(tiny):
    first = encode(tiny, photo_set())
    again = encode(tiny, photo_set(source=no_source))
    assert again.ids == first.ids
    np.testing.assert_array_equal(again.vectors, first.vectors)


def test_a_part_of_a_stored_set_needs_no_pictures_and_a_larger_one_only_the_rest(tiny):
    whole = encode(tiny, photo_set(20))
    part = encode(tiny, photo_set(20, no_source).take([13, 2]))
    np.testing.assert_array_equal(part.vectors, whole.vectors[[13, 2]])
    np.testing.assert_array_equal(
        encode(tiny, photo_set(20, no_source).head(5)).vectors, whole.vectors[:5]
    )
    source = Source()
    larger = encode(tiny, photo_set(23, source))
    assert source.asked == ["p/q_20.png", "p/q_21.png", "p/q_22.png"]
    np.testing.assert_array_equal(larger.vectors[:20], whole.vectors)


def test_an_interrupted_run_goes_on_where_it_stopped(tiny):
    source = Source()
    photos = photo_set(40, source)
    source.stop_at = photos.ids[21]
    with pytest.raises(KeyboardInterrupt):
        encode(tiny, photos, batch_size=4)
    read_before = len(source.asked)
    source.stop_at, source.asked = None, []
    features = encode(tiny, photos, batch_size=4)
    # Finished chunks (of eight) are not read again: at most the batches under way are.
    assert read_before == 21 and source.asked == photos.ids[-len(source.asked) :]
    assert 19 <= len(source.asked) <= 40 - 16
    np.testing.assert_allclose(
        features.vectors, encode(tiny, photo_set(40), cache=False).vectors, atol=1e-5
    )


def test_an_interruption_keeps_what_was_finished_of_a_chunk(tiny, monkeypatch):
    monkeypatch.setattr(backbone, "CHUNK", 1000)
    source = Source()
    source.damaged = {"p/q_15.png"}
    with pytest.raises(DamagedPhoto):
        encode(tiny, photo_set(20, source), batch_size=4)
    source.damaged, source.asked = set(), []
    encode(tiny, photo_set(20, source), batch_size=4)
    assert source.asked == [f"p/q_{i}.png" for i in range(12, 20)]


def test_a_new_version_of_the_pictures_never_meets_old_features(tiny):
    old = encode(tiny, photo_set(version="1"))
    new = encode(tiny, photo_set(source=Source(salt=1), version="2"))
    assert np.abs(new.vectors - old.vectors).max(axis=1).min() > 0.01
    np.testing.assert_array_equal(encode(tiny, photo_set(source=no_source)).vectors, old.vectors)


def test_another_model_never_meets_the_features_of_this_one(tiny, tmp_path):
    save_model(tmp_path / "other", seed=1)
    other = Backbone.load(tmp_path / "other", device="cpu")
    assert other.fingerprint != tiny.fingerprint
    encode(tiny, photo_set())
    source = Source()
    encode(other, photo_set(source=source))
    assert len(source.asked) == 20


def test_another_preprocessing_is_another_model(tiny, folder, tmp_path):
    (tmp_path / "other").mkdir()
    for path in folder.iterdir():
        (tmp_path / "other" / path.name).write_bytes(path.read_bytes())
    same = Backbone.load(tmp_path / "other", device="cpu")
    assert same.fingerprint == tiny.fingerprint  # where a model lies does not matter
    path = tmp_path / "other" / "open_clip_config.json"
    config = json.loads(path.read_text())
    config["preprocess_cfg"]["mean"] = [0.4, 0.4, 0.4]
    path.write_text(json.dumps(config))
    assert Backbone.load(tmp_path / "other", device="cpu").fingerprint != tiny.fingerprint


@pytest.mark.slow
def test_the_fingerprint_is_the_same_in_another_process(tiny, folder):
    code = (
        f"from g3lite.backbone import Backbone; print(Backbone.load({str(folder)!r}).fingerprint)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == tiny.fingerprint


@pytest.mark.parametrize("option", [{"version": ""}, {"cache": False}])
def test_nothing_is_stored_without_a_version_or_when_told_not_to(tiny, own_cache, option):
    source = Source()
    photos = photo_set(6, source, version=option.get("version", "1"))
    for _ in range(2):
        encode(tiny, photos, cache=option.get("cache", True))
    assert len(source.asked) == 12
    assert not list(own_cache.rglob("*.safetensors"))


@pytest.mark.parametrize("damage", ["truncated", "flipped", "emptied", "other ids"])
def test_a_damaged_cache_file_is_found_and_its_photos_are_encoded_again(tiny, own_cache, damage):
    truth = encode(tiny, photo_set(20), batch_size=4)
    files = sorted(own_cache.rglob("*.safetensors"))
    assert len(files) == 3  # 8 + 8 + 4 photos
    with safe_open(files[0], "numpy") as file:
        ids = json.loads(file.metadata()["ids"])
    data = bytearray(files[0].read_bytes())
    if damage == "truncated":
        data = data[: len(data) // 2]
    elif damage == "flipped":
        data[-2] ^= 1
    elif damage == "emptied":
        data = bytearray()
    else:
        first, second = (img_id.encode() for img_id in ids[:2])
        data = data.replace(first, b"*").replace(second, first).replace(b"*", second)
    files[0].write_bytes(data)

    source = Source()
    with pytest.warns(UserWarning, match="is damaged"):
        features = encode(tiny, photo_set(20, source), batch_size=4)
    assert source.asked == ids
    np.testing.assert_allclose(features.vectors, truth.vectors, atol=1e-6)
    np.testing.assert_array_equal(encode(tiny, photo_set(20, no_source)).vectors, features.vectors)


def test_no_half_written_file_counts(tiny, own_cache):
    encode(tiny, photo_set(20))
    for path in own_cache.rglob("*.safetensors"):
        path.rename(path.with_suffix(".part"))  # as if killed before the file got its name
    source = Source()
    encode(tiny, photo_set(20, source))
    assert len(source.asked) == 20


def test_a_damaged_photo_is_raised_by_id(tiny):
    source = Source()
    source.damaged = {"p/q_11.png"}
    with pytest.raises(DamagedPhoto, match="'p/q_11.png': its 13 bytes are not a picture"):
        encode(tiny, photo_set(source=source))


def test_damaged_photos_are_skipped_and_reported(tiny):
    source = Source()
    source.damaged = {"p/q_3.png", "p/q_11.png"}
    with pytest.warns(UserWarning, match=r"skipped 2 of 20 photos of noise \(p/q_3.png: its 13"):
        features = encode(tiny, photo_set(source=source), on_error="skip", batch_size=1)
    assert list(features.skipped) == ["p/q_3.png", "p/q_11.png"]
    assert "not a picture" in features.skipped["p/q_11.png"]
    assert len(features) == 18 and not source.damaged.intersection(features.ids)
    truth = encode(tiny, photo_set(), cache=False)
    kept = [truth.ids.index(img_id) for img_id in features.ids]
    np.testing.assert_allclose(features.vectors, truth.vectors[kept], atol=1e-5)
    # Only the damaged ones are tried again, and found once they are whole.
    source.damaged, source.asked = set(), []
    assert len(encode(tiny, photo_set(source=source), on_error="skip")) == 20
    assert source.asked == ["p/q_3.png", "p/q_11.png"]


def test_all_photos_may_be_damaged(tiny):
    source = Source()
    source.damaged = set(photo_set(3).ids)
    with pytest.warns(UserWarning, match="skipped 3 of 3"):
        features = encode(tiny, photo_set(3, source), on_error="skip")
    assert features.vectors.shape == (0, DIM) and len(features.skipped) == 3


def test_text_features_are_unit_rows_whatever_the_batch(tiny):
    texts = ["a photo of red sky", "a green road", "left", "right " * 50]
    vectors = tiny.text_features(texts)
    assert vectors.shape == (4, DIM) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(tiny.text_features(texts, batch_size=1), vectors, atol=1e-5)
    assert np.abs(vectors[0] - vectors[1]).max() > 0.01
    with pytest.raises(TypeError, match=r"use \['a photo'\]"):
        tiny.text_features("a photo")


@pytest.fixture
def no_download(monkeypatch):
    def create(*args, **options):
        raise AssertionError("a model would have been fetched")

    monkeypatch.setattr(open_clip, "create_model_from_pretrained", create)


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("ViT-L-14:openai", "ViT-L-14-quickgelu:openai"),
        ("ViT-B-32:metaclip-400m", "ViT-B-32-quickgelu:metaclip-400m"),
        ("ViT-B-32-quickgelu:laion2b_s34b_b79k", "ViT-B-32:laion2b_s34b_b79k"),
        ("ViT-L-14-quickgelu:laion2b_s32b_b82k", "ViT-L-14:laion2b_s32b_b82k"),
    ],
)
def test_weights_are_refused_in_the_wrong_activation(no_download, name, right):
    with pytest.raises(ValueError, match=f"QuickGELU .* wrong features in .*; use '{right}'"):
        Backbone.load(name)


@pytest.mark.parametrize("name", ["ViT-L-14-quickgelu:openai", "ViT-B-32:laion2b_s34b_b79k"])
def test_weights_in_their_own_activation_are_accepted(no_download, name):
    with pytest.raises(AssertionError, match="would have been fetched"):
        Backbone.load(name)


def test_unknown_models_weights_and_settings_are_named(no_download, folder, tmp_path):
    with pytest.raises(ValueError, match="'ViT-L-15:openai' is neither .* did you mean ViT-L"):
        Backbone.load("ViT-L-15:openai")
    with pytest.raises(ValueError, match="no weights 'nobody' for ViT-L-14; .* openai"):
        Backbone.load("ViT-L-14:nobody")
    with pytest.raises(ValueError, match="name the model as 'ViT-L-14-quickgelu:TAG'"):
        Backbone.load("ViT-L-14-quickgelu")
    with pytest.raises(FileNotFoundError, match="holds no open_clip_config.json"):
        Backbone.load(tmp_path)
    with pytest.raises(ValueError, match="'fp16' needs a GPU"):
        Backbone.load(folder, device="cpu", precision="fp16")
    with pytest.raises(ValueError, match="precision 'bf16' is unknown"):
        Backbone.load(folder, device="cpu", precision="bf16")


def test_a_folder_without_weights_is_refused(folder, tmp_path):
    for path in folder.glob("*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(G3Error, match="cannot be loaded .*weights.*Is there a network?"):
        Backbone.load(tmp_path, device="cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_half_precision_on_the_gpu_stays_close(tiny, folder):
    gpu = Backbone.load(folder, device="cuda")
    assert gpu.precision == "fp16" and gpu.fingerprint == tiny.fingerprint
    single = encode(tiny, photo_set()).vectors
    half = encode(gpu, photo_set()).vectors  # not the stored ones of the other precision
    assert not np.array_equal(half, single)
    np.testing.assert_allclose(half, single, atol=5e-3)
    np.testing.assert_allclose(gpu.text_features(WORDS), tiny.text_features(WORDS), atol=5e-3)


def test_real_photos_give_features_without_special_cases(tiny, real, recwarn):
    photos = load_folder(real / "im2gps3k" / "im2gps3k_places365.csv")
    features = encode(tiny, photos)
    assert features.ids == photos.ids and features.skipped == {} and not recwarn.list
    assert features.vectors.shape == (240, DIM)
    np.testing.assert_allclose(np.linalg.norm(features.vectors, axis=1), 1, atol=1e-5)
    assert len(np.unique(features.vectors.round(4), axis=0)) > 230
    stored = PhotoSet(photos.name, photos.table, no_source, photos.version)
    np.testing.assert_array_equal(encode(tiny, stored).vectors, features.vectors)


# --- memory


def out_of_memory_above(tiny, monkeypatch, most):
    """Let the image tower fail, as CUDA does, for more than so many pictures; their numbers."""
    sizes, encode = [], type(tiny.model).encode_image

    def tight(model, pictures, normalize=False):
        sizes.append(len(pictures))
        if sizes[-1] > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return encode(model, pictures, normalize=normalize)

    monkeypatch.setattr(type(tiny.model), "encode_image", tight)
    return sizes


def test_out_of_memory_makes_batches_smaller(tiny, monkeypatch):
    expected = encode(tiny, photo_set(12), cache=False)
    sizes = out_of_memory_above(tiny, monkeypatch, 2)
    found = encode(tiny, photo_set(12), cache=False, batch_size=5)
    assert found.ids == expected.ids
    np.testing.assert_allclose(found.vectors, expected.vectors, atol=1e-6)
    assert sizes == [5, 2, 2, 1, 2, 2, 1, 2]  # found out once


def test_out_of_memory_with_one_picture_is_an_error(tiny, monkeypatch):
    out_of_memory_above(tiny, monkeypatch, 0)
    with pytest.raises(torch.OutOfMemoryError):
        encode(tiny, photo_set(3), cache=False)


# --- any image encoder


class Encoder(torch.nn.Module):
    """Means of patches, and a layer."""

    def __init__(self, seed: int = 0, act: type = torch.nn.ReLU) -> None:
        super().__init__()
        torch.manual_seed(seed)
        layers = torch.nn.AdaptiveAvgPool2d(4), torch.nn.Flatten(), torch.nn.Linear(48, 10)
        self.layers = torch.nn.Sequential(*layers, torch.nn.Dropout(0.9), act())

    def forward(self, pictures):
        return self.layers(pictures)


def prepared(side: int):
    return lambda image: torch.from_numpy(
        np.array(image.resize((side, side)), np.float32).transpose(2, 0, 1) / 255
    )


def test_any_encoder_gives_features_and_keeps_them(own_cache):
    module = Encoder()
    wrapped = Backbone.wrap(module, prepared(32), 10, device="cpu")
    assert (wrapped.name, wrapped.dim, wrapped.image_size) == ("Encoder", 10, 32)
    assert not wrapped.has_text and not module.training
    assert not any(weights.requires_grad for weights in module.parameters())
    photos = photo_set(6)
    found = encode(wrapped, photos, normalize=False)
    inputs = torch.stack([prepared(32)(photos.image(img_id)) for img_id in photos.ids])
    np.testing.assert_allclose(found.vectors, module(inputs).numpy(), atol=1e-6)
    assert encode(Backbone.wrap(Encoder(), prepared(32), 10, device="cpu"), photos).stored == 6
    with pytest.raises(G3Error, match="Encoder has no text tower"):
        wrapped.text_features(["a road"])


def test_the_fingerprint_of_an_encoder_follows_from_all_that_changes_its_features():
    def print_of(module, preprocess):
        return Backbone.wrap(module, preprocess, 10, device="cpu").fingerprint

    same = print_of(Encoder(), prepared(32))
    assert print_of(Encoder(), prepared(32)) == same
    others = {
        print_of(Encoder(1), prepared(32)),
        print_of(Encoder(act=torch.nn.GELU), prepared(32)),
        print_of(Encoder(), prepared(40)),
        print_of(Encoder(), lambda image: prepared(32)(image) - 0.5),
    }
    assert len(others | {same}) == 5


def test_an_encoder_that_gives_something_else_is_refused():
    with pytest.raises(ValueError, match=r"Encoder gives \(1, 10\) .* expected \(1, 12\)"):
        Backbone.wrap(Encoder(), prepared(32), 12, device="cpu")
    with pytest.raises(ValueError, match=r"Conv2d gives \(1, 8, 30, 30\)"):
        Backbone.wrap(torch.nn.Conv2d(3, 8, 3), prepared(32), 8, device="cpu")
    with pytest.raises(ValueError, match="MaxPool2d gives tuple"):
        Backbone.wrap(torch.nn.MaxPool2d(2, return_indices=True), prepared(32), 4, device="cpu")
    as_it_is = lambda image: torch.ones(3, *image.size)  # noqa: E731
    with pytest.raises(ValueError, match="shapes .* for two pictures"):
        Backbone.wrap(Encoder(), as_it_is, 10, device="cpu")
    with pytest.raises(ValueError, match="shapes .* for two pictures"):
        Backbone.wrap(Encoder(), lambda image: image, 10, device="cpu")
