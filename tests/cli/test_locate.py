"""`g3lite locate`: what a file says of itself, maps of candidates, addresses, the help."""

import json
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from exif_blocks import ASCII, BERLIN, exif_of
from PIL import Image

from g3lite import G3, geo
from g3lite.cli import main
from g3lite.cli.locate import _quiet
from g3lite.figures import maps, style
from g3lite.lmm.requests import LMMWarning
from g3lite.pipeline import Prediction


class Stand:
    """Stands for G3: every photo is in Łódź, "wide" ones perhaps anywhere."""

    def locate(self, files):
        return [self.prediction(path.name) for path in files]

    def prediction(self, name):
        spread = 60 if "wide" in name else 3
        places = [51.77, 19.46] + spread * np.array([[0, 0], [0.5, 1], [-0.6, -1], [0.3, -0.7]])
        candidates = pd.DataFrame(places, columns=["LAT", "LON"])
        nothing = pd.DataFrame()
        return Prediction(name, (51.77, 19.46), "3 km from Łódź, Poland", 0.4, candidates, nothing,
                          nothing, {}, fallback="poor" in name)  # fmt: skip


@pytest.fixture
def photos(monkeypatch, tmp_path):
    """A working folder with a photo from Berlin, one without EXIF and one whose EXIF is wrong."""
    monkeypatch.setattr(G3, "from_pretrained", lambda *args, **options: Stand())
    monkeypatch.chdir(tmp_path)
    picture = Image.new("RGB", (40, 30), "white")
    picture.save("berlin.jpg", exif=exif_of(BERLIN))
    picture.save("plain wide.jpg")
    picture.save("poor.jpg", exif=exif_of(BERLIN | {1: (ASCII, "X")}))
    return "berlin.jpg", "plain wide.jpg", "poor.jpg"


