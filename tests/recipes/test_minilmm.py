"""MiniLMM's parts: the processor, the model, its lessons and their loss."""

import re
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from g3lite import miniearth, prompts, replies
from g3lite.geo import great_circle_km
from g3lite.miniearth import splits
from g3lite.recipes import minilmm, optim
from g3lite.recipes import minilmm_lessons as corpora
from g3lite.recipes import minilmm_start as start
from g3lite.recipes import minilmm_tasks as tasks


@pytest.fixture(scope="module")
def processor():
    return minilmm.make_processor()


@pytest.fixture(scope="module")
def model(processor):
    return minilmm.create(processor).eval()


@pytest.fixture(scope="module")
def places():
    rng = np.random.default_rng(0)
    return np.column_stack([rng.uniform(-90, 90, 40), rng.uniform(-180, 180, 40)])


def lessons(n=130):
    rng = np.random.default_rng(1)
    side = minilmm.miniclip.MODEL["vision_cfg"]["image_size"] // minilmm.STRIDE
    channels = 32 * minilmm.miniclip.MODEL["vision_cfg"]["width"]

    def somewhere(*shape):
        return np.stack([rng.uniform(-90, 90, shape), rng.uniform(-180, 180, shape)], axis=-1)

    return minilmm.Lessons(
        rng.normal(size=(n, side**2, channels)).astype(np.float16),
        somewhere(n),
        somewhere(3, 2, n, corpora.MOST),
    )


@pytest.mark.parametrize("template", list(prompts.TEMPLATES))
@pytest.mark.parametrize("k", [0, 5, 15])
def test_the_tokenizer_loses_nothing_of_a_prompt(processor, places, template, k):
    text = prompts.prompt(places[:k], places[20 : 20 + k], template)
    ids = processor.tokenizer(text)["input_ids"]
    assert processor.tokenizer.decode(ids) == text
    assert processor.tokenizer.unk_token_id not in ids


def test_whole_degrees_are_one_token_and_decimals_two(processor):
    ids = processor.tokenizer("(-122.41942, 5.00012)")["input_ids"]
    pieces = [processor.tokenizer.decode([i]) for i in ids]
    assert pieces == ["(", "-122.", "41", "942", ", ", "5.", "00", "012", ")"]


def test_unknown_words_are_spelt(processor):
    ids = processor.tokenizer("Zanzibar 12345.6")["input_ids"]
    assert processor.tokenizer.decode(ids) == "Zanzibar 12345.6"
    assert processor.tokenizer.unk_token_id not in ids


@pytest.mark.parametrize("form", list(minilmm.FORMS))
def test_right_answers_are_read_as_the_places_they_stand_for(places, form):
    for place in places:
        reply = replies.parse(minilmm.answer(place, form))
        assert reply.form == form
        assert np.allclose(reply.coordinates, place, atol=0.5 * 10**-minilmm.DECIMALS + 1e-9)


def test_the_eyes_are_miniclips(processor, model, miniclip):
    visual = miniclip.model.visual
    taken = {}
    hook = visual.attnpool.register_forward_pre_hook(lambda _, given: taken.update(x=given[0]))
    pixels = torch.from_numpy(np.random.default_rng(2).normal(size=(2, 3, 96, 96))).float()
    with torch.no_grad():
        visual(pixels)
        seen = model.model.vision_tower(pixels).last_hidden_state
    hook.remove()
    assert torch.allclose(seen, taken["x"], rtol=1e-5, atol=1e-5)
    assert not any(p.requires_grad for p in model.model.vision_tower.parameters())


def test_it_sees_pictures_as_miniclip_does(processor, miniclip):
    noise = np.random.default_rng(3).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((128, 128), Image.Resampling.BICUBIC)
    ours = processor.image_processor([picture], return_tensors="pt")["pixel_values"][0]
    theirs = miniclip.preprocess(picture)
    assert (ours - theirs).abs().max() < 2 / 255 / min(minilmm.miniclip.PREPROCESS["std"])


