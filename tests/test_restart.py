"""``ctl restart``: one driver's code is read again, everything else goes on."""

import pytest

from harness import ROOT

SOURCES = str(ROOT / "tests/sources")
KINDS = {
    "source": """from syslogng import LogMessage, LogSource
from threading import Event
class It(LogSource):
    def init(self, options):
        self.exit = Event()
        return True
    def run(self):
        while not self.exit.wait(0.01):
            self.post_message(LogMessage("VERSION"))
    def request_exit(self):
        self.exit.set()
""",
    "parser": """from syslogng import LogParser
class It(LogParser):
    def parse(self, msg):
        msg["MESSAGE"] = "VERSION"
        return True
""",
    "destination": """from syslogng import LogDestination
class It(LogDestination):
    def init(self, options):
        self.file = options["file"]
        return True
    def send(self, msg):
        with open(self.file, "a") as out:
            out.write("VERSION\\n")
        return True
""",
}


@pytest.mark.parametrize("kind", KINDS)
def test_edited_code_is_read_again(make_daemon, tmp_path, only_hognose, kind):
    out, module = tmp_path / "out", tmp_path / "edited.py"
    module.write_text(KINDS[kind].replace("VERSION", "one"))
    it = f'python(class("edited.It") options("file" "{out}"));'
    ticks = 'python(class("scripted.Source") options("count" "1000000" "every" "0.01"));'
    lines = f'destination {{ file("{out}" template("$MSG\\n")); }};'
    path = {
        "source": f"source {{ {it} }}; {lines}",
        "parser": f"source {{ {ticks} }}; parser {{ {it} }}; {lines}",
        "destination": f"source {{ {ticks} }}; destination {{ {it} }};",
    }[kind]
    daemon = make_daemon(
        f"@version: 4.2\nlog {{ {path} flags(flow-control); }};\n",
        env={"PYTHONPATH": f"{SOURCES}:{tmp_path}", "PYTHONDONTWRITEBYTECODE": "1"},
    ).start()
    daemon.wait(lambda: out.exists() and "one" in out.read_text(), "the first version")
    module.write_text(KINDS[kind].replace("VERSION", "two"))
    assert daemon.ask("RESTART edited.It").startswith("OK Restarting")
    daemon.wait(lambda: "two" in out.read_text(), "the second version")
    assert daemon.process.poll() is None


def test_a_name_that_nobody_has(make_daemon, only_hognose):
    daemon = make_daemon(
        '@version: 4.2\nlog { source { internal(); }; destination { file("/dev/null"); }; };\n'
    ).start()
    assert daemon.ask("RESTART nobody").startswith("FAIL there is no Python driver `nobody`")
