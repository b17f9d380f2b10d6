"""A real server, `transformers serve`, asked directly, through a bad network, and by killed runs.

MiniLMM is served if it is there, else a tiny model of random weights. G3LITE_SERVE_PHOTOS (5) and
G3LITE_KILLS (1) make the test as large as one likes.
"""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from http.server import ThreadingHTTPServer
from pathlib import Path

import lmm_server as fakes
import numpy as np
import pytest
import tiny_lmms as tiny
import torch

from g3lite.lmm import api
from g3lite.lmm.api import OpenAILMM
from g3lite.lmm.ask import ask
from g3lite.lmm.base import LMMError
from g3lite.lmm.store import Question, Store
from g3lite.paths import data_dir
from g3lite.prompts import PromptPlan

pytestmark = pytest.mark.slow
pytest.importorskip("uvicorn", reason="needs transformers[serving]")
pytest.importorskip("fastapi", reason="needs transformers[serving]")

N = int(os.environ.get("G3LITE_SERVE_PHOTOS", 5))
KILLS = int(os.environ.get("G3LITE_KILLS", 1))
PLAN = PromptPlan(replies=1, asked=2)  # four prompts


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    shipped = data_dir() / "minilmm"
    if (shipped / "model.safetensors").is_file():
        return shipped
    made = tmp_path_factory.mktemp("models") / "tiny"
    torch.manual_seed(0)
    model, processor = tiny.fast_vlm(tiny.words("<image>"))
    model.generation_config.do_sample = True  # else it serves the likeliest reply only
    model.save_pretrained(made)
    processor.save_pretrained(made)
    return made