def test_saved_and_loaded_by_transformers_it_gives_the_same_logits(
    processor, model, places, tmp_path
):
    from transformers import AutoModelForImageTextToText, AutoProcessor

    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    again = AutoModelForImageTextToText.from_pretrained(tmp_path)
    reader = AutoProcessor.from_pretrained(tmp_path)
    parts = [
        {"type": "image", "image": Image.new("RGB", (128, 128), (90, 120, 30))},
        {"type": "text", "text": prompts.prompt(places[:5], places[5:10])},
    ]
    inputs = [
        some.apply_chat_template(
            [{"role": "user", "content": parts}], add_generation_prompt=True,
            tokenize=True, return_dict=True, return_tensors="pt",
        )
        for some in (processor, reader)
    ]  # fmt: skip
    with torch.no_grad():
        logits = [
            some(**given).logits for some, given in zip((model, again.eval()), inputs, strict=True)
        ]
    assert torch.allclose(*logits, atol=1e-5)


def stage(**tasks):
    return minilmm.STAGES[1] | {"tasks": tasks}


def test_batches_are_worded_as_the_processor_words_a_question(processor):
    of = lessons()
    batches = minilmm.Batches(of, processor, stage(picture=0.3, references=0.7), 0)
    seen = set()
    for step in range(12):
        batch = batches(step)
        assert torch.equal(batch.tokens, batches(step).tokens)
        texts = processor.tokenizer.batch_decode(batch.tokens)
        for text, eyes in zip(texts, batch.eyes, strict=True):
            row = np.flatnonzero((of.eyes == eyes.numpy()).all(axis=(1, 2)))[0]
            answer = re.search(r"<\|assistant\|>(.*)<\|end\|>$", text, re.DOTALL)[1]
            reply = replies.parse(answer)
            assert text.startswith("<|user|>" + "<image>" * of.eyes.shape[1])
            asked = text[: text.index("<|assistant|>")]
            found = re.findall(r"\(-?\d+\.\d{5}, -?\d+\.\d{5}\)", asked)
            k = len(found) // 2
            assert batch.recall == (k > 0)
            seen.add((k, reply.form))
            right = of.coordinates[row]
            if k:
                firsts = of.references[:, :, row, 0]
                ours = [pair(found[0]), pair(found[k])]
                assert np.isclose(ours, firsts, atol=1e-5).all(axis=(1, 2)).any()
                right = tasks.nearest(right[None], np.array([pair(p) for p in found[:k]])[None], 25)
            assert np.allclose(reply.coordinates, right, atol=1.1 * 10**-minilmm.DECIMALS)
        asked = texts[0][: texts[0].index("<|assistant|>")] + "<|assistant|>"
        assert len(processor.tokenizer(asked)["input_ids"]) == batch.start
    assert len({k for k, _ in seen}) > 2 and {form for _, form in seen} == {"json", "pair"}


