"""Fixtures of all black-box tests."""

import sys
from contextlib import ExitStack

import pytest

import harness


def pytest_report_header():
    return f"daemon: {harness.BINARY}"


def pytest_collection_modifyitems(config, items):
    if config.option.markexpr:
        return
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.skip(reason="takes minutes: run `just soak`"))


@pytest.fixture(scope="session", autouse=True)
def binary():
    if not harness.BINARY.exists():
        pytest.exit(f"{harness.BINARY} is missing: run scripts/test, or cargo build --release --workspace", 2)
    return harness.BINARY


@pytest.fixture
def only_hognose():
    """For what a peer does not promise."""
    if not harness.IS_HOGNOSE:
        pytest.skip("a promise of hognose only")


@pytest.fixture
def make_daemon(tmp_path):
    """Makes daemons, each in a directory of its own, with the interpreter that runs the tests.

    At the end of the test they are stopped, and nothing of them may be left.
    """
    with ExitStack() as stack:
        made = []

        def make(config, **kwargs):
            kwargs.setdefault("python", sys.executable)
            made.append(harness.Daemon(tmp_path / f"daemon{len(made)}", config, **kwargs))
            return stack.enter_context(made[-1])

        yield make
