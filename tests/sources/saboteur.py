"""Sources that attack the daemon through what they share with it: the control socket and the ring.

They know nothing of the protocol: every descriptor that the worker was started with is a target.
"""

import ctypes
import os
import random
import socket
import stat
import threading
import time

from syslogng import LogMessage, LogSource

GARBAGE_BYTES = 1 << 20
# Where positions and credits are kept, at the beginning of the mapping.
HEADER_BYTES = 4096
WORD_BYTES = 8
ROUNDS = 100


class Saboteur(LogSource):
    def init(self, options):
        self.exiting = threading.Event()
        self.random = random.Random(int(options["seed"]))
        return True

    def run(self):
        self.post_message(LogMessage("before"))
        self.attack()
        for n in range(1000):
            self.post_message(LogMessage("after %d" % n))
        self.exiting.wait()

    def request_exit(self):
        self.exiting.set()

    def descriptors(self, test):
        return [int(name) for name in os.listdir("/proc/self/fd") if test(int(name))]


class Socket(Saboteur):
    """Random bytes in place of frames; the first say that a frame of 4 GiB follows."""

    def attack(self):
        for fd in self.descriptors(is_socket):
            with socket.socket(fileno=os.dup(fd)) as control:
                control.settimeout(5)
                try:
                    control.sendall(b"\xff\xff\xff\xff" + self.random.randbytes(GARBAGE_BYTES))
                except OSError:
                    pass


class Ring(Saboteur):
    """Random bytes all over the shared mapping, the header included, and the daemon is told to look."""

    def attack(self):
        for _ in range(ROUNDS):
            for start, end in shared_mappings():
                ctypes.memmove(start, self.random.randbytes(end - start), end - start)
            for fd in self.descriptors(is_doorbell):
                os.write(fd, (1).to_bytes(8, "little"))
            # Before the next post puts its own position right again, the daemon gets a moment.
            time.sleep(0.01)


class RingHeader(Saboteur):
    """Small lies, again and again, where positions and credits stand."""

    def attack(self):
        start, _ = shared_mappings()[0]
        for _ in range(ROUNDS):
            at = self.random.randrange(0, HEADER_BYTES - WORD_BYTES, WORD_BYTES)
            ctypes.memmove(start + at, self.random.randbytes(WORD_BYTES), WORD_BYTES)
            self.post_message(LogMessage("between"))


class Truncate(Saboteur):
    """A mapping that gets shorter would be a SIGBUS in whoever reads it."""

    def attack(self):
        for start, end in shared_mappings():
            try:
                os.truncate(f"/proc/self/map_files/{start:x}-{end:x}", 0)
            except OSError as refused:
                print("refused:", refused, flush=True)


def shared_mappings():
    """(start, end) of what this process shares with the daemon, the lowest first."""
    with open("/proc/self/maps") as maps:
        ranges = [line.split()[0].split("-") for line in maps if "/memfd:" in line]
    assert ranges, "nothing is shared: the attack would prove nothing"
    return [(int(start, 16), int(end, 16)) for start, end in ranges]


def is_socket(fd):
    try:
        return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:
        return False


def is_doorbell(fd):
    return "eventfd" in link(fd)


def link(fd):
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return ""
