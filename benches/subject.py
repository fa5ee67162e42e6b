"""One daemon under measurement, in a scratch directory of its own in memory."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

import process_tree  # noqa: E402  (shared with the tests)

# Twice as fine as the shortest thing measured.
POLL_S = 0.001
READY_S = 30
STALL_S = 15
STOP_S = 20
CHUNK_BYTES = 1 << 20


class Failed(Exception):
    """This sample could not be taken; the bench goes on with the next."""


@dataclass(frozen=True)
class Peer:
    """A syslog-ng compatible binary."""

    name: str
    binary: Path
    python: str

    @property
    def is_hognose(self):
        return self.binary.name == "hognose"

    def command(self, directory):
        d = directory
        command = [self.binary, "-F", "--no-caps", "-f", d / "conf"]
        command += ["-R", d / "persist", "-p", d / "pid", "-c", d / "ctl"]
        # A peer embeds Debian's interpreter; ours is told to use the same build.
        command += ["--python", self.python] if self.is_hognose else []
        return [str(part) for part in command]


class Subject:
    """A running peer. Leaving the context stops it and removes its directory."""

    def __init__(self, peer, scratch, config):
        self.peer = peer
        self.directory = Path(tempfile.mkdtemp(prefix=f"{peer.name}-", dir=scratch))
        (self.directory / "conf").write_text(config.replace("@DIR@", str(self.directory)))
        self.process = None
        self.spawned = 0.0
        self._cpu_before = 0.0

    def __enter__(self):
        self.spawned = time.monotonic()
        with open(self.path("stderr"), "wb") as err:
            self.process = subprocess.Popen(
                self.peer.command(self.directory),
                cwd=self.directory,
                env=os.environ | {"PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.DEVNULL,
                stdout=err,
                stderr=err,
            )
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process_tree.kill(process_tree.descendants(self.process.pid))
                self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def path(self, name):
        return self.directory / name

    # Waiting.

    def wait(self, condition, what, timeout=READY_S):
        """Polls until `condition` gives something, which is returned."""
        deadline = time.monotonic() + timeout
        while not (found := condition()):
            self.check_alive()
            if time.monotonic() > deadline:
                raise Failed(f"no {what} within {timeout} s")
            time.sleep(POLL_S)
        return found

    def check_alive(self):
        if (code := self.process.poll()) is not None:
            raise Failed(f"exited with {code}: {self.path('stderr').read_text(errors='replace')[-600:]}")

    def mark(self, name, timeout=READY_S):
        """When the workload set a mark; waits for it."""
        path = self.path(name)
        self.wait(path.exists, f"mark {name}", timeout)
        return float(path.read_text())

    def size(self, name="out"):
        try:
            return self.path(name).stat().st_size
        except FileNotFoundError:
            return 0

    def wait_lines(self, count, name="out"):
        """When the output held `count` lines, all as long as its first one."""
        self.wait(lambda: self.size(name), "first output", STALL_S)
        line_bytes = self.wait(lambda: self._first_line_bytes(name), "first line")
        last, since = 0, time.monotonic()
        while (size := self.size(name)) < count * line_bytes:
            self.check_alive()
            now = time.monotonic()
            if size != last:
                last, since = size, now
            elif now - since > STALL_S:
                raise Failed(f"stuck at {size // line_bytes} of {count} lines")
            time.sleep(POLL_S)
        return time.monotonic()

    def _first_line_bytes(self, name):
        with open(self.path(name), "rb") as file:
            return file.readline().endswith(b"\n") and file.tell()

    def lines(self, name="out"):
        count = 0
        with open(self.path(name), "rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                count += chunk.count(b"\n")
        return count

    # Acting and measuring.

    def go(self):
        """Lets the workload begin; CPU time counts from here."""
        self._cpu_before = process_tree.cpu_seconds(self.process.pid)
        self.path("go").touch()

    def cpu_seconds(self):
        """Of the daemon and all its children, since go()."""
        return process_tree.cpu_seconds(self.process.pid) - self._cpu_before

    def memory_bytes(self):
        return process_tree.resident_bytes(self.process.pid)

    def stop(self):
        """Seconds from SIGTERM to the end of the process."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            raise Failed("does not stop") from None
        return time.monotonic() - begin
