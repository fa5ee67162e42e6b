"""kill -9 under load: what a reliable disk buffer took is delivered, whatever happens to the daemon."""

import itertools
import random
import re
import signal
import socket
import subprocess
import threading

import pytest

import harness

LINES = 200_000
KILLS = 12
# What the destination has taken in the time that may pass before this is written down.
DUPLICATES_A_KILL_MAX = 60_000


class Receiver:
    """Takes lines over TCP from any number of connections, one after the other, and keeps their numbers."""

    def __init__(self):
        self.numbers = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        self._listener.close()

    def _run(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._read(connection)

    def _read(self, connection):
        left = b""
        try:
            while chunk := connection.recv(1 << 16):
                *lines, left = (left + chunk).split(b"\n")
                self.numbers.extend(map(int, lines))
        except OSError:
            pass


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


def config(port, options="", source="file(@DIR@/in flags(no-parse))"):
    return f"""@version: 4.2
log {{
    source {{ {source.replace("@DIR@/in", '"@DIR@/in"')}; }};
    destination {{ network("127.0.0.1" port({port}) transport(tcp) template("$MSG\\n") time-reopen(0.05)
        disk-buffer(capacity-bytes(100MiB) {options})); }};
    flags(flow-control);
}};"""


def write_lines(path, count):
    path.write_text("".join(f"{n:08}\n" for n in range(count)))


def kill(daemon):
    daemon.process.kill()
    daemon.process.wait()


def tool(*arguments):
    return subprocess.run([harness.BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def kill_often(daemon, receiver, lines, kills):
    """Kills the daemon at so many moments that lot decides; how many lines came twice."""
    lot = random.Random(7)
    moments = sorted(lot.sample(range(1, lines), kills))
    write_lines(daemon.directory / "in", lines)
    daemon.spawn()
    for moment in moments:
        daemon.wait(lambda moment=moment: len(receiver.numbers) >= moment, f"line {moment}", 120)
        kill(daemon)
        daemon.spawn()
    daemon.wait(lambda: receiver.numbers and max(receiver.numbers[-1:]) == lines - 1, "the last line", 300)
    daemon.stop()
    assert set(receiver.numbers) == set(range(lines)), "acknowledged lines are lost"
    return len(receiver.numbers) - lines


def assert_in_order(numbers, kills):
    """The numbers only grow, but for two steps back at each kill: delivery goes on from where it was last
    noted, and the source reads its file from where its place was last noted."""
    steps = sum(1 for before, after in itertools.pairwise(numbers) if after != before + 1)
    assert steps <= 2 * kills, f"{steps} times out of order"


def test_nothing_is_lost_by_kill_9(only_hognose, make_daemon, receiver):
    daemon = make_daemon(config(receiver.port, "reliable(yes)"))
    twice = kill_often(daemon, receiver, LINES, KILLS)
    print(f"{KILLS} kills: lost 0 of {LINES}, {twice} delivered twice")
    assert_in_order(receiver.numbers, KILLS)
    assert twice <= KILLS * DUPLICATES_A_KILL_MAX


@pytest.mark.soak
def test_nothing_is_lost_by_a_thousand_kills(only_hognose, make_daemon, receiver):
    lines, kills = 5_000_000, 1000
    daemon = make_daemon(config(receiver.port, "reliable(yes)"))
    twice = kill_often(daemon, receiver, lines, kills)
    print(f"{kills} kills: lost 0 of {lines}, {twice} delivered twice")
    assert_in_order(receiver.numbers, kills)


@pytest.mark.parametrize(
    "options", ["reliable(yes)", "reliable(no)", "reliable(yes) compression(zstd) prealloc(yes)"]
)
def test_a_peer_that_is_down_gets_all_of_it_later(only_hognose, make_daemon, tmp_path, options):
    port = harness.free_port()
    daemon = make_daemon(config(port, options))
    write_lines(daemon.directory / "in", 20_000)
    daemon.start()
    queued = r"dst\.network.*;queued;20000"
    daemon.wait(lambda: re.search(queued, daemon.ask("STATS")), "20,000 queued", 60)
    daemon.reload()
    daemon.wait(lambda: re.search(queued, daemon.ask("STATS")), "20,000 queued after the reload", 60)
    daemon.stop()
    # The file is done with: only the buffer knows the lines now.
    (daemon.directory / "in").unlink()
    daemon.start()
    kill(daemon)
    receiver = Receiver.__new__(Receiver)
    receiver.numbers = []
    receiver._listener = socket.create_server(("127.0.0.1", port))
    threading.Thread(target=receiver._run, daemon=True).start()
    daemon.spawn()
    daemon.wait(lambda: len(receiver.numbers) >= 20_000, "all lines", 60)
    assert receiver.numbers == list(range(20_000))
    daemon.stop()
    receiver.close()


def test_persist_remembers_and_is_shown(only_hognose, make_daemon):
    daemon = make_daemon(
        '@version: 4.2\nlog { source { file("@DIR@/in" flags(no-parse)); };'
        ' destination { file("@DIR@/out" template("$MSG\\n")); }; flags(flow-control); };'
    )
    source = daemon.directory / "in"
    write_lines(source, 1000)
    daemon.start()
    daemon.wait_lines(daemon.directory / "out", 1000)
    persist = daemon.directory / "persist"
    refused = tool("persist", "list", "-R", persist)
    assert refused.returncode == 1 and "in use" in refused.stderr
    second = make_daemon("@version: 4.2\nlog { source { internal(); }; };")
    second._args = ["-R", str(persist)]
    assert second.run_to_end() == 2
    assert "in use by another daemon" in second.log()
    daemon.stop()
    shown = tool("persist", "get", "-R", persist, f"affile_sd_curpos({source})")
    assert "offset=9000 " in shown.stdout
    daemon.start()
    with source.open("a") as file:
        file.write("00001000\n")
    lines = daemon.wait_lines(daemon.directory / "out", 1001)
    assert lines == [f"{n:08}" for n in range(1001)]
    daemon.send_signal(signal.SIGTERM)
    assert daemon.process.wait(30) == 0
