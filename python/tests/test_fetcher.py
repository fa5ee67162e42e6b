"""The life of a LogFetcher: what follows each result, and how odd ones are told."""

import pytest
from played_daemon import Daemon

TRACED = """
import threading
from syslogng import LogFetcher, LogMessage

MAIN = threading.main_thread()

def say(what):
    where = "" if threading.current_thread() is MAIN else " elsewhere"
    print(what + where)

class S(LogFetcher):
    results = iter(())
    def init(self, options):
        say("init")
        self.stop = threading.Event()
        return True
    def open(self):
        say("open")
        return True
    def fetch(self):
        say("fetch")
        result = next(self.results, None)
        if result is not None:
            return result() if callable(result) else result
        self.stop.wait()
        return LogFetcher.FETCH_NO_DATA,
    def close(self):
        say("close")
    def request_exit(self):
        say("request_exit")
        self.stop.set()
    def deinit(self):
        say("deinit")
"""

END = ["request_exit elsewhere", "close", "deinit"]


def traced(results, **changes):
    block = TRACED.replace("iter(())", f"iter([{results}])")
    for old, new in changes.items():
        assert old in block
        block = block.replace(old, new)
    return block


def run(block, fetches, **options):
    """The lines of a fetcher that is stopped in its n-th fetch, and the frames."""
    with Daemon(block, "fetcher", **options) as daemon:
        daemon.start()
        daemon.line("fetch", fetches)
        daemon.stop()
        assert daemon.lines[:1] + daemon.lines[-3:] == ["init", *END]
        return daemon.lines[1:-3], daemon


def waits(daemon, first, second):
    """Seconds from the first of some lines to the last of others, as they were read."""
    # The first line may have been read a moment late.
    return daemon.when(second)[-1] - daemon.when(first)[0] + 0.02


def test_order():
    lines, daemon = run(traced("(LogFetcher.FETCH_SUCCESS, LogMessage('a'))"), 2)
    assert lines == ["open", "fetch", "fetch"]
    assert daemon.texts(1) == ["a"]
    assert [frame["t"] for frame in daemon.frames] == ["ready", "finished", "deinitialised"]


def test_c101_c104_error_closes_waits_and_opens():
    lines, daemon = run(traced("(LogFetcher.FETCH_ERROR,), (LogFetcher.ERROR, None)"), 3, time_reopen_ms=300)
    assert lines == ["open", "fetch", "close", "open", "fetch", "close", "open", "fetch"]
    assert waits(daemon, "close", "fetch") >= 0.6
    assert [frame["kind"] for frame in daemon.of("event")] == ["fetch_error"] * 2


def test_c74_c105_not_connected_opens_without_close():
    lines, daemon = run(traced("(LogFetcher.FETCH_NOT_CONNECTED,), (1, 'x')"), 3, time_reopen_ms=300)
    assert lines == ["open", "fetch", "open", "fetch", "open", "fetch"]
    assert waits(daemon, "open", "fetch") >= 0.6
    assert [frame["kind"] for frame in daemon.of("event")] == ["not_connected"] * 2


def test_c75_try_again_does_not_wait():
    lines, daemon = run(
        traced("(LogFetcher.FETCH_TRY_AGAIN,), (LogFetcher.TRY_AGAIN, None)"), 3, time_reopen_ms=5000
    )
    assert lines == ["open", "fetch", "fetch", "fetch"]
    assert waits(daemon, "open", "fetch") < 4
    assert not daemon.of("event")


def test_w39_try_again_for_ever_does_not_spin():
    block = """
import time
from syslogng import *
class S(LogFetcher):
    count = 0
    end = 0
    def fetch(self):
        self.count += 1
        self.end = self.end or time.monotonic() + 0.5
        if time.monotonic() < self.end:
            return LogFetcher.FETCH_TRY_AGAIN,
        print(self.count)
        return LogFetcher.FETCH_NO_DATA,
"""
    with Daemon(block, "fetcher", no_data_delay_ms=60_000) as daemon:
        daemon.start()
        daemon.wait(lambda: daemon.lines, "the count")
        # About 65; without a pause it is hundreds of thousands.
        assert 30 < int(daemon.lines[0]) < 3000
        daemon.stop()


