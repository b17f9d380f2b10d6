"""Models that run here: tiny ones of three architectures, with random weights."""

import io
import json
import logging
import sys
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from PIL import Image
from tiny_lmms import QWEN, fast_vlm, image, language, llava, qwen2_5_vl, qwen3_vl, words
from transformers import (
    AutoModelForImageTextToText,
    AutoProcessor,
    LlamaConfig,
    LlamaForCausalLM,
    LlavaForConditionalGeneration,
)
from transformers.integrations import hub_kernels

from g3lite.downloads.hub import DownloadError, TooLarge
from g3lite.lmm import local
from g3lite.lmm.ask import ask
from g3lite.lmm.base import LMMError, LMMRequest, LMMResponse
from g3lite.lmm.load import load_lmm
from g3lite.lmm.local import TransformersLMM
from g3lite.photos import PhotoSet
from g3lite.prompts import Prompt, PromptPlan
from g3lite.replies import parse

# --- the models


KINDS = {
    fast_vlm: ("<image>",),
    llava: ("<image>",),
    qwen2_5_vl: QWEN,
    qwen3_vl: QWEN,
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A folder for each architecture, by name."""
    made = {}
    for kind, special in KINDS.items():
        made[kind.__name__] = folder = tmp_path_factory.mktemp(kind.__name__)
        torch.manual_seed(0)
        model, processor = kind(words(*special))
        # As many shipped models say; a run draws its replies in its own way.
        model.generation_config.update(do_sample=True, top_k=1, temperature=0.1)
        model.save_pretrained(folder)
        processor.save_pretrained(folder)
    return made


@pytest.fixture(scope="module", params=[kind.__name__ for kind in KINDS])
def folder(request, folders):
    return folders[request.param]


def load(folder, **options):
    return TransformersLMM(folder, device="cpu", **{"max_new_tokens": 10, **options})


@pytest.fixture(scope="module")
def tiny(folder):
    return load(folder)


@pytest.fixture
def small(folders):
    return load(folders["llava"])


def request_of(seed=0, text="Where is it?", temperature=1.2, samples=(0, 1, 2)):
    return LMMRequest(f"{seed}", image(seed), Prompt(text, 0), temperature, samples)


REQUESTS = [
    request_of(0),
    request_of(1, "Where was this photo taken? Think well." * 3, 0.0, (0,)),
    request_of(2, "Guess.", 0.7, (4, 1)),
    request_of(0, "Guess."),
    request_of(3, "Where? " * 9, 1.2, (0, 1, 2, 3, 4)),
]


def replies(model, requests):
    """Replies by request and sample; every one comes exactly once."""
    found: dict = {}

    def on_response(response: LMMResponse):
        assert response.error is None and len(response.texts) == len(response.samples)
        for sample, text in zip(response.samples, response.texts, strict=True):
            key = requests.index(response.request), sample
            assert key not in found
            found[key] = text

    model.answer(iter(requests), on_response)
    assert set(found) == {(i, sample) for i, one in enumerate(requests) for sample in one.samples}
    return found


# --- replies


def test_a_reply_does_not_depend_on_its_batch(tiny):
    together = replies(tiny, REQUESTS)
    tiny.batch_size = 1
    alone = replies(tiny, REQUESTS)
    tiny.batch_size = 4
    some = replies(tiny, REQUESTS[::-1])
    tiny.batch_size = 32
    assert together == alone
    assert together == {(len(REQUESTS) - 1 - i, sample): text for (i, sample), text in some.items()}
    assert len(set(together.values())) == len(together)


def test_the_likeliest_reply_is_that_of_transformers(folder, tiny):
    processor = AutoProcessor.from_pretrained(folder)
    model = AutoModelForImageTextToText.from_pretrained(folder)
    for one in (request_of(5, temperature=0.0), request_of(6, "Say it. " * 7, 0.0)):
        content = [{"type": "image"}, {"type": "text", "text": one.prompt.text}]
        text = processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True
        )
        inputs = processor(
            images=one.image,
            text=text,
            add_special_tokens=not text.startswith("<start>"),
            return_tensors="pt",
        )
        tokens = model.generate(**inputs, max_new_tokens=10, do_sample=False)
        new = tokens[0, inputs["input_ids"].shape[1] :]
        expected = processor.decode(new, skip_special_tokens=True)
        assert set(replies(tiny, [one]).values()) == {expected}
        (response,) = collected(tiny, [one])
        assert response.tokens_in == inputs["input_ids"].shape[1]
        assert response.tokens_out == 3 * len(new)


def collected(model, requests):
    found = []
    model.answer(requests, found.append)
    return found


def test_picture_and_prompt_are_both_read(tiny):
    greedy = [
        request_of(0, temperature=0.0),
        request_of(1, temperature=0.0),
        request_of(0, "Guess.", 0.0),
    ]
    assert len(set(replies(tiny, greedy).values())) == 3


def test_the_seed_repeats_a_run_and_another_changes_it(folders, small):
    assert (
        replies(small, REQUESTS)
        == replies(small, REQUESTS)
        == replies(load(folders["llava"]), REQUESTS)
    )
    other = load(folders["llava"], seed=5)
    ours, theirs = replies(small, REQUESTS), replies(other, REQUESTS)
    greedy = [(i, s) for i, s in ours if REQUESTS[i].temperature == 0]
    assert [key for key in ours if ours[key] == theirs[key]] == greedy
    assert small.name != other.name


def test_replies_are_drawn_at_the_temperature(folders):
    """The first token of many samples against the softmax of the model's own logits."""
    model = load(folders["llava"], max_new_tokens=1, batch_size=500)
    # Letters only: other tokens are bytes, which cannot be told apart in a text.
    letters = [chr(c) for c in range(33, 127)]
    ids = model._processor.tokenizer.convert_tokens_to_ids(letters)
    for temperature in (0.5, 1.5):
        n = 1500
        one = request_of(7, temperature=temperature, samples=tuple(range(n)))
        inputs = model._inputs([one])
        with torch.inference_mode():
            logits = model.model(**inputs).logits[0, -1].double()
        chance = torch.softmax(logits / temperature, 0)[ids].numpy()
        texts = list(replies(model, [one]).values())
        seen = np.array([texts.count(letter) for letter in letters]) / n
        error = np.sqrt(chance * (1 - chance) / n)
        assert (np.abs(seen - chance) < 4.5 * error + 1 / n).all()
        assert np.abs(chance - chance.mean()).max() > 10 * error.mean()  # they differ enough


@pytest.mark.parametrize("name", ["llava", "fast_vlm"])
def test_the_token_that_begins_a_text_is_there_once(folders, name):
    model = load(folders[name])  # of the template in one case, of the tokenizer in the other
    ids = model._inputs([request_of()])["input_ids"][0].tolist()
    assert ids[0] == 1 and ids.count(1) == 1


# --- how replies end


def test_a_reply_without_an_end_token_is_marked_as_cut_off(folders):
    model = load(folders["llava"], max_new_tokens=40, batch_size=40)
    tokens = torch.tensor([[5, 6, 7], [5, 6, 2], [5, 2, 0]])  # 2 ends a reply, 0 fills it up
    assert model._finish_reasons(tokens) == ["length", "stop", "stop"]
    (response,) = collected(model, [request_of(3, samples=tuple(range(40)))])
    assert {"stop", "length"} == set(response.finish_reasons)  # some of either kind
    short = [len(text.encode()) < 20 for text in response.texts]  # a token is a byte
    assert any(short) and "length" not in np.array(response.finish_reasons)[short]
    model._ends = []
    (response,) = collected(model, [request_of(3)])
    assert response.finish_reasons == (None, None, None)


def test_a_reply_that_was_cut_off_here_is_no_place(folders, tmp_path):
    image(0).save(tmp_path / "a.png")
    table = pd.DataFrame({"IMG_ID": ["a.png"], "AUTHOR": "a", "LAT": 0.0, "LON": 0.0})
    photos = PhotoSet("one", table, lambda name: (tmp_path / name).read_bytes())
    model = load(folders["llava"], max_new_tokens=1)  # a token is a byte
    plan = PromptPlan(references=(0,), replies=3)
    for _ in range(2):  # and again from the store
        table, _ = ask(model, photos, plan, store=tmp_path / "s.sqlite", progress=False)
        cut = table.text.str.strip().str.len() == 1
        assert cut.any() and (table.reason[cut] == "cut off before the end of the reply").all()


def test_a_schema_leaves_nothing_but_places(folder):
    pytest.importorskip("xgrammar")
    model = load(folder, response_format="schema", max_new_tokens=90)
    assert "response_format=schema" in model.name and load(folder).name != model.name
    requests = [
        request_of(0),
        request_of(1, "Guess.", 3.0, (0, 1, 2, 3)),
        request_of(2, temperature=0.0, samples=(0,)),
    ]
    texts = replies(model, requests)
    for text in texts.values():
        place = json.loads(text)
        assert set(place) == {"latitude", "longitude"}
        assert abs(place["latitude"]) <= 90 and abs(place["longitude"]) <= 180
    assert len(set(texts.values())) > 6  # they are drawn
    assert {r for response in collected(model, requests) for r in response.finish_reasons} == {
        "stop"
    }
    model.batch_size = 1
    assert replies(model, requests) == texts


def test_minilmm_gives_no_advice_on_kernels():
    """transformers would, once in each notebook, in red."""
    replies(load_lmm("minilmm"), [request_of(0)])
    assert not hub_kernels.logger.isEnabledFor(logging.WARNING)


def test_minilmm_may_be_held_to_a_schema():
    pytest.importorskip("xgrammar")
    requests = [request_of(i, temperature=9.0, samples=(0, 1, 2, 3)) for i in range(3)]
    free, held = (
        replies(load_lmm("minilmm", response_format=form), requests) for form in (None, "schema")
    )
    assert sum(parse(text).coordinates is None for text in free.values()) > 3  # at 9, nonsense
    for text in held.values():
        assert parse(text).form == "json" and parse(text).reason is None
    assert len(set(held.values())) > 6


def test_a_schema_needs_a_library_and_says_so(folders, monkeypatch):
    monkeypatch.setitem(sys.modules, "xgrammar", None)
    with pytest.raises(LMMError, match="needs the package xgrammar: pip install xgrammar"):
        load(folders["llava"], response_format="schema")
    with pytest.raises(LMMError, match="response_format 'json' is unknown; use 'schema'"):
        load(folders["llava"], response_format="json")


# --- memory


def test_large_pictures_are_made_smaller_before_they_are_read(folders):
    noise = np.random.default_rng(0).integers(0, 255, (400, 600, 3), dtype=np.uint8)
    large = replace(request_of(), image=Image.fromarray(noise))
    small = replace(request_of(), image=large.image.copy())
    small.image.thumbnail((48, 48), Image.Resampling.LANCZOS)
    limited, free = (load(folders["llava"], longest_side=side) for side in (48, None))
    read = limited._inputs([large])["pixel_values"]
    assert torch.equal(read, free._inputs([small])["pixel_values"])
    assert torch.equal(read, limited._inputs([small])["pixel_values"])
    assert not torch.equal(read, free._inputs([large])["pixel_values"])
    assert large.image.size == (600, 400)


def test_prompts_of_one_length_share_a_batch(small, monkeypatch):
    shapes = []
    generate = type(small.model).generate

    def spy(model, **inputs):
        shapes.append(inputs["input_ids"].shape)
        return generate(model, **inputs)

    monkeypatch.setattr(type(small.model), "generate", spy)
    small.batch_size = 4
    requests = [request_of(i, "Where? " * (1 + 9 * (i % 2)), samples=(0, 1)) for i in range(8)]
    replies(small, requests)
    read, written = shapes[::2], shapes[1::2]
    assert [rows for rows, _ in read] == [2] * 4  # a prompt is read once, for both its replies
    assert [rows for rows, _ in written] == [4] * 4
    lengths = [length for _, length in written]
    assert lengths[0] == lengths[1] < lengths[2] == lengths[3]


def out_of_memory_above(monkeypatch, model, most):
    generate = type(model.model).generate
    sizes = []

    def tight(model, **inputs):
        sizes.append(len(inputs["input_ids"]))
        if sizes[-1] > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return generate(model, **inputs)

    monkeypatch.setattr(type(model.model), "generate", tight)
    return sizes


def test_out_of_memory_makes_batches_smaller(small, monkeypatch):
    expected = replies(small, REQUESTS)
    sizes = out_of_memory_above(monkeypatch, small, 3)
    assert replies(small, REQUESTS) == expected
    assert small.batch_size == 3 and sum(size > 3 for size in sizes) <= 3


def test_out_of_memory_with_one_reply_says_what_to_do(small, monkeypatch):
    out_of_memory_above(monkeypatch, small, 0)
    with pytest.raises(LMMError, match="not even one reply .*four_bit=True"):
        replies(small, REQUESTS)


def test_other_errors_are_not_taken_for_memory(small, monkeypatch):
    def broken(model, **inputs):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(type(small.model), "generate", broken)
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        replies(small, REQUESTS)


def overflow(model, token):
    """Make whatever follows a token of a prompt overflow: its embedding is too large."""
    ids = model._processor.tokenizer.convert_tokens_to_ids([token])
    with torch.no_grad():
        model.model.get_input_embeddings().weight[ids] = float("inf")


def test_a_reply_that_overflows_costs_the_others_nothing(folders):
    expected = replies(load(folders["llava"]), REQUESTS)
    model = load(folders["llava"])
    overflow(model, "G")  # of "Guess.", and of a reply that goes on behind one
    hit = {key for key, text in expected.items() if key[0] in (2, 3) or "G" in text[:-1]}
    lost, came = set(), {}
    for response in collected(model, REQUESTS):
        keys = [(REQUESTS.index(response.request), sample) for sample in response.samples]
        if response.error:
            assert "overflow" in response.error and response.texts == ()
            lost |= set(keys)
        else:
            came |= dict(zip(keys, response.texts, strict=True))
    assert lost == hit and len(hit) < len(expected)
    assert came == {key: text for key, text in expected.items() if key not in hit}


def test_infinite_logits_are_no_reply(small):
    with torch.no_grad():
        small.model.lm_head.weight.zero_()
        small.model.lm_head.weight[7] = float("inf")
        small.model.model.language_model.norm.weight.abs_().add_(1)
    (response,) = collected(small, REQUESTS[:1])
    assert "overflow" in response.error and response.samples == (0, 1, 2)


LAYERS = {
    "llava": ("encoder.layers.0", ("layer_norm2", "mlp.fc1", "mlp.fc2")),
    "qwen2_5_vl": ("blocks.0", ("norm2", "mlp.up_proj", "mlp.down_proj")),
}


@pytest.mark.parametrize("name", LAYERS)
def test_an_image_tower_that_overflows_in_float16_is_run_in_float32(folders, name):
    """As Qwen2.5-VL's does for some pictures; float32 is the reference."""

    def louder(model):
        """Numbers beyond float16 inside of a layer of the tower, in reach again behind it."""
        layers = dict(model.model.get_encoder(modality="image").named_modules())
        layer, names = LAYERS[name]
        with torch.no_grad():
            for part, factor in zip(names, (1e3, 1e3, 1e-4), strict=True):
                layers[f"{layer}.{part}"].weight.mul_(factor)
        return model

    def features(model, one):
        inputs = model._inputs([one])
        inputs = {k: v for k, v in inputs.items() if k in ("pixel_values", "image_grid_thw")}
        with torch.inference_mode():
            out = model.model.get_image_features(**inputs)
        return torch.cat(list(out.pooler_output)).float()

    half = load(folders[name], dtype="float16")
    before = {key: (t.dtype, t.clone()) for key, t in half.model.state_dict().items()}
    plain = features(half, request_of())
    louder(half)
    exact = features(louder(load(folders[name])), request_of())
    assert exact.isfinite().all() and (exact - plain).abs().max() > 0.05  # it is another model now
    found = features(half, request_of())
    assert (found - exact).abs().max() < 0.01 * exact.abs().max()
    assert len(replies(half, REQUESTS)) == 14  # which has weights in float16 as before:
    after = half.model.state_dict()
    assert {key: t.dtype for key, t in after.items()} == {k: d for k, (d, _) in before.items()}
    changed = {key for key, t in after.items() if not torch.equal(t, before[key][1])}
    assert len(changed) == 3 and all(LAYERS[name][0] in key for key in changed)


def test_a_tower_that_transformers_does_not_know_is_left_alone(folders, monkeypatch):
    kind = LlavaForConditionalGeneration
    monkeypatch.setattr(kind, "get_encoder", lambda self, modality: self)
    assert not load(folders["llava"], dtype="float16").model._forward_hooks
    monkeypatch.setattr(kind, "get_encoder", lambda self, modality: self.model.vision_tower)
    assert load(folders["llava"], dtype="float16").model.model.vision_tower._forward_hooks


# --- loading


def test_names_change_with_whatever_changes_the_replies(folders, tmp_path):
    plain = load(folders["llava"])
    assert plain.name.startswith(f"{folders['llava'].name}@") and "float32" in plain.name
    others = [
        load(folders["llava"], dtype="bfloat16"),
        load(folders["llava"], max_new_tokens=11),
        load(folders["llava"], seed=2),
        load(folders["llava"], longest_side=None),
        load(folders["fast_vlm"]),
    ]
    copy = tmp_path / folders["llava"].name
    copy.mkdir()
    for path in folders["llava"].iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    (copy / "README.md").write_text("a card")
    assert load(copy).name == plain.name
    template = copy / "chat_template.jinja"
    template.write_text(template.read_text().replace("assistant: ", "guide: "))
    others.append(load(copy))
    assert len({plain.name, *(model.name for model in others)}) == 7


def test_bfloat16_answers_too(folders):
    model = load(folders["fast_vlm"], dtype="bfloat16")
    assert model.model.dtype == torch.bfloat16
    assert len(replies(model, REQUESTS)) == sum(len(one.samples) for one in REQUESTS)


def test_what_cannot_be_loaded_is_said(tmp_path, folders, monkeypatch):
    with pytest.raises(LMMError, match="nowhere cannot be loaded"):
        TransformersLMM(tmp_path / "nowhere")
    with pytest.raises(LMMError, match="dtype 'int8' is unknown"):
        load(folders["llava"], dtype="int8")
    tokenizer = words("<image>")
    LlamaForCausalLM(LlamaConfig(**language(tokenizer))).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(LMMError, match="cannot be loaded as an image-text model"):
        TransformersLMM(tmp_path)
    monkeypatch.setattr(local, "is_bitsandbytes_available", lambda: False)
    with pytest.raises(LMMError, match="pip install bitsandbytes"):
        load(folders["llava"], four_bit=True)


@pytest.mark.parametrize(
    ("file", "change", "refused"),
    [
        ("config.json", {
            "model_type": "own", "auto_map": {
                "AutoConfig": "own.Config", "AutoModelForImageTextToText": "own.Model",
            },
        }, True),
        ("processor_config.json", {
            "processor_class": "OwnProcessor", "auto_map": {"AutoProcessor": "own.Processor"},
        }, True),
        ("tokenizer_config.json", {
            "tokenizer_class": "OwnTokenizer", "auto_map": {
                "AutoTokenizer": ["own.Tokenizer", None],  # tokenizer.json does without
            },
        }, False),
    ],
)  # fmt: skip
def test_code_that_a_model_brings_is_never_run(
    folders, tmp_path, monkeypatch, file, change, refused
):
    for path in folders["llava"].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    about = json.loads((tmp_path / file).read_text())
    (tmp_path / file).write_text(json.dumps(about | change))
    (tmp_path / "own.py").write_text(f"open({str(tmp_path / 'was_run')!r}, 'w')\n")
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("somebody was asked"))
    said = pytest.raises(LMMError, match="brings Python code of its own, which g3lite never runs")
    with said if refused else nullcontext():
        load_lmm(tmp_path, device="cpu")
    assert not (tmp_path / "was_run").exists()


