"""The package's layout, and that its stubs say what the extension is."""

import importlib
import inspect
import os
import subprocess
import sys

import pytest
from played_daemon import BRIDGE, PYTHON, ROOT

import _syslogng
import syslogng


def test_stubs_say_what_the_extension_is(tmp_path):
    (tmp_path / "_syslogng.abi3.so").symlink_to(BRIDGE)
    paths = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{PYTHON}", "MYPYPATH": str(PYTHON)}
    command = [sys.executable, "-m", "mypy.stubtest", "_syslogng", "--concise"]
    command += ["--mypy-config-file", str(ROOT / "mypy.ini")]
    checked = subprocess.run(command, env=os.environ | paths, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("dest", "LogDestination LogDestinationResult"),
        ("source", "LogSource LogFetcher LogFetcherResult"),
        ("message", "LogMessage"),
        ("parser", "LogParser"),
        ("persist", "Persist"),
        ("template", "LogTemplate LogTemplateOptions LogTemplateException LTZ_SEND LTZ_LOCAL"),
        ("logger", "Logger"),
        ("confgen", "register_config_generator"),
        ("reloc", "get_installation_path_for"),
    ],
)
def test_homes_of_the_names(module, names):
    home = importlib.import_module(f"syslogng.{module}")
    for name in names.split():
        assert hasattr(home, name)
        if "Result" not in name:
            assert getattr(syslogng, name) is getattr(home, name)


def test_all_names_exist():
    assert [name for name in syslogng.__all__ if not hasattr(syslogng, name)] == []


def test_c56_native_classes_are_bases():
    for name in ("LogSource", "LogFetcher", "LogDestination", "LogParser", "LogMessage", "Persist"):
        assert type("Sub", (getattr(_syslogng, name),), {})


def test_help_shows_every_argument():
    assert str(inspect.signature(syslogng.LogMessage.get)) == "(self, /, key, default=None)"
    assert str(inspect.signature(syslogng.LogSource.post_message)) == "(self, /, msg, receipt=False)"


def test_c68_installation_paths():
    found = syslogng.get_installation_path_for
    assert found("/plain/path") == "/plain/path"
    assert found("${sysconfdir}/scl") == "/etc/syslog-ng/scl"
    assert found("${prefix}/x").startswith("/") and found("${exec_prefix}") == found("${prefix}")
    assert os.path.isdir(found("${moduledir}/python/syslogng"))
    with pytest.raises(ValueError, match="unknown install variable .{nosuch}: it is one of bindir"):
        found("${nosuch}/x")
