"""Models behind servers: a small server on this machine plays the parts of good and bad ones."""

import base64
import gc
import hashlib
import io
import json
import logging
import os
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter
from email.utils import formatdate
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

import numpy as np
import pandas as pd
import pytest
import tenacity
from lmm_server import (
    CUT,
    CUT_WITHIN,
    GARBAGE,
    HANG,
    KEY,
    NO_CHOICES,
    NO_LIST,
    NULL_CHOICES,
    NUMBERS,
    ODD_CHOICES,
    TWO,
    Fault,
    model,
    parts,
    photo_set,
    picture,
    places,
    refusing,
    run,
    serving,
)
from PIL import Image

from g3lite.lmm import api
from g3lite.lmm import ask as asking
from g3lite.lmm.api import OpenAILMM
from g3lite.lmm.ask import ask
from g3lite.lmm.base import LMMError, ReplayLMM
from g3lite.lmm.requests import RunStopped
from g3lite.lmm.store import Question, Store, StoreError
from g3lite.photos import PhotoSet
from g3lite.prompts import PromptPlan
from g3lite.replies import failed_replies, failure_summary

# --- a server, and what can go wrong with it


pytestmark = pytest.mark.usefixtures("surroundings")


def together(n, action=None):
    """A script that answers the first n requests only when all of them are there."""
    barrier = threading.Barrier(n, action, timeout=10)

    def script(i, request):
        if i < n:
            barrier.wait()

    return script


# --- a run on a good server


def test_table_and_report_of_a_run(server):
    table, report = run(model(server))
    assert list(table.columns) == [
        *("IMG_ID", "references", "sample", "text", "LAT", "LON", "reason", "used")
    ]
    expected = [(f"{i}.png", k, s) for i in range(4) for k in (0, 2) for s in range(3)]
    assert list(table[["IMG_ID", "references", "sample"]].itertuples(False, None)) == expected
    assert table.LAT.tolist() == [i for i in range(8) for _ in range(3)]
    assert table.LON.tolist() == [0.0, 1.0, 2.0] * 8
    assert table.used.tolist() == [True, True, False] * 8
    assert table.reason.isna().all()
    assert (report.wanted, report.asked, report.stored, report.failed) == (24, 24, 0, 0)
    assert (report.readable, report.refused, report.unreadable) == (24, 0, 0)
    assert (report.tokens_in, report.tokens_out) == (8000, 160)
    assert [request["n"] for request in server.requests] == [3] * 8
    assert {request["temperature"] for request in server.requests} == {1.2}


def test_connections_end_with_the_model(server):
    asked = model(server)
    run(asked)
    connections = asked._client
    assert not connections.is_closed()
    del asked
    gc.collect()
    assert connections.is_closed()


def test_prompts_and_pictures_reach_the_server_as_they_are(server):
    photos = photo_set()
    pictures = np.array([photos.image(img_id) for img_id in photos.ids], dtype=float)
    run(model(server), photos)
    asked = [parts(request) for request in server.requests]
    for i, (similar, dissimilar) in enumerate(zip(places(4), places(4, seed=1), strict=True)):
        own = asked[2 * i : 2 * i + 2]
        assert [text for text, _ in own] == [p.text for p in TWO.prompts(similar, dissimilar)]
        for _, data in own:
            sent = np.asarray(Image.open(io.BytesIO(data)), dtype=float)
            assert np.abs(pictures - sent).mean(axis=(1, 2, 3)).argmin() == i


def test_a_second_call_asks_for_nothing(server):
    first, _ = run(model(server))
    again, report = run(model(server))
    pd.testing.assert_frame_equal(first, again)
    assert len(server.requests) == 8
    assert (report.stored, report.asked, report.tokens_in) == (24, 0, 8000)


def test_more_replies_photos_or_prompts_ask_for_the_rest_only(server):
    run(model(server), photo_set(2))
    more = PromptPlan(references=(0, 1, 2), replies=2, asked=5)
    _, report = run(model(server), photo_set(3), more)
    # Two photos miss two samples of two prompts, and all of the new prompt; one photo is new.
    assert Counter(request["n"] for request in server.requests[4:]) == {2: 4, 5: 5}
    assert (report.wanted, report.stored, report.asked) == (45, 12, 33)


def test_other_models_pictures_and_temperatures_are_asked_anew(server):
    plan = PromptPlan(references=(0,), replies=1)
    photos = photo_set(1)
    run(model(server), photos, plan)
    run(model(server, max_tokens=9), photos, plan)
    run(model(server, longest_side=16), photos, plan)
    run(model(server), photo_set(1, lambda _: picture(99)), plan)
    run(model(server), photos, PromptPlan(references=(0,), replies=1, temperature=0.7))
    assert len(server.requests) == 5
    assert server.requests[1]["max_tokens"] == 9 and "max_tokens" not in server.requests[0]
    run(model(server), photos, plan)
    assert len(server.requests) == 5


def test_the_same_picture_twice_is_asked_about_once(server):
    photos = photo_set(3, lambda _: picture(0))
    table, report = run(model(server), photos, PromptPlan(references=(0,), replies=2))
    assert len(server.requests) == 1
    assert table.text.nunique() == 2 and (report.asked, report.stored) == (2, 4)


def test_concurrency_is_used_and_bounded(server):
    server.latency, server.script = 0.01, together(4)
    table, report = run(model(server, concurrency=4), photo_set(10))
    assert server.most_busy == 4
    assert report.asked == 60 and len(server.requests) == 20
    assert table.IMG_ID.tolist() == [f"{i}.png" for i in range(10) for _ in range(6)]


def test_used_are_the_first_readable_ones(server):
    texts = ["I'm sorry, I cannot tell.", "(1.5, 2.5)", "somewhere", "(3.5, 4.5)", "(5.5, 6.5)"]
    server.reply = lambda i, k, request: texts[k]
    plan = PromptPlan(references=(0,), replies=2, asked=5)
    table, report = run(model(server), photo_set(1), plan)
    assert table.used.tolist() == [False, True, False, True, False]
    assert table.reason.tolist()[0] == "refusal" and table.LAT.isna().sum() == 2
    assert (report.readable, report.refused, report.unreadable) == (3, 1, 1)
    for words in ("5 replies wanted", "5 asked", "3 readable, 1 refusals, 1 unreadable"):
        assert words in str(report)


