"""A small MP16-Pro in its true format: a table, and an archive of photos in pieces."""

import io
import tarfile

import numpy as np
from PIL import Image

MP16 = "Jia-py/MP16-Pro"
HEADER = (
    "IMG_ID,AUTHOR,LAT,LON,S3_Label,S16_Label,S365_Label,Prob_indoor,Prob_natural,Prob_urban,"
    "neighbourhood,city,county,state,region,country,country_code,continent"
)


def jpeg(k: int) -> bytes:
    """A small picture, another one for every k."""
    noise = np.random.default_rng(k).integers(0, 255, (24, 24, 3), dtype=np.uint8)
    data = io.BytesIO()
    Image.fromarray(noise).save(data, "JPEG", quality=90)
    return data.getvalue()


def tar_of(members: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        folder = tarfile.TarInfo("./images")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return data.getvalue()


def split(data: bytes, pieces: int) -> dict[str, bytes]:
    size = -(-len(data) // pieces)
    return {f"mp-16-images{k:02d}": data[k * size : (k + 1) * size] for k in range(pieces)}


def row(k: int) -> str:
    city = "" if k % 2 else "Windhoek"
    return f"a_{k:03d}.jpg,{k % 5}@N00,{-22.5 - k / 100},{17 + k / 100},0,1,2,,,,,{city},,,,,na,"
