"""Checkpoints against a receiver that counts, with workers and daemons that are killed.

Nothing that is behind a checkpoint may be missing at the receiver, and a source that starts again may send no
more than a window of messages twice.
"""

import os
import random
import signal
import socket
import threading

import pytest

import harness

pytestmark = pytest.mark.usefixtures("only_hognose")

WINDOW = 100

CONFIG = """
@version: 4.0
options { stats(freq(0)); };
python {
import os
from syslogng import *

class F(LogFetcher):
    def init(self, options):
        self.name = options["name"]
        self.number = (self.restored or {"number": 0})["number"]
        self.pid = os.getpid()
        return True
    def fetch(self):
        self.number += 1
        self.checkpoint({"number": self.number})
        return LogFetcher.FETCH_SUCCESS, LogMessage(f"{self.name} {self.pid} {self.number}")

class S(LogSource):
    def init(self, options):
        self.name = options["name"]
        self.number = self.restored or 0
        self.exiting = False
        return True
    def run(self):
        while not self.exiting:
            self.number += 1
            self.post_message(LogMessage(f"{self.name} {os.getpid()} {self.number}"))
            self.checkpoint(self.number)
    def request_exit(self):
        self.exiting = True
};
SOURCES
destination d { network("127.0.0.1" port(PORT) template("$MSG\\n") time-reopen(0.05)); };
log { ALL destination(d); flags(flow-control); };
"""

KINDS = {"fetcher": ("python-fetcher", "F"), "source": ("python", "S")}


def config(names, port, kind="fetcher"):
    driver, cls = KINDS[kind]
    sources = [
        f'source {name} {{ {driver}(class("{cls}") options("name" "{name}") flags(no-parse)'
        f' persist-name("{name}") log-iw-size({WINDOW})); }};'
        for name in names
    ]
    every = " ".join(f"source({name});" for name in names)
    text = CONFIG.replace("SOURCES", "\n".join(sources)).replace("PORT", str(port))
    return text.replace("ALL", every)


class Receiver:
    """Takes one connection after the other, each to its end: what comes is in the order it was sent."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.count = 0
        self.pids = {}
        """The last process that a message of each source came from."""
        self.ends = {}
        """The highest number of each source."""
        self.again = []
        """How many messages came a second time, for each time that a source began anew."""
        self.lost = []
        self._last = {}
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self._thread.join(harness.EVENT_S)
        self.server.close()

    def _run(self):
        while True:
            try:
                peer, _ = self.server.accept()
            except OSError:
                return
            with peer, peer.makefile("rb") as lines:
                for line in lines:
                    if line.endswith(b"\n"):
                        self._take(*line.decode().split())

    def _take(self, name, pid, number):
        number = int(number)
        end, last = self.ends.get(name, 0), self._last.get(name, 0)
        if number > last + 1:
            self.lost.append((name, last, number))
        elif number <= last:
            self.again.append(end - number + 1)
        self._last[name] = number
        self.ends[name] = max(end, number)
        self.pids[name] = int(pid)
        self.count += 1


def kill(pid):
    """Kills a worker; false: it is gone already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def await_more(daemon, receiver, messages):
    wanted = receiver.count + messages
    daemon.wait(lambda: receiver.count >= wanted, f"{messages} more messages")


def kill_workers(daemon, receiver, names, times, dead, rng):
    """Kills every worker so many times, each at an instant of its own. `dead`: those of the life before."""
    left = {name: times for name in names}
    while left:
        await_more(daemon, receiver, rng.randrange(300))

        def alive():
            return [name for name in left if receiver.pids.get(name, 0) != dead.get(name, 0)]

        daemon.wait(alive, "a worker that was started again")
        name = rng.choice(alive())
        dead[name] = receiver.pids[name]
        assert kill(dead[name]), "it was said to be alive"
        left[name] -= 1
        if not left[name]:
            del left[name]