def test_replies_of_one_picture(server):
    got = model(server).replies(Image.new("RGBA", (9, 9)), "Where?", n=3, temperature=0.5)
    assert [json.loads(text)["longitude"] for text in got] == [0, 1, 2]
    text, _ = parts(server.requests[0])
    assert text == "Where?" and server.requests[0]["temperature"] == 0.5
    server.honours_n = False
    server.script = lambda i, request: refusing(503, "busy") if i >= 2 else None
    with pytest.raises(LMMError, match="2 of 3 replies did not come: .*503.*busy"):
        model(server, attempts=1).replies(Image.new("RGB", (9, 9)), "Where?", n=3)


# --- pictures


def test_pictures_are_upright_small_and_say_nothing_about_the_place(server):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 24.0), 3: "E", 4: (2.0, 21.0, 3.0)})
    image = Image.new("RGB", (400, 200), "red")
    image.paste("blue", (0, 0, 200, 200))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=exif, comment=b"in Paris", quality=95)
    data = buffer.getvalue()
    assert Image.open(buffer).getexif().get_ifd(0x8825)
    plan = PromptPlan(references=(0,), replies=1)
    run(model(server, longest_side=100), photo_set(1, lambda _: data), plan)
    _, sent = parts(server.requests[0])
    got = Image.open(io.BytesIO(sent))
    assert got.format == "JPEG" and got.size == (50, 100)
    assert not got.getexif() and b"Exif" not in sent and b"Paris" not in sent
    top, bottom = got.getpixel((25, 20)), got.getpixel((25, 80))
    assert top[2] > 200 > 60 > top[0] and bottom[0] > 200 > 60 > bottom[2]


def test_small_pictures_are_not_enlarged(server):
    run(model(server), photo_set(1))
    assert Image.open(io.BytesIO(parts(server.requests[0])[1])).size == (32, 32)


@pytest.mark.parametrize("absent", [True, False], ids=["absent", "not a picture"])
def test_a_damaged_photo_costs_its_own_rows_only(server, absent):
    def source(img_id):
        if img_id != "1.png":
            return picture(0 if img_id == "0.png" else 2)
        if absent:
            raise FileNotFoundError(img_id)
        return b"not a picture"

    table, report = run(model(server), photo_set(3, source))
    bad = table[table.IMG_ID == "1.png"]
    assert len(bad) == 6 and bad.LAT.isna().all() and not bad.used.any() and bad.text.isna().all()
    assert bad.reason.str.startswith("no reply: photo '1.png'", na=False).all()
    assert table[table.IMG_ID != "1.png"].LAT.notna().all()
    assert (report.failed, report.asked) == (6, 12)


# --- servers that are not so good


@pytest.mark.parametrize(
    "fault",
    [refusing(429), refusing(500), refusing(503), refusing(408), CUT, CUT_WITHIN]
    + [GARBAGE, NO_CHOICES, NULL_CHOICES, NO_LIST, ODD_CHOICES, NUMBERS],
    ids=["429", "500", "503", "408", "cut", "cut within", "garbage"]
    + ["no choices", "null choices", "no list", "odd choices", "numbers"],
)
def test_what_passes_is_tried_again(server, fault):
    server.script = lambda i, request: fault if i % 3 < 2 else None
    table, report = run(model(server), photo_set(2))
    assert len(server.requests) == 12  # four questions, each at the third attempt
    assert (report.asked, report.failed) == (12, 0) and table.LAT.notna().all()


def test_a_silent_server_is_given_up_after_the_timeout(server):
    server.script = lambda i, request: HANG if i == 0 else None
    began = time.monotonic()
    table, _ = run(model(server, timeout=1.0), photo_set(1))
    assert 1 <= time.monotonic() - began < 15  # it would have hung for 20 s
    assert len(server.requests) == 3 and table.LAT.notna().all()


@pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "date"])
def test_a_server_that_asks_for_a_pause_gets_it(server, as_date):
    def script(i, request):
        after = formatdate(time.time() + 2, usegmt=True) if as_date else "0.4"
        return refusing(429, Retry_After=after) if i == 0 else None

    server.script = script
    run(model(server), photo_set(1), PromptPlan(references=(0,), replies=1))
    pause = server.times[1] - server.times[0]
    assert (0.9 if as_date else 0.4) <= pause < 20  # a date has whole seconds


def test_a_server_that_asks_for_too_long_a_pause_is_left_alone(server):
    server.script = lambda i, request: refusing(429, Retry_After="86400")
    _, report = run(model(server), photo_set(1), PromptPlan(references=(0,), replies=1))
    assert len(server.requests) == 1 and report.failed == 1


