"""A small server of a language model on this machine, and runs that ask it."""

import base64
import io
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pandas as pd
from PIL import Image

from g3lite.lmm.api import OpenAILMM
from g3lite.lmm.ask import ask
from g3lite.photos import PhotoSet
from g3lite.prompts import PromptPlan

KEY = "sk-0123456789-very-secret"
TWO = PromptPlan(references=(0, 2), replies=2, asked=3)


class Fault:
    """What a request gets instead of replies."""

    def __init__(self, status=200, body=b"", kind="application/json", **headers):
        self.status, self.body, self.kind = status, body, kind
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def refusing(status, message="no", code=None, param=None, **headers):
    error = {"error": {"message": message, "code": code, "type": "x", "param": param}}
    return Fault(status, json.dumps(error).encode(), **headers)


HANG, CUT, CUT_WITHIN = "hang", "cut", "cut within"
GARBAGE = Fault(body=b'{"choices": [{"mess')
HTML = Fault(body=b"<html>Welcome to the hotel's network</html>", kind="text/html")
NO_CHOICES = Fault(body=b'{"choices": []}')
NULL_CHOICES = Fault(body=b'{"choices": null}')
NO_LIST = Fault(body=b'{"choices": {"message": "here"}}')
ODD_CHOICES = Fault(body=b'{"choices": [{"message": null}]}')
NUMBERS = Fault(body=b'{"choices": [{"message": {"content": 12}}]}')


class Server(ThreadingHTTPServer):
    """Speaks enough of OpenAI's protocol; `script(i, request)` may give request i a fault."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests, self.times, self.headers, self.paths = [], [], [], []
        self.connections = 0
        self.script = lambda i, request: None
        self.reply = lambda i, k, request: json.dumps({"latitude": i % 90, "longitude": k})
        self.honours_n = True
        self.usage = {"prompt_tokens": 1000, "completion_tokens": 20, "total_tokens": 1020}
        self.latency = 0.0
        self.lock, self.over = threading.Lock(), threading.Event()
        self.busy = self.most_busy = 0

    def verify_request(self, request, client_address):
        self.connections += 1
        return True

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or every answer waits 40 ms

    def log_message(self, *_):
        pass

    def do_POST(self):
        server = self.server
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with server.lock:
            i = len(server.requests)
            server.requests.append(request)
            server.times.append(time.monotonic())
            server.headers.append(self.headers)
            server.paths.append(self.path)
            server.busy += 1
            server.most_busy = max(server.most_busy, server.busy)
        time.sleep(server.latency)
        fault = server.script(i, request)
        with server.lock:
            server.busy -= 1
        if fault == HANG:
            server.over.wait(20)
        if fault in (HANG, CUT):
            self.close_connection = True
            return
        if fault is None or fault == CUT_WITHIN:
            n = request.get("n", 1) if server.honours_n else 1
            replies = [server.reply(i, k, request) for k in range(n)]
            answer = {
                "id": str(i),
                "object": "chat.completion",
                "created": 1,
                "model": request["model"],
                "usage": server.usage,
                "choices": [
                    {
                        "index": k,
                        "finish_reason": "stop",
                        "message": text
                        if isinstance(text, dict)
                        else {"role": "assistant", "content": text},
                    }
                    for k, text in enumerate(replies)
                ],
            }
            body = json.dumps(answer).encode()
            fault, cut = Fault(body=body), fault == CUT_WITHIN
        else:
            cut = False
        self.send_response(fault.status)
        self.send_header("Content-Type", fault.kind)
        self.send_header("Content-Length", str(len(fault.body)))
        for name, value in fault.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(fault.body[: len(fault.body) // 2] if cut else fault.body)
        self.close_connection = cut


@contextmanager
def serving():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def model(server, **options):
    options = {"concurrency": 1, "timeout": 30.0, "attempts": 4, **options}
    return OpenAILMM("tiny", server.url, **options)


def picture(seed, side=32, form="PNG", **options):
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **options)
    return buffer.getvalue()


def photo_set(n=4, source=None):
    ids = [f"{i}.png" for i in range(n)]
    table = pd.DataFrame({"IMG_ID": ids, "AUTHOR": "a", "LAT": 0.0, "LON": 0.0})
    return PhotoSet("noise", table, source or (lambda i: picture(int(i.split(".")[0]))))


def places(n, k=2, seed=0):
    return np.random.default_rng(seed).uniform([-90, -180], [90, 180], (n, k, 2))


def run(model, photos=None, plan=TWO, **options):
    photos = photo_set() if photos is None else photos
    options = {"store": None, "progress": False, **options}
    return ask(model, photos, plan, places(len(photos)), places(len(photos), seed=1), **options)


def parts(request):
    """Text and decoded picture of a request."""
    ((message,),) = [request["messages"]]
    assert message["role"] == "user"
    image, text = message["content"]
    assert (image["type"], text["type"]) == ("image_url", "text")
    kind, _, data = image["image_url"]["url"].partition(",")
    assert kind == "data:image/jpeg;base64"
    return text["text"], base64.b64decode(data, validate=True)
