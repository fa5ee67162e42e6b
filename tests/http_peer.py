"""A real HTTP server on the loopback for sources that poll, and a client for sources that listen."""

import threading
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class LogServer(ThreadingHTTPServer):
    """Answers each GET with the next of `answers`: (status, body); with 204 when they are used up."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port, answers, *, block_when_done=False):
        super().__init__(("127.0.0.1", port), _Handler)
        self.answers = iter(answers)
        self.block_when_done = block_when_done
        self.paths = []
        self.blocked = threading.Event()
        self.closing = threading.Event()
        self.lock = threading.Lock()

    def next_answer(self, path):
        with self.lock:
            self.paths.append(path)
            return next(self.answers, None)

    def close(self):
        """Refuses new connections and lets unanswered requests end; harmless when done twice."""
        if not self.closing.is_set():
            self.closing.set()
            self.shutdown()
            self.server_close()


@contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        answer = self.server.next_answer(self.path)
        if answer is None and self.server.block_when_done:
            # A request that stays unanswered: what a stop has to be able to cancel.
            self.server.blocked.set()
            self.server.closing.wait()
            return
        status, body = answer or (204, b"")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def post(port, path, body, **headers):
    """POSTs and returns the status."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        return connection.getresponse().status
    finally:
        connection.close()