def test_pauses_grow_and_are_not_all_alike(server, monkeypatch):
    monkeypatch.setattr(api, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(api, "LONGEST_PAUSE_S", 9.0)
    server.script = lambda i, request: refusing(500) if i % 4 < 3 else None
    run(model(server), photo_set(4), PromptPlan(references=(0,), replies=1))
    pauses = np.diff(np.reshape(server.times, (4, 4)))
    beyond = pauses - [0.05, 0.1, 0.2]
    assert (beyond >= 0).all() and np.ptp(beyond) > 0.015  # the network alone varies less


def test_fewer_choices_than_n_are_asked_for_again(server):
    server.honours_n = False
    table, report = run(model(server), photo_set(2))
    assert [request.get("n") for request in server.requests] == [3, 2, None] * 4
    assert report.asked == 12 and report.tokens_in == 12_000
    assert table.text.nunique() == 12


def test_a_server_that_refuses_n_is_asked_one_by_one(server):
    table, report = run(model(server, per_request=1), photo_set(2))
    assert len(server.requests) == 12 and not any("n" in request for request in server.requests)
    assert table.text.nunique() == 12 and report.failed == 0


def test_more_choices_than_n_are_not_taken(server):
    server.reply = lambda i, k, request: f"({i}.25, {k}.5)"
    plan = PromptPlan(references=(0,), replies=2)
    server.script = lambda i, request: request.update(n=5)  # and no fault
    table, _ = run(model(server), photo_set(1), plan)
    assert table.text.tolist() == ["(0.25, 0.5)", "(0.25, 1.5)"]


def test_empty_replies_and_refusals_are_answers(server):
    messages = [
        {"role": "assistant", "content": None},
        {"role": "assistant", "content": ""},
        {"role": "assistant", "content": None, "refusal": "I'm sorry, I can't help with that."},
    ]
    server.reply = lambda i, k, request: messages[k]
    plan = PromptPlan(references=(0,), replies=3)
    table, report = run(model(server), photo_set(1), plan)
    assert table.reason.tolist() == ["empty reply", "empty reply", "refusal"]
    assert table.text.isna().tolist() == [True, True, False]
    assert (report.refused, report.unreadable, report.failed) == (1, 2, 0)
    assert failed_replies(table).tolist() == [True, True, False]
    assert report.failure == "2 of 3 replies came without a text"
    both = table.assign(reason=["empty reply", "no reply: busy", "refusal"])
    words = "1 of 3 replies came without a text; 1 of 3 replies failed: busy"
    assert failure_summary(both) == words and failed_replies(both).tolist() == [True, True, False]
    run(model(server), photo_set(1), plan)
    assert len(server.requests) == 1  # they came: they are not asked for again


def test_a_request_that_fails_for_good_leaves_the_others_alone(server):
    bad = TWO.prompts(places(4)[1], places(4, seed=1)[1])[1].text
    server.script = lambda i, request: refusing(500, "busy") if parts(request)[0] == bad else None
    table, report = run(model(server))
    lost = table[(table.IMG_ID == "1.png") & (table.references == 2)]
    assert lost.reason.str.fullmatch(
        r"no reply: 127\.0\.0\.1:\d+: Error code: 500.*busy.*", na=False
    ).all()
    assert (report.failed, report.asked) == (3, 21)
    assert len(server.requests) == 7 + 4
    server.script = lambda i, request: None
    table, report = run(model(server))
    assert (report.failed, report.asked, report.stored) == (0, 3, 21)
    assert table.LAT.notna().all()


def test_what_came_of_a_job_before_it_failed_is_kept(server):
    server.honours_n = False
    server.script = lambda i, request: refusing(500) if i >= 2 else None
    plan = PromptPlan(references=(0,), replies=5)
    table, report = run(model(server), photo_set(1), plan)
    assert table.LAT.notna().tolist() == [True, True, False, False, False]
    assert (report.asked, report.failed) == (2, 3)


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (401, "valid key into the environment variable OPENAI_API_KEY"),
        (403, "the key in OPENAI_API_KEY may not do this"),
        (404, "is 'tiny' a model of this server"),
    ],
)
def test_what_will_not_pass_ends_the_run_at_once(server, status, hint):
    server.script = lambda i, request: refusing(status, "because") if i >= 2 else None
    with pytest.raises(LMMError, match=hint) as caught:
        run(model(server))
    assert "because" in str(caught.value) and "1.png" in str(caught.value)
    assert len(server.requests) == 3
    server.script = lambda i, request: None
    _, report = run(model(server))
    assert (report.stored, report.asked) == (6, 18)


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (400, "; change what the server does not accept"),
        (413, "; send smaller pictures: longest_side"),
        (415, "; change what the server does not accept"),
        (422, "; change what the server does not accept"),
    ],
)
def test_a_request_that_is_not_accepted_fails_for_its_photo_alone(server, status, hint):
    server.script = lambda i, request: refusing(status, "because") if i == 2 else None
    table, report = run(model(server))
    assert len(server.requests) == 8 and (report.asked, report.failed) == (21, 3)
    lost = table[failed_replies(table)]
    assert set(lost.IMG_ID) == {"1.png"} and lost.reason.str.contains("because", na=False).all()
    assert lost.reason.str.endswith(hint, na=False).all()
    _, report = run(model(server))
    assert (report.stored, report.asked) == (21, 3)


@pytest.mark.parametrize(
    ("options", "said", "param", "hint"),
    [
        ({"seed": 1}, "no such option: seed", None, "change the option seed of OpenAILMM"),
        ({"seed": 1}, "not with this model", "seed", "change the option seed of OpenAILMM"),
        ({"max_tokens": 9}, "use 'max_completion_tokens' in place of 'max_tokens'", None,
         "change the option max_tokens of OpenAILMM, or leave it out"),
        ({"extra_body": {"top_k": 4}}, "top_k: not permitted", None, "the option top_k of"),
        ({}, "temperature: at most 1", None, r"temperature 1.2: .*PromptPlan\(temperature="),
    ],
)  # fmt: skip
def test_an_option_that_is_not_accepted_ends_the_run_at_once(server, options, said, param, hint):
    server.script = lambda i, request: refusing(400, said, param=param)
    with pytest.raises(LMMError, match=f"{re.escape(said)}.*{hint}"):
        run(model(server, **options))
    assert len(server.requests) == 1


def test_a_word_that_is_also_an_option_ends_nothing(server):
    server.script = lambda i, request: refusing(400, "please stop sending such pictures")
    with pytest.raises(RunStopped, match="3 requests failed, 3 of them in a row"):
        run(model(server, stop=["x"]), max_in_row=3)


def test_requests_that_wait_are_not_sent_when_the_run_ends(server):
    both = together(2)

    def script(i, request):
        both(i, request)
        return refusing(401) if i else refusing(503, Retry_After="60")

    server.script = script
    began = time.monotonic()
    with pytest.raises(LMMError, match="401"):
        run(model(server, concurrency=2))
    assert len(server.requests) == 2 and time.monotonic() - began < 30


def test_an_account_without_credit_ends_the_run(server):
    server.script = lambda i, request: refusing(429, "quota", code="insufficient_quota")
    with pytest.raises(LMMError, match="no credit left"):
        run(model(server))
    assert len(server.requests) == 1


