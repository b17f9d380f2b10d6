"""Geo-alignment: the model and its loss against their equations, and its files."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import huggingface_hub
import numpy as np
import open_clip
import pytest
import torch
from safetensors.torch import load_file

from g3lite import G3Error, geo, official
from g3lite.alignment import (
    CONFIGS,
    Embeddings,
    GeoAlignment,
    GeoAlignmentConfig,
    alignment_loss,
    info_nce,
    within_km,
)
from g3lite.paths import data_dir

TINY = GeoAlignmentConfig(image=16, text=12, shared=8, gps=10, gps_width=32, frequencies=8)


def model(seed: int = 0, sizes: GeoAlignmentConfig = TINY) -> GeoAlignment:
    torch.manual_seed(seed)
    return GeoAlignment(sizes).eval()


def batch(n: int = 12, seed: int = 0, sizes: GeoAlignmentConfig = TINY):
    """Image features, text features and coordinates of n photos, as numpy arrays."""
    rng = np.random.default_rng(seed)
    coordinates = np.column_stack([rng.uniform(-80, 80, n), rng.uniform(-180, 180, n)])
    image, text = (5 * rng.standard_normal((n, size)) for size in (sizes.image, sizes.text))
    return image.astype(np.float32), text.astype(np.float32), coordinates


def tensors(arrays):
    return tuple(torch.from_numpy(array) for array in arrays)


# --- equations


def head(state: dict, name: str, inputs: np.ndarray) -> np.ndarray:
    """A head of the paper in numpy: linear, ReLU, linear, length 1."""
    hidden = np.maximum(inputs @ state[f"{name}.0.weight"].T + state[f"{name}.0.bias"], 0)
    outputs = hidden @ state[f"{name}.2.weight"].T + state[f"{name}.2.bias"]
    return outputs / np.linalg.norm(outputs, axis=1, keepdims=True)


def located(state: dict, coordinates: np.ndarray) -> np.ndarray:
    """The location encoder in numpy: Mercator's (north, east), three networks, one sum."""
    lat, lon = np.radians(coordinates).T
    points = np.column_stack([np.log(np.tan(np.pi / 4 + lat / 2)), lon]) / np.pi
    total = 0.0
    for name in ("LocEnc0", "LocEnc1", "LocEnc2"):
        part = {key.split(f"{name}.")[1]: w for key, w in state.items() if f".{name}." in key}
        turns = 2 * np.pi * points @ part["capsule.0.b"].T
        hidden = np.hstack([np.cos(turns), np.sin(turns)])
        for layer in (1, 3, 5):
            linear = hidden @ part[f"capsule.{layer}.weight"].T + part[f"capsule.{layer}.bias"]
            hidden = np.maximum(linear, 0)
        total = total + hidden @ part["head.0.weight"].T + part["head.0.bias"]
    return total


def log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def symmetric(logits: np.ndarray) -> float:
    """InfoNCE by rows and by columns, halved."""
    return -(np.diag(log_softmax(logits)).mean() + np.diag(log_softmax(logits.T)).mean()) / 2


class Reference:
    """Vectors, logits and loss in float64, from the paper's equations and the official names."""

    def __init__(self, state: dict, image, text, coordinates) -> None:
        image, text = image.astype(np.float64), text.astype(np.float64)
        self.image_text = head(state, "vision_projection_else_1", image)
        self.image_gps = head(state, "vision_projection_else_2", image)
        self.text = head(state, "text_projection_else", text)
        self.gps = head(state, "location_projection_else", located(state, coordinates))
        self.text_logits = np.exp(state["logit_scale1"]) * self.text @ self.image_text.T
        self.gps_logits = np.exp(state["logit_scale2"]) * self.gps @ self.image_gps.T
        self.loss = symmetric(self.text_logits) + symmetric(self.gps_logits)


def numbers(state: dict) -> dict:
    return {name: tensor.detach().double().numpy().copy() for name, tensor in state.items()}


