"""How MiniLMM begins: as a model that can already copy what stands in its prompt.

To copy, attention must find where the last words stood before, and what followed them there. From
random weights this comes late and suddenly (an "induction head": Olsson et al., 2022), too late for
a training of an hour. So it is given at the start, as Trockman and Kolter (2023) do it ("mimetic
initialization"): the first short convolution hands each token the ones before it, and the first
attention compares these. Then it rehearses on lists of places, without pictures: that is cheap, and
each list asks for many places. All of it is trained on.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F

from g3lite.geo import great_circle_km
from g3lite.recipes.minilmm_tasks import PATTERNS, anywhere, crowded, pattern, scattered

COMPARED = (3, 2, 5)
"""How many tokens each head of the first attention compares; a nearer one counts more."""
FADES = 0.8
"""What a token counts, of what the one after it does."""
CONVOLVED, COPIED = 0.02, 0.08
"""Sizes of what the first convolution and the first attention add to a token's vector."""


@torch.no_grad()
def start_to_copy(decoder: torch.nn.Module, head: torch.nn.Linear) -> None:
    """Set the first weights of an LFM2 without head, `decoder`, and its head (vocabulary, width).

    The head must hold the vectors of the words: what attention copies, it then names.
    """
    width, past = decoder.config.hidden_size, decoder.config.conv_L_cache
    convolution, attention = decoder.layers[0].conv, decoder.layers[1].self_attn
    for layer in decoder.layers:
        layer.feed_forward.w2.weight.mul_(0.3)
        if hasattr(layer, "conv"):
            _hand_on(layer.conv, past)

    # A token is told by width / past numbers; channel c carries one of them, `lag[c]` tokens late.
    lag, number = torch.arange(width) % past, torch.arange(width) // past
    written = _rotation(width)
    convolution.in_proj.weight[2 * width :] = _rotation(width)[: width // past][number]
    convolution.out_proj.weight.copy_(CONVOLVED * written)

    # Positions turn the first quarters of each half of a head's channels too fast for a comparison.
    size = width // decoder.config.num_attention_heads
    slow = torch.tensor([i for i in range(size) if i % (size // 2) >= size // 4])
    attention.q_proj.weight.mul_(0.1)
    attention.k_proj.weight.mul_(0.1)
    for first, compared in zip(range(0, width, size), COMPARED, strict=True):
        told = compared * (width // past)
        mixed = _rotation(max(told, len(slow)))[: len(slow), :told]
        here, before = (
            torch.cat([FADES**i * written.T[lag == i + late] for i in range(compared)])
            for late in (0, 1)
        )
        attention.q_proj.weight[first + slow] = mixed @ here
        attention.k_proj.weight[first + slow] = mixed @ before
    for norm in (attention.q_layernorm, attention.k_layernorm):
        norm.weight.fill_(1.4)
    values = _rotation(width)
    attention.v_proj.weight.copy_(values)
    attention.out_proj.weight.copy_(COPIED * values.T)
    head.weight.mul_(2)


def _hand_on(convolution: torch.nn.Module, past: int) -> None:
    """Each channel hands on one of the last tokens; the gates begin open."""
    width = len(convolution.conv.weight)
    convolution.in_proj.weight[: 2 * width].mul_(0.5)
    for bias in (convolution.in_proj.bias, convolution.conv.bias, convolution.out_proj.bias):
        bias.zero_()
    convolution.in_proj.bias[: 2 * width] = 1
    convolution.conv.weight.zero_()
    channels = torch.arange(width)
    convolution.conv.weight[channels, 0, past - 1 - channels % past] = 1


def _rotation(size: int) -> torch.Tensor:
    """A random orthogonal matrix."""
    return torch.linalg.qr(torch.randn(size, size))[0]


def freeze(model: torch.nn.Module) -> None:
    """Keep what is not trained: the image tower, and zeros where a convolution adds to its input.

    Were these not zero, padding would be something else than nothing, and a reply would depend on
    the prompts that stand in one batch with its own.
    """
    model.model.vision_tower.requires_grad_(False)
    for layer in model.model.language_model.layers:
        if hasattr(layer, "conv"):
            bias = layer.conv.in_proj.bias
            trained = torch.ones_like(bias)
            trained[2 * len(bias) // 3 :] = 0
            bias.register_hook(trained.mul)


REHEARSAL = {"batch": 16, "places": (2, 12), "copying": 100, "asked": 6, "cue_km": (10.0, 1000.0)}
"""Lists of so many places; steps before it must choose as well; of `nearest`, how many places are
asked for, and how far the cue lies from one."""


def rehearse(
    model, tokenizer, step: int, answers: list[Callable[[np.ndarray], str]]
) -> tuple[torch.Tensor, dict[str, float]]:
    """A step of training on texts alone: to name the places of a list again, or to choose one.

    Args:
        model: any state of it.
        tokenizer: its own.
        step: which step; the lists follow from it.
        answers: ways to name a place, which take turns.

    Returns:
        The loss, and what the log tells of it.
    """
    turns = (named_twice, chosen, nearest, chosen, nearest)
    lesson = named_twice if step < REHEARSAL["copying"] else turns[step % len(turns)]
    rng = np.random.default_rng([1, step])
    tokens, known = lesson(rng, tokenizer, answers[step // len(turns) % len(answers)])
    loss = rehearsal_loss(model, tokens, known)
    return loss, {lesson.__name__: loss.item()}


def rehearsal_loss(model, tokens: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of the tokens (batch, length) that those before them determine."""
    tokens = tokens.to(model.device)
    embedded = model.get_input_embeddings()(tokens[:, :-1])
    hidden = model.model.language_model(inputs_embeds=embedded).last_hidden_state
    logits = model.lm_head(hidden[:, known - 1]).float()
    return F.cross_entropy(logits.flatten(0, 1), tokens[:, known].flatten())


def named_twice(
    rng: np.random.Generator, tokenizer, answer: Callable[[np.ndarray], str]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Lists of places, and each place of a list again as an answer, in another order.

    Returns:
        int64 (batch, length), and which of the tokens are determined by those before them, (m,):
        those of an answer after its first whole degrees.
    """
    n, k = REHEARSAL["batch"], rng.integers(*REHEARSAL["places"], endpoint=True)
    places = anywhere(rng, n, k)
    order = rng.permuted(np.tile(np.arange(k), (n, 1)), axis=1)
    again = np.take_along_axis(places, order[..., None], axis=1)
    tokens, start = _answered(tokenizer, places, ["".join(map(answer, some)) for some in again])
    each = (tokens.shape[1] - start) // k
    words = tokenizer.convert_ids_to_tokens(tokens[0, start : start + each].tolist())
    first = next(i for i, word in enumerate(words) if word.endswith(".") and word[-2].isdigit())
    known = [start + each * place + i for place in range(k) for i in range(first + 1, each)]
    return tokens, torch.tensor(known)


def chosen(
    rng: np.random.Generator, tokenizer, answer: Callable[[np.ndarray], str]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Lists of places with a pattern, and the place that it means; what `named_twice` returns."""
    kind = rng.choice(list(PATTERNS))
    k = rng.integers(PATTERNS[kind], REHEARSAL["places"][1], endpoint=True)
    places, meant = pattern(rng, kind, REHEARSAL["batch"], k)
    tokens, start = _answered(tokenizer, places, [answer(place) for place in meant])
    return tokens, torch.arange(start, tokens.shape[1])


def nearest(
    rng: np.random.Generator, tokenizer, answer: Callable[[np.ndarray], str]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Lists of places, some of them close together, and for other places the nearest of the list;
    what `named_twice` returns."""
    n, k = REHEARSAL["batch"], rng.integers(*REHEARSAL["places"], endpoint=True)
    asked = min(k, REHEARSAL["asked"])
    places = crowded(rng, n, k)
    near = rng.permuted(np.tile(np.arange(k), (n, 1)), axis=1)[:, :asked]
    cues = scattered(rng, np.take_along_axis(places, near[..., None], axis=1), REHEARSAL["cue_km"])
    km = great_circle_km(places[:, None], cues[:, :, None])  # (n, asked, k)
    right = np.take_along_axis(places, km.argmin(axis=2)[..., None], axis=1)
    cue = "({:.5f}, {:.5f}): "
    answers = [
        "".join(cue.format(*one) + answer(place) + "\n" for one, place in zip(*some, strict=True))
        for some in zip(cues, right, strict=True)
    ]
    tokens, start = _answered(tokenizer, places, answers)
    each = (tokens.shape[1] - start) // asked
    told = len(tokenizer(cue.format(1, 1))["input_ids"])
    known = [start + each * i + j for i in range(asked) for j in range(told, each)]
    return tokens, torch.tensor(known)


def _answered(tokenizer, places: np.ndarray, answers: list[str]) -> tuple[torch.Tensor, int]:
    """Tokens of lists (n, k, 2) and their answers, and where the answers begin."""
    lists = [
        "[" + ", ".join(f"({lat:.5f}, {lon:.5f})" for lat, lon in some) + "]\n" for some in places
    ]
    lists, answers = (tokenizer(texts)["input_ids"] for texts in (lists, answers))
    return torch.tensor([a + b for a, b in zip(lists, answers, strict=True)]), len(lists[0])