def test_a_server_that_is_not_there(server):
    away = OpenAILMM("tiny", "http://127.0.0.1:9/v1", concurrency=1, attempts=2)
    stopped = r"3 requests failed, 3 of them in a row.*Connection error.*\(\[.*refused\)"
    with pytest.raises(RunStopped, match=stopped):
        run(away, max_in_row=3)


@pytest.fixture
def pauses(monkeypatch):
    """The pauses before further attempts, as long as they are for users, which nobody waits for."""
    made = []

    class Impatient(tenacity.Retrying):
        def __init__(self, *, sleep, **options):
            super().__init__(sleep=made.append, **options)

    monkeypatch.setattr(api, "Retrying", Impatient)
    monkeypatch.setattr(api, "FIRST_PAUSE_S", 1.0)
    monkeypatch.setattr(api, "LONGEST_PAUSE_S", 60.0)
    return made


def refuse(*_, **__):
    raise ConnectionRefusedError(111, "Connection refused")


def know_no_name(*_, **__):
    raise socket.gaierror(-2, "Name or service not known")


def drop(*_, **__):  # as a firewall does with every packet
    raise TimeoutError("timed out")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (refuse, "Connection refused"),
        (know_no_name, "Name or service not known"),
        (drop, "timed out"),
    ],
)
def test_a_server_that_is_not_there_is_given_up_in_seconds(monkeypatch, pauses, fault, words):
    attempts = []
    monkeypatch.setattr(socket, "create_connection", lambda *a, **k: attempts.append(a) or fault())
    away = OpenAILMM("tiny", "http://nowhere.example/v1", concurrency=1)
    table, report = run(away, photo_set(12), on_failures="return")
    # The first request is sent three times, the next nine once; then it is enough.
    assert len(attempts) == 3 + 9 and len(pauses) == 2 and 2 < sum(pauses) < 6
    assert report.failed == report.wanted == 72 and table.LAT.isna().all()
    assert re.match("no reply: nowhere.example: (Connection error|Request timed)", table.reason[0])
    assert words in table.reason[0]
    with pytest.raises(RunStopped, match="10 requests failed, 10 of them in a row"):
        run(away, photo_set(12))
    assert len(attempts) == 2 * (3 + 9)  # another call tries as hard


@pytest.mark.parametrize(("timeout", "connect"), [(120.0, 5.0), (2.0, 2.0)])
def test_connecting_takes_seconds_at_most(monkeypatch, timeout, connect):
    allowed = []

    def late(address, timeout, **_):
        allowed.append(timeout)
        drop()

    monkeypatch.setattr(socket, "create_connection", late)
    away = OpenAILMM("tiny", "http://192.0.2.1/v1", timeout=timeout, attempts=1)
    with pytest.raises(LMMError, match="192.0.2.1: Request timed out. .timed out"):
        away.replies(Image.new("RGB", (9, 9)), "Where?")
    assert allowed == [connect]


def test_a_server_that_starts_meanwhile_is_reached(server, monkeypatch, pauses):
    attempts, connect = [], socket.create_connection

    def late(*args, **options):
        attempts.append(args)
        return refuse() if len(attempts) < 3 else connect(*args, **options)

    monkeypatch.setattr(socket, "create_connection", late)
    _, report = run(model(server))
    assert (report.asked, report.failed) == (24, 0) and len(pauses) == 2


def test_a_server_that_is_busy_is_waited_for(server, pauses):
    server.script = lambda i, request: refusing(503) if i < 5 else None
    _, report = run(model(server, attempts=6))
    assert report.failed == 0 and len(pauses) == 5 and sum(pauses) > 1 + 2 + 4 + 8 + 16


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate"),
         "self-signed certificate.*its certificate cannot be verified: .*SSL_CERT_FILE"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"),
         "wrong version number.*does it speak TLS.*http://"),
    ],
    ids=["certificate", "no TLS"],
)  # fmt: skip
def test_what_is_wrong_with_tls_is_named_at_once(server, monkeypatch, fault, words):
    attempts = []

    def distrust(*_, **__):
        attempts.append(1)
        raise fault

    if "WRONG" in str(fault):
        fault.reason = "WRONG_VERSION_NUMBER"
    monkeypatch.setattr(socket, "create_connection", distrust)
    with pytest.raises(LMMError, match=words):
        run(model(server), photo_set(1))
    assert attempts == [1]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nothing_goes_where_a_redirect_leads(server, status):
    with serving() as other:
        port = other.server_address[1]
        there = f"http://localhost:{port}/v1/chat/completions"
        location = f"http://me:hush@localhost:{port}/v1/chat/completions?key=hush"
        server.script = lambda i, request: Fault(status, Location=location)
        with pytest.raises(LMMError, match=f"sends the request on to {there}, and a photo") as said:
            run(model(server, extra_headers={"x-token": "hush"}))
        assert other.connections == 0 and len(server.requests) == 1
        assert "hush" not in str(said.value) and "name it in base_url" in str(said.value)


@pytest.mark.parametrize(
    ("location", "there"),
    [("/v2/chat/completions", "http://127.0.0.1:PORT/v2/chat/completions"),
     ("http://[", "another address")],
)  # fmt: skip
def test_a_redirect_within_a_server_is_not_followed_either(server, location, there):
    server.script = lambda i, request: Fault(308, Location=location)
    there = there.replace("PORT", str(server.server_address[1]))
    with pytest.raises(LMMError, match=f"sends the request on to {there}, and"):
        run(model(server))
    assert len(server.requests) == 1


# --- limits


def test_a_run_stops_after_failures_in_a_row_and_goes_on_later(server):
    server.script = lambda i, request: refusing(502) if i >= 3 else None
    with pytest.raises(RunStopped, match="2 requests failed, 2 of them in a row.*call again"):
        run(model(server, attempts=1), max_in_row=2)
    assert len(server.requests) == 5
    server.script = lambda i, request: None
    _, report = run(model(server))
    assert (report.stored, report.asked, report.failed) == (9, 15, 0)


