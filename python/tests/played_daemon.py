"""A daemon for tests: starts a worker as the daemon does, and plays its other end.

A thread reads frames, output and the ring, and keeps what comes; tests wait for what they expect, with a
deadline.
"""

from __future__ import annotations

import json
import os
import pathlib
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from importlib import _bootstrap
from importlib.machinery import ExtensionFileLoader, ModuleSpec

PYTHON = pathlib.Path(__file__).resolve().parent.parent
ROOT = PYTHON.parent
DEADLINE = 20.0
"""Seconds after which what is waited for is said not to come."""


def _build_dir() -> pathlib.Path:
    """Where cargo has put the libraries: the release build, if there is one."""
    given = os.environ.get("HOGNOSE_BUILD_DIR")
    places = [pathlib.Path(given)] if given else [ROOT / "target" / kind for kind in ("release", "debug")]
    for place in places:
        if (place / "lib_syslogng.so").exists() and (place / "examples" / "libdaemon_end.so").exists():
            return place
    names = ", ".join(map(str, places))
    sys.exit(f"build first: cargo build --release --workspace --lib --example daemon_end (looked in {names})")


BUILD = _build_dir()
BRIDGE = BUILD / "lib_syslogng.so"


def load(name: str, path: pathlib.Path):
    """Import an extension module from a file of any name."""
    if name not in sys.modules:
        loader = ExtensionFileLoader(name, str(path))
        _bootstrap._load(ModuleSpec(name, loader, origin=str(path)))
    return sys.modules[name]


daemon_end = load("daemon_end", BUILD / "examples" / "libdaemon_end.so")


WHOLE_LINES = """
import sys
def print(*what):
    sys.stdout.write(" ".join(map(str, what)) + "\\n")
"""
"""Python's own print() writes a text and its end apart, and threads come in between."""


