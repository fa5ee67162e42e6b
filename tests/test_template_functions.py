"""Template functions written in Python."""

import pytest

from harness import ROOT

SOURCES = {"PYTHONPATH": str(ROOT / "tests/sources")}


@pytest.fixture
def run(make_daemon, tmp_path):
    """Posts m1 … to a file with a template; ``daemon.out`` is the file."""

    def run(template, count=3, version="4.2", path=None, block=""):
        out = tmp_path / "out"
        daemon = make_daemon(
            f"""@version: {version}
python {{
{block}
}};
source s {{ python(class("scripted.Source") options("count" "{count}")); }};
log {{ source(s); destination {{ file("{path or out}" template("{template}\\n")); }};
    flags(flow-control); }};""",
            env=SOURCES,
        )
        daemon.out = out
        return daemon.start()

    return run


def test_a_function_of_a_module(run):
    daemon = run("$(python scripted.shout)")
    assert daemon.wait_lines(daemon.out, 3) == ["M1", "M2", "M3"]


def test_arguments_are_templates_and_arrive_as_bytes(run):
    daemon = run("$(python scripted.shout '!' $MSG)", count=2)
    assert daemon.wait_lines(daemon.out, 2) == ["M1!m1", "M2!m2"]


def test_a_function_of_a_block_and_one_inside_another(run):
    block = "def twice(msg, text):\n    return text * 2"
    daemon = run("$(uppercase $(python twice $(python scripted.shout -)))", count=1, block=block)
    assert daemon.wait_lines(daemon.out, 1) == ["M1-M1-"]


def test_c67_a_result_keeps_its_type(run):
    daemon = run("$(format-json n=$(python scripted.number))", count=1)
    assert daemon.wait_lines(daemon.out, 1) == ['{"n":1}']


def test_c66_below_version_4_results_are_text(run):
    block = "def get(msg):\n    return msg.get('NOPE', default='def')"
    daemon = run("$(python get)", count=1, version="3.38", block=block)
    assert daemon.wait_lines(daemon.out, 1) == ["def"]


@pytest.mark.parametrize("call", ["nope", "no_module.f", "scripted.shout raise", "scripted.SOURCES"])
def test_c126_what_cannot_be_called_shows_an_error(run, call):
    daemon = run(f"$(python {call})", count=2)
    assert daemon.wait_lines(daemon.out, 2) == ["<error>", "<error>"]


def test_the_name_may_come_from_the_message(run):
    block = "def m1(msg):\n    return 'one'\ndef m2(msg):\n    return 'two'"
    daemon = run("$(python $MSG)", count=2, block=block)
    assert daemon.wait_lines(daemon.out, 2) == ["one", "two"]


def test_a_message_that_kills_the_worker_shows_an_error(run, only_hognose):
    block = "import os\ndef f(msg):\n    return os._exit(1) if msg['MESSAGE'] == b'm20' else msg['MESSAGE']"
    daemon = run("$(python f)", count=50, block=block)
    lines = daemon.wait_lines(daemon.out, 50, timeout=30)
    assert lines == [f"m{i}" if i != 20 else "<error>" for i in range(1, 51)]


def test_in_the_name_of_a_file(run, tmp_path):
    daemon = run("$MSG", count=2, path=f"{tmp_path}/$(python scripted.shout).log")
    assert daemon.wait_lines(tmp_path / "M1.log", 1) == ["m1"]
    assert daemon.wait_lines(tmp_path / "M2.log", 1) == ["m2"]


def test_in_a_rewrite_and_a_filter(make_daemon, tmp_path):
    out = tmp_path / "out"
    daemon = make_daemon(
        f"""@version: 4.2
source s {{ python(class("scripted.Source") options("count" "3")); }};
log {{ source(s); filter {{ "$(python scripted.shout)" ne "M2" }};
    rewrite {{ set("$(python scripted.shout !)" value("MESSAGE")); }};
    destination {{ file("{out}" template("$MSG\\n")); }}; }};""",
        env=SOURCES,
    ).start()
    assert daemon.wait_lines(out, 2) == ["M1!", "M3!"]


def test_check_finds_a_missing_function(make_daemon, only_hognose):
    daemon = make_daemon(
        """@version: 4.2
log { source { internal(); }; destination { file("/dev/null" template("$(python nope)\\n")); }; };"""
    )
    daemon.start()
    daemon.wait_log("template function nope is not defined in the python blocks")