def test_a_run_stops_after_failures_in_total(server):
    server.script = lambda i, request: refusing(502) if i % 2 else None
    with pytest.raises(RunStopped, match="3 requests failed, 1 of them in a row"):
        run(model(server, attempts=1), max_in_row=2, max_failures=3)
    assert len(server.requests) == 6


def test_what_came_before_a_run_was_given_up_can_be_had(server):
    server.script = lambda i, request: refusing(502, "bad") if i >= 3 else None
    table, report = run(model(server, attempts=1), max_in_row=2, on_failures="return")
    assert len(server.requests) == 5 and (report.asked, report.failed) == (9, 15)
    assert table.LAT.notna().tolist() == [True] * 9 + [False] * 15
    assert table.reason[table.LAT.isna()].str.match("no reply: .*502.*bad", na=False).all()
    assert failed_replies(table).tolist() == table.LAT.isna().tolist()
    assert re.match("15 of 24 replies failed: 2 requests failed.*502.*bad", failure_summary(table))
    assert report.failure == failure_summary(table) and report.failure in str(report)
    server.script = lambda i, request: None
    table, report = run(model(server))
    assert report.asked == 15 and report.failure is failure_summary(table) is None
    assert not failed_replies(table).any()


def test_a_limit_of_cost_stops_a_run_whatever_happens_to_failures(server):
    with pytest.raises(RunStopped, match="was spent and max_cost is"):
        run(model(server), max_cost=0.001, price_in=1.0, on_failures="return")


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_cap_on_cost_holds_over_calls(server, concurrency):
    prices = {"price_in": 2.0, "price_out": 10.0}  # 0.0022 a request
    for cap, requests in ((0.005, 3), (0.005, 3), (0.0111, 6)):
        with pytest.raises(RunStopped, match="was spent and max_cost is"):
            run(model(server, concurrency=concurrency), max_cost=cap, **prices)
        assert requests <= len(server.requests) < requests + concurrency
    _, report = run(model(server), max_cost=1.0, **prices)
    assert report.cost == pytest.approx(8 * 0.0022) and len(server.requests) == 8
    assert report.stored + report.asked == 24


def test_a_run_that_is_complete_at_the_cap_is_not_stopped(server):
    _, report = run(model(server), max_cost=8 * 0.0022, price_in=2.0, price_out=10.0)
    assert (report.asked, report.failed) == (24, 0) and report.cost == pytest.approx(8 * 0.0022)


def test_replies_under_way_at_the_cap_are_kept(server):
    server.script = together(4)
    with pytest.raises(RunStopped):
        run(model(server, concurrency=4), max_cost=0.001, price_in=1.0)
    _, report = run(model(server))
    assert report.stored == 12  # the four requests that were under way


def test_a_cap_needs_prices_and_token_counts(server):
    with pytest.raises(ValueError, match="price_in and price_out"):
        run(model(server), max_cost=1.0)
    server.usage = None
    with pytest.raises(RunStopped, match="states no token counts"):
        run(model(server), max_cost=1.0, price_in=1.0)
    _, report = run(model(server))
    assert (report.stored, report.tokens_in) == (3, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"similar": None}, "0 similar but 2 dissimilar"),
        ({"similar": places(3)}, r"shape \(3, 2, 2\) for 4 photos"),
        ({"similar": places(4, 1), "dissimilar": places(4, 1)}, "1 references .* 2 are needed"),
        ({"similar": 100 + places(4)}, "similar references"),
        ({"price_in": -1.0}, "0 or more"),
        ({"max_in_row": 0}, "1 or more"),
        ({"on_failures": "skip"}, "on_failures='skip' is neither"),
    ],
)
def test_wrong_arguments_are_found_before_anything_is_sent(server, options, message):
    options = {"similar": places(4), "dissimilar": places(4, seed=1), **options}
    with pytest.raises(ValueError, match=message):
        ask(model(server), photo_set(), TWO, **options)
    assert server.requests == []


# --- stores that cannot be written


@pytest.mark.parametrize(("closed", "mode"), [("s.sqlite", 0o444), (".", 0o555)])
def test_a_store_that_is_read_only_is_found_before_anything_is_asked(server, bound, closed, mode):
    path = bound / "s.sqlite"
    run(model(server), photo_set(2), store=path)
    (bound / closed).chmod(mode)
    with pytest.raises(StoreError, match="s.sqlite cannot be .*readonly"):
        run(model(server), photo_set(3), store=path)
    assert len(server.requests) == 4


def test_a_read_only_store_that_has_all_that_is_wanted_is_enough(server, bound):
    first, _ = run(model(server), store=bound / "s.sqlite")
    (bound / "s.sqlite").chmod(0o444)
    again, report = run(model(server), store=bound / "s.sqlite")
    pd.testing.assert_frame_equal(first, again)
    assert (report.stored, report.asked) == (24, 0)


def test_a_store_that_is_full_says_what_came(server, monkeypatch):
    class Small(Store):
        def __init__(self, path):
            super().__init__(path)
            self._connection.execute("PRAGMA max_page_count = 12")

    monkeypatch.setattr(asking, "Store", Small)
    server.reply = lambda i, k, request: "long " * 1000
    with pytest.raises(StoreError, match="database or disk is full") as caught:
        run(model(server))
    came = 3 * (len(server.requests) - 1)
    assert 0 < came < 24 and f"{came} replies that came in this call are in" in str(caught.value)
    assert "3 are lost; call again" in str(caught.value)


def test_a_store_that_is_held_says_what_came(server, tmp_path, monkeypatch):
    monkeypatch.setattr("g3lite.lmm.store.BUSY_S", 0.1)
    path, four = tmp_path / "s.sqlite", together(4)

    def script(i, request):
        four(i, request)
        if i == 4:
            other.execute("BEGIN IMMEDIATE")

    with sqlite3.connect(path, check_same_thread=False) as other:
        server.script = script
        with pytest.raises(StoreError, match="database is locked.* replies that came") as caught:
            run(model(server, concurrency=4), store=path)
        other.rollback()
    kept, lost = map(int, re.findall(r"(\d+) (?:replies|are lost)", str(caught.value)))
    assert kept + lost == 3 * len(server.requests) and lost
    _, report = run(model(server), store=path)
    assert (report.stored, report.asked) == (kept, 24 - kept)