def test_a_model_without_chat_template_is_refused(folders, tmp_path):
    for path in folders["llava"].iterdir():
        if path.name != "chat_template.jinja":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(LMMError, match="has no chat template"):
        load(tmp_path)


# --- in a run


def test_a_run_that_was_stopped_ends_as_one_that_was_not(folders, tmp_path):
    def source(img_id):
        buffer = io.BytesIO()
        image(int(img_id)).save(buffer, "PNG")
        return buffer.getvalue()

    ids = [str(i) for i in range(5)]
    table = pd.DataFrame({"IMG_ID": ids, "AUTHOR": "a", "LAT": 0.0, "LON": 0.0})
    photos = PhotoSet("noise", table, source)
    plan = PromptPlan(references=(0, 2), replies=2, asked=3)
    places = np.random.default_rng(0).uniform(-80, 80, (5, 2, 2))

    def run(model, photos, store):
        n = len(photos)
        return ask(
            model, photos, plan, places[:n], -places[:n], store=tmp_path / store, progress=False
        )

    whole, report = run(load(folders["fast_vlm"]), photos, "a")
    assert (report.wanted, report.asked, report.cost) == (30, 30, 0)
    assert report.tokens_in > 1000 and report.tokens_out <= 300
    run(load(folders["fast_vlm"], batch_size=5), photos.head(2), "b")
    resumed, report = run(load(folders["fast_vlm"], batch_size=7), photos, "b")
    assert (report.stored, report.asked) == (12, 18)
    pd.testing.assert_frame_equal(whole, resumed)
    assert whole.text.notna().all() and whole.text.nunique() > 25