def test_vectors_logits_and_loss_are_their_equations():
    aligner, arrays = model(), batch(40)
    with torch.no_grad():
        # The three scales differ, so that a scale in the wrong place is seen.
        aligner.log_scales.copy_(torch.tensor([2.5, 3.99, 1.0]))
        found = aligner(*tensors(arrays))
    expected = Reference(numbers(official.official_state(aligner)), *arrays)
    for name in ("image_text", "image_gps", "text", "gps"):
        vectors = getattr(found, name).numpy()
        assert vectors.shape == (40, 8) and vectors.dtype == np.float32
        np.testing.assert_allclose(vectors, getattr(expected, name), rtol=0, atol=1e-5)
    text_logits = (found.text_scale * found.text @ found.image_text.T).numpy()
    gps_logits = (found.gps_scale * found.gps @ found.image_gps.T).numpy()
    np.testing.assert_allclose(text_logits, expected.text_logits, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(gps_logits, expected.gps_logits, rtol=1e-5, atol=1e-5)
    assert alignment_loss(found).item() == pytest.approx(expected.loss, rel=1e-5)


def test_within_km_holds_at_both_ends_of_the_globe():
    rng = np.random.default_rng(0)
    twice = torch.from_numpy(np.repeat(rng.uniform([-90, -180], [90, 180], (80, 2)), 2, axis=0))
    same = within_km(twice, 0.0)
    assert same[torch.arange(160), torch.arange(160) ^ 1].all() and int(same.sum()) == 320
    assert within_km(twice, 20_100.0).all() and within_km(twice, 40_000.0).all()


def test_a_folder_that_is_not_there_is_no_repository(tmp_path):
    with pytest.raises(FileNotFoundError, match="is no folder, and no repository id"):
        GeoAlignment.from_pretrained(tmp_path / "nowhere")


def test_scales_start_where_the_paper_starts_them():
    found = model()(*tensors(batch()))
    assert found.text_scale.item() == pytest.approx(np.exp(3.99), rel=1e-6)
    assert found.gps_scale.item() == pytest.approx(np.exp(3.99), rel=1e-6)


def test_gradients_of_heads_and_loss_are_exact():
    # The location encoder always computes in float32, so its output stands in for it here.
    aligner = model().double()
    torch.manual_seed(0)
    image, text, place = (torch.randn(5, n, dtype=torch.float64) for n in (16, 12, 10))
    same = torch.zeros(5, 5, dtype=torch.bool)
    same[0, 3] = same[3, 0] = True

    def loss(image, text, place, scales):
        gps = torch.nn.functional.normalize(aligner.gps_head(place), dim=-1)
        to_text, to_gps = aligner.image_to_text(image), aligner.image_to_gps(image)
        parts = Embeddings(to_text, aligner.text(text), to_gps, gps, *scales.exp())
        return alignment_loss(parts, same_text=same, too_near=same)

    scales = torch.tensor([1.0, 0.5], dtype=torch.float64)
    inputs = tuple(t.requires_grad_() for t in (image, text, place, scales))
    assert torch.autograd.gradcheck(loss, inputs, eps=1e-6, atol=1e-6)


def test_gradients_of_the_whole_model_are_those_of_the_equations():
    # The model works in float32, so its gradients are compared with finite differences of the
    # float64 equations; 1e-3 of a tensor's largest gradient is what float32 leaves of 2 pi B v.
    aligner, arrays = model(), batch(20)
    alignment_loss(aligner(*tensors(arrays))).backward()
    grads = GeoAlignment(TINY)
    for mine, theirs in zip(grads.parameters(), aligner.parameters(), strict=True):
        mine.data = theirs.grad
    found = numbers(official.official_state(grads))
    state = numbers(official.official_state(aligner))
    rng, step, compared = np.random.default_rng(0), 1e-6, 0
    for name, weights in state.items():
        if name.endswith("capsule.0.b"):
            continue
        scale = np.abs(found[name]).max()
        for place in rng.choice(weights.size, min(3, weights.size), replace=False):
            at, losses = np.unravel_index(place, weights.shape), []
            before = weights[at]
            for sign in (1, -1):
                weights[at] = before + sign * step
                losses.append(Reference(state, *arrays).loss)
            weights[at] = before
            expected = (losses[0] - losses[1]) / (2 * step)
            assert found[name][at] == pytest.approx(expected, abs=1e-3 * scale + 1e-7), name
            compared += 1
    assert compared > 100 and found["logit_scale3"] == 0


def test_gradients_reach_every_parameter():
    aligner = model()
    alignment_loss(aligner(*tensors(batch(40)))).backward()
    for name, weight in aligner.named_parameters():
        assert weight.grad is not None and weight.grad.abs().max() > 0, name


# --- sizes


def test_the_official_numbers_of_parameters():
    with torch.device("meta"):
        clip = open_clip.CLIP(**open_clip.get_model_config("ViT-L-14-quickgelu"))
        large = GeoAlignment(CONFIGS["official"])
    trainable = sum(weight.numel() for weight in large.parameters())
    fixed = sum(buffer.numel() for buffer in large.buffers())
    frozen = sum(weight.numel() for weight in clip.parameters()) - clip.logit_scale.numel()
    assert trainable == 13_648_131
    assert fixed == 1_536
    assert trainable + fixed + frozen == 441_266_179
    assert sum(w.numel() for w in large.location_encoder.parameters()) == 9_447_936
    heads = [w for name, w in large.named_parameters() if "_head." in name]
    assert sum(w.numel() for w in heads) == 4_200_192


OFFICIAL_SHAPES = {
    "logit_scale1": (),
    "logit_scale2": (),
    "logit_scale3": (),
    "vision_projection_else_1.0.weight": (768, 768),
    "vision_projection_else_1.0.bias": (768,),
    "vision_projection_else_1.2.weight": (768, 768),
    "vision_projection_else_1.2.bias": (768,),
    "vision_projection_else_2.0.weight": (768, 768),
    "vision_projection_else_2.0.bias": (768,),
    "vision_projection_else_2.2.weight": (768, 768),
    "vision_projection_else_2.2.bias": (768,),
    "text_projection_else.0.weight": (768, 768),
    "text_projection_else.0.bias": (768,),
    "text_projection_else.2.weight": (768, 768),
    "text_projection_else.2.bias": (768,),
    "location_projection_else.0.weight": (512, 512),
    "location_projection_else.0.bias": (512,),
    "location_projection_else.2.weight": (768, 512),
    "location_projection_else.2.bias": (768,),
    "location_encoder.LocEnc0.capsule.0.b": (256, 2),
    "location_encoder.LocEnc0.capsule.1.weight": (1024, 512),
    "location_encoder.LocEnc0.capsule.1.bias": (1024,),
    "location_encoder.LocEnc0.capsule.3.weight": (1024, 1024),
    "location_encoder.LocEnc0.capsule.3.bias": (1024,),
    "location_encoder.LocEnc0.capsule.5.weight": (1024, 1024),
    "location_encoder.LocEnc0.capsule.5.bias": (1024,),
    "location_encoder.LocEnc0.head.0.weight": (512, 1024),
    "location_encoder.LocEnc0.head.0.bias": (512,),
    "location_encoder.LocEnc1.capsule.0.b": (256, 2),
    "location_encoder.LocEnc1.capsule.1.weight": (1024, 512),
    "location_encoder.LocEnc1.capsule.1.bias": (1024,),
    "location_encoder.LocEnc1.capsule.3.weight": (1024, 1024),
    "location_encoder.LocEnc1.capsule.3.bias": (1024,),
    "location_encoder.LocEnc1.capsule.5.weight": (1024, 1024),
    "location_encoder.LocEnc1.capsule.5.bias": (1024,),
    "location_encoder.LocEnc1.head.0.weight": (512, 1024),
    "location_encoder.LocEnc1.head.0.bias": (512,),
    "location_encoder.LocEnc2.capsule.0.b": (256, 2),
    "location_encoder.LocEnc2.capsule.1.weight": (1024, 512),
    "location_encoder.LocEnc2.capsule.1.bias": (1024,),
    "location_encoder.LocEnc2.capsule.3.weight": (1024, 1024),
    "location_encoder.LocEnc2.capsule.3.bias": (1024,),
    "location_encoder.LocEnc2.capsule.5.weight": (1024, 1024),
    "location_encoder.LocEnc2.capsule.5.bias": (1024,),
    "location_encoder.LocEnc2.head.0.weight": (512, 1024),
    "location_encoder.LocEnc2.head.0.bias": (512,),
}


def test_names_and_shapes_are_those_of_the_official_file():
    with torch.device("meta"):
        state = official.official_state(GeoAlignment())
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == OFFICIAL_SHAPES
    assert set(official.official_state(model())) == set(OFFICIAL_SHAPES)


# --- official files


def saved(state: dict, path: Path) -> Path:
    torch.save(state, path)
    return path


def assert_same(one: GeoAlignment, other: GeoAlignment) -> None:
    assert one.config == other.config
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name]), name


