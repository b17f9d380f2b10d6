"""Pictures decoded by threads, in batches, while a model works on the batch before."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from PIL import Image

from g3lite.support.images import DamagedPhoto, Room, decode, decoded_pixels, open_picture

AT_A_TIME = 25_000_000
"""Pixels of decoded pictures that are in memory at a time (200 MB, their copies in RGB included); a
larger picture is decoded alone."""
AHEAD = 50_000_000
"""Bytes of picture files that are read before they are decoded; a larger file is read alone."""


def decoding(
    read: Callable[[str], bytes],
    img_ids: list[str],
    preprocess: Callable[[Image.Image], torch.Tensor],
    shortest_side: int,
    batch_size: int,
    workers: int,
) -> Iterator[tuple[dict[str, torch.Tensor], list[DamagedPhoto]]]:
    """Yield batches: whole pictures by IMG_ID, and what is wrong with the others.

    While a batch is in use, threads decode the next one. What is kept of a picture is the model's
    input; `AHEAD` and `AT_A_TIME` limit the files and the decoded pictures in memory.
    """
    waiting, decoded = Room(AHEAD), Room(AT_A_TIME)

    def start(img_id: str) -> Future[torch.Tensor]:
        try:
            data = read(img_id)
        except DamagedPhoto as error:
            absent: Future[torch.Tensor] = Future()
            absent.set_exception(error)
            return absent
        taken = waiting.enter(len(data))
        future = pool.submit(prepare, data, img_id)
        future.add_done_callback(lambda _: waiting.leave(taken))
        return future

    def prepare(data: bytes, img_id: str) -> torch.Tensor:
        try:
            with open_picture(io.BytesIO(data), img_id, shortest_side) as header:
                pixels = decoded_pixels(header)
            with decoded.holding(pixels):
                return preprocess(decode(data, img_id, shortest_side=shortest_side))
        except DamagedPhoto as error:
            reason = error.reason
        except MemoryError:
            reason = "memory ran out"
        raise DamagedPhoto(img_id, reason)  # a new one: the other's traceback holds the picture

    def finish(
        batch: dict[str, Future[torch.Tensor]],
    ) -> tuple[dict[str, torch.Tensor], list[DamagedPhoto]]:
        pictures, damaged = {}, []
        for img_id, picture in batch.items():
            try:
                pictures[img_id] = picture.result()
            except DamagedPhoto as error:
                damaged.append(error)
        return pictures, damaged

    with ThreadPoolExecutor(workers or min(8, os.cpu_count() or 1)) as pool:
        started = None
        for first in range(0, len(img_ids), batch_size):
            following = {img_id: start(img_id) for img_id in img_ids[first : first + batch_size]}
            if started:
                yield finish(started)
            started = following
        if started:
            yield finish(started)
