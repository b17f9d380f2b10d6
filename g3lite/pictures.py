"""Encoded pictures, from any source: opened within limits, decoded, upright and RGB.

Pictures come from strangers. A file of a few kilobytes may claim a picture of gigabytes, so its
size is looked at before anything is decoded, and whatever is wrong ends in a `DamagedPhoto`.
"""

from __future__ import annotations

import io
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from g3lite import G3Error

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif"}
)
MAX_BYTES = 200_000_000
"""Largest file that is taken for a picture."""
MAX_PIXELS = 100_000_000
"""Largest picture that is decoded: 300 MB of RGB."""

_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


class DamagedPhoto(G3Error):
    """A picture that is absent or cannot be decoded.

    Attributes:
        img_id: the photo's IMG_ID.
        reason: what is wrong with it, in words.
    """

    def __init__(self, img_id: str, reason: str) -> None:
        super().__init__(img_id, reason)
        self.img_id = img_id
        self.reason = reason

    def __str__(self) -> str:
        return f"photo {self.img_id!r}: {self.reason}"


def find_pictures(folder: str | Path) -> list[Path]:
    """The picture files in a folder and in the folders below it; hidden ones are passed over."""
    folder = Path(folder)
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )


def read_bytes(path: Path) -> bytes:
    """The contents of a picture file. Raises OSError if there is none, or if it is too large."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise OSError(f"{size / 1e6:,.0f} MB is too large for a picture; make it smaller")
    return path.read_bytes()


def open_picture(file: Path | io.BytesIO, img_id: str) -> Image.Image:
    """Open a picture: its header is read, its pixels are not.

    HEIC is read if Pillow's plug-in `pillow-heif` is installed.

    Raises:
        DamagedPhoto: it is not a picture, or has more than `MAX_PIXELS` pixels.
    """
    try:
        image = _open(file)
    except UnidentifiedImageError as error:
        size = len(file.getbuffer()) if isinstance(file, io.BytesIO) else file.stat().st_size
        reason = f"its {size} bytes are not a picture"
        if _is_heif(file):
            reason = "it is a HEIC picture: pip install pillow-heif, or convert it to JPEG"
        raise DamagedPhoto(img_id, reason) from error
    except Image.DecompressionBombError as error:
        raise DamagedPhoto(img_id, f"it is too large ({error}); make it smaller") from error
    except Exception as error:  # On damaged data Pillow's readers raise nearly anything.
        raise DamagedPhoto(img_id, f"it cannot be opened ({error})") from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        image.close()
        raise DamagedPhoto(
            img_id,
            f"{width} x {height} pixels are more than {MAX_PIXELS / 1e6:.0f} million; "
            "make it smaller",
        )
    return image


def decode(data: bytes, img_id: str) -> Image.Image:
    """Decode a picture of any kind that Pillow reads into an upright 8-bit RGB image.

    The EXIF orientation is applied, 16-bit grey is scaled down and transparency is laid on white.

    Raises:
        DamagedPhoto: the data are empty, truncated, not a picture or too large a picture.
    """
    image = open_picture(io.BytesIO(data), img_id)
    try:
        image.load()
        return _rgb(_upright(image))
    except Exception as error:  # On damaged data Pillow's readers raise nearly anything.
        raise DamagedPhoto(img_id, f"it cannot be decoded ({error})") from error


def _open(file: Path | io.BytesIO) -> Image.Image:
    try:
        return Image.open(file)
    except UnidentifiedImageError:
        if not _is_heif(file) or find_spec("pillow_heif") is None:
            raise
        import_module("pillow_heif").register_heif_opener()
        return Image.open(file)


def _is_heif(file: Path | io.BytesIO) -> bool:
    if isinstance(file, Path):
        with open(file, "rb") as stream:
            head = stream.read(12)
    else:
        head = bytes(file.getbuffer()[:12])
    return head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # Broken EXIF says nothing about the picture, which is whole: show it as is.
        return image


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit grey, which Pillow would clip to 8 bits, not scale
        image = Image.fromarray((np.asarray(image).clip(0, 65535) / 257).round().astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")
