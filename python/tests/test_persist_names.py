"""What a driver is called where state is kept: `persist-name()`, `generate_persist_name()`, or its class."""

import pytest
from played_daemon import Daemon

BASES = {"source": "LogSource", "fetcher": "LogFetcher"}


def block(kind, generate="", init="print(self.persist_name)"):
    return f"""
from syslogng import *
class S({BASES[kind]}):
    def init(self, options):
        {init}
        return True
    def run(self): pass
    def fetch(self): return LogFetcher.NO_DATA,
    def request_exit(self): pass
{generate}
"""


def generating(value, static=True):
    first = "    @staticmethod\n    def generate_persist_name(options):" if static else ""
    return f"{first or '    def generate_persist_name(self, options):'} return {value}"


def check(kind, code, given, expected):
    """Returns what the worker has reported of `generate_persist_name()`."""
    options = [["key", {"type": "string", "value": "value"}]]
    with Daemon(code, kind=kind, persist_name=given, options=options) as daemon:
        ready = daemon.start()
        daemon.line(expected)
        daemon.stop()
        own = expected if "(" not in expected else None
        assert ready["persist_name"] == own and daemon.lines == [expected]
        return daemon.of("exception")


@pytest.mark.parametrize("static", [True, False])
@pytest.mark.parametrize("kind", [pytest.param("fetcher", id="c47"), pytest.param("source", id="c48")])
def test_c46_to_c48_a_name_that_the_class_generates(kind, static):
    code = block(kind, generating("options['key']", static))
    assert not check(kind, code, None, f"python-{kind}.value")


@pytest.mark.parametrize("kind", BASES)
def test_c49_a_generator_that_raises(kind):
    code = block(kind, generating("options['nonesuch']"))
    (exception,) = check(kind, code, None, f"python-{kind}(S)")
    assert exception["method"] == "generate_persist_name" and "KeyError: 'nonesuch'" in exception["message"]


@pytest.mark.parametrize("value", ["5", "None", "['x']", "b'\\xff'"])
def test_a_generator_that_returns_no_text(value):
    (exception,) = check("source", block("source", generating(value)), None, "python-source(S)")
    assert exception["method"] == "generate_persist_name"


def test_a_generator_that_returns_bytes():
    assert not check("source", block("source", generating("b'bytes'")), None, "python-source.bytes")


@pytest.mark.parametrize("kind", [pytest.param("fetcher", id="c50"), pytest.param("source", id="c51")])
def test_c50_c51_a_name_of_the_configuration(kind):
    assert not check(kind, block(kind), "given", f"python-{kind}.given")


@pytest.mark.parametrize("kind", [pytest.param("fetcher", id="c52"), pytest.param("source", id="c53")])
def test_c52_c53_the_configuration_wins_over_the_generator(kind):
    assert not check(kind, block(kind, generating("options['key']")), "given", f"python-{kind}.given")


@pytest.mark.parametrize("kind", BASES)
def test_without_either_the_class_names_it(kind):
    assert not check(kind, block(kind), None, f"python-{kind}(S)")


@pytest.mark.parametrize("kind", [pytest.param("source", id="c54"), pytest.param("fetcher", id="c55")])
def test_c54_c55_the_name_cannot_be_assigned(kind):
    with Daemon(block(kind, init="self.persist_name = 'x'"), kind=kind) as daemon:
        refused = daemon.frame("refused")
        assert refused["stage"] == "init" and "readonly attribute" in refused["message"]
        daemon.ended(1)
