"""g3lite: G3, retrieval-augmented worldwide image geolocalization, in a small readable package.

The steps of the method (arXiv 2405.14702) are the files beside this one, with a few that they need,
such as `photos` and `geo`. Everything else has a folder of its own. To begin with:

    import g3lite
    print(g3lite.G3.from_pretrained().locate("photo.jpg"))
"""

import os
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

# Idle OpenMP threads must not spin: torch and faiss each bring a runtime, and they share the cores.
# A runtime reads this when it is loaded, so g3lite is imported before torch and faiss (as in the
# notebooks); after them it would have no effect.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if sys.platform == "darwin":
    # On a Mac both bring LLVM's runtime. The second one to be loaded ends the process unless this
    # variable allows it, and with more than one thread the two crash in each other's memory.
    os.environ.setdefault("KMP_DUPLICATE_LIB_OK", "TRUE")
    os.environ.setdefault("OMP_NUM_THREADS", "1")

try:
    __version__ = version("g3lite")
except PackageNotFoundError:  # imported from a source tree that was never installed
    __version__ = "0+source"

__all__ = ["G3", "G3Error", "PhotoSet", "Prediction", "load_photos"]
_MODULES = {
    "G3": "g3lite.presets",
    "PhotoSet": "g3lite.photos",
    "Prediction": "g3lite.pipeline",
    "load_photos": "g3lite.datasets.load",
}
"""Where the names above are from. Their modules take seconds to import, so first use does it."""


class G3Error(Exception):
    """Something the user can put right; the command line prints it without a traceback."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'g3lite' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
