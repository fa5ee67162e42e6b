"""`python { }` blocks are run again at every reload."""

import pytest

HEAD = "@version: 4.2\n"
PATH = """
log {
    source { python(class("Sayer") flags(no-parse)); };
    destination { file("@DIR@/out" template("$MSG\\n")); };
};
"""
SAYER = """
from syslogng import LogMessage, LogSource

class Sayer(LogSource):
    def run(self):
        self.post_message(LogMessage(str(what())))

    def request_exit(self):
        pass
"""


def blocks(*codes):
    return HEAD + "".join(f"python {{\n{code}\n}};\n" for code in codes) + PATH


def said(daemon, count):
    daemon.wait_lines(daemon.directory / "out", count)
    return (daemon.directory / "out").read_text().splitlines()


@pytest.fixture
def counting(tmp_path):
    """A module that counts how often it was asked, and a block that asks."""
    (tmp_path / "counting_module.py").write_text("asked = 0\n")
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
import counting_module

runs = globals().get("runs", 0) + 1

def what():
    counting_module.asked += 1
    return f"block {{runs}}, module {{counting_module.asked}}"
"""
    return blocks(code, SAYER)


def test_c118_a_reload_runs_blocks_with_fresh_globals(make_daemon, counting, only_hognose):
    daemon = make_daemon(counting).start()
    assert said(daemon, 1) == ["block 1, module 1"]
    daemon.reload()
    # Different on purpose: there a module keeps its state over a reload; here a reload is a new process, so
    # that an edited module is read again.
    assert said(daemon, 2) == ["block 1, module 1", "block 1, module 1"]
    daemon.stop()
