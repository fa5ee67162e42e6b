"""Parsers written in Python, in a log path of the daemon."""

import subprocess

import pytest

from harness import BINARY, ROOT

SOURCES = {"PYTHONPATH": str(ROOT / "tests/sources")}


@pytest.fixture
def run(make_daemon, tmp_path):
    """Posts m1 … through a scripted parser into a file, ``daemon.out``."""

    def run(count, terms="", version="4.2", path="parser(p);", **options):
        out = tmp_path / "out"
        given = " ".join(f'"{key}" "{value}"' for key, value in options.items())
        daemon = make_daemon(
            f"""@version: {version}
source s {{ python(class("scripted.Source") options("count" "{count}")); }};
parser p {{ python(class("scripted.Parser") options({given}) {terms}); }};
log {{ source(s); {path} destination {{ file("{out}" template("$MSG ${{number}} ${{by}}\\n")); }};
    flags(flow-control); }};""",
            env=SOURCES,
        )
        daemon.out = out
        return daemon.start()

    return run


def test_c70_a_parser_sets_values_that_templates_show(run):
    daemon = run(3)
    assert daemon.wait_lines(daemon.out, 3) == ["m1 1 p1", "m2 2 p1", "m3 3 p1"]


def test_c125_a_message_is_dropped_for_anything_false(run):
    daemon = run(5, told="m2=drop m3=none m4=raise")
    assert daemon.wait_lines(daemon.out, 2) == ["m1 1 p1", "m5 5 p1"]
    daemon.wait_log("ValueError: as told")


def test_c129_a_parser_that_is_named_twice_is_made_twice(run):
    """Two objects of one class, which share its module since they are in one worker."""
    daemon = run(1, path="parser(p); parser(p);")
    assert daemon.wait_lines(daemon.out, 1) == ["m1 1 p2"]


def test_a_message_that_kills_the_worker_is_the_only_one_lost(run, only_hognose):
    daemon = run(50, told="m20=die")
    lines = daemon.wait_lines(daemon.out, 49, timeout=30)
    assert [int(line.split()[1]) for line in lines] == [*range(1, 20), *range(21, 51)]
    daemon.wait_log("its worker died while it parsed it")


def test_a_message_that_takes_too_long_is_the_only_one_lost(run, only_hognose):
    daemon = run(3, told="m2=hang", terms="stall-timeout(1)")
    lines = daemon.wait_lines(daemon.out, 2, timeout=30)
    assert [line.split()[0] for line in lines] == ["m1", "m3"]
    daemon.wait_log("stall-timeout")


def test_workers_keep_the_order_of_a_source(run, only_hognose):
    daemon = run(20_000, terms="workers(2)")
    lines = daemon.wait_lines(daemon.out, 20_000, timeout=60)
    assert [int(line.split()[1]) for line in lines] == list(range(1, 20_001))


def test_a_reload_makes_a_new_object(run, only_hognose):
    daemon = run(1)
    daemon.wait_lines(daemon.out, 1)
    text = daemon.config.read_text()
    daemon.write_config(text.replace("options() ", 'options("name" "q") '))
    daemon.reload()
    assert daemon.wait_lines(daemon.out, 2)[1] == "m1 1 q1"


def test_a_stop_does_not_wait_for_a_hung_parse(make_daemon, only_hognose):
    daemon = make_daemon(
        """@version: 4.2
options { stop-timeout(2); };
source s { python(class("scripted.Source") options("count" "1")); };
parser p { python(class("scripted.Parser") options("told" "m1=hang") stall-timeout(0)); };
log { source(s); parser(p); destination { file("/dev/null"); }; };""",
        env=SOURCES,
    ).start()
    daemon.wait_log("starting up")
    daemon.stop()


def test_a_parser_that_does_not_start_stops_the_start(make_daemon, only_hognose):
    daemon = make_daemon(
        """@version: 4.2
python {
from syslogng import LogParser
class P(LogParser):
    def init(self, options):
        return False
    def parse(self, msg):
        return True
};
log { source { internal(); }; parser { python(class("P")); }; destination { file("/dev/null"); }; };"""
    )
    assert daemon.run_to_end() == 2
    assert "P.init() returned False" in daemon.log()


def test_a_mistake_in_the_class_is_shown_before_anything_starts(make_daemon, only_hognose):
    daemon = make_daemon(
        """@version: 4.2
python {
from syslogng import LogSource
class P(LogSource):
    pass
};
log { source { internal(); }; parser { python(class("P")); }; destination { file("/dev/null"); }; };"""
    )
    assert daemon.run_to_end() == 2
    assert "class P is a LogSource" in daemon.log()


def test_compat_mode_reads_bytes_and_no_key_errors(make_daemon, tmp_path):
    """With an @version below 4.0 (C-11)."""
    out = tmp_path / "out"
    daemon = make_daemon(
        f"""@version: 3.38
python {{
class P(object):
    def parse(self, msg):
        msg["seen"] = repr((msg["MESSAGE"], msg["NOPE"]))
        return True
}};
source s {{ python(class("scripted.Source") options("count" "1")); }};
log {{ source(s); parser {{ python(class("P")); }};
    destination {{ file("{out}" template("${{seen}}\\n")); }}; }};""",
        env=SOURCES,
    ).start()
    assert daemon.wait_lines(out, 1) == ["(b'm1', b'')"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("class P(LogDestination): pass", "class P is a LogDestination"),
        ("class Q: pass", "class P is not defined in the python blocks"),
    ],
)
def test_check_looks_at_parsers(make_daemon, only_hognose, body, said):
    config = make_daemon(
        f"""@version: 4.2
python {{
from syslogng import LogDestination
{body}
}};
log {{ source {{ internal(); }}; parser {{ python(class("P")); }};
    destination {{ file("/dev/null"); }}; }};"""
    ).config
    ran = subprocess.run([BINARY, "check", config], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert said in ran.stdout + ran.stderr
