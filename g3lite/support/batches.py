"""Work in batches that fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from accelerate.utils.memory import clear_device_cache, should_reduce_batch_size

Result = TypeVar("Result")


def in_batches(
    work: Callable[[Sequence], Result], rows: Sequence, size: int
) -> Iterator[tuple[Result, int]]:
    """Work through rows, at most `size` at a time; `size` is halved when memory runs out.

    Yields what `work` gives for each batch, in order, and the size that fits.

    Raises:
        RuntimeError: that of `work`, if it is another one, or a single row does not fit.
    """
    start = 0
    while start < len(rows):
        batch = rows[start : start + size]
        try:
            result = work(batch)
        except RuntimeError as error:
            if len(batch) == 1 or not should_reduce_batch_size(error):
                raise
            result = None
        if result is None:  # out here nothing refers any more to what filled the memory
            size = len(batch) // 2
            clear_device_cache(garbage_collection=True)
            continue
        yield result, size
        start += len(batch)