class Daemon:
    """A worker with one driver, from `hello` on."""

    def __init__(
        self,
        block="",
        kind="source",
        cls="S",
        *,
        python=sys.executable,
        ring_bytes=1 << 20,
        window=0,
        version=(4, 0),
        mode="run",
        blocks=None,
        drivers=None,
        cwd=None,
        env=None,
        log_level="info",
        hello=None,
        keep=True,
        checkpoint=None,
        **driver,
    ):
        self.uplink = daemon_end.Uplink(ring_bytes=ring_bytes, window=window)
        ours, theirs = socket.socketpair()
        fds = [theirs.fileno(), self.uplink.memfd, self.uplink.doorbell]
        boot = (PYTHON / "syslogng" / "_boot.py").read_text()
        arguments = [",".join(map(str, fds)), str(PYTHON), str(BRIDGE)]
        self.process = subprocess.Popen(
            [python, "-s", "-c", boot, *arguments],
            pass_fds=fds,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={**os.environ, "TZ": "UTC", **(env or {})},
            start_new_session=True,
        )
        theirs.close()
        os.close(self.uplink.memfd)
        os.close(self.uplink.doorbell)
        self.socket = ours
        self.frames, self.records, self.lines, self.errors = [], [], [], []
        self.times = []
        self.auto_grant = True
        self.kept, self.checkpoint = {}, checkpoint
        self.keep = keep
        self._changed = threading.Condition()
        self._closed = False
        self._broken = None
        self._pump = threading.Thread(target=self._run_pump, daemon=True)
        location = {"file": "/etc/t.conf", "line": 3, "column": 16}
        base = {
            "id": "d1",
            "kind": kind,
            "class": cls,
            "location": location,
            "time_reopen_ms": 50,
            "no_data_delay_ms": 50,
        }
        if blocks is None:
            whole_lines = {"file": "/etc/lines.conf", "line": 1, "text": WHOLE_LINES}
            blocks = [whole_lines, {"file": "/etc/t.conf", "line": 1, "text": block}]
        self.send({
            "t": "hello",
            "protocol": 1,
            "mode": mode,
            "config_version": list(version),
            "config_file": "/etc/t.conf",
            "blocks": blocks,
            "sys_path_front": [],
            "argv0": "syslog-ng",
            "stop_timeout_ms": 4000,
            "log_level": log_level,
            "templates": {},
            "driver": {**base, **driver},
            "drivers": [{**base, **one} for one in drivers or []],
            **(hello or {}),
        })  # fmt: skip
        self._pump.start()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._closed = True
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._pump.join()
        self.socket.close()
        self.process.stdout.close()
        self.process.stderr.close()

    # What a daemon says.

    def send(self, frame):
        body = json.dumps(frame).encode()
        self.socket.sendall(struct.pack("<I", len(body)) + body)

    def start(self):
        """Wait for `ready`, and start the driver."""
        ready = self.frame("ready")
        self.send({"t": "start"})
        return ready

    def request_exit(self):
        self.uplink.request_exit()
        self.send({"t": "request_exit"})

    def stop(self):
        """Stop the driver, and wait for the end of its worker, which must be a good one."""
        self.request_exit()
        self.frame("deinitialised")
        return self.ended(0)

    def ended(self, status=None):
        code = self.process.wait(DEADLINE)
        self._pump.join(DEADLINE)
        if status is not None:
            assert code == status, (code, self.frames, self.errors)
        return code

    def grant(self, count):
        with self._changed:
            self.uplink.grant(count)

    # What it hears.

    def wait(self, condition, what):
        with self._changed:
            self._changed.wait_for(lambda: self._broken or condition(), DEADLINE)
            if condition():
                return
            if self._broken:
                raise self._broken
        heard = {
            "frames": self.frames,
            "lines": self.lines,
            "errors": self.errors,
            "records": len(self.records),
        }
        raise AssertionError(f"{what} did not come: {heard}")

    def frame(self, kind, count=1):
        """The n-th frame of a kind."""
        self.wait(lambda: len(self.of(kind)) >= count, f"frame {kind}")
        return self.of(kind)[count - 1]

    def of(self, kind):
        return [frame for frame in self.frames if frame["t"] == kind]

    def line(self, text, count=1):
        """Wait until the worker has printed a line so many times."""
        self.wait(lambda: self.lines.count(text) >= count, f"line {text!r}")

    def texts(self, count):
        """MESSAGE of the first so many records, as text."""
        self.wait(lambda: len(self.records) >= count, f"{count} records")
        return [pairs["MESSAGE"][0].decode() for _, pairs in self.records]

    def when(self, text):
        """The times at which a line was printed."""
        return [at for at, line in self.times if line == text]

    def _run_pump(self):
        try:
            self._listen()
        except Exception as error:
            with self._changed:
                self._broken = error
                self._changed.notify_all()

    def _listen(self):
        sources = {self.socket.fileno(): bytearray()}
        out, err = self.process.stdout.fileno(), self.process.stderr.fileno()
        sources |= {out: bytearray(), err: bytearray()}
        while sources and not self._closed:
            readable, _, _ = select.select(list(sources), [], [], 0.002)
            with self._changed:
                for fd in readable:
                    data = os.read(fd, 1 << 16) if fd in (out, err) else self._receive()
                    if not data:
                        del sources[fd]
                        continue
                    sources[fd] += data
                    if fd == self.socket.fileno():
                        self._cut_frames(sources[fd])
                    else:
                        self._cut_lines(sources[fd], self.lines if fd == out else self.errors)
                self._take()
                if self.uplink.take_wakeup():
                    self.send({"t": "wakeup"})
                self._changed.notify_all()

    def _take(self):
        if self.keep:
            records = self.uplink.take()
            self.records += records
            count = len(records)
        else:
            count = self.uplink.drain()
            while more := self.uplink.drain():
                count += more
        if self.auto_grant:
            self.uplink.grant(count)

    def _receive(self):
        try:
            return self.socket.recv(1 << 16)
        except ConnectionResetError:
            return b""

    def _cut_frames(self, data):
        while len(data) >= 4:
            length = struct.unpack_from("<I", data)[0]
            if len(data) < 4 + length:
                return
            frame = json.loads(data[4 : 4 + length])
            if frame["t"] == "persist":
                self.send({"t": "persisted", "id": frame["id"], "answer": self._persist(frame["request"])})
            else:
                self.frames.append(frame)
            del data[: 4 + length]

    def _persist(self, request):
        """What a persist file would answer; the bytes stay as they come."""
        space = self.kept.setdefault(request.get("space"), {})
        if request["op"] == "get":
            return {"is": "value", "value": space.get(request["name"])}
        if request["op"] == "restore":
            return {"is": "value", "value": self.checkpoint}
        if request["op"] == "names":
            return {"is": "names", "names": sorted(space), "more": False}
        if request["op"] == "put":
            space.update(request["entries"])
        else:
            space.pop(request["name"], None)
        return {"is": "done"}

    def _cut_lines(self, data, lines):
        while b"\n" in data:
            line, _, rest = bytes(data).partition(b"\n")
            data[:] = rest
            lines.append(line.decode(errors="replace"))
            self.times.append((time.monotonic(), lines[-1]))
