"""The chances of a reply's tokens: what the model itself chose among."""

import numpy as np
import pytest
from scipy import special

from g3lite import miniearth, prompts
from g3lite.lmm import chances
from g3lite.lmm.load import load_lmm

PLACES = np.array([[38.7, -9.1], [48.85, 2.35]])


@pytest.fixture(scope="module")
def minilmm():
    return load_lmm("minilmm")


@pytest.mark.parametrize("text", [prompts.prompt(), prompts.prompt(PLACES, -PLACES)])
def test_the_likeliest_reply_consists_of_the_likeliest_tokens(minilmm, text):
    photos = miniearth.load("validation", 1)
    picture = photos.image(photos.ids[0])
    (reply,) = minilmm.replies(picture, text)
    found = chances.written(minilmm, picture, text, reply)
    assert "".join(found.tokens) == reply
    assert (found.logits.argmax(axis=1) == found.ids).all()
    assert [found.vocabulary[number] for number in found.ids] == found.tokens
    assert found.logits.shape == (len(found.tokens), len(found.vocabulary))
    assert found.chances == pytest.approx(special.softmax(found.logits, axis=1).max(axis=1))
    first = found.likeliest(0, 3)
    assert first[0] == found.ids[0] and len(first) == 3
    assert (np.diff(found.logits[0, first]) <= 0).all()


def test_an_unlikely_reply_has_small_chances(minilmm):
    photos = miniearth.load("validation", 1)
    picture, text = photos.image(photos.ids[0]), prompts.prompt()
    (reply,) = minilmm.replies(picture, text)
    usual = chances.written(minilmm, picture, text, reply).chances
    turned = reply[:-1] + reply[0]  # an object that is opened again instead of closed
    odd = chances.written(minilmm, picture, text, turned).chances
    assert odd[-1] < 0.01 < usual[-1]
    assert odd[:-1] == pytest.approx(usual[:-1], abs=1e-4)
