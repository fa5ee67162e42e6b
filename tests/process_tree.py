"""What a process and its descendants are and use, read from /proc.

A daemon under test carries a marker in its environment, which its children inherit.
So its processes are found even after their parents are gone.
"""

import os
import signal
from pathlib import Path

MARKER = "HOGNOSE_TEST_RUN"
KIB = 1024
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def marked(marker):
    """Processes whose environment holds the marker; zombies have none and do not count."""
    wanted = f"{MARKER}={marker}".encode()
    return [pid for pid in _all() if wanted in _environment(pid).split(b"\0")]


def descendants(root):
    """`root` and all that it started, directly or not."""
    children = {}
    for pid in _all():
        children.setdefault(_parent(pid), []).append(pid)
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return found


def resident_bytes(root):
    """Proportional set size of the whole tree: shared pages are counted once."""
    return sum(_pss_bytes(pid) for pid in descendants(root))


def cpu_seconds(root):
    """User and system time of the whole tree, children that have ended included."""
    return sum(sum(map(int, _stat(pid)[11:15])) for pid in descendants(root)) / TICKS_PER_S


def describe(pids):
    """One line a process, for a failed assertion."""
    return "\n".join(f"{pid}: {_command_line(pid)}" for pid in pids)


def kill(pids):
    """Ends what a failed test would leave behind."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def _all():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _read(pid, name):
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _environment(pid):
    return _read(pid, "environ")


def _command_line(pid):
    return _read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace")


def _stat(pid):
    # The command's name is in parentheses and may hold anything, so fields count from the last one.
    return _read(pid, "stat").rpartition(b")")[2].split()


def _parent(pid):
    return int((_stat(pid) or [0, 0])[1])


def _pss_bytes(pid):
    for line in _read(pid, "smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * KIB
    return 0