def test_official_weights_go_out_and_come_back(tmp_path):
    source = model(1)
    with torch.no_grad():
        source.log_scales.copy_(torch.tensor([1.0, 2.0, 3.0]))
    for state in (
        official.official_state(source),
        saved(official.official_state(source), tmp_path / "g3.pth"),
    ):
        target = model(2)
        official.load_official(target, state)
        assert_same(source, target)
    image, text, coordinates = batch()
    np.testing.assert_array_equal(
        source.embed_coordinates(coordinates), target.embed_coordinates(coordinates)
    )


def test_the_clip_in_the_official_file_is_left_alone(tmp_path):
    source, target = model(1), model(2)
    clip = {
        "vision_model.embeddings.class_embedding": torch.zeros(4),
        "text_model.final_layer_norm.weight": torch.zeros(4),
        "vision_projection.weight": torch.zeros(4, 4),
        "text_projection.weight": torch.zeros(4, 4),
    }
    official.load_official(
        target, saved({**clip, **official.official_state(source)}, tmp_path / "g3.pth")
    )
    assert_same(source, target)


@pytest.mark.parametrize("name", [*OFFICIAL_SHAPES])
def test_a_tensor_that_is_missing_or_misshapen_is_named(name):
    state, target = official.official_state(model(1)), model(2)
    before = {key: tensor.clone() for key, tensor in target.state_dict().items()}
    missing = {key: tensor for key, tensor in state.items() if key != name}
    with pytest.raises(ValueError, match=re.escape(f"{name} is missing")):
        official.load_official(target, missing)
    misshapen = {**state, name: torch.zeros(3, 5)}
    shapes = re.escape(f"{name} has shape (3, 5), expected {tuple(state[name].shape)}")
    with pytest.raises(ValueError, match=shapes):
        official.load_official(target, misshapen)
    for key, tensor in target.state_dict().items():
        assert torch.equal(tensor, before[key]), "a refused file changes nothing"


