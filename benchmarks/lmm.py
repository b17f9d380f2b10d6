"""How many replies a second come: in batches against one by one, and from an API.

    python benchmarks/lmm.py [PHOTOS] [MODEL]

Prints the replies per second of a model on this machine (a folder; MiniLMM by default), asked about
PHOTOS random pictures as the paper asks, with 4 prompts of 0 to 15 references and 5 replies each:
one by one (every fifth of them), and in batches of 32. Then those of a whole run, store and table
included, against a server on this machine that answers after 50 ms, one request and eight requests
at a time.
"""

import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from g3lite.lmm.api import OpenAILMM
from g3lite.lmm.ask import ask
from g3lite.lmm.base import LMMRequest, LMMResponse
from g3lite.lmm.local import TransformersLMM
from g3lite.paths import shipped
from g3lite.photos import PhotoSet
from g3lite.prompts import PromptPlan

LATENCY_S = 0.05
PLAN = PromptPlan()


def places(n: int, seed: int) -> np.ndarray:
    """Random references (n, most, 2)."""
    return np.random.default_rng(seed).uniform([-80, -180], [80, 180], (n, PLAN.most, 2))


def requests(photos: int, samples: tuple[int, ...]) -> Iterator[LMMRequest]:
    """The plan's prompts about random pictures of 128 pixels."""
    rng = np.random.default_rng(0)
    for i, (similar, dissimilar) in enumerate(
        zip(places(photos, 1), places(photos, 2), strict=True)
    ):
        image = Image.fromarray(rng.integers(0, 256, (128, 128, 3), dtype=np.uint8))
        for prompt in PLAN.prompts(similar, dissimilar):
            yield LMMRequest(str(i), image, prompt, PLAN.temperature, samples)


def local(folder: str, photos: int) -> None:
    """Print the speed of a model on this machine."""
    speeds = []
    for batch_size, samples in ((1, (0,)), (32, tuple(range(PLAN.replies)))):
        model = TransformersLMM(folder, batch_size=batch_size, max_new_tokens=40)
        responses: list[LMMResponse] = []
        model.answer(requests(1, samples), responses.append)
        responses.clear()  # that one was to warm up
        began = time.perf_counter()
        model.answer(requests(photos, samples), responses.append)
        seconds = time.perf_counter() - began
        speeds.append(sum(len(response.texts) for response in responses) / seconds)
    alone, together = speeds
    print(f"{model.name} about {photos} photos, replies per second")
    print(f"{'one by one':>16} {alone:8.1f}")
    print(f"{'batches of 32':>16} {together:8.1f}   {together / alone:.1f} times as many")


class Slow(BaseHTTPRequestHandler):
    """A server whose model takes its time."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Answer any request with one reply."""
        self.rfile.read(int(self.headers["content-length"]))
        time.sleep(LATENCY_S)
        message = {"role": "assistant", "content": '{"latitude": 1.5, "longitude": 2.5}'}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        body = json.dumps({"choices": [{"message": message}], "usage": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def api(photos: int) -> None:
    """Print the speed of a run against a slow server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ids = [str(i) for i in range(photos)]
    table = pd.DataFrame({"IMG_ID": ids, "AUTHOR": "a", "LAT": 0.0, "LON": 0.0})
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "photo.jpg"
        Image.effect_noise((128, 128), 60).convert("RGB").save(picture)
        data = picture.read_bytes()
        noise = PhotoSet("noise", table, lambda img_id: data + img_id.encode())  # none alike
        speeds = []
        for concurrency in (1, 8):
            model = OpenAILMM(
                "slow", f"http://127.0.0.1:{server.server_address[1]}", concurrency=concurrency
            )
            began = time.perf_counter()
            _, report = ask(
                model,
                noise,
                PLAN,
                places(photos, 1),
                places(photos, 2),
                store=Path(folder) / f"{concurrency}.sqlite",
                progress=False,
            )
            speeds.append(report.asked / (time.perf_counter() - began))
    server.shutdown()
    alone, together = speeds
    print(f"a server that takes {1000 * LATENCY_S:.0f} ms, {report.asked} replies, per second")
    print(f"{'one at a time':>16} {alone:8.1f}")
    print(f"{'eight at a time':>16} {together:8.1f}   {together / alone:.1f} times as many")


def main(photos: int, folder: str) -> None:
    """Both."""
    local(folder, photos)
    api(photos)


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 16,
        sys.argv[2] if len(sys.argv) > 2 else str(shipped("minilmm")),
    )
