"""Encoded pictures, from any source: opened within limits, decoded, upright and RGB.

Pictures come from strangers. Only the formats in `FORMATS` are opened: Pillow knows many more, and
for some of them it starts other programs. A file of a few kilobytes may claim a picture of
gigabytes, so its size and its shape are checked before anything is decoded. Whatever is wrong ends
in a `DamagedPhoto`.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, TiffImagePlugin, UnidentifiedImageError

from g3lite import G3Error

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif"}
)
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "HEIF")
"""The formats that are opened, by Pillow's names (JPEG includes MPO). EPS is not among them: Pillow
gives the program in such a file to Ghostscript, whatever the file is called."""
KINDS = "JPEG, PNG, WebP, TIFF, GIF, BMP, AVIF or HEIC"
"""The same in words, for messages."""
MAX_BYTES = 200_000_000
"""Largest file that is taken for a picture."""
MAX_PIXELS = 100_000_000
"""Largest picture that is decoded: 800 MB, for Pillow keeps four bytes per pixel, of the picture as
it is in the file and of its copy in RGB. Some decoders need half of that once more."""
MAX_BLOCK = 4_000_000
"""Largest tile of a TIFF in pixels, unless the picture is large itself: then 4 times the picture. A
tile is decoded whole, however little of it is inside of the picture."""
MAX_ASPECT = 100
"""Longest picture that is decoded: so many times as long as wide. Models scale the short side to
their input, a line of pixels too, and the long side grows with it: at 224 pixels a picture of
1 x 20,000 would take 4 GB, one of 1 x 100 takes 20 MB. Panoramas have an aspect ratio below 20."""

_PART = 1_000_000  # pixels that are converted to RGB at a time
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_AVIF_BRANDS = (b"avif", b"avis")


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


def is_picture(name: str) -> bool:
    """Whether a file of this name is taken for a picture."""
    return Path(name).suffix.lower() in SUFFIXES


def find_pictures(folder: str | Path) -> list[Path]:
    """The picture files in a folder and in the folders below it; hidden ones are passed over."""
    folder = Path(folder)
    return sorted(
        path
        for path in folder.rglob("*")
        if is_picture(path.name)
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )


def read_bytes(path: Path) -> bytes:
    """The contents of a picture file. Raises OSError if there is none, or if it is too large."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise OSError(f"{size / 1e6:,.0f} MB is too large for a picture; make it smaller")
    return path.read_bytes()


def open_picture(
    file: Path | io.BytesIO, img_id: str, shortest_side: int | None = None
) -> Image.Image:
    """Open a picture: its header is read, its pixels are not.

    HEIC is read if Pillow's plug-in `pillow-heif` is installed, AVIF if Pillow was built with it.

    Args:
        file: a path, or what a file holds.
        img_id: the photo's IMG_ID, for messages.
        shortest_side: a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size, which takes a part of
            the time and of the memory, as long as no side gets shorter than so many pixels.
            None: at its full size.

    Raises:
        DamagedPhoto: it is not a picture in one of the `FORMATS`, has more than `MAX_PIXELS`
            pixels, is more than `MAX_ASPECT` times as long as wide, or has far larger tiles than
            itself.
    """
    try:
        image = _open(file)
    except UnidentifiedImageError as error:
        raise DamagedPhoto(img_id, _not_read(file)) from error
    except Image.DecompressionBombError as error:
        raise DamagedPhoto(img_id, f"it is too large ({error}); make it smaller") from error
    except Exception as error:  # On damaged data Pillow's readers raise nearly anything.
        raise DamagedPhoto(img_id, f"it cannot be opened ({_words(error)})") from error
    width, height = image.size
    reason = ""
    if width * height > MAX_PIXELS:
        reason = f"more than {MAX_PIXELS / 1e6:.0f} million; make it smaller"
    elif max(width, height) > MAX_ASPECT * min(width, height):
        reason = f"too long and narrow (at most {MAX_ASPECT} to 1); cut a part out of it"
    elif _block(image) > min(max(MAX_BLOCK, 4 * width * height), MAX_PIXELS):
        reason = f"in tiles of {_block(image) / 1e6:,.0f} million; save it without tiles"
    if reason:
        image.close()
        raise DamagedPhoto(img_id, f"{width} x {height} pixels are {reason}")
    if shortest_side and image.format in ("JPEG", "MPO"):
        image.draft(None, (shortest_side, shortest_side))
    return image


def decoded_pixels(image: Image.Image) -> int:
    """Pixels that are decoded for an opened picture: its own, and a tile or strip of a TIFF."""
    return image.width * image.height + _block(image)


def decode(
    data: bytes,
    img_id: str,
    longest_side: int | None = None,
    shortest_side: int | None = None,
) -> Image.Image:
    """Decode a picture in one of the `FORMATS` into an upright 8-bit RGB image.

    The EXIF orientation is applied, 16-bit grey is scaled down and transparency is laid on white.

    Args:
        data: the encoded picture.
        img_id: the photo's IMG_ID, for messages.
        longest_side: larger pictures are made smaller, to so many pixels; None for as they are.
        shortest_side: as for `open_picture`.

    Raises:
        DamagedPhoto: the data are empty, truncated, not a picture, too large or too long a picture,
            or memory ran out.
    """
    image = open_picture(io.BytesIO(data), img_id, shortest_side)
    try:
        image.load()
        picture = _rgb(_upright(image))
        if longest_side is not None:
            picture.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
        return picture
    except Exception as error:  # On damaged data Pillow's readers raise nearly anything.
        raise DamagedPhoto(img_id, f"it cannot be decoded ({_words(error)})") from error