# --- the key and other secrets


def test_the_key_is_sent_and_shown_nowhere(server, tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    echo = f"Incorrect API key provided: {KEY}"
    store = tmp_path / "s.sqlite"
    asked = model(server)
    table, report = run(asked, store=store)
    assert {headers["Authorization"] for headers in server.headers} == {f"Bearer {KEY}"}
    server.script = lambda i, request: refusing(500, echo)
    failed, _ = run(model(server, max_tokens=5, attempts=1), store=store)
    assert failed.reason.str.contains(r"provided: \[secret\]", na=False).all()
    server.script = lambda i, request: refusing(401, echo)
    with pytest.raises(LMMError, match=r"provided: \[secret\]") as caught:
        run(model(server, max_tokens=6), store=store)
    shown = [
        *(repr(asked), str(asked), asked.name, str(report), repr(report)),
        *(table.to_csv(), failed.to_csv(), caplog.text, *capfd.readouterr()),
        "".join(traceback.format_exception(caught.value)),
    ]
    assert all(KEY not in text for text in shown)
    assert "chat/completions" in caplog.text  # the log was on
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes()


PASSWORD, HEADER, QUERY, BODY = "pass/wörd 1", "hush-header-2", "hush query&3", "hush 'body' \\4"


def test_secrets_in_addresses_and_options_are_sent_and_shown_nowhere(server, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    for name in ("openai", "httpx", "httpx2", "httpcore", "httpcore2"):
        caplog.set_level(logging.DEBUG, logger=name)
    login = base64.b64encode(f"someone:{PASSWORD}".encode()).decode()
    store = tmp_path / "s.sqlite"
    asked = OpenAILMM(
        "tiny", server.url.replace("//", f"//someone:{quote(PASSWORD, safe='')}@"), attempts=1,
        concurrency=1, extra_headers={"x-token": f"Token {HEADER}"}, extra_query={"key": QUERY},
        extra_body={"deep": [{"token": BODY}], "top_k": 4},
    )  # fmt: skip
    table, report = run(asked, store=store)
    headers, path = server.headers[0], server.paths[0]
    assert headers["Authorization"] == f"Basic {login}" and headers["x-token"] == f"Token {HEADER}"
    assert parse_qs(urlsplit(path).query) == {"key": [QUERY]}
    assert server.requests[0]["deep"] == [{"token": BODY}] and server.requests[0]["top_k"] == 4
    echo = f"{login}, {PASSWORD}, {HEADER}, {QUERY}, {BODY}, {path} are wrong"
    server.script = lambda i, request: refusing(500, echo)
    failed, _ = run(asked, photo_set(5), store=store)
    server.script = lambda i, request: refusing(401, echo, Location=path)
    with pytest.raises(LMMError, match=r"(\[secret\], ){5}.*are wrong") as caught:
        run(asked, photo_set(5), store=store)
    assert (
        failed.reason.dropna()
        .str.contains("[secret], [secret], [secret]", regex=False, na=False)
        .all()
    )
    shown = [
        *(repr(asked), str(asked), asked.name, str(report), repr(report), caplog.text),
        *(table.to_csv(), failed.to_csv(), "".join(traceback.format_exception(caught.value))),
        *(repr(vars(record)) for record in caplog.records),
        *(path.read_bytes().decode(errors="replace") for path in tmp_path.rglob("s.sqlite*")),
    ]
    assert "chat/completions" in caplog.text  # the log was on
    for secret in (login, PASSWORD, HEADER, QUERY, BODY):
        for form in (secret, quote(secret), quote(secret, ""), quote_plus(secret), repr(secret)):
            assert not [text for text in shown if form.strip("'\"") in text], form


def test_short_options_are_hidden_only_where_they_stand_alone(server):
    server.script = lambda i, request: refusing(400, "lower the effort: 'lower' is allowed, slower")
    with pytest.raises(LMMError) as caught:
        run(model(server, extra_body={"effort": "lower"}), max_in_row=1)
    assert "[secret] the effort: '[secret]' is allowed, slower" in str(caught.value)


def test_secrets_are_hidden_in_a_logged_error_too(server, caplog):
    model(server, extra_query={"key": "hush hush"})
    try:
        raise ValueError("at /v1?key=hush+hush")
    except ValueError:
        logging.getLogger("httpx").exception("%s", "hush%20hush failed")
    assert "[secret] failed" in caplog.text and "ValueError: at /v1?key=[secret]" in caplog.text


def test_keys_come_from_the_environment_only(server, monkeypatch):
    monkeypatch.setenv("MY_KEY", "another\n")  # as a file of keys gives it
    run(model(server, key_variable="MY_KEY"), photo_set(1))
    assert server.headers[0]["Authorization"] == "Bearer another"
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(LMMError, match="no key in the environment variable OPENAI_API_KEY"):
        OpenAILMM("gpt")
    run(model(server, max_tokens=2), photo_set(1))  # a server of one's own needs none
    assert KEY not in server.headers[-1]["Authorization"]


def test_names_hold_what_changes_the_replies_and_no_secret():
    url = "https://user:password@example.org:8443/v1"
    named = OpenAILMM("m", url, max_tokens=3, extra_headers={"x-token": "hush"})
    assert named.name == "m at example.org:8443 (768 px, max_tokens=3)"
    assert OpenAILMM("m", url, name="m@7").name == "m@7"
    local = OpenAILMM("m", "http://someone:secret@localhost:8000/v1")
    assert local.name == "m at localhost:8000 (768 px)"
    with pytest.raises(LMMError, match="n, stream cannot be an option"):
        OpenAILMM("m", url, n=3, stream=True)
    with pytest.raises(LMMError, match="^api_key: no such option"):
        OpenAILMM("m", url, api_key=KEY)
    with pytest.raises(LMMError, match="ends in a query .*extra_query") as caught:
        OpenAILMM("m", "https://example.org/v1?key=hush")
    assert "hush" not in str(caught.value)


FORM = r"OPENAI_BASE_URL, .*http://localhost:8000/v1 or https://user:password@host/v1"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("localhost:8798/v1", "does not begin with http:// or https://"),
        ("ftp://host/SECRET", "does not begin with http"),
        ("http://", "names no host"),
        ("http:///SECRET", "names no host"),
        ("http://user:TOP/SECRET@host/v1", "cannot be read.*%2F"),
        ("http://user:123/SECRET@host/v1", "%40"),
        ("http://host/v1#SECRET", "%23"),
        ("http://user:TOP#SECRET@host/v1", "cannot be read"),
        ("http://host/v1?key=SECRET", "ends in a query .*extra_query"),
        ("http://[::1/SECRET", "cannot be read"),
        ("http://[SECRET]/v1", "cannot be read"),
        ("http://host:70000/SECRET", "cannot be read"),
        ("http://host:0/SECRET", "cannot be read"),
        ("http://SECRET..host/v1", "cannot be read"),
        ("http://host/v1\x01SECRET", "cannot be read"),
        ("http://host /SECRET", "cannot be read"),
    ],
)
@pytest.mark.parametrize("by_variable", [False, True])
def test_an_address_that_is_none_is_told_and_not_quoted(monkeypatch, url, words, by_variable):
    if by_variable:
        monkeypatch.setenv("OPENAI_BASE_URL", url)
    with pytest.raises(LMMError, match=words) as caught:
        OpenAILMM("m", None if by_variable else url)
    assert re.search(FORM, str(caught.value))
    shown = "".join(traceback.format_exception(caught.value))
    assert "SECRET" not in shown and "TOP" not in shown and "8798" not in shown


