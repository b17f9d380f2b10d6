"""How replies are drawn and where they end, and how often a picture is encoded."""

import io
import json
from itertools import chain

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_lmms import QWEN, fast_vlm, image, llava, qwen2_5_vl, qwen3_vl, words
from transformers import AutoConfig, LogitsProcessor

from g3lite import miniearth, presets
from g3lite.alignment import GeoAlignment
from g3lite.lmm import load, local, sampling
from g3lite.lmm.ask import ask
from g3lite.lmm.base import LMMError, LMMRequest
from g3lite.lmm.local import TransformersLMM
from g3lite.photos import PhotoSet
from g3lite.profiles import PROFILES
from g3lite.prompts import Prompt, PromptPlan

KINDS = {fast_vlm: ("<image>",), llava: ("<image>",), qwen2_5_vl: QWEN, qwen3_vl: QWEN}
# What a checkpoint may bring along, and transformers would apply unasked.
SETTINGS = {
    "do_sample": True, "temperature": 0.1, "top_k": 1, "top_p": 0.1, "min_p": 0.5,
    "repetition_penalty": 1.8, "no_repeat_ngram_size": 2, "min_new_tokens": 6,
    "suppress_tokens": [40, 41, 42], "begin_suppress_tokens": [50], "bad_words_ids": [[60], [61]],
    "exponential_decay_length_penalty": [2, 1.5], "renormalize_logits": True,
    "num_beams": 3, "return_dict_in_generate": True, "output_scores": True, "max_length": 20,
    "sequence_bias": [[[70], 9.0]], "forced_eos_token_id": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A folder for each architecture, by name, whose generation config sets all of the above."""
    made = {}
    for kind, special in KINDS.items():
        made[kind.__name__] = folder = tmp_path_factory.mktemp(kind.__name__)
        torch.manual_seed(0)
        model, processor = kind(words(*special))
        model.save_pretrained(folder)
        processor.save_pretrained(folder)
        file = folder / "generation_config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | SETTINGS))
    return made


def tiny(folder, **options):
    return TransformersLMM(folder, device="cpu", **{"max_new_tokens": 12, **options})


def request_of(seed=0, text="Where?", temperature=1.2, samples=(0, 1, 2), picture=None):
    return LMMRequest(f"{seed}", picture or image(seed), Prompt(text, 0), temperature, samples)


def replies(model, requests):
    found = {}

    def take(response):
        assert response.error is None
        for sample, text in zip(response.samples, response.texts, strict=True):
            found[requests.index(response.request), sample] = text

    model.answer(iter(requests), take)
    return found


# --- what a checkpoint brings along


def test_settings_of_a_checkpoint_change_no_reply(folders, tmp_path):
    for path in folders["llava"].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    own = {"eos_token_id": 2, "pad_token_id": 0, "bos_token_id": 1}
    (tmp_path / "generation_config.json").write_text(json.dumps(own))
    requests = [request_of(0), request_of(1, "Say it again. " * 3), request_of(2, temperature=0.0)]
    assert replies(tiny(folders["llava"]), requests) == replies(tiny(tmp_path), requests)


def first_tokens(model, n, temperature):
    """How often each letter came first of n replies, and its chance by the model's own logits."""
    model.batch_size = n
    letters = [chr(c) for c in range(33, 127)]
    one = request_of(7, temperature=temperature, samples=tuple(range(n)))
    with torch.inference_mode():
        logits = model.model(**model._inputs([one])).logits[0, -1].double()
    texts = list(replies(model, [one]).values())
    ids = model._processor.tokenizer.convert_tokens_to_ids(letters)
    seen = np.array([texts.count(letter) for letter in letters]) / n
    return seen, torch.softmax(logits / temperature, 0), ids


def test_replies_are_softmax_of_logits_over_t_whatever_the_checkpoint_says(folders):
    n = 1500
    seen, chance, ids = first_tokens(tiny(folders["qwen3_vl"], max_new_tokens=1), n, 1.3)
    chance = chance[ids].numpy()
    error = np.sqrt(chance * (1 - chance) / n)
    assert (np.abs(seen - chance) < 4.5 * error + 1 / n).all()
    assert np.abs(chance - chance.mean()).max() > 10 * error.mean()  # they differ enough


def test_top_p_leaves_the_likeliest_tokens_in_their_proportions(folders):
    n = 1500
    model = tiny(folders["llava"], max_new_tokens=1, top_p=0.5)
    assert "top_p=0.5" in model.name and "top_p" not in tiny(folders["llava"]).name
    seen, chance, ids = first_tokens(model, n, 0.8)
    ordered = chance.sort(descending=True)
    most = int((ordered.values.cumsum(0) < 0.5).sum()) + 1  # as few as have half of it together
    kept = torch.zeros_like(chance)
    kept[ordered.indices[:most]] = ordered.values[:most]
    kept = (kept / kept.sum())[ids].numpy()
    assert 1 < most < len(chance) / 4
    error = np.sqrt(kept * (1 - kept) / n)
    assert (np.abs(seen - kept) < 4.5 * error + 1 / n).all()
    assert not seen[kept == 0].any() and seen[kept > 0].all()


def test_a_top_p_that_leaves_nothing_is_refused(folders):
    for wrong in (0, 1.5, -1, float("nan")):
        with pytest.raises(LMMError, match="top_p is .*; it is above 0, and 1 leaves all"):
            tiny(folders["llava"], top_p=wrong)


# --- where a reply ends


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ('{"latitude": 1.5, "longitude": 2}', True),
        ('{"latitude": 1.5, "longitude": 2', False),
        (' {"latitude": -33.86, "longitude": 151.2}\n```', True),
        ('```json\n{\n  "latitude": 48.9,\n  "longitude": 2.3\n}', True),
        ('Sure! {"latitude": 48.9, "longitude": 2.3}', True),
        ('{"place": {"latitude": 48.9, "longitude": 2.3}', False),
        ('{"place": {"latitude": 48.9, "longitude": 2.3}}', True),
        ('{"error": "unsure"}', False),  # what follows may be a place
        ('{"latitude": 48.9}', False),
        ("(48.86, 2.35)", True),
        ("(48.86, 2.35", False),
        ("[48.86, 2.35]", True),
        ("(N 48.86, E 2.35)", True),
        ("(Paris)", False),
        ("It looks like (48.86, 2.35)", False),  # prose, which may go on otherwise
        ('[{"latitude": 1, "longitude": 2}', False),
        ('[{"latitude": 1, "longitude": 2}]', True),
        ("(48.86, 2.35]", False),
        ("}", False),
        ("", False),
    ],
)
def test_a_place_is_complete_at_the_sign_that_closes_it(text, complete):
    assert sampling.is_complete(text) == complete