def run(make_daemon, *, sources, lives, worker_kills, kill_daemon, seed, kind="fetcher"):
    """Lives of a daemon, each of which ends with a kill, or a stop. Returns what the receiver has seen."""
    rng = random.Random(seed)
    names = [f"s{number}" for number in range(sources)]
    receiver = Receiver()
    daemon = make_daemon(config(names, receiver.port, kind))
    for life in range(lives):
        dead = dict(receiver.pids)
        daemon.start()
        if worker_kills:
            kill_workers(daemon, receiver, names, worker_kills, dead, rng)
        await_more(daemon, receiver, rng.randrange(2000))
        if kill_daemon and life + 1 < lives:
            daemon.process.kill()
            daemon.process.wait()
        else:
            daemon.stop()
        # The log of one life is enough, and `start` looks for its words.
        if life + 1 < lives:
            daemon.stderr.write_bytes(b"")
    receiver.close()
    assert not receiver.lost, f"seed {seed}"
    # A source may die between the post and its checkpoint; a fetcher says where it is first.
    since = 1 if kind == "source" else 0
    assert max(receiver.again, default=0) <= WINDOW + since, f"seed {seed}"
    return receiver


@pytest.mark.parametrize("kind", KINDS)
def test_workers_that_are_killed(make_daemon, kind):
    run(make_daemon, sources=3, lives=1, worker_kills=2, kill_daemon=False, seed=1, kind=kind)


@pytest.mark.parametrize("kind", KINDS)
def test_daemons_that_are_killed(make_daemon, kind):
    run(make_daemon, sources=2, lives=5, worker_kills=0, kill_daemon=True, seed=2, kind=kind)


def test_a_clean_stop_repeats_nothing(make_daemon):
    receiver = run(make_daemon, sources=2, lives=3, worker_kills=0, kill_daemon=False, seed=3)
    assert not receiver.again


@pytest.mark.soak
def test_a_thousand_workers_and_two_hundred_daemons_that_are_killed(make_daemon, capsys):
    workers = run(make_daemon, sources=20, lives=17, worker_kills=3, kill_daemon=False, seed=4)
    daemons = run(make_daemon, sources=4, lives=201, worker_kills=0, kill_daemon=True, seed=5)
    with capsys.disabled():
        for what, kills, seen in (("workers", 17 * 20 * 3, workers), ("daemons", 200, daemons)):
            print(
                f"\n{kills} {what} killed: {seen.count} messages, {len(seen.lost)} lost, "
                f"{sum(seen.again)} twice in {len(seen.again)} new beginnings, "
                f"{max(seen.again, default=0)} at most"
            )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("window", "every"), [(1, 1), (100, 250), (7, 3)])
def test_a_window_and_checkpoints_that_do_not_match_stop_nobody(make_daemon, kind, window, every):
    receiver = Receiver()
    text = config(["s0"], receiver.port, kind).replace(f"log-iw-size({WINDOW})", f"log-iw-size({window})")
    for call in ('self.checkpoint({"number": self.number})', "self.checkpoint(self.number)"):
        text = text.replace(call, f"self.number % {every} or {call}")
    daemon = make_daemon(text).start()
    await_more(daemon, receiver, 5 * max(window, every))
    daemon.process.kill()
    daemon.process.wait()
    daemon.start()
    await_more(daemon, receiver, 5 * max(window, every))
    daemon.stop()
    receiver.close()
    # What no checkpoint covers is not held back and comes again, however much was posted while one was saved:
    # the bound is for those who call checkpoint() for each message, and is held by the tests that kill.
    assert not receiver.lost


def test_a_checkpoint_waits_for_delivery(make_daemon):
    """What nobody has taken is posted again."""
    port = harness.free_port()
    daemon = make_daemon(config(["s0"], port)).start()
    # The window is full once the queue holds it: none of that is delivered.
    daemon.wait(
        lambda: f"dst.network;d#0;tcp,127.0.0.1:{port};a;queued;{WINDOW}" in daemon.ask("STATS"), "queue"
    )
    daemon.process.kill()
    daemon.process.wait()
    with socket.create_server(("127.0.0.1", port)) as server:
        daemon.start()
        peer, _ = server.accept()
        with peer, peer.makefile() as lines:
            assert next(lines).split()[2] == "1"


def test_reload_and_change_of_destination(make_daemon):
    receivers = [Receiver(), Receiver()]
    daemon = make_daemon(config(["s0"], receivers[0].port)).start()
    await_more(daemon, receivers[0], 500)
    daemon.write_config(config(["s0"], receivers[1].port))
    daemon.reload()
    await_more(daemon, receivers[1], 500)
    daemon.stop()
    for receiver in receivers:
        receiver.close()
    first, second = receivers
    assert not first.lost
    # The second begins in the middle, and no more than a window before the end of the first.
    assert [name for name, *_ in second.lost] == ["s0"]
    begin = second.lost[0][2]
    assert first.ends["s0"] - WINDOW < begin <= first.ends["s0"] + 1
