"""What it costs to start: CPU seconds of one process, all its threads, median of five.

    python benchmarks/startup.py

`g3lite locate` locates one photo on the profile ci, with everything in the cache that it keeps
there; next to it stand the imports that it cannot do without.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from g3lite import miniearth

REPEATS = 5
IMPORTS = (
    "import torch",
    "import torch, torchvision, timm, open_clip; from transformers import AutoProcessor, "
    "AutoModelForImageTextToText; from transformers.models.fast_vlm import modeling_fast_vlm",
)


def cpu_seconds(arguments: list[str]) -> float:
    """User and system time of a Python process."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "G3LITE_PROFILE": ""}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, env=environment, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print a line per way to start."""
    photos = miniearth.load("validation", 1)
    command = ["-m", "g3lite.cli"]
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / photos.ids[0]
        photo.write_bytes(photos.read(photo.name))
        locate = [*command, "locate", str(photo), "--profile", "ci"]
        cpu_seconds(locate)  # fills the cache
        ways = {
            "import g3lite": ["-c", "import g3lite"],
            "g3lite --version": [*command, "--version"],
            "g3lite --help": [*command, "--help"],
            "g3lite info": [*command, "info"],
            "g3lite locate": locate,
            **{code: ["-c", code] for code in IMPORTS},
        }
        for name, arguments in ways.items():
            seconds = [cpu_seconds(arguments) for _ in range(REPEATS)]
            print(f"{statistics.median(seconds):6.2f} s  {name}", flush=True)


if __name__ == "__main__":
    main()