class Scripted(LogitsProcessor):
    """In the place of the sampler: every row writes its text, then more and more of a letter."""

    TEXTS = ('{"latitude": 1.5, "longitude": 2} or so', "(3, 4). Or (5, 6)", "No idea at all")

    def __init__(self, wanted, seed, device, vocabulary, top_p):
        self.lost = torch.zeros(len(wanted), dtype=torch.bool)
        self.start, self.length = None, vocabulary
        self.samples = [sample for _, sample in wanted]

    def __call__(self, input_ids, scores):
        self.start = input_ids.shape[1] if self.start is None else self.start
        scores = torch.full_like(scores, -torch.inf)
        for row, sample in enumerate(self.samples):
            text = self.TEXTS[sample].replace(" ", "Ġ") + "z" * 99  # a byte-level space
            sign = text[input_ids.shape[1] - self.start]
            scores[row, self.tokenizer.convert_tokens_to_ids(sign)] = 0
        return scores


@pytest.mark.parametrize("name", ["llava", "qwen3_vl"])
def test_a_reply_ends_where_its_place_does(folders, monkeypatch, name):
    monkeypatch.setattr(local, "Sampler", Scripted)
    ends = ("(3, 4)", '{"latitude": 1.5, "longitude": 2}')
    for samples in ((0, 1, 2), (1,), (0, 1)):  # with others that go on, and all at one time
        model = tiny(folders[name], max_new_tokens=60)
        monkeypatch.setattr(Scripted, "tokenizer", model._processor.tokenizer, raising=False)
        found = []
        model.answer([request_of(samples=samples)], found.append)
        (response,) = found
        texts = dict(zip(samples, response.texts, strict=True))
        assert texts[1] == ends[0] and texts.get(0, ends[1]) == ends[1]
        reasons = dict(zip(samples, response.finish_reasons, strict=True))
        assert reasons[1] == "stop" and reasons.get(0, "stop") == "stop"
        if 2 in samples:
            assert texts[2].startswith("No idea at allzzz") and reasons[2] == "length"
        lengths = {0: len(ends[1]), 1: len(ends[0]), 2: 60}
        assert response.tokens_out == sum(lengths[sample] for sample in samples)
    whole = tiny(folders[name], max_new_tokens=60, stop_early=False)
    assert "stop at the place" in model.name and "stop at the place" not in whole.name
    assert all(len(text) == 60 for text in replies(whole, [request_of()]).values())


# --- the image tower


def counted(model):
    """A list that grows by the number of pictures with each call of the image tower."""
    calls = []
    tower = model.model.get_encoder(modality="image")
    tower.register_forward_hook(lambda *_: calls.append(1))
    return calls


def prompts_about(pictures, samples=(0, 1)):
    """Four prompts about each, of such lengths that they come in different batches."""
    return [
        request_of(seed, "Where? " * (1 + 20 * k), samples=samples, picture=picture)
        for seed, picture in enumerate(pictures)
        for k in range(4)
    ]


