"""``python-http-header()``: headers from a class in Python, on the requests of ``http()``."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness import ROOT

SOURCES = {"PYTHONPATH": str(ROOT / "tests/sources")}

BLOCK = """
python {
class Header(object):
    def __init__(self, options):
        self.token = options["token"]
        self.last = "none"
    def get_headers(self, body, headers):
        if self.token == "raise":
            raise ValueError("as told")
        return ["X-Token: " + self.token, "X-Last: " + self.last, ("X-Length: %d" % len(body)).encode()]
    def on_http_response_received(self, http_code):
        self.last = str(http_code)
};
"""


@pytest.fixture
def server():
    """A web server that keeps the headers of each request."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            peer.requests.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    peer = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    peer.requests = []
    threading.Thread(target=peer.serve_forever, daemon=True).start()
    yield peer
    peer.shutdown()
    peer.server_close()


def config(server, token, more=""):
    return f"""@version: 4.2
{BLOCK}
source s {{ python(class("scripted.Source") options("count" "2")); }};
log {{ source(s); destination {{ http(url("http://127.0.0.1:{server.server_port}/") time-reopen(0.1)
    python-http-header(class("Header") options("token" "{token}") {more})); }}; flags(flow-control); }};
"""


def test_headers_are_added_and_responses_are_told(make_daemon, server):
    make_daemon(config(server, "t1"), env=SOURCES).start().wait(
        lambda: len(server.requests) == 2, "two requests"
    )
    first, second = server.requests
    assert (first["x-token"], first["x-last"], first["x-length"]) == ("t1", "none", "2")
    assert second["x-last"] == "200"


def test_a_failure_holds_the_request_back(make_daemon, server):
    daemon = make_daemon(config(server, "raise"), env=SOURCES).start()
    daemon.wait_log(r"get_headers\(\) failed: ValueError: as told")
    assert server.requests == []


def test_or_it_is_sent_without(make_daemon, server):
    daemon = make_daemon(config(server, "raise", "mark-errors-as-critical(no)"), env=SOURCES).start()
    daemon.wait(lambda: len(server.requests) == 2, "two requests")
    assert "x-token" not in server.requests[0]