# --- from a hub


@pytest.fixture
def on_hub(hub_server, folders, monkeypatch):
    """A hub that has a model, with a file that nobody needs."""
    # transformers keeps the address of the hub that it asked first.
    monkeypatch.setattr(transformers.utils.hub, "_hf_api", None, raising=False)
    files = {path.name: path.read_bytes() for path in folders["qwen2_5_vl"].iterdir()}
    hub_server.repos["model", "tiny/qwen"] = files | {"notes.pdf": b"x" * 10_000}
    return hub_server


def test_a_model_comes_from_a_hub(on_hub, folders, capsys):
    model = TransformersLMM("tiny/qwen", device="cpu", max_new_tokens=10)
    assert model.name.startswith("tiny/qwen@aaaaaaaa")
    here = load(folders["qwen2_5_vl"])
    assert replies(model, REQUESTS[:2]) == replies(here, REQUESTS[:2])
    assert not on_hub.fetched("notes.pdf")
    TransformersLMM("tiny/qwen", device="cpu", max_gb=1e-6)  # it is there
    assert capsys.readouterr().out == ""


def test_a_large_model_is_refused_until_it_is_allowed(on_hub, folders, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("the library asked"))
    size = sum(path.stat().st_size for path in folders["qwen2_5_vl"].iterdir())
    said = rf"the model tiny/qwen is a download of {size / 1e6:.1f} MB: allow it with max_gb=0\.1"
    with pytest.raises(TooLarge, match=said) as refused:
        load_lmm("tiny/qwen", max_gb=1e-6)
    assert not on_hub.fetched("model.safetensors")
    assert load_lmm("tiny/qwen", max_gb=refused.value.gb, device="cpu").name.startswith("tiny/qwen")


def test_a_model_that_may_not_be_read_says_where_to_ask(on_hub):
    on_hub.gated.add("tiny/qwen")
    with pytest.raises(DownloadError, match="gated: .*accept"):
        load_lmm("tiny/qwen")
    with pytest.raises(DownloadError, match="does not exist"):
        load_lmm("tiny/none")
