"""Sources that count, for tests of order and loss."""

import threading
from pathlib import Path

from syslogng import LogFetcher, LogMessage, LogSource


class Counting(LogSource):
    """Posts 0, 1, 2 … as fast as it may, then waits for the end."""

    def init(self, options):
        self.count = int(options["count"])
        self.exiting = threading.Event()
        return True

    def run(self):
        for n in range(self.count):
            if self.exiting.is_set():
                return
            self.post_message(LogMessage("%08d" % n))
        self.exiting.wait()

    def request_exit(self):
        self.exiting.set()


class Cooperative(Counting):
    """The same, with suspend() and wakeup(): it never posts between the two."""

    def init(self, options):
        self.free = threading.Event()
        self.free.set()
        return super().init(options)

    def run(self):
        for n in range(self.count):
            self.free.wait()
            if self.exiting.is_set():
                return
            self.post_message(LogMessage("%08d" % n))
        self.exiting.wait()

    def suspend(self):
        self.free.clear()

    def wakeup(self):
        self.free.set()

    def request_exit(self):
        self.exiting.set()
        self.free.set()


class CountingFetcher(LogFetcher):
    """The same as a fetcher, and it says when it was closed."""

    def init(self, options):
        self.count = int(options["count"])
        self.closed = Path(options["closed"])
        self.next = 0
        return True

    def fetch(self):
        if self.next == self.count:
            return (LogFetcher.FETCH_NO_DATA,)
        self.next += 1
        return LogFetcher.FETCH_SUCCESS, LogMessage("%08d" % (self.next - 1))

    def close(self):
        self.closed.touch()
