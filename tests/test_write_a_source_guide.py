"""docs/write-a-source.md: its files are written and its commands run, in order, as they are."""

import os
import re
import signal
import subprocess
import sysconfig
import time

import pytest

import harness

GUIDE = (harness.ROOT / "docs" / "write-a-source.md").read_text()
BLOCK = re.compile(r"(?:^`([\w.]+)`:\n\n)?^```(\w*)\n(.*?)^```$", re.S | re.M)
COMMAND_S = 120
"""What makes a virtual environment and runs tests takes a while where others compile."""


class Shell:
    """A bash that is told one block after the other. A command that fails ends it."""

    def __init__(self, directory):
        self.output = directory / "output"
        env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
        env["PATH"] = f"{harness.BINARY.resolve().parent}:{env['PATH']}"
        # pytest is there already for pip, which then asks no index.
        env |= {"PYTHONPATH": sysconfig.get_path("purelib"), "PIP_NO_INDEX": "1"}
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                ["bash", "-e"],
                cwd=directory,
                env=env,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                text=True,
            )
        self.blocks = 0

    def run(self, block):
        """Runs a block to its end; what it has printed."""
        before = len(self.said())
        self.blocks += 1
        self.process.stdin.write(f"{block}\necho block {self.blocks} is done\n")
        self.process.stdin.flush()
        done = f"block {self.blocks} is done\n"
        self.wait(lambda: done in self.said(), block)
        return self.said()[before:].replace(done, "")

    def said(self):
        return self.output.read_text(errors="replace")

    def wait(self, condition, what):
        deadline = time.monotonic() + COMMAND_S
        while not condition():
            assert self.process.poll() is None, f"failed:\n{what}\n{self.said()}"
            assert time.monotonic() < deadline, f"took more than {COMMAND_S} s:\n{what}\n{self.said()}"
            time.sleep(harness.POLL_S)

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(harness.STOP_S) == 0, self.said()

    def kill(self):
        """Ends what a failed test has left in the shell's session."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


@pytest.fixture
def shell(only_hognose, tmp_path):
    shell = Shell(tmp_path)
    yield shell
    shell.kill()


def test_the_guide_does_what_it_says(shell, tmp_path):
    project = tmp_path / "audit"
    ran = ""
    for name, kind, text in BLOCK.findall(GUIDE):
        if name == "shop.py":
            shell.wait(lambda: "unable to open database file" in shell.said(), "there is no database yet")
        if name:
            (project / name).write_text(text)
        elif kind == "console":
            command, _, shown = text.removeprefix("$ ").partition("\n")
            assert command == "cat audit.log"
            log = project / "audit.log"
            shell.wait(lambda log=log, shown=shown: log.exists() and log.read_text() == shown, shown)
        else:
            assert kind == "sh", f"nobody knows what to do with this block:\n{text}"
            ran += shell.run(text)
    shell.end()
    assert "3 passed" in ran
    assert "nothing is wrong" in ran
    assert (project / "audit.log").read_text().count("\n") == 3
