"""What runs inside the daemons: sources and a fetcher that post a given number of messages.

A source says `ready`, waits for the file `go`, notes when it begins (`begin`) and when all is posted (`end`).
"""

import json
import re
import threading
import time
from pathlib import Path

from syslogng import LogFetcher, LogMessage, LogSource

try:
    from syslogng import LogDestination, LogParser
except ImportError:
    # syslog-ng 3.x takes any class.
    LogDestination = LogParser = object

TEXT_BYTES = 128
TEXT = (
    "The quick brown fox jumps over the lazy dog while the daemon counts every byte that it moves "
    "from the source to the destination."
)[:TEXT_BYTES].ljust(TEXT_BYTES, ".")
EVENT = json.dumps(
    {
        "ts": 1700000000,
        "level": "info",
        "svc": "api",
        "path": "/v1/items/42",
        "ms": 17,
        "tags": ["a", "b"],
        "req": {"id": "abc-123", "ip": "10.1.2.3"},
    }
)
PATH = re.compile(r"/v(\d+)/(\w+)/(\d+)")
POLL_S = 0.002


class Marks:
    """Files that tell the bench what happened when; they appear whole."""

    def __init__(self, options):
        self.directory = Path(options["dir"])
        self.suffix = options.get("index", "0")

    def set(self, name):
        now = time.monotonic()
        path = self.directory / f"{name}{self.suffix}"
        hidden = path.with_name("." + path.name)
        hidden.write_text(repr(now))
        hidden.rename(path)

    def wait_go(self, exiting):
        while not (self.directory / "go").exists() and not exiting.is_set():
            time.sleep(POLL_S)


class Source(LogSource):
    def init(self, options):
        self.exiting = threading.Event()
        self.count = int(options.get("count", "0"))
        self.marks = Marks(options)
        return True

    def run(self):
        self.marks.set("ready")
        self.marks.wait_go(self.exiting)
        self.marks.set("begin")
        self.work()
        self.marks.set("end")
        self.exiting.wait()

    def request_exit(self):
        self.exiting.set()


class Trivial(Source):
    """A tight loop: what the daemon costs, and nothing else."""

    def work(self):
        for _ in range(self.count):
            self.post_message(LogMessage(TEXT))


class Pairs(Source):
    """Five name-value pairs a message."""

    def work(self):
        for _ in range(self.count):
            message = LogMessage(TEXT)
            message["app.user"] = "alice"
            message["app.action"] = "login"
            message["app.result"] = "ok"
            message["app.ip"] = "10.1.2.3"
            message["app.id"] = "abc-123"
            self.post_message(message)


class CpuBound(Source):
    """What a real source does: decode, pick, format."""

    def work(self):
        for _ in range(self.count):
            event = json.loads(EVENT)
            found = PATH.search(event["path"])
            text = "%s %s %s %s %d" % (
                event["level"],
                event["req"]["ip"],
                found.group(2),
                found.group(3),
                event["ms"],
            )
            self.post_message(LogMessage(text))


class Paced(Source):
    """A thousand messages a second, each of which says when it was posted."""

    PER_S = 1000

    def work(self):
        due = time.monotonic()
        for _ in range(self.count):
            due += 1 / self.PER_S
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            self.post_message(LogMessage(str(time.monotonic_ns())))


class Once(Source):
    """One message at the start; `begin` tells when run() was entered, also after a reload."""

    def run(self):
        self.marks.set("begin")
        self.post_message(LogMessage(TEXT))
        self.exiting.wait()


class Fetcher(LogFetcher):
    def init(self, options):
        self.exiting = threading.Event()
        self.left = int(options["count"])
        self.marks = Marks(options)
        self.marks.set("ready")
        return True

    def open(self):
        self.marks.wait_go(self.exiting)
        self.marks.set("begin")
        return True

    def fetch(self):
        if self.left == 0:
            return (LogFetcher.FETCH_NO_DATA,)
        self.left -= 1
        return LogFetcher.FETCH_SUCCESS, LogMessage(TEXT)

    def request_exit(self):
        self.exiting.set()


class Parse(LogParser):
    """Reads one value and sets another."""

    def init(self, options):
        return True

    def deinit(self):
        pass

    def parse(self, msg):
        msg["app.copy"] = msg["MESSAGE"]
        return True


class CpuBoundParse(Parse):
    """What a real parser does: decode, pick."""

    def parse(self, msg):
        event = json.loads(EVENT)
        found = PATH.search(event["path"])
        msg["app.id"] = found.group(3)
        return True


class Write(LogDestination):
    """Writes the text of each message to a file."""

    def init(self, options):
        self.path = options["path"]
        return True

    def deinit(self):
        pass

    def open(self):
        self.file = Path(self.path).open("ab", buffering=1 << 16)
        return True

    def is_opened(self):
        return True

    def close(self):
        self.file.close()

    def send(self, msg):
        self.file.write(msg["MESSAGE"] + b"\n")
        return self.QUEUED

    def flush(self):
        self.file.flush()
        return self.SUCCESS


def shout(msg):
    """A template function."""
    return msg["MESSAGE"].upper()
