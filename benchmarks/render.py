"""How long one MiniEarth photo takes to draw, on one core.

    python benchmarks/render.py [PHOTOS]

Prints the median and the 90th percentile in milliseconds: the scene, its picture at 128 and at
512 pixels, and the JPEG.
"""

import sys
import time

import numpy as np

from g3lite import miniearth
from g3lite.miniearth import splits
from g3lite.miniearth.render import draw


def main(n: int) -> None:
    """Draw `n` photos and print the times."""
    ids = list(splits.sample("benchmark", n))
    steps = {"scene": [], "draw 128": [], "draw 512": [], "draw 128 + JPEG": []}
    for i, img_id in enumerate([*ids[:20], *ids]):  # twenty photos to warm the caches
        t0 = time.perf_counter()
        scene = miniearth.scene_of(img_id)
        t1 = time.perf_counter()
        miniearth.draw(scene, 128)
        t2 = time.perf_counter()
        if i % 5 == 0:
            miniearth.draw(scene, 512)
            t3 = time.perf_counter()
            steps["draw 512"].append(t3 - t2)
        t3 = time.perf_counter()
        draw.encode(scene, 128)
        t4 = time.perf_counter()
        if i >= 20:
            steps["scene"].append(t1 - t0)
            steps["draw 128"].append(t2 - t1)
            steps["draw 128 + JPEG"].append(t4 - t3)
    print(f"{n} photos, one core, milliseconds: median (90th percentile)")
    for name, seconds in steps.items():
        middle, high = 1000 * np.percentile(seconds, [50, 90])
        print(f"{name:>16} {middle:7.2f} ({high:.2f})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
