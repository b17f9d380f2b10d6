"""Plain values as JSON and back: what crosses between the grader and a student's code.

No pickle, which runs code when it is read. Subclasses become plain: an array that calls itself
equal to everything arrives as an ordinary array.
"""

from __future__ import annotations

import base64
import io
import json
import math
import struct
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

MAX_BYTES = 256 * 2**20
"""The most that one message may have."""
_LOSSES = "torch.nn.functional"  # its losses go by their names: the only functions that can be sent


class Unsendable(TypeError):
    """A value that is no number, text, array, table, or a collection of these."""


def send(stream: BinaryIO, message: dict[str, Any]) -> None:
    """Write a message of plain JSON: its length in eight bytes, then its text."""
    data = json.dumps(message).encode()
    stream.write(struct.pack(">Q", len(data)) + data)
    stream.flush()


def receive(stream: BinaryIO) -> dict[str, Any] | None:
    """Read a message; None where the stream has ended.

    Raises:
        ValueError: it is too long, was cut off, or is no JSON object.
    """
    head = stream.read(8)
    if not head:
        return None
    (length,) = struct.unpack(">Q", head.ljust(8, b"\xff"))
    if length > MAX_BYTES:
        raise ValueError(f"a message of {length:,} bytes, and {MAX_BYTES:,} are allowed")
    message = json.loads(stream.read(length))
    if not isinstance(message, dict):
        raise ValueError("a message that is no object")
    return message


def encode(value: Any) -> Any:
    """Turn a value into what JSON can hold.

    Raises:
        Unsendable: it cannot be.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return "".join(value)
    if value is ...:
        return {"is": "ellipsis"}
    if isinstance(value, np.generic):
        return {"is": "scalar", "of": _array(np.asarray(value))}
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"is": "float", "of": repr(float(value))}
    if isinstance(value, complex):
        return {"is": "complex", "of": [value.real, value.imag]}
    if isinstance(value, bytes):
        return {"is": "bytes", "of": base64.b64encode(value).decode()}
    for name, kinds in _COLLECTIONS.items():
        if isinstance(value, kinds):
            return {"is": name, "of": [encode(one) for one in value]}
    if isinstance(value, dict):
        return {"is": "dict", "of": [[encode(key), encode(one)] for key, one in value.items()]}
    if isinstance(value, np.ndarray):
        return {"is": "array", "of": _array(value)}
    return _other(value)


def decode(value: Any) -> Any:
    """Turn what `encode` gave into the value again.

    Raises:
        ValueError: it is nothing that `encode` gives.
    """
    if not isinstance(value, dict):
        if value is None or isinstance(value, (bool, str, int, float)):
            return value
        raise ValueError(f"{value!r} is no encoded value")
    try:
        return _DECODERS[value["is"]](value.get("of"))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{str(value)[:80]} is no encoded value") from error


_COLLECTIONS = {"tuple": tuple, "list": list, "set": (set, frozenset)}


def _array(array: np.ndarray) -> Any:
    if array.dtype.hasobject:
        return [list(array.shape), [encode(one) for one in array.ravel().tolist()]]
    stream = io.BytesIO()
    np.save(stream, np.asarray(array), allow_pickle=False)
    return base64.b64encode(stream.getvalue()).decode()


def _read_array(of: Any) -> np.ndarray:
    if isinstance(of, str):
        return np.lib.format.read_array(io.BytesIO(base64.b64decode(of)), allow_pickle=False)
    shape, values = of
    array = np.empty(len(values), dtype=object)
    for place, one in enumerate(values):
        array[place] = decode(one)
    return array.reshape(shape)


def _other(value: Any) -> Any:
    """Tables of pandas, tensors, losses: their packages are loaded where there is such a value."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if kind.startswith("torch.") and hasattr(value, "detach"):
        return {"is": "tensor", "of": _array(value.detach().cpu().numpy())}
    if kind.startswith("pandas."):
        import pandas as pd

        if value is pd.NA or value is pd.NaT:
            return {"is": "NA"}
        if isinstance(value, pd.DataFrame):
            columns = [_column(value.iloc[:, place]) for place in range(value.shape[1])]
            names = [encode(name) for name in value.columns]
            return {"is": "table", "of": [_column(value.index), names, columns]}
        if isinstance(value, pd.Series):
            return {
                "is": "series",
                "of": [_column(value.index), encode(value.name), _column(value)],
            }
        if isinstance(value, pd.Index) and not isinstance(value, pd.MultiIndex):
            return {"is": "index", "of": _column(value)}
        if isinstance(value, pd.api.extensions.ExtensionArray):
            return {"is": "series", "of": [_column(pd.RangeIndex(len(value))), None,
                                           _column(pd.Series(value))]}  # fmt: skip
    if getattr(value, "__module__", "") == _LOSSES and value.__name__.endswith("_loss"):
        return {"is": "loss", "of": value.__name__}
    raise Unsendable(f"a value of type {kind} cannot be passed on")


def _column(values: Any) -> Any:
    """A column or an index: its dtype, and its values."""
    if isinstance(values.dtype, np.dtype):
        return ["", _array(values.to_numpy())]
    listed = [encode(one) for one in values.tolist()]
    return [str(values.dtype), [[len(listed)], listed]]


def _read_column(of: Any) -> Any:
    import pandas as pd

    dtype, values = of
    array = _read_array(values)
    return pd.array(array.tolist(), dtype=dtype) if dtype else array


def _read_pandas(kind: str, of: Any) -> Any:
    import pandas as pd

    if kind == "NA":
        return pd.NA
    if kind == "index":
        return pd.Index(_read_column(of))
    index, name, columns = of
    if kind == "series":
        return pd.Series(_read_column(columns), index=_read_column(index), name=decode(name))
    table = pd.DataFrame(dict(enumerate(map(_read_column, columns))), index=_read_column(index))
    table.columns = pd.Index([decode(one) for one in name])
    return table


def _read_tensor(of: Any) -> Any:
    import torch

    return torch.from_numpy(_read_array(of))


def _read_loss(of: Any) -> Any:
    from torch.nn import functional

    if not of.endswith("_loss"):
        raise ValueError(f"{of!r} is no loss of torch")
    return getattr(functional, of)


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "ellipsis": lambda of: ...,
    "scalar": lambda of: _read_array(of)[()],
    "float": float,
    "complex": lambda of: complex(*of),
    "bytes": base64.b64decode,
    "tuple": lambda of: tuple(map(decode, of)),
    "list": lambda of: list(map(decode, of)),
    "set": lambda of: set(map(decode, of)),
    "dict": lambda of: {decode(key): decode(one) for key, one in of},
    "array": _read_array,
    "tensor": _read_tensor,
    "loss": _read_loss,
    **{
        kind: (lambda of, kind=kind: _read_pandas(kind, of))
        for kind in ("NA", "table", "series", "index")
    },
}
