"""Pictures from strangers: which are opened, how large they may be, and how many are held."""

import gc
import io
import os
import stat
import struct
import subprocess
import sys
import threading
import time
import warnings
import weakref
import zlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import EpsImagePlugin, Image, JpegImagePlugin
from tiny_clip import encode, photo_set, save_model

from g3lite import backbone
from g3lite.backbone import Backbone, unit_rows
from g3lite.datasets.folder import load_files
from g3lite.lmm import local
from g3lite.lmm.ask import ask
from g3lite.lmm.base import LMM, LMMRequest, LMMResponse
from g3lite.lmm.load import load_lmm
from g3lite.photos import PhotoSet
from g3lite.prompts import Prompt, PromptPlan
from g3lite.support import decoding, images
from g3lite.support.images import (
    FORMATS,
    MAX_ASPECT,
    DamagedPhoto,
    Room,
    decode,
    decoded_pixels,
    open_picture,
)

NOISE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_model(folder, seed=0)
    return Backbone.load(folder, device="cpu")


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def smooth(width: int, height: int) -> Image.Image:
    """A picture with structure of all sizes, like a photo."""
    layers = [
        np.asarray(Image.fromarray(NOISE[:n, :n]).resize((width, height), 3), dtype=float)
        for n in (3, 10, 40)
    ]
    return Image.fromarray(np.mean(layers, axis=0).astype(np.uint8))


def several(data: bytes, n: int) -> PhotoSet:
    """The same file n times."""
    ids = [str(i) for i in range(n)]
    table = pd.DataFrame({"IMG_ID": ids, "AUTHOR": "a", "LAT": 0.0, "LON": 0.0})
    return PhotoSet("several", table, lambda _: data)


