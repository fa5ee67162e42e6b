"""Every configuration in examples/, as a user would copy it, with its ports changed and nothing else."""

import json
import signal
import socket
import threading

import pytest

from harness import EVENT_S, ROOT, connect_when_open, free_port
from http_peer import LogServer, post, serving
from kafka_peer import mock_cluster

EXAMPLES = ROOT / "examples"
HEADER = r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ "


def example(name, **options):
    """The text of an example with some values of its options() replaced."""
    text = (EXAMPLES / name).read_text()
    for key, value in options.items():
        before = text
        head, _, rest = text.partition(f'"{key}" "')
        text = f'{head}"{key}" "{value}{rest[rest.index(chr(34)) :]}'
        assert text != before, f"{name} has no option {key}"
    return text


EXAMPLES_TESTED = (
    "asyncio.conf",
    "fetcher.conf",
    "flask.conf",
    "hello.conf",
    "http_server.conf",
    "kafka.conf",
    "twisted.conf",
)
ELSEWHERE = (
    "config_generator.conf",
    "parser.conf",
    "poller.conf",
    "sqlite.conf",
    "template_function.conf",
    "webhook.conf",
)
"""In test_more_examples.py."""


def test_each_example_is_tested():
    assert sorted(path.name for path in EXAMPLES.glob("*.conf")) == sorted(EXAMPLES_TESTED + ELSEWHERE)


def test_hello(make_daemon):
    daemon = make_daemon(example("hello.conf", text="good morning", interval="0.05")).start()
    daemon.wait_output(HEADER + "good morning", count=10)
    daemon.reload()
    before = len(daemon.output())
    daemon.wait_output(HEADER + "good morning", count=before + 5)
    daemon.stop()


def test_asyncio(make_daemon):
    daemon = make_daemon(example("asyncio.conf", fast="0.05", slow="0.1")).start()
    daemon.wait_output(HEADER + "fast 4")
    daemon.wait_output(HEADER + "slow 2")
    daemon.stop()
    assert "Traceback" not in daemon.log()


def test_fetcher(make_daemon):
    answers = [(200, b"first"), (200, b"second"), (204, b""), (500, b"no"), (200, b"third")]
    with serving(LogServer(0, answers)) as server:
        text = example("fetcher.conf", port=server.server_port)
        daemon = make_daemon(text).start()
        daemon.wait_output(HEADER + "third")
        assert [line.split()[-1] for line in daemon.output()] == ["first", "second", "third"]
        daemon.stop()


def test_fetcher_finds_a_server_that_comes_later(make_daemon):
    port = free_port()
    daemon = make_daemon(example("fetcher.conf", port=port)).start()
    with serving(LogServer(port, [(200, b"late")])):
        daemon.wait_output(HEADER + "late")
        daemon.stop()


def test_fetcher_stops_while_a_request_is_unanswered(make_daemon):
    """request_exit() cancels it: the stop is much quicker than the example's time-out of 60 s here."""
    with serving(LogServer(0, [], block_when_done=True)) as server:
        daemon = make_daemon(example("fetcher.conf", port=server.server_port, timeout=60)).start()
        assert server.blocked.wait(EVENT_S)
        daemon.stop()
        assert "SIGKILL" not in daemon.log()


def test_http_server(make_daemon):
    port = free_port()
    daemon = make_daemon(example("http_server.conf", port=port, max_bytes=1000)).start()
    connect_when_open(port, daemon).close()
    for n in range(20):
        assert post(port, "/", f"body {n}") == 204
    lines = daemon.wait_output(HEADER + r"body \d+", count=20)
    assert [line.split()[-1] for line in lines] == [str(n) for n in range(20)]
    assert post(port, "/", "x" * 1001) == 413
    assert post(port, "/", "") == 413
    daemon.stop()