def located(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main.main(["locate", *arguments])
    out, err = capsys.readouterr()
    return out, err.splitlines(), stop.value.code or None


def test_what_the_file_itself_says_is_told_and_never_used(capsys, photos):
    out, told, wrong = located(capsys, *photos)
    km = geo.great_circle_km((52.518917, 13.400294), (51.77, 19.46))
    said = [line for line in out.splitlines() if "itself" in line]
    assert said == [f"berlin.jpg: the file itself says 52.52, 13.40: {km:,.0f} km away"]
    assert told == [] and wrong is None
    assert out.count("51.7700    19.4600") == 3
    found = json.loads(located(capsys, *photos, "gone.jpg", "--json")[0])
    assert [one["latitude"] for one in found] == [51.77] * 3 + [None]
    assert found[0]["exif"] == {
        "latitude": pytest.approx(52.518917), "longitude": pytest.approx(13.400294),
        "km": pytest.approx(km),
    }  # fmt: skip
    assert [one["exif"] for one in found[1:]] == [None] * 3


def words(svg: str) -> str:
    """What is written in a picture: matplotlib leaves a comment with each line."""
    return " ".join(Path(svg).read_text(encoding="utf-8").split())


@pytest.mark.slow
def test_a_map_names_each_photo_and_shows_its_candidates(capsys, photos):
    assert located(capsys, *photos, "--map", "map.svg")[2] is None
    drawn = words("map.svg")
    for text in ("berlin.jpg", "plain wide.jpg", "poor.jpg", "3 km from Łódź, Poland"):
        assert f"<!-- {text} -->" in drawn
    for text in ("candidate", "prediction", "fallback", "the file itself says"):
        assert drawn.count(f"<!-- {text} -->") == 1  # in the legend of them all


def test_a_map_replaces_no_photo(capsys, photos):
    before = Path("berlin.jpg").read_bytes()
    for name in ("berlin.jpg", "./berlin.jpg"):
        out, _, wrong = located(capsys, *photos, "--map", name)
        assert (
            out == ""
            and wrong == "g3lite: berlin.jpg is a file that is read here; write to another one"
        )
    assert Path("berlin.jpg").read_bytes() == before


@pytest.mark.parametrize("number", ["nan", "-1"])
def test_a_limit_of_downloads_is_a_number(capsys, photos, number):
    out, _, wrong = located(capsys, *photos, "--max-gb", number)
    assert out == "" and "--max-gb is" in wrong and "name a number of GB, 0 or more" in wrong


@pytest.mark.slow
def test_a_map_of_very_many_photos_says_how_many_it_shows(capsys, photos, monkeypatch):
    monkeypatch.setattr("g3lite.cli.locate._MOST_MAPS", 2)
    located(capsys, *photos, "--map", "map.svg")
    assert "<!-- the first 2 of 3 photos -->" in words("map.svg")
    assert "poor.jpg" not in words("map.svg")


def panel(points, file_says=None):
    return maps.candidate_maps([("a.jpg", "prediction", points[0], points, file_says)]).axes[0]


@pytest.mark.slow
def test_a_map_is_zoomed_to_what_it_shows():
    near = np.array([[51.77, 19.46], [52.0, 21.0], [50.1, 19.9]])
    for points, file_says in (
        (near, None), (near, (52.52, 13.4)), (near, (-33.9, 151.2)), (near * [1, -8], None),
        (np.array([[-17.0, 179.9], [-17.0, -179.8]]), None),
        (np.array([[80.0, 0], [-80, 180]]), None),
    ):  # fmt: skip
        axes = panel(points, file_says)
        (legend,) = axes.figure.legends
        labels = [text.get_text() for text in legend.get_texts()]
        assert ("the file itself says" in labels) == (file_says is not None)
        both = points if file_says is None else np.vstack([points, file_says])
        x, y, _ = axes.projection.transform_points(maps._PLATE, both[:, 1], both[:, 0]).T
        (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        assert (left <= x).all() and (x <= right).all() and (bottom <= y).all() and (y <= top).all()
        reach = max(np.ptp(x) / (right - left), np.ptp(y) / (top - bottom))
        assert reach > 0.4 or top - bottom < 700_000  # no more than is needed
    style.encode(maps.candidate_maps([("a", "prediction", near[0], [], None)]))
    with pytest.raises(ValueError, match="at least one photo"):
        maps.candidate_maps([])


@pytest.mark.parametrize(
    "address", ["https://example.org/a.jpg", "HTTP://a/b", "ftp://a/b.jpg", "s3://bucket/a.jpg",
                "data:image/png;base64,AAAA", "file:///tmp/a.jpg"],
)  # fmt: skip
def test_an_address_is_not_downloaded_and_that_is_said(capsys, photos, address):
    out, told, _ = located(capsys, address, "berlin.jpg")
    (line,) = told
    assert line.endswith("it is an address, and nothing is downloaded; save the photo as a file "
                         "first")  # fmt: skip
    assert "berlin.jpg" in out


def test_a_file_may_be_called_like_an_address(capsys, photos):
    Path("file:1.jpg").write_bytes(Path("plain wide.jpg").read_bytes())
    out, told, wrong = located(capsys, "file:1.jpg")
    assert "file:1.jpg" in out and (told, wrong) == ([], None)


def test_the_help_says_which_models_there_are(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    text = " ".join(located(capsys, "--help")[0].split())
    for word in ("minilmm (shipped)", "a folder with a model", "api:NAME", "OPENAI_BASE_URL"):
        assert word in text
    assert "g3lite.lmm" not in text


def test_what_a_model_is_asked_without_is_told(capsys):
    with _quiet(bars=True):
        warnings.warn("some library's own words", stacklevel=1)
        warnings.warn("127.0.0.1 refuses n", LMMWarning, stacklevel=1)
        assert capsys.readouterr().err == ""
    assert capsys.readouterr().err == "g3lite: 127.0.0.1 refuses n\n"


class Sure(Stand):
    """Stands for G3 with the learned judge: it is sure of all photos but "poor" ones."""

    def prediction(self, name):
        likely = 0.12 if "poor" in name else 0.63
        where = SimpleNamespace(
            within={200: likely}, region=(np.array([[52.0, 19.0], [51.0, 20.0]]), 1e5),
            as_dict=lambda: {"within_km": {"200": likely}}, note="rough: another gallery",
        )  # fmt: skip
        return replace(super().prediction(name), where=where)


@pytest.fixture
def sure(monkeypatch, photos):
    asked = {}
    monkeypatch.setattr(G3, "from_pretrained", lambda *_, **o: asked.update(o) or Sure())
    return asked


def test_a_learned_judge_says_how_sure_it_is(capsys, photos, sure):
    out, told, wrong = located(capsys, *photos, "--judge", "learned")
    assert out.count("within 200 km with 63 %") == 2 and "within 200 km with 12 %, fallback" in out
    assert told == [] and wrong is None and sure["judge"] == "learned"
    assert out.count("rough: another gallery") == 1
    found = json.loads(located(capsys, *photos, "--judge", "learned", "--json")[0])
    assert [one["where"]["within_km"]["200"] for one in found] == [0.63, 0.63, 0.12]


def test_what_is_not_sure_enough_is_withheld(capsys, photos, sure):
    asked = (*photos, "--judge", "learned", "--confidence", "0.5")
    out, told, wrong = located(capsys, *asked)
    assert "poor.jpg" not in out and "1 of 3 photos were not located" in wrong
    assert told[0] == "poor.jpg: withheld: within 200 km with 12 %, less than 50 %"
    found = json.loads(located(capsys, *asked, "--json")[0])
    assert [one["latitude"] for one in found] == [51.77, 51.77, None]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--confidence", "0.5"], "the cosine says no probability"),
        (["--judge", "learned", "--gallery", "some"], "--gallery has no learned judge"),
        (["--judge", "learned", "--profile", "real-cpu"], "real-cpu has no learned judge"),
    ],
)
def test_a_judge_that_cannot_judge_here_is_refused(capsys, photos, options, said):
    out, told, wrong = located(capsys, photos[0], *options)
    assert said in wrong and out == ""


@pytest.mark.slow
def test_a_map_shows_the_region(capsys, photos, sure):
    assert located(capsys, *photos, "--judge", "learned", "--map", "map.svg")[2] is None
    assert "90 % region" in words("map.svg")
