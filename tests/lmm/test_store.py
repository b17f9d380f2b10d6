"""Replies on disk: written once, found again, whole after a kill and with many writers."""

import signal
import sqlite3
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from g3lite.lmm.store import Question, Store, Stored, StoreError

QUESTION = Question("model@1", "ab12", "Where?", 1.2)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "replies.sqlite") as store:
        yield store


def texts(store, question=QUESTION):
    return {sample: reply.text for sample, reply in store.read(question).items()}


# --- one process


def test_replies_are_found_again_after_the_store_was_closed(tmp_path):
    path = tmp_path / "replies.sqlite"
    with Store(path) as store:
        store.write(QUESTION, [2, 0], ["(1, 2)", None], tokens_in=300, tokens_out=20)
        store.write(QUESTION, [1], ["no"], tokens_in=290, tokens_out=3)
    with Store(path) as store:
        assert store.read(QUESTION) == {
            0: Stored(None, 0, 0),
            1: Stored("no", 290, 3),
            2: Stored("(1, 2)", 300, 20),
        }
        assert list(store.read(QUESTION)) == [0, 1, 2]


@pytest.mark.parametrize(
    "other",
    [
        Question("model@2", "ab12", "Where?", 1.2),
        Question("model@1", "ab13", "Where?", 1.2),
        Question("model@1", "ab12", "Where? ", 1.2),
        Question("model@1", "ab12", "Where?", 1.0),
        Question("model@1a", "b12", "Where?", 1.2),
    ],
)
def test_another_question_has_other_replies(store, other):
    store.write(QUESTION, [0], ["here"])
    assert store.read(other) == {}
    store.write(other, [0], ["there"])
    assert texts(store) == {0: "here"} and texts(store, other) == {0: "there"}


def test_whole_temperatures_are_one_question():
    assert Question("m", "p", "q", 1).id == Question("m", "p", "q", 1.0).id


def test_the_first_text_stays_and_all_tokens_are_counted(store):
    store.write(QUESTION, [0, 1], ["first", None], 5, 2, ["stop", "length"])
    store.write(QUESTION, [0, 1, 2], ["second", "second", "second"], 9, 3, ["length", "stop", None])
    assert store.read(QUESTION) == {
        0: Stored("first", 14, 5, "stop"),
        1: Stored("second", 0, 0, "stop"),  # there was no text
        2: Stored("second", 0, 0, None),
    }
    store.write_failure(QUESTION, 100, 0)
    store.write_failure(QUESTION, 100, 1)
    other = Question("model@1", "ab12", "When?", 1.2)
    store.write(other, [0], ["x"], 1000, 1000)
    assert store.spent([QUESTION]) == (214, 6) and store.spent([QUESTION, other]) == (1214, 1006)
    assert store.spent([]) == (0, 0)


def test_all_replies_of_a_request_or_none(store):
    with pytest.raises(StoreError, match="replies.sqlite cannot be written .*NOT NULL"):
        store.write(QUESTION, [0, None], ["good", "bad"])
    with pytest.raises(ValueError):
        store.write(QUESTION, [0, 1], ["only one"])
    assert store.read(QUESTION) == {}


@settings(max_examples=30, deadline=None)
@given(replies=st.lists(st.none() | st.text(st.characters(codec="utf-8")), min_size=1, max_size=4))
def test_any_text_comes_back_as_it_was(tmp_path_factory, replies):
    with Store(tmp_path_factory.mktemp("store") / "s") as store:
        store.write(QUESTION, range(len(replies)), replies)
        assert list(texts(store).values()) == replies


def test_half_a_surrogate_pair_does_not_stop_a_run(store):
    store.write(QUESTION, [0, 1], ["48.85 \ud83d", "(1.5, 2.5)"])
    assert texts(store) == {0: "48.85 ?", 1: "(1.5, 2.5)"}


def test_damaged_text_does_not_stop_a_run(store):
    store.write(QUESTION, [0, 1], ["whole", "damaged"])
    with sqlite3.connect(store.path) as connection:
        connection.execute("update replies set text = cast(x'3120ff' as text) where sample = 1")
    assert texts(store) == {0: "whole", 1: "1 \ufffd"}


