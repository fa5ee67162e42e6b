"""Input that nobody meant: a clear error or a counted drop, never a crash, never unbounded memory."""

import random
import re
import socket
import threading

import pytest

import process_tree
from harness import EVENT_S, ROOT, connect_when_open, free_port
from test_examples import EXAMPLES, EXAMPLES_TESTED

MIB = 1 << 20
LONG_LINE_BYTES = 100 * MIB
RESIDENT_BYTES_MAX = 64 * MIB
SOURCES = {"PYTHONPATH": str(ROOT / "tests/sources")}
STEADY = """
log {
    source { python(class("steady.Steady") options("rate" "1000" "posted" "@DIR@/posted") flags(no-parse)); };
    destination { file("@DIR@/steady.log" template("$MSG\\n")); };
    flags(flow-control);
};"""


def start_fails_plainly(daemon):
    """It ends by itself with a configuration error, not by a signal, and says where the mistake is."""
    code = daemon.run_to_end()
    assert code in (1, 2), f"exit code {code}\n{daemon.report()}"
    assert "daemon.conf" in daemon.log(), daemon.report()
    assert "panicked" not in daemon.log(), daemon.report()


@pytest.mark.parametrize("seed", range(10))
def test_random_bytes_as_configuration(make_daemon, seed):
    data = random.Random(seed).randbytes(random.Random(seed).choice([1, 100, 10_000, MIB]))
    start_fails_plainly(make_daemon(data))


@pytest.mark.parametrize("seed", range(10))
def test_random_words_of_the_language_as_configuration(make_daemon, only_hognose, seed):
    chance = random.Random(seed)
    words = [
        "log",
        "source",
        "{",
        "}",
        "(",
        ")",
        ";",
        '"',
        "'",
        "`",
        "@",
        "python",
        "\n",
        "block",
        "if",
        "#",
        "0x",
    ]
    start_fails_plainly(make_daemon("log {" + " ".join(chance.choices(words, k=2000))))


@pytest.mark.parametrize("name", EXAMPLES_TESTED)
def test_examples_with_a_flipped_byte_never_crash(make_daemon, only_hognose, name):
    """Checked for syntax only: most still mean something."""
    chance = random.Random(name)
    text = (EXAMPLES / name).read_bytes()
    for _ in range(10):
        at = chance.randrange(len(text))
        mutated = text[:at] + bytes([chance.randrange(256)]) + text[at + 1 :]
        daemon = make_daemon(mutated, args=["--syntax-only"])
        assert daemon.run_to_end() in (0, 1), daemon.report()
        assert "panicked" not in daemon.log(), daemon.report()


def test_a_configuration_of_one_line_of_100_mb(make_daemon):
    start_fails_plainly(make_daemon(b"@version: 4.2\nlog { " + b"x" * LONG_LINE_BYTES))


def test_deep_nesting_in_a_configuration(make_daemon, only_hognose):
    start_fails_plainly(make_daemon("@version: 4.2\n" + "log { junction { channel {" * 100_000))


def receiver(port, transport="tcp"):
    return f"""@version: 4.2
log {{
    source {{ network(ip("127.0.0.1") port({port}) transport({transport}) flags(no-parse)); }};
    destination {{ file("@DIR@/out" template("$MSG\\n")); }};
    flags(flow-control);
}};"""


def test_a_line_of_100_mb_on_a_connection(make_daemon):
    port = free_port()
    daemon = make_daemon(receiver(port)).start()
    with connect_when_open(port, daemon) as client:
        # More slowly than memory: the peak would be missed otherwise.
        for _ in range(LONG_LINE_BYTES // MIB):
            client.sendall(b"x" * MIB)
            assert process_tree.resident_bytes(daemon.process.pid) < RESIDENT_BYTES_MAX
        client.sendall(b"\nafter\n")
        daemon.wait(lambda: (daemon.directory / "out").read_bytes().endswith(b"after\n"), "the line after")
    daemon.stop()


def test_nul_and_invalid_utf8_on_a_connection(make_daemon):
    port = free_port()
    daemon = make_daemon(receiver(port)).start()
    with connect_when_open(port, daemon) as client:
        client.sendall(b"nul \0 inside\n\xff\xfe not utf-8\nplain\n")
        daemon.wait(lambda: (daemon.directory / "out").exists(), "output")
        daemon.wait(lambda: b"plain\n" in (daemon.directory / "out").read_bytes(), "the plain line")
    assert b"\xff\xfe not utf-8\n" in (daemon.directory / "out").read_bytes()
    daemon.stop()


def test_random_bytes_on_a_connection(make_daemon):
    port = free_port()
    daemon = make_daemon(receiver(port)).start()
    with connect_when_open(port, daemon) as client:
        client.sendall(random.Random(1).randbytes(4 * MIB) + b"\nafter\n")
        daemon.wait(lambda: (daemon.directory / "out").exists(), "output")
        daemon.wait(lambda: (daemon.directory / "out").read_bytes().endswith(b"after\n"), "the line after")
    daemon.stop()


def test_many_connections_that_say_nothing(make_daemon):
    port = free_port()
    daemon = make_daemon(receiver(port)).start()
    connect_when_open(port, daemon).close()
    silent = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(200)]
    assert process_tree.resident_bytes(daemon.process.pid) < RESIDENT_BYTES_MAX
    for connection in silent:
        connection.close()
    daemon.stop()


