"""Runs a syslog-ng compatible daemon as a black box, in a directory of its own.

`HOGNOSE_BIN` names another binary than `target/release/hognose`, so that a test can be checked
against a peer. Nothing here sleeps for luck: every wait is for an event and has a deadline.
"""

import os
import re
import signal
import socket
import subprocess
import sysconfig
import time
import uuid
from pathlib import Path

import process_tree

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("HOGNOSE_BIN", ROOT / "target/release/hognose"))
IS_HOGNOSE = BINARY.name == "hognose"

START_S = 30
EVENT_S = 30
# `stop-timeout()` is 10 s when it is not given; the rest is for a machine under load.
STOP_S = 10 + 5
POLL_S = 0.005


class Daemon:
    """One daemon. Used as a context manager: leaving it stops the daemon and finds nothing left of it."""

    def __init__(self, directory, config, *, args=(), env=None, python=None):
        self.directory = Path(directory)
        self.stdout = self.directory / "stdout"
        self.stderr = self.directory / "stderr"
        self.control = self.directory / "ctl"
        self.config = self.directory / "daemon.conf"
        self.marker = uuid.uuid4().hex
        self.process = None
        self.directory.mkdir(parents=True, exist_ok=True)
        self.write_config(config)
        self._args = list(args)
        self._env = env or {}
        self._python = python

    def write_config(self, config):
        """Replaces the configuration; what runs does not notice before a reload."""
        if isinstance(config, str):
            config = config.encode()
        self.config.write_bytes(config.replace(b"@DIR@", bytes(self.directory)))

    def command(self):
        """The command line, the same for every compatible binary but for the interpreter's choice."""
        d = self.directory
        command = [BINARY, "-F", "-e", "--no-caps", "-f", self.config]
        command += ["-R", d / "persist", "-p", d / "pid", "-c", self.control]
        if IS_HOGNOSE and self._python:
            command += ["--python", self._python]
        return [str(part) for part in command + self._args]

    def environment(self):
        env = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
        env |= {process_tree.MARKER: self.marker, "TZ": "UTC"} | self._env
        if not IS_HOGNOSE:
            # A peer embeds its interpreter and learns of the libraries in no other way.
            paths = [sysconfig.get_path("purelib"), env.get("PYTHONPATH")]
            env["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
        return env

    def spawn(self):
        """Starts the process and does not wait for anything."""
        # Appending: file("/dev/stdout") opens the file once more, with an offset of its own.
        with open(self.stdout, "ab") as out, open(self.stderr, "ab") as err:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.directory,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        return self

    def start(self):
        """Starts the process and waits until it says that it is up."""
        self.spawn()
        self.wait_log(r"starting up; version=", timeout=START_S)
        return self

    def run_to_end(self, timeout=EVENT_S):
        """Starts the process and waits until it ends by itself; its exit code."""
        self.spawn()
        return self.process.wait(timeout)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            if self.process and kind is None and self.process.poll() is None:
                self.stop()
            elif self.process:
                self.process.kill()
                self.process.wait()
            if kind is None:
                self.assert_nothing_left()
        finally:
            process_tree.kill(process_tree.marked(self.marker))

    # What it says.

    def log(self):
        return self.stderr.read_text(errors="replace")

    def output(self):
        """Whole lines printed so far."""
        return whole_lines(self.stdout)

    def wait_log(self, pattern, *, count=1, timeout=EVENT_S):
        """Waits for the `count`-th match of `pattern` in the log, and returns it."""
        found = []

        def seen():
            found[:] = re.finditer(pattern, self.log())
            return len(found) >= count

        self.wait(seen, f"{count} × {pattern!r} in the log", timeout)
        return found[count - 1]

    def wait_output(self, pattern, *, count=1, timeout=EVENT_S):
        """Waits for `count` lines of the terminal that match `pattern` as a whole; all that match."""

        def seen():
            return sum(bool(re.fullmatch(pattern, line)) for line in self.output()) >= count

        self.wait(seen, f"{count} × {pattern!r} on stdout", timeout)
        return [line for line in self.output() if re.fullmatch(pattern, line)]

    def wait_lines(self, path, count, timeout=EVENT_S):
        """Waits until a file holds `count` whole lines; all of them."""
        self.wait(lambda: count_lines(path) >= count, f"{count} lines in {path}", timeout)
        return whole_lines(path)

    def wait(self, condition, what, timeout=EVENT_S):
        """Waits until `condition` holds; fails early when the daemon is gone."""
        deadline = time.monotonic() + timeout
        while not condition():
            gone = self.process.poll()
            if gone is not None and not condition():
                raise AssertionError(f"exited with {gone}, waiting for {what}\n{self.report()}")
            if time.monotonic() > deadline:
                raise AssertionError(f"no {what} within {timeout} s\n{self.report()}")
            time.sleep(POLL_S)

    def report(self):
        """The last words, for a failed assertion."""
        tail = self.log()[-6000:]
        return f"--- log\n{tail}\n--- stdout\n{self.stdout.read_text(errors='replace')[-2000:]}"

    # What it is told.

    def ask(self, request, timeout=EVENT_S):
        """One command on the control socket; the reply without its closing dot."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            connection.connect(str(self.control))
            connection.sendall(request.encode() + b"\n")
            reply = b""
            while not (reply == b".\n" or reply.endswith(b"\n.\n")):
                chunk = connection.recv(65536)
                if not chunk:
                    raise AssertionError(f"{request!r}: connection closed after {reply!r}")
                reply += chunk
        return reply[:-2].decode(errors="replace")

    def send_signal(self, number):
        self.process.send_signal(number)

    def reload(self):
        """SIGHUP, and waits until the daemon says that the reload is finished."""
        before = len(re.findall("reload finished", self.log()))
        self.send_signal(signal.SIGHUP)
        self.wait_log("reload finished", count=before + 1)

    def stop(self, number=signal.SIGTERM, timeout=STOP_S):
        """Asks it to stop; it must, within the deadline, with exit code 0 and nothing left behind."""
        self.send_signal(number)
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running {timeout} s after {number!r}\n{self.report()}") from None
        assert code == 0, f"exit code {code}\n{self.report()}"
        self.assert_nothing_left()

    def assert_nothing_left(self):
        """No process of its tree outlives it. Reaping takes the kernel a moment, so this asks twice."""
        deadline = time.monotonic() + 2
        while left := process_tree.marked(self.marker):
            if time.monotonic() > deadline:
                raise AssertionError(f"left behind:\n{process_tree.describe(left)}\n{self.report()}")
            time.sleep(POLL_S)


def whole_lines(path):
    """Lines of a file that end in a newline; none when there is no file yet."""
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        return []
    return data[: data.rfind(b"\n") + 1].decode(errors="replace").split("\n")[:-1]


def count_lines(path):
    count = 0
    try:
        with open(path, "rb") as file:
            while chunk := file.read(1 << 20):
                count += chunk.count(b"\n")
    except FileNotFoundError:
        pass
    return count


def free_port():
    """A TCP port of the loopback that nobody listens on. Asked of the kernel, free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def connect_when_open(port, daemon, timeout=EVENT_S):
    """A TCP connection to a port that the daemon is about to open."""
    found = []

    def connected():
        try:
            found.append(socket.create_connection(("127.0.0.1", port), 5))
        except ConnectionRefusedError:
            return False
        return True

    daemon.wait(connected, f"listener on port {port}", timeout)
    return found[0]
