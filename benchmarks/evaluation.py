"""What `g3lite evaluate` takes: seconds and peak memory for tables of 10^4, 10^5 and 10^6 photos.

    OMP_NUM_THREADS=1 python benchmarks/evaluation.py [ROWS ...]

The tables are made up: answers that are off by 0.1 to 10,000 km, a tenth of the photos without one,
no photographers, so that every photo is resampled for itself. Each runs in a process of its own.
On one core of a small server that had other work: 6 s and 0.5 GB, 1 minute and 0.5 GB, 20 minutes
and 0.9 GB.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from g3lite import geo
from g3lite.cli import main


def synthesise(path: Path, rows: int) -> None:
    """Write a table of truth and predictions."""
    rng = np.random.default_rng(0)
    truth = np.column_stack([rng.uniform(-60, 70, rows), rng.uniform(-180, 180, rows)])
    answers = geo.offset(truth, rng.uniform(0, 360, rows), 10 ** rng.uniform(-1, 4, rows))
    answers[rng.random(rows) < 0.1] = np.nan
    table = pd.DataFrame(
        np.hstack([truth, answers]), columns=["LAT", "LON", "LAT_pred", "LON_pred"]
    )
    table.insert(0, "IMG_ID", [f"{k:09d}.jpg" for k in range(rows)])
    table.round(6).to_csv(path, index=False)


def measure(path: Path) -> None:
    """Score the table in this process, and print what that took."""
    began = time.perf_counter()
    try:
        main.main(["evaluate", str(path)])
    except SystemExit as end:
        assert not end.code, end.code
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{took:.0f} s, peak memory {peak:.2f} GB", flush=True)


def run() -> None:
    """Make the tables, and measure each in a process of its own."""
    if sys.argv[1:2] == ["--measure"]:
        return measure(Path(sys.argv[2]))
    for rows in map(int, sys.argv[1:] or ("10000", "100000", "1000000")):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{rows}.csv"
            synthesise(path, rows)
            subprocess.run([sys.executable, __file__, "--measure", str(path)], check=True)


if __name__ == "__main__":
    run()