def png_of(width: int, height: int) -> bytes:
    """A black PNG in very few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)  # black and white
    rows = zlib.compress(bytes(((width + 7) // 8 + 1) * height), 9)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def tiff_of(side: int, *tile: int) -> bytes:
    """A black grey TIFF with one deflated tile (width, length), in very few bytes."""
    data = zlib.compress(bytes(tile[0] * tile[1]), 9).ljust(12, b"\0")
    data += bytes(len(data) % 2)
    tags = {
        256: side, 257: side, 258: 8, 259: 8, 262: 1, 277: 1,
        322: tile[0], 323: tile[1], 324: 8, 325: len(data),
    }  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    head = struct.pack("<2sHI", b"II", 42, 8 + len(data))
    return head + data + struct.pack("<H", len(tags)) + entries + bytes(4)


# --- which formats


@pytest.fixture
def ghostscript(tmp_path, monkeypatch):
    """A program `gs` on the PATH, which leaves the file that is returned when it is started."""
    programs, marker = tmp_path / "bin", tmp_path / "started"
    programs.mkdir()
    (programs / "gs").write_text(f"#!/bin/sh\necho > '{marker}'\n")
    (programs / "gs").chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)  # found once per process
    return marker


@pytest.mark.skipif(sys.platform == "win32", reason="a program that is a shell script")
def test_postscript_that_is_called_a_photo_starts_no_program(ghostscript, tmp_path, tiny):
    path = tmp_path / "x.jpg"
    path.write_bytes(encoded(Image.new("RGB", (40, 30)), "EPS"))
    with pytest.raises(DamagedPhoto, match=r"'x': its \d+ bytes are not a picture \(JPEG, PNG, "):
        decode(path.read_bytes(), "x")
    with pytest.raises(DamagedPhoto, match="not a picture"):
        open_picture(path, "x")
    with pytest.warns(UserWarning, match="not a picture"):
        photos = load_files([path])
    assert "not a picture" in photos.table["note"][0]
    with pytest.raises(DamagedPhoto, match="not a picture"):
        photos.image("x.jpg")
    with pytest.warns(UserWarning, match="skipped 1 of 1"):
        assert len(encode(tiny, photos, on_error="skip", cache=False)) == 0
    assert not ghostscript.exists()
    # Pillow by itself does start it, so the line above can fail.
    with Image.open(path) as image, pytest.raises(OSError):
        image.load()
    assert ghostscript.exists()


@pytest.mark.parametrize(
    "form", ["EPS", "ICO", "ICNS", "PPM", "TGA", "PCX", "SGI", "DDS", "DIB", "MSP"]
)
def test_other_formats_are_refused_with_the_kinds_that_are_read(form, tmp_path):
    image = Image.fromarray(NOISE).convert("1" if form == "MSP" else "RGB")
    data = encoded(image, form)
    assert Image.open(io.BytesIO(data)).format == form  # Pillow would read it
    (tmp_path / "x.jpg").write_bytes(data)
    for attempt in (lambda: decode(data, "p"), lambda: open_picture(tmp_path / "x.jpg", "p")):
        with pytest.raises(DamagedPhoto) as caught:
            attempt()
        assert caught.value.reason == (
            f"its {len(data)} bytes are not a picture "
            "(JPEG, PNG, WebP, TIFF, GIF, BMP, AVIF or HEIC)"
        )


@pytest.mark.parametrize(
    "head",
    [
        b"%PDF-1.7\n",
        b"\xd7\xcd\xc6\x9a",
        b"SIMPLE  =                    T",
        b"8BPS\0\1",
        b"%!PS-Adobe",
    ],
    ids=["PDF", "WMF", "FITS", "PSD", "PostScript"],
)
def test_what_is_no_picture_is_said(head):
    with pytest.raises(DamagedPhoto, match="its 2000 bytes are not a picture"):
        decode(head.ljust(2000, b"\0"), "p")


@pytest.mark.parametrize("form", [*FORMATS, "MPO"])
def test_the_formats_that_photos_have_are_read(form, tmp_path):
    if form == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()  # for writing one
    elif form == "AVIF" and ".avif" not in Image.registered_extensions():
        pytest.skip("this Pillow was built without AVIF")
    image = smooth(64, 48)
    more = {"save_all": True, "append_images": [image]} if form == "MPO" else {}
    data = encoded(image, form, **more)
    (tmp_path / "x.jpg").write_bytes(data)
    with open_picture(tmp_path / "x.jpg", "p") as opened:  # a name says nothing
        assert opened.format == form
    picture = decode(data, "p")
    assert (picture.mode, picture.size) == ("RGB", (64, 48))
    assert np.abs(np.asarray(picture, float) - np.asarray(image)).mean() < 20


@pytest.mark.parametrize(
    ("brand", "kind"), [(b"heic", "HEIC"), (b"mif1", "HEIC"), (b"avif", "AVIF")]
)
def test_a_damaged_heic_or_avif_is_called_damaged(brand, kind):
    pytest.importorskip("pillow_heif")
    data = b"\0\0\0\x18ftyp" + brand + bytes(40)
    with warnings.catch_warnings(action="ignore"):
        with pytest.raises(DamagedPhoto, match=f"'p': it is a damaged {kind} picture"):
            decode(data, "p")


def test_a_damaged_heic_is_called_damaged_without_the_plug_in_too(monkeypatch):
    heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    heif.from_pillow(Image.fromarray(NOISE)).save(buffer)
    data = buffer.getvalue()
    monkeypatch.setattr(images, "find_spec", lambda name: None)
    assert images._whole(io.BytesIO(data))
    for cut in (12, 40, len(data) // 2, len(data) - 1):
        assert not images._whole(io.BytesIO(data[:cut])), cut
        assert images._not_read(io.BytesIO(data[:cut])) == "it is a damaged HEIC picture"
    assert images._not_read(io.BytesIO(data)).startswith("it is a HEIC picture: pip install")
    long = data[:-1] + b"\0\0\0\x01mdat" + (20).to_bytes(8) + bytes(4)
    assert not images._whole(io.BytesIO(long)) and images._whole(io.BytesIO(data + long[-20:]))


def test_a_heic_that_ends_early_is_damaged():
    heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    heif.from_pillow(Image.fromarray(NOISE)).save(buffer)
    data = buffer.getvalue()
    for end in (60, len(data) // 2, len(data) - 10):
        with pytest.raises(DamagedPhoto) as caught:
            decode(data[:end], "p")
        assert "pip install" not in caught.value.reason


def test_avif_without_support_says_what_to_install(monkeypatch):
    monkeypatch.delitem(Image.EXTENSION, ".avif", raising=False)
    monkeypatch.delitem(Image.OPEN, "AVIF", raising=False)
    with pytest.raises(DamagedPhoto, match="AVIF picture: pip install --upgrade pillow"):
        decode(b"\0\0\0\x18ftypavif" + bytes(40), "p")


# --- how large


@pytest.mark.parametrize(
    "size",
    [(1, 20_000), (20_000, 1), (1, MAX_ASPECT + 1), (2 * MAX_ASPECT + 1, 2), (90_000_000, 1)],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_picture_that_is_nearly_a_line_is_not_decoded(size, tmp_path, monkeypatch):
    Image.init()  # a plug-in makes a picture of its own when it is first imported
    monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("it was decoded"))
    data = png_of(*size)
    with pytest.raises(DamagedPhoto, match=f"{size[0]} x {size[1]} pixels are too long and narrow"):
        decode(data, "p")
    (tmp_path / "line.png").write_bytes(data)
    with pytest.raises(DamagedPhoto, match=r"at most 100 to 1"):
        open_picture(tmp_path / "line.png", "p")


@pytest.mark.parametrize("size", [(1, MAX_ASPECT), (16_000, 800), (300, 30_000)])
def test_panoramas_are_decoded(size):
    assert decode(png_of(*size), "p").size == size


@pytest.mark.parametrize("tile", [(4096, 1024), (16, 65_536), (16_384, 16_384)])
def test_a_tiff_with_tiles_far_larger_than_itself_is_not_decoded(tile, tmp_path, monkeypatch):
    Image.init()
    monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("it was decoded"))
    monkeypatch.setattr(images, "MAX_BLOCK", 1_000_000)
    data = tiff_of(64, *tile)
    with pytest.raises(DamagedPhoto, match=r"64 x 64 pixels are in tiles of \d+ million; save it"):
        decode(data, "p")
    (tmp_path / "tiles.tif").write_bytes(data)
    with pytest.raises(DamagedPhoto, match="in tiles of"):
        open_picture(tmp_path / "tiles.tif", "p")


def test_a_tile_is_never_larger_than_a_picture_may_be(monkeypatch):
    monkeypatch.setattr(images, "MAX_PIXELS", 64 * 64)
    assert decode(tiff_of(64, 64, 64), "p").size == (64, 64)
    with pytest.raises(DamagedPhoto, match="in tiles of"):
        decode(tiff_of(64, 80, 64), "p")


def test_what_is_decoded_is_counted():
    def count(data):
        with open_picture(io.BytesIO(data), "p", 150) as opened:
            return decoded_pixels(opened)

    assert decode(tiff_of(64, 1024, 512), "p").size == (64, 64)  # small enough
    assert count(tiff_of(64, 1024, 512)) == 64 * 64 + 1024 * 512
    image = smooth(1600, 1200)
    strips = encoded(image, "TIFF", compression="tiff_lzw", tiffinfo={278: 100})
    assert count(strips) == 1600 * (1200 + 100)
    assert count(encoded(image, "PNG")) == 1600 * 1200
    assert count(encoded(image, "JPEG")) == 200 * 150


MODES = {
    "1": {}, "L": {}, "LA": {}, "P": {}, "RGB": {}, "RGBA": {}, "I;16": {},
    "P with a transparent colour": {"transparency": 3}, "L with one": {"transparency": 3},
    "RGB with one": {"transparency": (3, 3, 3)},
}  # fmt: skip


def in_mode(mode: str) -> Image.Image:
    """A picture of 256 x 256 pixels with all values there are, and all transparencies."""
    ramp = np.arange(256 * 256, dtype=np.uint16).reshape(256, 256)
    if mode.startswith("I;16"):
        return Image.fromarray(ramp)
    grey = Image.fromarray((ramp % 256).astype(np.uint8))
    if mode == "P":
        return grey.convert("RGB").quantize(100)
    if mode in ("LA", "RGBA"):
        grey.putalpha(Image.fromarray((ramp // 256).astype(np.uint8)))
    return grey.convert(mode)


def in_one(image: Image.Image) -> Image.Image:
    """What `decode` makes of a picture, by the plain rule."""
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image).clip(0, 65535) / 257).round().astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


@pytest.mark.parametrize("part", [1, 256, 7 * 256, 1_000_000])
@pytest.mark.parametrize(
    ("name", "form"),
    [*((name, "PNG") for name in MODES), ("F", "TIFF"), ("I", "TIFF"), ("CMYK", "TIFF")],
)
def test_a_picture_in_parts_is_the_same_picture(name, form, part, monkeypatch):
    monkeypatch.setattr(images, "_PART", part)
    data = encoded(in_mode(name.split()[0]), form, **MODES.get(name, {}))
    with Image.open(io.BytesIO(data)) as opened:
        expected = in_one(opened)
    picture = decode(data, "p")
    assert (picture.mode, picture.size) == ("RGB", expected.size)
    assert picture.tobytes() == expected.tobytes()
    expected.thumbnail((100, 100), Image.Resampling.LANCZOS)
    assert decode(data, "p", longest_side=100).tobytes() == expected.tobytes()


MEASURED = """
import re, sys
from g3lite.support import decoding
from g3lite.support.images import decode