def test_a_store_of_the_first_version_is_used_as_it_is(tmp_path):
    tables = """
        CREATE TABLE questions (id VARCHAR NOT NULL, model VARCHAR NOT NULL,
            photo VARCHAR NOT NULL, prompt VARCHAR NOT NULL, temperature FLOAT NOT NULL,
            PRIMARY KEY (id));
        CREATE TABLE replies (question VARCHAR NOT NULL, sample INTEGER NOT NULL, text VARCHAR,
            tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL,
            PRIMARY KEY (question, sample), FOREIGN KEY(question) REFERENCES questions (id))
            WITHOUT ROWID;
    """
    # SHA-256 of '["model@1", "ab12", "Where?", 1.2]'
    question = "942eb34764a6493048a1c7152f1182b6aa1400e7ba0139c020ffe39ea6bf2272"
    with sqlite3.connect(tmp_path / "s") as connection:
        connection.executescript(tables)
        values = (question, "model@1", "ab12", "Where?", 1.2)
        connection.execute("insert into questions values (?, ?, ?, ?, ?)", values)
        connection.execute("insert into replies values (?, 0, 'old', 7, 8)", [question])
    with Store(tmp_path / "s") as store:
        store.write(QUESTION, [0, 1], ["new", "new"])
        assert store.read(QUESTION) == {0: Stored("old", 7, 8), 1: Stored("new", 0, 0)}
        store.write(QUESTION, [2], ["cut"], finish_reasons=["length"])
        assert [reply.finish_reason for reply in store.read(QUESTION).values()] == [
            None, None, "length"
        ]  # fmt: skip
        assert store.claim(QUESTION) and store.spent([QUESTION]) == (7, 8)
    with sqlite3.connect(tmp_path / "s") as connection:
        columns = connection.execute("select * from questions").fetchall()
    assert columns == [values]


@pytest.mark.parametrize(
    "name", ["s.sqlite", "ein ü.db", "what?mode=ro#1", "50% of it", "file:x", ":memory:"]
)
def test_the_file_has_the_name_that_was_given(tmp_path, name):
    with Store(tmp_path / name) as store:
        store.write(QUESTION, [0], ["x"])
    assert (tmp_path / name).is_file()
    with sqlite3.connect(tmp_path / name) as connection:
        assert connection.execute("select text from replies").fetchall() == [("x",)]


def test_files_that_are_no_store_are_left_alone_and_named(tmp_path):
    other = tmp_path / "thesis.txt"
    other.write_text("not a database " * 100)
    with pytest.raises(StoreError, match="thesis.txt cannot be used.*name another"):
        Store(other)
    assert other.read_text() == "not a database " * 100
    with pytest.raises(StoreError, match="no folder .*nowhere"):
        Store(tmp_path / "nowhere" / "s.sqlite")
    foreign = tmp_path / "foreign.sqlite"
    with sqlite3.connect(foreign) as connection:
        connection.execute("create table replies (name text)")
    with pytest.raises(StoreError, match="no such column"):
        Store(foreign)


# --- a store that cannot be written


def test_a_file_that_is_read_only_is_found_by_the_check(bound):
    path = bound / "s.sqlite"
    with Store(path) as store:
        store.write(QUESTION, [0], ["x"])
        store.check()
    path.chmod(0o444)
    with Store(path) as store:
        assert texts(store) == {0: "x"}
        with pytest.raises(StoreError, match="s.sqlite cannot be written .*readonly.*writable"):
            store.check()
        with pytest.raises(StoreError, match="s.sqlite cannot be written .*readonly"):
            store.write(QUESTION, [1], ["y"])


def test_in_a_folder_that_is_read_only_there_is_no_new_store(bound):
    bound.chmod(0o555)
    with pytest.raises(StoreError, match="new.sqlite cannot be used as a store"):
        Store(bound / "new.sqlite")


@pytest.mark.parametrize("name", ["s.sqlite", "50% #1?.sqlite"])
def test_a_folder_that_is_read_only_is_found_by_the_check(bound, name):
    with Store(bound / name) as store:
        store.write(QUESTION, [0], ["x"])
    bound.chmod(0o555)
    with Store(bound / name) as store:
        assert texts(store) == {0: "x"}
        with pytest.raises(StoreError, match="cannot be written .*readonly"):
            store.check()


def test_the_check_leaves_nothing_behind(store):
    store.check()
    store.check()
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("select count(*) from questions").fetchone() == (0,)


def test_the_check_reaches_the_disk(store):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = store.path.with_name(f"{store.path.name}-wal").stat().st_size
    store.check()
    resource.setrlimit(resource.RLIMIT_FSIZE, (log, before[1]))  # as if the disk were full
    try:
        with pytest.raises(StoreError, match="replies.sqlite cannot be written .*disk"):
            store.check()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    store.check()


def test_a_store_that_another_process_holds_is_waited_for_once(tmp_path, monkeypatch):
    monkeypatch.setattr("g3lite.lmm.store.BUSY_S", 0.1)
    with Store(tmp_path / "s") as store, sqlite3.connect(store.path) as other:
        patience = "PRAGMA busy_timeout"
        assert store._connection.execute(patience).fetchone() == (100,)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="database is locked.* no other process holds"):
            store.write(QUESTION, [0], ["x"])
        assert store._connection.execute(patience).fetchone() == (0,)
        other.rollback()
        store.write(QUESTION, [0], ["x"])
        assert texts(store) == {0: "x"}