@pytest.mark.parametrize("name", [kind.__name__ for kind in KINDS])
def test_a_picture_is_encoded_once_for_its_prompts(folders, name):
    requests = prompts_about([image(seed) for seed in range(3)])
    once, often = (tiny(folders[name], encode_once=way) for way in (True, False))
    once.batch_size = often.batch_size = 4
    calls, more = counted(once), counted(often)
    assert replies(once, requests) == replies(often, requests)
    assert len(calls) == 3 < len(more)
    once.batch_size = 1  # a window ends within the prompts of a photo
    calls.clear()
    assert replies(once, requests) == replies(often, requests)
    assert len(calls) == 3
    assert once.name == often.name  # the replies are the same
    assert not once._pictures._known  # nothing is held when all is answered


def test_a_run_encodes_each_photo_once(folders, tmp_path):
    def source(img_id):
        data = io.BytesIO()
        image(int(img_id)).save(data, "PNG")
        return data.getvalue()

    table = pd.DataFrame({"IMG_ID": list("01234"), "AUTHOR": "a", "LAT": 0.0, "LON": 0.0})
    photos = PhotoSet("noise", table, source)
    model = tiny(folders["qwen3_vl"], batch_size=3)
    calls = counted(model)
    places = np.random.default_rng(0).uniform(-80, 80, (5, 15, 2))
    plan = PromptPlan(replies=2)
    found, report = ask(
        model, photos, plan, places, -places, store=tmp_path / "s.sqlite", progress=False
    )
    assert report.asked == 5 * 4 * 2 and len(calls) == 5
    # Prompts share pictures, not answers.
    assert found.groupby(["IMG_ID", "references"])["text"].first().nunique() == 20


def test_other_pictures_are_other_replies(folders):
    model = tiny(folders["qwen3_vl"])
    same = prompts_about([image(0), image(0).copy(), image(3)], samples=(0,))
    found = replies(model, same)
    texts = [[found[4 * i + k, 0] for k in range(4)] for i in range(3)]
    assert texts[0] == texts[1] and not set(texts[0]) & set(texts[2])


def test_large_photos_are_bounded_in_tokens(folders):
    model = tiny(folders["qwen3_vl"])
    large = image(0).resize((4000, 3000))
    ids = model._inputs([request_of(picture=large)])["input_ids"]
    pictured = int((ids == model.model.config.image_token_id).sum())
    assert pictured == (768 // 32) * (576 // 32)


# --- the models of the profiles


def captured(monkeypatch):
    made = []

    class Nothing:
        longest_side = None

        def __init__(self, which, **options):
            made.append((which, options))

    monkeypatch.setattr(local, "TransformersLMM", Nothing)
    return made


def test_the_profile_gpu_asks_as_the_authors_of_its_model_recommend(monkeypatch):
    made = captured(monkeypatch)
    name = PROFILES["gpu"].lmm
    assert load.RECOMMENDED[name]["temperature"] == PROFILES["gpu"].temperature == 0.7
    load.load_lmm(name, max_gb=5)
    load.load_lmm(name, top_p=1.0)
    load.load_lmm("some/other")
    assert [options for _, options in made] == [
        {"max_gb": 5, "top_p": 0.8}, {"max_gb": 1.0, "top_p": 1.0}, {"max_gb": 1.0}
    ]  # fmt: skip
    assert type(AutoConfig.for_model("qwen3_vl")).__name__ == "Qwen3VLConfig"  # transformers has it


def test_a_plan_takes_the_temperature_that_suits_the_model(miniclip, monkeypatch):
    assert load.temperature_of("Qwen/Qwen3-VL-4B-Instruct", 0.5) == 0.7
    assert load.temperature_of("api:gpt-4o") == load.temperature_of(None) == 1.2  # the paper's
    assert load.temperature_of(object(), 0.5) == 0.5
    captured(monkeypatch)
    g3 = presets.G3.from_parts(
        backbone=miniclip, heads=GeoAlignment.from_pretrained("mini"),
        gallery=miniearth.load("gallery", 3), lmm="Qwen/Qwen3-VL-2B-Instruct", progress=False,
    )  # fmt: skip
    assert g3.plan == PromptPlan(temperature=0.7)


@pytest.mark.parametrize("gpu", [True, False])
def test_minilmm_uses_a_gpu_and_stays_as_it_was(monkeypatch, gpu):
    made = captured(monkeypatch)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    load.load_lmm("minilmm")
    ((_, options),) = made
    assert options["device"] == ("cuda" if gpu else "cpu") and options["dtype"] == "float32"
    assert not options["stop_early"] and not options["encode_once"]


def test_minilmm_draws_the_same_on_a_gpu():
    """Its vocabulary is small, so random numbers come from the CPU's generator everywhere."""
    mini = load.load_lmm("minilmm")
    assert mini._vocabulary <= sampling.SMALL_VOCABULARY
    assert mini.name == "minilmm@333f3a1896a9 (float32, max_new_tokens=32, seed=0)"
    wanted = [(request_of(), sample) for sample in range(2)]
    elsewhere = torch.device("meta")  # stands for a GPU: its generators are not asked
    drawn = sampling.Sampler(wanted, 0, elsewhere, mini._vocabulary)
    assert [generator.device.type for _, generator in drawn._rows] == ["cpu"] * 2
    assert len(set(chain(*([g.initial_seed()] for _, g in drawn._rows)))) == 2