def test_turned_batches_hold_no_place_of_the_lessons_and_answer_with_the_nearest(processor):
    of = lessons()
    batches = minilmm.Batches(of, processor, stage(globe=1.0), 0)
    for step in range(4):
        batch = batches(step)
        assert not batch.recall
        for text in processor.tokenizer.batch_decode(batch.tokens):
            *listed, answer = numbers(text)
            similar = np.array(listed[: len(listed) // 2])
            assert np.isclose(similar, answer, atol=1e-5).all(axis=1).any()
            known = great_circle_km(of.references.reshape(-1, 2), answer)
            assert known.min() > 0.01


def numbers(text):
    """All coordinates of a chat, the answer's last, (n, 2)."""
    found = re.findall(r"-?\d+\.\d+", text)
    return np.array(found, dtype=float).reshape(-1, 2)


def pair(text):
    return [float(number) for number in text.strip("()").split(", ")]


@pytest.mark.parametrize("references", [False, True])
def test_the_loss_is_that_of_answers_and_of_whole_degrees(
    processor, model, references, monkeypatch
):
    monkeypatch.setitem(minilmm.TRAINING, "batch", 4)
    task = {"references": 1.0} if references else {"picture": 1.0}
    batch = minilmm.Batches(lessons(), processor, stage(**task), 0)(0)
    words = [processor.tokenizer.decode([i]) for i in batch.tokens[0]]
    degrees = [i for i, word in enumerate(words) if re.fullmatch(r"-?\d+\.", word)]
    assert batch.degrees.nonzero().squeeze(1).tolist() == degrees
    with torch.no_grad():
        ours, figures = minilmm.loss_of(model, batch, torch.device("cpu"))
        embedded = model.get_input_embeddings()(batch.tokens)
        image = model.model.multi_modal_projector(batch.eyes.float())
        where = (batch.tokens == model.config.image_token_id).unsqueeze(-1)
        embedded = embedded.masked_scatter(where, image)
        positions = torch.arange(batch.tokens.shape[1])

        def theirs(where):
            labels = batch.tokens.masked_fill(~where, -100)
            return model(inputs_embeds=embedded, labels=labels).loss.item()

        answers = positions >= batch.start
        decimals = batch.degrees.roll(1)
        place, rest = theirs(answers & batch.degrees), theirs(answers & decimals)
        expected = theirs(answers) + (place + rest) / 2
        if references:
            half = (len(degrees) - 2) // 2
            assert words[degrees[half] - 1] == "[("  # the second list begins
            similar = (batch.degrees | decimals) & (positions <= degrees[half - 1] + 1)
            expected += minilmm.TRAINING["references"] * theirs(similar)
            expected += theirs(answers & decimals.roll(1)) / 2
    assert ours.item() == pytest.approx(expected, rel=1e-5)
    name = "with_references" if references else "without_references"
    assert figures == {
        name: pytest.approx(place, rel=1e-5), f"{name}_decimals": pytest.approx(rest, rel=1e-5)
    }  # fmt: skip


def test_tokens_of_near_numbers_have_near_vectors(processor):
    embeddings = minilmm.create(processor).get_input_embeddings().weight.detach()
    ids = processor.tokenizer.convert_tokens_to_ids
    degrees = [f"-{n}." for n in range(90, -1, -1)] + [f"{n}." for n in range(91)]
    hundredths = [f"{n:02d}" for n in range(100)]
    for tokens in (degrees, hundredths):
        vectors = embeddings[ids(tokens)]
        next_one, far = ((vectors[n:] - vectors[:-n]).norm(dim=1).mean() for n in (1, 30))
        assert next_one < 0.85 * far
        assert 0.8 < vectors.std() / embeddings.std() < 1.2


@pytest.mark.slow
def test_a_few_steps_on_one_batch_lower_its_loss(processor, monkeypatch):
    monkeypatch.setitem(minilmm.TRAINING, "batch", 8)
    model = minilmm.create(processor)
    settings = minilmm.TRAINING | {"samples": 96_000}
    optimizer = optim.muon(model.named_parameters(), settings)
    batch = minilmm.Batches(lessons(), processor, stage(picture=1.0), 0)(0)
    losses = []
    for _ in range(8):
        loss, _ = minilmm.loss_of(model, batch, torch.device("cpu"))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def repeated(model, processor, places):
    """The share of a list's decimals that a model expects when the list is named once more."""
    named = "[" + ", ".join(f"({lat:.5f}, {lon:.5f})" for lat, lon in places) + "]"
    tokens = torch.tensor([processor.tokenizer(named * 2)["input_ids"]])
    half = tokens.shape[1] // 2
    with torch.no_grad():
        hidden = model.model.language_model(
            inputs_embeds=model.get_input_embeddings()(tokens[:, :-1])
        )
        expected = model.lm_head(hidden.last_hidden_state)[0].argmax(-1)
    digits = torch.tensor(processor.tokenizer.convert_tokens_to_ids(minilmm.HUNDREDTHS))
    asked = torch.isin(tokens[0, 1:], digits)
    asked[:half] = False
    return (expected == tokens[0, 1:])[asked].float().mean().item()


def test_it_begins_as_a_model_that_can_copy(processor, model, places, monkeypatch):
    copied = [repeated(model, processor, places[i : i + 3]) for i in range(0, 30, 3)]
    assert np.mean(copied) > 0.3
    monkeypatch.setattr(minilmm, "start_to_copy", lambda *_: None)
    plain = minilmm.create(processor).eval()
    copied = [repeated(plain, processor, places[i : i + 3]) for i in range(0, 30, 3)]
    assert np.mean(copied) < 0.1


def test_what_stands_beside_a_prompt_in_a_batch_changes_nothing(processor):
    model = minilmm.create(processor)
    settings = minilmm.TRAINING | {"samples": 96_000} | {"adam_lr": 0.1}
    optimizer = optim.muon(model.named_parameters(), settings)
    batch = minilmm.Batches(lessons(), processor, stage(picture=1.0), 0)(0)
    for _ in range(2):
        optimizer.zero_grad()
        minilmm.loss_of(model, batch, torch.device("cpu"))[0].backward()
        optimizer.step()
    first = model.model.language_model.layers[0].conv.in_proj.bias.detach()
    assert not first[384:].any() and not torch.equal(first[:384], torch.ones(384))
    chats = [
        [{"role": "user", "content": [{"type": "image", "image": Image.new("RGB", (96, 96), grey)},
                                      {"type": "text", "text": text}]}]
        for text, grey in (("Estimate the position.", "#888888"), ("Where? " * 20, "#222222"))
    ]  # fmt: skip
    one, two = (
        processor.apply_chat_template(
            some, add_generation_prompt=True, tokenize=True, return_dict=True,
            return_tensors="pt", processor_kwargs={"padding": True},
        )
        for some in (chats[:1], chats)
    )  # fmt: skip
    assert two["attention_mask"][0].sum() < two["attention_mask"][1].sum()
    with torch.no_grad():
        alone, beside = (model.eval()(**given).logits[0, -1] for given in (one, two))
    assert torch.allclose(alone, beside, atol=1e-4)


def test_its_corpora_hold_seen_places_and_share_nothing_with_any_other_set(monkeypatch):
    for corpus in corpora.CORPORA.values():
        monkeypatch.setitem(corpus, "photos", 2_000)
    ours = {f"minilmm {which}": corpora.corpus_set(which).ids for which in corpora.CORPORA}
    sets = ours | {split: miniearth.load(split).ids for split in splits.SIZES}
    sets["miniclip"] = minilmm.miniclip.corpus_ids()
    authors = {name: {i.split("_")[2] for i in ids} for name, ids in sets.items()}
    scenes = {name: {i.rsplit("_", 1)[0] for i in ids} for name, ids in sets.items()}
    for name in ours:
        assert miniearth.places().seen[sorted({int(i[:4]) for i in sets[name]})].all()
        for other in sets.keys() - {name}:
            assert not authors[name] & authors[other], (name, other)
            assert not scenes[name] & scenes[other], (name, other)


@pytest.mark.parametrize("form", list(minilmm.FORMS))
def test_a_rehearsal_asks_for_all_that_a_list_and_the_first_degrees_determine(processor, form):
    tokenizer = processor.tokenizer
    tokens, known = start.named_twice(
        np.random.default_rng(5), tokenizer, partial(minilmm.answer, form=form)
    )
    asked = torch.zeros(tokens.shape[1], dtype=bool)
    asked[known] = True
    for row in tokens:
        listed, again = tokenizer.decode(row).split("\n")
        places = re.findall(r"-?\d+\.\d{5}", again)
        assert sorted(places) == sorted(re.findall(r"-?\d+\.\d{5}", listed))
        left_out = [tokenizer.decode([i]) for i in row[~asked]]
        degrees = [word for word in left_out[-2 * len(places) :] if re.fullmatch(r"-?\d+\.", word)]
        assert degrees[-len(places) // 2 :] == [p.split(".")[0] + "." for p in places[::2]]
        read = tokenizer.decode(row[asked])
        assert all(p.split(".")[1] in read for p in places)


def test_a_rehearsal_teaches_to_copy(processor, monkeypatch, places):
    monkeypatch.setitem(start.REHEARSAL, "places", (3, 3))
    model = minilmm.create(processor)
    settings = minilmm.TRAINING | {"samples": 96_000}
    optimizer = optim.muon(model.named_parameters(), settings)
    lists = [places[i : i + 3] for i in range(0, 30, 3)]
    before = np.mean([repeated(model, processor, some) for some in lists])
    for step in range(12):
        loss, figures = start.rehearse(
            model, processor.tokenizer, step, [partial(minilmm.answer, form="pair")]
        )
        assert figures == {"named_twice": loss.item()}
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert np.mean([repeated(model, processor, some) for some in lists]) > before + 0.2


def test_what_is_rehearsed_follows_from_the_step(processor, model):
    answers = [partial(minilmm.answer, form=form) for form in minilmm.FORMS]
    with torch.no_grad():
        figures = [start.rehearse(model, processor.tokenizer, step, answers)[1]
                   for step in (*range(100, 105), 100)]  # fmt: skip
    assert [*figures[0]] == ["named_twice"] and figures[-1] == figures[0]
    assert [key for some in figures[1:5] for key in some] == ["chosen", "nearest"] * 2


@pytest.mark.parametrize("form", list(minilmm.FORMS))
def test_a_rehearsal_also_asks_for_the_nearest_of_a_list(processor, form):
    for seed in range(6):
        tokens, known = start.nearest(
            np.random.default_rng(seed), processor.tokenizer, partial(minilmm.answer, form=form)
        )
        for row in tokens:
            listed, *asked = processor.tokenizer.decode(row).strip().split("\n")
            places = np.array(numbers(listed))
            read = []
            for line in asked:
                cue, reply = line.split(": ", 1)
                place = replies.parse(reply).coordinates
                km = great_circle_km(places, np.array([pair(cue)]))
                assert np.allclose(places[km.argmin()], place, atol=1e-9)
                assert km.min() < 1001
                read.append(reply)
            assert processor.tokenizer.decode(row[known]).split() == " ".join(read).split()


def test_the_stages_follow_each_other(monkeypatch):
    monkeypatch.setattr(minilmm, "STAGES", ({"steps": 2}, {"steps": 1}, {"steps": 3}))
    assert [minilmm.stage_of(step)[0] for step in range(6)] == [0, 0, 1, 2, 2, 2]
    assert minilmm.stage_of(2)[1] is minilmm.STAGES[1]


def test_photos_are_looked_at_once(processor, model, monkeypatch, tmp_path):
    monkeypatch.setenv("G3LITE_CACHE", str(tmp_path))
    photos = corpora.corpus_set("gallery").take(slice(0, 3))
    tower = model.model.vision_tower
    seen, features = corpora.look(tower, processor.image_processor, photos)
    side = minilmm.miniclip.MODEL["vision_cfg"]["image_size"] // minilmm.STRIDE
    assert seen.shape[:2] == (3, side**2) and seen.dtype == np.float16
    from g3lite.backbone import Backbone, unit_rows

    backbone = Backbone.load("miniclip", device="cpu")
    ours = backbone.image_features(photos, normalize=False, cache=False).vectors
    assert ((unit_rows(features) * unit_rows(ours)).sum(axis=1) > 0.9).all()
    monkeypatch.setattr(type(photos), "image", None)
    for first, again in zip((seen, features), corpora.look(None, None, photos), strict=True):
        assert np.array_equal(first, again)


@pytest.mark.parametrize("form", list(minilmm.FORMS))
def test_a_rehearsal_also_asks_for_the_place_that_a_pattern_means(processor, form):
    for seed in range(6):
        tokens, known = start.chosen(
            np.random.default_rng(seed), processor.tokenizer, partial(minilmm.answer, form=form)
        )
        assert known[-1] == tokens.shape[1] - 1
        for row in tokens:
            listed, reply = processor.tokenizer.decode(row).split("\n")
            assert processor.tokenizer.decode(row[known]) == reply
            place = replies.parse(reply)
            assert place.form == form
            assert np.isclose(numbers(listed), place.coordinates, atol=1e-9).all(axis=1).any()


def test_muon_turns_the_matrices_and_adamw_trains_tables_and_kernels(model):
    groups = optim.muon(
        model.named_parameters(), minilmm.TRAINING | {"samples": 96_000}
    ).param_groups
    names = {id(p): name for name, p in model.named_parameters()}
    turned, others = ({names[id(p)] for p in group["params"]} for group in groups)
    assert {"lm_head.weight", "model.language_model.embed_tokens.weight"} <= others
    assert "model.language_model.layers.0.conv.conv.weight" in others
    assert "model.language_model.layers.0.conv.in_proj.weight" in turned
    assert "model.language_model.layers.1.self_attn.q_proj.weight" in turned
    assert not any("vision_tower" in name for name in turned | others)
