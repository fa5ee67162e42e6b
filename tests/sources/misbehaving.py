"""Sources that do what users' code does on a bad day. Each first posts a few messages, which must arrive."""

import ctypes
import os
import re
import resource
import signal
import sys
import threading
import time

from syslogng import LogMessage, LogSource

POSTED_BEFORE = 10
MIB = 1 << 20


class Misbehaving(LogSource):
    def init(self, options):
        self.exiting = threading.Event()
        return True

    def run(self):
        for n in range(POSTED_BEFORE):
            self.post_message(LogMessage(f"{type(self).__name__} {n}"))
        self.misbehave()

    def request_exit(self):
        self.exiting.set()


class Raises(Misbehaving):
    def misbehave(self):
        raise ValueError("raised on purpose")


class Returns(Misbehaving):
    def misbehave(self):
        pass


class Loops(Misbehaving):
    def misbehave(self):
        while True:
            pass


class Backtracks(Misbehaving):
    def misbehave(self):
        # The regex engine neither ends within a lifetime nor looks at signals meanwhile.
        re.match(r"(a+)+$", "a" * 64 + "b")


class BlocksInC(Misbehaving):
    def misbehave(self):
        # PyDLL keeps the GIL, so no other thread of this process runs again either.
        while True:
            ctypes.PyDLL(None).pause()


class IgnoresExit(Misbehaving):
    def misbehave(self):
        threading.Event().wait()

    def request_exit(self):
        pass


class RaisesInExit(Misbehaving):
    def misbehave(self):
        self.exiting.wait()

    def request_exit(self):
        self.exiting.set()
        raise RuntimeError("raised in request_exit")


class Segfaults(Misbehaving):
    def misbehave(self):
        ctypes.string_at(0)


class Exits(Misbehaving):
    def misbehave(self):
        os._exit(23)


class KillsItself(Misbehaving):
    def misbehave(self):
        os.kill(os.getpid(), signal.SIGKILL)


class Leaks(Misbehaving):
    def misbehave(self):
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 256 * MIB, resource.RLIM_INFINITY))
        leaked = []
        while True:
            leaked.append(bytearray(MIB))


class OpensFiles(Misbehaving):
    def misbehave(self):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        opened = []
        while True:
            opened.append(open("/dev/null"))


class Floods(Misbehaving):
    def misbehave(self):
        while not self.exiting.is_set():
            print("a line on standard output " * 4)
            print("a line on standard error " * 4, file=sys.stderr)


class Recurses(Misbehaving):
    def misbehave(self):
        sys.setrecursionlimit(10**9)
        # Through C on every level: the stack ends before the limit does.
        self.again(0)

    def again(self, depth):
        return max([depth + 1], key=self.again)


class LeavesThreads(Misbehaving):
    def misbehave(self):
        threading.Thread(target=self.post_for_ever).start()

    def post_for_ever(self):
        while True:
            for wrong in ("text", b"bytes", None, 5, LogMessage("LeavesThreads late")):
                try:
                    self.post_message(wrong)
                except Exception:
                    pass
            time.sleep(0.001)