def test_another_files_state_is_refused_in_few_words():
    with pytest.raises(ValueError, match=r"vision_projection_else_1\S+ is missing; .*and 42 more"):
        official.load_official(model(), {"conv1.weight": torch.zeros(3)})


class Trap:
    """What a malicious pickle does: run a function of its choice when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("function", ["load_official", "load_location_encoder"])
def test_a_file_that_would_run_code_is_refused(tmp_path, function):
    file = saved(
        {**official.official_state(model(1)), "trap": Trap(tmp_path / "sprung")}, tmp_path / "x"
    )
    with pytest.raises(G3Error, match="more than tensors"):
        getattr(official, function)(model(), file)
    with pytest.raises(G3Error, match="there is no file of weights"):
        getattr(official, function)(model(), tmp_path / "absent.pth")
    assert not (tmp_path / "sprung").exists()


def test_geoclips_location_encoder_is_loaded_and_the_heads_stay(tmp_path):
    source, target, before = model(1), model(2), model(2)
    prefix = "location_encoder."
    state = {
        name.removeprefix(prefix): tensor
        for name, tensor in official.official_state(source).items()
        if name.startswith(prefix)
    }
    assert list(state)[0] == "LocEnc0.capsule.0.b" and "LocEnc2.head.0.bias" in state
    assert len(state) == 27
    file = saved(state, tmp_path / "location_encoder_weights.pth")
    with pytest.warns(UserWarning, match="projection equal_earth, this encoder has mercator_yx"):
        official.load_location_encoder(target, file)
    for name, tensor in target.state_dict().items():
        origin = source if name.startswith(prefix) else before
        assert torch.equal(tensor, origin.state_dict()[name]), name

    del state["LocEnc2.head.0.bias"]
    with pytest.raises(ValueError, match=r"LocEnc2\.head\.0\.bias is missing"):
        official.load_location_encoder(target, state)
    state["LocEnc2.head.0.bias"] = torch.zeros(3)
    with pytest.raises(ValueError, match=r"LocEnc2\.head\.0\.bias has shape \(3,\), expected"):
        official.load_location_encoder(target, state)


# --- own files


def test_saved_and_loaded_bit_for_bit(tmp_path):
    sizes = replace(TINY, sigmas=(1.0, 8.0), projection="sphere")
    source = model(3, sizes)
    source.save_pretrained(tmp_path / "new" / "folder")
    loaded = GeoAlignment.from_pretrained(tmp_path / "new" / "folder")
    assert_same(source, loaded)
    assert not loaded.training
    found, expected = loaded(*tensors(batch())), source(*tensors(batch()))
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
    source.save_pretrained(tmp_path / "new" / "folder")  # again, into the same folder
    assert_same(source, GeoAlignment.from_pretrained(str(tmp_path / "new" / "folder")))


def test_the_configuration_can_be_read(tmp_path):
    model().save_pretrained(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
    text = (tmp_path / "config.json").read_text()
    assert json.loads(text) == {
        "image": 16, "text": 12, "shared": 8, "gps": 10, "gps_width": 32, "frequencies": 8,
        "sigmas": [1.0, 16.0, 256.0], "projection": "mercator_yx",
    }  # fmt: skip
    assert text.count("\n") > 8, "one line per setting"
    assert set(load_file(tmp_path / "model.safetensors")) == set(model().state_dict())


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_folder_that_lacks_a_file_is_refused(tmp_path, name):
    model().save_pretrained(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"holds no {name}; save_pretrained writes it"):
        GeoAlignment.from_pretrained(tmp_path)


def test_weights_that_do_not_fit_the_configuration_are_named(tmp_path):
    model().save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "text": 14}))
    with pytest.raises(ValueError, match=r"text_head\.0\.weight has shape \(12, 12\), expected"):
        GeoAlignment.from_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**config, "sigmas": [1.0, 16.0]}))
    with pytest.raises(ValueError, match=r"location_encoder\.scales\.2\.\S+ is not known"):
        GeoAlignment.from_pretrained(tmp_path)


def test_a_repository_of_the_hub_is_fetched_once_and_in_part(tmp_path, monkeypatch):
    source, asked = model(4), []
    source.save_pretrained(tmp_path)

    def snapshot_download(repo_id, **options):
        asked.append((repo_id, options["allow_patterns"]))
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    assert_same(source, GeoAlignment.from_pretrained("someone/g3-mini"))
    assert asked == [("someone/g3-mini", ["config.json", "model.safetensors"])]


def test_the_shipped_heads_have_a_name():
    shipped = GeoAlignment.from_pretrained("mini")
    assert shipped.config == CONFIGS["mini"] and not shipped.training
    assert_same(shipped, GeoAlignment.from_pretrained(data_dir() / "alignment"))


# --- vectors


def test_arrays_in_and_out_are_what_the_tensors_are():
    aligner, (image, text, coordinates) = model(), batch(9000)
    with torch.no_grad():
        expected = aligner(*tensors((image, text, coordinates)))
    found = (*aligner.embed_images(image), aligner.text(torch.from_numpy(text)).detach().numpy())
    wanted = (expected.image_text, expected.image_gps, expected.text)
    for vectors, tensor in zip(found, wanted, strict=True):
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(vectors, tensor.numpy(), rtol=0, atol=1e-6)
    gps = aligner.embed_coordinates(coordinates)
    np.testing.assert_allclose(gps, expected.gps.numpy(), rtol=0, atol=1e-5)
    assert aligner.embed_coordinates(np.empty((0, 2))).shape == (0, 8)
    with pytest.raises(ValueError, match="latitude 95 in row 1"):
        aligner.embed_coordinates([[0, 0], [95, 0]])


def test_database_vectors_are_three_unit_vectors():
    aligner, (image, _, _) = model(), batch(30)
    vectors = aligner.database_vectors(image)
    assert vectors.shape == (30, 16 + 2 * 8) and vectors.dtype == np.float32
    plain, to_text, to_gps = np.split(vectors, [16, 24], axis=1)
    for part in (plain, to_text, to_gps):
        np.testing.assert_allclose(np.linalg.norm(part, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(
        plain, image / np.linalg.norm(image, axis=1, keepdims=True), atol=1e-6
    )
    expected = aligner.embed_images(image)
    np.testing.assert_array_equal(to_text, expected[0])
    np.testing.assert_array_equal(to_gps, expected[1])
    cosines = plain @ plain.T + to_text @ to_text.T + to_gps @ to_gps.T
    np.testing.assert_allclose(vectors @ vectors.T, cosines, atol=1e-5)


def test_heads_without_texts_leave_their_part_out(tmp_path):
    torch.manual_seed(0)
    aligner = GeoAlignment(GeoAlignmentConfig(16, 0, shared=8, gps=10, gps_width=32, frequencies=8))
    image, _, coordinates = batch(30)
    vectors = aligner.eval().database_vectors(image)
    assert vectors.shape == (30, 16 + 8)
    np.testing.assert_array_equal(vectors[:, 16:], aligner.embed_images(image)[1])
    assert not any("text" in name for name in aligner.state_dict())
    none = np.empty((30, 0), np.float32)
    found = aligner(*tensors((image, none, coordinates)))
    assert not found.image_text.any() and not found.text.any() and found.gps.shape == (30, 8)
    aligner.save_pretrained(tmp_path)
    assert_same(GeoAlignment.from_pretrained(tmp_path), aligner)


def test_features_of_another_backbone_are_refused():
    aligner = model()
    for call in (aligner.embed_images, aligner.database_vectors, aligner.similarity_map):
        with pytest.raises(ValueError, match=r"shape \(3, 17\), expected \(n, 16\).*backbone"):
            call(np.zeros((3, 17)))
    with pytest.raises(ValueError, match=r"shape \(16,\), expected \(n, 16\)"):
        aligner.nearest_gps(np.zeros(16), [[0, 0]])


def test_nearest_gps_finds_the_most_similar_coordinates():
    aligner, (image, _, coordinates) = model(), batch(50)
    similarity, rows = aligner.nearest_gps(image[:20], coordinates, k=4)
    cosines = aligner.embed_images(image[:20])[1] @ aligner.embed_coordinates(coordinates).T
    expected = np.argsort(-cosines, axis=1)[:, :4]
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_allclose(similarity, np.take_along_axis(cosines, expected, 1), atol=1e-6)
    assert aligner.nearest_gps(image, coordinates)[1].shape == (50, 1)
    with pytest.raises(ValueError, match="k = 51 neighbours of a gallery of 50"):
        aligner.nearest_gps(image, coordinates, k=51)


def test_the_similarity_map_runs_from_south_west_to_north_east():
    aligner, (image, _, _) = model(), batch(3)
    lat, lon, cosines = aligner.similarity_map(image, step=7.5)
    assert (len(lat), len(lon), cosines.shape) == (24, 48, (3, 24, 48))
    assert cosines.dtype == np.float32
    np.testing.assert_allclose(lat[[0, 1, -1]], [-86.25, -78.75, 86.25])
    np.testing.assert_allclose(lon[[0, 1, -1]], [-176.25, -168.75, 176.25])
    to_gps = aligner.embed_images(image)[1]
    for row, column in [(0, 0), (0, 47), (23, 0), (23, 47), (5, 31), (17, 2)]:
        at_centre = aligner.embed_coordinates([[lat[row], lon[column]]])[0]
        np.testing.assert_allclose(cosines[:, row, column], to_gps @ at_centre, atol=1e-5)
    assert aligner.similarity_map(image[:1], step=90)[2].shape == (1, 2, 4)


@pytest.mark.parametrize("step", [0, -1, 7, 0.7, 360, float("nan"), float("inf")])
def test_a_step_that_does_not_divide_the_globe_is_refused(step):
    with pytest.raises(ValueError, match="does not divide 180 degrees"):
        model().similarity_map(batch(2)[0], step)


# --- loss


def test_info_nce_by_hand():
    logits = torch.tensor([[2.0, 1.0], [0.0, 3.0]], dtype=torch.float64)
    rows = [np.log(1 + np.exp(-1)), np.log(1 + np.exp(-3))]
    columns = [np.log(1 + np.exp(-2)), np.log(1 + np.exp(-2))]
    expected = (np.mean(rows) + np.mean(columns)) / 2
    assert info_nce(logits).item() == pytest.approx(expected, abs=1e-12)
    assert info_nce(torch.zeros(7, 7)).item() == pytest.approx(np.log(7), rel=1e-6)


def test_an_excluded_pair_is_gone():
    torch.manual_seed(0)
    logits = torch.randn(4, 4, dtype=torch.float64)
    exclude = torch.zeros(4, 4, dtype=torch.bool)
    exclude[0, 2] = True
    # Row 0 chooses without column 2, and column 2 without row 0.
    rows = torch.stack([logits[0, [0, 1, 3]].logsumexp(0), *logits[1:].logsumexp(1)])
    columns = [*logits[:, :2].logsumexp(0), logits[1:, 2].logsumexp(0), logits[:, 3].logsumexp(0)]
    own = logits.diagonal()
    expected = ((rows - own).mean() + (torch.stack(columns) - own).mean()) / 2
    torch.testing.assert_close(info_nce(logits, exclude), expected)
    # What it was makes no difference any more, to the loss or to its gradient.
    other = logits.clone()
    other[0, 2] = 50.0
    other.requires_grad_()
    info_nce(other, exclude).backward()
    torch.testing.assert_close(info_nce(other, exclude), expected)
    assert other.grad[0, 2] == 0 and other.grad[2, 0] != 0


def test_a_photo_excluded_from_all_others_leaves_the_smaller_problem():
    torch.manual_seed(0)
    logits = torch.randn(5, 5, dtype=torch.float64)
    exclude = torch.zeros(5, 5, dtype=torch.bool)
    exclude[2], exclude[:, 2] = True, True
    keep = [0, 1, 3, 4]
    smaller = info_nce(logits[keep][:, keep])
    torch.testing.assert_close(info_nce(logits, exclude), smaller * 4 / 5)  # its own loss is 0


def test_the_match_itself_is_never_excluded():
    torch.manual_seed(0)
    logits = torch.randn(4, 4)
    everything = torch.ones(4, 4, dtype=torch.bool)
    assert info_nce(logits, everything).item() == 0
    torch.testing.assert_close(info_nce(logits, torch.eye(4, dtype=torch.bool)), info_nce(logits))
    before = logits.clone()
    assert torch.equal(logits, before) and everything.all(), "the arguments are left as they were"


def test_without_text_only_gps_counts():
    with torch.no_grad():
        found = model()(*tensors(batch(20)))
    gps = info_nce(found.gps_scale * found.gps @ found.image_gps.T)
    text = info_nce(found.text_scale * found.text @ found.image_text.T)
    torch.testing.assert_close(alignment_loss(found, use_text=False), gps)
    torch.testing.assert_close(alignment_loss(found), gps + text)
    assert abs(gps - text) > 1e-3


def test_each_mask_belongs_to_its_term():
    with torch.no_grad():
        found = model()(*tensors(batch(20)))
    mask = torch.zeros(20, 20, dtype=torch.bool)
    mask[0, 1:5] = mask[1:5, 0] = True
    gps_logits = found.gps_scale * found.gps @ found.image_gps.T
    text_logits = found.text_scale * found.text @ found.image_text.T
    torch.testing.assert_close(
        alignment_loss(found, same_text=mask), info_nce(gps_logits) + info_nce(text_logits, mask)
    )
    torch.testing.assert_close(
        alignment_loss(found, too_near=mask), info_nce(gps_logits, mask) + info_nce(text_logits)
    )


@pytest.mark.parametrize("km", [0.05, 1.0, 25.0, 2500.0, 15000.0])
def test_within_km_is_the_great_circle(km):
    rng = np.random.default_rng(0)
    centres = np.array([[45.0, 5.0], [-16.5, 180.0], [89.95, 10.0], [0.0, -180.0]])
    centres = np.vstack([centres, geo.offset(centres, 70, 0.9 * km), geo.offset(centres, 70, 3)])
    points = geo.offset(
        np.repeat(centres, 12, axis=0), rng.uniform(0, 360, 144), km * rng.uniform(0, 2, 144)
    )
    distance = geo.great_circle_km(points[:, None], points)
    clear = np.abs(distance - km) > 1e-3  # a metre from the border
    found = within_km(torch.from_numpy(points), km).numpy()
    np.testing.assert_array_equal(found[clear], (distance <= km)[clear])
    assert found.diagonal().all() and (found == found.T).all()
    assert found[~np.eye(len(points), dtype=bool)].any() and not found.all()
