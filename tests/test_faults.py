"""Sixteen misbehaving sources beside two good ones, in one daemon.

The good ones lose nothing and keep their pace; each bad one is named in the log with its reason;
what it posted before its fault arrives; a stop meets its deadline; no process is left behind.

The good sources follow a schedule instead of running flat out: several of the bad ones use a
whole core each, and how the kernel divides two cores among six processes is not the daemon's doing.
"""

import re
import time

import pytest

from harness import ROOT

GOOD = ("good1", "good2")
GOOD_RATE = 20_000  # messages per second, each
LINE_BYTES = 11
MEASURE_S = 4
KEPT_MIN = 0.9
TRIES = 3
LOG_BYTES_MAX = 8 << 20
POSTED_BEFORE = 10

# What the log says of each, on the same line as its name.
KILLED = r"does not stop"
BAD = {
    "misbehaving.Raises": r"raised on purpose",
    "misbehaving.Returns": r"returned, the source has finished",
    "misbehaving.Loops": KILLED,
    "misbehaving.Backtracks": KILLED,
    "misbehaving.BlocksInC": KILLED,
    "misbehaving.IgnoresExit": KILLED,
    "misbehaving.RaisesInExit": r"raised in request_exit",
    "deaf.Deaf": r"SIGTERM did not end it, sending SIGKILL",
    "misbehaving.Segfaults": r"SIGSEGV",
    "misbehaving.Exits": r"exited with code 23",
    "misbehaving.KillsItself": r"SIGKILL",
    "misbehaving.Leaks": r"MemoryError",
    "misbehaving.OpensFiles": r"Too many open files",
    "misbehaving.Floods": r"lines of output suppressed",
    "misbehaving.Recurses": r"SIGSEGV|RecursionError",
    "misbehaving.LeavesThreads": r"returned, the source has finished",
}


def good(name):
    return f"""
log {{
    source {{ python(class("steady.Steady") persist-name("{name}")
        options("rate" "{GOOD_RATE}" "posted" "@DIR@/{name}.posted") flags(no-parse)); }};
    destination {{ file("@DIR@/{name}.log" template("$MSG\\n")); }};
    flags(flow-control);
}};"""


def bad(classes):
    sources = "\n".join(
        f'python(class("{path}") persist-name("{path}") flags(no-parse));' for path in classes
    )
    return f"""
log {{
    source {{ {sources} }};
    destination {{ file("@DIR@/bad.log" template("$MSG\\n")); }};
    flags(flow-control);
}};"""


def config(bad_classes=()):
    return "@version: 4.2\n" + "".join(map(good, GOOD)) + (bad(bad_classes) if bad_classes else "")


@pytest.fixture
def start(make_daemon, only_hognose):
    def start(text):
        return make_daemon(text, env={"PYTHONPATH": str(ROOT / "tests/sources")}).start()

    return start


def written(daemon, name):
    path = daemon.directory / f"{name}.log"
    return path.stat().st_size // LINE_BYTES if path.exists() else 0


def rates(daemon):
    """Messages per second of each good source, over a window that begins when both run."""
    daemon.wait(lambda: all(written(daemon, name) > 0 for name in GOOD), "both good sources")
    before, start = [written(daemon, name) for name in GOOD], time.monotonic()
    time.sleep(MEASURE_S)
    after, end = [written(daemon, name) for name in GOOD], time.monotonic()
    return [(b - a) / (end - start) for a, b in zip(before, after, strict=True)]


def assert_nothing_lost(daemon):
    for name in GOOD:
        posted = int((daemon.directory / f"{name}.posted").read_text())
        lines = (daemon.directory / f"{name}.log").read_bytes().split(b"\n")[:-1]
        assert len(lines) == posted, name
        assert lines == [b"%010d" % n for n in range(posted)], name


def assert_named(log, path, reason):
    name = path.rpartition(".")[2]
    said = [line for line in log.splitlines() if re.search(rf"\b{name}\b", line)]
    assert any(re.search(reason, line, re.IGNORECASE) for line in said), (path, reason, said[-5:])


def assert_delivered_before_the_fault(daemon, path):
    """Each life of a bad source posted its messages in order, and all of them arrived."""
    name = path.rpartition(".")[2]
    numbers = [int(n) for n in re.findall(rf"^{name} (\d+)$", bad_log(daemon), re.MULTILINE)]
    assert numbers == [n % POSTED_BEFORE for n in range(len(numbers))], (path, numbers)


def test_sixteen_bad_sources_beside_two_good_ones(start):
    alone = start(config())
    usual = rates(alone)
    alone.stop()
    assert_nothing_lost(alone)

    daemon = start(config(BAD))
    # Every bad source has done its worst once before anything is measured.
    for path in BAD:
        name = path.rpartition(".")[2]
        daemon.wait(
            lambda name=name: f"{name} {POSTED_BEFORE - 1}\n" in bad_log(daemon), f"{path}'s messages"
        )
    kept = []
    for _ in range(TRIES):
        kept.append(min(now / then for now, then in zip(rates(daemon), usual, strict=True)))
        if kept[-1] >= KEPT_MIN:
            break
    daemon.stop()
    assert max(kept) >= KEPT_MIN, f"kept {kept} of {usual}"
    assert_nothing_lost(daemon)
    log = daemon.log()
    for path, reason in BAD.items():
        assert_named(log, path, reason)
        assert_delivered_before_the_fault(daemon, path)
    assert len(log) < LOG_BYTES_MAX, "a source that floods its output floods the log"


def bad_log(daemon):
    path = daemon.directory / "bad.log"
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize("path", BAD)
def test_one_bad_source_can_be_reloaded_away(start, path):
    """A reload meets its deadline too, and the good sources go on after it."""
    daemon = start(config([path]))
    daemon.wait_lines(daemon.directory / "bad.log", POSTED_BEFORE)
    daemon.write_config(config())
    daemon.reload()
    before = [written(daemon, name) for name in GOOD]
    daemon.wait(
        lambda: all(written(daemon, name) > past for name, past in zip(GOOD, before, strict=True)),
        "more from the good sources",
    )
    daemon.stop()
