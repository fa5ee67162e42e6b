"""``options()``: what every kind of Python driver gets in ``init()``, with the types of the configuration."""

import json

import pytest

from harness import ROOT

SOURCES = str(ROOT / "tests/sources")

MODULE = """
import json
from syslogng import LogDestination, LogFetcher, LogMessage, LogParser, LogSource, LogTemplate

def keep(kind, options):
    shown = {k: f"template {v}" if isinstance(v, LogTemplate) else v for k, v in sorted(options.items())}
    print("OPTIONS", kind, json.dumps(shown))
    return True

class Source(LogSource):
    def init(self, options):
        return keep("source", options)

class Fetcher(LogFetcher):
    def init(self, options):
        return keep("fetcher", options)

class Parser(LogParser):
    def init(self, options):
        return keep("parser", options)

class Destination(LogDestination):
    def init(self, options):
        return keep("destination", options)
"""

OPTIONS = """options(
    "string" => "example_value" "negative-int" => -42 "int" => 123456789 "negative-float" => -1.5
    "float" => 123.456789 "yes" => yes "truth" => True "lie" => False
    "string-list" => ["first", "second"] "template" => LogTemplate("${MESSAGE}")
)"""


@pytest.fixture
def run(make_daemon, tmp_path):
    def run(options):
        (tmp_path / "typed.py").write_text(MODULE)
        drivers = {
            kind: f'{"python-fetcher" if kind == "Fetcher" else "python"}(class("typed.{kind}") {options});'
            for kind in ("Source", "Fetcher", "Parser", "Destination")
        }
        return make_daemon(
            f"""@version: 4.2
log {{ source {{ {drivers["Source"]} {drivers["Fetcher"]} }}; parser {{ {drivers["Parser"]} }};
    destination {{ {drivers["Destination"]} }}; }};""",
            env={"PYTHONPATH": str(tmp_path)},
        ).start()

    return run


@pytest.mark.parametrize("kind", ["source", "fetcher", "parser", "destination"])
def test_c35_every_driver_gets_the_same_typed_dict(run, kind):
    """C-28 to C-33 and C-130 as well: each type, and dashes that become underscores. C-36: the classes have
    init() alone, and start.
    """
    daemon = run(OPTIONS)
    daemon.wait_log(rf"OPTIONS {kind} ")
    rows = [row for row in daemon.log().splitlines() if f"OPTIONS {kind} " in row]
    shown = rows[0].split(f"OPTIONS {kind} ")[1].split("; driver=")[0]
    assert json.loads(shown) == {
        "string": "example_value",
        "negative_int": -42,
        "int": 123456789,
        "negative_float": -1.5,
        "float": 123.456789,
        "yes": True,
        "truth": True,
        "lie": False,
        "string_list": ["first", "second"],
        "template": "template ${MESSAGE}",
    }


def test_c130_blocks_merge_and_the_last_of_a_name_wins(run):
    daemon = run('options("a-b" "1" "c" "2") options("c" "3")')
    daemon.wait_log(r'OPTIONS parser \{"a_b": "1", "c": "3"\}')


def test_c71_the_module_line_is_accepted(make_daemon, tmp_path):
    (tmp_path / "typed.py").write_text(MODULE)
    daemon = make_daemon(
        """@version: 4.2
@module mod-python use-virtualenv(no)
log { source { python(class("typed.Source")); }; destination { file("/dev/null"); }; };""",
        env={"PYTHONPATH": str(tmp_path)},
    ).start()
    daemon.wait_log("OPTIONS source {}")


def test_c39_destinations_of_one_class_side_by_side(make_daemon, tmp_path):
    (tmp_path / "typed.py").write_text(MODULE)
    daemon = make_daemon(
        """@version: 4.2
log { source { internal(); };
    destination { python(class("typed.Destination") persist-name("one")); };
    destination { python(class("typed.Destination")); }; };""",
        env={"PYTHONPATH": str(tmp_path)},
    ).start()
    daemon.wait_log("OPTIONS destination {}", count=2)


def test_c124_a_destination_cannot_change_a_message_and_c72_deinit_returns_what_it_likes(make_daemon):
    daemon = make_daemon(
        """@version: 4.2
python {
from syslogng import LogDestination
class D(LogDestination):
    def send(self, msg):
        try:
            msg["x"] = "y"
        except TypeError as error:
            print("REFUSED", error)
        return True
    def deinit(self):
        return object()
};
log { source { python(class("scripted.Source") options("count" "1")); };
    destination { python(class("D")); }; };""",
        env={"PYTHONPATH": SOURCES},
    ).start()
    daemon.wait_log("REFUSED Log message is read only, cannot set name-value pair x")
    daemon.stop()


@pytest.mark.parametrize("kind", ["Parser", "Destination"])
def test_c103_init_that_returns_none_prevents_the_start(make_daemon, tmp_path, kind):
    (tmp_path / "odd.py").write_text(
        f"from syslogng import Log{kind}\nclass It(Log{kind}):\n    def init(self, options):\n        pass\n"
        "    def send(self, msg):\n        return True\n    def parse(self, msg):\n        return True\n"
    )
    it = f'{kind.lower()} {{ python(class("odd.It")); }};'
    end = "" if kind == "Destination" else 'destination { file("/dev/null"); };'
    daemon = make_daemon(
        f"@version: 4.2\nlog {{ source {{ internal(); }}; {it} {end} }};\n", env={"PYTHONPATH": str(tmp_path)}
    )
    assert daemon.run_to_end() == 2
    assert "init() returned None: end it with return True" in daemon.log()
