"""Flow control into a reader that is slower than the source: all there, in order, once, and memory flat."""

import time

import pytest

import process_tree
from harness import ROOT
from slow_reader import SlowReader

READER_RATE = 250_000  # messages per second
SHORT = 500_000
FULL = 10_000_000
# What the tree may grow by between the first tenth and the end, whatever the count.
GROWTH_BYTES_MAX = 8 << 20


def config(source, reader, count, more=""):
    kind = "python-fetcher" if source.endswith("Fetcher") else "python"
    return f"""@version: 4.2
log {{
    source {{ {kind}(class("counting.{source}") flags(no-parse)
        options("count" "{count}" "closed" "@DIR@/closed")); }};
    destination {{ network("127.0.0.1" port({reader.port}) transport(tcp) template("$MSG\\n") {more}); }};
    flags(flow-control);
}};"""


@pytest.fixture
def run(make_daemon):
    """Runs a source into a slow reader and returns how the memory of the tree grew meanwhile."""

    def run(source, count, rate=READER_RATE, more=""):
        reader = SlowReader(count, rate)
        daemon = make_daemon(
            config(source, reader, count, more), env={"PYTHONPATH": str(ROOT / "tests/sources")}
        ).start()
        daemon.wait(lambda: reader.received >= count / 10 or reader.done.is_set(), "the first tenth", 120)
        early = process_tree.resident_bytes(daemon.process.pid)
        peak = early
        deadline = time.monotonic() + 60 + 4 * count / rate
        while not reader.done.wait(0.2):
            assert time.monotonic() < deadline, f"stuck at {reader.received}\n{daemon.report()}"
            peak = max(peak, process_tree.resident_bytes(daemon.process.pid))
            assert daemon.process.poll() is None, daemon.report()
        assert reader.failure is None, f"{reader.failure}\n{daemon.report()}"
        daemon.stop()
        reader.close()
        assert "Incorrectly suspended" not in daemon.log()
        return peak - early

    return run


def test_source_loses_nothing_and_stays_small(run):
    assert run("Counting", SHORT) < GROWTH_BYTES_MAX


def test_source_with_a_tiny_window(run):
    run("Counting", 20_000, more="log-fifo-size(200)")


def test_fetcher_loses_nothing_and_stays_small(run):
    assert run("CountingFetcher", SHORT // 5, rate=READER_RATE / 5) < GROWTH_BYTES_MAX


def test_source_with_suspend_and_wakeup(run, only_hognose):
    """No wake-up is lost. A peer's can overtake its suspend(), and the source waits for ever."""
    assert run("Cooperative", SHORT) < GROWTH_BYTES_MAX


@pytest.mark.soak
def test_ten_million(run):
    assert run("Counting", FULL) < GROWTH_BYTES_MAX


def test_stop_while_the_reader_reads_nothing(make_daemon):
    """A source that waits in post_message() is let go by a stop."""
    reader = SlowReader(10**8, 1)
    daemon = make_daemon(
        config("Counting", reader, 10**8), env={"PYTHONPATH": str(ROOT / "tests/sources")}
    ).start()
    daemon.wait(lambda: reader.received > 0, "the first lines")
    daemon.stop()
    reader.close()
