"""`g3lite embed`: from a folder to parts and a folder of features."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from g3lite.cli.main import app, main
from g3lite.datasets import featurefolder
from g3lite.scale import embed as scale
from g3lite.scale.embed import Encoder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Nine pictures and a file that is none, of which eight have a place; no Ray."""
    home = tmp_path / "photos"
    home.mkdir()
    for n in range(9):
        pixels = np.random.default_rng(n).integers(0, 256, (40, 40, 3), dtype=np.uint8)
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "JPEG")
        (home / f"{n}.jpg").write_bytes(stream.getvalue())
    (home / "9.jpg").write_bytes(b"nothing")
    rows = pd.DataFrame({"IMG_ID": [f"{n}.jpg" for n in (*range(8), 9)], "AUTHOR": "a",
                         "LAT": 1.0, "LON": 2.0})  # fmt: skip
    rows.to_csv(tmp_path / "places.csv", index=False)
    monkeypatch.setattr(
        scale, "_blocks",
        lambda todo, encoder, *_: map(Encoder(**encoder).make, todo),
    )  # fmt: skip
    return home


def call(*arguments):
    return CliRunner().invoke(app, ["embed", *map(str, arguments)])


def test_from_a_folder_to_features(folder, tmp_path):
    table = tmp_path / "places.csv"
    with pytest.warns(UserWarning, match="not listed"):
        done = call(folder, tmp_path / "out", "--table", table, "--features", tmp_path / "f",
                    "--block", 4)  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "8 photos with a vector, 1 without; 3 blocks made now, 0 were there" in done.output
    assert "9.jpg: " in done.output and "wrote 8 photos that have a place" in done.output
    assert featurefolder.read(tmp_path / "f").table["IMG_ID"].tolist() == [
        f"{n}.jpg" for n in range(8)
    ]
    again = call(folder, tmp_path / "out", "--table", table, "--block", 4)
    assert again.exit_code == 0 and "--features FOLDER joins the parts" in again.output


def test_a_set_of_miniearth(folder, tmp_path, monkeypatch):
    from g3lite.datasets import load

    whole = load.load_photos
    monkeypatch.setattr(load, "load_photos", lambda name: whole(name, 5))
    done = call("miniearth/gallery", tmp_path / "out", "--block", 4)
    assert done.exit_code == 0 and "5 photos with a vector" in done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere", "OUT"], "there is no folder 'nowhere'"),
        (["miniearth/gallery", "OUT", "--table", "TABLE"], "--table goes with a folder"),
        (["FOLDER", "TABLE"], "cannot be made"),
        (["FOLDER", "OUT", "--device", "cuda"], "there is no GPU"),
        (["FOLDER", "OUT", "--backbone", "nothing"], "neither a folder nor a model"),
    ],
)
def test_mistakes_end_in_a_line(folder, tmp_path, arguments, said, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    names = {"OUT": tmp_path / "out", "TABLE": tmp_path / "places.csv", "FOLDER": folder}
    with pytest.raises(SystemExit) as ended:
        main(["embed", *(str(names.get(one, one)) for one in arguments)])
    assert said in str(ended.value) and "\n" not in str(ended.value)
