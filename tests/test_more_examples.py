"""Examples of each kind of Python in the configuration, with their ports changed and nothing else."""

import json
import signal
import socket
import sqlite3
import threading
import urllib.error
import urllib.request
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from harness import EVENT_S, connect_when_open, count_lines, free_port
from http_peer import serving
from test_examples import EXAMPLES, HEADER, example


def defined(name, **values):
    """The text of an example with other values in its @define lines."""
    text = (EXAMPLES / name).read_text()
    for key, value in values.items():
        head, found, rest = text.partition(f'@define {key} "')
        assert found, f"{name} does not define {key}"
        text = f"{head}{found}{value}{rest[rest.index(chr(34)) :]}"
    return text


def send(daemon, port, *lines):
    with connect_when_open(port, daemon) as connection:
        connection.sendall("".join(f"{line}\n" for line in lines).encode())


class EventServer(ThreadingHTTPServer):
    """Lists events by their ids, three an answer."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), EventHandler)
        self.count = 0
        self.asked = []

    def close(self):
        self.shutdown()
        self.server_close()


class EventHandler(BaseHTTPRequestHandler):
    def do_GET(self):
        after = int(parse_qs(urlsplit(self.path).query)["after"][0])
        ids = range(after + 1, self.server.count + 1)[:3]
        body = json.dumps([{"id": n, "text": f"event {n}"} for n in ids]).encode()
        self.server.asked.append(after)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def test_poller_goes_on_after_a_kill(make_daemon, only_hognose):
    with serving(EventServer()) as server:
        server.count = 10
        text = example("poller.conf", url=f"http://127.0.0.1:{server.server_port}/events")
        daemon = make_daemon(text).start()
        # An answer without events follows the last one that has some.
        daemon.wait(lambda: server.asked.count(10) >= 2, "two requests without events")
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait()
        printed, server.count = len(daemon.output()), 12
        assert printed == 10
        server.asked.clear()
        daemon.stderr.write_bytes(b"")
        daemon.start()
        daemon.wait_output(HEADER + "event 12")
        assert server.asked[0] == 10
        assert [line.split()[-1] for line in daemon.output()] == [str(n) for n in range(1, 13)]
        daemon.stop()


def test_poller_finds_a_server_that_comes_later(make_daemon, only_hognose):
    port = free_port()
    text = example("poller.conf", url=f"http://127.0.0.1:{port}/events")
    text = text.replace("time-reopen(2)", "time-reopen(0.05)")
    daemon = make_daemon(text).start()
    daemon.wait_log("Connection refused")
    with serving(EventServer(port)) as server:
        server.count = 1
        daemon.wait_output(HEADER + "event 1")
        daemon.stop()


def hook(port, body):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", data=body, timeout=EVENT_S) as answer:
        return answer.status


def refusal(port, body):
    with pytest.raises(urllib.error.HTTPError) as refused:
        hook(port, body)
    return refused.value


def test_webhook_answers_once_the_message_is_there(make_daemon, only_hognose):
    port = free_port()
    daemon = make_daemon(example("webhook.conf", port=port, max_bytes=100)).start()
    connect_when_open(port, daemon).close()
    for n in range(20):
        assert hook(port, b"hook %d" % n) == 200
        assert daemon.output()[-1].endswith(f" hook {n}")
    assert refusal(port, b"x" * 101).code == 413
    daemon.stop()


def test_webhook_says_503_while_it_is_suspended(make_daemon, only_hognose):
    """One message may be on its way, and the destination is not there yet."""
    port, later = free_port(), free_port()
    text = example("webhook.conf", port=port, timeout="0.2")
    text = text.replace("flags(no-parse)", "flags(no-parse) log-iw-size(1)").replace(
        'file("/dev/stdout")', f'network("127.0.0.1" port({later}) template("$MSG\\n") time-reopen(0.05))'
    )
    daemon = make_daemon(text).start()
    connect_when_open(port, daemon).close()
    first, second = refusal(port, b"first"), refusal(port, b"second")
    assert (first.code, first.reason) == (503, "not delivered yet")
    assert (second.code, second.reason, second.headers["Retry-After"]) == (503, "busy", "1")

    received = bytearray()
    with socket.create_server(("127.0.0.1", later)) as receiver:
        reader = threading.Thread(target=receive, args=(receiver, received), daemon=True)
        reader.start()
        daemon.wait(lambda: received == b"first\n", "what was on its way")
        daemon.wait(lambda: accepts(port, b"third"), "room")
        assert received.splitlines()[-1] == b"third"
        daemon.stop()
        reader.join(EVENT_S)


def accepts(port, body):
    try:
        return hook(port, body) == 200
    except urllib.error.HTTPError:
        return False


def receive(listener, received):
    connection, _ = listener.accept()
    with connection:
        while chunk := connection.recv(4096):
            received += chunk


def test_parser(make_daemon):
    port = free_port()
    daemon = make_daemon(defined("parser.conf", port=port)).start()
    send(daemon, port, "GET /search?q=logs&page=2 200", "nonsense", "GET / 404", "GET http://[ 200")
    assert daemon.wait_output(r"\d+ .*", count=2) == ["200 /search q=logs", "404 / q="]
    others = daemon.wait_lines(daemon.directory / "not-requests.log", 2)
    assert others == ["nonsense", "GET http://[ 200"]
    daemon.stop()


def rows(database):
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT host, program, text FROM log ORDER BY rowid").fetchall()


def test_sqlite(make_daemon, only_hognose):
    port = free_port()
    daemon = make_daemon(defined("sqlite.conf", port=port)).start()
    database = daemon.directory / "log.db"
    send(daemon, port, *(f"<13>Feb  3 10:00:00 box app[7]: event {n}" for n in range(250)))
    daemon.wait(lambda: written(daemon) == 250, "250 rows written")
    daemon.stop()
    assert rows(database) == [("localhost", "app", f"event {n}") for n in range(250)]


def test_sqlite_waits_for_a_database_that_is_locked(make_daemon, only_hognose, tmp_path):
    port = free_port()
    database = tmp_path / "locked.db"
    text = defined("sqlite.conf", port=port)
    text = text.replace('"log.db"', f'"{database}"').replace("time-reopen(1)", "time-reopen(0.05)")
    text = text.replace("sqlite3.connect(self.path)", "sqlite3.connect(self.path, timeout=0.05)")
    daemon = make_daemon(text).start()
    send(daemon, port, "<13>Feb  3 10:00:00 box app[7]: early")
    daemon.wait(lambda: written(daemon) == 1, "the first row")
    with closing(sqlite3.connect(database)) as locker:
        locker.execute("BEGIN EXCLUSIVE")
        send(daemon, port, "<13>Feb  3 10:00:00 box app[7]: late")
        daemon.wait_log(f"{database}: database is locked")
        locker.rollback()
    daemon.wait(lambda: written(daemon) == 2, "the second row")
    daemon.stop()
    assert [text for *_, text in rows(database)] == ["early", "late"]


def written(daemon):
    lines = (line.split(";") for line in daemon.ask("STATS CSV").splitlines())
    return sum(int(line[5]) for line in lines if line[0] == "dst.python" and line[4] == "written")


def test_template_function(make_daemon):
    port = free_port()
    daemon = make_daemon(defined("template_function.conf", port=port)).start()
    send(daemon, port, "alice.b@example.com wrote to bob@mail.example.org", "nobody @ home")
    lines = daemon.wait_output(r".+", count=2)
    assert lines == ["***@example.com wrote to ***@mail.example.org", "nobody @ home"]
    daemon.stop()


def test_config_generator(make_daemon):
    port = free_port()
    daemon = make_daemon(defined("config_generator.conf", port=port, directory="@DIR@")).start()
    programs = ("web", "webmail", "db", "mail", "web")
    send(daemon, port, *(f"<13>Feb  3 10:00:00 box {name}[7]: to {name}" for name in programs))
    for name, count in {"web": 2, "db": 1, "mail": 1, "other": 1}.items():
        daemon.wait_lines(daemon.directory / f"{name}.log", count)
        assert count_lines(daemon.directory / f"{name}.log") == count
    assert "to webmail" in (daemon.directory / "other.log").read_text()
    daemon.stop()
