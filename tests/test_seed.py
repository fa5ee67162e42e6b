"""The seed's three configurations, verbatim, as they stand in ../shared/seed/python-source.md."""

import re
import signal

import pytest

from harness import EVENT_S, ROOT
from http_peer import LogServer, serving

SEED = ROOT.parent / "shared/seed/python-source.md"
HEADER = r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ "


def seed(heading):
    """The configuration in the first fence after a heading."""
    if not SEED.exists():
        pytest.skip(f"{SEED.name} is not beside the checkout ({SEED})")
    after = SEED.read_text().split(f"### {heading}\n", 1)[1]
    return re.search(r"^```\n(.*?)^```$", after, re.DOTALL | re.MULTILINE).group(1)


def test_generator_prints_hello_world(make_daemon):
    daemon = make_daemon(seed("Example: generator source")).start()
    daemon.wait_output(HEADER + "hello world", count=3)
    assert daemon.wait_output(HEADER + "hello world") == daemon.output()
    daemon.stop()


def test_generator_runs_again_after_a_reload(make_daemon):
    daemon = make_daemon(seed("Example: generator source")).start()
    before = len(daemon.wait_output(HEADER + "hello world"))
    daemon.reload()
    daemon.wait_output(HEADER + "hello world", count=before + 2)
    daemon.stop()


def test_generator_stops_on_sigint(make_daemon, only_hognose):
    daemon = make_daemon(seed("Example: generator source")).start()
    daemon.wait_output(HEADER + "hello world")
    daemon.stop(signal.SIGINT)


def test_eventloop_runs_both_timers(make_daemon):
    daemon = make_daemon(seed("Example: eventloop")).start()
    daemon.wait_output(HEADER + "msg1", count=3)
    daemon.wait_output(HEADER + "msg2", count=1)
    assert not [line for line in daemon.output() if not re.fullmatch(HEADER + "msg[12]", line)]
    daemon.stop()


def test_eventloop_stops_before_its_first_timer(make_daemon):
    daemon = make_daemon(seed("Example: eventloop")).start()
    daemon.stop()
    assert daemon.output() == []


@pytest.fixture
def port_80():
    """A server where the seed's fetcher looks for it; its last request is never answered."""
    answers = [(200, b"response %d" % n) for n in range(100)]
    try:
        server = LogServer(80, answers, block_when_done=True)
    except PermissionError:
        pytest.skip("port 80 cannot be bound by this user")
    with serving(server):
        yield server


def test_fetcher_prints_what_the_server_says(make_daemon, port_80):
    daemon = make_daemon(seed("Example")).start()
    lines = daemon.wait_output(HEADER + r"response \d+", count=100)
    assert [line.rpartition(" ")[2] for line in lines] == [str(n) for n in range(100)]
    assert set(port_80.paths) == {"/log"}
    port_80.close()
    daemon.stop()


def test_fetcher_stops_while_a_request_is_unanswered(make_daemon, port_80, only_hognose):
    """A peer waits for fetch() for as long as the server likes."""
    daemon = make_daemon(seed("Example")).start()
    assert port_80.blocked.wait(EVENT_S)
    daemon.stop()


def test_fetcher_without_a_server_keeps_trying_and_stops(make_daemon):
    daemon = make_daemon(seed("Example")).start()
    daemon.wait_log("ConnectionRefusedError", count=2)
    daemon.stop()