# --- several processes

WRITER = """
import sys
from g3lite.lmm.store import Question, Store

with Store(sys.argv[1]) as store:
    for i in range(int(sys.argv[3])):
        store.write(Question("m", "p", str(i), 1.0), range(3), [sys.argv[2]] * 3, 7, 9)
        print(i, flush=True)
"""


def writer(path, name, n):
    command = [sys.executable, "-c", WRITER, str(path), name, str(n)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_processes_share_a_store_from_its_beginning(tmp_path):
    path, n = tmp_path / "s.sqlite", 40
    processes = [writer(path, name, n) for name in "abc"]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    with Store(path) as store:
        for i in range(n):
            replies = store.read(Question("m", "p", str(i), 1.0))
            assert list(replies) == [0, 1, 2]
            assert len({reply.text for reply in replies.values()}) == 1  # all of one writer
    with sqlite3.connect(path) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
        assert connection.execute("select count(*) from questions").fetchone() == (n,)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_killed_writer_has_lost_nothing(tmp_path):
    path = tmp_path / "s.sqlite"
    with writer(path, "x", 100_000) as process:
        said = [process.stdout.readline() for _ in range(20)]
        process.kill()
        said = "".join([*said, process.stdout.read()]).split("\n")
    finished = int(said[-2])  # the last line that was ended: it stood in the store by then
    assert process.returncode == -signal.SIGKILL and finished >= 19
    with Store(path) as store:
        for i in range(finished + 1):
            assert store.read(Question("m", "p", str(i), 1.0))[2] == Stored("x", 0, 0)
    with sqlite3.connect(path) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)


# --- claims: who asks what


def test_a_question_is_asked_by_one_at_a_time(tmp_path):
    other = Question("model@1", "ab12", "When?", 1.2)
    with Store(tmp_path / "s") as first, Store(tmp_path / "s") as second:
        assert first.claim(QUESTION) and first.claim(QUESTION)
        assert not second.claim(QUESTION) and second.claim(other)
        first.release()
        assert second.claim(QUESTION) and not first.claim(QUESTION)
    with Store(tmp_path / "s") as third:  # those that were closed claim nothing
        assert third.claim(QUESTION) and third.claim(other)
    assert [path.name for path in tmp_path.glob("*.lock")] == []


def test_a_claim_that_names_another_file_touches_nothing(tmp_path):
    (tmp_path / "thesis").write_text("all of it")
    (tmp_path / "s").mkdir()
    with Store(tmp_path / "s" / "s") as store:
        for owner in ("../thesis", str(tmp_path / "thesis"), "s-1/../../thesis", "", "thesis"):
            with sqlite3.connect(store.path) as planted:
                planted.execute("replace into claims values (?, ?)", (QUESTION.id, owner))
            assert store.claim(QUESTION)
    assert (tmp_path / "thesis").read_text() == "all of it"


CLAIMER = """
import sys
from g3lite.lmm.store import Question, Store

store = Store(sys.argv[1])
print(store.claim(Question("model@1", "ab12", "Where?", 1.2)), flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_claim_dies_with_its_process(tmp_path):
    command = [sys.executable, "-c", CLAIMER, str(tmp_path / "s")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with Store(tmp_path / "s") as store, subprocess.Popen(command, **pipes) as process:
        assert process.stdout.readline() == "True\n"
        assert not store.claim(QUESTION)
        process.kill()
        process.wait()
        assert store.claim(QUESTION)


def test_an_old_store_that_is_read_only_is_read(bound):
    path = bound / "s.sqlite"
    with Store(path) as store:
        store.write(QUESTION, [0], ["x"], 7, 8)
    with sqlite3.connect(path) as connection:  # as the first version made it
        connection.executescript(
            "drop table claims; drop table failures; alter table replies drop column finish_reason"
        )
    connection.close()
    path.chmod(0o444)
    with Store(path) as store:
        assert store.read(QUESTION) == {0: Stored("x", 7, 8, None)}
        assert store.spent([QUESTION]) == (7, 8)
        with pytest.raises(StoreError, match="s.sqlite cannot be written .*readonly"):
            store.check()


def test_negative_tokens_of_an_earlier_version_lower_nothing(store):
    store.write(QUESTION, [0, 1], ["x", "y"], 100, 100)
    with sqlite3.connect(store.path) as connection:
        connection.execute("update replies set tokens_in = -1000, tokens_out = -1 where sample = 1")
    assert store.spent([QUESTION]) == (100, 100)


def test_numbers_that_no_store_holds_are_told(store):
    with pytest.raises(StoreError, match="cannot be written .*too large"):
        store.write(QUESTION, [0], ["x"], 10**19)
    assert store.read(QUESTION) == {}