@pytest.mark.parametrize("name", ["FETCH_NO_DATA", "NO_DATA", "FETCH_TRY_NO_DATA"])
def test_c76_no_data_waits(name):
    lines, daemon = run(traced(f"(LogFetcher.{name},)"), 2, no_data_delay_ms=300, time_reopen_ms=1)
    assert lines == ["open", "fetch", "fetch"]
    assert waits(daemon, "open", "fetch") >= 0.3


def test_waits_end_at_exit():
    with Daemon(traced("(LogFetcher.FETCH_NO_DATA,)"), "fetcher", no_data_delay_ms=3_600_000) as daemon:
        daemon.start()
        daemon.line("fetch")
        daemon.stop()
        assert daemon.lines == ["init", "open", "fetch", *END]


@pytest.mark.parametrize("result", ["False", "None", "raise", "0"])
def test_open_that_fails_is_tried_again(result):
    count = "S.opens = getattr(S, 'opens', 0) + 1; say('open')\n        if S.opens < 3: "
    block = traced("", **{'say("open")': count + ("1 / 0" if result == "raise" else f"return {result}")})
    lines, daemon = run(block, 1, time_reopen_ms=200)
    assert lines == ["open", "open", "open", "fetch"]
    assert waits(daemon, "open", "fetch") >= 0.4
    if result == "raise":
        assert [frame["method"] for frame in daemon.of("exception")] == ["open"] * 2
    else:
        assert f"open() returned {result}" in daemon.of("event")[1]["message"]


def test_c106_close_at_stop_even_if_never_opened():
    with Daemon(
        traced("", **{"        return True\n    def fetch": "        return False\n    def fetch"}), "fetcher"
    ) as daemon:
        daemon.start()
        daemon.line("open", 2)
        daemon.stop()
        assert "fetch" not in daemon.lines and daemon.lines[-3:] == END


def test_never_started():
    with Daemon(traced(""), "fetcher") as daemon:
        daemon.frame("ready")
        daemon.stop()
        assert daemon.lines == ["init", "deinit"]


def test_a_message_fetched_after_request_exit_is_delivered():
    block = traced(
        "", **{"return LogFetcher.FETCH_NO_DATA,": "return LogFetcher.FETCH_SUCCESS, LogMessage('last')"}
    )
    with Daemon(block, "fetcher") as daemon:
        daemon.start()
        daemon.line("fetch")
        daemon.stop()
        assert daemon.texts(1) == ["last"] and len(daemon.records) == 1
        assert daemon.lines == ["init", "open", "fetch", *END]


def test_close_that_raises_does_no_harm():
    block = traced("(LogFetcher.FETCH_ERROR,)", **{'say("close")': 'say("close"); raise ValueError("no")'})
    _, daemon = run(block, 2)
    assert [frame["method"] for frame in daemon.of("exception")] == ["close", "close"]


@pytest.mark.parametrize(
    "what", ["ValueError('boom')", "SystemExit(1)", "KeyboardInterrupt()", "NotImplementedError()"]
)
def test_c102_fetch_that_raises(what):
    block = traced("bad", **{"class S": f"def bad(): raise {what}\n\nclass S"})
    lines, daemon = run(block, 2, time_reopen_ms=100)
    assert lines == ["open", "fetch", "close", "open", "fetch"]
    (exception,) = daemon.of("exception")
    assert exception["method"] == "fetch" and exception["message"].startswith(what.partition("(")[0])
    assert "in fetch" in exception["traceback"] and "syslogng/" not in exception["traceback"]
    assert not daemon.of("event"), "one line is enough"


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("lambda: None", "returned None, perhaps it ends without return"),
        ("LogFetcher.FETCH_NO_DATA", "a status alone: return LogFetcher.FETCH_NO_DATA,"),
        ("2", "the number 2"),
        ("[2, LogMessage('x')]", "a list: write ( ) for [ ]"),
        ("LogMessage('x')", "a message alone: return LogFetcher.FETCH_SUCCESS, message"),
        ("'text'", "returned str: return LogFetcher.FETCH_SUCCESS, LogMessage(text)"),
        ("()", "the tuple has 0 items"),
        ("(2, LogMessage('x'), 3)", "the tuple has 3 items"),
        ("('2', LogMessage('x'))", "the first item is str"),
        ("(LogMessage('x'), 2)", "the status comes first"),
        ("(99,)", "the first item is 99"),
        ("(-1,)", "the first item is -1"),
        ("(2 ** 100,)", "the first item is 1267650600228229401496703205376"),
        ("(2,)", "FETCH_SUCCESS comes with a message"),
        ("(2, None)", "the second item is None"),
        ("(2, 'text')", "the second item is str: wrap it in LogMessage()"),
        ("[(1, 2, 3)]", "a list with something else"),
        ("(2, LogMessage('x', bookmark=1))", "no ack_tracker"),  # C-119
        ("co", "make it async def fetch()"),
    ],
)
def test_c100_results_that_are_none(result, said):
    block = traced(result, **{"class S": "async def co(): pass\n\nclass S"})
    lines, daemon = run(block, 2, time_reopen_ms=100)
    assert lines == ["open", "fetch", "close", "open", "fetch"]
    (event,) = daemon.of("event")
    assert event["kind"] == "bad_result" and said in event["message"]
    assert event["message"].startswith("fetch() must return a tuple (status, LogMessage): ")
    assert not daemon.records and not daemon.of("exception")