def test_http_server_serves_others_while_a_client_is_silent(make_daemon):
    port = free_port()
    daemon = make_daemon(example("http_server.conf", port=port, timeout=600)).start()
    with connect_when_open(port, daemon) as silent:
        silent.sendall(b"POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nab")
        assert post(port, "/", "served") == 204
        daemon.wait_output(HEADER + "served")
        daemon.stop()


def test_flask(make_daemon):
    port = free_port()
    daemon = make_daemon(example("flask.conf", port=port)).start()
    connect_when_open(port, daemon).close()
    for n in range(5):
        event = json.dumps({"user": "alice", "text": f"event {n}"})
        assert post(port, "/events", event, Content_Type="application/json") == 204
    assert post(port, "/events", "{", Content_Type="application/json") == 400
    lines = daemon.wait_output(HEADER + r"alice: event \d", count=5)
    assert [line.split()[-1] for line in lines] == list("01234")
    daemon.stop()


def test_twisted(make_daemon):
    port = free_port()
    daemon = make_daemon(example("twisted.conf", port=port)).start()
    with connect_when_open(port, daemon) as client:
        client.sendall(b"first\nsec")
        daemon.wait_output(HEADER + "first")
        client.sendall(b"ond\n")
        daemon.wait_output(HEADER + "second")
    daemon.stop()


def test_twisted_keeps_the_order_under_flow_control(make_daemon, only_hognose):
    """suspend() and wakeup() alternate hundreds of times here. A peer's can overtake each other."""
    count, port = 50_000, free_port()
    receiver = socket.create_server(("127.0.0.1", 0))
    text = example("twisted.conf", port=port).replace(
        'file("/dev/stdout")',
        f'network("127.0.0.1" port({receiver.getsockname()[1]}) template("$MSG\\n") log-fifo-size(1000))',
    )
    daemon = make_daemon(text).start()
    received = bytearray()
    reader = threading.Thread(target=read_slowly, args=(receiver, received), daemon=True)
    reader.start()
    with connect_when_open(port, daemon) as client:
        client.sendall(b"".join(b"%d\n" % n for n in range(count)))
        daemon.wait(lambda: received.endswith(b"\n%d\n" % (count - 1)), "the last line", 60)
    daemon.stop()
    assert [int(line) for line in received.split()] == list(range(count))
    assert "Incorrectly suspended" not in daemon.log()


def read_slowly(listener, received):
    connection, _ = listener.accept()
    # A small buffer keeps the sender waiting; how fast this reads does not matter then.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    while chunk := connection.recv(1024):
        received += chunk


@pytest.mark.parametrize("name", EXAMPLES_TESTED)
def test_stops_before_its_first_event(make_daemon, name):
    """Nobody connects, nothing is polled yet, no timer has fired: a stop is clean all the same."""
    options = {} if name in ("hello.conf", "asyncio.conf") else {"port": free_port()}
    if name == "kafka.conf":
        options = {"servers": f"127.0.0.1:{free_port()}"}
    daemon = make_daemon(example(name, **options)).start()
    daemon.stop(signal.SIGTERM)
    assert "Traceback" not in daemon.log()
    assert "SIGKILL" not in daemon.log()


def test_kafka(make_daemon):
    with mock_cluster() as cluster:
        daemon = make_daemon(example("kafka.conf", servers=cluster.bootstraps)).start()
        cluster.produce("events", [(f"k{n}", f"record {n}") for n in range(100)])
        lines = daemon.wait_output(HEADER + r"events k\d+: record \d+", count=100)
        assert [line.split()[-1] for line in lines] == [str(n) for n in range(100)]
        daemon.stop()


def test_kafka_commits_what_it_posted(make_daemon):
    """The next start goes on after the last record that was posted before a stop."""
    with mock_cluster() as cluster:
        daemon = make_daemon(example("kafka.conf", servers=cluster.bootstraps, group="readers")).start()
        cluster.produce("events", [("k", f"record {n}") for n in range(7)])
        daemon.wait_output(HEADER + r"events k: record \d", count=7)
        daemon.stop()
        assert cluster.committed("readers", "events") == 7
