"""Loaded by `make test` before any plugin, to spare every process seconds of imports.

jsonschema, which comes with nbformat, would build a grammar of international web addresses (3 s of
one core) for a format that no notebook uses; it does without where the package is missing.
"""

import sys

sys.modules["rfc3987_syntax"] = None
