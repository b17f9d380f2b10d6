"""g3lite: G3, retrieval-augmented worldwide image geolocalization, in a small readable package.

Each module is one step of the method (arXiv 2405.14702); the notebooks walk through them in order.
"""

import os
from importlib.metadata import PackageNotFoundError, version

# Idle OpenMP threads must not spin: torch and faiss each bring a runtime, and they share the cores.
# A runtime reads this when it is loaded, so g3lite is imported before torch and faiss (as in the
# notebooks); after them it would have no effect.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

try:
    __version__ = version("g3lite")
except PackageNotFoundError:  # imported from a source tree that was never installed
    __version__ = "0+source"


class G3Error(Exception):
    """Something the user can put right; the command line prints it without a traceback."""
