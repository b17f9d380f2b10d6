"""What MP16-Pro's table takes: a made-up one of its full size is read, indexed and filtered.

    OMP_NUM_THREADS=1 python benchmarks/photo_tables.py [ROWS]

Writes a table of 4,122,119 rows (ids in the form of the real ones, the other columns from
MiniEarth's gallery, over and over) to a temporary folder, about 0.5 GB, and prints seconds and peak
memory of a process that reads it all, looks up 20,000 ids, and keeps the rows of ten countries.
On one core of a small server: 23 s, 2.3 GB.
"""

import gzip
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from g3lite.datasets import tables
from g3lite.paths import shipped

ROWS = 4_122_119


def synthesise(path: Path, rows: int) -> None:
    """Write a table in the form of MP16_Pro_places365.csv."""
    with gzip.open(shipped("miniearth/gallery.csv.gz"), "rt", encoding="utf-8") as file:
        text = file.read()
    header, *gallery = text.splitlines()
    rests = [line.partition(",")[2] for line in gallery]
    with open(path, "w", encoding="utf-8") as file:
        file.write(header + "\n")
        for k in range(rows):
            name = f"{k % 256:02x}/{k // 256 % 256:02x}/{10**9 + k}.jpg"
            file.write(f"{name},{rests[k % len(rests)]}\n")


def measure(path: Path) -> None:
    """Read the table in this process, use it, and print what that took."""
    start = time.perf_counter()
    table = tables.read(path, on_bad="skip")
    read = time.perf_counter()
    indexed = table.set_index("IMG_ID", drop=False)
    wanted = table["IMG_ID"].sample(20_000, random_state=0).tolist()
    found = indexed.loc[wanted]
    looked_up = time.perf_counter()
    few = table[table["country_code"].isin(table["country_code"].unique()[:10])]
    filtered = time.perf_counter()
    assert found["IMG_ID"].tolist() == wanted and np.isfinite(few["LAT"]).all()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{len(table):,} rows: read in {read - start:.0f} s")
    print(f"{len(wanted):,} ids found in {looked_up - read:.1f} s, index included")
    print(f"{len(few):,} rows of ten countries kept in {filtered - looked_up:.1f} s")
    print(f"peak memory {peak:.1f} GB")


def main() -> None:
    """Make the table, and measure in a process of its own."""
    if len(sys.argv) > 2:
        return measure(Path(sys.argv[2]))
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "MP16_Pro_places365.csv"
        synthesise(path, rows)
        print(f"a table of {path.stat().st_size / 1e9:.2f} GB")
        subprocess.run([sys.executable, __file__, str(rows), str(path)], check=True)


if __name__ == "__main__":
    main()
