"""What servers say instead of what was asked for, and what it is taken for."""

import gzip
import itertools
import json
import math
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import pytest
from lmm_server import Fault, model, photo_set, picture, refusing, run, serving
from PIL import Image

from g3lite import G3Error
from g3lite.lmm import api, transport
from g3lite.lmm.api import OpenAILMM
from g3lite.lmm.base import LMMError
from g3lite.lmm.completions import Fault as Refusal
from g3lite.lmm.requests import RunStopped, token_count
from g3lite.lmm.schema import RESPONSE_FORMAT
from g3lite.prompts import PromptPlan

CASES = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).parent / "api_cases").glob("*.json"))
}
PLACE = (38.7139, -9.1334)
ONE = PromptPlan(references=(0,), replies=1)


pytestmark = pytest.mark.usefixtures("surroundings")


def body(choice=None, usage=None, **more):
    """A chat completion with one choice, as JSON."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"content": "(1.5, 2.5)"}} | (
        choice or {}
    )
    usage = {"prompt_tokens": 10, "completion_tokens": 5} if usage is None else usage
    return json.dumps({"choices": [choice], "usage": usage} | more).encode()


def saying(content, finish="stop", **message):
    return Fault(body=body({"finish_reason": finish, "message": {"content": content} | message}))


def play(server, name):
    """A run that gets the response of a case to every request: its table and report."""
    case = CASES[name]
    data = case["body"] if isinstance(case["body"], str) else json.dumps(case["body"])
    kind = "text/html" if data.startswith("<") else "application/json"
    fault = Fault(case["status"], data.encode(), kind)
    server.script = lambda i, request: fault
    n = case["replies_wanted"]
    return run(model(server), photo_set(1), PromptPlan(references=(0,), replies=n, asked=n))


def noted(warnings):
    """How many of them say what a server refuses."""
    return sum("refuses" in str(warning.message) for warning in warnings)


# --- the cases


def test_there_is_a_test_of_every_case():
    tested = set(re.findall(r"\bA\d\d\b", Path(__file__).read_text(encoding="utf-8")))
    assert set(CASES) == tested and len(CASES) == 15


@pytest.mark.parametrize(
    ("name", "requests"), [("A01", 2), ("A02", 2), ("A09", 5), ("A15", 1)]
)  # fmt: skip
def test_what_is_a_reply_is_read(server, name, requests):
    """Text in parts, without the thinking; a server that ignores n; one that states no tokens."""
    table, report = play(server, name)
    assert [(lat, lon) for lat, lon in table[["LAT", "LON"]].to_numpy()] == [PLACE] * requests
    assert len(server.requests) == requests
    assert report.tokens_in == (0 if name == "A15" else 10 * requests)
    assert not table.text.str.contains("Lisbon").any()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("A03", "empty reply: only reasoning came, no answer"),
        ("A04", "empty reply: cut off at the limit of tokens"),
        ("A05", "empty reply: the model called a tool instead, which is not read"),
        ("A08", "empty reply: the server's content filter took it"),
        ("A06", "cut off before the end of the reply"),
        ("A07", "thinking that never ended: the reply may be cut off"),
    ],
)
def test_what_is_no_answer_says_why(server, name, why):
    table, report = play(server, name)
    assert set(table.reason) == {why} and table.LAT.isna().all()
    n = CASES[name]["replies_wanted"]
    assert len(server.requests) == n and (report.tokens_in, report.tokens_out) == (10 * n, 5 * n)
    if why.startswith("empty"):
        more = "; all replies that came were cut off: raise max_tokens" if "cut" in why else ""
        assert report.failure == f"{n} of {n} replies came without a text: {why[13:]}{more}"
    elif "cut" in why:
        assert report.failure == "all replies that came were cut off: raise max_tokens"
    again, report = play(server, name)  # from the store
    assert again.equals(table) and len(server.requests) == n and report.tokens_in == 10 * n


def test_a_server_that_refuses_n_is_asked_one_by_one_with_a_note(server):
    """A10, and then what A15 sends."""
    refused, good = (json.dumps(CASES[name]["body"]).encode() for name in ("A10", "A15"))
    server.script = lambda i, request: (
        Fault(400, refused) if request.get("n", 1) > 1 else Fault(body=good)
    )
    plan = PromptPlan(references=(0,), replies=5, asked=5)
    asked = model(server)
    with pytest.warns(
        UserWarning,
        match=r"refuses n, so it is asked for one reply at a time.*n > 1 is not supported",
    ):  # noqa: E501
        table, report = run(asked, photo_set(2), plan)
    assert table.LAT.eq(PLACE[0]).all() and report.failed == 0
    assert [request.get("n", 1) for request in server.requests] == [5] + [1] * 10
    with pytest.warns(UserWarning, match="refuses n") as notes:  # another run, and no 400 more
        run(asked, photo_set(3), plan)
    assert noted(notes) == 1 and len(server.requests) == 11 + 5


def test_a_temperature_that_is_refused_is_named_after_one_request(server):
    with pytest.raises(LMMError, match=r"does not support 0\.7.*PromptPlan\(temperature=") as said:
        play(server, "A11")
    assert len(server.requests) == 1 and not isinstance(said.value, RunStopped)


def test_an_error_inside_a_200_is_shown_in_its_words_after_one_request(server):
    with pytest.raises(LMMError, match="quota of this key is used up.*no credit left"):
        play(server, "A12")
    assert len(server.requests) == 1


def test_a_web_page_is_shown_after_one_request(server):
    with pytest.raises(LMMError, match="a web page, 'a page'; the address is not that of an API"):
        play(server, "A13")
    assert len(server.requests) == 1


def test_no_choices_are_told(server):
    table, _ = play(server, "A14")
    assert table.reason.str.contains(
        "a chat completion without replies .no choices", na=False
    ).all()
    assert len(server.requests) == 4  # the attempts


# --- errors inside of a 200


@pytest.mark.parametrize(
    ("error", "requests", "words"),
    [
        ({"error": {"message": "slow down", "code": 429}}, 4, "slow down .code 429"),
        ({"error": {"message": "overloaded", "code": "503"}}, 4, "overloaded"),
        ({"choices": [{"error": {"message": "upstream", "code": 502}}]}, 4, "upstream"),
        ({"error": {"message": "not written yet", "code": 501}}, 1, "not written yet"),
        ({"error": {"message": "Your input was flagged", "code": 403}}, 1, "was flagged"),
        ({"error": {"message": "bad picture", "code": 400}}, 1, "bad picture"),
        ({"error": {"message": "moderated", "code": "moderation"}}, 1, "moderated"),
        ({"error": "no such thing"}, 1, "no such thing"),
        ({"error": ["odd", {"words": 1}]}, 1, "odd"),
        ({"detail": "the model sleeps"}, 1, "the model sleeps"),
        ({"object": "error", "message": "too long", "code": 40303}, 1, "too long"),
    ],
)
def test_an_error_inside_fails_for_its_photo(server, error, requests, words):
    server.script = lambda i, request: Fault(body=json.dumps(error).encode())
    table, report = run(model(server), photo_set(1), ONE)
    assert table.reason.str.contains(
        f"no reply: .*an error in place of a reply: .*{words}", na=False
    ).all()
    assert len(server.requests) == requests and report.failed == 1


@pytest.mark.parametrize(
    ("code", "hint"), [(401, "valid key"), (402, "no credit"), (404, "is 'tiny' a model of")]
)
def test_an_error_inside_that_will_not_pass_ends_the_run(server, code, hint):
    error = json.dumps({"error": {"message": "because", "code": code}}).encode()
    server.script = lambda i, request: Fault(body=error)
    with pytest.raises(LMMError, match=f"because.*{hint}"):
        run(model(server))
    assert len(server.requests) == 1


# --- replies


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": "(1.5, "}, {"type": "text", "text": "2.5)"}], "(1.5, 2.5)"),
        ([{"type": "output_text", "text": "(1.5, 2.5)"}], "(1.5, 2.5)"),
        ([{"type": "refusal", "refusal": "I am sorry"}], "I am sorry"),
        ([{"type": "reasoning", "text": "(3.5, 4.5)"}, {"type": "text", "text": "x"}], "x"),
        ([{"type": "thinking", "thinking": "(3.5, 4.5)"}], None),
        ([{"text": "(1.5, 2.5)"}], "(1.5, 2.5)"),
        ([{"text": "(3.5, 4.5)", "thought": True}, {"text": "x"}, {"thinking": "y"}], "x"),
        (" \n", None),
        ([], None),
    ],
)
def test_of_a_list_of_parts_the_text_is_read(server, content, text):
    server.script = lambda i, request: saying(content)
    assert model(server).replies(Image.new("RGB", (9, 9)), "Where?") == [text]
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "finish",
    ["length", "max_tokens", "MAX_TOKENS", "model_length", "length ", "token_limit"]
    + ["FINISH_REASON_MAX_TOKENS", "max-new-tokens", "maxPredictedTokensReached"],
)
def test_a_limit_of_tokens_has_many_names(server, finish):
    server.script = lambda i, request: saying("Latitude: 31.2397, Longitude: 12", finish)
    table, _ = run(model(server), photo_set(1), ONE)
    assert table.reason.tolist() == ["cut off before the end of the reply"]


@pytest.mark.parametrize(
    "ends",
    [
        {"finish_reason": None, "stop_reason": "max_tokens"},
        {"finish_reason": None, "finishReason": "MAX_TOKENS"},
        {"finish_reason": "FINISH_REASON_MAX_TOKENS"},
        {"native_finish_reason": "MAX_TOKENS"},
        {"finish_reason": "stop", "stop_reason": "length"},
        {"finish_reason": None, "finish_details": {"type": "max_tokens"}},
        {"incomplete_details": {"reason": "max_output_tokens"}},
        {"finish_reason": "content_filter"},
        {"incomplete_details": {"reason": "content_filter"}},
        {"finish_reason": "model_context_window_exceeded"},
    ],
)
def test_that_a_reply_was_cut_off_is_said_in_many_places(server, ends):
    text = {"message": {"content": "Latitude: 31.2397, Longitude: 12.5432"}}
    server.script = lambda i, request: Fault(body=body(text | ends))
    table, _ = run(model(server), photo_set(1), ONE)
    assert table.reason.tolist() == ["cut off before the end of the reply"]


def test_a_response_tells_of_its_only_choice_that_it_was_cut_off(server):
    text = {"message": {"content": "Latitude: 31.2397, Longitude: 12.5432"}}
    told = body(text, incomplete_details={"reason": "max_output_tokens"})
    server.script = lambda i, request: Fault(body=told)
    table, _ = run(model(server), photo_set(1), ONE)
    assert table.reason.tolist() == ["cut off before the end of the reply"]


@pytest.mark.parametrize("stop", ["</s>", 2, None, ["x"], {"reason": 3}, {}])
def test_what_a_reply_stopped_at_cuts_nothing_off(server, stop):
    choice = {"message": {"content": "31.2397, 12.5432"}, "stop_reason": stop}
    server.script = lambda i, request: Fault(body=body(choice, incomplete_details=stop))
    assert run(model(server), photo_set(1), ONE)[0].LAT.tolist() == [31.2397]


@pytest.mark.parametrize("finish", ["stop", "end_turn", "eos", None, "odd", 12, ["x"]])
def test_other_ends_cut_nothing_off(server, finish):
    server.script = lambda i, request: saying("Latitude: 31.2397, Longitude: 12.5432", finish)
    table, _ = run(model(server), photo_set(1), ONE)
    assert table.LON.tolist() == [12.5432]


def test_replies_without_a_text_are_asked_for_again_only_on_request(server):
    server.script = lambda i, request: saying(None if i < 2 else "(1.5, 2.5)")
    plan = PromptPlan(references=(0,), replies=2)
    table, report = run(model(server), photo_set(1), plan)
    assert table.text.isna().all() and (report.failed, report.asked, report.tokens_in) == (0, 2, 20)
    _, report = run(model(server), photo_set(1), plan)
    assert len(server.requests) == 2 and (report.stored, report.asked) == (2, 0)
    table, report = run(model(server), photo_set(1), plan, retry_empty=True)
    assert len(server.requests) == 4 and table.LAT.eq(1.5).all()
    assert (report.stored, report.asked, report.tokens_in, report.tokens_out) == (0, 2, 40, 20)
    _, report = run(model(server), photo_set(1), plan, retry_empty=True)
    assert len(server.requests) == 4 and report.tokens_in == 40


# --- tokens


@pytest.mark.parametrize(
    ("stated", "counted"),
    [(7, 7), (0, 0), (7.0, 7), (10**12, 10**12), (-5, None), (10**19, None), (1e19, None)]
    + [(0.5, None), ("7", None), (True, None), (None, None), ([7], None), ({}, None)]
    + [(math.nan, None), (math.inf, None)],
)
def test_what_can_be_a_number_of_tokens(stated, counted):
    assert token_count(stated) == counted


@pytest.mark.parametrize(
    "usage", [-1000, 1e19, 10**400, 0.5, "12", None, [1], {"a": 1}, True, math.nan, math.inf]
)
def test_tokens_that_cannot_be_never_lower_the_cost(server, usage):
    plan = PromptPlan(references=(0,), replies=1)
    run(model(server), photo_set(1), plan)  # 1,000 and 20
    wrong = {"prompt_tokens": usage, "completion_tokens": usage}
    server.script = lambda i, request: Fault(body=body(usage=wrong))
    _, report = run(model(server), photo_set(3), plan, price_in=1.0)
    assert (report.tokens_in, report.tokens_out, report.asked) == (1000, 20, 2)
    with pytest.raises(RunStopped, match="no token counts, or none that can be true"):
        run(model(server), photo_set(5), plan, price_in=1.0, max_cost=9.0)


def test_tokens_by_other_names_are_counted(server):
    told = body(usage={"input_tokens": 10, "output_tokens": 5})
    server.script = lambda i, request: Fault(body=told)
    _, report = run(model(server), photo_set(1), ONE)
    assert (report.tokens_in, report.tokens_out) == (10, 5)
    with pytest.raises(RunStopped, match="was spent and max_cost is"):
        run(model(server), photo_set(3), ONE, price_in=1.0, max_cost=1.5e-5)


def test_tokens_of_requests_that_failed_are_counted(server):
    usage = {"prompt_tokens": 100, "completion_tokens": 7}
    nothing = json.dumps({"choices": [], "usage": usage}).encode()
    refused = json.dumps({"error": {"message": "busy"}, "usage": usage}).encode()
    faults = {0: Fault(body=nothing), 1: Fault(503, refused)}
    server.script = lambda i, request: faults.get(i)
    _, report = run(model(server), photo_set(1), ONE)
    assert (report.tokens_in, report.tokens_out) == (1200, 34) and len(server.requests) == 3
    server.script = lambda i, request: Fault(body=nothing)
    _, report = run(model(server, attempts=2), photo_set(2), ONE)
    assert (report.tokens_in, report.tokens_out, report.failed) == (1400, 48, 1)
    _, report = run(model(server, attempts=2), photo_set(2), ONE, price_in=1.0)
    assert report.tokens_in == 1600 and report.cost == pytest.approx(0.0016)
    with pytest.raises(RunStopped, match="was spent and max_cost is"):
        run(model(server), photo_set(2), ONE, price_in=1.0, max_cost=0.0016)


# --- a schema


def test_a_schema_is_sent_and_named(server):
    asked = model(server, response_format="schema")
    run(asked, photo_set(1), ONE)
    assert [request["response_format"] for request in server.requests] == [RESPONSE_FORMAT]
    assert asked.name.endswith("(768 px, response_format=schema)")
    run(model(server), photo_set(1), ONE)  # which is another model
    assert len(server.requests) == 2 and "response_format" not in server.requests[1]
    own = {"type": "json_object"}
    run(model(server, response_format=own), photo_set(1), ONE)
    assert server.requests[2]["response_format"] == own
    with pytest.raises(LMMError, match="response_format 'json' is unknown; use 'schema'"):
        model(server, response_format="json")


@pytest.mark.parametrize(
    ("said", "param"),
    [
        ("Invalid parameter: 'response_format' of type 'json_schema' is not supported", None),
        ("not with this model", "response_format"),
        ("unknown field `response_format`", None),
        ("json_schema is not available here", None),
        ("This model does not support response format", None),
        ("The provided JSON schema contains features not supported by xgrammar", None),
        ("bad value", ["body", "response_format", "type"]),
    ],
)
def test_a_server_that_refuses_the_schema_is_asked_without_it(server, said, param):
    server.script = lambda i, request: (
        refusing(400, said, param=param) if "response_format" in request else None
    )
    asked = model(server, response_format="schema")
    with pytest.warns(UserWarning, match="refuses the JSON schema, so .*it said") as notes:
        _, report = run(asked, photo_set(4), ONE)
    assert noted(notes) == 1 and report.failed == 0 and len(server.requests) == 5
    own = {"type": "json_object"}
    with pytest.raises(LMMError, match="change the option response_format of OpenAILMM"):
        run(model(server, response_format=own), photo_set(5), ONE)


def problem(status, told):
    """A response with an error: JSON, or bytes as they are."""
    return Fault(status, told if isinstance(told, bytes) else json.dumps(told).encode())


FASTAPI = {
    "detail": [{"loc": ["body", "response_format", "type"], "msg": "Input should be 'text'"}]
}


@pytest.mark.parametrize(
    ("status", "told"),
    [(400, b""), (400, {"error": {"message": "Invalid schema: 'minimum' is not permitted"}})]
    + [(400, b"no"), (404, {"error": {"message": "No endpoints found"}}), (422, FASTAPI)]
    + [(405, b"not so"), (415, b""), (501, b"")]
    + [(500, {"error": {"message": "responseFormat is not implemented"}})]
    + [(403, {"error": {"message": "structured outputs are not in your plan"}})]
    + [(200, {"error": "json_schema is not supported"}), (200, {"error": {"message": "x"}})]
    + [(200, {"error": {"message": "guided_json is disabled", "code": 500}})],
)
def test_a_refusal_is_of_the_schema_if_it_is_none_without(server, status, told):
    fault = problem(status, told)
    server.script = lambda i, request: fault if "response_format" in request else None
    with pytest.warns(UserWarning, match="refuses the JSON schema, so .*it said") as notes:
        _, report = run(model(server, response_format="schema"), photo_set(3), ONE)
    assert noted(notes) == 1 and report.failed == 0 and len(server.requests) == 4


@pytest.mark.filterwarnings("error:.*refuses the JSON schema")
def test_a_refusal_with_the_schema_and_without_is_not_of_the_schema(server):
    """A photo that is not accepted costs two requests, and the schema stays."""
    faults = {0: refusing(400, "bad picture"), 1: refusing(400, "a bad picture all the same")}
    server.script = lambda i, request: faults.get(i)
    table, report = run(model(server, response_format="schema"), photo_set(3), ONE)
    assert ["response_format" in request for request in server.requests] == [
        True,
        False,
        True,
        True,
    ]
    assert report.failed == 1 and "all the same" in table.reason[0]


@pytest.mark.filterwarnings("error:.*refuses the JSON schema")
def test_a_busy_server_is_asked_again_with_the_schema(server):
    server.script = lambda i, request: refusing(429, "json_schema: too many") if i == 0 else None
    _, report = run(model(server, response_format="schema"), photo_set(1), ONE)
    assert ["response_format" in request for request in server.requests] == [True, True]
    assert report.failed == 0


@pytest.mark.filterwarnings("error:.*refuses the JSON schema")
def test_a_reply_is_kept_where_warnings_are_errors(server):
    server.script = lambda i, request: refusing(400) if "response_format" in request else None
    with pytest.raises(UserWarning, match="refuses the JSON schema"):
        run(model(server, response_format="schema"), photo_set(1), ONE)
    _, report = run(model(server, response_format="schema"), photo_set(1), ONE)
    assert (report.stored, report.asked) == (1, 0) and len(server.requests) == 2


@pytest.mark.parametrize(
    ("status", "said", "requests"),
    [(401, "no such key", 1), (402, "pay", 1), (400, "Insufficient account balance", 1),
     (404, "no such model", 2)],
)  # fmt: skip
def test_what_is_not_of_the_schema_ends_the_run(server, status, said, requests):
    server.script = lambda i, request: refusing(status, said)
    with pytest.raises(LMMError, match=said):
        run(model(server, response_format="schema"))
    assert len(server.requests) == requests


# --- the words of a server


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"detail": "too dark"}, "too dark"),
        ({"detail": [{"loc": ["body", "messages"], "msg": "too dark"}]}, '"messages".: too dark'),
        ({"error": "too dark"}, "too dark"),
        ([{"error": {"message": "too dark", "code": 400}}], "too dark"),
        ({"error": "Bad Request", "message": "too dark"}, "too dark"),
        ({"errors": [{"message": "too dark"}]}, "too dark"),
        ("too dark", "too dark"),
        (b"too dark", "too dark"),
        (b"<html><b>too dark</b></html>", "it sent a web page, 'too dark'"),
        (b"[" * 5000, "\\[\\["),
        ({"error": "a\x00\u202e\ud800b"}, r"a\?\?\?b"),
        (b"", ""),
    ],
)
@pytest.mark.parametrize("status", [400, 422, 500])
def test_the_words_of_a_server_are_shown(server, told, words, status):
    server.script = lambda i, request: problem(status, told)
    table, _ = run(model(server, attempts=1), photo_set(1), ONE)
    assert table.reason.str.contains(f"Error code: {status}(?: - .*{words}|$|;)", na=False).all()
    assert not words or table.reason.str.contains(words, na=False).all()


@pytest.mark.parametrize(
    "told",
    [{"detail": [{"loc": ["body", "n"], "msg": "should be 1"}]}, {"error": "'n' should be 1"}]
    + [{"detail": "n > 1 is not supported"}, b"n > 1 is not supported"],
)
@pytest.mark.parametrize("status", [400, 422])
def test_a_refusal_of_n_in_other_forms(server, told, status):
    fault = problem(status, told)
    server.script = lambda i, request: fault if request.get("n", 1) > 1 else None
    with pytest.warns(UserWarning, match="refuses n.*it said: Error code: 4.. - "):
        _, report = run(model(server), photo_set(1), PromptPlan(references=(0,), replies=3))
    assert report.failed == 0 and len(server.requests) == 4


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ("n > 1 is not supported", True),
        ("only n=1 is allowed", True),
        ("max n is 1", True),
        ("n must be between 1 and 1", True),
        ("the image must have at most n x n pixels", False),
        ("images of N×N pixels only", False),
        ("crop to n by n", False),
        ("the n-th image is broken", False),
        ("more than n pixels", False),
    ],
)
def test_a_size_of_n_pixels_is_no_refusal_of_n(said, refused):
    assert Refusal(said, "request", status=400).refuses("n") is refused


@pytest.mark.parametrize(
    "error",
    [{"message": "", "type": "", "param": "", "code": None}, {"code": 0, "message": "success"}]
    + [{"code": "200", "message": "OK"}, {}, "", False, {"details": []}],
)
@pytest.mark.parametrize("within", [True, False], ids=["choice", "response"])
def test_an_error_that_says_nothing_is_none(server, error, within):
    told = body({"error": error}) if within else body(error=error)
    server.script = lambda i, request: Fault(body=told)
    table, report = run(model(server), photo_set(1), ONE)
    assert table.LAT.tolist() == [1.5] and len(server.requests) == 1 and report.failed == 0


@pytest.mark.parametrize(
    "bad",
    [
        {"error": {"message": "up", "code": 502}},
        {"message": {"content": ""}, "finish_reason": "error"},
    ]
    + [{"message": None}, None, {"message": {"content": {"a": 1}}}],
)
def test_the_good_replies_beside_a_bad_one_are_kept(server, bad):
    choices = [{"message": {"content": f"({k}.5, 2.5)"}, "finish_reason": "stop"} for k in range(3)]
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    mixed = json.dumps({"choices": [choices[0], bad, choices[2]], "usage": usage}).encode()
    server.script = lambda i, request: Fault(body=mixed) if i == 0 else Fault(body=body())
    table, report = run(model(server), photo_set(1), PromptPlan(references=(0,), replies=3))
    assert table.LAT.tolist() == [0.5, 2.5, 1.5]
    assert [request.get("n", 1) for request in server.requests] == [3, 1]
    assert (report.asked, report.failed, report.tokens_in) == (3, 0, 20)


@pytest.mark.parametrize(
    ("status", "said", "code", "spent"),
    [
        (429, "used up, as the code says", "rate_limit_exceeded", 0),
        (429, "You have used up your requests for this minute, retry in 1 s", None, 0),
        (429, "used up: 60 requests per minute", None, 0),
        (429, "quota of this key is used up", None, 1),
        (400, "Insufficient account balance", None, 1),
        (403, "Your credit balance is too low", None, 1),
        (429, "quota", "insufficient_quota", 1),
    ],
)  # fmt: skip
def test_an_account_is_spent_or_a_minute(server, status, said, code, spent):
    fault = refusing(status, said, code)
    server.script = lambda i, request: fault if i == 0 else None
    if spent:
        with pytest.raises(LMMError, match="no credit left"):
            run(model(server), photo_set(1), ONE)
    else:
        assert run(model(server), photo_set(1), ONE)[1].failed == 0
    assert len(server.requests) == 2 - spent


def test_a_photo_that_is_flagged_is_not_the_key(server):
    server.script = lambda i, request: refusing(403, "Your input was flagged") if i == 0 else None
    table, report = run(model(server), photo_set(2), ONE)
    assert report.failed == 1 and "content filter took the photo" in table.reason[0]
    server.script = lambda i, request: refusing(403, "Your account was flagged")
    with pytest.raises(LMMError, match="the key in OPENAI_API_KEY may not do this"):
        run(model(server), photo_set(2), ONE)


@pytest.mark.parametrize(
    "told",
    [
        b'data: {"choices":[{"delta":{"content":"(1.5, 2.5)"}}]}\n\ndata: [DONE]\n\n',
        b": working\n\ndata: {}",
        {"choices": [{"text": "(1.5, 2.5)", "finish_reason": "stop"}]},
        {"choices": [{"delta": {"content": "(1.5, 2.5)"}}]},
        {"choices": [{"message": {"content": {"latitude": 1.5, "longitude": 2.5}}}]},
        {"object": "response", "output": [{"content": [{"text": "(1.5, 2.5)"}]}]},
        {"type": "message", "content": [{"type": "text", "text": "(1.5, 2.5)"}]},
        {"candidates": [{"content": {"parts": [{"text": "(1.5, 2.5)"}]}}]},
        {"message": {"role": "assistant", "content": "(1.5, 2.5)"}, "done": True},
    ],
)
def test_another_protocol_is_named_after_one_request(server, told):
    server.script = lambda i, request: problem(200, told)
    with pytest.raises(LMMError, match=r"another protocol .*base_url.*/v1.*streaming"):
        run(model(server), photo_set(3), ONE)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "finish",
    ["SAFETY", "RECITATION", "PROHIBITED_CONTENT", "blocklist", "content-filter", "sensitive"],
)
def test_a_content_filter_has_many_names(server, finish):
    server.script = lambda i, request: saying(None, finish)
    table, _ = run(model(server), photo_set(1), ONE)
    assert table.reason.tolist() == ["empty reply: the server's content filter took it"]


def test_a_blank_reply_beside_reasoning_says_so(server):
    server.script = lambda i, request: saying("   ", reasoning_content="it is (1.5, 2.5)")
    table, _ = run(model(server), photo_set(1), ONE)
    assert table.reason.tolist() == ["empty reply: only reasoning came, no answer"]


@pytest.mark.parametrize(
    ("encoding", "charset", "place"),
    [
        ("latin-1", "iso-8859-1", True),
        ("cp1252", "windows-1252", True),
        ("utf-8", "iso-8859-1", True),  # which it is not
        ("utf-16", None, True),
        ("latin-1", "punycode", False),
        ("latin-1", "latin-0", False),
    ],
)
def test_the_charset_of_a_response(server, encoding, charset, place):
    text = body({"message": {"content": "48.85# N, 2.35# E"}}).decode().replace("#", "\u00b0")
    kind = f"application/json; charset={charset}" if charset else "application/json"
    server.script = lambda i, request: Fault(200, text.encode(encoding), kind)
    table, _ = run(model(server), photo_set(1), ONE)
    assert (table.LAT.tolist() == [48.85]) == place and len(server.requests) == 1


# --- addresses


def test_a_server_named_by_the_environment_needs_no_key(server, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    got = OpenAILMM("tiny", timeout=30.0).replies(Image.new("RGB", (9, 9)), "Where?")
    assert got == ['{"latitude": 0, "longitude": 0}']
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    with pytest.raises(LMMError, match="no key .*base_url or OPENAI_BASE_URL"):
        OpenAILMM("tiny")


def test_a_proxy_of_the_environment_is_used(server, monkeypatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as proxy:
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{proxy.server_address[1]}")
        asked = OpenAILMM("tiny", "http://nowhere.example/v1", timeout=30.0)
        assert asked.replies(Image.new("RGB", (9, 9)), "Where?") and len(proxy.requests) == 1
        assert proxy.paths == ["http://nowhere.example/v1/chat/completions"]
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert model(server).replies(Image.new("RGB", (9, 9)), "Where?")
        assert len(proxy.requests) == len(server.requests) == 1
    monkeypatch.setenv("http_proxy", "gopher://user:hush@host")
    with pytest.raises(LMMError, match="HTTP_PROXY .*cannot be used") as said:
        OpenAILMM("tiny", "http://nowhere.example/v1")
    assert "hush" not in str(said.value)


# --- limits of time and size


@pytest.mark.parametrize(
    "option",
    [{"timeout": 0}, {"timeout": math.nan}, {"deadline": math.inf}, {"deadline": -1}]
    + [{"concurrency": 0}, {"attempts": 0}, {"per_request": -1}, {"longest_side": 0}],
)
def test_numbers_that_cannot_be_are_refused(server, option):
    with pytest.raises(LMMError, match=f"{next(iter(option))}.*(more than 0|1 or more)"):
        model(server, **option)


class Raw:
    """A server that answers every connection with what `send` gives it."""

    def __init__(self, send):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/v1"
        self.over, self.connections = threading.Event(), 0
        self.send = send
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.answer, args=[connection], daemon=True).start()

    def answer(self, connection):
        with connection:
            connection.recv(100_000)
            for data in self.send():
                try:
                    connection.sendall(data)
                except OSError:
                    return
                if self.over.wait(0.02):
                    return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        self.listener.close()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"


@pytest.mark.parametrize("head", [HEAD, b"HTTP/1.1 200 OK\r\nX-Slow: "], ids=["body", "headers"])
def test_a_drip_ends_at_the_deadline(head):
    with Raw(lambda: itertools.chain([head], itertools.repeat(b" "))) as raw:
        asked = OpenAILMM("tiny", raw.url, timeout=30.0, deadline=0.5, attempts=2)
        began = time.monotonic()
        with pytest.raises(LMMError, match="no whole response in 0.5 s"):
            asked.replies(Image.new("RGB", (9, 9)), "Where?")
        assert raw.connections <= 2 and time.monotonic() - began < 15  # not 30 s and more


def test_a_bomb_ends_at_a_limit_of_size(server, monkeypatch):
    monkeypatch.setattr(transport, "MAX_RESPONSE_BYTES", 10**6)
    bomb = gzip.compress(b" " * 50_000_000, 9)
    server.script = lambda i, request: Fault(body=bomb, Content_Encoding="gzip")
    table, _ = run(model(server), photo_set(1), ONE)
    assert table.reason.str.contains("its response is larger than 1,000,000 bytes", na=False).all()
    server.script = lambda i, request: Fault(body=b"x", Content_Encoding="gzip, gzip")
    table, _ = run(model(server), photo_set(1), ONE)
    assert table.reason.str.contains(
        "packed as 'gzip, gzip', which was not asked for", na=False
    ).all()
    server.script = lambda i, request: Fault(500, bomb, Content_Encoding="gzip")
    table, _ = run(model(server), photo_set(1), ONE)
    assert table.reason.str.contains("larger than", na=False).all() and len(server.requests) == 3


@pytest.mark.parametrize("form", ["gzip", "deflate"])
def test_a_packed_response_is_read(server, form):
    pack = gzip.compress if form == "gzip" else zlib.compress
    server.script = lambda i, request: Fault(body=pack(body()), Content_Encoding=form)
    assert model(server).replies(Image.new("RGB", (9, 9)), "Where?") == ["(1.5, 2.5)"]


@pytest.mark.parametrize(
    ("after", "requests"),
    [
        ("Fri, 31 Dec 10000 23:59:59 GMT", 1),  # a pause beyond all limits
        ("1e400", 1),
        ("inf", 1),
        ("nan", 4),
        ("-5", 4),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 4),
        ("soon", 4),
        ("", 4),
    ],
)
def test_pauses_that_cannot_be(server, after, requests):
    server.script = lambda i, request: refusing(429, "busy", Retry_After=after)
    table, _ = run(model(server), photo_set(1), ONE)
    assert len(server.requests) == requests and table.reason.str.contains("busy", na=False).all()
    assert table.reason.str.contains("asks for a pause of inf s", na=False).all() == (requests == 1)


HANGING = """
import sys
from lmm_server import photo_set, run
from g3lite.lmm.api import OpenAILMM

