"""What a post costs, in nanoseconds: the work of the posting thread, the daemon's end drained in between.

    python3 python/bench/post.py [PYTHON ...]

Each figure is the best of many short runs, so that neighbours on the machine count as little as can be.
"""

from __future__ import annotations

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

import played_daemon  # noqa: E402

BLOCK = """
import time
from syslogng import LogFetcher, LogMessage, LogSource
from _syslogng import LogSource as Native

TEXT = "x" * 128
POSTS = 5000
ROUNDS = 200


class Source(LogSource):
    def run(self):
        post, results = self.post_message, {}
        for _ in range(ROUNDS):
            def measure(name, loop):
                start = time.perf_counter()
                loop()
                spent = (time.perf_counter() - start) / POSTS * 1e9
                results[name] = min(spent, results.get(name, spent))

            def empty():
                for _ in range(POSTS):
                    pass

            def bare():
                for _ in range(POSTS):
                    object()

            def make():
                for _ in range(POSTS):
                    LogMessage(TEXT)

            def make_and_post():
                for _ in range(POSTS):
                    self.post_message(LogMessage(TEXT))

            def five_pairs():
                for _ in range(POSTS):
                    msg = LogMessage(TEXT)
                    msg["PROGRAM"] = "prog"
                    msg["HOST"] = "host"
                    msg["one"] = "1"
                    msg["two"] = "2"
                    msg["three"] = "3"
                    self.post_message(msg)

            measure("empty loop", empty)
            measure("object()", bare)
            measure("LogMessage(str)", make)
            measure("post_message(LogMessage(str))", make_and_post)
            time.sleep(0.001)
            measure("the same with 5 pairs", five_pairs)
            time.sleep(0.001)
        for name, spent in results.items():
            print(f"{name:32} {spent:8.1f} ns")
        print("done")


class Fetcher(LogFetcher):
    def init(self, options):
        self.count, self.best, self.start = 0, 1.0, time.perf_counter()
        return True

    def fetch(self):
        self.count += 1
        if self.count % POSTS == 0:
            now = time.perf_counter()
            self.best = min(self.best, (now - self.start) / POSTS)
            self.start = now
            if self.count == POSTS * ROUNDS:
                print(f"{'a fetch() that brings a message':32} {self.best * 1e9:8.1f} ns")
                print("done")
        return LogFetcher.FETCH_SUCCESS, LogMessage(TEXT)
"""


def run(python: str, kind: str, name: str) -> None:
    with played_daemon.Daemon(BLOCK, kind, name, python=python, ring_bytes=64 << 20, keep=False) as daemon:
        daemon.start()
        daemon.wait(lambda: "done" in daemon.lines or daemon.of("failed"), "the result")
        daemon.stop()
        print("\n".join(line for line in daemon.lines if line != "done"))


def main() -> None:
    for python in sys.argv[1:] or [sys.executable]:
        print(python)
        run(python, "source", "Source")
        run(python, "fetcher", "Fetcher")


if __name__ == "__main__":
    main()