def peak():  # KiB, of this process alone
    return int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])

data = sys.stdin.buffer.read()
before = peak()
width, height = decode(data, "p").size
print(1024 * (peak() - before) / (width * height))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("mode", ["I;16", "LA", "RGBA", "P", "RGB"])
def test_a_picture_takes_the_memory_that_is_stated(mode):
    """8 bytes per pixel at most; here 1.5 more, for what does not grow with the picture."""
    image = in_mode(mode).resize((4000, 4000), Image.Resampling.NEAREST)
    more = {"transparency": 3} if mode == "P" else {}
    data = encoded(image, "PNG", compress_level=1, **more)
    done = subprocess.run([sys.executable, "-c", MEASURED], input=data, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert 4 < float(done.stdout) < 9.5


def test_lines_cost_the_other_photos_nothing(tiny):
    lines = {"1": png_of(90_000, 1), "3": png_of(1, 20_000)}
    whole = several(encoded(Image.fromarray(NOISE), "PNG"), 5)
    photos = replace(whole, source=lambda img_id: lines.get(img_id) or whole.source(img_id))
    with pytest.warns(UserWarning, match="skipped 2 of 5"):
        features = encode(tiny, photos, on_error="skip")
    assert features.ids == ["0", "2", "4"]
    assert all("too long and narrow" in reason for reason in features.skipped.values())


@pytest.mark.parametrize("where", ["read", "decode", "preprocess"])
def test_memory_that_runs_out_is_one_photos_failure(tiny, monkeypatch, where):
    marked = Image.new("RGB", (50, 41), "red")  # the others have another size

    def out_of_memory(image):
        if image.size == marked.size:
            raise MemoryError
        return image

    photos = photo_set(6)
    whole = photos.source

    def source(img_id):
        if img_id != photos.ids[2]:
            return whole(img_id)
        if where == "read":
            raise MemoryError
        return encoded(marked, "PNG")

    model = tiny
    if where == "decode":
        monkeypatch.setattr(images, "_upright", out_of_memory)
    elif where == "preprocess":
        model = replace(tiny, preprocess=lambda image: tiny.preprocess(out_of_memory(image)))
    reference = encode(tiny, photos, cache=False).vectors
    with pytest.warns(UserWarning, match="skipped 1 of 6"):
        features = encode(model, replace(photos, source=source), on_error="skip", cache=False)
    assert list(features.skipped) == [photos.ids[2]]
    assert "memory ran out" in features.skipped[photos.ids[2]]
    np.testing.assert_allclose(features.vectors, np.delete(reference, 2, axis=0), atol=1e-5)


# --- how many


def test_room_is_shared():
    room, inside, most = Room(10), [], []

    def visit(amount):
        with room.holding(amount):
            inside.append(amount)
            most.append(sum(inside))
            time.sleep(0.01)
            inside.remove(amount)

    visitors = [threading.Thread(target=visit, args=(n,)) for n in (4, 5, 6, 3, 10, 1, 2) * 3]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join(timeout=60)
    assert len(most) == 21 and 6 < max(most) <= 10
    assert room.enter(25) == 10  # more than there is: all of it, alone
    room.leave(10)
    with pytest.raises(KeyError), room.holding(10):
        raise KeyError
    assert room.enter(10) == 10  # it was left in spite of the error


def test_few_pictures_are_decoded_at_a_time(tiny, monkeypatch):
    photos = photo_set(40)
    pixels = int(np.prod(photos.image(photos.ids[0]).size))
    expected = encode(tiny, photos, cache=False).vectors
    monkeypatch.setattr(decoding, "AT_A_TIME", 3 * pixels)
    lock, alive, most = threading.Lock(), 0, 0

    def count(change):
        nonlocal alive, most
        with lock:
            alive += change
            most = max(most, alive)

    def counted(*args, **options):
        count(+1)
        time.sleep(0.002)
        return decode(*args, **options)

    def preprocess(picture):
        tensor = tiny.preprocess(picture)
        count(-1)
        return tensor

    monkeypatch.setattr(decoding, "decode", counted)
    features = encode(replace(tiny, preprocess=preprocess), photos, workers=8, cache=False)
    np.testing.assert_allclose(features.vectors, expected, atol=1e-5)
    assert alive == 0 and 2 <= most <= 3


def test_few_files_wait_to_be_decoded(tiny, monkeypatch):
    photos = photo_set(40)
    longest = max(len(photos.read(img_id)) for img_id in photos.ids)
    monkeypatch.setattr(decoding, "AHEAD", 5 * longest)
    begun, done, most = 0, 0, 0

    def source(img_id):
        nonlocal begun, most
        begun += 1
        most = max(most, begun - done)
        return photos.source(img_id)

    def preprocess(picture):
        nonlocal done
        time.sleep(0.005)
        tensor = tiny.preprocess(picture)
        done += 1
        return tensor

    model = replace(tiny, preprocess=preprocess)
    assert len(encode(model, replace(photos, source=source), workers=1, cache=False)) == 40
    assert most <= 5 + 2  # one that is read before it waits, and one that was just counted


def test_damaged_pictures_are_not_held(tiny, monkeypatch):
    class Picture:
        """What was decoded before the damage was found."""

    alive = weakref.WeakSet()

    def damaged(data, img_id, **options):
        picture = Picture()
        alive.add(picture)
        raise DamagedPhoto(img_id, "it is damaged") from KeyError(picture)

    monkeypatch.setattr(decoding, "decode", damaged)
    photos = photo_set(6)
    batches = list(decoding.decoding(photos.read, photos.ids, tiny.preprocess, 128, 4, 2))
    gc.collect()
    assert [error.reason for _, errors in batches for error in errors] == ["it is damaged"] * 6
    assert len(alive) == 0


# --- near the size that is needed


def test_jpegs_that_are_far_too_large_are_decoded_smaller():
    data = encoded(smooth(1600, 1200), "JPEG", quality=92)
    sizes = {side: decode(data, "p", shortest_side=side).size for side in (150, 600, 601, 1200)}
    assert sizes == {150: (200, 150), 600: (800, 600), 601: (1600, 1200), 1200: (1600, 1200)}
    assert decode(data, "p").size == (1600, 1200)
    png = encoded(smooth(1600, 1200), "PNG")
    assert decode(png, "p", shortest_side=150).size == (1600, 1200)


def test_turned_photos_are_decoded_smaller_and_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.new("RGB", (1600, 1200), "white")
    image.paste("black", (0, 0, 800, 1200))
    picture = decode(encoded(image, "JPEG", exif=exif), "p", shortest_side=600)
    assert picture.size == (600, 800)
    assert picture.getpixel((300, 20))[0] < 30 and picture.getpixel((300, 780))[0] > 225


def test_features_of_large_jpegs_are_as_good_as_those_of_the_full_size(tiny, monkeypatch):
    side = backbone.MARGIN * tiny.image_size
    photos = several(encoded(smooth(2 * side + 90, 2 * side), "JPEG", quality=92), 1)
    drafts = []
    draft = JpegImagePlugin.JpegImageFile.draft
    monkeypatch.setattr(
        JpegImagePlugin.JpegImageFile,
        "draft",
        lambda self, *args: (draft(self, *args), drafts.append(self.size))[0],
    )
    found = encode(tiny, photos).vectors
    assert set(drafts) == {(side + 45, side)}
    full = tiny.preprocess(photos.image("0"))[None]
    expected = unit_rows(tiny.encode(tiny.model.encode_image, full))
    assert float(found[0] @ expected[0]) > 0.9999


def test_features_of_other_pictures_are_those_of_the_full_size(tiny):
    side = 2 * backbone.MARGIN * tiny.image_size
    for data in (
        encoded(smooth(side + 90, side - 1), "JPEG", quality=92),
        encoded(smooth(2 * side, 2 * side), "PNG"),
    ):
        photos = several(data, 1)
        full = tiny.preprocess(photos.image("0"))[None]
        expected = unit_rows(tiny.encode(tiny.model.encode_image, full))
        np.testing.assert_array_equal(encode(tiny, photos).vectors, expected)


class Looking(LMM):
    """Notes the sizes of the pictures that it is asked about."""

    name = "looking"

    def __init__(self, longest_side):
        self.longest_side = longest_side
        self.sizes = set()

    def answer(self, jobs, keep):
        for job in jobs:
            self.sizes.add(job.image.size)
            keep(LMMResponse(job, job.samples, ("(1.0, 2.0)",) * len(job.samples)))


@pytest.mark.parametrize(
    ("longest_side", "size"), [(768, (768, 576)), (None, (1600, 1200)), (2000, (1600, 1200))]
)
def test_a_model_is_asked_about_pictures_of_the_size_it_reads(tmp_path, longest_side, size):
    photos, model = several(encoded(smooth(1600, 1200), "JPEG"), 2), Looking(longest_side)
    plan = PromptPlan(references=(0,), replies=1)
    table, report = ask(model, photos, plan, store=tmp_path / "store.sqlite", progress=False)
    assert model.sizes == {size} and report.failed == 0 and table["LAT"].notna().all()
    assert photos.image("0", longest_side).size == size


def test_large_pictures_make_short_windows(monkeypatch):
    monkeypatch.setattr(local, "WINDOW_PIXELS", 10_000)
    model = local.TransformersLMM.__new__(local.TransformersLMM)
    model.batch_size = 4

    def lengths(width):
        image = Image.new("RGB", (width, 100))
        jobs = iter([LMMRequest(str(i), image, Prompt("?", 0), 1.0, (0,)) for i in range(20)])
        found = []
        while window := model._window(jobs):
            found.append([job.img_id for job in window])
        assert sum(found, []) == [str(i) for i in range(20)]
        return [len(window) for window in found]

    assert lengths(1) == [16, 4]  # WINDOW jobs per reply of a batch
    assert lengths(50) == [2] * 10
    assert lengths(300) == [1] * 20


def test_minilmm_reads_small_pictures_under_the_name_of_its_recorded_replies():
    usual, chosen = load_lmm("minilmm"), load_lmm("minilmm", longest_side=100)
    assert (usual.longest_side, chosen.longest_side) == (512, 100)
    assert usual.name.endswith("(float32, max_new_tokens=32, seed=0)")
    assert chosen.name == usual.name.replace("seed=0", "seed=0, 100 px")