run(OpenAILMM("tiny", sys.argv[1]), photo_set(4), store=sys.argv[2])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGINT")
def test_an_interruption_ends_a_run_on_a_hanging_server(tmp_path):
    with Raw(lambda: itertools.repeat(b"")) as raw:
        process = subprocess.Popen(
            [sys.executable, "-c", f"import signal; signal.signal(2, signal.default_int_handler)\n"
             f"{HANGING}", raw.url, str(tmp_path / "s.sqlite")],
            stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        while raw.connections < 8 and process.poll() is None:
            time.sleep(0.01)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
        assert time.monotonic() - began < api.GRACE_S + 2
    assert said.rstrip().endswith("KeyboardInterrupt") and process.returncode == -signal.SIGINT
    assert list(tmp_path.glob("*.lock")) == []


# --- whatever comes

DEEP = json.loads('{"a":' * 300 + "[" * 300 + "]" * 300 + "}" * 300)
ODD = [DEEP, None, True, 0, -1, 1e308, 10**30, "", "x", "\ud800", [], [None], {},
       {"a": [{}]}, [[[]]], math.nan, "{" * 50]  # fmt: skip
WHOLE = {
    "id": "x", "object": "chat.completion", "created": 1, "model": "m", "error": None,
    "choices": [{
        "index": 0, "finish_reason": "stop", "error": None,
        "message": {"role": "assistant", "content": "(1.5, 2.5)", "refusal": None,
                    "tool_calls": None, "reasoning": None},
    }],
    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
}  # fmt: skip


def paths(value, path=()):
    """Every place in a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(
        value, list) else ()  # fmt: skip
    for key, part in items:
        yield from paths(part, (*path, key))


def changed(value, path, new):
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


def faults():
    """(status, headers, body) of responses that are wrong in some way."""
    whole = json.dumps(WHOLE).encode()
    for path, odd in itertools.product(paths(WHOLE), ODD):
        yield 200, {}, json.dumps(changed(WHOLE, path, odd)).encode()
    for n in range(0, len(whole), 9):
        yield 200, {}, whole[:n]
    error = {"error": {"message": "m", "type": "t", "param": "p", "code": "c"}}
    for status in (
        *range(199, 209),
        *range(300, 309),
        *range(400, 432),
        *range(500, 512),
        599,
        999,
    ):
        yield status, {}, json.dumps(error).encode()
        yield status, {}, b""
    for path, odd in itertools.product(paths(error), ODD):
        yield 400, {}, json.dumps(changed(error, path, odd)).encode()
        yield 200, {}, json.dumps(changed(error, path, odd)).encode()
    for data in (b"[" * 200_000, b'{"a":' * 200_000, b"\x00" * 99, b"\xff\xfe{}", b"\xef\xbb\xbf{}",
                 b"9" * 9999, b"<html>" * 9999, random.Random(0).randbytes(999)):  # fmt: skip
        for status in (200, 400, 500):
            yield status, {}, data
    for name, value in {
        "Retry-After": "Fri, 31 Dec 10000 23:59:59 GMT", "Content-Type": "\xff; charset=\xfe",
        "Content-Encoding": "gzip", "Location": "http://[", "X-Request-Id": "x" * 9999,
        "Content-Length": "-1", "Retry-After-Ms": "nan",
    }.items():  # fmt: skip
        for status in (200, 301, 429, 503):
            yield status, {name: value}, whole


def test_every_fault_is_an_error_that_says_so(monkeypatch, tmp_path):
    """Neither a hanging run nor any other kind of error, whatever a server sends."""
    response = {}

    def handle(self, request):
        status, headers, data = response["is"]
        headers = [(k.encode(), v.encode("latin-1")) for k, v in headers.items()]
        stream = transport.http.ByteStream(data)
        return transport.http.Response(status, headers=headers, stream=stream, request=request)

    monkeypatch.setattr(transport.http.HTTPTransport, "handle_request", handle)
    monkeypatch.setattr(api, "FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(api, "LONGEST_PAUSE_S", 0.0)
    asked = OpenAILMM("tiny", "http://127.0.0.1:9/v1", attempts=2, concurrency=1)
    image, outcomes = Image.new("RGB", (9, 9)), []
    for response["is"] in faults():
        try:
            (text,) = asked.replies(image, "Where?")
            outcomes.append(text)
            assert text is None or isinstance(text, str)
        except G3Error as error:
            outcomes.append(error)
            said = str(error)
            assert said.isprintable() and 20 < len(said) < 900
            said.encode()
    errors = [one for one in outcomes if isinstance(one, G3Error)]
    assert len(outcomes) > 600 and len(errors) > 300 and "(1.5, 2.5)" in outcomes


def test_whatever_came_can_be_stored(server, tmp_path):
    texts = ["half \ud83d", "nul \x00", "x" * 10**6, "\u202e", "{" * 999]
    server.reply = lambda i, k, request: texts[k]
    plan = PromptPlan(references=(0,), replies=5, asked=5)
    for _ in range(2):
        table, report = run(model(server), photo_set(1, lambda _: picture(0)), plan)
        assert table.text.str[:4].tolist() == ["half", "nul ", "xxxx", "\u202e", "{{{{"]
        assert len(server.requests) == 1
