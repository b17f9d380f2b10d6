"""MiniLMM's parts: the processor, the model, its lessons and their loss."""

import re

import numpy as np
import pytest
import torch
from PIL import Image

from g3lite import miniearth, prompts, replies
from g3lite.miniearth import splits
from g3lite.recipes import minilmm, optim


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
        somewhere(n, minilmm.MOST),
        somewhere(2, n, minilmm.MOST),
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


def test_batches_are_worded_as_the_processor_words_a_question(processor):
    of = lessons()
    batches = minilmm.Batches(of, processor, minilmm.STAGES[0])
    seen = set()
    for step in range(12):
        batch = batches(step)
        assert torch.equal(batch.tokens, batches(step).tokens)
        texts = processor.tokenizer.batch_decode(batch.tokens)
        for text, eyes in zip(texts, batch.eyes, strict=True):
            row = np.flatnonzero((of.eyes == eyes.numpy()).all(axis=(1, 2)))[0]
            answer = re.search(r"<\|assistant\|>(.*)<\|end\|>$", text, re.DOTALL)[1]
            reply = replies.parse(answer)
            assert np.allclose(
                reply.coordinates, of.coordinates[row], atol=0.6 * 10**-minilmm.DECIMALS
            )
            assert text.startswith("<|user|>" + "<image>" * of.eyes.shape[1])
            found = re.findall(r"\(-?\d+\.\d{5}, -?\d+\.\d{5}\)", text)
            k = len(found) // 2
            seen.add((k, reply.form))
            if k:
                assert np.allclose(pair(found[0]), of.similar[row, 0], atol=1e-5)
                least_alike = of.dissimilar[:, row, 0]
                assert np.isclose(pair(found[k]), least_alike, atol=1e-5).all(axis=1).any()
        asked = texts[0][: texts[0].index("<|assistant|>")] + "<|assistant|>"
        assert len(processor.tokenizer(asked)["input_ids"]) == batch.start
    assert len({k for k, _ in seen}) > 2 and {form for _, form in seen} == {"json", "pair"}


def test_a_moved_batch_moves_references_and_answer_alike(processor):
    of = lessons()
    moved = minilmm.STAGES[1] | {"moved": 1.0, "without_references": 0.0}
    distances = []
    for step in range(6):
        texts = processor.tokenizer.batch_decode(minilmm.Batches(of, processor, moved)(step).tokens)
        as_they_are = minilmm.Batches(of, processor, moved | {"moved": 0.0})(step)
        for text, still in zip(
            texts, processor.tokenizer.batch_decode(as_they_are.tokens), strict=True
        ):
            by = numbers(text) - numbers(still)
            by[:, 1] = (by[:, 1] + 180) % 360 - 180
            distances.append(np.median(np.hypot(*by.T)))
            north = by[np.abs(numbers(text))[:, 0] < 90, 0]  # at a pole it ends
            assert np.ptp(north) <= 0.011 and np.ptp(by[:, 1]) <= 0.011
    assert 0.09 < min(distances) < 0.5 and 5 < max(distances) < 10.1


def numbers(text):
    """All coordinates of a chat, the answer's last, (n, 2)."""
    found = re.findall(r"-?\d+\.\d+", text)
    return np.array(found, dtype=float).reshape(-1, 2)


def test_moved_coordinates_stay_on_earth():
    by = np.array([[[5.0, 20.0]], [[-5.0, -20.0]]])
    moved = minilmm.move(np.array([[[88.0, 170.0]], [[-88.0, -170.0]]]), by)
    assert np.allclose(moved, [[[90, -170]], [[-90, 170]]])


def pair(text):
    return [float(number) for number in text.strip("()").split(", ")]


@pytest.mark.parametrize("references", [False, True])
def test_the_loss_is_that_of_answers_and_of_whole_degrees(processor, model, references):
    batches = minilmm.Batches(lessons(), processor, minilmm.STAGES[0])
    batch = next(b for b in map(batches, range(30)) if (b.degrees.sum() > 2) == references)
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
def test_a_few_steps_on_one_batch_lower_its_loss(processor):
    model = minilmm.create(processor)
    stage = minilmm.STAGES[0]
    optimizer = optim.muon(model.named_parameters(), minilmm.TRAINING | stage)
    batch = minilmm.Batches(lessons(), processor, stage)(0)
    losses = []
    for _ in range(8):
        loss, _ = minilmm.loss_of(model, batch, torch.device("cpu"))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_its_corpora_hold_seen_places_and_share_nothing_with_any_other_set(monkeypatch):
    for corpus in minilmm.CORPORA.values():
        monkeypatch.setitem(corpus, "photos", 2_000)
    ours = {f"minilmm {which}": minilmm.corpus_set(which).ids for which in minilmm.CORPORA}
    sets = ours | {split: miniearth.load(split).ids for split in splits.SIZES}
    sets["miniclip"] = minilmm.miniclip.corpus_ids()
    authors = {name: {i.split("_")[2] for i in ids} for name, ids in sets.items()}
    scenes = {name: {i.rsplit("_", 1)[0] for i in ids} for name, ids in sets.items()}
    for name in ours:
        assert miniearth.places().seen[sorted({int(i[:4]) for i in sets[name]})].all()
        for other in sets.keys() - {name}:
            assert not authors[name] & authors[other], (name, other)
            assert not scenes[name] & scenes[other], (name, other)