@pytest.fixture(scope="module")
def served(folder, tmp_path_factory):
    """The address of a server of that folder."""
    home = tmp_path_factory.mktemp("hub")
    (home / "hub").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [Path(sys.executable).with_name("transformers"), "serve", str(folder)]
    command += ["--host", "127.0.0.1", "--port", port, "--device", "cpu"]
    log = (home / "log").open("w+b")
    process = subprocess.Popen(
        command,
        env={**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1"},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{url}/health", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, (home / "log").read_text()
                time.sleep(0.5)
        model(folder, f"{url}/v1").replies(tiny.image(0), "Where?")  # which loads the model
        yield url
    finally:
        process.kill()
        process.wait()
        log.close()


class Proxy(ThreadingHTTPServer):
    """Hands requests on to a server; `script(i)` may spoil the i-th one."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, served):
        super().__init__(("127.0.0.1", 0), Messenger)
        self.served, self.script = served, lambda i: None
        self.requests, self.faults, self.passed = [], Counter(), 0
        self.lock, self.over = threading.Lock(), threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Messenger(fakes.Handler):
    def do_POST(self):
        proxy, data = self.server, self.rfile.read(int(self.headers["content-length"]))
        with proxy.lock:
            i = len(proxy.requests)
            proxy.requests.append(json.loads(data) | {"life": self.headers["x-life"]})
        fault = proxy.script(i)
        with proxy.lock:
            proxy.faults[fault] += 1
            proxy.passed += fault is None
        if fault == "hang":
            proxy.over.wait(2)
        if fault in ("hang", "cut"):
            self.close_connection = True
            return
        status, body = 200, b'{"choices": [{"mess'
        if isinstance(fault, int):
            status, body = fault, b'{"error": {"message": "try again"}}'
        elif fault is None:
            request = urllib.request.Request(
                proxy.served + self.path, data, {"Content-Type": "application/json"}
            )
            try:
                with urllib.request.urlopen(request) as answer:
                    body = answer.read()
            except urllib.error.HTTPError as error:
                status, body = error.code, error.read()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status == 429:
            self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def proxy(served, monkeypatch):
    monkeypatch.setattr(api, "FIRST_PAUSE_S", 0.02)
    proxy = Proxy(served)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield proxy
    proxy.over.set()
    proxy.shutdown()
    proxy.server_close()
    thread.join()


def model(folder, url, **options):
    return OpenAILMM(str(folder), url, name="served", concurrency=4, max_tokens=24, **options)


def run(model, store):
    places = fakes.places(N, PLAN.most), fakes.places(N, PLAN.most, seed=1)
    return ask(model, fakes.photo_set(N), PLAN, *places, store=store, progress=False)


def test_a_real_server_answers_a_run(folder, served, tmp_path):
    table, report = run(model(folder, f"{served}/v1"), tmp_path / "s.sqlite")
    assert (report.wanted, report.asked, report.failed) == (8 * N, 8 * N, 0)
    assert report.readable + report.refused + report.unreadable == 8 * N
    assert report.tokens_in > 8 * N * 100 and report.tokens_out > 8 * N
    assert table.text.notna().mean() > 0.9
    assert table.groupby(["IMG_ID", "references"]).text.nunique().mean() > 1.5  # it was drawn
    again, report = run(model(folder, f"{served}/v1"), tmp_path / "s.sqlite")
    assert report.asked == 0 and again.equals(table)
    print(report)


def test_a_bad_network_loses_nothing(folder, proxy, tmp_path):
    faults = [429, 500, "cut", "garbage", 503]
    proxy.script = lambda i: "hang" if i == 3 else faults[i // 3 % 5] if i % 3 == 0 else None
    # No good answer may come too late, however busy this machine is: it would be asked for twice.
    table, report = run(model(folder, proxy.url, timeout=300.0), tmp_path / "s.sqlite")
    # The server ignores n, so every reply is a request of its own, and nothing is asked twice.
    assert proxy.passed == report.asked == 8 * N and report.failed == 0
    assert {429, "hang", "cut", "garbage"} <= set(proxy.faults)
    assert len(proxy.requests) == proxy.passed + sum(map(bool, proxy.faults.elements()))
    again, report = run(model(folder, proxy.url), tmp_path / "s.sqlite")
    assert (report.stored, proxy.passed) == (8 * N, 8 * N) and again.equals(table)


def test_a_wrong_name_ends_the_run(served, tmp_path):
    with pytest.raises(LMMError, match="Error code: 4"):
        run(model("another", f"{served}/v1"), tmp_path / "s.sqlite")


RUN = """
import sys
import lmm_server as fakes
from g3lite.lmm.api import OpenAILMM
from g3lite.lmm.ask import ask
from g3lite.prompts import PromptPlan

folder, url, store, n, life = sys.argv[1:]
options = {"concurrency": 4, "max_tokens": 24, "extra_headers": {"x-life": life}}
model = OpenAILMM(folder, url, name="served", **options)
places = fakes.places(int(n), 15), fakes.places(int(n), 15, seed=1)
plan, photos = PromptPlan(replies=1, asked=2), fakes.photo_set(int(n))
_, report = ask(model, photos, plan, *places, store=store, progress=False)
print(report.wanted, report.stored, report.asked, report.failed)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_killed_at_any_moment_it_asks_nothing_twice(folder, proxy, tmp_path):
    path, rng = tmp_path / "s.sqlite", np.random.default_rng()
    photos = fakes.photo_set(N)
    similar, dissimilar = fakes.places(N, PLAN.most), fakes.places(N, PLAN.most, seed=1)
    questions = {}  # as the server sees them: the prompts are all different, or have no references
    for i, img_id in enumerate(photos.ids):
        digest = hashlib.sha256(photos.read(img_id)).hexdigest()
        url = api.jpeg_url(photos.image(img_id), 768)
        for prompt in PLAN.prompts(similar[i], dissimilar[i]):
            questions[url, prompt.text] = Question("served", digest, prompt.text, PLAN.temperature)
    command = [sys.executable, "-c", RUN, str(folder), proxy.url, str(path), str(N)]
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for life in range(KILLS + 1):
        with Store(path) as store:
            have = {seen: len(store.read(question)) for seen, question in questions.items()}
        before = len(proxy.requests)
        process = subprocess.Popen(
            [*command, str(life)], stdout=subprocess.PIPE, text=True, env=surroundings
        )
        if life < KILLS:
            left = 8 * N - sum(have.values())
            begun = before + rng.integers(1, max(2, left // (2 * (KILLS - life))))
            while len(proxy.requests) < begun and process.poll() is None:
                time.sleep(0.002)
            time.sleep(rng.uniform(0, 0.1))
            process.kill()
        said = process.communicate()[0]
        assert process.returncode == (-signal.SIGKILL if life < KILLS else 0)
        asked = Counter()
        for request in proxy.requests:
            image, text = request["messages"][0]["content"]
            asked[image["image_url"]["url"], text["text"]] += request["life"] == str(life)
        assert all(number <= 2 - have[seen] for seen, number in asked.items())
    stored = sum(have.values())
    assert [int(word) for word in said.split()] == [8 * N, stored, 8 * N - stored, 0]
    assert 8 * N <= len(proxy.requests) <= 8 * N + 4 * KILLS  # but for what was under way
    with Store(path) as store:
        assert all(len(store.read(question)) == 2 for question in questions.values())
