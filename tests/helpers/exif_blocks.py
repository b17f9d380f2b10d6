"""EXIF blocks, written byte by byte so that wrong ones can be written as well."""

import struct

ASCII, SHORT, LONG, RATIONAL, SRATIONAL = 2, 3, 4, 5, 10
BERLIN = {
    1: (ASCII, "N"), 2: (RATIONAL, [(52, 1), (31, 1), (810, 100)]),
    3: (ASCII, "E"), 4: (RATIONAL, [(13, 1), (24, 1), (106, 100)]),
}  # fmt: skip


def directory(entries: dict, start: int) -> bytes:
    """A TIFF directory that lies at byte `start`, with its values behind it."""
    head, tail = struct.pack("<H", len(entries)), b""
    behind = start + 2 + 12 * len(entries) + 4
    for tag, (kind, value) in sorted(entries.items()):
        if kind == ASCII:
            data, count = value.encode() + b"\0", len(value) + 1
        elif kind in (RATIONAL, SRATIONAL):
            form = "<2I" if kind == RATIONAL else "<2i"
            data, count = b"".join(struct.pack(form, *pair) for pair in value), len(value)
        else:
            data, count = struct.pack("<H" if kind == SHORT else "<I", value), 1
        if len(data) > 4:
            data, tail = struct.pack("<I", behind + len(tail)), tail + data
        head += struct.pack("<HHI", tag, kind, count) + data.ljust(4, b"\0")
    return head + struct.pack("<I", 0) + tail


def exif_of(gps: dict | None = None, camera: dict | None = None, first: dict | None = None):
    """The EXIF block of a picture, written here so that wrong ones can be written as well."""
    first = dict(first or {})
    gps_at, camera_at = 1_000, 2_000
    if gps is not None:
        first[0x8825] = (LONG, gps_at)
    if camera is not None:
        first[0x8769] = (LONG, camera_at)
    data = b"II*\0" + struct.pack("<I", 8) + directory(first, 8)
    data = data.ljust(gps_at, b"\0") + directory(gps or {}, gps_at)
    return b"Exif\0\0" + data.ljust(camera_at, b"\0") + directory(camera or {}, camera_at)
