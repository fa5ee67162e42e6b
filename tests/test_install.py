"""An installed tree, used from anywhere and without any environment variable."""

import os
import subprocess

import pytest

import harness
from harness import ROOT
from test_examples import HEADER, example


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("prefix")
    if harness.IS_HOGNOSE:
        subprocess.run([ROOT / "scripts/install", prefix], check=True, capture_output=True)
    return prefix


def test_installed_daemon_finds_its_parts(make_daemon, only_hognose, prefix, monkeypatch):
    monkeypatch.setattr(harness, "BINARY", prefix / "bin/hognose")
    bare = {name: "" for name in os.environ if name.startswith(("PYTHON", "HOGNOSE", "LD_"))}
    daemon = make_daemon(example("hello.conf", interval="0.05"), env=bare).start()
    daemon.wait_output(HEADER + "hello world", count=3)
    daemon.stop()


def test_installed_daemon_answers_by_its_other_names(only_hognose, prefix):
    other = prefix / "bin/syslog-ng"
    other.symlink_to("hognose")
    said = subprocess.run([other, "--version"], capture_output=True, text=True, check=True).stdout
    assert "hognose" in said