def test_what_counts_as_a_message():
    block = traced(
        "(True,), (2, M('sub')), P(2, LogMessage('named')), (2, LogMessage('m', bookmark=None))",
        **{
            "class S": "from collections import namedtuple\n"
            "P = namedtuple('P', 'a b')\n"
            "class M(LogMessage): pass\n"
            "class S",
        },
    )
    lines, daemon = run(block, 5)
    # True is 1, which is NOT_CONNECTED.
    assert lines == ["open", "fetch", "open", "fetch", "fetch", "fetch", "fetch"]
    assert daemon.texts(3) == ["sub", "named", "m"]


def test_the_same_message_again_and_again():
    block = """
from syslogng import *
class S(LogFetcher):
    count = 0
    msg = LogMessage("same")
    def fetch(self):
        self.count += 1
        return (2, self.msg) if self.count <= 3 else (4,)
"""
    with Daemon(block, "fetcher") as daemon:
        daemon.start()
        assert daemon.texts(3) == ["same"] * 3
        daemon.stop()


def test_c73_c77_many_messages_through_a_small_window():
    block = """
from syslogng import *
class S(LogFetcher):
    count = 0
    def fetch(self):
        if self.count == 1000:
            return LogFetcher.FETCH_NO_DATA,
        self.count += 1
        return LogFetcher.FETCH_SUCCESS, LogMessage(str(self.count))
"""
    with Daemon(block, "fetcher", window=7) as daemon:
        daemon.start()
        assert daemon.texts(1000) == [str(number) for number in range(1, 1001)]
        daemon.stop()


def test_a_message_too_large_is_dropped_and_told():
    block = """
from syslogng import *
class S(LogFetcher):
    texts = iter(["x" * 3_000_000, "small"])
    def fetch(self):
        text = next(self.texts, None)
        return (2, LogMessage(text)) if text else (4,)
"""
    with Daemon(block, "fetcher") as daemon:
        daemon.start()
        assert daemon.texts(1) == ["small"]
        daemon.stop()
        (event,) = daemon.of("event")
        assert event["kind"] == "too_large" and "524288 bytes" in event["message"]


def test_methods_that_are_missing():
    block = "from _syslogng import LogFetcher\nclass S(LogFetcher):\n    pass\n"
    with Daemon(block, "fetcher") as daemon:
        assert daemon.frame("refused")["message"] == "class S has no fetch() method"
    block = """
from _syslogng import LogFetcher, LogMessage
class S(LogFetcher):
    def fetch(self): return 2, LogMessage('x')
"""
    with Daemon(block, "fetcher") as daemon:
        daemon.start()
        daemon.texts(2)
        daemon.stop()


def test_c36_fetch_missing_in_a_derived_class():
    with Daemon("from syslogng import *\nclass S(LogFetcher): pass", "fetcher") as daemon:
        daemon.start()
        assert "has no fetch()" in daemon.frame("exception", 2)["message"]
        daemon.stop()


def test_c128_transport_name():
    block = """
from syslogng import *
class S(LogFetcher):
    def init(self, options):
        self.set_transport_name("t")
        return True
    def fetch(self):
        return LogFetcher.FETCH_SUCCESS, LogMessage("m")
"""
    with Daemon(block, "fetcher", window=5) as daemon:
        daemon.start()
        daemon.texts(1)
        assert daemon.records[0][1]["TRANSPORT"][0] == b"t"
        daemon.stop()
