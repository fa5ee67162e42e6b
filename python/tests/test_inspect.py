"""The look at the Python of a configuration before it runs: everything that is wrong, at once."""

from played_daemon import Daemon


def inspect(*texts, drivers):
    blocks = [{"file": "/etc/t.conf", "line": 10 * (i + 1), "text": text} for i, text in enumerate(texts)]
    drivers = [{"id": f"d{i}", "kind": kind, "class": cls} for i, (kind, cls) in enumerate(drivers)]
    with Daemon(mode="inspect", blocks=blocks, drivers=drivers) as daemon:
        findings = daemon.frame("inspected")["findings"]
        daemon.ended(0)
        return findings


def kinds(findings):
    return [(found["driver"], found["severity"], found["kind"]) for found in findings]


GOOD = """
from syslogng import LogFetcher, LogSource
class Source(LogSource):
    def __init__(self): raise SystemExit("nothing is made")
    def init(self, options): raise SystemExit("nothing is called")
    def run(self): pass
    def request_exit(self): pass
class Fetcher(LogFetcher):
    def fetch(self): pass
"""


def test_nothing_is_wrong():
    assert inspect(GOOD, drivers=[("source", "Source"), ("fetcher", "Fetcher")]) == []


def test_every_block_and_every_class():
    findings = inspect(
        "\nx = = 1\n",
        "\nimport nonesuch_module\n",
        "\n1 / 0\n",
        drivers=[("source", "Missing"), ("source", "nonesuch_package.C")],
    )
    assert kinds(findings) == [
        (None, "error", "syntax_error"),
        (None, "error", "missing_module"),
        (None, "error", "block_error"),
        # A class that a broken block may have defined is not told to be missing.
        ("d1", "error", "missing_module"),
    ]
    assert [(found["file"], found["line"]) for found in findings[:3]] == [
        ("/etc/t.conf", 11),
        ("/etc/t.conf", 21),
        ("/etc/t.conf", 31),
    ]
    assert "pip install nonesuch_module" in findings[1]["message"]


def test_wrong_classes():
    text = GOOD + "class Plain: pass\n"
    findings = inspect(
        text,
        drivers=[
            ("source", "Fetcher"),
            ("fetcher", "Source"),
            ("source", "Plain"),
            ("source", "Sorce"),
            ("source", "os.Nope"),
        ],
    )
    assert kinds(findings) == [
        ("d0", "error", "wrong_base"),
        ("d1", "error", "wrong_base"),
        ("d2", "error", "wrong_base"),
        ("d3", "error", "missing_class"),
        ("d4", "error", "missing_class"),
    ]
    assert (findings[0]["message"], findings[0]["hint"]) == (
        "class Fetcher is a LogFetcher",
        "use python-fetcher()",
    )
    assert findings[0]["line"] == 18
    assert findings[3]["hint"] == "did you mean Source?"
    assert (findings[3]["file"], findings[3]["line"]) == ("/etc/t.conf", 3)


def test_methods():
    text = """
from syslogng import LogFetcher, LogSource
import _syslogng
class Empty(LogSource): pass
class Native(_syslogng.LogFetcher): pass
class Half(LogSource):
    def run(self): pass
    def request_exit(self): pass
    def suspend(self): pass
class Odd(LogFetcher):
    def init(self): pass
    def fetch(self, timeout): pass
    async def open(self): pass
    async def deinit(self): pass
    @staticmethod
    def close(): pass
    def request_exit(self, why=None): pass
class Fine(LogSource):
    def init(self, *options): pass
    async def run(self): pass
    @classmethod
    def request_exit(cls): pass
"""
    findings = inspect(
        text,
        drivers=[
            ("source", "Empty"),
            ("fetcher", "Native"),
            ("source", "Half"),
            ("fetcher", "Odd"),
            ("source", "Fine"),
        ],
    )
    said = [(found["driver"], found["severity"], found["message"]) for found in findings]
    assert said == [
        ("d0", "warning", "class Empty has no run() method"),
        ("d0", "warning", "class Empty has no request_exit() method"),
        ("d1", "error", "class Native has no fetch() method"),
        ("d2", "error", "class Half has suspend() but no wakeup()"),
        ("d3", "error", "Odd.init() cannot be called as it is defined"),
        ("d3", "warning", "Odd.fetch() cannot be called as it is defined"),
        ("d3", "warning", "Odd.deinit() cannot be called as it is defined"),
    ]
    assert findings[4]["hint"] == "define it as init(self, options)"
    assert findings[6]["hint"] == "deinit() cannot be async: it is called, not awaited"
