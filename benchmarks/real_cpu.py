"""Time and memory of a real photo on the profile real-cpu: python benchmarks/real_cpu.py

GeoCLIP's real heads and places (40 MB, fetched by pip at first use), and CLIP ViT-L/14 with random
weights of the true size, so the places it prints mean nothing. Times are of the processor, so that
others on the machine do not count; the first photo makes the vectors of the 100,000 places.
"""

import resource
import tempfile
import time
from pathlib import Path

import g3lite  # noqa: F401  before torch or faiss, see there

# isort: split
import open_clip
import torch
from gpu import clip

from g3lite import miniearth, official
from g3lite.baselines.geoclip import ENCODER, HEAD, PLACES, WHEEL, GeoCLIP

PHOTOS = 4


def main() -> None:
    """Print the times."""
    package = WHEEL.unpacked()
    began = time.process_time()
    files = (package / name for name in (ENCODER, HEAD, PLACES))
    geoclip = GeoCLIP.from_files(clip(official.CLIP, "cpu"), *files)
    print(f"models made: {time.process_time() - began:.1f} s; {torch.get_num_threads()} threads")
    known = miniearth.load("validation", PHOTOS)
    with tempfile.TemporaryDirectory() as folder:
        for number, img_id in enumerate(known.ids):
            photo = Path(folder) / f"{number}.jpg"
            known.image(img_id).resize((1600, 1200)).save(photo)
            began = time.process_time()
            geoclip.locate(photo)
            print(f"photo {number}: {time.process_time() - began:.2f} s of processor time")
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB at most")
    print(f"open_clip {open_clip.__version__}, torch {torch.__version__}")


if __name__ == "__main__":
    main()