@pytest.mark.parametrize(
    ("url", "server"),
    [("https://api.openai.com/v1", "api.openai.com"), ("http://[::1]:8000/v1", "[::1]:8000"),
     ("http://user:a%2Fb%40c%23d@my_host:80/a/v1/", "my_host"), (None, "api.openai.com")],
)  # fmt: skip
def test_addresses_of_servers_are_taken(monkeypatch, url, server):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert OpenAILMM("m", url).name == f"m at {server} (768 px)"
    monkeypatch.setenv("OPENAI_BASE_URL", url or "")
    assert OpenAILMM("m").name == f"m at {server} (768 px)"


def test_names_tell_all_options_apart_that_change_the_replies():
    def name(body):
        return OpenAILMM("m", "http://localhost/v1", extra_body=body).name

    plain = {"top_k": 20, "chat_template_kwargs": {"enable_thinking": False}}
    assert name(plain) == f"m at localhost (768 px, extra_body={plain})"  # as it always was
    one, other = {"token": "hush", "style": "a"}, {"token": "hush", "style": "b"}
    assert name(one) != name(other) and name(one) == name(dict(reversed(one.items())))
    assert re.fullmatch(r"m at localhost \(768 px, extra_body=#[0-9a-f]{8}\)", name(one))
    options = {"seed": 1, "stop": ["x"], "reasoning_effort": "low"}
    always = "m at localhost (768 px, reasoning_effort=low, seed=1, stop=['x'])"
    assert OpenAILMM("m", "http://localhost/v1", **options).name == always


# --- killed and resumed

