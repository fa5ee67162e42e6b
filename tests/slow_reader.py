"""A TCP receiver that is slower than any source, and checks every byte it gets."""

import socket
import threading
import time

LINE_BYTES = 9
CHUNK_BYTES = 64 * 1024
BLOCK_LINES = 100_000


class SlowReader:
    """Accepts one connection and expects `count` lines, 00000000, 00000001 …, at most `rate` a second.

    `failure` is what was wrong; None when all is well. `done` is set at the end, either way.
    """

    def __init__(self, count, rate):
        self.count = count
        self.received = 0
        self.failure = None
        self.done = threading.Event()
        self._pause_s = CHUNK_BYTES / LINE_BYTES / rate
        self._listener = socket.create_server(("127.0.0.1", 0))
        # Inherited by the connection. With room for megabytes, the reader would not be slow for the sender.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CHUNK_BYTES)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        self._listener.close()
        self._thread.join(1)

    def _run(self):
        try:
            connection, _ = self._listener.accept()
            with connection:
                self._read(connection)
        except OSError as error:
            self.failure = self.failure or str(error)
        finally:
            self.done.set()

    def _read(self, connection):
        expected = _expected(self.count)
        left, wanted = b"", next(expected)
        while self.received < self.count:
            chunk = connection.recv(CHUNK_BYTES)
            if not chunk:
                self.failure = f"closed after {self.received} lines"
                return
            chunk = left + chunk
            while len(wanted) < len(chunk):
                wanted += next(expected, b"")
            whole = len(chunk) - len(chunk) % LINE_BYTES
            if chunk[:whole] != wanted[:whole]:
                self.failure = _first_difference(chunk, wanted)
                return
            self.received += whole // LINE_BYTES
            left, wanted = chunk[whole:], wanted[whole:]
            time.sleep(self._pause_s * len(chunk) / CHUNK_BYTES)


def _expected(count):
    for start in range(0, count, BLOCK_LINES):
        yield b"".join(b"%08d\n" % n for n in range(start, min(count, start + BLOCK_LINES)))


def _first_difference(chunk, wanted):
    for at in range(0, len(chunk), LINE_BYTES):
        got, due = chunk[at : at + LINE_BYTES], wanted[at : at + LINE_BYTES]
        if got != due:
            return f"{got!r} where {due!r} was due"
    return "more than was due"