def at_most(image: Image.Image, longest_side: int | None) -> Image.Image:
    """The picture, made smaller if a side is longer (None: as it is)."""
    if longest_side is None or max(image.size) <= longest_side:
        return image
    smaller = image.copy()
    smaller.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    return smaller


class Room:
    """Room for a limited amount of something, such as pixels in memory, shared by threads.

    Args:
        size: how much fits at a time.
    """

    def __init__(self, size: int) -> None:
        self._size = self._free = size
        self._changed = threading.Condition()

    def enter(self, amount: int) -> int:
        """Wait until there is room, and take it. More than `size` has the room for itself alone.

        Returns:
            What was taken, which is to be given to `leave`.
        """
        amount = min(amount, self._size)
        with self._changed:
            self._changed.wait_for(lambda: amount <= self._free)
            self._free -= amount
        return amount

    def leave(self, amount: int) -> None:
        """Give back what was taken."""
        with self._changed:
            self._free += amount
            self._changed.notify_all()

    @contextmanager
    def holding(self, amount: int) -> Iterator[None]:
        """Enter, and leave at the end of the block."""
        taken = self.enter(amount)
        try:
            yield
        finally:
            self.leave(taken)


def _open(file: Path | io.BytesIO) -> Image.Image:
    if _brand(file) in _HEIF_BRANDS and find_spec("pillow_heif"):
        import_module("pillow_heif").register_heif_opener()
    Image.init()
    return Image.open(file, formats=[name for name in FORMATS if name in Image.OPEN])


def _brand(file: Path | io.BytesIO) -> bytes:
    """What a file says to be that is built like an MPEG-4 video, as HEIC and AVIF are; else b""."""
    if isinstance(file, Path):
        with open(file, "rb") as stream:
            head = stream.read(12)
    else:
        head = bytes(file.getbuffer()[:12])
    return head[8:12] if head[4:8] == b"ftyp" else b""


def _whole(file: Path | io.BytesIO) -> bool:
    """Whether a HEIC file is built of boxes up to its end, one of them with its contents."""
    data = file.read_bytes() if isinstance(file, Path) else file.getvalue()
    kinds, start = set(), 0
    while start + 8 <= len(data):
        size = int.from_bytes(data[start : start + 4])
        kinds.add(data[start + 4 : start + 8])
        if size == 1:  # the size is a longer number, behind the kind
            size = int.from_bytes(data[start + 8 : start + 16])
        size = size or len(data) - start  # 0: up to the end
        if size < 8:
            return False
        start += size
    return start == len(data) and b"meta" in kinds


def _not_read(file: Path | io.BytesIO) -> str:
    """Why no format recognised a file."""
    brand = _brand(file)
    if brand in _HEIF_BRANDS and not find_spec("pillow_heif") and _whole(file):
        return "it is a HEIC picture: pip install pillow-heif, or convert it to JPEG"
    if brand in _AVIF_BRANDS and ".avif" not in Image.registered_extensions():
        return "it is an AVIF picture: pip install --upgrade pillow, or convert it to JPEG"
    if brand in _HEIF_BRANDS + _AVIF_BRANDS:
        return f"it is a damaged {'HEIC' if brand in _HEIF_BRANDS else 'AVIF'} picture"
    size = file.stat().st_size if isinstance(file, Path) else len(file.getbuffer())
    return f"its {size} bytes are not a picture ({KINDS})"


def _words(error: Exception) -> str:
    return "memory ran out" if isinstance(error, MemoryError) else str(error)


def _upright(image: Image.Image) -> Image.Image:
    try:
        ImageOps.exif_transpose(image, in_place=True)  # which spares a copy where nothing turns
    except Exception:  # Broken EXIF says nothing about the picture, which is whole: show it as is.
        pass
    return image


def _block(image: Image.Image) -> int:
    """Pixels in a tile, or in a strip, of an opened TIFF; 0 for other formats."""
    if image.format != "TIFF":
        return 0
    tags = image.tag_v2
    if TiffImagePlugin.TILEWIDTH in tags or TiffImagePlugin.TILELENGTH in tags:
        sides = (tags.get(TiffImagePlugin.TILEWIDTH, 1), tags.get(TiffImagePlugin.TILELENGTH, 1))
        return int(np.max(sides[0])) * int(np.max(sides[1]))  # a tag may hold several numbers
    rows = int(np.max(tags.get(TiffImagePlugin.ROWSPERSTRIP, image.height)))
    return image.width * min(rows, image.height)


def _rgb(image: Image.Image) -> Image.Image:
    """A copy in RGB, made in parts: what is between the two modes takes little memory."""
    if image.mode == "RGB" and not image.has_transparency_data:
        return image.copy()
    picture = Image.new("RGB", image.size)
    rows = max(1, _PART // image.width)
    for top in range(0, image.height, rows):
        box = (0, top, image.width, min(top + rows, image.height))
        picture.paste(_part_in_rgb(image.crop(box)), box)
    return picture


def _part_in_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit grey, which Pillow would clip to 8 bits, not scale
        image = Image.fromarray((np.asarray(image).clip(0, 65535) / 257).round().astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")
