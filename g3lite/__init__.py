"""g3lite: G3, retrieval-augmented worldwide image geolocalization, in a small readable package.

Each module is one step of the method (arXiv 2405.14702); the notebooks walk through them in order.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("g3lite")
except PackageNotFoundError:  # imported from a source tree that was never installed
    __version__ = "0+source"


class G3Error(Exception):
    """Something the user can put right; the command line prints it without a traceback."""