RUN = """
import sys
from lmm_server import photo_set, run
from g3lite.lmm.api import OpenAILMM

url, store, n, life = sys.argv[1:]
headers = {"x-life": life}
model = OpenAILMM("tiny", url, name="killed", concurrency=4, extra_headers=headers)
_, report = run(model, photo_set(int(n)), store=store)
print(report.wanted, report.stored, report.asked, report.failed)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_killed_at_any_moment_it_asks_nothing_twice(server, tmp_path):
    kills, n = int(os.environ.get("G3LITE_KILLS", 1)), 30
    server.latency, server.honours_n = 0.02, False  # so a kill may leave one or two of a job
    server.reply = lambda i, k, request: f"({i}.125, {k}.125)"  # no two alike
    path = tmp_path / "s.sqlite"
    photos, similar, dissimilar = photo_set(n), places(n), places(n, seed=1)
    questions = {}
    for i, img_id in enumerate(photos.ids):
        for prompt in TWO.prompts(similar[i], dissimilar[i]):
            photo = hashlib.sha256(photos.read(img_id)).hexdigest()
            _, jpeg = api.jpeg_url(photos.image(img_id), 768).split(",")
            seen = prompt.text, base64.b64decode(jpeg)
            questions[seen] = Question("killed", photo, prompt.text, 1.2)

    command = [sys.executable, "-c", RUN, server.url, str(path), str(n)]
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    rng = np.random.default_rng()
    for life in range(kills + 1):
        with Store(path) as store:
            have = {seen: store.read(question) for seen, question in questions.items()}
        before = len(server.requests)
        process = subprocess.Popen(
            [*command, str(life)], stdout=subprocess.PIPE, text=True, env=surroundings
        )
        if life < kills:
            left = 2 * n - sum(len(replies) == 3 for replies in have.values())
            begun = before + rng.integers(1, max(2, left // (2 * (kills - life))))
            while len(server.requests) < begun and process.poll() is None:
                time.sleep(0.002)
            time.sleep(rng.uniform(0, 2 * server.latency))
            process.kill()
        said = process.communicate()[0]
        sent = zip(server.requests, server.headers, strict=False)
        asked = Counter(parts(r) for r, headers in sent if headers["x-life"] == str(life))
        for seen, number in asked.items():
            assert number <= 3 - len(have[seen]), "asked for what the store had"
        if life < kills:
            assert process.returncode == -signal.SIGKILL and said == ""
    stored = sum(map(len, have.values()))
    assert [int(word) for word in said.split()] == [6 * n, stored, 6 * n - stored, 0]
    with Store(path) as store:
        texts = [r.text for question in questions.values() for r in store.read(question).values()]
    assert len(texts) == len(set(texts)) == 6 * n  # every reply once
    assert len(server.requests) <= 6 * n + kills * 4  # but for what was under way


@pytest.mark.slow
def test_two_runs_at_once_share_a_store(server, tmp_path):
    server.latency = 0.02
    path = tmp_path / "s.sqlite"
    command = [sys.executable, "-c", RUN, server.url, str(path), "10", "0"]
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=surroundings)
        for _ in range(2)
    ]
    for process in both:
        assert re.match(r"60 \d+ \d+ 0\n", process.communicate()[0]) and process.returncode == 0
    assert len(server.requests) == 20  # each once
    own = OpenAILMM("tiny", server.url, name="killed")
    _, report = run(own, photo_set(10), store=path)
    assert report.stored == 60 and len(server.requests) == 20 and report.tokens_in == 20_000


def test_what_another_run_asks_is_waited_for(server, tmp_path):
    """Two runs at a time: nothing is asked twice, and either account has the tokens of both."""
    path, reports = tmp_path / "s.sqlite", {}
    server.latency = 0.02
    both = threading.Barrier(2, timeout=30)

    def one(name):
        both.wait()
        reports[name] = run(model(server, concurrency=3), photo_set(6), store=path)

    threads = [threading.Thread(target=one, args=[name]) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (table, a), (other, b) = reports["a"], reports["b"]
    pd.testing.assert_frame_equal(table, other)
    assert len(server.requests) == 12 and a.asked + b.asked == 36 and table.LAT.notna().all()
    assert {(r.failed, r.tokens_in, r.tokens_out) for r in (a, b)} == {(0, 12_000, 240)}
    assert a.stored == b.asked and b.stored == a.asked
    assert not list(tmp_path.glob("*.lock"))


def test_a_cap_on_cost_counts_what_another_run_spends(server, tmp_path):
    path, plan = tmp_path / "s.sqlite", PromptPlan(references=(0,), replies=1)

    def script(i, request):
        if i == 1:  # meanwhile another run asks about photos of this one
            run(model(server), photo_set(5).take(slice(3, 5)), plan, store=path)

    server.script = script
    with pytest.raises(RunStopped, match="0.004 was spent and max_cost is 0.004"):
        run(model(server), photo_set(9), plan, store=path, price_in=1.0, max_cost=0.004)
    assert len(server.requests) == 4


def test_what_another_run_was_refused_is_asked_again(server, tmp_path):
    """It holds a claim, and goes without asking."""
    path, plan = tmp_path / "s.sqlite", PromptPlan(references=(0,), replies=1)
    photos = photo_set(2)
    asked = model(server)
    held = Store(path)
    prompt = plan.prompts(np.empty((0, 2)), np.empty((0, 2)))[0].text
    photo = hashlib.sha256(photos.read("0.png")).hexdigest()
    assert held.claim(Question(asked.name, photo, prompt, plan.temperature))

    def script(i, request):  # the other photo is asked about first
        threading.Timer(0.3, held.close).start()

    server.script = script
    table, report = run(asked, photos, plan, store=path)
    assert len(server.requests) == 2 and report.failed == 0 and table.LAT.tolist() == [1, 0]


@pytest.fixture
def heeds_interruption():
    """A process that was started in the background ignores the signal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_interruption")
def test_an_interruption_keeps_what_is_under_way(server):
    asked = model(server, concurrency=4)
    server.script = together(4, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        run(asked)
    assert len(server.requests) == 4
    _, report = run(asked)
    assert report.stored == 12


# --- replays


def test_a_replay_gives_the_recorded_replies(server, tmp_path):
    server.reply = lambda i, k, request: None if k == 1 else f"({i}.5, {k}.5)"
    table, _ = run(model(server))
    table.to_csv(tmp_path / "replies.csv", index=False)
    for recorded in (table, pd.read_csv(tmp_path / "replies.csv")):
        again, report = run(ReplayLMM(recorded), store=tmp_path / "new.sqlite")
        pd.testing.assert_frame_equal(again, table)
    assert len(server.requests) == 8 and report.failed == 0
    assert (report.stored, report.asked) == (24, 0)  # both are the same recording
    _, report = run(ReplayLMM(table.assign(text="(1.5, 2.5)")), store=tmp_path / "new.sqlite")
    assert report.asked == 24  # and this is another one


def test_a_replay_says_what_is_missing():
    table = pd.DataFrame({"IMG_ID": ["0.png"], "references": 0, "sample": 0, "text": "(1.5, 2)"})
    with pytest.raises(LMMError, match="no reply 1 to the prompt with 0 references .*'0.png'"):
        run(ReplayLMM(table), photo_set(1))
    with pytest.raises(LMMError, match="lack the column sample, text"):
        ReplayLMM(table[["IMG_ID", "references"]])
    with pytest.raises(LMMError, match="'IMG_ID': '0.png'.*more than once"):
        ReplayLMM(pd.concat([table, table]))


def test_real_recorded_replies_are_replayed(real):
    recorded = json.loads((real / "lmm_replies" / "replies.json").read_text(encoding="utf-8"))
    rows = [
        (img_id, int(k), sample, text)
        for img_id, photo in recorded.items()
        for k, prompt in photo["prompts"].items()
        for sample, text in enumerate(prompt["replies"])
    ]
    table = pd.DataFrame(rows, columns=["IMG_ID", "references", "sample", "text"])
    first = table[table.references == 0].IMG_ID.unique()
    photos = photo_set(len(first))
    photos.table["IMG_ID"] = first
    folder = real / "lmm_replies" / "images"
    photos = PhotoSet("real", photos.table, lambda i: (folder / i).read_bytes())
    plan = PromptPlan(references=(0,), replies=5, asked=10)
    got, report = ask(ReplayLMM(table), photos, plan, progress=False)
    assert got.text.isna().tolist() == table[table.references == 0].text.isna().tolist()
    assert report.wanted == 10 * len(first) == report.readable + report.refused + report.unreadable
    assert got.groupby("IMG_ID").used.sum().max() == 5 and report.readable > report.wanted / 2