def test_odd_messages_of_a_source(make_daemon, only_hognose):
    """100 MB, NUL, invalid UTF-8, 10,000 pairs: whatever becomes of each, the next one arrives."""
    daemon = make_daemon("""@version: 4.2
log {
    source { python(class("Odd") flags(no-parse)); };
    destination { file("@DIR@/out" template("$MSG\\n")); };
    flags(flow-control);
};
python {
from threading import Event
from syslogng import LogMessage, LogSource

def huge():
    return LogMessage("x" * (100 << 20))

def many_pairs():
    message = LogMessage("many pairs")
    for n in range(10000):
        message["pair.%d" % n] = "x" * 100
    return message

class Odd(LogSource):
    def init(self, options):
        self.exiting = Event()
        return True

    def run(self):
        makers = [huge, lambda: LogMessage("nul \\0 inside"), lambda: LogMessage(b"\\xff\\xfe"), many_pairs]
        for make in makers:
            try:
                self.post_message(make())
            except Exception as error:
                print("refused:", repr(error)[:200], flush=True)
            self.post_message(LogMessage("next"))
        self.exiting.wait()

    def request_exit(self):
        self.exiting.set()
};
""").start()
    out = daemon.directory / "out"
    daemon.wait(
        lambda: out.exists() and out.read_bytes().count(b"next\n") == 4, "the message after each odd one"
    )
    assert b"nul \0 inside\n" in out.read_bytes()
    assert b"\xff\xfe\n" in out.read_bytes()
    daemon.stop()


@pytest.mark.parametrize("attack", ["Socket", "Ring", "RingHeader", "Truncate"])
@pytest.mark.parametrize("seed", range(3))
def test_a_worker_is_not_trusted(make_daemon, only_hognose, attack, seed):
    """Whatever it writes where, the daemon lives, its neighbour loses nothing, and memory stays small."""
    attacker = f"""
log {{
    source {{ python(class("saboteur.{attack}") options("seed" "{seed}") flags(no-parse)); }};
    destination {{ file("@DIR@/attacker.log" template("$MSG\\n")); }};
}};"""
    daemon = make_daemon("@version: 4.2\n" + STEADY + attacker, env=SOURCES).start()
    attacked = daemon.directory / "attacker.log"
    daemon.wait_lines(attacked, 1)
    if attack == "Truncate":
        # The mapping is sealed, so nothing happens at all.
        daemon.wait(lambda: b"after 999\n" in attacked.read_bytes(), "the attacker's own messages")
    elif attack != "RingHeader":
        # A header may be scribbled on in ways that mean something, so that nobody can tell.
        daemon.wait_log(rf"Python worker broke the protocol.*saboteur\.{attack}.*error=")
    daemon.wait_lines(daemon.directory / "steady.log", 2000)
    assert process_tree.resident_bytes(daemon.process.pid) < 2 * RESIDENT_BYTES_MAX
    daemon.stop()
    posted = int((daemon.directory / "posted").read_text())
    numbers = [int(line) for line in (daemon.directory / "steady.log").read_bytes().split()]
    assert numbers == list(range(posted))
    assert daemon.log().count("broke the protocol") <= daemon.log().count("worker died") + 1, daemon.report()
    assert not re.search(r"dropped='\d{9}", daemon.log()), f"believes the worker's count\n{daemon.report()}"
    assert "panicked" not in daemon.log(), daemon.report()


def test_garbage_on_the_control_socket(make_daemon):
    daemon = make_daemon("@version: 4.2\n" + STEADY, env=SOURCES).start()
    daemon.wait(daemon.control.exists, "control socket")
    chance = random.Random(7)
    for size in (0, 1, 100, 100_000, 4 * MIB):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(EVENT_S)
            connection.connect(str(daemon.control))
            sender = threading.Thread(target=send_quietly, args=(connection, chance.randbytes(size)))
            sender.start()
            sender.join(EVENT_S)
    assert daemon.ask("STATS").startswith("SourceName;")
    assert process_tree.resident_bytes(daemon.process.pid) < RESIDENT_BYTES_MAX
    daemon.stop()


def send_quietly(connection, data):
    try:
        connection.sendall(data)
    except OSError:
        pass
