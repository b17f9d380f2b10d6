"""What a notebook shows of a prediction."""

import base64
import io
import pickle
import re
from functools import partial
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from PIL import Image

from g3lite.figures import card, style
from g3lite.figures.card import prediction_card
from g3lite.photos import PhotoSet
from g3lite.pipeline import OUT_OF_DOMAIN, Pipeline, Prediction
from g3lite.presets import G3

EVIL = "<script>alert('$1 & $2')</script>\"\x07.jpg"
ALLOWED = {"div", "p", "b", "table", "tr", "th", "td", "img"}


def noise(side=700, **options):
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 255, (side, side, 3), dtype=np.uint8))
    data = io.BytesIO()
    image.save(data, "JPEG", quality=95, **options)
    return data.getvalue()


def photos(img_id, data):
    table = pd.DataFrame({"IMG_ID": [img_id], "AUTHOR": "a", "LAT": 1.0, "LON": 2.0})

    def source(name):
        if data is None:
            raise FileNotFoundError(name)
        return data

    return PhotoSet("some", table, source)


def predicted(img_id="a.jpg", city="Łódź", **options):
    rng = np.random.default_rng(1)
    rows = 25
    candidates = pd.DataFrame(
        {
            "LAT": np.r_[52.0, 52.0, rng.uniform(-60, 60, rows - 2)],
            "LON": np.r_[20.0, 20.0, rng.uniform(-180, 180, rows - 2)],
            "score": np.linspace(0.5, 0.1, rows),
            "origin": ["reply"] * (rows - 1) + ["retrieved"],
            "references": 5, "sample": 0,
        }
    )  # fmt: skip
    neighbours = pd.DataFrame(
        {"similarity": [2.5, 2.4], "LAT": [52.0, 10.0], "LON": [21.0, 10.0],
         "city": [city, pd.NA], "country": ["Poland", "Nigeria"]}
    )  # fmt: skip
    return Prediction(img_id, (52.0, 20.0), f"3 km from {city}, Poland", 0.5, candidates,
                      neighbours, pd.DataFrame(), {"embed": 0.1}, **options)  # fmt: skip


class Parsed(HTMLParser):
    """Elements, attributes and words of HTML; unbalanced elements are an error."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.words, self.open = [], [], "", []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data + " "


def test_photo_map_candidates_and_evidence_are_shown():
    html = Parsed(prediction_card(predicted(), photos("a.jpg", noise())))
    sources = [value for name, value in html.attributes if name == "src"]
    kinds = [source.split(";")[0] for source in sources]
    assert kinds == ["data:image/jpeg", "data:image/png"]
    pictures = [Image.open(io.BytesIO(base64.b64decode(s.split(",")[1]))) for s in sources]
    assert all(picture.width >= 128 for picture in pictures)
    assert "a.jpg: 52.0000° N, 20.0000° E, 3 km from Łódź" in html.words
    assert "score 0.500, the best of 25 candidates" in html.words
    assert re.search(r"0\.500 +52\.0000, 20\.0000 .* the model +2 ", html.words)  # named twice
    assert re.search(r"2\.500 +Łódź, Poland +68 km", html.words)
    assert re.search(r"2\.400 +Nigeria", html.words)


def test_the_text_of_the_map_can_be_read_at_the_width_of_the_page(monkeypatch):
    drawn = []
    monkeypatch.setattr(card, "encode", lambda figure, dpi: drawn.append(figure) or style.encode(
        figure, dpi=dpi))  # fmt: skip
    html = Parsed(prediction_card(predicted(), photos("a.jpg", noise(64))))
    width = int([value for name, value in html.attributes if name == "width"][-1])
    texts = [text for text in drawn[0].findobj(Text) if text.get_text() and text.get_visible()]
    pixels = [text.get_fontsize() / 72 * width / drawn[0].get_figwidth() for text in texts]
    assert "prediction" in [text.get_text() for text in texts] and min(pixels) >= 9.5


def test_a_card_is_small_whatever_the_photo():
    assert len(prediction_card(predicted(), photos("a.jpg", noise(2_000)))) < 150_000


@pytest.mark.parametrize("located", [True, False])
def test_all_text_is_escaped_and_nothing_can_run(located):
    prediction = predicted(EVIL, EVIL) if located else Prediction.failed(EVIL, EVIL)
    html = Parsed(prediction_card(prediction, photos(EVIL, noise(64))))
    assert set(html.tags) <= ALLOWED
    assert {name for name, _ in html.attributes} <= {"src", "alt", "width"}
    assert html.words.count("<script>alert('$1 & $2')</script>\"") >= (3 if located else 2)
    assert f"photo {EVIL}" in [value for name, value in html.attributes if name == "alt"]


def test_what_github_strips_is_not_needed():
    """Neither scripts, styles, classes nor colours: the page's own colours hold, dark or light."""
    html = prediction_card(predicted(), photos("a.jpg", noise(64)))
    for word in ("style", "class=", "<script", "bgcolor", "color", "http", "onload", "<svg"):
        assert word not in re.sub(r'src="[^"]*"', "", html)


def test_what_is_to_be_told_is_told():
    warned = predicted(warning=OUT_OF_DOMAIN, fallback=True)
    html = prediction_card(warned, photos("a.jpg", None))
    assert "out_of_domain: these models" in html and "fallback: none of" in html
    assert html.count("<img") == 1  # the photo is gone, the map is not
    failed = Prediction.failed("b.jpg", "it is no picture")
    html = Parsed(prediction_card(failed, photos("b.jpg", b"no picture")))
    assert "b.jpg: not located, it is no picture" in html.words and "img" not in html.tags


def test_the_photo_says_nothing_of_where_it_was_taken():
    exif = Image.Exif()
    exif[0x010E] = "secret garden"
    html = prediction_card(predicted(), photos("a.jpg", noise(64, exif=exif)))
    data = base64.b64decode(re.search(r"image/jpeg;base64,([^\"]+)", html)[1])
    assert b"secret garden" in noise(64, exif=exif) and b"secret garden" not in data
    assert not Image.open(io.BytesIO(data)).getexif()


def test_a_neighbour_without_a_named_place_gets_that_of_its_coordinates():
    prediction = predicted()
    del prediction.neighbours["city"], prediction.neighbours["country"]
    html = Parsed(prediction_card(prediction, photos("a.jpg", None)))
    assert re.search(r"2\.500 +\w+ +68 km", html.words)


def test_a_notebook_shows_the_card_and_else_the_text():
    assert predicted()._repr_html_() is None and Pipeline.card is None
    card = partial(prediction_card, photos=photos("a.jpg", None))
    assert predicted(card=card)._repr_html_().startswith("<div><p><b>a.jpg: 52.0")
    assert "card" not in repr(predicted(card=card)) and "card" not in predicted(card=card).as_dict()


def test_predictions_of_g3_have_the_card():
    html = G3.card(predicted(), photos("a.jpg", None))
    assert html == prediction_card(predicted(), photos("a.jpg", None))


def test_a_prediction_can_be_pickled_whatever_its_photos_are_read_by():
    shown = predicted(card=partial(prediction_card, photos=photos("a.jpg", None)))
    again = pickle.loads(pickle.dumps(shown))
    assert str(again) == str(shown) and again._repr_html_() is None
