"""Sources that attack the daemon through what they share with it: the control socket and the ring.

They know nothing of the protocol: every descriptor that the worker was started with is a target.
"""

import mmap
import os
import random
import socket
import stat
import threading

from syslogng import LogMessage, LogSource

GARBAGE_BYTES = 1 << 20


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
    """Random bytes all over the shared mapping, the header included."""

    def attack(self):
        for fd in self.descriptors(is_shared_memory):
            size = os.fstat(fd).st_size
            with mmap.mmap(fd, size) as shared:
                shared[:] = self.random.randbytes(size)


class RingHeader(Saboteur):
    """Small lies, again and again, where positions and credits stand."""

    def attack(self):
        for fd in self.descriptors(is_shared_memory):
            with mmap.mmap(fd, mmap.PAGESIZE) as shared:
                for _ in range(200):
                    at = self.random.randrange(0, mmap.PAGESIZE - 8)
                    shared[at : at + 8] = self.random.randbytes(8)
                    self.post_message(LogMessage("between"))


class Truncate(Saboteur):
    """A mapping that gets shorter would be a SIGBUS in whoever reads it."""

    def attack(self):
        for fd in self.descriptors(is_shared_memory):
            try:
                os.ftruncate(fd, 0)
            except OSError:
                pass


def is_socket(fd):
    try:
        return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:
        return False


def is_shared_memory(fd):
    try:
        return os.readlink(f"/proc/self/fd/{fd}").startswith("/memfd:")
    except OSError:
        return False
